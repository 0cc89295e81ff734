//! What the functions ask of a number, and the numbers of each crate as such.

use nalgebra::{Const, SVector, U1};
use num_dual::{Derivative, DualNum, DualSVec64};
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// A number that the functions run on.
pub(crate) trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    fn from_f64(value: f64) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn sqrt(self) -> Self;
    fn sin(self) -> Self;
    fn cos(self) -> Self;
    fn tanh(self) -> Self;
}

/// How many tangents a dual number carries at once.
pub(crate) const LANES: usize = 8;

pub(crate) type Dual = DualSVec64<LANES>;

/// `x` with the tangent one in a lane, if any.
pub(crate) fn dual(x: f64, lane: Option<usize>) -> Dual {
    let eps = lane.map(|lane| {
        let mut tangents = SVector::<f64, LANES>::zeros();
        tangents[lane] = 1.0;
        tangents
    });
    Dual::new(x, Derivative::<f64, Const<LANES>, U1>::new(eps))
}

macro_rules! number {
    ($Number:ty, $constant:expr, [$($method:ident => $body:expr),*]) => {
        impl Real for $Number {
            #[inline(always)]
            fn from_f64(value: f64) -> Self { $constant(value) }
            $(#[inline(always)] fn $method(self) -> Self { $body(self) })*
        }
    };
}

/// The methods of a number under their own names.
macro_rules! number_with {
    ($Number:ty, $constant:expr, $($Trait:ident)::+) => {
        number!($Number, $constant, [
            exp => |x| $($Trait)::+::exp(x),
            ln => |x| $($Trait)::+::ln(x),
            sqrt => |x| $($Trait)::+::sqrt(x),
            sin => |x| $($Trait)::+::sin(x),
            cos => |x| $($Trait)::+::cos(x),
            tanh => |x| $($Trait)::+::tanh(x)
        ]);
    };
}

number_with!(f64, |value| value, num_traits::Float);
number_with!(tape::Var, tape::Var::constant, tape::Elementary);
number_with!(echidna::Reverse<f64>, echidna::Reverse::constant, num_traits::Float);

macro_rules! number_with_borrowed {
    ($Number:ty, $constant:expr, $($Trait:ident)::+) => {
        number!($Number, $constant, [
            exp => |x| $($Trait)::+::exp(&x),
            ln => |x| $($Trait)::+::ln(&x),
            sqrt => |x| $($Trait)::+::sqrt(&x),
            sin => |x| $($Trait)::+::sin(&x),
            cos => |x| $($Trait)::+::cos(&x),
            tanh => |x| $($Trait)::+::tanh(&x)
        ]);
    };
}

number_with_borrowed!(xad_rs::AReal<f64>, xad_rs::AReal::new, xad_rs::Real);
number_with_borrowed!(Dual, Dual::from, DualNum);
