//! Solutions of equations as differentiable values: by the equation that holds, not by the iterations that led there.
//!
//! Where `F(x, p) = 0` and `∂F/∂x` is regular, the solution x is a function of the parameters p, and its derivative
//! follows from F at the solution alone (the implicit function theorem; Griewank and Walther, *Evaluating Derivatives*,
//! 2008, chapter 15). So the solver is run on plain numbers, by any method and in anyone's crate; what it found comes here,
//! together with F written over [`Real`], and leaves with all derivatives that its numbers carry.

use crate::derivative::values_and_rows;
use crate::linear::Factors;
use crate::{Error, Float, Real, Tangents, Var, jacobian};

/// Equations or a map in unknowns x and parameters p, over any number.
///
/// For [`root`] they are the left sides F of `F(x, p) = 0`; for [`fixed_point`] the map g of `x = g(x, p)`.
///
/// ```
/// use tape::implicit::System;
/// use tape::Real;
/// /// x² = p.
/// struct Square;
/// impl System for Square {
///     fn evaluate<R: Real>(&self, x: &[R], p: &[R]) -> Vec<R> { vec![x[0] * x[0] - p[0]] }
/// }
/// assert_eq!(Square.evaluate(&[3.0], &[2.0]), [7.0]);
/// ```
pub trait System {
    /// As many values as unknowns.
    fn evaluate<R: Real>(&self, x: &[R], p: &[R]) -> Vec<R>;
}

/// The root x of `F(x, p) = 0` that `solution` is, as a function of p, at every order that `R` carries.
///
/// The solution is polished by a plain Newton step; then a step of Newton's method with the one factorised matrix
/// `∂F/∂x` makes each order of derivative right in turn: for a [`Var`] that is one recording of F and two lines for each
/// unknown, however long the search was.
///
/// # Errors
/// When F does not return as many values as there are unknowns; when `∂F/∂x` is singular; when `solution` is none, as the
/// Newton step is larger than 10⁻⁶ times the largest unknown (around zero, where that says little: than 10⁻⁶, or a second
/// step follows that is not far smaller); and in a [traced program](crate::Program::trace), which would replay this
/// solution for all other parameters.
///
/// ```
/// use tape::implicit::{self, System};
/// use tape::{Real, grad, hvp};
///
/// /// Kepler's equation: the anomaly E at mean anomaly M and eccentricity e.
/// struct Kepler;
/// impl System for Kepler {
///     fn evaluate<R: Real>(&self, x: &[R], p: &[R]) -> Vec<R> { vec![x[0] - p[1] * x[0].sin() - p[0]] }
/// }
///
/// let (m, e) = (1.0, 0.3);
/// let anomaly = (0..100).fold(m, |x: f64, _| m + e * x.sin());
/// let gradient = grad(|p| implicit::root(&Kepler, &[anomaly], p).unwrap()[0], &[m, e]);
/// let by_hand = 1.0 / (1.0 - e * anomaly.cos());
/// assert!((gradient[0] - by_hand).abs() < 1e-14);
/// ```
pub fn root<R: Real>(system: &impl System, solution: &[f64], p: &[R]) -> Result<Vec<R>, Error> {
    solve("root", |x, p| system.evaluate(x, p), |x, p| system.evaluate(x, p), solution, p)
}

/// The fixed point x of `x = g(x, p)` that `solution` is, as a function of p, at every order that `R` carries: the
/// [`root`] of `x - g(x, p)`.
///
/// # Errors
/// As [`root`].
///
/// ```
/// use tape::implicit::{self, System};
/// use tape::{Real, grad};
///
/// /// x = cos(p x).
/// struct Cosine;
/// impl System for Cosine {
///     fn evaluate<R: Real>(&self, x: &[R], p: &[R]) -> Vec<R> { vec![(x[0] * p[0]).cos()] }
/// }
///
/// let p = 0.8_f64;
/// let x = (0..200).fold(1.0, |x: f64, _| (p * x).cos());
/// let gradient = grad(|p| implicit::fixed_point(&Cosine, &[x], p).unwrap()[0], &[p]);
/// let by_hand = -x * (p * x).sin() / (1.0 + p * (p * x).sin());
/// assert!((gradient[0] - by_hand).abs() < 1e-14);
/// ```
pub fn fixed_point<R: Real>(map: &impl System, solution: &[f64], p: &[R]) -> Result<Vec<R>, Error> {
    let plain = |x: &[_], p: &[_]| without(x, map.evaluate(x, p));
    let lifted = |x: &[R], p: &[R]| without(x, map.evaluate(x, p));
    solve("fixed_point", plain, lifted, solution, p)
}

/// The [`root`] of equations that are written as a closure over the tape's scalars.
///
/// # Errors
/// As [`root`].
///
/// ```
/// use tape::implicit;
/// let gradient = tape::grad(|p| implicit::root_of(|x, p| vec![x[0] * x[0] - p[0]], &[2.0], p).unwrap()[0], &[4.0]);
/// assert_eq!(gradient, [0.25]);
/// ```
pub fn root_of<T: Float>(
    equations: impl Fn(&[Var<T>], &[Var<T>]) -> Vec<Var<T>>,
    solution: &[f64],
    p: &[Var<T>],
) -> Result<Vec<Var<T>>, Error> {
    let constants: Vec<_> = p.iter().map(|p| Var::constant(p.value())).collect();
    let linearised = |x: &[f64]| {
        let x: Vec<_> = x.iter().map(|&x| T::from_f64(x)).collect();
        let mut values = Vec::new();
        let matrix = jacobian(
            |x| {
                let outputs = equations(x, &constants);
                values = outputs.iter().map(|y| y.to_f64()).collect();
                outputs
            },
            &x,
        );
        (values, matrix.as_slice().iter().map(|entry| entry.to_f64()).collect())
    };
    let (x, factors) = polished("root_of", linearised, solution)?;
    Ok(lifted(&x, &factors, |x| equations(x, p)))
}

/// The [`fixed_point`] of a map that is written as a closure over the tape's scalars.
///
/// # Errors
/// As [`root`].
///
/// ```
/// use tape::implicit;
/// // Heron's map to the square root.
/// let heron = |x: &[tape::Var], p: &[tape::Var]| vec![(x[0] + p[0] / x[0]) * 0.5];
/// let gradient = tape::grad(|p| implicit::fixed_point_of(heron, &[2.0], p).unwrap()[0], &[4.0]);
/// assert_eq!(gradient, [0.25]);
/// ```
pub fn fixed_point_of<T: Float>(
    map: impl Fn(&[Var<T>], &[Var<T>]) -> Vec<Var<T>>,
    solution: &[f64],
    p: &[Var<T>],
) -> Result<Vec<Var<T>>, Error> {
    root_of(|x, p| without(x, map(x, p)), solution, p)
}

/// `x - g`, as long as g.
fn without<R: Real>(x: &[R], g: Vec<R>) -> Vec<R> {
    let mut x = x.iter().copied();
    g.into_iter().map(|g| x.next().map_or(g, |x| x - g)).collect()
}

/// The number by which Jacobians of plain numbers are taken.
type Plain = Tangents<{ crate::derivative::LANES }>;

fn solve<R: Real>(
    operation: &'static str,
    plain: impl Fn(&[Plain], &[Plain]) -> Vec<Plain>,
    equations: impl Fn(&[R], &[R]) -> Vec<R>,
    solution: &[f64],
    p: &[R],
) -> Result<Vec<R>, Error> {
    if R::ORDER == usize::MAX {
        let why = "a traced program would replay this solution for all other parameters; trace what is done with \
                   the solution, or the iterations that lead to it";
        return Err(Error::NotTraceable { operation, why });
    }
    let constants: Vec<_> = p.iter().map(|p| Plain::from_f64(p.to_f64())).collect();
    let linearised = |x: &[f64]| values_and_rows(|x| plain(x, &constants), x);
    let (x, factors) = polished(operation, linearised, solution)?;
    Ok(lifted(&x, &factors, |x| equations(x, p)))
}

/// How far a Newton step may move a solution, relative to the largest unknown; and how far a second one, relative to the
/// first.
const TOLERANCE: f64 = 1e-6;

/// The solution after a Newton step, and the factors of `∂F/∂x` there, from the values and the rows of F.
fn polished(
    operation: &'static str,
    linearised: impl Fn(&[f64]) -> (Vec<f64>, Vec<f64>),
    solution: &[f64],
) -> Result<(Vec<f64>, Factors<f64>), Error> {
    let n = solution.len();
    let (residual, matrix) = linearised(solution);
    if residual.len() != n {
        let want = format!("wants a value for each of the {n} unknowns");
        return Err(Error::Length { operation, want, got: residual.len() });
    }
    let factors = Factors::of(operation, &matrix, n)?;
    let step = factors.solve(&residual);
    let greater = |most: f64, x: &f64| if most.is_nan() || x.abs() <= most { most } else { x.abs() };
    let largest = |x: &[f64]| x.iter().fold(0.0, greater);
    let (moved, scale) = (largest(&step), largest(solution));
    if moved <= f64::EPSILON * scale {
        return Ok((solution.to_vec(), factors));
    }
    let refused = |scale: f64| Err(Error::NotASolution { operation, moved, limit: TOLERANCE * scale });
    if moved.is_nan() || moved > TOLERANCE * scale.max(1.0) {
        return refused(scale.max(1.0));
    }
    let x: Vec<f64> = solution.iter().zip(step).map(|(x, step)| x - step).collect();
    let (residual, matrix) = linearised(&x);
    let factors = Factors::of(operation, &matrix, n)?;
    // Of a root at zero the solver leaves a rest, which one step takes away: relative to it no step is small. A root that is
    // only tiny is still missed after a step that is large for it.
    if moved > TOLERANCE * scale {
        let again = largest(&factors.solve(&residual));
        if again.is_nan() || again > TOLERANCE * moved {
            return refused(scale);
        }
    }
    Ok((x, factors))
}

/// The solution with its derivatives: a step of the simplified Newton method for each order.
///
/// With the exact matrix of the plain values, `x ← x - A⁻¹ F(x, p)` takes away the lowest order of the error.
fn lifted<R: Real>(x: &[f64], factors: &Factors<f64>, equations: impl Fn(&[R]) -> Vec<R>) -> Vec<R> {
    let mut x: Vec<R> = x.iter().map(|&x| R::from_f64(x)).collect();
    for _ in 0..R::ORDER {
        let step = factors.solve_lifted(equations(&x));
        x.iter_mut().zip(step).for_each(|(x, step)| *x -= step);
    }
    x
}
