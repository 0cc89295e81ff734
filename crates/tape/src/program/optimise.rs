//! A shorter list with the same values: equal lines shared, constants folded, dead lines dropped, and arithmetic
//! simplified where the result is the same to the last bit.

use super::List;
use super::operation::Operation;
use super::trace::{self, Recorder, Step, Traced};
use crate::primitive::{self, BinaryOp, TernaryOp, Unary, UnaryOp};
use std::borrow::Cow;
use std::collections::HashSet;

/// Finds the line that does the same as another: a hash table of line numbers, open addressing.
#[derive(Debug)]
pub(super) struct Shared {
    /// Line numbers plus one; 0 is empty. The length is a power of two.
    slots: Vec<u32>,
    filled: usize,
    /// Whether a simplification was asked for an operation that chooses, such as a step or a gate.
    chose: bool,
    /// Whether powers become products and quotients.
    multiplied: bool,
    /// Whether what comes next must have the very bits of the trace.
    exact: bool,
}

/// What makes two lines equal: code, parameter or constant in bits, inputs.
type Key = (u8, u64, [u32; 3]);

fn key(step: &Step) -> Key {
    match step.operation.code() {
        Some(code) => (code as u8, step.operation.parameter().unwrap_or_default().to_bits(), step.inputs),
        None => (u8::MAX, step.value.to_bits(), [0; 3]),
    }
}

/// Multiplication by odd constants and a fold of the high bits: enough for line numbers, which are no enemy's.
fn hash((code, bits, [a, b, c]): Key) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = u64::from(code);
    for word in [bits, u64::from(a), u64::from(b), u64::from(c)] {
        h = (h.rotate_left(29) ^ word).wrapping_mul(ODD);
    }
    (h ^ (h >> 32)) as usize
}

impl Shared {
    /// A table for about so many lines.
    pub(super) fn new(lines: usize) -> Self {
        Shared {
            slots: vec![0; (2 * lines.max(32)).next_power_of_two()],
            filled: 0,
            chose: false,
            multiplied: false,
            exact: false,
        }
    }

    pub(super) fn be_exact(&mut self, exact: bool) {
        self.exact = exact;
    }

    pub(super) fn take_chose(&mut self) -> bool {
        std::mem::take(&mut self.chose)
    }

    fn slot(&self, steps: &[Step], wanted: Key) -> usize {
        let mask = self.slots.len() - 1;
        let mut place = hash(wanted) & mask;
        loop {
            match self.slots[place] {
                0 => return place,
                line if key(&steps[line as usize - 1]) == wanted => return place,
                _ => place = (place + 1) & mask,
            }
        }
    }

    /// The line that does what `step` does; it is appended if there is none.
    pub(super) fn line_of(&mut self, steps: &mut Vec<Step>, step: Step) -> u32 {
        let place = self.slot(steps, key(&step));
        if self.slots[place] != 0 {
            return self.slots[place] - 1;
        }
        steps.push(step);
        self.slots[place] = steps.len() as u32;
        self.filled += 1;
        if 2 * self.filled > self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![0; 2 * old.len()];
            for line in old.into_iter().filter(|&line| line != 0) {
                let place = self.slot(steps, key(&steps[line as usize - 1]));
                self.slots[place] = line;
            }
        }
        steps.len() as u32 - 1
    }
}

/// Whether `1 / k` is exact, so that a quotient by k is a product with it.
fn has_exact_reciprocal(k: f64) -> bool {
    k.is_normal() && k.recip().is_normal() && k.to_bits() << 12 == 0
}

/// Whether an operation chooses between values, so that what it passes on may be zero because nobody asked.
fn chooses(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Binary(BinaryOp::Heaviside(_) | BinaryOp::Gate(_))
            | Operation::Ternary(TernaryOp::Select(_))
    )
}

impl Recorder {
    /// What `x` is the negative of, if that is how it was made.
    fn negated(&self, x: Traced) -> Option<Traced> {
        let step = &self.steps[x.line()? as usize];
        (step.operation == Operation::Unary(UnaryOp::Neg(primitive::Neg)))
            .then(|| self.on_line(step.inputs[0]))
    }

    fn neg(&mut self, x: Traced) -> Traced {
        self.simplified(Operation::Unary(primitive::Neg.into()), &[x], -x.value())
    }

    /// A unary line whose value is computed here.
    fn unary<P: Unary + Into<UnaryOp>>(&mut self, primitive: P, x: Traced) -> Traced {
        self.simplified(Operation::Unary(primitive.into()), &[x], primitive.value(x.value()))
    }

    fn binary(&mut self, operation: BinaryOp, a: Traced, b: Traced, value: f64) -> Traced {
        self.simplified(Operation::Binary(operation), &[a, b], value)
    }

    /// xⁿ by the products that the compiler's run-time library takes for it, so that powers share their squares.
    fn power(&mut self, x: Traced, n: u32) -> Traced {
        let (mut result, mut square, mut rest) = (None, x, n);
        loop {
            if rest & 1 == 1 {
                result = Some(match result {
                    None => square,
                    Some(product) => self.product(product, square),
                });
            }
            rest /= 2;
            if rest == 0 {
                return result.unwrap_or(Traced::from(1.0));
            }
            square = self.product(square, square);
        }
    }

    fn product(&mut self, a: Traced, b: Traced) -> Traced {
        self.binary(primitive::Mul.into(), a, b, a.value() * b.value())
    }

    /// The value of an operation with a line of its own only where no earlier one gives the same bits.
    ///
    /// Signs move outward from products, quotients and scalings until a sum takes them in as a difference; what may change a
    /// result, such as `x + 0` for the other zero or `0 x` for a NaN, stays.
    pub(super) fn simplified(&mut self, operation: Operation, arguments: &[Traced], value: f64) -> Traced {
        if arguments.iter().all(|argument| argument.line().is_none()) {
            return Traced::from(value);
        }
        if chooses(operation)
            && let Some(shared) = &mut self.shared
        {
            shared.chose = true;
        }
        let simpler = match (operation, arguments) {
            (Operation::Unary(op), &[x]) => self.simpler_unary(op, x),
            (Operation::Binary(op), &[a, b]) => self.simpler_binary(op, a, b, value),
            (Operation::HandedOn, &[a, b]) if a.line().is_none() => {
                Some(if a.value() == 0.0 { Traced::from(0.0) } else { b })
            }
            (Operation::Ternary(TernaryOp::Select(_)), &[mask, b, c]) => {
                mask.line().is_none().then(|| if mask.value() == 0.0 { c } else { b })
            }
            _ => None,
        };
        if let Some(simpler) = simpler {
            return simpler;
        }
        let mut inputs = [0; 3];
        for (input, &argument) in inputs.iter_mut().zip(arguments) {
            *input = self.line_of(argument);
        }
        if let Operation::Binary(BinaryOp::Add(_) | BinaryOp::Mul(_)) = operation {
            inputs[..2].sort_unstable();
        }
        let line = self.append(Step { operation, inputs, value });
        self.on_line(line)
    }

    fn simpler_unary(&mut self, op: UnaryOp, x: Traced) -> Option<Traced> {
        match op {
            UnaryOp::Neg(_) => self.negated(x),
            UnaryOp::Scale(primitive::Scale(k)) => {
                if k == 1.0 {
                    return Some(x);
                }
                if k == -1.0 {
                    return Some(self.neg(x));
                }
                let inner = self.negated(x)?;
                Some(self.unary(primitive::Scale(-k), inner))
            }
            UnaryOp::Shift(primitive::Shift(k)) => (k == 0.0 && k.is_sign_negative()).then_some(x),
            UnaryOp::Powi(primitive::Powi(n)) => match n {
                -1 => Some(self.unary(primitive::Recip, x)),
                0..=2 => Some(self.power(x, n as u32)),
                -64..=64 if self.shared.as_ref().is_some_and(|shared| shared.multiplied) => {
                    let power = self.power(x, n.unsigned_abs());
                    Some(if n < 0 { self.unary(primitive::Recip, power) } else { power })
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn simpler_binary(&mut self, op: BinaryOp, a: Traced, b: Traced, value: f64) -> Option<Traced> {
        let constants = [a, b].map(|x| x.line().is_none().then_some(x.value()));
        match (op, constants) {
            (BinaryOp::Add(_), [Some(k), _]) => Some(self.unary(primitive::Shift(k), b)),
            (BinaryOp::Add(_), [_, Some(k)]) => Some(self.unary(primitive::Shift(k), a)),
            (BinaryOp::Add(_), _) if a.line() == b.line() => Some(self.unary(primitive::Scale(2.0), a)),
            (BinaryOp::Add(_), _) => match (self.negated(a), self.negated(b)) {
                (_, Some(b)) => Some(self.binary(primitive::Sub.into(), a, b, value)),
                (Some(a), _) => Some(self.binary(primitive::Sub.into(), b, a, value)),
                _ => None,
            },
            (BinaryOp::Sub(_), [_, Some(k)]) => Some(self.unary(primitive::Shift(-k), a)),
            (BinaryOp::Sub(_), _) => {
                let b = self.negated(b)?;
                Some(self.binary(primitive::Add.into(), a, b, value))
            }
            (BinaryOp::Mul(_), [Some(k), _]) => Some(self.unary(primitive::Scale(k), b)),
            (BinaryOp::Mul(_), [_, Some(k)]) => Some(self.unary(primitive::Scale(k), a)),
            (BinaryOp::Div(_), [_, Some(k)]) if has_exact_reciprocal(k) => {
                Some(self.unary(primitive::Scale(k.recip()), a))
            }
            (BinaryOp::Div(_), [Some(1.0), _]) => Some(self.unary(primitive::Recip, b)),
            (BinaryOp::Mul(_) | BinaryOp::Div(_), _) => {
                let (positive, rest) = (self.negated(a), self.negated(b));
                if positive.is_none() && rest.is_none() {
                    return None;
                }
                let bare = self.binary(op, positive.unwrap_or(a), rest.unwrap_or(b), {
                    if positive.is_some() == rest.is_some() { value } else { -value }
                });
                Some(if positive.is_some() == rest.is_some() { bare } else { self.neg(bare) })
            }
            // `powf` of the standard library is within an ulp of these, which are rounded correctly.
            (BinaryOp::Powf(_), [_, Some(0.0)]) => Some(Traced::from(1.0)),
            (BinaryOp::Powf(_), [_, Some(1.0)]) => Some(a),
            (BinaryOp::Powf(_), [_, Some(2.0)])
                if !self.shared.as_ref().is_some_and(|shared| shared.exact) =>
            {
                Some(self.product(a, a))
            }
            (BinaryOp::Gate(_), [Some(0.0), _]) => Some(Traced::from(0.0)),
            (BinaryOp::Gate(_), [Some(_), _]) => Some(b),
            _ => None,
        }
    }
}

/// The list that `f` records on inputs with these values: shared, folded, simplified, without dead lines.
pub(super) fn build(at: &[f64], lines: usize, f: impl FnOnce(&[Traced]) -> Vec<Traced>) -> List {
    build_in(Shared::new(lines), at, f)
}

fn build_in(shared: Shared, at: &[f64], f: impl FnOnce(&[Traced]) -> Vec<Traced>) -> List {
    let steps: Vec<Step> = at.iter().map(|&value| Step::input(value)).collect();
    let (outputs, recorder) = trace::record(steps, Some(shared), |inputs| trace::lines_of(&f(inputs)));
    let mut guards = recorder.guards;
    let mut seen = HashSet::new();
    guards.retain(|guard| seen.insert((guard.relation, guard.inputs)));
    List { steps: recorder.steps, inputs: at.len(), outputs, guards }.without_dead_lines()
}

impl List {
    /// The list with equal lines shared, constants folded, arithmetic simplified and dead lines dropped. Inputs keep
    /// their places.
    pub(super) fn optimised(&self) -> List {
        self.rebuilt(Shared::new(self.steps.len()))
    }

    /// An optimised list as it is replayed: with powers multiplied out. Derivatives are made before that: that of a power is
    /// shorter, and `y²` in the pullback of `y = 1 / xⁿ` overflows where n x⁻ⁿ⁻¹ does not.
    pub(super) fn multiplied_out(&self) -> Cow<'_, List> {
        let is_power = |step: &Step| matches!(step.operation, Operation::Unary(UnaryOp::Powi(_)));
        if !self.steps.iter().any(is_power) {
            return Cow::Borrowed(self);
        }
        Cow::Owned(self.rebuilt(Shared { multiplied: true, ..Shared::new(self.steps.len()) }))
    }

    fn rebuilt(&self, shared: Shared) -> List {
        build_in(shared, &self.at(), |x| {
            let values = self.run(x);
            self.outputs.iter().map(|&line| values[line as usize]).collect()
        })
    }

    /// The values of the lines, recorded once more in the trace that these inputs belong to, comparisons included.
    pub(super) fn run(&self, inputs: &[Traced]) -> Vec<Traced> {
        let mut values: Vec<Traced> = Vec::with_capacity(self.steps.len());
        let decides = self.decides();
        for (k, step) in self.steps.iter().enumerate() {
            if !self.guards.is_empty() {
                trace::be_exact(decides[k]);
            }
            let [a, b, c] = step.inputs.map(|line| values.get(line as usize).copied().unwrap_or_default());
            values.push(match step.operation {
                Operation::Input => inputs[k],
                Operation::Constant => Traced::from(step.value),
                operation @ Operation::Unary(_) => Traced::record(operation, [a], step.value),
                operation @ (Operation::Binary(_) | Operation::HandedOn) => {
                    Traced::record(operation, [a, b], step.value)
                }
                operation @ Operation::Ternary(_) => Traced::record(operation, [a, b, c], step.value),
            });
        }
        for guard in &self.guards {
            let [a, b] = guard.inputs.map(|line| values[line as usize]);
            a.compared(b, guard.relation, Some(guard.traced));
        }
        trace::be_exact(false);
        values
    }

    /// Which lines comparisons come from. Where rounding decides, a replay computes them as they were traced.
    fn decides(&self) -> Vec<bool> {
        self.alive(self.guards.iter().flat_map(|guard| &guard.inputs))
    }

    /// Which lines these ones come from, themselves included.
    fn alive<'a>(&self, roots: impl Iterator<Item = &'a u32>) -> Vec<bool> {
        let mut alive = vec![false; self.steps.len()];
        for &line in roots {
            alive[line as usize] = true;
        }
        for (k, step) in self.steps.iter().enumerate().rev() {
            if alive[k] {
                for &line in step.arguments() {
                    alive[line as usize] = true;
                }
            }
        }
        alive
    }

    /// The list with the lines only that outputs and comparisons come from, and all inputs.
    pub(super) fn without_dead_lines(mut self) -> List {
        let roots = self.outputs.iter().chain(self.guards.iter().flat_map(|guard| &guard.inputs));
        let mut alive = self.alive(roots);
        alive[..self.inputs].fill(true);
        let mut places = vec![0; self.steps.len()];
        let mut next = 0;
        for (place, &alive) in places.iter_mut().zip(&alive) {
            *place = next;
            next += u32::from(alive);
        }
        let mut lines = alive.iter();
        self.steps.retain(|_| lines.next().is_some_and(|&alive| alive));
        for step in &mut self.steps {
            let arguments = step.operation.arguments();
            for line in &mut step.inputs[..arguments] {
                *line = places[*line as usize];
            }
        }
        for line in self.outputs.iter_mut().chain(self.guards.iter_mut().flat_map(|guard| &mut guard.inputs))
        {
            *line = places[*line as usize];
        }
        self
    }
}
