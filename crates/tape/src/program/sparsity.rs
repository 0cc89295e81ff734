//! Which inputs each output depends on, and sparse derivatives by programs.

use super::operation::Operation;
use super::{List, Program, Workspace};
use crate::Error;
use crate::sparse::{Compression, Pattern, Sparse};
use std::rc::Rc;

/// Inputs that a line depends on, ascending; lines with the same ones share them.
type Set = Rc<Vec<u32>>;

/// The union, in the place of the larger set where nobody else has it.
fn union(a: Set, b: Set) -> Set {
    let (mut large, small) = if a.len() < b.len() { (b, a) } else { (a, b) };
    if small.iter().all(|index| large.binary_search(index).is_ok()) {
        return large;
    }
    let into = Rc::make_mut(&mut large);
    // The sums of most programs gather their terms in the order of the inputs: then this appends.
    let ordered = into.last() < small.first();
    into.extend_from_slice(&small);
    if !ordered {
        // Two runs, which the sort merges.
        into.sort();
        into.dedup();
    }
    large
}

impl List {
    /// Which inputs each output depends on.
    fn dependencies(&self) -> Pattern {
        let moved_by = self.moved_by();
        // How often a line will still be read; what is not needed any more is given away.
        let mut readers = vec![0_u32; self.steps.len()];
        let read = self.steps.iter().flat_map(|step| step.arguments()).chain(&self.outputs);
        read.for_each(|&line| readers[line as usize] += 1);
        let mut sets: Vec<Set> = vec![Set::default(); self.steps.len()];
        let mut take = |sets: &mut Vec<Set>, line: u32| {
            let line = line as usize;
            readers[line] -= 1;
            if readers[line] == 0 { std::mem::take(&mut sets[line]) } else { Rc::clone(&sets[line]) }
        };
        for (k, step) in self.steps.iter().enumerate() {
            if step.operation == Operation::Input {
                sets[k] = Rc::new(vec![k as u32]);
                continue;
            }
            let mut set = Set::default();
            for (&line, moved) in step.arguments().iter().zip(moved_by[k]) {
                let of_line = take(&mut sets, line);
                if moved {
                    set = union(set, of_line);
                }
            }
            sets[k] = set;
        }
        let rows = self.outputs.iter().map(|&line| Rc::clone(&sets[line as usize]));
        Pattern::of_rows(self.inputs, rows.map(|set| set.iter().map(|&k| k as usize).collect::<Vec<_>>()))
    }
}

impl Program {
    /// Which inputs each output depends on: where the Jacobian may differ from zero, for any inputs that take the
    /// branches that were traced. Sets of inputs are propagated through the optimised list.
    ///
    /// ```
    /// let program = tape::Program::trace_many(|x| vec![x[0] * x[2], x[1].floor() + x[2]], &[1.0, 2.0, 3.0]);
    /// let pattern = program.jacobian_pattern();
    /// assert_eq!((pattern.row(0), pattern.row(1)), (&[0, 2][..], &[2][..])); // the floor has the derivative 0
    /// ```
    pub fn jacobian_pattern(&self) -> Pattern {
        self.shortest().dependencies()
    }

    /// Which pairs of inputs the function joins by more than a sum: where the Hessian may differ from zero. It is the
    /// pattern of the gradient's Jacobian, whose terms that are constant depend on nothing.
    ///
    /// # Errors
    /// When the function does not have one output.
    ///
    /// ```
    /// let program = tape::Program::trace(|x| x[0] * x[1] + x[2].exp() - x[3] * 5.0, &[1.0; 4]);
    /// let pattern = program.hessian_pattern()?;
    /// assert_eq!(pattern.triplets().collect::<Vec<_>>(), [(0, 1), (1, 0), (2, 2)]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn hessian_pattern(&self) -> Result<Pattern, Error> {
        self.must_be_scalar("hessian_pattern")?;
        let pattern = self.shortest().gradient().dependencies();
        // Terms that cancel may have been simplified in one of two mirror images only.
        let transposed = pattern.transposed();
        Pattern::new(self.inputs(), self.inputs(), pattern.triplets().chain(transposed.triplets()))
    }

    /// The Jacobian at one input from a few directions: one for each colour of its columns, swept forward, or of its rows, swept
    /// backward, whichever are fewer. Directions are lanes. Pattern and colours are found in the first call and kept.
    ///
    /// # Errors
    /// As [`eval`](Program::eval), and when `x` is not one input.
    ///
    /// ```
    /// let program = tape::Program::trace_many(|x| vec![x[0] * x[0], x[1] * 3.0], &[1.0, 1.0]);
    /// let jacobian = program.sparse_jacobian(&[5.0, 0.0])?;
    /// assert_eq!(jacobian.triplets().collect::<Vec<_>>(), [(0, 0, 10.0), (1, 1, 3.0)]);
    /// assert_eq!(jacobian.sweeps(), 1);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn sparse_jacobian(&self, x: &[f64]) -> Result<Sparse, Error> {
        self.must_be_one("sparse_jacobian", x)?;
        let (by_columns, by_rows) = self.derived.jacobian.get_or_init(|| {
            let pattern = self.jacobian_pattern();
            (Compression::of_columns(&pattern), Compression::of_columns(&pattern.transposed()))
        });
        let n = self.inputs();
        if by_columns.directions() <= by_rows.directions() {
            let seeds = |direction, k| by_columns.seeds(direction, k);
            let mut products = vec![0.0; by_columns.directions() * self.outputs()];
            self.jvp().along(x, n, by_columns.directions(), seeds, &mut products, &mut Workspace::new())?;
            Ok(by_columns.read(&products))
        } else {
            let seeds = |direction, k| by_rows.seeds(direction, k);
            let mut products = vec![0.0; by_rows.directions() * n];
            self.vjp().along(x, n, by_rows.directions(), seeds, &mut products, &mut Workspace::new())?;
            Ok(by_rows.read_transposed(&products))
        }
    }

    /// The Hessian at one input from a few Hessian-vector products, one for each colour of its symmetric pattern. Directions
    /// are lanes. Pattern and colours are found in the first call and kept.
    ///
    /// # Errors
    /// As [`eval`](Program::eval), when the function does not have one output, and when `x` is not one input.
    ///
    /// ```
    /// use tape::{Program, Traced};
    /// let chain = |x: &[Traced]| x.windows(2).map(|pair| (pair[1] - pair[0]).powi(4)).sum();
    /// let hessian = Program::trace(chain, &[0.0; 100]).sparse_hessian(&[0.5; 100])?;
    /// assert_eq!((hessian.pattern().entries(), hessian.sweeps()), (298, 3));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn sparse_hessian(&self, x: &[f64]) -> Result<Sparse, Error> {
        self.must_be_scalar("sparse_hessian")?;
        self.must_be_one("sparse_hessian", x)?;
        let compression = match self.derived.hessian.get() {
            Some(compression) => compression,
            None => {
                let compression = Compression::of_symmetric(&self.hessian_pattern()?)?;
                self.derived.hessian.get_or_init(|| compression)
            }
        };
        let (n, directions) = (self.inputs(), compression.directions());
        let seeds = |direction, k| compression.seeds(direction, k);
        let mut products = vec![0.0; directions * n];
        self.hessian_product()?.along(x, n, directions, seeds, &mut products, &mut Workspace::new())?;
        Ok(compression.read(&products))
    }

    fn must_be_one(&self, operation: &'static str, x: &[f64]) -> Result<(), Error> {
        if x.len() == self.inputs() {
            return Ok(());
        }
        let want = format!("wants one input of {} numbers", self.inputs());
        Err(Error::Length { operation, want, got: x.len() })
    }
}
