//! A network that predicts numbers.

use super::{ClassWeights, Plan, want_numbers};
use crate::data::{Dataset, Recipe};
use crate::{Activation, Error, Init, Model, Optimizer, Output, Probabilities, Training};
use tape::Float;

/// A network that predicts numbers: settings, which [`fit`](MlpRegressor::fit) makes a [`Model`] of. What it learns is in
/// standard deviations from the mean of each number, and so is the `delta` of [`Loss::Huber`](crate::Loss::Huber).
/// [Why these defaults](crate::defaults).
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{MlpRegressor, Training};
/// use mlp::data::{Dataset, Frame, Target};
/// let x: Vec<f64> = (0..60).map(|i| f64::from(i) / 10.0).collect();
/// let y = x.iter().map(|x| 100.0 + 5.0 * x.sin()).collect();
/// let frame = Frame::of_numbers(x, vec!["x".into()])?;
/// let data = Dataset::of(frame, Target::numbers(vec!["y".into()], y)?)?;
/// let default = MlpRegressor::default();
/// // There is no noise to be wary of.
/// let training = Training { lambda: 0.01, ..default.training.clone() };
/// let model = MlpRegressor { training, ..default }.fit(&data)?;
/// assert!(model.score(&data)? > 0.99);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MlpRegressor {
    /// The units of each hidden layer.
    pub hidden: Vec<usize>,
    /// The activation of the hidden layers.
    pub activation: Activation,
    /// The first parameters; `None` for Kaiming's normal ones where the activation is a ramp, Xavier's uniform ones else.
    pub init: Option<Init>,
    /// How it is trained. Its seed is that of everything: the first parameters, the rows held out, their order.
    pub training: Training,
    /// The share of the rows that is held out for early stopping; `None` for none.
    pub held_out: Option<f64>,
    /// How rows are made ready.
    pub recipe: Recipe,
}

impl Default for MlpRegressor {
    /// See [the table of defaults](crate::defaults).
    fn default() -> Self {
        MlpRegressor {
            hidden: vec![100],
            activation: Activation::Relu,
            init: None,
            training: Training { epochs: 200, lambda: 3.0, ..Training::new(Optimizer::lbfgs()) },
            held_out: None,
            recipe: Recipe::default(),
        }
    }
}

impl MlpRegressor {
    /// A model fitted to these rows.
    ///
    /// # Errors
    /// When the target is no numbers; when a setting is out of its range, a value of a column is refused, or training goes
    /// off.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let classes = mlp::MlpRegressor::default().fit(&mlp::data::bundled::digits());
    /// let message = classes.unwrap_err().to_string();
    /// assert_eq!(message, "fit: wants numbers for a regressor, got classes in `class`; take a classifier");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit(&self, data: &Dataset) -> Result<Model, Error> {
        self.fit_as(data)
    }

    /// A model in this precision.
    ///
    /// # Errors
    /// As [`fit`](MlpRegressor::fit), and when a feature is too large for the precision.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::{Dataset, Frame, Target};
    /// let x: Vec<f64> = (0..60).map(f64::from).collect();
    /// let y = x.iter().map(|x| 2.0 * x + 1.0).collect();
    /// let data = Dataset::of(Frame::of_numbers(x, vec!["x".into()])?, Target::numbers(vec!["y".into()], y)?)?;
    /// assert!(mlp::MlpRegressor::default().fit_as::<f32>(&data)?.score(&data)? > 0.9);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit_as<T: Float>(&self, data: &Dataset) -> Result<Model<T>, Error> {
        self.fit_or_go_on(data, None)
    }

    /// The model trained on: from the parameters that it has, with its preprocessing and its units, on these rows and by these
    /// settings.
    ///
    /// # Errors
    /// As [`fit`](MlpRegressor::fit), and when the numbers have other names than those of the model.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::{Dataset, Frame, Target};
    /// let frame = Frame::of_numbers(vec![0.0, 1.0, 2.0, 3.0], vec!["x".into()])?;
    /// let data = Dataset::of(frame, Target::numbers(vec!["y".into()], vec![1.0, 3.0, 5.0, 7.0])?)?;
    /// let regressor = mlp::MlpRegressor::default();
    /// let model = regressor.fit(&data)?;
    /// assert!(regressor.fit_from(&model, &data)?.score(&data)? >= model.score(&data)? - 1e-6);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit_from<T: Float>(&self, model: &Model<T>, data: &Dataset) -> Result<Model<T>, Error> {
        self.fit_or_go_on(data, Some(model))
    }

    fn fit_or_go_on<T: Float>(&self, data: &Dataset, start: Option<&Model<T>>) -> Result<Model<T>, Error> {
        want_numbers(data.target(), true)?;
        let plan = Plan {
            hidden: &self.hidden,
            activation: self.activation,
            output: Output::Identity,
            init: self.init,
            training: &self.training,
            held_out: self.held_out,
            class_weights: &ClassWeights::Equal,
            probabilities: Probabilities::default(),
            recipe: &self.recipe,
        };
        plan.fit(data, start)
    }
}
