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
mod sampler;
mod split;
mod standardize;
mod table;
mod target;
mod validation;

pub use data_error::{DataError, DataErrorKind};
pub use dataset::Dataset;
pub use frame::{Category, Column, Frame, MISSING, Numbers};
pub use idx::{Idx, IdxKind};
#[cfg(feature = "images")]
pub use image_folder::{Colour, ImageFolder};
pub use loader::{Batch, Batches, DataLoader};
pub use npy::{Npy, NpyKind};
pub use sampler::Sampler;
pub use split::{FoldBy, Folds, KFold, Split};
pub use standardize::Standardize;
pub use table::Table;
pub use target::Target;
pub use validation::{CurvePoint, Scores, Spread, cross_validate, grid, learning_curve, validation_curve};

pub(crate) use dataset::n_outputs;
pub(crate) use split::below;
