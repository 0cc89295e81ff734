//! What can go wrong, each with what was wanted and what came.

use crate::shape::Shape;

/// A failed operation: which one, what it wants, what it got.
///
/// Operators (`+`, `*`) panic with the same words that the named methods return.
///
/// ```
/// use tape::Tensor;
/// let a = Tensor::<f64>::zeros(&[2, 3]);
/// let b = Tensor::<f64>::zeros(&[2, 1]);
/// let error = a.matmul(&b).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "matmul: columns of the left must equal rows of the right, got [2, 3] and [2, 1]",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Shapes that do not fit the operation or each other.
    #[error("{operation}: {want}, got {}", list(.got))]
    Shape {
        /// The operation that was asked for.
        operation: &'static str,
        /// What it wants of its shapes.
        want: String,
        /// The shapes that came.
        got: Vec<Shape>,
    },
    /// A slice whose length is not the one that is due.
    #[error("{operation}: {want}, got {got}")]
    Length {
        /// The operation that was asked for.
        operation: &'static str,
        /// What it wants.
        want: String,
        /// The length that came.
        got: usize,
    },
    /// An axis or index outside its range.
    #[error("{operation}: {want}, got {got}")]
    Index {
        /// The operation that was asked for.
        operation: &'static str,
        /// The range that is allowed.
        want: String,
        /// The index that came.
        got: usize,
    },
    /// A number outside its range.
    #[error("{operation}: {want}, got {got}")]
    Number {
        /// The operation that was asked for.
        operation: &'static str,
        /// The range that is allowed, in words.
        want: String,
        /// The number that came.
        got: f64,
    },
    /// A derivative asked of something that no tape has recorded.
    #[error(
        "{operation}: wants a value recorded on this tape, got a constant; \
         begin with a leaf (`tape.var`, `tape.tensor`)"
    )]
    NotRecorded {
        /// The operation that was asked for.
        operation: &'static str,
    },
    /// A handle that does not belong to the tape that is recording on this thread.
    #[error("{operation}: {why}")]
    Foreign {
        /// The operation that was asked for.
        operation: &'static str,
        /// Where the handle comes from, as far as it is known.
        why: String,
    },
    /// A cotangent that was not kept.
    #[error("{operation}: {why}")]
    NotKept {
        /// The operation that was asked for.
        operation: &'static str,
        /// Why there is no cotangent, and what would keep it.
        why: &'static str,
    },
    /// A recorded sweep that met a line of scalars, whose partials are plain numbers.
    #[error(
        "recorded sweep: line {line} ({what}) is a scalar line, whose partials are plain numbers; \
         tensors are differentiated twice by a recorded sweep, scalars by type (`hvp`, `Dual<Var>`)"
    )]
    ScalarLine {
        /// The number of the scalar line.
        line: usize,
        /// What the line records.
        what: &'static str,
    },
    /// Memory that the system does not give.
    #[error("{operation}: no memory for {bytes} bytes of {what}")]
    Memory {
        /// The operation that was asked for.
        operation: &'static str,
        /// What the memory is for.
        what: &'static str,
        /// How much it wanted.
        bytes: usize,
    },
    /// A matrix without an inverse.
    #[error("{operation}: wants a regular matrix, got one whose pivot {pivot} is zero")]
    Singular {
        /// The operation that was asked for.
        operation: &'static str,
        /// The step of the elimination that found nothing but zeros.
        pivot: usize,
    },
    /// A matrix that is not positive definite.
    #[error("{operation}: wants a positive definite matrix, got one whose pivot {pivot} is {value}")]
    NotPositiveDefinite {
        /// The operation that was asked for.
        operation: &'static str,
        /// The step of the factorisation whose pivot is not positive.
        pivot: usize,
        /// That pivot.
        value: f64,
    },
    /// A replay that would take another branch than the function took where it was traced.
    #[error("replay: {comparison}, got {} and {} in input {input}; trace the function there", got[0], got[1])]
    Branch {
        /// Which row of the inputs it is.
        input: usize,
        /// The comparison, with the numbers of its lines in the traced list, and how it was recorded.
        comparison: String,
        /// The two numbers that are compared now.
        got: [f64; 2],
    },
    /// A text that is no program.
    #[error("program text, line {line}: wants {want}, got `{got}`")]
    Text {
        /// Which line of the text it is, from 1.
        line: usize,
        /// What could stand there.
        want: String,
        /// What stands there, or its beginning.
        got: String,
    },
    /// A point that does not solve the equations whose solution it is said to be.
    #[error(
        "{operation}: wants a solution that a Newton step moves by at most {limit:e}, got one that it moves by {moved:e}; \
         let the solver go on, or see whether the equations are the same"
    )]
    NotASolution {
        /// The operation that was asked for.
        operation: &'static str,
        /// How far the step moves the unknown that it moves farthest.
        moved: f64,
        /// How far it may.
        limit: f64,
    },
    /// What a traced program can't hold, since it depends on the values at which it was traced.
    #[error("{operation}: {why}")]
    NotTraceable {
        /// The operation that was asked for.
        operation: &'static str,
        /// Why not, and what can be traced.
        why: &'static str,
    },
    /// A derivative of a higher order than there is.
    #[error("{operation}: wants a derivative of order {most} at most, got one of order {got}")]
    Order {
        /// The operation that was differentiated.
        operation: &'static str,
        /// The highest order it has.
        most: usize,
        /// The order that was asked for.
        got: usize,
    },
    /// A derivative that differences do not confirm.
    #[error(transparent)]
    Check(Box<crate::check::Mismatch>),
    /// A matrix of derivatives with entries that differences do not confirm.
    #[error(transparent)]
    Entries(Box<crate::check::Comparison>),
}

fn list(shapes: &[Shape]) -> String {
    let each: Vec<String> = shapes.iter().map(|shape| format!("{shape:?}")).collect();
    each.join(" and ")
}

impl Error {
    pub(crate) fn shape(operation: &'static str, want: impl Into<String>, got: &[&[usize]]) -> Self {
        let got = got.iter().map(|shape| Shape::new(shape)).collect();
        Error::Shape { operation, want: want.into(), got }
    }

    /// Panics with the words of the error: what operators do where named methods return it.
    #[cold]
    #[track_caller]
    pub(crate) fn raise(self) -> ! {
        panic!("{self}")
    }
}
