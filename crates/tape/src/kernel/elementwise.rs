//! Functions of one number, over slices.
//!
//! Vectors of all widths and the rest of a slice that fills no vector go through the same arithmetic: the value of an element
//! depends on nothing but that element.

use super::Plain;
use super::float;
use super::level::{Level, Pass, dispatch_at, level};
use super::threads::{LEAST, LINE, in_parts};
use std::marker::PhantomData;

/// A function of one number that can be compiled with and without fused multiply-add.
pub(super) trait Function<T> {
    /// Its value at `x`.
    fn at<const FUSED: bool>(x: T) -> T;
}

/// `y[i] = F(x[i])`.
struct Map<'a, T, F> {
    x: &'a [T],
    y: &'a mut [T],
    function: PhantomData<F>,
}

impl<T: Plain, F: Function<T>> Pass for Map<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            *y = F::at::<FUSED>(x);
        }
    }
}

#[inline]
fn map_at<T: Plain, F: Function<T>>(level: Level, x: &[T], y: &mut [T], name: &str) {
    assert_eq!(x.len(), y.len(), "{name}: lengths of x and y must be equal");
    in_parts(LEAST, LINE, (x, y), |(x, y)| dispatch_at(level, Map::<T, F> { x, y, function: PhantomData }));
}

/// Declares a function over slices, and the type through which it is compiled.
macro_rules! elementwise {
    ($name:ident, $marker:ident) => {
        struct $marker;

        impl<T: Plain> Function<T> for $marker {
            #[inline(always)]
            fn at<const FUSED: bool>(x: T) -> T {
                float::$name::<T, FUSED>(x)
            }
        }

        #[inline]
        pub(super) fn $name<T: Plain>(x: &[T], y: &mut [T]) {
            map_at::<T, $marker>(level(), x, y, stringify!($name));
        }
    };
}

elementwise!(exp, Exp);

elementwise!(sigmoid, Sigmoid);

elementwise!(tanh, Tanh);

elementwise!(softplus, Softplus);

elementwise!(ln, Ln);

#[cfg(test)]
mod tests {
    use super::super::oracle::{self, Double, ulps_f32, ulps_f64};
    use super::*;

    type Reference32 = fn(f64) -> f64;
    type Reference64 = fn(f64) -> Double;

    const LEVELS: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    fn one<T: Plain, F: Function<T>>(level: Level, x: T) -> T {
        let mut y = [T::nan()];
        map_at::<T, F>(level, &[x], &mut y, "test");
        y[0]
    }

    /// Every 1009th `f32` there is, against the function in `f64`.
    fn worst_f32<F: Function<f32>>(level: Level, reference: Reference32) -> (f64, f32) {
        let mut worst = (0.0, 0.0);
        let mut y = [0.0; 4099];
        let mut bits = 0;
        while bits <= u64::from(u32::MAX) {
            let x: [f32; 4099] = std::array::from_fn(|i| {
                let bits = (bits + i as u64 * STEP).min(u64::from(u32::MAX));
                f32::from_bits(bits as u32)
            });
            map_at::<f32, F>(level, &x, &mut y, "test");
            for (&x, &y) in x.iter().zip(&y) {
                let error = ulps_f32(y, reference(f64::from(x)));
                if error > worst.0 {
                    worst = (error, x);
                }
            }
            bits += 4099 * STEP;
        }
        worst
    }
    const STEP: u64 = 1009;

    /// Numbers of all magnitudes and signs in which the function is not constant, against double-double arithmetic.
    fn worst_f64<F: Function<f64>>(level: Level, reference: Reference64, from: f64, to: f64) -> (f64, f64) {
        const COUNT: usize = 20_011;
        let x: Vec<f64> = (0..COUNT)
            .map(|i| {
                let t = i as f64 / (COUNT - 1) as f64;
                match i % 4 {
                    0 => from + (to - from) * t,
                    1 => -8.0 + 16.0 * t,
                    2 => (t * 1300.0 - 700.0).exp2() * if i % 8 == 2 { 1.0 } else { -1.0 },
                    _ => (t - 0.5) * 3.0,
                }
            })
            .filter(|x| (from..=to).contains(x))
            .collect();
        let mut y = vec![0.0; x.len()];
        map_at::<f64, F>(level, &x, &mut y, "test");
        let mut worst = (0.0, 0.0);
        for (&x, &y) in x.iter().zip(&y) {
            let error = ulps_f64(y, reference(x));
            if error > worst.0 {
                worst = (error, x);
            }
        }
        worst
    }

    fn check<F: Function<f32> + Function<f64>>(
        name: &str,
        (reference_32, reference_64): (Reference32, Reference64),
        (from, to): (f64, f64),
        (bound, bound_portable): (f64, f64),
    ) {
        for level in LEVELS {
            let bound = if level == Level::Portable { bound_portable } else { bound };
            let (error, x) = worst_f32::<F>(level, reference_32);
            println!("{name} f32 {level:?}: {error:.4} ulp at {x:e}");
            assert!(error <= bound, "{name} f32 {level:?}: {error} ulp at {x:e}");
            let (error, x) = worst_f64::<F>(level, reference_64, from, to);
            println!("{name} f64 {level:?}: {error:.4} ulp at {x:e}");
            assert!(error <= bound, "{name} f64 {level:?}: {error} ulp at {x:e}");
        }
    }

    #[test]
    fn exp_is_within_1_ulp() {
        check::<Exp>("exp", (f64::exp, oracle::exp), (-750.0, 715.0), (1.0, 1.1));
    }

    #[test]
    fn sigmoid_is_within_2_ulp() {
        let reference = |x: f64| {
            let e = (-x.abs()).exp();
            (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
        };
        check::<Sigmoid>("sigmoid", (reference, oracle::sigmoid), (-750.0, 50.0), (2.0, 2.1));
    }

    #[test]
    fn tanh_is_within_two_and_a_half_ulp() {
        check::<Tanh>("tanh", (f64::tanh, oracle::tanh), (-25.0, 25.0), (2.5, 2.5));
    }

    #[test]
    fn softplus_is_within_2_ulp() {
        let reference = |x: f64| {
            if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }
        };
        check::<Softplus>("softplus", (reference, oracle::softplus), (-750.0, 750.0), (2.0, 2.1));
    }

    #[test]
    fn ln_is_within_2_ulp() {
        check::<Ln>("ln", (f64::ln, oracle::ln), (1e-200, f64::MAX), (2.0, 2.0));
    }

    /// Same number, counting every NaN as one and telling the zeros apart.
    fn same(a: f64, b: f64) -> bool {
        a.is_nan() && b.is_nan() || a == b && a.is_sign_negative() == b.is_sign_negative()
    }

    #[test]
    fn extremes_have_their_limits() {
        const INF: f64 = f64::INFINITY;
        const NAN: f64 = f64::NAN;
        fn all<F: Function<f32> + Function<f64>>(name: &str, cases: &[(f64, f64)]) {
            for level in LEVELS {
                for &(x, y) in cases {
                    let got = one::<f64, F>(level, x);
                    assert!(same(got, y), "{name}({x}) is {got} in f64 at {level:?}");
                    let got = f64::from(one::<f32, F>(level, x as f32));
                    assert!(same(got, f64::from(y as f32)), "{name}({x}) is {got} in f32 at {level:?}");
                }
            }
        }
        all::<Exp>(
            "exp",
            &[(-INF, 0.0), (INF, INF), (NAN, NAN), (0.0, 1.0), (-0.0, 1.0), (1000.0, INF), (-1000.0, 0.0)],
        );
        all::<Sigmoid>(
            "sigmoid",
            &[(-INF, 0.0), (INF, 1.0), (NAN, NAN), (0.0, 0.5), (-1000.0, 0.0), (1000.0, 1.0)],
        );
        all::<Tanh>(
            "tanh",
            &[(-INF, -1.0), (INF, 1.0), (NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (1e-20, 1e-20), (-50.0, -1.0)],
        );
        all::<Softplus>("softplus", &[(-INF, 0.0), (INF, INF), (NAN, NAN), (1000.0, 1000.0), (-1000.0, 0.0)]);
        all::<Ln>(
            "ln",
            &[(-INF, NAN), (INF, INF), (NAN, NAN), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (1.0, 0.0)],
        );
    }

    #[test]
    fn subnormal_numbers_are_neither_flushed_nor_lost() {
        for level in LEVELS {
            let least = f64::from_bits(1);
            assert_eq!(one::<f64, Tanh>(level, least), least);
            assert_eq!(one::<f64, Exp>(level, -745.0), least);
            assert_eq!(one::<f64, Sigmoid>(level, -745.0), least);
            assert!((one::<f64, Ln>(level, least) - least.ln()).abs() < 1e-12);
        }
    }

    #[test]
    fn an_element_depends_on_itself_only_at_any_length_and_alignment() {
        let x: Vec<f32> = (0..131).map(|i| i as f32 * 0.37 - 20.0).collect();
        for level in LEVELS {
            for from in 0..9 {
                for to in from..x.len() {
                    let mut y = vec![f32::NAN; to - from];
                    map_at::<f32, Sigmoid>(level, &x[from..to], &mut y, "test");
                    for (&x, &y) in x[from..to].iter().zip(&y) {
                        assert_eq!(y.to_bits(), one::<f32, Sigmoid>(level, x).to_bits());
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "exp: lengths of x and y must be equal")]
    fn lengths_that_differ_are_refused() {
        exp(&[1.0], &mut [1.0, 2.0]);
    }
}
