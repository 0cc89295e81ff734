//! What a network reads: features and targets as tensors.

use std::path::Path;

use mlp::data::{DataError, DataErrorKind, Preprocess, Table};
use mlp::{Model, Outcome};
use tape::Tensor;

use crate::failure::Failure;

/// A feature beyond this is refused: a few of them times their weights would leave the range of f32.
const LARGEST: f64 = 1e30;

/// The model in a file, which must tell classes apart.
pub(crate) fn classifier(path: &Path) -> Result<Model<f32>, Failure> {
    let model = Model::<f32>::load(path)?;
    let predicts = match model.outcome() {
        Outcome::Classes { .. } => return Ok(model),
        Outcome::Labels { .. } => "several labels",
        _ => "numbers",
    };
    Err(Failure::Other(format!(
        "{}: the model predicts {predicts}, and the command knows classes only; use it from a program",
        path.display()
    )))
}

/// An error where one of the features, row-major `(n_rows, features)`, is too large.
///
/// `line` gives the line of a row, where the file is at hand.
pub(crate) fn check(
    features: &[f64],
    preprocess: &Preprocess,
    line: impl Fn(usize) -> Option<u64>,
) -> Result<(), Failure> {
    let Some(at) = features.iter().position(|feature| feature.abs() > LARGEST) else { return Ok(()) };
    let n_features = preprocess.features().len();
    let feature = &preprocess.features()[at % n_features];
    let column = match feature.from[..] {
        [column] => preprocess.schema().names()[column].clone(),
        _ => feature.name.clone(),
    };
    let (line, kind) = (line(at / n_features), DataErrorKind::TooLarge);
    Err(mlp::Error::from(DataError { file: None, line, column: Some(column), kind }).into())
}

/// The features of the rows of a table, row-major `(n_rows, features)`, none of them too large.
pub(crate) fn features(table: &Table, preprocess: &Preprocess) -> Result<Vec<f64>, Failure> {
    let features = preprocess.apply_table(table)?;
    check(&features, preprocess, |row| Some(table.line(row)))
        .map_err(|failure| failure.in_file(table.source()))?;
    Ok(features)
}

/// Numbers as a tensor of rows of `n_columns`.
pub(crate) fn tensor(numbers: &[f64], n_columns: usize) -> Result<Tensor<f32>, Failure> {
    let single: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
    Ok(Tensor::from_slice(&single, &[single.len() / n_columns, n_columns])?)
}

/// Says on standard error which columns of a table the model does not read, if any.
pub(crate) fn note_ignored(table: &Table, model: &Model<f32>) {
    use std::io::Write;
    let (names, target) = (model.preprocess().schema().names(), model.outcome());
    let used: std::collections::HashSet<&str> = names.iter().map(String::as_str).collect();
    let is_target = |column: &str| matches!(target, Outcome::Classes { name, .. } if name == column);
    let columns = table.columns().iter().map(String::as_str);
    let ignored: Vec<&str> = columns.filter(|column| !used.contains(column) && !is_target(column)).collect();
    if ignored.is_empty() {
        return;
    }
    let shown: Vec<String> = ignored.iter().take(10).map(|column| format!("`{column}`")).collect();
    let more = if ignored.len() > 10 { format!(" and {} more", ignored.len() - 10) } else { String::new() };
    let columns = if ignored.len() == 1 { "column" } else { "columns" };
    let _ = writeln!(
        std::io::stderr(),
        "note: {columns} {}{more} ignored, as the model was trained without",
        shown.join(", ")
    );
}
