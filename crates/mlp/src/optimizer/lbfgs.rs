//! The limited-memory quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno.

use super::line_search::LineSearch;
use super::minimize::{Method, Minimizer, Minimum, Tolerances, dot};
use crate::Error;
use std::collections::VecDeque;
use tape::{Float, kernel};

/// L-BFGS with a line search for the strong Wolfe conditions (Liu and Nocedal 1989; Nocedal and Wright 2006, algorithms 7.4 and
/// 7.5), for functions that are the same at each call: costs over all rows.
///
/// The defaults are those of SciPy's `L-BFGS-B`.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::optimizer::{End, Lbfgs};
/// // Rosenbrock's valley.
/// let mut x = [-1.2, 1.0];
/// let minimum = Lbfgs::default().minimize(&mut x, |x, gradient| {
///     let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
///     gradient.copy_from_slice(&[-2.0 * a - 400.0 * x[0] * b, 200.0 * b]);
///     a * a + 100.0 * b * b
/// })?;
/// assert!(matches!(minimum.end, End::Gradient | End::Value));
/// assert!((x[0] - 1.0_f64).abs() < 1e-4 && (x[1] - 1.0).abs() < 1e-4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// How many of the last steps it remembers, at least one.
    pub history: usize,
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

impl Default for Lbfgs {
    fn default() -> Self {
        Lbfgs {
            history: 10,
            gradient_tolerance: 1e-5,
            value_tolerance: 1e7 * f64::EPSILON,
            iterations: 15_000,
            evaluations: 15_000,
        }
    }
}

/// c₁ = 10⁻⁴ and c₂ = 0.9: quasi-Newton directions have the length of a step (Nocedal and Wright 2006, p. 62).
const WOLFE: LineSearch = LineSearch { decrease: 1e-4, curvature: 0.9 };

impl Lbfgs {
    /// Moves `x` to where `f`, which returns its value at a point and writes its gradient there, has a minimum. Values that
    /// are not finite are stepped back from.
    ///
    /// # Errors
    /// When the history is empty, or a tolerance is negative or NaN.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::optimizer::{End, Lbfgs};
    /// let mut x = [3.0_f32; 4];
    /// let minimum = Lbfgs::default().minimize(&mut x, |x, gradient| {
    ///     gradient.iter_mut().zip(x).for_each(|(g, x)| *g = 2.0 * x);
    ///     x.iter().map(|x| x * x).sum()
    /// })?;
    /// assert_eq!((minimum.end, minimum.value), (End::Gradient, 0.0));
    /// # Ok(())
    /// # }
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
        let Lbfgs { history, gradient_tolerance, value_tolerance, iterations, evaluations } = *self;
        super::Optimizer::Lbfgs { history }.checked::<T>()?;
        let tolerances =
            Tolerances { gradient: gradient_tolerance, value: value_tolerance, iterations, evaluations };
        tolerances.checked()?;
        Ok(Minimizer::new(n, Box::new(Memory::<T>::new(history)), WOLFE, tolerances))
    }
}

/// A step, the change of the gradient over it, and 1 / sᵀy.
struct Pair<T> {
    s: Vec<T>,
    y: Vec<T>,
    rho: f64,
    /// What the first of the two loops leaves to the second.
    alpha: f64,
}

/// The last steps.
struct Memory<T> {
    pairs: VecDeque<Pair<T>>,
    /// Pairs that were forgotten: their room is used again.
    spare: Vec<Pair<T>>,
    most: usize,
}

impl<T> Memory<T> {
    fn new(most: usize) -> Self {
        Memory { pairs: VecDeque::new(), spare: Vec::new(), most }
    }
}

impl<T: Float> Method<T> for Memory<T> {
    /// `-H g` by the two loops of algorithm 7.4, from `H₀ = sᵀy / yᵀy`.
    fn direct(&mut self, gradient: &[T], direction: &mut [T]) {
        direction.copy_from_slice(gradient);
        for pair in self.pairs.iter_mut().rev() {
            pair.alpha = pair.rho * dot(&pair.s, direction);
            kernel::axpy(T::from_f64(-pair.alpha), &pair.y, direction);
        }
        let scale = self.pairs.back().map_or(1.0, |last| 1.0 / (last.rho * dot(&last.y, &last.y)));
        kernel::scale(T::from_f64(-scale), direction);
        // The loop is written for H g; the sign went with the scale.
        for pair in &self.pairs {
            let beta = pair.rho * dot(&pair.y, direction);
            kernel::axpy(T::from_f64(-pair.alpha - beta), &pair.s, direction);
        }
    }

    fn learn(&mut self, length: f64, direction: &[T], before: &[T], after: &[T]) {
        let mut pair = match self.pairs.len() < self.most {
            true => self.spare.pop(),
            false => self.pairs.pop_front(),
        }
        .unwrap_or_else(|| Pair { s: direction.to_vec(), y: after.to_vec(), rho: 0.0, alpha: 0.0 });
        pair.s.copy_from_slice(direction);
        kernel::scale(T::from_f64(length), &mut pair.s);
        pair.y.copy_from_slice(after);
        kernel::axpy(T::from_f64(-1.0), before, &mut pair.y);
        let curvature = dot(&pair.s, &pair.y);
        pair.rho = 1.0 / curvature;
        // A line search that was cut short may leave no curvature: H must stay positive.
        if curvature > f64::EPSILON * dot(&pair.y, &pair.y) && pair.rho.is_finite() {
            self.pairs.push_back(pair);
        } else {
            self.spare.push(pair);
        }
    }

    fn forget(&mut self) {
        self.spare.extend(self.pairs.drain(..));
    }

    /// 1 / sᵀy of each pair, and s and y.
    fn remembered(&self) -> (Vec<f64>, Vec<&[T]>) {
        let vectors = self.pairs.iter().flat_map(|pair| [&pair.s[..], &pair.y]);
        (self.pairs.iter().map(|pair| pair.rho).collect(), vectors.collect())
    }

    fn remember(&mut self, numbers: &[f64], vectors: Vec<Vec<T>>) -> bool {
        self.forget();
        if numbers.len() > self.most || vectors.len() != 2 * numbers.len() {
            return false;
        }
        let mut vectors = vectors.into_iter();
        while let (Some(s), Some(y)) = (vectors.next(), vectors.next()) {
            let rho = numbers[self.pairs.len()];
            self.pairs.push_back(Pair { s, y, rho, alpha: 0.0 });
        }
        true
    }

    fn first_length(&self, _: f64, _: (f64, f64)) -> f64 {
        1.0
    }
}
