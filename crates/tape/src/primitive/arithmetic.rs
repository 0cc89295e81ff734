//! The four operations, powers and roots.

use super::{binary, ternary, unary};

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
    reads [y];
    samples [-3.0, -1e-3, 0.25, 7.0];
    value |x| x.recip();
    pullback |x, y, y_bar| -(y.clone() * (y * y_bar));
}

unary! {
    /// The square root. Domain `x ≥ 0`, NaN below; at zero the derivative is infinite.
    Sqrt;
    maths "y = √x, x̄ += ȳ / 2y";
    reads [y];
    samples [1e-6, 0.25, 1.0, 7.0, 1e8];
    value |x| x.sqrt();
    pullback |x, y, y_bar| y_bar / y.scale(2.0);
}

unary! {
    /// The absolute value. Kink at zero, where the subgradient 0 is taken: the middle of [-1, 1],
    /// and the only one that is the same from both sides.
    Abs;
    maths "y = |x|, x̄ += sign(x) ȳ";
    reads [x];
    samples [-3.0, -1e-3, 0.25, 1e9];
    value |x| x.abs();
    pullback |x, y, y_bar| x.clone().heaviside(x.like(0.0)).scale(2.0).shift(-1.0) * y_bar;
}

unary! {
    /// The nth power for a whole number n of either sign; `0⁰ = 1`.
    Powi(n: i32);
    maths "y = xⁿ, x̄ += n xⁿ⁻¹ ȳ";
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
    reads [b, y];
    samples [[1.0, 2.0], [-3.0, 0.5], [0.0, 4.0], [1e4, -1.0], [2e-200, 1e-200]];
    value |a, b| a / b;
    left |a, b, y, y_bar| y_bar / b;
    right |a, b, y, y_bar| -(y_bar / b * y);
}

binary! {
    /// a to the power b. Domain `a ≥ 0`, and whole b for negative a. Where a or b is zero the factor that
    /// vanishes wins over the one that is infinite: `∂(a⁰)/∂a = 0`, and `∂(0ᵇ)/∂b = 0`.
    Powf;
    maths "y = aᵇ, ā += b aᵇ⁻¹ ȳ, b̄ += y ln(a) ȳ";
    reads [a, b, y];
    samples [[1.0, 2.0], [0.5, -1.5], [3.0, 0.25], [10.0, 3.0]];
    value |a, b| a.powf(b);
    left |a, b, y, y_bar| b.clone().gate(b.clone() * a.powf(b.shift(-1.0)) * y_bar);
    right |a, b, y, y_bar| a.clone().gate(y.clone().gate(y * a.ln() * y_bar));
}

ternary! {
    /// a b + c with one rounding. On a machine without fused multiply-add the standard library computes it in
    /// software, which is slow; on one that has it, ask the compiler for the feature.
    MulAdd;
    maths "y = a b + c, ā += b ȳ, b̄ += a ȳ, c̄ += ȳ";
    samples [[2.0, 3.0, 4.0], [-1.0, 0.5, 0.0], [0.0, 0.0, 1.0]];
    value |a, b, c| a.mul_add(b, c);
    pullback |[a, b, c], y, y_bar| [b * y_bar.clone(), a * y_bar.clone(), y_bar];
}

/// The plain number k in the precision of its partner.
#[inline(always)]
fn plain<T: num_traits::Float>(k: f64) -> T {
    T::from(k).expect("both floats take every f64, rounded")
}
