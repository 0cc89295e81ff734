//! `candle`: its layers, its loss and its optimizer. That one knows no decay of weights, so the penalty is part of J.

use crate::Step;
use crate::net::{ALPHA, Net};
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::loss::binary_cross_entropy_with_logit;
use candle_nn::ops::sigmoid;
use candle_nn::{Linear, Module, Optimizer, SGD};

pub(crate) fn step(net: &Net, lambda: f32) -> Step {
    let mut step = built(net, lambda).expect("sizes of the table");
    Box::new(move || step().expect("shapes fit"))
}

fn built(net: &Net, lambda: f32) -> Result<impl FnMut() -> Result<f32> + use<>> {
    let device = Device::Cpu;
    let (mut layers, mut parameters) = (Vec::new(), Vec::new());
    for (theta, sizes) in net.weights().into_iter().zip(net.sizes.windows(2)) {
        let theta = Var::from_vec(theta, (sizes[1], sizes[0]), &device)?;
        let bias = Var::from_vec(vec![0.0_f32; sizes[1]], sizes[1], &device)?;
        layers.push(Linear::new(theta.as_tensor().clone(), Some(bias.as_tensor().clone())));
        parameters.extend([theta, bias]);
    }
    let x = Tensor::from_vec(net.x(), (net.rows, net.inputs()), &device)?;
    let y = Tensor::from_vec(net.y(), (net.rows, net.outputs()), &device)?;
    let mut descent = SGD::new(parameters, f64::from(ALPHA))?;
    let (outputs, half) = (net.outputs() as f64, f64::from(lambda) / (2 * net.rows) as f64);
    Ok(move || {
        let mut a = layers[0].forward(&x)?;
        for layer in &layers[1..] {
            a = layer.forward(&sigmoid(&a)?)?;
        }
        // Its mean is over rows and outputs.
        let mut cost = (binary_cross_entropy_with_logit(&a, &y)? * outputs)?;
        if half > 0.0 {
            for layer in &layers {
                cost = (cost + (layer.weight().sqr()?.sum_all()? * half)?)?;
            }
        }
        descent.backward_step(&cost)?;
        cost.to_scalar()
    })
}
