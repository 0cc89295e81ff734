//! The Cholesky factor of a symmetric positive definite matrix.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::triangular::{Triangle, square};
use crate::{Error, Float, kernel, tape};

/// `L Lᵀ = ½ (A + Aᵀ)`. With M the lower triangle of `Lᵀ L̄` mirrored at the diagonal: `Ā += ½ L⁻ᵀ M L⁻¹` (Murray 2016,
/// arXiv:1602.07527; in this form Seeger et al. 2017, arXiv:1710.08717).
#[derive(Clone, Debug)]
pub(crate) struct Cholesky;

impl<T: Float> Tensor<T> {
    /// The lower factor L of this symmetric positive definite matrix `A = L Lᵀ`: (n, n), with zeros above the diagonal;
    /// or that of each matrix of a batch.
    ///
    /// Of a matrix that is not symmetric it is the factor of the symmetric part `½ (A + Aᵀ)`, so that the cotangent,
    /// which is symmetric, is the derivative by every single element (as in JAX, and PyTorch's is the same).
    ///
    /// # Errors
    /// When the matrix is not square or not positive definite, or the tensor is of another tape. Of a semidefinite
    /// matrix the derivative is infinite.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let a = Tensor::from_slice(&[4.0, 2.0, 2.0, 5.0], &[2, 2])?;
    /// assert_eq!(a.cholesky()?.to_vec(), [2.0, 0.0, 1.0, 2.0]);
    /// let error = Tensor::from_slice(&[1.0, 2.0, 2.0, 1.0], &[2, 2])?.cholesky().unwrap_err();
    /// assert_eq!(error.to_string(), "cholesky: wants a positive definite matrix, got one whose pivot 1 is -3");
    /// # Ok(())
    /// # }
    /// ```
    pub fn cholesky(&self) -> Result<Self, Error> {
        apply(Cholesky, &[self])
    }
}

impl Operation for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [false; 3], more: false, output: true }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let a = inputs[0];
        let (_, n) = square(self.name(), a)?;
        let mut done = Ok(());
        let l = Tensor::build(a.dims().clone(), |l| {
            if n == 0 {
                return;
            }
            let mut of_each = l.chunks_exact_mut(n * n).zip(a.elements().chunks_exact(n * n));
            done = of_each.try_for_each(|(l, a)| factor(a, n, l));
        });
        done.map(|()| l)
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (l, l_bar) = (at.output, at.cotangent);
        let a_bar = || {
            let mirrored = mirrored(&l.t().matmul(l_bar)?)?.scale(0.5);
            let left = l.t().solve_triangular(&mirrored, Triangle::Lower)?;
            // L⁻ᵀ M L⁻¹ is symmetric, so its transpose L⁻ᵀ (L⁻ᵀ M)ᵀ is the same.
            l.t().solve_triangular(&left.with_last_two_exchanged()?, Triangle::Lower)
        };
        a_bar().expect("a factor has no zeros on its diagonal")
    }
}

/// Row by row, each element from a scalar product of rows of L that are there already.
fn factor<T: Float>(a: &[T], n: usize, l: &mut [T]) -> Result<(), Error> {
    let half = T::from_f64(0.5);
    for i in 0..n {
        let (above, below) = l.split_at_mut(i * n);
        let own = &mut below[..n];
        for j in 0..i {
            let row = &above[j * n..j * n + n];
            // Halved first: the sum of two large elements may overflow.
            let rest = half * a[i * n + j] + half * a[j * n + i] - kernel::dot(&own[..j], &row[..j]);
            own[j] = rest / row[j];
        }
        let pivot = a[i * n + i] - kernel::sum_of_squares(&own[..i]);
        // A NaN is no pivot either.
        if pivot > T::default() {
            own[i] = pivot.sqrt();
        } else {
            return Err(Error::NotPositiveDefinite {
                operation: "cholesky",
                pivot: i,
                value: pivot.to_f64(),
            });
        }
        own[i + 1..].fill(T::default());
    }
    Ok(())
}

/// The lower triangle of square matrices, and its mirror image above the diagonal.
fn mirrored<T: Float>(x: &Tensor<T>) -> Result<Tensor<T>, Error> {
    let n = x.dims()[x.dims().rank() - 1];
    let place = |k: usize| {
        let (start, i, j) = (k - k % (n * n), k / n % n, k % n);
        start + i.max(j) * n + i.min(j)
    };
    if tape::is_paused() {
        return x.try_alike(|y| y.iter_mut().enumerate().for_each(|(k, y)| *y = x.elements()[place(k)]));
    }
    x.pick((0..x.len()).map(place).collect(), x.dims().clone())
}
