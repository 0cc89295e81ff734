//! Where results are written, and what must not be lost there.

use std::fs;
use std::path::{Path, PathBuf};

use mlp::{Model, atomic_file};

use crate::arguments::TrainArguments;
use crate::failure::Failure;

/// The name under which models remember the digits that come with the command.
pub(crate) const EMBEDDED: &str = "embedded digits";

/// Where `mlp train` writes its model: --output, or a name in the current folder after the data.
///
/// Fails before the training where that could not be written afterwards, or would overwrite something.
pub(crate) fn for_training(arguments: &TrainArguments) -> Result<PathBuf, Failure> {
    let path = match (&arguments.output, &arguments.file) {
        (Some(path), _) => path.clone(),
        (None, None) => PathBuf::from("digits.mlp"),
        (None, Some(file)) => {
            PathBuf::from(file.file_name().unwrap_or(file.as_os_str())).with_extension("mlp")
        }
    };
    if let Some(file) = &arguments.file {
        refuse_same(&path, file)?;
    }
    let demonstration = arguments.output.is_none() && arguments.file.is_none();
    if !(arguments.force || demonstration && is_demonstration(&path)) {
        refuse_existing(&path)?;
    }
    atomic_file::check_writable(&path)?;
    Ok(path)
}

/// Makes sure that --output of `mlp predict` can be written and is none of the files that are read.
pub(crate) fn for_predictions(path: &Path, reads: [&Path; 2], force: bool) -> Result<(), Failure> {
    for read in reads {
        refuse_same(path, read)?;
    }
    if !force {
        refuse_existing(path)?;
    }
    atomic_file::check_writable(path)?;
    Ok(())
}

/// Whether the file is a model of the embedded digits, which a further `mlp train` may replace.
fn is_demonstration(path: &Path) -> bool {
    Model::<f32>::load(path).is_ok_and(|model| model.record().data == EMBEDDED)
}

/// Refuses to write over a file. Devices and pipes lose nothing.
fn refuse_existing(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Err(Failure::Other(format!(
            "{} is there already; choose another name with --output, or add --force to overwrite it",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn refuse_same(output: &Path, input: &Path) -> Result<(), Failure> {
    match (fs::canonicalize(output), fs::canonicalize(input)) {
        (Ok(output_file), Ok(input_file)) if output_file == input_file => Err(Failure::Usage(format!(
            "the output {} is a file that is read; choose another name with --output",
            output.display()
        ))),
        _ => Ok(()),
    }
}
