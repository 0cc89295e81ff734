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
    /// How the values grow with the inputs, as the degree of a polynomial; `EXPONENTIAL` for what grows faster.
    degree: u32,
    /// Whether it can be NaN.
    nan: bool,
}

const EXPONENTIAL: u32 = u32::MAX;

/// Polynomials of a higher degree overflow, and others do not: for those inputs would have to exceed 10³⁸. Every product
/// may overflow somewhere, and a gate at each would make gradients a third longer.
const MOST_DEGREE: u32 = 8;

/// Bounds between this and its inverse leave room for products of a few partials.
const FAR: f64 = 1e60;

impl Default for Range {
    /// Anything.
    fn default() -> Self {
        Range { least: f64::NEG_INFINITY, most: f64::INFINITY, degree: EXPONENTIAL, nan: true }
    }
}

impl Range {
    fn new([least, most]: [f64; 2], degree: u32, nan: bool) -> Range {
        Range { least, most, degree, nan }
    }

    fn overflows(self) -> bool {
        self.degree > MOST_DEGREE && !(self.least >= -FAR && self.most <= FAR)
    }

    fn is_positive(self) -> bool {
        self.least >= FAR.recip()
    }

    fn is_far_from_zero(self) -> bool {
        self.is_positive() || self.most <= -FAR.recip()
    }

    /// Of a function that never falls.
    fn rising(self, f: impl Fn(f64) -> f64, degree: u32) -> Range {
        Range::new([f(self.least), f(self.most)], degree, self.nan)
    }

    fn neg(self) -> Range {
        Range { least: -self.most, most: -self.least, ..self }
    }

    fn add(self, other: Range) -> Range {
        let both = self.overflows() && other.overflows();
        let same_sign =
            self.least.min(other.least) > f64::NEG_INFINITY || self.most.max(other.most) < f64::INFINITY;
        let nan = self.nan || other.nan || both && !same_sign;
        let bounds = [self.least + other.least, self.most + other.most];
        Range::new(bounds, self.degree.max(other.degree), nan)
    }

    fn mul(self, other: Range) -> Range {
        // A bound is approached and never reached where it is infinite: 0 · ∞ is 0 here.
        let product = |a: f64, b: f64| if a == 0.0 || b == 0.0 { 0.0 } else { a * b };
        let corners = [self.least, self.most].map(|a| [product(a, other.least), product(a, other.most)]);
        let corners = corners.as_flattened();
        let bounds = [corners.iter().copied().fold(f64::INFINITY, f64::min), {
            corners.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        }];
        let zero_times_infinity = |a: Range, b: Range| a.overflows() && !b.is_far_from_zero();
        let nan =
            self.nan || other.nan || zero_times_infinity(self, other) || zero_times_infinity(other, self);
        Range::new(bounds, self.degree.saturating_add(other.degree), nan)
    }

    fn square(self) -> Range {
        let bounds = [self.least * self.least, self.most * self.most];
        let least = if self.is_far_from_zero() { bounds[0].min(bounds[1]) } else { 0.0 };
        Range::new([least, bounds[0].max(bounds[1])], self.degree.saturating_mul(2), self.nan)
    }

    fn recip(self) -> Range {
        if self.is_far_from_zero() {
            return Range::new([self.most.recip(), self.least.recip()], 0, self.nan);
        }
        Range { nan: self.nan, ..Range::default() }
    }

    /// The smallest interval with both.
    fn or(self, other: Range) -> Range {
        let bounds = [self.least.min(other.least), self.most.max(other.most)];
        Range::new(bounds, self.degree.max(other.degree), self.nan || other.nan)
    }

    fn constant(value: f64) -> Range {
        let degree = if value.is_finite() { 0 } else { EXPONENTIAL };
        Range::new([value, value], degree, value.is_nan())
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
        UnaryOp::Powi(primitive::Powi(n)) if n < 0 => {
            let degree = if a.is_far_from_zero() { n.unsigned_abs() } else { EXPONENTIAL };
            Range { degree, nan: a.nan, ..Range::default() }
        }
        UnaryOp::Exp(_) => a.rising(f64::exp, EXPONENTIAL),
        UnaryOp::Exp2(_) => a.rising(f64::exp2, EXPONENTIAL),
        UnaryOp::ExpM1(_) => a.rising(f64::exp_m1, EXPONENTIAL),
        UnaryOp::Sinh(_) => a.rising(f64::sinh, EXPONENTIAL),
        UnaryOp::Cosh(_) => Range::new([1.0, a.least.cosh().max(a.most.cosh())], EXPONENTIAL, a.nan),
        UnaryOp::Tanh(_) => a.rising(f64::tanh, 0),
        UnaryOp::Atan(_) => a.rising(f64::atan, 0),
        UnaryOp::Erf(_) => Range::new([-1.0, 1.0], 0, a.nan),
        UnaryOp::Sigmoid(_) | UnaryOp::NormCdf(_) | UnaryOp::NormPdf(_) | UnaryOp::Gaussian(_) => {
            Range::new([0.0, 1.0], 0, a.nan)
        }
        UnaryOp::Softplus(_) | UnaryOp::Relu(_) => {
            Range { least: a.least.max(0.0), most: f64::INFINITY, ..a }
        }
        UnaryOp::LogSigmoid(_) => Range { least: f64::NEG_INFINITY, most: 0.0, ..a },
        UnaryOp::Sin(_) | UnaryOp::Cos(_) => Range::new([-1.0, 1.0], 0, a.nan || a.overflows()),
        UnaryOp::Sqrt(_) => {
            let bounds = [a.least.max(0.0).sqrt(), a.most.max(0.0).sqrt()];
            Range::new(bounds, a.degree, a.nan || a.least < 0.0)
        }
        UnaryOp::Ln(_) => {
            let degree = if a.is_positive() { a.degree } else { EXPONENTIAL };
            Range::new([a.least.max(0.0).ln(), a.most.max(0.0).ln()], degree, a.nan || a.least < 0.0)
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
        // 0 / 0 is NaN, and so is ∞ / ∞.
        BinaryOp::Div(_) if b.is_far_from_zero() => {
            let quotient = a.mul(b.recip());
            Range { nan: quotient.nan || a.overflows() && b.overflows(), ..quotient }
        }
        BinaryOp::Max(_) | BinaryOp::Min(_) => a.or(b),
        BinaryOp::Gate(_) => b.or(Range::constant(0.0)),
        BinaryOp::Heaviside(_)
        | BinaryOp::Greater(_)
        | BinaryOp::GreaterEqual(_)
        | BinaryOp::Less(_)
        | BinaryOp::LessEqual(_)
        | BinaryOp::Equal(_)
        | BinaryOp::NotEqual(_) => Range::new([0.0, 1.0], 0, false),
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
                Operation::Input => Range::new([f64::NEG_INFINITY, f64::INFINITY], 1, false),
                Operation::Constant => Range::constant(step.value),
                Operation::Unary(op) => of_unary(op, a),
                Operation::Binary(op) => of_binary(op, a, b, step.inputs[0] == step.inputs[1]),
                Operation::Ternary(TernaryOp::MulAdd(_)) => a.mul(b).add(c),
                Operation::Ternary(TernaryOp::Select(_)) => b.or(c),
                Operation::Ternary(_) => Range::default(),
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
        if all.iter().any(|range| range.overflows()) {
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
        Operation::Input | Operation::Constant => Partial::Constant,
    }
}

/// Whether a line may be finite although its argument at `place` is infinite. What is not known may.
pub(super) fn saturates(operation: Operation, place: usize) -> bool {
    match operation {
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
        Operation::Input | Operation::Constant => false,
    }
}
