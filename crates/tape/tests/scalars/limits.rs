//! Limits of a recording, and what a value depends on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use tape::{Tape, Tensor, Var, grad, nary, unused_inputs};

#[test]
fn a_line_beyond_the_limit_panics_with_the_limit_and_nothing_is_lost() {
    let tape = Tape::begin();
    tape.limit_lines(10).unwrap();
    let x: Vec<Var> = tape.vars(&[1.5, 2.0]);
    let mut y = x[0] * x[1];
    let caught = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..100 {
            y = y * x[1] + x[0];
        }
    }));
    let text = *caught.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("tape: a recording holds at most 10 scalar lines, got one more"), "{text}");
    assert_eq!(tape.lines(), 10);
    assert!(tape.sweep(&y).unwrap().of(&x[0]).unwrap() > 0.0);

    let error = tape.limit_lines(9).unwrap_err().to_string();
    assert_eq!(error, "limit_lines: wants a limit from 10, the lines that stand there, to 2147483648, got 9");
    tape.limit_lines(11).unwrap();
    let _ = x[0] * x[1];
    assert!(catch_unwind(AssertUnwindSafe(|| tape.var(1.0))).is_err());
    assert!(tape.limit_lines(1 << 40).is_err());
}

#[test]
fn leaves_beyond_the_limit_panic_with_their_number_and_leave_none_behind() {
    let tape = Tape::begin();
    tape.limit_lines(5).unwrap();
    let x = tape.var(2.0);
    let caught = catch_unwind(AssertUnwindSafe(|| tape.vars(&[0.0; 10])));
    let text = *caught.unwrap_err().downcast::<String>().unwrap();
    assert!(text.starts_with("tape: a recording holds at most 5 scalar lines, got 10 more"), "{text}");
    assert_eq!(tape.lines(), 1);
    let y = tape.vars(&[1.0; 4]);
    assert_eq!(tape.sweep(&x).unwrap().of(&y[3]).unwrap(), 0.0);
}

#[test]
fn a_limit_is_that_of_one_tape() {
    let tape = Tape::begin();
    tape.limit_lines(5).unwrap();
    let x = tape.vars(&[1.0; 4]);
    {
        let inner = Tape::begin();
        let y = inner.vars(&[1.0; 100]);
        assert_eq!(inner.sweep(&(y[0] * y[99])).unwrap().of(&y[0]).unwrap(), 1.0);
    }
    let y = x[0] * x[1];
    assert!(catch_unwind(AssertUnwindSafe(|| x[0] * x[2])).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| nary::sum(&x))).is_err());
    assert_eq!(tape.sweep(&y).unwrap().of(&x[0]).unwrap(), 1.0);
    drop(tape);
    assert_eq!(grad(|x| x.iter().map(|x| x.sin()).sum(), &[0.0; 100]), [1.0; 100]);
}

#[test]
fn a_sweep_of_a_user_s_rule_keeps_the_limit() {
    let tape = Tape::begin();
    tape.limit_lines(3).unwrap();
    let x = tape.vars(&[1.0, 2.0]);
    let y = tape::checkpoint(&x, |x| vec![(0..50).fold(x[0], |y, _| y * x[1])])[0];
    assert!(tape.sweep(&y).is_ok(), "the piece that is run again has a tape of its own");
    assert!(catch_unwind(AssertUnwindSafe(|| x[0] * x[1])).is_err());
}

#[test]
fn dependence_is_told_apart_from_a_zero_derivative() {
    let tape = Tape::begin();
    let x = tape.vars(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let gathered = Tensor::from_vars(&[x[2], Var::from(1.0)], &[2]).unwrap();
    let element = gathered.scale(2.0).at(&[0]).unwrap();
    let joined = nary::linear_combination(&[0.0, 1.0, 1.0], &[x[3], x[0], element]);
    let rule = tape::checkpoint(&[joined, x[4].powi(2).keep()], |x| vec![x[0] * x[1]])[0];
    let y = rule * (x[5] - x[5] + 1.0);
    let _later = x[1] * x[6];
    assert_eq!(tape.depends(&y, &x).unwrap(), [true, false, true, true, true, true, false]);
    assert_eq!(tape.sweep(&y).unwrap().of(&x[3]).unwrap(), 0.0);
    assert_eq!(tape.depends(&x[1], &x[..2]).unwrap(), [false, true]);
    assert!(tape.depends(&Var::from(1.0), &x).is_err());
    assert_eq!(unused_inputs(|x| x[2] * x[0].powi(2), &[0.0, 1.0, 2.0, 3.0]), [1, 3]);
    // The first line, by a partial of zero.
    assert_eq!(unused_inputs(nary::product, &[1.0, 0.0, 0.0]), [0; 0]);
    assert_eq!(unused_inputs(nary::norm, &[0.0; 3]), [0; 0]);
    assert_eq!(unused_inputs(|x| tape::checkpoint(x, |x| vec![x[0] * 0.0 + x[1]])[0], &[1.0, 2.0]), [0; 0]);
    assert_eq!(unused_inputs(|_| 7.0.into(), &[0.0, 1.0]), [0, 1]);
    assert_eq!(unused_inputs(|_| 7.0_f64.into(), &[]), [0; 0]);
}
