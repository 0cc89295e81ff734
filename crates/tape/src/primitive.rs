//! The list of scalar primitives: each is written once, in one place, and everything else comes from here.
//!
//! A primitive is a value and a pullback. The pullback is written over [`Elementary`], so the one formula
//! gives a partial derivative to a [`Var`](crate::Var), pushes a tangent through a [`Dual`](crate::Dual),
//! replays a [`Program`](crate::Program), runs fused over the elements of a [`Tensor`](crate::Tensor), and,
//! run on tensors that are being recorded, can itself be differentiated.
//!
//! To add one: write it in the file of its family with `unary!`, `binary!` or `ternary!`, and add its name
//! to the list below. The methods, the codes, the table and the conformance tests follow.

mod arithmetic;
mod exponential;
mod ordering;
mod sigmoidal;
mod trigonometric;

pub use arithmetic::{Abs, Add, Div, Mul, MulAdd, Neg, Powf, Powi, Recip, Scale, Shift, Sqrt, Sub};
pub use exponential::{Exp, ExpM1, Ln, Ln1p};
pub use ordering::{Gate, Heaviside, Max, Min};
pub use sigmoidal::{Sigmoid, Softplus, Tanh};
pub use trigonometric::{Cos, Sin};

use crate::real::Elementary;
use num_traits::Float as Plain;

/// The list, handed to a macro after whatever else it is given. Operators have no method of their own: they are
/// written `-x`, `a + b`.
macro_rules! primitives {
    ($callback:ident $($first:tt)*) => {
        $callback! {
            $($first)*
            unary_operators [Neg neg]
            unary [
                Recip recip, Sqrt sqrt, Abs abs,
                Exp exp, ExpM1 exp_m1, Ln ln, Ln1p ln_1p,
                Sin sin, Cos cos,
                Tanh tanh, Sigmoid sigmoid, Softplus softplus
            ]
            parametric [Powi powi i32, Scale scale f64, Shift shift f64]
            binary_operators [Add add, Sub sub, Mul mul, Div div]
            binary [Powf powf, Max max, Min min, Heaviside heaviside, Gate gate]
            ternary [MulAdd mul_add]
        }
    };
}
pub(crate) use primitives;

/// Which values a pullback reads, and a tape therefore keeps: its inputs in order, and its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    /// The inputs that are read, by position.
    pub inputs: [bool; 3],
    /// Whether the output is read.
    pub output: bool,
}

impl Reads {
    pub(crate) const NOTHING: Reads = Reads { inputs: [false; 3], output: false };

    /// What is written after `reads` at a primitive: names of inputs, or `y`.
    const fn of(names: &[&str]) -> Reads {
        let mut reads = Reads::NOTHING;
        let mut i = 0;
        while i < names.len() {
            match names[i].as_bytes() {
                b"x" | b"a" => reads.inputs[0] = true,
                b"b" => reads.inputs[1] = true,
                b"c" => reads.inputs[2] = true,
                b"y" => reads.output = true,
                _ => panic!("a pullback reads x, a, b, c or y"),
            }
            i += 1;
        }
        reads
    }
}

/// A function of one number, with its derivative.
pub trait Unary: Copy + std::fmt::Debug + 'static {
    /// The maths in one line: value and pullback.
    const MATHS: &'static str;
    /// What the pullback reads.
    const READS: Reads;
    /// Points of the domain, off the kinks, where the derivative is tested.
    const SAMPLES: &'static [f64];

    /// The value at `x`.
    fn value<T: Plain>(self, x: T) -> T;

    /// `x̄`, the cotangent of `x`, from the value `y` and its cotangent `ȳ`; linear in `ȳ`, so with a
    /// tangent `ẋ` in its place it gives `ẏ`.
    fn pullback<E: Elementary>(self, x: E, y: E, y_bar: E) -> E;
}

/// A function of two numbers, with its partial derivatives.
pub trait Binary: Copy + std::fmt::Debug + 'static {
    /// The maths in one line: value and both pullbacks.
    const MATHS: &'static str;
    /// What the pullbacks read.
    const READS: Reads;
    /// Pairs of the domain, off the kinks, where the derivatives are tested.
    const SAMPLES: &'static [[f64; 2]];

    /// The value at `(a, b)`.
    fn value<T: Plain>(self, a: T, b: T) -> T;

    /// `ā`, the cotangent of the first argument; linear in `ȳ`.
    fn left<E: Elementary>(self, a: E, b: E, y: E, y_bar: E) -> E;

    /// `b̄`, the cotangent of the second argument; linear in `ȳ`.
    fn right<E: Elementary>(self, a: E, b: E, y: E, y_bar: E) -> E;
}

/// A function of three numbers, with its partial derivatives.
pub trait Ternary: Copy + std::fmt::Debug + 'static {
    /// The maths in one line: value and pullbacks.
    const MATHS: &'static str;
    /// Triples of the domain where the derivatives are tested.
    const SAMPLES: &'static [[f64; 3]];

    /// The value at `(a, b, c)`.
    fn value<T: Plain>(self, a: T, b: T, c: T) -> T;

    /// The cotangents of the three arguments; linear in `ȳ`.
    fn pullback<E: Elementary>(self, arguments: [E; 3], y: E, y_bar: E) -> [E; 3];
}

/// Defines a [`Unary`] primitive in its one place.
macro_rules! unary {
    (
        $(#[$doc:meta])*
        $P:ident $(($field:ident : $type:ty))?;
        maths $maths:literal;
        reads [$($reads:ident),*];
        samples $samples:expr;
        value |$vx:ident| $value:expr;
        pullback |$x:ident, $y:ident, $y_bar:ident| $pullback:expr;
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("`", $maths, "`")]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $P $((
            /// The parameter of the function; not differentiated.
            pub $type
        ))?;

        impl $crate::primitive::Unary for $P {
            const MATHS: &'static str = $maths;
            const READS: $crate::primitive::Reads = $crate::primitive::Reads::of(&[$(stringify!($reads)),*]);
            const SAMPLES: &'static [f64] = &$samples;

            #[inline(always)]
            fn value<T: num_traits::Float>(self, $vx: T) -> T {
                $(let $P($field) = self;)?
                $value
            }

            #[inline(always)]
            fn pullback<E: $crate::real::Elementary>(self, $x: E, $y: E, $y_bar: E) -> E {
                $(let $P($field) = self;)?
                let _ = (&$x, &$y $(, $field)?);
                $pullback
            }
        }
    };
}
use unary;

/// Defines a [`Binary`] primitive in its one place.
macro_rules! binary {
    (
        $(#[$doc:meta])*
        $P:ident;
        maths $maths:literal;
        reads [$($reads:ident),*];
        samples $samples:expr;
        value |$va:ident, $vb:ident| $value:expr;
        left |$a:ident, $b:ident, $y:ident, $y_bar:ident| $left:expr;
        right |$ra:ident, $rb:ident, $ry:ident, $ry_bar:ident| $right:expr;
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("`", $maths, "`")]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $P;

        impl $crate::primitive::Binary for $P {
            const MATHS: &'static str = $maths;
            const READS: $crate::primitive::Reads = $crate::primitive::Reads::of(&[$(stringify!($reads)),*]);
            const SAMPLES: &'static [[f64; 2]] = &$samples;

            #[inline(always)]
            fn value<T: num_traits::Float>(self, $va: T, $vb: T) -> T {
                $value
            }

            #[inline(always)]
            fn left<E: $crate::real::Elementary>(self, $a: E, $b: E, $y: E, $y_bar: E) -> E {
                let _ = (&$a, &$b, &$y);
                $left
            }

            #[inline(always)]
            fn right<E: $crate::real::Elementary>(self, $ra: E, $rb: E, $ry: E, $ry_bar: E) -> E {
                let _ = (&$ra, &$rb, &$ry);
                $right
            }
        }
    };
}
use binary;

/// Defines a [`Ternary`] primitive in its one place.
macro_rules! ternary {
    (
        $(#[$doc:meta])*
        $P:ident;
        maths $maths:literal;
        samples $samples:expr;
        value |$va:ident, $vb:ident, $vc:ident| $value:expr;
        pullback |[$a:ident, $b:ident, $c:ident], $y:ident, $y_bar:ident| $pullback:expr;
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("`", $maths, "`")]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $P;

        impl $crate::primitive::Ternary for $P {
            const MATHS: &'static str = $maths;
            const SAMPLES: &'static [[f64; 3]] = &$samples;

            #[inline(always)]
            fn value<T: num_traits::Float>(self, $va: T, $vb: T, $vc: T) -> T {
                $value
            }

            #[inline(always)]
            fn pullback<E: $crate::real::Elementary>(self, [$a, $b, $c]: [E; 3], $y: E, $y_bar: E) -> [E; 3] {
                let _ = (&$a, &$b, &$c, &$y);
                $pullback
            }
        }
    };
}
use ternary;

/// The codes by which programs and tensor nodes know their primitive, from the list.
macro_rules! codes {
    (
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        /// A primitive of one argument, as a value.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each variant is documented at the primitive that it holds")]
        pub enum UnaryOp { $($NU($NU),)* $($U($U),)* $($P($P),)* }

        /// A primitive of two arguments, as a value.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each variant is documented at the primitive that it holds")]
        pub enum BinaryOp { $($NB($NB),)* $($B($B),)* }

        /// A primitive of three arguments, as a value.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each variant is documented at the primitive that it holds")]
        pub enum TernaryOp { $($T($T),)* }

        $(impl From<$NU> for UnaryOp { fn from(p: $NU) -> Self { UnaryOp::$NU(p) } })*
        $(impl From<$U> for UnaryOp { fn from(p: $U) -> Self { UnaryOp::$U(p) } })*
        $(impl From<$P> for UnaryOp { fn from(p: $P) -> Self { UnaryOp::$P(p) } })*
        $(impl From<$NB> for BinaryOp { fn from(p: $NB) -> Self { BinaryOp::$NB(p) } })*
        $(impl From<$B> for BinaryOp { fn from(p: $B) -> Self { BinaryOp::$B(p) } })*
        $(impl From<$T> for TernaryOp { fn from(p: $T) -> Self { TernaryOp::$T(p) } })*

        impl UnaryOp {
            /// The name of the method, such as `sin`.
            ///
            /// ```
            /// use tape::primitive::{Sin, UnaryOp};
            /// assert_eq!(UnaryOp::Sin(Sin).name(), "sin");
            /// ```
            pub fn name(self) -> &'static str {
                match self {
                    $(UnaryOp::$NU(_) => stringify!($nu),)*
                    $(UnaryOp::$U(_) => stringify!($u),)*
                    $(UnaryOp::$P(_) => stringify!($p),)*
                }
            }

            /// The parameter, where the primitive has one, as it is shown in tables.
            ///
            /// ```
            /// use tape::primitive::{Powi, UnaryOp};
            /// assert_eq!(UnaryOp::Powi(Powi(3)).parameter(), Some(3.0));
            /// ```
            pub fn parameter(self) -> Option<f64> {
                match self {
                    $(UnaryOp::$P($P(parameter)) => Some(f64::from(parameter)),)*
                    _ => None,
                }
            }

            /// What the pullback reads.
            ///
            /// ```
            /// use tape::primitive::{Exp, UnaryOp};
            /// assert!(UnaryOp::Exp(Exp).reads().output);
            /// ```
            pub fn reads(self) -> Reads {
                match self {
                    $(UnaryOp::$NU(_) => <$NU as Unary>::READS,)*
                    $(UnaryOp::$U(_) => <$U as Unary>::READS,)*
                    $(UnaryOp::$P(_) => <$P as Unary>::READS,)*
                }
            }

            /// The pullback of the primitive: see [`Unary::pullback`].
            ///
            /// ```
            /// use tape::primitive::{Exp, UnaryOp};
            /// assert_eq!(UnaryOp::Exp(Exp).pullback(0.0, 1.0, 2.0), 2.0);
            /// ```
            pub fn pullback<E: Elementary>(self, x: E, y: E, y_bar: E) -> E {
                match self {
                    $(UnaryOp::$NU(p) => p.pullback(x, y, y_bar),)*
                    $(UnaryOp::$U(p) => p.pullback(x, y, y_bar),)*
                    $(UnaryOp::$P(p) => p.pullback(x, y, y_bar),)*
                }
            }
        }

        impl BinaryOp {
            /// The name of the method or operator, such as `mul`.
            ///
            /// ```
            /// use tape::primitive::{BinaryOp, Mul};
            /// assert_eq!(BinaryOp::Mul(Mul).name(), "mul");
            /// ```
            pub fn name(self) -> &'static str {
                match self {
                    $(BinaryOp::$NB(_) => stringify!($nb),)*
                    $(BinaryOp::$B(_) => stringify!($b),)*
                }
            }

            /// What the pullbacks read.
            ///
            /// ```
            /// use tape::primitive::{BinaryOp, Mul};
            /// assert_eq!(BinaryOp::Mul(Mul).reads().inputs, [true, true, false]);
            /// ```
            pub fn reads(self) -> Reads {
                match self {
                    $(BinaryOp::$NB(_) => <$NB as Binary>::READS,)*
                    $(BinaryOp::$B(_) => <$B as Binary>::READS,)*
                }
            }

            /// The pullback of the first argument: see [`Binary::left`].
            ///
            /// ```
            /// use tape::primitive::{BinaryOp, Mul};
            /// assert_eq!(BinaryOp::Mul(Mul).left(2.0, 3.0, 6.0, 1.0), 3.0);
            /// ```
            pub fn left<E: Elementary>(self, a: E, b: E, y: E, y_bar: E) -> E {
                match self {
                    $(BinaryOp::$NB(p) => p.left(a, b, y, y_bar),)*
                    $(BinaryOp::$B(p) => p.left(a, b, y, y_bar),)*
                }
            }

            /// The pullback of the second argument: see [`Binary::right`].
            ///
            /// ```
            /// use tape::primitive::{BinaryOp, Mul};
            /// assert_eq!(BinaryOp::Mul(Mul).right(2.0, 3.0, 6.0, 1.0), 2.0);
            /// ```
            pub fn right<E: Elementary>(self, a: E, b: E, y: E, y_bar: E) -> E {
                match self {
                    $(BinaryOp::$NB(p) => p.right(a, b, y, y_bar),)*
                    $(BinaryOp::$B(p) => p.right(a, b, y, y_bar),)*
                }
            }
        }

        impl TernaryOp {
            /// The name of the method, such as `mul_add`.
            ///
            /// ```
            /// use tape::primitive::{MulAdd, TernaryOp};
            /// assert_eq!(TernaryOp::MulAdd(MulAdd).name(), "mul_add");
            /// ```
            pub fn name(self) -> &'static str {
                match self {
                    $(TernaryOp::$T(_) => stringify!($t),)*
                }
            }

            /// The pullback of the three arguments: see [`Ternary::pullback`].
            ///
            /// ```
            /// use tape::primitive::{MulAdd, TernaryOp};
            /// let cotangents = TernaryOp::MulAdd(MulAdd).pullback([2.0, 3.0, 4.0], 10.0, 1.0);
            /// assert_eq!(cotangents, [3.0, 2.0, 1.0]);
            /// ```
            pub fn pullback<E: Elementary>(self, arguments: [E; 3], y: E, y_bar: E) -> [E; 3] {
                match self {
                    $(TernaryOp::$T(p) => p.pullback(arguments, y, y_bar),)*
                }
            }
        }

        /// All primitives as rows `(name, arguments, maths)`: the table of the documentation, and what tests
        /// walk through.
        ///
        /// ```
        /// let table = tape::primitive::table();
        /// assert!(table.contains(&("sin", 1, "y = sin x, x̄ += cos(x) ȳ")));
        /// ```
        pub fn table() -> Vec<(&'static str, usize, &'static str)> {
            vec![
                $((stringify!($nu), 1, <$NU as Unary>::MATHS),)*
                $((stringify!($u), 1, <$U as Unary>::MATHS),)*
                $((stringify!($p), 1, <$P as Unary>::MATHS),)*
                $((stringify!($nb), 2, <$NB as Binary>::MATHS),)*
                $((stringify!($b), 2, <$B as Binary>::MATHS),)*
                $((stringify!($t), 3, <$T as Ternary>::MATHS),)*
            ]
        }
    };
}
primitives!(codes);

#[cfg(test)]
mod conformance;
