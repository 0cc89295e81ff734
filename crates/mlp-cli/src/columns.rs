//! How the columns of a table are read, as lines for a reader.

use mlp::data::{Column, Frame, Reason, Role, Schema};

use crate::failure::Failure;

/// More lines than this are counted instead.
const MOST_LINES: usize = 20;
/// More names than this are counted instead.
const MOST_NAMES: usize = 5;
/// More numbers than this are a mistake rather than a wish: 8 GiB of them.
const MOST_NUMBERS: usize = 1 << 30;

/// What a reader should know of the columns that `schema` reads from `frame`: which are dropped, and which are no numbers as
/// they stand. Nothing where all are read as they are.
pub(crate) fn lines(schema: &Schema, frame: &Frame) -> Vec<String> {
    let (mut lines, mut constant, mut last) = (Vec::new(), Vec::new(), None);
    for column in schema.columns() {
        match column.role {
            Role::Dropped(Reason::Choice) => {}
            Role::Dropped(Reason::Constant { .. }) => {
                constant.push(format!("`{}`", column.name));
                last = column.message();
            }
            _ => lines.extend(column.message()),
        }
    }
    if lines.len() > MOST_LINES {
        let more = lines.split_off(MOST_LINES).len();
        lines.push(format!("and {more} columns more that are dropped, booleans or categories"));
    }
    if constant.len() == 1 {
        lines.extend(last);
    } else if !constant.is_empty() {
        let shown = constant[..constant.len().min(MOST_NAMES)].join(", ");
        let more = match constant.len().saturating_sub(MOST_NAMES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        lines.push(format!(
            "{} columns are dropped, as each is the same in every row: {shown}{more}",
            constant.len()
        ));
    }
    match frame.missing() {
        0 => {}
        missing => {
            let (values, are) = if missing == 1 { ("value", "is") } else { ("values", "are") };
            lines.push(format!(
                "{missing} missing {values} {are} filled in: numbers by the median, categories by the most frequent"
            ));
        }
    }
    lines
}

/// How many numbers a row becomes at most: one for each number, and one for each level of a category.
pub(crate) fn most_features(frame: &Frame) -> Result<usize, Failure> {
    let mut categories: Vec<(usize, &str)> = Vec::new();
    for name in frame.names().iter().filter(|_| frame.n_numbers() < frame.n_columns()) {
        if let Some(Column::Category(category)) = frame.column(name) {
            categories.push((category.levels().len(), name));
        }
    }
    let features = frame.n_numbers() + categories.iter().map(|(levels, _)| levels).sum::<usize>();
    let Some((levels, name)) = categories.into_iter().max() else { return Ok(features) };
    if features.saturating_mul(frame.n_rows()) > MOST_NUMBERS {
        return Err(Failure::Other(format!(
            "{} rows of {features} numbers are too many; the category `{name}` alone has {levels} levels \
             (--drop {name:?} leaves it out)",
            frame.n_rows()
        )));
    }
    Ok(features)
}
