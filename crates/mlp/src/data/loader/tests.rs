use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::data::{Frame, Target};

/// Rows whose numbers tell which they are.
fn tensors(n: usize) -> (Tensor, Tensor) {
    let x = (0..2 * n).map(|place| place as f64).collect();
    let y = (0..n).map(|row| -(row as f64)).collect();
    (Tensor::from_vec(x, &[n, 2]).unwrap(), Tensor::from_vec(y, &[n, 1]).unwrap())
}

/// The rows of a batch, x, y and weights.
type Seen = (Vec<usize>, Vec<f64>, Vec<f64>, Option<Vec<f64>>);

/// All that is in the batches of some epochs.
fn all(loader: &DataLoader) -> Vec<Seen> {
    let mut all = Vec::new();
    for epoch in 1..4 {
        loader.epoch(epoch, |batches| {
            assert_eq!(batches.len(), loader.n_batches());
            for batch in batches {
                let batch = batch.unwrap();
                let weights = batch.weights().map(Tensor::to_vec);
                all.push((batch.rows().to_vec(), batch.x().to_vec(), batch.y().to_vec(), weights));
            }
        });
    }
    all
}

#[test]
fn batches_are_the_same_with_and_without_a_thread() {
    let (x, y) = tensors(23);
    let weights: Vec<f64> = (0..23).map(|row| row as f64 / 2.0).collect();
    for batch_size in [1, 4, 22, 23] {
        let of = |ahead| {
            let loader = DataLoader::new(&x, &y, Sampler::random(23, 5), batch_size).unwrap();
            all(&loader.weighing(&weights).unwrap().ahead(ahead))
        };
        let here = of(0);
        for ahead in [1, 2, 50] {
            assert_eq!(of(ahead), here, "{batch_size} {ahead}");
        }
        let sampler = Sampler::random(23, 5);
        let order: Vec<usize> = (1..4).flat_map(|epoch| sampler.order(epoch)).collect();
        assert_eq!(here.iter().flat_map(|(rows, ..)| rows).copied().collect::<Vec<_>>(), order);
        for (rows, x, y, weights) in here {
            let want: Vec<f64> =
                rows.iter().flat_map(|row| [2.0 * *row as f64, 2.0 * *row as f64 + 1.0]).collect();
            assert_eq!(x, want);
            assert_eq!(y, rows.iter().map(|row| -(*row as f64)).collect::<Vec<_>>());
            assert_eq!(weights.unwrap(), rows.iter().map(|row| *row as f64 / 2.0).collect::<Vec<_>>());
        }
    }
}

#[test]
fn rows_that_are_left_over_are_kept_or_dropped() {
    let (x, y) = tensors(10);
    let sizes = |batch_size, drop: bool| {
        let loader = DataLoader::new(&x, &y, Sampler::random(10, 0), batch_size).unwrap();
        let loader = if drop { loader.dropping_last() } else { loader };
        loader.epoch(1, |batches| batches.map(|batch| batch.unwrap().rows().len()).collect::<Vec<_>>())
    };
    assert_eq!((sizes(4, false), sizes(4, true)), (vec![4, 4, 2], vec![4, 4]));
    assert_eq!((sizes(5, false), sizes(5, true)), (vec![5, 5], vec![5, 5]));
    assert_eq!((sizes(usize::MAX, false), sizes(11, true)), (vec![10], vec![10]));
}

#[test]
fn an_epoch_can_be_taken_up_in_its_middle() {
    let (x, y) = tensors(10);
    let loader = DataLoader::new(&x, &y, Sampler::random(10, 0), 3).unwrap();
    let from = |first| {
        let rows = |batches: &mut Batches<'_>| {
            batches.map(|batch| batch.map(|batch| (batch.number(), batch.rows().to_vec())).unwrap()).collect()
        };
        let rows: Vec<(usize, Vec<usize>)> = loader.epoch_from(2, first, rows);
        rows
    };
    for first in 0..6 {
        assert_eq!(from(first), from(0)[first.min(4)..]);
    }
}

#[test]
fn buffers_come_back() {
    let (x, y) = tensors(1000);
    for ahead in [0, 1, 3] {
        let loader = DataLoader::new(&x, &y, Sampler::sequential(1000), 10).unwrap().ahead(ahead);
        let mut places = std::collections::HashSet::new();
        loader.epoch(1, |batches| {
            for batch in batches {
                places.insert(batch.unwrap().x().as_slice().as_ptr() as usize);
            }
        });
        // In hand, under way, being assembled, and waiting.
        assert!(places.len() <= ahead + 2, "{ahead}: {}", places.len());
    }
}

#[test]
fn what_a_caller_keeps_stays_as_it_was() {
    let (x, y) = tensors(12);
    let loader = DataLoader::new(&x, &y, Sampler::sequential(12), 3).unwrap();
    let kept: Vec<Tensor> =
        loader.epoch(1, |batches| batches.map(|batch| batch.unwrap().x().clone()).collect());
    let kept: Vec<f64> = kept.iter().flat_map(Tensor::to_vec).collect();
    assert_eq!(kept, x.to_vec());
    let batches: Vec<Batch> = loader.epoch(1, |batches| batches.map(Result::unwrap).collect());
    assert_eq!(batches.iter().flat_map(|batch| batch.x().to_vec()).collect::<Vec<_>>(), x.to_vec());
}

#[test]
fn errors_reach_the_caller_and_the_next_batch_comes() {
    let (x, y) = tensors(6);
    for ahead in [0, 2] {
        let loader =
            DataLoader::new(&x, &y, Sampler::sequential(6), 2).unwrap().ahead(ahead).map(|batch| match batch
                .number()
            {
                1 => Err(Error::shape("augment", "an even number", "1")),
                _ => Ok(()),
            });
        let came = loader.epoch(1, |batches| batches.map(|batch| batch.is_ok()).collect::<Vec<_>>());
        assert_eq!(came, [true, false, true], "{ahead}");
    }
}

#[test]
fn a_panic_reaches_the_caller_with_its_words() {
    let (x, y) = tensors(6);
    for ahead in [0, 1, 2] {
        let loader = DataLoader::new(&x, &y, Sampler::sequential(6), 2).unwrap().ahead(ahead).map(|batch| {
            assert!(batch.number() != 1, "no batch is the first twice");
            Ok(())
        });
        let came = std::cell::RefCell::new(0);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            loader.epoch(1, |batches| batches.for_each(|_| *came.borrow_mut() += 1));
        }))
        .unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"no batch is the first twice"));
        assert_eq!(came.into_inner(), 1);
    }
}

#[test]
fn a_caller_that_leaves_or_panics_ends_the_thread() {
    let (x, y) = tensors(10_000);
    let made = AtomicUsize::new(0);
    let loader = DataLoader::new(&x, &y, Sampler::sequential(10_000), 1).unwrap().map(|_| {
        made.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    // That `epoch` returns at all says that the thread has ended: it runs in a scope.
    assert!(loader.epoch(1, |batches| batches.next().is_some()));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        loader.epoch(1, |batches| {
            let _held = batches.next();
            panic!("the step went wrong")
        })
    }));
    assert_eq!(panic.unwrap_err().downcast_ref::<&str>(), Some(&"the step went wrong"));
    assert!(made.load(Ordering::Relaxed) <= 10, "{made:?}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let (x, y) = tensors(4);
    let refused = |x: &Tensor, y: &Tensor, sampler| DataLoader::new(x, y, sampler, 2).is_err();
    assert!(refused(&x, &tensors(3).1, Sampler::sequential(4)));
    assert!(refused(&x, &y, Sampler::sequential(5)));
    assert!(refused(&x, &Tensor::zeros(&[4]), Sampler::sequential(4)));
    assert!(refused(&x, &y, Sampler::with_replacement(4, 0, 0).unwrap()));
    let (none, no_y) = (Tensor::zeros(&[0, 2]), Tensor::zeros(&[0, 1]));
    assert!(refused(&none, &no_y, Sampler::sequential(0)));
    let error = DataLoader::new(&x, &y, Sampler::sequential(4), 0).unwrap_err();
    assert_eq!(error.to_string(), "batch size: wants at least 1, got 0");
    let loader = || DataLoader::new(&x, &y, Sampler::sequential(4), 2).unwrap();
    for weights in [&[1.0; 3][..], &[1.0, 1.0, -1.0, 1.0], &[0.0; 4], &[f64::NAN; 4]] {
        assert!(loader().weighing(weights).is_err());
    }
    let (x, y) = (Tensor::<f32>::zeros(&[1, 1]), Tensor::<f32>::zeros(&[1, 1]));
    let loader = DataLoader::new(&x, &y, Sampler::sequential(1), 1).unwrap();
    assert!(loader.weighing(&[1e300]).unwrap_err().to_string().contains("finite as f32"));
}

#[test]
fn datasets_become_tensors_where_they_are_numbers() {
    let of = |numbers: Vec<f64>| {
        let frame = Frame::of_numbers(numbers, vec!["x".into()]).unwrap();
        Dataset::of(frame, Target::from_labels("y", ["b", "a"]).unwrap()).unwrap()
    };
    let (x, y) = of(vec![0.5, 1e300]).to_tensors::<f64>().unwrap();
    assert_eq!((x.to_vec(), y.to_vec(), y.shape()), (vec![0.5, 1e300], vec![1.0, 0.0], &[2, 1][..]));
    assert!(of(vec![0.5, 1e300]).to_tensors::<f32>().unwrap_err().to_string().contains("finite as f32"));
    assert!(of(vec![0.5, f64::NAN]).to_tensors::<f64>().unwrap_err().to_string().contains("NaN at place 1"));
    let category = crate::data::Category::of(&[Some("u"), Some("v")]).unwrap();
    let frame = Frame::of_rows(2).with_category("c", category).unwrap();
    let data = Dataset::of(frame, Target::from_labels("y", ["b", "a"]).unwrap()).unwrap();
    assert!(data.to_tensors::<f64>().unwrap_err().to_string().contains("1 columns of categories"));
}
