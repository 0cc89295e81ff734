//! The bell curve, the integrals over it, and their inverses.

use super::define::unary;
use super::special::gaussian;
use super::{plain, wide};
use crate::real::Elementary;
use std::f64::consts::FRAC_2_SQRT_PI;

unary! {
    /// e to the power -x². The square is not rounded, so that the tails are as exact as the middle.
    Gaussian;
    maths "y = exp(-x²), x̄ += -2 x y ȳ";
    reads [x, y];
    samples [-2.0, -0.5, 0.0, 0.25, 3.0];
    value |x| plain(gaussian::exp_of_square(wide(x), -1.0));
    pullback |x, y, y_bar| y.clone().gate((x * y).scale(-2.0) * y_bar);
}

unary! {
    /// The error function (Abramowitz & Stegun 7.1.1).
    Erf;
    maths "y = 2/√π ∫₀ˣ exp(-t²) dt, x̄ += 2/√π exp(-x²) ȳ";
    reads [x];
    samples [-2.0, -0.5, 0.0, 0.25, 3.0];
    value |x| plain(libm::erf(wide(x)));
    pullback |x, y, y_bar| x.gaussian().scale(FRAC_2_SQRT_PI) * y_bar;
}

unary! {
    /// The complementary error function 1 - erf(x), whose right tail is computed, not subtracted (Abramowitz & Stegun
    /// 7.1.2).
    Erfc;
    maths "y = 1 - erf(x), x̄ += -2/√π exp(-x²) ȳ";
    reads [x];
    samples [-2.0, -0.5, 0.0, 0.25, 3.0];
    value |x| plain(libm::erfc(wide(x)));
    pullback |x, y, y_bar| x.gaussian().scale(-FRAC_2_SQRT_PI) * y_bar;
}

unary! {
    /// The inverse of the error function; ±∞ at ±1, NaN beyond.
    ErfInv;
    maths "y = erf⁻¹(x), x̄ += √π/2 exp(y²) ȳ";
    domain "-1 < x < 1";
    reads [y];
    samples [-0.9, -0.25, 0.0, 0.5, 0.95];
    value |x| plain(gaussian::erf_inv(wide(x)));
    pullback |x, y, y_bar| (y_bar / y.gaussian()).scale(1.0 / FRAC_2_SQRT_PI);
}

unary! {
    /// The inverse of the complementary error function; ∞ at 0, -∞ at 2, NaN beyond.
    ErfcInv;
    maths "y = erfc⁻¹(x), x̄ += -√π/2 exp(y²) ȳ";
    domain "0 < x < 2";
    reads [y];
    samples [0.01, 0.25, 0.75, 1.0, 1.75];
    value |x| plain(gaussian::erfc_inv(wide(x)));
    pullback |x, y, y_bar| (y_bar / y.gaussian()).scale(-1.0 / FRAC_2_SQRT_PI);
}

unary! {
    /// φ, the density of the standard normal distribution (Abramowitz & Stegun 26.2.1).
    NormPdf;
    maths "y = φ(x) = exp(-x²/2) / √(2π), x̄ += -x y ȳ";
    reads [x, y];
    samples [-3.0, -0.5, 0.0, 0.25, 2.0];
    value |x| plain(gaussian::norm_pdf(wide(x)));
    pullback |x, y, y_bar| y.clone().gate(-(x * y * y_bar));
}

unary! {
    /// Φ, the distribution function of the standard normal distribution (Abramowitz & Stegun 26.2.2); the left tail is
    /// exact to its end at -38.
    NormCdf;
    maths "y = Φ(x) = ½ erfc(-x/√2), x̄ += φ(x) ȳ";
    reads [x];
    samples [-3.0, -0.5, 0.0, 0.25, 2.0];
    value |x| plain(gaussian::norm_cdf(wide(x)));
    pullback |x, y, y_bar| x.norm_pdf() * y_bar;
}

unary! {
    /// ln Φ(x), also where Φ is too small for a float.
    NormLogCdf;
    maths "y = ln Φ(x), x̄ += φ(x)/Φ(x) ȳ";
    reads [x];
    samples [-30.0, -3.0, -0.5, 0.0, 0.25, 2.0];
    value |x| plain(gaussian::norm_log_cdf(wide(x)));
    pullback |x, y, y_bar| x.inverse_mills() * y_bar;
}

unary! {
    /// φ(x)/Φ(x), the slope of ln Φ (Mills 1926); about -x far to the left, where both are too small for a float. There
    /// y and x cancel in the derivative, at a loss of up to 900 units of rounding; from -30 downward it is a series instead,
    /// and nears -1.
    InverseMills;
    maths "y = φ(x)/Φ(x), x̄ += -y (x + y) ȳ";
    reads [x, y];
    samples [-30.0, -3.0, -0.5, 0.0, 0.25, 2.0];
    value |x| plain(gaussian::inverse_mills(wide(x)));
    pullback |x, y, y_bar| {
        let near = y.clone() * (x.clone() + y.clone());
        let far = decline(x.clone().min(x.like(-30.0)));
        y.gate(-(x.clone().less(x.like(-30.0)).select(far, near) * y_bar))
    };
}

unary! {
    /// The quantile Φ⁻¹(x) of a probability (Wichura 1988, AS 241), to three units in the last place; ∓∞ at 0 and 1, NaN
    /// outside.
    NormQuantile;
    maths "y = Φ⁻¹(x), x̄ += ȳ / φ(y)";
    domain "0 < x < 1";
    reads [y];
    samples [0.01, 0.25, 0.5, 0.75, 0.95];
    value |x| plain(gaussian::norm_quantile(wide(x)));
    pullback |x, y, y_bar| y_bar / y.norm_pdf();
}

/// y (x + y) for y = φ(x)/Φ(x) far to the left, by the asymptotic series of y: with w = 1/x² it is `-x (1 + w p(w))`, and the
/// product p (1 + w p). The coefficients follow from y′ = -y (x + y); those of p are OEIS A000698.
#[inline(always)]
fn decline<E: Elementary>(x: E) -> E {
    const SERIES: [f64; 9] = [29_752_066.0, -1_708_394.0, 110_410.0, -8162.0, 706.0, -74.0, 10.0, -2.0, 1.0];
    let w = (x.clone() * x).recip();
    let p = SERIES.into_iter().fold(w.like(0.0), |sum, coefficient| (sum * w.clone()).shift(coefficient));
    p.clone() * (w * p).shift(1.0)
}
