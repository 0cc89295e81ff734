//! What is wrong with a table, and where.

use std::fmt;

/// An error of a table: the file, the line and the column as far as they are known, and the kind.
///
/// ```
/// use mlp::data::{DataError, DataErrorKind};
///
/// let error = DataError {
///     file: Some("heights.csv".into()),
///     line: Some(7),
///     column: Some("height".into()),
///     kind: DataErrorKind::NotANumber { cell: "tall".into() },
/// };
/// assert!(error.to_string().starts_with("heights.csv, line 7, column `height`: "));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DataError {
    /// The file as the caller named it; none where the operation saw only a data set.
    pub file: Option<String>,
    /// The line of the file, from 1, on which the row begins.
    pub line: Option<u64>,
    /// The name of the column.
    pub column: Option<String>,
    /// What is wrong there.
    pub kind: DataErrorKind,
}

impl DataError {
    /// The error of a whole file.
    pub(crate) fn of_file(file: &str, kind: DataErrorKind) -> Self {
        Self { file: Some(file.to_owned()), line: None, column: None, kind }
    }

    /// The error of a data set whose file is not known here.
    pub(crate) fn of_column(column: &str, kind: DataErrorKind) -> Self {
        Self { file: None, line: None, column: Some(column.to_owned()), kind }
    }

    /// The error of a value of a data set whose file is not known here.
    pub(crate) fn of_value(row: usize, column: &str, what: impl Into<String>) -> Self {
        Self::of_column(column, DataErrorKind::BadValue { row: Some(row), what: what.into() })
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            separator = ", ";
        }
        if let Some(line) = self.line {
            write!(f, "{separator}line {line}")?;
            separator = ", ";
        }
        if let Some(column) = &self.column {
            write!(f, "{separator}column `{}`", shortened(column))?;
            separator = ", ";
        }
        if !separator.is_empty() {
            f.write_str(": ")?;
        }
        write!(f, "{}", self.kind)
    }
}

impl std::error::Error for DataError {}

/// The kinds of [`DataError`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataErrorKind {
    /// The bytes are no comma-separated text.
    #[error("not a CSV file: {found}; give a comma-separated text file with a header row")]
    NotCsv {
        /// What was found instead.
        found: String,
    },
    /// The cell is not UTF-8.
    #[error("the cell holds byte 0x{byte:02X}, which is not valid UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// The first byte that breaks the encoding.
        byte: u8,
    },
    /// The bytes are no whole array of a format that is read by its header.
    #[error("not a whole {format} file: {found}")]
    NotAnArray {
        /// The format that was wanted.
        format: &'static str,
        /// What was found instead.
        found: String,
    },
    /// The file needs a feature of this crate that was not switched on.
    #[error("{what} is read with the feature `{feature}` of mlp, which is off; switch it on")]
    FeatureOff {
        /// What the file is.
        what: &'static str,
        /// The feature.
        feature: &'static str,
    },
    /// An image cannot be read, or does not go with the others.
    #[error("not an image that fits: {found}")]
    BadImage {
        /// What is wrong with it.
        found: String,
    },
    /// There is nothing in the file.
    #[error("the file is empty; give a CSV file with a header row and at least one row of data")]
    Empty,
    /// There is a header and nothing else.
    #[error("there is a header row but no row of data below it; add rows")]
    HeaderOnly,
    /// A row has more or fewer cells than the header.
    #[error("the row has {cells} cells, but the header has {columns} columns; add or remove commas")]
    RaggedRow {
        /// The cells of the row.
        cells: usize,
        /// The columns of the header.
        columns: usize,
    },
    /// A quotation mark opens a cell that never ends.
    #[error("a quotation mark that opens a cell in this row is never closed; close it or remove it")]
    UnclosedQuote,
    /// A column has no name.
    #[error("column {position} has no name in the header; give it one")]
    UnnamedColumn {
        /// Its position, from 1.
        position: usize,
    },
    /// Two columns share a name.
    #[error("columns {first} and {second} have the same name; rename one{}", if *.numbers {
        " (or add a header row: this one holds numbers)"
    } else { "" })]
    DuplicateColumn {
        /// The position of the first, from 1.
        first: usize,
        /// The position of the second, from 1.
        second: usize,
        /// Whether the name is a number, as happens where the header row is missing.
        numbers: bool,
    },
    /// A column was asked for that the table does not have.
    #[error("there is no column `{name}`; the columns are {}", listed(.columns.iter().map(String::as_str), LISTED_COLUMNS))]
    UnknownColumn {
        /// The name that was asked for.
        name: String,
        /// The columns that there are; the message lists the first of them.
        columns: Vec<String>,
    },
    /// Columns that are needed are not in the table.
    #[error(
        "these columns, which the model was trained on, are missing: {names}; add them or train without them"
    )]
    MissingColumns {
        /// The missing columns, for a reader.
        names: String,
    },
    /// Every column was dropped.
    #[error(
        "no column is left to learn from: {reasons}; add rows or columns that differ, or keep a column by name"
    )]
    AllDropped {
        /// Why each was dropped, for a reader.
        reasons: String,
    },
    /// Text in a column of numbers.
    #[error("`{}` is not a number, but {numbers} of the {present} values of the column are; correct it, leave it empty if \
             it is not known, or read the column as a category", shortened(.cell))]
    MixedColumn {
        /// The text.
        cell: String,
        /// How many cells are numbers.
        numbers: usize,
        /// How many cells are not missing.
        present: usize,
    },
    /// A value that a column or a transform cannot take.
    #[error("{}{what}", .row.map(|row| format!("row {row}: ")).unwrap_or_default())]
    BadValue {
        /// The row, from 0; none where the line of the file is known.
        row: Option<usize>,
        /// What it is, and what would mend it.
        what: String,
    },
    /// Nothing is left to learn from.
    #[error("no column is left besides the target; keep at least one numeric column")]
    NoFeatures,
    /// Text where a number is due.
    #[error("`{}` is not a number, and text features are not supported yet; drop the column or replace its text by \
             numbers", shortened(.cell))]
    NotANumber {
        /// The text.
        cell: String,
    },
    /// A number that is not finite.
    #[error("`{}` is not a finite number; replace it or drop the row", shortened(.cell))]
    NotFinite {
        /// The text.
        cell: String,
    },
    /// An empty cell, or one of the usual spellings of a missing value.
    #[error("the value is missing{}, and missing values are not supported yet; fill it in, or drop the row or the \
             column", if .cell.is_empty() { String::new() } else { format!(" (`{}`)", .cell) })]
    MissingValue {
        /// The cell as it stands.
        cell: String,
    },
    /// The values of a column are too large to compute with.
    #[error("the values are too large to compute with; rescale the column")]
    TooLarge,
    /// All rows carry the same label.
    #[error("every row has the label `{}`; a classifier needs at least two classes", shortened(.class))]
    OneClass {
        /// The only label.
        class: String,
    },
    /// A class is too small to be split.
    #[error("class `{}` has only {rows} row, too few to train on one and hold out another; add rows or remove the \
             class", shortened(.class))]
    ClassTooSmall {
        /// The class.
        class: String,
        /// Its rows.
        rows: usize,
    },
    /// A class has fewer rows than there are folds.
    #[error("class `{}` has only {rows} {}, fewer than {folds} folds; take fewer folds or add rows", shortened(.class),
            if *.rows == 1 { "row" } else { "rows" })]
    FewerRowsThanFolds {
        /// The class.
        class: String,
        /// Its rows.
        rows: usize,
        /// The folds that were asked for.
        folds: usize,
    },
    /// A label that the model was not trained on.
    #[error("label `{}` is not among the classes of the model, which are {classes}; remove the row or train with it",
            shortened(.label))]
    UnknownLabel {
        /// The label.
        label: String,
        /// The classes of the model, for a reader.
        classes: String,
    },
}

/// How many columns an error lists before it only counts the rest.
const LISTED_COLUMNS: usize = 20;

/// `text` cut to a length that fits a message, on one line.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

/// The names in backticks, at most `most` of them, and how many more there are.
pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let n_names = names.len();
    let mut list = String::new();
    for (i, name) in names.take(most).enumerate() {
        if i > 0 {
            list.push_str(", ");
        }
        list.push('`');
        list.push_str(&shortened(name));
        list.push('`');
    }
    if n_names > most {
        list.push_str(&format!(" and {} more", n_names - most));
    }
    list
}
