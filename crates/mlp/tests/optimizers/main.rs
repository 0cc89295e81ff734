//! Optimisers, schedules and clipping against PyTorch's, minimisers against SciPy's: `fixtures/optimizers.py` made the table.

mod minimisers;
mod settings;
mod training;

use mlp::optimizer::OptimizerState;
use mlp::{Clip, Optimizer, Plateau, Schedule, Updater};
use serde_json::Value;
use tape::{Decay, Float};

/// All cases of a family; as many as are said, so that none is lost on the way.
fn cases(family: &str, count: usize) -> Vec<Value> {
    let table: Value =
        serde_json::from_str(include_str!("../fixtures/optimizers.json")).expect("the table is JSON");
    let cases = table[family].as_array().unwrap_or_else(|| panic!("no family {family}"));
    assert_eq!(cases.len(), count, "{family}");
    cases.clone()
}

fn number(of: &Value, key: &str) -> f64 {
    of[key].as_f64().unwrap_or_else(|| panic!("{key} is no number in {of}"))
}

/// What JSON has no word for is NaN.
fn numbers(of: &Value, key: &str) -> Vec<f64> {
    let values = of[key].as_array().unwrap_or_else(|| panic!("{key} is no list in {of}"));
    values.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

fn optimizer(case: &Value) -> Optimizer {
    let get = |key| number(&case["settings"], key);
    let optimizer = match case["optimizer"].as_str().expect("a name") {
        "gd" => Optimizer::GradientDescent { learning_rate: get("learning_rate") },
        "momentum" => Optimizer::momentum(get("learning_rate"), get("momentum")),
        "nesterov" => Optimizer::nesterov(get("learning_rate"), get("momentum")),
        "adagrad" => Optimizer::AdaGrad { learning_rate: get("learning_rate"), epsilon: get("epsilon") },
        "rmsprop" => Optimizer::RmsProp {
            learning_rate: get("learning_rate"),
            smoothing: get("smoothing"),
            epsilon: get("epsilon"),
            momentum: get("momentum"),
        },
        "adam" => Optimizer::Adam {
            learning_rate: get("learning_rate"),
            beta_1: get("beta_1"),
            beta_2: get("beta_2"),
            epsilon: get("epsilon"),
        },
        "amsgrad" => Optimizer::AmsGrad {
            learning_rate: get("learning_rate"),
            beta_1: get("beta_1"),
            beta_2: get("beta_2"),
            epsilon: get("epsilon"),
        },
        "adamw" => Optimizer::AdamW {
            learning_rate: get("learning_rate"),
            beta_1: get("beta_1"),
            beta_2: get("beta_2"),
            epsilon: get("epsilon"),
            weight_decay: get("weight_decay"),
        },
        other => panic!("no optimizer {other}"),
    };
    assert_eq!(Some(optimizer.name()), case["optimizer"].as_str());
    optimizer
}

const START: [f64; 5] = [1.5, -0.75, 0.25, 2.0, -1.0];
const CURVATURE: [f64; 5] = [0.5, 4.0, 10.0, 0.125, 1.0];

/// The gradient of a step of the table: numbers that are given, or the slope of ½ Σ c θ² + Σ cos 2θ.
fn gradient<T: Float>(case: &Value, step: usize, theta: &[T]) -> Vec<T> {
    let fixed = case["gradients"] == "fixed";
    let one = |i: usize| match fixed {
        true => ((((step * 5 + i) * 37 % 23) as f64) - 11.0) / 8.0,
        false => CURVATURE[i] * theta[i].to_f64() - 2.0 * (2.0 * theta[i].to_f64()).sin(),
    };
    (0..5).map(|i| T::from_f64(one(i))).collect()
}

/// The parameters after the first, the second and the last of seven steps; written down and restored between the third and the
/// fourth.
fn path<T: Float>(case: &Value) -> Vec<f64> {
    let optimizer = optimizer(case);
    let decay = number(case, "decay");
    let decay = (decay > 0.0).then(|| Decay { factor: T::from_f64(decay), parts: [0..2, 2..5].into() });
    let mut theta = START.map(T::from_f64);
    let mut updater = Updater::new(optimizer).unwrap();
    let mut path = Vec::new();
    for step in 0..7 {
        if step == 3 {
            updater = Updater::from_state(optimizer, updater.state().clone()).unwrap();
        }
        let gradient = gradient(case, step, &theta);
        updater.step(&mut theta, &gradient, decay.as_ref(), 1.0).unwrap();
        if [0, 1, 6].contains(&step) {
            path.extend(theta.map(|theta| theta.to_f64()));
        }
    }
    assert_eq!(updater.state().steps, 7);
    path
}

#[test]
fn steps_are_pytorchs() {
    for case in cases("steps", 54) {
        let want = numbers(&case, "path");
        let (double, single) = (path::<f64>(&case), path::<f32>(&case));
        assert_eq!((want.len(), double.len()), (15, 15));
        for ((want, double), single) in want.iter().zip(double).zip(single) {
            let scale = want.abs().max(1.0);
            assert!((double - want).abs() <= 1e-14 * scale, "{case}: {double} {want}");
            assert!((single - want).abs() <= 1e-5 * scale, "f32, {case}: {single} {want}");
        }
    }
}

#[test]
fn a_decay_of_some_parts_is_added_to_their_gradient_alone() {
    let mut seen = std::collections::HashSet::new();
    for case in cases("steps", 54) {
        let optimizer = optimizer(&case);
        seen.insert(optimizer.name());
        let decay = Decay { factor: 0.3, parts: [1..2, 3..4].into() };
        let (mut apart, mut added) = (START, START);
        let (mut one, mut other) = (Updater::new(optimizer).unwrap(), Updater::new(optimizer).unwrap());
        for step in 0..4 {
            let gradient = gradient(&case, step, &apart);
            one.step(&mut apart, &gradient, Some(&decay), 0.5).unwrap();
            let mut whole = gradient;
            [1, 3].into_iter().for_each(|i| whole[i] += 0.3 * added[i]);
            other.step(&mut added, &whole, None, 0.5).unwrap();
        }
        for (a, b) in apart.iter().zip(added) {
            assert!((a - b).abs() <= 1e-13, "{optimizer:?}: {a} {b}");
        }
    }
    assert_eq!(seen.len(), 8);
}

#[test]
fn the_factor_multiplies_the_learning_rate() {
    let rates = [(0.5, 0.2), (0.1, 1.0)];
    let make: [fn(f64) -> Optimizer; 8] = [
        Optimizer::gradient_descent,
        |rate| Optimizer::momentum(rate, 0.9),
        |rate| Optimizer::nesterov(rate, 0.9),
        Optimizer::ada_grad,
        Optimizer::rms_prop,
        Optimizer::adam,
        Optimizer::ams_grad,
        Optimizer::adam_w,
    ];
    for make in make {
        let ends = rates.map(|(rate, factor)| {
            let (mut theta, mut updater) = (START, Updater::new(make(rate)).unwrap());
            for _ in 0..3 {
                let slope = theta.map(|theta| theta - 0.5);
                updater.step(&mut theta, &slope, None, factor).unwrap();
            }
            theta
        });
        assert_ne!(ends[0], START);
        for (a, b) in ends[0].iter().zip(ends[1]) {
            assert!((a - b).abs() <= 1e-14, "{:?}: {a} {b}", make(0.1));
        }
    }
}

fn schedule(case: &Value) -> Schedule {
    let get = |key| number(&case["settings"], key);
    let step = || Schedule::Step { every: get("every") as usize, gamma: get("gamma") };
    let after = |then| Schedule::Warmup { steps: get("steps") as usize, start: get("start"), then };
    match case["schedule"].as_str().expect("a name") {
        "step" => step(),
        "exponential" => Schedule::Exponential { gamma: get("gamma") },
        "cosine" => Schedule::Cosine { least: get("least") },
        "one cycle" => Schedule::OneCycle { rise: get("rise"), start: get("start"), end: get("end") },
        "inverse scaling" => Schedule::InverseScaling { power: get("power") },
        "warm-up cosine" => after(Schedule::Cosine { least: 0.0 }.into()),
        "warm-up step" => after(step().into()),
        other => panic!("no schedule {other}"),
    }
}

#[test]
fn schedules_are_pytorchs() {
    for case in cases("schedules", 13) {
        let (schedule, want) = (schedule(&case), numbers(&case, "factors"));
        assert_eq!(want.len(), 12);
        for (step, want) in want.into_iter().enumerate() {
            let got = schedule.factor(step, 12);
            assert!((got - want).abs() <= 1e-14, "{case}, step {step}: {got} {want}");
        }
    }
}

#[test]
fn schedules_have_a_factor_from_0_to_1_for_every_number_of_steps() {
    for case in cases("schedules", 13) {
        for steps in 0..6 {
            for step in (0..8).chain([1_000_000]) {
                let factor = schedule(&case).factor(step, steps);
                assert!((0.0..=1.0).contains(&factor), "{case}, step {step} of {steps}: {factor}");
            }
        }
    }
    assert_eq!(Schedule::default().factor(usize::MAX, 0), 1.0);
    assert_eq!(Schedule::Cosine { least: 0.25 }.factor(9, 9), 0.25);
}

#[test]
fn plateaus_are_pytorchs() {
    for case in cases("plateaus", 4) {
        let get = |key| number(&case["settings"], key);
        let mut watch = Plateau {
            factor: get("factor"),
            patience: get("patience") as usize,
            threshold: get("threshold"),
            cooldown: get("cooldown") as usize,
            least: get("least"),
        }
        .watch();
        let want = numbers(&case, "factors");
        assert!(want.last() < Some(&1.0), "{case}");
        for (metric, want) in numbers(&case, "metrics").into_iter().zip(want) {
            let got = watch.observe(metric);
            assert!((got - want).abs() <= 1e-15, "{case}: {got} {want}");
            assert_eq!(got, watch.factor());
        }
    }
}

#[test]
fn clipping_is_pytorchs() {
    for case in cases("clips", 9) {
        let (bound, gradient) = (number(&case, "bound"), numbers(&case, "gradient"));
        for (clip, key) in [(Clip::Norm(bound), "by_norm"), (Clip::Value(bound), "by_value")] {
            let mut got = gradient.clone();
            let norm = clip.apply(&mut got).unwrap();
            assert!((norm - number(&case, "norm")).abs() <= 1e-15 * norm);
            for (got, want) in got.iter().zip(numbers(&case, key)) {
                assert!((got - want).abs() <= 1e-14 * want.abs(), "{case}: {got} {want}");
            }
        }
    }
}

#[test]
fn the_norm_of_a_gradient_in_f32_may_leave_the_range_of_its_squares() {
    let mut gradient = [3e25_f32, -4e25];
    let norm = Clip::Norm(5.0).apply(&mut gradient).unwrap();
    assert!((norm / 5e25 - 1.0).abs() < 1e-7);
    assert!((gradient[0] - 3.0).abs() < 1e-5 && (gradient[1] + 4.0).abs() < 1e-5, "{gradient:?}");
}

#[test]
fn a_gradient_that_is_not_finite_is_left_alone() {
    for clip in [Clip::Norm(1.0), Clip::Value(1.0)] {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut gradient = [bad, 5.0];
            assert!(!clip.apply(&mut gradient).unwrap().is_finite());
            assert_eq!((gradient[0].to_bits(), gradient[1]), (bad.to_bits(), 5.0));
        }
    }
}

#[test]
fn a_state_of_no_steps_is_none_and_one_that_does_not_fit_is_refused() {
    let adam = Optimizer::adam(0.1);
    let state = |steps, moments: &[&[f64]]| OptimizerState {
        steps,
        moments: moments.iter().map(|moment| moment.to_vec()).collect(),
    };
    assert_eq!(Updater::from_state(adam, state(0, &[])).unwrap(), Updater::new(adam).unwrap());
    for (state, got) in [
        (state(1, &[]), "[]"),
        (state(2, &[&[0.0]]), "[1]"),
        (state(2, &[&[0.0], &[0.0, 1.0]]), "[1, 2]"),
        (state(0, &[&[0.0], &[0.0], &[0.0]]), "[1, 1, 1]"),
    ] {
        let error = Updater::from_state(adam, state).unwrap_err().to_string();
        assert_eq!(error, format!("optimizer: wants 2 moments of one length for adam, got lengths {got}"));
    }
    // Of another network: nothing moves.
    let mut updater = Updater::from_state(adam, state(1, &[&[0.0; 2], &[0.0; 2]])).unwrap();
    let mut theta = [1.0; 3];
    let error = updater.step(&mut theta, &[1.0; 3], None, 1.0).unwrap_err().to_string();
    assert_eq!(error, "optimizer: wants as many numbers in every moment as there are parameters, 3, got 2");
    assert_eq!((theta, updater.state().steps), ([1.0; 3], 1));
    for ends in [[(2, 1), (2, 3)], [(0, 1), (1, 4)], [(1, 2), (0, 1)]] {
        let decay = Decay { factor: 1.0, parts: ends.map(|(start, end)| start..end).into() };
        let mut fresh = Updater::new(adam).unwrap();
        assert!(fresh.step(&mut theta, &[1.0; 3], Some(&decay), 1.0).is_err());
    }
    assert_eq!(theta, [1.0; 3]);
}
