//! scikit-learn and NumPy, in a process that is asked for one turn at a time: see `peers/jobs.py`.

use crate::ratios;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process that answers each question with numbers, or with a line that says why not.
pub(crate) struct Python {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Python {
    /// The Python of PYTHON, or of the environment that `peers/run.sh` makes; none where it has not what it needs.
    pub(crate) fn find() -> Option<Python> {
        let python = match std::env::var_os("PYTHON") {
            Some(python) => PathBuf::from(python),
            None => ratios::table_path().with_file_name("peers-python").join("bin/python"),
        };
        if python.as_os_str().is_empty() {
            return None;
        }
        let started = Python::start(&python);
        started.map_err(|why| println!("(no peer: {}: {why})", python.display())).ok()
    }

    fn start(python: &Path) -> Result<Python, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/peers/jobs.py"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let questions = process.stdin.take().expect("it was asked for");
        let answers = BufReader::new(process.stdout.take().expect("it was asked for"));
        let mut started = Python { process, questions, answers, folder };
        started.ask("ready")?;
        Ok(started)
    }

    /// Where it reads tables from.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The numbers that it answers.
    pub(crate) fn ask(&mut self, question: &str) -> Result<Vec<f64>, String> {
        let gone = |error| format!("its process has ended: {error}");
        writeln!(self.questions, "{question}").and_then(|()| self.questions.flush()).map_err(gone)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(gone)?;
        let numbers = answer.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>();
        match numbers {
            Ok(numbers) if !numbers.is_empty() => Ok(numbers),
            _ if answer.trim().is_empty() => Err("nothing; its process has ended".to_owned()),
            _ => Err(answer.trim().to_owned()),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It is one of ours, and may be amid a job.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
