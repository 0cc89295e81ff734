//! The traits that differentiable code is generic over, and the plain numbers that implement them.

use crate::Traced;
use crate::primitive::{self, Binary, Ternary, Unary, primitives};
use crate::rule::{Few, Rule};
use std::fmt::Debug;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign};

/// The sentence and the example of a generated method.
macro_rules! method_doc {
    (unary $P:ident $method:ident) => {
        concat!(
            "`",
            stringify!($method),
            "` of this value; formula, domain and kinks: [`",
            stringify!($P),
            "`](crate::primitive::",
            stringify!($P),
            ").\n\n",
            "```\nuse tape::{Elementary, primitive::{Unary, ",
            stringify!($P),
            "}};\n",
            "let x = ",
            stringify!($P),
            "::SAMPLES[0];\nassert_eq!(Elementary::",
            stringify!($method),
            "(x), ",
            stringify!($P),
            ".value(x));\n```"
        )
    };
    (parametric $P:ident $method:ident) => {
        concat!(
            "`",
            stringify!($method),
            "` of this value by a plain number; formula, domain and kinks: [`",
            stringify!($P),
            "`](crate::primitive::",
            stringify!($P),
            ").\n\n",
            "```\nuse tape::{Elementary, primitive::{Unary, ",
            stringify!($P),
            "}};\n",
            "assert_eq!(Elementary::",
            stringify!($method),
            "(0.5_f64, 2_u8.into()), ",
            stringify!($P),
            "(2_u8.into()).value(0.5));\n```"
        )
    };
    (binary $P:ident $method:ident) => {
        concat!(
            "`",
            stringify!($method),
            "` of this value and another; formula, domain and kinks: [`",
            stringify!($P),
            "`](crate::primitive::",
            stringify!($P),
            ").\n\n",
            "```\nuse tape::{Elementary, primitive::{Binary, ",
            stringify!($P),
            "}};\n",
            "assert_eq!(Elementary::",
            stringify!($method),
            "(0.5_f64, 2.0), ",
            stringify!($P),
            ".value(0.5, 2.0));\n```"
        )
    };
    (ternary $P:ident $method:ident) => {
        concat!(
            "`",
            stringify!($method),
            "` of this value and two others; formula and domain: [`",
            stringify!($P),
            "`](crate::primitive::",
            stringify!($P),
            ").\n\n",
            "```\nuse tape::{Elementary, primitive::{Ternary, ",
            stringify!($P),
            "}};\n",
            "assert_eq!(Elementary::",
            stringify!($method),
            "(0.5_f64, 2.0, 3.0), ",
            stringify!($P),
            ".value(0.5, 2.0, 3.0));\n```"
        )
    };
}
pub(crate) use method_doc;

macro_rules! declare {
    (
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        /// Arithmetic and the listed primitives, by value: the vocabulary of derivative formulas.
        ///
        /// Numbers, handles, duals and whole tensors have it, so a pullback written once runs on all of them.
        /// Code of your own is better written over [`Real`], which adds comparisons, `Copy` and constants.
        /// Bring this trait into scope where formulas are written, not where tensors are worked with: its methods take
        /// their value, and win over those of [`Tensor`](crate::Tensor) that borrow it.
        pub trait Elementary:
            Clone
            + Add<Output = Self>
            + Sub<Output = Self>
            + Mul<Output = Self>
            + Div<Output = Self>
            + Rem<Output = Self>
            + Neg<Output = Self>
        {
            /// The plain number `value` in the shape of this one, not differentiated.
            ///
            /// ```
            /// use tape::Elementary;
            /// assert_eq!(3.0_f32.like(0.5), 0.5_f32);
            /// ```
            fn like(&self, value: f64) -> Self;

            $(#[doc = method_doc!(unary $U $u)] fn $u(self) -> Self;)*
            $(#[doc = method_doc!(parametric $P $p)] fn $p(self, parameter: $type) -> Self;)*
            $(#[doc = method_doc!(binary $B $b)] fn $b(self, other: Self) -> Self;)*
            $(#[doc = method_doc!(ternary $T $t)] fn $t(self, second: Self, third: Self) -> Self;)*

            /// The logarithm to the base `base`, as [`f64::log`]: a quotient of two logarithms.
            ///
            /// ```
            /// assert_eq!(tape::Elementary::log(8.0_f64, 2.0), 3.0);
            /// ```
            fn log(self, base: Self) -> Self {
                self.ln() / base.ln()
            }

            /// Sine and cosine, as [`f64::sin_cos`].
            ///
            /// ```
            /// assert_eq!(tape::Elementary::sin_cos(0.0_f64), (0.0, 1.0));
            /// ```
            fn sin_cos(self) -> (Self, Self) {
                (self.clone().sin(), self.cos())
            }
        }
    };
}
primitives!(declare);

/// A real number that may be differentiated: what code is generic over.
///
/// `fn f<R: Real>(x: &[R]) -> R` runs on `f64` and `f32`, on [`Var`](crate::Var), which records for a reverse
/// sweep, on [`Dual`](crate::Dual), which pushes a tangent forward, and on the scalar that
/// [`Program::trace`](crate::Program::trace) stores operations with. All functions of [`Elementary`] are
/// there; constants come from [`Real::from_f64`], and `x.scale(0.5)`, `x.shift(1.0)` combine with a plain
/// number. Where all types are built on `f64`, [`Real64`] allows `x * 0.5` as well.
///
/// ```
/// use tape::{Real, grad};
///
/// fn rosenbrock<R: Real>(x: &[R]) -> R {
///     (R::from_f64(1.0) - x[0]).powi(2) + (x[1] - x[0].powi(2)).powi(2).scale(100.0)
/// }
///
/// assert_eq!(rosenbrock(&[1.0, 2.0]), 100.0);
/// assert_eq!(grad(rosenbrock, &[1.0, 2.0]), [-400.0, 200.0]);
/// ```
pub trait Real:
    Elementary
    + Copy
    + Debug
    + Default
    + PartialOrd
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + RemAssign
    + Sum
    + Product
    + for<'a> Sum<&'a Self>
    + for<'a> Product<&'a Self>
    + 'static
{
    /// How many orders of derivatives a value carries: 0 for plain numbers, 1 for [`Var`](crate::Var), and one more
    /// than its parts for a [`Dual`](crate::Dual). `usize::MAX` where that is not known: a program can be
    /// differentiated any number of times, after it was recorded.
    ///
    /// ```
    /// use tape::{Dual, Real, Var};
    /// assert_eq!((f64::ORDER, Var::<f64>::ORDER, Dual::<Var>::ORDER), (0, 1, 2));
    /// ```
    const ORDER: usize;

    /// The constant with this value; it records nothing.
    ///
    /// ```
    /// use tape::{Real, Var};
    /// assert_eq!(Var::<f32>::from_f64(0.5).value(), 0.5);
    /// ```
    fn from_f64(value: f64) -> Self;

    /// The value as a plain number, without its derivatives.
    ///
    /// ```
    /// use tape::{Dual, Real};
    /// assert_eq!(Dual::new(2.0, 1.0).to_f64(), 2.0);
    /// ```
    fn to_f64(self) -> f64;

    /// The total order of IEEE 754 by value, as [`f64::total_cmp`]: for sorting, where no NaN may be lost.
    ///
    /// ```
    /// use tape::{Real, Var};
    /// let mut x = [Var::from(2.0), Var::from(f64::NAN), Var::from(1.0)];
    /// x.sort_by(Real::total_cmp);
    /// assert_eq!((x[0].value(), x[1].value()), (1.0, 2.0));
    /// ```
    #[track_caller]
    fn total_cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (self.traced(), other.traced()) {
            (Some(a), Some(b)) => a.in_total_order(b),
            _ => self.to_f64().total_cmp(&other.to_f64()),
        }
    }

    /// Whether this is a zero that no derivative can change: a plain zero, or a constant handle of value zero.
    /// Forward mode asks, so that a tangent that is not there is not multiplied with an infinite partial.
    ///
    /// ```
    /// use tape::Real;
    /// assert!(0.0_f64.is_constant_zero());
    /// ```
    fn is_constant_zero(self) -> bool;

    /// The traced value that this number is or stands over: whoever asks something of it that the operators of comparison
    /// do not say must ask there, so that the answer is recorded.
    #[doc(hidden)]
    #[inline(always)]
    fn traced(self) -> Option<Traced> {
        None
    }

    /// Where this number is a partial that a choice decides over, and the choice is recorded so that a replay makes it
    /// anew: a number that is zero where the choice was for something else. Else None.
    #[doc(hidden)]
    #[inline(always)]
    fn asked(self) -> Option<Self> {
        None
    }

    /// What [`rule::apply`](crate::rule::apply) does.
    #[doc(hidden)]
    #[track_caller]
    fn by_rule<Q: Rule>(rule: &Q, x: &[Self]) -> Self {
        rule.formula(x).expect("a trace stores operations: this rule wants a `formula` of them, and has none")
    }

    /// What [`preaccumulate`](crate::preaccumulate) does: where nothing is recorded, just run.
    #[doc(hidden)]
    #[track_caller]
    fn preaccumulated(x: &[Self], f: impl FnOnce(&[Self]) -> Vec<Self>) -> Vec<Self> {
        f(x)
    }

    /// What [`checkpoint`](crate::checkpoint) does: where nothing is recorded, just run.
    #[doc(hidden)]
    #[track_caller]
    fn checkpointed(x: &[Self], f: impl Fn(&[Self]) -> Vec<Self> + 'static) -> Vec<Self> {
        f(x)
    }
}

/// A [`Real`] over double precision, which takes plain numbers on the right of every operator.
///
/// ```
/// use tape::{Real64, grad};
///
/// fn cost<R: Real64>(x: &[R]) -> R {
///     (x[0] * 3.0 - 1.0) * x[1] / 2.0
/// }
///
/// assert_eq!(cost(&[1.0, 5.0]), 5.0);
/// assert_eq!(grad(cost, &[1.0, 5.0]), [7.5, 1.0]);
/// ```
pub trait Real64:
    Real
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
    + AddAssign<f64>
    + SubAssign<f64>
    + MulAssign<f64>
    + DivAssign<f64>
    + PartialOrd<f64>
{
}

impl<R> Real64 for R where
    R: Real
        + Add<f64, Output = Self>
        + Sub<f64, Output = Self>
        + Mul<f64, Output = Self>
        + Div<f64, Output = Self>
        + AddAssign<f64>
        + SubAssign<f64>
        + MulAssign<f64>
        + DivAssign<f64>
        + PartialOrd<f64>
{
}

/// A plain number that tapes record values of: `f32` or `f64`.
///
/// ```
/// fn bytes<T: tape::Float>() -> usize { size_of::<T>() }
/// assert_eq!((bytes::<f32>(), bytes::<f64>()), (4, 8));
/// ```
pub trait Float:
    Real + crate::kernel::Element + std::fmt::Display + crate::tape::Stored + crate::tensor::Precise
{
    /// `f32` or `f64`, as it is written in errors and files.
    const NAME: &'static str;

    /// The value of a primitive, in this precision.
    #[doc(hidden)]
    fn unary<P: Unary>(primitive: P, x: Self) -> Self;
    #[doc(hidden)]
    fn binary<P: Binary>(primitive: P, a: Self, b: Self) -> Self;
    #[doc(hidden)]
    fn ternary<P: Ternary>(primitive: P, a: Self, b: Self, c: Self) -> Self;
}

macro_rules! plain {
    (
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        plain!(@for f32 [$($U $u),*] [$($P $p $type),*] [$($B $b),*] [$($T $t),*]);
        plain!(@for f64 [$($U $u),*] [$($P $p $type),*] [$($B $b),*] [$($T $t),*]);
    };
    (
        @for $float:ty
        [$($U:ident $u:ident),*] [$($P:ident $p:ident $type:ty),*]
        [$($B:ident $b:ident),*] [$($T:ident $t:ident),*]
    ) => {
        impl Elementary for $float {
            #[inline(always)]
            fn like(&self, value: f64) -> Self {
                value as $float
            }
            $(#[inline(always)] fn $u(self) -> Self { primitive::$U.value(self) })*
            $(#[inline(always)] fn $p(self, parameter: $type) -> Self { primitive::$P(parameter).value(self) })*
            $(#[inline(always)] fn $b(self, other: Self) -> Self { primitive::$B.value(self, other) })*
            $(#[inline(always)] fn $t(self, second: Self, third: Self) -> Self {
                primitive::$T.value(self, second, third)
            })*
        }

        impl Real for $float {
            const ORDER: usize = 0;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $float
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn is_constant_zero(self) -> bool {
                self == 0.0
            }
            fn by_rule<Q: Rule>(rule: &Q, x: &[Self]) -> Self {
                let values: Few<f64> = x.iter().map(|&x| x.to_f64()).collect();
                rule.value(&values) as $float
            }
        }

        impl Float for $float {
            const NAME: &'static str = stringify!($float);
            #[inline(always)]
            fn unary<Q: Unary>(primitive: Q, x: Self) -> Self {
                primitive.value(x)
            }
            #[inline(always)]
            fn binary<Q: Binary>(primitive: Q, a: Self, b: Self) -> Self {
                primitive.value(a, b)
            }
            #[inline(always)]
            fn ternary<Q: Ternary>(primitive: Q, a: Self, b: Self, c: Self) -> Self {
                primitive.value(a, b, c)
            }
        }
    };
}
primitives!(plain);

/// Operators, assigning operators, sums and products of a `Copy` handle type from its binary operators.
macro_rules! handle_arithmetic {
    ([$($generic:tt)*] $Handle:ty) => {
        impl<$($generic)*> std::ops::AddAssign for $Handle {
            #[inline(always)]
            fn add_assign(&mut self, other: Self) { *self = *self + other; }
        }
        impl<$($generic)*> std::ops::SubAssign for $Handle {
            #[inline(always)]
            fn sub_assign(&mut self, other: Self) { *self = *self - other; }
        }
        impl<$($generic)*> std::ops::MulAssign for $Handle {
            #[inline(always)]
            fn mul_assign(&mut self, other: Self) { *self = *self * other; }
        }
        impl<$($generic)*> std::ops::DivAssign for $Handle {
            #[inline(always)]
            fn div_assign(&mut self, other: Self) { *self = *self / other; }
        }
        impl<$($generic)*> std::ops::RemAssign for $Handle {
            #[inline(always)]
            fn rem_assign(&mut self, other: Self) { *self = *self % other; }
        }
        impl<$($generic)*> std::iter::Sum for $Handle {
            fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
                terms.fold($crate::Real::from_f64(0.0), |total, term| total + term)
            }
        }
        impl<$($generic)*> std::iter::Product for $Handle {
            fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
                factors.fold($crate::Real::from_f64(1.0), |total, factor| total * factor)
            }
        }
        impl<'a, $($generic)*> std::iter::Sum<&'a Self> for $Handle {
            fn sum<I: Iterator<Item = &'a Self>>(terms: I) -> Self {
                terms.copied().sum()
            }
        }
        impl<'a, $($generic)*> std::iter::Product<&'a Self> for $Handle {
            fn product<I: Iterator<Item = &'a Self>>(factors: I) -> Self {
                factors.copied().product()
            }
        }
    };
}
pub(crate) use handle_arithmetic;

/// Operators of a handle with a plain number on either side, from its `scale` and `shift`.
macro_rules! plain_operands {
    ([$($generic:tt)*] $Handle:ty, $plain:ty) => {
        impl<$($generic)*> std::ops::Add<$plain> for $Handle {
            type Output = Self;
            #[inline(always)]
            fn add(self, k: $plain) -> Self { $crate::Elementary::shift(self, k.into()) }
        }
        impl<$($generic)*> std::ops::Sub<$plain> for $Handle {
            type Output = Self;
            #[inline(always)]
            fn sub(self, k: $plain) -> Self { $crate::Elementary::shift(self, (-k).into()) }
        }
        impl<$($generic)*> std::ops::Mul<$plain> for $Handle {
            type Output = Self;
            #[inline(always)]
            fn mul(self, k: $plain) -> Self { $crate::Elementary::scale(self, k.into()) }
        }
        impl<$($generic)*> std::ops::Div<$plain> for $Handle {
            type Output = Self;
            // Not `scale(1/k)`, whose value would differ from plain arithmetic in the last bit.
            #[inline(always)]
            fn div(self, k: $plain) -> Self { self / <$Handle as $crate::Real>::from_f64(k.into()) }
        }
        impl<$($generic)*> std::ops::Rem<$plain> for $Handle {
            type Output = Self;
            #[inline(always)]
            fn rem(self, k: $plain) -> Self { self % <$Handle as $crate::Real>::from_f64(k.into()) }
        }
        impl<$($generic)*> std::ops::Add<$Handle> for $plain {
            type Output = $Handle;
            #[inline(always)]
            fn add(self, x: $Handle) -> $Handle { x + self }
        }
        impl<$($generic)*> std::ops::Sub<$Handle> for $plain {
            type Output = $Handle;
            #[inline(always)]
            fn sub(self, x: $Handle) -> $Handle { <$Handle as $crate::Real>::from_f64(self.into()) - x }
        }
        impl<$($generic)*> std::ops::Mul<$Handle> for $plain {
            type Output = $Handle;
            #[inline(always)]
            fn mul(self, x: $Handle) -> $Handle { x * self }
        }
        impl<$($generic)*> std::ops::Div<$Handle> for $plain {
            type Output = $Handle;
            #[inline(always)]
            fn div(self, x: $Handle) -> $Handle { <$Handle as $crate::Real>::from_f64(self.into()) / x }
        }
        impl<$($generic)*> std::ops::AddAssign<$plain> for $Handle {
            #[inline(always)]
            fn add_assign(&mut self, k: $plain) { *self = *self + k; }
        }
        impl<$($generic)*> std::ops::SubAssign<$plain> for $Handle {
            #[inline(always)]
            fn sub_assign(&mut self, k: $plain) { *self = *self - k; }
        }
        impl<$($generic)*> std::ops::MulAssign<$plain> for $Handle {
            #[inline(always)]
            fn mul_assign(&mut self, k: $plain) { *self = *self * k; }
        }
        impl<$($generic)*> std::ops::DivAssign<$plain> for $Handle {
            #[inline(always)]
            fn div_assign(&mut self, k: $plain) { *self = *self / k; }
        }
        impl<$($generic)*> PartialEq<$plain> for $Handle {
            // By the handle's own comparison, which a traced scalar records.
            #[inline(always)]
            fn eq(&self, k: &$plain) -> bool { *self == <$Handle as $crate::Real>::from_f64((*k).into()) }
        }
        impl<$($generic)*> PartialOrd<$plain> for $Handle {
            #[inline(always)]
            fn partial_cmp(&self, k: &$plain) -> Option<std::cmp::Ordering> {
                self.partial_cmp(&<$Handle as $crate::Real>::from_f64((*k).into()))
            }
            #[inline(always)]
            fn lt(&self, k: &$plain) -> bool { *self < <$Handle as $crate::Real>::from_f64((*k).into()) }
            #[inline(always)]
            fn le(&self, k: &$plain) -> bool { *self <= <$Handle as $crate::Real>::from_f64((*k).into()) }
            #[inline(always)]
            fn gt(&self, k: &$plain) -> bool { *self > <$Handle as $crate::Real>::from_f64((*k).into()) }
            #[inline(always)]
            fn ge(&self, k: &$plain) -> bool { *self >= <$Handle as $crate::Real>::from_f64((*k).into()) }
        }
    };
}
pub(crate) use plain_operands;
