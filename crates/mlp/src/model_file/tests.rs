use super::ModelFileErrorKind::{CutOff, Damaged, Empty, NotAModel, OtherVersion, TooLong};
use super::*;

fn model() -> Model<f32> {
    Model {
        sizes: vec![2, 2, 3],
        activation: Activation::Sigmoid,
        parameters: (0..15).map(|i| 0.1 * i as f32 - 0.7).collect(),
        columns: vec!["width \"cm\"".into(), "高さ".into()],
        target: "species".into(),
        classes: vec!["a".into(), "b".into(), "c".into()],
        standardize: Standardize::from_parts(vec![1.0 / 3.0, 1e-300], vec![0.1, 0.0]).unwrap(),
        training: TrainingRecord {
            data: "plants.csv".into(),
            held_out: 0.2,
            lambda: 0.1 + 0.2,
            learning_rate: 1.0,
            epochs: 7,
            batch_size: Some(32),
            seed: u64::MAX,
        },
    }
}

fn kind(bytes: &[u8]) -> ModelFileErrorKind {
    match Model::<f32>::from_bytes(bytes).unwrap_err() {
        Error::ModelFile { kind, .. } => kind,
        other => panic!("{other}"),
    }
}

/// The bytes with `from` in the header replaced by `to`, and the length of the header adjusted.
fn with_header(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + length]).unwrap();
    assert!(header.contains(from), "{from} is not in {header}");
    let header = header.replace(from, to);
    let mut new = (header.len() as u64).to_le_bytes().to_vec();
    new.extend(header.bytes());
    new.extend(&bytes[8 + length..]);
    new
}

#[test]
fn a_model_comes_back_to_the_bit_in_either_precision() {
    let single = model();
    assert_eq!(Model::from_bytes(&single.to_bytes().unwrap()).unwrap(), single);
    let double = Model::<f64>::from_bytes(&single.to_bytes().unwrap()).unwrap();
    assert_eq!(double.parameters[3], f64::from(single.parameters[3]));
    assert_eq!(Model::<f64>::from_bytes(&double.to_bytes().unwrap()).unwrap(), double);
    assert_eq!(Model::<f32>::from_bytes(&double.to_bytes().unwrap()).unwrap(), single);
}

#[test]
fn a_network_comes_back_with_its_activation() {
    for activation in Activation::ALL {
        let saved = Model { activation, ..model() };
        let read = Model::<f32>::from_bytes(&saved.to_bytes().unwrap()).unwrap();
        assert_eq!(read, saved);
        assert_eq!(read.network().unwrap().activation(), activation);
    }
}

#[test]
fn two_classes_have_one_unit() {
    let one = Model {
        sizes: vec![2, 1],
        activation: Activation::Sigmoid,
        parameters: vec![1.0_f64, 2.0, 3.0],
        columns: vec!["a".into(), "b".into()],
        target: "y".into(),
        classes: vec!["no".into(), "yes".into()],
        standardize: Standardize::from_parts(vec![0.0; 2], vec![1.0; 2]).unwrap(),
        training: TrainingRecord::default(),
    };
    assert_eq!(Model::from_bytes(&one.to_bytes().unwrap()).unwrap(), one);
    let two_units = Model { sizes: vec![2, 2], parameters: vec![0.0; 6], ..one };
    assert!(two_units.to_bytes().unwrap_err().to_string().contains("2 classes and 2 output units"));
}

#[test]
fn every_cut_is_noticed() {
    let bytes = model().to_bytes().unwrap();
    assert_eq!(kind(&[]), Empty);
    for length in 1..9 {
        assert_eq!(kind(&bytes[..length]), NotAModel, "{length}");
    }
    for length in 9..bytes.len() {
        assert!(matches!(kind(&bytes[..length]), CutOff { missing } if missing > 0), "{length}");
    }
}

#[test]
fn bytes_after_the_end_are_noticed() {
    let mut bytes = model().to_bytes().unwrap();
    bytes.push(0);
    assert_eq!(kind(&bytes), TooLong { extra: 1 });
}

#[test]
fn no_single_changed_byte_panics() {
    let bytes = model().to_bytes().unwrap();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x10, 0x80, 0xFF] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            let _ = Model::<f32>::from_bytes(&changed);
        }
    }
}

#[test]
fn foreign_files_are_no_models() {
    assert_eq!(kind(b"a,b,c\n1,2,3\n4,5,6\n"), NotAModel);
    assert_eq!(kind(&[0; 100]), NotAModel);
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).unwrap();
    assert_eq!(kind(&safetensors::serialize([("w", view)], None).unwrap()), NotAModel);
}

#[test]
fn a_later_version_is_named() {
    let bytes = with_header(&model().to_bytes().unwrap(), r#"\"version\":1"#, r#"\"version\":2"#);
    assert_eq!(kind(&bytes), OtherVersion { version: 2, newest: 1 });
}

#[test]
fn what_does_not_fit_inside_is_named() {
    let bytes = model().to_bytes().unwrap();
    let cases = [
        (
            r#"\"sizes\":[2,2,3]"#,
            r#"\"sizes\":[2,3,3]"#,
            "tensor `layer.1.theta` has the shape [2, 2] instead of [3, 2]",
        ),
        (r#"\"sizes\":[2,2,3]"#, r#"\"sizes\":[2,3]"#, "6 tensors instead of 4"),
        (r#"\"sizes\":[2,2,3]"#, r#"\"sizes\":[2]"#, "6 tensors instead of 2"),
        (
            r#"\"sizes\":[2,2,3]"#,
            r#"\"sizes\":[2,9999999999999,99999999999999]"#,
            "no room for the parameters",
        ),
        (r#"\"a\",\"b\",\"c\""#, r#"\"a\",\"b\""#, "2 classes and 3 output units"),
        (r#"\"a\",\"b\",\"c\""#, r#"\"a\",\"b\",\"b\""#, "two times the class `b`"),
        (r#"\"target\":\"species\""#, r#"\"target\":\"高さ\""#, "the target `高さ` among the columns"),
        (
            r#"\"activation\":\"sigmoid\""#,
            r#"\"activation\":\"step\""#,
            "its activation is `step`, and known are sigmoid, ",
        ),
        ("layer.2.bias", "layer.9.bias", "tensor `layer.2.bias` is missing"),
        (r#""F32""#, r#""I32""#, "holds I32 instead of F32 or F64"),
        (r#"\"epochs\":7"#, r#"\"epochs\":-7"#, "its description is wrong"),
    ];
    for (from, to, expected) in cases {
        match kind(&with_header(&bytes, from, to)) {
            Damaged { what } => assert!(what.contains(expected), "{from} → {to}: {what}"),
            other => panic!("{from} → {to}: {other}"),
        }
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let bytes = model().to_bytes().unwrap();
    let end = bytes.len();
    // The tensors of f32 stand behind those of f64, so the last number is a parameter.
    for value in [f32::NAN, f32::INFINITY] {
        let mut changed = bytes.clone();
        changed[end - 4..].copy_from_slice(&value.to_le_bytes());
        assert!(matches!(kind(&changed), Damaged { what } if what.contains("not a finite number")));
    }
    let mut large = Model::<f64>::from_bytes(&bytes).unwrap();
    large.parameters[0] = 1e300;
    assert!(matches!(kind(&large.to_bytes().unwrap()), Damaged { .. }), "too large for f32");
}

#[test]
fn ends_near_the_largest_integer_are_refused() {
    let end = u64::MAX - 4;
    let header = format!(r#"{{"w":{{"dtype":"U8","shape":[{end}],"data_offsets":[0,{end}]}}}}"#);
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    assert!(matches!(kind(&bytes), CutOff { .. }));
    let header = format!("{{{}}}", r#""a":{"b":"#.repeat(10_000));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    assert!(matches!(kind(&bytes), Damaged { .. }));
}

#[test]
fn version_1_stays_readable() {
    let bytes = include_bytes!("../../tests/fixtures/model-version-1.safetensors");
    assert_eq!(Model::<f32>::from_bytes(bytes).unwrap(), model());
}
