//! Training: rows in random batches, a gradient by the tape, a step of the optimizer.

mod batches;
mod checkpoint;
mod early_stopping;
mod observer;
mod run;
mod stepper;
#[cfg(test)]
mod tests;

use crate::objective::{Dropout, Objective, Rows};
use crate::optimizer::within;
use crate::{Clip, Error, Loss, Network, Optimizer, Plateau, Schedule};
pub(crate) use batches::Batches;
pub use checkpoint::CheckpointErrorKind;
pub use early_stopping::EarlyStopping;
pub use observer::{JsonLines, Observer, Progress};
pub use run::{End, Report, Run};
use serde::{Deserialize, Serialize};
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// How the gradient moves the parameters.
    pub optimizer: Optimizer,
    /// How often all rows are seen, at least once.
    pub epochs: usize,
    /// How many rows make a step, at least one; `None` for all of them, in their order.
    pub batch_size: Option<usize>,
    /// The loss of a row; `None` for the one of the network's output.
    pub loss: Option<Loss>,
    /// λ, the weight of the penalty λ/2n Σ θ², n being all rows also where a step sees a few; at least 0.
    pub lambda: f64,
    /// λ₁, the weight of the penalty λ₁/n Σ |θ|; at least 0.
    pub l1: f64,
    /// How likely a hidden unit is left out of a step, from 0 to below 1: see [`Dropout`].
    pub dropout: f64,
    /// ε, by which the targets of a cross-entropy move towards "any": `(1 - ε) y + ε/K` under a softmax over K classes
    /// (Szegedy et al. 2016, section 7), `(1 - ε) y + ε/2` for sigmoids; from 0 to below 1.
    pub label_smoothing: f64,
    /// The seed of the order in which rows come, and of who is left out.
    pub seed: u64,
    /// How the learning rate goes, step by step.
    pub schedule: Schedule,
    /// How the learning rate falls when the loss that is watched stops falling, on top of the schedule; `None` for not at
    /// all.
    pub plateau: Option<Plateau>,
    /// How gradients that are too large are made smaller; `None` for not at all.
    pub clip: Option<Clip>,
    /// When training ends before its last epoch; `None` for never.
    pub early_stopping: Option<EarlyStopping>,
    /// For an optimizer that needs all rows: training ends where no number in the gradient is larger.
    pub gradient_tolerance: f64,
    /// What training may cost.
    pub budget: Budget,
}

/// What a training may cost at most. The [`Report`] has the steps that it came to, so that a run that time cut short can be
/// done again to the bit.
///
/// ```
/// use mlp::{Budget, Training};
/// let training = Training { budget: Budget { seconds: Some(10.0), ..Budget::default() }, ..Training::default() };
/// assert_eq!(training.budget.steps, None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Seconds, looked at after each step; those before a run was interrupted count.
    pub seconds: Option<f64>,
    /// Steps, or iterations of an optimizer that needs all rows.
    pub steps: Option<u64>,
    /// Evaluations of J and its gradient on a step's rows: one for each step, or as many as a line search needs.
    pub evaluations: Option<u64>,
}

impl Default for Training {
    /// Adam with a learning rate of 0.001, 100 epochs in batches of 32 rows, no penalty, seed 0, a constant learning rate,
    /// no clipping, no early end, no bound on its cost.
    fn default() -> Self {
        Training {
            optimizer: Optimizer::default(),
            epochs: 100,
            batch_size: Some(32),
            loss: None,
            lambda: 0.0,
            l1: 0.0,
            dropout: 0.0,
            label_smoothing: 0.0,
            seed: 0,
            schedule: Schedule::Constant,
            plateau: None,
            clip: None,
            early_stopping: None,
            gradient_tolerance: 1e-6,
            budget: Budget::default(),
        }
    }
}

/// What is known after all rows have been seen once more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Epoch {
    /// The number of the epoch, from 1.
    pub number: usize,
    /// J as the steps met it: the mean over the epoch's batches, each before its step, weighted by rows. By an optimizer that
    /// needs all rows, J after the epoch.
    pub cost: f64,
    /// The loss of the rows that were held out, without penalties, after the epoch.
    pub held_out: Option<f64>,
    /// The learning rate of the epoch's last step; none where a line search chooses the length of a step.
    pub learning_rate: Option<f64>,
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

    /// Trains the network on rows `x: (n, n_in)` and targets `y: (n, K)`. After each epoch `on_epoch` is told, and may end
    /// the training. For an optimizer that needs all rows an epoch is an iteration, and training ends before the last one
    /// where the gradient is small enough, or no lower J is found. [`start`](Training::start) has all else: weights, rows
    /// that are held out, observers, checkpoints.
    ///
    /// # Errors
    /// When a setting is out of its range, the shapes do not fit, or the cost is no longer finite; the network then is as
    /// the last good epoch left it.
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
        on_epoch: impl FnMut(&Epoch, &Network<T>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.start(network, (x, y))?.on_epoch(on_epoch).finish().map(drop)
    }

    /// A run of this training, to be told what else there is and then [finished](Run::finish). It goes on from the
    /// parameters that the network has.
    ///
    /// Weights are taken as shares: they are scaled so that their mean is 1.
    ///
    /// # Errors
    /// When a setting is out of its range, the shapes do not fit, a weight is negative or not finite, or all are zero.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{End, Network, Optimizer, Rows, Training};
    /// use tape::Tensor;
    /// let (x, y) = (Tensor::full(&[2, 1], 1.0), Tensor::from_slice(&[0.0, 1.0], &[2, 1])?);
    /// let weights = Tensor::from_slice(&[1.0, 3.0], &[2, 1])?;
    /// let mut network = Network::<f64>::new(&[1, 1], 0)?;
    /// let rows = Rows { x: &x, y: &y, weights: Some(&weights) };
    /// let report = Training::new(Optimizer::lbfgs()).start(&mut network, rows)?.finish()?;
    /// assert_eq!(report.end, End::Gradient);
    /// assert!((network.predict_proba(&x)?.to_vec()[0] - 0.75).abs() < 1e-5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn start<'a, T: Float>(
        &self,
        network: &'a mut Network<T>,
        rows: impl Into<Rows<'a, T>>,
    ) -> Result<Run<'a, T>, Error> {
        Run::new(self, network, rows.into())
    }

    /// The objective of a step that sees a batch of rows, of n in all: the penalties count once an epoch, so λ/2n for n rows
    /// is λ b/n over 2b for the b of a batch.
    pub(crate) fn objective(&self, batch: usize, n: usize) -> Objective {
        let share = batch as f64 / n as f64;
        let dropout = (self.dropout > 0.0).then_some(Dropout { rate: self.dropout, seed: self.seed });
        Objective { loss: self.loss, lambda: self.lambda * share, l1: self.l1 * share, dropout }
    }

    /// An error unless every setting is within its range.
    pub(crate) fn checked<T: Float>(&self) -> Result<(), Error> {
        self.optimizer.checked::<T>()?;
        let refuse = |setting, wants, got: String| Err(Error::Setting { setting, wants, got });
        if self.epochs == 0 {
            return refuse("epochs", "at least 1", "0".to_owned());
        }
        if self.batch_size == Some(0) {
            return refuse("batch size", "at least 1", "0".to_owned());
        }
        self.objective(1, 1).checked()?;
        let is_share = |share: f64| (0.0..1.0).contains(&share);
        within("dropout", "a rate from 0 to below 1", self.dropout, is_share(self.dropout))?;
        let epsilon = self.label_smoothing;
        within("label smoothing", "a number from 0 to below 1", epsilon, is_share(epsilon))?;
        let tolerance = self.gradient_tolerance;
        within(
            "gradient tolerance",
            "a finite number from 0 up",
            tolerance,
            (0.0..f64::INFINITY).contains(&tolerance),
        )?;
        self.schedule.checked()?;
        if let Some(plateau) = self.plateau {
            plateau.checked()?;
        }
        if let Some(clip) = self.clip {
            clip.checked::<T>()?;
        }
        if let Some(early_stopping) = self.early_stopping {
            early_stopping.checked()?;
        }
        if let Some(seconds) = self.budget.seconds {
            within("seconds", "a number above 0", seconds, seconds > 0.0)?;
        }
        for (name, most) in [("steps", self.budget.steps), ("evaluations", self.budget.evaluations)] {
            if most == Some(0) {
                return refuse(name, "at least 1", "0".to_owned());
            }
        }
        match self.optimizer.needs_all_rows() {
            true => self.check_whole(),
            false => Ok(()),
        }
    }

    /// An error where a setting is of no use to an optimizer with a line search.
    fn check_whole(&self) -> Result<(), Error> {
        let refuse = |setting, wants, got| Err(Error::Setting { setting, wants, got });
        if let Some(rows) = self.batch_size {
            let wants = "all rows (`None`) for an optimizer with a line search";
            return refuse("batch size", wants, rows.to_string());
        }
        if self.schedule != Schedule::Constant {
            let wants = "`Constant` for an optimizer with a line search";
            return refuse("schedule", wants, format!("{:?}", self.schedule));
        }
        if self.plateau.is_some() {
            let wants = "`None` for an optimizer with a line search";
            return refuse("plateau", wants, format!("{:?}", self.plateau));
        }
        if self.clip.is_some() {
            return refuse("clip", "`None` for an optimizer with a line search", format!("{:?}", self.clip));
        }
        let wants = "0 for an optimizer with a line search, whose J must not change from look to look";
        within("dropout", wants, self.dropout, self.dropout == 0.0)
    }
}
