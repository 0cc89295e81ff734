//! Backpropagation falls out of a tape: J of a sigmoid network is written as a formula, its gradient comes from the
//! sweep, and it is the one that the hand-derived δ formulas give.
//!
//! The network, the data and the two values of J are the worked example of the course that the maths follows.
//!
//! Run it with `cargo run --release --example 04_backpropagation`.

use mlp::{Backprop, Error, Network, loss};
use tape::{Tape, Tensor};

/// Layers: two inputs, four hidden units, four classes.
const SIZES: [usize; 3] = [2, 4, 4];
const ROWS: usize = 16;

/// The course gives Θ⁽ˡ⁾ with the bias as its first column, filled column by column.
fn course_parameters() -> Vec<f64> {
    let theta1: Vec<f64> = (0..12).map(|k| f64::from(2 * k + 1).sin()).collect(); // (4, 3)
    let theta2: Vec<f64> = (0..20).map(|k| f64::from(2 * k + 1).cos()).collect(); // (4, 5)
    let mut parameters = Vec::new();
    for (columns, theta) in [(3, theta1), (5, theta2)] {
        let entry = |unit: usize, column: usize| theta[column * 4 + unit];
        // Here the weights come first, row by row, and then the biases.
        for unit in 0..4 {
            parameters.extend((1..columns).map(|column| entry(unit, column)));
        }
        parameters.extend((0..4).map(|unit| entry(unit, 0)));
    }
    parameters
}

fn course_rows() -> Result<(Tensor, Tensor), Error> {
    let filled = |row: usize, column: usize| ((column * ROWS + row + 1) as f64).sin() / 5.0;
    let x = (0..ROWS).flat_map(|row| [filled(row, 0), filled(row, 1)]).collect();
    // The course's classes count from 1: y = 1 + mod(1..16, 4).
    let class = |row: usize| (row + 1) % 4;
    let y = (0..ROWS * 4).map(|k| f64::from(u8::from(k % 4 == class(k / 4)))).collect();
    Ok((Tensor::from_vec(x, &[ROWS, 2])?, Tensor::from_vec(y, &[ROWS, 4])?))
}

fn main() -> Result<(), Error> {
    let (x, y) = course_rows()?;
    let network = Network::from_parameters(&SIZES, course_parameters())?;
    for (lambda, published) in [(0.0, "3.08745"), (1.0, "3.46051")] {
        compare(&network, &x, &y, lambda, published)?;
    }
    zeros_never_break_the_symmetry(&x, &y)
}

fn compare(network: &Network, x: &Tensor, y: &Tensor, lambda: f64, published: &str) -> Result<(), Error> {
    // With a tape: record the parameters as leaves, write J as the formula has it, sweep.
    let tape = Tape::begin();
    let leaves = network.record(&tape);
    let j = loss::cost_from_primitives(&leaves, x, y, lambda)?;
    let bar = tape.sweep(&j)?;
    let by_tape = leaves.gradient(&bar)?;

    // By hand: δ = a - y at the output, δ Θ ∘ a (1 - a) below, δᵀ a / n for the weights (see `mlp::backprop`).
    let mut backprop = Backprop::new(&SIZES, ROWS)?;
    let j_by_hand = backprop.cost_and_gradient(network.parameters(), x.as_slice(), y.as_slice(), lambda)?;
    let by_hand = backprop.gradient();

    println!(
        "λ = {lambda}: J = {:.5} by the tape, {j_by_hand:.5} by hand, {published} in the course",
        j.item()?
    );
    assert_eq!(format!("{:.5}", j.item()?), published);
    assert_eq!(format!("{j_by_hand:.5}"), published);
    println!("    layer              largest gradient   largest difference");
    for (l, layer) in network.layers().iter().enumerate() {
        for (name, range) in [("theta", layer.theta.clone()), ("bias", layer.bias.clone())] {
            let size = by_hand[range.clone()].iter().fold(0.0, |most: f64, g| most.max(g.abs()));
            let pairs = by_tape[range.clone()].iter().zip(&by_hand[range.clone()]);
            let off = pairs.fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
            println!("    {} {name:<6}           {size:12.6}         {off:12.1e}", l + 1);
            assert!(off <= 1e-13 * size, "layer {} {name}: off by {off}", l + 1);
        }
    }
    println!();
    Ok(())
}

/// Hidden units that start equal receive equal gradients, and stay equal for ever: they are one unit. That is why
/// parameters start from random values.
fn zeros_never_break_the_symmetry(x: &Tensor, y: &Tensor) -> Result<(), Error> {
    for (start, equal_after) in [("zeros", true), ("random values", false)] {
        let mut network = Network::<f64>::new(&SIZES, 7)?;
        if start == "zeros" {
            network.parameters_mut().fill(0.0);
        }
        for _ in 0..500 {
            let (_, gradient) = network.cost_and_gradient(x, y, 0.0)?;
            for (parameter, g) in network.parameters_mut().iter_mut().zip(gradient) {
                *parameter -= 0.5 * g;
            }
        }
        let theta = &network.parameters()[network.layers()[0].theta.clone()];
        println!("from {start}, after 500 steps the weights of the four hidden units are");
        for unit in theta.chunks_exact(2) {
            println!("    {:9.6} {:9.6}", unit[0], unit[1]);
        }
        assert!(theta.iter().any(|&w| w != 0.0), "they have moved");
        assert_eq!(theta.chunks_exact(2).all(|unit| unit == &theta[..2]), equal_after);
    }
    Ok(())
}
