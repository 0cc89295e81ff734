//! Functions of the benches with calls that `f64` does not have: those that leave one line for many operations.

use crate::inputs::Mixture;
use tape::{Real, nary, preaccumulate};

/// `functions::least_squares` with each residual as one line.
pub(crate) fn least_squares<R: Real>(x: &[R], n: usize) -> R {
    let mut powers = vec![0.0; x.len()];
    let residual = |i: usize| {
        let t = -1.0 + 2.0 * i as f64 / (n as f64 - 1.0);
        let mut power = 1.0;
        for place in &mut powers {
            *place = power;
            power *= t;
        }
        R::from_f64(if t == 0.0 { 0.0 } else { t.signum() }) - nary::linear_combination(&powers, x)
    };
    let residuals: Vec<R> = (0..n).map(residual).collect();
    nary::dot(&residuals, &residuals) / R::from_f64(2.0)
}

/// How a Gaussian's share of the squared distance is recorded.
#[derive(Clone, Copy)]
pub(crate) enum Distance {
    /// A line for each row of the precision's factor, and one for the sum of their squares.
    Rows,
    /// One line.
    Whole,
}

/// `functions::mixture`, with fewer lines.
pub(crate) fn mixture<R: Real>(parameters: &[R], data: &Mixture, distance: Distance) -> R {
    let (d, k, n) = (data.d, data.k, data.x.len() / data.d);
    let below = d * (d - 1) / 2;
    let (alpha, rest) = parameters.split_at(k);
    let (means, rest) = rest.split_at(k * d);
    let (logs, lower) = rest.split_at(k * d);
    let log_determinants: Vec<R> = logs.chunks_exact(d).map(nary::sum).collect();

    // Each Gaussian's numbers side by side: its mean, then the rows of its factor up to the diagonal.
    let size = d + below + d;
    let mut gaussians = Vec::with_capacity(k * size);
    for component in 0..k {
        gaussians.extend_from_slice(&means[component * d..][..d]);
        for row in 0..d {
            // The element (row, column) of a triangle that is stored by columns.
            let at = |column: usize| column * (2 * d - column - 1) / 2 + row - column - 1;
            gaussians.extend((0..row).map(|column| lower[component * below + at(column)]));
            gaussians.push(logs[component * d + row].exp());
        }
    }

    let squared_distance = |gaussian: &[R], x: &[f64]| {
        let (mean, mut rows) = gaussian.split_at(d);
        let centred: Vec<R> = x.iter().zip(mean).map(|(&x, &mean)| R::from_f64(x) - mean).collect();
        let turned: Vec<R> = (1..=d)
            .map(|length| {
                let row;
                (row, rows) = rows.split_at(length);
                match distance {
                    Distance::Rows => nary::dot(row, &centred[..length]),
                    Distance::Whole => row.iter().zip(&centred).map(|(&l, &x)| l * x).sum(),
                }
            })
            .collect();
        match distance {
            Distance::Rows => nary::dot(&turned, &turned),
            Distance::Whole => turned.iter().map(|&x| x * x).sum(),
        }
    };
    let mut terms = vec![R::from_f64(0.0); k];
    let mut total = R::from_f64(0.0);
    for x in data.x.chunks_exact(d) {
        for (component, term) in terms.iter_mut().enumerate() {
            let gaussian = &gaussians[component * size..][..size];
            let squared = match distance {
                Distance::Rows => squared_distance(gaussian, x),
                Distance::Whole => preaccumulate(gaussian, |gaussian| squared_distance(gaussian, x)),
            };
            *term = alpha[component] + log_determinants[component] - R::from_f64(0.5) * squared;
        }
        total += nary::log_sum_exp(&terms);
    }
    total -= R::from_f64(n as f64) * nary::log_sum_exp(alpha);

    let mut penalty = R::from_f64(0.0);
    let weight = R::from_f64(0.5 * data.gamma * data.gamma);
    for (gaussian, &log_determinant) in gaussians.chunks_exact(size).zip(&log_determinants) {
        let factor = &gaussian[d..];
        penalty += weight * nary::dot(factor, factor) - R::from_f64(data.m as f64) * log_determinant;
    }
    total - penalty + R::from_f64(data.constant())
}
