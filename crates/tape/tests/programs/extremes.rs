//! Gradients of programs where something on the way overflows, underflows or saturates.

use tape::{Program, Real, Traced, grad, hessian};

/// The gradient by a replay of a program that was traced elsewhere, held against the tape's.
fn gradient<const N: usize>(f: impl Fn(&[Traced]) -> Traced, at: [f64; N], x: [f64; N]) -> Vec<f64> {
    Program::trace(f, &at).value_and_grad(&x).unwrap().1
}

fn must_be_close(got: &[f64], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    for (a, b) in got.iter().zip(want) {
        assert!(a == b || (a - b).abs() <= 1e-14 * b.abs(), "{got:?} and {want:?}");
    }
}

#[test]
fn negative_powers_neither_overflow_nor_vanish_on_the_way() {
    for n in [-1, -2, -3, -8, -40] {
        for x in [1e-80_f64, -1e-30, 1e-5, 3.0, 1e7, -1e30, 1e100] {
            // n x^(n - 1), from logarithms, so that nothing is lost on the way.
            let size = f64::from(n).abs().ln() + f64::from(n - 1) * x.abs().ln();
            let got = gradient(|x| x[0].powi(n), [1.0], [x])[0];
            if size > 710.0 {
                assert_eq!(got.abs(), f64::INFINITY, "n = {n}, x = {x}");
            } else if size < -745.5 {
                assert_eq!(got, 0.0, "n = {n}, x = {x}");
            } else if size > -708.0 {
                assert!((got.abs().ln() - size).abs() < 1e-9 * (1.0 + size.abs()), "n = {n}, x = {x}: {got}");
            }
        }
    }
    must_be_close(&gradient(|x| x[0].powi(-2), [1.0], [1e-80]), &[-2e240]);
    must_be_close(&gradient(|x| x[0].powi(-2), [1.0], [1e100]), &[-2e-300]);
    assert_eq!(gradient(|x| x[0].powi(-2), [1.0], [0.0]), [f64::NEG_INFINITY]);
}

#[test]
fn a_negative_power_of_a_small_length_has_its_gradient() {
    fn f<R: Real>(x: &[R]) -> R {
        (x[0] * x[0] + x[1] * x[1]).powi(-8)
    }
    let x = [1e-10, 5e-11];
    must_be_close(&gradient(f, [1.0, 1.0], x), &grad(f, &x));
    let second = Program::trace(f, &[1.0, 1.0]).hessian(&[1e-3, 2e-3]).unwrap();
    assert!(second.iter().all(|entry| entry.is_finite()) && (second[1] / second[2] - 1.0).abs() < 1e-12);
}

#[test]
fn what_has_saturated_hands_on_no_nan() {
    fn squashed<R: Real>(x: &[R]) -> R {
        x[0] * (x[1].exp() * x[2]).tanh()
    }
    assert_eq!(gradient(squashed, [2.0, 0.5, 1.0], [2.0, 800.0, 1.0]), [1.0, 0.0, 0.0]);
    fn odds<R: Real>(x: &[R]) -> R {
        let one = R::from_f64(1.0);
        one / (one + (-(x[0] * x[1] + x[2])).exp())
    }
    assert_eq!(gradient(odds, [0.1, 0.2, 0.3], [-30.0, 30.0, 0.0]), [0.0; 3]);
    fn gompertz<R: Real>(x: &[R]) -> R {
        x[0] * (-(x[1] * x[2]).exp()).exp()
    }
    assert_eq!(gradient(gompertz, [1.0; 3], [3.0, 40.0, 20.0]), [0.0; 3]);
    fn bell<R: Real>(x: &[R]) -> R {
        (x[0].powi(20) * x[1]).cosh().recip()
    }
    assert_eq!(gradient(bell, [1.0; 2], [1e20, 1.0]), [0.0; 2]);
}

#[test]
fn every_function_of_a_saturated_argument_has_the_gradient_of_a_sweep() {
    let one = || Traced::from(1.0);
    let outer: [fn(Traced) -> Traced; 18] = [
        |y| y.tanh(),
        |y| y.sigmoid(),
        |y| y.atan(),
        |y| y.erf(),
        |y| y.norm_cdf(),
        |y| y.recip(),
        |y| y.powi(-3),
        |y| (-y).exp(),
        |y| (-y).softplus(),
        |y| y.log_sigmoid(),
        |y| (-y).relu(),
        |y| y.max(1.0.into()).recip(),
        |y| y.min(1.0.into()),
        |y| Traced::from(2.0) / (y + 3.0),
        |y| (y * y).norm_pdf(),
        |y| y.clamp(0.0.into(), 1.0.into()),
        |y| y.powf((-0.5).into()),
        |y| y.softsign(),
    ];
    let inner: [fn(&[Traced]) -> Traced; 8] = [
        |x| x[0].exp() * x[1],
        |x| (x[0] * x[1]).exp(),
        |x| x[0].exp_m1() * x[1].exp(),
        |x| (x[0] * x[1]).sinh(),
        |x| (x[0] * x[1]).cosh() * x[1],
        |x| x[0].powi(60) * x[0].powi(60) * x[1],
        |x| x[0].exp2().exp2() * x[1].sin().exp(),
        |x| x[1] / (-x[0]).exp().powi(2),
    ];
    let x = [800.0, 1.5, 2.0];
    for (k, outer) in outer.into_iter().enumerate() {
        for (l, inner) in inner.into_iter().enumerate() {
            let f = |x: &[Traced]| x[2] * outer(inner(x)) + one();
            let got = Program::trace(f, &[0.5, 0.7, 2.0]).value_and_grad(&x).unwrap();
            let there = Program::trace(f, &x);
            assert!(got.0[0].is_finite() && there.gradient().iter().all(|bar| bar.is_finite()));
            for (got, want) in got.1.iter().zip(there.gradient()) {
                assert!((got - want).abs() < 1e-12, "outer {k}, inner {l}: {got} and {want}");
            }
        }
    }
}

#[test]
fn an_option_at_its_maturity_has_a_delta() {
    fn call<R: Real>(x: &[R]) -> R {
        let spread = x[2] * x[3].sqrt();
        let d = (x[0] / x[1]).ln() / spread;
        x[0] * d.norm_cdf() - x[1] * (d - spread).norm_cdf()
    }
    let got = gradient(call, [1.0, 1.1, 0.2, 1.0], [2.0, 1.0, 0.2, 0.0]);
    assert_eq!(got, grad(call, &[2.0, 1.0, 0.2, 0.0]));
    assert_eq!(got[..2], [1.0, -1.0]);
}

#[test]
fn an_output_that_overflows_leaves_the_others_alone() {
    fn f<R: Real>(x: &[R]) -> Vec<R> {
        vec![x[1].exp() * x[1].exp(), x[0] * x[1], x[0] * (x[1].exp() * x[2]).tanh()]
    }
    let wide = Program::trace_many(f, &[1.0; 3]).jacobian(&[2.0, 800.0, 1.0]).unwrap();
    assert_eq!(wide[3..], [800.0, 2.0, 0.0, 1.0, 0.0, 0.0]);
    // More outputs than inputs: forward, where a zero tangent meets an infinite partial.
    fn tall<R: Real>(x: &[R]) -> Vec<R> {
        let y = x[0] * (x[1].exp().tanh());
        vec![y, y * y, y + x[0]]
    }
    let tall = Program::trace_many(tall, &[1.0; 2]).jacobian(&[2.0, 800.0]).unwrap();
    assert_eq!([tall[0], tall[2], tall[4]], [1.0, 4.0, 2.0]);
}

#[test]
fn a_cotangent_that_is_zero_by_chance_still_moves() {
    // At each of these points the square, or the factor, has the derivative zero, and a partial behind it may be infinite
    // elsewhere. Fits that are perfect look like this.
    macro_rules! must_agree {
        ($($f:expr, $x:expr;)*) => {$({
            let x = $x;
            let moved = x.map(|x| x + 0.25);
            let program = Program::trace($f, &moved);
            let want = hessian($f, &x).to_vec();
            must_be_close(&program.hessian(&x).unwrap(), &want);
            must_be_close(&program.with_gradient().unwrap().jacobian(&x).unwrap()[x.len()..], &want);
            let again: Program = program.with_gradient().unwrap().to_string().parse().unwrap();
            must_be_close(&again.jacobian(&x).unwrap()[x.len()..], &want);
            for k in 0..x.len() {
                let along: Vec<f64> = (0..x.len()).map(|j| f64::from(j == k)).collect();
                let column: Vec<f64> = (0..x.len()).map(|j| want[j * x.len() + k]).collect();
                must_be_close(&program.hvp(&x, &along).unwrap(), &column);
            }
        })*};
    }
    must_agree! {
        |x| (x[0] / x[1]).powi(2), [0.0, 2.0];
        |x| x[1] * x[0].ln(), [2.0, 0.0];
        |x| (x[0].ln() - x[1]).powi(2), [1.0, 0.0];
        |x| (x[0].sqrt() - x[1]).powi(2), [4.0, 2.0];
        |x| ((x[0] * x[1]).exp().tanh() - x[1].exp().tanh()).powi(2), [1.0, 0.5];
        |x| x[0] * (x[1].recip() + x[0].powi(3)), [0.0, 2.0];
    }
}
