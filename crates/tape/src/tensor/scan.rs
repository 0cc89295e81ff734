//! Running sums and products along an axis.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::run::{ABREAST, Run, walk};
use crate::{Error, Float, Shape, tape};
use std::ops::Range;

/// `yₖ = x₁ + … + xₖ`, `x̄ₖ += ȳₖ + … + ȳₙ`: the same from the other end.
#[derive(Clone, Debug)]
pub(crate) struct CumSum {
    run: Run,
    reversed: bool,
}

/// `yₖ = aₖ yₖ₋₁ + bₖ` along an axis with `y₁ = b₁`; `b̄ₖ += sₖ`, `āₖ += sₖ yₖ₋₁`, where `sₖ = aₖ₊₁ sₖ₊₁ + ȳₖ` is a recurrence
/// too, from the other end and with the factor that stands one place before.
///
/// Under it running products need no division, so zeros among them do no harm, at any order of derivative.
#[derive(Clone, Debug)]
pub(crate) struct Recurrence {
    axis: usize,
    reversed: bool,
    /// Whether the factor of a step stands where the step before was: that of an adjoint.
    lagging: bool,
}

impl<T: Float> Tensor<T> {
    /// The running sums along an axis, of the shape of this tensor: each element with all before it.
    ///
    /// # Errors
    /// When the axis is out of range, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.cumsum(1)?.to_vec(), [1.0, 3.0, 3.0, 7.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cumsum(&self, axis: usize) -> Result<Self, Error> {
        let run = Run::along("cumsum", axis, self.dims())?;
        apply(CumSum { run, reversed: false }, &[self])
    }

    /// The running sums along an axis from its end: each element with all after it.
    ///
    /// # Errors
    /// When the axis is out of range, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?;
    /// assert_eq!(x.cumsum_reversed(1)?.to_vec(), [3.0, 2.0, 7.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cumsum_reversed(&self, axis: usize) -> Result<Self, Error> {
        let run = Run::along("cumsum_reversed", axis, self.dims())?;
        apply(CumSum { run, reversed: true }, &[self])
    }

    /// The running products along an axis, of the shape of this tensor: each element with all before it. Derivatives of
    /// any order are right also where elements are zero.
    ///
    /// # Errors
    /// When the axis is out of range, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::from_slice(&[2.0, 0.0, 5.0], &[3])?);
    /// let y = x.cumprod(0)?;
    /// assert_eq!(y.to_vec(), [2.0, 0.0, 0.0]);
    /// assert_eq!(tape.sweep(&y.sum())?.of(&x)?.to_vec(), [1.0, 12.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cumprod(&self, axis: usize) -> Result<Self, Error> {
        Run::along("cumprod", axis, self.dims())?;
        self.running_products(axis, false)
    }

    /// The running products along an axis that there is, from its beginning or from its end.
    pub(super) fn running_products(&self, axis: usize, reversed: bool) -> Result<Self, Error> {
        let length = self.shape()[axis];
        let first = match (length, reversed) {
            (0, _) => return Ok(self.clone()),
            (_, true) => length - 1..length,
            (_, false) => 0..1,
        };
        let start = self.along(axis, first.clone())?.among_zeros(axis, &first, length)?;
        apply(Recurrence { axis, reversed, lagging: false }, &[self, &start])
    }

    /// The part along one axis.
    pub(super) fn along(&self, axis: usize, part: Range<usize>) -> Result<Self, Error> {
        let mut ranges: Vec<Range<usize>> = self.shape()[..axis].iter().map(|&length| 0..length).collect();
        ranges.push(part);
        self.slice(&ranges)
    }

    /// This tensor as a part along one axis of `length`, and zeros for the rest.
    fn among_zeros(&self, axis: usize, part: &Range<usize>, length: usize) -> Result<Self, Error> {
        let zeros = |count: usize| {
            let mut lengths = self.shape().to_vec();
            lengths[axis] = count;
            Tensor::zeros(&lengths)
        };
        Tensor::concat(&[&zeros(part.start), self, &zeros(length - part.end)], axis)
    }
}

impl Operation for CumSum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0].elements();
        Tensor::try_build(inputs[0].dims().clone(), |y| {
            // In double precision, so that long sums of single numbers keep their digits.
            let mut sums = [0.0; ABREAST];
            walk(self.run.sizes(inputs[0].shape()), self.reversed, |places, _, first| {
                if first {
                    sums = [0.0; ABREAST];
                }
                for ((y, &x), sum) in y[places.clone()].iter_mut().zip(&x[places]).zip(&mut sums) {
                    *sum += x.to_f64();
                    *y = T::from_f64(*sum);
                }
            });
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let adjoint = CumSum { run: self.run, reversed: !self.reversed };
        apply(adjoint, &[at.cotangent]).expect("the cotangent has the shape of the input")
    }
}

impl Recurrence {
    /// What the factors get: `sₖ yₖ₋₁` along the axis, and nothing where there is no step before. Where no cotangent comes
    /// in none goes out, though the value be infinite.
    fn products<T: Float>(&self, s: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        let run = Run::along("recurrence", self.axis, s.dims()).expect("the forward pass ran along it");
        let [_, length, inner] = run.sizes(s.shape());
        Tensor::build(s.dims().clone(), |a_bar| {
            if a_bar.is_empty() {
                return;
            }
            a_bar.fill(T::default());
            let (s, y) = (s.elements(), y.elements());
            for start in (0..a_bar.len()).step_by(length * inner) {
                let (earlier, later) = match self.reversed {
                    false => (start, start + inner),
                    true => (start + inner, start),
                };
                let place = if self.lagging { earlier } else { later };
                for k in 0..(length - 1) * inner {
                    if s[later + k] != T::default() {
                        a_bar[place + k] = s[later + k] * y[earlier + k];
                    }
                }
            }
        })
    }
}

impl Operation for Recurrence {
    fn name(&self) -> &'static str {
        "recurrence"
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [true, false, false], more: false, output: true }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let shape: &Shape = inputs[1].dims();
        debug_assert_eq!(inputs[0].dims(), shape, "a factor for each element");
        let (a, b) = (inputs[0].elements(), inputs[1].elements());
        let run = Run::along("recurrence", self.axis, shape)?;
        Tensor::try_build(shape.clone(), |y| {
            let (mut last, mut factors) = ([0.0; ABREAST], [0.0; ABREAST]);
            walk(run.sizes(shape), self.reversed, |places, _, first| {
                for (k, place) in places.enumerate() {
                    let (own, added) = (a[place].to_f64(), b[place].to_f64());
                    let factor = if self.lagging { factors[k] } else { own };
                    factors[k] = own;
                    // Where no cotangent comes in none goes out, though the factor be infinite.
                    let nothing = first || self.lagging && last[k] == 0.0;
                    last[k] = if nothing { added } else { factor * last[k] + added };
                    y[place] = T::from_f64(last[k]);
                }
            });
        })
    }

    fn inner_cotangent<T: Float>(&self, at: &At<'_, T>) -> Option<Tensor<T>> {
        let adjoint = Recurrence { axis: self.axis, reversed: !self.reversed, lagging: !self.lagging };
        Some(apply(adjoint, &[at.input(0), at.cotangent]).expect("the cotangent has the shape of the output"))
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let s = at.cotangent;
        let length = s.shape()[self.axis];
        if argument == 1 || length == 0 {
            return s.clone();
        }
        if tape::is_paused() {
            return self.products(s, at.output);
        }
        let (earlier, later) = match self.reversed {
            false => (0..length - 1, 1..length),
            true => (1..length, 0..length - 1),
        };
        let bars = s.along(self.axis, later.clone()).expect("it lies within");
        let values = at.output.along(self.axis, earlier.clone()).expect("it lies within");
        let place = if self.lagging { earlier } else { later };
        (bars * values).among_zeros(self.axis, &place, length).expect("it lies within")
    }
}
