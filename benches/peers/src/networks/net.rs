//! The networks and their data: the same numbers in every library, by formulas that any language has.

use mlp::Layer;

/// λ and the learning rate.
pub(crate) const LAMBDA: f32 = 1.0;
pub(crate) const ALPHA: f32 = 0.1;

/// A network with sigmoid units, and how many rows it sees in a step.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) name: &'static str,
    /// How many values come in, how many units the layers have.
    pub(crate) sizes: &'static [usize],
    pub(crate) rows: usize,
}

pub(crate) const NETS: [Net; 4] = [
    Net { name: "4-8-3-b16-f32", sizes: &[4, 8, 3], rows: 16 },
    Net { name: "64-64-10-b64-f32", sizes: &[64, 64, 10], rows: 64 },
    Net { name: "784-256-128-10-b128-f32", sizes: &[784, 256, 128, 10], rows: 128 },
    Net { name: "784-2048-2048-10-b512-f32", sizes: &[784, 2048, 2048, 10], rows: 512 },
];

impl Net {
    pub(crate) fn inputs(&self) -> usize {
        self.sizes[0]
    }

    pub(crate) fn outputs(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// The rows, (rows, inputs) row-major.
    pub(crate) fn x(&self) -> Vec<f32> {
        (0..self.rows * self.inputs()).map(|k| (1.3 * k as f64).sin() as f32).collect()
    }

    /// The targets, (rows, outputs) row-major, each 0 or 1.
    pub(crate) fn y(&self) -> Vec<f32> {
        (0..self.rows * self.outputs()).map(|k| f32::from(u8::from((2.1 * k as f64).sin() > 0.6))).collect()
    }

    /// The first weights of each layer, (out, in) row-major; biases are zero.
    pub(crate) fn weights(&self) -> Vec<Vec<f32>> {
        let of_layer = |layer: &Layer| {
            let width = (6.0 / (layer.n_in + layer.n_out) as f64).sqrt();
            (0..layer.theta.len()).map(|k| (width * (1.7 * k as f64 + 0.3).sin()) as f32).collect()
        };
        Layer::stack(self.sizes).iter().map(of_layer).collect()
    }
}
