//! The rows that both sides of a job are given.

use crate::python::Python;
use mlp::data::{Dataset, DatasetReader, Preprocess, Recipe, Split, Table, bundled};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::path::Path;
use tape::Tensor;

/// Features, targets as the units should say them, and the class of each row.
pub(crate) struct Problem {
    pub(crate) name: &'static str,
    pub(crate) x: Tensor,
    pub(crate) y: Tensor,
    labels: Vec<usize>,
}

impl Problem {
    /// 1437 rows of the digits, all 64 pixels from 0 to 1.
    pub(crate) fn digits() -> Self {
        let digits = bundled::digits();
        let split = Split::stratified(&digits, 0.2, 0).expect("there are rows of each digit");
        let data = digits.subset(&split.train);
        let x = data.features().iter().map(|pixel| pixel / 16.0).collect();
        Problem::of("pixels", &data, x)
    }

    /// The tables of the reference figures, those that are there: all of them where the shared data were handed out beside the
    /// sources, else the digits.
    pub(crate) fn tables() -> Vec<Self> {
        // Benches run in the folder of their package.
        let folder = Path::new("../../../shared/data/tabular");
        let shared = |(name, file, target): (&'static str, &str, &str)| {
            let table = Table::from_path(folder.join(file)).ok()?;
            let (data, _) = DatasetReader::classes(target).read(&table).expect("a table of the reference");
            Some(Problem::prepared(name, &data))
        };
        let tables = [
            ("iris", "iris.csv", "class"),
            ("penguins", "penguins.csv", "species"),
            ("titanic", "titanic_all.csv", "survived"),
        ];
        let digits = Problem::prepared("digits", &bundled::digits());
        tables.into_iter().filter_map(shared).chain([digits]).collect()
    }

    /// Numbers imputed by the median and standardised, strings by the most frequent and one-hot.
    fn prepared(name: &'static str, data: &Dataset) -> Self {
        let recipe = Recipe::default();
        let preprocess = match data.schema() {
            Some(schema) => Preprocess::fit_read(schema, data.frame(), &recipe),
            None => Preprocess::fit(data.frame(), &recipe),
        };
        let x = preprocess
            .and_then(|preprocess| preprocess.apply(data.frame()))
            .expect("a recipe for all tables");
        Problem::of(name, data, x)
    }

    fn of(name: &'static str, data: &Dataset, x: Vec<f64>) -> Self {
        let (n, target) = (data.n_rows(), data.target());
        let columns = x.len() / n;
        Problem {
            name,
            x: Tensor::from_vec(x, &[n, columns]).expect("rows of features"),
            y: Tensor::from_vec(target.values(), &[n, target.n_outputs()]).expect("rows of targets"),
            labels: data.labels().to_vec(),
        }
    }

    /// Features and targets in single precision.
    pub(crate) fn single(&self) -> (Tensor<f32>, Tensor<f32>) {
        let single = |of: &Tensor| of.cast().expect("constants can be cast");
        (single(&self.x), single(&self.y))
    }

    /// Writes the rows where the peer reads them.
    pub(crate) fn write(&self, python: Option<&Python>) {
        let Some(python) = python else { return };
        let x: Vec<u8> = self.x.as_slice().iter().flat_map(|x| x.to_ne_bytes()).collect();
        let y: Vec<u8> = self.labels.iter().flat_map(|label| (*label as i64).to_ne_bytes()).collect();
        for (ending, bytes) in [("x", x), ("y", y)] {
            let path = python.folder().join(format!("{}.{ending}", self.name));
            std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

/// So many rows of 784 numbers from 0 to 1, and one of ten classes for each.
pub(crate) fn pictures(n: usize) -> (Tensor<f32>, Tensor<f32>) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let x = (0..n * 784).map(|_| random.random()).collect();
    let mut y = vec![0.0; n * 10];
    (0..n).for_each(|row| y[row * 10 + random.random_range(0..10)] = 1.0);
    (
        Tensor::from_vec(x, &[n, 784]).expect("rows of numbers"),
        Tensor::from_vec(y, &[n, 10]).expect("rows of targets"),
    )
}
