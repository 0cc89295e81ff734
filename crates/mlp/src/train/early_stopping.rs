//! An end before the last epoch, where the loss no longer falls.

use crate::Error;
use crate::optimizer::within;
use serde::{Deserialize, Serialize};

/// Training ends where the loss that is watched has not fallen for some epochs: that of the rows that are held out, where
/// there are any, else J of the training (Prechelt 1998). With rows held out, the network is at the end as it was after the
/// epoch in which their loss was least.
///
/// ```
/// use mlp::{EarlyStopping, Training};
/// let training = Training { early_stopping: Some(EarlyStopping::default()), ..Training::default() };
/// assert_eq!(training.early_stopping.map(|end| end.patience), Some(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// How many epochs in a row may be no better.
    pub patience: usize,
    /// By how much the loss must fall for an epoch to be better, at least 0.
    pub tolerance: f64,
}

impl Default for EarlyStopping {
    /// Ten epochs and 0.0001, as scikit-learn has them.
    fn default() -> Self {
        EarlyStopping { patience: 10, tolerance: 1e-4 }
    }
}

impl EarlyStopping {
    /// An error unless every setting is within its range.
    pub(super) fn checked(self) -> Result<(), Error> {
        let Self { tolerance, .. } = self;
        within("tolerance", "a finite number from 0 up", tolerance, (0.0..f64::INFINITY).contains(&tolerance))
    }
}

/// The loss that is watched, at its least.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Best<T> {
    pub(super) epoch: usize,
    pub(super) loss: f64,
    /// The parameters then, where they are wanted at the end.
    pub(super) parameters: Option<Vec<T>>,
}

/// What early stopping remembers: the least loss, and how many epochs in a row were no better than it by the tolerance.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watch<T> {
    pub(super) best: Option<Best<T>>,
    /// The loss that the next must fall below by the tolerance.
    pub(super) reference: Option<f64>,
    pub(super) bad: usize,
}

impl<T: Copy> Watch<T> {
    pub(super) fn new() -> Self {
        Watch { best: None, reference: None, bad: 0 }
    }

    /// Takes in the loss after an epoch; the parameters are kept where they are the best so far and `keep` says so. Whether
    /// this is the end.
    pub(super) fn observe(
        &mut self,
        settings: EarlyStopping,
        epoch: usize,
        loss: f64,
        parameters: &[T],
        keep: bool,
    ) -> bool {
        if self.best.as_ref().is_none_or(|best| loss < best.loss) {
            // Its room is used again.
            let mut kept = self.best.take().and_then(|best| best.parameters).unwrap_or_default();
            kept.clear();
            kept.extend_from_slice(if keep { parameters } else { &[] });
            self.best = Some(Best { epoch, loss, parameters: keep.then_some(kept) });
        }
        if self.reference.is_none_or(|reference| loss < reference - settings.tolerance) {
            (self.reference, self.bad) = (Some(loss), 0);
        } else {
            self.bad += 1;
        }
        self.bad >= settings.patience.max(1)
    }
}
