//! `approx`: comparison of values, with handles and tensors on either side.
//!
//! Plain numbers are compared by `approx` itself. A trace records what `approx` asks of them, so that is spelled out for it.

use super::{by_precision, for_each_handle, is_infinite, is_single};
use crate::{Dual, Float, Real, Reverse, Tangents, Taylor, Tensor, Traced, Var};
use approx::{AbsDiffEq, RelativeEq, UlpsEq};

macro_rules! compared {
    ([$($generic:tt)*] $Handle:ty) => {
        /// By value; the derivatives are not compared.
        impl<$($generic)*> AbsDiffEq for $Handle {
            type Epsilon = Self;
            fn default_epsilon() -> Self { by_precision!(Self, f32::EPSILON, f64::EPSILON) }
            fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
                match traced([*self, *other, epsilon]) {
                    Some([a, b, epsilon]) => (a - b).abs() <= epsilon,
                    None => self.to_f64().abs_diff_eq(&other.to_f64(), epsilon.to_f64()),
                }
            }
        }

        impl<$($generic)*> RelativeEq for $Handle {
            fn default_max_relative() -> Self { Self::default_epsilon() }
            fn relative_eq(&self, other: &Self, epsilon: Self, max_relative: Self) -> bool {
                match traced([*self, *other, epsilon, max_relative]) {
                    Some(numbers) => traced_relative_eq(numbers),
                    None => self.to_f64().relative_eq(&other.to_f64(), epsilon.to_f64(), max_relative.to_f64()),
                }
            }
        }

        impl<$($generic)*> UlpsEq for $Handle {
            fn default_max_ulps() -> u32 { f64::default_max_ulps() }
            fn ulps_eq(&self, other: &Self, epsilon: Self, max_ulps: u32) -> bool {
                if let Some([a, b, epsilon]) = traced([*self, *other, epsilon]) {
                    return (a - b).abs() <= epsilon || a.signum() == b.signum() && a.within_steps(b, max_ulps);
                }
                let (a, b, epsilon) = (self.to_f64(), other.to_f64(), epsilon.to_f64());
                if is_single::<Self>() {
                    (a as f32).ulps_eq(&(b as f32), epsilon as f32, max_ulps)
                } else {
                    a.ulps_eq(&b, epsilon, max_ulps)
                }
            }
        }
    };
}
for_each_handle!(compared {});

/// The traced values of numbers that are or stand over such.
fn traced<R: Real, const N: usize>(numbers: [R; N]) -> Option<[Traced; N]> {
    let mut all = [Traced::default(); N];
    for (traced, number) in all.iter_mut().zip(numbers) {
        *traced = number.traced()?;
    }
    Some(all)
}

fn traced_relative_eq([a, b, epsilon, max_relative]: [Traced; 4]) -> bool {
    if a == b {
        return true;
    }
    if is_infinite(a) || is_infinite(b) {
        return false;
    }
    let apart = (a - b).abs();
    apart <= epsilon || apart <= a.abs().max(b.abs()) * max_relative
}

/// Whether two tensors have one shape and all their elements agree.
fn all<T: Float>(a: &Tensor<T>, b: &Tensor<T>, agree: impl Fn(&T, &T) -> bool) -> bool {
    a.shape() == b.shape() && a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| agree(a, b))
}

/// Equal where the shapes are, and all elements within the bounds.
///
/// ```
/// use approx::{assert_abs_diff_eq, assert_relative_eq, relative_ne};
/// use tape::Tensor;
/// let x = Tensor::from([0.1 + 0.2, 1.0]);
/// assert_relative_eq!(x, Tensor::from([0.3, 1.0]));
/// assert_abs_diff_eq!(x, Tensor::from([0.3, 1.1]), epsilon = 0.2);
/// assert!(relative_ne!(x, Tensor::from([[0.3, 1.0]])), "another shape");
/// ```
impl<T: Float + AbsDiffEq<Epsilon = T>> AbsDiffEq for Tensor<T> {
    type Epsilon = T;
    fn default_epsilon() -> T {
        T::default_epsilon()
    }
    fn abs_diff_eq(&self, other: &Self, epsilon: T) -> bool {
        all(self, other, |a, b| a.abs_diff_eq(b, epsilon))
    }
}

impl<T: Float + RelativeEq<Epsilon = T>> RelativeEq for Tensor<T> {
    fn default_max_relative() -> T {
        T::default_max_relative()
    }
    fn relative_eq(&self, other: &Self, epsilon: T, max_relative: T) -> bool {
        all(self, other, |a, b| a.relative_eq(b, epsilon, max_relative))
    }
}

impl<T: Float + UlpsEq<Epsilon = T>> UlpsEq for Tensor<T> {
    fn default_max_ulps() -> u32 {
        T::default_max_ulps()
    }
    fn ulps_eq(&self, other: &Self, epsilon: T, max_ulps: u32) -> bool {
        all(self, other, |a, b| a.ulps_eq(b, epsilon, max_ulps))
    }
}
