//! Numbers in a safetensors file, with a description in JSON: what model files and checkpoints have in common.
//!
//! The description stands under one key of the header's metadata; one key, because the order of several would differ from
//! run to run.

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::HashMap;
use tape::{Float, Real};

use self::Problem::{CutOff, Damaged, Empty, NotOne, TooLong};

/// How many bytes [`header_length`] needs to see.
pub(crate) const BEGINNING: u64 = 9;
/// The longest header that safetensors reads.
const LONGEST_HEADER: u64 = 100_000_000;

/// What is wrong with the bytes of such a file.
#[derive(Debug)]
pub(crate) enum Problem {
    /// They are something else.
    NotOne,
    /// There are none.
    Empty,
    /// They end too early.
    CutOff { missing: u64 },
    /// They go on after the end.
    TooLong { extra: u64 },
    /// Something in them does not fit.
    Damaged { what: String },
}

/// A tensor to be written: its name, its shape and its numbers.
pub(crate) struct Part {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Part {
    /// The tensor of these numbers, in their own precision.
    pub(crate) fn new<T: Float>(name: impl Into<String>, shape: Vec<usize>, values: &[T]) -> Self {
        let dtype = if T::NAME == "f32" { Dtype::F32 } else { Dtype::F64 };
        Part { name: name.into(), dtype, shape, bytes: bytes_of(values, dtype) }
    }
}

/// The bytes of a file with these tensors and this description under this key; an error, in words, where the header would be
/// too long.
pub(crate) fn serialize(parts: &[Part], key: &str, description: String) -> Result<Vec<u8>, String> {
    let views = parts.iter().map(|part| {
        let view = TensorView::new(part.dtype, part.shape.clone(), &part.bytes)
            .expect("a shape has as many bytes as its numbers");
        (part.name.as_str(), view)
    });
    let metadata = HashMap::from([(key.to_owned(), description)]);
    safetensors::serialize(views, Some(metadata)).map_err(|error| error.to_string())
}

/// The description under this key, and the tensors.
pub(crate) fn parse<'a>(bytes: &'a [u8], key: &str) -> Result<(String, SafeTensors<'a>), Problem> {
    let damaged = |error: safetensors::SafeTensorError| Damaged { what: error.to_string() };
    check_extent(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let description = header.metadata().as_ref().and_then(|metadata| metadata.get(key)).ok_or(NotOne)?;
    Ok((description.clone(), SafeTensors::deserialize(bytes).map_err(damaged)?))
}

/// The length of the header, from the first [`BEGINNING`] bytes: eight that hold it, and the brace that opens it.
pub(crate) fn header_length(bytes: &[u8]) -> Result<u64, Problem> {
    if bytes.is_empty() {
        return Err(Empty);
    }
    let Some((length, [brace, ..])) = bytes.split_first_chunk::<8>() else {
        return Err(NotOne);
    };
    let length = u64::from_le_bytes(*length);
    if *brace != b'{' || !(2..=LONGEST_HEADER).contains(&length) {
        return Err(NotOne);
    }
    Ok(length)
}

/// Makes sure that the tensors end where the bytes end.
///
/// safetensors 0.8 checks this too, but adds up ends that a hostile header can place near the largest integer.
pub(crate) fn check_extent(bytes: &[u8]) -> Result<(), Problem> {
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

/// The little-endian bytes of `values` in the precision `dtype`, which is theirs.
pub(crate) fn bytes_of<T: Float>(values: &[T], dtype: Dtype) -> Vec<u8> {
    let values = values.iter().map(|value| Real::to_f64(*value));
    match dtype {
        Dtype::F32 => values.flat_map(|value| (value as f32).to_le_bytes()).collect(),
        _ => values.flat_map(f64::to_le_bytes).collect(),
    }
}

/// The numbers of the tensor `name`, which must have this shape and hold f32 or f64.
pub(crate) fn numbers<'a>(
    tensors: &SafeTensors<'a>,
    name: &str,
    shape: &[usize],
) -> Result<Box<dyn Iterator<Item = f64> + 'a>, Problem> {
    let damaged = |what: String| Damaged { what };
    let tensor = tensors.tensor(name).map_err(|_| damaged(format!("tensor `{name}` is missing")))?;
    if tensor.shape() != shape {
        return Err(damaged(format!(
            "tensor `{name}` has the shape {:?} instead of {shape:?}",
            tensor.shape()
        )));
    }
    let data: &'a [u8] = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => {
            Ok(Box::new(data.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes)))))
        }
        Dtype::F64 => Ok(Box::new(data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)))),
        other => Err(damaged(format!("tensor `{name}` holds {other} instead of F32 or F64"))),
    }
}
