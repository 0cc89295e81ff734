//! Roots and fixed points: their derivatives against closed forms, differences and each other.

use approx::assert_relative_eq;
use tape::implicit::{self, System};
use tape::{
    Dual, Error, Program, Real, Reverse, Tangents, Tape, Taylor, Var, check, grad, grad_over, hessian, hvp,
    jacobian, linear,
};

/// x³ = p, whose root is known.
struct Cube;
impl System for Cube {
    fn evaluate<R: Real>(&self, x: &[R], p: &[R]) -> Vec<R> {
        vec![x[0].powi(3) - p[0]]
    }
}

/// x + y = p₀ and x y = p₁: the roots of a quadratic.
struct Vieta;
impl System for Vieta {
    fn evaluate<R: Real>(&self, x: &[R], p: &[R]) -> Vec<R> {
        vec![x[0] + x[1] - p[0], x[0] * x[1] - p[1]]
    }
}

/// The greater root, by the formula.
fn greater<R: Real>(p: &[R]) -> R {
    (p[0] + (p[0] * p[0] - p[1].scale(4.0)).sqrt()).scale(0.5)
}

/// x = g(x, p), a contraction of three unknowns without a closed form.
struct Contraction;
impl System for Contraction {
    fn evaluate<R: Real>(&self, x: &[R], p: &[R]) -> Vec<R> {
        vec![
            (x[1] * p[0]).sin().scale(0.4) + p[1],
            (x[2] + p[1]).tanh().scale(0.3) * p[0],
            (x[0] - x[1] * p[1]).cos().scale(0.5),
        ]
    }
}

/// The fixed point by iterating on plain numbers.
fn iterated(p: &[f64]) -> [f64; 3] {
    let mut x = [0.0; 3];
    for _ in 0..200 {
        let next = Contraction.evaluate(&x, p);
        x.copy_from_slice(&next);
    }
    x
}

const P: [f64; 2] = [0.9, 0.35];

/// The derivatives of `f` by central differences, extrapolated once.
fn differences(f: impl Fn(&[f64]) -> f64, p: &[f64]) -> Vec<f64> {
    let along = |k: usize, h: f64| {
        let moved = |h: f64| {
            f(&p.iter().enumerate().map(|(i, p)| if i == k { p + h } else { *p }).collect::<Vec<_>>())
        };
        (moved(h) - moved(-h)) / (2.0 * h)
    };
    (0..p.len()).map(|k| (4.0 * along(k, 5e-4) - along(k, 1e-3)) / 3.0).collect()
}

// (8 + t)^(1/3) = 2 Σ C(1/3, k) (t / 8)ᵏ.
#[test]
fn a_root_has_its_derivatives_at_every_order_of_a_series() {
    let root = implicit::root(&Cube, &[2.0], &[Taylor::<6>::along(8.0, 1.0)]).unwrap()[0];
    let mut want = 2.0;
    for k in 0..=6 {
        assert_relative_eq!(root.coefficient(k), want, max_relative = 1e-12);
        want *= (1.0 / 3.0 - k as f64) / (k + 1) as f64 / 8.0;
    }
}

#[test]
fn every_number_carries_the_derivatives_of_a_root() {
    let (first, second) = (1.0 / 12.0, -1.0 / 144.0);
    let near = |got: f64, want: f64| assert_relative_eq!(got, want, max_relative = 1e-13);
    assert_eq!(implicit::root(&Cube, &[2.0], &[8.0]).unwrap(), [2.0]);
    assert_eq!(implicit::root(&Cube, &[2.0], &[8.0_f32]).unwrap(), [2.0_f32]);
    near(implicit::root(&Cube, &[2.0], &[Dual::new(8.0, 1.0)]).unwrap()[0].tangent, first);
    near(
        implicit::root(&Cube, &[2.0], &[Tangents::new(8.0, [0.0, 2.0])]).unwrap()[0].tangents[1],
        2.0 * first,
    );
    fn root<R: Real>(p: &[R]) -> R {
        implicit::root(&Cube, &[2.0], p).unwrap()[0]
    }
    near(grad(root, &[8.0])[0], first);
    near(grad_over(root, &[8.0])[0], first);
    near(hvp(root, &[8.0], &[1.0]).unwrap()[0], second);
    near(hessian(root, &[8.0]).item().unwrap(), second);
    near(grad(|p| grad_over(root, p)[0], &[8.0])[0], second);
    near(grad_over(|p| grad_over(root, p)[0], &[8.0])[0], second);
    near(grad_over(|p| grad_over(|p| grad_over(root, p)[0], p)[0], &[8.0])[0], 5.0 / 3456.0);
    let single = grad(root, &[8.0_f32])[0];
    assert_relative_eq!(single, first as f32, max_relative = 1e-6);
}

#[test]
fn the_roots_of_a_system_have_the_derivatives_of_the_formula() {
    let p = [5.0, 6.0];
    fn root<R: Real>(p: &[R]) -> R {
        implicit::root(&Vieta, &[3.0, 2.0], p).unwrap()[0]
    }
    for (got, want) in grad(root, &p).into_iter().zip(grad(greater, &p)) {
        assert_relative_eq!(got, want, max_relative = 1e-13);
    }
    for (got, want) in hessian(root, &p).as_slice().iter().zip(hessian(greater, &p).as_slice()) {
        assert_relative_eq!(*got, *want, max_relative = 1e-12);
    }
}

#[test]
fn a_fixed_point_has_the_derivatives_that_differences_of_the_iteration_have() {
    let x = iterated(&P);
    let fixed = |p: &[Var]| implicit::fixed_point(&Contraction, &x, p).unwrap();
    let matrix = jacobian(fixed, &P);
    for k in 0..3 {
        for (j, want) in differences(|p| iterated(p)[k], &P).into_iter().enumerate() {
            assert_relative_eq!(matrix.as_slice()[k * 2 + j], want, max_relative = 1e-9);
        }
        let second = hessian(|p| implicit::fixed_point(&Contraction, &x, p).unwrap()[k], &P);
        for i in 0..2 {
            let first =
                |p: &[f64]| grad(|q| implicit::fixed_point(&Contraction, &iterated(p), q).unwrap()[k], p)[i];
            for (j, want) in differences(first, &P).into_iter().enumerate() {
                assert_relative_eq!(second.as_slice()[i * 2 + j], want, max_relative = 1e-8);
            }
        }
    }
}

#[test]
fn closures_over_the_tapes_scalars_give_the_same() {
    let x = iterated(&P);
    let by_type = jacobian(|p| implicit::fixed_point(&Contraction, &x, p).unwrap(), &P);
    let map = |x: &[Var], p: &[Var]| Contraction.evaluate(x, p);
    let by_closure = jacobian(|p| implicit::fixed_point_of(map, &x, p).unwrap(), &P);
    for (got, want) in by_closure.as_slice().iter().zip(by_type.as_slice()) {
        assert_relative_eq!(*got, *want, max_relative = 1e-13);
    }
    let gradient =
        grad(|p| implicit::root_of(|x, p| Vieta.evaluate(x, p), &[3.0, 2.0], p).unwrap()[0], &[5.0_f32, 6.0]);
    assert_relative_eq!(gradient[0], 3.0, max_relative = 1e-5);
}

// A x = b as a root is what the closed rule of `linear::solve` says.
#[test]
fn linear_equations_have_the_derivatives_of_their_solution() {
    struct Linear;
    impl System for Linear {
        fn evaluate<R: Real>(&self, x: &[R], p: &[R]) -> Vec<R> {
            let (a, b) = p.split_at(x.len() * x.len());
            a.chunks(x.len())
                .zip(b)
                .map(|(row, &b)| row.iter().zip(x).map(|(&a, &x)| a * x).sum::<R>() - b)
                .collect()
        }
    }
    let p = [2.0, -1.0, 0.5, 0.3, 3.0, 1.0, -0.7, 0.2, 1.5, 1.0, 2.0, 3.0];
    let x = linear::solve(&p[..9], &p[9..]).unwrap();
    let by_root = jacobian(|p| implicit::root(&Linear, &x, p).unwrap(), &p);
    let by_rule = jacobian(|p| linear::solve(&p[..9], &p[9..]).unwrap(), &p);
    for (got, want) in by_root.as_slice().iter().zip(by_rule.as_slice()) {
        assert_relative_eq!(*got, *want, max_relative = 1e-12, epsilon = 1e-14);
    }
}

#[test]
fn what_is_recorded_does_not_depend_on_how_the_solution_was_found() {
    let tape = Tape::begin();
    let p = tape.vars(&P);
    let x = implicit::fixed_point(&Contraction, &iterated(&P), &p).unwrap();
    assert!(tape.lines() < 40, "{} lines, however many iterations", tape.lines());
    assert!(x.iter().all(|x| x.is_recorded()));
}

#[test]
fn a_solution_that_is_a_little_off_is_polished_before_it_is_differentiated() {
    let off = [2.0 + 1e-7];
    let root = implicit::root(&Cube, &off, &[Dual::new(8.0, 1.0)]).unwrap()[0];
    assert_relative_eq!(root.value, 2.0, max_relative = 1e-14);
    assert_relative_eq!(root.tangent, 1.0 / 12.0, max_relative = 1e-12);
}

#[test]
fn a_point_that_is_no_solution_is_refused() {
    let error = implicit::root(&Cube, &[2.1], &[Var::from(8.0)]).unwrap_err();
    assert!(matches!(error, Error::NotASolution { operation: "root", moved, .. } if moved > 0.09), "{error}");
    let text = implicit::fixed_point(&Cube, &[f64::NAN], &[8.0]).unwrap_err().to_string();
    let start = "fixed_point: wants a solution that a Newton step moves by at most 1e-6, got one that it moves by NaN";
    assert!(text.starts_with(start), "{text}");
    assert!(implicit::root(&Cube, &[2.0], &[f64::NAN]).is_err());
    assert!(implicit::root(&Vieta, &[f64::INFINITY, 1.0], &[5.0, 6.0]).is_err());
    assert!(implicit::root_of(|x: &[Var], p| vec![x[0] - p[0]], &[2.0], &[Var::from(3.0)]).is_err());
}

#[test]
fn a_tiny_root_is_told_from_a_root_at_zero() {
    // x² = 1e-14, whose root is 1e-7.
    let square = |x: &[Var], p: &[Var]| vec![x[0] * x[0] - p[0]];
    let error = implicit::root_of(square, &[3e-7], &[Var::from(1e-14)]).unwrap_err();
    assert!(matches!(error, Error::NotASolution { limit, .. } if limit < 1e-12), "{error}");
    let root = implicit::root_of(square, &[1e-7 + 1e-14], &[Var::from(1e-14)]).unwrap()[0];
    assert_relative_eq!(root.value(), 1e-7, max_relative = 1e-14);
    // sin x = p x² + p - 1 at p = 1: the root is 0, and dx/dp is 1.
    let wave = |x: &[Var], p: &[Var]| vec![x[0].sin() - (x[0] * x[0] * p[0] + p[0] - 1.0)];
    for rest in [0.0, 1e-18, -1e-9] {
        let gradient = grad(|p| implicit::root_of(wave, &[rest], p).unwrap()[0], &[1.0]);
        assert_relative_eq!(gradient[0], 1.0, max_relative = 1e-14);
    }
}

#[test]
fn a_singular_system_is_refused() {
    // A double root, and two equations that say the same.
    let error = implicit::root(&Cube, &[0.0], &[0.0]).unwrap_err();
    assert_eq!(error.to_string(), "root: wants a regular matrix, got one whose pivot 0 is zero");
    let twice = |x: &[Var], p: &[Var]| vec![x[0] + x[1] - p[0], (x[0] + x[1] - p[0]) * 2.0];
    let error = implicit::root_of(twice, &[1.0, 2.0], &[Var::from(3.0)]).unwrap_err();
    assert!(matches!(error, Error::Singular { operation: "root_of", pivot: 1 }), "{error}");
}

#[test]
fn systems_of_another_number_of_equations_are_refused_and_empty_ones_are_solved() {
    let error = implicit::root(&Vieta, &[3.0, 2.0, 1.0], &[5.0, 6.0]).unwrap_err();
    assert_eq!(error.to_string(), "root: wants a value for each of the 3 unknowns, got 2");
    struct Nothing;
    impl System for Nothing {
        fn evaluate<R: Real>(&self, x: &[R], _: &[R]) -> Vec<R> {
            x.to_vec()
        }
    }
    assert_eq!(implicit::root(&Nothing, &[], &[Var::from(1.0)]).unwrap().len(), 0);
    assert_eq!(implicit::root(&Nothing, &[0.0], &[] as &[f64]).unwrap(), [0.0]);
}

#[test]
fn a_trace_is_refused_in_words() {
    let mut refused = None;
    Program::trace(
        |p| {
            refused = implicit::root(&Cube, &[2.0], p).err();
            let nested = implicit::root(&Cube, &[2.0], &[Reverse::constant(p[0])]);
            assert!(matches!(nested, Err(Error::NotTraceable { .. })));
            p[0]
        },
        &[8.0],
    );
    assert!(refused.unwrap().to_string().starts_with("root: a traced program would replay this solution"));
}

#[test]
fn a_function_that_solves_inside_passes_the_check_of_both_orders() {
    /// The loss at a root that the parameters move.
    fn loss<R: Real>(p: &[R]) -> R {
        let plain: Vec<f64> = p.iter().map(|p| p.to_f64()).collect();
        let x = implicit::fixed_point(&Contraction, &iterated(&plain), p).unwrap();
        x[0] * x[1] + x[2].exp() * p[0]
    }
    check::gradient(loss, &P).unwrap();
}
