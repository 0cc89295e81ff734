//! Every rule against its formula, in plain `f64` arithmetic over one parameter at a time.

use super::super::level::Level;
use super::*;

const LEVELS: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];
const EPSILON: f64 = 1e-3;
const DECAY: f64 = 0.3;

/// A parameter, its gradient and up to three moments, and what the formula makes of them.
type Twin<const M: usize> = fn(f64, f64, [f64; M]) -> (f64, [f64; M]);

fn numbers<T: Plain>(count: usize, seed: usize) -> Vec<T> {
    (0..count).map(|i| narrow(((i + 31 * seed) * 7919 % 1009) as f64 / 509.0 - 1.0)).collect()
}

/// Parameters and moments before the step; means of squares are not negative.
fn before<T: Plain, const M: usize>(n: usize) -> Vec<Vec<T>> {
    let squares = |k| numbers(n, 2 + k).into_iter().map(|x: T| x * x).collect();
    std::iter::once(numbers(n, 1)).chain((0..M).map(squares)).collect()
}

/// What the step makes of them.
fn run<T: Plain, R: Rule<T, M>, const M: usize>(level: Level, rule: R, mut all: Vec<Vec<T>>) -> Vec<Vec<T>> {
    let gradient = numbers(all[0].len(), 0);
    let (parameters, moments) = all.split_at_mut(1);
    let mut moments = moments.iter_mut();
    let moments = std::array::from_fn(|_| &mut moments.next().expect("there are M")[..]);
    update_at(level, rule, "test", &gradient, moments, &mut parameters[0]);
    all
}

fn check<T: Plain, R: Rule<T, M>, const M: usize>(name: &str, rule: R, twin: Twin<M>, tolerance: f64) {
    let wide = |x: T| x.to_f64().expect("a number");
    for n in (0..70).chain([1023, 4099]) {
        let gradient = numbers::<T>(n, 0);
        let old = before::<T, M>(n);
        for level in LEVELS {
            let got = run(level, rule, old.clone());
            for i in 0..n {
                let moments = std::array::from_fn(|k| wide(old[k + 1][i]));
                let (theta, moments) = twin(wide(old[0][i]), wide(gradient[i]), moments);
                for (got, want) in got.iter().zip(std::iter::once(theta).chain(moments)) {
                    let got = wide(got[i]);
                    let near = (got - want).abs() <= tolerance * want.abs().max(1.0);
                    assert!(near, "{name} at {level:?}, {i} of {n}: {got} {want}");
                }
            }
        }
        let bits_agree = run(Level::Avx2, rule, old.clone()) == run(Level::Avx512, rule, old);
        assert!(bits_agree, "{name}: AVX2 and AVX-512 differ at {n}");
    }
    // A place of NaN is no one else's.
    let mut poisoned = before::<T, M>(37);
    poisoned[0][20] = T::nan();
    let (got, clean) = (run(level(), rule, poisoned), run(level(), rule, before::<T, M>(37)));
    for i in 0..37 {
        assert!(if i == 20 { got[0][i].is_nan() } else { got[0][i] == clean[0][i] }, "{name}: {i}");
    }
}

/// The rule in both types.
macro_rules! against {
    ($step:expr, $rule:ty, $wrap:expr, $twin:expr) => {{
        let name = stringify!($rule);
        check::<f64, _, _>(name, $wrap(<$rule>::from($step)), $twin, 4e-15);
        check::<f32, _, _>(name, $wrap(<$rule>::from($step)), $twin, 4e-6);
    }};
}

#[test]
fn momentum_is_polyaks_and_looks_ahead_as_nesterovs() {
    let step = MomentumStep { rate: 0.1, momentum: 0.8, nesterov: false, decay: DECAY };
    against!(step, Momentum<_>, |rule| rule, |theta, g, [v]| {
        let v = 0.8 * v + (g + DECAY * theta);
        (theta - 0.1 * v, [v])
    });
    against!(MomentumStep { nesterov: true, ..step }, Momentum<_>, |rule| rule, |theta, g, [v]| {
        let g = g + DECAY * theta;
        let v = 0.8 * v + g;
        (theta - 0.1 * (g + 0.8 * v), [v])
    });
}

#[test]
fn ada_grad_divides_by_the_root_of_the_sum_of_squares() {
    let step = AdaGradStep { rate: 0.1, epsilon: EPSILON, decay: DECAY };
    against!(step, AdaGrad<_>, |rule| rule, |theta, g, [s]| {
        let g = g + DECAY * theta;
        let s = s + g * g;
        (theta - 0.1 * g / (s.sqrt() + EPSILON), [s])
    });
}

#[test]
fn rms_prop_divides_by_the_root_of_the_mean_of_squares() {
    let step = RmsPropStep { rate: 0.1, smoothing: 0.7, epsilon: EPSILON, decay: DECAY };
    against!(step, RmsProp<_>, |rule| rule, |theta, g, [s]| {
        let g = g + DECAY * theta;
        let s = 0.7 * s + 0.3 * g * g;
        (theta - 0.1 * g / (s.sqrt() + EPSILON), [s])
    });
    let with_momentum = |rule| RmsPropMomentum(rule, narrow(0.6));
    check::<f64, _, _>("with momentum", with_momentum(RmsProp::from(step)), rms_prop_momentum, 4e-15);
    let with_momentum = |rule| RmsPropMomentum(rule, narrow(0.6));
    check::<f32, _, _>("with momentum", with_momentum(RmsProp::from(step)), rms_prop_momentum, 4e-6);
}

fn rms_prop_momentum(theta: f64, g: f64, [s, v]: [f64; 2]) -> (f64, [f64; 2]) {
    let g = g + DECAY * theta;
    let s = 0.7 * s + 0.3 * g * g;
    let v = 0.6 * v + g / (s.sqrt() + EPSILON);
    (theta - 0.1 * v, [s, v])
}

const ADAM: AdamStep =
    AdamStep { rate: 0.1, betas: [0.9, 0.99], epsilon: EPSILON, count: 3, decay: DECAY, shrink: 0.2 };

fn adam<const GREATEST: bool>(beta_1: f64, theta: f64, g: f64, [m, v, most]: [f64; 3]) -> (f64, [f64; 3]) {
    let g = g + DECAY * theta;
    let m = beta_1 * m + (1.0 - beta_1) * g;
    let v = 0.99 * v + 0.01 * g * g;
    let most = most.max(v);
    let v_hat = if GREATEST { most } else { v } / (1.0 - 0.99_f64.powi(3));
    let m_hat = m / (1.0 - beta_1.powi(3));
    (theta - 0.1 * 0.2 * theta - 0.1 * m_hat / (v_hat.sqrt() + EPSILON), [m, v, most])
}

#[test]
fn adam_corrects_its_means_and_shrinks_the_parameters_first() {
    against!(ADAM, Adam<_>, |rule| rule, |theta, g, [m, v]| {
        let (theta, [m, v, _]) = adam::<false>(0.9, theta, g, [m, v, 0.0]);
        (theta, [m, v])
    });
    // From the other end: a mean that keeps less than half.
    for beta_1 in [0.4, 0.0] {
        let step = AdamStep { betas: [beta_1, 0.99], ..ADAM };
        let twin: Twin<2> = match beta_1 {
            0.0 => |theta, g, [m, v]| {
                let (theta, [m, v, _]) = adam::<false>(0.0, theta, g, [m, v, 0.0]);
                (theta, [m, v])
            },
            _ => |theta, g, [m, v]| {
                let (theta, [m, v, _]) = adam::<false>(0.4, theta, g, [m, v, 0.0]);
                (theta, [m, v])
            },
        };
        check::<f64, _, _>("Adam", Adam::from(step), twin, 4e-15);
        check::<f32, _, _>("Adam", Adam::from(step), twin, 4e-6);
    }
}

#[test]
fn ams_grad_divides_by_the_greatest_mean_so_far() {
    against!(ADAM, Adam<_>, AmsGrad, |theta, g, moments| adam::<true>(0.9, theta, g, moments));
    let (mut m, mut v, mut most) = ([0.0], [0.0], [f64::NAN]);
    ams_grad_step(ADAM, &[1.0], &mut m, &mut v, &mut most, &mut [0.0]);
    assert!(most[0].is_nan(), "NaN beats all");
    let mut most = [5.0];
    ams_grad_step(ADAM, &[f64::NAN], &mut m, &mut v, &mut most, &mut [0.0]);
    assert!(most[0].is_nan());
}

#[test]
#[should_panic(expected = "adam_step: length of every moment must be that of the parameters")]
fn moments_of_another_length_are_refused() {
    adam_step(ADAM, &[1.0, 2.0], &mut [0.0; 2], &mut [0.0; 3], &mut [0.0; 2]);
}
