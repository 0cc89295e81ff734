//! `mlp predict`.

use mlp::data::{Frame, Table};
use mlp::{Model, atomic_file};

use crate::arguments::PredictArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::{inputs, model_output};

/// How many rows are computed at a time, so that a reader who leaves early stops the work.
const ROWS: usize = 4096;

pub(crate) fn run(arguments: &PredictArguments, output: &mut Output) -> Result<(), Failure> {
    let model = inputs::classifier(&arguments.model)?;
    let table = Table::from_path(&arguments.file)?;
    if let Some(path) = &arguments.output {
        model_output::for_predictions(path, [&arguments.model, &arguments.file], arguments.force)?;
    }
    // All rows are looked at before the first is written.
    inputs::features(&table, model.preprocess())?;
    let frame = model.preprocess().schema().frame(&table)?;
    inputs::note_ignored(&table, &model);

    let names = model.classes().iter().map(|class| format!("probability_{class}"));
    let header = csv([std::iter::once("predicted".to_owned()).chain(names).collect()]);
    let starts = (0..frame.n_rows()).step_by(ROWS);
    let parts = starts.map(|start| frame.rows(&Vec::from_iter(start..frame.n_rows().min(start + ROWS))));
    match &arguments.output {
        Some(path) => {
            let mut file = header;
            for rows in parts {
                file.extend(csv(records(&model, &rows)?));
            }
            atomic_file::write(path, &file)?;
            output.line(format_args!("{} predictions written to {}", table.n_rows(), path.display()))
        }
        None => {
            output.bytes(&header)?;
            for rows in parts {
                if output.is_closed() {
                    break;
                }
                output.bytes(&csv(records(&model, &rows)?))?;
            }
            Ok(())
        }
    }
}

/// For each row the predicted class, then a probability for each class.
fn records(model: &Model<f32>, rows: &Frame) -> Result<Vec<Vec<String>>, Failure> {
    let probabilities = model.predict_proba(rows)?;
    let of_rows = probabilities.as_slice().chunks_exact(model.classes().len());
    let record = |(class, of_row): (&str, &[f32])| {
        std::iter::once(class.to_owned()).chain(of_row.iter().map(f32::to_string)).collect()
    };
    Ok(model.predict_classes(rows)?.into_iter().zip(of_rows).map(record).collect())
}

/// Records as lines of CSV, quoted where they must be.
fn csv(records: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record).expect("records of equal length are written to memory");
    }
    writer.into_inner().expect("memory takes all that is written")
}
