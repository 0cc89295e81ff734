//! Elements selected by lists of indices and by masks, and added back where they belong.
//!
//! All are compositions: indices become places, which are picked and put; masks choose element by element. Lists of
//! indices are plain numbers, checked when they are used, and never differentiated; an index may stand there often, and
//! then its cotangents add.

use super::Tensor;
use super::broadcast::Repeated;
use super::moving::length_along;
use crate::shape::Axes;
use crate::{Error, Float, Shape};
use std::ops::Range;

impl<T: Float> Tensor<T> {
    /// The parts at these indices along an axis, one after the other: rows of a matrix for axis 0. The axis is then as
    /// long as the list.
    ///
    /// # Errors
    /// When the axis or an index is out of range, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[3, 2])?;
    /// assert_eq!(x.index_select(0, &[2, 0, 2])?.to_vec(), [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    /// let error = x.index_select(0, &[3]).unwrap_err();
    /// assert_eq!(error.to_string(), "index_select: wants indices below 3 along axis 0, got 3");
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn index_select(&self, axis: usize, indices: &[usize]) -> Result<Self, Error> {
        let length = length_along("index_select", axis, self.dims())?;
        checked_indices("index_select", indices, axis, length)?;
        let mut lengths: Axes = self.shape().into();
        lengths[axis] = indices.len();
        let picked = Shape::checked("index_select", &lengths)?;
        self.pick_along(picked, |along, i| if along == axis { indices[i] } else { i })
    }

    /// Along an axis, the elements that a list of indices names, place by place, in the shape of the list: in two
    /// dimensions and for axis 1, `y[i, j] = x[i, indices[i, j]]`. Along every other axis the list is at most as
    /// long as the tensor. This is PyTorch's `gather`, and NumPy's `take_along_axis` where lengths agree.
    ///
    /// # Errors
    /// When the axis or an index is out of range, the list has not as many indices as its shape says, that shape has
    /// another rank or is longer than the tensor along another axis, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
    /// assert_eq!(x.gather(1, &[2, 0, 1, 1], &[2, 2])?.to_vec(), [3.0, 1.0, 5.0, 5.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn gather(&self, axis: usize, indices: &[usize], shape: &[usize]) -> Result<Self, Error> {
        let (offsets, picked) = places_along("gather", axis, indices, shape, self.dims())?;
        self.pick(offsets, picked)
    }

    /// This tensor with the elements of another added at the places that a list of indices names along an axis: in
    /// two dimensions and for axis 0, `y[indices[i, j], j] += source[i, j]`. Along every axis the list is at most as
    /// long as the source, whose further elements are not used, and along every axis but this one at most as long as
    /// the tensor. This is PyTorch's `scatter_add`, the adjoint of [`gather`](Tensor::gather).
    ///
    /// # Errors
    /// When the axis or an index is out of range, the list has not as many indices as its shape says, shapes do not
    /// fit as said, or a tensor is of another tape.
    ///
    /// ```
    /// use tape::Tensor;
    /// let source = Tensor::from_slice(&[1.0, 2.0, 3.0], &[3])?;
    /// let counts = Tensor::zeros(&[2]).scatter_add(0, &[1, 0, 1], &[3], &source)?;
    /// assert_eq!(counts.to_vec(), [2.0, 4.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn scatter_add(
        &self,
        axis: usize,
        indices: &[usize],
        shape: &[usize],
        source: &Tensor<T>,
    ) -> Result<Self, Error> {
        let (offsets, picked) = places_along("scatter_add", axis, indices, shape, self.dims())?;
        if !lies_within(&picked, source.dims(), None) {
            let want = "the indices must lie within the source, axis by axis";
            return Err(Error::shape("scatter_add", want, &[shape, source.dims()]));
        }
        let used = if *source.dims() == picked {
            source.clone()
        } else {
            source.slice(&picked.iter().map(|&length| 0..length).collect::<Vec<Range<usize>>>())?
        };
        self.add(&used.put(offsets, self.dims().clone())?)
    }

    /// The elements at these places of the row-major data, one after the other.
    ///
    /// # Errors
    /// When an index is out of range, or the tensor is of another tape.
    ///
    /// ```
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.take(&[3, 0, 3])?.to_vec(), [4.0, 1.0, 4.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn take(&self, indices: &[usize]) -> Result<Self, Error> {
        if let Some(&got) = indices.iter().find(|&&index| index >= self.len()) {
            let want = format!("wants indices below {} for shape {:?}", self.len(), self.dims());
            return Err(Error::Index { operation: "take", want, got });
        }
        self.pick(indices.into(), Shape::new(&[indices.len()]))
    }

    /// The elements where a mask is not zero, one after the other; tensor and mask broadcast. How many there are
    /// depends on the values of the mask, which is not differentiated.
    ///
    /// # Errors
    /// When the shapes do not broadcast, or the tensor is of another tape.
    ///
    /// ```
    /// use tape::Tensor;
    /// let x = Tensor::from_slice(&[-1.0, 2.0, -3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.masked_select(&x.greater(&Tensor::scalar(0.0))?)?.to_vec(), [2.0, 4.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn masked_select(&self, mask: &Tensor<T>) -> Result<Self, Error> {
        let shape = Shape::broadcast("masked_select", self.dims(), mask.dims())?;
        let mask = spread(&mask.to_constant(), &shape)?;
        let chosen = mask.as_slice().iter().enumerate().filter(|&(_, &element)| element != T::default());
        let offsets: Box<[usize]> = chosen.map(|(place, _)| place).collect();
        let picked = Shape::new(&[offsets.len()]);
        spread(self, &shape)?.pick(offsets, picked)
    }

    /// The tensor with `value` wherever a mask is not zero; tensor and mask broadcast. What is hidden gets no
    /// cotangent, whatever it is: an infinity or NaN behind the mask does not come out. Nor does the mask.
    ///
    /// # Errors
    /// When the shapes do not broadcast, or a tensor is of another tape.
    ///
    /// ```
    /// use tape::Tensor;
    /// let x = Tensor::from_slice(&[1.0, f64::NAN, 3.0], &[3])?;
    /// let mask = x.not_equal(&x)?; // only NaN differs from itself
    /// assert_eq!(x.masked_fill(&mask, 0.0)?.to_vec(), [1.0, 0.0, 3.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn masked_fill(&self, mask: &Tensor<T>, value: T) -> Result<Self, Error> {
        let shape = Shape::broadcast("masked_fill", self.dims(), mask.dims())?;
        // The value in the shape of the result: operands of one shape are gone through without looking for places.
        mask.select(&Tensor::full(&shape, value), self)
    }

    /// The elements whose index along each axis is what `index` says for the axis and the index in the result, whose
    /// rank is that of the tensor.
    pub(super) fn pick_along(
        &self,
        picked: Shape,
        index: impl Fn(usize, usize) -> usize,
    ) -> Result<Self, Error> {
        // Axis by axis by Horner's rule: all offsets of the axes so far, last axis fastest.
        let mut offsets = if picked.elements() == 0 { vec![] } else { vec![0] };
        if !offsets.is_empty() {
            for (axis, (&length, &count)) in self.shape().iter().zip(&*picked).enumerate() {
                let mut longer = Vec::with_capacity(offsets.len() * count);
                for before in offsets {
                    longer.extend((0..count).map(|i| before * length + index(axis, i)));
                }
                offsets = longer;
            }
        }
        self.pick(offsets.into(), picked)
    }
}

/// Where the elements that a list names along an axis lie in a tensor of the shape `whole`, and the shape of the list.
fn places_along(
    operation: &'static str,
    axis: usize,
    indices: &[usize],
    shape: &[usize],
    whole: &Shape,
) -> Result<(Box<[usize]>, Shape), Error> {
    let length = length_along(operation, axis, whole)?;
    let picked = Shape::checked(operation, shape)?;
    if picked.elements() != indices.len() {
        let want = format!("wants {} indices for shape {shape:?}", picked.elements());
        return Err(Error::Length { operation, want, got: indices.len() });
    }
    if !lies_within(&picked, whole, Some(axis)) {
        let want = format!("the indices must lie within the tensor along all axes but {axis}");
        return Err(Error::shape(operation, want, &[shape, whole]));
    }
    checked_indices(operation, indices, axis, length)?;
    let mut strides = Shape::strides(whole);
    let stride = std::mem::take(&mut strides[axis]);
    let others = Repeated::with_strides(&picked, strides);
    let offsets = indices.iter().zip(others).map(|(index, offset)| offset + index * stride).collect();
    Ok((offsets, picked))
}

/// Whether a shape is as long as another at most, along all axes but one.
fn lies_within(part: &Shape, whole: &Shape, but: Option<usize>) -> bool {
    let fits = |axis| Some(axis) == but || part[axis] <= whole[axis];
    part.rank() == whole.rank() && (0..part.rank()).all(fits)
}

fn checked_indices(
    operation: &'static str,
    indices: &[usize],
    axis: usize,
    length: usize,
) -> Result<(), Error> {
    match indices.iter().find(|&&index| index >= length) {
        None => Ok(()),
        Some(&got) => {
            let want = format!("wants indices below {length} along axis {axis}");
            Err(Error::Index { operation, want, got })
        }
    }
}

/// The tensor in a shape that it broadcasts to, itself where that is its own.
fn spread<T: Float>(x: &Tensor<T>, shape: &Shape) -> Result<Tensor<T>, Error> {
    if x.dims() == shape { Ok(x.clone()) } else { x.broadcast_to(shape) }
}
