//! What gradients are clipped by: the norm, and the passes that bring numbers back into a range.

use super::Plain;
use super::level::{Pass, dispatch, level};
use super::reduce::{Compensated, Product, total_at, wide};
use super::threads::{LEAST, LINE, in_parts};

pub(super) fn norm<T: Plain>(x: &[T]) -> f64 {
    // Squares at least this large have lost nothing to underflow that would show.
    const LEAST_SQUARE: f64 = 1e-280;
    let squares = total_at::<T, Product>(level(), x, x);
    if squares.is_nan() || (squares.is_finite() && squares >= LEAST_SQUARE) {
        return squares.sqrt();
    }
    scaled_norm(x)
}

/// The norm where the squares leave the range of `f64`.
#[cold]
fn scaled_norm<T: Plain>(x: &[T]) -> f64 {
    let greatest = x.iter().fold(0.0, |most: f64, &x| most.max(wide(x).abs()));
    if greatest == 0.0 || greatest.is_infinite() {
        return greatest;
    }
    let mut squares = Compensated::default();
    x.iter().for_each(|&x| squares.add((wide(x) / greatest).powi(2)));
    greatest * squares.value().sqrt()
}

struct Scale<'a, T>(T, &'a mut [T]);

impl<T: Plain> Pass for Scale<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for x in self.1 {
            *x = self.0 * *x;
        }
    }
}

pub(super) fn scale<T: Plain>(alpha: T, x: &mut [T]) {
    in_parts(LEAST, LINE, x, |x| dispatch(Scale(alpha, x)));
}

struct Clamp<'a, T>(T, &'a mut [T]);

impl<T: Plain> Pass for Clamp<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self(most, x) = self;
        for x in x {
            // Comparisons that NaN fails, so that it stays.
            let below = if *x > most { most } else { *x };
            *x = if below < -most { -most } else { below };
        }
    }
}

pub(super) fn clamp<T: Plain>(most: T, x: &mut [T]) {
    assert!(most >= T::zero(), "clamp: most must be a number from 0 up, got {most:?}");
    in_parts(LEAST, LINE, x, |x| dispatch(Clamp(most, x)));
}

#[cfg(test)]
mod tests {
    use super::super::level::{Level, dispatch_at};
    use super::*;

    const LEVELS: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    #[test]
    fn the_norm_neither_overflows_nor_underflows() {
        assert_eq!(norm(&[3e300, -4e300]), 5e300);
        assert_eq!(norm(&[3e-300, -4e-300]), 5e-300);
        assert_eq!(
            norm(&[3e30_f32, -4e30]),
            (f64::from(3e30_f32).powi(2) + f64::from(4e30_f32).powi(2)).sqrt()
        );
        let tiny = f64::from_bits(1);
        assert_eq!(norm(&[tiny]), tiny);
        assert_eq!(norm::<f64>(&[]), 0.0);
        assert_eq!(norm(&[0.0, -0.0]), 0.0);
        assert_eq!(norm(&[1.0, f64::NEG_INFINITY]), f64::INFINITY);
        assert!(norm(&[1e300, f64::NAN]).is_nan() && norm(&[f32::INFINITY, f32::NAN]).is_nan());
    }

    #[test]
    fn numbers_are_scaled_and_clamped_one_by_one_at_every_length_and_nan_stays() {
        for n in 0..70 {
            let x: Vec<f32> = (0..n).map(|i| (i * 37 % 23) as f32 - 11.0).collect();
            for level in LEVELS {
                let mut y = x.clone();
                dispatch_at(level, Scale(-0.5, &mut y));
                assert!(x.iter().zip(&y).all(|(x, y)| *y == -0.5 * x));
                let mut y = x.clone();
                dispatch_at(level, Clamp(4.0, &mut y));
                assert!(x.iter().zip(&y).all(|(x, y)| *y == x.clamp(-4.0, 4.0)));
            }
        }
        let mut x = [f64::INFINITY, f64::NAN, f64::NEG_INFINITY, -0.0];
        clamp(2.0, &mut x);
        assert_eq!((x[0], x[2], x[3].to_bits()), (2.0, -2.0, (-0.0_f64).to_bits()));
        assert!(x[1].is_nan());
    }

    #[test]
    #[should_panic(expected = "clamp: most must be a number from 0 up, got -1.0")]
    fn a_range_without_numbers_is_refused() {
        clamp(-1.0, &mut [0.0]);
    }
}
