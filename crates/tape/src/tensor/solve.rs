//! Systems of equations, inverses and logarithms of determinants, by elimination with row pivots.
//!
//! The factors are made once, before the operation, and come to it as one more input, a constant: so the tape keeps
//! them, and the pullback solves with them again instead of eliminating anew.

use super::Tensor;
use super::matmul::{Transposed, starts};
use super::operation::{At, Operation, Reads, apply};
use super::triangular::{Triangle, matrix_cotangent, shape_of_solution, square, substitute, with_columns};
use crate::shape::Axes;
use crate::{Error, Float, Shape, linear, tape};
use std::sync::Arc;

/// For each matrix of a batch, the row of A that came to stand in each place.
type Rows = Arc<[usize]>;

/// `X = op(A)⁻¹ B`, of the factors `P A = L U`. With `Z = op(A)⁻ᵀ X̄`: `B̄ += Z`, and `Ā += -Z Xᵀ`, or `-X Zᵀ` where A
/// is read transposed (Giles 2008, 2.3.1).
#[derive(Clone, Debug)]
pub(crate) struct Solve {
    rows: Rows,
    transposed: bool,
}

/// `Y = A⁻¹`, `Ā += -Yᵀ Ȳ Yᵀ` (Giles 2008, 2.2.3).
#[derive(Clone, Debug)]
pub(crate) struct Inverse {
    rows: Rows,
}

/// `y = ln |det A|`, `Ā += ȳ A⁻ᵀ` (Petersen & Pedersen 2012, 57).
#[derive(Clone, Debug)]
pub(crate) struct LogDeterminant {
    rows: Rows,
}

impl<T: Float> Tensor<T> {
    /// The solution X of `A X = B` for this regular matrix A: (n, n), and B: (n, k) or a vector (n). Axes before
    /// broadcast, by NumPy's rules.
    ///
    /// By Gaussian elimination with row pivots; the derivatives solve with the same factors.
    ///
    /// # Errors
    /// When A is not square, B has not as many rows, the axes before do not broadcast, a pivot is zero, or a tensor is
    /// of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let a = Tensor::from_slice(&[0.0, 2.0, 4.0, 0.0], &[2, 2])?;
    /// assert_eq!(a.solve(&Tensor::from_slice(&[2.0, 8.0], &[2])?)?.to_vec(), [2.0, 1.0]);
    /// let error = Tensor::full(&[2, 2], 1.0).solve(&a).unwrap_err();
    /// assert_eq!(error.to_string(), "solve: wants a regular matrix, got one whose pivot 1 is zero");
    /// # Ok(())
    /// # }
    /// ```
    pub fn solve(&self, b: &Tensor<T>) -> Result<Self, Error> {
        solve(self, b, false)
    }

    /// The inverse of this regular matrix: (n, n), or of each of a batch.
    ///
    /// Where it is only to be multiplied with, [`solve`](Tensor::solve) is quicker and rounds less.
    ///
    /// # Errors
    /// When the matrix is not square, a pivot is zero, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let a = tape::Tensor::from_slice(&[2.0, 0.0, 1.0, 4.0], &[2, 2])?;
    /// assert_eq!(a.inverse()?.to_vec(), [0.5, 0.0, -0.125, 0.25]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn inverse(&self) -> Result<Self, Error> {
        let Factored { rows, factors, .. } = Factored::of("inverse", self)?;
        apply(Inverse { rows }, &[self, &factors])
    }

    /// The sign of the determinant of this regular matrix, 1 or -1 and a constant, and the logarithm of its size,
    /// `ln |det A|`, which neither overflows nor underflows where the determinant does. Without axes; of a batch, one
    /// of each for every matrix.
    ///
    /// # Errors
    /// When the matrix is not square, a pivot is zero, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let (sign, size) = tape::Tensor::from_slice(&[0.0, 2.0, 2.0, 0.0], &[2, 2])?.slogdet()?;
    /// assert_eq!((sign.item(), size.item()), (Ok(-1.0), Ok(2.0 * 2.0_f64.ln())));
    /// # Ok(())
    /// # }
    /// ```
    pub fn slogdet(&self) -> Result<(Self, Self), Error> {
        let Factored { rows, factors, signs } = Factored::of("slogdet", self)?;
        Ok((signs, apply(LogDeterminant { rows }, &[self, &factors])?))
    }
}

impl<T: Float> Transposed<'_, T> {
    /// The solution X of `Aᵀ X = B`.
    ///
    /// # Errors
    /// As [`Tensor::solve`].
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let a = Tensor::from_slice(&[0.0, 2.0, 4.0, 0.0], &[2, 2])?;
    /// assert_eq!(a.t().solve(&Tensor::from_slice(&[2.0, 8.0], &[2])?)?.to_vec(), [4.0, 0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn solve(self, b: &Tensor<T>) -> Result<Tensor<T>, Error> {
        solve(self.0, b, true)
    }
}

fn solve<T: Float>(a: &Tensor<T>, b: &Tensor<T>, transposed: bool) -> Result<Tensor<T>, Error> {
    with_columns(b, |b| {
        // What does not fit is to be said before the work of elimination.
        shape_of_solution("solve", a, b)?;
        let Factored { rows, factors, .. } = Factored::of("solve", a)?;
        apply(Solve { rows, transposed }, &[a, b, &factors])
    })
}

/// `P A = L U`, for each matrix of a batch.
struct Factored<T: Float> {
    rows: Rows,
    /// L below the diagonal, whose own is one, and U on and above it.
    factors: Tensor<T>,
    /// 1 or -1 for each matrix: the sign of its determinant.
    signs: Tensor<T>,
}

impl<T: Float> Factored<T> {
    fn of(operation: &'static str, a: &Tensor<T>) -> Result<Self, Error> {
        let (batch, n) = square(operation, a)?;
        let mut factors = Tensor::from_slice(a.as_slice(), a.shape())?;
        let mut signs = Tensor::full(batch, T::from_f64(1.0));
        let mut rows: Rows = (0..signs.len() * n).map(|k| k % n).collect();
        if n > 0 {
            let of_each = factors.as_mut_slice().chunks_exact_mut(n * n);
            let rows = Arc::get_mut(&mut rows).expect("nobody else has them yet").chunks_exact_mut(n);
            for ((entries, rows), sign) in of_each.zip(rows).zip(signs.as_mut_slice()) {
                let of_permutation = linear::eliminate(operation, entries, rows)?;
                let negative = entries.iter().step_by(n + 1).filter(|&&pivot| pivot < T::default()).count();
                *sign = T::from_f64(if negative % 2 == 0 { of_permutation } else { -of_permutation });
            }
        }
        Ok(Factored { rows, factors, signs })
    }
}

/// `op(A)⁻¹ B` in X, of the factors of A.
fn solve_factored<T: Float>(factors: &[T], rows: &[usize], transposed: bool, b: &[T], x: &mut [T]) {
    let n = rows.len();
    let columns = b.len() / n;
    let row = |i: usize| i * columns..(i + 1) * columns;
    if transposed {
        let mut y = b.to_vec();
        substitute(factors, n, Triangle::Upper, true, &mut y);
        substitute(factors, n, Triangle::UnitLower, true, &mut y);
        for (i, &place) in rows.iter().enumerate() {
            x[row(place)].copy_from_slice(&y[row(i)]);
        }
    } else {
        for (i, &place) in rows.iter().enumerate() {
            x[row(i)].copy_from_slice(&b[row(place)]);
        }
        substitute(factors, n, Triangle::UnitLower, false, x);
        substitute(factors, n, Triangle::Upper, false, x);
    }
}

impl Operation for Solve {
    fn name(&self) -> &'static str {
        "solve"
    }

    /// The factors stand for the matrix itself.
    fn reads(&self) -> Reads {
        Reads { inputs: [false, false, true], more: false, output: true }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (a, b, factors) = (inputs[0], inputs[1], inputs[2]);
        let (shape, batch) = shape_of_solution(self.name(), a, b)?;
        let (n, columns) = (shape[shape.rank() - 2], shape[shape.rank() - 1]);
        let (batch_a, batch_b) = (&a.shape()[..a.dims().rank() - 2], &b.shape()[..b.dims().rank() - 2]);
        Tensor::try_build(shape, |x| {
            if x.is_empty() {
                return;
            }
            let (factors, b) = (factors.elements(), b.elements());
            let of_both = starts(&batch, batch_a, n).zip(starts(&batch, batch_b, n * columns));
            for (x, (i, j)) in x.chunks_exact_mut(n * columns).zip(of_both) {
                let (factors, rows) = (&factors[i * n..(i + n) * n], &self.rows[i..i + n]);
                solve_factored(factors, rows, self.transposed, &b[j..j + n * columns], x);
            }
        })
    }

    /// Z, which both arguments share.
    fn inner_cotangent<T: Float>(&self, at: &At<'_, T>) -> Option<Tensor<T>> {
        let adjoint = Solve { rows: self.rows.clone(), transposed: !self.transposed };
        let z = apply(adjoint, &[at.input(0), at.cotangent, at.input(2)]);
        Some(z.expect("a system that was solved has an adjoint one"))
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let (x, z) = (at.output, at.cotangent);
        if argument == 1 {
            return z.clone();
        }
        matrix_cotangent(x, z, self.transposed).expect("the shapes of a solution fit its pullback")
    }
}

impl Operation for Inverse {
    fn name(&self) -> &'static str {
        "inverse"
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [false; 3], more: false, output: true }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (a, factors) = (inputs[0], inputs[1]);
        let (_, n) = square(self.name(), a)?;
        let unit: Vec<T> = (0..n * n).map(|k| T::from_f64(f64::from(u8::from(k % (n + 1) == 0)))).collect();
        Tensor::try_build(a.dims().clone(), |y| {
            if n == 0 {
                return;
            }
            let of_each = factors.elements().chunks_exact(n * n).zip(self.rows.chunks_exact(n));
            for (y, (factors, rows)) in y.chunks_exact_mut(n * n).zip(of_each) {
                solve_factored(factors, rows, false, &unit, y);
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (y, y_bar) = (at.output, at.cotangent);
        let a_bar = y.t().matmul(y_bar).and_then(|product| (-product).matmul(y.t()));
        a_bar.expect("the shapes of an inverse fit its pullback")
    }
}

impl Operation for LogDeterminant {
    fn name(&self) -> &'static str {
        "slogdet"
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [false, true, false], more: false, output: false }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (a, factors) = (inputs[0], inputs[1]);
        let (batch, n) = square(self.name(), a)?;
        Tensor::try_build(Shape::new(batch), |y| {
            if n == 0 {
                return y.fill(T::default());
            }
            for (y, factors) in y.iter_mut().zip(factors.elements().chunks_exact(n * n)) {
                // Wide, so that an f32 sum of many logarithms keeps its digits.
                let pivots = factors.iter().step_by(n + 1);
                *y = T::from_f64(pivots.map(|pivot| pivot.to_f64().abs().ln()).sum());
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (a, factors, y_bar) = (at.input(0), at.input(1), at.cotangent);
        let a_bar = || {
            let inverse = apply(Inverse { rows: self.rows.clone() }, &[a, factors])?;
            let each: Axes = y_bar.shape().iter().copied().chain([1, 1]).collect();
            let y_bar = y_bar.reshape(&each)?;
            let a_bar = inverse.with_last_two_exchanged()?.mul(&y_bar)?;
            // An element of the inverse may overflow: where no cotangent comes in none goes out.
            if tape::is_paused() { y_bar.gate(&a_bar) } else { Ok(a_bar) }
        };
        a_bar().expect("a matrix with a logarithm of its determinant has an inverse")
    }
}
