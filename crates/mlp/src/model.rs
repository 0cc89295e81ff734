//! What fitting leaves: preprocessing, a network, and what its outputs mean.

mod features;
mod importance;

pub use self::features::Features;
pub use self::importance::Importance;

use crate::data::{Dataset, Preprocess, Target};
use crate::metrics;
use crate::{Error, Network, Output, Report, Training};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tape::{Float, Tensor};

/// A trained network together with all that is needed to apply it: how rows are made ready for it, what its outputs mean, and
/// how it came about. What [estimators](crate::MlpClassifier) return, and what model files hold.
///
/// Rows are given as they come, in any form that has [`Features`]: a [`Dataset`], a frame, a table, plain numbers.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::data::{Split, bundled};
/// use mlp::{LogisticRegression, Model};
///
/// let digits = bundled::digits();
/// let split = Split::stratified(&digits, 0.2, 0)?;
/// let (train, test) = (digits.subset(&split.train), digits.subset(&split.held_out));
/// let model = LogisticRegression::default().fit(&train)?;
/// assert!(model.score(&test)? > 0.93);
/// let again = Model::<f64>::from_bytes(&model.to_bytes()?)?;
/// assert_eq!(again.predict(&test)?, model.predict(&test)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Model<T: Float = f64> {
    pub(crate) network: Network<T>,
    pub(crate) preprocess: Preprocess,
    pub(crate) outcome: Outcome,
    pub(crate) probabilities: Probabilities,
    pub(crate) record: TrainingRecord,
}

/// What the outputs of a [`Model`] mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Outcome {
    /// One class a row. Of two classes one unit says how likely the second is; else each class has a unit.
    Classes {
        /// The name of the column that held them.
        name: String,
        /// The names of the classes.
        classes: Vec<String>,
    },
    /// Labels of which any number may hold; each has a unit.
    Labels {
        /// Their names.
        names: Vec<String>,
    },
    /// Numbers; each has a unit that says it in standard deviations from the mean.
    Numbers {
        /// Their names.
        names: Vec<String>,
        /// The mean of each in training.
        mean: Vec<f64>,
        /// The standard deviation of each in training, over n; 1 where there was none.
        deviation: Vec<f64>,
    },
}

impl Outcome {
    /// The number of output units.
    ///
    /// ```
    /// let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    /// assert_eq!(mlp::Outcome::Classes { name: "y".into(), classes }.n_outputs(), 3);
    /// ```
    pub fn n_outputs(&self) -> usize {
        match self {
            Outcome::Classes { classes, .. } if classes.len() == 2 => 1,
            Outcome::Classes { classes, .. } => classes.len(),
            Outcome::Labels { names } | Outcome::Numbers { names, .. } => names.len(),
        }
    }
}

/// What [`Model::predict_proba`] makes of K sigmoids, which are K answers of their own, where a row has one class of more
/// than two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Probabilities {
    /// Their shares of their sum, as scikit-learn's one-versus-rest classifiers have it: a distribution over the classes.
    #[default]
    Shares,
    /// The answers as they are, which do not sum to one.
    Apart,
}

/// How a model came about: enough to do it again.
///
/// ```
/// use mlp::TrainingRecord;
/// let record = TrainingRecord { data: "flowers.csv".into(), ..TrainingRecord::default() };
/// assert_eq!(record.report, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// The name of the data.
    pub data: String,
    /// How many rows it was fitted on, those held out for early stopping not among them.
    pub rows: usize,
    /// How many rows were held out for early stopping.
    pub held_out: usize,
    /// The settings; none where it was solved and not trained.
    pub training: Option<Training>,
    /// What training came to.
    pub report: Option<Report>,
}

impl<T: Float> Model<T> {
    /// A model of these parts, the network reading what the preprocessing writes.
    ///
    /// # Errors
    /// When they do not fit together: the network has other inputs than features, or other outputs than the outcome wants;
    /// classes or names are fewer than they must be or come twice; a number is not finite.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::{Frame, Preprocess, Recipe};
    /// use mlp::{Model, Network, Outcome};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// let preprocess = Preprocess::fit(&frame, &Recipe::default())?;
    /// let outcome = Outcome::Classes { name: "y".into(), classes: vec!["low".into(), "high".into()] };
    /// let model = Model::new(Network::from_parameters(&[1, 1], vec![4.0, 0.0])?, preprocess, outcome)?;
    /// assert_eq!(model.predict_classes(&[0.0, 5.0][..])?, ["low", "high"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(network: Network<T>, preprocess: Preprocess, outcome: Outcome) -> Result<Self, Error> {
        let (probabilities, record) = (Probabilities::default(), TrainingRecord::default());
        let model = Model { network, preprocess, outcome, probabilities, record };
        model.check().map_err(|what| Error::shape("model", "parts that fit together", what))?;
        Ok(model)
    }

    /// The same model with other probabilities out of K sigmoids.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::bundled;
    /// use mlp::{LogisticRegression, Probabilities, Scheme};
    /// let iris = bundled::digits().subset(&(0..300).collect::<Vec<_>>());
    /// let model = LogisticRegression { scheme: Scheme::OneVersusRest, ..LogisticRegression::default() }.fit(&iris)?;
    /// let sum = |model: &mlp::Model| -> Result<f64, mlp::Error> {
    ///     Ok(model.predict_proba(&iris)?.as_slice()[..10].iter().sum())
    /// };
    /// assert!((sum(&model)? - 1.0).abs() < 1e-12);
    /// assert!((sum(&model.with_probabilities(Probabilities::Apart))? - 1.0).abs() > 1e-3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_probabilities(self, probabilities: Probabilities) -> Self {
        Model { probabilities, ..self }
    }

    /// The same model with this record of how it came about.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::TrainingRecord;
    /// use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 2, 10, 11, 12]))?;
    /// let record = TrainingRecord { data: "six digits".into(), ..model.record().clone() };
    /// assert_eq!(model.with_record(record).record().data, "six digits");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_record(self, record: TrainingRecord) -> Self {
        Model { record, ..self }
    }

    /// The network.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// assert_eq!(model.network().sizes()[1..], [10]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// What is done to rows before the network reads them.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// assert_eq!(model.preprocess().features().len(), model.network().sizes()[0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// What the outputs mean.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// assert!(matches!(model.outcome(), mlp::Outcome::Classes { name, .. } if name == "class"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The names of the classes; empty where there are none.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// assert_eq!(model.classes()[9], "9");
    /// # Ok(())
    /// # }
    /// ```
    pub fn classes(&self) -> &[String] {
        match &self.outcome {
            Outcome::Classes { classes, .. } => classes,
            _ => &[],
        }
    }

    /// What [`predict_proba`](Model::predict_proba) makes of K sigmoids.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// assert_eq!(model.probabilities(), mlp::Probabilities::Shares);
    /// # Ok(())
    /// # }
    /// ```
    pub fn probabilities(&self) -> Probabilities {
        self.probabilities
    }

    /// How the model came about.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// assert_eq!(model.record().rows, 4);
    /// # Ok(())
    /// # }
    /// ```
    pub fn record(&self) -> &TrainingRecord {
        &self.record
    }

    /// The rows as the network reads them, (n, n_in).
    ///
    /// # Errors
    /// When columns are missing or of another kind, a value is refused, or one is too large for the precision, with row and
    /// column.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let digits = bundled::digits();
    /// let model = mlp::LogisticRegression::default().fit(&digits.subset(&[0, 1, 10, 11]))?;
    /// let x = model.matrix(&digits)?;
    /// assert_eq!(model.network().outputs(&x)?.shape(), [1797, 10]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn matrix(&self, rows: &(impl Features + ?Sized)) -> Result<Tensor<T>, Error> {
        matrix(&self.preprocess, rows.features_for(&self.preprocess)?)
    }

    /// What the output units say before the sigmoid or the softmax, (n, K): scores, of which more is likelier.
    ///
    /// # Errors
    /// As [`matrix`](Model::matrix).
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let digits = bundled::digits();
    /// let model = mlp::LogisticRegression::default().fit(&digits)?;
    /// assert_eq!(model.decision_function(&digits)?.shape(), [1797, 10]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn decision_function(&self, rows: &(impl Features + ?Sized)) -> Result<Tensor<T>, Error> {
        self.network.logits(&self.matrix(rows)?)
    }

    /// How likely each class or label is, (n, K): of classes a distribution, which for K sigmoids
    /// [can be changed](Model::with_probabilities); of labels K answers of their own.
    ///
    /// # Errors
    /// As [`matrix`](Model::matrix), and when the model predicts numbers.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let digits = bundled::digits();
    /// let zeros_and_ones: Vec<usize> = (0..1797).filter(|row| digits.labels()[*row] < 2).collect();
    /// let model = mlp::LogisticRegression::default().fit(&digits)?;
    /// let p = model.predict_proba(&digits.subset(&zeros_and_ones))?;
    /// assert!(p.as_slice().chunks(10).all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict_proba(&self, rows: &(impl Features + ?Sized)) -> Result<Tensor<T>, Error> {
        let h = self.network.predict_proba(&self.matrix(rows)?)?;
        let Outcome::Classes { classes, .. } = &self.outcome else { return Ok(h) };
        let one = T::from_f64(1.0);
        if let [_, _] = classes[..] {
            let both = h.as_slice().iter().flat_map(|h| [one - *h, *h]).collect();
            return Ok(Tensor::from_vec(both, &[h.shape()[0], 2])?);
        }
        if (self.network.output(), self.probabilities) != (Output::Sigmoid, Probabilities::Shares) {
            return Ok(h);
        }
        let mut shares = h;
        let any = T::from_f64(1.0 / classes.len() as f64);
        for row in shares.as_mut_slice().chunks_exact_mut(classes.len()) {
            let sum: T = row.iter().copied().sum();
            // Where every unit says no, in the precision, there is nothing to choose by.
            let share = |h: T| if sum.to_f64() > 0.0 { h / sum } else { any };
            row.iter_mut().for_each(|h| *h = share(*h));
        }
        Ok(shares)
    }

    /// The class of each row, as a place in [`classes`](Model::classes): the likeliest, the first at a tie; of two the second
    /// where it is at least as likely.
    ///
    /// # Errors
    /// As [`matrix`](Model::matrix), and when the model predicts no classes.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let digits = bundled::digits();
    /// let model = mlp::LogisticRegression::default().fit(&digits)?;
    /// assert_eq!(model.predict(&digits)?[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict(&self, rows: &(impl Features + ?Sized)) -> Result<Vec<usize>, Error> {
        match self.outcome {
            Outcome::Classes { .. } => self.network.predict(&self.matrix(rows)?),
            _ => Err(self.refuse("predict", "classes")),
        }
    }

    /// The name of the class of each row.
    ///
    /// # Errors
    /// As [`predict`](Model::predict).
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let digits = bundled::digits();
    /// let model = mlp::LogisticRegression::default().fit(&digits)?;
    /// assert_eq!(model.predict_classes(&digits.subset(&[7]))?, ["7"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict_classes(&self, rows: &(impl Features + ?Sized)) -> Result<Vec<&str>, Error> {
        let classes = self.classes();
        Ok(self.predict(rows)?.into_iter().map(|class| classes[class].as_str()).collect())
    }

    /// Which labels hold for each row, row-major `(n, K)`: those that are at least as likely as not.
    ///
    /// # Errors
    /// As [`matrix`](Model::matrix), and when the model predicts no labels.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::{Dataset, Frame, Target};
    /// let frame = Frame::of_numbers(vec![-2.0, -1.0, 1.0, 2.0], vec!["x".into()])?;
    /// let names = vec!["positive".into(), "large".into()];
    /// let target = Target::labels(names, vec![0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0])?;
    /// let mlp = mlp::MlpClassifier::default();
    /// let data = Dataset::of(frame, target)?;
    /// let model = mlp.fit(&data)?;
    /// assert_eq!(model.predict_labels(&data)?.len(), 8);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict_labels(&self, rows: &(impl Features + ?Sized)) -> Result<Vec<bool>, Error> {
        match self.outcome {
            Outcome::Labels { .. } => {
                let h = self.network.outputs(&self.matrix(rows)?)?;
                Ok(h.as_slice().iter().map(|h| h.to_f64() >= 0.5).collect())
            }
            _ => Err(self.refuse("predict_labels", "labels")),
        }
    }

    /// The numbers of each row, row-major `(n, K)`, in the units of the target.
    ///
    /// # Errors
    /// As [`matrix`](Model::matrix), and when the model predicts no numbers.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::{Dataset, Frame, Target};
    /// let frame = Frame::of_numbers(vec![0.0, 1.0, 2.0, 3.0], vec!["x".into()])?;
    /// let data = Dataset::of(frame, Target::numbers(vec!["y".into()], vec![1.0, 3.0, 5.0, 7.0])?)?;
    /// let model = mlp::LinearRegression::default().fit(&data)?;
    /// assert!((model.predict_numbers(&[10.0][..])?[0] - 21.0).abs() < 1e-12);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict_numbers(&self, rows: &(impl Features + ?Sized)) -> Result<Vec<f64>, Error> {
        let Outcome::Numbers { names, mean, deviation } = &self.outcome else {
            return Err(self.refuse("predict_numbers", "numbers"));
        };
        let h = self.network.outputs(&self.matrix(rows)?)?;
        let in_units = |(i, h): (usize, &T)| {
            let column = i % names.len();
            mean[column] + deviation[column] * h.to_f64()
        };
        Ok(h.as_slice().iter().enumerate().map(in_units).collect())
    }

    /// How good the model is on rows whose target is known, weighted where they have weights: the share of rows with the right
    /// class; of labels, the share of rows with all of them right; of numbers R², the mean over columns.
    ///
    /// Classes are found by name, in whatever order the rows have them.
    ///
    /// # Errors
    /// As [`matrix`](Model::matrix); when the target is of another kind, there is a class that the model does not know, or
    /// there are no rows.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let digits = bundled::digits();
    /// assert!(mlp::LogisticRegression::default().fit(&digits)?.score(&digits)? > 0.98);
    /// # Ok(())
    /// # }
    /// ```
    pub fn score(&self, data: &Dataset) -> Result<f64, Error> {
        let unweighted = vec![1.0; data.n_rows()];
        let weights = data.weights().unwrap_or(&unweighted);
        match (&self.outcome, data.target()) {
            (Outcome::Classes { .. }, Target::Classes { .. }) => {
                let truth = self.labels_of(data)?;
                metrics::accuracy(metrics::Targets::weighted(&truth, weights), &self.predict(data)?)
            }
            (Outcome::Labels { names }, Target::Labels { values, .. }) => {
                let predicted = self.predict_labels(data)?;
                let rows = values.chunks(names.len()).zip(predicted.chunks(names.len()));
                let right = rows.map(|(y, h)| usize::from(y.iter().zip(h).any(|(y, h)| (*y == 1.0) != *h)));
                let wrong: Vec<usize> = right.collect();
                metrics::accuracy(metrics::Targets::weighted(&vec![0; wrong.len()], weights), &wrong)
            }
            (Outcome::Numbers { names, .. }, Target::Numbers { values, .. }) => {
                let predicted = self.predict_numbers(data)?;
                let mut sum = 0.0;
                for column in 0..names.len() {
                    let of = |from: &[f64]| from.iter().skip(column).step_by(names.len()).copied().collect();
                    let (y, h): (Vec<f64>, Vec<f64>) = (of(values), of(&predicted));
                    sum += metrics::r2(metrics::Targets::weighted(&y, weights), &h)?;
                }
                Ok(sum / names.len() as f64)
            }
            _ => Err(self.refuse("score", "what the rows have as target")),
        }
    }

    /// The labels of these rows as places among the classes of the model, found by name.
    ///
    /// # Errors
    /// When there is a class that the model does not know, or the target is no class.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let digits = bundled::digits();
    /// let model = mlp::LogisticRegression::default().fit(&digits)?;
    /// assert_eq!(model.labels_of(&digits.subset(&[5, 3]))?, [5, 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn labels_of(&self, data: &Dataset) -> Result<Vec<usize>, Error> {
        let (Outcome::Classes { classes, .. }, Target::Classes { .. }) = (&self.outcome, data.target())
        else {
            return Err(self.refuse("labels", "what the rows have as target"));
        };
        let places: HashMap<&str, usize> =
            classes.iter().enumerate().map(|(place, class)| (class.as_str(), place)).collect();
        let place = |label: &usize| {
            let class = data.classes()[*label].as_str();
            places.get(class).copied().ok_or_else(|| {
                let known = crate::data::listed(classes.iter().map(String::as_str), 20);
                Error::shape("labels", format!("one of the classes {known}"), format!("`{class}`"))
            })
        };
        data.labels().iter().map(place).collect()
    }

    fn refuse(&self, operation: &'static str, wants: &str) -> Error {
        let predicts = match self.outcome {
            Outcome::Classes { .. } => "classes",
            Outcome::Labels { .. } => "labels",
            Outcome::Numbers { .. } => "numbers",
        };
        Error::shape(operation, format!("a model that predicts {wants}"), format!("one for {predicts}"))
    }

    /// What does not fit together, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        let sizes = self.network.sizes();
        if self.network.parameters().iter().any(|parameter| !parameter.to_f64().is_finite()) {
            return Err("a parameter that is not a finite number".to_owned());
        }
        let n_features = self.preprocess.features().len();
        if n_features != sizes[0] {
            return Err(format!("{n_features} features and {} input units", sizes[0]));
        }
        let (names, least) = match &self.outcome {
            Outcome::Classes { classes, .. } => (classes, 2),
            Outcome::Labels { names } => (names, 1),
            Outcome::Numbers { names, mean, deviation } => {
                let are_scales = deviation.iter().all(|deviation| *deviation > 0.0);
                let finite = mean.iter().chain(deviation).all(|number| number.is_finite());
                if mean.len() != names.len() || deviation.len() != names.len() || !are_scales || !finite {
                    return Err("means and deviations that do not fit the numbers to predict".to_owned());
                }
                (names, 1)
            }
        };
        let units = sizes[sizes.len() - 1];
        if names.len() < least || self.outcome.n_outputs() != units {
            return Err(format!("{} classes or columns to predict and {units} output units", names.len()));
        }
        let mut seen = std::collections::HashSet::with_capacity(names.len());
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(format!("two times `{twice}` to predict"));
        }
        let output = self.network.output();
        let fits = match self.outcome {
            Outcome::Classes { .. } => output == Output::Sigmoid || output == Output::Softmax && units > 1,
            Outcome::Labels { .. } => output == Output::Sigmoid,
            Outcome::Numbers { .. } => output == Output::Identity,
        };
        if !fits {
            return Err(format!("the output {} for what is to be predicted", output.name()));
        }
        Ok(())
    }
}

/// Features, row-major, as a matrix in this precision.
pub(crate) fn matrix<T: Float>(preprocess: &Preprocess, features: Vec<f64>) -> Result<Tensor<T>, Error> {
    let columns = preprocess.features().len();
    let rows = features.len() / columns;
    let numbers: Vec<T> = features.iter().map(|feature| T::from_f64(*feature)).collect();
    if let Some(at) = numbers.iter().position(|number| !number.to_f64().is_finite()) {
        let wants = format!("features that {} can hold", T::NAME);
        let name = &preprocess.features()[at % columns].name;
        return Err(Error::shape(
            "model",
            wants,
            format!("{} as `{name}` in row {}", features[at], at / columns),
        ));
    }
    Ok(Tensor::from_vec(numbers, &[rows, columns])?)
}
