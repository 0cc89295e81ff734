//! What a layer does with the sum of its weighted inputs.

use serde::{Deserialize, Serialize};
use tape::{Float, Tensor};

/// The function g that turns `z = Θ a + b` of a hidden layer into the activation of the next one.
///
/// A function of your own is tape operations on [`Leaves::layers`](crate::Leaves::layers).
///
/// ```
/// use mlp::Activation;
/// use tape::Tensor;
/// let z = Tensor::from_slice(&[-1.0, 2.0], &[2])?;
/// assert_eq!(Activation::Relu.apply(&z).to_vec(), [0.0, 2.0]);
/// # Ok::<(), tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// `g(z) = 1 / (1 + e⁻ᶻ)`, with `g′ = g (1 - g)`: the course's, and the default.
    #[default]
    Sigmoid,
    /// `g(z) = tanh z`, with `g′ = 1 - g²` (LeCun, Bottou, Orr and Müller 1998, section 4.4).
    Tanh,
    /// `g(z) = max(z, 0)` (Nair and Hinton 2010).
    Relu,
    /// `g(z) = z` above 0, `0.01 z` below (Maas, Hannun and Ng 2013, equation 2).
    LeakyRelu,
    /// `g(z) = z` above 0, `eᶻ - 1` below (Clevert, Unterthiner and Hochreiter 2016, equation 15, α = 1).
    Elu,
    /// `g(z) = 1.0507 z` above 0, `1.0507 · 1.6733 (eᶻ - 1)` below (Klambauer et al. 2017, equation 2).
    Selu,
    /// `g(z) = z Φ(z)`, Φ being the distribution function of the normal distribution (Hendrycks and Gimpel 2016); exact, not by tanh.
    Gelu,
    /// `g(z) = z / (1 + e⁻ᶻ)` (Elfwing, Uchibe and Doya 2018).
    Silu,
    /// `g(z) = ln(1 + eᶻ)` (Dugas et al. 2001).
    Softplus,
    /// `g(z) = z / (1 + |z|)` (Bergstra et al. 2009).
    Softsign,
    /// `g(z) = z`: layers of it are together one layer.
    Identity,
}

impl Activation {
    /// All of them.
    ///
    /// ```
    /// use mlp::Activation;
    /// assert!(Activation::ALL.iter().all(|&g| Activation::named(g.name()) == Some(g)));
    /// ```
    pub const ALL: [Activation; 11] = [
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Elu,
        Activation::Selu,
        Activation::Gelu,
        Activation::Silu,
        Activation::Softplus,
        Activation::Softsign,
        Activation::Identity,
    ];

    /// The name by which files and flags know it.
    ///
    /// ```
    /// assert_eq!(mlp::Activation::LeakyRelu.name(), "leaky_relu");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::LeakyRelu => "leaky_relu",
            Activation::Elu => "elu",
            Activation::Selu => "selu",
            Activation::Gelu => "gelu",
            Activation::Silu => "silu",
            Activation::Softplus => "softplus",
            Activation::Softsign => "softsign",
            Activation::Identity => "identity",
        }
    }

    /// The one with this name.
    ///
    /// ```
    /// use mlp::Activation;
    /// assert_eq!(Activation::named("tanh"), Some(Activation::Tanh));
    /// assert_eq!(Activation::named("step"), None);
    /// ```
    pub fn named(name: &str) -> Option<Activation> {
        Activation::ALL.into_iter().find(|activation| activation.name() == name)
    }

    /// The layer `g(x Θᵀ + b)` of rows `x: (n, n_in)`, with its part of the flat parameters; by the sigmoid one tape
    /// operation, by the others two.
    ///
    /// # Errors
    /// When the shapes do not fit.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Activation, Layer};
    /// use tape::Tensor;
    /// let parameters = Tensor::from_slice(&[2.0, -2.0], &[2])?;
    /// let layer = &Layer::stack(&[1, 1])[0];
    /// let a = Activation::Sigmoid.layer(&Tensor::full(&[1, 1], 1.0), &parameters, layer)?;
    /// assert_eq!(a.to_vec(), [0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer<T: Float>(
        self,
        x: &Tensor<T>,
        parameters: &Tensor<T>,
        layer: &crate::Layer,
    ) -> Result<Tensor<T>, crate::Error> {
        Ok(match self {
            Activation::Sigmoid => x.dense_sigmoid(parameters, layer.theta.start, layer.n_out)?,
            other => other.apply(&x.dense(parameters, layer.theta.start, layer.n_out)?),
        })
    }

    /// g of each element, as a tape operation.
    ///
    /// ```
    /// use tape::Tensor;
    /// let half = mlp::Activation::Sigmoid.apply(&Tensor::scalar(0.0));
    /// assert_eq!(half.item(), Ok(0.5));
    /// ```
    #[must_use]
    pub fn apply<T: Float>(self, z: &Tensor<T>) -> Tensor<T> {
        match self {
            Activation::Sigmoid => z.sigmoid(),
            Activation::Tanh => z.tanh(),
            Activation::Relu => z.relu(),
            Activation::LeakyRelu => z.leaky_relu(0.01),
            Activation::Elu => z.elu(1.0),
            Activation::Selu => z.selu(),
            Activation::Gelu => z.gelu(),
            Activation::Silu => z.silu(),
            Activation::Softplus => z.softplus(),
            Activation::Softsign => z.softsign(),
            Activation::Identity => z.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Network, Optimizer, Training, loss};
    use std::ops::ControlFlow;
    use tape::Tape;

    #[test]
    fn every_activation_has_the_values_of_its_formula() {
        // By the formulas, with Python's `math`, at -2, -0.5, 0 and 1.5.
        let expected: [(Activation, [f64; 4]); 11] = [
            (
                Activation::Sigmoid,
                [0.119_202_922_022_117_55, 0.377_540_668_798_145_4, 0.5, 0.817_574_476_193_643_7],
            ),
            (
                Activation::Tanh,
                [-0.964_027_580_075_816_9, -0.462_117_157_260_009_74, 0.0, 0.905_148_253_644_866_4],
            ),
            (Activation::Relu, [0.0, 0.0, 0.0, 1.5]),
            (Activation::LeakyRelu, [-0.02, -0.005, 0.0, 1.5]),
            (Activation::Elu, [-0.864_664_716_763_387_3, -0.393_469_340_287_366_6, 0.0, 1.5]),
            (
                Activation::Selu,
                [-1.520_166_468_595_695, -0.691_758_187_802_871_3, 0.0, 1.576_051_481_033_220_7],
            ),
            (
                Activation::Gelu,
                [-0.045_500_263_896_358_44, -0.154_268_769_362_993_44, 0.0, 1.399_789_198_096_713],
            ),
            (
                Activation::Silu,
                [-0.238_405_844_044_235_1, -0.188_770_334_399_072_7, 0.0, 1.226_361_714_290_465_5],
            ),
            (
                Activation::Softplus,
                [
                    0.126_928_011_042_972_5,
                    0.474_076_984_180_106_7,
                    std::f64::consts::LN_2,
                    1.701_413_277_982_752_4,
                ],
            ),
            (Activation::Softsign, [-0.666_666_666_666_666_6, -0.333_333_333_333_333_3, 0.0, 0.6]),
            (Activation::Identity, [-2.0, -0.5, 0.0, 1.5]),
        ];
        assert_eq!(expected.map(|(activation, _)| activation), Activation::ALL);
        let z = Tensor::from_slice(&[-2.0, -0.5, 0.0, 1.5], &[4]).unwrap();
        for (activation, expected) in expected {
            for (got, want) in activation.apply(&z).to_vec().into_iter().zip(expected) {
                assert!((got - want).abs() <= 1e-15, "{}: {got} {want}", activation.name());
            }
        }
    }

    #[test]
    fn networks_of_every_activation_have_the_gradient_of_their_primitives_and_learn() {
        let x = Tensor::from_slice(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], &[4, 2]).unwrap();
        let y = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0], &[4, 1]).unwrap();
        for activation in Activation::ALL {
            let mut network = Network::<f64>::new(&[2, 8, 8, 1], 3).unwrap().with_activation(activation);
            let (cost, gradient) = network.cost_and_gradient(&x, &y, 0.5).unwrap();
            let tape = Tape::begin();
            let leaves = network.record(&tape);
            let plain = loss::cost_from_primitives(&leaves, &x, &y, 0.5).unwrap();
            assert!((cost - plain.item().unwrap()).abs() <= 1e-14, "{}", activation.name());
            let by_primitives = leaves.gradient(&tape.sweep(&plain).unwrap()).unwrap();
            for (got, want) in gradient.iter().zip(&by_primitives) {
                assert!((got - want).abs() <= 1e-14, "{}: {got} {want}", activation.name());
            }
            drop(tape);
            let training = Training { epochs: 400, batch_size: None, ..Training::new(Optimizer::adam(0.05)) };
            training.fit(&mut network, &x, &y, |_, _| ControlFlow::Continue(())).unwrap();
            // XOR is beyond a net that is linear throughout.
            let learnt = network.predict(&x).unwrap() == [0, 1, 1, 0];
            assert_eq!(learnt, activation != Activation::Identity, "{}", activation.name());
        }
    }
}
