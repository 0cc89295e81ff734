//! Arrays that NumPy saved.
//!
//! The format is described in NumPy's `numpy.lib.format`: a magic string, the version, the length of a header, the header, which
//! is a Python dictionary of three entries, then the elements.

mod header;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::array_file::{ArrayFile, count};
use super::arrays::{finite_or_missing, numbered};
use super::{Frame, Target};
use crate::Error;
use header::Header;

/// The longest header that is read, which is far more than an array of numbers needs.
const LONGEST_HEADER: usize = 1 << 16;

/// An array from a file that `numpy.save` wrote: of floats (`float32`, `float64`), integers or booleans.
///
/// ```no_run
/// use mlp::data::{Dataset, Npy};
///
/// let x = Npy::from_path("x.npy")?.to_frame()?;
/// let data = Dataset::of(x, Npy::from_path("y.npy")?.to_classes("y")?)?;
/// assert_eq!(data.columns()[0], "x_0");
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Npy {
    header: Header,
    /// As in the file.
    bytes: Vec<u8>,
}

/// What the elements of an [`Npy`] array are in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NpyKind {
    /// True and false.
    Bool,
    /// Integers from 0 up, of so many bytes: 1, 2, 4 or 8.
    Unsigned(usize),
    /// Integers of so many bytes: 1, 2, 4 or 8.
    Signed(usize),
    /// Floats of so many bytes: 4 or 8.
    Float(usize),
}

impl NpyKind {
    fn width(self) -> usize {
        match self {
            NpyKind::Bool => 1,
            NpyKind::Unsigned(width) | NpyKind::Signed(width) | NpyKind::Float(width) => width,
        }
    }
}

impl Npy {
    /// The array in the file at `path`, packed by gzip or not.
    ///
    /// # Errors
    /// When the file cannot be read, is no `.npy` file, holds something else than numbers, is shorter or longer than its header
    /// says, or is packed and the feature `gzip` is off.
    ///
    /// ```
    /// let error = mlp::data::Npy::from_path("no-such-file").unwrap_err();
    /// assert!(error.to_string().starts_with("cannot read no-such-file: "));
    /// ```
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read(ArrayFile::open(path.as_ref(), "NPY")?)
    }

    /// The array in these bytes, packed by gzip or not; errors name `source`.
    ///
    /// # Errors
    /// When they are no `.npy` file, hold something else than numbers, are fewer or more than the header says, or are packed and
    /// the feature `gzip` is off.
    ///
    /// ```
    /// use mlp::data::Npy;
    ///
    /// let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n";
    /// let bytes = [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header.as_bytes(), &[5, 6, 7]].concat();
    /// assert_eq!(Npy::from_bytes(&bytes, "three.npy")?.to_vec()?, [5.0, 6.0, 7.0]);
    /// assert!(Npy::from_bytes(&bytes[..70], "cut.npy").is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_bytes(bytes: &[u8], source: &str) -> Result<Self, Error> {
        Self::read(ArrayFile::of_bytes(bytes, source, "NPY")?)
    }

    fn read(mut file: ArrayFile<'_>) -> Result<Self, Error> {
        let magic = file.header::<6>()?;
        if magic != *b"\x93NUMPY" {
            let found = format!("it begins with the bytes {magic:02X?}, not with \\x93NUMPY");
            return Err(file.wrong(found));
        }
        let length = match file.header::<2>()? {
            [1, _] => u16::from_le_bytes(file.header()?) as usize,
            [2 | 3, _] => u32::from_le_bytes(file.header()?) as usize,
            [major, minor] => {
                return Err(file.wrong(format!("it is of version {major}.{minor}, later than 3.0")));
            }
        };
        if length > LONGEST_HEADER {
            return Err(file.wrong(format!("its header has {length} bytes, more than {LONGEST_HEADER}")));
        }
        let mut text = vec![0; length];
        for byte in &mut text {
            [*byte] = file.header()?;
        }
        let header = match std::str::from_utf8(&text)
            .map_err(|_| "it is no text".to_owned())
            .and_then(Header::parse)
        {
            Ok(header) => header,
            Err(found) => return Err(file.wrong(format!("its header cannot be read: {found}"))),
        };
        let wanted = count(&header.shape).and_then(|count| count.checked_mul(header.kind.width() as u64));
        Ok(Self { bytes: file.rest(wanted)?, header })
    }

    /// The lengths of the axes; none for a single number.
    ///
    /// ```
    /// # let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n";
    /// # let bytes = [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header.as_bytes(), &[5, 6, 7]].concat();
    /// assert_eq!(mlp::data::Npy::from_bytes(&bytes, "three.npy")?.shape(), [3]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// What the elements are in the file.
    ///
    /// ```
    /// # use mlp::data::{Npy, NpyKind};
    /// # let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n";
    /// # let bytes = [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header.as_bytes(), &[5, 6, 7]].concat();
    /// assert_eq!(Npy::from_bytes(&bytes, "three.npy")?.kind(), NpyKind::Unsigned(1));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn kind(&self) -> NpyKind {
        self.header.kind
    }

    /// The elements as numbers, the last axis fastest in whichever order they lie in the file; booleans are 0 and 1.
    ///
    /// # Errors
    /// When an integer is so large (beyond 2⁵³) that no `f64` is equal to it.
    ///
    /// ```
    /// # let header = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n";
    /// # let bytes = [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header.as_bytes(), &[0, 1, 1]].concat();
    /// assert_eq!(mlp::data::Npy::from_bytes(&bytes, "three.npy")?.to_vec()?, [0.0, 1.0, 1.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_vec(&self) -> Result<Vec<f64>, Error> {
        match self.header.kind {
            NpyKind::Bool => self.each(|[byte]| f64::from(u8::from(byte != 0))),
            NpyKind::Unsigned(1) => self.each(|[byte]| f64::from(byte)),
            NpyKind::Unsigned(2) => self.each(|bytes| f64::from(u16::from_le_bytes(bytes))),
            NpyKind::Unsigned(4) => self.each(|bytes| f64::from(u32::from_le_bytes(bytes))),
            NpyKind::Unsigned(_) => {
                self.exact(|bytes| (u64::from_le_bytes(bytes) as f64, i128::from(u64::from_le_bytes(bytes))))
            }
            NpyKind::Signed(1) => self.each(|byte| f64::from(i8::from_le_bytes(byte))),
            NpyKind::Signed(2) => self.each(|bytes| f64::from(i16::from_le_bytes(bytes))),
            NpyKind::Signed(4) => self.each(|bytes| f64::from(i32::from_le_bytes(bytes))),
            NpyKind::Signed(_) => {
                self.exact(|bytes| (i64::from_le_bytes(bytes) as f64, i128::from(i64::from_le_bytes(bytes))))
            }
            NpyKind::Float(4) => self.each(|bytes| f64::from(f32::from_le_bytes(bytes))),
            NpyKind::Float(_) => self.each(f64::from_le_bytes),
        }
    }

    /// The rows along the first axis, as numbers in columns `x_0`, `x_1`, …: of `(n, …)` as many columns as the other axes have
    /// elements, of `(n,)` one. NaN is a number that is missing.
    ///
    /// # Errors
    /// As [`Npy::to_vec`]; and when there is no axis, an axis has the length zero, or a number is infinite.
    ///
    /// ```
    /// # let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2), }\n";
    /// # let bytes = [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header.as_bytes(), &[1, 3, 2, 4]].concat();
    /// let frame = mlp::data::Npy::from_bytes(&bytes, "four.npy")?.to_frame()?;
    /// assert_eq!((frame.n_columns(), frame.numbers()), (2, &[1.0, 2.0, 3.0, 4.0][..]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_frame(&self) -> Result<Frame, Error> {
        let (numbers, names) = self.columns("x")?;
        finite_or_missing(&numbers, names.len())?;
        Frame::of_numbers(numbers, names)
    }

    /// The elements of an array of one axis as classes, sorted as numbers: integers, booleans (0 and 1), or floats.
    ///
    /// # Errors
    /// As [`Npy::to_vec`]; and when there are other axes, fewer than two classes, or a label is not finite.
    ///
    /// ```
    /// # let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n";
    /// # let bytes = [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header.as_bytes(), &[7, 5, 7]].concat();
    /// let target = mlp::data::Npy::from_bytes(&bytes, "three.npy")?.to_classes("y")?;
    /// assert_eq!(target.values(), [1.0, 0.0, 1.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_classes(&self, name: &str) -> Result<Target, Error> {
        if self.header.shape.len() != 1 {
            let got = format!("an array of shape {:?}", self.header.shape);
            return Err(Error::shape("npy", "one axis of labels", got));
        }
        let labels = self.to_vec()?;
        if let Some(row) = labels.iter().position(|label| !label.is_finite()) {
            return Err(Error::shape("npy", "finite labels", format!("{} in row {row}", labels[row])));
        }
        Target::from_labels(name, labels)
    }

    /// The elements as numbers that are to be predicted: one of each row of `(n,)`, named `name`, or several of `(n, k)`, named
    /// `name_0`, `name_1`, ….
    ///
    /// # Errors
    /// As [`Npy::to_frame`]; and when a number is not finite.
    ///
    /// ```
    /// # let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n";
    /// # let bytes = [b"\x93NUMPY\x01\x00", &[header.len() as u8, 0][..], header.as_bytes(), &[7, 5, 7]].concat();
    /// let target = mlp::data::Npy::from_bytes(&bytes, "three.npy")?.to_numbers("price")?;
    /// assert_eq!((target.names(), target.values()), (&["price".to_owned()][..], vec![7.0, 5.0, 7.0]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_numbers(&self, name: &str) -> Result<Target, Error> {
        let (numbers, names) = self.columns(name)?;
        Target::numbers(if self.header.shape.len() == 1 { vec![name.to_owned()] } else { names }, numbers)
    }

    fn columns(&self, name: &str) -> Result<(Vec<f64>, Vec<String>), Error> {
        let shape = &self.header.shape;
        if shape.is_empty() || shape.contains(&0) {
            let got = format!("an array of shape {shape:?}");
            return Err(Error::shape("npy", "at least one row and one column", got));
        }
        Ok((self.to_vec()?, numbered(name, shape[1..].iter().product())))
    }

    /// Each element, given little-endian, the last axis fastest.
    fn each<const N: usize>(&self, number: impl Fn([u8; N]) -> f64) -> Result<Vec<f64>, Error> {
        let chunks: &[[u8; N]] = self.bytes.as_chunks().0;
        let big_endian = self.header.big_endian;
        let number = |chunk: &[u8; N]| {
            let mut bytes = *chunk;
            if big_endian {
                bytes.reverse();
            }
            number(bytes)
        };
        if !self.header.fortran_order || self.header.shape.len() < 2 {
            return Ok(chunks.iter().map(number).collect());
        }
        // The first axis is fastest in the file. The places in it are counted up like the digits of a number.
        let shape = &self.header.shape;
        let mut strides = vec![1; shape.len()];
        for axis in 1..shape.len() {
            strides[axis] = strides[axis - 1] * shape[axis - 1];
        }
        let (mut digits, mut place) = (vec![0; shape.len()], 0);
        let next = |_| {
            let this = number(&chunks[place]);
            for axis in (0..shape.len()).rev() {
                digits[axis] += 1;
                place += strides[axis];
                if digits[axis] < shape[axis] {
                    break;
                }
                place -= digits[axis] * strides[axis];
                digits[axis] = 0;
            }
            this
        };
        Ok((0..chunks.len()).map(next).collect())
    }

    /// As [`Self::each`], for integers that an `f64` may not hold.
    fn exact<const N: usize>(&self, number: impl Fn([u8; N]) -> (f64, i128)) -> Result<Vec<f64>, Error> {
        let lost = std::cell::Cell::new(None);
        let numbers = self.each(|bytes| {
            let (rounded, exact) = number(bytes);
            if rounded as i128 != exact {
                lost.set(Some(exact));
            }
            rounded
        })?;
        match lost.get() {
            Some(integer) => Err(Error::shape("npy", "integers that an f64 holds", integer.to_string())),
            None => Ok(numbers),
        }
    }
}
