//! Generic numeric code over `num-traits` runs on every handle and differentiates, and its questions are answered by value.

use num_traits::{Bounded, Float, FloatConst, FromPrimitive, Inv, MulAdd, NumCast, Pow, Signed, Zero};
use std::num::FpCategory;
use tape::{Dual, Program, Reverse, Tangents, Tape, Taylor, Traced, Var, grad, grad_over, hvp, jvp};

/// Somebody's code, which knows nothing of tapes: it asks for `Float` and calls all sorts of things.
fn somebodys<F: Float + FloatConst>(x: &[F]) -> F {
    let half = F::from(0.5).expect("a half");
    let (s, c) = (x[0] * F::PI()).sin_cos();
    let tail = x.iter().fold(F::zero(), |sum, &x| sum + x.exp_m1() * x.powi(3) + x.abs().powf(half));
    let angle = x[1].atan2(x[0]) + x[0].hypot(x[1]) + x[1].mul_add(x[0], half).tanh();
    let more = x[0].asinh() + (x[1] * half).atanh() + x[1].cbrt() + x[0].exp2().log2() + x[0].to_radians();
    let chosen = if x[0] > x[1] { x[0].max(x[1]) } else { x[1].min(x[0]) };
    s * c
        + tail
        + angle
        + more
        + chosen
        + (x[0].ln_1p() + x[0].log(F::E() + x[1].abs())) % (F::one() + F::one())
}

fn differences(f: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    let at = |k: usize, step: f64| {
        let mut x = x.to_vec();
        x[k] += step;
        f(&x)
    };
    (0..x.len()).map(|k| (at(k, 1e-6) - at(k, -1e-6)) / 2e-6).collect()
}

fn near(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "got {got}, want {want}");
}

#[test]
fn generic_code_differentiates_on_every_handle() {
    let x = [0.7, 0.4];
    let want = differences(somebodys, &x);
    let check = |got: &[f64]| got.iter().zip(&want).for_each(|(&got, &want)| near(got, want, 1e-8));
    check(&grad(somebodys, &x));
    check(&Program::trace(somebodys::<Traced>, &x).gradient());
    check(&grad_over(somebodys::<Reverse<f64>>, &x));
    let single: Vec<f64> = grad(somebodys, &[0.7_f32, 0.4]).into_iter().map(|x| x as f64).collect();
    single.iter().zip(&want).for_each(|(&got, &want)| near(got, want, 1e-5));
    for (along, want) in [[1.0, 0.0], [0.0, 1.0]].iter().zip(&want) {
        let (_, slope) = jvp(|x| vec![somebodys(x)], &x, along).expect("lengths fit");
        near(slope[0], *want, 1e-8);
    }
    let lanes = [Tangents::<2>::new(0.7, [1.0, 0.0]), Tangents::<2>::new(0.4, [0.0, 1.0])];
    check(&somebodys(&lanes).tangents);
    let ahead = grad(somebodys, &[0.7 + 1e-6, 0.4]);
    let behind = grad(somebodys, &[0.7 - 1e-6, 0.4]);
    for (got, (ahead, behind)) in
        hvp(somebodys, &x, &[1.0, 0.0]).expect("lengths fit").iter().zip(ahead.iter().zip(behind))
    {
        near(*got, (ahead - behind) / 2e-6, 1e-7);
    }
}

/// The same questions to every kind of handle.
fn answers<F>(single: bool)
where
    F: Float
        + FloatConst
        + Signed
        + Bounded
        + FromPrimitive
        + Inv<Output = F>
        + MulAdd<Output = F>
        + Pow<i32, Output = F>,
{
    let of = |x: f64| <F as NumCast>::from(x).expect("a float takes every f64");
    assert!(F::zero().is_zero() && F::one().is_one() && !of(2.0).is_one());
    assert_eq!(of(2.5).to_f64(), Some(2.5));
    assert_eq!(
        (of(2.5).to_i32(), of(-1.0).to_u8(), of(7.0).to_u128(), of(1e30).to_i64()),
        (Some(2), None, Some(7), None)
    );
    assert_eq!(F::from_u64(3).and_then(|x| x.to_i128()), Some(3));
    assert_eq!(F::from_str_radix("101", 2).ok().and_then(|x| x.to_f64()), Some(5.0));
    assert!(F::from_str_radix("x", 10).is_err());
    assert!(
        F::nan().is_nan() && F::infinity().is_infinite() && F::neg_infinity() < <F as Float>::min_value()
    );
    assert!(F::neg_zero().is_sign_negative() && F::neg_zero().is_zero() && !F::zero().is_sign_negative());
    assert!(of(1.0).is_finite() && of(1.0).is_normal() && Float::is_sign_positive(of(1.0)));
    assert_eq!(F::nan().classify(), FpCategory::Nan);
    assert_eq!((F::min_positive_value() * of(0.25)).classify(), FpCategory::Subnormal);
    let epsilon = if single { f32::EPSILON as f64 } else { f64::EPSILON };
    assert_eq!(F::epsilon().to_f64(), Some(epsilon));
    assert!(<F as Bounded>::max_value().is_finite() && (<F as Bounded>::max_value() * of(2.0)).is_infinite());
    let (mantissa, exponent, sign) = of(-6.0).integer_decode();
    assert_eq!(sign as f64 * mantissa as f64 * (exponent as f64).exp2(), -6.0);
    assert_eq!(Signed::abs(&of(-2.0)).to_f64(), Some(2.0));
    assert_eq!(Signed::abs_sub(&of(5.0), &of(2.0)).to_f64(), Some(3.0));
    assert_eq!(Signed::abs_sub(&of(1.0), &of(2.0)).to_f64(), Some(0.0));
    assert!(of(1.0).is_positive() && of(-1.0).is_negative() && !of(-1.0).is_positive());
    assert_eq!(Signed::signum(&of(-3.0)).to_f64(), Some(-1.0));
    assert_eq!((of(4.0).inv().to_f64(), Pow::pow(of(3.0), 2).to_f64()), (Some(0.25), Some(9.0)));
    assert_eq!(MulAdd::mul_add(of(2.0), of(3.0), of(4.0)).to_f64(), Some(10.0));
    assert_eq!((of(7.5) % of(2.0)).to_f64(), Some(1.5));
    assert_eq!(
        (
            of(2.6).floor().to_f64(),
            of(2.6).round().to_f64(),
            Float::clamp(of(9.0), of(1.0), of(3.0)).to_f64()
        ),
        (Some(2.0), Some(3.0), Some(3.0))
    );
    assert!((F::PI().to_f64().expect("a number") - std::f64::consts::PI).abs() <= 4.0 * epsilon);
}

#[test]
fn questions_are_answered_as_by_the_number_itself() {
    answers::<f64>(false);
    answers::<f32>(true);
    answers::<Var>(false);
    answers::<Var<f32>>(true);
    answers::<Dual<f64>>(false);
    answers::<Dual<f32>>(true);
    answers::<Dual<Var>>(false);
    answers::<Traced>(false);
    answers::<Reverse<f64>>(false);
    answers::<Tangents<3>>(false);
    answers::<Taylor<3>>(false);
}

#[test]
fn a_recorded_zero_is_zero_and_a_cast_is_a_constant() {
    let tape = Tape::begin();
    let x = tape.var(0.0);
    assert!(x.is_zero());
    let cast: Var = NumCast::from(x).expect("a number");
    assert!(!cast.is_recorded() && x.is_recorded());
    assert_eq!(Dual::new(2.0, 1.0).to_string(), "2");
    assert_eq!(
        (Dual::new(0.1_f32, 1.0).to_string(), Traced::default().to_string()),
        ("0.1".to_owned(), "0".to_owned())
    );
}

#[test]
fn rounding_has_no_derivative_and_absolute_differences_their_own() {
    assert_eq!(grad(|x| Float::floor(x[0]) + Float::round(x[0]) + Float::trunc(x[0]), &[1.5]), [0.0]);
    assert_eq!(grad(|x| Signed::abs_sub(&x[0], &x[1]), &[3.0, 1.0]), [1.0, -1.0]);
    assert_eq!(grad(|x| Signed::abs_sub(&x[0], &x[1]), &[1.0, 3.0]), [0.0, 0.0]);
}
