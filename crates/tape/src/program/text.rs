//! A program as text: one line for each line of the list, to be kept in a file.
//!
//! ```text
//! tape program 1
//! input 2 x0
//! input 1 x1
//! constant 3
//! scale 0.5 0
//! mul 2 3
//! compare less true 0 1 0 1
//! output 4
//! ```
//!
//! The first word of a line is a primitive's name, then come its parameter, if it has one, and the lines that it reads, counted from
//! 0 behind the heading. An input has its value where the function was traced, and a name. A comparison (`less`,
//! `less_equal`, `equal`, `order`, `total_order`, `within_steps_4`) has its outcome, its two lines, and their numbers when they
//! were traced. Values are computed anew when the text is read.

use super::guard::{Guard, Relation};
use super::operation::Operation;
use super::trace::{MOST_LINES, Step};
use super::{List, Program};
use crate::Error;
use std::fmt::{self, Write};
use std::str::{FromStr, SplitWhitespace};

const HEADING: &str = "tape program 1";

/// The program as text, from which [`str::parse`] makes the same program again, to the last bit of its numbers (a NaN
/// comes back as the usual one).
///
/// ```
/// use tape::Program;
/// let program = Program::trace(|x| x[0].sin() * 0.1, &[2.0]);
/// let text = program.to_string();
/// assert_eq!(text, "tape program 1\ninput 2 x0\nsin 0\nscale 0.1 1\noutput 2\n");
/// let again: Program = text.parse()?;
/// assert_eq!(again.eval(&[0.7])?, program.eval(&[0.7])?);
/// # Ok::<(), tape::Error>(())
/// ```
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADING}")?;
        if !self.fused {
            writeln!(f, "unfused")?;
        }
        for (line, step) in self.list.steps.iter().enumerate() {
            write!(f, "{}", step.operation.name())?;
            match step.operation {
                Operation::Input => write!(f, " {} {}", step.value, Escaped(&self.names[line]))?,
                Operation::Constant => write!(f, " {}", step.value)?,
                _ => {}
            }
            if let Some(parameter) = step.operation.parameter() {
                write!(f, " {parameter}")?;
            }
            for input in step.arguments() {
                write!(f, " {input}")?;
            }
            writeln!(f)?;
        }
        for Guard { relation, inputs: [a, b], traced: [c, d] } in &self.list.guards {
            let [question, answer] = relation.words();
            writeln!(f, "compare {question} {answer} {a} {b} {c} {d}")?;
        }
        self.list.outputs.iter().try_for_each(|output| writeln!(f, "output {output}"))
    }
}

/// A name as one word: spaces, control characters and `%` as `%20` and the like, an empty name as `%`.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_char('%');
        }
        for c in self.0.chars() {
            if c.is_whitespace() || c.is_control() || c == '%' {
                let mut bytes = [0; 4];
                c.encode_utf8(&mut bytes).bytes().try_for_each(|byte| write!(f, "%{byte:02x}"))?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

fn unescaped(word: &str) -> Option<String> {
    if word == "%" {
        return Some(String::new());
    }
    let mut parts = word.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

/// The words of one line of text, for errors that say where they are.
struct Words<'a> {
    number: usize,
    text: &'a str,
    rest: SplitWhitespace<'a>,
}

impl<'a> Words<'a> {
    fn wants(&self, want: impl Into<String>) -> Error {
        const SHOWN: usize = 60;
        let mut got: String = self.text.chars().take(SHOWN).collect();
        if got.len() < self.text.len() {
            got.push('…');
        }
        Error::Text { line: self.number, want: want.into(), got }
    }

    fn word(&mut self, want: &str) -> Result<&'a str, Error> {
        self.rest.next().ok_or_else(|| self.wants(want))
    }

    fn parsed<T: FromStr>(&mut self, want: &str) -> Result<T, Error> {
        let word = self.word(want)?;
        word.parse().map_err(|_| self.wants(want))
    }

    /// A line that stands before line `end`.
    fn line(&mut self, end: usize) -> Result<u32, Error> {
        let line = self.parsed::<u32>("the number of a line")?;
        if line as usize >= end {
            return Err(self.wants(format!("the number of an earlier line, below {end}")));
        }
        Ok(line)
    }

    fn end(mut self) -> Result<(), Error> {
        match self.rest.next() {
            None => Ok(()),
            Some(_) => Err(self.wants("nothing more on the line")),
        }
    }
}

/// Reads what [`Display`](fmt::Display) has written. Everything is checked: what comes back is a program that can be replayed and
/// differentiated, or an error, [`Error::Text`], that names the line. Room is taken for lines that are there, never for a number that a
/// file claims.
///
/// ```
/// use tape::Program;
/// let error = "tape program 1\ninput 2 x0\nmul 0 7\noutput 1\n".parse::<Program>().unwrap_err();
/// assert_eq!(error.to_string(),
///     "program text, line 3: wants the number of an earlier line, below 1, got `mul 0 7`");
/// ```
impl FromStr for Program {
    type Err = Error;

    fn from_str(text: &str) -> Result<Program, Error> {
        let mut lines = (1..).zip(text.lines()).map(|(number, text)| Words {
            number,
            text,
            rest: text.split_whitespace(),
        });
        let heading = lines.next().filter(|line| line.text.trim_end() == HEADING);
        if heading.is_none() {
            let got = text.lines().next().unwrap_or_default().chars().take(HEADING.len()).collect();
            return Err(Error::Text { line: 1, want: format!("the heading `{HEADING}`"), got });
        }
        let mut list = List { steps: Vec::new(), inputs: 0, outputs: Vec::new(), guards: Vec::new() };
        let (mut names, mut fused) = (Vec::new(), true);
        for mut words in lines {
            let Some(name) = words.rest.next() else { continue };
            let end = list.steps.len();
            match name {
                "unfused" => fused = false,
                "output" => {
                    let output = words.line(end)?;
                    list.outputs.push(output);
                }
                "compare" => {
                    const WANT: &str = "a comparison and its outcome";
                    let (question, answer) = (words.word(WANT)?, words.word(WANT)?);
                    let relation = Relation::of_words(question, answer).ok_or_else(|| words.wants(WANT))?;
                    let inputs = [words.line(end)?, words.line(end)?];
                    let traced = [words.line(MOST_LINES)?, words.line(MOST_LINES)?];
                    list.guards.push(Guard { relation, inputs, traced });
                }
                _ => {
                    let step = step(name, &mut words, &list)?;
                    if step.operation == Operation::Input {
                        if list.inputs < end {
                            return Err(words.wants("inputs before all other lines"));
                        }
                        let name = words.word("a name for the input")?;
                        names.push(unescaped(name).ok_or_else(|| words.wants("a name, escaped with %xx"))?);
                        list.inputs += 1;
                    }
                    if end >= MOST_LINES {
                        return Err(words.wants(format!("at most {MOST_LINES} lines")));
                    }
                    list.steps.push(step);
                }
            }
            words.end()?;
        }
        let mut program = Program::of(list, false);
        (program.names, program.fused) = (names, fused);
        Ok(program)
    }
}

/// The step that stands on a line of text behind the lines of `list`, with its value.
fn step(name: &str, words: &mut Words<'_>, list: &List) -> Result<Step, Error> {
    const NUMBER: &str = "a number";
    match name {
        "input" => return Ok(Step::input(words.parsed(NUMBER)?)),
        "constant" => {
            let value = words.parsed(NUMBER)?;
            return Ok(Step { operation: Operation::Constant, inputs: [0; 3], value });
        }
        _ => {}
    }
    let mut parameter = None;
    let operation = Operation::of_name(name, || {
        parameter = words.rest.next().and_then(|word| word.parse().ok());
        parameter
    });
    let operation =
        operation.ok_or_else(|| words.wants("a primitive of the list, with its parameter if it has one"))?;
    let mut inputs = [0; 3];
    for input in &mut inputs[..operation.arguments()] {
        *input = words.line(list.steps.len())?;
    }
    let arguments = inputs.map(|line| list.steps.get(line as usize).map_or(0.0, |step| step.value));
    let value = operation.value(arguments).expect("a primitive of the list has a value");
    Ok(Step { operation, inputs, value })
}
