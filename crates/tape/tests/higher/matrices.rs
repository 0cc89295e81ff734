//! Hessians, forward Jacobians and many tangents.

use crate::{AT, mixed};
use approx::assert_relative_eq;
use tape::{
    Dual, Real, Tangents, Tensor, Var, grad, grad_over, hessian, hvp, jacobian, jacobian_forward, jvp,
    value_gradient_hessian,
};

fn rosenbrock<R: Real>(x: &[R]) -> R {
    let terms =
        x.windows(2).map(|x| (R::from_f64(1.0) - x[0]).powi(2) + (x[1] - x[0].powi(2)).powi(2).scale(100.0));
    terms.sum()
}

/// The Hessian column by column, forward over reverse on the fast tape.
fn by_products(f: impl Fn(&[Dual<Var>]) -> Dual<Var>, x: &[f64]) -> Vec<Vec<f64>> {
    let unit = |k| (0..x.len()).map(|i| f64::from(u8::from(i == k))).collect::<Vec<_>>();
    (0..x.len()).map(|k| hvp(&f, x, &unit(k)).unwrap()).collect()
}

fn assert_columns(hessian: &Tensor, columns: &[Vec<f64>]) {
    let n = columns.len();
    assert_eq!(hessian.shape(), [n, n]);
    for (j, column) in columns.iter().enumerate() {
        for (i, &want) in column.iter().enumerate() {
            assert_relative_eq!(hessian.as_slice()[i * n + j], want, max_relative = 1e-12, epsilon = 1e-12);
            assert_relative_eq!(hessian.as_slice()[j * n + i], want, max_relative = 1e-12, epsilon = 1e-12);
        }
    }
}

#[test]
fn hessians_agree_with_products_column_by_column_and_are_symmetric() {
    assert_columns(&hessian(mixed, &AT), &by_products(mixed, &AT));
    // Fewer, as many and more columns than are computed at once.
    for n in [2, 7, 8, 9, 16, 19] {
        let x: Vec<f64> = (0..n).map(|k| (k as f64 * 0.7).sin() * 1.5).collect();
        assert_columns(&hessian(rosenbrock, &x), &by_products(rosenbrock, &x));
    }
}

#[test]
fn reverse_over_reverse_gives_the_same_hessian_as_forward_over_reverse() {
    let n = AT.len();
    let want = hessian(mixed, &AT);
    for k in 0..n {
        let fast_outside = grad(|x| grad_over(mixed, x)[k], &AT);
        let nested = grad_over(|x| grad_over(mixed, x)[k], &AT);
        for (j, &want) in want.as_slice()[k * n..][..n].iter().enumerate() {
            assert_relative_eq!(fast_outside[j], want, max_relative = 1e-12, epsilon = 1e-12);
            assert_relative_eq!(nested[j], want, max_relative = 1e-12, epsilon = 1e-12);
        }
    }
}

#[test]
fn value_and_gradient_come_with_the_hessian() {
    let (y, gradient, h) = value_gradient_hessian(mixed, &AT);
    assert_eq!(y, mixed(&AT));
    for (got, want) in gradient.iter().zip(grad(mixed, &AT)) {
        assert_relative_eq!(*got, want, max_relative = 1e-13);
    }
    assert_eq!(h, hessian(mixed, &AT));
}

#[test]
fn hessians_in_single_precision_are_near() {
    let single = hessian(rosenbrock, &[-1.2_f32, 1.0]);
    for (got, want) in single.as_slice().iter().zip(hessian(rosenbrock, &[-1.2, 1.0]).as_slice()) {
        assert_relative_eq!(f64::from(*got), *want, max_relative = 1e-5);
    }
}

#[test]
fn hessians_of_nothing_of_constants_and_of_linear_functions_are_zero() {
    let (y, gradient, h) = value_gradient_hessian(|_| Real::from_f64(2.5), &[] as &[f64]);
    assert_eq!((y, gradient.len(), h.shape()), (2.5, 0, &[0, 0][..]));
    let (y, gradient, h) = value_gradient_hessian(|_| Real::from_f64(2.5), &[1.0, 2.0]);
    assert_eq!((y, gradient, h.to_vec()), (2.5, vec![0.0; 2], vec![0.0; 4]));
    assert_eq!(hessian(|x| x[1] * 3.0, &[1.0, 2.0]).to_vec(), [0.0; 4]);
    assert_eq!(hessian(|x| x[1] * x[1], &[1.0, 2.0]).to_vec(), [0.0, 0.0, 0.0, 2.0], "an ignored input");
}

#[test]
fn forward_jacobians_are_those_of_the_tape() {
    fn f<R: Real>(x: &[R]) -> Vec<R> {
        x.windows(2).map(|x| x[0] * x[1].sin()).chain([x[0], R::from_f64(3.0)]).collect()
    }
    for n in [1, 2, 8, 9, 17] {
        let x: Vec<f64> = (0..n).map(|k| 0.3 + k as f64).collect();
        let (forward, other) = (jacobian_forward(f, &x), jacobian(f, &x));
        assert_eq!(forward.shape(), [n + 1, n]);
        for (a, b) in forward.as_slice().iter().zip(other.as_slice()) {
            assert_relative_eq!(*a, *b, max_relative = 1e-14);
        }
    }
    assert_eq!(jacobian_forward(|_| vec![Tangents::from_f64(1.0); 3], &[] as &[f64]).shape(), [3, 0]);
    assert_eq!(jacobian_forward(|_| vec![], &[1.0, 2.0]).shape(), [0, 2]);
}

#[test]
fn each_tangent_is_that_of_a_dual_along_its_direction() {
    let directions = [[1.0, 0.0, 0.0], [0.5, -2.0, 0.25], [0.0, 0.0, 0.0], [-1.0, 1.0, 3.0]];
    let x: Vec<Tangents<4>> = (0..3).map(|i| Tangents::new(AT[i], directions.map(|v| v[i]))).collect();
    let y = mixed(&x);
    for (got, v) in y.tangents.into_iter().zip(directions) {
        let (value, tangent) = jvp(|x| vec![mixed(x)], &AT, &v).unwrap();
        assert_eq!(y.value, value[0]);
        assert_relative_eq!(got, tangent[0], max_relative = 1e-13);
    }
}

#[test]
fn tangents_over_the_fast_tape_give_several_columns_of_a_hessian_from_one_recording() {
    let tape = tape::Tape::begin();
    let leaves = tape.vars(&AT);
    let inputs: Vec<Tangents<3, Var>> = leaves.iter().zip(0..).map(|(&x, k)| Tangents::input(x, k)).collect();
    let y = mixed(&inputs);
    let want = hessian(mixed, &AT);
    for (j, column) in y.tangents.iter().enumerate() {
        let bar = tape.sweep(column).unwrap();
        for (i, leaf) in leaves.iter().enumerate() {
            let want = want.as_slice()[i * 3 + j];
            assert_relative_eq!(bar.of(leaf).unwrap(), want, max_relative = 1e-12, epsilon = 1e-12);
        }
    }
}

#[test]
fn a_tangent_that_is_not_there_stays_away_from_an_infinite_partial() {
    let x = Tangents::new(0.0, [1.0, 0.0]);
    assert_eq!(x.sqrt().tangents, [f64::INFINITY, 0.0]);
    let y = x.sqrt() * Tangents::new(2.0, [0.0, 1.0]);
    assert_eq!(y.tangents, [f64::INFINITY, 0.0]);
    assert_eq!(Tangents::<2>::constant(0.0).ln().tangents, [0.0; 2]);
}

#[test]
fn patterns_that_do_not_fit_are_refused_in_words() {
    use tape::{Dual, Pattern, Var, sparse_hessian, sparse_jacobian};
    let tall = Pattern::new(3, 2, [(2, 0), (0, 1)]).unwrap();
    let error = tall.symmetric_colours().unwrap_err().to_string();
    assert_eq!(error, "symmetric_colours: wants a square pattern, got [3, 2]");
    let product = |x: &[Dual<Var>]| x[0] * x[1];
    for rows in [0, 1, 3] {
        let empty = Pattern::new(rows, 2, []).unwrap();
        assert!(sparse_hessian(product, &empty, &[1.0, 2.0]).is_err(), "{rows} rows");
    }
    let lopsided = Pattern::new(2, 2, [(0, 1)]).unwrap();
    let error = lopsided.symmetric_colours().unwrap_err().to_string();
    assert_eq!(error, "symmetric_colours: wants entries at both (0, 1) and (1, 0), or at neither, got 1");
    // A pattern without entries says no less how many outputs there are.
    let square = |x: &[Dual<f64>]| vec![x[0] * x[0]];
    let error = sparse_jacobian(square, &Pattern::new(3, 1, []).unwrap(), &[1.0]).unwrap_err().to_string();
    assert_eq!(
        error,
        "sparse_jacobian: wants a function with an output for each of the pattern's 3 rows, got 1"
    );
    assert_eq!(sparse_jacobian(square, &Pattern::new(1, 1, []).unwrap(), &[1.0]).unwrap().sweeps(), 0);
}
