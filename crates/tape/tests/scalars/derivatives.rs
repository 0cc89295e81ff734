//! grad, value_and_grad, vjp, jvp, hvp.

use approx::assert_relative_eq;
use tape::{Dual, Real, Real64, Tape, Var, check, grad, hvp, jvp, value_and_grad, value_and_grad_into, vjp};

fn rosenbrock<R: Real>(x: &[R]) -> R {
    let terms =
        x.windows(2).map(|x| (R::from_f64(1.0) - x[0]).powi(2) + (x[1] - x[0].powi(2)).powi(2).scale(100.0));
    terms.sum()
}

/// The gradient worked out by hand.
fn rosenbrock_gradient(x: &[f64]) -> Vec<f64> {
    let mut gradient = vec![0.0; x.len()];
    for k in 0..x.len() - 1 {
        let off = x[k + 1] - x[k] * x[k];
        gradient[k] += -2.0 * (1.0 - x[k]) - 400.0 * x[k] * off;
        gradient[k + 1] += 200.0 * off;
    }
    gradient
}

#[test]
fn the_gradient_of_rosenbrock_is_the_one_worked_out_by_hand() {
    for n in [2, 3, 10, 1000] {
        let x: Vec<f64> = (0..n).map(|k| (k as f64 * 0.7).sin() * 1.5).collect();
        for (got, want) in grad(rosenbrock, &x).into_iter().zip(rosenbrock_gradient(&x)) {
            assert_relative_eq!(got, want, max_relative = 1e-12, epsilon = 1e-10);
        }
    }
    assert_eq!(grad(rosenbrock, &[1.0; 5]), [0.0; 5], "the minimum");
    check::gradient(rosenbrock, &[-1.2, 1.0, 0.5]).unwrap();
}

#[test]
fn the_product_of_speelpenning_has_all_products_but_one_for_a_gradient() {
    let x: Vec<f64> = (1..=12).map(|k| 1.0 + f64::from(k) / 13.0).collect();
    let (value, gradient) = value_and_grad(|x| x.iter().product(), &x);
    assert_relative_eq!(value, x.iter().product::<f64>(), max_relative = 1e-14);
    for (got, &x) in gradient.iter().zip(&x) {
        assert_relative_eq!(*got, value / x, max_relative = 1e-13);
    }
}

#[test]
fn a_matrix_function_by_elimination_has_the_cofactors_for_a_gradient() {
    /// The determinant of a 3 × 3 matrix with pivoting: branches, swaps, in-place updates.
    fn determinant<R: Real>(x: &[R]) -> R {
        let mut m: Vec<Vec<R>> = x.chunks(3).map(<[R]>::to_vec).collect();
        let mut det = R::from_f64(1.0);
        for k in 0..3 {
            let mut pivot = k;
            for i in k + 1..3 {
                if m[i][k].abs() > m[pivot][k].abs() {
                    pivot = i;
                }
            }
            if pivot != k {
                m.swap(pivot, k);
                det = -det;
            }
            det *= m[k][k];
            for i in k + 1..3 {
                let factor = m[i][k] / m[k][k];
                let above = m[k].clone();
                for (entry, above) in m[i].iter_mut().zip(above).skip(k) {
                    *entry -= factor * above;
                }
            }
        }
        det
    }
    let a = [0.1, 2.0, -1.0, 3.0, 0.5, 0.7, -2.0, 1.5, 4.0];
    let cofactor = |i: usize, j: usize| {
        let at = |i: usize, j: usize| a[(i % 3) * 3 + j % 3];
        at(i + 1, j + 1) * at(i + 2, j + 2) - at(i + 1, j + 2) * at(i + 2, j + 1)
    };
    for (k, got) in grad(determinant, &a).into_iter().enumerate() {
        assert_relative_eq!(got, cofactor(k / 3, k % 3), max_relative = 1e-12);
    }
}

#[test]
fn loops_that_stop_when_they_have_converged_are_differentiated() {
    fn root<R: Real>(x: &[R]) -> R {
        let mut guess = x[0];
        loop {
            let next = (guess + x[0] / guess).scale(0.5);
            if (next - guess).abs() < R::from_f64(1e-14) {
                return next;
            }
            guess = next;
        }
    }
    let (y, dy) = value_and_grad(root, &[2.0]);
    assert_relative_eq!(y, 2.0_f64.sqrt(), max_relative = 1e-15);
    assert_relative_eq!(dy[0], 0.5 / 2.0_f64.sqrt(), max_relative = 1e-14);
}

#[test]
fn branches_differentiate_the_side_that_is_taken() {
    fn f<R: Real>(x: &[R]) -> R {
        if x[0] > x[1] { x[0].powi(2) } else { x[1].scale(3.0) }
    }
    assert_eq!(grad(f, &[2.0, 1.0]), [4.0, 0.0]);
    assert_eq!(grad(f, &[1.0, 2.0]), [0.0, 3.0]);
    assert_eq!(grad(f, &[1.0, 1.0]), [0.0, 3.0]);
}

#[test]
fn recursion_is_differentiated() {
    fn chebyshev<R: Real>(n: u32, x: R) -> R {
        match n {
            0 => R::from_f64(1.0),
            1 => x,
            _ => (x * chebyshev(n - 1, x)).scale(2.0) - chebyshev(n - 2, x),
        }
    }
    // Tₙ(cos t) = cos nt, so Tₙ′(cos t) = n sin nt / sin t.
    let t = 0.7_f64;
    let (y, dy) = value_and_grad(|x| chebyshev(12, x[0]), &[t.cos()]);
    assert_relative_eq!(y, (12.0 * t).cos(), max_relative = 1e-11);
    assert_relative_eq!(dy[0], 12.0 * (12.0 * t).sin() / t.sin(), max_relative = 1e-11);
}

#[test]
fn a_constant_function_and_an_ignored_input_have_the_gradient_zero() {
    assert_eq!(grad(|_| Var::from(3.0), &[1.0, 2.0]), [0.0, 0.0]);
    assert_eq!(grad(|x| x[1].exp(), &[1.0, 0.0]), [0.0, 1.0]);
    assert_eq!(value_and_grad(|_| Var::from(3.0_f32), &[]), (3.0, vec![]));
    assert_eq!(grad(|x| x[0], &[5.0]), [1.0]);
    assert_eq!(grad(|x| x[0] - x[0], &[5.0]), [0.0]);
}

#[test]
fn products_with_the_jacobian_from_both_sides_satisfy_the_dot_product_identity() {
    fn f<R: Real>(x: &[R]) -> Vec<R> {
        vec![x[0] * x[1], x[1].sin() + x[2], x[2].exp() / x[0], x[0]]
    }
    let (x, u, v) = ([0.5, -1.0, 2.0], [1.0, -0.5, 0.25], [2.0, 1.0, -1.0, 0.5]);
    let (y, j_u) = jvp(f, &x, &u).unwrap();
    let (same, v_j) = vjp(f, &x, &v).unwrap();
    assert_eq!(y, same);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    assert_relative_eq!(dot(&v, &j_u), dot(&v_j, &u), max_relative = 1e-14);
}

#[test]
fn products_of_functions_with_no_outputs_or_constant_ones_are_zero() {
    assert_eq!(vjp(|_: &[Var]| vec![], &[1.0, 2.0], &[]).unwrap(), (vec![], vec![0.0, 0.0]));
    assert_eq!(vjp(|_: &[Var]| vec![Var::from(2.0)], &[1.0], &[3.0]).unwrap(), (vec![2.0], vec![0.0]));
    assert_eq!(jvp(|_| vec![Dual::constant(2.0)], &[1.0], &[3.0]).unwrap(), (vec![2.0], vec![0.0]));
}

#[test]
fn an_output_that_nobody_asks_for_does_not_spoil_the_product() {
    // √x has an infinite derivative at zero, but its cotangent is zero.
    let (_, x_bar) = vjp(|x: &[Var]| vec![x[0].sqrt(), x[0].scale(2.0)], &[0.0], &[0.0, 1.0]).unwrap();
    assert_eq!(x_bar, [2.0]);
}

#[test]
fn wrong_lengths_are_refused_in_words() {
    let error = vjp(|x: &[Var]| x.to_vec(), &[1.0, 2.0], &[1.0]).unwrap_err();
    assert_eq!(error.to_string(), "vjp: wants a cotangent for each output of the function, 2 of them, got 1");
    let error = jvp(|x: &[Dual<f64>]| x.to_vec(), &[1.0, 2.0], &[1.0, 2.0, 3.0]).unwrap_err();
    assert_eq!(error.to_string(), "jvp: wants a tangent for each input, 2 of them, got 3");
    let error = hvp(rosenbrock, &[1.0_f64, 2.0], &[]).unwrap_err();
    assert_eq!(error.to_string(), "hvp: wants an entry of the vector for each input, 2 of them, got 0");
    let error = value_and_grad_into(rosenbrock, &[1.0_f64, 2.0], &mut [0.0; 3]).unwrap_err();
    let want = "value_and_grad_into: wants a place for each input in the gradient, 2 of them, got 3";
    assert_eq!(error.to_string(), want);
}

#[test]
fn hessian_products_of_rosenbrock_are_those_of_its_matrix() {
    let (x, y) = (-1.2, 1.0);
    let hessian = [[2.0 - 400.0 * (y - 3.0 * x * x), -400.0 * x], [-400.0 * x, 200.0]];
    for v in [[1.0, 0.0], [0.0, 1.0], [0.3, -2.0]] {
        let got = hvp(rosenbrock, &[x, y], &v).unwrap();
        for (got, row) in got.iter().zip(hessian) {
            assert_relative_eq!(*got, row[0] * v[0] + row[1] * v[1], max_relative = 1e-13);
        }
    }
    assert_eq!(hvp(rosenbrock, &[x, y], &[0.0, 0.0]).unwrap(), [0.0, 0.0]);
    assert_eq!(hvp(|x| x[0] + x[1], &[x, y], &[1.0, 1.0]).unwrap(), [0.0, 0.0], "a linear function");
    let single = hvp(rosenbrock, &[-1.2_f32, 1.0], &[1.0, 0.0]).unwrap();
    assert_relative_eq!(single[0], hessian[0][0] as f32, max_relative = 1e-5);
}

#[test]
fn duals_nest_for_higher_derivatives() {
    type Thrice = Dual<Dual<Dual<f64>>>;
    // Each level moves along x once.
    let x: Thrice = Dual::new(Dual::new(Dual::new(0.7, 1.0), Dual::from_f64(1.0)), Dual::from_f64(1.0));
    assert_relative_eq!(x.sin().tangent.tangent.tangent, -0.7_f64.cos(), max_relative = 1e-14);
    assert_relative_eq!(x.powi(4).tangent.tangent.tangent, 24.0 * 0.7, max_relative = 1e-14);
}

#[test]
fn a_gradient_inside_a_gradient_does_not_confuse_the_two() {
    // d/dx [x · d/dy (x + y)] at y = 1 is 1: the inner derivative must not see x move.
    let outer = jvp(
        |x: &[Dual<f64>]| {
            let (x, y) = (Dual::constant(x[0]), Dual::new(Dual::constant(1.0), Dual::constant(1.0)));
            vec![x.value * (x + y).tangent]
        },
        &[2.0],
        &[1.0],
    );
    assert_eq!(outer.unwrap(), (vec![2.0], vec![1.0]));
    let outer = grad(
        |x| {
            let inner = grad(|y| y[0].powi(3), &[x[0].value()]);
            x[0] * inner[0]
        },
        &[2.0],
    );
    assert_eq!(outer, [12.0], "the inner gradient is a plain number to the outer one");
}

#[test]
fn plain_numbers_on_the_right_in_generic_code() {
    fn f<R: Real64>(x: &[R]) -> R {
        let mut y = x[0] * 3.0 - 1.0;
        y += x[1] / 2.0;
        y *= 4.0;
        y -= 0.5;
        y /= 8.0;
        y += 1.0;
        if y > 0.0 { y + 2.0 } else { -y }
    }
    assert_eq!(f(&[1.0, 2.0]), (3.0 * 4.0 - 0.5) / 8.0 + 3.0);
    assert_eq!(grad(f, &[1.0, 2.0]), [1.5, 0.25]);
    assert_eq!(jvp(|x| vec![f(x)], &[1.0, 2.0], &[1.0, 0.0]).unwrap().1, [1.5]);
    assert_eq!(hvp(|x| f(x) * f(x), &[1.0, 2.0], &[1.0, 0.0]).unwrap(), [4.5, 0.75]);
}

#[test]
fn infinities_and_nan_come_through() {
    let (y, dy) = value_and_grad(|x| x[0] * x[1], &[f64::INFINITY, 2.0]);
    assert_eq!((y, dy), (f64::INFINITY, vec![2.0, f64::INFINITY]));
    let (y, dy) = value_and_grad(|x| x[0].sin() * x[1], &[f64::NAN, 2.0]);
    assert!(y.is_nan() && dy.iter().all(|d| d.is_nan()));
    let tape = Tape::begin();
    let (x, z) = (tape.var(1.0), tape.var(2.0));
    let bar = tape.sweep_with(&(x * z), f64::NAN).unwrap();
    assert!(bar.of(&x).unwrap().is_nan() && bar.of(&z).unwrap().is_nan());
}

#[test]
fn nothing_is_differentiated_through_a_stopped_value_at_any_order() {
    fn f<R: Real>(x: &[R]) -> R {
        x[0].powi(2).stop_gradient() * x[0] + x[0].sqrt().stop_gradient()
    }
    assert_eq!(value_and_grad(f, &[3.0]), (27.0 + 3.0_f64.sqrt(), vec![9.0]));
    assert_eq!(grad(f, &[0.0]), [0.0], "the root's slope is infinite, and stopped");
    assert_eq!(hvp(f, &[3.0], &[1.0]).unwrap(), [0.0]);
    let program = tape::Program::trace(f, &[3.0]);
    assert_eq!(program.gradient(), [9.0]);
    let tape = Tape::begin();
    assert!(tape.var(1.0).stop_gradient().is_recorded());
}

#[test]
fn logarithms_to_a_base_and_pairs_of_sine_and_cosine_need_no_trait_in_scope() {
    // log_b x = ln x / ln b: by b it is -ln x / (b ln² b).
    let (x, ln_2) = (8.0, 2.0_f64.ln());
    let y = Dual::new(x, 1.0).log(Dual::constant(2.0));
    assert_eq!(y.value, 3.0);
    assert_relative_eq!(y.tangent, 1.0 / (x * ln_2), max_relative = 1e-15);
    let y = Dual::constant(x).log(Dual::new(2.0, 1.0));
    assert_relative_eq!(y.tangent, -x.ln() / (2.0 * ln_2 * ln_2), max_relative = 1e-15);
    let (sin, cos) = tape::Tangents::new(0.5, [1.0]).sin_cos();
    assert_eq!((sin.tangents, cos.tangents), ([0.5_f64.cos()], [-0.5_f64.sin()]));
}
