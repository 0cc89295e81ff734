//! A classifier from rows to a file and back: the handwritten digits, split, learned, measured, saved, loaded and used. The
//! command `mlp train` does the same for a table of one's own.
//!
//! Run it with `cargo run --release --example 05_classifier`.

use mlp::data::{Split, bundled};
use mlp::metrics::confusion_matrix;
use mlp::{MlpClassifier, Model};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A table of one's own would be `DatasetReader::classes("species").read(&Table::from_path("flowers.csv")?)?.0`: text, yes
    // and no, and missing values are read as they are.
    let digits = bundled::digits();

    // A fifth of each class is held out to measure by. What is learned from the rest includes the means and deviations of
    // the columns: held-out rows must not leak into them, so it is the training rows alone that are fitted.
    let split = Split::stratified(&digits, 0.2, 0)?;
    let (training, held_out) = (digits.subset(&split.train), digits.subset(&split.held_out));
    println!("{} rows to learn from, {} held out", training.n_rows(), held_out.n_rows());

    // Settings are the fields of the classifier: one hidden layer of 25 units here, all else as it comes.
    let classifier = MlpClassifier { hidden: vec![25], ..MlpClassifier::default() };
    let model = classifier.fit(&training)?;
    let report = model.record().report.as_ref().ok_or("a trained model says how training went")?;
    println!("trained in {} steps; layers of {:?} units", report.steps, model.network().sizes());

    let (right, predictions) = (model.score(&held_out)?, model.predict(&held_out)?);
    println!("{right:.4} of the held-out rows are told right (rows: true, columns: predicted):\n");
    let matrix = confusion_matrix(held_out.labels(), &predictions, model.classes().len())?;
    println!("{matrix}");
    assert!(right >= 0.95, "the held-out accuracy is {right}");
    assert_eq!(matrix.accuracy(), right);

    // A model file has all that is needed to use the network: columns, what is done to them, classes.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("digits.mlp");
    model.save(&path)?;
    println!("\nthe model takes {} bytes on the disk", std::fs::metadata(&path)?.len());

    // Somewhere else, later: load it, and ask for a row, as it came.
    let loaded = Model::<f64>::load(&path)?;
    let row = &held_out.features()[..64];
    for line in row.chunks_exact(8) {
        let shade = |&pixel: &f64| [" ", ".", "+", "#"][(pixel / 4.1) as usize];
        println!("    {}", line.iter().map(|pixel| shade(pixel).repeat(2)).collect::<String>());
    }
    let (told, p) = (loaded.predict(row)?[0], loaded.predict_proba(row)?);
    let truth = &held_out.classes()[held_out.labels()[0]];
    println!("is taken for a {} ({:.3}); it is a {truth}", loaded.classes()[told], p.as_slice()[told]);
    assert_eq!(loaded, model, "a loaded model is the one that was saved");
    Ok(())
}
