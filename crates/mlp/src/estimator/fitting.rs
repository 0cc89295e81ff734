//! A fit that is made ready and not yet run.

use super::Ready;
use crate::{Error, Model, Observer, Rows, Training, TrainingRecord};
use std::fmt;
use tape::Float;

/// A fit that [`MlpClassifier::start`](crate::MlpClassifier::start) has made ready: say who is told how it goes, then
/// [`finish`](Fitting::finish).
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{JsonLines, MlpClassifier, Optimizer, Training};
/// let digits = mlp::data::bundled::digits();
/// let training = Training { epochs: 2, ..Training::new(Optimizer::lbfgs()) };
/// let classifier = MlpClassifier { training, ..MlpClassifier::default() };
/// let mut lines = Vec::new();
/// let model = classifier.start::<f32>(&digits)?.observe(JsonLines::new(&mut lines)).finish()?;
/// assert_eq!(model, classifier.fit_as(&digits)?); // who is told changes nothing
/// assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 3); // two epochs, and the end
/// # Ok(())
/// # }
/// ```
pub struct Fitting<'a, T: Float = f64> {
    pub(super) model: Model<T>,
    pub(super) training: Training,
    pub(super) rows: Ready<T>,
    pub(super) held_out: Option<Ready<T>>,
    pub(super) observers: Vec<Box<dyn Observer<T> + 'a>>,
}

impl<'a, T: Float> Fitting<'a, T> {
    /// The model as it is before training: its preprocessing is that of the end, its network that of the beginning.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let digits = mlp::data::bundled::digits();
    /// let fitting = mlp::MlpClassifier::default().start::<f32>(&digits)?;
    /// assert_eq!(fitting.model().network().sizes(), [61, 100, 10]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn model(&self) -> &Model<T> {
        &self.model
    }

    /// The rows as the network reads them, `x: (n, n_in)` and `y: (n, K)`, without those held out for early stopping.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let digits = mlp::data::bundled::digits();
    /// let fitting = mlp::MlpClassifier::default().start::<f32>(&digits)?;
    /// assert_eq!((fitting.rows().x.shape(), fitting.rows().y.shape()), (&[1797, 61][..], &[1797, 10][..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn rows(&self) -> Rows<'_, T> {
        self.rows.rows()
    }

    /// The same fit with one more who is told how training goes.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use std::sync::Arc;
    /// use std::sync::atomic::AtomicBool;
    /// let digits = mlp::data::bundled::digits();
    /// let stop = Arc::new(AtomicBool::new(true)); // from another thread, or a signal
    /// let model = mlp::MlpClassifier::default().start::<f32>(&digits)?.observe(stop).finish()?;
    /// assert_eq!(model.record().report.as_ref().map(|report| report.steps), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn observe(mut self, observer: impl Observer<T> + 'a) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Trains until there is an end: the fitted model.
    ///
    /// # Errors
    /// When training goes off, and whatever an observer says.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let digits = mlp::data::bundled::digits();
    /// let model = mlp::MlpClassifier::default().start::<f32>(&digits)?.finish()?;
    /// assert!(model.score(&digits)? > 0.99);
    /// # Ok(())
    /// # }
    /// ```
    pub fn finish(self) -> Result<Model<T>, Error> {
        let Fitting { mut model, training, rows, held_out, observers } = self;
        let mut run = training.start(&mut model.network, rows.rows())?;
        if let Some(held_out) = &held_out {
            run = run.hold_out(held_out.rows())?;
        }
        for observer in observers {
            run = run.observe(observer);
        }
        let report = Some(run.finish()?);
        model.record = TrainingRecord {
            data: String::new(),
            rows: rows.x.shape()[0],
            held_out: held_out.map_or(0, |held_out| held_out.x.shape()[0]),
            training: Some(training),
            report,
        };
        Ok(model)
    }
}

impl<T: Float> fmt::Debug for Fitting<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fitting { model, training, observers, .. } = self;
        let mut fitting = f.debug_struct("Fitting");
        fitting.field("model", model).field("training", training).field("observers", &observers.len());
        fitting.finish_non_exhaustive()
    }
}
