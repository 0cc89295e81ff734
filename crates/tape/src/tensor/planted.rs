//! A product whose rule is wrong where a test wants it to be: what the gradient check has to find.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use crate::{Error, Float};

/// What is wrong with the rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// One element of the cotangent of one argument is half too large.
    Element { argument: usize, element: usize },
    /// The cotangent of the first argument hides that it depends on the second: wrong from the second order on.
    SecondOrder,
}

/// `y = a b` for two tensors of one shape, `ā += b ȳ`, `b̄ += a ȳ`, with a fault.
#[derive(Clone, Debug)]
pub(crate) struct Planted(pub(crate) Fault);

/// The product of two tensors of one shape by the faulty rule.
pub(crate) fn planted(fault: Fault, a: &Tensor, b: &Tensor) -> Result<Tensor, Error> {
    apply(Planted(fault), &[a, b])
}

impl Operation for Planted {
    fn name(&self) -> &'static str {
        "planted"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        inputs[0].to_constant().mul(&inputs[1].to_constant())
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let other = at.input(1 - argument);
        match self.0 {
            Fault::Element { argument: wrong, element } if wrong == argument => {
                let mut factors = Tensor::full(other.shape(), T::from_f64(1.0));
                factors.as_mut_slice()[element] = T::from_f64(1.5);
                other * at.cotangent * factors
            }
            Fault::SecondOrder if argument == 0 => other.to_constant() * at.cotangent,
            _ => other * at.cotangent,
        }
    }
}
