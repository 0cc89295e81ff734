//! Libraries of Python, each in a process that is asked for one turn at a time: see `step.py`.

use crate::net::Net;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What `step.py` knows.
pub(crate) const LIBRARIES: [&str; 5] = ["numpy", "pytorch", "pytorch-compiled", "jax", "scikit-learn"];

/// A process that answers each question with a number, or with a line that says why not.
pub(crate) struct Python {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts the process of this library.
    pub(crate) fn start(python: &str, library: &str) -> Result<Python, String> {
        let mut process = Command::new(python)
            .args([concat!(env!("CARGO_MANIFEST_DIR"), "/step.py"), "--answer", library])
            // Kernels of the library's own choice.
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{python}: {error}"))?;
        let questions = process.stdin.take().expect("it was asked for");
        let answers = BufReader::new(process.stdout.take().expect("it was asked for"));
        let mut started = Python { process, questions, answers };
        started.ask("ready")?;
        Ok(started)
    }

    /// J after ten steps without a penalty.
    pub(crate) fn after_ten_steps(&mut self, net: &Net) -> Result<f32, String> {
        self.ask(&format!("check {}", net.name)).map(|value| value as f32)
    }

    /// Nanoseconds a step, over so many.
    pub(crate) fn time(&mut self, net: &Net, calls: u32) -> Result<f64, String> {
        self.ask(&format!("time {} {calls}", net.name))
    }

    fn ask(&mut self, question: &str) -> Result<f64, String> {
        let gone = |error| format!("its process has ended: {error}");
        writeln!(self.questions, "{question}").and_then(|()| self.questions.flush()).map_err(gone)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(gone)?;
        answer.trim().parse().map_err(|_| match answer.trim() {
            "" => "its process has ended".to_owned(),
            why => why.to_owned(),
        })
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It is one of ours, and may be amid a step.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
