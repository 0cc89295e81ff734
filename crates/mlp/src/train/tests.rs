//! Training from the outside of its loop: settings, steps by hand, ends.

use super::stepper::FEW;
use super::*;
use crate::{Updater, loss};

fn fit(learning_rate: f64, epochs: usize) -> Result<(), Error> {
    let (x, y) = (Tensor::full(&[4, 1], 1.0), Tensor::full(&[4, 1], 1.0));
    let mut network = Network::<f32>::new(&[1, 1], 0)?;
    let optimizer = Optimizer::gradient_descent(learning_rate);
    let training = Training { epochs, batch_size: None, ..Training::new(optimizer) };
    training.fit(&mut network, &x, &y, |_, _| ControlFlow::Continue(()))
}

#[test]
fn a_rate_that_the_precision_cannot_hold_is_refused() {
    for rate in [1e300, 1e-60, 0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(fit(rate, 1), Err(Error::Setting { setting: "learning rate", .. })), "{rate}");
    }
}

#[test]
fn steps_of_few_and_of_many_parameters_are_those_by_hand() {
    for sizes in [[20, 10, 3], [150, 120, 3]] {
        let wave = |count: usize| (0..count).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<_>>();
        let (x, y) = (wave(5 * sizes[0]), wave(5 * 3).iter().map(|y| y.abs()).collect::<Vec<_>>());
        let rows = |of: &[f64]| Tensor::from_slice(of, &[5, of.len() / 5]).unwrap();
        let mut network = Network::new(&sizes, 0).unwrap();
        let mut parameters = network.parameters().to_vec();
        assert_eq!(parameters.len() > FEW, sizes[0] == 150);
        let mut by_hand = crate::Backprop::new(&sizes, 5).unwrap();
        let mut stepper = Stepper::new();
        let mut descent = Updater::new(Optimizer::gradient_descent(0.5)).unwrap();
        for _ in 0..3 {
            let want = by_hand.step(&mut parameters, &x, &y, 2.0, 0.5).unwrap();
            let got = stepper
                .step(&mut network, (&rows(&x), &rows(&y)), &Objective::l2(2.0), &mut descent, 1.0)
                .unwrap();
            assert!((got - want).abs() <= 1e-14 * want, "{got} {want}");
        }
        for (got, want) in network.parameters().iter().zip(&parameters) {
            assert!((got - want).abs() <= 1e-14, "{got} {want}");
        }
    }
}

#[test]
fn a_last_step_that_leaves_no_finite_parameters_is_an_error() {
    assert!(fit(1.0, 1).is_ok());
    let far = Tensor::full(&[4, 1], 1e30_f32);
    let mut network = Network::<f32>::from_parameters(&[1, 1], vec![0.0, 0.0]).unwrap();
    let optimizer = Optimizer::gradient_descent(1e30);
    let training = Training { epochs: 1, batch_size: None, ..Training::new(optimizer) };
    let y = Tensor::full(&[4, 1], 1.0);
    let fitted = training.fit(&mut network, &far, &y, |_, _| ControlFlow::Continue(()));
    assert!(matches!(fitted, Err(Error::Diverged { epoch: 1, .. })), "{fitted:?}");
}

#[test]
fn zero_layer_sizes_are_refused_by_the_scalar_cost() {
    for sizes in [&[1, 0][..], &[1, 0, 1], &[0, 1]] {
        assert!(loss::cost_in_scalars(sizes, &[0.0], &[1.0], &[1.0], 0.0).is_err(), "{sizes:?}");
    }
}
