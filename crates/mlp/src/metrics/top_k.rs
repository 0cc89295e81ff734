//! Whether the true class is among the first few.

use tape::Float;

use super::Targets;
use super::probabilities::at_least_two;
use super::targets::{all_finite, same_number};
use crate::Error;

/// The fraction of rows whose class is among the `k` with the highest scores, by weight, in [0, 1].
///
/// `scores` is row-major `(n, n_classes)`, probabilities or any other numbers. At a tie the later class comes first, as in
/// scikit-learn; [`Network::predict`](crate::Network::predict) takes the first, so with k = 1 it may differ from
/// [`accuracy`](super::accuracy) there. With k = `n_classes` it is 1.
///
/// # Errors
/// Where slices do not fit each other, there are no rows, weights are no weights, a label is not below `n_classes`, there
/// are fewer than two classes, `k` is 0 or above `n_classes`, or a score is not finite.
///
/// ```
/// use mlp::metrics::top_k_accuracy;
///
/// let scores = [0.5, 0.2, 0.2, /* */ 0.3, 0.4, 0.2, /* */ 0.2, 0.4, 0.3, /* */ 0.7, 0.2, 0.1];
/// assert_eq!(top_k_accuracy(&[0, 1, 2, 2], &scores, 3, 1)?, 0.5);
/// assert_eq!(top_k_accuracy(&[0, 1, 2, 2], &scores, 3, 2)?, 0.75);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn top_k_accuracy<'a, T: Float>(
    labels: impl Into<Targets<'a, usize>>,
    scores: &[T],
    n_classes: usize,
    k: usize,
) -> Result<f64, Error> {
    let rows = labels.into().rows("top_k_accuracy")?;
    at_least_two(n_classes)?;
    if !(1..=n_classes).contains(&k) {
        return Err(Error::Setting {
            setting: "k",
            wants: "a number from 1 to that of the classes",
            got: k.to_string(),
        });
    }
    same_number("top_k_accuracy", "scores", rows.len().saturating_mul(n_classes), scores.len())?;
    rows.check_classes(rows.values, n_classes)?;
    all_finite("top_k_accuracy", "scores", scores, n_classes)?;
    rows.mean(|row| {
        let (scores, label) = (&scores[row * n_classes..][..n_classes], rows.values[row]);
        let before =
            |class: usize| scores[class] > scores[label] || (scores[class] == scores[label] && class > label);
        f64::from(u8::from((0..n_classes).filter(|class| before(*class)).count() < k))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_is_at_least_one_and_at_most_the_number_of_classes() {
        for k in [0, 3] {
            let error = top_k_accuracy(&[0], &[0.5, 0.5], 2, k).unwrap_err();
            assert!(matches!(error, Error::Setting { setting: "k", .. }), "{error}");
        }
        assert_eq!(top_k_accuracy(&[0], &[0.0, 1.0], 2, 2).unwrap(), 1.0);
    }

    #[test]
    fn a_score_that_is_not_finite_is_refused_with_its_row() {
        let message = top_k_accuracy(&[0, 1], &[0.0, 1.0, f64::NAN, 0.0], 2, 1).unwrap_err().to_string();
        assert_eq!(message, "top_k_accuracy: wants finite scores, got NaN in row 1");
    }
}
