//! `mlp train`.

use std::ops::ControlFlow;

use mlp::data::{DataErrorKind, Dataset, Split, Standardize, Table, bundled};
use mlp::metrics::{accuracy, confusion_matrix};
use mlp::model_file::{Model, TrainingRecord};
use mlp::{Network, Optimizer, Training};
use tape::Tensor;

use crate::arguments::TrainArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::settings::BatchSize;
use crate::{confusion, inputs, model_output};

/// The rows of a step where none are asked for.
const BATCH_SIZE: usize = 32;
/// More parameters than this are a mistake rather than a wish: 1 GiB of them, and as much again for their gradient.
const MOST_PARAMETERS: usize = 1 << 28;

/// Rows ready for the network, with their classes.
struct Part {
    x: Tensor<f32>,
    y: Tensor<f32>,
    labels: Vec<usize>,
}

impl Part {
    fn new(data: &Dataset, standardize: &Standardize) -> Result<Self, Failure> {
        Ok(Self {
            x: inputs::tensor(data.features(), data.columns(), standardize, |_| None)?,
            y: inputs::numbers(&data.target().values(), data.target().n_outputs())?,
            labels: data.labels().to_vec(),
        })
    }

    fn accuracy(&self, network: &Network<f32>) -> Result<f64, Failure> {
        Ok(accuracy(&self.labels, &network.predict(&self.x)?)?)
    }
}

pub(crate) fn run(arguments: &TrainArguments, output: &mut Output) -> Result<(), Failure> {
    let (source, data) = read(arguments)?;
    let file = arguments.file.as_ref().map_or(source.clone(), |file| file.display().to_string());
    let in_file = |failure: Failure| failure.in_file(&file);
    let split =
        Split::stratified(&data, arguments.holdout, arguments.seed).map_err(|error| in_file(error.into()))?;
    let sizes = layer_sizes(&data, &arguments.hidden.0)?;
    let batch_size = batch_size(arguments.batch_size, split.train.len())?;
    let path = model_output::for_training(arguments)?;

    let training_rows = data.subset(&split.train);
    let standardize = Standardize::fit(&training_rows).map_err(|error| in_file(error.into()))?;
    let training = Part::new(&training_rows, &standardize).map_err(in_file)?;
    let held_out = Part::new(&data.subset(&split.held_out), &standardize).map_err(in_file)?;

    let units: Vec<String> = sizes.iter().map(usize::to_string).collect();
    output.line(format_args!(
        "{source}: {} rows, {} columns, {} classes; {} rows to train on, {} held out",
        data.n_rows(),
        data.n_columns(),
        data.classes().len(),
        split.train.len(),
        split.held_out.len()
    ))?;
    output.line(format_args!(
        "layers of {} sigmoid units, lambda {:?}, learning rate {:?}, seed {}",
        units.join("-"),
        arguments.lambda,
        arguments.learning_rate,
        arguments.seed
    ))?;
    let mut network = Network::new(&sizes, arguments.seed)?;
    let settings = Training {
        epochs: arguments.epochs,
        batch_size,
        lambda: arguments.lambda,
        seed: arguments.seed,
        ..Training::new(Optimizer::gradient_descent(arguments.learning_rate))
    };
    fit(&settings, &mut network, &training, &held_out, output)
        .map_err(|failure| diverged(failure, arguments))?;

    let predictions = network.predict(&held_out.x)?;
    let right =
        held_out.labels.iter().zip(&predictions).filter(|(label, prediction)| label == prediction).count();
    output.line(format_args!(
        "held-out accuracy {:.4}: {right} of {} rows right",
        accuracy(&held_out.labels, &predictions)?,
        predictions.len()
    ))?;
    let matrix = confusion_matrix(&held_out.labels, &predictions, data.classes().len())?;
    output.line(format_args!("{}", confusion::table(matrix.counts(), data.classes())))?;

    let model = Model {
        sizes,
        activation: network.activation(),
        parameters: network.parameters().to_vec(),
        columns: data.columns().to_vec(),
        target: data.target().names()[0].clone(),
        classes: data.classes().to_vec(),
        standardize,
        training: TrainingRecord {
            data: source,
            held_out: arguments.holdout,
            lambda: arguments.lambda,
            learning_rate: arguments.learning_rate,
            epochs: arguments.epochs,
            batch_size,
            seed: arguments.seed,
        },
    };
    model.save(&path)?;
    output.line(format_args!("model written to {}", path.display()))
}

/// The data and the name by which the model remembers it.
fn read(arguments: &TrainArguments) -> Result<(String, Dataset), Failure> {
    let Some(file) = &arguments.file else {
        if arguments.target.is_some() || !arguments.drop.is_empty() {
            return Err(Failure::Usage(
                "--target and --drop name columns of a FILE; give one, or leave them out for the embedded digits"
                    .to_owned(),
            ));
        }
        return Ok((model_output::EMBEDDED.to_owned(), bundled::digits()));
    };
    if let Some(target) = arguments.target.as_ref().filter(|target| arguments.drop.contains(target)) {
        return Err(Failure::Usage(format!("--drop names the target `{target}`; take it out of the list")));
    }
    let table = Table::from_path(file)?;
    let Some(target) = &arguments.target else {
        let last = table.columns().last().map_or("class", String::as_str);
        return Err(Failure::Usage(format!(
            "which column of {} is to be learned? Name it, such as --target {last:?}",
            file.display()
        )));
    };
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    match Dataset::from_table(&table, target, &arguments.drop) {
        Ok(data) => Ok((name, data)),
        Err(error) => Err(with_drop(error)),
    }
}

/// The error with the flag that leaves out the column, where that would mend it.
fn with_drop(error: mlp::Error) -> Failure {
    if let mlp::Error::Data(data) = &error
        && let Some(column) = &data.column
        && let DataErrorKind::NotANumber { .. } | DataErrorKind::MissingValue { .. } = data.kind
    {
        return Failure::Other(format!("{error} (--drop {column:?} leaves the column out)"));
    }
    error.into()
}

fn layer_sizes(data: &Dataset, hidden: &[usize]) -> Result<Vec<usize>, Failure> {
    let sizes = [&[data.n_columns()], hidden, &[data.target().n_outputs()]].concat();
    let n_parameters = sizes
        .windows(2)
        .try_fold(0_usize, |sum, pair| sum.checked_add(pair[0].checked_add(1)?.checked_mul(pair[1])?));
    match n_parameters {
        Some(n_parameters) if n_parameters <= MOST_PARAMETERS => Ok(sizes),
        _ => Err(Failure::Usage(format!(
            "layers of {sizes:?} units have more than {MOST_PARAMETERS} parameters; give fewer units to --hidden"
        ))),
    }
}

fn batch_size(asked: Option<BatchSize>, n_rows: usize) -> Result<Option<usize>, Failure> {
    match asked {
        Some(BatchSize::All) => Ok(None),
        Some(BatchSize::Rows(rows)) if rows > n_rows => Err(Failure::Usage(format!(
            "--batch-size {rows} is more than the {n_rows} rows to train on; give at most {n_rows}, or `all`"
        ))),
        Some(BatchSize::Rows(rows)) => Ok(Some(rows)),
        None => Ok(Some(BATCH_SIZE).filter(|rows| *rows < n_rows)),
    }
}

/// Trains the network and shows how it goes.
fn fit(
    settings: &Training,
    network: &mut Network<f32>,
    training: &Part,
    held_out: &Part,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut progress = Progress::new(settings.epochs, output)?;
    let mut shown = Ok(());
    let mut show = |number: usize, network: &Network<f32>| -> Result<(), Failure> {
        if progress.gets_line(number) {
            // J over all training rows by the parameters as they are now: what an epoch sums up changes under way.
            let cost = f64::from(network.cost(&training.x, &training.y, settings.lambda as f32)?);
            if !cost.is_finite() {
                return Err(mlp::Error::Diverged { epoch: number, cost }.into());
            }
            progress.line(number, cost, training.accuracy(network)?, held_out.accuracy(network)?)?;
        }
        progress.step();
        Ok(())
    };
    settings.fit(network, &training.x, &training.y, |epoch, network| {
        shown = show(epoch.number, network);
        if shown.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    shown
}

/// A failure by divergence in the words of the command, with what would mend it.
fn diverged(failure: Failure, arguments: &TrainArguments) -> Failure {
    let Failure::Library(mlp::Error::Diverged { epoch, cost }) = failure else {
        return failure;
    };
    Failure::Other(format!(
        "training diverged: J became {cost} in epoch {epoch}, and no model was written; try a --learning-rate \
         below {:?} or a --lambda below {:?}",
        arguments.learning_rate, arguments.lambda
    ))
}
