//! Products of vectors, matrices and batches: values against loops, derivatives against differences.

use super::derivatives::confirm;
use super::{broadcast_shapes, filled, indices, numpy_shape, shown};
use crate::{Error, Tensor};
use proptest::prelude::*;

fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("it does not fit").to_string()
}

fn close(got: &Tensor, want: &Tensor, tolerance: f64) {
    assert_eq!(got.shape(), want.shape());
    for (got, want) in got.as_slice().iter().zip(want.as_slice()) {
        assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{got}, wants {want}");
    }
}

/// The product by three loops, over each pair of matrices that broadcasting brings together.
fn by_loops(a: &Tensor, b: &Tensor, [m, k, n]: [usize; 3], batch: &[usize]) -> Tensor {
    let shape = [batch, &[m, n]].concat();
    let of = |index: Vec<usize>| {
        let (outer, own) = index.split_at(batch.len());
        let at = |row: usize, column: usize| [outer, &[row, column]].concat();
        (0..k).map(|l| shown(a, &at(own[0], l)) * shown(b, &at(l, own[1]))).sum::<f64>()
    };
    Tensor::from_vec(indices(&shape).into_iter().map(of).collect(), &shape).unwrap()
}

proptest! {
    #[test]
    fn batches_of_products_broadcast_as_loops_say(
        (batch_a, batch_b) in broadcast_shapes(), m in 0_usize..4, k in 0_usize..4, n in 0_usize..4
    ) {
        prop_assume!(batch_a.len().max(batch_b.len()) < 4);
        // A matrix side of 1 would look repeated to `shown`.
        let [m, k, n] = [m, k, n].map(|side| side + usize::from(side == 1));
        let a = filled(&[&*batch_a, &[m, k]].concat(), 1);
        let b = filled(&[&*batch_b, &[k, n]].concat(), 2);
        let want = by_loops(&a, &b, [m, k, n], &numpy_shape(&batch_a, &batch_b));
        let (a_t, b_t) = (a.with_last_two_exchanged().unwrap(), b.with_last_two_exchanged().unwrap());
        for got in [a.matmul(&b), a.matmul(b_t.t()), a_t.t().matmul(&b), a_t.t().matmul(b_t.t())] {
            close(&got.unwrap(), &want, 1e-14);
        }
    }
}

#[test]
fn a_vector_is_a_row_on_the_left_and_a_column_on_the_right() {
    let (v, w) = (filled(&[3], 1), filled(&[3], 2));
    let (row, column) = (v.reshape(&[1, 3]).unwrap(), w.reshape(&[3, 1]).unwrap());
    for batch in [&[][..], &[2], &[0], &[2, 1]] {
        let a = filled(&[batch, &[3, 3]].concat(), 3);
        let shape = [batch, &[3]].concat();
        let reshaped = |x: Result<Tensor, Error>| x.unwrap().reshape(&shape).unwrap();
        close(&v.matmul(&a).unwrap(), &reshaped(row.matmul(&a)), 1e-15);
        close(&v.matmul(a.t()).unwrap(), &reshaped(row.matmul(a.t())), 1e-15);
        close(&a.matmul(&w).unwrap(), &reshaped(a.matmul(&column)), 1e-15);
        close(&a.t().matmul(&w).unwrap(), &reshaped(a.t().matmul(&column)), 1e-15);
    }
    close(&v.matmul(&w).unwrap(), &v.dot(&w).unwrap(), 1e-15);
    assert_eq!(v.t().matmul(w.t()), v.matmul(&w), "a vector is its own transpose");
    assert_eq!(v.matmul(&w).unwrap().shape(), [0; 0]);
    assert_eq!(filled(&[0], 1).dot(&filled(&[0], 1)).unwrap().item(), Ok(0.0));
    assert_eq!(filled(&[0], 1).outer(&v).unwrap().shape(), [0, 3]);
}

#[test]
fn products_of_vectors_and_batches_have_the_derivatives_that_differences_say() {
    let shapes: [[&[usize]; 2]; 11] = [
        [&[2, 3, 4], &[4, 2]],
        [&[4, 3], &[2, 3, 2]],
        [&[2, 3, 4], &[2, 4, 2]],
        [&[2, 1, 3, 4], &[3, 4, 1]],
        [&[1, 2, 3], &[4, 3, 2]],
        [&[3], &[2, 3, 2]],
        [&[2, 3, 2], &[2]],
        [&[3], &[3]],
        [&[3], &[3, 2]],
        [&[0, 2, 3], &[3, 2]],
        [&[2, 2, 0], &[1, 0, 3]],
    ];
    for [a, b] in shapes {
        let (a, b) = (filled(a, 1), filled(b, 2));
        let exchanged =
            |x: &Tensor| if x.shape().len() == 1 { x.clone() } else { x.with_last_two_exchanged().unwrap() };
        let name = format!("product of {:?} and {:?}", a.shape(), b.shape());
        confirm(&name, |x| x[0].matmul(&x[1]), &[a.clone(), b.clone()]);
        confirm(&name, |x| x[0].t().matmul(&x[1]), &[exchanged(&a), b.clone()]);
        confirm(&name, |x| x[0].matmul(x[1].t()), &[a.clone(), exchanged(&b)]);
        confirm(&name, |x| x[0].t().matmul(x[1].t()), &[exchanged(&a), exchanged(&b)]);
    }
    confirm("x xᵀ of a batch", |x| x[0].matmul(x[0].t()), &[filled(&[2, 3, 2], 1)]);
    confirm("dot", |x| x[0].dot(&x[1]), &[filled(&[3], 1), filled(&[3], 2)]);
    confirm("dot(x, x)", |x| x[0].dot(&x[0]), &[filled(&[3], 1)]);
    confirm("outer", |x| x[0].outer(&x[1]), &[filled(&[3], 1), filled(&[2], 2)]);
    confirm("outer(x, x)", |x| x[0].outer(&x[0]), &[filled(&[3], 1)]);
}

#[test]
fn products_say_what_does_not_fit() {
    let zeros = |shape: &[usize]| Tensor::<f64>::zeros(shape);
    assert_eq!(
        words(zeros(&[5, 2, 3]).matmul(zeros(&[2, 4]))),
        "matmul: columns of the left must equal rows of the right, got [5, 2, 3] and [2, 4]"
    );
    assert_eq!(
        words(zeros(&[2]).matmul(zeros(&[5, 4, 3]).t())),
        "matmul: columns of the left must equal rows of the right, got [2] and [5, 3, 4]"
    );
    assert_eq!(
        words(zeros(&[5, 2, 3]).matmul(zeros(&[4, 3, 2]))),
        "matmul: shapes must agree axis by axis from the last one, or be 1 there, got [5] and [4]"
    );
    assert_eq!(words(zeros(&[2]).dot(&zeros(&[3]))), "dot: wants two vectors of one length, got [2] and [3]");
    assert_eq!(words(zeros(&[2, 2]).outer(&zeros(&[3]))), "outer: wants two vectors, got [2, 2] and [3]");
}
