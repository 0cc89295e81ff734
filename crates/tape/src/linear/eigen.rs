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
        return Ok(rotated(a, n));
    }
    let (values, vectors) = rotated(plain(&a), n);
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

/// Values and vectors by cyclic Jacobi rotations (Golub & Van Loan 2013, 8.5).
fn rotated<R: Real>(mut a: Vec<R>, n: usize) -> (Vec<R>, Vec<R>) {
    let (zero, one) = (R::from_f64(0.0), R::from_f64(1.0));
    let mut vectors: Vec<R> = (0..n * n).map(|k| if k % (n + 1) == 0 { one } else { zero }).collect();
    let norm = a.iter().map(|a| a.to_f64().powi(2)).sum::<f64>().sqrt();
    let smallest = R::from_f64(0.1 * f64::EPSILON * norm);
    // Convergence is quadratic: six to ten sweeps, also for large n.
    for _ in 0..30 {
        let mut turned = false;
        for p in 0..n {
            for q in p + 1..n {
                let off = a[p * n + q];
                if off.abs() <= smallest {
                    continue;
                }
                turned = true;
                let tau = (a[q * n + q] - a[p * n + p]) / off.scale(2.0);
                let root = (tau * tau).shift(1.0).sqrt();
                let t = if tau >= zero { (tau + root).recip() } else { (tau - root).recip() };
                let c = (t * t).shift(1.0).sqrt().recip();
                let s = t * c;
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    a[k * n + p] = c * x - s * y;
                    a[k * n + q] = s * x + c * y;
                }
                for k in 0..n {
                    let (x, y) = (a[p * n + k], a[q * n + k]);
                    a[p * n + k] = c * x - s * y;
                    a[q * n + k] = s * x + c * y;
                }
                for k in 0..n {
                    let (x, y) = (vectors[k * n + p], vectors[k * n + q]);
                    vectors[k * n + p] = c * x - s * y;
                    vectors[k * n + q] = s * x + c * y;
                }
            }
        }
        if !turned {
            break;
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[i * n + i].to_f64().total_cmp(&a[j * n + j].to_f64()));
    let values = order.iter().map(|&k| a[k * n + k]).collect();
    let mut sorted = vec![zero; n * n];
    for (place, &k) in order.iter().enumerate() {
        let largest = (0..n)
            .map(|i| vectors[i * n + k].to_f64())
            .fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        for i in 0..n {
            let entry = vectors[i * n + k];
            sorted[i * n + place] = if largest < 0.0 { -entry } else { entry };
        }
    }
    (values, sorted)
}
