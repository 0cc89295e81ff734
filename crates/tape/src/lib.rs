//! Reverse-mode automatic differentiation of arbitrary Rust code.
//!
//! A tape (a Wengert list) records what is computed, line by line, and replays it backward. It has two grains:
//! [`Var`], a scalar for any code with any control flow, and [`Tensor`], an array for networks and linear
//! algebra. They stand on one list and meet: an element of a tensor can be read as a scalar, scalars can be
//! gathered into a tensor, and the gradient crosses over.
//!
//! Write your function once, over [`Real`], and call it with plain numbers or differentiate it:
//!
//! ```
//! use tape::{Real, grad, hvp};
//!
//! // Plain numbers come in by `from_f64`, or by `scale` and `shift`.
//! fn f<R: Real>(x: &[R]) -> R {
//!     x[0].sin() * x[1] + x[1].powi(2).scale(0.5)
//! }
//!
//! assert_eq!(f(&[0.0, 3.0]), 4.5);
//! assert_eq!(grad(f, &[0.0, 3.0]), [3.0, 3.0]);
//! assert_eq!(hvp(f, &[0.0, 3.0], &[1.0, 0.0]).unwrap(), [0.0, 1.0]);
//! ```
//!
//! | to | use |
//! |---|---|
//! | differentiate a function of scalars | [`grad`], [`value_and_grad`], [`vjp`], [`jvp`], [`hvp`] |
//! | get matrices, higher orders | [`jacobian`], [`hessian`], [`directional_derivatives`], [`grad_over`] |
//! | get large sparse ones | [`sparse_jacobian`], [`sparse_hessian`], [`Program::sparse_hessian`] |
//! | differentiate a solution | [`implicit`] |
//! | record once, replay on many inputs | [`Program`]; of tensors [`TensorProgram`] |
//! | say a derivative yourself | [`rule`]; [`nary`] has sums, norms and the like as one line |
//! | record less | [`preaccumulate`], [`checkpoint`], [`checkpoint_chain`] |
//! | hold the recording yourself | [`Tape`]: leaves, any code, [`sweep`](Tape::sweep), [`rewind`](Tape::rewind) |
//! | compute with arrays | [`Tensor`]; [`Tensor::map`] takes a function of your own |
//! | differentiate a function of arrays | [`tensors`]: `grad`, `vjp`, `jvp`, `hvp` |
//! | solve, invert, factor matrices of scalars | [`linear`] |
//! | use `num-traits`, `nalgebra`, `ndarray`, `argmin` | [`interop`] |
//! | see the list | [`Program::trace`], [`Tape::table`], [`Program::svg`] |
//! | check a derivative | [`check::gradient`], [`check::jacobian`], [`check::hessian`] |
//! | look up a formula | [`primitive`] |

pub mod check;
mod checkpoint;
mod derivative;
mod dual;
mod error;
pub mod implicit;
pub mod interop;
pub mod kernel;
mod lifted;
pub mod linear;
pub mod nary;
pub mod primitive;
mod program;
mod real;
mod render;
mod reverse;
pub mod rule;
mod shape;
mod sparse;
mod sweep;
mod tangents;
mod tape;
mod taylor;
mod tensor;
mod tensor_program;
pub mod tensors;
mod var;

/// What a scalar line takes in memory: two partials and two line numbers. Its cotangent takes 8 more while it is swept.
///
/// ```
/// assert_eq!(tape::BYTES_PER_LINE, 24);
/// ```
pub const BYTES_PER_LINE: usize = size_of::<tape::columns::Line>();

pub use crate::tape::{Mark, Tape, unrecorded};
pub use checkpoint::{checkpoint, checkpoint_chain, preaccumulate, preaccumulate_all};
pub use derivative::{
    Second, directional_derivatives, grad, hessian, hvp, jacobian, jacobian_forward, jvp, unused_inputs,
    value_and_grad, value_and_grad_into, value_gradient_hessian, vjp,
};
pub use dual::Dual;
pub use error::Error;
pub use program::{Program, Traced, Workspace};
pub use real::{Elementary, Float, Real, Real64};
pub use reverse::{Reverse, grad_over, value_and_grad_over};
pub use shape::Shape;
pub use sparse::{Pattern, Sparse, sparse_hessian, sparse_jacobian};
pub use sweep::{Cotangents, Recorded};
pub use tangents::Tangents;
pub use taylor::Taylor;
pub use tensor::{Factor, ScalarFn, ScalarFn2, Tensor, Transposed, Triangle};
pub use tensor_program::{Decay, TensorProgram};
pub use var::Var;
