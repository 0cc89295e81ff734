//! Branches that were not taken: they hand on no cotangent, not even one times an infinite or missing derivative.

use super::extremes::{INF, NAN, at, partials};
use crate::primitive::{Clamp, Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, Select, Ternary};
use crate::{
    Dual, Elementary, Program, Real, Reverse, Second, Tangents, Tape, Taylor, Tensor, Var, grad, grad_over,
    hessian, hvp, jacobian_forward, value_and_grad, value_and_grad_over, value_gradient_hessian,
};

/// Value and the three partials.
fn ternary(op: impl Ternary, arguments: [f64; 3]) -> (f64, [f64; 3]) {
    let [a, b, c] = arguments;
    let y = op.value(a, b, c);
    (y, op.pullback(arguments, y, 1.0))
}

/// Functions of two numbers that take the second, and leave alone the root of the first.
fn not_taking_the_root<R: Real>() -> [fn(&[R]) -> R; 5] {
    [
        |x| x[1].greater(R::from_f64(0.0)).select(x[1], x[0].sqrt()),
        |x| x[1].less(R::from_f64(0.0)).select(x[0].sqrt(), x[1]),
        |x| x[0].sqrt().max(x[1]),
        |x| -(-x[1]).min(x[0].sqrt()),
        |x| x[0].sqrt().clamp(x[1], R::from_f64(9.0)),
    ]
}

#[test]
fn a_branch_that_was_not_taken_gets_nothing_though_its_derivative_is_infinite() {
    let by_tape = not_taking_the_root::<Var>();
    let by_dual = not_taking_the_root::<Dual<f64>>();
    let by_both = not_taking_the_root::<Dual<Var>>();
    let by_tangents = not_taking_the_root::<Tangents<8>>();
    let by_few = not_taking_the_root::<Tangents<1, Dual<f64>>>();
    let by_reverse = not_taking_the_root::<Reverse<f64>>();
    let by_second = not_taking_the_root::<Second>();
    let by_reverse_twice = not_taking_the_root::<Reverse<Reverse<f64>>>();
    let by_taylor = not_taking_the_root::<Taylor<3>>();
    let traced = not_taking_the_root::<crate::Traced>();
    for k in 0..5 {
        let x = [0.0, 4.0];
        assert_eq!(value_and_grad(by_tape[k], &x), (4.0, vec![0.0, 1.0]), "tape, {k}");
        for (direction, want) in [([1.0, 0.0], 0.0), ([0.0, 1.0], 1.0)] {
            let duals = [0, 1].map(|i| Dual::new(x[i], direction[i]));
            let y = by_dual[k](&duals);
            assert_eq!((y.value, y.tangent), (4.0, want), "dual, {k} along {direction:?}");
            assert_eq!(hvp(by_both[k], &x, &direction).unwrap(), [0.0, 0.0], "hvp, {k} along {direction:?}");
        }
        let rows = jacobian_forward(|x| vec![by_tangents[k](x)], &x);
        assert_eq!(rows.to_vec(), [0.0, 1.0], "tangents, {k}");
        let few = by_few[k](&[0, 1].map(|i| Tangents::new(Dual::new(x[i], 1.0), [Dual::constant(1.0)])));
        assert_eq!(
            (few.value.tangent, few.tangents[0].value, few.tangents[0].tangent),
            (1.0, 1.0, 0.0),
            "few, {k}"
        );
        assert_eq!(value_and_grad_over(by_reverse[k], &x), (4.0, vec![0.0, 1.0]), "reverse, {k}");
        let (y, gradient, hessian) = value_gradient_hessian(by_second[k], &x);
        assert_eq!((y, gradient, hessian.to_vec()), (4.0, vec![0.0, 1.0], vec![0.0; 4]), "hessian, {k}");
        let twice = |i: usize| grad_over(|x| grad_over(by_reverse_twice[k], x)[i], &x);
        assert_eq!([twice(0), twice(1)].concat(), [0.0; 4], "reverse over reverse, {k}");
        let series = by_taylor[k](&x.map(|x| Taylor::along(x, 1.0)));
        assert_eq!(series.derivatives(), [4.0, 1.0, 0.0, 0.0], "taylor, {k}");
        let program = Program::trace(traced[k], &x);
        assert_eq!((program.value(), program.gradient()), (4.0, vec![0.0, 1.0]), "program, {k}");
    }
}

#[test]
fn several_tangents_are_what_duals_have_also_where_a_tangent_is_infinite() {
    let guarded = |x: &[Tangents<8>]| vec![x[0].less(Tangents::constant(50.0)).select(x[0].exp(), x[0])];
    assert_eq!(jacobian_forward(guarded, &[1000.0]).to_vec(), [1.0]);
    let guarded = |x: &[Second]| x[0].less(Second::from_f64(50.0)).select(x[0].exp(), x[0]);
    assert_eq!(hessian(guarded, &[1000.0]).to_vec(), [0.0]);
    assert_eq!(hessian(|x| x[0].elu(1.0), &[1000.0]).to_vec(), [0.0]);
    assert_eq!(hessian(|x| x[0].selu(), &[1000.0]).to_vec(), [0.0]);
    assert_eq!(jacobian_forward(|x| vec![x[0].sqrt().stop_gradient() + x[0]], &[0.0]).to_vec(), [1.0]);
    let power = |x: &[Second]| x[0].powf(x[1]);
    assert_eq!(hessian(power, &[0.0, 2.0]).to_vec(), [2.0, 0.0, 0.0, 0.0]);
    // An infinity that belongs there stays.
    assert_eq!(jacobian_forward(|x| vec![x[0].sqrt() + x[1]], &[0.0, 1.0]).to_vec(), [INF, 1.0]);
    assert!(jacobian_forward(|x| vec![x[0].sqrt() * 0.0], &[0.0_f64]).item().unwrap().is_nan());
    // A program that is replayed beyond where it was traced.
    let exponential = |x: &[crate::Traced]| {
        let x = Tangents::new(x[0], [crate::Traced::from(1.0); 2]);
        x.less(Real::from_f64(50.0)).select(x.exp(), x).tangents[1]
    };
    assert_eq!(Program::trace(exponential, &[1.0]).eval(&[1000.0]).unwrap(), [1.0]);
}

#[test]
fn a_rule_hands_nothing_to_an_argument_that_did_not_matter() {
    /// The second of two.
    struct Second;
    impl crate::rule::Rule for Second {
        fn value(&self, x: &[f64]) -> f64 {
            x[1]
        }
        fn partials<R: Real>(&self, _: &[R], _: R, partials: &mut [R]) {
            partials[1] = R::from_f64(1.0);
        }
    }
    fn f<R: Real>(x: &[R]) -> R {
        crate::rule::apply(&Second, &[x[0].sqrt(), x[1]])
    }
    assert_eq!(grad_over(f, &[0.0, 4.0]), [0.0, 1.0]);
    assert_eq!(jacobian_forward(|x| vec![f(x)], &[0.0, 4.0]).to_vec(), [0.0, 1.0]);
    assert_eq!(f(&[Dual::new(0.0, 1.0), Dual::new(4.0, 1.0)]).tangent, 1.0);
    assert_eq!(f(&[0.0, 4.0].map(|x| Taylor::<2>::along(x, 1.0))).derivatives(), [4.0, 1.0, 0.0]);
}

#[test]
fn a_branch_that_was_not_taken_may_be_nan() {
    for k in [0, 1] {
        let f = not_taking_the_root::<Var>()[k];
        assert_eq!(value_and_grad(f, &[-1.0, 4.0]), (4.0, vec![0.0, 1.0]));
    }
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[-1.0, 0.0, 4.0], &[3]).unwrap());
    let root = Tensor::sqrt(&x);
    let y = Tensor::select(&Tensor::greater(&x, &Tensor::scalar(0.0)).unwrap(), &root, &x).unwrap();
    assert_eq!(y.to_vec(), [-1.0, 0.0, 2.0]);
    let bar = tape.sweep(&y.sum()).unwrap();
    assert_eq!(bar.of(&x).unwrap().to_vec(), [1.0, 1.0, 0.25]);
}

#[test]
fn a_ramp_that_is_off_gets_nothing_from_before_and_gives_nothing_to_after() {
    // What comes before has an infinite derivative.
    assert_eq!(at!(|x| (-x.sqrt()).relu(), 0.0), (0.0, 0.0));
    assert_eq!(at!(|x| (x.sqrt() - x.like(1.0)).relu(), 0.0), (0.0, 0.0));
    assert_eq!(at!(|x| (x.sqrt() - x.like(1.0)).max(x.like(0.0)), 0.0), (0.0, 0.0));
    assert_eq!(at!(|x| x.sqrt().floor(), 0.0), (0.0, 0.0));
    assert_eq!(at!(|x| x.sqrt().signum(), 0.0), (1.0, 0.0));
    // What comes after has one.
    assert_eq!(at!(|x| x.relu().sqrt(), -1.0), (0.0, 0.0));
    assert_eq!(at!(|x| x.floor().cbrt(), 0.5), (0.0, 0.0));
    assert_eq!(at!(|x| x.max(x.like(0.0)).sqrt(), -1.0), (0.0, 0.0));
    assert_eq!(at!(|x| x.powi(2).sqrt(), 0.0), (0.0, 0.0));
}

#[test]
fn what_is_at_rest_can_be_swept_from_all_the_same() {
    let tape = Tape::begin();
    let x = tape.var(-0.5);
    let flat = [
        x.floor(),
        x.relu(),
        x.max(Var::from(0.0)),
        x.clamp(Var::from(0.0), Var::from(1.0)),
        x.greater(Var::from(0.0)),
        x.greater(Var::from(0.0)).gate(x),
        x.less(Var::from(0.0)).select(Var::from(3.0), x),
    ];
    for y in flat {
        assert!(y.is_recorded(), "{y:?}");
        assert_eq!(tape.sweep(&y).unwrap().of(&x).unwrap(), 0.0, "{y:?}");
    }
    assert!(!Var::from(0.5).floor().is_recorded() && !Var::from(0.5).max(Var::from(1.0)).is_recorded());
}

#[test]
fn a_choice_hands_on_the_very_handle() {
    let tape = Tape::begin();
    let (x, y) = (tape.var(2.0), tape.var(3.0));
    let chosen = [x.max(y), y.min(x), x.clamp(Var::from(0.0), y), x.equal(x).select(x, y), y.relu()];
    let bar = tape.sweep(&(x * y)).unwrap();
    let read: Vec<f64> = chosen.iter().map(|handle| bar.of(handle).unwrap()).collect();
    assert_eq!(read, [2.0, 3.0, 3.0, 3.0, 2.0], "the cotangents of y, x, x, x, y");
}

#[test]
fn a_number_at_its_bound_is_itself() {
    assert_eq!(ternary(Clamp, [1.0, 1.0, 2.0]), (1.0, [1.0, 0.0, 0.0]));
    assert_eq!(ternary(Clamp, [2.0, 1.0, 2.0]), (2.0, [1.0, 0.0, 0.0]));
    assert_eq!(ternary(Clamp, [1.0, 1.0, 1.0]), (1.0, [1.0, 0.0, 0.0]));
    assert_eq!(ternary(Clamp, [-INF, 1.0, 2.0]), (1.0, [0.0, 1.0, 0.0]));
    assert_eq!(ternary(Clamp, [INF, 1.0, INF]), (INF, [1.0, 0.0, 0.0]));
    let number = |x| Var::from(x);
    assert_eq!(grad(|x| x[0].clamp(number(0.0), number(1.0)), &[1.0]), [1.0]);
    for bounds in [[2.0, 1.0], [NAN, 1.0], [0.0, NAN]] {
        assert!(ternary(Clamp, [0.5, bounds[0], bounds[1]]).0.is_nan(), "bounds {bounds:?}");
    }
    assert!(ternary(Clamp, [NAN, 0.0, 1.0]).0.is_nan());
}

#[test]
fn masks_are_one_or_zero_and_flat_also_of_nan_and_at_the_jump() {
    for (a, b) in
        [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (0.0, -0.0), (NAN, 1.0), (1.0, NAN), (INF, INF), (-INF, INF)]
    {
        let one_if = |yes: bool| (f64::from(u8::from(yes)), 0.0, 0.0);
        assert_eq!(partials(Greater, a, b), one_if(a > b), "{a} > {b}");
        assert_eq!(partials(GreaterEqual, a, b), one_if(a >= b), "{a} ≥ {b}");
        assert_eq!(partials(Less, a, b), one_if(a < b), "{a} < {b}");
        assert_eq!(partials(LessEqual, a, b), one_if(a <= b), "{a} ≤ {b}");
        assert_eq!(partials(Equal, a, b), one_if(a == b), "{a} = {b}");
        assert_eq!(partials(NotEqual, a, b), one_if(a != b), "{a} ≠ {b}");
    }
}

#[test]
fn a_mask_selects_by_whether_it_is_zero() {
    for (mask, want) in [(1.0, 2.0), (-3.0, 2.0), (NAN, 2.0), (0.0, 5.0), (-0.0, 5.0)] {
        let (y, bars) = ternary(Select, [mask, 2.0, 5.0]);
        assert_eq!(
            (y, bars),
            (want, if want == 2.0 { [0.0, 1.0, 0.0] } else { [0.0, 0.0, 1.0] }),
            "mask {mask}"
        );
    }
    let (y, _) = ternary(Select, [0.0, 1.0, -0.0]);
    assert!(y.is_sign_negative(), "unchanged to the sign of a zero");
}

#[test]
fn the_number_with_another_sign_is_flat_at_zero() {
    assert_eq!(partials(crate::primitive::Copysign, 0.0, -2.0).1, 0.0);
    assert_eq!(partials(crate::primitive::Copysign, -3.0, -0.0), (-3.0, 1.0, 0.0));
    assert_eq!(Elementary::copysign(2.0, -NAN), f64::copysign(2.0, -NAN));
}
