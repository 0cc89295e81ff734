//! The course's cost J, out of tape operations: once fused, once from primitives, once in scalars.
//!
//! `J(Θ) = -1/n ΣᵢΣₖ [y ln h + (1 - y) ln(1 - h)] + λ/2n Σ θ²`, the mean over n rows of the sum over K units,
//! with the squares of all weights and no bias. Backpropagation falls out of each by itself; the formulas
//! that a hand derivation gives stand in [`backprop`](crate::backprop), and the tests hold all against each other.

use crate::network::Leaves;
use crate::{Activation, Error, Layer, Network};
use tape::{Float, Real, Tensor, TensorProgram};

/// J of the network on rows `x: (n, n_in)` and targets `y: (n, K)` in [0, 1], with the sigmoid and the
/// logarithms in one operation that is safe at any logit. A tensor without axes, recorded if the leaves are.
///
/// # Errors
/// When the shapes do not fit, there are no rows, or a target is outside [0, 1].
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
    let z = leaves.logits(x)?;
    check_targets(z.shape()[0], z.shape()[1], y)?;
    let n = x.shape()[0];
    let entropy = z.scaled_sigmoid_cross_entropy(y, 1.0 / n as f64)?;
    with_penalty(leaves, entropy, n, lambda)
}

/// The same J written as the formula has it: sigmoid, logarithms, products and sums. It shows what the fused
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
    check_targets(z.shape()[0], z.shape()[1], y)?;
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

/// `entropy + λ/2n Σ θ²`, the entropy being that of a row.
fn with_penalty<T: Float>(
    leaves: &Leaves<T>,
    entropy: Tensor<T>,
    n: usize,
    lambda: T,
) -> Result<Tensor<T>, Error> {
    if lambda == T::from_f64(0.0) {
        return Ok(entropy);
    }
    let k = lambda.to_f64() / (2.0 * n as f64);
    Ok(entropy.add_quadratic_penalty(k, leaves.parameters(), leaves.weights())?)
}

/// J as a program of the parameters, the rows and the targets, to be run again on others of these shapes.
pub(crate) fn program<T: Float>(
    network: &Network<T>,
    x: &Tensor<T>,
    y: &Tensor<T>,
    lambda: T,
) -> Result<TensorProgram<T>, Error> {
    let mut failed = None;
    let traced = TensorProgram::trace(1, &[network.flat(), x, y], |arguments| {
        let [parameters, x, y] = arguments else { unreachable!("three were given") };
        cost(&network.leaves(parameters.clone()), x, y, lambda).map_err(|error| match error {
            Error::Tape(error) => error,
            other => {
                failed = Some(other);
                tape::Error::NotRecorded { operation: "cost" }
            }
        })
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(traced?),
    }
}

/// Whether y has a target for each of the rows and output units, and there are rows.
pub(crate) fn check_targets<T: Float>(rows: usize, units: usize, y: &Tensor<T>) -> Result<(), Error> {
    if y.shape() != [rows, units] {
        let wants = format!("a target for each row and output unit, y: {:?}", [rows, units]);
        return Err(Error::shape("cost", wants, format!("{:?}", y.shape())));
    }
    if rows == 0 {
        return Err(Error::shape("cost", "at least one row", "none"));
    }
    Ok(())
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
