//! Scores of probabilities that are best where the probabilities are right.

use tape::Float;

use super::Targets;
use super::probabilities::{Probabilities, epsilon};
use crate::Error;

/// The mean of `−ln p` over rows, p being the probability of the true class, clipped to [ε, 1 − ε] with ε of the precision,
/// as scikit-learn 1.9 has it. A row that is utterly right has 2·10⁻¹⁶ and one that is utterly wrong 36.04 in `f64`, and 10⁻⁷
/// and 15.94 in `f32`.
///
/// `probabilities` is row-major `(n, n_classes)`, and of two classes also `(n)`, the probabilities of class 1. Each row
/// must sum to one within 10⁻⁶ · `n_classes` in `f64`, 10⁻⁴ · `n_classes` in `f32`; nothing is rescaled. (K sigmoids are
/// no probabilities of K classes: divide each row by its sum.)
///
/// # Errors
/// Where slices do not fit each other, there are no rows, weights are no weights, a label is not below `n_classes`, there
/// are fewer than two classes, a probability is not in [0, 1], or a row does not sum to one.
///
/// ```
/// use mlp::metrics::log_loss;
///
/// let loss = log_loss(&[0, 1], &[0.5, 0.5, 0.75, 0.25], 2)?;
/// assert!((loss - 8.0_f64.ln() / 2.0).abs() < 1e-15);
/// assert_eq!(log_loss(&[0, 1], &[0.5, 0.25], 2)?, loss);
/// assert!(log_loss(&[0, 1], &[0.5, 0.6, 0.75, 0.25], 2).is_err());
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn log_loss<'a, T: Float>(
    labels: impl Into<Targets<'a, usize>>,
    probabilities: &[T],
    n_classes: usize,
) -> Result<f64, Error> {
    let rows = labels.into().rows("log_loss")?;
    let p = Probabilities::new("log_loss", probabilities, rows.len(), n_classes)?;
    rows.check_classes(rows.values, n_classes)?;
    let epsilon = epsilon::<T>();
    rows.mean(|row| -p.of(row, rows.values[row]).clamp(epsilon, 1.0 - epsilon).ln())
}

/// The mean over rows of `Σₖ (pₖ − yₖ)²`, y being 1 for the true class and 0 for others (Brier 1950), in [0, 2]; of two classes
/// half of it, `(p₁ − y₁)²`, in [0, 1], as scikit-learn has it by default.
///
/// `probabilities` is row-major `(n, n_classes)`, and of two classes also `(n)`, the probabilities of class 1. Each row
/// must sum to one within 10⁻⁶ · `n_classes` in `f64`, 10⁻⁴ · `n_classes` in `f32`.
///
/// # Errors
/// Where slices do not fit each other, there are no rows, weights are no weights, a label is not below `n_classes`, there
/// are fewer than two classes, a probability is not in [0, 1], or a row does not sum to one.
///
/// ```
/// use mlp::metrics::brier_score;
///
/// assert_eq!(brier_score(&[0, 1], &[0.5, 0.75], 2)?, 0.15625);
/// assert_eq!(brier_score(&[0, 2], &[0.5, 0.5, 0.0, 0.0, 0.0, 1.0], 3)?, 0.25);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn brier_score<'a, T: Float>(
    labels: impl Into<Targets<'a, usize>>,
    probabilities: &[T],
    n_classes: usize,
) -> Result<f64, Error> {
    let rows = labels.into().rows("brier_score")?;
    let p = Probabilities::new("brier_score", probabilities, rows.len(), n_classes)?;
    rows.check_classes(rows.values, n_classes)?;
    let y = |row: usize, class: usize| f64::from(u8::from(rows.values[row] == class));
    let of_row = |row| (0..n_classes).map(|class| (p.of(row, class) - y(row, class)).powi(2)).sum::<f64>();
    Ok(rows.mean(of_row)? * if n_classes == 2 { 0.5 } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricError;

    #[test]
    fn what_is_no_probability_is_refused() {
        for broken in [-1e-300, 1.0 + 1e-15, f64::NAN, f64::INFINITY] {
            for result in [log_loss(&[0, 1], &[0.5, broken], 2), brier_score(&[0, 1], &[0.5, broken], 2)] {
                let error = result.unwrap_err();
                assert!(matches!(error, Error::Metric(MetricError::Probability { row: 1, .. })), "{error}");
            }
        }
    }

    #[test]
    fn rows_sum_to_one_within_their_precision() {
        let off = |by: f64| [0.25, 0.75, 0.5 + by, 0.5];
        assert!(log_loss(&[0, 1], &off(1.9e-6), 2).is_ok());
        let error = log_loss(&[0, 1], &off(-2.1e-6), 2).unwrap_err();
        assert!(matches!(error, Error::Metric(MetricError::RowSum { row: 1, .. })), "{error}");
        let single = |by: f64| off(by).map(|p| p as f32);
        assert!(brier_score(&[0, 1], &single(1.9e-4), 2).is_ok());
        assert!(brier_score(&[0, 1], &single(2.1e-4), 2).is_err());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let message = |result: Result<f64, Error>| result.unwrap_err().to_string();
        assert_eq!(message(log_loss(&[0, 1], &[0.5; 5], 2)), "log_loss: wants 4 probabilities, got 5");
        assert_eq!(message(log_loss(&[0, 1], &[0.5; 2], 3)), "log_loss: wants 6 probabilities, got 2");
        assert_eq!(message(log_loss(&[0], &[1.0], 1)), "n_classes: wants at least 2 classes, got 1");
        let wants = "log_loss: wants classes below 2, got 2 in row 1";
        assert_eq!(message(log_loss(&[0, 2], &[0.5, 0.5], 2)), wants);
    }

    /// scikit-learn clips at both ends.
    #[test]
    fn the_loss_of_who_is_sure_and_right_is_that_of_one_minus_epsilon() {
        assert_eq!(log_loss(&[0], &[1.0, 0.0], 2).unwrap(), -(1.0 - f64::EPSILON).ln());
        assert_eq!(log_loss(&[0], &[1.0_f32, 0.0], 2).unwrap(), -(1.0 - f64::from(f32::EPSILON)).ln());
    }

    #[test]
    fn the_loss_of_a_sure_error_is_finite_in_both_precisions() {
        assert_eq!(log_loss(&[1], &[1.0, 0.0], 2).unwrap(), -f64::EPSILON.ln());
        assert_eq!(log_loss(&[1], &[1.0_f32, 0.0], 2).unwrap(), -f64::from(f32::EPSILON).ln());
    }
}
