//! Handles and tensors are compared by value, within the bounds that `approx` knows.
#![cfg(feature = "approx")]

use approx::{
    abs_diff_eq, abs_diff_ne, assert_abs_diff_eq, assert_relative_eq, assert_ulps_eq, relative_ne, ulps_ne,
};
use tape::{Dual, Tape, Tensor, Traced, Var};

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
