//! Where things stand in a model file.

use std::ops::Range;

/// A tensor of parameters: its name, its shape, its place among the flat parameters.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) range: Range<usize>,
}

/// How many parameters layers of such sizes have; none where that is no number of this machine.
pub(super) fn n_parameters(sizes: &[usize]) -> Option<usize> {
    sizes
        .windows(2)
        .try_fold(0_usize, |sum, pair| sum.checked_add(pair[1].checked_mul(pair[0].checked_add(1)?)?))
}

/// The tensors of a network, in the order of its flat parameters.
pub(super) fn parts(sizes: &[usize]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (i, pair) in sizes.windows(2).enumerate() {
        let (n_in, n_out) = (pair[0], pair[1]);
        let (theta, end) = (start + n_out * n_in, start + n_out * n_in + n_out);
        let layer = i + 1;
        parts.push(Part {
            name: format!("layer.{layer}.theta"),
            shape: vec![n_out, n_in],
            range: start..theta,
        });
        parts.push(Part { name: format!("layer.{layer}.bias"), shape: vec![n_out], range: theta..end });
        start = end;
    }
    parts
}
