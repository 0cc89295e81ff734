//! Draws against the formulas of their distributions, and what they do to a hundred layers.

use super::gain::GAINS;
use super::*;
use crate::Activation;

/// One layer (300, 200), whose two fans differ.
const SIZES: [usize; 2] = [200, 300];

fn theta(init: Init, sizes: &[usize; 2], seed: u64) -> Vec<f64> {
    let network = Network::<f64>::with_init(sizes, init, seed).unwrap();
    network.parameters()[network.layers()[0].theta.clone()].to_vec()
}

/// Mean, standard deviation and kurtosis.
fn moments(values: &[f64]) -> [f64; 3] {
    let mean_of = |f: &dyn Fn(f64) -> f64| values.iter().map(|&v| f(v)).sum::<f64>() / values.len() as f64;
    let mean = mean_of(&|v| v);
    let variance = mean_of(&|v| (v - mean).powi(2));
    [mean, variance.sqrt(), mean_of(&|v| (v - mean).powi(4)) / variance.powi(2)]
}

/// E[f(z)] of a normal z with mean 0 and variance 1, by Simpson's rule with a node at zero, where ramps have their kink.
fn expectation(f: impl Fn(&Tensor<f64>) -> Tensor<f64>) -> f64 {
    let (end, intervals) = (12.0, 1 << 12);
    let z = Tensor::linspace(-end, end, intervals + 1);
    let simpson = |(k, (f, z)): (usize, (&f64, &f64))| {
        let weight = if k == 0 || k == intervals { 1.0 } else { [2.0, 4.0][k % 2] };
        weight * f * (-z * z / 2.0).exp()
    };
    let sum: f64 = f(&z).as_slice().iter().zip(z.as_slice()).enumerate().map(simpson).sum();
    sum * (2.0 * end / intervals as f64) / 3.0 / std::f64::consts::TAU.sqrt()
}

const FAMILIES: [Init; 10] = [
    Init::XavierUniform { gain: 1.5 },
    Init::XavierNormal { gain: 1.5 },
    Init::KaimingUniform { fan: Fan::Out, gain: 1.5 },
    Init::KaimingNormal { fan: Fan::In, gain: 1.5 },
    Init::Uniform { low: -1.0, high: 3.0 },
    Init::Normal { mean: 2.0, sd: 0.5 },
    Init::Constant(0.1),
    Init::Orthogonal { gain: 1.5 },
    Init::Identity,
    Init::Sparse { sparsity: 0.9, sd: 0.3 },
];

#[test]
fn the_default_draws_the_bits_that_it_always_drew() {
    // A change of these would change what users have trained. Xoshiro256++ seeded by SplitMix64, in Python.
    let frozen: [u64; 14] = [
        0x3fe6_0913_cb76_2256,
        0xbfd9_6784_81c7_f2d2,
        0x3ff0_f669_4a0d_b2ac,
        0x3fdc_33df_3cb8_9870,
        0x3fe4_93c0_7b9e_d268,
        0x3fc8_b4af_5e01_c8f0,
        0,
        0,
        0xbfed_5dc2_a3aa_efd2,
        0x3fd0_7ad2_02f6_14d4,
        0xbfe6_e902_f388_2aa5,
        0x3ff0_fbd1_bd3a_5202,
        0,
        0,
    ];
    let bits = |network: Network<f64>| network.parameters().iter().map(|p| p.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(Network::new(&[3, 2, 2], 42).unwrap()), frozen);
    assert_eq!(bits(Network::with_init(&[3, 2, 2], Init::XavierUniform { gain: 1.0 }, 42).unwrap()), frozen);
}

#[test]
fn a_seed_gives_the_same_bits_and_single_precision_rounds_them() {
    for init in FAMILIES {
        let sizes = [7, 13, 5];
        let network = Network::<f64>::with_init(&sizes, init, 3).unwrap();
        let parameters = network.parameters();
        assert_eq!(parameters, Network::<f64>::with_init(&sizes, init, 3).unwrap().parameters(), "{init:?}");
        let other = Network::<f64>::with_init(&sizes, init, 4).unwrap();
        let is_random = !matches!(init, Init::Constant(_) | Init::Identity);
        assert_eq!(parameters != other.parameters(), is_random, "{init:?}");
        let single = Network::<f32>::with_init(&sizes, init, 3).unwrap();
        let rounded: Vec<f32> = parameters.iter().map(|&p| p as f32).collect();
        assert_eq!(single.parameters(), rounded, "{init:?}");
        for layer in network.layers() {
            assert!(parameters[layer.bias.clone()].iter().all(|&b| b == 0.0), "{init:?}");
        }
    }
}

#[test]
fn layers_of_one_shape_get_different_weights() {
    for init in FAMILIES {
        if matches!(init, Init::Constant(_) | Init::Identity) {
            continue;
        }
        let network = Network::<f64>::with_init(&[12, 12, 12], init, 3).unwrap();
        let [first, second] = network.layers() else { panic!("two layers") };
        let of = |layer: &Layer| &network.parameters()[layer.theta.clone()];
        assert_ne!(of(first), of(second), "{init:?}");
    }
}

#[test]
fn draws_have_the_moments_of_their_distribution() {
    let (flat, bell) = (1.8, 3.0);
    let xavier = (2.0 / 500.0_f64).sqrt();
    let (fan_in, fan_out) = (1.0 / 200.0_f64.sqrt(), 1.0 / 300.0_f64.sqrt());
    let gain = 1.5;
    let cases = [
        (Init::XavierUniform { gain: 1.0 }, 0.0, xavier, flat),
        (Init::XavierUniform { gain }, 0.0, 1.5 * xavier, flat),
        (Init::XavierNormal { gain }, 0.0, 1.5 * xavier, bell),
        (Init::KaimingUniform { fan: Fan::In, gain }, 0.0, 1.5 * fan_in, flat),
        (Init::KaimingUniform { fan: Fan::Out, gain }, 0.0, 1.5 * fan_out, flat),
        (Init::KaimingNormal { fan: Fan::In, gain }, 0.0, 1.5 * fan_in, bell),
        (Init::KaimingNormal { fan: Fan::Out, gain }, 0.0, 1.5 * fan_out, bell),
        (Init::Uniform { low: -1.0, high: 3.0 }, 1.0, 4.0 / 12.0_f64.sqrt(), flat),
        (Init::Normal { mean: 2.0, sd: 0.5 }, 2.0, 0.5, bell),
        (Init::Orthogonal { gain }, 0.0, 1.5 * fan_out, bell),
        (Init::Sparse { sparsity: 0.0, sd: 0.3 }, 0.0, 0.3, bell),
    ];
    for (init, mean, sd, kurtosis) in cases {
        let theta = theta(init, &SIZES, 11);
        let n = theta.len() as f64;
        let got = moments(&theta);
        // The standard error of a mean is σ/√n, that of a deviation σ √((κ - 1)/4n), of a normal kurtosis √(24/n).
        let errors = [sd / n.sqrt(), sd * ((kurtosis - 1.0) / (4.0 * n)).sqrt(), (24.0 / n).sqrt()];
        for ((got, want), error) in got.into_iter().zip([mean, sd, kurtosis]).zip(errors) {
            assert!((got - want).abs() < 4.0 * error, "{init:?}: {got} for {want} ± {error}");
        }
    }
}

#[test]
fn uniform_draws_fill_their_range_to_its_ends() {
    for (init, end) in [
        (Init::XavierUniform { gain: 1.5 }, 1.5 * (6.0 / 500.0_f64).sqrt()),
        (Init::KaimingUniform { fan: Fan::In, gain: 1.5 }, 1.5 * (3.0 / 200.0_f64).sqrt()),
    ] {
        let most = theta(init, &SIZES, 5).into_iter().fold(0.0, |most: f64, w| most.max(w.abs()));
        assert!(most <= end && most > 0.999 * end, "{init:?}: {most} of {end}");
    }
}

#[test]
fn constants_and_ones_are_where_they_belong() {
    assert_eq!(theta(Init::Constant(-0.5), &[2, 3], 1), [-0.5; 6]);
    assert_eq!(theta(Init::Identity, &[2, 3], 1), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(theta(Init::Identity, &[3, 2], 1), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn orthogonal_weights_have_orthonormal_rows_or_columns() {
    for sizes in [[200, 300], [300, 200], [150, 150], [1, 9], [9, 1], [1, 1]] {
        let [n_in, n_out] = sizes;
        let theta =
            Tensor::from_vec(theta(Init::Orthogonal { gain: 1.0 }, &sizes, 2), &[n_out, n_in]).unwrap();
        let gram = if n_out <= n_in { theta.matmul(theta.t()) } else { theta.t().matmul(&theta) }.unwrap();
        let off = (&gram - &Tensor::eye(n_in.min(n_out))).abs().max_all().unwrap().item().unwrap();
        assert!(off < 1e-12, "{sizes:?}: {off}");
    }
    let (single, double) = (Init::Orthogonal { gain: 1.0 }, Init::Orthogonal { gain: 2.0 });
    let doubled: Vec<f64> = theta(single, &[4, 3], 2).into_iter().map(|w| 2.0 * w).collect();
    assert_eq!(theta(double, &[4, 3], 2), doubled);
}

#[test]
fn orthogonal_weights_are_evenly_distributed_among_all() {
    // Traces of an evenly distributed orthogonal matrix have the moments 0, 1, 0, 3 of the normal distribution as far
    // as the size goes (Diaconis, Shahshahani 1994). Signs of R left to Householder's choice would give others.
    let trace = |seed| {
        let theta = theta(Init::Orthogonal { gain: 1.0 }, &[4, 4], seed);
        theta.iter().step_by(5).sum::<f64>()
    };
    let n = 20_000;
    let traces: Vec<f64> = (0..n).map(trace).collect();
    let moment = |k: i32| traces.iter().map(|t| t.powi(k)).sum::<f64>() / n as f64;
    // Deviations of the powers: √1, √(3 - 1), √15, and √(105 - 9) at most.
    for (k, want, deviation) in [(1, 0.0, 1.0), (2, 1.0, 1.41), (3, 0.0, 3.9), (4, 3.0, 9.8)] {
        let error = deviation / (n as f64).sqrt();
        assert!((moment(k) - want).abs() < 4.0 * error, "moment {k}: {} for {want} ± {error}", moment(k));
    }
}

#[test]
fn sparse_weights_have_so_many_zeros_in_each_column_at_random_places() {
    let [n_in, n_out] = SIZES;
    for (sparsity, zeros) in [(0.0, 0), (0.001, 1), (0.5, 150), (0.9, 270), (0.999, 300)] {
        let theta = theta(Init::Sparse { sparsity, sd: 0.3 }, &SIZES, 6);
        let zero = |row: usize, column: usize| usize::from(theta[row * n_in + column] == 0.0);
        for column in 0..n_in {
            assert_eq!((0..n_out).map(|row| zero(row, column)).sum::<usize>(), zeros, "{sparsity}");
        }
        // In a row they are binomial: 200 p ± √(200 p (1 - p)).
        let p = zeros as f64 / n_out as f64;
        for row in 0..n_out {
            let count = (0..n_in).map(|column| zero(row, column)).sum::<usize>() as f64;
            let off = (count - 200.0 * p).abs();
            assert!(off <= 5.0 * (200.0 * p * (1.0 - p)).sqrt() + 1.0, "{sparsity}: {count} in row {row}");
        }
        let left: Vec<f64> = theta.into_iter().filter(|&w| w != 0.0).collect();
        if sparsity == 0.9 {
            let [mean, sd, _] = moments(&left);
            let root = (left.len() as f64).sqrt();
            assert!(
                mean.abs() < 4.0 * 0.3 / root && (sd - 0.3).abs() < 4.0 * 0.3 / root / 1.41,
                "{mean} {sd}"
            );
        }
    }
}

#[test]
fn settings_outside_their_range_are_refused() {
    let nan = f64::NAN;
    let fan = Fan::In;
    let refused = [
        (Init::XavierUniform { gain: nan }, "gain: wants a finite number above 0, got NaN"),
        (Init::XavierNormal { gain: 0.0 }, "gain: wants a finite number above 0, got 0"),
        (Init::KaimingUniform { fan, gain: -1.0 }, "gain: wants a finite number above 0, got -1"),
        (Init::KaimingNormal { fan, gain: f64::INFINITY }, "gain: wants a finite number above 0, got inf"),
        (Init::Orthogonal { gain: -2.0 }, "gain: wants a finite number above 0, got -2"),
        (
            Init::Uniform { low: 1.0, high: 1.0 },
            "range: wants a lower end below the upper one at a finite distance, got 1 and 1",
        ),
        (
            Init::Uniform { low: nan, high: 1.0 },
            "range: wants a lower end below the upper one at a finite distance, got NaN and 1",
        ),
        (
            Init::Uniform { low: -f64::MAX, high: f64::INFINITY },
            "range: wants a lower end below the upper one at a finite distance, got",
        ),
        (Init::Normal { mean: nan, sd: 1.0 }, "mean: wants a finite number, got NaN"),
        (Init::Normal { mean: 0.0, sd: nan }, "standard deviation: wants a finite number from 0 up, got NaN"),
        (Init::Constant(f64::INFINITY), "constant: wants a finite number, got inf"),
        (Init::Sparse { sparsity: 1.0, sd: 1.0 }, "sparsity: wants a fraction from 0 up and below 1, got 1"),
        (
            Init::Sparse { sparsity: nan, sd: 1.0 },
            "sparsity: wants a fraction from 0 up and below 1, got NaN",
        ),
        (
            Init::Sparse { sparsity: -0.1, sd: 1.0 },
            "sparsity: wants a fraction from 0 up and below 1, got -0.1",
        ),
        (
            Init::Sparse { sparsity: 0.1, sd: -1.0 },
            "standard deviation: wants a finite number from 0 up, got -1",
        ),
    ];
    for (init, message) in refused {
        let error = Network::<f64>::with_init(&[2, 1], init, 0).unwrap_err();
        assert!(error.to_string().starts_with(message), "{init:?}: {error}");
        assert!(matches!(error, Error::Setting { .. }));
    }
    assert!(Network::<f64>::with_init(&[2], Init::default(), 0).is_err());
    assert_eq!(theta(Init::Normal { mean: 2.0, sd: 0.0 }, &[2, 1], 0), [2.0; 2]);
}

#[test]
fn weights_that_a_precision_cannot_hold_are_refused() {
    let large = Init::Constant(1e39);
    assert!(Network::<f64>::with_init(&[2, 1], large, 0).is_ok());
    let error = Network::<f32>::with_init(&[2, 1], large, 0).unwrap_err();
    let wants = "initialisation: wants weights that are finite in the precision of the network, ";
    assert_eq!(error.to_string(), format!("{wants}got inf by Constant(1e39)"));
    assert!(Network::<f64>::with_init(&[9, 9], Init::XavierNormal { gain: f64::MAX }, 0).is_err());
}

#[test]
fn gains_keep_the_second_moment_where_pytorch_has_none_of_its_own() {
    let gain = |g: &dyn Fn(&Tensor<f64>) -> Tensor<f64>| expectation(|z| g(z).powi(2)).powf(-0.5);
    let kept: [(&str, f64); 8] = [
        ("relu", gain(&|z| z.relu())),
        ("leaky_relu", gain(&|z| z.leaky_relu(0.01))),
        ("elu", gain(&|z| z.elu(1.0))),
        ("gelu", gain(&|z| z.gelu())),
        ("silu", gain(&|z| z.silu())),
        ("softplus", gain(&|z| z.softplus())),
        ("softsign", gain(&|z| z.softsign())),
        ("identity", gain(&|z| z.clone())),
    ];
    let pytorch = [("sigmoid", 1.0), ("tanh", 1.666_666_666_666_666_7), ("selu", 0.75)];
    for &(name, listed) in GAINS {
        let of =
            |table: &[(&str, f64)]| table.iter().find(|(other, _)| *other == name).map(|(_, gain)| *gain);
        let want = of(&kept).or(of(&pytorch)).expect(name);
        assert!((listed - want).abs() < 1e-6, "{name}: {listed} for {want}");
    }
    assert_eq!(GAINS.len(), kept.len() + pytorch.len());
    // What the table's words say of the others.
    let others = [gain(&|z| z.tanh()), gain(&|z| z.selu()), gain(&|z| z.sigmoid())];
    for (got, said) in others.into_iter().zip([1.5925, 1.0, 1.8462]) {
        assert!((got - said).abs() < 1e-4, "{got} for {said}");
    }
    assert_eq!(Activation::Sigmoid.gain(), 1.0);
}

const DEPTH: usize = 100;
const WIDTH: usize = 256;

/// The standard deviation of the activations behind each of a hundred layers, over rows of normal inputs.
fn deviations(init: Init, activation: fn(&Tensor<f64>) -> Tensor<f64>) -> Vec<f64> {
    let network = Network::<f64>::with_init(&[WIDTH; DEPTH + 1], init, 1).unwrap();
    let mut a = Tensor::normal(&[32, WIDTH], 0.0, 1.0, 2).unwrap();
    let through = |layer: &Layer| {
        a = activation(&a.dense(network.flat(), layer.theta.start, WIDTH).unwrap());
        a.std(0).item().unwrap()
    };
    network.layers().iter().map(through).collect()
}

/// The same for layers of infinitely many units that weigh normal inputs with variance `gain² / n_in`:
/// q := gain² E[tanh(√q z)²] (Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli 2016, equation 3).
fn wide_tanh(gain: f64) -> Vec<f64> {
    let mut q = 1.0;
    let through = |_| {
        q = expectation(|z| (z * (gain * f64::sqrt(q))).tanh().powi(2));
        q.sqrt()
    };
    (0..DEPTH).map(through).collect()
}

/// That every layer is within this factor of what is wanted there.
fn assert_level(init: Init, got: &[f64], want: &[f64], factor: f64) {
    for (k, (got, want)) in got.iter().zip(want).enumerate() {
        let off = (got / want).ln().abs();
        assert!(off < factor.ln(), "{init:?}: {got:e} for {want:e} behind layer {}", k + 1);
    }
}

#[test]
fn a_hundred_layers_of_tanh_keep_what_xavier_gives_them() {
    // With tanh's gain they settle; with gain 1 they fall as 1 / √(2 l), a factor of 9 here, give or take what chance
    // does at the edge between vanishing and settling; lengths of orthogonal weights leave less to it.
    for (init, gain, factor) in [
        (Init::XavierUniform { gain: 5.0 / 3.0 }, 5.0 / 3.0, 1.03),
        (Init::Orthogonal { gain: 1.0 }, 1.0, 1.02),
        (Init::XavierUniform { gain: 1.0 }, 1.0, 1.5),
        (Init::XavierNormal { gain: 1.0 }, 1.0, 1.5),
    ] {
        let (got, wide) = (deviations(init, Tensor::tanh), wide_tanh(gain));
        assert_level(init, &got, &wide, factor);
        let lost = got[0] / got[DEPTH - 1];
        assert!(if gain > 1.0 { lost < 1.25 } else { lost < 13.5 }, "{init:?}: lost a factor of {lost}");
    }
}

#[test]
fn a_hundred_layers_of_tanh_saturate_or_vanish_where_the_width_is_not_looked_at() {
    let (wide, narrow) = (Init::Normal { mean: 0.0, sd: 1.0 }, Init::Normal { mean: 0.0, sd: 0.01 });
    let saturated = deviations(wide, Tensor::tanh);
    assert_level(wide, &saturated, &wide_tanh(16.0), 1.01);
    assert!(saturated.iter().all(|sd| (0.97..1.0).contains(sd)), "a deviation of 1 is all at ±1");
    let vanished = deviations(narrow, Tensor::tanh);
    assert_level(narrow, &vanished, &wide_tanh(0.16), 2.0);
    assert!(vanished[DEPTH - 1] < 1e-79, "{}", vanished[DEPTH - 1]);
}

#[test]
fn a_hundred_layers_of_relu_keep_what_kaiming_gives_them_and_lose_what_xavier_does() {
    let gain = 2.0_f64.sqrt();
    // E[a²] stays 1, and the deviation √(1 - 1/π). At this width its logarithm moves with variance 5/(4 · 256) a layer
    // (Hanin, Nica 2018): by 0.7 in a hundred of them.
    let level = [(1.0 - 1.0 / std::f64::consts::PI).sqrt(); DEPTH];
    let fan = Fan::In;
    let uniform = Init::KaimingUniform { fan, gain };
    assert_level(uniform, &deviations(uniform, Tensor::relu), &level, 2.0_f64.exp());
    let normal = Init::KaimingNormal { fan, gain };
    let kept = deviations(normal, Tensor::relu);
    assert_level(normal, &kept, &level, 2.0_f64.exp());
    // Between as many units Xavier's normal weights are Kaiming's over √2, and a ramp hands each √2 on.
    let lost: Vec<f64> =
        kept.iter().enumerate().map(|(k, sd)| sd / 2.0_f64.powf((k + 1) as f64 / 2.0)).collect();
    let xavier = Init::XavierNormal { gain: 1.0 };
    let got = deviations(xavier, Tensor::relu);
    assert_level(xavier, &got, &lost, 1.0 + 1e-9);
    assert!(got[DEPTH - 1] < 1e-15, "{}", got[DEPTH - 1]);
}
