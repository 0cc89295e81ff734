//! Replays for users: values of one input or rows of them, with or without a workspace, on one thread or more.
//! `derivatives` has those of the programs of derivatives.

#[cfg(test)]
mod levels;

use super::compile::Compiled;
use super::guard::Guard;
use super::operation::Operation;
use super::replay::{Eight, Lanes, Replay, Single};
use super::rows::{Rows, Source, Target};
use super::{List, Program};
use crate::Error;
use crate::kernel::{Level, dispatch_at, level};
use std::ops::Range;

/// Room for the registers of a replay, kept from call to call, and how many threads share the work.
///
/// After the first call with a program, [`Program::eval_into`] and its like for derivatives allocate nothing on one thread. Several threads are started anew in
/// each call, which costs tens of microseconds: they pay for batches that take longer than that.
///
/// ```
/// use tape::{Program, Workspace};
/// let program = Program::trace(|x| x[0] * x[1], &[1.0, 1.0]);
/// let (mut workspace, mut y) = (Workspace::new(), [0.0; 2]);
/// program.eval_into(&[2.0, 3.0, 4.0, 5.0], &mut y, &mut workspace)?;
/// assert_eq!(y, [6.0, 20.0]);
/// # Ok::<(), tape::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Workspace {
    room: Room,
    /// One for each thread after the first.
    others: Vec<Room>,
    /// Products with directions, before they are turned into a matrix.
    pub(super) products: Vec<f64>,
}

/// What one thread works in.
#[derive(Debug, Default)]
struct Room {
    eights: Vec<Eight>,
    ones: Vec<f64>,
    /// The values of all lines, for rows that are computed as they were traced.
    lines: Vec<f64>,
}

impl Room {
    fn bytes(&self) -> usize {
        size_of_val(self.eights.as_slice())
            + size_of_val(self.ones.as_slice())
            + size_of_val(self.lines.as_slice())
    }
}

impl Workspace {
    /// A workspace for one thread.
    ///
    /// ```
    /// assert_eq!(tape::Workspace::new().threads(), 1);
    /// ```
    pub fn new() -> Self {
        Workspace::default()
    }

    /// A workspace for so many threads, at least one. The results are the same bits for any number.
    ///
    /// ```
    /// assert_eq!(tape::Workspace::with_threads(4).threads(), 4);
    /// ```
    pub fn with_threads(threads: usize) -> Self {
        let others = (1..threads).map(|_| Room::default()).collect();
        Workspace { others, ..Workspace::new() }
    }

    /// How many threads share the work.
    ///
    /// ```
    /// assert_eq!(tape::Workspace::default().threads(), 1);
    /// ```
    pub fn threads(&self) -> usize {
        1 + self.others.len()
    }

    /// How many bytes of registers and the like it holds for later calls.
    ///
    /// ```
    /// assert_eq!(tape::Workspace::new().bytes(), 0);
    /// ```
    pub fn bytes(&self) -> usize {
        let rooms = std::iter::once(&self.room).chain(&self.others);
        rooms.map(Room::bytes).sum::<usize>() + size_of_val(self.products.as_slice())
    }
}

/// Registers take so many bytes at most, where eight lanes leave a choice: a part of the second-level cache. A step of a path
/// with 160 registers took 417 ns an input where they had to fit in 16 KiB, 181 in 64, 168 in 256 and in 512; a net with 207
/// registers 45, 17.5, 16.3 and 15.9 µs.
const REGISTER_BYTES: usize = 256 * 1024;

/// The most groups of eight lanes in a block; beyond that an instruction's share of a lane is small anyway.
const MOST_GROUPS: usize = 8;

/// The most rows in a block.
const MOST_ROWS: usize = MOST_GROUPS * Eight::WIDTH;

/// A comparison that comes out differently.
struct Failure {
    row: usize,
    guard: Guard,
    got: [f64; 2],
}

/// A program and the rows of its inputs.
///
/// A comparison is made in the arithmetic of the replay first. Where it fails there, rounding may be all: a determinant
/// that was zero where it was traced is 1e-18 with a fused multiply-add. Such a row is computed as it was traced, every
/// line rounded by itself and by the functions of the standard library; it fails if the comparison fails there too. So
/// a function is always replayed where it was traced, and nothing is paid for it elsewhere.
struct Job<'a, S> {
    compiled: &'a Compiled,
    list: &'a List,
    source: &'a S,
    level: Level,
}

impl<S: Source> Job<'_, S> {
    /// Runs so many rows; what comes back otherwise is the first in which a comparison fails. Those before it are done.
    fn run(&self, rows: usize, target: Target<'_>, workspace: &mut Workspace) -> Result<(), Failure> {
        let Workspace { room, others, .. } = workspace;
        if rows == 1 {
            return self.run_row(0, &mut { target }, room);
        }
        let lanes = Eight::WIDTH * self.compiled.stride();
        // Whole blocks for each thread: where a block begins changes no lane of it, but saves a half-empty one.
        let per_thread = rows.div_ceil(lanes).div_ceil(1 + others.len()) * lanes;
        if per_thread >= rows {
            return self.run_blocks(0..rows, target, room);
        }
        std::thread::scope(|scope| {
            let (mut begin, mut left) = (0, target);
            let mut parts = Vec::new();
            for room in std::iter::once(room).chain(others) {
                let end = (begin + per_thread).min(rows);
                let (part, after) = left.split_at(end - begin);
                left = after;
                if begin < end {
                    parts.push(scope.spawn(move || self.run_blocks(begin..end, part, room)));
                }
                begin = end;
            }
            let mut result = Ok(());
            for part in parts {
                // Panics of a thread go on here; the earliest row is the one that is told.
                let part = part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(part);
            }
            result
        })
    }

    /// Runs some rows in blocks of lanes; `target` begins at the first of them.
    fn run_blocks(&self, rows: Range<usize>, mut target: Target<'_>, room: &mut Room) -> Result<(), Failure> {
        let Compiled { loads, outputs, .. } = self.compiled;
        let stride = self.compiled.stride();
        let first = rows.start;
        self.compiled.prepare(&mut room.eights, stride);
        let mut places = [S::Row::default(); MOST_ROWS];
        for begin in rows.clone().step_by(Eight::WIDTH * stride) {
            let count = (rows.end - begin).min(Eight::WIDTH * stride);
            let groups = count.div_ceil(Eight::WIDTH);
            let places = &mut places[..groups * Eight::WIDTH];
            for (lane, place) in places.iter_mut().enumerate() {
                // Lanes beyond the last row repeat it, so that they take no other branch.
                *place = self.source.row(begin + lane.min(count - 1));
            }
            let registers = room.eights.as_mut_slice();
            for &(input, register) in loads {
                let group = &mut registers[register as usize * stride..][..groups];
                let lanes = group.iter_mut().flat_map(Eight::as_mut_slice);
                for (to, &place) in lanes.zip(&*places) {
                    *to = self.source.number(place, input as usize);
                }
            }
            let replay = Replay { program: self.compiled, registers, stride, groups };
            if dispatch_at(self.level, replay).is_some() {
                for row in begin..begin + count {
                    let (_, mut from_row) = target.reborrow().split_at(row - first);
                    self.run_row(row, &mut from_row, room)?;
                }
                continue;
            }
            for (output, &register) in outputs.iter().enumerate() {
                let lanes =
                    registers[register as usize * stride..][..groups].iter().flat_map(Eight::as_slice);
                for (row, &value) in lanes.take(count).enumerate() {
                    target.set(begin - first + row, output, value);
                }
            }
        }
        Ok(())
    }

    /// Runs one row, into the first of `target`.
    fn run_row(&self, row: usize, target: &mut Target<'_>, room: &mut Room) -> Result<(), Failure> {
        let Compiled { loads, outputs, .. } = self.compiled;
        let registers = &mut room.ones;
        if registers.len() < self.compiled.registers {
            registers.resize(self.compiled.registers, 0.0);
        }
        for &(register, value) in &self.compiled.fills {
            registers[register as usize] = value;
        }
        let place = self.source.row(row);
        for &(input, register) in loads {
            registers[register as usize] = self.source.number(place, input as usize);
        }
        if dispatch_at(self.level, Single { program: self.compiled, registers }).is_some() {
            return self.run_as_traced(row, target, &mut room.lines);
        }
        for (output, &register) in outputs.iter().enumerate() {
            target.set(0, output, room.ones[register as usize]);
        }
        Ok(())
    }

    /// Runs one row line by line, with the bits of the trace, into the first of `target`.
    #[cold]
    fn run_as_traced(
        &self,
        row: usize,
        target: &mut Target<'_>,
        lines: &mut Vec<f64>,
    ) -> Result<(), Failure> {
        let place = self.source.row(row);
        lines.clear();
        for (k, step) in self.list.steps.iter().enumerate() {
            let arguments = step.inputs.map(|line| lines.get(line as usize).copied().unwrap_or_default());
            lines.push(match step.operation {
                Operation::Input => self.source.number(place, k),
                operation => operation.value(arguments).unwrap_or(step.value),
            });
        }
        for &guard in &self.list.guards {
            let got = guard.inputs.map(|line| lines[line as usize]);
            if !guard.relation.holds(got[0], got[1]) {
                return Err(Failure { row, guard, got });
            }
        }
        for (output, &line) in self.list.outputs.iter().enumerate() {
            target.set(0, output, lines[line as usize]);
        }
        Ok(())
    }
}

impl Compiled {
    /// How many groups of lanes a block has.
    fn stride(&self) -> usize {
        (REGISTER_BYTES / (size_of::<Eight>() * self.registers.max(1))).clamp(1, MOST_GROUPS)
    }

    /// Room for the registers, with the constants in theirs.
    fn prepare<L: Lanes>(&self, file: &mut Vec<L>, stride: usize) {
        if file.len() < self.registers * stride {
            file.resize(self.registers * stride, L::splat(0.0));
        }
        for &(register, value) in &self.fills {
            file[register as usize * stride..][..stride].fill(L::splat(value));
        }
    }
}

impl Program {
    /// Replays rows from any source.
    pub(super) fn replay<S: Source>(
        &self,
        source: &S,
        rows: usize,
        target: Target<'_>,
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        let job = Job { compiled: self.compiled(), list: &self.list, source, level: level() };
        job.run(rows, target, workspace).map_err(|Failure { row, guard, got }| Error::Branch {
            input: row,
            comparison: guard.to_string(),
            got,
        })
    }

    /// The outputs for every row of inputs: `x` is (rows, inputs), row after row, and what comes back is (rows, outputs). A single
    /// input is one row.
    ///
    /// The first call optimises the program and gives it registers, which takes several times as long as tracing did.
    ///
    /// # Errors
    /// When `x` is no whole number of rows; when a comparison of the function comes out differently for some row than where it
    /// was traced ([`Error::Branch`]).
    ///
    /// ```
    /// use tape::{Program, Traced};
    /// fn ramp(x: &[Traced]) -> Traced { if x[0] > Traced::from(0.0) { x[0] * 2.0 } else { 0.0.into() } }
    /// let program = Program::trace(ramp, &[1.0]);
    /// assert_eq!(program.eval(&[3.0, 4.0])?, [6.0, 8.0]);
    /// let error = program.eval(&[3.0, -4.0]).unwrap_err();
    /// assert_eq!(error.to_string(), "replay: line 1 < line 0 was recorded as true, got 0 and -4 in input 1; \
    ///     trace the function there");
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn eval(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let mut y = vec![0.0; self.rows_of("eval", x)? * self.outputs()];
        self.eval_into(x, &mut y, &mut Workspace::new())?;
        Ok(y)
    }

    /// Like [`eval`](Program::eval), into `y`, with the registers in a workspace: nothing is allocated after its first use with this
    /// program, as long as it has one thread.
    ///
    /// # Errors
    /// As `eval`, and when `y` is not as long as what comes back. After an error `y` holds the rows before it and may hold others.
    ///
    /// ```
    /// use tape::{Program, Workspace};
    /// let program = Program::trace(|x| x[0].exp(), &[0.0]);
    /// let mut y = [0.0; 3];
    /// program.eval_into(&[0.0, 0.0, 0.0], &mut y, &mut Workspace::with_threads(2))?;
    /// assert_eq!(y, [1.0; 3]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn eval_into(&self, x: &[f64], y: &mut [f64], workspace: &mut Workspace) -> Result<(), Error> {
        let (rows, width) = (self.rows_of("eval_into", x)?, self.outputs());
        must_hold("eval_into", rows, (width, "outputs"), y)?;
        self.replay(&Rows { x, n: self.inputs() }, rows, Target::one(y, width), workspace)
    }

    pub(super) fn rows_of(&self, operation: &'static str, x: &[f64]) -> Result<usize, Error> {
        match self.inputs() {
            0 if x.is_empty() => Ok(1),
            n if n > 0 && x.len().is_multiple_of(n) => Ok(x.len() / n),
            n => Err(Error::Length { operation, want: format!("wants rows of {n} inputs"), got: x.len() }),
        }
    }

    /// Like [`eval`](Program::eval), for a function that takes other branches for other inputs: at a row for which a comparison comes
    /// out differently, `trace` records it there, and this program becomes that one. A row at which even that one fails
    /// gets the value that it was traced with.
    ///
    /// # Errors
    /// When `x` is no whole number of rows, or `trace` gives a program of other sizes, or one that was traced elsewhere and fails.
    ///
    /// ```
    /// use tape::{Program, Traced};
    /// fn f(x: &[Traced]) -> Traced { if x[0] > Traced::from(0.0) { x[0] * 2.0 } else { x[0] * -1.0 } }
    /// let mut program = Program::trace(f, &[1.0]);
    /// let y = program.eval_or_retrace(&[3.0, -4.0, 5.0], |at| Program::trace(f, at))?;
    /// assert_eq!(y, [6.0, 4.0, 10.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn eval_or_retrace(
        &mut self,
        x: &[f64],
        trace: impl FnMut(&[f64]) -> Program,
    ) -> Result<Vec<f64>, Error> {
        let (n, m) = (self.inputs(), self.outputs());
        let mut y = vec![0.0; self.rows_of("eval_or_retrace", x)? * m];
        let mut workspace = Workspace::new();
        self.or_retrace("eval_or_retrace", x, trace, |program, from, traced| {
            let y = &mut y[from * m..];
            if traced {
                let outputs =
                    program.list.outputs.iter().map(|&line| program.list.steps[line as usize].value);
                y.iter_mut().zip(outputs).for_each(|(y, value)| *y = value);
                return Ok(());
            }
            program.eval_into(&x[from * n..], y, &mut workspace)
        })?;
        Ok(y)
    }

    /// Like [`value_and_grad`](Program::value_and_grad), for a function that takes other branches for other inputs, as
    /// [`eval_or_retrace`](Program::eval_or_retrace). The program of the gradient is made anew at every row that is traced.
    ///
    /// # Errors
    /// As `eval_or_retrace`, and when the function does not have one output.
    ///
    /// ```
    /// use tape::{Program, Traced};
    /// fn f(x: &[Traced]) -> Traced { if x[0] > Traced::from(0.0) { x[0] * x[0] } else { x[0] * -1.0 } }
    /// let mut program = Program::trace(f, &[1.0]);
    /// let (_, gradients) = program.value_and_grad_or_retrace(&[3.0, -4.0], |at| Program::trace(f, at))?;
    /// assert_eq!(gradients, [6.0, -1.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn value_and_grad_or_retrace(
        &mut self,
        x: &[f64],
        trace: impl FnMut(&[f64]) -> Program,
    ) -> Result<(Vec<f64>, Vec<f64>), Error> {
        const NAME: &str = "value_and_grad_or_retrace";
        self.must_be_scalar(NAME)?;
        let n = self.inputs();
        let (mut values, mut gradients) = (vec![0.0; self.rows_of(NAME, x)?], vec![0.0; x.len()]);
        let mut workspace = Workspace::new();
        self.or_retrace(NAME, x, trace, |program, from, traced| {
            let (values, gradients) = (&mut values[from..], &mut gradients[from * n..]);
            if traced {
                values[0] = program.value();
                gradients[..n].copy_from_slice(&program.gradient());
                return Ok(());
            }
            program.value_and_grad_into(&x[from * n..], values, gradients, &mut workspace)
        })?;
        Ok((values, gradients))
    }

    /// Runs `replay` of this program from a row on, until it has done all rows; at one that fails, this program becomes that
    /// which `trace` records there. `replay` is told when it has to take what was traced.
    fn or_retrace(
        &mut self,
        operation: &'static str,
        x: &[f64],
        mut trace: impl FnMut(&[f64]) -> Program,
        mut replay: impl FnMut(&Program, usize, bool) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (n, m, rows) = (self.inputs(), self.outputs(), self.rows_of(operation, x)?);
        let (mut begin, mut is_fresh) = (0, false);
        while begin < rows {
            let (input, comparison, got) = match replay(self, begin, false) {
                Err(Error::Branch { input, comparison, got }) => (input, comparison, got),
                other => return other,
            };
            if input == 0 && is_fresh {
                let at = self.list.at();
                if !at.iter().zip(&x[begin * n..]).all(|(a, b)| a.to_bits() == b.to_bits()) {
                    return Err(Error::Branch { input: begin, comparison, got });
                }
                replay(self, begin, true)?;
                (begin, is_fresh) = (begin + 1, false);
                continue;
            }
            begin += input;
            let fresh = trace(&x[begin * n..][..n]);
            if (fresh.inputs(), fresh.outputs()) != (n, m) {
                let want = format!("wants a program of {n} inputs and {m} outputs");
                let got = if fresh.inputs() == n { fresh.outputs() } else { fresh.inputs() };
                return Err(Error::Length { operation, want, got });
            }
            (*self, is_fresh) = (fresh, true);
        }
        Ok(())
    }

    /// How many bytes the program takes: the list, and, once it has been replayed, its instructions. Programs of
    /// derivatives count for themselves.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0] * x[1], &[1.0, 1.0]);
    /// assert!(program.bytes() >= 3 * 40);
    /// ```
    pub fn bytes(&self) -> usize {
        let list = size_of_val(self.list.steps.as_slice())
            + size_of_val(self.list.outputs.as_slice())
            + size_of_val(self.list.guards.as_slice());
        list + self.derived.compiled.get().map_or(0, |compiled| compiled.bytes())
    }
}

/// Whether there is room for `each` numbers of so many rows.
pub(super) fn must_hold(
    operation: &'static str,
    rows: usize,
    (each, what): (usize, &str),
    room: &[f64],
) -> Result<(), Error> {
    if room.len() == rows * each {
        return Ok(());
    }
    Err(Error::Length {
        operation,
        want: format!("wants room for {rows} rows of {each} {what}"),
        got: room.len(),
    })
}
