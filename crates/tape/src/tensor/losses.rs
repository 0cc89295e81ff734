//! Losses: the cross-entropy of a softmax, squares, and Huber's.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::run::{Run, change_by_group, group_sums};
use crate::{Error, Float, Shape, kernel, tape};

/// `y = -k Σ t ln softmax(z)` with k one over the number of rows, `z̄ += k (softmax(z) Σ t - t) ȳ`, `t̄ += -k ln softmax(z) ȳ`.
#[derive(Clone, Debug)]
pub(crate) struct SoftmaxCrossEntropy;

impl<T: Float> Tensor<T> {
    /// The cross-entropy of the softmax of these logits against the class of each row, `-ln softmax(z)[class]`, as the mean
    /// over all rows: a tensor without axes. A row is what lies along the last axis, so logits `(rows, classes)` want as many
    /// classes as rows. Nothing overflows, and no digits are lost at any logit; NaN if there are no rows.
    ///
    /// # Errors
    /// When the logits have no axes, there is not one class a row or it is not below the number of classes, or the tensor
    /// is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let logits = tape::Tensor::from_slice(&[0.0, 0.0, 1000.0, 0.0], &[2, 2])?;
    /// assert_eq!(logits.cross_entropy_logits(&[1, 0])?.item()?, 2.0_f64.ln() / 2.0);
    /// assert_eq!(logits.cross_entropy_logits(&[1, 1])?.item()?, (2.0_f64.ln() + 1000.0) / 2.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cross_entropy_logits(&self, classes: &[usize]) -> Result<Self, Error> {
        let operation = "cross_entropy_logits";
        let [axis, rows, count] = rows(operation, self)?;
        if classes.len() != rows {
            let want = format!("wants a class for each row of {:?}", self.dims());
            return Err(Error::Length { operation, want, got: classes.len() });
        }
        if let Some(&class) = classes.iter().find(|&&class| class >= count) {
            let want = format!("wants classes below {count}");
            return Err(Error::Index { operation, want, got: class });
        }
        let places = classes.iter().enumerate().map(|(row, class)| row * count + class).collect();
        let chosen = self.log_softmax(axis)?.pick(places, Shape::new(&[rows]))?;
        Ok(chosen.sum().scale(-1.0 / rows as f64))
    }

    /// The cross-entropy of the softmax of these logits against probabilities, `-Σ t ln softmax(z)` along the last axis, as
    /// the mean over all rows: a tensor without axes. As [`cross_entropy_logits`](Tensor::cross_entropy_logits) where the
    /// targets are not one class for certain; they are differentiated too, and need not sum to one.
    ///
    /// # Errors
    /// When the logits have no axes, the shapes differ, a target is not in [0, 1], or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let logits = Tensor::from_slice(&[0.0, 3.0_f64.ln()], &[1, 2])?;
    /// let targets = Tensor::from_slice(&[0.5, 0.5], &[1, 2])?;
    /// let want = -0.5 * (0.25_f64.ln() + 0.75_f64.ln());
    /// assert!((logits.soft_cross_entropy_logits(&targets)?.item()? - want).abs() < 1e-15);
    /// # Ok(())
    /// # }
    /// ```
    pub fn soft_cross_entropy_logits(&self, targets: &Tensor<T>) -> Result<Self, Error> {
        apply(SoftmaxCrossEntropy, &[self, targets])
    }

    /// The mean of the squared differences from `targets`, a tensor without axes; NaN if there are none.
    ///
    /// # Errors
    /// When the shapes differ, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let (h, targets) = (Tensor::from_slice(&[1.0, 2.0], &[2])?, Tensor::from_slice(&[1.0, 5.0], &[2])?);
    /// assert_eq!(h.mse(&targets)?.item(), Ok(4.5));
    /// # Ok(())
    /// # }
    /// ```
    pub fn mse(&self, targets: &Tensor<T>) -> Result<Self, Error> {
        let off = self.difference("mse", targets)?;
        Ok(off.sum_of_squares().scale(1.0 / self.len() as f64))
    }

    /// The mean of Huber's loss of the differences r from `targets` (Huber 1964, "Robust estimation of a location
    /// parameter"), a tensor without axes: `r² / 2` up to `delta`, and from there on straight, `delta (|r| - delta / 2)`.
    /// NaN if there are no elements.
    ///
    /// # Errors
    /// When the shapes differ, `delta` is not greater than 0, or a tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let (h, targets) = (Tensor::from_slice(&[1.0, 2.0], &[2])?, Tensor::from_slice(&[1.5, 5.0], &[2])?);
    /// assert_eq!(h.huber(&targets, 1.0)?.item(), Ok((0.125 + 2.5) / 2.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn huber(&self, targets: &Tensor<T>, delta: f64) -> Result<Self, Error> {
        if delta.is_nan() || delta <= 0.0 {
            let want = "wants a delta greater than 0".to_owned();
            return Err(Error::Number { operation: "huber", want, got: delta });
        }
        let off = self.difference("huber", targets)?;
        let bound = |delta| Tensor::scalar(T::from_f64(delta));
        let near = off.clamp(&bound(-delta), &bound(delta))?;
        // One product for both pieces: within the bounds r (r - r/2), and beyond ±delta (r ∓ delta/2).
        Ok((&near * (&off - near.scale(0.5))).mean())
    }

    /// This tensor less another of the same shape. Broadcasting is no friend of losses: `(n, 1)` less `(n)` is `(n, n)`.
    fn difference(&self, operation: &'static str, targets: &Tensor<T>) -> Result<Self, Error> {
        if self.dims() != targets.dims() {
            let want = "values and targets must have one shape";
            return Err(Error::shape(operation, want, &[self.dims(), targets.dims()]));
        }
        self.sub(targets)
    }
}

/// The last axis, how many rows lie along it, and how long they are.
fn rows<T: Float>(operation: &'static str, logits: &Tensor<T>) -> Result<[usize; 3], Error> {
    match logits.shape() {
        [] => Err(Error::shape(operation, "wants logits with an axis of classes", &[logits.shape()])),
        [outer @ .., classes] => Ok([outer.len(), outer.iter().product(), *classes]),
    }
}

impl Operation for SoftmaxCrossEntropy {
    fn name(&self) -> &'static str {
        "soft_cross_entropy_logits"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (z, targets) = (inputs[0], inputs[1]);
        let [axis, rows, _] = rows(self.name(), z)?;
        if z.dims() != targets.dims() {
            let want = "logits and targets must have one shape";
            return Err(Error::shape(self.name(), want, &[z.dims(), targets.dims()]));
        }
        let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
        let fits = |t: &T| (*t >= zero) & (*t <= one);
        // Counted, not searched for: without a branch it is a few vector instructions. A NaN does not fit.
        let misfits: u32 = targets.elements().iter().map(|t| u32::from(!fits(t))).sum();
        if misfits > 0 {
            let wrong = targets.elements().iter().copied().find(|t| !fits(t)).unwrap_or(zero);
            let want = format!("targets must lie in [0, 1], there is a {wrong} among those of shape");
            return Err(Error::shape(self.name(), want, &[targets.dims()]));
        }
        let mut terms = z.unhandled().log_softmax(axis)?;
        for (term, &t) in terms.as_mut_slice().iter_mut().zip(targets.elements()) {
            // What is certain not to be costs nothing, though its logarithm be -∞.
            *term = if t == T::default() { t } else { *term * t };
        }
        let total = kernel::sum(terms.elements()) * T::from_f64(-1.0 / rows as f64);
        Tensor::try_build(Shape::new(&[]), |y| y[0] = total)
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let (z, t) = (at.input(0), at.input(1));
        let [axis, rows, _] = rows(self.name(), z).expect("the forward pass found an axis");
        let y_bar = at.cotangent.scale(1.0 / rows as f64);
        let pulled = || match argument {
            0 if tape::is_paused() => {
                let run = Run::along(self.name(), axis, z.dims())?;
                let sizes = run.sizes(z.shape());
                let totals = group_sums(t.elements(), sizes);
                let mut z_bar = z.softmax(axis)?;
                change_by_group(z_bar.as_mut_slice(), sizes, totals.elements(), |share, total| share * total);
                let factor = y_bar.elements()[0];
                for (z_bar, &t) in z_bar.as_mut_slice().iter_mut().zip(t.elements()) {
                    *z_bar = (*z_bar - t) * factor;
                }
                Ok(z_bar)
            }
            0 => Ok((z.softmax(axis)? * t.sum_axes(&[axis], true)? - t) * &y_bar),
            _ => {
                let pulled = z.log_softmax(axis)? * -&y_bar;
                if tape::is_paused() { y_bar.gate(&pulled) } else { Ok(pulled) }
            }
        };
        pulled().expect("the shapes are those of the forward pass")
    }
}
