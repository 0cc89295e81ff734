//! A network that tells classes apart.

use super::{ClassWeights, Learner, Plan, want_numbers};
use crate::data::{Dataset, Recipe};
use crate::{Activation, Error, Init, Model, Optimizer, Output, Probabilities, Training};
use tape::Float;

/// A network that tells classes or labels apart: settings, which [`fit`](MlpClassifier::fit) makes a [`Model`] of.
///
/// Two classes have one unit, which says how likely the second is; more have a unit each, and labels have sigmoids.
/// [Why these defaults](crate::defaults).
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::MlpClassifier;
/// use mlp::data::{Split, bundled};
/// let digits = bundled::digits();
/// let split = Split::stratified(&digits, 0.2, 0)?;
/// let model = MlpClassifier::default().fit(&digits.subset(&split.train))?;
/// assert!(model.score(&digits.subset(&split.held_out))? > 0.95);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MlpClassifier {
    /// The units of each hidden layer.
    pub hidden: Vec<usize>,
    /// The activation of the hidden layers.
    pub activation: Activation,
    /// The output, where there are more than two classes.
    pub output: Output,
    /// The first parameters; `None` for Kaiming's normal ones where the activation is a ramp, Xavier's uniform ones else.
    pub init: Option<Init>,
    /// How it is trained. Its seed is that of everything: the first parameters, the rows held out, their order.
    pub training: Training,
    /// The share of each class that is held out for early stopping; `None` for none.
    pub held_out: Option<f64>,
    /// How much the rows of each class count.
    pub class_weights: ClassWeights,
    /// What the model's `predict_proba` makes of sigmoids.
    pub probabilities: Probabilities,
    /// How rows are made ready.
    pub recipe: Recipe,
}

impl Default for MlpClassifier {
    /// See [the table of defaults](crate::defaults).
    fn default() -> Self {
        MlpClassifier {
            hidden: vec![100],
            activation: Activation::Relu,
            output: Output::Softmax,
            init: None,
            training: Training { lambda: 1.0, ..Training::new(Optimizer::lbfgs()) },
            held_out: None,
            class_weights: ClassWeights::default(),
            probabilities: Probabilities::default(),
            recipe: Recipe::clipped(3.0),
        }
    }
}

impl MlpClassifier {
    /// A model fitted to these rows.
    ///
    /// # Errors
    /// When the target is numbers, or has one class only; when a setting is out of its range, a value of a column is refused,
    /// or training goes off.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::MlpClassifier;
    /// use mlp::data::{DatasetReader, Table};
    /// let table = Table::from_bytes(b"x,colour,kind\n1,red,a\n2,blue,b\n1.5,red,a\n,blue,b\n", "t.csv")?;
    /// let (data, _) = DatasetReader::classes("kind").read(&table)?;
    /// let model = MlpClassifier { hidden: vec![4], ..MlpClassifier::default() }.fit(&data)?;
    /// assert_eq!(model.predict_classes(&table)?, ["a", "b", "a", "b"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit(&self, data: &Dataset) -> Result<Model, Error> {
        self.fit_as(data)
    }

    /// A model in this precision; in `f32` large networks train twice as fast.
    ///
    /// # Errors
    /// As [`fit`](MlpClassifier::fit), and when a feature is too large for the precision.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let digits = mlp::data::bundled::digits();
    /// let model = mlp::MlpClassifier::default().fit_as::<f32>(&digits)?;
    /// assert!(model.score(&digits)? > 0.99);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit_as<T: Float>(&self, data: &Dataset) -> Result<Model<T>, Error> {
        want_numbers(data.target(), false)?;
        self.plan().fit(data, None)
    }

    /// The model trained on: from the parameters that it has, with its preprocessing and its classes, on these rows and by
    /// these settings (scikit-learn's `warm_start`).
    ///
    /// # Errors
    /// As [`fit`](MlpClassifier::fit), and when there is a class that the model does not know.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{MlpClassifier, Optimizer, Training};
    /// let digits = mlp::data::bundled::digits();
    /// let training = Training { epochs: 2, ..Training::new(Optimizer::lbfgs()) };
    /// let few = MlpClassifier { training, ..MlpClassifier::default() };
    /// let first = few.fit(&digits)?;
    /// let second = few.fit_from(&first, &digits)?;
    /// assert!(second.record().report.as_ref().map(|r| r.history[0].cost) < first.record().report.as_ref().map(|r| r.history[0].cost));
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit_from<T: Float>(&self, model: &Model<T>, data: &Dataset) -> Result<Model<T>, Error> {
        want_numbers(data.target(), false)?;
        self.plan().fit(data, Some(model))
    }

    /// A learner that is given rows part by part. Preprocessing is fitted to these first rows, whose target names all classes;
    /// nothing is learned of them yet.
    ///
    /// # Errors
    /// As [`fit`](MlpClassifier::fit), and when the optimizer needs all rows.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{MlpClassifier, Training};
    /// let digits = mlp::data::bundled::digits();
    /// let classifier = MlpClassifier { training: Training::default(), ..MlpClassifier::default() };
    /// let mut learner = classifier.learner::<f32>(&digits)?;
    /// for part in (0..1797).collect::<Vec<_>>().chunks(600) {
    ///     learner.partial_fit(&digits.subset(part))?;
    /// }
    /// assert!(learner.model().score(&digits)? > 0.8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn learner<T: Float>(&self, first: &Dataset) -> Result<Learner<T>, Error> {
        want_numbers(first.target(), false)?;
        Learner::new(self.plan().fresh(first)?, &self.training, &self.class_weights)
    }

    fn plan(&self) -> Plan<'_> {
        Plan {
            hidden: &self.hidden,
            activation: self.activation,
            output: self.output,
            init: self.init,
            training: &self.training,
            held_out: self.held_out,
            class_weights: &self.class_weights,
            probabilities: self.probabilities,
            recipe: &self.recipe,
        }
    }
}
