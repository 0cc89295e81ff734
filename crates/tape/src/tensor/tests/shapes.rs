//! What does not fit, in the exact words of the error; views and shared buffers.

use crate::{Error, Tape, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn zeros(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape)
}

fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("it does not fit").to_string()
}

/// The message of a panic.
fn panic_of<R>(body: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(body()))).expect_err("it panics");
    payload.downcast::<String>().map_or_else(|_| "no message".to_owned(), |text| *text)
}

const BROADCAST: &str = "shapes must agree axis by axis from the last one, or be 1 there, got [2, 3] and [2]";

#[test]
fn elementwise_operations_say_which_shapes_do_not_broadcast() {
    let (a, b) = (zeros(&[2, 3]), zeros(&[2]));
    assert_eq!(words(a.add(&b)), format!("add: {BROADCAST}"));
    assert_eq!(words(a.sub(&b)), format!("sub: {BROADCAST}"));
    assert_eq!(words(a.mul(&b)), format!("mul: {BROADCAST}"));
    assert_eq!(words(a.div(&b)), format!("div: {BROADCAST}"));
    assert_eq!(words(a.powf(&b)), format!("powf: {BROADCAST}"));
    assert_eq!(words(a.max(&b)), format!("max: {BROADCAST}"));
    assert_eq!(words(a.min(&b)), format!("min: {BROADCAST}"));
    assert_eq!(words(a.heaviside(&b)), format!("heaviside: {BROADCAST}"));
    assert_eq!(words(a.gate(&b)), format!("gate: {BROADCAST}"));
    assert_eq!(words(a.mul_add(&b, &a)), format!("mul_add: {BROADCAST}"));
    assert_eq!(words(a.mul_add(&a, &b)), format!("mul_add: {BROADCAST}"));
}

#[test]
fn operators_panic_with_the_words_that_the_methods_return() {
    let (a, b) = (zeros(&[2, 3]), zeros(&[2]));
    assert_eq!(panic_of(|| &a + &b), words(a.add(&b)));
    assert_eq!(panic_of(|| a.clone() - &b), words(a.sub(&b)));
    assert_eq!(panic_of(|| &a * b.clone()), words(a.mul(&b)));
    assert_eq!(panic_of(|| a.clone() / b.clone()), words(a.div(&b)));
}

#[test]
fn matrix_products_say_what_they_want() {
    let want = "matmul: columns of the left must equal rows of the right, got [2, 3] and [2, 1]";
    assert_eq!(words(zeros(&[2, 3]).matmul(zeros(&[2, 1]))), want);
    assert_eq!(words(zeros(&[3, 2]).t().matmul(zeros(&[2, 1]))), want, "as they are read");
    assert_eq!(words(zeros(&[2, 3]).matmul(zeros(&[1, 2]).t())), want, "as they are read");
    let want = "matmul: columns of the left must equal rows of the right, got [2, 3] and [2]";
    assert_eq!(words(zeros(&[2, 3]).matmul(zeros(&[2]))), want, "a vector is a column here");
    let want = "matmul: factors must be vectors, matrices or batches of matrices, got [2, 3] and []";
    assert_eq!(words(zeros(&[2, 3]).matmul(zeros(&[]))), want);
}

#[test]
fn operations_that_move_elements_say_what_they_want() {
    let x = zeros(&[2, 3]);
    assert_eq!(words(x.reshape(&[4])), "reshape: shapes must have as many elements, got [2, 3] and [4]");
    assert_eq!(
        words(x.permute(&[0, 0])),
        "permute: axes [0, 0] must name each of the 2 axes once, got [2, 3]"
    );
    assert_eq!(
        words(x.broadcast_to(&[3])),
        "broadcast_to: the first shape must broadcast to the second, got [2, 3] and [3]"
    );
    assert_eq!(
        words(x.broadcast_to(&[4, 3])),
        "broadcast_to: shapes must agree axis by axis from the last one, or be 1 there, got [2, 3] and [4, 3]"
    );
    assert_eq!(words(Tensor::<f64>::concat(&[], 0)), "concat: wants at least one tensor, got 0");
    assert_eq!(words(Tensor::concat(&[&x], 2)), "concat: wants an axis below 2 for shape [2, 3], got 2");
    let want = "concat: shapes must agree along all axes but 0, got [2, 3] and [2, 2]";
    assert_eq!(words(Tensor::concat(&[&x, &zeros(&[2, 2])], 0)), want);
    let want = "concat: shapes must agree along all axes but 0, got [2, 3] and [3]";
    assert_eq!(words(Tensor::concat(&[&x, &zeros(&[3])], 0)), want);
    assert_eq!(words(x.slice(&[0..2, 0..3, 0..1])), "slice: wants at most 2 ranges for shape [2, 3], got 3");
    let want = "slice: range 1..4 along axis 1 must lie within 0..3, got [2, 3]";
    assert_eq!(words(x.slice(&[0..2, 1..4])), want);
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "the range that ends before it starts is what is tested"
    )]
    let reversed = x.slice(&[2..1, 0..3]);
    assert_eq!(words(reversed), "slice: range 2..1 along axis 0 must lie within 0..2, got [2, 3]");
}

#[test]
fn sums_say_which_axis_does_not_fit() {
    let x = zeros(&[2, 3]);
    assert_eq!(words(x.sum_axes(&[0, 2], false)), "sum_axes: wants axes below 2 for shape [2, 3], got 2");
    assert_eq!(words(x.sum_axes(&[1, 1], true)), "sum_axes: wants each axis once, got 1");
    assert_eq!(words(x.mean_axes(&[7], false)), "mean_axes: wants axes below 2 for shape [2, 3], got 7");
}

#[test]
fn the_cross_entropy_wants_one_shape() {
    let want = "sigmoid_cross_entropy: logits and targets must have one shape, got [2, 3] and [3]";
    assert_eq!(words(zeros(&[2, 3]).sigmoid_cross_entropy(&zeros(&[3]))), want);
}

#[test]
fn creation_and_reading_say_how_many_values_they_want() {
    assert_eq!(words(Tensor::from_slice(&[1.0], &[2])), "from_slice: wants 2 values for shape [2], got 1");
    assert_eq!(words(Tensor::from_vec(vec![1.0, 2.0], &[])), "from_vec: wants 1 values for shape [], got 2");
    assert_eq!(
        words(Tensor::from_slice(&[1.0], &[3, 0])),
        "from_slice: wants 0 values for shape [3, 0], got 1"
    );
    assert_eq!(
        words(Tensor::from_vars(&[crate::Var::from(1.0)], &[2])),
        "from_vars: wants 2 values for shape [2], got 1"
    );
}

#[test]
fn indices_are_checked_one_for_each_axis() {
    let x = zeros(&[2, 3]);
    assert_eq!(words(x.at(&[0])), "at: wants an index for each axis of [2, 3], got 1");
    assert_eq!(words(x.at(&[0, 3])), "at: wants an index below 3 along axis 1, got 3");
    assert_eq!(words(x.item()), "item: wants exactly one element, got [2, 3]");
}

#[test]
fn a_shape_beyond_all_memory_is_an_error_and_not_an_allocation() {
    let want = format!("reshape: fewer elements than memory has addresses, got [{}, 2]", usize::MAX);
    assert_eq!(words(zeros(&[2]).reshape(&[usize::MAX, 2])), want);
    assert!(panic_of(|| zeros(&[usize::MAX, usize::MAX])).starts_with("full: fewer elements"));
    let huge = Tensor::from_slice(&[1.0], &[1]).unwrap().broadcast_to(&[1 << 40, 1 << 40]);
    assert!(words(huge).starts_with("broadcast_to: fewer elements"));
}

#[test]
fn seeds_and_roots_are_checked() {
    let tape = Tape::begin();
    let x = tape.tensor(&zeros(&[2, 3]));
    assert_eq!(
        words(tape.sweep(&x)),
        "sweep: wants a tensor of one element, or a seed (`sweep_with`), got [2, 3]"
    );
    let want = "sweep: the seed must have the shape of what is swept from, got [3] and [2, 3]";
    assert_eq!(words(tape.sweep_with(&x, zeros(&[3]))), want);
    let want = "sweep: wants a value recorded on this tape, got a constant; begin with a leaf (`tape.var`, `tape.tensor`)";
    assert_eq!(words(tape.sweep(&Tensor::scalar(1.0))), want);
    assert_eq!(words(Tensor::scalar(1.0).keep()), want.replace("sweep:", "keep:"));
}

#[test]
fn views_of_a_flat_buffer_see_it_without_a_copy() {
    let flat = Tensor::from_vec((0..10).map(f64::from).collect(), &[10]).unwrap();
    let theta = flat.view(1, &[2, 3]).unwrap();
    let bias = flat.view(7, &[2]).unwrap();
    assert_eq!(theta.to_vec(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(bias.to_vec(), [7.0, 8.0]);
    assert_eq!(theta.as_slice().as_ptr(), flat.as_slice()[1..].as_ptr());
    assert_eq!(
        theta.view(2, &[3]).unwrap().to_vec(),
        [3.0, 4.0, 5.0],
        "a view of a view counts from its start"
    );
    assert_eq!(flat.view(10, &[0]).unwrap().len(), 0);
    assert_eq!(words(flat.view(8, &[3])), "view: wants a part that ends within the 10 elements, got 11");
    assert!(flat.view(usize::MAX, &[2]).is_err());
    assert_eq!(words(theta.view(4, &[3])), "view: wants a part that ends within the 6 elements, got 7");
}

#[test]
fn operations_on_a_view_stay_within_it() {
    let flat = Tensor::from_vec((0..10).map(f64::from).collect(), &[10]).unwrap();
    let theta = flat.view(1, &[2, 3]).unwrap();
    assert_eq!(theta.sum().item(), Ok(21.0));
    assert_eq!(theta.transpose().to_vec(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(theta.matmul(theta.t()).unwrap().to_vec(), [14.0, 32.0, 32.0, 77.0]);
    assert_eq!(theta.reshape(&[3, 2]).unwrap().slice(&[2..3, 0..2]).unwrap().to_vec(), [5.0, 6.0]);
    assert_eq!(theta.at(&[1, 0]).unwrap().value(), 4.0);
    let tape = Tape::begin();
    let (leaf, other) = (tape.tensor(&theta), tape.tensor(&flat.view(4, &[2, 3]).unwrap()));
    let bar = tape.sweep(&(&leaf * &other).sum()).unwrap();
    assert_eq!(bar.of(&leaf).unwrap().to_vec(), other.to_vec());
    assert_eq!(bar.of(&other).unwrap().to_vec(), leaf.to_vec());
}

#[test]
fn writing_to_a_shared_buffer_copies_it_first() {
    let flat = Tensor::from_vec((0..4).map(f64::from).collect(), &[4]).unwrap();
    let mut part = flat.view(1, &[2]).unwrap();
    part.as_mut_slice()[0] = 9.0;
    assert_eq!((part.to_vec(), flat.to_vec()), (vec![9.0, 2.0], vec![0.0, 1.0, 2.0, 3.0]));
    let mut alone = Tensor::full(&[3], 1.0);
    let address = alone.as_slice().as_ptr();
    alone.as_mut_slice()[2] = 5.0;
    assert_eq!(alone.as_slice().as_ptr(), address, "nobody else holds it");
}

#[test]
fn what_a_tape_has_saved_stays_what_it_was() {
    let tape = Tape::begin();
    let mut x = tape.tensor(&Tensor::full(&[2], 3.0));
    let leaf = x.clone();
    let y = (&x * &x).sum();
    x.as_mut_slice().fill(100.0);
    assert!(!x.is_recorded(), "what it holds now was not recorded");
    assert_eq!(tape.sweep(&y).unwrap().of(&leaf).unwrap().to_vec(), [6.0, 6.0]);
}

#[test]
fn tensors_are_equal_by_shape_and_elements_and_nan_equals_nothing() {
    assert_ne!(zeros(&[2, 3]), zeros(&[3, 2]));
    assert_eq!(zeros(&[2]), -zeros(&[2]));
    assert_ne!(Tensor::full(&[1], f64::NAN), Tensor::full(&[1], f64::NAN));
    assert_eq!(format!("{:?}", Tensor::full(&[2], 1.5_f32)), "Tensor<f32>[2] [1.5, 1.5]");
    assert!(format!("{:?}", zeros(&[100])).ends_with("and 92 more"));
}
