//! The tape against hand-written backpropagation: one step of gradient descent on the same data, with the same
//! kernels, in one process. Each iteration returns J and updates; the tape's as training does it, J recorded once and run again,
//! and also with J recorded anew.
//!
//! Criterion reports each side; the ratio comes from alternating pairs. Beside it stands the hand-written step
//! over its bare matrix products done by `faer`, so that a slow rival is seen.
//!
//! All on one thread; then the tape's step on one against two.

mod ratios;

use criterion::{BenchmarkId, Criterion};
use mlp::{Backprop, Layer, Network, Objective, Optimizer, Stepper, Updater};
use rand::{RngExt, SeedableRng};
use ratios::{Race, race, time};
use std::time::Duration;
use tape::{Float, Mark, Tape, Tensor, kernel};

/// The nets of the table, by name: sizes, rows.
const NETS: [(&str, &[usize], usize); 6] = [
    ("net/4-8-3-b16-f32", &[4, 8, 3], 16),
    ("net/64-64-10-b64-f32", &[64, 64, 10], 64),
    ("net/400-25-10-b5000-f64", &[400, 25, 10], 5000),
    ("net/400-25-10-b5000-f32", &[400, 25, 10], 5000),
    ("net/784-256-128-10-b128-f32", &[784, 256, 128, 10], 128),
    ("net/784-2048-2048-10-b512-f32", &[784, 2048, 2048, 10], 512),
];

const LAMBDA: f64 = 1.0;
const ALPHA: f64 = 0.1;

/// Both sides of a race, on one problem.
struct Sides<T: Float> {
    x: Tensor<T>,
    y: Tensor<T>,
    parameters: Vec<T>,
    backprop: Backprop<T>,
    network: Network<T>,
}

impl<T: Float> Sides<T> {
    fn new(sizes: &[usize], rows: usize) -> Self {
        let mut random = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
        let mut draw = |n: usize, f: fn(f64) -> f64| -> Vec<T> {
            (0..n).map(|_| T::from_f64(f(random.random_range(-1.0..1.0)))).collect()
        };
        let k = sizes[sizes.len() - 1];
        let x = draw(rows * sizes[0], |x| x);
        let y = draw(rows * k, |y| f64::from(u8::from(y > 0.8)));
        let network = Network::<T>::new(sizes, 0).expect("sizes of the table");
        Sides {
            x: Tensor::from_vec(x, &[rows, sizes[0]]).expect("rows of inputs"),
            y: Tensor::from_vec(y, &[rows, k]).expect("rows of targets"),
            parameters: network.parameters().to_vec(),
            backprop: Backprop::new(sizes, rows).expect("sizes of the table"),
            network,
        }
    }

    fn by_hand(&mut self) -> T {
        let (x, y) = (self.x.as_slice(), self.y.as_slice());
        let (lambda, alpha) = (T::from_f64(LAMBDA), T::from_f64(ALPHA));
        self.backprop.step(&mut self.parameters, x, y, lambda, alpha).expect("lengths fit")
    }

    /// As training does it: J is recorded once, and run again.
    fn by_tape(&mut self, stepper: &mut Stepper<T>) -> T {
        let mut descent = Updater::new(Optimizer::gradient_descent(ALPHA)).expect("a learning rate");
        stepper
            .step(&mut self.network, (&self.x, &self.y), &Objective::l2(LAMBDA), &mut descent, 1.0)
            .expect("shapes fit")
    }

    /// J recorded anew, swept, and forgotten.
    fn by_recording(&mut self, tape: &Tape, start: &Mark) -> T {
        let leaves = self.network.record(tape);
        let cost = mlp::loss::cost(&leaves, &self.x, &self.y, T::from_f64(LAMBDA)).expect("shapes fit");
        let gradient =
            tape.sweep(&cost).and_then(|bar| bar.of(leaves.parameters())).expect("J is of this tape");
        let value = cost.item().expect("J is a number");
        // Let go, so that the parameters are written in place.
        drop((leaves, cost));
        tape.rewind(start);
        kernel::axpy(T::from_f64(-ALPHA), gradient.as_slice(), self.network.parameters_mut());
        value
    }

    /// Ten steps of both must lead to the same place.
    fn must_agree(&mut self, name: &str) {
        let mut stepper = Stepper::new();
        let mut recording =
            Sides { network: self.network.clone(), ..Sides::new(self.network.sizes(), self.x.shape()[0]) };
        let tape_of_recording = Tape::begin();
        let start = tape_of_recording.mark();
        let tolerance = if T::NAME == "f32" { 1e-4 } else { 1e-11 };
        for step in 0..10 {
            let (hand, tape) = (self.by_hand().to_f64(), self.by_tape(&mut stepper).to_f64());
            assert!((hand - tape).abs() <= tolerance * hand, "{name}, step {step}: J is {hand} and {tape}");
            let recorded = recording.by_recording(&tape_of_recording, &start).to_f64();
            assert!(
                (hand - recorded).abs() <= tolerance * hand,
                "{name}, step {step}: J is {hand} and {recorded}"
            );
        }
        for (&hand, &tape) in self.parameters.iter().zip(self.network.parameters()) {
            let off = (hand.to_f64() - tape.to_f64()).abs();
            assert!(off <= tolerance, "{name}: parameters are {hand} and {tape} after ten steps");
        }
    }
}

/// What was measured of one net.
struct Measured {
    replayed: Race,
    recorded: Race,
    /// The tape's step on one thread, as the rival, and on two.
    threads: Race,
    over_faer: Option<f64>,
}

fn run<T: Float>(criterion: &mut Criterion, name: &str, sizes: &[usize], rows: usize) -> Option<Measured>
where
    Sides<T>: Products,
{
    let mut sides = Sides::<T>::new(sizes, rows);
    sides.must_agree(name);
    let mut stepper = Stepper::new();
    let mut group = criterion.benchmark_group(name);
    group.bench_function(BenchmarkId::from_parameter("hand-written"), |b| b.iter(|| sides.by_hand()));
    group.bench_function(BenchmarkId::from_parameter("tape"), |b| b.iter(|| sides.by_tape(&mut stepper)));
    group.finish();
    if ratios::is_for_criterion() {
        return None;
    }
    // The sides walk each its own way to the minimum, over the same rows in the same place: where 8 MB come to lie
    // makes up to a quarter of the time of a product.
    let mut rival = Sides::<T>::new(sizes, rows);
    (rival.x, rival.y) = (sides.x.clone(), sides.y.clone());
    let replayed = race(Duration::from_secs(3), || rival.by_hand(), || sides.by_tape(&mut stepper));
    let tape = Tape::begin();
    let start = tape.mark();
    let recorded = race(Duration::from_secs(2), || rival.by_hand(), || sides.by_recording(&tape, &start));
    let over_faer = rival.products_over_faer(&Layer::stack(sizes), rows);
    let mut alone = Sides { x: sides.x.clone(), y: sides.y.clone(), ..Sides::new(sizes, rows) };
    let mut alone_stepper = Stepper::new();
    let threads = race(
        Duration::from_secs(2),
        || alone.by_tape(&mut alone_stepper),
        || {
            kernel::set_threads(2);
            let cost = sides.by_tape(&mut stepper);
            kernel::set_threads(1);
            cost
        },
    );
    Some(Measured { replayed, recorded, threads, over_faer })
}

/// The bare products of a step, done by the best crate.
trait Products {
    /// The hand-written step over these products; None where the build has no `faer`.
    fn products_over_faer(&mut self, layers: &[Layer], rows: usize) -> Option<f64>;
}

#[cfg(not(feature = "yardstick"))]
impl<T: Float> Products for Sides<T> {
    fn products_over_faer(&mut self, _layers: &[Layer], _rows: usize) -> Option<f64> {
        None
    }
}

#[cfg(feature = "yardstick")]
impl<T: Float + faer::traits::ComplexField> Products for Sides<T> {
    fn products_over_faer(&mut self, layers: &[Layer], rows: usize) -> Option<f64> {
        use faer::linalg::matmul::matmul;
        use faer::{Accum, MatMut, MatRef, Par};
        let widest = layers.iter().map(|layer| layer.n_in.max(layer.n_out)).max()? * rows;
        let number = <T as tape::Real>::from_f64;
        let one = number(1.0);
        let (a, delta) = (vec![number(0.5); widest], vec![number(0.25); widest]);
        let (mut out, mut bar) = (a.clone(), self.parameters.clone());
        let parameters = self.parameters.clone();
        let mut products = || {
            for (l, layer) in layers.iter().enumerate() {
                let (n_in, n_out) = (layer.n_in, layer.n_out);
                let theta = MatRef::from_row_major_slice(&parameters[layer.theta.clone()], n_out, n_in);
                let below = MatRef::from_row_major_slice(&a[..rows * n_in], rows, n_in);
                let delta = MatRef::from_row_major_slice(&delta[..rows * n_out], rows, n_out);
                let z = MatMut::from_row_major_slice_mut(&mut out[..rows * n_out], rows, n_out);
                matmul(z, Accum::Replace, below, theta.transpose(), one, Par::Seq);
                let theta_bar = MatMut::from_row_major_slice_mut(&mut bar[layer.theta.clone()], n_out, n_in);
                matmul(theta_bar, Accum::Replace, delta.transpose(), below, one, Par::Seq);
                if l > 0 {
                    let z = MatMut::from_row_major_slice_mut(&mut out[..rows * n_in], rows, n_in);
                    matmul(z, Accum::Replace, delta, theta, one, Par::Seq);
                }
            }
        };
        Some(race(Duration::from_secs(2), &mut products, || self.by_hand()).ratio)
    }
}

fn main() {
    let delegated = !ratios::is_test()
        && !ratios::is_for_criterion()
        && ratios::delegate("mlp", "network", &["yardstick"]);
    kernel::set_threads(1);
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut lines = Vec::new();
    for (name, sizes, rows) in NETS {
        let result = match name.ends_with("f64") {
            true => run::<f64>(&mut criterion, name, sizes, rows),
            false => run::<f32>(&mut criterion, name, sizes, rows),
        };
        let Some(Measured { replayed, recorded, threads, over_faer }) = result else { continue };
        if !delegated {
            ratios::write_row(name, replayed);
            ratios::write_row(&name.replacen("net/", "net-recorded/", 1), recorded);
            ratios::write_row(&name.replacen("net/", "net-two-threads/", 1), threads);
        }
        let over_faer = over_faer.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        let (hand, tape) = (time(replayed.rival), time(replayed.ours));
        let (ratio, recorded, threads) = (replayed.ratio, recorded.ratio, threads.ratio);
        lines.push(format!(
            "{name:<32}{hand:>14}{tape:>14}{ratio:>8.3}{recorded:>16.3}{threads:>20.3}{over_faer:>22}"
        ));
    }
    if !lines.is_empty() {
        let build = if ratios::is_native() { "native" } else { "portable" };
        println!("\none training step, {build} build, one thread; medians of alternating pairs");
        println!(
            "{:<32}{:>14}{:>14}{:>8}{:>16}{:>20}{:>22}",
            "net", "hand-written", "tape", "ratio", "recorded anew", "2 threads / 1", "hand / faer products"
        );
        println!("{}\n", lines.join("\n"));
    }
}
