//! From files and arrays to what a network is trained on: reading, targets, splits, standardising, batches, scores by folds.

mod array_file;
mod arrays;
pub mod bundled;
mod csv_rows;
mod data_error;
mod dataset;
mod frame;
mod idx;
#[cfg(feature = "images")]
mod image_folder;
mod loader;
mod npy;
mod preprocess;
mod reader;
mod sampler;
mod schema;
mod split;
mod table;
mod target;
mod transform;
mod validation;

pub use data_error::{DataError, DataErrorKind};
pub use dataset::Dataset;
pub use frame::{Category, Column, Frame, MISSING, Numbers};
pub use idx::{Idx, IdxKind};
#[cfg(feature = "images")]
pub use image_folder::{Colour, ImageFolder};
pub use loader::{Batch, Batches, DataLoader};
pub use npy::{Npy, NpyKind};
pub use preprocess::{Feature, Preprocess, Recipe};
pub use reader::{DatasetReader, Task};
pub use sampler::Sampler;
pub use schema::{Choices, Reason, Role, Schema, SchemaColumn};
pub use split::{FoldBy, Folds, KFold, Split};
pub use table::Table;
pub use target::Target;
pub use transform::{
    Clip, Columns, Components, Custom, CustomFitted, CustomTransform, Fill, Fills, Fitted, Impute, Limits,
    Log, OneHot, Ordinal, Pca, Polynomial, Scale, Transform, Unknown,
};
pub use validation::{CurvePoint, Scores, Spread, cross_validate, grid, learning_curve, validation_curve};

pub(crate) use data_error::listed;
pub(crate) use dataset::{check_weights, labels_in};
pub(crate) use split::below;
