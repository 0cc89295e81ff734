//! Random matrices with orthonormal rows or columns.

use super::normal;
use crate::{Error, Layer};
use rand::rngs::Xoshiro256PlusPlus;
use tape::kernel;

/// Weights whose rows are orthogonal and as long as the gain, or their columns if there are fewer of them.
///
/// Q of `A = Q R` with A normal and the diagonal of R positive, which is evenly distributed (Mezzadri 2007, section 5);
/// with a sign of R left to chance it would not be.
pub(super) fn theta(gain: f64, layer: &Layer, random: &mut Xoshiro256PlusPlus) -> Result<Vec<f64>, Error> {
    let (n_in, n_out) = (layer.n_in, layer.n_out);
    let mut vectors = normal(0.0, 1.0, layer, random)?;
    orthonormalise(&mut vectors, n_in.max(n_out));
    vectors.iter_mut().for_each(|element| *element *= gain);
    if n_out <= n_in {
        return Ok(vectors);
    }
    // The vectors are the columns.
    Ok((0..n_out * n_in).map(|place| vectors[place % n_in * n_out + place / n_in]).collect())
}

/// Makes these vectors orthonormal, one after the other in a flat buffer: modified Gram–Schmidt.
///
/// Twice, because what is left of the last vectors of a square matrix is short, and its rounding errors are not
/// orthogonal; the second time they are taken away (Giraud, Langou, Rozložník 2005). A diagonal of R is a length here,
/// so it is positive.
fn orthonormalise(vectors: &mut [f64], length: usize) {
    for start in (0..vectors.len()).step_by(length) {
        let (done, rest) = vectors.split_at_mut(start);
        let vector = &mut rest[..length];
        for _ in 0..2 {
            for unit in done.chunks_exact(length) {
                let along = kernel::dot(unit, vector);
                // Not `axpy`, which rounds once less where the processor can: a seed means the same bits everywhere.
                vector.iter_mut().zip(unit).for_each(|(v, u)| *v -= along * u);
            }
            let norm = kernel::sum_of_squares(vector).sqrt();
            vector.iter_mut().for_each(|v| *v /= norm);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tape::Tensor;

    #[test]
    fn vectors_that_are_nearly_parallel_come_out_orthogonal_as_well() {
        // Hilbert's matrix, of condition 1.5e10: after one pass products of 3e-7 are left.
        let n = 8;
        let mut vectors: Vec<f64> = (0..n * n).map(|k| 1.0 / (k / n + k % n + 1) as f64).collect();
        orthonormalise(&mut vectors, n);
        let q = Tensor::from_vec(vectors, &[n, n]).unwrap();
        let off = (&q.matmul(q.t()).unwrap() - &Tensor::eye(n)).abs().max_all().unwrap().item().unwrap();
        assert!(off < 1e-14, "{off}");
    }
}
