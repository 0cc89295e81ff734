use super::*;

fn message(bytes: &[u8]) -> String {
    Idx::from_bytes(bytes, "a.idx").unwrap_err().to_string()
}

/// A file of this kind and shape, with these bytes after the header.
fn file(kind: u8, shape: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|axis| axis.to_be_bytes()));
    bytes.extend(elements);
    bytes
}

#[test]
fn elements_of_every_kind_are_what_they_were() {
    let read =
        |kind, elements: &[u8]| Idx::from_bytes(&file(kind, &[2], elements), "a.idx").unwrap().to_vec();
    assert_eq!(read(0x08, &[0, 255]), [0.0, 255.0]);
    assert_eq!(read(0x09, &[0x80, 0x7F]), [-128.0, 127.0]);
    assert_eq!(read(0x0B, &[-300_i16, 7].map(i16::to_be_bytes).concat()), [-300.0, 7.0]);
    assert_eq!(
        read(0x0C, &[i32::MIN, i32::MAX].map(i32::to_be_bytes).concat()),
        [-2147483648.0, 2147483647.0]
    );
    assert_eq!(
        read(0x0D, &[0.1_f32, -1e30].map(f32::to_be_bytes).concat()),
        [f64::from(0.1_f32), f64::from(-1e30_f32)]
    );
    assert_eq!(read(0x0E, &[0.1_f64, 1e300].map(f64::to_be_bytes).concat()), [0.1, 1e300]);
}

#[test]
fn axes_name_the_columns() {
    let names = |shape: &[u32]| {
        let elements = vec![1; shape.iter().product::<u32>() as usize];
        let frame = Idx::from_bytes(&file(8, shape, &elements), "a.idx").unwrap().to_frame().unwrap();
        frame.names().join(" ")
    };
    assert_eq!(names(&[3]), "x_0");
    assert_eq!(names(&[1, 2]), "x_0 x_1");
    assert_eq!(names(&[2, 2, 2]), "pixel_0_0 pixel_0_1 pixel_1_0 pixel_1_1");
    assert_eq!(names(&[1, 1, 2, 2]), "pixel_0_0_0 pixel_0_0_1 pixel_0_1_0 pixel_0_1_1");
    assert_eq!(names(&[1, 1, 1, 1, 2]), "x_0 x_1");
}

#[test]
fn files_that_are_cut_or_go_on_are_told_apart() {
    let whole = file(0x0B, &[2, 3], &[0; 12]);
    assert!(Idx::from_bytes(&whole, "a.idx").is_ok());
    for length in 0..12 {
        assert!(message(&whole[..length]).ends_with("it ends within its header"), "{length}");
    }
    assert!(message(&whole[..23]).ends_with("its header promises 12 bytes, but only 11 follow"));
    let longer = [whole, vec![0]].concat();
    assert!(message(&longer).ends_with("more than the 12 bytes that its header promises follow"));
}

#[test]
fn other_files_are_refused() {
    for start in [[0, 0, 0x0A, 1], [1, 0, 8, 1], [0, 1, 8, 1], [0, 0, 8, 0], *b"PK\x03\x04"] {
        assert!(message(&start).contains("it begins with the bytes ["), "{start:?}");
    }
    assert!(message(b"PK\x03\x04").contains("[50, 4B, 03, 04]"));
}

#[test]
fn a_header_that_promises_too_much_takes_no_memory() {
    assert!(message(&file(8, &[u32::MAX, u32::MAX], &[1; 9])).contains("but it has at most 21"));
    assert!(message(&file(8, &[u32::MAX; 255], &[1; 9])).contains("more than any file can hold"));
    assert!(message(&file(8, &[1 << 31], &[1; 9])).contains("promises 2147483648 bytes"));
}

#[test]
fn empty_axes_have_no_rows() {
    for shape in [vec![0, 4], vec![4, 0], vec![0, u32::MAX, u32::MAX], vec![u32::MAX, u32::MAX, 0]] {
        let array = Idx::from_bytes(&file(8, &shape, &[]), "a.idx").unwrap();
        assert!(array.to_vec().is_empty());
        assert!(array.to_frame().unwrap_err().to_string().contains("at least one row and one column"));
    }
    let none = Idx::from_bytes(&file(8, &[0], &[]), "a.idx").unwrap();
    assert!(none.to_classes("y").is_err());
}

#[test]
fn labels_have_one_axis_and_two_classes() {
    let classes = |shape: &[u32], elements: &[u8]| {
        Idx::from_bytes(&file(8, shape, elements), "a.idx").unwrap().to_classes("y")
    };
    assert!(classes(&[2], &[3, 4]).is_ok());
    assert!(classes(&[2], &[3, 3]).unwrap_err().to_string().contains("every row has the label `3`"));
    assert!(classes(&[2, 1], &[3, 4]).unwrap_err().to_string().contains("one axis of labels"));
}

#[test]
fn infinities_are_refused() {
    let bytes = file(0x0E, &[1, 2], &[1.0, f64::INFINITY].map(f64::to_be_bytes).concat());
    let error = Idx::from_bytes(&bytes, "a.idx").unwrap().to_frame().unwrap_err().to_string();
    assert!(error.contains("inf in row 0, column 1"), "{error}");
}

#[test]
#[cfg(not(feature = "gzip"))]
fn packed_files_name_the_feature_that_reads_them() {
    let message = message(&[0x1F, 0x8B, 8, 0]);
    assert!(message.starts_with("a.idx: a file packed by gzip is read with the feature `gzip`"), "{message}");
}

#[cfg(feature = "gzip")]
mod packed {
    use super::*;
    use std::io::Write;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn packed_files_are_what_they_were() {
        let whole = file(8, &[1000, 100], &[7; 100_000]);
        assert_eq!(
            Idx::from_bytes(&pack(&whole), "a.gz").unwrap(),
            Idx::from_bytes(&whole, "a.idx").unwrap()
        );
        let members = [pack(&whole[..50]), pack(&whole[50..])].concat();
        assert_eq!(Idx::from_bytes(&members, "a.gz").unwrap().shape(), [1000, 100]);
    }

    #[test]
    fn packed_files_that_are_cut_changed_or_go_on_are_refused() {
        let elements: Vec<u8> = (0..5000_u32).map(|i| (i * i % 251) as u8).collect();
        let packed = pack(&file(8, &[5000], &elements));
        for length in [3, 12, packed.len() / 2, packed.len() - 9, packed.len() - 1] {
            assert!(Idx::from_bytes(&packed[..length], "a.gz").is_err(), "{length}");
        }
        for at in [2, 14, packed.len() / 2, packed.len() - 5, packed.len() - 2] {
            let mut changed = packed.clone();
            changed[at] ^= 0x10;
            assert!(Idx::from_bytes(&changed, "a.gz").is_err(), "{at}");
        }
        let longer = [packed, b"more".to_vec()].concat();
        assert!(message(&longer).contains("cannot be unpacked"), "{}", message(&longer));
    }

    #[test]
    fn a_packed_file_of_zeros_without_end_is_left_where_its_header_ends() {
        let bomb = pack(&file(8, &[10], &vec![0; 50_000_000]));
        assert!(message(&bomb).contains("more than the 10 bytes"));
        let claims = pack(&file(8, &[u32::MAX, u32::MAX], &[]));
        assert!(message(&claims).contains("but it has at most"), "{}", message(&claims));
    }

    #[test]
    fn mnist_is_read_and_has_its_digits() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/mnist");
        let of = |name: &str| format!("{folder}/{name}");
        if !Path::new(folder).exists() {
            println!("skipped: {folder} is not there");
            return;
        }
        let test =
            Dataset::from_idx(of("t10k-images-idx3-ubyte.gz"), of("t10k-labels-idx1-ubyte.gz")).unwrap();
        assert_eq!((test.n_rows(), test.n_columns()), (10_000, 784));
        assert_eq!((test.columns()[0].as_str(), test.columns()[783].as_str()), ("pixel_0_0", "pixel_27_27"));
        assert_eq!(test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
        let mut counts = [0; 10];
        for label in test.labels() {
            counts[*label] += 1;
        }
        assert_eq!(counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
        assert!(test.features().iter().all(|pixel| (0.0..=255.0).contains(pixel)));
        // The known mean of the test images over 255 is 0.1325.
        let mean = test.features().iter().sum::<f64>() / test.features().len() as f64 / 255.0;
        assert!((mean - 0.1325).abs() < 1e-4, "{mean}");
        let swapped = Dataset::from_idx(of("t10k-labels-idx1-ubyte.gz"), of("t10k-images-idx3-ubyte.gz"));
        assert!(swapped.unwrap_err().to_string().contains("one axis of labels"));
    }
}

proptest::proptest! {
    #[test]
    fn a_file_is_an_array_if_it_is_as_long_as_it_says(
        kind in 7_u8..16,
        shape in proptest::collection::vec(0_u32..4, 0..4),
        width in 1_usize..9,
        more in -1_isize..2,
    ) {
        let widths = [(8, 1), (9, 1), (11, 2), (12, 4), (13, 4), (14, 8)];
        let length = (shape.iter().product::<u32>() as usize * width).saturating_add_signed(more);
        let fits = !shape.is_empty()
            && widths.iter().any(|(code, width)| {
                *code == kind && shape.iter().product::<u32>() as usize * width == length
            });
        let array = Idx::from_bytes(&file(kind, &shape, &vec![1; length]), "a.idx");
        assert_eq!(array.is_ok(), fits);
        if let Ok(array) = array {
            assert_eq!(array.to_vec().len(), array.shape().iter().product::<usize>());
            assert_eq!(array.to_frame().is_ok(), !shape.contains(&0));
        }
    }
}
