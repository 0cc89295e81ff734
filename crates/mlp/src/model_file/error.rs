//! What is wrong with a model file.

use crate::tensor_file::Problem;

/// The kinds of errors of a model file; [`crate::Error::ModelFile`] adds the file.
///
/// ```
/// use mlp::model_file::ModelFileErrorKind;
///
/// assert!(ModelFileErrorKind::CutOff { missing: 12 }.to_string().contains("12 bytes are missing"));
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFileErrorKind {
    /// The file is something else.
    #[error("this is not a model file; give a file that `mlp train` or `Model::save` wrote")]
    NotAModel,
    /// There is nothing in the file.
    #[error("the model file is empty; copy it again or train again")]
    Empty,
    /// The file ends too early.
    #[error("the model file is cut off, at least {missing} bytes are missing; copy it again or train again")]
    CutOff {
        /// How many bytes are missing at least.
        missing: u64,
    },
    /// The file goes on after its end.
    #[error("the model file has {extra} bytes more than it should; copy it again or train again")]
    TooLong {
        /// How many bytes follow the end.
        extra: u64,
    },
    /// A version that this one does not know.
    #[error(
        "the model file has version {version}, and this program reads up to {newest}; use a newer program"
    )]
    OtherVersion {
        /// The version of the file.
        version: u64,
        /// The newest that can be read.
        newest: u64,
    },
    /// Something inside does not fit.
    #[error("the model file is damaged: {what}; copy it again or train again")]
    Damaged {
        /// What does not fit.
        what: String,
    },
}

impl From<Problem> for ModelFileErrorKind {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NotOne => Self::NotAModel,
            Problem::Empty => Self::Empty,
            Problem::CutOff { missing } => Self::CutOff { missing },
            Problem::TooLong { extra } => Self::TooLong { extra },
            Problem::Damaged { what } => Self::Damaged { what },
        }
    }
}
