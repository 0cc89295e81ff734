//! The parameters of a network on a tape: forward propagation out of tape operations.

use crate::{Activation, Error, Layer, Output};
use std::ops::Range;
use std::sync::Arc;
use tape::{Cotangents, Float, Tensor};

/// The parameters of a network as a leaf of a tape: what its forward propagation and its gradient speak of.
#[derive(Debug)]
pub struct Leaves<T: Float> {
    pub(super) parameters: Tensor<T>,
    pub(super) layers: Arc<[Layer]>,
    pub(super) weights: Arc<[Range<usize>]>,
    pub(super) activation: Activation,
    pub(super) output: Output,
}

impl<T: Float> Leaves<T> {
    /// The leaf: all parameters, flat.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let network = mlp::Network::<f64>::new(&[2, 1], 0)?;
    /// assert_eq!(network.record(&tape::Tape::begin()).parameters().shape(), [3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn parameters(&self) -> &Tensor<T> {
        &self.parameters
    }

    /// For each layer `theta: (n_out, n_in)` and `bias: (n_out)`, as parts of the leaf: to write other networks
    /// with. They are recorded as slices.
    ///
    /// # Errors
    /// When the leaf is of another tape than the one that records.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let network = mlp::Network::<f64>::new(&[2, 1], 0)?;
    /// let tape = tape::Tape::begin();
    /// let [theta, bias] = &network.record(&tape).layers()?[0];
    /// assert_eq!((theta.shape(), bias.shape()), (&[1, 2][..], &[1][..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn layers(&self) -> Result<Vec<[Tensor<T>; 2]>, Error> {
        let part = |place: &Range<usize>| self.parameters.slice(std::slice::from_ref(place));
        let each = self
            .layers
            .iter()
            .map(|layer| Ok([part(&layer.theta)?.reshape(&[layer.n_out, layer.n_in])?, part(&layer.bias)?]));
        each.collect()
    }

    /// Forward propagation up to the last sum: `z = a Θᵀ + b` of the output layer for each row of
    /// `x: (n, n_in)`, where `a⁽¹⁾ = x` and `a⁽ˡ⁺¹⁾ = g(a⁽ˡ⁾ Θ⁽ˡ⁾ᵀ + b⁽ˡ⁾)`. The sigmoid of the output layer
    /// is left to the loss, which is safe at any logit.
    ///
    /// # Errors
    /// When x is not a matrix with as many columns as the network has inputs.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::{Tape, Tensor};
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![2.0, -1.0])?;
    /// let z = network.record(&Tape::begin()).logits(&Tensor::full(&[1, 1], 3.0))?;
    /// assert_eq!(z.to_vec(), [5.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn logits(&self, x: &Tensor<T>) -> Result<Tensor<T>, Error> {
        self.masked_logits(x, &[])
    }

    /// The same, the activations of each hidden layer multiplied by its mask where there is one.
    pub(crate) fn masked_logits(&self, x: &Tensor<T>, masks: &[Tensor<T>]) -> Result<Tensor<T>, Error> {
        check_rows(self.layers[0].n_in, x)?;
        let (last, hidden) = self.layers.split_last().expect("a network has a layer");
        let mut a = None;
        for (l, layer) in hidden.iter().enumerate() {
            let whole = self.activation.layer(a.as_ref().unwrap_or(x), &self.parameters, layer)?;
            a = Some(match masks.get(l) {
                Some(mask) => whole.mul(mask)?,
                None => whole,
            });
        }
        Ok(a.as_ref().unwrap_or(x).dense(&self.parameters, last.theta.start, last.n_out)?)
    }

    /// The gradient that a sweep left, flat as the parameters are.
    ///
    /// # Errors
    /// When the sweep was not over these leaves.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use tape::{Tape, Tensor};
    /// let network = mlp::Network::from_parameters(&[1, 1], vec![2.0, -1.0])?;
    /// let tape = Tape::begin();
    /// let leaves = network.record(&tape);
    /// let z = leaves.logits(&Tensor::full(&[1, 1], 3.0))?;
    /// assert_eq!(leaves.gradient(&tape.sweep(&z)?)?, [3.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn gradient(&self, bar: &Cotangents) -> Result<Vec<T>, Error> {
        Ok(bar.of(&self.parameters)?.to_vec())
    }

    /// The places of all weights, which the penalty is on.
    pub(crate) fn weights(&self) -> &Arc<[Range<usize>]> {
        &self.weights
    }

    /// The activation of the hidden layers.
    pub(crate) fn activation(&self) -> Activation {
        self.activation
    }

    /// What the last layer does with its logits.
    pub(crate) fn output(&self) -> Output {
        self.output
    }
}

pub(super) fn check_rows<T: Float>(n_in: usize, x: &Tensor<T>) -> Result<(), Error> {
    match x.shape() {
        [_, columns] if *columns == n_in => Ok(()),
        other => {
            let wants = format!("rows with the network's {n_in} inputs, x: (n, {n_in})");
            Err(Error::shape("network", wants, format!("{other:?}")))
        }
    }
}
