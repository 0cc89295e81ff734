//! Categories as a number for each level.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::columns::{Checked, check_names, no_value};
use super::{Columns, Unknown};
use crate::Error;
use crate::data::Frame;
use crate::data::data_error::{DataError, listed, shortened};
use crate::data::frame::{Category, MISSING};

/// A number for each level of its columns: 1 for the level of the row, 0 for all others.
///
/// ```
/// use mlp::data::{Category, Fitted, Frame, Transform};
///
/// let frame = Frame::of_rows(2).with_category("sex", Category::of(&[Some("m"), Some("f")])?)?;
/// let Fitted::OneHot(one_hot) = Transform::one_hot().fit(&frame)? else { panic!("a one-hot code") };
/// assert_eq!(one_hot.levels(), [["f", "m"]]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct OneHot {
    columns: Vec<String>,
    levels: Vec<Vec<String>>,
    unknown: Unknown,
}

impl OneHot {
    pub(super) fn fit(frame: &Frame, columns: &Columns, unknown: Unknown) -> Result<Self, Error> {
        let columns = columns.categories(frame);
        let levels = levels_there(frame, &columns)?;
        let fitted = Self { columns, levels, unknown };
        fitted.check()?;
        Ok(fitted)
    }

    /// The names of its columns.
    ///
    /// ```
    /// # use mlp::data::{Category, Fitted, Frame, Transform};
    /// let frame = Frame::of_rows(1).with_category("sex", Category::of(&[Some("m")])?)?;
    /// assert_eq!(Transform::one_hot().fit(&frame)?.columns(), ["sex"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The levels of each column that were there in training rows, in the order of their characters.
    ///
    /// ```
    /// # use mlp::data::{Category, Fitted, Frame, Transform};
    /// let frame = Frame::of_rows(1).with_category("sex", Category::of(&[Some("m")])?)?;
    /// let Fitted::OneHot(one_hot) = Transform::one_hot().fit(&frame)? else { panic!("a one-hot code") };
    /// assert_eq!(one_hot.levels(), [["m"]]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn levels(&self) -> &[Vec<String>] {
        &self.levels
    }

    /// What becomes of another level.
    ///
    /// ```
    /// # use mlp::data::{Category, Fitted, Frame, Transform, Unknown};
    /// let frame = Frame::of_rows(1).with_category("sex", Category::of(&[Some("m")])?)?;
    /// let Fitted::OneHot(one_hot) = Transform::one_hot().fit(&frame)? else { panic!("a one-hot code") };
    /// assert_eq!(one_hot.unknown(), Unknown::Ignore);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn unknown(&self) -> Unknown {
        self.unknown
    }

    /// The names of the numbers, each with the place of its column.
    pub(crate) fn outputs(&self) -> Vec<(String, usize)> {
        let of = |(place, (column, levels)): (usize, (&String, &Vec<String>))| {
            levels.iter().map(|level| (format!("{column}_{level}"), place)).collect::<Vec<_>>()
        };
        self.columns.iter().zip(&self.levels).enumerate().flat_map(of).collect()
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        let width = self.levels.iter().map(Vec::len).sum::<usize>();
        let mut numbers = vec![0.0; frame.n_rows() * width];
        let mut first = 0;
        for ((category, name), levels) in
            frame.categories_of(&self.columns)?.into_iter().zip(&self.columns).zip(&self.levels)
        {
            each_place(category, name, levels, self.unknown, |row, place| {
                if let Some(place) = place {
                    numbers[row * width + first + place] = 1.0;
                }
            })?;
            first += levels.len();
        }
        let names = self.outputs().into_iter().map(|(name, _)| name).collect();
        frame.replace(&self.columns, names, &numbers)
    }
}

impl Checked for OneHot {
    fn check(&self) -> Result<(), Error> {
        check_levels("one-hot", &self.columns, &self.levels)
    }
}

/// Refuses lists of levels that do not fit the columns, or have a level twice.
pub(super) fn check_levels(
    operation: &'static str,
    columns: &[String],
    levels: &[Vec<String>],
) -> Result<(), Error> {
    check_names(operation, columns)?;
    if columns.len() != levels.len() {
        let got = format!("{} lists for {} columns", levels.len(), columns.len());
        return Err(Error::shape(operation, "a list of levels for each column", got));
    }
    levels.iter().try_for_each(|levels| {
        let mut seen = std::collections::HashSet::with_capacity(levels.len());
        match levels.iter().find(|level| !seen.insert(level.as_str())) {
            Some(level) => Err(Error::shape(operation, "levels that differ", format!("`{level}` twice"))),
            None => Ok(()),
        }
    })
}

/// The levels that some row has, of each column, in the order of their characters.
pub(super) fn levels_there(frame: &Frame, columns: &[String]) -> Result<Vec<Vec<String>>, Error> {
    let there = |(category, name): (&Category, &String)| {
        let mut is_there = vec![false; category.levels().len()];
        for code in category.codes().iter().filter(|code| **code != MISSING) {
            is_there[*code as usize] = true;
        }
        let levels = category.levels().iter().zip(is_there);
        let mut levels: Vec<String> =
            levels.filter(|(_, is_there)| *is_there).map(|(level, _)| level.clone()).collect();
        if levels.is_empty() {
            return Err(no_value(name));
        }
        levels.sort_unstable();
        Ok(levels)
    };
    frame.categories_of(columns)?.into_iter().zip(columns).map(there).collect()
}

/// Calls `take` with each row and the place of its level among `levels`, if it is one of them.
pub(super) fn each_place(
    category: &Category,
    name: &str,
    levels: &[String],
    unknown: Unknown,
    mut take: impl FnMut(usize, Option<usize>),
) -> Result<(), Error> {
    let known: HashMap<&str, usize> =
        levels.iter().enumerate().map(|(place, level)| (level.as_str(), place)).collect();
    let places: Vec<Option<usize>> =
        category.levels().iter().map(|level| known.get(level.as_str()).copied()).collect();
    for (row, code) in category.codes().iter().enumerate() {
        let place = if *code == MISSING { None } else { places[*code as usize] };
        if place.is_none() && *code != MISSING && unknown == Unknown::Refuse {
            let level = shortened(&category.levels()[*code as usize]);
            let known = listed(levels.iter().map(String::as_str), 20);
            let what = format!(
                "`{level}` was not there in training, which had {known}; correct it or leave it empty"
            );
            return Err(DataError::of_value(row, name, what).into());
        }
        take(row, place);
    }
    Ok(())
}
