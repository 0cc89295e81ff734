//! How the command ends when it can't do what it was asked for.

use std::fmt;
use std::io;
use std::process::ExitCode;

use mlp::data::DataErrorKind;

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments contradict each other or what they refer to.
    Usage(String),
    /// The library refused or failed.
    Library(mlp::Error),
    /// Something else went wrong.
    Other(String),
    /// Standard output could not be written to.
    Output(io::Error),
}

impl Failure {
    /// The failure with the file it came from, where it is one of data and names none yet.
    pub(crate) fn in_file(self, file: &str) -> Self {
        match self {
            Self::Library(error) => Self::Library(error.in_file(file)),
            other => other,
        }
    }

    /// 2 for wrong use, as for arguments that can't be parsed; 1 for everything else.
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Other(message) => f.write_str(message),
            Self::Library(error) => {
                error.fmt(f)?;
                match likely_column(error) {
                    Some(column) => write!(f, "; did you mean `{column}`?"),
                    None => Ok(()),
                }
            }
            Self::Output(error) => write!(f, "cannot write to standard output: {error}"),
        }
    }
}

/// The column most like the one that was asked for, if that is what went wrong and one is like it.
fn likely_column(error: &mlp::Error) -> Option<&str> {
    let mlp::Error::Data(data) = error else { return None };
    let DataErrorKind::UnknownColumn { name, columns } = &data.kind else { return None };
    let likeness = |column: &str| strsim::jaro_winkler(&column.to_lowercase(), &name.to_lowercase());
    columns
        .iter()
        .map(|column| (likeness(column), column.as_str()))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.8)
        .map(|(_, column)| column)
}

impl From<mlp::Error> for Failure {
    fn from(error: mlp::Error) -> Self {
        Self::Library(error)
    }
}

impl From<tape::Error> for Failure {
    fn from(error: tape::Error) -> Self {
        Self::Library(error.into())
    }
}
