//! Exponentials and logarithms.

use super::define::{binary, unary};
use crate::real::Elementary;
use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

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
    domain "x > 0";
    reads [x];
    samples [1e-8, 0.5, 1.0, 3.0, 1e30];
    value |x| x.ln();
    pullback |x, y, y_bar| y_bar / x;
}

unary! {
    /// ln(1 + x), exact near zero. Domain `x > -1`; -∞ at -1, NaN below.
    Ln1p;
    maths "y = ln(1 + x), x̄ += ȳ / (1 + x)";
    domain "x > -1";
    reads [x];
    samples [-0.9, -1e-9, 0.0, 0.5, 1e9];
    value |x| x.ln_1p();
    pullback |x, y, y_bar| y_bar / x.shift(1.0);
}

unary! {
    /// 2 to the power x.
    Exp2;
    maths "y = 2ˣ, x̄ += ln(2) y ȳ";
    reads [y];
    samples [-30.0, -1.0, 0.0, 0.5, 20.0];
    value |x| x.exp2();
    pullback |x, y, y_bar| (y * y_bar).scale(LN_2);
}

unary! {
    /// The logarithm to base 2; -∞ at zero, NaN below.
    Log2;
    maths "y = log₂ x, x̄ += ȳ / (ln(2) x)";
    domain "x > 0";
    reads [x];
    samples [1e-8, 0.5, 1.0, 3.0, 1e30];
    value |x| x.log2();
    pullback |x, y, y_bar| (y_bar / x).scale(LOG2_E);
}

unary! {
    /// The logarithm to base 10; -∞ at zero, NaN below.
    Log10;
    maths "y = log₁₀ x, x̄ += ȳ / (ln(10) x)";
    domain "x > 0";
    reads [x];
    samples [1e-8, 0.5, 1.0, 3.0, 1e30];
    value |x| x.log10();
    pullback |x, y, y_bar| (y_bar / x).scale(LOG10_E);
}

unary! {
    /// ln(1 - eˣ), the logarithm of the probability of the contrary; exact next to zero and far from it (Mächler 2012,
    /// "Accurately computing log(1 - exp(-|a|))", eq. 7). -∞ at zero, NaN above.
    Log1mExp;
    maths "y = ln(1 - eˣ), x̄ += -eˣ ȳ / (1 - eˣ)";
    domain "x < 0";
    reads [x];
    samples [-30.0, -1.0, -0.7, -0.5, -1e-3];
    value |x| {
        let ln_2 = T::from(LN_2).expect("rounds");
        if x > -ln_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
    };
    // Not `e⁻ˣ - 1`, which overflows, and with it the next derivative. The absolute value is for the zero, whichever its sign.
    pullback |x, y, y_bar| -(x.clone().exp() * y_bar / x.exp_m1().abs());
}

binary! {
    /// ln(eᵃ + eᵇ) without overflow: `max(a, b) + ln(1 + e^-|a-b|)`. Of two equal infinities that infinity, with half of
    /// the cotangent for each.
    LogAddExp;
    maths "y = ln(eᵃ + eᵇ), ā += σ(a - b) ȳ, b̄ += σ(b - a) ȳ";
    reads [a, b];
    samples [[1.0, 2.0], [0.5, -1.5], [3.0, 3.0], [-20.0, 1.0], [7.0, 9.5]];
    value |a, b| {
        // Not `max`, which would lose a NaN.
        let (least, most) = if a < b { (a, b) } else { (b, a) };
        if a == b && a.is_infinite() { a } else { most + (least - most).exp().ln_1p() }
    };
    left |a, b, y, y_bar| distance(a, b).sigmoid() * y_bar;
    right |a, b, y, y_bar| distance(b, a).sigmoid() * y_bar;
}

binary! {
    /// a ln(b), and 0 where a is 0 (unless b is NaN): the terms of an entropy. At (0, 0) both partials are taken as 0.
    Xlogy;
    maths "y = a ln b, ā += ln(b) ȳ, b̄ += (a / b) ȳ";
    domain "b > 0; b ≥ 0 for a = 0";
    kinks "(0, 0): 0";
    reads [a, b];
    samples [[1.0, 2.0], [0.5, 1e-3], [-3.0, 0.25], [0.0, 7.0]];
    value |a, b| if a == T::zero() && !b.is_nan() { a } else { a * b.ln() };
    left |a, b, y, y_bar| (a.abs() + b.clone().abs()).gate(b.ln() * y_bar);
    right |a, b, y, y_bar| (a.clone().abs() + b.clone().abs()).gate(a / b * y_bar);
}

/// a - b, and 0 between equal infinities.
#[inline(always)]
fn distance<E: Elementary>(a: E, b: E) -> E {
    let same = a.clone().equal(b.clone()) * a.clone().abs().equal(a.like(f64::INFINITY));
    same.select(a.like(0.0), a - b)
}
