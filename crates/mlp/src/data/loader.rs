//! Batches of rows, assembled ahead of their use.

mod batches;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::mpsc;
use std::thread;

use tape::{Float, Tensor};

use super::dataset::check_weights;
use super::{Dataset, Sampler};
use crate::Error;
use batches::{Assembly, Source, feed};
pub use batches::{Batch, Batches};

/// What is done to every batch before it is handed out.
type Map<'a, T> = dyn Fn(&mut Batch<T>) -> Result<(), Error> + Send + Sync + 'a;

/// Rows in batches, epoch by epoch, each batch assembled on another thread while the step before it runs.
///
/// Which rows make which batch follows from the [`Sampler`] and the number of the epoch. Batches are the same bits with and without
/// the other thread. The buffers of a batch come back when it is dropped, so that after the first batches of an epoch no others are
/// made.
///
/// ```
/// use mlp::data::{DataLoader, Sampler};
/// use tape::Tensor;
///
/// let x = Tensor::from_slice(&[0.0, 0.1, 1.0, 1.1, 2.0, 2.1], &[3, 2])?;
/// let y = Tensor::from_slice(&[0.0, 1.0, 2.0], &[3, 1])?;
/// let loader = DataLoader::new(&x, &y, Sampler::random(3, 0), 2)?;
/// for epoch in 1..=2 {
///     let sum = loader.epoch(epoch, |batches| {
///         let mut sum = 0.0;
///         for batch in batches {
///             let batch = batch?;
///             assert_eq!(batch.x().shape()[1], 2);
///             sum += batch.y().as_slice().iter().sum::<f64>();
///         }
///         Ok::<f64, mlp::Error>(sum)
///     })?;
///     assert_eq!(sum, 3.0); // each row once
/// }
/// # Ok::<(), mlp::Error>(())
/// ```
pub struct DataLoader<'a, T: Float = f64> {
    x: &'a Tensor<T>,
    y: &'a Tensor<T>,
    weights: Option<Tensor<T>>,
    sampler: Sampler,
    batch_size: usize,
    drop_last: bool,
    ahead: usize,
    map: Option<Box<Map<'a, T>>>,
}

impl<T: Float> fmt::Debug for DataLoader<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataLoader")
            .field("x", &self.x.shape())
            .field("y", &self.y.shape())
            .field("weighted", &self.weights.is_some())
            .field("sampler", &self.sampler)
            .field("batch_size", &self.batch_size)
            .field("drop_last", &self.drop_last)
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}

impl<'a, T: Float> DataLoader<'a, T> {
    /// A loader of rows `x: (n, n_in)` with targets `y: (n, K)`, `batch_size` at a time or, where the sampler draws fewer, all of
    /// them at once; the last batch of an epoch has what is left. Two batches are assembled ahead.
    ///
    /// # Errors
    /// When the shapes do not fit, there is no row, the sampler is one of another number of rows or draws none, or the batch size
    /// is 0.
    ///
    /// ```
    /// use mlp::data::{DataLoader, Sampler};
    /// use tape::Tensor;
    ///
    /// let (x, y) = (Tensor::full(&[5, 3], 1.0_f32), Tensor::full(&[5, 1], 0.0));
    /// assert_eq!(DataLoader::new(&x, &y, Sampler::random(5, 0), 2)?.n_batches(), 3);
    /// assert_eq!(DataLoader::new(&x, &y, Sampler::random(5, 0), 1000)?.batch_size(), 5);
    /// assert!(DataLoader::new(&x, &y, Sampler::random(6, 0), 2).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn new(
        x: &'a Tensor<T>,
        y: &'a Tensor<T>,
        sampler: Sampler,
        batch_size: usize,
    ) -> Result<Self, Error> {
        match (x.shape(), y.shape()) {
            ([n, _], [targets, _]) if n == targets && *n == sampler.n_rows() && sampler.draws() > 0 => {}
            (x, y) => {
                let wants = "x: (n, n_in), y: (n, K) and a sampler of the same n from 1 up";
                let got = format!("{x:?}, {y:?} and {} of {} rows", sampler.draws(), sampler.n_rows());
                return Err(Error::shape("loader", wants, got));
            }
        }
        if batch_size == 0 {
            return Err(Error::Setting { setting: "batch size", wants: "at least 1", got: "0".to_owned() });
        }
        let batch_size = batch_size.min(sampler.draws());
        Ok(Self { x, y, weights: None, sampler, batch_size, drop_last: false, ahead: 2, map: None })
    }

    /// The same loader, whose batches have the weights of their rows.
    ///
    /// # Errors
    /// When there are not as many weights as rows, one is negative or not finite, also in this precision, or all are zero.
    ///
    /// ```
    /// use mlp::data::{DataLoader, Sampler};
    /// use tape::Tensor;
    ///
    /// let (x, y) = (Tensor::full(&[2, 1], 1.0), Tensor::full(&[2, 1], 0.0));
    /// let loader = DataLoader::new(&x, &y, Sampler::sequential(2), 2)?.weighing(&[0.5, 2.0])?;
    /// let weights = loader.epoch(1, |batches| batches.next().map(|batch| batch.map(|b| b.weights().unwrap().to_vec())));
    /// assert_eq!(weights.unwrap()?, [0.5, 2.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn weighing(self, weights: &[f64]) -> Result<Self, Error> {
        let n = self.sampler.n_rows();
        check_weights(weights, n)?;
        let weights = Tensor::from_vec(in_precision(weights, "weights")?, &[n])?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// The same loader, which leaves out the rows that make no whole batch at the end of an epoch.
    ///
    /// ```
    /// use mlp::data::{DataLoader, Sampler};
    /// use tape::Tensor;
    ///
    /// let (x, y) = (Tensor::full(&[5, 1], 1.0), Tensor::full(&[5, 1], 0.0));
    /// let loader = DataLoader::new(&x, &y, Sampler::random(5, 0), 2)?.dropping_last();
    /// assert_eq!(loader.n_batches(), 2);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    #[must_use]
    pub fn dropping_last(self) -> Self {
        Self { drop_last: true, ..self }
    }

    /// The same loader, with so many batches assembled ahead; with 0 on the thread that asks for them.
    ///
    /// ```
    /// use mlp::data::{DataLoader, Sampler};
    /// use tape::Tensor;
    ///
    /// let (x, y) = (Tensor::full(&[5, 1], 1.0), Tensor::full(&[5, 1], 0.0));
    /// let loader = DataLoader::new(&x, &y, Sampler::random(5, 0), 2)?.ahead(0);
    /// assert_eq!(loader.epoch(1, |batches| batches.count()), 3);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    #[must_use]
    pub fn ahead(self, batches: usize) -> Self {
        Self { ahead: batches, ..self }
    }

    /// The same loader, with something done to each batch where it is assembled, such as noise added to its rows. Random numbers
    /// should follow from [`Batch::epoch`] and [`Batch::number`] alone, so that the batches of a seed stay the same.
    ///
    /// ```
    /// use mlp::data::{DataLoader, Sampler};
    /// use tape::Tensor;
    ///
    /// let (x, y) = (Tensor::full(&[2, 1], 3.0), Tensor::full(&[2, 1], 0.0));
    /// let loader = DataLoader::new(&x, &y, Sampler::sequential(2), 2)?.map(|batch| {
    ///     batch.x_mut().iter_mut().for_each(|x| *x *= 2.0);
    ///     Ok(())
    /// });
    /// let first = loader.epoch(1, |batches| batches.next().unwrap().map(|batch| batch.x().to_vec()))?;
    /// assert_eq!(first, [6.0, 6.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    #[must_use]
    pub fn map(self, map: impl Fn(&mut Batch<T>) -> Result<(), Error> + Send + Sync + 'a) -> Self {
        Self { map: Some(Box::new(map)), ..self }
    }

    /// How many rows a whole batch has.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 1], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// assert_eq!(DataLoader::new(&x, &y, Sampler::random(5, 0), 2)?.batch_size(), 2);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// How many batches an epoch has.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 1], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// assert_eq!(DataLoader::new(&x, &y, Sampler::random(5, 0), 2)?.n_batches(), 3);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn n_batches(&self) -> usize {
        match self.drop_last {
            true => self.sampler.draws() / self.batch_size,
            false => self.sampler.draws().div_ceil(self.batch_size),
        }
    }

    /// What the rows of an epoch follow from.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 1], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// assert_eq!(DataLoader::new(&x, &y, Sampler::random(5, 9), 2)?.sampler().seed(), 9);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    /// Runs `run` with the batches of this epoch, and returns what it returns. Batches that it does not ask for are not waited
    /// for.
    ///
    /// # Panics
    /// Where `run` or [`map`](Self::map) panics, with their words.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 1], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// let rows = loader.epoch(1, |batches| {
    ///     batches.map(|batch| Ok(batch?.rows().to_vec())).collect::<Result<Vec<_>, mlp::Error>>()
    /// })?;
    /// assert_eq!(rows, [vec![0, 1], vec![2, 3], vec![4]]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn epoch<R>(&self, epoch: u64, run: impl FnOnce(&mut Batches<'_, T>) -> R) -> R {
        self.epoch_from(epoch, 0, run)
    }

    /// As [`epoch`](Self::epoch), from the batch `first` on, counted from 0: for an epoch that was left in its middle.
    ///
    /// # Panics
    /// Where `run` or [`map`](Self::map) panics, with their words.
    ///
    /// ```
    /// # use mlp::data::{DataLoader, Sampler};
    /// # let (x, y) = (tape::Tensor::full(&[5, 1], 1.0), tape::Tensor::full(&[5, 1], 0.0));
    /// let loader = DataLoader::new(&x, &y, Sampler::sequential(5), 2)?;
    /// let last = loader.epoch_from(1, 2, |batches| batches.next().unwrap().map(|batch| batch.rows().to_vec()))?;
    /// assert_eq!(last, [4]);
    /// assert_eq!(loader.epoch_from(1, 3, |batches| batches.count()), 0);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn epoch_from<R>(&self, epoch: u64, first: usize, run: impl FnOnce(&mut Batches<'_, T>) -> R) -> R {
        let (give_back, spare) = mpsc::channel();
        let numbers = first.min(self.n_batches())..self.n_batches();
        let assembly = Assembly {
            x: self.x.as_slice(),
            y: self.y.as_slice(),
            weights: self.weights.as_ref().map(Tensor::as_slice),
            widths: [self.x.shape()[1], self.y.shape()[1]],
            order: self.sampler.order(epoch),
            epoch,
            batch_size: self.batch_size,
            map: self.map.as_deref(),
            spare,
            give_back,
        };
        if self.ahead == 0 || numbers.len() < 2 {
            return run(&mut Batches { left: numbers.len(), source: Source::Here { assembly, numbers } });
        }
        thread::scope(|scope| {
            let left = numbers.len();
            // What is being sent and what is being assembled are ahead as well.
            let (sender, batches) = mpsc::sync_channel(self.ahead - 1);
            scope.spawn(move || feed(&assembly, numbers, &sender));
            // Here, and not outside: that the receiver is dropped ends the other thread, also where `run` panics.
            run(&mut Batches { left, source: Source::Thread(batches) })
        })
    }
}

impl Dataset {
    /// The numbers as a tensor `x: (n_rows, n_columns)`, and what is known of them as `y: (n_rows, n_outputs)`, as
    /// [`Target::values`](super::Target::values) has it.
    ///
    /// # Errors
    /// When there are categories, a number is missing or infinite, or one is too large for this precision.
    ///
    /// ```
    /// let (x, y) = mlp::data::bundled::digits().to_tensors::<f32>()?;
    /// assert_eq!((x.shape(), y.shape()), (&[1797, 64][..], &[1797, 10][..]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_tensors<T: Float>(&self) -> Result<(Tensor<T>, Tensor<T>), Error> {
        let frame = self.frame();
        if frame.n_numbers() != frame.n_columns() {
            let got = format!("{} columns of categories", frame.n_columns() - frame.n_numbers());
            return Err(Error::shape("tensors", "columns of numbers only", got));
        }
        let n_rows = self.n_rows();
        let x = Tensor::from_vec(in_precision(frame.numbers(), "tensors")?, &[n_rows, frame.n_numbers()])?;
        let y = in_precision(&self.target().values(), "tensors")?;
        Ok((x, Tensor::from_vec(y, &[n_rows, self.target().n_outputs()])?))
    }
}

/// These numbers in the precision T, which must hold them.
fn in_precision<T: Float>(numbers: &[f64], operation: &'static str) -> Result<Vec<T>, Error> {
    let number = |(place, number): (usize, &f64)| {
        let rounded = T::from_f64(*number);
        if rounded.to_f64().is_finite() {
            return Ok(rounded);
        }
        let wants = format!("numbers that are finite as {}", T::NAME);
        Err(Error::shape(operation, wants, format!("{number} at place {place}")))
    };
    numbers.iter().enumerate().map(number).collect()
}
