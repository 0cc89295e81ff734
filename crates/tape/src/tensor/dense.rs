//! A fully connected layer in one operation: product, bias, activation.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use crate::kernel::{self, MatmulShape};
use crate::{Elementary, Error, Float, Shape, tape};

/// `y = g(x Θᵀ + b)` for rows x, with g the sigmoid or nothing; with `z̄ = ȳ ∘ y (1 - y)` or `z̄ = ȳ`,
/// `x̄ += z̄ Θ`, `Θ̄ += z̄ᵀ x`, `b̄ += Σᵢ z̄` over the rows (in the sweep).
///
/// Bias and activation are done in place on the product while it is in cache, and the sum z is never kept:
/// the three separate operations would write and read it twice, and cost a tiny net three times the book-keeping.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    sigmoid: bool,
}

impl<T: Float> Tensor<T> {
    /// A fully connected layer without activation, `x Θᵀ + b`: rows `x: (n, n_in)`, `theta: (n_out, n_in)`,
    /// `bias: (n_out)` give (n, n_out).
    ///
    /// # Errors
    /// When the shapes do not fit, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let x = Tensor::from_slice(&[1.0, 2.0], &[1, 2])?;
    /// let theta = Tensor::from_slice(&[3.0, 4.0, 5.0, 6.0], &[2, 2])?;
    /// let bias = Tensor::from_slice(&[0.5, -0.5], &[2])?;
    /// assert_eq!(x.dense(&theta, &bias)?.to_vec(), [11.5, 16.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dense(&self, theta: &Tensor<T>, bias: &Tensor<T>) -> Result<Self, Error> {
        apply(Dense { sigmoid: false }, &[self, theta, bias])
    }

    /// A fully connected layer with the sigmoid, `σ(x Θᵀ + b)`; shapes as for [`dense`](Tensor::dense).
    ///
    /// # Errors
    /// When the shapes do not fit, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let [x, theta] = [1.0, 2.0].map(|v| Tensor::full(&[1, 1], v));
    /// let y = x.dense_sigmoid(&theta, &Tensor::full(&[1], -2.0))?;
    /// assert_eq!(y.to_vec(), [0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn dense_sigmoid(&self, theta: &Tensor<T>, bias: &Tensor<T>) -> Result<Self, Error> {
        apply(Dense { sigmoid: true }, &[self, theta, bias])
    }
}

impl Operation for Dense {
    fn name(&self) -> &'static str {
        if self.sigmoid { "dense_sigmoid" } else { "dense" }
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [true, true, false], more: false, output: self.sigmoid }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (x, theta, bias) = (inputs[0], inputs[1], inputs[2]);
        let (&[m, k], &[n, columns], &[biases]) = (x.shape(), theta.shape(), bias.shape()) else {
            let want = "x and theta must be matrices and bias a vector";
            return Err(Error::shape(self.name(), want, &[x.shape(), theta.shape(), bias.shape()]));
        };
        if k != columns || n != biases {
            let want = "x: (n, n_in), theta: (n_out, n_in) and bias: (n_out)";
            return Err(Error::shape(self.name(), want, &[x.shape(), theta.shape(), bias.shape()]));
        }
        let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
        Ok(Tensor::build(Shape::checked(self.name(), &[m, n])?, |y| {
            let theta = kernel::Factor::transposed(theta.as_slice());
            kernel::matmul(MatmulShape { m, k, n }, one, kernel::Factor::plain(x.as_slice()), theta, zero, y);
            if self.sigmoid {
                kernel::add_bias_sigmoid(y, bias.as_slice());
            } else {
                kernel::add_bias(y, bias.as_slice());
            }
        }))
    }

    /// z̄: the cotangent before the activation, which all three arguments share.
    fn inner_cotangent<T: Float>(&self, at: &At<'_, T>) -> Option<Tensor<T>> {
        if !self.sigmoid {
            return None;
        }
        let (y, y_bar) = (at.output, at.cotangent);
        if !tape::is_paused() {
            return Some(y * y.clone().scale(-1.0).shift(1.0) * y_bar);
        }
        // The same formula in one pass.
        Some(Tensor::build(y.dims().clone(), |z_bar| {
            kernel::sigmoid_gradient(y.as_slice(), y_bar.as_slice(), z_bar);
        }))
    }

    fn pullback_onto<T: Float>(&self, at: &At<'_, T>, argument: usize, sum: &mut [T]) -> bool {
        if argument != 1 {
            return false;
        }
        let (x, z_bar) = (at.input(0), at.cotangent);
        let shape = MatmulShape { m: z_bar.shape()[1], k: z_bar.shape()[0], n: x.shape()[1] };
        let one = T::from_f64(1.0);
        let (z_bar, x) = (kernel::Factor::transposed(z_bar.as_slice()), kernel::Factor::plain(x.as_slice()));
        kernel::matmul(shape, one, z_bar, x, one, sum);
        true
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let (x, theta, z_bar) = (at.input(0), at.input(1), at.cotangent);
        let product = match argument {
            0 => z_bar.matmul(theta),
            1 => z_bar.t().matmul(x),
            _ => Ok(z_bar.clone()),
        };
        product.expect("the shapes of a layer fit its pullback")
    }
}
