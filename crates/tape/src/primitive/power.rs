//! Powers, roots, and the length of a vector of two.

use super::define::{binary, unary};

unary! {
    /// The square root. Domain `x ≥ 0`, NaN below; at zero the derivative is infinite.
    Sqrt;
    maths "y = √x, x̄ += ȳ / 2y";
    domain "x ≥ 0";
    reads [y];
    samples [1e-6, 0.25, 1.0, 7.0, 1e8];
    value |x| x.sqrt();
    pullback |x, y, y_bar| y_bar / y.scale(2.0);
}

unary! {
    /// The cube root, also of a negative number; at zero the derivative is infinite.
    Cbrt;
    maths "y = ∛x, x̄ += ȳ / 3y²";
    reads [y];
    samples [-8.0, -1e-3, 0.25, 27.0, 1e9];
    value |x| x.cbrt();
    pullback |x, y, y_bar| y_bar / (y.clone() * y).scale(3.0);
}

unary! {
    /// The nth power for a whole number n of either sign; `0⁰ = 1`.
    Powi(n: i32);
    maths "y = xⁿ, x̄ += n xⁿ⁻¹ ȳ";
    domain "x ≠ 0 for n < 0";
    reads [x];
    samples [-2.0, -0.5, 0.25, 3.0];
    value |x| x.powi(n);
    pullback |x, y, y_bar| match n {
        0 => y_bar.like(0.0),
        1 => y_bar,
        2 => x.scale(2.0) * y_bar,
        // The smallest i32 has no predecessor: split one factor off on the other side.
        i32::MIN => x.clone().powi(n) / x * y_bar.scale(f64::from(n)),
        _ => x.powi(n - 1).scale(f64::from(n)) * y_bar,
    };
}

binary! {
    /// a to the power b. Domain `a ≥ 0`, and whole b for negative a. Where a or b is zero the factor that
    /// vanishes wins over the one that is infinite: `∂(a⁰)/∂a = 0`, and `∂(0ᵇ)/∂b = 0`.
    Powf;
    maths "y = aᵇ, ā += b aᵇ⁻¹ ȳ, b̄ += y ln(a) ȳ";
    domain "a ≥ 0; a < 0 for whole b";
    kinks "a = 0 or b = 0: the factor that vanishes wins";
    reads [a, b, y];
    samples [[1.0, 2.0], [0.5, -1.5], [3.0, 0.25], [2.0, 0.0], [10.0, 3.0]];
    value |a, b| a.powf(b);
    left |a, b, y, y_bar| {
        let somewhere = a.clone().abs() + b.clone().abs();
        somewhere.gate(b.clone() * a.powf(b.shift(-1.0)) * y_bar)
    };
    right |a, b, y, y_bar| a.clone().gate(y.clone().gate(y * a.ln() * y_bar));
}

binary! {
    /// The length of the vector (a, b), without overflow or underflow on the way: hypot(3e300, 4e300) is 5e300, with
    /// partials 0.6 and 0.8. Kink at (0, 0), where the subgradient 0 is taken: the middle of the unit disc.
    Hypot;
    maths "y = √(a² + b²), ā += (a / y) ȳ, b̄ += (b / y) ȳ";
    kinks "(0, 0): 0";
    reads [a, b, y];
    samples [[3.0, 4.0], [-1.0, 0.5], [0.0, 2.0], [1e-3, -1.0]];
    value |a, b| a.hypot(b);
    left |a, b, y, y_bar| y.clone().gate(a / y * y_bar);
    right |a, b, y, y_bar| y.clone().gate(b / y * y_bar);
}
