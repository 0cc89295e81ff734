//! What a network reads: standardised features and targets as tensors.

use mlp::data::{DataError, DataErrorKind, Standardize};
use tape::Tensor;

use crate::failure::Failure;

/// A standardised value beyond this is refused: a few of them times their weights would leave the range of f32.
const LARGEST: f64 = 1e30;

/// The standardised features as a tensor `(n_rows, n_columns)`.
///
/// `line` gives the line of a row, where the file is at hand.
pub(crate) fn tensor(
    features: &[f64],
    columns: &[String],
    standardize: &Standardize,
    line: impl Fn(usize) -> Option<u64>,
) -> Result<Tensor<f32>, Failure> {
    let standardized = standardize.apply(features)?;
    if let Some(at) = standardized.iter().position(|value| value.abs() > LARGEST) {
        let error = DataError {
            file: None,
            line: line(at / columns.len()),
            column: Some(columns[at % columns.len()].clone()),
            kind: DataErrorKind::TooLarge,
        };
        return Err(mlp::Error::from(error).into());
    }
    numbers(&standardized, columns.len())
}

/// Numbers as a tensor of rows of `n_columns`.
pub(crate) fn numbers(numbers: &[f64], n_columns: usize) -> Result<Tensor<f32>, Failure> {
    let single: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
    Ok(Tensor::from_slice(&single, &[single.len() / n_columns, n_columns])?)
}

/// The names of the table's columns that a model does not read, for a note.
pub(crate) fn ignored<'a>(table: &'a mlp::data::Table, columns: &[String], target: &str) -> Vec<&'a str> {
    let used: std::collections::HashSet<&str> = columns.iter().map(String::as_str).collect();
    let ignored = table.columns().iter().map(String::as_str);
    ignored.filter(|column| !used.contains(column) && *column != target).collect()
}

/// Says on standard error which columns are ignored, if any.
pub(crate) fn note_ignored(ignored: &[&str]) {
    use std::io::Write;
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
