//! Data on the way to a network: a batch of handwritten digits as the loader hands it out, and the same digits with
//! fewer dimensions.
//!
//! Run it with `cargo run --release --example 19_loading pictures`: it writes `batch.svg` and `components.svg` to that folder.

mod picture;

use mlp::data::{Columns, Components, DataLoader, Dataset, Recipe, Sampler, Split, Transform, bundled};
use mlp::{Error, LogisticRegression};
use picture::{Area, Drawn, INK, SKY, axes, centred};
use plotters::prelude::*;

const BATCH: usize = 10;

/// The images of a batch, and what each is said to be.
struct Images {
    pixels: Vec<f64>,
    digits: Vec<usize>,
}

/// The first batch of the first two epochs: other rows each time, the same ones from the same seed.
fn batches(data: &Dataset) -> Result<Vec<Images>, Error> {
    let (x, y) = data.to_tensors::<f64>()?;
    let loader = DataLoader::new(&x, &y, Sampler::random(data.n_rows(), 0), BATCH)?;
    println!("{} rows in {} batches of {BATCH}", data.n_rows(), loader.n_batches());
    let first = |epoch| {
        loader.epoch(epoch, |batches| {
            let batch = batches.next().expect("there are rows")?;
            println!("    epoch {epoch}: rows {:?}", batch.rows());
            Ok(Images { pixels: batch.x().to_vec(), digits: batch.y().argmax(1)?.0 })
        })
    };
    [1, 2].map(first).into_iter().collect()
}

/// Each row of digits in one line, its pixels in shades of grey.
fn draw_batch(area: &Area<'_>, images: &Images, y: i32) -> Drawn {
    const PIXEL: i32 = 17;
    for (k, (image, digit)) in images.pixels.chunks_exact(64).zip(&images.digits).enumerate() {
        let left = 32 + 176 * k as i32;
        for (row, pixels) in image.chunks_exact(8).enumerate() {
            let mut column = 0;
            // Neighbours of one shade are one rectangle.
            for run in pixels.chunk_by(|one, other| shade(*one) == shade(*other)) {
                let width = run.len() as i32;
                let (x, y) = (left + PIXEL * column, y + PIXEL * row as i32);
                if shade(run[0]) < 255 {
                    let ends = [(x, y), (x + PIXEL * width, y + PIXEL)];
                    let grey = shade(run[0]);
                    area.draw(&Rectangle::new(ends, RGBColor(grey, grey, grey).filled()))?;
                }
                column += width;
            }
        }
        let side = 8 * PIXEL;
        area.draw(&Rectangle::new(
            [(left, y), (left + side, y + side)],
            RGBColor(150, 150, 150).stroke_width(2),
        ))?;
        area.draw(&Text::new(digit.to_string(), (left + side / 2, y + side + 28), centred(30)))?;
    }
    Ok(())
}

/// One of six greys for a pixel from 0, white, to 16.
fn shade(pixel: f64) -> u8 {
    255 - 45 * (pixel / 3.3).round() as u8
}

/// The digits as points of a plane, the one in which they vary most, each drawn as what it is.
fn draw_plane(area: &Area<'_>, digits: &Dataset) -> Drawn {
    const COLOURS: [RGBColor; 10] = [
        RGBColor(20, 50, 110),
        RGBColor(210, 105, 30),
        RGBColor(60, 130, 200),
        RGBColor(170, 60, 40),
        RGBColor(60, 110, 30),
        RGBColor(120, 60, 140),
        RGBColor(40, 150, 130),
        RGBColor(110, 110, 110),
        RGBColor(200, 80, 140),
        RGBColor(150, 130, 20),
    ];
    let pca =
        Transform::Pca { columns: Columns::All, components: Components::Count(2) }.fit(digits.frame())?;
    let plane = pca.apply(digits.frame().rows(&(0..300).collect::<Vec<_>>()))?;
    let names = ["first component", "second component"];
    let mut chart = axes(area, "300 digits, 64 pixels in two numbers", (-35.0..35.0, -35.0..35.0), names)?;
    chart.draw_series(plane.numbers().chunks_exact(2).zip(digits.labels()).map(|(point, &digit)| {
        Text::new(digit.to_string(), (point[0], point[1]), centred(24).color(&COLOURS[digit]))
    }))?;
    Ok(())
}

fn main() -> Drawn {
    let digits = bundled::digits();
    let batches = batches(&digits)?;
    assert!(batches[0].pixels != batches[1].pixels, "another epoch has another order");

    let split = Split::stratified(&digits, 0.2, 0)?;
    let (train, test) = (digits.subset(&split.train), digits.subset(&split.held_out));
    println!("\ncomponents    right of {} held-out digits", test.n_rows());
    let mut curve = Vec::new();
    for components in [1, 2, 4, 8, 16, 32, 61] {
        let pca = Transform::Pca { columns: Columns::All, components: Components::Count(components) };
        let transforms = vec![Transform::Standardize(Columns::All), pca];
        let recipe = Recipe { transforms, ..Recipe::default() };
        let model = LogisticRegression { recipe, ..LogisticRegression::default() }.fit(&train)?;
        let accuracy = model.score(&test)?;
        println!("{components:10}    {accuracy:.3}");
        curve.push((components as f64, accuracy));
    }
    assert!(curve[0].1 < 0.5 && curve[4].1 > 0.9 && curve[6].1 > 0.94, "{curve:?}");

    picture::write("batch.svg", (1800, 500), |root| {
        root.draw(&Text::new("The first batch of epoch 1, and of epoch 2", (900, 34), centred(30)))?;
        draw_batch(root, &batches[0], 76)?;
        draw_batch(root, &batches[1], 290)
    })?;
    picture::write("components.svg", (1800, 860), |root| {
        let areas = root.split_evenly((1, 2));
        draw_plane(&areas[0], &digits)?;
        let ranges = ((1.0..64.0).log_scale().base(2.0), 0.0..1.0);
        let names = ["components kept", "right of the held-out digits"];
        let mut chart = axes(&areas[1], "Logistic regression on components", ranges, names)?;
        chart.draw_series(LineSeries::new(curve.iter().copied(), SKY.stroke_width(5)))?;
        chart.draw_series(curve.iter().map(|&place| Circle::new(place, 8, INK.filled())))?;
        Ok(())
    })
}
