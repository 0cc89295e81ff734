//! Standard output, whose reader may leave early.

use std::fmt;
use std::io::{self, BufWriter, ErrorKind, Stdout, Write};

use crate::failure::Failure;

/// Standard output. A reader that closed the pipe (`mlp … | head`) is no failure: what comes after is dropped.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: BufWriter<Stdout>,
    closed: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self { stdout: BufWriter::new(io::stdout()), closed: false }
    }

    /// Writes one line, and shows it at once.
    pub(crate) fn line(&mut self, line: fmt::Arguments<'_>) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let done = writeln!(self.stdout, "{line}").and_then(|()| self.stdout.flush());
        self.unless_closed(done)
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let done = self.stdout.write_all(bytes);
        self.unless_closed(done)
    }

    /// Writes what is still held back.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let done = self.stdout.flush();
        self.unless_closed(done)
    }

    /// Whether nobody reads any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    fn unless_closed(&mut self, done: io::Result<()>) -> Result<(), Failure> {
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            done => done.map_err(Failure::Output),
        }
    }
}
