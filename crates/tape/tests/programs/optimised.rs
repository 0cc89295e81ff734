//! What optimising takes away, and what it must not.

use tape::{Program, Real64, Traced};

fn operations(f: impl FnOnce(&[Traced]) -> Traced) -> usize {
    Program::trace(f, &[0.5, 0.25]).optimised().operations()
}

#[test]
fn dead_lines_are_dropped_and_equal_ones_shared() {
    assert_eq!(
        operations(|x| {
            let _ = x[0].exp();
            x[0].sin()
        }),
        1
    );
    assert_eq!(operations(|x| x[0].sin() * x[0].sin()), 2);
    assert_eq!(operations(|x| (x[0] * x[1]) / (x[1] * x[0])), 2);
    assert_eq!(operations(|x| x[0].powi(4) + x[0] * x[0]), 3);
}

#[test]
fn identities_that_hold_to_the_last_bit_cost_nothing() {
    assert_eq!(operations(|x| -(-x[0]) * 1.0 / 1.0 - 0.0), 0);
    assert_eq!(operations(|x| (-x[0]) + x[1]), 1);
    assert_eq!(operations(|x| x[0] - (-x[1])), 1);
    assert_eq!(operations(|x| (-x[0]) * (-x[1])), 1);
    assert_eq!(operations(|x| x[0].powi(1)), 0);
}

#[test]
fn a_sum_with_zero_and_a_product_with_zero_stay() {
    let program = Program::trace(|x| x[0] + 0.0, &[1.0]);
    assert!(program.eval(&[-0.0]).unwrap()[0].is_sign_positive());
    let program = Program::trace(|x| x[0] * 0.0, &[1.0]);
    assert!(program.eval(&[f64::INFINITY]).unwrap()[0].is_nan());
    let program = Program::trace(|x| x[0] - x[0], &[1.0]);
    assert!(program.eval(&[f64::NAN]).unwrap()[0].is_nan());
    let program = Program::trace_many(|x| vec![x[0].scale(0.0), x[0].scale(-0.0)], &[1.0]);
    let signs: Vec<bool> = program.eval(&[1.0]).unwrap().iter().map(|y| y.is_sign_negative()).collect();
    assert_eq!(signs, [false, true]);
}

#[test]
fn the_traced_list_itself_stays_as_it_ran() {
    let program = Program::trace(|x| x[0].sin() * x[0].sin(), &[0.5]);
    let _ = program.eval(&[1.0]).unwrap();
    assert_eq!((program.len(), program.optimised().len()), (4, 3));
}

#[test]
fn the_gradient_is_as_short_as_by_hand() {
    // Of Σ 100 (x₁ - x₀²)² + (1 - x₀)²: by hand some 13 operations for both.
    fn rosenbrock<R: Real64>(x: &[R]) -> R {
        let (bend, far) = (x[1] - x[0] * x[0], R::from_f64(1.0) - x[0]);
        bend * bend * 100.0 + far * far
    }
    let program = Program::trace(rosenbrock, &[0.5, 0.25]);
    let gradient = program.with_gradient().unwrap();
    assert!(gradient.operations() <= 14, "{}", gradient.table());
    assert!(gradient.bytes() > 0);
}

#[test]
fn unfused_replays_round_as_plain_code() {
    fn f<R: Real64>(x: &[R]) -> R {
        let mut total = R::from_f64(0.0);
        for k in 0..50 {
            total = total + x[0] * x[1] * f64::from(k) - x[1] * total * 0.25;
        }
        total
    }
    let x = [0.1, 0.3];
    let program = Program::trace(f, &[0.7, 0.9]).unfused();
    assert_eq!(program.eval(&x).unwrap(), [f(&x)]);
    assert!(program.to_string().contains("unfused"));
}
