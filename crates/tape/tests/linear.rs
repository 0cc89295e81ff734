//! Linear algebra on scalars: derivatives of first, second and third order against differences and identities, and what
//! happens where matrices are singular and eigenvalues coincide.

use tape::{Dual, Error, Program, Real, Tape, Traced, Var, grad, hvp, jvp, linear};

/// Numbers in [-1, 1] that look random and are the same every time.
fn entries(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn near(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{what}: got {got}, want {want}");
}

fn all_near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (k, (&got, &want)) in got.iter().zip(want).enumerate() {
        near(got, want, tolerance, &format!("{what}, entry {k}"));
    }
}

/// Central differences of `f`, entry by entry.
fn differences(f: impl Fn(&[f64]) -> f64, x: &[f64], h: f64) -> Vec<f64> {
    let at = |k: usize, step: f64| {
        let mut x = x.to_vec();
        x[k] += step;
        f(&x)
    };
    (0..x.len()).map(|k| (at(k, h) - at(k, -h)) / (2.0 * h)).collect()
}

/// Holds gradient, tangent, Hessian product, third derivative and program of a function against differences.
macro_rules! confirm {
    ($f:ident, $x:expr) => {{
        let x: Vec<f64> = $x;
        let v = entries(x.len(), 99);
        let what = stringify!($f);
        let gradient = grad($f, &x);
        all_near(&gradient, &differences($f, &x, 1e-5), 1e-7, what);

        let along: f64 = gradient.iter().zip(&v).map(|(g, v)| g * v).sum();
        let (_, tangent) = jvp(|x| vec![$f(x)], &x, &v).expect("lengths fit");
        near(tangent[0], along, 1e-11, &format!("{what} along v"));

        let moved = |step: f64| -> Vec<f64> { x.iter().zip(&v).map(|(x, v)| x + step * v).collect() };
        let (ahead, behind) = (grad($f, &moved(1e-5)), grad($f, &moved(-1e-5)));
        let want: Vec<f64> = ahead.iter().zip(&behind).map(|(a, b)| (a - b) / 2e-5).collect();
        all_near(&hvp($f, &x, &v).expect("lengths fit"), &want, 1e-6, &format!("Hessian of {what}"));

        // The third derivative along v: a dual of a dual of a dual against differences of the second.
        let third = |x: &[f64]| {
            let inner = |x: f64, v: f64| Dual::new(Dual::new(x, v), Dual::new(v, 0.0));
            let x: Vec<_> = x.iter().zip(&v).map(|(&x, &v)| Dual::new(inner(x, v), inner(v, 0.0))).collect();
            let y = $f(&x);
            (y.tangent.tangent.tangent, y.value.tangent.tangent)
        };
        let want = (third(&moved(1e-5)).1 - third(&moved(-1e-5)).1) / 2e-5;
        near(third(&x).0, want, 1e-5, &format!("third derivative of {what}"));

        let program = Program::trace(|x: &[Traced]| $f(x), &x);
        near(program.value(), $f(&x), 1e-12, &format!("program of {what}"));
        all_near(&program.gradient(), &gradient, 1e-8, &format!("gradient of the program of {what}"));
    }};
}

/// A sum over all entries that gives each a weight of its own.
fn weighted<R: Real>(x: &[R]) -> R {
    x.iter().enumerate().map(|(k, &x)| (x * x).scale(0.5) + x.scale((k as f64 + 0.5).cos())).sum()
}

fn solution<R: Real>(x: &[R]) -> R {
    weighted(&linear::solve(&x[..16], &x[16..]).expect("a regular matrix"))
}

fn inverted<R: Real>(x: &[R]) -> R {
    weighted(&linear::inverse(x).expect("a regular matrix"))
}

fn determinant<R: Real>(x: &[R]) -> R {
    linear::determinant(x).expect("a square matrix")
}

fn log_determinant<R: Real>(x: &[R]) -> R {
    linear::log_determinant(x).expect("a regular matrix").1
}

fn factor<R: Real>(x: &[R]) -> R {
    weighted(&linear::cholesky(x).expect("a positive definite matrix"))
}

fn spectrum<R: Real>(x: &[R]) -> R {
    let (values, vectors) = linear::symmetric_eigen(x).expect("a square matrix");
    weighted(&values) + weighted(&vectors)
}

/// A symmetric matrix with diagonal 2, 3, 4, … and small entries beside it.
fn definite(n: usize) -> Vec<f64> {
    let noise = entries(n * n, 5);
    (0..n * n)
        .map(|k| {
            let (i, j) = (k / n, k % n);
            if i == j { 2.0 + i as f64 } else { 0.4 * noise[i.max(j) * n + i.min(j)] }
        })
        .collect()
}

#[test]
fn solutions_have_the_derivatives_of_their_differences() {
    confirm!(solution, entries(16 + 4, 1));
    confirm!(solution, entries(16 + 8, 2));
}

#[test]
fn inverses_have_the_derivatives_of_their_differences() {
    confirm!(inverted, entries(9, 3));
}

#[test]
fn determinants_have_the_derivatives_of_their_differences() {
    for n in 1..=5 {
        confirm!(determinant, entries(n * n, n as u64));
        confirm!(log_determinant, entries(n * n, n as u64));
    }
}

#[test]
fn cholesky_factors_have_the_derivatives_of_their_differences() {
    confirm!(factor, definite(4));
}

#[test]
fn eigenvalues_and_eigenvectors_have_the_derivatives_of_their_differences() {
    confirm!(spectrum, definite(3));
    confirm!(spectrum, definite(4));
}

/// A matrix of rank n - `lost`.
fn deficient(n: usize, lost: usize) -> Vec<f64> {
    let (left, right) = (entries(n * n, 21), entries(n * n, 22));
    (0..n * n).map(|k| (0..n - lost).map(|j| left[k / n * n + j] * right[j * n + k % n]).sum()).collect()
}

#[test]
fn the_gradient_of_a_determinant_is_right_where_the_matrix_is_singular() {
    for n in 2..=6 {
        let a = deficient(n, 1);
        let gradient = grad(determinant, &a);
        all_near(&gradient, &differences(determinant, &a, 1e-5), 1e-8, "rank n - 1");
        assert!(gradient.iter().any(|g| g.abs() > 1e-4), "and not zero: {gradient:?}");
        let a = deficient(n, 2);
        all_near(&grad(determinant, &a), &vec![0.0; n * n], 1e-14, "rank n - 2");
    }
    let zero_column = [0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 5.0, 7.0];
    confirm!(determinant, zero_column.to_vec());
    confirm!(determinant, vec![0.0; 9]);
    let mut exact = vec![0.0; 25];
    for k in 0..4 {
        exact[k * 6] = 1.0 + k as f64;
    }
    confirm!(determinant, exact);
}

#[test]
fn the_hessian_of_a_determinant_is_right_where_the_matrix_is_singular() {
    for lost in 1..=3 {
        let (a, v) = (deficient(4, lost), entries(16, 7));
        let moved = |step: f64| -> Vec<f64> { a.iter().zip(&v).map(|(a, v)| a + step * v).collect() };
        let (ahead, behind) = (grad(determinant, &moved(1e-4)), grad(determinant, &moved(-1e-4)));
        let want: Vec<f64> = ahead.iter().zip(&behind).map(|(a, b)| (a - b) / 2e-4).collect();
        all_near(
            &hvp(determinant, &a, &v).expect("lengths fit"),
            &want,
            1e-7,
            "Hessian at a singular matrix",
        );
    }
}

/// Whatever does not depend on the choice of vectors within the space of equal eigenvalues.
fn exponential_sum<R: Real>(a: &[R]) -> R {
    linear::symmetric_eigen(a).expect("a square matrix").0.into_iter().map(|value| value.exp()).sum()
}

#[test]
fn equal_eigenvalues_leave_symmetric_functions_their_gradient() {
    let unit: Vec<f64> = (0..16).map(|k| if k % 5 == 0 { 2.0 } else { 0.0 }).collect();
    all_near(&grad(exponential_sum, &unit), &differences(exponential_sum, &unit, 1e-5), 1e-8, "all equal");
    // Q diag(1, 1, 3) Qᵀ with a Householder reflection Q.
    let q = [1.0 - 2.0 / 9.0, -4.0 / 9.0, -4.0 / 9.0, -4.0 / 9.0, 1.0 - 8.0 / 9.0, -8.0 / 9.0];
    let q = [q[0], q[1], q[2], q[3], q[4], q[5], -4.0 / 9.0, -8.0 / 9.0, 1.0 - 8.0 / 9.0];
    let pair: Vec<f64> = (0..9)
        .map(|k| (0..3).map(|j| q[k / 3 * 3 + j] * [1.0, 1.0, 3.0][j] * q[k % 3 * 3 + j]).sum())
        .collect();
    let (values, _) = linear::symmetric_eigen(&pair).expect("a square matrix");
    all_near(&values, &[1.0, 1.0, 3.0], 1e-14, "a pair");
    let gradient = grad(exponential_sum, &pair);
    all_near(&gradient, &differences(exponential_sum, &pair, 1e-5), 1e-8, "a pair");
    let spread = grad(|a: &[Var]| weighted(&linear::symmetric_eigen(a).expect("a square matrix").1), &pair);
    assert!(spread.iter().all(|g| g.is_finite()), "vectors of a pair have a finite answer: {spread:?}");
}

/// Values and vectors of a symmetric 2×2 or 3×3 matrix, and what they are where a program of them is replayed.
fn eigen<R: Real>(a: &[R]) -> Vec<R> {
    let (mut values, vectors) = linear::symmetric_eigen(a).expect("a square matrix");
    values.extend(vectors);
    values
}

#[test]
fn a_program_of_eigenvalues_keeps_order_signs_and_derivatives_elsewhere() {
    let diagonal = |x: [f64; 3]| vec![x[0], 0.0, 0.0, 0.0, x[1], 0.0, 0.0, 0.0, x[2]];
    let generic = definite(3);
    let programs = [
        Program::trace_many(|a: &[Traced]| eigen(a), &generic),
        Program::trace_many(
            |a: &[Traced]| eigen(a),
            &definite(3).into_iter().map(|a| -a).collect::<Vec<_>>(),
        ),
    ];
    let points = [
        generic.clone(),
        generic.iter().map(|a| -3.0 * a).collect(),
        diagonal([1.0, 2.0, 3.0]),
        diagonal([3.0, 1.0, -2.0]),
        diagonal([0.5, -1.5, 1.0]),
        vec![2.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 7.0],
        generic.iter().map(|a| 1e200 * a).collect(),
    ];
    for program in &programs {
        for x in &points {
            let what = format!("at {x:?}");
            all_near(&program.eval(x).expect("rotations enough"), &eigen(x), 1e-12, &what);
            let scale = x.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
            if scale < 1e100 {
                let got = program.jacobian(x).expect("rotations enough");
                let want = tape::jacobian(|a: &[Var]| eigen(a), x);
                all_near(&got, want.as_slice(), 1e-8, &format!("Jacobian {what}"));
            }
        }
    }
    // A matrix of two: one rotation is enough everywhere.
    let program = Program::trace_many(|a: &[Traced]| eigen(a), &[1.0, 0.5, 0.5, 3.0]);
    for x in [[3.0, -0.5, -0.5, 1.0], [1.0, 0.0, 0.0, 3.0], [0.0, 2.0, 2.0, 0.0], [-5.0, 1e-9, 1e-9, 4.0]] {
        all_near(&program.eval(&x).expect("rotations enough"), &eigen(&x), 1e-13, &format!("at {x:?}"));
    }
}

#[test]
fn eigenvalues_of_a_diagonal_matrix_have_their_derivatives_in_a_program() {
    let x = [1.0, 0.0, 0.0, 3.0];
    let vector = |a: &[Traced]| eigen(a)[3];
    all_near(&Program::trace(vector, &x).gradient(), &[0.0, 0.0, 0.5, 0.0], 1e-14, "where it was traced");
    let value = Program::trace(|a: &[Traced]| eigen(a)[1], &x);
    let want = tape::hessian(|a: &[_]| eigen(a)[1], &x);
    near(want.as_slice()[10], 1.0, 1e-14, "by the tape");
    all_near(&value.hessian(&x).expect("rotations enough"), want.as_slice(), 1e-12, "Hessian");
    let spread = |a: &[_]| weighted::<Traced>(&eigen(a));
    let diagonal = [1.0, 0.0, 0.0, 0.0, 2.5, 0.0, 0.0, 0.0, 4.0];
    let program = Program::trace(spread, &diagonal);
    all_near(&program.gradient(), &grad(|a| weighted::<Var>(&eigen(a)), &diagonal), 1e-13, "spread");
    let got = program.hessian(&diagonal).expect("rotations enough");
    let want = tape::hessian(|a: &[_]| weighted(&eigen(a)), &diagonal);
    all_near(&got, want.as_slice(), 1e-11, "Hessian of all");
}

#[test]
fn equal_eigenvalues_leave_symmetric_functions_their_gradient_in_a_program_too() {
    for x in [
        [2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0],
        [2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 5.0],
        [0.0; 9],
    ] {
        let program = Program::trace(exponential_sum::<Traced>, &x);
        all_near(&program.gradient(), &grad(exponential_sum, &x), 1e-13, "where it was traced");
        let elsewhere = Program::trace(exponential_sum::<Traced>, &definite(3));
        let (_, gradient) = elsewhere.value_and_grad(&x).expect("rotations enough");
        all_near(&gradient, &grad(exponential_sum, &x), 1e-13, "where it was replayed");
    }
}

#[test]
fn a_replay_with_too_few_rotations_says_so() {
    let program =
        Program::trace_many(|a: &[Traced]| eigen(a), &[1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0]);
    let hard: Vec<f64> = (0..9).map(|k| 1.0 + f64::from(u8::from(k % 4 == 0)) * 1e-3 * k as f64).collect();
    assert!(matches!(program.eval(&hard), Err(Error::Branch { .. })));
}

#[test]
fn a_program_of_a_determinant_is_held_to_its_sign() {
    let f = |a: &[Traced]| {
        let (sign, size) = linear::log_determinant(a).expect("a regular matrix");
        vec![Traced::from(sign), size]
    };
    let program = Program::trace_many(f, &[2.0, 0.0, 0.0, 1.0]);
    all_near(
        &program.eval(&[3.0, 0.5, 0.25, 5.0]).expect("the same signs"),
        &[1.0, 14.875_f64.ln()],
        1e-14,
        "",
    );
    for other in [[2.0, 0.0, 0.0, -1.0], [-2.0, 0.0, 0.0, 1.0], [-2.0, 0.0, 0.0, -1.0], [1.0, 2.0, 2.0, 4.0]]
    {
        assert!(matches!(program.eval(&other), Err(Error::Branch { .. })), "{other:?}");
    }
}

#[test]
fn a_solve_is_a_few_lines_and_a_determinant_one() -> Result<(), Error> {
    let n = 12;
    let tape = Tape::begin();
    let a = tape.vars(&entries(n * n, 4));
    let b = tape.vars(&entries(n, 5));
    let before = tape.lines();
    let x = linear::solve(&a, &b)?;
    assert!(tape.lines() - before <= 6 * n, "{} lines", tape.lines() - before);
    let before = tape.lines();
    let y = linear::determinant(&a)?;
    assert_eq!(tape.lines() - before, 1);
    assert!(tape.sweep(&y)?.of(&a[0])? != 0.0 && tape.sweep(&x[0])?.of(&b[0])? != 0.0);
    Ok(())
}

#[test]
fn what_is_computed_satisfies_its_equations() -> Result<(), Error> {
    for n in [1, 2, 7, 20] {
        let (a, b) = (entries(n * n, 8), entries(n * 3, 9));
        let x = linear::solve(&a, &b)?;
        for i in 0..n {
            for k in 0..3 {
                let product: f64 = (0..n).map(|j| a[i * n + j] * x[j * 3 + k]).sum();
                near(product, b[i * 3 + k], 1e-10, "A X");
            }
        }
        let a = definite(n);
        let l = linear::cholesky(&a)?;
        let (values, vectors) = linear::symmetric_eigen(&a)?;
        assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "ascending");
        for i in 0..n {
            for j in 0..n {
                near((0..n).map(|k| l[i * n + k] * l[j * n + k]).sum(), a[i * n + j], 1e-13, "L Lᵀ");
                let stretched: f64 = (0..n).map(|k| a[i * n + k] * vectors[k * n + j]).sum();
                near(stretched, values[j] * vectors[i * n + j], 1e-12, "A V");
            }
        }
        let (sign, size) = linear::log_determinant(&a)?;
        near(sign * size.exp(), linear::determinant(&a)?, 1e-12, "exp ln det");
    }
    Ok(())
}

#[test]
fn nothing_and_single_precision_work_too() -> Result<(), Error> {
    assert_eq!(linear::solve::<f64>(&[], &[])?, []);
    assert_eq!(linear::inverse::<Var>(&[])?.len(), 0);
    assert_eq!(linear::determinant::<f64>(&[])?, 1.0);
    assert_eq!(linear::symmetric_eigen::<Var>(&[])?.0.len(), 0);
    let gradient = grad(|a| linear::determinant(a).expect("square"), &[1.0_f32, 2.0, 3.0, 4.0]);
    assert_eq!(gradient, [4.0, -3.0, -2.0, 1.0]);
    let gradient = grad(|a| linear::inverse(a).expect("regular")[0], &[2.0_f32, 0.0, 0.0, 4.0]);
    assert_eq!(gradient, [-0.25, 0.0, 0.0, 0.0]);
    Ok(())
}

#[test]
fn a_determinant_that_underflows_keeps_its_logarithm() -> Result<(), Error> {
    let n = 40;
    let tiny: Vec<f64> = (0..n * n).map(|k| if k % (n + 1) == 0 { 1e-20 } else { 0.0 }).collect();
    assert_eq!(linear::determinant(&tiny)?, 0.0);
    near(linear::log_determinant(&tiny)?.1, 40.0 * 1e-20_f64.ln(), 1e-14, "ln det");
    Ok(())
}

#[test]
fn nan_passes_through_and_bad_matrices_are_errors() {
    assert!(linear::determinant(&[f64::NAN, 1.0, 1.0, 1.0]).is_ok_and(f64::is_nan));
    assert!(linear::solve(&[f64::NAN], &[1.0]).is_ok_and(|x| x[0].is_nan()));
    let want = "wants the n² entries of a square matrix, got 3";
    for error in [
        linear::solve(&[1.0; 3], &[1.0]).map(|_| 0.0),
        linear::inverse(&[1.0; 3]).map(|_| 0.0),
        linear::determinant(&[1.0; 3]),
        linear::log_determinant(&[1.0; 3]).map(|_| 0.0),
        linear::cholesky(&[1.0; 3]).map(|_| 0.0),
        linear::symmetric_eigen(&[1.0; 3]).map(|_| 0.0),
    ] {
        assert!(error.as_ref().is_err_and(|error| error.to_string().ends_with(want)), "{error:?}");
    }
    let error = linear::solve(&[1.0; 4], &[1.0; 3]).unwrap_err();
    assert_eq!(error.to_string(), "solve: wants a multiple of 2 numbers on the right, got 3");
    let error = linear::solve(&[1.0; 4], &[1.0; 2]).unwrap_err();
    assert_eq!(error.to_string(), "solve: wants a regular matrix, got one whose pivot 1 is zero");
    let error = linear::log_determinant(&[0.0; 4]).unwrap_err();
    assert_eq!(error.to_string(), "log_determinant: wants a regular matrix, got one whose pivot 0 is zero");
    let tape = Tape::begin();
    assert!(linear::cholesky(&tape.vars(&[0.0])).is_err() && linear::cholesky(&[f64::NAN]).is_err());
}
