//! Where things stand in a model file.

use std::ops::Range;

use super::ModelFileErrorKind::{self, CutOff, Damaged, Empty, NotAModel, TooLong};

/// The name of the tensor of column means.
pub(super) const MEAN: &str = "standardize.mean";
/// The name of the tensor of column deviations.
pub(super) const DEVIATION: &str = "standardize.deviation";
/// How many bytes [`header_length`] needs to see.
pub(super) const BEGINNING: u64 = 9;
/// The longest header that safetensors reads.
const LONGEST_HEADER: u64 = 100_000_000;

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

/// The length of the header, from the first [`BEGINNING`] bytes: eight that hold it, and the brace that opens it.
pub(super) fn header_length(bytes: &[u8]) -> Result<u64, ModelFileErrorKind> {
    if bytes.is_empty() {
        return Err(Empty);
    }
    let Some((length, [brace, ..])) = bytes.split_first_chunk::<8>() else {
        return Err(NotAModel);
    };
    let length = u64::from_le_bytes(*length);
    if *brace != b'{' || !(2..=LONGEST_HEADER).contains(&length) {
        return Err(NotAModel);
    }
    Ok(length)
}

/// Makes sure that the tensors end where the bytes end.
///
/// safetensors 0.8 checks this too, but adds up ends that a hostile header can place near the largest integer.
pub(super) fn check_extent(bytes: &[u8]) -> Result<(), ModelFileErrorKind> {
    let stop = 8 + header_length(bytes)?;
    let length = bytes.len() as u64;
    if stop > length {
        return Err(CutOff { missing: stop - length });
    }
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&bytes[8..stop as usize])
        .map_err(|error| Damaged { what: format!("its header is wrong: {error}") })?;
    let ends = header.values().filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64());
    let end = ends.max().unwrap_or(0);
    let present = length - stop;
    if end > present {
        return Err(CutOff { missing: end - present });
    }
    if end < present {
        return Err(TooLong { extra: present - end });
    }
    Ok(())
}
