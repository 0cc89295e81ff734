//! Softmax, its logarithm, log-sum-exp and the losses: values against the plain formulas where these are safe, and where
//! they are not, at ±∞ and far out.

use super::derivatives::{confirm, positive};
use super::{filled, indices, shown};
use crate::{Tape, Tensor};

const INF: f64 = f64::INFINITY;

#[test]
fn softmax_and_its_logarithm_are_shares_of_exponentials_along_any_axis() {
    for shape in [&[2, 3, 4][..], &[5], &[3, 18], &[40, 2], &[2, 1, 2], &[3, 0], &[0, 3], &[1, 70]] {
        let x = filled(shape, 1) * 3.0;
        for axis in 0..shape.len() {
            let (shares, logarithms) = (x.softmax(axis).unwrap(), x.log_softmax(axis).unwrap());
            assert_eq!((shares.shape(), logarithms.shape()), (shape, shape));
            for index in indices(shape) {
                let mut other = index.clone();
                let total: f64 = (0..shape[axis])
                    .map(|k| {
                        other[axis] = k;
                        shown(&x, &other).exp()
                    })
                    .sum();
                let want = shown(&x, &index).exp() / total;
                assert!((shown(&shares, &index) / want - 1.0).abs() < 1e-14);
                assert!((shown(&logarithms, &index) - want.ln()).abs() < 1e-14);
            }
        }
    }
}

#[test]
fn derivatives_of_softmax_are_those_of_differences() {
    for shape in [&[2, 3, 4][..], &[5], &[1, 3], &[3, 18], &[3, 0], &[0, 3]] {
        for axis in 0..shape.len() {
            let x = [filled(shape, 4)];
            confirm("softmax", |x| Ok(x[0].softmax(axis)?.sin()), &x);
            confirm("softmax with itself", |x| x[0].softmax(axis)?.mul(&x[0]), &x);
            confirm("log_softmax", |x| Ok(x[0].log_softmax(axis)?.sin()), &x);
            confirm("log_softmax with itself", |x| x[0].log_softmax(axis)?.mul(&x[0]), &x);
            confirm("log_sum_exp", |x| Ok(x[0].log_sum_exp_axes(&[axis], true)?.powi(2)), &x);
        }
    }
    let both = [filled(&[2, 3], 1), filled(&[3], 2)];
    confirm("broadcast into a softmax", |x| Ok(x[0].add(&x[1])?.softmax(1)?.powi(2)), &both);
    confirm(
        "over several axes",
        |x| Ok(x[0].log_sum_exp_axes(&[0, 2], false)?.sin()),
        &[filled(&[2, 3, 2], 3)],
    );
}

#[test]
fn nothing_overflows_at_any_finite_logit() {
    let x = Tensor::from_slice(&[1e308, 1e308, -1e308], &[3]).unwrap();
    assert_eq!(x.softmax(0).unwrap().to_vec(), [0.5, 0.5, 0.0]);
    assert_eq!(x.log_sum_exp().item(), Ok(1e308));
    let y = x.log_softmax(0).unwrap().to_vec();
    assert_eq!(y[..2], [-(2.0_f64.ln()); 2]);
    assert_eq!(y[2], -INF, "-2e308 is beyond the range");
    let single = Tensor::from_slice(&[3e38_f32, -3e38], &[2]).unwrap();
    assert_eq!(single.softmax(0).unwrap().to_vec(), [1.0, 0.0]);
}

#[test]
fn a_row_of_minus_infinity_has_no_shares_and_no_gradient() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[-INF, -INF, 0.0, -INF], &[2, 2]).unwrap());
    let total = x.log_sum_exp_axes(&[1], false).unwrap();
    assert_eq!(total.to_vec(), [-INF, 0.0]);
    assert_eq!(tape.sweep(&total.sum()).unwrap().of(&x).unwrap().to_vec(), [0.0, 0.0, 1.0, 0.0]);
    let shares = x.softmax(1).unwrap();
    assert_eq!(shares.to_vec(), [0.0, 0.0, 1.0, 0.0]);
    let seed = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2]).unwrap();
    assert_eq!(tape.sweep_with(&shares, seed.clone()).unwrap().of(&x).unwrap().to_vec(), [0.0; 4]);
    let logarithms = x.log_softmax(1).unwrap();
    assert_eq!(logarithms.to_vec(), [-INF, -INF, 0.0, -INF]);
    let bar = tape.sweep_with(&logarithms, seed.clone()).unwrap().of(&x).unwrap();
    assert_eq!(bar.to_vec(), [1.0, 2.0, 3.0 - 7.0, 4.0]);
    // Twice, too.
    for y in [&total, &shares, &logarithms] {
        let first = tape.sweep_recorded_with(y, Tensor::full(y.shape(), 1.0)).unwrap().of(&x).unwrap();
        let second = tape.sweep(&(&first * &seed).sum()).unwrap().of(&x).unwrap();
        assert!(second.as_slice().iter().all(|x| *x == 0.0), "{second:?}");
    }
    // Whole columns, where the rows are walked abreast.
    let x = tape.tensor(&Tensor::from_slice(&[-INF, 1.0, -INF, -INF], &[2, 2]).unwrap());
    assert_eq!(x.softmax(0).unwrap().to_vec(), [0.0, 1.0, 0.0, 0.0]);
    assert_eq!(x.log_sum_exp_axes(&[0], false).unwrap().to_vec(), [-INF, 1.0]);
}

#[test]
fn infinite_logits_have_equal_shares() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[INF, 1.0, INF, -INF], &[4]).unwrap());
    let y = x.log_sum_exp();
    assert_eq!(y.item(), Ok(INF));
    assert_eq!(tape.sweep(&y).unwrap().of(&x).unwrap().to_vec(), [0.5, 0.0, 0.5, 0.0]);
    assert_eq!(x.softmax(0).unwrap().to_vec(), [0.5, 0.0, 0.5, 0.0]);
    let logarithms = x.log_softmax(0).unwrap().to_vec();
    assert_eq!(logarithms, [-(2.0_f64.ln()), -INF, -(2.0_f64.ln()), -INF]);
    let nan = Tensor::from_slice(&[0.0, f64::NAN, 1.0, 2.0], &[2, 2]).unwrap().softmax(1).unwrap().to_vec();
    assert!(nan[0].is_nan() && nan[1].is_nan() && !nan[2].is_nan(), "only the row with the NaN: {nan:?}");
}

#[test]
fn tails_are_not_lost() {
    let x = Tensor::from_slice(&[0.0, -40.0, -41.0], &[3]).unwrap();
    let tail = (-40.0_f64).exp() + (-41.0_f64).exp();
    assert!((x.log_sum_exp().item().unwrap() / tail - 1.0).abs() < 1e-15);
    assert!((x.log_softmax(0).unwrap().as_slice()[0] / -tail - 1.0).abs() < 1e-15);
    let columns = Tensor::from_slice(&[-40.0, 1.0, 0.0, 1.0, -41.0, 1.0], &[3, 2]).unwrap();
    let y = columns.log_softmax(0).unwrap();
    assert!((y.as_slice()[2] / -tail - 1.0).abs() < 1e-15);
    assert!((y.as_slice()[3] + 3.0_f64.ln()).abs() < 1e-15);
    // Two that tie are not a greatest and a rest.
    let near = Tensor::from_slice(&[2.0, 2.0 - 1e-15], &[2]).unwrap();
    assert!((near.log_sum_exp().item().unwrap() - 2.0 - 2.0_f64.ln()).abs() < 1e-15);
}

#[test]
fn the_gradient_of_log_sum_exp_sums_to_one_however_far_out() {
    let tape = Tape::begin();
    let x = tape.tensor(&(filled(&[50], 1) + 1e6));
    let bar = tape.sweep(&x.log_sum_exp()).unwrap().of(&x).unwrap();
    assert!((bar.sum().item().unwrap() - 1.0).abs() < 1e-15);
}

#[test]
fn the_cross_entropy_of_classes_is_the_mean_of_minus_the_logarithms_of_their_shares() {
    let z = filled(&[4, 3], 1) * 5.0;
    let classes = [2, 0, 0, 1];
    let shares = z.softmax(1).unwrap();
    let want = -(0..4).map(|row| shown(&shares, &[row, classes[row]]).ln()).sum::<f64>() / 4.0;
    let got = z.cross_entropy_logits(&classes).unwrap().item().unwrap();
    assert!((got / want - 1.0).abs() < 1e-14);
    let certain = Tensor::from_vec(
        indices(&[4, 3]).iter().map(|i| f64::from(classes[i[0]] == i[1])).collect(),
        &[4, 3],
    );
    let soft = z.soft_cross_entropy_logits(&certain.unwrap()).unwrap().item().unwrap();
    assert!((soft / want - 1.0).abs() < 1e-14);
    let blocks = z.reshape(&[2, 2, 3]).unwrap().cross_entropy_logits(&classes).unwrap().item().unwrap();
    assert_eq!(blocks, got, "rows lie along the last axis, whatever the rank");
    let row = Tensor::from_slice(&[0.0, 0.0], &[2]).unwrap();
    assert_eq!(row.cross_entropy_logits(&[1]).unwrap().item(), Ok(2.0_f64.ln()));
    assert!(z.along(0, 0..0).unwrap().cross_entropy_logits(&[]).unwrap().item().unwrap().is_nan());
}

#[test]
fn derivatives_of_losses_are_those_of_differences() {
    let z = filled(&[4, 3], 1) * 3.0;
    let t = positive(&[4, 3], 2) * 0.5;
    confirm("classes", |x| Ok(x[0].cross_entropy_logits(&[2, 0, 0, 1])?.sin()), std::slice::from_ref(&z));
    confirm("probabilities", |x| Ok(x[0].soft_cross_entropy_logits(&x[1])?.sin()), &[z.clone(), t.clone()]);
    confirm(
        "probabilities of themselves",
        |x| x[0].soft_cross_entropy_logits(&x[0].softmax(1)?),
        std::slice::from_ref(&z),
    );
    confirm(
        "through a layer",
        |x| x[0].matmul(&x[1])?.cross_entropy_logits(&[0, 1, 1, 0]),
        &[z.clone(), filled(&[3, 2], 3)],
    );
    confirm("mse", |x| Ok(x[0].mse(&x[1])?.sin()), &[z.clone(), t.clone()]);
    confirm("mse of itself and its sine", |x| x[0].mse(&x[0].sin()), std::slice::from_ref(&z));
    for delta in [0.3, 1.0, 100.0] {
        confirm("huber", |x| Ok(x[0].huber(&x[1], delta)?.sin()), &[z.clone(), t.clone()]);
    }
    confirm("one row", |x| x[0].cross_entropy_logits(&[3]), &[filled(&[5], 4)]);
    confirm(
        "one class",
        |x| Ok(x[0].cross_entropy_logits(&[0, 0])? + x[0].sum().sin()),
        &[filled(&[2, 1], 4)],
    );
}

#[test]
fn losses_are_finite_where_classes_are_ruled_out() {
    let tape = Tape::begin();
    let z = tape.tensor(&Tensor::from_slice(&[0.0, -INF, 0.0], &[1, 3]).unwrap());
    let y = z.cross_entropy_logits(&[2]).unwrap();
    assert_eq!(y.item(), Ok(2.0_f64.ln()));
    assert_eq!(tape.sweep(&y).unwrap().of(&z).unwrap().to_vec(), [0.5, 0.0, -0.5]);
    let t = tape.tensor(&Tensor::from_slice(&[0.25, 0.0, 0.75], &[1, 3]).unwrap());
    let y = z.soft_cross_entropy_logits(&t).unwrap();
    assert_eq!(y.item(), Ok(2.0_f64.ln()));
    let bar = tape.sweep(&y).unwrap();
    assert_eq!(bar.of(&z).unwrap().to_vec(), [0.25, 0.0, -0.25]);
    assert_eq!(bar.of(&t).unwrap().to_vec(), [2.0_f64.ln(), INF, 2.0_f64.ln()]);
    let nothing = tape.sweep_with(&y, Tensor::scalar(0.0)).unwrap();
    assert_eq!(nothing.of(&t).unwrap().to_vec(), [0.0; 3]);
    // Certain of the wrong class at a finite logit.
    let z = Tensor::from_slice(&[1000.0_f32, 0.0], &[1, 2]).unwrap();
    assert_eq!(z.cross_entropy_logits(&[1]).unwrap().item(), Ok(1000.0));
    assert_eq!(z.cross_entropy_logits(&[0]).unwrap().item(), Ok(0.0));
}

#[test]
fn losses_say_what_does_not_fit() {
    let z = filled(&[2, 3], 1);
    let other = filled(&[3], 1);
    for (error, want) in [
        (z.cross_entropy_logits(&[0]), "cross_entropy_logits: wants a class for each row of [2, 3], got 1"),
        (z.cross_entropy_logits(&[0, 3]), "cross_entropy_logits: wants classes below 3, got 3"),
        (
            Tensor::scalar(1.0).cross_entropy_logits(&[0]),
            "cross_entropy_logits: wants logits with an axis of classes, got []",
        ),
        (
            z.soft_cross_entropy_logits(&other),
            "soft_cross_entropy_logits: logits and targets must have one shape, got [2, 3] and [3]",
        ),
        (
            z.soft_cross_entropy_logits(&(&z * 0.0 - 0.5)),
            "soft_cross_entropy_logits: targets must lie in [0, 1], there is a -0.5 among those of shape, got [2, 3]",
        ),
        (z.mse(&other), "mse: values and targets must have one shape, got [2, 3] and [3]"),
        (z.huber(&other, 1.0), "huber: values and targets must have one shape, got [2, 3] and [3]"),
        (z.huber(&z, 0.0), "huber: wants a delta greater than 0, got 0"),
        (z.softmax(2), "softmax: wants axes below 2 for shape [2, 3], got 2"),
        (z.log_softmax(7), "log_softmax: wants axes below 2 for shape [2, 3], got 7"),
        (z.log_sum_exp_axes(&[1, 1], false), "log_sum_exp_axes: wants each axis once, got 1"),
    ] {
        assert_eq!(error.unwrap_err().to_string(), want);
    }
}

#[test]
fn huber_is_a_parabola_inside_and_a_line_outside() {
    let r = Tensor::from_slice(&[0.0, 0.5, -1.0, 3.0, -3.0, INF], &[6]).unwrap();
    let tape = Tape::begin();
    let x = tape.tensor(&r);
    for (k, want, slope) in
        [(0, 0.0, 0.0), (1, 0.125, 0.5), (2, 0.5, -1.0), (3, 2.5, 1.0), (4, 2.5, -1.0), (5, INF, 1.0)]
    {
        let y = x.along(0, k..k + 1).unwrap().huber(&Tensor::zeros(&[1]), 1.0).unwrap();
        assert_eq!(y.item(), Ok(want));
        assert_eq!(tape.sweep(&y).unwrap().of(&x).unwrap().as_slice()[k], slope);
    }
}

#[test]
fn a_wide_single_softmax_is_the_double_one_rounded() {
    let wide = filled(&[3, 1000], 5) * 20.0;
    let narrow = Tensor::from_vec(wide.as_slice().iter().map(|&x| x as f32).collect(), &[3, 1000]).unwrap();
    let wide =
        Tensor::from_vec(narrow.as_slice().iter().map(|&x| f64::from(x)).collect(), &[3, 1000]).unwrap();
    for (narrow, wide) in [
        (narrow.softmax(1).unwrap(), wide.softmax(1).unwrap()),
        (narrow.log_softmax(1).unwrap(), wide.log_softmax(1).unwrap()),
        (narrow.softmax(0).unwrap(), wide.softmax(0).unwrap()),
    ] {
        for (&narrow, &wide) in narrow.as_slice().iter().zip(wide.as_slice()) {
            assert!((f64::from(narrow) - wide).abs() <= 1e-6 * wide.abs().max(1e-6), "{narrow} and {wide}");
        }
    }
}
