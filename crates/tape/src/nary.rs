//! Functions of many numbers that are one line on the tape, with their partials, instead of a line for each term.
//!
//! Generic code calls them with plain numbers, handles and duals alike; each is a [`Rule`] and right for every order of
//! derivative. A line with n inputs takes 16 bytes for each.

use crate::Real;
use crate::rule::{Few, Rule, apply};

/// The sum, `Σ xₖ`; 0 of nothing.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::sum(&[1.0, 2.0, 4.0]), 7.0);
/// assert_eq!(grad(nary::sum, &[1.0, 2.0, 4.0]), [1.0; 3]);
/// ```
#[track_caller]
pub fn sum<R: Real>(x: &[R]) -> R {
    apply(&Sum, x)
}

struct Sum;
impl Rule for Sum {
    fn value(&self, x: &[f64]) -> f64 {
        x.iter().sum()
    }
    fn partials<R: Real>(&self, _x: &[R], _y: R, partials: &mut [R]) {
        partials.fill(R::from_f64(1.0));
    }
    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        Some(x.iter().sum())
    }
}

/// The arithmetic mean, `Σ xₖ / n`; NaN of nothing.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::mean(&[1.0, 2.0, 6.0]), 3.0);
/// assert_eq!(grad(nary::mean, &[1.0, 2.0, 6.0, 0.0]), [0.25; 4]);
/// ```
#[track_caller]
pub fn mean<R: Real>(x: &[R]) -> R {
    apply(&Mean, x)
}

struct Mean;
impl Rule for Mean {
    fn value(&self, x: &[f64]) -> f64 {
        x.iter().sum::<f64>() / x.len() as f64
    }
    fn partials<R: Real>(&self, x: &[R], _y: R, partials: &mut [R]) {
        partials.fill(R::from_f64(1.0 / x.len() as f64));
    }
    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        Some(x.iter().sum::<R>() / R::from_f64(x.len() as f64))
    }
}

/// The variance, `Σ (xₖ - x̄)² / (n - ddof)`: with `ddof` 1 that of a sample, with 0 that of a population. NaN where
/// `n ≤ ddof`.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::variance(&[1.0, 2.0, 6.0], 1), 7.0);
/// assert_eq!(grad(|x| nary::variance(x, 1), &[1.0, 2.0, 6.0]), [-2.0, -1.0, 3.0]);
/// ```
#[track_caller]
pub fn variance<R: Real>(x: &[R], ddof: usize) -> R {
    apply(&Variance { ddof }, x)
}

struct Variance {
    ddof: usize,
}
impl Variance {
    fn divisor(&self, n: usize) -> f64 {
        if n > self.ddof { (n - self.ddof) as f64 } else { f64::NAN }
    }
}
impl Rule for Variance {
    fn value(&self, x: &[f64]) -> f64 {
        let mean = mean(x);
        x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / self.divisor(x.len())
    }
    // The mean moves too, but Σ (xₖ - x̄) is zero.
    fn partials<R: Real>(&self, x: &[R], _y: R, partials: &mut [R]) {
        let (mean, factor) = (mean(x), 2.0 / self.divisor(x.len()));
        for (partial, &x) in partials.iter_mut().zip(x) {
            *partial = (x - mean).scale(factor);
        }
    }
    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        let mean = Mean.formula(x)?;
        Some(x.iter().map(|&x| (x - mean).powi(2)).sum::<R>() / R::from_f64(self.divisor(x.len())))
    }
}

/// The scalar product, `Σ aₖ bₖ`.
///
/// # Panics
/// When the lengths differ.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// assert_eq!(grad(|x| nary::dot(x, x), &[1.0, 2.0]), [2.0, 4.0]);
/// ```
#[track_caller]
pub fn dot<R: Real>(a: &[R], b: &[R]) -> R {
    same_length("dot: wants as many numbers on the right as on the left", a.len(), b.len());
    let both: Few<R> = a.iter().chain(b).copied().collect();
    apply(&Dot, &both)
}

/// The left factors, then the right ones.
struct Dot;
impl Rule for Dot {
    fn value(&self, x: &[f64]) -> f64 {
        let (a, b) = x.split_at(x.len() / 2);
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }
    fn partials<R: Real>(&self, x: &[R], _y: R, partials: &mut [R]) {
        let (a, b) = x.split_at(x.len() / 2);
        let (a_partials, b_partials) = partials.split_at_mut(a.len());
        a_partials.copy_from_slice(b);
        b_partials.copy_from_slice(a);
    }
    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        let (a, b) = x.split_at(x.len() / 2);
        Some(a.iter().zip(b).map(|(&a, &b)| a * b).sum())
    }
}

/// The sum with plain weights, `Σ cₖ xₖ`, which are not differentiated.
///
/// # Panics
/// When the lengths differ.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::linear_combination(&[2.0, -1.0], &[3.0, 4.0]), 2.0);
/// assert_eq!(grad(|x| nary::linear_combination(&[2.0, -1.0], x), &[3.0, 4.0]), [2.0, -1.0]);
/// ```
#[track_caller]
pub fn linear_combination<R: Real>(weights: &[f64], x: &[R]) -> R {
    same_length("linear_combination: wants a number for each weight", weights.len(), x.len());
    apply(&Linear { weights }, x)
}

struct Linear<'a> {
    weights: &'a [f64],
}
impl Rule for Linear<'_> {
    fn value(&self, x: &[f64]) -> f64 {
        self.weights.iter().zip(x).map(|(c, x)| c * x).sum()
    }
    fn partials<R: Real>(&self, _x: &[R], _y: R, partials: &mut [R]) {
        for (partial, &c) in partials.iter_mut().zip(self.weights) {
            *partial = R::from_f64(c);
        }
    }
    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        Some(self.weights.iter().zip(x).map(|(&c, &x)| x.scale(c)).sum())
    }
}

/// The Euclidean norm, `√Σ xₖ²`, which neither overflows nor underflows on the way. At zero, where it has a kink, all
/// partials are zero: the subgradient of least norm.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::norm(&[3e300, 4e300]), 5e300);
/// assert_eq!(grad(nary::norm, &[3e300, 4e300]), [0.6, 0.8]);
/// assert_eq!(grad(nary::norm, &[0.0, 0.0]), [0.0, 0.0]);
/// ```
#[track_caller]
pub fn norm<R: Real>(x: &[R]) -> R {
    apply(&Norm, x)
}

struct Norm;
impl Rule for Norm {
    fn value(&self, x: &[f64]) -> f64 {
        let most = largest(x.iter().map(|x| x.abs()), 0.0);
        if most == 0.0 || most.is_infinite() {
            return most;
        }
        // A power of two, so that nothing is rounded; in two factors, as its inverse may be beyond the range.
        let scale = 2.0_f64.powi(-(most.log2() as i32) / 2);
        x.iter().map(|x| (x * scale * scale).powi(2)).sum::<f64>().sqrt() / scale / scale
    }
    fn partials<R: Real>(&self, x: &[R], y: R, partials: &mut [R]) {
        for (partial, &x) in partials.iter_mut().zip(x) {
            *partial = y.gate(x / y);
        }
    }
    // By a power of two as well, which is no function of x to be differentiated. Not a fold of `hypot`: in (0, 0, 1) that has
    // its kink at (0, 0), where the whole has none, and loses the second derivative.
    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        let most = x.iter().map(|x| x.abs()).reduce(|most, x| most.max(x));
        let Some(most) = most else { return Some(R::from_f64(0.0)) };
        // Not as small as the numbers may be: cotangents are multiplied with the scale, and would underflow.
        let exponent = most.stop_gradient().log2().floor().clamp(R::from_f64(-900.0), R::from_f64(1023.0));
        let (scale, inverse) = (exponent.exp2(), (-exponent).exp2());
        let square = x.iter().map(|&x| (x * inverse).powi(2)).sum::<R>();
        let zero = R::from_f64(0.0);
        // At zero the root of one, times zero: an infinite slope would make a NaN of the derivative.
        Some((square + square.equal(zero)).sqrt() * (scale * square.not_equal(zero)))
    }
}

/// The product, `Π xₖ`; 1 of nothing. Its partials are products of the others, not quotients, so they are right where
/// factors are zero.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::product(&[2.0, 3.0, 4.0]), 24.0);
/// assert_eq!(grad(nary::product, &[2.0, 0.0, 4.0]), [0.0, 8.0, 0.0]);
/// ```
#[track_caller]
pub fn product<R: Real>(x: &[R]) -> R {
    apply(&Product, x)
}

struct Product;
impl Rule for Product {
    fn value(&self, x: &[f64]) -> f64 {
        x.iter().product()
    }
    fn partials<R: Real>(&self, x: &[R], _y: R, partials: &mut [R]) {
        let mut before = R::from_f64(1.0);
        for (partial, &x) in partials.iter_mut().zip(x) {
            *partial = before;
            before *= x;
        }
        let mut after = R::from_f64(1.0);
        for (partial, &x) in partials.iter_mut().zip(x).rev() {
            *partial *= after;
            after *= x;
        }
    }
    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        Some(x.iter().product())
    }
}

/// The polynomial `Σ cₖ xᵏ`, coefficients from the constant one on, by Horner's scheme (Horner 1819). Coefficients and
/// argument are differentiated; 0 without coefficients.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::polynomial(&[1.0, 0.0, 2.0], 3.0), 19.0);
/// assert_eq!(grad(|v| nary::polynomial(&v[..3], v[3]), &[1.0, 0.0, 2.0, 3.0]), [1.0, 3.0, 9.0, 12.0]);
/// ```
#[track_caller]
pub fn polynomial<R: Real>(coefficients: &[R], x: R) -> R {
    let inputs: Few<R> = coefficients.iter().copied().chain([x]).collect();
    apply(&Polynomial, &inputs)
}

/// The coefficients, then the argument.
struct Polynomial;
impl Polynomial {
    fn horner<R: Real>(inputs: &[R]) -> R {
        let (&x, coefficients) = inputs.split_last().expect("the argument is there");
        nested(coefficients.iter().copied(), x)
    }
}
impl Rule for Polynomial {
    fn value(&self, inputs: &[f64]) -> f64 {
        Polynomial::horner(inputs)
    }
    fn partials<R: Real>(&self, inputs: &[R], _y: R, partials: &mut [R]) {
        let (&x, coefficients) = inputs.split_last().expect("the argument is there");
        let (by_x, by_coefficients) = partials.split_last_mut().expect("one for each input");
        let mut power = R::from_f64(1.0);
        for partial in by_coefficients {
            *partial = power;
            power *= x;
        }
        *by_x = nested(coefficients.iter().enumerate().skip(1).map(|(k, &c)| c.scale(k as f64)), x);
    }
    fn formula<R: Real>(&self, inputs: &[R]) -> Option<R> {
        Some(Polynomial::horner(inputs))
    }
}

/// `c₀ + x (c₁ + x (c₂ + …))`. It begins with the last coefficient: a product of zero and an infinite x would be NaN.
fn nested<R: Real>(coefficients: impl DoubleEndedIterator<Item = R>, x: R) -> R {
    coefficients.rev().reduce(|y, c| y * x + c).unwrap_or(R::from_f64(0.0))
}

/// The logarithm of a sum of exponentials, `ln Σ exp xₖ`, shifted by the greatest so that it does not overflow; -∞ of
/// nothing. Its partials are the softmax of x; where the value is infinite, equal shares of those that are.
///
/// ```
/// use tape::{grad, nary};
/// assert_eq!(nary::log_sum_exp(&[1000.0, 1000.0]), 1000.0 + 2.0_f64.ln());
/// assert_eq!(grad(nary::log_sum_exp, &[1000.0, 1000.0]), [0.5, 0.5]);
/// ```
#[track_caller]
pub fn log_sum_exp<R: Real>(x: &[R]) -> R {
    apply(&LogSumExp, x)
}

struct LogSumExp;
impl Rule for LogSumExp {
    fn value(&self, x: &[f64]) -> f64 {
        let most = largest(x.iter().copied(), f64::NEG_INFINITY);
        if most.is_infinite() {
            return most;
        }
        most + x.iter().map(|x| (x - most).exp()).sum::<f64>().ln()
    }
    fn partials<R: Real>(&self, x: &[R], y: R, partials: &mut [R]) {
        let infinite = y.abs().equal(R::from_f64(f64::INFINITY));
        let mut total = R::from_f64(0.0);
        for (partial, &x) in partials.iter_mut().zip(x) {
            *partial = infinite.select(x.equal(y), (x - y).exp());
            total += *partial;
        }
        // e^(x - y) is as far off as y is rounded; shares of their own sum are not.
        for partial in partials {
            *partial /= total;
        }
    }
    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        let most = x.iter().copied().reduce(|most, x| most.max(x));
        let Some(most) = most else { return Some(R::from_f64(f64::NEG_INFINITY)) };
        let most = most.stop_gradient();
        let finite = most + x.iter().map(|&x| (x - most).exp()).sum::<R>().ln();
        // The mean of those that are infinite. A fold of `log_add_exp` would take twice as many exponentials.
        let infinite = most.abs().equal(R::from_f64(f64::INFINITY));
        let shares: Few<R> = x.iter().map(|x| x.equal(most)).collect();
        let mean = shares.iter().zip(x).map(|(share, &x)| share.gate(x)).sum::<R>() / shares.iter().sum();
        Some(infinite.select(mean, finite))
    }
}

/// The greatest, or NaN if there is one among them.
fn largest(x: impl Iterator<Item = f64>, least: f64) -> f64 {
    x.fold(least, |most, x| if x > most || x.is_nan() { x } else { most })
}

#[track_caller]
fn same_length(what: &str, want: usize, got: usize) {
    assert!(want == got, "{what}, {want}, got {got}");
}
