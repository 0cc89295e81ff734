//! Rules of the user's own: both orders against differences, and what they may get wrong.

use super::derivatives::{confirm, positive};
use super::filled;
use crate::rule::{TensorRule, apply_tensors};
use crate::{Error, Float, Tape, Tensor};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// y = a bᵀ b + c, for a (m, k), b (n, k) and a c that broadcasts.
pub(super) struct Gram;
impl<T: Float> TensorRule<T> for Gram {
    fn name(&self) -> &'static str {
        "gram"
    }
    fn forward(&self, x: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        x[0].matmul(x[1].t())?.matmul(x[1])?.add(x[2])
    }
    fn pullback(
        &self,
        x: &[&Tensor<T>],
        _: &Tensor<T>,
        y_bar: &Tensor<T>,
        argument: usize,
    ) -> Result<Tensor<T>, Error> {
        match argument {
            0 => y_bar.matmul(x[1].t())?.matmul(x[1]),
            1 => {
                let left = x[1].matmul(y_bar.t())?.matmul(x[0])?;
                left.add(&x[1].matmul(x[0].t())?.matmul(y_bar)?)
            }
            _ => Ok(y_bar.clone()),
        }
    }
}

/// y = eˣ by its output; counts how often it is pulled back.
struct Exp(Arc<AtomicUsize>);
impl TensorRule<f64> for Exp {
    fn name(&self) -> &'static str {
        "my_exp"
    }
    fn forward(&self, x: &[&Tensor]) -> Result<Tensor, Error> {
        Ok(x[0].exp())
    }
    fn pullback(&self, _: &[&Tensor], y: &Tensor, y_bar: &Tensor, _: usize) -> Result<Tensor, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        y.mul(y_bar)
    }
}

/// y = x, with a cotangent of this shape.
struct Shaped(&'static [usize]);
impl TensorRule<f64> for Shaped {
    fn name(&self) -> &'static str {
        "shaped"
    }
    fn forward(&self, x: &[&Tensor]) -> Result<Tensor, Error> {
        Ok(x[0].clone())
    }
    fn pullback(&self, _: &[&Tensor], _: &Tensor, _: &Tensor, _: usize) -> Result<Tensor, Error> {
        Ok(Tensor::zeros(self.0))
    }
}

#[test]
fn both_orders_of_derivative_agree_with_differences() {
    for c in [&[3, 4][..], &[4], &[], &[3, 1]] {
        let inputs = [filled(&[3, 4], 1), filled(&[2, 4], 2), filled(c, 3)];
        confirm("gram", |x| Ok(apply_tensors(Gram, &[&x[0], &x[1], &x[2]])?.sin()), &inputs);
    }
    let twice = |x: &[Tensor]| apply_tensors(Gram, &[&x[0], &x[0], &x[0]]);
    confirm("an argument thrice", twice, &[filled(&[3, 3], 1)]);
    confirm("of nothing", twice, &[filled(&[0, 0], 1)]);
    let by_output = |x: &[Tensor]| apply_tensors(Exp(Arc::default()), &[&x[0]]);
    confirm("by the output", by_output, &[filled(&[2, 2], 1)]);
}

#[test]
fn a_rule_is_recorded_as_one_operation_that_its_forward_adds_nothing_to() {
    let tape = Tape::begin();
    let x = tape.tensor(&filled(&[2, 2], 1));
    let y = apply_tensors(Gram, &[&x, &x, &Tensor::scalar(1.0)]).unwrap();
    let table = tape.table(None);
    assert!(table.contains("gram") && !table.contains("matmul"), "{table}");
    assert!(y.is_recorded());
    assert!(!apply_tensors(Exp(Arc::default()), &[&filled(&[2], 1)]).unwrap().is_recorded());
}

#[test]
fn a_rule_is_right_in_single_precision() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[2.0_f32], &[1, 1]).unwrap());
    let y = apply_tensors(Gram, &[&x, &x, &Tensor::scalar(0.0)]).unwrap(); // x³
    assert_eq!((y.to_vec(), tape.sweep(&y).unwrap().of(&x).unwrap().to_vec()), (vec![8.0], vec![12.0]));
}

#[test]
fn a_rule_is_asked_only_where_something_has_come_in() {
    let (asked, tape) = (Arc::new(AtomicUsize::new(0)), Tape::begin());
    let x = tape.tensor(&filled(&[2], 1));
    let y = apply_tensors(Exp(asked.clone()), &[&x]).unwrap();
    let other = x.sum();
    tape.sweep(&other).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    tape.sweep(&y.sum()).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_cotangent_of_the_wrong_shape_is_an_error_of_either_sweep() {
    for shape in [&[3][..], &[2, 1], &[2, 3, 1], &[]] {
        let tape = Tape::begin();
        let x = tape.tensor(&filled(&[2, 3], 1));
        let y = apply_tensors(Shaped(shape), &[&x]).unwrap().sum();
        let want =
            format!("shaped: the cotangent of argument 0 must have its shape, got {shape:?} and [2, 3]");
        assert_eq!(tape.sweep(&y).unwrap_err().to_string(), want);
        assert_eq!(tape.sweep_recorded(&y).unwrap_err().to_string(), want);
    }
    let tape = Tape::begin();
    let x = tape.tensor(&filled(&[2, 3], 1));
    let y = apply_tensors(Shaped(&[2, 3]), &[&x]).unwrap();
    assert_eq!(tape.sweep(&y.sum()).unwrap().of(&x).unwrap(), Tensor::zeros(&[2, 3]));
}

#[test]
fn errors_of_a_rule_are_handed_on() {
    let tape = Tape::begin();
    let x = tape.tensor(&filled(&[2, 3], 1));
    let error = apply_tensors(Gram, &[&x, &filled(&[2, 2], 1), &x]).unwrap_err();
    assert!(error.to_string().starts_with("matmul: columns of the left"), "{error}");

    /// A pullback that gives up.
    struct Stuck;
    impl TensorRule<f64> for Stuck {
        fn name(&self) -> &'static str {
            "stuck"
        }
        fn forward(&self, x: &[&Tensor]) -> Result<Tensor, Error> {
            Ok(x[0].sum())
        }
        fn pullback(&self, x: &[&Tensor], _: &Tensor, y_bar: &Tensor, _: usize) -> Result<Tensor, Error> {
            x[0].matmul(y_bar)
        }
    }
    let y = apply_tensors(Stuck, &[&x]).unwrap();
    assert_eq!(
        tape.sweep(&y).unwrap_err().to_string(),
        "matmul: factors must be vectors, matrices or batches of matrices, got [2, 3] and []"
    );
    // The tape is none the worse for it.
    assert_eq!(tape.sweep(&x.sum()).unwrap().of(&x).unwrap(), Tensor::full(&[2, 3], 1.0));
}

#[test]
fn a_pullback_may_begin_a_tape_of_its_own() {
    /// y = sin x elementwise, whose derivative an inner tape finds.
    struct ByTape;
    impl TensorRule<f64> for ByTape {
        fn name(&self) -> &'static str {
            "by_tape"
        }
        fn forward(&self, x: &[&Tensor]) -> Result<Tensor, Error> {
            Ok(x[0].sin())
        }
        fn pullback(&self, x: &[&Tensor], _: &Tensor, y_bar: &Tensor, _: usize) -> Result<Tensor, Error> {
            let tape = Tape::begin();
            let x = tape.tensor(&x[0].to_constant());
            tape.sweep_with(&x.sin(), y_bar.to_constant())?.of(&x)
        }
    }
    let tape = Tape::begin();
    let x = tape.tensor(&positive(&[3], 1));
    let y = apply_tensors(ByTape, &[&x.powi(2)]).unwrap().sum();
    let x_bar = tape.sweep(&y).unwrap().of(&x).unwrap();
    let again = tape.sweep(&y).unwrap().of(&x).unwrap();
    let recorded = tape.sweep_recorded(&y).unwrap().of(&x).unwrap();
    assert_eq!((&x_bar, &x_bar), (&again, &recorded));
    for (x_bar, x) in x_bar.as_slice().iter().zip(x.as_slice()) {
        approx::assert_relative_eq!(*x_bar, 2.0 * x * (x * x).cos(), max_relative = 1e-14);
    }
}
