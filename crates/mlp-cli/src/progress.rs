//! What is shown while a network learns.

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::output::Output;

/// About how many lines a training shows.
const LINES: usize = 10;

/// A bar on standard error where that is a terminal, and about ten lines on standard output anyway.
pub(crate) struct Progress<'a> {
    bar: ProgressBar,
    output: &'a mut Output,
    epochs: usize,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(epochs: usize, output: &'a mut Output) -> Result<Self, Failure> {
        let bar = ProgressBar::new(epochs as u64);
        let style = ProgressStyle::with_template("{bar:40} epoch {pos}/{len}, {eta} left");
        bar.set_style(style.expect("the template is one"));
        output.line(format_args!("{:>6} {:>10} {:>10} {:>10}", "epoch", "J", "training", "held out"))?;
        Ok(Self { bar, output, epochs })
    }

    /// Whether an epoch gets a line: the first, the last and about eight between, evenly spaced.
    pub(crate) fn gets_line(&self, epoch: usize) -> bool {
        let lines = |epoch: usize| epoch as u128 * LINES as u128 / self.epochs as u128;
        epoch == 1 || epoch == self.epochs || lines(epoch) > lines(epoch - 1)
    }

    pub(crate) fn line(
        &mut self,
        epoch: usize,
        cost: f64,
        training: f64,
        held_out: f64,
    ) -> Result<(), Failure> {
        let output = &mut *self.output;
        self.bar.suspend(|| {
            output.line(format_args!("{epoch:>6} {cost:>10.4} {training:>10.4} {held_out:>10.4}"))
        })
    }

    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_ten_epochs_get_a_line() {
        for epochs in [1, 2, 7, 10, 11, 99, 100, 12345] {
            let mut output = Output::new();
            let progress = Progress { bar: ProgressBar::hidden(), output: &mut output, epochs };
            let lines = (1..=epochs).filter(|epoch| progress.gets_line(*epoch)).count();
            assert!((epochs.min(10)..=11).contains(&lines), "{epochs}: {lines}");
            assert!(progress.gets_line(1) && progress.gets_line(epochs));
        }
    }
}
