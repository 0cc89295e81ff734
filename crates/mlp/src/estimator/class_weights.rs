//! How much the rows of each class count.

use crate::Error;
use crate::data::{Dataset, Target, check_weights};

/// How much the rows of each class count, on top of the weight of each row.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::ClassWeights;
/// use mlp::data::Dataset;
/// let classes = vec!["common".to_owned(), "rare".to_owned()];
/// let data = Dataset::new(vec![1.0, 2.0, 3.0, 4.0], vec!["x".into()], "y".into(), vec![0, 0, 0, 1], classes)?;
/// let weights = ClassWeights::Balanced.of_rows(&data)?.expect("each row has one");
/// assert_eq!(weights, [2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum ClassWeights {
    /// All alike.
    #[default]
    Equal,
    /// `n / (K nₖ)` for a class with nₖ of n rows, so that all K classes count the same (King and Zeng 2001; scikit-learn's
    /// `balanced`). Classes that no row has are not counted.
    Balanced,
    /// These, by the names of classes; 1 for those that are not named.
    Each(Vec<(String, f64)>),
}

impl ClassWeights {
    /// The weight of each row, its own times that of its class; none where all count the same.
    ///
    /// # Errors
    /// When the rows have no classes, a class is not one of theirs, or a weight is negative or not finite.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::ClassWeights;
    /// let digits = mlp::data::bundled::digits();
    /// assert_eq!(ClassWeights::Equal.of_rows(&digits)?, None);
    /// let wrong = ClassWeights::Each(vec![("ten".into(), 2.0)]);
    /// assert!(wrong.of_rows(&digits).unwrap_err().to_string().ends_with("got `ten`"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn of_rows(&self, data: &Dataset) -> Result<Option<Vec<f64>>, Error> {
        let own = data.weights();
        if *self == ClassWeights::Equal {
            return Ok(own.map(<[f64]>::to_vec));
        }
        let Target::Classes { labels, classes, .. } = data.target() else {
            let wants = "rows with one class each for weights of classes";
            return Err(Error::shape("class weights", wants, format!("`{}`", data.target().names()[0])));
        };
        let mut of_class = vec![1.0; classes.len()];
        match self {
            ClassWeights::Balanced => {
                let mut counts = vec![0.0_f64; classes.len()];
                labels.iter().for_each(|label| counts[*label] += 1.0);
                let present = counts.iter().filter(|count| **count > 0.0).count() as f64;
                for (weight, count) in of_class.iter_mut().zip(&counts) {
                    *weight = labels.len() as f64 / (present * count.max(1.0));
                }
            }
            ClassWeights::Each(named) => {
                for (name, weight) in named {
                    let Some(class) = classes.iter().position(|class| class == name) else {
                        let known = crate::data::listed(classes.iter().map(String::as_str), 20);
                        let wants = format!("the classes {known}");
                        return Err(Error::shape("class weights", wants, format!("`{name}`")));
                    };
                    of_class[class] = *weight;
                }
            }
            ClassWeights::Equal => {}
        }
        let weights =
            labels.iter().enumerate().map(|(row, label)| of_class[*label] * own.map_or(1.0, |own| own[row]));
        let weights: Vec<f64> = weights.collect();
        check_weights(&weights, data.n_rows())?;
        Ok(Some(weights))
    }
}
