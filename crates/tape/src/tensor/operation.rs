//! The list of tensor operations, and what each of them is made of.

use super::cholesky::Cholesky;
use super::convolution::{Fold, Unfold};
use super::cross_entropy::SigmoidCrossEntropy;
use super::custom::Custom;
use super::dense::Dense;
use super::determinant::{Cofactors, CofactorsAlong, Determinant};
use super::elementwise::{Binary, Ternary, Unary};
use super::elimination::{Eliminate, Sign};
use super::extremes::Extreme;
use super::layout::{BroadcastTo, Concat, Pad, Permute, Reshape, Slice};
use super::losses::SoftmaxCrossEntropy;
use super::map::Map;
use super::matmul::Matmul;
use super::moments::Variance;
use super::norms::Norm;
use super::penalty::Penalty;
use super::pick::{Pick, Put};
#[cfg(test)]
use super::planted::Planted;
use super::products::Prod;
use super::reduce::{Sum, SumOfSquares};
use super::scan::{CumSum, Recurrence};
use super::softmax::{LogSoftmax, LogSumExp, Softmax};
use super::solve::{Inverse, LogDeterminant, Solve};
use super::triangular::TriangularSolve;
use super::{Accumulator, Tensor};
use crate::tape::Node;
use crate::{Error, Float, tape};

/// An operation on tensors: a value, and one rule for its derivative of any order.
///
/// The pullback is written in tensor operations. A plain sweep runs it with recording off; a recorded sweep
/// runs it with recording on, and the result can be differentiated again. It never sees the tape, and never
/// undoes broadcasting: the sweep sums a cotangent over the axes along which an input was repeated.
pub(crate) trait Operation: Clone + std::fmt::Debug {
    /// The name of the method.
    fn name(&self) -> &'static str;

    /// What the pullback reads, and the tape therefore keeps.
    fn reads(&self) -> Reads;

    /// The output; shapes are checked here, and only here.
    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error>;

    /// The same once more, for inputs of the same shapes: in place where that is worth while.
    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        *output = self.forward(inputs)?;
        Ok(())
    }

    /// What the pullbacks of all arguments start from, where that is not the cotangent of the output itself:
    /// they then find it in its place, computed once.
    fn inner_cotangent<T: Float>(&self, _at: &At<'_, T>) -> Option<Tensor<T>> {
        None
    }

    /// In a plain sweep, the same in the memory of the cotangent of the output, which nobody else wants.
    fn inner_cotangent_in_place<T: Float>(
        &self,
        inputs: Inputs<'_, T>,
        output: &Tensor<T>,
        cotangent: &mut Tensor<T>,
    ) {
        if let Some(inner) = self.inner_cotangent(&At { inputs, output, cotangent }) {
            *cotangent = inner;
        }
    }

    /// Whether a cotangent goes on to this argument. Not to a mask, which chooses and nothing more, nor to the factors of a
    /// matrix, which stand for it while the matrix has the cotangent.
    fn hands_on(&self, _argument: usize) -> bool {
        true
    }

    /// Whether the pullback runs code of the user's, which may begin tapes of its own.
    fn calls_back(&self) -> bool {
        false
    }

    /// Whether [`pullback_onto`](Operation::pullback_onto) serves this argument.
    fn adds_in_place(&self, _argument: usize) -> bool {
        false
    }

    /// In a plain sweep, adds the cotangent of one argument to the sum so far, where that is cheaper than making a
    /// tensor of it: a product adds as it multiplies.
    fn pullback_onto<T: Float>(&self, _at: &At<'_, T>, _argument: usize, _sum: &mut Accumulator<T>) {
        unreachable!("only for arguments that the operation says it adds in place");
    }

    /// The cotangent of one argument, in the shape of that argument or one that broadcasting made of it. Only of those that
    /// it [hands on](Operation::hands_on) to.
    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T>;

    /// What the sweep calls: the pullback, for operations where it can fail by what the user gave.
    fn pullback_or_error<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Result<Tensor<T>, Error> {
        Ok(self.pullback(at, argument))
    }
}

/// The values that a pullback works with. Those that the operation does not read have no data.
#[derive(Debug)]
pub(crate) struct At<'a, T: Float> {
    pub(crate) inputs: Inputs<'a, T>,
    pub(crate) output: &'a Tensor<T>,
    pub(crate) cotangent: &'a Tensor<T>,
}

/// Where the inputs of an operation stand.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inputs<'a, T: Float> {
    /// In a node; one that is hollow is the output of an earlier one.
    Of {
        node: &'a Node<T>,
        nodes: &'a [Node<T>],
    },
    Given(&'a [&'a Tensor<T>]),
}

impl<T: Float> Inputs<'_, T> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Inputs::Of { node, .. } => node.inputs.len(),
            Inputs::Given(inputs) => inputs.len(),
        }
    }
}

impl<'a, T: Float> At<'a, T> {
    /// The kth input.
    #[inline]
    pub(crate) fn input(&self, k: usize) -> &'a Tensor<T> {
        match self.inputs {
            Inputs::Of { node, nodes } => node.inputs[k].or_output_of(nodes),
            Inputs::Given(inputs) => inputs[k],
        }
    }
}

/// Which values a pullback reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reads {
    /// The first inputs.
    pub(crate) inputs: [bool; 3],
    /// All inputs after those.
    pub(crate) more: bool,
    pub(crate) output: bool,
}

impl Reads {
    pub(crate) const NOTHING: Reads = Reads { inputs: [false; 3], more: false, output: false };
    pub(crate) const INPUTS: Reads = Reads { inputs: [true; 3], more: true, output: false };

    pub(crate) fn input(self, k: usize) -> bool {
        self.inputs.get(k).copied().unwrap_or(self.more)
    }
}

/// The list: one line an operation.
macro_rules! operations {
    ($($(#[$only:meta])* $Operation:ident),* $(,)?) => {
        /// A recorded operation, as a value.
        #[derive(Clone, Debug)]
        pub(crate) enum Op { $($(#[$only])* $Operation($Operation)),* }

        /// The list by its names here, for the test that none was left out.
        #[cfg(test)]
        pub(crate) const LISTED: &[&str] = &[$(stringify!($Operation)),*];

        impl Op {
            #[cfg(test)]
            pub(crate) fn listed(&self) -> &'static str {
                match self { $($(#[$only])* Op::$Operation(_) => stringify!($Operation)),* }
            }

            pub(crate) fn name(&self) -> &'static str {
                match self { $($(#[$only])* Op::$Operation(operation) => operation.name()),* }
            }

            pub(crate) fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
                match self { $($(#[$only])* Op::$Operation(operation) => operation.forward(inputs)),* }
            }

            pub(crate) fn forward_again<T: Float>(
                &self,
                inputs: &[&Tensor<T>],
                output: &mut Tensor<T>,
            ) -> Result<(), Error> {
                match self { $($(#[$only])* Op::$Operation(operation) => operation.forward_again(inputs, output)),* }
            }

            pub(crate) fn inner_cotangent<T: Float>(&self, at: &At<'_, T>) -> Option<Tensor<T>> {
                match self { $($(#[$only])* Op::$Operation(operation) => operation.inner_cotangent(at)),* }
            }

            pub(crate) fn inner_cotangent_in_place<T: Float>(
                &self,
                inputs: Inputs<'_, T>,
                output: &Tensor<T>,
                cotangent: &mut Tensor<T>,
            ) {
                match self {
                    $($(#[$only])* Op::$Operation(operation) => {
                        operation.inner_cotangent_in_place(inputs, output, cotangent);
                    }),*
                }
            }

            pub(crate) fn hands_on(&self, argument: usize) -> bool {
                match self { $($(#[$only])* Op::$Operation(operation) => operation.hands_on(argument)),* }
            }

            pub(crate) fn adds_in_place(&self, argument: usize) -> bool {
                match self { $($(#[$only])* Op::$Operation(operation) => operation.adds_in_place(argument)),* }
            }

            pub(crate) fn pullback_onto<T: Float>(&self, at: &At<'_, T>, argument: usize, sum: &mut Accumulator<T>) {
                match self { $($(#[$only])* Op::$Operation(operation) => operation.pullback_onto(at, argument, sum)),* }
            }

            pub(crate) fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Result<Tensor<T>, Error> {
                match self { $($(#[$only])* Op::$Operation(operation) => operation.pullback_or_error(at, argument)),* }
            }
        }

        $($(#[$only])* impl From<$Operation> for Op {
            fn from(operation: $Operation) -> Op { Op::$Operation(operation) }
        })*
    };
}
operations! {
    Unary, Binary, Ternary, Map,
    Matmul, Dense,
    Sum, SumOfSquares, Penalty,
    Prod, Variance, Norm, Extreme, CumSum, Recurrence,
    LogSumExp, Softmax, LogSoftmax, SoftmaxCrossEntropy,
    Reshape, Permute, BroadcastTo, Concat, Slice, Pad, Pick, Put,
    Unfold, Fold,
    SigmoidCrossEntropy,
    Cholesky, TriangularSolve, Eliminate, Sign, Solve, Inverse, LogDeterminant, Determinant, Cofactors, CofactorsAlong,
    Custom,
    #[cfg(test)] Planted,
}

/// Runs an operation and records it, if any of its inputs is recorded.
pub(crate) fn apply<T: Float, O: Operation + Into<Op>>(
    operation: O,
    inputs: &[&Tensor<T>],
) -> Result<Tensor<T>, Error> {
    let output = operation.forward(inputs)?;
    if inputs.iter().all(|input| !input.is_recorded()) {
        return Ok(output);
    }
    if tape::is_paused() {
        tape::used_unrecorded();
        return Ok(output);
    }
    let handle = tape::record(operation, inputs, &output)?;
    Ok(output.on(handle))
}
