//! Functions that choose: maximum, minimum, and the two steps that derivatives of kinks are written in.

use super::binary;

binary! {
    /// The greater of two numbers; of a number and a NaN the number, as [`f64::max`]. At a tie both get half
    /// of the cotangent, so that the cotangents sum to one.
    Max;
    maths "y = max(a, b), ā += [a > b] ȳ, b̄ += [b > a] ȳ, half each at a tie";
    reads [a, b];
    samples [[1.0, 2.0], [0.5, -1.5]];
    value |a, b| a.max(b);
    left |a, b, y, y_bar| a.heaviside(b) * y_bar;
    right |a, b, y, y_bar| b.heaviside(a) * y_bar;
}

binary! {
    /// The smaller of two numbers; of a number and a NaN the number, as [`f64::min`]. At a tie both get half
    /// of the cotangent.
    Min;
    maths "y = min(a, b), ā += [a < b] ȳ, b̄ += [b < a] ȳ, half each at a tie";
    reads [a, b];
    samples [[1.0, 2.0], [0.5, -1.5]];
    value |a, b| a.min(b);
    left |a, b, y, y_bar| (-a).heaviside(-b) * y_bar;
    right |a, b, y, y_bar| (-b).heaviside(-a) * y_bar;
}

binary! {
    /// The step that derivatives of kinks are made of: 1 where a exceeds b, ½ at a tie, else 0. A NaN as b
    /// loses against anything, so that `max` gives its cotangent to the number it chose; of two NaN both count as
    /// chosen. The derivative is zero everywhere, by convention also at the step.
    Heaviside;
    maths "y = [a > b], ½ at a tie; ā += 0, b̄ += 0";
    reads [];
    samples [[1.0, 2.0], [0.5, -1.5]];
    value |a, b| {
        let half = T::from(0.5).expect("a half is exact");
        if a > b || b.is_nan() { T::one() } else if a == b { half } else { T::zero() }
    };
    left |a, b, y, y_bar| y_bar.like(0.0);
    right |a, b, y, y_bar| y_bar.like(0.0);
}

binary! {
    /// b where a is not zero, and 0 where it is, even if b is infinite or NaN: the product of a factor that
    /// vanishes with one that must not be looked at. Only b is differentiated.
    Gate;
    maths "y = [a ≠ 0] b; ā += 0, b̄ += [a ≠ 0] ȳ";
    reads [a];
    samples [[1.0, 2.0], [0.5, -1.5], [-2.0, 0.0]];
    value |a, b| if a == T::zero() { T::zero() } else { b };
    left |a, b, y, y_bar| y_bar.like(0.0);
    right |a, b, y, y_bar| a.gate(y_bar);
}
