//! The scalar tape: record and sweep in nanoseconds a line, and gradients as multiples of the plain function.
//!
//! One generic source for both sides, with only what `f64` has; each gradient is a fresh recording.

mod ratios;

use criterion::{BenchmarkId, Criterion};
use ratios::{Race, race, time};
use std::hint::black_box;
use std::time::{Duration, Instant};
use tape::{Real, Tape, Var, grad};

/// Σ 100 (xᵢ₊₁ - xᵢ²)² + (1 - xᵢ)² (Rosenbrock 1960).
fn rosenbrock<R: Real>(x: &[R]) -> R {
    let (one, hundred) = (R::from_f64(1.0), R::from_f64(100.0));
    let mut total = R::from_f64(0.0);
    for pair in x.windows(2) {
        let bend = pair[1] - pair[0] * pair[0];
        let far = one - pair[0];
        total += hundred * bend * bend + far * far;
    }
    total
}

/// J of a 4-10-3 sigmoid net over 150 rows, number by number.
fn net<R: Real>(parameters: &[R], x: &[f64], y: &[f64]) -> R {
    let one = R::from_f64(1.0);
    let sigmoid = |z: R| one / (one + (-z).exp());
    let (hidden, output) = parameters.split_at(50);
    let mut total = R::from_f64(0.0);
    for (x, y) in x.chunks_exact(4).zip(y.chunks_exact(3)) {
        let mut a = [R::from_f64(0.0); 10];
        for (unit, a) in a.iter_mut().enumerate() {
            let mut z = hidden[40 + unit];
            for (k, &x) in x.iter().enumerate() {
                z += hidden[unit * 4 + k] * R::from_f64(x);
            }
            *a = sigmoid(z);
        }
        for (unit, &y) in y.iter().enumerate() {
            let mut z = output[30 + unit];
            for (k, &a) in a.iter().enumerate() {
                z += output[unit * 10 + k] * a;
            }
            let h = sigmoid(z);
            total -= R::from_f64(y) * h.ln() + R::from_f64(1.0 - y) * (one - h).ln();
        }
    }
    total / R::from_f64(150.0)
}

/// A function as both sides see it, and how many operations it has.
struct Case<'a> {
    name: &'static str,
    x: Vec<f64>,
    operations: usize,
    plain: &'a dyn Fn(&[f64]) -> f64,
    taped: &'a dyn Fn(&[Var]) -> Var,
}

/// What recording and sweeping cost by themselves.
struct Cost {
    lines: usize,
    record: f64,
    sweep: f64,
}

impl Case<'_> {
    /// The gradient must be the one that differences show, along one direction.
    fn must_be_right(&self) {
        let along = |h: f64| {
            let moved: Vec<_> = self.x.iter().enumerate().map(|(k, x)| x + h * (k as f64).cos()).collect();
            (self.plain)(&moved)
        };
        let differences = (along(1e-6) - along(-1e-6)) / 2e-6;
        let gradient = grad(self.taped, &self.x);
        let derivative: f64 = gradient.iter().enumerate().map(|(k, g)| g * (k as f64).cos()).sum();
        let size: f64 = gradient.iter().map(|g| g.abs()).sum();
        let name = self.name;
        assert!((derivative - differences).abs() <= 1e-6 * size, "{name}: {derivative} and {differences}");
    }

    /// Records and sweeps apart, medians of many runs.
    fn cost(&self) -> Cost {
        let (mut records, mut sweeps, mut lines) = (Vec::new(), Vec::new(), 0);
        for _ in 0..(20_000_000 / self.operations).clamp(15, 2000) {
            let tape = Tape::begin();
            let inputs = tape.vars(&self.x);
            let start = Instant::now();
            let y = black_box((self.taped)(black_box(&inputs)));
            let recorded = start.elapsed();
            lines = tape.lines() - self.x.len();
            let start = Instant::now();
            let bar = tape.sweep(&y).expect("y is recorded");
            let swept = start.elapsed();
            black_box(&bar);
            records.push(recorded.as_nanos() as f64);
            sweeps.push(swept.as_nanos() as f64);
        }
        Cost { lines, record: ratios::median(records), sweep: ratios::median(sweeps) }
    }
}

fn main() {
    let delegated =
        !ratios::is_test() && !ratios::is_for_criterion() && ratios::delegate("tape", "scalar", &[]);
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();

    let wave = |n: usize| (0..n).map(|k| 0.5 + (k as f64 * 0.37).sin()).collect::<Vec<_>>();
    let x: Vec<f64> = (0..600).map(|k| (k as f64).cos()).collect();
    let y: Vec<f64> = (0..450).map(|k| f64::from(u8::from(k % 3 == (k / 3) % 3))).collect();
    let cases = [
        Case {
            name: "scalar/rosenbrock-1000",
            x: wave(1000),
            operations: 7992,
            plain: &rosenbrock,
            taped: &rosenbrock,
        },
        Case {
            name: "scalar/net-4-10-3",
            x: (0..83).map(|k| (k as f64 * 0.7).sin() * 0.5).collect(),
            operations: 32_000,
            plain: &|p| net(p, &x, &y),
            taped: &|p| net(p, &x, &y),
        },
    ];

    let mut table = Vec::new();
    for case in &cases {
        case.must_be_right();
        let mut group = criterion.benchmark_group(case.name);
        group.bench_function(BenchmarkId::from_parameter("plain"), |b| {
            b.iter(|| (case.plain)(black_box(&case.x)))
        });
        group.bench_function(BenchmarkId::from_parameter("gradient"), |b| {
            b.iter(|| grad(case.taped, black_box(&case.x)));
        });
        group.finish();
        if ratios::is_for_criterion() {
            continue;
        }
        let plain = || (case.plain)(black_box(&case.x));
        let result = race(Duration::from_secs(2), plain, || grad(case.taped, black_box(&case.x)));
        let cost = case.cost();
        if !delegated {
            ratios::write_row(case.name, result);
        }
        table.push((case, result, cost));
    }
    if table.is_empty() {
        return;
    }

    let build = if ratios::is_native() { "native" } else { "portable" };
    println!("\ngradient over plain function, {build} build; medians of alternating pairs");
    println!(
        "{:<26}{:>12}{:>12}{:>8}{:>9}{:>14}{:>13}{:>10}{:>10}",
        "function",
        "plain",
        "gradient",
        "ratio",
        "lines",
        "record ns/line",
        "sweep ns/line",
        "lines/op",
        "bytes/op"
    );
    for (case, result, cost) in &table {
        let Race { rival, ours, ratio } = result;
        let lines = cost.lines as f64;
        let per_operation = lines / case.operations as f64;
        println!(
            "{:<26}{:>12}{:>12}{ratio:>8.2}{:>9}{:>14.2}{:>13.2}{per_operation:>10.2}{:>10.1}",
            case.name,
            time(*rival),
            time(*ours),
            cost.lines,
            cost.record / lines,
            cost.sweep / lines,
            per_operation * tape::BYTES_PER_LINE as f64,
        );
    }
    println!();
}
