//! Data sets that come with the library.

use super::{Dataset, Table};

/// The handwritten digits: 1797 images of 8 × 8 pixels (columns `pixel_0_0` to `pixel_7_7`, 0 to 16) in the classes
/// `0` to `9`.
///
/// The test part of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine
/// Learning Repository, <https://doi.org/10.24432/C50P49>, in the form distributed with scikit-learn. Licence:
/// Creative Commons Attribution 4.0, <https://creativecommons.org/licenses/by/4.0/>. Unchanged but for the names of
/// the columns.
///
/// ```
/// let digits = mlp::data::bundled::digits();
/// assert_eq!((digits.n_rows(), digits.n_columns()), (1797, 64));
/// assert!(digits.features().iter().all(|pixel| (0.0..=16.0).contains(pixel)));
/// ```
pub fn digits() -> Dataset {
    const COMPRESSED: &[u8] = include_bytes!("../../data/digits8x8.csv.zlib");
    let csv = miniz_oxide::inflate::decompress_to_vec_zlib(COMPRESSED).expect("the embedded digits unpack");
    let table = Table::from_bytes(&csv, "embedded digits").expect("the embedded digits are a table");
    Dataset::from_table(&table, "class", &[]).expect("the embedded digits are numbers with a class")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_digits_are_those_of_the_shared_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/tabular/digits8x8.csv");
        let Ok(table) = Table::from_path(path) else {
            println!("skipped: {path} is not there");
            return;
        };
        assert_eq!(digits(), Dataset::from_table(&table, "class", &[]).unwrap());
    }

    #[test]
    fn every_digit_is_there_about_as_often() {
        let mut counts = [0; 10];
        for label in digits().labels() {
            counts[*label] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }
}
