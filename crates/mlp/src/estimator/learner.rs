//! Learning from rows that come part by part.

use super::{ClassWeights, Ready};
use crate::data::Dataset;
use crate::train::Batches;
use crate::{Error, Model, Schedule, Stepper, Training, Updater};
use tape::Float;

/// A model that learns from rows as they come, part by part (scikit-learn's `partial_fit`): what the optimizer remembers goes
/// on from part to part. [`MlpClassifier::learner`](crate::MlpClassifier::learner) begins one.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{MlpClassifier, Training};
/// let digits = mlp::data::bundled::digits();
/// let classifier = MlpClassifier { training: Training::default(), ..MlpClassifier::default() };
/// let mut learner = classifier.learner::<f64>(&digits)?;
/// let first = learner.partial_fit(&digits)?;
/// assert!(learner.partial_fit(&digits)? < first);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Learner<T: Float = f64> {
    model: Model<T>,
    training: Training,
    class_weights: ClassWeights,
    stepper: Stepper<T>,
    updater: Updater<T>,
    parts: usize,
}

impl<T: Float> Learner<T> {
    pub(super) fn new(
        model: Model<T>,
        training: &Training,
        class_weights: &ClassWeights,
    ) -> Result<Self, Error> {
        training.checked::<T>()?;
        if training.schedule != Schedule::Constant || training.plateau.is_some() {
            let wants = "`Constant` and no plateau where nobody knows how many rows come";
            let got = format!("{:?}", training.schedule);
            return Err(Error::Setting { setting: "schedule", wants, got });
        }
        let mut stepper = Stepper::new();
        if let Some(clip) = training.clip {
            stepper = stepper.clipping(clip)?;
        }
        Ok(Learner {
            model,
            training: training.clone(),
            class_weights: class_weights.clone(),
            stepper,
            updater: Updater::new(training.optimizer)?,
            parts: 0,
        })
    }

    /// One pass over these rows, in batches; returns J as the steps met it. The penalties are those of so many rows.
    ///
    /// # Errors
    /// When columns are missing or of another kind, a value is refused, there is a class that the model does not know, or J is
    /// no longer finite; the model is then as it was before these rows.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::Dataset;
    /// use mlp::{MlpClassifier, Training};
    /// let digits = mlp::data::bundled::digits();
    /// let classifier = MlpClassifier { training: Training::default(), ..MlpClassifier::default() };
    /// let mut learner = classifier.learner::<f64>(&digits)?;
    /// let classes = vec!["ten".to_owned()];
    /// let other = Dataset::of(digits.frame().rows(&[0]), mlp::data::Target::classes("class", vec![0], classes)?)?;
    /// assert!(learner.partial_fit(&other).unwrap_err().to_string().ends_with("got `ten`"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn partial_fit(&mut self, data: &Dataset) -> Result<f64, Error> {
        let ready = Ready::new(&self.model, data, &self.class_weights)?;
        let (before, updater) = (self.model.network.parameters().to_vec(), self.updater.clone());
        let passed = self.pass(&ready.rows());
        if passed.is_err() {
            self.model.network.parameters_mut().copy_from_slice(&before);
            self.updater = updater;
        }
        passed
    }

    fn pass(&mut self, rows: &crate::Rows<'_, T>) -> Result<f64, Error> {
        let n = rows.x.shape()[0];
        if n == 0 {
            return Err(Error::shape("partial_fit", "at least one row", "none"));
        }
        self.parts += 1;
        let mut batches = Batches::new(n, self.training.batch_size, self.training.seed);
        let mut total = 0.0;
        for place in 0..batches.count() {
            let in_batch = batches.rows(place);
            let objective = self.training.objective(in_batch, n);
            let batch = batches.batch(rows, self.parts, place);
            let cost =
                self.stepper.step(&mut self.model.network, batch, &objective, &mut self.updater, 1.0)?;
            total += cost.to_f64() * in_batch as f64;
            if !total.is_finite() {
                return Err(Error::Diverged { epoch: self.parts, cost: cost.to_f64() });
            }
        }
        match self.model.network.parameters().iter().all(|p| p.to_f64().is_finite()) {
            true => Ok(total / n as f64),
            false => Err(Error::Diverged { epoch: self.parts, cost: f64::NAN }),
        }
    }

    /// The model as it is now.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{MlpClassifier, Training};
    /// let digits = mlp::data::bundled::digits();
    /// let classifier = MlpClassifier { training: Training::default(), ..MlpClassifier::default() };
    /// assert_eq!(classifier.learner::<f32>(&digits)?.model().classes().len(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn model(&self) -> &Model<T> {
        &self.model
    }
}
