//! From a table of numbers to what a network is trained on: reading, targets, splits, standardising.

pub mod bundled;
mod csv_rows;
mod data_error;
mod dataset;
mod frame;
mod preprocess;
mod reader;
mod schema;
mod split;
mod table;
mod target;
mod transform;

pub use data_error::{DataError, DataErrorKind};
pub use dataset::Dataset;
pub use frame::{Category, Column, Frame, MISSING, Numbers};
pub use preprocess::{Feature, Preprocess, Recipe};
pub use reader::{DatasetReader, Task};
pub use schema::{Choices, Reason, Role, Schema, SchemaColumn};
pub use split::Split;
pub use table::Table;
pub use target::Target;
pub use transform::{
    Clip, Columns, Components, Custom, CustomFitted, CustomTransform, Fill, Fills, Fitted, Impute, Limits,
    Log, OneHot, Ordinal, Pca, Polynomial, Scale, Transform, Unknown,
};

pub(crate) use data_error::listed;
pub(crate) use dataset::check_weights;
pub(crate) use split::below;
