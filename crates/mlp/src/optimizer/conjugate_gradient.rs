//! Nonlinear conjugate gradients.

use super::line_search::LineSearch;
use super::minimize::{Method, Minimizer, Minimum, Tolerances, dot};
use super::within;
use crate::Error;
use tape::{Float, kernel};

/// Nonlinear conjugate gradients with `β = max(0, gᵀ(g - g₋) / g₋ᵀg₋)`, Polak and Ribière's (1969) kept from below zero (Gilbert
/// and Nocedal 1992; Nocedal and Wright 2006, algorithm 5.4 with eq. 5.45), for functions that are the same at each call.
///
/// It begins anew against the gradient after as many steps as there are numbers, and where two gradients in a row are far
/// from orthogonal (Powell 1977; Nocedal and Wright 2006, eq. 5.52). It keeps three vectors whatever the problem. Rasmussen's
/// `fmincg`, of the course, is this method with a coarser line search.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::optimizer::{ConjugateGradient, End};
/// let mut x = [4.0, -3.0];
/// let minimum = ConjugateGradient::default().minimize(&mut x, |x, gradient| {
///     gradient.copy_from_slice(&[x[0] - 1.0, 10.0 * x[1]]);
///     0.5 * (x[0] - 1.0) * (x[0] - 1.0) + 5.0 * x[1] * x[1]
/// })?;
/// assert_eq!(minimum.end, End::Gradient);
/// assert!((x[0] - 1.0_f64).abs() < 1e-5 && x[1].abs() < 1e-5);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConjugateGradient {
    /// c₂ of the strong Wolfe conditions: the share of the slope that a line search may leave, above 0 and below ½.
    pub curvature: f64,
    /// It ends where no number in the gradient is larger, from 0 up.
    pub gradient_tolerance: f64,
    /// It ends after a step that lowers the value by no more than this share of it, or of 1 if that is more; from 0 up, 0
    /// for never.
    pub value_tolerance: f64,
    /// The most steps.
    pub iterations: usize,
    /// The most evaluations, but for one to end a line search with.
    pub evaluations: usize,
}

impl Default for ConjugateGradient {
    /// c₂ = 0.1 (Nocedal and Wright 2006, p. 62), and an end where the gradient is below 10⁻⁵, as SciPy's `CG`.
    fn default() -> Self {
        ConjugateGradient {
            curvature: 0.1,
            gradient_tolerance: 1e-5,
            value_tolerance: 0.0,
            iterations: 15_000,
            evaluations: 15_000,
        }
    }
}

impl ConjugateGradient {
    /// Moves `x` to where `f`, which returns its value at a point and writes its gradient there, has a minimum. Values that
    /// are not finite are stepped back from.
    ///
    /// # Errors
    /// When the curvature is not above 0 and below ½ (beyond, directions need not go down), or a tolerance is negative or
    /// NaN.
    ///
    /// ```
    /// use mlp::optimizer::ConjugateGradient;
    /// let coarse = ConjugateGradient { curvature: 0.5, ..ConjugateGradient::default() };
    /// let error = coarse.minimize(&mut [1.0], |x, gradient| { gradient[0] = x[0]; 0.5 * x[0] * x[0] }).unwrap_err();
    /// assert_eq!(error.to_string(), "curvature: wants a number above 0 and below 0.5, got 0.5");
    /// ```
    pub fn minimize<T: Float>(
        &self,
        x: &mut [T],
        mut f: impl FnMut(&[T], &mut [T]) -> T,
    ) -> Result<Minimum, Error> {
        self.minimizer(x.len())?.run(x, &mut |x, gradient| Ok(f(x, gradient)))
    }

    /// The minimiser of a function of n numbers.
    pub(crate) fn minimizer<T: Float>(&self, n: usize) -> Result<Minimizer<T>, Error> {
        let ConjugateGradient { curvature, gradient_tolerance, value_tolerance, iterations, evaluations } =
            *self;
        let is_within = curvature > 0.0 && curvature < 0.5;
        within("curvature", "a number above 0 and below 0.5", curvature, is_within)?;
        let tolerances =
            Tolerances { gradient: gradient_tolerance, value: value_tolerance, iterations, evaluations };
        tolerances.checked()?;
        // c₁ below c₂, or there may be no length that meets both.
        let search = LineSearch { decrease: 1e-4_f64.min(0.5 * curvature), curvature };
        Ok(Minimizer::new(n, Box::new(Conjugate { n, beta: 0.0, since: 0 }), search, tolerances))
    }
}

/// How the next direction follows from the last.
struct Conjugate {
    n: usize,
    beta: f64,
    /// Steps since a direction was against the gradient.
    since: usize,
}

/// The share of gᵀg that two gradients in a row may have in common (Powell 1977, eq. 4.12).
const NOT_ORTHOGONAL: f64 = 0.2;

impl<T: Float> Method<T> for Conjugate {
    /// `-g + β` times the direction before.
    fn direct(&mut self, gradient: &[T], direction: &mut [T]) {
        match self.beta {
            // Whatever the direction holds.
            0.0 => {
                direction.copy_from_slice(gradient);
                kernel::scale(T::from_f64(-1.0), direction);
            }
            beta => kernel::axpby(T::from_f64(-1.0), gradient, T::from_f64(beta), direction),
        }
    }

    fn learn(&mut self, _: f64, _: &[T], before: &[T], after: &[T]) {
        let (old, new, common) = (dot(before, before), dot(after, after), dot(after, before));
        self.since += 1;
        let anew = self.since >= self.n.max(1) || common.abs() >= NOT_ORTHOGONAL * new;
        self.beta = if anew { 0.0 } else { ((new - common) / old).max(0.0) };
        if self.beta == 0.0 {
            self.since = 0;
        }
    }

    fn forget(&mut self) {
        (self.beta, self.since) = (0.0, 0);
    }

    /// β, and the steps since a direction was against the gradient.
    fn remembered(&self) -> (Vec<f64>, Vec<&[T]>) {
        (vec![self.beta, self.since as f64], Vec::new())
    }

    fn remember(&mut self, numbers: &[f64], vectors: Vec<Vec<T>>) -> bool {
        let ([beta, since], true) = (numbers, vectors.is_empty()) else { return false };
        (self.beta, self.since) = (*beta, *since as usize);
        *beta >= 0.0 && *since >= 0.0
    }

    /// That promises as large a fall as the last step, up to a hundred times as long as that (as `fmincg`; Nocedal and Wright
    /// 2006, p. 59).
    fn first_length(&self, slope: f64, (length, last_slope): (f64, f64)) -> f64 {
        length * (last_slope / slope).min(100.0)
    }
}
