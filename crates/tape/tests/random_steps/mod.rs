//! Random functions, for property tests: steps drawn by number, each of earlier values.
#![expect(dead_code, reason = "each test that includes this file draws from one of the two sets")]

use proptest::prelude::*;
use tape::Real;

/// One step: which function, of which earlier values. Every value may be used again, so programs fan out.
pub(crate) type Step = (u8, usize, usize, usize);

/// How many functions to draw from: those that are smooth everywhere, or all, kinks, choices and long forms included.
pub(crate) const SMOOTH: u8 = 22;
pub(crate) const ALL: u8 = 36;

/// What a step gives; bounded, so that nothing overflows and differences stay good.
pub(crate) fn apply<R: Real>(functions: u8, (what, i, j, k): Step, values: &[R]) -> R {
    let pick = |i: usize| values[i % values.len()];
    let (a, b, c) = (pick(i), pick(j), pick(k));
    let positive = a.powi(2).shift(0.5);
    let y = match what % functions {
        0 => -a,
        1 => positive.recip(),
        2 => positive.sqrt(),
        3 => a.exp(),
        4 => a.exp_m1(),
        5 => positive.ln(),
        6 => positive.ln_1p(),
        7 => a.sin(),
        8 => a.cos(),
        9 => a.sigmoid(),
        10 => a.softplus(),
        11 => a.powi(3),
        12 => a.scale(-1.5),
        13 => a.shift(0.25),
        14 => a + b,
        15 => a - b,
        16 => a * b,
        17 => a / b.powi(2).shift(0.5),
        18 => positive.powf(b),
        19 => a.mul_add(b, c),
        20 => R::from_f64(0.75) * a - b,
        21 => R::from_f64(2.0) / positive,
        22 => a * b + c,
        23 => c - a * b,
        24 => a * b - c,
        25 => a.scale(0.3) - b,
        26 => a - b.scale(0.3),
        27 => a.max(b),
        28 => a.greater(b).select(a * c, b),
        29 => a * R::from_f64(1.0) + R::from_f64(0.0),
        30 => positive.powf(R::from_f64(2.0)) / R::from_f64(4.0),
        31 => (-a) * (-b) / (-c - R::from_f64(5.0)),
        32 => a.erf() + b.gelu(),
        33 => a.powi(3) - positive.powi(-2) * b,
        34 => a.scale(-1.0) * b,
        _ => positive.hypot(b),
    };
    y.tanh()
}

/// The sum of all that the steps give, and of the inputs.
pub(crate) fn run<R: Real>(functions: u8, steps: &[Step], x: &[R]) -> R {
    let mut values = x.to_vec();
    for &step in steps {
        values.push(apply(functions, step, &values));
    }
    values.iter().sum()
}

/// Steps, and inputs to run them on.
pub(crate) fn programs() -> impl Strategy<Value = (Vec<Step>, Vec<f64>)> {
    let step = (any::<u8>(), 0_usize..64, 0_usize..64, 0_usize..64);
    (prop::collection::vec(step, 1..40), prop::collection::vec(-1.5..1.5, 1..5))
}

pub(crate) fn close(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * (1.0 + a.abs().max(b.abs()))
}
