//! What a step of training takes in memory: nothing new after the first, and at the peak little more than what must be
//! there.

#![expect(unsafe_code, reason = "an allocator that counts can only be written so")]

use mlp::{Clip, Network, Objective, Optimizer, Stepper, Training, Updater, loss};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tape::{Float, Tape, Tensor};

/// The allocator of the system, with what each thread asks of it counted.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<isize> = const { Cell::new(0) };
    static MOST_BYTES: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + usize::from(bytes > 0));
    LIVE_BYTES.set(LIVE_BYTES.get() + bytes);
    MOST_BYTES.set(MOST_BYTES.get().max(LIVE_BYTES.get()));
}

// SAFETY: every call is passed on to the system's allocator as it came; counting touches cells of the thread, which
// have no destructor and allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: `start` came from `System` with this layout.
        unsafe { System.dealloc(start, layout) }
    }
}

fn descent<T: Float>() -> Updater<T> {
    Updater::new(Optimizer::gradient_descent(0.1)).unwrap()
}

/// Every optimizer that steps by a gradient alone.
fn every_optimizer() -> [Optimizer; 9] {
    [
        Optimizer::gradient_descent(0.1),
        Optimizer::momentum(0.1, 0.9),
        Optimizer::nesterov(0.1, 0.9),
        Optimizer::ada_grad(0.1),
        Optimizer::rms_prop(0.1),
        Optimizer::RmsProp { learning_rate: 0.1, smoothing: 0.9, epsilon: 1e-8, momentum: 0.9 },
        Optimizer::adam(0.1),
        Optimizer::ams_grad(0.1),
        Optimizer::adam_w(0.1),
    ]
}

/// Rows and targets that look random.
fn problem<T: Float>(sizes: &[usize], rows: usize) -> (Tensor<T>, Tensor<T>) {
    let (n, k) = (sizes[0], sizes[sizes.len() - 1]);
    let x = (0..rows * n).map(|i| T::from_f64((i as f64 * 0.7).sin())).collect();
    let y = (0..rows * k).map(|i| T::from_f64(f64::from(u8::from(i % 3 == 0)))).collect();
    (Tensor::from_vec(x, &[rows, n]).unwrap(), Tensor::from_vec(y, &[rows, k]).unwrap())
}

#[test]
fn a_step_allocates_nothing_after_the_first() {
    for (sizes, rows) in [(&[4, 8, 3][..], 16), (&[7, 9, 5, 2], 11), (&[3, 1], 1)] {
        for (lambda, optimizer) in
            [0.0, 1.0].into_iter().flat_map(|lambda| every_optimizer().map(|o| (lambda, o)))
        {
            let (x, y) = problem::<f32>(sizes, rows);
            let mut network = Network::new(sizes, 0).unwrap();
            let (mut stepper, mut updater) = (Stepper::new(), Updater::new(optimizer).unwrap());
            stepper.step(&mut network, (&x, &y), &Objective::l2(lambda), &mut updater, 1.0).unwrap();
            let before = ALLOCATIONS.get();
            for _ in 0..100 {
                stepper.step(&mut network, (&x, &y), &Objective::l2(lambda), &mut updater, 1.0).unwrap();
            }
            assert_eq!(ALLOCATIONS.get() - before, 0, "{sizes:?}, λ = {lambda}, {optimizer:?}");
        }
    }
}

#[test]
fn clipped_steps_and_steps_of_many_parameters_allocate_nothing_after_the_first() {
    // The count is this thread's.
    tape::kernel::set_threads(1);
    let sizes = [150, 120, 3];
    let (x, y) = problem::<f32>(&sizes, 5);
    for optimizer in every_optimizer() {
        for clip in [None, Some(Clip::Norm(0.01)), Some(Clip::Value(0.001))] {
            let mut network = Network::new(&sizes, 0).unwrap();
            let mut updater = Updater::new(optimizer).unwrap();
            let mut stepper = Stepper::new();
            if let Some(clip) = clip {
                stepper = stepper.clipping(clip).unwrap();
            }
            stepper.step(&mut network, (&x, &y), &Objective::l2(1.0), &mut updater, 1.0).unwrap();
            let before = ALLOCATIONS.get();
            for _ in 0..10 {
                stepper.step(&mut network, (&x, &y), &Objective::l2(1.0), &mut updater, 1.0).unwrap();
            }
            assert_eq!(ALLOCATIONS.get() - before, 0, "{optimizer:?}, {clip:?}");
        }
    }
}

#[test]
fn iterations_on_all_rows_allocate_nothing_once_the_history_is_full() {
    let (x, y) = problem::<f64>(&[4, 8, 2], 16);
    for optimizer in [Optimizer::Lbfgs { history: 5 }, Optimizer::conjugate_gradient()] {
        let mut network = Network::new(&[4, 8, 2], 0).unwrap();
        let (mut told, mut after_8, mut after_40) = (0, 0, 0);
        let training = Training { epochs: 40, lambda: 0.1, ..Training::new(optimizer) };
        let fitted = training.fit(&mut network, &x, &y, |epoch, _| {
            if epoch.number == 8 {
                after_8 = ALLOCATIONS.get();
            }
            (told, after_40) = (epoch.number, ALLOCATIONS.get());
            std::ops::ControlFlow::Continue(())
        });
        fitted.unwrap();
        assert_eq!(told, 40, "{optimizer:?}");
        assert_eq!(after_40 - after_8, 0, "{optimizer:?}");
    }
}

#[test]
fn a_step_that_records_anew_allocates_nothing_after_the_first() {
    let sizes = [4, 8, 3];
    let (x, y) = problem::<f64>(&sizes, 16);
    let mut network = Network::new(&sizes, 0).unwrap();
    let tape = Tape::begin();
    let start = tape.mark();
    let mut step = || {
        let leaves = network.record(&tape);
        let cost = loss::cost(&leaves, &x, &y, 1.0).unwrap();
        let gradient = tape.sweep(&cost).unwrap().of(leaves.parameters()).unwrap();
        drop((leaves, cost));
        tape.rewind(&start);
        tape::kernel::axpy(-0.1, gradient.as_slice(), network.parameters_mut());
    };
    step();
    step();
    let before = ALLOCATIONS.get();
    (0..100).for_each(|_| step());
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[test]
fn batches_of_two_lengths_in_turn_allocate_nothing_after_the_first_of_each() {
    let sizes = [4, 8, 3];
    let (whole, rest) = (problem::<f32>(&sizes, 16), problem::<f32>(&sizes, 5));
    let mut network = Network::new(&sizes, 0).unwrap();
    let (mut stepper, mut updater) = (Stepper::new(), descent());
    let mut both = || {
        for (x, y) in [&whole, &rest] {
            stepper.step(&mut network, (x, y), &Objective::l2(0.5), &mut updater, 1.0).unwrap();
        }
    };
    both();
    let before = ALLOCATIONS.get();
    (0..50).for_each(|_| both());
    assert_eq!(ALLOCATIONS.get() - before, 0);
}

#[test]
fn a_million_steps_take_no_more_than_one() {
    let sizes = [2, 2, 1];
    let (x, y) = problem::<f32>(&sizes, 3);
    let mut network = Network::new(&sizes, 0).unwrap();
    let (mut stepper, mut updater) = (Stepper::new(), descent());
    stepper.step(&mut network, (&x, &y), &Objective::l2(1.0), &mut updater, 1.0).unwrap();
    let (live, allocations) = (LIVE_BYTES.get(), ALLOCATIONS.get());
    for _ in 0..1_000_000 {
        stepper.step(&mut network, (&x, &y), &Objective::l2(1.0), &mut updater, 1.0).unwrap();
    }
    assert_eq!((LIVE_BYTES.get(), ALLOCATIONS.get()), (live, allocations));
}

#[test]
fn the_peak_of_a_large_net_is_parameters_gradient_activations_and_a_scratch() {
    // The count is this thread's.
    tape::kernel::set_threads(1);
    let (sizes, rows) = ([784, 2048, 2048, 10], 512);
    let (x, y) = problem::<f32>(&sizes, rows);
    let before = LIVE_BYTES.get();
    MOST_BYTES.set(before);
    let mut network = Network::new(&sizes, 0).unwrap();
    let (mut stepper, mut updater) = (Stepper::new(), descent());
    for _ in 0..2 {
        stepper.step(&mut network, (&x, &y), &Objective::l2(1.0), &mut updater, 1.0).unwrap();
    }
    let numbers = 2 * network.parameters().len() + rows * (2048 + 2048 + 10) + rows * 2048;
    let peak = (MOST_BYTES.get() - before) as f64 / (4 * numbers) as f64;
    println!("{peak:.3} of what has to be there");
    assert!(peak <= 1.15, "{peak:.3} of what has to be there");
}

#[test]
fn a_row_is_predicted_without_an_allocation() {
    let (x, _) = problem::<f32>(&[64, 64, 10], 1);
    let mut h = [0.0; 10];
    for activation in mlp::Activation::ALL {
        for output in mlp::Output::ALL {
            let network = Network::<f32>::new(&[64, 64, 10], 0).unwrap();
            let network = network.with_activation(activation).with_output(output);
            network.predict_into(x.as_slice(), &mut h).unwrap();
            let before = ALLOCATIONS.get();
            for _ in 0..100 {
                network.predict_into(x.as_slice(), &mut h).unwrap();
            }
            assert_eq!(ALLOCATIONS.get() - before, 0, "{activation:?}, {output:?}");
            assert_eq!(h, network.outputs(&x).unwrap().as_slice());
        }
    }
    let network = Network::<f32>::new(&[64, 64, 10], 0).unwrap();
    let error = network.predict_into(&x.as_slice()[1..], &mut h).unwrap_err().to_string();
    assert_eq!(
        error,
        "predict_into: wants rows of 64 inputs, and 10 numbers for each to write to, got 63 and 10"
    );
}

#[test]
fn epochs_of_batches_allocate_nothing_after_the_first() {
    let (x, y) = problem::<f64>(&[4, 8, 2], 50);
    let weights = Tensor::from_vec((0..50).map(|i| f64::from(1 + i % 3)).collect(), &[50, 1]).unwrap();
    for (dropout, weights) in [(0.0, None), (0.5, None), (0.0, Some(&weights)), (0.5, Some(&weights))] {
        let mut network = Network::new(&[4, 8, 2], 0).unwrap();
        let (mut after_2, mut after_40) = (0, 0);
        let training = Training { epochs: 40, batch_size: Some(16), dropout, l1: 0.0, ..Training::default() };
        let run = training.start(&mut network, mlp::Rows { x: &x, y: &y, weights }).unwrap();
        let run = run.on_epoch(|epoch, _| {
            if epoch.number == 2 {
                after_2 = ALLOCATIONS.get();
            }
            after_40 = ALLOCATIONS.get();
            std::ops::ControlFlow::Continue(())
        });
        run.finish().unwrap();
        assert_eq!(after_40 - after_2, 0, "dropout {dropout}, weights: {}", weights.is_some());
    }
}
