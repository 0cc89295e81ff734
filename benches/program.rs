//! Programs: value and gradient of one function on many inputs, recorded once and replayed over lanes.
//!
//! The measure is the plain function on the same inputs. Each gradient is first held against the tape's. Beside the rows
//! stand a replay of a single input and what it replaces, a fresh recording.

#[expect(dead_code, reason = "some functions have no row here")]
mod functions;
#[expect(dead_code, reason = "some functions have no row here")]
mod inputs;
mod ratios;

use ratios::{Race, race, time};
use std::time::{Duration, Instant};
use tape::{Program, Real, Traced, Var, Workspace, value_and_grad};

/// What was measured of one function; times are nanoseconds an input.
struct Measured {
    name: &'static str,
    /// Plain function, replay of the batch.
    batch: Race,
    /// Fresh recording, replay of one input.
    single: Race,
    /// Replay of the batch on two threads.
    threads: f64,
    /// From the trace to the first gradient.
    first: f64,
    lines: usize,
}

struct Bench {
    /// Whether the rows are written by a build for the processor at hand, started by this one.
    delegated: bool,
    measured: Vec<Measured>,
}

impl Bench {
    /// The races of a function at `rows` inputs about `x`, each number moved by up to `spread` of itself.
    fn replay(
        &mut self,
        name: &'static str,
        x: &[f64],
        (rows, spread): (usize, f64),
        plain: impl Fn(&[f64]) -> f64,
        taped: impl Fn(&[Var]) -> Var,
        traced: impl Fn(&[Traced]) -> Traced,
    ) {
        let n = x.len();
        let moved = |k: usize| x[k % n] * (1.0 + spread * (k as f64 * 0.61).sin());
        let batch: Vec<f64> = (0..rows * n).map(moved).collect();

        let start = Instant::now();
        let program = Program::trace(traced, x);
        let gradient = program.with_gradient().expect("the function has one output");
        gradient.eval(x).expect("it is replayed where it was traced");
        let first = start.elapsed().as_nanos() as f64;

        let (mut y, mut workspace) = (vec![0.0; rows * (1 + n)], Workspace::new());
        gradient.eval_into(&batch, &mut y, &mut workspace).expect("no comparison comes out differently");
        for (x, y) in batch.chunks_exact(n).zip(y.chunks_exact(1 + n)) {
            must_agree(name, &value_and_grad(&taped, x), y);
        }
        let total = Duration::from_millis(if ratios::is_test() { 1 } else { 1500 });
        let sum = || batch.chunks_exact(n).map(&plain).sum::<f64>();
        let per_input = |race: Race| Race {
            rival: race.rival / rows as f64,
            ours: race.ours / rows as f64,
            ratio: race.ratio,
        };
        let mut two = Workspace::with_threads(2);
        let (mut z, mut w) = (y.clone(), y[..=n].to_vec());
        let mut replay = || gradient.eval_into(&batch, &mut y, &mut workspace).expect("as before");
        let batched = per_input(race(total, sum, &mut replay));
        let threads = race(total / 3, &mut replay, || {
            gradient.eval_into(&batch, &mut z, &mut two).expect("as before");
        });
        let threads = per_input(threads);
        let mut alone = Workspace::new();
        let single = race(
            total / 3,
            || value_and_grad(&taped, x),
            || {
                gradient.eval_into(x, &mut w, &mut alone).expect("as before");
            },
        );
        if !self.delegated {
            ratios::write_row(name, batched);
        }
        let lines = gradient.len();
        self.measured.push(Measured { name, batch: batched, single, threads: threads.ours, first, lines });
    }
}

/// The replayed value and gradient must be the tape's, up to rounding.
fn must_agree(name: &str, (value, gradient): &(f64, Vec<f64>), ours: &[f64]) {
    let size: f64 = gradient.iter().map(|g| g.abs()).sum();
    assert!((value - ours[0]).abs() <= 1e-11 * value.abs().max(1.0), "{name}: value {value} and {}", ours[0]);
    for (want, ours) in gradient.iter().zip(&ours[1..]) {
        assert!((want - ours).abs() <= 1e-11 * size, "{name}: derivatives {want} and {ours}");
    }
}

fn main() {
    if ratios::is_for_criterion() && !ratios::is_test() {
        return;
    }
    let delegated = !ratios::is_test() && ratios::delegate("tape", "program", &[]);
    let mut bench = Bench { delegated, measured: Vec::new() };

    bench.replay(
        "program/black-scholes",
        &inputs::option(),
        (1024, 0.1),
        functions::black_scholes,
        functions::black_scholes,
        functions::black_scholes,
    );
    let (x, normals) = inputs::path();
    bench.replay(
        "program/path-50",
        &x,
        (1024, 0.01),
        |x| functions::path(x, &normals),
        |x| functions::path(x, &normals),
        |x| functions::path(x, &normals),
    );
    let (parameters, x, y) = inputs::net();
    bench.replay(
        "program/net-4-10-3",
        &parameters,
        (256, 0.1),
        |p| functions::net(p, &x, &y),
        |p| functions::net(p, &x, &y),
        |p| functions::net(p, &x, &y),
    );
    // Log-sum-exp takes its largest term by comparisons: the inputs lie so close together that they all agree.
    let (data, x) = inputs::mixture(1000, 10, 25);
    bench.replay(
        "program/gmm-1000-10-25",
        &x,
        (16, 1e-9),
        |x| functions::mixture(x, &data),
        |x| functions::mixture(x, &data),
        |x| functions::mixture(x, &data),
    );
    print_table(&bench.measured);
}

fn print_table(measured: &[Measured]) {
    let build = if ratios::is_native() { "native" } else { "portable" };
    println!("\nvalue and gradient by replay, {build} build; time an input, medians of alternating pairs");
    println!(
        "{:<24}{:>10}{:>12}{:>12}{:>8}{:>12}{:>14}{:>12}{:>8}{:>14}",
        "function",
        "lines",
        "plain",
        "replay",
        "ratio",
        "2 threads",
        "one, recorded",
        "one, replay",
        "ratio",
        "first call"
    );
    for Measured { name, batch, single, threads, first, lines } in measured {
        println!(
            "{name:<24}{lines:>10}{:>12}{:>12}{:>8.3}{:>12}{:>14}{:>12}{:>8.3}{:>14}",
            time(batch.rival),
            time(batch.ours),
            batch.ratio,
            time(*threads),
            time(single.rival),
            time(single.ours),
            single.ratio,
            time(*first)
        );
    }
    println!();
}
