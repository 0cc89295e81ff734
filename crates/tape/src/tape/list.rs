//! What a tape holds beside its scalar lines: events between them, tensor nodes, and the counts of it all.

use super::admission::{Admission, Counts};
use super::columns::{COLUMNS, Columns, MOST_LINES};
use crate::tensor::{Op, Pool, Tensor};
use crate::{Float, sweep};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::fmt;
use std::mem::ManuallyDrop;

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
    /// A tensor node with the elements of a node of the other precision: `of`, in the list that is not that of `to`. No line.
    Cast { to: Precision, node: u32, of: u32 },
    /// One line with many inputs: `gathered[start..start + count]`.
    Joined { start: u32, count: u32 },
    /// The lines of the outputs of a user's rule, whose pullback is `rules[rule]`.
    Rule { rule: u32, outputs: u32 },
}

impl Kind {
    /// How many scalar lines belong to the event itself.
    pub(crate) fn lines(self) -> u32 {
        match self {
            Kind::Leaves { count } => count,
            Kind::Rule { outputs, .. } => outputs,
            Kind::Kept { .. } | Kind::Element { .. } | Kind::Joined { .. } => 1,
            Kind::Node { .. } | Kind::Gather { .. } | Kind::Cast { .. } => 0,
        }
    }
}

impl Kind {
    /// Whether it concerns scalars alone, and its partials are plain numbers.
    pub(crate) fn is_scalar(self) -> bool {
        matches!(self, Kind::Leaves { .. } | Kind::Kept { .. } | Kind::Joined { .. })
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

/// The line that a constant reads, where an event reads many scalars.
pub(crate) const NO_LINE: u32 = u32::MAX;

/// A pullback of the user's: from the cotangents of the outputs to those of the inputs.
pub(crate) type Pullback = Box<dyn Fn(&[f64]) -> Vec<f64>>;

/// A rule of the user's on the list: which lines it read, `gathered[start..start + count]` with the derivatives that
/// their handles carried, and how to go back.
pub(crate) struct StoredRule {
    pub(super) start: u32,
    pub(super) count: u32,
    pub(crate) pullback: Pullback,
}

impl StoredRule {
    /// What it reads, for [`State::gathered`].
    pub(crate) fn reads(&self) -> (u32, u32) {
        (self.start, self.count)
    }
}

impl fmt::Debug for StoredRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule of {} inputs", self.count)
    }
}

/// What a tape holds beside its scalar lines.
#[derive(Debug, Default)]
pub struct State {
    pub(super) key: u32,
    pub(super) admission: Admission,
    pub(crate) events: Vec<Event>,
    pub(super) gathered: Vec<(u32, f64)>,
    pub(crate) rules: Vec<StoredRule>,
    pub(super) single: Vec<Node<f32>>,
    pub(super) double: Vec<Node<f64>>,
    pub(super) keep_all: bool,
    /// Whether a tensor operation was recorded whose pullback runs code of the user's.
    pub(super) calls_back: bool,
    /// How many scalar lines there may be.
    pub(super) limit: u32,
    /// The marks that were not rewound past, by serial number, and how many were ever made.
    pub(super) marks: Vec<(u64, Counts)>,
    pub(super) marked: u64,
}

impl State {
    fn counts(&self, lines: u32) -> Counts {
        Counts {
            lines,
            single: self.single.len() as u32,
            double: self.double.len() as u32,
            events: self.events.len() as u32,
            gathered: self.gathered.len() as u32,
            rules: self.rules.len() as u32,
        }
    }

    pub(crate) fn counts_now(&self) -> Counts {
        self.counts(COLUMNS.with(Columns::len))
    }

    pub(super) fn truncate(&mut self, to: Counts) {
        self.events.truncate(to.events as usize);
        // Leaves after the mark may have joined an event from before it.
        if let Some(Event { line, kind: Kind::Leaves { count } }) = self.events.last_mut() {
            *count = (*count).min(to.lines - *line);
        }
        self.gathered.truncate(to.gathered as usize);
        self.rules.truncate(to.rules as usize);
        self.single.truncate(to.single as usize);
        self.double.truncate(to.double as usize);
    }

    /// The events of the first lines.
    pub(crate) fn events_until(&self, end: usize) -> &[Event] {
        &self.events[..self.events.partition_point(|event| (event.line as usize) < end)]
    }

    /// What an event reads of scalars: lines, each with a derivative.
    pub(crate) fn gathered(&self, start: u32, count: u32) -> &[(u32, f64)] {
        &self.gathered[start as usize..start as usize + count as usize]
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// A tape begins.
    pub(super) fn begin(&mut self, id: u32) {
        self.key = id;
        self.admission.id = id;
        self.limit = MOST_LINES;
    }

    /// Leaves that follow each other share one event.
    pub(super) fn push_leaves(&mut self, line: u32, count: u32) {
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
    fn cotangents(all: &sweep::Columns) -> &Vec<sweep::Slot<Self>>
    where
        Self: Float;
    /// The cotangents of this precision, to add to.
    fn cotangents_mut(all: &mut sweep::Columns) -> &mut Vec<sweep::Slot<Self>>
    where
        Self: Float;
    /// Runs `body` on the buffers that wait to be used again; `None` while they are being let go.
    fn with_pool<R>(body: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R>;
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
            fn cotangents(all: &sweep::Columns) -> &Vec<sweep::Slot<Self>> {
                &all.$list
            }
            fn cotangents_mut(all: &mut sweep::Columns) -> &mut Vec<sweep::Slot<Self>> {
                &mut all.$list
            }
            fn with_pool<R>(body: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R> {
                thread_local! {
                    static POOL: ManuallyDrop<RefCell<Pool<$float>>> = const {
                        ManuallyDrop::new(RefCell::new(Pool::new()))
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
impl State {
    /// Forgets everything but the memory.
    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.key = 0;
        self.admission.id = 0;
        if self.has_more_than_leaves() {
            self.clear_the_rest();
        }
    }

    /// Whether something was done that small recordings don't do.
    fn has_more_than_leaves(&self) -> bool {
        let columns = self.gathered.len() + self.rules.len() + self.single.len() + self.double.len();
        columns + self.marks.len() + self.admission.past.len() > 0 || self.keep_all
    }

    #[cold]
    fn clear_the_rest(&mut self) {
        self.truncate(Counts::default());
        self.keep_all = false;
        self.calls_back = false;
        self.admission.start = Counts::default();
        self.admission.past.clear();
        self.marks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_nodes_have_the_documented_size() {
        assert_eq!(size_of::<Event>(), 24);
        assert_eq!(size_of::<Node<f64>>(), 128);
        assert_eq!(size_of::<Node<f32>>(), 128);
        assert_eq!(size_of::<Tensor<f64>>(), 16);
    }
}
