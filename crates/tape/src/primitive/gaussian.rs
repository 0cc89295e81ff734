//! The bell curve, the integrals over it, and their inverses.

use super::define::unary;
use super::special::gaussian;
use super::{plain, wide};
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
    /// φ(x)/Φ(x), the slope of ln Φ (Mills 1926); about -x far to the left, where both are too small for a float. The
    /// derivative loses x² units of rounding there.
    InverseMills;
    maths "y = φ(x)/Φ(x), x̄ += -y (x + y) ȳ";
    reads [x, y];
    samples [-30.0, -3.0, -0.5, 0.0, 0.25, 2.0];
    value |x| plain(gaussian::inverse_mills(wide(x)));
    pullback |x, y, y_bar| y.clone().gate(-(y.clone() * (x + y) * y_bar));
}

unary! {
    /// The quantile Φ⁻¹(x) of a probability (Wichura 1988, AS 241, and a step of Newton's); ∓∞ at 0 and 1, NaN outside.
    NormQuantile;
    maths "y = Φ⁻¹(x), x̄ += ȳ / φ(y)";
    domain "0 < x < 1";
    reads [y];
    samples [0.01, 0.25, 0.5, 0.75, 0.95];
    value |x| plain(gaussian::norm_quantile(wide(x)));
    pullback |x, y, y_bar| y_bar / y.norm_pdf();
}
