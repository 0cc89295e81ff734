//! The first version of model files: standardised columns, sigmoids at the output, classes.

use super::{Description, ModelFileErrorKind, VERSION};
use crate::data::{Fitted, Preprocess, Role, Schema, SchemaColumn};
use crate::tensor_file::numbers;
use crate::{Optimizer, Outcome, Output, Probabilities, Training, TrainingRecord};
use safetensors::SafeTensors;
use serde::Deserialize;

/// What stood under the key of the metadata.
#[derive(Deserialize)]
struct First {
    sizes: Vec<usize>,
    #[serde(default = "sigmoid")]
    activation: String,
    columns: Vec<String>,
    target: String,
    classes: Vec<String>,
    training: Settings,
}

/// The settings of gradient descent, or of none where the rate is no longer one that training takes.
#[derive(Deserialize)]
struct Settings {
    data: String,
    lambda: f64,
    learning_rate: f64,
    epochs: usize,
    batch_size: Option<usize>,
    seed: u64,
}

fn sigmoid() -> String {
    "sigmoid".to_owned()
}

/// The description of today that says the same, and how many tensors are none of the network's.
pub(super) fn read(
    description: &str,
    tensors: &SafeTensors<'_>,
) -> Result<(Description, usize), ModelFileErrorKind> {
    let damaged = |what: String| ModelFileErrorKind::Damaged { what };
    let First { sizes, activation, columns, target, classes, training } =
        serde_json::from_str(description)
            .map_err(|error| damaged(format!("its description is wrong: {error}")))?;
    if columns.contains(&target) {
        return Err(damaged(format!("the target `{target}` among the columns")));
    }
    let read = |name: &str| -> Result<Vec<f64>, ModelFileErrorKind> {
        Ok(numbers(tensors, name, &[columns.len()])?.collect())
    };
    let (centre, scale) = (read("standardize.mean")?, read("standardize.deviation")?);
    // As its own file would say it, so that it is checked as that is.
    let scale = serde_json::json!({
        "scale": { "columns": columns, "centre": centre, "scale": scale, "offset": 0.0 }
    });
    let scale: Fitted = serde_json::from_value(scale).map_err(|error| damaged(error.to_string()))?;
    let numbers = columns.into_iter().map(|name| SchemaColumn { name, role: Role::Number }).collect();
    let preprocess = Schema::new(numbers)
        .and_then(|schema| Preprocess::of_parts(schema, vec![scale]))
        .map_err(|error| damaged(error.to_string()))?;
    let Settings { data, lambda, learning_rate, epochs, batch_size, seed } = training;
    let optimizer = Optimizer::gradient_descent(learning_rate);
    let training = Training { lambda, epochs, batch_size, seed, ..Training::new(optimizer) };
    let training = training.checked::<f64>().is_ok().then_some(training);
    let record = TrainingRecord { data, training, ..TrainingRecord::default() };
    let (outcome, output) = (Outcome::Classes { name: target, classes }, Output::Sigmoid.name().to_owned());
    // Its probabilities were the answers of the units as they are.
    let probabilities = Probabilities::Apart;
    let version = VERSION;
    Ok((Description { version, sizes, activation, output, outcome, probabilities, preprocess, record }, 2))
}
