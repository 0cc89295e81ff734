//! Estimators: settings that are fitted to data and become a [`Model`].

mod class_weights;
mod classifier;
mod fitting;
mod learner;
mod linear;
mod logistic;
mod regressor;

pub use self::class_weights::ClassWeights;
pub use self::classifier::MlpClassifier;
pub use self::fitting::Fitting;
pub use self::learner::Learner;
pub use self::linear::LinearRegression;
pub use self::logistic::{LogisticRegression, Scheme};
pub use self::regressor::MlpRegressor;

use crate::data::{Dataset, Preprocess, Recipe, Split, Target};
use crate::model::{self, Features};
use crate::{Activation, Error, Init, Model, Network, Outcome, Output, Probabilities, Rows, Training};
use tape::{Float, Tensor};

/// What all estimators that train a network have in common.
struct Plan<'a> {
    hidden: &'a [usize],
    activation: Activation,
    output: Output,
    init: Option<Init>,
    training: &'a Training,
    held_out: Option<f64>,
    class_weights: &'a ClassWeights,
    probabilities: Probabilities,
    recipe: &'a Recipe,
}

/// Rows made ready for a network: inputs, targets, weights.
struct Ready<T: Float> {
    x: Tensor<T>,
    y: Tensor<T>,
    weights: Option<Tensor<T>>,
}

impl<T: Float> Ready<T> {
    /// These rows as the network of the model reads them, their targets as its units should say them, and how much they count.
    fn new(model: &Model<T>, data: &Dataset, class_weights: &ClassWeights) -> Result<Self, Error> {
        let x = model::matrix(&model.preprocess, data.features_for(&model.preprocess)?)?;
        let n_outputs = model.outcome.n_outputs();
        let values = match (&model.outcome, data.target()) {
            (Outcome::Classes { name, classes }, Target::Classes { .. }) => {
                Target::classes(name.clone(), model.labels_of(data)?, classes.clone())?.values()
            }
            (Outcome::Labels { names }, Target::Labels { names: theirs, values }) if names == theirs => {
                values.clone()
            }
            (Outcome::Numbers { names, mean, deviation }, Target::Numbers { names: theirs, values })
                if names == theirs =>
            {
                let scaled = values.iter().enumerate().map(|(i, value)| {
                    let column = i % names.len();
                    (value - mean[column]) / deviation[column]
                });
                scaled.collect()
            }
            _ => {
                let wants = "the target that the model was begun with";
                return Err(Error::shape("fit", wants, format!("{:?}", data.target().names())));
            }
        };
        let tensor = |values: &[f64], columns: usize| {
            let values = values.iter().map(|value| T::from_f64(*value)).collect();
            Tensor::from_vec(values, &[data.n_rows(), columns])
        };
        let weights = class_weights.of_rows(data)?;
        let weights = weights.map(|weights| tensor(&weights, 1)).transpose()?;
        Ok(Ready { x, y: tensor(&values, n_outputs)?, weights })
    }

    fn rows(&self) -> Rows<'_, T> {
        Rows { x: &self.x, y: &self.y, weights: self.weights.as_ref() }
    }
}

impl Plan<'_> {
    /// The network trained on these rows, from fresh parameters or those of `start`, with all that is needed to apply it.
    fn fit<T: Float>(&self, data: &Dataset, start: Option<&Model<T>>) -> Result<Model<T>, Error> {
        self.start(data, start)?.finish()
    }

    /// All that is needed to train on these rows.
    fn start<'a, T: Float>(&self, data: &Dataset, start: Option<&Model<T>>) -> Result<Fitting<'a, T>, Error> {
        check_target(data.target())?;
        let split = match self.held_out {
            Some(share) => Some(self.split(data, share)?),
            None => None,
        };
        let (train, held_out) = match &split {
            Some(split) => (&data.subset(&split.train), Some(data.subset(&split.held_out))),
            None => (data, None),
        };
        let model = match start {
            Some(model) => model.clone(),
            None => self.fresh(train)?,
        };
        let rows = Ready::new(&model, train, self.class_weights)?;
        let held_out =
            held_out.map(|held_out| Ready::new(&model, &held_out, self.class_weights)).transpose()?;
        Ok(Fitting { model, training: self.training.clone(), rows, held_out, observers: Vec::new() })
    }

    /// The model as it is before training: preprocessing fitted to these rows, a network of random parameters.
    fn fresh<T: Float>(&self, data: &Dataset) -> Result<Model<T>, Error> {
        let preprocess = fitted(self.recipe, data)?;
        let outcome = outcome(data.target())?;
        let output = match outcome {
            // One unit has no others to be a distribution with.
            Outcome::Classes { .. } if outcome.n_outputs() == 1 => Output::Sigmoid,
            Outcome::Labels { .. } => Output::Sigmoid,
            _ => self.output,
        };
        let inputs = [preprocess.features().len()];
        let sizes = [&inputs, self.hidden, &[outcome.n_outputs()]].concat();
        // Kaiming's for units that are linear above zero, Xavier's for those that are about zero.
        let init = self.init.unwrap_or(match self.activation {
            Activation::Relu
            | Activation::LeakyRelu
            | Activation::Elu
            | Activation::Gelu
            | Activation::Silu => Init::KaimingNormal { fan: crate::Fan::In, gain: self.activation.gain() },
            _ => Init::default(),
        });
        let network = Network::with_init(&sizes, init, self.training.seed)?;
        let network = network.with_activation(self.activation).with_output(output);
        Ok(Model::new(network, preprocess, outcome)?.with_probabilities(self.probabilities))
    }

    /// The rows that are held out from training: a share of each class, or of all rows.
    fn split(&self, data: &Dataset, share: f64) -> Result<Split, Error> {
        match data.target() {
            Target::Classes { .. } => Split::stratified(data, share, self.training.seed),
            _ => Split::random(data, share, self.training.seed),
        }
    }
}

/// The preprocessing that this recipe comes to on these rows.
fn fitted(recipe: &Recipe, data: &Dataset) -> Result<Preprocess, Error> {
    match data.schema() {
        Some(schema) => Preprocess::fit_read(schema, data.frame(), recipe),
        None => Preprocess::fit(data.frame(), recipe),
    }
}

/// What is to be predicted, as the outputs of a model mean it.
fn outcome(target: &Target) -> Result<Outcome, Error> {
    Ok(match target {
        Target::Classes { name, classes, .. } => {
            Outcome::Classes { name: name.clone(), classes: classes.clone() }
        }
        Target::Labels { names, .. } => Outcome::Labels { names: names.clone() },
        Target::Numbers { names, values } => {
            let rows = values.len() / names.len();
            let column = |i: usize| values.iter().skip(i).step_by(names.len());
            let mean: Vec<f64> = (0..names.len()).map(|i| column(i).map(|y| y / rows as f64).sum()).collect();
            let spread =
                |i: usize| column(i).map(|y| ((y - mean[i]) / rows as f64) * (y - mean[i])).sum::<f64>();
            let deviation = (0..names.len()).map(|i| match spread(i).sqrt() {
                0.0 => 1.0,
                deviation => deviation,
            });
            let deviation: Vec<f64> = deviation.collect();
            if let Some(i) = (0..names.len()).find(|i| !deviation[*i].is_finite()) {
                let wants = "numbers whose spread is finite; rescale them";
                return Err(Error::shape("fit", wants, format!("too large ones in `{}`", names[i])));
            }
            Outcome::Numbers { names: names.clone(), mean, deviation }
        }
    })
}

/// Whether there is something to learn.
fn check_target(target: &Target) -> Result<(), Error> {
    if target.n_rows() == 0 {
        return Err(Error::shape("fit", "at least one row", "none"));
    }
    if let Target::Classes { name, labels, classes } = target
        && labels.iter().all(|label| *label == labels[0])
    {
        let kind = crate::data::DataErrorKind::OneClass { class: classes[labels[0]].clone() };
        return Err(
            crate::data::DataError { file: None, line: None, column: Some(name.clone()), kind }.into()
        );
    }
    Ok(())
}

/// An error where an estimator is given a target of another kind.
fn want_numbers(target: &Target, wanted: bool) -> Result<(), Error> {
    match (target, wanted) {
        (Target::Numbers { names, .. }, false) => {
            let got = format!("numbers in `{}`; take a regressor", names[0]);
            Err(Error::shape("fit", "classes or labels for a classifier", got))
        }
        (Target::Classes { name, .. }, true) => {
            let got = format!("classes in `{name}`; take a classifier");
            Err(Error::shape("fit", "numbers for a regressor", got))
        }
        (Target::Labels { names, .. }, true) => {
            let got = format!("labels in `{}`; take a classifier", names[0]);
            Err(Error::shape("fit", "numbers for a regressor", got))
        }
        _ => Ok(()),
    }
}
