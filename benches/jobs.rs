//! Whole jobs, from first parameters to last, ours and by scikit-learn and NumPy in turns; the rows `job/…` and `fit/…` of
//! `ratios.tsv` (the peer's ns or 0, ours, ours over the peer's or 0) and a table with what must be reached.
//!
//!     benches/peers/run.sh jobs
//!
//! makes an environment of Python with the peers, unless it is there, and runs this. A plain `cargo bench -p mlp --bench jobs`
//! takes the Python of that environment or of PYTHON, and does without where there is none; with words behind `--` only jobs whose
//! names have one of them are measured, by this build, and no rows are written.
//!
//! - `job/digits-100-epochs`: 1437 rows of digits, 64-64-10, ReLU and softmax, Adam, batches of 32, `f32`.
//! - `job/epoch-60000x784`: an epoch of 784-256-10, Adam, batches of 128, `f32`; the peer is NumPy by hand. Then `…-loader`: batches
//!   assembled on another thread, over the same by `Training`.
//! - `job/predict-one-row`: `predict_into` of 64-64-10 in `f32`; the peer is `predict_proba`.
//! - `fit/…`: 25 logistic units, L-BFGS, λ = 1, in `f64`, on features that are the same for both sides: the mean time until J is as
//!   low as the median of what the peer comes to.
//!
//! All on one thread, but for the loader's.

#[path = "jobs/problem.rs"]
mod problem;
#[path = "jobs/python.rs"]
mod python;
#[expect(dead_code, reason = "criterion has no part in it, and a peer in another process takes its own time")]
mod ratios;

use mlp::data::{DataLoader, Sampler};
use mlp::{Activation, Fan, Init, Network, Objective, Optimizer, Output, Rows, Stepper, Training, Updater};
use problem::Problem;
use python::Python;
use ratios::{Race, median, time};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::Instant;
use tape::{Float, kernel};

/// What a job must reach and should.
enum Bound {
    /// Seconds.
    Within(f64, f64),
    /// How many times faster than the peer.
    Faster(f64, f64),
    None,
}

/// Seconds of both sides, round by round; of the peer where there is one.
#[derive(Default)]
struct Rounds {
    peer: Vec<f64>,
    ours: Vec<f64>,
}

impl Rounds {
    fn race(self) -> Race {
        let ours = 1e9 * median(self.ours.clone());
        if self.peer.is_empty() {
            return Race { rival: 0.0, ours, ratio: 0.0 };
        }
        let ratio = median(self.ours.iter().zip(&self.peer).map(|(ours, peer)| ours / peer).collect());
        Race { rival: 1e9 * median(self.peer), ours, ratio }
    }
}

fn relu<T: Float>(sizes: &[usize], seed: u64) -> Network<T> {
    let init = Init::KaimingNormal { fan: Fan::In, gain: 2.0_f64.sqrt() };
    let network = Network::with_init(sizes, init, seed).expect("sizes of the table");
    network.with_activation(Activation::Relu).with_output(Output::Softmax)
}

/// Runs this, and says how many seconds it took.
fn seconds<R>(job: impl FnOnce() -> R) -> f64 {
    let start = Instant::now();
    black_box(job());
    start.elapsed().as_secs_f64()
}

/// What the peer answers, if it does.
fn ask(python: &mut Option<Python>, question: &str) -> Option<Vec<f64>> {
    python.as_mut().and_then(|python| {
        python.ask(question).map_err(|why| println!("({question}: the peer says {why})")).ok()
    })
}

fn digits(python: &mut Option<Python>) -> Race {
    let (problem, epochs) = (Problem::digits(), if ratios::is_test() { 2 } else { 100 });
    problem.write(python.as_ref());
    let (x, y) = problem.single();
    let training = Training { epochs, ..Training::new(Optimizer::adam(1e-3)) };
    let mut rounds = Rounds::default();
    for seed in 0..rounds_of(5) {
        rounds.peer.extend(ask(python, &format!("epochs {} 64 {epochs}", problem.name)).map(|said| said[0]));
        rounds.ours.push(seconds(|| {
            let mut network = relu::<f32>(&[64, 64, 10], seed);
            let report = training.start(&mut network, (&x, &y)).and_then(|run| run.finish());
            let last = *report.expect("it trains").history.last().expect("an epoch");
            assert!(last.cost < if ratios::is_test() { 2.0 } else { 0.05 }, "J came to {}", last.cost);
        }));
    }
    rounds.race()
}

fn predict(python: &mut Option<Python>) -> Race {
    let problem = Problem::digits();
    problem.write(python.as_ref());
    let (x, _) = problem.single();
    let (network, row, mut h) = (relu::<f32>(&[64, 64, 10], 0), &x.as_slice()[..64], [0.0; 10]);
    let calls = if ratios::is_test() { 10 } else { 10_000 };
    let mut rounds = Rounds::default();
    for _ in 0..rounds_of(9) {
        rounds.peer.extend(ask(python, &format!("predict {} 64 200", problem.name)).map(|said| said[0]));
        let took = seconds(|| {
            for _ in 0..calls {
                network.predict_into(black_box(row), &mut h).expect("a row of the network");
                black_box(&h);
            }
        });
        rounds.ours.push(took / f64::from(calls));
    }
    assert!((h.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    rounds.race()
}

/// An epoch by the loop of `Training` beside the peer's, and one with a loader on another thread beside that.
fn epoch(python: &mut Option<Python>) -> [Race; 2] {
    const BATCH: usize = 128;
    let n = if ratios::is_test() { 10 * BATCH + 1 } else { 60_000 };
    let (x, y) = problem::pictures(n);
    let training = Training { batch_size: Some(BATCH), epochs: 1, ..Training::new(Optimizer::adam(1e-3)) };
    let (mut by_training, mut with_loader) = (Rounds::default(), Rounds::default());
    let loader = DataLoader::new(&x, &y, Sampler::random(n, 0), BATCH).expect("shapes fit");
    for round in 0..rounds_of(5) {
        by_training.peer.extend(ask(python, &format!("epoch {n}")).map(|said| said[0]));
        let mut network = relu::<f32>(&[784, 256, 10], round);
        let took = seconds(|| {
            training.start(&mut network, (&x, &y)).and_then(|run| run.finish()).expect("it trains");
        });
        by_training.ours.push(took);
        with_loader.peer.push(took);

        let mut network = relu::<f32>(&[784, 256, 10], round);
        with_loader.ours.push(seconds(|| {
            let mut stepper = Stepper::new();
            let mut updater = Updater::new(training.optimizer).expect("a learning rate");
            loader.epoch(round + 1, |batches| {
                for batch in batches {
                    let batch = batch.expect("rows of the table");
                    let rows = Rows { x: batch.x(), y: batch.y(), weights: None };
                    let cost = stepper.step(&mut network, rows, &Objective::default(), &mut updater, 1.0);
                    assert!(cost.expect("shapes fit").is_finite());
                }
            });
        }));
    }
    [by_training.race(), with_loader.race()]
}

/// Seconds of a fit that ends where J is at most `goal` or where the reference would, and whether J came to that.
fn fit_until(problem: &Problem, seed: u64, goal: Option<f64>) -> (f64, bool) {
    let (columns, units) = (problem.x.shape()[1], problem.y.shape()[1]);
    let output = if units == 1 { Output::Sigmoid } else { Output::Softmax };
    let training =
        Training { epochs: 200, gradient_tolerance: 1e-4, lambda: 1.0, ..Training::new(Optimizer::lbfgs()) };
    let mut reached = goal.is_none();
    let took = seconds(|| {
        let network = Network::new(&[columns, 25, units], seed).expect("sizes of the table");
        let mut network = network.with_activation(Activation::Sigmoid).with_output(output);
        let run = training.start(&mut network, (&problem.x, &problem.y)).expect("shapes fit");
        let run = run.on_epoch(|epoch, _| {
            reached |= goal.is_some_and(|goal| epoch.cost <= goal);
            if reached && goal.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        run.finish().expect("it trains");
    });
    (took, reached)
}

/// Mean time until the objective is reached: J has several minima, and which of them a fit comes to is a matter of its first
/// parameters. The objective is the median of what the peer's fits come to; what either side spends on fits that end above it
/// counts. Without a peer: the mean time of a fit.
fn fit(python: &mut Option<Python>, problem: &Problem) -> Race {
    problem.write(python.as_ref());
    let seeds = 0..rounds_of(15);
    let mut peer_at = |seed: u64| ask(python, &format!("fit {} {seed}", problem.name));
    let costs: Vec<f64> = seeds.clone().filter_map(|seed| peer_at(seed).map(|said| said[1])).collect();
    let goal = (!costs.is_empty()).then(|| median(costs.clone()));
    let [mut peer, mut ours] = [(0.0, 0.0); 2];
    let add = |side: &mut (f64, f64), (took, reached): (f64, bool)| {
        *side = (side.0 + took, side.1 + f64::from(u8::from(reached)));
    };
    for seed in seeds {
        if let Some(said) = peer_at(seed) {
            add(&mut peer, (said[0], goal.is_some_and(|goal| said[1] <= goal)));
        }
        add(&mut ours, fit_until(problem, seed, goal));
    }
    assert!(ours.1 > 0.0, "{}: J does not come down to {goal:?}", problem.name);
    let [rival, ours] =
        [peer, ours].map(|(took, reached)| if reached > 0.0 { 1e9 * took / reached } else { 0.0 });
    Race { rival, ours, ratio: if rival > 0.0 { ours / rival } else { 0.0 } }
}

/// How many rounds there are, of so many where it is not a test.
fn rounds_of(rounds: u64) -> u64 {
    if ratios::is_test() { 1 } else { rounds }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let asked_for = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let takes_rows = !ratios::is_test() && words.is_empty();
    let delegated = takes_rows && ratios::delegate("mlp", "jobs", &[]);
    kernel::set_threads(1);
    let mut python = if ratios::is_test() { None } else { Python::find() };

    let mut lines = Vec::new();
    let mut report = |name: &str, race: Race, bound: Bound| {
        if takes_rows && !delegated {
            ratios::write_row(name, race);
        }
        let peer = if race.rival > 0.0 { time(race.rival) } else { "-".to_owned() };
        let [ratio, faster] = match race.ratio {
            0.0 => ["-".to_owned(), "-".to_owned()],
            ratio => [format!("{ratio:.3}"), format!("{:.1} ×", 1.0 / ratio)],
        };
        let [must, aim] = match bound {
            Bound::Within(must, aim) => [time(1e9 * must), time(1e9 * aim)],
            Bound::Faster(must, aim) => [format!("{must} ×"), format!("{aim} ×")],
            Bound::None => ["-".to_owned(), "-".to_owned()],
        };
        let ours = time(race.ours);
        lines.push(format!("{name:<32}{peer:>12}{ours:>12}{ratio:>9}{faster:>10}{must:>12}{aim:>12}"));
    };
    if asked_for("job/digits-100-epochs") {
        report("job/digits-100-epochs", digits(&mut python), Bound::Within(0.20, 0.10));
    }
    if asked_for("job/predict-one-row") {
        report("job/predict-one-row", predict(&mut python), Bound::Within(5e-6, 5e-6));
    }
    for problem in Problem::tables() {
        let name = format!("fit/{}", problem.name);
        if asked_for(&name) {
            report(&name, fit(&mut python, &problem), Bound::Faster(3.0, 10.0));
        }
    }
    if asked_for("job/epoch-60000x784") {
        let [by_training, with_loader] = epoch(&mut python);
        report("job/epoch-60000x784", by_training, Bound::Within(0.75, 0.60));
        report("job/epoch-60000x784-loader", with_loader, Bound::None);
    }
    let build = if ratios::is_native() { "native" } else { "portable" };
    println!("\nwhole jobs, {build} build, one thread; medians of rounds in which the sides take turns");
    println!(
        "{:<32}{:>12}{:>12}{:>9}{:>10}{:>12}{:>12}",
        "job", "peer", "ours", "ratio", "faster", "must", "aim"
    );
    println!("{}\n", lines.join("\n"));
}
