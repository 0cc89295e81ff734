//! Values of special functions in double precision, where libm has none or loses digits.
//!
//! The tests hold them against figures computed with 50 digits by mpmath.

pub(super) mod bessel;
pub(super) mod gamma;
pub(super) mod gaussian;

/// The polynomial with these coefficients, the one of the highest power first (Horner).
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    coefficients.iter().fold(0.0, |sum, &c| sum * x + c)
}

#[cfg(test)]
mod tests;
