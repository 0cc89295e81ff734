//! Transforms of columns: settings, what fitting them on training rows found, and how they change other rows.

mod clip;
mod columns;
mod custom;
mod impute;
mod log;
mod one_hot;
mod ordinal;
mod pca;
mod polynomial;
mod scale;
mod trace;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::clip::{Clip, Limits};
use self::columns::Checked;
pub use self::custom::{Custom, CustomFitted, CustomTransform};
pub use self::impute::{Fill, Fills, Impute};
pub use self::log::Log;
pub use self::one_hot::OneHot;
pub use self::ordinal::Ordinal;
pub use self::pca::{Components, Pca};
pub use self::polynomial::Polynomial;
pub use self::scale::Scale;
pub(super) use self::trace::Traced;
use super::Frame;
use crate::Error;

/// Which columns a transform touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Columns {
    /// All of the kind that it takes, which is numbers for most.
    #[default]
    All,
    /// These.
    Named(Vec<String>),
}

/// What becomes of a category that training rows did not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unknown {
    /// It is none of those that are known: zeros in a one-hot code, a missing number in an ordinal one.
    #[default]
    Ignore,
    /// It is an error, which names it.
    Refuse,
}

/// A transform of columns that is not fitted yet: settings.
///
/// Names and results are those of scikit-learn's `preprocessing`, `impute` and `decomposition`. A value that is missing stays so
/// in what changes numbers one by one, and has no say in fitting. Columns that become others go, and those they become stand
/// at the end.
///
/// ```
/// use mlp::data::{Columns, Frame, Transform};
///
/// let train = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
/// let fitted = Transform::Standardize(Columns::All).fit(&train)?;
/// let other = Frame::of_numbers(vec![5.0, f64::NAN], vec!["x".into()])?;
/// let changed = fitted.apply(other)?;
/// assert_eq!(changed.numbers()[0], 3.0);
/// assert!(changed.numbers()[1].is_nan());
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Transform {
    /// Numbers to mean 0 and standard deviation 1, over n rows; a constant to 0.
    Standardize(Columns),
    /// Numbers to between `low` and `high`, by the least and the largest; a constant to `low`.
    MinMax {
        /// Which numbers.
        columns: Columns,
        /// What the least becomes.
        low: f64,
        /// What the largest becomes.
        high: f64,
    },
    /// Numbers less their median, over the distance of their quartiles, or by itself where that is 0.
    Robust(Columns),
    /// Categories to a number for each level, `column_level`: 1 for that of the row, 0 for others; all 0 if it is missing.
    OneHot {
        /// Which categories.
        columns: Columns,
        /// What becomes of a level that training rows did not have.
        unknown: Unknown,
    },
    /// Categories to the place of their level, from 0; a missing one to a missing number.
    Ordinal {
        /// Which categories.
        columns: Columns,
        /// The levels of all of these columns in their order; none: those of the training rows by their characters.
        levels: Option<Vec<String>>,
        /// What becomes of another level.
        unknown: Unknown,
    },
    /// Values in the place of those that are missing.
    Impute {
        /// Which columns, of the kind that the fill is for.
        columns: Columns,
        /// What to put there.
        fill: Fill,
        /// Whether each column that lacks values in training rows has one beside it, `missingindicator_column`, 1 where the
        /// value was missing and 0 elsewhere.
        indicator: bool,
    },
    /// Numbers x to log(1 + x), or to sgn(x) log(1 + |x|) if `signed`; negative ones are an error if not.
    Log {
        /// Which numbers.
        columns: Columns,
        /// Whether there are negative ones.
        signed: bool,
    },
    /// Numbers no further out than limits.
    Clip {
        /// Which numbers.
        columns: Columns,
        /// The limits.
        limits: Limits,
    },
    /// Numbers to their products of up to `degree` factors, `x`, `y`, `x^2`, `x y`, `y^2`, without the empty one.
    Polynomial {
        /// Which numbers.
        columns: Columns,
        /// The most factors, at least 1.
        degree: usize,
        /// Whether each column is a factor once at most: no squares.
        interactions: bool,
    },
    /// Numbers to their principal components, `pca0`, `pca1` and so on.
    Pca {
        /// Which numbers.
        columns: Columns,
        /// How many components.
        components: Components,
    },
    /// The user's own.
    Custom(Arc<dyn CustomTransform>),
}

impl Transform {
    /// Categories to a number for each level, zeros for what training rows did not have.
    ///
    /// ```
    /// use mlp::data::{Category, Frame, Transform};
    ///
    /// let frame = Frame::of_rows(2).with_category("sex", Category::of(&[Some("m"), Some("f")])?)?;
    /// let coded = Transform::one_hot().fit(&frame)?.apply(frame)?;
    /// assert_eq!(coded.names(), ["sex_f", "sex_m"]);
    /// assert_eq!(coded.numbers(), [0.0, 1.0, 1.0, 0.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn one_hot() -> Self {
        Self::OneHot { columns: Columns::All, unknown: Unknown::Ignore }
    }

    /// Values of this kind in the place of those that are missing, in all columns that it is for.
    ///
    /// ```
    /// use mlp::data::{Fill, Frame, Transform};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, f64::NAN, 5.0, 2.0], vec!["x".into()])?;
    /// let filled = Transform::impute(Fill::Median).fit(&frame)?.apply(frame)?;
    /// assert_eq!(filled.numbers(), [1.0, 2.0, 5.0, 2.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn impute(fill: Fill) -> Self {
        Self::Impute { columns: Columns::All, fill, indicator: false }
    }

    /// The transform fitted on these rows, which should be training rows only.
    ///
    /// # Errors
    /// When a setting is out of its range; when a column is not there, of another kind or without any value; when values are too
    /// large to compute with.
    ///
    /// ```
    /// use mlp::data::{Columns, Frame, Transform};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// let columns = Columns::Named(vec!["z".into()]);
    /// assert!(Transform::Standardize(columns).fit(&frame).unwrap_err().to_string().contains("missing: `z`"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn fit(&self, frame: &Frame) -> Result<Fitted, Error> {
        Ok(match self {
            Self::Standardize(columns) => Fitted::Scale(Scale::standardize(frame, columns)?),
            Self::MinMax { columns, low, high } => {
                Fitted::Scale(Scale::min_max(frame, columns, *low, *high)?)
            }
            Self::Robust(columns) => Fitted::Scale(Scale::robust(frame, columns)?),
            Self::OneHot { columns, unknown } => Fitted::OneHot(OneHot::fit(frame, columns, *unknown)?),
            Self::Ordinal { columns, levels, unknown } => {
                Fitted::Ordinal(Ordinal::fit(frame, columns, levels.as_deref(), *unknown)?)
            }
            Self::Impute { columns, fill, indicator } => {
                Fitted::Impute(Impute::fit(frame, columns, fill, *indicator)?)
            }
            Self::Log { columns, signed } => Fitted::Log(Log::fit(frame, columns, *signed)?),
            Self::Clip { columns, limits } => Fitted::Clip(Clip::fit(frame, columns, *limits)?),
            Self::Polynomial { columns, degree, interactions } => {
                Fitted::Polynomial(Polynomial::fit(frame, columns, *degree, *interactions)?)
            }
            Self::Pca { columns, components } => Fitted::Pca(Pca::fit(frame, columns, *components)?),
            Self::Custom(custom) => Fitted::Custom(Custom::new(custom.fit(frame)?)),
        })
    }
}

/// A transform that is fitted: what it does to every other frame with the same columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fitted {
    /// Standardised, to a range, or by median and quartiles.
    Scale(Scale),
    /// Categories to a number for each level.
    OneHot(OneHot),
    /// Categories to numbers.
    Ordinal(Ordinal),
    /// Missing values filled in.
    Impute(Impute),
    /// Logarithms.
    Log(Log),
    /// Limits.
    Clip(Clip),
    /// Products.
    Polynomial(Polynomial),
    /// Principal components.
    Pca(Pca),
    /// The user's own, which no file can hold.
    #[serde(skip_deserializing)]
    Custom(Custom),
}

impl Fitted {
    /// The frame with its columns transformed.
    ///
    /// # Errors
    /// When a column is not there or of another kind, or a value is refused, with its row.
    ///
    /// ```
    /// use mlp::data::{Columns, Frame, Transform};
    ///
    /// let frame = Frame::of_numbers(vec![3.0, 0.0], vec!["x".into()])?;
    /// let log = Transform::Log { columns: Columns::All, signed: false }.fit(&frame)?;
    /// assert_eq!(log.apply(frame)?.numbers(), [3.0_f64.ln_1p(), 0.0]);
    /// let error = log.apply(Frame::of_numbers(vec![-1.0], vec!["x".into()])?).unwrap_err();
    /// assert!(error.to_string().starts_with("column `x`: row 0: -1 is below 0"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        match self {
            Self::Scale(scale) => scale.apply(frame),
            Self::OneHot(one_hot) => one_hot.apply(frame),
            Self::Ordinal(ordinal) => ordinal.apply(frame),
            Self::Impute(impute) => impute.apply(frame),
            Self::Log(log) => log.apply(frame),
            Self::Clip(clip) => clip.apply(frame),
            Self::Polynomial(polynomial) => polynomial.apply(frame),
            Self::Pca(pca) => pca.apply(frame),
            Self::Custom(custom) => custom.apply(frame),
        }
    }

    /// The names of the columns that it touches; none of the user's own, which may touch any.
    ///
    /// ```
    /// use mlp::data::{Columns, Frame, Transform};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// assert_eq!(Transform::Robust(Columns::All).fit(&frame)?.columns(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Scale(scale) => scale.columns(),
            Self::OneHot(one_hot) => one_hot.columns(),
            Self::Ordinal(ordinal) => ordinal.columns(),
            Self::Impute(impute) => impute.columns(),
            Self::Log(log) => log.columns(),
            Self::Clip(clip) => clip.columns(),
            Self::Polynomial(polynomial) => polynomial.columns(),
            Self::Pca(pca) => pca.columns(),
            Self::Custom(_) => &[],
        }
    }
}

/// Types that are checked when they are read: a file may say anything.
macro_rules! checked_when_read {
    ($($fitted:ident),*) => {$(
        impl Serialize for $fitted {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $fitted::serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $fitted {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let fitted = $fitted::deserialize(deserializer)?;
                fitted.check().map_err(serde::de::Error::custom)?;
                Ok(fitted)
            }
        }
    )*};
}

checked_when_read!(Scale, OneHot, Ordinal, Impute, Log, Clip, Polynomial, Pca);
