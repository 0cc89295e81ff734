//! Which handles may be used on a tape: ids, the stretches between rewinds, and the errors that say why not.

use super::list::{Precision, State};
use super::with_state;
use crate::Error;
use smallvec::SmallVec;

/// Where a recorded value stands: on which tape, and at which number. Tape 0 is no tape: a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Handle {
    pub(crate) number: u32,
    pub(crate) tape: u32,
}

/// How much has been recorded, of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) lines: u32,
    pub(crate) single: u32,
    pub(crate) double: u32,
    pub(super) events: u32,
    pub(super) gathered: u32,
    pub(super) rules: u32,
}

impl Counts {
    pub(super) fn min(self, other: Counts) -> Counts {
        Counts {
            lines: self.lines.min(other.lines),
            single: self.single.min(other.single),
            double: self.double.min(other.double),
            events: self.events.min(other.events),
            gathered: self.gathered.min(other.gathered),
            rules: self.rules.min(other.rules),
        }
    }

    fn of(self, sort: Sort) -> u32 {
        match sort {
            Sort::Line => self.lines,
            Sort::Node(Precision::Single) => self.single,
            Sort::Node(Precision::Double) => self.double,
        }
    }
}

/// What a handle numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sort {
    Line,
    Node(Precision),
}

/// A stretch between two rewinds: handles that carry its id stay valid up to the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    pub(super) id: u32,
    pub(super) start: Counts,
    pub(super) limit: Counts,
}

/// Which handles a tape admits: those of the current id, and older ones from before the mark that it was
/// rewound to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    pub(super) id: u32,
    pub(super) start: Counts,
    pub(super) past: SmallVec<[Epoch; 2]>,
}

impl Admission {
    /// Whether nothing was rewound between the two.
    pub(crate) fn is_of(&self, other: &Admission) -> bool {
        self.id == other.id
    }

    /// The oldest stretch of which handles are still admitted: its id, and below which line.
    pub(super) fn kept(&self) -> Option<(u32, u32)> {
        self.past.first().map(|epoch| (epoch.id, epoch.limit.lines))
    }

    pub(crate) fn admits(&self, handle: Handle, sort: Sort, counts: Counts) -> bool {
        if handle.tape == self.id {
            return handle.number < counts.of(sort);
        }
        self.past.iter().any(|epoch| epoch.id == handle.tape && handle.number < epoch.limit.of(sort))
    }
}
/// Whether a handle may be used on the tape that records: constants may, handles of this tape may.
#[inline]
pub(super) fn admit(
    state: &State,
    counts: Counts,
    handle: Handle,
    sort: Sort,
    operation: &'static str,
) -> Result<(), Error> {
    if handle.tape == 0 || state.admission.admits(handle, sort, counts) {
        return Ok(());
    }
    Err(Error::Foreign { operation, why: why_foreign(state, handle) })
}

fn why_foreign(state: &State, handle: Handle) -> String {
    if state.key == 0 {
        "the tape of this value has ended, or belongs to another thread".to_owned()
    } else if state.admission.past.iter().any(|epoch| epoch.id == handle.tape) {
        "this value was recorded after the mark that the tape was rewound to".to_owned()
    } else {
        "this value is not of the tape that is recording on this thread: its tape has ended or was rewound \
         past it, waits outside, or belongs to another thread"
            .to_owned()
    }
}

/// Checks two handles of lines and returns the id of the tape that records; panics with the reason where one
/// of them is not of that tape.
#[track_caller]
pub(crate) fn admit_lines(a: Handle, b: Handle) -> u32 {
    with_state(|state| {
        let counts = state.counts_now();
        for handle in [a, b] {
            if let Err(error) = admit(state, counts, handle, Sort::Line, "scalar operation") {
                error.raise()
            }
        }
        state.admission.id
    })
}

/// The error of the first of these lines that the tape which records does not admit.
pub(crate) fn check_lines(
    operation: &'static str,
    mut handles: impl Iterator<Item = Handle>,
) -> Result<(), Error> {
    with_state(|state| {
        let counts = state.counts_now();
        handles.try_for_each(|handle| admit(state, counts, handle, Sort::Line, operation))
    })
}

/// The error of a handle that this tape does not admit, for the sweep.
#[inline]
pub(crate) fn check_root(state: &State, handle: Handle, sort: Sort) -> Result<(), Error> {
    if handle.tape == state.admission.id && handle.number < state.counts_now().of(sort) {
        return Ok(());
    }
    refuse_root(state, handle, sort)
}

#[cold]
fn refuse_root(state: &State, handle: Handle, sort: Sort) -> Result<(), Error> {
    if handle.tape == 0 {
        return Err(Error::NotRecorded { operation: "sweep" });
    }
    admit(state, state.counts_now(), handle, sort, "sweep")
}
