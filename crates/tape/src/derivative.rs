//! Derivatives of functions, for those who don't want to hold the tape.

use crate::{Dual, Error, Float, Real, Reverse, Tangents, Tape, Taylor, Tensor, Var, value_and_grad_over};

/// The gradient of `f` at `x`: one number for each input.
///
/// ```
/// use tape::{Real, grad};
/// fn product<R: Real>(x: &[R]) -> R { x.iter().product() }
/// assert_eq!(grad(product, &[2.0, 3.0, 4.0]), [12.0, 8.0, 6.0]);
/// ```
pub fn grad<T: Float>(f: impl FnOnce(&[Var<T>]) -> Var<T>, x: &[T]) -> Vec<T> {
    value_and_grad(f, x).1
}

/// The value and the gradient of `f` at `x`.
///
/// A function that ignores its inputs has the gradient zero.
///
/// ```
/// let (y, dy) = tape::value_and_grad(|x| x[0].exp() + x[1] * 2.0, &[0.0, 1.0]);
/// assert_eq!((y, dy), (3.0, vec![1.0, 2.0]));
/// ```
pub fn value_and_grad<T: Float>(f: impl FnOnce(&[Var<T>]) -> Var<T>, x: &[T]) -> (T, Vec<T>) {
    // Not `vec![0.0; n]`: memory that the system has cleared takes longer to get than to clear.
    let mut gradient = Vec::with_capacity(x.len());
    gradient.resize(x.len(), T::default());
    let y = record_and_pull_back(f, x, &mut gradient);
    (y, gradient)
}

/// The value of `f` at `x`; its gradient is written to `gradient`. Once a thread has grown to its work, nothing is
/// allocated: for inner loops.
///
/// # Errors
/// When `gradient` has another length than `x`.
///
/// ```
/// let mut gradient = [0.0; 2];
/// let y = tape::value_and_grad_into(|x| x[0].exp() + x[1] * 2.0, &[0.0, 1.0], &mut gradient)?;
/// assert_eq!((y, gradient), (3.0, [1.0, 2.0]));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn value_and_grad_into<T: Float>(
    f: impl FnOnce(&[Var<T>]) -> Var<T>,
    x: &[T],
    gradient: &mut [T],
) -> Result<T, Error> {
    same_length("value_and_grad_into", "a place for each input in the gradient", x.len(), gradient.len())?;
    Ok(record_and_pull_back(f, x, gradient))
}

#[inline(always)]
#[track_caller]
fn record_and_pull_back<T: Float>(f: impl FnOnce(&[Var<T>]) -> Var<T>, x: &[T], gradient: &mut [T]) -> T {
    let (mut few, mut many) = inputs(x.len());
    let inputs = few.get_mut(..x.len()).unwrap_or(&mut many);
    let tape = Tape::begin_with(x, inputs);
    let y = f(inputs);
    pull_back(&tape, &y, gradient);
    y.value()
}

/// Where the inputs of a function stand that is recorded: the first if they are few, on the stack, and else the second.
///
/// Two, and not a type of its own: whatever stands beside what a function borrows is kept in memory.
#[inline(always)]
fn inputs<T: Float>(count: usize) -> ([Var<T>; 16], Vec<Var<T>>) {
    let none = Var::constant(T::default());
    ([none; 16], if count > 16 { vec![none; count] } else { Vec::new() })
}

/// Writes the derivatives of `y` by the inputs, which are the first leaves of the tape.
#[inline(always)]
#[track_caller]
fn pull_back<T: Float>(tape: &Tape, y: &Var<T>, x_bar: &mut [T]) {
    if !y.is_recorded() {
        return x_bar.fill(T::default());
    }
    // An error: `f` has returned something of a tape of its own.
    tape.gradient(y, T::from_f64(1.0), x_bar).unwrap_or_else(|error| error.raise())
}

/// The positions of the inputs that the value of `f` at `x` was not computed from: a gradient has a zero there that is no
/// accident (see [`Tape::depends`]).
///
/// ```
/// assert_eq!(tape::unused_inputs(|x| x[0] * x[2], &[1.0, 2.0, 3.0]), [1]);
/// ```
pub fn unused_inputs<T: Float>(f: impl FnOnce(&[Var<T>]) -> Var<T>, x: &[T]) -> Vec<usize> {
    let tape = Tape::begin();
    let inputs = tape.vars(x);
    let y = f(&inputs);
    if !y.is_recorded() {
        return (0..x.len()).collect();
    }
    let used = tape.depends(&y, &inputs).unwrap_or_else(|error| error.raise());
    (0..x.len()).filter(|&k| !used[k]).collect()
}

/// The value of `f` at `x` and the vector-Jacobian product `Jᵀ ȳ`, for a function of several outputs.
///
/// # Errors
/// When `f` has another number of outputs than there are cotangents in `y_bar`.
///
/// ```
/// use tape::{Real, vjp};
/// fn polar<R: Real>(x: &[R]) -> Vec<R> { vec![x[0] * x[1].cos(), x[0] * x[1].sin()] }
/// let (y, x_bar) = vjp(polar, &[2.0, 0.0], &[1.0, 10.0])?;
/// assert_eq!((y, x_bar), (vec![2.0, 0.0], vec![1.0, 20.0]));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn vjp<T: Float>(
    f: impl FnOnce(&[Var<T>]) -> Vec<Var<T>>,
    x: &[T],
    y_bar: &[T],
) -> Result<(Vec<T>, Vec<T>), Error> {
    let tape = Tape::begin();
    let inputs = tape.vars(x);
    let outputs = f(&inputs);
    same_length("vjp", "a cotangent for each output of the function", outputs.len(), y_bar.len())?;
    let values = outputs.iter().map(|y| y.value()).collect();
    // One sweep from Σ ȳₖ yₖ, whose derivative by x is Jᵀ ȳ. What nobody asks for is left out: its derivative may
    // be infinite, and zero times that is NaN.
    let asked = outputs.iter().zip(y_bar).filter(|(_, bar)| bar.to_f64() != 0.0);
    let weighted = asked.map(|(&y, &bar)| y.scale(bar.to_f64())).sum();
    let mut x_bar = vec![T::default(); x.len()];
    pull_back(&tape, &weighted, &mut x_bar);
    Ok((values, x_bar))
}

/// The Jacobian of `f` at `x`, (m, n) for m outputs and n inputs: row k has the derivatives of output k.
///
/// One recording of `f`, then as few walks over it as m and n allow, eight derivatives in each (see
/// [`Tape::jacobian`]).
///
/// ```
/// use tape::{Real, jacobian};
/// fn polar<R: Real>(x: &[R]) -> Vec<R> { vec![x[0] * x[1].cos(), x[0] * x[1].sin()] }
/// assert_eq!(jacobian(polar, &[2.0, 0.0]).to_vec(), [1.0, 0.0, 0.0, 2.0]);
/// ```
pub fn jacobian<T: Float>(f: impl FnOnce(&[Var<T>]) -> Vec<Var<T>>, x: &[T]) -> Tensor<T> {
    let (mut few, mut many) = inputs(x.len());
    let inputs = few.get_mut(..x.len()).unwrap_or(&mut many);
    let tape = Tape::begin_with(x, inputs);
    tape.jacobian(&f(inputs), inputs).unwrap_or_else(|error| error.raise())
}

/// The value of `f` at `x` and the Jacobian-vector product `J v`, for a function of several outputs, by
/// forward mode.
///
/// # Errors
/// When there are not as many tangents in `v` as inputs in `x`.
///
/// ```
/// use tape::{Real, jvp};
/// fn polar<R: Real>(x: &[R]) -> Vec<R> { vec![x[0] * x[1].cos(), x[0] * x[1].sin()] }
/// let (y, y_dot) = jvp(polar, &[2.0, 0.0], &[1.0, 10.0])?;
/// assert_eq!((y, y_dot), (vec![2.0, 0.0], vec![1.0, 20.0]));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn jvp<T: Float>(
    f: impl FnOnce(&[Dual<T>]) -> Vec<Dual<T>>,
    x: &[T],
    v: &[T],
) -> Result<(Vec<T>, Vec<T>), Error> {
    same_length("jvp", "a tangent for each input", x.len(), v.len())?;
    let inputs: Vec<_> = x.iter().zip(v).map(|(&value, &tangent)| Dual { value, tangent }).collect();
    Ok(f(&inputs).into_iter().map(|y| (y.value, y.tangent)).unzip())
}

/// The Hessian-vector product `H v` of `f` at `x`: the gradient of the derivative along `v`, forward over
/// reverse, at a small multiple of the cost of a gradient.
///
/// # Errors
/// When there are not as many entries in `v` as inputs in `x`.
///
/// ```
/// use tape::{Real, hvp};
/// fn f<R: Real>(x: &[R]) -> R { x[0].powi(3) * x[1] }
/// assert_eq!(hvp(f, &[1.0, 2.0], &[1.0, 0.0])?, [12.0, 3.0]);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn hvp<T: Float>(
    f: impl FnOnce(&[Dual<Var<T>>]) -> Dual<Var<T>>,
    x: &[T],
    v: &[T],
) -> Result<Vec<T>, Error> {
    same_length("hvp", "an entry of the vector for each input", x.len(), v.len())?;
    let tape = Tape::begin();
    let inputs = tape.vars(x);
    let along: Vec<_> = inputs.iter().zip(v).map(|(&x, &v)| Dual::new(x, Var::constant(v))).collect();
    let mut product = vec![T::default(); x.len()];
    pull_back(&tape, &f(&along).tangent, &mut product);
    Ok(product)
}

/// The Jacobian of `f` at `x`, (m, n) for m outputs and n inputs, by forward mode: an evaluation of `f` for every eight
/// inputs, and nothing is recorded. [`jacobian`] takes the cheaper mode by itself, at the price of a recording.
///
/// ```
/// use tape::{Real, jacobian_forward};
/// fn polar<R: Real>(x: &[R]) -> Vec<R> { vec![x[0] * x[1].cos(), x[0] * x[1].sin()] }
/// assert_eq!(jacobian_forward(polar, &[2.0, 0.0]).to_vec(), [1.0, 0.0, 0.0, 2.0]);
/// ```
pub fn jacobian_forward<T: Float>(
    f: impl Fn(&[Tangents<LANES, T>]) -> Vec<Tangents<LANES, T>>,
    x: &[T],
) -> Tensor<T> {
    let (values, rows) = values_and_rows(f, x);
    matrix(rows, [values.len(), x.len()])
}

/// The values of `f` at `x` and its Jacobian, row after row, by forward mode.
pub(crate) fn values_and_rows<R: Real>(
    f: impl Fn(&[Tangents<LANES, R>]) -> Vec<Tangents<LANES, R>>,
    x: &[R],
) -> (Vec<R>, Vec<R>) {
    let mut values = Vec::new();
    let mut rows = Vec::new();
    for start in (0..x.len().max(1)).step_by(LANES) {
        let outputs = f(&x.iter().zip(0..).map(|(&x, k)| seeded(x, k, start)).collect::<Vec<_>>());
        rows.resize(outputs.len() * x.len(), R::from_f64(0.0));
        for (row, y) in rows.chunks_exact_mut(x.len().max(1)).zip(&outputs) {
            for (entry, &tangent) in row[start..].iter_mut().zip(&y.tangents) {
                *entry = tangent;
            }
        }
        values = outputs.into_iter().map(|y| y.value).collect();
    }
    (values, rows)
}

/// The Hessian of `f` at `x`, (n, n): forward over reverse, one recording and one sweep for every eight columns.
///
/// Entries (j, k) and (k, j) are computed apart and agree to rounding.
///
/// ```
/// use tape::{Real, hessian};
/// fn f<R: Real>(x: &[R]) -> R { x[0].powi(2) * x[1] }
/// assert_eq!(hessian(f, &[3.0, 5.0]).to_vec(), [10.0, 6.0, 6.0, 0.0]);
/// ```
pub fn hessian<T: Float>(f: impl Fn(&[Second<T>]) -> Second<T>, x: &[T]) -> Tensor<T> {
    value_gradient_hessian(f, x).2
}

/// The value of `f` at `x`, its gradient and its Hessian, (n, n), at the cost of [`hessian`].
///
/// ```
/// use tape::{Real, value_gradient_hessian};
/// fn f<R: Real>(x: &[R]) -> R { x[0].powi(2) * x[1] }
/// let (y, gradient, hessian) = value_gradient_hessian(f, &[3.0, 5.0]);
/// assert_eq!((y, gradient), (45.0, vec![30.0, 9.0]));
/// assert_eq!(hessian.to_vec(), [10.0, 6.0, 6.0, 0.0]);
/// ```
pub fn value_gradient_hessian<T: Float>(
    f: impl Fn(&[Second<T>]) -> Second<T>,
    x: &[T],
) -> (T, Vec<T>, Tensor<T>) {
    let n = x.len();
    let (mut value, mut gradient) = (T::default(), Vec::new());
    let mut rows = vec![T::default(); n * n];
    for start in (0..n.max(1)).step_by(LANES) {
        let inputs: Vec<_> = x.iter().zip(0..).map(|(&x, k)| seeded(x, k, start)).collect();
        let (y, bars) = value_and_grad_over(&f, &inputs);
        for (row, bar) in rows.chunks_exact_mut(n.max(1)).zip(&bars) {
            for (entry, &tangent) in row[start..].iter_mut().zip(&bar.tangents) {
                *entry = tangent;
            }
        }
        (value, gradient) = (y.value, bars.into_iter().map(|bar| bar.value).collect());
    }
    (value, gradient, matrix(rows, [n, n]))
}

/// The derivatives of `t ↦ f(x + t v)` at 0 of orders 0 to N, the value first: by Taylor mode, in one evaluation whose cost
/// grows with N as a polynomial.
///
/// # Errors
/// When there are not as many entries in `v` as inputs in `x`.
///
/// ```
/// use tape::{Real, directional_derivatives};
/// fn f<R: Real>(x: &[R]) -> R { x[0].powi(2) * x[1] }
/// // f(1 + t, 2 + 3 t) = (1 + 2 t + t²) (2 + 3 t)
/// assert_eq!(directional_derivatives::<3, _>(f, &[1.0, 2.0], &[1.0, 3.0])?, [2.0, 7.0, 16.0, 18.0]);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn directional_derivatives<const N: usize, R: Real>(
    f: impl FnOnce(&[Taylor<N, R>]) -> Taylor<N, R>,
    x: &[R],
    v: &[R],
) -> Result<Vec<R>, Error> {
    same_length("directional_derivatives", "an entry of the direction for each input", x.len(), v.len())?;
    let inputs: Vec<_> = x.iter().zip(v).map(|(&x, &v)| Taylor::along(x, v)).collect();
    Ok(f(&inputs).derivatives())
}

/// How many columns of a matrix of derivatives are computed at once.
pub(crate) const LANES: usize = 8;

/// The number that [`hessian`] calls its function with: it records for a reverse sweep over eight tangents. Functions
/// generic over [`Real`] take it as any other.
///
/// ```
/// use tape::{Second, hessian};
/// let f = |x: &[Second]| x[0] * x[0] * 3.0;
/// assert_eq!(hessian(f, &[1.0]).to_vec(), [6.0]);
/// ```
pub type Second<T = f64> = Reverse<Tangents<LANES, T>>;

/// Input k, seeded for the columns from `start` on.
fn seeded<R: Real>(x: R, k: usize, start: usize) -> Tangents<LANES, R> {
    Tangents::input(x, k.wrapping_sub(start))
}

fn matrix<T: Float>(rows: Vec<T>, shape: [usize; 2]) -> Tensor<T> {
    Tensor::from_vec(rows, &shape).expect("a row for each output, an entry for each input")
}

fn same_length(operation: &'static str, what: &str, want: usize, got: usize) -> Result<(), Error> {
    if want == got {
        return Ok(());
    }
    Err(Error::Length { operation, want: format!("wants {what}, {want} of them"), got })
}
