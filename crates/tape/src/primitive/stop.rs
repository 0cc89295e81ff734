//! What is no function of numbers but of derivatives: the wall that they do not pass.

use super::Chosen;
use super::define::unary;

unary! {
    /// x, of which nothing is differentiated: neither by tapes nor by duals, at any order. What comes before it counts as
    /// a constant, and yet a [`Program`](crate::Program) computes it anew for each input.
    StopGradient;
    maths "y = x, x̄ += 0 ȳ";
    reads [];
    samples [-3.0, 0.25];
    chosen |x| Chosen::Nothing;
    value |x| x;
    pullback |x, y, y_bar| y_bar.like(0.0);
}
