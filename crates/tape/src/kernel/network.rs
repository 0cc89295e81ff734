//! Passes that networks make often, each fused into one loop over its slices.

use super::Plain;
use super::float::{log_1p_exp, sigmoid};
use super::level::{Pass, dispatch, level};
use super::reduce::{Term, narrow, total_at};
use super::threads::{LEAST, LINE, in_parts};

struct SigmoidGradient<'a, T>(&'a [T], &'a [T], &'a mut [T]);

impl<T: Plain> Pass for SigmoidGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self(a, a_bar, z_bar) = self;
        for ((z_bar, &a), &a_bar) in z_bar.iter_mut().zip(a).zip(a_bar) {
            *z_bar = a_bar * (a * (T::one() - a));
        }
    }
}

#[inline]
pub(super) fn sigmoid_gradient<T: Plain>(a: &[T], a_bar: &[T], z_bar: &mut [T]) {
    assert!(
        a.len() == a_bar.len() && a.len() == z_bar.len(),
        "sigmoid_gradient: lengths of a, a_bar and z_bar must be equal, got {}, {} and {}",
        a.len(),
        a_bar.len(),
        z_bar.len()
    );
    in_parts(LEAST, LINE, (a, a_bar, z_bar), |(a, a_bar, z_bar)| dispatch(SigmoidGradient(a, a_bar, z_bar)));
}

struct TimesSigmoidSlope<'a, T>(&'a [T], &'a mut [T]);

impl<T: Plain> Pass for TimesSigmoidSlope<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for (bar, &a) in self.1.iter_mut().zip(self.0) {
            *bar = *bar * (a * (T::one() - a));
        }
    }
}

#[inline]
pub(super) fn times_sigmoid_slope<T: Plain>(a: &[T], bar: &mut [T]) {
    assert_eq!(a.len(), bar.len(), "times_sigmoid_slope: lengths of a and bar must be equal");
    in_parts(LEAST, LINE, (a, bar), |(a, bar)| dispatch(TimesSigmoidSlope(a, bar)));
}

fn must_be_whole_rows<T>(name: &str, z: &[T], bias: &[T]) {
    let (elements, columns) = (z.len(), bias.len());
    // No multiple of 0 but 0 itself.
    assert!(
        elements.is_multiple_of(columns),
        "{name}: z must be whole rows of {columns}, got {elements} elements"
    );
}

struct AddBias<'a, T>(&'a mut [T], &'a [T]);

impl<T: Plain> Pass for AddBias<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for row in self.0.chunks_exact_mut(self.1.len()) {
            for (z, &b) in row.iter_mut().zip(self.1) {
                *z = *z + b;
            }
        }
    }
}

#[inline]
pub(super) fn add_bias<T: Plain>(z: &mut [T], bias: &[T]) {
    must_be_whole_rows("add_bias", z, bias);
    if !bias.is_empty() {
        in_parts(LEAST, bias.len(), z, |rows| dispatch(AddBias(rows, bias)));
    }
}

struct AddBiasSigmoid<'a, T>(&'a mut [T], &'a [T]);

impl<T: Plain> Pass for AddBiasSigmoid<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self(z, bias) = self;
        // Rows in one pass of short loops, then σ over a block that is still in cache: σ fills its vectors
        // whatever the length of a row.
        let rows = (1024 / bias.len()).max(1);
        for block in z.chunks_mut(rows * bias.len()) {
            for row in block.chunks_exact_mut(bias.len()) {
                for (z, &b) in row.iter_mut().zip(bias) {
                    *z = *z + b;
                }
            }
            for z in block {
                *z = sigmoid::<T, FUSED>(*z);
            }
        }
    }
}

#[inline]
pub(super) fn add_bias_sigmoid<T: Plain>(z: &mut [T], bias: &[T]) {
    must_be_whole_rows("add_bias_sigmoid", z, bias);
    if !bias.is_empty() {
        in_parts(LEAST, bias.len(), z, |rows| dispatch(AddBiasSigmoid(rows, bias)));
    }
}

struct SigmoidCrossEntropy;

impl<T: Plain> Term<T> for SigmoidCrossEntropy {
    #[inline(always)]
    fn at<const FUSED: bool>(z: T, y: T) -> f64 {
        let tail = log_1p_exp::<T, FUSED>(-z.abs());
        // max(z, 0) - y z without a difference of large numbers where y is 1.
        let linear = if z > T::zero() { (T::one() - y) * z } else { -y * z };
        (linear + tail).to_f64().unwrap_or(f64::NAN)
    }
}

#[inline]
pub(super) fn sigmoid_cross_entropy<T: Plain>(z: &[T], y: &[T]) -> T {
    assert_eq!(z.len(), y.len(), "sigmoid_cross_entropy: lengths of z and y must be equal");
    narrow(total_at::<T, SigmoidCrossEntropy>(level(), z, y))
}

struct SigmoidCrossEntropyGradient<'a, T>(&'a [T], &'a [T], T, &'a mut [T]);

impl<T: Plain> Pass for SigmoidCrossEntropyGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self(z, y, scale, z_bar) = self;
        for ((z_bar, &z), &y) in z_bar.iter_mut().zip(z).zip(y) {
            *z_bar = scale * (sigmoid::<T, FUSED>(z) - y);
        }
    }
}

#[inline]
pub(super) fn sigmoid_cross_entropy_gradient<T: Plain>(z: &[T], y: &[T], scale: T, z_bar: &mut [T]) {
    assert!(
        z.len() == y.len() && z.len() == z_bar.len(),
        "sigmoid_cross_entropy_gradient: lengths of z, y and z_bar must be equal, got {}, {} and {}",
        z.len(),
        y.len(),
        z_bar.len()
    );
    in_parts(LEAST, LINE, (z, y, z_bar), |(z, y, z_bar)| {
        dispatch(SigmoidCrossEntropyGradient(z, y, scale, z_bar));
    });
}

#[cfg(test)]
mod tests {
    use super::super::level::{Level, dispatch_at};
    use super::super::{sigmoid as map_sigmoid, softplus};
    use super::*;

    const LEVELS: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    fn logits(count: usize) -> Vec<f64> {
        (0..count).map(|i| (i * 37 % 101) as f64 * 0.4 - 20.0).collect()
    }

    fn targets(count: usize) -> Vec<f64> {
        (0..count).map(|i| [0.0, 1.0, 0.25][i % 3]).collect()
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-14 * b.abs().max(1e-3), "{a} against {b}");
    }

    #[test]
    fn the_gradient_of_sigmoid_is_that_of_the_formula() {
        for n in 0..40 {
            let (a, a_bar) = (targets(n), logits(n));
            for level in LEVELS {
                let mut z_bar = vec![f64::NAN; n];
                dispatch_at(level, SigmoidGradient(&a, &a_bar, &mut z_bar));
                for i in 0..n {
                    near(z_bar[i], a_bar[i] * a[i] * (1.0 - a[i]));
                }
            }
        }
    }

    #[test]
    fn bias_and_sigmoid_are_those_of_the_separate_steps_for_all_widths() {
        for columns in (1..35).chain([1000, 1500]) {
            for rows in [0, 1, 3, 50] {
                let (z, bias) = (logits(rows * columns), targets(columns));
                let sums: Vec<f64> = z.iter().enumerate().map(|(i, z)| z + bias[i % columns]).collect();
                let mut want = vec![0.0; z.len()];
                map_sigmoid(&sums, &mut want);
                let mut got = z.clone();
                add_bias_sigmoid(&mut got, &bias);
                assert_eq!(got, want, "{rows} rows of {columns}");
                let mut got = z;
                dispatch_at(Level::Portable, AddBiasSigmoid(&mut got, &bias));
                got.iter().zip(&want).for_each(|(&a, &b)| near(a, b));
            }
        }
        add_bias_sigmoid::<f32>(&mut [], &[]);
    }

    #[test]
    fn cross_entropy_is_the_sum_of_softplus_minus_the_target_times_the_logit() {
        for n in (0..40).chain([1023, 2000]) {
            let (z, y) = (logits(n), targets(n));
            let mut plus = vec![0.0; n];
            softplus(&z, &mut plus);
            let want: f64 = (0..n).map(|i| plus[i] - y[i] * z[i]).sum();
            for level in LEVELS {
                let got = total_at::<f64, SigmoidCrossEntropy>(level, &z, &y);
                assert!((got - want).abs() <= 1e-12 * want.abs(), "{got} against {want}");
            }
        }
    }

    #[test]
    fn cross_entropy_keeps_its_digits_at_every_logit() {
        // Against 1, a logit of 40 costs ln(1 + e^-40), which softplus(40) - 40 would lose.
        near(sigmoid_cross_entropy(&[40.0], &[1.0]), (-40.0_f64).exp());
        near(sigmoid_cross_entropy(&[-700.0], &[0.0]), (-700.0_f64).exp());
        assert_eq!(sigmoid_cross_entropy(&[1e30_f32, -1e30], &[1.0, 0.0]), 0.0);
        assert_eq!(sigmoid_cross_entropy(&[1e30_f32], &[0.0]), 1e30);
        assert_eq!(sigmoid_cross_entropy(&[f64::INFINITY], &[0.0]), f64::INFINITY);
        assert!(sigmoid_cross_entropy(&[f64::NAN], &[1.0]).is_nan());
    }

    #[test]
    fn the_gradient_of_cross_entropy_is_a_difference_of_its_values() {
        let (z, y) = (logits(33), targets(33));
        for level in LEVELS {
            let mut z_bar = vec![f64::NAN; 33];
            dispatch_at(level, SigmoidCrossEntropyGradient(&z, &y, 3.0, &mut z_bar));
            for i in 0..33 {
                let at = |dz: f64| sigmoid_cross_entropy(&[z[i] + dz], &y[i..=i]);
                let h = 1e-5;
                let difference = 3.0 * (at(h) - at(-h)) / (2.0 * h);
                assert!((z_bar[i] - difference).abs() < 1e-8, "{} {difference}", z_bar[i]);
            }
        }
    }
}
