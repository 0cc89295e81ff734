//! First values of the parameters.
//!
//! They are random because zeros never break the symmetry: units of a layer that start equal receive equal
//! gradients, and stay equal for ever.

mod gain;
mod orthogonal;
#[cfg(test)]
mod tests;

use crate::data::below;
use crate::layer::Layer;
use crate::{Error, Network};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use tape::{Float, Tensor};

/// How the weights `theta: (n_out, n_in)` of each layer are drawn; biases are zero. The definitions are those of
/// `torch.nn.init`.
///
/// A `gain` is what a layer multiplies the deviation of its inputs by before its activation takes some of it
/// away: [`Activation::gain`](crate::Activation::gain), a finite number above 0.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Fan, Init, Network};
/// // He's width for ramps: normal with the standard deviation √2 / √n_in.
/// let he = Init::KaimingNormal { fan: Fan::In, gain: 2.0_f64.sqrt() };
/// let network = Network::<f64>::with_init(&[800, 10, 1], he, 0)?;
/// let theta = &network.parameters()[network.layers()[0].theta.clone()];
/// let mean_square = theta.iter().map(|w| w * w).sum::<f64>() / 8000.0;
/// assert!((mean_square.sqrt() - 0.05).abs() < 0.002);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// Uniform in ±g √6 / √(n_in + n_out), g being the gain: the variance of activations and that of gradients stay about
    /// level through the layers (Glorot and Bengio 2010, equation 16). With gain 1 the default, and the course's ε.
    XavierUniform {
        /// g, above 0.
        gain: f64,
    },
    /// Normal with mean 0 and standard deviation g √2 / √(n_in + n_out) (Glorot and Bengio 2010, equation 12).
    XavierNormal {
        /// g, above 0.
        gain: f64,
    },
    /// Uniform in ±g √3 / √fan: the variance stays level in one direction, whatever the other sizes are (He, Zhang,
    /// Ren, Sun 2015, equations 10 and 14). For ramps the gain is √2, for those with slope a on the left
    /// √2 / √(1 + a²) (equation 15).
    KaimingUniform {
        /// What is counted.
        fan: Fan,
        /// g, above 0.
        gain: f64,
    },
    /// Normal with mean 0 and standard deviation g / √fan, else as [`KaimingUniform`](Init::KaimingUniform).
    KaimingNormal {
        /// What is counted.
        fan: Fan,
        /// g, above 0.
        gain: f64,
    },
    /// Uniform between two ends.
    Uniform {
        /// The lower end.
        low: f64,
        /// The upper end, above the lower one.
        high: f64,
    },
    /// Normal.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation, from 0 up.
        sd: f64,
    },
    /// The same value for all. Units of a hidden layer then stay equal for ever; it is for nets without one.
    Constant(f64),
    /// A random matrix with orthonormal rows, or columns if there are fewer of them, times the gain (Saxe, McClelland,
    /// Ganguli 2013): no length changes on the way through square layers. It is evenly distributed among all there
    /// are (Mezzadri 2007).
    ///
    /// The time grows as n² m for n vectors of m numbers: about a second for a layer with a thousand units and
    /// inputs.
    Orthogonal {
        /// What each row or column is as long as, above 0.
        gain: f64,
    },
    /// Ones on the diagonal, zeros elsewhere, for any shape: as many inputs go through as there is room for (Le, Jaitly,
    /// Hinton 2015, for recurrent ramps).
    Identity,
    /// Normal with mean 0, then in each column of theta, the weights that one input goes out by, ⌈sparsity · n_out⌉ set to zero
    /// at random.
    ///
    /// So PyTorch reads Martens (2010, section 5), who limits the weights that come in at a unit. Where a layer has few
    /// units, all weights of a column can be zeros.
    Sparse {
        /// The fraction of zeros in a column, from 0 up to, but without, 1.
        sparsity: f64,
        /// The standard deviation of the others, from 0 up; PyTorch's default is 0.01.
        sd: f64,
    },
}

/// Which weights of a layer are counted: those that meet in a unit, or those that an input goes out by.
///
/// ```
/// let layer = &mlp::Layer::stack(&[4, 3])[0];
/// assert_eq!((mlp::Fan::In.of(layer), mlp::Fan::Out.of(layer)), (4, 3));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fan {
    /// n_in: activations stay level on the way forward (He et al. 2015, equation 10).
    #[default]
    In,
    /// n_out: gradients stay level on the way back (He et al. 2015, equation 14).
    Out,
}

impl Fan {
    /// The count for this layer.
    ///
    /// ```
    /// assert_eq!(mlp::Fan::In.of(&mlp::Layer::stack(&[64, 10])[0]), 64);
    /// ```
    pub fn of(self, layer: &Layer) -> usize {
        match self {
            Fan::In => layer.n_in,
            Fan::Out => layer.n_out,
        }
    }
}

impl Default for Init {
    /// Xavier's, uniform, with gain 1.
    fn default() -> Self {
        Init::XavierUniform { gain: 1.0 }
    }
}

impl<T: Float> Network<T> {
    /// A network with these layer sizes, inputs first, whose weights are drawn so, with biases of zero: the same for
    /// the same seed on every machine, and in `f32` what they are in `f64`, rounded.
    ///
    /// # Errors
    /// When there are fewer than two sizes, one is zero, a setting is outside its range, or a weight comes to no finite
    /// number in the precision of the network.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Init, Network};
    /// let network = Network::<f64>::with_init(&[3, 2], Init::Identity, 0)?;
    /// assert_eq!(network.parameters(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    /// assert_eq!(
    ///     Network::<f64>::with_init(&[3, 2], Init::default(), 7)?.parameters(),
    ///     Network::<f64>::new(&[3, 2], 7)?.parameters(),
    /// );
    /// let error = Network::<f64>::with_init(&[3, 2], Init::Normal { mean: 0.0, sd: -1.0 }, 0).unwrap_err();
    /// assert_eq!(error.to_string(), "standard deviation: wants a finite number from 0 up, got -1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_init(sizes: &[usize], init: Init, seed: u64) -> Result<Self, Error> {
        init.checked()?;
        Network::from_layers(sizes, |layers| init.parameters(layers, seed))
    }
}

impl Init {
    /// Parameters for these layers, flat, layer by layer weights then biases.
    fn parameters<T: Float>(self, layers: &[Layer], seed: u64) -> Result<Vec<T>, Error> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut parameters = Vec::with_capacity(layers.last().map_or(0, |layer| layer.bias.end));
        for layer in layers {
            // Drawn in f64 for both precisions, so that they start from the same point.
            parameters.extend(self.theta(layer, &mut random)?.into_iter().map(T::from_f64));
            parameters.extend(layer.bias.clone().map(|_| T::from_f64(0.0)));
        }
        if let Some(broken) = parameters.iter().find(|p| !p.to_f64().is_finite()) {
            let wants = "weights that are finite in the precision of the network";
            return Err(Error::Setting {
                setting: "initialisation",
                wants,
                got: format!("{} by {self:?}", broken.to_f64()),
            });
        }
        Ok(parameters)
    }

    /// The weights of one layer, `(n_out, n_in)`.
    fn theta(self, layer: &Layer, random: &mut Xoshiro256PlusPlus) -> Result<Vec<f64>, Error> {
        let (n_in, n_out) = (layer.n_in, layer.n_out);
        let both = ((n_in + n_out) as f64).sqrt();
        let root = |fan: Fan| (fan.of(layer) as f64).sqrt();
        match self {
            Init::XavierUniform { gain } => Ok(within(gain * (6.0_f64.sqrt() / both), layer, random)),
            Init::XavierNormal { gain } => normal(0.0, gain * (2.0_f64.sqrt() / both), layer, random),
            Init::KaimingUniform { fan, gain } => {
                Ok(within(gain * (3.0_f64.sqrt() / root(fan)), layer, random))
            }
            Init::KaimingNormal { fan, gain } => normal(0.0, gain / root(fan), layer, random),
            Init::Uniform { low, high } => Ok(uniform(low, high, layer, random)),
            Init::Normal { mean, sd } => normal(mean, sd, layer, random),
            Init::Constant(value) => Ok(vec![value; n_out * n_in]),
            Init::Orthogonal { gain } => orthogonal::theta(gain, layer, random),
            Init::Identity => {
                let on_diagonal = |place: usize| f64::from(u8::from(place / n_in == place % n_in));
                Ok((0..n_out * n_in).map(on_diagonal).collect())
            }
            Init::Sparse { sparsity, sd } => {
                let mut theta = normal(0.0, sd, layer, random)?;
                let zeros = (sparsity * n_out as f64).ceil() as usize;
                let mut rows: Vec<usize> = (0..n_out).collect();
                for column in 0..n_in {
                    for k in 0..zeros {
                        // What is not yet chosen lies from k on (Fisher and Yates 1938, in Durstenfeld's form).
                        rows.swap(k, k + below((n_out - k) as u64, random) as usize);
                        theta[rows[k] * n_in + column] = 0.0;
                    }
                }
                Ok(theta)
            }
        }
    }

    /// Whether the settings are within their ranges.
    fn checked(self) -> Result<(), Error> {
        let refuse = |setting, wants, got: String| Err(Error::Setting { setting, wants, got });
        match self {
            Init::XavierUniform { gain }
            | Init::XavierNormal { gain }
            | Init::KaimingUniform { gain, .. }
            | Init::KaimingNormal { gain, .. }
            | Init::Orthogonal { gain }
                if !(gain.is_finite() && gain > 0.0) =>
            {
                refuse("gain", "a finite number above 0", gain.to_string())
            }
            Init::Uniform { low, high } if !(low < high && (high - low).is_finite()) => {
                let wants = "a lower end below the upper one at a finite distance";
                refuse("range", wants, format!("{low} and {high}"))
            }
            Init::Normal { mean, .. } if !mean.is_finite() => {
                refuse("mean", "a finite number", mean.to_string())
            }
            Init::Constant(value) if !value.is_finite() => {
                refuse("constant", "a finite number", value.to_string())
            }
            Init::Sparse { sparsity, .. } if !(0.0..1.0).contains(&sparsity) => {
                refuse("sparsity", "a fraction from 0 up and below 1", sparsity.to_string())
            }
            Init::Normal { sd, .. } | Init::Sparse { sd, .. } if !(sd.is_finite() && sd >= 0.0) => {
                refuse("standard deviation", "a finite number from 0 up", sd.to_string())
            }
            _ => Ok(()),
        }
    }
}

/// Numbers drawn evenly in ±width.
fn within(width: f64, layer: &Layer, random: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    uniform(-width, width, layer, random)
}

/// Numbers drawn evenly between these ends.
///
/// Written out because how `rand` draws from a range may change with its version; these are the bits of its 0.10.
fn uniform(low: f64, high: f64, layer: &Layer, random: &mut Xoshiro256PlusPlus) -> Vec<f64> {
    let mut unit = || (random.next_u64() >> 12) as f64 * f64::EPSILON; // a multiple of 2⁻⁵² below 1
    layer.theta.clone().map(|_| unit() * (high - low) + low).collect()
}

/// Numbers drawn from a normal distribution, from a stream of their own.
fn normal(mean: f64, sd: f64, layer: &Layer, random: &mut Xoshiro256PlusPlus) -> Result<Vec<f64>, Error> {
    Ok(Tensor::normal(&[layer.theta.len()], mean, sd, random.next_u64())?.to_vec())
}
