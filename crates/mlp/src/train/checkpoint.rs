//! A run in a file, from which it goes on as if it had not been interrupted.
//!
//! A safetensors file: the parameters, those of the last good and of the best epoch, and what the optimizer remembers, in
//! their own precision; all else is JSON under the key `mlp-checkpoint`.

use super::batches::mixed;
use super::early_stopping::Best;
use super::run::{Mover, Run};
use super::{Budget, Epoch, Training};
use crate::optimizer::{MinimizerState, OptimizerState};
use crate::tensor_file::{self, Part, Problem, numbers};
use crate::{Activation, Error, Output, PlateauWatch, Updater, atomic_file};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tape::{Float, Tensor};

/// The metadata key that makes a safetensors file a checkpoint of this crate.
const KEY: &str = "mlp-checkpoint";
/// The version written and read.
const VERSION: u64 = 1;

/// What is wrong with a file from which a run was to go on; [`Error::Checkpoint`] adds the file.
///
/// ```
/// use mlp::CheckpointErrorKind;
/// let kind = CheckpointErrorKind::OtherRun { what: "its seed is 1, this one's 2".into() };
/// assert_eq!(kind.to_string(), "this is a checkpoint of another run: its seed is 1, this one's 2");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointErrorKind {
    /// The file is something else.
    #[error("this is not a checkpoint; give a file that a training wrote")]
    NotACheckpoint,
    /// A version that this one does not know.
    #[error(
        "the checkpoint has version {version}, and this program reads {known}; go on with the program that wrote it"
    )]
    OtherVersion {
        /// The version of the file.
        version: u64,
        /// The one that can be read.
        known: u64,
    },
    /// It is of another network, other settings or other rows.
    #[error("this is a checkpoint of another run: {what}")]
    OtherRun {
        /// What differs.
        what: String,
    },
    /// Something inside does not fit.
    #[error("the checkpoint is damaged: {what}; train anew")]
    Damaged {
        /// What does not fit.
        what: String,
    },
}

impl From<Problem> for CheckpointErrorKind {
    fn from(problem: Problem) -> Self {
        let what = match problem {
            Problem::NotOne => return Self::NotACheckpoint,
            Problem::Empty => "it is empty".to_owned(),
            Problem::CutOff { missing } => format!("at least {missing} bytes are missing"),
            Problem::TooLong { extra } => format!("it has {extra} bytes more than it should"),
            Problem::Damaged { what } => what,
        };
        Self::Damaged { what }
    }
}

/// Where checkpoints go, and when.
pub(super) struct Checkpoints {
    path: PathBuf,
    every: u64,
}

impl Checkpoints {
    pub(super) fn new(path: &Path, every: u64) -> Result<Self, Error> {
        if every == 0 {
            let (wants, got) = ("a number of steps from 1 up", "0".to_owned());
            return Err(Error::Setting { setting: "checkpoints", wants, got });
        }
        atomic_file::check_writable(path)?;
        // Training that is killed again and again would fill the folder.
        atomic_file::remove_abandoned(path);
        Ok(Checkpoints { path: path.to_owned(), every })
    }

    /// Whether one is due after so many steps, within an epoch.
    pub(super) fn are_due(&self, steps: u64) -> bool {
        steps.is_multiple_of(self.every)
    }
}

/// What stands under [`KEY`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    version: u64,
    precision: String,
    sizes: Vec<usize>,
    activation: Activation,
    output: Output,
    training: Training,
    rows: u64,
    epoch: usize,
    place: usize,
    total: f64,
    steps: u64,
    seconds: f64,
    plateau: Option<PlateauWatch>,
    best: Option<(usize, f64, bool)>,
    reference: Option<f64>,
    bad: usize,
    history: Vec<Epoch>,
    mover: Remembered,
}

/// What the optimizer remembers, but for its vectors.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Remembered {
    /// Of one that steps by a gradient.
    Steps { steps: u64 },
    /// Of one that searches along lines.
    Lines { counts: [u64; 2], numbers: Vec<f64> },
    /// Of one that has not looked yet.
    Nothing,
}

impl<T: Float> Run<'_, T> {
    /// Writes a checkpoint, if the run is to leave any.
    pub(super) fn save(&self) -> Result<(), Error> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(()) };
        let state = &self.state;
        let part = |name: &str, values: &[T]| Part::new(name, vec![values.len()], values);
        let mut parts = vec![part("parameters", self.network.parameters()), part("good", &state.good)];
        let best = state.watch.best.as_ref();
        parts.extend(best.and_then(|best| best.parameters.as_ref()).map(|best| part("best", best)));
        let vector = |i: usize, values: &Vec<T>| part(&format!("optimizer.{i}"), values);
        let mover = match &state.mover {
            Mover::Steps(updater) => {
                let OptimizerState { steps, ref moments } = *updater.state();
                parts.extend(moments.iter().enumerate().map(|(i, moment)| vector(i, moment)));
                Remembered::Steps { steps }
            }
            Mover::Lines(minimizer) => match minimizer.state() {
                Some(MinimizerState { counts, numbers, vectors }) => {
                    parts.extend(vectors.iter().enumerate().map(|(i, values)| vector(i, values)));
                    Remembered::Lines { counts, numbers }
                }
                None => Remembered::Nothing,
            },
        };
        let description = Description {
            version: VERSION,
            precision: T::NAME.to_owned(),
            sizes: self.network.sizes().to_vec(),
            activation: self.network.activation(),
            output: self.network.output(),
            training: self.training.clone(),
            rows: self.fingerprint(),
            epoch: state.epoch,
            place: state.place,
            total: state.total,
            steps: state.steps,
            seconds: self.seconds(),
            plateau: state.plateau,
            best: best.map(|best| (best.epoch, best.loss, best.parameters.is_some())),
            reference: state.watch.reference,
            bad: state.watch.bad,
            history: state.history.clone(),
            mover,
        };
        let description = serde_json::to_string(&description).expect("strings and finite numbers are JSON");
        let bytes = tensor_file::serialize(&parts, KEY, description)
            .map_err(|error| Error::shape("checkpoint", "a header of at most 100 MB", error))?;
        atomic_file::write(&checkpoints.path, &bytes)
    }

    /// Takes over the state that a checkpoint holds.
    pub(super) fn restore(&mut self, path: &Path) -> Result<(), Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        self.take_over(&bytes).map_err(|kind| Error::Checkpoint { file: path.display().to_string(), kind })
    }

    fn take_over(&mut self, bytes: &[u8]) -> Result<(), CheckpointErrorKind> {
        use CheckpointErrorKind::{Damaged, OtherVersion};
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }
        let (description, tensors) = tensor_file::parse(bytes, KEY)?;
        let json = |error: serde_json::Error| Damaged { what: format!("its description is wrong: {error}") };
        let Version { version } = serde_json::from_str(&description).map_err(json)?;
        if version != VERSION {
            return Err(OtherVersion { version, known: VERSION });
        }
        let from: Description = serde_json::from_str(&description).map_err(json)?;
        self.check_same(&from)?;

        let count = self.network.parameters().len();
        let damaged = |what: &str| Damaged { what: what.to_owned() };
        let read = |name: &str| -> Result<Vec<T>, CheckpointErrorKind> {
            let values: Vec<T> = numbers(&tensors, name, &[count])?.map(T::from_f64).collect();
            match values.iter().all(|value| value.to_f64().is_finite()) {
                true => Ok(values),
                false => Err(damaged("a number in it is not finite")),
            }
        };
        let (parameters, good) = (read("parameters")?, read("good")?);
        let best = match from.best {
            Some((epoch, loss, kept)) => {
                Some(Best { epoch, loss, parameters: if kept { Some(read("best")?) } else { None } })
            }
            None => None,
        };
        let others = 2 + usize::from(from.best.is_some_and(|(.., kept)| kept));
        let vectors: Vec<Vec<T>> = (0..tensors.len().saturating_sub(others))
            .map(|i| read(&format!("optimizer.{i}")))
            .collect::<Result<_, _>>()?;
        let fits = match (&mut self.state.mover, from.mover) {
            (Mover::Steps(updater), Remembered::Steps { steps }) => {
                let state = OptimizerState { steps, moments: vectors };
                Updater::from_state(self.training.optimizer, state)
                    .map(|restored| *updater = restored)
                    .is_ok()
            }
            (Mover::Lines(minimizer), Remembered::Lines { counts, numbers }) => {
                minimizer.restore(MinimizerState { counts, numbers, vectors })
            }
            (Mover::Lines(_), Remembered::Nothing) => vectors.is_empty(),
            _ => false,
        };
        if !fits {
            return Err(damaged("what the optimizer remembers does not fit it"));
        }
        if from.place >= self.steps_an_epoch() || from.history.len() != from.epoch {
            return Err(damaged("it is at no place of a training"));
        }
        let state = &mut self.state;
        (state.epoch, state.place, state.total) = (from.epoch, from.place, from.total);
        (state.steps, state.seconds, state.plateau) = (from.steps, from.seconds, from.plateau);
        (state.watch.best, state.watch.reference, state.watch.bad) = (best, from.reference, from.bad);
        (state.good, state.history) = (good, from.history);
        self.network.parameters_mut().copy_from_slice(&parameters);
        Ok(())
    }

    /// An error where a checkpoint is of another network, other settings or other rows.
    fn check_same(&self, from: &Description) -> Result<(), CheckpointErrorKind> {
        let network = &self.network;
        let functions = |activation: Activation, output: Output| {
            format!("{} in the hidden layers and {} at the output", activation.name(), output.name())
        };
        let of_settings = |training: &Training| {
            // What may be another one: how long it goes on.
            let training = Training { epochs: 1, budget: Budget::default(), ..training.clone() };
            serde_json::to_value(training).expect("settings are JSON")
        };
        let mut differences = vec![
            ("precision", from.precision.clone(), T::NAME.to_owned()),
            ("layer sizes", format!("{:?}", from.sizes), format!("{:?}", network.sizes())),
            (
                "functions",
                functions(from.activation, from.output),
                functions(network.activation(), network.output()),
            ),
        ];
        let (theirs, ours) = (of_settings(&from.training), of_settings(&self.training));
        for (name, ours) in ours.as_object().into_iter().flatten() {
            let theirs = theirs.get(name).unwrap_or(&serde_json::Value::Null);
            differences.push((name, theirs.to_string(), ours.to_string()));
        }
        if let Some((name, theirs, ours)) = differences.iter().find(|(_, theirs, ours)| theirs != ours) {
            let name = name.replace('_', " ");
            let what = format!(
                "its {name} {} {theirs}, here {ours}",
                if name.ends_with('s') { "are" } else { "is" }
            );
            return Err(CheckpointErrorKind::OtherRun { what });
        }
        if from.rows != self.fingerprint() {
            let what = "the rows that it was trained on are others".to_owned();
            return Err(CheckpointErrorKind::OtherRun { what });
        }
        Ok(())
    }

    /// A number that differs where the rows do.
    fn fingerprint(&self) -> u64 {
        let mut hash = 0xCBF2_9CE4_8422_2325_u64;
        let mut take = |bits: u64| hash = mixed(hash, bits);
        take(self.batches.fingerprint());
        let held_out = self.held_out.iter().flat_map(|rows| [Some(rows.x), Some(rows.y), rows.weights]);
        let of_training = [Some(self.x), Some(&self.y), self.weights.as_ref()];
        for tensor in of_training.into_iter().chain(held_out) {
            let Some(tensor): Option<&Tensor<T>> = tensor else {
                take(0);
                continue;
            };
            tensor.shape().iter().for_each(|length| take(*length as u64));
            tensor.as_slice().iter().for_each(|value| take(value.to_f64().to_bits()));
        }
        hash
    }
}
