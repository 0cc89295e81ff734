use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::data::{Frame, KFold, Target};

/// Rows numbered in their only column, of two classes, the second being a quarter.
fn data(n: usize) -> Dataset {
    let frame = Frame::of_numbers((0..n).map(|row| row as f64).collect(), vec!["x".into()]).unwrap();
    Dataset::of(frame, Target::from_labels("y", (0..n).map(|row| row % 4 == 1)).unwrap()).unwrap()
}

fn folds(data: &Dataset, n: usize) -> Vec<Split> {
    KFold::new(n).split(data).unwrap().collect()
}

/// What depends on all rows and on their order.
fn sum(data: &Dataset) -> f64 {
    data.features().iter().fold(0.0, |sum, x| (sum + x).sin())
}

#[test]
fn each_fold_is_trained_and_tested_on_its_rows() {
    let data = data(20);
    let folds = folds(&data, 4);
    let rows = |data: &Dataset| data.features().iter().map(|x| *x as usize).collect::<Vec<_>>();
    let came = cross_validate(&data, folds.clone(), 2, |train, test| {
        Ok(Split { train: rows(train), held_out: rows(test) })
    });
    assert_eq!(came.unwrap(), folds);
}

#[test]
fn results_are_the_same_for_any_number_of_threads() {
    let data = data(40);
    let of = |threads| {
        grid(&data, &[0.5, 1.0, 2.0], folds(&data, 5), threads, |by, train, test| {
            Ok(by * sum(train) - sum(test))
        })
        .unwrap()
    };
    let one = of(1);
    assert_eq!((one.len(), one[0].len()), (3, 5));
    for threads in [2, 3, 100] {
        assert_eq!(of(threads), one);
    }
    let curve = |threads| {
        learning_curve(&data, &[5, 32], folds(&data, 5), 1, threads, |train, test| {
            Ok(Scores { train: sum(train), test: sum(test) })
        })
        .unwrap()
    };
    assert_eq!(curve(4), curve(1));
}

#[test]
fn tasks_run_beside_each_other() {
    let barrier = std::sync::Barrier::new(3);
    let data = data(9);
    // With fewer than three threads this would wait for ever.
    let scores = cross_validate(&data, folds(&data, 3), 3, |_, _| {
        barrier.wait();
        Ok(())
    });
    assert_eq!(scores.unwrap().len(), 3);
}

#[test]
fn the_first_error_by_order_is_handed_out() {
    let data = data(40);
    for threads in [1, 2, 4] {
        for _ in 0..20 {
            let tried = AtomicUsize::new(0);
            let error = grid(&data, &[0, 1, 2, 3], folds(&data, 10), threads, |setting, _, _| {
                tried.fetch_add(1, Ordering::Relaxed);
                match setting {
                    0 => Ok(()),
                    // Those that come later fail earlier.
                    1 => {
                        std::thread::yield_now();
                        Err(Error::shape("fit", "luck", "setting 1"))
                    }
                    _ => Err(Error::shape("fit", "luck", "another")),
                }
            });
            assert_eq!(error.unwrap_err().to_string(), "fit: wants luck, got setting 1");
            assert!(tried.load(Ordering::Relaxed) <= 10 + threads, "{tried:?} of {threads}");
        }
    }
}

#[test]
fn a_panic_keeps_its_words() {
    let data = data(20);
    for threads in [1, 3] {
        let panic = catch_unwind(AssertUnwindSafe(|| {
            cross_validate(&data, folds(&data, 10), threads, |_, test| -> Result<(), Error> {
                assert!(test.features().iter().all(|x| *x != 7.0), "seven came");
                Ok(())
            })
        }));
        assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"seven came"));
    }
}

#[test]
fn a_learning_curve_adds_rows_to_those_it_had() {
    let data = data(80);
    let seen = Mutex::new(Vec::new());
    let sizes = [8, 20, 60];
    let curve = learning_curve(&data, &sizes, folds(&data, 4), 3, 1, |train, test| {
        seen.lock().unwrap().push(train.features().to_vec());
        let second = train.labels().iter().filter(|label| **label == 1).count() as f64;
        assert_eq!(test.n_rows(), 20);
        Ok(Scores { train: second / train.n_rows() as f64, test: train.n_rows() as f64 })
    })
    .unwrap();
    let seen = seen.into_inner().unwrap();
    for fold in 0..4 {
        for size in 1..3 {
            let (fewer, more) = (&seen[4 * (size - 1) + fold], &seen[4 * size + fold]);
            assert_eq!(fewer[..], more[..fewer.len()]);
        }
    }
    let whole: HashSet<u64> = seen[8].iter().map(|x| x.to_bits()).collect();
    assert_eq!(whole.len(), 60);
    assert_eq!(curve.iter().map(|point| point.at).collect::<Vec<_>>(), sizes);
    for point in &curve {
        assert_eq!(point.test(), Spread { mean: point.at as f64, deviation: 0.0 });
        // Of 8 rows 2 are of the second class, up to fewer than two.
        assert!(point.scores.iter().all(|scores| (scores.train - 0.25).abs() < 2.0 / point.at as f64 + 0.05));
    }
    let other = Mutex::new(Vec::new());
    learning_curve(&data, &[8], folds(&data, 4), 4, 1, |train, _| {
        other.lock().unwrap().push(train.features().to_vec());
        Ok(Scores { train: 0.0, test: 0.0 })
    })
    .unwrap();
    assert_ne!(other.into_inner().unwrap(), seen[..4]);
}

#[test]
fn numbers_are_learned_from_in_random_order() {
    let frame = Frame::of_numbers((0..50).map(f64::from).collect(), vec!["x".into()]).unwrap();
    let target = Target::numbers(vec!["y".into()], vec![1.0; 50]).unwrap();
    let data = Dataset::of(frame, target).unwrap();
    let curve = learning_curve(&data, &[25], folds(&data, 2), 0, 1, |train, _| {
        Ok(Scores {
            train: train.features().iter().sum(),
            test: f64::from(u8::from(train.features().is_sorted())),
        })
    });
    assert_eq!(curve.unwrap()[0].test().mean, 0.0);
}

#[test]
fn spreads_are_those_of_numpy() {
    // np.mean and np.std of [0.9, 0.8, 0.85, 0.95].
    let spread = Spread::of(&[0.9, 0.8, 0.85, 0.95]);
    assert!((spread.mean - 0.875).abs() < 1e-15 && (spread.deviation - 0.055901699437494734).abs() < 1e-15);
    assert!(Spread::of(&[]).mean.is_nan());
}

#[test]
fn what_cannot_be_run_is_refused() {
    let data = data(20);
    let four = || folds(&data, 4);
    let fine = |_: &Dataset, _: &Dataset| Ok(Scores { train: 0.0, test: 0.0 });
    let message = |result: Result<Vec<CurvePoint<usize>>, Error>| result.unwrap_err().to_string();
    let curve = |sizes: &[usize], threads| message(learning_curve(&data, sizes, four(), 0, threads, fine));
    assert_eq!(curve(&[3], 0), "threads: wants at least 1, got 0");
    assert!(curve(&[], 1).contains("at least one number of rows"));
    assert!(curve(&[0], 1).contains("from 1 to 15 rows, which every fold can train on, got 0"));
    assert!(curve(&[3, 16], 1).ends_with("got 16"));
    assert!(message(learning_curve(&data, &[3], vec![], 0, 1, fine)).contains("folds: wants at least one"));
    assert!(grid(&data, &[] as &[()], four(), 1, |(), _, _| Ok(())).is_err());
    let beyond = Split { train: vec![0], held_out: vec![20] };
    let error = cross_validate(&data, [beyond], 1, |_, _| Ok(())).unwrap_err();
    assert_eq!(error.to_string(), "folds: wants rows below 20, got row 20");
    assert!(cross_validate(&data, [], 1, |_, _| Ok(())).is_err());
}
