//! Transforms of numbers, each over the whole matrix: columns that it does not touch get constants that change nothing.

use std::collections::HashMap;

use super::columns::{Columns, Number};
use super::graph::{Graph, Value, int, to};
use super::proto::DataType;
use crate::Error;
use crate::data::{Clip, Impute, Log, Pca, Polynomial, Scale};

/// `numbers` at their places in a row of `width`, `other` elsewhere.
fn spread(numbers: &[f64], places: &[usize], width: usize, other: f64) -> Vec<f64> {
    let mut row = vec![other; width];
    for (place, number) in places.iter().zip(numbers) {
        row[*place] = *number;
    }
    row
}

/// `matrix - row`, the row to more digits than single precision has: a column of years would lose all that tells them apart.
fn centred(graph: &mut Graph, scope: &str, matrix: &Value, row: &[f64]) -> Result<Value, Error> {
    if row.iter().all(|number| *number == 0.0) {
        return Ok(matrix.clone());
    }
    let dims = [1, row.len()];
    let centre = graph.floats(&format!("{scope}.centre"), &dims, row)?;
    let centred = graph.apply("Sub", &format!("{scope}.centred"), &[matrix, &centre]);
    let rest: Vec<f64> = row.iter().map(|number| number - f64::from(*number as f32)).collect();
    if rest.iter().all(|rest| *rest as f32 == 0.0) {
        return Ok(centred);
    }
    let rest = graph.floats(&format!("{scope}.centre_rest"), &dims, &rest)?;
    Ok(graph.apply("Sub", &format!("{scope}.centred_rest"), &[&centred, &rest]))
}

/// `y = (x - centre) / scale + offset`.
pub(super) fn scale(graph: &mut Graph, columns: &mut Columns, scale: &Scale) -> Result<(), Error> {
    let (places, width) = (columns.places(scale.columns())?, columns.numbers.len());
    let scope = graph.name("scale");
    let dims = [1, width];
    let mut y = centred(graph, &scope, &columns.unfilled()?, &spread(scale.centre(), &places, width, 0.0))?;
    // A finite number by infinity is the 0 that a column without a scale is to become, and NaN stays NaN.
    let divisor = |scale: &f64| if *scale == 0.0 { f64::INFINITY } else { *scale };
    let divisors: Vec<f64> = scale.scale().iter().map(divisor).collect();
    if let Some(small) = divisors.iter().find(|divisor| **divisor < f64::from(f32::MIN_POSITIVE)) {
        return Err(Error::shape("onnx", "scales that f32 can hold", format!("{small:e} in `{scope}`")));
    }
    let divisors = spread(&divisors, &places, width, 1.0);
    if divisors.iter().any(|divisor| *divisor != 1.0) {
        let divisors = graph.floats(&format!("{scope}.scale"), &dims, &divisors)?;
        y = graph.apply("Div", &format!("{scope}.scaled"), &[&y, &divisors]);
    }
    if scale.offset() != 0.0 {
        let offsets = spread(&vec![scale.offset(); places.len()], &places, width, 0.0);
        let offsets = graph.floats(&format!("{scope}.offset"), &dims, &offsets)?;
        y = graph.apply("Add", &format!("{scope}.moved"), &[&y, &offsets]);
    }
    for (column, place) in places.iter().enumerate() {
        let number = &mut columns.numbers[*place];
        number.fill = number.fill.map(|fill| scale.of(column, fill));
    }
    columns.matrix = Some(y);
    Ok(())
}

/// Fills in the place of NaN, and a column for each indicator.
///
/// The fills wait, so that a scale that follows is done to them in double precision: the mean of a column of years, rounded to
/// single precision, would be as far from it as its last digits tell apart.
pub(super) fn impute(
    graph: &mut Graph,
    columns: &mut Columns,
    impute: &Impute,
    fills: &[f64],
) -> Result<(), Error> {
    let (places, width) = (columns.places(impute.columns())?, columns.numbers.len());
    let x = columns.filled(graph)?;
    for (place, fill) in places.iter().zip(fills) {
        let number = &mut columns.numbers[*place];
        (number.may_be_missing, number.fill) = (false, Some(*fill));
    }
    if !impute.indicators().is_empty() {
        let scope = graph.name("indicators");
        let indicated: Vec<usize> = impute.indicators().iter().map(|column| places[*column]).collect();
        let indicated = graph.columns(&format!("{scope}.of"), &x, &indicated, width);
        let missing = graph.apply("IsNaN", &format!("{scope}.missing"), &[&indicated]);
        let indicators =
            graph.apply_with("Cast", &format!("{scope}.numbers"), &[&missing], vec![to(DataType::Float)]);
        let numbers = impute.outputs().into_iter().map(|(name, _)| Number::new(name, false)).collect();
        columns.append(graph, &format!("{scope}.columns"), &[indicators], numbers);
    }
    Ok(())
}

/// `log(1 + x)`, or `sgn(x) log(1 + |x|)`; NaN where the library refuses a number below 0.
///
/// 1 + x loses digits of a small x. As `log u` over `u - 1` changes little with u, `x log u / (u - 1)` at the rounded u = 1 + x
/// has them all (Goldberg 1991, theorem 4).
pub(super) fn log(graph: &mut Graph, columns: &mut Columns, log: &Log) -> Result<(), Error> {
    let (places, width) = (columns.places(log.columns())?, columns.numbers.len());
    let scope = graph.name("log");
    let named = |part: &str| format!("{scope}.{part}");
    let matrix = columns.filled(graph)?;
    let x = if log.signed() { graph.apply("Abs", &named("size"), &[&matrix]) } else { matrix.clone() };
    let one = graph.scalar(&named("one"), 1.0)?;
    let zero = graph.scalar(&named("zero"), 0.0)?;
    let u = graph.apply("Add", &named("u"), &[&x, &one]);
    let log_u = graph.apply("Log", &named("log_u"), &[&u]);
    let step = graph.apply("Sub", &named("step"), &[&u, &one]);
    let ratio = graph.apply("Div", &named("ratio"), &[&x, &step]);
    let product = graph.apply("Mul", &named("product"), &[&log_u, &ratio]);
    let is_tiny = graph.apply("Equal", &named("is_tiny"), &[&step, &zero]);
    let mut y = graph.apply("Where", &named("log_of_size"), &[&is_tiny, &x, &product]);
    if log.signed() {
        let sign = graph.apply("Sign", &named("sign"), &[&matrix]);
        y = graph.apply("Mul", &named("logarithms"), &[&sign, &y]);
    } else {
        let is_refused = graph.apply("Less", &named("is_refused"), &[&matrix, &zero]);
        let nan = graph.scalar(&named("nan"), f64::NAN)?;
        y = graph.apply("Where", &named("logarithms"), &[&is_refused, &nan, &y]);
        for place in &places {
            columns.numbers[*place].may_be_missing = true;
        }
    }
    if places.len() < width {
        let touched: Vec<bool> = (0..width).map(|at| places.contains(&at)).collect();
        let touched = graph.mask(&named("touched"), &touched);
        y = graph.apply("Where", &named("columns"), &[&touched, &y, &matrix]);
    }
    columns.matrix = Some(y);
    Ok(())
}

/// Numbers no further out than limits; NaN stays NaN, which `Clip`, `Max` and `Min` leave open.
pub(super) fn clip(graph: &mut Graph, columns: &mut Columns, clip: &Clip) -> Result<(), Error> {
    let (places, width) = (columns.places(clip.columns())?, columns.numbers.len());
    let scope = graph.name("clip");
    let x = columns.filled(graph)?;
    let low = spread(clip.low(), &places, width, f64::NEG_INFINITY);
    let high = spread(clip.high(), &places, width, f64::INFINITY);
    let is_one = |limits: &[f64]| limits.iter().all(|limit| *limit == limits[0]);
    let are_scalars = is_one(&low) && is_one(&high);
    let mut limits = |name: &str, limits: &[f64]| match are_scalars {
        true => graph.scalar(&format!("{scope}.{name}"), limits[0]),
        false => graph.floats(&format!("{scope}.{name}"), &[1, width], limits),
    };
    let (low, high) = (limits("low", &low)?, limits("high", &high)?);
    let name = format!("{scope}.clipped");
    let mut y = if are_scalars {
        graph.apply("Clip", &name, &[&x, &low, &high])
    } else {
        let above = graph.apply("Max", &format!("{scope}.above"), &[&x, &low]);
        graph.apply("Min", &name, &[&above, &high])
    };
    if columns.numbers.iter().any(|number| number.may_be_missing) {
        let missing = graph.apply("IsNaN", &format!("{scope}.missing"), &[&x]);
        y = graph.apply("Where", &format!("{scope}.columns"), &[&missing, &x, &y]);
    }
    columns.matrix = Some(y);
    Ok(())
}

/// Products of columns: those of each degree are some of the degree before times a column each.
pub(super) fn polynomial(
    graph: &mut Graph,
    columns: &mut Columns,
    polynomial: &Polynomial,
) -> Result<(), Error> {
    let (places, width) = (columns.places(polynomial.columns())?, columns.numbers.len());
    let scope = graph.name("polynomial");
    let matrix = columns.filled(graph)?;
    let base = graph.columns(&format!("{scope}.factors"), &matrix, &places, width);
    let factors = polynomial.factors();
    let mut degrees = factors.chunk_by(|a, b| a.len() == b.len());
    let (mut shorter, mut parts) = (degrees.next().unwrap_or_default(), vec![base.clone()]);
    for (degree, longer) in (2..).zip(degrees) {
        let known: HashMap<&[usize], usize> =
            shorter.iter().enumerate().map(|(place, factors)| (&factors[..], place)).collect();
        let split = longer.iter().map(|factors| {
            let (last, rest) = factors.split_last().expect("a product has a factor");
            (known[rest], *last)
        });
        let (rest, last): (Vec<usize>, Vec<usize>) = split.unzip();
        let named = |part: &str| format!("{scope}.degree_{degree}{part}");
        let before = graph.columns(&named(".shorter"), &parts[parts.len() - 1], &rest, shorter.len());
        let last = graph.columns(&named(".last"), &base, &last, places.len());
        parts.push(graph.apply("Mul", &named(""), &[&before, &last]));
        shorter = longer;
    }
    let may_be_missing =
        |factors: &[usize]| factors.iter().any(|factor| columns.numbers[places[*factor]].may_be_missing);
    let numbers = polynomial
        .outputs()
        .into_iter()
        .map(|(name, factors)| Number::new(name, may_be_missing(&factors)))
        .collect();
    columns.remove(graph, &format!("{scope}.kept"), &places);
    columns.append(graph, &format!("{scope}.columns"), &parts, numbers);
    Ok(())
}

/// Principal components: `(x - mean) Vᵀ`, V having a component a row.
pub(super) fn pca(graph: &mut Graph, columns: &mut Columns, pca: &Pca) -> Result<(), Error> {
    let (places, width) = (columns.places(pca.columns())?, columns.numbers.len());
    let scope = graph.name("pca");
    let may_be_missing = places.iter().any(|place| columns.numbers[*place].may_be_missing);
    let names = pca.outputs();
    let mut parts = Vec::new();
    if !names.is_empty() {
        let matrix = columns.filled(graph)?;
        let x = graph.columns(&format!("{scope}.directions"), &matrix, &places, width);
        let x = centred(graph, &scope, &x, pca.mean())?;
        let dims = [names.len(), places.len()];
        let components = graph.floats(&format!("{scope}.components"), &dims, pca.components())?;
        let name = format!("{scope}.scores");
        parts.push(graph.apply_with("Gemm", &name, &[&x, &components], vec![int("transB", 1)]));
    }
    columns.remove(graph, &format!("{scope}.kept"), &places);
    let numbers = names.into_iter().map(|name| Number::new(name, may_be_missing)).collect();
    columns.append(graph, &format!("{scope}.columns"), &parts, numbers);
    Ok(())
}
