//! The order in which the rows of an epoch come.

#[cfg(test)]
mod tests;

use rand::Rng;

use super::below;
use super::dataset::check_weights;
use super::split::{shuffle, stream};
use crate::Error;

/// The rows of each epoch, in their order, all of which follows from the seed and the number of the epoch: training that goes on
/// at some epoch needs no other state, and replays none of those before it.
///
/// ```
/// use mlp::data::Sampler;
///
/// let sampler = Sampler::random(5, 7);
/// let mut tenth = sampler.order(10);
/// assert_eq!(tenth, Sampler::random(5, 7).order(10));
/// assert_ne!(tenth, sampler.order(11));
/// tenth.sort();
/// assert_eq!(tenth, [0, 1, 2, 3, 4]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sampler {
    order: Order,
    n_rows: usize,
    seed: u64,
}

#[derive(Debug, Clone, PartialEq)]
enum Order {
    Sequential,
    Random,
    WithReplacement {
        draws: usize,
    },
    Weighted {
        /// The sums of the weights up to and with each row.
        sums: Vec<f64>,
        draws: usize,
    },
    Stratified {
        /// The rows of each class that has any.
        strata: Vec<Vec<usize>>,
        /// The class that comes at each place, as a place among `strata`.
        pattern: Vec<u32>,
    },
}

impl Sampler {
    /// All rows as they stand, in every epoch.
    ///
    /// ```
    /// assert_eq!(mlp::data::Sampler::sequential(3).order(5), [0, 1, 2]);
    /// ```
    pub fn sequential(n_rows: usize) -> Self {
        Self { order: Order::Sequential, n_rows, seed: 0 }
    }

    /// All rows, shuffled anew for each epoch (Fisher and Yates 1938).
    ///
    /// ```
    /// assert_eq!(mlp::data::Sampler::random(100, 0).order(1).len(), 100);
    /// ```
    pub fn random(n_rows: usize, seed: u64) -> Self {
        Self { order: Order::Random, n_rows, seed }
    }

    /// So many draws of a row, all rows equally likely in each.
    ///
    /// # Errors
    /// When there are draws but no rows.
    ///
    /// ```
    /// let order = mlp::data::Sampler::with_replacement(2, 50, 0)?.order(1);
    /// assert!(order.len() == 50 && order.contains(&0) && order.contains(&1));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn with_replacement(n_rows: usize, draws: usize, seed: u64) -> Result<Self, Error> {
        if n_rows == 0 && draws > 0 {
            return Err(Error::shape("sampler", "at least one row to draw", "0"));
        }
        Ok(Self { order: Order::WithReplacement { draws }, n_rows, seed })
    }

    /// So many draws of a row, each row as likely as its share of the weights; one of weight 0 never comes.
    ///
    /// # Errors
    /// When there is no row, a weight is negative or not finite, all are 0, or their sum is not finite.
    ///
    /// ```
    /// let order = mlp::data::Sampler::weighted(&[0.0, 1.0, 3.0], 400, 0)?.order(1);
    /// let twos = order.iter().filter(|row| **row == 2).count();
    /// assert!(!order.contains(&0) && (250..350).contains(&twos));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn weighted(weights: &[f64], draws: usize, seed: u64) -> Result<Self, Error> {
        check_weights(weights, weights.len())?;
        let mut sum = 0.0;
        let sums: Vec<f64> = weights
            .iter()
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        if weights.is_empty() || !sum.is_finite() {
            let got = format!("{} weights whose sum is {sum}", weights.len());
            return Err(Error::shape("sampler", "at least one weight, and a finite sum", got));
        }
        Ok(Self { order: Order::Weighted { sums, draws }, n_rows: weights.len(), seed })
    }

    /// All rows, shuffled anew for each epoch so that any stretch of them, such as a batch, has of each class its share of the
    /// rows up to fewer than two.
    ///
    /// Which class comes where is Tijdeman's answer to the chairman assignment problem (1980), begun at another place in each
    /// epoch; which of its rows, a shuffle.
    ///
    /// ```
    /// use mlp::data::Sampler;
    ///
    /// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
    /// for batch in Sampler::stratified(&labels, 0).order(1).chunks(3) {
    ///     assert!(batch.iter().filter(|row| labels[**row] == 1).count() <= 2);
    /// }
    /// ```
    pub fn stratified(labels: &[usize], seed: u64) -> Self {
        let mut rows: Vec<usize> = (0..labels.len()).collect();
        rows.sort_by_key(|row| labels[*row]);
        let strata: Vec<Vec<usize>> =
            rows.chunk_by(|a, b| labels[*a] == labels[*b]).map(<[usize]>::to_vec).collect();
        let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
        let pattern = chairmen(&sizes);
        Self { order: Order::Stratified { strata, pattern }, n_rows: labels.len(), seed }
    }

    /// The rows of this epoch.
    ///
    /// ```
    /// assert_eq!(mlp::data::Sampler::sequential(2).order(0), [0, 1]);
    /// ```
    pub fn order(&self, epoch: u64) -> Vec<usize> {
        let mut rows = Vec::new();
        self.order_into(epoch, &mut rows);
        rows
    }

    /// The rows of this epoch, written over `rows`.
    ///
    /// ```
    /// let mut rows = vec![9];
    /// mlp::data::Sampler::sequential(2).order_into(0, &mut rows);
    /// assert_eq!(rows, [0, 1]);
    /// ```
    pub fn order_into(&self, epoch: u64, rows: &mut Vec<usize>) {
        rows.clear();
        let mut random = stream(self.seed, b"\0\0sample", epoch);
        match &self.order {
            Order::Sequential => rows.extend(0..self.n_rows),
            Order::Random => {
                rows.extend(0..self.n_rows);
                shuffle(rows, &mut random);
            }
            Order::WithReplacement { draws } => {
                rows.extend((0..*draws).map(|_| below(self.n_rows as u64, &mut random) as usize));
            }
            Order::Weighted { sums, draws } => {
                let total = sums[sums.len() - 1];
                // The last row that has any weight: where a product rounds up to the total, it is the one.
                let last = sums.partition_point(|sum| *sum < total);
                rows.extend((0..*draws).map(|_| {
                    let fraction = (random.next_u64() >> 11) as f64 * 2.0_f64.powi(-53);
                    sums.partition_point(|sum| *sum <= fraction * total).min(last)
                }));
            }
            Order::Stratified { strata, pattern } => {
                let mut strata = strata.clone();
                strata.iter_mut().for_each(|rows| shuffle(rows, &mut random));
                let begin = below(pattern.len().max(1) as u64, &mut random) as usize;
                let (before, after) = pattern.split_at(begin);
                let next = |class: &u32| strata[*class as usize].pop().expect("a class comes once a row");
                rows.extend(after.iter().chain(before).map(next));
            }
        }
    }

    /// How many rows there are to choose from.
    ///
    /// ```
    /// assert_eq!(mlp::data::Sampler::with_replacement(3, 10, 0)?.n_rows(), 3);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How many rows make an epoch.
    ///
    /// ```
    /// assert_eq!(mlp::data::Sampler::with_replacement(3, 10, 0)?.draws(), 10);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn draws(&self) -> usize {
        match self.order {
            Order::WithReplacement { draws } | Order::Weighted { draws, .. } => draws,
            _ => self.n_rows,
        }
    }

    /// The seed.
    ///
    /// ```
    /// assert_eq!(mlp::data::Sampler::random(3, 7).seed(), 7);
    /// ```
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

/// The class at each place, so that up to every place t each class c has come t sizes[c]/n times up to less than one.
///
/// R. Tijdeman, "The chairman assignment problem" (1980): of the classes that are behind by 1/(2k - 2) or more once t has come,
/// the one that would be a whole place behind first.
fn chairmen(sizes: &[usize]) -> Vec<u32> {
    let n: usize = sizes.iter().sum();
    if sizes.len() < 2 {
        return vec![0; n];
    }
    let scale = 2 * sizes.len() as i128 - 2;
    let mut come = vec![0_i128; sizes.len()];
    let mut pattern = Vec::with_capacity(n);
    for t in 1..=n as i128 {
        let behind =
            |class: &usize| scale * (sizes[*class] as i128 * t - come[*class] * n as i128) >= n as i128;
        // (1 - 1/(2k - 2) + come)/size, as a fraction.
        let due = |class: usize| (scale - 1 + scale * come[class], sizes[class] as i128);
        let first = (0..sizes.len())
            .filter(behind)
            .min_by(|a, b| {
                let ((a, of_a), (b, of_b)) = (due(*a), due(*b));
                (a * of_b).cmp(&(b * of_a))
            })
            .expect("what is behind sums up to a place");
        come[first] += 1;
        pattern.push(first as u32);
    }
    pattern
}
