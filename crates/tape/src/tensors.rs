//! Derivatives of functions of tensors, for those who don't want to hold the tape: what [`grad`](crate::grad) and its kin
//! are for scalars.
//!
//! A function takes its inputs as a slice, one or several, and returns a tensor. The derivatives come in the order and the
//! shapes of the inputs. An input that the function ignores has the derivative zero; [`grads`] tells it apart from one
//! whose derivative happens to be zero.

use crate::{Error, Float, Shape, Tape, Tensor};

/// The gradients of `f`, whose output is one number, by each of the inputs `x`, zero by those that it ignores.
///
/// # Errors
/// When the output has not exactly one element, or is of another tape; the errors of `f`.
///
/// ```
/// use tape::{Tensor, tensors};
/// let x = Tensor::from_slice(&[1.0, 2.0], &[2])?;
/// let a = Tensor::from_slice(&[3.0, 4.0], &[2])?;
/// let gradient = tensors::grad(|v| Ok((v[0].powi(2).mul(&v[1])?).sum()), &[x, a])?;
/// assert_eq!(gradient[0].to_vec(), [6.0, 16.0]);
/// assert_eq!(gradient[1].to_vec(), [1.0, 4.0]);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn grad<T: Float>(
    f: impl FnOnce(&[Tensor<T>]) -> Result<Tensor<T>, Error>,
    x: &[Tensor<T>],
) -> Result<Vec<Tensor<T>>, Error> {
    Ok(pulled_back("grad", f, x)?.1)
}

/// The value of `f` and its gradients by each of the inputs `x`, as [`grad`].
///
/// # Errors
/// As [`grad`].
///
/// ```
/// use tape::{Tensor, tensors};
/// let (y, gradient) = tensors::value_and_grad(|x| Ok(x[0].sum_of_squares()), &[Tensor::full(&[2], 3.0)])?;
/// assert_eq!((y, gradient[0].to_vec()), (18.0, vec![6.0, 6.0]));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn value_and_grad<T: Float>(
    f: impl FnOnce(&[Tensor<T>]) -> Result<Tensor<T>, Error>,
    x: &[Tensor<T>],
) -> Result<(T, Vec<Tensor<T>>), Error> {
    let (y, gradient) = pulled_back("value_and_grad", f, x)?;
    Ok((y.item()?, gradient))
}

/// The gradients of `f`, whose output is one number, by each of the inputs `x`; `None` by those that it ignores.
///
/// # Errors
/// As [`grad`].
///
/// ```
/// use tape::{Tensor, tensors};
/// let x = [Tensor::scalar(1.0), Tensor::scalar(2.0), Tensor::scalar(3.0)];
/// let gradient = tensors::grads(|x| Ok(&x[0] * &x[1] - &x[1]), &x)?;
/// // By the second it is zero, by the third there is none.
/// assert_eq!(gradient, [Some(Tensor::scalar(2.0)), Some(Tensor::scalar(0.0)), None]);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn grads<T: Float>(
    f: impl FnOnce(&[Tensor<T>]) -> Result<Tensor<T>, Error>,
    x: &[Tensor<T>],
) -> Result<Vec<Option<Tensor<T>>>, Error> {
    let tape = Tape::begin();
    let inputs = leaves(&tape, x);
    let y = one_number("grads", f(&inputs)?)?;
    if !y.is_recorded() {
        return Ok(vec![None; x.len()]);
    }
    let bar = tape.sweep(&y)?;
    inputs.iter().map(|x| bar.get(x)).collect()
}

/// The value of `f` at the inputs `x` and the vector-Jacobian products `Jᵀ ȳ` by each of them, zero by those that it
/// ignores.
///
/// # Errors
/// When `y_bar` has not the shape of the output; the errors of `f`.
///
/// ```
/// use tape::{Tensor, tensors};
/// let x = [Tensor::full(&[2, 3], 1.0), Tensor::full(&[3, 1], 2.0)];
/// let (y, x_bar) = tensors::vjp(|x| x[0].matmul(&x[1]), &x, &Tensor::from_slice(&[1.0, 10.0], &[2, 1])?)?;
/// assert_eq!((y.to_vec(), x_bar[1].to_vec()), (vec![6.0, 6.0], vec![11.0; 3]));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn vjp<T: Float>(
    f: impl FnOnce(&[Tensor<T>]) -> Result<Tensor<T>, Error>,
    x: &[Tensor<T>],
    y_bar: &Tensor<T>,
) -> Result<(Tensor<T>, Vec<Tensor<T>>), Error> {
    let tape = Tape::begin();
    let inputs = leaves(&tape, x);
    let y = f(&inputs)?;
    must_be_same("vjp", "the cotangent must have the shape of the output", y_bar, &y)?;
    let x_bar = swept(&tape, &y, y_bar.to_constant(), &inputs)?;
    Ok((y.to_constant(), x_bar))
}

/// The value of `f` at the inputs `x` and the Jacobian-vector product `J v`, the derivative of the output along `v`.
///
/// By two sweeps: the first, recorded, gives `Jᵀ u` for a u that is a leaf; it is linear in u, and the derivative of
/// `⟨Jᵀ u, v⟩` by u is `J v` (Townsend 2017, A new trick for calculating Jacobian vector products).
///
/// # Errors
/// When there are not as many tensors in `v` as in `x`, of the same shapes, or `f` goes through scalars, which are not
/// differentiated twice ([`Error::ScalarLine`]); the errors of `f`.
///
/// ```
/// use tape::{Tensor, tensors};
/// let x = Tensor::from_slice(&[1.0, 2.0], &[2])?;
/// let v = Tensor::from_slice(&[10.0, 1.0], &[2])?;
/// let (y, y_dot) = tensors::jvp(|x| Ok(x[0].powi(2)), &[x], &[v])?;
/// assert_eq!((y.to_vec(), y_dot.to_vec()), (vec![1.0, 4.0], vec![20.0, 4.0]));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn jvp<T: Float>(
    f: impl FnOnce(&[Tensor<T>]) -> Result<Tensor<T>, Error>,
    x: &[Tensor<T>],
    v: &[Tensor<T>],
) -> Result<(Tensor<T>, Tensor<T>), Error> {
    must_go_along("jvp", x, v)?;
    let tape = Tape::begin();
    let inputs = leaves(&tape, x);
    let y = f(&inputs)?;
    // Any u would do; with ones, no rule can take it for a cotangent that is not there.
    let u = tape.tensor(&Tensor::full(y.shape(), T::from_f64(1.0)));
    let along = slope_along(&tape, &y, &u, &inputs, v)?;
    let y_dot = swept(&tape, &along, Tensor::scalar(T::from_f64(1.0)), &[u])?.swap_remove(0);
    Ok((y.to_constant(), y_dot))
}

/// The Hessian-vector product `H v` of `f`, whose output is one number, at the inputs `x`: the gradients, by each of them,
/// of the derivative along `v`. By two sweeps, at a small multiple of the cost of a gradient.
///
/// # Errors
/// As [`jvp`], and when the output has not exactly one element.
///
/// ```
/// use tape::{Tensor, tensors};
/// let x = [Tensor::from_slice(&[1.0, 2.0], &[2])?, Tensor::scalar(3.0)];
/// let v = [Tensor::from_slice(&[1.0, 0.0], &[2])?, Tensor::scalar(1.0)];
/// // f = a (x₀² + x₁²): the rows of H are (2 a, 0, 2 x₀), (0, 2 a, 2 x₁), (2 x₀, 2 x₁, 0).
/// let product = tensors::hvp(|x| x[0].sum_of_squares().mul(&x[1]), &x, &v)?;
/// assert_eq!((product[0].to_vec(), product[1].to_vec()), (vec![8.0, 4.0], vec![2.0]));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn hvp<T: Float>(
    f: impl FnOnce(&[Tensor<T>]) -> Result<Tensor<T>, Error>,
    x: &[Tensor<T>],
    v: &[Tensor<T>],
) -> Result<Vec<Tensor<T>>, Error> {
    must_go_along("hvp", x, v)?;
    let tape = Tape::begin();
    let inputs = leaves(&tape, x);
    let y = one_number("hvp", f(&inputs)?)?;
    let along = slope_along(&tape, &y, &Tensor::full(y.shape(), T::from_f64(1.0)), &inputs, v)?;
    swept(&tape, &along, Tensor::scalar(T::from_f64(1.0)), &inputs)
}

fn leaves<T: Float>(tape: &Tape, x: &[Tensor<T>]) -> Vec<Tensor<T>> {
    x.iter().map(|x| tape.tensor(x)).collect()
}

/// The value of `f`, one number, and its gradients.
fn pulled_back<T: Float>(
    operation: &'static str,
    f: impl FnOnce(&[Tensor<T>]) -> Result<Tensor<T>, Error>,
    x: &[Tensor<T>],
) -> Result<(Tensor<T>, Vec<Tensor<T>>), Error> {
    let tape = Tape::begin();
    let inputs = leaves(&tape, x);
    let y = one_number(operation, f(&inputs)?)?;
    let gradient = swept(&tape, &y, Tensor::full(y.shape(), T::from_f64(1.0)), &inputs)?;
    Ok((y, gradient))
}

/// The cotangents of the inputs by a plain sweep; zeros where y does not depend on them, or on anything.
fn swept<T: Float>(
    tape: &Tape,
    y: &Tensor<T>,
    seed: Tensor<T>,
    inputs: &[Tensor<T>],
) -> Result<Vec<Tensor<T>>, Error> {
    if !y.is_recorded() {
        return Ok(inputs.iter().map(|x| Tensor::zeros(x.shape())).collect());
    }
    let bar = tape.sweep_with(y, seed)?;
    inputs.iter().map(|x| bar.of(x)).collect()
}

/// `⟨Jᵀ u, v⟩`, recorded: u times the derivative of y along v.
fn slope_along<T: Float>(
    tape: &Tape,
    y: &Tensor<T>,
    u: &Tensor<T>,
    inputs: &[Tensor<T>],
    v: &[Tensor<T>],
) -> Result<Tensor<T>, Error> {
    let mut along = Tensor::scalar(T::from_f64(0.0));
    if y.is_recorded() {
        let bar = tape.sweep_recorded_with(y, u.clone())?;
        for (x, v) in inputs.iter().zip(v) {
            if let Some(x_bar) = bar.get(x)? {
                along = along.add(&x_bar.mul(&v.to_constant())?.sum())?;
            }
        }
    }
    Ok(along)
}

fn one_number<T: Float>(operation: &'static str, y: Tensor<T>) -> Result<Tensor<T>, Error> {
    match y.len() {
        1 => Ok(y),
        _ => Err(Error::shape(operation, "the output of the function must have one element", &[y.shape()])),
    }
}

fn must_be_same<T: Float>(
    operation: &'static str,
    want: &str,
    a: &Tensor<T>,
    b: &Tensor<T>,
) -> Result<(), Error> {
    match Shape::same(a.shape(), b.shape()) {
        true => Ok(()),
        false => Err(Error::shape(operation, want, &[a.shape(), b.shape()])),
    }
}

/// Whether v has a tensor for each of x, of its shape.
fn must_go_along<T: Float>(operation: &'static str, x: &[Tensor<T>], v: &[Tensor<T>]) -> Result<(), Error> {
    if x.len() != v.len() {
        let want = format!("wants a tensor along each of the {} inputs", x.len());
        return Err(Error::Length { operation, want, got: v.len() });
    }
    let mut pairs = v.iter().zip(x);
    pairs.try_for_each(|(v, x)| {
        must_be_same(operation, "each direction must have the shape of its input", v, x)
    })
}

#[cfg(test)]
mod tests;
