use super::*;
use crate::rule::{self, Rule};
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

fn entries<T: fmt::Debug>(result: Result<T, Error>) -> Comparison {
    match result.expect_err("a planted error must be found") {
        Error::Entries(comparison) => *comparison,
        other => panic!("found something else: {other}"),
    }
}

/// x₀ x₁ x₂, with one partial multiplied by something that it should not be.
struct Planted {
    argument: usize,
    factor: f64,
}
impl Rule for Planted {
    fn value(&self, x: &[f64]) -> f64 {
        x[0] * x[1] * x[2]
    }
    fn partials<R: Real>(&self, x: &[R], _: R, partials: &mut [R]) {
        for (k, partial) in partials.iter_mut().enumerate() {
            let factor = if k == self.argument { self.factor } else { 1.0 };
            *partial = (x[(k + 1) % 3] * x[(k + 2) % 3]).scale(factor);
        }
    }
}

#[test]
fn a_wrong_partial_is_found_in_its_row_and_column_of_a_jacobian() {
    let x = [0.5, -1.0, 2.0];
    for argument in 0..3 {
        for factor in [-1.0, 0.0, 1.001] {
            let planted = Planted { argument, factor };
            let f = |x: &[Dual<Var>]| vec![x[0].sin(), x[1] * x[2], rule::apply(&planted, x), x[2].exp()];
            let found = entries(jacobian(f, &x));
            let worst = found.worst[0];
            assert_eq!((found.matrix, found.shape), ("jacobian", [4, 3]));
            assert_eq!((worst.row, worst.column), (2, argument));
            assert_eq!(worst.reverse, worst.other, "both modes run the same wrong rule");
            approx::assert_relative_eq!(worst.reverse, factor * worst.differences, epsilon = 1e-8);
            assert!(found.worst[1].off < TOLERANCE, "and it alone");
        }
    }
    jacobian(|x| vec![rule::apply(&Planted { argument: 0, factor: 1.0 }, x)], &x).unwrap();
}

#[test]
fn a_mode_that_is_wrong_where_the_other_is_right_is_found() {
    let x = [0.5, 2.0];
    let forward_off = |x: &[Dual<Var>]| vec![x[0] * x[1], Dual::new(x[0].value, x[0].tangent * 2.0)];
    let worst = entries(jacobian(forward_off, &x)).worst[0];
    assert_eq!((worst.row, worst.column, worst.reverse, worst.other), (1, 0, 1.0, 2.0));
    let reverse_off =
        |x: &[Dual<Var>]| vec![Dual::new(Var::from(x[0].value.value()), x[0].tangent), x[0] * x[1]];
    let worst = entries(jacobian(reverse_off, &x)).worst[0];
    assert_eq!((worst.row, worst.column, worst.reverse, worst.other), (0, 0, 0.0, 1.0));
}

#[test]
fn a_wrong_second_derivative_is_found_in_its_row_and_column_of_a_hessian() {
    // The dependence of the tangent on x₁ is cut off where it moves with x₀: entry [1, 0], and its mirror image.
    let f = |x: &[Dual<Var>]| {
        let y = x[0] * x[1];
        Dual::new(y.value, Var::from(x[1].value.value()) * x[0].tangent + x[0].value * x[1].tangent)
    };
    let found = entries(hessian(f, &[0.5, 2.0]));
    assert_eq!((found.matrix, found.shape), ("hessian", [2, 2]));
    let off: Vec<_> = found.worst[..2].iter().map(|e| (e.row, e.column, e.reverse, e.other)).collect();
    assert_eq!(off, [(1, 0, 0.0, 1.0), (0, 1, 1.0, 0.0)]);
    assert!(found.worst[2].off < TOLERANCE);
    // A gradient that is off is found first.
    let found = entries(hessian(|x| x[0] * Dual::from_f64(x[1].to_f64()), &[0.5, 2.0]));
    assert_eq!((found.matrix, found.worst[0].column), ("jacobian", 1));
}

#[test]
fn the_report_of_a_matrix_is_a_table_with_the_worst_first() {
    let f = |x: &[Dual<Var>]| vec![x[0] * x[1], x[0] * Dual::from_f64(x[1].to_f64())];
    let text = jacobian(f, &[2.0, 3.0]).unwrap_err().to_string();
    let lines: Vec<&str> = text.lines().collect();
    let start =
        "check: jacobian of 2 × 2 entries, the worst off by 1.0e0, where 1e-6 is let pass: entry [1, 1]";
    assert_eq!(lines[0], start);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[1]), ["row", "column", "reverse", "forward", "differences", "off"]);
    assert_eq!(words(lines[2])[..4], ["1", "1", "0", "0"]);
    assert_eq!(lines.len(), 2 + 4);
    let passed = hessian(|x| x[0].powi(2) * x[1], &[2.0, 3.0]).unwrap().to_string();
    assert!(passed.starts_with("check: hessian of 2 × 2 entries, the worst off by "), "{passed}");
    assert!(!passed.contains("let pass") && passed.contains("mirrored"));
}

#[test]
fn of_a_large_matrix_the_worst_entries_are_shown() {
    let x: Vec<f64> = (0..20).map(|k| 0.1 * f64::from(k)).collect();
    let report = jacobian(|x| x.iter().map(|x| x.sin()).collect(), &x).unwrap();
    assert_eq!((report.shape, report.worst.len()), ([20, 20], 8));
    assert!(report.worst.is_sorted_by(|a, b| a.off >= b.off));
}

#[test]
fn matrices_of_no_rows_or_columns_and_of_constants_pass() {
    assert_eq!(jacobian(|_| vec![Dual::from_f64(1.0)], &[]).unwrap().shape, [1, 0]);
    assert_eq!(jacobian(|_| vec![], &[1.0, 2.0]).unwrap().off(), 0.0);
    assert_eq!(jacobian(|_| vec![Dual::from_f64(1.0)], &[1.0, 2.0]).unwrap().off(), 0.0);
    assert_eq!(hessian(|_| Dual::from_f64(1.0), &[1.0, 2.0]).unwrap().off(), 0.0);
    assert_eq!(hessian(|_| Dual::from_f64(1.0), &[]).unwrap().shape, [0, 0]);
}

#[test]
fn a_derivative_that_is_not_a_number_comes_first_in_the_table() {
    let found = entries(jacobian(|x| vec![x[1] * 3.0, x[0].sqrt()], &[-1.0, 1.0]));
    assert_eq!((found.worst[0].row, found.worst[0].column), (1, 0));
    assert!(found.worst[0].off.is_nan());
}

#[test]
fn a_function_that_changes_its_number_of_outputs_is_refused() {
    let f = |x: &[Dual<Var>]| if x[0] > 1.0 { vec![x[0]; 2] } else { vec![x[0]] };
    let error = jacobian(f, &[1.0]).unwrap_err();
    assert_eq!(error.to_string(), "jacobian: wants as many outputs everywhere, 1 of them, got 2");
}

#[test]
fn a_small_derivative_that_is_missing_is_found_next_to_any_other() {
    let small = |x: &[Dual<Var>]| x[0] * 1e-7 * x[1].to_f64();
    let found = mismatch(gradient(small, &[2.0, 3.0]));
    assert_eq!((found.argument, found.derivative, found.differences), (1, 0.0, 2e-7));
    assert_eq!(entries(jacobian(|x| vec![small(x)], &[2.0, 3.0])).worst[0].column, 1);
    let hidden = |x: &[Dual<Var>]| x[0] * 1e8 + x[1].to_f64();
    let found = mismatch(gradient(hidden, &[2.0, 3.0]));
    assert_eq!((found.argument, found.derivative, found.differences), (1, 0.0, 1.0));
    // The same of tensors, and of second derivatives.
    let pair =
        [Tensor::from_slice(&[2.0, 3.0], &[2]).unwrap(), Tensor::from_slice(&[1e8, 1.0], &[2]).unwrap()];
    let f = |x: &[Tensor]| {
        let all = Tensor::mul(&x[0], &x[1])?;
        let part = Tensor::mul(&x[0].to_constant(), &Tensor::from_slice(&[0.0, 0.5], &[2])?)?;
        all.add(&part)
    };
    let found = mismatch(tensor_gradient(f, &pair));
    approx::assert_relative_eq!(found.differences, 1.5 * found.derivative, max_relative = 1e-5);
    assert_eq!((found.argument, found.element), (0, vec![1]));
    let curved = |x: &[Dual<Var>]| {
        let y = x[0].powi(2) * 1e8 + x[1].powi(3) * 1e-6;
        Dual::new(
            y.value,
            y.tangent - x[1].tangent * x[1].value.powi(2) * 1e-6
                + x[1].tangent * (x[1].to_f64().powi(2) * 1e-6),
        )
    };
    let found = mismatch(gradient(curved, &[2.0, 3.0]));
    assert_eq!((found.order, found.argument), (2, 1));
}

#[test]
fn arguments_that_are_tiny_or_huge_and_right_derivatives_pass() {
    let one = |f: fn(Dual<Var>) -> Dual<Var>, x: f64| {
        let report = gradient(|x| f(x[0]), &[x]).unwrap_or_else(|error| panic!("at {x:e}: {error}"));
        assert!(report.first < 1e-6 && report.second.unwrap() < 1e-6, "at {x:e}: {report:?}");
        hessian(|x| f(x[0]), &[x]).unwrap_or_else(|error| panic!("at {x:e}: {error}"));
    };
    for x in [1e-150, 1e-8, 1e-4, 1e-3, 5e-4, 1.0, 1e5, 1e200] {
        one(|x| x.ln(), x);
        one(|x| x.sqrt(), x);
    }
    one(|x| x.exp(), 600.0);
    one(|x| x.sin(), 1000.0);
    one(|x| (x * 1000.0).cos(), 1.0);
    one(|x| x.asin(), 1.0 - 1e-6);
    one(|x| x.recip(), 1e-9);
    gradient(|x| x[0] * x[0] + x[1], &[1e9, 1.0]).unwrap();
    let report = gradient(|x| x[0] * x[0], &[1e9]).unwrap();
    assert!(report.first < 1e-9, "{report:?}");
    let tensor = Tensor::from_slice(&[1e-6, 1.0, 3e7], &[3]).unwrap();
    tensor_gradient(|x| Ok(Tensor::ln(&x[0])), &[tensor]).unwrap();
}

#[test]
fn functions_that_vanish_or_round_on_their_way_pass() {
    // x⁵ at 0, and the product of many at 0, whose differences shrink with the step.
    for n in [3, 4, 5, 8] {
        gradient(|x| x[0].powi(n), &[0.0]).unwrap();
        gradient(|x| x.iter().copied().product(), &vec![0.0; n as usize]).unwrap();
        hessian(|x| x[0].powi(n), &[0.0]).unwrap();
    }
    // The second argument cancels, but for its rounding.
    gradient(|x| (x[0] + x[1]) - x[1], &[1.0, 1e6]).unwrap();
    hessian(|x| ((x[0] + x[1]) - x[1]).exp(), &[1.0, 1e4]).unwrap();
}

#[test]
fn a_jump_and_an_edge_are_not_taken_for_rounding() {
    assert_eq!(mismatch(gradient(|x| x[0].floor(), &[2.0])).argument, 0);
    assert!(gradient(|x| x[0].sqrt(), &[0.0]).is_err());
    assert!(gradient(|x| x[0].relu(), &[0.0]).is_err());
    assert_eq!(mismatch(gradient(|x| x[0].abs(), &[0.0])).order, 2, "the slope jumps");
}

#[test]
fn forward_mode_that_is_off_is_told_from_differences() {
    let f = |x: &[Dual<Var>]| {
        let y = x[0] * x[1];
        Dual::new(y.value, y.tangent + x[1].tangent)
    };
    let error = gradient(f, &[2.0, 3.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "check: first derivative by argument 1 of the function, element []: the tape says 2, differences say 2, \
         forward mode says 3"
    );
}
