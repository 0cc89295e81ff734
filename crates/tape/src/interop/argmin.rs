//! `argmin`: problems whose derivatives come from one generic function, for all of its solvers, on `Vec<f64>`.
//!
//! Hessians and Jacobians are [`Tensor`]s, which have the products and the inverse that Newton, trust-region and
//! Gauss–Newton methods ask for.

use crate::{Error, Real, Tensor, grad, hessian, jacobian, linear, vjp};
use argmin::core::{CostFunction, Error as Failure, Gradient, Hessian, Jacobian, Operator};
use argmin_math::{ArgminDot, ArgminInv, ArgminTranspose};

/// A function to be minimised, written once over [`Real`].
pub trait Objective {
    /// The cost at `x`.
    fn cost<R: Real>(&self, x: &[R]) -> R;
}

/// What is to be small in a fit: model minus data, written once over [`Real`].
pub trait Residuals {
    /// The residuals at `x`, as many at each.
    fn residuals<R: Real>(&self, x: &[R]) -> Vec<R>;
}

/// A problem with cost, gradient (one reverse sweep) and Hessian (forward over reverse).
///
/// ```
/// use argmin::core::{Executor, State};
/// use argmin::solver::newton::Newton;
/// use tape::Real;
/// use tape::interop::argmin::{Objective, Problem};
///
/// struct Bowl;
/// impl Objective for Bowl {
///     fn cost<R: Real>(&self, x: &[R]) -> R { (x[0].shift(-3.0)).powi(2) + x[1].powi(2).scale(0.5) }
/// }
///
/// let solver: Newton<f64> = Newton::new();
/// let run = Executor::new(Problem(Bowl), solver).configure(|state| state.param(vec![0.0, 1.0]).max_iters(1)).run()?;
/// assert_eq!(run.state.get_param(), Some(&vec![3.0, 0.0]));
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Problem<F>(
    /// The function.
    pub F,
);

impl<F: Objective> CostFunction for Problem<F> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Failure> {
        Ok(self.0.cost(x))
    }
}

impl<F: Objective> Gradient for Problem<F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Failure> {
        Ok(grad(|x| self.0.cost(x), x))
    }
}

impl<F: Objective> Hessian for Problem<F> {
    type Param = Vec<f64>;
    type Hessian = Tensor;
    fn hessian(&self, x: &Vec<f64>) -> Result<Tensor, Failure> {
        Ok(hessian(|x| self.0.cost(x), x))
    }
}

/// A least-squares problem: residuals and their Jacobian for Gauss–Newton, cost `½ ‖r‖²` and gradient `Jᵀ r` for the
/// others.
///
/// ```
/// use argmin::core::{Executor, State};
/// use argmin::solver::gaussnewton::GaussNewton;
/// use tape::Real;
/// use tape::interop::argmin::{LeastSquares, Residuals};
///
/// /// The line through (0, 1), (1, 3), (2, 5).
/// struct Line;
/// impl Residuals for Line {
///     fn residuals<R: Real>(&self, x: &[R]) -> Vec<R> {
///         [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)].map(|(t, y)| (x[0] + x[1].scale(t)).shift(-y)).to_vec()
///     }
/// }
///
/// let solver: GaussNewton<f64> = GaussNewton::new();
/// let run = Executor::new(LeastSquares(Line), solver).configure(|state| state.param(vec![0.0, 0.0]).max_iters(3)).run()?;
/// let line = run.state.get_best_param().expect("it has run");
/// assert!((line[0] - 1.0).abs() < 1e-12 && (line[1] - 2.0).abs() < 1e-12);
/// # Ok::<(), argmin::core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastSquares<F>(
    /// The residuals.
    pub F,
);

impl<F: Residuals> Operator for LeastSquares<F> {
    type Param = Vec<f64>;
    type Output = Vec<f64>;
    fn apply(&self, x: &Vec<f64>) -> Result<Vec<f64>, Failure> {
        Ok(self.0.residuals(x))
    }
}

impl<F: Residuals> Jacobian for LeastSquares<F> {
    type Param = Vec<f64>;
    type Jacobian = Tensor;
    fn jacobian(&self, x: &Vec<f64>) -> Result<Tensor, Failure> {
        Ok(jacobian(|x| self.0.residuals(x), x))
    }
}

impl<F: Residuals> CostFunction for LeastSquares<F> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Failure> {
        Ok(self.0.residuals(x).iter().map(|r| r * r).sum::<f64>() / 2.0)
    }
}

impl<F: Residuals> Gradient for LeastSquares<F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Failure> {
        let (_, gradient) = vjp(|x| self.0.residuals(x), x, &self.0.residuals(x))?;
        Ok(gradient)
    }
}

/// The product of a matrix and a vector.
impl ArgminDot<Vec<f64>, Vec<f64>> for Tensor {
    /// # Panics
    /// When there are not as many numbers in the vector as columns in the matrix.
    fn dot(&self, x: &Vec<f64>) -> Vec<f64> {
        let product = Tensor::from_slice(x, &[x.len(), 1]).and_then(|x| self.matmul(&x));
        product.unwrap_or_else(|error| error.raise()).to_vec()
    }
}

/// The product of two matrices.
impl ArgminDot<Tensor, Tensor> for Tensor {
    /// # Panics
    /// When the shapes do not fit.
    fn dot(&self, other: &Tensor) -> Tensor {
        self.matmul(other).unwrap_or_else(|error| error.raise())
    }
}

impl ArgminTranspose<Tensor> for Tensor {
    /// # Panics
    /// When there are not two axes.
    fn t(self) -> Tensor {
        self.transpose()
    }
}

/// The inverse of a matrix, as a constant.
impl ArgminInv<Tensor> for Tensor {
    fn inv(&self) -> Result<Tensor, Failure> {
        let &[rows, columns] = self.shape() else {
            return Err(Error::shape("inv", "wants two axes", &[self.shape()]).into());
        };
        if rows != columns {
            return Err(Error::shape("inv", "wants as many rows as columns", &[self.shape()]).into());
        }
        Ok(Tensor::from_vec(linear::inverse(self.as_slice())?, self.shape())?)
    }
}
