//! What values a line can take, and with them its partials: where the gradient of a program needs a gate.
//!
//! Intervals from the inputs on, which may be any finite numbers, without a look at how lines depend on each other.

use super::List;
use super::operation::Operation;
use crate::primitive::{self, BinaryOp, TernaryOp, UnaryOp};

/// The values that a line can take when all inputs are finite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    least: f64,
    most: f64,
    infinite: Infinite,
    /// Whether it can be NaN.
    nan: bool,
}

/// Where a line can be infinite. Sums and products of ordinary numbers are taken for ordinary numbers: that a product of
/// inputs overflows is possible, but with it every long recurrence would be suspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Infinite {
    Nowhere,
    /// Where something is exactly zero.
    AtPoles,
    /// Beyond some size of the inputs, as an exponential or a high power.
    Outside,
}

/// Powers beyond this overflow at numbers that occur.
const MOST_ORDINARY_POWER: u32 = 8;

/// Bounds between this and its inverse leave room for products of a few partials.
const FAR: f64 = 1e60;

impl Default for Range {
    /// Anything.
    fn default() -> Self {
        Range { least: f64::NEG_INFINITY, most: f64::INFINITY, infinite: Infinite::Outside, nan: true }
    }
}

impl Range {
    fn new([least, most]: [f64; 2], infinite: Infinite, nan: bool) -> Range {
        Range { least, most, infinite, nan }
    }

    fn is_bounded(self) -> bool {
        self.least >= -FAR && self.most <= FAR
    }

    /// Whether it can be infinite.
    fn is_open(self) -> bool {
        self.infinite > Infinite::Nowhere && !self.is_bounded()
    }

    fn is_positive(self) -> bool {
        self.least >= FAR.recip()
    }

    fn is_far_from_zero(self) -> bool {
        self.is_positive() || self.most <= -FAR.recip()
    }

    /// Of a function that never falls.
    fn rising(self, f: impl Fn(f64) -> f64, infinite: Infinite) -> Range {
        Range::new([f(self.least), f(self.most)], infinite, self.nan)
    }

    fn neg(self) -> Range {
        Range { least: -self.most, most: -self.least, ..self }
    }

    fn add(self, other: Range) -> Range {
        let (least, most) = (self.least.min(other.least), self.most.max(other.most));
        // ∞ - ∞ is NaN.
        let opposite = least == f64::NEG_INFINITY && most == f64::INFINITY;
        let nan = self.nan || other.nan || self.is_open() && other.is_open() && opposite;
        Range::new([self.least + other.least, self.most + other.most], self.infinite.max(other.infinite), nan)
    }

    fn mul(self, other: Range) -> Range {
        // An infinite bound is approached and not reached: 0 · ∞ is 0 for bounds.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let corners = [self.least, self.most].map(|a| [product(a, other.least), product(a, other.most)]);
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for &corner in corners.as_flattened() {
            (least, most) = (least.min(corner), most.max(corner));
        }
        let zero_times_infinity = |a: Range, b: Range| a.is_open() && !b.is_far_from_zero();
        let nan =
            self.nan || other.nan || zero_times_infinity(self, other) || zero_times_infinity(other, self);
        Range::new([least, most], self.infinite.max(other.infinite), nan)
    }

    fn square(self) -> Range {
        let bounds = [self.least * self.least, self.most * self.most];
        let least = if self.is_far_from_zero() { bounds[0].min(bounds[1]) } else { 0.0 };
        Range { least, most: bounds[0].max(bounds[1]), ..self }
    }

    fn recip(self) -> Range {
        if self.is_far_from_zero() {
            return Range::new([self.most.recip(), self.least.recip()], Infinite::Nowhere, self.nan);
        }
        // 1 / e⁻ˣ overflows as eˣ does.
        Range { nan: self.nan, infinite: self.infinite.max(Infinite::AtPoles), ..Range::default() }
    }

    /// The smallest interval with both.
    fn or(self, other: Range) -> Range {
        Range {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            infinite: self.infinite.max(other.infinite),
            nan: self.nan || other.nan,
        }
    }

    fn constant(value: f64) -> Range {
        let infinite = if value.is_finite() { Infinite::Nowhere } else { Infinite::Outside };
        Range::new([value, value], infinite, value.is_nan())
    }
}

fn of_unary(op: UnaryOp, a: Range) -> Range {
    let scaled = |k: f64| a.mul(Range::constant(k));
    match op {
        UnaryOp::Neg(_) => a.neg(),
        UnaryOp::Scale(primitive::Scale(k)) => scaled(k),
        UnaryOp::Shift(primitive::Shift(k)) => a.add(Range::constant(k)),
        UnaryOp::ToDegrees(_) | UnaryOp::ToRadians(_) => scaled(1.0),
        UnaryOp::StopGradient(_) => a,
        UnaryOp::Abs(_) => Range { least: a.least.max(-a.most).max(0.0), most: a.most.max(-a.least), ..a },
        UnaryOp::Recip(_) => a.recip(),
        UnaryOp::Powi(primitive::Powi(n)) => {
            let base = if n < 0 { a.recip() } else { a };
            let high = n.unsigned_abs() > MOST_ORDINARY_POWER;
            let least = if n % 2 == 0 { 0.0 } else { f64::NEG_INFINITY };
            let infinite = if high { Infinite::Outside } else { base.infinite };
            Range::new([least, f64::INFINITY], infinite, a.nan)
        }
        UnaryOp::Exp(_) => a.rising(f64::exp, Infinite::Outside),
        UnaryOp::Exp2(_) => a.rising(f64::exp2, Infinite::Outside),
        UnaryOp::ExpM1(_) => a.rising(f64::exp_m1, Infinite::Outside),
        UnaryOp::Sinh(_) => a.rising(f64::sinh, Infinite::Outside),
        UnaryOp::Cosh(_) => Range::new([1.0, a.least.cosh().max(a.most.cosh())], Infinite::Outside, a.nan),
        UnaryOp::Tanh(_) => a.rising(f64::tanh, Infinite::Nowhere),
        UnaryOp::Atan(_) => a.rising(f64::atan, Infinite::Nowhere),
        UnaryOp::Erf(_) => Range::new([-1.0, 1.0], Infinite::Nowhere, a.nan),
        UnaryOp::Sigmoid(_) | UnaryOp::NormCdf(_) | UnaryOp::NormPdf(_) | UnaryOp::Gaussian(_) => {
            Range::new([0.0, 1.0], Infinite::Nowhere, a.nan)
        }
        UnaryOp::Softplus(_) | UnaryOp::Relu(_) => {
            Range { least: a.least.max(0.0), most: f64::INFINITY, ..a }
        }
        UnaryOp::LogSigmoid(_) => Range { least: f64::NEG_INFINITY, most: 0.0, ..a },
        UnaryOp::Sin(_) | UnaryOp::Cos(_) => Range::new([-1.0, 1.0], Infinite::Nowhere, a.nan || a.is_open()),
        UnaryOp::Sqrt(_) => {
            let bounds = [a.least.max(0.0).sqrt(), a.most.max(0.0).sqrt()];
            Range::new(bounds, a.infinite, a.nan || a.least < 0.0)
        }
        UnaryOp::Ln(_) => {
            let pole = if a.is_positive() { Infinite::Nowhere } else { Infinite::AtPoles };
            let bounds = [a.least.max(0.0).ln(), a.most.max(0.0).ln()];
            Range::new(bounds, a.infinite.max(pole), a.nan || a.least < 0.0)
        }
        _ => Range::default(),
    }
}

fn of_binary(op: BinaryOp, a: Range, b: Range, same: bool) -> Range {
    match op {
        BinaryOp::Add(_) => a.add(b),
        BinaryOp::Sub(_) => a.add(b.neg()),
        BinaryOp::Mul(_) if same => a.square(),
        BinaryOp::Mul(_) => a.mul(b),
        BinaryOp::Div(_) => {
            let quotient = a.mul(b.recip());
            // 0 / 0 is NaN, and so is ∞ / ∞.
            let nan = quotient.nan || !b.is_far_from_zero() || a.is_open() && b.is_open();
            Range { nan, ..quotient }
        }
        BinaryOp::Max(_) | BinaryOp::Min(_) => a.or(b),
        BinaryOp::Gate(_) => b.or(Range::constant(0.0)),
        BinaryOp::Heaviside(_)
        | BinaryOp::Greater(_)
        | BinaryOp::GreaterEqual(_)
        | BinaryOp::Less(_)
        | BinaryOp::LessEqual(_)
        | BinaryOp::Equal(_)
        | BinaryOp::NotEqual(_) => Range::new([0.0, 1.0], Infinite::Nowhere, false),
        _ => Range::default(),
    }
}

impl List {
    /// The range of every line.
    pub(super) fn ranges(&self) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let [a, b, c] = step.inputs.map(|line| ranges.get(line as usize).copied().unwrap_or_default());
            ranges.push(match step.operation {
                Operation::Input => Range { infinite: Infinite::Nowhere, nan: false, ..Range::default() },
                Operation::Constant => Range::constant(step.value),
                Operation::Unary(op) => of_unary(op, a),
                Operation::Binary(op) => of_binary(op, a, b, step.inputs[0] == step.inputs[1]),
                Operation::Ternary(TernaryOp::MulAdd(_)) => a.mul(b).add(c),
                Operation::Ternary(TernaryOp::Select(_)) => b.or(c),
                Operation::Ternary(_) => Range::default(),
                Operation::HandedOn => b.or(Range::constant(0.0)),
            });
        }
        ranges
    }
}

/// What a partial of a line can be, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Partial {
    /// The same number everywhere.
    Constant,
    Finite,
    /// NaN where the line is.
    NotANumber,
    /// Infinite where the line is.
    Infinite,
    /// Infinite or NaN also where arguments and value are finite; so are those that nothing is known of.
    Pole,
}

/// The partial of a line with these arguments and this value by its argument at `place`.
pub(super) fn partial(operation: Operation, place: usize, arguments: [Range; 3], value: Range) -> Partial {
    let [a, b, _] = arguments;
    // What the partial reads, where it is finite when that is.
    let reads = |all: &[Range]| {
        if all.iter().any(|range| range.is_open()) {
            Partial::Infinite
        } else if all.iter().any(|range| range.nan) {
            Partial::NotANumber
        } else {
            Partial::Finite
        }
    };
    let bounded = if value.nan { Partial::NotANumber } else { Partial::Finite };
    let bounded_if = |safe: bool| if safe { bounded } else { Partial::Pole };
    match operation {
        Operation::Unary(op) => match op {
            UnaryOp::Neg(_)
            | UnaryOp::Scale(_)
            | UnaryOp::Shift(_)
            | UnaryOp::ToDegrees(_)
            | UnaryOp::ToRadians(_) => Partial::Constant,
            UnaryOp::Abs(_)
            | UnaryOp::Atan(_)
            | UnaryOp::Tanh(_)
            | UnaryOp::Sigmoid(_)
            | UnaryOp::LogSigmoid(_)
            | UnaryOp::Softplus(_)
            | UnaryOp::Relu(_)
            | UnaryOp::Erf(_)
            | UnaryOp::NormPdf(_)
            | UnaryOp::NormCdf(_) => bounded,
            UnaryOp::Exp(_) | UnaryOp::Exp2(_) | UnaryOp::ExpM1(_) | UnaryOp::Sinh(_) | UnaryOp::Cosh(_) => {
                reads(&[value])
            }
            UnaryOp::Sin(_) | UnaryOp::Cos(_) | UnaryOp::Silu(_) => reads(&[a]),
            UnaryOp::Recip(_) => bounded_if(a.is_far_from_zero()),
            UnaryOp::Ln(_) | UnaryOp::Sqrt(_) => bounded_if(a.is_positive()),
            UnaryOp::Powi(primitive::Powi(n)) if n >= 0 || a.is_far_from_zero() => reads(&[a, value]),
            _ => Partial::Pole,
        },
        Operation::Binary(op) => match op {
            BinaryOp::Add(_) | BinaryOp::Sub(_) => Partial::Constant,
            BinaryOp::Mul(_) => reads(&[arguments[1 - place]]),
            BinaryOp::Div(_) if place == 0 && b.is_far_from_zero() => bounded,
            BinaryOp::Div(_) if b.is_far_from_zero() => reads(&[value]),
            BinaryOp::Max(_) | BinaryOp::Min(_) | BinaryOp::Heaviside(_) | BinaryOp::Gate(_) => bounded,
            _ => Partial::Pole,
        },
        Operation::Ternary(TernaryOp::MulAdd(_)) if place < 2 => reads(&[arguments[1 - place]]),
        Operation::Ternary(_) => bounded,
        // 0 or 1.
        Operation::HandedOn => Partial::Finite,
        Operation::Input | Operation::Constant => Partial::Constant,
    }
}

/// Whether a line may be finite although its argument at `place` is infinite. What is not known may.
pub(super) fn saturates(operation: Operation, place: usize, argument: Range) -> bool {
    match operation {
        // e^-∞ is 0, but -∞ from a pole, above all a logarithm of zero, is left alone: it would cost a path of a stock,
        // whose price is the exponential of a long sum, a quarter more lines.
        Operation::Unary(UnaryOp::Exp(_) | UnaryOp::Exp2(_) | UnaryOp::ExpM1(_)) => {
            argument.infinite == Infinite::Outside
        }
        Operation::Unary(op) => !matches!(
            op,
            UnaryOp::Neg(_)
                | UnaryOp::Scale(_)
                | UnaryOp::Shift(_)
                | UnaryOp::ToDegrees(_)
                | UnaryOp::ToRadians(_)
                | UnaryOp::Abs(_)
                | UnaryOp::Sqrt(_)
                | UnaryOp::Cbrt(_)
                | UnaryOp::Ln(_)
                | UnaryOp::Ln1p(_)
                | UnaryOp::Log2(_)
                | UnaryOp::Log10(_)
                | UnaryOp::Sinh(_)
                | UnaryOp::Cosh(_)
                | UnaryOp::Asinh(_)
                | UnaryOp::Acosh(_)
                | UnaryOp::Sin(_)
                | UnaryOp::Cos(_)
                | UnaryOp::Tan(_)
                | UnaryOp::Powi(primitive::Powi(1..))
        ),
        Operation::Binary(BinaryOp::Div(_)) => place == 1,
        Operation::Binary(op) => {
            !matches!(op, BinaryOp::Add(_) | BinaryOp::Sub(_) | BinaryOp::Mul(_) | BinaryOp::Hypot(_))
        }
        Operation::Ternary(op) => !matches!(op, TernaryOp::MulAdd(_)),
        Operation::HandedOn => true,
        Operation::Input | Operation::Constant => false,
    }
}
