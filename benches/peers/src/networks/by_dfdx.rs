//! `dfdx`, with all sizes in the types, as its documentation advises for speed.

use crate::Step;
use crate::net::{ALPHA, Net};
use dfdx::losses::binary_cross_entropy_with_logits_loss;
use dfdx::optim::{Optimizer, Sgd, SgdConfig, WeightDecay};
use dfdx::prelude::*;

/// The step of a network of these sizes; after them, where the linear layers stand among all.
macro_rules! step {
    ($net:expr, $lambda:expr, $rows:literal, [$first:literal, $($sizes:literal),*], $Model:ty, [$($layer:tt)*]) => {{
        let (net, lambda): (&Net, f32) = ($net, $lambda);
        const K: usize = { let sizes = [$first, $($sizes),*]; sizes[sizes.len() - 1] };
        assert_eq!((net.sizes, net.rows), (&[$first, $($sizes),*][..], $rows));
        let device = AutoDevice::default();
        let mut model = device.build_module::<$Model, f32>();
        let mut weights = net.weights().into_iter();
        $(
            model.$layer.weight.copy_from(&weights.next().expect("weights of each layer"));
            model.$layer.bias = device.zeros();
        )*
        let x: Tensor<Rank2<$rows, $first>, f32, _> = device.tensor(net.x());
        let y: Tensor<Rank2<$rows, K>, f32, _> = device.tensor(net.y());
        let weight_decay = (lambda > 0.0).then(|| WeightDecay::L2(f64::from(lambda) / $rows as f64));
        let mut descent = Sgd::new(&model, SgdConfig { lr: f64::from(ALPHA), momentum: None, weight_decay });
        let mut gradients = Some(model.alloc_grads());
        Box::new(move || {
            let logits = model.forward_mut(x.trace(gradients.take().expect("put back by the last step")));
            // Its mean is over rows and outputs.
            let cost = binary_cross_entropy_with_logits_loss(logits, y.clone()) * K as f32;
            let value = cost.array();
            let mut bar = cost.backward();
            descent.update(&mut model, &bar).expect("all parameters are used");
            model.zero_grads(&mut bar);
            gradients = Some(bar);
            value
        })
    }};
}

pub(crate) fn step(net: &Net, lambda: f32) -> Step {
    type Two<const I: usize, const H: usize, const K: usize> = (Linear<I, H>, Sigmoid, Linear<H, K>);
    type Three<const I: usize, const G: usize, const H: usize, const K: usize> =
        (Linear<I, G>, Sigmoid, Linear<G, H>, Sigmoid, Linear<H, K>);
    match net.sizes {
        [4, ..] => step!(net, lambda, 16, [4, 8, 3], Two<4, 8, 3>, [0 2]),
        [64, ..] => step!(net, lambda, 64, [64, 64, 10], Two<64, 64, 10>, [0 2]),
        [784, 256, ..] => step!(net, lambda, 128, [784, 256, 128, 10], Three<784, 256, 128, 10>, [0 2 4]),
        _ => step!(net, lambda, 512, [784, 2048, 2048, 10], Three<784, 2048, 2048, 10>, [0 2 4]),
    }
}
