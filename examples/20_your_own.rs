//! Activations, losses, penalties and layers of your own, each a few lines of tape code.
//!
//! Run with `cargo run --release --example 20_your_own`.
//!
//! What the library does not have is written with tensors; the tape differentiates it. Here two spirals are told apart by a
//! network with all four: a layer that adds its input to what it computes, an activation with two bends, a loss that looks at
//! what is still wrong, and a penalty that lets go of whole inputs.

use mlp::{Init, Network, Optimizer, Schedule, Updater};
use tape::{Error, Real, ScalarFn, Tape, Tensor};

/// Units of each hidden layer.
const UNITS: usize = 24;
/// Inputs: two that matter, and three of noise.
const INPUTS: usize = 5;
/// Steps of Adam.
const STEPS: usize = 600;

/// An activation: `g(z) = z Φ-like ramp`, written once for any number, so that it becomes one fused loop over a tensor, with
/// its derivative: the tail of a bell on the left, straight on the right (Misra 2019, "Mish").
struct Mish;

impl ScalarFn for Mish {
    fn call<R: Real>(&self, z: R) -> R {
        z * z.softplus().tanh()
    }
}

/// A layer: what comes in, and what one more layer makes of it (He et al. 2016, equation 1).
fn residual(x: &Tensor, theta: &Tensor, bias: &Tensor) -> Result<Tensor, Error> {
    x.add(&x.matmul(theta.t())?.add(bias)?.map(Mish))
}

/// A loss: the cross-entropy of each row times the square of what is still missing, so that rows which are right already
/// hardly count (Lin et al. 2017, equation 4, γ = 2), as the mean over rows.
fn focal(z: &Tensor, y: &Tensor) -> Result<Tensor, Error> {
    // -ln p and 1 - p of the class that is right: with s = ±1, softplus(-s z) and σ(-s z).
    let against = (y.scale(-2.0).shift(1.0)).mul(z)?;
    let missing = against.sigmoid();
    Ok(missing.mul(&missing)?.mul(&against.softplus())?.mean())
}

/// A penalty: the length of the weights that leave an input, summed over inputs, which brings whole inputs to zero (Yuan and
/// Lin 2006, equation 2.1).
fn groups(theta: &Tensor, strength: f64) -> Result<Tensor, Error> {
    let squares = theta.mul(theta)?.sum_axes(&[0], false)?;
    Ok(squares.shift(1e-12).sqrt().sum().scale(strength))
}

/// The logits of the network.
fn logits(x: &Tensor, layers: &[[Tensor; 2]]) -> Result<Tensor, Error> {
    let [[theta_1, bias_1], [theta_2, bias_2], [theta_3, bias_3]] = layers else { unreachable!("three layers") };
    let a = x.matmul(theta_1.t())?.add(bias_1)?.map(Mish);
    let a = residual(&a, theta_2, bias_2)?;
    a.matmul(theta_3.t())?.add(bias_3)
}

/// Two spirals of so many points each, with inputs of noise beside.
fn spirals(points: usize, phase: f64) -> Result<(Tensor, Tensor), Error> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for i in 0..2 * points {
        let (side, t) = (i % 2, 0.25 + 2.75 * ((i / 2) as f64 + phase) / points as f64);
        let angle = t * 2.0 + std::f64::consts::PI * side as f64;
        let noise = |k: usize| ((i * k) as f64 * 12.9898 + phase).sin() * 1.5;
        x.extend([t * angle.cos(), t * angle.sin(), noise(3), noise(5), noise(7)]);
        y.push(side as f64);
    }
    Ok((Tensor::from_vec(x, &[2 * points, INPUTS])?, Tensor::from_vec(y, &[2 * points, 1])?))
}

/// The share of rows on the right side.
fn accuracy(z: &Tensor, y: &Tensor) -> f64 {
    let right = z.as_slice().iter().zip(y.as_slice()).filter(|(z, y)| (**z > 0.0) == (**y > 0.5));
    right.count() as f64 / y.len() as f64
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ((x, y), (test_x, test_y)) = (spirals(150, 0.0)?, spirals(150, 0.5)?);
    // The network is the flat buffer of parameters, with a place for each layer; how they are used is said above.
    let init = Init::XavierUniform { gain: 1.0 };
    let mut network = Network::with_init(&[INPUTS, UNITS, UNITS, 1], init, 1)?;
    let mut updater = Updater::new(Optimizer::adam(0.02))?;
    for step in 0..STEPS {
        let tape = Tape::begin();
        let leaves = network.record(&tape);
        let layers = leaves.layers()?;
        let loss = focal(&logits(&x, &layers)?, &y)?.add(&groups(&layers[0][0], 0.002)?)?;
        let gradient = leaves.gradient(&tape.sweep(&loss)?)?;
        drop((layers, leaves, tape));
        let factor = Schedule::Cosine { least: 0.01 }.factor(step, STEPS);
        updater.step(network.parameters_mut(), &gradient, None, factor)?;
        if step % 100 == 99 {
            println!("step {:3}: J = {:.5}", step + 1, tape_free(&loss));
        }
    }

    let tape = Tape::begin();
    let layers = network.record(&tape).layers()?;
    let (train, test) = (accuracy(&logits(&x, &layers)?, &y), accuracy(&logits(&test_x, &layers)?, &test_y));
    println!("right on {:.1} % of the points, and on {:.1} % of points between them", 100.0 * train, 100.0 * test);
    let theta = &layers[0][0];
    let lengths: Vec<f64> = (0..INPUTS)
        .map(|input| (0..UNITS).map(|unit| theta.as_slice()[unit * INPUTS + input].powi(2)).sum::<f64>().sqrt())
        .collect();
    println!("lengths of the weights that leave each input: {lengths:.3?}");
    assert!(test > 0.95, "the spirals are told apart");
    assert!(lengths[2..].iter().all(|noise| *noise < 0.1 * lengths[0]), "inputs of noise are let go");
    Ok(())
}

/// The number that a recorded loss is.
fn tape_free(loss: &Tensor) -> f64 {
    loss.as_slice()[0]
}
