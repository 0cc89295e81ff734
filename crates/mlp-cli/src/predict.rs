//! `mlp predict`.

use mlp::data::Table;
use mlp::{Model, Network, atomic_file};
use tape::Tensor;

use crate::arguments::PredictArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::{inputs, model_output};

/// How many rows are computed at a time, so that a reader who leaves early stops the work.
const ROWS: usize = 4096;

pub(crate) fn run(arguments: &PredictArguments, output: &mut Output) -> Result<(), Failure> {
    let model = Model::<f32>::load(&arguments.model)?;
    let table = Table::from_path(&arguments.file)?;
    if let Some(path) = &arguments.output {
        model_output::for_predictions(path, [&arguments.model, &arguments.file], arguments.force)?;
    }
    let features = table.numbers(&table.positions(&model.columns)?)?;
    inputs::note_ignored(&inputs::ignored(&table, &model.columns, &model.target));

    let network = model.network()?;
    // All rows are looked at before the first is written.
    let batches: Vec<Tensor<f32>> = features
        .chunks(ROWS * model.columns.len())
        .enumerate()
        .map(|(i, rows)| {
            let line = |row| Some(table.line(i * ROWS + row));
            inputs::tensor(rows, &model.columns, &model.standardize, line)
                .map_err(|failure| failure.in_file(table.source()))
        })
        .collect::<Result<_, _>>()?;

    let names = model.classes.iter().map(|class| format!("probability_{class}"));
    let header = csv([std::iter::once("predicted".to_owned()).chain(names).collect()]);
    match &arguments.output {
        Some(path) => {
            let mut file = header;
            for x in &batches {
                file.extend(csv(records(&model, &network, x)?));
            }
            atomic_file::write(path, &file)?;
            output.line(format_args!("{} predictions written to {}", table.n_rows(), path.display()))
        }
        None => {
            output.bytes(&header)?;
            for x in &batches {
                if output.is_closed() {
                    break;
                }
                output.bytes(&csv(records(&model, &network, x)?))?;
            }
            Ok(())
        }
    }
}

/// For each row of `x` the predicted class, then a probability for each class.
fn records(model: &Model<f32>, network: &Network<f32>, x: &Tensor<f32>) -> Result<Vec<Vec<String>>, Failure> {
    let probabilities = network.predict_proba(x)?.to_vec();
    let classes = network.predict(x)?;
    let rows = probabilities.chunks_exact(probabilities.len() / classes.len());
    let record = |(class, probabilities): (usize, &[f32])| {
        let mut record = vec![model.classes[class].clone()];
        match probabilities {
            // The one unit of two classes says how likely the second is.
            [second] => record.extend([(1.0 - second).to_string(), second.to_string()]),
            all => record.extend(all.iter().map(f32::to_string)),
        }
        record
    };
    Ok(classes.into_iter().zip(rows).map(record).collect())
}

/// Records as lines of CSV, quoted where they must be.
fn csv(records: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record).expect("records of equal length are written to memory");
    }
    writer.into_inner().expect("memory takes all that is written")
}
