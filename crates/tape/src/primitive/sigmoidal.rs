//! The S-shaped functions of networks, their inverse and their integral.

use super::define::unary;
use super::plain;

unary! {
    /// The logistic function g of the course. The exponential that is taken is the one that cannot overflow.
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
    pullback |x, y, y_bar| x.sigmoid() * y_bar;
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
    pullback |x, y, y_bar| (-x).sigmoid() * y_bar;
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
