//! Spherical Bessel functions.

/// jₙ(x): for x beyond n + 1 by the recurrence upward (Abramowitz & Stegun 10.1.19), which is stable there. Below it is stable
/// downward only, from an order where the function vanishes (Miller; Abramowitz & Stegun 10.5); and for small x it is the
/// power series (10.1.2), whose terms cancel once x² exceeds 2n.
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
        _ if size * size <= 2.0 * (order + 1.0) => {
            let square = -0.5 * size * size;
            let (mut term, mut sum, mut k) = (1.0_f64, 1.0, 1.0);
            while term.abs() > 1e-17 {
                term *= square / (k * (2.0 * (order + k) + 1.0));
                sum += term;
                k += 1.0;
            }
            (1..=n).fold(sum, |product, k| product * (size / (2.0 * f64::from(k) + 1.0)))
        }
        _ if size <= order + 1.0 => downward(order, size),
        _ => {
            let [mut before, mut here] = first_two(size);
            for k in 1..n {
                (before, here) = (here, (2.0 * f64::from(k) + 1.0) / size * here - before);
            }
            here
        }
    };
    // Odd functions for odd n.
    if x < 0.0 && n % 2 == 1 { -value } else { value }
}

/// j₀ and j₁.
fn first_two(x: f64) -> [f64; 2] {
    let sinc = x.sin() / x;
    [sinc, (sinc - x.cos()) / x]
}

/// jₙ(x) for x < n + 1 by Miller's algorithm: any numbers above, the recurrence downward, and a factor that makes the last
/// what j₀ or j₁ is, whichever is not near a root.
fn downward(n: f64, x: f64) -> f64 {
    // Beyond the turning point jₖ falls as Airy's function of (k - x) (2/k)^⅓: this many orders up it has lost 17 digits.
    let mut k = n + 20.0 + 16.0 * (0.5 * n).cbrt().ceil();
    let (mut above, mut here, mut wanted) = (0.0_f64, 1e-200, 0.0);
    while k >= 1.0 {
        (above, here) = (here, (2.0 * k + 1.0) / x * here - above);
        k -= 1.0;
        if k == n {
            wanted = here;
        }
        if here.abs() > 1e200 {
            (above, here, wanted) = (above * 1e-200, here * 1e-200, wanted * 1e-200);
        }
    }
    let [zeroth, first] = first_two(x);
    // Not divided first, which could leave the range.
    if here.abs() > above.abs() { zeroth * (wanted / here) } else { first * (wanted / above) }
}
