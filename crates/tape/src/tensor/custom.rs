//! Rules of the user's own over whole tensors.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use crate::{Error, Float, tape};
use smallvec::SmallVec;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A function of tensors with its pullback: what an operation of this crate is, written outside it.
///
/// The pullback is written in tensor operations. A plain sweep runs it with recording off, a recorded sweep with recording
/// on, and the result can be differentiated again, as often as those operations can.
///
/// ```
/// use tape::rule::{TensorRule, apply_tensors};
/// use tape::{Error, Float, Tape, Tensor};
///
/// /// y = x / ‖x‖, x̄ += (ȳ - y ⟨y, ȳ⟩) / ‖x‖
/// struct Normalise;
/// impl<T: Float> TensorRule<T> for Normalise {
///     fn name(&self) -> &'static str { "normalise" }
///     fn forward(&self, x: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
///         x[0].div(&x[0].sum_of_squares().sqrt())
///     }
///     fn pullback(
///         &self, x: &[&Tensor<T>], y: &Tensor<T>, y_bar: &Tensor<T>, _argument: usize,
///     ) -> Result<Tensor<T>, Error> {
///         (y_bar - y * (y * y_bar).sum()).div(&x[0].sum_of_squares().sqrt())
///     }
/// }
///
/// let tape = Tape::begin();
/// let x: Tensor = tape.tensor(&Tensor::from_slice(&[3.0, 4.0], &[2])?);
/// let y = apply_tensors(Normalise, &[&x])?;
/// assert_eq!(y.to_vec(), [0.6, 0.8]);
/// // Along x nothing changes.
/// let x_bar = tape.sweep_with(&y, x.to_constant())?.of(&x)?;
/// assert!(x_bar.as_slice().iter().all(|bar| bar.abs() < 1e-15));
/// # Ok::<(), Error>(())
/// ```
pub trait TensorRule<T: Float>: Send + Sync + 'static {
    /// What tables and errors call it.
    fn name(&self) -> &'static str;

    /// The value at these inputs, which are constants here; nothing that it does is recorded. Shapes are checked here.
    ///
    /// # Errors
    /// Whatever it says; [`apply_tensors`] hands it on.
    fn forward(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error>;

    /// The cotangent of one argument, by its number among the inputs: in the shape of that argument, or, if it was
    /// broadcast to the shape of the output, in that shape; the sweep sums over what was repeated. Asked of the arguments
    /// only that are recorded, and only if a cotangent of the output has come in.
    ///
    /// # Errors
    /// Whatever it says; the sweep hands it on.
    fn pullback(
        &self,
        inputs: &[&Tensor<T>],
        output: &Tensor<T>,
        cotangent: &Tensor<T>,
        argument: usize,
    ) -> Result<Tensor<T>, Error>;
}

/// The value of a rule at these tensors, recorded as one operation if any of them is. The tape keeps inputs and output
/// for the pullback.
///
/// # Errors
/// When the rule's `forward` fails, or a tensor is of another tape. A sweep fails when the pullback does, or what it returns
/// has neither the shape of its argument nor one that this was broadcast to.
///
/// ```
/// use tape::rule::{TensorRule, apply_tensors};
/// use tape::{Error, Tape, Tensor};
///
/// /// A round to whole numbers, as if it had not been: y = round(x), x̄ += ȳ.
/// struct Straight;
/// impl TensorRule<f32> for Straight {
///     fn name(&self) -> &'static str { "straight" }
///     fn forward(&self, x: &[&Tensor<f32>]) -> Result<Tensor<f32>, Error> { Ok(x[0].round()) }
///     fn pullback(
///         &self, _: &[&Tensor<f32>], _: &Tensor<f32>, y_bar: &Tensor<f32>, _: usize,
///     ) -> Result<Tensor<f32>, Error> { Ok(y_bar.clone()) }
/// }
///
/// let tape = Tape::begin();
/// let x = tape.tensor(&Tensor::from_slice(&[0.7, 1.2], &[2])?);
/// let y = apply_tensors(Straight, &[&x])?.sum_of_squares();
/// assert_eq!(tape.sweep(&y)?.of(&x)?.to_vec(), [2.0, 2.0]);
/// # Ok::<(), Error>(())
/// ```
pub fn apply_tensors<T: Float>(rule: impl TensorRule<T>, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
    let rule: Box<dyn TensorRule<T>> = Box::new(rule);
    apply(Custom { name: rule.name(), rule: Arc::new(rule) }, inputs)
}

/// `y` and `x̄ₖ` as the user says.
#[derive(Clone)]
pub(crate) struct Custom {
    name: &'static str,
    /// A `Box<dyn TensorRule<T>>` for the T of the tensors it is recorded with; the list of operations knows none.
    rule: Arc<dyn Any + Send + Sync>,
}

impl Custom {
    fn rule<T: Float>(&self) -> &dyn TensorRule<T> {
        let rule: Option<&Box<dyn TensorRule<T>>> = self.rule.downcast_ref();
        &**rule.expect("a rule is recorded with tensors of its own precision")
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Custom({})", self.name)
    }
}

impl Operation for Custom {
    fn name(&self) -> &'static str {
        self.name
    }

    fn calls_back(&self) -> bool {
        true
    }

    fn reads(&self) -> Reads {
        Reads { output: true, ..Reads::INPUTS }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let inputs: SmallVec<[Tensor<T>; 3]> = inputs.iter().map(|input| input.unhandled()).collect();
        let inputs: SmallVec<[&Tensor<T>; 3]> = inputs.iter().collect();
        Ok(tape::unrecorded(|| self.rule().forward(&inputs))?.unhandled())
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        self.pullback_or_error(at, argument).unwrap_or_else(|error| error.raise())
    }

    fn pullback_or_error<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Result<Tensor<T>, Error> {
        let inputs: SmallVec<[&Tensor<T>; 3]> = (0..at.inputs.len()).map(|k| at.input(k)).collect();
        let x_bar = self.rule().pullback(&inputs, at.output, at.cotangent, argument)?;
        let (x, y) = (inputs[argument].dims(), at.output.dims());
        let repeated = || crate::Shape::broadcast(self.name, x, y).is_ok_and(|both| both == *y);
        if x_bar.dims() == x || (x_bar.dims() == y && repeated()) {
            return Ok(x_bar);
        }
        let want = format!("the cotangent of argument {argument} must have its shape");
        Err(Error::shape(self.name, want, &[x_bar.dims(), x]))
    }
}
