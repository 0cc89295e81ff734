//! Training as a whole: what is minimised, when it ends, and that an interruption changes nothing.

use mlp::{
    Activation, Budget, CheckpointErrorKind, EarlyStopping, End, Error, Loss, Network, Objective, Observer,
    Optimizer, Output, Plateau, Progress, Rows, Schedule, Training,
};
use std::ops::ControlFlow;
use std::path::Path;
use tape::{Tape, Tensor};

/// Rows of three inputs whose class is one of three, not quite by chance.
fn problem(n: usize) -> (Tensor, Tensor) {
    let x: Vec<f64> = (0..3 * n).map(|i| (i * 7919 % 101) as f64 / 50.0 - 1.0).collect();
    let mut y = vec![0.0; 3 * n];
    for row in 0..n {
        let score = x[3 * row] + x[3 * row + 1] * x[3 * row + 2];
        y[3 * row + usize::from(score > -0.3) + usize::from(score > 0.4)] = 1.0;
    }
    (Tensor::from_vec(x, &[n, 3]).unwrap(), Tensor::from_vec(y, &[n, 3]).unwrap())
}

fn network() -> Network {
    Network::new(&[3, 6, 3], 5).unwrap().with_output(Output::Softmax).with_activation(Activation::Tanh)
}

/// The gradient of J by the tape, and by differences of J.
fn gradients(objective: &Objective, network: &Network, rows: Rows<'_>) -> Vec<(f64, f64)> {
    let tape = Tape::begin();
    let leaves = network.record(&tape);
    let cost = objective.cost(&leaves, rows).unwrap();
    let by_tape = leaves.gradient(&tape.sweep(&cost).unwrap()).unwrap();
    drop(tape);
    let at = |place: usize, step: f64| {
        let mut moved = network.clone();
        moved.parameters_mut()[place] += step;
        let tape = Tape::begin();
        objective.cost(&moved.record(&tape), rows).unwrap().item().unwrap()
    };
    let slope = |place| (at(place, 1e-6) - at(place, -1e-6)) / 2e-6;
    by_tape.into_iter().enumerate().map(|(place, by_tape)| (by_tape, slope(place))).collect()
}

#[test]
fn every_loss_with_penalties_and_weights_has_the_gradient_that_its_differences_have() {
    let (x, y) = problem(9);
    let weights = Tensor::from_vec((0..9).map(|i| f64::from(i % 4)).collect(), &[9, 1]).unwrap();
    for (output, loss) in [
        (Output::Sigmoid, None),
        (Output::Softmax, None),
        (Output::Identity, None),
        (Output::Sigmoid, Some(Loss::SquaredError)),
        (Output::Softmax, Some(Loss::Huber { delta: 0.25 })),
        (Output::Identity, Some(Loss::Huber { delta: 0.5 })),
    ] {
        for weights in [None, Some(&weights)] {
            let objective = Objective { loss, lambda: 0.7, l1: 0.3, dropout: None };
            let network = network().with_output(output);
            for (by_tape, slope) in gradients(&objective, &network, Rows { x: &x, y: &y, weights }) {
                assert!((by_tape - slope).abs() < 1e-7, "{output:?}, {loss:?}: {by_tape} {slope}");
            }
        }
    }
}

#[test]
fn weights_of_one_and_repeated_rows_are_the_same_to_every_loss() {
    let (x, y) = problem(4);
    let (repeated_x, repeated_y) = {
        let twice = |of: &Tensor| {
            let rows = of.as_slice().chunks(3).enumerate();
            rows.flat_map(|(i, row)| row.repeat(if i == 2 { 3 } else { 1 })).collect::<Vec<_>>()
        };
        (Tensor::from_vec(twice(&x), &[6, 3]).unwrap(), Tensor::from_vec(twice(&y), &[6, 3]).unwrap())
    };
    let ones = Tensor::full(&[4, 1], 1.0);
    let counts = Tensor::from_slice(&[1.0, 1.0, 3.0, 1.0], &[4, 1]).unwrap();
    for (output, loss) in [
        (Output::Sigmoid, None),
        (Output::Softmax, None),
        (Output::Identity, None),
        (Output::Identity, Some(Loss::Huber { delta: 0.5 })),
    ] {
        let network = network().with_output(output);
        let cost = |x, y, weights| {
            let tape = Tape::begin();
            let objective = Objective { loss, ..Objective::default() };
            objective.cost(&network.record(&tape), Rows { x, y, weights }).unwrap().item().unwrap()
        };
        let plain = cost(&x, &y, None);
        assert!((plain - cost(&x, &y, Some(&ones))).abs() < 1e-15, "{output:?}");
        let repeated = 6.0 * cost(&repeated_x, &repeated_y, None);
        assert!((repeated - 4.0 * cost(&x, &y, Some(&counts))).abs() < 1e-14, "{output:?}");
    }
}

#[test]
fn weights_are_shares_however_large_they_are() {
    let (x, y) = problem(9);
    let trained = |scale: f64| {
        let weights = (0..9).map(|i| scale * f64::from(i % 4)).collect();
        let weights = Tensor::from_vec(weights, &[9, 1]).unwrap();
        let mut network = network();
        let training = Training { epochs: 5, batch_size: Some(4), ..Training::new(Optimizer::adam(0.1)) };
        let rows = Rows { x: &x, y: &y, weights: Some(&weights) };
        training.start(&mut network, rows).unwrap().finish().unwrap();
        network.parameters().to_vec()
    };
    let plain = trained(1.0);
    for scale in [1e-300, 0.125, 1e300] {
        for (got, want) in trained(scale).iter().zip(&plain) {
            assert!((got - want).abs() < 1e-9, "{scale}: {got} {want}");
        }
    }
}

#[test]
fn dropout_leaves_out_as_many_as_it_says_and_others_each_step() {
    // One hidden unit a column, of weight 1 and activation identity: the gradient by the output's weights is the mean of
    // the masked inputs.
    let units = 400;
    let mut theta = vec![0.0; units * units + units + units + 1];
    (0..units).for_each(|i| theta[i * units + i] = 1.0);
    let mut network = Network::from_parameters(&[units, units, 1], theta)
        .unwrap()
        .with_activation(Activation::Identity)
        .with_output(Output::Identity);
    let (x, y) = (Tensor::full(&[1, units], 1.0), Tensor::full(&[1, 1], 1.0));
    let training = Training {
        dropout: 0.25,
        epochs: 2,
        batch_size: None,
        ..Training::new(Optimizer::gradient_descent(1.0))
    };
    let before = network.parameters().to_vec();
    let mut masks = Vec::new();
    let run = training.start(&mut network, (&x, &y)).unwrap();
    let run = run.on_epoch(|_, network| {
        let at = units * units + units;
        masks.push(network.parameters()[at..at + units].to_vec());
        ControlFlow::Continue(())
    });
    run.finish().unwrap();
    assert_ne!(before, network.parameters());
    // θ₂ -= (h - y) m x with h = 0 and y = 1: the mask itself.
    let out = masks[0].iter().filter(|m| **m == 0.0).count();
    assert!((60..140).contains(&out), "{out} of 400");
    assert!(masks[0].iter().all(|m| *m == 0.0 || (m - 4.0 / 3.0_f64).abs() < 1e-15));
    let moved: Vec<bool> = masks[0].iter().zip(&masks[1]).map(|(a, b)| a != b).collect();
    let same_as_before = masks[0].iter().zip(&moved).filter(|(m, moved)| (**m != 0.0) == **moved).count();
    assert!(same_as_before < 390, "others are left out in the second step");
}

#[test]
fn smoothed_labels_are_the_optimum_of_a_network_that_knows_nothing_else() {
    // With an input of zero only the bias is learnt: h becomes the smoothed target.
    let (x, y) =
        (Tensor::zeros(&[2, 1]), Tensor::from_slice(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0], &[2, 3]).unwrap());
    for (output, want) in [(Output::Softmax, 0.7 + 0.1_f64), (Output::Sigmoid, 0.7 + 0.15)] {
        let mut network = Network::new(&[1, 3], 0).unwrap().with_output(output);
        let training = Training { label_smoothing: 0.3, ..Training::new(Optimizer::lbfgs()) };
        training.start(&mut network, (&x, &y)).unwrap().finish().unwrap();
        let h = network.predict_proba(&x).unwrap().to_vec()[0];
        assert!((h - want).abs() < 1e-5, "{output:?}: {h}");
    }
    let mut network = Network::new(&[1, 3], 0).unwrap().with_output(Output::Identity);
    let training = Training { label_smoothing: 0.3, ..Training::default() };
    assert!(matches!(
        training.start(&mut network, (&x, &y)).err(),
        Some(Error::Setting { setting: "label smoothing", .. })
    ));
}

/// The settings under which runs are interrupted and go on: between them they use all that a run remembers.
fn settings() -> Vec<Training> {
    let plain =
        |optimizer| Training { epochs: 6, batch_size: Some(8), lambda: 0.1, ..Training::new(optimizer) };
    vec![
        Training { dropout: 0.3, ..plain(Optimizer::ams_grad(0.05)) },
        Training {
            plateau: Some(Plateau { patience: 0, ..Plateau::default() }),
            early_stopping: Some(EarlyStopping { patience: 4, tolerance: 0.0 }),
            label_smoothing: 0.1,
            ..plain(Optimizer::momentum(0.5, 0.9))
        },
        Training {
            schedule: Schedule::cosine_after_warm_up(4),
            l1: 0.01,
            ..plain(Optimizer::gradient_descent(0.5))
        },
        Training { batch_size: None, epochs: 12, ..plain(Optimizer::Lbfgs { history: 3 }) },
        Training { batch_size: None, epochs: 12, ..plain(Optimizer::conjugate_gradient()) },
    ]
}

#[test]
fn a_run_that_is_interrupted_anywhere_and_goes_on_has_the_bits_of_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let ((x, y), (held_x, held_y)) = (problem(29), problem(7));
    let weights = Tensor::from_vec((0..29).map(|i| f64::from(1 + i % 3)).collect(), &[29, 1]).unwrap();
    let rows = Rows { x: &x, y: &y, weights: Some(&weights) };
    for training in settings() {
        let mut whole = network();
        let report = {
            let run = training.start(&mut whole, rows).unwrap().hold_out((&held_x, &held_y)).unwrap();
            run.finish().unwrap()
        };
        assert!(report.steps >= 5, "{:?}: {}", training.optimizer, report.steps);
        for stop in 1..report.steps {
            let cut =
                Training { budget: Budget { steps: Some(stop), ..Budget::default() }, ..training.clone() };
            let mut part = network();
            let run = cut.start(&mut part, rows).unwrap().hold_out((&held_x, &held_y)).unwrap();
            let first = run.checkpoint(&path, 1000).unwrap().finish().unwrap();
            assert_eq!((first.end, first.steps), (End::Steps, stop));
            let mut resumed = Network::new(&[3, 6, 3], 99).unwrap().with_output(Output::Softmax);
            resumed = resumed.with_activation(Activation::Tanh);
            let run = training.start(&mut resumed, rows).unwrap().hold_out((&held_x, &held_y)).unwrap();
            let again = run.resume(&path).unwrap().finish().unwrap();
            assert_eq!(again, report, "{:?} after {stop}", training.optimizer);
            assert_eq!(resumed.parameters(), whole.parameters(), "{:?} after {stop}", training.optimizer);
        }
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused_by_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let (x, y) = problem(12);
    let training = Training { epochs: 2, ..Training::default() };
    let run = |training: &Training, network: &mut Network, x: &Tensor, y: &Tensor| {
        training.start(network, (x, y)).unwrap().resume(&path).unwrap_err().to_string()
    };
    training.start(&mut network(), (&x, &y)).unwrap().checkpoint(&path, 1).unwrap().finish().unwrap();
    let message = run(&Training { seed: 1, ..training.clone() }, &mut network(), &x, &y);
    assert!(message.ends_with("this is a checkpoint of another run: its seed is 0, here 1"), "{message}");
    let message = run(&training, &mut network().with_activation(Activation::Relu), &x, &y);
    assert!(message.contains("its functions are tanh in the hidden layers"), "{message}");
    let mut wider = Network::new(&[3, 7, 3], 0).unwrap().with_output(Output::Softmax);
    let message = run(&training, &mut wider, &x, &y);
    assert!(message.ends_with("its layer sizes are [3, 6, 3], here [3, 7, 3]"), "{message}");
    let mut other = x.clone();
    other.as_mut_slice()[5] += 1.0;
    let message = run(&training, &mut network(), &other, &y);
    assert!(message.ends_with("the rows that it was trained on are others"), "{message}");
    let single = Tensor::from_vec(x.as_slice().iter().map(|x| *x as f32).collect(), &[12, 3]).unwrap();
    let targets = Tensor::from_vec(y.as_slice().iter().map(|y| *y as f32).collect(), &[12, 3]).unwrap();
    let mut in_f32 = Network::<f32>::new(&[3, 6, 3], 5).unwrap();
    let error = training.start(&mut in_f32, (&single, &targets)).unwrap().resume(&path).unwrap_err();
    assert!(error.to_string().ends_with("its precision is f64, here f32"), "{error}");
}

#[test]
fn a_damaged_checkpoint_is_an_error_wherever_it_is_damaged_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    let (x, y) = problem(12);
    for optimizer in [Optimizer::adam(0.1), Optimizer::lbfgs()] {
        let training = Training { epochs: 3, ..Training::new(optimizer) };
        training.start(&mut network(), (&x, &y)).unwrap().checkpoint(&path, 1).unwrap().finish().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let resume = |bytes: &[u8]| {
            let damaged = folder.path().join("damaged");
            std::fs::write(&damaged, bytes).unwrap();
            let mut network = network();
            let before = network.parameters().to_vec();
            let resumed = training.start(&mut network, (&x, &y)).unwrap().resume(&damaged).map(drop);
            if resumed.is_err() {
                assert_eq!(network.parameters(), before);
            }
            resumed
        };
        assert!(resume(&bytes).is_ok());
        for length in (0..bytes.len()).step_by(7) {
            assert!(
                matches!(resume(&bytes[..length]), Err(Error::Checkpoint { .. })),
                "cut off after {length}"
            );
        }
        assert!(resume(&[&bytes[..], b"x"].concat()).is_err());
        let text = String::from_utf8_lossy(&bytes);
        let header = text.find("optimizer.0").unwrap();
        for place in (8..header + 40).step_by(3) {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            // Some of it is names that nobody reads, or a number that could be so: no panic is all that is asked.
            let _ = resume(&flipped);
        }
        let mut not_finite = bytes.clone();
        let end = not_finite.len();
        not_finite[end - 8..].copy_from_slice(&f64::NAN.to_le_bytes());
        assert!(matches!(
            resume(&not_finite),
            Err(Error::Checkpoint { kind: CheckpointErrorKind::Damaged { .. }, .. })
        ));
        assert!(matches!(
            resume(b"a,b\n1,2\n3,4\n"),
            Err(Error::Checkpoint { kind: CheckpointErrorKind::NotACheckpoint, .. })
        ));
    }
}

#[test]
fn what_held_out_rows_like_best_is_what_the_network_has_at_the_end() {
    let ((x, y), (held_x, held_y)) = (problem(12), problem(40));
    let mut network = network();
    let mut kept = Vec::new();
    let training = Training {
        epochs: 400,
        early_stopping: Some(EarlyStopping { patience: 15, tolerance: 0.0 }),
        ..Training::new(Optimizer::adam(0.1))
    };
    let run = training.start(&mut network, (&x, &y)).unwrap().hold_out((&held_x, &held_y)).unwrap();
    let run = run.on_epoch(|epoch, network| {
        kept.push((epoch.held_out.unwrap(), network.parameters().to_vec()));
        ControlFlow::Continue(())
    });
    let report = run.finish().unwrap();
    assert_eq!(report.end, End::EarlyStopping);
    let best = report.best_epoch.unwrap();
    assert_eq!(report.history.len(), best + 15);
    assert!(kept.iter().enumerate().all(|(i, (loss, _))| i + 1 == best || *loss > kept[best - 1].0));
    assert_eq!(network.parameters(), kept[best - 1].1);
    let held_out = network.cost(&held_x, &held_y, 0.0).unwrap();
    assert_eq!(held_out, report.history[best - 1].held_out.unwrap());
}

#[test]
fn training_that_goes_off_says_where_and_leaves_the_last_good_parameters() {
    let (x, y) = problem(12);
    let mut network = network().with_output(Output::Identity);
    let mut last = network.parameters().to_vec();
    let training =
        Training { epochs: 1000, batch_size: None, ..Training::new(Optimizer::gradient_descent(20.0)) };
    let run = training.start(&mut network, (&x, &y)).unwrap();
    let error = run
        .on_epoch(|_, network| {
            last = network.parameters().to_vec();
            ControlFlow::Continue(())
        })
        .finish()
        .unwrap_err();
    let Error::Diverged { epoch, cost } = error else { panic!("{error}") };
    assert!(epoch > 1 && !cost.is_finite(), "{epoch} {cost}");
    assert_eq!(network.parameters(), last);
    assert!(last.iter().all(|p| p.is_finite()));
}

#[test]
fn a_run_that_was_cut_short_is_made_once_more_by_its_steps() {
    let (x, y) = problem(40);
    for optimizer in [Optimizer::adam(0.01), Optimizer::lbfgs()] {
        let mut first = network();
        let training = Training {
            epochs: 1_000_000,
            gradient_tolerance: 0.0,
            budget: Budget { seconds: Some(0.02), ..Budget::default() },
            ..Training::new(optimizer)
        };
        let report = training.start(&mut first, (&x, &y)).unwrap().finish().unwrap();
        assert!(matches!(report.end, End::Seconds | End::LineSearch), "{report:?}");
        let mut again = network();
        let budget = Budget { steps: Some(report.steps), ..Budget::default() };
        let training = Training { budget, ..training };
        let repeated = training.start(&mut again, (&x, &y)).unwrap().finish().unwrap();
        assert_eq!(repeated.history, report.history);
        assert_eq!(first.parameters(), again.parameters());
    }
    let budget = Budget { evaluations: Some(9), ..Budget::default() };
    let training = Training { budget, ..Training::new(Optimizer::lbfgs()) };
    let report = training.start(&mut network(), (&x, &y)).unwrap().finish().unwrap();
    assert!(report.end == End::Evaluations && report.steps < 9, "{report:?}");
}

#[test]
fn an_observer_that_fails_ends_the_training_with_its_error() {
    struct Full;
    impl Observer for Full {
        fn step(&mut self, progress: &Progress) -> Result<ControlFlow<()>, Error> {
            assert_eq!((progress.epoch, progress.step, progress.steps), (1, 1, 2));
            let source = std::io::Error::other("the disk is full");
            Err(Error::Write { path: Path::new("history").to_owned(), source })
        }
    }
    let (x, y) = problem(40);
    let mut network = network();
    let error =
        Training::default().start(&mut network, (&x, &y)).unwrap().observe(Full).finish().unwrap_err();
    assert!(error.to_string().starts_with("cannot write history: the disk is full"), "{error}");
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let (x, y) = problem(4);
    let message = |training: Training| {
        let mut network = network();
        training.start(&mut network, (&x, &y)).map(drop).unwrap_err().to_string()
    };
    let adam = || Training::new(Optimizer::adam(0.1));
    assert!(message(Training { l1: -1.0, ..adam() }).starts_with("l1: "));
    assert!(message(Training { dropout: 1.0, ..adam() }).starts_with("dropout: "));
    assert!(message(Training { label_smoothing: f64::NAN, ..adam() }).starts_with("label smoothing: "));
    assert!(message(Training { gradient_tolerance: -1.0, ..adam() }).starts_with("gradient tolerance: "));
    assert!(message(Training { loss: Some(Loss::Huber { delta: 0.0 }), ..adam() }).starts_with("delta: "));
    let seconds = Budget { seconds: Some(f64::NAN), ..Budget::default() };
    assert!(message(Training { budget: seconds, ..adam() }).starts_with("seconds: "));
    let steps = Budget { steps: Some(0), ..Budget::default() };
    assert!(message(Training { budget: steps, ..adam() }).starts_with("steps: "));
    let tolerance = EarlyStopping { tolerance: -1.0, patience: 1 };
    assert!(message(Training { early_stopping: Some(tolerance), ..adam() }).starts_with("tolerance: "));
    let lbfgs = Training { dropout: 0.5, ..Training::new(Optimizer::lbfgs()) };
    assert!(message(lbfgs).starts_with("dropout: wants 0 for an optimizer with a line search"));
}

#[test]
fn weights_and_targets_that_make_no_sense_are_named() {
    let (x, y) = problem(3);
    let message = |weights: &[f64]| {
        let weights = Tensor::from_slice(weights, &[weights.len(), 1]).unwrap();
        let mut network = network();
        let rows = Rows { x: &x, y: &y, weights: Some(&weights) };
        Training::default().start(&mut network, rows).map(drop).unwrap_err().to_string()
    };
    assert_eq!(message(&[1.0, -1.0, 1.0]), "weights: wants finite numbers from 0 up, got -1 in row 1");
    assert_eq!(message(&[1.0, 1.0, f64::NAN]), "weights: wants finite numbers from 0 up, got NaN in row 2");
    assert_eq!(message(&[0.0; 3]), "weights: wants at least one above 0, got zeros only");
    assert!(message(&[1.0; 2]).contains("a weight for each row"));
    let mut one = Network::<f64>::new(&[3, 1], 0).unwrap().with_output(Output::Softmax);
    let error = Training::default().start(&mut one, (&x, &Tensor::zeros(&[3, 1]))).map(drop).unwrap_err();
    assert!(error.to_string().contains("at least two units under a softmax"), "{error}");
    let beyond = Tensor::full(&[3, 3], 1.5);
    let mut network = network();
    let error = Training::default().start(&mut network, (&x, &beyond)).unwrap().finish().unwrap_err();
    assert!(error.to_string().contains("targets must lie in [0, 1]"), "{error}");
}
