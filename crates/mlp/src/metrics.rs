//! How good predictions are.

use crate::Error;

/// Counts of (true class, predicted class), row-major `(n_classes, n_classes)`: entry `[i * n_classes + j]` is the
/// number of rows of class `i` that were taken for class `j`.
///
/// # Errors
/// Where labels and predictions differ in number, or one of them is not below `n_classes`.
///
/// ```
/// let matrix = mlp::metrics::confusion_matrix(&[0, 0, 1], &[0, 1, 1], 2)?;
/// assert_eq!(matrix, [1, 1, 0, 1]);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn confusion_matrix(
    labels: &[usize],
    predictions: &[usize],
    n_classes: usize,
) -> Result<Vec<usize>, Error> {
    same_length("confusion_matrix", labels, predictions)?;
    let mut counts = vec![0; n_classes * n_classes];
    for (&label, &prediction) in labels.iter().zip(predictions) {
        if label.max(prediction) >= n_classes {
            return Err(Error::shape(
                "confusion_matrix",
                format!("classes below {n_classes}"),
                format!("label {label} predicted as {prediction}"),
            ));
        }
        counts[label * n_classes + prediction] += 1;
    }
    Ok(counts)
}

/// The fraction of predictions that equal their label, in [0, 1].
///
/// # Errors
/// Where labels and predictions differ in number, or there are none.
///
/// ```
/// assert_eq!(mlp::metrics::accuracy(&[0, 2, 1, 1], &[0, 2, 1, 0])?, 0.75);
/// assert!(mlp::metrics::accuracy(&[0], &[0, 1]).is_err());
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn accuracy(labels: &[usize], predictions: &[usize]) -> Result<f64, Error> {
    same_length("accuracy", labels, predictions)?;
    if labels.is_empty() {
        return Err(Error::shape("accuracy", "at least one label", "none"));
    }
    let right = labels.iter().zip(predictions).filter(|(label, prediction)| label == prediction).count();
    Ok(right as f64 / labels.len() as f64)
}

fn same_length(operation: &'static str, labels: &[usize], predictions: &[usize]) -> Result<(), Error> {
    if labels.len() == predictions.len() {
        return Ok(());
    }
    Err(Error::shape(
        operation,
        "as many predictions as labels",
        format!("{} predictions for {} labels", predictions.len(), labels.len()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusion_counts_every_row_once() {
        let labels = [0, 1, 2, 2, 1, 0];
        let predictions = [0, 2, 2, 1, 1, 0];
        let matrix = confusion_matrix(&labels, &predictions, 3).unwrap();
        assert_eq!(matrix, [2, 0, 0, 0, 1, 1, 0, 1, 1]);
        let diagonal = (0..3).map(|i| matrix[i * 3 + i]).sum::<usize>();
        assert_eq!(diagonal as f64 / 6.0, accuracy(&labels, &predictions).unwrap());
    }

    #[test]
    fn lengths_that_differ_are_named() {
        let message = accuracy(&[1, 0], &[1]).unwrap_err().to_string();
        assert_eq!(message, "accuracy: wants as many predictions as labels, got 1 predictions for 2 labels");
        assert!(confusion_matrix(&[0], &[], 2).is_err());
    }

    #[test]
    fn a_class_out_of_range_is_refused() {
        assert!(confusion_matrix(&[0, 3], &[0, 0], 3).is_err());
        assert!(confusion_matrix(&[0, 0], &[0, 3], 3).is_err());
    }

    #[test]
    fn no_rows_have_no_accuracy_but_an_empty_matrix() {
        assert!(accuracy(&[], &[]).is_err());
        assert_eq!(confusion_matrix(&[], &[], 2).unwrap(), [0; 4]);
    }
}
