//! A length along a direction that meets the strong Wolfe conditions.

use crate::Error;
use tape::Float;

/// A function of the length along a direction.
pub(crate) trait Line {
    /// Its value and its slope; the point and the gradient there are kept.
    fn at(&mut self, length: f64) -> Result<(f64, f64), Error>;
}

/// The strong Wolfe conditions, with φ the function along the direction: `φ(α) ≤ φ(0) + c₁ α φ′(0)` and
/// `|φ′(α)| ≤ c₂ |φ′(0)|` (Nocedal and Wright 2006, eq. 3.7).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LineSearch {
    /// c₁, the share of the fall that the slope at the beginning promises.
    pub(crate) decrease: f64,
    /// c₂, the share of the slope that may be left.
    pub(crate) curvature: f64,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// The length and the value there, where the line looked last; none where no lower value was found.
    pub(crate) accepted: Option<(f64, f64)>,
    pub(crate) evaluations: usize,
}

/// How often one search looks, at most: as SciPy's L-BFGS-B.
const MOST_LOOKS: usize = 20;

/// No search begins farther out: along a function without a minimum it would end in infinities.
const LONGEST: f64 = 1e100;

/// A length that was looked at, the value and the slope there.
#[derive(Clone, Copy, Debug)]
struct Look {
    length: f64,
    value: f64,
    slope: f64,
}

/// What is asked of a length, and how often was looked.
struct Search<'a, L> {
    conditions: LineSearch,
    start: Look,
    /// By how much values differ through rounding alone: near the minimum the fall is less.
    rounding: f64,
    line: &'a mut L,
    /// The length of the last look.
    last: f64,
    looks: usize,
    most: usize,
}

impl LineSearch {
    /// Looks for a length, at `first` first, where the function begins with the value and the slope `start`, rounds values
    /// by the share `epsilon` and may be asked `allowed` times.
    ///
    /// Algorithms 3.5 and 3.6 of Nocedal and Wright 2006. If the looks come to an end before both conditions are met, the
    /// length with the lowest value so far is taken, provided that it is below that at the start.
    pub(crate) fn run(
        self,
        start: (f64, f64),
        first: f64,
        allowed: usize,
        epsilon: f64,
        line: &mut impl Line,
    ) -> Result<Found, Error> {
        let start = Look { length: 0.0, value: start.0, slope: start.1 };
        let rounding = 2.0 * epsilon * start.value.abs();
        let most = allowed.min(MOST_LOOKS);
        let mut search = Search { conditions: self, start, rounding, line, last: 0.0, looks: 0, most };
        let accepted = search.bracket(first)?;
        Ok(Found { accepted, evaluations: search.looks })
    }
}

impl<L: Line> Search<'_, L> {
    fn look(&mut self, length: f64) -> Result<Look, Error> {
        (self.looks, self.last) = (self.looks + 1, length);
        let (value, slope) = self.line.at(length)?;
        Ok(Look { length, value, slope })
    }

    /// Whether the value is low enough; not where it is not finite.
    fn falls(&self, look: Look) -> bool {
        let promised = self.conditions.decrease * look.length * self.start.slope;
        look.value <= self.start.value + promised + self.rounding
            && look.value.is_finite()
            && look.slope.is_finite()
    }

    /// Whether the slope is flat enough.
    fn is_flat(&self, look: Look) -> bool {
        look.slope.abs() <= -self.conditions.curvature * self.start.slope
    }

    /// Goes on until an interval holds a length that will do (algorithm 3.5).
    fn bracket(&mut self, first: f64) -> Result<Option<(f64, f64)>, Error> {
        let (mut before, mut length) = (self.start, first.min(LONGEST));
        while self.looks < self.most {
            let here = self.look(length)?;
            if !self.falls(here) || (self.looks > 1 && here.value > before.value + self.rounding) {
                return self.zoom(before, here);
            }
            if self.is_flat(here) {
                return Ok(Some((here.length, here.value)));
            }
            if here.slope >= 0.0 {
                return self.zoom(here, before);
            }
            // Where a cubic has its minimum, from just beyond to ten times as far.
            let gone = here.length - before.length;
            let beyond = cubic(before, here).unwrap_or(f64::INFINITY);
            length = beyond.clamp(here.length + 0.01 * gone, 10.0 * here.length);
            before = here;
        }
        self.settle(before)
    }

    /// Narrows the interval: `low` has the lowest value so far of those that fall, and slopes down towards `high`
    /// (algorithm 3.6).
    fn zoom(&mut self, mut low: Look, mut high: Look) -> Result<Option<(f64, f64)>, Error> {
        while self.looks < self.most {
            let (from, to) = (low.length.min(high.length), low.length.max(high.length));
            let width = to - from;
            if width <= f64::EPSILON * to {
                break;
            }
            let middle = 0.5 * (from + to);
            // Not at an end, where the interval would hardly shrink.
            let length = cubic(low, high).unwrap_or(middle).clamp(from + 0.05 * width, to - 0.05 * width);
            let here = self.look(length)?;
            if !self.falls(here) || here.value > low.value + self.rounding {
                high = here;
                continue;
            }
            if self.is_flat(here) {
                return Ok(Some((here.length, here.value)));
            }
            if here.slope * (high.length - low.length) >= 0.0 {
                high = low;
            }
            low = here;
        }
        self.settle(low)
    }

    /// The best so far, if it is below the start. The line looks there once more if it has looked elsewhere since, so that the
    /// gradient is that of the point.
    fn settle(&mut self, best: Look) -> Result<Option<(f64, f64)>, Error> {
        if best.length == 0.0 || best.value >= self.start.value {
            return Ok(None);
        }
        let here = if self.last == best.length { best } else { self.look(best.length)? };
        Ok(Some((here.length, here.value)))
    }
}

/// Where the cubic with these values and slopes has its minimum (Nocedal and Wright 2006, eq. 3.59); none where it has none, or a
/// value is not finite.
fn cubic(a: Look, b: Look) -> Option<f64> {
    let d_1 = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.length - b.length);
    let d_2 = (d_1 * d_1 - a.slope * b.slope).sqrt() * (b.length - a.length).signum();
    let at = b.length - (b.length - a.length) * (b.slope + d_2 - d_1) / (b.slope - a.slope + 2.0 * d_2);
    at.is_finite().then_some(at)
}

/// The distance from 1 to the next number of this precision.
pub(crate) fn machine_epsilon<T: Float>() -> f64 {
    if size_of::<T>() == size_of::<f32>() { f32::EPSILON.into() } else { f64::EPSILON }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function with its derivative, and where it was looked at.
    struct Curve(fn(f64) -> (f64, f64), Vec<f64>);

    impl Line for Curve {
        fn at(&mut self, length: f64) -> Result<(f64, f64), Error> {
            self.1.push(length);
            Ok((self.0)(length))
        }
    }

    fn search(curvature: f64, first: f64, allowed: usize, f: fn(f64) -> (f64, f64)) -> (Found, Vec<f64>) {
        let mut curve = Curve(f, Vec::new());
        let search = LineSearch { decrease: 1e-4, curvature };
        let found = search.run(f(0.0), first, allowed, f64::EPSILON, &mut curve).unwrap();
        (found, curve.1)
    }

    #[test]
    fn lengths_meet_both_conditions_wherever_the_search_begins() {
        // Functions 1 and 2 of Moré and Thuente 1994, a steep wall that overflows, and a logarithm that ends.
        let curves: [fn(f64) -> (f64, f64); 4] = [
            |a| (-a / (a * a + 2.0), (a * a - 2.0) / (a * a + 2.0).powi(2)),
            |a| {
                (
                    (a + 0.004).powi(5) - 2.0 * (a + 0.004).powi(4),
                    5.0 * (a + 0.004).powi(4) - 8.0 * (a + 0.004).powi(3),
                )
            },
            |a| (a.exp() - 2.0 * a, a.exp() - 2.0),
            |a| (a - (3.0 - a).ln() - 3.0 * (a + 0.01).ln(), 1.0 + 1.0 / (3.0 - a) - 3.0 / (a + 0.01)),
        ];
        for (k, f) in curves.into_iter().enumerate() {
            for first in [1e-3, 0.1, 1.0, 10.0, 1e3] {
                let (found, looks) = search(0.1, first, 100, f);
                let (length, value) = found.accepted.unwrap_or_else(|| panic!("curve {k} from {first}"));
                assert_eq!((looks.len(), looks.last()), (found.evaluations, Some(&length)));
                let (start, there) = (f(0.0), f(length));
                assert_eq!(value, there.0);
                assert!(value <= start.0 + 1e-4 * length * start.1, "curve {k} from {first}: {length}");
                assert!(there.1.abs() <= -0.1 * start.1, "curve {k} from {first}: slope {}", there.1);
            }
        }
    }

    #[test]
    fn a_parabola_takes_one_guess_and_one_look() {
        for first in [0.1, 0.9, 1.7, 4.0] {
            let (found, looks) = search(1e-9, first, 100, |a| ((a - 0.7).powi(2), 2.0 * (a - 0.7)));
            assert_eq!(looks.len(), 2, "{looks:?}");
            assert!((found.accepted.unwrap().0 - 0.7).abs() < 1e-12);
        }
    }

    #[test]
    fn a_search_without_end_stays_finite() {
        let (found, looks) = search(0.1, f64::MAX, 100, |a| (-a, -1.0));
        assert!(found.accepted.is_some_and(|(length, value)| length > 1e90 && value == -length), "{found:?}");
        assert!(looks.iter().all(|length| length.is_finite()), "{looks:?}");
    }

    #[test]
    fn without_a_lower_value_there_is_none_and_the_lowest_is_taken_when_the_looks_end() {
        let uphill = |a: f64| (a, -1.0); // The slope lies.
        assert_eq!(search(0.1, 1.0, 100, uphill).0.accepted, None);
        // Looks that end on a way out as well as on a way in: the last is at the length that is taken.
        let f: fn(f64) -> (f64, f64) = |a| (a.exp() - 2.0 * a, a.exp() - 2.0);
        let mut again = 0;
        for (allowed, first) in
            (1..6).flat_map(|allowed| [0.01, 0.5, 1.2, 3.0, 50.0].map(|first| (allowed, first)))
        {
            let (found, looks) = search(1e-12, first, allowed, f);
            assert!(found.evaluations == looks.len() && looks.len() <= allowed + 1, "{looks:?}");
            let Some((length, value)) = found.accepted else { continue };
            assert_eq!((looks.last(), value), (Some(&length), f(length).0));
            assert!(value < 1.0);
            again += usize::from(looks.len() > allowed);
        }
        assert!(again > 0, "a length that was left was taken");
        assert_eq!(search(0.1, 1.0, 0, uphill).0, Found { accepted: None, evaluations: 0 });
    }
}
