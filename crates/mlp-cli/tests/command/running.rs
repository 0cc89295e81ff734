//! Runs the command in a folder of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A temporary folder in which the command is run.
pub(crate) struct Folder(tempfile::TempDir);

/// What came of running the command.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).expect("the temporary folder takes files");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("the command wrote it")
    }

    /// The names of all files, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::from(self.command(arguments).output().expect("the command starts"))
    }

    /// Runs the command with a standard output that nobody reads.
    pub(crate) fn run_with_closed_stdout(&self, arguments: &[&str]) -> Run {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let child = self.command(arguments).stdout(writer).stderr(Stdio::piped()).spawn();
        Run::from(child.expect("the command starts").wait_with_output().expect("the command ends"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlp"));
        command.args(arguments).current_dir(self.0.path());
        command
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("the output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("the messages are UTF-8"),
        }
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeds(&self) {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
    }

    /// The command ended with this status and one message with all these words in it.
    #[track_caller]
    pub(crate) fn fails(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in: {}", self.stderr);
        }
    }

    pub(crate) fn held_out_accuracy(&self) -> f64 {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix("held-out accuracy "));
        let number = line.and_then(|line| line.split(':').next()).expect("the accuracy is printed");
        number.parse().expect("the accuracy is a number")
    }
}

/// A file of the data beside the checkout, or nothing, and a note, where there is none.
pub(crate) fn shared(name: &str) -> Option<String> {
    let path = format!("{}/../../../shared/data/{name}", env!("CARGO_MANIFEST_DIR"));
    if !std::path::Path::new(&path).exists() {
        println!("skipped: {path} is not there");
        return None;
    }
    Some(path)
}
