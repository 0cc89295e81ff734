//! The forms in which rows may be given to a model.

use crate::Error;
use crate::data::{Dataset, Frame, Preprocess, Table};
use tape::Tensor;

/// Rows as they come: what a [`Model`](crate::Model) predicts from.
///
/// Columns of a [`Dataset`], a [`Frame`] and a [`Table`] are found by name, in any order, and others are ignored. Plain numbers
/// have no names: a `[f64]` or a `Vec<f64>` is rows one after the other, of as many numbers as there were columns in training, in their order;
/// a [`Tensor`] is `(n, columns)`.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::data::{Dataset, Frame, Table, Target};
/// let frame = Frame::of_numbers(vec![0.0, 2.0, 1.0, 2.0, 2.0, 4.0], vec!["x".into(), "z".into()])?;
/// let data = Dataset::of(frame, Target::numbers(vec!["y".into()], vec![2.0, 3.0, 6.0])?)?;
/// let model = mlp::LinearRegression::default().fit(&data)?; // y = x + z
/// let table = Table::from_bytes(b"z,x\n10,1\n", "new.csv")?;
/// for prediction in [model.predict_numbers(&table)?, model.predict_numbers(&[1.0, 10.0][..])?] {
///     assert!((prediction[0] - 11.0).abs() < 1e-12);
/// }
/// # Ok(())
/// # }
/// ```
pub trait Features {
    /// The features that `preprocess` makes of the rows, row-major `(n, features)`.
    ///
    /// # Errors
    /// When columns are missing or of another kind, or a value is refused, with row and column.
    fn features_for(&self, preprocess: &Preprocess) -> Result<Vec<f64>, Error>;
}

impl Features for Frame {
    fn features_for(&self, preprocess: &Preprocess) -> Result<Vec<f64>, Error> {
        preprocess.apply(self)
    }
}

impl Features for Dataset {
    fn features_for(&self, preprocess: &Preprocess) -> Result<Vec<f64>, Error> {
        preprocess.apply(self.frame())
    }
}

impl Features for Table {
    fn features_for(&self, preprocess: &Preprocess) -> Result<Vec<f64>, Error> {
        preprocess.apply_table(self)
    }
}

impl Features for [f64] {
    fn features_for(&self, preprocess: &Preprocess) -> Result<Vec<f64>, Error> {
        preprocess.apply_rows(self, preprocess.schema().columns().len())
    }
}

impl Features for Vec<f64> {
    fn features_for(&self, preprocess: &Preprocess) -> Result<Vec<f64>, Error> {
        self[..].features_for(preprocess)
    }
}

impl Features for Tensor<f64> {
    fn features_for(&self, preprocess: &Preprocess) -> Result<Vec<f64>, Error> {
        match self.shape() {
            [_, width] => preprocess.apply_rows(self.as_slice(), *width),
            other => Err(Error::shape("model", "rows, (n, columns)", format!("{other:?}"))),
        }
    }
}
