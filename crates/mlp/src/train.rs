//! Training: rows in random batches, a gradient by the tape, a step of the optimizer.

use crate::{Activation, Error, Network, Optimizer, loss};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use std::ops::ControlFlow;
use tape::{Float, Tensor, TensorProgram};

/// How a network is trained. The same settings, data and network give the same bits.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Network, Optimizer, Training};
/// use std::ops::ControlFlow;
/// use tape::Tensor;
///
/// // Logistic regression learns OR.
/// let x = Tensor::from_slice(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], &[4, 2])?;
/// let y = Tensor::from_slice(&[0.0, 1.0, 1.0, 1.0], &[4, 1])?;
/// let mut network = Network::<f64>::new(&[2, 1], 0)?;
/// let optimizer = Optimizer::GradientDescent { learning_rate: 1.0 };
/// let training = Training { optimizer, epochs: 500, batch_size: None, lambda: 0.0, seed: 0 };
/// training.fit(&mut network, &x, &y, |_, _| ControlFlow::Continue(()))?;
/// assert_eq!(network.predict(&x)?, [0, 1, 1, 1]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// How the gradient moves the parameters.
    pub optimizer: Optimizer,
    /// How often all rows are seen, at least once.
    pub epochs: usize,
    /// How many rows make a step, at least one; `None` for all of them, in their order.
    pub batch_size: Option<usize>,
    /// λ, the weight of the penalty λ/2n Σ θ², n being all rows also where a step sees a few; at least 0.
    pub lambda: f64,
    /// The seed of the order in which rows come.
    pub seed: u64,
}

/// What is known after all rows have been seen once more.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// The number of the epoch, from 1.
    pub number: usize,
    /// J as the steps met it: the mean over the epoch's batches, each before its step, weighted by rows.
    pub cost: f64,
}

impl Training {
    /// Trains the network on rows `x: (n, n_in)` and targets `y: (n, K)` in [0, 1]. After each epoch
    /// `on_epoch` is told, and may end the training.
    ///
    /// # Errors
    /// When a setting is out of its range, the shapes do not fit, or the cost is no longer finite; the network
    /// then is as the last finite step left it.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Network, Optimizer, Training};
    /// use std::ops::ControlFlow;
    /// use tape::Tensor;
    /// let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
    /// let mut network = Network::<f32>::new(&[1, 1], 0)?;
    /// let optimizer = Optimizer::GradientDescent { learning_rate: 0.5 };
    /// let training = Training { optimizer, epochs: 100, batch_size: Some(4), lambda: 0.0, seed: 1 };
    /// let mut costs = Vec::new();
    /// training.fit(&mut network, &x, &y, |epoch, _| {
    ///     costs.push(epoch.cost);
    ///     if epoch.cost < 0.1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    /// })?;
    /// assert!(costs.len() < 100 && costs.last() < costs.first());
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit<T: Float>(
        &self,
        network: &mut Network<T>,
        x: &Tensor<T>,
        y: &Tensor<T>,
        mut on_epoch: impl FnMut(&Epoch, &Network<T>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.check::<T>()?;
        let n = rows(x, y)?;
        let batch_size = self.batch_size.unwrap_or(n).min(n);
        // Another stream than that of the first parameters, which may come from the same seed.
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed ^ u64::from_le_bytes(*b"\0\0\0epoch"));
        let mut order: Vec<usize> = (0..n).collect();
        let mut stepper = Stepper::new();
        for number in 1..=self.epochs {
            if self.batch_size.is_some() {
                order.shuffle(&mut random);
            }
            let mut total = 0.0;
            for chosen in order.chunks(batch_size) {
                let whole = self.batch_size.is_none();
                let batch = if whole { (x.clone(), y.clone()) } else { (pick(x, chosen), pick(y, chosen)) };
                // The penalty counts once an epoch: λ/2n for n rows is λ b/n over 2b for the b of a batch.
                let lambda = T::from_f64(self.lambda * chosen.len() as f64 / n as f64);
                let cost = stepper.step(network, &batch.0, &batch.1, lambda, self.optimizer)?.to_f64();
                if !cost.is_finite() {
                    return Err(Error::Diverged { epoch: number, cost });
                }
                total += cost * chosen.len() as f64;
            }
            // A last step too far shows in no cost any more.
            if !network.parameters().iter().all(|p| p.to_f64().is_finite()) {
                return Err(Error::Diverged { epoch: number, cost: f64::NAN });
            }
            let epoch = Epoch { number, cost: total / n as f64 };
            if on_epoch(&epoch, network).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn check<T: Float>(&self) -> Result<(), Error> {
        self.optimizer.checked::<T>()?;
        let refuse = |setting, wants, got: String| Err(Error::Setting { setting, wants, got });
        if self.epochs == 0 {
            return refuse("epochs", "at least 1", "0".to_owned());
        }
        if self.batch_size == Some(0) {
            return refuse("batch size", "at least 1", "0".to_owned());
        }
        if !(self.lambda.is_finite() && self.lambda >= 0.0) {
            return refuse("lambda", "a finite number from 0 up", self.lambda.to_string());
        }
        Ok(())
    }
}

/// The step of training. J is recorded when a step is the first of its shapes, and run again in every later one, so
/// that after the first nothing is recorded and nothing allocated.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Network, Optimizer, Stepper};
/// use tape::Tensor;
/// let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
/// let mut network = Network::<f32>::new(&[1, 1], 0)?;
/// let mut stepper = Stepper::new();
/// let descent = Optimizer::GradientDescent { learning_rate: 0.5 };
/// let first = stepper.step(&mut network, &x, &y, 0.0, descent)?;
/// assert!(stepper.step(&mut network, &x, &y, 0.0, descent)? < first);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Stepper<T: Float = f64> {
    /// The one used last stands last.
    recorded: Vec<Recorded<T>>,
}

/// How many recordings a stepper keeps: whole batches, and the rows that are left over at the end of an epoch.
const MOST_RECORDED: usize = 4;

/// Parameters whose penalty is added to the gradient, and all moved in one loop; where there are more, a pass over them takes
/// longer than a loop for each layer.
const FEW: usize = 16 * 1024;

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
        Stepper { recorded: Vec::new() }
    }

    /// One step on rows `x: (n, n_in)` and targets `y: (n, K)`: J and its gradient, and the parameters moved in place;
    /// returns J as it was before. If J is not finite nothing is moved.
    ///
    /// # Errors
    /// When the shapes do not fit, a target is outside [0, 1], or the learning rate can't train.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::Tensor;
    /// let mut network = mlp::Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
    /// let (x, y) = (Tensor::full(&[2, 1], 3.0), Tensor::full(&[2, 1], 1.0));
    /// let descent = mlp::Optimizer::GradientDescent { learning_rate: 1.0 };
    /// mlp::Stepper::new().step(&mut network, &x, &y, 0.0, descent)?;
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
        optimizer: Optimizer,
    ) -> Result<T, Error> {
        let optimizer = optimizer.checked::<T>()?;
        network.check(x, y)?;
        let program = self.cost(network, x, y, lambda)?;
        let arguments = [network.flat(), x, y];
        let cost = match network.flat().len() < FEW {
            true => program.value_and_gradient(&arguments)?,
            false => program.value_and_gradient_before_decay(&arguments)?,
        };
        if let Some(gradient) = program.gradient(0)
            && cost.to_f64().is_finite()
        {
            optimizer.step(network.parameters_mut(), gradient.as_slice(), program.decay(0));
        }
        Ok(cost)
    }

    /// J for this network, these shapes and this λ, recorded if it is not yet.
    fn cost(
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

/// How many rows there are of both.
fn rows<T: Float>(x: &Tensor<T>, y: &Tensor<T>) -> Result<usize, Error> {
    match (x.shape(), y.shape()) {
        ([n, _], [targets, _]) if n == targets && *n > 0 => Ok(*n),
        (x, y) => {
            let wants = "x: (n, n_in) and y: (n, K) with the same n from 1 up";
            Err(Error::shape("fit", wants, format!("{x:?} and {y:?}")))
        }
    }
}

/// The chosen rows, one after the other.
fn pick<T: Float>(from: &Tensor<T>, chosen: &[usize]) -> Tensor<T> {
    let columns = from.shape()[1];
    let mut batch = Tensor::zeros(&[chosen.len(), columns]);
    let rows = batch.as_mut_slice().chunks_exact_mut(columns.max(1));
    for (row, &k) in rows.zip(chosen) {
        row.copy_from_slice(&from.as_slice()[k * columns..(k + 1) * columns]);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(learning_rate: f64, epochs: usize) -> Result<(), Error> {
        let (x, y) = (Tensor::full(&[4, 1], 1.0), Tensor::full(&[4, 1], 1.0));
        let mut network = Network::<f32>::new(&[1, 1], 0)?;
        let optimizer = Optimizer::GradientDescent { learning_rate };
        let training = Training { optimizer, epochs, batch_size: None, lambda: 0.0, seed: 0 };
        training.fit(&mut network, &x, &y, |_, _| ControlFlow::Continue(()))
    }

    #[test]
    fn a_rate_that_the_precision_cannot_hold_is_refused() {
        for rate in [1e300, 1e-60, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(fit(rate, 1), Err(Error::Setting { setting: "learning rate", .. })), "{rate}");
        }
    }

    #[test]
    fn steps_of_few_and_of_many_parameters_are_those_by_hand() {
        for sizes in [[20, 10, 3], [150, 120, 3]] {
            let wave = |count: usize| (0..count).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<_>>();
            let (x, y) = (wave(5 * sizes[0]), wave(5 * 3).iter().map(|y| y.abs()).collect::<Vec<_>>());
            let rows = |of: &[f64]| Tensor::from_slice(of, &[5, of.len() / 5]).unwrap();
            let mut network = Network::new(&sizes, 0).unwrap();
            let mut parameters = network.parameters().to_vec();
            assert_eq!(parameters.len() > FEW, sizes[0] == 150);
            let mut by_hand = crate::Backprop::new(&sizes, 5).unwrap();
            let mut stepper = Stepper::new();
            let descent = Optimizer::GradientDescent { learning_rate: 0.5 };
            for _ in 0..3 {
                let want = by_hand.step(&mut parameters, &x, &y, 2.0, 0.5).unwrap();
                let got = stepper.step(&mut network, &rows(&x), &rows(&y), 2.0, descent).unwrap();
                assert!((got - want).abs() <= 1e-14 * want, "{got} {want}");
            }
            for (got, want) in network.parameters().iter().zip(&parameters) {
                assert!((got - want).abs() <= 1e-14, "{got} {want}");
            }
        }
    }

    #[test]
    fn a_last_step_that_leaves_no_finite_parameters_is_an_error() {
        assert!(fit(1.0, 1).is_ok());
        let far = Tensor::full(&[4, 1], 1e30_f32);
        let mut network = Network::<f32>::from_parameters(&[1, 1], vec![0.0, 0.0]).unwrap();
        let optimizer = Optimizer::GradientDescent { learning_rate: 1e30 };
        let training = Training { optimizer, epochs: 1, batch_size: None, lambda: 0.0, seed: 0 };
        let y = Tensor::full(&[4, 1], 1.0);
        let fitted = training.fit(&mut network, &far, &y, |_, _| ControlFlow::Continue(()));
        assert!(matches!(fitted, Err(Error::Diverged { epoch: 1, .. })), "{fitted:?}");
    }

    #[test]
    fn zero_layer_sizes_are_refused_by_the_scalar_cost() {
        for sizes in [&[1, 0][..], &[1, 0, 1], &[0, 1]] {
            assert!(loss::cost_in_scalars(sizes, &[0.0], &[1.0], &[1.0], 0.0).is_err(), "{sizes:?}");
        }
    }
}
