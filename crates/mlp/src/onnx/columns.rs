//! The columns of rows on their way through the graph: numbers side by side in one matrix, each category by itself.

use super::graph::{Graph, Value};
use super::proto::DataType;
use crate::Error;
use crate::data::{Reason, Role, Schema, SchemaColumn};

/// The columns that there are at some point of the graph.
#[derive(Debug)]
pub(super) struct Columns {
    /// The numbers, `(N, numbers)`; none where there are none yet.
    pub(super) matrix: Option<Value>,
    /// The columns of the matrix.
    pub(super) numbers: Vec<Number>,
    /// The categories.
    pub(super) categories: Vec<Text>,
}

/// A column of numbers.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub(super) name: String,
    /// Whether it may be missing in some row.
    pub(super) may_be_missing: bool,
    /// What is still to be put in the place of NaN.
    pub(super) fill: Option<f64>,
}

/// A column of categories.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) name: String,
    /// The texts, `(N, 1)`, `""` where one is missing.
    pub(super) value: Value,
    /// The level to be put there.
    pub(super) fill: Option<String>,
}

impl Number {
    pub(super) fn new(name: String, may_be_missing: bool) -> Self {
        Self { name, may_be_missing, fill: None }
    }
}

impl Columns {
    /// The inputs of the graph: one matrix `X` where all columns of the training rows were numbers, those that are dropped
    /// among them; otherwise one for each column that is read.
    pub(super) fn inputs(graph: &mut Graph, schema: &Schema) -> Self {
        let all = schema.columns();
        let number = |column: &SchemaColumn| Number::new(column.name.clone(), true);
        let is_read = |column: &&SchemaColumn| !matches!(column.role, Role::Dropped(_));
        let mut columns = Self { matrix: None, numbers: Vec::new(), categories: Vec::new() };
        if all.iter().all(is_number) {
            let names: Vec<String> = all.iter().map(described).collect();
            let x = graph.input("X", DataType::Float, all.len(), format!("columns: {}", names.join(", ")));
            let read: Vec<usize> = (0..all.len()).filter(|at| is_read(&&all[*at])).collect();
            columns.matrix = Some(graph.columns("X.read", &x, &read, all.len()));
            columns.numbers = read.into_iter().map(|at| number(&all[at])).collect();
            return columns;
        }
        let mut numbers = Vec::new();
        for column in all.iter().filter(is_read) {
            let (is_category, name) = (matches!(column.role, Role::Category { .. }), column.name.clone());
            let of = if is_category { DataType::String } else { DataType::Float };
            let value = graph.input(&name, of, 1, described(column));
            if is_category {
                columns.categories.push(Text { name, value, fill: None });
            } else {
                columns.numbers.push(number(column));
                numbers.push(value);
            }
        }
        if !numbers.is_empty() {
            let numbers: Vec<&Value> = numbers.iter().collect();
            columns.matrix = Some(graph.beside("numbers", &numbers));
        }
        columns
    }

    /// The places of the numbers with these names.
    ///
    /// # Errors
    /// When one is not there.
    pub(super) fn places(&self, names: &[String]) -> Result<Vec<usize>, Error> {
        let place = |name: &String| {
            self.numbers.iter().position(|number| number.name == *name).ok_or_else(|| absent(name))
        };
        names.iter().map(place).collect()
    }

    /// The category with this name.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn category(&mut self, name: &str) -> Result<&mut Text, Error> {
        self.categories.iter_mut().find(|text| text.name == name).ok_or_else(|| absent(name))
    }

    /// Takes the category with this name out.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn take(&mut self, name: &str) -> Result<Text, Error> {
        let place = self.categories.iter().position(|text| text.name == name);
        place.map(|place| self.categories.remove(place)).ok_or_else(|| absent(name))
    }

    /// The matrix of numbers, without the fills that wait.
    ///
    /// # Errors
    /// When there is no number.
    pub(super) fn unfilled(&self) -> Result<Value, Error> {
        self.matrix.clone().ok_or_else(|| Error::shape("onnx", "columns of numbers", "none"))
    }

    /// The matrix of numbers, in which the fills that waited stand.
    ///
    /// # Errors
    /// When there is no number, or a fill is too large for single precision.
    pub(super) fn filled(&mut self, graph: &mut Graph) -> Result<Value, Error> {
        let x = self.unfilled()?;
        if self.numbers.iter().all(|number| number.fill.is_none()) {
            return Ok(x);
        }
        let scope = graph.name("impute");
        let fills: Vec<f64> =
            self.numbers.iter_mut().map(|number| number.fill.take().unwrap_or(f64::NAN)).collect();
        let missing = graph.apply("IsNaN", &format!("{scope}.missing"), &[&x]);
        let fills = graph.floats(&format!("{scope}.fills"), &[1, fills.len()], &fills)?;
        let filled = graph.apply("Where", &format!("{scope}.filled"), &[&missing, &fills, &x]);
        self.matrix = Some(filled.clone());
        Ok(filled)
    }

    /// Puts columns behind the others: matrices, and what stands in them.
    pub(super) fn append(&mut self, graph: &mut Graph, name: &str, parts: &[Value], numbers: Vec<Number>) {
        if numbers.is_empty() {
            return;
        }
        let all: Vec<&Value> = self.matrix.iter().chain(parts).collect();
        self.matrix = Some(graph.beside(name, &all));
        self.numbers.extend(numbers);
    }

    /// Keeps the columns that are at none of these places.
    pub(super) fn remove(&mut self, graph: &mut Graph, name: &str, gone: &[usize]) {
        let kept: Vec<usize> = (0..self.numbers.len()).filter(|at| !gone.contains(at)).collect();
        self.matrix = match (&self.matrix, kept.is_empty()) {
            (Some(matrix), false) => Some(graph.columns(name, matrix, &kept, self.numbers.len())),
            _ => None,
        };
        self.numbers = kept.into_iter().map(|at| self.numbers[at].clone()).collect();
    }
}

/// Whether the column, also one that is dropped, held numbers in training.
fn is_number(column: &SchemaColumn) -> bool {
    match &column.role {
        Role::Number | Role::Boolean { .. } | Role::Dropped(Reason::AllMissing) => true,
        Role::Dropped(Reason::Constant { value }) => value.parse::<f64>().is_ok(),
        Role::Category { .. } | Role::Dropped(Reason::Identifier { .. } | Reason::Choice) => false,
    }
}

/// The column in words, for the documentation of an input.
fn described(column: &SchemaColumn) -> String {
    let name = &column.name;
    match &column.role {
        Role::Number => format!("{name} (number)"),
        Role::Boolean { no, yes } => format!("{name} (0: {no}, 1: {yes})"),
        Role::Category { levels } => format!("{name} (one of: {})", levels.join(", ")),
        Role::Dropped(_) => format!("{name} (not read)"),
    }
}

fn absent(name: &str) -> Error {
    Error::shape("onnx", format!("a column `{name}` for the transform"), "none of its kind")
}
