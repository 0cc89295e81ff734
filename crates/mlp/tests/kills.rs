//! Training in a process of its own that is killed (SIGKILL) a hundred times at random moments and goes on from its checkpoint
//! each time: what it comes to has the bits of training that nobody killed.
//!
//! The proof that a kill has hit a write: the temporary file of the write lies there when the process is dead. It is created when
//! a write begins and renamed when it ends, a process removes those of its predecessors before it trains, and nobody else writes.

use mlp::{
    Activation, Budget, EarlyStopping, Network, Optimizer, Output, Plateau, Report, Rows, Schedule, Training,
};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tape::Tensor;

/// Set in the processes that are killed: the path of the checkpoint.
const CHILD: &str = "MLP_TEST_KILLS_CHILD";
/// The steps after which the process ends by itself.
const STEPS: &str = "MLP_TEST_KILLS_STEPS";
/// What the process says when it has read its checkpoint and is about to train.
const TRAINS: &str = "trains now";

const KILLS: usize = 100;
const WRITES_HIT: usize = 20;
/// The steps that the killed processes must come to, together.
const LEAST_STEPS: u64 = 50;
/// The kills after which the test gives up on the two above.
const MOST_KILLS: usize = 400;

/// Rows of eight inputs whose class is one of three, with weights; the last of them are held out.
struct Problem {
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    held_out: (Tensor, Tensor),
}

impl Problem {
    fn new() -> Self {
        let wave =
            |from: usize, n: usize| (from..from + n).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<_>>();
        let rows = |from: usize, n: usize| {
            let x = wave(8 * from, 8 * n);
            let mut y = vec![0.0; 3 * n];
            for (i, row) in x.chunks(8).enumerate() {
                let score = row[0] + row[1] * row[2];
                y[3 * i + usize::from(score > -0.4) + usize::from(score > 0.4)] = 1.0;
            }
            (Tensor::from_vec(x, &[n, 8]).unwrap(), Tensor::from_vec(y, &[n, 3]).unwrap())
        };
        let (x, y) = rows(0, 50);
        let weights = Tensor::from_vec((0..50).map(|i| f64::from(1 + i % 3)).collect(), &[50, 1]).unwrap();
        Problem { x, y, weights, held_out: rows(50, 20) }
    }

    /// The network and what a run comes to, with the state of everything that a run can have: a batch that is not whole, moments,
    /// dropout, a schedule, a plateau, the best parameters so far. It begins where the checkpoint `from` is, and leaves one at `to`
    /// after each step.
    fn run(&self, steps: u64, from: Option<&Path>, to: Option<&Path>) -> (Network, Report) {
        let training = Training {
            batch_size: Some(16),
            epochs: 100_000,
            lambda: 0.1,
            dropout: 0.2,
            label_smoothing: 0.05,
            seed: 3,
            schedule: Schedule::Cosine { least: 0.1 },
            plateau: Some(Plateau { patience: 5, ..Plateau::default() }),
            early_stopping: Some(EarlyStopping { patience: 100_000, ..EarlyStopping::default() }),
            budget: Budget { steps: Some(steps), ..Budget::default() },
            ..Training::new(Optimizer::adam(0.003))
        };
        let fresh = Network::new(&[8, 100, 20, 3], 7).unwrap();
        let mut network = fresh.with_activation(Activation::Tanh).with_output(Output::Softmax);
        let rows = Rows { x: &self.x, y: &self.y, weights: Some(&self.weights) };
        let mut run = training.start(&mut network, rows).unwrap();
        run = run.hold_out((&self.held_out.0, &self.held_out.1)).unwrap();
        if let Some(from) = from {
            run = run.resume(from).unwrap();
        }
        if let Some(to) = to {
            run = run.checkpoint(to, 1).unwrap();
            println!("{TRAINS}");
        }
        let report = run.finish().unwrap();
        (network, report)
    }
}

/// The process, once it trains.
fn trains(checkpoint: &Path, steps: u64) -> Child {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_hundred_kills_change_no_bit", "--nocapture"])
        .env(CHILD, checkpoint)
        .env(STEPS, steps.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(process.stdout.take().unwrap());
    let trains = said.by_ref().lines().any(|line| line.unwrap().contains(TRAINS));
    assert!(trains, "the process has ended without training");
    // The pipe stays open: who ends by himself has more to say.
    process.stdout = Some(said.into_inner());
    process
}

/// The temporary files in the folder.
fn temporaries(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".mlp.tmp")).count()
}

fn bits(network: &Network) -> Vec<u64> {
    network.parameters().iter().map(|parameter| parameter.to_bits()).collect()
}

#[test]
fn a_hundred_kills_change_no_bit() {
    let problem = Problem::new();
    if let Some(checkpoint) = std::env::var_os(CHILD) {
        let steps = std::env::var(STEPS).unwrap().parse().unwrap();
        let checkpoint = Path::new(&checkpoint);
        problem.run(steps, Some(checkpoint).filter(|path| path.exists()), Some(checkpoint));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("run.checkpoint");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
    let (mut kills, mut writes_hit, mut before_any, mut steps) = (0, 0, 0, 0);
    while kills < KILLS || writes_hit < WRITES_HIT || steps < LEAST_STEPS {
        assert!(kills < MOST_KILLS, "{kills} kills have hit {writes_hit} writes, and left {steps} steps");
        let mut process = trains(&checkpoint, u64::MAX);
        std::thread::sleep(Duration::from_micros(random.random_range(0..40_000)));
        process.kill().unwrap();
        assert!(!process.wait().unwrap().success());
        kills += 1;
        let left = temporaries(folder.path());
        assert!(left <= 1, "after {kills} kills {left} temporary files have piled up");
        writes_hit += left;
        if !checkpoint.exists() {
            assert_eq!(steps, 0, "the checkpoint is gone after {kills} kills");
            before_any += 1;
            continue;
        }
        // A budget of one step is used up by whatever the checkpoint holds: this loads it, and does nothing.
        let (_, report) = problem.run(1, Some(&checkpoint), None);
        assert!(report.steps >= steps, "from step {steps} back to {} by kill {kills}", report.steps);
        steps = report.steps;
    }

    // One more, which ends by itself.
    let steps = steps + 10;
    assert!(trains(&checkpoint, steps).wait().unwrap().success());
    assert_eq!(temporaries(folder.path()), 0, "what was left is removed by the next process");
    let (killed, report) = problem.run(1, Some(&checkpoint), None);
    let (whole, want) = problem.run(steps, None, None);
    println!(
        "{kills} kills, {writes_hit} of them in a write, {before_any} before the first, in {steps} steps"
    );
    assert_eq!(report.steps, steps);
    assert_eq!((report.history, report.best_epoch), (want.history, want.best_epoch));
    assert_eq!(bits(&killed), bits(&whole));
}
