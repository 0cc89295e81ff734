//! Norms over axes.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::run::{Run, change_by_group, group_sums};
use crate::{Error, Float, Shape, kernel, nary, tape};

/// `y = (Σ |x|ᵖ)^(1/p)` for 1 < p < ∞, `x̄ += sgn x (|x| / y)^(p - 1) ȳ`, and 0 where y is: for p = 2 the subgradient of least
/// norm.
#[derive(Clone, Debug)]
pub(crate) struct Norm {
    run: Run,
    keep: bool,
    p: f64,
}

impl Norm {
    /// The norm of numbers, scaled by the greatest so that no power leaves the range.
    fn of(&self, x: impl Iterator<Item = f64> + Clone) -> f64 {
        // NaN beats all.
        let greatest =
            x.clone().fold(0.0, |most: f64, x| if most.is_nan() || x.abs() <= most { most } else { x.abs() });
        if greatest == 0.0 || !greatest.is_finite() {
            return greatest;
        }
        greatest * x.map(|x| (x.abs() / greatest).powf(self.p)).sum::<f64>().powf(1.0 / self.p)
    }
}

impl<T: Float> Tensor<T> {
    /// The p-norm of all elements, `(Σ |x|ᵖ)^(1/p)`, a tensor without axes: 2 for the Euclidean norm, 1 for the sum of the
    /// sizes, ∞ for the greatest size. None overflows or underflows on the way. At zero, where all have a kink, the gradient
    /// is taken as zero; where several are greatest in size, they get equal shares of the cotangent of the ∞-norm. 0 if
    /// there are no elements.
    ///
    /// # Errors
    /// When p is not at least 1, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let x = Tensor::from_slice(&[3.0, -4.0], &[2])?;
    /// assert_eq!((x.norm(1.0)?.item()?, x.norm(2.0)?.item()?, x.norm(f64::INFINITY)?.item()?), (7.0, 5.0, 4.0));
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::<f64>::zeros(&[2]));
    /// assert_eq!(tape.sweep(&x.norm(2.0)?)?.of(&x)?.to_vec(), [0.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn norm(&self, p: f64) -> Result<Self, Error> {
        norm("norm", self, Run::whole(self.dims()), p, false)
    }

    /// The [`norm`](Tensor::norm) over these axes, which are dropped from the shape or, with `keep`, stay with length 1.
    ///
    /// # Errors
    /// When p is not at least 1, an axis is out of range or named twice, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let x = tape::Tensor::from_slice(&[3.0, 4.0, 5.0, 12.0], &[2, 2])?;
    /// assert_eq!(x.norm_axes(2.0, &[1], false)?.to_vec(), [5.0, 13.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn norm_axes(&self, p: f64, axes: &[usize], keep: bool) -> Result<Self, Error> {
        self.over_axes("norm_axes", axes, keep, |x, run, keep| norm("norm_axes", x, run, p, keep))
    }
}

fn norm<T: Float>(
    operation: &'static str,
    x: &Tensor<T>,
    run: Run,
    p: f64,
    keep: bool,
) -> Result<Tensor<T>, Error> {
    if p.is_nan() || p < 1.0 {
        return Err(Error::Number { operation, want: "wants p of at least 1".to_owned(), got: p });
    }
    if p > 1.0 && p.is_finite() {
        return apply(Norm { run, keep, p }, &[x]);
    }
    let (axes, sizes) = (run.axes(), x.abs());
    if p == 1.0 || run.sizes(x.shape())[1] == 0 {
        return sizes.sum_axes(&axes, keep);
    }
    sizes.max_axes(&axes, keep)
}

impl Operation for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn reads(&self) -> Reads {
        Reads { inputs: [true, false, false], more: false, output: true }
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let (x, shape) = (inputs[0].elements(), inputs[0].shape());
        let sizes @ [_, middle, inner] = self.run.sizes(shape);
        let group = |group: usize| {
            let first = group / inner * middle * inner + group % inner;
            (0..middle).map(move |k| x[first + k * inner].to_f64())
        };
        if self.p != 2.0 {
            return Tensor::try_build(self.run.reduced(shape, self.keep), |y| {
                y.iter_mut().enumerate().for_each(|(k, y)| *y = T::from_f64(self.of(group(k))));
            });
        }
        let squares = if inner == 1 && middle > 0 {
            Tensor::build(Shape::new(&[sizes[0]]), |squares| {
                for (squares, row) in squares.iter_mut().zip(x.chunks_exact(middle)) {
                    *squares = kernel::sum_of_squares(row);
                }
            })
        } else {
            let each = Tensor::build(Shape::new(&[x.len()]), |each| {
                each.iter_mut().zip(x).for_each(|(square, &x)| *square = x * x);
            });
            group_sums(each.elements(), sizes)
        };
        Tensor::try_build(self.run.reduced(shape, self.keep), |y| {
            for (k, (y, &squares)) in y.iter_mut().zip(squares.elements()).enumerate() {
                *y = if (1e-30..1e30).contains(&squares.to_f64()) {
                    squares.sqrt()
                } else {
                    // A square may have left the range of numbers; so may all, which makes zeros and NaN.
                    T::from_f64(nary::norm(&group(k).collect::<Vec<_>>()))
                };
            }
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (x, y, y_bar) = (at.input(0), at.output, at.cotangent);
        if !tape::is_paused() {
            let zero = Tensor::zeros(&[]);
            let spread = |groups: &Tensor<T>| groups.spread_along(self.run, x.shape());
            let pulled = || {
                let divisor = spread(&y.add(&y.equal(&zero)?)?);
                let y_bar = spread(&y_bar.mul(&y.not_equal(&zero)?)?);
                if self.p == 2.0 {
                    return x.div(&divisor)?.mul(&y_bar);
                }
                let power = Tensor::scalar(T::from_f64(self.p - 1.0));
                x.abs().div(&divisor)?.powf(&power)?.mul(&x.signum())?.mul(&y_bar)
            };
            return pulled().expect("the shapes are those of the forward pass");
        }
        let sizes = self.run.sizes(x.shape());
        Tensor::build(x.dims().clone(), |x_bar| {
            x_bar.copy_from_slice(x.elements());
            let or_zero = |group: T, x: T| if group == T::default() { T::default() } else { x };
            change_by_group(x_bar, sizes, y.elements(), |x, y| or_zero(y, x / y));
            if self.p != 2.0 {
                for x in x_bar.iter_mut() {
                    let power = T::from_f64(x.to_f64().abs().powf(self.p - 1.0));
                    *x = power.copysign(*x);
                }
            }
            change_by_group(x_bar, sizes, y_bar.elements(), |x, y_bar| or_zero(y_bar, x * y_bar));
        })
    }
}
