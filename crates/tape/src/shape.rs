//! The lengths of a tensor's axes, kept inline up to four of them.

use crate::Error;
use smallvec::SmallVec;
use std::fmt;
use std::ops::Deref;

/// The lengths of the axes of a tensor, slowest first; `[]` is the shape of one number.
///
/// ```
/// use tape::Shape;
/// let shape = Shape::new(&[2, 3]);
/// assert_eq!((shape.elements(), shape.rank()), (6, 2));
/// assert_eq!(Shape::new(&[]).elements(), 1);
/// ```
#[derive(Eq, Default)]
pub struct Shape(SmallVec<[usize; 4]>);

/// Numbers of axes, as inline as the shapes they speak of.
pub(crate) type Axes = SmallVec<[usize; 4]>;

impl Shape {
    /// The shape with these axis lengths.
    ///
    /// ```
    /// assert_eq!(&*tape::Shape::new(&[4]), &[4]);
    /// ```
    pub fn new(lengths: &[usize]) -> Self {
        Shape(SmallVec::from_slice(lengths))
    }

    /// How many elements a tensor of this shape has: the product of the lengths.
    ///
    /// ```
    /// assert_eq!(tape::Shape::new(&[2, 0, 3]).elements(), 0);
    /// ```
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// How many axes there are.
    ///
    /// ```
    /// assert_eq!(tape::Shape::new(&[2, 3]).rank(), 2);
    /// ```
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Whether two lists of lengths are the same.
    #[inline]
    pub(crate) fn same(a: &[usize], b: &[usize]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
    }

    /// The shape, if the number of its elements can be counted at all.
    pub(crate) fn checked(operation: &'static str, lengths: &[usize]) -> Result<Self, Error> {
        // Zeros are left out: a shape such as [usize::MAX, 2, 0] has no elements but no strides either.
        let counted = lengths.iter().filter(|&&n| n > 0).try_fold(1_usize, |all, &n| all.checked_mul(n));
        match counted {
            Some(n) if n <= isize::MAX as usize / size_of::<f64>() => Ok(Shape::new(lengths)),
            _ => Err(Error::shape(operation, "fewer elements than memory has addresses", &[lengths])),
        }
    }

    /// The shape that two operands share by NumPy's rules: aligned at the last axis, where lengths
    /// are equal or one of them is 1.
    pub(crate) fn broadcast(operation: &'static str, a: &[usize], b: &[usize]) -> Result<Self, Error> {
        let rank = a.len().max(b.len());
        let mut shape = Axes::with_capacity(rank);
        for axis in 0..rank {
            let of = |lengths: &[usize]| (axis + lengths.len()).checked_sub(rank).map_or(1, |i| lengths[i]);
            shape.push(match (of(a), of(b)) {
                (m, n) if m == n => m,
                (1, n) => n,
                (m, 1) => m,
                _ => {
                    let want = "shapes must agree axis by axis from the last one, or be 1 there";
                    return Err(Error::shape(operation, want, &[a, b]));
                }
            });
        }
        // The product can overflow though the operands exist: [n, 1] with [1, n].
        Shape::checked(operation, &shape)
    }

    /// Row-major strides; 0 along axes of length 1, which are the ones that broadcasting repeats.
    pub(crate) fn strides(lengths: &[usize]) -> Axes {
        let mut strides: Axes = SmallVec::from_elem(0, lengths.len());
        let mut step = 1;
        for axis in (0..lengths.len()).rev() {
            strides[axis] = if lengths[axis] == 1 { 0 } else { step };
            step *= lengths[axis].max(1);
        }
        strides
    }
}

/// Axis by axis: for so few numbers a call to compare memory costs more than the comparison.
impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        Shape::same(self, other)
    }
}

impl std::hash::Hash for Shape {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Clone for Shape {
    /// By the number of axes, without a loop: shapes are copied for every tensor and node, and the clone of a
    /// `SmallVec` made a tenth of a tiny training step.
    #[inline]
    fn clone(&self) -> Self {
        Shape(match *self.0 {
            [] => SmallVec::new(),
            [a] => SmallVec::from_buf_and_len([a, 0, 0, 0], 1),
            [a, b] => SmallVec::from_buf_and_len([a, b, 0, 0], 2),
            [a, b, c] => SmallVec::from_buf_and_len([a, b, c, 0], 3),
            [a, b, c, d] => SmallVec::from_buf_and_len([a, b, c, d], 4),
            ref more => SmallVec::from_slice(more),
        })
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_align_at_the_last_axis() {
        let together = |a: &[usize], b: &[usize]| Shape::broadcast("add", a, b).map(|s| s.to_vec());
        assert_eq!(together(&[2, 3], &[3]), Ok(vec![2, 3]));
        assert_eq!(together(&[2, 1], &[1, 3]), Ok(vec![2, 3]));
        assert_eq!(together(&[], &[4]), Ok(vec![4]));
        assert_eq!(together(&[0], &[1]), Ok(vec![0]));
        assert!(together(&[2, 3], &[2]).is_err());
        assert!(together(&[0], &[2]).is_err());
    }

    #[test]
    fn a_shape_whose_product_overflows_is_an_error() {
        assert!(Shape::checked("zeros", &[usize::MAX, 2]).is_err());
        assert!(Shape::checked("zeros", &[usize::MAX, 2, 0]).is_err());
        assert!(Shape::broadcast("add", &[1 << 40, 1], &[1, 1 << 40]).is_err());
    }
}
