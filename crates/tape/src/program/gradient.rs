//! Derivatives of a list as lists: the pullbacks of its lines, run on values that are recorded.

use super::List;
use super::operation::{self, Operation};
use super::optimise::{Shared, build};
use super::range::{self, Partial, Range};
use super::trace::{self, Step, Traced};

/// Why a cotangent may be zero, and so what its line may look like then. Where several ways meet, the least holds: a line
/// that is infinite shows in the result on any way that neither saturates nor chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Zero {
    /// By chance, as by a factor that is zero just here.
    ByChance,
    /// Because a function on the way stays finite where its argument does not, such as `tanh`: the line may be infinite.
    Saturated,
    /// Because nobody asked for this output: the line may be infinite or NaN.
    Unasked,
    /// Because a step or gate decided over it: the line may be anything, also where no input explains it.
    Chosen,
}

/// What has come to the cotangent of a line so far: a chain of contributions, that of the earliest reader first.
#[derive(Clone, Copy)]
struct Contribution {
    value: Traced,
    zero: Zero,
    next: u32,
}

const NONE: u32 = u32::MAX;

/// The contributions to all lines, each a chain through one column.
struct Contributions {
    heads: Vec<u32>,
    column: Vec<Contribution>,
}

impl Contributions {
    fn add(&mut self, line: u32, value: Traced, zero: Zero) {
        let head = &mut self.heads[line as usize];
        self.column.push(Contribution { value, zero, next: *head });
        *head = self.column.len() as u32 - 1;
    }

    /// The sum over a line's readers in the order of the list, and why it may be zero; None if there are none or all
    /// are the constant zero.
    fn of(&self, line: usize) -> Option<(Traced, Zero)> {
        let mut sum: Option<(Traced, Zero)> = None;
        let mut next = self.heads[line];
        while next != NONE {
            let each = self.column[next as usize];
            next = each.next;
            if !is_zero(each.value) {
                sum = Some(match sum {
                    None => (each.value, each.zero),
                    Some((total, zero)) => (total + each.value, zero.min(each.zero)),
                });
            }
        }
        sum
    }
}

fn is_zero(value: Traced) -> bool {
    value.line().is_none() && value.value() == 0.0
}

/// The cotangent of line `k` pulled back to the argument at `place`; a pullback is linear, so that a tangent of the
/// argument in its place is pushed forward.
fn pulled(step: &Step, place: usize, values: &[Traced], k: usize, bar: Traced) -> Traced {
    let [a, b, c] = step.inputs.map(|line| values[line as usize]);
    let y = values[k];
    match step.operation {
        Operation::Input | Operation::Constant => Traced::from(0.0),
        Operation::Unary(op) => op.pullback(a, y, bar),
        Operation::Binary(op) if place == 0 => op.left(a, b, y, bar),
        Operation::Binary(op) => op.right(a, b, y, bar),
        Operation::Ternary(op) => op.pullback([a, b, c], y, bar)[place],
        Operation::HandedOn if place == 0 => Traced::from(0.0),
        // The product b moves the value wherever it is a number, and where the cotangent a is not zero.
        Operation::HandedOn => (a.not_equal(Traced::from(0.0)) + b.equal(b)).gate(bar),
    }
}

/// Whether a cotangent of line `k` that is zero comes to zero at the argument at `place` by itself, so that it needs no
/// gate.
fn is_safe(step: &Step, k: usize, place: usize, ranges: &[Range], zero: Zero) -> bool {
    let arguments = step.inputs.map(|line| ranges.get(line as usize).copied().unwrap_or_default());
    let partial = range::partial(step.operation, place, arguments, ranges[k]);
    match zero {
        Zero::ByChance => partial < Partial::Pole,
        Zero::Saturated => partial < Partial::Infinite,
        Zero::Unasked => partial < Partial::NotANumber,
        Zero::Chosen => partial == Partial::Constant,
    }
}

/// `pushed`, or zero where the cotangent (or tangent) it comes from is exactly zero: what nobody asked for has no
/// say, also where its partial is infinite or NaN.
fn handed_on(bar: Traced, pushed: Traced, safe: bool) -> Traced {
    if safe || bar.line().is_none() || is_zero(pushed) {
        return pushed;
    }
    Traced::record(Operation::HandedOn, [bar, pushed], operation::handed_on(bar.value(), pushed.value()))
}

impl List {
    /// Which lines change with some input.
    fn active(&self) -> Vec<bool> {
        let mut active = vec![false; self.steps.len()];
        for (k, step) in self.steps.iter().enumerate() {
            active[k] = match step.operation {
                Operation::Input => true,
                _ => step.arguments().iter().any(|&line| active[line as usize]),
            };
        }
        active
    }

    /// The cotangents of the inputs from those of the outputs, recorded: `x̄ = Jᵀ ȳ`. `values` are those of the lines.
    fn pull_back(&self, values: &[Traced], y_bar: &[Traced]) -> Vec<Traced> {
        let (active, ranges) = (self.active(), self.ranges());
        let lines = self.steps.len();
        let mut bars = Contributions { heads: vec![NONE; lines], column: Vec::with_capacity(lines) };
        // Of several outputs one may be asked for, and the others not.
        let seeded = if self.outputs.len() > 1 { Zero::Unasked } else { Zero::ByChance };
        for (&line, &bar) in self.outputs.iter().zip(y_bar) {
            bars.add(line, bar, seeded);
        }
        for (k, step) in self.steps.iter().enumerate().skip(self.inputs).rev() {
            let Some((bar, zero)) = bars.of(k).filter(|_| active[k]) else { continue };
            for (place, &line) in step.arguments().iter().enumerate() {
                if active[line as usize] {
                    trace::take_chose();
                    let pulled = pulled(step, place, values, k, bar);
                    let zero = if trace::take_chose() { Zero::Chosen } else { zero };
                    let pulled = handed_on(bar, pulled, is_safe(step, k, place, &ranges, zero));
                    let saturates = range::saturates(step.operation, place, ranges[line as usize]);
                    bars.add(line, pulled, if saturates { zero.max(Zero::Saturated) } else { zero });
                }
            }
        }
        (0..self.inputs).map(|line| bars.of(line).map_or(Traced::from(0.0), |(bar, _)| bar)).collect()
    }

    /// The tangents of the outputs from those of the inputs, recorded: `ẏ = J ẋ`.
    fn push_forward(&self, values: &[Traced], x_dot: &[Traced]) -> Vec<Traced> {
        let ranges = self.ranges();
        let hidden = self.hidden(&ranges);
        let mut dots: Vec<Traced> = Vec::with_capacity(self.steps.len());
        for (k, step) in self.steps.iter().enumerate() {
            let mut total = Traced::from(0.0);
            let zero = if hidden[k] { Zero::Saturated } else { Zero::ByChance };
            for (place, &line) in step.arguments().iter().enumerate() {
                let dot = dots[line as usize];
                if is_zero(dot) {
                    continue;
                }
                let pushed = pulled(step, place, values, k, dot);
                let pushed = handed_on(dot, pushed, is_safe(step, k, place, &ranges, zero));
                total = if is_zero(total) { pushed } else { total + pushed };
            }
            dots.push(if k < self.inputs { x_dot[k] } else { total });
        }
        self.outputs.iter().map(|&line| dots[line as usize]).collect()
    }

    /// Which lines may be infinite while all outputs are finite: every way to an output saturates or chooses.
    fn hidden(&self, ranges: &[Range]) -> Vec<bool> {
        let mut hidden = vec![true; self.steps.len()];
        for &line in &self.outputs {
            hidden[line as usize] = false;
        }
        for (k, step) in self.steps.iter().enumerate().rev() {
            for (place, &line) in step.arguments().iter().enumerate() {
                hidden[line as usize] &=
                    hidden[k] || range::saturates(step.operation, place, ranges[line as usize]);
            }
        }
        hidden
    }

    /// The values of the outputs.
    fn values_of_outputs(&self, values: &[Traced]) -> Vec<Traced> {
        self.outputs.iter().map(|&line| values[line as usize]).collect()
    }

    /// From x to the value of the only output and its partial derivatives.
    pub(super) fn value_and_gradient(&self) -> List {
        build(&self.at(), 3 * self.steps.len(), |x| {
            let values = self.run(x);
            let mut outputs = self.values_of_outputs(&values);
            outputs.extend(self.pull_back(&values, &[Traced::from(1.0)]));
            outputs
        })
    }

    /// From x to the partial derivatives of the only output.
    pub(super) fn gradient(&self) -> List {
        build(&self.at(), 3 * self.steps.len(), |x| self.pull_back(&self.run(x), &[Traced::from(1.0)]))
    }

    /// From (x, ȳ) to x̄ = Jᵀ ȳ; ȳ is one where the list is traced.
    pub(super) fn vjp(&self) -> List {
        let mut at = self.at();
        at.resize(self.inputs + self.outputs.len(), 1.0);
        build(&at, 3 * self.steps.len(), |x| {
            let (x, y_bar) = x.split_at(self.inputs);
            self.pull_back(&self.run(x), y_bar)
        })
    }

    /// From (x, ẋ) to ẏ = J ẋ; ẋ is one where the list is traced.
    pub(super) fn jvp(&self) -> List {
        let mut at = self.at();
        at.resize(2 * self.inputs, 1.0);
        build(&at, 3 * self.steps.len(), |x| {
            let (x, x_dot) = x.split_at(self.inputs);
            self.push_forward(&self.run(x), x_dot)
        })
    }

    /// For each line, which of its arguments move it at all: a step or a rounding has the partial zero everywhere.
    pub(super) fn moved_by(&self) -> Vec<[bool; 3]> {
        let values =
            self.steps.iter().map(|step| Step::input(step.value)).chain([Step::input(1.0)]).collect();
        let (moved, _) = trace::record(values, Some(Shared::new(3 * self.steps.len())), |values| {
            let bar = values[self.steps.len()];
            let lines = self.steps.iter().enumerate().map(|(k, step)| {
                let reads = step.operation.arguments();
                std::array::from_fn(|place| place < reads && !is_zero(pulled(step, place, values, k, bar)))
            });
            lines.collect()
        });
        moved
    }
}
