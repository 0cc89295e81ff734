//! Spherical Bessel functions.

/// jₙ(x): for x up to n + 1 by the power series (Abramowitz & Stegun 10.1.2), beyond by the recurrence upward (10.1.19),
/// which is stable there.
pub(crate) fn spherical(n: u32, x: f64) -> f64 {
    let size = x.abs();
    let order = f64::from(n);
    let value = match size {
        _ if size.is_nan() => f64::NAN,
        _ if size.is_infinite() => 0.0,
        _ if n == 0 => {
            if size == 0.0 {
                1.0
            } else {
                size.sin() / size
            }
        }
        _ if size <= order + 1.0 => {
            let square = -0.5 * size * size;
            let (mut term, mut sum, mut k) = (1.0_f64, 1.0, 1.0);
            while term.abs() > 1e-17 {
                term *= square / (k * (2.0 * (order + k) + 1.0));
                sum += term;
                k += 1.0;
            }
            (1..=n).fold(sum, |product, k| product * (size / (2.0 * f64::from(k) + 1.0)))
        }
        _ => {
            let (mut before, mut here) = (size.sin() / size, (size.sin() / size - size.cos()) / size);
            for k in 1..n {
                (before, here) = (here, (2.0 * f64::from(k) + 1.0) / size * here - before);
            }
            here
        }
    };
    // Odd functions for odd n.
    if x < 0.0 && n % 2 == 1 { -value } else { value }
}
