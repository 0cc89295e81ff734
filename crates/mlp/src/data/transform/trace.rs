//! Which columns a chain of transforms makes, and out of which: known without any row.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Fitted;
use crate::Error;
use crate::data::Frame;
use crate::data::data_error::{DataError, DataErrorKind, listed};
use crate::data::frame::Column;

/// No more places of sources than these in all: a file of a few megabytes could ask for any number.
const MOST_SOURCES: usize = 1 << 22;

/// A column on its way through a chain.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::data) struct Traced {
    pub(in crate::data) name: String,
    pub(in crate::data) is_number: bool,
    /// The places of the columns that it comes from, ascending.
    pub(in crate::data) from: Arc<[usize]>,
}

impl Fitted {
    /// The columns after this transform, of those before it; `after` is a frame that it made, where there is one.
    ///
    /// # Errors
    /// When a column is not there or of another kind, two columns then have one name, or there are too many.
    pub(in crate::data) fn trace(
        &self,
        before: Vec<Traced>,
        after: Option<&Frame>,
    ) -> Result<Vec<Traced>, Error> {
        if let Self::Custom(_) = self {
            let after = after.expect("no file holds a transform of the user's own");
            return Ok(traced_by_name(&before, after));
        }
        let takes_numbers = match self {
            Self::OneHot(_) | Self::Ordinal(_) => false,
            Self::Impute(impute) => matches!(impute.fills(), super::Fills::Numbers(_)),
            _ => true,
        };
        let touched = touched(&before, self.columns(), takes_numbers)?;
        let from = |place: usize| before[touched[place]].from.clone();
        let output = |(name, from)| Traced { name, is_number: true, from };
        let added: Vec<Traced> = match self {
            Self::Scale(_) | Self::Log(_) | Self::Clip(_) | Self::Custom(_) => return Ok(before),
            Self::OneHot(one_hot) => {
                one_hot.outputs().into_iter().map(|(name, at)| output((name, from(at)))).collect()
            }
            Self::Impute(impute) => {
                impute.outputs().into_iter().map(|(name, at)| output((name, from(at)))).collect()
            }
            Self::Ordinal(ordinal) => {
                let names = ordinal.columns().iter().cloned().enumerate();
                names.map(|(at, name)| output((name, from(at)))).collect()
            }
            Self::Polynomial(polynomial) => {
                let mut n_sources = 0;
                let mut added = Vec::new();
                for (name, columns) in polynomial.outputs() {
                    let from = union(columns.into_iter().map(from));
                    n_sources += from.len();
                    if n_sources > MOST_SOURCES {
                        let wants = format!("at most {MOST_SOURCES} sources of all products");
                        return Err(Error::shape("polynomial", wants, "more"));
                    }
                    added.push(output((name, from)));
                }
                added
            }
            Self::Pca(pca) => {
                let all = union((0..touched.len()).map(from));
                pca.outputs().into_iter().map(|name| output((name, all.clone()))).collect()
            }
        };
        let gone: HashSet<usize> =
            if let Self::Impute(_) = self { HashSet::new() } else { touched.into_iter().collect() };
        let kept = before.into_iter().enumerate().filter(|(at, _)| !gone.contains(at));
        let after: Vec<Traced> = kept.map(|(_, column)| column).chain(added).collect();
        let mut names = HashSet::with_capacity(after.len());
        match after.iter().find(|column| !names.insert(column.name.as_str())) {
            Some(Traced { name, .. }) => {
                Err(Error::shape("transform", "columns of different names", format!("`{name}` twice")))
            }
            None => Ok(after),
        }
    }
}

/// The places of the columns of these names, all of them of the kind that is wanted.
fn touched(before: &[Traced], names: &[String], wants_numbers: bool) -> Result<Vec<usize>, Error> {
    let known: HashMap<&str, usize> =
        before.iter().enumerate().map(|(at, column)| (column.name.as_str(), at)).collect();
    let missing: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !known.contains_key(name)).collect();
    if !missing.is_empty() {
        let kind = DataErrorKind::MissingColumns { names: listed(missing.into_iter(), 10) };
        return Err(DataError { file: None, line: None, column: None, kind }.into());
    }
    let place = |name: &String| {
        let at = known[name.as_str()];
        let (numbers, categories) = ("numbers", "categories");
        match (wants_numbers, before[at].is_number) {
            (true, false) => {
                Err(Error::shape("transform", format!("{numbers} in column `{name}`"), categories))
            }
            (false, true) => {
                Err(Error::shape("transform", format!("{categories} in column `{name}`"), numbers))
            }
            _ => Ok(at),
        }
    };
    names.iter().map(place).collect()
}

/// What is known of the columns of a transform that does not say: those of the same name come from where they came from,
/// others from anywhere.
fn traced_by_name(before: &[Traced], after: &Frame) -> Vec<Traced> {
    let all = union(before.iter().map(|column| column.from.clone()));
    let known: HashMap<&str, &Traced> = before.iter().map(|column| (column.name.as_str(), column)).collect();
    let traced = |(name, column): (&str, Column<'_>)| Traced {
        name: name.to_owned(),
        is_number: matches!(column, Column::Numbers(_)),
        from: known.get(name).map_or_else(|| all.clone(), |column| column.from.clone()),
    };
    after.columns().map(traced).collect()
}

fn union(sets: impl Iterator<Item = Arc<[usize]>>) -> Arc<[usize]> {
    let mut sets: Vec<Arc<[usize]>> = sets.collect();
    sets.dedup_by(|a, b| Arc::ptr_eq(a, b));
    if let [only] = sets.as_slice() {
        return only.clone();
    }
    let mut all: Vec<usize> = sets.iter().flat_map(|set| set.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all.into()
}
