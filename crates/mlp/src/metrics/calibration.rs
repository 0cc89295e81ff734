//! Whether what is said to happen in seven cases of ten does.

use tape::Float;

use super::probabilities::{self, Probabilities};
use super::quantile::quantile;
use super::targets::{at_least, same_number};
use super::{MetricError, Targets};
use crate::Error;

/// How probabilities are put into bins; a probability on an edge belongs to the bin below it.
///
/// ```
/// use mlp::metrics::{Bins, calibration_curve};
///
/// let (labels, p) = ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9]);
/// assert_eq!(calibration_curve(&labels, &p, Bins::Uniform(2))?.counts, [3, 1]);
/// assert_eq!(calibration_curve(&labels, &p, Bins::Quantile(2))?.counts, [2, 2]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bins {
    /// So many of the same width over [0, 1].
    Uniform(usize),
    /// So many with about as many rows in each; fewer where probabilities are tied.
    Quantile(usize),
}

impl Bins {
    /// The edges between bins, ascending, without 0 and 1.
    fn edges(self, p: &[f64]) -> Result<Vec<f64>, Error> {
        let (Self::Uniform(n) | Self::Quantile(n)) = self;
        if !(1..=MOST_BINS).contains(&n) {
            let wants = "a number from 1 to a million";
            return Err(Error::Setting { setting: "bins", wants, got: n.to_string() });
        }
        let step = 1.0 / n as f64;
        let inner = (1..n).map(|i| i as f64 * step);
        if matches!(self, Self::Uniform(_)) {
            return Ok(inner.collect());
        }
        let mut sorted = p.to_vec();
        sorted.sort_by(f64::total_cmp);
        // By way of percentages, whose rounding decides where a probability on an edge goes.
        Ok(inner.map(|q| quantile(&sorted, q * 100.0 / 100.0)).collect())
    }
}

/// More bins than this are a mistake, and more than any rows would fill.
const MOST_BINS: usize = 1_000_000;

/// What happened beside what was said, a point for each bin that has rows, in the order of the bins.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationCurve {
    /// The fraction of the bin's rows in which it happened: scikit-learn's `prob_true`.
    pub observed: Vec<f64>,
    /// The mean of the bin's probabilities: scikit-learn's `prob_pred`.
    pub predicted: Vec<f64>,
    /// The number of rows in the bin.
    pub counts: Vec<usize>,
}

impl CalibrationCurve {
    /// `Σ_b n_b/n |o_b − e_b|`, o and e being what was observed and predicted in each of the bins (Naeini, Cooper and
    /// Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian binning"), in [0, 1].
    ///
    /// Of [`calibration_curve`] it is their error of a binary classifier, of [`top_label_calibration`] that of Guo et al.
    /// (2017) for many classes.
    ///
    /// ```
    /// use mlp::metrics::{Bins, calibration_curve};
    ///
    /// let curve = calibration_curve(&[0, 1, 1, 1], &[0.25, 0.25, 0.75, 1.0], Bins::Uniform(2))?;
    /// assert_eq!(curve.expected_calibration_error(), 0.5 * 0.25 + 0.5 * 0.125);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn expected_calibration_error(&self) -> f64 {
        let n = self.counts.iter().sum::<usize>() as f64;
        let bins = self.observed.iter().zip(&self.predicted).zip(&self.counts);
        bins.map(|((o, e), count)| *count as f64 / n * (o - e).abs()).sum()
    }

    /// The curve of probabilities `p` in [0, 1] and what happened.
    fn of(p: &[f64], happened: &[bool], bins: Bins) -> Result<Self, Error> {
        let edges = bins.edges(p)?;
        let mut sums = vec![(0.0, 0_usize, 0_usize); edges.len() + 1];
        for (&p, &happened) in p.iter().zip(happened) {
            let (sum, times, count) = &mut sums[edges.partition_point(|edge| *edge < p)];
            *sum += p;
            *times += usize::from(happened);
            *count += 1;
        }
        sums.retain(|(_, _, count)| *count > 0);
        Ok(Self {
            observed: sums.iter().map(|&(_, times, count)| times as f64 / count as f64).collect(),
            predicted: sums.iter().map(|&(sum, _, count)| sum / count as f64).collect(),
            counts: sums.iter().map(|&(_, _, count)| count).collect(),
        })
    }
}

/// How often class 1 is true where it was given each probability, in bins: a reliability diagram.
///
/// `probabilities` `(n)` are those of class 1; `labels` are 0 and 1, and one of them may be missing.
///
/// # Errors
/// Where slices differ in length, there are no rows, a label is neither 0 nor 1, a probability is not in [0, 1], or there
/// are no bins.
///
/// ```
/// use mlp::metrics::{Bins, calibration_curve};
///
/// let p = [0.125, 0.25, 0.375, 0.5, 0.75, 1.0];
/// let curve = calibration_curve(&[0, 0, 1, 0, 1, 1], &p, Bins::Uniform(3))?;
/// assert_eq!(curve.observed, [0.0, 0.5, 1.0]);
/// assert_eq!(curve.predicted, [0.1875, 0.4375, 0.875]);
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn calibration_curve<T: Float>(
    labels: &[usize],
    probabilities: &[T],
    bins: Bins,
) -> Result<CalibrationCurve, Error> {
    let metric = "calibration_curve";
    at_least(metric, 1, labels.len())?;
    same_number(metric, "probabilities", labels.len(), probabilities.len())?;
    if let Some(row) = labels.iter().position(|label| *label >= 2) {
        return Err(MetricError::Class { metric, row, class: labels[row], n_classes: 2 }.into());
    }
    probabilities::check(metric, probabilities, 1)?;
    let p: Vec<f64> = probabilities.iter().map(|p| p.to_f64()).collect();
    let happened: Vec<bool> = labels.iter().map(|label| *label == 1).collect();
    CalibrationCurve::of(&p, &happened, bins)
}

/// How often the most probable class is the true one where it was given each probability, in bins (Guo et al. 2017, "On
/// calibration of modern neural networks"); at a tie the first class.
///
/// `probabilities` is row-major `(n, n_classes)`, and of two classes also `(n)`, the probabilities of class 1. Each row
/// must sum to one within 10⁻⁶ · `n_classes` in `f64`, 10⁻⁴ · `n_classes` in `f32`.
///
/// # Errors
/// Where slices do not fit each other, there are no rows, a label is not below `n_classes`, there are fewer than two
/// classes, a probability is not in [0, 1], a row does not sum to one, or there are no bins.
///
/// ```
/// use mlp::metrics::{Bins, top_label_calibration};
///
/// let p = [0.75, 0.25, 0.0, /* */ 0.0, 0.25, 0.75, /* */ 0.5, 0.25, 0.25];
/// let curve = top_label_calibration(&[0, 1, 0], &p, 3, Bins::Uniform(10))?;
/// assert_eq!((curve.observed, curve.predicted, curve.counts), (vec![1.0, 0.5], vec![0.5, 0.75], vec![1, 2]));
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn top_label_calibration<T: Float>(
    labels: &[usize],
    probabilities: &[T],
    n_classes: usize,
    bins: Bins,
) -> Result<CalibrationCurve, Error> {
    let rows = Targets::from(labels).rows("top_label_calibration")?;
    let p = Probabilities::new(rows.metric, probabilities, rows.len(), n_classes)?;
    rows.check_classes(labels, n_classes)?;
    let best = |row| {
        (1..n_classes).fold(0, |best, class| if p.of(row, class) > p.of(row, best) { class } else { best })
    };
    let best: Vec<usize> = (0..rows.len()).map(best).collect();
    let happened: Vec<bool> = best.iter().zip(labels).map(|(best, label)| best == label).collect();
    let confidence: Vec<f64> = best.iter().enumerate().map(|(row, class)| p.of(row, *class)).collect();
    CalibrationCurve::of(&confidence, &happened, bins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bins_or_too_many_are_refused() {
        for bins in [Bins::Uniform(0), Bins::Quantile(0), Bins::Uniform(usize::MAX)] {
            let error = calibration_curve(&[0, 1], &[0.5, 0.5], bins).unwrap_err();
            assert!(matches!(error, Error::Setting { setting: "bins", .. }), "{error}");
        }
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for broken in [-0.1, 1.1, f64::NAN] {
            assert!(calibration_curve(&[0, 1], &[0.5, broken], Bins::Uniform(2)).is_err());
            assert!(top_label_calibration(&[0, 1], &[0.5, broken], 2, Bins::Uniform(2)).is_err());
        }
        assert!(calibration_curve(&[0, 2], &[0.5, 0.5], Bins::Uniform(2)).is_err());
        assert!(calibration_curve::<f64>(&[], &[], Bins::Uniform(2)).is_err());
    }

    #[test]
    fn who_is_always_right_and_sure_has_no_error_and_who_is_always_wrong_has_one() {
        let error = |labels: &[usize]| {
            let curve = top_label_calibration(labels, &[1.0, 0.0, 0.0, 1.0], 2, Bins::Uniform(15)).unwrap();
            curve.expected_calibration_error()
        };
        assert_eq!((error(&[0, 1]), error(&[1, 0]), error(&[1, 1])), (0.0, 1.0, 0.5));
    }
}
