//! The sigmoid with its cross-entropy, in one operation that is safe at any logit.

use super::operation::{At, Operation, Reads, apply};
use super::{Accumulator, Tensor};
use crate::{Elementary, Error, Float, Shape, kernel};

/// `y = -k Σ [t ln σ(z) + (1 - t) ln(1 - σ(z))] = k Σ [max(z, 0) - t z + ln(1 + e^-|z|)]`,
/// `z̄ += k (σ(z) - t) ȳ`, `t̄ += -k z ȳ`.
///
/// The right-hand form takes no logarithm of a number that can round to zero. Its derivative is the δ of the
/// output layer, a - y in the course's words.
#[derive(Clone, Debug)]
pub(crate) struct SigmoidCrossEntropy {
    k: f64,
}

impl<T: Float> Tensor<T> {
    /// The cross-entropy of targets in [0, 1] against the sigmoids of these logits, summed over all elements:
    /// `-Σ [t ln σ(z) + (1 - t) ln(1 - σ(z))]`, without overflow or loss at any logit.
    ///
    /// # Errors
    /// When the shapes differ, a target is not in [0, 1], or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let logits = Tensor::from_slice(&[0.0, 1000.0], &[2])?;
    /// let targets = Tensor::from_slice(&[1.0, 0.0], &[2])?;
    /// assert_eq!(logits.sigmoid_cross_entropy(&targets)?.item()?, 2.0_f64.ln() + 1000.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sigmoid_cross_entropy(&self, targets: &Tensor<T>) -> Result<Self, Error> {
        self.scaled_sigmoid_cross_entropy(targets, 1.0)
    }

    /// k times the [`sigmoid_cross_entropy`](Tensor::sigmoid_cross_entropy), in the same operation: with
    /// `k = 1/n` the mean over n rows.
    ///
    /// # Errors
    /// As there.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let (logits, targets) = (Tensor::zeros(&[4, 1]), Tensor::full(&[4, 1], 1.0));
    /// assert_eq!(logits.scaled_sigmoid_cross_entropy(&targets, 0.25)?.item()?, 2.0_f64.ln());
    /// # Ok(())
    /// # }
    /// ```
    pub fn scaled_sigmoid_cross_entropy(&self, targets: &Tensor<T>, k: f64) -> Result<Self, Error> {
        apply(SigmoidCrossEntropy { k }, &[self, targets])
    }
}

impl SigmoidCrossEntropy {
    /// y, for inputs of one shape.
    fn value<T: Float>(&self, z: &Tensor<T>, targets: &Tensor<T>) -> Result<T, Error> {
        let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
        let fits = |t: &T| (*t >= zero) & (*t <= one);
        // Counted, not searched for: without a branch it is a few vector instructions. A NaN does not fit.
        let misfits: u32 = targets.elements().iter().map(|t| u32::from(!fits(t))).sum();
        if misfits > 0 {
            let wrong = targets.elements().iter().copied().find(|t| !fits(t)).unwrap_or(zero);
            let want = format!("targets must lie in [0, 1], there is a {wrong} among those of shape");
            return Err(Error::shape(self.name(), want, &[targets.dims()]));
        }
        Ok(kernel::sigmoid_cross_entropy(z.elements(), targets.elements()) * T::from_f64(self.k))
    }
}

impl Operation for SigmoidCrossEntropy {
    fn name(&self) -> &'static str {
        "sigmoid_cross_entropy"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (z, targets) = (inputs[0], inputs[1]);
        if z.dims() != targets.dims() {
            let want = "logits and targets must have one shape";
            return Err(Error::shape(self.name(), want, &[z.dims(), targets.dims()]));
        }
        let y = self.value(z, targets)?;
        Tensor::try_build(Shape::new(&[]), |element| element[0] = y)
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        output.rewritten()[0] = self.value(inputs[0], inputs[1])?;
        Ok(())
    }

    fn adds_in_place(&self, argument: usize) -> bool {
        argument == 0
    }

    fn pullback_onto<T: Float>(&self, at: &At<'_, T>, _argument: usize, sum: &mut Accumulator<T>) {
        let (z, targets) = (at.input(0).elements(), at.input(1).elements());
        let scale = at.cotangent.elements()[0] * T::from_f64(self.k);
        match sum.whole() {
            (z_bar, true) => kernel::sigmoid_cross_entropy_gradient(z, targets, scale, z_bar),
            (z_bar, false) => {
                let one = Tensor::build(at.input(0).dims().clone(), |one| {
                    kernel::sigmoid_cross_entropy_gradient(z, targets, scale, one);
                });
                kernel::axpy(T::from_f64(1.0), one.elements(), z_bar);
            }
        }
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let (z, targets, y_bar) = (at.input(0), at.input(1), at.cotangent);
        match argument {
            0 => (Elementary::sigmoid(z.clone()) - targets) * y_bar.scale(self.k),
            _ => z * y_bar.scale(-self.k),
        }
    }
}
