//! Levels of differentiation: each has its type, and they are not mixed up.

use crate::{AT, mixed};
use approx::assert_relative_eq;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tape::{
    Dual, Program, Real, Reverse, Tangents, Traced, Var, grad, grad_over, hessian, hvp, value_and_grad_over,
};

type Twice = Reverse<Reverse<f64>>;
type Thrice = Reverse<Twice>;

/// The derivative of a function of one number by forward mode.
fn forward<R: Real>(f: impl Fn(Dual<R>) -> Dual<R>, x: R) -> R {
    f(Dual::new(x, R::from_f64(1.0))).tangent
}

/// The same by reverse mode.
fn reverse<R: Real>(f: impl Fn(Reverse<R>) -> Reverse<R>, x: R) -> R {
    grad_over(|x| f(x[0]), &[x])[0]
}

fn panic_of<R>(body: impl FnOnce() -> R) -> String {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(body));
    std::panic::set_hook(hook);
    let payload = result.err().expect("it should panic");
    payload
        .downcast_ref::<String>()
        .cloned()
        .or(payload.downcast_ref::<&str>().map(|s| (*s).to_owned()))
        .unwrap()
}

// D(x ↦ x · D(y ↦ x + y)) is 1: the inner derivative must not see x move (Siskind and Pearlmutter 2005).
#[test]
fn an_inner_derivative_does_not_see_the_outer_variable_move() {
    for x in [-2.0, 0.0, 1.0, 7.5] {
        let (one, k) = (1.0, 4.0);
        assert_eq!(reverse(|x| x * reverse(|y| Reverse::constant(x) + y, Reverse::from_f64(k)), x), one);
        assert_eq!(reverse(|x| x * forward(|y| Dual::constant(x) + y, Reverse::from_f64(k)), x), one);
        assert_eq!(forward(|x| x * reverse(|y| Reverse::constant(x) + y, Dual::from_f64(k)), x), one);
        assert_eq!(forward(|x| x * forward(|y| Dual::constant(x) + y, Dual::from_f64(k)), x), one);
        let fast = grad(|x| x[0] * reverse(|y| Reverse::constant(x[0]) + y, Var::from(k)), &[x]);
        assert_eq!(fast, [one]);
        let fast = grad(|x| x[0] * forward(|y| Dual::constant(x[0]) + y, Var::from(k)), &[x]);
        assert_eq!(fast, [one]);
    }
}

// D(x ↦ x · D(y ↦ x y)) is 2 x: there it must see x.
#[test]
fn an_outer_derivative_sees_the_outer_variable_inside_the_inner_one() {
    for x in [-2.0, 0.0, 1.0, 7.5] {
        let k = 4.0;
        assert_eq!(reverse(|x| x * reverse(|y| Reverse::constant(x) * y, Reverse::from_f64(k)), x), 2.0 * x);
        assert_eq!(reverse(|x| x * forward(|y| Dual::constant(x) * y, Reverse::from_f64(k)), x), 2.0 * x);
        assert_eq!(forward(|x| x * reverse(|y| Reverse::constant(x) * y, Dual::from_f64(k)), x), 2.0 * x);
        assert_eq!(forward(|x| x * forward(|y| Dual::constant(x) * y, Dual::from_f64(k)), x), 2.0 * x);
        let fast = grad(|x| x[0] * reverse(|y| Reverse::constant(x[0]) * y, Var::from(k)), &[x]);
        assert_eq!(fast, [2.0 * x]);
    }
}

// D(x ↦ x · D(y ↦ y · D(z ↦ x y z))) at y = x: the innermost is x y, then D(x y²) = 2 x y = 2 x², so D(2 x³) = 6 x².
#[test]
fn three_levels_keep_apart() {
    for x in [-2.0, 0.5, 3.0] {
        let by_reverse = reverse(
            |x| {
                x * reverse(
                    |y| {
                        y * reverse(
                            |z| Reverse::constant(Reverse::constant(x)) * Reverse::constant(y) * z,
                            Reverse::from_f64(1.0),
                        )
                    },
                    x,
                )
            },
            x,
        );
        let by_forward = forward(
            |x| {
                x * forward(
                    |y| {
                        y * forward(
                            |z| Dual::constant(Dual::constant(x)) * Dual::constant(y) * z,
                            Dual::from_f64(1.0),
                        )
                    },
                    x,
                )
            },
            x,
        );
        let mixed = reverse(
            |x| {
                x * forward(
                    |y| {
                        y * reverse(
                            |z| Reverse::constant(Dual::constant(x)) * Reverse::constant(y) * z,
                            Dual::from_f64(1.0),
                        )
                    },
                    x,
                )
            },
            x,
        );
        assert_eq!([by_reverse, by_forward, mixed], [6.0 * x * x; 3]);
    }
}

// (sin)⁗ = sin, and the fourth derivative of x⁶ is 360 x².
#[test]
fn four_levels_give_the_fourth_derivative() {
    let x = 0.7;
    let fourth = |f: fn(Reverse<Thrice>) -> Reverse<Thrice>| {
        reverse(|x| reverse(|x| reverse(|x| reverse(f, x), x), x), x)
    };
    assert_relative_eq!(fourth(SinOf::sin_of), x.sin(), max_relative = 1e-14);
    assert_relative_eq!(fourth(|x| x.powi(6)), 360.0 * x * x, max_relative = 1e-14);
}

/// A function as a method, so that it can be named for any number.
trait SinOf {
    fn sin_of(self) -> Self;
}
impl<R: Real> SinOf for R {
    fn sin_of(self) -> Self {
        self.sin()
    }
}

#[test]
fn every_number_can_stand_below_a_reverse_level() {
    let want = grad(mixed, &AT);
    let by_type = [
        grad_over(mixed, &AT),
        grad_over(mixed, &AT.map(Var::from)).iter().map(|d| d.value()).collect(),
        grad_over(mixed, &AT.map(Dual::constant)).iter().map(|d| d.value).collect(),
        grad_over(mixed, &AT.map(Tangents::<3>::constant)).iter().map(|d| d.value).collect(),
        grad_over(mixed, &AT.map(Reverse::constant)).iter().map(|d| d.value()).collect(),
        grad_over(mixed, &AT.map(Traced::from)).iter().map(|d| d.value()).collect(),
    ];
    for got in by_type {
        for (got, &want) in got.into_iter().zip(&want) {
            assert_relative_eq!(got, want, max_relative = 1e-13);
        }
    }
    for (got, &want) in grad_over(mixed, &AT.map(|x| x as f32)).into_iter().zip(&want) {
        assert_relative_eq!(f64::from(got), want, max_relative = 1e-5);
    }
}

#[test]
fn the_gradient_over_a_trace_is_a_program() {
    let program = Program::trace(|x: &[Traced]| grad_over(mixed, x)[1], &AT);
    assert_relative_eq!(program.value(), grad(mixed, &AT)[1], max_relative = 1e-13);
    let row = hessian(mixed, &AT).to_vec()[3..6].to_vec();
    for (got, want) in program.gradient().into_iter().zip(row) {
        assert_relative_eq!(got, want, max_relative = 1e-12, epsilon = 1e-12);
    }
}

// ∇(½ |∇f|²) = H ∇f.
#[test]
fn the_gradient_of_the_norm_of_a_gradient_is_the_hessian_times_the_gradient() {
    let half = |d: Vec<Var>| d.iter().map(|&d| d * d).sum::<Var>() * 0.5;
    let got = grad(|x| half(grad_over(mixed, x)), &AT);
    let want = hvp(mixed, &AT, &grad(mixed, &AT)).unwrap();
    for (got, want) in got.into_iter().zip(want) {
        assert_relative_eq!(got, want, max_relative = 1e-12);
    }
}

// Third derivatives do not depend on the order in which they are taken, nor on the modes.
#[test]
fn third_derivatives_agree_between_modes() {
    let third = |i: usize, j: usize, k: usize| {
        let unit = |at: usize, n: usize| Dual::new(AT[n], f64::from(u8::from(at == n)));
        let over_dual = grad_over(
            |x: &[Reverse<Dual<f64>>]| grad_over(mixed, x)[i],
            &std::array::from_fn::<_, 3, _>(|n| unit(j, n)),
        );
        let over_var = grad(|x: &[Var]| grad_over(|x| grad_over(mixed, x)[i], x)[j], &AT);
        assert_relative_eq!(over_dual[k].tangent, over_var[k], max_relative = 1e-11, epsilon = 1e-11);
        over_var[k]
    };
    for (i, j, k) in [(0, 1, 2), (0, 0, 1), (2, 2, 2), (1, 1, 0)] {
        let want = third(i, j, k);
        for permuted in [third(j, k, i), third(k, i, j), third(k, j, i)] {
            assert_relative_eq!(permuted, want, max_relative = 1e-11, epsilon = 1e-11);
        }
    }
}

const MIXED: &str = "scalar operation: wants values of one recording, got two of different ones; a value of an outer \
                     recording comes into an inner one by `Reverse::constant`, which gives it the type of that level";

#[test]
fn handles_of_two_live_recordings_of_one_type_do_not_mix() {
    let message =
        panic_of(|| grad_over(|x| Reverse::constant(grad_over(|y| x[0] * y[0], &[2.0])[0]), &[3.0]));
    assert_eq!(message, MIXED);
    let message = panic_of(|| {
        grad_over(|x| Reverse::constant(grad_over(|y| y[0].mul_add(y[0], x[0]), &[2.0])[0]), &[3.0])
    });
    assert_eq!(message, MIXED);
}

#[test]
fn returning_an_outer_value_from_an_inner_function_is_refused() {
    let message = panic_of(|| grad_over(|x| Reverse::constant(grad_over(|_| x[0], &[2.0])[0]), &[3.0]));
    assert!(message.starts_with("grad_over: wants a value of the function's own inputs"), "{message}");
}

#[test]
fn a_handle_whose_recording_has_ended_is_refused_here_and_on_another_thread() {
    let mut kept = None;
    grad_over(
        |x| {
            kept = Some(x[0]);
            std::thread::scope(|scope| {
                let there = x[0];
                let message = scope.spawn(move || panic_of(|| there.sin())).join().unwrap();
                assert!(message.contains("has ended, or is of another thread"), "{message}");
            });
            x[0]
        },
        &[2.0],
    );
    let kept = kept.unwrap();
    assert_eq!(kept.value(), 2.0, "its value can still be read");
    assert!(panic_of(|| kept.sin()).contains("the recording of this value has ended"));
    assert!(
        panic_of(|| grad_over(|x| x[0] * kept, &[1.0])).starts_with("scalar operation: wants values of one")
    );
}

#[test]
fn a_panic_inside_an_inner_recording_leaves_the_outer_ones_intact() {
    let gradient = grad_over(
        |x: &[Twice]| {
            let before = x[0] * x[1];
            for _ in 0..3 {
                let message = panic_of(|| {
                    grad_over(
                        |y: &[Thrice]| {
                            let z = y[0].sin();
                            assert!(z.to_f64() > 2.0, "as planned");
                            z
                        },
                        x,
                    )
                });
                assert_eq!(message, "as planned");
            }
            before + grad_over(|y| y[0] * y[0], &[x[0]])[0]
        },
        &[Reverse::constant(3.0), Reverse::constant(5.0)],
    );
    assert_eq!((gradient[0].value(), gradient[1].value()), (7.0, 3.0));
}

#[test]
fn recordings_on_other_threads_run_side_by_side() {
    let work = |k: f64| move || grad_over(|x| grad_over(|y| y[0].powi(3), &[x[0]])[0], &[k])[0];
    let threads: Vec<_> = (0..8).map(|k| (k, std::thread::spawn(work(f64::from(k))))).collect();
    for (k, thread) in threads {
        assert_eq!(thread.join().unwrap(), 6.0 * f64::from(k));
    }
}

#[test]
fn constants_ignored_inputs_and_no_inputs_have_a_gradient_of_zeros() {
    assert_eq!(value_and_grad_over(|_| Reverse::constant(3.0), &[1.0, 2.0]), (3.0, vec![0.0, 0.0]));
    assert_eq!(grad_over(|x| x[1].exp(), &[1.0, 0.0]), [0.0, 1.0]);
    assert_eq!(value_and_grad_over(|_| Reverse::constant(3.0), &[]), (3.0, vec![]));
    assert_eq!(grad_over(|x| x[0], &[5.0]), [1.0]);
    assert_eq!(grad_over(|x| x[0] - x[0], &[5.0]), [0.0]);
}

#[test]
fn a_cotangent_of_zero_is_not_multiplied_with_an_infinite_partial() {
    // The branch that `max` does not choose has the cotangent zero and an infinite partial.
    let f = |x: &[Reverse<f64>]| x[0].sqrt().max(x[0] + 1.0);
    assert_eq!(value_and_grad_over(f, &[0.0]), (1.0, vec![1.0]));
}

/// 0 for x ≤ 0, else √x, whose derivative is NaN on the left and infinite at zero.
fn clipped<R: Real>(x: R) -> R {
    x.less_equal(R::from_f64(0.0)).select(R::from_f64(0.0), x.sqrt())
}

#[test]
fn what_was_not_chosen_hands_nothing_on_whatever_the_gradient_stands_over() {
    let x = [0.0, -1.0, 4.0];
    let (slopes, bends) = ([0.0, 0.0, 0.25], [0.0, 0.0, -1.0 / 32.0]);
    let program = Program::trace(|x| reverse(clipped, x[0]), &[1.0]);
    assert_eq!(program.eval(&x).unwrap(), slopes);
    assert_eq!(program.value_and_grad(&x).unwrap().1, bends);
    assert_eq!(Program::trace(|x| reverse(|x| reverse(clipped, x), x[0]), &[1.0]).eval(&x).unwrap(), bends);
    assert_eq!(Program::trace(|x| forward(|x| reverse(clipped, x), x[0]), &[1.0]).eval(&x).unwrap(), bends);
    assert_eq!(Program::trace(|x| reverse(|x| forward(clipped, x), x[0]), &[1.0]).eval(&x).unwrap(), bends);
    for ((x, slope), bend) in x.into_iter().zip(slopes).zip(bends) {
        assert_eq!(reverse(clipped, x), slope);
        assert_eq!(grad(|x: &[Var]| reverse(clipped, x[0]), &[x]), [bend]);
        assert_eq!(forward(|x| reverse(clipped, x), x), bend);
        assert_eq!(reverse(|x| reverse(clipped, x), x), bend);
    }
}

/// Choices one behind the other, several that lead to one value, and a ramp: all of them before a root.
fn choices<R: Real>(x: &[R]) -> R {
    let root = x[0].sqrt();
    let zero = R::from_f64(0.0);
    let first = x[0].greater(zero).select(root, x[1]);
    let both = first.max(x[1].scale(2.0)) + x[0].greater(x[1]).select(root * x[1], x[1] * x[1]);
    both + root.relu() * x[1].greater(zero).select(x[1].ln(), zero).min(x[1])
}

#[test]
fn a_replay_of_a_gradient_is_the_gradient_there() {
    let program = Program::trace_many(|x| grad_over(choices, x), &[1.0, 2.0]);
    for x in [[1.0, 2.0], [3.0, 2.0], [0.5, 0.1], [2.0, -1.0], [4.0, 1e-3], [9.0, -3.0]] {
        let want = grad_over(choices, &x);
        for (got, want) in program.eval(&x).unwrap().into_iter().zip(&want) {
            assert_relative_eq!(got, *want, max_relative = 1e-14);
        }
        for (got, want) in grad(choices, &x).into_iter().zip(want) {
            assert_relative_eq!(got, want, max_relative = 1e-14);
        }
    }
    assert_eq!(program.eval(&[0.0, -1.0]).unwrap(), grad_over(choices, &[0.0, -1.0]));
}

#[test]
fn a_zero_that_nobody_chose_is_multiplied_as_any_number() {
    // The derivative of x at zero, by way of an infinite one: not known, and not said to be zero.
    let program = Program::trace(|x| reverse(|x| x.cbrt().powi(3), x[0]), &[1.0]);
    let slopes = program.eval(&[0.0, 8.0]).unwrap();
    assert!(slopes[0].is_nan());
    assert_relative_eq!(slopes[1], 1.0, max_relative = 1e-15);
    // A cotangent that is zero by chance has a derivative of its own: ∂²(y ln x) / ∂x ∂y = 1 / x.
    let mixed = Program::trace(|v| grad_over(|v| v[1] * v[0].ln(), v)[0], &[1.0, 1.0]);
    assert_eq!(mixed.value_and_grad(&[2.0, 0.0]).unwrap().1, [0.0, 0.5]);
}

#[test]
fn a_handle_is_its_value_and_eight_bytes() {
    assert_eq!((size_of::<Reverse<f64>>(), size_of::<Twice>(), size_of::<Thrice>()), (16, 24, 32));
    assert_eq!(size_of::<Reverse<Tangents<8>>>(), 80);
}

#[test]
fn long_chains_are_swept_without_recursion() {
    let n = 300_000;
    let gradient = grad_over(|x| (0..n).fold(x[0], |y, _| y * x[1] + x[0]), &[0.0, 1.0]);
    assert_eq!(gradient, [f64::from(n) + 1.0, 0.0]);
}
