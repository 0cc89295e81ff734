//! `mlp evaluate`.

use mlp::data::Table;
use mlp::metrics::{accuracy, confusion_matrix};

use crate::arguments::EvaluateArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::{confusion, inputs};

pub(crate) fn run(arguments: &EvaluateArguments, output: &mut Output) -> Result<(), Failure> {
    let model = inputs::classifier(&arguments.model)?;
    let table = Table::from_path(&arguments.file)?;
    let data = model.read(&table)?;
    let features = inputs::features(&table, model.preprocess())?;
    inputs::note_ignored(&table, &model);

    let x = inputs::tensor(&features, model.preprocess().features().len())?;
    let y = inputs::tensor(&data.target().values(), data.target().n_outputs())?;
    let predictions = model.network().predict(&x)?;
    let right =
        data.labels().iter().zip(&predictions).filter(|(label, prediction)| label == prediction).count();
    output.line(format_args!(
        "accuracy {:.4}: {right} of {} rows right",
        accuracy(data.labels(), &predictions)?,
        data.n_rows()
    ))?;
    let cost = model.network().cost(&x, &y, 0.0)?;
    output.line(format_args!("J {cost:.4} (cross-entropy, without the penalty)"))?;
    let matrix = confusion_matrix(data.labels(), &predictions, data.classes().len())?;
    output.line(format_args!("{}", confusion::table(matrix.counts(), data.classes())))
}
