//! What becomes of the errors as the threshold falls through the scores.

use tape::Float;

use super::probabilities::at_least_two;
use super::targets::{Rows, all_finite, same_number};
use super::{Average, MetricError, Targets};
use crate::Error;

/// The rates of [`roc_curve`], a point for each threshold, from (0, 0) to (1, 1).
#[derive(Debug, Clone, PartialEq)]
pub struct RocCurve {
    /// The fraction of the rows of class 0 that score at least the threshold, ascending.
    pub fpr: Vec<f64>,
    /// The fraction of the rows of class 1 that score at least the threshold, ascending.
    pub tpr: Vec<f64>,
    /// ∞, which no row scores, and then each score that occurs, descending.
    pub thresholds: Vec<f64>,
}

impl RocCurve {
    /// The area under the curve by the trapezoidal rule, in [0, 1].
    ///
    /// ```
    /// let curve = mlp::metrics::roc_curve(&[0, 1, 0, 1], &[0.1, 0.2, 0.3, 0.4])?;
    /// assert_eq!(curve.auc(), 0.75);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn auc(&self) -> f64 {
        let trapezoid = |(x, y): (&[f64], &[f64])| (x[1] - x[0]) * (y[0] + y[1]) / 2.0;
        self.fpr.windows(2).zip(self.tpr.windows(2)).map(trapezoid).sum()
    }
}

/// The points of [`precision_recall_curve`], one for each threshold, from recall 0 to recall 1.
#[derive(Debug, Clone, PartialEq)]
pub struct PrecisionRecallCurve {
    /// Of the rows that score at least the threshold, the fraction of class 1; 1 where there are none, at the first.
    pub precision: Vec<f64>,
    /// Of the rows of class 1, the fraction that score at least the threshold, ascending.
    pub recall: Vec<f64>,
    /// ∞, which no row scores, and then each score that occurs, descending.
    pub thresholds: Vec<f64>,
}

impl PrecisionRecallCurve {
    /// `Σₙ (Rₙ − Rₙ₋₁) Pₙ`, the precision averaged over recall in steps, in [0, 1]; nothing is interpolated, as that would
    /// be too kind (Davis and Goadrich 2006).
    ///
    /// ```
    /// let curve = mlp::metrics::precision_recall_curve(&[0, 1, 0, 1], &[0.1, 0.2, 0.3, 0.4])?;
    /// assert!((curve.average_precision() - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-15);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn average_precision(&self) -> f64 {
        self.recall.windows(2).zip(&self.precision[1..]).map(|(r, p)| (r[1] - r[0]) * p).sum()
    }
}

/// How many rows of class 1 are found (true positive rate) and how many of class 0 are taken for them (false positive
/// rate) as the threshold falls; see Fawcett (2006), "An introduction to ROC analysis".
///
/// Each distinct score is a threshold, also where the curve goes straight on: scikit-learn's `drop_intermediate=False`.
/// Rows of weight 0 leave no threshold.
///
/// # Errors
/// Where slices differ in length, there are no rows, weights are no weights, a label is neither 0 nor 1, a score is not
/// finite, or there are no rows of one of the two classes.
///
/// ```
/// let curve = mlp::metrics::roc_curve(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(curve.fpr, [0.0, 0.0, 0.5, 0.5, 1.0]);
/// assert_eq!(curve.tpr, [0.0, 0.5, 0.5, 1.0, 1.0]);
/// assert_eq!(curve.thresholds, [f64::INFINITY, 0.8, 0.4, 0.35, 0.1]);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn roc_curve<'a, T: Float>(
    labels: impl Into<Targets<'a, usize>>,
    scores: &[T],
) -> Result<RocCurve, Error> {
    Sweep::binary("roc_curve", labels.into(), scores)?.roc("roc_curve", [0, 1])
}

/// The area under the [ROC curve](roc_curve) in [0, 1]: how likely a row of class 1 scores above one of class 0, ties
/// counting half.
///
/// # Errors
/// As [`roc_curve`].
///
/// ```
/// use mlp::metrics::roc_auc;
///
/// assert_eq!(roc_auc(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8])?, 0.75);
/// assert_eq!(roc_auc(&[0, 1, 0, 1], &[0.5; 4])?, 0.5);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn roc_auc<'a, T: Float>(labels: impl Into<Targets<'a, usize>>, scores: &[T]) -> Result<f64, Error> {
    Ok(Sweep::binary("roc_auc", labels.into(), scores)?.roc("roc_auc", [0, 1])?.auc())
}

/// The areas under the ROC curves of each class against the others, averaged, in [0, 1].
///
/// `scores` is row-major `(n, n_classes)`; unlike scikit-learn's they need not be probabilities. A class without rows has
/// no curve: by [`Average::Weighted`] it does not count, by [`Average::Macro`] it is an error. [`Average::Micro`] is the
/// area for all pairs (row, class) at once.
///
/// # Errors
/// Where slices do not fit each other, there are no rows, weights are no weights, a label is not below `n_classes`, there
/// are fewer than two classes, a score is not finite, or a class that counts has no rows, or all.
///
/// ```
/// use mlp::metrics::{Average, roc_auc_one_vs_rest};
///
/// let scores = [0.8, 0.1, 0.1, /* */ 0.3, 0.4, 0.3, /* */ 0.3, 0.5, 0.2, /* */ 0.1, 0.2, 0.7];
/// let area = roc_auc_one_vs_rest(&[0, 1, 2, 2], &scores, 3, Average::Macro)?;
/// assert!((area - (1.0 + 2.0 / 3.0 + 0.75) / 3.0).abs() < 1e-15);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn roc_auc_one_vs_rest<'a, T: Float>(
    labels: impl Into<Targets<'a, usize>>,
    scores: &[T],
    n_classes: usize,
    average: Average,
) -> Result<f64, Error> {
    let metric = "roc_auc_one_vs_rest";
    let rows = labels.into().rows(metric)?;
    at_least_two(n_classes)?;
    same_number(metric, "scores", rows.len().saturating_mul(n_classes), scores.len())?;
    rows.check_classes(rows.values, n_classes)?;
    all_finite(metric, "scores", scores, n_classes)?;
    let pair = |row: usize, class: usize| Scored {
        score: scores[row * n_classes + class].to_f64(),
        positive: rows.values[row] == class,
        weight: rows.weight(row),
    };
    if average == Average::Micro {
        let pairs = (0..rows.len()).flat_map(|row| (0..n_classes).map(move |class| (row, class)));
        return Ok(Sweep::new(pairs.map(|(row, class)| pair(row, class))).roc(metric, [0, 1])?.auc());
    }
    let (mut sum, mut total) = (0.0, 0.0);
    for class in 0..n_classes {
        let sweep = Sweep::new((0..rows.len()).map(|row| pair(row, class)));
        let weight = if average == Average::Macro { 1.0 } else { sweep.positives() };
        if weight > 0.0 {
            let other = usize::from(class == 0);
            sum += weight * sweep.roc(metric, [other, class])?.auc();
            total += weight;
        }
    }
    Ok(sum / total)
}

/// How precise the rows that are taken for class 1 are, and how many of that class are among them, as the threshold falls.
///
/// Each distinct score is a threshold, and thresholds fall, as in [`roc_curve`]; scikit-learn has the same points from the
/// other end. Its last point, precision 1 at recall 0, is the first here, with threshold ∞.
///
/// # Errors
/// Where slices differ in length, there are no rows, weights are no weights, a label is neither 0 nor 1, a score is not
/// finite, or there are no rows of class 1.
///
/// ```
/// let curve = mlp::metrics::precision_recall_curve(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(curve.precision, [1.0, 1.0, 0.5, 2.0 / 3.0, 0.5]);
/// assert_eq!(curve.recall, [0.0, 0.5, 0.5, 1.0, 1.0]);
/// assert_eq!(curve.thresholds, [f64::INFINITY, 0.8, 0.4, 0.35, 0.1]);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn precision_recall_curve<'a, T: Float>(
    labels: impl Into<Targets<'a, usize>>,
    scores: &[T],
) -> Result<PrecisionRecallCurve, Error> {
    let metric = "precision_recall_curve";
    Sweep::binary(metric, labels.into(), scores)?.precision_recall(metric)
}

/// The [average precision](PrecisionRecallCurve::average_precision) of the curve, in [0, 1].
///
/// # Errors
/// As [`precision_recall_curve`].
///
/// ```
/// let precision = mlp::metrics::average_precision(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8])?;
/// assert!((precision - (0.5 + 0.5 * 2.0 / 3.0)).abs() < 1e-15);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn average_precision<'a, T: Float>(
    labels: impl Into<Targets<'a, usize>>,
    scores: &[T],
) -> Result<f64, Error> {
    let metric = "average_precision";
    Ok(Sweep::binary(metric, labels.into(), scores)?.precision_recall(metric)?.average_precision())
}

/// A score, whether it is one of the class that is looked for, and how much that counts.
struct Scored {
    score: f64,
    positive: bool,
    weight: f64,
}

/// The weight of what scores at least each threshold, by class; at the first, ∞, nothing does.
struct Sweep {
    thresholds: Vec<f64>,
    true_positives: Vec<f64>,
    false_positives: Vec<f64>,
}

impl Sweep {
    fn new(scored: impl Iterator<Item = Scored>) -> Self {
        let mut scored: Vec<Scored> = scored.filter(|scored| scored.weight > 0.0).collect();
        scored.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut sweep =
            Self { thresholds: vec![f64::INFINITY], true_positives: vec![0.0], false_positives: vec![0.0] };
        let (mut true_positives, mut false_positives) = (0.0, 0.0);
        // Not `chunk_by` of equal bits: −0 and 0 are one threshold.
        for tied in scored.chunk_by(|a, b| a.score == b.score) {
            for scored in tied {
                let count = if scored.positive { &mut true_positives } else { &mut false_positives };
                *count += scored.weight;
            }
            sweep.thresholds.push(tied[0].score);
            sweep.true_positives.push(true_positives);
            sweep.false_positives.push(false_positives);
        }
        sweep
    }

    /// That of the scores of class 1, where labels are 0 and 1.
    fn binary<T: Float>(
        metric: &'static str,
        labels: Targets<'_, usize>,
        scores: &[T],
    ) -> Result<Self, Error> {
        let rows: Rows<'_, usize> = labels.rows(metric)?;
        same_number(metric, "scores", rows.len(), scores.len())?;
        rows.check_classes(rows.values, 2)?;
        all_finite(metric, "scores", scores, 1)?;
        Ok(Self::new((0..rows.len()).map(|row| Scored {
            score: scores[row].to_f64(),
            positive: rows.values[row] == 1,
            weight: rows.weight(row),
        })))
    }

    fn positives(&self) -> f64 {
        *self.true_positives.last().expect("there is a first point")
    }

    /// The rates; `classes` are the names of the two in an error.
    fn roc(self, metric: &'static str, classes: [usize; 2]) -> Result<RocCurve, Error> {
        let negatives = *self.false_positives.last().expect("there is a first point");
        let positives = self.positives();
        for (class, total) in classes.into_iter().zip([negatives, positives]) {
            if total == 0.0 {
                return Err(MetricError::MissingClass { metric, class }.into());
            }
        }
        Ok(RocCurve {
            fpr: self.false_positives.iter().map(|count| count / negatives).collect(),
            tpr: self.true_positives.iter().map(|count| count / positives).collect(),
            thresholds: self.thresholds,
        })
    }

    fn precision_recall(self, metric: &'static str) -> Result<PrecisionRecallCurve, Error> {
        let positives = self.positives();
        if positives == 0.0 {
            return Err(MetricError::MissingClass { metric, class: 1 }.into());
        }
        let counts = self.true_positives.iter().zip(&self.false_positives);
        let precision =
            |(right, wrong): (&f64, &f64)| if right + wrong > 0.0 { right / (right + wrong) } else { 1.0 };
        Ok(PrecisionRecallCurve {
            precision: counts.map(precision).collect(),
            recall: self.true_positives.iter().map(|count| count / positives).collect(),
            thresholds: self.thresholds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(result: Result<f64, Error>) -> usize {
        match result {
            Err(Error::Metric(MetricError::MissingClass { class, .. })) => class,
            other => panic!("wanted a missing class, got {other:?}"),
        }
    }

    #[test]
    fn a_class_without_rows_is_named() {
        assert_eq!(missing(roc_auc(&[0, 0], &[0.1, 0.2])), 1);
        assert_eq!(missing(roc_auc(&[1, 1], &[0.1, 0.2])), 0);
        assert_eq!(missing(roc_auc(Targets::weighted(&[0, 1], &[1.0, 0.0]), &[0.1, 0.2])), 1);
        assert_eq!(missing(average_precision(&[0, 0], &[0.1, 0.2])), 1);
        assert_eq!(average_precision(&[1, 1], &[0.1, 0.2]).unwrap(), 1.0);
        let scores = [0.5, 0.3, 0.2, 0.2, 0.3, 0.5];
        assert_eq!(missing(roc_auc_one_vs_rest(&[0, 2], &scores, 3, Average::Macro)), 1);
        assert_eq!(roc_auc_one_vs_rest(&[0, 2], &scores, 3, Average::Weighted).unwrap(), 1.0);
        assert_eq!(missing(roc_auc_one_vs_rest(&[1, 1], &scores, 3, Average::Weighted)), 0);
        assert_eq!(missing(roc_auc_one_vs_rest(&[0, 0], &scores, 3, Average::Weighted)), 1);
    }

    #[test]
    fn scores_that_are_not_finite_are_refused() {
        for broken in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = roc_curve(&[0, 1], &[0.0, broken]).unwrap_err();
            assert!(matches!(error, Error::Metric(MetricError::NotFinite { row: 1, .. })), "{error}");
        }
        assert!(roc_curve(&[0, 2], &[0.0, 1.0]).is_err());
        assert!(roc_curve(&[0, 1], &[0.0]).is_err());
    }

    #[test]
    fn both_zeros_are_one_threshold() {
        let curve = roc_curve(&[0, 1, 1, 0], &[0.0, -0.0, 0.0, -0.0]).unwrap();
        assert_eq!(curve.thresholds.len(), 2);
        assert_eq!(curve.auc(), 0.5);
    }

    /// The area is the probability that it is said to be: counted over all pairs of rows.
    #[test]
    fn the_area_counts_pairs_in_order() {
        let labels: Vec<usize> = (0..60).map(|i| (i * i / 3) % 2).collect();
        let scores: Vec<f32> =
            (0..60).map(|i| ((i * 37) % 17) as f32 / 17.0 + (labels[i] * 3) as f32 / 17.0).collect();
        let weights: Vec<f64> = (0..60).map(|i| ((i * 5) % 7) as f64 / 4.0).collect();
        let (mut ordered, mut pairs) = (0.0, 0.0);
        for i in (0..60).filter(|i| labels[*i] == 1) {
            for j in (0..60).filter(|j| labels[*j] == 0) {
                let weight = weights[i] * weights[j];
                pairs += weight;
                ordered += weight * f64::from(u8::from(scores[i] > scores[j]))
                    + weight * 0.5 * f64::from(u8::from(scores[i] == scores[j]));
            }
        }
        let area = roc_auc(Targets::weighted(&labels, &weights), &scores).unwrap();
        assert!(area > 0.55 && (area - ordered / pairs).abs() < 1e-13, "{area} is not {}", ordered / pairs);
    }
}
