//! Values are those of `f64`'s methods, and NaN and infinities go through by the rules of IEEE.

use super::extremes::{INF, NAN};
use super::{Subject, Visit, each_primitive};
use crate::{Elementary, Real, Var};

const POINTS: [f64; 20] = [
    -INF, -1e300, -2.5, -1.5, -1.0, -0.5, -1e-300, -0.0, 0.0, 1e-300, 0.3, 0.5, 1.0, 1.5, 2.5, 7.0, 1e16,
    1e300, INF, NAN,
];

/// Whether two numbers are the same, of two values that may be NaN, or within 2 ulp.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) || super::near(a, b, 5e-16)
}

#[test]
fn methods_of_one_number_are_those_of_f64() {
    macro_rules! check {
        ($($name:ident),*) => {
            $(for x in POINTS {
                let (got, want) = (Elementary::$name(x), f64::$name(x));
                assert!(same(got, want), concat!(stringify!($name), " of {} is {}, of std {}"), x, got, want);
            })*
        };
    }
    check!(
        recip, sqrt, cbrt, abs, signum, floor, ceil, round, trunc, fract, exp, exp2, exp_m1, ln, log2, log10,
        ln_1p, sin, cos, tan, asin, acos, atan, to_degrees, to_radians, sinh, cosh, tanh, asinh, acosh,
        atanh
    );
    // The sign of a zero.
    for x in [-0.25_f64, -0.0, 0.25] {
        assert_eq!(Elementary::round(x).to_bits(), x.round().to_bits());
        assert_eq!(Elementary::ceil(x).to_bits(), x.ceil().to_bits());
        assert_eq!(Elementary::trunc(x).to_bits(), x.trunc().to_bits());
    }
    for x in POINTS {
        assert!(same(Elementary::sin_cos(x).0, x.sin()) && same(Elementary::sin_cos(x).1, x.cos()));
    }
}

#[test]
fn methods_of_two_numbers_are_those_of_f64() {
    macro_rules! check {
        ($($name:ident),*) => {
            $(for (a, b) in POINTS.into_iter().flat_map(|a| POINTS.map(|b| (a, b))) {
                let (got, want) = (Elementary::$name(a, b), f64::$name(a, b));
                assert!(same(got, want), concat!(stringify!($name), " of {} and {} is {}, of std {}"), a, b, got, want);
            })*
        };
    }
    check!(powf, hypot, atan2, copysign, rem_euclid, max, min, log);
    for (a, b) in POINTS.into_iter().flat_map(|a| POINTS.map(|b| (a, b))) {
        assert!(same((Var::from(a) % Var::from(b)).value(), a % b), "{a} % {b}");
        if let (true, x) = (a <= b, 0.75) {
            assert_eq!(Elementary::clamp(x, a, b), x.clamp(a, b), "{a} ≤ {x} ≤ {b}");
        }
        assert_eq!(Var::from(a).total_cmp(&Var::from(b)), a.total_cmp(&b));
    }
}

/// Arguments whose NaN a primitive passes over: it chooses, or the value does not depend on them.
fn passes_over(name: &str, argument: usize) -> bool {
    match name.split(' ').next().unwrap_or_default() {
        "max" | "min" | "heaviside" | "gate" | "greater" | "greater_equal" | "less" | "less_equal"
        | "equal" | "not_equal" => true,
        "select" => argument != 1,
        "copysign" => argument == 1,
        "powi" => name.ends_with("(0)"),
        _ => false,
    }
}

struct NanAndInfinity;
impl Visit for NanAndInfinity {
    fn visit<const N: usize>(&mut self, p: &Subject<N>) {
        let sample = *p.samples.last().expect("samples");
        for k in 0..N {
            for wrong in [NAN, INF, -INF] {
                let mut x = sample;
                x[k] = wrong;
                let y = (p.value)(x);
                assert!(
                    !wrong.is_nan() || y.is_nan() || passes_over(&p.name, k),
                    "{} of {x:?} is {y}",
                    p.name
                );
                // Whatever they are, partials can be computed.
                let _ = p.partials(x);
            }
        }
    }
}

#[test]
fn nan_goes_through_values_by_the_rules_of_ieee() {
    each_primitive(usize::MAX, &mut NanAndInfinity);
    assert_eq!(Elementary::powi(NAN, 0), 1.0);
    assert_eq!(Elementary::powf(1.0, NAN), 1.0);
}
