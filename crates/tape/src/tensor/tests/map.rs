//! Functions of the user's own, against the same function out of tensor operations, and against differences.

use super::derivatives::{confirm, positive};
use super::filled;
use crate::{Elementary, Error, Real, ScalarFn, ScalarFn2, Tape, Tensor, scalar_fn};

fn softcap<R: Real>(x: R) -> R {
    x.scale(0.5).tanh().scale(2.0)
}

/// A piecewise function with a parameter.
struct Leaky(f64);
impl ScalarFn for Leaky {
    fn call<R: Real>(&self, x: R) -> R {
        if x > R::from_f64(0.0) { x * x } else { x.scale(self.0) }
    }
    fn name(&self) -> &'static str {
        "leaky"
    }
}

struct Weighted(f64);
impl ScalarFn2 for Weighted {
    fn call<R: Real>(&self, a: R, b: R) -> R {
        (a.powi(2) * b).sin() + (b / a).scale(self.0)
    }
}

const SHAPES: [&[usize]; 5] = [&[2, 3], &[], &[0, 2], &[1, 1, 4], &[5]];

#[test]
fn both_orders_of_derivative_agree_with_differences() {
    for shape in SHAPES {
        confirm("softcap", |x| Ok(x[0].map(scalar_fn!(softcap))), &[filled(shape, 1)]);
        confirm("an expression", |x| Ok(x[0].map(scalar_fn!(|x| x.exp() / x))), &[positive(shape, 1)]);
        confirm("with a branch", |x| Ok(x[0].map(Leaky(0.1))), &[filled(shape, 7)]);
        confirm(
            "composed",
            |x| Ok(x[0].map(scalar_fn!(softcap)).map(Leaky(0.1)).powi(2)),
            &[filled(shape, 7)],
        );
    }
    confirm("a constant", |x| Ok(x[0].map(scalar_fn!(|x| x.like(3.0)))), &[filled(&[3], 1)]);
}

#[test]
fn both_orders_agree_through_broadcasting() {
    let shapes: [[&[usize]; 2]; 8] = [
        [&[2, 3], &[2, 3]],
        [&[2, 3], &[3]],
        [&[3], &[2, 3]],
        [&[2, 1], &[1, 3]],
        [&[2, 1, 3], &[4, 1]],
        [&[2, 3], &[]],
        [&[0, 3], &[3]],
        [&[1], &[1, 1, 1]],
    ];
    for [a, b] in shapes {
        let f = |x: &[Tensor]| x[0].zip_map(&x[1], Weighted(0.3));
        confirm(&format!("{a:?} with {b:?}"), f, &[positive(a, 1), positive(b, 2)]);
    }
    confirm("one argument twice", |x| x[0].zip_map(&x[0], Weighted(0.3)), &[positive(&[2, 3], 1)]);
    confirm(
        "a constant beside it",
        |x| x[0].zip_map(&positive(&[3], 4), Weighted(2.0)),
        &[positive(&[2, 3], 1)],
    );
    let swapped = |x: &[Tensor]| positive(&[3], 4).zip_map(&x[0], scalar_fn!(|a, b| a.atan2(b)));
    confirm("a constant before it", swapped, &[positive(&[2, 1], 1)]);
}

/// All derivatives of y by x that three recorded sweeps give.
fn orders(f: impl Fn(&Tensor) -> Tensor) -> Vec<f64> {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::scalar(0.7));
    let mut y = f(&x);
    let mut all = vec![y.item().unwrap()];
    for _ in 0..3 {
        y = tape.sweep_recorded(&y).unwrap().of(&x).unwrap();
        all.push(y.item().unwrap());
    }
    all
}

#[test]
fn three_orders_are_those_of_the_same_function_out_of_operations() {
    let close = |got: Vec<f64>, want: Vec<f64>| {
        for (got, want) in got.iter().zip(&want) {
            approx::assert_relative_eq!(got, want, max_relative = 1e-13);
        }
    };
    close(orders(|x| x.map(scalar_fn!(|x| x.sin() * x.exp()))), orders(|x| x.sin() * Tensor::exp(x)));
    // Mixed derivatives: both arguments move with x, each in its own way.
    close(
        orders(|x| x.powi(2).zip_map(&x.sin(), scalar_fn!(|a, b| (a * b).exp() / b)).unwrap()),
        orders(|x| Tensor::exp(&(x.powi(2) * x.sin())) / x.sin()),
    );
}

#[test]
fn third_derivatives_by_every_choice_of_arguments_are_known_numbers() {
    // f = a³ b³: its derivatives by list of arguments, at (2, 3).
    let known = |by: [usize; 3]| match by.iter().sum::<usize>() {
        0 => 6.0 * 27.0,
        1 => 6.0 * 2.0 * 3.0 * 9.0,
        2 => 3.0 * 4.0 * 6.0 * 3.0,
        _ => 8.0 * 6.0,
    };
    for by in [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1]] {
        let tape = Tape::begin();
        let x = [2.0, 3.0].map(|x| tape.tensor(&Tensor::scalar(x)));
        let y = x[0].zip_map(&x[1], scalar_fn!(|a, b| (a * b).powi(3))).unwrap();
        let first = tape.sweep_recorded(&y).unwrap().of(&x[by[0]]).unwrap();
        let second = tape.sweep_recorded(&first).unwrap().of(&x[by[1]]).unwrap();
        let third = tape.sweep(&second).unwrap().of(&x[by[2]]).unwrap();
        approx::assert_relative_eq!(third.item().unwrap(), known(by), max_relative = 1e-14);
    }
}

#[test]
fn a_fourth_derivative_is_an_error_that_says_so() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::scalar(0.7));
    let mut y = x.map(Leaky(0.1));
    for _ in 0..3 {
        y = tape.sweep_recorded(&y).unwrap().of(&x).unwrap();
    }
    let error = tape.sweep(&y).unwrap_err();
    assert_eq!(error, Error::Order { operation: "leaky", most: 3, got: 4 });
    assert_eq!(error.to_string(), "leaky: wants a derivative of order 3 at most, got one of order 4");
}

#[test]
fn where_no_cotangent_comes_in_none_goes_out() {
    // √x has an infinite slope at 0; the first element is not asked for.
    let asked = Tensor::from_slice(&[0.0, 2.0], &[2]).unwrap();
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[0.0, 4.0], &[2]).unwrap());
    let y = x.map(scalar_fn!(|x| x.sqrt()));
    assert_eq!(tape.sweep_with(&y, asked.clone()).unwrap().of(&x).unwrap().to_vec(), [0.0, 0.5]);
    let first = tape.sweep_recorded_with(&y, asked.clone()).unwrap().of(&x).unwrap();
    assert_eq!(first.to_vec(), [0.0, 0.5]);
    assert_eq!(tape.sweep(&first.sum()).unwrap().of(&x).unwrap().to_vec(), [0.0, -0.0625]);
    // Asked for, it is what it is.
    assert_eq!(tape.sweep(&y.sum()).unwrap().of(&x).unwrap().to_vec(), [f64::INFINITY, 0.25]);
}

#[test]
fn a_seed_of_zero_that_is_a_leaf_still_has_its_derivative() {
    let tape = Tape::begin();
    let x = tape.tensor(&filled(&[3], 1));
    let seed = tape.tensor(&Tensor::zeros(&[3]));
    let y = x.map(scalar_fn!(|x| x.powi(3)));
    let g = tape.sweep_recorded_with(&y, seed.clone()).unwrap().of(&x).unwrap();
    let slope = tape.sweep(&g.sum()).unwrap().of(&seed).unwrap();
    for (slope, x) in slope.as_slice().iter().zip(x.as_slice()) {
        approx::assert_relative_eq!(*slope, 3.0 * x * x, max_relative = 1e-14);
    }
}

#[test]
fn single_precision_has_its_own_arithmetic() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[0.1_f32, 0.7], &[2]).unwrap());
    let y = x.map(scalar_fn!(|x| x + R::from_f64(1e8)));
    assert_eq!(y.to_vec(), [1e8_f32, 1e8]);
    let y = x.map(scalar_fn!(softcap));
    let first = tape.sweep_recorded(&y.sum()).unwrap().of(&x).unwrap();
    let second = tape.sweep(&first.sum()).unwrap().of(&x).unwrap();
    for (&x, &second) in x.as_slice().iter().zip(second.as_slice()) {
        let t = f64::from(x / 2.0).tanh();
        assert!((f64::from(second) + t * (1.0 - t * t)).abs() < 1e-6, "{second}");
    }
}

#[test]
fn what_a_function_is_called_stands_in_tables_and_errors() {
    let tape = Tape::begin();
    let x = tape.tensor(&filled(&[2, 3], 1));
    let _ = x.map(Leaky(0.5)).map(scalar_fn!(softcap)).map(scalar_fn!(|x| x.sin()));
    let table = tape.table(None);
    assert!(["leaky", "softcap", "map"].iter().all(|name| table.contains(name)), "{table}");
    assert_eq!(
        x.zip_map(&filled(&[2], 1), Weighted(1.0)).unwrap_err().to_string(),
        "zip_map: shapes must agree axis by axis from the last one, or be 1 there, got [2, 3] and [2]"
    );
}

#[test]
fn a_function_may_begin_a_tape_of_its_own() {
    /// x times the derivative of t³ at t = 2, a constant that an inner tape finds.
    struct ByTape;
    impl ScalarFn for ByTape {
        fn call<R: Real>(&self, x: R) -> R {
            x.powi(2).scale(crate::grad(|t| t[0].powi(3), &[2.0])[0])
        }
    }
    confirm("by an inner tape", |x| Ok(x[0].map(ByTape)), &[filled(&[2], 1)]);
}
