//! Values in the place of those that are missing.

use serde::{Deserialize, Serialize};

use super::Columns;
use super::columns::{
    Checked, check_names, check_parts, for_each_column, map_columns, no_value, quantile_of,
};
use crate::Error;
use crate::data::Frame;
use crate::data::data_error::DataErrorKind;
use crate::data::frame::{Category, MISSING};

/// What to put in the place of missing values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fill {
    /// The median of the numbers.
    Median,
    /// The mean of the numbers.
    Mean,
    /// This number.
    Number(f64),
    /// The level that most rows have; of several, the first by its characters.
    MostFrequent,
    /// This level, which may be a new one.
    Level(String),
}

/// What each column is filled with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fills {
    /// Columns of numbers with these.
    Numbers(Vec<f64>),
    /// Columns of categories with these.
    Levels(Vec<String>),
}

/// A value for each of its columns, put where one is missing.
///
/// ```
/// use mlp::data::{Columns, Fill, Frame, Transform};
///
/// let frame = Frame::of_numbers(vec![1.0, f64::NAN, 5.0], vec!["x".into()])?;
/// let impute = Transform::Impute { columns: Columns::All, fill: Fill::Mean, indicator: true };
/// let filled = impute.fit(&frame)?.apply(frame)?;
/// assert_eq!(filled.names(), ["x", "missingindicator_x"]);
/// assert_eq!(filled.numbers(), [1.0, 0.0, 3.0, 1.0, 5.0, 0.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Impute {
    columns: Vec<String>,
    fills: Fills,
    /// The places, among the columns, of those that have an indicator.
    indicators: Vec<usize>,
}

impl Impute {
    pub(super) fn fit(frame: &Frame, columns: &Columns, fill: &Fill, indicator: bool) -> Result<Self, Error> {
        let is_number = matches!(fill, Fill::Median | Fill::Mean | Fill::Number(_));
        let columns = if is_number { columns.numbers(frame) } else { columns.categories(frame) };
        let mut of_numbers = Vec::with_capacity(columns.len());
        let mut of = |of: fn(&mut [f64]) -> f64| {
            for_each_column(frame, &columns, |values| {
                of_numbers.push(of(values));
                if of_numbers[of_numbers.len() - 1].is_finite() {
                    Ok(())
                } else {
                    Err(DataErrorKind::TooLarge)
                }
            })
        };
        let fills = match fill {
            Fill::Median => {
                of(|values| quantile_of(values, 0.5))?;
                Fills::Numbers(of_numbers)
            }
            Fill::Mean => {
                of(|values| {
                    let n = values.len() as f64;
                    values.iter().map(|value| value / n).sum()
                })?;
                Fills::Numbers(of_numbers)
            }
            Fill::Number(number) => Fills::Numbers(vec![*number; columns.len()]),
            Fill::Level(level) => Fills::Levels(vec![level.clone(); columns.len()]),
            Fill::MostFrequent => {
                let categories = frame.categories_of(&columns)?.into_iter().zip(&columns);
                let levels = categories.map(|(category, name)| {
                    most_frequent(category).map(str::to_owned).ok_or_else(|| no_value(name))
                });
                Fills::Levels(levels.collect::<Result<_, _>>()?)
            }
        };
        let mut fitted = Self { columns, fills, indicators: Vec::new() };
        if indicator {
            let missing = fitted.missing(frame)?;
            fitted.indicators =
                (0..fitted.columns.len()).filter(|column| missing[*column].contains(&true)).collect();
        }
        fitted.check()?;
        Ok(fitted)
    }

    /// The names of its columns.
    ///
    /// ```
    /// # use mlp::data::{Fill, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![1.0, f64::NAN], vec!["x".into()])?;
    /// assert_eq!(Transform::impute(Fill::Median).fit(&frame)?.columns(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What each column is filled with.
    ///
    /// ```
    /// # use mlp::data::{Fill, Fills, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![1.0, f64::NAN], vec!["x".into()])?;
    /// let Fitted::Impute(impute) = Transform::impute(Fill::Median).fit(&frame)? else { panic!("fills") };
    /// assert_eq!(impute.fills(), &Fills::Numbers(vec![1.0]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn fills(&self) -> &Fills {
        &self.fills
    }

    /// The places, among the columns, of those that have an indicator.
    ///
    /// ```
    /// # use mlp::data::{Fill, Fills, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![1.0, f64::NAN], vec!["x".into()])?;
    /// let Fitted::Impute(impute) = Transform::impute(Fill::Median).fit(&frame)? else { panic!("fills") };
    /// assert!(impute.indicators().is_empty());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn indicators(&self) -> &[usize] {
        &self.indicators
    }

    /// The names of the indicators, each with the place of its column.
    pub(crate) fn outputs(&self) -> Vec<(String, usize)> {
        let name = |place: &usize| (format!("missingindicator_{}", self.columns[*place]), *place);
        self.indicators.iter().map(name).collect()
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        let indicated = if self.indicators.is_empty() { Vec::new() } else { self.missing(&frame)? };
        let n_rows = frame.n_rows();
        let mut filled = match &self.fills {
            Fills::Numbers(fills) => map_columns(frame, &self.columns, |_, column, x| {
                Ok(if x.is_nan() { fills[column] } else { x })
            })?,
            Fills::Levels(fills) => {
                let categories = frame.categories_of(&self.columns)?.into_iter().zip(fills);
                let filled = categories.map(|(category, fill)| filled(category, fill));
                let filled = filled.collect::<Result<Vec<_>, _>>()?;
                let mut frame = frame;
                for (name, category) in self.columns.iter().zip(filled) {
                    if let Some(category) = category {
                        frame.set_category(name, category);
                    }
                }
                frame
            }
        };
        if !self.indicators.is_empty() {
            let width = self.indicators.len();
            let mut numbers = vec![0.0; n_rows * width];
            for (place, column) in self.indicators.iter().enumerate() {
                for (row, _) in indicated[*column].iter().enumerate().filter(|(_, is_missing)| **is_missing) {
                    numbers[row * width + place] = 1.0;
                }
            }
            let names = self.outputs().into_iter().map(|(name, _)| name).collect();
            filled = filled.replace(&[], names, &numbers)?;
        }
        Ok(filled)
    }

    /// Which rows lack a value, for each column.
    fn missing(&self, frame: &Frame) -> Result<Vec<Vec<bool>>, Error> {
        if let Fills::Levels(_) = self.fills {
            let is_missing =
                |category: &Category| category.codes().iter().map(|code| *code == MISSING).collect();
            return Ok(frame.categories_of(&self.columns)?.into_iter().map(is_missing).collect());
        }
        let places = frame.number_places(&self.columns)?;
        let is_missing = |place: usize| {
            frame.numbers().chunks_exact(frame.n_numbers()).map(|row| row[place].is_nan()).collect()
        };
        Ok(places.into_iter().map(is_missing).collect())
    }
}

impl Checked for Impute {
    fn check(&self) -> Result<(), Error> {
        match &self.fills {
            Fills::Numbers(fills) => check_parts("impute", &self.columns, &[fills])?,
            Fills::Levels(fills) => {
                check_names("impute", &self.columns)?;
                if fills.len() != self.columns.len() {
                    let got = format!("{} for {} columns", fills.len(), self.columns.len());
                    return Err(Error::shape("impute", "a level for each column", got));
                }
            }
        }
        let is_ascending = self.indicators.windows(2).all(|pair| pair[0] < pair[1]);
        if !is_ascending || self.indicators.last().is_some_and(|last| *last >= self.columns.len()) {
            let wants = format!("ascending places of columns below {}", self.columns.len());
            return Err(Error::shape("impute", wants, "other indicators"));
        }
        Ok(())
    }
}

fn most_frequent(category: &Category) -> Option<&str> {
    let mut counts = vec![0_usize; category.levels().len()];
    for code in category.codes().iter().filter(|code| **code != MISSING) {
        counts[*code as usize] += 1;
    }
    let there = category.levels().iter().zip(counts).filter(|(_, count)| *count > 0);
    let most = there.max_by(|(a, n), (b, m)| n.cmp(m).then(b.cmp(a)));
    most.map(|(level, _)| level.as_str())
}

/// The column with `fill` where a level is missing; none where no level is.
fn filled(category: &Category, fill: &str) -> Result<Option<Category>, Error> {
    if !category.codes().contains(&MISSING) {
        return Ok(None);
    }
    let mut levels = category.levels().to_vec();
    let code = levels.iter().position(|level| level == fill).unwrap_or_else(|| {
        levels.push(fill.to_owned());
        levels.len() - 1
    }) as u32;
    let codes = category.codes().iter().map(|old| if *old == MISSING { code } else { *old }).collect();
    Category::new(levels, codes).map(Some)
}
