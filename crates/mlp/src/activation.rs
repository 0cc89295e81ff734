//! What a layer does with the sum of its weighted inputs.

use tape::{Float, Tensor};

/// The function g that turns `z = Θ a + b` into the activation of the next layer.
///
/// So far the course's, the sigmoid; others have their place here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activation {
    /// `g(z) = 1 / (1 + e⁻ᶻ)`, with `g′ = g (1 - g)`.
    #[default]
    Sigmoid,
}

impl Activation {
    /// The name by which files and flags know it.
    ///
    /// ```
    /// assert_eq!(mlp::Activation::Sigmoid.name(), "sigmoid");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Activation::Sigmoid => "sigmoid",
        }
    }

    /// The layer `g(x Θᵀ + b)` of rows `x: (n, n_in)` as one tape operation, with its part of the flat parameters.
    ///
    /// # Errors
    /// When the shapes do not fit.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Activation, Layer};
    /// use tape::Tensor;
    /// let parameters = Tensor::from_slice(&[2.0, -2.0], &[2])?;
    /// let layer = &Layer::stack(&[1, 1])[0];
    /// let a = Activation::Sigmoid.layer(&Tensor::full(&[1, 1], 1.0), &parameters, layer)?;
    /// assert_eq!(a.to_vec(), [0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer<T: Float>(
        self,
        x: &Tensor<T>,
        parameters: &Tensor<T>,
        layer: &crate::Layer,
    ) -> Result<Tensor<T>, crate::Error> {
        Ok(match self {
            Activation::Sigmoid => x.dense_sigmoid(parameters, layer.theta.start, layer.n_out)?,
        })
    }

    /// g of each element, as a tape operation.
    ///
    /// ```
    /// use tape::Tensor;
    /// let half = mlp::Activation::Sigmoid.apply(&Tensor::scalar(0.0));
    /// assert_eq!(half.item(), Ok(0.5));
    /// ```
    #[must_use]
    pub fn apply<T: Float>(self, z: &Tensor<T>) -> Tensor<T> {
        match self {
            Activation::Sigmoid => z.sigmoid(),
        }
    }
}
