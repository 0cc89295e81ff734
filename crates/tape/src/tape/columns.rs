//! The scalar lines of the tape that records on this thread: one flat column, appended to without a borrow.
//!
//! Recording a line is the innermost step of everything, so the column is three cells that a thread-local
//! reaches with one addition, not a `RefCell<Vec>` (measured: 1.6–1.9 ns a line here, 2.7–5 there).
#![expect(
    unsafe_code,
    reason = "appending to a thread-local column without borrow flags, measured to need it"
)]

use std::cell::Cell;

/// One line of the Wengert list: what a value is made of.
///
/// `ȳ` of this line adds `partials[0] ȳ` to the cotangent of line `inputs[0]`, and likewise for 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub(crate) struct Line {
    pub(crate) partials: [f64; 2],
    pub(crate) inputs: [u32; 2],
}

/// Lines are counted in 31 bits: the top bit of a handle's line number says that the handle was merged.
pub(crate) const MOST_LINES: u32 = 1 << 31;

/// A column of lines and the identity of the tape that owns it; id 0 means that no tape records.
pub(crate) struct Columns {
    start: Cell<*mut Line>,
    length: Cell<u32>,
    /// How many lines may be appended before [`Columns::grow`] has to be asked: `owned`, or `limit` if that is less.
    capacity: Cell<u32>,
    owned: Cell<u32>,
    limit: Cell<u32>,
    /// The id of the tape that records, in the upper half, as handles have it.
    tag: Cell<u64>,
    /// The oldest id that is still admitted, and below which line: leaves from before a mark, in a loop that
    /// rewinds to it.
    kept: Cell<(u32, u32)>,
}

thread_local! {
    /// The column in use. It has no destructor, so access is one addition to the thread pointer; the room
    /// `tape` takes the memory back when a tape ends.
    pub(crate) static COLUMNS: Columns = const { Columns::new() };
}

impl Columns {
    const fn new() -> Columns {
        Columns {
            start: Cell::new(std::ptr::null_mut()),
            length: Cell::new(0),
            capacity: Cell::new(0),
            owned: Cell::new(0),
            limit: Cell::new(MOST_LINES),
            tag: Cell::new(0),
            kept: Cell::new((0, 0)),
        }
    }

    /// The id of the tape that records on this thread, in the upper half; 0 if none does.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u64 {
        self.tag.get()
    }

    /// Sets the id of the tape that records, and the oldest one that is still admitted (id 0 for none).
    pub(crate) fn set_ids(&self, id: u32, kept: (u32, u32)) {
        self.tag.set(u64::from(id) << 32);
        self.kept.set(kept);
    }

    /// Whether a handle of this line may be used, as far as can be told here: of the current id, or of the oldest.
    #[inline]
    pub(crate) fn admits(&self, tape: u32, line: u32) -> bool {
        let (kept, below) = self.kept.get();
        u64::from(tape) << 32 == self.tag.get() || (tape == kept && line < below)
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.length.get()
    }

    /// Appends a line and returns its number.
    #[inline(always)]
    pub(crate) fn push(&self, line: Line) -> u32 {
        let number = self.length.get();
        if number >= self.capacity.get() {
            self.grow();
        }
        // SAFETY: `start` points to an allocation of `owned` lines that this column owns, `capacity <= owned`, and
        // `number < capacity` holds here: by the test above, or because `grow` has made room or panicked.
        unsafe { self.start.get().add(number as usize).write(line) };
        self.length.set(number + 1);
        number
    }

    /// Appends `count` leaves, lines without inputs, and returns the number of the first.
    pub(crate) fn push_leaves(&self, count: usize) -> u32 {
        let first = self.length.get();
        for _ in 0..count {
            // The sweep never looks at these.
            self.push(Line { partials: [0.0; 2], inputs: [0; 2] });
        }
        first
    }

    /// Forgets the lines from `length` on; their memory stays.
    pub(crate) fn truncate(&self, length: u32) {
        self.length.set(self.length.get().min(length));
    }

    /// Sets how many lines there may be; [`Columns::push`] panics beyond.
    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.set(limit);
        self.capacity.set(self.owned.get().min(limit));
    }

    /// Makes room for at least one more line, by doubling.
    #[cold]
    #[inline(never)]
    fn grow(&self) {
        let length = self.length.get() as usize;
        let wanted = length + 1;
        let limit = self.limit.get() as usize;
        assert!(
            wanted <= limit,
            "tape: a recording holds at most {limit} scalar lines, got one more; rewind, or sweep in pieces \
             (`checkpoint`), or raise the limit if one was set",
        );
        let mut lines = self.take_lines();
        let doubled = wanted.max(2 * length).max(1024).min(limit);
        if lines.try_reserve_exact(doubled - length).is_err() {
            self.put_lines(lines);
            panic!("tape: no memory for {doubled} scalar lines ({} bytes)", doubled * size_of::<Line>());
        }
        self.put_lines(lines);
    }

    /// Moves the column out as a vector, leaving it empty.
    pub(crate) fn take_lines(&self) -> Vec<Line> {
        let (start, length, owned) = (self.start.get(), self.length.get(), self.owned.get());
        self.start.set(std::ptr::null_mut());
        self.length.set(0);
        self.capacity.set(0);
        self.owned.set(0);
        if owned == 0 {
            return Vec::new();
        }
        // SAFETY: the three parts come from the vector that `put_lines` took apart; `push`
        // initialises each line before it counts it. The cells were emptied, so there is one owner.
        unsafe { Vec::from_raw_parts(start, length as usize, owned as usize) }
    }

    /// Installs a vector as the column. The column must be empty: taken, or never used.
    pub(crate) fn put_lines(&self, lines: Vec<Line>) {
        debug_assert_eq!(self.owned.get(), 0, "the column in use was not taken first");
        let mut lines = std::mem::ManuallyDrop::new(lines);
        self.start.set(lines.as_mut_ptr());
        self.length.set(lines.len() as u32);
        // The capacity must come back exactly as it was when `take_lines` rebuilds the vector.
        self.owned.set(u32::try_from(lines.capacity()).expect("the column grows to at most MOST_LINES"));
        self.capacity.set(self.owned.get().min(self.limit.get()));
        // A vector without memory dangles: capacity 0 makes `push` grow before it writes.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(k: u32) -> Line {
        Line { partials: [f64::from(k), 1.0], inputs: [k, k + 1] }
    }

    #[test]
    fn a_column_is_what_was_pushed_also_after_it_was_moved_and_grown() {
        let columns = Columns::new();
        let mut twin = Vec::new();
        for k in 0..5000 {
            assert_eq!(columns.push(line(k)), k);
            twin.push(line(k));
            if k == 3000 {
                let lines = columns.take_lines();
                columns.put_lines(lines);
            }
        }
        assert_eq!(columns.push_leaves(3), 5000);
        columns.truncate(5001);
        let lines = columns.take_lines();
        assert_eq!(lines[..5000], twin);
        assert_eq!(lines.len(), 5001);
        assert_eq!(columns.len(), 0);
    }

    #[test]
    fn a_line_is_24_bytes() {
        assert_eq!(size_of::<Line>(), 24);
    }
}
