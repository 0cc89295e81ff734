//! Features and classes of labelled rows.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::data_error::{DataError, DataErrorKind, listed};
use super::{Frame, Schema, Table, Target};
use crate::Error;

/// Rows and what is known of them: what a model is trained on or measured by.
///
/// The rows are a [`Frame`], what is known a [`Target`]; rows may have weights, and belong to groups that a split must not tear.
///
/// ```
/// use mlp::data::{Dataset, Table};
///
/// let table = Table::from_bytes(b"x,y,kind\n1,2,b\n3,4,a\n5,6,b\n", "points.csv")?;
/// let data = Dataset::from_table(&table, "kind", &[])?;
/// assert_eq!(data.features(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// assert_eq!(data.classes(), ["a", "b"]);
/// assert_eq!(data.labels(), [1, 0, 1]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    frame: Frame,
    target: Target,
    weights: Option<Vec<f64>>,
    groups: Option<Vec<usize>>,
    schema: Option<Schema>,
}

impl Dataset {
    /// A dataset of these rows and what is known of each.
    ///
    /// # Errors
    /// When there is no column, the number of rows differs, or the target is also among the columns.
    ///
    /// ```
    /// use mlp::data::{Dataset, Frame, Target};
    ///
    /// let frame = Frame::of_numbers(vec![0.5, 1.5], vec!["x".into()])?;
    /// let data = Dataset::of(frame, Target::numbers(vec!["y".into()], vec![1.0, 3.0])?)?;
    /// assert_eq!((data.n_rows(), data.n_columns()), (2, 1));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn of(frame: Frame, target: Target) -> Result<Self, Error> {
        if frame.n_columns() == 0 || frame.n_rows() != target.n_rows() {
            let got = format!(
                "{} columns, {} rows, {} of them with a target",
                frame.n_columns(),
                frame.n_rows(),
                target.n_rows()
            );
            return Err(Error::shape("dataset", "at least one column, and a target for each row", got));
        }
        if let Some(name) = target.names().iter().find(|name| frame.names().contains(name)) {
            return Err(Error::shape("dataset", "columns without the target", format!("`{name}` in both")));
        }
        Ok(Self { frame, target, weights: None, groups: None, schema: None })
    }

    /// A dataset of `features`, row-major `(n_rows, columns.len())`, and one label below `classes.len()` a row.
    ///
    /// # Errors
    /// Where the lengths do not fit, a label is out of range, or there is no column.
    ///
    /// ```
    /// use mlp::data::Dataset;
    ///
    /// let classes = vec!["no".to_owned(), "yes".to_owned()];
    /// let data = Dataset::new(vec![0.5, 1.5], vec!["x".into()], "y".into(), vec![0, 1], classes)?;
    /// assert_eq!((data.n_rows(), data.n_columns()), (2, 1));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn new(
        features: Vec<f64>,
        columns: Vec<String>,
        target: String,
        labels: Vec<usize>,
        classes: Vec<String>,
    ) -> Result<Self, Error> {
        Self::of(Frame::of_numbers(features, columns)?, Target::classes(target, labels, classes)?)
    }

    /// The same dataset with a weight for each row: how much it counts.
    ///
    /// # Errors
    /// When there are not as many weights as rows, one is negative or not finite, or all are zero.
    ///
    /// ```
    /// # use mlp::data::{Dataset, Frame, Target};
    /// # let frame = Frame::of_numbers(vec![0.5, 1.5], vec!["x".into()])?;
    /// # let data = Dataset::of(frame, Target::numbers(vec!["y".into()], vec![1.0, 3.0])?)?;
    /// assert!(data.clone().with_weights(vec![1.0, -1.0]).is_err());
    /// assert_eq!(data.with_weights(vec![1.0, 2.0])?.weights(), Some(&[1.0, 2.0][..]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn with_weights(self, weights: Vec<f64>) -> Result<Self, Error> {
        check_weights(&weights, self.n_rows())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// The same dataset with the group of each row, any number: rows of one group stay together in a grouped split.
    ///
    /// # Errors
    /// When there are not as many as rows.
    ///
    /// ```
    /// # use mlp::data::{Dataset, Frame, Target};
    /// # let frame = Frame::of_numbers(vec![0.5, 1.5], vec!["x".into()])?;
    /// # let data = Dataset::of(frame, Target::numbers(vec!["y".into()], vec![1.0, 3.0])?)?;
    /// assert_eq!(data.with_groups(vec![7, 7])?.groups(), Some(&[7, 7][..]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn with_groups(self, groups: Vec<usize>) -> Result<Self, Error> {
        if groups.len() != self.n_rows() {
            let wants = format!("a group for each of {} rows", self.n_rows());
            return Err(Error::shape("dataset", wants, groups.len().to_string()));
        }
        Ok(Self { groups: Some(groups), ..self })
    }

    /// The dataset whose classes are the values of column `target` and whose features are all other columns
    /// except those in `drop`.
    ///
    /// The classes are sorted, as numbers if all of them are numbers and by their characters otherwise.
    ///
    /// # Errors
    /// Where a column does not exist, no feature is left, a feature is not a finite number, or there is only one
    /// class.
    ///
    /// ```
    /// use mlp::data::{Dataset, Table};
    ///
    /// let table = Table::from_bytes(b"id,x,size\n1,0.5,10\n2,0.1,9\n", "sizes.csv")?;
    /// let data = Dataset::from_table(&table, "size", &["id".into()])?;
    /// assert_eq!(data.columns(), ["x"]);
    /// assert_eq!(data.classes(), ["9", "10"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_table(table: &Table, target: &str, drop: &[String]) -> Result<Self, Error> {
        let target_position = table.position(target)?;
        let mut used = vec![true; table.columns().len()];
        used[target_position] = false;
        for name in drop {
            used[table.position(name)?] = false;
        }
        let positions: Vec<usize> = (0..used.len()).filter(|column| used[*column]).collect();
        if positions.is_empty() {
            return Err(DataError::of_file(table.source(), DataErrorKind::NoFeatures).into());
        }
        let names = table.labels(target_position)?;
        let classes = sorted_classes(&names);
        if let [class] = classes.as_slice() {
            let kind = DataErrorKind::OneClass { class: class.clone() };
            let of_file = DataError::of_file(table.source(), kind);
            return Err(DataError { column: Some(target.to_owned()), ..of_file }.into());
        }
        let labels = labels_in(&classes, table, target_position)?;
        let features = table.numbers(&positions)?;
        let columns = positions.iter().map(|column| table.columns()[*column].clone()).collect();
        Self::new(features, columns, target.to_owned(), labels, classes)
    }

    /// The dataset with given `columns`, `target` and `classes`: those of a model that is to be measured on the table.
    /// Columns are found by name; others are ignored.
    ///
    /// # Errors
    /// Where columns are missing, a feature is not a finite number, or a label is not among the classes.
    ///
    /// ```
    /// use mlp::data::{Dataset, Table};
    ///
    /// let table = Table::from_bytes(b"kind,extra,x\nb,?,1.5\nb,?,2.5\n", "more.csv")?;
    /// let data = Dataset::for_model(&table, &["x".into()], "kind", &["a".into(), "b".into()])?;
    /// assert_eq!(data.features(), [1.5, 2.5]);
    /// assert_eq!(data.labels(), [1, 1]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn for_model(
        table: &Table,
        columns: &[String],
        target: &str,
        classes: &[String],
    ) -> Result<Self, Error> {
        let positions = table.positions(columns)?;
        let target_position = table.position(target)?;
        let labels = labels_in(classes, table, target_position)?;
        let features = table.numbers(&positions)?;
        Self::new(features, columns.to_vec(), target.to_owned(), labels, classes.to_vec())
    }

    /// The same dataset, knowing by which schema its rows were read from a table: a model that is fitted to it reads other
    /// tables in the same way.
    ///
    /// ```
    /// use mlp::data::{DatasetReader, Table};
    ///
    /// let table = Table::from_bytes(b"x,alive,y\n1,yes,a\n3,no,b\n", "t.csv")?;
    /// let (data, schema) = DatasetReader::classes("y").read(&table)?;
    /// assert_eq!(data.clone().with_schema(schema), data); // who reads a table says so
    /// # Ok::<(), mlp::Error>(())
    /// ```
    #[must_use]
    pub fn with_schema(self, schema: Schema) -> Self {
        Self { schema: Some(schema), ..self }
    }

    /// The schema by which the rows were read, if they came from a table.
    ///
    /// ```
    /// use mlp::data::{DatasetReader, Table};
    ///
    /// let table = Table::from_bytes(b"x,y\n1,a\n3,b\n", "t.csv")?;
    /// assert!(DatasetReader::classes("y").read(&table)?.0.schema().is_some());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The rows.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().frame().n_numbers(), 64);
    /// ```
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// What is known of each row.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().target().names(), ["class"]);
    /// ```
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The weight of each row, where they have one.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().weights(), None);
    /// ```
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The group of each row, where they have one.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().groups(), None);
    /// ```
    pub fn groups(&self) -> Option<&[usize]> {
        self.groups.as_deref()
    }

    /// The features that are numbers, row-major `(n_rows, n_columns)` where all are.
    ///
    /// ```
    /// let digits = mlp::data::bundled::digits();
    /// assert_eq!(digits.features().len(), 1797 * 64);
    /// ```
    pub fn features(&self) -> &[f64] {
        self.frame.numbers()
    }

    /// The names of the feature columns.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().columns()[63], "pixel_7_7");
    /// ```
    pub fn columns(&self) -> &[String] {
        self.frame.names()
    }

    /// The class of each row, as a position in [`Dataset::classes`]; empty where the target is no class.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().labels()[..3], [0, 1, 2]);
    /// ```
    pub fn labels(&self) -> &[usize] {
        match &self.target {
            Target::Classes { labels, .. } => labels,
            _ => &[],
        }
    }

    /// The names of the classes; empty where the target is no class.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().classes().len(), 10);
    /// ```
    pub fn classes(&self) -> &[String] {
        match &self.target {
            Target::Classes { classes, .. } => classes,
            _ => &[],
        }
    }

    /// The number of rows.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().n_rows(), 1797);
    /// ```
    pub fn n_rows(&self) -> usize {
        self.frame.n_rows()
    }

    /// The number of feature columns.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().n_columns(), 64);
    /// ```
    pub fn n_columns(&self) -> usize {
        self.frame.n_columns()
    }

    /// The dataset of the given rows, in the given order.
    ///
    /// # Panics
    /// Where a row is not below [`Dataset::n_rows`].
    ///
    /// ```
    /// let digits = mlp::data::bundled::digits();
    /// let two = digits.subset(&[9, 1]);
    /// assert_eq!(two.labels(), [9, 1]);
    /// assert_eq!(two.features()[..64], digits.features()[9 * 64..10 * 64]);
    /// ```
    #[must_use]
    pub fn subset(&self, rows: &[usize]) -> Self {
        Self {
            frame: self.frame.rows(rows),
            target: self.target.rows(rows),
            weights: self.weights.as_ref().map(|weights| rows.iter().map(|row| weights[*row]).collect()),
            groups: self.groups.as_ref().map(|groups| rows.iter().map(|row| groups[*row]).collect()),
            schema: self.schema.clone(),
        }
    }
}

impl Dataset {
    /// The dataset with the values of one column in another order: row i has that of row `order[i]`.
    pub(crate) fn with_shuffled(&self, column: &str, order: &[usize]) -> Result<Self, Error> {
        Ok(Self { frame: self.frame.with_shuffled(column, order)?, ..self.clone() })
    }
}

/// Whether these are weights for so many rows.
pub(crate) fn check_weights(weights: &[f64], n_rows: usize) -> Result<(), Error> {
    if weights.len() != n_rows {
        let wants = format!("a weight for each of {n_rows} rows");
        return Err(Error::shape("weights", wants, weights.len().to_string()));
    }
    if let Some(row) = weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
        let got = format!("{} in row {row}", weights[row]);
        return Err(Error::shape("weights", "finite numbers from 0 up", got));
    }
    if n_rows > 0 && weights.iter().all(|weight| *weight == 0.0) {
        return Err(Error::shape("weights", "at least one above 0", "zeros only"));
    }
    Ok(())
}

pub(super) fn sorted_classes(labels: &[&str]) -> Vec<String> {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let number = |class: &str| class.parse::<f64>().ok().filter(|number| number.is_finite());
    if classes.iter().all(|class| number(class).is_some()) {
        // Equal numbers in different spellings stay different classes, in the order of their characters.
        classes.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal));
    }
    classes.into_iter().map(str::to_owned).collect()
}

pub(super) fn labels_in(classes: &[String], table: &Table, column: usize) -> Result<Vec<usize>, Error> {
    let index: HashMap<&str, usize> =
        classes.iter().enumerate().map(|(i, class)| (class.as_str(), i)).collect();
    let labels = table.labels(column)?;
    labels
        .iter()
        .enumerate()
        .map(|(row, label)| {
            index.get(label).copied().ok_or_else(|| {
                let classes = listed(classes.iter().map(String::as_str), 20);
                let label = (*label).to_owned();
                table.error_at(row, column, DataErrorKind::UnknownLabel { label, classes })
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::from_bytes(text.as_bytes(), "t.csv").unwrap()
    }

    fn message(text: &str, target: &str, drop: &[&str]) -> String {
        let drop: Vec<String> = drop.iter().map(|name| name.to_string()).collect();
        Dataset::from_table(&table(text), target, &drop).unwrap_err().to_string()
    }

    #[test]
    fn classes_are_sorted_as_numbers_only_if_all_are() {
        assert_eq!(sorted_classes(&["10", "9", "-1", "9"]), ["-1", "9", "10"]);
        assert_eq!(sorted_classes(&["10", "9", "x"]), ["10", "9", "x"]);
        assert_eq!(sorted_classes(&["1.0", "1"]), ["1", "1.0"]);
    }

    #[test]
    fn columns_that_do_not_exist_are_named() {
        assert!(message("x,y\n1,a\n2,b\n", "z", &[]).contains("there is no column `z`"));
        assert!(message("x,y\n1,a\n2,b\n", "y", &["w"]).contains("there is no column `w`"));
    }

    #[test]
    fn one_class_and_no_features_are_refused() {
        assert!(message("x,y\n1,a\n2,a\n", "y", &[]).contains("column `y`: every row has the label `a`"));
        assert!(message("x,y\n1,a\n2,b\n", "y", &["x"]).contains("no column is left"));
    }

    #[test]
    fn text_in_a_dropped_column_does_not_matter() {
        let dropped = Dataset::from_table(&table("n,x,y\nAda,1,a\nBob,2,b\n"), "y", &["n".into()]).unwrap();
        assert_eq!(dropped.features(), [1.0, 2.0]);
        assert!(
            message("n,x,y\nAda,1,a\nBob,2,b\n", "y", &[])
                .contains("line 2, column `n`: `Ada` is not a number")
        );
    }

    #[test]
    fn a_label_unknown_to_the_model_is_named_with_its_row() {
        let classes = ["a".to_owned(), "b".to_owned()];
        let error = Dataset::for_model(&table("x,y\n1,a\n2,c\n"), &["x".into()], "y", &classes).unwrap_err();
        let message = error.to_string();
        assert!(
            message.starts_with("t.csv, line 3, column `y`: label `c` is not among the classes"),
            "{message}"
        );
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let new = |features: usize, labels: Vec<usize>| {
            Dataset::new(
                vec![0.0; features],
                vec!["x".into()],
                "y".into(),
                labels,
                vec!["a".into(), "b".into()],
            )
        };
        assert!(new(2, vec![0, 1]).is_ok());
        assert!(new(3, vec![0, 1]).is_err());
        assert!(new(2, vec![0, 2]).is_err());
    }
}
