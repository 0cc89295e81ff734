//! Branch-free scalar functions, written so that the compiler turns a loop over them into vector instructions.
//!
//! Each is one straight line of arithmetic for both types; the constants and the few operations on bits that differ
//! are in [`Bits`]. `FUSED` says that a multiply-add is one instruction: in software it would be a slow call.
//! The polynomials interpolate at Chebyshev nodes, in 60 decimal digits, over a hair more than the interval on which they are used.
#![expect(
    clippy::excessive_precision,
    reason = "coefficients are given to more digits than the types keep, so that they can be checked"
)]

use num_traits::Float;

/// What the functions need to know about the format of a number.
pub(super) trait Bits: Float + Default + 'static {
    /// log₂ e.
    const LOG2_E: Self;
    /// ln 2 in two parts; the first has so few bits that a product with an exponent is exact.
    const LN_2: [Self; 2];
    /// 1.5 · 2^(bits of the fraction): added to a number, it leaves the nearest integer in the low bits.
    const ROUNDER: Self;
    /// Below this, e^x rounds to 0.
    const EXP_LEAST: Self;
    /// Above this, e^x is infinite.
    const EXP_MOST: Self;
    /// Above this, tanh x rounds to 1.
    const TANH_MOST: Self;
    /// q in e^r = 1 + r + r² q(r) for |r| <= ln 2 / 2.
    const EXP: &'static [Self];
    /// p in artanh s = s + s³ p(s²) for 0 <= s <= 1/3.
    const ARTANH: &'static [Self];
    /// R in ln (1 + f) = f - f²/2 + s (f²/2 + R(s²)), s = f / (2 + f), 1 + f in √½ to √2: R(z) = z Σ c zⁱ.
    const LN: &'static [Self];
    /// 2^(bits of the fraction + 1), which makes a subnormal number normal, and its exponent.
    const SUBNORMAL: [Self; 2];

    /// 2^(n >> 1) and 2^(n - (n >> 1)), where n is the integer that was rounded into `t` by adding [`ROUNDER`](Self::ROUNDER).
    /// Two factors, because 2^n itself may be outside the format where the product is not.
    fn powers(t: Self) -> [Self; 2];
    /// 2^n, for n in the range of normal numbers.
    fn power(t: Self) -> Self;
    /// m in √½ to √2 and n with `self = m · 2ⁿ`, for a positive normal number.
    fn split(self) -> (Self, Self);
    /// The magnitude of `self` with the sign of `sign`.
    fn with_sign_of(self, sign: Self) -> Self;
}

macro_rules! bits {
    ($float:ty, $word:ty, $fraction:literal, $bias:literal, $sqrt_half:literal, {$($constants:tt)*}) => {
        impl Bits for $float {
            $($constants)*

            #[inline(always)]
            fn powers(t: Self) -> [Self; 2] {
                // Made positive by an even number, since vectors of 64-bit words have no arithmetic shift.
                const LIFT: $word = 4 * $bias;
                let n = t.to_bits().wrapping_sub(Self::ROUNDER.to_bits()).wrapping_add(LIFT);
                let half = n >> 1;
                let power = |n: $word| {
                    Self::from_bits(n.wrapping_sub(LIFT / 2).wrapping_add($bias) << $fraction)
                };
                [power(half), power(n - half)]
            }

            #[inline(always)]
            fn power(t: Self) -> Self {
                let n = t.to_bits().wrapping_sub(Self::ROUNDER.to_bits());
                Self::from_bits(n.wrapping_add($bias) << $fraction)
            }

            #[inline(always)]
            fn split(self) -> (Self, Self) {
                // Subtracting the bits of √½ carries into the exponent exactly where the fraction reaches √½.
                const SQRT_HALF: $word = $sqrt_half;
                let shifted = self.to_bits().wrapping_sub(SQRT_HALF);
                // n + bias > 0 in the low bits of the rounder, and off again: exact, without a conversion.
                let n = shifted.wrapping_add(($bias as $word) << $fraction) >> $fraction;
                let n = Self::from_bits(n | Self::ROUNDER.to_bits()) - (Self::ROUNDER + $bias as Self);
                let fraction = (shifted & (((1 as $word) << $fraction) - 1)).wrapping_add(SQRT_HALF);
                (Self::from_bits(fraction), n)
            }

            #[inline(always)]
            fn with_sign_of(self, sign: Self) -> Self {
                self.copysign(sign)
            }
        }
    };
}

bits!(f32, u32, 23, 127, 0x3f35_04f3, {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const ROUNDER: f32 = 12_582_912.0;
    const EXP_LEAST: f32 = -104.0;
    const EXP_MOST: f32 = 89.0;
    const TANH_MOST: f32 = 10.0;
    const EXP: &'static [f32] = &[
        0.500_000_001_346_580_92,
        0.166_666_666_816_232_314,
        0.041_666_464_925_285_905,
        0.008_333_310_925_480_901,
        0.001_393_364_999_630_925,
        0.000_198_909_908_246_736_54,
    ];
    const ARTANH: &'static [f32] = &[
        0.333_333_336_604_357_516,
        0.199_998_531_034_124_831,
        0.142_961_823_975_988_082,
        0.108_532_304_985_978_462,
        0.116_124_608_856_072_909,
    ];
    // FreeBSD's e_logf.c (Sun Microsystems 1993).
    const LN: &'static [f32] = &[0.666_666_626_93, 0.400_009_721_52, 0.284_987_866_88, 0.242_790_788_41];
    const SUBNORMAL: [f32; 2] = [16_777_216.0, 24.0];
});

bits!(f64, u64, 52, 1023, 0x3fe6_a09e_667f_3bcd, {
    const LOG2_E: f64 = std::f64::consts::LOG2_E;
    const LN_2: [f64; 2] = [6.931_471_803_691_238_164_9e-1, 1.908_214_929_270_587_700_02e-10];
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    const EXP_LEAST: f64 = -746.0;
    const EXP_MOST: f64 = 710.0;
    const TANH_MOST: f64 = 22.0;
    const EXP: &'static [f64] = &[
        0.5,
        0.166_666_666_666_666_709_91,
        0.041_666_666_666_666_669_755,
        0.008_333_333_333_326_135_125_8,
        0.001_388_888_888_888_374_830_5,
        0.000_198_412_698_748_206_252_71,
        0.000_024_801_587_325_547_741_216,
        2.755_725_540_020_642_443e-6,
        2.755_727_364_311_029_532_8e-7,
        2.510_521_700_472_074_516_4e-8,
        2.091_468_696_808_687_723_6e-9,
    ];
    const ARTANH: &'static [f64] = &[
        0.333_333_333_333_333_334_43,
        0.199_999_999_999_997_609_99,
        0.142_857_142_858_001_321_31,
        0.111_111_110_991_081_062_59,
        0.090_909_099_496_339_794_875,
        0.076_922_719_588_765_822_666,
        0.066_675_898_307_578_551_355,
        0.058_671_325_896_882_965_569,
        0.054_226_455_163_899_063_845,
        0.037_458_197_303_366_327_858,
        0.078_157_673_537_156_122_424,
    ];
    // FreeBSD's e_log.c (Sun Microsystems 1993).
    const LN: &'static [f64] = &[
        6.666_666_666_666_735_130e-1,
        3.999_999_999_940_941_908e-1,
        2.857_142_874_366_239_149e-1,
        2.222_219_843_214_978_396e-1,
        1.818_357_216_161_805_012e-1,
        1.531_383_769_920_937_332e-1,
        1.479_819_860_511_658_591e-1,
    ];
    const SUBNORMAL: [f64; 2] = [18_014_398_509_481_984.0, 54.0];
});

/// `a · b + c`.
#[inline(always)]
pub(super) fn mul_add<T: Float, const FUSED: bool>(a: T, b: T, c: T) -> T {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// Σ `coefficients[i]` xⁱ, by Horner's rule.
#[inline(always)]
fn polynomial<T: Float, const FUSED: bool>(coefficients: &'static [T], x: T) -> T {
    let mut sum = coefficients[coefficients.len() - 1];
    for &c in coefficients[..coefficients.len() - 1].iter().rev() {
        sum = mul_add::<T, FUSED>(sum, x, c);
    }
    sum
}

/// The smaller of `x` and `most`; NaN where `x` is, which `min` would lose.
#[inline(always)]
fn at_most<T: Float>(x: T, most: T) -> T {
    if x > most { most } else { x }
}

/// The larger of `x` and `least`; NaN where `x` is.
#[inline(always)]
fn at_least<T: Float>(x: T, least: T) -> T {
    if x < least { least } else { x }
}

/// x = n ln 2 + r with |r| <= ln 2 / 2: n as it was rounded, and r.
#[inline(always)]
fn reduce<T: Bits, const FUSED: bool>(x: T) -> (T, T) {
    let t = mul_add::<T, FUSED>(x, T::LOG2_E, T::ROUNDER);
    let n = t - T::ROUNDER;
    let r = mul_add::<T, FUSED>(n, -T::LN_2[0], x);
    (t, mul_add::<T, FUSED>(n, -T::LN_2[1], r))
}

/// r² q(r), which is e^r - 1 - r.
#[inline(always)]
fn beyond_linear<T: Bits, const FUSED: bool>(r: T) -> T {
    r * r * polynomial::<T, FUSED>(T::EXP, r)
}

/// e^x for x that is not above [`Bits::EXP_MOST`] nor below [`Bits::EXP_LEAST`].
#[inline(always)]
fn exp_in_range<T: Bits, const FUSED: bool>(x: T) -> T {
    let (t, r) = reduce::<T, FUSED>(x);
    let q = polynomial::<T, FUSED>(T::EXP, r);
    let [low, high] = T::powers(t);
    let one = T::one();
    mul_add::<T, FUSED>(r, mul_add::<T, FUSED>(r, q, one), one) * low * high
}

/// e^x.
#[inline(always)]
pub(super) fn exp<T: Bits, const FUSED: bool>(x: T) -> T {
    exp_in_range::<T, FUSED>(at_most(at_least(x, T::EXP_LEAST), T::EXP_MOST))
}

/// 1 / (1 + e^-x), as e^-|x| / (1 + e^-|x|) where x is negative: nothing overflows.
#[inline(always)]
pub(super) fn sigmoid<T: Bits, const FUSED: bool>(x: T) -> T {
    let e = exp_in_range::<T, FUSED>(at_least(-x.abs(), T::EXP_LEAST));
    let numerator = if x < T::zero() { e } else { T::one() };
    let y = numerator / (T::one() + e);
    // y = numerator - e y: one step that damps what the sum and the quotient were rounded by.
    mul_add::<T, FUSED>(-e, y, numerator)
}

/// tanh x = -u / (2 + u), u = e^(-2|x|) - 1.
#[inline(always)]
pub(super) fn tanh<T: Bits, const FUSED: bool>(x: T) -> T {
    let two = T::one() + T::one();
    let (t, r) = reduce::<T, FUSED>(-two * at_most(x.abs(), T::TANH_MOST));
    let power = T::power(t);
    // 2ⁿ (e^r - 1) + (2ⁿ - 1): exact where n is 0, so tiny x keep all their digits.
    let u = mul_add::<T, FUSED>(r + beyond_linear::<T, FUSED>(r), power, power - T::one());
    (-u / (two + u)).with_sign_of(x)
}

/// ln (1 + e^x) = max(x, 0) + ln (1 + e^-|x|).
#[inline(always)]
pub(super) fn softplus<T: Bits, const FUSED: bool>(x: T) -> T {
    at_least(x, T::zero()) + log_1p_exp::<T, FUSED>(-x.abs())
}

/// ln (1 + e^x) for x <= 0, as 2 artanh s with s = e / (2 + e), e = e^x.
#[inline(always)]
pub(super) fn log_1p_exp<T: Bits, const FUSED: bool>(x: T) -> T {
    let one = T::one();
    let two = one + one;
    let (t, r) = reduce::<T, FUSED>(at_least(x, T::EXP_LEAST));
    let rest = beyond_linear::<T, FUSED>(r);
    let [low, high] = T::powers(t);
    // e as the rounded sum and what the rounding took, both scaled.
    let sum = r + rest;
    let whole = one + sum;
    let left = (one - whole + r) + rest;
    let e = whole * low * high;
    let e_left = left * low * high;
    // The quotient s and, to first order, what its rounding took.
    let d = two + e;
    let d_left = (two - d + e) + e_left;
    let inverse = one / d;
    let s = e * inverse;
    let residue = mul_add::<T, FUSED>(-s, d, e);
    let s_left = if FUSED {
        mul_add::<T, FUSED>(-s, d_left, residue + e_left) * inverse
    } else {
        (e_left - s * d_left) * inverse
    };
    let z = s * s;
    let p = polynomial::<T, FUSED>(T::ARTANH, z);
    let tail = mul_add::<T, FUSED>(s * z, p, s_left);
    two * (s + tail)
}

/// ln x.
#[inline(always)]
pub(super) fn ln<T: Bits, const FUSED: bool>(x: T) -> T {
    let subnormal = x < T::min_positive_value();
    let scaled = if subnormal { x * T::SUBNORMAL[0] } else { x };
    let (m, n) = scaled.split();
    let n = if subnormal { n - T::SUBNORMAL[1] } else { n };
    let one = T::one();
    let two = one + one;
    let f = m - one;
    let s = f / (two + f);
    let z = s * s;
    let r = z * polynomial::<T, FUSED>(T::LN, z);
    let half = f * f / two;
    let inner = mul_add::<T, FUSED>(s, half + r, n * T::LN_2[1]);
    let y = mul_add::<T, FUSED>(n, T::LN_2[0], f - (half - inner));
    let y = if x < T::infinity() { y } else { x }; // infinity and NaN go through
    let y = if x > T::zero() || x.is_nan() { y } else { T::nan() };
    if x == T::zero() { T::neg_infinity() } else { y }
}
