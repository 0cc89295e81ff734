//! Tables, rows and frames read by a schema.

use std::borrow::Cow;
use std::collections::HashMap;

use super::inspect::{Cell, missing_columns};
use super::{Role, Schema, SchemaColumn};
use crate::Error;
use crate::data::data_error::{DataError, DataErrorKind, shortened};
use crate::data::frame::{Category, Column, MISSING};
use crate::data::{Frame, Table};

impl Schema {
    /// The rows of `table`, whose columns are found by name; others are ignored.
    ///
    /// A category that was not there when the schema was made becomes a level behind those of the schema: it is for whoever
    /// reads the frame to take it or to refuse it, as one-hot and ordinal codes do by [`Unknown`](crate::data::Unknown).
    ///
    /// # Errors
    /// When columns are missing, all of which are named; when a cell is no finite number or neither of the two words of a
    /// boolean, with its line.
    ///
    /// ```
    /// use mlp::data::{Choices, Schema, Table};
    ///
    /// let table = Table::from_bytes(b"x,kind\n1,a\n2,b\n", "train.csv")?;
    /// let schema = Schema::inspect(&table, &Choices::default())?;
    /// let other = Table::from_bytes(b"more,kind,x\n0,c,\n", "other.csv")?;
    /// let frame = schema.frame(&other)?;
    /// assert_eq!(frame.names(), ["x", "kind"]);
    /// assert!(frame.numbers()[0].is_nan());
    /// let lacking = Table::from_bytes(b"kind\na\n", "lacking.csv")?;
    /// assert!(schema.frame(&lacking).unwrap_err().to_string().contains("missing: `x`"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn frame(&self, table: &Table) -> Result<Frame, Error> {
        let names = self.names();
        let positions = table.positions(&names)?;
        let (mut number_names, mut numbers, mut categories) = (Vec::new(), Vec::new(), Vec::new());
        for (column, position) in self.read().zip(&positions) {
            match &column.role {
                Role::Category { levels } => {
                    categories.push((column.name.as_str(), category(levels, table, *position)?));
                }
                role => {
                    number_names.push(column.name.clone());
                    numbers.push((*position, role));
                }
            }
        }
        let mut frame = Frame::of_rows(table.n_rows());
        if !numbers.is_empty() {
            let mut values = Vec::with_capacity(table.n_rows() * numbers.len());
            for row in 0..table.n_rows() {
                for (column, role) in &numbers {
                    let number = number(role, table.cell(row, *column));
                    values.push(number.map_err(|kind| table.error_at(row, *column, kind))?);
                }
            }
            frame = Frame::of_numbers(values, number_names)?;
        }
        for (name, category) in categories {
            frame = frame.with_category(name, category)?;
        }
        Ok(frame.in_order(names))
    }

    /// Rows of numbers without names, row-major `(n_rows, width)`: the columns that are read, in their order, or all columns
    /// that were inspected, those that are dropped among them.
    ///
    /// # Errors
    /// When the width is neither, a row is cut off, a value is infinite, or the schema has categories.
    ///
    /// ```
    /// use mlp::data::{Choices, Frame, Schema};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 5.0, 2.0, 5.0], vec!["x".into(), "same".into()])?;
    /// let schema = Schema::of_frame(&frame, &Choices::default())?;
    /// assert_eq!(schema.frame_of_rows(&[3.0, 5.0], 2)?.numbers(), [3.0]);
    /// assert_eq!(schema.frame_of_rows(&[3.0, 4.0], 1)?.numbers(), [3.0, 4.0]);
    /// let error = schema.frame_of_rows(&[0.0; 3], 3).unwrap_err().to_string();
    /// assert_eq!(error, "rows: wants rows of 1 column (or of all 2, dropped ones included), got 3 columns");
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn frame_of_rows(&self, rows: &[f64], width: usize) -> Result<Frame, Error> {
        let read: Vec<usize> = (0..self.columns.len())
            .filter(|at| !matches!(self.columns[*at].role, Role::Dropped(_)))
            .collect();
        let is_category = |column: &&SchemaColumn| matches!(column.role, Role::Category { .. });
        if let Some(column) = self.read().find(is_category) {
            let got = format!("categories in column `{}`", column.name);
            return Err(Error::shape("rows", "numbers in every column; give a table or a frame", got));
        }
        if width != read.len() && width != self.columns.len() {
            let columns = if read.len() == 1 { "column" } else { "columns" };
            let mut wants = format!("rows of {} {columns}", read.len());
            if self.columns.len() != read.len() {
                wants += &format!(" (or of all {}, dropped ones included)", self.columns.len());
            }
            return Err(Error::shape("rows", wants, format!("{width} columns")));
        }
        if !rows.len().is_multiple_of(width) {
            let got = format!("{} numbers", rows.len());
            return Err(Error::shape("rows", format!("whole rows of {width}"), got));
        }
        let names = self.names();
        let numbers = if width == read.len() {
            rows.to_vec()
        } else {
            rows.chunks_exact(width).flat_map(|row| read.iter().map(|column| row[*column])).collect()
        };
        if let Some(at) = numbers.iter().position(|number| number.is_infinite()) {
            let (row, column) = (at / read.len(), &names[at % read.len()]);
            let what = "an infinity; replace it, or give NaN where the value is missing";
            return Err(DataError::of_value(row, column, what).into());
        }
        Frame::of_numbers(numbers, names)
    }

    /// The columns of `frame` that are read, by name and in the schema's order; not copied where these are all, in order.
    ///
    /// # Errors
    /// When columns are missing, all of which are named, or are of another kind.
    pub(crate) fn columns_of<'a>(&self, frame: &'a Frame) -> Result<Cow<'a, Frame>, Error> {
        let is_same = self.read().map(|column| &column.name).eq(frame.names());
        let frame = if is_same {
            Cow::Borrowed(frame)
        } else {
            let known: std::collections::HashSet<&String> = frame.names().iter().collect();
            let absent = self.read().filter(|column| !known.contains(&column.name));
            let missing: Vec<&str> = absent.map(|column| column.name.as_str()).collect();
            if !missing.is_empty() {
                return Err(missing_columns(&missing));
            }
            Cow::Owned(frame.select(&self.names())?)
        };
        for (column, (name, values)) in self.read().zip(frame.columns()) {
            let (wants, got) = match (&column.role, values) {
                (Role::Category { .. }, Column::Numbers(_)) => ("categories", "numbers"),
                (Role::Number | Role::Boolean { .. }, Column::Category(_)) => ("numbers", "categories"),
                _ => continue,
            };
            return Err(Error::shape("frame", format!("{wants} in column `{name}`"), got));
        }
        Ok(frame)
    }
}

/// The number in a cell of a column of numbers or booleans, NaN where it is missing.
fn number(role: &Role, text: &str) -> Result<f64, DataErrorKind> {
    let cell = Cell::of(text);
    if let (Role::Boolean { no, yes }, Cell::Text | Cell::Number(_) | Cell::Infinite) = (role, &cell) {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is(no) || is(yes) {
            return Ok(f64::from(u8::from(is(yes))));
        }
        let what =
            format!("`{}` is neither `{no}` nor `{yes}`; correct it or leave it empty", shortened(text));
        return Err(DataErrorKind::BadValue { row: None, what });
    }
    match cell {
        Cell::Missing => Ok(f64::NAN),
        Cell::Number(number) => Ok(number),
        Cell::Infinite => Err(DataErrorKind::NotFinite { cell: text.to_owned() }),
        Cell::Text => {
            let short = shortened(text);
            let what = format!("`{short}` is not a number; correct it, or leave it empty if it is not known");
            Err(DataErrorKind::BadValue { row: None, what })
        }
    }
}

/// The column with these levels, and behind them whichever else the table has.
fn category(levels: &[String], table: &Table, column: usize) -> Result<Category, Error> {
    let mut codes_of: HashMap<&str, u32> =
        levels.iter().enumerate().map(|(code, level)| (level.as_str(), code as u32)).collect();
    let mut all = levels.to_vec();
    let mut code = |row| {
        let text = table.cell(row, column);
        if let Some(code) = codes_of.get(text) {
            return *code;
        }
        if matches!(Cell::of(text), Cell::Missing) {
            return MISSING;
        }
        let code = all.len() as u32;
        codes_of.insert(text, code);
        all.push(text.to_owned());
        code
    };
    let codes = (0..table.n_rows()).map(&mut code).collect();
    Category::new(all, codes)
}
