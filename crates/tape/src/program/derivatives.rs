//! Derivatives of programs for users, by replays of the programs that `gradient` makes: gradients, Jacobians, Hessians and
//! products with them, for rows of inputs.

use super::Program;
use super::evaluate::{Workspace, must_hold};
use super::rows::{Directions, Pairs, Rows, Target};
use crate::Error;

impl Program {
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
        self.must_be_scalar("value_and_grad")?;
        let (mut values, mut gradients) = (vec![0.0; self.rows_of("value_and_grad", x)?], vec![0.0; x.len()]);
        self.value_and_grad_into(x, &mut values, &mut gradients, &mut Workspace::new())?;
        Ok((values, gradients))
    }

    /// Like [`value_and_grad`](Program::value_and_grad), into `values` and `gradients`, with registers and threads of a workspace, as
    /// [`eval_into`](Program::eval_into).
    ///
    /// # Errors
    /// As `value_and_grad`, and when `values` or `gradients` are not as long as what comes back.
    ///
    /// ```
    /// use tape::{Program, Workspace};
    /// let program = Program::trace(|x| x[0] * x[1], &[1.0, 1.0]);
    /// let (mut values, mut gradients, mut workspace) = ([0.0; 2], [0.0; 4], Workspace::new());
    /// program.value_and_grad_into(&[2.0, 3.0, 4.0, 5.0], &mut values, &mut gradients, &mut workspace)?;
    /// assert_eq!((values, gradients), ([6.0, 20.0], [3.0, 2.0, 5.0, 4.0]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn value_and_grad_into(
        &self,
        x: &[f64],
        values: &mut [f64],
        gradients: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        const NAME: &str = "value_and_grad_into";
        self.must_be_scalar(NAME)?;
        let (rows, n) = (self.rows_of(NAME, x)?, self.inputs());
        must_hold(NAME, rows, (1, "values"), values)?;
        must_hold(NAME, rows, (n, "derivatives"), gradients)?;
        let target = Target { first: values, rest: gradients, width: [1, n] };
        self.with_gradient()?.replay(&Rows { x, n }, rows, target, workspace)
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
        let mut jacobian = vec![0.0; self.rows_of("jacobian", x)? * self.outputs() * self.inputs()];
        self.jacobian_into(x, &mut jacobian, &mut Workspace::new())?;
        Ok(jacobian)
    }

    /// Like [`jacobian`](Program::jacobian), into `jacobian`, with registers and threads of a workspace, as
    /// [`eval_into`](Program::eval_into).
    ///
    /// # Errors
    /// As `jacobian`, and when `jacobian` is not as long as what comes back.
    ///
    /// ```
    /// use tape::{Program, Workspace};
    /// let program = Program::trace_many(|x| vec![x[0] * x[1], x[0].exp()], &[0.0, 0.0]);
    /// let mut jacobian = [0.0; 4];
    /// program.jacobian_into(&[0.0, 3.0], &mut jacobian, &mut Workspace::new())?;
    /// assert_eq!(jacobian, [3.0, 0.0, 1.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn jacobian_into(
        &self,
        x: &[f64],
        jacobian: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        const NAME: &str = "jacobian_into";
        let (rows, n, m) = (self.rows_of(NAME, x)?, self.inputs(), self.outputs());
        must_hold(NAME, rows, (m * n, "derivatives"), jacobian)?;
        if m <= n {
            return self.vjp().along_units(x, n, m, jacobian, workspace);
        }
        let mut columns = std::mem::take(&mut workspace.products);
        columns.resize(jacobian.len(), 0.0);
        let result = self.jvp().along_units(x, n, n, &mut columns, workspace);
        let each = (n * m).max(1);
        for (from, to) in columns.chunks_exact(each).zip(jacobian.chunks_exact_mut(each)) {
            for (k, &derivative) in from.iter().enumerate() {
                to[k % m * n + k / m] = derivative;
            }
        }
        workspace.products = columns;
        result
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
        let mut products = vec![0.0; x.len()];
        self.hvp_as("hvp", x, v, &mut products, &mut Workspace::new())?;
        Ok(products)
    }

    /// Like [`hvp`](Program::hvp), into `products`, with registers and threads of a workspace, as
    /// [`eval_into`](Program::eval_into).
    ///
    /// # Errors
    /// As `hvp`, and when `products` is not as long as `x`.
    ///
    /// ```
    /// use tape::{Program, Workspace};
    /// let program = Program::trace(|x| x[0].powi(3) * x[1], &[1.0, 1.0]);
    /// let mut product = [0.0; 2];
    /// program.hvp_into(&[1.0, 2.0], &[1.0, 0.0], &mut product, &mut Workspace::new())?;
    /// assert_eq!(product, [12.0, 3.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn hvp_into(
        &self,
        x: &[f64],
        v: &[f64],
        products: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        self.hvp_as("hvp_into", x, v, products, workspace)
    }

    fn hvp_as(
        &self,
        operation: &'static str,
        x: &[f64],
        v: &[f64],
        products: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        self.must_be_scalar(operation)?;
        let (rows, n) = (self.rows_of(operation, x)?, self.inputs());
        if v.len() != x.len() {
            let want = format!("wants an entry of the vectors for each of {} inputs", x.len());
            return Err(Error::Length { operation, want, got: v.len() });
        }
        must_hold(operation, rows, (n, "entries"), products)?;
        self.hessian_product()?.replay(&Pairs { x, v, n }, rows, Target::one(products, n), workspace)
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
        let mut hessian = vec![0.0; self.rows_of("hessian", x)? * self.inputs() * self.inputs()];
        self.hessian_as("hessian", x, &mut hessian, &mut Workspace::new())?;
        Ok(hessian)
    }

    /// Like [`hessian`](Program::hessian), into `hessian`, with registers and threads of a workspace, as
    /// [`eval_into`](Program::eval_into).
    ///
    /// # Errors
    /// As `hessian`, and when `hessian` is not as long as what comes back.
    ///
    /// ```
    /// use tape::{Program, Workspace};
    /// let program = Program::trace(|x| x[0].powi(3) * x[1], &[1.0, 1.0]);
    /// let mut hessian = [0.0; 4];
    /// program.hessian_into(&[1.0, 2.0], &mut hessian, &mut Workspace::new())?;
    /// assert_eq!(hessian, [12.0, 3.0, 3.0, 0.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn hessian_into(
        &self,
        x: &[f64],
        hessian: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        self.hessian_as("hessian_into", x, hessian, workspace)
    }

    fn hessian_as(
        &self,
        operation: &'static str,
        x: &[f64],
        hessian: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        self.must_be_scalar(operation)?;
        let (rows, n) = (self.rows_of(operation, x)?, self.inputs());
        must_hold(operation, rows, (n * n, "derivatives"), hessian)?;
        self.hessian_product()?.along_units(x, n, n, hessian, workspace)
    }

    /// For every row of `x`, of `n` numbers each, the outputs of this program of (x, direction) along each of `directions` unit
    /// vectors.
    fn along_units(
        &self,
        x: &[f64],
        n: usize,
        directions: usize,
        products: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        self.along(x, n, directions, |direction, k| direction == k, products, workspace)
    }

    /// The same along directions of zeros and ones: entry k of a direction is whether `seeds(direction, k)`.
    pub(super) fn along(
        &self,
        x: &[f64],
        n: usize,
        directions: usize,
        seeds: impl Fn(usize, usize) -> bool + Sync,
        products: &mut [f64],
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        let rows = x.len().checked_div(n).unwrap_or(1) * directions;
        let source = Directions { x, n, directions, seeds };
        let result = self.replay(&source, rows, Target::one(products, self.outputs()), workspace);
        result.map_err(|error| match error {
            // The row of the user, not that of the direction.
            Error::Branch { input, comparison, got } => {
                Error::Branch { input: input / directions, comparison, got }
            }
            other => other,
        })
    }
}
