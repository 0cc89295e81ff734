//! A step of training: J recorded once and run again, and an optimizer that moves the parameters.

use crate::{Activation, Clip, Error, Network, Updater, loss};
use tape::{Float, Tensor, TensorProgram};

/// The step of training. J is recorded when a step is the first of its shapes, and run again in every later one, so
/// that after the first nothing is recorded and nothing allocated.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Network, Optimizer, Stepper, Updater};
/// use tape::Tensor;
/// let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
/// let mut network = Network::<f32>::new(&[1, 1], 0)?;
/// let mut stepper = Stepper::new();
/// let mut updater = Updater::new(Optimizer::gradient_descent(0.5))?;
/// let first = stepper.step(&mut network, &x, &y, 0.0, &mut updater, 1.0)?;
/// assert!(stepper.step(&mut network, &x, &y, 0.0, &mut updater, 1.0)? < first);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Stepper<T: Float = f64> {
    /// The one used last stands last.
    recorded: Vec<Recorded<T>>,
    clip: Option<Clip>,
}

/// How many recordings a stepper keeps: whole batches, and the rows that are left over at the end of an epoch.
const MOST_RECORDED: usize = 4;

/// Parameters whose penalty is added to the gradient, and all moved in one loop; where there are more, a pass over them takes
/// longer than a loop for each layer.
pub(super) const FEW: usize = 16 * 1024;

/// J of a network, as operations on its parameters, the rows and their targets.
#[derive(Debug)]
struct Recorded<T: Float> {
    sizes: Vec<usize>,
    activation: Activation,
    rows: usize,
    lambda: T,
    cost: TensorProgram<T>,
}

impl<T: Float> Stepper<T> {
    /// A stepper that has recorded nothing yet.
    ///
    /// ```
    /// let _stepper = mlp::Stepper::<f32>::new();
    /// ```
    pub fn new() -> Self {
        Stepper { recorded: Vec::new(), clip: None }
    }

    /// The same stepper, which clips each gradient from now on, that of the penalty included.
    ///
    /// # Errors
    /// When the bound is not a finite number above zero in this precision.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Clip, Optimizer, Stepper, Updater};
    /// use tape::Tensor;
    /// let mut network = mlp::Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
    /// let (x, y) = (Tensor::full(&[2, 1], 3.0), Tensor::full(&[2, 1], 1.0));
    /// let mut descent = Updater::new(Optimizer::gradient_descent(1.0))?;
    /// let mut stepper = Stepper::new().clipping(Clip::Value(0.75))?;
    /// stepper.step(&mut network, &x, &y, 0.0, &mut descent, 1.0)?;
    /// assert_eq!(network.parameters(), [0.75, 0.5]); // not 1.5
    /// # Ok(())
    /// # }
    /// ```
    pub fn clipping(self, clip: Clip) -> Result<Self, Error> {
        clip.checked::<T>()?;
        Ok(Stepper { clip: Some(clip), ..self })
    }

    /// One step on rows `x: (n, n_in)` and targets `y: (n, K)`: J and its gradient, and the parameters moved in place by the
    /// updater, whose learning rate is multiplied by `factor`; returns J as it was before. If J is not finite nothing is
    /// moved.
    ///
    /// # Errors
    /// When the shapes do not fit, a target is outside [0, 1], or the updater is one of another network.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Optimizer, Updater};
    /// use tape::Tensor;
    /// let mut network = mlp::Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
    /// let (x, y) = (Tensor::full(&[2, 1], 3.0), Tensor::full(&[2, 1], 1.0));
    /// let mut descent = Updater::new(Optimizer::gradient_descent(2.0))?;
    /// mlp::Stepper::new().step(&mut network, &x, &y, 0.0, &mut descent, 0.5)?;
    /// assert_eq!(network.parameters(), [1.5, 0.5]); // θ - (h - y) x and b - (h - y)
    /// # Ok(())
    /// # }
    /// ```
    pub fn step(
        &mut self,
        network: &mut Network<T>,
        x: &Tensor<T>,
        y: &Tensor<T>,
        lambda: T,
        updater: &mut Updater<T>,
        factor: f64,
    ) -> Result<T, Error> {
        network.check(x, y)?;
        let clip = self.clip;
        // What is clipped is the whole gradient.
        let complete = network.flat().len() < FEW || clip.is_some();
        let program = self.cost(network, x, y, lambda)?;
        let arguments = [network.flat(), x, y];
        let cost = match complete {
            true => program.value_and_gradient(&arguments)?,
            false => program.value_and_gradient_before_decay(&arguments)?,
        };
        if !cost.to_f64().is_finite() {
            return Ok(cost);
        }
        if let Some(clip) = clip
            && let Some(gradient) = program.gradient_mut(0)
        {
            clip.apply(gradient)?;
        }
        if let Some(gradient) = program.gradient(0) {
            updater.step(network.parameters_mut(), gradient.as_slice(), program.decay(0), factor)?;
        }
        Ok(cost)
    }

    /// J for this network, these shapes and this λ, recorded if it is not yet.
    pub(super) fn cost(
        &mut self,
        network: &Network<T>,
        x: &Tensor<T>,
        y: &Tensor<T>,
        lambda: T,
    ) -> Result<&mut TensorProgram<T>, Error> {
        let rows = x.shape()[0];
        let fits = |recorded: &Recorded<T>| {
            recorded.rows == rows
                && recorded.lambda == lambda
                && recorded.activation == network.activation()
                && recorded.sizes == network.sizes()
        };
        let last = self.recorded.len().wrapping_sub(1);
        match self.recorded.iter().rposition(fits) {
            Some(place) => self.recorded[place..].rotate_left(usize::from(place != last)),
            None => {
                let cost = loss::program(network, x, y, lambda)?;
                if self.recorded.len() == MOST_RECORDED {
                    self.recorded.remove(0);
                }
                let (sizes, activation) = (network.sizes().to_vec(), network.activation());
                self.recorded.push(Recorded { sizes, activation, rows, lambda, cost });
            }
        }
        Ok(&mut self.recorded.last_mut().expect("it was found or made").cost)
    }
}
