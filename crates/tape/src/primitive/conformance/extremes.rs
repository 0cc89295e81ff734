//! What mathematics says at the edges: kinks, ties, ends of the range, NaN.

use crate::primitive::{
    Add, Binary, BinaryOp, Div, Gate, Heaviside, Max, Min, Mul, MulAdd, Powf, Powi, Sub, Ternary, Unary,
};
use crate::{Dual, Elementary, Real, Tape, Tensor, Var, grad};

pub(super) const INF: f64 = f64::INFINITY;
pub(super) const NAN: f64 = f64::NAN;

/// Value and both partials.
pub(super) fn partials(op: impl Binary, a: f64, b: f64) -> (f64, f64, f64) {
    let y = op.value(a, b);
    (y, op.left(a, b, y, 1.0), op.right(a, b, y, 1.0))
}

/// Value and derivative of a function of one scalar, by the tape; forward mode must say the same.
pub(super) fn both_ways(f: impl Fn(Var) -> Var, g: impl Fn(Dual<f64>) -> Dual<f64>, x: f64) -> (f64, f64) {
    let (y, dy) = crate::value_and_grad(|x| f(x[0]), &[x]);
    let forward = g(Dual::new(x, 1.0));
    assert_eq!((y, dy[0]), (forward.value, forward.tangent), "reverse and forward mode at {x}");
    (y, dy[0])
}

macro_rules! at {
    (|$x:ident| $f:expr, $at:expr) => {
        $crate::primitive::conformance::extremes::both_ways(|$x| $f, |$x| $f, $at)
    };
}
pub(super) use at;

#[test]
fn the_quotient_of_two_tiny_numbers_has_finite_partials() {
    assert_eq!(partials(Div, 1e-200, 1e-200), (1.0, 1.0 / 1e-200, -1.0 / 1e-200));
    assert_eq!(grad(|x| x[0] / x[1], &[1e-200, 1e-200]), [1.0 / 1e-200, -1.0 / 1e-200]);
}

#[test]
fn the_quotient_of_two_huge_numbers_has_partials_that_are_not_lost() {
    let (y, left, right) = partials(Div, 1e300, 1e300);
    assert_eq!(y, 1.0);
    approx::assert_relative_eq!(left, 1e-300, max_relative = 1e-15);
    approx::assert_relative_eq!(right, -1e-300, max_relative = 1e-15);
}

#[test]
fn zero_to_a_positive_power_is_flat_in_the_exponent() {
    assert_eq!(partials(Powf, 0.0, 2.0), (0.0, 0.0, 0.0));
    assert_eq!(partials(Powf, 0.0, 1.0), (0.0, 1.0, 0.0));
    assert_eq!(partials(Powf, 0.0, 0.5), (0.0, INF, 0.0));
}

#[test]
fn anything_to_the_power_zero_is_flat_in_the_base() {
    for x in [0.0, 2.0, -3.0, INF] {
        let (y, left, _) = partials(Powf, x, 0.0);
        assert_eq!((y, left), (1.0, 0.0), "at {x}");
    }
    assert_eq!(partials(Powf, 0.0, 0.0).2, 0.0);
    assert_eq!(partials(Powf, 2.0, 0.0).2, 2.0_f64.ln());
}

#[test]
fn a_negative_base_has_a_derivative_where_the_exponent_is_a_constant() {
    assert_eq!(at!(|x| x.powf(Real::from_f64(3.0)), -2.0), (-8.0, 12.0));
    assert_eq!(at!(|x| x.powf(Real::from_f64(2.0)), -3.0), (9.0, -6.0));
}

#[test]
fn maximum_and_minimum_at_a_tie_give_half_to_each_and_one_in_total() {
    for tie in [0.0, -2.5, 1e300, INF, -INF] {
        assert_eq!(partials(Max, tie, tie), (tie, 0.5, 0.5));
        assert_eq!(partials(Min, tie, tie), (tie, 0.5, 0.5));
    }
    let (_, left, right) = partials(Max, 0.0, -0.0);
    assert_eq!((left, right), (0.5, 0.5), "zeros of either sign tie");
    assert_eq!(grad(|x| x[0].max(x[0]), &[3.0]), [1.0]);
}

#[test]
fn maximum_and_minimum_with_a_nan_give_everything_to_the_number() {
    for x in [-1.0, 0.0, INF, -INF] {
        assert_eq!(partials(Max, x, NAN), (x, 1.0, 0.0));
        assert_eq!(partials(Max, NAN, x), (x, 0.0, 1.0));
        assert_eq!(partials(Min, x, NAN), (x, 1.0, 0.0));
        assert_eq!(partials(Min, NAN, x), (x, 0.0, 1.0));
    }
}

#[test]
fn maximum_and_minimum_of_two_nan_are_nan_with_half_for_each() {
    for (y, left, right) in [partials(Max, NAN, NAN), partials(Min, NAN, NAN)] {
        assert!(y.is_nan());
        assert_eq!((left, right), (0.5, 0.5));
    }
}

#[test]
fn maximum_of_infinities_chooses_like_that_of_numbers() {
    assert_eq!(partials(Max, INF, 1.0), (INF, 1.0, 0.0));
    assert_eq!(partials(Max, -INF, 1.0), (1.0, 0.0, 1.0));
    assert_eq!(partials(Min, INF, -INF), (-INF, 0.0, 1.0));
}

#[test]
fn the_step_is_a_half_at_a_tie_and_flat_everywhere() {
    for (a, b, y) in [(1.0, 0.0, 1.0), (0.0, 1.0, 0.0), (2.0, 2.0, 0.5), (NAN, 1.0, 0.0), (1.0, NAN, 1.0)] {
        let (value, left, right) = partials(Heaviside, a, b);
        assert_eq!((value, left, right), (y, 0.0, 0.0), "at {a}, {b}");
    }
}

#[test]
fn the_absolute_value_has_the_derivative_zero_at_its_kink() {
    assert_eq!(at!(|x| x.abs(), 0.0), (0.0, 0.0));
    assert_eq!(at!(|x| x.abs(), -0.0), (0.0, 0.0));
    assert_eq!(at!(|x| x.abs(), -INF), (INF, -1.0));
    assert_eq!(at!(|x| x.abs(), f64::MIN_POSITIVE), (f64::MIN_POSITIVE, 1.0));
    let (y, dy) = crate::value_and_grad(|x| x[0].abs(), &[NAN]);
    assert!(y.is_nan() && dy[0].is_nan());
}

#[test]
fn the_square_root_is_infinitely_steep_at_zero_and_nan_below() {
    assert_eq!(at!(|x| x.sqrt(), 0.0), (0.0, INF));
    let (y, dy) = crate::value_and_grad(|x| x[0].sqrt(), &[-1.0_f64]);
    assert!(y.is_nan() && dy[0].is_nan());
    assert_eq!(at!(|x| x.sqrt(), INF), (INF, 0.0));
}

#[test]
fn reciprocal_and_logarithm_at_zero_are_infinite_with_the_sign_of_the_side() {
    assert_eq!(at!(|x| x.recip(), 0.0), (INF, -INF));
    assert_eq!(at!(|x| x.recip(), -0.0), (-INF, -INF));
    assert_eq!(at!(|x| x.ln(), 0.0), (-INF, INF));
    assert_eq!(at!(|x| x.ln_1p(), -1.0), (-INF, INF));
    assert!(Var::from(-1.0_f64).ln().value().is_nan());
}

#[test]
fn softplus_far_out_is_the_ramp_with_its_slope() {
    assert_eq!(at!(|x| x.softplus(), 750.0), (750.0, 1.0));
    assert_eq!(at!(|x| x.softplus(), -750.0), (0.0, 0.0));
    assert_eq!(at!(|x| x.softplus(), INF), (INF, 1.0));
    assert_eq!(at!(|x| x.softplus(), -INF), (0.0, 0.0));
    // The left tail is e^x, not zero.
    let (y, dy) = at!(|x| x.softplus(), -40.0);
    approx::assert_relative_eq!(y, (-40.0_f64).exp(), max_relative = 1e-15);
    approx::assert_relative_eq!(dy, (-40.0_f64).exp(), max_relative = 1e-15);
}

#[test]
fn the_sigmoid_far_out_is_zero_or_one_and_flat() {
    assert_eq!(at!(|x| x.sigmoid(), 750.0), (1.0, 0.0));
    assert_eq!(at!(|x| x.sigmoid(), -750.0), (0.0, 0.0));
    assert_eq!(at!(|x| x.sigmoid(), INF), (1.0, 0.0));
    assert_eq!(at!(|x| x.sigmoid(), -INF), (0.0, 0.0));
    let (y, dy) = at!(|x| x.sigmoid(), -700.0);
    approx::assert_relative_eq!(y, (-700.0_f64).exp(), max_relative = 1e-14);
    approx::assert_relative_eq!(dy, (-700.0_f64).exp(), max_relative = 1e-14);
}

#[test]
fn the_hyperbolic_tangent_far_out_is_one_and_flat() {
    assert_eq!(at!(|x| x.tanh(), 750.0), (1.0, 0.0));
    assert_eq!(at!(|x| x.tanh(), -INF), (-1.0, 0.0));
}

#[test]
fn logarithm_and_exponential_next_to_one_keep_tiny_numbers() {
    for x in [1e-300, -1e-300, 1e-20, 5e-324] {
        assert_eq!(at!(|x| x.ln_1p(), x), (x, 1.0));
        assert_eq!(at!(|x| x.exp_m1(), x), (x, 1.0));
    }
    assert_eq!(at!(|x| x.exp_m1(), -800.0), (-1.0, 0.0));
    let (_, dy) = at!(|x| x.exp_m1(), -100.0);
    assert_eq!(dy, (-100.0_f64).exp(), "the tail that y + 1 would have lost");
}

#[test]
fn whole_powers_take_any_exponent() {
    let value_and_slope = |n: i32, x: f64| {
        let y = Unary::value(Powi(n), x);
        (y, Powi(n).pullback(x, y, 1.0))
    };
    assert_eq!(value_and_slope(-3, 2.0), (0.125, -3.0 / 16.0));
    assert_eq!(value_and_slope(i32::MIN, 1.0), (1.0, f64::from(i32::MIN)));
    assert_eq!(value_and_slope(i32::MIN, -1.0), (1.0, -f64::from(i32::MIN)));
    assert_eq!(value_and_slope(i32::MIN, 2.0), (0.0, 0.0));
    assert_eq!(value_and_slope(i32::MAX, 1.0), (1.0, f64::from(i32::MAX)));
    assert_eq!(value_and_slope(0, 0.0), (1.0, 0.0));
    assert_eq!(value_and_slope(1, 0.0), (0.0, 1.0));
    assert_eq!(value_and_slope(2, 0.0), (0.0, 0.0));
    assert_eq!(value_and_slope(-1, 0.0), (INF, -INF));
    assert_eq!(value_and_slope(0, INF), (1.0, 0.0));
}

/// Where partials are declared finite, a tape does not look whether a zero has met an infinite one.
#[test]
fn partials_that_are_declared_finite_are_finite_at_all_finite_arguments() {
    const ENDS: [f64; 7] = [f64::MIN, -1.0, -5e-324, 0.0, 5e-324, 1.0, f64::MAX];
    fn is_finite(op: impl Binary) -> bool {
        ENDS.iter().all(|&a| {
            ENDS.iter().all(|&b| {
                let (_, left, right) = partials(op, a, b);
                left.is_finite() && right.is_finite()
            })
        })
    }
    fn declared<P: Binary>(_: P) -> bool {
        P::FINITE
    }
    assert!(declared(Add) && declared(Sub) && declared(Mul));
    assert!(is_finite(Add) && is_finite(Sub) && is_finite(Mul));
    assert!(!declared(Div) && !is_finite(Div) && !declared(Powf) && !is_finite(Powf));
    let each = |c| ENDS.map(|a| ENDS.map(|b| MulAdd.pullback([a, b, c], a.mul_add(b, c), 1.0)));
    const { assert!(<MulAdd as Ternary>::FINITE) };
    assert!(ENDS.map(each).as_flattened().as_flattened().as_flattened().iter().all(|x| x.is_finite()));
}

#[test]
fn a_gate_that_is_shut_lets_neither_infinity_nor_nan_through() {
    for hidden in [INF, -INF, NAN, 3.0] {
        assert_eq!(partials(Gate, 0.0, hidden), (0.0, 0.0, 0.0));
        assert_eq!(partials(Gate, -0.0, hidden), (0.0, 0.0, 0.0));
    }
    assert_eq!(partials(Gate, 1e-300, 3.0), (3.0, 0.0, 1.0));
    assert_eq!(partials(Gate, NAN, 3.0), (3.0, 0.0, 1.0));
}

#[test]
fn the_infinite_partial_of_a_constant_operand_is_not_looked_at() {
    // ∂(xᵇ)/∂b at x = 0 would be 0 · -∞, ∂(aᵇ)/∂a at a = 0, b < 1 is infinite.
    assert_eq!(at!(|x| x.powf(Real::from_f64(3.0)), 0.0), (0.0, 0.0));
    let zero = 0.0;
    assert_eq!(crate::value_and_grad(|x| Var::from(zero).powf(x[0]), &[0.5]), (0.0, vec![0.0]));
    assert_eq!(Dual::constant(0.0).powf(Dual::new(0.5, 1.0)).tangent, 0.0);
    let (_, slope) = crate::value_and_grad(|x| Var::from(1.0) / x[0], &[0.0]);
    assert_eq!(slope, [-INF]);
    assert_eq!(crate::hvp(|x| x[0].powf(Real::from_f64(2.0)), &[0.0], &[1.0]).unwrap(), [2.0]);
}

#[test]
fn what_nobody_asked_for_is_not_multiplied_with_an_infinite_partial() {
    let tape = Tape::begin();
    let (x, y) = (tape.var(0.0), tape.var(4.0));
    // A line whose partial is infinite, reached with cotangent zero.
    let hidden = (x.sqrt() + y) * tape.var(0.0);
    let bar = tape.sweep(&(hidden + y)).unwrap();
    assert_eq!((bar.of(&x).unwrap(), bar.of(&y).unwrap()), (0.0, 1.0));

    let x = tape.tensor(&Tensor::from_slice(&[0.0, 4.0], &[2]).unwrap());
    let seed = Tensor::from_slice(&[0.0, 1.0], &[2]).unwrap();
    let bar = tape.sweep_with(&Tensor::sqrt(&x), seed).unwrap();
    assert_eq!(bar.of(&x).unwrap().to_vec(), [0.0, 0.25]);
}

#[test]
fn infinities_go_through_values_by_the_rules_of_ieee() {
    assert_eq!(at!(|x| x.exp(), -INF), (0.0, 0.0));
    assert_eq!(at!(|x| x.exp(), INF), (INF, INF));
    assert_eq!(at!(|x| x.ln(), INF), (INF, 0.0));
    assert_eq!(at!(|x| x.exp_m1(), -INF), (-1.0, 0.0));
    assert_eq!(at!(|x| x.recip(), INF), (0.0, 0.0));
    assert!(Elementary::sin(INF).is_nan());
    assert!((Var::from(INF) - INF).value().is_nan());
    assert!((Var::from(0.0) * INF).value().is_nan());
    assert_eq!(Elementary::powf(INF, -1.0), 0.0);
    assert_eq!(BinaryOp::Max(Max).left(INF, 1.0, INF, 1.0), 1.0);
}
