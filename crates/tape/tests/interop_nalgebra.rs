//! The decompositions of `nalgebra`, and code over its `RealField`, differentiate: against differences, on `Var`, `Dual`, duals
//! of recorded numbers and programs.
#![cfg(feature = "nalgebra")]

use nalgebra::{
    DMatrix, DVector, Isometry3, Matrix2x3, Matrix3, RealField, Rotation3, RowDVector, RowVector3, SMatrix,
    UnitQuaternion, Vector3,
};
use tape::{Dual, Error, Program, Real, Tape, Tensor, Traced, Var, grad, hvp, jvp};

/// Numbers in [-1, 1] that look random and are the same every time.
fn entries(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn all_near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (k, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(
            (got - want).abs() <= tolerance * want.abs().max(1.0),
            "{what}, entry {k}: got {got}, want {want}"
        );
    }
}

fn difference(ahead: &[f64], behind: &[f64], h: f64) -> Vec<f64> {
    ahead.iter().zip(behind).map(|(a, b)| (a - b) / (2.0 * h)).collect()
}

/// Holds the derivatives of a generic function against differences, on every kind of handle.
macro_rules! confirm {
    ($f:ident, $x:expr) => {{
        let x: Vec<f64> = $x;
        let (h, what) = (1e-5, stringify!($f));
        let at = |k: usize, step: f64| {
            let mut x = x.clone();
            x[k] += step;
            $f(&x)
        };
        let want: Vec<f64> = (0..x.len()).map(|k| (at(k, h) - at(k, -h)) / (2.0 * h)).collect();
        let gradient = grad($f::<Var>, &x);
        all_near(&gradient, &want, 1e-7, what);

        let v = entries(x.len(), 77);
        let along: f64 = gradient.iter().zip(&v).map(|(g, v)| g * v).sum();
        let (_, tangent) = jvp(|x: &[Dual<f64>]| vec![$f(x)], &x, &v).expect("lengths fit");
        all_near(&tangent, &[along], 1e-10, &format!("{what} over Dual"));

        let moved = |step: f64| -> Vec<f64> { x.iter().zip(&v).map(|(x, v)| x + step * v).collect() };
        let want = difference(&grad($f::<Var>, &moved(h)), &grad($f::<Var>, &moved(-h)), h);
        let product = hvp($f::<Dual<Var>>, &x, &v).expect("lengths fit");
        all_near(&product, &want, 1e-6, &format!("Hessian of {what}"));

        let program = Program::trace($f::<Traced>, &x);
        all_near(&[program.value()], &[$f(&x)], 1e-13, &format!("program of {what}"));
        all_near(&program.gradient(), &gradient, 1e-10, &format!("gradient of the program of {what}"));
    }};
}

fn square<R: RealField + Copy>(x: &[R]) -> DMatrix<R> {
    DMatrix::from_row_slice(x.len().isqrt(), x.len().isqrt(), x)
}

/// A sum over all entries that gives each a weight of its own.
fn weighted<'a, R: RealField + Copy>(x: impl IntoIterator<Item = &'a R>) -> R {
    let weights = (0..).map(|k| nalgebra::convert::<f64, R>((k as f64 + 0.5).cos()));
    x.into_iter().zip(weights).fold(R::zero(), |sum, (&x, weight)| sum + weight * x + x * x)
}

fn symmetric<R: RealField + Copy>(x: &[R]) -> DMatrix<R> {
    let a = square(x);
    (&a + a.transpose()) * nalgebra::convert::<f64, R>(0.5)
}

fn determinant<R: RealField + Copy>(x: &[R]) -> R {
    square(x).determinant()
}

fn inverse<R: RealField + Copy>(x: &[R]) -> R {
    weighted(&square(x).try_inverse().expect("regular"))
}

fn solution_by_lu<R: RealField + Copy>(x: &[R]) -> R {
    weighted(&square(&x[4..]).lu().solve(&DVector::from_row_slice(&x[..4])).expect("regular"))
}

fn full_pivots<R: RealField + Copy>(x: &[R]) -> R {
    weighted(&square(&x[4..]).full_piv_lu().solve(&DVector::from_row_slice(&x[..4])).expect("regular"))
}

fn solution_by_cholesky<R: RealField + Copy>(x: &[R]) -> R {
    let a = square(&x[4..]);
    let definite = &a * a.transpose() + DMatrix::identity(4, 4);
    weighted(&definite.cholesky().expect("definite").solve(&DVector::from_row_slice(&x[..4])))
}

fn qr<R: RealField + Copy>(x: &[R]) -> R {
    let qr = square(x).qr();
    weighted(&qr.q()) + weighted(&qr.r())
}

fn singular_values<R: RealField + Copy>(x: &[R]) -> R {
    weighted(&square(x).singular_values())
}

fn least_squares_by_svd<R: RealField + Copy>(x: &[R]) -> R {
    let a = DMatrix::from_row_slice(5, 3, &x[5..]);
    let b = DVector::from_row_slice(&x[..5]);
    weighted(&a.svd(true, true).solve(&b, nalgebra::convert(1e-9)).expect("vectors were asked for"))
}

fn eigenvalues<R: RealField + Copy>(x: &[R]) -> R {
    // They come in no particular order: a symmetric function of them.
    symmetric(x).symmetric_eigenvalues().iter().fold(R::zero(), |sum, &value| sum + value.exp())
}

fn projector<R: RealField + Copy>(x: &[R]) -> R {
    let eigen = symmetric(x).symmetric_eigen();
    let largest = eigen.eigenvalues.imax();
    let v = eigen.eigenvectors.column(largest).into_owned();
    weighted(&(&v * v.transpose()))
}

fn exponential<R: RealField + Copy>(x: &[R]) -> R {
    weighted(&square(x).exp())
}

fn rotations<R: RealField + Copy>(x: &[R]) -> R {
    let axis = nalgebra::Unit::new_normalize(Vector3::new(x[0], x[1], x[2]));
    let turn = Isometry3::from_parts(
        Vector3::new(x[3], x[4], x[5]).into(),
        UnitQuaternion::from_axis_angle(&axis, x[6]),
    );
    let rotated = turn.transform_vector(&Vector3::new(x[1], x[2], x[0]))
        + Rotation3::from_euler_angles(x[4], x[5], x[6]) * turn.translation.vector;
    weighted(&rotated)
}

#[test]
fn determinants_and_inverses_differentiate() {
    for n in [2, 3, 4, 5] {
        confirm!(determinant, entries(n * n, n as u64));
        confirm!(inverse, entries(n * n, n as u64));
    }
}

#[test]
fn lu_differentiates() {
    confirm!(solution_by_lu, entries(20, 3));
    confirm!(full_pivots, entries(20, 4));
}

#[test]
fn cholesky_differentiates() {
    confirm!(solution_by_cholesky, entries(20, 5));
}

#[test]
fn qr_differentiates() {
    confirm!(qr, entries(9, 6));
    confirm!(qr, entries(16, 7));
}

#[test]
fn singular_values_and_least_squares_differentiate() {
    confirm!(singular_values, entries(9, 8));
    confirm!(singular_values, entries(16, 9));
    confirm!(least_squares_by_svd, entries(20, 10));
}

#[test]
fn symmetric_eigenvalues_and_vectors_differentiate() {
    confirm!(eigenvalues, entries(9, 11));
    confirm!(eigenvalues, entries(16, 12));
    confirm!(projector, entries(9, 13));
}

#[test]
fn the_exponential_of_a_matrix_differentiates() {
    confirm!(exponential, entries(9, 14));
}

#[test]
fn rotations_and_rigid_motions_differentiate() {
    confirm!(rotations, entries(7, 15));
}

#[test]
fn entries_that_are_recorded_zeros_have_their_derivative() {
    // The rules of nalgebra leave work out where something is zero; the derivative must not be left out with it.
    let diagonal: Vec<f64> = (0..9).map(|k| if k % 4 == 0 { 1.5 + k as f64 } else { 0.0 }).collect();
    confirm!(determinant, diagonal.clone());
    confirm!(inverse, diagonal.clone());
    confirm!(
        solution_by_lu,
        [entries(4, 1), (0..16).map(|k| if k % 5 == 0 { 2.0 } else { 0.0 }).collect()].concat()
    );
}

#[test]
fn a_program_of_a_decomposition_is_right_elsewhere_or_says_that_it_is_not() {
    // Where these matrices have zeros the decompositions go another way.
    let entries_of = |matrix: &DMatrix<Traced>| matrix.iter().copied().collect::<Vec<_>>();
    let matrices = [
        [0.0, 1.0, 0.0, 2.0],
        [1.0, 1.0, 2.0, 2.5],
        [1.0, 0.0, 0.0, 2.0],
        [0.0, 1.0, 1.0, 0.0],
        [1.0, 2.0, 2.0, 4.0],
    ];
    for at in matrices {
        let factor = Program::trace_many(|x| entries_of(&square(x).qr().r()), &at);
        let inverse = Program::trace_many(
            |x| square(x).try_inverse().map_or(vec![Traced::from(0.0); 4], |inverse| entries_of(&inverse)),
            &at,
        );
        for x in matrices {
            let (want, none) = (square(&x).qr().r(), DMatrix::zeros(2, 2));
            match factor.eval(&x) {
                Ok(got) => all_near(&got, want.as_slice(), 1e-13, &format!("R at {x:?}, traced at {at:?}")),
                Err(error) => assert!(matches!(error, Error::Branch { .. }) && x != at, "{error}"),
            }
            match inverse.eval(&x) {
                Ok(got) => {
                    let want = square(&x).try_inverse().unwrap_or(none);
                    all_near(&got, want.as_slice(), 1e-13, &format!("inverse at {x:?}, traced at {at:?}"));
                }
                Err(error) => assert!(matches!(error, Error::Branch { .. }) && x != at, "{error}"),
            }
        }
    }
}

/// What the field asks of a number.
fn answers<R: RealField + Copy>(x: R) -> Vec<bool> {
    vec![
        x.argument() == R::zero(),
        nalgebra::ComplexField::is_finite(&x),
        RealField::is_sign_positive(&x),
        RealField::is_sign_negative(&x),
        x.try_sqrt().is_some(),
        x.to_exp().1 == R::one(),
        nalgebra::ComplexField::sinc(x) == R::one(),
    ]
}

#[test]
fn questions_of_the_field_are_recorded_in_a_program() {
    let probes = [f64::NEG_INFINITY, -1.0, -0.0, 0.0, 1e-300, 1.0, f64::INFINITY, f64::NAN];
    for kind in 0..7 {
        let number = |answers: Vec<bool>| f64::from(u8::from(answers[kind]));
        let only = |x: &[Traced]| if answers(x[0])[kind] { x[1] } else { x[1] * 0.0 };
        for at in probes {
            // The answers to the other questions are recorded as well, so a program is asked of its own kind only.
            let program = Program::trace(only, &[at, 1.0]);
            for x in probes {
                match program.eval(&[x, 1.0]) {
                    Ok(got) => {
                        assert_eq!(got, [number(answers(x))], "{kind}, traced at {at}, replayed at {x}")
                    }
                    Err(Error::Branch { .. }) => assert_ne!(at.to_bits(), x.to_bits()),
                    Err(other) => panic!("wants a branch, got {other}"),
                }
            }
        }
    }
}

#[test]
fn what_nalgebra_leaves_out_at_zeros_has_no_derivative_there() {
    // Off the diagonal there is nothing to turn, so the largest vector seems to stand still.
    fn product<R: RealField + Copy>(x: &[R]) -> R {
        let eigen = symmetric(x).symmetric_eigen();
        let v = eigen.eigenvectors.column(eigen.eigenvalues.imax()).into_owned();
        v[0] * v[1]
    }
    fn ours<R: Real>(x: &[R]) -> R {
        let half: Vec<R> = (0..9).map(|k| (x[k] + x[k % 3 * 3 + k / 3]).scale(0.5)).collect();
        let (_, vectors) = tape::linear::symmetric_eigen(&half).expect("a square matrix");
        vectors[2] * vectors[5]
    }
    let diagonal = [5.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 1.0];
    let slope = |f: fn(&[f64]) -> f64| {
        let at = |h: f64| f(&[5.0, h, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 1.0]);
        (at(1e-5) - at(-1e-5)) / 2e-5
    };
    all_near(&[slope(product), slope(ours)], &[0.25, 0.25], 1e-8, "differences");
    assert_eq!(grad(product::<Var>, &diagonal), [0.0; 9]);
    all_near(&grad(ours::<Var>, &diagonal)[..4], &[0.0, 0.25, 0.0, 0.25], 1e-14, "linear::symmetric_eigen");

    // The rotation by a vector of length zero is a constant.
    fn turned<R: RealField + Copy>(x: &[R]) -> R {
        UnitQuaternion::from_scaled_axis(Vector3::new(x[0], x[1], x[2])).transform_vector(&Vector3::new(
            R::one(),
            R::zero(),
            R::zero(),
        ))[1]
    }
    let at = |h: f64| turned(&[0.0, 0.0, h]);
    all_near(&[(at(1e-5) - at(-1e-5)) / 2e-5], &[1.0], 1e-8, "differences");
    assert_eq!(grad(turned::<Var>, &[0.0; 3]), [0.0; 3]);

    // The root of a sum of squares that is zero: they are at rest, and the infinite slope of the root moves nothing.
    let length = |x: &[Var]| DVector::from_row_slice(x).norm();
    assert_eq!(grad(length, &[0.0; 2]), [0.0; 2]);
    assert_eq!(grad(tape::nary::norm, &[0.0; 2]), [0.0; 2]);
}

#[test]
fn single_precision_differentiates() {
    let x: Vec<f32> = entries(9, 16).iter().map(|&x| x as f32).collect();
    let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    let got: Vec<f64> = grad(inverse::<Var<f32>>, &x).into_iter().map(f64::from).collect();
    let want = grad(inverse::<Var>, &wide);
    let largest = want.iter().fold(1.0_f64, |a, b| a.max(b.abs()));
    assert!(got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-3 * largest), "{got:?} {want:?}");
}

#[test]
fn matrices_become_tensors_and_back() -> Result<(), Error> {
    let matrix = Matrix2x3::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
    let tensor = Tensor::from(&matrix);
    assert_eq!(tensor, Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?);
    assert_eq!(DMatrix::<f64>::try_from(&tensor)?, matrix);
    assert_eq!(Tensor::from(&matrix.transpose()).shape(), [3, 2]);
    assert_eq!(Tensor::from(&Vector3::new(1.0_f32, 2.0, 3.0)).shape(), [3, 1]);
    assert_eq!(DMatrix::<f64>::try_from(&Tensor::full(&[4], 1.0))?.shape(), (4, 1));
    let error = DMatrix::<f64>::try_from(&Tensor::full(&[1, 2, 3], 1.0)).unwrap_err();
    assert_eq!(error.to_string(), "to DMatrix: wants one or two axes, got [1, 2, 3]");
    Ok(())
}

#[test]
fn tensors_become_vectors_and_matrices_of_known_size() -> Result<(), Error> {
    let matrix = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let (row, column) = (Tensor::from([[1.0, 2.0, 3.0]]), Tensor::from([[1.0], [2.0], [3.0]]));
    let plain = Tensor::from([1.0, 2.0, 3.0]);
    // nalgebra's constructors take rows, and store columns.
    assert_eq!(Matrix2x3::<f64>::try_from(&matrix)?, Matrix2x3::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
    assert_eq!(Matrix2x3::<f64>::try_from(&matrix)?.as_slice(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(DMatrix::<f64>::try_from(&matrix)?.as_slice(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    for x in [&plain, &column] {
        assert_eq!(Vector3::<f64>::try_from(x)?, Vector3::new(1.0, 2.0, 3.0));
        assert_eq!(DVector::<f64>::try_from(x)?.as_slice(), [1.0, 2.0, 3.0]);
    }
    for x in [&plain, &row] {
        assert_eq!(RowVector3::<f64>::try_from(x)?, RowVector3::new(1.0, 2.0, 3.0));
        assert_eq!(RowDVector::<f64>::try_from(x)?.as_slice(), [1.0, 2.0, 3.0]);
    }
    assert_eq!(SMatrix::<f64, 1, 1>::try_from(&Tensor::from([7.0]))?.as_slice(), [7.0]);
    assert_eq!(DMatrix::<f64>::try_from(&Tensor::zeros(&[0, 3]))?.shape(), (0, 3));
    let words = |error: Result<(), Error>| error.unwrap_err().to_string();
    let to = words(Matrix2x3::<f64>::try_from(&column).map(drop));
    assert_eq!(to, "to SMatrix: wants 2 rows and 3 columns, got [3, 1]");
    assert_eq!(
        words(DVector::<f64>::try_from(&row).map(drop)),
        "to DVector: wants one axis, or one column, got [1, 3]"
    );
    let to = words(RowDVector::<f64>::try_from(&column).map(drop));
    assert_eq!(to, "to RowDVector: wants one axis, or one row, got [3, 1]");
    assert!(Vector3::<f64>::try_from(&Tensor::from([1.0, 2.0])).is_err());
    Ok(())
}

#[test]
fn parts_of_a_matrix_become_tensors() {
    let matrix = Matrix2x3::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
    assert_eq!(Tensor::from(&matrix.columns(1, 2)), Tensor::from([[2.0, 3.0], [5.0, 6.0]]));
    assert_eq!(Tensor::from(&matrix.row(1)), Tensor::from([[4.0, 5.0, 6.0]]));
    assert_eq!(
        Tensor::from(&matrix.view_with_steps((0, 0), (2, 2), (0, 1))),
        Tensor::from([[1.0, 3.0], [4.0, 6.0]])
    );
}

#[test]
fn vectors_of_scalars_stand_on_the_tape_of_their_tensor() -> Result<(), Error> {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from([3.0, 4.0, 12.0]));
    let vector = DVector::<Var>::try_from(&x)?;
    let fixed = Vector3::<Var>::try_from(&x)?;
    let y = vector.norm() + fixed.dot(&fixed);
    let got = tape.sweep(&y)?.of(&x)?.to_vec();
    let f = |x: [f64; 3]| Vector3::from(x).norm() + Vector3::from(x).norm_squared();
    for (k, got) in got.into_iter().enumerate() {
        let at = |h: f64| f(std::array::from_fn(|i| [3.0, 4.0, 12.0][i] + if i == k { h } else { 0.0 }));
        assert!((got - (at(1e-5) - at(-1e-5)) / 2e-5).abs() < 1e-8);
    }
    Ok(())
}

#[test]
fn gradients_cross_between_matrices_of_scalars_and_tensors() -> Result<(), Error> {
    let tape = Tape::begin();
    let a = tape.tensor(&Tensor::from_slice(&[2.0, 1.0, 0.5, 3.0], &[2, 2])?);
    let inverse = DMatrix::<Var>::try_from(&a)?.try_inverse().expect("regular");
    let y = Tensor::try_from(&inverse)?.sum();
    // ∂ Σ A⁻¹ = -A⁻ᵀ 1 A⁻ᵀ, here by differences.
    let plain = |a: [f64; 4]| nalgebra::Matrix2::from_row_slice(&a).try_inverse().expect("regular").sum();
    let bar = tape.sweep(&y)?;
    let h = 1e-6;
    let want = (plain([2.0, 1.0 + h, 0.5, 3.0]) - plain([2.0, 1.0 - h, 0.5, 3.0])) / (2.0 * h);
    assert!((bar.of(&a)?.to_vec()[1] - want).abs() < 1e-9);
    Ok(())
}

#[test]
fn constants_of_the_field_are_those_of_the_precision() {
    assert_eq!(<Var>::pi().value(), f64::pi());
    assert_eq!(Var::<f32>::max_value().map(Var::value), Some(f32::MAX));
    assert_eq!(<Var as RealField>::max_value().map(Var::value), Some(f64::MAX));
    let unit = Matrix3::<Var>::identity();
    assert!(unit.is_identity(Var::from(1e-12)) && unit.determinant() == Var::from(1.0));
}
