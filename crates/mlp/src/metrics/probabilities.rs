//! Probabilities of classes, row by row.

use tape::Float;

use super::MetricError;
use super::targets::same_number;
use crate::Error;

/// Probabilities that have been looked at: in [0, 1], and each row sums to one.
pub(super) struct Probabilities<'p, T> {
    values: &'p [T],
    columns: usize,
}

impl<'p, T: Float> Probabilities<'p, T> {
    /// `values`, row-major `(n_rows, n_classes)`; of two classes also `(n_rows)`, those of class 1.
    pub(super) fn new(
        metric: &'static str,
        values: &'p [T],
        n_rows: usize,
        n_classes: usize,
    ) -> Result<Self, Error> {
        at_least_two(n_classes)?;
        let columns = if n_classes == 2 && values.len() == n_rows { 1 } else { n_classes };
        same_number(metric, "probabilities", n_rows.saturating_mul(columns), values.len())?;
        check(metric, values, columns)?;
        if columns > 1 {
            let tolerance = tolerance::<T>(n_classes);
            for (row, values) in values.chunks_exact(columns).enumerate() {
                let sum: f64 = values.iter().map(|p| p.to_f64()).sum();
                if (sum - 1.0).abs() > tolerance {
                    return Err(MetricError::RowSum { metric, row, sum, tolerance }.into());
                }
            }
        }
        Ok(Self { values, columns })
    }

    /// The probability of a class in a row.
    pub(super) fn of(&self, row: usize, class: usize) -> f64 {
        match (self.columns, class) {
            (1, 0) => 1.0 - self.values[row].to_f64(),
            (1, _) => self.values[row].to_f64(),
            (columns, class) => self.values[row * columns + class].to_f64(),
        }
    }
}

/// Whether all of `values`, row-major with `columns`, are in [0, 1].
pub(super) fn check<T: Float>(metric: &'static str, values: &[T], columns: usize) -> Result<(), Error> {
    match values.iter().position(|p| !(0.0..=1.0).contains(&p.to_f64())) {
        None => Ok(()),
        Some(at) => {
            Err(MetricError::Probability { metric, row: at / columns, value: values[at].to_f64() }.into())
        }
    }
}

/// Whether there are classes to tell apart.
pub(super) fn at_least_two(n_classes: usize) -> Result<(), Error> {
    if n_classes >= 2 {
        return Ok(());
    }
    Err(Error::Setting { setting: "n_classes", wants: "at least 2 classes", got: n_classes.to_string() })
}

/// How far from one a row of probabilities may sum.
fn tolerance<T: Float>(n_classes: usize) -> f64 {
    let of_a_class = if size_of::<T>() == size_of::<f32>() { 1e-4 } else { 1e-6 };
    of_a_class * n_classes as f64
}

/// The distance from 1 to the next number of this precision.
pub(super) fn epsilon<T: Float>() -> f64 {
    if size_of::<T>() == size_of::<f32>() { f64::from(f32::EPSILON) } else { f64::EPSILON }
}
