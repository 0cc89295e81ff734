//! Random programs: a replay computes what the function computes, and so do the programs of its derivatives.

use crate::random_steps::{ALL, Step, close, programs, run as run_of};
use proptest::prelude::*;
use tape::{Dual, Program, Real, Var, Workspace, hvp, value_and_grad};

fn run<R: Real>(steps: &[Step], x: &[R]) -> R {
    run_of(ALL, steps, x)
}

/// Thirty inputs about `x`.
fn batch(x: &[f64]) -> Vec<f64> {
    (0..30 * x.len()).map(|k| x[k % x.len()] + 0.4 * (k as f64 * 0.7).sin()).collect()
}

proptest! {
    #[test]
    fn replays_agree_with_tapes((steps, x) in programs()) {
        let program = Program::trace(|x| run(&steps, x), &x);
        let inputs = batch(&x);
        let values = program.eval(&inputs).unwrap();
        let (again, gradients) = program.value_and_grad(&inputs).unwrap();
        let v: Vec<f64> = (0..inputs.len()).map(|k| (k as f64).cos()).collect();
        let products = program.hvp(&inputs, &v).unwrap();
        for (row, x) in inputs.chunks_exact(x.len()).enumerate() {
            let (value, gradient) = value_and_grad(|x| run(&steps, x), x);
            prop_assert!(close(values[row], value, 1e-12), "{} and {}", values[row], value);
            prop_assert!(close(again[row], value, 1e-12));
            let at = row * x.len()..(row + 1) * x.len();
            for (got, want) in gradients[at.clone()].iter().zip(&gradient) {
                prop_assert!(close(*got, *want, 1e-10), "row {}: {} and {}", row, got, want);
            }
            let product = hvp(|x: &[Dual<Var>]| run(&steps, x), x, &v[at.clone()]).unwrap();
            for (got, want) in products[at].iter().zip(&product) {
                prop_assert!(close(*got, *want, 1e-7), "row {}: H v {} and {}", row, got, want);
            }
        }
    }

    #[test]
    fn the_bits_depend_on_neither_batch_nor_threads((steps, x) in programs()) {
        let program = Program::trace(|x| run(&steps, x), &x);
        let inputs: Vec<f64> = std::iter::repeat_n(batch(&x), 30).flatten().collect();
        let want = program.eval(&inputs).unwrap();
        for threads in [2, 3, 4] {
            let mut y = vec![0.0; want.len()];
            program.eval_into(&inputs, &mut y, &mut Workspace::with_threads(threads)).unwrap();
            prop_assert_eq!(&y, &want);
        }
        for (x, want) in inputs.chunks_exact(x.len()).zip(&want).take(9) {
            prop_assert_eq!(program.eval(x).unwrap()[0], *want);
        }
    }

    #[test]
    fn the_text_of_a_program_is_the_program((steps, x) in programs()) {
        let program = Program::trace(|x| run(&steps, x), &x);
        let again: Program = program.to_string().parse().unwrap();
        prop_assert_eq!(again.to_string(), program.to_string());
        prop_assert_eq!(again.eval(&batch(&x)).unwrap(), program.eval(&batch(&x)).unwrap());
        let gradient = program.with_gradient().unwrap();
        let again: Program = gradient.to_string().parse().unwrap();
        prop_assert_eq!(again.eval(&batch(&x)).unwrap(), gradient.eval(&batch(&x)).unwrap());
        prop_assert_eq!(again.table(), gradient.table());
    }

    #[test]
    fn optimising_changes_no_bit_of_arithmetic(
        steps in prop::collection::vec((0_u8..12, 0_usize..32, 0_usize..32), 1..60),
        x in prop::collection::vec(-2.0..2.0, 3..5),
    ) {
        fn run<R: Real>(steps: &[(u8, usize, usize)], x: &[R]) -> R {
            let mut values = x.to_vec();
            for &(what, i, j) in steps {
                let (a, b) = (values[i % values.len()], values[j % values.len()]);
                values.push(match what {
                    0 => -a,
                    1 => a + b,
                    2 => a - b,
                    3 => a * b,
                    4 => a / b,
                    5 => a.powi(3) * R::from_f64(0.1),
                    6 => a.powi(-2),
                    7 => a / R::from_f64(8.0) - R::from_f64(0.0),
                    8 => (-a) * b + (-b),
                    9 => a.abs().sqrt(),
                    10 => (-a) / b - (-b),
                    _ => R::from_f64(1.0) / a + a * R::from_f64(-1.0),
                });
            }
            values.iter().sum()
        }
        let program = Program::trace(|x| run(&steps, x), &x).unfused();
        let inputs = batch(&x);
        let values = program.eval(&inputs).unwrap();
        for (x, got) in inputs.chunks_exact(x.len()).zip(values) {
            let want = run(&steps, x);
            prop_assert!(got == want || (got.is_nan() && want.is_nan()), "{} and {}", got, want);
        }
    }
}
