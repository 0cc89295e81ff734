//! Tensors of random numbers: the same from a seed on every machine.

use super::Tensor;
use crate::{Error, Float, Shape};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use std::f64::consts::TAU;

impl<T: Float> Tensor<T> {
    /// Numbers drawn evenly from `low` up to, but without, `high`. The seed alone decides which.
    ///
    /// # Errors
    /// When the ends are not finite numbers with `low < high`, or the elements can't be had.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let x = Tensor::uniform(&[100], -1.0, 1.0, 42)?;
    /// assert!(x.as_slice().iter().all(|x| (-1.0..1.0).contains(x)));
    /// assert_eq!(x, Tensor::uniform(&[100], -1.0, 1.0, 42)?);
    /// assert!(Tensor::uniform(&[1], 1.0, 1.0, 42).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn uniform(shape: &[usize], low: T, high: T, seed: u64) -> Result<Self, Error> {
        let (from, to) = (low.to_f64(), high.to_f64());
        for (end, want) in [(from, "wants a finite lower end"), (to, "wants a finite upper end")] {
            if !end.is_finite() {
                return Err(Error::Number { operation: "uniform", want: want.to_owned(), got: end });
            }
        }
        if from >= to {
            let want = format!("wants an upper end above the lower one, {from}");
            return Err(Error::Number { operation: "uniform", want, got: to });
        }
        let shape = Shape::checked("uniform", shape)?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        Tensor::try_build(shape, |data| {
            for element in data {
                // Rounding can reach the upper end; then another is drawn. The two parts never overflow.
                *element = loop {
                    let u = unit(&mut random);
                    let drawn = T::from_f64((1.0 - u) * from + u * to);
                    if drawn < high {
                        break if drawn < low { low } else { drawn };
                    }
                };
            }
        })
    }

    /// Numbers drawn from the normal distribution with this mean and standard deviation, by the method of Box and Muller
    /// (1958). The seed alone decides which.
    ///
    /// # Errors
    /// When the mean is not finite, the deviation is not finite or is negative, or the elements can't be had.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::Tensor;
    /// let x = Tensor::<f64>::normal(&[10_000], 5.0, 2.0, 42)?;
    /// assert!((x.mean().item()? - 5.0).abs() < 0.1 && (x.std(1).item()? - 2.0).abs() < 0.1);
    /// assert!(Tensor::normal(&[1], 0.0, -1.0, 42).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn normal(shape: &[usize], mean: T, deviation: T, seed: u64) -> Result<Self, Error> {
        let (mean, deviation) = (mean.to_f64(), deviation.to_f64());
        if !mean.is_finite() {
            let want = "wants a finite mean".to_owned();
            return Err(Error::Number { operation: "normal", want, got: mean });
        }
        if !(deviation.is_finite() && deviation >= 0.0) {
            let want = "wants a finite standard deviation from 0 up".to_owned();
            return Err(Error::Number { operation: "normal", want, got: deviation });
        }
        let shape = Shape::checked("normal", shape)?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        Tensor::try_build(shape, |data| {
            for pair in data.chunks_mut(2) {
                // 1 - u is not zero. The functions are those of libm, whose bits are the same everywhere.
                let radius = (-2.0 * libm::log(1.0 - unit(&mut random))).sqrt();
                let angle = TAU * unit(&mut random);
                for (element, side) in pair.iter_mut().zip([libm::cos(angle), libm::sin(angle)]) {
                    *element = T::from_f64(mean + deviation * (radius * side));
                }
            }
        })
    }
}

/// A multiple of 2⁻⁵³ from 0 up to, but without, 1.
fn unit(random: &mut Xoshiro256PlusPlus) -> f64 {
    (random.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_give_the_numbers_that_they_always_gave() {
        // The stream of xoshiro256++ is fixed by its specification; a change of these would change what users have trained.
        let x = Tensor::<f64>::uniform(&[2], 0.0, 1.0, 1).unwrap();
        let y = Tensor::<f32>::uniform(&[2], 0.0, 1.0, 1).unwrap();
        assert_eq!(y, x.cast::<f32>().unwrap());
        assert_ne!(x, Tensor::uniform(&[2], 0.0, 1.0, 2).unwrap());
        // Blackman and Vigna's algorithm (2021), seeded by SplitMix64, in fifteen lines of Python.
        assert_eq!(x.as_slice(), [0.811_612_158_881_884_8, 0.747_104_716_158_218_7]);
    }

    #[test]
    fn uniform_numbers_fill_their_range_evenly_and_stay_within() {
        let x = Tensor::uniform(&[100_000], -3.0, 5.0, 7).unwrap();
        let mut counts = [0_u32; 8];
        for &x in x.as_slice() {
            counts[(x + 3.0) as usize] += 1;
        }
        // 12 500 each, with a standard deviation of 105.
        assert!(counts.iter().all(|&count| count.abs_diff(12_500) < 500), "{counts:?}");
        let narrow = Tensor::<f32>::uniform(&[1000], 1.0, 1.0 + f32::EPSILON, 3).unwrap();
        assert!(narrow.as_slice().iter().all(|&x| x == 1.0), "the upper end is left out");
        let wide = Tensor::uniform(&[1000], f64::MIN, f64::MAX, 3).unwrap();
        assert!(wide.as_slice().iter().all(|x| x.is_finite()));
    }

    #[test]
    fn normal_numbers_have_the_moments_of_the_distribution() {
        let x = Tensor::<f64>::normal(&[100_001], 0.0, 1.0, 7).unwrap();
        let moment = |k: i32| x.powi(k).mean().item().unwrap();
        // Their own deviations are 0.003, 0.004, 0.012 and 0.03.
        assert!(moment(1).abs() < 0.02 && (moment(2) - 1.0).abs() < 0.02, "{} {}", moment(1), moment(2));
        assert!(moment(3).abs() < 0.06 && (moment(4) - 3.0).abs() < 0.15, "{} {}", moment(3), moment(4));
        assert_eq!(Tensor::normal(&[3], 2.0, 0.0, 7).unwrap(), Tensor::full(&[3], 2.0));
    }

    #[test]
    fn ranges_that_are_none_are_said() {
        let said = |made: Result<Tensor, Error>| made.unwrap_err().to_string();
        assert_eq!(
            said(Tensor::uniform(&[1], 2.0, 1.0, 0)),
            "uniform: wants an upper end above the lower one, 2, got 1"
        );
        assert_eq!(
            said(Tensor::uniform(&[1], 0.0, f64::NAN, 0)),
            "uniform: wants a finite upper end, got NaN"
        );
        assert_eq!(
            said(Tensor::normal(&[1], 0.0, -1.0, 0)),
            "normal: wants a finite standard deviation from 0 up, got -1"
        );
        assert_eq!(said(Tensor::normal(&[1], f64::INFINITY, 1.0, 0)), "normal: wants a finite mean, got inf");
        assert!(said(Tensor::uniform(&[usize::MAX, 2], 0.0, 1.0, 0)).starts_with("uniform: fewer elements"));
    }
}
