//! Derivatives into the caller's room: the same numbers as those that are allocated, on any number of threads.

use tape::{Program, Real, Traced, Workspace};

fn rows(n: usize, rows: usize) -> Vec<f64> {
    (0..n * rows).map(|k| 0.8 + 0.5 * (k as f64 * 0.37).sin()).collect()
}

fn scalar<R: Real>(x: &[R]) -> R {
    let pairs: R = x.windows(2).map(|pair| (pair[0] * pair[1]).sin() * pair[0].exp()).sum();
    pairs + x[0].powi(-3)
}

fn wide<R: Real>(x: &[R]) -> Vec<R> {
    vec![scalar(x), x[0].tanh() * x[2]]
}

fn tall<R: Real>(x: &[R]) -> Vec<R> {
    x.iter().flat_map(|&a| [a.exp() * x[0], a * x[1], a.ln()]).collect()
}

#[test]
fn derivatives_have_the_same_bits_on_any_number_of_threads() {
    let at = [1.0, 0.5, 0.7];
    let (scalar, wide, tall) =
        (Program::trace(scalar, &at), Program::trace_many(wide, &at), Program::trace_many(tall, &at));
    for count in [0, 1, 2, 7, 64, 65, 300] {
        let (x, v) = (rows(3, count), rows(3, count + 1).split_off(3));
        let (values, gradients) = scalar.value_and_grad(&x).unwrap();
        let products = scalar.hvp(&x, &v).unwrap();
        let hessian = scalar.hessian(&x).unwrap();
        let jacobians = [&wide, &tall].map(|program| program.jacobian(&x).unwrap());
        for threads in [1, 2, 3, 4] {
            let mut workspace = Workspace::with_threads(threads);
            // Twice, as what is left in a workspace must not show.
            for _ in 0..2 {
                let (mut y, mut g) = (vec![f64::NAN; count], vec![f64::NAN; 3 * count]);
                scalar.value_and_grad_into(&x, &mut y, &mut g, &mut workspace).unwrap();
                assert_eq!((&y, &g), (&values, &gradients), "{count} rows on {threads} threads");
                scalar.hvp_into(&x, &v, &mut g, &mut workspace).unwrap();
                assert_eq!(g, products, "{count} rows on {threads} threads");
                let mut h = vec![f64::NAN; 9 * count];
                scalar.hessian_into(&x, &mut h, &mut workspace).unwrap();
                assert_eq!(h, hessian, "{count} rows on {threads} threads");
                for (program, want) in [&wide, &tall].into_iter().zip(&jacobians) {
                    let mut jacobian = vec![f64::NAN; want.len()];
                    program.jacobian_into(&x, &mut jacobian, &mut workspace).unwrap();
                    assert_eq!(&jacobian, want, "{count} rows on {threads} threads");
                }
            }
        }
    }
}

#[test]
fn rows_of_values_and_gradients_are_those_of_single_inputs() {
    let program = Program::trace(scalar, &[1.0, 0.5, 0.7]);
    let x = rows(3, 100);
    let (values, gradients) = program.value_and_grad(&x).unwrap();
    for (k, x) in x.chunks_exact(3).enumerate() {
        let (value, gradient) = program.value_and_grad(x).unwrap();
        assert_eq!((values[k], &gradients[3 * k..3 * k + 3]), (value[0], &gradient[..]));
    }
}

#[test]
fn a_failed_comparison_names_the_row_and_not_the_direction() {
    let f = |x: &[Traced]| if x[0] > 0.0 { x[0] * x[1] } else { x[1] };
    let program = Program::trace(f, &[1.0, 1.0]);
    let mut x = rows(2, 200);
    x[2 * 150] = -1.0;
    for threads in [1, 4] {
        let mut workspace = Workspace::with_threads(threads);
        let (mut y, mut g, mut h) = (vec![0.0; 200], vec![0.0; 400], vec![0.0; 800]);
        let errors = [
            program.value_and_grad_into(&x, &mut y, &mut g, &mut workspace),
            program.jacobian_into(&x, &mut g, &mut workspace),
            program.hvp_into(&x, &x, &mut g, &mut workspace),
            program.hessian_into(&x, &mut h, &mut workspace),
        ];
        for error in errors {
            assert!(matches!(error, Err(tape::Error::Branch { input: 150, .. })), "{error:?}");
        }
    }
}
