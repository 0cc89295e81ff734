//! A graph under construction: nodes in the order in which they run, constants, names that are there once.

use std::collections::HashSet;

use super::proto::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, Length, NodeProto, TensorProto,
    TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
};
use crate::Error;

/// The domain of the operators that are not among the standard ones.
pub(super) const ML: &str = "ai.onnx.ml";
/// The name of the axis of rows.
const ROWS: &str = "N";

/// A tensor of the graph, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value(String);

/// Nodes, constants, inputs and outputs so far.
#[derive(Debug)]
pub(super) struct Graph {
    graph: GraphProto,
    names: HashSet<String>,
}

impl Graph {
    /// An empty graph, in which these names are kept for outputs.
    pub(super) fn new(outputs: &[&str]) -> Self {
        let names = outputs.iter().map(|name| (*name).to_owned()).collect();
        Self { graph: GraphProto { name: Some("model".to_owned()), ..GraphProto::default() }, names }
    }

    /// This name, or with a number behind it if it is taken; it is taken then.
    pub(super) fn name(&mut self, wanted: &str) -> String {
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
        let name =
            candidates.find(|name| !self.names.contains(name)).expect("there are more numbers than names");
        self.names.insert(name.clone());
        name
    }

    /// An input of this many columns, one or more a row.
    pub(super) fn input(&mut self, name: &str, of: DataType, width: usize, doc: String) -> Value {
        let name = self.name(name);
        let info = info(&name, of, &[Length::Param(ROWS.to_owned()), Length::Value(width as i64)], Some(doc));
        self.graph.input.push(info);
        Value(name)
    }

    /// Makes `value` an output under a name that was kept for it; `width` is the number of its columns, none if it is a vector.
    pub(super) fn output(&mut self, value: &Value, name: &str, of: DataType, width: Option<usize>) {
        for node in &mut self.graph.node {
            for other in node.input.iter_mut().chain(&mut node.output).filter(|other| **other == value.0) {
                name.clone_into(other);
            }
        }
        let mut shape = vec![Length::Param(ROWS.to_owned())];
        shape.extend(width.map(|width| Length::Value(width as i64)));
        self.graph.output.push(info(name, of, &shape, None));
    }

    /// What the operator makes of these inputs.
    pub(super) fn apply(&mut self, operator: &str, name: &str, inputs: &[&Value]) -> Value {
        self.apply_with(operator, name, inputs, Vec::new())
    }

    /// What the operator makes of these inputs with these attributes.
    pub(super) fn apply_with(
        &mut self,
        operator: &str,
        name: &str,
        inputs: &[&Value],
        attributes: Vec<AttributeProto>,
    ) -> Value {
        let name = self.name(name);
        let is_ml = ["LabelEncoder", "OneHotEncoder"].contains(&operator);
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|value| value.0.clone()).collect(),
            output: vec![name.clone()],
            name: Some(name.clone()),
            op_type: Some(operator.to_owned()),
            domain: is_ml.then(|| ML.to_owned()),
            attribute: attributes,
        });
        Value(name)
    }

    /// Columns of a matrix, by their places; the matrix itself where these are all of its `width` columns, in order.
    pub(super) fn columns(&mut self, name: &str, matrix: &Value, places: &[usize], width: usize) -> Value {
        if places.iter().copied().eq(0..width) {
            return matrix.clone();
        }
        let places = self.places(&format!("{name}.places"), places);
        self.apply_with("Gather", name, &[matrix, &places], vec![int("axis", 1)])
    }

    /// Matrices beside each other.
    pub(super) fn beside(&mut self, name: &str, matrices: &[&Value]) -> Value {
        match matrices {
            [only] => (*only).clone(),
            _ => self.apply_with("Concat", name, matrices, vec![int("axis", 1)]),
        }
    }

    /// A constant of these numbers, in single precision.
    ///
    /// # Errors
    /// When a finite number is too large for it.
    pub(super) fn floats(&mut self, name: &str, dims: &[usize], numbers: &[f64]) -> Result<Value, Error> {
        let mut bytes = Vec::with_capacity(size_of::<f32>() * numbers.len());
        for number in numbers {
            bytes.extend(single(name, *number)?.to_le_bytes());
        }
        Ok(self.constant(name, dims, DataType::Float, bytes))
    }

    /// A constant scalar.
    ///
    /// # Errors
    /// When a finite number is too large for single precision.
    pub(super) fn scalar(&mut self, name: &str, number: f64) -> Result<Value, Error> {
        self.floats(name, &[], &[number])
    }

    /// A constant vector of whole numbers.
    pub(super) fn integers(&mut self, name: &str, numbers: &[i64]) -> Value {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(name, &[numbers.len()], DataType::Int64, bytes)
    }

    /// A constant vector of places.
    pub(super) fn places(&mut self, name: &str, places: &[usize]) -> Value {
        self.integers(name, &places.iter().map(|place| *place as i64).collect::<Vec<_>>())
    }

    /// A constant row `(1, n)` of booleans.
    pub(super) fn mask(&mut self, name: &str, mask: &[bool]) -> Value {
        let bytes = mask.iter().map(|bit| u8::from(*bit)).collect();
        self.constant(name, &[1, mask.len()], DataType::Bool, bytes)
    }

    /// A constant vector of texts.
    pub(super) fn texts(&mut self, name: &str, texts: &[String]) -> Value {
        let name = self.name(name);
        self.graph.initializer.push(TensorProto {
            dims: vec![texts.len() as i64],
            data_type: Some(DataType::String as i32),
            string_data: texts.iter().map(|text| text.clone().into_bytes()).collect(),
            name: Some(name.clone()),
            raw_data: None,
        });
        Value(name)
    }

    fn constant(&mut self, name: &str, dims: &[usize], of: DataType, bytes: Vec<u8>) -> Value {
        let name = self.name(name);
        self.graph.initializer.push(TensorProto {
            dims: dims.iter().map(|length| *length as i64).collect(),
            data_type: Some(of as i32),
            string_data: Vec::new(),
            name: Some(name.clone()),
            raw_data: Some(bytes),
        });
        Value(name)
    }

    /// The message.
    pub(super) fn finish(self) -> GraphProto {
        self.graph
    }
}

/// The number in single precision.
///
/// # Errors
/// When it is finite and too large for it.
fn single(what: &str, number: f64) -> Result<f32, Error> {
    let single = number as f32;
    if single.is_infinite() && number.is_finite() {
        return Err(Error::shape("onnx", "numbers that f32 can hold", format!("{number:e} in `{what}`")));
    }
    Ok(single)
}

/// An attribute that is a whole number.
pub(super) fn int(name: &str, number: i64) -> AttributeProto {
    AttributeProto { i: Some(number), ..attribute(name, AttributeType::Int) }
}

/// An attribute that is a number.
pub(super) fn float(name: &str, number: f32) -> AttributeProto {
    AttributeProto { f: Some(number), ..attribute(name, AttributeType::Float) }
}

/// An attribute that is a text.
pub(super) fn string(name: &str, text: &str) -> AttributeProto {
    AttributeProto { s: Some(text.as_bytes().to_vec()), ..attribute(name, AttributeType::String) }
}

/// An attribute that is a list of whole numbers.
pub(super) fn ints(name: &str, numbers: &[i64]) -> AttributeProto {
    AttributeProto { ints: numbers.to_vec(), ..attribute(name, AttributeType::Ints) }
}

/// An attribute that is a list of numbers.
pub(super) fn floats(name: &str, numbers: Vec<f32>) -> AttributeProto {
    AttributeProto { floats: numbers, ..attribute(name, AttributeType::Floats) }
}

/// An attribute that is a list of texts.
pub(super) fn strings<'a>(name: &str, texts: impl IntoIterator<Item = &'a str>) -> AttributeProto {
    let strings = texts.into_iter().map(|text| text.as_bytes().to_vec()).collect();
    AttributeProto { strings, ..attribute(name, AttributeType::Strings) }
}

/// The attribute by which `Cast` knows its result.
pub(super) fn to(of: DataType) -> AttributeProto {
    int("to", i64::from(of as i32))
}

fn attribute(name: &str, of: AttributeType) -> AttributeProto {
    AttributeProto { name: Some(name.to_owned()), r#type: Some(of as i32), ..AttributeProto::default() }
}

fn info(name: &str, of: DataType, shape: &[Length], doc: Option<String>) -> ValueInfoProto {
    let dim = shape.iter().map(|length| Dimension { value: Some(length.clone()) }).collect();
    let tensor = TensorType { elem_type: Some(of as i32), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { tensor_type: Some(tensor) }),
        doc_string: doc,
    }
}
