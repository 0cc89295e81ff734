//! The S-shaped functions of networks, their inverse and their integral.

use super::define::unary;
use super::plain;
use crate::real::Elementary;

unary! {
    /// The logistic function g of the course. The exponential that is taken is the one that cannot overflow.
    ///
    /// The derivative is computed from the value, as in the course: it is exact to the left, but to the right, where the
    /// value nears 1, it is rounded to multiples of 1e-16 (in `f32` of 6e-8), and from 37 (17) on it is zero. Where that
    /// tail matters, take `-x`, or [`softplus`](Softplus) and [`log_sigmoid`](LogSigmoid), whose derivatives of two orders
    /// lose neither.
    Sigmoid;
    maths "y = σ(x) = 1 / (1 + e⁻ˣ), x̄ += y (1 - y) ȳ";
    reads [y];
    samples [-20.0, -1.0, 0.0, 0.5, 10.0];
    value |x| {
        let e = (-x.abs()).exp();
        let numerator = if x < T::zero() { e } else { T::one() };
        numerator / (T::one() + e)
    };
    pullback |x, y, y_bar| y.clone() * y.scale(-1.0).shift(1.0) * y_bar;
}

unary! {
    /// ln(1 + eˣ), written so that neither tail is lost: `max(x, 0) + ln(1 + e^-|x|)`.
    Softplus;
    maths "y = ln(1 + eˣ), x̄ += σ(x) ȳ";
    reads [x];
    samples [-20.0, -1.0, 0.0, 0.5, 30.0];
    value |x| x.max(T::zero()) + (-x.abs()).exp().ln_1p();
    // Not `sigmoid`, whose derivative subtracts from 1 and would lose the right tail.
    pullback |x, y, y_bar| {
        let [on, _] = on_and_off(x);
        on * y_bar
    };
}

unary! {
    /// The logarithm of the odds of a probability, the inverse of the sigmoid; -∞ at 0, ∞ at 1, NaN outside. In the
    /// middle it is `2 artanh(2x - 1)`, whose argument is exact.
    Logit;
    maths "y = ln(x / (1 - x)), x̄ += ȳ / (x (1 - x))";
    domain "0 < x < 1";
    reads [x];
    samples [0.01, 0.3, 0.5, 0.6, 0.9];
    value |x| {
        let (one, two) = (T::one(), plain::<T>(2.0));
        if x > plain(0.25) && x < plain(0.75) { two * (two * x - one).atanh() } else { (x / (one - x)).ln() }
    };
    pullback |x, y, y_bar| y_bar / (x.clone() * (-x).shift(1.0));
}

unary! {
    /// ln σ(x) = -ln(1 + e⁻ˣ), the logarithm of a probability, written so that neither tail is lost.
    LogSigmoid;
    maths "y = ln σ(x), x̄ += σ(-x) ȳ";
    reads [x];
    samples [-20.0, -1.0, 0.0, 0.5, 10.0];
    value |x| {
        // Not `min`, which would lose a NaN.
        let ramp = if x > T::zero() { T::zero() } else { x };
        ramp - (-x.abs()).exp().ln_1p()
    };
    // As for `softplus`.
    pullback |x, y, y_bar| {
        let [_, off] = on_and_off(x);
        off * y_bar
    };
}

unary! {
    /// x / (1 + |x|), a sigmoid without an exponential (Turian, Bergstra, Bengio 2009); ±1 at ±∞.
    Softsign;
    maths "y = x / (1 + |x|), x̄ += ȳ / (1 + |x|)²";
    reads [x];
    samples [-9.0, -1.0, 0.25, 30.0];
    value |x| if x.is_infinite() { x.signum() } else { x / (T::one() + x.abs()) };
    pullback |x, y, y_bar| {
        let distance = x.abs().shift(1.0);
        y_bar / distance.clone() / distance
    };
}

/// σ(x) and σ(-x), from the one of them that is at most ½: its derivative subtracts from 1 without a loss.
#[inline(always)]
pub(super) fn on_and_off<E: Elementary>(x: E) -> [E; 2] {
    let right = x.clone().greater(x.like(0.0));
    let least = right.clone().select(-x.clone(), x).sigmoid();
    let most = least.clone().scale(-1.0).shift(1.0);
    [right.clone().select(most.clone(), least.clone()), right.select(least, most)]
}
