//! What training makes small: a loss of the rows, penalties of the weights, and units left out by chance.

use crate::network::Leaves;
use crate::optimizer::within;
use crate::{Error, Loss, Network, Output};
use serde::{Deserialize, Serialize};
use tape::{Float, Tensor, TensorProgram};

/// What training makes small: `J(Θ) = 1/n Σᵢ wᵢ ℓ(hᵢ, yᵢ) + λ/2n Σ θ² + λ₁/n Σ |θ|`, the sums of the penalties over all
/// weights and no bias.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Network, Objective, Output};
/// use tape::{Tape, Tensor};
/// let network = Network::from_parameters(&[1, 2], vec![1.0, -1.0, 0.0, 0.0])?.with_output(Output::Softmax);
/// let tape = Tape::begin();
/// let leaves = network.record(&tape);
/// let (x, y) = (Tensor::zeros(&[2, 1]), Tensor::from_slice(&[1.0, 0.0, 0.0, 1.0], &[2, 2])?);
/// let objective = Objective { lambda: 1.0, l1: 1.0, ..Objective::default() };
/// let j = objective.cost(&leaves, (&x, &y))?.item()?;
/// assert_eq!(j, 2.0_f64.ln() + 2.0 / 4.0 + 2.0 / 2.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// The loss ℓ of a row; `None` for the one that belongs to the output, [`Output::loss`].
    pub loss: Option<Loss>,
    /// λ, the weight of the squares (Hoerl and Kennard 1970); at least 0.
    pub lambda: f64,
    /// λ₁, the weight of the absolute values (Tibshirani 1996); at least 0. Its derivative at 0 is 0, so descent brings
    /// weights near zero and not to it.
    pub l1: f64,
    /// Hidden units that are left out by chance; `None` for none.
    pub dropout: Option<Dropout>,
}

/// Hidden units left out by chance, others in each row and each step, and those that stay scaled up by `1 / (1 - rate)`, so
/// that nothing is to be done when the network is applied (Srivastava et al. 2014, section 4 and 10).
///
/// ```
/// use mlp::{Dropout, Objective};
/// let objective = Objective { dropout: Some(Dropout { rate: 0.5, seed: 0 }), ..Objective::default() };
/// assert!(objective.checked().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dropout {
    /// How likely a unit is left out, from 0 to below 1.
    pub rate: f64,
    /// The seed; who is left out depends on it and on the number of the step, so that training can be resumed.
    pub seed: u64,
}

/// Rows `x: (n, n_in)` with targets `y: (n, K)`, and a weight for each where they have one, `weights: (n, 1)`.
///
/// ```
/// use mlp::Rows;
/// use tape::Tensor;
/// let (x, y) = (Tensor::<f64>::zeros(&[2, 3]), Tensor::zeros(&[2, 1]));
/// assert!(Rows::from((&x, &y)).weights.is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T: Float = f64> {
    /// The inputs.
    pub x: &'a Tensor<T>,
    /// The targets.
    pub y: &'a Tensor<T>,
    /// How much each row counts.
    pub weights: Option<&'a Tensor<T>>,
}

impl<'a, T: Float> From<(&'a Tensor<T>, &'a Tensor<T>)> for Rows<'a, T> {
    fn from((x, y): (&'a Tensor<T>, &'a Tensor<T>)) -> Self {
        Rows { x, y, weights: None }
    }
}

impl Objective {
    /// The course's J: the loss of the output, and `λ/2n Σ θ²`.
    ///
    /// ```
    /// use mlp::Objective;
    /// assert_eq!(Objective::l2(0.5), Objective { lambda: 0.5, ..Objective::default() });
    /// ```
    pub fn l2(lambda: f64) -> Self {
        Objective { lambda, ..Objective::default() }
    }

    /// The objective, if its numbers are in their ranges.
    ///
    /// # Errors
    /// When a penalty is negative or not finite, or a rate is not from 0 to below 1.
    ///
    /// ```
    /// let error = mlp::Objective::l2(f64::NAN).checked().unwrap_err();
    /// assert_eq!(error.to_string(), "lambda: wants a finite number from 0 up, got NaN");
    /// ```
    pub fn checked(self) -> Result<Self, Error> {
        for (name, weight) in [("lambda", self.lambda), ("l1", self.l1)] {
            within(name, "a finite number from 0 up", weight, weight.is_finite() && weight >= 0.0)?;
        }
        if let Some(Dropout { rate, .. }) = self.dropout {
            within("dropout", "a rate from 0 to below 1", rate, (0.0..1.0).contains(&rate))?;
        }
        if let Some(loss) = self.loss {
            loss.checked()?;
        }
        Ok(self)
    }

    /// J of the network on these rows, all units taking part: a tensor without axes, recorded if the leaves are.
    ///
    /// # Errors
    /// When the shapes do not fit, there are no rows, a target is outside the range of the loss, or the loss is not one for
    /// the output of the network.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Network, Objective, Rows};
    /// use tape::{Tape, Tensor};
    /// let network = Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
    /// let (x, y) = (Tensor::full(&[2, 1], 1.0), Tensor::full(&[2, 1], 1.0));
    /// let weights = Tensor::from_slice(&[0.5, 1.5], &[2, 1])?;
    /// let tape = Tape::begin();
    /// let leaves = network.record(&tape);
    /// let j = Objective::default().cost(&leaves, Rows { x: &x, y: &y, weights: Some(&weights) })?;
    /// assert_eq!(j.item()?, 2.0_f64.ln());
    /// # Ok(())
    /// # }
    /// ```
    pub fn cost<'a, T: Float>(
        &self,
        leaves: &Leaves<T>,
        rows: impl Into<Rows<'a, T>>,
    ) -> Result<Tensor<T>, Error> {
        self.masked_cost(leaves, rows.into(), &[])
    }

    /// The same, the activations of each hidden layer multiplied by its mask where there is one.
    fn masked_cost<T: Float>(
        &self,
        leaves: &Leaves<T>,
        rows: Rows<'_, T>,
        masks: &[Tensor<T>],
    ) -> Result<Tensor<T>, Error> {
        let z = leaves.masked_logits(rows.x, masks)?;
        let output = leaves.output();
        check_targets([z.shape()[0], z.shape()[1]], output, &rows)?;
        let loss = self.loss.unwrap_or(output.loss());
        let mut cost = loss.of_logits(output, &z, rows.y, rows.weights)?;
        let n = rows.x.shape()[0] as f64;
        if self.lambda != 0.0 {
            let k = self.lambda / (2.0 * n);
            cost = cost.add_quadratic_penalty(k, leaves.parameters(), leaves.weights())?;
        }
        if self.l1 != 0.0 {
            for weights in leaves.weights().iter() {
                let theta = leaves.parameters().slice(std::slice::from_ref(weights))?;
                cost = cost.add(&theta.abs().sum().scale(self.l1 / n))?;
            }
        }
        Ok(cost)
    }

    /// J as a program of the parameters, the rows, the targets, the weights if there are any and the masks if there are any,
    /// to be run again on others of these shapes.
    pub(crate) fn program<T: Float>(
        &self,
        network: &Network<T>,
        rows: Rows<'_, T>,
        masks: &[Tensor<T>],
    ) -> Result<TensorProgram<T>, Error> {
        let given: Vec<&Tensor<T>> =
            [network.flat(), rows.x, rows.y].into_iter().chain(rows.weights).chain(masks).collect();
        let mut failed = None;
        let traced = TensorProgram::trace(1, &given, |arguments| {
            let [parameters, x, y, others @ ..] = arguments else {
                unreachable!("at least three were given")
            };
            let (weights, masks) = others.split_at(usize::from(rows.weights.is_some()));
            let rows = Rows { x, y, weights: weights.first() };
            let cost = self.masked_cost(&network.leaves(parameters.clone()), rows, masks);
            cost.map_err(|error| match error {
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
}

/// Whether there are rows, y has a target for each of them and each output unit, and the weights are one for each.
pub(crate) fn check_targets<T: Float>(
    [n, units]: [usize; 2],
    output: Output,
    rows: &Rows<'_, T>,
) -> Result<(), Error> {
    if rows.y.shape() != [n, units] {
        let wants = format!("a target for each row and output unit, y: {:?}", [n, units]);
        return Err(Error::shape("cost", wants, format!("{:?}", rows.y.shape())));
    }
    if n == 0 {
        return Err(Error::shape("cost", "at least one row", "none"));
    }
    if output == Output::Softmax && units == 1 {
        return Err(Error::shape("cost", "at least two units under a softmax, of one it is 1 always", "one"));
    }
    match rows.weights {
        Some(weights) if weights.shape() != [n, 1] => {
            let wants = format!("a weight for each row, weights: {:?}", [n, 1]);
            Err(Error::shape("cost", wants, format!("{:?}", weights.shape())))
        }
        _ => Ok(()),
    }
}
