//! Hyperbolic functions and their inverses.

use super::define::unary;
use super::{plain, wide};

unary! {
    /// The hyperbolic sine.
    Sinh;
    maths "y = sinh x, x̄ += cosh(x) ȳ";
    reads [x];
    samples [-20.0, -1.0, 0.0, 0.5, 3.0];
    value |x| x.sinh();
    pullback |x, y, y_bar| x.cosh() * y_bar;
}

unary! {
    /// The hyperbolic cosine.
    Cosh;
    maths "y = cosh x, x̄ += sinh(x) ȳ";
    reads [x];
    samples [-20.0, -1.0, 0.0, 0.5, 3.0];
    value |x| x.cosh();
    pullback |x, y, y_bar| x.sinh() * y_bar;
}

unary! {
    /// The hyperbolic tangent. Its derivative is computed from the value, as for the sigmoid: far out, where the value nears
    /// ±1, it is rounded to multiples of 1e-16 (in `f32` of 6e-8), and from 19 on it is zero.
    Tanh;
    maths "y = tanh x, x̄ += (1 - y²) ȳ";
    reads [y];
    samples [-5.0, -1.0, 0.0, 0.5, 3.0];
    value |x| x.tanh();
    pullback |x, y, y_bar| (y.clone() * y).scale(-1.0).shift(1.0) * y_bar;
}

unary! {
    /// The inverse of the hyperbolic sine.
    Asinh;
    maths "y = arsinh x, x̄ += ȳ / √(1 + x²)";
    reads [x];
    samples [-1e8, -1.0, 0.0, 0.5, 30.0];
    value |x| plain(libm::asinh(wide(x)));
    // Flat at infinity at every order: the gate hides the root, which has no derivative there.
    pullback |x, y, y_bar| {
        let slope = x.clone().hypot(x.like(1.0)).recip();
        slope.clone().gate(slope * y_bar)
    };
}

unary! {
    /// The inverse of the hyperbolic cosine, at least 0; NaN below 1, where the derivative is infinite.
    Acosh;
    maths "y = arcosh x, x̄ += ȳ / √((x - 1)(x + 1))";
    domain "x ≥ 1";
    reads [x];
    samples [1.25, 1.5, 3.0, 30.0, 1e8];
    value |x| plain(libm::acosh(wide(x)));
    pullback |x, y, y_bar| y_bar / x.clone().shift(-1.0).sqrt() / x.shift(1.0).sqrt();
}

unary! {
    /// The inverse of the hyperbolic tangent; ±∞ at ±1, NaN beyond.
    Atanh;
    maths "y = artanh x, x̄ += ȳ / ((1 - x)(1 + x))";
    domain "-1 < x < 1";
    reads [x];
    samples [-0.9, -0.25, 0.0, 0.5, 0.75];
    value |x| plain(libm::atanh(wide(x)));
    pullback |x, y, y_bar| y_bar / (x.clone().shift(1.0) * (-x).shift(1.0));
}
