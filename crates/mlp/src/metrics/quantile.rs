//! Quantiles of a sample.

/// The quantile `q` in [0, 1] of ascending, non-empty numbers, between two of them by linear interpolation (Hyndman and Fan
/// 1996, type 7), rounded as NumPy's: edges of bins are compared with the numbers themselves.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let last = sorted.len() - 1;
    let place = last as f64 * q;
    let below = (place.floor() as usize).min(last);
    let (a, b, t) = (sorted[below], sorted[(below + 1).min(last)], place - below as f64);
    // From the nearer end, so that t = 1 gives b itself.
    if t < 0.5 { a + (b - a) * t } else { b - (b - a) * (1.0 - t) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        assert_eq!([0.0, 0.25, 0.5, 0.75, 1.0].map(|q| quantile(&sorted, q)), sorted);
        assert_eq!(quantile(&sorted, 0.375), 3.0);
        assert_eq!(quantile(&sorted, 0.9), 16.0 - 8.0 * (1.0 - 0.6000000000000001));
        assert_eq!(quantile(&[3.0], 0.7), 3.0);
    }

    #[test]
    fn rounding_is_that_of_numpy() {
        assert_eq!(quantile(&[0.1, 0.7], 0.7), 0.5199999999999999);
        assert_eq!(quantile(&[0.3, 1.1], 0.7), 0.8600000000000001);
        assert_eq!(quantile(&[0.2, 0.9], 0.6), 0.6200000000000001);
    }
}
