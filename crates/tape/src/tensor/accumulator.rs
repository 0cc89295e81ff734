//! The cotangent of a tensor while it is added up.
//!
//! It begins as memory that holds nothing yet. What comes first is written and not added to zeros: for the parameters of
//! a large network that is a pass over all of them saved.

use super::Tensor;
use crate::{Error, Float, kernel};
use std::ops::Range;
use std::sync::Arc;

/// The sum of what has come in so far.
#[derive(Debug)]
pub struct Accumulator<T: Float> {
    sum: Tensor<T>,
    /// Elements before this one are what the sum began with, though it does not stand there yet.
    unwritten: usize,
    /// What the sum began with, if not with zeros.
    began: Option<Multiple<T>>,
    /// Whether that stays beside the sum, to be added by who takes both.
    apart: bool,
}

/// `k x` over some parts of x, in ascending order and apart, and zeros elsewhere.
#[derive(Debug)]
struct Multiple<T: Float> {
    k: T,
    x: Tensor<T>,
    parts: Arc<[Range<usize>]>,
}

/// What a part of a sum holds before something is added to it.
pub(crate) enum Old<'a, T> {
    /// Nothing: what comes is to be written.
    Nothing,
    /// What stands there.
    Itself,
    /// So many times these elements, which do not stand there yet.
    Multiple(T, &'a [T]),
}

impl<T: Float> Accumulator<T> {
    /// Nothing but room for the cotangent of this tensor.
    #[inline]
    pub(crate) fn empty(of: &Tensor<T>) -> Result<Self, Error> {
        let sum = of.try_alike(|_| ())?;
        Ok(Accumulator { unwritten: sum.len(), sum, began: None, apart: false })
    }

    /// This, so far.
    #[inline]
    pub(crate) fn beginning_with(sum: Tensor<T>) -> Self {
        Accumulator { sum, unwritten: 0, began: None, apart: false }
    }

    /// Forgets what has come in, and keeps the room.
    #[inline]
    pub(crate) fn restart(&mut self) {
        self.unwritten = self.sum.len();
        self.began = None;
        self.apart = false;
    }

    /// Leaves what the sum begins with beside it. Only after [`restart`](Accumulator::restart).
    #[inline]
    pub(crate) fn leave_beside(&mut self) {
        self.apart = true;
    }

    /// What was left beside the sum, once that is complete: so many times the elements of x in these parts.
    #[inline]
    pub(crate) fn take_beside(&mut self, x: &Tensor<T>) -> Option<(T, Arc<[Range<usize>]>)> {
        if !std::mem::take(&mut self.apart) {
            return None;
        }
        let Multiple { k, x: of, parts } = self.began.take()?;
        if of.elements().as_ptr() == x.elements().as_ptr() {
            return Some((k, parts));
        }
        self.add_multiple(k, &of, &parts);
        None
    }

    /// Adds k times the elements of x in these parts. If nothing has come in yet they are not even written: who comes next
    /// adds to x and writes the sum.
    pub(crate) fn add_multiple(&mut self, k: T, x: &Tensor<T>, parts: &Arc<[Range<usize>]>) {
        let apart = || parts.windows(2).all(|pair| pair[0].end <= pair[1].start);
        let first = self.apart || self.unwritten == self.sum.len();
        if first && self.began.is_none() && apart() {
            self.began = Some(Multiple { k, x: x.unhandled(), parts: parts.clone() });
            return;
        }
        self.complete();
        let sum = self.sum.as_mut_slice();
        for part in parts.iter() {
            kernel::axpy(k, &x.elements()[part.clone()], &mut sum[part.clone()]);
        }
    }

    /// A part of the sum, and whether it is still to be written: if not, it is to be added to.
    #[inline]
    pub(crate) fn part(&mut self, part: Range<usize>) -> (&mut [T], bool) {
        let zeros = self.base().is_none_or(|began| began.parts.iter().all(|other| !meet(other, &part)));
        let fresh = part.end <= self.unwritten && zeros;
        if fresh {
            self.write_from(part.end);
            self.unwritten = part.start;
        } else if part.start < self.unwritten {
            self.write_from(part.start);
        }
        (&mut self.sum.as_mut_slice()[part], fresh)
    }

    /// A part of the sum for one who can add to something that stands elsewhere.
    #[inline]
    pub(crate) fn part_of_product(&mut self, part: Range<usize>) -> (&mut [T], Old<'_, T>) {
        let within = |began: &Multiple<T>| {
            began.parts.iter().any(|other| other.start <= part.start && part.end <= other.end)
        };
        if part.end <= self.unwritten && !part.is_empty() && self.base().is_some_and(within) {
            self.write_from(part.end);
            self.unwritten = part.start;
            let Some(began) = &self.began else { unreachable!("it was just looked at") };
            let old = Old::Multiple(began.k, &began.x.elements()[part.clone()]);
            return (&mut self.sum.as_mut_slice()[part], old);
        }
        let (elements, fresh) = self.part(part);
        (elements, if fresh { Old::Nothing } else { Old::Itself })
    }

    /// Writes what the sum began with to where it does not stand yet, from an element on.
    #[inline]
    fn write_from(&mut self, start: usize) {
        let end = self.unwritten;
        if start >= end {
            return;
        }
        self.unwritten = start;
        let sum = self.sum.as_mut_slice();
        sum[start..end].fill(T::default());
        let Some(began) = self.began.as_ref().filter(|_| !self.apart) else { return };
        for part in began.parts.iter().map(|part| part.start.max(start)..part.end.min(end)) {
            if !part.is_empty() {
                let x = &began.x.elements()[part.clone()];
                sum[part].iter_mut().zip(x).for_each(|(sum, &x)| *sum = began.k * x);
            }
        }
    }

    /// The whole sum, and whether it is still to be written: if not, it is to be added to.
    #[inline]
    pub(crate) fn whole(&mut self) -> (&mut [T], bool) {
        let length = self.sum.len();
        if self.base().is_some() || (self.unwritten != 0 && self.unwritten != length) {
            return self.part(0..length);
        }
        let fresh = self.unwritten == length;
        self.unwritten = 0;
        (self.sum.as_mut_slice(), fresh)
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
        if self.unwritten == self.sum.len() && !self.sum.is_empty() && self.base().is_none() {
            self.sum = more;
            self.unwritten = 0;
            return;
        }
        self.complete();
        self.sum.accumulate(&more);
    }

    /// Writes what is still missing.
    #[inline]
    pub(crate) fn complete(&mut self) {
        self.write_from(0);
        if !self.apart {
            self.began = None;
        }
    }

    /// What the sum has in it from the beginning.
    #[inline]
    fn base(&self) -> Option<&Multiple<T>> {
        self.began.as_ref().filter(|_| !self.apart)
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

/// Whether two parts have an element in common.
fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start.max(b.start) < a.end.min(b.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sum that begins with a multiple is that over zeros, whoever comes and in whatever way.
    fn sum_over_multiple(length: usize, of: &[Range<usize>], parts: &[(Range<usize>, f64)]) -> Vec<f64> {
        let x = Tensor::from_vec((1..=length).map(|i| i as f64).collect(), &[length]).unwrap();
        let room = Tensor::zeros(&[length]);
        drop(Tensor::full(&[length], f64::NAN));
        let mut sum = Accumulator::empty(&room).unwrap();
        sum.add_multiple(10.0, &x, &of.into());
        for (k, (part, more)) in parts.iter().enumerate() {
            if k % 2 == 0 {
                match sum.part_of_product(part.clone()) {
                    (elements, Old::Nothing) => elements.fill(*more),
                    (elements, Old::Itself) => elements.iter_mut().for_each(|element| *element += more),
                    (elements, Old::Multiple(k, x)) => {
                        elements.iter_mut().zip(x).for_each(|(element, x)| *element = k * x + more);
                    }
                }
            } else {
                match sum.part(part.clone()) {
                    (elements, true) => elements.fill(*more),
                    (elements, false) => elements.iter_mut().for_each(|element| *element += more),
                }
            }
        }
        sum.into_sum().to_vec()
    }

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
            // Over a multiple of parts that lie apart, or overlap and are added at once.
            let cut = random(length + 1);
            let of = [random(cut + 1)..cut, cut..cut + random(length - cut + 1)];
            for of in [&of[..1], &of[..], &[0..cut, 0..length]] {
                let mut plain = plain.clone();
                for part in of {
                    part.clone().for_each(|i| plain[i] += 10.0 * (i + 1) as f64);
                }
                assert_eq!(sum_over_multiple(length, of, &parts), plain, "{of:?} and {parts:?}");
            }
        }
    }
}
