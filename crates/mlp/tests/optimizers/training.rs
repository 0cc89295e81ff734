//! Training by every optimizer, with schedules and clipping.

use super::{cases, number};
use mlp::{Clip, Error, Network, Objective, Optimizer, Plateau, Schedule, Stepper, Training, Updater};
use std::ops::ControlFlow;
use tape::Tensor;

fn xor() -> (Tensor, Tensor) {
    let x = Tensor::from_slice(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], &[4, 2]).unwrap();
    (x, Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0], &[4, 1]).unwrap())
}

/// The parameters and the costs of the epochs.
fn trained(training: &Training) -> (Vec<f64>, Vec<f64>) {
    let ((x, y), mut network) = (xor(), Network::new(&[2, 6, 1], 3).unwrap());
    let mut costs = Vec::new();
    let fitted = training.fit(&mut network, &x, &y, |epoch, _| {
        costs.push(epoch.cost);
        ControlFlow::Continue(())
    });
    fitted.unwrap();
    (network.parameters().to_vec(), costs)
}

#[test]
fn every_optimizer_learns_xor() {
    for optimizer in [
        Optimizer::gradient_descent(5.0),
        Optimizer::momentum(1.0, 0.9),
        Optimizer::nesterov(1.0, 0.9),
        Optimizer::ada_grad(0.5),
        Optimizer::rms_prop(0.05),
        Optimizer::RmsProp { learning_rate: 0.02, smoothing: 0.9, epsilon: 1e-8, momentum: 0.5 },
        Optimizer::adam(0.1),
        Optimizer::ams_grad(0.1),
        Optimizer::AdamW {
            learning_rate: 0.1,
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 1e-3,
        },
        Optimizer::lbfgs(),
        Optimizer::conjugate_gradient(),
    ] {
        let training = Training { epochs: 600, batch_size: None, ..Training::new(optimizer) };
        let (_, costs) = trained(&training);
        let (first, last) = (costs[0], costs[costs.len() - 1]);
        assert!(last < 0.05 && last < first, "{optimizer:?}: J from {first} to {last}");
    }
}

#[test]
fn training_takes_the_steps_of_its_schedule_its_plateau_and_its_clip() {
    let optimizer = Optimizer::momentum(2.0, 0.5);
    let schedule = Schedule::cosine_after_warm_up(3);
    let plateau = Plateau { factor: 0.5, patience: 0, threshold: 0.002, ..Plateau::default() };
    let training = Training {
        epochs: 10,
        batch_size: None,
        lambda: 0.1,
        schedule: schedule.clone(),
        plateau: Some(plateau),
        clip: Some(Clip::Norm(0.02)),
        ..Training::new(optimizer)
    };
    let (got, _) = trained(&training);

    let ((x, y), mut network) = (xor(), Network::new(&[2, 6, 1], 3).unwrap());
    let (mut updater, mut watch) = (Updater::new(optimizer).unwrap(), plateau.watch());
    let mut better = 0;
    for step in 0..10 {
        let (cost, mut gradient) = network.cost_and_gradient(&x, &y, 0.1).unwrap();
        let norm = Clip::Norm(0.02).apply(&mut gradient).unwrap();
        assert!(norm > 0.02, "there is something to clip");
        let factor = schedule.factor(step, 10) * watch.factor();
        updater.step(network.parameters_mut(), &gradient, None, factor).unwrap();
        let before = watch.factor();
        better += usize::from(watch.observe(cost) == before);
    }
    assert!((3..10).contains(&better), "some epochs are on a plateau, {better} are not");
    for (got, want) in got.iter().zip(network.parameters()) {
        assert!((got - want).abs() <= 1e-14, "{got} {want}");
    }
}

#[test]
fn steps_of_batches_go_on_from_epoch_to_epoch() {
    // γᵗ over 3 epochs of 2 steps: with one row class the order of rows does not matter.
    let (x, y) = (Tensor::full(&[4, 1], 1.0), Tensor::full(&[4, 1], 1.0));
    let mut network = Network::from_parameters(&[1, 1], vec![0.0, 0.0]).unwrap();
    let training = Training {
        epochs: 3,
        batch_size: Some(2),
        schedule: Schedule::Exponential { gamma: 0.5 },
        ..Training::new(Optimizer::gradient_descent(1.0))
    };
    training.fit(&mut network, &x, &y, |_, _| ControlFlow::Continue(())).unwrap();
    let mut theta = 0.0_f64;
    for step in 0..6 {
        theta += 0.5_f64.powi(step) * (1.0 - 1.0 / (1.0 + (-2.0 * theta).exp()));
    }
    for got in network.parameters() {
        assert!((got - theta).abs() < 1e-14, "{got} {theta}");
    }
}

#[test]
fn a_stepper_of_many_parameters_takes_the_same_steps_as_one_of_complete_gradients() {
    // Above some number of parameters the penalty is left beside the gradient.
    let sizes = [150, 120, 3];
    let wave = |rows: usize, columns: usize| {
        let numbers = (0..rows * columns).map(|i| (i as f64 * 0.7).sin().abs()).collect();
        Tensor::from_vec(numbers, &[rows, columns]).unwrap()
    };
    let (x, y) = (wave(5, 150), wave(5, 3));
    for optimizer in [
        Optimizer::momentum(0.1, 0.9),
        Optimizer::nesterov(0.1, 0.9),
        Optimizer::ada_grad(0.1),
        Optimizer::rms_prop(0.1),
        Optimizer::adam(0.1),
        Optimizer::ams_grad(0.1),
        Optimizer::adam_w(0.1),
    ] {
        for clip in [None, Some(Clip::Norm(0.1))] {
            let mut network = Network::new(&sizes, 0).unwrap();
            let mut other = network.clone();
            let (mut stepper, mut updater) = (Stepper::new(), Updater::new(optimizer).unwrap());
            let mut by_hand = updater.clone();
            if let Some(clip) = clip {
                stepper = stepper.clipping(clip).unwrap();
            }
            for _ in 0..3 {
                stepper.step(&mut network, (&x, &y), &Objective::l2(2.0), &mut updater, 1.0).unwrap();
                let (_, mut gradient) = other.cost_and_gradient(&x, &y, 2.0).unwrap();
                if let Some(clip) = clip {
                    assert!(clip.apply(&mut gradient).unwrap() > 0.1, "there is something to clip");
                }
                by_hand.step(other.parameters_mut(), &gradient, None, 1.0).unwrap();
            }
            for (got, want) in network.parameters().iter().zip(other.parameters()) {
                assert!((got - want).abs() <= 1e-9, "{optimizer:?}, {clip:?}: {got} {want}");
            }
        }
    }
}

#[test]
fn logistic_regression_ends_where_scipys_does() {
    for case in cases("regressions", 3) {
        let (n, columns) = (number(&case, "rows") as usize, number(&case, "columns") as usize);
        let x: Vec<f64> = (0..n * columns).map(|i| (i * 7919 % 101) as f64 / 32.0 - 1.5).collect();
        let noise = |i: usize| (i * 31 % 17) as f64 / 8.0 - 1.0;
        let y = (0..n).map(|i| f64::from(u8::from(noise(i) + x[i * columns] > 0.0))).collect();
        let (x, y) = (Tensor::from_vec(x, &[n, columns]).unwrap(), Tensor::from_vec(y, &[n, 1]).unwrap());
        for optimizer in [Optimizer::lbfgs(), Optimizer::conjugate_gradient()] {
            let lambda = number(&case, "penalty");
            let training = Training { epochs: 1000, lambda, ..Training::new(optimizer) };
            let mut network = Network::new(&[columns, 1], 0).unwrap();
            let mut told = Vec::new();
            let fitted = training.fit(&mut network, &x, &y, |epoch, network| {
                assert_eq!(epoch.number, told.len() + 1);
                assert!((network.cost(&x, &y, lambda).unwrap() - epoch.cost).abs() < 1e-14);
                told.push(epoch.cost);
                ControlFlow::Continue(())
            });
            fitted.unwrap();
            assert!(told.len() < 100 && told.is_sorted_by(|a, b| b < a), "{optimizer:?}: {told:?}");
            let cost = network.cost(&x, &y, lambda).unwrap();
            assert!((cost - number(&case, "cost")).abs() <= 1e-10, "{optimizer:?}: {cost} {case}");
            for (got, want) in network.parameters().iter().zip(super::numbers(&case, "parameters")) {
                assert!((got - want).abs() <= 1e-4, "{optimizer:?}: {got} {want}");
            }
        }
    }
}

#[test]
fn training_on_all_rows_ends_when_told_and_with_its_epochs() {
    let (x, y) = xor();
    for optimizer in [Optimizer::lbfgs(), Optimizer::conjugate_gradient()] {
        for (epochs, stop) in [(7, 100), (100, 7)] {
            let mut network = Network::new(&[2, 6, 1], 3).unwrap();
            let mut told = 0;
            let training = Training { epochs, ..Training::new(optimizer) };
            let fitted = training.fit(&mut network, &x, &y, |epoch, _| {
                told = epoch.number;
                if told == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert!(fitted.is_ok() && told == 7, "{optimizer:?}: {told}");
        }
        let mut far = Network::from_parameters(&[2, 1], vec![f64::MAX, f64::MAX, 0.0]).unwrap();
        let fitted = Training::new(optimizer).fit(&mut far, &x, &y, |_, _| ControlFlow::Continue(()));
        assert!(matches!(fitted, Err(Error::Diverged { epoch: 1, .. })), "{fitted:?}");
    }
}

#[test]
fn a_line_search_that_finds_nothing_leaves_the_network_where_it_was() {
    // In f32, where the gradient does not come down to where training would end by itself.
    let x: Vec<f32> = (0..200).map(|i| (i * 7919 % 101) as f32 * 100.0 - 5000.0).collect();
    let y: Vec<f32> = (0..100).map(|i| f32::from(u8::from(i * 31 % 17 > 7))).collect();
    let x = Tensor::from_vec(x, &[100, 2]).unwrap();
    let y = Tensor::from_vec(y, &[100, 1]).unwrap();
    for optimizer in [Optimizer::lbfgs(), Optimizer::conjugate_gradient()] {
        let mut network = Network::<f32>::new(&[2, 1], 0).unwrap();
        let mut last = Vec::new();
        let training = Training { epochs: 1000, ..Training::new(optimizer) };
        let mut told = 0;
        let fitted = training.fit(&mut network, &x, &y, |epoch, network| {
            (told, last) = (epoch.number, network.parameters().to_vec());
            ControlFlow::Continue(())
        });
        fitted.unwrap();
        assert!(told < 1000, "{optimizer:?}: {told}");
        let (_, gradient) = network.cost_and_gradient(&x, &y, 0.0).unwrap();
        assert!(gradient.iter().any(|g| g.abs() > 1e-6), "{optimizer:?}: {gradient:?}");
        assert_eq!(network.parameters(), last);
    }
}

#[test]
fn a_clip_does_not_hide_that_training_diverged() {
    let far = Tensor::full(&[4, 1], 1e30_f32);
    let y = Tensor::full(&[4, 1], 1.0);
    for optimizer in [Optimizer::gradient_descent(1e30), Optimizer::adam(1e38)] {
        let mut network = Network::from_parameters(&[1, 1], vec![0.0_f32, 0.0]).unwrap();
        let training =
            Training { epochs: 50, lambda: 1e30, clip: Some(Clip::Norm(1e30)), ..Training::new(optimizer) };
        let fitted = training.fit(&mut network, &far, &y, |_, _| ControlFlow::Continue(()));
        assert!(matches!(fitted, Err(Error::Diverged { .. })), "{optimizer:?}: {fitted:?}");
    }
}
