//! `ndarray`: arrays of handles compute and differentiate; arrays become tensors and back, without a copy where the
//! elements lie in order.
//!
//! Two versions of the crate are in wide use, and their arrays are different types: a line at the end for each.

use super::for_each_handle;
use crate::{Dual, Error, Float, Real, Reverse, Tangents, Taylor, Tensor, Traced, Var};

macro_rules! operand {
    ([$($generic:tt)*] $Handle:ty) => {
        /// So that `&array * handle` is allowed. `LinalgScalar`, for `dot`, follows from the arithmetic.
        impl<$($generic)*> ScalarOperand for $Handle {}
    };
}

const AS_MANY: &str = "as many elements as the shape says";

macro_rules! arrays {
    ($version:ident, $ndarray:ident) => {
        mod $version {
            use super::*;
            use $ndarray::{Array, ArrayD, ArrayView, ArrayViewD, Dimension, IxDyn, ScalarOperand};

            for_each_handle!(operand {});

            /// The tensor that takes over an array: without a copy if its elements lie in order and from the start of
            /// its memory.
            ///
            /// ```
            #[doc = concat!("use ", stringify!($ndarray), "::array;")]
            /// use tape::Tensor;
            /// let tensor = Tensor::from(array![[1.0, 2.0], [3.0, 4.0]]);
            /// assert_eq!((tensor.shape(), tensor.to_vec()), (&[2, 2][..], vec![1.0, 2.0, 3.0, 4.0]));
            /// ```
            impl<T: Float, D: Dimension> From<Array<T, D>> for Tensor<T> {
                fn from(array: Array<T, D>) -> Self {
                    let shape = array.shape().to_vec();
                    if !array.is_standard_layout() {
                        return Tensor::from(array.view());
                    }
                    let (mut elements, offset) = array.into_raw_vec_and_offset();
                    elements.drain(..offset.unwrap_or(0));
                    elements.truncate(shape.iter().product());
                    Tensor::from_vec(elements, &shape).expect(AS_MANY)
                }
            }

            /// A copy of what a view shows, its last axis fastest, however it lies in memory.
            ///
            /// ```
            #[doc = concat!("use ", stringify!($ndarray), "::array;")]
            /// use tape::Tensor;
            /// let array = array![[1.0, 2.0], [3.0, 4.0]];
            /// assert_eq!(Tensor::from(array.t()).to_vec(), [1.0, 3.0, 2.0, 4.0]);
            /// ```
            impl<T: Float, D: Dimension> From<ArrayView<'_, T, D>> for Tensor<T> {
                fn from(view: ArrayView<'_, T, D>) -> Self {
                    let elements = view.iter().copied().collect();
                    Tensor::from_vec(elements, view.shape()).expect(AS_MANY)
                }
            }

            /// A copy of an array, its last axis fastest. Arrays of other kinds (shared ones, views to write to) have a
            /// `view`.
            ///
            /// ```
            #[doc = concat!("use ", stringify!($ndarray), "::array;")]
            /// use tape::Tensor;
            /// let array = array![1.0, 2.0];
            /// assert_eq!(Tensor::from(&array), Tensor::from(array));
            /// ```
            impl<T: Float, D: Dimension> From<&Array<T, D>> for Tensor<T> {
                fn from(array: &Array<T, D>) -> Self {
                    Tensor::from(array.view())
                }
            }

            /// The tensor gathered from an array of scalars: on their tape, so that the gradient crosses over.
            ///
            /// # Errors
            /// When an element is of another tape.
            impl<T: Float, D: Dimension> TryFrom<&Array<Var<T>, D>> for Tensor<T> {
                type Error = Error;
                fn try_from(array: &Array<Var<T>, D>) -> Result<Self, Error> {
                    let elements: Vec<Var<T>> = array.iter().copied().collect();
                    Tensor::from_vars(&elements, array.shape())
                }
            }

            /// A view of a tensor, without a copy.
            ///
            /// ```
            #[doc = concat!("use ", stringify!($ndarray), "::{ArrayViewD, Axis};")]
            /// use tape::Tensor;
            /// let tensor = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
            /// let view = ArrayViewD::from(&tensor);
            /// assert_eq!(view.sum_axis(Axis(0)).as_slice(), Some(&[4.0, 6.0][..]));
            /// assert_eq!(view.as_ptr(), tensor.as_slice().as_ptr());
            /// # Ok::<(), tape::Error>(())
            /// ```
            impl<'a, T: Float> From<&'a Tensor<T>> for ArrayViewD<'a, T> {
                fn from(tensor: &'a Tensor<T>) -> Self {
                    ArrayViewD::from_shape(IxDyn(tensor.shape()), tensor.as_slice()).expect(AS_MANY)
                }
            }

            /// A copy of a tensor.
            ///
            /// ```
            #[doc = concat!("use ", stringify!($ndarray), "::ArrayD;")]
            /// let array = ArrayD::from(&tape::Tensor::full(&[2, 3], 1.0));
            /// assert_eq!((array.shape(), array.sum()), (&[2, 3][..], 6.0));
            /// ```
            impl<T: Float> From<&Tensor<T>> for ArrayD<T> {
                fn from(tensor: &Tensor<T>) -> Self {
                    ArrayViewD::from(tensor).to_owned()
                }
            }

            /// The elements of a tensor as scalars: on the tape where the tensor is, so that the gradient crosses over.
            ///
            /// # Errors
            /// When the tensor is of another tape.
            ///
            /// ```
            /// # fn main() -> Result<(), tape::Error> {
            #[doc = concat!("use ", stringify!($ndarray), "::ArrayD;")]
            /// use tape::{Tape, Tensor, Var};
            /// let tape = Tape::begin();
            /// let x = tape.tensor(&Tensor::from_slice(&[1.0, 2.0], &[2])?);
            /// let y = ArrayD::<Var>::try_from(&x)?.mapv(|x| x.exp()).sum();
            /// assert_eq!(tape.sweep(&y)?.of(&x)?.to_vec(), [1.0_f64.exp(), 2.0_f64.exp()]);
            /// # Ok(())
            /// # }
            /// ```
            impl<T: Float> TryFrom<&Tensor<T>> for ArrayD<Var<T>> {
                type Error = Error;
                fn try_from(tensor: &Tensor<T>) -> Result<Self, Error> {
                    let elements = super::super::scalars(tensor)?;
                    Ok(ArrayD::from_shape_vec(IxDyn(tensor.shape()), elements).expect(AS_MANY))
                }
            }
        }
    };
}

#[cfg(feature = "ndarray")]
arrays!(version_0_17, ndarray);
#[cfg(feature = "ndarray-0_16")]
arrays!(version_0_16, ndarray_0_16);
