//! Sparse derivatives against dense ones, and how many sweeps they take.

use proptest::prelude::*;
use tape::{Dual, Pattern, Program, Real, Sparse, Var, sparse_hessian, sparse_jacobian};

fn dense(sparse: &Sparse) -> Vec<f64> {
    let (rows, columns) = (sparse.pattern().rows(), sparse.pattern().columns());
    let mut all = vec![0.0; rows * columns];
    sparse.triplets().for_each(|(i, j, value)| all[i * columns + j] = value);
    all
}

fn agree(sparse: &Sparse, want: &[f64]) -> bool {
    dense(sparse).iter().zip(want).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()))
}

/// Σ over chosen groups of inputs of a product of functions of them.
fn groups<R: Real>(x: &[R], groups: &[Vec<usize>]) -> Vec<R> {
    let of_group = |group: &Vec<usize>| group.iter().map(|&k| x[k % x.len()].sin().shift(1.5)).product::<R>();
    groups.iter().map(of_group).collect()
}

#[test]
fn a_banded_problem_of_ten_thousand_variables_takes_a_few_sweeps() {
    // Each residual joins three neighbours (Broyden's tridiagonal function, 1965).
    fn residuals<R: Real>(x: &[R]) -> Vec<R> {
        let zero = R::from_f64(0.0);
        let at = |k: usize| x.get(k).copied().unwrap_or(zero);
        let of = |k: usize| {
            let left = if k == 0 { zero } else { x[k - 1] };
            (R::from_f64(3.0) - x[k].scale(2.0)) * x[k] - left - at(k + 1).scale(2.0) + R::from_f64(1.0)
        };
        (0..x.len()).map(of).collect()
    }
    let squares = |x: &[tape::Traced]| residuals(x).into_iter().map(|r| r * r).sum();
    const N: usize = 10_000;
    let x: Vec<f64> = (0..N).map(|k| (k as f64).sin()).collect();

    let program = Program::trace_many(residuals, &x);
    let jacobian = program.sparse_jacobian(&x).unwrap();
    assert_eq!((jacobian.sweeps(), jacobian.pattern().entries()), (3, 3 * N - 2));
    for (i, j, value) in jacobian.triplets() {
        let want = match j as isize - i as isize {
            -1 => -1.0,
            0 => 3.0 - 4.0 * x[i],
            _ => -2.0,
        };
        assert!((value - want).abs() < 1e-12, "({i}, {j}): {value} and {want}");
    }
    let by_closure = sparse_jacobian(residuals, &program.jacobian_pattern(), &x).unwrap();
    assert_eq!((by_closure.sweeps(), by_closure.pattern()), (3, jacobian.pattern()));

    let program = Program::trace(squares, &x);
    let hessian = program.sparse_hessian(&x).unwrap();
    assert_eq!((hessian.sweeps(), hessian.pattern().entries()), (5, 5 * N - 6));
    // Along v it is what one Hessian-vector product says.
    let v: Vec<f64> = (0..N).map(|k| (k as f64).cos()).collect();
    let want = program.hvp(&x, &v).unwrap();
    for (got, want) in hessian.times(&v).unwrap().iter().zip(&want) {
        assert!((got - want).abs() < 1e-9 * (1.0 + want.abs()), "{got} and {want}");
    }
}

#[test]
fn a_sum_over_all_variables_and_an_arrow_take_few_sweeps() {
    // The first variable is joined with all others: n colours by columns, two by a star colouring.
    const N: usize = 300;
    let arrow = |x: &[tape::Traced]| x.iter().map(|&y| y.powi(3) * x[0]).sum();
    let x: Vec<f64> = (0..N).map(|k| 1.0 + (k as f64).sin()).collect();
    let program = Program::trace(arrow, &x);
    let hessian = program.sparse_hessian(&x).unwrap();
    assert_eq!(hessian.sweeps(), 2);
    assert!(agree(&hessian, &program.hessian(&x).unwrap()));
    // One dense row: by rows one sweep.
    let jacobian = program.sparse_jacobian(&x).unwrap();
    assert_eq!(jacobian.sweeps(), 1);
    assert!(agree(&jacobian, &program.jacobian(&x).unwrap()));
}

#[test]
fn linear_terms_and_steps_join_nothing() {
    let f = |x: &[tape::Traced]| {
        x[0].scale(3.0) - x[1] / 7.0 + (-x[2]).shift(1.0) + x[3].floor() * x[4].heaviside(x[5])
    };
    let program = Program::trace(f, &[0.5; 6]);
    assert_eq!(program.hessian_pattern().unwrap().triplets().collect::<Vec<_>>(), []);
    assert_eq!(program.sparse_hessian(&[0.5; 6]).unwrap().sweeps(), 0);
    assert_eq!(program.jacobian_pattern().row(0), [0, 1, 2]);
}

#[test]
fn wrong_patterns_say_what_was_wanted() {
    let square = |x: &[Dual<f64>]| vec![x[0] * x[0]];
    let pattern = Pattern::new(1, 2, [(0, 1)]).unwrap();
    let error = sparse_jacobian(square, &pattern, &[1.0]).unwrap_err().to_string();
    assert_eq!(error, "sparse_jacobian: wants an input for each of the pattern's 2 columns, got 1");
    let pattern = Pattern::new(3, 1, [(0, 0)]).unwrap();
    let error = sparse_jacobian(square, &pattern, &[1.0]).unwrap_err().to_string();
    assert_eq!(
        error,
        "sparse_jacobian: wants a function with an output for each of the pattern's 3 rows, got 1"
    );
    let lopsided = Pattern::new(2, 2, [(0, 1)]).unwrap();
    let error =
        sparse_hessian(|x: &[Dual<Var>]| x[0] * x[1], &lopsided, &[1.0, 2.0]).unwrap_err().to_string();
    assert_eq!(error, "symmetric_colours: wants entries at both (0, 1) and (1, 0), or at neither, got 1");
    assert!(Pattern::new(2, 2, [(2, 0)]).is_err());
    let program = Program::trace(|x| x[0] * x[0], &[1.0]);
    let error = program.sparse_hessian(&[1.0, 2.0]).unwrap_err().to_string();
    assert_eq!(error, "sparse_hessian: wants one input of 1 numbers, got 2");
}

proptest! {
    #[test]
    fn sparse_derivatives_are_the_dense_ones(
        joined in prop::collection::vec(prop::collection::vec(0_usize..40, 1..4), 1..30),
        n in 3_usize..25,
    ) {
        let x: Vec<f64> = (0..n).map(|k| (k as f64 * 1.3).cos()).collect();
        let many = Program::trace_many(|x| groups(x, &joined), &x);
        let want = many.jacobian(&x).unwrap();
        prop_assert!(agree(&many.sparse_jacobian(&x).unwrap(), &want));
        let pattern = many.jacobian_pattern();
        prop_assert!(agree(&sparse_jacobian(|x| groups(x, &joined), &pattern, &x).unwrap(), &want));

        let one = Program::trace(|x| groups(x, &joined).into_iter().sum(), &x);
        let want = one.hessian(&x).unwrap();
        let hessian = one.sparse_hessian(&x).unwrap();
        prop_assert!(agree(&hessian, &want));
        prop_assert!(hessian.sweeps() <= n);
        let pattern = one.hessian_pattern().unwrap();
        let sum = |x: &[Dual<Var>]| groups(x, &joined).into_iter().sum();
        prop_assert!(agree(&sparse_hessian(sum, &pattern, &x).unwrap(), &want));
    }
}
