//! The test that the project is named for: the tape against the δ formulas.

use super::{Backprop, Flaw};
use crate::{Layer, Leaves, Network, loss};
use proptest::prelude::*;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::cell::Cell;
use tape::{Float, Tape, Tensor, Var};

thread_local! {
    static FLAW: Cell<Option<Flaw>> = const { Cell::new(None) };
}

pub(super) fn flawed(flaw: Flaw) -> bool {
    FLAW.get() == Some(flaw)
}

/// Runs `body` with one formula of the real backprop broken.
fn with_flaw<R>(flaw: Flaw, body: impl FnOnce() -> R) -> R {
    FLAW.set(Some(flaw));
    let result = body();
    FLAW.set(None);
    result
}

/// J of the tape, as one of the functions that build it.
type Cost<T> = fn(&Leaves<T>, &Tensor<T>, &Tensor<T>, T) -> Result<Tensor<T>, crate::Error>;

/// A network, its rows and targets, drawn from a seed.
#[derive(Clone, Debug)]
struct Problem {
    sizes: Vec<usize>,
    rows: usize,
    lambda: f64,
    parameters: Vec<f64>,
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Problem {
    /// Weights and biases uniform in ±`width`, inputs in ±1, targets 0, 1 or between.
    fn draw(sizes: &[usize], rows: usize, lambda: f64, width: f64, seed: u64) -> Problem {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let count = Layer::stack(sizes).last().unwrap().bias.end;
        let mut uniform = |width: f64, n: usize| -> Vec<f64> {
            // Representable in f32, so that both precisions see one problem.
            (0..n).map(|_| f64::from(random.random_range(-width..width) as f32)).collect()
        };
        let parameters = uniform(width, count);
        let x = uniform(1.0, rows * sizes[0]);
        let targets = rows * sizes[sizes.len() - 1];
        let y = uniform(1.0, targets)
            .into_iter()
            .map(|t| if t.abs() < 0.2 { t.abs() } else { f64::from(t > 0.0) });
        Problem { sizes: sizes.to_vec(), rows, lambda, parameters, x, y: y.collect() }
    }

    fn cast<T: Float>(values: &[f64]) -> Vec<T> {
        values.iter().map(|&v| T::from_f64(v)).collect()
    }

    fn by_hand<T: Float>(&self) -> (f64, Vec<f64>) {
        let mut backprop = Backprop::<T>::new(&self.sizes, self.rows).unwrap();
        let [parameters, x, y] = [&self.parameters, &self.x, &self.y].map(|v| Self::cast::<T>(v));
        let j = backprop.cost_and_gradient(&parameters, &x, &y, T::from_f64(self.lambda)).unwrap();
        (j.to_f64(), backprop.gradient().iter().map(|&g| g.to_f64()).collect())
    }

    fn by_tensors<T: Float>(&self, cost: Cost<T>) -> (f64, Vec<f64>) {
        let network = Network::<T>::from_parameters(&self.sizes, Self::cast(&self.parameters)).unwrap();
        let x = Tensor::from_vec(Self::cast(&self.x), &[self.rows, self.sizes[0]]).unwrap();
        let y = Tensor::from_vec(Self::cast(&self.y), &[self.rows, *self.sizes.last().unwrap()]).unwrap();
        let tape = Tape::begin();
        let leaves = network.record(&tape);
        let j = cost(&leaves, &x, &y, T::from_f64(self.lambda)).unwrap();
        let gradient = leaves.gradient(&tape.sweep(&j).unwrap()).unwrap();
        (j.item().unwrap().to_f64(), gradient.iter().map(|&g| g.to_f64()).collect())
    }

    fn by_scalars<T: Float>(&self) -> (f64, Vec<f64>) {
        let f = |p: &[Var<T>]| loss::cost_in_scalars(&self.sizes, p, &self.x, &self.y, self.lambda).unwrap();
        let (j, gradient) = tape::value_and_grad(f, &Self::cast::<T>(&self.parameters));
        (j.to_f64(), gradient.iter().map(|&g| g.to_f64()).collect())
    }

    /// J in naive loops, without the kernels and without the tape.
    fn naive_cost(&self, parameters: &[f64]) -> f64 {
        let (k, mut total) = (*self.sizes.last().unwrap(), 0.0);
        for i in 0..self.rows {
            let mut a = self.x[i * self.sizes[0]..(i + 1) * self.sizes[0]].to_vec();
            let mut start = 0;
            for pair in self.sizes.windows(2) {
                let (n_in, n_out) = (pair[0], pair[1]);
                let mut next = Vec::new();
                for unit in 0..n_out {
                    let mut z = parameters[start + n_in * n_out + unit];
                    for (input, a) in a.iter().enumerate() {
                        z += parameters[start + unit * n_in + input] * a;
                    }
                    next.push(1.0 / (1.0 + (-z).exp()));
                }
                start += n_in * n_out + n_out;
                a = next;
            }
            for (unit, h) in a.iter().enumerate() {
                let y = self.y[i * k + unit];
                total -= y * h.ln() + (1.0 - y) * (1.0 - h).ln();
            }
        }
        let mut squares = 0.0;
        let mut start = 0;
        for pair in self.sizes.windows(2) {
            for theta in &parameters[start..start + pair[0] * pair[1]] {
                squares += theta * theta;
            }
            start += pair[0] * pair[1] + pair[1];
        }
        (total + self.lambda / 2.0 * squares) / self.rows as f64
    }

    /// For each layer, the largest sum of the sizes of the terms that a gradient in it adds up: the δ formulas in
    /// f64 with every factor replaced by its size. Where this is much greater than the largest gradient, terms of
    /// either sign cancel over rows and units, and the gradient has fewer digits by whatever formula.
    fn sizes_of_terms(&self) -> Vec<f64> {
        let layers = Layer::stack(&self.sizes);
        let mut largest = vec![0.0_f64; layers.len()];
        let mut terms = vec![0.0; self.parameters.len()];
        for (x, y) in self.x.chunks(self.sizes[0]).zip(self.y.chunks(*self.sizes.last().unwrap())) {
            let mut a = vec![x.to_vec()];
            for layer in &layers {
                let below = a.last().unwrap();
                let unit = |unit: usize| {
                    let theta =
                        &self.parameters[layer.theta.clone()][unit * layer.n_in..(unit + 1) * layer.n_in];
                    let z: f64 = theta.iter().zip(below).map(|(t, a)| t * a).sum();
                    1.0 / (1.0 + (-z - self.parameters[layer.bias.start + unit]).exp())
                };
                a.push((0..layer.n_out).map(unit).collect());
            }
            let mut delta: Vec<f64> = a[layers.len()].iter().zip(y).map(|(h, y)| (h - y).abs()).collect();
            for (l, layer) in layers.iter().enumerate().rev() {
                let theta = &self.parameters[layer.theta.clone()];
                for (unit, delta) in delta.iter().enumerate() {
                    for (input, a) in a[l].iter().enumerate() {
                        terms[layer.theta.start + unit * layer.n_in + input] += delta * a.abs();
                    }
                    terms[layer.bias.start + unit] += delta;
                }
                let slope = |input: usize| if l == 0 { 1.0 } else { a[l][input] * (1.0 - a[l][input]) };
                let through = |input: usize| {
                    let each =
                        delta.iter().enumerate().map(|(unit, d)| d * theta[unit * layer.n_in + input].abs());
                    each.sum::<f64>() * slope(input)
                };
                delta = (0..layer.n_in).map(through).collect();
            }
        }
        for (largest, layer) in largest.iter_mut().zip(&layers) {
            let most = terms[layer.theta.start..layer.bias.end].iter().fold(0.0_f64, |m, &t| m.max(t));
            *largest = most / self.rows as f64;
        }
        largest
    }

    /// Central differences of the naive cost, for one parameter.
    fn difference(&self, k: usize) -> f64 {
        let at = |h: f64| {
            let mut moved = self.parameters.clone();
            moved[k] += h;
            self.naive_cost(&moved)
        };
        let d = |h: f64| (at(h) - at(-h)) / (2.0 * h);
        (4.0 * d(5e-4) - d(1e-3)) / 3.0
    }
}

/// For each layer, weights and biases apart: the largest difference over the largest gradient of the layer (or a
/// tenth of the terms it sums, where more than that cancels: measured against the gradient alone, one drawn
/// problem in two thousand is off by some 5e-13 in f64, which is rounding of the terms). The first part in which it exceeds the tolerance is
/// returned as an error.
fn compare(
    problem: &Problem,
    tape: &(f64, Vec<f64>),
    hand: &(f64, Vec<f64>),
    tolerance: f64,
) -> Result<(), String> {
    let off = |a: f64, b: f64, scale: f64| (a - b).abs() / scale;
    if off(tape.0, hand.0, hand.0.abs().max(1e-300)) > tolerance {
        return Err(format!("J: {} by the tape, {} by hand", tape.0, hand.0));
    }
    let terms = problem.sizes_of_terms();
    for (l, layer) in Layer::stack(&problem.sizes).into_iter().enumerate() {
        let whole = layer.theta.start..layer.bias.end;
        let gradients = hand.1[whole.clone()].iter().chain(&tape.1[whole]);
        let largest = gradients.fold(terms[l] / 10.0, |m, g| m.max(g.abs()));
        for (name, part) in [("theta", layer.theta), ("bias", layer.bias)] {
            for k in part {
                let (a, b) = (tape.1[k], hand.1[k]);
                let off = off(a, b, largest);
                if a != b && (off > tolerance || off.is_nan()) {
                    return Err(format!("layer {l}, {name}, parameter {k}: {a} by the tape, {b} by hand"));
                }
            }
        }
    }
    Ok(())
}

/// All three tapes of one precision against the hand derivation.
fn compare_all<T: Float>(problem: &Problem, tolerance: f64) -> Result<(), String> {
    let hand = problem.by_hand::<T>();
    let tapes = [
        ("primitives", problem.by_tensors::<T>(loss::cost_from_primitives)),
        ("fused", problem.by_tensors::<T>(loss::cost)),
        ("scalars", problem.by_scalars::<T>()),
    ];
    for (name, tape) in tapes {
        compare(problem, &tape, &hand, tolerance).map_err(|off| format!("{name}: {off}"))?;
    }
    Ok(())
}

/// 0 to 4 hidden layers, K from 1 to 10.
fn shapes() -> impl Strategy<Value = Vec<usize>> {
    (1_usize..8, prop::collection::vec(1_usize..9, 0..5), 1_usize..11).prop_map(|(n_in, hidden, k)| {
        let mut sizes = vec![n_in];
        sizes.extend(hidden);
        sizes.push(k);
        sizes
    })
}

fn rows() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1), 2_usize..20, 100_usize..300]
}

fn lambdas() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.01_f64..10.0]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn three_tapes_agree_with_the_delta_formulas_in_f64(
        sizes in shapes(), rows in rows(), lambda in lambdas(), seed in any::<u64>()
    ) {
        let problem = Problem::draw(&sizes, rows, lambda, 1.5, seed);
        prop_assert_eq!(compare_all::<f64>(&problem, 1e-13), Ok(()));
    }

    #[test]
    fn three_tapes_agree_with_the_delta_formulas_in_f32(
        sizes in shapes(), rows in rows(), lambda in lambdas(), seed in any::<u64>()
    ) {
        // At most 8 inputs of at most 1 with weights of 1.5 and a bias: |z| <= 13.5.
        let mut problem = Problem::draw(&sizes, rows, lambda, 1.5, seed);
        // A target between 0 and 1 near h leaves of -y/h + (1 - y)/(1 - h) a small difference of large numbers: in
        // f32 the form from primitives then has fewer digits than asked for here. f64 covers those.
        problem.y.iter_mut().for_each(|y| *y = y.round());
        prop_assert_eq!(compare_all::<f32>(&problem, 1e-5), Ok(()));
    }

    #[test]
    fn tape_and_delta_formulas_agree_with_differences_of_naive_loops(
        sizes in shapes(), rows in 1_usize..20, lambda in lambdas(), seed in any::<u64>()
    ) {
        let problem = Problem::draw(&sizes, rows, lambda, 1.0, seed);
        let (hand, tape) = (problem.by_hand::<f64>(), problem.by_tensors::<f64>(loss::cost));
        prop_assert!((hand.0 - problem.naive_cost(&problem.parameters)).abs() <= 1e-13 * hand.0);
        let largest = hand.1.iter().fold(1e-3_f64, |m, g| m.max(g.abs()));
        // A spread of the parameters: first, last, and some between.
        let step = (problem.parameters.len() / 12).max(1);
        for k in (0..problem.parameters.len()).step_by(step).chain([problem.parameters.len() - 1]) {
            let differences = problem.difference(k);
            for gradient in [hand.1[k], tape.1[k]] {
                prop_assert!(
                    (gradient - differences).abs() <= 1e-8 * largest,
                    "parameter {}: {} and {} by differences", k, gradient, differences
                );
            }
        }
    }

    #[test]
    fn saturated_units_agree_in_f64(
        sizes in shapes(), rows in 1_usize..20, lambda in lambdas(), seed in any::<u64>()
    ) {
        // Logits of hundreds: sigmoids round to 0 and 1, and their slopes vanish. The primitive form takes
        // logarithms of zero there, so the fused one is compared.
        let problem = Problem::draw(&sizes, rows, lambda, 100.0, seed);
        let (hand, tape) = (problem.by_hand::<f64>(), problem.by_tensors::<f64>(loss::cost));
        prop_assert!(tape.0.is_finite() && tape.1.iter().all(|g| g.is_finite()));
        prop_assert_eq!(compare(&problem, &tape, &hand, 1e-13), Ok(()));
    }
}

#[test]
fn each_flaw_planted_in_the_real_formulas_is_reported() {
    // Square hidden layers, so that a transposition fits; biases and λ not zero.
    let problem = Problem::draw(&[3, 4, 4, 2], 7, 2.0, 1.0, 1);
    assert_eq!(compare_all::<f64>(&problem, 1e-13), Ok(()), "without a flaw they agree");
    for (flaw, where_it_shows) in [
        (Flaw::SlopeLeftOut, "layer 0, theta"),
        (Flaw::BiasRegularised, "layer 0, bias"),
        (Flaw::RowsForgotten, "layer 0, theta"),
        (Flaw::Transposed, "layer 0, theta"),
        (Flaw::OutputSign, "layer 0, theta"),
    ] {
        let reported = with_flaw(flaw, || compare_all::<f64>(&problem, 1e-13)).unwrap_err();
        assert!(reported.contains(where_it_shows), "{flaw:?} is reported as: {reported}");
        let single = with_flaw(flaw, || compare_all::<f32>(&problem, 1e-5));
        assert!(single.is_err(), "{flaw:?} passes in f32");
    }
}

#[test]
fn the_step_moves_the_parameters_by_the_gradient() {
    let problem = Problem::draw(&[3, 4, 2], 5, 0.7, 1.0, 3);
    let mut backprop = Backprop::<f64>::new(&problem.sizes, problem.rows).unwrap();
    let (j, gradient) = problem.by_hand::<f64>();
    let mut parameters = problem.parameters.clone();
    let before = backprop.step(&mut parameters, &problem.x, &problem.y, problem.lambda, 0.1).unwrap();
    approx::assert_relative_eq!(before, j, max_relative = 1e-14);
    for ((moved, start), gradient) in parameters.iter().zip(&problem.parameters).zip(gradient) {
        approx::assert_abs_diff_eq!(*moved, start - 0.1 * gradient, epsilon = 1e-14);
    }
}

/// The course's worked example: layers 2-4-4, filled with sines and cosines column by column.
fn worked_example() -> Problem {
    // Θ with its bias column first, (rows, columns), filled column by column.
    let theta = |rows: usize, columns: usize, f: fn(f64) -> f64| {
        let entry = move |row: usize, column: usize| f((1 + 2 * (column * rows + row)) as f64);
        let weights = (0..rows).flat_map(move |row| (1..columns).map(move |column| entry(row, column)));
        weights.chain((0..rows).map(move |row| entry(row, 0))).collect::<Vec<_>>()
    };
    let mut parameters = theta(4, 3, f64::sin);
    parameters.extend(theta(4, 5, f64::cos));
    let x = (0..16).flat_map(|row| [0, 1].map(|column| ((1 + column * 16 + row) as f64).sin() / 5.0));
    let y = (1..=16).flat_map(|i: usize| (1..=4).map(move |k| f64::from(u8::from(k == 1 + i % 4))));
    Problem { sizes: vec![2, 4, 4], rows: 16, lambda: 0.0, parameters, x: x.collect(), y: y.collect() }
}

#[test]
fn the_course_s_worked_example_has_the_published_cost() {
    let mut problem = worked_example();
    for (lambda, published) in [(0.0, 3.08745), (1.0, 3.46051)] {
        problem.lambda = lambda;
        let costs = [
            problem.by_hand::<f64>().0,
            problem.by_tensors::<f64>(loss::cost).0,
            problem.by_tensors::<f64>(loss::cost_from_primitives).0,
            problem.by_scalars::<f64>().0,
            problem.by_tensors::<f32>(loss::cost).0,
        ];
        for cost in costs {
            approx::assert_abs_diff_eq!(cost, published, epsilon = 5.1e-6);
        }
        assert_eq!(compare_all::<f64>(&problem, 1e-13), Ok(()));
    }
}

/// Trains from the given parameters and returns those of the first layer's units, one row each.
fn hidden_units_after_training(parameters: Vec<f64>) -> Vec<Vec<f64>> {
    let problem = Problem::draw(&[2, 3, 2], 12, 0.1, 1.0, 5);
    let x = Tensor::from_slice(&problem.x, &[12, 2]).unwrap();
    let y = Tensor::from_slice(&problem.y, &[12, 2]).unwrap();
    let mut network = Network::from_parameters(&problem.sizes, parameters).unwrap();
    let optimizer = crate::Optimizer::gradient_descent(0.5);
    let training =
        crate::Training { epochs: 200, batch_size: None, lambda: 0.1, ..crate::Training::new(optimizer) };
    training.fit(&mut network, &x, &y, |_, _| std::ops::ControlFlow::Continue(())).unwrap();
    let layer = &network.layers()[0];
    network.parameters()[layer.theta.clone()].chunks_exact(2).map(<[f64]>::to_vec).collect()
}

#[test]
fn zeros_keep_all_hidden_units_equal_for_ever_and_random_values_do_not() {
    let count = Layer::stack(&[2, 3, 2]).last().unwrap().bias.end;
    let units = hidden_units_after_training(vec![0.0; count]);
    assert!(units[0].iter().any(|&w| w != 0.0), "they have learnt something");
    assert_eq!(units[0], units[1]);
    assert_eq!(units[0], units[2]);

    let random = Network::<f64>::new(&[2, 3, 2], 1).unwrap().parameters().to_vec();
    let units = hidden_units_after_training(random);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        let apart: f64 = units[a].iter().zip(&units[b]).map(|(p, q)| (p - q).abs()).sum();
        assert!(apart > 0.1, "units {a} and {b} are {apart} apart");
    }
}
