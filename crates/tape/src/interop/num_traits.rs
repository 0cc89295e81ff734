//! `num-traits`: what generic numeric code asks of a number.

use super::{
    by_precision, constant, equals, for_each_handle, has_sign, is_finite, is_infinite, is_nan, is_single,
    value,
};
use crate::{Dual, Elementary, Float, Real, Reverse, Tangents, Taylor, Traced, Var};
use num_traits::{
    Bounded, Float as NumFloat, FloatConst, FromPrimitive, Inv, MulAdd, MulAddAssign, Num, NumCast, One, Pow,
    Signed, ToPrimitive, Zero,
};
use std::num::FpCategory;

macro_rules! number {
    ([$($generic:tt)*] $Handle:ty) => {
        /// By value: a recorded zero is zero.
        impl<$($generic)*> Zero for $Handle {
            fn zero() -> Self { constant(0.0) }
            #[track_caller]
            fn is_zero(&self) -> bool { equals(*self, 0.0) }
        }

        impl<$($generic)*> One for $Handle {
            fn one() -> Self { constant(1.0) }
            #[track_caller]
            fn is_one(&self) -> bool { equals(*self, 1.0) }
        }

        impl<$($generic)*> Num for $Handle {
            type FromStrRadixErr = <f64 as Num>::FromStrRadixErr;
            fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
                f64::from_str_radix(text, radix).map(constant)
            }
        }

        /// The least and greatest finite number.
        impl<$($generic)*> Bounded for $Handle {
            fn min_value() -> Self { by_precision!(Self, f32::MIN, f64::MIN) }
            fn max_value() -> Self { by_precision!(Self, f32::MAX, f64::MAX) }
        }

        /// The value alone: what is made of it again is a constant.
        impl<$($generic)*> ToPrimitive for $Handle {
            fn to_i64(&self) -> Option<i64> { value(*self).to_i64() }
            fn to_u64(&self) -> Option<u64> { value(*self).to_u64() }
            fn to_i128(&self) -> Option<i128> { value(*self).to_i128() }
            fn to_u128(&self) -> Option<u128> { value(*self).to_u128() }
            fn to_f32(&self) -> Option<f32> { Some(value(*self) as f32) }
            fn to_f64(&self) -> Option<f64> { Some(value(*self)) }
        }

        /// A constant.
        impl<$($generic)*> FromPrimitive for $Handle {
            fn from_i64(n: i64) -> Option<Self> { Some(constant(n as f64)) }
            fn from_u64(n: u64) -> Option<Self> { Some(constant(n as f64)) }
            fn from_i128(n: i128) -> Option<Self> { Some(constant(n as f64)) }
            fn from_u128(n: u128) -> Option<Self> { Some(constant(n as f64)) }
            fn from_f32(x: f32) -> Option<Self> { Some(constant(x.into())) }
            fn from_f64(x: f64) -> Option<Self> { Some(constant(x)) }
        }

        /// A constant, also when what is cast is a handle.
        impl<$($generic)*> NumCast for $Handle {
            fn from<Number: ToPrimitive>(n: Number) -> Option<Self> { n.to_f64().map(constant) }
        }

        impl<$($generic)*> Signed for $Handle {
            fn abs(&self) -> Self { Elementary::abs(*self) }
            fn abs_sub(&self, other: &Self) -> Self { positive_difference(*self, *other) }
            fn signum(&self) -> Self { Elementary::signum(*self) }
            #[track_caller]
            fn is_positive(&self) -> bool { !has_sign(*self) }
            #[track_caller]
            fn is_negative(&self) -> bool { has_sign(*self) }
        }

        impl<$($generic)*> Inv for $Handle {
            type Output = Self;
            fn inv(self) -> Self { Elementary::recip(self) }
        }

        impl<$($generic)*> Pow<Self> for $Handle {
            type Output = Self;
            fn pow(self, exponent: Self) -> Self { Elementary::powf(self, exponent) }
        }

        impl<$($generic)*> Pow<i32> for $Handle {
            type Output = Self;
            fn pow(self, exponent: i32) -> Self { Elementary::powi(self, exponent) }
        }

        impl<$($generic)*> Pow<f64> for $Handle {
            type Output = Self;
            fn pow(self, exponent: f64) -> Self { Elementary::powf(self, constant(exponent)) }
        }

        impl<$($generic)*> MulAdd for $Handle {
            type Output = Self;
            fn mul_add(self, a: Self, b: Self) -> Self { Elementary::mul_add(self, a, b) }
        }

        impl<$($generic)*> MulAddAssign for $Handle {
            fn mul_add_assign(&mut self, a: Self, b: Self) { *self = Elementary::mul_add(*self, a, b); }
        }

        number!(@constants [$($generic)*] $Handle,
            E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6
            FRAC_PI_8 LN_10 LN_2 LOG10_E LOG2_E PI SQRT_2);

        /// Where it does not mean what it says: see [`interop`](crate::interop).
        impl<$($generic)*> NumFloat for $Handle {
            fn nan() -> Self { constant(f64::NAN) }
            fn infinity() -> Self { constant(f64::INFINITY) }
            fn neg_infinity() -> Self { constant(f64::NEG_INFINITY) }
            fn neg_zero() -> Self { constant(-0.0) }
            fn min_value() -> Self { Bounded::min_value() }
            fn max_value() -> Self { Bounded::max_value() }
            fn min_positive_value() -> Self { by_precision!(Self, f32::MIN_POSITIVE, f64::MIN_POSITIVE) }
            fn epsilon() -> Self { by_precision!(Self, f32::EPSILON, f64::EPSILON) }
            #[track_caller]
            fn is_nan(self) -> bool { is_nan(self) }
            #[track_caller]
            fn is_infinite(self) -> bool { is_infinite(self) }
            #[track_caller]
            fn is_finite(self) -> bool { is_finite(self) }
            #[track_caller]
            fn is_normal(self) -> bool { is_finite(self) && !is_below_normal(self) }
            #[track_caller]
            fn classify(self) -> FpCategory {
                match () {
                    () if is_nan(self) => FpCategory::Nan,
                    () if is_infinite(self) => FpCategory::Infinite,
                    () if !is_below_normal(self) => FpCategory::Normal,
                    () if equals(self, 0.0) => FpCategory::Zero,
                    () => FpCategory::Subnormal,
                }
            }
            fn integer_decode(self) -> (u64, i16, i8) {
                let x = value(self);
                if is_single::<Self>() { (x as f32).integer_decode() } else { x.integer_decode() }
            }
            #[track_caller]
            fn is_sign_positive(self) -> bool { !has_sign(self) }
            #[track_caller]
            fn is_sign_negative(self) -> bool { has_sign(self) }
            fn abs_sub(self, other: Self) -> Self { positive_difference(self, other) }
            fn log(self, base: Self) -> Self { Elementary::ln(self) / Elementary::ln(base) }
            fn sin_cos(self) -> (Self, Self) { (Elementary::sin(self), Elementary::cos(self)) }
            fn powi(self, exponent: i32) -> Self { Elementary::powi(self, exponent) }
            fn mul_add(self, a: Self, b: Self) -> Self { Elementary::mul_add(self, a, b) }
            fn clamp(self, least: Self, greatest: Self) -> Self { Elementary::clamp(self, least, greatest) }
            number!(@methods (self)
                floor ceil round trunc fract abs signum recip sqrt cbrt exp exp2 exp_m1 ln ln_1p log2 log10 sin cos tan
                asin acos atan sinh cosh tanh asinh acosh atanh to_degrees to_radians);
            number!(@methods (self, other) powf max min hypot atan2 copysign);
        }
    };
    (@constants [$($generic:tt)*] $Handle:ty, $($constant:ident)*) => {
        impl<$($generic)*> FloatConst for $Handle {
            $(fn $constant() -> Self { constant(<f64 as FloatConst>::$constant()) })*
        }
    };
    (@methods (self) $($method:ident)*) => {
        $(#[inline] fn $method(self) -> Self { Elementary::$method(self) })*
    };
    (@methods (self, other) $($method:ident)*) => {
        $(#[inline] #[track_caller] fn $method(self, other: Self) -> Self { Elementary::$method(self, other) })*
    };
}
for_each_handle!(number {});

/// Whether the number is zero or subnormal.
#[track_caller]
fn is_below_normal<R: Real>(x: R) -> bool {
    let least: R = by_precision!(R, f32::MIN_POSITIVE, f64::MIN_POSITIVE);
    -least < x && x < least
}

/// `a - b` where that is positive, else zero.
fn positive_difference<R: Real>(a: R, b: R) -> R {
    if a <= b { constant(0.0) } else { a - b }
}
