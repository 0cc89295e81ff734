//! Sign and size.

use super::define::{binary, unary};

unary! {
    /// The absolute value. Kink at zero, where the subgradient 0 is taken: the middle of [-1, 1],
    /// and the only one that is the same from both sides.
    Abs;
    maths "y = |x|, x̄ += sign(x) ȳ";
    kinks "0: 0";
    reads [x];
    samples [-3.0, -1e-3, 0.25, 1e9];
    value |x| x.abs();
    pullback |x, y, y_bar| x.clone().gate(x.signum() * y_bar);
}

unary! {
    /// The sign as [`f64::signum`] has it: -1 or 1, at zeros that of the zero, NaN of NaN. It jumps at zero; the
    /// derivative is zero everywhere, by convention also there.
    Signum;
    maths "y = ±1, x̄ += 0 ȳ";
    kinks "0: 0";
    reads [];
    samples [-3.0, -1e-3, 0.25, 1e9];
    chosen |x| super::Chosen::Nothing;
    value |x| x.signum();
    pullback |x, y, y_bar| y_bar.like(0.0);
}

binary! {
    /// The size of a with the sign of b. Kink at `a = 0`, where the subgradient 0 is taken as for `abs`; it jumps with
    /// the sign of b, by which the derivative is zero everywhere.
    Copysign;
    maths "y = |a| sign(b), ā += sign(a) sign(b) ȳ, b̄ += 0 ȳ";
    kinks "a = 0: 0; b = 0: 0";
    reads [a, b];
    samples [[3.0, -2.0], [-0.5, -1.5], [-2.0, 0.25], [1e-3, 1.0]];
    value |a, b| a.abs() * T::one().copysign(b);
    left |a, b, y, y_bar| a.clone().gate(a.signum() * (y_bar.like(1.0).copysign(b) * y_bar));
    right |a, b, y, y_bar| y_bar.like(0.0);
}
