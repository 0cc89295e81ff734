//! Functions of an angle, and angles.

use super::define::{binary, unary};

unary! {
    /// The sine of x radians; NaN at ±∞.
    Sin;
    maths "y = sin x, x̄ += cos(x) ȳ";
    reads [x];
    samples [-10.0, -1.0, 0.0, 0.5, 30.0];
    value |x| x.sin();
    pullback |x, y, y_bar| x.cos() * y_bar;
}

unary! {
    /// The cosine of x radians; NaN at ±∞.
    Cos;
    maths "y = cos x, x̄ += -sin(x) ȳ";
    reads [x];
    samples [-10.0, -1.0, 0.0, 0.5, 30.0];
    value |x| x.cos();
    pullback |x, y, y_bar| -(x.sin() * y_bar);
}

unary! {
    /// The tangent of x radians; NaN at ±∞. No float is a pole: next to π/2 it is 1.6e16.
    Tan;
    maths "y = tan x, x̄ += (1 + y²) ȳ";
    reads [y];
    samples [-10.0, -1.0, 0.0, 0.5, 1.4];
    value |x| x.tan();
    pullback |x, y, y_bar| (y.clone() * y).shift(1.0) * y_bar;
}

unary! {
    /// The angle whose sine is x, in [-π/2, π/2]; NaN outside of [-1, 1]. At ±1 the derivative is infinite.
    Asin;
    maths "y = arcsin x, x̄ += ȳ / √((1 - x)(1 + x))";
    domain "-1 ≤ x ≤ 1";
    reads [x];
    samples [-0.9, -0.25, 0.0, 0.5, 0.75];
    value |x| x.asin();
    pullback |x, y, y_bar| y_bar / (x.clone().shift(1.0) * (-x).shift(1.0)).sqrt();
}

unary! {
    /// The angle whose cosine is x, in [0, π]; NaN outside of [-1, 1]. At ±1 the derivative is infinite.
    Acos;
    maths "y = arccos x, x̄ += -ȳ / √((1 - x)(1 + x))";
    domain "-1 ≤ x ≤ 1";
    reads [x];
    samples [-0.9, -0.25, 0.0, 0.5, 0.75];
    value |x| x.acos();
    pullback |x, y, y_bar| -(y_bar / (x.clone().shift(1.0) * (-x).shift(1.0)).sqrt());
}

unary! {
    /// The angle whose tangent is x, in [-π/2, π/2].
    Atan;
    maths "y = arctan x, x̄ += ȳ / (1 + x²)";
    reads [x];
    samples [-10.0, -1.0, 0.0, 0.5, 30.0];
    value |x| x.atan();
    // Flat at infinity at every order: the gate hides x², which has no derivative there.
    pullback |x, y, y_bar| {
        let slope = (x.clone() * x).shift(1.0).recip();
        slope.clone().gate(slope * y_bar)
    };
}

binary! {
    /// The angle of the point with ordinate a and abscissa b, in [-π, π], as [`f64::atan2`]. It jumps across the
    /// negative abscissas, where the slope of both sides is taken; at (0, 0) there is none, and 0 is taken.
    Atan2;
    maths "y = arg(b + i a), ā += b ȳ / (a² + b²), b̄ += -a ȳ / (a² + b²)";
    kinks "(0, 0): 0; a = 0 > b: the slope of both sides";
    reads [a, b];
    samples [[1.0, 2.0], [0.5, -1.5], [-3.0, 0.25], [-1e-3, 10.0]];
    value |a, b| a.atan2(b);
    left |a, b, y, y_bar| {
        let length = a.hypot(b.clone());
        length.clone().gate(b / length.clone() * y_bar / length)
    };
    right |a, b, y, y_bar| {
        let length = a.clone().hypot(b);
        length.clone().gate(-(a / length.clone() * y_bar / length))
    };
}

unary! {
    /// Radians in degrees.
    ToDegrees;
    maths "y = (180/π) x, x̄ += (180/π) ȳ";
    reads [];
    samples [-3.0, 0.0, 0.25, 1e9];
    value |x| x.to_degrees();
    pullback |x, y, y_bar| y_bar.to_degrees();
}

unary! {
    /// Degrees in radians.
    ToRadians;
    maths "y = (π/180) x, x̄ += (π/180) ȳ";
    reads [];
    samples [-3.0, 0.0, 0.25, 1e9];
    value |x| x.to_radians();
    pullback |x, y, y_bar| y_bar.to_radians();
}
