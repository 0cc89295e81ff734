//! One training step of a network, ours and in the frameworks that people use: is it the same step, and how long does it take?
//!
//! Forward, J, all gradients and a step of gradient descent, in single precision and one thread. Each peer takes turns with
//! ours. Those of Python run in a process of their own, which is asked for one turn at a time.

mod by_burn;
mod by_candle;
mod by_dfdx;
mod net;
mod ours;
mod python;
#[path = "../../../ratios.rs"]
#[expect(dead_code, reason = "only the medians and the table of rows")]
mod ratios;

use net::{NETS, Net};
use python::Python;
use ratios::{Race, median, time, write_row};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// One training step that returns J as it was before.
type Step = Box<dyn FnMut() -> f32>;

/// Somebody who can train: here, or in a process of Python.
enum Peer {
    Here(fn(&Net, lambda: f32) -> Step),
    Python(Python),
}

/// How long a race goes on.
#[derive(Clone, Copy)]
struct Effort {
    batch: Duration,
    pairs: usize,
    total: Duration,
}

const FULL: Effort = Effort { batch: Duration::from_millis(20), pairs: 7, total: Duration::from_secs(4) };
const QUICK: Effort = Effort { batch: Duration::from_millis(2), pairs: 3, total: Duration::from_millis(200) };

/// Nanoseconds a step.
fn batch(step: &mut Step, calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(step());
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// How many calls fill a batch, by the faster of two after one that warms up.
fn calls(effort: Effort, mut once: impl FnMut() -> Result<f64, String>) -> Result<u32, String> {
    once()?;
    let ns = once()?.min(once()?);
    Ok((effort.batch.as_nanos() as f64 / ns).clamp(1.0, 1e6) as u32)
}

/// Batches of both in turn; which goes first alternates.
fn race(
    effort: Effort,
    mut rival: impl FnMut(u32) -> Result<f64, String>,
    mut ours: impl FnMut(u32) -> f64,
) -> Result<Race, String> {
    let of_rival = calls(effort, || rival(1))?;
    let of_ours = calls(effort, || Ok(ours(1)))?;
    let (mut rivals, mut our_times, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    while ratios.len() < effort.pairs || start.elapsed() < effort.total {
        let (r, o) = if ratios.len() % 2 == 0 {
            let r = rival(of_rival)?;
            (r, ours(of_ours))
        } else {
            let o = ours(of_ours);
            (rival(of_rival)?, o)
        };
        rivals.push(r);
        our_times.push(o);
        ratios.push(o / r);
    }
    Ok(Race { rival: median(rivals), ours: median(our_times), ratio: median(ratios) })
}

/// J before the eleventh step, without a penalty: frameworks that have one in the optimizer leave it out of J, and most of
/// them decay biases too.
fn after_ten_steps(mut step: Step) -> f32 {
    (0..10).for_each(|_| _ = step());
    step()
}

/// The peer's step against ours: whether it is the same, then the race.
fn measure(peer: &mut Peer, net: &Net, effort: Effort) -> Result<Race, String> {
    let want = after_ten_steps(ours::step(net, 0.0));
    let got = match peer {
        Peer::Here(step) => after_ten_steps(step(net, 0.0)),
        Peer::Python(python) => python.after_ten_steps(net)?,
    };
    let off = (got - want).abs();
    if off.is_nan() || off > 1e-3 * want {
        return Err(format!("another step: J is {got} after ten, and ours is {want}"));
    }
    let mut ours = ours::step(net, net::LAMBDA);
    match peer {
        Peer::Here(step) => {
            let mut step = step(net, net::LAMBDA);
            race(effort, |calls| Ok(batch(&mut step, calls)), |calls| batch(&mut ours, calls))
        }
        Peer::Python(python) => {
            race(effort, |calls| python.time(net, calls), |calls| batch(&mut ours, calls))
        }
    }
}

/// All peers with their names: the frameworks of Rust first, then those that this Python has.
fn peers(python: Option<&str>) -> Vec<(&'static str, Peer)> {
    let mut peers = vec![
        ("dfdx", Peer::Here(by_dfdx::step)),
        ("candle", Peer::Here(by_candle::step)),
        ("burn", Peer::Here(by_burn::step)),
    ];
    for library in python.map_or(&[][..], |_| &python::LIBRARIES) {
        match Python::start(python.unwrap_or_default(), library) {
            Ok(process) => peers.push((library, Peer::Python(process))),
            Err(why) => eprintln!("{library} is left out: {why}"),
        }
    }
    peers
}

fn main() -> Result<(), String> {
    let usage = "usage: networks [--quick] [--python PYTHON]";
    let (mut effort, mut python) = (FULL, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => effort = QUICK,
            "--python" => python = Some(arguments.next().ok_or(usage)?),
            _ => return Err(usage.to_owned()),
        }
    }
    // Their thread pools ask when they are first used.
    if std::env::var("RAYON_NUM_THREADS").as_deref() != Ok("1") {
        return Err("wants RAYON_NUM_THREADS=1, so that all have one thread; `run.sh` sets it".to_owned());
    }
    let mut peers = peers(python.as_deref());
    let mut table = vec![[vec!["one training step".to_owned(), "ours".to_owned()], names(&peers)].concat()];
    for net in &NETS {
        let mut best: [Option<Race>; 2] = [None; 2];
        let (mut our_times, mut cells) = (Vec::new(), Vec::new());
        for (name, peer) in &mut peers {
            cells.push(match measure(peer, net, effort) {
                Ok(race) => {
                    our_times.push(race.ours);
                    let best = &mut best[usize::from(matches!(peer, Peer::Python(_)))];
                    if best.is_none_or(|best| race.rival < best.rival) {
                        *best = Some(race);
                    }
                    format!("{}, {:.2} ×", time(race.rival), 1.0 / race.ratio)
                }
                Err(why) => {
                    eprintln!("{}, {name}: {why}", net.name);
                    "–".to_owned()
                }
            });
        }
        for (language, best) in ["rust", "python"].into_iter().zip(best) {
            if let Some(best) = best {
                write_row(&format!("peers/{}-{language}", net.name), best);
            }
        }
        let ours = if our_times.is_empty() { "–".to_owned() } else { time(median(our_times)) };
        table.push([vec![net.name.to_owned(), ours], cells].concat());
    }
    print(&table);
    Ok(())
}

fn names(peers: &[(&str, Peer)]) -> Vec<String> {
    peers.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// A table in Markdown, which reads well as plain text too.
fn print(rows: &[Vec<String>]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    println!("\nmedians of alternating pairs; × says how many times as long as ours\n");
    for (k, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}")).collect();
        println!("| {} |", cells.join(" | "));
        if k == 0 {
            let lines: Vec<_> = widths.iter().map(|&width| "-".repeat(width - 1) + ":").collect();
            println!("| {} |", lines.join(" | "));
        }
    }
}
