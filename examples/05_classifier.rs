//! A classifier from rows to a file and back: the handwritten digits, split, standardised, learned, measured, saved,
//! loaded and used. The command `mlp train` does the same for a table of one's own.
//!
//! Run it with `cargo run --release --example 05_classifier`.

use mlp::data::{Dataset, Split, Standardize, bundled};
use mlp::metrics::confusion_matrix;
use mlp::model_file::TrainingRecord;
use mlp::{Error, Model, Network, Optimizer, Training};
use std::ops::ControlFlow;
use tape::Tensor;

const SEED: u64 = 0;

/// Rows as the network wants them: x: (n, n_in), standardised, in f32.
fn inputs(rows: &[f64], standardize: &Standardize) -> Result<Tensor<f32>, Error> {
    let columns = standardize.mean().len();
    let x: Vec<f32> = standardize.apply(rows)?.into_iter().map(|value| value as f32).collect();
    let n = x.len() / columns;
    Ok(Tensor::from_vec(x, &[n, columns])?)
}

/// What the output units should say: y: (n, K), 1 for the unit of the row's class, else 0.
fn targets(data: &Dataset) -> Result<Tensor<f32>, Error> {
    let y = data.target().values().into_iter().map(|value| value as f32).collect();
    Ok(Tensor::from_vec(y, &[data.n_rows(), data.target().n_outputs()])?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A table of one's own would be `Dataset::from_table(&Table::from_path("flowers.csv")?, "species", &[])?`.
    let digits = bundled::digits();

    // A fifth of each class is held out to measure by. What is learned from the rest includes the means and
    // deviations of the columns: held-out rows must not leak into them.
    let split = Split::stratified(&digits, 0.2, SEED)?;
    let (training, held_out) = (digits.subset(&split.train), digits.subset(&split.held_out));
    let standardize = Standardize::fit(&training)?;
    let (x, y) = (inputs(training.features(), &standardize)?, targets(&training)?);
    let x_held_out = inputs(held_out.features(), &standardize)?;
    println!(
        "{} rows to learn from, {} held out, {} columns",
        training.n_rows(),
        held_out.n_rows(),
        x.shape()[1]
    );

    // One hidden layer of 25 units, one output unit for each digit.
    let sizes = [digits.n_columns(), 25, digits.target().n_outputs()];
    let mut network = Network::<f32>::new(&sizes, SEED)?;
    let (learning_rate, lambda, batch_size) = (1.0, 1.0, Some(32));
    let optimizer = Optimizer::gradient_descent(learning_rate);
    let settings = Training { batch_size, lambda, seed: SEED, ..Training::new(optimizer) };

    // Training tells after each epoch how it goes, and asks whether to go on: here until J has all but stopped
    // falling. (To stop by the held-out accuracy would be to learn from the rows that are there to measure by.)
    let (mut before, mut epochs) = (f64::INFINITY, 0);
    settings.fit(&mut network, &x, &y, |epoch, network| {
        epochs = epoch.number;
        if epoch.number.is_power_of_two() {
            let accuracy = network.accuracy(&x, training.labels()).unwrap_or(f64::NAN);
            println!("    epoch {:3}: J {:.4}, training accuracy {accuracy:.4}", epoch.number, epoch.cost);
        }
        let settled = before - epoch.cost < 1e-4 * epoch.cost;
        before = epoch.cost;
        if settled { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;

    let predictions = network.predict(&x_held_out)?;
    let accuracy = network.accuracy(&x_held_out, held_out.labels())?;
    println!("after {epochs} epochs {accuracy:.4} of the held-out rows are told right:\n");
    let matrix = confusion_matrix(held_out.labels(), &predictions, digits.classes().len())?;
    println!("{matrix}");
    assert!(accuracy >= 0.95, "the held-out accuracy is {accuracy}");
    assert_eq!(matrix.accuracy(), accuracy);

    // A model file remembers all that is needed to use the network: columns, standardisation, classes.
    let model = Model {
        sizes: sizes.to_vec(),
        activation: network.activation(),
        parameters: network.parameters().to_vec(),
        columns: digits.columns().to_vec(),
        target: digits.target().names()[0].clone(),
        classes: digits.classes().to_vec(),
        standardize,
        training: TrainingRecord {
            data: "embedded digits".to_owned(),
            held_out: 0.2,
            lambda,
            learning_rate,
            epochs,
            batch_size,
            seed: SEED,
        },
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("digits.mlp");
    model.save(&path)?;
    println!("\nthe model takes {} bytes on the disk", std::fs::metadata(&path)?.len());

    // Somewhere else, later: load it, and ask for a row.
    let loaded = Model::<f32>::load(&path)?;
    let network = loaded.network()?;
    let row = &held_out.features()[..64];
    let x = inputs(row, &loaded.standardize)?;
    let (class, h) = (network.predict(&x)?[0], network.predict_proba(&x)?);
    for line in row.chunks_exact(8) {
        let shade = |&pixel: &f64| [" ", ".", "+", "#"][(pixel / 4.1) as usize];
        println!("    {}", line.iter().map(|pixel| shade(pixel).repeat(2)).collect::<String>());
    }
    let (told, truth) = (&loaded.classes[class], &held_out.classes()[held_out.labels()[0]]);
    println!("is taken for a {told} ({:.3}); it is a {truth}", h.as_slice()[class]);
    assert_eq!(network.predict(&x_held_out)?, predictions, "a loaded model predicts as the trained one did");
    Ok(())
}
