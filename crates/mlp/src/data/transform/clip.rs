//! Limits.

use serde::{Deserialize, Serialize};

use super::Columns;
use super::columns::{Checked, check_parts, for_each_column, map_columns, quantile_of};
use crate::Error;
use crate::data::Frame;
use crate::data::data_error::DataErrorKind;

/// How far out numbers may be.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Limits {
    /// From the first to the second.
    Values(f64, f64),
    /// From the first quantile of the training rows to the second, both from 0 to 1.
    Quantiles(f64, f64),
}

/// Numbers below the lower limit of their column become it, and those above the upper one.
///
/// ```
/// use mlp::data::{Columns, Frame, Limits, Transform};
///
/// let frame = Frame::of_numbers(vec![0.0, 1.0, 2.0, 3.0, 100.0], vec!["x".into()])?;
/// let clip = Transform::Clip { columns: Columns::All, limits: Limits::Quantiles(0.25, 0.75) };
/// assert_eq!(clip.fit(&frame)?.apply(frame)?.numbers(), [1.0, 1.0, 2.0, 3.0, 3.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Clip {
    columns: Vec<String>,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Clip {
    pub(super) fn fit(frame: &Frame, columns: &Columns, limits: Limits) -> Result<Self, Error> {
        let columns = columns.numbers(frame);
        let refused = |wants, a: f64, b: f64| {
            Err(Error::Setting { setting: "clip", wants, got: format!("{a} and {b}") })
        };
        let (low, high) = match limits {
            Limits::Values(low, high) => {
                if !(low <= high && low.is_finite() && high.is_finite()) {
                    return refused("a lower limit up to the upper one, both finite", low, high);
                }
                frame.number_places(&columns)?;
                (vec![low; columns.len()], vec![high; columns.len()])
            }
            Limits::Quantiles(from, to) => {
                if !(0.0 <= from && from <= to && to <= 1.0) {
                    return refused("quantiles from 0 to 1, the lower first", from, to);
                }
                let (mut low, mut high) = (Vec::new(), Vec::new());
                for_each_column(frame, &columns, |values| {
                    let (of_low, of_high) = (quantile_of(values, from), quantile_of(values, to));
                    if !(of_low.is_finite() && of_high.is_finite()) {
                        return Err(DataErrorKind::TooLarge);
                    }
                    low.push(of_low);
                    high.push(of_high);
                    Ok(())
                })?;
                (low, high)
            }
        };
        let fitted = Self { columns, low, high };
        fitted.check()?;
        Ok(fitted)
    }

    /// The names of its columns.
    ///
    /// ```
    /// # use mlp::data::{Columns, Frame, Limits, Transform};
    /// let frame = Frame::of_numbers(vec![3.0, 0.0], vec!["x".into()])?;
    /// let clip = Transform::Clip { columns: Columns::All, limits: Limits::Values(0.0, 1.0) };
    /// assert_eq!(clip.fit(&frame)?.columns(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The lower limit of each column.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Limits, Transform};
    /// let frame = Frame::of_numbers(vec![3.0, 0.0], vec!["x".into()])?;
    /// let clip = Transform::Clip { columns: Columns::All, limits: Limits::Values(0.0, 1.0) };
    /// let Fitted::Clip(clip) = clip.fit(&frame)? else { panic!("limits") };
    /// assert_eq!((clip.low(), clip.high()), (&[0.0][..], &[1.0][..]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn low(&self) -> &[f64] {
        &self.low
    }

    /// The upper limit of each column.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Limits, Transform};
    /// let frame = Frame::of_numbers(vec![3.0, 0.0], vec!["x".into()])?;
    /// let clip = Transform::Clip { columns: Columns::All, limits: Limits::Quantiles(0.0, 1.0) };
    /// let Fitted::Clip(clip) = clip.fit(&frame)? else { panic!("limits") };
    /// assert_eq!(clip.high(), [3.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn high(&self) -> &[f64] {
        &self.high
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        map_columns(frame, &self.columns, |_, column, x| Ok(x.clamp(self.low[column], self.high[column])))
    }
}

impl Checked for Clip {
    fn check(&self) -> Result<(), Error> {
        check_parts("clip", &self.columns, &[&self.low, &self.high])?;
        match self.low.iter().zip(&self.high).find(|(low, high)| low > high) {
            Some((low, high)) => {
                Err(Error::shape("clip", "lower limits up to the upper ones", format!("{low} above {high}")))
            }
            None => Ok(()),
        }
    }
}
