//! Products of columns.

use serde::{Deserialize, Serialize};

use super::Columns;
use super::columns::{Checked, check_names};
use crate::Error;
use crate::data::Frame;

/// No more products than these, which is far beyond what can be learned from.
const MOST: usize = 1 << 16;

/// The products of up to `degree` of its columns, by degree, and then as scikit-learn has them: `x`, `y`, `x^2`, `x y`, `y^2`.
///
/// ```
/// use mlp::data::{Columns, Frame, Transform};
///
/// let frame = Frame::of_numbers(vec![2.0, 3.0], vec!["x".into(), "y".into()])?;
/// let squares = Transform::Polynomial { columns: Columns::All, degree: 2, interactions: false };
/// let products = squares.fit(&frame)?.apply(frame)?;
/// assert_eq!(products.names(), ["x", "y", "x^2", "x y", "y^2"]);
/// assert_eq!(products.numbers(), [2.0, 3.0, 4.0, 6.0, 9.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Polynomial {
    columns: Vec<String>,
    degree: usize,
    interactions: bool,
}

/// A product: one with a factor less, by its place, and the column that is the last factor.
#[derive(Clone, Copy)]
struct Term {
    shorter: Option<usize>,
    last: usize,
}

impl Polynomial {
    pub(super) fn fit(
        frame: &Frame,
        columns: &Columns,
        degree: usize,
        interactions: bool,
    ) -> Result<Self, Error> {
        let fitted = Self { columns: columns.numbers(frame), degree, interactions };
        fitted.check()?;
        frame.number_places(&fitted.columns)?;
        Ok(fitted)
    }

    /// The names of its columns.
    ///
    /// ```
    /// # use mlp::data::{Columns, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![2.0, 3.0], vec!["x".into(), "y".into()])?;
    /// let products = Transform::Polynomial { columns: Columns::All, degree: 2, interactions: true };
    /// assert_eq!(products.fit(&frame)?.columns(), ["x", "y"]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The most factors.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![2.0, 3.0], vec!["x".into(), "y".into()])?;
    /// let products = Transform::Polynomial { columns: Columns::All, degree: 2, interactions: true };
    /// let Fitted::Polynomial(products) = products.fit(&frame)? else { panic!("products") };
    /// assert_eq!(products.degree(), 2);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// The factors of each product, as places of columns, ascending.
    ///
    /// ```
    /// # use mlp::data::{Columns, Fitted, Frame, Transform};
    /// let frame = Frame::of_numbers(vec![2.0, 3.0], vec!["x".into(), "y".into()])?;
    /// let products = Transform::Polynomial { columns: Columns::All, degree: 2, interactions: true };
    /// let Fitted::Polynomial(products) = products.fit(&frame)? else { panic!("products") };
    /// assert_eq!(products.factors(), [vec![0], vec![1], vec![0, 1]]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn factors(&self) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = Vec::new();
        for term in self.terms().expect("the number of products was checked") {
            let mut factors = term.shorter.map(|shorter| all[shorter].clone()).unwrap_or_default();
            factors.push(term.last);
            all.push(factors);
        }
        all
    }

    fn terms(&self) -> Result<Vec<Term>, Error> {
        let n_columns = self.columns.len();
        let too_many = || {
            let got = format!("degree {} in {n_columns} columns", self.degree);
            Err(Error::shape("polynomial", format!("at most {MOST} products"), got))
        };
        if n_columns > MOST {
            return too_many();
        }
        let mut terms: Vec<Term> = (0..n_columns).map(|last| Term { shorter: None, last }).collect();
        let mut longest = 0..n_columns;
        for _ in 1..self.degree {
            for shorter in longest.clone() {
                let first = terms[shorter].last + usize::from(self.interactions);
                terms.extend((first..n_columns).map(|last| Term { shorter: Some(shorter), last }));
                if terms.len() > MOST {
                    return too_many();
                }
            }
            longest = longest.end..terms.len();
            if longest.is_empty() {
                break;
            }
        }
        Ok(terms)
    }

    /// The names of the products, each with the places of its columns.
    pub(crate) fn outputs(&self) -> Vec<(String, Vec<usize>)> {
        let name = |factors: Vec<usize>| {
            let powers = factors.chunk_by(|a, b| a == b).map(|same| match same.len() {
                1 => self.columns[same[0]].clone(),
                power => format!("{}^{power}", self.columns[same[0]]),
            });
            let name = powers.collect::<Vec<_>>().join(" ");
            let mut columns = factors;
            columns.dedup();
            (name, columns)
        };
        self.factors().into_iter().map(name).collect()
    }

    pub(super) fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        let places = frame.number_places(&self.columns)?;
        let terms = self.terms()?;
        let mut products = Vec::with_capacity(frame.n_rows() * terms.len());
        for row in frame.numbers().chunks_exact(frame.n_numbers().max(1)) {
            let first = products.len();
            for term in &terms {
                let factor: f64 = row[places[term.last]];
                products.push(term.shorter.map_or(factor, |shorter| products[first + shorter] * factor));
            }
        }
        let names = self.outputs().into_iter().map(|(name, _)| name).collect();
        frame.replace(&self.columns, names, &products)
    }
}

impl Checked for Polynomial {
    fn check(&self) -> Result<(), Error> {
        check_names("polynomial", &self.columns)?;
        if self.degree == 0 {
            let (setting, wants) = ("polynomial", "a degree of at least 1");
            return Err(Error::Setting { setting, wants, got: self.degree.to_string() });
        }
        self.terms().map(|_| ())
    }
}
