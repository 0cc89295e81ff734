//! Recorded comparisons: a replay that would take another branch says so.

use num_traits::{Float, One, Signed, Zero};
use std::num::FpCategory;
use tape::{Dual, Error, Program, Real, Real64, Traced};

fn branch(error: Error) -> (usize, String, [f64; 2]) {
    match error {
        Error::Branch { input, comparison, got } => (input, comparison, got),
        other => panic!("wants a branch, got {other}"),
    }
}

#[test]
fn every_kind_of_comparison_is_recorded() {
    type F = fn(&[Traced]) -> bool;
    let kinds: [(F, &str); 11] = [
        (|x| x[0] < x[1], "line 0 < line 1 was recorded as true"),
        (|x| x[0] <= x[1], "line 0 <= line 1 was recorded as true"),
        (|x| x[0] > x[1], "line 1 < line 0 was recorded as false"),
        (|x| x[0] >= x[1], "line 1 <= line 0 was recorded as false"),
        (|x| x[0] == x[1], "line 0 == line 1 was recorded as false"),
        (|x| x[0] != x[1], "line 0 == line 1 was recorded as false"),
        (|x| x[0].partial_cmp(&x[1]).is_some(), "the order of lines 0 and 1 was recorded as less"),
        (|x| x[0].total_cmp(&x[1]).is_lt(), "the total order of lines 0 and 1 was recorded as less"),
        (|x| x[0] < 2.0, "line 0 < line 2 was recorded as true"),
        (|x| x[0] >= 2.0, "line 2 <= line 0 was recorded as false"),
        (|x| x[0] == 2.0, "line 0 == line 2 was recorded as false"),
    ];
    for (compare, want) in kinds {
        let program = Program::trace(|x| if compare(x) { x[0] } else { x[1] }, &[1.0, 2.0]);
        program.eval(&[0.5, 2.0, -3.0, 4.0]).unwrap();
        let elsewhere = if want.contains("==") { [2.0, 2.0] } else { [3.0, 2.0] };
        let x = [[1.0, 2.0], elsewhere, [1.0, 2.0]].concat();
        let (input, comparison, got) = branch(program.eval(&x).unwrap_err());
        assert_eq!((input, comparison.as_str()), (1, want));
        assert!(got == elsewhere || got == [elsewhere[1], elsewhere[0]], "{got:?}");
    }
}

/// Numbers of all kinds.
const PROBES: [f64; 13] = [
    f64::NEG_INFINITY,
    -2.0,
    -1.0,
    -1e-310,
    -0.0,
    0.0,
    1e-310,
    f64::MIN_POSITIVE,
    1.0,
    1.0 + 2.0 * f64::EPSILON,
    2.0,
    f64::INFINITY,
    f64::NAN,
];

/// Traces a question at each pair of probes and replays it at all: a replay has the answer of plain numbers, or says
/// that it differs.
fn holds_everywhere(question: &str, traced: impl Fn(&[Traced]) -> bool, plain: impl Fn(&[f64]) -> bool) {
    let number = |answer| if answer { 1.0 } else { 0.0 };
    let pairs = || PROBES.iter().flat_map(|&a| PROBES.iter().map(move |&b| [a, b]));
    for at in pairs() {
        let program = Program::trace(|x| number(traced(x)).into(), &at);
        let again: Program = program.to_string().parse().expect("its own text");
        for x in pairs() {
            let want = number(plain(&x));
            match program.eval(&x) {
                Ok(got) => assert_eq!(got, [want], "{question}, traced at {at:?}, replayed at {x:?}"),
                Err(Error::Branch { .. }) => {
                    assert!(
                        at.map(f64::to_bits) != x.map(f64::to_bits),
                        "{question}, replayed where it was traced"
                    );
                }
                Err(other) => panic!("wants a branch, got {other}"),
            }
            assert_eq!(again.eval(&x).is_ok(), program.eval(&x).is_ok(), "{question}, read from text");
        }
    }
}

#[test]
fn every_question_is_recorded_or_answered_anew() {
    // Twice: a closure is of one type.
    macro_rules! questions {
        ($(|$a:ident, $b:pat_param| $question:expr),* $(,)?) => {$(
            holds_everywhere(
                stringify!($question),
                |x: &[Traced]| { let ($a, $b) = (x[0], x[1]); $question },
                |x: &[f64]| { let ($a, $b) = (x[0], x[1]); $question },
            );
        )*};
    }
    questions!(
        |a, b| a < b,
        |a, b| a >= b,
        |a, b| a == b,
        |a, b| a.partial_cmp(&b).is_none(),
        |a, b| Real::total_cmp(&a, &b).is_lt(),
        |a, b| Real::total_cmp(&a, &b).is_eq(),
        |a, _| Zero::is_zero(&a),
        |a, _| One::is_one(&a),
        |a, _| Float::is_nan(a),
        |a, _| Float::is_finite(a),
        |a, _| Float::is_infinite(a),
        |a, _| Float::is_normal(a),
        |a, _| Float::is_sign_positive(a),
        |a, _| Float::is_sign_negative(a),
        |a, _| Signed::is_positive(&a),
        |a, _| Signed::is_negative(&a),
        |a, _| Float::classify(a) == FpCategory::Subnormal,
        |a, _| Float::classify(a) == FpCategory::Zero,
    );
}

#[test]
fn sorting_by_the_total_order_is_held_to_the_order_that_was_found() {
    let median = |x: &[Traced]| {
        let mut v = x.to_vec();
        v.sort_by(Real::total_cmp);
        v[1]
    };
    let program = Program::trace(median, &[1.0, 2.0, 3.0]);
    assert_eq!(program.eval(&[-1.0, 5.0, 6.0]).unwrap(), [5.0]);
    assert!(matches!(program.eval(&[9.0, 1.0, 2.0]), Err(Error::Branch { .. })));
    let duals = |x: &[Traced]| {
        let mut v: Vec<_> = x.iter().map(|&x| Dual::new(x, 1.0.into())).collect();
        v.sort_by(Real::total_cmp);
        v[1].value
    };
    assert!(Program::trace(duals, &[1.0, 2.0, 3.0]).eval(&[9.0, 1.0, 2.0]).is_err());
}

#[test]
fn a_comparison_on_another_thread_is_refused_as_arithmetic_is() {
    let there = |x: &[Traced], work: fn(Traced) -> Traced| {
        let x = x[0];
        let thread = std::thread::spawn(move || work(x));
        thread.join().map_err(|panic| *panic.downcast::<&str>().expect("a panic with words")).unwrap_err()
    };
    let mut words = Vec::new();
    let _ = Program::trace(
        |x| {
            words.push(there(x, |x| x * 2.0 + x));
            words.push(there(x, |x| if x > 0.0 { x } else { Traced::from(0.0) }));
            words.push(there(x, |x| if x == x { x } else { Traced::from(0.0) }));
            x[0]
        },
        &[1.0],
    );
    let want = "trace: wants values of the function being traced on this thread, got one of another trace";
    assert_eq!(words, [want; 3]);
}

#[test]
fn a_nan_takes_the_branch_that_it_takes_in_plain_code() {
    let program = Program::trace(|x| if x[0] < x[1] { x[0] } else { x[1] * 2.0 }, &[2.0, 1.0]);
    assert!(program.eval(&[f64::NAN, 1.0]).unwrap()[0] == 2.0);
    let program = Program::trace(|x| if x[0] < x[1] { x[0] } else { x[1] * 2.0 }, &[1.0, 2.0]);
    assert!(matches!(program.eval(&[f64::NAN, 1.0]), Err(Error::Branch { .. })));
}

#[test]
fn the_first_row_in_the_batch_and_its_first_comparison_are_named() {
    let f = |x: &[Traced]| {
        let y = if x[0] > 0.0 { x[0] } else { -x[0] };
        if y < 10.0 { y } else { 10.0.into() }
    };
    let program = Program::trace(f, &[1.0]);
    for rows in [1, 2, 7, 8, 9, 100, 1000] {
        for at in [0, rows / 2, rows - 1] {
            let mut x = vec![1.0; rows];
            x[at] = 11.0;
            x[rows - 1] = -1.0;
            for threads in [1, 2, 3] {
                let mut y = vec![0.0; rows];
                let mut workspace = tape::Workspace::with_threads(threads);
                let error = program.eval_into(&x, &mut y, &mut workspace).unwrap_err();
                let (input, comparison, got) = branch(error);
                assert_eq!(input, at);
                if at == rows - 1 {
                    assert_eq!(
                        (comparison.as_str(), got),
                        ("line 1 < line 0 was recorded as true", [0.0, -1.0])
                    );
                } else {
                    assert_eq!(
                        (comparison.as_str(), got),
                        ("line 0 < line 2 was recorded as true", [11.0, 10.0])
                    );
                }
            }
        }
    }
}

#[test]
fn derivatives_check_the_comparisons_of_the_function() {
    let program = Program::trace(|x| if x[0] > x[1] { x[0] * x[0] } else { x[1] }, &[2.0, 1.0]);
    assert_eq!(program.value_and_grad(&[3.0, 1.0]).unwrap().1, [6.0, 0.0]);
    assert_eq!(
        branch(program.value_and_grad(&[0.0, 1.0]).unwrap_err()).1,
        "line 1 < line 0 was recorded as true"
    );
    assert_eq!(branch(program.hvp(&[3.0, 1.0, 0.0, 1.0], &[1.0; 4]).unwrap_err()).0, 1);
    assert_eq!(branch(program.hessian(&[3.0, 1.0, 0.0, 1.0]).unwrap_err()).0, 1);
    assert_eq!(branch(program.jacobian(&[3.0, 1.0, 0.0, 1.0]).unwrap_err()).0, 1);
}

#[test]
fn comparisons_of_duals_over_traced_values_are_recorded() {
    fn f<R: Real>(x: R) -> R {
        if x > R::from_f64(1.0) { x * x } else { x }
    }
    let derivative = Program::trace(|x| f(Dual::new(x[0], 1.0.into())).tangent, &[2.0]);
    assert_eq!(derivative.eval(&[5.0]).unwrap(), [10.0]);
    assert!(derivative.eval(&[0.5]).is_err());
}

#[test]
fn comparisons_of_constants_and_outside_of_traces_are_not_recorded() {
    let program = Program::trace(
        |x| {
            let (a, b) = (Traced::from(1.0), Traced::from(2.0));
            if a < b { x[0] } else { x[0] * 2.0 }
        },
        &[1.0],
    );
    assert_eq!(program.len(), 1);
    let mut kept = None;
    let _ = Program::trace(|x| *kept.insert(x[0]), &[1.0]);
    assert!(kept.unwrap() == Traced::from(1.0));
}

#[test]
fn numbers_that_leave_the_function_are_not_seen() {
    let program = Program::trace(|x| x[0] * x[0].to_f64(), &[3.0]);
    assert_eq!(program.eval(&[5.0]).unwrap(), [15.0]);
}

#[test]
fn retracing_follows_every_branch() {
    fn f<R: Real64>(x: &[R]) -> R {
        let mut y = x[0];
        let mut halvings = 0;
        while y > R::from_f64(1.0) {
            y /= 2.0;
            halvings += 1;
        }
        y + f64::from(halvings)
    }
    let x: Vec<f64> = (0..200).map(|k| f64::from(k * 37 % 64)).collect();
    let want: Vec<f64> = x.iter().map(|&x| f(&[x])).collect();
    let mut program = Program::trace(f, &[1.0]);
    let mut traces = 0;
    let values = program.eval_or_retrace(&x, |at| {
        traces += 1;
        Program::trace(f, at)
    });
    assert_eq!(values.unwrap(), want);
    assert!(traces > 0 && traces < 200);
    let error = program.eval_or_retrace(&[0.5, 60.0], |_| Program::trace(|x| x[0], &[1.0, 2.0])).unwrap_err();
    assert_eq!(error.to_string(), "eval_or_retrace: wants a program of 1 inputs and 1 outputs, got 2");
}

#[test]
fn maximum_and_select_need_no_branch() {
    let program = Program::trace(|x| x[0].max(x[1]) + x[0].less(x[1]).select(x[0], x[1]), &[1.0, 2.0]);
    assert_eq!(program.eval(&[1.0, 2.0, 5.0, 2.0]).unwrap(), [3.0, 7.0]);
    assert_eq!(program.value_and_grad(&[1.0, 2.0, 5.0, 2.0]).unwrap().1, [1.0, 1.0, 1.0, 1.0]);
}
