//! Convolutions over one or two axes, each as one matrix product.
//!
//! A convolution has no rule of its own. [`Unfold`] copies what the kernel sees at each of its places into the column of
//! a matrix ("im2col": Chellapilla, Puri and Simard 2006, High performance convolutional neural networks for document
//! processing); the kernels times that matrix are the outputs of all images, channel by channel, and a [`Fold`] of
//! windows of one element puts them image by image. The two are linear and each other's adjoint, and between them stands
//! a product, so any order of derivative is made of the same three operations.

use super::operation::{At, Operation, Reads, apply};
use super::{Accumulator, Tensor};
use crate::shape::Axes;
use crate::{Error, Float, Shape};
use std::sync::Arc;

/// What a kernel that moves over images sees of them.
#[derive(Debug)]
struct Windows {
    /// (n, channels, length) or (n, channels, height, width).
    images: Shape,
    /// Height and width of an image, of the kernel, of a step and of the border of zeros; a line of numbers is an image
    /// of height 1.
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    /// How many places the kernel has, down and across.
    places: [usize; 2],
}

/// `y = x` window by window: `y[(c, k), (i, p)] = x[i, c, p · stride + k - padding]`, or 0 beyond the border; `x̄ += ` the
/// [`Fold`] of `ȳ`.
///
/// Rows are channels and places in the kernel, columns are images and places of the kernel, so that neighbours in a row
/// are neighbours in an image.
#[derive(Clone, Debug)]
pub(crate) struct Unfold(Arc<Windows>);

/// `y[i, c, p · stride + k - padding] += x[(c, k), (i, p)]` over zeros, `x̄ += ` the [`Unfold`] of `ȳ`.
#[derive(Clone, Debug)]
pub(crate) struct Fold(Arc<Windows>);

impl<T: Float> Tensor<T> {
    /// The cross-correlation of lines of numbers with kernels, what networks call a convolution: x (n, c_in, l) and weight
    /// (c_out, c_in, k) give y (n, c_out, (l + 2 padding - k) / stride + 1, rounded down), where
    /// `y[i, o, p] = Σ_c Σ_j weight[o, c, j] x[i, c, p · stride + j - padding]`, and x is 0 beyond its ends.
    ///
    /// A bias is added as a tensor of shape (c_out, 1). While it is recorded, the tape keeps a matrix of k times the
    /// elements of x, or fewer with a stride.
    ///
    /// # Errors
    /// When the shapes are others, the kernel is empty or longer than x with its padding, the stride is 0, or a tensor is
    /// of another tape.
    ///
    /// ```
    /// use tape::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0, 4.0, 8.0], &[1, 1, 4])?;
    /// let steps = Tensor::from_slice(&[-1.0, 1.0], &[1, 1, 2])?;
    /// assert_eq!(x.conv1d(&steps, 1, 0)?.to_vec(), [1.0, 2.0, 4.0]);
    /// assert_eq!(x.conv1d(&steps, 2, 1)?.to_vec(), [1.0, 2.0, -8.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn conv1d(&self, weight: &Tensor<T>, stride: usize, padding: usize) -> Result<Self, Error> {
        convolution("conv1d", [self, weight], [stride], [padding])
    }

    /// The cross-correlation of images with kernels, what networks call a convolution: x (n, c_in, h, w) and weight
    /// (c_out, c_in, k_h, k_w) give y (n, c_out, p_h, p_w), `p_h = (h + 2 padding[0] - k_h) / stride[0] + 1` rounded down
    /// and `p_w` alike, where `y[i, o, p, q] = Σ weight[o, c, j, k] x[i, c, p · stride[0] + j - padding[0],
    /// q · stride[1] + k - padding[1]]`, the sum over c, j and k, and x is 0 beyond its border.
    ///
    /// A bias is added as a tensor of shape (c_out, 1, 1). While it is recorded, the tape keeps a matrix of k_h k_w times
    /// the elements of x, or fewer with strides.
    ///
    /// # Errors
    /// When the shapes are others, the kernel is empty or larger than x with its padding, a stride is 0, or a tensor is of
    /// another tape.
    ///
    /// ```
    /// use tape::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &[1, 1, 3, 3])?;
    /// let diagonal = Tensor::from_slice(&[1.0, 0.0, 0.0, 1.0], &[1, 1, 2, 2])?;
    /// assert_eq!(x.conv2d(&diagonal, [1, 1], [0, 0])?.to_vec(), [6.0, 8.0, 12.0, 14.0]);
    /// assert_eq!(x.conv2d(&diagonal, [2, 2], [1, 1])?.to_vec(), [1.0, 3.0, 7.0, 14.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn conv2d(&self, weight: &Tensor<T>, stride: [usize; 2], padding: [usize; 2]) -> Result<Self, Error> {
        convolution("conv2d", [self, weight], stride, padding)
    }
}

/// A convolution over the last one or two axes.
fn convolution<T: Float, const AXES: usize>(
    operation: &'static str,
    [x, weight]: [&Tensor<T>; 2],
    stride: [usize; AXES],
    padding: [usize; AXES],
) -> Result<Tensor<T>, Error> {
    let wrong = |want: String| Error::shape(operation, want, &[x.dims(), weight.dims()]);
    let parts = |tensor: &Tensor<T>| {
        let (&[first, channels], rest) = tensor.shape().split_first_chunk()?;
        Some((first, channels, <[usize; AXES]>::try_from(rest).ok()?))
    };
    let (Some((batch, channels, size)), Some((kernels, deep, kernel))) = (parts(x), parts(weight)) else {
        let axes = if AXES == 1 { ["l", "k"] } else { ["h, w", "k_h, k_w"] };
        return Err(wrong(format!("wants x (n, c_in, {}) and weight (c_out, c_in, {})", axes[0], axes[1])));
    };
    if channels != deep {
        return Err(wrong("x and weight must have as many channels in axis 1".into()));
    }
    let mut lengths = Axes::from_slice(&[batch, kernels]);
    for axis in 0..AXES {
        let padded = padding[axis].checked_mul(2).and_then(|border| border.checked_add(size[axis]));
        let padded = padded.ok_or_else(|| wrong(format!("wants less padding than {}", padding[axis])))?;
        if stride[axis] == 0 {
            let want = format!("wants a stride of at least 1 along axis {}", axis + 2);
            return Err(Error::Index { operation, want, got: 0 });
        }
        if kernel[axis] == 0 || kernel[axis] > padded {
            let place = axis + 2;
            return Err(wrong(format!(
                "wants a kernel of 1 to {padded} elements along axis {place}, x with its padding"
            )));
        }
        lengths.push((padded - kernel[axis]) / stride[axis] + 1);
    }
    let shape = Shape::checked(operation, &lengths)?;
    let windows = Windows {
        images: x.dims().clone(),
        size: plane(size, 1),
        kernel: plane(kernel, 1),
        stride: plane(stride, 1),
        padding: plane(padding, 0),
        places: plane(std::array::from_fn::<_, AXES, _>(|axis| lengths[axis + 2]), 1),
    };
    // Every output is seen once, by a window of its own.
    let outputs = [1, windows.places[0] * windows.places[1]];
    let apart = Windows {
        images: shape,
        size: outputs,
        kernel: [1, 1],
        stride: [1, 1],
        padding: [0, 0],
        places: outputs,
    };
    let [rows, _] = windows.columns();
    let columns = apply(Unfold(Arc::new(windows)), &[x])?;
    let products = weight.reshape(&[kernels, rows])?.matmul(&columns)?;
    apply(Fold(Arc::new(apart)), &[&products])
}

/// The height and width of something that has both, or a width alone.
fn plane<const AXES: usize>(lengths: [usize; AXES], height: usize) -> [usize; 2] {
    match lengths[..] {
        [height, width] => [height, width],
        _ => [height, lengths[0]],
    }
}

impl Windows {
    /// The shape of the matrix of windows: (channels k_h k_w, n p_h p_w).
    fn columns(&self) -> [usize; 2] {
        let [kernel, places] = [self.kernel, self.places].map(|[down, across]| down * across);
        [self.images[1] * kernel, self.images[0] * places]
    }

    /// Whether matrix and images have the same elements in the same order.
    fn is_identity(&self) -> bool {
        self.images[0] == 1 && self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0, 0]
    }

    /// Calls `run` with each run of elements of the matrix that are neighbours in a row and lie within the border: its
    /// start and length there, and where in the images it starts; it goes on there in steps of `stride[1]`.
    #[inline(always)]
    fn each_run(&self, mut run: impl FnMut(usize, usize, usize)) {
        let [n, channels] = [self.images[0], self.images[1]];
        let ([height, width], [down, across]) = (self.size, self.places);
        // The first place across from which the kernel's element k reaches past a border that is so far away.
        let first_past =
            |border: usize, k: usize| border.saturating_sub(k).div_ceil(self.stride[1]).min(across);
        let mut row = 0;
        for (channel, j, k) in (0..channels)
            .flat_map(|c| (0..self.kernel[0]).flat_map(move |j| (0..self.kernel[1]).map(move |k| (c, j, k))))
        {
            let start = first_past(self.padding[1], k);
            let end = first_past(self.padding[1] + width, k);
            for image in 0..n {
                for p in 0..down {
                    let padded = p * self.stride[0] + j;
                    let inside = padded >= self.padding[0] && padded < self.padding[0] + height;
                    if inside && start < end {
                        let line = (image * channels + channel) * height + padded - self.padding[0];
                        let from = line * width + start * self.stride[1] + k - self.padding[1];
                        run(row + start, end - start, from);
                    }
                    row += across;
                }
            }
        }
    }
}

impl Operation for Unfold {
    fn name(&self) -> &'static str {
        "unfold"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (windows, x) = (&*self.0, inputs[0]);
        let shape = Shape::checked("unfold", &windows.columns())?;
        if windows.is_identity() {
            return Ok(x.reshaped(shape));
        }
        let (x, step) = (x.elements(), windows.stride[1]);
        Tensor::try_build(shape, |y| {
            if windows.padding != [0, 0] {
                y.fill(T::default());
            }
            windows.each_run(|start, count, from| {
                let y = &mut y[start..start + count];
                if step == 1 {
                    y.copy_from_slice(&x[from..from + count]);
                } else {
                    for (y, &x) in y.iter_mut().zip(x[from..].iter().step_by(step)) {
                        *y = x;
                    }
                }
            });
        })
    }

    fn adds_in_place(&self, _argument: usize) -> bool {
        true
    }

    fn pullback_onto<T: Float>(&self, at: &At<'_, T>, _argument: usize, sum: &mut Accumulator<T>) {
        self.0.fold_onto(at.cotangent.elements(), sum.added_to());
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        apply(Fold(self.0.clone()), &[at.cotangent]).expect("what was unfolded can be folded")
    }
}

impl Operation for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (windows, x) = (&*self.0, inputs[0]);
        if windows.is_identity() {
            return Ok(x.reshaped(windows.images.clone()));
        }
        Tensor::try_build(windows.images.clone(), |y| {
            y.fill(T::default());
            windows.fold_onto(x.elements(), y);
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        apply(Unfold(self.0.clone()), &[at.cotangent]).expect("what was folded can be unfolded")
    }
}

impl Windows {
    /// Adds each element of the matrix where it came from.
    fn fold_onto<T: Float>(&self, columns: &[T], images: &mut [T]) {
        let step = self.stride[1];
        self.each_run(|start, count, from| {
            let columns = &columns[start..start + count];
            if step == 1 {
                for (sum, &x) in images[from..from + count].iter_mut().zip(columns) {
                    *sum += x;
                }
            } else {
                for (sum, &x) in images[from..].iter_mut().step_by(step).zip(columns) {
                    *sum += x;
                }
            }
        });
    }
}
