//! No operation of the list without its derivatives held against differences: a sample of each, and the list itself.

use super::custom::Gram;
use super::derivatives::{confirm, positive};
use super::filled;
use crate::rule::apply_tensors;
use crate::tape::Stored;
use crate::tensor::Triangle;
use crate::tensor::determinant::{Cofactors, CofactorsAlong};
use crate::tensor::operation::{LISTED, apply};
use crate::{Error, Tape, Tensor, scalar_fn, tape};
use std::collections::BTreeSet;

type Function = fn(&[Tensor]) -> Result<Tensor, Error>;

/// Functions of `a: (3, 3)`, far from singular, `b: (2, 3)` and `c: (3)`, each between a half and one and a half off the
/// diagonal, with the operation of the list that each is to show.
const SAMPLES: &[(&str, Function)] = &[
    ("Unary", |x| Ok(x[1].sin())),
    ("Binary", |x| x[1].mul(&x[2])),
    ("Ternary", |x| x[1].mul_add(&x[2], &x[1])),
    ("Map", |x| x[1].zip_map(&x[2], scalar_fn!(|x, y| x.sin() * y.powi(2)))),
    ("Matmul", |x| x[1].matmul(&x[0])),
    // Three inputs and two units: Θ and b are the first eight of nine numbers.
    ("Dense", |x| x[1].dense_sigmoid(&x[0].reshape(&[9])?, 1, 2)),
    ("Sum", |x| Ok(x[1].sum_axes(&[0], false)?.powi(2))),
    ("SumOfSquares", |x| Ok(x[1].sum_of_squares().sin())),
    ("Penalty", |x| x[2].sum().powi(2).add_quadratic_penalty(0.3, &x[2], &[0..1, 2..3].into())),
    ("Prod", |x| x[1].prod_axes(&[1], false)),
    ("Variance", |x| x[1].var_axes(&[1], 1, true)),
    ("Norm", |x| Ok(x[1].norm_axes(2.0, &[0], false)? * x[1].norm_axes(3.0, &[0], false)?)),
    ("Extreme", |x| Ok(x[1].max_axes(&[1], false)?.powi(2) + x[1].min_axes(&[1], false)?.exp())),
    ("CumSum", |x| Ok(x[1].cumsum(1)?.powi(2))),
    ("Recurrence", |x| x[1].cumprod(1)),
    ("LogSumExp", |x| x[1].log_sum_exp_axes(&[1], false)),
    ("Softmax", |x| x[1].softmax(1)),
    ("LogSoftmax", |x| x[1].log_softmax(0)),
    ("SoftmaxCrossEntropy", |x| x[1].soft_cross_entropy_logits(&Tensor::full(&[2, 3], 1.0 / 3.0))),
    ("Reshape", |x| Ok(x[1].reshape(&[3, 2])?.powi(2))),
    ("Permute", |x| Ok(x[1].transpose().powi(2))),
    ("BroadcastTo", |x| Ok(x[2].broadcast_to(&[2, 3])?.powi(2))),
    ("Concat", |x| Ok(Tensor::concat(&[&x[1], &x[1], &x[0]], 0)?.powi(2))),
    ("Slice", |x| Ok(x[1].slice(&[0..2, 1..3])?.powi(2))),
    ("Pad", |x| Ok(x[1].pad(&[(1, 0), (0, 2)], 0.5)?.powi(2))),
    ("Pick", |x| Ok(x[1].gather(1, &[2, 0, 2, 1], &[2, 2])?.powi(2))),
    ("Put", |x| Ok(x[1].scatter_add(1, &[2, 2], &[2, 1], &x[0].slice(&[0..2, 0..1])?)?.powi(3))),
    ("Unfold", |x| {
        x[1].reshape(&[1, 2, 3])?.conv1d(
            &x[0].reshape(&[3, 3])?.slice(&[0..2, 0..2])?.reshape(&[1, 2, 2])?,
            1,
            1,
        )
    }),
    ("Fold", |x| x[1].reshape(&[1, 2, 3])?.conv1d(&x[0].slice(&[0..2, 0..2])?.reshape(&[1, 2, 2])?, 1, 0)),
    ("SigmoidCrossEntropy", |x| x[1].scaled_sigmoid_cross_entropy(&Tensor::full(&[2, 3], 0.25), 0.5)),
    ("Cholesky", |x| x[0].matmul(x[0].t())?.cholesky()),
    ("TriangularSolve", |x| x[0].solve_triangular(&x[2], Triangle::Lower)),
    ("Eliminate", |x| Ok(x[0].inverse()? * x[0].slogdet()?.1)),
    ("Sign", |x| {
        let (sign, size) = x[1].matmul(x[1].t())?.slogdet()?;
        Ok(sign * size.powi(2))
    }),
    ("Solve", |x| x[0].solve(&x[2])),
    ("Inverse", |x| x[0].inverse()),
    ("LogDeterminant", |x| Ok(x[0].slogdet()?.1)),
    ("Determinant", |x| x[0].det()),
    ("Cofactors", |x| apply(Cofactors, &[&x[0]])),
    ("CofactorsAlong", |x| apply(CofactorsAlong, &[&x[0], &x[0].sin()])),
    ("Custom", |x| apply_tensors(Gram, &[&x[0], &x[1], &x[2]])),
];

/// Operations without a sample, and why.
const WITHOUT: [(&str, &str); 1] = [("Planted", "is wrong on purpose, for the tests of the checks")];

fn arguments() -> [Tensor; 3] {
    let diagonal = Tensor::from_vec((0..9).map(|k| if k % 4 == 0 { 3.0 } else { 0.0 }).collect(), &[3, 3]);
    [filled(&[3, 3], 1) * 0.5 + diagonal.unwrap(), positive(&[2, 3], 2), positive(&[3], 3)]
}

#[test]
fn every_operation_of_the_list_has_a_sample_whose_derivatives_are_those_of_differences() {
    let mut seen = BTreeSet::new();
    for &(listed, f) in SAMPLES {
        let tape = Tape::begin();
        let leaves = arguments().each_ref().map(|x| tape.tensor(x));
        let y = f(&leaves).unwrap_or_else(|error| panic!("{listed}: {error}"));
        assert!(y.is_recorded(), "{listed}");
        let recorded = tape::with_state(|state| {
            <f64 as Stored>::nodes(state)
                .iter()
                .any(|node| node.op.as_ref().is_some_and(|op| op.listed() == listed))
        });
        assert!(recorded, "the sample of {listed} does not record it");
        drop((y, leaves, tape));
        confirm(listed, f, &arguments());
        assert!(seen.insert(listed), "{listed} stands here twice");
    }
    for name in LISTED {
        let without = WITHOUT.iter().any(|(operation, _)| operation == name);
        assert!(seen.contains(name) != without, "{name} is in the list of operations and has no sample here");
    }
}
