//! Columns brought to mean 0 and standard deviation 1.

use super::Dataset;
use super::data_error::{DataError, DataErrorKind};
use crate::Error;

/// The mean and the standard deviation of each column of the rows it was fitted on.
///
/// Fit it on training rows only: what the held-out rows look like must not reach the model.
///
/// ```
/// use mlp::data::{Dataset, Standardize, Table};
///
/// let table = Table::from_bytes(b"x,same,y\n1,7,a\n3,7,b\n", "t.csv")?;
/// let standardize = Standardize::fit(&Dataset::from_table(&table, "y", &[])?)?;
/// assert_eq!(standardize.mean(), [2.0, 7.0]);
/// assert_eq!(standardize.deviation(), [1.0, 0.0]);
/// assert_eq!(standardize.apply(&[5.0, 7.0])?, [3.0, 0.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Standardize {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Standardize {
    /// The means and standard deviations (over n, not n − 1) of the columns of `data`.
    ///
    /// # Errors
    /// Where there is no row, or a column's values are so large that their spread is not a finite number.
    ///
    /// ```
    /// use mlp::data::{Standardize, bundled};
    ///
    /// let standardize = Standardize::fit(&bundled::digits())?;
    /// assert_eq!(standardize.deviation().iter().filter(|deviation| **deviation == 0.0).count(), 3);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn fit(data: &Dataset) -> Result<Self, Error> {
        let (n_rows, n_columns) = (data.n_rows(), data.n_columns());
        if n_rows == 0 {
            return Err(Error::shape("standardize", "at least one row", "none"));
        }
        let rows = || data.features().chunks_exact(n_columns);
        let mut mean = vec![0.0; n_columns];
        for row in rows() {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += value / n_rows as f64;
            }
        }
        // A rounded mean may lie beside the one value of a constant column; then nothing but rounding would be left.
        let first = &data.features()[..n_columns];
        let mut constant = vec![true; n_columns];
        let mut variance = vec![0.0; n_columns];
        for row in rows() {
            for column in 0..n_columns {
                constant[column] &= row[column] == first[column];
                variance[column] += (row[column] - mean[column]).powi(2) / n_rows as f64;
            }
        }
        for column in 0..n_columns {
            if constant[column] {
                mean[column] = first[column];
                variance[column] = 0.0;
            } else if !variance[column].is_finite() {
                return Err(DataError::of_column(&data.columns()[column], DataErrorKind::TooLarge).into());
            }
        }
        Self::from_parts(mean, variance.into_iter().map(f64::sqrt).collect())
    }

    /// The transformation with given means and standard deviations, as a model file holds them.
    ///
    /// # Errors
    /// Where they differ in number, are not finite, or a deviation is negative.
    ///
    /// ```
    /// use mlp::data::Standardize;
    ///
    /// assert_eq!(Standardize::from_parts(vec![1.0], vec![2.0])?.apply(&[2.0])?, [0.5]);
    /// assert!(Standardize::from_parts(vec![1.0], vec![f64::NAN]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_parts(mean: Vec<f64>, deviation: Vec<f64>) -> Result<Self, Error> {
        if mean.len() != deviation.len() {
            let got = format!("{} and {}", mean.len(), deviation.len());
            return Err(Error::shape("standardize", "as many deviations as means", got));
        }
        let broken = mean.iter().find(|mean| !mean.is_finite());
        let broken =
            broken.or_else(|| deviation.iter().find(|deviation| !deviation.is_finite() || **deviation < 0.0));
        if let Some(broken) = broken {
            let wants = "finite means, and finite deviations of at least 0";
            return Err(Error::shape("standardize", wants, broken.to_string()));
        }
        Ok(Self { mean, deviation })
    }

    /// The mean of each column.
    ///
    /// ```
    /// # use mlp::data::Standardize;
    /// assert_eq!(Standardize::from_parts(vec![3.0], vec![1.0])?.mean(), [3.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The standard deviation of each column; 0 where the column is constant.
    ///
    /// ```
    /// # use mlp::data::Standardize;
    /// assert_eq!(Standardize::from_parts(vec![3.0], vec![1.0])?.deviation(), [1.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn deviation(&self) -> &[f64] {
        &self.deviation
    }

    /// `(x − mean) / deviation` for each column of `features`, row-major `(n_rows, n_columns)`.
    ///
    /// A column that was constant in training gives 0 whatever it holds: nothing could be learned from it.
    ///
    /// # Errors
    /// Where the number of features is not a multiple of the number of columns.
    ///
    /// ```
    /// use mlp::data::Standardize;
    ///
    /// let standardize = Standardize::from_parts(vec![1.0, 5.0], vec![2.0, 0.0])?;
    /// assert_eq!(standardize.apply(&[3.0, 5.0, -1.0, 9.0])?, [1.0, 0.0, -1.0, 0.0]);
    /// assert!(standardize.apply(&[3.0]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn apply(&self, features: &[f64]) -> Result<Vec<f64>, Error> {
        let n_columns = self.mean.len();
        if n_columns == 0 || !features.len().is_multiple_of(n_columns) {
            return Err(Error::shape(
                "standardize",
                format!("rows of {n_columns} features"),
                format!("{} features", features.len()),
            ));
        }
        let mut standardized = Vec::with_capacity(features.len());
        for row in features.chunks_exact(n_columns) {
            for ((value, mean), deviation) in row.iter().zip(&self.mean).zip(&self.deviation) {
                standardized.push(if *deviation == 0.0 { 0.0 } else { (value - mean) / deviation });
            }
        }
        Ok(standardized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[f64]) -> Dataset {
        let classes = vec!["a".into(), "b".into()];
        Dataset::new(values.to_vec(), vec!["x".into()], "y".into(), vec![0; values.len()], classes).unwrap()
    }

    #[test]
    fn fitted_columns_get_mean_0_and_deviation_1() {
        let values = [3.0, -1.5, 8.0, 2.25, 1e3];
        let standardize = Standardize::fit(&column(&values)).unwrap();
        let standardized = standardize.apply(&values).unwrap();
        let mean = standardized.iter().sum::<f64>() / 5.0;
        let variance = standardized.iter().map(|value| value * value).sum::<f64>() / 5.0;
        approx::assert_abs_diff_eq!(mean, 0.0, epsilon = 1e-15);
        approx::assert_abs_diff_eq!(variance, 1.0, epsilon = 1e-14);
    }

    #[test]
    fn a_constant_whose_mean_rounds_gives_exactly_0() {
        let values = [0.1; 7];
        let standardize = Standardize::fit(&column(&values)).unwrap();
        assert_eq!(standardize.apply(&values).unwrap(), [0.0; 7]);
        assert_eq!(standardize.apply(&[1e300]).unwrap(), [0.0]);
    }

    #[test]
    fn values_near_the_largest_float_are_refused_by_name() {
        let error = Standardize::fit(&column(&[f64::MAX, -f64::MAX])).unwrap_err();
        assert!(error.to_string().contains("column `x`: the values are too large"), "{error}");
        assert!(Standardize::fit(&column(&[f64::MAX, f64::MAX])).is_ok());
    }

    #[test]
    fn no_rows_are_refused() {
        assert!(Standardize::fit(&column(&[])).is_err());
    }
}
