//! The bytes of a file that begins with a header and goes on with numbers, packed by gzip or not.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::data_error::{DataError, DataErrorKind};
use crate::Error;

/// How far bytes can be packed by gzip: two bits for 258 of them.
const MOST_PACKED: u64 = 1032;

/// A file whose header is read first, and then as many bytes as it promises, no more and no fewer.
///
/// Room is made for what the file can hold, not for what its header claims.
pub(super) struct ArrayFile<'a> {
    name: String,
    format: &'static str,
    path: Option<PathBuf>,
    reader: Box<dyn Read + 'a>,
    /// The most bytes that can follow, as far as the length of the file tells.
    most: u64,
}

impl<'a> ArrayFile<'a> {
    pub(super) fn open(path: &Path, format: &'static str) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let name = path.display().to_string();
        Self::unpacked(io::BufReader::new(file), length, name, format, Some(path.to_owned()))
    }

    pub(super) fn of_bytes(bytes: &'a [u8], name: &str, format: &'static str) -> Result<Self, Error> {
        Self::unpacked(bytes, bytes.len() as u64, name.to_owned(), format, None)
    }

    fn unpacked(
        mut packed: impl io::BufRead + 'a,
        length: u64,
        name: String,
        format: &'static str,
        path: Option<PathBuf>,
    ) -> Result<Self, Error> {
        let gzip = match packed.fill_buf() {
            Ok(start) => start.starts_with(&[0x1F, 0x8B]),
            Err(source) => return Err(Error::Read { path: path.unwrap_or_else(|| name.into()), source }),
        };
        if !gzip {
            return Ok(Self { name, format, path, reader: Box::new(packed), most: length });
        }
        #[cfg(feature = "gzip")]
        {
            let reader = Box::new(flate2::bufread::MultiGzDecoder::new(packed));
            Ok(Self { name, format, path, reader, most: length.saturating_mul(MOST_PACKED) })
        }
        #[cfg(not(feature = "gzip"))]
        {
            let _ = MOST_PACKED;
            let kind = DataErrorKind::FeatureOff { what: "a file packed by gzip", feature: "gzip" };
            Err(DataError::of_file(&name, kind).into())
        }
    }

    /// The next bytes of the header.
    pub(super) fn header<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.wrong("it ends within its header"))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// All that follows, which must be `wanted` bytes; none where it is more than can be counted.
    pub(super) fn rest(&mut self, wanted: Option<u64>) -> Result<Vec<u8>, Error> {
        let wanted = match wanted {
            Some(wanted) if wanted <= self.most => wanted,
            Some(wanted) => {
                let most = self.most;
                return Err(
                    self.wrong(format!("its header promises {wanted} bytes, but it has at most {most}"))
                );
            }
            None => return Err(self.wrong("its header promises more than any file can hold")),
        };
        // A packed file may promise a thousand times its length, so there the room grows with what comes.
        const AT_ONCE: u64 = 1 << 26;
        let mut bytes = Vec::new();
        if bytes.try_reserve_exact(wanted.min(AT_ONCE) as usize + 1).is_err() {
            return Err(self.wrong(format!("there is no memory for the {wanted} bytes that it promises")));
        }
        match self.reader.by_ref().take(wanted + 1).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 == wanted => Ok(bytes),
            Ok(_) if (bytes.len() as u64) < wanted => {
                let found = format!("its header promises {wanted} bytes, but only {} follow", bytes.len());
                Err(self.wrong(found))
            }
            Ok(_) => Err(self.wrong(format!("more than the {wanted} bytes that its header promises follow"))),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The error of a file that is not what it should be.
    pub(super) fn wrong(&self, found: impl Into<String>) -> Error {
        let kind = DataErrorKind::NotAnArray { format: self.format, found: found.into() };
        DataError::of_file(&self.name, kind).into()
    }

    /// The error of a file that could not be read on: by its own fault where it could not be unpacked.
    fn failed(&self, source: io::Error) -> Error {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match (source.kind(), &self.path) {
            (InvalidInput | InvalidData | UnexpectedEof, _) | (_, None) => {
                self.wrong(format!("it cannot be unpacked ({source})"))
            }
            (_, Some(path)) => Error::Read { path: path.clone(), source },
        }
    }
}

/// The product of the axes; none where it is more than can be counted.
pub(super) fn count(shape: &[usize]) -> Option<u64> {
    // An axis of length zero makes all of them empty, whatever the others are.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_u64, |product, axis| product.checked_mul(*axis as u64))
}
