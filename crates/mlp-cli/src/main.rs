//! The command `mlp`: trains, evaluates and applies classifiers on tables.
#![forbid(unsafe_code)]

mod arguments;
mod columns;
mod confusion;
mod evaluate;
mod failure;
mod inputs;
mod model_output;
mod output;
mod predict;
mod progress;
mod settings;
mod train;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new();
    let done = match &arguments.command {
        Command::Train(arguments) => train::run(arguments, &mut output),
        Command::Evaluate(arguments) => evaluate::run(arguments, &mut output),
        Command::Predict(arguments) => predict::run(arguments, &mut output),
    };
    match done.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell where this fails.
            let _ = writeln!(std::io::stderr(), "error: {failure}");
            failure.status()
        }
    }
}
