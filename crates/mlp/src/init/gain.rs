//! What an activation takes from the deviation of what goes through it.

use crate::Activation;

/// The gain of each activation by its name.
///
/// PyTorch's, where it has one (`torch.nn.init.calculate_gain`): sigmoid, tanh, relu, leaky_relu (√2 / √(1 + a²) with its slope
/// a = 0.01), selu, identity. For the others the gain that keeps the second moment: 1 / √E[g(z)²] for normal z with
/// mean 0 and variance 1, so that g(z) times it has second moment 1. Of PyTorch's, relu, leaky_relu and identity are
/// of this kind too; tanh would have 1.5925, selu 1 and sigmoid 1.8462.
pub(crate) const GAINS: &[(&str, f64)] = &[
    ("sigmoid", 1.0),
    ("tanh", 5.0 / 3.0),
    ("relu", std::f64::consts::SQRT_2),
    ("leaky_relu", 1.414_142_856_997_835_4),
    ("elu", 1.245_198_300_700_7),
    ("selu", 0.75),
    ("gelu", 1.533_530_441_195_5),
    ("silu", 1.676_532_470_331_1),
    ("softplus", 1.041_866_835_535_3),
    ("softsign", 2.337_533_363_108_5),
    ("identity", 1.0),
];

impl Activation {
    /// What an [`Init`](crate::Init) multiplies the deviation of weights by for layers with this activation: above
    /// 0, and 1 where none is lost.
    ///
    /// It is PyTorch's where PyTorch has one, else 1 / √E[g(z)²] for normal z.
    ///
    /// ```
    /// use mlp::{Activation, Init};
    /// let gain = Activation::Sigmoid.gain();
    /// assert_eq!(Init::XavierUniform { gain }, Init::default());
    /// ```
    pub fn gain(self) -> f64 {
        let named = GAINS.iter().find(|(name, _)| *name == self.name());
        named.expect("each activation has a gain in the table").1
    }
}
