//! What the benches share: a race of two sides in alternating pairs, and the table `ratios.tsv` of its results.
//!
//! Rows are taken by a build for the processor at hand (`-C target-cpu=native`). A plain `cargo bench` builds for
//! any processor, so it starts itself once more with that flag, in a target folder of its own; that run writes
//! the rows, and the plain one prints its figures beside them.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The medians of a race, in nanoseconds a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Race {
    /// The side that is the measure.
    pub(crate) rival: f64,
    /// Our side.
    pub(crate) ours: f64,
    /// The median of the ratios of the pairs, ours over the rival's.
    pub(crate) ratio: f64,
}

/// Runs both sides in turn, in pairs of batches of at least a millisecond, for about `total`, and at least
/// fifteen pairs. Which side goes first alternates.
pub(crate) fn race<A, B>(total: Duration, mut rival: impl FnMut() -> A, mut ours: impl FnMut() -> B) -> Race {
    fn batch<R>(calls: u32, side: &mut impl FnMut() -> R) -> f64 {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(side());
        }
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    }
    let once = batch(1, &mut rival).min(batch(1, &mut rival));
    let calls = (1e6 / once).clamp(1.0, 1e6) as u32;
    batch(calls, &mut ours);

    let (mut rivals, mut our_times, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    while ratios.len() < 15 || start.elapsed() < total {
        let (r, o) = if ratios.len() % 2 == 0 {
            let r = batch(calls, &mut rival);
            (r, batch(calls, &mut ours))
        } else {
            let o = batch(calls, &mut ours);
            (batch(calls, &mut rival), o)
        };
        rivals.push(r);
        our_times.push(o);
        ratios.push(o / r);
    }
    Race { rival: median(rivals), ours: median(our_times), ratio: median(ratios) }
}

/// The middle of some measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Whether this build may use all instructions of the processor at hand.
pub(crate) fn is_native() -> bool {
    !cfg!(target_arch = "x86_64") || cfg!(target_feature = "fma")
}

/// Whether this run only has to show that everything works (`cargo test --benches`, `cargo bench -- --test`).
pub(crate) fn is_test() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// Whether somebody asked for something of criterion's, such as a filter: then only criterion runs.
pub(crate) fn is_for_criterion() -> bool {
    std::env::args().skip(1).any(|argument| argument != "--bench")
}

/// Starts this bench once more, built for the processor at hand, to take the rows. False where this is that
/// run, which then has to take them itself, or where no cargo is at hand.
pub(crate) fn delegate(package: &str, bench: &str, features: &[&str]) -> bool {
    const MARK: &str = "TAPE_BENCH_ROWS";
    if std::env::var_os(MARK).is_some() {
        return false;
    }
    let Some(cargo) = std::env::var_os("CARGO") else {
        println!("(no cargo at hand: the rows are taken by this build)");
        return false;
    };
    let mut command = Command::new(cargo);
    command.args(["bench", "--quiet", "--package", package, "--bench", bench]);
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    command.env(MARK, table_path()).env("CARGO_TARGET_DIR", target_dir().join("native"));
    command.env("RUSTFLAGS", "-C target-cpu=native").env_remove("CARGO_ENCODED_RUSTFLAGS");
    match command.status() {
        Ok(status) if status.success() => true,
        other => {
            println!("(the native build did not run, {other:?}: the rows are taken by this build)");
            false
        }
    }
}

/// The target folder: CARGO_TARGET_DIR, or `target` at the root of the workspace.
fn target_dir() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// Where the table is, beside which a bench puts its other files.
pub(crate) fn table_path() -> PathBuf {
    std::env::var_os("TAPE_BENCH_ROWS").map_or_else(|| target_dir().join("ratios.tsv"), PathBuf::from)
}

/// Writes a row of `ratios.tsv`, in place of the one with this name.
pub(crate) fn write_row(name: &str, race: Race) {
    let path = table_path();
    let header = "name\thand-written ns\ttape ns\tratio";
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let row = format!("{name}\t{:.1}\t{:.1}\t{:.3}", race.rival, race.ours, race.ratio);
    let others = old.lines().filter(|line| *line != header && line.split('\t').next() != Some(name));
    let mut rows: Vec<_> = others.map(str::to_owned).chain([row]).collect();
    rows.sort();
    let text = format!("{header}\n{}\n", rows.join("\n"));
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// A duration in the unit that reads best.
pub(crate) fn time(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.1} ns"),
        ..1e6 => format!("{:.2} µs", ns / 1e3),
        ..1e9 => format!("{:.2} ms", ns / 1e6),
        _ => format!("{:.2} s", ns / 1e9),
    }
}
