//! Random programs: every way to a derivative gives the same one.

use proptest::prelude::*;
use tape::{Dual, Program, Real, Tape, check, grad, hvp, jvp, value_and_grad};

/// One step: which function, of which earlier values. Every value may be used again, so programs fan out.
type Step = (u8, usize, usize, usize);

/// What a step gives: smooth everywhere, and bounded, so that differences stay good.
fn apply<R: Real>((what, i, j, k): Step, values: &[R]) -> R {
    let pick = |i: usize| values[i % values.len()];
    let (a, b, c) = (pick(i), pick(j), pick(k));
    let positive = a.powi(2).shift(0.5);
    let y = match what % 22 {
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
        _ => R::from_f64(2.0) / positive,
    };
    y.tanh()
}

/// The sum of all that the steps give, and of the inputs.
fn run<R: Real>(steps: &[Step], x: &[R]) -> R {
    let mut values = x.to_vec();
    for &step in steps {
        values.push(apply(step, &values));
    }
    values.iter().sum()
}

fn programs() -> impl Strategy<Value = (Vec<Step>, Vec<f64>)> {
    let step = (any::<u8>(), 0_usize..64, 0_usize..64, 0_usize..64);
    (prop::collection::vec(step, 1..40), prop::collection::vec(-1.5..1.5, 1..5))
}

fn close(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #[test]
    fn tapes_duals_programs_and_plain_numbers_agree((steps, x) in programs()) {
        let plain = run(&steps, &x);
        let (value, gradient) = value_and_grad(|x| run(&steps, x), &x);
        prop_assert_eq!(value, plain);
        let program = Program::trace(|x| run(&steps, x), &x);
        prop_assert_eq!(program.value(), plain);
        for (k, (&by_tape, by_program)) in gradient.iter().zip(program.gradient()).enumerate() {
            prop_assert!(close(by_tape, by_program, 1e-12), "input {}: tape {}, program {}", k, by_tape, by_program);
            let unit: Vec<f64> = (0..x.len()).map(|i| f64::from(u8::from(i == k))).collect();
            let (values, tangents) = jvp(|x| vec![run(&steps, x)], &x, &unit).unwrap();
            prop_assert_eq!(values[0], plain);
            prop_assert!(close(by_tape, tangents[0], 1e-12), "input {}: tape {}, dual {}", k, by_tape, tangents[0]);
        }
    }

    #[test]
    fn differences_confirm_gradient_and_hessian((steps, x) in programs()) {
        let report = check::gradient(|x| run(&steps, x), &x).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(report.first < 1e-6);
    }

    #[test]
    fn f32_agrees_with_f64_loosely((steps, x) in programs()) {
        let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|&x| f64::from(x)).collect();
        let (value, gradient) = value_and_grad(|x| run(&steps, x), &narrow);
        let (want, wanted) = value_and_grad(|x| run(&steps, x), &wide);
        prop_assert!(close(f64::from(value), want, 1e-3), "{value} and {want}");
        let size = wanted.iter().fold(1.0_f64, |size, d| size.max(d.abs()));
        for (got, want) in gradient.iter().zip(&wanted) {
            prop_assert!((f64::from(*got) - want).abs() < 2e-3 * size, "{got} and {want}");
        }
    }

    #[test]
    fn hessian_products_are_symmetric_and_linear((steps, x) in programs(), seed in 0.1..1.0_f64) {
        let f = |x: &[Dual<tape::Var>]| run(&steps, x);
        let u: Vec<f64> = (0..x.len()).map(|k| (seed + k as f64).sin()).collect();
        let v: Vec<f64> = (0..x.len()).map(|k| (seed * 3.0 + k as f64).cos()).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (h_u, h_v) = (hvp(f, &x, &u).unwrap(), hvp(f, &x, &v).unwrap());
        let size = dot(&h_u, &h_u).sqrt() + dot(&h_v, &h_v).sqrt();
        prop_assert!((dot(&v, &h_u) - dot(&u, &h_v)).abs() <= 1e-10 * (1.0 + size));
        let both: Vec<f64> = u.iter().zip(&v).map(|(u, v)| u + 2.0 * v).collect();
        for ((sum, u), v) in hvp(f, &x, &both).unwrap().iter().zip(&h_u).zip(&h_v) {
            prop_assert!((sum - (u + 2.0 * v)).abs() <= 1e-10 * (1.0 + size));
        }
    }

    #[test]
    fn keeping_intermediates_changes_no_derivative((steps, x) in programs(), every in 1_usize..5) {
        let merged = grad(|x| run(&steps, x), &x);
        let tape = Tape::begin();
        let leaves = tape.vars(&x);
        let mut values = leaves.clone();
        for (n, &step) in steps.iter().enumerate() {
            let y = apply(step, &values);
            values.push(if n % every == 0 { y.keep() } else { y });
        }
        let y: tape::Var = values.iter().sum();
        let bar = tape.sweep(&y).unwrap();
        for (leaf, want) in leaves.iter().zip(merged) {
            let got = bar.of(leaf).unwrap();
            prop_assert!(close(got, want, 1e-12), "kept {got}, merged {want}");
        }
    }
}
