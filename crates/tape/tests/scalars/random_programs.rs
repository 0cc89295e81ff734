//! Random programs: every way to a derivative gives the same one.

use crate::random_steps::{SMOOTH, Step, apply, close, programs, run as run_of};
use proptest::prelude::*;
use std::thread;
use tape::{Dual, Program, Real, Tape, Var, check, grad, hvp, jvp, value_and_grad};

fn run<R: Real>(steps: &[Step], x: &[R]) -> R {
    run_of(SMOOTH, steps, x)
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
    fn a_gradient_is_the_same_on_a_fresh_thread_a_used_one_inside_a_tape_and_by_hand((steps, x) in programs()) {
        let f = |x: &[Var]| run(&steps, x);
        let bits = |gradient: Vec<f64>| gradient.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let twice = || [grad(f, &x), grad(f, &x)].map(bits);
        let [used, again] = twice();
        prop_assert_eq!(&used, &again);
        prop_assert_eq!(&[used.clone(), again], &thread::scope(|scope| scope.spawn(twice).join().unwrap()));

        let outer = Tape::begin();
        let leaves = outer.vars(&x);
        let y = f(&leaves);
        prop_assert_eq!(&used, &bits(grad(f, &x)), "inside a tape");
        let by_hand = |tape: &Tape, leaves: &[Var], y: &Var| -> Vec<f64> {
            let bar = y.is_recorded().then(|| tape.sweep(y).unwrap());
            leaves.iter().map(|x| bar.as_ref().map_or(0.0, |bar| bar.of(x).unwrap())).collect()
        };
        prop_assert_eq!(&used, &bits(by_hand(&outer, &leaves, &y)), "by hand");
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
        let f = |x: &[Dual<Var>]| run(&steps, x);
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
            let y = apply(SMOOTH, step, &values);
            values.push(if n % every == 0 { y.keep() } else { y });
        }
        let y: Var = values.iter().sum();
        let bar = tape.sweep(&y).unwrap();
        for (leaf, want) in leaves.iter().zip(merged) {
            let got = bar.of(leaf).unwrap();
            prop_assert!(close(got, want, 1e-12), "kept {got}, merged {want}");
        }
    }
}
