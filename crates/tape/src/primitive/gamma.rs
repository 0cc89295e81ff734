//! The gamma function by its logarithm, the derivatives of that, and the beta function.

use super::define::{binary, unary};
use super::special::gamma;
use super::{plain, wide};

unary! {
    /// ln |Γ(x)| (Abramowitz & Stegun 6.1); ∞ at the poles 0, -1, -2, …, where the derivative is NaN (at ±0 ∓∞).
    Lgamma;
    maths "y = ln |Γ(x)|, x̄ += ψ(x) ȳ";
    domain "x ≠ 0, -1, -2, …";
    reads [x];
    samples [-1.5, 0.01, 0.5, 1.0, 3.5, 30.0];
    value |x| plain(libm::lgamma(wide(x)));
    pullback |x, y, y_bar| x.digamma() * y_bar;
}

unary! {
    /// ψ, the derivative of ln Γ (Abramowitz & Stegun 6.3); exact around its root at 1.4616. ∓∞ at ±0, NaN at the other
    /// poles.
    Digamma;
    maths "y = ψ(x) = Γ′(x)/Γ(x), x̄ += ψ′(x) ȳ";
    domain "x ≠ 0, -1, -2, …";
    reads [x];
    samples [-1.5, 0.01, 0.5, 1.0, 1.4616, 3.5, 30.0];
    value |x| plain(gamma::digamma(wide(x)));
    pullback |x, y, y_bar| x.trigamma() * y_bar;
}

unary! {
    /// ψ′, the derivative of ψ (Abramowitz & Stegun 6.4); ∞ at the poles.
    Trigamma;
    maths "y = ψ′(x), x̄ += ψ″(x) ȳ";
    domain "x ≠ 0, -1, -2, …";
    reads [x];
    samples [-1.5, 0.01, 0.5, 1.0, 3.5, 30.0];
    value |x| plain(gamma::polygamma(1, wide(x)));
    pullback |x, y, y_bar| x.polygamma(2) * y_bar;
}

unary! {
    /// The nth derivative of ψ (Abramowitz & Stegun 6.4): by recurrence, Euler's and Maclaurin's series, and reflection;
    /// NaN for n above 170, whose factorial is no float.
    Polygamma(n: u32);
    maths "y = ψ⁽ⁿ⁾(x), x̄ += ψ⁽ⁿ⁺¹⁾(x) ȳ";
    domain "x ≠ 0, -1, -2, …; n ≤ 170";
    reads [x];
    samples [-1.5, 0.25, 0.5, 1.0, 3.5, 30.0];
    value |x| plain(gamma::polygamma(n, wide(x)));
    pullback |x, y, y_bar| x.polygamma(n.saturating_add(1)) * y_bar;
}

binary! {
    /// ln B(a, b), without the cancellation of `ln Γ(a) + ln Γ(b) - ln Γ(a + b)` (Didonato, Morris 1992); ∞ at zero, NaN
    /// below. The partials subtract: where b is small against a, the one by a keeps fewer digits.
    LnBeta;
    maths "y = ln B(a, b), ā += (ψ(a) - ψ(a + b)) ȳ, b̄ += (ψ(b) - ψ(a + b)) ȳ";
    domain "a > 0, b > 0";
    reads [a, b];
    samples [[1.0, 2.0], [0.5, 0.25], [3.0, 40.0], [12.0, 15.0]];
    value |a, b| plain(gamma::ln_beta(wide(a), wide(b)));
    left |a, b, y, y_bar| (a.clone().digamma() - (a + b).digamma()) * y_bar;
    right |a, b, y, y_bar| (b.clone().digamma() - (a + b).digamma()) * y_bar;
}

binary! {
    /// The beta function (Abramowitz & Stegun 6.2); ∞ at zero, NaN below.
    Beta;
    maths "y = B(a, b) = Γ(a) Γ(b) / Γ(a + b), ā += y (ψ(a) - ψ(a + b)) ȳ, b̄ += y (ψ(b) - ψ(a + b)) ȳ";
    domain "a > 0, b > 0";
    reads [a, b, y];
    samples [[1.0, 2.0], [0.5, 0.25], [3.0, 40.0], [12.0, 15.0]];
    value |a, b| plain(gamma::beta(wide(a), wide(b)));
    left |a, b, y, y_bar| y * (a.clone().digamma() - (a + b).digamma()) * y_bar;
    right |a, b, y, y_bar| y * (b.clone().digamma() - (a + b).digamma()) * y_bar;
}
