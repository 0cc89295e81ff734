#!/usr/bin/env bash
# One training step of a network, ours and in the frameworks of Rust and of Python: prints one table, and writes the rows
# peers/NET-rust and peers/NET-python (the best peer, ours, ratio) to ratios.tsv in CARGO_TARGET_DIR, or in target/ at the root.
#
#     benches/peers/run.sh [--quick]
#
# or the kernels, in its place: matrix products and elementwise functions, and the rows kernel/matmul-f32 and -f64.
#
#     benches/peers/run.sh kernels [--quick | --only M×K×N …]
#
# or whole jobs, by the bench `jobs` (benches/jobs.rs), in turns with scikit-learn and NumPy: the rows job/… and fit/….
#
#     benches/peers/run.sh jobs
#
# The libraries of requirements.txt are installed, the first time, in an environment of their own in the target folder; with
# PYTHON=/some/python that one is taken as it is, and with PYTHON= (nothing) Python is left out.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
[[ $target == /* ]] || target=$root/$target

what=networks
if [[ ${1-} == kernels ]]; then
    what=kernels PYTHON=
    shift
fi

if [[ -z ${PYTHON+set} ]]; then
    venv=$target/peers-python
    if [[ ! -e $venv/complete ]]; then
        python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt" &&
            touch "$venv/complete" || echo 'run.sh: not all of requirements.txt could be installed; the rest is measured' >&2
    fi
    PYTHON=
    [[ ! -x $venv/bin/python ]] || PYTHON=$venv/bin/python
fi

if [[ ${1-} == jobs ]]; then
    shift
    cd "$root"
    CARGO_TARGET_DIR=$target PYTHON=$PYTHON exec cargo bench --quiet -p mlp --bench jobs -- "$@"
fi

export CARGO_TARGET_DIR=$target/peers RUSTFLAGS='-C target-cpu=native'
# One of the other peers asks for a later Rust than it needs.
cargo build --quiet --release --locked --ignore-rust-version --manifest-path "$here/Cargo.toml" \
    --features "$what" --bin "$what"
# One thread for all.
export RAYON_NUM_THREADS=1 TAPE_BENCH_ROWS=$target/ratios.tsv
mkdir -p "$target"
exec "$CARGO_TARGET_DIR/release/$what" ${PYTHON:+--python "$PYTHON"} "$@"
