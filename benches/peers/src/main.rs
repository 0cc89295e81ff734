//! The functions of our benches through other crates' numbers: is the derivative right, and what does it cost?

#[path = "../../functions.rs"]
mod functions;
#[path = "../../inputs.rs"]
mod inputs;
mod number;
mod problems;

use number::{LANES, Real, dual};
use problems::Problem;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A derivative (M, inputs) by one of the crates.
type Derivative<'a> = Box<dyn FnMut(&[f64]) -> Vec<f64> + 'a>;

fn by_tape<const M: usize>(problem: &impl Problem<M>, x: &[f64]) -> Vec<f64> {
    match M {
        1 => tape::grad(|x| problem.call(x)[0], x),
        _ => tape::jacobian(|x| problem.call(x).to_vec(), x).to_vec(),
    }
}

/// One tape is kept from run to run, as its documentation advises.
fn by_xad<const M: usize>(tape: &mut xad_rs::Tape<f64>, problem: &impl Problem<M>, x: &[f64]) -> Vec<f64> {
    match M {
        1 => xad_rs::compute_gradient_rev_with(tape, x, |x| problem.call(x)[0]).1,
        _ => {
            let jacobian = xad_rs::compute_jacobian_rev_with(tape, x, |x| problem.call(x).to_vec());
            jacobian.iter().copied().collect()
        }
    }
}

fn by_echidna<const M: usize>(problem: &impl Problem<M>, x: &[f64]) -> Vec<f64> {
    match M {
        1 => echidna::grad(|x| problem.call(x)[0], x),
        _ => {
            let row = |k: usize| {
                let weights: Vec<f64> = (0..M).map(|output| f64::from(u8::from(output == k))).collect();
                echidna::vjp(|x| problem.call(x).to_vec(), x, &weights).1
            };
            (0..M).flat_map(row).collect()
        }
    }
}

/// As many runs as it takes, some tangents in each.
fn by_num_dual<const M: usize>(problem: &impl Problem<M>, x: &[f64]) -> Vec<f64> {
    let mut derivative = vec![0.0; M * x.len()];
    let mut inputs: Vec<_> = x.iter().map(|&x| dual(x, None)).collect();
    for first in (0..x.len()).step_by(LANES) {
        let last = (first + LANES).min(x.len());
        for (lane, k) in (first..last).enumerate() {
            inputs[k] = dual(x[k], Some(lane));
        }
        for (row, output) in problem.call(&inputs).iter().enumerate() {
            if let Some(tangents) = &output.eps.0 {
                let row = &mut derivative[row * x.len()..][first..last];
                row.copy_from_slice(&tangents.as_slice()[..last - first]);
            }
        }
        for k in first..last {
            inputs[k] = dual(x[k], None);
        }
    }
    derivative
}

/// The median of some runs, in nanoseconds: as many as fit into the time, and at least three.
fn time<T>(mut body: impl FnMut() -> T) -> f64 {
    let run = |calls: u32, body: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        for _ in 0..calls {
            black_box(body());
        }
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    let once = run(1, &mut body).min(run(1, &mut body));
    let calls = (1e6 / once).clamp(1.0, 1e5) as u32;
    let start = Instant::now();
    let mut runs = Vec::new();
    while runs.len() < 3 || start.elapsed() < Duration::from_millis(500) {
        runs.push(run(calls, &mut body));
    }
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

/// The largest difference of two derivatives, relative to the largest entry.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().fold(0.0, |most: f64, a| most.max(a.abs()));
    // NaN must not get lost: `max` would drop it.
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs() / largest);
    worst.fold(0.0, |most, d| if d <= most { most } else { d })
}

/// A difference quotient along one direction, and the derivative along it: relative to the sum of its terms.
fn off_from_differences<const M: usize>(problem: &impl Problem<M>, x: &[f64], derivative: &[f64]) -> f64 {
    let along = |h: f64| {
        let moved: Vec<_> = x.iter().enumerate().map(|(k, x)| x + h * (k as f64).cos()).collect();
        problem.call(&moved)
    };
    let (ahead, behind) = (along(1e-6), along(-1e-6));
    let off = derivative.chunks_exact(x.len()).zip(ahead.iter().zip(behind)).map(|(row, (ahead, behind))| {
        let ours: f64 = row.iter().enumerate().map(|(k, g)| g * (k as f64).cos()).sum();
        (ours - (ahead - behind) / 2e-6).abs() / row.iter().map(|g| g.abs()).sum::<f64>()
    });
    off.fold(0.0, f64::max)
}

/// A row of the table.
fn run<const M: usize>(name: &str, x: &[f64], problem: impl Problem<M>) {
    let ours = by_tape(&problem, x);
    let off = off_from_differences(&problem, x, &ours);
    assert!(off < 1e-6, "{name}: our derivative is {off:e} off from differences");
    let plain = time(|| problem.call(black_box(x)));
    print!("| {name} | {plain:.1} | {:.1} |", time(|| by_tape(&problem, black_box(x))) / plain);

    let mut xad_tape = xad_rs::Tape::new(true);
    let peers: [Derivative; 3] = [
        Box::new(|x| by_xad(&mut xad_tape, &problem, x)),
        Box::new(|x| by_echidna(&problem, x)),
        Box::new(|x| by_num_dual(&problem, x)),
    ];
    for mut peer in peers {
        let off = difference(&ours, &peer(x));
        let ratio = time(|| peer(black_box(x))) / plain;
        let verdict = if off < 1e-10 { "right".to_owned() } else { format!("**wrong by {off:.0e}**") };
        print!(" {ratio:.1}, {verdict} |");
    }
    println!();
}

fn main() {
    println!("| function | plain, ns | tape, × plain | xad-rs, × | echidna, × | num-dual, × |");
    println!("|---|---|---|---|---|---|");
    run("rosenbrock-1000", &inputs::wave(1000), problems::Rosenbrock {});
    run("rosenbrock-1e5", &inputs::wave(100_000), problems::Rosenbrock {});
    run("speelpenning-1000", &inputs::factors(1000), problems::Speelpenning {});
    run("lse-1e4", &inputs::wave(10_000), problems::LogSumExp {});
    run("llsq-1024x128", &inputs::wave(128), problems::LeastSquares { n: 1024 });
    let (data, x) = inputs::mixture(1000, 10, 25);
    run("gmm-1000-10-25", &x, problems::Gaussians { data });
    let (x, seen) = inputs::reprojection();
    run("ba-residual, 2 × 15", &x, problems::Reprojection { seen });
    let (parameters, x, y) = inputs::net();
    run("net-4-10-3", &parameters, problems::Net { x, y });
    run("black-scholes", &inputs::option(), problems::BlackScholes {});
    let (x, normals) = inputs::path();
    run("path-50", &x, problems::Path { normals });
}
