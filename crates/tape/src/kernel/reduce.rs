//! Sums of slices, in an order that is fixed once and for all, and the update `y += alpha · x`.
//!
//! Sums run in `f64` for both types: a block of 1024 elements in 16 interleaved lanes, and the sums of the blocks with a
//! compensation for the rounding of each addition (Neumaier 1974).

use super::Element;
use super::float::mul_add;
use super::level::{Pass, dispatch_at, level};

/// Interleaved partial sums of a block.
const LANES: usize = 16;
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
        self.lost += if self.sum.abs() >= x.abs() {
            self.sum - sum + x
        } else {
            x - sum + self.sum
        };
        self.sum = sum;
    }

    /// The sum, corrected. An infinity or NaN stays what it is: its correction has no meaning.
    #[inline(always)]
    pub(super) fn value(self) -> f64 {
        if self.sum.is_finite() {
            self.sum + self.lost
        } else {
            self.sum
        }
    }
}

/// Adds up `term(x, y)` over the pairs of two slices of equal length.
#[inline(always)]
pub(super) fn sum_of<T: Element>(x: &[T], y: &[T], term: impl Fn(T, T) -> f64) -> f64 {
    let mut total = Compensated::default();
    for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
        let mut lanes = [0.0; LANES];
        let (x_whole, x_rest) = x.as_chunks::<LANES>();
        let (y_whole, y_rest) = y.as_chunks::<LANES>();
        for (x, y) in x_whole.iter().zip(y_whole) {
            for i in 0..LANES {
                lanes[i] += term(x[i], y[i]);
            }
        }
        for (lane, (&x, &y)) in lanes.iter_mut().zip(x_rest.iter().zip(y_rest)) {
            *lane += term(x, y);
        }
        let mut half = LANES / 2;
        while half > 0 {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
            half /= 2;
        }
        total.add(lanes[0]);
    }
    total.value()
}

#[inline(always)]
fn wide<T: Element>(x: T) -> f64 {
    x.to_f64().unwrap_or(f64::NAN)
}

#[inline(always)]
pub(super) fn narrow<T: Element>(x: f64) -> T {
    T::from(x).unwrap_or_else(T::nan)
}

struct Sum<'a, T>(&'a [T]);

impl<T: Element> Pass for Sum<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> T {
        narrow(sum_of(self.0, self.0, |x, _| wide(x)))
    }
}

/// Σ `x[i]`: 0 for an empty slice.
///
/// Error below 1 ulp of the result for `f32`; for `f64` at most `70 · u · Σ|x|` with u = 2⁻⁵³, whatever the length.
///
/// ```
/// assert_eq!(tape::kernel::sum(&[0.5_f32; 5]), 2.5);
/// ```
#[inline]
pub fn sum<T: Element>(x: &[T]) -> T {
    dispatch_at(level(), Sum(x))
}

struct Dot<'a, T>(&'a [T], &'a [T]);

impl<T: Element> Pass for Dot<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> T {
        narrow(sum_of(self.0, self.1, |x, y| wide(x) * wide(y)))
    }
}

/// Σ `x[i] · y[i]`, with the error of [`sum`] (products of `f32` are exact in `f64`).
///
/// ```
/// assert_eq!(tape::kernel::dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// ```
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn dot<T: Element>(x: &[T], y: &[T]) -> T {
    assert_eq!(x.len(), y.len(), "dot: lengths of x and y must be equal");
    dispatch_at(level(), Dot(x, y))
}

/// Σ `x[i]`², with the error of [`sum`].
///
/// ```
/// assert_eq!(tape::kernel::sum_of_squares(&[3.0_f32, 4.0]), 25.0);
/// ```
#[inline]
pub fn sum_of_squares<T: Element>(x: &[T]) -> T {
    dispatch_at(level(), Dot(x, x))
}

struct Axpy<'a, T>(T, &'a [T], &'a mut [T]);

impl<T: Element> Pass for Axpy<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self(alpha, x, y) = self;
        for (y, &x) in y.iter_mut().zip(x) {
            *y = mul_add::<T, FUSED>(alpha, x, *y);
        }
    }
}

/// Adds `alpha · x[i]` to `y[i]`, rounding once where the processor has fused multiply-add.
///
/// ```
/// let mut y = [1.0, 2.0];
/// tape::kernel::axpy(-0.5, &[2.0, 4.0], &mut y);
/// assert_eq!(y, [0.0, 0.0]);
/// ```
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn axpy<T: Element>(alpha: T, x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len(), "axpy: lengths of x and y must be equal");
    dispatch_at(level(), Axpy(alpha, x, y));
}

struct ColumnSums<'a, T> {
    x: &'a [T],
    columns: usize,
    beta: T,
    out: &'a mut [T],
}

impl<T: Element> Pass for ColumnSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        const STRIP: usize = 16;
        let Self {
            x,
            columns,
            beta,
            out,
        } = self;
        for (strip, out) in out.chunks_mut(STRIP).enumerate() {
            let from = strip * STRIP;
            let mut sums = [0.0; STRIP];
            if out.len() == STRIP {
                for row in x.chunks_exact(columns) {
                    for (sum, &x) in sums.iter_mut().zip(&row[from..from + STRIP]) {
                        *sum += wide(x);
                    }
                }
            } else {
                for row in x.chunks_exact(columns) {
                    for (sum, &x) in sums.iter_mut().zip(&row[from..]) {
                        *sum += wide(x);
                    }
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                let sum = narrow::<T>(sum);
                *out = if beta.is_zero() {
                    sum
                } else {
                    mul_add::<T, FUSED>(beta, *out, sum)
                };
            }
        }
    }
}

/// Sets `out[j]` to `beta · out[j] + Σ_i x[i, j]`, where `x` is `(rows, columns)`; with `beta == 0`, `out` is not read.
///
/// The rows are added in order, in `f64` for both types.
///
/// ```
/// let mut out = [f64::NAN; 2];
/// tape::kernel::column_sums(&[1.0, 2.0, 3.0, 4.0], 2, 0.0, &mut out);
/// assert_eq!(out, [4.0, 6.0]);
/// ```
///
/// # Panics
/// If `out` does not have `columns` elements, or `x` is no whole number of rows.
#[inline]
pub fn column_sums<T: Element>(x: &[T], columns: usize, beta: T, out: &mut [T]) {
    assert_eq!(
        out.len(),
        columns,
        "column_sums: length of out must be columns"
    );
    assert!(
        if columns == 0 {
            x.is_empty()
        } else {
            x.len().is_multiple_of(columns)
        },
        "column_sums: x must be whole rows of {columns}, got {} elements",
        x.len()
    );
    dispatch_at(
        level(),
        ColumnSums {
            x,
            columns,
            beta,
            out,
        },
    );
}
