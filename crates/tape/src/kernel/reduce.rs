//! Sums of slices, in an order that is fixed once and for all, and the update `y += alpha · x`.
//!
//! Sums run in `f64` for both types: a block of 1024 elements in 32 interleaved lanes (16 if it is short), and the sums of the blocks with a
//! compensation for the rounding of each addition (Neumaier 1974).

use super::Plain;
use super::float::mul_add;
use super::level::{Level, Pass, dispatch_at, level};
use super::threads::{self, Cut, LEAST, LINE, in_parts};
use std::marker::PhantomData;

/// Elements of a block that is summed in half as many lanes.
const SHORT: usize = 256;
/// Elements of a block.
const BLOCK: usize = 1024;

/// A sum that keeps what rounding takes from it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    /// Adds `x`.
    #[inline(always)]
    pub(super) fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        // What of the smaller number did not fit.
        self.lost += if self.sum.abs() >= x.abs() { self.sum - sum + x } else { x - sum + self.sum };
        self.sum = sum;
    }

    /// The sum, corrected. An infinity or NaN stays what it is: its correction has no meaning.
    #[inline(always)]
    pub(super) fn value(self) -> f64 {
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

/// What is added up, of a pair of numbers.
pub(super) trait Term<T> {
    /// The term of `x` and `y`.
    fn at<const FUSED: bool>(x: T, y: T) -> f64;
}

/// The sum over a block, in interleaved lanes: fewer where most would have little to do.
#[inline(always)]
fn block_sum<T: Plain, F: Term<T>, const FUSED: bool>(x: &[T], y: &[T]) -> f64 {
    if x.len() < SHORT { in_lanes::<T, F, 16, FUSED>(x, y) } else { in_lanes::<T, F, 32, FUSED>(x, y) }
}

#[inline(always)]
fn in_lanes<T: Plain, F: Term<T>, const LANES: usize, const FUSED: bool>(x: &[T], y: &[T]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (x_whole, x_rest) = x.as_chunks::<LANES>();
    let (y_whole, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in x_whole.iter().zip(y_whole) {
        for i in 0..LANES {
            lanes[i] += F::at::<FUSED>(x[i], y[i]);
        }
    }
    for (lane, (&x, &y)) in lanes.iter_mut().zip(x_rest.iter().zip(y_rest)) {
        *lane += F::at::<FUSED>(x, y);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// The sum over all blocks of two slices of equal length.
struct Total<'a, T, F>(&'a [T], &'a [T], PhantomData<F>);

impl<T: Plain, F: Term<T>> Pass for Total<'_, T, F> {
    type Output = f64;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> f64 {
        let mut total = Compensated::default();
        for (x, y) in self.0.chunks(BLOCK).zip(self.1.chunks(BLOCK)) {
            total.add(block_sum::<T, F, FUSED>(x, y));
        }
        total.value()
    }
}

/// The sum of each block by itself.
struct BlockSums<'a, T, F> {
    x: &'a [T],
    y: &'a [T],
    sums: &'a mut [f64],
    term: PhantomData<fn() -> F>,
}

impl<T: Plain, F: Term<T>> Pass for BlockSums<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for ((sum, x), y) in self.sums.iter_mut().zip(self.x.chunks(BLOCK)).zip(self.y.chunks(BLOCK)) {
            *sum = block_sum::<T, F, FUSED>(x, y);
        }
    }
}

impl<T: Plain, F> Cut for BlockSums<'_, T, F> {
    fn length(&self) -> usize {
        self.x.len()
    }

    /// At the end of a block.
    fn cut(self, at: usize) -> (Self, Self) {
        let (x, x_rest) = self.x.split_at(at);
        let (y, y_rest) = self.y.split_at(at);
        let (sums, sums_rest) = self.sums.split_at_mut(at / BLOCK);
        let rest = BlockSums { x: x_rest, y: y_rest, sums: sums_rest, term: PhantomData };
        (BlockSums { x, y, sums, term: PhantomData }, rest)
    }
}

/// Adds up the term of each pair of two slices of equal length.
#[inline]
pub(super) fn total_at<T: Plain, F: Term<T>>(level: Level, x: &[T], y: &[T]) -> f64 {
    match threads::parts(x.len(), 2 * LEAST) {
        1 => dispatch_at(level, Total::<T, F>(x, y, PhantomData)),
        parts => total_in_parts::<T, F>(level, parts, x, y),
    }
}

/// The same sum, with the blocks computed by threads and added up in order by one.
#[cold]
fn total_in_parts<T: Plain, F: Term<T>>(level: Level, parts: usize, x: &[T], y: &[T]) -> f64 {
    /// Blocks that are computed before they are added up.
    const AT_ONCE: usize = 4096;
    let mut room = [0.0; AT_ONCE];
    let mut total = Compensated::default();
    for (x, y) in x.chunks(AT_ONCE * BLOCK).zip(y.chunks(AT_ONCE * BLOCK)) {
        let sums = &mut room[..x.len().div_ceil(BLOCK)];
        let blocks = BlockSums::<T, F> { x, y, sums: &mut *sums, term: PhantomData };
        threads::shared(parts, BLOCK, blocks, &|blocks| dispatch_at(level, blocks));
        sums.iter().for_each(|&sum| total.add(sum));
    }
    total.value()
}

#[inline(always)]
pub(super) fn wide<T: Plain>(x: T) -> f64 {
    x.to_f64().unwrap_or(f64::NAN)
}

#[inline(always)]
pub(super) fn narrow<T: Plain>(x: f64) -> T {
    T::from(x).unwrap_or_else(T::nan)
}

struct First;

impl<T: Plain> Term<T> for First {
    #[inline(always)]
    fn at<const FUSED: bool>(x: T, _: T) -> f64 {
        wide(x)
    }
}

#[inline]
pub(super) fn sum<T: Plain>(x: &[T]) -> T {
    narrow(total_at::<T, First>(level(), x, x))
}

pub(super) struct Product;

impl<T: Plain> Term<T> for Product {
    #[inline(always)]
    fn at<const FUSED: bool>(x: T, y: T) -> f64 {
        wide(x) * wide(y)
    }
}

#[inline]
pub(super) fn dot<T: Plain>(x: &[T], y: &[T]) -> T {
    assert_eq!(x.len(), y.len(), "dot: lengths of x and y must be equal");
    narrow(total_at::<T, Product>(level(), x, y))
}

#[inline]
pub(super) fn sum_of_squares<T: Plain>(x: &[T]) -> T {
    narrow(total_at::<T, Product>(level(), x, x))
}

struct Axpby<'a, T>(T, &'a [T], T, &'a mut [T]);

impl<T: Plain> Pass for Axpby<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self(alpha, x, beta, y) = self;
        for (y, &x) in y.iter_mut().zip(x) {
            *y = mul_add::<T, FUSED>(alpha, x, beta * *y);
        }
    }
}

#[inline]
pub(super) fn axpby<T: Plain>(alpha: T, x: &[T], beta: T, y: &mut [T]) {
    assert_eq!(x.len(), y.len(), "axpby: lengths of x and y must be equal");
    in_parts(LEAST, LINE, (x, y), |(x, y)| dispatch_at(level(), Axpby(alpha, x, beta, y)));
}

struct Axpy<'a, T>(T, &'a [T], &'a mut [T]);

impl<T: Plain> Pass for Axpy<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self(alpha, x, y) = self;
        for (y, &x) in y.iter_mut().zip(x) {
            *y = mul_add::<T, FUSED>(alpha, x, *y);
        }
    }
}

#[inline]
pub(super) fn axpy<T: Plain>(alpha: T, x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len(), "axpy: lengths of x and y must be equal");
    in_parts(LEAST, LINE, (x, y), |(x, y)| dispatch_at(level(), Axpy(alpha, x, y)));
}

/// Sums of the columns from `first` on, as many as `out` is long.
struct ColumnSums<'a, T> {
    x: &'a [T],
    columns: usize,
    first: usize,
    beta: T,
    out: &'a mut [T],
}

impl<T: Plain> Pass for ColumnSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { x, columns, first, beta, mut out } = self;
        let mut from = first;
        while !out.is_empty() {
            // Wide strips first: every strip is a pass over all of `x`.
            let done = match out.len() {
                64.. => strip::<T, 64, FUSED>(x, columns, from, beta, out),
                16.. => strip::<T, 16, FUSED>(x, columns, from, beta, out),
                4.. => strip::<T, 4, FUSED>(x, columns, from, beta, out),
                _ => strip::<T, 1, FUSED>(x, columns, from, beta, out),
            };
            from += done;
            out = &mut out[done..];
        }
    }
}

impl<T: Plain> Cut for ColumnSums<'_, T> {
    fn length(&self) -> usize {
        self.out.len()
    }

    fn cut(self, at: usize) -> (Self, Self) {
        let (out, rest) = self.out.split_at_mut(at);
        (ColumnSums { out, ..self }, ColumnSums { first: self.first + at, out: rest, ..self })
    }
}

/// Sums of the columns `from..from + WIDTH`, the first of `out`; returns `WIDTH`.
#[inline(always)]
fn strip<T: Plain, const WIDTH: usize, const FUSED: bool>(
    x: &[T],
    columns: usize,
    from: usize,
    beta: T,
    out: &mut [T],
) -> usize {
    let mut sums = [0.0; WIDTH];
    for row in x.chunks_exact(columns) {
        for (sum, &x) in sums.iter_mut().zip(&row[from..from + WIDTH]) {
            *sum += wide(x);
        }
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        let sum = narrow::<T>(sum);
        *out = if beta.is_zero() { sum } else { mul_add::<T, FUSED>(beta, *out, sum) };
    }
    WIDTH
}

#[inline]
pub(super) fn column_sums<T: Plain>(x: &[T], columns: usize, beta: T, out: &mut [T]) {
    assert_eq!(out.len(), columns, "column_sums: length of out must be columns");
    assert!(
        if columns == 0 { x.is_empty() } else { x.len().is_multiple_of(columns) },
        "column_sums: x must be whole rows of {columns}, got {} elements",
        x.len()
    );
    let sums = ColumnSums { x, columns, first: 0, beta, out };
    match threads::parts(x.len(), LEAST) {
        1 => dispatch_at(level(), sums),
        // Strips of the greatest width.
        parts => threads::shared(parts, 64, sums, &|sums| dispatch_at(level(), sums)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    fn numbers<T: Plain>(count: usize) -> Vec<T> {
        (0..count).map(|i| narrow((i * 7919 % 1009) as f64 / 1009.0 - 0.3)).collect()
    }

    /// The sum to some 100 bits: a chain of Neumaier additions, one element at a time.
    fn exact<T: Plain>(x: &[T]) -> f64 {
        let mut sum = Compensated::default();
        x.iter().for_each(|&x| sum.add(wide(x)));
        sum.value()
    }

    #[test]
    fn a_sum_of_a_million_is_as_good_as_exact() {
        let x = numbers::<f32>(1_000_003);
        let y = numbers::<f64>(1_000_003);
        for level in LEVELS {
            assert_eq!(total_at::<f32, First>(level, &x, &x) as f32, exact(&x) as f32);
            let (got, want) = (total_at::<f64, First>(level, &y, &y), exact(&y));
            assert!((got - want).abs() <= 2.0 * f64::EPSILON * want, "{got} {want}");
        }
    }

    #[test]
    fn large_numbers_that_cancel_leave_the_small_one() {
        let mut x = vec![0.0; 5000];
        (x[0], x[2000], x[4900]) = (1e30, 1.0, -1e30);
        assert_eq!(sum(&x), 1.0);
    }

    #[test]
    fn sums_of_all_short_lengths_agree_with_a_plain_loop_at_every_level() {
        let (x, y) = (numbers::<f64>(2100), numbers::<f64>(2200));
        for n in (0..70).chain([1023, 1024, 1025, 2047, 2100]) {
            let (x, y) = (&x[..n], &y[100..100 + n]);
            let products: Vec<f64> = x.iter().zip(y).map(|(x, y)| x * y).collect();
            let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
            for level in LEVELS {
                assert!((total_at::<f64, First>(level, x, x) - exact(x)).abs() < 1e-12);
                assert!((total_at::<f64, Product>(level, x, y) - exact(&products)).abs() < 1e-12);
                assert!((total_at::<f64, Product>(level, x, x) - exact(&squares)).abs() < 1e-12);
                assert_eq!(total_at::<f64, Product>(level, x, y), dot(x, y), "order depends on the level");
            }
        }
    }

    #[test]
    fn sums_of_infinities_are_infinite_and_nan_goes_through() {
        const INF: f64 = f64::INFINITY;
        assert_eq!(sum(&[1.0, INF, 2.0]), INF);
        assert_eq!(sum(&[f64::MAX, f64::MAX, 1.0]), INF);
        assert_eq!(sum(&[f32::MAX, f32::MAX]), f32::INFINITY);
        assert!(sum(&[INF, -INF]).is_nan());
        assert!(sum(&[f32::NAN, 1.0]).is_nan());
        assert_eq!(sum::<f32>(&[]), 0.0);
    }

    #[test]
    fn axpy_agrees_with_a_plain_loop_at_every_length() {
        let x = numbers::<f32>(70);
        for n in 0..70 {
            for level in LEVELS {
                let mut y = vec![2.0; n];
                dispatch_at(level, Axpy(0.5, &x[..n], &mut y));
                for (y, x) in y.iter().zip(&x) {
                    // A half of x is exact, so one rounding and two give the same.
                    assert_eq!(*y, 2.0 + 0.5 * x);
                }
            }
        }
    }

    #[test]
    fn axpby_agrees_with_a_plain_loop_at_every_length() {
        let x = numbers::<f32>(70);
        for n in 0..70 {
            for level in LEVELS {
                let mut y = vec![2.0; n];
                dispatch_at(level, Axpby(0.5, &x[..n], 0.25, &mut y));
                for (y, x) in y.iter().zip(&x) {
                    assert_eq!(*y, 0.5 + 0.5 * x);
                }
            }
        }
    }

    #[test]
    fn column_sums_agree_with_a_plain_loop_for_all_widths() {
        for columns in (0..36).chain([63, 64, 65]) {
            for rows in [0, 1, 2, 7, 50] {
                let x = numbers::<f32>(rows * columns);
                for beta in [0.0, 1.0, -2.0] {
                    for level in LEVELS {
                        let mut out = vec![if beta == 0.0 { f32::NAN } else { 3.0 }; columns];
                        let pass = ColumnSums { x: &x, columns, first: 0, beta, out: &mut out };
                        dispatch_at(level, pass);
                        for (j, &out) in out.iter().enumerate() {
                            let column: Vec<f32> = (0..rows).map(|i| x[i * columns + j]).collect();
                            let want = exact(&column) as f32 + if beta == 0.0 { 0.0 } else { beta * 3.0 };
                            assert!((out - want).abs() <= 2e-6, "{columns} {rows} {beta}: {out} {want}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "column_sums: x must be whole rows of 2, got 3 elements")]
    fn a_part_of_a_row_is_refused() {
        column_sums(&[1.0, 2.0, 3.0], 2, 0.0, &mut [0.0, 0.0]);
    }
}
