//! Softmax, its logarithm, and the logarithm of a sum of exponentials; none overflows.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::run::{Run, change_by_group, group_sums};
use crate::{Error, Float, Shape, kernel, tape};

/// `y = ln Σ eˣ`, `x̄ += softmax(x) ȳ`.
#[derive(Clone, Debug)]
pub(crate) struct LogSumExp {
    run: Run,
    keep: bool,
}

/// `y = eˣ / Σ eˣ`, `x̄ += y (ȳ - Σ y ȳ)`.
#[derive(Clone, Debug)]
pub(crate) struct Softmax {
    run: Run,
}

/// `y = x - ln Σ eˣ`, `x̄ += ȳ - eʸ Σ ȳ`.
#[derive(Clone, Debug)]
pub(crate) struct LogSoftmax {
    run: Run,
}

impl<T: Float> Tensor<T> {
    /// The logarithm of the sum of the exponentials of all elements, `ln Σ eˣ`, a tensor without axes. It does not overflow.
    /// -∞ if there are no elements, or none but -∞, which then get no cotangent; ∞ where one is ∞.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[1000.0, 1000.0], &[2])?;
    /// assert_eq!(x.log_sum_exp().item()?, 1000.0 + 2.0_f64.ln());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn log_sum_exp(&self) -> Self {
        let operation = LogSumExp { run: Run::whole(self.dims()), keep: false };
        apply(operation, &[self]).unwrap_or_else(|error| error.raise())
    }

    /// The [`log_sum_exp`](Tensor::log_sum_exp) over these axes, which are dropped from the shape or, with `keep`, stay
    /// with length 1.
    ///
    /// # Errors
    /// When an axis is out of range or named twice, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[0.0, 0.0, -1000.0, 0.0], &[2, 2])?;
    /// assert_eq!(x.log_sum_exp_axes(&[1], false)?.to_vec(), [2.0_f64.ln(), 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn log_sum_exp_axes(&self, axes: &[usize], keep: bool) -> Result<Self, Error> {
        self.over_axes("log_sum_exp_axes", axes, keep, |x, run, keep| apply(LogSumExp { run, keep }, &[x]))
    }

    /// The exponentials along an axis as shares of their sum, `eˣ / Σ eˣ`, of the shape of this tensor. Nothing overflows;
    /// where all are -∞ the shares are 0, and where some are ∞ these have equal ones.
    ///
    /// # Errors
    /// When the axis is out of range, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[0.0, 3.0_f64.ln(), 1000.0, -1000.0], &[2, 2])?;
    /// assert_eq!(x.softmax(1)?.to_vec(), [0.25, 0.75, 1.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn softmax(&self, axis: usize) -> Result<Self, Error> {
        let run = Run::along("softmax", axis, self.dims())?;
        apply(Softmax { run }, &[self])
    }

    /// The logarithms of the [`softmax`](Tensor::softmax) along an axis, `x - ln Σ eˣ`, exact also where that rounds to 0
    /// or 1. -∞ for elements that are, also where all are.
    ///
    /// # Errors
    /// When the axis is out of range, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[0.0, -1000.0], &[2])?;
    /// assert_eq!(x.log_softmax(0)?.to_vec(), [0.0, -1000.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn log_softmax(&self, axis: usize) -> Result<Self, Error> {
        let run = Run::along("log_softmax", axis, self.dims())?;
        apply(LogSoftmax { run }, &[self])
    }
}

/// What all are made of.
struct Exponentials<T: Float> {
    sizes: [usize; 3],
    /// The greatest of each group, -∞ of an empty one.
    greatest: Tensor<T>,
    /// x less the greatest of its group; 0 for the greatest also where that is ∞, and -∞ where it is -∞.
    below: Tensor<T>,
    /// e to that.
    powers: Tensor<T>,
    /// The sum of those in each group: at least 1, but 0 where all are -∞.
    sums: Tensor<T>,
}

impl<T: Float> Exponentials<T> {
    fn of(x: &Tensor<T>, run: Run) -> Self {
        let sizes = run.sizes(x.shape());
        let groups = Shape::new(&[sizes[0] * sizes[2]]);
        let greatest = Tensor::build(groups, |most| greatest(x.elements(), sizes, most));
        let nothing = T::from_f64(f64::NEG_INFINITY);
        let below = Tensor::build(x.dims().clone(), |below| {
            below.copy_from_slice(x.elements());
            change_by_group(below, sizes, greatest.elements(), |x, most| {
                let below = if x == most { T::default() } else { x - most };
                if most == nothing { nothing } else { below }
            });
        });
        let powers = Tensor::build(x.dims().clone(), |powers| kernel::exp(below.elements(), powers));
        let sums = group_sums(powers.elements(), sizes);
        Exponentials { sizes, greatest, below, powers, sums }
    }

    /// The powers as shares of their sums.
    fn shares(mut self) -> Tensor<T> {
        change_by_group(self.powers.as_mut_slice(), self.sizes, self.sums.elements(), |power, sum| {
            if sum == T::default() { T::default() } else { power / sum }
        });
        self.powers
    }

    /// The logarithms of the sums. Where one is hardly more than the 1 of the greatest, by the rest alone.
    fn logarithms(&self) -> Tensor<T> {
        let [_, middle, inner] = self.sizes;
        let (below, powers) = (self.below.elements(), self.powers.elements());
        Tensor::build(self.sums.dims().clone(), |logarithms| {
            kernel::ln(self.sums.elements(), logarithms);
            for (group, (logarithm, sum)) in logarithms.iter_mut().zip(self.sums.elements()).enumerate() {
                if (1.0..1.25).contains(&sum.to_f64()) {
                    let first = group / inner * middle * inner + group % inner;
                    let places = (first..first + middle * inner).step_by(inner);
                    // Less than 2 means that only one is the greatest.
                    let rest = places.filter(|&place| below[place] != T::default());
                    *logarithm = T::from_f64(rest.map(|place| powers[place].to_f64()).sum::<f64>().ln_1p());
                }
            }
        })
    }
}

/// The greatest of each group, -∞ of an empty one, NaN of one with a NaN.
fn greatest<T: Float>(x: &[T], [_, middle, inner]: [usize; 3], most: &mut [T]) {
    most.fill(T::from_f64(f64::NEG_INFINITY));
    if x.is_empty() {
        return;
    }
    if inner > 1 {
        for (block, most) in x.chunks_exact(middle * inner).zip(most.chunks_exact_mut(inner)) {
            for row in block.chunks_exact(inner) {
                most.iter_mut().zip(row).for_each(|(most, &x)| *most = greater(*most, x));
            }
        }
        return;
    }
    for (row, most) in x.chunks_exact(middle).zip(most) {
        // Several at a time: one after the other each would wait for the one before.
        let (sixteens, rest) = row.as_chunks::<16>();
        let (fours, rest) = rest.as_chunks::<4>();
        *most = rest.iter().fold(abreast(fours, abreast(sixteens, *most)), |most, &x| greater(most, x));
    }
}

/// The greatest of `most` and of rows of so many, that many at a time.
#[inline(always)]
fn abreast<T: Float, const N: usize>(rows: &[[T; N]], most: T) -> T {
    let Some((first, others)) = rows.split_first() else { return most };
    let mut lanes = *first;
    for row in others {
        for (most, &x) in lanes.iter_mut().zip(row) {
            *most = greater(*most, x);
        }
    }
    lanes.iter().fold(most, |most, &x| greater(most, x))
}

/// The greater of two, NaN if one is.
#[inline(always)]
fn greater<T: Float>(a: T, b: T) -> T {
    if b > a || b.to_f64().is_nan() { b } else { a }
}

impl Operation for LogSumExp {
    fn name(&self) -> &'static str {
        "log_sum_exp"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let exponentials = Exponentials::of(inputs[0], self.run);
        let mut y = exponentials.logarithms();
        for (y, &most) in y.as_mut_slice().iter_mut().zip(exponentials.greatest.elements()) {
            *y += most;
        }
        Ok(y.reshaped(self.run.reduced(inputs[0].shape(), self.keep)))
    }

    // Not e^(x - y), which is as far off as y is rounded; shares of their own sum are not.
    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (x, y_bar) = (at.input(0), at.cotangent);
        if !tape::is_paused() {
            let shares = apply(Softmax { run: self.run }, &[x]).expect("it has the shape of x");
            return shares * y_bar.spread_along(self.run, x.shape());
        }
        let mut x_bar = Exponentials::of(x, self.run).shares();
        change_by_group(x_bar.as_mut_slice(), self.run.sizes(x.shape()), y_bar.elements(), |share, y_bar| {
            if y_bar == T::default() { y_bar } else { share * y_bar }
        });
        x_bar
    }
}

impl Operation for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn reads(&self) -> Reads {
        Reads { output: true, ..Reads::NOTHING }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        Ok(Exponentials::of(inputs[0], self.run).shares())
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (y, y_bar) = (at.output, at.cotangent);
        let mut weighted = y * y_bar;
        if !tape::is_paused() {
            let sums = weighted.sum_axes(&self.run.axes(), true).expect("the axes are there");
            return weighted - y * sums;
        }
        let sizes = self.run.sizes(y.shape());
        let sums = group_sums(weighted.elements(), sizes);
        weighted.as_mut_slice().copy_from_slice(y_bar.elements());
        change_by_group(weighted.as_mut_slice(), sizes, sums.elements(), |y_bar, sum| y_bar - sum);
        weighted.as_mut_slice().iter_mut().zip(y.elements()).for_each(|(bar, &y)| *bar *= y);
        weighted
    }
}

impl Operation for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn reads(&self) -> Reads {
        Reads { output: true, ..Reads::NOTHING }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let exponentials = Exponentials::of(inputs[0], self.run);
        let logarithms = exponentials.logarithms();
        let mut y = exponentials.below;
        let nothing = T::from_f64(f64::NEG_INFINITY);
        change_by_group(y.as_mut_slice(), exponentials.sizes, logarithms.elements(), |below, logarithm| {
            if below == nothing { below } else { below - logarithm }
        });
        Ok(y)
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (y, y_bar) = (at.output, at.cotangent);
        if !tape::is_paused() {
            let sums = y_bar.sum_axes(&self.run.axes(), true).expect("the axes are there");
            return y_bar - y.exp() * sums;
        }
        let sizes = self.run.sizes(y.shape());
        let sums = group_sums(y_bar.elements(), sizes);
        let mut x_bar = y.exp();
        change_by_group(x_bar.as_mut_slice(), sizes, sums.elements(), |share, sum| share * sum);
        x_bar
            .as_mut_slice()
            .iter_mut()
            .zip(y_bar.elements())
            .for_each(|(x_bar, &y_bar)| *x_bar = y_bar - *x_bar);
        x_bar
    }
}
