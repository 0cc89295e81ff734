//! Comparisons as masks of ones and zeros, and the choice by a mask: control flow without a branch, which programs
//! replay for any input and tensors apply element by element.

use super::Chosen;
use super::define::{binary, ternary};

/// A mask by an operator of comparison.
macro_rules! mask {
    ($(#[$doc:meta])* $P:ident $operator:tt $maths:literal $kinks:literal) => {
        binary! {
            $(#[$doc])*
            $P;
            maths $maths;
            kinks $kinks;
            reads [];
            samples [[1.0, 2.0], [0.5, -1.5], [-2.0, 3.0]];
            chosen |a, b| Chosen::Nothing;
            value |a, b| if a $operator b { T::one() } else { T::zero() };
            left |a, b, y, y_bar| y_bar.like(0.0);
            right |a, b, y, y_bar| y_bar.like(0.0);
        }
    };
}

mask! {
    /// 1 where a is greater than b, else 0, also where one is NaN. The derivative is zero, by convention also at the
    /// jump.
    Greater > "y = [a > b], ā += 0 ȳ, b̄ += 0 ȳ" "a = b: 0"
}

mask! {
    /// 1 where a is greater than b or equal to it, else 0, also where one is NaN. The derivative is zero.
    GreaterEqual >= "y = [a ≥ b], ā += 0 ȳ, b̄ += 0 ȳ" "a = b: 0"
}

mask! {
    /// 1 where a is less than b, else 0, also where one is NaN. The derivative is zero.
    Less < "y = [a < b], ā += 0 ȳ, b̄ += 0 ȳ" "a = b: 0"
}

mask! {
    /// 1 where a is less than b or equal to it, else 0, also where one is NaN. The derivative is zero.
    LessEqual <= "y = [a ≤ b], ā += 0 ȳ, b̄ += 0 ȳ" "a = b: 0"
}

mask! {
    /// 1 where a equals b, else 0, also where one is NaN. The derivative is zero.
    Equal == "y = [a = b], ā += 0 ȳ, b̄ += 0 ȳ" "a = b: 0"
}

mask! {
    /// 1 where a does not equal b, also where one is NaN, else 0. The derivative is zero.
    NotEqual != "y = [a ≠ b], ā += 0 ȳ, b̄ += 0 ȳ" "a = b: 0"
}

ternary! {
    /// `mask.select(b, c)`: b where the mask is not zero (also where it is NaN), else c. What is not selected gets no
    /// cotangent, whatever its value and its derivative; nor does the mask.
    Select;
    maths "y = b where a ≠ 0, else c; ā += 0, b̄ += [a ≠ 0] ȳ, c̄ += [a = 0] ȳ";
    kinks "a = 0: 0";
    reads [a];
    samples [[1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [-0.5, -1.5, 0.25]];
    chosen |a, b, c| if a == 0.0 { Chosen::Argument(2) } else { Chosen::Argument(1) };
    value |a, b, c| if a == T::zero() { c } else { b };
    pullback |[a, b, c], y, y_bar| {
        let zero = y_bar.like(0.0);
        let rest = a.clone().select(zero.clone(), y_bar.clone());
        [zero.clone(), a.select(y_bar, zero), rest]
    };
}
