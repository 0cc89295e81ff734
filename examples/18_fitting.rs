//! Under- and overfitting: polynomials through sixteen points of a wave, what more features do to the error on points that
//! were not seen, and what λ does about it.
//!
//! Run it with `cargo run --release --example 18_fitting pictures`: it writes `fitting.svg` to that folder.

mod picture;

use mlp::data::{Columns, Dataset, Frame, Recipe, Target, Transform};
use mlp::metrics::root_mean_squared_error;
use mlp::{Error, LinearRegression, Model};
use picture::{Area, BLUE, Drawn, INK, ORANGE, SKY, axes, key};
use plotters::prelude::*;
use std::f64::consts::TAU;
use tape::Tensor;

const DEGREES: std::ops::RangeInclusive<usize> = 1..=11;
const LAMBDAS: i32 = 24;

/// What is to be found, and what the noise about it deviates by.
fn wave(x: f64) -> f64 {
    (TAU * x).sin()
}
const NOISE: f64 = 0.25;

/// So many points of the wave, with noise; their places are spread evenly.
fn points(n: usize, seed: u64) -> Result<Dataset, Error> {
    let noise = Tensor::normal(&[n], 0.0, NOISE, seed)?;
    let x: Vec<f64> = (0..n).map(|k| (k as f64 + 0.5) / n as f64).collect();
    let y = x.iter().zip(noise.as_slice()).map(|(&x, noise)| wave(x) + noise).collect();
    Dataset::of(Frame::of_numbers(x, vec!["x".into()])?, Target::numbers(vec!["y".into()], y)?)
}

/// The polynomial of this degree whose J is least: the features are x, x², x³ and so on, of x between -1 and 1, standardised.
fn fit(data: &Dataset, degree: usize, lambda: f64) -> Result<Model, Error> {
    let transforms = vec![
        Transform::MinMax { columns: Columns::All, low: -1.0, high: 1.0 },
        Transform::Polynomial { columns: Columns::All, degree, interactions: false },
        Transform::Standardize(Columns::All),
    ];
    let recipe = Recipe { transforms, ..Recipe::default() };
    LinearRegression { lambda, recipe, ..LinearRegression::default() }.fit(data)
}

/// The root of the mean squared error.
fn error_on(data: &Dataset, model: &Model) -> Result<f64, Error> {
    root_mean_squared_error(&data.target().values()[..], &model.predict_numbers(data)?)
}

struct Errors {
    at: f64,
    seen: f64,
    unseen: f64,
}

fn draw_fit(area: &Area<'_>, heading: &str, data: &Dataset, model: &Model) -> Drawn {
    let mut chart = axes(area, heading, (0.0..1.0, -2.0..2.0), ["x", "y"])?;
    let places = || (0..=150).map(|k| f64::from(k) / 150.0);
    let truth = places().map(|x| (x, wave(x)));
    chart.draw_series(LineSeries::new(truth, RGBColor(190, 190, 190).stroke_width(4)))?;
    let x: Vec<f64> = places().collect();
    let fitted = x.iter().copied().zip(model.predict_numbers(&x)?);
    let inside: Vec<_> = fitted.collect();
    for piece in inside.split(|(_, y)| !(-2.0..=2.0).contains(y)).filter(|piece| piece.len() > 1) {
        chart.draw_series(LineSeries::new(piece.to_vec(), ORANGE.stroke_width(5)))?;
    }
    let rows = data.features().iter().zip(data.target().values());
    chart.draw_series(rows.map(|(&x, y)| Circle::new((x, y), 7, INK.filled())))?;
    Ok(())
}

fn draw_errors<X>(area: &Area<'_>, heading: &str, name: &str, x: X, errors: &[Errors]) -> Drawn
where
    X: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + plotters::coord::ranged1d::ValueFormatter<f64>,
{
    let mut chart = axes(area, heading, (x, 0.0..1.0), [name, "error"])?;
    let below = |errors: &Errors, error: f64| (error < 1.0).then_some((errors.at, error));
    let seen = errors.iter().filter_map(|errors| below(errors, errors.seen));
    chart.draw_series(LineSeries::new(seen, SKY.stroke_width(5)))?;
    let unseen = errors.iter().filter_map(|errors| below(errors, errors.unseen));
    chart.draw_series(LineSeries::new(unseen, BLUE.stroke_width(5)))?;
    key(area, (190, 100), &[("points not seen", BLUE), ("points seen", SKY)])
}

fn main() -> Drawn {
    let (seen, unseen) = (points(16, 1)?, points(400, 2)?);
    let measured = |at: f64, model: &Model| -> Result<Errors, Error> {
        Ok(Errors { at, seen: error_on(&seen, model)?, unseen: error_on(&unseen, model)? })
    };

    println!("degree    error on 16 points seen    on 400 not seen");
    let mut by_degree = Vec::new();
    for degree in DEGREES {
        let errors = measured(degree as f64, &fit(&seen, degree, 0.0)?)?;
        println!("{degree:6}    {:23.3}    {:15.3}", errors.seen, errors.unseen);
        by_degree.push(errors);
    }
    println!("\n λ, of degree {}", DEGREES.end());
    let mut by_lambda = Vec::new();
    for k in 0..=LAMBDAS {
        let lambda = 10.0_f64.powf(-6.0 + 8.0 * f64::from(k) / f64::from(LAMBDAS));
        let errors = measured(lambda, &fit(&seen, *DEGREES.end(), lambda)?)?;
        if k % 3 == 0 {
            println!("{lambda:6.0e}    {:23.3}    {:15.3}", errors.seen, errors.unseen);
        }
        by_lambda.push(errors);
    }
    let best =
        by_lambda.iter().min_by(|one, other| one.unseen.total_cmp(&other.unseen)).expect("there are some");
    println!("least for λ = {:.1e}: {:.3}; the noise alone is {NOISE}", best.at, best.unseen);
    let (first, last) = (&by_degree[0], &by_degree[by_degree.len() - 1]);
    assert!(
        by_degree.windows(2).all(|pair| pair[1].seen <= pair[0].seen + 1e-9),
        "more features fit no worse"
    );
    assert!(first.seen > 0.4 && last.seen < 0.2 && last.unseen > 0.5, "too few features, and too many");
    assert!(best.unseen < 0.6 * last.unseen && (1e-5..10.0).contains(&best.at), "λ mends it");

    let (best, most) = (best.at, *DEGREES.end());
    picture::write("fitting.svg", (1800, 1160), |root| {
        let areas = root.split_evenly((2, 3));
        for (area, degree, words) in
            [(&areas[0], 1, "too few"), (&areas[1], 3, "enough"), (&areas[2], most, "too many")]
        {
            draw_fit(area, &format!("Degree {degree}: {words}"), &seen, &fit(&seen, degree, 0.0)?)?;
        }
        let heading = format!("Degree {most}, λ = {best:.0e}");
        draw_fit(&areas[3], &heading, &seen, &fit(&seen, most, best)?)?;
        let degrees = *DEGREES.start() as f64..most as f64;
        draw_errors(&areas[4], "Error by degree, λ = 0", "degree", degrees, &by_degree)?;
        let lambdas = (1e-6..100.0).log_scale();
        draw_errors(&areas[5], &format!("Error by λ, degree {most}"), "λ", lambdas, &by_lambda)
    })
}
