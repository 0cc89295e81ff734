//! The scalar tape: gradients as multiples of the plain function, and what recording and sweeping cost a line.
//!
//! One generic source for both sides, with only what `f64` has; each derivative is a fresh recording.

#![expect(
    clippy::duplicate_mod,
    reason = "the functions run on the tape's numbers and on numbers that count"
)]

mod count;
mod fewer_lines;
mod functions;
mod inputs;
mod ratios;

use criterion::{BenchmarkId, Criterion};
use fewer_lines::Distance;
use ratios::{Race, race, time};
use std::hint::black_box;
use std::time::Duration;
use tape::{Real, Tape, Var, jacobian, nary, preaccumulate, value_and_grad_into};

/// What was measured of one function.
struct Measured {
    name: &'static str,
    operations: usize,
    race: Race,
    lines: usize,
    /// Where all lines have two inputs.
    cost: Option<Cost>,
}

/// What recording and sweeping cost by themselves, in nanoseconds a call.
struct Cost {
    record: f64,
    sweep: f64,
}

struct Bench {
    criterion: Criterion,
    /// Whether the rows are written by a build for the processor at hand, started by this one.
    delegated: bool,
    measured: Vec<Measured>,
    /// Whether recording and sweeping are measured by themselves too.
    costs: bool,
}

impl Bench {
    /// The race of a function with its gradient.
    fn gradient(
        &mut self,
        name: &'static str,
        x: &[f64],
        operations: usize,
        plain: impl Fn(&[f64]) -> f64,
        taped: impl Fn(&[Var]) -> Var,
    ) {
        let gradient = |x: &[f64], into: &mut [f64]| {
            value_and_grad_into(&taped, x, into).expect("there is a place for each input");
        };
        self.derivative(name, x, operations, |x| [plain(x)], |x| [taped(x)], gradient);
    }

    /// The race of a function of `M` outputs with its Jacobian, (M, inputs), written to memory that is kept.
    fn derivative<const M: usize>(
        &mut self,
        name: &'static str,
        x: &[f64],
        operations: usize,
        plain: impl Fn(&[f64]) -> [f64; M],
        taped: impl Fn(&[Var]) -> [Var; M],
        derivative: impl Fn(&[f64], &mut [f64]),
    ) {
        let mut into = vec![0.0; M * x.len()];
        derivative(x, &mut into);
        must_be_right(name, x, &plain, &into);
        let plain = || plain(black_box(x));
        let mut derivative = || {
            derivative(black_box(x), &mut into);
            black_box(&into)[0]
        };
        let mut group = self.criterion.benchmark_group(name);
        group.bench_function(BenchmarkId::from_parameter("plain"), |b| b.iter(plain));
        group.bench_function(BenchmarkId::from_parameter("derivative"), |b| b.iter(&mut derivative));
        group.finish();
        if ratios::is_for_criterion() {
            return;
        }
        let race = race(Duration::from_secs(1), plain, derivative);
        if !self.delegated {
            ratios::write_row(name, race);
        }
        let tape = Tape::begin();
        black_box(taped(&tape.vars(x)));
        let lines = tape.lines() - x.len();
        drop(tape);
        let cost = self.costs.then(|| cost(x, taped));
        self.measured.push(Measured { name, operations, race, lines, cost });
    }
}

/// The derivative must be the one that differences show, along one direction.
fn must_be_right<const M: usize>(
    name: &str,
    x: &[f64],
    plain: impl Fn(&[f64]) -> [f64; M],
    derivative: &[f64],
) {
    let along = |h: f64| {
        let moved: Vec<_> = x.iter().enumerate().map(|(k, x)| x + h * (k as f64).cos()).collect();
        plain(&moved)
    };
    let (ahead, behind) = (along(1e-6), along(-1e-6));
    assert_eq!(derivative.len(), M * x.len(), "{name}: entries of the derivative");
    for (output, row) in derivative.chunks_exact(x.len()).enumerate() {
        let differences = (ahead[output] - behind[output]) / 2e-6;
        let ours: f64 = row.iter().enumerate().map(|(k, g)| g * (k as f64).cos()).sum();
        let size: f64 = row.iter().map(|g| g.abs()).sum();
        assert!((ours - differences).abs() <= 1e-6 * size, "{name}: {ours} and {differences}");
    }
}

/// Recording and sweeping apart: what a run takes longer that does one thing more.
fn cost<const M: usize>(x: &[f64], taped: impl Fn(&[Var]) -> [Var; M]) -> Cost {
    let begin = || {
        let tape = Tape::begin();
        let inputs = tape.vars(black_box(x));
        (tape, inputs)
    };
    let record = || {
        let (tape, inputs) = begin();
        let outputs = taped(&inputs);
        (tape, outputs)
    };
    let sweep = || {
        let (tape, outputs) = record();
        let bar = tape.sweep(&outputs[0]).expect("the output is recorded");
        (tape, bar)
    };
    let total = Duration::from_millis(300);
    let (recorded, swept) = (race(total, record, begin), race(total, sweep, record));
    Cost { record: recorded.rival - recorded.ours, sweep: swept.rival - swept.ours }
}

fn main() {
    let delegated =
        !ratios::is_test() && !ratios::is_for_criterion() && ratios::delegate("tape", "scalar", &[]);
    let criterion = Criterion::default()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();
    let mut bench = Bench { criterion, delegated, measured: Vec::new(), costs: true };
    plain_code(&mut bench);
    bench.costs = false;
    with_fewer_lines(&mut bench);
    if !bench.measured.is_empty() {
        print_table(&bench.measured);
        if !delegated {
            write_costs(&bench.measured);
        }
    }
}

/// The rows of NUMBERS.md.
fn plain_code(bench: &mut Bench) {
    use count::functions as counting;

    for (name, n) in [("scalar/rosenbrock-1000", 1000), ("scalar/rosenbrock-1e5", 100_000)] {
        let x = inputs::wave(n);
        let operations = count::operations(counting::rosenbrock, &x);
        bench.gradient(name, &x, operations, functions::rosenbrock, functions::rosenbrock);
    }

    let x = inputs::factors(1000);
    let operations = count::operations(counting::speelpenning, &x);
    bench.gradient(
        "scalar/speelpenning-1000",
        &x,
        operations,
        functions::speelpenning,
        functions::speelpenning,
    );

    let x = inputs::wave(10_000);
    let operations = count::operations(counting::log_sum_exp, &x);
    bench.gradient("scalar/lse-1e4", &x, operations, functions::log_sum_exp, functions::log_sum_exp);

    let x = inputs::wave(128);
    let operations = count::operations(|x| counting::least_squares(x, 1024), &x);
    bench.gradient(
        "scalar/llsq-1024x128",
        &x,
        operations,
        |x| functions::least_squares(x, 1024),
        |x| functions::least_squares(x, 1024),
    );

    let (data, x) = inputs::mixture(1000, 10, 25);
    let operations = count::operations(|x| counting::mixture(x, &data), &x);
    bench.gradient(
        "scalar/gmm-1000-10-25",
        &x,
        operations,
        |x| functions::mixture(x, &data),
        |x| functions::mixture(x, &data),
    );

    let (x, seen) = inputs::reprojection();
    let operations = count::operations(|x| counting::reprojection(x, seen), &x);
    bench.derivative(
        "scalar/ba-residual",
        &x,
        operations,
        |x| functions::reprojection(x, seen),
        |x| functions::reprojection(x, seen),
        |x, into| into.copy_from_slice(jacobian(|x| functions::reprojection(x, seen).to_vec(), x).as_slice()),
    );

    let (p, x, y) = inputs::net();
    let operations = count::operations(|p| counting::net(p, &x, &y), &p);
    bench.gradient(
        "scalar/net-4-10-3",
        &p,
        operations,
        |p| functions::net(p, &x, &y),
        |p| functions::net(p, &x, &y),
    );

    let x = inputs::option();
    let operations = count::operations(counting::black_scholes, &x);
    bench.gradient(
        "scalar/black-scholes",
        &x,
        operations,
        functions::black_scholes,
        functions::black_scholes,
    );

    let (x, normals) = inputs::path();
    let operations = count::operations(|x| counting::path(x, &normals), &x);
    bench.gradient(
        "scalar/path-50",
        &x,
        operations,
        |x| functions::path(x, &normals),
        |x| functions::path(x, &normals),
    );
}

/// The same functions where the tape's side makes calls that leave fewer lines.
fn with_fewer_lines(bench: &mut Bench) {
    use count::functions as counting;

    let x = inputs::wave(10_000);
    let operations = count::operations(counting::log_sum_exp, &x);
    bench.gradient("scalar/lse-1e4-nary", &x, operations, functions::log_sum_exp, nary::log_sum_exp);

    let x = inputs::wave(128);
    let operations = count::operations(|x| counting::least_squares(x, 1024), &x);
    bench.gradient(
        "scalar/llsq-1024x128-nary",
        &x,
        operations,
        |x| functions::least_squares(x, 1024),
        |x| fewer_lines::least_squares(x, 1024),
    );

    let (data, x) = inputs::mixture(1000, 10, 25);
    let operations = count::operations(|x| counting::mixture(x, &data), &x);
    for (name, distance) in [
        ("scalar/gmm-1000-10-25-nary", Distance::Rows),
        ("scalar/gmm-1000-10-25-preaccumulated", Distance::Whole),
    ] {
        bench.gradient(
            name,
            &x,
            operations,
            |x| functions::mixture(x, &data),
            |x| fewer_lines::mixture(x, &data, distance),
        );
    }

    let (x, normals) = inputs::path();
    let operations = count::operations(|x| counting::path(x, &normals), &x);
    bench.gradient(
        "scalar/path-50-preaccumulated",
        &x,
        operations,
        |x| functions::path(x, &normals),
        |x| preaccumulate(x, |x| functions::path(x, &normals)),
    );
}

fn print_table(measured: &[Measured]) {
    let build = if ratios::is_native() { "native" } else { "portable" };
    println!("\nderivatives over plain functions, {build} build; medians of alternating pairs");
    println!(
        "{:<37}{:>10}{:>11}{:>12}{:>8}{:>9}{:>9}{:>10}{:>16}{:>15}",
        "function",
        "operations",
        "plain",
        "derivative",
        "ratio",
        "lines",
        "lines/op",
        "bytes/op",
        "record ns/line",
        "sweep ns/line"
    );
    for Measured { name, operations, race, lines, cost } in measured {
        let per_operation = *lines as f64 / *operations as f64;
        print!(
            "{name:<37}{operations:>10}{:>11}{:>12}{:>8.2}{lines:>9}{per_operation:>9.2}",
            time(race.rival),
            time(race.ours),
            race.ratio,
        );
        if let Some(cost) = cost {
            let bytes = per_operation * tape::BYTES_PER_LINE as f64;
            print!("{bytes:>10.1}{:>16.2}{:>15.2}", cost.record / *lines as f64, cost.sweep / *lines as f64);
        }
        println!();
    }
    println!();
}

/// Rows for what a line costs: those of the function that is in the middle by it.
fn write_costs(measured: &[Measured]) {
    let row = |name: &str, of: &dyn Fn(&Measured, &Cost) -> (f64, usize)| {
        let costs = measured.iter().filter_map(|m| m.cost.as_ref().map(|cost| of(m, cost)));
        let mut all: Vec<_> = costs
            .map(|(all, count)| Race { rival: count as f64, ours: all, ratio: all / count as f64 })
            .collect();
        all.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
        ratios::write_row(name, all[all.len() / 2]);
    };
    row("scalar/record-ns-per-line", &|m, cost| (cost.record, m.lines));
    row("scalar/sweep-ns-per-line", &|m, cost| (cost.sweep, m.lines));
    row("scalar/lines-per-operation", &|m, _| (m.lines as f64, m.operations));
    row("scalar/bytes-per-line", &|m, _| ((m.lines * tape::BYTES_PER_LINE) as f64, m.lines));
}
