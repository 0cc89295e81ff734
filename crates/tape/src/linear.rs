//! Matrices of scalars: systems of equations, inverses, determinants, Cholesky factors, eigenvalues.
//!
//! A matrix is a slice of n² numbers, row after row. The values are those of a plain factorisation; the derivatives come
//! from the closed rules (Giles 2008, *Collected matrix derivative results*; Petersen & Pedersen 2012, *The Matrix
//! Cookbook*), at every order, and not from the loops of the factorisation. So a solve costs the tape 2n lines with n
//! inputs each where its loops would record n³ / 3 · 2 lines, and a determinant is one line whose gradient is finite and
//! right also where the matrix is singular. In a [traced program](crate::Program::trace) the loops are
//! recorded, as there the operations themselves are wanted.
//!
//! Networks have their matrices as [`Tensor`](crate::Tensor)s; the decompositions of other crates work on handles too
//! (feature `nalgebra`).

mod determinant;
mod eigen;

pub(crate) use determinant::Pivoted;
pub use determinant::{determinant, log_determinant};
pub use eigen::symmetric_eigen;

use crate::{Error, Real, nary};

/// The solution X of `A X = B` for a regular matrix A of n² numbers; B is n numbers, or n rows of as many as it has
/// columns.
///
/// The value is that of Gaussian elimination with row pivots. Its derivative is `Ẋ = A⁻¹ (Ḃ - Ȧ X)` (Giles 2008, 2.2.3):
/// the plain factors are used again, in `X ← X + A⁻¹ (B - A X)`, once for each order of derivative.
///
/// # Errors
/// When A is not square, B has not a multiple of n numbers, or a pivot is zero.
///
/// ```
/// use tape::{grad, linear};
/// let x = linear::solve(&[2.0, 0.0, 0.0, 4.0], &[2.0, 2.0])?;
/// assert_eq!(x, [1.0, 0.5]);
/// // x₁ = b₁ / a₁₁, so ∂x₁/∂a₁₁ = -b₁ / a₁₁².
/// let gradient = grad(|a| linear::solve(a, &[2.0.into(), 2.0.into()]).unwrap()[1], &[2.0, 0.0, 0.0, 4.0]);
/// assert_eq!(gradient, [0.0, 0.0, -0.25, -0.125]);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn solve<R: Real>(a: &[R], b: &[R]) -> Result<Vec<R>, Error> {
    let n = side("solve", a.len())?;
    if b.len() != b.len() / n.max(1) * n {
        let want = format!("wants a multiple of {n} numbers on the right");
        return Err(Error::Length { operation: "solve", want, got: b.len() });
    }
    if has_no_rule::<R>() {
        let factors = Factors::of("solve", a, n)?;
        return Ok(by_columns(b, n, |column| factors.solve(column)));
    }
    let factors = Factors::of("solve", &plain(a), n)?;
    Ok(by_columns(b, n, |b| {
        let mut x: Vec<R> = factors.solve(&plain(b)).into_iter().map(R::from_f64).collect();
        for _ in 0..R::ORDER {
            let rest = a.chunks(n).zip(b).map(|(row, &b)| b - nary::dot(row, &x)).collect();
            let step = factors.solve_lifted(rest);
            for (x, step) in x.iter_mut().zip(step) {
                *x += step;
            }
        }
        x
    }))
}

/// The inverse of a regular matrix: [`solve`] with the unit matrix on the right.
///
/// # Errors
/// When the matrix is not square, or a pivot is zero.
///
/// ```
/// use tape::linear;
/// assert_eq!(linear::inverse(&[2.0, 0.0, 1.0, 4.0])?, [0.5, 0.0, -0.125, 0.25]);
/// let error = linear::inverse(&[1.0, 2.0, 2.0, 4.0]).unwrap_err();
/// assert_eq!(error.to_string(), "inverse: wants a regular matrix, got one whose pivot 1 is zero");
/// # Ok::<(), tape::Error>(())
/// ```
pub fn inverse<R: Real>(a: &[R]) -> Result<Vec<R>, Error> {
    let n = side("inverse", a.len())?;
    let unit: Vec<R> = (0..n * n).map(|k| R::from_f64(f64::from(u8::from(k % (n + 1) == 0)))).collect();
    solve(a, &unit).map_err(|error| match error {
        Error::Singular { pivot, .. } => Error::Singular { operation: "inverse", pivot },
        other => other,
    })
}

/// The lower factor L of a symmetric positive definite matrix `A = L Lᵀ`, with zeros above the diagonal. Only the lower
/// triangle of A is read.
///
/// Here the loops are the rule: each entry is one scalar product of earlier ones, which the tape holds as one line (Murray
/// 2016, arXiv:1602.07527, compares them with the closed form). A semidefinite matrix is an error, as there the
/// derivative is infinite.
///
/// # Errors
/// When the matrix is not square or not positive definite.
///
/// ```
/// use tape::{grad, linear};
/// assert_eq!(linear::cholesky(&[4.0, 0.0, 2.0, 5.0])?, [2.0, 0.0, 1.0, 2.0]);
/// let gradient = grad(|a| linear::cholesky(a).unwrap()[0], &[4.0, 0.0, 2.0, 5.0]);
/// assert_eq!(gradient, [0.25, 0.0, 0.0, 0.0]);
/// let error = linear::cholesky(&[1.0, 2.0, 2.0, 1.0]).unwrap_err();
/// assert_eq!(error.to_string(), "cholesky: wants a positive definite matrix, got one whose pivot 1 is -3");
/// # Ok::<(), tape::Error>(())
/// ```
pub fn cholesky<R: Real>(a: &[R]) -> Result<Vec<R>, Error> {
    let n = side("cholesky", a.len())?;
    let mut l = vec![R::from_f64(0.0); n * n];
    for i in 0..n {
        for j in 0..=i {
            let (above, below) = l.split_at_mut(i * n);
            let before = if i == j { &below[..j] } else { &above[j * n..j * n + j] };
            let rest = a[i * n + j] - nary::dot(&below[..j], before);
            if i != j {
                below[j] = rest / above[j * n + j];
            } else if rest > R::from_f64(0.0) {
                below[j] = rest.sqrt();
            } else {
                return Err(Error::NotPositiveDefinite {
                    operation: "cholesky",
                    pivot: i,
                    value: rest.to_f64(),
                });
            }
        }
    }
    Ok(l)
}

/// Whether the loops are to run on the numbers themselves: plain ones, and those whose operations are stored.
fn has_no_rule<R: Real>() -> bool {
    R::ORDER == 0 || R::ORDER == usize::MAX
}

fn plain<R: Real>(x: &[R]) -> Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
}

/// n, of a matrix with n² entries.
fn side(operation: &'static str, entries: usize) -> Result<usize, Error> {
    let n = entries.isqrt();
    if n * n == entries {
        return Ok(n);
    }
    let want = "wants the n² entries of a square matrix".to_owned();
    Err(Error::Length { operation, want, got: entries })
}

/// `f` of each column of a matrix with n rows.
fn by_columns<R: Real>(b: &[R], n: usize, f: impl Fn(&[R]) -> Vec<R>) -> Vec<R> {
    let columns = b.len() / n.max(1);
    let mut x = vec![R::from_f64(0.0); b.len()];
    for k in 0..columns {
        let column: Vec<R> = (0..n).map(|i| b[i * columns + k]).collect();
        for (i, entry) in f(&column).into_iter().enumerate() {
            x[i * columns + k] = entry;
        }
    }
    x
}

/// `P A = L U` with row pivots: L below the diagonal, whose own is one, and U on and above it.
pub(crate) struct Factors<R> {
    n: usize,
    entries: Vec<R>,
    /// The row of A that came to stand in each place.
    rows: Vec<usize>,
    /// The determinant of P.
    sign: f64,
}

impl<R: Real> Factors<R> {
    pub(crate) fn of(operation: &'static str, a: &[R], n: usize) -> Result<Self, Error> {
        let mut entries = a.to_vec();
        let mut rows: Vec<usize> = (0..n).collect();
        let sign = eliminate(operation, &mut entries, &mut rows)?;
        Ok(Factors { n, entries, rows, sign })
    }

    fn diagonal(&self) -> impl Iterator<Item = R> {
        self.entries.iter().step_by(self.n + 1).copied()
    }

    pub(crate) fn solve(&self, b: &[R]) -> Vec<R> {
        let n = self.n;
        let mut x: Vec<R> = self.rows.iter().map(|&row| b[row]).collect();
        for i in 0..n {
            for j in 0..i {
                let product = self.entries[i * n + j] * x[j];
                x[i] -= product;
            }
        }
        for i in (0..n).rev() {
            for j in i + 1..n {
                let product = self.entries[i * n + j] * x[j];
                x[i] -= product;
            }
            x[i] /= self.entries[i * n + i];
        }
        x
    }
}

/// Gaussian elimination with row pivots, in place: leaves L below the diagonal and U on and above it, exchanges `rows` as
/// the rows of the matrix, and says with which sign.
pub(crate) fn eliminate<R: Real, P>(
    operation: &'static str,
    entries: &mut [R],
    rows: &mut [P],
) -> Result<f64, Error> {
    let n = rows.len();
    let mut sign = 1.0;
    for k in 0..n {
        let mut pivot = k;
        for i in k + 1..n {
            if entries[i * n + k].abs() > entries[pivot * n + k].abs() {
                pivot = i;
            }
        }
        if pivot != k {
            let (above, below) = entries.split_at_mut(pivot * n);
            above[k * n..(k + 1) * n].swap_with_slice(&mut below[..n]);
            rows.swap(k, pivot);
            sign = -sign;
        }
        if entries[k * n + k] == R::from_f64(0.0) {
            return Err(Error::Singular { operation, pivot: k });
        }
        let (above, below) = entries.split_at_mut((k + 1) * n);
        let own = &above[k * n..];
        for row in below.chunks_exact_mut(n) {
            let factor = row[k] / own[k];
            row[k] = factor;
            for (entry, &other) in row[k + 1..].iter_mut().zip(&own[k + 1..]) {
                let product = factor * other;
                *entry -= product;
            }
        }
    }
    Ok(sign)
}

impl Factors<f64> {
    /// `A⁻¹ b` for numbers that carry derivatives, where A is plain: two lines for each of them.
    pub(crate) fn solve_lifted<R: Real>(&self, b: Vec<R>) -> Vec<R> {
        let n = self.n;
        let mut x: Vec<R> = self.rows.iter().map(|&row| b[row]).collect();
        for i in 0..n {
            let before = nary::linear_combination(&self.entries[i * n..i * n + i], &x[..i]);
            x[i] -= before;
        }
        for i in (0..n).rev() {
            let after = nary::linear_combination(&self.entries[i * n + i + 1..(i + 1) * n], &x[i + 1..]);
            x[i] = (x[i] - after).scale(1.0 / self.entries[i * n + i]);
        }
        x
    }
}
