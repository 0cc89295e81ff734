//! Pieces that are collapsed into a line or run again.

use approx::assert_relative_eq;
use std::cell::Cell;
use std::rc::Rc;
use tape::{
    Real, Tape, Var, checkpoint, checkpoint_chain, grad, hvp, jacobian, preaccumulate, preaccumulate_all,
    value_and_grad,
};

fn piece<R: Real>(x: &[R]) -> R {
    (0..50).fold(x[0], |y, k| (y * x[1] + x[2].scale(0.1 * f64::from(k))).sin() + y / x[1])
}

fn whole<R: Real>(x: &[R], run: impl Fn(&[R]) -> R) -> R {
    let y = run(&[x[0], x[1] * x[0], R::from_f64(0.5)]);
    run(&[y, x[1].exp(), x[0]]) * y
}

/// The same derivatives of two orders as without.
fn must_agree(f: impl Fn(&[Var]) -> Var, hvp_of: impl Fn(&[tape::Dual<Var>]) -> tape::Dual<Var>, x: &[f64]) {
    let (y, gradient) = value_and_grad(f, x);
    let (y_want, want) = value_and_grad(|x| whole(x, piece), x);
    assert_eq!(y, y_want);
    for (got, want) in gradient.iter().zip(want) {
        assert_relative_eq!(*got, want, max_relative = 1e-12);
    }
    let v = [0.3, -1.1];
    let want = hvp(|x| whole(x, piece), x, &v).unwrap();
    for (got, want) in hvp(hvp_of, x, &v).unwrap().iter().zip(want) {
        assert_relative_eq!(*got, want, max_relative = 1e-10);
    }
}

#[test]
fn a_collapsed_piece_has_the_derivatives_of_the_piece() {
    fn f<R: Real>(x: &[R]) -> R {
        whole(x, |x| preaccumulate(x, piece))
    }
    must_agree(f, f, &[0.7, 1.4]);
    let tape = Tape::begin();
    let x = tape.vars(&[0.7, 1.4]);
    let _ = f(&x);
    assert!(tape.lines() < 10, "{} lines", tape.lines());
}

#[test]
fn a_piece_that_is_run_again_has_the_derivatives_of_the_piece() {
    fn f<R: Real>(x: &[R]) -> R {
        whole(x, |x| checkpoint(x, |x| vec![piece(x)])[0])
    }
    must_agree(f, f, &[0.7, 1.4]);
}

#[test]
fn checkpoints_stand_in_checkpoints_and_in_collapsed_pieces() {
    fn f<R: Real>(x: &[R]) -> R {
        whole(x, |x| {
            checkpoint(x, |x| vec![preaccumulate(x, |x| checkpoint(x, |x| vec![piece(x), x[0]])[0])])[0]
        })
    }
    must_agree(f, f, &[0.7, 1.4]);
}

#[test]
fn several_outputs_are_collapsed_with_a_line_each() {
    fn polar<R: Real>(x: &[R]) -> Vec<R> {
        vec![x[0] * x[1].cos(), x[0] * x[1].sin(), R::from_f64(1.0), x[0]]
    }
    let x = [2.0, 0.6];
    let want = jacobian(polar, &x).to_vec();
    assert_eq!(jacobian(|x| preaccumulate_all(x, polar), &x).to_vec(), want);
    assert_eq!(jacobian(|x| checkpoint(x, polar), &x).to_vec(), want);
}

#[test]
fn an_infinite_partial_by_a_constant_input_is_not_looked_at() {
    let f = |x: &[Var]| preaccumulate(&[x[0], 0.0.into()], |x| x[0] * 2.0 + x[1].sqrt());
    assert_eq!(grad(f, &[1.0]), [2.0]);
    let f = |x: &[Var]| checkpoint(&[x[0], 0.0.into()], |x| vec![x[0] * 2.0 + x[1].sqrt(), x[1].sqrt()])[0];
    assert_eq!(grad(f, &[1.0]), [2.0]);
}

#[test]
#[should_panic(expected = "checkpoint: the piece uses a recorded value that is not among its inputs")]
fn a_checkpoint_that_captures_a_recorded_value_panics() {
    grad(
        |x| {
            let captured = x[1];
            checkpoint(&x[..1], move |x| vec![x[0] * captured])[0]
        },
        &[1.0, 2.0],
    );
}

#[test]
#[should_panic(expected = "not of the tape that is recording on this thread")]
fn a_collapsed_piece_that_captures_a_recorded_value_panics() {
    grad(|x| preaccumulate(&x[..1], |inner| inner[0] * x[1]), &[1.0, 2.0]);
}

#[test]
fn a_panic_in_a_collapsed_piece_leaves_the_outer_tape_whole() {
    let tape = Tape::begin();
    let x = tape.var(2.0);
    let y = x * tape.var(3.0);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        preaccumulate(&[x, y], |x| if x[0].value() > 1.0 { panic!("planted") } else { x[0] })
    }));
    assert!(caught.is_err());
    assert_eq!(tape.sweep(&y).unwrap().of(&x).unwrap(), 3.0);
}

#[test]
fn a_chain_of_a_million_steps_takes_its_square_root_of_lines_and_each_step_twice() {
    const STEPS: usize = 1_000_000;
    let calls = Rc::new(Cell::new(0));
    // The step that came last, and how many recorded ones have come in a row: these are on one tape together.
    let (last, row, longest) = (Rc::new(Cell::new(0)), Cell::new(0), Rc::new(Cell::new(0)));
    let (counted, seen) = (Rc::clone(&calls), Rc::clone(&longest));
    let tape = Tape::begin();
    let x = tape.vars(&[0.3, 1.0]);
    // Growth that slows down.
    let y = checkpoint_chain(&x[..1], &x[1..], STEPS, move |k, y: &[Var], rate| {
        counted.set(counted.get() + 1);
        row.set(if y[0].is_recorded() && last.get() + 1 == k { row.get() + 1 } else { 1 });
        last.set(k);
        seen.set(seen.get().max(if y[0].is_recorded() { row.get() } else { 0 }));
        vec![y[0] + (rate[0] * y[0] * (1.0 - y[0])).scale(1e-6)]
    });
    assert_eq!(calls.get(), STEPS);
    // A thousand pieces: one line of state each.
    assert_eq!(tape.lines(), 2 + 1000);
    let bar = tape.sweep(&y[0]).unwrap();
    assert_eq!(calls.get(), 2 * STEPS, "every step is run once more, not oftener");
    assert_eq!(longest.get(), 1000, "steps recorded at a time");

    // y(t) = 1 / (1 + (1/y₀ - 1) e⁻ʳᵗ), Verhulst 1838, at t = 1, and its derivatives.
    let (e, y0) = ((-1.0_f64).exp(), 0.3);
    let want = 1.0 / (1.0 + (1.0 / y0 - 1.0) * e);
    assert_relative_eq!(y[0].value(), want, max_relative = 1e-6);
    assert_relative_eq!(bar.of(&x[0]).unwrap(), want * want * e / (y0 * y0), max_relative = 1e-6);
    assert_relative_eq!(bar.of(&x[1]).unwrap(), want * (1.0 - want), max_relative = 1e-6);
}

#[test]
#[should_panic(expected = "checkpoint_chain: a step wants a state of 2 numbers, got 1")]
fn a_step_that_loses_a_part_of_the_state_panics() {
    checkpoint_chain(&[1.0, 2.0], &[], 3, |_, y, _| vec![y[0]]);
}

#[test]
fn a_chain_without_steps_is_its_state() {
    assert_eq!(checkpoint_chain(&[1.0, 2.0], &[5.0], 0, |_, y, _| y.to_vec()), [1.0, 2.0]);
}
