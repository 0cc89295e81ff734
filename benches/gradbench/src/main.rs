//! A tool for GradBench (github.com/gradbench/gradbench): reads messages from standard input, a JSON object a line,
//! and answers each on standard output. What is no message is answered by an error, under its id if it has one.

mod evals;
#[expect(dead_code, reason = "the evals use some of the benches' functions")]
#[path = "../../functions.rs"]
mod functions;
#[expect(dead_code, reason = "the evals bring their own inputs")]
#[path = "../../inputs.rs"]
mod inputs;

use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};
use tape::Real;

#[derive(Deserialize)]
struct Message {
    id: u64,
    kind: String,
    #[serde(default)]
    module: String,
    #[serde(default)]
    function: String,
    #[serde(default)]
    input: Value,
}

/// How often to run a function.
#[derive(Deserialize, Default)]
struct Runs {
    #[serde(default)]
    min_runs: u64,
    #[serde(default)]
    min_seconds: f64,
}

/// What a function gave, and how long each of its runs took.
pub(crate) struct Outcome {
    output: Value,
    runs: Vec<Duration>,
}

impl Outcome {
    /// Runs `body` as often as the input asks, and `write`s what came out last.
    pub(crate) fn of<T>(
        input: &Value,
        mut body: impl FnMut() -> T,
        write: impl FnOnce(T) -> Value,
    ) -> Result<Outcome, String> {
        // The simplest eval sends a bare number.
        let asked = if input.is_object() { read(input)? } else { Runs::default() };
        let mut runs = Vec::new();
        let mut total = Duration::ZERO;
        loop {
            let start = Instant::now();
            let output = std::hint::black_box(body());
            let run = start.elapsed();
            total += run;
            runs.push(run);
            if runs.len() as u64 >= asked.min_runs && total.as_secs_f64() >= asked.min_seconds {
                return Ok(Outcome { output: write(output), runs });
            }
        }
    }
}

/// The input of a function, or what is wrong with it.
pub(crate) fn read<'a, T: Deserialize<'a>>(input: &'a Value) -> Result<T, String> {
    T::deserialize(input).map_err(|error| format!("input: {error}"))
}

fn answer(message: &Message) -> Value {
    let id = message.id;
    match message.kind.as_str() {
        "start" => json!({ "id": id, "tool": "tape" }),
        "define" if evals::MODULES.contains(&message.module.as_str()) => json!({ "id": id, "success": true }),
        "define" => json!({ "id": id, "success": false, "error": format!("no module {}", message.module) }),
        "evaluate" => match evals::evaluate(&message.module, &message.function, &message.input) {
            Ok(Outcome { output, runs }) => {
                let timing =
                    |run: &Duration| json!({ "name": "evaluate", "nanoseconds": run.as_nanos() as u64 });
                let timings: Vec<_> = runs.iter().map(timing).collect();
                json!({ "id": id, "success": true, "output": output, "timings": timings })
            }
            Err(error) => json!({ "id": id, "success": false, "error": error }),
        },
        _ => json!({ "id": id }),
    }
}

/// The answer to a line, whatever stands on it.
fn answer_line(line: &[u8]) -> Value {
    serde_json::from_slice(line).map_or_else(
        |error| {
            let message: Value = serde_json::from_slice(line).unwrap_or_default();
            json!({ "id": message["id"], "success": false, "error": format!("message: {error}") })
        },
        |message| answer(&message),
    )
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().split(b'\n') {
        writeln!(out, "{}", answer_line(&line?))?;
        out.flush()?;
    }
    Ok(())
}
