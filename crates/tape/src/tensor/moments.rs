//! Variances and standard deviations over axes.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::run::{Run, change_by_group, group_sums};
use crate::{Error, Float, tape};

/// `y = Σ (x - m)² / (n - ddof)` with m the mean, `x̄ += 2 (x - m) ȳ / (n - ddof)`: the mean moves too, but Σ (x - m) is zero.
///
/// In two passes, with what the rounding of the mean does to the second taken off (Chan, Golub and LeVeque 1983, eq. 1.7).
#[derive(Clone, Debug)]
pub(crate) struct Variance {
    run: Run,
    keep: bool,
    ddof: usize,
}

impl<T: Float> Tensor<T> {
    /// The variance of all n elements, `Σ (x - mean)² / (n - ddof)`, a tensor without axes: with `ddof` 1 that of a sample,
    /// with 0 that of a population. NaN where n is not greater than `ddof`.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 2.0, 6.0], &[3])?;
    /// assert_eq!(x.var(1).item(), Ok(7.0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn var(&self, ddof: usize) -> Self {
        let variance = Variance { run: Run::whole(self.dims()), keep: false, ddof };
        apply(variance, &[self]).unwrap_or_else(|error| error.raise())
    }

    /// The [`var`](Tensor::var) over these axes, which are dropped from the shape or, with `keep`, stay with length 1.
    ///
    /// # Errors
    /// When an axis is out of range or named twice, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 3.0, 4.0, 8.0], &[2, 2])?;
    /// assert_eq!(x.var_axes(&[1], 0, false)?.to_vec(), [1.0, 4.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn var_axes(&self, axes: &[usize], ddof: usize, keep: bool) -> Result<Self, Error> {
        self.over_axes("var_axes", axes, keep, |x, run, keep| apply(Variance { run, keep, ddof }, &[x]))
    }

    /// The standard deviation of all elements, the root of [`var`](Tensor::var). Its gradient where all are equal is taken
    /// as zero.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// assert_eq!(Tensor::from_slice(&[1.0, 3.0], &[2])?.std(0).item(), Ok(1.0));
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::full(&[3], 2.0));
    /// assert_eq!(tape.sweep(&x.std(1))?.of(&x)?.to_vec(), [0.0; 3]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn std(&self, ddof: usize) -> Self {
        self.var(ddof).root_or_zero()
    }

    /// The [`std`](Tensor::std) over these axes, which are dropped from the shape or, with `keep`, stay with length 1.
    ///
    /// # Errors
    /// When an axis is out of range or named twice, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1.0, 3.0, 4.0, 8.0], &[2, 2])?;
    /// assert_eq!(x.std_axes(&[1], 0, true)?, tape::Tensor::from_slice(&[1.0, 2.0], &[2, 1])?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn std_axes(&self, axes: &[usize], ddof: usize, keep: bool) -> Result<Self, Error> {
        let variance =
            self.over_axes("std_axes", axes, keep, |x, run, keep| apply(Variance { run, keep, ddof }, &[x]));
        Ok(variance?.root_or_zero())
    }

    /// The square root, with zero for its derivatives at zero.
    #[track_caller]
    fn root_or_zero(&self) -> Self {
        // At zero the root of one, times zero: an infinite slope would make a NaN of the derivative.
        let zero = Tensor::zeros(&[]);
        (self + self.equal(&zero).expect("a number broadcasts")).sqrt()
            * self.not_equal(&zero).expect("a number broadcasts")
    }
}

impl Variance {
    fn divisor(&self, n: usize) -> f64 {
        if n > self.ddof { (n - self.ddof) as f64 } else { f64::NAN }
    }

    /// The distances of x from the means of its groups.
    fn distances<T: Float>(x: &Tensor<T>, sizes: [usize; 3]) -> Tensor<T> {
        let share = T::from_f64(1.0 / sizes[1] as f64);
        let mut means = group_sums(x.elements(), sizes);
        means.as_mut_slice().iter_mut().for_each(|mean| *mean *= share);
        Tensor::build(x.dims().clone(), |off| {
            off.copy_from_slice(x.elements());
            change_by_group(off, sizes, means.elements(), |x, mean| x - mean);
        })
    }
}

impl Operation for Variance {
    fn name(&self) -> &'static str {
        "var"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let shape = inputs[0].shape();
        let sizes = self.run.sizes(shape);
        let (n, divisor) = (sizes[1] as f64, self.divisor(sizes[1]));
        let mut off = Variance::distances(inputs[0], sizes);
        let slips = group_sums(off.elements(), sizes);
        off.as_mut_slice().iter_mut().for_each(|off| *off *= *off);
        let squares = group_sums(off.elements(), sizes);
        Tensor::try_build(self.run.reduced(shape, self.keep), |y| {
            for ((y, squares), slip) in y.iter_mut().zip(squares.elements()).zip(slips.elements()) {
                let squares = squares.to_f64() - slip.to_f64().powi(2) / n;
                // What rounding leaves of nothing may be negative.
                *y = T::from_f64(if squares < 0.0 { 0.0 } else { squares } / divisor);
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let x = at.input(0);
        let sizes = self.run.sizes(x.shape());
        let y_bar = at.cotangent.scale(2.0 / self.divisor(sizes[1]));
        if !tape::is_paused() {
            let mean = x.mean_axes(&self.run.axes(), true).expect("the axes are there");
            return (x - mean) * y_bar.spread_along(self.run, x.shape());
        }
        // The same formula without broadcasting.
        let mut x_bar = Variance::distances(x, sizes);
        change_by_group(x_bar.as_mut_slice(), sizes, y_bar.elements(), |off, y_bar| {
            if y_bar == T::default() { y_bar } else { off * y_bar }
        });
        x_bar
    }
}
