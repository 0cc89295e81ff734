//! The matrix product, with either factor transposed at no cost.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use crate::kernel::{self, MatmulShape};
use crate::{Error, Float, Shape};

/// `C = op(A) op(B)`, `Ā += C̄ op(B)ᵀ`, `B̄ += op(A)ᵀ C̄`, each transposed where its factor is.
#[derive(Clone, Debug)]
pub(crate) struct Matmul {
    /// Whether the first and the second factor are read transposed.
    transposed: [bool; 2],
}

/// What stands in a matrix product: a tensor, or one to be read transposed.
pub trait Factor<T: Float> {
    /// The tensor, and whether it is read transposed.
    fn factor(&self) -> (&Tensor<T>, bool);
}

/// A matrix to be read transposed by a product, without a copy; made by [`Tensor::t`].
#[derive(Clone, Copy, Debug)]
pub struct Transposed<'a, T: Float>(&'a Tensor<T>);

impl<T: Float> Factor<T> for &Tensor<T> {
    fn factor(&self) -> (&Tensor<T>, bool) {
        (self, false)
    }
}

impl<T: Float> Factor<T> for Transposed<'_, T> {
    fn factor(&self) -> (&Tensor<T>, bool) {
        (self.0, true)
    }
}

impl<T: Float> Tensor<T> {
    /// The matrix product with `right`: (m, k) times (k, n) gives (m, n). Either side may be `x.t()`.
    ///
    /// # Errors
    /// When a factor is not a matrix, the inner lengths differ, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let a = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(a.matmul(a.t())?.to_vec(), [14.0, 32.0, 32.0, 77.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn matmul(&self, right: impl Factor<T>) -> Result<Self, Error> {
        product(self, &right)
    }

    /// This matrix read transposed by [`matmul`](Tensor::matmul), without a copy. A transposed tensor to
    /// compute with is [`transpose`](Tensor::transpose).
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let a = Tensor::from_slice(&[1.0, 2.0], &[2, 1])?;
    /// assert_eq!(a.t().matmul(&a)?.to_vec(), [5.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn t(&self) -> Transposed<'_, T> {
        Transposed(self)
    }
}

impl<T: Float> Transposed<'_, T> {
    /// The matrix product of the transposed matrix with `right`.
    ///
    /// # Errors
    /// As [`Tensor::matmul`].
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let a = tape::Tensor::full(&[3, 2], 1.0);
    /// assert_eq!(a.t().matmul(&a)?.to_vec(), [3.0; 4]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn matmul(self, right: impl Factor<T>) -> Result<Tensor<T>, Error> {
        product(&self, &right)
    }
}

fn product<T: Float>(left: &impl Factor<T>, right: &impl Factor<T>) -> Result<Tensor<T>, Error> {
    let ((a, a_transposed), (b, b_transposed)) = (left.factor(), right.factor());
    apply(Matmul { transposed: [a_transposed, b_transposed] }, &[a, b])
}

impl<T: Float> Factor<T> for Tensor<T> {
    fn factor(&self) -> (&Tensor<T>, bool) {
        (self, false)
    }
}

impl Operation for Matmul {
    fn name(&self) -> &'static str {
        match self.transposed {
            [false, false] => "matmul",
            [true, false] => "matmul ᵀ·",
            [false, true] => "matmul ·ᵀ",
            [true, true] => "matmul ᵀᵀ",
        }
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (a, b) = (inputs[0], inputs[1]);
        let ([rows_a, columns_a], [rows_b, columns_b]) = (a.shape(), b.shape()) else {
            let want = "factors must be matrices";
            return Err(Error::shape("matmul", want, &[a.shape(), b.shape()]));
        };
        let [a_transposed, b_transposed] = self.transposed;
        let (m, k) = if a_transposed { (*columns_a, *rows_a) } else { (*rows_a, *columns_a) };
        let (inner, n) = if b_transposed { (*columns_b, *rows_b) } else { (*rows_b, *columns_b) };
        if k != inner {
            let want = "columns of the left must equal rows of the right";
            return Err(Error::shape("matmul", want, &[&[m, k], &[inner, n]]));
        }
        let shape = Shape::checked("matmul", &[m, n])?;
        Ok(Tensor::build(shape, |c| {
            let a = kernel::Factor { data: a.elements(), transposed: a_transposed };
            let b = kernel::Factor { data: b.elements(), transposed: b_transposed };
            kernel::matmul(MatmulShape { m, k, n }, T::from_f64(1.0), a, b, T::from_f64(0.0), c);
        }))
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let (a, b, c_bar) = (at.input(0), at.input(1), at.cotangent);
        let product = match (argument, self.transposed) {
            (0, [false, b_transposed]) => multiply([false, !b_transposed], c_bar, b),
            (0, [true, b_transposed]) => multiply([b_transposed, true], b, c_bar),
            (_, [a_transposed, false]) => multiply([!a_transposed, false], a, c_bar),
            (_, [a_transposed, true]) => multiply([true, a_transposed], c_bar, a),
        };
        product.expect("the shapes of a product fit its pullback")
    }
}

fn multiply<T: Float>(transposed: [bool; 2], a: &Tensor<T>, b: &Tensor<T>) -> Result<Tensor<T>, Error> {
    apply(Matmul { transposed }, &[a, b])
}
