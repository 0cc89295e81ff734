//! Every scalar primitive of the list, over elements; two tensors broadcast by NumPy's rules.

use super::operation::{At, Operation, Reads, apply};
use super::{Accumulator, Tensor};
use crate::kernel::{LEAST, LINE, in_parts};
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
        self.0.pullback(at.input(0).clone(), at.output.clone(), at.cotangent.clone())
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
            // The partials may be infinite: where no cotangent comes in none goes out. Not in a recorded sweep, whose
            // result is still to be differentiated by the cotangent, zero or not.
            BinaryOp::Mul(_) | BinaryOp::Div(_) if tape::is_paused() => {
                Elementary::gate(at.cotangent.clone(), pulled)
            }
            _ => pulled,
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
        let [a, b, c] = pulled;
        [a, b, c].into_iter().nth(argument).expect("one of three arguments")
    }
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

#[inline(always)]
fn map_by<T: Float>(x: &[T], y: &mut [T], f: impl Fn(T) -> T + Sync) {
    in_parts(LEAST, LINE, (x, y), |(x, y)| {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = f(x);
        }
    });
}

/// Element by element; where no cotangent comes in none goes out, though the partial be infinite.
#[inline(always)]
fn pull_by<T: Float>(x: &[T], y: &[T], y_bar: &[T], x_bar: &mut [T], f: impl Fn(T, T, T) -> T + Sync) {
    in_parts(LEAST, LINE, ([x, y, y_bar], x_bar), |([x, y, y_bar], x_bar)| {
        for (((x_bar, &x), &y), &y_bar) in x_bar.iter_mut().zip(x).zip(y).zip(y_bar) {
            *x_bar = if y_bar == T::default() { T::default() } else { f(x, y, y_bar) };
        }
    });
}

/// The elements of an operand in the places of a shape that it broadcasts to.
#[derive(Clone, Copy)]
pub(super) struct Spread<'a, T> {
    elements: &'a [T],
    lengths: &'a [usize],
    shape: &'a [usize],
}

impl<'a, T: Float> Spread<'a, T> {
    pub(super) fn of(elements: &'a [T], lengths: &'a [usize], shape: &'a [usize]) -> Self {
        Spread { elements, lengths, shape }
    }

    /// One element for each place, none twice.
    fn is_direct(self, places: usize) -> bool {
        self.elements.len() == places
    }
}

/// `f` of the elements of all operands, place by place.
#[inline(always)]
pub(super) fn fill<T: Float, const N: usize>(
    values: [Spread<'_, T>; N],
    y: &mut [T],
    f: impl Fn([T; N]) -> T + Sync,
) {
    let places = y.len();
    if values.iter().all(|operand| operand.is_direct(places)) {
        let values = values.map(|operand| operand.elements);
        in_parts(LEAST, LINE, (values, y), |(values, y)| {
            let values = values.map(|elements| &elements[..y.len()]);
            for (i, y) in y.iter_mut().enumerate() {
                *y = f(values.map(|elements| elements[i]));
            }
        });
    } else {
        each_place(values, y, |x, _| f(x));
    }
}

/// The pullback of each element; where no cotangent comes in none goes out, though the partial be infinite.
#[inline(always)]
pub(super) fn pull_each<T: Float, const N: usize>(
    values: [Spread<'_, T>; N],
    y: &[T],
    y_bar: &[T],
    x_bar: &mut [T],
    f: impl Fn([T; N], T, T) -> T + Sync,
) {
    let pull = |x, y, y_bar| if y_bar == T::default() { T::default() } else { f(x, y, y_bar) };
    let places = x_bar.len();
    if values.iter().all(|operand| operand.is_direct(places)) {
        let values = values.map(|operand| operand.elements);
        in_parts(LEAST, LINE, (values, [y, y_bar], x_bar), |(values, [y, y_bar], x_bar)| {
            let values = values.map(|elements| &elements[..x_bar.len()]);
            for (((i, x_bar), &y), &y_bar) in x_bar.iter_mut().enumerate().zip(y).zip(y_bar) {
                *x_bar = pull(values.map(|elements| elements[i]), y, y_bar);
            }
        });
    } else {
        each_place(values, x_bar, |x, i| pull(x, y[i], y_bar[i]));
    }
}

/// `f` of the elements of all operands and the place, one place after another.
#[inline(always)]
fn each_place<T: Float, const N: usize>(
    values: [Spread<'_, T>; N],
    y: &mut [T],
    f: impl Fn([T; N], usize) -> T,
) {
    if y.is_empty() {
        return;
    }
    let mut offsets = values.map(|operand| Repeated::new(operand.shape, operand.lengths));
    for (i, y) in y.iter_mut().enumerate() {
        let mut k = 0;
        let x = offsets.each_mut().map(|offsets| {
            let operand = values[k].elements;
            k += 1;
            operand[offsets.next().expect("it never ends")]
        });
        *y = f(x, i);
    }
}

/// `f` of each pair.
#[inline(always)]
fn zip_each<T: Copy>(a: &[T], b: &[T], y: &mut [T], f: &impl Fn(T, T) -> T) {
    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
        *y = f(a, b);
    }
}

/// `f` over two operands that broadcast to `shape`.
#[inline(always)]
fn zip_by<T: Float>(operands: [&Tensor<T>; 2], shape: &Shape, y: &mut [T], f: impl Fn(T, T) -> T + Sync) {
    let [a, b] = operands.map(Tensor::elements);
    let [a_shape, b_shape] = operands.map(Tensor::shape);
    if y.is_empty() {
        return;
    }
    if a.len() == y.len() && b.len() == y.len() {
        in_parts(LEAST, LINE, ([a, b], y), |([a, b], y)| zip_each(a, b, y, &f));
    } else if a.len() == y.len() && shape.ends_with(b_shape) {
        // Rows plus one row: a bias, or a single number.
        if let [b] = *b {
            map_by(a, y, |a| f(a, b));
            return;
        }
        in_parts(LEAST, b.len(), (a, y), |(a, y)| {
            for (y, a) in y.chunks_exact_mut(b.len()).zip(a.chunks_exact(b.len())) {
                zip_each(a, b, y, &f);
            }
        });
    } else if b.len() == y.len() && shape.ends_with(a_shape) {
        if let [a] = *a {
            map_by(b, y, |b| f(a, b));
            return;
        }
        in_parts(LEAST, a.len(), (b, y), |(b, y)| {
            for (y, b) in y.chunks_exact_mut(a.len()).zip(b.chunks_exact(a.len())) {
                zip_each(a, b, y, &f);
            }
        });
    } else {
        let [a_places, b_places] = [a_shape, b_shape].map(|lengths| Repeated::new(shape, lengths));
        for ((y, i), j) in y.iter_mut().zip(a_places).zip(b_places) {
            *y = f(a[i], b[j]);
        }
    }
}

/// The offsets into an operand as the elements of a broadcast shape are walked in order.
pub(super) struct Repeated<'a> {
    shape: &'a [usize],
    strides: crate::shape::Axes,
    index: crate::shape::Axes,
    offset: usize,
}

impl<'a> Repeated<'a> {
    pub(super) fn new(shape: &'a [usize], operand: &[usize]) -> Self {
        let mut strides = crate::shape::Axes::from_elem(0, shape.len() - operand.len());
        strides.extend(Shape::strides(operand));
        Repeated::with_strides(shape, strides)
    }

    /// The walk over `shape` where a step along axis k moves by `strides[k]`.
    pub(super) fn with_strides(shape: &'a [usize], strides: crate::shape::Axes) -> Self {
        Repeated { shape, strides, index: crate::shape::Axes::from_elem(0, shape.len()), offset: 0 }
    }
}

impl Iterator for Repeated<'_> {
    type Item = usize;

    /// Never ends by itself: it is zipped with the elements, of which there is at least one.
    fn next(&mut self) -> Option<usize> {
        let offset = self.offset;
        for axis in (0..self.shape.len()).rev() {
            self.index[axis] += 1;
            self.offset += self.strides[axis];
            if self.index[axis] < self.shape[axis] {
                break;
            }
            self.offset -= self.strides[axis] * self.shape[axis];
            self.index[axis] = 0;
        }
        Some(offset)
    }
}
