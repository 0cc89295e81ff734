//! Every transform, on rows that are made up: values missing, far out, tiny, and categories that training did not have.

use mlp::data::{
    Category, Columns, Components, Dataset, Fill, Frame, Limits, Recipe, Target, Transform, Unknown,
};
use mlp::{Activation, LogisticRegression, Model, Output};

use super::{Cases, Cells, Done, small};

pub(super) fn write(cases: &Cases) -> Done {
    every_transform(cases)?;
    subsets(cases)?;
    unfilled(cases)?;
    refusing(cases)
}

fn named(names: &[&str]) -> Columns {
    Columns::Named(names.iter().map(|name| (*name).to_owned()).collect())
}

fn impute(columns: &[&str], fill: Fill) -> Transform {
    Transform::Impute { columns: named(columns), fill, indicator: true }
}

/// A number in [0, 1) that looks random.
fn noise(row: usize, column: usize) -> f64 {
    ((row * 7919 + column * 104_729 + 13) as f64 * 0.618_033_988_749_895).fract()
}

/// Years, signed numbers far out, tiny ones, a column whose name is that of an output, colours, and sizes with an order.
fn rows() -> Result<Frame, mlp::Error> {
    const ROWS: usize = 200;
    let numbers = (0..ROWS).flat_map(|row| {
        let year = if row % 11 == 3 { f64::NAN } else { 2000.0 + (row % 17) as f64 };
        let signed = if row % 13 == 5 { f64::NAN } else { (noise(row, 0) - 0.5).powi(3) * 1e4 };
        [year, signed, noise(row, 1) * 1e-6, noise(row, 2) + noise(row, 3)]
    });
    let names = ["year", "signed", "tiny", "label"].map(str::to_owned).to_vec();
    let of = |levels: &[&str], column| {
        let level =
            |row: usize| (row % 9 != 4).then(|| levels[(noise(row, column) * levels.len() as f64) as usize]);
        Category::of(&(0..ROWS).map(level).collect::<Vec<_>>())
    };
    Frame::of_numbers(numbers.collect(), names)?
        .with_category("colour", of(&["red", "green", "blue"], 4)?)?
        .with_category("size", of(&["small", "medium", "large"], 5)?)
}

/// The rows with a class that some of their columns say.
fn data(classes: &[&str]) -> Result<Dataset, mlp::Error> {
    let frame = rows()?;
    let label = |row: usize| ((noise(row, 1) + noise(row, 2)) / 2.0 * classes.len() as f64) as usize;
    let labels = (0..frame.n_rows()).map(label).collect();
    let classes = classes.iter().map(|class| (*class).to_owned()).collect();
    Dataset::of(frame, Target::classes("class", labels, classes)?)
}

fn fitted(transforms: Vec<Transform>, classes: &[&str]) -> Result<Model, mlp::Error> {
    let recipe = Recipe { transforms, ..Recipe::default() };
    let mlp = mlp::MlpClassifier { recipe, ..small(Activation::Relu, Output::Softmax) };
    mlp.fit(&data(classes)?)
}

/// Levels in their order.
fn ordinal(unknown: Unknown) -> Transform {
    let levels = ["small", "medium", "large", "huge"].map(str::to_owned).to_vec();
    Transform::Ordinal { columns: named(&["size"]), levels: Some(levels), unknown }
}

fn every_transform(cases: &Cases) -> Done {
    let transforms = vec![
        impute(&["year", "signed", "tiny", "label"], Fill::Median),
        impute(&["colour"], Fill::Level("none".to_owned())),
        impute(&["size"], Fill::MostFrequent),
        Transform::Log { columns: named(&["signed"]), signed: true },
        Transform::Log { columns: named(&["tiny"]), signed: false },
        Transform::Robust(named(&["year", "label"])),
        Transform::Clip { columns: named(&["signed", "label"]), limits: Limits::Quantiles(0.05, 0.9) },
        Transform::MinMax { columns: named(&["tiny"]), low: -1.0, high: 2.0 },
        ordinal(Unknown::Ignore),
        impute(&["size"], Fill::Mean),
        Transform::one_hot(),
        Transform::Polynomial { columns: named(&["year", "label"]), degree: 3, interactions: false },
        Transform::Pca { columns: named(&["tiny", "signed", "size"]), components: Components::Count(2) },
        Transform::Standardize(Columns::All),
    ];
    let model = fitted(transforms, &["low", "middle", "high"])?;
    cases.write("every-transform", &model, &Cells::of(&rows()?).disturb().frame()?)
}

/// All columns at once, and interactions of three: other shapes of the same transforms.
fn subsets(cases: &Cases) -> Done {
    let interactions = named(&["year", "signed", "label"]);
    let transforms = vec![
        impute(&["year", "signed"], Fill::Number(-1.5)),
        Transform::impute(Fill::Median),
        Transform::Standardize(Columns::All),
        Transform::Log { columns: Columns::All, signed: true },
        Transform::Clip { columns: Columns::All, limits: Limits::Values(-0.5, 0.75) },
        Transform::Pca { columns: Columns::All, components: Components::All },
        Transform::one_hot(),
    ];
    let rows = Cells::of(&rows()?).disturb().frame()?;
    cases.write("all-columns", &fitted(transforms, &["-1", "1"])?, &rows)?;
    let transforms = vec![
        Transform::impute(Fill::Mean),
        Transform::Robust(Columns::All),
        Transform::Polynomial { columns: interactions, degree: 3, interactions: true },
        Transform::Standardize(Columns::All),
        Transform::Clip { columns: Columns::All, limits: Limits::Values(-2.0, 2.0) },
        Transform::one_hot(),
        Transform::Polynomial {
            columns: named(&["colour_red", "size_small"]),
            degree: 2,
            interactions: true,
        },
    ];
    cases.write("interactions", &fitted(transforms, &["1", "2", "3"])?, &rows)
}

/// Nothing is filled in: the library refuses rows, and the graph has no answer for them.
fn unfilled(cases: &Cases) -> Done {
    let log = Transform::Log { columns: named(&["tiny"]), signed: false };
    let clip = Transform::Clip { columns: named(&["year"]), limits: Limits::Values(-1.0, 1.0) };
    let complete: Vec<usize> =
        (0..200).filter(|row| row % 11 != 3 && row % 13 != 5 && row % 9 != 4).collect();
    for (name, classes) in [("unfilled", ["no", "yes"]), ("unfilled-integers", ["-1", "1"])] {
        let transforms = vec![
            log.clone(),
            Transform::Standardize(Columns::All),
            clip.clone(),
            ordinal(Unknown::Ignore),
            Transform::one_hot(),
        ];
        let recipe = Recipe { transforms, ..Recipe::default() };
        let mlp = mlp::MlpClassifier { recipe, ..small(Activation::Relu, Output::Softmax) };
        let model = mlp.fit(&data(&classes)?.subset(&complete))?;
        let mut rows = Cells::of(&rows()?.rows(&complete)).disturb();
        rows.number("tiny")[0] = -1e-3;
        cases.write_refusing(name, &model, &rows.frame()?, 64)?;
    }
    Ok(())
}

/// Categories that are refused: missing ones are taken as the library takes them, and unknown ones make the run fail.
fn refusing(cases: &Cases) -> Done {
    let one_hot = |columns| Transform::OneHot { columns: named(columns), unknown: Unknown::Refuse };
    let scaled = || [Transform::impute(Fill::Median), Transform::Standardize(Columns::All)];
    let mean_size = Transform::Impute { columns: named(&["size"]), fill: Fill::Mean, indicator: false };
    let bare = [&scaled()[..], &[one_hot(&["colour"]), ordinal(Unknown::Refuse), mean_size.clone()]].concat();
    let filled = [
        &scaled()[..],
        &[impute(&["colour", "size"], Fill::MostFrequent), one_hot(&["colour"]), ordinal(Unknown::Refuse)],
    ];
    let ours = rows()?;
    for (name, transforms) in [("refusing", bare), ("refusing-filled", filled.concat())] {
        let recipe = Recipe { transforms, ..Recipe::default() };
        let model = LogisticRegression { recipe, ..LogisticRegression::default() };
        let model = model.fit(&data(&["a", "b", "c"])?)?;
        cases.write(name, &model, &ours)?;
        for column in ["colour", "size"] {
            let mut rows = Cells::of(&ours.rows(&[0, 1]));
            rows.text(column)[1] = Some("unseen".to_owned());
            cases.write_failing(&format!("{name}-{column}"), &model, &rows.frame()?)?;
        }
    }
    Ok(())
}
