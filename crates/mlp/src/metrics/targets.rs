//! What is true of each row, and how much the row counts.

use tape::Float;

use super::MetricError;
use crate::Error;

/// What is true of each row (a class, or a number), with or without a weight for each row.
///
/// Slices, arrays and vectors are targets without weights, by reference. A row of weight w counts as w rows; of weight
/// 0, as none.
///
/// ```
/// use mlp::metrics::{Targets, mean_absolute_error};
///
/// let predictions = [1.0, 2.0, 7.0];
/// assert_eq!(mean_absolute_error(&[1.0, 4.0, 7.0], &predictions)?, 2.0 / 3.0);
/// assert_eq!(mean_absolute_error(Targets::weighted(&[1.0, 4.0, 7.0], &[1.0, 1.0, 2.0]), &predictions)?, 0.5);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug)]
pub struct Targets<'a, T> {
    values: &'a [T],
    weights: Option<&'a [f64]>,
}

// By hand, as the derived ones would ask T for the same.
impl<T> Clone for Targets<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Targets<'_, T> {}

impl<'a, T> Targets<'a, T> {
    /// Targets with a weight for each, finite and at least 0; the metric refuses others.
    ///
    /// ```
    /// use mlp::metrics::{Targets, accuracy};
    ///
    /// assert_eq!(accuracy(Targets::weighted(&[0, 1], &[3.0, 1.0]), &[0, 0])?, 0.75);
    /// assert!(accuracy(Targets::weighted(&[0, 1], &[3.0, -1.0]), &[0, 0]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn weighted(values: &'a [T], weights: &'a [f64]) -> Self {
        Self { values, weights: Some(weights) }
    }

    /// The rows, where there are any and their weights are weights.
    pub(super) fn rows(self, metric: &'static str) -> Result<Rows<'a, T>, Error> {
        let Self { values, weights } = self;
        at_least(metric, 1, values.len())?;
        let total = match weights {
            None => values.len() as f64,
            Some(weights) => {
                same_number(metric, "weights", values.len(), weights.len())?;
                let broken = |weight: &f64| !(weight.is_finite() && *weight >= 0.0);
                if let Some(row) = weights.iter().position(broken) {
                    return Err(MetricError::Weight { metric, row, value: weights[row] }.into());
                }
                let total: f64 = weights.iter().sum();
                // Twice it, so that sums in any other order are finite as well.
                finite(metric, 2.0 * total)?;
                total
            }
        };
        if total == 0.0 {
            return Err(MetricError::NoWeight { metric }.into());
        }
        Ok(Rows { metric, values, weights, total })
    }
}

impl<'a, T> From<&'a [T]> for Targets<'a, T> {
    fn from(values: &'a [T]) -> Self {
        Self { values, weights: None }
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for Targets<'a, T> {
    fn from(values: &'a [T; N]) -> Self {
        Self { values, weights: None }
    }
}

impl<'a, T> From<&'a Vec<T>> for Targets<'a, T> {
    fn from(values: &'a Vec<T>) -> Self {
        Self { values, weights: None }
    }
}

/// Targets whose weights have been looked at: at least one row, and a sum of weights above 0.
pub(super) struct Rows<'a, T> {
    pub(super) metric: &'static str,
    pub(super) values: &'a [T],
    weights: Option<&'a [f64]>,
    total: f64,
}

impl<T> Rows<'_, T> {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// `Σ wᵢ f(i) / Σ wᵢ`, over the rows that weigh.
    pub(super) fn mean(&self, f: impl Fn(usize) -> f64) -> Result<f64, Error> {
        let rows = (0..self.len()).filter(|row| self.weight(*row) > 0.0);
        let sum: f64 = rows.map(|row| self.weight(row) * f(row)).sum();
        finite(self.metric, sum / self.total)
    }
}

impl Rows<'_, usize> {
    /// Whether `classes`, the labels or what was predicted, are below `n_classes`.
    pub(super) fn check_classes(&self, classes: &[usize], n_classes: usize) -> Result<(), Error> {
        match classes.iter().position(|class| *class >= n_classes) {
            None => Ok(()),
            Some(row) => {
                let (metric, class) = (self.metric, classes[row]);
                Err(MetricError::Class { metric, row, class, n_classes }.into())
            }
        }
    }
}

/// Whether there are as many as there should be.
pub(super) fn same_number(
    metric: &'static str,
    what: &'static str,
    wants: usize,
    got: usize,
) -> Result<(), Error> {
    if wants == got { Ok(()) } else { Err(MetricError::Lengths { metric, what, wants, got }.into()) }
}

/// Whether there are rows enough.
pub(super) fn at_least(metric: &'static str, wants: usize, got: usize) -> Result<(), Error> {
    if got >= wants { Ok(()) } else { Err(MetricError::TooFewRows { metric, wants, got }.into()) }
}

/// Whether all of `values`, row-major with `columns`, are finite.
pub(super) fn all_finite<T: Float>(
    metric: &'static str,
    what: &'static str,
    values: &[T],
    columns: usize,
) -> Result<(), Error> {
    match values.iter().position(|value| !value.to_f64().is_finite()) {
        None => Ok(()),
        Some(at) => {
            let (row, value) = (at / columns, values[at].to_f64());
            Err(MetricError::NotFinite { metric, what, row, value }.into())
        }
    }
}

/// `value`, where it is finite.
pub(super) fn finite(metric: &'static str, value: f64) -> Result<f64, Error> {
    if value.is_finite() { Ok(value) } else { Err(MetricError::Overflow { metric, value }.into()) }
}
