//! A CSV file in memory: named columns of cells, each with the line it came from.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::csv_rows::{Row, Rows, refuse_binary, utf8};
use super::data_error::{DataError, DataErrorKind, listed};
use crate::Error;

/// A table of text cells under named columns, as a CSV file holds them.
///
/// Blanks around names and cells are cut off. What a cell means is decided by whoever asks:
/// [`Table::numbers`] wants numbers, a target column takes any text.
///
/// ```
/// use mlp::data::Table;
///
/// let table = Table::from_bytes(b"height,species\n1.5,oak\n0.3,fern\n", "plants.csv")?;
/// assert_eq!(table.columns(), ["height", "species"]);
/// assert_eq!(table.cell(1, 1), "fern");
/// assert_eq!(table.numbers(&[0])?, [1.5, 0.3]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Table {
    source: String,
    columns: Vec<String>,
    /// All cells after one another, row by row; cell `i` ends at `ends[i]`.
    text: String,
    ends: Vec<usize>,
    /// The line on which each row begins.
    lines: Vec<u64>,
}

impl Table {
    /// The table in the CSV file at `path`.
    ///
    /// # Errors
    /// Where the file can't be read, is not UTF-8 text with commas, has no row of data, a row with more or
    /// fewer cells than the header, or a column without a name or with that of another.
    ///
    /// ```
    /// let error = mlp::data::Table::from_path("no such file.csv").unwrap_err();
    /// assert!(error.to_string().starts_with("cannot read no such file.csv: "));
    /// ```
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let source = path.display().to_string();
        let read = |source| Error::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(read)?;
        // The beginning is looked at first, so that a device or a disk image is not read to its end.
        let mut bytes = Vec::new();
        file.by_ref().take(8192).read_to_end(&mut bytes).map_err(read)?;
        refuse_binary(&bytes, &source)?;
        file.read_to_end(&mut bytes).map_err(read)?;
        Self::from_bytes(&bytes, &source)
    }

    /// The table in `bytes`, which errors will call `source`.
    ///
    /// # Errors
    /// As [`Table::from_path`].
    ///
    /// ```
    /// use mlp::data::Table;
    ///
    /// let table = Table::from_bytes(b"\xEF\xBB\xBFname,age\r\n\"Ito, Ai\", 30\r\n", "people.csv")?;
    /// assert_eq!((table.cell(0, 0), table.cell(0, 1)), ("Ito, Ai", "30"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_bytes(bytes: &[u8], source: &str) -> Result<Self, Error> {
        refuse_binary(bytes, source)?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut rows = Rows::new(bytes);
        let mut record = csv::ByteRecord::new();

        let Some(row) = rows.next(&mut record) else {
            return Err(DataError::of_file(source, DataErrorKind::Empty).into());
        };
        row.refuse_unclosed_quote(&record, source)?;
        let mut columns = Vec::with_capacity(record.len());
        for (i, name) in record.iter().enumerate() {
            let name = utf8(name).map_err(|byte| DataError {
                line: Some(row.line),
                column: Some((i + 1).to_string()),
                ..DataError::of_file(source, DataErrorKind::NotUtf8 { byte })
            })?;
            columns.push(name.trim().to_owned());
        }
        check_names(&columns, row.line, source)?;

        let mut table = Self {
            source: source.to_owned(),
            columns,
            text: String::new(),
            ends: Vec::new(),
            lines: Vec::new(),
        };
        while let Some(row) = rows.next(&mut record) {
            table.push(&record, &row)?;
        }
        if table.lines.is_empty() {
            return Err(DataError::of_file(source, DataErrorKind::HeaderOnly).into());
        }
        Ok(table)
    }

    fn push(&mut self, record: &csv::ByteRecord, row: &Row<'_>) -> Result<(), Error> {
        row.refuse_unclosed_quote(record, &self.source)?;
        if record.len() != self.columns.len() {
            let kind = DataErrorKind::RaggedRow { cells: record.len(), columns: self.columns.len() };
            return Err(DataError { line: Some(row.line), ..DataError::of_file(&self.source, kind) }.into());
        }
        for (i, cell) in record.iter().enumerate() {
            let cell = utf8(cell).map_err(|byte| DataError {
                line: Some(row.line),
                column: Some(self.columns[i].clone()),
                ..DataError::of_file(&self.source, DataErrorKind::NotUtf8 { byte })
            })?;
            self.text.push_str(cell.trim());
            self.ends.push(self.text.len());
        }
        self.lines.push(row.line);
        Ok(())
    }

    /// The name by which errors call the table: its file, as given.
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a\n1\n", "one.csv")?;
    /// assert_eq!(table.source(), "one.csv");
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of the columns, in the order of the file.
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a, b\n1,2\n", "two.csv")?;
    /// assert_eq!(table.columns(), ["a", "b"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number of rows below the header, at least 1.
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a\n1\n2\n", "rows.csv")?;
    /// assert_eq!(table.n_rows(), 2);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn n_rows(&self) -> usize {
        self.lines.len()
    }

    /// The text of one cell.
    ///
    /// # Panics
    /// Where `row` or `column` is not below [`Table::n_rows`] or the number of columns.
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a,b\n1,x\n", "cells.csv")?;
    /// assert_eq!(table.cell(0, 1), "x");
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn cell(&self, row: usize, column: usize) -> &str {
        assert!(
            column < self.columns.len(),
            "cell: wants a column below {}, got {column}",
            self.columns.len()
        );
        let i = row * self.columns.len() + column;
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start..self.ends[i]]
    }

    /// The line of the file, from 1, on which a row begins.
    ///
    /// # Panics
    /// Where `row` is not below [`Table::n_rows`].
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a\n\n1\n", "blank.csv")?;
    /// assert_eq!(table.line(0), 3);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn line(&self, row: usize) -> u64 {
        self.lines[row]
    }

    /// The position of the column called `name`.
    ///
    /// # Errors
    /// Where there is none; the error has the columns that there are.
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"height,species\n1,oak\n", "plants.csv")?;
    /// assert_eq!(table.position("species")?, 1);
    /// let message = table.position("Specis").unwrap_err().to_string();
    /// assert!(message.ends_with("there is no column `Specis`; the columns are `height`, `species`"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn position(&self, name: &str) -> Result<usize, Error> {
        if let Some(position) = self.columns.iter().position(|column| column == name) {
            return Ok(position);
        }
        let kind = DataErrorKind::UnknownColumn { name: name.to_owned(), columns: self.columns.clone() };
        Err(DataError::of_file(&self.source, kind).into())
    }

    /// The positions of all `names`, in their order; the table may have further columns.
    ///
    /// # Errors
    /// Where some are missing; the error names them.
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a,b,c\n1,2,3\n", "abc.csv")?;
    /// assert_eq!(table.positions(&["c".into(), "a".into()])?, [2, 0]);
    /// assert!(table.positions(&["d".into()]).unwrap_err().to_string().ends_with("missing: `d`; add them or train without them"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn positions(&self, names: &[String]) -> Result<Vec<usize>, Error> {
        let index: HashMap<&str, usize> =
            self.columns.iter().enumerate().map(|(i, column)| (column.as_str(), i)).collect();
        let missing: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| !index.contains_key(name)).collect();
        if !missing.is_empty() {
            let names = listed(missing.into_iter(), 10);
            return Err(DataError::of_file(&self.source, DataErrorKind::MissingColumns { names }).into());
        }
        Ok(names.iter().map(|name| index[name.as_str()]).collect())
    }

    /// The numbers in the columns at `positions`, row-major `(n_rows, positions.len())`.
    ///
    /// # Errors
    /// Where a cell is empty, is text, or is not finite; the error names its line and column.
    ///
    /// # Panics
    /// Where a position is not below the number of columns.
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a,b,c\n1,x,3\n4,y,1e2\n", "abc.csv")?;
    /// assert_eq!(table.numbers(&[2, 0])?, [3.0, 1.0, 100.0, 4.0]);
    /// let message = table.numbers(&[1]).unwrap_err().to_string();
    /// assert!(message.starts_with("abc.csv, line 2, column `b`: `x` is not a number"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn numbers(&self, positions: &[usize]) -> Result<Vec<f64>, Error> {
        let mut numbers = Vec::with_capacity(self.n_rows() * positions.len());
        for row in 0..self.n_rows() {
            for &column in positions {
                let number =
                    parse_number(self.cell(row, column)).map_err(|kind| self.error_at(row, column, kind))?;
                numbers.push(number);
            }
        }
        Ok(numbers)
    }

    /// The text of a column that holds labels.
    ///
    /// # Errors
    /// Where a cell is empty.
    ///
    /// # Panics
    /// Where `column` is not below the number of columns.
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a,b\n1,x\n4,y\n", "ab.csv")?;
    /// assert_eq!(table.labels(1)?, ["x", "y"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn labels(&self, column: usize) -> Result<Vec<&str>, Error> {
        (0..self.n_rows())
            .map(|row| match self.cell(row, column) {
                "" => Err(self.error_at(row, column, DataErrorKind::MissingValue { cell: String::new() })),
                label => Ok(label),
            })
            .collect()
    }

    /// The table of these rows, in this order; each keeps the line that it came from.
    ///
    /// # Panics
    /// Where a row is not below [`Table::n_rows`].
    ///
    /// ```
    /// let table = mlp::data::Table::from_bytes(b"a,b\n1,x\n2,y\n3,z\n", "abc.csv")?;
    /// let two = table.rows(&[2, 0]);
    /// assert_eq!((two.cell(0, 1), two.line(0), two.n_rows()), ("z", 4, 2));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(rows.len() * self.columns.len()));
        for &row in rows {
            for column in 0..self.columns.len() {
                text.push_str(self.cell(row, column));
                ends.push(text.len());
            }
        }
        let lines = rows.iter().map(|row| self.lines[*row]).collect();
        Self { source: self.source.clone(), columns: self.columns.clone(), text, ends, lines }
    }

    /// An error about one cell, with its line and column.
    pub(crate) fn error_at(&self, row: usize, column: usize, kind: DataErrorKind) -> Error {
        DataError {
            file: Some(self.source.clone()),
            line: Some(self.lines[row]),
            column: Some(self.columns[column].clone()),
            kind,
        }
        .into()
    }
}

fn check_names(columns: &[String], line: u64, source: &str) -> Result<(), Error> {
    let fail = |column: Option<&String>, kind| {
        let of_file = DataError::of_file(source, kind);
        Err(DataError { line: Some(line), column: column.cloned(), ..of_file }.into())
    };
    if let [only] = columns {
        for (separator, name) in [(';', "semicolons"), ('\t', "tabs")] {
            if only.contains(separator) {
                let found =
                    format!("its columns are separated by {name}, not by commas (save it with commas)");
                return fail(None, DataErrorKind::NotCsv { found });
            }
        }
    }
    let mut seen = HashMap::with_capacity(columns.len());
    for (i, column) in columns.iter().enumerate() {
        if column.is_empty() {
            return fail(None, DataErrorKind::UnnamedColumn { position: i + 1 });
        }
        if let Some(first) = seen.insert(column, i) {
            let numbers = column.parse::<f64>().is_ok();
            let kind = DataErrorKind::DuplicateColumn { first: first + 1, second: i + 1, numbers };
            return fail(Some(column), kind);
        }
    }
    Ok(())
}

fn parse_number(cell: &str) -> Result<f64, DataErrorKind> {
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(DataErrorKind::NotFinite { cell: cell.to_owned() }),
        Err(_) if is_missing(cell) => Err(DataErrorKind::MissingValue { cell: cell.to_owned() }),
        Err(_) => Err(DataErrorKind::NotANumber { cell: cell.to_owned() }),
    }
}

/// The usual spellings of a missing value, besides NaN, which parses as a number.
pub(super) fn is_missing(cell: &str) -> bool {
    ["", "?", "-", ".", "na", "n/a", "#n/a", "null", "none"]
        .iter()
        .any(|spelling| cell.eq_ignore_ascii_case(spelling))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        Table::from_bytes(bytes, "t.csv").unwrap_err().to_string()
    }

    #[test]
    fn lines_are_right_after_blank_lines_crlf_and_quoted_breaks() {
        for text in [
            "a,b\n\n1,x\n\n\n2,\"two\nlines\"\n3,y\n",
            "a,b\r\n\r\n1,x\r\n\r\n\r\n2,\"two\r\nlines\"\r\n3,y\r\n",
        ] {
            let table = Table::from_bytes(text.as_bytes(), "t.csv").unwrap();
            assert_eq!([table.line(0), table.line(1), table.line(2)], [3, 6, 8], "{text:?}");
        }
    }

    #[test]
    fn the_last_row_needs_no_line_break() {
        let table = Table::from_bytes(b"a,b\n1,2", "t.csv").unwrap();
        assert_eq!(table.numbers(&[0, 1]).unwrap(), [1.0, 2.0]);
    }

    #[test]
    fn ragged_rows_are_named_by_line() {
        assert!(
            message(b"a,b\n1,2\n3\n").starts_with("t.csv, line 3: the row has 1 cells, but the header has 2")
        );
        assert!(message(b"a,b\n1,2,3\n").starts_with("t.csv, line 2: the row has 3 cells"));
    }

    #[test]
    fn a_quote_left_open_is_named_by_the_line_where_it_opens() {
        for (text, line) in [
            ("a,b\n1,2\n\"3,4\n5,6\n7,8\n", 3),
            ("a,b\n1,2\n3,\"4\n5,6\n7,8\n", 3),
            ("a,b\n1,2\n3,\"4\n", 3),
            ("\"a,b\n1,2\n", 1),
        ] {
            let message = message(text.as_bytes());
            assert!(message.starts_with(&format!("t.csv, line {line}: a quotation mark")), "{message}");
        }
        let inches = Table::from_bytes(b"a,b\n1,5\" pipe\n", "t.csv").unwrap();
        assert_eq!(inches.cell(0, 1), "5\" pipe");
    }

    #[test]
    fn files_without_a_table_are_told_apart() {
        assert!(message(b"").contains("the file is empty"));
        assert!(message(b"\n\n").contains("the file is empty"));
        assert!(message(b"\xEF\xBB\xBF").contains("the file is empty"));
        assert!(message(b"a,b\n").contains("no row of data"));
        assert!(message(b"\x1F\x8B\x08").contains("gzip"));
        assert!(message(b"PK\x03\x04...").contains("zip"));
        assert!(message(b"\xFF\xFEa\0").contains("UTF-16"));
        assert!(message(b"\x89PNG\r\n\x1A\n\0\0").contains("binary, with a zero byte at offset 8"));
        assert!(message(b"a;b\n1;2\n").contains("semicolons"));
        assert!(message(b"a\tb\n1\t2\n").contains("tabs"));
    }

    #[test]
    fn invalid_utf8_is_named_by_line_and_column() {
        assert!(
            message(b"a,b\n1,caf\xE9\n").starts_with("t.csv, line 2, column `b`: the cell holds byte 0xE9")
        );
        assert!(
            message(b"a,caf\xE9\n1,2\n").starts_with("t.csv, line 1, column `2`: the cell holds byte 0xE9")
        );
    }

    #[test]
    fn names_must_be_there_and_differ() {
        assert!(message(b"a,,b\n1,2,3\n").contains("column 2 has no name"));
        assert!(
            message(b"a,b, a\n1,2,3\n").contains("line 1, column `a`: columns 1 and 3 have the same name")
        );
        assert!(message(b"1,0,0\n1,2,3\n").contains("add a header row"));
    }

    #[test]
    fn cells_that_are_no_finite_numbers_are_told_apart() {
        let table = Table::from_bytes(b"a,b,c,d,e,f\n1,NaN,-inf,1e999,,NA\n", "t.csv").unwrap();
        let kind = |column| match table.numbers(&[0, column]).unwrap_err() {
            Error::Data(error) => error.kind,
            other => panic!("{other}"),
        };
        for column in 1..4 {
            assert!(matches!(kind(column), DataErrorKind::NotFinite { .. }), "{column}");
        }
        for column in 4..6 {
            assert!(matches!(kind(column), DataErrorKind::MissingValue { .. }), "{column}");
        }
    }

    #[test]
    fn a_label_must_not_be_empty() {
        let table = Table::from_bytes(b"a,b\n1,x\n1,\"\"\n", "t.csv").unwrap();
        assert!(
            table
                .labels(1)
                .unwrap_err()
                .to_string()
                .starts_with("t.csv, line 3, column `b`: the value is missing")
        );
    }

    #[test]
    fn an_unlike_name_gets_no_suggestion() {
        let table = Table::from_bytes(b"a,b\n1,x\n", "t.csv").unwrap();
        let message = table.position("weather").unwrap_err().to_string();
        assert_eq!(message, "t.csv: there is no column `weather`; the columns are `a`, `b`");
    }

    #[test]
    fn many_columns_are_fine_and_not_all_listed() {
        let names: Vec<String> = (0..100_000).map(|i| format!("c{i}")).collect();
        let text = format!("{}\n{}\n", names.join(","), vec!["1"; names.len()].join(","));
        let table = Table::from_bytes(text.as_bytes(), "wide.csv").unwrap();
        assert_eq!(table.positions(&names).unwrap().len(), 100_000);
        assert!(table.position("zzz").unwrap_err().to_string().ends_with("`c19` and 99980 more"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_table_or_an_error(bytes in "[a,1\"\r\n;é. -]{0,60}") {
            if let Ok(table) = Table::from_bytes(bytes.as_bytes(), "t.csv") {
                let n_lines = bytes.split(['\r', '\n']).count() as u64;
                for row in 0..table.n_rows() {
                    assert!(table.line(row) > 1 && table.line(row) <= n_lines);
                    assert!(row == 0 || table.line(row) > table.line(row - 1));
                }
                let _ = table.numbers(&(0..table.columns().len()).collect::<Vec<_>>());
            }
        }
    }
}
