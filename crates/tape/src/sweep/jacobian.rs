//! Several derivatives from one walk over the list: cotangents of several outputs backward, or tangents of several
//! inputs forward, in lanes.

use super::cotangents::resize;
use super::share;
use crate::tape::columns::{COLUMNS, Line};
use crate::tape::{self, Event, Kind, Room, Sort, State};
use crate::{Error, Float, Tape, Tensor, Var};

/// How many derivatives walk together: as many as fill the vectors of today's processors.
const LANES: usize = 8;

impl Tape {
    /// The Jacobian of `outputs` by `inputs`, (m, n): row k has the derivatives of output k.
    ///
    /// Inputs are leaves, lines or kept values. Where only scalars stand on the list, eight derivatives are taken in one
    /// walk: backward over the outputs, or forward over the inputs if those are fewer. Tensors and rules with a
    /// pullback are swept once for each output. A constant output has a row of zeros.
    ///
    /// # Errors
    /// When an output or input is not of this tape, an input is a constant or was merged (see [`Var::keep`]), or there is
    /// no memory for the cotangents.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let tape = tape::Tape::begin();
    /// let x = tape.vars(&[2.0, 3.0]);
    /// let jacobian = tape.jacobian(&[x[0] * x[1], x[0] / x[1], x[1].powi(2)], &x)?;
    /// assert_eq!(jacobian.shape(), [3, 2]);
    /// assert_eq!(jacobian.to_vec(), [3.0, 2.0, 1.0 / 3.0, -2.0 / 9.0, 0.0, 6.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn jacobian<T: Float>(&self, outputs: &[Var<T>], inputs: &[Var<T>]) -> Result<Tensor<T>, Error> {
        let shape = crate::Shape::new(&[outputs.len(), inputs.len()]);
        let mut walked = Ok(true);
        let jacobian = Tensor::build(shape.clone(), |entries| {
            walked = tape::with_room(|room| {
                self.must_be_current("jacobian", &room.state);
                columns_of("jacobian", &room.state, inputs)?;
                let walked = walk::<T, false>(room, entries, outputs, inputs)?;
                if walked && entries.iter().any(|entry| entry.to_f64().is_nan()) {
                    walk::<T, true>(room, entries, outputs, inputs)?;
                }
                Ok(walked)
            });
        });
        match walked? {
            true => Ok(jacobian),
            false => self.jacobian_by_sweeps(outputs, inputs, shape),
        }
    }

    /// Row by row, where tensors or pullbacks stand on the list.
    fn jacobian_by_sweeps<T: Float>(
        &self,
        outputs: &[Var<T>],
        inputs: &[Var<T>],
        shape: crate::Shape,
    ) -> Result<Tensor<T>, Error> {
        let mut entries = Vec::with_capacity(outputs.len() * inputs.len());
        for y in outputs {
            if !y.is_recorded() {
                entries.resize(entries.len() + inputs.len(), T::default());
                continue;
            }
            let bar = self.sweep(y)?;
            for x in inputs {
                entries.push(bar.of(x)?);
            }
        }
        Tensor::from_vec(entries, &shape)
    }
}

/// Checks that each of `inputs` has a derivative of its own on this tape.
fn columns_of<T: Float>(operation: &'static str, state: &State, inputs: &[Var<T>]) -> Result<(), Error> {
    for x in inputs {
        tape::check_root(state, x.handle(), Sort::Line)?;
        if x.is_merged() {
            let why = "an input was merged into another line and has no derivative of its own; give it one \
                       with `keep` before it is used";
            return Err(Error::NotKept { operation, why });
        }
    }
    Ok(())
}

/// Fills in a Jacobian in lanes; returns false where more than scalars stand on the list.
fn walk<T: Float, const CAREFUL: bool>(
    room: &mut Room,
    entries: &mut [T],
    outputs: &[Var<T>],
    inputs: &[Var<T>],
) -> Result<bool, Error> {
    let mut end = 0;
    for y in outputs.iter().filter(|y| y.is_recorded()) {
        tape::check_root(&room.state, y.handle(), Sort::Line)?;
        end = end.max(y.line() + 1);
    }
    let events = room.state.events_until(end);
    if !events.iter().all(|event| event.kind.is_scalar()) {
        return Ok(false);
    }
    COLUMNS.with(|columns| {
        let walk: Walk<'_, T, CAREFUL> =
            Walk { lines: &columns.lend()[..end], events, state: &room.state, inputs, outputs };
        let lanes = &mut room.spare_lanes;
        match inputs.len().min(outputs.len()) {
            0 => entries.fill(T::default()),
            1 => walk.fill::<1>(entries, lanes)?,
            2 => walk.fill::<2>(entries, lanes)?,
            3..=4 => walk.fill::<4>(entries, lanes)?,
            _ => walk.fill::<LANES>(entries, lanes)?,
        }
        Ok(true)
    })
}

/// A walk over a list of scalars, up to the last output.
struct Walk<'a, T: Float, const CAREFUL: bool> {
    lines: &'a [Line],
    events: &'a [Event],
    state: &'a State,
    inputs: &'a [Var<T>],
    outputs: &'a [Var<T>],
}

impl<T: Float, const CAREFUL: bool> Walk<'_, T, CAREFUL> {
    fn fill<const N: usize>(&self, entries: &mut [T], lanes: &mut Vec<f64>) -> Result<(), Error> {
        let n = self.inputs.len();
        if self.outputs.len() <= n {
            for (y, rows) in self.outputs.chunks(N).zip(entries.chunks_mut(N * n)) {
                let bars = zeros::<N>(lanes, self.lines.len())?;
                self.backward(y, bars);
                for (lane, row) in rows.chunks_exact_mut(n).enumerate() {
                    for (entry, x) in row.iter_mut().zip(self.inputs) {
                        *entry = T::from_f64(bars.get(x.line()).map_or(0.0, |bar| bar[lane]));
                    }
                }
            }
        } else {
            for (first, x) in self.inputs.chunks(N).enumerate() {
                let dots = zeros::<N>(lanes, self.lines.len())?;
                self.forward(x, dots);
                for (row, y) in entries.chunks_exact_mut(n).zip(self.outputs) {
                    let dot = if y.is_recorded() {
                        scaled::<N, CAREFUL>(&dots[y.line()], y.partial())
                    } else {
                        [0.0; N]
                    };
                    for (entry, dot) in row[first * N..].iter_mut().zip(dot) {
                        *entry = T::from_f64(dot);
                    }
                }
            }
        }
        Ok(())
    }

    /// The cotangents of all lines from unit cotangents of a few outputs.
    fn backward<const N: usize>(&self, outputs: &[Var<T>], bars: &mut [[f64; N]]) {
        for (lane, y) in outputs.iter().enumerate().filter(|(_, y)| y.is_recorded()) {
            bars[y.line()][lane] += y.partial();
        }
        let mut end = self.lines.len();
        for event in self.events.iter().rev() {
            let start = event.line as usize;
            self.run_back(end.min(start + event.kind.lines() as usize), end, bars);
            let bar = bars[start];
            match event.kind {
                Kind::Kept { input, partial } => {
                    add(&mut bars[input as usize], scaled::<N, CAREFUL>(&bar, partial))
                }
                Kind::Joined { start, count } => {
                    for &(line, partial) in self.state.gathered(start, count) {
                        add(&mut bars[line as usize], scaled::<N, CAREFUL>(&bar, partial));
                    }
                }
                _ => {}
            }
            end = start;
        }
        self.run_back(0, end, bars);
    }

    fn run_back<const N: usize>(&self, start: usize, end: usize, bars: &mut [[f64; N]]) {
        let bars = &mut bars[..end];
        // What comes from the very next line stays in registers, as in the plain sweep.
        let mut carried = [0.0; N];
        for k in (start..end).rev() {
            let mut bar = bars[k];
            add(&mut bar, carried);
            carried = [0.0; N];
            bars[k] = bar;
            if bar != [0.0; N] {
                let Line { partials, inputs } = self.lines[k];
                for (input, partial) in inputs.into_iter().zip(partials) {
                    if input as usize + 1 == k {
                        carried = scaled::<N, CAREFUL>(&bar, partial);
                    } else {
                        add(&mut bars[input as usize], scaled::<N, CAREFUL>(&bar, partial));
                    }
                }
            }
        }
        if let Some(before) = start.checked_sub(1) {
            add(&mut bars[before], carried);
        }
    }

    /// The tangents of all lines from unit tangents of a few inputs.
    fn forward<const N: usize>(&self, inputs: &[Var<T>], dots: &mut [[f64; N]]) {
        for (lane, x) in inputs.iter().enumerate().filter(|(_, x)| x.line() < self.lines.len()) {
            dots[x.line()][lane] = 1.0;
        }
        let mut done = 0;
        for event in self.events {
            let start = event.line as usize;
            self.run_on(done, start, dots);
            let mut dot = [0.0; N];
            match event.kind {
                Kind::Kept { input, partial } => dot = scaled::<N, CAREFUL>(&dots[input as usize], partial),
                Kind::Joined { start, count } => {
                    for &(line, partial) in self.state.gathered(start, count) {
                        add(&mut dot, scaled::<N, CAREFUL>(&dots[line as usize], partial));
                    }
                }
                _ => {}
            }
            add(&mut dots[start], dot);
            done = start + event.kind.lines() as usize;
        }
        self.run_on(done, self.lines.len(), dots);
    }

    fn run_on<const N: usize>(&self, start: usize, end: usize, dots: &mut [[f64; N]]) {
        for k in start..end {
            let Line { partials, inputs } = self.lines[k];
            let mut dot = scaled::<N, CAREFUL>(&dots[inputs[0] as usize], partials[0]);
            add(&mut dot, scaled::<N, CAREFUL>(&dots[inputs[1] as usize], partials[1]));
            add(&mut dots[k], dot);
        }
    }
}

/// So many zeros, in memory that is used again.
fn zeros<const N: usize>(lanes: &mut Vec<f64>, lines: usize) -> Result<&mut [[f64; N]], Error> {
    resize(lanes, lines * N)?;
    Ok(lanes.as_chunks_mut().0)
}

/// What each lane hands on; one that has nothing hands on nothing, also where the partial is infinite.
#[inline(always)]
fn scaled<const N: usize, const CAREFUL: bool>(bar: &[f64; N], partial: f64) -> [f64; N] {
    bar.map(|bar| if bar == 0.0 { 0.0 } else { share::<CAREFUL>(bar, partial) })
}

#[inline(always)]
fn add<const N: usize>(sum: &mut [f64; N], more: [f64; N]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}
