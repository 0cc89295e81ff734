//! `nalgebra`: its decompositions, transformations and anyone's code over `RealField` run on handles; its matrices are
//! copied to tensors and back.

use super::{by_precision, for_each_handle, has_sign, is_finite, scalars};
use crate::{Dual, Elementary, Error, Float, Real, Reverse, Tangents, Taylor, Tensor, Traced, Var};
use nalgebra::{
    ComplexField, DMatrix, DVector, Dim, Field, Matrix, RawStorage, RealField, RowDVector, SMatrix, Scalar,
    SimdValue,
};
use simba::scalar::SubsetOf;
use simba::simd::PrimitiveSimdValue;
use std::f64::consts;
use std::fmt::Display;

macro_rules! real_field {
    ([$($generic:tt)*] $Handle:ty) => {
        impl<$($generic)*> SubsetOf<$Handle> for $Handle {
            fn to_superset(&self) -> Self { *self }
            fn from_superset_unchecked(element: &Self) -> Self { *element }
            fn is_in_subset(_: &Self) -> bool { true }
        }

        real_field!(@plain [$($generic)*] $Handle, f32);
        real_field!(@plain [$($generic)*] $Handle, f64);

        impl<$($generic)*> Field for $Handle {}

        impl<$($generic)*> PrimitiveSimdValue for $Handle {}

        /// One lane.
        #[expect(unsafe_code, reason = "the trait declares these methods unsafe; what they do here is safe")]
        impl<$($generic)*> SimdValue for $Handle {
            const LANES: usize = 1;
            type Element = Self;
            type SimdBool = bool;
            #[inline(always)]
            fn splat(value: Self) -> Self { value }
            #[inline(always)]
            fn extract(&self, _: usize) -> Self { *self }
            #[inline(always)]
            unsafe fn extract_unchecked(&self, _: usize) -> Self { *self }
            #[inline(always)]
            fn replace(&mut self, _: usize, value: Self) { *self = value; }
            #[inline(always)]
            unsafe fn replace_unchecked(&mut self, _: usize, value: Self) { *self = value; }
            #[inline(always)]
            fn select(self, condition: bool, other: Self) -> Self { if condition { self } else { other } }
        }

        impl<$($generic)*> ComplexField for $Handle {
            type RealField = Self;
            fn from_real(re: Self) -> Self { re }
            fn real(self) -> Self { self }
            fn imaginary(self) -> Self { Self::from_f64(0.0) }
            fn modulus(self) -> Self { Elementary::abs(self) }
            fn modulus_squared(self) -> Self { self * self }
            #[track_caller]
            fn argument(self) -> Self {
                Self::from_f64(if self >= Self::from_f64(0.0) { 0.0 } else { consts::PI })
            }
            fn to_exp(self) -> (Self, Self) {
                let one = Self::from_f64(1.0);
                if self >= Self::from_f64(0.0) { (self, one) } else { (-self, -one) }
            }
            fn norm1(self) -> Self { Elementary::abs(self) }
            fn scale(self, factor: Self) -> Self { self * factor }
            fn unscale(self, factor: Self) -> Self { self / factor }
            fn conjugate(self) -> Self { self }
            fn signum(self) -> Self { Elementary::signum(self) }
            fn mul_add(self, a: Self, b: Self) -> Self { Elementary::mul_add(self, a, b) }
            fn sin_cos(self) -> (Self, Self) { (Elementary::sin(self), Elementary::cos(self)) }
            fn log(self, base: Self) -> Self { Elementary::ln(self) / Elementary::ln(base) }
            fn powi(self, exponent: i32) -> Self { Elementary::powi(self, exponent) }
            fn powc(self, exponent: Self) -> Self { Elementary::powf(self, exponent) }
            #[track_caller]
            fn is_finite(&self) -> bool { is_finite(*self) }
            fn try_sqrt(self) -> Option<Self> {
                (self >= Self::from_f64(0.0)).then(|| Elementary::sqrt(self))
            }
            real_field!(@methods (self)
                floor ceil round trunc fract abs recip sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh
                log2 log10 ln ln_1p sqrt exp exp2 exp_m1 cbrt);
            real_field!(@methods (self, other) hypot powf);
        }

        impl<$($generic)*> RealField for $Handle {
            #[track_caller]
            fn is_sign_positive(&self) -> bool { !has_sign(*self) }
            #[track_caller]
            fn is_sign_negative(&self) -> bool { has_sign(*self) }
            fn clamp(self, least: Self, greatest: Self) -> Self { Elementary::clamp(self, least, greatest) }
            fn min_value() -> Option<Self> { Some(by_precision!(Self, f32::MIN, f64::MIN)) }
            fn max_value() -> Option<Self> { Some(by_precision!(Self, f32::MAX, f64::MAX)) }
            real_field!(@methods (self, other) copysign max min atan2);
            real_field!(@constants
                pi = consts::PI, two_pi = consts::TAU, frac_pi_2 = consts::FRAC_PI_2, frac_pi_3 = consts::FRAC_PI_3,
                frac_pi_4 = consts::FRAC_PI_4, frac_pi_6 = consts::FRAC_PI_6, frac_pi_8 = consts::FRAC_PI_8,
                frac_1_pi = consts::FRAC_1_PI, frac_2_pi = consts::FRAC_2_PI,
                frac_2_sqrt_pi = consts::FRAC_2_SQRT_PI, e = consts::E, log2_e = consts::LOG2_E,
                log10_e = consts::LOG10_E, ln_2 = consts::LN_2, ln_10 = consts::LN_10);
        }
    };
    (@plain [$($generic:tt)*] $Handle:ty, $plain:ty) => {
        /// A plain number is a constant; a handle is one where nothing but its value is wanted.
        impl<$($generic)*> SubsetOf<$Handle> for $plain {
            fn to_superset(&self) -> $Handle { Real::from_f64(f64::from(*self)) }
            fn from_superset_unchecked(element: &$Handle) -> Self { element.to_f64() as $plain }
            fn is_in_subset(_: &$Handle) -> bool { true }
        }
    };
    (@methods (self) $($method:ident)*) => {
        $(#[inline] fn $method(self) -> Self { Elementary::$method(self) })*
    };
    (@methods (self, other) $($method:ident)*) => {
        $(#[inline] #[track_caller] fn $method(self, other: Self) -> Self { Elementary::$method(self, other) })*
    };
    (@constants $($name:ident = $value:expr),*) => {
        $(fn $name() -> Self { Self::from_f64($value) })*
    };
}
for_each_handle!(real_field {+ Display + Send + Sync});

/// The elements of a matrix, row after row, as tensors have them.
fn rows<E: Scalar, R: Dim, C: Dim, S: RawStorage<E, R, C>>(
    matrix: &Matrix<E, R, C, S>,
) -> impl Iterator<Item = &E> {
    (0..matrix.nrows()).flat_map(move |i| (0..matrix.ncols()).map(move |j| &matrix[(i, j)]))
}

/// A copy of a matrix or vector, (rows, columns).
///
/// ```
/// use nalgebra::Matrix2x3;
/// use tape::Tensor;
/// let tensor = Tensor::from(&Matrix2x3::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
/// assert_eq!((tensor.shape(), tensor.to_vec()), (&[2, 3][..], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
/// ```
impl<T: Float, R: Dim, C: Dim, S: RawStorage<T, R, C>> From<&Matrix<T, R, C, S>> for Tensor<T> {
    fn from(matrix: &Matrix<T, R, C, S>) -> Self {
        let elements = rows(matrix).copied().collect();
        let shape = [matrix.nrows(), matrix.ncols()];
        Tensor::from_vec(elements, &shape).expect("as many elements as rows times columns")
    }
}

/// The tensor gathered from a matrix of scalars, (rows, columns): on their tape, so that the gradient crosses over.
///
/// # Errors
/// When an element is of another tape.
impl<T: Float, R: Dim, C: Dim, S: RawStorage<Var<T>, R, C>> TryFrom<&Matrix<Var<T>, R, C, S>> for Tensor<T> {
    type Error = Error;
    fn try_from(matrix: &Matrix<Var<T>, R, C, S>) -> Result<Self, Error> {
        let elements: Vec<Var<T>> = rows(matrix).copied().collect();
        Tensor::from_vars(&elements, &[matrix.nrows(), matrix.ncols()])
    }
}

/// Rows and columns of a tensor that is to be a matrix with this many of each, where that is said. One with a single axis is
/// a column, and a row where the matrix is one.
fn sides<T: Float>(
    tensor: &Tensor<T>,
    operation: &'static str,
    rows: Option<usize>,
    columns: Option<usize>,
) -> Result<(usize, usize), Error> {
    let sides = match *tensor.shape() {
        [length] if rows == Some(1) && columns != Some(1) => Some((1, length)),
        [length] => Some((length, 1)),
        [rows, columns] => Some((rows, columns)),
        _ => None,
    };
    let fit = |due: Option<usize>, length: usize| due.is_none_or(|due| due == length);
    sides.filter(|sides| fit(rows, sides.0) && fit(columns, sides.1)).ok_or_else(|| {
        let want = match (rows, columns) {
            (Some(rows), Some(columns)) => format!("wants {rows} rows and {columns} columns"),
            (None, Some(_)) => "wants one axis, or one column".to_owned(),
            (Some(_), None) => "wants one axis, or one row".to_owned(),
            (None, None) => "wants one or two axes".to_owned(),
        };
        Error::shape(operation, want, &[tensor.shape()])
    })
}

/// Tensors to one sort of matrix, of numbers and of scalars.
macro_rules! matrices {
    ([$($constants:tt)*] $Matrix:ty, $Scalars:ty, $name:literal, $rows:expr, $columns:expr, $(#[$doc:meta])*) => {
        $(#[$doc])*
        impl<T: Float + Scalar, $($constants)*> TryFrom<&Tensor<T>> for $Matrix {
            type Error = Error;
            fn try_from(tensor: &Tensor<T>) -> Result<Self, Error> {
                let (rows, columns) = sides(tensor, concat!("to ", $name), $rows, $columns)?;
                let elements = tensor.as_slice();
                Ok(Matrix::from_fn_generic(Dim::from_usize(rows), Dim::from_usize(columns), |i, j| {
                    elements[i * columns + j]
                }))
            }
        }

        /// The elements of a tensor as scalars: on the tape where the tensor is, so that the gradient crosses over.
        ///
        /// # Errors
        /// When the shape does not fit, or the tensor is of another tape.
        impl<T: Float + Scalar, $($constants)*> TryFrom<&Tensor<T>> for $Scalars {
            type Error = Error;
            fn try_from(tensor: &Tensor<T>) -> Result<Self, Error> {
                let (rows, columns) = sides(tensor, concat!("to ", $name), $rows, $columns)?;
                let elements = scalars(tensor)?;
                Ok(Matrix::from_fn_generic(Dim::from_usize(rows), Dim::from_usize(columns), |i, j| {
                    elements[i * columns + j]
                }))
            }
        }
    };
}

matrices!([] DMatrix<T>, DMatrix<Var<T>>, "DMatrix", None, None,
    /// A copy of a tensor with two axes, or with one as a column. Of scalars, `DMatrix<Var>`, it stands on the tape.
    ///
    /// # Errors
    /// When it has another number of axes.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use nalgebra::DMatrix;
    /// use tape::{Tape, Tensor, Var};
    /// let tensor = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(DMatrix::<f64>::try_from(&tensor)?.determinant(), -2.0);
    /// let tape = Tape::begin();
    /// let a = tape.tensor(&tensor);
    /// let determinant = DMatrix::<Var>::try_from(&a)?.determinant();
    /// assert!((tape.sweep(&determinant)?.of(&a)?.to_vec()[1] + 3.0).abs() < 1e-15);
    /// # Ok(())
    /// # }
    /// ```
);
matrices!([] DVector<T>, DVector<Var<T>>, "DVector", None, Some(1),
    /// A copy of a tensor with one axis, or of a matrix with one column.
    ///
    /// # Errors
    /// When it has another shape.
    ///
    /// ```
    /// use nalgebra::DVector;
    /// assert_eq!(DVector::<f64>::try_from(&tape::Tensor::from([3.0, 4.0]))?.norm(), 5.0);
    /// # Ok::<(), tape::Error>(())
    /// ```
);
matrices!([] RowDVector<T>, RowDVector<Var<T>>, "RowDVector", Some(1), None,
    /// A copy of a tensor with one axis, or of a matrix with one row.
    ///
    /// # Errors
    /// When it has another shape.
    ///
    /// ```
    /// use nalgebra::RowDVector;
    /// assert_eq!(RowDVector::<f64>::try_from(&tape::Tensor::from([[3.0, 4.0]]))?.len(), 2);
    /// # Ok::<(), tape::Error>(())
    /// ```
);
matrices!([const R: usize, const C: usize] SMatrix<T, R, C>, SMatrix<Var<T>, R, C>, "SMatrix", Some(R), Some(C),
    /// A copy of a tensor with R rows and C columns; one of a single axis is a column, and a row where R is 1.
    ///
    /// # Errors
    /// When it has another shape.
    ///
    /// ```
    /// use nalgebra::{Matrix2x3, Vector3};
    /// use tape::Tensor;
    /// let matrix = Matrix2x3::<f64>::try_from(&Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))?;
    /// let vector = Vector3::<f64>::try_from(&Tensor::from([1.0, 0.0, 1.0]))?;
    /// assert_eq!(Tensor::from(&(matrix * vector)), Tensor::from([[4.0], [10.0]]));
    /// # Ok::<(), tape::Error>(())
    /// ```
);
