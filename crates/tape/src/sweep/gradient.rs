//! The sweep of those who only want a gradient: the cotangents of the first leaves, and no others kept.

use super::cotangents::resize;
use super::{hand_on_line, run};
use crate::tape::columns::{COLUMNS, Line};
use crate::tape::{self, Event, Kind, Room, Sort, State};
use crate::{Error, Float, Tape, Var};

impl Tape {
    /// Fills in the cotangents of the first lines, which are leaves, from the cotangent `y_bar` of `y`.
    pub(crate) fn gradient<T: Float>(&self, y: Var<T>, y_bar: T, leaves: &mut [T]) -> Result<(), Error> {
        // Errors in a box, so that the answer fits in registers: its way through memory took 4 ns.
        let scalar = tape::with_room(|room| {
            self.must_be_current("sweep", &room.state);
            tape::check_root(&room.state, y.handle(), Sort::Line).map_err(Box::new)?;
            if !room.state.events.iter().all(|event| event.kind.is_scalar()) {
                return Ok(false);
            }
            if !quick::<T, false>(room, y, y_bar, leaves)? {
                quick::<T, true>(room, y, y_bar, leaves)?;
            }
            Ok(true)
        });
        if !scalar.map_err(|error: Box<Error>| *error)? {
            leaves.copy_from_slice(&self.sweep_with(&y, y_bar)?.of_first_lines(leaves.len()));
        }
        Ok(())
    }
}

/// A column of cotangents that is all zeros before and after need not be cleared: each is set back to zero when it has
/// been handed on, while it is in the cache. Returns false if it came to NaN and care may help.
fn quick<T: Float, const CAREFUL: bool>(
    room: &mut Room,
    y: Var<T>,
    y_bar: T,
    leaves: &mut [T],
) -> Result<bool, Box<Error>> {
    let (state, bars, count) = (&room.state, &mut room.zeros, leaves.len());
    let mut end = count.max(y.line() + 1);
    if bars.len() < end {
        resize(bars, end).map_err(Box::new)?;
    }
    bars[y.line()] = y_bar.to_f64() * y.partial();
    COLUMNS.with(|columns| {
        let lines = columns.lend();
        let mut events = state.events_until(end);
        // Most recordings are leaves and then lines.
        let first_lines = match events.split_first() {
            Some((Event { line: 0, kind: Kind::Leaves { count } }, later)) => {
                events = later;
                *count as usize
            }
            _ => 0,
        };
        for event in events.iter().rev() {
            end = step::<CAREFUL>(event, end, &lines, state, bars);
        }
        run::<true, CAREFUL>(&lines, first_lines.min(end), end, bars);
        bars[count..first_lines.min(end).max(count)].fill(0.0);
    });
    for (k, leaf) in leaves.iter_mut().enumerate() {
        let bar = std::mem::take(&mut bars[k]);
        // To leave here also keeps the loop from being made one over vectors, which would wait for what the last lines have
        // stored number by number (the smallest gradient took 40 ns, so 37).
        if !CAREFUL && bar.is_nan() {
            bars[k..count].fill(0.0);
            return Ok(false);
        }
        *leaf = T::from_f64(bar);
    }
    Ok(true)
}

/// Sweeps the lines after an event, then the event; returns where the lines before it end.
fn step<const CAREFUL: bool>(
    event: &Event,
    end: usize,
    lines: &[Line],
    state: &State,
    bars: &mut [f64],
) -> usize {
    let start = event.line as usize;
    let after = end.min(start + event.kind.lines() as usize);
    run::<true, CAREFUL>(lines, after, end, bars);
    let bar = bars[start];
    bars[start..after].fill(0.0);
    if !matches!(event.kind, Kind::Leaves { .. }) {
        hand_on_line::<CAREFUL>(event.kind, bar, state, bars);
    }
    start
}
