//! What can go wrong, matched by kind.

use std::io;
use std::path::PathBuf;

/// Everything that a function of this crate can refuse or fail at.
///
/// A message says which operation, what it wants and what came; where input is at fault, also the
/// file, the line and the column, and what would mend it.
///
/// ```
/// use mlp::Error;
/// use mlp::data::{DataErrorKind, Table};
///
/// let error = Table::from_bytes(b"a,b\n1\n", "short.csv").unwrap_err();
/// assert!(error.to_string().starts_with("short.csv, line 2: "));
/// let Error::Data(data) = error else { panic!("a ragged row is an error of the data") };
/// assert!(matches!(data.kind, DataErrorKind::RaggedRow { cells: 1, columns: 2 }));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A table or its columns are not fit for what was asked.
    #[error(transparent)]
    Data(#[from] Box<crate::data::DataError>),

    /// A metric has no value for these numbers.
    #[error(transparent)]
    Metric(#[from] crate::metrics::MetricError),

    /// A length or a shape does not fit.
    #[error("{operation}: wants {wants}, got {got}")]
    Shape {
        /// The operation that refused.
        operation: &'static str,
        /// What it wants.
        wants: String,
        /// What it got.
        got: String,
    },

    /// A setting is outside its range.
    #[error("{setting}: wants {wants}, got {got}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// Its range, in words.
        wants: &'static str,
        /// The value that came.
        got: String,
    },

    /// Training went off: the cost is no longer a finite number.
    #[error(
        "training: J is {cost} in epoch {epoch}, no longer finite; \
         take a smaller learning rate or standardise the columns"
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The cost that came out.
        cost: f64,
    },

    /// A file is not a model that this version can read, or a damaged one.
    #[error("{file}: {kind}")]
    ModelFile {
        /// The file as the caller named it.
        file: String,
        /// What is wrong with it.
        kind: crate::model_file::ModelFileErrorKind,
    },

    /// A file is not a checkpoint from which this run can go on.
    #[error("{file}: {kind}")]
    Checkpoint {
        /// The file as the caller named it.
        file: String,
        /// What is wrong with it.
        kind: crate::CheckpointErrorKind,
    },

    /// A file could not be read.
    #[error("cannot read {}: {source}{}", path.display(), mend(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A file could not be written; whatever stood at the path before stands there still.
    #[error("cannot write {}: {source}{}", path.display(), mend(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// An operation of the tape refused.
    #[error(transparent)]
    Tape(#[from] tape::Error),
}

impl From<crate::data::DataError> for Error {
    fn from(error: crate::data::DataError) -> Self {
        Self::Data(Box::new(error))
    }
}

impl Error {
    /// The error with the name of the file it came from, where it is one of data and names no file yet.
    ///
    /// ```
    /// use mlp::data::{Dataset, Split};
    ///
    /// let classes = vec!["a".to_owned(), "b".to_owned()];
    /// let data = Dataset::new(vec![0.0; 3], vec!["x".into()], "y".into(), vec![0, 0, 1], classes)?;
    /// let error = Split::stratified(&data, 0.5, 0).unwrap_err().in_file("three.csv");
    /// assert!(error.to_string().starts_with("three.csv, column `y`: class `b` has only 1 row"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn in_file(mut self, file: &str) -> Self {
        if let Self::Data(data) = &mut self {
            data.file.get_or_insert_with(|| file.to_owned());
        }
        self
    }

    /// The error of an operation whose arguments do not fit.
    pub(crate) fn shape(operation: &'static str, wants: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Shape { operation, wants: wants.into(), got: got.into() }
    }
}

/// What would mend the usual failures to read or write; nothing where the reason says it itself.
fn mend(error: &io::Error) -> &'static str {
    if error.get_ref().is_some() {
        return "";
    }
    match error.kind() {
        io::ErrorKind::NotFound => "; check the name and the folder",
        io::ErrorKind::PermissionDenied => "; change the permissions or choose another place",
        io::ErrorKind::IsADirectory => "; name a file in it",
        io::ErrorKind::StorageFull => "; make room or choose another place",
        io::ErrorKind::ReadOnlyFilesystem => "; choose another place",
        _ => "; check the path and try again",
    }
}
