//! Transforms of categories. A fill waits for the code that follows it, since one table of levels then does both.

use super::columns::{Columns, Number, Text};
use super::graph::{Graph, Value, float, floats, int, string, strings};
use crate::Error;
use crate::data::{Impute, OneHot, Ordinal, Unknown};

/// How a missing text is spelled.
const MISSING: &str = "";

/// Levels to be put in the place of missing ones, and a column for each indicator.
pub(super) fn impute(
    graph: &mut Graph,
    columns: &mut Columns,
    impute: &Impute,
    fills: &[String],
) -> Result<(), Error> {
    let scope = graph.name("impute");
    let mut indicators = Vec::new();
    for place in impute.indicators() {
        let text = columns.category(&impute.columns()[*place])?;
        // After a fill none is missing.
        let of_missing = if text.fill.is_some() { 0.0 } else { 1.0 };
        let attributes = vec![
            strings("keys_strings", [MISSING]),
            floats("values_floats", vec![of_missing]),
            float("default_float", 0.0),
        ];
        let name = format!("{scope}.indicator.{}", text.name);
        indicators.push(graph.apply_with("LabelEncoder", &name, &[&text.value], attributes));
    }
    for (name, fill) in impute.columns().iter().zip(fills) {
        columns.category(name)?.fill.get_or_insert_with(|| fill.clone());
    }
    let numbers = impute.outputs().into_iter().map(|(name, _)| Number::new(name, false)).collect();
    columns.append(graph, &format!("{scope}.columns"), &indicators, numbers);
    Ok(())
}

/// A number for each level.
pub(super) fn one_hot(graph: &mut Graph, columns: &mut Columns, one_hot: &OneHot) -> Result<(), Error> {
    let scope = graph.name("one_hot");
    let mut codes = Vec::new();
    for (name, levels) in one_hot.columns().iter().zip(one_hot.levels()) {
        let mut text = columns.take(name)?;
        check(name, levels)?;
        let named = format!("{scope}.{name}");
        if let Some(fill) = text.fill.take() {
            let keys = levels.iter().map(String::as_str).chain([MISSING]);
            let values = levels.iter().chain([&fill]).map(String::as_str);
            let (keys, values) = (strings("keys_strings", keys), strings("values_strings", values));
            let attributes = vec![keys, values, string("default_string", MISSING)];
            text.value =
                graph.apply_with("LabelEncoder", &format!("{named}.filled"), &[&text.value], attributes);
            codes.push(flat(graph, &named, &text, levels, one_hot.unknown()));
        } else if one_hot.unknown() == Unknown::Refuse {
            // A missing text is none of the levels, and not refused: a place of its own, which is dropped.
            let with_missing = [&levels[..], &[MISSING.to_owned()]].concat();
            let code = flat(graph, &named, &text, &with_missing, Unknown::Refuse);
            let places: Vec<usize> = (0..levels.len()).collect();
            codes.push(graph.columns(&format!("{named}.levels"), &code, &places, with_missing.len()));
        } else {
            codes.push(flat(graph, &named, &text, levels, Unknown::Ignore));
        }
    }
    let numbers = one_hot.outputs().into_iter().map(|(name, _)| Number::new(name, false)).collect();
    columns.append(graph, &format!("{scope}.columns"), &codes, numbers);
    Ok(())
}

/// The place of the level; NaN for one that is missing, or unknown and ignored.
pub(super) fn ordinal(graph: &mut Graph, columns: &mut Columns, ordinal: &Ordinal) -> Result<(), Error> {
    let scope = graph.name("ordinal");
    let mut codes = Vec::new();
    for (name, levels) in ordinal.columns().iter().zip(ordinal.levels()) {
        let text = columns.take(name)?;
        check(name, levels)?;
        let named = format!("{scope}.{name}");
        let place = |level: &String| levels.iter().position(|other| other == level);
        let of_missing = text.fill.as_ref().map_or(Some(f64::NAN), |fill| place(fill).map(|at| at as f64));
        let mut known = levels.clone();
        let mut values: Vec<f64> = (0..levels.len()).map(|at| at as f64).collect();
        // A fill that is no level is as unknown as any other text.
        if let Some(of_missing) = of_missing {
            known.push(MISSING.to_owned());
            values.push(of_missing);
        }
        codes.push(match ordinal.unknown() {
            Unknown::Ignore => {
                let values = values.into_iter().map(|value| value as f32).collect();
                let keys = strings("keys_strings", known.iter().map(String::as_str));
                let attributes =
                    vec![keys, floats("values_floats", values), float("default_float", f32::NAN)];
                graph.apply_with("LabelEncoder", &named, &[&text.value], attributes)
            }
            Unknown::Refuse => {
                let code = encoded(graph, &format!("{named}.code"), &text, &known, Unknown::Refuse);
                let attributes = vec![int("axis", 2), int("keepdims", 0)];
                let place = graph.apply_with("ArgMax", &format!("{named}.place"), &[&code], attributes);
                let values = graph.floats(&format!("{named}.values"), &[values.len()], &values)?;
                graph.apply("Gather", &named, &[&values, &place])
            }
        });
    }
    let numbers = ordinal.columns().iter().map(|name| Number::new(name.clone(), true));
    let numbers = numbers.collect();
    columns.append(graph, &format!("{scope}.columns"), &codes, numbers);
    Ok(())
}

/// The one-hot code `(N, 1, levels)` of a text; what is no level is zeros, or makes the run fail.
fn encoded(graph: &mut Graph, name: &str, text: &Text, levels: &[String], unknown: Unknown) -> Value {
    let zeros = i64::from(unknown == Unknown::Ignore);
    let levels = strings("cats_strings", levels.iter().map(String::as_str));
    graph.apply_with("OneHotEncoder", name, &[&text.value], vec![levels, int("zeros", zeros)])
}

/// The one-hot code as a matrix.
fn flat(graph: &mut Graph, name: &str, text: &Text, levels: &[String], unknown: Unknown) -> Value {
    let code = encoded(graph, &format!("{name}.code"), text, levels, unknown);
    let shape = graph.integers(&format!("{name}.shape"), &[-1, levels.len() as i64]);
    graph.apply("Reshape", name, &[&code, &shape])
}

/// Refuses a level that cannot be told from a missing one, and a table of none.
fn check(column: &str, levels: &[String]) -> Result<(), Error> {
    if levels.is_empty() {
        return Err(Error::shape("onnx", "at least one level", format!("none in column `{column}`")));
    }
    if levels.iter().any(String::is_empty) {
        let got = format!("an empty one in column `{column}`");
        return Err(Error::shape(
            "onnx",
            "levels that are no empty text, which stands for a missing one",
            got,
        ));
    }
    Ok(())
}
