//! How good predictions are, with scikit-learn's definitions.
//!
//! | of | functions |
//! |---|---|
//! | predicted classes | [`accuracy`], [`confusion_matrix`] and the scores of a [`ConfusionMatrix`] |
//! | probabilities | [`log_loss`], [`brier_score`], [`calibration_curve`], [`top_label_calibration`] |
//! | scores that rank | [`roc_curve`], [`roc_auc`], [`roc_auc_one_vs_rest`], [`precision_recall_curve`], [`average_precision`], [`top_k_accuracy`] |
//! | predicted numbers | [`r2`], [`mean_absolute_error`], [`mean_squared_error`], [`root_mean_squared_error`] |
//! | any of them | [`Bootstrap`], an interval for it |
//!
//! What is true comes first, as [`Targets`]: a slice, or a slice with a weight for each row. Classes are numbers
//! below `n_classes`; a class without rows counts as scikit-learn counts it when it is told of all classes by `labels`.
//! Scores and probabilities are `f32` or `f64`; sums are taken in `f64`. Where a metric is not defined it is an error,
//! and never NaN.
//!
//! ```
//! use mlp::metrics::{Average, Targets, accuracy, confusion_matrix, roc_auc};
//!
//! let (labels, predictions) = ([0, 0, 1, 1], [0, 1, 1, 1]);
//! assert_eq!(accuracy(&labels, &predictions)?, 0.75);
//! assert_eq!(accuracy(Targets::weighted(&labels, &[1.0, 5.0, 1.0, 1.0]), &predictions)?, 0.375);
//! assert_eq!(confusion_matrix(&labels, &predictions, 2)?.recall(Average::Macro), 0.75);
//! assert_eq!(roc_auc(&labels, &[0.1, 0.4, 0.35, 0.8])?, 0.75);
//! # Ok::<(), mlp::Error>(())
//! ```

mod bootstrap;
mod calibration;
mod confusion;
mod curves;
mod error;
mod probabilities;
mod proper_scores;
pub(crate) mod quantile;
mod regression;
mod targets;
mod top_k;

pub use bootstrap::{Bootstrap, Interval, Resample};
pub use calibration::{Bins, CalibrationCurve, calibration_curve, top_label_calibration};
pub use confusion::{Average, ConfusionMatrix, accuracy, confusion_matrix};
pub use curves::{
    PrecisionRecallCurve, RocCurve, average_precision, precision_recall_curve, roc_auc, roc_auc_one_vs_rest,
    roc_curve,
};
pub use error::MetricError;
pub use proper_scores::{brier_score, log_loss};
pub use regression::{mean_absolute_error, mean_squared_error, r2, root_mean_squared_error};
pub use targets::Targets;
pub use top_k::top_k_accuracy;
