//! Systems of equations with a triangular matrix.

use super::Tensor;
use super::matmul::{Transposed, of_matrices, starts};
use super::operation::{At, Operation, Reads, apply};
use crate::{Error, Float, Shape, kernel};

/// Which triangle of a matrix is read; the rest of it counts as zero, and may hold anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Triangle {
    /// On and below the diagonal.
    Lower,
    /// Below the diagonal, with ones on it.
    UnitLower,
    /// On and above the diagonal.
    Upper,
    /// Above the diagonal, with ones on it.
    UnitUpper,
}

impl Triangle {
    pub(super) fn is_lower(self) -> bool {
        matches!(self, Triangle::Lower | Triangle::UnitLower)
    }

    fn has_ones(self) -> bool {
        matches!(self, Triangle::UnitLower | Triangle::UnitUpper)
    }

    /// Whether the element in row i and column j is read.
    fn holds(self, i: usize, j: usize) -> bool {
        match self {
            Triangle::Lower => i >= j,
            Triangle::UnitLower => i > j,
            Triangle::Upper => i <= j,
            Triangle::UnitUpper => i < j,
        }
    }

    /// The part of square matrices that is read, between zeros.
    fn of<T: Float>(self, x: &Tensor<T>) -> Result<Tensor<T>, Error> {
        let n = x.dims()[x.dims().rank() - 1];
        let mask = Tensor::build(Shape::new(&[n, n]), |mask| {
            for (k, mask) in mask.iter_mut().enumerate() {
                *mask = T::from_f64(f64::from(u8::from(self.holds(k / n, k % n))));
            }
        });
        mask.select(x, &Tensor::scalar(T::default()))
    }
}

/// `X = op(A)⁻¹ B` for a triangle A. With `Z = op(A)⁻ᵀ X̄`: `B̄ += Z`, and `Ā += -Z Xᵀ`, or `-X Zᵀ` where A is read
/// transposed, both in the triangle alone (Giles 2008, 2.3.1).
#[derive(Clone, Debug)]
pub(crate) struct TriangularSolve {
    triangle: Triangle,
    transposed: bool,
}

impl<T: Float> Tensor<T> {
    /// The solution X of `A X = B` for this triangular matrix A: (n, n), and B: (n, k) or a vector (n). Axes before
    /// broadcast, by NumPy's rules. Only the triangle is read, and only its cotangent is not zero.
    ///
    /// # Errors
    /// When A is not square, B has not as many rows, the axes before do not broadcast, an element of the diagonal is
    /// zero, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tensor, Triangle};
    /// let l = Tensor::from_slice(&[2.0, 7.0, 1.0, 4.0], &[2, 2])?;
    /// let b = Tensor::from_slice(&[2.0, 9.0], &[2])?;
    /// assert_eq!(l.solve_triangular(&b, Triangle::Lower)?.to_vec(), [1.0, 2.0]); // the 7 is not read
    /// let zeros = Tensor::zeros(&[2, 2]).solve_triangular(&b, Triangle::Lower).unwrap_err();
    /// assert_eq!(zeros.to_string(), "solve_triangular: wants a regular matrix, got one whose pivot 0 is zero");
    /// # Ok(())
    /// # }
    /// ```
    pub fn solve_triangular(&self, b: &Tensor<T>, triangle: Triangle) -> Result<Self, Error> {
        solve_triangular(self, b, triangle, false)
    }
}

impl<T: Float> Transposed<'_, T> {
    /// The solution X of `Aᵀ X = B`, where `triangle` is the one that A has before it is transposed.
    ///
    /// # Errors
    /// As [`Tensor::solve_triangular`].
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tensor, Triangle};
    /// let l = Tensor::from_slice(&[2.0, 0.0, 1.0, 4.0], &[2, 2])?;
    /// let b = Tensor::from_slice(&[4.0, 8.0], &[2])?;
    /// assert_eq!(l.t().solve_triangular(&b, Triangle::Lower)?.to_vec(), [1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn solve_triangular(self, b: &Tensor<T>, triangle: Triangle) -> Result<Tensor<T>, Error> {
        solve_triangular(self.0, b, triangle, true)
    }
}

fn solve_triangular<T: Float>(
    a: &Tensor<T>,
    b: &Tensor<T>,
    triangle: Triangle,
    transposed: bool,
) -> Result<Tensor<T>, Error> {
    with_columns(b, |b| apply(TriangularSolve { triangle, transposed }, &[a, b]))
}

/// A solve whose right side may be a vector: it stands for a column.
pub(super) fn with_columns<T: Float>(
    b: &Tensor<T>,
    solve: impl FnOnce(&Tensor<T>) -> Result<Tensor<T>, Error>,
) -> Result<Tensor<T>, Error> {
    let &[n] = b.shape() else {
        return solve(b);
    };
    let x = solve(&b.reshape(&[n, 1])?)?;
    x.reshape(&x.shape()[..x.dims().rank() - 1])
}

/// The batch of square matrices that a tensor is, and the side of each.
pub(super) fn square<'a, T: Float>(
    operation: &'static str,
    a: &'a Tensor<T>,
) -> Result<(&'a [usize], usize), Error> {
    match a.shape() {
        [batch @ .., m, n] if m == n => Ok((batch, *n)),
        shape => Err(Error::shape(operation, "wants square matrices in the last two axes", &[shape])),
    }
}

/// The shape of the solution of `A X = B`, and that of the batch alone, if the shapes of A and B fit.
pub(super) fn shape_of_solution<T: Float>(
    operation: &'static str,
    a: &Tensor<T>,
    b: &Tensor<T>,
) -> Result<(Shape, Shape), Error> {
    let (batch_a, n) = square(operation, a)?;
    let [batch_b @ .., rows, columns] = b.shape() else {
        let want = "wants a vector or matrices on the right";
        return Err(Error::shape(operation, want, &[a.shape(), b.shape()]));
    };
    if *rows != n {
        let want = "rows of the right must equal rows of the matrix";
        return Err(Error::shape(operation, want, &[a.shape(), b.shape()]));
    }
    let batch = Shape::broadcast(operation, batch_a, batch_b)?;
    Ok((Shape::checked(operation, &of_matrices(&batch, n, *columns))?, batch))
}

impl Operation for TriangularSolve {
    fn name(&self) -> &'static str {
        "solve_triangular"
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [true, false, false], more: false, output: true }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (a, b) = (inputs[0], inputs[1]);
        let (shape, batch) = shape_of_solution(self.name(), a, b)?;
        let (n, columns) = (shape[shape.rank() - 2], shape[shape.rank() - 1]);
        if !self.triangle.has_ones() && n > 0 {
            for matrix in a.elements().chunks_exact(n * n) {
                if let Some(pivot) = matrix.iter().step_by(n + 1).position(|&pivot| pivot == T::default()) {
                    return Err(Error::Singular { operation: self.name(), pivot });
                }
            }
        }
        let (batch_a, batch_b) = (&a.shape()[..a.dims().rank() - 2], &b.shape()[..b.dims().rank() - 2]);
        Tensor::try_build(shape, |x| {
            if x.is_empty() {
                return;
            }
            let (a, b) = (a.elements(), b.elements());
            let of_both = starts(&batch, batch_a, n * n).zip(starts(&batch, batch_b, n * columns));
            for (x, (i, j)) in x.chunks_exact_mut(n * columns).zip(of_both) {
                x.copy_from_slice(&b[j..j + n * columns]);
                substitute(&a[i..i + n * n], n, self.triangle, self.transposed, x);
            }
        })
    }

    /// Z, which both arguments share.
    fn inner_cotangent<T: Float>(&self, at: &At<'_, T>) -> Option<Tensor<T>> {
        let adjoint = TriangularSolve { triangle: self.triangle, transposed: !self.transposed };
        Some(
            apply(adjoint, &[at.input(0), at.cotangent])
                .expect("a system that was solved has an adjoint one"),
        )
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let (x, z) = (at.output, at.cotangent);
        if argument == 1 {
            return z.clone();
        }
        let a_bar = matrix_cotangent(x, z, self.transposed).and_then(|a_bar| self.triangle.of(&a_bar));
        a_bar.expect("the shapes of a solution fit its pullback")
    }
}

/// `-Z Xᵀ`, or `-X Zᵀ` of a system whose matrix was read transposed.
pub(super) fn matrix_cotangent<T: Float>(
    x: &Tensor<T>,
    z: &Tensor<T>,
    transposed: bool,
) -> Result<Tensor<T>, Error> {
    let minus_z = -z;
    if transposed { x.matmul(minus_z.t()) } else { minus_z.matmul(x.t()) }
}

/// Solves `op(A) X = B` for a triangle A of side n in place of B, reading A row by row.
pub(super) fn substitute<T: Float>(a: &[T], n: usize, triangle: Triangle, transposed: bool, x: &mut [T]) {
    let columns = x.len() / n.max(1);
    if columns == 0 {
        return;
    }
    for step in 0..n {
        // From the end that has one unknown alone.
        let i = if triangle.is_lower() != transposed { step } else { n - 1 - step };
        let row = &a[i * n..(i + 1) * n];
        let (before, rest) = x.split_at_mut(i * columns);
        let (own, after) = rest.split_at_mut(columns);
        let (others, coefficients) =
            if triangle.is_lower() { (before, &row[..i]) } else { (after, &row[i + 1..]) };
        let divide = |own: &mut [T]| {
            if !triangle.has_ones() {
                own.iter_mut().for_each(|x| *x /= row[i]);
            }
        };
        if transposed {
            // Row i of A holds what the unknown i, now known, adds to the equations that are left.
            divide(own);
            if let [known] = *own {
                kernel::axpy(-known, coefficients, others);
                continue;
            }
            for (other, &coefficient) in others.chunks_exact_mut(columns).zip(coefficients) {
                kernel::axpy(-coefficient, own, other);
            }
        } else {
            // Row i of A holds what the unknowns found before add to equation i.
            if let [right] = own {
                *right -= kernel::dot(coefficients, others);
            } else {
                for (other, &coefficient) in others.chunks_exact(columns).zip(coefficients) {
                    kernel::axpy(-coefficient, other, own);
                }
            }
            divide(own);
        }
    }
}
