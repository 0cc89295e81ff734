//! The arguments of the command, with the words of its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings::{BatchSize, Hidden, at_least_one, fraction, not_negative, positive};

/// Trains classifiers on tables, measures them, and applies them.
///
/// The classifier is a network of sigmoid units, trained by gradient descent on gradients that come from a tape
/// (automatic differentiation). A model is one file that remembers its columns, what is done to them, and its classes.
#[derive(Debug, Parser)]
#[command(
    name = "mlp",
    version,
    after_help = "\
Examples:
  mlp train                                  train on the handwritten digits that come with the command
  mlp train flowers.csv --target species     train on a table of your own
  mlp evaluate flowers.mlp more-flowers.csv  measure the model on other rows
  mlp predict flowers.mlp unknown.csv        the class of each row, and how likely each class is

Exit status: 0 where all went well, 1 for a failure, 2 for wrong use."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Train(TrainArguments),
    Evaluate(EvaluateArguments),
    Predict(PredictArguments),
}

/// Trains a classifier on a table and writes it to a model file.
///
/// Without FILE, it learns the 8 × 8 handwritten digits that come with the command. It holds out a part of the rows,
/// the same fraction of each class, to measure by, and shows as it goes the objective J (cross-entropy plus the penalty)
/// and the accuracy on both parts. The same data, settings and seed give the same model file, byte for byte.
///
/// Columns may be numbers, text or yes and no, and values may be missing (an empty cell, `?`, `NA` and the like). By the
/// rows it trains on, numbers are standardised and text becomes a number for each word; missing values are filled in.
/// Dropped, with a line that says so, are columns that are the same in every row and text that names its rows.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlp train
  mlp train flowers.csv --target species --drop id --hidden 25,10 --lambda 0.3")]
pub(crate) struct TrainArguments {
    /// A CSV file with a header row.
    pub(crate) file: Option<PathBuf>,

    /// The column of FILE to learn; its values, numbers or text, are the classes.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,

    /// Columns of FILE to leave out.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(crate) drop: Vec<String>,

    /// The units of each hidden layer, or `none` for logistic regression.
    #[arg(long, value_name = "UNITS,…", default_value = "25", allow_negative_numbers = true)]
    pub(crate) hidden: Hidden,

    /// The weight λ of the penalty λ/2n · Σθ² on all weights, biases left out; at least 0.
    #[arg(long, default_value = "1", value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) lambda: f64,

    /// The length of a step, in multiples of the gradient; above 0.
    #[arg(long, value_name = "RATE", default_value = "1", value_parser = positive, allow_negative_numbers = true)]
    pub(crate) learning_rate: f64,

    /// How many times to go through the training rows.
    #[arg(long, value_name = "N", default_value = "100", value_parser = at_least_one, allow_negative_numbers = true)]
    pub(crate) epochs: usize,

    /// The rows that make one step, or `all`. [default: 32, or all where there are fewer]
    #[arg(long, value_name = "ROWS", allow_negative_numbers = true)]
    pub(crate) batch_size: Option<BatchSize>,

    /// Decides which rows are held out, where the parameters start and in which order rows are taken.
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub(crate) seed: u64,

    /// The fraction of the rows to hold out, above 0 and below 1.
    #[arg(long, value_name = "FRACTION", default_value = "0.2", value_parser = fraction, allow_negative_numbers = true)]
    pub(crate) holdout: f64,

    /// Where to write the model. [default: FILE's name with the ending .mlp, or digits.mlp, in the current folder]
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,

    /// Overwrite a file that is there. (Only the digits.mlp of an earlier `mlp train` is replaced without this.)
    #[arg(long)]
    pub(crate) force: bool,
}

/// Measures a model on a table that has the true classes.
///
/// Columns are found by name, in any order; further columns are ignored. It prints the accuracy, the objective J
/// without its penalty (which belongs to the training rows), and how often each class was taken for which.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  mlp evaluate flowers.mlp more-flowers.csv")]
pub(crate) struct EvaluateArguments {
    /// A model file that `mlp train` wrote.
    pub(crate) model: PathBuf,

    /// A CSV file with the columns that the model was trained on and the target.
    pub(crate) file: PathBuf,
}

/// Writes the predicted class of each row of a table as CSV, with a probability for each class.
///
/// Columns are found by name, in any order; further columns are ignored, and the target need not be there. The rows
/// come out in the order of FILE. A word that the training rows did not have counts as none. For more than two classes each has an output unit of its own, which says how likely
/// that class is on its own; the probabilities are their shares of their sum. (A model that an earlier version of this
/// command wrote gives them as they are.)
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mlp predict flowers.mlp unknown.csv | head
  mlp predict flowers.mlp unknown.csv --output predictions.csv")]
pub(crate) struct PredictArguments {
    /// A model file that `mlp train` wrote.
    pub(crate) model: PathBuf,

    /// A CSV file with the columns that the model was trained on.
    pub(crate) file: PathBuf,

    /// Where to write the predictions instead of standard output.
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,

    /// Overwrite the file of --output if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        Arguments::command().debug_assert();
    }
}
