//! Replays in particular: sizes, workspaces, threads, infinities, and what is not asked for.

use tape::{Error, Program, Real, Traced, Workspace, grad};

fn is_shared_between_threads<T: Send + Sync>() {}

#[test]
fn a_program_is_used_by_several_threads_at_once() {
    is_shared_between_threads::<Program>();
    let program = Program::trace(|x| x[0].sin() * x[1], &[1.0, 2.0]);
    let want = program.value_and_grad(&[0.3, 0.4]).unwrap();
    let fresh = Program::trace(|x| x[0].sin() * x[1], &[1.0, 2.0]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(fresh.value_and_grad(&[0.3, 0.4]).unwrap(), want);
                }
            });
        }
    });
}

#[test]
fn any_number_of_rows_is_a_batch() {
    let program = Program::trace(|x| x[0] * x[0] - x[1], &[1.0, 2.0]);
    for rows in (0..70).chain([511, 512, 513, 2000]) {
        let x: Vec<f64> = (0..2 * rows).map(|k| k as f64).collect();
        let want: Vec<f64> = x.chunks_exact(2).map(|x| x[0] * x[0] - x[1]).collect();
        assert_eq!(program.eval(&x).unwrap(), want, "{rows} rows");
        let mut y = vec![f64::NAN; rows];
        program.eval_into(&x, &mut y, &mut Workspace::with_threads(3)).unwrap();
        assert_eq!(y, want, "{rows} rows on three threads");
    }
}

#[test]
fn a_workspace_goes_from_program_to_program() {
    let small = Program::trace(|x| x[0] + 1.0, &[0.0]);
    let large = Program::trace_many(|x| (0..300).map(|k| x[0] * f64::from(k)).collect(), &[0.0]);
    let mut workspace = Workspace::new();
    let (mut one, mut many) = ([0.0; 2], vec![0.0; 600]);
    for _ in 0..2 {
        small.eval_into(&[1.0, 2.0], &mut one, &mut workspace).unwrap();
        large.eval_into(&[1.0, 2.0], &mut many, &mut workspace).unwrap();
        assert_eq!(one, [2.0, 3.0]);
        assert!((0..600).all(|k| many[k] == ((k / 300 + 1) * (k % 300)) as f64));
    }
    assert!(workspace.bytes() >= 300 * 8);
}

#[test]
fn a_program_without_inputs_is_one_row() {
    let program = Program::trace(|_| 3.0.into(), &[]);
    assert_eq!(program.eval(&[]).unwrap(), [3.0]);
    assert_eq!(program.value_and_grad(&[]).unwrap().0, [3.0]);
    assert!(program.eval(&[1.0]).is_err());
}

#[test]
fn outputs_may_be_inputs_constants_and_the_same_twice() {
    let program = Program::trace_many(|x| vec![x[1], 7.0.into(), x[0], x[1], x[0] * x[1]], &[1.0, 2.0]);
    assert_eq!(program.eval(&[3.0, 4.0]).unwrap(), [4.0, 7.0, 3.0, 4.0, 12.0]);
    let jacobian = program.jacobian(&[3.0, 4.0]).unwrap();
    assert_eq!(jacobian, [0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 4.0, 3.0]);
}

#[test]
fn a_function_may_ignore_inputs_or_all_of_them() {
    let program = Program::trace(|x| x[1].exp(), &[1.0, 0.0, 3.0]);
    assert_eq!(program.value_and_grad(&[1.0, 0.0, 2.0]).unwrap(), (vec![1.0], vec![0.0, 1.0, 0.0]));
    let program = Program::trace(|_| 5.0.into(), &[1.0, 2.0]);
    assert_eq!(program.value_and_grad(&[1.0, 0.0]).unwrap(), (vec![5.0], vec![0.0, 0.0]));
    assert_eq!(program.hessian(&[1.0, 0.0]).unwrap(), [0.0; 4]);
}

#[test]
fn wrong_lengths_say_what_was_wanted() {
    let program = Program::trace(|x| x[0] * x[1], &[1.0, 2.0]);
    let text = |error: Error| error.to_string();
    assert_eq!(text(program.eval(&[1.0; 3]).unwrap_err()), "eval: wants rows of 2 inputs, got 3");
    let mut workspace = Workspace::new();
    let error = program.eval_into(&[1.0; 4], &mut [0.0; 3], &mut workspace).unwrap_err();
    assert_eq!(text(error), "eval_into: wants room for 2 rows of 1 outputs, got 3");
    let error = program.hvp(&[1.0; 2], &[1.0; 3]).unwrap_err();
    assert_eq!(text(error), "hvp: wants an entry of the vectors for each of 2 inputs, got 3");
    let two = Program::trace_many(|x| vec![x[0], x[0]], &[1.0]);
    let (x, workspace) = (&[1.0], &mut Workspace::new());
    for (error, method) in [
        (two.value_and_grad(x).map(|_| ()), "value_and_grad"),
        (two.value_and_grad_into(x, &mut [0.0], &mut [0.0], workspace), "value_and_grad_into"),
        (two.clone().value_and_grad_or_retrace(x, |_| two.clone()).map(|_| ()), "value_and_grad_or_retrace"),
        (two.hvp(x, x).map(|_| ()), "hvp"),
        (two.hvp_into(x, x, &mut [0.0], workspace), "hvp_into"),
        (two.hessian(x).map(|_| ()), "hessian"),
        (two.hessian_into(x, &mut [0.0], workspace), "hessian_into"),
        (two.sparse_hessian(x).map(|_| ()), "sparse_hessian"),
        (two.with_gradient().map(|_| ()), "with_gradient"),
        (two.hessian_product().map(|_| ()), "hessian_product"),
    ] {
        let want = format!("{method}: wants a function of one output, got 2");
        assert_eq!(text(error.unwrap_err()), want);
    }
    let error = program.value_and_grad(&[1.0; 3]).unwrap_err();
    assert_eq!(text(error), "value_and_grad: wants rows of 2 inputs, got 3");
    let error = program.jacobian_into(&[1.0; 2], &mut [0.0; 3], workspace).unwrap_err();
    assert_eq!(text(error), "jacobian_into: wants room for 1 rows of 2 derivatives, got 3");
}

#[test]
fn functions_without_inputs_or_outputs_have_empty_derivatives() {
    let constants = Program::trace_many(|_| vec![1.0.into(), 2.0.into()], &[]);
    assert_eq!(constants.eval(&[]).unwrap(), [1.0, 2.0]);
    assert_eq!(constants.jacobian(&[]).unwrap(), []);
    assert_eq!(constants.sparse_jacobian(&[]).unwrap().triplets().count(), 0);
    assert_eq!(constants.vjp().eval(&[1.0, 1.0]).unwrap(), []);
    assert_eq!(constants.jvp().eval(&[]).unwrap(), [0.0, 0.0]);
    let constant = Program::trace(|_| 3.0.into(), &[]);
    assert_eq!(constant.value_and_grad(&[]).unwrap(), (vec![3.0], vec![]));
    assert_eq!(constant.jacobian(&[]).unwrap(), []);
    assert_eq!(constant.hvp(&[], &[]).unwrap(), []);
    assert_eq!(constant.hessian(&[]).unwrap(), []);
    assert_eq!(constant.sparse_hessian(&[]).unwrap().triplets().count(), 0);
    assert!(constant.gradient().is_empty());
    let silent = Program::trace_many(|_| vec![], &[1.0, 2.0]);
    assert_eq!(silent.eval(&[3.0, 4.0]).unwrap(), []);
    assert_eq!(silent.jacobian(&[3.0, 4.0]).unwrap(), []);
    assert_eq!(silent.sparse_jacobian(&[3.0, 4.0]).unwrap().triplets().count(), 0);
    assert!(silent.value_and_grad(&[3.0, 4.0]).is_err() && silent.hessian(&[3.0, 4.0]).is_err());
    let nothing = Program::trace_many(|_| vec![], &[]);
    assert_eq!((nothing.eval(&[]).unwrap(), nothing.jacobian(&[]).unwrap()), (vec![], vec![]));
    let none: [f64; 0] = [];
    let program = Program::trace(|x| x[0] * x[1], &[1.0, 2.0]);
    assert_eq!(program.jacobian(&none).unwrap(), none);
    assert_eq!(program.value_and_grad(&none).unwrap(), (vec![], vec![]));
    assert_eq!((program.hvp(&none, &none).unwrap(), program.hessian(&none).unwrap()), (vec![], vec![]));
}

#[test]
fn not_a_number_and_infinities_go_through_as_in_plain_arithmetic() {
    fn f<R: Real>(x: &[R]) -> Vec<R> {
        let one = R::from_f64(1.0);
        vec![
            x[0] * x[1],
            x[0] + x[1],
            one / x[0],
            x[0].exp(),
            x[0].ln(),
            x[0].sqrt(),
            x[0].max(x[1]),
            -x[0],
            x[0] * one,
        ]
    }
    let special = [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-310, f64::MAX];
    let inputs: Vec<f64> = special.iter().flat_map(|&a| special.iter().flat_map(move |&b| [a, b])).collect();
    let program = Program::trace_many(f, &[0.5, 0.5]);
    let values = program.eval(&inputs).unwrap();
    for (x, y) in inputs.chunks_exact(2).zip(values.chunks_exact(9)) {
        for (k, (got, want)) in y.iter().zip(f(x)).enumerate() {
            let close = (got - want).abs() <= 1e-15 * want.abs();
            assert!(
                close || got == &want || got.is_nan() && want.is_nan(),
                "output {k} at {x:?}: {got} and {want}"
            );
            assert!(
                want.is_nan() || got.is_sign_negative() == want.is_sign_negative(),
                "output {k} at {x:?}: {got}"
            );
        }
    }
}

#[test]
fn what_is_not_selected_leaks_no_nan() {
    // √x has an infinite derivative at 0, and ln x is no number below: neither is asked for there.
    fn clipped<R: Real>(x: &[R]) -> R {
        let zero = R::from_f64(0.0);
        x[0].less_equal(zero).select(zero, x[0].sqrt() + x[0].ln() * x[0].exp().exp())
    }
    let program = Program::trace(clipped, &[1.0]);
    let (values, gradients) = program.value_and_grad(&[0.0, -1.0, 0.25, 1e3, -1e3]).unwrap();
    assert_eq!((values[0], values[1], values[4]), (0.0, 0.0, 0.0));
    assert_eq!((gradients[0], gradients[1], gradients[4]), (0.0, 0.0, 0.0));
    assert_eq!(gradients[2], {
        let of_tape = grad(clipped, &[0.25])[0];
        assert!((of_tape - gradients[2]).abs() < 1e-14 * of_tape.abs());
        gradients[2]
    });
    // A factor that happens to be zero stops the cotangent before an infinite partial, as it does in a sweep over lines.
    let program = Program::trace(|x| x[0] * x[1].sqrt(), &[1.0, 1.0]);
    assert_eq!(program.value_and_grad(&[0.0, 0.0]).unwrap().1, [0.0, 0.0]);
    assert_eq!(Program::trace(|x| x[0] * x[1].sqrt(), &[0.0, 0.0]).gradient(), [0.0, 0.0]);
    let larger = |x: &[Traced]| x[0].max(x[1].sqrt());
    let gradient = Program::trace(larger, &[1.0, 4.0]).value_and_grad(&[2.0, 0.0]).unwrap().1;
    assert_eq!(gradient, [1.0, 0.0]);
}

#[test]
fn third_derivatives_come_from_programs_of_programs() {
    // f = x³ y: the gradient of ∂²f/∂x∂y = 3 x² is (6 x, 0).
    let program = Program::trace(|x| x[0].powi(3) * x[1], &[1.0, 1.0]);
    let products = program.hessian_product().unwrap();
    let third = products.jacobian(&[2.0, 5.0, 0.0, 1.0]).unwrap();
    assert_eq!(third[..2], [12.0, 0.0]);
    let twice = program.with_gradient().unwrap().jacobian(&[2.0, 5.0]).unwrap();
    assert_eq!(twice, [60.0, 8.0, 60.0, 12.0, 12.0, 0.0]);
}

#[test]
fn jacobians_of_wide_and_tall_functions_agree() {
    fn tall<R: Real>(x: &[R]) -> Vec<R> {
        (1..6).map(|k| x[0].powi(k) * x[1].scale(f64::from(k)).sin()).collect()
    }
    let tall_program = Program::trace_many(tall, &[1.0, 1.0]);
    let x = [0.7, -0.3, 1.1, 0.2];
    let jacobian = tall_program.jacobian(&x).unwrap();
    for (row, x) in x.chunks_exact(2).enumerate() {
        for k in 0..5 {
            let want = grad(|x| tall(x)[k], x);
            for (got, want) in jacobian[10 * row + 2 * k..].iter().zip(want) {
                assert!((got - want).abs() < 1e-14, "{got} and {want}");
            }
        }
    }
}

#[test]
fn a_program_is_derived_while_another_is_traced() {
    let outer = Program::trace(
        |x| {
            let inner = Program::trace(|y| y[0].powi(3), &[2.0]);
            let (_, gradient) = inner.value_and_grad(&[2.0]).unwrap();
            x[0] * gradient[0]
        },
        &[1.0],
    );
    assert_eq!(outer.eval(&[2.0]).unwrap(), [24.0]);
    assert_eq!(outer.len(), 2);
}
