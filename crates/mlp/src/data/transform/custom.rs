//! The user's own transforms.

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::Error;
use crate::data::Frame;

/// A transform of the user's own: what is fitted on training rows.
///
/// ```
/// use std::sync::Arc;
/// use mlp::data::{CustomFitted, CustomTransform, Frame, Transform};
/// use mlp::Error;
///
/// /// Keeps the first column only.
/// #[derive(Debug)]
/// struct First;
///
/// impl CustomTransform for First {
///     fn fit(&self, _: &Frame) -> Result<Arc<dyn CustomFitted>, Error> {
///         Ok(Arc::new(First))
///     }
/// }
///
/// impl CustomFitted for First {
///     fn name(&self) -> &str {
///         "first"
///     }
///     fn apply(&self, frame: Frame) -> Result<Frame, Error> {
///         frame.select(&frame.names()[..1])
///     }
/// }
///
/// let frame = Frame::of_numbers(vec![1.0, 2.0], vec!["x".into(), "y".into()])?;
/// let fitted = Transform::Custom(Arc::new(First)).fit(&frame)?;
/// assert_eq!(fitted.apply(frame)?.names(), ["x"]);
/// let error = serde_json::to_string(&fitted).unwrap_err().to_string();
/// assert_eq!(error, "transform `first` is of the user's own, which a file cannot hold; leave it out of the chain");
/// # Ok::<(), mlp::Error>(())
/// ```
pub trait CustomTransform: Debug + Send + Sync {
    /// The transform fitted on training rows.
    ///
    /// # Errors
    /// Whatever the rows do not allow.
    fn fit(&self, frame: &Frame) -> Result<Arc<dyn CustomFitted>, Error>;
}

/// A transform of the user's own that is fitted; for an example see [`CustomTransform`].
pub trait CustomFitted: Debug + Send + Sync {
    /// Its name, for errors.
    fn name(&self) -> &str;

    /// The frame with its columns transformed: as many rows, and columns of the same names for every frame.
    ///
    /// # Errors
    /// Whatever the rows do not allow.
    fn apply(&self, frame: Frame) -> Result<Frame, Error>;
}

/// A fitted transform of the user's own in a chain; equal only to itself.
#[derive(Clone, Debug)]
pub struct Custom(Arc<dyn CustomFitted>);

impl Custom {
    pub(super) fn new(fitted: Arc<dyn CustomFitted>) -> Self {
        Self(fitted)
    }

    /// Its name, for errors.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use mlp::data::{CustomFitted, CustomTransform, Fitted, Frame, Transform};
    /// #[derive(Debug)]
    /// struct Same;
    ///
    /// impl CustomTransform for Same {
    ///     fn fit(&self, _: &Frame) -> Result<Arc<dyn CustomFitted>, mlp::Error> {
    ///         Ok(Arc::new(Same))
    ///     }
    /// }
    ///
    /// impl CustomFitted for Same {
    ///     fn name(&self) -> &str {
    ///         "same"
    ///     }
    ///     fn apply(&self, frame: Frame) -> Result<Frame, mlp::Error> {
    ///         Ok(frame)
    ///     }
    /// }
    ///
    /// let frame = Frame::of_numbers(vec![1.0], vec!["x".into()])?;
    /// let Fitted::Custom(same) = Transform::Custom(Arc::new(Same)).fit(&frame)? else { panic!("my own") };
    /// assert_eq!(same.name(), "same");
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn name(&self) -> &str {
        self.0.name()
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        let n_rows = frame.n_rows();
        let changed = self.0.apply(frame)?;
        if changed.n_rows() != n_rows {
            let wants = format!("{n_rows} rows out of transform `{}`, as many as went in", self.0.name());
            return Err(Error::shape("transform", wants, changed.n_rows().to_string()));
        }
        Ok(changed)
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(format!(
            "transform `{}` is of the user's own, which a file cannot hold; leave it out of the chain",
            self.0.name()
        )))
    }
}
