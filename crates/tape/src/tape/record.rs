//! Recording: how an operation comes to stand on the list.

use super::admission::{Handle, Sort, admit};
use super::columns::{COLUMNS, Columns};
use super::list::{Event, Kind, NO_LINE, Node, Pullback, State, StoredRule};
use super::with_room;
use crate::tensor::{Op, Operation, Reads, Tensor};
use crate::{Error, Float, Var};
use smallvec::SmallVec;
use std::cell::Cell;

thread_local! {
    /// Whether tensor operations are to be left unrecorded: during a sweep, and inside [`unrecorded`].
    static PAUSED: Cell<bool> = const { Cell::new(false) };

    /// Whether a function of tensors is being traced, and whether it has done what a trace can't follow.
    static TRACE: Cell<Trace> = const { Cell::new(Trace::None) };
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trace {
    None,
    Followed,
    Lost,
}

/// Runs a function whose recorded operations are all that it does: an error if it reads a value of what it records, or
/// computes with one unrecorded.
pub(crate) fn traced<R>(f: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
    struct Restore(Trace);
    impl Drop for Restore {
        fn drop(&mut self) {
            TRACE.set(self.0);
        }
    }
    let _restore = Restore(TRACE.replace(Trace::Followed));
    let traced = f()?;
    if TRACE.get() == Trace::Lost {
        let why = "the function reads a value of a tensor that it computes with, or leaves an operation unrecorded: what \
                   follows from it would be the same in every run";
        return Err(Error::NotTraceable { operation: "trace", why });
    }
    Ok(traced)
}

/// Tells a trace, if there is one, that a recorded value is used in a way that is not recorded.
#[inline]
pub(crate) fn used_unrecorded() {
    if TRACE.get() == Trace::Followed {
        TRACE.set(Trace::Lost);
    }
}

/// Whether tensor operations record: not during a sweep, nor inside [`unrecorded`].
#[inline]
pub(crate) fn is_paused() -> bool {
    PAUSED.get()
}

/// Switches the pause on or off, and returns what it was: a tape that is begun inside [`unrecorded`] records.
pub(super) fn set_paused(paused: bool) -> bool {
    PAUSED.replace(paused)
}

/// Runs `body` with the recording of tensor operations off: handles are treated as constants. A tape
/// that `body` itself begins does record.
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
///
/// The node is written where it stands: one that is put together first and moved waits for its parts to be stored, which
/// took longer than all else.
#[inline]
pub(crate) fn record<T: Float, O: Operation + Into<Op>>(
    operation: O,
    inputs: &[&Tensor<T>],
    output: &Tensor<T>,
) -> Result<Handle, Error> {
    with_room(|room| {
        room.state.calls_back |= operation.calls_back();
        let id = room.state.admission.id;
        // Most inputs are of the current id, and nothing more is asked of them.
        if !inputs.iter().all(|input| input.handle().tape == 0 || input.handle().tape == id) {
            admit_tensors(&room.state, operation.name(), inputs)?;
        }
        let node = push_result(&mut room.state, operation.reads(), inputs, output);
        node.op = Some(operation.into());
        Ok(node.output.handle())
    })
}

#[cold]
fn admit_tensors<T: Float>(
    state: &State,
    operation: &'static str,
    inputs: &[&Tensor<T>],
) -> Result<(), Error> {
    let counts = state.counts_now();
    let sort = Sort::Node(T::PRECISION);
    inputs.iter().try_for_each(|input| admit(state, counts, input.handle(), sort, operation))
}

/// Appends a node for this output of these inputs, which still wants its operation.
#[inline]
fn push_result<'a, T: Float>(
    state: &'a mut State,
    reads: Reads,
    inputs: &[&Tensor<T>],
    output: &Tensor<T>,
) -> &'a mut Node<T> {
    let id = state.admission.id;
    let all = state.keep_all;
    let number = T::nodes(state).len();
    let line = COLUMNS.with(Columns::len);
    state.events.push(Event { line, kind: Kind::Node { precision: T::PRECISION, node: number as u32 } });
    let nodes = T::nodes_mut(state);
    nodes.push(Node { op: None, inputs: SmallVec::new(), output: Tensor::nothing(), kept: all });
    let (earlier, new) = nodes.split_at_mut(number);
    let node = &mut new[0];
    for (k, input) in inputs.iter().enumerate() {
        let read = all || reads.input(k);
        node.inputs.push(match input.is_recorded() {
            true => kept_input(input, read, earlier),
            false => input.without_data_unless(read),
        });
    }
    node.output = output.without_data_unless(all || reads.output);
    node.output.set_handle(Handle { number: number as u32, tape: id });
    node
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
        let Ok(offset) = u32::try_from(offset) else {
            let want = "wants one of the first 2³² elements of a recorded tensor".to_owned();
            return Err(Error::Index { operation: "at", want, got: offset });
        };
        let line = COLUMNS.with(|columns| columns.push_leaves(1));
        let kind = Kind::Element { precision: T::PRECISION, node: handle.number, offset };
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

/// Appends what an event reads of scalars, each with a derivative, and returns where it stands. A constant reads
/// [`NO_LINE`] with derivative zero, which the sweep leaves out.
fn gather(
    state: &mut State,
    operation: &'static str,
    inputs: impl Iterator<Item = (Handle, f64)>,
) -> Result<(u32, u32), Error> {
    let counts = state.counts_now();
    let start = state.gathered.len();
    for (handle, partial) in inputs {
        if let Err(error) = admit(state, counts, handle, Sort::Line, operation) {
            state.gathered.truncate(start);
            return Err(error);
        }
        state.gathered.push(if handle.tape == 0 { (NO_LINE, 0.0) } else { (handle.number, partial) });
    }
    if u32::try_from(state.gathered.len()).is_err() {
        let got = state.gathered.len();
        state.gathered.truncate(start);
        let want = "wants fewer than 2³² scalars gathered on one tape".to_owned();
        return Err(Error::Length { operation, want, got });
    }
    Ok((start as u32, (state.gathered.len() - start) as u32))
}

/// Records a tensor made of scalars: element k depends on line k of `inputs` with the partial beside it.
pub(crate) fn record_gather<T: Float>(
    inputs: impl Iterator<Item = (Handle, f64)>,
    output: &Tensor<T>,
) -> Result<Handle, Error> {
    with_room(|room| {
        let state = &mut room.state;
        let (start, count) = gather(state, "from_vars", inputs)?;
        let output = output.without_data_unless(state.keep_all);
        let kept = state.keep_all;
        let handle = push_node(state, Node { op: None, inputs: SmallVec::new(), output, kept });
        let kind = Kind::Gather { precision: T::PRECISION, node: handle.number, start, count };
        state.events.last_mut().expect("push_node has pushed an event").kind = kind;
        Ok(handle)
    })
}

/// Records a tensor with the elements of one of the other precision.
pub(crate) fn record_cast<T: Float, U: Float>(
    input: &Tensor<T>,
    output: &Tensor<U>,
) -> Result<Handle, Error> {
    with_room(|room| {
        let state = &mut room.state;
        admit(state, state.counts_now(), input.handle(), Sort::Node(T::PRECISION), "cast")?;
        let kept = state.keep_all;
        // Others may read what was cast: it keeps its elements, as a leaf does.
        let node = Node { op: None, inputs: SmallVec::new(), output: output.clone(), kept };
        let handle = push_node(state, node);
        let kind = Kind::Cast { to: U::PRECISION, node: handle.number, of: input.handle().number };
        state.events.last_mut().expect("push_node has pushed an event").kind = kind;
        Ok(handle)
    })
}

/// Records one line with many inputs, each with its partial.
pub(crate) fn record_joined<T: Float>(
    operation: &'static str,
    x: &[Var<T>],
    partials: &[f64],
) -> Result<Handle, Error> {
    with_room(|room| {
        let state = &mut room.state;
        let id = state.admission.id;
        let start = state.gathered.len();
        // Most are of the current id, and nothing more is asked of them.
        let mut older = x.iter().map(|x| x.handle()).filter(|handle| handle.tape != 0 && handle.tape != id);
        let counts = state.counts_now();
        older.try_for_each(|handle| admit(state, counts, handle, Sort::Line, operation))?;
        if start + x.len() > u32::MAX as usize {
            let want = "wants fewer than 2³² scalars gathered on one tape".to_owned();
            return Err(Error::Length { operation, want, got: start + x.len() });
        }
        let recorded = x.iter().zip(partials).filter(|(x, _)| x.is_recorded());
        state.gathered.extend(recorded.map(|(x, &partial)| (x.handle().number, x.slope_by_rule(partial))));
        let count = (state.gathered.len() - start) as u32;
        let line = COLUMNS.with(|columns| columns.push_leaves(1));
        state.events.push(Event { line, kind: Kind::Joined { start: start as u32, count } });
        Ok(Handle { number: line, tape: id })
    })
}

/// Records the outputs of a rule of the user's and returns the handle of the first; the others follow.
pub(crate) fn record_rule(
    operation: &'static str,
    inputs: impl Iterator<Item = (Handle, f64)>,
    outputs: usize,
    pullback: Pullback,
) -> Result<Handle, Error> {
    with_room(|room| {
        let state = &mut room.state;
        let (start, count) = gather(state, operation, inputs)?;
        let line = COLUMNS.with(|columns| columns.push_leaves(outputs));
        let kind = Kind::Rule { rule: state.rules.len() as u32, outputs: outputs as u32 };
        state.rules.push(StoredRule { start, count, pullback });
        state.events.push(Event { line, kind });
        Ok(Handle { number: line, tape: state.admission.id })
    })
}

/// Appends a tensor node to the list.
#[inline(always)]
pub(super) fn push_node<T: Float>(state: &mut State, mut node: Node<T>) -> Handle {
    let number = T::nodes(state).len() as u32;
    let handle = Handle { number, tape: state.admission.id };
    node.output.set_handle(handle);
    T::nodes_mut(state).push(node);
    let kind = Kind::Node { precision: T::PRECISION, node: number };
    let line = COLUMNS.with(Columns::len);
    state.events.push(Event { line, kind });
    handle
}
