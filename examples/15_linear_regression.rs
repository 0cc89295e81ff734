//! Linear regression on tensors: J as a formula, its gradient by the tape, and steps against it, until the line is the one
//! that the normal equations give.
//!
//! Run it with `cargo run --release --example 15_linear_regression pictures`: it writes `line.svg` to that folder.

mod picture;

use picture::{BLUE, Drawn, INK, MINT, ORANGE, RED, SKY, axes, key};
use plotters::prelude::*;
use tape::{Error, Tensor, tensors};

const ROWS: usize = 24;
const STEPS: usize = 100;
const LEARNING_RATE: f64 = 0.3;

/// Points about the line y = 1 + 2x: x and y, (ROWS, 1) each.
fn rows() -> Result<(Tensor, Tensor), Error> {
    let x = Tensor::uniform(&[ROWS, 1], 0.0, 2.0, 3)?;
    let noise = Tensor::normal(&[ROWS, 1], 0.0, 0.4, 4)?;
    let y = x.scale(2.0) + 1.0 + noise;
    Ok((x, y))
}

/// `J(θ) = 1/2n Σ (h - y)²` for h = X θ, where the first column of X is ones, so that θ begins with the bias.
fn cost(design: &Tensor, y: &Tensor, theta: &Tensor) -> Result<Tensor, Error> {
    let off = design.matmul(theta)? - y;
    Ok(off.sum_of_squares().scale(0.5 / ROWS as f64))
}

fn main() -> Drawn {
    let (x, y) = rows()?;
    let design = Tensor::concat(&[&Tensor::full(&[ROWS, 1], 1.0), &x], 1)?;

    let mut theta = Tensor::zeros(&[2, 1]);
    let mut path = Vec::new();
    for _ in 0..=STEPS {
        let (j, gradient) =
            tensors::value_and_grad(|v| cost(&design, &y, &v[0]), std::slice::from_ref(&theta))?;
        path.push((theta.to_vec(), j));
        theta = &theta - gradient[0].scale(LEARNING_RATE);
    }

    // The normal equations, XᵀX θ = Xᵀy: where the gradient Xᵀ(Xθ - y) / n is zero.
    let solved = design.t().matmul(&design)?.solve(&design.t().matmul(&y)?)?;
    let least = cost(&design, &y, &solved)?.item()?;
    println!("step      bias    slope        J   J above the least");
    for step in [0, 1, 2, 5, 10, 20, 50, STEPS] {
        let (theta, j) = &path[step];
        println!("{step:4}  {:8.4} {:8.4} {j:8.4}            {:7.1e}", theta[0], theta[1], j - least);
    }
    let solved = solved.to_vec();
    println!("solved{:8.4} {:8.4} {least:8.4}", solved[0], solved[1]);
    assert!(path.windows(2).all(|pair| pair[1].1 < pair[0].1), "J falls at every step");
    let end = &path[STEPS].0;
    assert!((end[0] - solved[0]).abs() < 0.02 && (end[1] - solved[1]).abs() < 0.02);

    picture::write("line.svg", (1800, 680), |root| {
        let areas = root.split_evenly((1, 2));
        let mut chart = axes(&areas[0], "The line after some steps", (0.0..2.0, 0.0..6.0), ["x", "y"])?;
        let points = x.as_slice().iter().zip(y.as_slice());
        chart.draw_series(points.map(|(&x, &y)| Circle::new((x, y), 7, INK.filled())))?;
        let lines =
            [(0, "step 0", RED), (1, "step 1", ORANGE), (5, "step 5", MINT), (STEPS, "step 100", BLUE)];
        for (step, _, colour) in lines {
            let at = |x: f64| (x, path[step].0[0] + path[step].0[1] * x);
            chart.draw_series(LineSeries::new([at(0.0), at(2.0)], colour.stroke_width(5)))?;
        }
        key(&areas[0], (140, 100), &lines.map(|(_, name, colour)| (name, colour)))?;

        let ranges = (0.0..STEPS as f64, (1e-6..10.0).log_scale());
        let mut chart = axes(&areas[1], "How far J is above its least", ranges, ["step", "J - least J"])?;
        let above = path.iter().enumerate().map(|(step, (_, j))| (step as f64, j - least));
        chart.draw_series(LineSeries::new(above.filter(|(_, above)| *above > 1e-6), SKY.stroke_width(5)))?;
        Ok(())
    })
}
