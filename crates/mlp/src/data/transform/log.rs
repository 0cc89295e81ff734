//! Logarithms.

use serde::{Deserialize, Serialize};

use super::Columns;
use super::columns::{Checked, check_names, map_columns};
use crate::Error;
use crate::data::Frame;
use crate::data::data_error::DataError;

/// `log(1 + x)` for x from 0 up, or `sgn(x) log(1 + |x|)` for any.
///
/// ```
/// use mlp::data::{Columns, Frame, Transform};
///
/// let frame = Frame::of_numbers(vec![-3.0, 0.0], vec!["x".into()])?;
/// let log = Transform::Log { columns: Columns::All, signed: true }.fit(&frame)?;
/// assert_eq!(log.apply(frame)?.numbers(), [-(3.0_f64.ln_1p()), 0.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Log {
    columns: Vec<String>,
    signed: bool,
}

impl Log {
    pub(super) fn fit(frame: &Frame, columns: &Columns, signed: bool) -> Result<Self, Error> {
        let fitted = Self { columns: columns.numbers(frame), signed };
        fitted.check()?;
        // Nothing is fitted, but training rows are the place to hear of a negative number.
        let places = frame.number_places(&fitted.columns)?;
        for (row, numbers) in frame.numbers().chunks_exact(frame.n_numbers().max(1)).enumerate() {
            for (column, place) in places.iter().enumerate() {
                fitted.of(row, column, numbers[*place])?;
            }
        }
        Ok(fitted)
    }

    /// The names of its columns.
    ///
    /// ```
    /// # use mlp::data::{Columns, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![3.0, 0.0], vec!["x".into()])?;
    /// assert_eq!(Transform::Log { columns: Columns::All, signed: true }.fit(&frame)?.columns(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether negative numbers are taken.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![3.0, 0.0], vec!["x".into()])?;
    /// let log = Transform::Log { columns: Columns::All, signed: true };
    /// let Fitted::Log(log) = log.fit(&frame)? else { panic!("a logarithm") };
    /// assert!(log.signed());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn signed(&self) -> bool {
        self.signed
    }

    fn of(&self, row: usize, column: usize, x: f64) -> Result<f64, Error> {
        if x < 0.0 && !self.signed {
            let what =
                format!("{x} is below 0, where log(1 + x) is not taken; correct it or take the signed one");
            return Err(DataError::of_value(row, &self.columns[column], what).into());
        }
        Ok(x.abs().ln_1p().copysign(x))
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        map_columns(frame, &self.columns, |row, column, x| self.of(row, column, x))
    }
}

impl Checked for Log {
    fn check(&self) -> Result<(), Error> {
        check_names("log", &self.columns)
    }
}
