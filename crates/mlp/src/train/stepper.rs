//! A step of training: J recorded once and run again, and an optimizer that moves the parameters.

use crate::{Activation, Clip, Dropout, Error, Network, Objective, Output, Rows, Updater};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use smallvec::{SmallVec, smallvec};
use tape::{Float, Tensor, TensorProgram};

/// The step of training. J is recorded when a step is the first of its shapes, and run again in every later one, so
/// that after the first nothing is recorded and nothing allocated.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Network, Objective, Optimizer, Stepper, Updater};
/// use tape::Tensor;
/// let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
/// let mut network = Network::<f32>::new(&[1, 1], 0)?;
/// let mut stepper = Stepper::new();
/// let mut updater = Updater::new(Optimizer::gradient_descent(0.5))?;
/// let j = Objective::l2(0.0);
/// let first = stepper.step(&mut network, (&x, &y), &j, &mut updater, 1.0)?;
/// assert!(stepper.step(&mut network, (&x, &y), &j, &mut updater, 1.0)? < first);
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
    functions: (Activation, Output),
    objective: Objective,
    rows: usize,
    weighted: bool,
    /// For each hidden layer, which units take part.
    masks: Vec<Tensor<T>>,
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
    /// use mlp::{Clip, Objective, Optimizer, Stepper, Updater};
    /// use tape::Tensor;
    /// let mut network = mlp::Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
    /// let (x, y) = (Tensor::full(&[2, 1], 3.0), Tensor::full(&[2, 1], 1.0));
    /// let mut descent = Updater::new(Optimizer::gradient_descent(1.0))?;
    /// let mut stepper = Stepper::new().clipping(Clip::Value(0.75))?;
    /// stepper.step(&mut network, (&x, &y), &Objective::default(), &mut descent, 1.0)?;
    /// assert_eq!(network.parameters(), [0.75, 0.5]); // not 1.5
    /// # Ok(())
    /// # }
    /// ```
    pub fn clipping(self, clip: Clip) -> Result<Self, Error> {
        clip.checked::<T>()?;
        Ok(Stepper { clip: Some(clip), ..self })
    }

    /// One step on these rows, [`Rows`] or `(&x, &y)`: J and its gradient, and the parameters moved in place by the updater,
    /// whose learning rate is multiplied by `factor`; returns J as it was before. If J is not finite nothing is moved.
    ///
    /// # Errors
    /// When the shapes do not fit, a target is outside the range of the loss, a number of the objective outside its own, or
    /// the updater is one of another network.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Objective, Optimizer, Updater};
    /// use tape::Tensor;
    /// let mut network = mlp::Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
    /// let (x, y) = (Tensor::full(&[2, 1], 3.0), Tensor::full(&[2, 1], 1.0));
    /// let mut descent = Updater::new(Optimizer::gradient_descent(2.0))?;
    /// mlp::Stepper::new().step(&mut network, (&x, &y), &Objective::default(), &mut descent, 0.5)?;
    /// assert_eq!(network.parameters(), [1.5, 0.5]); // θ - (h - y) x and b - (h - y)
    /// # Ok(())
    /// # }
    /// ```
    pub fn step<'a>(
        &mut self,
        network: &mut Network<T>,
        rows: impl Into<Rows<'a, T>>,
        objective: &Objective,
        updater: &mut Updater<T>,
        factor: f64,
    ) -> Result<T, Error> {
        let (rows, clip) = (rows.into(), self.clip);
        network.check(&rows)?;
        // What is clipped is the whole gradient.
        let complete = network.flat().len() < FEW || clip.is_some();
        let recorded = self.recorded(network, &rows, objective)?;
        if let Some(dropout) = objective.dropout {
            draw(&mut recorded.masks, dropout, updater.state().steps);
        }
        let cost = recorded.run(network, &rows, complete)?;
        if !cost.to_f64().is_finite() {
            return Ok(cost);
        }
        let program = &mut recorded.cost;
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

    /// J on these rows by all units, and its gradient written to `gradient`.
    pub(super) fn cost_and_gradient(
        &mut self,
        network: &Network<T>,
        rows: &Rows<'_, T>,
        objective: &Objective,
        gradient: &mut [T],
    ) -> Result<T, Error> {
        let objective = Objective { dropout: None, ..*objective };
        let recorded = self.recorded(network, rows, &objective)?;
        let cost = recorded.run(network, rows, true)?;
        match recorded.cost.gradient(0) {
            Some(found) => gradient.copy_from_slice(found.as_slice()),
            None => gradient.fill(T::from_f64(0.0)),
        }
        Ok(cost)
    }

    /// J for this network, these shapes and this objective, recorded if it is not yet.
    fn recorded(
        &mut self,
        network: &Network<T>,
        rows: &Rows<'_, T>,
        objective: &Objective,
    ) -> Result<&mut Recorded<T>, Error> {
        let (n, weighted) = (rows.x.shape()[0], rows.weights.is_some());
        let functions = (network.activation(), network.output());
        let fits = |recorded: &Recorded<T>| {
            recorded.rows == n
                && recorded.objective == *objective
                && recorded.weighted == weighted
                && recorded.functions == functions
                && recorded.sizes == network.sizes()
        };
        let last = self.recorded.len().wrapping_sub(1);
        match self.recorded.iter().rposition(fits) {
            Some(place) => self.recorded[place..].rotate_left(usize::from(place != last)),
            None => {
                let objective = objective.checked()?;
                let sizes = network.sizes().to_vec();
                let hidden = match objective.dropout {
                    Some(_) => &sizes[1..sizes.len() - 1],
                    None => &[],
                };
                let masks: Vec<_> = hidden.iter().map(|units| Tensor::zeros(&[n, *units])).collect();
                let cost = objective.program(network, *rows, &masks)?;
                if self.recorded.len() == MOST_RECORDED {
                    self.recorded.remove(0);
                }
                self.recorded.push(Recorded { sizes, functions, objective, rows: n, weighted, masks, cost });
            }
        }
        Ok(self.recorded.last_mut().expect("it was found or made"))
    }
}

impl<T: Float> Recorded<T> {
    /// J and its gradient, with or without the part that the penalty adds to it.
    fn run(&mut self, network: &Network<T>, rows: &Rows<'_, T>, complete: bool) -> Result<T, Error> {
        let mut arguments: SmallVec<[&Tensor<T>; 8]> = smallvec![network.flat(), rows.x, rows.y];
        arguments.extend(rows.weights);
        arguments.extend(&self.masks);
        Ok(match complete {
            true => self.cost.value_and_gradient(&arguments)?,
            false => self.cost.value_and_gradient_before_decay(&arguments)?,
        })
    }
}

/// Draws who takes part in this step: 0, or `1 / (1 - rate)` so that the sum is the same on average.
fn draw<T: Float>(masks: &mut [Tensor<T>], dropout: Dropout, step: u64) {
    let stream = dropout.seed ^ u64::from_le_bytes(*b"\0dropout") ^ step.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(stream);
    // A unit is out where 32 random bits, as a fraction, are below the rate.
    let out = (dropout.rate * 2.0_f64.powi(32)) as u64;
    let (zero, stays) = (T::from_f64(0.0), T::from_f64(1.0 / (1.0 - dropout.rate)));
    for mask in masks {
        for pair in mask.as_mut_slice().chunks_mut(2) {
            let bits = random.next_u64();
            for (unit, bits) in pair.iter_mut().zip([bits >> 32, bits & 0xFFFF_FFFF]) {
                *unit = if bits < out { zero } else { stays };
            }
        }
    }
}
