//! `mlp train`.

use std::ops::ControlFlow;

use mlp::data::{Choices, DataErrorKind, Dataset, DatasetReader, Recipe, Split, Table, bundled};
use mlp::metrics::{accuracy, confusion_matrix};
use mlp::{
    Activation, Epoch, Error, Fitting, MlpClassifier, Model, Network, Observer, Optimizer, Training,
    TrainingRecord,
};
use tape::Tensor;

use crate::arguments::TrainArguments;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::settings::BatchSize;
use crate::{columns, confusion, inputs, model_output};

/// The rows of a step where none are asked for.
const BATCH_SIZE: usize = 32;
/// More parameters than this are a mistake rather than a wish: 1 GiB of them, and as much again for their gradient.
const MOST_PARAMETERS: usize = 1 << 28;

/// Rows ready for the network, with their classes.
struct Part {
    x: Tensor<f32>,
    labels: Vec<usize>,
}

impl Part {
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
    check_layers(&data, &arguments.hidden.0)?;
    let batch_size = batch_size(arguments.batch_size, split.train.len())?;
    let path = model_output::for_training(arguments)?;

    let (training, held_out) = (data.subset(&split.train), data.subset(&split.held_out));
    let classifier = MlpClassifier {
        hidden: arguments.hidden.0.clone(),
        activation: Activation::Sigmoid,
        output: mlp::Output::Sigmoid,
        training: Training {
            epochs: arguments.epochs,
            batch_size,
            lambda: arguments.lambda,
            seed: arguments.seed,
            ..Training::new(Optimizer::gradient_descent(arguments.learning_rate))
        },
        recipe: Recipe::default(),
        ..MlpClassifier::default()
    };
    let fitting = classifier.start::<f32>(&training).map_err(|error| in_file(error.into()))?;
    let preprocess = fitting.model().preprocess();
    let features = preprocess.apply(held_out.frame()).map_err(|error| in_file(error.into()))?;
    inputs::check(&features, preprocess, |_| None).map_err(in_file)?;
    let x = inputs::tensor(&features, preprocess.features().len())?;
    let held_out = Part { x, labels: held_out.labels().to_vec() };

    output.line(format_args!(
        "{source}: {} rows, {} columns, {} classes; {} rows to train on, {} held out",
        data.n_rows(),
        data.n_columns(),
        data.classes().len(),
        split.train.len(),
        split.held_out.len()
    ))?;
    for line in columns::lines(preprocess.schema(), data.frame()) {
        output.line(format_args!("{line}"))?;
    }
    let units: Vec<String> = fitting.model().network().sizes().iter().map(usize::to_string).collect();
    output.line(format_args!(
        "layers of {} sigmoid units, lambda {:?}, learning rate {:?}, seed {}",
        units.join("-"),
        arguments.lambda,
        arguments.learning_rate,
        arguments.seed
    ))?;
    let model = fit(fitting, &classifier.training, training.labels(), &held_out, output)
        .map_err(|failure| diverged(failure, arguments))?;

    let predictions = model.network().predict(&held_out.x)?;
    let right =
        held_out.labels.iter().zip(&predictions).filter(|(label, prediction)| label == prediction).count();
    output.line(format_args!(
        "held-out accuracy {:.4}: {right} of {} rows right",
        accuracy(&held_out.labels, &predictions)?,
        predictions.len()
    ))?;
    let matrix = confusion_matrix(&held_out.labels, &predictions, data.classes().len())?;
    output.line(format_args!("{}", confusion::table(matrix.counts(), data.classes())))?;

    let record = TrainingRecord { data: source, held_out: split.held_out.len(), ..model.record().clone() };
    model.with_record(record).save(&path)?;
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
    let choices = Choices { drop: arguments.drop.clone(), ..Choices::default() };
    match (DatasetReader { choices, ..DatasetReader::classes(target) }).read(&table) {
        Ok((data, _)) => Ok((name, data)),
        Err(error) => Err(with_drop(error)),
    }
}

/// The error with the flag that leaves out the column, where that would mend it.
fn with_drop(error: Error) -> Failure {
    if let Error::Data(data) = &error
        && let Some(column) = &data.column
        && let DataErrorKind::MixedColumn { .. } | DataErrorKind::NotFinite { .. } = data.kind
    {
        return Failure::Other(format!("{error} (--drop {column:?} leaves the column out)"));
    }
    error.into()
}

/// An error where there would be too many parameters, or numbers.
fn check_layers(data: &Dataset, hidden: &[usize]) -> Result<(), Failure> {
    let sizes = [&[columns::most_features(data.frame())?], hidden, &[data.target().n_outputs()]].concat();
    let n_parameters = sizes
        .windows(2)
        .try_fold(0_usize, |sum, pair| sum.checked_add(pair[0].checked_add(1)?.checked_mul(pair[1])?));
    match n_parameters {
        Some(n_parameters) if n_parameters <= MOST_PARAMETERS => Ok(()),
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
    fitting: Fitting<'_, f32>,
    settings: &Training,
    labels: &[usize],
    held_out: &Part,
    output: &mut Output,
) -> Result<Model<f32>, Failure> {
    let mut failure = None;
    let (progress, lambda) = (Progress::new(settings.epochs, output)?, settings.lambda as f32);
    let (x, y) = (fitting.rows().x.clone(), fitting.rows().y.clone());
    let training = Part { x, labels: labels.to_vec() };
    let shown = Shown { progress, lambda, training, y, held_out, failure: &mut failure };
    let model = fitting.observe(shown).finish();
    match failure {
        Some(failure) => Err(failure),
        None => Ok(model?),
    }
}

/// Who shows how a training goes.
struct Shown<'a> {
    progress: Progress<'a>,
    lambda: f32,
    training: Part,
    y: Tensor<f32>,
    held_out: &'a Part,
    /// Why the training was ended, if it was ended here.
    failure: &'a mut Option<Failure>,
}

impl Shown<'_> {
    fn show(&mut self, number: usize, network: &Network<f32>) -> Result<(), Failure> {
        if self.progress.gets_line(number) {
            // J over all training rows by the parameters as they are now: what an epoch sums up changes under way.
            let cost = f64::from(network.cost(&self.training.x, &self.y, self.lambda)?);
            if !cost.is_finite() {
                return Err(Error::Diverged { epoch: number, cost }.into());
            }
            let (training, held_out) = (self.training.accuracy(network)?, self.held_out.accuracy(network)?);
            self.progress.line(number, cost, training, held_out)?;
        }
        self.progress.step();
        Ok(())
    }
}

impl Observer<f32> for Shown<'_> {
    fn epoch(&mut self, epoch: &Epoch, network: &Network<f32>) -> Result<ControlFlow<()>, Error> {
        *self.failure = self.show(epoch.number, network).err();
        Ok(if self.failure.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    }
}

/// A failure by divergence in the words of the command, with what would mend it.
fn diverged(failure: Failure, arguments: &TrainArguments) -> Failure {
    let Failure::Library(Error::Diverged { epoch, cost }) = failure else {
        return failure;
    };
    Failure::Other(format!(
        "training diverged: J became {cost} in epoch {epoch}, and no model was written; try a --learning-rate \
         below {:?} or a --lambda below {:?}",
        arguments.learning_rate, arguments.lambda
    ))
}
