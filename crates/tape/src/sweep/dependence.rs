//! What a value depends on: the sweep with a yes or no in the place of each cotangent.

use crate::tape::{self, Kind, NO_LINE, Precision, Sort, State};
use crate::{Error, Float, Tape, Var};

impl Tape {
    /// For each of `inputs`, whether `root` was computed from it: by the list, whatever the derivatives come to. A zero
    /// derivative of an input that was used, and of one that was forgotten, are told apart by this.
    ///
    /// # Errors
    /// When `root` or an input is a constant or not of this tape.
    ///
    /// # Panics
    /// When an inner tape is recording.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let tape = tape::Tape::begin();
    /// let x = tape.vars(&[0.0, 1.0, 2.0]);
    /// let y = x[0].powi(2) + x[2];
    /// assert_eq!(tape.sweep(&y)?.of(&x[0])?, 0.0);
    /// assert_eq!(tape.depends(&y, &x)?, [true, false, true]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn depends<T: Float>(&self, root: &Var<T>, inputs: &[Var<T>]) -> Result<Vec<bool>, Error> {
        tape::with_state(|state| {
            self.must_be_current("depends", state);
            for value in inputs.iter().chain([root]) {
                tape::check_root(state, value.handle(), Sort::Line)?;
            }
            Ok(())
        })?;
        let reached = tape::with_recording(|lines, state| {
            let mut reached = Reached::nothing(state, lines.len());
            reached.lines[root.line()] = true;
            let mut end = lines.len();
            for event in state.events.iter().rev() {
                let start = event.line as usize;
                reached.run(start + event.kind.lines() as usize, end, lines);
                reached.event(start, event.kind, state);
                end = start;
            }
            reached.run(0, end, lines);
            reached
        });
        Ok(inputs.iter().map(|x| reached.lines[x.line()]).collect())
    }
}

/// Which lines and nodes the root was computed from, as far as has been seen.
struct Reached {
    lines: Vec<bool>,
    single: Vec<bool>,
    double: Vec<bool>,
}

impl Reached {
    fn nothing(state: &State, lines: usize) -> Reached {
        let counts = state.counts_now();
        let none = |count: u32| vec![false; count as usize];
        Reached { lines: vec![false; lines], single: none(counts.single), double: none(counts.double) }
    }

    fn run(&mut self, start: usize, end: usize, lines: &[tape::columns::Line]) {
        for k in (start..end).rev() {
            if self.lines[k] {
                for input in lines[k].inputs {
                    self.lines[input as usize] = true;
                }
            }
        }
    }

    fn event(&mut self, start: usize, kind: Kind, state: &State) {
        match kind {
            Kind::Leaves { .. } => {}
            Kind::Kept { input, .. } => self.lines[input as usize] |= self.lines[start],
            Kind::Element { precision: Precision::Single, node, .. } => {
                self.single[node as usize] |= self.lines[start];
            }
            Kind::Element { precision: Precision::Double, node, .. } => {
                self.double[node as usize] |= self.lines[start];
            }
            Kind::Node { precision: Precision::Single, node } => {
                node_inputs::<f32>(&mut self.single, node as usize, state);
            }
            Kind::Node { precision: Precision::Double, node } => {
                node_inputs::<f64>(&mut self.double, node as usize, state);
            }
            Kind::Gather { precision, node, start: first, count } => {
                let reached = match precision {
                    Precision::Single => self.single[node as usize],
                    Precision::Double => self.double[node as usize],
                };
                self.gathered(reached, state.gathered(first, count));
            }
            Kind::Cast { to: Precision::Single, node, of } => {
                self.double[of as usize] |= self.single[node as usize]
            }
            Kind::Cast { to: Precision::Double, node, of } => {
                self.single[of as usize] |= self.double[node as usize]
            }
            Kind::Joined { start: first, count } => {
                self.gathered(self.lines[start], state.gathered(first, count));
            }
            Kind::Rule { rule, outputs } => {
                let (first, count) = state.rules[rule as usize].reads();
                let reached = self.lines[start..start + outputs as usize].contains(&true);
                self.gathered(reached, state.gathered(first, count));
            }
        }
    }

    fn gathered(&mut self, reached: bool, inputs: &[(u32, f64)]) {
        for &(line, _) in inputs.iter().filter(|&&(line, _)| reached && line != NO_LINE) {
            self.lines[line as usize] = true;
        }
    }
}

fn node_inputs<T: Float>(reached: &mut [bool], node: usize, state: &State) {
    if reached[node] {
        for input in T::nodes(state)[node].inputs.iter().filter(|input| input.is_recorded()) {
            reached[input.handle().number as usize] = true;
        }
    }
}
