//! Special functions at the ends of their ranges, at poles and around roots. The figures were computed with 50 digits by
//! mpmath.

use super::extremes::{INF, NAN, at, partials};
use crate::primitive::{Atan2, Hypot, LnBeta, LogAddExp, Rem, RemEuclid, Xlogy};
use crate::{Dual, Elementary, grad, hvp};

/// Whether value and derivative are these, to 13 digits.
fn close(got: (f64, f64), want: (f64, f64)) {
    for (got, want) in [(got.0, want.0), (got.1, want.1)] {
        assert!(super::near(got, want, 1e-13), "{got:e}, wants {want:e}");
    }
}

#[test]
fn the_length_of_a_vector_neither_overflows_nor_vanishes() {
    assert_eq!(partials(Hypot, 3e300, 4e300), (5e300, 0.6, 0.8));
    assert_eq!(partials(Hypot, 3e-320, 4e-320).0, 5e-320);
    assert_eq!(grad(|x| x[0].hypot(x[1]), &[3e300, -4e300]), [0.6, -0.8]);
    assert_eq!(partials(Hypot, 0.0, 0.0), (0.0, 0.0, 0.0));
    assert_eq!(hvp(|x| x[0].hypot(x[1]), &[0.0, 0.0], &[1.0, 1.0]).unwrap(), [0.0, 0.0]);
    assert_eq!(partials(Hypot, INF, 1.0).0, INF);
}

#[test]
fn the_angle_of_a_point_is_safe_at_the_origin_and_far_out() {
    assert_eq!(partials(Atan2, 0.0, 0.0), (0.0, 0.0, 0.0));
    assert_eq!(partials(Atan2, 0.0, 2.0), (0.0, 0.5, 0.0));
    assert_eq!(partials(Atan2, 0.0, -2.0), (std::f64::consts::PI, -0.5, 0.0));
    close((partials(Atan2, 3e300, 4e300).1, partials(Atan2, 3e300, 4e300).2), (1.6e-301, -1.2e-301));
    close((partials(Atan2, 3e-300, 4e-300).1, partials(Atan2, 3e-300, 4e-300).2), (1.6e299, -1.2e299));
}

#[test]
fn the_tangent_next_to_its_pole_is_huge_and_steep() {
    close(
        at!(|x| x.tan(), std::f64::consts::FRAC_PI_2),
        (1.633_123_935_319_537e16, 2.667_093_788_113_571e32),
    );
}

#[test]
fn inverse_functions_are_infinitely_steep_at_the_ends_of_their_domains() {
    assert_eq!(at!(|x| x.asin(), 1.0), (std::f64::consts::FRAC_PI_2, INF));
    assert_eq!(at!(|x| x.asin(), -1.0).1, INF);
    assert_eq!(at!(|x| x.acos(), 1.0), (0.0, -INF));
    assert_eq!(at!(|x| x.acosh(), 1.0), (0.0, INF));
    assert_eq!(at!(|x| x.atanh(), 1.0), (INF, INF));
    assert_eq!(at!(|x| x.logit(), 0.0), (-INF, INF));
    assert_eq!(at!(|x| x.logit(), 1.0), (INF, INF));
    assert_eq!(at!(|x| x.norm_quantile(), 0.0), (-INF, INF));
    assert_eq!(at!(|x| x.norm_quantile(), 1.0), (INF, INF));
    assert_eq!(at!(|x| x.erf_inv(), -1.0), (-INF, INF));
    assert_eq!(at!(|x| x.erfc_inv(), 0.0), (INF, -INF));
    assert_eq!(at!(|x| x.cbrt(), 0.0), (0.0, INF));
    for outside in [-1.5_f64, 2.5] {
        assert!(Elementary::norm_quantile(outside).is_nan() && Elementary::erfc_inv(outside).is_nan());
        assert!(Elementary::erf_inv(outside).is_nan() && Elementary::asin(outside).is_nan());
    }
}

#[test]
fn the_tails_of_the_bell_curve_are_not_lost() {
    close(at!(|x| x.erfc(), 26.0), (5.663_192_408_856_143e-296, -2.947_034_993_266_269_7e-294));
    close(at!(|x| x.norm_cdf(), -37.0), (5.725_571_222_524_577e-300, 2.120_006_551_524_605_6e-298));
    close(at!(|x| x.norm_log_cdf(), -40.0), (-804.608_442_013_753_8, 40.024_968_847_207_26));
    close(at!(|x| x.norm_log_cdf(), 10.0), (-7.619_853_024_160_525e-24, 7.694_598_626_706_419e-23));
    close(at!(|x| x.norm_log_cdf(), -1e10), (-5e19, 1e10));
    close((Elementary::norm_quantile(1e-300), 0.0), (-37.047_096_299_361_2, 0.0));
    close((Elementary::erfc_inv(1e-300), 0.0), (26.209_469_960_516_124, 0.0));
    assert_eq!(at!(|x| x.erf(), INF), (1.0, 0.0));
    assert_eq!(at!(|x| x.erfc(), INF), (0.0, 0.0));
    assert_eq!(at!(|x| x.gaussian(), -INF), (0.0, 0.0));
    assert_eq!(at!(|x| x.norm_pdf(), INF), (0.0, 0.0));
    assert_eq!(at!(|x| x.norm_log_cdf(), INF), (0.0, 0.0));
    assert_eq!(at!(|x| x.norm_log_cdf(), -INF), (-INF, INF));
}

/// The second derivative, by duals of duals.
fn second(f: impl Fn(Dual<Dual<f64>>) -> Dual<Dual<f64>>, x: f64) -> f64 {
    f(Dual::new(Dual::new(x, 1.0), Dual::constant(1.0))).tangent.tangent
}

/// Whether a second derivative is that, to 12 digits.
fn bends(f: impl Fn(Dual<Dual<f64>>) -> Dual<Dual<f64>>, x: f64, want: f64) {
    let got = second(f, x);
    assert!(super::near(got, want, 1e-12), "at {x}: {got:e}, wants {want:e}");
}

#[test]
fn second_derivatives_of_ramps_lose_neither_tail() {
    for (x, want) in [
        (30.0, 9.357_622_968_838_423e-14),
        (40.0, 4.248_354_255_291_589e-18),
        (300.0, 5.148_200_222_412_014e-131),
        (700.0, 9.859_676_543_759_77e-305),
        (750.0, 0.0),
        (INF, 0.0),
    ] {
        for x in [x, -x] {
            bends(|x| x.softplus(), x, want);
            bends(|x| x.log_sigmoid(), x, -want);
        }
    }
    for x in [40.0, -40.0] {
        bends(|x| x.silu(), x, -1.614_374_617_010_803_8e-16);
    }
    bends(|x| x.silu(), 5.0, -0.019_499_225_490_032_505);
    bends(|x| x.gelu_tanh(), -1.0, 0.242_148_197_983_772_95);
    bends(|x| x.gelu_tanh(), 3.0, -0.031_767_658_886_074_704);
    for x in [6.0, -6.0] {
        bends(|x| x.gelu_tanh(), x, -6.824_247_274_157_189e-9);
    }
    // In single precision the tail of the sigmoid's value ends at 17.
    let x = Dual::new(Dual::new(40.0_f32, 1.0), Dual::constant(1.0));
    let got = f64::from(x.softplus().tangent.tangent);
    assert!(super::near(got, 4.248_354_255_291_589e-18, 1e-5), "{got:e}");
}

#[test]
fn what_is_straight_far_out_has_the_second_derivative_zero_there() {
    for x in [1e200, -1e200, INF, -INF] {
        assert_eq!(second(|x| x.gelu_tanh(), x), 0.0, "gelu_tanh at {x}");
        assert_eq!(second(|x| x.silu(), x), 0.0, "silu at {x}");
        assert_eq!(second(|x| x.atan(), x), 0.0, "atan at {x}");
        assert_eq!(second(|x| x.asinh(), x), 0.0, "asinh at {x}");
    }
    assert_eq!((at!(|x| x.atan(), INF).1, at!(|x| x.asinh(), -INF).1), (0.0, 0.0));
}

#[test]
fn second_derivatives_of_the_logarithm_of_phi_near_minus_one_on_the_left() {
    bends(|x| x.norm_log_cdf(), -31.0, -0.998_965_858_410_046_6);
    bends(|x| x.norm_log_cdf(), -50.0, -0.999_600_956_813_196);
    bends(|x| x.norm_log_cdf(), -100.0, -0.999_900_059_950_051_7);
    for x in [-1e8, -1e200, -INF] {
        bends(|x| x.norm_log_cdf(), x, -1.0);
    }
    // The third derivative, that of the series.
    bends(|x| -x.inverse_mills(), -50.0, -1.592_358_189_119_737_3e-5);
    assert_eq!(second(|x| x.norm_log_cdf(), 40.0), 0.0);
}

#[test]
fn the_ramps_of_networks_keep_their_left_tails() {
    close(at!(|x| x.gelu(), -30.0), (-1.472_014_178_144_456e-196, -4.416_031_690_708_495e-195));
    let (y, dy) = at!(|x| x.gelu(), -38.0);
    approx::assert_relative_eq!(y, -1.096_462_777e-314, max_relative = 1e-8);
    approx::assert_relative_eq!(dy, -4.166_554_569_3e-313, max_relative = 1e-8);
    close(at!(|x| x.silu(), -30.0), (-2.807_286_890_651_789_6e-12, -2.713_710_660_963_134e-12));
    close((at!(|x| x.mish(), -50.0).0, 0.0), (-9.643_749_239_819_589e-21, 0.0));
    close(at!(|x| x.elu(2.0), -40.0), (-2.0, 2.0 * (-40.0_f64).exp()));
    assert_eq!(at!(|x| x.log_sigmoid(), -800.0), (-800.0, 1.0));
    assert_eq!(at!(|x| x.log_sigmoid(), -INF), (-INF, 1.0));
    assert_eq!(at!(|x| x.log_sigmoid(), INF), (0.0, 0.0));
    assert_eq!(at!(|x| x.softsign(), -INF), (-1.0, 0.0));
}

#[test]
fn the_ramps_of_networks_are_themselves_at_infinities_and_flat_on_the_left() {
    for x in [800.0, INF] {
        assert_eq!(at!(|x| x.gelu(), x), (x, 1.0));
        assert_eq!(at!(|x| x.gelu_tanh(), x), (x, 1.0));
        assert_eq!(at!(|x| x.silu(), x), (x, 1.0));
        assert_eq!(at!(|x| x.mish(), x), (x, 1.0));
        assert_eq!(at!(|x| x.elu(1.0), x), (x, 1.0));
        assert_eq!(at!(|x| x.relu(), x), (x, 1.0));
        assert_eq!(at!(|x| x.gelu(), -x), (0.0, 0.0));
        assert_eq!(at!(|x| x.gelu_tanh(), -x), (0.0, 0.0));
        assert_eq!(at!(|x| x.silu(), -x), (0.0, 0.0));
        assert_eq!(at!(|x| x.mish(), -x), (0.0, 0.0));
        assert_eq!(at!(|x| x.elu(1.0), -x), (-1.0, 0.0));
        assert_eq!(at!(|x| x.leaky_relu(0.5), -x), (-0.5 * x, 0.5));
    }
    assert_eq!((at!(|x| x.relu(), 0.0), at!(|x| x.relu(), -0.0)), ((0.0, 0.0), (0.0, 0.0)));
    assert_eq!(at!(|x| x.leaky_relu(0.25), 0.0), (0.0, 0.25));
}

#[test]
fn the_logarithm_of_the_contrary_is_exact_near_zero_and_far_from_it() {
    close(at!(|x| x.log1m_exp(), -1e-300), (-690.775_527_898_213_7, -1e300));
    close(at!(|x| x.log1m_exp(), -1e-10), (-23.025_850_929_990_458, -9_999_999_999.5));
    close(at!(|x| x.log1m_exp(), -50.0), (-1.928_749_847_963_917_8e-22, -1.928_749_847_963_917_8e-22));
    close(at!(|x| x.log1m_exp(), -700.0), (-9.859_676_543_759_77e-305, -9.859_676_543_759_77e-305));
    assert_eq!(at!(|x| x.log1m_exp(), -INF), (0.0, 0.0));
    bends(|x| x.log1m_exp(), -1e-3, -999_999.916_666_670_8);
    bends(|x| x.log1m_exp(), -1.0, -0.920_673_594_207_792_3);
    for far in [-720.0, -800.0, -1e200, -INF] {
        assert!(second(|x| x.log1m_exp(), far).abs() < 1e-300, "at {far}");
    }
    assert_eq!(at!(|x| x.log1m_exp(), 0.0), (-INF, -INF));
}

#[test]
fn sums_of_exponentials_take_infinities() {
    assert_eq!(partials(LogAddExp, -INF, -INF), (-INF, 0.5, 0.5));
    assert_eq!(partials(LogAddExp, INF, INF), (INF, 0.5, 0.5));
    assert_eq!(partials(LogAddExp, -INF, 3.0), (3.0, 0.0, 1.0));
    assert_eq!(partials(LogAddExp, INF, 3.0), (INF, 1.0, 0.0));
    assert_eq!(partials(LogAddExp, 1000.0, 1000.0), (1000.0 + 2.0_f64.ln(), 0.5, 0.5));
    assert_eq!(partials(LogAddExp, -1000.0, 1000.0), (1000.0, 0.0, 1.0));
    assert_eq!(hvp(|x| x[0].log_add_exp(x[1]), &[3.0, 3.0], &[1.0, 0.0]).unwrap(), [0.25, -0.25]);
}

#[test]
fn nothing_times_the_logarithm_of_nothing_is_nothing() {
    assert_eq!(partials(Xlogy, 0.0, 0.0), (0.0, 0.0, 0.0));
    assert_eq!(partials(Xlogy, 0.0, 2.0), (0.0, 2.0_f64.ln(), 0.0));
    assert_eq!(partials(Xlogy, 2.0, 0.0), (-INF, -INF, INF));
    assert!(partials(Xlogy, 0.0, NAN).0.is_nan());
    assert_eq!(grad(|x| x[0].xlogy(x[0]), &[0.0]), [0.0]);
}

#[test]
fn the_gamma_function_has_its_poles_and_its_root() {
    for pole in [-1.0, -2.0, -170.0] {
        let (y, dy) = (Elementary::lgamma(pole), Elementary::digamma(pole));
        assert!(y == INF && dy.is_nan(), "at {pole}: {y}, {dy}");
        assert_eq!(Elementary::trigamma(pole), INF);
    }
    assert_eq!(at!(|x| x.lgamma(), 0.0), (INF, -INF));
    assert_eq!(at!(|x| x.lgamma(), -0.0), (INF, INF));
    assert_eq!(at!(|x| x.lgamma(), INF), (INF, INF));
    assert_eq!((Elementary::digamma(INF), Elementary::trigamma(INF)), (INF, 0.0));
    close((Elementary::digamma(1.461_632_144_968_362_2), 0.0), (-9.241_265_521_729_427e-17, 0.0));
    close((Elementary::digamma(1.461_632_144_968_362_7), 0.0), (3.373_201_476_573_756_3e-16, 0.0));
    close((Elementary::digamma(1.46), 0.0), (-1.580_561_987_083_452_2e-3, 0.0));
    close((Elementary::trigamma(1e-100), Elementary::trigamma(1e10)), (1e200, 1.000_000_000_05e-10));
    close(
        (Elementary::trigamma(-2.5), Elementary::polygamma(-2.5, 2)),
        (9.539_246_644_989_124, -0.108_204_051_641_727_4),
    );
    close((Elementary::polygamma(0.5, 3), 0.0), (97.409_091_034_002_44, 0.0));
    assert!(Elementary::polygamma(2.0_f64, 171).is_nan());
}

#[test]
fn the_beta_function_does_not_cancel() {
    close(
        (partials(LnBeta, 1e10, 1e10).0, partials(LnBeta, 1e10, 1.0).0),
        (-13_862_943_621.446_32, -23.025_850_929_940_457),
    );
    close((partials(LnBeta, 1e-200, 3.0).0, 0.0), (460.517_018_598_809_16, 0.0));
    assert_eq!((partials(LnBeta, 0.0, 3.0).0, partials(LnBeta, 3.0, INF).0), (INF, -INF));
    assert!(partials(LnBeta, -1.0, 3.0).0.is_nan());
    // Next to zero it is 1/a + 1/b.
    close((Elementary::beta(1e-301, 1e-301), Elementary::beta(5e-301, 1e-300)), (2e301, 3e300));
    close((Elementary::beta(1e-301, 3.0), Elementary::beta(2e-300, 3.0)), (1e301, 5e299));
}

#[test]
fn bessel_functions_are_right_at_zero() {
    assert_eq!(at!(|x| x.bessel_j0(), 0.0), (1.0, 0.0));
    assert_eq!(at!(|x| x.bessel_j1(), 0.0), (0.0, 0.5));
    assert_eq!(at!(|x| x.bessel_jn(-1), 0.0), (0.0, -0.5));
    assert_eq!(at!(|x| x.sinc(), 0.0), (1.0, 0.0));
    assert_eq!(at!(|x| x.spherical_bessel(1), 0.0), (0.0, 1.0 / 3.0));
    close(at!(|x| x.sinc(), 1e-4), (0.999_999_998_333_333_3, -3.333_333_33e-5));
    assert_eq!(at!(|x| x.sinc(), INF), (0.0, 0.0));
    let curvature = hvp(|x| x[0].sinc(), &[0.0], &[1.0]).unwrap()[0];
    approx::assert_relative_eq!(curvature, -1.0 / 3.0, max_relative = 1e-15);
}

#[test]
fn remainders_have_the_slope_of_their_quotient_also_when_that_is_huge() {
    assert_eq!(partials(Rem, 1e10, 0.5), (0.0, 1.0, -2e10));
    assert_eq!(partials(Rem, -7.0, 2.0), (-1.0, 1.0, 3.0));
    assert_eq!(partials(RemEuclid, -7.0, 2.0), (1.0, 1.0, 4.0));
    assert_eq!(partials(Rem, 1.0, INF), (1.0, 1.0, 0.0));
    assert_eq!(grad(|x| x[0] % 2.0, &[7.5]), [1.0]);
}
