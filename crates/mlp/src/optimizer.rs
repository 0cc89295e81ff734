//! How a gradient moves the parameters: one fused loop over the flat buffer each.

use crate::Error;
use tape::{Decay, Float, kernel};

/// A rule by which parameters follow their gradient.
///
/// So far gradient descent; others have their place here.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimizer {
    /// `θ := θ - α ∂J/∂θ`, with the learning rate α.
    GradientDescent {
        /// α, above zero.
        learning_rate: f64,
    },
}

impl Optimizer {
    /// The optimizer, if its settings are ones that can train.
    /// In the precision of the parameters: what f64 can hold may be infinite or zero there.
    pub(crate) fn checked<T: Float>(self) -> Result<Self, Error> {
        let Optimizer::GradientDescent { learning_rate } = self;
        let rate = T::from_f64(learning_rate).to_f64();
        if rate.is_finite() && rate > 0.0 {
            return Ok(self);
        }
        Err(Error::Setting {
            setting: "learning rate",
            wants: "a finite number above 0 in the precision of the network",
            got: learning_rate.to_string(),
        })
    }

    /// Moves the parameters along their gradient, to which the decay is still to be added.
    pub(crate) fn step<T: Float>(self, parameters: &mut [T], gradient: &[T], decay: Option<&Decay<T>>) {
        let Optimizer::GradientDescent { learning_rate } = self;
        let rate = T::from_f64(-learning_rate);
        let Some(Decay { factor, parts }) = decay else { return kernel::axpy(rate, gradient, parameters) };
        let shrink = T::from_f64(1.0) + rate * *factor;
        let mut from = 0;
        for part in parts.iter() {
            kernel::axpy(rate, &gradient[from..part.start], &mut parameters[from..part.start]);
            kernel::axpby(rate, &gradient[part.clone()], shrink, &mut parameters[part.clone()]);
            from = part.end;
        }
        kernel::axpy(rate, &gradient[from..], &mut parameters[from..]);
    }
}
