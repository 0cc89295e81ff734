//! Models as ONNX files, with their preprocessing and their classes.
//!
//! Protocol buffers of the standard operators of opset 17 and, for categories, those of `ai.onnx.ml` 3. All is computed in
//! single precision. What the inputs and outputs are says [`Model::to_onnx`].

mod categories;
mod columns;
mod graph;
mod network;
mod numbers;
mod proto;

use std::path::Path;

use prost::Message;
use tape::Float;

use self::columns::Columns;
use self::graph::{Graph, ML};
use self::proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};
use crate::data::{Fills, Fitted};
use crate::{Error, Model, Outcome, atomic_file};

/// The version of the format, and of the operators: that of ONNX 1.12, which runtimes since 2022 read.
const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
const ML_OPSET: i64 = 3;

impl<T: Float> Model<T> {
    /// The model as the bytes of an ONNX file, which takes rows as they come and gives classes; the same model gives the same
    /// bytes. All is computed in single precision: scale before taking products of large numbers.
    ///
    /// **Inputs.** Where all columns of the training rows were numbers, one float tensor `X` `(N, columns)`, those that are
    /// dropped among them, as for [`Features`](crate::Features) of plain numbers. Otherwise one tensor `(N, 1)` for each column
    /// that is read, of its name (with `_2` behind it where an output is called so): of floats, or of strings where it is a
    /// category. A boolean is 0 or 1. Missing are NaN and the empty string, and no other spelling.
    ///
    /// **Outputs.** Of classes, `label` `(N)`, their names as strings, or int64 where all of them are whole numbers; and
    /// `probabilities` `(N, K)`, as [`predict_proba`](Model::predict_proba). Of labels, `probabilities` alone. Of numbers,
    /// `values` `(N, K)`, in the units of the target.
    ///
    /// A row that the library would refuse, as a value is missing that nothing fills in, or one below 0 has no logarithm, has NaN for
    /// all numbers and `""` or -1 (or the least int64, where -1 could be a class) as label. A category that
    /// [`Unknown::Refuse`](crate::data::Unknown::Refuse) is for makes the run fail. An infinity is computed with.
    ///
    /// The metadata say the columns, features and classes (JSON lists), the target, and how the model came about.
    ///
    /// # Errors
    /// When a transform is the user's own, which no file can hold; when a level is the empty string, a number is too large for
    /// single precision, or the file would be beyond 2 GiB, the most that protocol buffers can have.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// let bytes = model.to_onnx()?;
    /// assert!(bytes.windows(13).any(|bytes| bytes == b"probabilities"));
    /// assert_eq!(bytes, model.to_onnx()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_onnx(&self) -> Result<Vec<u8>, Error> {
        self.check().map_err(|what| Error::shape("model", "parts that fit together", what))?;
        let mut graph = Graph::new(&network::OUTPUTS);
        let mut columns = Columns::inputs(&mut graph, self.preprocess.schema());
        for fitted in self.preprocess.chain() {
            transform(&mut graph, &mut columns, fitted)?;
        }
        let may_be_missing = columns.numbers.iter().any(|number| number.may_be_missing);
        let features = columns.filled(&mut graph)?;
        network::outputs(&mut graph, self, &features, may_be_missing)?;
        let graph = graph.finish();
        let has_ml = graph.node.iter().any(|node| node.domain.as_deref() == Some(ML));
        let standard = OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) };
        let ml = OperatorSetIdProto { domain: Some(ML.to_owned()), version: Some(ML_OPSET) };
        let model = ModelProto {
            ir_version: Some(IR_VERSION),
            opset_import: std::iter::once(standard).chain(has_ml.then_some(ml)).collect(),
            producer_name: Some(env!("CARGO_PKG_NAME").to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            doc_string: Some(self.described()),
            graph: Some(graph),
            metadata_props: self.metadata(),
        };
        match model.encoded_len() {
            length if length <= i32::MAX as usize => Ok(model.encode_to_vec()),
            length => Err(Error::shape("onnx", "a file of less than 2 GiB", format!("{length} bytes"))),
        }
    }

    /// Writes the model to an ONNX file at `path`, which then is there whole or as it was before.
    ///
    /// # Errors
    /// As [`Model::to_onnx`]; [`Error::Write`] where the file can't be written.
    ///
    /// ```
    /// # use mlp::data::bundled;
    /// let model = mlp::LogisticRegression::default().fit(&bundled::digits().subset(&[0, 1, 10, 11]))?;
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("small.onnx");
    /// model.save_onnx(&path)?;
    /// assert_eq!(std::fs::read(&path)?, model.to_onnx()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save_onnx(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        atomic_file::write(path, &self.to_onnx()?)
    }

    /// The model in a sentence.
    fn described(&self) -> String {
        let predicted = match &self.outcome {
            Outcome::Classes { name, .. } => format!("the class `{name}`"),
            Outcome::Labels { names } => format!("the labels {}", crate::data::listed(strs(names), 20)),
            Outcome::Numbers { names, .. } => format!("the numbers {}", crate::data::listed(strs(names), 20)),
        };
        format!("A network of layers {:?} that predicts {predicted}.", self.network.sizes())
    }

    /// What there is to know of the model besides its graph.
    fn metadata(&self) -> Vec<StringStringEntryProto> {
        let (record, preprocess) = (&self.record, &self.preprocess);
        let list = |texts: &[&str]| serde_json::json!(texts).to_string();
        let columns = preprocess.schema().names();
        let mut entries = vec![
            ("columns", list(&strs(&columns).collect::<Vec<_>>())),
            ("features", list(&preprocess.names())),
        ];
        match &self.outcome {
            Outcome::Classes { name, classes } => {
                entries.push(("target", list(&[name])));
                entries.push(("classes", list(&strs(classes).collect::<Vec<_>>())));
            }
            Outcome::Labels { names } | Outcome::Numbers { names, .. } => {
                entries.push(("target", list(&strs(names).collect::<Vec<_>>())));
            }
        }
        if !record.data.is_empty() {
            entries.push(("training_data", record.data.clone()));
        }
        if record.rows > 0 {
            entries.push(("training_rows", record.rows.to_string()));
            entries.push(("held_out_rows", record.held_out.to_string()));
        }
        let entry = |(key, value): (&str, String)| StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value),
        };
        entries.into_iter().map(entry).collect()
    }
}

/// What the transform does to the columns.
fn transform(graph: &mut Graph, columns: &mut Columns, fitted: &Fitted) -> Result<(), Error> {
    if fitted.columns().is_empty() && !matches!(fitted, Fitted::Custom(_)) {
        return Ok(());
    }
    match fitted {
        Fitted::Scale(scale) => numbers::scale(graph, columns, scale),
        Fitted::Log(log) => numbers::log(graph, columns, log),
        Fitted::Clip(clip) => numbers::clip(graph, columns, clip),
        Fitted::Polynomial(polynomial) => numbers::polynomial(graph, columns, polynomial),
        Fitted::Pca(pca) => numbers::pca(graph, columns, pca),
        Fitted::OneHot(one_hot) => categories::one_hot(graph, columns, one_hot),
        Fitted::Ordinal(ordinal) => categories::ordinal(graph, columns, ordinal),
        Fitted::Impute(impute) => match impute.fills() {
            Fills::Numbers(fills) => numbers::impute(graph, columns, impute, fills),
            Fills::Levels(fills) => categories::impute(graph, columns, impute, fills),
        },
        Fitted::Custom(custom) => {
            let got =
                format!("transform `{}`, which is the user's own; leave it out of the chain", custom.name());
            Err(Error::shape("onnx", "transforms that a file can hold", got))
        }
    }
}

fn strs(texts: &[String]) -> impl ExactSizeIterator<Item = &str> {
    texts.iter().map(String::as_str)
}

#[cfg(test)]
mod tests;
