//! Elements put in another order and tensors taken apart along their axes: flip, roll, steps, pad, split, stack.
//!
//! None has a rule of its own: what keeps the order is a reshape, a slice or a concatenation, the rest is picked.

use super::Tensor;
use super::layout::{Pad, checked_ranges};
use super::operation::apply;
use super::reduce::checked_axes;
use crate::shape::Axes;
use crate::{Error, Float, Shape};
use smallvec::SmallVec;
use std::ops::Range;

impl<T: Float> Tensor<T> {
    /// The tensor without these axes, which all have length 1; the data is shared.
    ///
    /// # Errors
    /// When an axis is out of range, named twice or of another length, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::<f64>::zeros(&[1, 3, 1]);
    /// assert_eq!(x.squeeze(&[0, 2])?.shape(), [3]);
    /// assert!(x.squeeze(&[1]).is_err());
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn squeeze(&self, axes: &[usize]) -> Result<Self, Error> {
        let axes = checked_axes("squeeze", axes, self.dims())?;
        if let Some(&axis) = axes.iter().find(|&&axis| self.dims()[axis] != 1) {
            return Err(Error::shape("squeeze", format!("axis {axis} must have length 1"), &[self.dims()]));
        }
        let kept = (0..self.dims().rank()).filter(|axis| !axes.contains(axis));
        self.reshape(&kept.map(|axis| self.dims()[axis]).collect::<Axes>())
    }

    /// The tensor with a new axis of length 1, which is axis `axis` of the result; the data is shared.
    ///
    /// # Errors
    /// When the axis is greater than the rank, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::<f64>::zeros(&[2, 3]);
    /// assert_eq!(x.unsqueeze(1)?.shape(), [2, 1, 3]);
    /// assert_eq!(x.unsqueeze(2)?.shape(), [2, 3, 1]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn unsqueeze(&self, axis: usize) -> Result<Self, Error> {
        with_new_axis("unsqueeze", self, axis)
    }

    /// The tensor with the order of its elements reversed along these axes.
    ///
    /// # Errors
    /// When an axis is out of range or named twice, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(x.flip(&[1])?.to_vec(), [3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn flip(&self, axes: &[usize]) -> Result<Self, Error> {
        let axes = checked_axes("flip", axes, self.dims())?;
        self.pick_along(
            self.dims().clone(),
            |axis, i| {
                if axes.contains(&axis) { self.dims()[axis] - 1 - i } else { i }
            },
        )
    }

    /// The tensor with its elements moved on by `shifts`, one for each axis from the first; those that leave at the
    /// end come in again at the start, and negative shifts move backwards. Axes without a shift stay.
    ///
    /// # Errors
    /// When there are more shifts than axes, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[4])?;
    /// assert_eq!(x.roll(&[1])?.to_vec(), [4.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.roll(&[-1])?.to_vec(), [2.0, 3.0, 4.0, 1.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn roll(&self, shifts: &[isize]) -> Result<Self, Error> {
        at_most_one_each("roll", "shifts", shifts.len(), self.dims())?;
        // What stands first afterwards; lengths of axes fit into an `isize`, as the number of elements does.
        let firsts: Axes = shifts
            .iter()
            .zip(self.shape())
            .map(|(&shift, &length)| match length {
                0 => 0,
                _ => (length - shift.rem_euclid(length as isize) as usize) % length,
            })
            .collect();
        self.pick_along(self.dims().clone(), |axis, i| match firsts.get(axis) {
            Some(first) => (first + i) % self.dims()[axis],
            None => i,
        })
    }

    /// The tensor with elements `value` around it: for every axis, how many before and how many after.
    ///
    /// # Errors
    /// When there is not a pair for every axis, the result is too large to be counted, or the tensor is of
    /// another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0], &[1, 2])?;
    /// let y = x.pad(&[(1, 0), (0, 1)], 9.0)?;
    /// assert_eq!((y.shape(), y.to_vec()), (&[2, 3][..], vec![9.0, 9.0, 9.0, 1.0, 2.0, 9.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn pad(&self, widths: &[(usize, usize)], value: T) -> Result<Self, Error> {
        if widths.len() != self.dims().rank() {
            let want = format!("wants widths for each axis of {:?}", self.dims());
            return Err(Error::Length { operation: "pad", want, got: widths.len() });
        }
        for (&(before, after), &length) in widths.iter().zip(self.shape()) {
            if before.checked_add(length).and_then(|so_far| so_far.checked_add(after)).is_none() {
                let want = format!("{widths:?} around the axes must leave lengths that can be counted");
                return Err(Error::shape("pad", want, &[self.dims()]));
            }
        }
        let pad = Pad { widths: widths.into() };
        let padded = apply(pad.clone(), &[self])?;
        if value == T::default() {
            return Ok(padded);
        }
        // A sum with the value around zeros would do, but for the sign of a zero.
        let inside = apply(pad, &[&Tensor::full(self.dims(), T::from_f64(1.0))])?;
        inside.select(&padded, &Tensor::full(padded.dims(), value))
    }

    /// The tensors, which have one shape, along a new axis: axis `axis` of the result, as long as there are tensors.
    ///
    /// # Errors
    /// When there is none, shapes differ, the axis is greater than the rank, or one is of another tape.
    ///
    /// ```
    /// use tape::Tensor;
    /// let (x, y) = (Tensor::from_slice(&[1.0, 2.0], &[2])?, Tensor::from_slice(&[3.0, 4.0], &[2])?);
    /// assert_eq!(Tensor::stack(&[&x, &y], 0)?.to_vec(), [1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(Tensor::stack(&[&x, &y], 1)?.to_vec(), [1.0, 3.0, 2.0, 4.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn stack(tensors: &[&Tensor<T>], axis: usize) -> Result<Self, Error> {
        let Some(first) = tensors.first() else {
            return Err(Error::Length {
                operation: "stack",
                want: "wants at least one tensor".into(),
                got: 0,
            });
        };
        if let Some(other) = tensors.iter().find(|other| other.dims() != first.dims()) {
            let want = "tensors must have one shape";
            return Err(Error::shape("stack", want, &[first.dims(), other.dims()]));
        }
        let rows = tensors.iter().map(|tensor| with_new_axis("stack", tensor, axis));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        Tensor::concat(&rows.iter().collect::<Vec<_>>(), axis)
    }

    /// At most `count` pieces along an axis: all as long as the length over `count`, rounded up, but for the last,
    /// which may be shorter; fewer than `count` where these suffice, as PyTorch has it.
    ///
    /// # Errors
    /// When `count` is zero, the axis is out of range, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5])?;
    /// let pieces = x.chunk(2, 0)?;
    /// assert_eq!((pieces[0].to_vec(), pieces[1].to_vec()), (vec![1.0, 2.0, 3.0], vec![4.0, 5.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn chunk(&self, count: usize, axis: usize) -> Result<Vec<Self>, Error> {
        let length = length_along("chunk", axis, self.dims())?;
        if count == 0 {
            return Err(Error::Length {
                operation: "chunk",
                want: "wants at least one piece".into(),
                got: 0,
            });
        }
        let each = length.div_ceil(count);
        if each == 0 {
            return (0..count).map(|_| self.part(axis, 0..0)).collect();
        }
        (0..length).step_by(each).map(|start| self.part(axis, start..length.min(start + each))).collect()
    }

    /// The pieces along an axis that have these lengths, which together are the whole.
    ///
    /// # Errors
    /// When the axis is out of range, the lengths do not sum to its length, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[4])?;
    /// let pieces = x.split(&[3, 1], 0)?;
    /// assert_eq!((pieces[0].to_vec(), pieces[1].to_vec()), (vec![1.0, 2.0, 3.0], vec![4.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn split(&self, lengths: &[usize], axis: usize) -> Result<Vec<Self>, Error> {
        let length = length_along("split", axis, self.dims())?;
        let total = lengths.iter().fold(0_usize, |total, &length| total.saturating_add(length));
        if total != length {
            let want = format!("wants lengths that sum to the {length} along axis {axis}");
            return Err(Error::Length { operation: "split", want, got: total });
        }
        let mut start = 0;
        let pieces = lengths.iter().map(|&length| {
            start += length;
            self.part(axis, start - length..start)
        });
        pieces.collect()
    }

    /// The `length` elements along an axis from `start` on.
    ///
    /// # Errors
    /// When the axis is out of range, the part reaches past its end, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(x.narrow(1, 1, 2)?.to_vec(), [2.0, 3.0, 5.0, 6.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn narrow(&self, axis: usize, start: usize, length: usize) -> Result<Self, Error> {
        let whole = length_along("narrow", axis, self.dims())?;
        let end = start.saturating_add(length);
        if end > whole {
            let want = format!("wants a part that ends within the {whole} elements along axis {axis}");
            return Err(Error::Length { operation: "narrow", want, got: end });
        }
        self.part(axis, start..end)
    }

    /// Every so many-th element within these ranges: a range and a step for each axis from the first. A negative step
    /// goes through the same range from its end, as in ndarray's `s![0..5;-2]`. Axes without a range stay whole,
    /// those without a step take every element.
    ///
    /// # Errors
    /// When there are more ranges or steps than axes, a step is zero, a range reaches past its axis or ends before it
    /// starts, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &[6])?;
    /// assert_eq!(x.slice_steps(&[1..6], &[2])?.to_vec(), [1.0, 3.0, 5.0]);
    /// assert_eq!(x.slice_steps(&[0..5], &[-2])?.to_vec(), [4.0, 2.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn slice_steps(&self, ranges: &[Range<usize>], steps: &[isize]) -> Result<Self, Error> {
        at_most_one_each("slice_steps", "steps", steps.len(), self.dims())?;
        if let Some(axis) = steps.iter().position(|&step| step == 0) {
            let want = format!("wants a step other than zero along axis {axis}");
            return Err(Error::Index { operation: "slice_steps", want, got: 0 });
        }
        let ranges = checked_ranges("slice_steps", ranges, self.dims())?;
        let step = |axis: usize| steps.get(axis).copied().unwrap_or(1);
        let lengths = ranges.iter().enumerate().map(|(axis, (start, end))| {
            let width = step(axis).unsigned_abs();
            (end - start).div_ceil(width)
        });
        let picked = Shape::new(&lengths.collect::<Axes>());
        self.pick_along(picked, |axis, i| match step(axis) {
            forward @ 1.. => ranges[axis].0 + i * forward.unsigned_abs(),
            back => ranges[axis].1 - 1 - i * back.unsigned_abs(),
        })
    }

    /// The part within a range along one axis.
    fn part(&self, axis: usize, range: Range<usize>) -> Result<Self, Error> {
        let mut ranges: SmallVec<[Range<usize>; 4]> =
            self.dims()[..axis].iter().map(|&length| 0..length).collect();
        ranges.push(range);
        self.slice(&ranges)
    }
}

/// The length along an axis, if there is such an axis.
pub(super) fn length_along(operation: &'static str, axis: usize, shape: &Shape) -> Result<usize, Error> {
    shape.get(axis).copied().ok_or_else(|| {
        let want = format!("wants an axis below {} for shape {shape:?}", shape.rank());
        Error::Index { operation, want, got: axis }
    })
}

fn with_new_axis<T: Float>(operation: &'static str, x: &Tensor<T>, axis: usize) -> Result<Tensor<T>, Error> {
    let rank = x.dims().rank();
    if axis > rank {
        let want = format!("wants a new axis up to {rank} for shape {:?}", x.dims());
        return Err(Error::Index { operation, want, got: axis });
    }
    let mut lengths: Axes = x.shape().into();
    lengths.insert(axis, 1);
    x.reshape(&lengths)
}

fn at_most_one_each(operation: &'static str, what: &str, count: usize, shape: &Shape) -> Result<(), Error> {
    if count <= shape.rank() {
        return Ok(());
    }
    let want = format!("wants at most {} {what} for shape {shape:?}", shape.rank());
    Err(Error::Length { operation, want, got: count })
}
