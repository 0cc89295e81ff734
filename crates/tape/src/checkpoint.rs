//! Pieces of a computation that take less of the tape: collapsed into one line, or run again instead of stored.
//!
//! Both are for code over any [`Real`]; where nothing is recorded they just run the piece. A piece sees its inputs and
//! plain numbers, no other recorded value: one that it captures is a panic that says so, never a wrong derivative.

use crate::{Float, Real, Tape, Var, nary, rule};
use std::rc::Rc;

/// `f(x)`, recorded as one line with a partial by each of `x` instead of the lines inside it: for a long computation of
/// few inputs. What it saves is memory, and time where the result is swept more than once.
///
/// # Panics
/// When `f` uses a recorded value that is not among its inputs.
///
/// ```
/// # fn main() -> Result<(), tape::Error> {
/// use tape::{Tape, preaccumulate};
/// let tape = Tape::begin();
/// let x = tape.vars(&[0.5, 2.0]);
/// let y = preaccumulate(&x, |x| (0..100).fold(x[0], |y, _| (y * x[1]).sin()));
/// assert_eq!(tape.lines(), 3);
/// assert!(tape.sweep(&y)?.of(&x[1])? != 0.0);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn preaccumulate<R: Real>(x: &[R], f: impl FnOnce(&[R]) -> R) -> R {
    preaccumulate_all(x, |x| vec![f(x)])[0]
}

/// As [`preaccumulate`], for a piece with several outputs: a line for each.
///
/// # Panics
/// When `f` uses a recorded value that is not among its inputs.
///
/// ```
/// use tape::{jacobian, preaccumulate_all};
/// let polar = |x: &[tape::Var]| preaccumulate_all(x, |x| vec![x[0] * x[1].cos(), x[0] * x[1].sin()]);
/// assert_eq!(jacobian(polar, &[2.0, 0.0]).to_vec(), [1.0, 0.0, 0.0, 2.0]);
/// ```
#[track_caller]
pub fn preaccumulate_all<R: Real>(x: &[R], f: impl FnOnce(&[R]) -> Vec<R>) -> Vec<R> {
    R::preaccumulated(x, f)
}

/// `f(x)`, of which the tape stores only the inputs: a sweep that comes by runs `f` again, on a tape of its own, and
/// sweeps that. So `f` runs twice, and its lines take memory only for the while. Checkpoints may stand in `f`.
///
/// # Panics
/// When `f` uses a recorded value that is not among its inputs.
///
/// ```
/// # fn main() -> Result<(), tape::Error> {
/// use tape::{Tape, Var, checkpoint};
/// let tape = Tape::begin();
/// let x = tape.vars(&[0.5, 2.0]);
/// let y = checkpoint(&x, |x: &[Var]| vec![(0..1000).fold(x[0], |y, _| (y * x[1]).sin() + x[0])]);
/// assert_eq!(tape.lines(), 3);
/// assert!(tape.sweep(&y[0])?.of(&x[1])? != 0.0);
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn checkpoint<R: Real>(x: &[R], f: impl Fn(&[R]) -> Vec<R> + 'static) -> Vec<R> {
    R::checkpointed(x, f)
}

/// The state after `steps` steps from `state`, `step(k, state, parameters)` being the step from k to k + 1; checkpointed
/// after every √steps steps (Griewank & Walther 2008, chapter 12, with one level).
///
/// A sweep runs every step once more, so a gradient takes 2 `steps` calls of `step`, and memory for √steps states and for
/// the lines of √steps steps.
///
/// # Panics
/// When `step` uses a recorded value that is neither of the state nor a parameter.
///
/// ```
/// use tape::{Real, checkpoint_chain, grad};
/// /// Growth by Euler's method, to time 1.
/// fn grown<R: Real>(x: &[R]) -> R {
///     checkpoint_chain(&x[..1], &x[1..], 10_000, |_, y, rate| vec![y[0] + (y[0] * rate[0]).scale(1e-4)])[0]
/// }
/// let gradient = grad(grown, &[1.0, 0.5]);
/// assert!((gradient[0] - 0.5_f64.exp()).abs() < 1e-3);
/// ```
#[track_caller]
pub fn checkpoint_chain<R: Real>(
    state: &[R],
    parameters: &[R],
    steps: usize,
    step: impl Fn(usize, &[R], &[R]) -> Vec<R> + 'static,
) -> Vec<R> {
    let (step, held) = (Rc::new(step), state.len());
    let stride = steps.isqrt().max(1);
    let mut state = state.to_vec();
    for first in (0..steps).step_by(stride) {
        let last = (first + stride).min(steps);
        let step = Rc::clone(&step);
        state.extend_from_slice(parameters);
        state = checkpoint(&state, move |x| {
            let (state, parameters) = x.split_at(held);
            (first..last).fold(state.to_vec(), |state, k| {
                let next = step(k, &state, parameters);
                let got = next.len();
                assert!(got == held, "checkpoint_chain: a step wants a state of {held} numbers, got {got}");
                next
            })
        });
    }
    state
}

/// What [`preaccumulate`] does for recorded values.
#[track_caller]
pub(crate) fn preaccumulated<T: Float>(
    x: &[Var<T>],
    f: impl FnOnce(&[Var<T>]) -> Vec<Var<T>>,
) -> Vec<Var<T>> {
    if !x.iter().any(|x| x.is_recorded()) {
        return f(x);
    }
    let inner = Tape::begin();
    let (leaves, arguments) = renewed(&inner, x);
    let y = f(&arguments);
    let partials = inner.jacobian(&y, &leaves).unwrap_or_else(|error| error.raise());
    drop(inner);
    let recorded: rule::Few<Var<T>> = x.iter().copied().filter(|x| x.is_recorded()).collect();
    let rows = partials.as_slice().chunks_exact(leaves.len());
    let each = y.iter().zip(rows).map(|(y, row)| {
        let row: rule::Few<f64> = row.iter().map(|partial| partial.to_f64()).collect();
        rule::joined("preaccumulate", y.value(), &recorded, &row).unwrap_or_else(|error| error.raise())
    });
    each.collect()
}

/// Leaves of `tape` in the place of what is recorded in `x`, by themselves and among the constants.
fn renewed<T: Float>(tape: &Tape, x: &[Var<T>]) -> (Vec<Var<T>>, Vec<Var<T>>) {
    let values: rule::Few<T> = x.iter().filter(|x| x.is_recorded()).map(|x| x.value()).collect();
    let leaves = tape.vars(&values);
    let mut rest = leaves.iter();
    let renew = |x: &Var<T>| match x.is_recorded() {
        true => *rest.next().expect("there is a leaf for each recorded input"),
        false => *x,
    };
    let arguments = x.iter().map(renew).collect();
    (leaves, arguments)
}

/// What [`checkpoint`] does for recorded values.
#[track_caller]
pub(crate) fn checkpointed<T: Float>(
    x: &[Var<T>],
    f: impl Fn(&[Var<T>]) -> Vec<Var<T>> + 'static,
) -> Vec<Var<T>> {
    let constants: Vec<Var<T>> = x.iter().map(|x| Var::constant(x.value())).collect();
    let y = f(&constants);
    if !x.iter().any(|x| x.is_recorded()) {
        return y;
    }
    assert!(
        !y.iter().any(|y| y.is_recorded()),
        "checkpoint: the piece uses a recorded value that is not among its inputs; hand it in"
    );
    let values: Vec<T> = y.iter().map(|y| y.value()).collect();
    let inputs = x.to_vec();
    let again = move |y_bar: &[T]| {
        let tape = Tape::begin();
        let (leaves, arguments) = renewed(&tape, &inputs);
        let weights: rule::Few<f64> = y_bar.iter().map(|bar| bar.to_f64()).collect();
        let weighted = nary::linear_combination(&weights, &f(&arguments));
        if !weighted.is_recorded() {
            return vec![T::default(); inputs.len()];
        }
        let bar = tape.sweep(&weighted).unwrap_or_else(|error| error.raise());
        let mut leaf_bars = bar.of_first_lines(leaves.len()).into_iter();
        let bar_of = |x: &Var<T>| match x.is_recorded() {
            true => leaf_bars.next().expect("there is a leaf for each recorded input"),
            false => T::default(),
        };
        inputs.iter().map(bar_of).collect()
    };
    rule::by_pullback("checkpoint", x, &values, again).unwrap_or_else(|error| error.raise())
}
