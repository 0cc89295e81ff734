//! Eigenvalues and eigenvectors of symmetric matrices.

use super::{has_no_rule, plain, side};
use crate::{Error, Real, nary};

/// The eigenvalues of a symmetric matrix, ascending, and its eigenvectors, normed, as the columns of a matrix: the component
/// of largest size of each is positive. Only the lower triangle is read.
///
/// The values are found by Jacobi's rotations. For the derivatives the vectors are refined on the numbers that carry them
/// (Ogita & Aishima 2018, *Iterative refinement for symmetric eigenvalue decomposition*), which doubles the order that
/// is right in each step: `λ̇ = vᵀ Ȧ v` and `v̇ = Σ v' (v'ᵀ Ȧ v) / (λ - λ')` after the first.
///
/// Where eigenvalues coincide, neither has a derivative of its own: which vectors span their space is arbitrary. What is
/// returned there is finite, and right for the first derivative of whatever does not depend on that choice: sums
/// over all that coincide, the trace, functions of the matrix that are built from all values and vectors. Terms
/// that divide by the difference are left out.
///
/// A [traced program](crate::Program::trace) records the rotations, and replays have the same number of them: one that
/// needs more is an [`Error::Branch`]. The order and the signs it finds anew. Derivatives are right up to the third order.
///
/// # Errors
/// When the matrix is not square.
///
/// ```
/// use tape::{grad, linear};
/// let (values, vectors) = linear::symmetric_eigen(&[2.0_f64, 0.0, 1.0, 2.0])?;
/// assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
/// assert!((vectors[1] - 0.5_f64.sqrt()).abs() < 1e-15);
/// // The lower entry stands for both: λ = 2 + a₁₀.
/// let gradient = grad(|a| linear::symmetric_eigen(a).unwrap().0[1], &[2.0_f64, 0.0, 1.0, 2.0]);
/// assert!((gradient[2] - 1.0).abs() < 1e-15);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn symmetric_eigen<R: Real>(a: &[R]) -> Result<(Vec<R>, Vec<R>), Error> {
    let n = side("symmetric_eigen", a.len())?;
    let a: Vec<R> = (0..n * n).map(|k| a[(k / n).max(k % n) * n + (k / n).min(k % n)]).collect();
    if has_no_rule::<R>() {
        return Ok(rotated(&a, n));
    }
    let (values, vectors) = rotated(&plain(&a), n);
    let largest = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    let same = 8.0 * n as f64 * f64::EPSILON * largest;
    let (mut values, mut vectors): (Vec<R>, Vec<R>) = (lifted(&values), lifted(&vectors));
    // After k steps the vectors are right up to order 2ᵏ - 1, and so are the values before the last of them.
    for _ in 0..(R::ORDER + 1).next_power_of_two().ilog2() {
        let columns = transposed(&vectors, n);
        // Aᵀ = A, so the rows of X'A are those of AX, transposed.
        let products = multiplied(&columns, &a, n);
        let stretched = multiplied(&products, &columns, n);
        let squares = multiplied(&columns, &columns, n);
        for (i, value) in values.iter_mut().enumerate() {
            *value = stretched[i * n + i] / squares[i * n + i];
        }
        let step = |k: usize| {
            let (i, j) = (k / n, k % n);
            let off = R::from_f64(if i == j { 1.0 } else { 0.0 }) - squares[k];
            let gap = values[j] - values[i];
            if gap.to_f64().abs() <= same { off.scale(0.5) } else { (stretched[k] + values[j] * off) / gap }
        };
        let steps: Vec<R> = (0..n * n).map(step).collect();
        let moved = multiplied(&vectors, &transposed(&steps, n), n);
        for (entry, moved) in vectors.iter_mut().zip(moved) {
            *entry += moved;
        }
    }
    Ok((values, vectors))
}

fn lifted<R: Real>(x: &[f64]) -> Vec<R> {
    x.iter().map(|&x| R::from_f64(x)).collect()
}

fn transposed<R: Real>(a: &[R], n: usize) -> Vec<R> {
    (0..n * n).map(|k| a[k % n * n + k / n]).collect()
}

/// `A Bᵀ`.
fn multiplied<R: Real>(a: &[R], b: &[R], n: usize) -> Vec<R> {
    let rows = a.chunks(n.max(1));
    rows.flat_map(|row| b.chunks(n.max(1)).map(|other| nary::dot(row, other))).collect()
}

/// Values and vectors by cyclic Jacobi rotations (Golub & Van Loan 2013, 8.5), sorted.
fn rotated<R: Real>(a: &[R], n: usize) -> (Vec<R>, Vec<R>) {
    let (zero, one) = (R::from_f64(0.0), R::from_f64(1.0));
    let largest = a.iter().fold(zero, |largest, a| largest.max(a.abs()));
    let is_traced = R::ORDER == usize::MAX;
    let mut state = Rotated {
        n,
        a: a.to_vec(),
        vectors: (0..n * n).map(|k| if k % (n + 1) == 0 { one } else { zero }).collect(),
        largest,
        smallest_size: largest.scale(if is_traced { f64::EPSILON * n as f64 } else { 0.0 }),
    };
    // Convergence is quadratic: six to ten sweeps, also for large n.
    for _ in 0..30 {
        if !state.sweep() {
            break;
        }
    }
    if is_traced {
        state.finish_for_replays();
    }
    state.sorted()
}

struct Rotated<R> {
    n: usize,
    a: Vec<R>,
    vectors: Vec<R>,
    /// The size of the largest entry at the beginning.
    largest: R,
    /// How much two values and the entry between them must amount to for a rotation.
    smallest_size: R,
}

impl<R: Real> Rotated<R> {
    /// Turns every pair once, for plain numbers those whose entry is not as good as zero. Whether one was not.
    fn sweep(&mut self) -> bool {
        let (n, mut turned) = (self.n, false);
        let smallest = 0.1 * f64::EPSILON * self.largest.to_f64();
        for p in 0..n {
            for q in p + 1..n {
                let off = self.a[p * n + q];
                let is_small = off.to_f64().abs() <= smallest;
                turned |= !is_small;
                // What is zero where a program is traced may not be so in a replay, nor is its derivative zero.
                if if R::ORDER == usize::MAX { off.is_constant_zero() } else { is_small } {
                    continue;
                }
                self.turn(p, q);
            }
        }
        turned
    }

    /// The rotation that makes the entry (p, q) zero. In a trace it is none where the two values are one but for rounding, as
    /// then there is nothing to tell their vectors apart.
    ///
    /// Masks are multiplied with, here and below: what a `select` does not choose loses the derivative of its cotangent
    /// where that is zero, and where the matrix is diagonal many are.
    fn turn(&mut self, p: usize, q: usize) {
        let (n, twice) = (self.n, self.a[p * self.n + q].scale(2.0));
        let gap = self.a[q * n + q] - self.a[p * n + p];
        let size = gap.hypot(twice);
        let sign = gap.less(R::from_f64(0.0)).scale(-2.0).shift(1.0);
        let one = size.less_equal(self.smallest_size);
        let t = twice * ((gap + sign * size + one).recip() * complement(one));
        let c = (t * t).shift(1.0).sqrt().recip();
        let s = t * c;
        let pair = |x: R, y: R| (c * x - s * y, s * x + c * y);
        for k in 0..n {
            let (i, j) = (k * n + p, k * n + q);
            (self.a[i], self.a[j]) = pair(self.a[i], self.a[j]);
            (self.vectors[i], self.vectors[j]) = pair(self.vectors[i], self.vectors[j]);
        }
        for k in 0..n {
            let (i, j) = (p * n + k, q * n + k);
            (self.a[i], self.a[j]) = pair(self.a[i], self.a[j]);
        }
    }

    /// A replay has as many sweeps as the trace, and is held to their having been enough. Then come two more, for the
    /// derivatives: where the matrix was diagonal there was nothing to turn, and yet its entries move the vectors. Like the
    /// values they converge quadratically, so that after two sweeps the third order is right.
    fn finish_for_replays(&mut self) {
        let n = self.n;
        let beside = (0..n * n).filter(|k| k % (n + 1) != 0).map(|k| self.a[k].abs());
        let rest = beside.reduce(|rest, a| rest.max(a));
        // That it did not hold is recorded just as well.
        let _ = rest.is_some_and(|rest| rest <= self.largest.scale(1e-8));
        self.sweep();
        self.sweep();
    }

    /// The values, ascending, and the vectors with their signs. By masks and not by branches: for a replay to find another
    /// order is no reason to fail.
    fn sorted(self) -> (Vec<R>, Vec<R>) {
        let (n, zero) = (self.n, R::from_f64(0.0));
        let mut columns: Vec<(R, Vec<R>)> =
            (0..n).map(|k| (self.a[k * n + k], (0..n).map(|i| self.vectors[i * n + k]).collect())).collect();
        for end in (1..n).rev() {
            for k in 0..end {
                let [(left, left_vector), (right, right_vector)] = &mut columns[k..k + 2] else {
                    unreachable!("a window of two")
                };
                let swap = right.less(*left);
                exchange(swap, left, right);
                for (left, right) in left_vector.iter_mut().zip(right_vector) {
                    exchange(swap, left, right);
                }
            }
        }
        let mut vectors = vec![zero; n * n];
        for (k, (_, vector)) in columns.iter().enumerate() {
            let largest = vector.iter().fold(zero, |a, &b| b.abs().greater(a.abs()).select(b, a));
            let sign = largest.less(zero).scale(-2.0).shift(1.0);
            for (i, &entry) in vector.iter().enumerate() {
                vectors[i * n + k] = sign * entry;
            }
        }
        (columns.into_iter().map(|column| column.0).collect(), vectors)
    }
}

/// Swaps two numbers where the mask is one.
fn exchange<R: Real>(mask: R, a: &mut R, b: &mut R) {
    let rest = complement(mask);
    (*a, *b) = (mask * *b + rest * *a, mask * *a + rest * *b);
}

fn complement<R: Real>(mask: R) -> R {
    mask.scale(-1.0).shift(1.0)
}
