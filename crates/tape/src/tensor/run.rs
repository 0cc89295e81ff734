//! Neighbouring axes taken together: what reductions, scans and softmax run along.

use super::Tensor;
use super::reduce::{checked_axes, sum_middle};
use crate::shape::Axes;
use crate::{Error, Float, Shape};
use std::ops::Range;

/// Neighbouring axes, by which a shape is seen as (outer, middle, inner): the axes before, these, and those after. A
/// group is the elements that differ along the middle only; groups are counted as the elements of (outer, inner).
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    start: usize,
    end: usize,
}

impl Run {
    /// All axes.
    pub(super) fn whole(shape: &Shape) -> Run {
        Run { start: 0, end: shape.rank() }
    }

    /// One axis, if the shape has it.
    pub(super) fn along(operation: &'static str, axis: usize, shape: &Shape) -> Result<Run, Error> {
        checked_axes(operation, &[axis], shape)?;
        Ok(Run { start: axis, end: axis + 1 })
    }

    /// How many elements lie before, within and after.
    pub(super) fn sizes(self, shape: &[usize]) -> [usize; 3] {
        let product = |range: Range<usize>| shape[range].iter().product();
        [product(0..self.start), product(self.start..self.end), product(self.end..shape.len())]
    }

    /// What is left of a shape, the axes dropped or kept with length 1.
    pub(super) fn reduced(self, shape: &[usize], keep: bool) -> Shape {
        let mut lengths: Axes = shape[..self.start].into();
        if keep {
            lengths.resize(self.end, 1);
        }
        lengths.extend_from_slice(&shape[self.end..]);
        Shape::new(&lengths)
    }

    /// The numbers of the axes.
    pub(super) fn axes(self) -> Axes {
        (self.start..self.end).collect()
    }
}

impl<T: Float> Tensor<T> {
    /// `reduce` over these axes, which it finds side by side: where they are not, they are moved to the end before.
    pub(super) fn over_axes(
        &self,
        operation: &'static str,
        axes: &[usize],
        keep: bool,
        reduce: impl FnOnce(&Tensor<T>, Run, bool) -> Result<Tensor<T>, Error>,
    ) -> Result<Self, Error> {
        let axes = checked_axes(operation, axes, self.dims())?;
        let start = axes.first().copied().unwrap_or(0);
        let run = Run { start, end: start + axes.len() };
        if axes == run.axes() {
            return reduce(self, run, keep);
        }
        let rank = self.dims().rank();
        let mut order: Axes = (0..rank).filter(|axis| !axes.contains(axis)).collect();
        let last = Run { start: order.len(), end: rank };
        order.extend_from_slice(&axes);
        let reduced = reduce(&self.permute(&order)?, last, false)?;
        if !keep {
            return Ok(reduced);
        }
        let mut lengths: Axes = self.shape().into();
        axes.iter().for_each(|&axis| lengths[axis] = 1);
        reduced.reshape(&lengths)
    }

    /// A tensor that has an element for each group, in the shape that keeps the axes: it broadcasts to `shape`.
    pub(super) fn spread_along(&self, run: Run, shape: &[usize]) -> Self {
        let kept = run.reduced(shape, true);
        self.reshape(&kept).expect("keeping axes of length 1 keeps the elements")
    }
}

/// Rows up to this length are summed where they are: a call of a kernel for each takes longer than they do.
const SHORT: usize = 32;

/// The sum of each group.
pub(super) fn group_sums<T: Float>(x: &[T], sizes: [usize; 3]) -> Tensor<T> {
    let [_, middle, inner] = sizes;
    Tensor::build(Shape::new(&[sizes[0] * inner]), |sums| {
        if inner != 1 || !(1..=SHORT).contains(&middle) {
            return sum_middle(x, sizes, sums);
        }
        for (sum, row) in sums.iter_mut().zip(x.chunks_exact(middle)) {
            // Four at a time: one after the other each would wait for the one before.
            let (whole, rest) = row.as_chunks::<4>();
            let mut lanes = [T::default(); 4];
            for x in whole {
                lanes.iter_mut().zip(x).for_each(|(lane, &x)| *lane += x);
            }
            let [a, b, c, d] = lanes;
            *sum = rest.iter().fold((a + b) + (c + d), |sum, &x| sum + x);
        }
    })
}

/// Changes each element by what belongs to its group.
#[inline(always)]
pub(super) fn change_by_group<T: Float>(
    x: &mut [T],
    [_, middle, inner]: [usize; 3],
    groups: &[T],
    f: impl Fn(T, T) -> T,
) {
    if x.is_empty() {
        return;
    }
    if inner == 1 {
        for (x, &group) in x.chunks_exact_mut(middle).zip(groups) {
            x.iter_mut().for_each(|x| *x = f(*x, group));
        }
        return;
    }
    for (x, groups) in x.chunks_exact_mut(middle * inner).zip(groups.chunks_exact(inner)) {
        for row in x.chunks_exact_mut(inner) {
            for (x, &group) in row.iter_mut().zip(groups) {
                *x = f(*x, group);
            }
        }
    }
}

/// How many neighbouring groups are walked abreast.
pub(super) const ABREAST: usize = 16;

/// Walks along the middle, forward or backward, up to [`ABREAST`] neighbouring groups at a time: `step` is given the
/// places of their elements, the number of the first group, and whether these are where the walk along them begins.
#[inline(always)]
pub(super) fn walk(
    [outer, middle, inner]: [usize; 3],
    reversed: bool,
    mut step: impl FnMut(Range<usize>, usize, bool),
) {
    for block in 0..outer {
        for first in (0..inner).step_by(ABREAST) {
            let width = ABREAST.min(inner - first);
            for k in 0..middle {
                let row = block * middle + if reversed { middle - 1 - k } else { k };
                let start = row * inner + first;
                step(start..start + width, block * inner + first, k == 0);
            }
        }
    }
}
