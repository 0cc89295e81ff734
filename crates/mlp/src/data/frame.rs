//! Named columns of rows: numbers, and categories beside them.

mod edit;

use crate::Error;

/// What stands for "no value" among the codes of a [`Category`].
pub const MISSING: u32 = u32::MAX;

/// Rows under named columns, each column numbers or categories: what a table is once its columns are typed, and what
/// [transforms](crate::data) read and write.
///
/// The numbers lie together, row by row `(n_rows, n_numbers)`, so that rows that are numbers only are the matrix that a
/// network reads. NaN is a number that is missing; [`MISSING`] a category that is.
///
/// ```
/// use mlp::data::{Category, Frame};
///
/// let frame = Frame::of_numbers(vec![1.5, 2.0, f64::NAN, 4.0], vec!["x".into(), "y".into()])?
///     .with_category("colour", Category::of(&[Some("red"), None])?)?;
/// assert_eq!(frame.names(), ["x", "y", "colour"]);
/// assert_eq!((frame.n_rows(), frame.n_numbers(), frame.missing()), (2, 2, 2));
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Frame {
    n_rows: usize,
    names: Vec<String>,
    places: Vec<Place>,
    numbers: Vec<f64>,
    n_numbers: usize,
    categories: Vec<Category>,
}

/// Where the values of a column lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In this column of the numbers.
    Number(usize),
    /// In this one of the categories.
    Category(usize),
}

/// The values of one column, as [`Frame::column`] hands them out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Column<'a> {
    /// Numbers, NaN where one is missing.
    Numbers(Numbers<'a>),
    /// Categories.
    Category(&'a Category),
}

/// One column of the numbers of a [`Frame`].
///
/// ```
/// use mlp::data::{Column, Frame};
///
/// let frame = Frame::of_numbers(vec![1.0, 2.0, 3.0, 4.0], vec!["x".into(), "y".into()])?;
/// let Some(Column::Numbers(y)) = frame.column("y") else { panic!("y is a column of numbers") };
/// assert_eq!(y.iter().collect::<Vec<_>>(), [2.0, 4.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    rows: &'a [f64],
    stride: usize,
    column: usize,
}

impl<'a> Numbers<'a> {
    /// The numbers, from the first row to the last.
    ///
    /// ```
    /// use mlp::data::{Column, Frame};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 2.0], vec!["x".into()])?;
    /// let Some(Column::Numbers(x)) = frame.column("x") else { panic!("x is a column of numbers") };
    /// assert_eq!(x.iter().sum::<f64>(), 3.0);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn iter(self) -> impl ExactSizeIterator<Item = f64> + 'a {
        self.rows.chunks_exact(self.stride).map(move |row| row[self.column])
    }
}

/// A column of categories: the levels that there are, and which one each row has.
///
/// ```
/// use mlp::data::{Category, MISSING};
///
/// let islands = Category::of(&[Some("Dream"), None, Some("Biscoe"), Some("Dream")])?;
/// assert_eq!(islands.levels(), ["Biscoe", "Dream"]);
/// assert_eq!(islands.codes(), [1, MISSING, 0, 1]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    levels: Vec<String>,
    codes: Vec<u32>,
}

impl Category {
    /// The column with these values, its levels in the order of their characters.
    ///
    /// # Errors
    /// When there are more levels than codes, 2³² - 1.
    ///
    /// ```
    /// let category = mlp::data::Category::of(&[Some("b"), Some("a")])?;
    /// assert_eq!(category.codes(), [1, 0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn of<S: AsRef<str>>(values: &[Option<S>]) -> Result<Self, Error> {
        let mut levels: Vec<&str> = values.iter().flatten().map(AsRef::as_ref).collect();
        levels.sort_unstable();
        levels.dedup();
        let code = |value: &Option<S>| match value {
            Some(value) => levels.binary_search(&value.as_ref()).map_or(MISSING, |code| code as u32),
            None => MISSING,
        };
        let codes = values.iter().map(code).collect();
        Category::new(levels.into_iter().map(str::to_owned).collect(), codes)
    }

    /// The column with these levels, and a code below their number, or [`MISSING`], for each row.
    ///
    /// # Errors
    /// When a code is out of range, a level is there twice, or there are more levels than codes.
    ///
    /// ```
    /// let category = mlp::data::Category::new(vec!["low".into(), "high".into()], vec![1, 0, 1])?;
    /// assert_eq!(category.level(0), Some("high"));
    /// assert!(mlp::data::Category::new(vec!["low".into()], vec![1]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn new(levels: Vec<String>, codes: Vec<u32>) -> Result<Self, Error> {
        if levels.len() >= MISSING as usize {
            let wants = format!("fewer than {MISSING} levels");
            return Err(Error::shape("category", wants, levels.len().to_string()));
        }
        let mut sorted: Vec<&String> = levels.iter().collect();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::shape("category", "levels that differ", format!("`{}` twice", pair[0])));
        }
        let fits = |code: &&u32| **code != MISSING && **code as usize >= levels.len();
        if let Some(code) = codes.iter().find(fits) {
            let wants = format!("codes below {} or `MISSING`", levels.len());
            return Err(Error::shape("category", wants, code.to_string()));
        }
        Ok(Category { levels, codes })
    }

    /// The levels; a code is a place among them.
    ///
    /// ```
    /// assert_eq!(mlp::data::Category::of(&[Some("a"), Some("a")])?.levels(), ["a"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The code of each row.
    ///
    /// ```
    /// assert_eq!(mlp::data::Category::of(&[Some("a"), None])?.codes(), [0, mlp::data::MISSING]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The level of a row; none where it is missing.
    ///
    /// # Panics
    /// Where there is no such row.
    ///
    /// ```
    /// assert_eq!(mlp::data::Category::of(&[Some("a"), None])?.level(1), None);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn level(&self, row: usize) -> Option<&str> {
        self.levels.get(self.codes[row] as usize).map(String::as_str)
    }
}

impl Frame {
    /// The frame of these numbers, row-major `(n_rows, names.len())`; NaN is one that is missing.
    ///
    /// # Errors
    /// When there is no column, a name twice, or the length is no multiple of the number of columns.
    ///
    /// ```
    /// use mlp::data::Frame;
    ///
    /// assert_eq!(Frame::of_numbers(vec![1.0, 2.0], vec!["x".into()])?.n_rows(), 2);
    /// assert!(Frame::of_numbers(vec![1.0; 3], vec!["x".into(), "y".into()]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn of_numbers(numbers: Vec<f64>, names: Vec<String>) -> Result<Self, Error> {
        let n_numbers = names.len();
        if n_numbers == 0 || !numbers.len().is_multiple_of(n_numbers) {
            let got = format!("{} numbers for {n_numbers} columns", numbers.len());
            return Err(Error::shape("frame", "at least one column, and whole rows", got));
        }
        check_names(&names)?;
        let places = (0..n_numbers).map(Place::Number).collect();
        let n_rows = numbers.len() / n_numbers;
        Ok(Frame { n_rows, names, places, numbers, n_numbers, categories: Vec::new() })
    }

    /// The frame with so many rows and no column yet, to add categories to.
    ///
    /// ```
    /// use mlp::data::{Category, Frame};
    ///
    /// let frame = Frame::of_rows(2).with_category("sex", Category::of(&[Some("f"), Some("m")])?)?;
    /// assert_eq!((frame.n_columns(), frame.n_numbers()), (1, 0));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn of_rows(n_rows: usize) -> Self {
        let (names, places) = (Vec::new(), Vec::new());
        Frame { n_rows, names, places, numbers: Vec::new(), n_numbers: 0, categories: Vec::new() }
    }

    /// The same frame with one more column at its end.
    ///
    /// # Errors
    /// When it has another number of rows, or there is a column of this name.
    ///
    /// ```
    /// use mlp::data::{Category, Frame};
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 2.0], vec!["x".into()])?;
    /// assert!(frame.clone().with_category("y", Category::of(&[Some("a")])?).is_err()); // one row, not two
    /// assert!(frame.with_category("x", Category::of(&[Some("a"), None])?).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn with_category(mut self, name: &str, category: Category) -> Result<Self, Error> {
        if category.codes.len() != self.n_rows {
            let wants = format!("{} rows in column `{name}`", self.n_rows);
            return Err(Error::shape("frame", wants, category.codes.len().to_string()));
        }
        self.names.push(name.to_owned());
        check_names(&self.names)?;
        self.places.push(Place::Category(self.categories.len()));
        self.categories.push(category);
        Ok(self)
    }

    /// The frame with these of its columns, in this order.
    ///
    /// # Errors
    /// When there is no column of a name, or a name comes twice.
    ///
    /// ```
    /// use mlp::data::Frame;
    ///
    /// let frame = Frame::of_numbers(vec![1.0, 2.0, 3.0, 4.0], vec!["x".into(), "y".into()])?;
    /// assert_eq!(frame.select(&["y".into(), "x".into()])?.numbers(), [2.0, 1.0, 4.0, 3.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn select(&self, names: &[String]) -> Result<Self, Error> {
        check_names(names)?;
        let mut chosen = Frame { names: names.to_vec(), ..Frame::of_rows(self.n_rows) };
        let mut from = Vec::new();
        for name in names {
            match self.place(name)? {
                Place::Number(column) => {
                    chosen.places.push(Place::Number(from.len()));
                    from.push(column);
                }
                Place::Category(place) => {
                    chosen.places.push(Place::Category(chosen.categories.len()));
                    chosen.categories.push(self.categories[place].clone());
                }
            }
        }
        chosen.n_numbers = from.len();
        if !from.is_empty() {
            let rows = self.numbers.chunks_exact(self.n_numbers);
            chosen.numbers = rows.flat_map(|row| from.iter().map(|column| row[*column])).collect();
        }
        Ok(chosen)
    }

    /// The frame of these rows, in this order; a row may come several times.
    ///
    /// # Panics
    /// Where a row is not below [`Frame::n_rows`].
    ///
    /// ```
    /// let frame = mlp::data::Frame::of_numbers(vec![1.0, 2.0, 3.0], vec!["x".into()])?;
    /// assert_eq!(frame.rows(&[2, 2, 0]).numbers(), [3.0, 3.0, 1.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Self {
        let width = self.n_numbers;
        let mut numbers = Vec::with_capacity(rows.len() * width);
        for &row in rows {
            assert!(row < self.n_rows, "rows: wants rows below {}, got {row}", self.n_rows);
            numbers.extend_from_slice(&self.numbers[row * width..(row + 1) * width]);
        }
        let category = |category: &Category| Category {
            levels: category.levels.clone(),
            codes: rows.iter().map(|row| category.codes[*row]).collect(),
        };
        Frame {
            n_rows: rows.len(),
            names: self.names.clone(),
            places: self.places.clone(),
            numbers,
            n_numbers: width,
            categories: self.categories.iter().map(category).collect(),
        }
    }

    /// The number of rows.
    ///
    /// ```
    /// assert_eq!(mlp::data::Frame::of_rows(3).n_rows(), 3);
    /// ```
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The number of columns.
    ///
    /// ```
    /// assert_eq!(mlp::data::Frame::of_rows(3).n_columns(), 0);
    /// ```
    pub fn n_columns(&self) -> usize {
        self.names.len()
    }

    /// The number of columns that are numbers.
    ///
    /// ```
    /// assert_eq!(mlp::data::Frame::of_numbers(vec![1.0; 4], vec!["x".into(), "y".into()])?.n_numbers(), 2);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn n_numbers(&self) -> usize {
        self.n_numbers
    }

    /// The names of the columns, in their order.
    ///
    /// ```
    /// assert_eq!(mlp::data::Frame::of_numbers(vec![1.0], vec!["x".into()])?.names(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The numbers of all columns that are numbers, row-major `(n_rows, n_numbers)`.
    ///
    /// ```
    /// assert_eq!(mlp::data::Frame::of_numbers(vec![1.0, 2.0], vec!["x".into()])?.numbers(), [1.0, 2.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// The same numbers, handed over.
    ///
    /// ```
    /// assert_eq!(mlp::data::Frame::of_numbers(vec![1.0, 2.0], vec!["x".into()])?.into_numbers(), [1.0, 2.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn into_numbers(self) -> Vec<f64> {
        self.numbers
    }

    /// The values of the column of this name, if there is one.
    ///
    /// ```
    /// assert!(mlp::data::Frame::of_numbers(vec![1.0], vec!["x".into()])?.column("y").is_none());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn column(&self, name: &str) -> Option<Column<'_>> {
        let at = self.names.iter().position(|other| other == name)?;
        Some(match self.places[at] {
            Place::Number(column) => {
                Column::Numbers(Numbers { rows: &self.numbers, stride: self.n_numbers, column })
            }
            Place::Category(place) => Column::Category(&self.categories[place]),
        })
    }

    /// How many values are missing.
    ///
    /// ```
    /// let frame = mlp::data::Frame::of_numbers(vec![f64::NAN, 2.0], vec!["x".into()])?;
    /// assert_eq!(frame.missing(), 1);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn missing(&self) -> usize {
        let codes = self.categories.iter().flat_map(|category| &category.codes);
        self.numbers.iter().filter(|number| number.is_nan()).count()
            + codes.filter(|code| **code == MISSING).count()
    }

    /// The frame with the values of one column in another order: row i has that of row `order[i]`.
    pub(crate) fn with_shuffled(&self, name: &str, order: &[usize]) -> Result<Self, Error> {
        let mut shuffled = self.clone();
        match self.place(name)? {
            Place::Number(column) => {
                let rows = shuffled.numbers.chunks_exact_mut(self.n_numbers);
                for (row, from) in rows.zip(order) {
                    row[column] = self.numbers[from * self.n_numbers + column];
                }
            }
            Place::Category(place) => {
                let codes = &mut shuffled.categories[place].codes;
                codes
                    .iter_mut()
                    .zip(order)
                    .for_each(|(code, from)| *code = self.categories[place].codes[*from]);
            }
        }
        Ok(shuffled)
    }

    fn place(&self, name: &str) -> Result<Place, Error> {
        let at = self.names.iter().position(|other| other == name).ok_or_else(|| {
            let known = self.names.iter().map(String::as_str);
            let wants = format!("one of the columns {}", super::data_error::listed(known, 20));
            Error::shape("frame", wants, format!("`{name}`"))
        })?;
        Ok(self.places[at])
    }
}

/// Frames are equal where their columns are, one that is missing being equal to another.
impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
        (self.n_rows, &self.names, &self.places) == (other.n_rows, &other.names, &other.places)
            && self.categories == other.categories
            && self.numbers.len() == other.numbers.len()
            && self.numbers.iter().zip(&other.numbers).all(same)
    }
}

fn check_names(names: &[String]) -> Result<(), Error> {
    let mut seen = std::collections::HashSet::with_capacity(names.len());
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(Error::shape("frame", "columns of different names", format!("`{twice}` twice"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed() -> Frame {
        let numbers = vec![1.0, 2.0, f64::NAN, 4.0, 5.0, 6.0];
        let colour = Category::of(&[Some("red"), None, Some("blue")]).unwrap();
        let frame = Frame::of_numbers(numbers, vec!["x".into(), "y".into()]).unwrap();
        frame.with_category("colour", colour).unwrap()
    }

    #[test]
    fn columns_and_rows_are_chosen_in_any_order() {
        let frame = mixed();
        let chosen = frame.select(&["y".into(), "colour".into()]).unwrap().rows(&[2, 0]);
        assert_eq!(chosen.names(), ["y", "colour"]);
        assert_eq!(chosen.numbers(), [6.0, 2.0]);
        let Some(Column::Category(colour)) = chosen.column("colour") else {
            panic!("colours are categories")
        };
        assert_eq!((colour.level(0), colour.level(1)), (Some("blue"), Some("red")));
        assert_eq!(frame.select(frame.names()).unwrap(), frame);
        let only = frame.select(&["colour".into()]).unwrap();
        assert_eq!((only.n_numbers(), only.numbers().len(), only.rows(&[1]).missing()), (0, 0, 1));
    }

    #[test]
    fn wrong_names_are_named() {
        let message = |names: [&str; 2]| mixed().select(&names.map(str::to_owned)).unwrap_err().to_string();
        assert_eq!(message(["x", "z"]), "frame: wants one of the columns `x`, `y`, `colour`, got `z`");
        assert_eq!(message(["x", "x"]), "frame: wants columns of different names, got `x` twice");
    }

    #[test]
    fn missing_values_are_equal_to_each_other() {
        assert_eq!(mixed(), mixed());
        assert_ne!(mixed(), mixed().rows(&[0, 1]));
        let x = |number: f64| Frame::of_numbers(vec![number], vec!["x".into()]).unwrap();
        assert_eq!(x(f64::NAN), x(f64::NAN));
        assert_ne!(x(f64::NAN), x(0.0));
    }
}
