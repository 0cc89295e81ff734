//! Determinants, whose gradient is the matrix of cofactors: finite and right also where the matrix is singular.

use super::{Factors, inverse, plain, side};
use crate::rule::{self, Rule};
use crate::{Error, Real};

/// The determinant of a square matrix; 1 of an empty one.
///
/// One line on the tape. Its gradient is the matrix of cofactors (Petersen & Pedersen 2012, 2.1; Giles 2008, 2.2.4), which
/// is computed from factors with complete pivots and without dividing by them (Stewart 1998, *On the adjugate matrix*):
/// so it is right for singular matrices too, where `det(A) A⁻ᵀ` is zero times infinity. Higher derivatives
/// differentiate that in turn; of a singular matrix the minors themselves, which takes n⁵ operations.
///
/// # Errors
/// When the matrix is not square.
///
/// ```
/// use tape::{grad, linear};
/// assert_eq!(linear::determinant(&[1.0, 2.0, 3.0, 4.0])?, -2.0);
/// // Singular, and its gradient is [[d, -c], [-b, a]] all the same.
/// let gradient = grad(|a| linear::determinant(a).unwrap(), &[1.0, 2.0, 2.0, 4.0]);
/// assert_eq!(gradient, [4.0, -2.0, -2.0, 1.0]);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn determinant<R: Real>(a: &[R]) -> Result<R, Error> {
    let n = side("determinant", a.len())?;
    Ok(rule::apply(&Determinant { n }, a))
}

/// The sign of the determinant of a regular matrix, 1 or -1, and the logarithm of its size, `ln |det A|`, which neither
/// overflows nor underflows where the determinant does.
///
/// One line on the tape, with the gradient `A⁻ᵀ` (Petersen & Pedersen 2012, 57). A [traced program](crate::Program::trace) is
/// held to the sign: a replay in which a pivot has another is an [`Error::Branch`].
///
/// # Errors
/// When the matrix is not square, or a pivot is zero.
///
/// ```
/// use tape::{grad, linear};
/// let (sign, size) = linear::log_determinant(&[0.0, 2.0, 2.0, 0.0])?;
/// assert_eq!((sign, size), (-1.0, 4.0_f64.ln()));
/// let gradient = grad(|a| linear::log_determinant(a).unwrap().1, &[2.0, 0.0, 0.0, 4.0]);
/// assert_eq!(gradient, [0.5, 0.0, 0.0, 0.25]);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn log_determinant<R: Real>(a: &[R]) -> Result<(f64, R), Error> {
    let n = side("log_determinant", a.len())?;
    if R::ORDER == usize::MAX {
        let factors = Factors::of("log_determinant", a, n)?;
        let sign = factors.diagonal().fold(factors.sign, |sign, pivot| sign * recorded_sign(pivot));
        return Ok((sign, factors.diagonal().map(|pivot| pivot.abs().ln()).sum()));
    }
    let factors = Factors::of("log_determinant", &plain(a), n)?;
    let sign = factors.diagonal().fold(factors.sign, |sign, pivot| sign * pivot.signum());
    Ok((sign, rule::apply(&LogDeterminant { n }, a)))
}

/// The sign of a pivot, which is not zero, by comparisons that a trace records.
fn recorded_sign<R: Real>(pivot: R) -> f64 {
    let zero = R::from_f64(0.0);
    match () {
        () if pivot > zero => 1.0,
        () if pivot < zero => -1.0,
        () => f64::NAN,
    }
}

struct Determinant {
    n: usize,
}

impl Rule for Determinant {
    fn value(&self, x: &[f64]) -> f64 {
        Pivoted::of(x, self.n).determinant()
    }

    fn partials<R: Real>(&self, x: &[R], y: R, partials: &mut [R]) {
        let (n, pivoted) = (self.n, Pivoted::of(&plain(x), self.n));
        if R::ORDER == 0 {
            for (partial, cofactor) in partials.iter_mut().zip(pivoted.cofactors()) {
                *partial = R::from_f64(cofactor);
            }
        } else if let (false, Ok(inverse)) = (pivoted.is_singular(), inverse(x)) {
            for (k, partial) in partials.iter_mut().enumerate() {
                *partial = inverse[k % n * n + k / n] * y;
            }
        } else {
            for (k, partial) in partials.iter_mut().enumerate() {
                let minor = rule::apply(&Determinant { n: n - 1 }, &without(x, n, k / n, k % n));
                *partial = if (k / n + k % n) % 2 == 0 { minor } else { -minor };
            }
        }
    }

    fn formula<R: Real>(&self, x: &[R]) -> Option<R> {
        Some(eliminated(x.to_vec(), self.n))
    }
}

struct LogDeterminant {
    n: usize,
}

impl Rule for LogDeterminant {
    fn value(&self, x: &[f64]) -> f64 {
        let pivoted = Pivoted::of(x, self.n);
        pivoted.pivots.iter().map(|pivot| pivot.abs().ln()).sum()
    }

    fn partials<R: Real>(&self, x: &[R], _y: R, partials: &mut [R]) {
        let n = self.n;
        let inverse = inverse(x).expect("singular matrices were turned away before");
        for (k, partial) in partials.iter_mut().enumerate() {
            *partial = inverse[k % n * n + k / n];
        }
    }
}

/// The matrix without a row and a column.
fn without<R: Real>(a: &[R], n: usize, row: usize, column: usize) -> Vec<R> {
    let left = (0..n * n).filter(|k| k / n != row && k % n != column);
    left.map(|k| a[k]).collect()
}

/// The determinant out of operations, for those who store them: elimination, and for what is left at the end, or where
/// all that is left is zero, the expansion by minors.
fn eliminated<R: Real>(a: Vec<R>, n: usize) -> R {
    let zero = R::from_f64(0.0);
    if n <= 3 {
        return expanded(&a, n);
    }
    let mut pivot = 0;
    for k in 1..n * n {
        // The first column, and the others only while it is zero.
        if (k % n == 0 || a[pivot] == zero) && a[k].abs() > a[pivot].abs() {
            pivot = k;
        }
    }
    if a[pivot] == zero {
        // A block of zeros: derivatives of an order below n are zero.
        return a[pivot];
    }
    let (row, column) = (pivot / n, pivot % n);
    let mut rest = without(&a, n, row, column);
    for (k, entry) in rest.iter_mut().enumerate() {
        let (i, j) = (k / (n - 1), k % (n - 1));
        let (i, j) = (i + usize::from(i >= row), j + usize::from(j >= column));
        *entry -= a[i * n + column] / a[pivot] * a[row * n + j];
    }
    let determinant = a[pivot] * eliminated(rest, n - 1);
    if (row + column) % 2 == 0 { determinant } else { -determinant }
}

fn expanded<R: Real>(a: &[R], n: usize) -> R {
    match n {
        0 => R::from_f64(1.0),
        1 => a[0],
        2 => a[0] * a[3] - a[1] * a[2],
        _ => {
            let minors = (0..n).map(|j| {
                let product = a[j] * expanded(&without(a, n, 0, j), n - 1);
                if j % 2 == 0 { product } else { -product }
            });
            minors.sum()
        }
    }
}

/// `P A Q = L D U` with complete pivots, L and U with ones on their diagonals: they are well conditioned, whatever A is,
/// and all that is small stands in D.
pub(crate) struct Pivoted {
    pub(crate) n: usize,
    /// L below the diagonal, U above it.
    pub(crate) entries: Vec<f64>,
    pub(crate) pivots: Vec<f64>,
    pub(crate) rows: Vec<usize>,
    pub(crate) columns: Vec<usize>,
    pub(crate) sign: f64,
}

impl Pivoted {
    pub(crate) fn of(a: &[f64], n: usize) -> Pivoted {
        let mut entries = a.to_vec();
        let (mut rows, mut columns): (Vec<usize>, Vec<usize>) = ((0..n).collect(), (0..n).collect());
        let (mut pivots, mut sign) = (Vec::with_capacity(n), 1.0);
        for k in 0..n {
            let mut best = (k, k);
            for i in k..n {
                for j in k..n {
                    if entries[i * n + j].abs() > entries[best.0 * n + best.1].abs() {
                        best = (i, j);
                    }
                }
            }
            if best.0 != k {
                (0..n).for_each(|j| entries.swap(k * n + j, best.0 * n + j));
                rows.swap(k, best.0);
                sign = -sign;
            }
            if best.1 != k {
                (0..n).for_each(|i| entries.swap(i * n + k, i * n + best.1));
                columns.swap(k, best.1);
                sign = -sign;
            }
            let pivot = entries[k * n + k];
            pivots.push(pivot);
            if pivot == 0.0 {
                // All that is left is zero, as are the rest of L, U and D.
                continue;
            }
            for j in k + 1..n {
                entries[k * n + j] /= pivot;
            }
            for i in k + 1..n {
                let size = entries[i * n + k];
                for j in k + 1..n {
                    entries[i * n + j] -= size * entries[k * n + j];
                }
                entries[i * n + k] = size / pivot;
            }
        }
        Pivoted { n, entries, pivots, rows, columns, sign }
    }

    pub(crate) fn determinant(&self) -> f64 {
        self.sign * self.pivots.iter().product::<f64>()
    }

    /// Whether the smallest pivot is zero but for rounding.
    fn is_singular(&self) -> bool {
        match (self.pivots.first(), self.pivots.last()) {
            (Some(first), Some(last)) => last.abs() <= self.n as f64 * f64::EPSILON * first.abs(),
            _ => false,
        }
    }

    /// `cof A`, entry by entry the derivative of the determinant: `U⁻¹ adj(D) L⁻¹`, transposed and put back in place.
    pub(crate) fn cofactors(&self) -> Vec<f64> {
        let n = self.n;
        let all_but = |k: usize| self.pivots[..k].iter().chain(&self.pivots[k + 1..]).product();
        let others: Vec<f64> = (0..n).map(all_but).collect();
        let mut cofactors = vec![0.0; n * n];
        for i in 0..n {
            // Column i of L⁻¹, then of adj(D) L⁻¹, then of U⁻¹ adj(D) L⁻¹.
            let mut x = vec![0.0; n];
            x[i] = 1.0;
            for k in i + 1..n {
                x[k] = -(i..k).map(|j| self.entries[k * n + j] * x[j]).sum::<f64>();
            }
            for (x, others) in x.iter_mut().zip(&others) {
                *x *= others;
            }
            for k in (0..n).rev() {
                x[k] -= (k + 1..n).map(|j| self.entries[k * n + j] * x[j]).sum::<f64>();
            }
            for (j, x) in x.into_iter().enumerate() {
                cofactors[self.rows[i] * n + self.columns[j]] = self.sign * x;
            }
        }
        cofactors
    }
}
