//! Scores by folds: cross-validation, a grid of settings, learning and validation curves.

mod parallel;
#[cfg(test)]
mod tests;

use super::split::{shuffle, stream};
use super::{Dataset, Sampler, Split};
use crate::Error;
use parallel::in_parallel;

/// What `fit_and_score` makes of each fold, in their order: it is given the rows to train on and those held out, and says how it
/// came out.
///
/// Folds are shared among so many threads; the result is the same for any number of them.
///
/// # Errors
/// When there is no thread or fold, a fold has rows that the data has not, or the first error of `fit_and_score` by the order of
/// folds; folds after it may not be tried.
///
/// # Panics
/// Where `fit_and_score` does, with its words.
///
/// ```
/// use mlp::data::{KFold, bundled, cross_validate};
/// use mlp::metrics::{Targets, accuracy};
///
/// let digits = bundled::digits();
/// let folds = KFold::stratified(3).split(&digits)?;
/// // Always the same digit is right in a tenth of the cases.
/// let scores = cross_validate(&digits, folds, 2, |_train, test| {
///     accuracy(Targets::from(test.labels()), &vec![3; test.n_rows()])
/// })?;
/// assert!(scores.len() == 3 && scores.iter().all(|score| (0.09..0.11).contains(score)));
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn cross_validate<S: Send>(
    data: &Dataset,
    folds: impl IntoIterator<Item = Split>,
    threads: usize,
    fit_and_score: impl Fn(&Dataset, &Dataset) -> Result<S, Error> + Sync,
) -> Result<Vec<S>, Error> {
    let mut of_settings = grid(data, &[()], folds, threads, |(), train, test| fit_and_score(train, test))?;
    Ok(of_settings.pop().expect("there is one setting"))
}

/// What `fit_and_score` makes of each setting and fold: for each setting, in their order, one result a fold.
///
/// Settings and folds are shared among so many threads; the result is the same for any number of them.
///
/// # Errors
/// When there is no thread, setting or fold, a fold has rows that the data has not, or the first error of `fit_and_score` by the
/// order of settings and folds; what is after it may not be tried.
///
/// # Panics
/// Where `fit_and_score` does, with its words.
///
/// ```
/// use mlp::data::{KFold, Spread, bundled, grid};
/// use mlp::metrics::{Targets, accuracy};
///
/// let digits = bundled::digits();
/// let folds = KFold::stratified(5).split(&digits)?;
/// let scores = grid(&digits, &[0, 1, 3], folds, 2, |guess, _train, test| {
///     accuracy(Targets::from(test.labels()), &vec![*guess; test.n_rows()])
/// })?;
/// let mut means = scores.iter().map(|of_folds| Spread::of(of_folds).mean);
/// assert!(scores[0].len() == 5 && means.all(|mean| (0.09..0.11).contains(&mean)));
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn grid<P: Sync, S: Send>(
    data: &Dataset,
    settings: &[P],
    folds: impl IntoIterator<Item = Split>,
    threads: usize,
    fit_and_score: impl Fn(&P, &Dataset, &Dataset) -> Result<S, Error> + Sync,
) -> Result<Vec<Vec<S>>, Error> {
    let folds = checked(data, folds)?;
    if settings.is_empty() {
        return Err(Error::shape("grid", "at least one setting", "none"));
    }
    let results = in_parallel(threads, settings.len() * folds.len(), |task| {
        let (setting, fold) = (&settings[task / folds.len()], &folds[task % folds.len()]);
        fit_and_score(setting, &data.subset(&fold.train), &data.subset(&fold.held_out))
    })?;
    let mut results = results.into_iter();
    Ok(settings.iter().map(|_| results.by_ref().take(folds.len()).collect()).collect())
}

/// How a model scores on the rows that it was trained on, and on those held out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// On the rows that it was trained on.
    pub train: f64,
    /// On the rows held out.
    pub test: f64,
}

/// The mean and the standard deviation of scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation, of the scores as they are (over n, as NumPy has it by default).
    pub deviation: f64,
}

impl Spread {
    /// The mean and deviation of these scores; NaN of none.
    ///
    /// ```
    /// use mlp::data::Spread;
    ///
    /// assert_eq!(Spread::of(&[1.0, 3.0]), Spread { mean: 2.0, deviation: 1.0 });
    /// ```
    pub fn of(scores: &[f64]) -> Self {
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
        Self { mean, deviation: (squares / n).sqrt() }
    }
}

/// The scores at one point of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePoint<P> {
    /// How many rows were trained on, or the setting.
    pub at: P,
    /// The scores of each fold.
    pub scores: Vec<Scores>,
}

impl<P> CurvePoint<P> {
    /// The scores on rows that were trained on, over the folds.
    ///
    /// ```
    /// use mlp::data::{CurvePoint, Scores};
    ///
    /// let point = CurvePoint { at: 0.1, scores: vec![Scores { train: 0.9, test: 0.5 }; 3] };
    /// assert!((point.train().mean - 0.9).abs() < 1e-12);
    /// ```
    pub fn train(&self) -> Spread {
        Spread::of(&self.scores.iter().map(|scores| scores.train).collect::<Vec<_>>())
    }

    /// The scores on rows that were held out, over the folds.
    ///
    /// ```
    /// use mlp::data::{CurvePoint, Scores};
    ///
    /// let point = CurvePoint { at: 0.1, scores: vec![Scores { train: 0.9, test: 0.5 }; 3] };
    /// assert_eq!((point.test().mean, point.test().deviation), (0.5, 0.0));
    /// ```
    pub fn test(&self) -> Spread {
        Spread::of(&self.scores.iter().map(|scores| scores.test).collect::<Vec<_>>())
    }
}

/// How scores go with the number of rows that are trained on: of each fold's rows the first `n_rows[i]` in an order that follows
/// from the seed and the fold, so that fewer rows are among the more. Classes come in their share where the target is one.
///
/// `fit_and_score` is given the rows to train on and those held out. Rows and folds are shared among so many threads; the curve is
/// the same for any number of them.
///
/// # Errors
/// When there is no thread, number of rows or fold, a number is 0 or above the rows that some fold trains on, a fold has rows that
/// the data has not, or the first error of `fit_and_score` by the order of numbers and folds.
///
/// # Panics
/// Where `fit_and_score` does, with its words.
///
/// ```
/// use mlp::data::{KFold, Scores, bundled, learning_curve};
///
/// let digits = bundled::digits();
/// let folds = KFold::stratified(4).split(&digits)?;
/// let curve = learning_curve(&digits, &[100, 1000], folds, 0, 2, |train, test| {
///     Ok(Scores { train: train.n_rows() as f64, test: test.n_rows() as f64 })
/// })?;
/// assert_eq!((curve[1].at, curve[1].train().mean, curve[1].scores.len()), (1000, 1000.0, 4));
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn learning_curve(
    data: &Dataset,
    n_rows: &[usize],
    folds: impl IntoIterator<Item = Split>,
    seed: u64,
    threads: usize,
    fit_and_score: impl Fn(&Dataset, &Dataset) -> Result<Scores, Error> + Sync,
) -> Result<Vec<CurvePoint<usize>>, Error> {
    let folds = checked(data, folds)?;
    let most = folds.iter().map(|fold| fold.train.len()).min().unwrap_or(0);
    if n_rows.is_empty() {
        return Err(Error::shape("learning curve", "at least one number of rows", "none"));
    }
    if let Some(rows) = n_rows.iter().find(|rows| !(1..=most).contains(*rows)) {
        let wants = format!("from 1 to {most} rows, which every fold can train on");
        return Err(Error::shape("learning curve", wants, rows.to_string()));
    }
    let orders: Vec<Vec<usize>> = folds
        .iter()
        .enumerate()
        .map(|(number, fold)| in_order(data, &fold.train, seed, number as u64))
        .collect();
    let scores = in_parallel(threads, n_rows.len() * folds.len(), |task| {
        let fold = task % folds.len();
        let rows = &orders[fold][..n_rows[task / folds.len()]];
        fit_and_score(&data.subset(rows), &data.subset(&folds[fold].held_out))
    })?;
    let of_folds = scores.chunks(folds.len());
    Ok(n_rows
        .iter()
        .zip(of_folds)
        .map(|(rows, scores)| CurvePoint { at: *rows, scores: scores.to_vec() })
        .collect())
}

/// How scores go with a setting: what `fit_and_score` makes of each setting and fold, given the rows to train on and those held
/// out.
///
/// Settings and folds are shared among so many threads; the curve is the same for any number of them.
///
/// # Errors
/// As [`grid`].
///
/// # Panics
/// Where `fit_and_score` does, with its words.
///
/// ```
/// use mlp::data::{KFold, Scores, bundled, validation_curve};
///
/// let digits = bundled::digits();
/// let folds = KFold::new(2).split(&digits)?;
/// let curve = validation_curve(&digits, &[0.1, 1.0], folds, 1, |lambda, _train, _test| {
///     Ok(Scores { train: 1.0 - lambda, test: 0.5 })
/// })?;
/// assert_eq!((curve[1].at, curve[1].train().mean), (1.0, 0.0));
/// # Ok::<(), mlp::Error>(())
/// ```
pub fn validation_curve<P: Clone + Sync>(
    data: &Dataset,
    settings: &[P],
    folds: impl IntoIterator<Item = Split>,
    threads: usize,
    fit_and_score: impl Fn(&P, &Dataset, &Dataset) -> Result<Scores, Error> + Sync,
) -> Result<Vec<CurvePoint<P>>, Error> {
    let scores = grid(data, settings, folds, threads, fit_and_score)?;
    Ok(settings.iter().zip(scores).map(|(at, scores)| CurvePoint { at: at.clone(), scores }).collect())
}

/// The rows in an order whose beginnings are fair samples.
fn in_order(data: &Dataset, rows: &[usize], seed: u64, fold: u64) -> Vec<usize> {
    if data.labels().is_empty() {
        let mut rows = rows.to_vec();
        shuffle(&mut rows, &mut stream(seed, b"learning", fold));
        return rows;
    }
    let labels: Vec<usize> = rows.iter().map(|row| data.labels()[*row]).collect();
    let sampler = Sampler::stratified(&labels, seed ^ u64::from_le_bytes(*b"learning"));
    sampler.order(fold).into_iter().map(|place| rows[place]).collect()
}

/// The folds, whose rows must be among those of the data.
fn checked(data: &Dataset, folds: impl IntoIterator<Item = Split>) -> Result<Vec<Split>, Error> {
    let folds: Vec<Split> = folds.into_iter().collect();
    if folds.is_empty() {
        return Err(Error::shape("folds", "at least one", "none"));
    }
    let n_rows = data.n_rows();
    let rows = folds.iter().flat_map(|fold| fold.train.iter().chain(&fold.held_out));
    match rows.max() {
        Some(row) if *row >= n_rows => {
            Err(Error::shape("folds", format!("rows below {n_rows}"), format!("row {row}")))
        }
        _ => Ok(folds),
    }
}
