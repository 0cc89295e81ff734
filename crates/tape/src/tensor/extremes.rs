//! The greatest and the least along axes, and where they stand.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::run::{Run, change_by_group, group_sums};
use crate::{Error, Float, Shape, tape};

/// `y = max x` (or min) of groups, `x̄ₚ += ȳ / k` for each of the k that tie for it: equal shares, as the elementwise maximum gives
/// them. The places are sought on the way back, so that another run of the operation finds its own.
#[derive(Clone, Debug)]
pub(crate) struct Extreme {
    run: Run,
    keep: bool,
    greatest: bool,
}

impl<T: Float> Tensor<T> {
    /// The greatest of all elements, a tensor without axes; NaN if there is one among them. Where several tie they get
    /// equal shares of the cotangent, as those of [`max`](Tensor::max) do.
    ///
    /// # Errors
    /// When there is no element, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::from_slice(&[1.0, 5.0, 2.0, 5.0], &[4])?);
    /// let y = x.max_all()?;
    /// assert_eq!(y.item(), Ok(5.0));
    /// assert_eq!(tape.sweep(&y)?.of(&x)?.to_vec(), [0.0, 0.5, 0.0, 0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_all(&self) -> Result<Self, Error> {
        extreme("max_all", self, Run::whole(self.dims()), false, true)
    }

    /// The greatest along these axes, which are dropped from the shape or, with `keep`, stay with length 1. NaN and ties
    /// as for [`max_all`](Tensor::max_all).
    ///
    /// # Errors
    /// When an axis is out of range or named twice, there is nothing along the axes, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 4.0, 3.0, 2.0], &[2, 2])?;
    /// assert_eq!(x.max_axes(&[0], false)?.to_vec(), [3.0, 4.0]);
    /// assert_eq!(x.max_axes(&[1], true)?.shape(), [2, 1]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn max_axes(&self, axes: &[usize], keep: bool) -> Result<Self, Error> {
        self.over_axes("max_axes", axes, keep, |x, run, keep| extreme("max_axes", x, run, keep, true))
    }

    /// The least of all elements, a tensor without axes; NaN if there is one among them. Where several tie they get equal
    /// shares of the cotangent, as those of [`min`](Tensor::min) do.
    ///
    /// # Errors
    /// When there is no element, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// assert_eq!(tape::Tensor::from_slice(&[3.0, -1.0, 2.0], &[3])?.min_all()?.item(), Ok(-1.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn min_all(&self) -> Result<Self, Error> {
        extreme("min_all", self, Run::whole(self.dims()), false, false)
    }

    /// The least along these axes, which are dropped from the shape or, with `keep`, stay with length 1. NaN and ties as
    /// for [`min_all`](Tensor::min_all).
    ///
    /// # Errors
    /// When an axis is out of range or named twice, there is nothing along the axes, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 4.0, 3.0, 2.0], &[2, 2])?;
    /// assert_eq!(x.min_axes(&[1], false)?.to_vec(), [1.0, 2.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn min_axes(&self, axes: &[usize], keep: bool) -> Result<Self, Error> {
        self.over_axes("min_axes", axes, keep, |x, run, keep| extreme("min_axes", x, run, keep, false))
    }

    /// Where along an axis the greatest stand, the first where several tie or are NaN, which counts as the greatest; with
    /// the shape in which they are listed, last axis fastest: that of this tensor without the axis.
    ///
    /// # Errors
    /// When the axis is out of range, or there is nothing along it.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 7.0, 7.0, 5.0, 2.0, 3.0], &[2, 3])?;
    /// let (indices, shape) = x.argmax(1)?;
    /// assert_eq!((indices, &*shape), (vec![1, 0], &[2][..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn argmax(&self, axis: usize) -> Result<(Vec<usize>, Shape), Error> {
        indices("argmax", self, axis, true)
    }

    /// Where along an axis the least stand, as [`argmax`](Tensor::argmax) says of the greatest; NaN counts as the least.
    ///
    /// # Errors
    /// When the axis is out of range, or there is nothing along it.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 7.0, 7.0, 5.0, 2.0, 3.0], &[2, 3])?;
    /// assert_eq!(x.argmin(0)?.0, [0, 1, 1]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn argmin(&self, axis: usize) -> Result<(Vec<usize>, Shape), Error> {
        indices("argmin", self, axis, false)
    }
}

/// Whether a is beyond b, upward or downward.
fn beats<T: Float>(greatest: bool, a: T, b: T) -> bool {
    if greatest { a > b } else { a < b }
}

fn is_nan<T: Float>(x: T) -> bool {
    x.to_f64().is_nan()
}

fn extreme<T: Float>(
    operation: &'static str,
    x: &Tensor<T>,
    run: Run,
    keep: bool,
    greatest: bool,
) -> Result<Tensor<T>, Error> {
    must_have_some(operation, x, run.sizes(x.shape()))?;
    apply(Extreme { run, keep, greatest }, &[x])
}

fn must_have_some<T: Float>(
    operation: &'static str,
    x: &Tensor<T>,
    [outer, middle, inner]: [usize; 3],
) -> Result<(), Error> {
    if middle == 0 && outer * inner > 0 {
        let want = "wants at least one element along the axes";
        return Err(Error::shape(operation, want, &[x.shape()]));
    }
    Ok(())
}

fn indices<T: Float>(
    operation: &'static str,
    x: &Tensor<T>,
    axis: usize,
    greatest: bool,
) -> Result<(Vec<usize>, Shape), Error> {
    let run = Run::along(operation, axis, x.dims())?;
    let sizes @ [_, middle, inner] = run.sizes(x.shape());
    must_have_some(operation, x, sizes)?;
    let (mut places, _) = firsts(x.as_slice(), sizes, greatest);
    places.iter_mut().for_each(|place| *place = *place / inner % middle);
    Ok((places, run.reduced(x.shape(), false)))
}

/// The place of the first in each group that none beats, a NaN being beaten by nothing; and whether any may tie.
fn firsts<T: Float>(x: &[T], [outer, middle, inner]: [usize; 3], greatest: bool) -> (Vec<usize>, bool) {
    let (mut places, mut tied) = (Vec::with_capacity(outer * inner), false);
    for block in 0..outer {
        let start = block * middle * inner;
        places.extend(start..start + inner);
        // Row by row, as they lie in memory, also where the groups stand abreast.
        for row in 1..middle {
            for (i, best) in places[block * inner..].iter_mut().enumerate() {
                let place = start + row * inner + i;
                let (candidate, so_far) = (x[place], x[*best]);
                if beats(greatest, candidate, so_far) || is_nan(candidate) && !is_nan(so_far) {
                    *best = place;
                } else {
                    tied |= same(candidate, so_far);
                }
            }
        }
    }
    (places, tied)
}

fn same<T: Float>(a: T, b: T) -> bool {
    a == b || is_nan(a) && is_nan(b)
}

impl Extreme {
    /// The first in each group that none beats, a NaN being beaten by nothing.
    fn fill<T: Float>(&self, x: &[T], [_, middle, inner]: [usize; 3], y: &mut [T]) {
        if y.is_empty() {
            return;
        }
        let beaten = |best: T, x: T| beats(self.greatest, x, best) || is_nan(x) && !is_nan(best);
        for (block, y) in x.chunks_exact(middle * inner).zip(y.chunks_exact_mut(inner)) {
            let (first, others) = block.split_at(inner);
            y.copy_from_slice(first);
            if let [best] = y {
                *best = others.iter().fold(*best, |best, &x| if beaten(best, x) { x } else { best });
                continue;
            }
            // Row by row, as they lie in memory.
            for row in others.chunks_exact(inner) {
                for (best, &x) in y.iter_mut().zip(row) {
                    *best = if beaten(*best, x) { x } else { *best };
                }
            }
        }
    }
}

/// Equal shares of the cotangent ȳ for all that are the extreme y of their group, and nothing for the others.
fn share<T: Float>(x: &[T], sizes: [usize; 3], [y, y_bar]: [&[T]; 2], x_bar: &mut [T]) {
    let one = T::from_f64(1.0);
    x_bar.copy_from_slice(x);
    change_by_group(x_bar, sizes, y, |x, y| if same(x, y) { one } else { T::default() });
    let mut shares = group_sums(x_bar, sizes);
    for (share, &y_bar) in shares.as_mut_slice().iter_mut().zip(y_bar) {
        // Added to zero, as whatever is put: a zero of either sign comes to be one.
        *share = T::default() + y_bar * T::from_f64(1.0 / share.to_f64());
    }
    change_by_group(x_bar, sizes, shares.elements(), |held, share| if held == one { share } else { held });
}

impl Operation for Extreme {
    fn name(&self) -> &'static str {
        if self.greatest { "max_axes" } else { "min_axes" }
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [true, false, false], more: false, output: true }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (x, shape) = (inputs[0].elements(), inputs[0].shape());
        Tensor::try_build(self.run.reduced(shape, self.keep), |y| self.fill(x, self.run.sizes(shape), y))
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        self.fill(inputs[0].elements(), self.run.sizes(inputs[0].shape()), output.rewritten());
        Ok(())
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (x, y_bar) = (at.input(0), at.cotangent);
        let sizes @ [_, middle, inner] = self.run.sizes(x.shape());
        if tape::is_paused() {
            return x
                .alike(|x_bar| share(x.elements(), sizes, [at.output, y_bar].map(Tensor::elements), x_bar));
        }
        let (firsts, tied) = firsts(x.elements(), sizes, self.greatest);
        if !tied {
            return y_bar.put(firsts.into(), x.dims().clone()).expect("they lie within");
        }
        let elements = x.elements();
        let (mut places, mut groups, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for (group, &first) in firsts.iter().enumerate() {
            let end = (group / inner + 1) * middle * inner;
            let alike = (first..end).step_by(inner).filter(|&place| same(elements[place], elements[first]));
            let before = places.len();
            places.extend(alike);
            let count = places.len() - before;
            groups.extend(std::iter::repeat_n(group, count));
            shares.extend(std::iter::repeat_n(T::from_f64(1.0 / count as f64), count));
        }
        let flat = Shape::new(&[places.len()]);
        let shares = Tensor::build(flat.clone(), |of_all| of_all.copy_from_slice(&shares));
        let shared = y_bar.pick(groups.into(), flat).expect("a group is picked") * shares;
        shared.put(places.into(), x.dims().clone()).expect("they lie within")
    }
}
