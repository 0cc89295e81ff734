//! Gradients kept within bounds.

use super::within;
use crate::Error;
use serde::{Deserialize, Serialize};
use tape::{Float, kernel};

/// How a gradient that is too large is made smaller before a step (Pascanu, Mikolov and Bengio 2013, algorithm 1).
///
/// A gradient that is not finite is left as it is: training then says that it diverged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Clip {
    /// To this Euclidean norm over all parameters, above zero: the direction stays.
    Norm(f64),
    /// Each number to this size, above zero.
    Value(f64),
}

impl Clip {
    /// Clips the gradient in place; returns its Euclidean norm as it was before, computed in `f64`.
    ///
    /// The norm comes out as PyTorch's `clip_grad_norm_` has it: by the factor `c / (norm + 10⁻⁶)`, where that is below 1.
    ///
    /// # Errors
    /// When the bound is not a finite number above zero in this precision.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::Clip;
    /// let mut gradient = [3.0, -4.0];
    /// assert_eq!(Clip::Norm(10.0).apply(&mut gradient)?, 5.0);
    /// assert_eq!(gradient, [3.0, -4.0]); // it was within
    /// Clip::Value(3.5).apply(&mut gradient)?;
    /// assert_eq!(gradient, [3.0, -3.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn apply<T: Float>(self, gradient: &mut [T]) -> Result<f64, Error> {
        self.checked::<T>()?;
        let norm = kernel::norm(gradient);
        if norm.is_finite() {
            match self {
                Clip::Norm(most) => {
                    let factor = most / (norm + 1e-6);
                    if factor < 1.0 {
                        kernel::scale(T::from_f64(factor), gradient);
                    }
                }
                Clip::Value(most) => kernel::clamp(T::from_f64(most), gradient),
            }
        }
        Ok(norm)
    }

    /// An error unless the bound is one.
    pub(crate) fn checked<T: Float>(self) -> Result<(), Error> {
        let (Clip::Norm(most) | Clip::Value(most)) = self;
        let bound = T::from_f64(most).to_f64();
        let wants = "a finite number above 0 in the precision of the network";
        within("clip", wants, most, bound.is_finite() && bound > 0.0)
    }
}
