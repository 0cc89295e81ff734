//! Columns judged by their cells.

use std::collections::{HashMap, HashSet};

use super::{Choices, Reason, Role, Schema, SchemaColumn};
use crate::Error;
use crate::data::data_error::{DataError, DataErrorKind, listed};
use crate::data::frame::{Column, MISSING};
use crate::data::table::is_missing;
use crate::data::{Frame, Table};

/// Text in fewer rows than these is never an identifier: there, all names differ by chance.
const FEW_ROWS: usize = 20;

/// The words of a boolean, for 0 and for 1.
const WORDS: [(&str, &str); 3] = [("false", "true"), ("no", "yes"), ("n", "y")];

/// What a cell holds.
pub(super) enum Cell {
    /// No value, in one of the usual spellings.
    Missing,
    /// A finite number.
    Number(f64),
    /// A number that no float holds, or an infinity.
    Infinite,
    /// Anything else.
    Text,
}

impl Cell {
    pub(super) fn of(text: &str) -> Self {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Cell::Number(number),
            Ok(number) if number.is_nan() => Cell::Missing,
            Ok(_) => Cell::Infinite,
            Err(_) if is_missing(text) => Cell::Missing,
            Err(_) => Cell::Text,
        }
    }
}

impl Choices {
    /// What the choices say of a column, if they do: not to read it, or not to judge it.
    fn leaves_out(&self, name: &str) -> bool {
        let is_in = |names: &[String]| names.iter().any(|other| other == name);
        is_in(&self.drop) || self.only.as_ref().is_some_and(|only| !is_in(only))
    }

    /// Refuses names that no column has, and a column for which two things are said.
    fn check(&self, names: &[String], source: Option<&str>) -> Result<(), Error> {
        let known: HashSet<&String> = names.iter().collect();
        let said = self.drop.iter().chain(self.only.iter().flatten()).chain(&self.numbers);
        if let Some(name) = said.chain(&self.categories).chain(&self.aside).find(|name| !known.contains(name))
        {
            let kind = DataErrorKind::UnknownColumn { name: name.clone(), columns: names.to_vec() };
            let file = source.map(str::to_owned);
            return Err(DataError { file, line: None, column: None, kind }.into());
        }
        let left_out = |name: &&String| self.leaves_out(name) || self.aside.contains(name);
        let both = self.numbers.iter().find(|name| self.categories.contains(name));
        if let Some(name) = both.or_else(|| self.numbers.iter().chain(&self.categories).find(left_out)) {
            return Err(Error::shape("choices", "one thing for each column", format!("two for `{name}`")));
        }
        Ok(())
    }
}

impl Schema {
    /// What each column of `table` is, by its cells or by `choices`.
    ///
    /// # Errors
    /// When the choices name a column that is not there, or one column twice; when a column of numbers has text or an
    /// infinity in it, with its line; when no column is left.
    ///
    /// ```
    /// use mlp::data::{Choices, Schema, Table};
    ///
    /// let table = Table::from_bytes(b"x\n1.5\n2.5\n3.5\n4.5\n1O\n", "slip.csv")?;
    /// let error = Schema::inspect(&table, &Choices::default()).unwrap_err().to_string();
    /// assert!(error.starts_with("slip.csv, line 6, column `x`: `1O` is not a number, but 4 of the 5 values"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn inspect(table: &Table, choices: &Choices) -> Result<Self, Error> {
        choices.check(table.columns(), Some(table.source()))?;
        let mut columns = Vec::with_capacity(table.columns().len());
        for (column, name) in table.columns().iter().enumerate() {
            if choices.aside.contains(name) {
                continue;
            }
            let role = if choices.leaves_out(name) {
                Role::Dropped(Reason::Choice)
            } else if choices.numbers.contains(name) {
                Role::Number
            } else {
                let cells = Cells::of(table, column);
                if choices.categories.contains(name) { cells.category() } else { cells.role()? }
            };
            columns.push(SchemaColumn { name: name.clone(), role });
        }
        Self::new(columns).map_err(|error| error.in_file(table.source()))
    }

    /// What the columns of `frame` are: numbers and categories, those dropped that are constant, without any value or
    /// identifiers, as in a table.
    ///
    /// # Errors
    /// When the choices name a column that is not there, one column twice, or one of another kind; when no column is left.
    ///
    /// ```
    /// use mlp::data::{Choices, Frame, Schema};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 5.0, 2.0, 5.0], vec!["x".into(), "same".into()])?;
    /// assert_eq!(Schema::of_frame(&frame, &Choices::default())?.names(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn of_frame(frame: &Frame, choices: &Choices) -> Result<Self, Error> {
        let role = |(name, column): (&str, Column<'_>)| {
            let role = match column {
                Column::Numbers(_) => Role::Number,
                Column::Category(category) => Role::Category { levels: category.levels().to_vec() },
            };
            SchemaColumn { name: name.to_owned(), role }
        };
        Self { columns: frame.columns().map(role).collect() }.on(frame, choices)
    }

    /// The same schema for models that learn from the rows of `frame` alone, such as the training rows of a table: columns
    /// are dropped that are constant there, have no value or are identifiers, or as `choices` say.
    ///
    /// # Errors
    /// When the frame lacks a column or has one of another kind, and as [`Schema::of_frame`].
    ///
    /// ```
    /// use mlp::data::{Choices, Schema, Table};
    ///
    /// let table = Table::from_bytes(b"x,kind\n1,a\n2,a\n3,b\n", "t.csv")?;
    /// let schema = Schema::inspect(&table, &Choices::default())?;
    /// let training = schema.frame(&table)?.rows(&[0, 1]);
    /// assert_eq!(schema.on(&training, &Choices::default())?.names(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn on(&self, frame: &Frame, choices: &Choices) -> Result<Self, Error> {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        choices.check(&names, None)?;
        let frame = self.columns_of(frame)?;
        let mut values: HashMap<&str, Column<'_>> = frame.columns().collect();
        let mut columns = Vec::with_capacity(self.columns.len());
        for SchemaColumn { name, role } in &self.columns {
            if choices.aside.contains(name) {
                continue;
            }
            let is_number = !matches!(role, Role::Category { .. });
            for (wants_number, chosen) in [(true, &choices.numbers), (false, &choices.categories)] {
                if chosen.contains(name) && is_number != wants_number {
                    let wants = format!("the kind that column `{name}` has, which is read already");
                    return Err(Error::shape("choices", wants, "the other one"));
                }
            }
            let is_chosen = choices.numbers.contains(name) || choices.categories.contains(name);
            let judged = match values.remove(name.as_str()) {
                _ if choices.leaves_out(name) => Some(Reason::Choice),
                Some(_) if is_chosen => None,
                Some(column) => reason(&column),
                None => None,
            };
            let role = judged.map_or_else(|| role.clone(), Role::Dropped);
            columns.push(SchemaColumn { name: name.clone(), role });
        }
        Self::new(columns)
    }
}

/// Why a typed column is dropped, if it is.
fn reason(column: &Column<'_>) -> Option<Reason> {
    match column {
        Column::Numbers(numbers) => {
            let mut present = numbers.iter().filter(|number| !number.is_nan());
            let Some(first) = present.next() else { return Some(Reason::AllMissing) };
            present.all(|number| number == first).then(|| Reason::Constant { value: first.to_string() })
        }
        Column::Category(category) => {
            let mut distinct = vec![false; category.levels().len()];
            let present = category.codes().iter().filter(|code| **code != MISSING);
            let present = present.inspect(|code| distinct[**code as usize] = true).count();
            let mut there = category.levels().iter().zip(&distinct).filter(|(_, is_there)| **is_there);
            let first = there.next().map(|(level, _)| level.clone());
            text_reason(1 + there.count(), present, first)
        }
    }
}

/// Why text is dropped that comes in so many kinds, in so many rows, if it is.
fn text_reason(distinct: usize, present: usize, first: Option<String>) -> Option<Reason> {
    match first {
        None => Some(Reason::AllMissing),
        Some(value) if distinct == 1 => Some(Reason::Constant { value }),
        Some(_) if present >= FEW_ROWS && 10 * distinct >= 9 * present => {
            Some(Reason::Identifier { distinct, present })
        }
        Some(_) => None,
    }
}

/// The cells of a column, counted.
struct Cells<'a> {
    table: &'a Table,
    column: usize,
    present: usize,
    numbers: usize,
    /// The first number, and whether all are equal to it.
    constant: Option<(f64, bool)>,
    /// The rows of the first text and of the first infinity.
    text: Option<usize>,
    infinite: Option<usize>,
}

impl<'a> Cells<'a> {
    fn of(table: &'a Table, column: usize) -> Self {
        let mut cells =
            Cells { table, column, present: 0, numbers: 0, constant: None, text: None, infinite: None };
        for row in 0..table.n_rows() {
            let cell = Cell::of(table.cell(row, column));
            match cell {
                Cell::Missing => continue,
                Cell::Number(number) => {
                    let (first, is_constant) = cells.constant.unwrap_or((number, true));
                    cells.constant = Some((first, is_constant && first == number));
                    cells.numbers += 1;
                }
                Cell::Infinite => {
                    cells.infinite.get_or_insert(row);
                    cells.numbers += 1;
                }
                Cell::Text => {
                    cells.text.get_or_insert(row);
                }
            }
            cells.present += 1;
        }
        cells
    }

    /// The texts of the cells that have a value.
    fn texts(&self) -> impl Iterator<Item = &'a str> {
        let cells = (0..self.table.n_rows()).map(|row| self.table.cell(row, self.column));
        cells.filter(|text| !matches!(Cell::of(text), Cell::Missing))
    }

    /// The different texts, in the order of their characters.
    fn levels(&self) -> Vec<&'a str> {
        let mut levels: Vec<&str> = self.texts().collect::<HashSet<_>>().into_iter().collect();
        levels.sort_unstable();
        levels
    }

    fn category(&self) -> Role {
        Role::Category { levels: self.levels().into_iter().map(str::to_owned).collect() }
    }

    fn role(&self) -> Result<Role, Error> {
        if let Some(row) = self.text {
            if self.is_measurement() {
                let cell = self.table.cell(row, self.column).to_owned();
                let kind = DataErrorKind::MixedColumn { cell, numbers: self.numbers, present: self.present };
                return Err(self.table.error_at(row, self.column, kind));
            }
            return Ok(self.text_role());
        }
        if let Some(row) = self.infinite {
            let kind = DataErrorKind::NotFinite { cell: self.table.cell(row, self.column).to_owned() };
            return Err(self.table.error_at(row, self.column, kind));
        }
        Ok(match self.constant {
            None => Role::Dropped(Reason::AllMissing),
            Some((_, false)) => Role::Number,
            Some((_, true)) => {
                let value = self.texts().next().unwrap_or_default().to_owned();
                Role::Dropped(Reason::Constant { value })
            }
        })
    }

    /// Whether a column with text in it is one of numbers with a slip.
    fn is_measurement(&self) -> bool {
        if 10 * self.numbers >= 9 * self.present {
            return true;
        }
        let number = |text: &str| match Cell::of(text) {
            Cell::Number(number) => Some((number + 0.0).to_bits()),
            _ => None,
        };
        2 * self.numbers >= self.present
            && 2 * self.texts().filter_map(number).collect::<HashSet<u64>>().len() > self.numbers
    }

    fn text_role(&self) -> Role {
        let levels = self.levels();
        let is_word = |word: &str| levels.iter().any(|level| level.eq_ignore_ascii_case(word));
        let is_pair = |(no, yes): &&(&str, &str)| {
            let is_either = |level: &&str| level.eq_ignore_ascii_case(no) || level.eq_ignore_ascii_case(yes);
            is_word(no) && is_word(yes) && levels.iter().all(is_either)
        };
        if let Some((no, yes)) = WORDS.iter().find(is_pair) {
            return Role::Boolean { no: (*no).to_owned(), yes: (*yes).to_owned() };
        }
        let first = levels.first().map(|level| (*level).to_owned());
        match text_reason(levels.len(), self.present, first) {
            Some(reason) => Role::Dropped(reason),
            None => self.category(),
        }
    }
}

/// The columns that are wanted and not there, as an error.
pub(super) fn missing_columns(missing: &[&str]) -> Error {
    let kind = DataErrorKind::MissingColumns { names: listed(missing.iter().copied(), 10) };
    DataError { file: None, line: None, column: None, kind }.into()
}
