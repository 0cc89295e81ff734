//! Loops over elements, where operands of fewer axes or of length one are repeated by NumPy's rules.

use super::Tensor;
use crate::kernel::{LEAST, LINE, in_parts};
use crate::shape::Axes;
use crate::{Float, Shape};

/// `f` of each element.
#[inline(always)]
pub(super) fn map_by<T: Float>(x: &[T], y: &mut [T], f: impl Fn(T) -> T + Sync) {
    in_parts(LEAST, LINE, (x, y), |(x, y)| {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = f(x);
        }
    });
}

/// Element by element; where no cotangent comes in none goes out, though the partial be infinite.
#[inline(always)]
pub(super) fn pull_by<T: Float>(
    x: &[T],
    y: &[T],
    y_bar: &[T],
    x_bar: &mut [T],
    f: impl Fn(T, T, T) -> T + Sync,
) {
    in_parts(LEAST, LINE, ([x, y, y_bar], x_bar), |([x, y, y_bar], x_bar)| {
        for (((x_bar, &x), &y), &y_bar) in x_bar.iter_mut().zip(x).zip(y).zip(y_bar) {
            *x_bar = if y_bar == T::default() { T::default() } else { f(x, y, y_bar) };
        }
    });
}

/// The elements of an operand in the places of a shape that it broadcasts to.
#[derive(Clone, Copy)]
pub(super) struct Spread<'a, T> {
    elements: &'a [T],
    lengths: &'a [usize],
    shape: &'a [usize],
}

impl<'a, T: Float> Spread<'a, T> {
    pub(super) fn of(elements: &'a [T], lengths: &'a [usize], shape: &'a [usize]) -> Self {
        Spread { elements, lengths, shape }
    }

    /// One element for each place, none twice.
    fn is_direct(self, places: usize) -> bool {
        self.elements.len() == places
    }
}

/// `f` of the elements of all operands, place by place.
#[inline(always)]
pub(super) fn fill<T: Float, const N: usize>(
    values: [Spread<'_, T>; N],
    y: &mut [T],
    f: impl Fn([T; N]) -> T + Sync,
) {
    let places = y.len();
    if values.iter().all(|operand| operand.is_direct(places)) {
        let values = values.map(|operand| operand.elements);
        in_parts(LEAST, LINE, (values, y), |(values, y)| {
            let values = values.map(|elements| &elements[..y.len()]);
            for (i, y) in y.iter_mut().enumerate() {
                *y = f(values.map(|elements| elements[i]));
            }
        });
    } else {
        each_place(values, y, |x, _| f(x));
    }
}

/// The pullback of each element; where no cotangent comes in none goes out, though the partial be infinite.
#[inline(always)]
pub(super) fn pull_each<T: Float, const N: usize>(
    values: [Spread<'_, T>; N],
    y: &[T],
    y_bar: &[T],
    x_bar: &mut [T],
    f: impl Fn([T; N], T, T) -> T + Sync,
) {
    let pull = |x, y, y_bar| if y_bar == T::default() { T::default() } else { f(x, y, y_bar) };
    let places = x_bar.len();
    if values.iter().all(|operand| operand.is_direct(places)) {
        let values = values.map(|operand| operand.elements);
        in_parts(LEAST, LINE, (values, [y, y_bar], x_bar), |(values, [y, y_bar], x_bar)| {
            let values = values.map(|elements| &elements[..x_bar.len()]);
            for (((i, x_bar), &y), &y_bar) in x_bar.iter_mut().enumerate().zip(y).zip(y_bar) {
                *x_bar = pull(values.map(|elements| elements[i]), y, y_bar);
            }
        });
    } else {
        each_place(values, x_bar, |x, i| pull(x, y[i], y_bar[i]));
    }
}

/// `f` of the elements of all operands and the place, one place after another.
#[inline(always)]
fn each_place<T: Float, const N: usize>(
    values: [Spread<'_, T>; N],
    y: &mut [T],
    f: impl Fn([T; N], usize) -> T,
) {
    if y.is_empty() {
        return;
    }
    let mut offsets = values.map(|operand| Repeated::new(operand.shape, operand.lengths));
    for (i, y) in y.iter_mut().enumerate() {
        let mut k = 0;
        let x = offsets.each_mut().map(|offsets| {
            let operand = values[k].elements;
            k += 1;
            operand[offsets.next().expect("it never ends")]
        });
        *y = f(x, i);
    }
}

/// `f` of each pair.
#[inline(always)]
fn zip_each<T: Copy>(a: &[T], b: &[T], y: &mut [T], f: &impl Fn(T, T) -> T) {
    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
        *y = f(a, b);
    }
}

/// `f` over two operands that broadcast to `shape`.
#[inline(always)]
pub(super) fn zip_by<T: Float>(
    operands: [&Tensor<T>; 2],
    shape: &Shape,
    y: &mut [T],
    f: impl Fn(T, T) -> T + Sync,
) {
    let [a, b] = operands.map(Tensor::elements);
    let [a_shape, b_shape] = operands.map(Tensor::shape);
    if y.is_empty() {
        return;
    }
    if a.len() == y.len() && b.len() == y.len() {
        in_parts(LEAST, LINE, ([a, b], y), |([a, b], y)| zip_each(a, b, y, &f));
    } else if a.len() == y.len() && shape.ends_with(b_shape) {
        // Rows plus one row: a bias, or a single number.
        if let [b] = *b {
            map_by(a, y, |a| f(a, b));
            return;
        }
        in_parts(LEAST, b.len(), (a, y), |(a, y)| {
            for (y, a) in y.chunks_exact_mut(b.len()).zip(a.chunks_exact(b.len())) {
                zip_each(a, b, y, &f);
            }
        });
    } else if b.len() == y.len() && shape.ends_with(a_shape) {
        if let [a] = *a {
            map_by(b, y, |b| f(a, b));
            return;
        }
        in_parts(LEAST, a.len(), (b, y), |(b, y)| {
            for (y, b) in y.chunks_exact_mut(a.len()).zip(b.chunks_exact(a.len())) {
                zip_each(a, b, y, &f);
            }
        });
    } else {
        let [a_places, b_places] = [a_shape, b_shape].map(|lengths| Repeated::new(shape, lengths));
        for ((y, i), j) in y.iter_mut().zip(a_places).zip(b_places) {
            *y = f(a[i], b[j]);
        }
    }
}

/// The offsets into an operand as the elements of a broadcast shape are walked in order.
pub(super) struct Repeated<'a> {
    shape: &'a [usize],
    strides: Axes,
    index: Axes,
    offset: usize,
}

impl<'a> Repeated<'a> {
    pub(super) fn new(shape: &'a [usize], operand: &[usize]) -> Self {
        let mut strides = Axes::from_elem(0, shape.len() - operand.len());
        strides.extend(Shape::strides(operand));
        Repeated::with_strides(shape, strides)
    }

    /// The walk over `shape` where a step along axis k moves by `strides[k]`.
    pub(super) fn with_strides(shape: &'a [usize], strides: Axes) -> Self {
        Repeated { shape, strides, index: Axes::from_elem(0, shape.len()), offset: 0 }
    }
}

impl Iterator for Repeated<'_> {
    type Item = usize;

    /// Never ends by itself: it is zipped with the elements, of which there is at least one.
    fn next(&mut self) -> Option<usize> {
        let offset = self.offset;
        for axis in (0..self.shape.len()).rev() {
            self.index[axis] += 1;
            self.offset += self.strides[axis];
            if self.index[axis] < self.shape[axis] {
                break;
            }
            self.offset -= self.strides[axis] * self.shape[axis];
            self.index[axis] = 0;
        }
        Some(offset)
    }
}
