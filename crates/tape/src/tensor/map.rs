//! A user's own function of one number or two, over the elements of tensors, as one operation.
//!
//! The function is generic over [`Real`], so its derivatives come from calling it with [`Dual`]s, nested as deep as the
//! order. Each order is a type of its own, and a rule that could always ask for the next would never be compiled to the
//! end; so the function is compiled for the orders up to [`MOST`] in both precisions where it is given, and stored behind
//! a table of those.

use super::Tensor;
use super::broadcast::{Spread, fill, pull_each};
use super::operation::{At, Operation, Reads, apply};
use crate::{Dual, Error, Float, Real, Shape};
use smallvec::SmallVec;
use std::fmt;
use std::sync::Arc;

/// How many derivatives can be taken one after the other.
const MOST: usize = 3;

/// `y = f(x₁, …)`, `x̄ₖ += ∂f/∂xₖ ȳ`; or, for a list of arguments to differentiate by, `y = ∂f/∂xᵢ∂xⱼ… w`, and 0 where
/// `w = 0`, `x̄ₖ +=` that with k added to the list and `w ȳ` for w, `w̄ += ∂f/∂xᵢ∂xⱼ… ȳ`; element by element.
///
/// So the pullback is the operation itself, and what nobody asks for is nothing at every order, however infinite the
/// derivative.
#[derive(Clone)]
pub(crate) struct Map {
    f: Arc<dyn Mapped>,
    /// The arguments that it is differentiated by, `order` of them. If there is one, there is a last input w.
    by: [u8; MOST],
    order: u8,
}

/// A function of one number, to be mapped over the elements of a tensor: [`Tensor::map`]. [`scalar_fn!`](crate::scalar_fn)
/// makes one of a generic function that has a name, or of an expression; one with parameters is a struct that holds them.
///
/// ```
/// use tape::{Real, ScalarFn, Tape, Tensor};
///
/// /// x near zero, and never beyond the cap.
/// struct Softcap(f64);
/// impl ScalarFn for Softcap {
///     fn call<R: Real>(&self, x: R) -> R { x.scale(1.0 / self.0).tanh().scale(self.0) }
/// }
///
/// let tape = Tape::begin();
/// let x = tape.tensor(&Tensor::from_slice(&[0.0, 1e6], &[2])?);
/// let y = x.map(Softcap(30.0));
/// assert_eq!(y.to_vec(), [0.0, 30.0]);
/// assert_eq!(tape.sweep(&y.sum())?.of(&x)?.to_vec(), [1.0, 0.0]);
/// # Ok::<(), tape::Error>(())
/// ```
pub trait ScalarFn: Send + Sync + 'static {
    /// The value at `x`.
    fn call<R: Real>(&self, x: R) -> R;

    /// What tables and errors call it.
    fn name(&self) -> &'static str {
        "map"
    }
}

/// A function of two numbers, for the elements of two tensors: [`Tensor::zip_map`].
///
/// ```
/// use tape::{Real, ScalarFn2, Tensor};
///
/// /// Huber's loss of a prediction and a target.
/// struct Huber(f64);
/// impl ScalarFn2 for Huber {
///     fn call<R: Real>(&self, prediction: R, target: R) -> R {
///         let off = (prediction - target).abs();
///         if off.to_f64() <= self.0 { off.powi(2).scale(0.5) } else { off.shift(-0.5 * self.0).scale(self.0) }
///     }
/// }
///
/// let prediction = Tensor::from_slice(&[1.5, 4.0], &[2])?;
/// assert_eq!(prediction.zip_map(&Tensor::scalar(1.0), Huber(1.0))?.to_vec(), [0.125, 2.5]);
/// # Ok::<(), tape::Error>(())
/// ```
pub trait ScalarFn2: Send + Sync + 'static {
    /// The value at `a` and `b`.
    fn call<R: Real>(&self, a: R, b: R) -> R;

    /// What tables and errors call it.
    fn name(&self) -> &'static str {
        "zip_map"
    }
}

/// A [`ScalarFn`] of a generic function that has a name, or of an expression of one variable; a
/// [`ScalarFn2`] of an expression of two. A generic function can't be passed itself: it would be passed at one type.
///
/// The expression sees no local variables. In it, `R` is the type of its variables.
///
/// ```
/// use tape::{Real, Tensor, scalar_fn};
/// fn softcap<R: Real>(x: R) -> R { x.scale(0.5).tanh().scale(2.0) }
///
/// let x = Tensor::from_slice(&[0.0, 100.0], &[2])?;
/// assert_eq!(x.map(scalar_fn!(softcap)).to_vec(), [0.0, 2.0]);
/// assert_eq!(x.map(scalar_fn!(|x| x / (x + R::from_f64(100.0)))).to_vec(), [0.0, 0.5]);
/// assert_eq!(x.zip_map(&x, scalar_fn!(|a, b| a * b.exp()))?.to_vec()[0], 0.0);
/// # Ok::<(), tape::Error>(())
/// ```
#[macro_export]
macro_rules! scalar_fn {
    (|$x:ident| $y:expr) => {{
        #[derive(Clone, Copy, Debug)]
        struct Expression;
        impl $crate::ScalarFn for Expression {
            fn call<R: $crate::Real>(&self, $x: R) -> R {
                $y
            }
        }
        Expression
    }};
    (|$a:ident, $b:ident| $y:expr) => {{
        #[derive(Clone, Copy, Debug)]
        struct Expression;
        impl $crate::ScalarFn2 for Expression {
            fn call<R: $crate::Real>(&self, $a: R, $b: R) -> R {
                $y
            }
        }
        Expression
    }};
    ($f:path) => {{
        #[derive(Clone, Copy, Debug)]
        struct Named;
        impl $crate::ScalarFn for Named {
            fn call<R: $crate::Real>(&self, x: R) -> R {
                $f(x)
            }
            fn name(&self) -> &'static str {
                ::core::stringify!($f)
            }
        }
        Named
    }};
}

impl<T: Float> Tensor<T> {
    /// The tensor of the values of `f` at each element, in one operation with its derivative. Where no cotangent comes in
    /// none goes out, though the derivative be infinite.
    ///
    /// It can be differentiated three times: by two recorded sweeps and a plain one, or three recorded ones. A sweep that
    /// asks for more is an error.
    ///
    /// ```
    /// use tape::{Tape, Tensor, scalar_fn};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::from_slice(&[0.5, 2.0], &[2])?);
    /// let y = x.map(scalar_fn!(|x| x.powi(2) + x.recip()));
    /// assert_eq!(y.to_vec(), [2.25, 4.5]);
    /// assert_eq!(tape.sweep(&y.sum())?.of(&x)?.to_vec(), [-3.0, 3.75]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map(&self, f: impl ScalarFn) -> Self {
        apply(Map::of(Given(f)), &[self]).unwrap_or_else(|error| error.raise())
    }

    /// The tensor of the values of `f` at each pair of elements of this tensor and another, which broadcast by NumPy's
    /// rules; in one operation with its derivatives, as [`map`](Tensor::map).
    ///
    /// # Errors
    /// When the shapes do not broadcast, or a tensor is of another tape.
    ///
    /// ```
    /// use tape::{Tape, Tensor, scalar_fn};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::from_slice(&[1.0, 2.0], &[2])?);
    /// let y = Tensor::from_slice(&[3.0, 4.0, 5.0, 6.0], &[2, 2])?.zip_map(&x, scalar_fn!(|a, b| a * b.powi(2)))?;
    /// assert_eq!(y.to_vec(), [3.0, 16.0, 5.0, 24.0]);
    /// assert_eq!(tape.sweep(&y.sum())?.of(&x)?.to_vec(), [16.0, 40.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn zip_map(&self, other: &Tensor<T>, f: impl ScalarFn2) -> Result<Self, Error> {
        apply(Map::of(Given(f)), &[self, other])
    }
}

/// A function of N numbers: what the two traits of the user's have in common.
trait Function<const N: usize>: Send + Sync + 'static {
    fn at<R: Real>(&self, x: [R; N]) -> R;
    fn label(&self) -> &'static str;
}

impl<F: ScalarFn> Function<1> for F {
    fn at<R: Real>(&self, [x]: [R; 1]) -> R {
        self.call(x)
    }
    fn label(&self) -> &'static str {
        self.name()
    }
}

impl<F: ScalarFn2> Function<2> for F {
    fn at<R: Real>(&self, [a, b]: [R; 2]) -> R {
        self.call(a, b)
    }
    fn label(&self) -> &'static str {
        self.name()
    }
}

/// A function of N numbers, as it was given.
struct Given<F, const N: usize>(F);

/// A stored function: all of its orders in both precisions.
pub trait Mapped: InPrecision<f32> + InPrecision<f64> + Send + Sync {
    fn name(&self) -> &'static str;
}

/// All orders of a function in one precision.
pub trait InPrecision<T: Float> {
    /// The derivative by the arguments `by`, one after the other, of each element; where it is by any, times the last
    /// input.
    fn fill(&self, by: &[u8], inputs: &[&Tensor<T>], shape: &Shape, y: &mut [T]);
}

/// How a precision finds its own part of a stored function.
#[doc(hidden)]
pub trait Precise: Sized {
    fn part_of(f: &dyn Mapped) -> &dyn InPrecision<Self>
    where
        Self: Float;
}

impl<F: Function<N>, const N: usize> Mapped for Given<F, N> {
    fn name(&self) -> &'static str {
        self.0.label()
    }
}

impl<T: Float, F: Function<N>, const N: usize> InPrecision<T> for Given<F, N> {
    fn fill(&self, by: &[u8], inputs: &[&Tensor<T>], shape: &Shape, y: &mut [T]) {
        let f = &self.0;
        let x: [_; N] = std::array::from_fn(|k| Spread::of(inputs[k].elements(), inputs[k].dims(), shape));
        let Some(weight) = inputs.get(N).map(|weight| weight.elements()) else {
            return fill(x, y, |x| f.at(x));
        };
        match *by {
            [i] => pull_each(x, weight, weight, y, |x, _, weight| f.at(moving(x, i)).tangent * weight),
            [i, j] => pull_each(x, weight, weight, y, |x, _, weight| {
                f.at(moving(moving(x, i), j)).tangent.tangent * weight
            }),
            [i, j, k] => pull_each(x, weight, weight, y, |x, _, weight| {
                f.at(moving(moving(moving(x, i), j), k)).tangent.tangent.tangent * weight
            }),
            _ => unreachable!("a list of one to {MOST} arguments goes with a weight"),
        }
    }
}

/// The numbers with tangents: argument `by` moves, the others stand still.
#[inline(always)]
fn moving<R: Real, const N: usize>(x: [R; N], by: u8) -> [Dual<R>; N] {
    std::array::from_fn(|k| Dual::new(x[k], R::from_f64(if k == usize::from(by) { 1.0 } else { 0.0 })))
}

impl Map {
    fn of<F: Function<N>, const N: usize>(f: Given<F, N>) -> Map {
        Map { f: Arc::new(f), by: [0; MOST], order: 0 }
    }

    fn by(&self) -> &[u8] {
        &self.by[..self.order.into()]
    }

    /// This derivative, differentiated by one more argument.
    fn differentiated(&self, argument: usize) -> Result<Map, Error> {
        let mut next = self.clone();
        match next.by.get_mut(usize::from(self.order)) {
            Some(by) => *by = argument as u8,
            None => return Err(Error::Order { operation: self.name(), most: MOST, got: MOST + 1 }),
        }
        next.order += 1;
        Ok(next)
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({} by {:?})", self.f.name(), self.by())
    }
}

impl Operation for Map {
    fn name(&self) -> &'static str {
        self.f.name()
    }

    fn calls_back(&self) -> bool {
        true
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        // The weight has the shape of the output: it was a cotangent.
        let shape = match *inputs {
            [a, b] if self.order == 0 => Shape::broadcast(self.name(), a.dims(), b.dims())?,
            _ => inputs[inputs.len() - 1].dims().clone(),
        };
        Tensor::try_build(shape.clone(), |y| T::part_of(&*self.f).fill(self.by(), inputs, &shape, y))
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        self.pullback_or_error(at, argument).unwrap_or_else(|error| error.raise())
    }

    fn pullback_or_error<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Result<Tensor<T>, Error> {
        let arguments = at.inputs.len() - usize::from(self.order > 0);
        // The weight itself: the same derivative, with the cotangent in its place.
        let (derivative, weight) = match argument == arguments {
            true => (self.clone(), at.cotangent.clone()),
            false if self.order == 0 => (self.differentiated(argument)?, at.cotangent.clone()),
            false => (self.differentiated(argument)?, at.input(arguments).mul(at.cotangent)?),
        };
        let mut inputs: SmallVec<[&Tensor<T>; 3]> = (0..arguments).map(|k| at.input(k)).collect();
        inputs.push(&weight);
        apply(derivative, &inputs)
    }
}

macro_rules! precise {
    ($float:ty) => {
        impl Precise for $float {
            fn part_of(f: &dyn Mapped) -> &dyn InPrecision<$float> {
                f
            }
        }
    };
}
precise!(f32);
precise!(f64);
