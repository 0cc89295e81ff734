//! Diagonals and triangles of matrices, in batches over all axes before the last two.
//!
//! Diagonals are picked and put, triangles are masked; neither has a rule of its own.

use super::Tensor;
use crate::shape::Axes;
use crate::{Error, Float, Shape};

impl<T: Float> Tensor<T> {
    /// The diagonal of a matrix as a vector, or the square matrix that has this vector on its diagonal and zeros
    /// elsewhere. The diagonal is the `offset`th above the main one, or below it where the offset is negative.
    /// NumPy's `diag`; for batches see [`diagonal`](Tensor::diagonal) and [`diag_embed`](Tensor::diag_embed).
    ///
    /// # Errors
    /// When the tensor is neither a vector nor a matrix, or of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.diag(0)?.to_vec(), [1.0, 4.0]);
    /// assert_eq!(x.diag(0)?.diag(0)?.to_vec(), [1.0, 0.0, 0.0, 4.0]);
    /// assert_eq!(x.diag(1)?.to_vec(), [2.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn diag(&self, offset: isize) -> Result<Self, Error> {
        match self.dims().rank() {
            1 => self.embedded("diag", offset),
            2 => self.diagonal(offset),
            _ => Err(Error::shape("diag", "wants a vector or a matrix", &[self.dims()])),
        }
    }

    /// The diagonals of matrices `(…, m, n)` as vectors `(…, k)`: the `offset`th above the main one, or below it
    /// where the offset is negative. Beyond the corners they are empty.
    ///
    /// # Errors
    /// When there are fewer than two axes, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(x.diagonal(0)?.to_vec(), [1.0, 5.0]);
    /// assert_eq!(x.diagonal(1)?.to_vec(), [2.0, 6.0]);
    /// assert_eq!(x.diagonal(-1)?.to_vec(), [4.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn diagonal(&self, offset: isize) -> Result<Self, Error> {
        let (batch, [m, n]) = matrices("diagonal", self)?;
        let count = match offset {
            0.. => m.min(n.saturating_sub(offset.unsigned_abs())),
            _ => n.min(m.saturating_sub(offset.unsigned_abs())),
        };
        let offsets = diagonal_places(batch, [m, n], offset, count);
        let mut lengths: Axes = batch.into();
        lengths.push(count);
        self.pick(offsets, Shape::new(&lengths))
    }

    /// Square matrices `(…, n, n)` that have these vectors `(…, k)` on the `offset`th diagonal above the main one, or
    /// below it where the offset is negative, and zeros elsewhere; `n = k + |offset|`.
    ///
    /// # Errors
    /// When the tensor has no axis, the matrices are too large to be counted, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0], &[2, 1])?; // two vectors of one element
    /// assert_eq!(x.diag_embed(1)?.shape(), [2, 2, 2]);
    /// assert_eq!(x.diag_embed(1)?.to_vec(), [0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn diag_embed(&self, offset: isize) -> Result<Self, Error> {
        self.embedded("diag_embed", offset)
    }

    fn embedded(&self, operation: &'static str, offset: isize) -> Result<Self, Error> {
        let Some((&count, batch)) = self.shape().split_last() else {
            return Err(Error::shape(operation, "wants a vector, or a batch of them", &[self.dims()]));
        };
        let n = count.saturating_add(offset.unsigned_abs());
        let mut lengths: Axes = batch.into();
        lengths.extend([n, n]);
        let whole = Shape::checked(operation, &lengths)?;
        self.put(diagonal_places(batch, [n, n], offset, count), whole)
    }

    /// The sums of the main diagonals of matrices `(…, m, n)`, in the shape of the axes before the last two.
    ///
    /// # Errors
    /// When there are fewer than two axes, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.trace()?.item()?, 5.0);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn trace(&self) -> Result<Self, Error> {
        let (batch, _) = matrices("trace", self)?;
        self.diagonal(0)?.sum_axes(&[batch.len()], false)
    }

    /// The lower triangles of matrices `(…, m, n)`, with zeros above the `offset`th diagonal: element `(i, j)` stays
    /// where `j ≤ i + offset`. What is dropped gets no cotangent, though it be infinite or NaN.
    ///
    /// # Errors
    /// When there are fewer than two axes, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.tril(0)?.to_vec(), [1.0, 0.0, 3.0, 4.0]);
    /// assert_eq!(x.tril(-1)?.to_vec(), [0.0, 0.0, 3.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn tril(&self, offset: isize) -> Result<Self, Error> {
        self.triangle("tril", |above| above <= offset)
    }

    /// The upper triangles of matrices `(…, m, n)`, with zeros below the `offset`th diagonal: element `(i, j)` stays
    /// where `j ≥ i + offset`. What is dropped gets no cotangent, though it be infinite or NaN.
    ///
    /// # Errors
    /// When there are fewer than two axes, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.triu(0)?.to_vec(), [1.0, 2.0, 0.0, 4.0]);
    /// assert_eq!(x.triu(1)?.to_vec(), [0.0, 2.0, 0.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn triu(&self, offset: isize) -> Result<Self, Error> {
        self.triangle("triu", |above| above >= offset)
    }

    /// What stands on the diagonals that stay, by their places above the main one.
    fn triangle(&self, operation: &'static str, stays: impl Fn(isize) -> bool) -> Result<Self, Error> {
        let (_, [m, n]) = matrices(operation, self)?;
        let mask = Tensor::build(Shape::checked(operation, &[m, n])?, |mask| {
            for (place, element) in mask.iter_mut().enumerate() {
                *element = T::from_f64(f64::from(stays((place % n) as isize - (place / n) as isize)));
            }
        });
        mask.gate(self)
    }
}

/// The lengths before the last two, and those of the matrices.
fn matrices<'a, T: Float>(
    operation: &'static str,
    x: &'a Tensor<T>,
) -> Result<(&'a [usize], [usize; 2]), Error> {
    match x.shape().split_last_chunk() {
        Some((batch, &matrix)) => Ok((batch, matrix)),
        None => Err(Error::shape(operation, "wants a matrix, or a batch of them", &[x.dims()])),
    }
}

/// The places of `count` elements on a diagonal, matrix by matrix.
fn diagonal_places(batch: &[usize], [m, n]: [usize; 2], offset: isize, count: usize) -> Box<[usize]> {
    if count == 0 {
        return Box::default(); // Beyond the corners the first place could not even be counted.
    }
    let first = match offset {
        0.. => offset.unsigned_abs(),
        _ => offset.unsigned_abs() * n,
    };
    let matrices: usize = batch.iter().product();
    (0..matrices).flat_map(|k| (0..count).map(move |i| k * m * n + first + i * (n + 1))).collect()
}
