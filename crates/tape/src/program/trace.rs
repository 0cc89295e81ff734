//! The scalar that stores operations, and the list that it stores them in.

use super::guard::{Guard, Relation};
use super::operation::Operation;
use super::optimise::Shared;
use crate::Float;
use crate::primitive::{self, Binary, BinaryOp, Ternary, TernaryOp, Unary, UnaryOp, primitives};
use crate::real::{Elementary, Real, handle_arithmetic, plain_operands};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError, atomic};

/// One line: what was done with which earlier lines, and what came out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) operation: Operation,
    pub(super) inputs: [u32; 3],
    pub(super) value: f64,
}

impl Step {
    pub(super) fn input(value: f64) -> Step {
        Step { operation: Operation::Input, inputs: [0; 3], value }
    }

    /// The lines that it reads.
    pub(super) fn arguments(&self) -> &[u32] {
        &self.inputs[..self.operation.arguments()]
    }
}

/// The scalar that a program is traced with: it has a value, and every operation on it becomes a line.
///
/// Comparisons of it are recorded, and a replay makes them again. What leaves the function as a plain number
/// ([`Traced::value`], [`Real::to_f64`]) is not: a branch or an index made from it stays as it was traced. Arithmetic and
/// comparisons on another thread than that of the trace panic.
#[derive(Clone, Copy, Debug)]
pub struct Traced {
    value: f64,
    /// `CONSTANT` for a number that has no line yet.
    line: u32,
    trace: u32,
}

const CONSTANT: u32 = u32::MAX;

/// Lines are numbered in 32 bits, and the last number means a constant.
pub(super) const MOST_LINES: usize = CONSTANT as usize;

/// The list being traced on this thread. Trace 0 is none.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) trace: u32,
    pub(super) steps: Vec<Step>,
    pub(super) guards: Vec<Guard>,
    /// For a list in which equal lines are shared and arithmetic is simplified; None for one as it was run.
    pub(super) shared: Option<Shared>,
}

thread_local! {
    static RECORDER: RefCell<Recorder> = RefCell::new(Recorder::default());
}

/// The traces of all threads that have not ended.
static LIVE: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn live() -> std::sync::MutexGuard<'static, Vec<u32>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `f` records on the lines of `steps`, which are inputs.
pub(super) fn record<T>(
    steps: Vec<Step>,
    shared: Option<Shared>,
    f: impl FnOnce(&[Traced]) -> T,
) -> (T, Recorder) {
    /// Ends the inner trace also when `f` panics, and lets the outer one go on.
    struct Outer(Option<Recorder>, u32);
    impl Drop for Outer {
        fn drop(&mut self) {
            live().retain(|&trace| trace != self.1);
            if let Some(outer) = self.0.take() {
                RECORDER.with(|recorder| recorder.replace(outer));
            }
        }
    }
    static TRACES: atomic::AtomicU32 = atomic::AtomicU32::new(1);
    let trace = TRACES.fetch_add(1, atomic::Ordering::Relaxed).max(1);
    live().push(trace);
    let inputs: Vec<_> = (0..steps.len()).map(|line| Traced::on_line(&steps, line as u32, trace)).collect();
    let inner = Recorder { trace, steps, guards: Vec::new(), shared };
    let mut outer = Outer(Some(RECORDER.with(|recorder| recorder.replace(inner))), trace);
    let output = f(&inputs);
    let outer = outer.0.take().unwrap_or_default();
    (output, RECORDER.with(|recorder| recorder.replace(outer)))
}

/// The lines of some values in the list being recorded; a constant gets one.
#[track_caller]
pub(super) fn lines_of(values: &[Traced]) -> Vec<u32> {
    RECORDER.with_borrow_mut(|recorder| values.iter().map(|&value| recorder.line_of(value)).collect())
}

/// Whether the pullbacks since the last call chose between values; see [`Shared`].
pub(super) fn take_chose() -> bool {
    RECORDER.with_borrow_mut(|recorder| recorder.shared.as_mut().is_some_and(Shared::take_chose))
}

#[cold]
#[track_caller]
fn foreign() -> ! {
    panic!("trace: wants values of the function being traced on this thread, got one of another trace")
}

/// Whether steps from now on must have the very bits of the trace; see [`Shared`].
pub(super) fn be_exact(exact: bool) {
    RECORDER.with_borrow_mut(|recorder| recorder.shared.iter_mut().for_each(|shared| shared.be_exact(exact)));
}

impl Recorder {
    /// The line of a value; a constant gets one when it is first used with something that has.
    #[track_caller]
    pub(super) fn line_of(&mut self, value: Traced) -> u32 {
        if value.line == CONSTANT {
            let step = Step { operation: Operation::Constant, inputs: [0; 3], value: value.value };
            return self.append(step);
        }
        if value.trace != self.trace {
            foreign();
        }
        value.line
    }

    /// The line of this step: a new one, or in a list that shares, the one that says the same.
    #[track_caller]
    pub(super) fn append(&mut self, step: Step) -> u32 {
        assert!(self.steps.len() < MOST_LINES, "trace: wants at most {MOST_LINES} lines");
        match &mut self.shared {
            Some(shared) => shared.line_of(&mut self.steps, step),
            None => {
                self.steps.push(step);
                (self.steps.len() - 1) as u32
            }
        }
    }

    /// The value of that line.
    pub(super) fn on_line(&self, line: u32) -> Traced {
        Traced::on_line(&self.steps, line, self.trace)
    }
}

impl Traced {
    /// The handle of a line; that of a constant carries none.
    pub(super) fn on_line(steps: &[Step], line: u32, trace: u32) -> Traced {
        let step = &steps[line as usize];
        match step.operation {
            Operation::Constant => Traced::from(step.value),
            _ => Traced { value: step.value, line, trace },
        }
    }

    /// The line; None for a constant.
    pub(super) fn line(self) -> Option<u32> {
        (self.line != CONSTANT).then_some(self.line)
    }

    /// The value.
    ///
    /// ```
    /// assert_eq!(tape::Traced::from(2.0).value(), 2.0);
    /// ```
    pub fn value(self) -> f64 {
        self.value
    }

    /// The value of an operation, recorded.
    #[track_caller]
    pub(super) fn record<const N: usize>(operation: Operation, arguments: [Traced; N], value: f64) -> Traced {
        if arguments.iter().all(|argument| argument.line == CONSTANT) {
            return Traced::from(value);
        }
        RECORDER.with_borrow_mut(|recorder| {
            if recorder.shared.is_some() {
                return recorder.simplified(operation, &arguments, value);
            }
            let mut inputs = [0; 3];
            for (input, argument) in inputs.iter_mut().zip(arguments) {
                *input = recorder.line_of(argument);
            }
            let line = recorder.append(Step { operation, inputs, value });
            Traced { value, line, trace: recorder.trace }
        })
    }

    #[track_caller]
    fn unary<P: Unary + Into<UnaryOp>>(self, primitive: P) -> Self {
        let value = <f64 as Float>::unary(primitive, self.value);
        Traced::record(Operation::Unary(primitive.into()), [self], value)
    }

    #[track_caller]
    fn binary<P: Binary + Into<BinaryOp>>(self, primitive: P, other: Self) -> Self {
        let value = <f64 as Float>::binary(primitive, self.value, other.value);
        Traced::record(Operation::Binary(primitive.into()), [self, other], value)
    }

    #[track_caller]
    fn ternary<P: Ternary + Into<TernaryOp>>(self, primitive: P, second: Self, third: Self) -> Self {
        let value = <f64 as Float>::ternary(primitive, self.value, second.value, third.value);
        Traced::record(Operation::Ternary(primitive.into()), [self, second, third], value)
    }

    /// Remembers how a comparison came out, so that a replay can see whether it still does. When the trace has
    /// ended, and between constants, there is nothing to remember. `traced` are the lines' numbers in the list as it was
    /// first traced, where they are others.
    #[track_caller]
    pub(super) fn compared(self, other: Self, relation: Relation, traced: Option<[u32; 2]>) {
        if self.line == CONSTANT && other.line == CONSTANT {
            return;
        }
        RECORDER.with_borrow_mut(|recorder| {
            if recorder.trace != 0 {
                let inputs = [recorder.line_of(self), recorder.line_of(other)];
                recorder.guards.push(Guard { relation, inputs, traced: traced.unwrap_or(inputs) });
            } else if [self, other]
                .iter()
                .any(|value| value.line != CONSTANT && live().contains(&value.trace))
            {
                // Here nobody records, and the trace on the other thread would not know which branch was taken.
                foreign();
            }
        });
    }

    /// The order of the two by [`f64::total_cmp`], recorded.
    #[track_caller]
    pub(crate) fn in_total_order(self, other: Self) -> Ordering {
        let answer = self.value.total_cmp(&other.value);
        self.compared(other, Relation::TotalOrder(answer), None);
        answer
    }

    /// Whether the sign of the number is set, also that of a zero or a NaN, recorded.
    #[track_caller]
    pub(crate) fn has_sign(self) -> bool {
        Traced::from(1.0).copysign(self) < Traced::from(0.0)
    }

    /// Whether the patterns of the two numbers are at most so many steps apart, recorded.
    #[cfg(feature = "approx")]
    #[track_caller]
    pub(crate) fn within_steps(self, other: Self, most: u32) -> bool {
        let answer = super::guard::within_steps(self.value, other.value, most);
        self.compared(other, Relation::WithinSteps(most, answer), None);
        answer
    }
}

impl From<f64> for Traced {
    fn from(value: f64) -> Self {
        Traced { value, line: CONSTANT, trace: 0 }
    }
}

impl Default for Traced {
    fn default() -> Self {
        Traced::from(0.0)
    }
}

/// Comparisons are by value, and recorded with their outcome.
impl PartialEq for Traced {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        let answer = self.value == other.value;
        self.compared(*other, Relation::Equal(answer), None);
        answer
    }
}

/// Comparisons are by value, and recorded with their outcome: `a < b` with its answer, `partial_cmp` with the order.
impl PartialOrd for Traced {
    #[track_caller]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let answer = self.value.partial_cmp(&other.value);
        self.compared(*other, Relation::Order(answer), None);
        answer
    }

    #[track_caller]
    fn lt(&self, other: &Self) -> bool {
        let answer = self.value < other.value;
        self.compared(*other, Relation::Less(answer), None);
        answer
    }

    #[track_caller]
    fn le(&self, other: &Self) -> bool {
        let answer = self.value <= other.value;
        self.compared(*other, Relation::LessEqual(answer), None);
        answer
    }

    #[track_caller]
    fn gt(&self, other: &Self) -> bool {
        other.lt(self)
    }

    #[track_caller]
    fn ge(&self, other: &Self) -> bool {
        other.le(self)
    }
}

impl Real for Traced {
    const ORDER: usize = usize::MAX;

    fn from_f64(value: f64) -> Self {
        Traced::from(value)
    }
    fn to_f64(self) -> f64 {
        self.value
    }
    fn is_constant_zero(self) -> bool {
        self.line == CONSTANT && self.value == 0.0
    }
    fn traced(self) -> Option<Traced> {
        Some(self)
    }
    fn asked(self) -> Option<Traced> {
        let (operation, [mask, b, c]) = RECORDER.with_borrow(|recorder| {
            let line = self.line().filter(|_| self.trace == recorder.trace)?;
            let step = recorder.steps[line as usize];
            let input = |line: u32| recorder.steps.get(line as usize).map(|_| recorder.on_line(line));
            Some((step.operation, step.inputs.map(input)))
        })?;
        match operation {
            Operation::Binary(BinaryOp::Gate(_)) => mask,
            Operation::Ternary(TernaryOp::Select(_)) if c?.is_constant_zero() => mask,
            Operation::Ternary(TernaryOp::Select(_)) if b?.is_constant_zero() => {
                mask.map(|mask| mask.equal(Traced::from(0.0)))
            }
            _ => None,
        }
    }
}

macro_rules! methods {
    (
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        impl Elementary for Traced {
            fn like(&self, value: f64) -> Self { Traced::from(value) }
            $(#[track_caller] fn $u(self) -> Self { self.unary(primitive::$U) })*
            $(#[track_caller] fn $p(self, parameter: $type) -> Self { self.unary(primitive::$P(parameter)) })*
            $(#[track_caller] fn $b(self, other: Self) -> Self { self.binary(primitive::$B, other) })*
            $(#[track_caller] fn $t(self, second: Self, third: Self) -> Self {
                self.ternary(primitive::$T, second, third)
            })*
        }

        /// The listed primitives.
        impl Traced {
            $(#[doc = crate::real::method_doc!(unary $U $u)] #[must_use] #[track_caller]
            pub fn $u(self) -> Self { Elementary::$u(self) })*
            $(#[doc = crate::real::method_doc!(parametric $P $p)] #[must_use] #[track_caller]
            pub fn $p(self, parameter: $type) -> Self { Elementary::$p(self, parameter) })*
            $(#[doc = crate::real::method_doc!(binary $B $b)] #[must_use] #[track_caller]
            pub fn $b(self, other: Self) -> Self { Elementary::$b(self, other) })*
            $(#[doc = crate::real::method_doc!(ternary $T $t)] #[must_use] #[track_caller]
            pub fn $t(self, second: Self, third: Self) -> Self { Elementary::$t(self, second, third) })*
        }

        $(impl std::ops::$NB for Traced {
            type Output = Self;
            #[track_caller]
            fn $nb(self, other: Self) -> Self { self.binary(primitive::$NB, other) }
        })*
        $(impl std::ops::$NU for Traced {
            type Output = Self;
            #[track_caller]
            fn $nu(self) -> Self { self.unary(primitive::$NU) }
        })*
    };
}
primitives!(methods);

handle_arithmetic!([] Traced);
plain_operands!([] Traced, f64);
