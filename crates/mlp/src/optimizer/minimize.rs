//! The loop that minimisers of whole costs share: a direction, a line search along it, what the step taught.

use super::line_search::{Line, LineSearch, machine_epsilon};
use super::within;
use crate::Error;
use tape::{Float, kernel};

/// Where a minimiser ended, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Minimum {
    /// The value there.
    pub value: f64,
    /// The size of the greatest number in the gradient there.
    pub gradient: f64,
    /// How many steps were taken.
    pub iterations: usize,
    /// How often the function was asked for its value and gradient.
    pub evaluations: usize,
    /// Why it ended.
    pub end: End,
}

/// Why a minimiser ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// No number in the gradient is larger than the tolerance.
    Gradient,
    /// A step lowered the value by less than the tolerance.
    Value,
    /// As many steps as allowed.
    Iterations,
    /// As many evaluations as allowed.
    Evaluations,
    /// No lower value was found, not even along the gradient: in this precision there is none near, or the gradient is not
    /// that of the function.
    LineSearch,
    /// The value or the gradient at the start is not finite.
    NotFinite,
}

/// When a minimiser is content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tolerances {
    /// Of the greatest number in the gradient.
    pub(crate) gradient: f64,
    /// Of what a step lowers the value by, as a share of it or of 1, whichever is more.
    pub(crate) value: f64,
    pub(crate) iterations: usize,
    pub(crate) evaluations: usize,
}

impl Tolerances {
    pub(crate) fn checked(self) -> Result<(), Error> {
        let wants = "a number from 0 up";
        within("gradient tolerance", wants, self.gradient, self.gradient >= 0.0)?;
        within("value tolerance", wants, self.value, self.value >= 0.0)
    }
}

/// How a minimiser comes to its directions.
pub(crate) trait Method<T: Float> {
    /// Sets `direction`, which holds the one before, to where to go from a point with this gradient.
    fn direct(&mut self, gradient: &[T], direction: &mut [T]);

    /// Takes in a step: the length along the direction, and the gradients before and after.
    fn learn(&mut self, length: f64, direction: &[T], before: &[T], after: &[T]);

    /// Forgets what it learned: the next direction is against the gradient.
    fn forget(&mut self);

    /// What it remembers: numbers, and vectors as long as the point.
    fn remembered(&self) -> (Vec<f64>, Vec<&[T]>);

    /// Sets what it remembers; whether that is what it can have remembered.
    fn remember(&mut self, numbers: &[f64], vectors: Vec<Vec<T>>) -> bool;

    /// The length to try first, where the slope along the direction is `slope` and that of the last step, which had
    /// `last.0`, was `last.1`.
    fn first_length(&self, slope: f64, last: (f64, f64)) -> f64;
}

/// A minimiser at work: the point is the caller's.
pub(crate) struct Minimizer<T: Float> {
    method: Box<dyn Method<T>>,
    search: LineSearch,
    tolerances: Tolerances,
    value: f64,
    gradient: Vec<T>,
    direction: Vec<T>,
    /// Where the line search looks, and the gradient there.
    point: Vec<T>,
    point_gradient: Vec<T>,
    /// The length of the last step and the slope at its beginning.
    last: Option<(f64, f64)>,
    pub(crate) iterations: usize,
    pub(crate) evaluations: usize,
}

/// All that a [`Minimizer`] remembers, as plain numbers: what a checkpoint holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MinimizerState<T> {
    /// Iterations and evaluations.
    pub(crate) counts: [u64; 2],
    /// The value, the last length and slope if there was a step, and those of the method.
    pub(crate) numbers: Vec<f64>,
    /// Gradient and direction, and the vectors of the method.
    pub(crate) vectors: Vec<Vec<T>>,
}

impl<T: Float> Minimizer<T> {
    pub(crate) fn new(
        n: usize,
        method: Box<dyn Method<T>>,
        search: LineSearch,
        tolerances: Tolerances,
    ) -> Self {
        let zeros = || vec![T::from_f64(0.0); n];
        Minimizer {
            method,
            search,
            tolerances,
            value: f64::NAN,
            gradient: zeros(),
            direction: zeros(),
            point: zeros(),
            point_gradient: zeros(),
            last: None,
            iterations: 0,
            evaluations: 0,
        }
    }

    /// What it remembers; `None` before its first look.
    pub(crate) fn state(&self) -> Option<MinimizerState<T>> {
        if self.evaluations == 0 {
            return None;
        }
        let (of_method, vectors) = self.method.remembered();
        let mut numbers = vec![self.value];
        // A slope is below 0: a pair of zeros is no last step.
        numbers.extend(self.last.map_or([0.0, 0.0], |(length, slope)| [length, slope]));
        numbers.extend(of_method);
        let vectors = [&self.gradient[..], &self.direction].into_iter().chain(vectors).map(<[T]>::to_vec);
        let counts = [self.iterations as u64, self.evaluations as u64];
        Some(MinimizerState { counts, numbers, vectors: vectors.collect() })
    }

    /// Sets what it remembers, of one of the same method and as many numbers; whether that is what it can have remembered.
    #[must_use]
    pub(crate) fn restore(&mut self, state: MinimizerState<T>) -> bool {
        let MinimizerState { counts: [iterations, evaluations], numbers, vectors } = state;
        let [value, length, slope, of_method @ ..] = &numbers[..] else { return false };
        if vectors.iter().any(|vector| vector.len() != self.gradient.len()) {
            return false;
        }
        let mut vectors = vectors.into_iter();
        let (Some(gradient), Some(direction)) = (vectors.next(), vectors.next()) else { return false };
        (self.value, self.gradient, self.direction) = (*value, gradient, direction);
        self.last = (*slope < 0.0).then_some((*length, *slope));
        (self.iterations, self.evaluations) = (iterations as usize, (evaluations as usize).max(1));
        self.method.remember(of_method, vectors.collect())
    }

    /// The value at the point, once there was a look at it.
    pub(crate) fn value(&self) -> f64 {
        self.value
    }

    /// Steps until there is an end.
    pub(crate) fn run(
        mut self,
        x: &mut [T],
        f: &mut impl FnMut(&[T], &mut [T]) -> Result<T, Error>,
    ) -> Result<Minimum, Error> {
        let end = loop {
            if let Some(end) = self.iterate(x, f)? {
                break end;
            }
        };
        let (value, gradient) = (self.value, greatest(&self.gradient));
        Ok(Minimum { value, gradient, iterations: self.iterations, evaluations: self.evaluations, end })
    }

    /// One step of x, to a lower value; or why there is none. Where there is an end after a step, it is said together with it.
    pub(crate) fn iterate(
        &mut self,
        x: &mut [T],
        f: &mut impl FnMut(&[T], &mut [T]) -> Result<T, Error>,
    ) -> Result<Option<End>, Error> {
        if self.evaluations == 0 {
            self.value = f(x, &mut self.gradient)?.to_f64();
            self.evaluations = 1;
            if !self.value.is_finite() || !greatest(&self.gradient).is_finite() {
                return Ok(Some(End::NotFinite));
            }
            if let Some(end) = self.is_content(f64::INFINITY) {
                return Ok(Some(end));
            }
        }
        loop {
            let fresh = self.last.is_none();
            if fresh {
                self.method.forget();
            }
            self.method.direct(&self.gradient, &mut self.direction);
            let slope = dot(&self.gradient, &self.direction);
            // Not downhill by rounding, or by what was learned elsewhere.
            if !(slope < 0.0 && slope.is_finite()) {
                if fresh {
                    return Ok(Some(End::LineSearch));
                }
                self.last = None;
                continue;
            }
            let length = match self.last {
                Some(last) => self.method.first_length(slope, last),
                // A first step of at most 1 in sum, as SciPy's and PyTorch's: the gradient has no scale of its own.
                None => (1.0 / self.gradient.iter().map(|g| g.to_f64().abs()).sum::<f64>()).min(1.0),
            };
            let allowed = self.tolerances.evaluations.saturating_sub(self.evaluations);
            let mut line = Along {
                x,
                direction: &self.direction,
                point: &mut self.point,
                gradient: &mut self.point_gradient,
                f: &mut *f,
            };
            let start = (self.value, slope);
            let found = self.search.run(start, length, allowed, machine_epsilon::<T>(), &mut line)?;
            self.evaluations += found.evaluations;
            let Some((length, value)) = found.accepted else {
                if self.evaluations >= self.tolerances.evaluations {
                    return Ok(Some(End::Evaluations));
                }
                if fresh {
                    return Ok(Some(End::LineSearch));
                }
                self.last = None;
                continue;
            };
            self.method.learn(length, &self.direction, &self.gradient, &self.point_gradient);
            x.copy_from_slice(&self.point);
            std::mem::swap(&mut self.gradient, &mut self.point_gradient);
            let fallen = self.value - value;
            (self.value, self.last) = (value, Some((length, slope)));
            self.iterations += 1;
            return Ok(self.is_content(fallen));
        }
    }

    /// Whether that is enough, when the last step lowered the value by `fallen`.
    fn is_content(&self, fallen: f64) -> Option<End> {
        let Tolerances { gradient, value, iterations, evaluations } = self.tolerances;
        if greatest(&self.gradient) <= gradient {
            return Some(End::Gradient);
        }
        if value > 0.0 && fallen <= value * self.value.abs().max(1.0) {
            return Some(End::Value);
        }
        if self.iterations >= iterations {
            return Some(End::Iterations);
        }
        (self.evaluations >= evaluations).then_some(End::Evaluations)
    }
}

/// The function along a direction from x.
struct Along<'a, T, F> {
    x: &'a [T],
    direction: &'a [T],
    point: &'a mut [T],
    gradient: &'a mut [T],
    f: &'a mut F,
}

impl<T: Float, F: FnMut(&[T], &mut [T]) -> Result<T, Error>> Line for Along<'_, T, F> {
    fn at(&mut self, length: f64) -> Result<(f64, f64), Error> {
        self.point.copy_from_slice(self.x);
        kernel::axpy(T::from_f64(length), self.direction, self.point);
        let value = (self.f)(self.point, self.gradient)?.to_f64();
        Ok((value, dot(self.gradient, self.direction)))
    }
}

/// Σ xᵢ yᵢ.
pub(crate) fn dot<T: Float>(x: &[T], y: &[T]) -> f64 {
    kernel::dot(x, y).to_f64()
}

/// The size of the greatest number; NaN beats all.
fn greatest<T: Float>(x: &[T]) -> f64 {
    x.iter().fold(
        0.0,
        |most: f64, x| if x.to_f64().abs() <= most || most.is_nan() { most } else { x.to_f64().abs() },
    )
}
