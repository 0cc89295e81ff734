//! How far predicted numbers are from the true ones.

use tape::Float;

use super::Targets;
use super::targets::{Rows, all_finite, at_least, finite, same_number};
use crate::Error;

/// The mean of `|y − ŷ|` over rows, by weight, in the unit of y.
///
/// # Errors
/// Where slices differ in length, there are no rows, weights are no weights, or numbers or their sums are not finite.
///
/// ```
/// assert_eq!(mlp::metrics::mean_absolute_error(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0])?, 0.5);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn mean_absolute_error<'a, T: Float>(
    targets: impl Into<Targets<'a, T>>,
    predictions: &[T],
) -> Result<f64, Error> {
    let rows = checked("mean_absolute_error", targets.into(), predictions)?;
    rows.mean(|row| (rows.values[row].to_f64() - predictions[row].to_f64()).abs())
}

/// The mean of `(y − ŷ)²` over rows, by weight, in the square of the unit of y.
///
/// # Errors
/// Where slices differ in length, there are no rows, weights are no weights, or numbers or their sums are not finite.
///
/// ```
/// assert_eq!(mlp::metrics::mean_squared_error(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0])?, 0.375);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn mean_squared_error<'a, T: Float>(
    targets: impl Into<Targets<'a, T>>,
    predictions: &[T],
) -> Result<f64, Error> {
    let rows = checked("mean_squared_error", targets.into(), predictions)?;
    rows.mean(|row| (rows.values[row].to_f64() - predictions[row].to_f64()).powi(2))
}

/// The root of the [mean squared error](mean_squared_error), in the unit of y.
///
/// # Errors
/// As [`mean_squared_error`].
///
/// ```
/// assert_eq!(mlp::metrics::root_mean_squared_error(&[3.0, 1.0], &[0.0, -3.0])?, 12.5_f64.sqrt());
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn root_mean_squared_error<'a, T: Float>(
    targets: impl Into<Targets<'a, T>>,
    predictions: &[T],
) -> Result<f64, Error> {
    let rows = checked("root_mean_squared_error", targets.into(), predictions)?;
    Ok(rows.mean(|row| (rows.values[row].to_f64() - predictions[row].to_f64()).powi(2))?.sqrt())
}

/// The coefficient of determination, `1 − Σ (y − ŷ)² / Σ (y − ȳ)²`, by weight: 1 at best, 0 for who predicts the mean.
///
/// Where all targets that weigh are the same it is 1 if they are met and 0 if not, as scikit-learn has it.
///
/// # Errors
/// Where slices differ in length, there are fewer than two rows, weights are no weights, or numbers or their sums are not
/// finite.
///
/// ```
/// use mlp::metrics::r2;
///
/// assert_eq!(r2(&[1.0, 2.0, 3.0], &[1.0, 2.0, 2.0])?, 0.5);
/// assert_eq!(r2(&[0.1, 0.1, 0.1], &[0.1, 0.1, 0.2])?, 0.0);
/// assert!(r2(&[1.0], &[1.0]).is_err());
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn r2<'a, T: Float>(targets: impl Into<Targets<'a, T>>, predictions: &[T]) -> Result<f64, Error> {
    let rows = checked("r2", targets.into(), predictions)?;
    at_least("r2", 2, rows.len())?;
    let y = |row: usize| rows.values[row].to_f64();
    let residual = rows.mean(|row| (y(row) - predictions[row].to_f64()).powi(2))?;
    // The mean of equal numbers may be rounded to one beside them; then nothing but rounding would be left.
    let mut weighing = (0..rows.len()).filter(|row| rows.weight(*row) > 0.0).map(y);
    let first = weighing.next();
    if weighing.all(|y| Some(y) == first) {
        return Ok(if residual == 0.0 { 1.0 } else { 0.0 });
    }
    let mean = rows.mean(y)?;
    let variance = rows.mean(|row| (y(row) - mean).powi(2))?;
    if residual == 0.0 {
        return Ok(1.0);
    }
    finite("r2", 1.0 - residual / variance)
}

fn checked<'a, T: Float>(
    metric: &'static str,
    targets: Targets<'a, T>,
    predictions: &[T],
) -> Result<Rows<'a, T>, Error> {
    let rows = targets.rows(metric)?;
    same_number(metric, "predictions", rows.len(), predictions.len())?;
    all_finite(metric, "targets", rows.values, 1)?;
    all_finite(metric, "predictions", predictions, 1)?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricError;

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        for broken in [f64::NAN, f64::INFINITY] {
            for (y, predictions) in [([0.0, broken], [0.0, 1.0]), ([0.0, 1.0], [0.0, broken])] {
                for metric in [mean_absolute_error, mean_squared_error, root_mean_squared_error, r2] {
                    let error = metric(Targets::from(&y), &predictions).unwrap_err();
                    assert!(matches!(error, Error::Metric(MetricError::NotFinite { row: 1, .. })), "{error}");
                }
            }
        }
    }

    #[test]
    fn squares_beyond_the_largest_number_are_an_error_and_not_infinite() {
        let (y, predictions) = ([1e200, -1e200], [-1e200, 1e200]);
        for metric in [mean_squared_error, root_mean_squared_error, r2] {
            let error = metric(Targets::from(&y), &predictions).unwrap_err();
            assert!(matches!(error, Error::Metric(MetricError::Overflow { .. })), "{error}");
        }
        assert_eq!(mean_absolute_error(&y, &predictions).unwrap(), 2e200);
        // Squares that are too small leave no variance; the quotient must not be infinite either.
        assert!(r2(&[1e-200, 2e-200], &[1.0, 1.0]).is_err());
    }

    #[test]
    fn rows_without_weight_do_not_overflow() {
        let (y, predictions) = ([1e200, 1.0, 3.0], [-1e200, 2.0, 3.0]);
        let y = Targets::weighted(&y, &[0.0, 1.0, 1.0]);
        assert_eq!((mean_squared_error(y, &predictions).unwrap(), r2(y, &predictions).unwrap()), (0.5, 0.5));
    }

    #[test]
    fn equal_targets_are_equal_whatever_their_mean_is_rounded_to() {
        let y = [0.1; 7];
        assert_ne!(y.iter().sum::<f64>() / 7.0, 0.1);
        assert_eq!(r2(&y, &[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2]).unwrap(), 0.0);
        assert_eq!(r2(&y, &y).unwrap(), 1.0);
        let weights = [1.0, 2.0, 0.0];
        assert_eq!(r2(Targets::weighted(&[0.3, 0.3, 9.0], &weights), &[0.3, 0.2, 9.0]).unwrap(), 0.0);
    }

    #[test]
    fn single_precision_is_summed_in_double() {
        let y: Vec<f32> = vec![0.1; 1000];
        let predictions = vec![0.0; 1000];
        let error = mean_absolute_error(&y, &predictions).unwrap();
        assert!((error - f64::from(0.1_f32)).abs() < 1e-15, "{error}");
    }
}
