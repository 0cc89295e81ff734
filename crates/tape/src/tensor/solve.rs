//! Systems of equations, inverses and logarithms of determinants, by elimination with row pivots.
//!
//! The factors are made once, by an operation before, and come as one more input: so the tape keeps them, and the
//! pullback solves with them again instead of eliminating anew. To them no cotangent goes.

use super::Tensor;
use super::elimination::{Factors, eliminated, signs};
use super::matmul::{Transposed, starts};
use super::operation::{At, Operation, Reads, apply};
use super::triangular::{Triangle, matrix_cotangent, shape_of_solution, square, substitute, with_columns};
use crate::shape::Axes;
use crate::{Error, Float, Shape, tape};

/// `X = op(A)⁻¹ B`, of the factors `P A = L U`. With `Z = op(A)⁻ᵀ X̄`: `B̄ += Z`, and `Ā += -Z Xᵀ`, or `-X Zᵀ` where A
/// is read transposed (Giles 2008, 2.3.1).
#[derive(Clone, Debug)]
pub(crate) struct Solve {
    transposed: bool,
}

/// `Y = A⁻¹`, `Ā += -Yᵀ Ȳ Yᵀ` (Giles 2008, 2.2.3).
#[derive(Clone, Debug)]
pub(crate) struct Inverse;

/// `y = ln |det A|`, `Ā += ȳ A⁻ᵀ` (Petersen & Pedersen 2012, 57).
#[derive(Clone, Debug)]
pub(crate) struct LogDeterminant;

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
        apply(Inverse, &[self, &eliminated("inverse", self)?])
    }

    /// The sign of the determinant of this regular matrix, 1 or -1 and never differentiated, and the logarithm of its
    /// size, `ln |det A|`, which neither overflows nor underflows where the determinant does. Without axes; of a batch,
    /// one of each for every matrix.
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
        let factors = eliminated("slogdet", self)?;
        Ok((signs(&factors)?, apply(LogDeterminant, &[self, &factors])?))
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
        apply(Solve { transposed }, &[a, b, &eliminated("solve", a)?])
    })
}

/// `op(A)⁻¹ B` in X, of the factors of A.
fn solve_factored<T: Float>(factors: Factors<'_, T>, transposed: bool, b: &[T], x: &mut [T]) {
    let (entries, n) = (factors.entries, factors.rows().len());
    let columns = b.len() / n;
    let row = |i: usize| i * columns..(i + 1) * columns;
    if transposed {
        let mut y = Tensor::build(Shape::new(&[b.len()]), |y| y.copy_from_slice(b));
        let y = y.as_mut_slice();
        substitute(entries, n, Triangle::Upper, true, y);
        substitute(entries, n, Triangle::UnitLower, true, y);
        for (i, place) in factors.rows().enumerate() {
            x[row(place)].copy_from_slice(&y[row(i)]);
        }
    } else {
        for (i, place) in factors.rows().enumerate() {
            x[row(i)].copy_from_slice(&b[row(place)]);
        }
        substitute(entries, n, Triangle::UnitLower, false, x);
        substitute(entries, n, Triangle::Upper, false, x);
    }
}

impl Solve {
    /// X of this shape, (batch, n, k).
    fn fill<T: Float>(&self, inputs: &[&Tensor<T>], shape: &[usize], x: &mut [T]) {
        let [batch @ .., n, columns] = shape else { unreachable!("a solution has rows and columns") };
        let of_each = |k: usize| &inputs[k].shape()[..inputs[k].dims().rank() - 2];
        if x.is_empty() {
            return;
        }
        let b = inputs[1].elements();
        let of_both = starts(batch, of_each(0), 1).zip(starts(batch, of_each(1), n * columns));
        for (x, (k, j)) in x.chunks_exact_mut(n * columns).zip(of_both) {
            let factors = Factors::nth(inputs[2], *n, k);
            solve_factored(factors, self.transposed, &b[j..j + n * columns], x);
        }
    }
}

impl Inverse {
    /// A⁻¹ in Y: the solutions for the columns of the unit matrix.
    fn fill<T: Float>(&self, inputs: &[&Tensor<T>], y: &mut [T]) {
        if y.is_empty() {
            return;
        }
        let n = side(inputs[0]);
        let unit = Tensor::build(Shape::new(&[n, n]), |unit| {
            unit.fill(T::default());
            unit.iter_mut().step_by(n + 1).for_each(|one| *one = T::from_f64(1.0));
        });
        for (k, y) in y.chunks_exact_mut(n * n).enumerate() {
            solve_factored(Factors::nth(inputs[1], n, k), false, unit.elements(), y);
        }
    }
}

impl LogDeterminant {
    fn fill<T: Float>(&self, inputs: &[&Tensor<T>], y: &mut [T]) {
        let n = side(inputs[0]);
        for (k, y) in y.iter_mut().enumerate() {
            // Wide, so that an f32 sum of many logarithms keeps its digits.
            let pivots = Factors::nth(inputs[1], n, k).entries.iter().step_by(n + 1);
            *y = T::from_f64(pivots.fold(0.0, |sum, pivot| sum + pivot.to_f64().abs().ln()));
        }
    }
}

/// The side of square matrices.
fn side<T: Float>(a: &Tensor<T>) -> usize {
    a.shape()[a.dims().rank() - 1]
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
        let (shape, _) = shape_of_solution(self.name(), inputs[0], inputs[1])?;
        Tensor::try_build(shape.clone(), |x| self.fill(inputs, &shape, x))
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        let shape = output.dims().clone();
        self.fill(inputs, &shape, output.rewritten());
        Ok(())
    }

    /// Not to the factors.
    fn hands_on(&self, argument: usize) -> bool {
        argument < 2
    }

    /// Z, which both arguments share.
    fn inner_cotangent<T: Float>(&self, at: &At<'_, T>) -> Option<Tensor<T>> {
        let adjoint = Solve { transposed: !self.transposed };
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
        inputs[0].try_alike(|y| self.fill(inputs, y))
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        self.fill(inputs, output.rewritten());
        Ok(())
    }

    /// Not to the factors.
    fn hands_on(&self, argument: usize) -> bool {
        argument == 0
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
        let (batch, _) = square(self.name(), inputs[0])?;
        Tensor::try_build(Shape::new(batch), |y| self.fill(inputs, y))
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        self.fill(inputs, output.rewritten());
        Ok(())
    }

    /// Not to the factors.
    fn hands_on(&self, argument: usize) -> bool {
        argument == 0
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (a, factors, y_bar) = (at.input(0), at.input(1), at.cotangent);
        let a_bar = || {
            let inverse = apply(Inverse, &[a, factors])?;
            let each: Axes = y_bar.shape().iter().copied().chain([1, 1]).collect();
            let y_bar = y_bar.reshape(&each)?;
            let a_bar = inverse.with_last_two_exchanged()?.mul(&y_bar)?;
            // An element of the inverse may overflow: where no cotangent comes in none goes out.
            if tape::is_paused() { y_bar.gate(&a_bar) } else { Ok(a_bar) }
        };
        a_bar().expect("a matrix with a logarithm of its determinant has an inverse")
    }
}
