//! A trained network with all that is needed to apply it, as one safetensors file.
//!
//! The tensors are `layer.1.theta` `(n_out, n_in)`, `layer.1.bias` `(n_out)` and so on in f32 or f64, and
//! `standardize.mean` and `standardize.deviation` in f64. Everything else is JSON under the key `mlp-model` of the header's
//! metadata.

mod error;
mod layout;

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tape::{Float, Real};

pub use self::error::ModelFileErrorKind;
use crate::data::Standardize;
use crate::data::n_outputs;
use crate::tensor_file::{self, Part, numbers};
use crate::{Activation, Error, Network, atomic_file};

/// The metadata key that makes a safetensors file a model of this crate.
const KEY: &str = "mlp-model";
/// The version written. All versions up to it can be read.
const VERSION: u64 = 1;
/// How errors call bytes that come from no file.
const BYTES: &str = "model";

/// A trained network together with the columns it reads, their standardisation and the classes it tells apart.
///
/// ```
/// use mlp::data::Standardize;
/// use mlp::model_file::{Model, TrainingRecord};
///
/// let model = Model {
///     sizes: vec![2, 1],
///     activation: mlp::Activation::default(),
///     parameters: vec![0.5_f32, -1.5, 0.25],
///     columns: vec!["height".into(), "width".into()],
///     target: "species".into(),
///     classes: vec!["fern".into(), "oak".into()],
///     standardize: Standardize::from_parts(vec![1.0, 2.0], vec![0.5, 0.5])?,
///     training: TrainingRecord::default(),
/// };
/// assert_eq!(Model::from_bytes(&model.to_bytes()?)?, model);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Model<T> {
    /// The units of each layer, input and output included.
    pub sizes: Vec<usize>,
    /// The activation of the hidden layers.
    pub activation: Activation,
    /// The parameters, layer by layer: theta `(n_out, n_in)` row-major, then bias `(n_out)`.
    pub parameters: Vec<T>,
    /// The columns that the input units read.
    pub columns: Vec<String>,
    /// The column that held the classes.
    pub target: String,
    /// The classes; one output unit each, or for two classes a single one that says how likely the second is.
    pub classes: Vec<String>,
    /// What was done to the columns before training, and is to be done before prediction.
    pub standardize: Standardize,
    /// How the network was trained.
    pub training: TrainingRecord,
}

/// What a model was trained on and with which settings: enough to do it again.
///
/// ```
/// use mlp::model_file::TrainingRecord;
///
/// let training = TrainingRecord { lambda: 1.0, epochs: 50, ..TrainingRecord::default() };
/// assert_eq!(training.batch_size, None);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// The name of the table.
    pub data: String,
    /// The fraction of its rows that was held out.
    pub held_out: f64,
    /// The weight λ of the penalty.
    pub lambda: f64,
    /// The step of gradient descent along the negative gradient.
    pub learning_rate: f64,
    /// The passes over the training rows.
    pub epochs: usize,
    /// The rows that make one step; none: all of them.
    pub batch_size: Option<usize>,
    /// The seed of the split, the initial parameters and the order of rows.
    pub seed: u64,
}

/// What stands under [`KEY`].
#[derive(Serialize, Deserialize)]
struct Description {
    version: u64,
    sizes: Vec<usize>,
    activation: String,
    columns: Vec<String>,
    target: String,
    classes: Vec<String>,
    training: TrainingRecord,
}

/// The part of a [`Description`] that every version has.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

impl<T: Float> Model<T> {
    /// The model as the bytes of a file; the same model gives the same bytes.
    ///
    /// # Errors
    /// Where the parts of the model do not fit together or a number is not finite.
    ///
    /// ```
    /// # use mlp::{data::Standardize, model_file::{Model, TrainingRecord}};
    /// # let model = Model {
    /// #     sizes: vec![1, 1], activation: mlp::Activation::default(), parameters: vec![0.5_f64, 0.25], columns: vec!["x".into()], target: "y".into(),
    /// #     classes: vec!["a".into(), "b".into()],
    /// #     standardize: Standardize::from_parts(vec![0.0], vec![1.0])?, training: TrainingRecord::default(),
    /// # };
    /// assert_eq!(model.to_bytes()?, model.clone().to_bytes()?);
    /// let broken = Model { parameters: vec![0.5, f64::NAN], ..model };
    /// assert!(broken.to_bytes().is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.check().map_err(|what| Error::shape("model", "parts that fit together", what))?;
        let mut tensors: Vec<Part> = layout::parts(&self.sizes)
            .into_iter()
            .map(|part| Part::new(part.name, part.shape, &self.parameters[part.range]))
            .collect();
        for (name, values) in
            [(layout::MEAN, self.standardize.mean()), (layout::DEVIATION, self.standardize.deviation())]
        {
            tensors.push(Part::new(name, vec![values.len()], values));
        }
        let description = Description {
            version: VERSION,
            sizes: self.sizes.clone(),
            activation: self.activation.name().to_owned(),
            columns: self.columns.clone(),
            target: self.target.clone(),
            classes: self.classes.clone(),
            training: self.training.clone(),
        };
        let description = serde_json::to_string(&description).expect("strings and finite numbers are JSON");
        tensor_file::serialize(&tensors, KEY, description)
            .map_err(|error| Error::shape("model", "a header of at most 100 MB", error))
    }

    /// The model in `bytes`, such as `include_bytes!` gives.
    ///
    /// Parameters of either precision are read into `T`.
    ///
    /// # Errors
    /// [`Error::ModelFile`] where the bytes are no model, one of a later version, cut off, longer than they say, or
    /// where something in them does not fit or is not finite.
    ///
    /// ```
    /// use mlp::Error;
    /// use mlp::model_file::{Model, ModelFileErrorKind};
    ///
    /// let error = Model::<f32>::from_bytes(b"a,b\n1,2\n3,4\n").unwrap_err();
    /// assert!(matches!(error, Error::ModelFile { kind: ModelFileErrorKind::NotAModel, .. }));
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::parse(bytes).map_err(|kind| Error::ModelFile { file: BYTES.to_owned(), kind })
    }

    /// The network, ready to predict from standardised features.
    ///
    /// # Errors
    /// Where the sizes and the parameters do not fit together.
    ///
    /// ```
    /// # use mlp::{data::Standardize, model_file::{Model, TrainingRecord}};
    /// # let model = Model {
    /// #     sizes: vec![1, 1], activation: mlp::Activation::default(), parameters: vec![0.5_f64, 0.25], columns: vec!["x".into()], target: "y".into(),
    /// #     classes: vec!["a".into(), "b".into()],
    /// #     standardize: Standardize::from_parts(vec![0.0], vec![1.0])?, training: TrainingRecord::default(),
    /// # };
    /// assert_eq!(model.network()?.sizes(), [1, 1]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn network(&self) -> Result<Network<T>, Error> {
        Ok(Network::from_parameters(&self.sizes, self.parameters.clone())?.with_activation(self.activation))
    }

    /// Writes the model to the file at `path`, which then is there whole or as it was before.
    ///
    /// # Errors
    /// As [`Model::to_bytes`]; [`Error::Write`] where the file can't be written.
    ///
    /// ```
    /// # use mlp::{data::Standardize, model_file::{Model, TrainingRecord}};
    /// # let model = Model {
    /// #     sizes: vec![1, 1], activation: mlp::Activation::default(), parameters: vec![0.5_f64, 0.25], columns: vec!["x".into()], target: "y".into(),
    /// #     classes: vec!["a".into(), "b".into()],
    /// #     standardize: Standardize::from_parts(vec![0.0], vec![1.0])?, training: TrainingRecord::default(),
    /// # };
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("small.mlp");
    /// model.save(&path)?;
    /// assert_eq!(Model::load(&path)?, model);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        atomic_file::write(path, &self.to_bytes()?)
    }

    /// The model in the file at `path`.
    ///
    /// # Errors
    /// [`Error::Read`] where the file can't be read; otherwise as [`Model::from_bytes`].
    ///
    /// ```
    /// let error = mlp::model_file::Model::<f32>::load("no such model.mlp").unwrap_err();
    /// assert!(error.to_string().starts_with("cannot read no such model.mlp: "));
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let read = |source| Error::Read { path: path.to_owned(), source };
        let wrong = |kind| Error::ModelFile { file: path.display().to_string(), kind };
        let mut file = File::open(path).map_err(read)?;
        // The beginning is looked at first, so that a device or a disk image is not read to its end.
        let mut bytes = Vec::new();
        file.by_ref().take(tensor_file::BEGINNING).read_to_end(&mut bytes).map_err(read)?;
        tensor_file::header_length(&bytes).map_err(|problem| wrong(problem.into()))?;
        file.read_to_end(&mut bytes).map_err(read)?;
        Self::parse(&bytes).map_err(wrong)
    }

    fn parse(bytes: &[u8]) -> Result<Self, ModelFileErrorKind> {
        use ModelFileErrorKind::{Damaged, OtherVersion};
        let damaged = |what: String| Damaged { what };
        let (description, tensors) = tensor_file::parse(bytes, KEY)?;
        let json = |error: serde_json::Error| damaged(format!("its description is wrong: {error}"));
        let Version { version } = serde_json::from_str(&description).map_err(json)?;
        if version != VERSION {
            return Err(OtherVersion { version, newest: VERSION });
        }
        let Description { sizes, activation, columns, target, classes, training, .. } =
            serde_json::from_str(&description).map_err(json)?;
        let Some(activation) = Activation::named(&activation) else {
            let known = Activation::ALL.map(Activation::name).join(", ");
            return Err(damaged(format!("its activation is `{activation}`, and known are {known}")));
        };

        let n_parameters =
            layout::n_parameters(&sizes).filter(|n| *n <= bytes.len() / 4).ok_or_else(|| {
                damaged(format!("it has no room for the parameters of layers of {sizes:?} units"))
            })?;
        let parts = layout::parts(&sizes);
        if tensors.len() != parts.len() + 2 {
            return Err(damaged(format!(
                "it holds {} tensors instead of {}",
                tensors.len(),
                parts.len() + 2
            )));
        }
        let mut parameters = Vec::with_capacity(n_parameters);
        for part in &parts {
            parameters.extend(numbers(&tensors, &part.name, &part.shape)?.map(T::from_f64));
        }
        let mean = numbers(&tensors, layout::MEAN, &[columns.len()])?.collect();
        let deviation = numbers(&tensors, layout::DEVIATION, &[columns.len()])?.collect();
        let standardize =
            Standardize::from_parts(mean, deviation).map_err(|error| damaged(error.to_string()))?;
        let model = Self { sizes, activation, parameters, columns, target, classes, standardize, training };
        model.check().map_err(damaged)?;
        Ok(model)
    }

    /// What does not fit together, in words.
    fn check(&self) -> Result<(), String> {
        let Self { sizes, activation: _, parameters, columns, target, classes, standardize, training } = self;
        if sizes.len() < 2 || sizes.contains(&0) {
            return Err(format!("layers of {sizes:?} units"));
        }
        if layout::n_parameters(sizes) != Some(parameters.len()) {
            return Err(format!("{} parameters for layers of {sizes:?} units", parameters.len()));
        }
        if parameters.iter().any(|parameter| !Real::to_f64(*parameter).is_finite()) {
            return Err("a parameter that is not a finite number".to_owned());
        }
        if columns.len() != sizes[0] || standardize.mean().len() != sizes[0] {
            let n_means = standardize.mean().len();
            return Err(format!("{} columns, {n_means} means and {} input units", columns.len(), sizes[0]));
        }
        let n_units = sizes[sizes.len() - 1];
        if classes.len() < 2 || n_outputs(classes.len()) != n_units {
            return Err(format!("{} classes and {n_units} output units", classes.len()));
        }
        for (kind, names) in [("column", columns), ("class", classes)] {
            let mut seen = HashSet::with_capacity(names.len());
            if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
                return Err(format!("two times the {kind} `{twice}`"));
            }
        }
        if columns.contains(target) {
            return Err(format!("the target `{target}` among the columns"));
        }
        if [training.held_out, training.lambda, training.learning_rate]
            .iter()
            .any(|setting| !setting.is_finite())
        {
            return Err("a setting that is not a finite number".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
