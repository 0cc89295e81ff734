//! The usual chain over numbers as one pass.

use crate::data::{Fills, Fitted, Scale, Schema};

/// Missing numbers filled in and all of them scaled, in one pass with no copy but the output; the same bits as one after the
/// other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fused {
    fills: Option<Vec<f64>>,
    scale: Scale,
}

impl Fused {
    /// The pass that does what the chain does, if the schema has numbers only and the chain is a scale of all of them, or
    /// fills of all of them without indicators and then a scale.
    pub(super) fn of(schema: &Schema, chain: &[Fitted]) -> Option<Self> {
        let (fills, scale) = match chain {
            [Fitted::Scale(scale)] => (None, scale),
            [Fitted::Impute(impute), Fitted::Scale(scale)] => match impute.fills() {
                Fills::Numbers(fills)
                    if impute.indicators().is_empty() && impute.columns() == scale.columns() =>
                {
                    (Some(fills.clone()), scale)
                }
                _ => return None,
            },
            _ => return None,
        };
        (scale.columns() == schema.names()).then(|| Self { fills, scale: scale.clone() })
    }

    /// The features of rows of numbers, row-major `(n_rows, n_columns)`.
    pub(super) fn apply(&self, numbers: &[f64]) -> Vec<f64> {
        let n_columns = self.scale.columns().len();
        let mut features = Vec::with_capacity(numbers.len());
        for row in numbers.chunks_exact(n_columns) {
            match &self.fills {
                Some(fills) => {
                    features.extend(row.iter().zip(fills).enumerate().map(|(column, (x, fill))| {
                        self.scale.of(column, if x.is_nan() { *fill } else { *x })
                    }))
                }
                None => features.extend(row.iter().enumerate().map(|(column, x)| self.scale.of(column, *x))),
            }
        }
        features
    }
}
