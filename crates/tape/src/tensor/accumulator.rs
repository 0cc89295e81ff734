//! The cotangent of a tensor while it is added up.
//!
//! It begins as memory that holds nothing yet. What comes first is written and not added to zeros: for the parameters of
//! a large network that is a pass over all of them saved.

use super::Tensor;
use crate::{Error, Float};
use std::ops::Range;

/// The sum of what has come in so far.
#[derive(Debug)]
pub struct Accumulator<T: Float> {
    sum: Tensor<T>,
    /// Elements before this one are zero, though it does not stand there yet.
    unwritten: usize,
}

impl<T: Float> Accumulator<T> {
    /// Nothing but room for the cotangent of this tensor.
    #[inline]
    pub(crate) fn empty(of: &Tensor<T>) -> Result<Self, Error> {
        let sum = of.try_alike(|_| ())?;
        Ok(Accumulator { unwritten: sum.len(), sum })
    }

    /// This, so far.
    #[inline]
    pub(crate) fn beginning_with(sum: Tensor<T>) -> Self {
        Accumulator { sum, unwritten: 0 }
    }

    /// Forgets what has come in, and keeps the room.
    #[inline]
    pub(crate) fn restart(&mut self) {
        self.unwritten = self.sum.len();
    }

    /// A part of the sum, and whether it is still to be written: if not, it is to be added to.
    #[inline]
    pub(crate) fn part(&mut self, part: Range<usize>) -> (&mut [T], bool) {
        let fresh = part.end <= self.unwritten;
        let written = if fresh { part.end } else { part.start };
        let elements = self.sum.as_mut_slice();
        if written < self.unwritten {
            elements[written..self.unwritten].fill(T::default());
        }
        if fresh || part.start < self.unwritten {
            self.unwritten = part.start;
        }
        (&mut elements[part], fresh)
    }

    /// The whole sum, and whether it is still to be written: if not, it is to be added to.
    #[inline]
    pub(crate) fn whole(&mut self) -> (&mut [T], bool) {
        self.part(0..self.sum.len())
    }

    /// The whole sum, with zeros where nothing has come in.
    #[inline]
    pub(crate) fn added_to(&mut self) -> &mut [T] {
        self.complete();
        self.sum.as_mut_slice()
    }

    /// Adds `f` of each pair of elements.
    #[inline(always)]
    pub(crate) fn add_each(&mut self, a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
        let (sum, fresh) = self.whole();
        let each = sum.iter_mut().zip(a).zip(b);
        match fresh {
            true => each.for_each(|((sum, &a), &b)| *sum = f(a, b)),
            false => each.for_each(|((sum, &a), &b)| *sum += f(a, b)),
        }
    }

    /// Adds a cotangent of the same shape.
    #[inline]
    pub(crate) fn add(&mut self, more: Tensor<T>) {
        if self.unwritten == self.sum.len() && !self.sum.is_empty() {
            *self = Accumulator::beginning_with(more);
            return;
        }
        self.complete();
        self.sum.accumulate(&more);
    }

    /// Writes the zeros that are still missing.
    #[inline]
    pub(crate) fn complete(&mut self) {
        if self.unwritten > 0 {
            let end = std::mem::take(&mut self.unwritten);
            self.sum.as_mut_slice()[..end].fill(T::default());
        }
    }

    /// The sum, once it is complete.
    #[inline]
    pub(crate) fn sum(&self) -> &Tensor<T> {
        debug_assert_eq!(self.unwritten, 0, "a sum is read when it is complete");
        &self.sum
    }

    /// The sum, to be changed, once it is complete.
    #[inline]
    pub(crate) fn sum_mut(&mut self) -> &mut Tensor<T> {
        debug_assert_eq!(self.unwritten, 0, "a sum is read when it is complete");
        &mut self.sum
    }

    /// The sum itself.
    #[inline]
    pub(crate) fn into_sum(mut self) -> Tensor<T> {
        self.complete();
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(length: usize, parts: &[(Range<usize>, f64)]) -> Vec<f64> {
        // What an earlier tensor left in the memory must not show.
        let of = Tensor::zeros(&[length]);
        drop(Tensor::full(&[length], f64::NAN));
        let mut sum = Accumulator::empty(&of).unwrap();
        for (part, x) in parts {
            match sum.part(part.clone()) {
                (elements, true) => elements.fill(*x),
                (elements, false) => elements.iter_mut().for_each(|element| *element += x),
            }
        }
        sum.into_sum().to_vec()
    }

    #[test]
    fn parts_in_any_order_add_up_over_zeros() {
        assert_eq!(sum_of(5, &[]), [0.0; 5]);
        assert_eq!(sum_of(5, &[(3..5, 1.0), (0..3, 2.0)]), [2.0, 2.0, 2.0, 1.0, 1.0]);
        assert_eq!(sum_of(5, &[(0..2, 1.0), (3..4, 2.0)]), [1.0, 1.0, 0.0, 2.0, 0.0]);
        assert_eq!(sum_of(5, &[(3..4, 1.0), (0..1, 2.0)]), [2.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(sum_of(5, &[(2..4, 1.0), (1..3, 2.0)]), [0.0, 2.0, 3.0, 1.0, 0.0]);
        assert_eq!(sum_of(5, &[(2..4, 1.0), (2..4, 2.0), (0..5, 4.0)]), [4.0, 4.0, 7.0, 7.0, 4.0]);
        assert_eq!(sum_of(5, &[(2..2, 1.0), (1..1, 1.0), (0..5, 4.0)]), [4.0; 5]);
        assert_eq!(sum_of(0, &[(0..0, 1.0)]), []);
    }

    #[test]
    fn random_parts_add_up_as_a_plain_sum_does() {
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for _ in 0..500 {
            let length = 1 + random(8);
            let parts: Vec<_> = (0..random(5))
                .map(|k| {
                    let start = random(length + 1);
                    (start..start + random(length - start + 1), f64::from(1 << k))
                })
                .collect();
            let mut plain = vec![0.0; length];
            for (part, x) in &parts {
                plain[part.clone()].iter_mut().for_each(|element| *element += x);
            }
            assert_eq!(sum_of(length, &parts), plain, "{parts:?}");
        }
    }
}
