//! The network, and what its outputs mean.

use tape::Float;

use super::graph::{Graph, Value, float, int, ints, to};
use super::proto::DataType;
use crate::{Activation, Error, Model, Outcome, Output, Probabilities};

/// The names of the outputs.
pub(super) const OUTPUTS: [&str; 3] = [LABEL, PROBABILITIES, VALUES];
const LABEL: &str = "label";
const PROBABILITIES: &str = "probabilities";
const VALUES: &str = "values";

/// Layers over `features: (N, n_in)`, and the outputs of the graph.
///
/// Where a feature may be missing, the rows in which one is are no answer: a ramp could make a number of NaN.
pub(super) fn outputs<T: Float>(
    graph: &mut Graph,
    model: &Model<T>,
    features: &Value,
    may_be_missing: bool,
) -> Result<(), Error> {
    let refused = if may_be_missing { Some(Refused::of(graph, features)?) } else { None };
    let logits = logits(graph, model, features)?;
    match &model.outcome {
        Outcome::Classes { classes, .. } => {
            let h = distribution(graph, model, &logits, classes.len())?;
            // At a tie the second of two, but the first of many.
            let mut attributes = vec![int("axis", 1), int("keepdims", 0)];
            attributes.extend((classes.len() == 2).then(|| int("select_last_index", 1)));
            let place = graph.apply_with("ArgMax", "label.place", &[&h], attributes);
            label(graph, classes, &place, refused.as_ref());
            let h = answered(graph, refused.as_ref(), &h);
            graph.output(&h, PROBABILITIES, DataType::Float, Some(classes.len()));
        }
        Outcome::Labels { names } => {
            let h = graph.apply("Sigmoid", "sigmoids", &[&logits]);
            let h = answered(graph, refused.as_ref(), &h);
            graph.output(&h, PROBABILITIES, DataType::Float, Some(names.len()));
        }
        Outcome::Numbers { names, .. } => {
            let h = answered(graph, refused.as_ref(), &logits);
            graph.output(&h, VALUES, DataType::Float, Some(names.len()));
        }
    }
    Ok(())
}

/// The rows without an answer.
struct Refused {
    /// `(N, 1)`, true where a feature is missing.
    rows: Value,
    nan: Value,
}

impl Refused {
    fn of(graph: &mut Graph, features: &Value) -> Result<Self, Error> {
        let missing = graph.apply("IsNaN", "refused.features", &[features]);
        let counted = graph.apply_with("Cast", "refused.numbers", &[&missing], vec![to(DataType::Float)]);
        let attributes = vec![ints("axes", &[1]), int("keepdims", 1)];
        let any = graph.apply_with("ReduceMax", "refused.any", &[&counted], attributes);
        let rows = graph.apply_with("Cast", "refused", &[&any], vec![to(DataType::Bool)]);
        Ok(Self { rows, nan: graph.scalar("nan", f64::NAN)? })
    }
}

/// `h`, and NaN where there is no answer.
fn answered(graph: &mut Graph, refused: Option<&Refused>, h: &Value) -> Value {
    match refused {
        Some(Refused { rows, nan }) => graph.apply("Where", "answered", &[rows, nan, h]),
        None => h.clone(),
    }
}

/// The output `label`: the class at this place, or one that is none of them where there is no answer.
fn label(graph: &mut Graph, classes: &[String], place: &Value, refused: Option<&Refused>) {
    let integers: Option<Vec<i64>> = classes.iter().map(|class| integer(class)).collect();
    let mut place = place.clone();
    if let Some(Refused { rows, .. }) = refused {
        let axes = graph.integers("label.axes", &[1]);
        let rows = graph.apply("Squeeze", "label.refused", &[rows, &axes]);
        let none = graph.places("label.none", &[classes.len()]);
        place = graph.apply("Where", "label.place_or_none", &[&rows, &none, &place]);
    }
    let (table, of) = match integers {
        Some(mut integers) => {
            if refused.is_some() {
                integers.push(if integers.iter().any(|class| *class < 0) { i64::MIN } else { -1 });
            }
            (graph.integers("classes", &integers), DataType::Int64)
        }
        None => {
            let none = refused.map(|_| String::new());
            let classes: Vec<String> = classes.iter().cloned().chain(none).collect();
            (graph.texts("classes", &classes), DataType::String)
        }
    };
    let label = graph.apply("Gather", "label.class", &[&table, &place]);
    graph.output(&label, LABEL, of, None);
}

/// The whole number that is written so and not otherwise, such as `7` but not `07`.
fn integer(class: &str) -> Option<i64> {
    class.parse::<i64>().ok().filter(|number| number.to_string() == class)
}

/// The probabilities of classes, `(N, K)`.
fn distribution<T: Float>(
    graph: &mut Graph,
    model: &Model<T>,
    logits: &Value,
    classes: usize,
) -> Result<Value, Error> {
    let along = || vec![int("axis", 1)];
    Ok(match (model.network.output(), model.probabilities) {
        (Output::Softmax, _) => graph.apply_with("Softmax", "softmax", &[logits], along()),
        _ if classes == 2 => {
            let second = graph.apply("Sigmoid", "second", &[logits]);
            let one = graph.scalar("one", 1.0)?;
            let first = graph.apply("Sub", "first", &[&one, &second]);
            graph.beside("both", &[&first, &second])
        }
        (_, Probabilities::Apart) => graph.apply("Sigmoid", "sigmoids", &[logits]),
        (_, Probabilities::Shares) => {
            // σ(zₖ) / Σⱼ σ(zⱼ) by logarithms, log σ(z) = -log(1 + e⁻ᶻ): all of the sigmoids may be too small to divide by.
            let negative = graph.apply("Neg", "shares.negative", &[logits]);
            let softplus = graph.apply("Softplus", "shares.softplus", &[&negative]);
            let log_sigmoid = graph.apply("Neg", "shares.log_sigmoid", &[&softplus]);
            graph.apply_with("Softmax", "shares", &[&log_sigmoid], along())
        }
    })
}

/// The logits; of numbers, whose deviation and mean the last layer takes in, the numbers themselves.
fn logits<T: Float>(graph: &mut Graph, model: &Model<T>, features: &Value) -> Result<Value, Error> {
    let (parameters, layers) = (model.network.parameters(), model.network.layers());
    let of = |parameters: &[T]| parameters.iter().map(|parameter| parameter.to_f64()).collect::<Vec<f64>>();
    let mut a = features.clone();
    for (number, layer) in (1..).zip(layers) {
        let (mut theta, mut bias) =
            (of(&parameters[layer.theta.clone()]), of(&parameters[layer.bias.clone()]));
        let is_last = number == layers.len();
        if let (true, Outcome::Numbers { mean, deviation, .. }) = (is_last, &model.outcome) {
            for (unit, weights) in theta.chunks_exact_mut(layer.n_in).enumerate() {
                weights.iter_mut().for_each(|weight| *weight *= deviation[unit]);
                bias[unit] = deviation[unit] * bias[unit] + mean[unit];
            }
        }
        let named = |part: &str| format!("layer.{number}.{part}");
        let theta = graph.floats(&named("theta"), &[layer.n_out, layer.n_in], &theta)?;
        let bias = graph.floats(&named("bias"), &[layer.n_out], &bias)?;
        let z = graph.apply_with("Gemm", &named("z"), &[&a, &theta, &bias], vec![int("transB", 1)]);
        a = if is_last { z } else { activation(graph, model.network.activation(), &named("a"), &z)? };
    }
    Ok(a)
}

/// g of each element.
fn activation(graph: &mut Graph, activation: Activation, name: &str, z: &Value) -> Result<Value, Error> {
    Ok(match activation {
        Activation::Sigmoid => graph.apply("Sigmoid", name, &[z]),
        Activation::Tanh => graph.apply("Tanh", name, &[z]),
        Activation::Relu => graph.apply("Relu", name, &[z]),
        Activation::LeakyRelu => graph.apply_with("LeakyRelu", name, &[z], vec![float("alpha", 0.01)]),
        Activation::Elu => graph.apply_with("Elu", name, &[z], vec![float("alpha", 1.0)]),
        // Alpha and gamma of the paper are the operator's own.
        Activation::Selu => graph.apply("Selu", name, &[z]),
        Activation::Gelu => {
            // z Φ(z) = z (1 + erf(z / √2)) / 2
            let root = graph.scalar(&format!("{name}.root"), std::f64::consts::SQRT_2)?;
            let one = graph.scalar(&format!("{name}.one"), 1.0)?;
            let half = graph.scalar(&format!("{name}.half"), 0.5)?;
            let scaled = graph.apply("Div", &format!("{name}.scaled"), &[z, &root]);
            let erf = graph.apply("Erf", &format!("{name}.erf"), &[&scaled]);
            let twice = graph.apply("Add", &format!("{name}.twice_phi"), &[&erf, &one]);
            let product = graph.apply("Mul", &format!("{name}.twice"), &[z, &twice]);
            graph.apply("Mul", name, &[&product, &half])
        }
        Activation::Silu => {
            let gate = graph.apply("Sigmoid", &format!("{name}.gate"), &[z]);
            graph.apply("Mul", name, &[z, &gate])
        }
        Activation::Softplus => graph.apply("Softplus", name, &[z]),
        Activation::Softsign => graph.apply("Softsign", name, &[z]),
        Activation::Identity => z.clone(),
    })
}
