//! Every scalar primitive of the list, over elements; two tensors broadcast by NumPy's rules.

use super::broadcast::{Spread, fill, map_by, pull_by, pull_each, zip_by};
use super::operation::{At, Operation, Reads, apply};
use super::{Accumulator, Tensor};
use crate::primitive::{self, BinaryOp, TernaryOp, UnaryOp, primitives};
use crate::real::method_doc;
use crate::{Elementary, Error, Float, Shape, kernel, tape};
use std::ops;

/// `yᵢ = f(xᵢ)`, `x̄ᵢ += f′(xᵢ) ȳᵢ`; the formula of `f′` is that of the scalar primitive.
#[derive(Clone, Debug)]
pub(crate) struct Unary(pub(crate) UnaryOp);

impl Operation for Unary {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn reads(&self) -> Reads {
        let reads = self.0.reads();
        Reads { inputs: reads.inputs, more: false, output: reads.output }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let x = inputs[0];
        x.try_alike(|y| self.fill(x.elements(), y))
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        self.fill(inputs[0].elements(), output.rewritten());
        Ok(())
    }

    fn adds_in_place(&self, _argument: usize) -> bool {
        true
    }

    fn pullback_onto<T: Float>(&self, at: &At<'_, T>, _argument: usize, sum: &mut Accumulator<T>) {
        if let (x_bar, true) = sum.whole() {
            return self.pull(at, x_bar);
        }
        sum.add(at.cotangent.alike(|x_bar| self.pull(at, x_bar)));
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        if tape::is_paused() {
            return at.cotangent.alike(|x_bar| self.pull(at, x_bar));
        }
        handed_on(at.cotangent, self.0.pullback(at.input(0).clone(), at.output.clone(), at.cotangent.clone()))
    }
}

impl Unary {
    fn fill<T: Float>(&self, x: &[T], y: &mut [T]) {
        match self.0 {
            UnaryOp::Exp(_) => kernel::exp(x, y),
            UnaryOp::Ln(_) => kernel::ln(x, y),
            UnaryOp::Tanh(_) => kernel::tanh(x, y),
            UnaryOp::Sigmoid(_) => kernel::sigmoid(x, y),
            UnaryOp::Softplus(_) => kernel::softplus(x, y),
            other => map(other, x, y),
        }
    }

    /// The formula of the pullback in one pass. Where a value is not read, anything will do in its place.
    fn pull<T: Float>(&self, at: &At<'_, T>, x_bar: &mut [T]) {
        let y_bar = at.cotangent.elements();
        let x = at.input(0).data_if_kept().unwrap_or(y_bar);
        let y = at.output.data_if_kept().unwrap_or(y_bar);
        match self.0 {
            UnaryOp::Sigmoid(_) => kernel::sigmoid_gradient(y, y_bar, x_bar),
            other => pull(other, x, y, y_bar, x_bar),
        }
    }
}

/// How many numbers are few.
const FEW: usize = 256;

/// What a product hands on: nothing where nothing came in, though the other factor be infinite.
#[inline(always)]
fn times<T: Float>(y_bar: T, x: T) -> T {
    if y_bar == T::default() { y_bar } else { y_bar * x }
}

/// `yᵢ = f(aᵢ, bᵢ)`, `āᵢ += ∂f/∂a ȳᵢ`, `b̄ᵢ += ∂f/∂b ȳᵢ`; the formulas are those of the scalar primitive.
#[derive(Clone, Debug)]
pub(crate) struct Binary(pub(crate) BinaryOp);

impl Operation for Binary {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn reads(&self) -> Reads {
        let reads = self.0.reads();
        Reads { inputs: reads.inputs, more: false, output: reads.output }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (a, b) = (inputs[0], inputs[1]);
        if a.dims() == b.dims() {
            return a.try_alike(|y| zip(self.0, [a, b], a.dims(), y));
        }
        let shape = Shape::broadcast(self.name(), a.dims(), b.dims())?;
        Tensor::try_build(shape.clone(), |y| zip(self.0, [a, b], &shape, y))
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        let (a, b) = (inputs[0], inputs[1]);
        if a.dims() == b.dims() {
            zip(self.0, [a, b], a.dims(), output.rewritten());
        } else {
            let shape = output.dims().clone();
            zip(self.0, [a, b], &shape, output.rewritten());
        }
        Ok(())
    }

    fn adds_in_place(&self, _argument: usize) -> bool {
        true
    }

    fn pullback_onto<T: Float>(&self, at: &At<'_, T>, argument: usize, sum: &mut Accumulator<T>) {
        let y_bar = at.cotangent;
        // For a few numbers a pass over them is cheaper than a tensor more, for many the other way round. As many elements
        // as the output has are its elements in their order, whatever axes of length 1 there are.
        let direct = |k: usize| at.input(k).len() == y_bar.len();
        let few = y_bar.len() <= FEW && direct(0) && direct(1);
        let (a, b, y_bar) = (|| at.input(0).elements(), || at.input(1).elements(), y_bar.elements());
        match (self.0, argument) {
            (BinaryOp::Add(_), _) | (BinaryOp::Sub(_), 0) if few => {
                sum.add_each(y_bar, y_bar, |y_bar, _| y_bar)
            }
            (BinaryOp::Sub(_), _) if few => sum.add_each(y_bar, y_bar, |y_bar, _| -y_bar),
            (BinaryOp::Mul(_), 0) if few => sum.add_each(y_bar, b(), times),
            (BinaryOp::Mul(_), _) if few => sum.add_each(y_bar, a(), times),
            _ => {
                let x_bar = self.pullback(at, argument).summed_to(at.input(argument).shape());
                sum.add(x_bar.expect("what was broadcast can be summed"));
            }
        }
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        if let BinaryOp::Add(_) = self.0 {
            // The formula says so too, but would be handed copies of four tensors to forget three.
            return at.cotangent.clone();
        }
        let (a, b) = (at.input(0), at.input(1));
        let spread = a.dims() != at.cotangent.dims() || b.dims() != at.cotangent.dims();
        let linear = matches!(self.0, BinaryOp::Sub(_) | BinaryOp::Mul(_) | BinaryOp::Div(_));
        if tape::is_paused() && !(linear && spread) {
            return pull_in_one_pass(at, [a, b], |values, y, y_bar, x_bar| {
                pull_binary(self.0, argument, values, y, y_bar, x_bar);
            });
        }
        // Tensor operations know rows and columns that are repeated.
        let (a, b, y, y_bar) = (a.clone(), b.clone(), at.output.clone(), at.cotangent.clone());
        let pulled = match argument {
            0 => self.0.left(a, b, y, y_bar),
            _ => self.0.right(a, b, y, y_bar),
        };
        match self.0 {
            // The partials may be infinite: where no cotangent comes in none goes out.
            BinaryOp::Mul(_) | BinaryOp::Div(_) if tape::is_paused() => {
                Elementary::gate(at.cotangent.clone(), pulled)
            }
            _ => handed_on(at.cotangent, pulled),
        }
    }
}

/// `yᵢ = f(aᵢ, bᵢ, cᵢ)` with the cotangents of the scalar primitive.
#[derive(Clone, Debug)]
pub(crate) struct Ternary(pub(crate) TernaryOp);

impl Operation for Ternary {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn reads(&self) -> Reads {
        let reads = self.0.reads();
        Reads { inputs: reads.inputs, more: false, output: reads.output }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let operands = [inputs[0], inputs[1], inputs[2]];
        let [a, b, c] = operands.map(Tensor::dims);
        let shape = Shape::broadcast(self.name(), &Shape::broadcast(self.name(), a, b)?, c)?;
        let spread = operands.map(|operand| Spread::of(operand.elements(), operand.dims(), &shape));
        Tensor::try_build(shape.clone(), |y| zip_three(self.0, spread, y))
    }

    fn hands_on(&self, argument: usize) -> bool {
        !matches!((self.0, argument), (TernaryOp::Select(_), 0))
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let inputs = [at.input(0), at.input(1), at.input(2)];
        if tape::is_paused() {
            return pull_in_one_pass(at, inputs, |values, y, y_bar, x_bar| {
                pull_ternary(self.0, argument, values, y, y_bar, x_bar);
            });
        }
        let pulled = self.0.pullback(inputs.map(Clone::clone), at.output.clone(), at.cotangent.clone());
        let pulled = pulled.into_iter().nth(argument).expect("one of three arguments");
        handed_on(at.cotangent, pulled)
    }
}

/// What a pullback hands on in a recorded sweep: nothing where no cotangent came in and the partial is infinite, as in
/// a plain one. Where the partial is finite a zero is handed on like any other number, as it is still to be differentiated.
fn handed_on<T: Float>(y_bar: &Tensor<T>, pulled: Tensor<T>) -> Tensor<T> {
    let both = || y_bar.elements().iter().zip(pulled.elements());
    let is_lost = |(&y_bar, &pulled): (&T, &T)| y_bar == T::default() && pulled.to_f64().is_nan();
    if tape::is_paused() || y_bar.dims() != pulled.dims() || !both().any(is_lost) {
        return pulled;
    }
    let kept = y_bar.alike(|kept| {
        kept.iter_mut()
            .zip(both())
            .for_each(|(kept, pair)| *kept = T::from_f64(f64::from(u8::from(!is_lost(pair)))));
    });
    Elementary::gate(kept, pulled)
}

/// The cotangent of an argument before the sweep undoes its broadcasting, in one pass over the inputs, the output and its
/// cotangent. Where a value is not read, anything will do in its place.
fn pull_in_one_pass<T: Float, const N: usize>(
    at: &At<'_, T>,
    inputs: [&Tensor<T>; N],
    pass: impl FnOnce([Spread<'_, T>; N], &[T], &[T], &mut [T]),
) -> Tensor<T> {
    let shape = at.cotangent.dims();
    let y_bar = at.cotangent.elements();
    let y = at.output.data_if_kept().unwrap_or(y_bar);
    let values = inputs.map(|input| match input.data_if_kept() {
        Some(data) => Spread::of(data, input.dims(), shape),
        None => Spread::of(y_bar, shape, shape),
    });
    Tensor::build(shape.clone(), |x_bar| pass(values, y, y_bar, x_bar))
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
        fn map<T: Float>(operation: UnaryOp, x: &[T], y: &mut [T]) {
            match operation {
                $(UnaryOp::$NU(p) => map_by(x, y, |x| T::unary(p, x)),)*
                $(UnaryOp::$U(p) => map_by(x, y, |x| T::unary(p, x)),)*
                $(UnaryOp::$P(p) => map_by(x, y, |x| T::unary(p, x)),)*
            }
        }

        fn pull<T: Float>(operation: UnaryOp, x: &[T], y: &[T], y_bar: &[T], x_bar: &mut [T]) {
            use primitive::Unary as _;
            match operation {
                $(UnaryOp::$NU(p) => pull_by(x, y, y_bar, x_bar, |x, y, y_bar| p.pullback(x, y, y_bar)),)*
                $(UnaryOp::$U(p) => pull_by(x, y, y_bar, x_bar, |x, y, y_bar| p.pullback(x, y, y_bar)),)*
                $(UnaryOp::$P(p) => pull_by(x, y, y_bar, x_bar, |x, y, y_bar| p.pullback(x, y, y_bar)),)*
            }
        }

        fn zip<T: Float>(operation: BinaryOp, operands: [&Tensor<T>; 2], shape: &Shape, y: &mut [T]) {
            match operation {
                $(BinaryOp::$NB(p) => zip_by(operands, shape, y, |a, b| T::binary(p, a, b)),)*
                $(BinaryOp::$B(p) => zip_by(operands, shape, y, |a, b| T::binary(p, a, b)),)*
            }
        }

        fn zip_three<T: Float>(operation: TernaryOp, values: [Spread<'_, T>; 3], y: &mut [T]) {
            if let TernaryOp::MulAdd(_) = operation {
                // Rounded twice: with one rounding it is slow where the machine has no instruction for it.
                return fill(values, y, |[a, b, c]| a * b + c);
            }
            match operation {
                $(TernaryOp::$T(p) => fill(values, y, |[a, b, c]| T::ternary(p, a, b, c)),)*
            }
        }

        fn pull_binary<T: Float>(
            operation: BinaryOp,
            argument: usize,
            values: [Spread<'_, T>; 2],
            y: &[T],
            y_bar: &[T],
            x_bar: &mut [T],
        ) {
            use primitive::Binary as _;
            match (operation, argument) {
                $((BinaryOp::$NB(p), 0) => pull_each(values, y, y_bar, x_bar, |[a, b], y, y_bar| p.left(a, b, y, y_bar)),
                (BinaryOp::$NB(p), _) => pull_each(values, y, y_bar, x_bar, |[a, b], y, y_bar| p.right(a, b, y, y_bar)),)*
                $((BinaryOp::$B(p), 0) => pull_each(values, y, y_bar, x_bar, |[a, b], y, y_bar| p.left(a, b, y, y_bar)),
                (BinaryOp::$B(p), _) => pull_each(values, y, y_bar, x_bar, |[a, b], y, y_bar| p.right(a, b, y, y_bar)),)*
            }
        }

        fn pull_ternary<T: Float>(
            operation: TernaryOp,
            argument: usize,
            values: [Spread<'_, T>; 3],
            y: &[T],
            y_bar: &[T],
            x_bar: &mut [T],
        ) {
            use primitive::Ternary as _;
            match operation {
                $(TernaryOp::$T(p) => {
                    pull_each(values, y, y_bar, x_bar, |x, y, y_bar| p.pullback(x, y, y_bar)[argument]);
                })*
            }
        }

        /// The listed primitives, over elements.
        ///
        /// # Panics
        /// A recorded tensor that is not of the tape which records on this thread panics with the words that
        /// the fallible methods return.
        impl<T: Float> Tensor<T> {
            $(#[doc = method_doc!(unary $U $u)] #[must_use] #[track_caller]
            pub fn $u(&self) -> Self { unary(UnaryOp::$U(primitive::$U), self) })*
            $(#[doc = method_doc!(parametric $P $p)] #[must_use] #[track_caller]
            pub fn $p(&self, parameter: $type) -> Self { unary(UnaryOp::$P(primitive::$P(parameter)), self) })*
            $(
                #[doc = method_doc!(binary $B $b)]
                ///
                /// # Errors
                /// When the shapes do not broadcast, or a tensor is of another tape.
                pub fn $b(&self, other: &Tensor<T>) -> Result<Self, Error> {
                    apply(Binary(BinaryOp::$B(primitive::$B)), &[self, other])
                }
            )*
            $(
                #[doc = method_doc!(ternary $T $t)]
                ///
                /// # Errors
                /// When the shapes do not broadcast, or a tensor is of another tape.
                pub fn $t(&self, second: &Tensor<T>, third: &Tensor<T>) -> Result<Self, Error> {
                    apply(Ternary(TernaryOp::$T(primitive::$T)), &[self, second, third])
                }
            )*
            $(
                #[doc = concat!(
                    "The `", stringify!($nb), "` of this tensor and another, element by element: what the \
                     operator does, with the error returned.\n\n\
                     # Errors\nWhen the shapes do not broadcast, or a tensor is of another tape.\n\n\
                     ```\nuse tape::Tensor;\nlet a = Tensor::full(&[2, 3], 6.0);\n\
                     assert_eq!(a.", stringify!($nb), "(&Tensor::full(&[3], 2.0))?.shape(), [2, 3]);\n\
                     assert!(a.", stringify!($nb), "(&Tensor::full(&[2], 2.0)).is_err());\n\
                     # Ok::<(), tape::Error>(())\n```"
                )]
                pub fn $nb(&self, other: &Tensor<T>) -> Result<Self, Error> {
                    apply(Binary(BinaryOp::$NB(primitive::$NB)), &[self, other])
                }
            )*
        }

        impl<T: Float> Elementary for Tensor<T> {
            fn like(&self, value: f64) -> Self { Tensor::full(self.dims(), T::from_f64(value)) }
            $(#[track_caller] fn $u(self) -> Self { unary(UnaryOp::$U(primitive::$U), &self) })*
            $(#[track_caller] fn $p(self, parameter: $type) -> Self {
                unary(UnaryOp::$P(primitive::$P(parameter)), &self)
            })*
            $(#[track_caller] fn $b(self, other: Self) -> Self {
                Tensor::$b(&self, &other).unwrap_or_else(|error| error.raise())
            })*
            $(#[track_caller] fn $t(self, second: Self, third: Self) -> Self {
                Tensor::$t(&self, &second, &third).unwrap_or_else(|error| error.raise())
            })*
        }

        $(operators!($NB $nb);)*
        $(
            impl<T: Float> ops::$NU for Tensor<T> {
                type Output = Tensor<T>;
                #[track_caller]
                fn $nu(self) -> Tensor<T> { -&self }
            }
            impl<T: Float> ops::$NU for &Tensor<T> {
                type Output = Tensor<T>;
                #[track_caller]
                fn $nu(self) -> Tensor<T> { unary(UnaryOp::$NU(primitive::$NU), self) }
            }
        )*
    };
}

/// An operator between tensors, owned or borrowed, and with a plain number on the right.
macro_rules! operators {
    ($Operator:ident $method:ident) => {
        operators!(@tensors $Operator $method [Tensor<T>] [Tensor<T>] [&] [&]);
        operators!(@tensors $Operator $method [&Tensor<T>] [Tensor<T>] [] [&]);
        operators!(@tensors $Operator $method [Tensor<T>] [&Tensor<T>] [&] []);
        operators!(@tensors $Operator $method [&Tensor<T>] [&Tensor<T>] [] []);
        operators!(@plain $Operator $method f32);
        operators!(@plain $Operator $method f64);
    };
    (@tensors $Operator:ident $method:ident [$Left:ty] [$Right:ty] [$($left:tt)?] [$($right:tt)?]) => {
        /// # Panics
        /// With the words of the named method's error: shapes that do not broadcast, a foreign tape.
        impl<T: Float> ops::$Operator<$Right> for $Left {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: $Right) -> Tensor<T> {
                Tensor::$method($($left)? self, $($right)? other).unwrap_or_else(|error| error.raise())
            }
        }
    };
    (@plain $Operator:ident $method:ident $float:ty) => {
        impl ops::$Operator<$float> for Tensor<$float> {
            type Output = Tensor<$float>;
            #[track_caller]
            fn $method(self, k: $float) -> Tensor<$float> { ops::$Operator::$method(&self, k) }
        }
        impl ops::$Operator<$float> for &Tensor<$float> {
            type Output = Tensor<$float>;
            #[track_caller]
            fn $method(self, k: $float) -> Tensor<$float> { ops::$Operator::$method(self, Tensor::scalar(k)) }
        }
        impl ops::$Operator<Tensor<$float>> for $float {
            type Output = Tensor<$float>;
            #[track_caller]
            fn $method(self, x: Tensor<$float>) -> Tensor<$float> { ops::$Operator::$method(self, &x) }
        }
        impl ops::$Operator<&Tensor<$float>> for $float {
            type Output = Tensor<$float>;
            #[track_caller]
            fn $method(self, x: &Tensor<$float>) -> Tensor<$float> {
                ops::$Operator::$method(Tensor::scalar(self), x)
            }
        }
    };
}
primitives!(methods);

#[track_caller]
fn unary<T: Float>(operation: UnaryOp, x: &Tensor<T>) -> Tensor<T> {
    // The only way to fail is a handle of another tape.
    apply(Unary(operation), &[x]).unwrap_or_else(|error| error.raise())
}
