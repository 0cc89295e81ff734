//! The network: layer sizes and one flat buffer of parameters, run forward out of tape operations.

mod leaves;

pub use self::leaves::Leaves;

use self::leaves::check_rows;
use crate::objective::check_targets;
use crate::{Activation, Error, Init, Layer, Loss, Objective, Output, Rows, loss};
use std::ops::Range;
use std::sync::Arc;
use tape::{Float, Tape, Tensor};

/// A fully connected network: an [`Activation`] in the hidden layers, an [`Output`] at the last.
///
/// All parameters lie in one flat buffer, layer by layer `theta: (n_out, n_in)` then `bias: (n_out)`; layers
/// are views of it. Without a hidden layer and with one output it is logistic regression.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::Network;
/// use tape::Tensor;
/// let network = Network::<f64>::new(&[2, 3, 1], 0)?;
/// let x = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0], &[2, 2])?; // two rows
/// let h = network.predict_proba(&x)?;
/// assert_eq!(h.shape(), [2, 1]);
/// assert!(h.as_slice().iter().all(|p| (0.0..=1.0).contains(p)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Network<T: Float = f64> {
    sizes: Vec<usize>,
    layers: Arc<[Layer]>,
    /// The places of all weights, which the penalty is on.
    weights: Arc<[Range<usize>]>,
    activation: Activation,
    output: Output,
    parameters: Tensor<T>,
}

impl<T: Float> Network<T> {
    /// A network with these layer sizes, inputs first, and random parameters from the seed: the same on every
    /// machine. The weights are Xavier's, uniform; [`with_init`](Network::with_init) has others.
    ///
    /// # Errors
    /// When there are fewer than two sizes, or one is zero.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let network = mlp::Network::<f32>::new(&[64, 25, 10], 42)?;
    /// assert_eq!(network.parameters().len(), 64 * 25 + 25 + 25 * 10 + 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(sizes: &[usize], seed: u64) -> Result<Self, Error> {
        Network::with_init(sizes, Init::default(), seed)
    }

    /// A network with these layer sizes and parameters, layer by layer weights then biases.
    ///
    /// # Errors
    /// When there are fewer than two sizes, one is zero, or the number of parameters is another.
    ///
    /// ```
    /// let error = mlp::Network::from_parameters(&[2, 1], vec![0.5_f64; 4]).unwrap_err();
    /// assert_eq!(error.to_string(), "network: wants 3 parameters for layer sizes [2, 1], got 4");
    /// ```
    pub fn from_parameters(sizes: &[usize], parameters: Vec<T>) -> Result<Self, Error> {
        Network::from_layers(sizes, |_| Ok(parameters))
    }

    /// A network with these layer sizes and the parameters that its layers are given.
    pub(crate) fn from_layers(
        sizes: &[usize],
        parameters: impl FnOnce(&[Layer]) -> Result<Vec<T>, Error>,
    ) -> Result<Self, Error> {
        let layers = checked_layers(sizes)?;
        let parameters = parameters(&layers)?;
        let wanted = layers.last().map_or(0, |layer| layer.bias.end);
        if parameters.len() != wanted {
            let wants = format!("{wanted} parameters for layer sizes {sizes:?}");
            return Err(Error::shape("network", wants, parameters.len().to_string()));
        }
        let parameters = Tensor::from_vec(parameters, &[wanted])?;
        Ok(Network {
            sizes: sizes.to_vec(),
            weights: layers.iter().map(|layer| layer.theta.clone()).collect(),
            layers: layers.into(),
            activation: Activation::default(),
            output: Output::default(),
            parameters,
        })
    }

    /// The layer sizes, inputs first.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// assert_eq!(mlp::Network::<f64>::new(&[2, 1], 0)?.sizes(), [2, 1]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Where each layer's parameters lie in [`parameters`](Network::parameters).
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let network = mlp::Network::<f64>::new(&[2, 1], 0)?;
    /// assert_eq!(network.parameters()[network.layers()[0].bias.clone()], [0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The same network with this activation in its hidden layers, in the place of sigmoids.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Activation, Network};
    /// use tape::Tensor;
    /// let network = Network::from_parameters(&[1, 1, 1], vec![3.0, 0.0, 1.0, -3.0])?.with_activation(Activation::Relu);
    /// let h = network.predict_proba(&Tensor::full(&[1, 1], 1.0))?; // σ(max(3, 0) - 3)
    /// assert_eq!(h.to_vec(), [0.5]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_activation(self, activation: Activation) -> Self {
        Network { activation, ..self }
    }

    /// The activation of the hidden layers.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// assert_eq!(mlp::Network::<f64>::new(&[2, 1], 0)?.activation().name(), "sigmoid");
    /// # Ok(())
    /// # }
    /// ```
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The same network with this output, in the place of sigmoids.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Network, Output};
    /// use tape::Tensor;
    /// let network = Network::from_parameters(&[1, 1], vec![3.0, 1.0])?.with_output(Output::Identity);
    /// assert_eq!(network.outputs(&Tensor::full(&[1, 1], 2.0))?.to_vec(), [7.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_output(self, output: Output) -> Self {
        Network { output, ..self }
    }

    /// What the last layer does with its logits.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// assert_eq!(mlp::Network::<f64>::new(&[2, 1], 0)?.output().name(), "sigmoid");
    /// # Ok(())
    /// # }
    /// ```
    pub fn output(&self) -> Output {
        self.output
    }

    /// All parameters, layer by layer weights (n_out, n_in) then biases (n_out).
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let network = mlp::Network::from_parameters(&[2, 1], vec![1.0, 2.0, 3.0])?;
    /// assert_eq!(network.parameters(), [1.0, 2.0, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn parameters(&self) -> &[T] {
        self.parameters.as_slice()
    }

    /// All parameters, to write to: in place, unless leaves of a tape still hold them.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let mut network = mlp::Network::<f64>::new(&[2, 1], 0)?;
    /// network.parameters_mut().fill(0.5);
    /// assert_eq!(network.parameters(), [0.5; 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn parameters_mut(&mut self) -> &mut [T] {
        self.parameters.as_mut_slice()
    }

    /// The parameters as a leaf of this tape, to build on and to ask for the gradient of; nothing is copied.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::{Tape, Tensor};
    /// let network = mlp::Network::<f64>::new(&[2, 1], 0)?;
    /// let tape = Tape::begin();
    /// let leaves = network.record(&tape);
    /// let logits = leaves.logits(&Tensor::zeros(&[5, 2]))?;
    /// let bar = tape.sweep(&logits.sum())?;
    /// assert_eq!(leaves.gradient(&bar)?, [0.0, 0.0, 5.0]); // by the two weights and the bias
    /// # Ok(())
    /// # }
    /// ```
    pub fn record(&self, tape: &Tape) -> Leaves<T> {
        self.leaves(tape.tensor(&self.parameters))
    }

    /// The parameters as a constant: forward propagation records nothing.
    fn constants(&self) -> Leaves<T> {
        self.leaves(self.parameters.to_constant())
    }

    /// These parameters in the place of the network's own.
    pub(crate) fn leaves(&self, parameters: Tensor<T>) -> Leaves<T> {
        let (layers, weights) = (self.layers.clone(), self.weights.clone());
        Leaves { parameters, layers, weights, activation: self.activation, output: self.output }
    }

    /// The logits of each row of `x: (n, n_in)`, (n, K): what the output layer makes h of.
    ///
    /// # Errors
    /// When x is not a matrix with as many columns as the network has inputs.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::Tensor;
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![2.0, -2.0])?;
    /// assert_eq!(network.logits(&Tensor::full(&[1, 1], 3.0))?.to_vec(), [4.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn logits(&self, x: &Tensor<T>) -> Result<Tensor<T>, Error> {
        self.constants().logits(x)
    }

    /// What the network says of each row of `x: (n, n_in)`: h of each of the K units, (n, K).
    ///
    /// # Errors
    /// When x is not a matrix with as many columns as the network has inputs.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::Tensor;
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![2.0, -2.0])?;
    /// assert_eq!(network.outputs(&Tensor::full(&[1, 1], 1.0))?.to_vec(), [0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn outputs(&self, x: &Tensor<T>) -> Result<Tensor<T>, Error> {
        self.output.apply(&self.logits(x)?)
    }

    /// What the network says, of one whose units are probabilities: K sigmoids are K answers of their own, and do not sum to
    /// one; those of a softmax do.
    ///
    /// # Errors
    /// When x is not a matrix with as many columns as the network has inputs, or its output is the identity.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::Tensor;
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![2.0, -2.0])?;
    /// let h = network.predict_proba(&Tensor::from_slice(&[1.0], &[1, 1])?)?;
    /// assert_eq!(h.to_vec(), [0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict_proba(&self, x: &Tensor<T>) -> Result<Tensor<T>, Error> {
        if self.output == Output::Identity {
            let wants = "sigmoids or a softmax, for probabilities; `outputs` has the numbers";
            return Err(Error::Setting { setting: "output", wants, got: "identity".to_owned() });
        }
        self.outputs(x)
    }

    /// What the network says of rows `x`, row-major `(n, n_in)`, written to `h`, row-major `(n, K)`: for a program that
    /// answers row after row. Nothing is recorded, and after the first rows of a size nothing is allocated.
    ///
    /// # Errors
    /// When x is no whole rows, or h has not K numbers for each; h is then as it was.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![2.0, -2.0])?;
    /// let mut h = [0.0; 2];
    /// network.predict_into(&[1.0, 1.0], &mut h)?;
    /// assert_eq!(h, [0.5, 0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict_into(&self, x: &[T], h: &mut [T]) -> Result<(), Error> {
        let (n_in, units) = (self.sizes[0], self.sizes[self.sizes.len() - 1]);
        let n = x.len() / n_in;
        if x.len() != n * n_in || h.len() != n * units {
            let wants = format!("rows of {n_in} inputs, and {units} numbers for each to write to");
            return Err(Error::shape("predict_into", wants, format!("{} and {}", x.len(), h.len())));
        }
        h.copy_from_slice(self.outputs(&Tensor::from_slice(x, &[n, n_in])?)?.as_slice());
        Ok(())
    }

    /// The class of each row of `x: (n, n_in)`: the output unit with the greatest activation, the first at a
    /// tie; with one unit, 1 where its activation is at least ½, else 0.
    ///
    /// # Errors
    /// When x is not a matrix with as many columns as the network has inputs, or its output is the identity.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::Tensor;
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![2.0, -2.0])?;
    /// let x = Tensor::from_slice(&[0.0, 1.0, 2.0], &[3, 1])?;
    /// assert_eq!(network.predict(&x)?, [0, 1, 1]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict(&self, x: &Tensor<T>) -> Result<Vec<usize>, Error> {
        let h = self.predict_proba(x)?;
        let k = h.shape()[1];
        let class = |row: &[T]| match row {
            [p] => usize::from(*p >= T::from_f64(0.5)),
            _ => (1..k).fold(0, |best, unit| if row[unit] > row[best] { unit } else { best }),
        };
        Ok(h.as_slice().chunks_exact(k).map(class).collect())
    }

    /// The share of rows of `x: (n, n_in)` whose predicted class is the one in `labels`.
    ///
    /// # Errors
    /// When x does not fit the network, there are not as many labels as rows, or no rows.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::Tensor;
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![2.0, -2.0])?;
    /// let x = Tensor::from_slice(&[0.0, 1.0, 2.0, 3.0], &[4, 1])?;
    /// assert_eq!(network.accuracy(&x, &[0, 1, 0, 1])?, 0.75);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accuracy(&self, x: &Tensor<T>, labels: &[usize]) -> Result<f64, Error> {
        crate::metrics::accuracy(labels, &self.predict(x)?)
    }

    /// J on rows `x: (n, n_in)` and targets `y: (n, K)`, the course's for sigmoids: see [`loss::cost`].
    ///
    /// # Errors
    /// When the shapes do not fit, or a target is outside [0, 1].
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::Tensor;
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
    /// let (x, y) = (Tensor::full(&[4, 1], 1.0), Tensor::full(&[4, 1], 1.0));
    /// assert_eq!(network.cost(&x, &y, 0.0)?, 2.0_f64.ln());
    /// # Ok(())
    /// # }
    /// ```
    pub fn cost(&self, x: &Tensor<T>, y: &Tensor<T>, lambda: T) -> Result<T, Error> {
        Ok(loss::cost(&self.constants(), x, y, lambda)?.item()?)
    }

    /// J and its gradient by the tape, flat as the parameters are.
    ///
    /// # Errors
    /// When the shapes do not fit, or a target is outside [0, 1].
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::Tensor;
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![0.0, 0.0])?;
    /// let (x, y) = (Tensor::full(&[4, 1], 3.0), Tensor::full(&[4, 1], 1.0));
    /// let (_, gradient) = network.cost_and_gradient(&x, &y, 0.0)?;
    /// assert_eq!(gradient, [-1.5, -0.5]); // (h - y) x and h - y
    /// # Ok(())
    /// # }
    /// ```
    pub fn cost_and_gradient(&self, x: &Tensor<T>, y: &Tensor<T>, lambda: T) -> Result<(T, Vec<T>), Error> {
        let tape = Tape::begin();
        let leaves = self.record(&tape);
        let cost = loss::cost(&leaves, x, y, lambda)?;
        let bar = tape.sweep(&cost)?;
        Ok((cost.item()?, leaves.gradient(&bar)?))
    }

    /// The loss of these rows, without penalties; the one of the output where none is named.
    pub(crate) fn loss(&self, rows: Rows<'_, T>, loss: Option<Loss>) -> Result<T, Error> {
        let objective = Objective { loss, ..Objective::default() };
        Ok(objective.cost(&self.constants(), rows)?.item()?)
    }

    /// Whether these are rows for this network, with their targets.
    pub(crate) fn check(&self, rows: &Rows<'_, T>) -> Result<(), Error> {
        check_rows(self.layers[0].n_in, rows.x)?;
        check_targets([rows.x.shape()[0], self.sizes[self.sizes.len() - 1]], self.output, rows)
    }

    /// The parameters as the flat tensor that they are.
    pub(crate) fn flat(&self) -> &Tensor<T> {
        &self.parameters
    }
}

fn checked_layers(sizes: &[usize]) -> Result<Vec<Layer>, Error> {
    if sizes.len() < 2 {
        let wants = "at least two layer sizes, inputs and outputs";
        return Err(Error::shape("network", wants, format!("{sizes:?}")));
    }
    let parameters = sizes.windows(2).try_fold(0_usize, |so_far, pair| {
        let weights = pair[0].checked_mul(pair[1])?;
        so_far.checked_add(weights)?.checked_add(pair[1])
    });
    let most = isize::MAX as usize / size_of::<f64>();
    if sizes.contains(&0) || parameters.is_none_or(|parameters| parameters > most) {
        let wants = "layer sizes from 1 up whose parameters memory can hold";
        return Err(Error::shape("network", wants, format!("{sizes:?}")));
    }
    Ok(Layer::stack(sizes))
}
