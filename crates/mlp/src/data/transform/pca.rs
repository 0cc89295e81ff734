//! Principal components.

use serde::{Deserialize, Serialize};
use tape::{Tensor, linear};

use super::Columns;
use super::columns::{Checked, check_names};
use crate::Error;
use crate::data::Frame;
use crate::data::data_error::{DataError, DataErrorKind};

/// How many components to keep.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Components {
    /// As many as there can be: the lesser of rows and columns.
    All,
    /// So many.
    Count(usize),
    /// The fewest that together have more than this share of the variance, above 0 and below 1.
    Share(f64),
}

/// The directions in which its columns vary most (Pearson 1901; Hotelling 1933): eigenvectors of the covariance, by descending
/// variance, the component of largest size of each being positive.
///
/// The columns are moved to mean 0 and not scaled: standardise them before if their units differ.
///
/// ```
/// use mlp::data::{Columns, Components, Frame, Transform};
///
/// let frame = Frame::of_numbers(vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0], vec!["x".into(), "y".into()])?;
/// let pca = Transform::Pca { columns: Columns::All, components: Components::Share(0.9) }.fit(&frame)?;
/// let components = pca.apply(frame)?;
/// assert_eq!(components.names(), ["pca0"]);
/// assert!((components.numbers()[2] - 2.0_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Pca {
    columns: Vec<String>,
    mean: Vec<f64>,
    components: Vec<f64>,
    variance: Vec<f64>,
    total_variance: f64,
}

impl Pca {
    pub(super) fn fit(frame: &Frame, columns: &Columns, components: Components) -> Result<Self, Error> {
        let columns = columns.numbers(frame);
        check_names("pca", &columns)?;
        let places = frame.number_places(&columns)?;
        let (n_rows, n_columns) = (frame.n_rows(), columns.len());
        if n_columns == 0 {
            let (mean, components, variance) = (Vec::new(), Vec::new(), Vec::new());
            return Ok(Self { columns, mean, components, variance, total_variance: 0.0 });
        }
        if n_rows < 2 {
            return Err(Error::shape("pca", "at least two rows", n_rows.to_string()));
        }
        let most = n_rows.min(n_columns);
        check_components(components, most)?;

        let rows = || frame.numbers().chunks_exact(frame.n_numbers());
        let mut mean = vec![0.0; n_columns];
        for (row, numbers) in rows().enumerate() {
            for (column, place) in places.iter().enumerate() {
                if numbers[*place].is_nan() {
                    return Err(missing(row, &columns[column]));
                }
                mean[column] += numbers[*place] / n_rows as f64;
            }
        }
        let centred: Vec<f64> =
            rows().flat_map(|row| places.iter().zip(&mean).map(|(place, mean)| row[*place] - mean)).collect();
        let centred = Tensor::from_slice(&centred, &[n_rows, n_columns])?;
        let products = centred.t().matmul(&centred);
        let covariance: Vec<f64> =
            products?.to_vec().into_iter().map(|product| product / (n_rows - 1) as f64).collect();
        let total_variance = covariance.iter().step_by(n_columns + 1).sum::<f64>();
        if !total_variance.is_finite() {
            let largest = |a: &usize, b: &usize| {
                covariance[a * (n_columns + 1)].total_cmp(&covariance[b * (n_columns + 1)])
            };
            let column = (0..n_columns).max_by(largest).unwrap_or_default();
            return Err(DataError::of_column(&columns[column], DataErrorKind::TooLarge).into());
        }
        let (values, vectors) = linear::symmetric_eigen(&covariance)?;
        // Ascending; what is below 0 is rounding.
        let variance: Vec<f64> = values.iter().rev().take(most).map(|value| value.max(0.0)).collect();
        let kept = match components {
            Components::All => most,
            Components::Count(count) => count,
            Components::Share(share) => {
                let mut sum = 0.0;
                let enough = variance.iter().position(|variance| {
                    sum += variance / total_variance;
                    sum > share
                });
                enough.map_or(most, |last| last + 1)
            }
        };
        let component = |k: usize| vectors.iter().skip(n_columns - 1 - k).step_by(n_columns).copied();
        let components = (0..kept).flat_map(component).collect();
        let variance = variance[..kept].to_vec();
        let fitted = Self { columns, mean, components, variance, total_variance };
        fitted.check()?;
        Ok(fitted)
    }

    /// The names of its columns.
    ///
    /// ```
    /// # use mlp::data::{Columns, Components, Frame, Transform};
    /// # let frame = Frame::of_numbers(vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0], vec!["x".into(), "y".into()])?;
    /// let pca = Transform::Pca { columns: Columns::All, components: Components::Count(1) }.fit(&frame)?;
    /// assert_eq!(pca.columns(), ["x", "y"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The mean of each column.
    ///
    /// ```
    /// # use mlp::data::{Columns, Components, Fitted, Frame, Transform};
    /// # let frame = Frame::of_numbers(vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0], vec!["x".into(), "y".into()])?;
    /// let pca = Transform::Pca { columns: Columns::All, components: Components::Count(1) }.fit(&frame)?;
    /// let Fitted::Pca(pca) = pca else { panic!("components") };
    /// assert_eq!(pca.mean(), [2.0, 2.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The components, row-major `(n_components, n_columns)`.
    ///
    /// ```
    /// # use mlp::data::{Columns, Components, Fitted, Frame, Transform};
    /// # let frame = Frame::of_numbers(vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0], vec!["x".into(), "y".into()])?;
    /// let pca = Transform::Pca { columns: Columns::All, components: Components::Count(1) }.fit(&frame)?;
    /// let Fitted::Pca(pca) = pca else { panic!("components") };
    /// assert!(pca.components().iter().all(|entry| (entry - 0.5_f64.sqrt()).abs() < 1e-15));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn components(&self) -> &[f64] {
        &self.components
    }

    /// The variance of each component, over n − 1, descending.
    ///
    /// ```
    /// # use mlp::data::{Columns, Components, Fitted, Frame, Transform};
    /// # let frame = Frame::of_numbers(vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0], vec!["x".into(), "y".into()])?;
    /// let pca = Transform::Pca { columns: Columns::All, components: Components::Count(1) }.fit(&frame)?;
    /// let Fitted::Pca(pca) = pca else { panic!("components") };
    /// assert!((pca.variance()[0] - 2.0).abs() < 1e-15);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn variance(&self) -> &[f64] {
        &self.variance
    }

    /// The share of each component in the variance of all columns; 0 where there is none.
    ///
    /// ```
    /// # use mlp::data::{Columns, Components, Fitted, Frame, Transform};
    /// # let frame = Frame::of_numbers(vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0], vec!["x".into(), "y".into()])?;
    /// let pca = Transform::Pca { columns: Columns::All, components: Components::Count(1) }.fit(&frame)?;
    /// let Fitted::Pca(pca) = pca else { panic!("components") };
    /// assert!((pca.variance_ratio()[0] - 1.0).abs() < 1e-15);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn variance_ratio(&self) -> Vec<f64> {
        let share =
            |variance: &f64| if self.total_variance == 0.0 { 0.0 } else { variance / self.total_variance };
        self.variance.iter().map(share).collect()
    }

    /// The names of the components.
    pub(crate) fn outputs(&self) -> Vec<String> {
        (0..self.variance.len()).map(|k| format!("pca{k}")).collect()
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        let places = frame.number_places(&self.columns)?;
        let mut scores = Vec::with_capacity(frame.n_rows() * self.variance.len());
        let mut centred = vec![0.0; places.len()];
        for (row, numbers) in frame.numbers().chunks_exact(frame.n_numbers().max(1)).enumerate() {
            for (column, place) in places.iter().enumerate() {
                if numbers[*place].is_nan() {
                    return Err(missing(row, &self.columns[column]));
                }
                centred[column] = numbers[*place] - self.mean[column];
            }
            let components = self.components.chunks_exact(places.len().max(1));
            scores.extend(components.map(|v| v.iter().zip(&centred).map(|(v, x)| v * x).sum::<f64>()));
        }
        frame.replace(&self.columns, self.outputs(), &scores)
    }
}

impl Checked for Pca {
    fn check(&self) -> Result<(), Error> {
        check_names("pca", &self.columns)?;
        let (n_columns, n_components) = (self.columns.len(), self.variance.len());
        let fits = self.mean.len() == n_columns
            && n_components <= n_columns
            && n_components.checked_mul(n_columns) == Some(self.components.len());
        if !fits {
            let got = format!(
                "{} means, {n_components} variances and {} entries of components for {n_columns} columns",
                self.mean.len(),
                self.components.len()
            );
            return Err(Error::shape("pca", "a mean for each column, and whole components", got));
        }
        let numbers = self.mean.iter().chain(&self.components).chain(&self.variance);
        match numbers.chain([&self.total_variance]).find(|number| !number.is_finite()) {
            Some(number) => Err(Error::shape("pca", "finite numbers", number.to_string())),
            None => Ok(()),
        }
    }
}

fn check_components(components: Components, most: usize) -> Result<(), Error> {
    match components {
        Components::Count(count) if count == 0 || count > most => {
            let wants = format!("1 to {most} components, the lesser of rows and columns");
            Err(Error::shape("pca", wants, count.to_string()))
        }
        Components::Share(share) if !(share > 0.0 && share < 1.0) => {
            let (setting, wants) = ("pca", "a share of the variance above 0 and below 1");
            Err(Error::Setting { setting, wants, got: share.to_string() })
        }
        _ => Ok(()),
    }
}

fn missing(row: usize, column: &str) -> Error {
    DataError::of_value(row, column, "the value is missing, and components need all; impute it before").into()
}
