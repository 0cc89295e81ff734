//! How well the default settings do on the reference tables, by the protocol of their figures: stratified, shuffled five-fold
//! cross-validation, accuracy and log loss as means over seeds. The figures are scikit-learn's for 25 logistic units, L-BFGS and
//! alpha 1, with numbers imputed by the median and standardised, strings by the most frequent and one-hot.

use mlp::MlpClassifier;
use mlp::data::{Dataset, DatasetReader, KFold, Reason, Role, Table, cross_validate};
use mlp::metrics::log_loss;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A table, its target, and what is asked of the mean.
struct Case {
    file: &'static str,
    target: &'static str,
    /// The accuracy and the log loss of the reference.
    reference: [f64; 2],
    /// How far below the reference the accuracy may be.
    slack: f64,
    /// The column that inspection must leave out, as an identifier.
    identifier: Option<&'static str>,
}

const IRIS: Case =
    Case { file: "iris.csv", target: "class", reference: [0.955, 0.156], slack: 0.015, identifier: None };
const PENGUINS: Case = Case {
    file: "penguins.csv",
    target: "species",
    reference: [0.991, 0.045],
    slack: 0.004,
    identifier: None,
};
const TITANIC: Case = Case {
    file: "titanic_all.csv",
    target: "survived",
    reference: [0.822, 0.428],
    slack: 0.004,
    identifier: Some("name"),
};
const DIGITS: Case = Case {
    file: "digits8x8.csv",
    target: "class",
    reference: [0.977, 0.099],
    slack: 0.004,
    identifier: None,
};

/// A file that was handed out beside the sources; None where it was not.
fn shared(name: &str) -> Option<PathBuf> {
    // Tests run in the folder of their package.
    let path = Path::new("../../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: there is no {}", path.display());
    None
}

/// Holds the means over these seeds against the reference. The seed is that of the folds and of the first parameters.
fn hold_against_reference(case: &Case, seeds: u64) {
    let Some(path) = shared(&format!("tabular/{}", case.file)) else { return };
    let (data, schema) = DatasetReader::classes(case.target).read(&Table::from_path(path).unwrap()).unwrap();
    if let Some(identifier) = case.identifier {
        let role = schema.role(identifier);
        assert!(matches!(role, Some(Role::Dropped(Reason::Identifier { .. }))), "{identifier} is {role:?}");
    }
    let start = Instant::now();
    let (mut accuracy, mut loss) = (0.0, 0.0);
    for seed in 0..seeds {
        let folds = KFold { seed, ..KFold::stratified(5) }.split(&data).unwrap();
        let scores =
            cross_validate(&data, folds, 2, |train, test| by_default_settings(seed, train, test)).unwrap();
        let share = (scores.len() as u64 * seeds) as f64;
        for [of_accuracy, of_loss] in scores {
            accuracy += of_accuracy / share;
            loss += of_loss / share;
        }
    }
    let [reference, reference_loss] = case.reference;
    println!(
        "{}: accuracy {accuracy:.4} (reference {reference:.3}), log loss {loss:.4} ({reference_loss:.3}), {seeds} seeds, {:.1} s",
        case.file,
        start.elapsed().as_secs_f64()
    );
    assert!(accuracy >= reference - case.slack, "{}: accuracy {accuracy}", case.file);
    assert!(loss <= reference_loss + 0.010, "{}: log loss {loss}", case.file);
}

/// Accuracy and log loss on the rows held out.
fn by_default_settings(seed: u64, train: &Dataset, test: &Dataset) -> Result<[f64; 2], mlp::Error> {
    let mut classifier = MlpClassifier::default();
    classifier.training.seed = seed;
    let model = classifier.fit(train)?;
    let probabilities = model.predict_proba(test)?;
    let labels = model.labels_of(test)?;
    let loss = log_loss(&labels, probabilities.as_slice(), model.classes().len())?;
    Ok([model.score(test)?, loss])
}

#[test]
fn iris_is_told_as_well_as_by_the_reference() {
    hold_against_reference(&IRIS, 10);
}

#[test]
fn penguins_are_told_as_well_as_by_the_reference() {
    hold_against_reference(&PENGUINS, 10);
}

#[test]
fn survivors_of_the_titanic_are_told_as_well_as_by_the_reference_and_not_by_their_names() {
    hold_against_reference(&TITANIC, 10);
}

#[test]
fn digits_are_told_as_well_as_by_the_reference() {
    hold_against_reference(&DIGITS, 2);
}

#[test]
#[ignore = "all ten seeds of the protocol take minutes without full optimisation"]
fn digits_of_ten_seeds_are_told_as_well_as_by_the_reference() {
    hold_against_reference(&DIGITS, 10);
}

#[cfg(feature = "gzip")]
#[test]
fn mnist_is_told_from_ten_thousand_rows() {
    let Some(folder) = shared("mnist") else { return };
    let part = |name: &str| {
        let file = |what: &str| folder.join(format!("{name}-{what}-ubyte.gz"));
        Dataset::from_idx(file("images-idx3"), file("labels-idx1")).unwrap()
    };
    let (train, test) = (part("train10k"), part("t10k"));
    let start = Instant::now();
    let model = MlpClassifier::default().fit(&train).unwrap();
    let (accuracy, took) = (model.score(&test).unwrap(), start.elapsed().as_secs_f64());
    println!("MNIST: accuracy {accuracy:.4}, {took:.1} s");
    assert!(accuracy >= 0.955, "{accuracy}");
}
