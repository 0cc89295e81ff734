//! How far a metric could have come out otherwise, had other rows been drawn.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use super::quantile::quantile;
use super::targets::{at_least, finite};
use crate::Error;
use crate::data::below;

/// Intervals for a metric by drawing the rows again with replacement: the percentile interval of Efron (1979; Efron and
/// Tibshirani 1993, chapter 13).
///
/// The same rows, settings and seed give the same interval on every machine.
///
/// ```
/// use mlp::metrics::{Bootstrap, Targets, accuracy};
///
/// let labels: Vec<usize> = (0..100).map(|i| i % 2).collect();
/// let predictions: Vec<usize> = (0..100).map(|i| if i % 10 == 0 { 1 } else { i % 2 }).collect();
/// let bootstrap = Bootstrap { resamples: 500, ..Bootstrap::default() };
/// let interval =
///     bootstrap.interval(100, |rows| accuracy(Targets::weighted(&labels, rows.weights()), &predictions))?;
/// assert_eq!(interval.estimate, 0.9);
/// assert!(interval.low > 0.8 && interval.low < 0.9 && interval.high > 0.9 && interval.high < 1.0);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How often the rows are drawn again, at least once; ends of an interval want a thousand.
    pub resamples: usize,
    /// The fraction of resamples whose metric lies within the interval, above 0 and below 1.
    pub confidence: f64,
    /// What the draws follow from.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 1000 resamples, confidence 0.95, seed 0.
    fn default() -> Self {
        Self { resamples: 1000, confidence: 0.95, seed: 0 }
    }
}

/// A metric with the interval around it, from [`Bootstrap`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The metric of the rows as they are.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Rows drawn with replacement; a metric may take them as rows or as weights, which comes to the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Resample {
    rows: Vec<usize>,
    weights: Vec<f64>,
}

impl Resample {
    /// The rows, as many as there are, some of them more than once.
    ///
    /// ```
    /// use mlp::metrics::Bootstrap;
    ///
    /// let y = [2.0, 3.0, 4.0];
    /// let mean = |rows: &[usize]| rows.iter().map(|row| y[*row]).sum::<f64>() / 3.0;
    /// let interval = Bootstrap::default().interval(3, |resample| Ok(mean(resample.rows())))?;
    /// assert_eq!(interval.estimate, 3.0);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// How often each row was drawn, 0 and up, as weights for [`Targets::weighted`](super::Targets::weighted).
    ///
    /// ```
    /// use mlp::metrics::{Bootstrap, Targets, r2};
    ///
    /// let (y, predictions) = ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]);
    /// let of = |weights: &[f64]| r2(Targets::weighted(&y, weights), &predictions);
    /// assert_eq!(Bootstrap::default().interval(4, |resample| of(resample.weights()))?.low, 1.0);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    fn draw(&mut self, strata: &[Vec<usize>], random: &mut Xoshiro256PlusPlus) {
        self.rows.clear();
        self.weights.fill(0.0);
        for stratum in strata {
            for _ in stratum {
                let row = stratum[below(stratum.len() as u64, random) as usize];
                self.rows.push(row);
                self.weights[row] += 1.0;
            }
        }
    }
}

impl Bootstrap {
    /// The metric of `n_rows` rows and its interval; `metric` is asked once for the rows as they are, and once a resample.
    ///
    /// A resample may leave a class without rows; where the metric then fails, as areas under curves do, take
    /// [`stratified_interval`](Self::stratified_interval).
    ///
    /// # Errors
    /// Where there are no rows, a setting is outside its range, the metric fails, or comes to no finite number.
    ///
    /// ```
    /// use mlp::metrics::{Bootstrap, Targets, mean_absolute_error};
    ///
    /// let (y, predictions) = ([1.0, 2.0, 3.0, 4.0], [1.5, 2.0, 2.0, 4.0]);
    /// let bootstrap = Bootstrap { confidence: 0.5, ..Bootstrap::default() };
    /// let of = |weights: &[f64]| mean_absolute_error(Targets::weighted(&y, weights), &predictions);
    /// let interval = bootstrap.interval(4, |resample| of(resample.weights()))?;
    /// assert_eq!(interval.estimate, 0.375);
    /// assert_eq!((interval.low, interval.high), (0.25, 0.5));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn interval(
        &self,
        n_rows: usize,
        metric: impl FnMut(&Resample) -> Result<f64, Error>,
    ) -> Result<Interval, Error> {
        self.of_strata(&[(0..n_rows).collect()], metric)
    }

    /// As [`interval`](Self::interval), with as many rows of each class in every resample as there are.
    ///
    /// # Errors
    /// Where there are no rows, a setting is outside its range, the metric fails, or comes to no finite number.
    ///
    /// ```
    /// use mlp::metrics::{Bootstrap, Targets, roc_auc};
    ///
    /// let (labels, scores) = ([0, 0, 0, 0, 0, 1, 1], [0.1, 0.3, 0.2, 0.6, 0.4, 0.5, 0.9]);
    /// let of = |weights: &[f64]| roc_auc(Targets::weighted(&labels, weights), &scores);
    /// assert!(Bootstrap::default().interval(7, |resample| of(resample.weights())).is_err());
    /// let interval = Bootstrap::default().stratified_interval(&labels, |resample| of(resample.weights()))?;
    /// assert_eq!((interval.estimate, interval.high), (0.9, 1.0));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn stratified_interval(
        &self,
        labels: &[usize],
        metric: impl FnMut(&Resample) -> Result<f64, Error>,
    ) -> Result<Interval, Error> {
        let mut rows: Vec<usize> = (0..labels.len()).collect();
        rows.sort_by_key(|row| labels[*row]);
        let strata: Vec<Vec<usize>> =
            rows.chunk_by(|a, b| labels[*a] == labels[*b]).map(<[usize]>::to_vec).collect();
        self.of_strata(&strata, metric)
    }

    fn of_strata(
        &self,
        strata: &[Vec<usize>],
        mut metric: impl FnMut(&Resample) -> Result<f64, Error>,
    ) -> Result<Interval, Error> {
        let n_rows = strata.iter().map(Vec::len).sum();
        at_least("bootstrap", 1, n_rows)?;
        if self.resamples == 0 {
            return Err(Error::Setting { setting: "resamples", wants: "at least 1", got: "0".to_owned() });
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            let wants = "a fraction above 0 and below 1";
            return Err(Error::Setting { setting: "confidence", wants, got: self.confidence.to_string() });
        }
        let mut of = |resample: &Resample| finite("bootstrap", metric(resample)?);
        let mut resample = Resample { rows: (0..n_rows).collect(), weights: vec![1.0; n_rows] };
        let estimate = of(&resample)?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed ^ u64::from_le_bytes(*b"resample"));
        let mut values = Vec::new();
        for _ in 0..self.resamples {
            resample.draw(strata, &mut random);
            values.push(of(&resample)?);
        }
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - self.confidence) / 2.0;
        Ok(Interval { estimate, low: quantile(&values, tail), high: quantile(&values, 1.0 - tail) })
    }
}
