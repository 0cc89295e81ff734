//! Why a metric has no value.

/// What is wrong with the numbers that a metric was asked of; rows count from 0.
///
/// ```
/// use mlp::Error;
/// use mlp::metrics::{MetricError, roc_auc};
///
/// let error = roc_auc(&[1, 1], &[0.2, 0.7]).unwrap_err();
/// assert_eq!(error.to_string(), "roc_auc: wants rows of class 0, got none that weighs");
/// assert!(matches!(error, Error::Metric(MetricError::MissingClass { class: 0, .. })));
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Slices differ in length.
    #[error("{metric}: wants {wants} {what}, got {got}")]
    Lengths {
        /// The metric that refused.
        metric: &'static str,
        /// What there are too many or too few of.
        what: &'static str,
        /// How many it wants.
        wants: usize,
        /// How many came.
        got: usize,
    },
    /// There are no rows, or fewer than the metric needs.
    #[error("{metric}: wants at least {wants} row{}, got {got}", if *.wants == 1 { "" } else { "s" })]
    TooFewRows {
        /// The metric that refused.
        metric: &'static str,
        /// How many rows it needs.
        wants: usize,
        /// How many came.
        got: usize,
    },
    /// A label or a prediction is no class.
    #[error("{metric}: wants classes below {n_classes}, got {class} in row {row}")]
    Class {
        /// The metric that refused.
        metric: &'static str,
        /// The row.
        row: usize,
        /// What it has for a class.
        class: usize,
        /// How many classes there are.
        n_classes: usize,
    },
    /// A probability is NaN or outside [0, 1].
    #[error("{metric}: wants probabilities in [0, 1], got {value} in row {row}")]
    Probability {
        /// The metric that refused.
        metric: &'static str,
        /// The row.
        row: usize,
        /// What it has for a probability.
        value: f64,
    },
    /// The probabilities of a row do not sum to one.
    #[error("{metric}: wants rows that sum to 1 within {tolerance:e}, got {sum} in row {row}")]
    RowSum {
        /// The metric that refused.
        metric: &'static str,
        /// The row.
        row: usize,
        /// Its sum.
        sum: f64,
        /// How far from 1 it may be.
        tolerance: f64,
    },
    /// A score, a target or a prediction is infinite or NaN.
    #[error("{metric}: wants finite {what}, got {value} in row {row}")]
    NotFinite {
        /// The metric that refused.
        metric: &'static str,
        /// What should be finite.
        what: &'static str,
        /// The row.
        row: usize,
        /// What it has.
        value: f64,
    },
    /// No row of a class that the metric needs, or none with a weight above 0.
    #[error("{metric}: wants rows of class {class}, got none that weighs")]
    MissingClass {
        /// The metric that refused.
        metric: &'static str,
        /// The class.
        class: usize,
    },
    /// A weight is negative, infinite or NaN.
    #[error("{metric}: wants finite weights of at least 0, got {value} in row {row}")]
    Weight {
        /// The metric that refused.
        metric: &'static str,
        /// The row.
        row: usize,
        /// Its weight.
        value: f64,
    },
    /// All weights are zero.
    #[error("{metric}: wants weights with a sum above 0, got zeros")]
    NoWeight {
        /// The metric that refused.
        metric: &'static str,
    },
    /// Sums went beyond the largest `f64`, or a resample's metric came to no finite number.
    #[error("{metric}: wants numbers with finite sums, got {value}; rescale them")]
    Overflow {
        /// The metric that refused.
        metric: &'static str,
        /// What came out.
        value: f64,
    },
}
