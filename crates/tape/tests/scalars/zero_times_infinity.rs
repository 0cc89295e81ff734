//! Where a partial of zero and an infinite one meet: what does not move is not moved, a function at its limit is at rest,
//! and what numbers alone cannot tell is NaN.

use tape::{Dual, Tape, Var, checkpoint, checkpoint_chain, grad, jacobian, jvp, nary};

/// The gradient by one sweep, by a Jacobian of one output and of three (so many lanes backward), and by forward mode.
fn all_ways(
    taped: impl Fn(&[Var]) -> Var,
    forward: impl Fn(&[Dual<f64>]) -> Dual<f64>,
    x: &[f64],
) -> [Vec<f64>; 4] {
    let unit = |k| (0..x.len()).map(|j| f64::from(j == k)).collect::<Vec<_>>();
    let along = |k| jvp(|x| vec![forward(x)], x, &unit(k)).unwrap().1[0];
    [
        grad(&taped, x),
        jacobian(|x| vec![taped(x)], x).to_vec(),
        jacobian(|x| vec![x[0], taped(x), x[0]], x).to_vec()[x.len()..2 * x.len()].to_vec(),
        (0..x.len()).map(along).collect(),
    ]
}

macro_rules! must_be {
    ($f:expr, $x:expr, $want:expr) => {
        for (way, gradient) in all_ways($f, $f, &$x).into_iter().enumerate() {
            assert_eq!(gradient, $want, "{} at {:?}, way {way}", stringify!($f), $x);
        }
    };
}

#[test]
fn an_infinite_slope_moves_nothing_where_its_argument_is_at_rest() {
    must_be!(|x| x[0].relu().sqrt(), [-1.0], [0.0]);
    must_be!(|x| 1.0 / x[0].relu(), [-1.0], [0.0]);
    must_be!(|x| x[0].powi(3).cbrt(), [0.0], [0.0]);
    // Two lines meet, one of them at rest.
    must_be!(|x| x[0].relu().powf(x[1]), [-1.0, 0.5], [0.0, 0.0]);
    // The line is at rest by one of its inputs, and what comes back to it is infinite.
    must_be!(|x| (x[0] * x[1]).sqrt(), [0.0, 1.0], [f64::INFINITY, 0.0]);
}

#[test]
fn a_function_at_its_limit_is_at_rest_where_its_argument_has_overflowed() {
    assert_eq!(grad(|x| x[0].powi(3).tanh(), &[1e200]), [0.0]);
    assert_eq!(grad(|x| x[0].exp().powi(2).atan(), &[700.0]), [0.0]);
    let logistic = |z: Var| 1.0 / (1.0 + (-z).exp());
    assert_eq!(grad(|x| logistic(x[0] * x[1] + x[2]), &[-30.0, 30.0, 0.0]), [0.0; 3]);
    assert_eq!(grad(|x| x[0] * (x[1].exp() * x[2]).tanh(), &[2.0, 800.0, 1.0]), [1.0, 0.0, 0.0]);
}

#[test]
fn an_input_that_a_rule_does_not_read_does_not_matter_whatever_their_number() {
    for constants in 0..3 {
        let f = |x: &[Var]| {
            let mut parts = vec![x[0].sqrt(), x[1]];
            parts.extend((0..constants).map(|_| x[2]));
            nary::linear_combination(&[0.0, 1.0, 0.0, 0.0][..parts.len()], &parts)
        };
        assert_eq!(grad(f, &[0.0, 2.0, 3.0]), [0.0, 1.0, 0.0]);
    }
    assert_eq!(grad(|x| nary::norm(&[x[0].sqrt(), x[1].sqrt()]), &[0.0, 0.0]), [0.0, 0.0]);
}

#[test]
fn an_output_of_a_checkpoint_that_nobody_asks_for_does_not_spoil_the_gradient() {
    let piece = |x: &[Var]| vec![x[0].sqrt(), x[0] * 2.0];
    assert_eq!(grad(|x| checkpoint(x, piece)[1], &[0.0]), [2.0]);
    let chain =
        |x: &[Var]| checkpoint_chain(&[x[0], x[1]], &[], 1, |_, s, _| vec![s[0].sqrt(), s[1] * 2.0])[1];
    assert_eq!(grad(chain, &[0.0, 1.0]), [0.0, 2.0]);
}

#[test]
fn what_the_numbers_cannot_tell_is_nan_and_no_wrong_number() {
    // The derivatives are 0 by x₁ and 1: both are zero times infinity, of finite values.
    assert!(grad(|x| x[0] * x[1].sqrt(), &[0.0_f64, 0.0])[1].is_nan());
    assert!(grad(|x| x[0].cbrt().powi(3), &[0.0_f64])[0].is_nan());
}

#[test]
fn a_kept_value_that_nobody_asks_for_is_told_nothing() {
    let tape = Tape::begin();
    let x = tape.var(0.0);
    let root = x.sqrt().keep();
    let bar = tape.sweep(&(root * 0.0 + x)).unwrap();
    assert_eq!((bar.of(&root).unwrap(), bar.of(&x).unwrap()), (0.0, 1.0));
}
