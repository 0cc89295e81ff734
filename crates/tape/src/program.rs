//! A function as the list of its operations: recorded once, seen as a table, replayed on many inputs.
//!
//! The fast tape holds partials, not operations, and merges what it can. A program keeps one line for each operation that
//! ran: what a learner wants to see. Before its first replay it is optimised (`optimise`), given registers (`compile`) and
//! run over lanes of inputs (`replay`). Its derivatives are programs themselves (`gradient`), with gates where the ranges of
//! lines (`range`) call for them.

mod compile;
mod derivatives;
mod evaluate;
mod gradient;
mod guard;
mod operation;
mod optimise;
mod range;
mod replay;
mod rows;
mod sparsity;
mod text;
mod trace;

pub use evaluate::Workspace;
pub use trace::Traced;

use crate::Error;
use crate::render::{self, Row};
use crate::sparse::Compression;
use compile::Compiled;
use guard::Guard;
use operation::Operation;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};
use trace::Step;

/// A function as the list of the operations that it ran on some input: one line for each, in order.
///
/// The list shows what happened where it was traced ([`table`](Program::table), [`value`](Program::value),
/// [`gradient`](Program::gradient)), and computes the function anywhere else, without recording again: [`eval`](Program::eval),
/// [`value_and_grad`](Program::value_and_grad), [`jacobian`](Program::jacobian), [`hvp`](Program::hvp), for one input or for rows of
/// inputs, over vector lanes and, with a [`Workspace`], over threads.
///
/// A replay runs the branches that were traced. Comparisons of [`Traced`] values are part of the program, and an input for which
/// one comes out differently is an error that names it, [`Error::Branch`]. Where only rounding makes it come out differently, the
/// input is computed as it was traced, so that a program can always be replayed at its own point. Numbers that left the
/// function as plain `f64` are not seen.
///
/// Replays differ from the traced function in the last bits: products are fused into sums where the machine has the
/// instruction ([`unfused`](Program::unfused) prevents it), and `exp`, `ln`, `tanh`, `sigmoid` and `softplus` are those of
/// [`kernel`](crate::kernel), within 2.5 units in the last place. On one machine the same input gives the same bits, alone or in any
/// batch, on any number of threads; which machines agree is said at [`kernel::Level`](crate::kernel::Level).
///
/// A cotangent of exactly zero goes no further, as in a sweep of the tape, so that what has saturated or was not selected hands
/// on no NaN; it is so in programs of derivatives where a partial can be infinite by an exponential, a high power or a
/// quotient. That a product of ordinary numbers overflows is not looked for.
///
/// ```
/// use tape::{Program, Real};
/// fn f<R: Real>(v: &[R]) -> R { (v[0] + v[1]) * (v[1] + R::from_f64(1.0)) }
///
/// let program = Program::trace(f, &[2.0, 1.0]);
/// assert_eq!(program.value(), 6.0);
/// assert_eq!(program.gradient(), [2.0, 5.0]);
/// assert_eq!(program.eval(&[1.0, 1.0, 0.0, 3.0])?, [4.0, 12.0]); // two inputs, one after the other
/// # Ok::<(), tape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    list: List,
    names: Vec<String>,
    fused: bool,
    /// Whether the list is as short as `optimise` makes it.
    optimised: bool,
    derived: Derived,
}

/// The lines, and what they mean to the outside.
#[derive(Clone, Debug)]
struct List {
    steps: Vec<Step>,
    /// The first so many lines are the inputs.
    inputs: usize,
    outputs: Vec<u32>,
    guards: Vec<Guard>,
}

impl List {
    /// The inputs where the list was traced.
    fn at(&self) -> Vec<f64> {
        self.steps[..self.inputs].iter().map(|step| step.value).collect()
    }
}

/// What is made of a program when it is first asked for, and kept.
#[derive(Clone, Debug, Default)]
struct Derived {
    compiled: OnceLock<Arc<Compiled>>,
    gradient: OnceLock<Arc<Program>>,
    vjp: OnceLock<Arc<Program>>,
    jvp: OnceLock<Arc<Program>>,
    hvp: OnceLock<Arc<Program>>,
    /// By columns and by rows.
    jacobian: OnceLock<(Compression, Compression)>,
    hessian: OnceLock<Compression>,
}

impl Program {
    /// The program that `f` runs at `x`.
    ///
    /// # Panics
    /// When `f` computes with values of another trace, or needs more than 2³² - 1 lines.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0].sin() * 2.0, &[0.0]);
    /// assert_eq!(program.len(), 3); // input, sin, scale
    /// ```
    pub fn trace(f: impl FnOnce(&[Traced]) -> Traced, x: &[f64]) -> Program {
        Program::trace_many(|inputs| vec![f(inputs)], x)
    }

    /// The program that a function of several outputs runs at `x`.
    ///
    /// # Panics
    /// As [`trace`](Program::trace).
    ///
    /// ```
    /// use tape::{Program, Real};
    /// fn polar<R: Real>(x: &[R]) -> Vec<R> { vec![x[0] * x[1].cos(), x[0] * x[1].sin()] }
    /// let program = Program::trace_many(polar, &[2.0, 0.0]);
    /// assert_eq!(program.jacobian(&[2.0, 0.0])?, [1.0, 0.0, 0.0, 2.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn trace_many(f: impl FnOnce(&[Traced]) -> Vec<Traced>, x: &[f64]) -> Program {
        let steps = x.iter().map(|&value| Step::input(value)).collect();
        let (outputs, recorder) = trace::record(steps, None, |inputs| trace::lines_of(&f(inputs)));
        let list = List { steps: recorder.steps, inputs: x.len(), outputs, guards: recorder.guards };
        Program::of(list, false)
    }

    fn of(list: List, optimised: bool) -> Program {
        let names = (0..list.inputs).map(|k| format!("x{k}")).collect();
        Program { list, names, fused: true, optimised, derived: Derived::default() }
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
        if names.len() != self.list.inputs {
            let want = format!("wants a name for each of the {} inputs", self.list.inputs);
            return Err(Error::Length { operation: "named", want, got: names.len() });
        }
        self.names = names.iter().map(|&name| name.to_owned()).collect();
        // The programs of derivatives carry the names on.
        let Derived { compiled, jacobian, hessian, .. } = self.derived;
        self.derived = Derived { compiled, jacobian, hessian, ..Derived::default() };
        Ok(self)
    }

    /// This program, with every product and sum of its replays rounded by itself, also where the machine could fuse
    /// them: slower, and the same bits as the traced function as long as that is arithmetic and square roots.
    ///
    /// ```
    /// use tape::Program;
    /// let program = Program::trace(|x| x[0] * x[1] + x[2], &[0.0; 3]).unfused();
    /// let x: [f64; 3] = [1.0 + f64::EPSILON, 1.0 - f64::EPSILON, -1.0];
    /// assert_eq!(program.eval(&x)?, [x[0] * x[1] + x[2]]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    #[must_use]
    pub fn unfused(mut self) -> Program {
        self.fused = false;
        self.derived = Derived::default();
        self
    }

    /// The program that replays run: equal lines shared, constants folded, dead lines dropped, and arithmetic simplified
    /// where no bit of a result changes. (A power is one line here, from which derivatives are made; a replay multiplies it out,
    /// with the same bits.)
    ///
    /// ```
    /// use tape::Program;
    /// let program = Program::trace(|x| x[0].sin() * x[0].sin() * 1.0 + 0.0 * 3.0, &[0.5]);
    /// assert_eq!(program.optimised().operations(), 3); // sin, mul, and a shift by 0, which turns -0 into 0
    /// ```
    #[must_use]
    pub fn optimised(&self) -> Program {
        if self.optimised {
            return self.clone();
        }
        let mut program = Program::of(self.list.optimised(), true);
        program.names.clone_from(&self.names);
        program.fused = self.fused;
        program
    }

    /// How many lines there are, inputs and constants included.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace(|x| x[0] + x[1], &[1.0, 2.0]).len(), 3);
    /// ```
    pub fn len(&self) -> usize {
        self.list.steps.len()
    }

    /// Whether there is no line at all.
    ///
    /// ```
    /// assert!(!tape::Program::trace(|_| 1.0.into(), &[]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.list.steps.is_empty()
    }

    /// How many lines compute something: all but inputs and constants.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace(|x| x[0] * 2.0 + x[1], &[1.0, 2.0]).operations(), 2);
    /// ```
    pub fn operations(&self) -> usize {
        let is_leaf = |step: &&Step| matches!(step.operation, Operation::Input | Operation::Constant);
        self.len() - self.list.steps.iter().filter(is_leaf).count()
    }

    /// How many inputs the function has.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace(|x| x[0] + x[1], &[1.0, 2.0]).inputs(), 2);
    /// ```
    pub fn inputs(&self) -> usize {
        self.list.inputs
    }

    /// How many outputs the function has.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace_many(|x| vec![x[0], x[0]], &[1.0]).outputs(), 2);
    /// ```
    pub fn outputs(&self) -> usize {
        self.list.outputs.len()
    }

    /// The value of the function where it was traced; that of the first output, if there are several.
    ///
    /// # Panics
    /// When the function has no output.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace(|x| x[0] * 2.0, &[4.0]).value(), 8.0);
    /// ```
    pub fn value(&self) -> f64 {
        self.list.steps[self.list.outputs[0] as usize].value
    }

    /// The cotangent of every line: the derivative of the (first) value by that line. One reverse sweep.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| (x[0] * 3.0).exp(), &[0.0]);
    /// assert_eq!(program.cotangents(), [3.0, 1.0, 1.0]);
    /// ```
    pub fn cotangents(&self) -> Vec<f64> {
        let steps = &self.list.steps;
        let mut bars = vec![0.0; steps.len()];
        if let Some(&root) = self.list.outputs.first() {
            bars[root as usize] = 1.0;
        }
        for (k, step) in steps.iter().enumerate().rev() {
            let y_bar = bars[k];
            if y_bar == 0.0 {
                continue;
            }
            let inputs = step.inputs.map(|line| line as usize);
            let [a, b, c] = inputs.map(|line| steps[line].value);
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
                Operation::HandedOn => bars[inputs[1]] += if a != 0.0 || !b.is_nan() { y_bar } else { 0.0 },
            }
        }
        bars
    }

    /// The gradient where the function was traced: the cotangents of the inputs.
    ///
    /// ```
    /// assert_eq!(tape::Program::trace(|x| x[0] * x[1], &[2.0, 3.0]).gradient(), [3.0, 2.0]);
    /// ```
    pub fn gradient(&self) -> Vec<f64> {
        let mut bars = self.cotangents();
        bars.truncate(self.list.inputs);
        bars
    }

    /// The list as a plain table: line, operation, inputs, value, cotangent; beneath it the comparisons of its lines, as they came out.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0] * x[1], &[2.0, 3.0]);
    /// let lines: Vec<_> = program.table().lines().map(str::to_owned).collect();
    /// assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(),
    ///     ["line", "operation", "inputs", "value", "cotangent"]);
    /// assert_eq!(lines[4].split_whitespace().collect::<Vec<_>>(), ["2", "mul", "0", "1", "6", "1"]);
    /// ```
    pub fn table(&self) -> String {
        let mut table = render::table(&self.rows());
        for &guard in &self.list.guards {
            // By the lines of this list, which in one that was derived are not those that an error names.
            let here = Guard { traced: guard.inputs, ..guard };
            let _ = writeln!(table, "{here}");
        }
        table
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
        let rows = self.list.steps.iter().zip(bars).enumerate().map(|(line, (step, bar))| Row {
            line,
            operation: match self.names.get(line) {
                Some(name) => format!("input {}", render::name(name)),
                None => step.operation.title(),
            },
            inputs: step.arguments().iter().map(|&input| input as usize).collect(),
            value: render::number(step.value),
            // A constant has no derivative that anybody could ask for.
            cotangent: match step.operation {
                Operation::Constant => String::new(),
                _ => render::number(bar),
            },
        });
        rows.collect()
    }

    /// The list that replays and derivatives start from.
    fn shortest(&self) -> std::borrow::Cow<'_, List> {
        if self.optimised {
            std::borrow::Cow::Borrowed(&self.list)
        } else {
            std::borrow::Cow::Owned(self.list.optimised())
        }
    }

    fn compiled(&self) -> &Compiled {
        self.derived
            .compiled
            .get_or_init(|| Arc::new(Compiled::new(&self.shortest().multiplied_out(), self.fused)))
    }

    /// A program made from the list of this one, with the same switches and names, and these for inputs beyond.
    fn derive<'a>(
        &self,
        kept: &'a OnceLock<Arc<Program>>,
        make: impl FnOnce(&List) -> List,
        more: impl Iterator<Item = String>,
    ) -> &'a Program {
        kept.get_or_init(|| {
            let mut program = Program::of(make(&self.shortest()), true);
            program.fused = self.fused;
            program.names = self.names.iter().cloned().chain(more).collect();
            Arc::new(program)
        })
    }

    /// The program of the value and its gradient: its outputs are the value and the partial derivative by each input.
    /// It is made once and kept.
    ///
    /// # Errors
    /// When the function does not have one output.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0] * x[1], &[2.0, 3.0]);
    /// let gradient = program.with_gradient()?;
    /// assert_eq!(gradient.eval(&[5.0, 7.0])?, [35.0, 7.0, 5.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn with_gradient(&self) -> Result<&Program, Error> {
        self.must_be_scalar("with_gradient")?;
        Ok(self.derive(&self.derived.gradient, List::value_and_gradient, std::iter::empty()))
    }

    /// The program of the vector-Jacobian product: from (x, ȳ) to `Jᵀ ȳ`. It is made once and kept. Its further inputs are named
    /// `ȳ0`, `ȳ1`, ….
    ///
    /// ```
    /// let program = tape::Program::trace_many(|x| vec![x[0] * x[1], x[0].exp()], &[0.0, 3.0]);
    /// assert_eq!(program.vjp().eval(&[0.0, 3.0, 1.0, 10.0])?, [13.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn vjp(&self) -> &Program {
        let seeds = (0..self.outputs()).map(|k| format!("ȳ{k}"));
        self.derive(&self.derived.vjp, List::vjp, seeds)
    }

    /// The program of the Jacobian-vector product: from (x, ẋ) to `J ẋ`. It is made once and kept. The tangent of an input `mass`
    /// is named `d·mass`.
    ///
    /// ```
    /// let program = tape::Program::trace_many(|x| vec![x[0] * x[1], x[0].exp()], &[0.0, 3.0]);
    /// assert_eq!(program.jvp().eval(&[0.0, 3.0, 1.0, 10.0])?, [3.0, 1.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn jvp(&self) -> &Program {
        self.derive(&self.derived.jvp, List::jvp, self.tangents())
    }

    /// Names for the tangents of the inputs.
    fn tangents(&self) -> impl Iterator<Item = String> + '_ {
        self.names.iter().map(|name| format!("d·{name}"))
    }

    /// The program of the Hessian-vector product: from (x, v) to `H v`, forward over reverse. It is made once and kept.
    ///
    /// # Errors
    /// When the function does not have one output.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0].powi(3) * x[1], &[1.0, 2.0]);
    /// assert_eq!(program.hessian_product()?.eval(&[1.0, 2.0, 1.0, 0.0])?, [12.0, 3.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn hessian_product(&self) -> Result<&Program, Error> {
        self.must_be_scalar("hessian_product")?;
        Ok(self.derive(&self.derived.hvp, |list| list.gradient().jvp(), self.tangents()))
    }

    fn must_be_scalar(&self, operation: &'static str) -> Result<(), Error> {
        match self.outputs() {
            1 => Ok(()),
            got => Err(Error::Length { operation, want: "wants a function of one output".to_owned(), got }),
        }
    }
}
