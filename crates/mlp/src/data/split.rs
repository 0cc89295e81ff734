//! Rows held out from training.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

use super::Dataset;
use super::data_error::{DataError, DataErrorKind};
use crate::Error;

/// Which rows are trained on and which are held out to measure by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The rows to train on, ascending.
    pub train: Vec<usize>,
    /// The rows held out, ascending.
    pub held_out: Vec<usize>,
}

impl Split {
    /// A random split that holds out the fraction `held_out` of each class, at least one row of it, and leaves at
    /// least one for training.
    ///
    /// The same labels, fraction and seed give the same split on every machine.
    ///
    /// # Errors
    /// Where the fraction is not between 0 and 1, or a class has a single row.
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
        if !(held_out > 0.0 && held_out < 1.0) {
            return Err(Error::Setting {
                setting: "held_out",
                wants: "a fraction above 0 and below 1",
                got: held_out.to_string(),
            });
        }
        let mut rows_of = vec![Vec::new(); data.classes().len()];
        for (row, label) in data.labels().iter().enumerate() {
            rows_of[*label].push(row);
        }
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
            let wanted = (rows.len() as f64 * held_out).round() as usize;
            let (out, train) = rows.split_at(wanted.clamp(1, rows.len() - 1));
            split.held_out.extend_from_slice(out);
            split.train.extend_from_slice(train);
        }
        split.train.sort_unstable();
        split.held_out.sort_unstable();
        Ok(split)
    }
}

/// A generator of this file's own: the seed with a mark in it, so that other users of the same seed draw other numbers.
fn generator(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed ^ u64::from_le_bytes(*b"\0\0\0split"))
}

/// Fisher and Yates (1938), in Durstenfeld's form. Written out because how `rand` draws from a range may change with
/// its version, and a seed must mean the same rows for ever.
fn shuffle(rows: &mut [usize], rng: &mut Xoshiro256PlusPlus) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn data(labels: &[usize]) -> Dataset {
        let classes = (0..=labels.iter().copied().max().unwrap()).map(|class| class.to_string()).collect();
        Dataset::new(vec![0.0; labels.len()], vec!["x".into()], "y".into(), labels.to_vec(), classes).unwrap()
    }

    #[test]
    fn every_row_is_on_one_side_and_every_class_on_both() {
        let labels: Vec<usize> = (0..97).map(|i| (i * i) % 7 % 4).collect();
        let data = data(&labels);
        for seed in 0..20 {
            for fraction in [0.001, 0.2, 0.5, 0.999] {
                let split = Split::stratified(&data, fraction, seed).unwrap();
                let mut all = [split.train.clone(), split.held_out.clone()].concat();
                all.sort_unstable();
                assert_eq!(all, (0..97).collect::<Vec<_>>());
                for class in data.labels() {
                    assert!(split.train.iter().any(|row| labels[*row] == *class));
                    assert!(split.held_out.iter().any(|row| labels[*row] == *class));
                }
            }
        }
    }

    #[test]
    fn a_seed_means_these_rows_for_ever() {
        let split = Split::stratified(&data(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]), 0.4, 7).unwrap();
        assert_eq!(split.held_out, [0, 1, 3, 6]);
        assert_ne!(split, Split::stratified(&data(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]), 0.4, 8).unwrap());
    }

    #[test]
    fn a_class_of_one_row_is_named() {
        let error = Split::stratified(&data(&[0, 0, 1, 2, 2]), 0.5, 0).unwrap_err();
        assert!(error.to_string().contains("class `1` has only 1 row"), "{error}");
    }

    #[test]
    fn a_fraction_outside_its_range_is_refused() {
        for fraction in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
            assert!(matches!(Split::stratified(&data(&[0, 1]), fraction, 0), Err(Error::Setting { .. })));
        }
    }

    #[test]
    fn numbers_below_a_bound_are_equally_likely() {
        let mut rng = generator(0);
        let mut counts = [0_u32; 6];
        for _ in 0..6000 {
            counts[below(6, &mut rng) as usize] += 1;
        }
        // Six standard deviations of a count of mean 1000.
        assert!(counts.iter().all(|count| count.abs_diff(1000) < 175), "{counts:?}");
    }
}
