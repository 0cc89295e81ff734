//! Rows dealt out to folds, each held out once.

use super::{Split, rows_of_classes, rows_of_groups, shuffle, stream};
use crate::Error;
use crate::data::Dataset;
use crate::data::data_error::{DataError, DataErrorKind};

/// Cross-validation in k folds: rows are dealt out to k parts, and each part is held out once while the others are trained on.
///
/// The same data, settings and seed give the same folds on every machine.
///
/// ```
/// use mlp::data::{KFold, bundled};
///
/// let digits = bundled::digits();
/// let mut held_out = vec![0; digits.n_rows()];
/// for split in KFold::stratified(5).split(&digits)? {
///     split.held_out.iter().for_each(|row| held_out[*row] += 1);
/// }
/// assert!(held_out.iter().all(|times| *times == 1));
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KFold {
    /// k, at least 2.
    pub folds: usize,
    /// What is dealt out.
    pub by: FoldBy,
    /// How often all of it is done, each time with other folds; at least once.
    pub repeats: usize,
    /// What the folds follow from.
    pub seed: u64,
}

/// What [`KFold`] deals out, always shuffled before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FoldBy {
    /// Rows, one to a fold in turn: folds differ by at most one row.
    #[default]
    Rows,
    /// The rows of one class after the other, one to a fold in turn: folds differ by at most one row of each class, and by at most
    /// one row in all.
    Classes,
    /// Whole groups, from the largest to the smallest, each to the fold that has the fewest rows yet (Graham 1969): no group is
    /// torn, and folds differ by no more rows than the largest group has.
    Groups,
}

impl KFold {
    /// So many folds of rows, once, seed 0.
    ///
    /// ```
    /// use mlp::data::{KFold, bundled};
    ///
    /// let twice = KFold { repeats: 2, ..KFold::new(10) };
    /// assert_eq!(twice.split(&bundled::digits())?.len(), 20);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn new(folds: usize) -> Self {
        Self { folds, by: FoldBy::Rows, repeats: 1, seed: 0 }
    }

    /// So many folds with the classes of the whole in each, once, seed 0.
    ///
    /// ```
    /// use mlp::data::{FoldBy, KFold};
    ///
    /// assert_eq!(KFold::stratified(5), KFold { by: FoldBy::Classes, ..KFold::new(5) });
    /// ```
    pub fn stratified(folds: usize) -> Self {
        Self { by: FoldBy::Classes, ..Self::new(folds) }
    }

    /// So many folds of whole groups, once, seed 0.
    ///
    /// ```
    /// use mlp::data::{Dataset, KFold};
    ///
    /// let data = Dataset::from_rows(&[[0.0], [1.0], [2.0]], &["a", "b", "a"])?.with_groups(vec![1, 2, 1])?;
    /// let mut held_out: Vec<_> = KFold::grouped(2).split(&data)?.map(|split| split.held_out).collect();
    /// held_out.sort();
    /// assert_eq!(held_out, [vec![0, 2], vec![1]]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn grouped(folds: usize) -> Self {
        Self { by: FoldBy::Groups, ..Self::new(folds) }
    }

    /// The splits, fold by fold and repeat by repeat.
    ///
    /// # Errors
    /// When there are fewer than two folds or no repeat, more folds than rows, groups, or rows of a class, or there is no class or
    /// group to go by.
    ///
    /// ```
    /// use mlp::data::{Dataset, KFold};
    ///
    /// let data = Dataset::from_rows(&[[0.0], [1.0], [2.0]], &["a", "b", "a"])?;
    /// let error = KFold::stratified(2).split(&data).unwrap_err();
    /// assert!(error.to_string().starts_with("column `class`: class `b` has only 1 row, fewer than 2 folds"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn split(&self, data: &Dataset) -> Result<Folds, Error> {
        for (setting, wants, least, got) in
            [("folds", "at least 2", 2, self.folds), ("repeats", "at least 1", 1, self.repeats)]
        {
            if got < least {
                return Err(Error::Setting { setting, wants, got: got.to_string() });
            }
        }
        let n_rows = data.n_rows();
        let too_many = |what: &str, n: usize| {
            Error::shape("folds", format!("at most as many folds as {what}, {n}"), self.folds.to_string())
        };
        let parts = match self.by {
            FoldBy::Rows => vec![(0..n_rows).collect()],
            FoldBy::Classes => rows_of_classes(data)?,
            FoldBy::Groups => rows_of_groups(data)?,
        };
        if self.folds > n_rows {
            return Err(too_many("rows", n_rows));
        }
        if self.by == FoldBy::Groups && self.folds > parts.len() {
            return Err(too_many("groups", parts.len()));
        }
        if self.by == FoldBy::Classes
            && let Some(class) = parts.iter().position(|rows| !rows.is_empty() && rows.len() < self.folds)
        {
            let (rows, folds) = (parts[class].len(), self.folds);
            let kind =
                DataErrorKind::FewerRowsThanFolds { class: data.classes()[class].clone(), rows, folds };
            return Err(DataError::of_column(&data.target().names()[0], kind).into());
        }
        Ok(Folds { settings: *self, parts, n_rows, next: 0, fold_of: Vec::new() })
    }
}

/// The splits of a [`KFold`], one after the other.
#[derive(Debug, Clone)]
pub struct Folds {
    settings: KFold,
    /// The rows of each class or group, or all rows.
    parts: Vec<Vec<usize>>,
    n_rows: usize,
    /// The split that comes next, among those of all repeats.
    next: usize,
    /// The fold of each row in the repeat that is under way.
    fold_of: Vec<usize>,
}

impl Folds {
    /// Deals the rows out anew, as it follows from the seed and the repeat.
    fn deal(&mut self, repeat: usize) {
        let KFold { folds, by, seed, .. } = self.settings;
        let mut random = stream(seed, b"\0\0\0folds", repeat as u64);
        self.fold_of.resize(self.n_rows, 0);
        if by == FoldBy::Groups {
            let mut groups: Vec<&Vec<usize>> = self.parts.iter().collect();
            shuffle(&mut groups, &mut random);
            groups.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
            let mut held = vec![0; folds];
            for rows in groups {
                let fewest = (0..folds).min_by_key(|fold| held[*fold]).expect("there are at least two folds");
                held[fewest] += rows.len();
                rows.iter().for_each(|row| self.fold_of[*row] = fewest);
            }
            return;
        }
        // The deal goes on from class to class, or the first folds would have a row more of each.
        let mut dealt = 0;
        for part in &self.parts {
            let mut rows = part.clone();
            shuffle(&mut rows, &mut random);
            for row in rows {
                self.fold_of[row] = dealt % folds;
                dealt += 1;
            }
        }
    }
}

impl Iterator for Folds {
    type Item = Split;

    fn next(&mut self) -> Option<Split> {
        let KFold { folds, repeats, .. } = self.settings;
        let (repeat, fold) = (self.next / folds, self.next % folds);
        if repeat == repeats {
            return None;
        }
        if fold == 0 {
            self.deal(repeat);
        }
        self.next += 1;
        let (held_out, train) = (0..self.n_rows).partition(|row| self.fold_of[*row] == fold);
        Some(Split { train, held_out })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.settings.folds.saturating_mul(self.settings.repeats)).saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Folds {}
