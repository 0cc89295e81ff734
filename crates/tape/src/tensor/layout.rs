//! Operations that move elements and compute nothing: reshape, transpose, broadcast, concat, slice, pad.
//!
//! Each pullback is another of them: the adjoint of a slice is a pad with zeros, of a permutation the inverse
//! one, of a repetition a sum. A plain sweep moves the elements without making an operation of it, which would allocate.

use super::Tensor;
use super::broadcast::Repeated;
use super::operation::{At, Operation, Reads, apply};
use crate::shape::Axes;
use crate::{Error, Float, Shape, tape};
use smallvec::SmallVec;
use std::ops::Range;

/// `y = x` in another shape, `x̄ += ȳ` in the shape of x. Nothing is moved.
#[derive(Clone, Debug)]
pub(crate) struct Reshape {
    shape: Shape,
}

/// `y[i] = x[permuted i]`, `x̄ += ȳ` permuted back.
#[derive(Clone, Debug)]
pub(crate) struct Permute {
    /// Axis k of the output is axis `axes[k]` of the input.
    axes: Axes,
}

/// `y = x` repeated along axes of length 1 and new ones, `x̄ += Σ ȳ` over them (in the sweep).
#[derive(Clone, Debug)]
pub(crate) struct BroadcastTo {
    shape: Shape,
}

/// `y = [x₁; x₂; …]` along an axis, `x̄ₖ += ` the kth piece of `ȳ`.
#[derive(Clone, Debug)]
pub(crate) struct Concat {
    axis: usize,
}

/// `y = x[range, range, …]`, `x̄ += ȳ` between zeros.
#[derive(Clone, Debug)]
pub(crate) struct Slice {
    /// A range for every axis. Boxed, as are the widths below: every node is as large as the largest operation.
    ranges: Box<[(usize, usize)]>,
}

/// `y = x` between zeros, `x̄ += ` the inner part of `ȳ`.
#[derive(Clone, Debug)]
pub(crate) struct Pad {
    /// How many zeros before and after, for every axis.
    pub(super) widths: Box<[(usize, usize)]>,
}

impl<T: Float> Tensor<T> {
    /// The same elements in another shape; the data is shared.
    ///
    /// # Errors
    /// When the number of elements differs, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[4])?;
    /// assert_eq!(x.reshape(&[2, 2])?.shape(), [2, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reshape(&self, shape: &[usize]) -> Result<Self, Error> {
        apply(Reshape { shape: Shape::checked("reshape", shape)? }, &[self])
    }

    /// The tensor with its axes in reverse order: the transpose of a matrix, moved in memory. Products need
    /// no such copy: see [`t`](Tensor::t).
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(x.transpose().to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn transpose(&self) -> Self {
        let axes = (0..self.dims().rank()).rev().collect();
        apply(Permute { axes }, &[self]).unwrap_or_else(|error| error.raise())
    }

    /// The tensor with its axes in another order: axis k of the result is axis `axes[k]` of this one.
    ///
    /// # Errors
    /// When `axes` is not a permutation of the axes, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::<f64>::zeros(&[2, 3, 4]);
    /// assert_eq!(x.permute(&[1, 2, 0])?.shape(), [3, 4, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn permute(&self, axes: &[usize]) -> Result<Self, Error> {
        let rank = self.dims().rank();
        if axes.len() != rank || (0..rank).any(|axis| !axes.contains(&axis)) {
            let want = format!("axes {axes:?} must name each of the {rank} axes once");
            return Err(Error::shape("permute", want, &[self.dims()]));
        }
        apply(Permute { axes: axes.into() }, &[self])
    }

    /// The tensor repeated to a larger shape by NumPy's rules.
    ///
    /// # Errors
    /// When the shape does not broadcast to that one, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0], &[2])?;
    /// assert_eq!(x.broadcast_to(&[2, 2])?.to_vec(), [1.0, 2.0, 1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Self, Error> {
        apply(BroadcastTo { shape: Shape::checked("broadcast_to", shape)? }, &[self])
    }

    /// The tensors one after the other along an axis, along which alone their lengths may differ.
    ///
    /// # Errors
    /// When there is none, the axis is out of range, other lengths differ, or one is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let x = Tensor::full(&[2, 1], 1.0);
    /// let y = Tensor::full(&[2, 2], 2.0);
    /// assert_eq!(Tensor::concat(&[&x, &y], 1)?.to_vec(), [1.0, 2.0, 2.0, 1.0, 2.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn concat(tensors: &[&Tensor<T>], axis: usize) -> Result<Self, Error> {
        apply(Concat { axis }, tensors)
    }

    /// The part within these ranges, one for each axis from the first; axes without one stay whole.
    ///
    /// # Errors
    /// When there are more ranges than axes, one reaches past its axis or ends before it starts, or the tensor
    /// is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(x.slice(&[0..2, 1..3])?.to_vec(), [2.0, 3.0, 5.0, 6.0]);
    /// assert_eq!(x.slice(&[1..2])?.to_vec(), [4.0, 5.0, 6.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn slice(&self, ranges: &[Range<usize>]) -> Result<Self, Error> {
        let ranges = checked_ranges("slice", ranges, self.dims())?;
        apply(Slice { ranges }, &[self])
    }
}

/// A range for every axis, start and end, if those given lie within the shape.
pub(super) fn checked_ranges(
    operation: &'static str,
    ranges: &[Range<usize>],
    shape: &Shape,
) -> Result<Box<[(usize, usize)]>, Error> {
    let rank = shape.rank();
    if ranges.len() > rank {
        let want = format!("wants at most {rank} ranges for shape {shape:?}");
        return Err(Error::Length { operation, want, got: ranges.len() });
    }
    for (axis, (range, &length)) in ranges.iter().zip(&**shape).enumerate() {
        if range.start > range.end || range.end > length {
            let want = format!("range {range:?} along axis {axis} must lie within 0..{length}");
            return Err(Error::shape(operation, want, &[shape]));
        }
    }
    let whole = shape[ranges.len()..].iter().map(|&length| (0, length));
    Ok(ranges.iter().map(|range| (range.start, range.end)).chain(whole).collect())
}

impl Operation for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0];
        if x.len() != self.shape.elements() {
            let want = "shapes must have as many elements";
            return Err(Error::shape("reshape", want, &[x.dims(), &self.shape]));
        }
        Ok(x.reshaped(self.shape.clone()))
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        at.cotangent.reshape(at.input(0).dims()).expect("a reshape can be undone")
    }
}

impl Operation for Permute {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0];
        let strides = Shape::strides(x.dims());
        let lengths: Axes = self.axes.iter().map(|&axis| x.dims()[axis]).collect();
        let strides = self.axes.iter().map(|&axis| strides[axis]).collect();
        let elements = x.elements();
        Tensor::try_build(Shape::new(&lengths), |y| {
            for (y, i) in y.iter_mut().zip(Repeated::with_strides(&lengths, strides)) {
                *y = elements[i];
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let mut inverse: Axes = self.axes.clone();
        for (k, &axis) in self.axes.iter().enumerate() {
            inverse[axis] = k;
        }
        at.cotangent.permute(&inverse).expect("the inverse of a permutation is one")
    }
}

impl Operation for BroadcastTo {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0];
        if Shape::broadcast("broadcast_to", x.dims(), &self.shape)? != self.shape {
            let want = "the first shape must broadcast to the second";
            return Err(Error::shape("broadcast_to", want, &[x.dims(), &self.shape]));
        }
        let elements = x.elements();
        Tensor::try_build(self.shape.clone(), |y| match elements {
            [element] => y.fill(*element),
            _ => {
                for (y, i) in y.iter_mut().zip(Repeated::new(&self.shape, x.dims())) {
                    *y = elements[i];
                }
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        at.cotangent.clone()
    }
}

impl Operation for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let Some(first) = inputs.first() else {
            return Err(Error::Length {
                operation: "concat",
                want: "wants at least one tensor".into(),
                got: 0,
            });
        };
        if self.axis >= first.dims().rank() {
            let want = format!("wants an axis below {} for shape {:?}", first.dims().rank(), first.dims());
            return Err(Error::Index { operation: "concat", want, got: self.axis });
        }
        let mut lengths: Axes = first.shape().into();
        for other in &inputs[1..] {
            let others = |shape: &Shape| {
                let mut lengths: Axes = (&**shape).into();
                if let Some(along) = lengths.get_mut(self.axis) {
                    *along = 0;
                }
                lengths
            };
            if others(other.dims()) != others(first.dims()) {
                let want = format!("shapes must agree along all axes but {}", self.axis);
                return Err(Error::shape("concat", want, &[first.dims(), other.dims()]));
            }
            lengths[self.axis] += other.dims()[self.axis];
        }
        let shape = Shape::checked("concat", &lengths)?;
        let inner: usize = lengths[self.axis + 1..].iter().product();
        let row = lengths[self.axis] * inner;
        Tensor::try_build(shape, |y| {
            let mut start = 0;
            for x in inputs {
                let width = x.dims()[self.axis] * inner;
                if width > 0 {
                    for (y, x) in y.chunks_exact_mut(row).zip(x.elements().chunks_exact(width)) {
                        y[start..start + width].copy_from_slice(x);
                    }
                }
                start += width;
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let along = |input: &Tensor<T>| input.dims()[self.axis];
        let start: usize = (0..argument).map(|k| along(at.input(k))).sum();
        if tape::is_paused() {
            let lengths = at.input(argument).shape();
            let mut starts = Axes::from_elem(0, lengths.len());
            starts[self.axis] = start;
            return part_of(at.cotangent, &starts, lengths).expect("a piece lies within the whole");
        }
        let mut ranges: SmallVec<[Range<usize>; 4]> =
            at.cotangent.dims()[..self.axis].iter().map(|&length| 0..length).collect();
        ranges.push(start..start + along(at.input(argument)));
        at.cotangent.slice(&ranges).expect("a piece lies within the whole")
    }
}

impl Operation for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let lengths: Axes = self.ranges.iter().map(|(start, end)| end - start).collect();
        part_of(inputs[0], &firsts(&self.ranges), &lengths)
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let shape = at.input(0).dims();
        if tape::is_paused() {
            return among_zeros(at.cotangent, &firsts(&self.ranges), shape)
                .expect("a slice can be padded back");
        }
        let widths = self.ranges.iter().zip(&**shape).map(|(&(start, end), length)| (start, length - end));
        apply(Pad { widths: widths.collect() }, &[at.cotangent]).expect("a slice can be padded back")
    }
}

impl Operation for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0];
        let lengths: Axes =
            self.widths.iter().zip(x.shape()).map(|((b, a), length)| b + length + a).collect();
        among_zeros(x, &firsts(&self.widths), &Shape::checked("pad", &lengths)?)
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let lengths = at.input(0).shape();
        if tape::is_paused() {
            let inner = part_of(at.cotangent, &firsts(&self.widths), lengths);
            return inner.expect("what was padded lies within");
        }
        let ranges = self.widths.iter().zip(lengths).map(|(&(before, _), &length)| before..before + length);
        let ranges: SmallVec<[Range<usize>; 4]> = ranges.collect();
        at.cotangent.slice(&ranges).expect("what was padded lies within")
    }
}

/// Where a part begins along each axis, of ranges or widths.
fn firsts(pairs: &[(usize, usize)]) -> Axes {
    pairs.iter().map(|pair| pair.0).collect()
}

/// The part of a tensor that begins there and is so long along each axis.
fn part_of<T: Float>(x: &Tensor<T>, starts: &[usize], lengths: &[usize]) -> Result<Tensor<T>, Error> {
    Tensor::try_build(Shape::new(lengths), |y| {
        rows_of_part(x.dims(), starts, lengths, |whole, part| y[part].copy_from_slice(&x.elements()[whole]));
    })
}

/// Zeros of this shape, with a tensor as the part that begins there.
fn among_zeros<T: Float>(x: &Tensor<T>, starts: &[usize], shape: &Shape) -> Result<Tensor<T>, Error> {
    Tensor::try_build(shape.clone(), |y| {
        y.fill(T::default());
        rows_of_part(shape, starts, x.dims(), |whole, part| y[whole].copy_from_slice(&x.elements()[part]));
    })
}

/// Walks a part of a whole row by row: the place of each row in the whole, and in the part.
fn rows_of_part(
    whole: &[usize],
    starts: &[usize],
    part: &[usize],
    mut row: impl FnMut(Range<usize>, Range<usize>),
) {
    let Some((&width, outer)) = part.split_last() else {
        return row(0..1, 0..1);
    };
    if part.contains(&0) {
        return;
    }
    // Not `Shape::strides`: along axes of length 1 the start counts, not the step.
    let mut strides: Axes = Axes::from_elem(1, whole.len());
    for axis in (1..whole.len()).rev() {
        strides[axis - 1] = strides[axis] * whole[axis];
    }
    let first: usize = starts.iter().zip(&strides).map(|(start, stride)| start * stride).sum();
    let count: usize = outer.iter().product();
    let outer_strides: Axes = strides[..outer.len()].into();
    for (k, offset) in Repeated::with_strides(outer, outer_strides).take(count).enumerate() {
        row(first + offset..first + offset + width, k * width..(k + 1) * width);
    }
}
