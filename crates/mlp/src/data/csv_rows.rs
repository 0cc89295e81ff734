//! The rows of a CSV text, each with the line on which it begins.

use super::data_error::{DataError, DataErrorKind};
use crate::Error;

/// The records of a CSV text with the lines on which they begin.
///
/// The lines are counted here: csv's own position is that of the line break before a record that follows blank
/// lines or a CRLF.
pub(super) struct Rows<'a> {
    bytes: &'a [u8],
    reader: csv::Reader<&'a [u8]>,
    counted_to: usize,
    line: u64,
}

/// Where a record stands: its line, and its bytes with whatever line breaks precede and follow it.
pub(super) struct Row<'a> {
    pub(super) line: u64,
    bytes: &'a [u8],
}

impl<'a> Rows<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        Self { bytes, reader, counted_to: 0, line: 1 }
    }

    pub(super) fn next(&mut self, record: &mut csv::ByteRecord) -> Option<Row<'a>> {
        let start = self.reader.position().byte() as usize;
        let more = self
            .reader
            .read_byte_record(record)
            .expect("a slice reads without errors, rows of any length pass");
        if !more {
            return None;
        }
        let end = self.reader.position().byte() as usize;
        let breaks = self.bytes[start..end].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += count_lines(&self.bytes[self.counted_to..start + breaks]);
        self.counted_to = start + breaks;
        Some(Row { line: self.line, bytes: &self.bytes[start..end] })
    }
}

impl Row<'_> {
    /// A quotation mark that is left open takes in all that follows. Marks come in pairs, so an odd number of them
    /// around a line break says that one was left open.
    pub(super) fn refuse_unclosed_quote(&self, record: &csv::ByteRecord, source: &str) -> Result<(), Error> {
        let odd = self.bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        if odd && record.as_slice().iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            let of_file = DataError::of_file(source, DataErrorKind::UnclosedQuote);
            return Err(DataError { line: Some(self.line), ..of_file }.into());
        }
        Ok(())
    }
}

/// The line breaks in `bytes`: LF, CRLF, or CR alone.
fn count_lines(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    let mut previous = 0;
    for &byte in bytes {
        lines += u64::from(byte == b'\r' || (byte == b'\n' && previous != b'\r'));
        previous = byte;
    }
    lines
}

/// Refuses what is certainly no comma-separated UTF-8 text, with words for the usual cases.
pub(super) fn refuse_binary(bytes: &[u8], source: &str) -> Result<(), Error> {
    let found = if bytes.starts_with(&[0x1F, 0x8B]) {
        "it is compressed with gzip, which is not supported yet (gunzip makes it one)".to_owned()
    } else if bytes.starts_with(b"PK\x03\x04") {
        "it is a zip archive or a spreadsheet (export the sheet as CSV)".to_owned()
    } else if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        "it is UTF-16 (save it as UTF-8)".to_owned()
    } else if let Some(at) = bytes.iter().take(8192).position(|byte| *byte == 0) {
        format!("it is binary, with a zero byte at offset {at}")
    } else {
        return Ok(());
    };
    Err(DataError::of_file(source, DataErrorKind::NotCsv { found }).into())
}

/// The text of a cell, or the first byte that is not UTF-8.
pub(super) fn utf8(cell: &[u8]) -> Result<&str, u8> {
    std::str::from_utf8(cell).map_err(|error| cell[error.valid_up_to()])
}
