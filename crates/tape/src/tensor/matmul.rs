//! The matrix product, of single matrices, vectors and batches, with either factor transposed at no cost.

use super::broadcast::Repeated;
use super::operation::{At, Operation, Reads, apply};
use super::{Accumulator, Tensor};
use crate::kernel::{self, MatmulShape};
use crate::shape::Axes;
use crate::{Error, Float, Shape};

/// `C = op(A) op(B)`, `Ā += C̄ op(B)ᵀ`, `B̄ += op(A)ᵀ C̄`, each transposed where its factor is, for each matrix of a
/// batch.
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

/// A matrix, or a batch of them, to be read transposed by a product or a solve, without a copy; made by [`Tensor::t`].
#[derive(Clone, Copy, Debug)]
pub struct Transposed<'a, T: Float>(pub(super) &'a Tensor<T>);

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
    /// Of more than two axes the last two are those of matrices, and the ones before broadcast, by NumPy's rules:
    /// (b, m, k) times (k, n) gives (b, m, n). A vector stands for a row on the left and for a column on the right,
    /// with no axis in the product for it: (m, k) times (k) gives (m), and two vectors give one number.
    ///
    /// # Errors
    /// When a factor has no axes, the inner lengths differ, the axes before do not broadcast, or a tensor is of another
    /// tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let a = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(a.matmul(a.t())?.to_vec(), [14.0, 32.0, 32.0, 77.0]);
    /// assert_eq!(a.matmul(&Tensor::full(&[3], 1.0))?.to_vec(), [6.0, 15.0]);
    /// assert_eq!(a.matmul(&Tensor::full(&[5, 3, 4], 1.0))?.shape(), [5, 2, 4]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn matmul(&self, right: impl Factor<T>) -> Result<Self, Error> {
        let (right, transposed) = right.factor();
        product([false, transposed], self, right)
    }

    /// This matrix read transposed, without a copy, by [`matmul`](Tensor::matmul) and the solves: the last two axes
    /// are exchanged; a vector stays one. A transposed tensor to compute with is [`transpose`](Tensor::transpose).
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

    /// The scalar product with another vector of the same length, a tensor without axes.
    ///
    /// # Errors
    /// When one is not a vector, the lengths differ, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let (a, b) = (Tensor::from_slice(&[1.0, 2.0], &[2])?, Tensor::from_slice(&[3.0, 4.0], &[2])?);
    /// assert_eq!(a.dot(&b)?.item(), Ok(11.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn dot(&self, other: &Tensor<T>) -> Result<Self, Error> {
        match (self.shape(), other.shape()) {
            ([m], [n]) if m == n => Ok(self.mul(other)?.sum()),
            (a, b) => Err(Error::shape("dot", "wants two vectors of one length", &[a, b])),
        }
    }

    /// The products of each element of this vector with each of another: (m) and (n) give (m, n).
    ///
    /// # Errors
    /// When one is not a vector, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let (a, b) = (Tensor::from_slice(&[1.0, 2.0], &[2])?, Tensor::from_slice(&[3.0, 4.0], &[2])?);
    /// assert_eq!(a.outer(&b)?.to_vec(), [3.0, 4.0, 6.0, 8.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn outer(&self, other: &Tensor<T>) -> Result<Self, Error> {
        match (self.shape(), other.shape()) {
            (&[m], [_]) => self.reshape(&[m, 1])?.mul(other),
            (a, b) => Err(Error::shape("outer", "wants two vectors", &[a, b])),
        }
    }

    /// The tensor with its last two axes exchanged, moved in memory.
    pub(super) fn with_last_two_exchanged(&self) -> Result<Self, Error> {
        let mut axes: Axes = (0..self.dims().rank()).collect();
        let rank = axes.len();
        axes.swap(rank - 2, rank - 1);
        self.permute(&axes)
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
        let (right, transposed) = right.factor();
        product([true, transposed], self.0, right)
    }
}

fn product<T: Float>(transposed: [bool; 2], a: &Tensor<T>, b: &Tensor<T>) -> Result<Tensor<T>, Error> {
    if let ([_, _], [_, _]) = (a.shape(), b.shape()) {
        return multiply(transposed, a, b);
    }
    let (read_a, read_b) = (as_read(a, transposed[0]), as_read(b, transposed[1]));
    let (Some(columns), Some(rows)) = (read_a.last(), read_b.iter().rev().take(2).next_back()) else {
        let want = "factors must be vectors, matrices or batches of matrices";
        return Err(Error::shape("matmul", want, &[a.shape(), b.shape()]));
    };
    if columns != rows {
        return Err(Error::shape("matmul", UNEQUAL, &[&read_a, &read_b]));
    }
    match (a.shape(), b.shape()) {
        // A row on the left, a column on the right, each without its second axis in the product.
        (&[k], _) => {
            let c = product([false, transposed[1]], &a.reshape(&[1, k])?, b)?;
            let mut shape: Axes = c.shape().into();
            shape.remove(shape.len() - b.dims().rank().min(2));
            c.reshape(&shape)
        }
        (_, &[k]) => {
            let c = product([transposed[0], false], a, &b.reshape(&[k, 1])?)?;
            c.reshape(&c.shape()[..c.dims().rank() - 1])
        }
        // A batch times one matrix is one product: the rows of all matrices, one below the other.
        ([batch @ .., m, k], [_, _]) if !transposed[0] => {
            let rows = batch.iter().product::<usize>() * m;
            let c = multiply(transposed, &a.reshape(&[rows, *k])?, b)?;
            c.reshape(&of_matrices(batch, *m, read_b[1]))
        }
        _ => multiply(transposed, a, b),
    }
}

/// The shape as a product reads it.
fn as_read<T: Float>(x: &Tensor<T>, transposed: bool) -> Axes {
    let mut shape: Axes = x.shape().into();
    if let ([.., rows, columns], true) = (&mut *shape, transposed) {
        std::mem::swap(rows, columns);
    }
    shape
}

const UNEQUAL: &str = "columns of the left must equal rows of the right";

/// The shape of a batch of matrices of m rows and n columns.
pub(super) fn of_matrices(batch: &[usize], m: usize, n: usize) -> Axes {
    batch.iter().copied().chain([m, n]).collect()
}

/// Where the matrices of a batch, which broadcasts to `shape`, begin.
pub(super) fn starts<'a>(
    shape: &'a [usize],
    batch: &[usize],
    size: usize,
) -> impl Iterator<Item = usize> + use<'a> {
    let count = shape.iter().product();
    Repeated::new(shape, batch).map(move |k| k * size).take(count)
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
        let ([batch_a @ .., rows_a, columns_a], [batch_b @ .., rows_b, columns_b]) = (a.shape(), b.shape())
        else {
            unreachable!("vectors have been made matrices");
        };
        let [a_transposed, b_transposed] = self.transposed;
        let (m, k) = if a_transposed { (*columns_a, *rows_a) } else { (*rows_a, *columns_a) };
        let (inner, n) = if b_transposed { (*columns_b, *rows_b) } else { (*rows_b, *columns_b) };
        if k != inner {
            return Err(Error::shape("matmul", UNEQUAL, &[&[m, k], &[inner, n]]));
        }
        if batch_a.is_empty() && batch_b.is_empty() {
            let shape = Shape::checked("matmul", &[m, n])?;
            return Tensor::try_build(shape, |c| of_two(self.transposed, a, b, true, c));
        }
        let multiply = |a: &[T], b: &[T], c: &mut [T]| {
            let a = kernel::Factor { data: a, transposed: a_transposed };
            let b = kernel::Factor { data: b, transposed: b_transposed };
            kernel::matmul(MatmulShape { m, k, n }, T::from_f64(1.0), a, b, T::from_f64(0.0), c);
        };
        let batch = Shape::broadcast("matmul", batch_a, batch_b)?;
        let shape = Shape::checked("matmul", &of_matrices(&batch, m, n))?;
        Tensor::try_build(shape, |c| {
            if c.is_empty() {
                return;
            }
            let (a, b) = (a.elements(), b.elements());
            let products = kernel::Placed { first: 0, elements: c };
            let least = (kernel::LEAST_PRODUCT / k.max(1)).max(1);
            kernel::in_parts(least, m * n, products, |products| {
                let of_both = starts(&batch, batch_a, m * k).zip(starts(&batch, batch_b, k * n));
                let of_both = of_both.skip(products.first / (m * n));
                for (c, (i, j)) in products.elements.chunks_exact_mut(m * n).zip(of_both) {
                    multiply(&a[i..i + m * k], &b[j..j + k * n], c);
                }
            });
        })
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        if output.dims().rank() == 2 {
            of_two(self.transposed, inputs[0], inputs[1], true, output.rewritten());
        } else {
            *output = self.forward(inputs)?;
        }
        Ok(())
    }

    fn adds_in_place(&self, _argument: usize) -> bool {
        true
    }

    fn pullback_onto<T: Float>(&self, at: &At<'_, T>, argument: usize, sum: &mut Accumulator<T>) {
        if at.cotangent.dims().rank() == 2 {
            let (transposed, left, right) = self.factors_of_pullback(at, argument);
            let (x_bar, fresh) = sum.whole();
            return of_two(transposed, left, right, fresh, x_bar);
        }
        let x_bar = self.pullback(at, argument).summed_to(at.input(argument).shape());
        sum.add(x_bar.expect("a batch that was repeated can be summed"));
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let (transposed, left, right) = self.factors_of_pullback(at, argument);
        multiply(transposed, left, right).expect("the shapes of a product fit its pullback")
    }
}

impl Matmul {
    /// What is multiplied to pull back: the factors, and whether each is transposed.
    fn factors_of_pullback<'a, T: Float>(
        &self,
        at: &At<'a, T>,
        argument: usize,
    ) -> ([bool; 2], &'a Tensor<T>, &'a Tensor<T>) {
        let (a, b, c_bar) = (at.input(0), at.input(1), at.cotangent);
        match (argument, self.transposed) {
            (0, [false, b_transposed]) => ([false, !b_transposed], c_bar, b),
            (0, [true, b_transposed]) => ([b_transposed, true], b, c_bar),
            (_, [a_transposed, false]) => ([!a_transposed, false], a, c_bar),
            (_, [a_transposed, true]) => ([true, a_transposed], c_bar, a),
        }
    }
}

/// Writes the product of two matrices that fit, or adds it to what is there.
fn of_two<T: Float>(transposed: [bool; 2], a: &Tensor<T>, b: &Tensor<T>, fresh: bool, c: &mut [T]) {
    let (&[rows_a, columns_a], &[rows_b, columns_b]) = (a.shape(), b.shape()) else {
        unreachable!("two matrices")
    };
    let (m, k) = if transposed[0] { (columns_a, rows_a) } else { (rows_a, columns_a) };
    let n = if transposed[1] { rows_b } else { columns_b };
    let a = kernel::Factor { data: a.elements(), transposed: transposed[0] };
    let b = kernel::Factor { data: b.elements(), transposed: transposed[1] };
    let beta = T::from_f64(if fresh { 0.0 } else { 1.0 });
    kernel::matmul(MatmulShape { m, k, n }, T::from_f64(1.0), a, b, beta, c);
}

/// The product of matrices, or of batches of them.
pub(super) fn multiply<T: Float>(
    transposed: [bool; 2],
    a: &Tensor<T>,
    b: &Tensor<T>,
) -> Result<Tensor<T>, Error> {
    apply(Matmul { transposed }, &[a, b])
}
