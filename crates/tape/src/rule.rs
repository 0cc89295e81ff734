//! Rules of your own: a function whose derivative you know, recorded as one line instead of the lines inside it.
//!
//! | you have | use |
//! |---|---|
//! | a value and its partials, for code over any [`Real`] and any order of derivative | [`Rule`], [`apply`] |
//! | a closure on plain numbers that returns both | [`with_partials`] |
//! | a closure that returns several values and a pullback | [`with_pullback`] |
//! | a function of whole tensors and its pullback, in tensor operations | [`TensorRule`], [`apply_tensors`] |

pub use crate::tensor::custom::{TensorRule, apply_tensors};

use crate::tape::{self, Handle};
use crate::{Error, Float, Real, Var};
use smallvec::SmallVec;

/// Numbers on the stack for the usual few inputs.
pub(crate) type Few<T> = SmallVec<[T; 16]>;

/// A function of several numbers with its partial derivatives: what a primitive is for one to three arguments.
///
/// The partials are written over [`Real`], so they can be differentiated in turn, and the rule is right for every order.
///
/// ```
/// use tape::rule::{self, Rule};
/// use tape::{Real, grad, hvp};
///
/// /// x₀ x₁², as one line.
/// struct Cylinder;
/// impl Rule for Cylinder {
///     fn value(&self, x: &[f64]) -> f64 { x[0] * x[1] * x[1] }
///     fn partials<R: Real>(&self, x: &[R], _y: R, partials: &mut [R]) {
///         partials[0] = x[1] * x[1];
///         partials[1] = (x[0] * x[1]).scale(2.0);
///     }
/// }
/// fn f<R: Real>(x: &[R]) -> R { rule::apply(&Cylinder, x).ln() }
///
/// assert_eq!(grad(f, &[2.0, 4.0]), [0.5, 0.5]);
/// assert_eq!(hvp(f, &[2.0, 4.0], &[0.0, 1.0])?, [0.0, -0.125]);
/// # Ok::<(), tape::Error>(())
/// ```
pub trait Rule {
    /// The value at `x`.
    fn value(&self, x: &[f64]) -> f64;

    /// Writes `∂y/∂xₖ` at `x`, where the value is `y`, into each of `partials`, which is as long as `x`.
    fn partials<R: Real>(&self, x: &[R], y: R, partials: &mut [R]);

    /// The same function out of the operations of [`Real`], for those who store operations and not derivatives
    /// ([`Program::trace`](crate::Program::trace)). Where there is none, such a trace panics and says so.
    fn formula<R: Real>(&self, _x: &[R]) -> Option<R> {
        None
    }
}

/// The value of a rule at `x`, with its derivatives: for plain numbers the value, for a [`Var`] one line.
///
/// # Panics
/// When a program is traced and the rule has no [`formula`](Rule::formula), or a recorded value is not of the tape that
/// records on this thread.
///
/// ```
/// use tape::rule::{self, Rule};
/// struct Largest;
/// impl Rule for Largest {
///     fn value(&self, x: &[f64]) -> f64 { x.iter().copied().fold(f64::NEG_INFINITY, f64::max) }
///     fn partials<R: tape::Real>(&self, x: &[R], y: R, partials: &mut [R]) {
///         let first = x.iter().position(|&x| x == y);
///         for (k, partial) in partials.iter_mut().enumerate() {
///             *partial = R::from_f64(if Some(k) == first { 1.0 } else { 0.0 });
///         }
///     }
/// }
/// assert_eq!(rule::apply(&Largest, &[1.0, 3.0, 2.0]), 3.0);
/// assert_eq!(tape::grad(|x| rule::apply(&Largest, x), &[1.0, 3.0, 2.0]), [0.0, 1.0, 0.0]);
/// ```
#[track_caller]
pub fn apply<R: Real, Q: Rule>(rule: &Q, x: &[R]) -> R {
    R::by_rule(rule, x)
}

/// The value that `f` returns for the plain numbers in `x`, which depends on them with the partials that it returns
/// beside it: one line.
///
/// # Errors
/// When there are not as many partials as inputs, or an input is of another tape.
///
/// ```
/// # fn main() -> Result<(), tape::Error> {
/// use tape::rule::with_partials;
/// let tape = tape::Tape::begin();
/// let x = tape.vars(&[3.0, 4.0]);
/// let y = with_partials(&x, |x| (x[0] * x[1], vec![x[1], x[0]]))?;
/// assert_eq!((y.value(), tape.sweep(&y)?.of(&x[0])?), (12.0, 4.0));
/// # Ok(())
/// # }
/// ```
pub fn with_partials<T: Float>(x: &[Var<T>], f: impl FnOnce(&[T]) -> (T, Vec<T>)) -> Result<Var<T>, Error> {
    let values: Few<T> = x.iter().map(|x| x.value()).collect();
    let (y, partials) = f(&values);
    if partials.len() != x.len() {
        let want = format!("wants a partial for each of the {} inputs", x.len());
        return Err(Error::Length { operation: "with_partials", want, got: partials.len() });
    }
    tape::check_lines("with_partials", x.iter().map(|x| x.handle()))?;
    let partials: Few<f64> = partials.into_iter().map(Real::to_f64).collect();
    joined("with_partials", y, x, &partials)
}

/// The values that `f` returns for the plain numbers in `x`, which depend on them by the pullback that it returns beside
/// them: from the cotangents of the values to those of `x`. The sweep calls it once, if a cotangent has come in; it may
/// begin tapes of its own.
///
/// # Errors
/// When an input is of another tape. A sweep fails when the pullback does not return a cotangent for each input.
///
/// ```
/// # fn main() -> Result<(), tape::Error> {
/// use tape::rule::with_pullback;
/// let tape = tape::Tape::begin();
/// let x = tape.vars(&[3.0, 4.0]);
/// // Sum and product, with Jᵀ ȳ by hand.
/// let y = with_pullback(&x, |x| {
///     let (a, b) = (x[0], x[1]);
///     (vec![a + b, a * b], move |y_bar: &[f64]| vec![y_bar[0] + b * y_bar[1], y_bar[0] + a * y_bar[1]])
/// })?;
/// let bar = tape.sweep(&(y[0] * y[1]))?;
/// assert_eq!(bar.of(&x[0])?, 12.0 + 7.0 * 4.0);
/// # Ok(())
/// # }
/// ```
pub fn with_pullback<T: Float, B: Fn(&[T]) -> Vec<T> + 'static>(
    x: &[Var<T>],
    f: impl FnOnce(&[T]) -> (Vec<T>, B),
) -> Result<Vec<Var<T>>, Error> {
    let values: Few<T> = x.iter().map(|x| x.value()).collect();
    let (y, pullback) = f(&values);
    by_pullback("with_pullback", x, &y, pullback)
}

/// Values that depend on `x` by a pullback; constants, if nothing in `x` is recorded.
pub(crate) fn by_pullback<T: Float>(
    operation: &'static str,
    x: &[Var<T>],
    y: &[T],
    pullback: impl Fn(&[T]) -> Vec<T> + 'static,
) -> Result<Vec<Var<T>>, Error> {
    if y.is_empty() || !x.iter().any(|x| x.is_recorded()) {
        return Ok(y.iter().map(|&y| Var::constant(y)).collect());
    }
    let plain = move |y_bar: &[f64]| {
        let y_bar: Few<T> = y_bar.iter().map(|&bar| T::from_f64(bar)).collect();
        pullback(&y_bar).into_iter().map(Real::to_f64).collect()
    };
    let inputs = x.iter().map(|x| (x.handle(), x.partial()));
    let Handle { number, tape } = tape::record_rule(operation, inputs, y.len(), Box::new(plain))?;
    Ok((number..).zip(y).map(|(line, &y)| Var::on_line(y, line, tape)).collect())
}

/// The value `y` with a partial by each of `x`: merged, a line with two inputs, or one with many.
#[track_caller]
pub(crate) fn joined<T: Float>(
    operation: &'static str,
    y: T,
    x: &[Var<T>],
    partials: &[f64],
) -> Result<Var<T>, Error> {
    let mut recorded = (0..x.len()).filter(|&k| x[k].is_recorded());
    let slope = |k: usize| x[k].slope_by_rule(partials[k]);
    Ok(match (recorded.next(), recorded.next(), recorded.next()) {
        (None, ..) => Var::constant(y),
        (Some(k), None, _) => x[k].merge(y, slope(k)),
        (Some(j), Some(k), None) => x[j].join(x[k], y, || slope(j), || slope(k)),
        _ => {
            let Handle { number, tape } = tape::record_joined(operation, x, partials)?;
            Var::on_line(y, number, tape)
        }
    })
}
