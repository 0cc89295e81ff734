//! Logistic regression: the network without a hidden layer.

use super::{ClassWeights, Plan, want_numbers};
use crate::data::{Dataset, Recipe};
use crate::{Activation, Error, Init, Model, Optimizer, Output, Probabilities, Training};
use tape::Float;

/// Logistic regression, the network without a hidden layer: of two classes one unit; of more one against the rest each, or a
/// softmax. J has one minimum, and the default optimizer goes there. [Why these defaults](crate::defaults).
///
/// With `C = 1/λ` it is scikit-learn's `LogisticRegression`.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{LogisticRegression, Scheme};
/// let digits = mlp::data::bundled::digits();
/// let model = LogisticRegression { scheme: Scheme::OneVersusRest, ..LogisticRegression::default() }.fit(&digits)?;
/// assert!(model.score(&digits)? > 0.97);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LogisticRegression {
    /// How more than two classes are told apart.
    pub scheme: Scheme,
    /// How it is trained, with λ.
    pub training: Training,
    /// How much the rows of each class count.
    pub class_weights: ClassWeights,
    /// What the model's `predict_proba` makes of one-versus-rest.
    pub probabilities: Probabilities,
    /// How rows are made ready.
    pub recipe: Recipe,
}

/// How more than two classes are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// One distribution over all classes: multinomial logistic regression.
    #[default]
    Softmax,
    /// Each class against all others: K sigmoids, the course's way.
    OneVersusRest,
}

impl Default for LogisticRegression {
    /// See [the table of defaults](crate::defaults).
    fn default() -> Self {
        LogisticRegression {
            scheme: Scheme::Softmax,
            training: Training { epochs: 1000, lambda: 1.0, ..Training::new(Optimizer::lbfgs()) },
            class_weights: ClassWeights::Equal,
            probabilities: Probabilities::default(),
            recipe: Recipe::default(),
        }
    }
}

impl LogisticRegression {
    /// A model fitted to these rows. It begins with zeros: without a hidden layer there is no symmetry to break.
    ///
    /// # Errors
    /// When the target is numbers, or has one class only; when a setting is out of its range, a value of a column is refused,
    /// or training goes off.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let digits = mlp::data::bundled::digits();
    /// let ones: Vec<usize> = (0..1797).filter(|row| digits.labels()[*row] == 1).collect();
    /// let error = mlp::LogisticRegression::default().fit(&digits.subset(&ones)).unwrap_err();
    /// assert!(error.to_string().starts_with("column `class`: every row has the label `1`"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit(&self, data: &Dataset) -> Result<Model, Error> {
        self.fit_as(data)
    }

    /// A model in this precision.
    ///
    /// # Errors
    /// As [`fit`](LogisticRegression::fit), and when a feature is too large for the precision.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let digits = mlp::data::bundled::digits();
    /// assert!(mlp::LogisticRegression::default().fit_as::<f32>(&digits)?.score(&digits)? > 0.97);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit_as<T: Float>(&self, data: &Dataset) -> Result<Model<T>, Error> {
        want_numbers(data.target(), false)?;
        let plan = Plan {
            hidden: &[],
            activation: Activation::default(),
            output: match self.scheme {
                Scheme::Softmax => Output::Softmax,
                Scheme::OneVersusRest => Output::Sigmoid,
            },
            init: Some(Init::Constant(0.0)),
            training: &self.training,
            held_out: None,
            class_weights: &self.class_weights,
            probabilities: self.probabilities,
            recipe: &self.recipe,
        };
        plan.fit(data, None)
    }
}
