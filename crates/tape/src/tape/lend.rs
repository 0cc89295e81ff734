//! Lending the recording to a sweep: the lines where they stand, and all else beside them.

use super::columns::{COLUMNS, Columns, Line};
use super::list::State;
use super::{with_room, with_state};

/// Lends the scalar lines and the rest of the recording to `body`.
///
/// Where a rule or a mapped function of the user's stands on the list, it may begin tapes of its own. The recording is then laid
/// aside for that time, and a tape on which nothing can be recorded stands in its place.
pub(crate) fn with_recording<R>(mut body: impl FnMut(&[Line], &State) -> R) -> R {
    // One copy of the loop for both ways.
    let body: &mut dyn FnMut(&[Line], &State) -> R = &mut body;
    if with_state(|state| state.rules.is_empty() && !state.calls_back) {
        return with_state(|state| COLUMNS.with(|columns| body(&columns.lend(), state)));
    }
    let aside = Aside::lay();
    body(&aside.lines, &aside.state)
}

/// A recording that was laid aside and goes back to its place, whatever happens.
struct Aside {
    lines: Vec<Line>,
    state: State,
}

impl Aside {
    fn lay() -> Aside {
        with_room(|room| {
            // The key of no guard, so that nobody records here, and not 0, so that an inner tape suspends it.
            let key = COLUMNS.with(Columns::next_id);
            let state = std::mem::replace(&mut room.state, State { key, ..State::default() });
            let lines = COLUMNS.with(|columns| columns.take_lines());
            Aside { lines, state }
        })
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        with_room(|room| {
            room.state = std::mem::take(&mut self.state);
            COLUMNS.with(|columns| {
                drop(columns.take_lines());
                columns.put_lines(std::mem::take(&mut self.lines));
                columns.set_limit(room.state.limit);
                columns.open(room.state.admission.id, room.state.admission.kept());
            });
        });
    }
}
