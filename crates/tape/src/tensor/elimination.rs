//! Gaussian elimination as an operation of its own: the factors of a matrix, its row order and its sign, in one tensor.
//!
//! What solves with them reads that tensor as an input beside the matrix, and eliminates nothing. In another run of the
//! list the factors are so made anew, of other pivots where the values are others. No cotangent goes to them: the matrix
//! that they stand for has all of it, from whoever reads both.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::triangular::square;
use crate::shape::Axes;
use crate::{Error, Float, Shape, linear};

/// `P A = L U` with row pivots (Golub & Van Loan 2013, 3.4.1), for each matrix of a batch n² + n + 1 numbers: L below the
/// diagonal, whose own is one, with U on and above it; for each place the row of A that came to stand there; 1 or -1,
/// the sign of the determinant.
#[derive(Clone, Debug)]
pub(crate) struct Eliminate {
    /// Who asked: errors carry the name.
    caller: &'static str,
}

/// The signs that elimination has found, `y = ±1`, in the shape of the batch. Where it is differentiable it is constant.
#[derive(Clone, Debug)]
pub(crate) struct Sign;

/// What elimination has left of one matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factors<'a, T> {
    /// L below the diagonal and U on and above it, row by row.
    pub(super) entries: &'a [T],
    /// The row of A that came to stand in each place, as a number: exact in `f32` too, up to 2²⁴ rows.
    rows: &'a [T],
}

/// The factors of these square matrices, (batch, n² + n + 1).
///
/// # Errors
/// When the matrices are not square, or a pivot is zero.
pub(super) fn eliminated<T: Float>(caller: &'static str, a: &Tensor<T>) -> Result<Tensor<T>, Error> {
    apply(Eliminate { caller }, &[a])
}

/// The signs of the determinants, of the factors of matrices.
pub(super) fn signs<T: Float>(factors: &Tensor<T>) -> Result<Tensor<T>, Error> {
    apply(Sign, &[factors])
}

/// How many numbers there are for a matrix of side n; of an empty batch n may be anything.
fn numbers(n: usize) -> usize {
    n.saturating_mul(n).saturating_add(n).saturating_add(1)
}

impl<'a, T: Float> Factors<'a, T> {
    /// The factors of matrix `k` of side n among those of a batch.
    pub(super) fn nth(factors: &'a Tensor<T>, n: usize, k: usize) -> Self {
        let (entries, rest) = factors.elements()[k * numbers(n)..][..numbers(n)].split_at(n * n);
        Factors { entries, rows: &rest[..n] }
    }

    /// The row of A that came to stand in each place.
    pub(super) fn rows(self) -> impl ExactSizeIterator<Item = usize> + use<'a, T> {
        self.rows.iter().map(|row| row.to_f64() as usize)
    }
}

impl Eliminate {
    /// The factors of each matrix in `factors`, which hold anything.
    fn fill<T: Float>(&self, a: &Tensor<T>, n: usize, factors: &mut [T]) -> Result<(), Error> {
        let a = a.elements();
        for (k, factors) in factors.chunks_exact_mut(numbers(n)).enumerate() {
            let (entries, rest) = factors.split_at_mut(n * n);
            entries.copy_from_slice(&a[k * n * n..(k + 1) * n * n]);
            let (rows, sign) = rest.split_at_mut(n);
            rows.iter_mut().enumerate().for_each(|(place, row)| *row = T::from_f64(place as f64));
            let of_permutation = linear::eliminate(self.caller, entries, rows)?;
            let negative = entries.iter().step_by(n + 1).filter(|&&pivot| pivot < T::default()).count();
            sign[0] = T::from_f64(if negative % 2 == 0 { of_permutation } else { -of_permutation });
        }
        Ok(())
    }
}

impl Operation for Eliminate {
    fn name(&self) -> &'static str {
        "eliminate"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (batch, n) = square(self.caller, inputs[0])?;
        let lengths: Axes = batch.iter().copied().chain([numbers(n)]).collect();
        let mut found = Ok(());
        let shape = Shape::checked(self.caller, &lengths)?;
        let factors = Tensor::try_build(shape, |factors| found = self.fill(inputs[0], n, factors))?;
        found.map(|()| factors)
    }

    fn forward_again<T: Float>(&self, inputs: &[&Tensor<T>], output: &mut Tensor<T>) -> Result<(), Error> {
        let (_, n) = square(self.caller, inputs[0])?;
        self.fill(inputs[0], n, output.rewritten())
    }

    fn hands_on(&self, _argument: usize) -> bool {
        false
    }

    fn pullback<T: Float>(&self, _at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        unreachable!("factors hand no cotangent on")
    }
}

impl Operation for Sign {
    fn name(&self) -> &'static str {
        "sign"
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (factors, shape) = (inputs[0].elements(), inputs[0].shape());
        let (batch, numbers) = (&shape[..shape.len() - 1], shape[shape.len() - 1]);
        Tensor::try_build(Shape::new(batch), |signs| {
            for (sign, factors) in signs.iter_mut().zip(factors.chunks_exact(numbers)) {
                *sign = factors[numbers - 1];
            }
        })
    }

    fn hands_on(&self, _argument: usize) -> bool {
        false
    }

    fn pullback<T: Float>(&self, _at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        unreachable!("a sign hands no cotangent on")
    }
}
