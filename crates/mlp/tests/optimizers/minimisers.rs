//! L-BFGS and conjugate gradients on functions whose minimum is known.

use mlp::optimizer::{ConjugateGradient, End, Lbfgs, Minimum};
use tape::{Real, value_and_grad};

/// Σ 100 (xᵢ₊₁ - xᵢ²)² + (1 - xᵢ)² (Rosenbrock 1960): a curved valley, the minimum at ones.
fn rosenbrock<R: Real>(x: &[R]) -> R {
    let term = |pair: &[R]| {
        let (a, b) = (R::from_f64(1.0) - pair[0], pair[1] - pair[0] * pair[0]);
        a * a + (b * b).scale(100.0)
    };
    x.windows(2).map(term).sum()
}

/// The function with its gradient by the tape, and how often it was called.
fn counted<'a>(
    f: fn(&[tape::Var]) -> tape::Var,
    calls: &'a mut usize,
) -> impl FnMut(&[f64], &mut [f64]) -> f64 + 'a {
    move |x, gradient| {
        *calls += 1;
        let (value, found) = value_and_grad(f, x);
        gradient.copy_from_slice(&found);
        value
    }
}

fn by_both(
    x: &[f64],
    tolerance: f64,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> [(Vec<f64>, Minimum); 2] {
    let lbfgs = Lbfgs { gradient_tolerance: tolerance, value_tolerance: 0.0, ..Lbfgs::default() };
    let conjugate = ConjugateGradient { gradient_tolerance: tolerance, ..ConjugateGradient::default() };
    let (mut by_lbfgs, mut by_conjugate) = (x.to_vec(), x.to_vec());
    let first = lbfgs.minimize(&mut by_lbfgs, &mut f).unwrap();
    let second = conjugate.minimize(&mut by_conjugate, &mut f).unwrap();
    [(by_lbfgs, first), (by_conjugate, second)]
}

#[test]
fn both_find_the_end_of_rosenbrocks_valley() {
    // With the steps that SciPy's L-BFGS-B takes to the same gradient.
    for (n, by_scipy) in [(2, 38), (10, 79), (100, 540)] {
        let start: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
        let mut calls = 0;
        let ends = by_both(&start, 1e-9, counted(rosenbrock, &mut calls));
        for (x, minimum) in &ends {
            assert_eq!(minimum.end, End::Gradient, "{n}: {minimum:?}");
            assert!(minimum.gradient <= 1e-9 && minimum.value <= 1e-16);
            assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-6), "{n}: {x:?}");
        }
        assert_eq!(calls, ends.iter().map(|(_, minimum)| minimum.evaluations).sum::<usize>());
        assert!(4 * ends[0].1.iterations <= 5 * by_scipy, "{n}: {:?}", ends[0].1);
    }
}

/// ½ xᵀ A x - bᵀ x with A = tridiagonal, of n different eigenvalues.
fn quadratic(x: &[f64], gradient: &mut [f64]) -> f64 {
    let n = x.len();
    let at = |i: usize| x.get(i).copied().unwrap_or(0.0);
    for i in 0..n {
        let left = if i == 0 { 0.0 } else { at(i - 1) };
        gradient[i] = (2.5 + i as f64) * x[i] - left - at(i + 1) - 1.0;
    }
    x.iter().zip(&*gradient).map(|(x, g)| 0.5 * x * (g - 1.0)).sum()
}

#[test]
fn conjugate_gradients_end_on_a_convex_quadratic_in_as_many_steps_as_there_are_numbers() {
    for n in 1..8 {
        // Exact line searches, which the theorem asks for (Nocedal and Wright 2006, theorem 5.1).
        let exact =
            ConjugateGradient { curvature: 1e-10, gradient_tolerance: 1e-8, ..ConjugateGradient::default() };
        let mut x = vec![1.0; n];
        let minimum = exact.minimize(&mut x, quadratic).unwrap();
        assert_eq!(minimum.end, End::Gradient, "{n}: {minimum:?}");
        assert!(minimum.iterations <= n, "{n}: {minimum:?}");
    }
}

#[test]
fn a_minimum_at_the_start_takes_one_look_and_no_step() {
    for (x, minimum) in by_both(&[1.0; 4], 1e-9, |x, gradient| {
        let (value, found) = value_and_grad(rosenbrock, x);
        gradient.copy_from_slice(&found);
        value
    }) {
        assert_eq!((minimum.iterations, minimum.evaluations, minimum.end), (0, 1, End::Gradient));
        assert_eq!(x, [1.0; 4]);
    }
}

#[test]
fn what_is_not_finite_is_stepped_back_from_and_refused_at_the_start() {
    // -ln x - ln (1 - x), finite between 0 and 1 only; the first step from the edge goes beyond.
    let barrier = |x: &[f64], gradient: &mut [f64]| {
        gradient[0] = -1.0 / x[0] + 1.0 / (1.0 - x[0]);
        -x[0].ln() - (1.0 - x[0]).ln()
    };
    for (x, minimum) in by_both(&[1e-3], 1e-9, barrier) {
        assert_eq!(minimum.end, End::Gradient, "{minimum:?}");
        assert!((x[0] - 0.5).abs() < 1e-9);
    }
    for (x, minimum) in by_both(&[2.0], 1e-9, barrier) {
        assert_eq!((minimum.end, minimum.evaluations), (End::NotFinite, 1));
        assert_eq!(x, [2.0]);
    }
}

#[test]
fn limits_end_it_and_x_is_the_lowest_so_far() {
    let mut calls = 0;
    let mut f = counted(rosenbrock, &mut calls);
    for most in 1..12 {
        let start = [-1.2, 1.0];
        let (mut by_steps, mut by_looks) = (start, start);
        let few = Lbfgs { iterations: most, ..Lbfgs::default() };
        let minimum = few.minimize(&mut by_steps, &mut f).unwrap();
        assert_eq!((minimum.end, minimum.iterations), (End::Iterations, most));
        assert_eq!(rosenbrock(&by_steps), minimum.value);
        let few = ConjugateGradient { evaluations: most, ..ConjugateGradient::default() };
        let minimum = few.minimize(&mut by_looks, &mut f).unwrap();
        assert_eq!(minimum.end, End::Evaluations, "{minimum:?}");
        assert!(minimum.evaluations <= most + 1, "{minimum:?}");
        assert_eq!(rosenbrock(&by_looks), minimum.value);
        assert!(minimum.value <= rosenbrock(&start));
    }
}

#[test]
fn a_gradient_of_another_function_ends_the_line_search() {
    for (_, minimum) in by_both(&[1.0, 2.0], 1e-9, |x, gradient| {
        gradient.copy_from_slice(&[-x[0], -x[1]]);
        0.5 * (x[0] * x[0] + x[1] * x[1])
    }) {
        assert_eq!((minimum.end, minimum.iterations), (End::LineSearch, 0));
    }
}

#[test]
fn a_function_without_a_minimum_is_followed_down_as_far_as_its_digits_let_it() {
    // Down for ever, by a line and by a curve that turns flat.
    let curves: [fn(f64) -> (f64, f64); 2] = [|x| (-x, -1.0), |x| ((-x).exp(), -(-x).exp())];
    for (k, curve) in curves.into_iter().enumerate() {
        let f = |x: &[f64], gradient: &mut [f64]| {
            let (value, slope) = curve(x[0]);
            gradient[0] = slope;
            value
        };
        for (x, minimum) in by_both(&[0.0], 1e-9, f) {
            let most = [-1e10, 1e-8][k];
            assert!(minimum.value <= most && x[0].is_finite(), "{minimum:?}");
            assert_eq!(minimum.end == End::Gradient, k == 1, "{minimum:?}");
        }
    }
}

#[test]
fn in_f32_both_come_as_near_as_its_digits_let_them() {
    let f = |x: &[f32], gradient: &mut [f32]| {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        gradient.copy_from_slice(&[-2.0 * a - 400.0 * x[0] * b, 200.0 * b]);
        a * a + 100.0 * b * b
    };
    let (mut first, mut second) = ([-1.2_f32, 1.0], [-1.2_f32, 1.0]);
    let lbfgs = Lbfgs { gradient_tolerance: 0.0, value_tolerance: 0.0, iterations: 1000, ..Lbfgs::default() };
    lbfgs.minimize(&mut first, f).unwrap();
    let conjugate =
        ConjugateGradient { gradient_tolerance: 0.0, iterations: 1000, ..ConjugateGradient::default() };
    conjugate.minimize(&mut second, f).unwrap();
    for x in [first, second] {
        assert!((x[0] - 1.0).abs() < 1e-3 && (x[1] - 1.0).abs() < 2e-3, "{x:?}");
    }
}
