//! A cost with its quadratic penalty on parts of a flat tensor of parameters.

use super::operation::{At, Operation, Reads, apply};
use super::{Accumulator, Tensor};
use crate::{Error, Float, Shape, kernel, tape};
use std::ops::Range;
use std::sync::Arc;

/// `y = a + k Σ x²` over the elements of x in the given parts, `ā += ȳ`, `x̄ += 2 k x ȳ` there and 0 elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Penalty {
    k: f64,
    parts: Arc<[Range<usize>]>,
}

impl<T: Float> Tensor<T> {
    /// This number and k times the sum of the squares of those elements of a flat tensor that lie in `parts`: a
    /// cost with the penalty `λ/2n Σ θ²` on the weights of a network and not on its biases.
    ///
    /// # Errors
    /// When this tensor is not a number without axes, the parameters are not flat, a part reaches past their
    /// end, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let parameters = Tensor::from_slice(&[3.0, 4.0, 5.0], &[3])?;
    /// let y = Tensor::scalar(1.0).add_quadratic_penalty(0.5, &parameters, &[0..2].into())?;
    /// assert_eq!(y.item(), Ok(13.5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_quadratic_penalty(
        &self,
        k: f64,
        parameters: &Tensor<T>,
        parts: &Arc<[Range<usize>]>,
    ) -> Result<Self, Error> {
        apply(Penalty { k, parts: parts.clone() }, &[self, parameters])
    }
}

impl Penalty {
    /// y, for inputs whose shapes fit.
    fn value<T: Float>(&self, a: &Tensor<T>, parameters: &Tensor<T>) -> T {
        let squares =
            self.parts.iter().map(|part| kernel::sum_of_squares(&parameters.elements()[part.clone()]));
        a.elements()[0] + squares.sum::<T>() * T::from_f64(self.k)
    }
}

impl Operation for Penalty {
    fn name(&self) -> &'static str {
        "add_quadratic_penalty"
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [false, true, false], more: false, output: false }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (a, parameters) = (inputs[0], inputs[1]);
        let within = |part: &Range<usize>| part.start <= part.end && part.end <= parameters.len();
        if !a.shape().is_empty() || parameters.shape().len() != 1 || !self.parts.iter().all(within) {
            let want = format!("wants a number and flat parameters that hold the parts {:?}", self.parts);
            return Err(Error::shape(self.name(), want, &[a.shape(), parameters.shape()]));
        }
        Tensor::try_build(Shape::new(&[]), |y| y[0] = self.value(a, parameters))
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        output.rewritten()[0] = self.value(inputs[0], inputs[1]);
        Ok(())
    }

    fn adds_in_place(&self, _argument: usize) -> bool {
        true
    }

    fn pullback_onto<T: Float>(&self, at: &At<'_, T>, argument: usize, sum: &mut Accumulator<T>) {
        if argument == 0 {
            return match sum.whole() {
                (sum, true) => sum.copy_from_slice(at.cotangent.elements()),
                (sum, false) => kernel::axpy(T::from_f64(1.0), at.cotangent.elements(), sum),
            };
        }
        let factor = T::from_f64(2.0 * self.k) * at.cotangent.elements()[0];
        sum.add_multiple(factor, at.input(1), &self.parts);
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        if argument == 0 {
            return at.cotangent.clone();
        }
        let parameters = at.input(1);
        let mask = tape::unrecorded(|| {
            Tensor::build(parameters.dims().clone(), |mask| {
                mask.fill(T::from_f64(0.0));
                for part in self.parts.iter() {
                    // Parts may overlap: an element counts as often as it is named.
                    mask[part.clone()].iter_mut().for_each(|m| *m += T::from_f64(1.0));
                }
            })
        });
        parameters * mask * at.cotangent.scale(2.0 * self.k)
    }
}
