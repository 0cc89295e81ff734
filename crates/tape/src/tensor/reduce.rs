//! Sums and means over axes.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use crate::shape::Axes;
use crate::{Error, Float, Shape, kernel, tape};

/// `y = Σ x` over the given axes, `x̄ += ȳ`, repeated along them.
///
/// Sums are pairwise (in fixed chunks), so an `f32` sum of a million values keeps its digits.
#[derive(Clone, Debug)]
pub(crate) struct Sum {
    /// In ascending order, each once.
    axes: Axes,
    /// Whether the axes stay, with length 1.
    keep: bool,
}

/// `y = Σ x²` over all elements, `x̄ += 2 x ȳ`, in one pass each way.
#[derive(Clone, Debug)]
pub(crate) struct SumOfSquares;

impl<T: Float> Tensor<T> {
    /// The sum of the squares of all elements, a tensor without axes.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// assert_eq!(tape::Tensor::from_slice(&[3.0, 4.0], &[2])?.sum_of_squares().item(), Ok(25.0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum_of_squares(&self) -> Self {
        apply(SumOfSquares, &[self]).unwrap_or_else(|error| error.raise())
    }

    /// The sum of all elements, a tensor without axes.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::full(&[2, 3], 2.0).sum().item(), Ok(12.0));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sum(&self) -> Self {
        let axes = (0..self.dims().rank()).collect();
        apply(Sum { axes, keep: false }, &[self]).unwrap_or_else(|error| error.raise())
    }

    /// The sum over these axes, which are dropped from the shape or, with `keep`, stay with length 1.
    ///
    /// # Errors
    /// When an axis is out of range or named twice, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::full(&[2, 3], 1.0);
    /// assert_eq!(x.sum_axes(&[0], false)?.to_vec(), [2.0, 2.0, 2.0]);
    /// assert_eq!(x.sum_axes(&[1], true)?.shape(), [2, 1]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sum_axes(&self, axes: &[usize], keep: bool) -> Result<Self, Error> {
        let axes = checked_axes("sum_axes", axes, self.dims())?;
        apply(Sum { axes, keep }, &[self])
    }

    /// The mean of all elements, a tensor without axes; NaN if there are none.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// assert_eq!(tape::Tensor::from_slice(&[1.0, 2.0, 6.0], &[3])?.mean().item(), Ok(3.0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn mean(&self) -> Self {
        let count = self.len();
        self.sum().scale(1.0 / count as f64)
    }

    /// The mean over these axes, which are dropped from the shape or, with `keep`, stay with length 1.
    ///
    /// # Errors
    /// When an axis is out of range or named twice, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 6.0], &[2, 2])?;
    /// assert_eq!(x.mean_axes(&[0], false)?.to_vec(), [2.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn mean_axes(&self, axes: &[usize], keep: bool) -> Result<Self, Error> {
        let axes = checked_axes("mean_axes", axes, self.dims())?;
        let count: usize = axes.iter().map(|&axis| self.dims()[axis]).product();
        Ok(apply(Sum { axes, keep }, &[self])?.scale(1.0 / count as f64))
    }

    /// This tensor summed over the axes along which broadcasting repeated a tensor of shape `shape`.
    pub(crate) fn summed_to(self, shape: &[usize]) -> Result<Self, Error> {
        if Shape::same(self.dims(), shape) {
            return Ok(self);
        }
        let added = self.dims().rank() - shape.len();
        if tape::is_paused() && Shape::same(shape, &self.dims()[added..]) {
            // Only new axes in front, as for a bias: columns of a matrix.
            let columns = shape.iter().product();
            return Ok(Tensor::build(Shape::new(shape), |sums| {
                sum_middle(self.as_slice(), [1, self.dims()[..added].iter().product(), columns], sums);
            }));
        }
        let repeated = |&axis: &usize| axis < added || (shape[axis - added] == 1 && self.dims()[axis] != 1);
        let axes: Axes = (0..self.dims().rank()).filter(repeated).collect();
        apply(Sum { axes, keep: true }, &[&self])?.reshape(shape)
    }
}

pub(super) fn checked_axes(operation: &'static str, axes: &[usize], shape: &Shape) -> Result<Axes, Error> {
    let mut sorted: Axes = axes.into();
    sorted.sort_unstable();
    if let Some(&axis) = sorted.iter().find(|&&axis| axis >= shape.rank()) {
        let want = format!("wants axes below {} for shape {shape:?}", shape.rank());
        return Err(Error::Index { operation, want, got: axis });
    }
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::Index { operation, want: "wants each axis once".into(), got: twice[0] });
    }
    Ok(sorted)
}

impl Operation for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0];
        let mut lengths: Axes = x.shape().into();
        let mut partly = x.to_constant();
        // A run of neighbouring axes at a time, from the last, so that the numbers of those before stay true.
        let mut end = self.axes.len();
        while end > 0 {
            let mut start = end - 1;
            while start > 0 && self.axes[start - 1] + 1 == self.axes[start] {
                start -= 1;
            }
            let (first, last) = (self.axes[start], self.axes[end - 1]);
            let outer: usize = lengths[..first].iter().product();
            let middle: usize = lengths[first..=last].iter().product();
            let inner: usize = lengths[last + 1..].iter().product();
            lengths[first..=last].fill(1);
            let sums = Tensor::build(Shape::new(&lengths), |sums| {
                sum_middle(partly.as_slice(), [outer, middle, inner], sums);
            });
            partly = sums;
            end = start;
        }
        Ok(partly.reshaped(self.shape(x.dims())))
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let shape = at.input(0).shape();
        let kept = Sum { axes: self.axes.clone(), keep: true }.shape(shape);
        let y_bar = at.cotangent.reshape(&kept).expect("keeping axes of length 1 keeps the elements");
        y_bar.broadcast_to(shape).expect("a sum broadcasts back to what was summed")
    }
}

impl Sum {
    fn shape(&self, x: &[usize]) -> Shape {
        let lengths = x.iter().enumerate().filter_map(|(axis, &length)| match self.axes.contains(&axis) {
            false => Some(length),
            true => self.keep.then_some(1),
        });
        Shape::new(&lengths.collect::<Axes>())
    }
}

impl Operation for SumOfSquares {
    fn name(&self) -> &'static str {
        "sum_of_squares"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let total = kernel::sum_of_squares(inputs[0].as_slice());
        Ok(Tensor::build(Shape::new(&[]), |y| y[0] = total))
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        at.input(0) * at.cotangent.scale(2.0)
    }
}

/// Sums x, seen as (outer, middle, inner), over its middle.
fn sum_middle<T: Float>(x: &[T], [outer, middle, inner]: [usize; 3], sums: &mut [T]) {
    if outer * inner == 0 {
        return;
    }
    if middle == 0 {
        sums.fill(T::default());
    } else if inner == 1 {
        for (sum, row) in sums.iter_mut().zip(x.chunks_exact(middle)) {
            *sum = kernel::sum(row);
        }
    } else {
        for (sums, block) in sums.chunks_exact_mut(inner).zip(x.chunks_exact(middle * inner)) {
            kernel::column_sums(block, inner, T::default(), sums);
        }
    }
}
