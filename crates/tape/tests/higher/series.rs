//! Taylor mode: known series, nested duals, and what it costs.

use crate::{AT, mixed};
use approx::assert_relative_eq;
use tape::{Dual, Elementary, Program, Real, Taylor, Traced, Var, directional_derivatives, grad, hvp, rule};

const N: usize = 9;
type Series = Taylor<N>;

fn t_at(x: f64) -> Series {
    Series::along(x, 1.0)
}

fn assert_series(got: Series, want: [f64; N + 1]) {
    for (k, want) in want.into_iter().enumerate() {
        assert_relative_eq!(got.coefficient(k), want, max_relative = 1e-12, epsilon = 1e-14);
    }
}

fn factorial(k: usize) -> f64 {
    (1..=k).map(|k| k as f64).product()
}

/// The generalised binomial coefficient.
fn choose(a: f64, k: usize) -> f64 {
    (0..k).map(|j| (a - j as f64) / (j + 1) as f64).product()
}

fn coefficients(of: impl Fn(usize) -> f64) -> [f64; N + 1] {
    std::array::from_fn(of)
}

#[test]
fn the_series_of_exponential_and_logarithm_are_the_known_ones() {
    assert_series(t_at(0.3).exp(), coefficients(|k| 0.3_f64.exp() / factorial(k)));
    let alternating = |k: usize| if k % 2 == 1 { 1.0 } else { -1.0 };
    assert_series(t_at(0.0).ln_1p(), coefficients(|k| if k == 0 { 0.0 } else { alternating(k) / k as f64 }));
    let ln =
        |k: usize| if k == 0 { 2.0_f64.ln() } else { alternating(k) / (k as f64 * 2.0_f64.powi(k as i32)) };
    assert_series(t_at(2.0).ln(), coefficients(ln));
}

#[test]
fn the_series_of_sine_and_cosine_are_the_known_ones() {
    let x = 0.7_f64;
    let quarter = std::f64::consts::FRAC_PI_2;
    assert_series(t_at(x).sin(), coefficients(|k| (x + k as f64 * quarter).sin() / factorial(k)));
    assert_series(t_at(x).cos(), coefficients(|k| (x + k as f64 * quarter).cos() / factorial(k)));
}

// Abramowitz and Stegun 4.3.67 and 4.5.64, and σ(x) = ½ + ½ tanh(x / 2).
#[test]
fn the_series_of_tangents_and_the_sigmoid_are_the_known_ones() {
    let tangent = [0.0, 1.0, 0.0, 1.0 / 3.0, 0.0, 2.0 / 15.0, 0.0, 17.0 / 315.0, 0.0, 62.0 / 2835.0];
    let x = t_at(0.0);
    assert_series(x.sin() / x.cos(), tangent);
    let hyperbolic = coefficients(|k| if k % 4 == 3 { -tangent[k] } else { tangent[k] });
    assert_series(x.tanh(), hyperbolic);
    let sigmoid = coefficients(|k| if k == 0 { 0.5 } else { hyperbolic[k] / 2.0_f64.powi(k as i32 + 1) });
    assert_series(x.sigmoid(), sigmoid);
    // softplus′ = σ, whose series is above.
    let softplus = coefficients(|k| if k == 0 { 2.0_f64.ln() } else { sigmoid[k - 1] / k as f64 });
    assert_series(x.softplus(), softplus);
}

// (1 + t)ᵃ = Σ C(a, k) tᵏ.
#[test]
fn the_series_of_powers_and_roots_are_binomial() {
    let x = t_at(1.0);
    for a in [-1.5, 0.25, 3.0] {
        assert_series(x.powf(Series::constant(a)), coefficients(|k| choose(a, k)));
    }
    assert_series(x.sqrt(), coefficients(|k| choose(0.5, k)));
    assert_series(x.powi(-3), coefficients(|k| choose(-3.0, k)));
    assert_series(x.powi(4), coefficients(|k| choose(4.0, k)));
    assert_series(x.recip(), coefficients(|k| choose(-1.0, k)));
    // aᵗ = Σ (ln a)ᵏ tᵏ / k!
    let power = Series::constant(3.0).powf(t_at(0.0));
    assert_series(power, coefficients(|k| 3.0_f64.ln().powi(k as i32) / factorial(k)));
}

// x ^ x = exp(x ln x), by another way through the same engine and by the outside value x^x ((ln x + 1)² + 1/x).
#[test]
fn a_power_whose_base_and_exponent_both_move_agrees_with_its_definition() {
    let x = t_at(1.7);
    let (power, by_definition) = (x.powf(x), (x * x.ln()).exp());
    for k in 0..=N {
        assert_relative_eq!(power.coefficient(k), by_definition.coefficient(k), max_relative = 1e-11);
    }
    let x = 1.7_f64;
    let second = x.powf(x) * ((x.ln() + 1.0).powi(2) + 1.0 / x);
    assert_relative_eq!(power.derivatives()[2], second, max_relative = 1e-13);
}

/// The derivatives along a direction of orders 0 to 4, by nesting.
fn nested(
    f: impl Fn(&[Dual<Dual<Dual<Dual<f64>>>>]) -> Dual<Dual<Dual<Dual<f64>>>>,
    x: &[f64],
    v: &[f64],
) -> [f64; 5] {
    let inputs: Vec<_> = x
        .iter()
        .zip(v)
        .map(|(&x, &v)| {
            let first = Dual::new(x, v);
            let second = Dual::new(first, Dual::constant(v));
            let third = Dual::new(second, Real::from_f64(v));
            Dual::new(third, Real::from_f64(v))
        })
        .collect();
    let y = f(&inputs);
    let value = y.value;
    [
        value.value.value.value,
        value.value.value.tangent,
        value.value.tangent.tangent,
        value.tangent.tangent.tangent,
        y.tangent.tangent.tangent.tangent,
    ]
}

#[test]
fn composite_functions_agree_with_nested_duals() {
    for v in [[1.0, 0.0, 0.0], [0.5, -2.0, 0.25], [0.0, 1.0, -1.0]] {
        let got = directional_derivatives::<4, _>(mixed, &AT, &v).unwrap();
        for (got, want) in got.into_iter().zip(nested(mixed, &AT, &v)) {
            assert_relative_eq!(got, want, max_relative = 1e-10, epsilon = 1e-12);
        }
    }
    assert_eq!(directional_derivatives::<3, _>(mixed, &AT, &[0.0; 3]).unwrap(), [mixed(&AT), 0.0, 0.0, 0.0]);
}

#[test]
fn the_first_two_orders_are_those_of_the_tape() {
    let v = [0.5, -2.0, 0.25];
    let got = directional_derivatives::<2, _>(mixed, &AT, &v).unwrap();
    let dot = |a: Vec<f64>| a.iter().zip(v).map(|(a, v)| a * v).sum::<f64>();
    assert_eq!(got[0], mixed(&AT));
    assert_relative_eq!(got[1], dot(grad(mixed, &AT)), max_relative = 1e-13);
    assert_relative_eq!(got[2], dot(hvp(mixed, &AT, &v).unwrap()), max_relative = 1e-12);
}

// The gradient of the third derivative along v, in reverse over a series, against differences of that derivative.
#[test]
fn a_series_over_the_fast_tape_has_coefficients_with_gradients() {
    let v = [0.5, -2.0, 0.25];
    let third = |x: &[f64]| directional_derivatives::<3, _>(mixed, x, &v).unwrap()[3];
    let gradient = grad(|x| directional_derivatives::<3, _>(mixed, x, &v.map(Var::from)).unwrap()[3], &AT);
    for (k, got) in gradient.into_iter().enumerate() {
        let moved = |h: f64| third(&std::array::from_fn::<_, 3, _>(|i| AT[i] + if i == k { h } else { 0.0 }));
        let central = |h: f64| (moved(h) - moved(-h)) / (2.0 * h);
        let difference = (4.0 * central(5e-4) - central(1e-3)) / 3.0;
        assert_relative_eq!(got, difference, max_relative = 1e-6);
    }
}

#[test]
fn branches_and_kinks_go_by_the_value() {
    let f = |x: Series| if x > 0.0 { x * x } else { x.powi(3) };
    assert_eq!(f(t_at(2.0)).derivatives()[..4], [4.0, 4.0, 2.0, 0.0]);
    assert_eq!(f(t_at(-2.0)).derivatives()[..4], [-8.0, 12.0, -12.0, 6.0]);
    assert_eq!(t_at(-2.0).abs().derivatives()[..3], [2.0, -1.0, 0.0]);
    assert_eq!(t_at(0.0).abs().derivatives()[..3], [0.0, 0.0, 0.0], "the subgradient 0 at the kink");
    let y = t_at(1.0).max(Series::constant(0.0) - t_at(1.0));
    assert_eq!(y.derivatives()[..3], [1.0, 1.0, 0.0]);
}

#[test]
fn what_does_not_move_stays_away_from_infinite_partials() {
    let still = Series::constant(0.0);
    assert_eq!(still.sqrt().derivatives(), [0.0; N + 1]);
    assert_eq!((still.sqrt() + t_at(1.0)).derivatives()[..2], [1.0, 1.0]);
    // 0^b for a moving b, whose logarithm is infinite.
    assert_eq!(still.powf(t_at(2.0)).derivatives(), [0.0; N + 1]);
    // t² at 0 by a power: b aᵇ⁻¹ ends at the factor that vanishes.
    assert_eq!(t_at(0.0).powf(Series::constant(2.0)).derivatives()[..5], [0.0, 0.0, 2.0, 0.0, 0.0]);
    let root = t_at(0.0).sqrt();
    assert_eq!((root.value(), root.coefficient(1)), (0.0, f64::INFINITY));
}

#[test]
fn nan_and_infinities_pass_through() {
    assert!(t_at(f64::NAN).exp().derivatives().iter().all(|d| d.is_nan()));
    let y = t_at(f64::INFINITY) * 2.0;
    assert_eq!((y.value(), y.coefficient(1), y.coefficient(2)), (f64::INFINITY, 2.0, 0.0));
    assert_eq!(t_at(f64::NEG_INFINITY).exp().derivatives(), [0.0; N + 1]);
}

/// How many operations of plain numbers it takes to come to the derivative of order N.
fn operations<const N: usize>(f: impl Fn(Taylor<N, Traced>) -> Taylor<N, Traced>) -> f64 {
    let program =
        Program::trace(|x| f(Taylor::from_coefficients(x[0], &vec![x[1]; N])).coefficient(N), &[0.7, 1.1]);
    program.len() as f64
}

// Doubling the order takes a product 4 times the operations, what is solved step by step 8 times, a power that calls itself
// 16 times; nested duals would take 2⁸ times.
#[test]
fn the_cost_grows_with_the_order_as_a_polynomial() {
    type Pair = (
        &'static str,
        f64,
        fn(Taylor<8, Traced>) -> Taylor<8, Traced>,
        fn(Taylor<16, Traced>) -> Taylor<16, Traced>,
    );
    let functions: [Pair; 16] = [
        ("product", 4.5, |x| x * x, |x| x * x),
        ("quotient", 4.5, |x| (x + 1.0) / x, |x| (x + 1.0) / x),
        ("exp", 8.0, |x| x.exp(), |x| x.exp()),
        ("sin", 8.0, |x| x.sin(), |x| x.sin()),
        ("ln", 4.5, |x| x.ln(), |x| x.ln()),
        ("sqrt", 8.0, |x| x.sqrt(), |x| x.sqrt()),
        ("tanh", 8.0, |x| x.tanh(), |x| x.tanh()),
        ("softplus", 8.0, |x| x.softplus(), |x| x.softplus()),
        ("powf", 16.0, |x| x.powf(x), |x| x.powf(x)),
        ("bessel_j0", 8.0, |x| x.bessel_j0(), |x| x.bessel_j0()),
        ("bessel_jn", 8.0, |x| x.bessel_jn(-3), |x| x.bessel_jn(-3)),
        ("sinc", 8.0, |x| x.sinc(), |x| x.sinc()),
        ("polygamma", 8.0, |x| x.polygamma(2), |x| x.polygamma(2)),
        ("relu", 8.0, |x| x.relu(), |x| x.relu()),
        ("clamp", 8.0, |x| (x * x).clamp(x, x + 1.0), |x| (x * x).clamp(x, x + 1.0)),
        ("max", 8.0, |x| (x * x).max(x), |x| (x * x).max(x)),
    ];
    for (name, most, eight, sixteen) in functions {
        let (eight, sixteen) = (operations(eight), operations(sixteen));
        assert!(sixteen < most * eight, "{name}: {eight} operations at order 8, {sixteen} at 16");
    }
    assert!(operations::<10>(|x| x * x) < 300.0);
}

// J₀(t) = Σ (-t²/4)ᵏ / k!², J₁ = -J₀′, and sin(t)/t = Σ (-t²)ᵏ / (2k + 1)! (Abramowitz & Stegun 9.1.12, 4.3.65).
#[test]
fn the_series_of_bessel_functions_are_the_known_ones() {
    let bessel = |k: usize| match k % 2 {
        0 => (-0.25_f64).powi(k as i32 / 2) / factorial(k / 2).powi(2),
        _ => 0.0,
    };
    let x = t_at(0.0);
    assert_series(x.bessel_j0(), coefficients(bessel));
    assert_series(x.bessel_j1(), coefficients(|k| -bessel(k + 1) * (k + 1) as f64));
    assert_series(x.bessel_jn(0), coefficients(bessel));
    assert_series(x.bessel_jn(-1), coefficients(|k| bessel(k + 1) * (k + 1) as f64));
    let sinc = |k: usize| match k % 2 {
        0 => (-1.0_f64).powi(k as i32 / 2) / factorial(k + 1),
        _ => 0.0,
    };
    assert_series(x.sinc(), coefficients(sinc));
    assert_series(x.spherical_bessel(1), coefficients(|k| -sinc(k + 1) * (k + 1) as f64));
}

// x² y″ + x y′ + (x² - n²) y = 0, and x² y″ + 2 x y′ + (x² - n (n + 1)) y = 0 (9.1.1, 10.1.1).
#[test]
fn the_series_of_bessel_functions_satisfy_their_equations_along_a_curve() {
    // A curve x(t); derivatives by x are those by t over x′.
    let x = Series::from_coefficients(1.7, &[0.6, -0.2, 0.1]);
    let slope = |y: Series| -> Series {
        let by_t = |y: Series| {
            let d = y.derivatives();
            let shifted: Vec<f64> = (1..=N).map(|k| d[k] / factorial(k - 1)).collect();
            Series::from_coefficients(shifted[0], &shifted[1..])
        };
        by_t(y) / by_t(x)
    };
    for n in [0, 1, 4] {
        let order = f64::from(n);
        let (y, z) = (x.bessel_jn(n as i32), x.spherical_bessel(n));
        let cylinder = x * x * slope(slope(y)) + x * slope(y) + (x * x - order * order) * y;
        let sphere = x * x * slope(slope(z)) + x * slope(z) * 2.0 + (x * x - order * (order + 1.0)) * z;
        for k in 0..N - 2 {
            assert!(cylinder.coefficient(k).abs() < 1e-11, "J{n}, {k}: {}", cylinder.coefficient(k));
            assert!(sphere.coefficient(k).abs() < 1e-11, "j{n}, {k}: {}", sphere.coefficient(k));
        }
    }
    // Constants stay constant, and a Taylor series of duals has the derivative of each coefficient.
    assert_eq!(Series::constant(1.7).sinc().derivatives()[1..], [0.0; N]);
    let twice: Taylor<3, Dual<f64>> = Taylor::along(Dual::new(1.7, 1.0), Dual::constant(1.0));
    let (by_t, plain) = (twice.bessel_j1().derivatives(), t_at(1.7).bessel_j1().derivatives());
    for k in 0..=3 {
        assert_relative_eq!(by_t[k].tangent, plain[k + 1], max_relative = 1e-12);
    }
}

#[test]
fn rules_of_the_users_own_go_through_series() {
    /// x₀ exp(x₁), whose second partial is written with the value.
    struct Growth;
    impl rule::Rule for Growth {
        fn value(&self, x: &[f64]) -> f64 {
            x[0] * x[1].exp()
        }
        fn partials<R: Real>(&self, x: &[R], y: R, partials: &mut [R]) {
            partials[0] = x[1].exp();
            partials[1] = y;
        }
    }
    let by_rule =
        directional_derivatives::<6, _>(|x| rule::apply(&Growth, x), &[2.0, 0.3], &[1.0, -0.5]).unwrap();
    let plain = directional_derivatives::<6, f64>(|x| x[0] * x[1].exp(), &[2.0, 0.3], &[1.0, -0.5]).unwrap();
    for (got, want) in by_rule.into_iter().zip(plain) {
        assert_relative_eq!(got, want, max_relative = 1e-13);
    }
}

#[test]
fn order_zero_is_the_value_alone_and_lengths_are_checked() {
    assert_eq!(
        directional_derivatives::<0, f64>(|x| x[0].exp() * x[0], &[1.0], &[1.0]).unwrap(),
        [1.0_f64.exp()]
    );
    assert_eq!(
        directional_derivatives::<2, f64>(|_| Real::from_f64(3.0), &[], &[]).unwrap(),
        [3.0, 0.0, 0.0]
    );
    let error = directional_derivatives::<2, _>(mixed, &AT, &[1.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "directional_derivatives: wants an entry of the direction for each input, 3 of them, got 1"
    );
    assert_eq!(Elementary::like(&t_at(1.0), 4.0).derivatives()[..2], [4.0, 0.0]);
    assert_eq!((Taylor::<3>::ORDER, Taylor::<3, Dual<Var>>::ORDER), (3, 5));
}
