//! The four operations.

use super::define::{binary, ternary, unary};
use super::plain;

unary! {
    /// The negative of x.
    Neg;
    maths "y = -x, x̄ += -ȳ";
    reads [];
    samples [-3.0, 0.0, 0.25, 1e300];
    value |x| -x;
    pullback |x, y, y_bar| -y_bar;
}

unary! {
    /// One over x; at zero an infinity of the zero's sign, with an infinite derivative.
    Recip;
    maths "y = 1/x, x̄ += -y² ȳ";
    domain "x ≠ 0";
    reads [y];
    samples [-3.0, -1e-3, 0.25, 7.0];
    value |x| x.recip();
    pullback |x, y, y_bar| -(y.clone() * (y * y_bar));
}

unary! {
    /// The product with a plain number, which is not differentiated and records nothing.
    Scale(k: f64);
    maths "y = k x, x̄ += k ȳ";
    reads [];
    samples [-3.0, 0.0, 0.25, 1e9];
    value |x| x * plain(k);
    pullback |x, y, y_bar| y_bar.scale(k);
}

unary! {
    /// The sum with a plain number, which is not differentiated and records nothing.
    Shift(k: f64);
    maths "y = x + k, x̄ += ȳ";
    reads [];
    samples [-3.0, 0.0, 0.25, 1e9];
    value |x| x + plain(k);
    pullback |x, y, y_bar| y_bar;
}

binary! {
    /// The sum.
    Add;
    maths "y = a + b, ā += ȳ, b̄ += ȳ";
    reads [];
    partials finite;
    samples [[1.0, 2.0], [-3.0, 0.5], [0.0, 0.0], [1e9, -1.0]];
    value |a, b| a + b;
    left |a, b, y, y_bar| y_bar;
    right |a, b, y, y_bar| y_bar;
}

binary! {
    /// The difference.
    Sub;
    maths "y = a - b, ā += ȳ, b̄ += -ȳ";
    reads [];
    partials finite;
    samples [[1.0, 2.0], [-3.0, 0.5], [0.0, 0.0], [1e9, -1.0]];
    value |a, b| a - b;
    left |a, b, y, y_bar| y_bar;
    right |a, b, y, y_bar| -y_bar;
}

binary! {
    /// The product.
    Mul;
    maths "y = a b, ā += b ȳ, b̄ += a ȳ";
    reads [a, b];
    partials finite;
    samples [[1.0, 2.0], [-3.0, 0.5], [0.0, 0.0], [1e4, -1.0]];
    value |a, b| a * b;
    left |a, b, y, y_bar| b * y_bar;
    right |a, b, y, y_bar| a * y_bar;
}

binary! {
    /// The quotient. The pullback divides `ȳ` before it multiplies by y, so that `1e-200 / 1e-200` has
    /// finite derivatives, which `a / b²` would not.
    Div;
    maths "y = a / b, ā += ȳ / b, b̄ += -y (ȳ / b)";
    domain "b ≠ 0";
    reads [b, y];
    samples [[1.0, 2.0], [-3.0, 0.5], [0.0, 4.0], [1e4, -1.0], [2e-200, 1e-200]];
    value |a, b| a / b;
    left |a, b, y, y_bar| y_bar / b;
    right |a, b, y, y_bar| -(y_bar / b * y);
}

ternary! {
    /// a b + c with one rounding. On a machine without fused multiply-add the standard library computes it in
    /// software, which is slow; on one that has it, ask the compiler for the feature. Over tensors it rounds twice.
    MulAdd;
    maths "y = a b + c, ā += b ȳ, b̄ += a ȳ, c̄ += ȳ";
    reads [a, b];
    partials finite;
    samples [[2.0, 3.0, 4.0], [-1.0, 0.5, 0.0], [0.0, 0.0, 1.0]];
    value |a, b, c| a.mul_add(b, c);
    pullback |[a, b, c], y, y_bar| [b * y_bar.clone(), a * y_bar.clone(), y_bar];
}
