//! The same bits on 1, 2 and 4 threads, step by step, of whole trainings and of estimators: in pools of that many, each a process
//! of its own, and where no more may be used than were set.

use mlp::data::{Dataset, Frame, Target};
use mlp::{Clip, MlpClassifier, Network, Objective, Optimizer, Stepper, Training, Updater};
use std::process::Command;
use tape::{Float, Tensor, kernel};

/// J of some steps, and the parameters after them, as bits. The products and passes of the net are large enough to be
/// shared, across rows, columns and sums.
fn trained<T: Float>() -> Vec<u64> {
    let (sizes, rows) = ([300, 700, 10], 1200);
    let x = (0..rows * sizes[0]).map(|i| T::from_f64((i as f64 * 0.7).sin())).collect();
    let y = (0..rows * sizes[2]).map(|i| T::from_f64(f64::from(u8::from(i % 3 == 0)))).collect();
    let (x, y) =
        (Tensor::from_vec(x, &[rows, sizes[0]]).unwrap(), Tensor::from_vec(y, &[rows, sizes[2]]).unwrap());
    let mut bits = Vec::new();
    let clipping = Stepper::new().clipping(Clip::Norm(0.1)).unwrap();
    let runs = [(Optimizer::gradient_descent(0.1), Stepper::new()), (Optimizer::ams_grad(0.1), clipping)];
    for (optimizer, mut stepper) in runs {
        let mut network = Network::<T>::new(&sizes, 0).unwrap();
        let mut updater = Updater::new(optimizer).unwrap();
        for _ in 0..3 {
            let cost = stepper.step(&mut network, (&x, &y), &Objective::l2(1.0), &mut updater, 1.0).unwrap();
            bits.push(cost.to_f64().to_bits());
        }
        bits.extend(network.parameters().iter().map(|p| p.to_f64().to_bits()));
    }
    let training =
        Training { epochs: 2, batch_size: Some(500), dropout: 0.3, ..Training::new(Optimizer::adam(1e-3)) };
    let mut network = Network::<T>::new(&sizes, 0).unwrap();
    let report = training.start(&mut network, (&x, &y)).unwrap().finish().unwrap();
    bits.extend(report.history.iter().map(|epoch| epoch.cost.to_bits()));
    bits.extend(network.parameters().iter().map(|p| p.to_f64().to_bits()));
    bits
}

/// A classifier from table to model, and what it predicts, as bits.
fn fitted<T: Float>() -> Vec<u64> {
    let (rows, columns) = (900, 120);
    let numbers = (0..rows * columns).map(|i| (i as f64 * 0.37).sin()).collect();
    let frame = Frame::of_numbers(numbers, (0..columns).map(|i| format!("x{i}")).collect()).unwrap();
    let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let target = Target::classes("kind", (0..rows).map(|i| i * i % 7 % 3).collect(), classes).unwrap();
    let data = Dataset::of(frame, target).unwrap();
    let mut classifier = MlpClassifier { hidden: vec![300], held_out: Some(0.2), ..MlpClassifier::default() };
    classifier.training.epochs = 5;
    let model = classifier.fit_as::<T>(&data).unwrap();
    let predicted = model.predict_proba(&data).unwrap();
    model.network().parameters().iter().chain(predicted.as_slice()).map(|p| p.to_f64().to_bits()).collect()
}

/// The hashes of both in both precisions.
fn hashes() -> String {
    let [single, double] = [[trained::<f32>(), fitted::<f32>()], [trained::<f64>(), fitted::<f64>()]];
    format!("{:x} {:x}", hash(&single.concat()), hash(&double.concat()))
}

/// FNV-1a of Fowler, Noll and Vo: enough to tell two results apart.
fn hash(bits: &[u64]) -> u64 {
    bits.iter().fold(0xcbf2_9ce4_8422_2325, |hash, bits| (hash ^ bits).wrapping_mul(0x100_0000_01b3))
}

/// Set in the processes that the test starts, each with a pool of its own size.
const CHILD: &str = "MLP_TEST_THREADS_CHILD";

#[test]
fn training_gives_the_same_bits_on_1_2_and_4_threads() {
    if std::env::var_os(CHILD).is_some() {
        println!("hash {} {}", kernel::threads(), hashes());
        return;
    }
    kernel::set_threads(1);
    let want = hashes();
    kernel::set_threads(3);
    assert_eq!(hashes(), want, "3 were set");
    for threads in ["1", "2", "4"] {
        let test = "training_gives_the_same_bits_on_1_2_and_4_threads";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(CHILD, "1")
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let wanted = format!("hash {threads} {want}");
        assert!(said.contains(&wanted), "wanted {wanted}, got {said}");
    }
}
