//! What was taken for what, and the scores that follow from it.

mod table;

use super::Targets;
use super::targets::same_number;
use crate::Error;

/// How the scores of the classes become one number.
///
/// ```
/// use mlp::metrics::{Average, confusion_matrix};
///
/// let matrix = confusion_matrix(&[0, 0, 0, 1], &[0, 0, 1, 1], 2)?;
/// assert_eq!(matrix.precision_per_class(), [1.0, 0.5]);
/// assert_eq!(matrix.precision(Average::Macro), 0.75);
/// assert_eq!(matrix.precision(Average::Weighted), 0.875);
/// assert_eq!(matrix.precision(Average::Micro), 0.75);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Average {
    /// The score of the counts of all classes together.
    Micro,
    /// The mean over classes, each counting the same, those without rows too.
    Macro,
    /// The mean over classes, each counting by the weight of its rows.
    Weighted,
}

/// The fraction of predictions that equal their label, in [0, 1], by weight.
///
/// # Errors
/// Where labels, predictions or weights differ in number, there are no rows, or weights are no weights.
///
/// ```
/// assert_eq!(mlp::metrics::accuracy(&[0, 2, 1, 1], &[0, 2, 1, 0])?, 0.75);
/// assert!(mlp::metrics::accuracy(&[0], &[0, 1]).is_err());
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn accuracy<'a>(labels: impl Into<Targets<'a, usize>>, predictions: &[usize]) -> Result<f64, Error> {
    let rows = labels.into().rows("accuracy")?;
    same_number("accuracy", "predictions", rows.len(), predictions.len())?;
    rows.mean(|row| f64::from(u8::from(rows.values[row] == predictions[row])))
}

/// What the rows of each class were taken for, by weight: from it follow precision, recall, F₁ and the like.
///
/// # Errors
/// Where labels, predictions or weights differ in number, there are no rows, weights are no weights, or a label or a
/// prediction is not below `n_classes`.
///
/// ```
/// let matrix = mlp::metrics::confusion_matrix(&[0, 0, 1], &[0, 1, 1], 2)?;
/// assert_eq!(matrix.counts(), [1.0, 1.0, 0.0, 1.0]);
/// assert_eq!(matrix.to_string(), "true \\ predicted  0  1\n               0  1  1\n               1  0  1");
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn confusion_matrix<'a>(
    labels: impl Into<Targets<'a, usize>>,
    predictions: &[usize],
    n_classes: usize,
) -> Result<ConfusionMatrix, Error> {
    let rows = labels.into().rows("confusion_matrix")?;
    same_number("confusion_matrix", "predictions", rows.len(), predictions.len())?;
    rows.check_classes(rows.values, n_classes)?;
    rows.check_classes(predictions, n_classes)?;
    let mut counts = Vec::new();
    let cells = n_classes.checked_mul(n_classes).filter(|cells| counts.try_reserve_exact(*cells).is_ok());
    let Some(cells) = cells else {
        let wants = "so few classes that their matrix fits into memory";
        return Err(Error::Setting { setting: "n_classes", wants, got: n_classes.to_string() });
    };
    counts.resize(cells, 0.0);
    for (row, (label, prediction)) in rows.values.iter().zip(predictions).enumerate() {
        counts[label * n_classes + prediction] += rows.weight(row);
    }
    Ok(ConfusionMatrix { n_classes, counts })
}

/// Counts of (true class, predicted class), each row by its weight; made by [`confusion_matrix`].
///
/// It prints as a table, true classes downward; whole counts without decimals, others with three or as many as are
/// asked for (`{:.1}`).
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionMatrix {
    n_classes: usize,
    counts: Vec<f64>,
}

impl ConfusionMatrix {
    /// The number of classes.
    ///
    /// ```
    /// assert_eq!(mlp::metrics::confusion_matrix(&[0, 1], &[0, 1], 3)?.n_classes(), 3);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// All counts, row-major `(n_classes, n_classes)`: entry `[i * n_classes + j]` is the weight of the rows of class `i`
    /// that were taken for class `j`.
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?;
    /// assert_eq!(matrix.counts(), [0.0, 1.0, 0.0, 2.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// The weight of the rows of each class that were told right.
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?;
    /// assert_eq!(matrix.true_positives(), [0.0, 2.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn true_positives(&self) -> Vec<f64> {
        self.counts.iter().step_by(self.n_classes + 1).copied().collect()
    }

    /// The weight of the rows of each class, scikit-learn's support.
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?;
    /// assert_eq!(matrix.support(), [1.0, 2.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn support(&self) -> Vec<f64> {
        self.counts.chunks_exact(self.n_classes).map(|row| row.iter().sum()).collect()
    }

    /// The weight of the rows that were taken for each class.
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?;
    /// assert_eq!(matrix.predicted(), [0.0, 3.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn predicted(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.n_classes];
        for row in self.counts.chunks_exact(self.n_classes) {
            for (sum, count) in sums.iter_mut().zip(row) {
                *sum += count;
            }
        }
        sums
    }

    /// The fraction of rows that were told right.
    ///
    /// ```
    /// assert_eq!(mlp::metrics::confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?.accuracy(), 2.0 / 3.0);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn accuracy(&self) -> f64 {
        self.true_positives().iter().sum::<f64>() / self.counts.iter().sum::<f64>()
    }

    /// The mean recall of the classes that have rows (Brodersen et al. 2010).
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[0, 1, 1, 1, 1], &[1, 1, 1, 1, 2], 3)?;
    /// assert_eq!(matrix.balanced_accuracy(), 0.375);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn balanced_accuracy(&self) -> f64 {
        let support = self.support();
        let present = support.iter().filter(|rows| **rows > 0.0).count();
        self.recall_per_class().iter().sum::<f64>() / present as f64
    }

    /// Of the rows taken for each class, the fraction that belong to it; 0 where none was taken for it.
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?;
    /// assert_eq!(matrix.precision_per_class(), [0.0, 2.0 / 3.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn precision_per_class(&self) -> Vec<f64> {
        ratios(&self.true_positives(), &self.predicted())
    }

    /// Of the rows of each class, the fraction that were told right; 0 where it has no rows.
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[0, 1, 1], &[1, 1, 0], 3)?;
    /// assert_eq!(matrix.recall_per_class(), [0.0, 0.5, 0.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn recall_per_class(&self) -> Vec<f64> {
        ratios(&self.true_positives(), &self.support())
    }

    /// F₁ of each class, `2 TP / (2 TP + FP + FN)`, the harmonic mean of its precision and recall; 0 for a class that
    /// has no rows and is never predicted.
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[0, 1, 1, 1], &[1, 1, 1, 0], 3)?;
    /// assert_eq!(matrix.f1_per_class(), [0.0, 2.0 / 3.0, 0.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn f1_per_class(&self) -> Vec<f64> {
        let sums =
            self.support().into_iter().zip(self.predicted()).map(|(rows, taken)| rows / 2.0 + taken / 2.0);
        ratios(&self.true_positives(), &sums.collect::<Vec<f64>>())
    }

    /// The [precision](Self::precision_per_class), averaged over classes; by [`Average::Micro`] it is the accuracy.
    ///
    /// ```
    /// use mlp::metrics::{Average, confusion_matrix};
    ///
    /// assert_eq!(confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?.precision(Average::Macro), 1.0 / 3.0);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn precision(&self, average: Average) -> f64 {
        self.averaged(average, self.precision_per_class())
    }

    /// The [recall](Self::recall_per_class), averaged over classes; by all but [`Average::Macro`] it is the accuracy.
    ///
    /// ```
    /// use mlp::metrics::{Average, confusion_matrix};
    ///
    /// assert_eq!(confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?.recall(Average::Macro), 0.5);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn recall(&self, average: Average) -> f64 {
        self.averaged(average, self.recall_per_class())
    }

    /// [F₁](Self::f1_per_class), averaged over classes; by [`Average::Micro`] it is the accuracy.
    ///
    /// ```
    /// use mlp::metrics::{Average, confusion_matrix};
    ///
    /// assert_eq!(confusion_matrix(&[0, 1, 1], &[1, 1, 1], 2)?.f1(Average::Macro), 0.4);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn f1(&self, average: Average) -> f64 {
        self.averaged(average, self.f1_per_class())
    }

    /// Matthews' correlation of labels and predictions in [−1, 1], for any number of classes (Gorodkin 2004, R_K):
    /// `(c s − Σ tₖ pₖ) / √((s² − Σ pₖ²)(s² − Σ tₖ²))`, of s rows, c of them right, tₖ of class k and pₖ taken for it. 0 where
    /// all rows are of one class, or were taken for one.
    ///
    /// ```
    /// let matrix = mlp::metrics::confusion_matrix(&[1, 1, 1, 0], &[1, 0, 1, 1], 2)?;
    /// assert!((matrix.matthews_correlation() + 1.0 / 3.0).abs() < 1e-15);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn matthews_correlation(&self) -> f64 {
        let (right, t, p) = (self.true_positives(), self.support(), self.predicted());
        // A power of two is exact, and keeps fourth powers of any weights within range.
        let scale = (-p.iter().sum::<f64>().log2().floor()).clamp(-1000.0, 1000.0).exp2();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a * scale) * (b * scale)).sum::<f64>();
        let (c, s) = (right.iter().sum::<f64>() * scale, p.iter().sum::<f64>() * scale);
        let covariance = c * s - dot(&t, &p);
        let variances = (s * s - dot(&p, &p)) * (s * s - dot(&t, &t));
        // Of weights that all but vanish beside others little but rounding is left.
        if variances > 0.0 { (covariance / variances.sqrt()).clamp(-1.0, 1.0) } else { 0.0 }
    }

    fn averaged(&self, average: Average, per_class: Vec<f64>) -> f64 {
        match average {
            // Each row is of one class and was taken for one: all three scores are the accuracy.
            Average::Micro => self.accuracy(),
            Average::Macro => per_class.iter().sum::<f64>() / per_class.len() as f64,
            Average::Weighted => {
                let support = self.support();
                let sum: f64 = per_class.iter().zip(&support).map(|(score, rows)| score * rows).sum();
                sum / support.iter().sum::<f64>()
            }
        }
    }
}

/// `aᵢ / bᵢ`, and 0 where bᵢ is.
fn ratios(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| if *b > 0.0 { a / b } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::MetricError;

    #[test]
    fn confusion_counts_every_row_once() {
        let labels = [0, 1, 2, 2, 1, 0];
        let predictions = [0, 2, 2, 1, 1, 0];
        let matrix = confusion_matrix(&labels, &predictions, 3).unwrap();
        assert_eq!(matrix.counts(), [2.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
        assert_eq!(matrix.accuracy(), accuracy(&labels, &predictions).unwrap());
    }

    #[test]
    fn lengths_that_differ_are_named() {
        let message = accuracy(&[1, 0], &[1]).unwrap_err().to_string();
        assert_eq!(message, "accuracy: wants 2 predictions, got 1");
        let message = accuracy(Targets::weighted(&[1, 0], &[1.0]), &[1, 1]).unwrap_err().to_string();
        assert_eq!(message, "accuracy: wants 2 weights, got 1");
        assert!(confusion_matrix(&[0], &[], 2).is_err());
    }

    #[test]
    fn a_class_out_of_range_is_refused() {
        for (labels, predictions) in [([0, 3], [0, 0]), ([0, 0], [0, 3])] {
            let message = confusion_matrix(&labels, &predictions, 3).unwrap_err().to_string();
            assert_eq!(message, "confusion_matrix: wants classes below 3, got 3 in row 1");
        }
    }

    #[test]
    fn no_rows_have_no_metric() {
        let message = accuracy(&[], &[]).unwrap_err().to_string();
        assert_eq!(message, "accuracy: wants at least 1 row, got 0");
        assert!(confusion_matrix(&[], &[], 2).is_err());
    }

    #[test]
    fn more_classes_than_memory_are_refused() {
        for n_classes in [usize::MAX, 1 << 31] {
            let error = confusion_matrix(&[0], &[0], n_classes).unwrap_err();
            assert!(matches!(error, Error::Setting { setting: "n_classes", .. }), "{error}");
        }
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        let with = |weights: &[f64; 2]| accuracy(Targets::weighted(&[0, 1], weights), &[0, 1]).unwrap_err();
        for broken in [-1.0, f64::NAN, f64::INFINITY] {
            let error = with(&[1.0, broken]);
            assert!(matches!(error, Error::Metric(MetricError::Weight { row: 1, .. })), "{error}");
        }
        assert!(matches!(with(&[0.0, 0.0]), Error::Metric(MetricError::NoWeight { .. })));
        for large in [0.3, 1.0] {
            let weights = [f64::MAX * large; 2];
            let endless = confusion_matrix(Targets::weighted(&[0, 1], &weights), &[0, 1], 2);
            assert!(matches!(endless, Err(Error::Metric(MetricError::Overflow { .. }))));
        }
    }

    /// Whatever the unit that weights are counted in, Matthews' correlation is the same.
    #[test]
    fn matthews_correlation_knows_no_unit() {
        let (labels, predictions) = ([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 1, 2, 0, 2]);
        let want = confusion_matrix(&labels, &predictions, 3).unwrap().matthews_correlation();
        assert!(want > 0.5 && want < 0.7, "{want}");
        for unit in [1e-320, 1e-200, 0.1, 1e200] {
            let matrix = confusion_matrix(Targets::weighted(&labels, &[unit; 7]), &predictions, 3).unwrap();
            let error = (matrix.matthews_correlation() - want).abs();
            // A subnormal unit has few digits itself; here it is exact, as whole multiples of it are.
            assert!(error < 1e-14, "{unit:e}: {error:e}");
        }
    }

    #[test]
    fn one_class_has_no_correlation_whatever_the_weights() {
        let weights = [0.1, 0.2, 0.3, 0.7];
        for (labels, predictions) in [([0, 0, 0, 0], [2, 1, 0, 2]), ([2, 1, 0, 2], [0, 0, 0, 0])] {
            let matrix = confusion_matrix(Targets::weighted(&labels, &weights), &predictions, 3).unwrap();
            assert_eq!(matrix.matthews_correlation(), 0.0);
        }
    }

    /// Of rows that vanish in the sum, rounding must not make a correlation beyond 1.
    #[test]
    fn matthews_correlation_stays_in_its_range() {
        let labels = Targets::weighted(&[0, 1, 1], &[44.0 / 7.0, 3e-15, 1e-15]);
        let correlation = confusion_matrix(labels, &[0, 1, 0], 2).unwrap().matthews_correlation();
        assert!(correlation > 0.8 && correlation <= 1.0, "{correlation}");
    }
}
