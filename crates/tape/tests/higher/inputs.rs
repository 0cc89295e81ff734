//! What every derivative does with bad and odd input: NaN, infinities, overflow, nothing, constants.

use tape::{
    Dual, Real, Tape, Taylor, directional_derivatives, grad, grad_over, hessian, hvp, jacobian,
    jacobian_forward, jvp, value_and_grad, value_gradient_hessian, vjp,
};

fn product<R: Real>(x: &[R]) -> R {
    x[0].sin() * x[1]
}

/// The gradient by each way there is.
fn gradients(f: impl Fn(usize, &[f64]) -> Vec<f64>, x: &[f64]) -> Vec<Vec<f64>> {
    (0..6).map(|way| f(way, x)).collect()
}

/// Calls a generic function by the way of this number.
macro_rules! by {
    ($f:expr) => {
        |way: usize, x: &[f64]| -> Vec<f64> {
            let unit = |k: usize| (0..x.len()).map(|i| f64::from(u8::from(i == k))).collect::<Vec<_>>();
            match way {
                0 => grad($f, x),
                1 => grad_over($f, x),
                2 => value_gradient_hessian($f, x).1,
                3 => jacobian(|x| vec![$f(x)], x).to_vec(),
                4 => jacobian_forward(|x| vec![$f(x)], x).to_vec(),
                _ => (0..x.len()).map(|k| jvp(|x| vec![$f(x)], x, &unit(k)).unwrap().1[0]).collect(),
            }
        }
    };
}

#[test]
fn a_nan_among_the_inputs_comes_through_by_every_way() {
    for gradient in gradients(by!(product), &[f64::NAN, 2.0]) {
        assert!(gradient.iter().all(|d| d.is_nan()), "{gradient:?}");
    }
    assert!(hessian(product, &[f64::NAN, 2.0]).as_slice()[..3].iter().all(|d| d.is_nan()));
    assert!(hvp(product, &[f64::NAN, 2.0], &[1.0, 0.0]).unwrap().iter().all(|d| d.is_nan()));
}

#[test]
fn infinite_inputs_follow_the_rules_of_ieee_by_every_way() {
    fn f<R: Real>(x: &[R]) -> R {
        x[0] * x[1] + x[2].exp()
    }
    for gradient in gradients(by!(f), &[f64::INFINITY, 2.0, f64::NEG_INFINITY]) {
        assert_eq!(gradient, [2.0, f64::INFINITY, 0.0]);
    }
}

#[test]
fn a_partial_that_overflows_is_infinite_and_not_wrong() {
    // eˣ at 710 is infinite, and so is its derivative.
    fn f<R: Real>(x: &[R]) -> R {
        x[0].exp() + x[1]
    }
    for gradient in gradients(by!(f), &[710.0, 2.0]) {
        assert_eq!(gradient, [f64::INFINITY, 1.0]);
    }
    assert_eq!(
        directional_derivatives::<1, f64>(f, &[710.0, 2.0], &[0.0, 1.0]).unwrap(),
        [f64::INFINITY, 1.0]
    );
}

#[test]
fn zero_times_nan_is_nan_in_the_value_and_zero_in_the_derivative_by_the_nan() {
    fn f<R: Real>(x: &[R]) -> R {
        x[0] * x[1]
    }
    let (value, gradient) = value_and_grad(f, &[f64::NAN, 0.0]);
    assert!(value.is_nan() && gradient[1].is_nan());
    assert_eq!(gradient[0], 0.0);
    for gradient in gradients(by!(f), &[f64::NAN, 0.0]) {
        assert!(gradient[0] == 0.0 && gradient[1].is_nan(), "{gradient:?}");
    }
}

#[test]
fn an_input_that_is_not_looked_at_may_be_anything() {
    fn f<R: Real>(x: &[R]) -> R {
        if x[0] > R::from_f64(0.0) { x[0].powi(2) } else { x[1].ln() }
    }
    for bad in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
        for gradient in gradients(by!(f), &[3.0, bad]) {
            assert_eq!(gradient, [6.0, 0.0]);
        }
        assert_eq!(hessian(f, &[3.0, bad]).to_vec(), [2.0, 0.0, 0.0, 0.0]);
    }
}

#[test]
fn constant_functions_have_derivatives_of_zeros_by_every_way() {
    fn f<R: Real>(_: &[R]) -> R {
        R::from_f64(2.5)
    }
    for gradient in gradients(by!(f), &[1.0, f64::NAN]) {
        assert_eq!(gradient, [0.0, 0.0]);
    }
    for gradient in gradients(by!(f), &[]) {
        assert!(gradient.is_empty());
    }
    assert_eq!(hvp(f, &[1.0, 2.0], &[1.0, 1.0]).unwrap(), [0.0, 0.0]);
    assert_eq!(hvp(f, &[] as &[f64], &[]).unwrap(), []);
    assert_eq!(vjp(|x| vec![f(x)], &[] as &[f64], &[1.0]).unwrap(), (vec![2.5], vec![]));
    assert_eq!(jvp(|x| vec![f(x)], &[] as &[f64], &[]).unwrap(), (vec![2.5], vec![0.0]));
    assert_eq!(directional_derivatives::<2, f64>(f, &[], &[]).unwrap(), [2.5, 0.0, 0.0]);
    assert_eq!(jacobian(|_| vec![], &[1.0, 2.0]).shape(), [0, 2]);
    assert_eq!(jacobian(|x| vec![f(x)], &[] as &[f64]).shape(), [1, 0]);
}

#[test]
fn cotangents_of_intermediate_values_are_those_of_a_function_of_them() {
    let tape = Tape::begin();
    let (x, y) = (tape.var(0.5), tape.var(2.0));
    let inner = (x.sin() * y).keep();
    let outer = inner.exp() * y;
    let bar = tape.sweep(&outer).unwrap();
    let by_itself = grad(|v| v[0].exp() * v[1], &[inner.value(), 2.0]);
    assert_eq!(bar.of(&inner).unwrap(), by_itself[0]);
    assert_eq!(tape.sweep(&inner).unwrap().of(&x).unwrap(), grad(product, &[0.5, 2.0])[0], "and once more");
}

#[test]
fn duals_and_series_of_constants_stay_away_from_infinite_partials() {
    let still = Dual::constant(0.0);
    assert_eq!((still.sqrt() + Dual::new(1.0, 1.0)).tangent, 1.0);
    let still = Taylor::<2>::constant(0.0);
    assert_eq!((still.sqrt() + Taylor::along(1.0, 1.0)).coefficient(1), 1.0);
}
