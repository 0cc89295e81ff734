//! Classifiers out of a tape: sigmoid networks whose backpropagation falls out by itself.
//!
//! The cost J is built from tape operations; its gradient comes from the tape's reverse sweep. The δ formulas
//! of the hand derivation stand beside it in [`backprop`], as a lesson, as an oracle of the tests and as the
//! rival of the benches.
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
    ClassWeights, Learner, LinearRegression, LinearSolver, LogisticRegression, MlpClassifier, MlpRegressor,
    Scheme,
};
pub use init::{Fan, Init};
pub use layer::Layer;
pub use loss::Loss;
pub use model::{Features, Model, Outcome, Probabilities, TrainingRecord};
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
