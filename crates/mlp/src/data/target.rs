//! What is to be predicted of each row.

use crate::Error;

/// What is known of rows and is to be predicted of others: a class, several labels, or numbers.
///
/// ```
/// use mlp::data::Target;
///
/// let species = Target::classes("species", vec![1, 0, 1], vec!["fern".into(), "oak".into()])?;
/// assert_eq!((species.n_rows(), species.n_outputs()), (3, 1)); // two classes, one unit
/// assert_eq!(species.values(), [1.0, 0.0, 1.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// One class a row.
    Classes {
        /// The name of the column that holds them.
        name: String,
        /// The class of each row, as a place in `classes`.
        labels: Vec<usize>,
        /// The names of the classes.
        classes: Vec<String>,
    },
    /// Labels of which any number may hold for a row.
    Labels {
        /// The names of the labels.
        names: Vec<String>,
        /// 1 where a label holds and 0 where not, row-major `(n_rows, names.len())`.
        values: Vec<f64>,
    },
    /// Numbers.
    Numbers {
        /// The names of the columns that hold them.
        names: Vec<String>,
        /// The numbers, row-major `(n_rows, names.len())`.
        values: Vec<f64>,
    },
}

impl Target {
    /// One class a row, by its place among `classes`.
    ///
    /// # Errors
    /// When a label is not below the number of classes.
    ///
    /// ```
    /// use mlp::data::Target;
    ///
    /// let error = Target::classes("y", vec![2], vec!["no".into(), "yes".into()]).unwrap_err();
    /// assert_eq!(error.to_string(), "target: wants labels below 2, got label 2");
    /// ```
    pub fn classes(name: impl Into<String>, labels: Vec<usize>, classes: Vec<String>) -> Result<Self, Error> {
        match labels.iter().find(|label| **label >= classes.len()) {
            Some(label) => {
                let wants = format!("labels below {}", classes.len());
                Err(Error::shape("target", wants, format!("label {label}")))
            }
            None => Ok(Target::Classes { name: name.into(), labels, classes }),
        }
    }

    /// Labels of which any number may hold: 1 or 0, row-major `(n_rows, names.len())`.
    ///
    /// # Errors
    /// When the length does not fit, or a value is neither 0 nor 1.
    ///
    /// ```
    /// use mlp::data::Target;
    ///
    /// let topics = Target::labels(vec!["art".into(), "money".into()], vec![1.0, 1.0, 0.0, 1.0])?;
    /// assert_eq!((topics.n_rows(), topics.n_outputs()), (2, 2));
    /// assert!(Target::labels(vec!["art".into()], vec![0.5]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn labels(names: Vec<String>, values: Vec<f64>) -> Result<Self, Error> {
        whole_rows(&names, &values)?;
        match values.iter().find(|value| **value != 0.0 && **value != 1.0) {
            Some(value) => Err(Error::shape("target", "labels that are 0 or 1", value.to_string())),
            None => Ok(Target::Labels { names, values }),
        }
    }

    /// Numbers, row-major `(n_rows, names.len())`.
    ///
    /// # Errors
    /// When the length does not fit, or a number is not finite.
    ///
    /// ```
    /// use mlp::data::Target;
    ///
    /// assert_eq!(Target::numbers(vec!["price".into()], vec![3.5, 4.0])?.n_rows(), 2);
    /// assert!(Target::numbers(vec!["price".into()], vec![f64::NAN]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn numbers(names: Vec<String>, values: Vec<f64>) -> Result<Self, Error> {
        whole_rows(&names, &values)?;
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => {
                let got = format!("{} in row {}", values[at], at / names.len());
                Err(Error::shape("target", "finite numbers", got))
            }
            None => Ok(Target::Numbers { names, values }),
        }
    }

    /// The number of rows.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().target().n_rows(), 1797);
    /// ```
    pub fn n_rows(&self) -> usize {
        match self {
            Target::Classes { labels, .. } => labels.len(),
            Target::Labels { names, values } | Target::Numbers { names, values } => {
                values.len() / names.len()
            }
        }
    }

    /// The number K of output units that predict it: 1 for two classes, whose unit says how likely the second is; one for
    /// each class, label or number otherwise.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().target().n_outputs(), 10);
    /// ```
    pub fn n_outputs(&self) -> usize {
        match self {
            Target::Classes { classes, .. } if classes.len() == 2 => 1,
            Target::Classes { classes, .. } => classes.len(),
            Target::Labels { names, .. } | Target::Numbers { names, .. } => names.len(),
        }
    }

    /// The names of the columns that hold it.
    ///
    /// ```
    /// assert_eq!(mlp::data::bundled::digits().target().names(), ["class"]);
    /// ```
    pub fn names(&self) -> &[String] {
        match self {
            Target::Classes { name, .. } => std::slice::from_ref(name),
            Target::Labels { names, .. } | Target::Numbers { names, .. } => names,
        }
    }

    /// What the output units should say, row-major `(n_rows, n_outputs)`: labels and numbers as they are; of classes 1 for
    /// the unit of the row's class and 0 for the others, or, for two classes, 1 where the row is of the second.
    ///
    /// ```
    /// use mlp::data::Target;
    ///
    /// let of = |classes: &[&str], labels| {
    ///     Target::classes("y", labels, classes.iter().map(|class| class.to_string()).collect())
    /// };
    /// assert_eq!(of(&["a", "b", "c"], vec![2, 0])?.values(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// assert_eq!(of(&["a", "b"], vec![1, 0])?.values(), [1.0, 0.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn values(&self) -> Vec<f64> {
        let n_outputs = self.n_outputs();
        match self {
            Target::Classes { labels, .. } if n_outputs == 1 => {
                labels.iter().map(|label| *label as f64).collect()
            }
            Target::Classes { labels, .. } => {
                let mut values = vec![0.0; labels.len() * n_outputs];
                for (row, label) in values.chunks_exact_mut(n_outputs).zip(labels) {
                    row[*label] = 1.0;
                }
                values
            }
            Target::Labels { values, .. } | Target::Numbers { values, .. } => values.clone(),
        }
    }

    /// The target of these rows, in this order.
    ///
    /// # Panics
    /// Where a row is not below [`Target::n_rows`].
    ///
    /// ```
    /// let target = mlp::data::Target::numbers(vec!["y".into()], vec![1.0, 2.0, 3.0])?;
    /// assert_eq!(target.rows(&[2, 0]).values(), [3.0, 1.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    #[must_use]
    pub fn rows(&self, rows: &[usize]) -> Self {
        let pick = |values: &[f64], width: usize| {
            rows.iter().flat_map(|row| values[row * width..(row + 1) * width].iter().copied()).collect()
        };
        match self {
            Target::Classes { name, labels, classes } => Target::Classes {
                name: name.clone(),
                labels: rows.iter().map(|row| labels[*row]).collect(),
                classes: classes.clone(),
            },
            Target::Labels { names, values } => {
                Target::Labels { names: names.clone(), values: pick(values, names.len()) }
            }
            Target::Numbers { names, values } => {
                Target::Numbers { names: names.clone(), values: pick(values, names.len()) }
            }
        }
    }
}

fn whole_rows(names: &[String], values: &[f64]) -> Result<(), Error> {
    if names.is_empty() || !values.len().is_multiple_of(names.len()) {
        let got = format!("{} values for {} columns", values.len(), names.len());
        return Err(Error::shape("target", "at least one column, and whole rows", got));
    }
    Ok(())
}
