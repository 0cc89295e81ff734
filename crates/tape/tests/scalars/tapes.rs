//! Beginning, sweeping, rewinding, nesting and ending; handles that are used where they should not be.

use std::panic::{AssertUnwindSafe, catch_unwind};
use tape::{Error, Tape, Tensor, Var, grad};

/// The message of a panic.
fn panic_of<R>(body: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(body()))).expect_err("it panics");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a panic has words")).to_owned(),
    }
}

const FOREIGN: &str = "scalar operation: this value is not of the tape that is recording on this thread: its tape has ended \
                       or was rewound past it, waits outside, or belongs to another thread";
const ENDED: &str = "scalar operation: the tape of this value has ended, or belongs to another thread";
const INNER: &str = "an inner tape is recording on this thread; end it (drop its guard) first";

#[test]
fn a_chain_of_a_million_lines_records_sweeps_and_drops() {
    let tape = Tape::begin();
    let (x, step) = (tape.var(0.25), tape.var(1e-6));
    let mut y = x;
    for _ in 0..1_000_000 {
        y += step;
    }
    assert_eq!(tape.lines(), 1_000_002);
    let bar = tape.sweep(&y).unwrap();
    assert_eq!((bar.of(&x).unwrap(), bar.of(&step).unwrap()), (1.0, 1e6));
    drop(bar);
    drop(tape);
    assert_eq!(Tape::begin().lines(), 0);
}

#[test]
fn a_chain_of_a_million_functions_of_one_line_writes_no_line() {
    let tape = Tape::begin();
    let x = tape.var(0.5);
    let y = (0..1_000_000).fold(x, |y, _| y.scale(0.999_999).shift(1e-6));
    assert_eq!(tape.lines(), 1);
    let slope = tape.sweep(&y).unwrap().of(&x).unwrap();
    assert!((slope - 0.999_999_f64.powi(1_000_000)).abs() < 1e-9, "{slope}");
}

#[test]
fn a_chain_of_a_million_kept_values_has_a_cotangent_for_each() {
    let tape = Tape::begin();
    let x = tape.var(1.0_f64);
    let (mut y, mut middle) = (x, x);
    for k in 0..1_000_000 {
        y = (y * 1.000_001).keep();
        if k == 499_999 {
            middle = y;
        }
    }
    assert_eq!(tape.lines(), 1_000_001);
    let bar = tape.sweep(&y).unwrap();
    approx::assert_relative_eq!(bar.of(&middle).unwrap(), 1.000_001_f64.powi(500_000), max_relative = 1e-9);
    approx::assert_relative_eq!(bar.of(&x).unwrap(), y.value(), max_relative = 1e-9);
}

#[test]
fn a_value_that_is_read_a_hundred_thousand_times_adds_up() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(1.0), tape.var(2.0));
    let y: Var = (0..100_000).map(|_| x * w).sum();
    let bar = tape.sweep(&y).unwrap();
    assert_eq!((bar.of(&x).unwrap(), bar.of(&w).unwrap()), (200_000.0, 100_000.0));
}

#[test]
fn one_recording_can_be_swept_from_anywhere_with_any_seed() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(3.0), tape.var(4.0));
    let product = x * w;
    let sum = product + x;
    for _ in 0..3 {
        assert_eq!(tape.sweep(&sum).unwrap().of(&x).unwrap(), 5.0);
        assert_eq!(tape.sweep(&product).unwrap().of(&x).unwrap(), 4.0);
        assert_eq!(tape.sweep_with(&product, -2.5).unwrap().of(&w).unwrap(), -7.5);
        assert_eq!(tape.sweep_with(&product, 0.0).unwrap().of(&w).unwrap(), 0.0);
        assert_eq!(tape.sweep(&x).unwrap().of(&x).unwrap(), 1.0, "a leaf by itself");
        assert_eq!(tape.sweep(&product.powi(2)).unwrap().of(&x).unwrap(), 96.0, "from a merged value");
    }
    let early = tape.sweep(&product).unwrap();
    let more = sum * w;
    assert_eq!(early.of(&product).unwrap(), 1.0, "several sweeps are readable side by side");
    assert_eq!(tape.sweep(&more).unwrap().of(&x).unwrap(), 20.0, "recording goes on after a sweep");
    assert_eq!(early.of(&sum).unwrap(), 0.0, "not on the way");
    assert_eq!(
        early.of(&more).unwrap_err().to_string(),
        "of: this value was not on the tape when it was swept: it is of another tape, was rewound past, or was recorded \
         later"
    );
}

#[test]
fn both_precisions_share_the_lines_of_one_tape() {
    let tape = Tape::begin();
    let (single, double) = (tape.var(0.5_f32), tape.var(0.5_f64));
    let y = single * single.exp() * tape.var(2.0_f32);
    let z = double.sin() * tape.var(3.0);
    assert_eq!(tape.sweep(&y).unwrap().of(&double).unwrap(), 0.0);
    assert_eq!(tape.sweep(&z).unwrap().of(&double).unwrap(), 3.0 * 0.5_f64.cos());
    let got: f32 = tape.sweep(&y).unwrap().of(&single).unwrap();
    approx::assert_relative_eq!(got, 3.0 * 0.5_f32.exp(), max_relative = 1e-6);
}

#[test]
fn rewinding_keeps_older_handles_and_refuses_newer_ones() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(2.0), tape.var(5.0));
    let older = x * w;
    let mark = tape.mark();
    let newer = older * x;
    assert_eq!(tape.lines(), 4);
    tape.rewind(&mark);
    assert_eq!(tape.lines(), 3);
    assert_eq!(tape.sweep(&(older * w)).unwrap().of(&x).unwrap(), 25.0, "older handles are good");
    // Its number is taken by another line now: it must not be mistaken for that.
    let why = "this value was recorded after the mark that the tape was rewound to";
    assert_eq!(panic_of(|| newer * x), format!("scalar operation: {why}"));
    assert_eq!(tape.sweep(&newer).unwrap_err().to_string(), format!("sweep: {why}"));
    assert_eq!(panic_of(|| newer.sin().keep()), format!("keep: {why}"));
    let bar = tape.sweep(&older).unwrap();
    assert!(matches!(bar.of(&newer), Err(Error::Foreign { .. })));
}

#[test]
fn leaves_after_a_mark_leave_nothing_behind_when_they_are_rewound() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(2.0), tape.var(5.0));
    let mark = tape.mark();
    for more in 1..5 {
        // Leaves that follow each other share an entry of the list, also across the mark.
        let _ = tape.vars(&vec![1.0; more]);
        tape.rewind(&mark);
        let y = x * w;
        let z = y * tape.var(3.0);
        let bar = tape.sweep(&z).unwrap();
        assert_eq!((bar.of(&x).unwrap(), bar.of(&w).unwrap(), bar.of(&y).unwrap()), (15.0, 6.0, 3.0));
        tape.rewind(&mark);
        assert_eq!(tape.lines(), 2);
    }
}

// If the tape remembered every rewind, this would take for ever: each looks at all that is remembered.
#[test]
fn a_million_rewinds_do_not_grow_the_tape() {
    let tape = Tape::begin();
    let x = tape.var(1.5);
    let mark = tape.mark();
    let mut total = 0.0;
    for _ in 0..1_000_000 {
        let y = x * tape.var(2.0);
        total += y.value();
        tape.rewind(&mark);
    }
    assert_eq!((total, tape.lines()), (3e6, 1));
    assert_eq!(tape.sweep(&(x * x)).unwrap().of(&x).unwrap(), 3.0);
}

#[test]
fn marks_nest_and_one_that_was_rewound_past_is_refused() {
    let tape = Tape::begin();
    let x = tape.var(2.0);
    let outer = tape.mark();
    let a = x * tape.var(3.0);
    let inner = tape.mark();
    let b = a * x;
    tape.rewind(&inner);
    assert_eq!(tape.sweep(&(a * x)).unwrap().of(&x).unwrap(), 12.0);
    tape.rewind(&inner);
    tape.rewind(&outer);
    assert_eq!(tape.lines(), 1);
    let refused = "rewind: wants a mark of this tape that was not itself rewound past, got another";
    assert_eq!(panic_of(|| tape.rewind(&inner)), refused);
    assert_eq!((a.value(), b.value()), (6.0, 12.0), "values are still there");
    assert!(panic_of(|| a * x).starts_with("scalar operation: "));
    tape.rewind(&outer);
    let other = Tape::begin();
    let foreign = other.mark();
    drop(other);
    assert_eq!(panic_of(|| tape.rewind(&foreign)), refused);
    assert_eq!(tape.sweep(&x.powi(2)).unwrap().of(&x).unwrap(), 4.0, "and the tape goes on");
}

#[test]
fn lines_after_a_rewind_are_not_mistaken_for_those_before() {
    let tape = Tape::begin();
    let x = tape.var(2.0);
    let mark = tape.mark();
    let mut stale = Vec::new();
    for k in 1..50 {
        let fresh = x * tape.var(f64::from(k));
        assert_eq!(tape.sweep(&fresh).unwrap().of(&x).unwrap(), f64::from(k));
        for old in &stale {
            assert!(tape.sweep(old).is_err());
        }
        stale.push(fresh);
        tape.rewind(&mark);
    }
}

#[test]
fn tapes_nest_like_scopes() {
    let outer = Tape::begin();
    let x = outer.var(2.0);
    let y = x * outer.var(3.0);
    {
        let inner = Tape::begin();
        let a = inner.var(10.0);
        assert_eq!(inner.sweep(&(a * inner.var(4.0))).unwrap().of(&a).unwrap(), 4.0);
        assert_eq!(panic_of(|| outer.var(1.0)), format!("var: {INNER}"));
        assert_eq!(panic_of(|| outer.sweep(&y)), format!("sweep: {INNER}"));
        assert_eq!(panic_of(|| outer.lines()), format!("lines: {INNER}"));
        assert_eq!(panic_of(|| x * y), FOREIGN, "a handle of the tape that waits outside");
        assert_eq!(panic_of(|| x * a), FOREIGN, "mixed with one of the inner");
        let nested = grad(|v| v[0] * v[0], &[3.0]);
        assert_eq!(nested, [6.0], "a third level");
    }
    let z = y * x;
    assert_eq!(outer.sweep(&z).unwrap().of(&x).unwrap(), 12.0, "as if nothing had been");
    assert_eq!(outer.lines(), 4);
}

#[test]
fn handles_of_two_live_tapes_do_not_meet_in_a_choice_either() {
    let outer = Tape::begin();
    let x: Var = outer.var(1.0);
    let inner = Tape::begin();
    let y: Var = inner.var(2.0);
    type Choice = fn(Var, Var) -> Var;
    let choices: [Choice; 4] =
        [|x, y| x.max(y), |x, y| x.min(y), |x, y| x.greater(y).select(x, y), |x, y| x.clamp(y, y + 1.0)];
    for choice in choices {
        assert!(panic_of(|| choice(x, y)).contains("this value is not of the tape that is recording"));
    }
    drop(inner);
    assert_eq!(x.max(2.0.into()).value(), 2.0);
}

#[test]
fn a_panic_inside_an_inner_tape_leaves_the_outer_intact() {
    let outer = Tape::begin();
    let x = outer.var(2.0);
    for _ in 0..3 {
        let message = panic_of(|| {
            grad(
                |v| {
                    let _ = v[0] * v[1];
                    let y = Tape::begin().var(1.0);
                    assert!(y.value() > 2.0, "as planned");
                    y
                },
                &[1.0, 2.0],
            )
        });
        assert!(message.contains("as planned"), "{message}");
    }
    let y = x * outer.var(5.0);
    assert_eq!((outer.lines(), outer.sweep(&y).unwrap().of(&x).unwrap()), (3, 5.0));
}

#[test]
fn guards_dropped_out_of_order_end_their_own_tape() {
    let outer = Tape::begin();
    let x = outer.var(2.0);
    let inner = Tape::begin();
    let a = inner.var(3.0);
    drop(outer);
    assert_eq!(inner.sweep(&(a * inner.var(4.0))).unwrap().of(&a).unwrap(), 4.0, "the inner one goes on");
    assert_eq!(panic_of(|| x * a), FOREIGN);
    drop(inner);
    assert_eq!(panic_of(|| a * x), ENDED);
    let fresh = Tape::begin();
    let b = fresh.var(1.0);
    assert_eq!((fresh.lines(), fresh.sweep(&(b + b)).unwrap().of(&b).unwrap()), (1, 2.0));
}

#[test]
fn three_guards_dropped_in_every_order_leave_a_clean_thread() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut guards: Vec<Option<Tape>> = (0..3).map(|_| Some(Tape::begin())).collect();
        for k in order {
            guards[k] = None;
            // The innermost that is left records.
            if let Some(tape) = guards.iter().flatten().next_back() {
                let x = tape.var(2.0);
                assert_eq!(tape.sweep(&(x * tape.var(7.0))).unwrap().of(&x).unwrap(), 7.0);
            }
        }
        assert_eq!(grad(|x| x[0] * x[1], &[2.0, 3.0]), [3.0, 2.0]);
    }
}

/// What a function may do on the tape of its gradient, which begins with leaves alone and is looked at closer only if
/// something else comes.
#[test]
fn a_gradient_is_right_whatever_else_the_function_does() {
    let x = [2.0, 3.0];
    let product = |x: &[Var]| x[0] * x[1];
    let plain: fn(&[Var]) -> Var = |x| x[0] * x[1];
    let kept: fn(&[Var]) -> Var = |x| x[0].powi(2).keep() * x[1];
    let many: fn(&[Var]) -> Var = |x| tape::nary::sum(&[x[0] * x[1], x[0], -x[0]]);
    let element: fn(&[Var]) -> Var = |x| {
        let x = Tensor::from_vars(x, &[2]).unwrap();
        (&x * &x).sum().at(&[]).unwrap()
    };
    let nested: fn(&[Var]) -> Var = |x| x[0] * x[1] * grad(|y| y[0] * 1.0 + y[1] * 0.0, &[1.0, 1.0])[0];
    let leaf: fn(&[Var]) -> Var = |x| x[1];
    let constant: fn(&[Var]) -> Var = |_| Var::from(1.0);
    for round in 0..3 {
        for (name, f, want) in [
            ("plain", plain, [3.0, 2.0]),
            ("kept", kept, [12.0, 4.0]),
            ("many", many, [3.0, 2.0]),
            ("element", element, [4.0, 6.0]),
            ("nested", nested, [3.0, 2.0]),
            ("leaf", leaf, [0.0, 1.0]),
            ("constant", constant, [0.0, 0.0]),
        ] {
            assert_eq!(grad(f, &x), want, "{name}, round {round}");
            assert_eq!(grad(product, &x), [3.0, 2.0], "after {name}, round {round}");
        }
        assert!(panic_of(|| grad(|_| panic!("as planned"), &x)).contains("as planned"));
        assert_eq!(grad(product, &x), [3.0, 2.0], "after a panic");
        // NaN and infinities leave no trace either.
        assert!(grad(|x| (x[0] - 2.0).ln() * x[1] * f64::NAN, &x)[1].is_nan());
        assert_eq!(grad(product, &x), [3.0, 2.0], "after NaN");
    }
}

/// Ids come in blocks, and a column grows: the tape with which a block ends, or for which there is no room yet, begins by
/// another way than the others.
#[test]
fn tapes_nest_wherever_a_block_of_ids_ends_and_however_many_leaves_there_are() {
    for k in 0..5000_usize {
        let inner =
            |x: &[Var]| (0..k % 3).map(|_| grad(|y| y[0] * y[1], &[1.0, 2.0])[0]).sum::<f64>() + x[0] * x[1];
        assert_eq!(grad(inner, &[3.0, 4.0]), [4.0, 3.0], "tape {k}");
    }
    for n in [1, 1000, 1023, 1024, 1025, 3000, 5000] {
        let x: Vec<f64> = (0..n).map(f64::from).collect();
        let gradient = grad(|x| x[0] * grad(|y| y[0] * 2.0, &[1.0])[0] + x[x.len() - 1] * 3.0, &x);
        let last = if n == 1 { 5.0 } else { 3.0 };
        assert_eq!((gradient.len(), gradient[n as usize - 1]), (n as usize, last), "{n} leaves");
    }
}

#[test]
fn a_handle_whose_tape_has_ended_is_refused() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(2.0), tape.var(3.0));
    drop(tape);
    assert_eq!(panic_of(|| x * w), ENDED);
    let next = Tape::begin();
    let y = next.var(1.0);
    assert_eq!(panic_of(|| x * y), FOREIGN);
    assert_eq!(panic_of(|| y + x), FOREIGN);
    assert_eq!(panic_of(|| x.max(y) * y), FOREIGN);
    assert_eq!(panic_of(|| y.mul_add(y, x)), FOREIGN);
    assert!(matches!(next.sweep(&x), Err(Error::Foreign { operation: "sweep", .. })));
    assert_eq!(x.value(), 2.0, "its value can still be read");
}

#[test]
fn a_handle_that_was_carried_to_another_thread_is_refused_there() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(2.0), tape.var(3.0));
    let elsewhere = move || {
        assert_eq!(panic_of(|| x * w), ENDED, "no tape records there");
        let theirs = Tape::begin();
        let y = theirs.var(1.0);
        assert_eq!(panic_of(|| x * y), FOREIGN);
        assert!(matches!(theirs.sweep(&x), Err(Error::Foreign { .. })));
        theirs.sweep(&(y * y)).unwrap().of(&y).unwrap()
    };
    assert_eq!(std::thread::spawn(elsewhere).join().expect("it asserts nothing wrong"), 2.0);
    assert_eq!(tape.sweep(&(x * w)).unwrap().of(&x).unwrap(), 3.0);
}

#[test]
fn threads_record_side_by_side() {
    let work = |k: u32| move || grad(|x| (0..1000).fold(x[0], |y, _| y + x[1] * x[0]), &[f64::from(k), 1.0]);
    let threads: Vec<_> = (0..8).map(|k| (k, std::thread::spawn(work(k)))).collect();
    for (k, thread) in threads {
        assert_eq!(thread.join().expect("it runs"), [1001.0, 1000.0 * f64::from(k)]);
    }
}

#[test]
fn cotangents_outlive_their_tape() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(2.0), tape.var(3.0));
    let bar = tape.sweep(&(x * w)).unwrap();
    drop(tape);
    let next = Tape::begin();
    let other = next.var(1.0);
    assert_eq!((bar.of(&x).unwrap(), bar.of(&w).unwrap()), (3.0, 2.0));
    assert!(matches!(bar.of(&other), Err(Error::Foreign { operation: "of", .. })));
}

#[test]
fn a_tape_that_begins_after_another_finds_nothing_of_it() {
    for k in 1..100 {
        let tape = Tape::begin();
        let x = tape.vars(&vec![1.0; k]);
        let y: Var = x.iter().product();
        assert_eq!(tape.lines(), 2 * k - 1);
        let bar = tape.sweep(&y).unwrap();
        assert!(x.iter().all(|x| bar.of(x).unwrap() == 1.0));
    }
    assert_eq!(Tape::begin().vars::<f64>(&[]).len(), 0);
}

#[test]
fn a_value_of_an_outer_trace_is_refused_by_an_inner_one() {
    use tape::{Program, Traced};
    let message = panic_of(|| {
        Program::trace(|x| Traced::from(Program::trace(|y| x[0] * y[0], &[2.0]).value()), &[1.0])
    });
    assert_eq!(
        message,
        "trace: wants values of the function being traced on this thread, got one of another trace"
    );
    let outer = Program::trace(
        |x| {
            let inner = Program::trace(|y| y[0].powi(2), &[3.0]);
            x[0] * inner.gradient()[0]
        },
        &[2.0],
    );
    assert_eq!(
        (outer.value(), outer.gradient()),
        (12.0, vec![6.0]),
        "an inner trace leaves the outer intact"
    );
}
