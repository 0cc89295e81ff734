//! Around exp(-x²): tails whose relative error does not grow, and quantiles.

use super::polynomial;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// 1/√(2π).
const FRAC_1_SQRT_2_PI: f64 = 0.398_942_280_401_432_7;

/// exp(k x²) for k = ±1 or ±½. A rounded square would cost x² units of rounding: its upper half is exact instead.
pub(crate) fn exp_of_square(x: f64, k: f64) -> f64 {
    if x.abs() >= 64.0 {
        return (k * x * x).exp();
    }
    let high = f64::from_bits(x.to_bits() & !0x07FF_FFFF);
    let low = (x - high) * (x + high);
    (k * high * high).exp() * (k * low).exp()
}

/// φ(x).
pub(crate) fn norm_pdf(x: f64) -> f64 {
    exp_of_square(x, -0.5) * FRAC_1_SQRT_2_PI
}

/// Φ(x) = ½ erfc(-x/√2).
pub(crate) fn norm_cdf(x: f64) -> f64 {
    let z = -x * FRAC_1_SQRT_2;
    if x > -1.0 {
        return 0.5 * libm::erfc(z);
    }
    // In the tail the rounding of z would cost x² units; what it lost is made up for by the slope of erfc.
    const LOW_PART_OF_1_SQRT_2: f64 = -4.833_646_656_726_457e-17;
    let lost = (-x).mul_add(FRAC_1_SQRT_2, -z) - x * LOW_PART_OF_1_SQRT_2;
    let slope = FRAC_2_SQRT_PI * exp_of_square(z, -1.0);
    0.5 * (libm::erfc(z) - if slope == 0.0 { 0.0 } else { slope * lost })
}

/// exp(z²) erfc(z) for z ≥ 0: by its definition, and where erfc nears the end of the floats by the asymptotic series
/// (Abramowitz & Stegun 7.1.23).
fn scaled_erfc(z: f64) -> f64 {
    if z < 25.0 {
        return exp_of_square(z, 1.0) * libm::erfc(z);
    }
    let t = -0.5 / (z * z);
    let series = polynomial(t, &[10_395.0, 945.0, 105.0, 15.0, 3.0, 1.0, 1.0]);
    0.5 * FRAC_2_SQRT_PI * series / z
}

/// ln Φ(x).
pub(crate) fn norm_log_cdf(x: f64) -> f64 {
    if x > 0.0 {
        (-norm_cdf(-x)).ln_1p()
    } else if x > -5.0 {
        norm_cdf(x).ln()
    } else {
        -0.5 * x * x + (0.5 * scaled_erfc(-x * FRAC_1_SQRT_2)).ln()
    }
}

/// φ(x)/Φ(x).
pub(crate) fn inverse_mills(x: f64) -> f64 {
    if x > -5.0 {
        return norm_pdf(x) / norm_cdf(x);
    }
    2.0 * FRAC_1_SQRT_2_PI / scaled_erfc(-x * FRAC_1_SQRT_2)
}

/// Φ⁻¹(p).
pub(crate) fn norm_quantile(p: f64) -> f64 {
    quantile(p - 0.5, p.min(1.0 - p))
}

/// erf⁻¹(x).
pub(crate) fn erf_inv(x: f64) -> f64 {
    quantile(0.5 * x, 0.5 * (1.0 - x.abs())) * FRAC_1_SQRT_2
}

/// erfc⁻¹(x).
pub(crate) fn erfc_inv(x: f64) -> f64 {
    -quantile(0.5 * x - 0.5, (0.5 * x).min(1.0 - 0.5 * x)) * FRAC_1_SQRT_2
}

/// Φ⁻¹ of the probability ½ + `middle`, by whichever is exact: that distance from the middle, or `tail`, the smaller of
/// the probability and its complement. Wichura 1988, Algorithm AS 241, PPND16.
fn quantile(middle: f64, tail: f64) -> f64 {
    if middle.abs() <= 0.425 {
        let r = 0.180625 - middle * middle;
        return middle * polynomial(r, &MIDDLE[0]) / polynomial(r, &MIDDLE[1]);
    }
    if tail <= 0.0 {
        return if tail == 0.0 { f64::INFINITY.copysign(middle) } else { f64::NAN };
    }
    let r = (-tail.ln()).sqrt();
    let (r, [above, below]) = if r <= 5.0 { (r - 1.6, &NEAR) } else { (r - 5.0, &FAR) };
    (polynomial(r, above) / polynomial(r, below)).copysign(middle)
}

const MIDDLE: [[f64; 8]; 2] = [
    [
        2.509_080_928_730_122_7e3,
        3.343_057_558_358_813e4,
        6.726_577_092_700_87e4,
        4.592_195_393_154_987e4,
        13_731.693_765_509_46,
        1.971_590_950_306_551_4e3,
        1.331_416_678_917_843_8e2,
        3.387_132_872_796_366_5,
    ],
    [
        5.226_495_278_852_546e3,
        2.872_908_573_572_194_3e4,
        3.930_789_580_009_271e4,
        2.121_379_430_158_659_7e4,
        5.394_196_021_424_751e3,
        6.871_870_074_920_579e2,
        4.231_333_070_160_091e1,
        1.0,
    ],
];

const NEAR: [[f64; 8]; 2] = [
    [
        7.745_450_142_783_414e-4,
        2.272_384_498_926_918_4e-2,
        2.417_807_251_774_506e-1,
        1.270_458_252_452_368_4,
        3.647_848_324_763_204_5,
        5.769_497_221_460_691,
        4.630_337_846_156_546,
        1.423_437_110_749_683_5,
    ],
    [
        1.050_750_071_644_416_9e-9,
        5.475_938_084_995_345e-4,
        1.519_866_656_361_645_7e-2,
        1.481_039_764_274_800_8e-1,
        6.897_673_349_851e-1,
        1.676_384_830_183_803_8,
        2.053_191_626_637_759,
        1.0,
    ],
];

const FAR: [[f64; 8]; 2] = [
    [
        2.010_334_399_292_288_1e-7,
        2.711_555_568_743_487_6e-5,
        1.242_660_947_388_078_4e-3,
        2.653_218_952_657_612_4e-2,
        2.965_605_718_285_048_7e-1,
        1.784_826_539_917_291_3,
        5.463_784_911_164_114,
        6.657_904_643_501_104,
    ],
    [
        2.044_263_103_389_939_8e-15,
        1.421_511_758_316_446e-7,
        1.846_318_317_510_054_7e-5,
        7.868_691_311_456_133e-4,
        1.487_536_129_085_061_5e-2,
        1.369_298_809_227_358e-1,
        5.998_322_065_558_88e-1,
        1.0,
    ],
];
