//! Sine and cosine, in radians.

use super::unary;

unary! {
    /// The sine of x radians; NaN at ±∞.
    Sin;
    maths "y = sin x, x̄ += cos(x) ȳ";
    reads [x];
    samples [-10.0, -1.0, 0.0, 0.5, 30.0];
    value |x| x.sin();
    pullback |x, y, y_bar| x.cos() * y_bar;
}

unary! {
    /// The cosine of x radians; NaN at ±∞.
    Cos;
    maths "y = cos x, x̄ += -sin(x) ȳ";
    reads [x];
    samples [-10.0, -1.0, 0.0, 0.5, 30.0];
    value |x| x.cos();
    pullback |x, y, y_bar| -(x.sin() * y_bar);
}
