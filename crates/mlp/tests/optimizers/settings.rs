//! Settings outside their ranges, each refused by name.

use mlp::optimizer::{ConjugateGradient, Lbfgs};
use mlp::{Clip, Error, Network, Optimizer, Plateau, Schedule, Training, Updater};
use std::ops::ControlFlow;
use tape::Tensor;

fn setting<R: std::fmt::Debug>(result: Result<R, Error>) -> &'static str {
    match result {
        Err(Error::Setting { setting, .. }) => setting,
        other => panic!("wants an error of a setting, got {other:?}"),
    }
}

fn fit(training: &Training) -> Result<(), Error> {
    let mut network = Network::<f32>::new(&[1, 1], 0)?;
    let x = Tensor::from_slice(&[0.0, 1.0, 2.0], &[3, 1])?;
    let y = Tensor::from_slice(&[0.0, 1.0, 1.0], &[3, 1])?;
    training.fit(&mut network, &x, &y, |_, _| ControlFlow::Continue(()))
}

#[test]
fn of_optimisers() {
    let (learning_rate, epsilon) = (0.1, 1e-8);
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1e-60] {
        for optimizer in [Optimizer::gradient_descent(rate), Optimizer::adam(rate), Optimizer::ada_grad(rate)]
        {
            assert_eq!(setting(Updater::<f32>::new(optimizer)), "learning rate", "{rate}");
            assert_eq!(setting(fit(&Training::new(optimizer))), "learning rate", "{rate}");
        }
    }
    // The last is 1 in f32.
    for share in [-0.1, 1.0, 2.0, f64::NAN, f64::INFINITY, 1.0 - 1e-10] {
        for (name, optimizer) in [
            ("momentum", Optimizer::momentum(0.1, share)),
            ("momentum", Optimizer::nesterov(0.1, share)),
            ("momentum", Optimizer::RmsProp { learning_rate, smoothing: 0.9, epsilon, momentum: share }),
            ("smoothing", Optimizer::RmsProp { learning_rate, smoothing: share, epsilon, momentum: 0.0 }),
            ("beta 1", Optimizer::Adam { learning_rate, beta_1: share, beta_2: 0.9, epsilon }),
            ("beta 2", Optimizer::AmsGrad { learning_rate, beta_1: 0.9, beta_2: share, epsilon }),
        ] {
            assert_eq!(setting(Updater::<f32>::new(optimizer)), name, "{share}");
        }
    }
    assert!(Updater::<f64>::new(Optimizer::momentum(0.1, 1.0 - 1e-10)).is_ok());
    for least in [-1e-9, f64::NAN, f64::INFINITY] {
        let adam_w = |epsilon, weight_decay| Optimizer::AdamW {
            learning_rate,
            beta_1: 0.9,
            beta_2: 0.9,
            epsilon,
            weight_decay,
        };
        assert_eq!(setting(Updater::<f32>::new(adam_w(least, 0.0))), "epsilon");
        assert_eq!(setting(Updater::<f32>::new(adam_w(0.0, least))), "weight decay");
        let ada_grad = Optimizer::AdaGrad { learning_rate, epsilon: least };
        assert_eq!(setting(Updater::<f32>::new(ada_grad)), "epsilon");
    }
    assert_eq!(setting(fit(&Training::new(Optimizer::Lbfgs { history: 0 }))), "history");
    assert_eq!(setting(Updater::<f32>::new(Optimizer::lbfgs())), "optimizer");
}

#[test]
fn of_schedules_plateaus_and_clips() {
    let share = [-0.1, 1.1, f64::NAN];
    let mut bad = vec![("every", Schedule::Step { every: 0, gamma: 0.5 })];
    for wrong in share {
        bad.extend([
            ("gamma", Schedule::Step { every: 1, gamma: wrong }),
            ("gamma", Schedule::Exponential { gamma: wrong }),
            ("least", Schedule::Cosine { least: wrong }),
            ("rise", Schedule::OneCycle { rise: wrong, start: 0.1, end: 0.1 }),
            ("start", Schedule::OneCycle { rise: 0.1, start: wrong, end: 0.1 }),
            ("end", Schedule::OneCycle { rise: 0.1, start: 0.1, end: wrong }),
            ("start", Schedule::Warmup { steps: 1, start: wrong, then: Schedule::Constant.into() }),
            (
                "least",
                Schedule::Warmup { steps: 1, start: 0.0, then: Schedule::Cosine { least: wrong }.into() },
            ),
        ]);
    }
    for wrong in [-0.1, f64::INFINITY, f64::NAN] {
        bad.push(("power", Schedule::InverseScaling { power: wrong }));
    }
    for (name, schedule) in bad {
        let training = Training { schedule, ..Training::default() };
        assert_eq!(setting(fit(&training)), name, "{training:?}");
    }
    for (name, plateau) in [
        ("factor", Plateau { factor: 1.0, ..Plateau::default() }),
        ("factor", Plateau { factor: 0.0, ..Plateau::default() }),
        ("threshold", Plateau { threshold: 1.0, ..Plateau::default() }),
        ("threshold", Plateau { threshold: -1.0, ..Plateau::default() }),
        ("least", Plateau { least: f64::NAN, ..Plateau::default() }),
    ] {
        assert_eq!(setting(fit(&Training { plateau: Some(plateau), ..Training::default() })), name);
    }
    for bound in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        for clip in [Clip::Norm(bound), Clip::Value(bound)] {
            assert_eq!(setting(fit(&Training { clip: Some(clip), ..Training::default() })), "clip");
            assert_eq!(setting(clip.apply(&mut [1.0_f32])), "clip");
        }
    }
}

#[test]
fn that_an_optimizer_of_all_rows_has_no_use_for() {
    for optimizer in [Optimizer::lbfgs(), Optimizer::conjugate_gradient()] {
        let new = || Training::new(optimizer);
        assert!(fit(&new()).is_ok());
        for (name, training) in [
            ("batch size", Training { batch_size: Some(3), ..new() }),
            ("schedule", Training { schedule: Schedule::one_cycle(), ..new() }),
            ("plateau", Training { plateau: Some(Plateau::default()), ..new() }),
            ("clip", Training { clip: Some(Clip::Norm(1.0)), ..new() }),
        ] {
            assert_eq!(setting(fit(&training)), name);
        }
    }
}

#[test]
fn of_minimisers() {
    let parabola = |x: &[f64], gradient: &mut [f64]| {
        gradient[0] = x[0];
        0.5 * x[0] * x[0]
    };
    for wrong in [-1.0, f64::NAN] {
        let lbfgs = Lbfgs { gradient_tolerance: wrong, ..Lbfgs::default() };
        assert_eq!(setting(lbfgs.minimize(&mut [1.0], parabola)), "gradient tolerance");
        let lbfgs = Lbfgs { value_tolerance: wrong, ..Lbfgs::default() };
        assert_eq!(setting(lbfgs.minimize(&mut [1.0], parabola)), "value tolerance");
    }
    for wrong in [0.0, -0.1, 0.5, f64::NAN] {
        let conjugate = ConjugateGradient { curvature: wrong, ..ConjugateGradient::default() };
        assert_eq!(setting(conjugate.minimize(&mut [1.0], parabola)), "curvature");
    }
    let lbfgs = Lbfgs { history: 0, ..Lbfgs::default() };
    assert_eq!(setting(lbfgs.minimize(&mut [1.0], parabola)), "history");
}
