//! What goes wrong in engines of tensors, each with its test: depth, sharing in place, several roots, threads.

use tape::{Error, Tape, Tensor, tensors};

fn vector(values: &[f64]) -> Tensor {
    Tensor::from_slice(values, &[values.len()]).unwrap()
}

#[test]
fn a_chain_of_a_million_operations_records_sweeps_and_drops_on_a_small_stack() {
    const OPERATIONS: usize = 1_000_000;
    let on_small_stack = || {
        let tape = Tape::begin();
        let x = tape.tensor(&vector(&[1.0, 2.0]));
        let mut y = x.clone();
        for k in 0..OPERATIONS {
            y = if k % 2 == 0 { &y + &x } else { -&y };
        }
        assert_eq!(tape.nodes(), OPERATIONS + 1);
        // y ↦ -(y + x) twice is y + x - x: the derivative comes back to 1.
        let bar = tape.sweep(&y.sum()).unwrap().of(&x).unwrap();
        assert_eq!(bar.to_vec(), [1.0, 1.0]);
        let recorded = tape.mark();
        tape.rewind(&recorded);
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(on_small_stack).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_rule_that_works_in_place_leaves_what_others_hold() {
    // The layer turns the cotangent of its output into that before the activation, in place: not the kept one, nor the
    // seed of the caller's, nor a cotangent that an addition has handed to two.
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[0.5, -1.0, 2.0, 0.25], &[2, 2]).unwrap());
    let parameters = tape.tensor(&vector(&[1.0, -0.5, 0.25]));
    let y = x.dense_sigmoid(&parameters, 0, 1).unwrap().keep().unwrap();
    let seed = Tensor::from_slice(&[3.0, 5.0], &[2, 1]).unwrap();
    let bar = tape.sweep_with(&y, seed.clone()).unwrap();
    assert_eq!(bar.of(&y).unwrap(), seed, "the kept cotangent is that of the output");
    assert_eq!(seed.to_vec(), [3.0, 5.0]);

    let first = x.dense_sigmoid(&parameters, 0, 1).unwrap();
    let second = x.dense_sigmoid(&parameters, 0, 1).unwrap();
    let both = (&first + &second).keep().unwrap();
    let sum = tape.sweep_with(&both, seed.clone()).unwrap();
    let once = bar.of(&parameters).unwrap();
    assert_eq!(sum.of(&parameters).unwrap(), &once * 2.0);
    assert_eq!(sum.of(&both).unwrap(), seed);
}

#[test]
fn values_saved_are_the_values_used_though_their_owner_writes_on() {
    let tape = Tape::begin();
    let mut data = vector(&[1.0, 2.0, 3.0]);
    let x = tape.tensor(&data);
    let y = &x * &x;
    data.as_mut_slice().fill(100.0);
    let mut handed_out = y.clone();
    handed_out.as_mut_slice().fill(-1.0);
    let z = y.exp().sum();
    let bar = tape.sweep(&z).unwrap().of(&x).unwrap();
    for (got, x) in bar.as_slice().iter().zip([1.0_f64, 2.0, 3.0]) {
        assert!((got / (2.0 * x * (x * x).exp()) - 1.0).abs() < 1e-14);
    }
}

#[test]
fn a_recording_can_be_swept_again_and_from_two_roots() {
    let tape = Tape::begin();
    let x = tape.tensor(&vector(&[0.5, 1.5]));
    let shared = x.sin();
    let (a, b) = (shared.sum_of_squares(), (&shared * &x).sum());
    let first = tape.sweep(&a).unwrap().of(&x).unwrap();
    assert_eq!(tape.sweep(&a).unwrap().of(&x).unwrap(), first);
    let second = tape.sweep(&b).unwrap().of(&x).unwrap();
    let both = tape.sweep(&(&a + &b)).unwrap().of(&x).unwrap();
    for ((both, a), b) in both.as_slice().iter().zip(first.as_slice()).zip(second.as_slice()) {
        assert!((both - (a + b)).abs() < 1e-15);
    }
}

#[test]
fn cotangents_of_views_that_overlap_add_up() {
    let tape = Tape::begin();
    let x = tape.tensor(&vector(&[1.0, 2.0, 3.0, 4.0]));
    let (left, right) = (x.narrow(0, 0, 3).unwrap(), x.narrow(0, 1, 3).unwrap());
    let bar = tape.sweep(&left.dot(&right).unwrap()).unwrap().of(&x).unwrap();
    assert_eq!(bar.to_vec(), [2.0, 1.0 + 3.0, 2.0 + 4.0, 3.0]);
}

#[test]
fn products_of_a_tensor_with_itself_add_both_ways() {
    let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2]).unwrap();
    let gradient = |f: fn(&[Tensor]) -> Result<Tensor, Error>| {
        tensors::grad(f, std::slice::from_ref(&x)).unwrap()[0].to_vec()
    };
    assert_eq!(gradient(|x| Ok((&x[0] * &x[0]).sum())), [2.0, 4.0, 6.0, 8.0]);
    // Σ (x xᵀ)ᵢⱼ: each element meets the sum of its column, twice.
    assert_eq!(gradient(|x| Ok(x[0].matmul(x[0].t())?.sum())), [8.0, 12.0, 8.0, 12.0]);
    let flat = |x: &[Tensor]| {
        let x = x[0].reshape(&[4])?;
        x.dot(&x)
    };
    assert_eq!(gradient(flat), [2.0, 4.0, 6.0, 8.0]);
}

#[test]
fn tensors_go_to_other_threads_as_constants_and_their_buffers_come_back_anywhere() {
    let tape = Tape::begin();
    let x = tape.tensor(&vector(&[1.0, 2.0]));
    let y = x.exp();
    // On another thread a handle is of no tape, and says so.
    let there = std::thread::scope(|scope| {
        scope.spawn(|| (y.to_constant() * 2.0, Tensor::add(&y, &x).map(|sum| sum.to_vec()))).join().unwrap()
    });
    assert_eq!(there.0, y.to_constant() * 2.0);
    assert!(matches!(there.1, Err(Error::Foreign { .. })), "{:?}", there.1);
    // A thread that computes with its own tape on shared data, many at once.
    let shared = vector(&[0.5; 1000]);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|k| {
                let shared = shared.clone();
                scope.spawn(move || {
                    tensors::grad(|x| Ok((x[0].sin() * f64::from(k)).sum()), &[shared]).unwrap().remove(0)
                })
            })
            .collect();
        for (k, worker) in workers.into_iter().enumerate() {
            let gradient = worker.join().unwrap();
            assert!(gradient.as_slice().iter().all(|g| *g == 0.5_f64.cos() * k as f64));
        }
    });
}

#[test]
fn empty_tensors_go_through_every_kind_of_operation_and_back() {
    let empty = Tensor::<f64>::zeros(&[0, 3]);
    let f = |x: &[Tensor]| {
        let y = x[0].matmul(Tensor::full(&[3, 2], 1.0))?.sigmoid();
        let z = Tensor::concat(&[&y, &y], 0)?.reshape(&[2, 0])?.softmax(1)?;
        Ok(z.sum() + x[0].sum_axes(&[0], false)?.prod() + x[0].prod_axes(&[0], false)?.sum())
    };
    let (value, gradient) = tensors::value_and_grad(f, std::slice::from_ref(&empty)).unwrap();
    assert_eq!(value, 3.0, "an empty product is 1, an empty sum 0");
    assert_eq!(gradient[0].shape(), [0, 3]);
}

#[test]
fn where_no_cotangent_comes_in_an_infinite_partial_hands_nothing_on_at_any_order() {
    // Σ w f(x) at a place where f′ is infinite and w is zero, and at an ordinary one.
    type Function = fn(&Tensor) -> Tensor;
    let pole: [(&str, Function, [f64; 3]); 6] = [
        ("sqrt", |x| x.sqrt(), [0.25, -1.0 / 32.0, 3.0 / 256.0]),
        ("ln", |x| x.ln(), [0.25, -1.0 / 16.0, 1.0 / 32.0]),
        ("recip", |x| x.recip(), [-1.0 / 16.0, 1.0 / 32.0, -3.0 / 128.0]),
        ("powf", |x| x.powf(&Tensor::scalar(0.5)).unwrap(), [0.25, -1.0 / 32.0, 3.0 / 256.0]),
        ("div", |x| 1.0 / x, [-1.0 / 16.0, 1.0 / 32.0, -3.0 / 128.0]),
        ("mul", |x| x.ln() * x.sqrt(), [0.5 + 0.25 * 4_f64.ln(), -(4_f64.ln()) / 32.0, f64::NAN]),
    ];
    let weight = vector(&[0.0, 1.0]);
    for (name, f, expected) in pole {
        let tape = Tape::begin();
        let x = tape.tensor(&vector(&[0.0, 4.0]));
        let mut y = (f(&x) * &weight).sum();
        for (order, expected) in expected.into_iter().enumerate().filter(|(_, expected)| !expected.is_nan()) {
            let plain = tape.sweep(&y).unwrap().of(&x).unwrap();
            let recorded = tape.sweep_recorded(&y).unwrap().of(&x).unwrap();
            assert_eq!(plain.as_slice()[0], 0.0, "{name}, order {order}");
            assert_eq!(recorded.as_slice()[0], 0.0, "{name}, order {order}");
            assert!((recorded.as_slice()[1] - expected).abs() < 1e-15, "{name}, order {order}: {recorded}");
            y = recorded.sum();
        }
    }
    // A cotangent that is zero by chance still moves: (sin x)² at 0 is flat, and bends by 2.
    let tape = Tape::begin();
    let x = tape.tensor(&vector(&[0.0]));
    let first = tape.sweep_recorded(&x.sin().powi(2).sum()).unwrap().of(&x).unwrap();
    assert_eq!(tape.sweep(&first.sum()).unwrap().of(&x).unwrap().to_vec(), [2.0]);
}
