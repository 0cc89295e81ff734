//! The tape: which list records on this thread, its memory, its beginning and end, marks and rewinding.
//!
//! A list has two grains. Scalar lines stand in one column of 24 bytes each (`columns`); everything that is not
//! a line with two inputs (leaves, kept values, tensor operations, and the places where the grains meet) is an
//! event that stands between lines. Walking the events backward, with the run of lines after each, is the
//! order in which everything was recorded, reversed.

mod admission;
pub(crate) mod columns;
mod lend;
mod list;
pub(crate) mod pages;
mod record;

pub(crate) use admission::{Admission, Counts, Handle, Sort, admit_lines, check_lines, check_root};
pub(crate) use lend::with_recording;
pub(crate) use list::{Event, Kind, NO_LINE, Node, Precision, State, Stored};
pub use record::unrecorded;
pub(crate) use record::{
    is_paused, keep, record, record_cast, record_element, record_gather, record_joined, record_kept,
    record_rule, traced, used_unrecorded,
};

use crate::tensor::Tensor;
use crate::{Error, Float, Var};
use admission::Epoch;
use columns::{COLUMNS, Columns, MOST_LINES, TAG};
use record::push_node;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::marker::PhantomData;

/// A tape that waits while an inner one records.
struct Suspended {
    lines: Vec<columns::Line>,
    state: State,
}

/// All that this thread knows of tapes.
#[derive(Default)]
pub(crate) struct Room {
    /// The tape that records; its key is 0 when none does.
    pub(crate) state: State,
    suspended: Vec<Suspended>,
    spare: Vec<Suspended>,
    pub(crate) spare_cotangents: Vec<crate::sweep::Columns>,
    pub(crate) spare_lanes: Vec<f64>,
    /// Cotangents of lines, all zero between gradients.
    pub(crate) zeros: Vec<f64>,
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::new(Room::default());
}

pub(crate) fn with_room<R>(body: impl FnOnce(&mut Room) -> R) -> R {
    ROOM.with_borrow_mut(|room| {
        room.list();
        body(room)
    })
}

/// The room as it stands: a tape that stands in the columns alone is not entered.
pub(crate) fn with_room_as_it_is<R>(body: impl FnOnce(&mut Room) -> R) -> R {
    ROOM.with_borrow_mut(body)
}

/// Access that is skipped while the thread ends and its room is gone.
pub(crate) fn try_with_room<R>(body: impl FnOnce(&mut Room) -> R) -> Option<R> {
    ROOM.try_with(|room| room.try_borrow_mut().ok().map(|mut room| body(&mut room))).ok().flatten()
}

/// Whether this thread is ending, and its room gone.
pub(crate) fn room_is_gone() -> bool {
    ROOM.try_with(|_| ()).is_err()
}

pub(crate) fn with_state<R>(body: impl FnOnce(&State) -> R) -> R {
    if COLUMNS.with(Columns::unlisted).is_some() {
        with_room(|_| ());
    }
    ROOM.with_borrow(|room| body(&room.state))
}

impl Room {
    /// Lays the tape that records aside, for an inner one.
    #[cold]
    fn suspend(&mut self) {
        COLUMNS.with(|columns| {
            let lines = columns.take_lines();
            let state = std::mem::take(&mut self.state);
            self.suspended.push(Suspended { lines, state });
            columns.set_limit(MOST_LINES);
            if let Some(spare) = self.spare.pop() {
                columns.put_lines(spare.lines);
                self.state = spare.state;
            }
        });
    }

    /// Lets the tape that waits record again, in place of the one that has ended.
    #[cold]
    fn resume(&mut self, outer: Suspended) {
        COLUMNS.with(|columns| {
            let lines = columns.take_lines();
            columns.put_lines(outer.lines);
            columns.set_limit(outer.state.limit);
            // What stands in the place of a tape that is being swept has no id: nobody records there.
            if outer.state.admission.id != 0 {
                columns.open(outer.state.admission.id, outer.state.admission.kept());
            }
            let state = std::mem::replace(&mut self.state, outer.state);
            self.spare.push(Suspended { lines, state });
        });
    }

    /// Enters a tape here that has begun without a look at the room.
    #[inline(always)]
    fn list(&mut self) {
        if let Some(leaves) = COLUMNS.with(Columns::unlisted) {
            std::hint::cold_path();
            self.enter(leaves);
        }
    }

    #[inline(never)]
    fn enter(&mut self, leaves: u32) {
        COLUMNS.with(|columns| {
            columns.set_listed();
            self.state.begin((columns.tag() >> TAG) as u32);
            if leaves > 0 {
                self.state.push_leaves(0, leaves);
            }
        });
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // The column in use has no destructor of its own. A tape that begins later must find the room gone.
        COLUMNS.with(|columns| {
            drop(columns.take_lines());
            columns.set_listed();
        });
        // Nor have the pools, to which what the room still holds goes first.
        drop((std::mem::take(&mut self.state), std::mem::take(&mut self.suspended)));
        drop((std::mem::take(&mut self.spare), std::mem::take(&mut self.spare_cotangents)));
        f32::with_pool(crate::tensor::Pool::clear);
        f64::with_pool(crate::tensor::Pool::clear);
    }
}

/// The recording on this thread: begun by a guard, ended when the guard is dropped.
///
/// Handles of its values, [`Var`] and [`Tensor`], are free of lifetimes, so that they go through anyone's
/// generic code. In exchange they are checked when they are used: a handle whose tape has ended or was rewound
/// past it, that belongs to another tape, or that was carried to another thread, is an error (a panic where
/// two scalars meet), never a wrong number.
///
/// Tapes nest on a thread like scopes: while an inner one lives it is the one that records, and when it ends
/// the outer goes on as if nothing had been. Memory is kept by the thread and used again by the next tape.
///
/// ```
/// use tape::Tape;
///
/// # fn main() -> Result<(), tape::Error> {
/// let tape = Tape::begin();
/// let x = tape.var(2.0);
/// let w = tape.var(1.0);
/// let y = (x + w) * (w + 1.0);
///
/// let bar = tape.sweep(&y)?;
/// assert_eq!(bar.of(&w)?, 5.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Tape {
    key: u32,
    was_paused: bool,
    // A tape belongs to its thread.
    here: PhantomData<*const ()>,
}

/// A point of a recording to which it can be rewound.
#[derive(Clone, Debug)]
pub struct Mark {
    key: u32,
    serial: u64,
    counts: Counts,
}

impl Tape {
    /// Begins a tape on this thread.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// assert_eq!(tape.lines(), 0);
    /// ```
    pub fn begin() -> Tape {
        Tape::begin_with::<f64>(&[], &mut [])
    }

    /// Begins a tape with these values for its first leaves, which are written to `leaves`.
    #[inline]
    pub(crate) fn begin_with<T: Float>(values: &[T], leaves: &mut [Var<T>]) -> Tape {
        COLUMNS.with(|columns| {
            let count = values.len().min(leaves.len());
            match columns.begin(count, |k, place| leaves[k] = Var::at_place(values[k], place)) {
                Some(id) => Tape::of(id),
                None => Tape::begin_inside(values, leaves),
            }
        })
    }

    /// Begins a tape where another may be in use, which then waits, or memory may be wanting.
    #[inline(never)]
    fn begin_inside<T: Float>(values: &[T], leaves: &mut [Var<T>]) -> Tape {
        let tape = with_room(|room| {
            if room.state.key != 0 {
                room.suspend();
            }
            let id = COLUMNS.with(|columns| {
                let id = columns.next_id();
                columns.open(id, None);
                id
            });
            room.state.begin(id);
            Tape::of(id)
        });
        // Where there is no memory for them the tape ends.
        with_room(|room| tape.fill_leaves("begin", room, values, leaves));
        tape
    }

    /// The guard of a tape that begins.
    fn of(id: u32) -> Tape {
        Tape { key: id, was_paused: record::set_paused(false), here: PhantomData }
    }

    /// A scalar leaf: an independent variable with this value.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// assert_eq!(tape.var(2.0_f32).value(), 2.0);
    /// ```
    pub fn var<T: Float>(&self, value: T) -> Var<T> {
        let first = with_room(|room| self.leaves("var", room, 1));
        Var::on_line(value, first.number, first.tape)
    }

    /// Scalar leaves with these values.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// let x = tape.vars(&[1.0, 2.0]);
    /// assert_eq!((x[0] * x[1]).value(), 2.0);
    /// ```
    pub fn vars<T: Float>(&self, values: &[T]) -> Vec<Var<T>> {
        let mut leaves = vec![Var::constant(T::default()); values.len()];
        with_room(|room| self.fill_leaves("vars", room, values, &mut leaves));
        leaves
    }

    #[inline]
    fn fill_leaves<T: Float>(
        &self,
        operation: &'static str,
        room: &mut Room,
        values: &[T],
        leaves: &mut [Var<T>],
    ) {
        let Handle { number, tape } = self.leaves(operation, room, values.len());
        for ((leaf, &value), line) in leaves.iter_mut().zip(values).zip(number..) {
            *leaf = Var::on_line(value, line, tape);
        }
    }

    /// Records so many leaves, and returns the handle of the first.
    #[inline]
    fn leaves(&self, operation: &'static str, room: &mut Room, count: usize) -> Handle {
        self.must_be_current(operation, &room.state);
        let first = COLUMNS.with(|columns| columns.push_leaves(count));
        if count > 0 {
            room.state.push_leaves(first, count as u32);
        }
        Handle { number: first, tape: room.state.admission.id }
    }

    /// A tensor leaf: an independent variable with the data of `value`, which is shared and not copied.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::from_slice(&[1.0, 2.0, 3.0], &[3])?);
    /// let y = (&x * &x).sum();
    /// assert_eq!(tape.sweep(&y)?.of(&x)?.to_vec(), [2.0, 4.0, 6.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tensor<T: Float>(&self, value: &Tensor<T>) -> Tensor<T> {
        // A leaf with a recorded value does not move with it.
        if value.is_recorded() {
            used_unrecorded();
        }
        with_room(|room| {
            self.must_be_current("tensor", &room.state);
            let node = Node { op: None, inputs: SmallVec::new(), output: value.clone(), kept: true };
            value.with_handle(push_node(&mut room.state, node))
        })
    }

    /// Keeps the values and cotangents of all tensors recorded from here on, also those that no pullback
    /// reads: what [`Tape::table`] shows. It costs memory, so training does not ask for it.
    ///
    /// ```
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// tape.keep_all();
    /// let x = tape.tensor(&Tensor::full(&[2], 3.0));
    /// let _ = &x + &x;
    /// assert!(tape.table(None).contains("[6, 6]"));
    /// ```
    pub fn keep_all(&self) {
        with_room(|room| {
            self.must_be_current("keep_all", &room.state);
            room.state.keep_all = true;
        });
    }

    /// Sets how many scalar lines there may be: a recording that has to stay within a memory budget, of
    /// [`BYTES_PER_LINE`](crate::BYTES_PER_LINE) a line, and 8 more while it is swept. An operation that wants a line
    /// beyond the limit panics and names it. Without a limit of its own a tape takes 2³¹ lines.
    ///
    /// # Errors
    /// When there are more lines already, or the limit is above 2³¹.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// tape.limit_lines(1000)?;
    /// let x = tape.vars(&[1.0; 1000]);
    /// assert!(tape.limit_lines(999).is_err());
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn limit_lines(&self, most: usize) -> Result<(), Error> {
        with_room(|room| {
            self.must_be_current("limit_lines", &room.state);
            let lines = room.state.counts_now().lines as usize;
            let want = format!("wants a limit from {lines}, the lines that stand there, to {MOST_LINES}");
            match u32::try_from(most) {
                Ok(limit) if most >= lines && limit <= MOST_LINES => {
                    room.state.limit = limit;
                    COLUMNS.with(|columns| columns.set_limit(limit));
                    Ok(())
                }
                _ => Err(Error::Length { operation: "limit_lines", want, got: most }),
            }
        })
    }

    /// How many scalar lines stand on the tape, leaves included.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// let (a, b) = (tape.var(1.0), tape.var(2.0));
    /// let _ = (a * b).sin() + 1.0; // one line: only the product joins two lines
    /// assert_eq!(tape.lines(), 3);
    /// ```
    pub fn lines(&self) -> usize {
        self.counts("lines").lines as usize
    }

    /// How many tensors stand on the tape, leaves included.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// let x = tape.tensor(&tape::Tensor::<f64>::zeros(&[3]));
    /// let _ = x.exp();
    /// assert_eq!(tape.nodes(), 2);
    /// ```
    pub fn nodes(&self) -> usize {
        let counts = self.counts("nodes");
        (counts.single + counts.double) as usize
    }

    fn counts(&self, operation: &'static str) -> Counts {
        with_state(|state| {
            self.must_be_current(operation, state);
            state.counts_now()
        })
    }

    /// The point that the recording has reached, to [`rewind`](Tape::rewind) to.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// let x = tape.var(2.0);
    /// let mark = tape.mark();
    /// let y = x * tape.var(3.0);
    /// tape.rewind(&mark);
    /// assert_eq!(tape.lines(), 1);
    /// # assert_eq!(y.value(), 6.0);
    /// ```
    pub fn mark(&self) -> Mark {
        with_room(|room| {
            self.must_be_current("mark", &room.state);
            let counts = room.state.counts_now();
            let state = &mut room.state;
            // A mark at the place of the last one is the same mark: marking each step costs no memory.
            let serial = match state.marks.last() {
                Some(&(serial, place)) if place == counts => serial,
                _ => {
                    state.marked += 1;
                    state.marks.push((state.marked, counts));
                    state.marked
                }
            };
            Mark { key: self.key, serial, counts }
        })
    }

    /// Forgets everything recorded after the mark; its memory is used again. Handles from before the mark
    /// stay valid, later ones are an error when they are used. A merged value (see [`Var::keep`]) stands on the line that
    /// it is a function of, and is as old as that: `x.sin()` stays valid with `x`.
    ///
    /// # Panics
    /// When the mark is of another tape or was itself rewound past, or an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let tape = tape::Tape::begin();
    /// let x = tape.var(2.0);
    /// let mark = tape.mark();
    /// for step in 1..=3 {
    ///     let k = tape.var(f64::from(step));
    ///     assert_eq!(tape.sweep(&(x * k))?.of(&x)?, f64::from(step));
    ///     tape.rewind(&mark);
    /// }
    /// assert_eq!(tape.lines(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn rewind(&self, mark: &Mark) {
        with_room(|room| {
            self.must_be_current("rewind", &room.state);
            let now = room.state.counts_now();
            let marks = &mut room.state.marks;
            let place = marks.iter().rposition(|(serial, _)| *serial == mark.serial && mark.key == self.key);
            let place = place
                .expect("rewind: wants a mark of this tape that was not itself rewound past, got another");
            marks.truncate(place + 1);
            let id = COLUMNS.with(Columns::next_id);
            let admission = &mut room.state.admission;
            admission.past.push(Epoch { id: admission.id, start: admission.start, limit: now });
            for epoch in &mut admission.past {
                epoch.limit = epoch.limit.min(mark.counts);
            }
            // Epochs in which nothing is left need no memory: a million steps rewind a million times.
            admission.past.retain(|epoch| epoch.start.min(epoch.limit) != epoch.limit);
            admission.start = mark.counts;
            admission.id = id;
            let kept = admission.kept();
            room.state.truncate(mark.counts);
            COLUMNS.with(|columns| {
                columns.truncate(mark.counts.lines);
                columns.open(id, kept);
            });
        });
    }

    #[track_caller]
    pub(crate) fn must_be_current(&self, operation: &str, state: &State) {
        assert!(
            state.key == self.key,
            "{operation}: an inner tape is recording on this thread; end it (drop its guard) first"
        );
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        record::set_paused(self.was_paused);
        // If the room does not know the tape in use it is this one: no other waits.
        if !COLUMNS.with(Columns::end_unlisted) {
            self.end();
        }
    }
}

impl Tape {
    /// Ends a tape of which the room knows.
    #[inline(never)]
    fn end(&self) {
        // The nodes that are let go give their buffers to the pool, which is no part of the room.
        try_with_room(|room| {
            if room.state.key == self.key {
                if room.state.limit != MOST_LINES {
                    COLUMNS.with(|columns| columns.set_limit(MOST_LINES));
                }
                room.state.clear();
                match room.suspended.pop() {
                    Some(outer) => {
                        COLUMNS.with(|columns| columns.truncate(0));
                        room.resume(outer)
                    }
                    None => COLUMNS.with(Columns::set_idle),
                }
            } else if let Some(place) = room.suspended.iter().position(|outer| outer.state.key == self.key) {
                // Guards dropped out of order: the tape that waits is ended, the one that records stays.
                let mut ended = room.suspended.remove(place);
                ended.lines.clear();
                ended.state.clear();
                room.spare.push(ended);
            }
        });
    }
}
