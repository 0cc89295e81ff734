//! Training: rows in random batches, a gradient by the tape, a step of the optimizer.

mod full_batch;
mod stepper;
#[cfg(test)]
mod tests;

use crate::{Clip, Error, Network, Optimizer, Plateau, PlateauWatch, Schedule, Updater};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use std::ops::ControlFlow;
pub use stepper::Stepper;
use tape::{Float, Tensor};

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
/// let optimizer = Optimizer::gradient_descent(1.0);
/// let training = Training { epochs: 500, batch_size: None, ..Training::new(optimizer) };
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
    /// How the learning rate goes, step by step.
    pub schedule: Schedule,
    /// How the learning rate falls when J of an epoch stops falling, on top of the schedule; `None` for not at all.
    pub plateau: Option<Plateau>,
    /// How gradients that are too large are made smaller; `None` for not at all.
    pub clip: Option<Clip>,
}

impl Default for Training {
    /// Adam with a learning rate of 0.001, 100 epochs in batches of 32 rows, no penalty, seed 0, a constant learning rate,
    /// no clipping.
    fn default() -> Self {
        Training {
            optimizer: Optimizer::default(),
            epochs: 100,
            batch_size: Some(32),
            lambda: 0.0,
            seed: 0,
            schedule: Schedule::Constant,
            plateau: None,
            clip: None,
        }
    }
}

/// What is known after all rows have been seen once more.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// The number of the epoch, from 1.
    pub number: usize,
    /// J as the steps met it: the mean over the epoch's batches, each before its step, weighted by rows. By an optimizer that
    /// needs all rows, J after the epoch.
    pub cost: f64,
}

impl Training {
    /// A training by this optimizer, with the other settings of [`Training::default`]; all rows at once for one that needs
    /// them.
    ///
    /// ```
    /// use mlp::{Clip, Optimizer, Schedule, Training};
    /// let training = Training {
    ///     schedule: Schedule::cosine_after_warm_up(50),
    ///     clip: Some(Clip::Norm(1.0)),
    ///     ..Training::new(Optimizer::adam_w(1e-3))
    /// };
    /// assert_eq!((training.epochs, training.batch_size), (100, Some(32)));
    /// assert_eq!(Training::new(Optimizer::lbfgs()).batch_size, None);
    /// ```
    pub fn new(optimizer: Optimizer) -> Self {
        let batch_size = if optimizer.needs_all_rows() { None } else { Training::default().batch_size };
        Training { optimizer, batch_size, ..Training::default() }
    }

    /// Trains the network on rows `x: (n, n_in)` and targets `y: (n, K)` in [0, 1]. After each epoch
    /// `on_epoch` is told, and may end the training. For an optimizer that needs all rows an epoch is an iteration, and
    /// training ends before the last one where no number in the gradient is above 10⁻⁶, or no lower J is found.
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
    /// let optimizer = Optimizer::gradient_descent(0.5);
    /// let training = Training { batch_size: Some(4), seed: 1, ..Training::new(optimizer) };
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
        if self.optimizer.needs_all_rows() {
            return self.fit_whole(network, x, y, on_epoch);
        }
        let batch_size = self.batch_size.unwrap_or(n).min(n);
        let steps = self.epochs.saturating_mul(n.div_ceil(batch_size));
        let mut step = 0;
        let mut plateau = self.plateau.map(Plateau::watch);
        let mut updater = Updater::new(self.optimizer)?;
        // Another stream than that of the first parameters, which may come from the same seed.
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed ^ u64::from_le_bytes(*b"\0\0\0epoch"));
        let mut order: Vec<usize> = (0..n).collect();
        let mut stepper = Stepper::new();
        if let Some(clip) = self.clip {
            stepper = stepper.clipping(clip)?;
        }
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
                let factor =
                    self.schedule.factor(step, steps) * plateau.as_ref().map_or(1.0, PlateauWatch::factor);
                step += 1;
                let cost = stepper.step(network, &batch.0, &batch.1, lambda, &mut updater, factor)?.to_f64();
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
            if let Some(plateau) = &mut plateau {
                plateau.observe(epoch.cost);
            }
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
        self.schedule.checked()?;
        if let Some(plateau) = self.plateau {
            plateau.checked()?;
        }
        if let Some(clip) = self.clip {
            clip.checked::<T>()?;
        }
        Ok(())
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
