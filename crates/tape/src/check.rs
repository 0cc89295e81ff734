//! Checks of derivatives, for the tests of those who write functions and rules.
//!
//! Along random directions `u` and cotangents `v` the dot-product identity `⟨v, J u⟩ = ⟨Jᵀ v, u⟩` has to hold,
//! where `J u` comes from central differences of the function and `Jᵀ v` from the tape; and once more for the
//! derivative of the gradient. Each check costs a few evaluations, however many inputs there are; only when
//! one fails are operations and elements gone through one by one, to say which is off.
//!
//! An argument is moved by a thousandth of its size, or of one if it is zero, and by less where the function is not finite
//! or bends too much for that. What is let pass is a millionth of the derivative, and what the rounding of the function
//! comes to over the step. Arguments whose derivatives differ much in size move apart, so that none hides behind another.

mod differences;
mod matrices;

pub use matrices::{Comparison, Entry, hessian, jacobian};

use crate::tape::{self, Stored};
use crate::tensor::{At, Inputs, Op};
use crate::{Dual, Error, Tape, Tensor, Var};
use differences::{Slope, scale, slope};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::fmt;

/// How well derivatives agreed with differences: the largest disagreement over all directions, relative to the size of what
/// was compared, or to as much of it as the rounding of the function leaves to be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Of the gradient.
    pub first: f64,
    /// Of the derivative of the gradient; `None` where the recording can't be differentiated again, because
    /// scalar lines are in it.
    pub second: Option<f64>,
}

/// A derivative that differences do not confirm.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// 1 for a gradient, 2 for the derivative of a gradient.
    pub order: u32,
    /// The operation that is off, with its number on the tape; `None` if each is right by itself, or if the
    /// function is of scalars, whose lines do not know their operation.
    pub operation: Option<(usize, &'static str)>,
    /// Which argument, of the operation if there is one, else of the function.
    pub argument: usize,
    /// Which element of the argument.
    pub element: Vec<usize>,
    /// What the tape says.
    pub derivative: f64,
    /// What central differences say.
    pub differences: f64,
    /// What forward mode says, where differences confirm the tape, and forward mode does not.
    pub forward: Option<f64>,
}

impl std::error::Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.order == 1 { "first" } else { "second" };
        write!(f, "check: {order} derivative by ")?;
        match self.operation {
            Some((node, name)) => {
                write!(f, "argument {} of `{name}` (tensor {node} of the tape)", self.argument)?
            }
            None => write!(f, "argument {} of the function", self.argument)?,
        }
        write!(
            f,
            ", element {:?}: the tape says {}, differences say {}",
            self.element, self.derivative, self.differences
        )?;
        match self.forward {
            Some(forward) => write!(f, ", forward mode says {forward}"),
            None => Ok(()),
        }
    }
}

/// How many random directions each check takes.
const DIRECTIONS: usize = 4;
/// The disagreement that is let pass, relative to the size of what is compared and beyond what rounding does.
const TOLERANCE: f64 = 1e-6;

/// Checks the gradient of a function of scalars, and its Hessian along directions, at `x`: by differences, and the gradient
/// by forward mode as well. The function is called with duals over the tape's scalars, which any function generic over
/// [`Real`](crate::Real) takes.
///
/// # Errors
/// [`Error::Check`] with the element that is off.
///
/// ```
/// use tape::{Real, check};
/// fn f<R: Real>(x: &[R]) -> R { x[0].sin() * x[1].exp() }
/// assert!(check::gradient(f, &[0.5, -1.0])?.first < 1e-8);
///
/// // A function that hides a dependence is found out.
/// fn wrong<R: Real>(x: &[R]) -> R { x[0] * R::from_f64(x[1].to_f64()) }
/// let error = check::gradient(wrong, &[2.0, 3.0]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "check: first derivative by argument 1 of the function, element []: \
///      the tape says 0, differences say 2",
/// );
/// # Ok::<(), tape::Error>(())
/// ```
pub fn gradient(f: impl Fn(&[Dual<Var>]) -> Dual<Var>, x: &[f64]) -> Result<Report, Error> {
    let pushed = |x: &[f64], u: &[f64]| {
        let inputs = x.iter().zip(u).map(|(&x, &u)| Dual::new(Var::constant(x), Var::constant(u)));
        f(&inputs.collect::<Vec<_>>())
    };
    let still = vec![0.0; x.len()];
    let primal = |x: &[f64]| pushed(x, &still).value.value();
    // The gradient by a sweep, and the gradient of the derivative along u by another.
    let swept = |x: &[f64], u: &[f64]| {
        let tape = Tape::begin();
        let leaves = tape.vars(x);
        let inputs = leaves.iter().zip(u).map(|(&x, &u)| Dual::new(x, Var::constant(u)));
        let y = f(&inputs.collect::<Vec<_>>());
        let read = |y: Var| match y.is_recorded() {
            false => Ok(vec![0.0; x.len()]),
            true => tape.sweep(&y).map(|bar| bar.of_first_lines::<f64>(x.len())),
        };
        Ok::<_, Error>((read(y.value)?, read(y.tangent)?))
    };
    let along = |u: &[f64]| {
        slope(|h| {
            let y = primal(&moved(x, u, h));
            (y, y.abs())
        })
    };
    let gradient_along = |u: &[f64], w: &[f64]| {
        slope(|h| {
            let gradient = swept(&moved(x, w, h), u).map(|(gradient, _)| gradient);
            gradient.map_or((f64::NAN, 0.0), |gradient| (dot(&gradient, u), size(&gradient, u)))
        })
    };
    let scales: Vec<f64> = x.iter().map(|&x| scale(x)).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0x7a9e);
    let mut report = Report { first: 0.0, second: Some(0.0) };
    let (gradient, _) = swept(x, &still)?;
    for _ in 0..DIRECTIONS {
        let directions: Vec<_> = classes(&gradient, &scales)
            .iter()
            .map(|class| direction_in(&mut random, class, &scales))
            .collect();
        for u in &directions {
            let (derivative, size) = (dot(&gradient, u), size(&gradient, u));
            let off = disagreement(derivative, along(u), size);
            if !agrees(off) {
                return Err(worst(1, &gradient, &scales, &along));
            }
            report.first = report.first.max(off);

            let forward = |u: &[f64]| Slope { value: pushed(x, u).tangent.value(), noise: 0.0 };
            if !agrees(disagreement(derivative, forward(u), size)) {
                return Err(worst_forward(&gradient, &scales, forward, &along));
            }
        }
        for u in &directions {
            let (_, hessian_u) = swept(x, u)?;
            for class in classes(&hessian_u, &scales) {
                let w = direction_in(&mut random, &class, &scales);
                let off = disagreement(dot(&hessian_u, &w), gradient_along(u, &w), size(&hessian_u, &w));
                if !agrees(off) {
                    return Err(worst(2, &hessian_u, &scales, &|w: &[f64]| gradient_along(u, w)));
                }
                report.second = report.second.map(|so_far| so_far.max(off));
            }
        }
    }
    Ok(report)
}

/// The element whose derivative is farthest from the differences along it alone.
fn worst(order: u32, derivative: &[f64], scales: &[f64], along: &impl Fn(&[f64]) -> Slope) -> Error {
    let (k, differences) = farthest(derivative, |k| by_element(k, scales, along));
    mismatch(order, k, derivative, differences, None)
}

/// The element whose derivative is farthest from what forward mode says, which differences do not.
fn worst_forward(
    gradient: &[f64],
    scales: &[f64],
    forward: impl Fn(&[f64]) -> Slope,
    along: &impl Fn(&[f64]) -> Slope,
) -> Error {
    let (k, forward) = farthest(gradient, |k| by_element(k, scales, &forward));
    let differences = rounded(by_element(k, scales, along).value);
    mismatch(1, k, gradient, differences, Some(forward))
}

fn mismatch(order: u32, k: usize, derivative: &[f64], differences: f64, forward: Option<f64>) -> Error {
    let derivative = derivative.get(k).copied().unwrap_or(f64::NAN);
    Error::Check(Box::new(Mismatch {
        order,
        operation: None,
        argument: k,
        element: Vec::new(),
        derivative,
        differences,
        forward,
    }))
}

/// The derivative by element k, from derivatives along directions.
fn by_element(k: usize, scales: &[f64], along: impl Fn(&[f64]) -> Slope) -> Slope {
    along(&unit(scales, k)).by(scales[k])
}

fn farthest(derivative: &[f64], one: impl Fn(usize) -> Slope) -> (usize, f64) {
    let mut worst = (0, f64::NAN, -1.0);
    for (k, &d) in derivative.iter().enumerate() {
        let differences = one(k);
        let off = disagreement(d, differences, d.abs());
        // A NaN is as far off as anything can be.
        let off = if off.is_nan() { f64::INFINITY } else { off };
        if off > worst.2 {
            worst = (k, differences.value, off);
        }
    }
    (worst.0, rounded(worst.1))
}

/// As short as differences are exact.
fn rounded(differences: f64) -> f64 {
    format!("{differences:.6e}").parse().unwrap_or(differences)
}

/// Checks the gradients of a function of tensors by each of its inputs, first and second order, at `inputs`.
/// Weighted with random cotangents, the output may have any shape.
///
/// # Errors
/// [`Error::Check`] with the operation, argument and element that is off; the function's own error.
///
/// ```
/// # fn main() -> Result<(), tape::Error> {
/// use tape::{Tensor, check};
/// let x = Tensor::from_slice(&[0.5, -1.0, 2.0, 0.1], &[2, 2])?;
/// let report = check::tensor_gradient(|v| v[0].matmul(v[0].t())?.sigmoid().mul(&v[0]), &[x])?;
/// assert!(report.first < 1e-7 && report.second.is_some());
/// # Ok(())
/// # }
/// ```
pub fn tensor_gradient(
    f: impl Fn(&[Tensor<f64>]) -> Result<Tensor<f64>, Error>,
    inputs: &[Tensor<f64>],
) -> Result<Report, Error> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0x7a9e);
    let x: Vec<f64> = inputs.iter().flat_map(Tensor::to_vec).collect();
    let split = |flat: &[f64]| {
        let mut start = 0;
        inputs
            .iter()
            .map(|input| {
                start += input.len();
                Tensor::from_slice(&flat[start - input.len()..start], input.shape())
            })
            .collect::<Result<Vec<_>, _>>()
    };
    let output = tape::unrecorded(|| f(inputs))?;
    let scales: Vec<f64> = x.iter().map(|&x| scale(x)).collect();
    let mut report = Report { first: 0.0, second: Some(0.0) };
    for _ in 0..DIRECTIONS {
        let v = Tensor::from_vec(direction(&mut random, output.len()), output.shape())?;
        let weighted = |x: &[f64]| -> Result<(f64, f64), Error> {
            let y = tape::unrecorded(|| f(&split(x)?))?;
            Ok((dot(y.as_slice(), v.as_slice()), size(y.as_slice(), v.as_slice())))
        };
        let along = |u: &[f64]| slope(|h| weighted(&moved(&x, u, h)).unwrap_or((f64::NAN, 0.0)));
        let gradient = swept(&f, &split(&x)?, &v)?;
        let directions: Vec<_> = classes(&gradient, &scales)
            .iter()
            .map(|class| direction_in(&mut random, class, &scales))
            .collect();
        for u in &directions {
            let off = disagreement(dot(&gradient, u), along(u), size(&gradient, u));
            if !agrees(off) {
                return Err(culprit(1, &f, inputs, &gradient, |k| by_element(k, &scales, along))?);
            }
            report.first = report.first.max(off);
        }
        for u in &directions {
            let Some(second) = swept_twice(&f, &split(&x)?, &v, &split(u)?)? else {
                report.second = None;
                continue;
            };
            let gradient_along = |w: &[f64]| {
                let gradient = |h| swept(&f, &split(&moved(&x, w, h))?, &v);
                slope(|h| {
                    gradient(h).map_or((f64::NAN, 0.0), |gradient| (dot(&gradient, u), size(&gradient, u)))
                })
            };
            for class in classes(&second, &scales) {
                let w = direction_in(&mut random, &class, &scales);
                let off = disagreement(dot(&second, &w), gradient_along(&w), size(&second, &w));
                if !agrees(off) {
                    let one = |k| by_element(k, &scales, gradient_along);
                    return Err(culprit(2, &f, inputs, &second, one)?);
                }
                report.second = report.second.map(|so_far| so_far.max(off));
            }
        }
    }
    Ok(report)
}

type Values = Result<Vec<f64>, Error>;

/// `Jᵀ v` by a sweep, all inputs one after the other.
fn swept(
    f: &impl Fn(&[Tensor<f64>]) -> Result<Tensor<f64>, Error>,
    inputs: &[Tensor<f64>],
    v: &Tensor<f64>,
) -> Values {
    let tape = Tape::begin();
    let leaves: Vec<_> = inputs.iter().map(|x| tape.tensor(x)).collect();
    let y = f(&leaves)?;
    if !y.is_recorded() {
        return Ok(vec![0.0; inputs.iter().map(Tensor::len).sum()]);
    }
    let bar = tape.sweep_with(&y, v.clone())?;
    flat(leaves.iter().map(|leaf| bar.of(leaf)))
}

/// The derivative of `⟨Jᵀ v, u⟩` by a recorded sweep and a plain one; `None` where scalars are in the way.
fn swept_twice(
    f: &impl Fn(&[Tensor<f64>]) -> Result<Tensor<f64>, Error>,
    inputs: &[Tensor<f64>],
    v: &Tensor<f64>,
    u: &[Tensor<f64>],
) -> Result<Option<Vec<f64>>, Error> {
    let tape = Tape::begin();
    let leaves: Vec<_> = inputs.iter().map(|x| tape.tensor(x)).collect();
    let y = f(&leaves)?;
    if !y.is_recorded() {
        return Ok(Some(vec![0.0; inputs.iter().map(Tensor::len).sum()]));
    }
    let bar = match tape.sweep_recorded_with(&y, v.clone()) {
        Err(Error::ScalarLine { .. }) => return Ok(None),
        other => other?,
    };
    let mut along = Tensor::scalar(0.0);
    for (leaf, u) in leaves.iter().zip(u) {
        along = Tensor::add(&along, &Tensor::mul(&bar.of(leaf)?, u)?.sum())?;
    }
    if !along.is_recorded() {
        return Ok(Some(vec![0.0; inputs.iter().map(Tensor::len).sum()]));
    }
    let bar = tape.sweep(&along)?;
    flat(leaves.iter().map(|leaf| bar.of(leaf))).map(Some)
}

fn flat(tensors: impl Iterator<Item = Result<Tensor<f64>, Error>>) -> Values {
    let mut all = Vec::new();
    for tensor in tensors {
        all.extend_from_slice(tensor?.as_slice());
    }
    Ok(all)
}

/// Who is to blame for a gradient that is off: the first operation whose pullback does not agree with
/// differences of its forward, or, if all do, the input and element of the function.
fn culprit(
    order: u32,
    f: &impl Fn(&[Tensor<f64>]) -> Result<Tensor<f64>, Error>,
    inputs: &[Tensor<f64>],
    gradient: &[f64],
    one: impl Fn(usize) -> Slope,
) -> Result<Error, Error> {
    let tape = Tape::begin();
    tape.keep_all();
    let leaves: Vec<_> = inputs.iter().map(|x| tape.tensor(x)).collect();
    f(&leaves)?;
    let nodes: Vec<_> = tape::with_state(|state| {
        let nodes = f64::nodes(state);
        nodes.iter().map(|node| node.resolved(nodes)).collect()
    });
    for (number, node) in nodes.iter().enumerate() {
        let Some(op) = &node.op else { continue };
        if let Some((argument, element, derivative, differences)) = off_by_itself(op, &node.inputs)? {
            let operation = Some((number, op.name()));
            let forward = None;
            let mismatch = Mismatch { order, operation, argument, element, derivative, differences, forward };
            return Ok(Error::Check(Box::new(mismatch)));
        }
    }
    let (mut k, differences) = farthest(gradient, one);
    let derivative = gradient.get(k).copied().unwrap_or(f64::NAN);
    let mut argument = 0;
    while argument + 1 < inputs.len() && k >= inputs[argument].len() {
        k -= inputs[argument].len();
        argument += 1;
    }
    let element = index_of(k, inputs[argument].shape());
    let (operation, forward) = (None, None);
    let mismatch = Mismatch { order, operation, argument, element, derivative, differences, forward };
    Ok(Error::Check(Box::new(mismatch)))
}

/// Argument, element, derivative and differences of what is off.
type Off = (usize, Vec<usize>, f64, f64);

/// The first argument and element of an operation whose derivative differences do not confirm.
fn off_by_itself(op: &Op, inputs: &[Tensor<f64>]) -> Result<Option<Off>, Error> {
    tape::unrecorded(|| {
        let plain: Vec<_> = inputs.iter().map(Tensor::to_constant).collect();
        let forward = |inputs: &[Tensor<f64>]| op.forward(&inputs.iter().collect::<Vec<_>>());
        let output = forward(&plain)?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(0x0ff);
        let v = Tensor::from_vec(direction(&mut random, output.len()), output.shape())?;
        let given: Vec<_> = plain.iter().collect();
        let mut at = At { inputs: Inputs::Given(&given), output: &output, cotangent: &v };
        let inner = op.inner_cotangent(&at);
        at.cotangent = inner.as_ref().unwrap_or(&v);
        for (argument, input) in inputs.iter().enumerate().filter(|(_, input)| input.is_recorded()) {
            let x_bar = op.pullback(&at, argument)?.summed_to(input.shape())?;
            let one = |k: usize| {
                let scale = scale(input.as_slice()[k]);
                let along = slope(|h| {
                    let mut moved_inputs = plain.clone();
                    moved_inputs[argument].as_mut_slice()[k] += h * scale;
                    let y = forward(&moved_inputs);
                    y.map_or((f64::NAN, 0.0), |y| {
                        (dot(y.as_slice(), v.as_slice()), size(y.as_slice(), v.as_slice()))
                    })
                });
                along.by(scale)
            };
            let (k, differences) = farthest(x_bar.as_slice(), one);
            let Some(&derivative) = x_bar.as_slice().get(k) else { continue };
            if !agrees(disagreement(derivative, one(k), derivative.abs())) {
                return Ok(Some((argument, index_of(k, input.shape()), derivative, differences)));
            }
        }
        Ok(None)
    })
}

fn index_of(mut k: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, &length) in index.iter_mut().zip(shape).rev() {
        *i = k % length.max(1);
        k /= length.max(1);
    }
    index
}

/// A direction of entries in [-1, 1], none of them near zero.
fn direction(random: &mut Xoshiro256PlusPlus, length: usize) -> Vec<f64> {
    let entry = |_| random.random_range(0.3..1.0) * if random.random::<bool>() { 1.0 } else { -1.0 };
    (0..length).map(entry).collect()
}

/// The arguments in classes of derivatives of like size, each as it moves by its scale: by the thousand, and those of
/// derivative zero together. What is wrong with a small derivative would be lost in the sum with great ones.
fn classes(derivative: &[f64], scales: &[f64]) -> Vec<Vec<usize>> {
    let mut classes: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (k, (d, scale)) in derivative.iter().zip(scales).enumerate() {
        // Zero is of the least class, and NaN of one in the middle.
        let class = ((d * scale).abs().log2() / 10.0).floor() as i32;
        classes.entry(class).or_default().push(k);
    }
    classes.into_values().collect()
}

/// A direction along which only these arguments move, each by about its scale.
fn direction_in(random: &mut Xoshiro256PlusPlus, class: &[usize], scales: &[f64]) -> Vec<f64> {
    let mut u = vec![0.0; scales.len()];
    class.iter().zip(direction(random, class.len())).for_each(|(&k, entry)| u[k] = entry * scales[k]);
    u
}

/// The direction along which argument k alone moves, by its scale.
fn unit(scales: &[f64], k: usize) -> Vec<f64> {
    scales.iter().enumerate().map(|(i, &scale)| if i == k { scale } else { 0.0 }).collect()
}

fn moved(x: &[f64], u: &[f64], h: f64) -> Vec<f64> {
    x.iter().zip(u).map(|(x, u)| x + h * u).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The size of the terms of a dot product: what its rounding errors are relative to.
fn size(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a * b).abs()).sum()
}

/// How far a derivative is from differences, relative to the size of what it was made of; where the differences are too
/// rounded to see as much, relative to what they show.
fn disagreement(derivative: f64, differences: Slope, size: f64) -> f64 {
    let apart = (derivative - differences.value).abs();
    if apart == 0.0 {
        0.0
    } else {
        apart / (size.max(differences.value.abs()) + differences.noise / TOLERANCE)
    }
}

/// NaN does not.
fn agrees(off: f64) -> bool {
    off <= TOLERANCE
}

#[cfg(test)]
mod tests;
