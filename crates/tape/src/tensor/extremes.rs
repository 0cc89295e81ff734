//! The greatest and the least along axes, and where they stand.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::run::Run;
use crate::{Error, Float, Shape};
use std::sync::Arc;

/// `y = max x` (or min) of groups in which several tie, `x̄ₚ += ȳ / k` for each of the k that do: equal shares, as the
/// elementwise maximum gives them. Where none tie, [`pick`](Tensor::pick) is the whole operation.
#[derive(Clone, Debug)]
pub(crate) struct Tied(Arc<Ties>);

/// Who ties.
#[derive(Debug)]
struct Ties {
    /// The place of the first of each group.
    firsts: Box<[usize]>,
    /// The places of all, the group of each, and its share.
    places: Box<[usize]>,
    groups: Box<[usize]>,
    shares: Box<[f64]>,
    whole: Shape,
    picked: Shape,
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
        extreme("max_all", self, Run::whole(self.dims()), false, greater)
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
        self.over_axes("max_axes", axes, keep, |x, run, keep| extreme("max_axes", x, run, keep, greater))
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
        extreme("min_all", self, Run::whole(self.dims()), false, less)
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
        self.over_axes("min_axes", axes, keep, |x, run, keep| extreme("min_axes", x, run, keep, less))
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
        indices("argmax", self, axis, greater)
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
        indices("argmin", self, axis, less)
    }
}

fn greater<T: Float>(a: T, b: T) -> bool {
    a > b
}

fn less<T: Float>(a: T, b: T) -> bool {
    a < b
}

fn is_nan<T: Float>(x: T) -> bool {
    x.to_f64().is_nan()
}

fn extreme<T: Float>(
    operation: &'static str,
    x: &Tensor<T>,
    run: Run,
    keep: bool,
    beats: impl Fn(T, T) -> bool,
) -> Result<Tensor<T>, Error> {
    let sizes = run.sizes(x.shape());
    let (firsts, tied) = firsts(operation, x, sizes, beats)?;
    let picked = run.reduced(x.shape(), keep);
    if !tied {
        return x.pick(firsts.into(), picked);
    }
    let ties = Ties::of(x, sizes, firsts, picked);
    if ties.places.len() == ties.firsts.len() {
        return x.pick(ties.firsts, ties.picked);
    }
    apply(Tied(Arc::new(ties)), &[x])
}

fn indices<T: Float>(
    operation: &'static str,
    x: &Tensor<T>,
    axis: usize,
    beats: impl Fn(T, T) -> bool,
) -> Result<(Vec<usize>, Shape), Error> {
    let run = Run::along(operation, axis, x.dims())?;
    let [outer, middle, inner] = run.sizes(x.shape());
    let (mut places, _) = firsts(operation, x, [outer, middle, inner], beats)?;
    places.iter_mut().for_each(|place| *place = *place / inner % middle);
    Ok((places, run.reduced(x.shape(), false)))
}

/// The place of the first in each group that none beats, a NaN being beaten by nothing; and whether any may tie.
fn firsts<T: Float>(
    operation: &'static str,
    x: &Tensor<T>,
    [outer, middle, inner]: [usize; 3],
    beats: impl Fn(T, T) -> bool,
) -> Result<(Vec<usize>, bool), Error> {
    if middle == 0 && outer * inner > 0 {
        let want = "wants at least one element along the axes";
        return Err(Error::shape(operation, want, &[x.shape()]));
    }
    let x = x.as_slice();
    let (mut places, mut tied) = (Vec::with_capacity(outer * inner), false);
    for block in 0..outer {
        let start = block * middle * inner;
        places.extend(start..start + inner);
        // Row by row, as they lie in memory, also where the groups stand abreast.
        for row in 1..middle {
            for (i, best) in places[block * inner..].iter_mut().enumerate() {
                let place = start + row * inner + i;
                let (candidate, so_far) = (x[place], x[*best]);
                if beats(candidate, so_far) || is_nan(candidate) && !is_nan(so_far) {
                    *best = place;
                } else {
                    tied |= same(candidate, so_far);
                }
            }
        }
    }
    Ok((places, tied))
}

fn same<T: Float>(a: T, b: T) -> bool {
    a == b || is_nan(a) && is_nan(b)
}

impl Ties {
    fn of<T: Float>(
        x: &Tensor<T>,
        [_, middle, inner]: [usize; 3],
        firsts: Vec<usize>,
        picked: Shape,
    ) -> Ties {
        let elements = x.elements();
        let (mut places, mut groups, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for (group, &first) in firsts.iter().enumerate() {
            let end = (group / inner + 1) * middle * inner;
            let alike = (first..end).step_by(inner).filter(|&place| same(elements[place], elements[first]));
            let before = places.len();
            places.extend(alike);
            let count = places.len() - before;
            groups.extend(std::iter::repeat_n(group, count));
            shares.extend(std::iter::repeat_n(1.0 / count as f64, count));
        }
        let [firsts, places, groups] = [firsts, places, groups].map(Vec::into_boxed_slice);
        Ties { firsts, places, groups, shares: shares.into(), whole: x.dims().clone(), picked }
    }
}

impl Operation for Tied {
    fn name(&self) -> &'static str {
        "extreme"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0].elements();
        Tensor::try_build(self.0.picked.clone(), |y| {
            for (y, &place) in y.iter_mut().zip(&self.0.firsts) {
                *y = x[place];
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let ties = &self.0;
        let flat = Shape::new(&[ties.places.len()]);
        let shares = Tensor::build(flat.clone(), |shares| {
            for (share, &of_one) in shares.iter_mut().zip(&ties.shares) {
                *share = T::from_f64(of_one);
            }
        });
        let shared = at.cotangent.pick(ties.groups.clone(), flat).expect("a group is picked") * shares;
        shared.put(ties.places.clone(), ties.whole.clone()).expect("they lie within")
    }
}
