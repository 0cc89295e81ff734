//! A training under way: one step after the other, until there is an end.

use super::batches::Batches;
use super::checkpoint::Checkpoints;
use super::early_stopping::Watch;
use super::observer::OnEpoch;
use super::{Epoch, Observer, Progress, Stepper, Training};
use crate::data::Sampler;
use crate::objective::{Objective, Rows};
use crate::optimizer::{self, ConjugateGradient, Lbfgs, Minimizer};
use crate::{Error, Network, Optimizer, Output, PlateauWatch, Updater};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;
use tape::{Float, Tensor};

/// A training that [`Training::start`] has made ready: say who is told, which rows are held out, where checkpoints go, then
/// [`finish`](Run::finish).
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{EarlyStopping, End, Network, Optimizer, Training};
/// use tape::Tensor;
/// // Targets that mean nothing: what is learnt of the first rows is wrong for the others.
/// let x = Tensor::from_slice(&[-1.0, -0.5, 0.5, 1.0], &[4, 1])?;
/// let (y, other) = (Tensor::from_slice(&[0.0, 0.0, 1.0, 1.0], &[4, 1])?, Tensor::full(&[4, 1], 0.5));
/// let mut network = Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
/// let training = Training {
///     batch_size: None,
///     early_stopping: Some(EarlyStopping { patience: 3, ..EarlyStopping::default() }),
///     ..Training::new(Optimizer::gradient_descent(1.0))
/// };
/// let report = training.start(&mut network, (&x, &y))?.hold_out((&x, &other))?.finish()?;
/// assert_eq!((report.end, report.history.len(), report.best_epoch), (End::EarlyStopping, 4, Some(1)));
/// # Ok(())
/// # }
/// ```
pub struct Run<'a, T: Float = f64> {
    pub(super) training: Training,
    pub(super) network: &'a mut Network<T>,
    pub(super) x: &'a Tensor<T>,
    pub(super) y: Tensor<T>,
    pub(super) weights: Option<Tensor<T>>,
    pub(super) held_out: Option<Rows<'a, T>>,
    observers: Vec<Box<dyn Observer<T> + 'a>>,
    pub(super) checkpoints: Option<Checkpoints>,
    pub(super) state: State<T>,
    pub(super) batches: Batches<T>,
    stepper: Stepper<T>,
    /// Where a line search stands.
    theta: Vec<T>,
    since: Instant,
}

/// All that a run has come to: what a checkpoint holds.
pub(super) struct State<T: Float> {
    /// Epochs that are over.
    pub(super) epoch: usize,
    /// Steps of the present epoch that are done, and the sum of their costs, each times its rows.
    pub(super) place: usize,
    pub(super) total: f64,
    /// Steps in all.
    pub(super) steps: u64,
    pub(super) mover: Mover<T>,
    pub(super) plateau: Option<PlateauWatch>,
    /// The parameters after the last epoch, all finite.
    pub(super) good: Vec<T>,
    pub(super) watch: Watch<T>,
    pub(super) history: Vec<Epoch>,
    /// Seconds before the run was interrupted.
    pub(super) seconds: f64,
}

/// What moves the parameters.
pub(super) enum Mover<T: Float> {
    Steps(Updater<T>),
    Lines(Minimizer<T>),
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum End {
    /// All epochs were seen.
    Epochs,
    /// The loss that was watched no longer fell: [`EarlyStopping`](crate::EarlyStopping).
    EarlyStopping,
    /// The gradient is as small as was asked for.
    Gradient,
    /// The line search found no lower J: rounding is all that is left.
    LineSearch,
    /// The time was over: [`Budget`](crate::Budget).
    Seconds,
    /// The steps were used up.
    Steps,
    /// The evaluations were used up.
    Evaluations,
    /// An [`Observer`] said so.
    Observer,
}

/// What a training came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Why it ended.
    pub end: End,
    /// Each epoch that was finished.
    pub history: Vec<Epoch>,
    /// Steps, or iterations of an optimizer that needs all rows: as [`Budget::steps`](crate::Budget), they make a run that
    /// time or an observer cut short once more, to the bit.
    pub steps: u64,
    /// The epoch after which the held-out loss was least, whose parameters the network has; none where no rows were held
    /// out, or [`EarlyStopping`](crate::EarlyStopping) was not asked for.
    pub best_epoch: Option<usize>,
}

impl<'a, T: Float> Run<'a, T> {
    pub(super) fn new(
        training: &Training,
        network: &'a mut Network<T>,
        rows: Rows<'a, T>,
    ) -> Result<Self, Error> {
        training.checked::<T>()?;
        let n = checked_rows(&rows)?;
        network.check(&rows)?;
        let weights = rows.weights.map(shares).transpose()?;
        let y = smoothed(rows.y, network.output(), training.label_smoothing)?;
        let count = network.parameters().len();
        let mover = match training.optimizer {
            Optimizer::Lbfgs { .. } | Optimizer::ConjugateGradient => {
                Mover::Lines(minimizer(training, count)?)
            }
            optimizer => Mover::Steps(Updater::new(optimizer)?),
        };
        let mut stepper = Stepper::new();
        if let Some(clip) = training.clip {
            stepper = stepper.clipping(clip)?;
        }
        let state = State {
            epoch: 0,
            place: 0,
            total: 0.0,
            steps: 0,
            mover,
            plateau: training.plateau.map(|plateau| plateau.watch()),
            good: network.parameters().to_vec(),
            watch: Watch::new(),
            history: Vec::with_capacity(training.epochs.min(1000)),
            seconds: 0.0,
        };
        Ok(Run {
            batches: Batches::new(n, training.batch_size, training.seed),
            training: training.clone(),
            network,
            x: rows.x,
            y,
            weights,
            held_out: None,
            observers: Vec::new(),
            checkpoints: None,
            state,
            stepper,
            theta: Vec::new(),
            since: Instant::now(),
        })
    }

    /// The same run with these rows held out: their loss is taken after each epoch, and is what early stopping and the
    /// plateau watch.
    ///
    /// # Errors
    /// When the shapes do not fit, there are no rows, or a weight is negative or not finite.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Network, Training};
    /// use tape::Tensor;
    /// let (x, y) = (Tensor::full(&[2, 1], 1.0), Tensor::full(&[2, 1], 1.0));
    /// let mut network = Network::<f64>::new(&[1, 1], 0)?;
    /// let training = Training { epochs: 1, ..Training::default() };
    /// let report = training.start(&mut network, (&x, &y))?.hold_out((&x, &y))?.finish()?;
    /// assert!(report.history[0].held_out < Some(report.history[0].cost)); // one step later
    /// # Ok(())
    /// # }
    /// ```
    pub fn hold_out(mut self, rows: impl Into<Rows<'a, T>>) -> Result<Self, Error> {
        let rows = rows.into();
        checked_rows(&rows)?;
        self.network.check(&rows)?;
        if let Some(weights) = rows.weights {
            shares(weights)?;
        }
        self.held_out = Some(rows);
        Ok(self)
    }

    /// The same run with the rows of each epoch drawn by this sampler, in the place of a shuffle: classes in equal shares in
    /// each batch, or rows as likely as they have weight.
    ///
    /// # Errors
    /// When it is one of another number of rows or draws none, or a step sees all rows.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::Sampler;
    /// use mlp::{Network, Training};
    /// use tape::Tensor;
    /// let (x, y) = (Tensor::full(&[4, 1], 1.0), Tensor::from_slice(&[0.0, 1.0, 1.0, 1.0], &[4, 1])?);
    /// let mut network = Network::<f64>::new(&[1, 1], 0)?;
    /// let first_as_often_as_the_others = Sampler::weighted(&[3.0, 1.0, 1.0, 1.0], 1000, 0)?;
    /// let run = Training { epochs: 20, ..Training::default() }.start(&mut network, (&x, &y))?;
    /// run.sample(first_as_often_as_the_others)?.finish()?;
    /// assert!((network.predict_proba(&x)?.to_vec()[0] - 0.5).abs() < 0.05);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sample(mut self, sampler: Sampler) -> Result<Self, Error> {
        let n = self.x.shape()[0];
        let Some(size) = self.training.batch_size else {
            let wants = "a number of rows where a sampler draws them";
            return Err(Error::Setting { setting: "batch size", wants, got: "all rows".to_owned() });
        };
        if sampler.n_rows() != n || sampler.draws() == 0 {
            let got = format!("{} draws from {}", sampler.draws(), sampler.n_rows());
            return Err(Error::shape("sample", format!("draws from {n} rows"), got));
        }
        self.batches = Batches::of(sampler, size);
        Ok(self)
    }

    /// The same run with one more who is told how it goes.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{JsonLines, Network, Training};
    /// use tape::Tensor;
    /// let (x, y) = (Tensor::full(&[2, 1], 1.0), Tensor::full(&[2, 1], 1.0));
    /// let (mut network, mut lines) = (Network::<f64>::new(&[1, 1], 0)?, Vec::new());
    /// Training::default().start(&mut network, (&x, &y))?.observe(JsonLines::new(&mut lines)).finish()?;
    /// assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 101); // 100 epochs, and the end
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn observe(mut self, observer: impl Observer<T> + 'a) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// The same run, this function being told of each epoch; a break ends it.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{End, Network, Training};
    /// use std::ops::ControlFlow;
    /// use tape::Tensor;
    /// let (x, y) = (Tensor::full(&[2, 1], 1.0), Tensor::full(&[2, 1], 1.0));
    /// let mut network = Network::<f64>::new(&[1, 1], 0)?;
    /// let run = Training::default().start(&mut network, (&x, &y))?;
    /// let report = run.on_epoch(|_, _| ControlFlow::Break(())).finish()?;
    /// assert_eq!((report.end, report.history.len()), (End::Observer, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_epoch(self, on_epoch: impl FnMut(&Epoch, &Network<T>) -> ControlFlow<()> + 'a) -> Self {
        self.observe(OnEpoch(on_epoch))
    }

    /// The same run, which leaves a checkpoint at `path` after every so many steps, after each epoch and at its end: a file
    /// that is there whole or as it was before.
    ///
    /// # Errors
    /// When `every` is zero, or the file could not be written.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use mlp::{Network, Training};
    /// use tape::Tensor;
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("run.checkpoint");
    /// let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
    /// let fresh = Network::<f64>::new(&[1, 1], 0)?;
    /// let training = Training { epochs: 4, ..Training::default() };
    /// let (mut whole, mut parts) = (fresh.clone(), fresh.clone());
    /// training.start(&mut whole, (&x, &y))?.finish()?;
    ///
    /// let half = Training { epochs: 2, ..training.clone() };
    /// half.start(&mut parts, (&x, &y))?.checkpoint(&path, 1000)?.finish()?;
    /// // In another process, perhaps: the network may be any of the same kind.
    /// let mut resumed = fresh;
    /// training.start(&mut resumed, (&x, &y))?.resume(&path)?.finish()?;
    /// assert_eq!(resumed.parameters(), whole.parameters());
    /// # Ok(())
    /// # }
    /// ```
    pub fn checkpoint(mut self, path: impl AsRef<Path>, every: u64) -> Result<Self, Error> {
        self.checkpoints = Some(Checkpoints::new(path.as_ref(), every)?);
        Ok(self)
    }

    /// The same run, going on from the checkpoint in the file at `path`: the parameters of the network, the moments of the
    /// optimizer and all else are those of the run that wrote it, and what comes is, to the bit, what would have come.
    ///
    /// # Errors
    /// When the file can't be read, is no checkpoint, is damaged, or is one of another network, other settings (but for the
    /// number of epochs and the budget) or other rows.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::{Network, Training};
    /// # use tape::Tensor;
    /// # let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
    /// # let mut network = Network::<f64>::new(&[1, 1], 0)?;
    /// let error = Training::default().start(&mut network, (&x, &y))?.resume("no such file").err();
    /// assert!(error.is_some_and(|error| error.to_string().starts_with("cannot read no such file: ")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(mut self, path: impl AsRef<Path>) -> Result<Self, Error> {
        self.restore(path.as_ref())?;
        Ok(self)
    }

    /// Trains until there is an end, and says what it came to.
    ///
    /// # Errors
    /// When J is no longer finite, the network then being as the last good epoch left it; when a checkpoint can't be
    /// written; and whatever an observer says.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Budget, End, Network, Training};
    /// use tape::Tensor;
    /// let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
    /// let mut network = Network::<f64>::new(&[1, 1], 0)?;
    /// let budget = Budget { steps: Some(7), ..Budget::default() };
    /// let training = Training { batch_size: Some(2), budget, ..Training::default() };
    /// let report = training.start(&mut network, (&x, &y))?.finish()?;
    /// assert_eq!((report.end, report.steps, report.history.len()), (End::Steps, 7, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn finish(mut self) -> Result<Report, Error> {
        let end = loop {
            if let Some(end) = self.over() {
                break end;
            }
            let ended = match self.state.mover {
                Mover::Steps(_) => self.step()?,
                Mover::Lines(_) => self.iterate()?,
            };
            if let Some(end) = ended {
                break end;
            }
        };
        self.save()?;
        let best_epoch = self.restore_best();
        let State { history, steps, .. } = self.state;
        let report = Report { end, history, steps, best_epoch };
        self.observers.iter_mut().try_for_each(|observer| observer.end(&report))?;
        Ok(report)
    }

    /// Whether epochs, steps or seconds are used up.
    fn over(&self) -> Option<End> {
        let budget = self.training.budget;
        if self.state.epoch >= self.training.epochs {
            return Some(End::Epochs);
        }
        if budget.steps.is_some_and(|steps| self.state.steps >= steps) {
            return Some(End::Steps);
        }
        let evaluations = match &self.state.mover {
            Mover::Steps(_) => self.state.steps,
            Mover::Lines(minimizer) => minimizer.evaluations as u64,
        };
        if budget.evaluations.is_some_and(|most| evaluations >= most) {
            return Some(End::Evaluations);
        }
        budget.seconds.is_some_and(|seconds| self.seconds() >= seconds).then_some(End::Seconds)
    }

    /// One batch.
    fn step(&mut self) -> Result<Option<End>, Error> {
        let Run { training, network, batches, stepper, state, .. } = self;
        let Mover::Steps(updater) = &mut state.mover else { unreachable!("who steps has an updater") };
        let (epoch, count) = (state.epoch + 1, batches.count());
        let n = self.x.shape()[0];
        let objective = training.objective(batches.rows(state.place), n);
        let total = training.epochs.saturating_mul(count);
        let scheduled = training.schedule.factor(state.epoch * count + state.place, total);
        let factor = scheduled * state.plateau.as_ref().map_or(1.0, PlateauWatch::factor);
        let rows = Rows { x: self.x, y: &self.y, weights: self.weights.as_ref() };
        let batch = batches.batch(&rows, epoch, state.place);
        let in_batch = batch.x.shape()[0];
        let cost = stepper.step(network, batch, &objective, updater, factor)?.to_f64();
        if !cost.is_finite() {
            return Err(self.diverged(epoch, cost));
        }
        state.place += 1;
        state.steps += 1;
        state.total += cost * in_batch as f64;
        let rate = training.optimizer.learning_rate().map(|rate| rate * factor);
        let progress = Progress { epoch, epochs: training.epochs, step: state.place, steps: count, cost };
        let mut end = self.tell_step(&progress)?;
        if self.state.place == count {
            let cost = self.state.total / self.batches.draws() as f64;
            (self.state.place, self.state.total) = (0, 0.0);
            end = self.end_epoch(cost, rate)?.or(end);
        } else if self.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.are_due(self.state.steps)) {
            self.save()?;
        }
        Ok(end)
    }

    /// One iteration of an optimizer that needs all rows.
    fn iterate(&mut self) -> Result<Option<End>, Error> {
        let Run { training, network, stepper, state, theta, .. } = self;
        let Mover::Lines(minimizer) = &mut state.mover else { unreachable!("who searches has a minimiser") };
        let n = self.x.shape()[0];
        let objective: Objective = training.objective(n, n);
        let rows = Rows { x: self.x, y: &self.y, weights: self.weights.as_ref() };
        theta.clone_from(&state.good);
        let before = minimizer.iterations;
        let found = minimizer.iterate(theta, &mut |at, gradient| {
            network.parameters_mut().copy_from_slice(at);
            stepper.cost_and_gradient(network, &rows, &objective, gradient)
        });
        // The line search may have looked elsewhere last.
        network.parameters_mut().copy_from_slice(theta);
        let (found, cost, stepped) = (found?, minimizer.value(), minimizer.iterations > before);
        let end = match found {
            None => None,
            Some(optimizer::End::NotFinite) => {
                let epoch = state.epoch + 1;
                return Err(self.diverged(epoch, cost));
            }
            Some(optimizer::End::Gradient) => Some(End::Gradient),
            Some(_) => Some(End::LineSearch),
        };
        if !stepped {
            return Ok(end);
        }
        state.steps += 1;
        let epoch = state.epoch + 1;
        let progress = Progress { epoch, epochs: training.epochs, step: 1, steps: 1, cost };
        let told = self.tell_step(&progress)?;
        let epoch_end = self.end_epoch(cost, None)?;
        Ok(end.or(epoch_end).or(told))
    }

    /// What there is to do after an epoch.
    fn end_epoch(&mut self, cost: f64, learning_rate: Option<f64>) -> Result<Option<End>, Error> {
        let number = self.state.epoch + 1;
        // A last step too far shows in no cost any more.
        if !self.network.parameters().iter().all(|p| p.to_f64().is_finite()) {
            return Err(self.diverged(number, f64::NAN));
        }
        self.state.good.copy_from_slice(self.network.parameters());
        self.state.epoch = number;
        let held_out = match &self.held_out {
            Some(rows) => Some(self.network.loss(*rows, self.training.loss)?.to_f64()),
            None => None,
        };
        let epoch = Epoch { number, cost, held_out, learning_rate };
        self.state.history.push(epoch);
        let watched = held_out.unwrap_or(cost);
        if let Some(plateau) = &mut self.state.plateau {
            plateau.observe(watched);
        }
        let stops = self.training.early_stopping.is_some_and(|settings| {
            let (good, keep) = (&self.state.good, held_out.is_some());
            self.state.watch.observe(settings, number, watched, good, keep)
        });
        let mut end = stops.then_some(End::EarlyStopping);
        for observer in &mut self.observers {
            if observer.epoch(&epoch, self.network)?.is_break() {
                end = end.or(Some(End::Observer));
            }
        }
        if end.is_none() {
            self.save()?;
        }
        Ok(end)
    }

    fn tell_step(&mut self, progress: &Progress) -> Result<Option<End>, Error> {
        let mut end = None;
        for observer in &mut self.observers {
            if observer.step(progress)?.is_break() {
                end = Some(End::Observer);
            }
        }
        Ok(end)
    }

    /// The error of a run that went off, the network being brought back to the last good parameters.
    fn diverged(&mut self, epoch: usize, cost: f64) -> Error {
        self.network.parameters_mut().copy_from_slice(&self.state.good);
        Error::Diverged { epoch, cost }
    }

    /// Gives the network the parameters of the epoch that was best on the rows held out.
    fn restore_best(&mut self) -> Option<usize> {
        let best = self.state.watch.best.as_ref()?;
        let parameters = best.parameters.as_ref()?;
        self.network.parameters_mut().copy_from_slice(parameters);
        Some(best.epoch)
    }

    /// How many steps an epoch has.
    pub(super) fn steps_an_epoch(&self) -> usize {
        self.batches.count()
    }

    /// Seconds of this run, those before it was interrupted included.
    pub(super) fn seconds(&self) -> f64 {
        self.state.seconds + self.since.elapsed().as_secs_f64()
    }
}

impl<T: Float> fmt::Debug for Run<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("training", &self.training)
            .field("epoch", &self.state.epoch)
            .field("steps", &self.state.steps)
            .finish_non_exhaustive()
    }
}

/// The minimiser that these settings ask for.
pub(super) fn minimizer<T: Float>(training: &Training, count: usize) -> Result<Minimizer<T>, Error> {
    let (iterations, evaluations) = (usize::MAX, usize::MAX);
    let gradient_tolerance = training.gradient_tolerance;
    match training.optimizer {
        Optimizer::Lbfgs { history } => {
            Lbfgs { history, gradient_tolerance, value_tolerance: 0.0, iterations, evaluations }
                .minimizer(count)
        }
        _ => {
            ConjugateGradient { gradient_tolerance, iterations, evaluations, ..ConjugateGradient::default() }
                .minimizer(count)
        }
    }
}

/// How many rows there are, x and y having as many.
fn checked_rows<T: Float>(rows: &Rows<'_, T>) -> Result<usize, Error> {
    match (rows.x.shape(), rows.y.shape()) {
        ([n, _], [targets, _]) if n == targets && *n > 0 => Ok(*n),
        (x, y) => {
            let wants = "x: (n, n_in) and y: (n, K) with the same n from 1 up";
            Err(Error::shape("fit", wants, format!("{x:?} and {y:?}")))
        }
    }
}

/// Weights scaled so that their mean is 1.
fn shares<T: Float>(weights: &Tensor<T>) -> Result<Tensor<T>, Error> {
    let numbers: Vec<f64> = weights.as_slice().iter().map(|weight| weight.to_f64()).collect();
    crate::data::check_weights(&numbers, numbers.len())?;
    // The greatest is taken out first: a sum of weights near the largest number would be none.
    let most = numbers.iter().fold(0.0_f64, |most, weight| most.max(*weight));
    let mean = numbers.iter().map(|weight| weight / most).sum::<f64>() / numbers.len() as f64;
    let shares = numbers.iter().map(|weight| T::from_f64(weight / most / mean)).collect();
    Ok(Tensor::from_vec(shares, weights.shape())?)
}

/// Targets moved by ε towards "any".
fn smoothed<T: Float>(y: &Tensor<T>, output: Output, epsilon: f64) -> Result<Tensor<T>, Error> {
    if epsilon == 0.0 {
        return Ok(y.clone());
    }
    let any = match output {
        Output::Sigmoid => 0.5,
        Output::Softmax => 1.0 / y.shape()[1] as f64,
        Output::Identity => {
            let wants = "0 for an output that is no probability";
            return Err(Error::Setting { setting: "label smoothing", wants, got: epsilon.to_string() });
        }
    };
    let moved = y.as_slice().iter().map(|y| T::from_f64((1.0 - epsilon) * y.to_f64() + epsilon * any));
    Ok(Tensor::from_vec(moved.collect(), y.shape())?)
}
