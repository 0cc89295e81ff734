//! Where the parameters of a layer lie in the flat buffer of its network.

use std::ops::Range;

/// One layer's part of the flat buffer: `theta: (n_out, n_in)` row-major, then `bias: (n_out)`.
///
/// ```
/// let layers = mlp::Layer::stack(&[4, 3, 2]);
/// assert_eq!(layers[0].theta, 0..12);
/// assert_eq!(layers[0].bias, 12..15);
/// assert_eq!(layers[1].theta, 15..21);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// How many values come in.
    pub n_in: usize,
    /// How many units there are, and values go out.
    pub n_out: usize,
    /// The places of the weights.
    pub theta: Range<usize>,
    /// The places of the biases.
    pub bias: Range<usize>,
}

impl Layer {
    /// The layers of a network with these sizes, inputs first, one after the other in the buffer.
    ///
    /// ```
    /// assert_eq!(mlp::Layer::stack(&[2, 1]).len(), 1);
    /// ```
    pub fn stack(sizes: &[usize]) -> Vec<Layer> {
        let mut start = 0;
        let each = sizes.windows(2).map(|pair| {
            let (n_in, n_out) = (pair[0], pair[1]);
            let theta = start..start + n_in * n_out;
            let bias = theta.end..theta.end + n_out;
            start = bias.end;
            Layer { n_in, n_out, theta, bias }
        });
        each.collect()
    }
}
