//! The files taken apart again. That they say what the library says, `tests/onnx/check.py` sees with ONNX Runtime.

use std::collections::HashSet;
use std::sync::Arc;

use super::proto::{AttributeProto, DataType, GraphProto, Length, NodeProto, TensorProto, ValueInfoProto};
use super::*;
use crate::data::{
    Category, Columns as Of, Components, CustomFitted, CustomTransform, Fill, Frame, Limits, Preprocess,
    Recipe, Role, Schema, SchemaColumn, Transform, Unknown,
};
use crate::{Activation, Network, Output, Probabilities, TrainingRecord};

/// Two numbers, one of them missing in a row, and a category.
fn frame() -> Frame {
    let numbers = vec![1.0, 10.0, 3.0, f64::NAN, 5.0, 40.0, 6.0, 20.0];
    let colour = Category::of(&[Some("red"), None, Some("blue"), Some("red")]).unwrap();
    let frame = Frame::of_numbers(numbers, vec!["x".into(), "label".into()]).unwrap();
    frame.with_category("colour", colour).unwrap()
}

fn classes(names: &[&str]) -> Outcome {
    let classes = names.iter().map(|name| (*name).to_owned()).collect();
    Outcome::Classes { name: "kind".into(), classes }
}

/// A model of random parameters over these transforms of the frame.
fn model(frame: &Frame, transforms: Vec<Transform>, outcome: Outcome) -> Model {
    let preprocess = Preprocess::fit(frame, &Recipe { transforms, ..Recipe::default() }).unwrap();
    let output = match outcome {
        Outcome::Numbers { .. } => Output::Identity,
        _ => Output::Sigmoid,
    };
    let network = Network::new(&[preprocess.features().len(), 3, outcome.n_outputs()], 1).unwrap();
    let network = network.with_output(output).with_activation(Activation::Tanh);
    Model::new(network, preprocess, outcome).unwrap()
}

fn usual(frame: &Frame, outcome: Outcome) -> Model {
    model(frame, Recipe::default().transforms, outcome)
}

fn decoded(model: &Model) -> ModelProto {
    ModelProto::decode(&model.to_onnx().unwrap()[..]).unwrap()
}

fn graph(model: &Model) -> GraphProto {
    decoded(model).graph.unwrap()
}

fn operators(graph: &GraphProto) -> Vec<&str> {
    graph.node.iter().map(|node| node.op_type.as_deref().unwrap()).collect()
}

fn constant<'a>(graph: &'a GraphProto, name: &str) -> &'a TensorProto {
    let found = graph.initializer.iter().find(|tensor| tensor.name.as_deref() == Some(name));
    found.unwrap_or_else(|| panic!("no constant {name}"))
}

fn numbers(tensor: &TensorProto) -> Vec<f32> {
    assert_eq!(tensor.data_type, Some(DataType::Float as i32));
    let bytes = tensor.raw_data.as_ref().unwrap().chunks_exact(4);
    bytes.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn integers(tensor: &TensorProto) -> Vec<i64> {
    assert_eq!(tensor.data_type, Some(DataType::Int64 as i32));
    let bytes = tensor.raw_data.as_ref().unwrap().chunks_exact(8);
    bytes.map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// Name, type and axes, such as `X float [N, 2]`.
fn described(value: &ValueInfoProto) -> String {
    let tensor = value.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
    let of = format!("{:?}", DataType::try_from(tensor.elem_type.unwrap()).unwrap()).to_lowercase();
    let axes = tensor.shape.as_ref().unwrap().dim.iter().map(|dim| match dim.value.as_ref().unwrap() {
        Length::Value(length) => length.to_string(),
        Length::Param(name) => name.clone(),
    });
    format!("{} {of} [{}]", value.name.as_ref().unwrap(), axes.collect::<Vec<_>>().join(", "))
}

fn interface(model: &Model) -> (Vec<String>, Vec<String>) {
    let graph = graph(model);
    (graph.input.iter().map(described).collect(), graph.output.iter().map(described).collect())
}

/// Every name is made once, and before it is used; outputs are made.
fn check(graph: &GraphProto) {
    let mut known = HashSet::new();
    let given = graph.input.iter().map(|value| &value.name);
    for name in given.chain(graph.initializer.iter().map(|tensor| &tensor.name)) {
        assert!(known.insert(name.as_deref().unwrap()), "{name:?} twice");
    }
    for NodeProto { input, output, .. } in &graph.node {
        for name in input {
            assert!(known.contains(name.as_str()), "`{name}` is used and not there");
        }
        assert!(known.insert(&output[0]), "`{}` twice", output[0]);
    }
    for output in &graph.output {
        assert!(known.contains(output.name.as_deref().unwrap()), "{output:?} is not made");
    }
    for tensor in &graph.initializer {
        let elements = tensor.dims.iter().product::<i64>() as usize;
        let there = match DataType::try_from(tensor.data_type.unwrap()).unwrap() {
            DataType::String => tensor.string_data.len(),
            DataType::Bool => tensor.raw_data.as_ref().unwrap().len(),
            DataType::Int64 => tensor.raw_data.as_ref().unwrap().len() / size_of::<i64>(),
            _ => tensor.raw_data.as_ref().unwrap().len() / size_of::<f32>(),
        };
        assert_eq!(elements, there, "{:?}", tensor.name);
    }
}

#[test]
fn numbers_alone_are_one_input_with_the_columns_that_are_dropped() {
    let frame = frame().select(&["x".into(), "label".into()]).unwrap();
    let model = usual(&frame, classes(&["a", "b", "c"]));
    let (inputs, outputs) = interface(&model);
    assert_eq!(inputs, ["X float [N, 2]"]);
    assert_eq!(outputs, ["label string [N]", "probabilities float [N, 3]"]);

    let rows = vec![1.0, 7.0, 10.0, 2.0, 7.0, 30.0];
    let frame = Frame::of_numbers(rows, ["x", "same", "z"].map(str::to_owned).to_vec()).unwrap();
    let model = usual(&frame, classes(&["a", "b"]));
    assert_eq!(model.preprocess.schema().names(), ["x", "z"]);
    assert_eq!(interface(&model).0, ["X float [N, 3]"]);
    assert_eq!(integers(constant(&graph(&model), "X.read.places")), [0, 2]);
}

#[test]
fn columns_are_inputs_of_their_own_beside_a_category_and_make_way_for_outputs() {
    let (inputs, outputs) = interface(&usual(&frame(), classes(&["1", "2"])));
    assert_eq!(inputs, ["x float [N, 1]", "label_2 float [N, 1]", "colour string [N, 1]"]);
    assert_eq!(outputs, ["label int64 [N]", "probabilities float [N, 2]"]);
}

#[test]
fn a_column_of_names_that_is_dropped_is_no_input() {
    let dropped = Role::Dropped(crate::data::Reason::Identifier { distinct: 30, present: 30 });
    let columns = [("name", dropped), ("x", Role::Number)];
    let columns = columns.map(|(name, role)| SchemaColumn { name: name.into(), role }).to_vec();
    let preprocess = Preprocess::of_parts(Schema::new(columns).unwrap(), Vec::new()).unwrap();
    let network = Network::new(&[1, 1], 0).unwrap();
    let model = Model::new(network, preprocess, classes(&["a", "b"])).unwrap();
    assert_eq!(interface(&model).0, ["x float [N, 1]"]);
}

#[test]
fn labels_are_integers_only_where_all_classes_are_written_so() {
    for (names, of) in
        [(["0", "7"], "int64"), (["-1", "1"], "int64"), (["01", "2"], "string"), (["1", "x"], "string")]
    {
        let (_, outputs) = interface(&usual(&frame(), classes(&names)));
        assert_eq!(outputs[0], format!("label {of} [N]"), "{names:?}");
    }
}

#[test]
fn the_usual_chain_is_a_short_graph() {
    let frame = frame().select(&["x".into(), "label".into()]).unwrap();
    let graph = graph(&usual(&frame, classes(&["a", "b"])));
    let expected = "Sub Div IsNaN Where Gemm Tanh Gemm Sigmoid Sub Concat ArgMax Gather";
    assert_eq!(operators(&graph).join(" "), expected);
    check(&graph);
}

#[test]
fn at_a_tie_the_second_of_two_is_the_class_and_the_first_of_many() {
    for (names, last) in [(&["a", "b"][..], true), (&["a", "b", "c"], false)] {
        let graph = graph(&usual(&frame(), classes(names)));
        let place = graph.node.iter().find(|node| node.op_type.as_deref() == Some("ArgMax")).unwrap();
        let is_last = |attribute: &&AttributeProto| attribute.name.as_deref() == Some("select_last_index");
        assert_eq!(place.attribute.iter().find(is_last).map(|last| last.i), last.then_some(Some(1)));
    }
}

#[test]
fn every_transform_makes_a_graph_whose_names_are_there_once_and_in_order() {
    let named = |name: &str| Of::Named(vec![name.to_owned()]);
    let transforms = vec![
        Transform::Impute { columns: Of::All, fill: Fill::Median, indicator: true },
        Transform::Impute { columns: Of::All, fill: Fill::MostFrequent, indicator: true },
        Transform::Impute { columns: Of::All, fill: Fill::MostFrequent, indicator: false },
        Transform::Log { columns: named("x"), signed: true },
        Transform::Log { columns: named("label"), signed: false },
        Transform::Clip { columns: named("x"), limits: Limits::Quantiles(0.1, 0.9) },
        Transform::Robust(named("x")),
        Transform::MinMax { columns: Of::All, low: 1.0, high: 2.0 },
        Transform::OneHot { columns: Of::All, unknown: Unknown::Refuse },
        Transform::Polynomial { columns: named("x"), degree: 3, interactions: false },
        Transform::Pca { columns: Of::All, components: Components::Count(2) },
    ];
    for outcome in [classes(&["a", "b"]), classes(&["a", "b", "c"])] {
        for probabilities in [Probabilities::Shares, Probabilities::Apart] {
            let model = model(&frame(), transforms.clone(), outcome.clone());
            check(&graph(&model.with_probabilities(probabilities)));
        }
    }
    for activation in Activation::ALL {
        let mut model = model(&frame(), transforms.clone(), classes(&["a", "b"]));
        model.network = model.network.with_activation(activation);
        check(&graph(&model));
    }
    for unknown in [Unknown::Ignore, Unknown::Refuse] {
        let ordinal = Transform::Ordinal { columns: Of::All, levels: None, unknown };
        let transforms = vec![ordinal, Transform::impute(Fill::Mean), Transform::Standardize(Of::All)];
        check(&graph(&model(&frame(), transforms, classes(&["a", "b"]))));
    }
}

#[test]
fn only_rows_that_may_lack_a_value_are_looked_at_for_one() {
    let is_guarded = |transforms| {
        let graph = graph(&model(&frame().rows(&[0, 2, 3]), transforms, classes(&["a", "b"])));
        check(&graph);
        operators(&graph).contains(&"ReduceMax")
    };
    let (filled, scaled) = (Transform::impute(Fill::Mean), Transform::Standardize(Of::All));
    let log = Transform::Log { columns: Of::All, signed: false };
    let ordinal = Transform::Ordinal { columns: Of::All, levels: None, unknown: Unknown::Ignore };
    assert!(!is_guarded(vec![filled.clone(), scaled.clone(), Transform::one_hot()]));
    assert!(is_guarded(vec![scaled, Transform::one_hot()]));
    assert!(is_guarded(vec![filled.clone(), log, Transform::one_hot()]));
    assert!(is_guarded(vec![filled.clone(), ordinal.clone()]));
    assert!(!is_guarded(vec![ordinal, filled]));
}

#[test]
fn parameters_are_those_of_the_network_and_numbers_come_in_the_units_of_the_target() {
    let (mean, deviation) = (vec![100.0, -3.0], vec![8.0, 0.5]);
    let outcome = Outcome::Numbers { names: vec!["u".into(), "v".into()], mean, deviation };
    let model = usual(&frame(), outcome);
    let graph = graph(&model);
    let (parameters, layers) = (model.network.parameters(), model.network.layers());
    let single = |numbers: &[f64]| numbers.iter().map(|number| *number as f32).collect::<Vec<_>>();
    let theta = constant(&graph, "layer.1.theta");
    assert_eq!(theta.dims, [3, layers[0].n_in as i64]);
    assert_eq!(numbers(theta), single(&parameters[layers[0].theta.clone()]));
    let scaled = |at: usize| parameters[layers[1].theta.start + at] * if at < 3 { 8.0 } else { 0.5 };
    assert_eq!(numbers(constant(&graph, "layer.2.theta")), single(&[0, 1, 2, 3, 4, 5].map(scaled)));
    assert_eq!(numbers(constant(&graph, "layer.2.bias")), [100.0, -3.0]);
    assert_eq!(interface(&model).1, ["values float [N, 2]"]);
    let labels = Outcome::Labels { names: vec!["u".into(), "v".into()] };
    assert_eq!(interface(&usual(&frame(), labels)).1, ["probabilities float [N, 2]"]);
}

#[test]
fn a_centre_keeps_the_digits_that_single_precision_drops() {
    let years = Frame::of_numbers(vec![2007.1, 2008.0, 2009.2], vec!["year".into()]).unwrap();
    let graph = graph(&usual(&years, classes(&["a", "b"])));
    let of = |name: &str| f64::from(numbers(constant(&graph, name))[0]);
    let mean = (2007.1 + 2008.0 + 2009.2) / 3.0;
    assert!((of("scale.centre") - mean).abs() > 1e-6);
    assert!((of("scale.centre") + of("scale.centre_rest") - mean).abs() < 1e-9);
}

#[test]
fn the_file_says_what_it_is_and_which_operators_it_needs() {
    let record = TrainingRecord { data: "t.csv".into(), rows: 4, held_out: 1, ..TrainingRecord::default() };
    let model = decoded(&usual(&frame(), classes(&["a", "b"])).with_record(record));
    let opsets = |model: &ModelProto| -> Vec<(String, i64)> {
        let each = model.opset_import.iter();
        each.map(|opset| (opset.domain.clone().unwrap(), opset.version.unwrap())).collect()
    };
    assert_eq!(opsets(&model), [(String::new(), 17), (ML.to_owned(), 3)]);
    assert_eq!((model.ir_version, model.producer_name.as_deref()), (Some(8), Some("mlp")));
    let entries = model.metadata_props.iter();
    let entries: Vec<String> = entries
        .map(|entry| format!("{} {}", entry.key.as_ref().unwrap(), entry.value.as_ref().unwrap()))
        .collect();
    let expected = [
        r#"columns ["x","label","colour"]"#,
        r#"features ["x","label","colour_blue","colour_red"]"#,
        r#"target ["kind"]"#,
        r#"classes ["a","b"]"#,
        "training_data t.csv",
        "training_rows 4",
        "held_out_rows 1",
    ];
    assert_eq!(entries, expected);
    let plain = usual(&frame().select(&["x".into()]).unwrap(), classes(&["a", "b"]));
    assert_eq!(opsets(&decoded(&plain)), [(String::new(), 17)]);
}

/// A transform that does nothing.
#[derive(Debug)]
struct Same;

impl CustomTransform for Same {
    fn fit(&self, _: &Frame) -> Result<Arc<dyn CustomFitted>, Error> {
        Ok(Arc::new(Same))
    }
}

impl CustomFitted for Same {
    fn name(&self) -> &str {
        "same"
    }

    fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        Ok(frame)
    }
}

#[test]
fn what_a_file_cannot_hold_is_named() {
    let message = |model: &Model| model.to_onnx().unwrap_err().to_string();
    let x = frame().select(&["x".into()]).unwrap();
    let custom = model(&x, vec![Transform::Custom(Arc::new(Same))], classes(&["a", "b"]));
    let expected = "onnx: wants transforms that a file can hold, got transform `same`, which is the user's own; leave it out of the chain";
    assert_eq!(message(&custom), expected);

    let mut large = usual(&x, classes(&["a", "b"]));
    large.network.parameters_mut()[0] = 1e300;
    assert_eq!(message(&large), "onnx: wants numbers that f32 can hold, got 1e300 in `layer.1.theta`");

    let small = Frame::of_numbers(vec![-1e-60, 1e-60], vec!["x".into()]).unwrap();
    let small = message(&model(&small, vec![Transform::Standardize(Of::All)], classes(&["a", "b"])));
    assert_eq!(small, "onnx: wants scales that f32 can hold, got 1e-60 in `scale`");

    let empty = Category::of(&[Some(""), Some("a")]).unwrap();
    let empty = Frame::of_rows(2).with_category("c", empty).unwrap();
    let empty = message(&model(&empty, vec![Transform::one_hot()], classes(&["a", "b"])));
    assert!(empty.ends_with("got an empty one in column `c`"), "{empty}");

    let error = usual(&frame(), classes(&["a", "b"])).save_onnx("no such folder/m.onnx").unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error}");
}
