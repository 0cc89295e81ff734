//! The crate against a reference table made by others (mpmath at 90 digits, PyTorch, JAX), case by case: value and
//! vector-Jacobian product.

use serde_json::Value;
use std::path::PathBuf;
use tape::{Elementary, Error, Tape, Tensor, Triangle, Var, vjp};

struct Case {
    id: String,
    op: String,
    attrs: Value,
    inputs: Vec<Tensor>,
    output: Tensor,
    cotangent: Tensor,
    vjp: Vec<Tensor>,
}

/// The table, or None where it was not handed out with the sources.
fn table() -> Option<Vec<Case>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/op_reference.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no reference table at {}", path.display());
        return None;
    };
    let table: Value = serde_json::from_str(&text).expect("the table is JSON");
    let cases = table["cases"].as_array().expect("cases").iter().map(|case| Case {
        id: case["id"].as_str().expect("id").to_owned(),
        op: case["op"].as_str().expect("op").to_owned(),
        attrs: case["attrs"].clone(),
        inputs: tensors(&case["inputs"]),
        output: tensor(&case["output"]),
        cotangent: tensor(&case["cotangent"]),
        vjp: tensors(&case["vjp"]),
    });
    Some(cases.collect())
}

fn tensors(value: &Value) -> Vec<Tensor> {
    value.as_array().expect("a list of tensors").iter().map(tensor).collect()
}

fn tensor(value: &Value) -> Tensor {
    let whole = |value: &Value| value.as_u64().expect("a length") as usize;
    let shape: Vec<usize> = value["shape"].as_array().expect("shape").iter().map(whole).collect();
    let data = value["data"].as_array().expect("data").iter().map(number).collect();
    Tensor::from_vec(data, &shape).expect("as many numbers as the shape says")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().and_then(|text| text.parse().ok()).expect("a number"))
}

/// A matrix among the attributes.
fn matrix(value: &Value) -> Tensor {
    let rows: Vec<Vec<f64>> = value
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row.as_array().expect("row").iter().map(number).collect())
        .collect();
    Tensor::from_vec(rows.concat(), &[rows.len(), rows[0].len()]).expect("a full matrix")
}

/// The operations that act on elements, in one generic definition for scalars and tensors.
fn elementwise<E: Elementary>(op: &str, attrs: &Value, x: &[E]) -> Option<E> {
    let a = x[0].clone();
    let b = || x[1].clone();
    let constant = |name: &str| a.like(number(&attrs[name]));
    Some(match op {
        "neg" => -a,
        "recip" => a.recip(),
        "sqrt" => a.sqrt(),
        "square" => a.powi(2),
        "exp" => a.exp(),
        "exp_m1" => a.exp_m1(),
        "ln" => a.ln(),
        "ln_1p" => a.ln_1p(),
        "sin" => a.sin(),
        "cos" => a.cos(),
        "tanh" => a.tanh(),
        "sigmoid" => a.sigmoid(),
        "softplus" => a.softplus(),
        "abs" => a.abs(),
        "cbrt" => a.cbrt(),
        "exp2" => a.exp2(),
        "log2" => a.log2(),
        "log10" => a.log10(),
        "tan" => a.tan(),
        "asin" => a.asin(),
        "acos" => a.acos(),
        "atan" => a.atan(),
        "sinh" => a.sinh(),
        "cosh" => a.cosh(),
        "asinh" => a.asinh(),
        "acosh" => a.acosh(),
        "atanh" => a.atanh(),
        "signum" => a.signum(),
        "floor" => a.floor(),
        "ceil" => a.ceil(),
        "round" => a.round(),
        "erf" => a.erf(),
        "erfc" => a.erfc(),
        "lgamma" => a.lgamma(),
        "digamma" => a.digamma(),
        "log_sigmoid" => a.log_sigmoid(),
        "silu" => a.silu(),
        "softsign" => a.softsign(),
        "relu" => a.relu(),
        "leaky_relu" => a.leaky_relu(0.01),
        "elu" => a.elu(1.0),
        "gelu" => a.gelu(),
        "gelu_tanh" => a.gelu_tanh(),
        "mish" => a.mish(),
        "hypot" => a.hypot(b()),
        "atan2" => a.atan2(b()),
        "rem" => a % b(),
        "logaddexp" => a.log_add_exp(b()),
        "add" => a + b(),
        "sub" => a - b(),
        "mul" => a * b(),
        "div" => a / b(),
        "max" => a.max(b()),
        "min" => a.min(b()),
        "pow" => a.powf(b()),
        "powi" => a.powi(attrs["n"].as_i64().expect("n") as i32),
        "powf" => a.clone().powf(constant("p")),
        "clamp" => a.clone().clamp(constant("lo"), constant("hi")),
        "reuse_x_times_x" => a.clone() * a,
        "reuse_diamond" => {
            let (sin, cos) = (a.clone().sin(), a.cos());
            let both = sin * cos.clone();
            both.clone() + both * cos
        }
        "reuse_fanout100" => {
            (1..=100).map(|k| a.clone().scale(f64::from(k)) * a.clone()).reduce(|sum, term| sum + term)?
        }
        "chain_sin_1000" => (0..1000).fold(a, |x, _| x.sin()),
        _ => return None,
    })
}

/// The operations on whole tensors.
fn whole(op: &str, attrs: &Value, x: &[Tensor]) -> Result<Option<Tensor>, Error> {
    let a = &x[0];
    let number_of = |name: &str| attrs[name].as_u64().expect("a whole number") as usize;
    let lengths = |name: &str| -> Vec<usize> {
        attrs[name]
            .as_array()
            .expect("lengths")
            .iter()
            .map(|n| n.as_u64().expect("length") as usize)
            .collect()
    };
    // The axes of a reduction: the one that is named, or all.
    let over = |reduce: fn(&Tensor, &[usize], bool) -> Result<Tensor, Error>| {
        let axes =
            attrs["axis"].as_u64().map_or_else(|| (0..a.shape().len()).collect(), |axis| vec![axis as usize]);
        reduce(a, &axes, attrs["keepdim"].as_bool().unwrap_or(false))
    };
    let indices = |name: &str| {
        let list = matrix(&attrs[name]);
        (list.as_slice().iter().map(|&index| index as usize).collect::<Vec<_>>(), list.shape().to_vec())
    };
    Ok(Some(match op {
        "sum" => over(Tensor::sum_axes)?,
        "mean" => over(Tensor::mean_axes)?,
        "prod" => over(Tensor::prod_axes)?,
        "max_reduce" => over(Tensor::max_axes)?,
        "min_reduce" => over(Tensor::min_axes)?,
        "logsumexp" => over(Tensor::log_sum_exp_axes)?,
        "norm1" => over(|a, axes, keep| a.norm_axes(1.0, axes, keep))?,
        "norm2" => over(|a, axes, keep| a.norm_axes(2.0, axes, keep))?,
        "var0" => over(|a, axes, keep| a.var_axes(axes, 0, keep))?,
        "var1" => over(|a, axes, keep| a.var_axes(axes, 1, keep))?,
        "std1" => over(|a, axes, keep| a.std_axes(axes, 1, keep))?,
        "cumsum" => a.cumsum(number_of("axis"))?,
        "cumprod" => a.cumprod(number_of("axis"))?,
        "softmax" => a.softmax(number_of("axis"))?,
        "log_softmax" => a.log_softmax(number_of("axis"))?,
        "cross_entropy_logits" => a.cross_entropy_logits(&lengths("labels"))?,
        "where" => Tensor::select(&matrix(&attrs["mask"]), a, &x[1])?,
        "matmul" => a.matmul(&x[1])?,
        "dot" => a.dot(&x[1])?,
        "dot_self" => a.dot(a)?,
        "matmul_self_T" => a.matmul(a.t())?,
        "outer" => a.outer(&x[1])?,
        "einsum" => {
            Tensor::einsum(attrs["eq"].as_str().expect("an equation"), &x.iter().collect::<Vec<_>>())?
        }
        "det" => a.det()?,
        "slogdet" => a.slogdet()?.1,
        "inverse" => a.inverse()?,
        "solve" => a.solve(&x[1])?,
        "trisolve_lower" => a.solve_triangular(&x[1], Triangle::Lower)?,
        "cholesky" => a.cholesky()?,
        "transpose" => a.permute(&lengths("perm"))?,
        "reshape" => a.reshape(&lengths("shape"))?,
        "broadcast_to" => a.broadcast_to(&lengths("shape"))?,
        "concat" => Tensor::concat(&x.iter().collect::<Vec<_>>(), number_of("axis"))?,
        "stack" => Tensor::stack(&x.iter().collect::<Vec<_>>(), number_of("axis"))?,
        "slice" => {
            assert_eq!((number_of("axis"), number_of("step")), (0, 1), "the only case there is");
            let rows = number_of("start")..number_of("stop");
            a.slice(std::slice::from_ref(&rows))?
        }
        "conv1d" => a.conv1d(&x[1], number_of("stride"), number_of("padding"))?,
        "conv2d" => a.conv2d(&x[1], [number_of("stride"); 2], [number_of("padding"); 2])?,
        "mse" => a.mse(&x[1])?,
        "flip" => a.flip(&[number_of("axis")])?,
        "pad" => {
            let pads = matrix(&attrs["pads"]).to_vec();
            let widths: Vec<_> = pads.chunks(2).map(|pad| (pad[0] as usize, pad[1] as usize)).collect();
            a.pad(&widths, 0.0)?
        }
        "index_select" => a.index_select(number_of("axis"), &lengths("index"))?,
        "gather" => {
            let (list, shape) = indices("index");
            a.gather(number_of("axis"), &list, &shape)?
        }
        "scatter_add" => {
            let (list, shape) = indices("index");
            a.scatter_add(number_of("axis"), &list, &shape, &x[1])?
        }
        "tril" => a.tril(0)?,
        "diag" => a.diag(0)?,
        "trace" => a.trace()?,
        "bce_probs_ng" => {
            let (y, n) = (matrix(&attrs["y"]), a.shape()[0] as f64);
            let likelihood = &y * Tensor::ln(a) + (1.0 - &y) * Tensor::ln(&(1.0 - a));
            likelihood.sum().scale(-1.0 / n)
        }
        "bce_logits_ng" => {
            let (y, n) = (matrix(&attrs["y"]), a.shape()[0] as f64);
            a.sigmoid_cross_entropy(&y)?.scale(1.0 / n)
        }
        "linear_sigmoid_layer" => Tensor::sigmoid(&(a.matmul(x[1].t())? + &x[2])),
        _ => return Ok(None),
    }))
}

/// Value and products by the tensor tape.
fn by_tensors(
    case: &Case,
    f: impl Fn(&[Tensor]) -> Result<Tensor, Error>,
) -> Result<(Tensor, Vec<Tensor>), Error> {
    let tape = Tape::begin();
    let x: Vec<Tensor> = case.inputs.iter().map(|input| tape.tensor(input)).collect();
    let y = f(&x)?;
    let bar = tape.sweep_with(&y, case.cotangent.clone())?;
    let products = x.iter().map(|x| bar.of(x)).collect::<Result<_, _>>()?;
    Ok((y.to_constant(), products))
}

/// Value and products by the scalar tape, element by element of the broadcast output.
fn by_scalars(case: &Case) -> Result<(Tensor, Vec<Tensor>), Error> {
    let flat: Vec<f64> = case.inputs.iter().flat_map(Tensor::to_vec).collect();
    let f = |x: &[Var]| -> Vec<Var> {
        let element = |k: usize| -> Var {
            let mut start = 0;
            let arguments: Vec<Var> = case
                .inputs
                .iter()
                .map(|input| {
                    start += input.len();
                    // Inputs have the shape of the output, or are single numbers.
                    x[start - input.len() + if input.len() == 1 { 0 } else { k }]
                })
                .collect();
            elementwise(&case.op, &case.attrs, &arguments).expect("asked before")
        };
        (0..case.output.len()).map(element).collect()
    };
    let (y, x_bar) = vjp(f, &flat, case.cotangent.as_slice())?;
    let mut rest = x_bar.as_slice();
    let products = case.inputs.iter().map(|input| {
        let (here, after) = rest.split_at(input.len());
        rest = after;
        Tensor::from_slice(here, input.shape())
    });
    let products = products.collect::<Result<_, _>>()?;
    Ok((Tensor::from_vec(y, case.output.shape())?, products))
}

/// Relative tolerances of value and product, as the table's `meta` advises.
#[derive(Clone, Copy)]
enum Tolerance {
    /// Element by element: 4 ulp, and 1e-14.
    Scalar,
    /// By the largest element.
    Norm(f64),
}

fn agree(
    what: &str,
    got: &Tensor,
    want: &Tensor,
    relative: f64,
    by_norm: bool,
    floor: f64,
) -> Result<(), String> {
    if got.shape() != want.shape() {
        return Err(format!("{what} has shape {:?}, wants {:?}", got.shape(), want.shape()));
    }
    let norm = want.as_slice().iter().fold(0.0_f64, |norm, x| norm.max(x.abs()));
    for (&got, &want) in got.as_slice().iter().zip(want.as_slice()) {
        let size = if by_norm { norm } else { want.abs() };
        let off = (got - want).abs();
        let same = got == want || (got.is_nan() && want.is_nan());
        if !same && (off.is_nan() || off > relative * size + floor) {
            return Err(format!("{what} {got:e}, wants {want:e}, off by {off:e}"));
        }
    }
    Ok(())
}

fn compare(case: &Case, way: &str, got: &(Tensor, Vec<Tensor>), tolerance: Tolerance) -> Result<(), String> {
    let (value, product, by_norm) = match tolerance {
        Tolerance::Scalar => (4.0 * f64::EPSILON, 1e-14, false),
        Tolerance::Norm(relative) => (relative, relative, true),
    };
    let floor = 1e-15 * case.output.as_slice().iter().fold(1.0_f64, |most, y| most.max(y.abs()));
    let said = |error| format!("{} by {way}: {error}", case.id);
    agree("value", &got.0, &case.output, value, by_norm, floor).map_err(said)?;
    if got.1.len() != case.vjp.len() {
        return Err(said("as many products as inputs".to_owned()));
    }
    for (k, (got, want)) in got.1.iter().zip(&case.vjp).enumerate() {
        agree(&format!("product {k}"), got, want, product, by_norm, floor).map_err(said)?;
    }
    Ok(())
}

/// Runs a case every way there is; None where the operation is not known.
fn run(case: &Case) -> Option<Result<(), String>> {
    let said = |error: Error| format!("{}: {error}", case.id);
    if elementwise(&case.op, &case.attrs, &case.inputs).is_some() {
        // A thousand roundings in a row are no longer a few units in the last place.
        let tolerance = if case.op == "chain_sin_1000" { Tolerance::Norm(1e-12) } else { Tolerance::Scalar };
        let scalars =
            by_scalars(case).map_err(said).and_then(|got| compare(case, "scalars", &got, tolerance));
        let f = |x: &[Tensor]| Ok(elementwise(&case.op, &case.attrs, x).expect("asked before"));
        let tensors =
            by_tensors(case, f).map_err(said).and_then(|got| compare(case, "tensors", &got, tolerance));
        return Some(scalars.and(tensors));
    }
    match whole(&case.op, &case.attrs, &case.inputs) {
        Ok(None) => None,
        Ok(Some(_)) => {
            let f = |x: &[Tensor]| Ok(whole(&case.op, &case.attrs, x)?.expect("asked before"));
            let got = by_tensors(case, f).map_err(said);
            Some(got.and_then(|got| compare(case, "tensors", &got, Tolerance::Norm(1e-12))))
        }
        Err(error) => Some(Err(said(error))),
    }
}

#[test]
fn every_case_of_the_reference_table_is_confirmed() {
    let Some(cases) = table() else { return };
    let mut wrong = Vec::new();
    for case in &cases {
        match run(case) {
            Some(Ok(())) => {}
            Some(Err(error)) => wrong.push(error),
            None => wrong.push(format!("{}: {} does not run", case.id, case.op)),
        }
    }
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(cases.len(), 182, "the table has 182 cases");
}

#[test]
fn a_wrong_number_in_a_case_is_reported() {
    let Some(mut cases) = table() else { return };
    let case = cases.iter_mut().find(|case| case.id == "matmul/2x3_3x4").expect("a case of the table");
    assert_eq!(run(case), Some(Ok(())));
    case.vjp[1].as_mut_slice()[5] *= 1.0 + 1e-10;
    let report = run(case).expect("it runs").unwrap_err();
    assert!(report.starts_with("matmul/2x3_3x4 by tensors: product 1"), "{report}");
}
