use super::*;
use crate::Error;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/npy");

fn fixture(name: &str) -> Result<Npy, Error> {
    Npy::from_path(format!("{FIXTURES}/{name}.npy"))
}

/// A file of version 1 with this header and these bytes after it.
fn file(header: &str, elements: &[u8]) -> Vec<u8> {
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), elements].concat()
}

fn message(header: &str) -> String {
    Npy::from_bytes(&file(header, &[0; 24]), "a.npy").unwrap_err().to_string()
}

#[test]
fn arrays_of_every_kind_and_order_are_what_numpy_saved() {
    use NpyKind::{Bool, Float, Signed, Unsigned};
    type Element = fn(f64) -> f64;
    let unsigned: Element = |place| place * 7.0;
    let signed: Element = |place| place * 7.0 - 20.0;
    let float: Element = |place| place / 8.0 - 0.5;
    let kinds: [(&str, NpyKind, Element); 11] = [
        ("bool", Bool, |place| f64::from(place % 3.0 == 0.0)),
        ("uint8", Unsigned(1), unsigned),
        ("uint16", Unsigned(2), unsigned),
        ("uint32", Unsigned(4), unsigned),
        ("uint64", Unsigned(8), unsigned),
        ("int8", Signed(1), signed),
        ("int16", Signed(2), signed),
        ("int32", Signed(4), signed),
        ("int64", Signed(8), signed),
        ("float32", Float(4), float),
        ("float64", Float(8), float),
    ];
    for (name, kind, element) in kinds {
        let want: Vec<f64> = (0..12).map(|place| element(f64::from(place))).collect();
        for name in [name.to_owned(), format!("{name}_fortran")] {
            let array = fixture(&name).unwrap();
            assert_eq!((array.kind(), array.shape()), (kind, &[3, 4][..]), "{name}");
            assert_eq!(array.to_vec().unwrap(), want, "{name}");
            let frame = array.to_frame().unwrap();
            assert_eq!((frame.n_rows(), frame.n_columns(), frame.numbers()), (3, 4, &want[..]), "{name}");
        }
    }
    let big_endian = fixture("float64_big_endian").unwrap();
    assert_eq!(big_endian.to_vec().unwrap(), fixture("float64").unwrap().to_vec().unwrap());
    let three = fixture("three_axes_fortran").unwrap();
    assert_eq!(three.to_vec().unwrap(), (0..24).map(f64::from).collect::<Vec<_>>());
    assert_eq!(three.to_frame().unwrap().n_columns(), 12);
}

#[test]
fn all_versions_are_read() {
    for version in 1..=3 {
        assert_eq!(fixture(&format!("version_{version}")).unwrap().to_vec().unwrap(), [1.5, 2.5]);
    }
    let mut bytes = file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", &[1]);
    assert!(Npy::from_bytes(&bytes, "a.npy").is_ok());
    bytes[6] = 4;
    assert!(Npy::from_bytes(&bytes, "a.npy").unwrap_err().to_string().contains("version 4.0"));
}

#[test]
fn targets_are_classes_or_numbers() {
    let one = fixture("one_axis").unwrap();
    let Target::Classes { labels, classes, .. } = one.to_classes("y").unwrap() else { panic!("classes") };
    assert_eq!((labels, classes), (vec![1, 0, 1], vec!["1".to_owned(), "3".to_owned()]));
    assert_eq!(one.to_numbers("y").unwrap(), Target::numbers(vec!["y".into()], vec![3.0, 1.0, 3.0]).unwrap());
    assert_eq!(fixture("float32").unwrap().to_numbers("y").unwrap().names()[3], "y_3");
    assert!(
        fixture("float32").unwrap().to_classes("y").unwrap_err().to_string().contains("one axis of labels")
    );
    let nan = fixture("nan").unwrap();
    assert!(nan.to_frame().unwrap_err().to_string().contains("inf in row 1, column 0"));
    assert!(nan.to_numbers("y").is_err());
}

#[test]
fn what_is_no_array_of_numbers_is_named() {
    for (name, words) in [
        ("text", "\"<U1\""),
        ("complex", "\"<c16\""),
        ("half", "\"<f2\""),
        ("record", "its elements are records"),
    ] {
        let error = fixture(name).unwrap_err().to_string();
        assert!(error.contains(&format!("{name}.npy: not a whole NPY file: its header")), "{error}");
        assert!(error.contains(words), "{error}");
    }
    let beyond = fixture("beyond").unwrap().to_vec().unwrap_err().to_string();
    assert_eq!(beyond, "npy: wants integers that an f64 holds, got 9007199254740993");
    for name in ["no_axis", "empty"] {
        let error = fixture(name).unwrap().to_frame().unwrap_err().to_string();
        assert!(error.contains("at least one row and one column"), "{error}");
    }
    assert_eq!(fixture("no_axis").unwrap().to_vec().unwrap(), [2.5]);
    assert!(
        Npy::from_bytes(b"\x93NUMPX\x01\x00", "a.npy")
            .unwrap_err()
            .to_string()
            .contains("4E, 55, 4D, 50, 58")
    );
}

#[test]
fn headers_that_numpy_does_not_write_are_refused() {
    let good = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }   \n";
    assert!(Npy::from_bytes(&file(good, &[0; 24]), "a.npy").is_ok());
    assert!(message("").contains("where `{` should be"));
    assert!(message(&good.replace("'descr'", "'x'")).contains("an entry \"x\""));
    assert!(message(&good.replace("'shape'", "'descr'")).contains("where a string should be"));
    assert!(message(&good.replace("}", "'descr': '<f8'}")).contains("\"descr\" comes twice"));
    assert!(message(&good.replace("}", "} {")).contains("goes on after its end"));
    assert!(message(&good.replace("}", "")).contains("where a string should be"));
    assert!(message(&good.replace("'shape': (3,), ", "")).contains("no entry \"shape\""));
    assert!(message(&good.replace("False", "0")).contains("True or False"));
    assert!(message(&good.replace("3", "-3")).contains("the length of an axis"));
    assert!(message(&good.replace("3", "99999999999999999999999")).contains("the length of an axis"));
    assert!(message(&good.replace("(3,)", &"(".repeat(60_000))).contains("the length of an axis"));
    assert!(message("{'descr").contains("where a closed string should be"));
}

#[test]
fn lengths_that_do_not_fit_are_refused_before_memory_is_taken() {
    let shape =
        |shape: &str| message(&format!("{{'descr': '<f8', 'fortran_order': True, 'shape': {shape}, }}"));
    assert!(shape("(2,)").ends_with("more than the 16 bytes that its header promises follow"));
    assert!(shape("(4,)").ends_with("its header promises 32 bytes, but only 24 follow"));
    assert!(shape("(1000000000000,)").contains("promises 8000000000000 bytes, but it has at most"));
    assert!(shape("(4294967296, 4294967296, 4294967296)").contains("more than any file can hold"));
    let long = [b"\x93NUMPY\x02\x00", &u32::MAX.to_le_bytes()[..]].concat();
    assert!(Npy::from_bytes(&long, "a.npy").unwrap_err().to_string().contains("4294967295 bytes, more than"));
}

proptest::proptest! {
    #[test]
    fn a_header_that_is_cut_or_changed_is_read_or_refused(at in 0_usize..60, symbol in "[ -~é]", end in 0_usize..70) {
        let mut header = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }".to_owned();
        header.replace_range(at.min(header.len() - 1)..=at.min(header.len() - 1), &symbol);
        if header.is_char_boundary(end) {
            header.truncate(end);
        }
        if let Ok(array) = Npy::from_bytes(&file(&header, &[0; 12]), "a.npy") {
            assert_eq!(array.to_vec().unwrap().len(), array.shape().iter().product::<usize>());
        }
    }

    #[test]
    fn any_change_of_a_byte_gives_an_array_or_an_error(at in 0_usize..200, byte in 0_u8..=255) {
        let mut bytes = std::fs::read(format!("{FIXTURES}/float64_fortran.npy")).unwrap();
        bytes[at] = byte;
        if let Ok(array) = Npy::from_bytes(&bytes, "a.npy") {
            assert_eq!(array.to_vec().unwrap().len(), array.shape().iter().product::<usize>());
        }
    }
}
