//! Labelled rows out of a table: features by inspection, a target by what it is for.

use std::collections::HashMap;

use super::data_error::{DataError, DataErrorKind, shortened};
use super::dataset::{labels_in, sorted_classes};
use super::table::is_missing;
use super::{Choices, Dataset, Schema, Table, Target};
use crate::Error;

/// What is to be learned from a table, by the columns that hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Task {
    /// One class a row: any text or number in one column.
    Classes(String),
    /// Labels of which any number may hold, a column each: 0 and 1, `no` and `yes`, `false` and `true`, or `n` and `y`.
    Labels(Vec<String>),
    /// Numbers.
    Numbers(Vec<String>),
}

/// How a table becomes a [`Dataset`]: which columns are target, weights and groups, and what is said of the others.
///
/// ```
/// use mlp::data::{DatasetReader, Table};
///
/// let table = Table::from_bytes(b"x,sex,w,kind\n1,f,1,b\n2,m,1,a\n,f,2,b\n4,m,1,?\n", "t.csv")?;
/// let reader = DatasetReader { drop_unlabelled: true, weights: Some("w".into()), ..DatasetReader::classes("kind") };
/// let (data, schema) = reader.read(&table)?;
/// assert_eq!(data.classes(), ["a", "b"]);
/// assert_eq!((data.labels(), data.weights()), (&[1, 0, 1][..], Some(&[1.0, 1.0, 2.0][..])));
/// assert_eq!(schema.names(), ["x", "sex"]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetReader {
    /// What is to be learned.
    pub task: Task,
    /// The column that says how much a row counts.
    pub weights: Option<String>,
    /// The column that says which rows belong together: any text or numbers.
    pub groups: Option<String>,
    /// Whether rows without a target are left out; otherwise they are an error.
    pub drop_unlabelled: bool,
    /// What is said of the other columns.
    pub choices: Choices,
}

impl DatasetReader {
    /// Reads the classes of a column, and features from all others.
    ///
    /// ```
    /// use mlp::data::{DatasetReader, Table};
    ///
    /// let table = Table::from_bytes(b"x,size\n1,10\n2,9\n", "t.csv")?;
    /// assert_eq!(DatasetReader::classes("size").read(&table)?.0.classes(), ["9", "10"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn classes(column: impl Into<String>) -> Self {
        Self::of(Task::Classes(column.into()))
    }

    /// Reads a column of numbers to be predicted, and features from all others.
    ///
    /// ```
    /// use mlp::data::{DatasetReader, Table};
    ///
    /// let table = Table::from_bytes(b"x,price\n1,10\n2,9.5\n", "t.csv")?;
    /// assert_eq!(DatasetReader::numbers("price").read(&table)?.0.target().values(), [10.0, 9.5]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn numbers(column: impl Into<String>) -> Self {
        Self::of(Task::Numbers(vec![column.into()]))
    }

    /// Reads what `task` says, and features from all other columns.
    ///
    /// ```
    /// use mlp::data::{DatasetReader, Table, Task};
    ///
    /// let table = Table::from_bytes(b"x,art,money\n1,yes,0\n2,no,1\n", "t.csv")?;
    /// let task = Task::Labels(vec!["art".into(), "money".into()]);
    /// assert_eq!(DatasetReader::of(task).read(&table)?.0.target().values(), [1.0, 0.0, 0.0, 1.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn of(task: Task) -> Self {
        Self { task, weights: None, groups: None, drop_unlabelled: false, choices: Choices::default() }
    }

    /// The rows of `table` with their target, and the schema by which other tables are read in the same way.
    ///
    /// A class that is missing is nothing at all, `?`, `NA`, `N/A`, `#N/A`, `null` or `NaN`; `-`, `.` and `none` are classes.
    ///
    /// # Errors
    /// When a column is not there or has two uses; when a target, weight or group is missing or no number where one is due, with
    /// its line; when there is one class only; and as [`Schema::inspect`].
    ///
    /// ```
    /// use mlp::data::{DatasetReader, Table};
    ///
    /// let table = Table::from_bytes(b"x,kind\n1,a\n2,NA\n3,b\n", "t.csv")?;
    /// let error = DatasetReader::classes("kind").read(&table).unwrap_err().to_string();
    /// assert!(error.starts_with("t.csv, line 3, column `kind`: the target is missing"), "{error}");
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn read(&self, table: &Table) -> Result<(Dataset, Schema), Error> {
        let targets: &[String] = match &self.task {
            Task::Classes(name) => std::slice::from_ref(name),
            Task::Labels(names) | Task::Numbers(names) => names,
        };
        if targets.is_empty() {
            return Err(Error::shape("reader", "at least one column for the target", "none"));
        }
        let aside: Vec<String> = targets.iter().chain(&self.weights).chain(&self.groups).cloned().collect();
        for (i, name) in aside.iter().enumerate() {
            table.position(name)?;
            if aside[..i].contains(name) {
                return Err(Error::shape("reader", "one use of each column", format!("two of `{name}`")));
            }
        }
        let columns = targets.iter().map(|name| table.position(name)).collect::<Result<Vec<_>, _>>()?;
        let labelled;
        let table = match self.labelled_rows(table, &columns)? {
            None => table,
            Some(rows) => {
                labelled = table.rows(&rows);
                &labelled
            }
        };
        let choices =
            Choices { aside: [aside.as_slice(), &self.choices.aside].concat(), ..self.choices.clone() };
        let schema = Schema::inspect(table, &choices)?;
        let mut data = Dataset::of(schema.frame(table)?, self.target(table, &columns)?)?;
        if let Some(name) = &self.weights {
            data = data.with_weights(weights(table, table.position(name)?)?)?;
        }
        if let Some(name) = &self.groups {
            data = data.with_groups(groups(table, table.position(name)?)?)?;
        }
        Ok((data.with_schema(schema.clone()), schema))
    }

    /// The rows that have a target, where some have none and are to be left out.
    fn labelled_rows(&self, table: &Table, columns: &[usize]) -> Result<Option<Vec<usize>>, Error> {
        let is_class = matches!(self.task, Task::Classes(_));
        let lacks = |row: &usize| {
            columns.iter().copied().find(|column| has_no_target(table.cell(*row, *column), is_class))
        };
        let rows: Vec<usize> = (0..table.n_rows()).filter(|row| lacks(row).is_none()).collect();
        if rows.len() == table.n_rows() {
            return Ok(None);
        }
        let row = (0..table.n_rows()).find(|row| lacks(row).is_some()).unwrap_or_default();
        let column = lacks(&row).unwrap_or(columns[0]);
        if rows.is_empty() || !self.drop_unlabelled {
            let what = if rows.is_empty() {
                "the target is missing in every row; name another column".to_owned()
            } else {
                format!(
                    "the target is missing, as in {} of {} rows; fill it in, or drop these rows",
                    table.n_rows() - rows.len(),
                    table.n_rows()
                )
            };
            return Err(table.error_at(row, column, DataErrorKind::BadValue { row: None, what }));
        }
        Ok(Some(rows))
    }

    fn target(&self, table: &Table, columns: &[usize]) -> Result<Target, Error> {
        match &self.task {
            Task::Classes(name) => {
                let classes = sorted_classes(&table.labels(columns[0])?);
                if let [class] = classes.as_slice() {
                    let kind = DataErrorKind::OneClass { class: class.clone() };
                    let of_file = DataError::of_file(table.source(), kind);
                    return Err(DataError { column: Some(name.clone()), ..of_file }.into());
                }
                Target::classes(name.clone(), labels_in(&classes, table, columns[0])?, classes)
            }
            Task::Labels(names) => Target::labels(names.clone(), cells(table, columns, label)?),
            Task::Numbers(names) => Target::numbers(names.clone(), cells(table, columns, number)?),
        }
    }
}

/// Whether a cell of a target holds nothing.
fn has_no_target(cell: &str, is_class: bool) -> bool {
    let is = |spelling: &str| cell.eq_ignore_ascii_case(spelling);
    let may_be_a_class = is_class && ["-", ".", "none"].into_iter().any(is);
    (is_missing(cell) && !may_be_a_class) || is("nan") || is("+nan") || is("-nan")
}

/// What `read` makes of each cell of these columns, row-major.
fn cells(
    table: &Table,
    columns: &[usize],
    read: fn(&str) -> Result<f64, &'static str>,
) -> Result<Vec<f64>, Error> {
    let mut values = Vec::with_capacity(table.n_rows() * columns.len());
    for row in 0..table.n_rows() {
        for &column in columns {
            let cell = table.cell(row, column);
            values.push(read(cell).map_err(|wants| {
                let what = format!("`{}` is not {wants}; correct it or remove the row", shortened(cell));
                table.error_at(row, column, DataErrorKind::BadValue { row: None, what })
            })?);
        }
    }
    Ok(values)
}

fn number(cell: &str) -> Result<f64, &'static str> {
    cell.parse().ok().filter(|number: &f64| number.is_finite()).ok_or("a finite number")
}

fn label(cell: &str) -> Result<f64, &'static str> {
    let is = |word: &str| cell.eq_ignore_ascii_case(word);
    match cell.parse() {
        Ok(number @ (0.0 | 1.0)) => Ok(number),
        _ if ["yes", "true", "y"].into_iter().any(is) => Ok(1.0),
        _ if ["no", "false", "n"].into_iter().any(is) => Ok(0.0),
        _ => Err("a label (0 or 1, `no` or `yes`, `false` or `true`)"),
    }
}

fn weights(table: &Table, column: usize) -> Result<Vec<f64>, Error> {
    let weight = |cell: &str| match number(cell) {
        Ok(weight) if weight >= 0.0 => Ok(weight),
        _ => Err("a weight, a finite number from 0 up"),
    };
    cells(table, &[column], weight)
}

/// The group of each row, numbered as they first come.
fn groups(table: &Table, column: usize) -> Result<Vec<usize>, Error> {
    let mut numbers = HashMap::new();
    let mut groups = Vec::with_capacity(table.n_rows());
    for row in 0..table.n_rows() {
        let cell = table.cell(row, column);
        if has_no_target(cell, true) {
            let what = "the group is missing; fill it in or remove the row".to_owned();
            return Err(table.error_at(row, column, DataErrorKind::BadValue { row: None, what }));
        }
        let next = numbers.len();
        groups.push(*numbers.entry(cell).or_insert(next));
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::from_bytes(text.as_bytes(), "t.csv").unwrap()
    }

    fn message(reader: &DatasetReader, text: &str) -> String {
        reader.read(&table(text)).unwrap_err().to_string()
    }

    #[test]
    fn signs_and_none_are_classes_and_question_marks_are_not() {
        let (data, _) = DatasetReader::classes("y").read(&table("x,y\n1,-\n2,none\n3,-\n")).unwrap();
        assert_eq!(data.classes(), ["-", "none"]);
        let error = message(&DatasetReader::classes("y"), "x,y\n1,-\n2,?\n3,+\n");
        assert!(
            error.starts_with("t.csv, line 3, column `y`: the target is missing, as in 1 of 3"),
            "{error}"
        );
    }

    #[test]
    fn rows_without_a_target_are_left_out_if_asked_and_lines_stay_right() {
        let reader = DatasetReader { drop_unlabelled: true, ..DatasetReader::numbers("y") };
        let (data, _) = reader.read(&table("x,y\n1,5\n2,NaN\n3,\n4,7\n")).unwrap();
        assert_eq!((data.features(), data.target().values()), (&[1.0, 4.0][..], vec![5.0, 7.0]));
        let error = message(&reader, "x,y\n1,5\n2,NaN\n3,1e999\n");
        assert!(error.starts_with("t.csv, line 4, column `y`: `1e999` is not a finite number"), "{error}");
        assert!(message(&reader, "x,y\n1,\n2,\n").contains("missing in every row"));
    }

    #[test]
    fn one_class_is_refused() {
        let error = message(&DatasetReader::classes("y"), "x,y\n1,a\n2,a\n");
        assert!(error.starts_with("t.csv, column `y`: every row has the label `a`"), "{error}");
    }

    #[test]
    fn a_column_has_one_use() {
        let reader = DatasetReader { weights: Some("y".into()), ..DatasetReader::classes("y") };
        assert_eq!(
            message(&reader, "x,y\n1,1\n2,2\n"),
            "reader: wants one use of each column, got two of `y`"
        );
        let reader = DatasetReader { groups: Some("g".into()), ..DatasetReader::classes("y") };
        assert!(message(&reader, "x,y\n1,1\n2,2\n").contains("there is no column `g`"));
        assert!(message(&DatasetReader::of(Task::Labels(vec![])), "x\n1\n").contains("at least one column"));
    }

    #[test]
    fn weights_and_groups_are_no_features_and_are_checked_by_line() {
        let reader = DatasetReader {
            weights: Some("w".into()),
            groups: Some("g".into()),
            ..DatasetReader::classes("y")
        };
        let (data, schema) = reader.read(&table("w,x,g,y\n1,1,p,a\n0,2,q,b\n2.5,3,p,a\n")).unwrap();
        assert_eq!((data.weights(), data.groups()), (Some(&[1.0, 0.0, 2.5][..]), Some(&[0, 1, 0][..])));
        assert_eq!(schema.columns().len(), 1);
        for weight in ["-1", "inf", "NaN", "much", ""] {
            let error = message(&reader, &format!("w,x,g,y\n1,1,p,a\n{weight},2,q,b\n"));
            assert!(error.starts_with("t.csv, line 3, column `w`: "), "{error}");
        }
        let error = message(&reader, "w,x,g,y\n1,1,p,a\n1,2,NA,b\n");
        assert!(error.starts_with("t.csv, line 3, column `g`: the group is missing"), "{error}");
    }

    #[test]
    fn labels_are_zero_and_one_in_words_or_numbers() {
        let reader = DatasetReader::of(Task::Labels(vec!["a".into(), "b".into()]));
        let (data, _) = reader.read(&table("x,a,b\n1,Yes,1.0\n2,FALSE,0\n")).unwrap();
        assert_eq!(data.target().values(), [1.0, 1.0, 0.0, 0.0]);
        let error = message(&reader, "x,a,b\n1,1,1\n2,0,2\n");
        assert!(error.starts_with("t.csv, line 3, column `b`: `2` is not a label"), "{error}");
    }
}
