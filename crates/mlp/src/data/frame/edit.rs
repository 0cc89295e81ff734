//! How transforms change a frame: numbers in place, columns taken out and added.

use std::collections::HashMap;

use super::{Category, Column, Frame, Place, check_names};
use crate::Error;
use crate::data::data_error::{DataError, DataErrorKind, listed};

impl Frame {
    /// The numbers, to be changed where they lie.
    pub(crate) fn numbers_mut(&mut self) -> &mut [f64] {
        &mut self.numbers
    }

    /// Where the columns of these names stand among the numbers.
    ///
    /// # Errors
    /// When some are not there, or hold categories.
    pub(crate) fn number_places(&self, names: &[String]) -> Result<Vec<usize>, Error> {
        let places = self.places_of(names)?.into_iter().zip(names);
        let number = |(place, name): (Place, &String)| match place {
            Place::Number(column) => Ok(column),
            Place::Category(_) => Err(wrong_kind(name, "numbers", "categories")),
        };
        places.map(number).collect()
    }

    /// The columns of these names, which hold categories.
    ///
    /// # Errors
    /// When some are not there, or hold numbers.
    pub(crate) fn categories_of(&self, names: &[String]) -> Result<Vec<&Category>, Error> {
        let places = self.places_of(names)?.into_iter().zip(names);
        let category = |(place, name): (Place, &String)| match place {
            Place::Category(place) => Ok(&self.categories[place]),
            Place::Number(_) => Err(wrong_kind(name, "categories", "numbers")),
        };
        places.map(category).collect()
    }

    /// Another category column in the place of the one of this name, which there is.
    pub(crate) fn set_category(&mut self, name: &str, category: Category) {
        let at = self.names.iter().position(|other| other == name).expect("the column was read before");
        let Place::Category(place) = self.places[at] else {
            unreachable!("the column was read as a category")
        };
        self.categories[place] = category;
    }

    /// The names of the columns that are numbers, in their order.
    pub(crate) fn number_names(&self) -> Vec<String> {
        self.names_where(|place| matches!(place, Place::Number(_)))
    }

    /// The names of the columns that are categories, in their order.
    pub(crate) fn category_names(&self) -> Vec<String> {
        self.names_where(|place| matches!(place, Place::Category(_)))
    }

    /// The same columns under another order of their names; the values stay where they are.
    pub(crate) fn in_order(self, names: Vec<String>) -> Self {
        let places = self.places_of(&names).expect("the same names in another order");
        Frame { names, places, ..self }
    }

    /// The frame without the columns `gone`, and with columns of numbers at its end, `added` row-major
    /// `(n_rows, names.len())`.
    ///
    /// # Errors
    /// When two columns then have the same name.
    pub(crate) fn replace(self, gone: &[String], names: Vec<String>, added: &[f64]) -> Result<Self, Error> {
        let gone: std::collections::HashSet<&str> = gone.iter().map(String::as_str).collect();
        let kept: Vec<String> =
            self.names.iter().filter(|name| !gone.contains(name.as_str())).cloned().collect();
        let mut frame = if kept.len() == self.names.len() { self } else { self.select(&kept)? };
        let (old, new) = (frame.n_numbers, names.len());
        frame.names.extend(names);
        check_names(&frame.names)?;
        frame.places.extend((old..old + new).map(Place::Number));
        frame.n_numbers = old + new;
        if old == 0 {
            frame.numbers = added.to_vec();
        } else if new > 0 {
            let mut numbers = Vec::with_capacity(frame.n_rows * frame.n_numbers);
            for (row, added) in frame.numbers.chunks_exact(old).zip(added.chunks_exact(new)) {
                numbers.extend_from_slice(row);
                numbers.extend_from_slice(added);
            }
            frame.numbers = numbers;
        }
        Ok(frame)
    }

    /// All columns with their names.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, Column<'_>)> {
        let column = |place: &Place| match *place {
            Place::Number(column) => {
                Column::Numbers(super::Numbers { rows: &self.numbers, stride: self.n_numbers, column })
            }
            Place::Category(place) => Column::Category(&self.categories[place]),
        };
        self.names.iter().map(String::as_str).zip(self.places.iter().map(column))
    }

    fn names_where(&self, is_wanted: impl Fn(&Place) -> bool) -> Vec<String> {
        let columns = self.names.iter().zip(&self.places);
        columns.filter(|(_, place)| is_wanted(place)).map(|(name, _)| name.clone()).collect()
    }

    fn places_of(&self, names: &[String]) -> Result<Vec<Place>, Error> {
        if names == self.names {
            return Ok(self.places.clone());
        }
        let known: HashMap<&str, Place> =
            self.names.iter().map(String::as_str).zip(self.places.iter().copied()).collect();
        let missing: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| !known.contains_key(name)).collect();
        if !missing.is_empty() {
            let kind = DataErrorKind::MissingColumns { names: listed(missing.into_iter(), 10) };
            return Err(DataError { file: None, line: None, column: None, kind }.into());
        }
        Ok(names.iter().map(|name| known[name.as_str()]).collect())
    }
}

fn wrong_kind(name: &str, wants: &str, got: &str) -> Error {
    Error::shape("frame", format!("{wants} in column `{name}`"), got)
}
