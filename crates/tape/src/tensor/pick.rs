//! Elements picked out of a tensor by their places, and put back: the pair under everything that selects by index.
//!
//! What picks (flips, steps, index lists, diagonals, the greatest along an axis) works out places and has no rule of its
//! own: picking is linear, and its adjoint adds each element where it came from.

use super::operation::{At, Operation, Reads, apply};
use super::{Accumulator, Tensor};
use crate::{Error, Float, Shape};
use std::sync::Arc;

/// Which elements of one shape make another.
#[derive(Debug)]
struct Places {
    /// For each element that is picked, its place among all in row-major order; any may be named often or not at all.
    offsets: Box<[usize]>,
    /// The shape that is picked from.
    whole: Shape,
    /// The shape of what is picked, with as many elements as there are offsets.
    picked: Shape,
}

/// `yᵢ = x[pᵢ]`, `x̄[pᵢ] += ȳᵢ`.
#[derive(Clone, Debug)]
pub(crate) struct Pick(Arc<Places>);

/// `y[pᵢ] += xᵢ` over zeros, `x̄ᵢ += ȳ[pᵢ]`: the adjoint of [`Pick`].
#[derive(Clone, Debug)]
pub(crate) struct Put(Arc<Places>);

impl<T: Float> Tensor<T> {
    /// The elements at these offsets of the row-major data, in the given shape.
    pub(super) fn pick(&self, offsets: Box<[usize]>, picked: Shape) -> Result<Self, Error> {
        let places = Places { offsets, whole: self.dims().clone(), picked };
        places.must_fit();
        apply(Pick(Arc::new(places)), &[self])
    }

    /// Zeros of the shape `whole`, with each element of this tensor added at its offset.
    pub(super) fn put(&self, offsets: Box<[usize]>, whole: Shape) -> Result<Self, Error> {
        let places = Places { offsets, whole, picked: self.dims().clone() };
        places.must_fit();
        apply(Put(Arc::new(places)), &[self])
    }
}

impl Places {
    fn must_fit(&self) {
        debug_assert_eq!(self.offsets.len(), self.picked.elements(), "an offset for each element");
        debug_assert!(self.offsets.iter().all(|&place| place < self.whole.elements()), "offsets lie within");
    }
}

impl Operation for Pick {
    fn name(&self) -> &'static str {
        "pick"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0].elements();
        Tensor::try_build(self.0.picked.clone(), |y| {
            for (y, &place) in y.iter_mut().zip(&self.0.offsets) {
                *y = x[place];
            }
        })
    }

    fn adds_in_place(&self, _argument: usize) -> bool {
        true
    }

    fn pullback_onto<T: Float>(&self, at: &At<'_, T>, _argument: usize, sum: &mut Accumulator<T>) {
        let sum = sum.added_to();
        for (&bar, &place) in at.cotangent.elements().iter().zip(&self.0.offsets) {
            sum[place] += bar;
        }
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        apply(Put(self.0.clone()), &[at.cotangent]).expect("what was picked can be put back")
    }
}

impl Operation for Put {
    fn name(&self) -> &'static str {
        "put"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0].elements();
        Tensor::try_build(self.0.whole.clone(), |y| {
            y.fill(T::default());
            for (&x, &place) in x.iter().zip(&self.0.offsets) {
                y[place] += x;
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        apply(Pick(self.0.clone()), &[at.cotangent]).expect("what was put can be picked")
    }
}
