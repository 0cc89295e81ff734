//! The reverse sweep: one loop over the recording, backward, for both grains.
//!
//! Cotangents of a value that is read in several places are added up here, and those of a tensor that
//! broadcasting repeated are summed here; no rule does either.

mod cotangents;
mod dependence;
mod gradient;
mod jacobian;

pub(crate) use cotangents::{Columns, Slot};
pub use cotangents::{Cotangents, Recorded};

use crate::tape::columns::Line;
use crate::tape::{self, Event, Kind, Node, Precision, State, Stored};
use crate::tensor::{Accumulator, At, Inputs, Op};
use crate::{Error, Float, Tape, Tensor};
use std::ops::Range;

impl Tape {
    /// The cotangents of everything that `root` was computed from: the derivatives of `root`, a scalar or a
    /// tensor of one element. A recording can be swept again, from here or elsewhere.
    ///
    /// # Errors
    /// When `root` is a constant, not of this tape, or a tensor of several elements.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let tape = tape::Tape::begin();
    /// let (x, y) = (tape.var(2.0), tape.var(3.0));
    /// let z = x * y;
    /// assert_eq!(tape.sweep(&z.sin())?.of(&x)?, 3.0 * 6.0_f64.cos());
    /// assert_eq!(tape.sweep(&z)?.of(&y)?, 2.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sweep<N: Recorded>(&self, root: &N) -> Result<Cotangents, Error> {
        self.sweep_with(root, root.unit()?)
    }

    /// The cotangents of everything that `root` was computed from, with `seed` for the cotangent of `root`: a
    /// vector-Jacobian product.
    ///
    /// # Errors
    /// When `root` is a constant or not of this tape, or the seed has another shape.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::from_slice(&[2.0, 3.0], &[2])?);
    /// let y = &x * &x;
    /// let bar = tape.sweep_with(&y, Tensor::from_slice(&[1.0, 10.0], &[2])?)?;
    /// assert_eq!(bar.of(&x)?.to_vec(), [4.0, 60.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sweep_with<N: Recorded>(&self, root: &N, seed: N::Cotangent) -> Result<Cotangents, Error> {
        let scalar = tape::with_state(|state| state.events.iter().all(|event| event.kind.is_scalar()));
        if !scalar {
            return self.swept::<N, true>(root, seed);
        }
        let cotangents = self.swept::<N, false>(root, seed.clone())?;
        let is_number = |event: &Event| match event.kind {
            Kind::Leaves { count } => {
                let first = event.line as usize;
                !cotangents.columns.lines[first..first + count as usize].iter().any(|bar| bar.is_nan())
            }
            _ => true,
        };
        // Whatever is NaN on the way comes to a leaf.
        let all = tape::with_state(|state| state.events.iter().all(is_number));
        if all { Ok(cotangents) } else { self.swept::<N, true>(root, seed) }
    }

    /// A plain sweep, `CAREFUL` or not.
    fn swept<N: Recorded, const CAREFUL: bool>(
        &self,
        root: &N,
        seed: N::Cotangent,
    ) -> Result<Cotangents, Error> {
        let mut cotangents = self.seeded(root, seed, false)?;
        let columns = &mut cotangents.columns;
        tape::unrecorded(|| {
            tape::with_recording(|lines, state| {
                let sweep = Sweep { lines, state };
                let mut end = lines.len();
                for event in state.events.iter().rev() {
                    end = sweep.run_and_step::<CAREFUL>(*event, end, columns)?;
                }
                run::<false, CAREFUL>(lines, 0, end, &mut columns.lines);
                Ok(())
            })
        })?;
        Ok(cotangents)
    }

    /// The cotangents of everything that `root` was computed from, themselves recorded on the tape, so that
    /// they can be differentiated again. Every tensor operation can be; a scalar line, whose partials are
    /// plain numbers, is an error that names it.
    ///
    /// # Errors
    /// As [`sweep`](Tape::sweep), and when the sweep meets a scalar line.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::scalar(2.0));
    /// let y = x.powi(3);
    /// let first = tape.sweep_recorded(&y)?.of(&x)?; // 3 x²
    /// let second = tape.sweep(&first)?.of(&x)?; // 6 x
    /// assert_eq!((first.item()?, second.item()?), (12.0, 12.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sweep_recorded<N: Recorded>(&self, root: &N) -> Result<Cotangents, Error> {
        self.sweep_recorded_with(root, root.unit()?)
    }

    /// As [`sweep_recorded`](Tape::sweep_recorded), with `seed` for the cotangent of `root`; the seed may be
    /// recorded too.
    ///
    /// # Errors
    /// As [`sweep_with`](Tape::sweep_with), and when the sweep meets a scalar line.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::full(&[2], 2.0));
    /// let first = tape.sweep_recorded_with(&x.powi(3), Tensor::full(&[2], 1.0))?.of(&x)?;
    /// assert_eq!(tape.sweep(&first.sum())?.of(&x)?.to_vec(), [12.0, 12.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sweep_recorded_with<N: Recorded>(
        &self,
        root: &N,
        seed: N::Cotangent,
    ) -> Result<Cotangents, Error> {
        let mut cotangents = self.seeded(root, seed, true)?;
        let (events, lines) = tape::with_state(|state| (state.events.len(), state.counts_now().lines));
        let mut end = lines as usize;
        for k in (0..events).rev() {
            // The list grows while it is swept: each step copies what it needs out of it.
            let event = tape::with_state(|state| state.events[k]);
            end = recorded_step(event, end, &mut cotangents.columns)?;
        }
        no_scalar_lines(0, end, &cotangents.columns)?;
        Ok(cotangents)
    }

    fn seeded<N: Recorded>(&self, root: &N, seed: N::Cotangent, recorded: bool) -> Result<Cotangents, Error> {
        let columns = tape::with_room(|room| room.spare_cotangents.pop()).unwrap_or_default();
        tape::with_state(|state| {
            self.must_be_current("sweep", state);
            let counts = state.counts_now();
            let mut cotangents = Cotangents { columns, admission: state.admission().clone(), counts };
            cotangents.columns.size(counts)?;
            root.seed(seed, recorded, state, &mut cotangents.columns)?;
            Ok(cotangents)
        })
    }
}

/// A plain sweep under way.
struct Sweep<'a> {
    lines: &'a [Line],
    state: &'a State,
}

impl Sweep<'_> {
    /// Sweeps the lines after an event, then the event; returns where the lines before it end.
    fn run_and_step<const CAREFUL: bool>(
        &self,
        event: Event,
        end: usize,
        columns: &mut Columns,
    ) -> Result<usize, Error> {
        let (state, start) = (self.state, event.line as usize);
        run::<false, CAREFUL>(self.lines, start + event.kind.lines() as usize, end, &mut columns.lines);
        match event.kind {
            Kind::Leaves { .. } => {}
            Kind::Kept { .. } | Kind::Joined { .. } => {
                hand_on_line::<CAREFUL>(event.kind, columns.lines[start], state, &mut columns.lines);
            }
            Kind::Element { precision: Precision::Single, node, offset } => {
                add_element::<f32>(state, columns, node, offset, columns.lines[start])?
            }
            Kind::Element { precision: Precision::Double, node, offset } => {
                add_element::<f64>(state, columns, node, offset, columns.lines[start])?
            }
            Kind::Node { precision: Precision::Single, node } => {
                pull(&f32::nodes(state)[node as usize], f32::nodes(state), node, columns, false)?
            }
            Kind::Node { precision: Precision::Double, node } => {
                pull(&f64::nodes(state)[node as usize], f64::nodes(state), node, columns, false)?
            }
            Kind::Gather { precision: Precision::Single, node, start, count } => {
                self.hand_on::<f32>(columns, node, self.state.gathered(start, count))
            }
            Kind::Gather { precision: Precision::Double, node, start, count } => {
                self.hand_on::<f64>(columns, node, self.state.gathered(start, count))
            }
            Kind::Cast { to, node, of } => {
                let handed_on = match to {
                    Precision::Single => {
                        cast_back::<f64, f32>(columns, node, of, self.keeps::<f32>(node), false)
                    }
                    Precision::Double => {
                        cast_back::<f32, f64>(columns, node, of, self.keeps::<f64>(node), false)
                    }
                };
                handed_on?;
            }
            Kind::Rule { rule, outputs } => self.pull_rule(rule, start..start + outputs as usize, columns)?,
        }
        Ok(start)
    }

    /// Hands the cotangent of a gathered tensor on to the scalars it was made of.
    fn hand_on<T: Float>(&self, columns: &mut Columns, node: u32, gathered: &[(u32, f64)]) {
        let slot = &mut T::cotangents_mut(columns)[node as usize];
        let Slot::Present(sum) = std::mem::take(slot) else {
            return;
        };
        let y_bar = sum.into_sum();
        *slot = if T::nodes(self.state)[node as usize].kept {
            Slot::Present(Accumulator::beginning_with(y_bar.clone()))
        } else {
            Slot::Released
        };
        for (&(line, partial), &bar) in gathered.iter().zip(y_bar.as_slice()) {
            let bar = bar.to_f64();
            if bar != 0.0 && partial != 0.0 {
                columns.lines[line as usize] += bar * partial;
            }
        }
    }

    fn keeps<T: Float>(&self, node: u32) -> bool {
        T::nodes(self.state)[node as usize].kept
    }

    /// Runs the pullback of a user's rule, where a cotangent has come in.
    fn pull_rule(&self, rule: u32, outputs: Range<usize>, columns: &mut Columns) -> Result<(), Error> {
        let y_bar = &columns.lines[outputs];
        if y_bar.iter().all(|&bar| bar == 0.0) {
            return Ok(());
        }
        let rule = &self.state.rules[rule as usize];
        let x_bar = (rule.pullback)(y_bar);
        let (start, count) = rule.reads();
        let inputs = self.state.gathered(start, count);
        if x_bar.len() != inputs.len() {
            let want = format!("wants a cotangent for each of the {} inputs of the rule", inputs.len());
            return Err(Error::Length { operation: "sweep", want, got: x_bar.len() });
        }
        for (&(line, partial), bar) in inputs.iter().zip(x_bar) {
            if bar != 0.0 && partial != 0.0 {
                columns.lines[line as usize] += bar * partial;
            }
        }
        Ok(())
    }
}

/// Sweeps a run of scalar lines: the whole work of a scalar tape. With `CONSUME` it leaves zeros behind, for the next
/// sweep, instead of the cotangents of the lines.
#[inline(always)]
fn run<const CONSUME: bool, const CAREFUL: bool>(lines: &[Line], start: usize, end: usize, bars: &mut [f64]) {
    run_from::<CONSUME, CAREFUL>(lines, start, end, 0.0, bars);
}

/// [`run`] with so much more for the last line.
#[inline(always)]
fn run_from<const CONSUME: bool, const CAREFUL: bool>(
    lines: &[Line],
    start: usize,
    end: usize,
    seed: f64,
    bars: &mut [f64],
) {
    // Cut to the end of the run, so that the bounds of the outer index are checked once.
    let (lines, bars) = (&lines[..end], &mut bars[..end]);
    // What comes to a line from the very next one stays in a register: along a chain, storing and loading it again took
    // longer than all else (a path of 50 steps 1.7 µs, so 1.1).
    let mut carried = seed;
    let mut rest = bars;
    for line in lines[start..].iter().rev() {
        let [earlier @ .., _, own] = rest else { break };
        let bar = *own + carried;
        carried = 0.0;
        *own = if CONSUME { 0.0 } else { bar };
        // What nobody asked for is not handed on: an infinite partial there must not make a NaN of it.
        if bar != 0.0 {
            for (input, partial) in line.inputs.iter().zip(&line.partials) {
                // A line reads lines before it: what is not before the one before is that one.
                match earlier.get_mut(*input as usize) {
                    Some(other) => *other += share::<CAREFUL>(bar, *partial),
                    None => {
                        debug_assert_eq!(*input as usize, earlier.len());
                        carried = share::<CAREFUL>(bar, *partial);
                    }
                }
            }
        }
        rest = rest.split_last_mut().expect("a line has others before it").1;
    }
    if let Some(before) = rest.last_mut() {
        *before += carried;
    }
}

/// What a cotangent that is not zero hands on to an input. `CAREFUL`, nothing to one that does not matter, also where the
/// cotangent is infinite. To look at each partial took a quarter of the time of a sweep; so a sweep of scalars goes ahead
/// without, and again with care if it comes to NaN.
#[inline(always)]
fn share<const CAREFUL: bool>(bar: f64, partial: f64) -> f64 {
    if CAREFUL && partial == 0.0 { 0.0 } else { bar * partial }
}

/// Hands the cotangent of an event's own line on to the lines that the event reads.
fn hand_on_line<const CAREFUL: bool>(kind: Kind, bar: f64, state: &State, bars: &mut [f64]) {
    if bar == 0.0 {
        return;
    }
    match kind {
        Kind::Kept { input, partial } => bars[input as usize] += share::<CAREFUL>(bar, partial),
        Kind::Joined { start, count } => {
            for &(line, partial) in state.gathered(start, count) {
                bars[line as usize] += share::<CAREFUL>(bar, partial);
            }
        }
        _ => unreachable!("other events have no line that reads lines alone"),
    }
}

/// Adds the cotangent of a scalar that was read from a tensor to that of the tensor.
fn add_element<T: Float>(
    state: &State,
    columns: &mut Columns,
    node: u32,
    offset: u32,
    bar: f64,
) -> Result<(), Error> {
    if bar == 0.0 {
        return Ok(());
    }
    let slot = &mut T::cotangents_mut(columns)[node as usize];
    let x_bar = slot.present(&T::nodes(state)[node as usize].output)?;
    x_bar.added_to()[offset as usize] += T::from_f64(bar);
    Ok(())
}

/// Hands the cotangent of a tensor on to the one of precision F that it was cast from.
fn cast_back<F: Float, T: Float>(
    columns: &mut Columns,
    node: u32,
    of: u32,
    kept: bool,
    recorded: bool,
) -> Result<(), Error> {
    let slot = &mut T::cotangents_mut(columns)[node as usize];
    let Slot::Present(sum) = std::mem::take(slot) else { return Ok(()) };
    let y_bar = sum.into_sum();
    *slot = match kept {
        true => Slot::Present(Accumulator::beginning_with(y_bar.clone())),
        false => Slot::Released,
    };
    let x_bar = y_bar.cast::<F>()?;
    let slot = &mut F::cotangents_mut(columns)[of as usize];
    if recorded {
        return slot.add_recorded(x_bar);
    }
    slot.add(x_bar);
    Ok(())
}

/// Runs the pullback of one tensor node: hands its cotangent on to its inputs.
fn pull<T: Float>(
    node: &Node<T>,
    nodes: &[Node<T>],
    number: u32,
    columns: &mut Columns,
    recorded: bool,
) -> Result<(), Error> {
    let slots = T::cotangents_mut(columns);
    let Slot::Present(mut y_bar) = std::mem::take(&mut slots[number as usize]) else {
        return Ok(());
    };
    y_bar.complete();
    let Some(op) = &node.op else {
        slots[number as usize] = Slot::Present(y_bar);
        return Ok(());
    };
    // Sums over repeated axes and at a fan-out happen here, once for all rules.
    if recorded {
        let mut at = At { inputs: Inputs::Of { node, nodes }, output: &node.output, cotangent: y_bar.sum() };
        let inner = op.inner_cotangent(&at);
        at.cotangent = inner.as_ref().unwrap_or(at.cotangent);
        for (argument, input) in handed_on(op, node) {
            let x_bar = op.pullback(&at, argument)?.summed_to(at.input(argument).shape())?;
            slots[input.handle().number as usize].add_recorded(x_bar)?;
        }
        slots[number as usize] = if node.kept { Slot::Present(y_bar) } else { Slot::Released };
        return Ok(());
    }
    slots[number as usize] = match node.kept {
        true => Slot::Present(Accumulator::beginning_with(y_bar.sum().clone())),
        false => Slot::Released,
    };
    let inputs = Inputs::Of { node, nodes };
    op.inner_cotangent_in_place(inputs, &node.output, y_bar.sum_mut());
    let at = At { inputs, output: &node.output, cotangent: y_bar.sum() };
    for (argument, input) in handed_on(op, node) {
        let slot = &mut slots[input.handle().number as usize];
        if op.adds_in_place(argument) {
            op.pullback_onto(&at, argument, slot.present(at.input(argument))?);
        } else {
            slot.add(op.pullback(&at, argument)?.summed_to(at.input(argument).shape())?);
        }
    }
    Ok(())
}

/// The inputs of a node that a cotangent goes on to.
#[inline]
fn handed_on<'a, T: Float>(op: &Op, node: &'a Node<T>) -> impl Iterator<Item = (usize, &'a Tensor<T>)> {
    node.inputs.iter().enumerate().filter(|&(argument, input)| input.is_recorded() && op.hands_on(argument))
}

/// One event of a recorded sweep; returns where the lines before it end.
fn recorded_step(event: Event, end: usize, columns: &mut Columns) -> Result<usize, Error> {
    let start = event.line as usize;
    no_scalar_lines(start + event.kind.lines() as usize, end, columns)?;
    let scalar = |what| Err(Error::ScalarLine { line: start, what });
    match event.kind {
        Kind::Node { precision: Precision::Single, node } => recorded_pull::<f32>(node, columns)?,
        Kind::Node { precision: Precision::Double, node } => recorded_pull::<f64>(node, columns)?,
        Kind::Cast { to: Precision::Single, node, of } => {
            let kept = tape::with_state(|state| f32::nodes(state)[node as usize].kept);
            cast_back::<f64, f32>(columns, node, of, kept, true)?;
        }
        Kind::Cast { to: Precision::Double, node, of } => {
            let kept = tape::with_state(|state| f64::nodes(state)[node as usize].kept);
            cast_back::<f32, f64>(columns, node, of, kept, true)?;
        }
        Kind::Kept { .. } if columns.lines[start] != 0.0 => return scalar("a kept value"),
        Kind::Element { .. } if columns.lines[start] != 0.0 => return scalar("an element of a tensor"),
        Kind::Gather { precision, node, .. } => {
            let reached = match precision {
                Precision::Single => matches!(columns.single[node as usize], Slot::Present(_)),
                Precision::Double => matches!(columns.double[node as usize], Slot::Present(_)),
            };
            if reached {
                return scalar("a tensor gathered from scalars");
            }
        }
        Kind::Joined { .. } if columns.lines[start] != 0.0 => return scalar("many scalars that meet"),
        Kind::Rule { outputs, .. } => no_scalar_lines(start, start + outputs as usize, columns)?,
        Kind::Leaves { .. } | Kind::Kept { .. } | Kind::Element { .. } | Kind::Joined { .. } => {}
    }
    Ok(start)
}

fn recorded_pull<T: Float>(number: u32, columns: &mut Columns) -> Result<(), Error> {
    let node = tape::with_state(|state| T::nodes(state)[number as usize].resolved(T::nodes(state)));
    pull(&node, &[], number, columns, true)
}

fn no_scalar_lines(start: usize, end: usize, columns: &Columns) -> Result<(), Error> {
    match columns.lines[start..end].iter().rposition(|&bar| bar != 0.0) {
        None => Ok(()),
        Some(k) => Err(Error::ScalarLine { line: start + k, what: "two scalars that meet" }),
    }
}
