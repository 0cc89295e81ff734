//! The list of scalar primitives: each is written once, in one place, and everything else comes from here.
//!
//! A primitive is a value and a pullback. The pullback is written over [`Elementary`], so the one formula
//! gives a partial derivative to a [`Var`](crate::Var), pushes a tangent through a [`Dual`](crate::Dual),
//! replays a [`Program`](crate::Program), runs fused over the elements of a [`Tensor`](crate::Tensor), and,
//! run on tensors that are being recorded, can itself be differentiated.
//!
//! To add one: write it in the file of its family with `unary!`, `binary!` or `ternary!`, and add its name
//! to the list below. The methods, the codes, the table and the conformance tests follow.
//!
//! At a kink every primitive names the subgradient that it takes. A branch that was not taken hands no cotangent on,
//! also where its own derivative is infinite or NaN.
//!
#![doc = include_str!("primitive/table.md")]

mod arithmetic;
mod bessel;
mod comparison;
mod define;
mod exponential;
mod gamma;
mod gaussian;
mod hyperbolic;
mod ordering;
mod power;
mod rectifying;
mod rounding;
mod sigmoidal;
mod sign;
mod special;
mod stop;
mod trigonometric;

pub use arithmetic::{Add, Div, Mul, MulAdd, Neg, Recip, Scale, Shift, Sub};
pub use bessel::{BesselJ0, BesselJ1, BesselJn, Sinc, SphericalBessel};
pub use comparison::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, Select};
pub use exponential::{Exp, Exp2, ExpM1, Ln, Ln1p, Log1mExp, Log2, Log10, LogAddExp, Xlogy};
pub use gamma::{Beta, Digamma, Lgamma, LnBeta, Polygamma, Trigamma};
pub use gaussian::{
    Erf, ErfInv, Erfc, ErfcInv, Gaussian, InverseMills, NormCdf, NormLogCdf, NormPdf, NormQuantile,
};
pub use hyperbolic::{Acosh, Asinh, Atanh, Cosh, Sinh, Tanh};
pub use ordering::{Clamp, Gate, Heaviside, Max, Min};
pub use power::{Cbrt, Hypot, Powf, Powi, Sqrt};
pub use rectifying::{Elu, Gelu, GeluTanh, LeakyRelu, Mish, Relu, Selu, Silu};
pub use rounding::{Ceil, Floor, Fract, Rem, RemEuclid, Round, Trunc};
pub use sigmoidal::{LogSigmoid, Logit, Sigmoid, Softplus, Softsign};
pub use sign::{Abs, Copysign, Signum};
pub use stop::StopGradient;
pub use trigonometric::{Acos, Asin, Atan, Atan2, Cos, Sin, Tan, ToDegrees, ToRadians};

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
                Recip recip, Sqrt sqrt, Cbrt cbrt, Abs abs, Signum signum,
                Floor floor, Ceil ceil, Round round, Trunc trunc, Fract fract,
                Exp exp, Exp2 exp2, ExpM1 exp_m1, Ln ln, Log2 log2, Log10 log10, Ln1p ln_1p, Log1mExp log1m_exp,
                Sin sin, Cos cos, Tan tan, Asin asin, Acos acos, Atan atan,
                ToDegrees to_degrees, ToRadians to_radians,
                Sinh sinh, Cosh cosh, Tanh tanh, Asinh asinh, Acosh acosh, Atanh atanh,
                Sigmoid sigmoid, Logit logit, LogSigmoid log_sigmoid, Softplus softplus, Softsign softsign,
                Relu relu, Selu selu, Gelu gelu, GeluTanh gelu_tanh, Silu silu, Mish mish,
                Gaussian gaussian, Erf erf, Erfc erfc, ErfInv erf_inv, ErfcInv erfc_inv,
                NormPdf norm_pdf, NormCdf norm_cdf, NormLogCdf norm_log_cdf, NormQuantile norm_quantile,
                InverseMills inverse_mills,
                Lgamma lgamma, Digamma digamma, Trigamma trigamma,
                BesselJ0 bessel_j0, BesselJ1 bessel_j1, Sinc sinc,
                StopGradient stop_gradient
            ]
            parametric [
                Powi powi i32, Scale scale f64, Shift shift f64, LeakyRelu leaky_relu f64, Elu elu f64,
                Polygamma polygamma u32, BesselJn bessel_jn i32, SphericalBessel spherical_bessel u32
            ]
            binary_operators [Add add, Sub sub, Mul mul, Div div, Rem rem]
            binary [
                Powf powf, Hypot hypot, Atan2 atan2, Copysign copysign, RemEuclid rem_euclid,
                Max max, Min min, Heaviside heaviside, Gate gate,
                Greater greater, GreaterEqual greater_equal, Less less, LessEqual less_equal,
                Equal equal, NotEqual not_equal,
                LogAddExp log_add_exp, Xlogy xlogy, LnBeta ln_beta, Beta beta
            ]
            ternary [MulAdd mul_add, Clamp clamp, Select select]
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

/// Where the value of a primitive comes from at some point: what lets a choice be made without arithmetic on the branch
/// that was not taken, whose derivative may be infinite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// From its arguments as the partials say: the usual case.
    ByPartials,
    /// It is the argument in this position, unchanged.
    Argument(usize),
    /// From no argument: nearby the value stays what it is.
    Nothing,
}

/// A function of one number, with its derivative.
pub trait Unary: Copy + std::fmt::Debug + 'static {
    /// The maths in one line: value and pullback.
    const MATHS: &'static str;
    /// Where the function is defined, in words; empty for everywhere.
    const DOMAIN: &'static str;
    /// Where it has no derivative, and what is taken for one; empty for nowhere.
    const KINKS: &'static str;
    /// What the pullback reads.
    const READS: Reads;
    /// Points of the domain, off the kinks, where the derivative is tested.
    const SAMPLES: &'static [f64];

    /// Where the value comes from at `x`, for a handle that can pass one on.
    #[inline(always)]
    fn chosen(self, _x: f64) -> Chosen {
        Chosen::ByPartials
    }

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
    /// Where the function is defined, in words; empty for everywhere.
    const DOMAIN: &'static str;
    /// Where it has no derivative, and what is taken for one; empty for nowhere.
    const KINKS: &'static str;
    /// What the pullbacks read.
    const READS: Reads;
    /// Whether its partials are finite wherever its arguments are.
    const FINITE: bool = false;
    /// Pairs of the domain, off the kinks, where the derivatives are tested.
    const SAMPLES: &'static [[f64; 2]];

    /// Where the value comes from at `(a, b)`, for a handle that can pass one on.
    #[inline(always)]
    fn chosen(self, _a: f64, _b: f64) -> Chosen {
        Chosen::ByPartials
    }

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
    /// Where the function is defined, in words; empty for everywhere.
    const DOMAIN: &'static str;
    /// Where it has no derivative, and what is taken for one; empty for nowhere.
    const KINKS: &'static str;
    /// What the pullback reads.
    const READS: Reads;
    /// Whether its partials are finite wherever its arguments are.
    const FINITE: bool = false;
    /// Triples of the domain, off the kinks, where the derivatives are tested.
    const SAMPLES: &'static [[f64; 3]];

    /// Where the value comes from at `(a, b, c)`, for a handle that can pass one on.
    #[inline(always)]
    fn chosen(self, _a: f64, _b: f64, _c: f64) -> Chosen {
        Chosen::ByPartials
    }

    /// The value at `(a, b, c)`.
    fn value<T: Plain>(self, a: T, b: T, c: T) -> T;

    /// The cotangents of the three arguments; linear in `ȳ`.
    fn pullback<E: Elementary>(self, arguments: [E; 3], y: E, y_bar: E) -> [E; 3];
}

/// A row of the [`table`] of primitives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The name of the method or operator.
    pub name: &'static str,
    /// How many numbers it takes; a plain parameter does not count.
    pub arguments: usize,
    /// Value and pullback in one line.
    pub maths: &'static str,
    /// Where it is defined; empty for everywhere.
    pub domain: &'static str,
    /// Where it has no derivative, and what is taken for one; empty for nowhere.
    pub kinks: &'static str,
}

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

            /// What the pullback reads.
            ///
            /// ```
            /// use tape::primitive::{MulAdd, TernaryOp};
            /// assert_eq!(TernaryOp::MulAdd(MulAdd).reads().inputs, [true, true, false]);
            /// ```
            pub fn reads(self) -> Reads {
                match self {
                    $(TernaryOp::$T(_) => <$T as Ternary>::READS,)*
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

        /// All primitives: the table of the documentation, and what tests walk through.
        ///
        /// ```
        /// let table = tape::primitive::table();
        /// let row = table.iter().find(|row| row.name == "sin").unwrap();
        /// assert_eq!((row.arguments, row.maths), (1, "y = sin x, x̄ += cos(x) ȳ"));
        /// ```
        pub fn table() -> Vec<Row> {
            vec![
                $(row!($nu 1 $NU Unary),)*
                $(row!($u 1 $U Unary),)*
                $(row!($p 1 $P Unary),)*
                $(row!($nb 2 $NB Binary),)*
                $(row!($b 2 $B Binary),)*
                $(row!($t 3 $T Ternary),)*
            ]
        }
    };
}
macro_rules! row {
    ($name:ident $arguments:literal $P:ident $Family:ident) => {
        Row {
            name: stringify!($name),
            arguments: $arguments,
            maths: <$P as $Family>::MATHS,
            domain: <$P as $Family>::DOMAIN,
            kinks: <$P as $Family>::KINKS,
        }
    };
}
primitives!(codes);

/// The plain number k in the precision of its partner.
#[inline(always)]
fn plain<T: Plain>(k: f64) -> T {
    T::from(k).expect("both floats take every f64, rounded")
}

/// A number in double precision, exactly: special functions are computed there, and rounded once.
#[inline(always)]
fn wide<T: Plain>(x: T) -> f64 {
    x.to_f64().expect("an f64 holds both floats")
}

#[cfg(test)]
mod conformance;
