//! Products, extremes, moments, norms and scans: values against loops over groups, derivatives against differences, and
//! zeros, ties, kinks, infinities and nothing at all.

use super::derivatives::{confirm, positive};
use super::{filled, indices, numbers, shown};
use crate::{Error, Tape, Tensor};

type Reduction = fn(&Tensor, &[usize], bool) -> Result<Tensor, Error>;
type Naive = fn(&[f64]) -> f64;

/// The elements of each group, in the order of what is left of the index without these axes.
fn groups(x: &Tensor, axes: &[usize]) -> Vec<Vec<f64>> {
    let pick = |wanted: bool| -> Vec<usize> {
        (0..x.shape().len()).filter(|axis| axes.contains(axis) == wanted).collect()
    };
    let (within, left) = (pick(true), pick(false));
    let lengths = |axes: &[usize]| axes.iter().map(|&axis| x.shape()[axis]).collect::<Vec<_>>();
    let element = |outer: &[usize], inner: &[usize]| {
        let mut index = vec![0; x.shape().len()];
        left.iter().zip(outer).for_each(|(&axis, &i)| index[axis] = i);
        within.iter().zip(inner).for_each(|(&axis, &i)| index[axis] = i);
        shown(x, &index)
    };
    let group = |outer: Vec<usize>| indices(&lengths(&within)).iter().map(|i| element(&outer, i)).collect();
    indices(&lengths(&left)).into_iter().map(group).collect()
}

/// Σ (x - mean)² by the differences of all pairs, which need no mean.
fn variance(x: &[f64], ddof: usize) -> f64 {
    let pairs = x.iter().flat_map(|a| x.iter().map(move |b| (a - b).powi(2)));
    pairs.sum::<f64>() / 2.0 / x.len() as f64 / (x.len() - ddof) as f64
}

fn same_up_to_rounding(what: &str, got: &Tensor, want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (&got, &want) in got.as_slice().iter().zip(want) {
        assert!((got - want).abs() <= 1e-13 * want.abs().max(1.0), "{what}: {got}, wants {want}");
    }
}

#[test]
fn reductions_over_any_axes_are_those_of_loops_over_groups() {
    let reductions: [(&str, Reduction, Naive); 11] = [
        ("prod", |x, axes, keep| x.prod_axes(axes, keep), |x| x.iter().product()),
        ("max", |x, axes, keep| x.max_axes(axes, keep), |x| x.iter().copied().fold(f64::MIN, f64::max)),
        ("min", |x, axes, keep| x.min_axes(axes, keep), |x| x.iter().copied().fold(f64::MAX, f64::min)),
        ("var 0", |x, axes, keep| x.var_axes(axes, 0, keep), |x| variance(x, 0)),
        (
            "var 1",
            |x, axes, keep| x.var_axes(axes, 1, keep),
            |x| if x.len() > 1 { variance(x, 1) } else { 0.0 },
        ),
        ("std 0", |x, axes, keep| x.std_axes(axes, 0, keep), |x| variance(x, 0).sqrt()),
        ("norm 1", |x, axes, keep| x.norm_axes(1.0, axes, keep), |x| x.iter().map(|x| x.abs()).sum()),
        (
            "norm 2",
            |x, axes, keep| x.norm_axes(2.0, axes, keep),
            |x| x.iter().map(|x| x * x).sum::<f64>().sqrt(),
        ),
        (
            "norm 3",
            |x, axes, keep| x.norm_axes(3.0, axes, keep),
            |x| x.iter().map(|x| x.abs().powi(3)).sum::<f64>().cbrt(),
        ),
        (
            "norm ∞",
            |x, axes, keep| x.norm_axes(f64::INFINITY, axes, keep),
            |x| x.iter().fold(0.0, |most, x| most.max(x.abs())),
        ),
        (
            "log_sum_exp",
            |x, axes, keep| x.log_sum_exp_axes(axes, keep),
            |x| x.iter().map(|x| x.exp()).sum::<f64>().ln(),
        ),
    ];
    // Wide enough that neighbouring groups do not all fit abreast.
    for shape in [&[2, 3, 4][..], &[3, 1, 2], &[5], &[2, 2, 3, 2], &[3, 19], &[19, 3], &[37]] {
        let x = filled(shape, 1);
        for subset in 0..1_usize << shape.len() {
            let axes: Vec<usize> = (0..shape.len()).filter(|axis| subset >> axis & 1 == 1).rev().collect();
            for (name, reduce, naive) in reductions {
                let want: Vec<f64> = groups(&x, &axes).iter().map(|group| naive(group)).collect();
                if name == "var 1" && groups(&x, &axes)[0].len() == 1 {
                    assert!(reduce(&x, &axes, false).unwrap().as_slice().iter().all(|y| y.is_nan()));
                    continue;
                }
                let what = format!("{name} of {shape:?} over {axes:?}");
                let (dropped, kept) = (reduce(&x, &axes, false).unwrap(), reduce(&x, &axes, true).unwrap());
                same_up_to_rounding(&what, &dropped, &want);
                assert_eq!(dropped.to_vec(), kept.to_vec(), "{what}");
                let ones = (0..shape.len()).map(|axis| if axes.contains(&axis) { 1 } else { shape[axis] });
                assert_eq!(kept.shape(), ones.collect::<Vec<_>>(), "{what}");
                let left = (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]);
                assert_eq!(dropped.shape(), left.collect::<Vec<_>>(), "{what}");
            }
        }
    }
}

#[test]
fn what_is_taken_of_all_elements_is_what_is_taken_over_all_axes() {
    let x = filled(&[2, 3, 2], 1);
    let all = [0, 1, 2];
    assert_eq!(x.prod(), x.prod_axes(&all, false).unwrap());
    assert_eq!(x.max_all().unwrap(), x.max_axes(&all, false).unwrap());
    assert_eq!(x.min_all().unwrap(), x.min_axes(&all, false).unwrap());
    assert_eq!(x.var(1), x.var_axes(&all, 1, false).unwrap());
    assert_eq!(x.std(0), x.std_axes(&all, 0, false).unwrap());
    assert_eq!(x.norm(2.5).unwrap(), x.norm_axes(2.5, &all, false).unwrap());
    assert_eq!(x.log_sum_exp(), x.log_sum_exp_axes(&all, false).unwrap());
    assert_eq!(Tensor::scalar(-3.0).norm(2.0).unwrap(), Tensor::scalar(3.0));
    assert_eq!(Tensor::scalar(-3.0).prod(), Tensor::scalar(-3.0));
}

#[test]
fn derivatives_of_reductions_are_those_of_differences() {
    let reductions: [(&str, Reduction); 11] = [
        ("prod", |x, axes, keep| x.prod_axes(axes, keep)),
        ("max", |x, axes, keep| x.max_axes(axes, keep)),
        ("min", |x, axes, keep| x.min_axes(axes, keep)),
        ("var", |x, axes, keep| x.var_axes(axes, 0, keep)),
        ("std", |x, axes, keep| (x * x).std_axes(axes, 0, keep)),
        ("norm 1", |x, axes, keep| x.norm_axes(1.0, axes, keep)),
        ("norm 2", |x, axes, keep| x.norm_axes(2.0, axes, keep)),
        ("norm 3", |x, axes, keep| x.norm_axes(3.0, axes, keep)),
        ("norm 1.5", |x, axes, keep| x.norm_axes(1.5, axes, keep)),
        ("norm ∞", |x, axes, keep| x.norm_axes(f64::INFINITY, axes, keep)),
        ("log_sum_exp", |x, axes, keep| x.log_sum_exp_axes(axes, keep)),
    ];
    let cases: [(&[usize], &[usize]); 10] = [
        (&[2, 3, 4], &[0]),
        (&[2, 3, 4], &[1]),
        (&[2, 3, 4], &[2]),
        (&[2, 3, 4], &[0, 2]),
        (&[2, 3, 4], &[0, 1, 2]),
        (&[3, 1], &[0]),
        (&[5], &[0]),
        (&[3, 0], &[0]),
        (&[3, 18], &[0]),
        (&[], &[]),
    ];
    for (name, reduce) in reductions {
        for (shape, axes) in cases {
            let smooth = |x: &[Tensor]| Ok(reduce(&x[0], axes, false)?.sin());
            if name == "std" && groups(&positive(shape, 1), axes).iter().any(|group| group.len() == 1) {
                continue; // A kink; see below.
            }
            confirm(&format!("{name} of {shape:?} over {axes:?}"), smooth, &[positive(shape, 1)]);
        }
        // The result meets its argument again, and is repeated.
        confirm(name, |x| x[0].mul(&reduce(&x[0], &[1], true)?), &[positive(&[3, 4], 2)]);
    }
}

#[test]
fn products_are_right_with_any_number_of_zeros_at_both_orders() {
    let of = |x: &[f64]| [Tensor::from_slice(x, &[x.len()]).unwrap()];
    for x in [
        of(&[2.0, 3.0, -1.5, 0.5]),
        of(&[2.0, 0.0, -1.5, 0.5]),
        of(&[0.0, 3.0, 0.0, 0.5]),
        of(&[0.0, 0.0, 2.0, 0.0]),
        of(&[0.0; 4]),
        of(&[0.0]),
        of(&[3.0]),
        of(&[0.0, -2.0]),
    ] {
        let shown = format!("{x:?}");
        confirm(&shown, |x| Ok(x[0].prod()), &x);
        confirm(&shown, |x| Ok(x[0].prod().exp()), &x);
        confirm(&shown, |x| x[0].cumprod(0), &x);
        confirm(&shown, |x| Ok(x[0].cumprod(0)?.exp()), &x);
    }
    // Two zeros: the gradient is zero, its derivative is not.
    let tape = Tape::begin();
    let x = tape.tensor(&of(&[0.0, 5.0, 0.0])[0]);
    let first = tape.sweep_recorded(&x.prod()).unwrap().of(&x).unwrap();
    assert_eq!(first.to_vec(), [0.0; 3]);
    let second = tape.sweep(&first.along(0, 0..1).unwrap()).unwrap().of(&x).unwrap();
    assert_eq!(second.to_vec(), [0.0, 0.0, 5.0]);
    // And a third.
    let cube = tape.tensor(&of(&[0.0, 0.0, 0.0])[0]);
    let mut y = cube.prod();
    for k in 0..3 {
        y = tape.sweep_recorded(&y).unwrap().of(&cube).unwrap().along(0, k..k + 1).unwrap();
    }
    assert_eq!(y.to_vec(), [1.0]);
}

#[test]
fn an_infinite_factor_makes_no_nan_of_a_cotangent_that_is_zero() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[2.0, 3.0, f64::INFINITY, 1.0], &[2, 2]).unwrap());
    let seed = Tensor::from_slice(&[1.0, 0.0], &[2]).unwrap();
    let bar = tape.sweep_with(&x.prod_axes(&[1], false).unwrap(), seed).unwrap();
    assert_eq!(bar.of(&x).unwrap().to_vec(), [3.0, 2.0, 0.0, 0.0]);
    let x = tape.tensor(&Tensor::from_slice(&[2.0, 0.0, f64::INFINITY], &[3]).unwrap());
    let bar = tape.sweep(&x.cumprod(0).unwrap().along(0, 0..2).unwrap().sum()).unwrap();
    assert_eq!(bar.of(&x).unwrap().to_vec(), [1.0, 2.0, 0.0]);
}

#[test]
fn those_that_tie_get_equal_shares_of_the_cotangent() {
    let tape = Tape::begin();
    let x = tape.tensor(
        &Tensor::from_slice(&[3.0, 1.0, 3.0, 0.0, 2.0, 2.0, 2.0, 2.0, 5.0, 4.0, 4.0, 4.0], &[3, 4]).unwrap(),
    );
    let seed = Tensor::from_slice(&[1.0, 10.0, 100.0], &[3]).unwrap();
    let greatest = x.max_axes(&[1], false).unwrap();
    assert_eq!(greatest.to_vec(), [3.0, 2.0, 5.0]);
    assert_eq!(
        tape.sweep_with(&greatest, seed.clone()).unwrap().of(&x).unwrap().to_vec(),
        [0.5, 0.0, 0.5, 0.0, 2.5, 2.5, 2.5, 2.5, 100.0, 0.0, 0.0, 0.0]
    );
    let least = x.min_axes(&[1], false).unwrap();
    let third = 100.0 * (1.0 / 3.0);
    assert_eq!(
        tape.sweep_with(&least, seed).unwrap().of(&x).unwrap().to_vec(),
        [0.0, 0.0, 0.0, 1.0, 2.5, 2.5, 2.5, 2.5, 0.0, third, third, third]
    );
    // As the elementwise maximum of two.
    let (a, b) = (tape.tensor(&Tensor::scalar(7.0)), tape.tensor(&Tensor::scalar(7.0)));
    let pair = Tensor::concat(&[&a.reshape(&[1]).unwrap(), &b.reshape(&[1]).unwrap()], 0).unwrap();
    let (one, other) = (tape.sweep(&a.max(&b).unwrap()), tape.sweep(&pair.max_all().unwrap()));
    assert_eq!(one.unwrap().of(&a).unwrap(), other.unwrap().of(&a).unwrap());
    // Three infinities, and along the first axis.
    let inf = f64::INFINITY;
    let x = tape.tensor(&Tensor::from_slice(&[inf, 1.0, inf, 1.0, inf, 2.0], &[3, 2]).unwrap());
    let bar = tape.sweep(&x.max_axes(&[0], true).unwrap().sum()).unwrap().of(&x).unwrap();
    assert_eq!(bar.to_vec(), [1.0 / 3.0, 0.0, 1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0]);
    // What comes back from ties is differentiated again: y² of y = max.
    let x = tape.tensor(&Tensor::full(&[2], 3.0));
    let first = tape.sweep_recorded(&x.max_all().unwrap().powi(2)).unwrap().of(&x).unwrap();
    assert_eq!(first.to_vec(), [3.0, 3.0]);
    let second = tape.sweep(&first.along(0, 0..1).unwrap()).unwrap().of(&x).unwrap();
    assert_eq!(second.to_vec(), [0.5, 0.5]);
}

#[test]
fn a_nan_is_the_greatest_and_the_least() {
    let x = Tensor::from_slice(&[1.0, f64::NAN, 3.0, 2.0, 0.0, 5.0], &[2, 3]).unwrap();
    assert!(x.max_all().unwrap().item().unwrap().is_nan());
    assert!(x.min_all().unwrap().item().unwrap().is_nan());
    let rows = x.max_axes(&[1], false).unwrap().to_vec();
    assert!(rows[0].is_nan() && rows[1] == 5.0, "{rows:?}");
    assert_eq!(x.argmax(1).unwrap().0, [1, 2]);
    assert_eq!(x.argmin(1).unwrap().0, [1, 1]);
    assert!(x.log_sum_exp().item().unwrap().is_nan());
    for p in [1.0, 2.0, 3.0, f64::INFINITY] {
        assert!(x.norm(p).unwrap().item().unwrap().is_nan(), "{p}");
    }
}

#[test]
fn indices_of_extremes_are_those_of_loops() {
    for shape in [&[2, 3, 4][..], &[7], &[1, 5], &[4, 1]] {
        let x = filled(shape, 3);
        for axis in 0..shape.len() {
            let position = |group: &[f64], sign: f64| {
                let key = |&k: &usize| (sign * group[k] * 1e15) as i64;
                (0..group.len()).max_by_key(key).unwrap()
            };
            let all = groups(&x, &[axis]);
            let (greatest, of) = x.argmax(axis).unwrap();
            assert_eq!(greatest, all.iter().map(|group| position(group, 1.0)).collect::<Vec<_>>());
            let (least, _) = x.argmin(axis).unwrap();
            assert_eq!(least, all.iter().map(|group| position(group, -1.0)).collect::<Vec<_>>());
            assert_eq!(*of, *x.max_axes(&[axis], false).unwrap().shape());
        }
    }
    let ties = Tensor::from_slice(&[1.0, 2.0, 2.0, 0.0, 0.0, 0.0], &[2, 3]).unwrap();
    assert_eq!(ties.argmax(1).unwrap().0, [1, 0], "the first of those that tie");
    assert_eq!(ties.argmin(0).unwrap().0, [1, 1, 1]);
}

#[test]
fn running_sums_and_products_are_those_of_loops() {
    for shape in [&[2, 3, 4][..], &[5], &[3, 18], &[17, 2], &[1, 1], &[3, 0, 2], &[0, 2]] {
        let x = filled(shape, 2);
        for axis in 0..shape.len() {
            let (sums, back, products) =
                (x.cumsum(axis).unwrap(), x.cumsum_reversed(axis).unwrap(), x.cumprod(axis).unwrap());
            for index in indices(shape) {
                let along = |range: std::ops::Range<usize>| {
                    let (x, mut index) = (&x, index.clone());
                    range.map(move |k| {
                        index[axis] = k;
                        shown(x, &index)
                    })
                };
                let k = index[axis];
                let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-14, "{got}, wants {want}");
                close(shown(&sums, &index), along(0..k + 1).sum());
                close(shown(&back, &index), along(k..shape[axis]).sum());
                close(shown(&products, &index), along(0..k + 1).product());
            }
        }
    }
}

#[test]
fn derivatives_of_scans_are_those_of_differences() {
    for shape in [&[2, 3, 4][..], &[5], &[1, 3], &[3, 18], &[3, 0], &[0, 3]] {
        for axis in 0..shape.len() {
            let x = [positive(shape, 4)];
            confirm("cumsum", |x| Ok(x[0].cumsum(axis)?.sin()), &x);
            confirm("cumsum_reversed", |x| x[0].cumsum_reversed(axis)?.mul(&x[0]), &x);
            confirm("cumprod", |x| Ok(x[0].cumprod(axis)?.sin()), &x);
            confirm("cumprod twice", |x| x[0].cumprod(axis)?.cumprod(axis)?.mul(&x[0]), &x);
        }
    }
    confirm("cumprod of a row", |x| x[0].mul(&x[1])?.cumprod(0), &[positive(&[3, 2], 1), positive(&[2], 2)]);
}

#[test]
fn third_derivatives_of_products_come_from_sweeping_again() {
    // x³ by a product of three, by a running product, and by their like.
    let functions: [fn(&Tensor) -> Tensor; 2] = [
        |x| x.broadcast_to(&[3]).unwrap().prod(),
        |x| x.broadcast_to(&[3]).unwrap().cumprod(0).unwrap().along(0, 2..3).unwrap().sum(),
    ];
    for f in functions {
        let tape = Tape::begin();
        let x = tape.tensor(&Tensor::scalar(2.0));
        let mut y = f(&x);
        for want in [12.0, 12.0, 6.0] {
            y = tape.sweep_recorded(&y).unwrap().of(&x).unwrap();
            assert!((y.item().unwrap() - want).abs() < 1e-12, "{y:?}, wants {want}");
        }
    }
}

#[test]
fn norms_and_deviations_have_no_gradient_where_they_are_zero() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[0.0, 0.0, 3.0, 4.0], &[2, 2]).unwrap());
    for p in [1.0, 2.0, 3.0, f64::INFINITY] {
        let norms = x.norm_axes(p, &[1], false).unwrap();
        assert_eq!(norms.as_slice()[0], 0.0);
        let first = tape.sweep_recorded(&norms.sum()).unwrap().of(&x).unwrap();
        assert_eq!(first.as_slice()[..2], [0.0, 0.0], "{p}");
        assert!(first.as_slice()[3] > 0.0, "{p}");
        if first.is_recorded() {
            let second = tape.sweep(&first.sum()).unwrap().of(&x).unwrap();
            assert_eq!(second.as_slice()[..2], [0.0, 0.0], "{p}");
            assert!(second.as_slice().iter().all(|x: &f64| x.is_finite()), "{p}: {second:?}");
        }
        let plain = tape.sweep(&norms.sum()).unwrap().of(&x).unwrap();
        assert_eq!(plain.to_vec(), first.to_vec(), "{p}");
    }
    let x = tape.tensor(&Tensor::from_slice(&[0.1, 0.1, 0.1, 1.0, 2.0, 4.0], &[2, 3]).unwrap());
    for ddof in [0, 1] {
        let deviations = x.std_axes(&[1], ddof, false).unwrap();
        assert_eq!(deviations.as_slice()[0], 0.0);
        let first = tape.sweep_recorded(&deviations.sum()).unwrap().of(&x).unwrap();
        assert_eq!(first.as_slice()[..3], [0.0; 3]);
        let second = tape.sweep(&first.powi(2).sum()).unwrap().of(&x).unwrap();
        assert_eq!(second.as_slice()[..3], [0.0; 3]);
        assert!(second.as_slice().iter().all(|x: &f64| x.is_finite()));
    }
}

#[test]
fn norms_neither_overflow_nor_underflow_on_the_way() {
    for size in [1e300, 1e-300, 1e20, 1e-20, 5e-324, f64::MAX / 8.0] {
        let x = Tensor::from_slice(&[3.0 * size, -4.0 * size], &[2]).unwrap();
        for (p, want) in [(1.0, 7.0), (2.0, 5.0), (3.0, 91.0_f64.cbrt()), (f64::INFINITY, 4.0)] {
            let got = x.norm(p).unwrap().item().unwrap();
            assert!(
                (got / (want * size) - 1.0).abs() < if size > 5e-324 { 1e-14 } else { 0.2 },
                "{p} {size}: {got}"
            );
        }
        let tape = Tape::begin();
        let x = tape.tensor(&x);
        let bar = tape.sweep(&x.norm(2.0).unwrap()).unwrap().of(&x).unwrap().to_vec();
        assert!((bar[0] - 0.6).abs() < 1e-14 && (bar[1] + 0.8).abs() < 1e-14, "{size}: {bar:?}");
    }
    let x = Tensor::from_slice(&[3e30_f32, 4e30, 3e-30, 4e-30], &[2, 2]).unwrap();
    assert_eq!(x.norm_axes(2.0, &[1], false).unwrap().to_vec(), [5e30, 5e-30]);
    let columns = x.norm_axes(2.0, &[0], false).unwrap().to_vec();
    assert_eq!(columns, [3e30, 4e30]);
    assert_eq!(
        Tensor::from_slice(&[1.0, f64::NEG_INFINITY], &[2]).unwrap().norm(2.0).unwrap().item(),
        Ok(f64::INFINITY)
    );
}

#[test]
fn single_numbers_keep_their_digits_over_a_million() {
    let wide: Vec<f64> = numbers(1_000_000, 7).iter().map(|x| 1000.0 + x).collect();
    let narrow: Vec<f32> = wide.iter().map(|&x| x as f32).collect();
    let exact: Vec<f64> = narrow.iter().map(|&x| f64::from(x)).collect();
    let n = 1e6;
    let mean = exact.iter().sum::<f64>() / n;
    let variance = exact.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let lse = 1000.0 + exact.iter().map(|x| (x - 1000.0).exp()).sum::<f64>().ln();
    for (shape, axes) in [(&[1_000_000][..], &[0][..]), (&[1000, 1000], &[0, 1]), (&[1_000_000, 1], &[0])] {
        let x = Tensor::from_slice(&narrow, shape).unwrap();
        let near = |what: &str, got: Tensor<f32>, want: f64, tolerance: f64| {
            let got = f64::from(got.as_slice()[0]);
            assert!((got / want - 1.0).abs() < tolerance, "{what} of {shape:?}: {got}, wants {want}");
        };
        near("mean", x.mean_axes(axes, false).unwrap(), mean, 2e-7);
        near("var", x.var_axes(axes, 0, false).unwrap(), variance, 1e-6);
        near("std", x.std_axes(axes, 1, false).unwrap(), variance.sqrt(), 1e-6);
        near("log_sum_exp", x.log_sum_exp_axes(axes, false).unwrap(), lse, 2e-7);
        near("norm", x.norm_axes(2.0, axes, false).unwrap(), (variance + mean * mean).sqrt() * 1e3, 2e-7);
    }
    let columns = Tensor::from_slice(&narrow, &[500_000, 2]).unwrap();
    let running = Tensor::full(&[1_000_000], 0.1_f32).cumsum(0).unwrap();
    let last = f64::from(running.as_slice()[999_999]);
    assert!((last / (1e6 * f64::from(0.1_f32)) - 1.0).abs() < 1e-6, "{last}");
    assert!(
        (f64::from(columns.var_axes(&[0], 0, false).unwrap().as_slice()[0]) / variance - 1.0).abs() < 1e-2
    );
}

#[test]
fn a_variance_far_from_zero_keeps_its_digits() {
    let x = Tensor::from_slice(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0], &[4]).unwrap();
    assert_eq!(x.var(1).item(), Ok(30.0));
    // The mean of single numbers is rounded to a whole there.
    let x = Tensor::from_slice(&[16_777_200.0_f32, 16_777_201.0, 16_777_201.0, 16_777_203.0], &[4]).unwrap();
    assert_eq!(x.var(0).item(), Ok(1.1875));
}

#[test]
fn reductions_of_nothing_are_what_is_neutral_or_an_error() {
    let nothing = Tensor::<f64>::zeros(&[0, 3]);
    assert_eq!(nothing.prod().item(), Ok(1.0));
    assert_eq!(nothing.prod_axes(&[0], true).unwrap(), Tensor::full(&[1, 3], 1.0));
    assert_eq!(nothing.log_sum_exp_axes(&[0], false).unwrap().to_vec(), [f64::NEG_INFINITY; 3]);
    for p in [1.0, 2.0, 3.0, f64::INFINITY] {
        assert_eq!(nothing.norm_axes(p, &[0], false).unwrap().to_vec(), [0.0; 3]);
    }
    assert!(nothing.var(0).item().unwrap().is_nan());
    assert!(Tensor::full(&[1], 2.0_f64).std(1).item().unwrap().is_nan());
    // No group, no question.
    assert_eq!(nothing.max_axes(&[1], false).unwrap().shape(), [0]);
    assert_eq!(nothing.argmax(1).unwrap().0, [0_usize; 0]);
    for error in [nothing.max_axes(&[0], false), nothing.min_axes(&[0, 1], true), nothing.max_all()] {
        assert!(
            error.unwrap_err().to_string().ends_with("wants at least one element along the axes, got [0, 3]")
        );
    }
    assert!(nothing.argmin(0).is_err());
    // A cotangent goes to nobody, and comes in the right shape.
    let tape = Tape::begin();
    let x = tape.tensor(&nothing);
    let y = x.prod() + x.norm(2.0).unwrap() + x.var(0);
    assert_eq!(tape.sweep(&y).unwrap().of(&x).unwrap().shape(), [0, 3]);
}

#[test]
fn errors_name_the_operation_what_it_wants_and_what_it_got() {
    let x = filled(&[2, 3], 1);
    for (error, want) in [
        (x.prod_axes(&[2], false).map(drop), "prod_axes: wants axes below 2 for shape [2, 3], got 2"),
        (x.max_axes(&[0, 0], false).map(drop), "max_axes: wants each axis once, got 0"),
        (x.var_axes(&[3], 1, false).map(drop), "var_axes: wants axes below 2 for shape [2, 3], got 3"),
        (x.norm_axes(2.0, &[5], true).map(drop), "norm_axes: wants axes below 2 for shape [2, 3], got 5"),
        (x.norm(0.5).map(drop), "norm: wants p of at least 1, got 0.5"),
        (x.norm(f64::NAN).map(drop), "norm: wants p of at least 1, got NaN"),
        (x.cumsum(2).map(drop), "cumsum: wants axes below 2 for shape [2, 3], got 2"),
        (x.cumprod(2).map(drop), "cumprod: wants axes below 2 for shape [2, 3], got 2"),
        (x.argmax(2).map(drop), "argmax: wants axes below 2 for shape [2, 3], got 2"),
        (Tensor::scalar(1.0).cumsum(0).map(drop), "cumsum: wants axes below 0 for shape [], got 0"),
    ] {
        assert_eq!(error.unwrap_err().to_string(), want);
    }
}
