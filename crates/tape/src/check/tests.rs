use super::*;
use crate::tensor::planted::{Fault, planted};
use crate::{Elementary, Real};

fn matrix(values: [f64; 6]) -> Tensor {
    Tensor::from_slice(&values, &[2, 3]).unwrap()
}

fn inputs() -> [Tensor; 2] {
    [matrix([0.5, -1.0, 2.0, 0.25, 1.5, -0.75]), matrix([1.0, 3.0, -0.5, 0.1, 0.9, -2.0])]
}

fn mismatch<T: fmt::Debug>(result: Result<T, Error>) -> Mismatch {
    match result.expect_err("a planted error must be found") {
        Error::Check(mismatch) => *mismatch,
        other => panic!("found something else: {other}"),
    }
}

#[test]
fn a_wrong_element_of_a_rule_is_named_with_its_operation_and_argument() {
    for argument in [0, 1] {
        for element in 0..6 {
            let fault = Fault::Element { argument, element };
            let f = |x: &[Tensor]| planted(fault, &Tensor::tanh(&x[0]), &x[1]).map(|y| Tensor::sin(&y));
            let found = mismatch(tensor_gradient(f, &inputs()));
            // Tensors 0 and 1 are the inputs, 2 is the hyperbolic tangent.
            assert_eq!(found.operation, Some((3, "planted")));
            assert_eq!((found.order, found.argument), (1, argument));
            assert_eq!(found.element, [element / 3, element % 3]);
            approx::assert_relative_eq!(found.derivative, 1.5 * found.differences, max_relative = 1e-5);
        }
    }
}

#[test]
fn the_words_of_a_mismatch_name_everything() {
    let fault = Fault::Element { argument: 1, element: 4 };
    let error = tensor_gradient(|x| planted(fault, &x[0], &x[1]), &inputs()).unwrap_err().to_string();
    let start = "check: first derivative by argument 1 of `planted` (tensor 2 of the tape), element [1, 1]: the tape says ";
    assert!(error.starts_with(start), "{error}");
    assert!(error.contains(", differences say "), "{error}");
}

#[test]
fn a_rule_that_is_wrong_only_from_the_second_order_on_is_found() {
    let found = mismatch(tensor_gradient(|x| planted(Fault::SecondOrder, &x[0], &x[1]), &inputs()));
    assert_eq!((found.order, found.operation), (2, None));
    assert_ne!(found.derivative, found.differences);
}

#[test]
fn a_faultless_neighbour_of_a_planted_error_is_not_blamed() {
    let fault = Fault::Element { argument: 0, element: 0 };
    let f = |x: &[Tensor]| {
        let right = Tensor::mul(&x[0], &x[1])?;
        planted(fault, &Tensor::exp(&right), &x[1])?.matmul(x[0].t())
    };
    assert_eq!(mismatch(tensor_gradient(f, &inputs())).operation, Some((4, "planted")));
}

#[test]
fn a_dependence_that_a_function_of_tensors_hides_is_found_at_its_input() {
    let f = |x: &[Tensor]| Tensor::mul(&x[0], &x[1].to_constant());
    let found = mismatch(tensor_gradient(f, &inputs()));
    assert_eq!((found.order, found.operation, found.argument), (1, None, 1));
    assert_eq!(found.derivative, 0.0);
}

#[test]
fn a_dependence_that_a_function_of_scalars_hides_is_found_at_its_argument() {
    fn hides<R: Real>(x: &[R]) -> R {
        x[0] * x[1] + R::from_f64(x[2].to_f64().powi(2))
    }
    let found = mismatch(gradient(hides, &[1.0, 2.0, 3.0]));
    assert_eq!((found.order, found.argument), (1, 2));
    assert_eq!((found.derivative, found.differences), (0.0, 6.0));
}

#[test]
fn a_hessian_that_misses_a_term_is_found_at_second_order() {
    // The right gradient, but the tangent's own dependence on the input is cut off.
    let f = |x: &[Dual<Var>]| {
        let y = x[0].powi(3);
        Dual::new(y.value, Var::from(y.tangent.value()))
    };
    let found = mismatch(gradient(f, &[2.0]));
    assert_eq!((found.order, found.argument, found.derivative), (2, 0, 0.0));
}

#[test]
fn a_derivative_that_is_not_a_number_is_found() {
    let f = |x: &[Dual<Var>]| x[0].sqrt() * x[1];
    assert!(mismatch(gradient(f, &[-1.0, 1.0])).derivative.is_nan());
}

#[test]
fn right_derivatives_of_both_orders_pass_with_a_small_report() {
    fn rosenbrock<R: Real>(x: &[R]) -> R {
        (R::from_f64(1.0) - x[0]).powi(2) + (x[1] - x[0].powi(2)).powi(2).scale(100.0)
    }
    let report = gradient(rosenbrock, &[-1.2, 1.0]).unwrap();
    assert!(report.first < 1e-8 && report.second.unwrap() < 1e-8, "{report:?}");
    let report =
        tensor_gradient(|x| x[0].matmul(x[1].t())?.sigmoid().mul(&Tensor::scalar(2.0)), &inputs()).unwrap();
    assert!(report.first < 1e-8 && report.second.unwrap() < 1e-8, "{report:?}");
}

#[test]
fn functions_of_nothing_and_constant_functions_pass() {
    assert_eq!(gradient(|_| Dual::from_f64(2.0), &[]).unwrap(), Report { first: 0.0, second: Some(0.0) });
    assert_eq!(gradient(|_| Dual::from_f64(2.0), &[1.0, 2.0]).unwrap().first, 0.0);
    let constant = |_: &[Tensor]| Ok(Tensor::full(&[2], 3.0));
    assert_eq!(tensor_gradient(constant, &inputs()).unwrap(), Report { first: 0.0, second: Some(0.0) });
    let empty = [Tensor::zeros(&[0, 3])];
    assert!(tensor_gradient(|x| Ok(Tensor::exp(&x[0])), &empty).is_ok());
}

#[test]
fn a_function_that_fails_hands_its_error_through() {
    let error = tensor_gradient(|x| x[0].matmul(&x[1]), &inputs()).unwrap_err();
    assert!(matches!(error, Error::Shape { operation: "matmul", .. }), "{error}");
}

#[test]
fn a_recording_with_scalars_in_it_is_checked_to_first_order() {
    let f = |x: &[Tensor]| Ok(Tensor::sum(&x[0]) * Tensor::from_vars(&[x[1].at(&[0, 1])?.sin()], &[])?);
    let report = tensor_gradient(f, &inputs()).unwrap();
    assert!(report.first < 1e-8 && report.second.is_none());
}
