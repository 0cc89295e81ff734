use crate::tensor::tests::filled;
use crate::{Error, Tape, Tensor, scalar_fn, tensors};

/// A layer with everything that a derivative may go through: products, a bias that broadcasts, a function of one's own.
fn layer(x: &[Tensor]) -> Result<Tensor, Error> {
    Ok(x[0].matmul(x[1].t())?.add(&x[2])?.map(scalar_fn!(|x| x.tanh() * x)))
}

fn cost(x: &[Tensor]) -> Result<Tensor, Error> {
    Ok(layer(x)?.exp().sum())
}

fn inputs() -> [Tensor; 3] {
    [filled(&[4, 3], 1), filled(&[2, 3], 2), filled(&[2], 3)]
}

fn directions() -> [Tensor; 3] {
    [filled(&[4, 3], 4), filled(&[2, 3], 5), filled(&[2], 6)]
}

/// The inputs, moved by h along v.
fn moved(h: f64) -> Vec<Tensor> {
    inputs().iter().zip(directions()).map(|(x, v)| x + v * h).collect()
}

/// The derivative at 0 of the tensor f(h), by central differences of order 4.
fn differences(f: impl Fn(f64) -> Tensor) -> Tensor {
    let h = 1e-3;
    ((f(h) - f(-h)) * 8.0 - (f(2.0 * h) - f(-2.0 * h))) * (1.0 / (12.0 * h))
}

fn close(got: &Tensor, want: &Tensor) {
    assert_eq!(got.shape(), want.shape());
    for (got, want) in got.as_slice().iter().zip(want.as_slice()) {
        assert!((got - want).abs() < 1e-9 * (1.0 + want.abs()), "{got}, differences say {want}");
    }
}

fn dot(a: &[Tensor], b: &[Tensor]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a * b).sum().item().unwrap()).sum()
}

#[test]
fn a_gradient_along_a_direction_is_what_differences_say() {
    let (value, gradient) = tensors::value_and_grad(cost, &inputs()).unwrap();
    assert_eq!(value, cost(&inputs()).unwrap().item().unwrap());
    let along = differences(|h| cost(&moved(h)).unwrap());
    close(&Tensor::scalar(dot(&gradient, &directions())), &along);
    assert_eq!(gradient, tensors::grad(cost, &inputs()).unwrap());
    let present: Vec<_> = tensors::grads(cost, &inputs()).unwrap().into_iter().flatten().collect();
    assert_eq!(gradient, present);
}

#[test]
fn a_jacobian_vector_product_is_the_difference_of_outputs() {
    let (y, y_dot) = tensors::jvp(layer, &inputs(), &directions()).unwrap();
    assert_eq!(y, layer(&inputs()).unwrap());
    close(&y_dot, &differences(|h| layer(&moved(h)).unwrap()));
}

#[test]
fn products_from_both_sides_meet() {
    let y_bar = filled(&[4, 2], 7);
    let (y, x_bar) = tensors::vjp(layer, &inputs(), &y_bar).unwrap();
    let (_, y_dot) = tensors::jvp(layer, &inputs(), &directions()).unwrap();
    assert_eq!(y, layer(&inputs()).unwrap());
    approx::assert_relative_eq!(dot(&x_bar, &directions()), dot(&[y_bar], &[y_dot]), max_relative = 1e-13);
}

#[test]
fn a_hessian_vector_product_is_the_difference_of_gradients() {
    let product = tensors::hvp(cost, &inputs(), &directions()).unwrap();
    for (k, product) in product.iter().enumerate() {
        close(product, &differences(|h| tensors::grad(cost, &moved(h)).unwrap().swap_remove(k)));
    }
}

#[test]
fn absent_and_zero_are_different_answers() {
    let x = [Tensor::full(&[2], 1.0), Tensor::full(&[3], 2.0)];
    let f = |x: &[Tensor]| Ok((&x[0] - &x[0]).sum());
    assert_eq!(tensors::grads(f, &x).unwrap(), [Some(Tensor::zeros(&[2])), None]);
    assert_eq!(tensors::grad(f, &x).unwrap(), [Tensor::zeros(&[2]), Tensor::zeros(&[3])]);
}

#[test]
fn a_constant_function_and_a_straight_line_have_their_derivatives() {
    let x = [Tensor::full(&[2], 1.0)];
    let constant = |_: &[Tensor]| Ok(Tensor::scalar(5.0));
    assert_eq!(tensors::value_and_grad(constant, &x).unwrap(), (5.0, vec![Tensor::zeros(&[2])]));
    assert_eq!(tensors::grads(constant, &x).unwrap(), [None]);
    assert_eq!(tensors::hvp(constant, &x, &x).unwrap(), [Tensor::zeros(&[2])]);
    assert_eq!(tensors::jvp(constant, &x, &x).unwrap().1, Tensor::scalar(0.0));
    assert_eq!(tensors::vjp(constant, &x, &Tensor::scalar(1.0)).unwrap().1, [Tensor::zeros(&[2])]);
    let line = |x: &[Tensor]| Ok(x[0].sum());
    assert_eq!(tensors::hvp(line, &x, &x).unwrap(), [Tensor::zeros(&[2])]);
    assert_eq!(tensors::jvp(line, &x, &x).unwrap().1, Tensor::scalar(2.0));
    assert_eq!(tensors::jvp(|x| Ok(x[0].clone()), &x, &[filled(&[2], 1)]).unwrap().1, filled(&[2], 1));
}

#[test]
fn no_inputs_and_inputs_of_nothing_have_their_derivatives() {
    assert_eq!(tensors::grad(|_| Ok(Tensor::scalar(1.0)), &[]).unwrap(), []);
    let nothing = [filled(&[0, 2], 1)];
    let f = |x: &[Tensor]| Ok(x[0].sum_of_squares());
    assert_eq!(tensors::grad(f, &nothing).unwrap(), nothing);
    assert_eq!(tensors::hvp(f, &nothing, &nothing).unwrap(), nothing);
    assert_eq!(tensors::jvp(|x| Ok(x[0].exp()), &nothing, &nothing).unwrap().1, nothing[0]);
}

#[test]
fn single_precision_has_derivatives_too() {
    let x = [Tensor::from_slice(&[1.0_f32, 2.0], &[2]).unwrap()];
    let f = |x: &[Tensor<f32>]| Ok(x[0].powi(3).sum());
    assert_eq!(tensors::grad(f, &x).unwrap()[0].to_vec(), [3.0, 12.0]);
    assert_eq!(tensors::hvp(f, &x, &x).unwrap()[0].to_vec(), [6.0, 24.0]);
}

#[test]
fn an_outer_tape_is_not_disturbed() {
    let tape = Tape::begin();
    let x = tape.tensor(&filled(&[3], 1));
    let y = x.exp();
    let (at, along) = (std::slice::from_ref(&x), std::slice::from_ref(&y));
    let inner = tensors::hvp(|x| Ok(x[0].powi(3).sum()), at, along).unwrap();
    assert!(!inner[0].is_recorded());
    assert_eq!(tape.sweep(&y.sum()).unwrap().of(&x).unwrap(), y.to_constant());
}

#[test]
fn what_does_not_fit_is_an_error_with_the_shapes() {
    let x = [filled(&[2], 1)];
    let same = |x: &[Tensor]| Ok(x[0].clone());
    let said = |error: Error| error.to_string();
    assert_eq!(
        said(tensors::grad(same, &x).unwrap_err()),
        "grad: the output of the function must have one element, got [2]"
    );
    assert_eq!(
        said(tensors::vjp(same, &x, &Tensor::zeros(&[3])).unwrap_err()),
        "vjp: the cotangent must have the shape of the output, got [3] and [2]"
    );
    assert_eq!(
        said(tensors::jvp(same, &x, &[]).unwrap_err()),
        "jvp: wants a tensor along each of the 1 inputs, got 0"
    );
    assert_eq!(
        said(tensors::hvp(same, &x, &[Tensor::scalar(1.0)]).unwrap_err()),
        "hvp: each direction must have the shape of its input, got [] and [2]"
    );
    assert!(
        said(tensors::grad(|x| x[0].matmul(Tensor::zeros(&[3])), &x).unwrap_err())
            .starts_with("matmul: columns")
    );
    let through_scalars = |x: &[Tensor]| Tensor::from_vars(&[x[0].at(&[0])?.sin()], &[1]);
    assert!(tensors::grad(through_scalars, &x).is_ok());
    assert!(matches!(tensors::hvp(through_scalars, &x, &x), Err(Error::ScalarLine { .. })));
}
