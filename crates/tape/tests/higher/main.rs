//! Derivatives of higher order: matrices of them, nested levels, series, solutions of equations.

mod implicit;
mod inputs;
mod matrices;
mod nesting;
mod series;

use tape::Real;

/// A function with a bit of everything, of three inputs, all of whose derivatives differ.
fn mixed<R: Real>(x: &[R]) -> R {
    let a = (x[0] * x[1]).sin() + x[2].exp() / (x[0].powi(2).shift(1.0));
    let b = (x[1].powi(2).shift(2.0)).ln() * x[2] - (x[0] - x[2]).tanh();
    a * b + x[2].abs().sqrt() + x[0].powf(x[1].shift(1.5)) + a.mul_add(x[1], x[2]).max(b)
}

const AT: [f64; 3] = [0.7, -0.4, 1.3];
