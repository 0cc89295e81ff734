//! Branches that were not taken: they hand on no cotangent, not even one times an infinite or missing derivative.

use super::extremes::{INF, NAN, at, partials};
use crate::primitive::{Clamp, Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, Select, Ternary};
use crate::{Dual, Elementary, Program, Real, Tape, Tensor, Var, grad, hvp, value_and_grad};

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
        let program = Program::trace(traced[k], &x);
        assert_eq!((program.value(), program.gradient()), (4.0, vec![0.0, 1.0]), "program, {k}");
    }
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
