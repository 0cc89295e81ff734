//! The loss of a unit, the boundary between two classes, and why weights do not start from zeros: two half moons, told
//! apart by logistic regression, by a hidden layer, and by a hidden layer whose units never became different.
//!
//! Run it with `cargo run --release --example 14_decision_boundary pictures`: it writes `boundary.svg` and `zeros.svg` to
//! that folder.

mod picture;

use mlp::{Error, Init, Network, Optimizer, Training};
use picture::{Area, BLUE, Drawn, GREEN, INK, MINT, ORANGE, RED, SKY, axes, key};
use plotters::prelude::*;
use std::f64::consts::{LN_2, PI};
use std::ops::ControlFlow;
use tape::Tensor;

/// Rows of class 0 and of class 1.
const ROWS: [usize; 2] = [70, 50];
const UNITS: usize = 4;
const STEPS: usize = 3000;

/// The plane that is drawn.
const X: (f64, f64) = (-1.7, 2.7);
const Y: (f64, f64) = (-1.3, 1.7);

/// Two half moons that reach into each other: x: (120, 2), y: (120, 1).
fn moons() -> Result<(Tensor, Tensor), Error> {
    let n = ROWS[0] + ROWS[1];
    let (angle, noise) = (Tensor::uniform(&[n], 0.0, PI, 1)?, Tensor::normal(&[n, 2], 0.0, 0.12, 2)?);
    let point = |row: usize| {
        let (sine, cosine) = angle.as_slice()[row].sin_cos();
        let (x, y) = if row < ROWS[0] { (cosine, sine) } else { (1.0 - cosine, 0.4 - sine) };
        [x + noise.as_slice()[2 * row], y + noise.as_slice()[2 * row + 1]]
    };
    let x = (0..n).flat_map(point).collect();
    let y = (0..n).map(|row| f64::from(u8::from(row >= ROWS[0]))).collect();
    Ok((Tensor::from_vec(x, &[n, 2])?, Tensor::from_vec(y, &[n, 1])?))
}

/// A network after descent with momentum on all rows, J at each step, and where the weights of the hidden units went.
struct Descent {
    network: Network,
    costs: Vec<f64>,
    /// For each step the weights of the first layer, (UNITS, 2).
    weights: Vec<Vec<f64>>,
}

fn descend(mut network: Network, x: &Tensor, y: &Tensor) -> Result<Descent, Error> {
    let optimizer = Optimizer::momentum(0.5, 0.9);
    let training = Training { epochs: STEPS, batch_size: None, ..Training::new(optimizer) };
    let (mut costs, mut weights) = (Vec::new(), Vec::new());
    training.fit(&mut network, x, y, |epoch, network| {
        costs.push(epoch.cost);
        weights.push(network.parameters()[network.layers()[0].theta.clone()].to_vec());
        ControlFlow::Continue(())
    })?;
    Ok(Descent { network, costs, weights })
}

/// Where h is ½, as lines: the cells of a grid that it goes through, joined end to end.
fn boundary(network: &Network) -> Result<Vec<Vec<(f64, f64)>>, Error> {
    const CELLS: usize = 44;
    let place = |(low, high): (f64, f64), k: usize| low + (high - low) * k as f64 / CELLS as f64;
    let corner = |i: usize, j: usize| (place(X, i), place(Y, j));
    let corners: Vec<f64> = (0..=CELLS)
        .flat_map(|i| {
            (0..=CELLS).flat_map(move |j| {
                let (x, y) = corner(i, j);
                [x, y]
            })
        })
        .collect();
    let z = network.logits(&Tensor::from_vec(corners, &[(CELLS + 1) * (CELLS + 1), 2])?)?;
    let z = |i: usize, j: usize| z.as_slice()[i * (CELLS + 1) + j];
    let mut segments = Vec::new();
    for i in 0..CELLS {
        for j in 0..CELLS {
            let around = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)];
            let crossings: Vec<_> = around
                .windows(2)
                .filter_map(|side| {
                    // From the lower end, so that both cells of a side come to the same bits.
                    let (from, to) = (side[0].min(side[1]), side[0].max(side[1]));
                    let (a, b) = (z(from.0, from.1), z(to.0, to.1));
                    let share = a / (a - b);
                    let ((x0, y0), (x1, y1)) = (corner(from.0, from.1), corner(to.0, to.1));
                    ((a > 0.0) != (b > 0.0)).then_some((x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
                })
                .collect();
            segments.extend(crossings.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
        }
    }
    let mut lines = Vec::new();
    while let Some([first, second]) = segments.pop() {
        let mut line = std::collections::VecDeque::from([first, second]);
        while let Some(k) = segments.iter().position(|ends| ends.contains(&line[line.len() - 1])) {
            let [a, b] = segments.swap_remove(k);
            line.push_back(if a == line[line.len() - 1] { b } else { a });
        }
        while let Some(k) = segments.iter().position(|ends| ends.contains(&line[0])) {
            let [a, b] = segments.swap_remove(k);
            line.push_front(if a == line[0] { b } else { a });
        }
        lines.push(line.into());
    }
    Ok(lines)
}

/// -ln h, the loss where y is 1, and -ln (1 - h), where it is 0.
fn draw_losses(area: &Area<'_>) -> Drawn {
    let mut chart =
        axes(area, "The loss of one unit", (0.0..1.0, 0.0..5.0), ["h, what the unit says", "loss"])?;
    let loss = |of: fn(f64) -> f64| {
        (0..=120).map(|k| 1.0 / (1.0 + ((60.0 - f64::from(k)) / 10.0).exp())).map(move |h| (h, of(h)))
    };
    let one = loss(|h| -h.ln()).filter(|(_, loss)| *loss < 5.0);
    chart.draw_series(LineSeries::new(one, ORANGE.stroke_width(5)))?;
    let zero = loss(|h| -(1.0 - h).ln()).filter(|(_, loss)| *loss < 5.0);
    chart.draw_series(LineSeries::new(zero, BLUE.stroke_width(5)))?;
    chart.draw_series([Circle::new((0.5, LN_2), 7, INK.filled())])?;
    key(area, (190, 100), &[("-ln h, where y = 1", ORANGE), ("-ln (1 - h), where y = 0", BLUE)])?;
    area.draw(&Text::new("ln 2", (346, 500), picture::centred(24)))?;
    Ok(())
}

fn draw_boundary(area: &Area<'_>, heading: &str, network: &Network, x: &Tensor, lines: bool) -> Drawn {
    let mut chart = axes(area, heading, (X.0..X.1, Y.0..Y.1), ["x₁", "x₂"])?;
    let points = x.as_slice().chunks_exact(2).enumerate();
    chart.draw_series(points.map(|(row, point)| {
        let colour = if row < ROWS[0] { BLUE } else { ORANGE };
        Circle::new((point[0], point[1]), 6, colour.filled())
    }))?;
    for line in boundary(network)? {
        chart.draw_series(LineSeries::new(line, INK.stroke_width(5)))?;
    }
    if lines {
        // Each hidden unit has a line of its own, where its z is 0.
        for layer in &network.layers()[..1] {
            let (theta, bias) =
                (&network.parameters()[layer.theta.clone()], &network.parameters()[layer.bias.clone()]);
            for (theta, bias) in theta.chunks_exact(2).zip(bias) {
                let height = |x: f64| -(bias + theta[0] * x) / theta[1];
                let places = (0..=220).map(|k| X.0 + (X.1 - X.0) * f64::from(k) / 220.0);
                let inside: Vec<_> =
                    places.map(|x| (x, height(x))).filter(|(_, y)| (Y.0..Y.1).contains(y)).collect();
                if let [first, .., last] = inside[..] {
                    chart.draw_series(LineSeries::new([first, last], MINT.stroke_width(3)))?;
                }
            }
        }
    }
    Ok(())
}

fn draw_paths(area: &Area<'_>, heading: &str, descent: &Descent, widths: [u32; UNITS]) -> Drawn {
    let names = ["weight on x₁", "weight on x₂"];
    let mut chart = axes(area, heading, (-12.0..12.0, -12.0..12.0), names)?;
    let colours = [ORANGE, SKY, GREEN, RED];
    for unit in 0..UNITS {
        // Many steps at first, few at last: from one to the next at least a little way.
        let mut path: Vec<(f64, f64)> = Vec::new();
        for weights in &descent.weights {
            let here = (weights[2 * unit], weights[2 * unit + 1]);
            if path.last().is_none_or(|last| (here.0 - last.0).hypot(here.1 - last.1) > 0.15) {
                path.push(here);
            }
        }
        let end = path[path.len() - 1];
        chart.draw_series([Circle::new(path[0], 6, INK.filled())])?;
        chart.draw_series(LineSeries::new(path, colours[unit].stroke_width(widths[unit])))?;
        chart.draw_series([Circle::new(end, widths[unit] as i32 / 2 + 6, colours[unit].filled())])?;
    }
    Ok(())
}

fn draw_costs(area: &Area<'_>, descents: [(&str, &Descent, RGBColor); 2]) -> Drawn {
    let ranges = ((1.0..STEPS as f64).log_scale(), 0.0..1.0);
    let mut chart = axes(area, "J on the way", ranges, ["step", "J"])?;
    for (_, descent, colour) in &descents {
        let places = (0..=160).map(|k| (STEPS as f64).powf(f64::from(k) / 160.0) as usize);
        let mut places: Vec<usize> = places.collect();
        places.dedup();
        let curve = places.into_iter().map(|step| (step as f64, descent.costs[step - 1]));
        chart.draw_series(LineSeries::new(curve, colour.stroke_width(5)))?;
    }
    key(area, (250, 96), &descents.map(|(name, _, colour)| (name, colour)))?;
    Ok(())
}

fn main() -> Drawn {
    let (x, y) = moons()?;
    let labels: Vec<usize> = y.as_slice().iter().map(|&y| y as usize).collect();
    let sizes = [2, UNITS, 1];
    let straight = descend(Network::with_init(&[2, 1], Init::Constant(0.0), 0)?, &x, &y)?;
    let bent = descend(Network::new(&sizes, 1)?, &x, &y)?;
    let zeros = descend(Network::with_init(&sizes, Init::Constant(0.0), 0)?, &x, &y)?;

    println!("after {STEPS} steps with momentum         J     right of {}", labels.len());
    let mut accuracies = Vec::new();
    for (name, descent) in [
        ("logistic regression", &straight),
        ("4 hidden units, from random values", &bent),
        ("4 hidden units, from zeros", &zeros),
    ] {
        let accuracy = descent.network.accuracy(&x, &labels)?;
        let cost = descent.network.cost(&x, &y, 0.0)?;
        println!("    {name:36} {cost:8.4}  {:.0}", accuracy * labels.len() as f64);
        accuracies.push(accuracy);
    }
    let first = |descent: &Descent| descent.costs[0];
    assert_eq!((first(&straight), first(&zeros)), (LN_2, LN_2), "zeros say ½ of every row");
    assert!(accuracies[1] > 0.98 && accuracies[0] < 0.95 && accuracies[2] < 0.95);
    let last = &zeros.weights[STEPS - 1];
    assert!(last[0] != 0.0 && last.chunks_exact(2).all(|unit| unit == &last[..2]), "four units that are one");

    picture::write("boundary.svg", (1800, 620), |root| {
        let areas = root.split_evenly((1, 3));
        draw_losses(&areas[0])?;
        draw_boundary(&areas[1], "Logistic regression", &straight.network, &x, false)?;
        draw_boundary(&areas[2], "Four hidden units", &bent.network, &x, true)
    })?;
    picture::write("zeros.svg", (1800, 620), |root| {
        let areas = root.split_evenly((1, 3));
        draw_paths(&areas[0], "From zeros: four units, one path", &zeros, [16, 11, 6, 2])?;
        draw_paths(&areas[1], "From random values", &bent, [4; UNITS])?;
        draw_costs(&areas[2], [("from zeros", &zeros, RED), ("from random values", &bent, SKY)])
    })
}
