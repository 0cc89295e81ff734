//! IDX files, in which MNIST comes: arrays of any number of axes, the last one fastest.
//!
//! The format is described by Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits" (1998): two zero
//! bytes, the kind of the elements, the number of axes, their lengths as big-endian `u32`, then the elements, big-endian.

use std::path::Path;

use super::array_file::{ArrayFile, count};
use super::arrays::{finite_or_missing, numbered};
use super::{Dataset, Frame, Target};
use crate::Error;

/// An array from an IDX file.
///
/// ```
/// use mlp::data::Idx;
///
/// let bytes = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60];
/// let array = Idx::from_bytes(&bytes, "small.idx")?;
/// assert_eq!(array.shape(), [2, 3]);
/// assert_eq!(array.to_vec(), [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    kind: IdxKind,
    shape: Vec<usize>,
    /// As in the file.
    bytes: Vec<u8>,
}

/// What the elements of an [`Idx`] array are in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdxKind {
    /// Bytes from 0 to 255.
    U8,
    /// Bytes from -128 to 127.
    I8,
    /// Integers of two bytes.
    I16,
    /// Integers of four bytes.
    I32,
    /// Numbers of four bytes.
    F32,
    /// Numbers of eight bytes.
    F64,
}

impl IdxKind {
    fn of(code: u8) -> Option<Self> {
        Some(match code {
            0x08 => IdxKind::U8,
            0x09 => IdxKind::I8,
            0x0B => IdxKind::I16,
            0x0C => IdxKind::I32,
            0x0D => IdxKind::F32,
            0x0E => IdxKind::F64,
            _ => return None,
        })
    }

    fn width(self) -> u64 {
        match self {
            IdxKind::U8 | IdxKind::I8 => 1,
            IdxKind::I16 => 2,
            IdxKind::I32 | IdxKind::F32 => 4,
            IdxKind::F64 => 8,
        }
    }
}

impl Idx {
    /// The array in the file at `path`, packed by gzip or not.
    ///
    /// # Errors
    /// When the file cannot be read, is no IDX file, is shorter or longer than its header says, or is packed and the feature
    /// `gzip` is off.
    ///
    /// ```
    /// let error = mlp::data::Idx::from_path("no-such-file").unwrap_err();
    /// assert!(error.to_string().starts_with("cannot read no-such-file: "));
    /// ```
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::read(ArrayFile::open(path.as_ref(), "IDX")?)
    }

    /// The array in these bytes, packed by gzip or not; errors name `source`.
    ///
    /// # Errors
    /// When they are no IDX file, are fewer or more than the header says, or are packed and the feature `gzip` is off.
    ///
    /// ```
    /// use mlp::data::Idx;
    ///
    /// assert_eq!(Idx::from_bytes(&[0, 0, 9, 1, 0, 0, 0, 1, 0xFF], "one.idx")?.to_vec(), [-1.0]);
    /// let error = Idx::from_bytes(&[0, 0, 9, 1, 0, 0, 0, 2, 0xFF], "cut.idx").unwrap_err();
    /// assert!(error.to_string().starts_with("cut.idx: not a whole IDX file: its header promises 2 bytes"));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_bytes(bytes: &[u8], source: &str) -> Result<Self, Error> {
        Self::read(ArrayFile::of_bytes(bytes, source, "IDX")?)
    }

    fn read(mut file: ArrayFile<'_>) -> Result<Self, Error> {
        let magic = file.header::<4>()?;
        let (kind, n_axes) = match magic {
            [0, 0, kind, n_axes] => (IdxKind::of(kind), n_axes),
            _ => (None, 0),
        };
        let Some(kind) = kind.filter(|_| n_axes > 0) else {
            let found = format!(
                "it begins with the bytes {magic:02X?}, where an array of bytes has [00, 00, 08, axes]"
            );
            return Err(file.wrong(found));
        };
        let mut shape = Vec::with_capacity(n_axes as usize);
        for _ in 0..n_axes {
            shape.push(u32::from_be_bytes(file.header()?) as usize);
        }
        let wanted = count(&shape).and_then(|count| count.checked_mul(kind.width()));
        Ok(Self { kind, bytes: file.rest(wanted)?, shape })
    }

    /// The lengths of the axes.
    ///
    /// ```
    /// use mlp::data::Idx;
    ///
    /// assert_eq!(Idx::from_bytes(&[0, 0, 8, 1, 0, 0, 0, 2, 5, 6], "two.idx")?.shape(), [2]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// What the elements are in the file.
    ///
    /// ```
    /// use mlp::data::{Idx, IdxKind};
    ///
    /// assert_eq!(Idx::from_bytes(&[0, 0, 0x0B, 1, 0, 0, 0, 1, 1, 0], "one.idx")?.kind(), IdxKind::I16);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn kind(&self) -> IdxKind {
        self.kind
    }

    /// The elements, as they lie in the file, where they are bytes from 0 to 255.
    ///
    /// ```
    /// use mlp::data::Idx;
    ///
    /// assert_eq!(Idx::from_bytes(&[0, 0, 8, 1, 0, 0, 0, 2, 5, 6], "two.idx")?.as_u8(), Some(&[5, 6][..]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn as_u8(&self) -> Option<&[u8]> {
        (self.kind == IdxKind::U8).then_some(&self.bytes)
    }

    /// The elements as numbers, each exactly what it is in the file, the last axis fastest.
    ///
    /// ```
    /// use mlp::data::Idx;
    ///
    /// assert_eq!(Idx::from_bytes(&[0, 0, 0x0B, 1, 0, 0, 0, 1, 1, 2], "one.idx")?.to_vec(), [258.0]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_vec(&self) -> Vec<f64> {
        fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
            bytes.as_chunks().0.iter().map(|chunk| number(*chunk)).collect()
        }
        match self.kind {
            IdxKind::U8 => each(&self.bytes, |[byte]| f64::from(byte)),
            IdxKind::I8 => each(&self.bytes, |byte| f64::from(i8::from_be_bytes(byte))),
            IdxKind::I16 => each(&self.bytes, |bytes| f64::from(i16::from_be_bytes(bytes))),
            IdxKind::I32 => each(&self.bytes, |bytes| f64::from(i32::from_be_bytes(bytes))),
            IdxKind::F32 => each(&self.bytes, |bytes| f64::from(f32::from_be_bytes(bytes))),
            IdxKind::F64 => each(&self.bytes, f64::from_be_bytes),
        }
    }

    /// The rows along the first axis, as numbers: columns `pixel_r_c` of an array of three axes, `pixel_r_c_k` of one of four,
    /// and `x_i` otherwise. Pixels stay as they are, 0 to 255.
    ///
    /// # Errors
    /// When an axis has the length zero, or a number is infinite.
    ///
    /// ```
    /// use mlp::data::Idx;
    ///
    /// let images = Idx::from_bytes(&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255], "one.idx")?;
    /// let frame = images.to_frame()?;
    /// assert_eq!((frame.names(), frame.numbers()), (&["pixel_0_0".into(), "pixel_0_1".into()][..], &[0.0, 255.0][..]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_frame(&self) -> Result<Frame, Error> {
        if self.shape.contains(&0) {
            let got = format!("an array of shape {:?}", self.shape);
            return Err(Error::shape("idx", "at least one row and one column", got));
        }
        let names = match self.shape[1..] {
            [rows, columns] => pixels(rows, columns, &[""]),
            [rows, columns, channels] => {
                let channels: Vec<String> = (0..channels).map(|channel| format!("_{channel}")).collect();
                pixels(rows, columns, &channels)
            }
            ref axes => numbered("x", axes.iter().product()),
        };
        let numbers = self.to_vec();
        finite_or_missing(&numbers, names.len())?;
        Frame::of_numbers(numbers, names)
    }

    /// The elements of an array of one axis as classes, sorted as numbers.
    ///
    /// # Errors
    /// When there are more axes, or fewer than two classes.
    ///
    /// ```
    /// use mlp::data::Idx;
    ///
    /// let labels = Idx::from_bytes(&[0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 7], "labels.idx")?.to_classes("digit")?;
    /// assert_eq!((labels.names(), labels.values()), (&["digit".to_owned()][..], vec![1.0, 0.0, 1.0]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn to_classes(&self, name: &str) -> Result<Target, Error> {
        if self.shape.len() != 1 {
            return Err(Error::shape(
                "idx",
                "one axis of labels",
                format!("an array of shape {:?}", self.shape),
            ));
        }
        Target::from_labels(name, self.to_vec())
    }
}

impl Dataset {
    /// The dataset of the images, or other rows, in one IDX file and the labels in another, as in MNIST: columns as
    /// [`Idx::to_frame`] names them, numbers as they are, target `class`.
    ///
    /// The classes are those of the labels that are there; for rows to measure a model by see [`Target::among`].
    ///
    /// # Errors
    /// As [`Idx::from_path`], [`Idx::to_frame`] and [`Idx::to_classes`]; and when there are not as many labels as rows.
    ///
    /// ```no_run
    /// use mlp::data::Dataset;
    ///
    /// let train = Dataset::from_idx("train-images-idx3-ubyte", "train-labels-idx1-ubyte")?;
    /// assert_eq!((train.n_rows(), train.n_columns(), train.classes().len()), (60_000, 784, 10));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_idx(rows: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<Self, Error> {
        let labels = Idx::from_path(labels)?.to_classes("class")?;
        Self::of(Idx::from_path(rows)?.to_frame()?, labels)
    }
}

/// The names `pixel_r_c` with each of the endings, row by row.
pub(super) fn pixels(rows: usize, columns: usize, endings: &[impl AsRef<str>]) -> Vec<String> {
    let mut names = Vec::with_capacity(rows * columns * endings.len());
    for row in 0..rows {
        for column in 0..columns {
            names.extend(endings.iter().map(|ending| format!("pixel_{row}_{column}{}", ending.as_ref())));
        }
    }
    names
}

#[cfg(test)]
mod tests;
