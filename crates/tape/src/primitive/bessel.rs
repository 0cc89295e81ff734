//! Bessel functions of the first kind, and their spherical relatives, of which the first is sin(x)/x.

use super::define::unary;
use super::special::bessel;
use super::{plain, wide};

unary! {
    /// J₀ (Abramowitz & Stegun 9.1.28).
    BesselJ0;
    maths "y = J₀(x), x̄ += -J₁(x) ȳ";
    reads [x];
    samples [-3.0, 0.0, 0.25, 2.5, 10.0];
    value |x| plain(libm::j0(wide(x)));
    pullback |x, y, y_bar| -(x.bessel_j1() * y_bar);
}

unary! {
    /// J₁. The derivative is written with J₂, and not as `J₀ - J₁/x`, so that it is right at zero, where it is ½ (Abramowitz
    /// & Stegun 9.1.27).
    BesselJ1;
    maths "y = J₁(x), x̄ += ½ (J₀(x) - J₂(x)) ȳ";
    reads [x];
    samples [-3.0, 0.0, 0.25, 2.5, 10.0];
    value |x| plain(libm::j1(wide(x)));
    pullback |x, y, y_bar| (x.clone().bessel_j0() - x.bessel_jn(2)).scale(0.5) * y_bar;
}

unary! {
    /// Jₙ for a whole order of either sign: `J₋ₙ = (-1)ⁿ Jₙ` (Abramowitz & Stegun 9.1.5, 9.1.27).
    BesselJn(n: i32);
    maths "y = Jₙ(x), x̄ += ½ (Jₙ₋₁(x) - Jₙ₊₁(x)) ȳ";
    reads [x];
    samples [-3.0, 0.25, 2.5, 10.0];
    value |x| plain(libm::jn(n, wide(x)));
    pullback |x, y, y_bar| {
        (x.clone().bessel_jn(n.saturating_sub(1)) - x.bessel_jn(n.saturating_add(1))).scale(0.5) * y_bar
    };
}

unary! {
    /// sin(x)/x, and 1 at zero: the unnormalised sinc, without a π, which is the spherical Bessel function j₀. Its
    /// derivative is -j₁ (Abramowitz & Stegun 10.1.20), which loses no digits near zero.
    Sinc;
    maths "y = sin(x)/x, x̄ += -j₁(x) ȳ";
    reads [x];
    samples [-3.0, 0.0, 0.25, 2.5, 10.0];
    value |x| plain(bessel::spherical(0, wide(x)));
    pullback |x, y, y_bar| -(x.spherical_bessel(1) * y_bar);
}

unary! {
    /// The spherical Bessel function jₙ (Abramowitz & Stegun 10.1).
    SphericalBessel(n: u32);
    maths "y = jₙ(x), x̄ += (n jₙ₋₁(x) - (n + 1) jₙ₊₁(x)) / (2n + 1) ȳ";
    reads [x];
    samples [-3.0, 0.25, 2.5, 10.0];
    value |x| plain(bessel::spherical(n, wide(x)));
    pullback |x, y, y_bar| {
        let order = f64::from(n);
        let above = x.clone().spherical_bessel(n.saturating_add(1)).scale((order + 1.0) / (2.0 * order + 1.0));
        match n {
            0 => -(above * y_bar),
            _ => (x.spherical_bessel(n - 1).scale(order / (2.0 * order + 1.0)) - above) * y_bar,
        }
    };
}
