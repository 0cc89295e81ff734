//! The solvers of `argmin` find minima with derivatives from one generic function.
#![cfg(feature = "argmin")]

use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian, Jacobian, Operator, State};
use argmin::solver::gaussnewton::GaussNewton;
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::newton::{Newton, NewtonCG};
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Dogleg, Steihaug, TrustRegion};
use argmin_math::ArgminInv;
use tape::interop::argmin::{LeastSquares, Objective, Problem, Residuals};
use tape::{Real, Tensor};

struct Rosenbrock;

impl Residuals for Rosenbrock {
    fn residuals<R: Real>(&self, x: &[R]) -> Vec<R> {
        vec![(x[1] - x[0] * x[0]).scale(10.0), R::from_f64(1.0) - x[0]]
    }
}

impl Objective for Rosenbrock {
    fn cost<R: Real>(&self, x: &[R]) -> R {
        self.residuals(x).into_iter().map(|r| r * r).sum()
    }
}

fn start() -> Vec<f64> {
    vec![-1.2, 1.0]
}

fn must_be_the_minimum(x: Option<&Vec<f64>>, iterations: u64, most: u64) {
    let x = x.expect("a solver that ran has a best point");
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-6), "{x:?}");
    assert!(iterations <= most, "{iterations} iterations");
}

#[test]
fn l_bfgs_finds_the_minimum() -> Result<(), Error> {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7);
    let run = Executor::new(Problem(Rosenbrock), solver)
        .configure(|state| state.param(start()).max_iters(100))
        .run()?;
    must_be_the_minimum(run.state.get_best_param(), run.state.get_iter(), 60);
    Ok(())
}

#[test]
fn newton_finds_the_minimum_in_seven_steps() -> Result<(), Error> {
    let solver: Newton<f64> = Newton::new();
    let run = Executor::new(Problem(Rosenbrock), solver)
        .configure(|state| state.param(start()).max_iters(7))
        .run()?;
    must_be_the_minimum(run.state.get_param(), run.state.get_iter(), 7);
    Ok(())
}

#[test]
fn newton_by_conjugate_gradients_finds_the_minimum() -> Result<(), Error> {
    let solver: NewtonCG<_, f64> = NewtonCG::new(MoreThuenteLineSearch::new());
    let run = Executor::new(Problem(Rosenbrock), solver)
        .configure(|state| state.param(start()).max_iters(100))
        .run()?;
    // It stops by itself where a step gains little.
    assert!(run.state.get_best_cost() < 1e-4, "{}", run.state.get_best_cost());
    Ok(())
}

#[test]
fn trust_regions_find_the_minimum() -> Result<(), Error> {
    let solver = TrustRegion::new(Steihaug::new().with_max_iters(20));
    let run = Executor::new(Problem(Rosenbrock), solver)
        .configure(|state| state.param(start()).max_iters(60))
        .run()?;
    must_be_the_minimum(run.state.get_best_param(), run.state.get_iter(), 60);
    let solver = TrustRegion::new(Dogleg::new());
    let run = Executor::new(Problem(Rosenbrock), solver)
        .configure(|state| state.param(start()).max_iters(60))
        .run()?;
    must_be_the_minimum(run.state.get_best_param(), run.state.get_iter(), 60);
    Ok(())
}

#[test]
fn gauss_newton_finds_the_minimum() -> Result<(), Error> {
    let solver: GaussNewton<f64> = GaussNewton::new();
    let run = Executor::new(LeastSquares(Rosenbrock), solver)
        .configure(|state| state.param(start()).max_iters(5))
        .run()?;
    must_be_the_minimum(run.state.get_param(), run.state.get_iter(), 5);
    Ok(())
}

#[test]
fn a_fit_knows_its_cost_and_gradient_too() -> Result<(), Error> {
    let (fit, problem, x) = (LeastSquares(Rosenbrock), Problem(Rosenbrock), start());
    assert_eq!(fit.cost(&x)? * 2.0, problem.cost(&x)?);
    let halves: Vec<f64> = problem.gradient(&x)?.iter().map(|g| g / 2.0).collect();
    assert!(fit.gradient(&x)?.iter().zip(&halves).all(|(a, b)| (a - b).abs() < 1e-12));
    assert_eq!(fit.apply(&x)?.len(), 2);
    let jacobian = fit.jacobian(&x)?;
    assert_eq!(jacobian.to_vec(), [24.0, 10.0, -1.0, 0.0]);
    // JᵀJ is the Hessian of the cost but for the curvature of the residuals.
    assert_eq!(problem.hessian(&x)?.to_vec(), [1330.0, 480.0, 480.0, 200.0]);
    Ok(())
}

#[test]
fn a_matrix_without_an_inverse_is_an_error_of_the_run() {
    assert!(Tensor::full(&[2, 2], 1.0).inv().is_err());
    let error = Tensor::full(&[2, 3], 1.0).inv().unwrap_err();
    assert_eq!(error.to_string(), "inv: wants as many rows as columns, got [2, 3]");
    assert_eq!(Tensor::full(&[2], 1.0).inv().unwrap_err().to_string(), "inv: wants two axes, got [2]");
}
