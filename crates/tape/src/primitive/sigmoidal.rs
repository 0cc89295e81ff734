//! The S-shaped functions of networks, and the smooth ramp whose derivative the sigmoid is.

use super::unary;

unary! {
    /// The hyperbolic tangent.
    Tanh;
    maths "y = tanh x, x̄ += (1 - y²) ȳ";
    reads [y];
    samples [-5.0, -1.0, 0.0, 0.5, 3.0];
    value |x| x.tanh();
    pullback |x, y, y_bar| (y.clone() * y).scale(-1.0).shift(1.0) * y_bar;
}

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
