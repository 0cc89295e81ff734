//! A model as one safetensors file.
//!
//! The tensors are `layer.1.theta` `(n_out, n_in)`, `layer.1.bias` `(n_out)` and so on, in f32 or f64. Everything else is JSON
//! under the key `mlp-model` of the header's metadata: layer sizes, functions, preprocessing, classes, and how the model came
//! about. Version 1, which knew nothing but standardised columns, sigmoids and classes, can still be read.

mod error;
mod layout;
mod version_1;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tape::Float;

pub use self::error::ModelFileErrorKind;
use crate::data::Preprocess;
use crate::tensor_file::{self, Part, numbers};
use crate::{Activation, Error, Model, Network, Outcome, Output, Probabilities, TrainingRecord, atomic_file};

/// The metadata key that makes a safetensors file a model of this crate.
const KEY: &str = "mlp-model";
/// The version written. All versions up to it can be read.
const VERSION: u64 = 2;
/// How errors call bytes that come from no file.
const BYTES: &str = "model";

/// What stands under [`KEY`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    version: u64,
    sizes: Vec<usize>,
    activation: String,
    output: String,
    outcome: Outcome,
    probabilities: Probabilities,
    preprocess: Preprocess,
    record: TrainingRecord,
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
    /// Where a transform is the user's own, which no file can hold.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// assert_eq!(model.to_bytes()?, model.clone().to_bytes()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.check().map_err(|what| Error::shape("model", "parts that fit together", what))?;
        let sizes = self.network.sizes();
        let tensors: Vec<Part> = layout::parts(sizes)
            .into_iter()
            .map(|part| Part::new(part.name, part.shape, &self.network.parameters()[part.range]))
            .collect();
        let description = Description {
            version: VERSION,
            sizes: sizes.to_vec(),
            activation: self.network.activation().name().to_owned(),
            output: self.network.output().name().to_owned(),
            outcome: self.outcome.clone(),
            probabilities: self.probabilities,
            preprocess: self.preprocess.clone(),
            record: self.record.clone(),
        };
        let description = serde_json::to_string(&description)
            .map_err(|error| Error::shape("model", "parts that a file can hold", error.to_string()))?;
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
    /// use mlp::Model;
    /// use mlp::model_file::ModelFileErrorKind;
    ///
    /// let error = Model::<f32>::from_bytes(b"a,b\n1,2\n3,4\n").unwrap_err();
    /// assert!(matches!(error, Error::ModelFile { kind: ModelFileErrorKind::NotAModel, .. }));
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::parse(bytes).map_err(|kind| Error::ModelFile { file: BYTES.to_owned(), kind })
    }

    /// Writes the model to the file at `path`, which then is there whole or as it was before.
    ///
    /// # Errors
    /// As [`Model::to_bytes`]; [`Error::Write`] where the file can't be written.
    ///
    /// ```
    /// # use mlp::Model;
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
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
    /// let error = mlp::Model::<f32>::load("no such model.mlp").unwrap_err();
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
        let json = |error: serde_json::Error| damaged(format!("its description is wrong: {error}"));
        let (description, tensors) = tensor_file::parse(bytes, KEY)?;
        let Version { version } = serde_json::from_str(&description).map_err(json)?;
        let (description, others) = match version {
            1 => version_1::read(&description, &tensors)?,
            VERSION => (serde_json::from_str(&description).map_err(json)?, 0),
            _ => return Err(OtherVersion { version, newest: VERSION }),
        };
        let Description { sizes, activation, output, outcome, probabilities, preprocess, record, .. } =
            description;
        let Some(activation) = Activation::named(&activation) else {
            let known = Activation::ALL.map(Activation::name).join(", ");
            return Err(damaged(format!("its activation is `{activation}`, and known are {known}")));
        };
        let Some(output) = Output::named(&output) else {
            let known = Output::ALL.map(Output::name).join(", ");
            return Err(damaged(format!("its output is `{output}`, and known are {known}")));
        };
        let n_parameters =
            layout::n_parameters(&sizes).filter(|n| *n <= bytes.len() / 4).ok_or_else(|| {
                damaged(format!("it has no room for the parameters of layers of {sizes:?} units"))
            })?;
        let parts = layout::parts(&sizes);
        if tensors.len() != parts.len() + others {
            let (got, wanted) = (tensors.len(), parts.len() + others);
            return Err(damaged(format!("it holds {got} tensors instead of {wanted}")));
        }
        let mut parameters = Vec::with_capacity(n_parameters);
        for part in &parts {
            parameters.extend(numbers(&tensors, &part.name, &part.shape)?.map(T::from_f64));
        }
        let network = Network::from_parameters(&sizes, parameters)
            .map_err(|error| damaged(error.to_string()))?
            .with_activation(activation)
            .with_output(output);
        let model = Model { network, preprocess, outcome, probabilities, record };
        model.check().map_err(damaged)?;
        Ok(model)
    }
}

#[cfg(test)]
mod tests;
