//! The sweep of those who only want a gradient: the cotangents of the first leaves, and no others kept.

use super::cotangents::resize;
use super::{hand_on_line, run, run_from};
use crate::tape::columns::{COLUMNS, Line};
use crate::tape::{self, Event, Kind, Room, Sort, State};
use crate::{Error, Float, Tape, Var};

impl Tape {
    /// Fills in the cotangents of the first lines, which are leaves, from the cotangent `y_bar` of `y`.
    ///
    /// By reference, as a handle that was just written and is copied as a whole holds up the processor for 3 ns.
    #[inline(always)]
    pub(crate) fn gradient<T: Float>(&self, y: &Var<T>, y_bar: T, leaves: &mut [T]) -> Result<(), Error> {
        if leaves_and_lines(y.place(), y_bar.to_f64() * y.partial(), leaves) {
            return Ok(());
        }
        std::hint::cold_path();
        self.gradient_of_any(y, y_bar, leaves)
    }

    #[inline(never)]
    fn gradient_of_any<T: Float>(&self, y: &Var<T>, y_bar: T, leaves: &mut [T]) -> Result<(), Error> {
        let scalar = tape::with_room(|room| {
            self.must_be_current("sweep", &room.state);
            tape::check_root(&room.state, y.handle(), Sort::Line)?;
            if !room.state.events.iter().all(|event| event.kind.is_scalar()) {
                return Ok(false);
            }
            if !quick::<T, false>(room, *y, y_bar, leaves)? {
                quick::<T, true>(room, *y, y_bar, leaves)?;
            }
            Ok(true)
        })?;
        if !scalar {
            leaves.copy_from_slice(&self.sweep_with(y, y_bar)?.of_first_lines(leaves.len()));
        }
        Ok(())
    }
}

/// The gradient by the leaves that a tape began with, where nothing but lines came after them: what most functions are.
/// `seed` is the cotangent of the line at `place`. Returns false, with nothing done, where it is not so simple: there are
/// other leaves, no cotangents yet of so many lines, or a NaN that care may help.
#[inline(never)]
fn leaves_and_lines<T: Float>(place: u64, seed: f64, leaves: &mut [T]) -> bool {
    COLUMNS.with(|columns| {
        if columns.unlisted_with(place) != Some(leaves.len() as u32) {
            return false;
        }
        tape::with_room_as_it_is(|room| {
            let end = place as u32 as usize + 1;
            let Some(bars) = room.zeros.get_mut(..end.max(leaves.len())) else {
                return false;
            };
            // Where `y` is a leaf itself there is no line to run over, and its cotangent goes straight to it.
            run_from::<true, false>(&columns.lend(), leaves.len().min(end), end, seed, bars);
            hand_out(bars, leaves)
        })
    })
}

/// Hands the cotangents of the first lines out and leaves zeros; false if one is NaN.
#[inline(always)]
fn hand_out<T: Float>(bars: &mut [f64], leaves: &mut [T]) -> bool {
    let mut pairs = leaves.iter_mut().zip(&mut *bars);
    // To leave where there is a NaN also keeps the loop from being made one over vectors, which would wait for what the last
    // lines have stored number by number (the smallest gradient took 40 ns, so 37).
    let numbers = pairs.all(|(leaf, bar)| {
        let bar = std::mem::take(bar);
        *leaf = T::from_f64(bar);
        !bar.is_nan()
    });
    if !numbers {
        std::hint::cold_path();
        let count = leaves.len();
        bars[..count].fill(0.0);
    }
    numbers
}

/// A column of cotangents that is all zeros before and after need not be cleared: each is set back to zero when it has
/// been handed on, while it is in the cache. Returns false if it came to NaN and care may help.
fn quick<T: Float, const CAREFUL: bool>(
    room: &mut Room,
    y: Var<T>,
    y_bar: T,
    leaves: &mut [T],
) -> Result<bool, Error> {
    let (state, bars, count) = (&room.state, &mut room.zeros, leaves.len());
    let mut end = count.max(y.line() + 1);
    if bars.len() < end {
        resize(bars, end)?;
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
    if CAREFUL {
        for (leaf, bar) in leaves.iter_mut().zip(bars) {
            *leaf = T::from_f64(std::mem::take(bar));
        }
        return Ok(true);
    }
    Ok(hand_out(bars, leaves))
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
