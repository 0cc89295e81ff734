//! The scalar lines of the tape that records on this thread: one flat column, appended to without a borrow.
//!
//! Recording a line is the innermost step of everything, so the column is three cells that a thread-local
//! reaches with one addition, not a `RefCell<Vec>` (measured: 1.6–1.9 ns a line here, 2.7–5 there).
#![expect(
    unsafe_code,
    reason = "appending to a thread-local column without borrow flags, measured to need it"
)]

use super::pages;
use std::cell::Cell;
use std::num::NonZeroU64;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

/// One line of the Wengert list: what a value is made of.
///
/// `ȳ` of this line adds `partials[0] ȳ` to the cotangent of line `inputs[0]`, and likewise for 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub(crate) struct Line {
    pub(crate) partials: [f64; 2],
    pub(crate) inputs: [u32; 2],
}

/// The most lines that a tape takes.
pub(crate) const MOST_LINES: u32 = 1 << 31;

/// Where in the place of a handle the id of its tape begins: above the line's number and one bit that is the handle's.
pub(crate) const TAG: u32 = u32::BITS + 1;

/// The id that no handle carries: that of the tape while none records. Ids have 31 bits.
pub(super) const NOBODY: u32 = u32::MAX >> 1;

/// A tape's id, as it stands in the places of its handles.
#[inline(always)]
pub(crate) fn tag_of(tape: u32) -> u64 {
    u64::from(tape) << TAG
}

/// How far the room knows of the tape whose lines these are.
///
/// A tape that begins where none is in use is written down here alone, and entered in the room by whoever looks there
/// first: the gradient of a small function needs nothing of it (the smallest took 39 ns, so 27).
#[derive(Clone, Copy, Debug)]
enum Known {
    /// No tape is in use, none waits, and the room is swept clean.
    Idle,
    /// A tape of which the room does not know, that began with so many leaves and has had nothing but lines since.
    Unlisted(u32),
    /// All that is not in the columns is in the room.
    Listed,
}

/// A column of lines and the identity of the tape that owns it.
///
/// While a tape records there is always room for one line more. So a line is written first, and then there is a look at
/// whether that was the last room: a call in the middle of recording, however rare, would have the numbers of the line
/// wait for it in memory (a mixture of Gaussians took 3.3 ns a line to record, so 2.8).
pub(crate) struct Columns {
    start: Cell<*mut Line>,
    length: Cell<u32>,
    /// Up to how many lines there is nothing to do after an append: less than `owned`, and at most `limit`.
    ease: Cell<u32>,
    owned: Cell<u32>,
    limit: Cell<u32>,
    /// The id of the tape that records, as it stands in the places of its handles.
    tag: Cell<u64>,
    /// The oldest id that is still admitted, and below which line: leaves from before a mark, in a loop that
    /// rewinds to it.
    kept: Cell<(u32, u32)>,
    /// Whether somebody reads the lines, which therefore stay where they are.
    lent: Cell<bool>,
    known: Cell<Known>,
    /// The ids that this thread may give next: up to which one, the second says.
    ids: Cell<(u32, u32)>,
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
            ease: Cell::new(0),
            owned: Cell::new(0),
            limit: Cell::new(MOST_LINES),
            tag: Cell::new((NOBODY as u64) << TAG),
            kept: Cell::new((NOBODY, 0)),
            lent: Cell::new(false),
            // The first tape of a thread begins in the room, whose destructor takes the memory back.
            known: Cell::new(Known::Listed),
            ids: Cell::new((0, 0)),
        }
    }

    /// An id that no handle in use carries. Threads take them from the process in blocks. After 2³¹ tapes and
    /// rewinds they come round again.
    #[inline]
    pub(super) fn next_id(&self) -> u32 {
        let (id, end) = self.ids.get();
        if id == end {
            return self.next_id_of_a_block();
        }
        self.ids.set((id + 1, end));
        id
    }

    #[cold]
    #[inline(never)]
    fn next_id_of_a_block(&self) -> u32 {
        const BLOCK: u32 = 1024;
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let start = NEXT.fetch_add(BLOCK, Ordering::Relaxed) & NOBODY;
        // Neither 0, which constants have, nor NOBODY.
        let first = start.max(1);
        self.ids.set((first + 1, (start + BLOCK).min(NOBODY)));
        first
    }

    /// Begins a tape with `count` leaves here alone, if no other tape is in use and nothing is wanting, and returns its id.
    /// Calls `each` with the position of each leaf, and its place.
    #[inline(always)]
    pub(super) fn begin(&self, count: usize, mut each: impl FnMut(usize, u64)) -> Option<u32> {
        let (id, end) = self.ids.get();
        let idle = matches!(self.known.get(), Known::Idle) && !self.lent.get();
        // With no call on the way, however rare, all stays in registers.
        if !idle || id == end || count >= self.owned.get() as usize {
            return None;
        }
        self.ids.set((id + 1, end));
        let (tag, start) = (tag_of(id), self.start.get());
        self.tag.set(tag);
        for k in 0..count {
            // All zeros; the sweep never looks at them. A volatile store among them, so that these few are not made a call of
            // memset, and what `each` does a loop over vectors: both take longer.
            // SAFETY: `start` points to an allocation of `owned` lines that this column owns, `count` is less than `owned`, and
            // they are not lent. The inputs stand on 8 bytes, after two numbers of 8.
            unsafe {
                let at = start.add(k);
                (&raw mut (*at).partials).write([0.0; 2]);
                (&raw mut (*at).inputs).cast::<u64>().write_volatile(0);
            }
            each(k, tag | k as u64);
        }
        self.length.set(count as u32);
        self.known.set(Known::Unlisted(count as u32));
        Some(id)
    }

    /// The leaves that a tape began with of which the room does not know; `None` if it knows all.
    #[inline]
    pub(crate) fn unlisted(&self) -> Option<u32> {
        match self.known.get() {
            Known::Unlisted(leaves) => Some(leaves),
            _ => None,
        }
    }

    /// [`unlisted`](Columns::unlisted), if this is the place of a handle of the tape that records.
    #[inline]
    pub(crate) fn unlisted_with(&self, place: u64) -> Option<u32> {
        let leaves = self.unlisted()?;
        ((place ^ self.tag.get()) >> TAG == 0 && (place as u32) < self.length.get()).then_some(leaves)
    }

    /// Tells that the room knows all.
    pub(super) fn set_listed(&self) {
        self.known.set(Known::Listed);
    }

    /// Ends the tape in use where no other waits, and the room is swept clean.
    #[inline]
    pub(super) fn set_idle(&self) {
        self.length.set(0);
        self.close();
        self.known.set(Known::Idle);
    }

    /// Ends a tape of which the room does not know.
    #[inline(always)]
    pub(super) fn end_unlisted(&self) -> bool {
        let Known::Unlisted(_) = self.known.get() else {
            return false;
        };
        // Nothing was rewound, so nothing is kept.
        self.length.set(0);
        self.tag.set(tag_of(NOBODY));
        self.known.set(Known::Idle);
        true
    }

    /// The id of the tape that records on this thread, as it stands in places; [`NOBODY`] if none does.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u64 {
        self.tag.get()
    }

    /// Lets a tape record of which the room knows: its id, and the oldest id that is still admitted with the line below
    /// which it is.
    ///
    /// # Panics
    /// When there is no memory for a line.
    #[inline]
    pub(crate) fn open(&self, id: u32, kept: Option<(u32, u32)>) {
        assert!(!self.lent.get(), "nobody records where the lines are lent");
        if self.length.get() >= self.owned.get() {
            self.make_room(0).unwrap_or_else(|no_memory| panic!("{no_memory}"));
        }
        self.tag.set(tag_of(id));
        self.kept.set(kept.unwrap_or((NOBODY, 0)));
        self.known.set(Known::Listed);
    }

    /// Lends the lines. Until they come back nobody records.
    #[inline]
    pub(crate) fn lend(&self) -> Lent<'_> {
        assert!(!self.lent.replace(true), "the lines are lent to one at a time");
        let tag = self.tag.replace(tag_of(NOBODY));
        Lent { columns: self, tag }
    }

    /// Lets nobody record.
    pub(crate) fn close(&self) {
        self.tag.set(tag_of(NOBODY));
        self.kept.set((NOBODY, 0));
    }

    /// Whether a handle of this line may be used, as far as can be told here: of the current id, or of the oldest.
    #[inline]
    pub(crate) fn admits(&self, tape: u32, line: u32) -> bool {
        let (kept, below) = self.kept.get();
        tag_of(tape) == self.tag.get() || (tape == kept && line < below)
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> u32 {
        self.length.get()
    }

    /// Appends the line on which two handles meet, and returns its place. None where one of them is not of the id
    /// that records.
    #[inline(always)]
    pub(crate) fn join(&self, places: [u64; 2], partials: [f64; 2]) -> Option<NonZeroU64> {
        let tag = self.tag.get();
        if ((places[0] ^ tag) | (places[1] ^ tag)) >> TAG != 0 {
            return None;
        }
        // SAFETY: no handle carries NOBODY, so a tape records.
        let line = unsafe { self.append(Line { partials, inputs: places.map(|place| place as u32) }) };
        // SAFETY: ids are not 0.
        Some(unsafe { NonZeroU64::new_unchecked(tag | u64::from(line)) })
    }

    /// Appends a line and returns its number.
    pub(crate) fn push(&self, line: Line) -> u32 {
        self.must_be_open();
        // SAFETY: a tape records.
        unsafe { self.append(line) }
    }

    fn must_be_open(&self) {
        assert_ne!(self.tag.get(), tag_of(NOBODY), "a line is appended while a tape records");
    }

    /// Appends a line and returns its number.
    ///
    /// # Safety
    /// A tape must be recording: `tag` is not [`NOBODY`].
    #[inline(always)]
    unsafe fn append(&self, line: Line) -> u32 {
        let number = self.length.get();
        // SAFETY: while a tape records, `start` points to an allocation of `owned` lines that this column owns, and
        // `length < owned`: `open` sees to that first, and below it is restored whenever it ends, or `settle` panics
        // with the length as it was.
        // Number by number: as a whole, the line would first be put together, two inputs to a word.
        unsafe {
            let at = self.start.get().add(number as usize);
            (&raw mut (*at).partials[0]).write(line.partials[0]);
            (&raw mut (*at).partials[1]).write(line.partials[1]);
            (&raw mut (*at).inputs[0]).write(line.inputs[0]);
            (&raw mut (*at).inputs[1]).write(line.inputs[1]);
        }
        self.length.set(number + 1);
        if number >= self.ease.get() {
            std::hint::cold_path();
            self.settle();
        }
        number
    }

    /// Appends `count` leaves, lines without inputs, and returns the number of the first. All of them, or none.
    ///
    /// # Panics
    /// When they are beyond the limit, or there is no memory for them.
    pub(crate) fn push_leaves(&self, count: usize) -> u32 {
        self.must_be_open();
        let first = self.length.get();
        if count > self.ease.get().saturating_sub(first) as usize {
            self.make_room_for_leaves(count);
        }
        // All zeros; the sweep never looks at them.
        // SAFETY: `start` points to an allocation of `owned` lines that this column owns, and `first + count` is less than
        // `owned`: as `ease` is, or because `make_room_for_leaves` has seen to it. Zeros are numbers of either kind.
        unsafe { self.start.get().add(first as usize).write_bytes(0, count) };
        self.length.set(first + count as u32);
        first
    }

    #[cold]
    #[inline(never)]
    fn make_room_for_leaves(&self, count: usize) {
        let (length, limit) = (self.length.get() as usize + count, self.limit.get());
        if length > limit as usize {
            panic!("{}", beyond(limit, count));
        }
        self.make_room(count).unwrap_or_else(|no_memory| panic!("{no_memory}"));
    }

    /// Forgets the lines from `length` on; their memory stays.
    pub(crate) fn truncate(&self, length: u32) {
        self.length.set(self.length.get().min(length));
    }

    /// Sets how many lines there may be; an append beyond panics.
    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.set(limit);
        self.set_ease();
    }

    fn set_ease(&self) {
        // An append at `number` is easy if it leaves room for another and is not beyond the limit.
        self.ease.set(self.owned.get().saturating_sub(1).min(self.limit.get()));
    }

    /// After an append that took the last room, or went beyond the limit. A panic takes the line back.
    #[cold]
    #[inline(never)]
    fn settle(&self) {
        let (length, limit) = (self.length.get(), self.limit.get());
        if length > limit {
            self.length.set(length - 1);
            panic!("{}", beyond(limit, 1));
        }
        if let Err(no_memory) = self.make_room(0) {
            self.length.set(length - 1);
            panic!("{no_memory}");
        }
    }

    /// Sees to it that there is room for so many lines and the one for which there always is, by doubling what there
    /// is. The error says how much was wanted.
    fn make_room(&self, lines: usize) -> Result<(), String> {
        let length = self.length.get() as usize;
        let wanted = length + lines + 1;
        if wanted <= self.owned.get() as usize {
            return Ok(());
        }
        let mut lines = self.take();
        let doubled = wanted.max((2 * length).clamp(1024, MOST_LINES as usize + 1));
        let made = lines.try_reserve_exact(doubled - length);
        pages::wish_for_huge(&lines);
        self.put(lines);
        made.map_err(|_| {
            format!("tape: no memory for {doubled} scalar lines ({} bytes)", doubled * size_of::<Line>())
        })
    }

    /// Moves the column out as a vector, leaving it empty, and lets nobody record.
    pub(crate) fn take_lines(&self) -> Vec<Line> {
        self.close();
        self.take()
    }

    /// Installs a vector as the column, which must be empty: taken, or never used. Nobody records until it is opened.
    pub(crate) fn put_lines(&self, lines: Vec<Line>) {
        debug_assert_eq!(self.owned.get(), 0, "the column in use was not taken first");
        self.close();
        self.put(lines);
    }

    fn take(&self) -> Vec<Line> {
        assert!(!self.lent.get(), "lines that are lent stay where they are");
        let (start, length, owned) = (self.start.get(), self.length.get(), self.owned.get());
        self.start.set(std::ptr::null_mut());
        self.length.set(0);
        self.ease.set(0);
        self.owned.set(0);
        if owned == 0 {
            return Vec::new();
        }
        // SAFETY: the three parts come from the vector that `put` took apart; `append` initialises each line before it
        // counts it. The cells were emptied, so there is one owner.
        unsafe { Vec::from_raw_parts(start, length as usize, owned as usize) }
    }

    fn put(&self, lines: Vec<Line>) {
        let mut lines = std::mem::ManuallyDrop::new(lines);
        self.start.set(lines.as_mut_ptr());
        self.length.set(lines.len() as u32);
        // The capacity must come back exactly as it was when `take` rebuilds the vector.
        self.owned.set(u32::try_from(lines.capacity()).expect("the column grows to MOST_LINES and one"));
        self.set_ease();
    }
}

/// The lines, while nobody records.
pub(crate) struct Lent<'a> {
    columns: &'a Columns,
    /// The tag of the tape that records again afterwards.
    tag: u64,
}

impl Deref for Lent<'_> {
    type Target = [Line];
    #[inline(always)]
    fn deref(&self) -> &[Line] {
        let (start, length) = (self.columns.start.get(), self.columns.length.get() as usize);
        if start.is_null() {
            return &[];
        }
        // SAFETY: `start` points to an allocation of this column with `length` lines that were written, and as long as
        // `lent` is set it stays there and nobody writes to it: `take` panics, and `append` is for a column that is open.
        unsafe { std::slice::from_raw_parts(start, length) }
    }
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        self.columns.lent.set(false);
        self.columns.tag.set(self.tag);
    }
}

fn beyond(limit: u32, got: usize) -> String {
    let more = if got == 1 { "one" } else { &got.to_string() };
    format!(
        "tape: a recording holds at most {limit} scalar lines, got {more} more; rewind, or sweep in pieces (`checkpoint`), \
         or raise the limit if one was set"
    )
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
        columns.open(1, None);
        let mut twin = Vec::new();
        for k in 0..5000 {
            assert_eq!(columns.push(line(k)), k);
            twin.push(line(k));
            if k == 3000 {
                let lines = columns.take_lines();
                columns.put_lines(lines);
                columns.open(1, None);
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
