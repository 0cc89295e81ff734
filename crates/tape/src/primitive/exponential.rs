//! Exponentials and logarithms.

use super::unary;

unary! {
    /// e to the power x.
    Exp;
    maths "y = eˣ, x̄ += y ȳ";
    reads [y];
    samples [-30.0, -1.0, 0.0, 0.5, 20.0];
    value |x| x.exp();
    pullback |x, y, y_bar| y * y_bar;
}

unary! {
    /// eˣ - 1, exact near zero. The derivative is computed as eˣ: `y + 1` would lose the tail on the left.
    ExpM1;
    maths "y = eˣ - 1, x̄ += eˣ ȳ";
    reads [x];
    samples [-5.0, -1e-9, 0.0, 0.5, 20.0];
    value |x| x.exp_m1();
    pullback |x, y, y_bar| x.exp() * y_bar;
}

unary! {
    /// The natural logarithm. Domain `x > 0`; -∞ at zero, NaN below.
    Ln;
    maths "y = ln x, x̄ += ȳ / x";
    reads [x];
    samples [1e-8, 0.5, 1.0, 3.0, 1e30];
    value |x| x.ln();
    pullback |x, y, y_bar| y_bar / x;
}

unary! {
    /// ln(1 + x), exact near zero. Domain `x > -1`; -∞ at -1, NaN below.
    Ln1p;
    maths "y = ln(1 + x), x̄ += ȳ / (1 + x)";
    reads [x];
    samples [-0.9, -1e-9, 0.0, 0.5, 1e9];
    value |x| x.ln_1p();
    pullback |x, y, y_bar| y_bar / x.shift(1.0);
}
