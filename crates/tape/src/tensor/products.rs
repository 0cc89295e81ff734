//! Products over axes.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::run::{ABREAST, Run, walk};
use crate::{Error, Float, tape};

/// `y = Π x` over neighbouring axes, `x̄ₖ += (x₁ ⋯ xₖ₋₁) (xₖ₊₁ ⋯ xₙ) ȳ`: products of the others and no quotients, so that
/// zeros do no harm.
#[derive(Clone, Debug)]
pub(crate) struct Prod {
    run: Run,
    keep: bool,
}

impl<T: Float> Tensor<T> {
    /// The product of all elements, a tensor without axes; 1 if there are none. Derivatives of any order are right also
    /// where elements are zero.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::from_slice(&[2.0, 0.0, 4.0], &[3])?);
    /// assert_eq!(tape.sweep(&x.prod())?.of(&x)?.to_vec(), [0.0, 8.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn prod(&self) -> Self {
        apply(Prod { run: Run::whole(self.dims()), keep: false }, &[self])
            .unwrap_or_else(|error| error.raise())
    }

    /// The product over these axes, which are dropped from the shape or, with `keep`, stay with length 1.
    ///
    /// # Errors
    /// When an axis is out of range or named twice, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.prod_axes(&[0], false)?.to_vec(), [3.0, 8.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn prod_axes(&self, axes: &[usize], keep: bool) -> Result<Self, Error> {
        self.over_axes("prod_axes", axes, keep, |x, run, keep| apply(Prod { run, keep }, &[x]))
    }

    /// The products of all that stand before each element along an axis, or of all that stand behind it.
    fn products_of_others(&self, axis: usize, behind: bool) -> Result<Self, Error> {
        let length = self.shape()[axis];
        let mut lengths = self.shape().to_vec();
        lengths[axis] = 1;
        let one = Tensor::full(&lengths, T::from_f64(1.0));
        let others = if behind { 1..length } else { 0..length - 1 };
        let products = self.along(axis, others)?.running_products(axis, behind)?;
        match behind {
            false => Tensor::concat(&[&one, &products], axis),
            true => Tensor::concat(&[&products, &one], axis),
        }
    }
}

impl Operation for Prod {
    fn name(&self) -> &'static str {
        "prod"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (x, shape) = (inputs[0].elements(), inputs[0].shape());
        let sizes = self.run.sizes(shape);
        Tensor::try_build(self.run.reduced(shape, self.keep), |y| {
            y.fill(T::from_f64(1.0));
            walk(sizes, false, |places, group, _| {
                for (y, &x) in y[group..].iter_mut().zip(&x[places]) {
                    *y *= x;
                }
            });
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (x, y_bar) = (at.input(0), at.cotangent);
        let sizes = self.run.sizes(x.shape());
        if x.is_empty() {
            return Tensor::zeros(x.shape());
        }
        if !tape::is_paused() {
            let pulled = || {
                let rows = x.reshape(&sizes)?;
                let others = rows.products_of_others(1, false)?.mul(&rows.products_of_others(1, true)?)?;
                others.reshape(x.shape())?.mul(&y_bar.spread_along(self.run, x.shape()))
            };
            return pulled().expect("the shapes are those of the forward pass");
        }
        let (x, y_bar, one) = (x.elements(), y_bar.elements(), T::from_f64(1.0));
        // The same in two passes.
        Tensor::build(at.input(0).dims().clone(), |x_bar| {
            let mut products = [one; ABREAST];
            walk(sizes, false, |places, _, first| {
                if first {
                    products = [one; ABREAST];
                }
                for ((x_bar, &x), product) in
                    x_bar[places.clone()].iter_mut().zip(&x[places]).zip(&mut products)
                {
                    *x_bar = *product;
                    *product *= x;
                }
            });
            walk(sizes, true, |places, group, first| {
                let bars = &y_bar[group..][..places.len()];
                if first {
                    products[..bars.len()].copy_from_slice(bars);
                }
                for (k, place) in places.enumerate() {
                    // Where no cotangent comes in none goes out, though the others be infinite.
                    let nothing = bars[k] == T::default();
                    x_bar[place] = if nothing { T::default() } else { x_bar[place] * products[k] };
                    products[k] *= x[place];
                }
            });
        })
    }
}
