//! What each column of a table is: found by inspection, and then the same for every other table.

mod inspect;
mod read;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::data_error::{DataError, DataErrorKind, listed, shortened};
use crate::Error;

/// What each column of a table is, in the order of the table: what reads another table as the first was read.
///
/// By default a column is judged by its cells, of which those that are missing (`NA`, `?`, nothing at all, and the other usual
/// spellings) have no say:
///
/// - all of them numbers: a number, whatever it counts;
/// - `no` and `yes`, `false` and `true`, or `n` and `y`: a boolean, which becomes the number 0 or 1;
/// - text: a category;
/// - text among numbers: a category, too, as `2`, `3`, `4`, `5 or more` is. But it is an error at the first text where at
///   least nine in ten are numbers, or where at least half are and these hardly repeat (more than half of them
///   differ): then it is a measurement with a slip in it.
///
/// Dropped are columns with one value only, with no value at all, and identifiers: text in at least 20 rows of which nine in ten
/// differ, such as names. Numbers are never taken for identifiers. [`Choices`] say otherwise, column by column.
///
/// ```
/// use mlp::data::{Choices, Role, Schema, Table};
///
/// let table = Table::from_bytes(b"height,alive,kind\n1.5,yes,oak\n?,no,fern\n2,yes,oak\n", "plants.csv")?;
/// let schema = Schema::inspect(&table, &Choices::default())?;
/// assert_eq!(schema.role("height"), Some(&Role::Number));
/// let frame = schema.frame(&table)?;
/// assert_eq!((frame.n_numbers(), frame.missing()), (2, 1));
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Schema {
    columns: Vec<SchemaColumn>,
}

/// A column of a [`Schema`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaColumn {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Role {
    /// Numbers.
    Number,
    /// Two words, which become 0 and 1, in upper or lower case.
    Boolean {
        /// The word for 0.
        no: String,
        /// The word for 1.
        yes: String,
    },
    /// Text out of a few.
    Category {
        /// The texts that were there, in the order of their characters.
        levels: Vec<String>,
    },
    /// Not read.
    Dropped(Reason),
}

/// Why a column is not read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Reason {
    /// It has the same value in every row that has one.
    Constant {
        /// That value.
        value: String,
    },
    /// No row has a value.
    AllMissing,
    /// It is text that is nearly all distinct.
    Identifier {
        /// How many texts differ.
        distinct: usize,
        /// How many rows have one.
        present: usize,
    },
    /// The [`Choices`] left it out.
    Choice,
}

/// What is said of columns instead of being found by inspection.
///
/// ```
/// use mlp::data::{Choices, Role, Schema, Table};
///
/// let table = Table::from_bytes(b"year,x,note\n2007,1,a\n2008,2,b\n2007,3,c\n", "t.csv")?;
/// let choices =
///     Choices { drop: vec!["note".into()], categories: vec!["year".into()], ..Choices::default() };
/// let schema = Schema::inspect(&table, &choices)?;
/// assert_eq!(schema.names(), ["year", "x"]);
/// assert_eq!(schema.role("year"), Some(&Role::Category { levels: vec!["2007".into(), "2008".into()] }));
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Columns that are none of the rows' own, such as the target: the schema has nothing of them.
    pub aside: Vec<String>,
    /// Columns to drop.
    pub drop: Vec<String>,
    /// The columns to read, all others being dropped; none: all.
    pub only: Option<Vec<String>>,
    /// Columns to read as numbers, also where they are constant; text in them is an error.
    pub numbers: Vec<String>,
    /// Columns to read as categories, also where they are numbers, constant or identifiers.
    pub categories: Vec<String>,
}

impl Schema {
    /// The schema with these columns.
    ///
    /// # Errors
    /// When a name or a level is there twice, a boolean has one word for both, or no column is read.
    ///
    /// ```
    /// use mlp::data::{Role, Schema, SchemaColumn};
    ///
    /// let x = SchemaColumn { name: "x".into(), role: Role::Number };
    /// assert_eq!(Schema::new(vec![x.clone()])?.names(), ["x"]);
    /// assert!(Schema::new(vec![x.clone(), x]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn new(columns: Vec<SchemaColumn>) -> Result<Self, Error> {
        let mut names = HashSet::with_capacity(columns.len());
        for SchemaColumn { name, role } in &columns {
            if !names.insert(name) {
                return Err(Error::shape("schema", "columns of different names", format!("`{name}` twice")));
            }
            match role {
                Role::Boolean { no, yes } if no.eq_ignore_ascii_case(yes) => {
                    let got = format!("`{yes}` for both in column `{name}`");
                    return Err(Error::shape("schema", "different words for no and yes", got));
                }
                Role::Category { levels } => {
                    let mut seen = HashSet::with_capacity(levels.len());
                    if let Some(level) = levels.iter().find(|level| !seen.insert(level.as_str())) {
                        let got = format!("`{level}` twice in column `{name}`");
                        return Err(Error::shape("schema", "levels that differ", got));
                    }
                }
                _ => {}
            }
        }
        let schema = Self { columns };
        if schema.read().next().is_none() {
            let kind = DataErrorKind::AllDropped { reasons: schema.reasons() };
            return Err(DataError { file: None, line: None, column: None, kind }.into());
        }
        Ok(schema)
    }

    /// All columns that were inspected, those that are dropped among them, in the order of the table.
    ///
    /// ```
    /// # use mlp::data::{Choices, Schema, Table};
    /// let table = Table::from_bytes(b"x,same\n1,7\n2,7\n", "t.csv")?;
    /// assert_eq!(Schema::inspect(&table, &Choices::default())?.columns().len(), 2);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[SchemaColumn] {
        &self.columns
    }

    /// The names of the columns that are read, in the order of the frames that come out.
    ///
    /// ```
    /// # use mlp::data::{Choices, Schema, Table};
    /// let table = Table::from_bytes(b"x,same\n1,7\n2,7\n", "t.csv")?;
    /// assert_eq!(Schema::inspect(&table, &Choices::default())?.names(), ["x"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn names(&self) -> Vec<String> {
        self.read().map(|column| column.name.clone()).collect()
    }

    /// What the column of this name is; none where there is no such column.
    ///
    /// ```
    /// # use mlp::data::{Choices, Reason, Role, Schema, Table};
    /// let table = Table::from_bytes(b"x,same\n1,7\n2,7\n", "t.csv")?;
    /// let schema = Schema::inspect(&table, &Choices::default())?;
    /// assert_eq!(schema.role("same"), Some(&Role::Dropped(Reason::Constant { value: "7".into() })));
    /// assert_eq!(schema.role("y"), None);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.role)
    }

    /// What was found, in sentences for a reader: one for each column that is dropped, a boolean or a category, and one
    /// that counts the numbers.
    ///
    /// ```
    /// # use mlp::data::{Choices, Schema, Table};
    /// let table = Table::from_bytes(b"x,same\n1,7\n2,7\n", "t.csv")?;
    /// let messages = Schema::inspect(&table, &Choices::default())?.messages();
    /// assert_eq!(messages, ["column `same` is dropped: it is `7` in every row", "1 column of numbers is read"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn messages(&self) -> Vec<String> {
        let mut messages: Vec<String> = self.columns.iter().filter_map(SchemaColumn::message).collect();
        match self.columns.iter().filter(|column| column.role == Role::Number).count() {
            0 => {}
            1 => messages.push("1 column of numbers is read".to_owned()),
            n => messages.push(format!("{n} columns of numbers are read")),
        }
        messages
    }

    /// The columns that are read.
    fn read(&self) -> impl Iterator<Item = &SchemaColumn> {
        self.columns.iter().filter(|column| !matches!(column.role, Role::Dropped(_)))
    }

    /// Why columns are dropped, of the first few of them.
    fn reasons(&self) -> String {
        const MOST: usize = 5;
        let mut reasons: Vec<String> =
            self.columns.iter().filter_map(SchemaColumn::message).take(MOST).collect();
        match self.columns.len() {
            0 => reasons.push("there is none".to_owned()),
            n if n > MOST => reasons.push(format!("{} more", n - MOST)),
            _ => {}
        }
        reasons.join(", ")
    }
}

impl SchemaColumn {
    /// What the column is, in a sentence for a reader; none where it is numbers.
    ///
    /// ```
    /// use mlp::data::{Reason, Role, SchemaColumn};
    /// let column = SchemaColumn { name: "id".into(), role: Role::Dropped(Reason::AllMissing) };
    /// assert_eq!(column.message().as_deref(), Some("column `id` is dropped: no row has a value"));
    /// ```
    pub fn message(&self) -> Option<String> {
        let name = shortened(&self.name);
        Some(match &self.role {
            Role::Number => return None,
            Role::Boolean { no, yes } => {
                format!("column `{name}` is a boolean: `{no}` is 0 and `{yes}` is 1")
            }
            Role::Category { levels } => {
                let list = listed(levels.iter().map(String::as_str), 5);
                format!("column `{name}` is a category: {list}")
            }
            Role::Dropped(reason) => match reason {
                Reason::Constant { value } => {
                    format!("column `{name}` is dropped: it is `{}` in every row", shortened(value))
                }
                Reason::AllMissing => format!("column `{name}` is dropped: no row has a value"),
                Reason::Identifier { distinct, present } => format!(
                    "column `{name}` is dropped: it names its rows, {distinct} of {present} texts differ"
                ),
                Reason::Choice => format!("column `{name}` is dropped as asked"),
            },
        })
    }
}

/// A schema as a file holds it, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    columns: Vec<SchemaColumn>,
}

impl TryFrom<Parts> for Schema {
    type Error = Error;

    fn try_from(parts: Parts) -> Result<Self, Error> {
        Self::new(parts.columns)
    }
}

#[cfg(test)]
mod tests;
