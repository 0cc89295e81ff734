//! The batches of an epoch, and the thread that assembles them.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender};

use tape::{Float, Tensor};

use super::Map;
use crate::Error;

/// Some rows with what is known of them, from a [`DataLoader`](super::DataLoader).
#[derive(Debug)]
pub struct Batch<T: Float = f64> {
    /// There until it is dropped.
    buffers: Option<Buffers<T>>,
    epoch: u64,
    number: usize,
    give_back: Sender<Buffers<T>>,
}

#[derive(Debug)]
pub(super) struct Buffers<T: Float> {
    rows: Vec<usize>,
    x: Tensor<T>,
    y: Tensor<T>,
    weights: Option<Tensor<T>>,
}

impl<T: Float> Batch<T> {
    fn buffers(&self) -> &Buffers<T> {
        self.buffers.as_ref().expect("buffers are there until the batch is dropped")
    }

    fn buffers_mut(&mut self) -> &mut Buffers<T> {
        self.buffers.as_mut().expect("buffers are there until the batch is dropped")
    }

    /// The rows, `(b, n_in)`.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 3], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// # let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// loader.epoch(1, |batches| batches.next().unwrap().map(|batch| assert_eq!(batch.x().shape(), [2, 3])))?;
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn x(&self) -> &Tensor<T> {
        &self.buffers().x
    }

    /// Their targets, `(b, K)`.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 3], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// # let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// loader.epoch(1, |batches| batches.next().unwrap().map(|batch| assert_eq!(batch.y().shape(), [2, 1])))?;
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn y(&self) -> &Tensor<T> {
        &self.buffers().y
    }

    /// Their weights, `(b)`, where rows have them.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 3], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// # let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// loader.epoch(1, |batches| batches.next().unwrap().map(|batch| assert!(batch.weights().is_none())))?;
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn weights(&self) -> Option<&Tensor<T>> {
        self.buffers().weights.as_ref()
    }

    /// The numbers of the rows, to write to, row-major `(b, n_in)`.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 3], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// # let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// loader.epoch(1, |batches| {
    ///     let mut batch = batches.next().unwrap()?;
    ///     batch.x_mut()[0] = 9.0;
    ///     assert_eq!(batch.x().to_vec()[..2], [9.0, 1.0]);
    ///     Ok::<(), mlp::Error>(())
    /// })?;
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn x_mut(&mut self) -> &mut [T] {
        self.buffers_mut().x.as_mut_slice()
    }

    /// The targets, to write to, row-major `(b, K)`.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 3], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// # let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// loader.epoch(1, |batches| batches.next().unwrap().map(|mut batch| assert_eq!(batch.y_mut(), [0.0, 0.0])))?;
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn y_mut(&mut self) -> &mut [T] {
        self.buffers_mut().y.as_mut_slice()
    }

    /// Which rows of the whole they are.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 3], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// # let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// loader.epoch(1, |batches| batches.next().unwrap().map(|batch| assert_eq!(batch.rows(), [0, 1])))?;
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn rows(&self) -> &[usize] {
        &self.buffers().rows
    }

    /// The epoch, as it was asked for.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 3], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// # let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// loader.epoch(4, |batches| batches.next().unwrap().map(|batch| assert_eq!(batch.epoch(), 4)))?;
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of the batch in its epoch, from 0.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 3], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// # let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// loader.epoch(4, |batches| batches.last().unwrap().map(|batch| assert_eq!(batch.number(), 2)))?;
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn number(&self) -> usize {
        self.number
    }
}

impl<T: Float> Drop for Batch<T> {
    fn drop(&mut self) {
        if let Some(buffers) = self.buffers.take() {
            // Nobody is there to take them once the epoch is over.
            let _ = self.give_back.send(buffers);
        }
    }
}

/// The batches of an epoch, in their order; after an error come those that follow.
#[derive(Debug)]
pub struct Batches<'a, T: Float = f64> {
    pub(super) left: usize,
    pub(super) source: Source<'a, T>,
}

/// Where batches come from.
#[derive(Debug)]
pub(super) enum Source<'a, T: Float> {
    Here { assembly: Assembly<'a, T>, numbers: Range<usize> },
    Thread(Receiver<Result<Result<Batch<T>, Error>, Panic>>),
}

/// What a thread panicked with.
pub(super) type Panic = Box<dyn Any + Send>;

impl<T: Float> Iterator for Batches<'_, T> {
    type Item = Result<Batch<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        match &mut self.source {
            Source::Here { assembly, numbers } => numbers.next().map(|number| assembly.batch(number)),
            Source::Thread(batches) => match batches.recv().expect("a batch comes, or what hindered it") {
                Ok(batch) => Some(batch),
                Err(panic) => {
                    // None comes after it, if the caller goes on.
                    self.left = 0;
                    resume_unwind(panic)
                }
            },
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Float> ExactSizeIterator for Batches<'_, T> {}

/// What batches are made of.
pub(super) struct Assembly<'a, T: Float> {
    pub(super) x: &'a [T],
    pub(super) y: &'a [T],
    pub(super) weights: Option<&'a [T]>,
    /// The columns of x and of y.
    pub(super) widths: [usize; 2],
    pub(super) order: Vec<usize>,
    pub(super) epoch: u64,
    pub(super) batch_size: usize,
    pub(super) map: Option<&'a Map<'a, T>>,
    /// The buffers that have come back.
    pub(super) spare: Receiver<Buffers<T>>,
    pub(super) give_back: Sender<Buffers<T>>,
}

impl<T: Float> std::fmt::Debug for Assembly<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assembly").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

impl<T: Float> Assembly<'_, T> {
    fn batch(&self, number: usize) -> Result<Batch<T>, Error> {
        let begin = number * self.batch_size;
        let rows = &self.order[begin..self.order.len().min(begin + self.batch_size)];
        let mut buffers = self.room(rows.len());
        buffers.rows.clear();
        buffers.rows.extend_from_slice(rows);
        pick(self.x, self.widths[0], rows, buffers.x.as_mut_slice());
        pick(self.y, self.widths[1], rows, buffers.y.as_mut_slice());
        if let (Some(from), Some(weights)) = (self.weights, &mut buffers.weights) {
            pick(from, 1, rows, weights.as_mut_slice());
        }
        let (epoch, give_back) = (self.epoch, self.give_back.clone());
        let mut batch = Batch { buffers: Some(buffers), epoch, number, give_back };
        match self.map {
            Some(map) => map(&mut batch).map(|()| batch),
            None => Ok(batch),
        }
    }

    /// Buffers that came back, or new ones. Only the last batch of an epoch has another length.
    fn room(&self, n_rows: usize) -> Buffers<T> {
        if let Some(buffers) = self.spare.try_iter().find(|buffers| buffers.x.shape()[0] == n_rows) {
            return buffers;
        }
        Buffers {
            rows: Vec::with_capacity(n_rows),
            x: Tensor::zeros(&[n_rows, self.widths[0]]),
            y: Tensor::zeros(&[n_rows, self.widths[1]]),
            weights: self.weights.map(|_| Tensor::zeros(&[n_rows])),
        }
    }
}

/// Writes the chosen rows of `from`, each `width` long, one after the other.
fn pick<T: Copy>(from: &[T], width: usize, rows: &[usize], to: &mut [T]) {
    for (to, row) in to.chunks_exact_mut(width.max(1)).zip(rows) {
        to.copy_from_slice(&from[row * width..(row + 1) * width]);
    }
}

/// Assembles batches and sends them, until there are no more or nobody wants them.
pub(super) fn feed<T: Float>(
    assembly: &Assembly<'_, T>,
    numbers: Range<usize>,
    to: &SyncSender<Result<Result<Batch<T>, Error>, Panic>>,
) {
    for number in numbers {
        // What the caller's own code panics with is handed to the caller, who goes on panicking with it.
        let batch = catch_unwind(AssertUnwindSafe(|| assembly.batch(number)));
        let panicked = batch.is_err();
        if to.send(batch).is_err() || panicked {
            return;
        }
    }
}
