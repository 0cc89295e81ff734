//! Handles and tensors are compared by value, within the bounds that `approx` knows.
#![cfg(feature = "approx")]

use approx::{
    abs_diff_eq, abs_diff_ne, assert_abs_diff_eq, assert_relative_eq, assert_ulps_eq, relative_ne, ulps_ne,
};
use tape::{Dual, Error, Program, Real, Tape, Tensor, Traced, Var};

#[test]
fn handles_are_compared_by_value() {
    let tape = Tape::begin();
    let x = tape.var(1.0);
    assert_abs_diff_eq!(x, Var::from(1.0 + 1e-17));
    assert!(abs_diff_ne!(x, Var::from(1.0 + 1e-12)));
    assert_abs_diff_eq!(x, Var::from(1.1), epsilon = Var::from(0.2));
    assert_relative_eq!(x * 1e100, Var::from(1e100 * (1.0 + 1e-16)));
    assert!(relative_ne!(x, Var::from(f64::NAN)));
    assert_ulps_eq!(x, Var::from(1.0 + 2.0 * f64::EPSILON));
    assert!(ulps_ne!(x, Var::from(1.0 + 20.0 * f64::EPSILON)));
    assert_ulps_eq!(Var::from(1.0_f32), Var::from(1.0_f32 + f32::EPSILON));
    assert_abs_diff_eq!(Dual::new(1.0, 5.0), Dual::new(1.0, 7.0));
    assert_relative_eq!(Traced::from(2.0), Traced::from(2.0));
}

/// The three questions, of a number and of duals over it.
fn answers<R: Real + approx::RelativeEq<Epsilon = R> + approx::UlpsEq>(x: &[R]) -> Vec<bool> {
    let epsilon = R::from_f64(0.5);
    vec![
        abs_diff_eq!(x[0], x[1], epsilon = epsilon),
        approx::relative_eq!(x[0], x[1], epsilon = R::from_f64(0.0), max_relative = epsilon),
        approx::ulps_eq!(x[0], x[1], epsilon = R::from_f64(0.0), max_ulps = 4),
    ]
}

#[test]
fn comparisons_are_recorded_in_a_program() {
    let near = 1.0 + 3.0 * f64::EPSILON;
    let probes =
        [-2.0, -0.0, 0.0, 0.25, 1.0, near, 1.0 + 8.0 * f64::EPSILON, 1.4, 3.0, f64::INFINITY, f64::NAN];
    let pairs = || probes.iter().flat_map(|&a| probes.iter().map(move |&b| [a, b]));
    let numbers =
        |answers: Vec<bool>| -> Vec<f64> { answers.into_iter().map(|b| f64::from(u8::from(b))).collect() };
    let constants = |answers| numbers(answers).into_iter().map(Traced::from).collect();
    for at in pairs() {
        let over_duals = |x: &[Traced]| answers(&[Dual::constant(x[0]), Dual::new(x[1], Traced::from(1.0))]);
        for program in [
            Program::trace_many(|x| constants(answers(x)), &at),
            Program::trace_many(|x| constants(over_duals(x)), &at),
        ] {
            let again: Program = program.to_string().parse().expect("its own text");
            for x in pairs() {
                match program.eval(&x) {
                    Ok(got) => assert_eq!(got, numbers(answers(&x)), "traced at {at:?}, replayed at {x:?}"),
                    Err(Error::Branch { .. }) => assert_ne!(at.map(f64::to_bits), x.map(f64::to_bits)),
                    Err(other) => panic!("wants a branch, got {other}"),
                }
                assert_eq!(again.eval(&x).is_ok(), program.eval(&x).is_ok());
            }
        }
    }
    let program = Program::trace(|x| if approx::ulps_eq!(x[0], x[1]) { x[0] } else { x[1] }, &[1.0, near]);
    let error = program.eval(&[1.0, 1.5]).unwrap_err().to_string();
    assert!(error.contains("within 4 steps was recorded as true"), "{error}");
}

#[test]
fn tensors_are_compared_element_by_element_and_by_shape() {
    let a = Tensor::full(&[2, 3], 1.0);
    assert_abs_diff_eq!(a, Tensor::full(&[2, 3], 1.0 + 1e-16));
    assert!(abs_diff_ne!(a, Tensor::full(&[3, 2], 1.0)), "another shape");
    assert!(abs_diff_eq!(a, Tensor::full(&[2, 3], 1.1), epsilon = 0.2));
    assert_relative_eq!(a, Tensor::full(&[2, 3], 1.01), max_relative = 0.02);
    assert_ulps_eq!(a, Tensor::full(&[2, 3], 1.0 + f64::EPSILON));
    assert!(ulps_ne!(Tensor::full(&[1], 1.0_f32), Tensor::full(&[1], 1.0_f32 + 100.0 * f32::EPSILON)));
    let mut other = a.clone();
    other.as_mut_slice()[5] = f64::NAN;
    assert!(abs_diff_ne!(a, other) && relative_ne!(a, other));
}

#[test]
fn empty_tensors_are_equal_where_their_shapes_are() {
    let empty = |shape: &[usize]| Tensor::<f32>::zeros(shape);
    assert_abs_diff_eq!(empty(&[0, 3]), empty(&[0, 3]));
    assert!(abs_diff_ne!(empty(&[0, 3]), empty(&[3, 0])));
    assert!(relative_ne!(empty(&[0]), empty(&[0, 1])) && ulps_ne!(empty(&[0]), empty(&[0, 1])));
    assert!(abs_diff_ne!(Tensor::from([1.0]), Tensor::scalar(1.0)), "one element each, but not one shape");
    assert_relative_eq!(Tensor::from([f64::INFINITY, 1.0]), Tensor::from([f64::INFINITY, 1.0]));
    assert!(relative_ne!(Tensor::from([f64::INFINITY]), Tensor::from([f64::NEG_INFINITY])));
}

#[test]
fn tensors_of_single_precision_have_its_bounds() {
    let a = Tensor::from([1.0_f32, -2.0]);
    let near = Tensor::from([1.0 + f32::EPSILON, -2.0]);
    assert_abs_diff_eq!(a, near);
    assert_relative_eq!(a, near);
    assert_ulps_eq!(a, near, max_ulps = 1);
    assert!(ulps_ne!(a, near, epsilon = 0.0, max_ulps = 0));
    let tape = Tape::begin();
    assert_abs_diff_eq!(tape.tensor(&a), near);
}
