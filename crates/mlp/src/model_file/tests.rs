use super::ModelFileErrorKind::{CutOff, Damaged, Empty, NotAModel, OtherVersion, TooLong};
use super::*;
use crate::data::{DatasetReader, Recipe, Table};
use crate::{EarlyStopping, End, Epoch, Optimizer, Report, Training};
use serde_json::{Value, json};

/// Numbers, a category, a boolean; some of each are missing.
const TABLE: &[u8] = "width \"cm\",高さ,alive,colour,same,species\n1.5,1e-3,yes,red,7,a\n,2.5,no,green,7,b\n\
                      0.1,,yes,,7,c\n7,1e3,,\"red, or so\",7,a\n"
    .as_bytes();

fn table() -> Table {
    Table::from_bytes(TABLE, "plants.csv").unwrap()
}

/// A model with all that a file can hold, by no sums but those of the preprocessing.
fn model() -> Model<f32> {
    let (data, schema) = DatasetReader::classes("species").read(&table()).unwrap();
    let preprocess = Preprocess::fit_read(&schema, data.frame(), &Recipe::default()).unwrap();
    let outcome = Outcome::Classes { name: "species".into(), classes: data.classes().to_vec() };
    let parameters = (0..23).map(|i| 0.1 * i as f32 - 0.7).collect();
    let network = Network::from_parameters(&[6, 2, 3], parameters).unwrap();
    let network = network.with_activation(Activation::Tanh).with_output(Output::Softmax);
    let training = Training {
        lambda: 0.1 + 0.2,
        seed: u64::MAX,
        early_stopping: Some(EarlyStopping::default()),
        ..Training::new(Optimizer::adam(1.0 / 3.0))
    };
    let epoch = |number, cost| Epoch { number, cost, held_out: None, learning_rate: Some(1.0 / 3.0) };
    let history = vec![epoch(1, 2.0 / 3.0), Epoch { held_out: Some(0.1), ..epoch(2, 5e-324) }];
    let report = Some(Report { end: End::EarlyStopping, history, steps: u64::MAX, best_epoch: Some(2) });
    let record =
        TrainingRecord { data: "plants.csv".into(), rows: 4, held_out: 1, training: Some(training), report };
    Model::new(network, preprocess, outcome).unwrap().with_record(record)
}

/// The same model in double precision.
fn in_double(model: &Model<f32>) -> Model<f64> {
    Model::from_bytes(&model.to_bytes().unwrap()).unwrap()
}

fn kind(bytes: &[u8]) -> ModelFileErrorKind {
    match Model::<f32>::from_bytes(bytes).unwrap_err() {
        Error::ModelFile { kind, .. } => kind,
        other => panic!("{other}"),
    }
}

#[track_caller]
fn is_damaged(bytes: &[u8], expected: &str) {
    match kind(bytes) {
        Damaged { what } => assert!(what.contains(expected), "{expected:?} is not in: {what}"),
        other => panic!("{expected:?} is not: {other}"),
    }
}

/// The bytes with another header, and its length adjusted.
fn with_header(bytes: &[u8], edit: impl Fn(&str) -> String) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = edit(std::str::from_utf8(&bytes[8..8 + length]).unwrap());
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[8 + length..]].concat()
}

/// The bytes with this in the place of that, which is in the header.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    with_header(bytes, |header| {
        assert!(header.contains(from), "{from} is not in {header}");
        header.replace(from, to)
    })
}

/// The bytes with another description.
fn described(bytes: &[u8], edit: impl Fn(String) -> String) -> Vec<u8> {
    with_header(bytes, |header| {
        let mut header: Value = serde_json::from_str(header).unwrap();
        let description = &mut header["__metadata__"][KEY];
        *description = edit(description.as_str().unwrap().to_owned()).into();
        header.to_string()
    })
}

/// The bytes with this value at that place of the description.
fn with(bytes: &[u8], place: &str, value: &Value) -> Vec<u8> {
    described(bytes, |description| {
        let mut description: Value = serde_json::from_str(&description).unwrap();
        *description.pointer_mut(place).unwrap_or_else(|| panic!("there is no {place}")) = value.clone();
        description.to_string()
    })
}

#[test]
fn a_model_comes_back_to_the_bit_in_either_precision() {
    let single = model();
    assert_eq!(Model::from_bytes(&single.to_bytes().unwrap()).unwrap(), single);
    let double = in_double(&single);
    assert_eq!(double.network.parameters()[3], f64::from(single.network.parameters()[3]));
    assert_eq!(double.record, single.record);
    assert_eq!(Model::<f64>::from_bytes(&double.to_bytes().unwrap()).unwrap(), double);
    assert_eq!(Model::<f32>::from_bytes(&double.to_bytes().unwrap()).unwrap(), single);
    assert_eq!(double.predict_classes(&table()).unwrap(), single.predict_classes(&table()).unwrap());
}

#[test]
fn a_network_comes_back_with_its_functions() {
    for activation in Activation::ALL {
        for output in [Output::Sigmoid, Output::Softmax] {
            let mut saved = model();
            saved.network = saved.network.with_activation(activation).with_output(output);
            let read = Model::<f32>::from_bytes(&saved.to_bytes().unwrap()).unwrap();
            assert_eq!(read, saved);
            assert_eq!((read.network.activation(), read.network.output()), (activation, output));
        }
    }
}

#[test]
fn labels_numbers_and_answers_apart_come_back() {
    let names = ["x", "y", "z"].map(str::to_owned).to_vec();
    let numbers = Outcome::Numbers {
        names: names.clone(),
        mean: vec![-0.0, 1e300, 1.0 / 3.0],
        deviation: vec![5e-324, 1.0, 0.1],
    };
    for (outcome, output) in [(Outcome::Labels { names }, Output::Sigmoid), (numbers, Output::Identity)] {
        let Model { network, preprocess, .. } = in_double(&model());
        let saved = Model::new(network.with_output(output), preprocess, outcome).unwrap();
        let saved = saved.with_probabilities(Probabilities::Apart);
        assert_eq!(Model::<f64>::from_bytes(&saved.to_bytes().unwrap()).unwrap(), saved);
    }
}

#[test]
fn two_classes_have_one_unit() {
    let table = Table::from_bytes(b"a,b,y\n1,2,no\n2,5,yes\n", "t.csv").unwrap();
    let (data, _) = DatasetReader::classes("y").read(&table).unwrap();
    let preprocess = Preprocess::fit(data.frame(), &Recipe::default()).unwrap();
    let outcome = Outcome::Classes { name: "y".into(), classes: data.classes().to_vec() };
    let model = |sizes: &[usize], n| {
        let network = Network::from_parameters(sizes, vec![1.0_f64; n])?;
        Model::new(network, preprocess.clone(), outcome.clone())
    };
    let one = model(&[2, 1], 3).unwrap();
    assert_eq!(Model::from_bytes(&one.to_bytes().unwrap()).unwrap(), one);
    let error = model(&[2, 2], 6).unwrap_err().to_string();
    assert!(error.contains("2 classes or columns to predict and 2 output units"), "{error}");
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
    let (bytes, table) = (model().to_bytes().unwrap(), table());
    for at in 0..bytes.len() {
        for flip in [0x01, 0x10, 0x80, 0xFF] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            if let Ok(model) = Model::<f32>::from_bytes(&changed) {
                let _ = (model.predict_proba(&table), model.read(&table));
            }
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
    let bytes = with(&model().to_bytes().unwrap(), "/version", &json!(3));
    assert_eq!(kind(&bytes), OtherVersion { version: 3, newest: 2 });
    // Whatever else stands in it.
    let bytes = described(&bytes, |_| r#"{"version":99,"all":"new"}"#.to_owned());
    assert_eq!(kind(&bytes), OtherVersion { version: 99, newest: 2 });
}

#[test]
fn what_does_not_fit_inside_is_named() {
    let bytes = model().to_bytes().unwrap();
    let no_room = json!([6, 9_999_999_999_999_u64, 99_999_999_999_999_u64]);
    let cases = [
        ("/sizes", json!([6, 3, 3]), "tensor `layer.1.theta` has the shape [2, 6] instead of [3, 6]"),
        ("/sizes", json!([6, 3]), "4 tensors instead of 2"),
        ("/sizes", json!([6]), "4 tensors instead of 0"),
        ("/sizes", json!([]), "4 tensors instead of 0"),
        ("/sizes", no_room, "no room for the parameters"),
        ("/outcome/classes/classes", json!(["a", "b"]), "2 classes or columns to predict and 3 output units"),
        ("/outcome/classes/classes", json!([]), "0 classes or columns to predict and 3 output units"),
        ("/outcome/classes/classes", json!(["a", "b", "b"]), "two times `b` to predict"),
        ("/outcome/classes/name", json!("高さ"), "`高さ` to predict and to predict from"),
        ("/outcome", json!({"labels": {"names": ["x", "y", "z"]}}), "the output softmax"),
        ("/activation", json!("step"), "its activation is `step`, and known are sigmoid, "),
        ("/output", json!("step"), "its output is `step`, and known are sigmoid, "),
        ("/output", json!("identity"), "the output identity for what is to be predicted"),
        ("/probabilities", json!("none"), "its description is wrong"),
        ("/record/training/epochs", json!(-7), "its description is wrong"),
        ("/record/training/seed", json!(1e300), "its description is wrong"),
    ];
    for (place, value, expected) in cases {
        is_damaged(&with(&bytes, place, &value), expected);
    }
    is_damaged(&replaced(&bytes, "layer.2.bias", "layer.9.bias"), "tensor `layer.2.bias` is missing");
    is_damaged(&replaced(&bytes, r#""F32""#, r#""I32""#), "holds I32 instead of F32 or F64");
}

#[test]
fn hostile_descriptions_are_refused() {
    let bytes = model().to_bytes().unwrap();
    let cases = [
        ("/preprocess/chain", json!([]), "categories"),
        ("/preprocess/chain/2", json!({"custom": {}}), "its description is wrong"),
        ("/preprocess/chain/2/scale/centre", json!([0.0]), "a number for each column"),
        ("/preprocess/chain/2/scale/scale/0", json!(-1.0), "scales from 0 up"),
        ("/preprocess/chain/2/scale/scale/0", Value::Null, "its description is wrong"),
        ("/preprocess/chain/2/scale/columns/0", json!("depth"), "missing: `depth`"),
        ("/preprocess/chain/2/scale/columns/0", json!("高さ"), "`高さ` twice"),
        ("/preprocess/chain/2/scale/columns/0", json!("colour"), "numbers in column `colour`"),
        ("/preprocess/chain/0/impute/indicators", json!([usize::MAX]), "its description is wrong"),
        ("/preprocess/chain/1/impute/fills", json!({"levels": []}), "a level for each column"),
        ("/preprocess/chain/3/one_hot/levels", json!([]), "its description is wrong"),
        ("/preprocess/chain/3/one_hot/levels/0", json!([]), "input units"),
        ("/preprocess/chain/3/one_hot/levels/0", json!(["red", "red", "red"]), "its description is wrong"),
        (
            "/preprocess/chain/2",
            json!({"polynomial": {"columns": ["高さ", "alive"], "degree": usize::MAX, "interactions": false}}),
            "at most 65536 products",
        ),
        (
            "/preprocess/chain/2",
            json!({"pca": {"columns": ["高さ"], "mean": [0.0], "components": [], "variance": [1.0], "total_variance": 1.0}}),
            "whole components",
        ),
        ("/preprocess/schema/columns", json!([]), "its description is wrong"),
        ("/preprocess/schema/columns/1/name", json!("alive"), "`alive` twice"),
        ("/preprocess/schema/columns/2/role/boolean/yes", json!("No"), "different words for no and yes"),
        ("/preprocess/schema/columns/3/role/category/levels", json!(["red", "red"]), "levels that differ"),
        ("/preprocess/schema/columns/0/role", json!("category"), "its description is wrong"),
        (
            "/outcome",
            json!({"numbers": {"names": ["x", "y", "z"], "mean": [0.0], "deviation": [1.0, 1.0, 1.0]}}),
            "means and deviations that do not fit",
        ),
        (
            "/outcome",
            json!({"numbers": {"names": ["x"], "mean": [0.0], "deviation": [0.0]}}),
            "means and deviations that do not fit",
        ),
        ("/outcome", json!({"numbers": {"names": [], "mean": [], "deviation": []}}), "0 classes or columns"),
    ];
    for (place, value, expected) in cases {
        is_damaged(&with(&bytes, place, &value), expected);
    }
    let many: Vec<String> = (0..200_000).map(|level| level.to_string()).collect();
    let levels = with(&bytes, "/preprocess/chain/3/one_hot/levels/0", &json!(many));
    is_damaged(&levels, "200003 features and 6 input units");
    // What no `Value` says.
    for (from, to) in [
        (r#""offset":0.0"#, r#""offset":NaN"#),
        (r#""offset":0.0"#, r#""offset":1e999"#),
        (r#""offset":0.0"#, r#""offset":0.0,"offset":0.0"#),
        (r#""version":2"#, r#""version":2,"later":1"#),
        (r#""version":2"#, r#""version":2.5"#),
        (r#""sizes":["#, &format!(r#""sizes":[{}"#, "[".repeat(100_000))),
    ] {
        is_damaged(&described(&bytes, |text| text.replacen(from, to, 1)), "its description is wrong");
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let bytes = model().to_bytes().unwrap();
    let end = bytes.len();
    for value in [f32::NAN, f32::INFINITY] {
        let mut changed = bytes.clone();
        changed[end - 4..].copy_from_slice(&value.to_le_bytes());
        is_damaged(&changed, "a parameter that is not a finite number");
    }
    let mut large = in_double(&model());
    large.network.parameters_mut()[0] = 1e300;
    is_damaged(&large.to_bytes().unwrap(), "a parameter that is not a finite number");
    large.network.parameters_mut()[0] = f64::NAN;
    assert!(large.to_bytes().unwrap_err().to_string().contains("not a finite number"));
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

/// Probabilities that were computed elsewhere, in double precision.
#[track_caller]
fn are_about(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} is not {expected}");
    }
}

#[test]
fn version_1_stays_readable() {
    let bytes = include_bytes!("../../tests/fixtures/model-version-1.safetensors");
    let model = Model::<f32>::from_bytes(bytes).unwrap();
    let parameters: Vec<f32> = (0..15).map(|i| 0.1 * i as f32 - 0.7).collect();
    assert_eq!((model.network.sizes(), model.network.parameters()), (&[2, 2, 3][..], &parameters[..]));
    assert_eq!(model.network.activation(), Activation::Sigmoid);
    assert_eq!(model.preprocess.schema().names(), ["width \"cm\"", "高さ"]);
    assert_eq!(model.classes(), ["a", "b", "c"]);
    let training = Training {
        lambda: 0.1 + 0.2,
        epochs: 7,
        batch_size: Some(32),
        seed: u64::MAX,
        ..Training::new(Optimizer::gradient_descent(1.0))
    };
    let record = TrainingRecord { training: Some(training), ..TrainingRecord::default() };
    assert_eq!(model.record, TrainingRecord { data: "plants.csv".into(), ..record });
    // The columns were standardised by 1/3 and 0.1, and by 1e-300 and 0: the second was constant. The three answers stand
    // for themselves, as they did: they do not sum to 1.
    let rows = [0.4, 5.0, 1.0 / 3.0, 1e-300];
    let expected = [0.614976577, 0.669443269, 0.719716562, 0.612407724, 0.675373168, 0.732576388];
    are_about(model.predict_proba(&rows[..]).unwrap().as_slice(), &expected);
    assert_eq!(model.predict_classes(&rows[..]).unwrap(), ["c", "c"]);
    // What is saved anew is the same model, in a file of today.
    let again = model.to_bytes().unwrap();
    assert_eq!(Model::from_bytes(&again).unwrap(), model);
    assert_ne!(again, bytes);
}

#[test]
fn what_does_not_fit_in_version_1_is_named() {
    let bytes = include_bytes!("../../tests/fixtures/model-version-1.safetensors");
    for (place, value, expected) in [
        ("/columns", json!(["x", "x"]), "twice"),
        ("/columns", json!(["x"]), "tensor `standardize.mean` has the shape [2] instead of [1]"),
        ("/columns", json!([]), "tensor `standardize.mean` has the shape [2] instead of [0]"),
        ("/target", json!("高さ"), "the target `高さ` among the columns"),
        ("/classes", json!(["a", "b", "b"]), "two times `b` to predict"),
        ("/sizes", json!([2, 2]), "6 tensors instead of 4"),
        ("/activation", json!("step"), "its activation is `step`"),
        ("/training/epochs", json!(-7), "its description is wrong"),
    ] {
        is_damaged(&with(bytes, place, &value), expected);
    }
    // A learning rate that gradient descent does not take is no reason to lose the model.
    let odd = with(bytes, "/training/learning_rate", &json!(-1.0));
    assert_eq!(Model::<f32>::from_bytes(&odd).unwrap().record.training, None);
}

const VERSION_2: &[u8] = include_bytes!("../../tests/fixtures/model-version-2.safetensors");

#[test]
fn version_2_stays_readable() {
    let read = Model::<f32>::from_bytes(VERSION_2).unwrap();
    assert_eq!(read, model());
    let expected = [
        [0.225789293, 0.320180065, 0.454030642],
        [0.211928565, 0.316224410, 0.471847025],
        [0.217230979, 0.317810379, 0.464958642],
        [0.317833596, 0.333089272, 0.349077126],
    ];
    are_about(read.predict_proba(&table()).unwrap().as_slice(), expected.as_flattened());
    assert_eq!(read.predict_classes(&table()).unwrap(), ["c"; 4]);
}

#[test]
fn version_2_is_written_as_it_was() {
    assert!(model().to_bytes().unwrap() == VERSION_2, "the files that are written have changed");
}

/// How the fixture was made: `cargo test -p mlp --lib write_the_fixture -- --ignored`. Once a version is out in the world it stays
/// as it is.
#[test]
#[ignore = "it writes the fixture that the others read"]
fn write_the_fixture() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/model-version-2.safetensors");
    std::fs::write(path, model().to_bytes().unwrap()).unwrap();
}
