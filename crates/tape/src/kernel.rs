//! Matrix products and vector maths: slices in, slices out, nothing allocated that the caller sees.
//!
//! This is the only room with `unsafe` code: every function here is compiled for several sets of vector
//! instructions, and [`level`] says which one runs. On one machine the same inputs give the same bits, wherever
//! in memory they lie; AVX2 and AVX-512 agree to the bit, and machines without fused multiply-add differ from them in the last
//! digits.

mod elementwise;
mod float;
mod level;
mod matmul;
mod network;
#[cfg(test)]
mod oracle;
mod reduce;

pub use elementwise::{exp, ln, sigmoid, softplus, tanh};
pub use level::{Level, level};
pub use matmul::{Factor, MatmulShape, matmul};
pub use network::{
    add_bias_sigmoid, sigmoid_cross_entropy, sigmoid_cross_entropy_gradient, sigmoid_gradient,
};
pub use reduce::{axpy, column_sums, dot, sum, sum_of_squares};

mod sealed {
    /// Kept private, so that the list of types that the kernels are written for is ours.
    pub trait Sealed: super::float::Bits + super::matmul::Product {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A number that the kernels are written for: `f32` or `f64`. Sealed.
pub trait Element:
    num_traits::Float + sealed::Sealed + Send + Sync + Default + std::fmt::Debug + 'static
{
}
impl Element for f32 {}
impl Element for f64 {}
