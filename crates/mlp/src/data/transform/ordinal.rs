//! Categories as the place of their level.

use serde::{Deserialize, Serialize};

use super::columns::Checked;
use super::one_hot::{check_levels, each_place, levels_there};
use super::{Columns, Unknown};
use crate::Error;
use crate::data::Frame;

/// The place of the level among those of its column, from 0.
///
/// ```
/// use mlp::data::{Category, Columns, Frame, Transform, Unknown};
///
/// let sizes = Category::of(&[Some("small"), Some("large"), None])?;
/// let frame = Frame::of_rows(3).with_category("size", sizes)?;
/// let levels = Some(vec!["small".into(), "medium".into(), "large".into()]);
/// let ordinal = Transform::Ordinal { columns: Columns::All, levels, unknown: Unknown::Refuse };
/// let coded = ordinal.fit(&frame)?.apply(frame)?;
/// assert_eq!((coded.names(), &coded.numbers()[..2]), (&["size".to_owned()][..], &[0.0, 2.0][..]));
/// assert!(coded.numbers()[2].is_nan());
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Ordinal {
    columns: Vec<String>,
    levels: Vec<Vec<String>>,
    unknown: Unknown,
}

impl Ordinal {
    pub(super) fn fit(
        frame: &Frame,
        columns: &Columns,
        levels: Option<&[String]>,
        unknown: Unknown,
    ) -> Result<Self, Error> {
        let columns = columns.categories(frame);
        let levels = match levels {
            Some(levels) => vec![levels.to_vec(); columns.len()],
            None => levels_there(frame, &columns)?,
        };
        let fitted = Self { columns, levels, unknown };
        fitted.check()?;
        Ok(fitted)
    }

    /// The names of its columns.
    ///
    /// ```
    /// # use mlp::data::{Category, Columns, Fitted, Frame, Transform, Unknown};
    /// # let frame = Frame::of_rows(2).with_category("sex", Category::of(&[Some("m"), Some("f")])?)?;
    /// let ordinal = Transform::Ordinal { columns: Columns::All, levels: None, unknown: Unknown::Ignore };
    /// assert_eq!(ordinal.fit(&frame)?.columns(), ["sex"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The levels of each column; a code is a place among them.
    ///
    /// ```
    /// # use mlp::data::{Category, Columns, Fitted, Frame, Transform, Unknown};
    /// # let frame = Frame::of_rows(2).with_category("sex", Category::of(&[Some("m"), Some("f")])?)?;
    /// let ordinal = Transform::Ordinal { columns: Columns::All, levels: None, unknown: Unknown::Ignore };
    /// let Fitted::Ordinal(ordinal) = ordinal.fit(&frame)? else { panic!("an ordinal code") };
    /// assert_eq!(ordinal.levels(), [["f", "m"]]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn levels(&self) -> &[Vec<String>] {
        &self.levels
    }

    /// What becomes of another level.
    ///
    /// ```
    /// # use mlp::data::{Category, Columns, Fitted, Frame, Transform, Unknown};
    /// # let frame = Frame::of_rows(2).with_category("sex", Category::of(&[Some("m"), Some("f")])?)?;
    /// let ordinal = Transform::Ordinal { columns: Columns::All, levels: None, unknown: Unknown::Refuse };
    /// let Fitted::Ordinal(ordinal) = ordinal.fit(&frame)? else { panic!("an ordinal code") };
    /// assert_eq!(ordinal.unknown(), Unknown::Refuse);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn unknown(&self) -> Unknown {
        self.unknown
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        let width = self.columns.len();
        let mut numbers = vec![f64::NAN; frame.n_rows() * width];
        let categories = frame.categories_of(&self.columns)?.into_iter().zip(&self.columns);
        for (column, ((category, name), levels)) in categories.zip(&self.levels).enumerate() {
            each_place(category, name, levels, self.unknown, |row, place| {
                if let Some(place) = place {
                    numbers[row * width + column] = place as f64;
                }
            })?;
        }
        frame.replace(&self.columns, self.columns.clone(), &numbers)
    }
}

impl Checked for Ordinal {
    fn check(&self) -> Result<(), Error> {
        check_levels("ordinal", &self.columns, &self.levels)
    }
}
