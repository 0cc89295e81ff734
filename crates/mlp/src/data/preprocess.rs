//! From rows as they come to the matrix that a network reads: a schema and a chain of transforms, fitted.

mod fused;

use serde::{Deserialize, Serialize};

use self::fused::Fused;
use super::data_error::{DataError, DataErrorKind, shortened};
use super::transform::Traced;
use super::{Choices, Columns, Fill, Fitted, Frame, Limits, Role, Schema, Table, Transform};
use crate::Error;

/// How rows are made ready for a network, before anything is fitted.
///
/// By default numbers are filled in with their median and standardised, and categories are filled in with the most
/// frequent one and become a number for each level; columns that are constant, empty or identifiers are dropped.
///
/// ```
/// use mlp::data::{Columns, Recipe, Transform};
///
/// assert_eq!(Recipe::default().transforms.len(), 4);
/// let scaled = Recipe { transforms: vec![Transform::Robust(Columns::All)], ..Recipe::default() };
/// assert!(scaled.choices.drop.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What is said of columns instead of being found by inspection.
    pub choices: Choices,
    /// The transforms, each of what the one before it makes.
    pub transforms: Vec<Transform>,
}

impl Default for Recipe {
    fn default() -> Self {
        let transforms = vec![
            Transform::impute(Fill::Median),
            Transform::impute(Fill::MostFrequent),
            Transform::Standardize(Columns::All),
            Transform::one_hot(),
        ];
        Self { choices: Choices::default(), transforms }
    }
}

impl Recipe {
    /// The default recipe, and then no standardised number further from 0 than `limit`: one cell that is far out does not
    /// decide alone, and a pixel that is hardly ever set does not shout.
    ///
    /// ```
    /// use mlp::data::{Frame, Preprocess, Recipe};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// let preprocess = Preprocess::fit(&frame, &Recipe::clipped(3.0))?;
    /// assert_eq!(preprocess.apply_rows(&[4.0, 1000.0], 1)?, [2.0, 3.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn clipped(limit: f64) -> Self {
        let mut recipe = Self::default();
        let clip = Transform::Clip { columns: Columns::All, limits: Limits::Values(-limit, limit) };
        recipe.transforms.insert(3, clip);
        recipe
    }
}

/// A number that a network reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name, such as `age` or `sex_female`.
    pub name: String,
    /// The columns that it comes from, as places in [`Schema::names`], ascending.
    pub from: Vec<usize>,
}

/// What was fitted on training rows and is done to all others: which columns are read, and the transforms that make features
/// of them.
///
/// The same rows give the same bits, alone or among others. It goes into JSON and back, and is checked when it is read.
///
/// ```
/// use mlp::data::{Preprocess, Recipe, Table};
///
/// let table = Table::from_bytes(b"age,sex\n20,f\n?,m\n30,f\n40,f\n", "people.csv")?;
/// let preprocess = Preprocess::fit_table(&table, &Recipe::default())?;
/// assert_eq!(preprocess.names(), ["age", "sex_f", "sex_m"]);
/// let other = Table::from_bytes(b"sex,age\nm,30\nother,30\n", "others.csv")?;
/// assert_eq!(preprocess.apply_table(&other)?, [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Preprocess {
    schema: Schema,
    chain: Vec<Fitted>,
    #[serde(skip)]
    features: Vec<Feature>,
    #[serde(skip)]
    fused: Option<Fused>,
}

impl Preprocess {
    /// Fitted on the rows of `frame`, which should be training rows only.
    ///
    /// # Errors
    /// When there is no row, no column is left, a transform refuses, or a feature is not a finite number, with row and
    /// column.
    ///
    /// ```
    /// use mlp::data::{Preprocess, Recipe, bundled};
    ///
    /// let digits = bundled::digits();
    /// let preprocess = Preprocess::fit(digits.frame(), &Recipe::default())?;
    /// assert_eq!(preprocess.features().len(), 61); // three pixels are never set
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn fit(frame: &Frame, recipe: &Recipe) -> Result<Self, Error> {
        some_rows(frame.n_rows())?;
        Self::fitted(Schema::of_frame(frame, &recipe.choices)?, frame, recipe)
    }

    /// Fitted on the rows of `frame`, some of those that `schema` read: so that what is fitted on a part of a table reads other
    /// tables, with their booleans.
    ///
    /// # Errors
    /// As [`Preprocess::fit`], and when the frame lacks a column of the schema.
    ///
    /// ```
    /// use mlp::data::{DatasetReader, Preprocess, Recipe, Table};
    ///
    /// let table = Table::from_bytes(b"x,alive,y\n1,yes,a\n3,no,b\n9,no,b\n", "t.csv")?;
    /// let (data, schema) = DatasetReader::classes("y").read(&table)?;
    /// let preprocess = Preprocess::fit_read(&schema, &data.frame().rows(&[0, 1]), &Recipe::default())?;
    /// assert_eq!(preprocess.apply_table(&table)?, [-1.0, 1.0, 1.0, -1.0, 7.0, -1.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn fit_read(schema: &Schema, frame: &Frame, recipe: &Recipe) -> Result<Self, Error> {
        some_rows(frame.n_rows())?;
        Self::fitted(schema.on(frame, &recipe.choices)?, frame, recipe)
    }

    /// Fitted on all rows of `table`; its target should be among what the choices of the recipe set aside.
    ///
    /// # Errors
    /// As [`Preprocess::fit`] and [`Schema::inspect`].
    ///
    /// ```
    /// use mlp::data::{Preprocess, Recipe, Table};
    ///
    /// let table = Table::from_bytes(b"x,same\n1,7\n3,7\n", "t.csv")?;
    /// assert_eq!(Preprocess::fit_table(&table, &Recipe::default())?.names(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn fit_table(table: &Table, recipe: &Recipe) -> Result<Self, Error> {
        let schema = Schema::inspect(table, &recipe.choices)?;
        let frame = schema.frame(table)?;
        Self::fitted(schema, &frame, recipe).map_err(|error| at_line(error, table))
    }

    fn fitted(schema: Schema, frame: &Frame, recipe: &Recipe) -> Result<Self, Error> {
        let mut frame = schema.columns_of(frame)?.into_owned();
        let (mut chain, mut traced) = (Vec::new(), traced_columns(&schema));
        for transform in &recipe.transforms {
            let fitted = transform.fit(&frame)?;
            if fitted.columns().is_empty() && !matches!(fitted, Fitted::Custom(_)) {
                continue;
            }
            frame = fitted.apply(frame)?;
            traced = fitted.trace(traced, Some(&frame))?;
            chain.push(fitted);
        }
        let preprocess = Self::new(schema, chain, traced)?;
        preprocess.finite(frame)?;
        Ok(preprocess)
    }

    fn new(schema: Schema, chain: Vec<Fitted>, traced: Vec<Traced>) -> Result<Self, Error> {
        if let Some(column) = traced.iter().find(|column| !column.is_number) {
            let wants =
                format!("numbers at the end; take one-hot or ordinal codes of column `{}`", column.name);
            return Err(Error::shape("preprocess", wants, "categories"));
        }
        if traced.is_empty() {
            return Err(Error::shape("preprocess", "at least one feature at the end", "none"));
        }
        let feature = |column: Traced| Feature { name: column.name, from: column.from.to_vec() };
        let fused = Fused::of(&schema, &chain);
        Ok(Self { features: traced.into_iter().map(feature).collect(), schema, chain, fused })
    }

    /// The features of each row, row-major `(n_rows, features)`. Columns are found by name; others are ignored.
    ///
    /// # Errors
    /// When columns are missing or of another kind, a transform refuses, or a feature is not a finite number, with row and
    /// column.
    ///
    /// ```
    /// use mlp::data::{Frame, Preprocess, Recipe};
    ///
    /// let names = ["x".to_owned(), "y".to_owned()];
    /// let preprocess = Preprocess::fit(&Frame::of_numbers(vec![1.0, 5.0, 3.0, 7.0], names.to_vec())?, &Recipe::default())?;
    /// let other = Frame::of_numbers(vec![6.0, 5.0], vec!["y".into(), "x".into()])?;
    /// assert_eq!(preprocess.apply(&other)?, [3.0, 0.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn apply(&self, frame: &Frame) -> Result<Vec<f64>, Error> {
        let frame = self.schema.columns_of(frame)?;
        if let Some(fused) = &self.fused {
            let features = fused.apply(frame.numbers());
            self.check_finite(&features)?;
            return Ok(features);
        }
        let mut frame = frame.into_owned();
        for fitted in &self.chain {
            frame = fitted.apply(frame)?;
        }
        self.finite(frame)
    }

    /// The features of the rows of a table, row-major `(n_rows, features)`.
    ///
    /// # Errors
    /// As [`Preprocess::apply`] and [`Schema::frame`], with the line of the row.
    ///
    /// ```
    /// use mlp::data::{Preprocess, Recipe, Table};
    ///
    /// let train = Table::from_bytes(b"x\n1\n3\n", "train.csv")?;
    /// let preprocess = Preprocess::fit_table(&train, &Recipe::default())?;
    /// assert_eq!(preprocess.apply_table(&Table::from_bytes(b"z,x\n0,5\n", "new.csv")?)?, [3.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn apply_table(&self, table: &Table) -> Result<Vec<f64>, Error> {
        self.apply(&self.schema.frame(table)?).map_err(|error| at_line(error, table))
    }

    /// The features of rows of numbers without names, row-major `(n_rows, width)`, as [`Schema::frame_of_rows`] reads them.
    ///
    /// # Errors
    /// As [`Preprocess::apply`] and [`Schema::frame_of_rows`].
    ///
    /// ```
    /// use mlp::data::{Frame, Preprocess, Recipe};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// let preprocess = Preprocess::fit(&frame, &Recipe::default())?;
    /// assert_eq!(preprocess.apply_rows(&[5.0, 2.0], 1)?, [3.0, 0.0]);
    /// assert!(preprocess.apply_rows(&[5.0, 2.0], 2).unwrap_err().to_string().ends_with("got 2 columns"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn apply_rows(&self, rows: &[f64], width: usize) -> Result<Vec<f64>, Error> {
        self.apply(&self.schema.frame_of_rows(rows, width)?)
    }

    /// Which columns are read.
    ///
    /// ```
    /// # use mlp::data::{Frame, Preprocess, Recipe};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// assert_eq!(Preprocess::fit(&frame, &Recipe::default())?.schema().names(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The transforms, in their order; those that had no column to touch are left out.
    ///
    /// ```
    /// # use mlp::data::{Frame, Preprocess, Recipe};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// assert_eq!(Preprocess::fit(&frame, &Recipe::default())?.chain().len(), 2);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn chain(&self) -> &[Fitted] {
        &self.chain
    }

    /// The features, in the order of the matrix.
    ///
    /// ```
    /// # use mlp::data::{Frame, Preprocess, Recipe};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// assert_eq!(Preprocess::fit(&frame, &Recipe::default())?.features()[0].from, [0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The names of the features.
    ///
    /// ```
    /// # use mlp::data::{Frame, Preprocess, Recipe};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// assert_eq!(Preprocess::fit(&frame, &Recipe::default())?.names(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn names(&self) -> Vec<&str> {
        self.features.iter().map(|feature| feature.name.as_str()).collect()
    }

    /// The numbers of a frame that went through the chain.
    fn finite(&self, frame: Frame) -> Result<Vec<f64>, Error> {
        let is_same = self.features.iter().map(|feature| &feature.name).eq(frame.names());
        if !is_same || frame.n_numbers() != self.features.len() {
            let got = format!("{} columns of other names or kinds", frame.n_columns());
            return Err(Error::shape("preprocess", "the features that it was fitted with", got));
        }
        let features = frame.into_numbers();
        self.check_finite(&features)?;
        Ok(features)
    }

    fn check_finite(&self, features: &[f64]) -> Result<(), Error> {
        let Some(at) = features.iter().position(|feature| !feature.is_finite()) else { return Ok(()) };
        let (row, feature) = (at / self.features.len(), &self.features[at % self.features.len()]);
        let what = if features[at].is_nan() {
            "the value is missing; fill it in, or impute it"
        } else {
            "the value is too large to compute with; correct it, or clip the column"
        };
        let columns = self.schema.names();
        let (column, what) = match feature.from.as_slice() {
            [only] if columns[*only] == feature.name => (&feature.name, what.to_owned()),
            [only] => (&columns[*only], format!("feature `{}`: {what}", shortened(&feature.name))),
            _ => (&feature.name, what.to_owned()),
        };
        Err(DataError::of_value(row, column, what).into())
    }
}

/// What a file holds, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    schema: Schema,
    chain: Vec<Fitted>,
}

impl TryFrom<Parts> for Preprocess {
    type Error = Error;

    fn try_from(Parts { schema, chain }: Parts) -> Result<Self, Error> {
        Self::of_parts(schema, chain)
    }
}

impl Preprocess {
    /// Columns to be read and transforms that were fitted to them.
    ///
    /// # Errors
    /// When they do not fit together.
    ///
    /// ```
    /// # use mlp::data::{Frame, Preprocess, Recipe};
    /// let frame = Frame::of_numbers(vec![1.0, 3.0], vec!["x".into()])?;
    /// let fitted = Preprocess::fit(&frame, &Recipe::default())?;
    /// assert_eq!(Preprocess::of_parts(fitted.schema().clone(), fitted.chain().to_vec())?, fitted);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn of_parts(schema: Schema, chain: Vec<Fitted>) -> Result<Self, Error> {
        let mut traced = traced_columns(&schema);
        for fitted in &chain {
            traced = fitted.trace(traced, None)?;
        }
        Self::new(schema, chain, traced)
    }
}

/// The columns that the schema reads, before any transform.
fn traced_columns(schema: &Schema) -> Vec<Traced> {
    let columns = schema.columns().iter().filter(|column| !matches!(column.role, Role::Dropped(_)));
    let traced = |(place, column): (usize, &super::SchemaColumn)| Traced {
        name: column.name.clone(),
        is_number: !matches!(column.role, Role::Category { .. }),
        from: [place].into(),
    };
    columns.enumerate().map(traced).collect()
}

fn some_rows(n_rows: usize) -> Result<(), Error> {
    if n_rows == 0 {
        return Err(Error::shape("preprocess", "at least one row to fit on", "none"));
    }
    Ok(())
}

/// The error with the file and the line of the row of `table` that it is about.
fn at_line(error: Error, table: &Table) -> Error {
    let mut error = error.in_file(table.source());
    if let Error::Data(data) = &mut error
        && let DataErrorKind::BadValue { row: row @ Some(_), .. } = &mut data.kind
    {
        data.line = row.take().map(|row| table.line(row));
    }
    error
}
