//! Replays for users: one input or rows of them, with or without a workspace, on one thread or more.

use super::Program;
use super::compile::Compiled;
use super::replay::{Eight, Lanes, One, Replay};
use crate::Error;
use crate::kernel::dispatch;

/// Room for the registers of a replay, kept from call to call, and how many threads share the work.
///
/// After the first call with a program, [`Program::eval_into`] allocates nothing on one thread. Several threads are started anew in
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
    /// One for each thread after the first.
    others: Vec<Workspace>,
    eights: Vec<Eight>,
    ones: Vec<One>,
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
        let others = (1..threads).map(|_| Workspace::new()).collect();
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

    /// How many bytes of registers it holds for later calls.
    ///
    /// ```
    /// assert_eq!(tape::Workspace::new().bytes(), 0);
    /// ```
    pub fn bytes(&self) -> usize {
        let own = size_of_val(self.eights.as_slice()) + size_of_val(self.ones.as_slice());
        own + self.others.iter().map(Workspace::bytes).sum::<usize>()
    }
}

/// Registers take so many bytes at most, where eight lanes leave a choice: a part of the second-level cache. A step of a path
/// with 160 registers took 417 ns an input where they had to fit in 16 KiB, 181 in 64, 168 in 256 and in 512; a net with 207
/// registers 45, 17.5, 16.3 and 15.9 µs.
const REGISTER_BYTES: usize = 256 * 1024;

/// The most groups of eight lanes in a block; beyond that an instruction's share of a lane is small anyway.
const MOST_GROUPS: usize = 8;

impl Compiled {
    /// How many groups of lanes a block has.
    fn stride(&self) -> usize {
        (REGISTER_BYTES / (size_of::<Eight>() * self.registers.max(1))).clamp(1, MOST_GROUPS)
    }

    /// Runs the rows of `x` into the rows of `y`; the first row of the block in which a comparison failed otherwise.
    fn run(&self, x: &[f64], y: &mut [f64], rows: usize, workspace: &mut Workspace) -> Result<(), usize> {
        let stride = self.stride();
        if rows == 1 {
            return self.run_blocks(x, y, rows, 1, &mut workspace.ones);
        }
        let lanes = Eight::WIDTH * stride;
        // Whole blocks for each thread: where a block begins changes no lane of it, but saves a half-empty one.
        let per_thread = rows.div_ceil(lanes).div_ceil(workspace.threads()) * lanes;
        if per_thread >= rows {
            return self.run_blocks(x, y, rows, stride, &mut workspace.eights);
        }
        let Workspace { others, eights, .. } = workspace;
        let files = std::iter::once(eights).chain(others.iter_mut().map(|other| &mut other.eights));
        std::thread::scope(|scope| {
            let mut rest = y;
            let mut parts = Vec::new();
            for (k, file) in files.enumerate() {
                let (begin, end) = ((k * per_thread).min(rows), ((k + 1) * per_thread).min(rows));
                let (part, after) = rest.split_at_mut((end - begin) * self.outputs.len());
                rest = after;
                let x = &x[begin * self.inputs..end * self.inputs];
                let work =
                    move || self.run_blocks(x, part, end - begin, stride, file).map_err(|row| begin + row);
                if begin < end {
                    parts.push(scope.spawn(work));
                }
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

    fn run_blocks<L: Lanes>(
        &self,
        x: &[f64],
        y: &mut [f64],
        rows: usize,
        stride: usize,
        file: &mut Vec<L>,
    ) -> Result<(), usize> {
        if file.len() < self.registers * stride {
            file.resize(self.registers * stride, L::splat(0.0));
        }
        let registers = file.as_mut_slice();
        for &(register, value) in &self.fills {
            registers[register as usize * stride..][..stride].fill(L::splat(value));
        }
        let (n, m) = (self.inputs, self.outputs.len());
        for begin in (0..rows).step_by(L::WIDTH * stride) {
            let count = (rows - begin).min(L::WIDTH * stride);
            let groups = count.div_ceil(L::WIDTH);
            for &(input, register) in &self.loads {
                let group = &mut registers[register as usize * stride..][..groups];
                let lanes = group.iter_mut().flat_map(L::as_mut_slice).enumerate();
                // Lanes beyond the last row repeat it, so that they take no other branch.
                lanes.for_each(|(lane, to)| *to = x[(begin + lane.min(count - 1)) * n + input as usize]);
            }
            if dispatch(Replay { program: self, registers, stride, groups }).is_some() {
                return Err(begin);
            }
            for (output, &register) in self.outputs.iter().enumerate() {
                let lanes = registers[register as usize * stride..][..groups].iter().flat_map(L::as_slice);
                for (row, &value) in lanes.take(count).enumerate() {
                    y[(begin + row) * m + output] = value;
                }
            }
        }
        Ok(())
    }

    /// The first row from `row` on in which a comparison comes out differently, and what it is.
    #[cold]
    fn branch(&self, x: &[f64], mut row: usize) -> Error {
        let mut y = vec![0.0; self.outputs.len()];
        let mut file: Vec<One> = Vec::new();
        loop {
            let x = &x[row * self.inputs..][..self.inputs];
            if self.run_blocks(x, &mut y, 1, 1, &mut file).is_err() {
                break;
            }
            row += 1;
        }
        // The registers of the one lane are as the failed comparison has left them; run to it once more.
        let replay = Replay { program: self, registers: &mut file, stride: 1, groups: 1 };
        for &(input, register) in &self.loads {
            replay.registers[register as usize] = One::splat(x[row * self.inputs + input as usize]);
        }
        let at = dispatch(replay).expect("the comparison that has just failed fails again");
        let [a, b, guard] = self.instructions[at].inputs;
        let got = [a, b].map(|register| file[register as usize].as_slice()[0]);
        Error::Branch { input: row, comparison: self.guards[guard as usize].to_string(), got }
    }
}

impl Program {
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
        let rows = self.rows_of("eval", x)?;
        if y.len() != rows * self.outputs() {
            let want = format!("wants room for {rows} rows of {} outputs", self.outputs());
            return Err(Error::Length { operation: "eval", want, got: y.len() });
        }
        let compiled = self.compiled();
        compiled.run(x, y, rows, workspace).map_err(|row| compiled.branch(x, row))
    }

    pub(super) fn rows_of(&self, operation: &'static str, x: &[f64]) -> Result<usize, Error> {
        match self.inputs() {
            0 if x.is_empty() => Ok(1),
            n if n > 0 && x.len().is_multiple_of(n) => Ok(x.len() / n),
            n => Err(Error::Length { operation, want: format!("wants rows of {n} inputs"), got: x.len() }),
        }
    }

    /// Like [`eval`](Program::eval), for a function that takes other branches for other inputs: at a row for which a comparison comes
    /// out differently, `trace` records it there, and this program becomes that one.
    ///
    /// # Errors
    /// When `x` is no whole number of rows, or `trace` gives a program of other sizes, or one that fails where it was traced.
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
        mut trace: impl FnMut(&[f64]) -> Program,
    ) -> Result<Vec<f64>, Error> {
        let (n, m) = (self.inputs(), self.outputs());
        let mut y = vec![0.0; self.rows_of("eval_or_retrace", x)? * m];
        let mut workspace = Workspace::new();
        let (mut begin, mut traced) = (0, None);
        loop {
            match self.eval_into(&x[begin * n..], &mut y[begin * m..], &mut workspace) {
                Err(Error::Branch { input, .. }) if traced != Some(begin + input) => {
                    let (from, to) = (begin, begin + input);
                    self.eval_into(&x[from * n..to * n], &mut y[from * m..to * m], &mut workspace)?;
                    let fresh = trace(&x[to * n..(to + 1) * n]);
                    if (fresh.inputs(), fresh.outputs()) != (n, m) {
                        let want = format!("wants a program of {n} inputs and {m} outputs");
                        let got = if fresh.inputs() == n { fresh.outputs() } else { fresh.inputs() };
                        return Err(Error::Length { operation: "eval_or_retrace", want, got });
                    }
                    (*self, begin, traced) = (fresh, to, Some(to));
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(y),
            }
        }
    }

    /// The value and the gradient for every row of inputs: (rows) and (rows, inputs).
    ///
    /// # Errors
    /// As [`eval`](Program::eval), and when the function does not have one output.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0] * x[1], &[1.0, 1.0]);
    /// assert_eq!(program.value_and_grad(&[2.0, 3.0])?, (vec![6.0], vec![3.0, 2.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn value_and_grad(&self, x: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Error> {
        let both = self.with_gradient()?.eval(x)?;
        let rows = both.chunks_exact(1 + self.inputs());
        Ok((rows.clone().map(|row| row[0]).collect(), rows.flat_map(|row| &row[1..]).copied().collect()))
    }

    /// The Jacobian for every row of inputs: (rows, outputs, inputs). By reverse or forward mode, whichever needs fewer
    /// directions; the directions are lanes.
    ///
    /// # Errors
    /// As [`eval`](Program::eval).
    ///
    /// ```
    /// let program = tape::Program::trace_many(|x| vec![x[0] * x[1], x[0].exp()], &[0.0, 0.0]);
    /// assert_eq!(program.jacobian(&[0.0, 3.0])?, [3.0, 0.0, 1.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn jacobian(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        self.rows_of("jacobian", x)?;
        let (n, m) = (self.inputs(), self.outputs());
        if m <= n {
            return self.vjp().along_units(x, n, m);
        }
        let columns = self.jvp().along_units(x, n, n)?;
        let mut jacobian = vec![0.0; columns.len()];
        for (from, to) in columns.chunks_exact(n * m).zip(jacobian.chunks_exact_mut(n * m)) {
            for (k, &derivative) in from.iter().enumerate() {
                to[k % m * n + k / m] = derivative;
            }
        }
        Ok(jacobian)
    }

    /// `H v` for every row: `x` and `v` are (rows, inputs), and so is what comes back.
    ///
    /// # Errors
    /// As [`eval`](Program::eval), when the function does not have one output, and when `v` is not as long as `x`.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0].powi(3) * x[1], &[1.0, 1.0]);
    /// assert_eq!(program.hvp(&[1.0, 2.0], &[1.0, 0.0])?, [12.0, 3.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn hvp(&self, x: &[f64], v: &[f64]) -> Result<Vec<f64>, Error> {
        let product = self.hessian_product()?;
        self.rows_of("hvp", x)?;
        if v.len() != x.len() {
            let want = format!("wants an entry of the vectors for each of {} inputs", x.len());
            return Err(Error::Length { operation: "hvp", want, got: v.len() });
        }
        let n = self.inputs().max(1);
        let pairs = x.chunks_exact(n).zip(v.chunks_exact(n));
        product.eval(&pairs.flat_map(|(x, v)| x.iter().chain(v)).copied().collect::<Vec<_>>())
    }

    /// The Hessian for every row of inputs: (rows, inputs, inputs).
    ///
    /// # Errors
    /// As [`eval`](Program::eval), and when the function does not have one output.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0].powi(3) * x[1], &[1.0, 1.0]);
    /// assert_eq!(program.hessian(&[1.0, 2.0])?, [12.0, 3.0, 3.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn hessian(&self, x: &[f64]) -> Result<Vec<f64>, Error> {
        let product = self.hessian_product()?;
        self.rows_of("hessian", x)?;
        product.along_units(x, self.inputs(), self.inputs())
    }

    /// For every row of `x`, the outputs of this program of (x, direction) along each of `directions` unit vectors.
    fn along_units(&self, x: &[f64], n: usize, directions: usize) -> Result<Vec<f64>, Error> {
        self.along(x, n, directions, |direction, k| direction == k)
    }

    /// For every row of `x`, of `n` numbers each, the outputs of this program of (x, direction) along directions of zeros and
    /// ones: entry k of a direction is whether `seeds(direction, k)`.
    pub(super) fn along(
        &self,
        x: &[f64],
        n: usize,
        directions: usize,
        seeds: impl Fn(usize, usize) -> bool,
    ) -> Result<Vec<f64>, Error> {
        // So many directions at once that lanes are full and the rows of inputs take a few megabytes.
        let at_once = ((1 << 20) / self.inputs().max(1)).clamp(8, 512);
        let mut workspace = Workspace::new();
        let (mut rows, mut result) = (Vec::new(), Vec::new());
        let all: Vec<(usize, usize)> = (0..x.len().checked_div(n).unwrap_or(1))
            .flat_map(|row| (0..directions).map(move |k| (row, k)))
            .collect();
        for part in all.chunks(at_once) {
            rows.clear();
            for &(row, direction) in part {
                rows.extend_from_slice(&x[row * n..(row + 1) * n]);
                rows.extend((0..self.inputs() - n).map(|k| f64::from(u8::from(seeds(direction, k)))));
            }
            let begin = result.len();
            result.resize(begin + part.len() * self.outputs(), 0.0);
            self.eval_into(&rows, &mut result[begin..], &mut workspace).map_err(|error| match error {
                // The row of the user, not that of the direction.
                Error::Branch { input, comparison, got } => {
                    Error::Branch { input: part[input].0, comparison, got }
                }
                other => other,
            })?;
        }
        Ok(result)
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
