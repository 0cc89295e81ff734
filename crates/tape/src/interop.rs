//! The traits of other crates on our handles, so that code which is generic over those differentiates as it is.
//!
//! | crate | feature | what it brings |
//! |---|---|---|
//! | `num-traits` | always on | `Num`, `Float`, `FloatConst`, `Signed`, … for every [`Real`] |
//! | `approx` | `approx` | `AbsDiffEq`, `RelativeEq`, `UlpsEq` by value, also for [`Tensor`](crate::Tensor)s |
//! | `nalgebra` 0.35 | `nalgebra` | `RealField` and `ComplexField`: decompositions differentiate; matrices to tensors and back |
//! | `ndarray` 0.17, 0.16 | `ndarray`, `ndarray-0_16` | `ScalarOperand`, `LinalgScalar`; arrays and views to tensors and back |
//! | `argmin` 0.11 | `argmin` | problems (module `argmin`) with gradient, Hessian and Jacobian from one generic function |
//!
//! ## Where `num_traits::Float` does not mean what it says
//!
//! A handle is a number and the way it came about, and the trait knows of numbers only:
//!
//! - Conversions (`to_f64`, `NumCast::from`, `integer_decode`) return the number. What is made of it again is a constant,
//!   without a derivative: convert at the border of a computation, not inside it.
//! - `is_zero`, `is_one`, `is_nan`, comparisons and `total_cmp` see the number. Code that leaves work out where something
//!   is zero leaves out the derivative of that work too. Where a [program](crate::Program) is traced they are recorded, as
//!   are the comparisons of `approx` and the questions of `nalgebra`: a replay that answers one differently is an
//!   [`Error::Branch`](crate::Error::Branch).
//! - So with `nalgebra`: its `symmetric_eigen` (and what stands on it, as its `svd` does) says that the vectors of a diagonal
//!   matrix stand still, where [`linear::symmetric_eigen`](crate::linear::symmetric_eigen) has their derivatives, and
//!   `UnitQuaternion::from_scaled_axis` of a zero vector is a constant. `norm` of a zero vector has the derivative zero, as
//!   [`nary::norm`](crate::nary::norm) has. If `is_zero` were false for a recorded zero, others would divide by it.
//! - `neg_zero`, `epsilon`, `min_value`, … are constants, those of `f32` where the handle stands on `f32`.
//! - `floor`, `ceil`, `round`, `trunc` and `signum` have the derivative zero.
//! - `mul_add` rounds once. On a machine without fused multiply-add, or where the compiler was not told of it
//!   (`-C target-cpu=native`), the standard library computes it in software, some ten times slower than a product and a
//!   sum.

#[cfg(feature = "approx")]
mod approx;
#[cfg(feature = "argmin")]
pub mod argmin;
#[cfg(feature = "nalgebra")]
mod nalgebra;
#[cfg(any(feature = "ndarray", feature = "ndarray-0_16"))]
mod ndarray;
mod num_traits;

use crate::{Dual, Real, Reverse, Tangents, Taylor, Traced};
use std::fmt;

/// All handles, each to be given a macro's `[generics] Type`: a new one is a line here. What stands in braces is a bound on
/// the number beneath.
macro_rules! for_each_handle {
    ($callback:ident {$($bound:tt)*}) => {
        $callback!([T: Float] Var<T>);
        $callback!([] Traced);
        $callback!([R: Real $($bound)*] Dual<R>);
        $callback!([R: Real $($bound)*] Reverse<R>);
        $callback!([const N: usize, R: Real $($bound)*] Tangents<N, R>);
        $callback!([const N: usize, R: Real $($bound)*] Taylor<N, R>);
    };
}
use for_each_handle;

/// Whether a number stands on `f32`.
fn is_single<R: Real>() -> bool {
    R::from_f64(f64::MAX).to_f64().is_infinite()
}

/// [`Real::from_f64`], which shares its name with a method of `FromPrimitive`.
fn constant<R: Real>(value: f64) -> R {
    R::from_f64(value)
}

/// [`Real::to_f64`], which shares its name with a method of `ToPrimitive`.
fn value<R: Real>(x: R) -> f64 {
    x.to_f64()
}

/// Whether the sign is set, also that of a zero or a NaN. This and what follows a trace records.
#[track_caller]
fn has_sign<R: Real>(x: R) -> bool {
    match x.traced() {
        Some(x) => x.has_sign(),
        None => value(x).is_sign_negative(),
    }
}

#[track_caller]
fn equals<R: Real>(x: R, value: f64) -> bool {
    x == R::from_f64(value)
}

#[track_caller]
fn is_nan<R: Real>(x: R) -> bool {
    x.partial_cmp(&x).is_none()
}

#[track_caller]
fn is_finite<R: Real>(x: R) -> bool {
    constant::<R>(f64::NEG_INFINITY) < x && x < constant(f64::INFINITY)
}

#[track_caller]
fn is_infinite<R: Real>(x: R) -> bool {
    equals(x, f64::INFINITY) || equals(x, f64::NEG_INFINITY)
}

/// `$single` for numbers that stand on `f32`, `$double` for others.
macro_rules! by_precision {
    ($R:ty, $single:expr, $double:expr) => {
        $crate::interop::constant(if $crate::interop::is_single::<$R>() { $single as f64 } else { $double })
    };
}
use by_precision;

/// The elements of a tensor as scalars: on the tape where the tensor is, so that the gradient crosses over.
#[cfg(any(feature = "nalgebra", feature = "ndarray", feature = "ndarray-0_16"))]
fn scalars<T: crate::Float>(tensor: &crate::Tensor<T>) -> Result<Vec<crate::Var<T>>, crate::Error> {
    let flat = tensor.reshape(&[tensor.len()])?;
    (0..tensor.len()).map(|k| flat.at(&[k])).collect()
}

macro_rules! display {
    ([T: Float] Var<T>) => {};
    ([$($generic:tt)*] $Handle:ty) => {
        /// The value.
        impl<$($generic)*> fmt::Display for $Handle {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let value = self.to_f64();
                if is_single::<Self>() { fmt::Display::fmt(&(value as f32), f) } else { fmt::Display::fmt(&value, f) }
            }
        }
    };
}
for_each_handle!(display {});
