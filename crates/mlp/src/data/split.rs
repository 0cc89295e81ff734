//! Rows held out from training.

mod folds;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

use super::Dataset;
use super::data_error::{DataError, DataErrorKind};
use crate::Error;

pub use folds::{FoldBy, Folds, KFold};

/// Which rows are trained on and which are held out to measure by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The rows to train on, ascending.
    pub train: Vec<usize>,
    /// The rows held out, ascending.
    pub held_out: Vec<usize>,
}

impl Split {
    /// A random split that holds out the fraction `held_out` of all rows, at least one, and leaves at least one for training.
    ///
    /// The rows are shuffled (Fisher and Yates 1938), and the first of them held out. The same number of rows, fraction and
    /// seed give the same split on every machine.
    ///
    /// # Errors
    /// Where the fraction is not between 0 and 1, or there are fewer than two rows.
    ///
    /// ```
    /// use mlp::data::{Split, bundled};
    ///
    /// let split = Split::random(&bundled::digits(), 0.25, 0)?;
    /// assert_eq!((split.train.len(), split.held_out.len()), (1348, 449));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn random(data: &Dataset, held_out: f64, seed: u64) -> Result<Self, Error> {
        check_fraction(held_out)?;
        let mut rows: Vec<usize> = (0..data.n_rows()).collect();
        if rows.len() < 2 {
            return Err(Error::shape("split", "at least two rows", rows.len().to_string()));
        }
        shuffle(&mut rows, &mut generator(seed));
        let train = rows.split_off(share(rows.len(), held_out));
        Ok(Self::sorted(train, rows))
    }

    /// A random split that holds out the fraction `held_out` of the groups, at least one, with all of their rows, and leaves at
    /// least one group for training.
    ///
    /// The groups, in the order in which they first come, are shuffled, and the first of them held out.
    ///
    /// # Errors
    /// Where the fraction is not between 0 and 1, or the rows have no groups or fewer than two.
    ///
    /// ```
    /// use mlp::data::{Dataset, Split};
    ///
    /// let data = Dataset::from_rows(&[[0.0], [1.0], [2.0], [3.0]], &["a", "b", "a", "b"])?;
    /// let split = Split::grouped(&data.with_groups(vec![7, 9, 9, 7])?, 0.5, 0)?;
    /// assert!([vec![0, 3], vec![1, 2]].contains(&split.held_out));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn grouped(data: &Dataset, held_out: f64, seed: u64) -> Result<Self, Error> {
        check_fraction(held_out)?;
        let mut groups = rows_of_groups(data)?;
        if groups.len() < 2 {
            return Err(Error::shape("split", "at least two groups", groups.len().to_string()));
        }
        shuffle(&mut groups, &mut generator(seed));
        let train = groups.split_off(share(groups.len(), held_out));
        Ok(Self::sorted(train.concat(), groups.concat()))
    }

    /// A random split that holds out the fraction `held_out` of each class, at least one row of it, and leaves at
    /// least one for training.
    ///
    /// The same labels, fraction and seed give the same split on every machine.
    ///
    /// # Errors
    /// Where the fraction is not between 0 and 1, a class has a single row, or the target is no class.
    ///
    /// ```
    /// use mlp::data::{Split, bundled};
    ///
    /// let digits = bundled::digits();
    /// let split = Split::stratified(&digits, 0.2, 0)?;
    /// assert_eq!((split.train.len(), split.held_out.len()), (1438, 359));
    /// assert_eq!(split, Split::stratified(&digits, 0.2, 0)?);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn stratified(data: &Dataset, held_out: f64, seed: u64) -> Result<Self, Error> {
        check_fraction(held_out)?;
        let rows_of = rows_of_classes(data)?;
        let mut rng = generator(seed);
        let mut split = Self { train: Vec::new(), held_out: Vec::new() };
        for (class, mut rows) in rows_of.into_iter().enumerate() {
            match rows.len() {
                0 => continue,
                1 => {
                    let kind = DataErrorKind::ClassTooSmall { class: data.classes()[class].clone(), rows: 1 };
                    return Err(DataError::of_column(&data.target().names()[0], kind).into());
                }
                _ => shuffle(&mut rows, &mut rng),
            }
            let (out, train) = rows.split_at(share(rows.len(), held_out));
            split.held_out.extend_from_slice(out);
            split.train.extend_from_slice(train);
        }
        Ok(Self::sorted(split.train, split.held_out))
    }

    fn sorted(mut train: Vec<usize>, mut held_out: Vec<usize>) -> Self {
        train.sort_unstable();
        held_out.sort_unstable();
        Self { train, held_out }
    }
}

fn check_fraction(held_out: f64) -> Result<(), Error> {
    if held_out > 0.0 && held_out < 1.0 {
        return Ok(());
    }
    let wants = "a fraction above 0 and below 1";
    Err(Error::Setting { setting: "held_out", wants, got: held_out.to_string() })
}

/// How many of `n` are held out: at least one, and not all. There are at least two.
fn share(n: usize, held_out: f64) -> usize {
    ((n as f64 * held_out).round() as usize).clamp(1, n - 1)
}

/// The rows of each class, ascending.
fn rows_of_classes(data: &Dataset) -> Result<Vec<Vec<usize>>, Error> {
    if data.classes().is_empty() {
        return Err(Error::shape("stratified", "a target of classes", "labels or numbers"));
    }
    let mut rows_of = vec![Vec::new(); data.classes().len()];
    for (row, label) in data.labels().iter().enumerate() {
        rows_of[*label].push(row);
    }
    Ok(rows_of)
}

/// The rows of each group, ascending, in the order in which the groups first come.
fn rows_of_groups(data: &Dataset) -> Result<Vec<Vec<usize>>, Error> {
    let Some(groups) = data.groups() else {
        return Err(Error::shape("grouped", "rows that belong to groups", "rows without"));
    };
    let (mut places, mut rows_of) = (HashMap::new(), Vec::<Vec<usize>>::new());
    for (row, group) in groups.iter().enumerate() {
        let place = *places.entry(group).or_insert(rows_of.len());
        if place == rows_of.len() {
            rows_of.push(Vec::new());
        }
        rows_of[place].push(row);
    }
    Ok(rows_of)
}

/// A generator of this file's own: the seed with a mark in it, so that other users of the same seed draw other numbers.
fn generator(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed ^ u64::from_le_bytes(*b"\0\0\0split"))
}

/// The generator of the epoch or repeat `index` of a seed: it follows from these alone, so that any can be begun at without
/// those before it.
pub(super) fn stream(seed: u64, mark: &[u8; 8], index: u64) -> Xoshiro256PlusPlus {
    let first = Xoshiro256PlusPlus::seed_from_u64(seed ^ u64::from_le_bytes(*mark)).next_u64();
    Xoshiro256PlusPlus::seed_from_u64(first.wrapping_add(index))
}

/// Fisher and Yates (1938), in Durstenfeld's form. Written out because how `rand` draws from a range may change with
/// its version, and a seed must mean the same rows for ever.
pub(super) fn shuffle<R>(rows: &mut [R], rng: &mut Xoshiro256PlusPlus) {
    for i in (1..rows.len()).rev() {
        rows.swap(i, below(i as u64 + 1, rng) as usize);
    }
}

/// A number below `bound`, all equally likely: Lemire (2019), "Fast Random Integer Generation in an Interval".
pub(crate) fn below(bound: u64, rng: &mut Xoshiro256PlusPlus) -> u64 {
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(bound);
        if product as u64 >= bound.wrapping_neg() % bound {
            return (product >> 64) as u64;
        }
    }
}
