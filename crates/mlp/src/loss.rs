//! Losses, and the course's cost J out of tape operations: once fused, once from primitives, once in scalars.
//!
//! `J(Θ) = -1/n ΣᵢΣₖ [y ln h + (1 - y) ln(1 - h)] + λ/2n Σ θ²`, the mean over n rows of the sum over K units,
//! with the squares of all weights and no bias. Backpropagation falls out of each by itself; the formulas
//! that a hand derivation gives stand in [`backprop`](crate::backprop), and the tests hold all against each other.

use crate::network::Leaves;
use crate::objective::check_targets;
use crate::optimizer::within;
use crate::{Activation, Error, Layer, Objective, Output, Rows};
use serde::{Deserialize, Serialize};
use tape::{Float, Real, Tensor};

/// The loss ℓ of a row, as the mean over n rows that J has; where rows have weights, each is multiplied by its own.
///
/// ```
/// use mlp::{Loss, Output};
/// use tape::Tensor;
/// let (z, y) = (Tensor::from_slice(&[1.0, 2.0], &[2, 1])?, Tensor::from_slice(&[1.0, 5.0], &[2, 1])?);
/// let loss = Loss::SquaredError.of_logits(Output::Identity, &z, &y, None)?;
/// assert_eq!(loss.item()?, (0.0 + 9.0) / (2.0 * 2.0));
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Loss {
    /// `-Σₖ [yₖ ln σ(zₖ) + (1 - yₖ) ln (1 - σ(zₖ))]` for targets in [0, 1]: the course's, of K units that answer apart, be
    /// they classes or labels of which several may hold.
    SigmoidCrossEntropy,
    /// `-Σₖ yₖ ln softmax(z)ₖ` for targets in [0, 1] (Bishop 2006, equation 4.108); a class is a row with one 1.
    SoftmaxCrossEntropy,
    /// `1/2 Σₖ (hₖ - yₖ)²`: the course's J of linear regression.
    SquaredError,
    /// `Σₖ` of `r²/2` where `|r| ≤ delta`, else of `delta (|r| - delta/2)`, r being `hₖ - yₖ` (Huber 1964).
    Huber {
        /// From where on it is straight; above 0.
        delta: f64,
    },
}

impl Loss {
    /// The name by which files and flags know it.
    ///
    /// ```
    /// assert_eq!(mlp::Loss::Huber { delta: 1.0 }.name(), "huber");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Loss::SigmoidCrossEntropy => "sigmoid_cross_entropy",
            Loss::SoftmaxCrossEntropy => "softmax_cross_entropy",
            Loss::SquaredError => "squared_error",
            Loss::Huber { .. } => "huber",
        }
    }

    /// The mean of the loss over the rows of logits `z: (n, K)`, `h` being what the output makes of them, with targets
    /// `y: (n, K)` and, where rows have weights, `weights: (n, 1)`: `1/n Σᵢ wᵢ ℓᵢ`. A tensor without axes. The
    /// cross-entropies are computed from the logits, so that they are right and finite where h rounds to 0 or 1.
    ///
    /// # Errors
    /// When the shapes do not fit, a target of a cross-entropy is outside [0, 1], a cross-entropy is that of another output,
    /// or delta is not above 0.
    ///
    /// ```
    /// use mlp::{Loss, Output};
    /// use tape::Tensor;
    /// // Utterly sure, and wrong: the loss is the difference of the logits, not an infinity.
    /// let (z, y) = (Tensor::from_slice(&[1000.0, 0.0], &[1, 2])?, Tensor::from_slice(&[0.0, 1.0], &[1, 2])?);
    /// assert_eq!(Loss::SoftmaxCrossEntropy.of_logits(Output::Softmax, &z, &y, None)?.item()?, 1000.0);
    /// assert!(Loss::SoftmaxCrossEntropy.of_logits(Output::Sigmoid, &z, &y, None).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn of_logits<T: Float>(
        self,
        output: Output,
        z: &Tensor<T>,
        y: &Tensor<T>,
        weights: Option<&Tensor<T>>,
    ) -> Result<Tensor<T>, Error> {
        check_targets([z.shape()[0], z.shape()[1]], output, &Rows { x: z, y, weights })?;
        let of_another = match self {
            Loss::SigmoidCrossEntropy => output != Output::Sigmoid,
            Loss::SoftmaxCrossEntropy => output != Output::Softmax,
            Loss::SquaredError | Loss::Huber { .. } => false,
        };
        if of_another {
            let wants = "the cross-entropy of the output, a squared error or Huber's";
            let got = format!("{} for the output {}", self.name(), output.name());
            return Err(Error::Setting { setting: "loss", wants, got });
        }
        let per_row = 1.0 / z.shape()[0] as f64;
        // The mean over rows of these terms, each row times its weight.
        let weighted = |terms: Tensor<T>| match weights {
            Some(weights) => Ok(terms.mul(weights)?.sum().scale(per_row)),
            None => Ok::<_, Error>(terms.sum().scale(per_row)),
        };
        match (self, weights) {
            (Loss::SigmoidCrossEntropy, None) => Ok(z.scaled_sigmoid_cross_entropy(y, per_row)?),
            (Loss::SigmoidCrossEntropy, Some(_)) => weighted(z.softplus() - y * z),
            (Loss::SoftmaxCrossEntropy, None) => Ok(z.soft_cross_entropy_logits(y)?),
            (Loss::SoftmaxCrossEntropy, Some(_)) => weighted(-(z.log_softmax(1)? * y)),
            (Loss::SquaredError, _) => {
                let off = output.apply(z)? - y;
                match weights {
                    Some(_) => weighted((&off * &off).scale(0.5)),
                    None => Ok(off.sum_of_squares().scale(0.5 * per_row)),
                }
            }
            (Loss::Huber { delta }, _) => {
                self.checked()?;
                let off = output.apply(z)? - y;
                let bound = |delta| Tensor::scalar(T::from_f64(delta));
                let near = off.clamp(&bound(-delta), &bound(delta))?;
                // One product for both pieces: within the bounds r (r - r/2), and beyond ±delta (r ∓ delta/2).
                weighted(&near * (&off - near.scale(0.5)))
            }
        }
    }

    pub(crate) fn checked(self) -> Result<(), Error> {
        match self {
            Loss::Huber { delta } => {
                within("delta", "a finite number above 0", delta, delta.is_finite() && delta > 0.0)
            }
            _ => Ok(()),
        }
    }
}

/// J of the network on rows `x: (n, n_in)` and targets `y: (n, K)`: the [loss of its output](Output::loss), for K sigmoids
/// the course's, and `λ/2n Σ θ²`. The sigmoid and the logarithms are one operation that is safe at any logit. A tensor
/// without axes, recorded if the leaves are. [`Objective`] has other losses and penalties.
///
/// # Errors
/// When the shapes do not fit, there are no rows, or a target of a cross-entropy is outside [0, 1].
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Network, loss};
/// use tape::{Tape, Tensor};
/// let network = Network::from_parameters(&[1, 1], vec![1000.0, 0.0])?;
/// let tape = Tape::begin();
/// let leaves = network.record(&tape);
/// // A unit that is utterly sure, and wrong: the cost is its logit, not an infinity.
/// let j = loss::cost(&leaves, &Tensor::full(&[1, 1], 1.0), &Tensor::full(&[1, 1], 0.0), 0.0)?;
/// assert_eq!(j.item()?, 1000.0);
/// # Ok(())
/// # }
/// ```
pub fn cost<T: Float>(
    leaves: &Leaves<T>,
    x: &Tensor<T>,
    y: &Tensor<T>,
    lambda: T,
) -> Result<Tensor<T>, Error> {
    Objective::l2(lambda.to_f64()).cost(leaves, (x, y))
}

/// The course's J written as its formula has it, for K sigmoids whatever the output: sigmoid, logarithms, products and sums. It shows what the fused
/// operation computes, and overflows where a unit is sure and wrong; train with [`cost`].
///
/// # Errors
/// When the shapes do not fit or there are no rows.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Network, loss};
/// use tape::{Tape, Tensor};
/// let network = Network::from_parameters(&[1, 1], vec![0.5_f64, 0.0])?;
/// let tape = Tape::begin();
/// let leaves = network.record(&tape);
/// let (x, y) = (Tensor::full(&[2, 1], 1.0), Tensor::full(&[2, 1], 1.0));
/// let difference = loss::cost_from_primitives(&leaves, &x, &y, 1.0)? - loss::cost(&leaves, &x, &y, 1.0)?;
/// assert!(difference.item()?.abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
pub fn cost_from_primitives<T: Float>(
    leaves: &Leaves<T>,
    x: &Tensor<T>,
    y: &Tensor<T>,
    lambda: T,
) -> Result<Tensor<T>, Error> {
    // The shapes are checked by the forward propagation that the fused form uses.
    let z = tape::unrecorded(|| leaves.logits(x))?;
    check_targets([z.shape()[0], z.shape()[1]], leaves.output(), &Rows { x, y, weights: None })?;
    let one = Tensor::scalar(T::from_f64(1.0));
    let mut h = x.clone();
    let layers = leaves.layers()?;
    for (l, [theta, bias]) in layers.iter().enumerate() {
        let activation = if l + 1 < layers.len() { leaves.activation() } else { Activation::Sigmoid };
        h = activation.apply(&h.matmul(theta.t())?.add(bias)?);
    }
    let terms = y * h.ln() + (&one - y) * (&one - &h).ln();
    let mut j = (-terms.sum()).scale(1.0 / x.shape()[0] as f64);
    for [theta, _] in &layers {
        j = j.add(&(theta * theta).sum().scale(lambda.to_f64() / (2.0 * x.shape()[0] as f64)))?;
    }
    Ok(j)
}

/// The same J once more, in scalars: for any [`Real`], so that it can be differentiated number by number.
/// `parameters` are flat as those of a network, `x: (n, n_in)` and `y: (n, K)` row-major.
///
/// # Errors
/// When a length does not fit or there are no rows.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// // One input, one unit: θ = 0, b = 0, so h = ½ for both rows.
/// let j = mlp::loss::cost_in_scalars(&[1, 1], &[0.0, 0.0], &[1.0, 2.0], &[1.0, 0.0], 0.0)?;
/// assert_eq!(j, 2.0_f64.ln());
/// # Ok(())
/// # }
/// ```
pub fn cost_in_scalars<R: Real>(
    sizes: &[usize],
    parameters: &[R],
    x: &[f64],
    y: &[f64],
    lambda: f64,
) -> Result<R, Error> {
    let layers = Layer::stack(sizes);
    let (Some(first), Some(last)) = (layers.first(), layers.last()) else {
        return Err(Error::shape("cost", "at least two layer sizes", format!("{sizes:?}")));
    };
    if sizes.contains(&0) {
        return Err(Error::shape("cost", "layer sizes from 1 up", format!("{sizes:?}")));
    }
    if parameters.len() != last.bias.end {
        return Err(Error::shape(
            "cost",
            format!("{} parameters", last.bias.end),
            parameters.len().to_string(),
        ));
    }
    let n = x.len() / first.n_in.max(1);
    if n == 0 || x.len() != n * first.n_in || y.len() != n * last.n_out {
        let wants = format!("rows of {} inputs and {} targets", first.n_in, last.n_out);
        return Err(Error::shape("cost", wants, format!("{} and {} numbers", x.len(), y.len())));
    }
    let mut entropy = R::from_f64(0.0);
    for (x, y) in x.chunks_exact(first.n_in).zip(y.chunks_exact(last.n_out)) {
        let mut a: Vec<R> = x.iter().map(|&x| R::from_f64(x)).collect();
        for layer in &layers {
            let theta = parameters[layer.theta.clone()].chunks_exact(layer.n_in);
            let unit = |(theta, &bias): (&[R], &R)| {
                let weighted: R = theta.iter().zip(&a).map(|(&theta, &a)| theta * a).sum();
                (weighted + bias).sigmoid()
            };
            a = theta.zip(&parameters[layer.bias.clone()]).map(unit).collect();
        }
        for (&h, &y) in a.iter().zip(y) {
            // A term whose factor is zero is left out, as its logarithm may be infinite.
            if y != 0.0 {
                entropy -= h.ln().scale(y);
            }
            if y != 1.0 {
                entropy -= (R::from_f64(1.0) - h).ln().scale(1.0 - y);
            }
        }
    }
    let weights = layers.iter().flat_map(|layer| &parameters[layer.theta.clone()]);
    let squares: R = weights.map(|&theta| theta * theta).sum();
    Ok(entropy.scale(1.0 / n as f64) + squares.scale(lambda / (2.0 * n as f64)))
}
