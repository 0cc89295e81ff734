//! Ours, as `mlp` trains.

use crate::Step;
use crate::net::{ALPHA, Net};
use mlp::{Layer, Network, Objective, Optimizer, Stepper, Updater};
use tape::Tensor;

pub(crate) fn step(net: &Net, lambda: f32) -> Step {
    let layers = Layer::stack(net.sizes);
    let parameters = net.weights().into_iter().zip(&layers).flat_map(|(mut theta, layer)| {
        theta.resize(theta.len() + layer.n_out, 0.0);
        theta
    });
    let mut network = Network::from_parameters(net.sizes, parameters.collect()).expect("sizes of the table");
    let x = Tensor::from_vec(net.x(), &[net.rows, net.inputs()]).expect("rows of inputs");
    let y = Tensor::from_vec(net.y(), &[net.rows, net.outputs()]).expect("rows of targets");
    let j = Objective::l2(f64::from(lambda));
    let mut stepper = Stepper::new();
    let mut descent = Updater::new(Optimizer::gradient_descent(f64::from(ALPHA))).expect("a learning rate");
    Box::new(move || stepper.step(&mut network, (&x, &y), &j, &mut descent, 1.0).expect("shapes fit"))
}
