//! Numbers moved and scaled: standardised, to a range, or by median and quartiles.

use serde::{Deserialize, Serialize};

use super::Columns;
use super::columns::{Checked, check_parts, for_each_column, map_columns, quantile_of};
use crate::Error;
use crate::data::Frame;
use crate::data::data_error::DataErrorKind;

/// `y = (x − centre) / scale + offset` for each of its columns, or `offset` where the scale is 0: nothing could be learned
/// from a column that was constant in training.
///
/// ```
/// use mlp::data::{Columns, Fitted, Frame, Transform};
///
/// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
/// let Fitted::Scale(scale) = Transform::Standardize(Columns::All).fit(&frame)? else { panic!("a scale") };
/// assert_eq!((scale.centre(), scale.scale(), scale.offset()), (&[2.0][..], &[1.0][..], 0.0));
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Scale {
    columns: Vec<String>,
    centre: Vec<f64>,
    scale: Vec<f64>,
    offset: f64,
}

impl Scale {
    /// Mean and standard deviation over n, of what is there.
    pub(super) fn standardize(frame: &Frame, columns: &Columns) -> Result<Self, Error> {
        Self::fit(frame, columns, 0.0, |values| {
            let n = values.len() as f64;
            if values.iter().all(|value| *value == values[0]) {
                // A rounded mean may lie beside the one value; then nothing but rounding would be left.
                return (values[0], 0.0);
            }
            let mean = values.iter().map(|value| value / n).sum::<f64>();
            let variance = values.iter().map(|value| (value - mean).powi(2) / n).sum::<f64>();
            (mean, variance.sqrt())
        })
    }

    /// The least, and the distance from the largest by that of the ends of the range.
    pub(super) fn min_max(frame: &Frame, columns: &Columns, low: f64, high: f64) -> Result<Self, Error> {
        if !(low < high && (high - low).is_finite()) {
            let got = format!("{low} and {high}");
            return Err(Error::Setting { setting: "min-max", wants: "a low below a high, both finite", got });
        }
        Self::fit(frame, columns, low, |values| {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (least, (largest - least) / (high - low))
        })
    }

    /// Median and distance of the quartiles, 1 where that is 0: half of the rows may have one value, and the others still differ.
    pub(super) fn robust(frame: &Frame, columns: &Columns) -> Result<Self, Error> {
        Self::fit(frame, columns, 0.0, |values| {
            let distance = quantile_of(values, 0.75) - quantile_of(values, 0.25);
            (quantile_of(values, 0.5), if distance == 0.0 { 1.0 } else { distance })
        })
    }

    fn fit(
        frame: &Frame,
        columns: &Columns,
        offset: f64,
        mut of: impl FnMut(&mut [f64]) -> (f64, f64),
    ) -> Result<Self, Error> {
        let columns = columns.numbers(frame);
        let (mut centre, mut scale) = (Vec::with_capacity(columns.len()), Vec::with_capacity(columns.len()));
        for_each_column(frame, &columns, |values| {
            let (of_centre, of_scale) = of(values);
            if !(of_centre.is_finite() && of_scale.is_finite()) {
                return Err(DataErrorKind::TooLarge);
            }
            centre.push(of_centre);
            scale.push(of_scale);
            Ok(())
        })?;
        let fitted = Self { columns, centre, scale, offset };
        fitted.check()?;
        Ok(fitted)
    }

    /// The names of its columns.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// let Fitted::Scale(scale) = Transform::Robust(Columns::All).fit(&frame)? else { panic!("a scale") };
    /// assert_eq!(scale.columns(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What each column is moved by: its mean, its least value or its median.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0, 11.0], vec!["x".into()])?;
    /// let Fitted::Scale(scale) = Transform::Robust(Columns::All).fit(&frame)? else { panic!("a scale") };
    /// assert_eq!(scale.centre(), [3.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn centre(&self) -> &[f64] {
        &self.centre
    }

    /// What each column is then divided by, 0 for one that was constant.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0, 11.0], vec!["x".into()])?;
    /// let Fitted::Scale(scale) = Transform::Robust(Columns::All).fit(&frame)? else { panic!("a scale") };
    /// assert_eq!(scale.scale(), [5.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// What is added to all at last: the low end of the range, or 0.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// let range = Transform::MinMax { columns: Columns::All, low: -1.0, high: 1.0 };
    /// let Fitted::Scale(scale) = range.fit(&frame)? else { panic!("a scale") };
    /// assert_eq!(scale.offset(), -1.0);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// What becomes of a number in the column at this place.
    #[inline]
    pub(crate) fn of(&self, column: usize, x: f64) -> f64 {
        if self.scale[column] == 0.0 && !x.is_nan() {
            self.offset
        } else {
            (x - self.centre[column]) / self.scale[column] + self.offset
        }
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        map_columns(frame, &self.columns, |_, column, x| Ok(self.of(column, x)))
    }
}

impl Checked for Scale {
    fn check(&self) -> Result<(), Error> {
        check_parts("scale", &self.columns, &[&self.centre, &self.scale])?;
        if let Some(scale) = self.scale.iter().find(|scale| **scale < 0.0) {
            return Err(Error::shape("scale", "scales from 0 up", scale.to_string()));
        }
        if !self.offset.is_finite() {
            return Err(Error::shape("scale", "a finite offset", self.offset.to_string()));
        }
        Ok(())
    }
}
