//! Reverse mode over any number: a list whose partials are themselves differentiable.
//!
//! The fast tape holds plain partials. Here they are numbers of another type, so `Reverse<Var>`, `Reverse<Dual<f64>>`
//! and `Reverse<Reverse<f64>>` differentiate what they stand over once more, and the type says which level is meant.
//!
//! One rule for all of them: what was not chosen (by `select`, `max`, a ramp that is off) gets no cotangent, and hands none
//! on, whatever its partials are. Where the choice is made now, its partials are plain zeros. Where it is recorded, for a replay
//! to make it anew, it decides over everything behind it. Any other zero is a number like others, whose product with an
//! infinite partial is NaN: what is meant may be finite, as the derivative of `cbrt(x)³` at zero is. Only zeros that no
//! derivative can change, as all plain ones are, end the walk, as they do on the tape.

use crate::lifted::{lifted, lifted_from_the_list};
use crate::primitive::{Binary, Chosen, Ternary, Unary};
use crate::real::Real;
use crate::rule::{Few, Rule};
use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, Ordering};

/// A number that records for a reverse sweep over numbers of type `R`, which may record or carry tangents in turn.
///
/// [`grad_over`] makes them and hides the list. A value of an outer level comes into an inner one by
/// [`Reverse::constant`]: the levels differ in type, so that they are not mixed up. Every operation writes a line with
/// its partials, of as many bytes as `R` has; where plain partials do, [`Var`](crate::Var) is faster by far.
///
/// ```
/// use tape::{Real, Reverse, grad, grad_over};
/// // The derivative of x · d/dy (x y) is that of x²: 2 x.
/// let outer = grad(
///     |x| {
///         let inner = grad_over(|y| Reverse::constant(x[0]) * y[0], &[x[0]]);
///         x[0] * inner[0]
///     },
///     &[3.0],
/// );
/// assert_eq!(outer, [6.0]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Reverse<R> {
    value: R,
    line: u32,
    /// Which list; 0 for a constant.
    list: u32,
}

/// The recorded lines: each ends where its edges end, and an edge is an earlier line with the partial by it.
struct List<R> {
    ends: Vec<usize>,
    edges: Vec<(u32, R)>,
    /// Which edges a recorded choice decides over, in order, with what is zero where it is for something else.
    choices: Vec<(usize, R)>,
}

thread_local! {
    /// The lists of this thread that are being recorded, the innermost last. Each is a `List` of its own type.
    static LISTS: RefCell<Vec<(u32, Box<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

/// A list in use; when this is dropped, in a panic too, the list is.
struct Recording<R> {
    id: u32,
    of: PhantomData<R>,
}

impl<R: Real> Recording<R> {
    fn begin(leaves: usize) -> Self {
        // Ids are of the process, so that a handle that was carried to another thread is not found there.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let mut id = 0;
        while id == 0 {
            id = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        let list: List<R> = List { ends: vec![0; leaves], edges: Vec::new(), choices: Vec::new() };
        LISTS.with_borrow_mut(|lists| lists.push((id, Box::new(list))));
        Recording { id, of: PhantomData }
    }

    /// Runs `f` on leaves with these values.
    fn run(&self, f: impl FnOnce(&[Reverse<R>]) -> Reverse<R>, x: &[R]) -> Reverse<R> {
        let leaves: Vec<_> =
            (0..).zip(x).map(|(line, &value)| Reverse { value, line, list: self.id }).collect();
        let y = f(&leaves);
        assert!(
            y.list == 0 || y.list == self.id,
            "grad_over: wants a value of the function's own inputs, got one of another recording; an outer value \
             comes in by `Reverse::constant`"
        );
        y
    }

    /// Takes the list away from the thread, so that operations on `R` may record while it is walked.
    fn end(self) -> List<R> {
        let (_, list) = remove(self.id).expect("a recording ends once");
        *list.downcast().expect("an id stands for one list")
    }
}

fn remove(id: u32) -> Option<(u32, Box<dyn Any>)> {
    LISTS.with_borrow_mut(|lists| {
        let place = lists.iter().rposition(|list| list.0 == id)?;
        Some(lists.remove(place))
    })
}

impl<R> Drop for Recording<R> {
    fn drop(&mut self) {
        remove(self.id);
    }
}

impl<R: Real> List<R> {
    /// Appends a line and returns its number.
    fn push(&mut self, edges: impl Iterator<Item = (u32, R)>) -> u32 {
        let line = u32::try_from(self.ends.len()).expect("a recording holds fewer than 2³² lines");
        let first = self.edges.len();
        self.edges.extend(edges);
        let asked = self.edges[first..].iter().map(|edge| edge.1.asked());
        self.choices.extend((first..).zip(asked).filter_map(|(edge, asked)| Some((edge, asked?))));
        self.ends.push(self.edges.len());
        line
    }

    fn edges_of(&self, line: usize) -> &[(u32, R)] {
        let start = line.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.edges[start..self.ends[line]]
    }

    /// The cotangents of the first `leaves` lines, from that of `root`, which is one. A zero that no derivative can change is
    /// not handed on, also where the partial is infinite.
    fn sweep(&self, root: u32, leaves: usize) -> Vec<R> {
        if !self.choices.is_empty() {
            return self.sweep_with_choices(root, leaves);
        }
        let root = root as usize;
        let mut bars = vec![R::from_f64(0.0); leaves.max(root + 1)];
        bars[root] = R::from_f64(1.0);
        for line in (leaves..=root).rev() {
            let y_bar = bars[line];
            if y_bar.is_constant_zero() {
                continue;
            }
            // Nor is anything handed on to what was not chosen.
            for &(input, partial) in self.edges_of(line).iter().filter(|edge| !edge.1.is_constant_zero()) {
                bars[input as usize] += partial * y_bar;
            }
        }
        bars.truncate(leaves);
        bars
    }

    /// The same where choices are recorded. A line that only they lead to has, beside its cotangent, a number that is zero where
    /// none of them is for it; by that number, and not by the cotangent, which may be zero by chance, the product with the
    /// partial is let through.
    fn sweep_with_choices(&self, root: u32, leaves: usize) -> Vec<R> {
        let root = root as usize;
        let mut bars: Vec<Option<(R, Option<R>)>> = vec![None; leaves.max(root + 1)];
        bars[root] = Some((R::from_f64(1.0), None));
        let mut choices = self.choices.as_slice();
        for line in (leaves..=root).rev() {
            let Some((y_bar, before)) = bars[line].filter(|bar| !bar.0.is_constant_zero()) else { continue };
            let edges = self.edges_of(line);
            let first = self.ends[line] - edges.len();
            choices = &choices[..choices.partition_point(|choice| choice.0 < self.ends[line])];
            for (edge, &(input, partial)) in (first..).zip(edges) {
                if partial.is_constant_zero() {
                    continue;
                }
                let here = choices.iter().rev().take(edges.len()).find(|choice| choice.0 == edge);
                let asked = match (before, here) {
                    (Some(before), Some(&(_, here))) => Some(before.gate(here)),
                    (before, here) => before.or(here.map(|choice| choice.1)),
                };
                let product = partial * y_bar;
                let more = asked.map_or(product, |asked| asked.gate(product));
                let bar = &mut bars[input as usize];
                *bar = Some(match *bar {
                    None => (more, asked),
                    Some((sum, others)) => {
                        let either = |(a, b): (R, R)| a.abs() + b.abs();
                        (sum + more, others.zip(asked).map(either))
                    }
                });
            }
        }
        bars[..leaves].iter().map(|bar| bar.map_or(R::from_f64(0.0), |bar| bar.0)).collect()
    }
}

/// The gradient of `f` at `x`, in reverse mode over numbers of type `R`: it can itself be differentiated.
///
/// ```
/// use tape::{Real, grad, grad_over};
/// fn f<R: Real>(x: &[R]) -> R { x[0].powi(2) * x[1] }
/// // The gradient of |∇f|², reverse over reverse: ∇f = (2 x y, x²).
/// let norm = |x: &[tape::Var]| grad_over(f, x).iter().map(|&d| d * d).sum();
/// assert_eq!(grad(norm, &[1.0, 3.0]), [2.0 * 36.0 + 4.0, 2.0 * 12.0]);
/// ```
#[track_caller]
pub fn grad_over<R: Real>(f: impl FnOnce(&[Reverse<R>]) -> Reverse<R>, x: &[R]) -> Vec<R> {
    value_and_grad_over(f, x).1
}

/// The value and the gradient of `f` at `x`, in reverse mode over numbers of type `R`.
///
/// Recordings nest like scopes, of one type or of several, and end when this returns, also by a panic.
///
/// What was not chosen, by `select`, `max` or a ramp that is off, hands nothing on, whatever its partials are; in a
/// [traced program](crate::Program::trace) a replay chooses anew. A plain zero hands nothing on either. A zero that is recorded
/// is a number like others, and NaN where it meets an infinite partial.
///
/// # Panics
/// When two values of one type meet that two recordings have made, or one whose recording has ended.
///
/// ```
/// use tape::{Dual, value_and_grad_over};
/// let (y, dy) = value_and_grad_over(|x| x[0].powi(3), &[Dual::new(2.0, 1.0)]);
/// assert_eq!((y.value, dy[0].value, dy[0].tangent), (8.0, 12.0, 12.0));
/// ```
#[track_caller]
pub fn value_and_grad_over<R: Real>(f: impl FnOnce(&[Reverse<R>]) -> Reverse<R>, x: &[R]) -> (R, Vec<R>) {
    let recording = Recording::begin(x.len());
    let y = recording.run(f, x);
    let list = recording.end();
    let gradient = if y.list == 0 { vec![R::from_f64(0.0); x.len()] } else { list.sweep(y.line, x.len()) };
    (y.value, gradient)
}

impl<R: Real> Reverse<R> {
    /// A constant on this level, which may well depend on outer ones.
    ///
    /// ```
    /// assert_eq!(tape::Reverse::constant(2.0).exp().value(), 2.0_f64.exp());
    /// ```
    #[inline(always)]
    pub fn constant(value: R) -> Self {
        Reverse { value, line: 0, list: 0 }
    }

    /// The value, without the derivatives of this level.
    ///
    /// ```
    /// assert_eq!(tape::Reverse::constant(2.0).value(), 2.0);
    /// ```
    #[inline(always)]
    pub fn value(self) -> R {
        self.value
    }

    /// Whether the value depends on the inputs of a recording: false for constants.
    ///
    /// ```
    /// assert!(!tape::Reverse::constant(2.0).is_recorded());
    /// ```
    #[inline(always)]
    pub fn is_recorded(self) -> bool {
        self.list != 0
    }

    #[inline(always)]
    fn base(self) -> R {
        self.value
    }

    /// The value with an edge to each input that is recorded, of which there is one at least.
    #[track_caller]
    fn record(value: R, inputs: &[(Self, R)]) -> Self {
        let recorded = inputs.iter().filter(|(input, _)| input.list != 0);
        let list = recorded.clone().next().map_or(0, |(input, _)| input.list);
        if recorded.clone().any(|(input, _)| input.list != list) {
            panic!(
                "scalar operation: wants values of one recording, got two of different ones; a value of an outer \
                 recording comes into an inner one by `Reverse::constant`, which gives it the type of that level"
            );
        }
        let line = LISTS.with_borrow_mut(|lists| {
            let (_, found) = lists.iter_mut().rev().find(|(id, _)| *id == list)?;
            let lines: &mut List<R> = found.downcast_mut().expect("an id stands for one list");
            Some(lines.push(recorded.map(|(input, partial)| (input.line, *partial))))
        });
        let line = line.unwrap_or_else(|| {
            panic!("scalar operation: the recording of this value has ended, or is of another thread")
        });
        Reverse { value, line, list }
    }

    /// The partial by the argument in that place; zero where another was chosen, if that is for the values of now to say. A
    /// trace keeps all partials.
    #[inline(always)]
    fn partial(place: usize, chosen: Chosen, partial: impl FnOnce() -> R) -> R {
        let is_chosen = chosen == Chosen::ByPartials || chosen == Chosen::Argument(place);
        if is_chosen || R::ORDER == usize::MAX { partial() } else { R::from_f64(0.0) }
    }

    #[inline]
    #[track_caller]
    fn unary<P: Unary>(self, primitive: P, value: R) -> Self {
        if self.list == 0 {
            return Reverse::constant(value);
        }
        let chosen = primitive.chosen(self.value.to_f64());
        let partial = Self::partial(0, chosen, || primitive.pullback(self.value, value, R::from_f64(1.0)));
        Reverse::record(value, &[(self, partial)])
    }

    #[inline]
    #[track_caller]
    fn binary<P: Binary>(self, primitive: P, other: Self, value: R) -> Self {
        let (a, b, one) = (self.value, other.value, R::from_f64(1.0));
        let chosen = primitive.chosen(a.to_f64(), b.to_f64());
        let left = || (self, Self::partial(0, chosen, || primitive.left(a, b, value, one)));
        let right = || (other, Self::partial(1, chosen, || primitive.right(a, b, value, one)));
        match (self.list, other.list) {
            (0, 0) => Reverse::constant(value),
            (_, 0) => Reverse::record(value, &[left()]),
            (0, _) => Reverse::record(value, &[right()]),
            _ => Reverse::record(value, &[left(), right()]),
        }
    }

    #[inline]
    #[track_caller]
    fn ternary<P: Ternary>(self, primitive: P, second: Self, third: Self, value: R) -> Self {
        let arguments = [self, second, third];
        if arguments.iter().all(|argument| argument.list == 0) {
            return Reverse::constant(value);
        }
        let partials = primitive.pullback(arguments.map(Reverse::base), value, R::from_f64(1.0));
        let [a, b, c] = arguments.map(Reverse::to_f64);
        let chosen = primitive.chosen(a, b, c);
        let edge = |k: usize| (arguments[k], Self::partial(k, chosen, || partials[k]));
        Reverse::record(value, &std::array::from_fn::<_, 3, _>(edge))
    }
}

lifted!([R: Real] Reverse<R>);

impl<R: Real> Real for Reverse<R> {
    const ORDER: usize = R::ORDER.saturating_add(1);

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Reverse::constant(R::from_f64(value))
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }
    #[inline(always)]
    fn is_constant_zero(self) -> bool {
        self.list == 0 && self.value.is_constant_zero()
    }
    #[inline(always)]
    fn traced(self) -> Option<crate::Traced> {
        self.value.traced()
    }
    #[inline(always)]
    fn asked(self) -> Option<Self> {
        self.value.asked().map(Reverse::constant)
    }
    #[track_caller]
    fn by_rule<Q: Rule>(rule: &Q, x: &[Self]) -> Self {
        let values: Few<R> = x.iter().map(|x| x.value).collect();
        let value = R::by_rule(rule, &values);
        if x.iter().all(|x| x.list == 0) {
            return Reverse::constant(value);
        }
        let mut partials = vec![R::from_f64(0.0); x.len()];
        rule.partials(&values, value, &mut partials);
        let inputs: Vec<_> = x.iter().copied().zip(partials).collect();
        Reverse::record(value, &inputs)
    }
}
