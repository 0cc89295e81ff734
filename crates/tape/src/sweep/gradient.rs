//! The sweep of those who only want a gradient: the cotangents of the first leaves, and no others kept.

use super::cotangents::resize;
use super::{hand_on_line, run};
use crate::tape::{self, Kind, Room, Sort};
use crate::{Error, Float, Tape, Var};

impl Tape {
    /// The cotangents of the first `count` lines, which are leaves, from the cotangent `y_bar` of `y`.
    pub(crate) fn gradient<T: Float>(&self, y: Var<T>, y_bar: T, count: usize) -> Result<Vec<T>, Error> {
        let quick = tape::with_room(|room| {
            self.must_be_current("sweep", &room.state);
            tape::check_root(&room.state, y.handle(), Sort::Line)?;
            let scalar = room.state.events.iter().all(|event| event.kind.is_scalar());
            if scalar { quick(room, y, y_bar, count).map(Some) } else { Ok(None) }
        })?;
        match quick {
            Some(gradient) => Ok(gradient),
            None => Ok(self.sweep_with(&y, y_bar)?.of_first_lines(count)),
        }
    }
}

/// A column of cotangents that is all zeros before and after need not be cleared: each is set back to zero when it has
/// been handed on, while it is in the cache.
fn quick<T: Float>(room: &mut Room, y: Var<T>, y_bar: T, count: usize) -> Result<Vec<T>, Error> {
    let (state, bars) = (&room.state, &mut room.zeros);
    let mut end = count.max(y.line() + 1);
    if bars.len() < end {
        resize(bars, end)?;
    }
    let lines = tape::Lent::take();
    bars[y.line()] = y_bar.to_f64() * y.partial();
    for event in state.events_until(end).iter().rev() {
        let start = event.line as usize;
        let after = end.min(start + event.kind.lines() as usize);
        run::<true>(&lines, after, end, bars);
        match event.kind {
            Kind::Kept { .. } | Kind::Joined { .. } => {
                let bar = std::mem::take(&mut bars[start]);
                hand_on_line(event.kind, bar, state, bars);
            }
            _ => bars[start.max(count)..after.max(count)].fill(0.0),
        }
        end = start;
    }
    let leaves = &mut bars[..count];
    let gradient = leaves.iter().map(|&bar| T::from_f64(bar)).collect();
    leaves.fill(0.0);
    Ok(gradient)
}
