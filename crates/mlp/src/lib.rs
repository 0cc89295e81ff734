//! Classifiers out of a tape: networks whose backpropagation falls out by itself.
//!
//! An estimator is fitted to data and becomes a [`Model`], which has all that is needed to apply it: how columns are read and
//! made ready, the network, what its outputs mean.
//!
//! ```
//! # fn main() -> Result<(), mlp::Error> {
//! use mlp::MlpClassifier;
//! use mlp::data::{Split, bundled};
//!
//! let digits = bundled::digits();
//! let split = Split::stratified(&digits, 0.2, 0)?;
//! let model = MlpClassifier::default().fit(&digits.subset(&split.train))?;
//! assert!(model.score(&digits.subset(&split.held_out))? > 0.95);
//! # Ok(())
//! # }
//! ```
//!
//! Below it are the parts, to be used by themselves: a [`Network`] of any sizes, [`Objective`]s, [`Training`] on rows of
//! tensors, whose [`Run`] can be watched, interrupted and resumed, [optimizers](Optimizer), [metrics], and [data] from files to
//! batches. The cost J is built from tape operations; its gradient comes from the tape's reverse sweep. The δ formulas of the
//! hand derivation stand beside it in [`backprop`], as a lesson, as an oracle of the tests and as the rival of the benches.
//!
//! ```
//! # fn main() -> Result<(), mlp::Error> {
//! use mlp::{Network, Optimizer, Training};
//! use std::ops::ControlFlow;
//! use tape::Tensor;
//!
//! // XOR: two inputs, four hidden units, one output.
//! let x = Tensor::from_slice(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], &[4, 2])?;
//! let y = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0], &[4, 1])?;
//! let mut network = Network::<f64>::new(&[2, 4, 1], 1)?;
//! let optimizer = Optimizer::gradient_descent(5.0);
//! let training = Training { epochs: 1000, batch_size: None, ..Training::new(optimizer) };
//! training.fit(&mut network, &x, &y, |_, _| ControlFlow::Continue(()))?;
//! assert_eq!(network.predict(&x)?, [0, 1, 1, 0]);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod activation;
pub mod atomic_file;
pub mod backprop;
pub mod data;
pub mod defaults;
mod error;
mod estimator;
mod init;
mod layer;
pub mod loss;
pub mod metrics;
mod model;
pub mod model_file;
mod network;
mod objective;
#[cfg(feature = "onnx")]
mod onnx;
pub mod optimizer;
mod output;
mod schedule;
mod tensor_file;
mod train;

pub use activation::Activation;
pub use backprop::Backprop;
pub use error::Error;
pub use estimator::{
    ClassWeights, Fitting, Learner, LinearRegression, LogisticRegression, MlpClassifier, MlpRegressor, Scheme,
};
pub use init::{Fan, Init};
pub use layer::Layer;
pub use loss::Loss;
pub use model::{Features, Importance, Model, Outcome, Probabilities, TrainingRecord};
pub use network::{Leaves, Network};
pub use objective::{Dropout, Objective, Rows};
pub use optimizer::{Clip, Optimizer, Updater};
pub use output::Output;
pub use schedule::{Plateau, PlateauWatch, Schedule};
pub use train::{
    Budget, CheckpointErrorKind, EarlyStopping, End, Epoch, JsonLines, Observer, Progress, Report, Run,
    Stepper, Training,
};

// The README's snippets are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct CrateReadme;

// As are the guide's, and those of its first page in Chinese.
#[cfg(doctest)]
#[doc = include_str!("../../../GUIDE.md")]
struct Guide;

#[cfg(doctest)]
#[doc = include_str!("../../../GUIDE.zh.md")]
struct GuideInChinese;
