//! The user's own rules, n-ary lines, Jacobians in lanes.

use approx::assert_relative_eq;
use tape::rule::{self, Rule, with_partials, with_pullback};
use tape::{
    Dual, Error, Program, Real, Tape, Tensor, Traced, Var, grad, hvp, jacobian, nary, value_and_grad, vjp,
};

/// Numbers that repeat nothing and stay off the kinks.
fn wave(n: usize) -> Vec<f64> {
    (0..n).map(|k| 1.3 + (k as f64 * 0.7).sin()).collect()
}

/// x₀ exp(x₁ / x₂), as a rule and as plain code.
struct Arrhenius;
impl Rule for Arrhenius {
    fn value(&self, x: &[f64]) -> f64 {
        arrhenius(x)
    }
    fn partials<R: Real>(&self, x: &[R], y: R, partials: &mut [R]) {
        partials[0] = (x[1] / x[2]).exp();
        partials[1] = y / x[2];
        partials[2] = -(y * x[1]) / x[2].powi(2);
    }
}
fn arrhenius<R: Real>(x: &[R]) -> R {
    x[0] * (x[1] / x[2]).exp()
}

/// Around the rule, so that its inputs are merged, repeated and constant, and its output is used twice.
fn around<R: Real>(x: &[R], inner: impl Fn(&[R]) -> R) -> R {
    let first = inner(&[x[0].sin(), x[1], x[2] * x[2]]);
    let second = inner(&[first, R::from_f64(0.5), x[0] * x[1]]);
    first * second + inner(&[x[2], x[2], x[2]])
}

#[test]
fn a_rule_has_the_derivatives_of_the_code_that_it_stands_for() {
    fn ruled<R: Real>(x: &[R]) -> R {
        around(x, |x| rule::apply(&Arrhenius, x))
    }
    fn plain<R: Real>(x: &[R]) -> R {
        around(x, arrhenius)
    }
    let x = [0.7, 1.2, -0.9];
    assert_eq!(ruled(&x), plain(&x));
    for (got, want) in grad(ruled, &x).iter().zip(grad(plain, &x)) {
        assert_relative_eq!(*got, want, max_relative = 1e-13);
    }
    for v in [[1.0, 0.0, 0.0], [0.3, -2.0, 0.7]] {
        for (got, want) in hvp(ruled, &x, &v).unwrap().iter().zip(hvp(plain, &x, &v).unwrap()) {
            assert_relative_eq!(*got, want, max_relative = 1e-12);
        }
    }
    let single = grad(ruled::<Var<f32>>, &x.map(|x| x as f32));
    for (got, want) in single.iter().zip(grad(plain, &x)) {
        assert_relative_eq!(f64::from(*got), want, max_relative = 1e-5);
    }
}

#[test]
fn a_rule_of_three_lines_is_one_line_and_of_one_line_none() {
    let tape = Tape::begin();
    let x = tape.vars(&[0.7, 1.2, -0.9]);
    let _ = rule::apply(&Arrhenius, &x);
    assert_eq!(tape.lines(), 4);
    let _ = rule::apply(&Arrhenius, &[x[0], x[0].exp(), 2.0.into()]);
    assert_eq!(tape.lines(), 4);
    let constant: Var = rule::apply(&Arrhenius, &[1.0.into(), 0.0.into(), 1.0.into()]);
    assert!(!constant.is_recorded());
    assert_eq!(constant.value(), 1.0);
}

#[test]
fn a_closure_with_too_few_partials_is_an_error_that_counts_them() {
    let tape = Tape::begin();
    let x = tape.vars(&[1.0, 2.0, 3.0]);
    let error = with_partials(&x, |x| (x[0], vec![1.0])).unwrap_err();
    assert_eq!(error.to_string(), "with_partials: wants a partial for each of the 3 inputs, got 1");
    let y = with_pullback(&x, |x| (vec![x[0]], |_: &[f64]| vec![1.0])).unwrap();
    let error = tape.sweep(&y[0]).unwrap_err();
    assert_eq!(error.to_string(), "sweep: wants a cotangent for each of the 3 inputs of the rule, got 1");
    // Nothing is lost by it.
    assert_eq!(tape.sweep(&(x[0] * x[1])).unwrap().of(&x[0]).unwrap(), 2.0);
}

#[test]
fn a_value_of_another_tape_is_an_error_also_where_few_lines_meet() {
    let outer = Tape::begin();
    let x = outer.vars(&[1.0, 2.0, 3.0]);
    let inner = Tape::begin();
    for count in 1..=3 {
        let error = with_partials(&x[..count], |x| (x[0], vec![1.0; count])).unwrap_err();
        assert!(matches!(error, Error::Foreign { operation: "with_partials", .. }), "{count}: {error}");
        let error = with_pullback(&x[..count], |x| (x.to_vec(), |bar: &[f64]| bar.to_vec())).unwrap_err();
        assert!(matches!(error, Error::Foreign { operation: "with_pullback", .. }), "{count}: {error}");
    }
    drop(inner);
}

#[test]
fn a_pullback_may_begin_tapes_and_a_panic_in_it_leaves_the_recording_whole() {
    let waiting = Tape::begin();
    let outermost = waiting.var(5.0);
    let tape = Tape::begin();
    let x = tape.vars(&[0.5, 2.0]);
    let careless = std::rc::Rc::new(std::cell::Cell::new(false));
    let flag = std::rc::Rc::clone(&careless);
    let y = with_pullback(&x, move |x| {
        let x = x.to_vec();
        let pullback = move |y_bar: &[f64]| {
            assert!(!flag.get(), "planted");
            let mut x_bar = grad(|x| x[0].sin() * x[1], &x);
            x_bar.iter_mut().for_each(|bar| *bar *= y_bar[0]);
            x_bar
        };
        (vec![0.5_f64.sin() * 2.0], pullback)
    })
    .unwrap();
    let z = y[0] * x[1];
    let want = [0.5_f64.cos() * 4.0, 0.5_f64.sin() * 4.0];
    for _ in 0..2 {
        let bar = tape.sweep(&z).unwrap();
        for (x, want) in x.iter().zip(want) {
            assert_relative_eq!(bar.of(x).unwrap(), want, max_relative = 1e-15);
        }
        careless.set(true);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tape.sweep(&z).map(drop)));
        assert!(caught.is_err());
        careless.set(false);
        assert_eq!(tape.lines(), 4);
    }
    drop(tape);
    assert_eq!(waiting.sweep(&outermost.powi(2)).unwrap().of(&outermost).unwrap(), 10.0);
}

#[test]
fn a_tape_that_is_being_swept_does_not_record() {
    let tape = Tape::begin();
    let x = tape.var(2.0);
    let y = with_pullback(&[x], move |_| {
        (vec![1.0], move |bar: &[f64]| vec![(x * 3.0 * x.sin().keep()).value() * bar[0]])
    });
    let y = y.unwrap()[0];
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tape.sweep(&y).map(drop)));
    let text = *caught.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("not of the tape that is recording"), "{text}");
    assert_eq!(tape.lines(), 2);
}

#[test]
fn rewinding_forgets_rules_and_lines_of_many_inputs() {
    let tape = Tape::begin();
    let x = tape.vars(&wave(4));
    let mark = tape.mark();
    let held = std::rc::Rc::new(());
    for _ in 0..3 {
        let guest = std::rc::Rc::clone(&held);
        let y = with_pullback(&x, move |x| {
            (x.to_vec(), move |bar: &[f64]| {
                let _ = &guest;
                bar.to_vec()
            })
        });
        let total = nary::sum(&y.unwrap());
        assert_eq!(tape.sweep(&total).unwrap().of(&x[3]).unwrap(), 1.0);
        assert_eq!(std::rc::Rc::strong_count(&held), 2);
        tape.rewind(&mark);
        assert_eq!((tape.lines(), std::rc::Rc::strong_count(&held)), (4, 1));
    }
}

/// An n-ary function and the same one line by line.
struct Pair {
    name: &'static str,
    joined: fn(&[Dual<Var>]) -> Dual<Var>,
    joined_var: fn(&[Var]) -> Var,
    spelled: fn(&[Dual<Var>]) -> Dual<Var>,
}

macro_rules! pair {
    ($name:literal, $joined:expr, $spelled:expr) => {
        Pair { name: $name, joined: $joined, joined_var: $joined, spelled: $spelled }
    };
}

const WEIGHTS: [f64; 8] = [1.0, -2.0, 0.0, 0.5, 3.0, -1.0, 2.5, 0.25];

fn spelled_variance<R: Real>(x: &[R]) -> R {
    let n = R::from_f64(x.len() as f64);
    let mean = x.iter().sum::<R>() / n;
    x.iter().map(|&x| (x - mean).powi(2)).sum::<R>() / (n - R::from_f64(1.0))
}

#[test]
fn functions_of_many_numbers_agree_with_themselves_spelled_out() {
    let pairs = [
        pair!("sum", nary::sum, |x| x.iter().sum()),
        pair!("mean", nary::mean, |x| x.iter().sum::<Dual<Var>>() / 8.0),
        pair!("variance", |x| nary::variance(x, 1), spelled_variance),
        pair!("dot", |x| nary::dot(&x[..4], &x[4..]), |x| (0..4).map(|k| x[k] * x[k + 4]).sum()),
        pair!("linear", |x| nary::linear_combination(&WEIGHTS, x), |x| {
            x.iter().zip(WEIGHTS).map(|(&x, c)| x * c).sum()
        }),
        pair!("norm", nary::norm, |x| x.iter().map(|&x| x * x).sum::<Dual<Var>>().sqrt()),
        pair!("product", nary::product, |x| x.iter().product()),
        pair!("polynomial", |x| nary::polynomial(&x[..7], x[7]), |x| {
            (0..7).map(|k| x[k as usize] * x[7].powi(k)).sum()
        }),
        pair!("log_sum_exp", nary::log_sum_exp, |x| { x.iter().map(|x| x.exp()).sum::<Dual<Var>>().ln() }),
    ];
    let x = wave(8);
    for pair in pairs {
        let (y, gradient) = value_and_grad(pair.joined_var, &x);
        let spelled =
            |x: &[Var]| (pair.spelled)(&x.iter().map(|&x| Dual::constant(x)).collect::<Vec<_>>()).value;
        let (y_want, want) = value_and_grad(spelled, &x);
        assert_relative_eq!(y, y_want, max_relative = 1e-14);
        for (got, want) in gradient.iter().zip(want) {
            assert!((got - want).abs() <= 1e-13 * want.abs().max(0.1), "{}: {got}, wants {want}", pair.name);
        }
        let v: Vec<f64> = (0..8).map(|k| (k as f64 * 1.9).cos()).collect();
        let got = hvp(pair.joined, &x, &v).unwrap();
        let want = hvp(pair.spelled, &x, &v).unwrap();
        for (got, want) in got.iter().zip(want) {
            assert!((got - want).abs() <= 1e-12 * want.abs().max(0.1), "{}: {got}, wants {want}", pair.name);
        }
        let tape = Tape::begin();
        let _ = (pair.joined_var)(&tape.vars(&x));
        assert_eq!(tape.lines(), 9, "{} is one line", pair.name);
    }
}

#[test]
fn functions_of_many_numbers_follow_mathematics_at_their_extremes() {
    use nary::{log_sum_exp, mean, norm, product, sum, variance};
    let infinity = f64::INFINITY;
    let (y, gradient) = value_and_grad(norm, &[3e-300, 4e-300]);
    for (got, want) in [(y * 1e300, 5.0), (gradient[0], 0.6), (gradient[1], 0.8)] {
        assert_relative_eq!(got, want, max_relative = 1e-15);
    }
    assert_eq!(value_and_grad(norm, &[5e-324, 0.0]), (5e-324, vec![1.0, 0.0]));
    assert_eq!(value_and_grad(norm, &[0.0; 3]), (0.0, vec![0.0; 3]));
    assert_eq!(norm(&[infinity, 1.0]), infinity);
    assert!(norm(&[f64::NAN, infinity]).is_nan());
    assert_eq!(grad(product, &[0.0, 0.0, 3.0]), [0.0; 3]);
    assert_eq!(grad(product, &[1e200, 1e200, 0.0]), [0.0, 0.0, infinity]);
    assert_eq!(value_and_grad(log_sum_exp, &[-infinity, 2.0]), (2.0, vec![0.0, 1.0]));
    assert_eq!(value_and_grad(log_sum_exp, &[-infinity; 2]), (-infinity, vec![0.5; 2]));
    assert_eq!(value_and_grad(log_sum_exp, &[infinity, 0.0]), (infinity, vec![1.0, 0.0]));
    assert!(log_sum_exp(&[f64::NAN, 1.0]).is_nan());
    assert_eq!((sum::<f64>(&[]), product::<f64>(&[]), norm::<f64>(&[])), (0.0, 1.0, 0.0));
    assert_eq!(log_sum_exp::<f64>(&[]), -infinity);
    assert!(mean::<f64>(&[]).is_nan() && variance(&[1.0_f64], 1).is_nan());
    assert_eq!(nary::polynomial(&[], 3.0), 0.0);
    // What has no weight has no part in it, though its own derivative be infinite.
    assert_eq!(
        grad(|x| nary::linear_combination(&[0.0, 1.0, 1.0], &[x[0].sqrt(), x[1], x[2]]), &[0.0, 1.0, 2.0]),
        [0.0, 1.0, 1.0]
    );
}

#[test]
fn programs_of_many_numbers_follow_mathematics_at_their_extremes_too() {
    let infinity = f64::INFINITY;
    let near = |got: &[f64], want: &[f64], what: &str| {
        for (&got, &want) in got.iter().zip(want) {
            let same = got == want || (got.is_nan() && want.is_nan());
            assert!(same || (got - want).abs() <= 1e-14 * want.abs(), "{what}: got {got}, want {want}");
        }
    };
    let check = |name: &str, program: &Program, rule: fn(&[Var]) -> Var, points: &[&[f64]]| {
        for &x in points {
            let what = format!("{name} at {x:?}");
            let (got, gradient) = program.value_and_grad(x).unwrap();
            let (want, partials) = value_and_grad(rule, x);
            near(&got, &[want], &what);
            near(&gradient, &partials, &format!("gradient of {what}"));
        }
    };
    let norm = Program::trace(nary::norm, &[1.0, 2.0]);
    let points: [&[f64]; 10] = [
        &[0.0, 0.0],
        &[-0.0, 5e-324],
        &[3e300, 4e300],
        &[f64::MAX, 1.0],
        &[3e-200, 4e-200],
        &[3e-310, -4e-310],
        &[0.0, -2.0],
        &[infinity, 1.0],
        &[f64::NAN, infinity],
        &[1.0, f64::NAN],
    ];
    check("norm", &norm, nary::norm, &points);
    let (length, direction) = norm.value_and_grad(&[3e300, 4e300]).unwrap();
    near(&length, &[5e300], "norm");
    near(&direction, &[0.6, 0.8], "direction");
    // Along an axis there is no kink: the second derivative across it is one over the length.
    let hessian = Program::trace(nary::norm, &[1.0, 2.0, 3.0]).hessian(&[0.0, 0.0, 2.0]).unwrap();
    assert_eq!(hessian, [0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(Program::trace(nary::norm, &[]).value(), 0.0);

    let log_sum_exp = Program::trace(nary::log_sum_exp, &[1.0, 2.0]);
    let points: [&[f64]; 8] = [
        &[-infinity, -infinity],
        &[infinity, 0.0],
        &[0.0, infinity],
        &[infinity, infinity],
        &[infinity, -infinity],
        &[-infinity, 2.0],
        &[1000.0, 1000.0],
        &[f64::NAN, 1.0],
    ];
    check("log_sum_exp", &log_sum_exp, nary::log_sum_exp, &points);
    let both = log_sum_exp.value_and_grad(&[-infinity; 2]).unwrap();
    assert_eq!(both, (vec![-infinity], vec![0.5; 2]));

    // The derivative of a derivative by duals over a trace sees the same.
    let along = |x: &[Traced]| nary::norm(&[Dual::new(x[0], 1.0.into()), Dual::constant(x[1])]).tangent;
    assert_eq!(Program::trace(along, &[1.0, 2.0]).eval(&[3.0, 4.0, 0.0, 0.0]).unwrap(), [0.6, 0.0]);
    let along =
        |x: &[Traced]| nary::log_sum_exp(&[Dual::new(x[0], 1.0.into()), Dual::constant(x[1])]).tangent;
    let x = [0.0, 0.0, infinity, 0.0, -infinity, -infinity];
    assert_eq!(Program::trace(along, &[1.0, 2.0]).eval(&x).unwrap(), [0.5, 1.0, 0.5]);
}

#[test]
fn a_polynomial_has_its_limits_at_infinity() {
    let infinity = f64::INFINITY;
    let polynomial = |x: &[Var]| nary::polynomial(&x[1..], x[0]);
    assert_eq!(nary::polynomial(&[1.0, 2.0], infinity), infinity);
    assert_eq!(nary::polynomial(&[1.0, -2.0], infinity), -infinity);
    assert_eq!(value_and_grad(polynomial, &[infinity, 5.0]), (5.0, vec![0.0, 1.0]));
    assert_eq!(value_and_grad(polynomial, &[infinity, 1.0, 2.0]), (infinity, vec![2.0, 1.0, infinity]));
    let program = Program::trace(|x| nary::polynomial(&x[1..], x[0]), &[0.5, 1.0, 2.0]);
    let (value, gradient) = program.value_and_grad(&[infinity, 1.0, 2.0]).unwrap();
    assert_eq!((value[0], gradient), (infinity, vec![2.0, 1.0, infinity]));
    assert_eq!(
        hvp(|x| nary::polynomial(&x[1..], x[0]), &[infinity, 1.0, 2.0], &[1.0, 0.0, 0.0]).unwrap()[0],
        0.0
    );
}

#[test]
#[should_panic(expected = "dot: wants as many numbers on the right as on the left, 2, got 1")]
fn a_dot_product_of_two_lengths_panics_with_both() {
    nary::dot(&[1.0, 2.0], &[1.0]);
}

/// m functions of n numbers, all of each.
fn many<R: Real>(x: &[R], m: usize) -> Vec<R> {
    let each = (0..m).map(|k| {
        let terms = x.iter().enumerate().map(|(j, &x)| (x.scale(0.1 * (k + j + 1) as f64)).sin() * x);
        terms.sum::<R>() * x[k % x.len()] + nary::product(x)
    });
    each.collect()
}

#[test]
fn a_jacobian_has_the_rows_of_one_product_each_whatever_its_shape() {
    for (m, n) in [(1, 1), (2, 15), (3, 3), (15, 2), (1, 9), (9, 1), (17, 12), (12, 17), (8, 8)] {
        let x = wave(n);
        let got = jacobian(|x| many(x, m), &x);
        assert_eq!(got.shape(), [m, n]);
        for (k, row) in got.as_slice().chunks(n).enumerate() {
            let mut unit = vec![0.0; m];
            unit[k] = 1.0;
            let (_, want) = vjp(|x| many(x, m), &x, &unit).unwrap();
            for (got, want) in row.iter().zip(want) {
                assert_relative_eq!(*got, want, max_relative = 1e-13, epsilon = 1e-15);
            }
        }
    }
}

#[test]
fn a_jacobian_takes_merged_constant_kept_and_repeated_outputs_and_kept_inputs() {
    let tape = Tape::begin();
    let x = tape.vars(&[2.0, 3.0]);
    let kept = x[0].powi(2).keep();
    let y = [kept * x[1], 7.0.into(), x[1].sin(), kept * x[1], x[0]];
    let inputs = [x[0], kept, x[1]];
    let want: Vec<f64> =
        [[12.0, 3.0, 4.0], [0.0; 3], [0.0, 0.0, 3.0_f64.cos()], [12.0, 3.0, 4.0], [1.0, 0.0, 0.0]].concat();
    assert_eq!(tape.jacobian(&y, &inputs).unwrap().to_vec(), want, "forward: fewer inputs than outputs");
    for (k, row) in want.chunks(3).enumerate() {
        assert_eq!(tape.jacobian(&y[k..=k], &inputs).unwrap().to_vec(), row, "backward");
    }
    assert_eq!(tape.jacobian(&y, &[]).unwrap().shape(), [5, 0]);
    assert_eq!(tape.jacobian(&[], &inputs).unwrap().shape(), [0, 3]);
    let error = tape.jacobian(&y, &[x[0].sin()]).unwrap_err();
    assert!(error.to_string().starts_with("jacobian: an input was merged"), "{error}");
    assert!(tape.jacobian(&y, &[1.0.into()]).is_err());
}

#[test]
fn a_jacobian_goes_through_tensors_and_pullbacks() {
    let through = |x: &[Var]| {
        let squares = Tensor::from_vars(x, &[2]).unwrap().powi(2);
        let doubled = with_pullback(x, |x| {
            (x.iter().map(|x| 2.0 * x).collect(), |bar: &[f64]| bar.iter().map(|bar| 2.0 * bar).collect())
        });
        let doubled = doubled.unwrap();
        vec![squares.at(&[1]).unwrap() * x[0], doubled[0] * doubled[1], 1.0.into()]
    };
    assert_eq!(jacobian(through, &[3.0, 5.0]).to_vec(), [25.0, 30.0, 20.0, 12.0, 0.0, 0.0]);
}

#[test]
fn an_infinite_partial_of_one_output_does_not_leak_into_another() {
    let f = |x: &[Var]| vec![x[0].sqrt() * x[1], x[0] + x[1]];
    assert_eq!(jacobian(f, &[0.0, 2.0]).to_vec(), [f64::INFINITY, 0.0, 1.0, 1.0]);
    let f = |x: &[Var]| vec![x[0].sqrt() * x[1], x[0] + x[1], x[1] * 3.0];
    assert_eq!(jacobian(f, &[0.0, 2.0]).to_vec(), [f64::INFINITY, 0.0, 1.0, 1.0, 0.0, 3.0]);
}
