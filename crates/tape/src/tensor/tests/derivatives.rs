//! First and second derivatives of every operation against differences, through broadcasting and repeated arguments.

use super::{filled, numbers};
use crate::{Error, Tape, Tensor, check};
use proptest::prelude::*;

type Function = fn(&[Tensor]) -> Result<Tensor, Error>;

/// Both orders agree with differences.
pub(super) fn confirm(name: &str, f: impl Fn(&[Tensor]) -> Result<Tensor, Error>, inputs: &[Tensor]) {
    let report = check::tensor_gradient(f, inputs).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(report.first < 1e-7, "{name}: {report:?}");
    assert!(
        report.second.unwrap_or_else(|| panic!("{name} can't be differentiated twice")) < 1e-6,
        "{name}: {report:?}"
    );
}

/// Numbers between a half and one and a half: inside every domain, off every kink.
pub(super) fn positive(shape: &[usize], seed: u64) -> Tensor {
    filled(shape, seed) * 0.5 + 1.0
}

#[test]
fn elementwise_operations_of_one_tensor() {
    let operations: [(&str, Function); 16] = [
        ("neg", |x| Ok(-&x[0])),
        ("recip", |x| Ok(x[0].recip())),
        ("sqrt", |x| Ok(x[0].sqrt())),
        ("abs", |x| Ok(x[0].abs())),
        ("exp", |x| Ok(x[0].exp())),
        ("exp_m1", |x| Ok(x[0].exp_m1())),
        ("ln", |x| Ok(x[0].ln())),
        ("ln_1p", |x| Ok(x[0].ln_1p())),
        ("sin", |x| Ok(x[0].sin())),
        ("cos", |x| Ok(x[0].cos())),
        ("tanh", |x| Ok(x[0].tanh())),
        ("sigmoid", |x| Ok(x[0].sigmoid())),
        ("softplus", |x| Ok(x[0].softplus())),
        ("powi", |x| Ok(x[0].powi(-3))),
        ("scale", |x| Ok(x[0].scale(-2.5))),
        ("shift", |x| Ok(x[0].shift(0.5))),
    ];
    for (name, f) in operations {
        for shape in [&[2, 3][..], &[], &[0, 2], &[1, 1, 4]] {
            confirm(name, f, &[positive(shape, 1)]);
        }
    }
}

#[test]
fn elementwise_operations_of_two_tensors_through_broadcasting() {
    let operations: [(&str, Function); 8] = [
        ("add", |x| x[0].add(&x[1])),
        ("sub", |x| x[0].sub(&x[1])),
        ("mul", |x| x[0].mul(&x[1])),
        ("div", |x| x[0].div(&x[1])),
        ("powf", |x| x[0].powf(&x[1])),
        ("max", |x| x[0].max(&x[1])),
        ("min", |x| x[0].min(&x[1])),
        ("mul_add", |x| x[0].mul_add(&x[1], &x[0])),
    ];
    let shapes: [[&[usize]; 2]; 9] = [
        [&[2, 3], &[2, 3]],
        [&[2, 3], &[3]],
        [&[3], &[2, 3]],
        [&[2, 1], &[1, 3]],
        [&[2, 1, 3], &[4, 1]],
        [&[2, 3], &[]],
        [&[1, 1], &[2, 3]],
        [&[0, 3], &[3]],
        [&[1], &[1, 1, 1]],
    ];
    for (name, f) in operations {
        for [a, b] in shapes {
            confirm(&format!("{name} of {a:?} and {b:?}"), f, &[positive(a, 1), positive(b, 2)]);
        }
    }
}

#[test]
fn a_step_and_a_gate() {
    let a = positive(&[2, 3], 1);
    confirm("gate", |x| x[0].gate(&x[1]), &[a.clone(), positive(&[3], 2)]);
    confirm("heaviside", |x| x[0].heaviside(&x[1])?.mul(&x[1]), &[a, positive(&[2, 1], 2)]);
}

#[test]
fn matrix_products_with_every_transposition() {
    let (a, b) = (filled(&[2, 3], 1), filled(&[3, 4], 2));
    confirm("A B", |x| x[0].matmul(&x[1]), &[a.clone(), b.clone()]);
    confirm("Aᵀ B", |x| x[0].t().matmul(&x[1]), &[a.transpose(), b.clone()]);
    confirm("A Bᵀ", |x| x[0].matmul(x[1].t()), &[a.clone(), b.transpose()]);
    confirm("Aᵀ Bᵀ", |x| x[0].t().matmul(x[1].t()), &[a.transpose(), b.transpose()]);
    confirm("empty inner axis", |x| x[0].matmul(&x[1]), &[filled(&[2, 0], 1), filled(&[0, 3], 1)]);
    confirm("empty rows", |x| x[0].matmul(&x[1]), &[filled(&[0, 2], 1), filled(&[2, 3], 1)]);
    confirm("one element", |x| x[0].matmul(&x[1]), &[filled(&[1, 1], 1), filled(&[1, 1], 2)]);
}

#[test]
fn sums_and_means() {
    let x = [filled(&[2, 3, 4], 1)];
    confirm("sum", |x| Ok(x[0].sum().powi(2)), &x);
    confirm("mean", |x| Ok(x[0].mean().powi(2)), &x);
    confirm("sum_of_squares", |x| Ok(x[0].sum_of_squares().sin()), &x);
    confirm("sum_of_squares of nothing", |x| Ok(x[0].sum_of_squares().sin()), &[filled(&[2, 0], 1)]);
    for axes in [&[0][..], &[1], &[2], &[0, 2], &[2, 1], &[0, 1, 2], &[]] {
        for keep in [false, true] {
            confirm("sum_axes", |x| Ok(x[0].sum_axes(axes, keep)?.powi(2)), &x);
            confirm("mean_axes", |x| Ok(x[0].mean_axes(axes, keep)?.sin()), &x);
        }
    }
    confirm("sum of nothing", |x| Ok(x[0].sum_axes(&[0], false)?.sin()), &[filled(&[0, 3], 1)]);
}

#[test]
fn operations_that_move_elements() {
    let x = [filled(&[2, 3], 1)];
    confirm("reshape", |x| Ok(x[0].reshape(&[3, 1, 2])?.sin()), &x);
    confirm("transpose", |x| x[0].transpose().powi(3).mul(&x[0].reshape(&[3, 2])?), &x);
    confirm(
        "permute",
        |x| x[0].permute(&[2, 0, 1])?.powi(2).mul(&x[0].permute(&[2, 0, 1])?),
        &[filled(&[2, 3, 4], 1)],
    );
    confirm("broadcast_to", |x| Ok(x[0].broadcast_to(&[4, 2, 3])?.sin()), &x);
    confirm(
        "broadcast_to along ones",
        |x| Ok(x[0].broadcast_to(&[2, 5, 3])?.powi(2)),
        &[filled(&[1, 5, 1], 1)],
    );
    confirm("slice", |x| Ok(x[0].slice(&[1..2, 0..2])?.exp()), &x);
    confirm("empty slice", |x| Ok(x[0].slice(&[1..1, 0..3])?.exp()), &x);
    confirm("overlapping slices", |x| x[0].slice(&[0..2, 0..2])?.mul(&x[0].slice(&[0..2, 1..3])?), &x);
    confirm(
        "concat",
        |x| Ok(Tensor::concat(&[&x[0], &x[1]], 1)?.powi(3)),
        &[filled(&[2, 3], 1), filled(&[2, 1], 2)],
    );
    confirm(
        "concat along 0",
        |x| Ok(Tensor::concat(&[&x[0], &x[1]], 0)?.powi(3)),
        &[filled(&[2, 3], 1), filled(&[0, 3], 2)],
    );
}

#[test]
fn elements_picked_and_put_by_their_places() {
    let (x, offsets) = ([filled(&[2, 3], 1)], || Box::new([0, 5, 0, 3]));
    confirm("pick", |x| Ok(x[0].pick(offsets(), crate::Shape::new(&[2, 2]))?.powi(3)), &x);
    confirm("put", |x| Ok(x[0].put(offsets(), crate::Shape::new(&[7]))?.powi(3)), &[filled(&[4], 2)]);
    confirm(
        "nothing picked",
        |x| Ok(x[0].pick(Box::new([]), crate::Shape::new(&[0, 2]))?.sin().sum() + x[0].sum()),
        &x,
    );
}

#[test]
fn repeated_arguments_add_up() {
    let x = [filled(&[2, 2], 1)];
    confirm("x * x", |x| Ok(&x[0] * &x[0]), &x);
    confirm("x / x", |x| Ok(&x[0] / &(&x[0] + 3.0)), &x);
    confirm("x xᵀ", |x| x[0].matmul(x[0].t()), &x);
    confirm("xᵀ x", |x| x[0].t().matmul(&x[0]), &x);
    confirm("x x", |x| x[0].matmul(&x[0]), &x);
    confirm("xᵀ xᵀ", |x| x[0].t().matmul(x[0].t()), &x);
    confirm("concat(x, x)", |x| Ok(Tensor::concat(&[&x[0], &x[0]], 1)?.sin()), &x);
    confirm("x with its own row", |x| x[0].mul(&x[0].slice(&[0..1, 0..2])?), &x);
    confirm("xˣ", |x| (&x[0] + 2.0).powf(&(&x[0] + 2.0)), &x);
    confirm(
        "fan-out",
        |x| Ok((0..5).fold(x[0].clone(), |sum, k| sum * &x[0] + x[0].scale(f64::from(k)).sin())),
        &x,
    );
}

#[test]
fn the_cross_entropy_by_logits_and_by_targets() {
    let logits = filled(&[2, 3], 1) * 4.0;
    let targets = filled(&[2, 3], 2) * 0.4 + 0.5;
    confirm("cross entropy", |x| x[0].sigmoid_cross_entropy(&x[1]), &[logits.clone(), targets.clone()]);
    confirm(
        "weighted",
        |x| Ok(x[0].sigmoid_cross_entropy(&x[1])?.powi(2)),
        &[logits.clone(), targets.clone()],
    );
    confirm(
        "through a layer",
        |x| x[0].matmul(&x[1])?.sigmoid_cross_entropy(&filled(&[2, 2], 3).powi(2)),
        &[logits, filled(&[3, 2], 5)],
    );
    // A straight line in the targets: differences are exact also at the ends.
    let extreme = Tensor::from_slice(&[1000.0, -1000.0, 0.0], &[3]).unwrap();
    let tape = Tape::begin();
    for target in [0.0, 0.3, 1.0] {
        let (z, t) = (tape.tensor(&extreme), tape.tensor(&Tensor::full(&[3], target)));
        let bar = tape.sweep(&z.sigmoid_cross_entropy(&t).unwrap()).unwrap();
        assert_eq!(bar.of(&z).unwrap().to_vec(), [1.0 - target, -target, 0.5 - target]);
        assert_eq!(bar.of(&t).unwrap().to_vec(), [-1000.0, 1000.0, 0.0]);
    }
}

#[test]
fn fused_layers_and_penalties() {
    // A layer of 2 units on 3 inputs that begins after 4 other parameters, with 1 after it.
    let inputs = [filled(&[5, 3], 1), filled(&[4 + 8 + 1], 2)];
    confirm("dense", |x| Ok(x[0].dense(&x[1], 4, 2)?.sin()), &inputs);
    confirm("dense_sigmoid", |x| x[0].dense_sigmoid(&x[1], 4, 2), &inputs);
    // Two layers and the penalty share one leaf; the first layer's cotangent meets a sum that is there already.
    confirm(
        "a network and its penalty on one leaf",
        |x| {
            let z = x[0].dense_sigmoid(&x[1], 0, 2)?.dense(&x[1], 8, 1)?;
            z.sin().sum().add_quadratic_penalty(0.3, &x[1], &[0..6, 8..10].into())
        },
        &inputs,
    );
    confirm(
        "overlapping parts count twice",
        |x| Ok(Tensor::scalar(0.5).add_quadratic_penalty(0.3, &x[0], &[0..4, 2..6].into())?.sin()),
        &[filled(&[7], 5)],
    );
    let (theta, bias) = (inputs[1].view(4, &[2, 3]).unwrap(), inputs[1].view(10, &[2]).unwrap());
    let plain = (inputs[0].matmul(theta.t()).unwrap() + &bias).sigmoid();
    let fused = inputs[0].dense_sigmoid(&inputs[1], 4, 2).unwrap();
    for (a, b) in fused.as_slice().iter().zip(plain.as_slice()) {
        approx::assert_relative_eq!(*a, *b, max_relative = 1e-14);
    }
    let short = inputs[0].dense(&inputs[1], 6, 2).unwrap_err();
    assert_eq!(
        short.to_string(),
        "dense: parameters must reach from 6 over 2 rows of 3 weights and 2 biases, got [5, 3] and [13]"
    );
    let past = Tensor::scalar(0.0).add_quadratic_penalty(1.0, &inputs[1], &[0..1, 9..14].into()).unwrap_err();
    assert!(past.to_string().contains("that hold the parts [0..1, 9..14], got [] and [13]"), "{past}");
    assert!(inputs[0].dense(&inputs[1], usize::MAX, 2).is_err());
}

#[test]
fn a_network_from_primitives_and_from_fused_operations_has_one_gradient() {
    let inputs = [filled(&[5, 3], 1), filled(&[2, 3], 2), filled(&[2], 3)];
    let targets = filled(&[5, 2], 4).powi(2);
    let logits = |x: &[Tensor]| Ok::<_, Error>(x[0].matmul(x[1].t())? + &x[2]);
    let plain = |x: &[Tensor]| {
        let h = logits(x)?.sigmoid();
        Ok(-(&targets * h.ln() + (1.0 - &targets) * (1.0 - h).ln()).sum())
    };
    let fused = |x: &[Tensor]| logits(x)?.sigmoid_cross_entropy(&targets);
    confirm("from primitives", plain, &inputs);
    confirm("fused", fused, &inputs);
    let gradient = |f: &dyn Fn(&[Tensor]) -> Result<Tensor, Error>| {
        let tape = Tape::begin();
        let x: Vec<Tensor> = inputs.iter().map(|x| tape.tensor(x)).collect();
        let bar = tape.sweep(&f(&x).unwrap()).unwrap();
        x.iter().flat_map(|x| bar.of(x).unwrap().to_vec()).collect::<Vec<_>>()
    };
    for (a, b) in gradient(&plain).into_iter().zip(gradient(&fused)) {
        approx::assert_relative_eq!(a, b, max_relative = 1e-12, epsilon = 1e-14);
    }
}

#[test]
fn third_derivatives_come_from_sweeping_what_was_recorded_twice() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::scalar(0.7));
    let mut y = x.sin();
    for want in [0.7_f64.cos(), -0.7_f64.sin(), -0.7_f64.cos(), 0.7_f64.sin()] {
        y = tape.sweep_recorded(&y).unwrap().of(&x).unwrap();
        approx::assert_relative_eq!(y.item().unwrap(), want, max_relative = 1e-15);
    }
}

/// One step of a random program: what to do with which earlier tensors.
fn step(pool: &[Tensor], (what, i, j): (u8, usize, usize)) -> Tensor {
    let (a, b) = (&pool[i % pool.len()], &pool[j % pool.len()]);
    let matrix = a.shape().len() == 2;
    let tried = match what % 16 {
        0 => a.add(b),
        1 => a.sub(b),
        2 => a.mul(b),
        3 => a.div(&(b.powi(2) + 1.0)),
        4 => a.matmul(b),
        5 => a.matmul(b.t()),
        6 => a.t().matmul(b),
        7 => a.t().matmul(b.t()),
        8 if matrix => a.sum_axes(&[0], true),
        9 if matrix => a.mean_axes(&[1], false),
        10 if matrix => Ok(a.transpose()),
        11 if matrix => a.slice(&[0..1, 0..a.shape()[1]]),
        12 if matrix => Tensor::concat(&[a, a], 1),
        13 => a.reshape(&[a.len(), 1]),
        14 => Ok(a.sigmoid() * a.softplus()),
        _ => Ok(a.sin()),
    };
    // Shapes that do not fit make another step instead; bounded, so that differences stay good.
    tried.ok().filter(|y| y.len() <= 40).unwrap_or_else(|| a.cos()).tanh()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_programs_have_the_derivatives_that_differences_say(
        steps in prop::collection::vec((any::<u8>(), 0_usize..16, 0_usize..16), 1..14), seed in 0_u64..1000
    ) {
        let f = |x: &[Tensor]| {
            let mut pool = x.to_vec();
            for &what in &steps {
                pool.push(step(&pool, what));
            }
            Ok(pool.iter().map(Tensor::sum).fold(Tensor::scalar(0.0), |sum, term| sum + term))
        };
        let inputs = [filled(&[2, 3], seed), filled(&[3, 2], seed + 1), filled(&[2], seed + 2), filled(&[], seed + 3)];
        let report = check::tensor_gradient(f, &inputs).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(report.second.is_some());
    }
}

#[test]
fn an_f32_gradient_is_the_f64_one_rounded() {
    let (x, w) = (numbers(12, 1), numbers(8, 2));
    let tape = Tape::begin();
    let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<_>>();
    let a = tape.tensor(&Tensor::from_vec(narrow(&x), &[3, 4]).unwrap());
    let b = tape.tensor(&Tensor::from_vec(narrow(&w), &[4, 2]).unwrap());
    let single = tape.sweep(&a.matmul(&b).unwrap().sigmoid().sum()).unwrap();
    let (c, d) = (
        tape.tensor(&Tensor::from_vec(x, &[3, 4]).unwrap()),
        tape.tensor(&Tensor::from_vec(w, &[4, 2]).unwrap()),
    );
    let double = tape.sweep(&c.matmul(&d).unwrap().sigmoid().sum()).unwrap();
    let pairs =
        [(single.of(&a).unwrap(), double.of(&c).unwrap()), (single.of(&b).unwrap(), double.of(&d).unwrap())];
    for (single, double) in pairs {
        for (&single, &double) in single.as_slice().iter().zip(double.as_slice()) {
            assert!((f64::from(single) - double).abs() < 1e-6, "{single} and {double}");
        }
    }
}
