//! A function traced into a list that knows its operations: one line each, with inputs, constants and values.
//!
//! The fast tape holds partials, not operations, and merges what it can. A program is the list that a learner
//! wants to see; tables and pictures come from it.

use crate::primitive::{self, Binary, BinaryOp, Ternary, TernaryOp, Unary, UnaryOp, primitives};
use crate::real::{Elementary, Real, handle_arithmetic, plain_operands};
use crate::render::{self, Row};
use crate::{Error, Float};
use std::cell::RefCell;
use std::cmp::Ordering;

/// A function as the list of the operations that it ran on some input: one line for each, in order.
///
/// ```
/// use tape::{Program, Real};
/// fn f<R: Real>(v: &[R]) -> R { (v[0] + v[1]) * (v[1] + R::from_f64(1.0)) }
///
/// let program = Program::trace(f, &[2.0, 1.0]);
/// assert_eq!(program.value(), 6.0);
/// assert_eq!(program.gradient(), [2.0, 5.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    steps: Vec<Step>,
    inputs: usize,
    root: u32,
    names: Vec<String>,
}

/// One line: what was done with which earlier lines, and what came out.
#[derive(Clone, Copy, Debug)]
struct Step {
    operation: Operation,
    inputs: [u32; 3],
    value: f64,
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    Input,
    Constant,
    Unary(UnaryOp),
    Binary(BinaryOp),
    Ternary(TernaryOp),
}

impl Operation {
    fn arguments(self) -> usize {
        match self {
            Operation::Input | Operation::Constant => 0,
            Operation::Unary(_) => 1,
            Operation::Binary(_) => 2,
            Operation::Ternary(_) => 3,
        }
    }

    fn name(self) -> String {
        match self {
            Operation::Input => "input".to_owned(),
            Operation::Constant => "constant".to_owned(),
            Operation::Unary(op) => match op.parameter() {
                Some(parameter) => format!("{} {}", op.name(), render::number(parameter)),
                None => op.name().to_owned(),
            },
            Operation::Binary(op) => op.name().to_owned(),
            Operation::Ternary(op) => op.name().to_owned(),
        }
    }
}

/// The scalar that a program is traced with: it has a value, and every operation on it becomes a line.
#[derive(Clone, Copy, Debug)]
pub struct Traced {
    value: f64,
    /// `CONSTANT` for a number that has no line yet.
    line: u32,
    trace: u32,
}

const CONSTANT: u32 = u32::MAX;

/// The list being traced on this thread. Trace 0 is none.
#[derive(Default)]
struct Recorder {
    trace: u32,
    steps: Vec<Step>,
}

thread_local! {
    static RECORDER: RefCell<Recorder> = RefCell::new(Recorder::default());
}

impl Program {
    /// The program that `f` runs at `x`.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0].sin() * 2.0, &[0.0]);
    /// assert_eq!(program.len(), 3); // input, sin, scale
    /// ```
    pub fn trace(f: impl FnOnce(&[Traced]) -> Traced, x: &[f64]) -> Program {
        /// Ends the inner trace also when `f` panics, and lets the outer one go on.
        struct Outer(Option<Recorder>);
        impl Drop for Outer {
            fn drop(&mut self) {
                let outer = self.0.take().unwrap_or_default();
                RECORDER.with(|recorder| recorder.replace(outer));
            }
        }
        static TRACES: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        let trace = TRACES.fetch_add(1, std::sync::atomic::Ordering::Relaxed).max(1);
        let step = |&value: &f64| Step { operation: Operation::Input, inputs: [0; 3], value };
        let inner = Recorder { trace, steps: x.iter().map(step).collect() };
        let _outer = Outer(Some(RECORDER.with(|recorder| recorder.replace(inner))));

        let inputs: Vec<_> = (0..).zip(x).map(|(line, &value)| Traced { value, line, trace }).collect();
        let root = f(&inputs);
        RECORDER.with_borrow_mut(|recorder| {
            let root = recorder.line_of(root);
            let names = (0..x.len()).map(|k| format!("x{k}")).collect();
            Program { steps: std::mem::take(&mut recorder.steps), inputs: x.len(), root, names }
        })
    }

    /// This program, with names for its inputs in tables and pictures; `x0`, `x1`, … otherwise.
    ///
    /// # Errors
    /// When there are not as many names as inputs.
    ///
    /// ```
    /// let program = tape::Program::trace(|v| v[0] * v[1], &[2.0, 3.0]).named(&["mass", "speed"])?;
    /// assert!(program.table().contains("mass"));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn named(mut self, names: &[&str]) -> Result<Program, Error> {
        if names.len() != self.inputs {
            let want = format!("wants a name for each of the {} inputs", self.inputs);
            return Err(Error::Length { operation: "named", want, got: names.len() });
        }
        self.names = names.iter().map(|&name| name.to_owned()).collect();
        Ok(self)
    }

    /// How many lines there are, inputs and constants included.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace(|x| x[0] + x[1], &[1.0, 2.0]).len(), 3);
    /// ```
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no line at all; a traced program has one at least, for what it returns.
    ///
    /// ```
    /// assert!(!tape::Program::trace(|_| 1.0.into(), &[]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The value of the function where it was traced.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace(|x| x[0] * 2.0, &[4.0]).value(), 8.0);
    /// ```
    pub fn value(&self) -> f64 {
        self.steps[self.root as usize].value
    }

    /// The cotangent of every line: the derivative of the value by that line. One reverse sweep.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| (x[0] * 3.0).exp(), &[0.0]);
    /// assert_eq!(program.cotangents(), [3.0, 1.0, 1.0]);
    /// ```
    pub fn cotangents(&self) -> Vec<f64> {
        let mut bars = vec![0.0; self.steps.len()];
        bars[self.root as usize] = 1.0;
        for (k, step) in self.steps.iter().enumerate().rev() {
            let y_bar = bars[k];
            if y_bar == 0.0 {
                continue;
            }
            let inputs = step.inputs.map(|line| line as usize);
            let [a, b, c] = inputs.map(|line| self.steps[line].value);
            match step.operation {
                Operation::Input | Operation::Constant => {}
                Operation::Unary(op) => bars[inputs[0]] += op.pullback(a, step.value, y_bar),
                Operation::Binary(op) => {
                    bars[inputs[0]] += op.left(a, b, step.value, y_bar);
                    bars[inputs[1]] += op.right(a, b, step.value, y_bar);
                }
                Operation::Ternary(op) => {
                    let each = op.pullback([a, b, c], step.value, y_bar);
                    for (line, bar) in inputs.into_iter().zip(each) {
                        bars[line] += bar;
                    }
                }
            }
        }
        bars
    }

    /// The gradient: the cotangents of the inputs.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace(|x| x[0] * x[1], &[2.0, 3.0]).gradient(), [3.0, 2.0]);
    /// ```
    pub fn gradient(&self) -> Vec<f64> {
        let mut bars = self.cotangents();
        bars.truncate(self.inputs);
        bars
    }

    /// The list as a plain table: line, operation, inputs, value, cotangent.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0] * x[1], &[2.0, 3.0]);
    /// let lines: Vec<_> = program.table().lines().map(str::to_owned).collect();
    /// assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(),
    ///     ["line", "operation", "inputs", "value", "cotangent"]);
    /// assert_eq!(lines[4].split_whitespace().collect::<Vec<_>>(), ["2", "mul", "0", "1", "6", "1"]);
    /// ```
    pub fn table(&self) -> String {
        render::table(&self.rows())
    }

    /// The list as a graph in the language of Graphviz, from inputs to output.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0] * x[1], &[2.0, 3.0]);
    /// assert!(program.graphviz().contains("n0 -> n2"));
    /// ```
    pub fn graphviz(&self) -> String {
        render::graphviz(&self.rows())
    }

    /// The list as a picture in SVG, which needs no outside program: a box for each line, inputs to the left, in light
    /// or dark as the reader prefers. It shows 400 lines and says how many more there are.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0] * x[1], &[2.0, 3.0]);
    /// assert!(program.svg().contains(">mul</text>"));
    /// ```
    pub fn svg(&self) -> String {
        render::svg(&self.rows(), "Program")
    }

    fn rows(&self) -> Vec<Row> {
        let bars = self.cotangents();
        let rows = self.steps.iter().zip(bars).enumerate().map(|(line, (step, bar))| Row {
            line,
            operation: match self.names.get(line) {
                Some(name) => format!("input {name}"),
                None => step.operation.name(),
            },
            inputs: step.inputs[..step.operation.arguments()].iter().map(|&input| input as usize).collect(),
            value: render::number(step.value),
            // A constant has no derivative that anybody could ask for.
            cotangent: match step.operation {
                Operation::Constant => String::new(),
                _ => render::number(bar),
            },
        });
        rows.collect()
    }
}

impl Recorder {
    /// The line of a value; a constant gets one when it is first used with something that has.
    #[track_caller]
    fn line_of(&mut self, value: Traced) -> u32 {
        if value.line == CONSTANT {
            self.steps.push(Step { operation: Operation::Constant, inputs: [0; 3], value: value.value });
            return (self.steps.len() - 1) as u32;
        }
        assert!(
            value.trace == self.trace,
            "trace: wants values of the function being traced on this thread, got one of another trace"
        );
        value.line
    }
}

impl Traced {
    /// The value.
    ///
    /// ```
    /// assert_eq!(tape::Traced::from(2.0).value(), 2.0);
    /// ```
    pub fn value(self) -> f64 {
        self.value
    }

    #[track_caller]
    fn record<const N: usize>(operation: Operation, arguments: [Traced; N], value: f64) -> Traced {
        if arguments.iter().all(|argument| argument.line == CONSTANT) {
            return Traced::from(value);
        }
        RECORDER.with_borrow_mut(|recorder| {
            let mut inputs = [0; 3];
            for (input, argument) in inputs.iter_mut().zip(arguments) {
                *input = recorder.line_of(argument);
            }
            recorder.steps.push(Step { operation, inputs, value });
            Traced { value, line: (recorder.steps.len() - 1) as u32, trace: recorder.trace }
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

/// Comparisons are by value. They are not recorded yet: the program is what ran for this input.
impl PartialEq for Traced {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Traced {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
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
