//! Who is told how a training goes, and may end it.

use super::{Epoch, Report};
use crate::{Error, Network};
use serde::Serialize;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tape::Float;

/// One who is told how a training goes: after each step, after each epoch, at the end. An
/// [`Arc<AtomicBool>`](std::sync::atomic::AtomicBool) is one: training ends after the step in which it was set, from wherever.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{End, Network, Observer, Progress, Training};
/// use std::ops::ControlFlow;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use tape::Tensor;
///
/// struct Counter<'a>(&'a mut u64);
/// impl Observer<f64> for Counter<'_> {
///     fn step(&mut self, _: &Progress) -> Result<ControlFlow<()>, mlp::Error> {
///         *self.0 += 1;
///         Ok(ControlFlow::Continue(()))
///     }
/// }
///
/// let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
/// let mut network = Network::new(&[1, 1], 0)?;
/// let mut steps = 0;
/// let training = Training { epochs: 3, batch_size: Some(4), ..Training::default() };
/// training.start(&mut network, (&x, &y))?.observe(Counter(&mut steps)).finish()?;
/// assert_eq!(steps, 6);
///
/// let stop = Arc::new(AtomicBool::new(true)); // from another thread, or a signal
/// let report = training.start(&mut network, (&x, &y))?.observe(stop).finish()?;
/// assert_eq!((report.end, report.steps), (End::Observer, 1));
/// # Ok(())
/// # }
/// ```
pub trait Observer<T: Float = f64> {
    /// After a step. A break ends the training there.
    ///
    /// # Errors
    /// Whatever should end the training with an error.
    fn step(&mut self, progress: &Progress) -> Result<ControlFlow<()>, Error> {
        let _ = progress;
        Ok(ControlFlow::Continue(()))
    }

    /// After an epoch, with the network as it is then. A break ends the training there.
    ///
    /// # Errors
    /// Whatever should end the training with an error.
    fn epoch(&mut self, epoch: &Epoch, network: &Network<T>) -> Result<ControlFlow<()>, Error> {
        let _ = (epoch, network);
        Ok(ControlFlow::Continue(()))
    }

    /// At the end.
    ///
    /// # Errors
    /// Whatever should be an error of the training.
    fn end(&mut self, report: &Report) -> Result<(), Error> {
        let _ = report;
        Ok(())
    }
}

/// How far a training has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// How many epochs there are at most.
    pub epochs: usize,
    /// The number of the step in this epoch, from 1.
    pub step: usize,
    /// How many steps an epoch has.
    pub steps: usize,
    /// J of the rows of this step, before it.
    pub cost: f64,
}

impl<T: Float> Observer<T> for Arc<AtomicBool> {
    fn step(&mut self, _: &Progress) -> Result<ControlFlow<()>, Error> {
        Ok(match self.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

impl<T: Float, O: Observer<T> + ?Sized> Observer<T> for Box<O> {
    fn step(&mut self, progress: &Progress) -> Result<ControlFlow<()>, Error> {
        (**self).step(progress)
    }

    fn epoch(&mut self, epoch: &Epoch, network: &Network<T>) -> Result<ControlFlow<()>, Error> {
        (**self).epoch(epoch, network)
    }

    fn end(&mut self, report: &Report) -> Result<(), Error> {
        (**self).end(report)
    }
}

/// A function that is told of epochs.
pub(super) struct OnEpoch<F>(pub(super) F);

impl<T: Float, F: FnMut(&Epoch, &Network<T>) -> ControlFlow<()>> Observer<T> for OnEpoch<F> {
    fn epoch(&mut self, epoch: &Epoch, network: &Network<T>) -> Result<ControlFlow<()>, Error> {
        Ok((self.0)(epoch, network))
    }
}

/// An observer that writes a line of JSON after each epoch, and one at the end: `{"epoch":1,"cost":…,"held_out":…,
/// "learning_rate":…,"seconds":…}`, null where there is no such number.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{JsonLines, Network, Training};
/// use tape::Tensor;
/// let (x, y) = (Tensor::full(&[8, 1], 1.0), Tensor::full(&[8, 1], 1.0));
/// let mut network = Network::<f64>::new(&[1, 1], 0)?;
/// let mut lines = Vec::new();
/// let training = Training { epochs: 2, ..Training::default() };
/// training.start(&mut network, (&x, &y))?.observe(JsonLines::new(&mut lines)).finish()?;
/// let lines = String::from_utf8(lines).expect("JSON is text");
/// assert!(lines.starts_with("{\"epoch\":1,\"cost\":") && lines.lines().count() == 3);
/// assert!(lines.lines().last().is_some_and(|line| line.starts_with("{\"end\":\"epochs\",\"epochs\":2,\"steps\":2")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct JsonLines<W> {
    to: W,
    start: Instant,
}

impl<W: Write> JsonLines<W> {
    /// The observer that writes there; each line is flushed.
    ///
    /// ```
    /// let _to_memory = mlp::JsonLines::new(Vec::new());
    /// ```
    pub fn new(to: W) -> Self {
        JsonLines { to, start: Instant::now() }
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let mut line = serde_json::to_vec(line).expect("numbers and names are JSON");
        line.push(b'\n');
        let written = self.to.write_all(&line).and_then(|()| self.to.flush());
        written.map_err(|source| Error::Write { path: "the history".into(), source })
    }
}

impl<T: Float, W: Write> Observer<T> for JsonLines<W> {
    fn epoch(&mut self, epoch: &Epoch, _: &Network<T>) -> Result<ControlFlow<()>, Error> {
        #[derive(Serialize)]
        struct Line {
            epoch: usize,
            cost: f64,
            held_out: Option<f64>,
            learning_rate: Option<f64>,
            seconds: f64,
        }
        let Epoch { number, cost, held_out, learning_rate } = *epoch;
        let seconds = self.start.elapsed().as_secs_f64();
        self.write(&Line { epoch: number, cost, held_out, learning_rate, seconds })?;
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, report: &Report) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            end: super::End,
            epochs: usize,
            steps: u64,
            best_epoch: &'a Option<usize>,
            seconds: f64,
        }
        let Report { end, ref history, steps, ref best_epoch, .. } = *report;
        let seconds = self.start.elapsed().as_secs_f64();
        self.write(&Line { end, epochs: history.len(), steps, best_epoch, seconds })
    }
}
