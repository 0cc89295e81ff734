//! The columns of a transform: which they are, and their values one column after another.

use super::Columns;
use crate::Error;
use crate::data::Frame;
use crate::data::data_error::{DataError, DataErrorKind};
use crate::metrics::quantile::quantile;

/// What was fitted and may come from a file.
pub(super) trait Checked {
    /// Whether the parts fit together and the numbers make sense.
    fn check(&self) -> Result<(), Error>;
}

impl Columns {
    /// The names of the numbers that are meant.
    pub(super) fn numbers(&self, frame: &Frame) -> Vec<String> {
        match self {
            Columns::All => frame.number_names(),
            Columns::Named(names) => names.clone(),
        }
    }

    /// The names of the categories that are meant.
    pub(super) fn categories(&self, frame: &Frame) -> Vec<String> {
        match self {
            Columns::All => frame.category_names(),
            Columns::Named(names) => names.clone(),
        }
    }
}

/// The operation, the names of its columns, and numbers that there should be for each of them.
pub(super) fn check_parts(
    operation: &'static str,
    columns: &[String],
    parts: &[&[f64]],
) -> Result<(), Error> {
    check_names(operation, columns)?;
    for part in parts {
        if part.len() != columns.len() {
            let got = format!("{} numbers for {} columns", part.len(), columns.len());
            return Err(Error::shape(operation, "a number for each column", got));
        }
        if let Some(number) = part.iter().find(|number| !number.is_finite()) {
            return Err(Error::shape(operation, "finite numbers", number.to_string()));
        }
    }
    Ok(())
}

/// Refuses a column that is named twice.
pub(super) fn check_names(operation: &'static str, columns: &[String]) -> Result<(), Error> {
    let mut seen = std::collections::HashSet::with_capacity(columns.len());
    match columns.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Err(Error::shape(operation, "each column once", format!("`{name}` twice"))),
        None => Ok(()),
    }
}

/// Calls `fit` with the values of each column that are not missing, in the order of the rows; it may reorder them.
///
/// Several columns are gathered in one pass over the rows: a column alone reads a line of cache for each number.
///
/// # Errors
/// What `fit` says; and when a column has no value at all.
pub(super) fn for_each_column(
    frame: &Frame,
    columns: &[String],
    mut fit: impl FnMut(&mut [f64]) -> Result<(), DataErrorKind>,
) -> Result<(), Error> {
    const AT_ONCE: usize = 16;
    let places = frame.number_places(columns)?;
    let mut values = vec![Vec::with_capacity(frame.n_rows()); AT_ONCE.min(places.len())];
    for (places, names) in places.chunks(AT_ONCE).zip(columns.chunks(AT_ONCE)) {
        values.iter_mut().for_each(Vec::clear);
        for row in frame.numbers().chunks_exact(frame.n_numbers()) {
            for (values, place) in values.iter_mut().zip(places) {
                if !row[*place].is_nan() {
                    values.push(row[*place]);
                }
            }
        }
        for (values, name) in values.iter_mut().zip(names) {
            if values.is_empty() {
                return Err(no_value(name));
            }
            fit(values).map_err(|kind| DataError::of_column(name, kind))?;
        }
    }
    Ok(())
}

/// The error of a column from which nothing can be fitted.
pub(super) fn no_value(column: &str) -> Error {
    let what =
        "there is no row with a value to fit on; drop the column or fill it with a constant".to_owned();
    DataError::of_column(column, DataErrorKind::BadValue { row: None, what }).into()
}

/// Changes each number of these columns.
pub(super) fn map_columns(
    mut frame: Frame,
    columns: &[String],
    mut map: impl FnMut(usize, usize, f64) -> Result<f64, Error>,
) -> Result<Frame, Error> {
    let places = frame.number_places(columns)?;
    let n_numbers = frame.n_numbers().max(1);
    for (row, numbers) in frame.numbers_mut().chunks_exact_mut(n_numbers).enumerate() {
        for (column, place) in places.iter().enumerate() {
            numbers[*place] = map(row, column, numbers[*place])?;
        }
    }
    Ok(frame)
}

/// The quantile `q` of values in any order, which it reorders.
pub(super) fn quantile_of(values: &mut [f64], q: f64) -> f64 {
    let place = (values.len() - 1) as f64 * q;
    let below = (place.floor() as usize).min(values.len() - 1);
    let (_, a, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let b = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*a);
    quantile(&[*a, b], place - below as f64)
}
