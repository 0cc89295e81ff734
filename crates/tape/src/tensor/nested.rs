//! Tensors written as nested arrays, and made of rows whose lengths nobody has checked.

use super::Tensor;
use crate::{Error, Float};

const AS_MANY: &str = "as many elements as the shape says";

/// The tensor with one axis and these elements.
///
/// ```
/// let x = tape::Tensor::from([1.0, 2.0]);
/// assert_eq!((x.shape(), x.as_slice()), (&[2][..], &[1.0, 2.0][..]));
/// ```
impl<T: Float, const N: usize> From<[T; N]> for Tensor<T> {
    fn from(elements: [T; N]) -> Self {
        Tensor::from_slice(&elements, &[N]).expect(AS_MANY)
    }
}

/// The matrix of these rows.
///
/// ```
/// let x = tape::Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// assert_eq!((x.shape(), x.at(&[2, 0])?.value()), (&[3, 2][..], 5.0));
/// # Ok::<(), tape::Error>(())
/// ```
impl<T: Float, const N: usize, const M: usize> From<[[T; M]; N]> for Tensor<T> {
    fn from(rows: [[T; M]; N]) -> Self {
        Tensor::from_slice(rows.as_flattened(), &[N, M]).expect(AS_MANY)
    }
}

/// The tensor with three axes and these matrices one after the other.
///
/// ```
/// let x = tape::Tensor::from([[[1.0, 2.0]], [[3.0, 4.0]]]);
/// assert_eq!(x.shape(), [2, 1, 2]);
/// ```
impl<T: Float, const N: usize, const M: usize, const L: usize> From<[[[T; L]; M]; N]> for Tensor<T> {
    fn from(matrices: [[[T; L]; M]; N]) -> Self {
        Tensor::from_slice(matrices.as_flattened().as_flattened(), &[N, M, L]).expect(AS_MANY)
    }
}

/// The tensor with one axis that takes over these elements.
///
/// ```
/// assert_eq!(tape::Tensor::from(vec![1.0, 2.0]).shape(), [2]);
/// ```
impl<T: Float> From<Vec<T>> for Tensor<T> {
    fn from(elements: Vec<T>) -> Self {
        let length = elements.len();
        Tensor::from_vec(elements, &[length]).expect(AS_MANY)
    }
}

/// The matrix of these rows; of none, the shape is [0, 0].
///
/// # Errors
/// When a row is longer or shorter than the first.
///
/// ```
/// use tape::Tensor;
/// let x = Tensor::try_from(vec![vec![1.0, 2.0], vec![3.0, 4.0]])?;
/// assert_eq!((x.shape(), x.to_vec()), (&[2, 2][..], vec![1.0, 2.0, 3.0, 4.0]));
/// let ragged = Tensor::try_from(vec![vec![1.0, 2.0], vec![3.0]]).unwrap_err();
/// assert_eq!(ragged.to_string(), "from rows: wants 2 elements in row 1, as in row 0, got 1");
/// # Ok::<(), tape::Error>(())
/// ```
impl<T: Float> TryFrom<Vec<Vec<T>>> for Tensor<T> {
    type Error = Error;
    fn try_from(rows: Vec<Vec<T>>) -> Result<Self, Error> {
        Tensor::try_from(&*rows)
    }
}

/// A copy of these rows, as a matrix; of none, the shape is [0, 0].
///
/// # Errors
/// When a row is longer or shorter than the first.
///
/// ```
/// let rows = vec![vec![1.0_f32, 2.0], vec![3.0, 4.0]];
/// assert_eq!(tape::Tensor::try_from(&rows[1..])?.shape(), [1, 2]);
/// # Ok::<(), tape::Error>(())
/// ```
impl<T: Float> TryFrom<&[Vec<T>]> for Tensor<T> {
    type Error = Error;
    fn try_from(rows: &[Vec<T>]) -> Result<Self, Error> {
        let length = rows.first().map_or(0, Vec::len);
        if let Some(k) = rows.iter().position(|row| row.len() != length) {
            let want = format!("wants {length} elements in row {k}, as in row 0");
            return Err(Error::Length { operation: "from rows", want, got: rows[k].len() });
        }
        Tensor::from_vec(rows.concat(), &[rows.len(), length])
    }
}
