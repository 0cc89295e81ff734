//! Functions that choose: maximum, minimum, and the two steps that derivatives of kinks are written in.

use super::Chosen;
use super::define::{binary, ternary};
use super::plain;
use crate::real::Elementary;

binary! {
    /// The greater of two numbers; of a number and a NaN the number, as [`f64::max`]. At a tie both get half
    /// of the cotangent, so that the cotangents sum to one; so do two NaN.
    Max;
    maths "y = max(a, b), ā += [a > b] ȳ, b̄ += [b > a] ȳ, half each at a tie";
    kinks "a = b: ½ each";
    reads [a, b];
    samples [[1.0, 2.0], [0.5, -1.5]];
    chosen |a, b| greater(a, b);
    value |a, b| a.max(b);
    left |a, b, y, y_bar| won(a.heaviside(b), y_bar);
    right |a, b, y, y_bar| won(b.heaviside(a), y_bar);
}

binary! {
    /// The smaller of two numbers; of a number and a NaN the number, as [`f64::min`]. At a tie both get half
    /// of the cotangent; so do two NaN.
    Min;
    maths "y = min(a, b), ā += [a < b] ȳ, b̄ += [b < a] ȳ, half each at a tie";
    kinks "a = b: ½ each";
    reads [a, b];
    samples [[1.0, 2.0], [0.5, -1.5]];
    chosen |a, b| greater(-a, -b);
    value |a, b| a.min(b);
    left |a, b, y, y_bar| won((-a).heaviside(-b), y_bar);
    right |a, b, y, y_bar| won((-b).heaviside(-a), y_bar);
}

binary! {
    /// The step that derivatives of kinks are made of: 1 where a exceeds b, ½ at a tie, else 0. A NaN as b
    /// loses against any number, so that `max` gives its cotangent to the number it chose; two NaN tie. The derivative
    /// is zero everywhere, by convention also at the step.
    Heaviside;
    maths "y = [a > b], ½ at a tie; ā += 0 ȳ, b̄ += 0 ȳ";
    kinks "a = b: 0";
    reads [];
    samples [[1.0, 2.0], [0.5, -1.5]];
    chosen |a, b| Chosen::Nothing;
    value |a, b| {
        if a == b || a.is_nan() && b.is_nan() {
            plain(0.5)
        } else if a > b || b.is_nan() {
            T::one()
        } else {
            T::zero()
        }
    };
    left |a, b, y, y_bar| y_bar.like(0.0);
    right |a, b, y, y_bar| y_bar.like(0.0);
}

binary! {
    /// b where a is not zero, and 0 where it is, even if b is infinite or NaN: the product of a factor that
    /// vanishes with one that must not be looked at. Only b is differentiated.
    Gate;
    maths "y = [a ≠ 0] b; ā += 0, b̄ += [a ≠ 0] ȳ";
    kinks "a = 0: 0";
    reads [a];
    samples [[1.0, 2.0], [0.5, -1.5], [-2.0, 0.0]];
    chosen |a, b| if a == 0.0 { Chosen::Nothing } else { Chosen::Argument(1) };
    value |a, b| if a == T::zero() { T::zero() } else { b };
    left |a, b, y, y_bar| y_bar.like(0.0);
    right |a, b, y, y_bar| a.gate(y_bar);
}

ternary! {
    /// The number a, kept between b and c; NaN of NaN, and where `b ≤ c` does not hold, for which [`f64::clamp`] panics. At
    /// a bound the number is still itself, and gets the whole cotangent.
    Clamp;
    maths "y = min(max(a, b), c); ā += [b ≤ a ≤ c] ȳ, b̄ += [a < b] ȳ, c̄ += [a > c] ȳ";
    domain "b ≤ c";
    kinks "a = b or a = c: 1 for a";
    reads [a, b, c];
    samples [[0.5, -1.0, 1.0], [-3.0, -1.0, 1.0], [2.5, -1.0, 1.0]];
    chosen |a, b, c| match b <= c {
        true if a < b => Chosen::Argument(1),
        true if a > c => Chosen::Argument(2),
        true => Chosen::Argument(0),
        false => Chosen::ByPartials,
    };
    value |a, b, c| match b <= c {
        true if a < b => b,
        true if a > c => c,
        true => a,
        false => T::nan(),
    };
    pullback |[a, b, c], y, y_bar| {
        let zero = y_bar.like(0.0);
        let (below, above) = (a.clone().less(b), a.greater(c));
        let outside = below.clone() + above.clone();
        [outside.select(zero, y_bar.clone()), below.gate(y_bar.clone()), above.gate(y_bar)]
    };
}

/// Which of two numbers is the greater; a NaN loses against any number.
#[inline(always)]
fn greater(a: f64, b: f64) -> Chosen {
    if a > b || b.is_nan() && !a.is_nan() {
        Chosen::Argument(0)
    } else if b > a || a.is_nan() && !b.is_nan() {
        Chosen::Argument(1)
    } else {
        Chosen::ByPartials
    }
}

/// The share of the cotangent for one who has won wholly, by half, or not at all.
#[inline(always)]
fn won<E: Elementary>(share: E, y_bar: E) -> E {
    share.clone().gate(share * y_bar)
}
