//! `mlp evaluate`.

use mlp::Model;
use mlp::data::{Dataset, Table};
use mlp::metrics::{accuracy, confusion_matrix};

use crate::arguments::EvaluateArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::{confusion, inputs};

pub(crate) fn run(arguments: &EvaluateArguments, output: &mut Output) -> Result<(), Failure> {
    let model = Model::<f32>::load(&arguments.model)?;
    let table = Table::from_path(&arguments.file)?;
    let data = Dataset::for_model(&table, &model.columns, &model.target, &model.classes)?;
    inputs::note_ignored(&inputs::ignored(&table, &model.columns, &model.target));
    let network = model.network()?;

    let x = inputs::tensor(data.features(), data.columns(), &model.standardize, |row| Some(table.line(row)))
        .map_err(|failure| failure.in_file(table.source()))?;
    let y = inputs::numbers(&data.target().values(), data.target().n_outputs())?;
    let predictions = network.predict(&x)?;
    let right =
        data.labels().iter().zip(&predictions).filter(|(label, prediction)| label == prediction).count();
    output.line(format_args!(
        "accuracy {:.4}: {right} of {} rows right",
        accuracy(data.labels(), &predictions)?,
        data.n_rows()
    ))?;
    output.line(format_args!("J {:.4} (cross-entropy, without the penalty)", network.cost(&x, &y, 0.0)?))?;
    let matrix = confusion_matrix(data.labels(), &predictions, data.classes().len())?;
    output.line(format_args!("{}", confusion::table(matrix.counts(), data.classes())))
}
