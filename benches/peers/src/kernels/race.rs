//! A race of one side against several, in turns.

use crate::ratios::{Race, median};
use std::time::{Duration, Instant};

/// How long a race goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) total: Duration,
}

/// A side: nanoseconds that so many calls take.
pub(crate) type Side<'a> = Box<dyn FnMut(u32) -> f64 + 'a>;

/// The side that makes these calls, which are compiled into its loop.
pub(crate) fn side<'a>(mut call: impl FnMut() + 'a) -> Side<'a> {
    Box::new(move |calls| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_nanos() as f64
    })
}

/// The first side against each of the others. All take turns, with batches of at least a millisecond; who begins
/// changes from round to round, and a ratio is of times in one round.
pub(crate) fn race(effort: Effort, sides: &mut [Side<'_>]) -> Vec<Race> {
    let calls: Vec<u32> = sides
        .iter_mut()
        .map(|side| {
            let once = side(1).min(side(1));
            // A short call is measured again, for its first time is mostly the clock's.
            let calls = (1e5 / once).clamp(1.0, 1e4) as u32;
            let ns = side(calls) / f64::from(calls);
            (1e6 / ns).ceil().clamp(1.0, 1e6) as u32
        })
        .collect();
    let mut times = vec![Vec::new(); sides.len()];
    let start = Instant::now();
    for round in 0.. {
        if round >= effort.rounds && start.elapsed() >= effort.total {
            break;
        }
        for turn in 0..sides.len() {
            let s = (round + turn) % sides.len();
            times[s].push(sides[s](calls[s]) / f64::from(calls[s]));
        }
    }
    let ours = &times[0];
    let against = |rivals: &Vec<f64>| Race {
        rival: median(rivals.clone()),
        ours: median(ours.clone()),
        ratio: median(ours.iter().zip(rivals).map(|(ours, rival)| ours / rival).collect()),
    };
    times[1..].iter().map(against).collect()
}
