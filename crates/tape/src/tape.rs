//! The tape: which list records on this thread, its memory, its beginning and end, marks and rewinding.
//!
//! A list has two grains. Scalar lines stand in one column of 24 bytes each (`columns`); everything that is not
//! a line with two inputs (leaves, kept values, tensor operations, and the places where the grains meet) is an
//! event that stands between lines. Walking the events backward, with the run of lines after each, is the
//! order in which everything was recorded, reversed.

pub(crate) mod columns;

use crate::tensor::{Op, Tensor};
use crate::{Error, Float, Var};
use columns::COLUMNS;
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicU32, Ordering};

/// Something recorded that is not a scalar line with two inputs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// How many scalar lines stand before it.
    pub(crate) line: u32,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Lines without inputs.
    Leaves { count: u32 },
    /// One line with one input: a merged value that was given a line, so that it has a cotangent.
    Kept { input: u32, partial: f64 },
    /// One line that reads an element of a tensor node.
    Element { precision: Precision, node: u32, offset: u32 },
    /// A tensor node: a leaf or an operation. No line.
    Node { precision: Precision, node: u32 },
    /// A tensor node gathered from scalars: `gathered[start..start + count]`. No line.
    Gather { precision: Precision, node: u32, start: u32, count: u32 },
}

impl Kind {
    /// How many scalar lines belong to the event itself.
    pub(crate) fn lines(self) -> u32 {
        match self {
            Kind::Leaves { count } => count,
            Kind::Kept { .. } | Kind::Element { .. } => 1,
            Kind::Node { .. } | Kind::Gather { .. } => 0,
        }
    }
}

/// Which of the two lists of tensor nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `f32`
    Single,
    /// `f64`
    Double,
}

/// A tensor on the list: the operation with its inputs and output, those values that no pullback reads
/// without their data.
#[derive(Clone, Debug)]
pub struct Node<T: Float> {
    /// None for a leaf and for a tensor gathered from scalars.
    pub(crate) op: Option<Op>,
    pub(crate) inputs: SmallVec<[Tensor<T>; 3]>,
    pub(crate) output: Tensor<T>,
    /// Whether the sweep leaves its cotangent to be read.
    pub(crate) kept: bool,
}

impl<T: Float> Node<T> {
    /// A copy of the node whose inputs are all there, to be used while the list grows.
    pub(crate) fn resolved(&self, nodes: &[Node<T>]) -> Node<T> {
        let inputs = self.inputs.iter().map(|input| match input.or_output_of(nodes) {
            found if std::ptr::eq(found, input) => input.clone(),
            found => found.with_handle(input.handle()),
        });
        Node { op: self.op.clone(), inputs: inputs.collect(), output: self.output.clone(), kept: self.kept }
    }
}

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
    events: u32,
    gathered: u32,
}

impl Counts {
    fn min(self, other: Counts) -> Counts {
        Counts {
            lines: self.lines.min(other.lines),
            single: self.single.min(other.single),
            double: self.double.min(other.double),
            events: self.events.min(other.events),
            gathered: self.gathered.min(other.gathered),
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
    id: u32,
    start: Counts,
    limit: Counts,
}

/// Which handles a tape admits: those of the current id, and older ones from before the mark that it was
/// rewound to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    id: u32,
    start: Counts,
    past: SmallVec<[Epoch; 2]>,
}

impl Admission {
    /// The oldest stretch of which handles are still admitted: its id, and below which line; id 0 if there is none.
    fn kept(&self) -> (u32, u32) {
        self.past.first().map_or((0, 0), |epoch| (epoch.id, epoch.limit.lines))
    }

    pub(crate) fn admits(&self, handle: Handle, sort: Sort, counts: Counts) -> bool {
        if handle.tape == self.id {
            return handle.number < counts.of(sort);
        }
        self.past.iter().any(|epoch| epoch.id == handle.tape && handle.number < epoch.limit.of(sort))
    }
}

/// What a tape holds beside its scalar lines.
#[derive(Debug, Default)]
pub struct State {
    key: u32,
    admission: Admission,
    pub(crate) events: Vec<Event>,
    pub(crate) gathered: Vec<(u32, f64)>,
    single: Vec<Node<f32>>,
    double: Vec<Node<f64>>,
    keep_all: bool,
    /// The marks that were not rewound past, by serial number, and how many were ever made.
    marks: Vec<(u64, Counts)>,
    marked: u64,
}

impl State {
    fn counts(&self, lines: u32) -> Counts {
        Counts {
            lines,
            single: self.single.len() as u32,
            double: self.double.len() as u32,
            events: self.events.len() as u32,
            gathered: self.gathered.len() as u32,
        }
    }

    pub(crate) fn counts_now(&self) -> Counts {
        self.counts(COLUMNS.with(columns::Columns::len))
    }

    fn truncate(&mut self, to: Counts) {
        self.events.truncate(to.events as usize);
        // Leaves after the mark may have joined an event from before it.
        if let Some(Event { line, kind: Kind::Leaves { count } }) = self.events.last_mut() {
            *count = (*count).min(to.lines - *line);
        }
        self.gathered.truncate(to.gathered as usize);
        self.single.truncate(to.single as usize);
        self.double.truncate(to.double as usize);
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Leaves that follow each other share one event.
    fn push_leaves(&mut self, line: u32, count: u32) {
        if let Some(Event { line: first, kind: Kind::Leaves { count: so_far } }) = self.events.last_mut()
            && *first + *so_far == line
        {
            *so_far += count;
            return;
        }
        self.events.push(Event { line, kind: Kind::Leaves { count } });
    }
}

/// What the engine stores for one precision; the two implementations are the two lists of tensor nodes.
#[doc(hidden)]
pub trait Stored: Sized + 'static {
    /// Which list it is.
    const PRECISION: Precision;
    /// The nodes of this precision.
    fn nodes(state: &State) -> &Vec<Node<Self>>
    where
        Self: Float;
    /// The nodes of this precision, to append to.
    fn nodes_mut(state: &mut State) -> &mut Vec<Node<Self>>
    where
        Self: Float;
    /// The cotangents of this precision.
    fn cotangents(all: &crate::sweep::Columns) -> &Vec<crate::sweep::Slot<Self>>
    where
        Self: Float;
    /// The cotangents of this precision, to add to.
    fn cotangents_mut(all: &mut crate::sweep::Columns) -> &mut Vec<crate::sweep::Slot<Self>>
    where
        Self: Float;
    /// Runs `body` on the buffers that wait to be used again; `None` while they are being let go.
    fn with_pool<R>(body: impl FnOnce(&mut crate::tensor::Pool<Self>) -> R) -> Option<R>;
}

macro_rules! stored {
    ($float:ty, $precision:ident, $list:ident) => {
        impl Stored for $float {
            const PRECISION: Precision = Precision::$precision;
            fn nodes(state: &State) -> &Vec<Node<Self>> {
                &state.$list
            }
            fn nodes_mut(state: &mut State) -> &mut Vec<Node<Self>> {
                &mut state.$list
            }
            fn cotangents(all: &crate::sweep::Columns) -> &Vec<crate::sweep::Slot<Self>> {
                &all.$list
            }
            fn cotangents_mut(all: &mut crate::sweep::Columns) -> &mut Vec<crate::sweep::Slot<Self>> {
                &mut all.$list
            }
            fn with_pool<R>(body: impl FnOnce(&mut crate::tensor::Pool<Self>) -> R) -> Option<R> {
                thread_local! {
                    static POOL: ManuallyDrop<RefCell<crate::tensor::Pool<$float>>> = const {
                        ManuallyDrop::new(RefCell::new(crate::tensor::Pool::new()))
                    };
                }
                // A body that is let go while the pool is cleared finds it borrowed, and is freed.
                POOL.with(|pool| pool.try_borrow_mut().ok().map(|mut pool| body(&mut pool)))
            }
        }
    };
}
stored!(f32, Single, single);
stored!(f64, Double, double);

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
    ids: std::ops::Range<u32>,
    pub(crate) spare_cotangents: Vec<crate::sweep::Columns>,
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::new(Room::default());
    /// Whether tensor operations are to be left unrecorded: during a sweep, and inside [`unrecorded`].
    static PAUSED: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn with_room<R>(body: impl FnOnce(&mut Room) -> R) -> R {
    ROOM.with_borrow_mut(body)
}

/// Access that is skipped while the thread ends and its room is gone.
pub(crate) fn try_with_room<R>(body: impl FnOnce(&mut Room) -> R) -> Option<R> {
    ROOM.try_with(|room| room.try_borrow_mut().ok().map(|mut room| body(&mut room))).ok().flatten()
}

pub(crate) fn with_state<R>(body: impl FnOnce(&State) -> R) -> R {
    ROOM.with_borrow(|room| body(&room.state))
}

impl Room {
    /// An id that no handle in use carries. Threads take them from the process in blocks. After 2³² tapes and
    /// rewinds they come round again.
    fn next_id(&mut self) -> u32 {
        const BLOCK: u32 = 1024;
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            if let Some(id) = self.ids.next() {
                if id != 0 {
                    return id;
                }
            } else {
                let start = NEXT.fetch_add(BLOCK, Ordering::Relaxed);
                self.ids = start..start.saturating_add(BLOCK);
            }
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // The column in use has no destructor of its own.
        COLUMNS.with(|columns| {
            columns.set_ids(0, (0, 0));
            drop(columns.take_lines());
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
        with_room(|room| {
            let id = room.next_id();
            COLUMNS.with(|columns| {
                if room.state.key != 0 {
                    let lines = columns.take_lines();
                    let state = std::mem::take(&mut room.state);
                    room.suspended.push(Suspended { lines, state });
                    if let Some(spare) = room.spare.pop() {
                        columns.put_lines(spare.lines);
                        room.state = spare.state;
                    }
                }
                columns.set_ids(id, (0, 0));
            });
            room.state.key = id;
            room.state.admission.id = id;
            Tape { key: id, here: PhantomData }
        })
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
        self.leaves("var", 1, |first, tape| Var::on_line(value, first, tape))
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
        self.leaves("vars", values.len(), |first, tape| {
            (first..).zip(values).map(|(line, &value)| Var::on_line(value, line, tape)).collect()
        })
    }

    fn leaves<R>(&self, operation: &'static str, count: usize, handles: impl FnOnce(u32, u32) -> R) -> R {
        with_room(|room| {
            self.must_be_current(operation, &room.state);
            let first = COLUMNS.with(|columns| columns.push_leaves(count));
            if count > 0 {
                room.state.push_leaves(first, count as u32);
            }
            handles(first, room.state.admission.id)
        })
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
    /// stay valid, later ones are an error when they are used.
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
            let id = room.next_id();
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
                columns.set_ids(id, kept);
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
        // The nodes that are let go give their buffers to the pool, which is no part of the room.
        try_with_room(|room| {
            let emptied = COLUMNS.with(|columns| {
                if room.state.key == self.key {
                    columns.truncate(0);
                    room.state.clear();
                    match room.suspended.pop() {
                        None => {
                            columns.set_ids(0, (0, 0));
                            None
                        }
                        Some(outer) => {
                            let lines = columns.take_lines();
                            columns.put_lines(outer.lines);
                            columns.set_ids(outer.state.admission.id, outer.state.admission.kept());
                            Some(Suspended { lines, state: std::mem::replace(&mut room.state, outer.state) })
                        }
                    }
                } else {
                    // Guards dropped out of order: the tape that waits is ended, the one that records stays.
                    let waiting = room.suspended.iter().position(|outer| outer.state.key == self.key);
                    waiting.map(|place| {
                        let mut ended = room.suspended.remove(place);
                        ended.lines.clear();
                        ended.state.clear();
                        ended
                    })
                }
            });
            room.spare.extend(emptied);
        });
    }
}

impl State {
    fn clear(&mut self) {
        self.truncate(Counts::default());
        self.key = 0;
        self.keep_all = false;
        self.admission.id = 0;
        self.admission.start = Counts::default();
        self.admission.past.clear();
        self.marks.clear();
    }
}

/// Appends a tensor node to the list.
#[inline(always)]
fn push_node<T: Float>(state: &mut State, mut node: Node<T>) -> Handle {
    let number = T::nodes(state).len() as u32;
    let handle = Handle { number, tape: state.admission.id };
    node.output.set_handle(handle);
    T::nodes_mut(state).push(node);
    let kind = Kind::Node { precision: T::PRECISION, node: number };
    let line = COLUMNS.with(columns::Columns::len);
    state.events.push(Event { line, kind });
    handle
}

/// Whether tensor operations record: not during a sweep, nor inside [`unrecorded`].
#[inline]
pub(crate) fn is_paused() -> bool {
    PAUSED.get()
}

/// Runs `body` with the recording of tensor operations off: handles are treated as constants.
///
/// ```
/// use tape::{Tape, Tensor, unrecorded};
/// let tape = Tape::begin();
/// let x = tape.tensor(&Tensor::full(&[2], 3.0));
/// let y = unrecorded(|| x.exp());
/// assert!(!y.is_recorded());
/// ```
pub fn unrecorded<R>(body: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            PAUSED.set(self.0);
        }
    }
    let _restore = Restore(PAUSED.replace(true));
    body()
}

/// Records a tensor operation whose inputs include something recorded, and returns the handle of its output.
pub(crate) fn record<T: Float>(op: Op, inputs: &[&Tensor<T>], output: &Tensor<T>) -> Result<Handle, Error> {
    with_room(|room| {
        let counts = room.state.counts_now();
        for input in inputs {
            admit(&room.state, counts, input.handle(), Sort::Node(T::PRECISION), op.name())?;
        }
        let all = room.state.keep_all;
        let reads = op.reads();
        let mut kept_inputs = SmallVec::new();
        for (k, input) in inputs.iter().enumerate() {
            let read = all || reads.input(k);
            kept_inputs.push(match input.is_recorded() {
                true => kept_input(input, read, T::nodes(&room.state)),
                false => input.without_data_unless(read),
            });
        }
        let node = Node {
            inputs: kept_inputs,
            output: output.without_data_unless(all || reads.output),
            op: Some(op),
            kept: all,
        };
        Ok(push_node(&mut room.state, node))
    })
}

/// What a node keeps of a recorded input: nothing but its handle, where the node that it came from has what the
/// pullback will read.
#[inline]
fn kept_input<T: Float>(input: &Tensor<T>, read: bool, nodes: &[Node<T>]) -> Tensor<T> {
    let output = &nodes[input.handle().number as usize].output;
    match read {
        true if output.data_if_kept().is_some() => input.hollow(),
        true => input.clone(),
        // The shape can be looked up too; in debug builds there is no data by it, to find undeclared reads.
        false if cfg!(debug_assertions) => input.without_data_unless(false),
        false => input.hollow(),
    }
}

/// Marks a recorded tensor so that a sweep keeps its cotangent.
pub(crate) fn keep<T: Float>(tensor: &Tensor<T>) -> Result<(), Error> {
    with_room(|room| {
        let handle = tensor.handle();
        if handle.tape == 0 {
            return Err(Error::NotRecorded { operation: "keep" });
        }
        admit(&room.state, room.state.counts_now(), handle, Sort::Node(T::PRECISION), "keep")?;
        T::nodes_mut(&mut room.state)[handle.number as usize].kept = true;
        Ok(())
    })
}

/// Records a line that reads element `offset` of a recorded tensor.
pub(crate) fn record_element<T: Float>(tensor: &Tensor<T>, offset: usize, value: T) -> Result<Var<T>, Error> {
    with_room(|room| {
        let state = &mut room.state;
        let handle = tensor.handle();
        admit(state, state.counts_now(), handle, Sort::Node(T::PRECISION), "element")?;
        let line = COLUMNS.with(|columns| columns.push_leaves(1));
        let kind = Kind::Element { precision: T::PRECISION, node: handle.number, offset: offset as u32 };
        state.events.push(Event { line, kind });
        Ok(Var::on_line(value, line, state.admission.id))
    })
}

/// Records a line for a merged scalar: its own, with the carried derivative as partial.
pub(crate) fn record_kept(input: Handle, partial: f64) -> Result<Handle, Error> {
    with_room(|room| {
        let state = &mut room.state;
        admit(state, state.counts_now(), input, Sort::Line, "keep")?;
        let line = COLUMNS.with(|columns| columns.push_leaves(1));
        state.events.push(Event { line, kind: Kind::Kept { input: input.number, partial } });
        Ok(Handle { number: line, tape: state.admission.id })
    })
}

/// Records a tensor made of scalars: element k depends on `lines[k]` with the partial beside it.
pub(crate) fn record_gather<T: Float>(
    lines: impl Iterator<Item = (Handle, f64)>,
    output: &Tensor<T>,
) -> Result<Handle, Error> {
    with_room(|room| {
        let state = &mut room.state;
        let counts = state.counts_now();
        let start = state.gathered.len();
        for (handle, partial) in lines {
            if let Err(error) = admit(state, counts, handle, Sort::Line, "from_vars") {
                state.gathered.truncate(start);
                return Err(error);
            }
            // A constant reads line 0 with partial zero, which the sweep leaves out.
            let line = if handle.tape == 0 { 0 } else { handle.number };
            state.gathered.push((line, if handle.tape == 0 { 0.0 } else { partial }));
        }
        let output = output.without_data_unless(state.keep_all);
        let count = state.gathered.len() - start;
        let kept = state.keep_all;
        let handle = push_node(state, Node { op: None, inputs: SmallVec::new(), output, kept });
        let kind = Kind::Gather {
            precision: T::PRECISION,
            node: handle.number,
            start: start as u32,
            count: count as u32,
        };
        state.events.last_mut().expect("push_node has pushed an event").kind = kind;
        Ok(handle)
    })
}

/// Whether a handle may be used on the tape that records: constants may, handles of this tape may.
#[inline]
fn admit(
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

/// The error of a handle that this tape does not admit, for the sweep.
pub(crate) fn check_root(state: &State, handle: Handle, sort: Sort) -> Result<(), Error> {
    if handle.tape == 0 {
        return Err(Error::NotRecorded { operation: "sweep" });
    }
    admit(state, state.counts_now(), handle, sort, "sweep")
}
