//! Rounding to whole numbers, and what is left over by it.
//!
//! The steps are flat between their jumps, and by convention at them too: their derivative is zero.

use super::Chosen;
use super::define::{binary, unary};

unary! {
    /// The greatest whole number that is not above x.
    Floor;
    maths "y = ⌊x⌋, x̄ += 0 ȳ";
    kinks "whole x: 0";
    reads [];
    samples [-2.5, -0.125, 0.25, 7.75];
    chosen |x| Chosen::Nothing;
    value |x| x.floor();
    pullback |x, y, y_bar| y_bar.like(0.0);
}

unary! {
    /// The smallest whole number that is not below x.
    Ceil;
    maths "y = ⌈x⌉, x̄ += 0 ȳ";
    kinks "whole x: 0";
    reads [];
    samples [-2.5, -0.125, 0.25, 7.75];
    chosen |x| Chosen::Nothing;
    value |x| x.ceil();
    pullback |x, y, y_bar| y_bar.like(0.0);
}

unary! {
    /// The nearest whole number; halves go away from zero, as [`f64::round`].
    Round;
    maths "y = ⌊|x| + ½⌋ sign(x), x̄ += 0 ȳ";
    kinks "halves: 0";
    reads [];
    samples [-2.25, -0.125, 0.25, 7.75];
    chosen |x| Chosen::Nothing;
    value |x| x.round();
    pullback |x, y, y_bar| y_bar.like(0.0);
}

unary! {
    /// x without its digits after the point.
    Trunc;
    maths "y = ⌊|x|⌋ sign(x), x̄ += 0 ȳ";
    kinks "whole x: 0";
    reads [];
    samples [-2.5, -0.125, 0.25, 7.75];
    chosen |x| Chosen::Nothing;
    value |x| x.trunc();
    pullback |x, y, y_bar| y_bar.like(0.0);
}

unary! {
    /// The digits after the point, with the sign of x, as [`f64::fract`]. It jumps at whole numbers, where the slope
    /// of both sides is taken.
    Fract;
    maths "y = x - trunc(x), x̄ += ȳ";
    kinks "whole x: 1";
    reads [];
    samples [-2.5, -0.125, 0.25, 7.75];
    value |x| x.fract();
    pullback |x, y, y_bar| y_bar;
}

binary! {
    /// The remainder with the sign of a, as the operator `%`. It jumps where a is a multiple of b; there the slopes
    /// of the side that the value is on are taken. The quotient is recovered from the remainder, which is exact.
    Rem;
    maths "y = a - b trunc(a/b), ā += ȳ, b̄ += -trunc(a/b) ȳ";
    domain "b ≠ 0";
    kinks "multiples a of b: the slopes of the value's side";
    reads [a, b, y];
    samples [[7.5, 2.0], [-7.5, 2.0], [7.5, -2.0], [0.3, 2.0], [-20.0, 0.7]];
    value |a, b| a % b;
    left |a, b, y, y_bar| y_bar;
    right |a, b, y, y_bar| ((y - a) / b).round() * y_bar;
}

binary! {
    /// The remainder that is never negative, as [`f64::rem_euclid`]. It jumps where a is a multiple of b; there the
    /// slopes of the side that the value is on are taken.
    RemEuclid;
    maths "y = a - b q ≥ 0 for whole q, ā += ȳ, b̄ += -q ȳ";
    domain "b ≠ 0";
    kinks "multiples a of b: the slopes of the value's side";
    reads [a, b, y];
    samples [[7.5, 2.0], [-7.5, 2.0], [7.5, -2.0], [0.3, 2.0], [-20.0, 0.7]];
    value |a, b| {
        let rest = a % b;
        if rest < T::zero() { rest + b.abs() } else { rest }
    };
    left |a, b, y, y_bar| y_bar;
    right |a, b, y, y_bar| ((y - a) / b).round() * y_bar;
}
