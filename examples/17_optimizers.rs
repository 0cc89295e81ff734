//! Ten optimisers on one surface: Rosenbrock's valley, whose gradient comes from the tape. Each takes the learning rate, of
//! eleven, by which it comes lowest; those with a line search need none.
//!
//! Run it with `cargo run --release --example 17_optimizers pictures`: it writes `race.svg` to that folder.

mod picture;

use mlp::optimizer::{ConjugateGradient, Lbfgs};
use mlp::{Error, Optimizer, Updater};
use picture::{BLUE, Drawn, GREEN, INK, MINT, ORANGE, RED, SKY, axes, key};
use plotters::prelude::*;
use std::f64::consts::TAU;
use tape::{Real, value_and_grad};

const START: [f64; 2] = [-1.2, 1.0];
/// How often each may ask for the value and the gradient.
const EVALUATIONS: usize = 1000;
/// What a race ends at, and what is drawn no lower than this.
const FINISH: f64 = 1e-12;
const FLOOR: f64 = 1e-14;

/// `(1 - x)² + 100 (y - x²)²`, least at (1, 1), at the end of a bent valley (Rosenbrock 1960).
fn surface<R: Real>(v: &[R]) -> R {
    let (hill, valley) = (R::from_f64(1.0) - v[0], v[1] - v[0].powi(2));
    hill.powi(2) + valley.powi(2).scale(100.0)
}

/// Where the surface was looked at, and its value there.
type Path = Vec<([f64; 2], f64)>;

/// The path of a rule with a learning rate; it ends where the surface is as good as at its least, or left.
fn descend(optimizer: Optimizer) -> Result<Path, Error> {
    let (mut updater, mut at, mut path) = (Updater::new(optimizer)?, START, Vec::new());
    while path.len() < EVALUATIONS {
        let (value, gradient) = value_and_grad(surface, &at);
        path.push((at, value));
        if !(FINISH..1e6).contains(&value) {
            break;
        }
        updater.step(&mut at, &gradient, None, 1.0)?;
    }
    Ok(path)
}

/// The best of the paths by this rule, with the learning rate.
fn best(rule: Rule) -> Result<(f64, Path), Error> {
    let rates = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1.0];
    let mut best: Option<(f64, Path)> = None;
    for rate in rates {
        let path = descend(rule(rate))?;
        let end = |path: &Path| (path[path.len() - 1].1, path.len());
        if best.as_ref().is_none_or(|(_, lowest)| end(&path) < end(lowest)) {
            best = Some((rate, path));
        }
    }
    Ok(best.expect("there are rates"))
}

/// The path of a minimiser with a line search: all points that it looked at.
fn search(
    minimize: impl FnOnce(&mut [f64], &mut dyn FnMut(&[f64], &mut [f64]) -> f64) -> Result<(), Error>,
) -> Result<Path, Error> {
    let (mut at, mut path) = (START, Vec::new());
    minimize(&mut at, &mut |x, out| {
        let (value, gradient) = value_and_grad(surface, x);
        out.copy_from_slice(&gradient);
        path.push(([x[0], x[1]], value));
        value
    })?;
    Ok(path)
}

/// The least value so far, look by look.
fn lowest(path: &Path) -> Vec<f64> {
    let mut least = f64::INFINITY;
    let each = path.iter().map(|(_, value)| {
        least = least.min(*value);
        least
    });
    each.collect()
}

/// The places that are at least so far from the one before, and the last.
fn thinned(places: impl Iterator<Item = (f64, f64)>, distance: f64) -> Vec<(f64, f64)> {
    let (mut kept, mut last): (Vec<(f64, f64)>, _) = (Vec::new(), None);
    for (x, y) in places {
        if kept.last().is_none_or(|before| (before.0 - x).hypot(before.1 - y) >= distance) {
            kept.push((x, y));
        }
        last = Some((x, y));
    }
    kept.extend(last);
    kept
}

/// An optimiser of a learning rate.
type Rule = fn(f64) -> Optimizer;

struct Racer {
    name: &'static str,
    rate: Option<f64>,
    path: Path,
}

fn race() -> Result<Vec<Racer>, Error> {
    let rules: [(&str, Rule); 8] = [
        ("gradient descent", Optimizer::gradient_descent),
        ("momentum", |rate| Optimizer::momentum(rate, 0.9)),
        ("Nesterov", |rate| Optimizer::nesterov(rate, 0.9)),
        ("AdaGrad", Optimizer::ada_grad),
        ("RMSProp", Optimizer::rms_prop),
        ("Adam", Optimizer::adam),
        ("AMSGrad", Optimizer::ams_grad),
        ("AdamW", Optimizer::adam_w),
    ];
    let mut racers = Vec::new();
    for (name, rule) in rules {
        let (rate, path) = best(rule)?;
        racers.push(Racer { name, rate: Some(rate), path });
    }
    let path = search(|x, f| Lbfgs::default().minimize(x, f).map(drop))?;
    racers.push(Racer { name: "L-BFGS", rate: None, path });
    let path = search(|x, f| ConjugateGradient::default().minimize(x, f).map(drop))?;
    racers.push(Racer { name: "conjugate gradients", rate: None, path });
    Ok(racers)
}

fn main() -> Drawn {
    let racers = race()?;
    println!("{:22}{:>8}{:>12}{:>12}{:>12}   to 1e-6", "looks", "rate", "10", "100", "1000");
    for racer in &racers {
        let lowest = lowest(&racer.path);
        let after = |looks: usize| lowest[looks.min(lowest.len()) - 1];
        let rate = racer.rate.map_or("-".to_owned(), |rate| rate.to_string());
        let there =
            lowest.iter().position(|value| *value < 1e-6).map_or("-".to_owned(), |k| (k + 1).to_string());
        println!(
            "{:22}{rate:>8}{:>12.1e}{:>12.1e}{:>12.1e}   {there:>7}",
            racer.name,
            after(10),
            after(100),
            after(1000)
        );
    }
    let of = |name: &str| racers.iter().find(|racer| racer.name == name).expect("it ran");
    let end = |name: &str| *lowest(&of(name).path).last().expect("it looked once");
    assert!(end("L-BFGS") < 1e-12 && of("L-BFGS").path.len() < 100);
    assert!(end("momentum") < end("gradient descent") && end("gradient descent") < 0.1);

    picture::write("race.svg", (1800, 820), |root| {
        let areas = root.split_evenly((1, 2));
        let names = ["x", "y"];
        let mut chart = axes(&areas[0], "The way through the valley", (-1.6..1.6, -0.8..3.2), names)?;
        // Contours: x = 1 - √c cos t, y = x² + √c sin t / 10, for every value c.
        for value in [0.1, 1.0, 5.0, 20.0, 60.0, 150.0, 400.0, 900.0] {
            let root = f64::sqrt(value);
            let around = (0..=4000).map(|k| TAU * f64::from(k) / 4000.0).map(|t| {
                let x = 1.0 - root * t.cos();
                (x, x * x + root * t.sin() / 10.0)
            });
            let inside = |(x, y): &(f64, f64)| (-1.6..=1.6).contains(x) && (-0.8..=3.2).contains(y);
            let around: Vec<_> = around.collect();
            for piece in around.split(|place| !inside(place)).filter(|piece| piece.len() > 1) {
                let grey = RGBColor(200, 200, 200).stroke_width(2);
                chart.draw_series(LineSeries::new(thinned(piece.iter().copied(), 0.04), grey))?;
            }
        }
        let shown = [
            ("gradient descent", RED),
            ("momentum", ORANGE),
            ("Adam", SKY),
            ("conjugate gradients", GREEN),
            ("L-BFGS", BLUE),
        ];
        for (name, colour) in shown {
            let way = thinned(of(name).path.iter().map(|(at, _)| (at[0], at[1])), 0.01);
            let inside = way.into_iter().filter(|(x, y)| x.abs() < 1.6 && (-0.8..3.2).contains(y));
            chart.draw_series(LineSeries::new(inside, colour.stroke_width(4)))?;
        }
        chart.draw_series([
            Circle::new((START[0], START[1]), 9, INK.filled()),
            Circle::new((1.0, 1.0), 9, INK.filled()),
        ])?;
        key(&areas[0], (330, 100), &shown)?;

        let ranges = ((1.0..EVALUATIONS as f64).log_scale(), (FLOOR..100.0).log_scale());
        let names = ["looks at value and gradient", "least value so far"];
        let mut chart = axes(&areas[1], "How low after how many looks", ranges, names)?;
        let others =
            [("AdaGrad", RGBColor(150, 150, 150)), ("RMSProp", MINT), ("Nesterov", RGBColor(240, 180, 120))];
        let shown: Vec<_> = shown.into_iter().chain(others).collect();
        for (name, colour) in &shown {
            let lowest = lowest(&of(name).path);
            let mut curve: Vec<(f64, f64)> = Vec::new();
            for (k, value) in lowest.into_iter().enumerate() {
                let look = (k + 1) as f64;
                if curve.last().is_none_or(|last| look > last.0 * 1.02) || value < FINISH {
                    curve.push((look, value.max(FLOOR)));
                }
            }
            chart.draw_series(LineSeries::new(curve, colour.stroke_width(4)))?;
        }
        key(&areas[1], (150, 420), &shown)?;
        Ok(())
    })
}
