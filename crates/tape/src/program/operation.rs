//! What a line of a program does, and the codes of the instructions that replay it, both from the list of primitives.

use crate::primitive::{self, Binary, BinaryOp, Ternary, TernaryOp, Unary, UnaryOp, primitives};
use crate::render;

/// What a line does with the lines that it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operation {
    Input,
    Constant,
    Unary(UnaryOp),
    Binary(BinaryOp),
    Ternary(TernaryOp),
    /// What the first argument, a cotangent or tangent, hands on by a partial that may be infinite or NaN. The second
    /// argument is their product; the value is that, or 0 where there is nothing to hand on. It is no gate: where the
    /// product is a number it moves with the cotangent, also at zero.
    HandedOn,
}

/// The value of [`Operation::HandedOn`].
pub(super) fn handed_on(bar: f64, product: f64) -> f64 {
    primitive::Gate.value(bar, product)
}

impl Operation {
    /// How many lines it reads.
    pub(super) fn arguments(self) -> usize {
        match self {
            Operation::Input | Operation::Constant => 0,
            Operation::Unary(_) => 1,
            Operation::Binary(_) | Operation::HandedOn => 2,
            Operation::Ternary(_) => 3,
        }
    }

    /// The name of the primitive.
    pub(super) fn name(self) -> &'static str {
        match self {
            Operation::Input => "input",
            Operation::Constant => "constant",
            Operation::Unary(op) => op.name(),
            Operation::Binary(op) => op.name(),
            Operation::Ternary(op) => op.name(),
            Operation::HandedOn => "handed_on",
        }
    }

    /// The plain number that belongs to the primitive, where it has one.
    pub(super) fn parameter(self) -> Option<f64> {
        match self {
            Operation::Unary(op) => op.parameter(),
            _ => None,
        }
    }

    /// Name and parameter, as they are shown in tables.
    pub(super) fn title(self) -> String {
        match self.parameter() {
            Some(parameter) => format!("{} {}", self.name(), render::number(parameter)),
            None => self.name().to_owned(),
        }
    }
}

macro_rules! codes {
    (
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        /// What an instruction does. Registers that it reads come first among its inputs, then places of constants.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Code {
            $($NU,)* $($U,)*
            /// The parameter is constant `inputs[1]`.
            $($P,)*
            $($NB,)* $($B,)* $($T,)*
            /// `a b + c`, rounded once where the machine can.
            FusedMulAdd,
            /// `a b - c`.
            FusedMulSub,
            /// `c - a b`.
            FusedNegMulAdd,
            /// `k a + b`, k being constant `inputs[2]`.
            FusedScaleAdd,
            /// `k a - b`.
            FusedScaleSub,
            /// `a b + k`.
            FusedMulShift,
            /// `k a + l`, the constants being `inputs[1]` and `inputs[2]`.
            FusedScaleShift,
            /// [`Operation::HandedOn`].
            HandedOn,
            /// `a b`, and 0 where a is 0, whatever b is.
            GatedMul,
            /// Whether comparison `inputs[2]` of a and b comes out as recorded; writes nothing.
            Compare,
        }

        impl Code {
            /// How many of the inputs are registers.
            pub(super) fn operands(self) -> usize {
                match self {
                    $(Code::$NU => 1,)* $(Code::$U => 1,)* $(Code::$P => 1,)*
                    $(Code::$NB => 2,)* $(Code::$B => 2,)* $(Code::$T => 3,)*
                    Code::FusedMulAdd | Code::FusedMulSub | Code::FusedNegMulAdd => 3,
                    Code::FusedScaleAdd | Code::FusedScaleSub | Code::FusedMulShift => 2,
                    Code::HandedOn | Code::GatedMul | Code::Compare => 2,
                    Code::FusedScaleShift => 1,
                }
            }
        }

        impl Operation {
            /// The code of a primitive; inputs and constants have none.
            pub(super) fn code(self) -> Option<Code> {
                Some(match self {
                    Operation::Input | Operation::Constant => return None,
                    $(Operation::Unary(UnaryOp::$NU(_)) => Code::$NU,)*
                    $(Operation::Unary(UnaryOp::$U(_)) => Code::$U,)*
                    $(Operation::Unary(UnaryOp::$P(_)) => Code::$P,)*
                    $(Operation::Binary(BinaryOp::$NB(_)) => Code::$NB,)*
                    $(Operation::Binary(BinaryOp::$B(_)) => Code::$B,)*
                    $(Operation::Ternary(TernaryOp::$T(_)) => Code::$T,)*
                    Operation::HandedOn => Code::HandedOn,
                })
            }

            /// The primitive of that name; `parameter` is for those that have one.
            pub(super) fn of_name(name: &str, parameter: impl FnOnce() -> Option<f64>) -> Option<Operation> {
                $(if name == stringify!($nu) { return Some(Operation::Unary(primitive::$NU.into())); })*
                $(if name == stringify!($u) { return Some(Operation::Unary(primitive::$U.into())); })*
                $(if name == stringify!($p) {
                    let plain = parameter()?;
                    let own = plain as $type;
                    let exact = f64::from(own) == plain || (f64::from(own).is_nan() && plain.is_nan());
                    return exact.then(|| Operation::Unary(primitive::$P(own).into()));
                })*
                $(if name == stringify!($nb) { return Some(Operation::Binary(primitive::$NB.into())); })*
                $(if name == stringify!($b) { return Some(Operation::Binary(primitive::$B.into())); })*
                $(if name == stringify!($t) { return Some(Operation::Ternary(primitive::$T.into())); })*
                (name == Operation::HandedOn.name()).then_some(Operation::HandedOn)
            }

            /// The value of a primitive on plain numbers; `inputs` and constants have theirs by themselves.
            pub(super) fn value(self, [a, b, c]: [f64; 3]) -> Option<f64> {
                Some(match self {
                    Operation::Input | Operation::Constant => return None,
                    $(Operation::Unary(UnaryOp::$NU(p)) => p.value(a),)*
                    $(Operation::Unary(UnaryOp::$U(p)) => p.value(a),)*
                    $(Operation::Unary(UnaryOp::$P(p)) => p.value(a),)*
                    $(Operation::Binary(BinaryOp::$NB(p)) => p.value(a, b),)*
                    $(Operation::Binary(BinaryOp::$B(p)) => p.value(a, b),)*
                    $(Operation::Ternary(TernaryOp::$T(p)) => p.value(a, b, c),)*
                    Operation::HandedOn => handed_on(a, b),
                })
            }
        }
    };
}
primitives!(codes);
