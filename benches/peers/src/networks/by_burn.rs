//! `burn` on its own backend for the processor, with its layers, loss and optimizer.

use crate::Step;
use crate::net::{ALPHA, Net};
use burn::module::Param;
use burn::nn::loss::BinaryCrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::prelude::*;
use burn::tensor::activation::sigmoid;

#[derive(Module, Debug)]
struct Model {
    layers: Vec<Linear>,
}

impl Model {
    fn logits(&self, x: Tensor<2>) -> Tensor<2> {
        let mut layers = self.layers.iter();
        let first = layers.next().expect("a network has layers").forward(x);
        layers.fold(first, |a, layer| layer.forward(sigmoid(a)))
    }
}

pub(crate) fn step(net: &Net, lambda: f32) -> Step {
    let device = Device::flex().autodiff();
    let matrix = |values: Vec<f32>, shape: [usize; 2]| -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, shape), &device)
    };
    let layers = net.weights().into_iter().zip(net.sizes.windows(2)).map(|(theta, sizes)| {
        let mut layer = LinearConfig::new(sizes[0], sizes[1]).init(&device);
        // Its weights lie as (in, out).
        let turned = (0..sizes[0]).flat_map(|i| theta[i..].iter().step_by(sizes[0]).copied()).collect();
        layer.weight = Param::from_tensor(matrix(turned, [sizes[0], sizes[1]]));
        layer.bias = Some(Param::from_tensor(Tensor::zeros([sizes[1]], &device)));
        layer
    });
    let mut model = Some(Model { layers: layers.collect() });
    let x = matrix(net.x(), [net.rows, net.inputs()]);
    let y = matrix(net.y(), [net.rows, net.outputs()]).int();
    let loss = BinaryCrossEntropyLossConfig::new().with_logits(true).init(&device);
    let decay = (lambda > 0.0).then(|| WeightDecayConfig::new(lambda / net.rows as f32));
    let mut descent = SgdConfig::new().with_weight_decay(decay).init();
    let outputs = net.outputs() as f32;
    Box::new(move || {
        let taken = model.take().expect("put back by the last step");
        // Its mean is over rows and outputs.
        let cost = loss.forward(taken.logits(x.clone()), y.clone()).mul_scalar(outputs);
        let value = cost.clone().into_scalar::<f32>();
        let bar = GradientsParams::from_grads(cost.backward(), &taken);
        model = Some(descent.step(f64::from(ALPHA), taken, bar));
        value
    })
}
