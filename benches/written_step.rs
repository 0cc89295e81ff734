//! The training step written out in the kernels that the tape's rules call, in their order and on buffers like the
//! tape's, with a clock between: what is left of the tape's step when these are taken away is the tape itself.

use mlp::Layer;
use std::time::Instant;
use tape::Tensor;
use tape::kernel::{self, Factor, MatmulShape};

/// What the time of a step goes into.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// z = a Θᵀ, Θ̄ = z̄ᵀ a and ā = z̄ Θ.
    Products,
    /// a = σ(z + b), and z + b at the output.
    Sigmoid,
    /// The cross-entropy of the logits, and z̄ there.
    Loss,
    /// z̄ = ā ∘ a (1 - a).
    Slope,
    /// b̄ = Σᵢ z̄.
    ColumnSums,
    /// Σ θ².
    Squares,
    /// θ := (1 - αλ/n) θ - α θ̄.
    Update,
}

const PARTS: usize = Part::Update as usize + 1;

/// Nanoseconds by part.
#[derive(Debug)]
pub(crate) struct Clock {
    last: Instant,
    pub(crate) spent: [f64; PARTS],
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { last: Instant::now(), spent: [0.0; PARTS] }
    }

    /// Puts what has passed since the last call on this part's account.
    fn charge(&mut self, part: Part) {
        let now = Instant::now();
        self.spent[part as usize] += (now - self.last).as_nanos() as f64;
        self.last = now;
    }
}

/// A network, its rows, and a buffer for whatever a step computes. They are tensors, so that they lie in memory of the
/// same kind as the tape's.
#[derive(Debug)]
pub(crate) struct WrittenStep {
    layers: Vec<Layer>,
    rows: usize,
    x: Tensor<f32>,
    y: Tensor<f32>,
    parameters: Tensor<f32>,
    gradient: Tensor<f32>,
    /// a of each layer, (n, n_out); at the output z.
    a: Vec<Tensor<f32>>,
    /// z̄ of each layer.
    bars: Vec<Tensor<f32>>,
}

impl WrittenStep {
    pub(crate) fn new(sizes: &[usize], parameters: &[f32], x: &Tensor<f32>, y: &Tensor<f32>) -> Self {
        let layers = Layer::stack(sizes);
        let rows = x.shape()[0];
        let buffers = || layers.iter().map(|layer| Tensor::zeros(&[rows, layer.n_out])).collect();
        let parameters = Tensor::from_slice(parameters, &[parameters.len()]).expect("flat");
        let gradient = Tensor::zeros(&[parameters.len()]);
        let (x, y) = (x.clone(), y.clone());
        WrittenStep { a: buffers(), bars: buffers(), layers, rows, x, y, parameters, gradient }
    }

    pub(crate) fn gradient(&self) -> &[f32] {
        self.gradient.as_slice()
    }

    pub(crate) fn parameters(&self) -> &[f32] {
        self.parameters.as_slice()
    }

    /// Multiply-adds, twice: the operations of the products of a step.
    pub(crate) fn operations(&self) -> f64 {
        let weights = |layers: &[Layer]| layers.iter().map(|layer| layer.theta.len()).sum::<usize>();
        2.0 * (self.rows * (2 * weights(&self.layers) + weights(&self.layers[1..]))) as f64
    }

    /// One step; returns J as it was before. The gradient of the penalty shrinks the parameters as they are moved, as it does where
    /// the tape has many of them.
    pub(crate) fn step(&mut self, lambda: f32, alpha: f32, clock: &mut Clock) -> f32 {
        let per_row = 1.0 / self.rows as f32;
        let output = self.layers.len() - 1;
        for (l, layer) in self.layers.iter().enumerate() {
            let (below, here) = self.a.split_at_mut(l);
            let a = below.last().unwrap_or(&self.x).as_slice();
            let z = here[0].as_mut_slice();
            let parameters = self.parameters.as_slice();
            forward(layer, self.rows, a, parameters, z);
            clock.charge(Part::Products);
            let bias = &parameters[layer.bias.clone()];
            match l < output {
                true => kernel::add_bias_sigmoid(z, bias),
                false => kernel::add_bias(z, bias),
            }
            clock.charge(Part::Sigmoid);
        }
        let (z, y) = (self.a[output].as_slice(), self.y.as_slice());
        let entropy = kernel::sigmoid_cross_entropy(z, y);
        kernel::sigmoid_cross_entropy_gradient(z, y, per_row, self.bars[output].as_mut_slice());
        clock.charge(Part::Loss);
        let theta = |layer: &Layer| &self.parameters.as_slice()[layer.theta.clone()];
        let squares: f32 = self.layers.iter().map(|layer| kernel::sum_of_squares(theta(layer))).sum();
        clock.charge(Part::Squares);
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let (below, here) = self.bars.split_at_mut(l);
            let a = if l == 0 { &self.x } else { &self.a[l - 1] }.as_slice();
            let z_bar = here[0].as_slice();
            let (parameters, gradient) = (self.parameters.as_slice(), self.gradient.as_mut_slice());
            kernel::column_sums(z_bar, layer.n_out, 0.0, &mut gradient[layer.bias.clone()]);
            clock.charge(Part::ColumnSums);
            weights(layer, self.rows, a, z_bar, gradient);
            if let Some(a_bar) = below.last_mut() {
                let a_bar = a_bar.as_mut_slice();
                backward(layer, self.rows, z_bar, parameters, a_bar);
                clock.charge(Part::Products);
                kernel::times_sigmoid_slope(a, a_bar);
                clock.charge(Part::Slope);
            } else {
                clock.charge(Part::Products);
            }
        }
        let (gradient, parameters) = (self.gradient.as_slice(), self.parameters.as_mut_slice());
        for layer in &self.layers {
            let (theta, bias) = (layer.theta.clone(), layer.bias.clone());
            let shrink = 1.0 - alpha * lambda * per_row;
            kernel::axpby(-alpha, &gradient[theta.clone()], shrink, &mut parameters[theta]);
            kernel::axpy(-alpha, &gradient[bias.clone()], &mut parameters[bias]);
        }
        clock.charge(Part::Update);
        (entropy + lambda * 0.5 * squares) * per_row
    }

    /// The matrix products of a step and nothing else, each from and into the buffers that it has there: the step of a
    /// network without sigmoids.
    pub(crate) fn products(&mut self) {
        let parameters = self.parameters.as_slice();
        for (l, layer) in self.layers.iter().enumerate() {
            let (below, here) = self.a.split_at_mut(l);
            let a = below.last().unwrap_or(&self.x).as_slice();
            forward(layer, self.rows, a, parameters, here[0].as_mut_slice());
        }
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let (below, here) = self.bars.split_at_mut(l);
            let a = if l == 0 { &self.x } else { &self.a[l - 1] }.as_slice();
            let z_bar = here[0].as_slice();
            weights(layer, self.rows, a, z_bar, self.gradient.as_mut_slice());
            if let Some(a_bar) = below.last_mut() {
                backward(layer, self.rows, z_bar, parameters, a_bar.as_mut_slice());
            }
        }
    }
}

/// z = a Θᵀ.
fn forward(layer: &Layer, rows: usize, a: &[f32], parameters: &[f32], z: &mut [f32]) {
    let shape = MatmulShape { m: rows, k: layer.n_in, n: layer.n_out };
    let theta = Factor::transposed(&parameters[layer.theta.clone()]);
    kernel::matmul(shape, 1.0, Factor::plain(a), theta, 0.0, z);
}

/// ā = z̄ Θ.
fn backward(layer: &Layer, rows: usize, z_bar: &[f32], parameters: &[f32], a_bar: &mut [f32]) {
    let shape = MatmulShape { m: rows, k: layer.n_out, n: layer.n_in };
    let theta = Factor::plain(&parameters[layer.theta.clone()]);
    kernel::matmul(shape, 1.0, Factor::plain(z_bar), theta, 0.0, a_bar);
}

/// Θ̄ = z̄ᵀ a.
fn weights(layer: &Layer, rows: usize, a: &[f32], z_bar: &[f32], gradient: &mut [f32]) {
    let shape = MatmulShape { m: layer.n_out, k: rows, n: layer.n_in };
    let (z_bar, a) = (Factor::transposed(z_bar), Factor::plain(a));
    kernel::matmul(shape, 1.0, z_bar, a, 0.0, &mut gradient[layer.theta.clone()]);
}
