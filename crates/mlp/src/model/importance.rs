//! Which columns a model looks at: by shuffling them, and by the gradient of its output.

use super::Model;
use crate::data::{Dataset, Sampler};
use crate::{Error, Features};
use tape::{Float, Tape, Tensor};

/// How much a model loses where a column is shuffled.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Importance {
    /// The column, as the data has it.
    pub column: String,
    /// By how much the score falls, as the mean over all shuffles; near 0 where the model does not need the column.
    pub mean: f64,
    /// The standard deviation over the shuffles, over their number.
    pub deviation: f64,
}

impl<T: Float> Model<T> {
    /// For each column that is read, by how much [`score`](Model::score) falls on these rows where the values of that column
    /// are shuffled among them, so many times (Breiman 2001, section 10; scikit-learn's `permutation_importance`). On rows
    /// that the model was not trained on it says what the model gets from a column; of two columns that say the same, neither
    /// seems to matter.
    ///
    /// # Errors
    /// As [`score`](Model::score), and when there are no repeats.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::LogisticRegression;
    /// use mlp::data::{DatasetReader, Table};
    /// let rows: String = (0..40).map(|i| format!("{},{},{}\n", i % 7, i, if i < 20 { "low" } else { "high" })).collect();
    /// let table = Table::from_bytes(format!("noise,size,kind\n{rows}").as_bytes(), "t.csv")?;
    /// let (data, _) = DatasetReader::classes("kind").read(&table)?;
    /// let importances = LogisticRegression::default().fit(&data)?.permutation_importance(&data, 5, 0)?;
    /// assert_eq!(importances[1].column, "size");
    /// assert!(importances[1].mean > 0.3 && importances[0].mean.abs() < 0.05);
    /// # Ok(())
    /// # }
    /// ```
    pub fn permutation_importance(
        &self,
        data: &Dataset,
        repeats: usize,
        seed: u64,
    ) -> Result<Vec<Importance>, Error> {
        if repeats == 0 {
            return Err(Error::Setting { setting: "repeats", wants: "at least 1", got: "0".to_owned() });
        }
        let whole = self.score(data)?;
        let shuffles = Sampler::random(data.n_rows(), seed);
        let columns = self.preprocess.schema().names();
        let each = columns.into_iter().enumerate().map(|(place, column)| {
            let falls = (0..repeats).map(|repeat| {
                let order = shuffles.order((place * repeats + repeat) as u64);
                Ok(whole - self.score(&data.with_shuffled(&column, &order)?)?)
            });
            let falls = falls.collect::<Result<Vec<f64>, Error>>()?;
            let mean = falls.iter().sum::<f64>() / repeats as f64;
            let variance = falls.iter().map(|fall| (fall - mean).powi(2)).sum::<f64>() / repeats as f64;
            Ok(Importance { column, mean, deviation: variance.sqrt() })
        });
        each.collect()
    }

    /// The derivative of one output by each feature, for each row, (n, features): what would change the answer, near that row
    /// (Simonyan, Vedaldi and Zisserman 2014, section 3). The tape gives it, as it gives that by the parameters. Features are
    /// those that the network reads: [`Preprocess::features`](crate::data::Preprocess::features) says which column each comes
    /// from.
    ///
    /// # Errors
    /// As [`matrix`](Model::matrix), and when there is no such output unit.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::data::{Frame, Preprocess, Recipe};
    /// use mlp::{Model, Network, Outcome};
    /// let frame = Frame::of_numbers(vec![1.0, 0.0, 3.0, 2.0], vec!["x".into(), "y".into()])?;
    /// let preprocess = Preprocess::fit(&frame, &Recipe::default())?;
    /// let outcome = Outcome::Classes { name: "z".into(), classes: vec!["low".into(), "high".into()] };
    /// let model = Model::new(Network::from_parameters(&[2, 1], vec![4.0, 0.0, 0.0])?, preprocess, outcome)?;
    /// let saliency = model.saliency(&[2.0, 1.0][..], 0)?; // h = σ(4 x), h = ½ and h′ = 4 · ½ · ½
    /// assert_eq!(saliency.to_vec(), [1.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn saliency(&self, rows: &(impl Features + ?Sized), output: usize) -> Result<Tensor<T>, Error> {
        let units = self.outcome.n_outputs();
        if output >= units {
            return Err(Error::shape("saliency", format!("an output below {units}"), output.to_string()));
        }
        let x = self.matrix(rows)?;
        let tape = Tape::begin();
        let x = tape.tensor(&x);
        let h = self.network.outputs(&x)?;
        let of_unit = h.slice(&[0..x.shape()[0], output..output + 1])?;
        Ok(tape.sweep(&of_unit.sum())?.of(&x)?.clone())
    }
}
