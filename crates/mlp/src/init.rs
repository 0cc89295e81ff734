//! First values of the parameters.
//!
//! They are random because zeros never break the symmetry: units of a layer that start equal receive equal
//! gradients, and stay equal for ever.

use crate::layer::Layer;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use tape::Float;

/// Parameters for these layers: weights uniform in ±√6 / √(n_in + n_out), biases zero; the same for the same
/// seed on every machine.
///
/// The width keeps the variance of activations and of gradients level through the layers (Glorot and Bengio
/// 2010, equation 16); it is also the course's ε.
pub(crate) fn xavier_uniform<T: Float>(layers: &[Layer], seed: u64) -> Vec<T> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut parameters = Vec::with_capacity(layers.last().map_or(0, |layer| layer.bias.end));
    for layer in layers {
        let width = 6.0_f64.sqrt() / ((layer.n_in + layer.n_out) as f64).sqrt();
        // Drawn in f64 for both precisions, so that they start from the same point.
        parameters.extend(layer.theta.clone().map(|_| T::from_f64(random.random_range(-width..width))));
        parameters.extend(layer.bias.clone().map(|_| T::from_f64(0.0)));
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_random_within_their_width_and_biases_are_zero() {
        let layers = Layer::stack(&[3, 5, 2]);
        let parameters = xavier_uniform::<f64>(&layers, 7);
        let width = (6.0_f64 / 8.0).sqrt();
        let theta = &parameters[layers[0].theta.clone()];
        assert!(theta.iter().all(|w| w.abs() < width && *w != 0.0));
        assert!(parameters[layers[0].bias.clone()].iter().all(|&b| b == 0.0));
        assert_eq!(parameters, xavier_uniform::<f64>(&layers, 7));
        assert_ne!(parameters, xavier_uniform::<f64>(&layers, 8));
    }
}
