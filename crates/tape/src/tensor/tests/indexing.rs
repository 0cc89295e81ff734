//! Selection by lists and masks: values against loops over all indices, derivatives against differences, repeated
//! indices, hidden infinities, and indices that are out of range.

use super::derivatives::confirm;
use super::{filled, indices, shown};
use crate::{Error, Tape, Tensor};

fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("it does not fit").to_string()
}

/// The tensor of this shape whose elements are a function of their index.
fn made(shape: &[usize], f: impl Fn(&[usize]) -> f64) -> Tensor {
    Tensor::from_vec(indices(shape).iter().map(|index| f(index)).collect(), shape).unwrap()
}

/// An index with another entry for one axis.
fn with(index: &[usize], axis: usize, entry: usize) -> Vec<usize> {
    let mut index = index.to_vec();
    index[axis] = entry;
    index
}

#[test]
fn rows_and_columns_are_selected_in_any_order_and_number() {
    let x = filled(&[2, 3, 4], 1);
    for (axis, list) in [(0, &[1, 1, 0, 1][..]), (1, &[2, 0]), (2, &[3, 0, 3, 1, 2]), (1, &[]), (2, &[3])] {
        let mut shape = x.shape().to_vec();
        shape[axis] = list.len();
        let want = made(&shape, |index| shown(&x, &with(index, axis, list[index[axis]])));
        assert_eq!(x.index_select(axis, list).unwrap(), want, "{list:?} along {axis}");
        confirm("index_select", |x| Ok(x[0].index_select(axis, list)?.sin()), std::slice::from_ref(&x));
    }
    confirm(
        "overlapping selections",
        |x| x[0].index_select(1, &[0, 0, 2])?.mul(&x[0].index_select(1, &[2, 0, 1])?),
        std::slice::from_ref(&x),
    );
    confirm("one element", |x| Ok(x[0].index_select(1, &[0, 0])?.powi(3)), &[filled(&[1, 1], 1)]);
    assert_eq!(filled(&[0, 2], 1).index_select(1, &[1, 1, 0]).unwrap().shape(), [0, 3]);
    assert_eq!(filled(&[0, 2], 1).index_select(0, &[]).unwrap().shape(), [0, 2]);
    assert_eq!(
        words(x.index_select(1, &[0, 3, 9])),
        "index_select: wants indices below 3 along axis 1, got 3"
    );
    assert_eq!(
        words(x.index_select(3, &[0])),
        "index_select: wants an axis below 3 for shape [2, 3, 4], got 3"
    );
    let want = "index_select: wants indices below 0 along axis 0, got 0";
    assert_eq!(words(filled(&[0, 2], 1).index_select(0, &[0])), want);
}

#[test]
fn repeated_indices_add_their_cotangents() {
    let tape = Tape::begin();
    let x = tape.tensor(&filled(&[3, 2], 1));
    let y = x.index_select(0, &[2, 2, 0, 2]).unwrap();
    let y_bar = Tensor::from_slice(&[1.0, 2.0, 10.0, 20.0, 5.0, 6.0, 100.0, 200.0], &[4, 2]).unwrap();
    let bar = tape.sweep_with(&y, y_bar).unwrap();
    assert_eq!(bar.of(&x).unwrap().to_vec(), [5.0, 6.0, 0.0, 0.0, 111.0, 222.0]);
}

#[test]
fn a_gather_looks_up_place_by_place() {
    let x = filled(&[2, 3, 4], 1);
    let cases: [(usize, &[usize]); 6] = [
        (0, &[5, 3, 4]),
        (1, &[2, 2, 4]),
        (2, &[1, 3, 6]),
        (1, &[2, 0, 4]),
        (2, &[0, 3, 2]),
        (0, &[1, 1, 1]),
    ];
    for (axis, shape) in cases {
        let count: usize = shape.iter().product();
        let list: Vec<usize> = (0..count).map(|k| (k * k + k / 3) % x.shape()[axis]).collect();
        let mut entries = list.iter();
        let want =
            indices(shape).into_iter().map(|index| shown(&x, &with(&index, axis, *entries.next().unwrap())));
        let want = Tensor::from_vec(want.collect(), shape).unwrap();
        assert_eq!(x.gather(axis, &list, shape).unwrap(), want, "{shape:?} along {axis}");
        confirm("gather", |x| Ok(x[0].gather(axis, &list, shape)?.sin()), std::slice::from_ref(&x));
    }
    confirm(
        "gather along an axis of length one",
        |x| x[0].gather(0, &[0; 6], &[3, 2])?.mul(&x[0]),
        &[filled(&[1, 2], 1)],
    );
    assert_eq!(words(x.gather(1, &[0, 3], &[1, 2, 1])), "gather: wants indices below 3 along axis 1, got 3");
    assert_eq!(words(x.gather(3, &[], &[0])), "gather: wants an axis below 3 for shape [2, 3, 4], got 3");
    assert_eq!(words(x.gather(1, &[0], &[1, 2, 1])), "gather: wants 2 indices for shape [1, 2, 1], got 1");
    let want =
        "gather: the indices must lie within the tensor along all axes but 1, got [3, 1, 1] and [2, 3, 4]";
    assert_eq!(words(x.gather(1, &[0; 3], &[3, 1, 1])), want);
    let want =
        "gather: the indices must lie within the tensor along all axes but 0, got [3, 1, 5] and [2, 3, 4]";
    assert_eq!(words(x.gather(0, &[0; 15], &[3, 1, 5])), want, "the axis itself is longer too");
    let want = "gather: the indices must lie within the tensor along all axes but 0, got [2] and [2, 3, 4]";
    assert_eq!(words(x.gather(0, &[0; 2], &[2])), want);
    assert!(words(x.gather(0, &[], &[usize::MAX, 2, 1])).starts_with("gather: fewer elements"));
}

#[test]
fn a_scatter_adds_place_by_place() {
    let x = filled(&[3, 2], 1);
    let source = filled(&[4, 3], 2);
    let cases: [(usize, &[usize], &[usize]); 5] = [
        (0, &[0, 1, 2, 0, 0, 2, 0, 0], &[4, 2]),
        (1, &[1, 1, 0, 0, 1, 1, 0, 1, 0], &[3, 3]),
        (0, &[2], &[1, 1]),
        (1, &[], &[0, 3]),
        (0, &[], &[4, 0]),
    ];
    for (axis, list, shape) in cases {
        let mut want = x.clone();
        for (index, &entry) in indices(shape).iter().zip(list) {
            let there = with(index, axis, entry);
            want.as_mut_slice()[there[0] * 2 + there[1]] += shown(&source, index);
        }
        let y = x.scatter_add(axis, list, shape, &source).unwrap();
        assert_eq!(y.shape(), [3, 2]);
        for (got, want) in y.as_slice().iter().zip(want.as_slice()) {
            approx::assert_relative_eq!(*got, *want, max_relative = 1e-14);
        }
        confirm(
            "scatter_add",
            |x| Ok(x[0].scatter_add(axis, list, shape, &x[1])?.sin()),
            &[x.clone(), source.clone()],
        );
    }
    confirm(
        "a tensor scattered onto itself",
        |x| x[0].scatter_add(0, &[1, 1, 0, 1], &[2, 2], &x[0])?.mul(&x[0]),
        &[filled(&[2, 2], 1)],
    );
    assert_eq!(
        words(x.scatter_add(0, &[3], &[1, 1], &source)),
        "scatter_add: wants indices below 3 along axis 0, got 3"
    );
    let want = "scatter_add: the indices must lie within the source, axis by axis, got [5, 2] and [4, 3]";
    assert_eq!(words(x.scatter_add(0, &[0; 10], &[5, 2], &source)), want);
    let want =
        "scatter_add: the indices must lie within the tensor along all axes but 0, got [1, 3] and [3, 2]";
    assert_eq!(words(x.scatter_add(0, &[0; 3], &[1, 3], &source)), want);
    assert!(x.scatter_add(0, &[0; 2], &[1, 2], &filled(&[2], 1)).is_err(), "the source has another rank");
}

#[test]
fn a_gather_and_a_scatter_are_adjoint() {
    let (x, u) = (filled(&[3, 4], 1), filled(&[3, 5], 2));
    let list: Vec<usize> = (0..15).map(|k| k * 7 % 4).collect();
    let there = (x.gather(1, &list, &[3, 5]).unwrap() * &u).sum().item().unwrap();
    let back = Tensor::zeros(&[3, 4]).scatter_add(1, &list, &[3, 5], &u).unwrap();
    approx::assert_relative_eq!(there, (x * back).sum().item().unwrap(), max_relative = 1e-14);
}

#[test]
fn elements_are_taken_by_their_place_in_the_data() {
    let x = filled(&[2, 3], 1);
    let all = x.to_vec();
    assert_eq!(x.take(&[5, 0, 5]).unwrap().to_vec(), [all[5], all[0], all[5]]);
    assert_eq!(x.take(&[]).unwrap().shape(), [0]);
    assert_eq!(Tensor::scalar(2.0).take(&[0, 0]).unwrap().to_vec(), [2.0, 2.0]);
    confirm("take", |x| Ok(x[0].take(&[5, 0, 5, 2])?.sin()), std::slice::from_ref(&x));
    confirm("take nothing", |x| Ok(x[0].take(&[])?.sin()), std::slice::from_ref(&x));
    assert_eq!(words(x.take(&[0, 6])), "take: wants indices below 6 for shape [2, 3], got 6");
    assert!(filled(&[0], 1).take(&[0]).is_err());
}

#[test]
fn masks_select_what_is_not_zero() {
    let x = filled(&[3, 4], 1);
    let zero = Tensor::scalar(0.0);
    let mask = x.greater(&zero).unwrap();
    let positive: Vec<f64> = x.to_vec().into_iter().filter(|&x| x > 0.0).collect();
    assert!(!positive.is_empty() && positive.len() < 12, "the test can fail");
    assert_eq!(x.masked_select(&mask).unwrap().to_vec(), positive);
    let columns = Tensor::from_slice(&[0.0, 1.0, f64::NAN, -0.0], &[4]).unwrap();
    let want: Vec<f64> = (0..3).flat_map(|i| [shown(&x, &[i, 1]), shown(&x, &[i, 2])]).collect();
    assert_eq!(x.masked_select(&columns).unwrap().to_vec(), want, "the mask broadcasts");
    let row = filled(&[4], 2);
    let both = [row.to_vec(), row.to_vec()].concat();
    let rows = Tensor::from_slice(&[1.0, 0.0, 1.0], &[3, 1]).unwrap();
    assert_eq!(row.masked_select(&rows).unwrap().to_vec(), both, "the tensor broadcasts");
    assert_eq!(x.masked_select(&zero).unwrap().shape(), [0]);
    assert_eq!(filled(&[0, 4], 1).masked_select(&columns).unwrap().shape(), [0]);
    confirm("masked_select", |x| Ok(x[0].masked_select(&mask)?.sin()), std::slice::from_ref(&x));
    confirm("masked_select of a repeated row", |x| Ok(x[0].masked_select(&rows)?.powi(3)), &[row]);
    confirm("masked_select of nothing", |x| Ok(x[0].masked_select(&zero)?.exp()), std::slice::from_ref(&x));
    assert!(words(x.masked_select(&filled(&[3], 1))).starts_with("masked_select: shapes must agree"));
}

#[test]
fn a_masked_fill_hides_what_it_covers() {
    let x = filled(&[2, 3], 1);
    let mask = Tensor::from_slice(&[1.0, 0.0, 0.0], &[3]).unwrap();
    let want = made(&[2, 3], |i| if i[1] == 0 { -7.5 } else { shown(&x, i) });
    assert_eq!(x.masked_fill(&mask, -7.5).unwrap(), want);
    confirm("masked_fill", |x| Ok(x[0].masked_fill(&mask, 0.5)?.sin()), std::slice::from_ref(&x));
    let tall = Tensor::from_slice(&[0.0, 1.0], &[2, 1]).unwrap();
    confirm(
        "masked_fill of a repeated row",
        |x| Ok(x[0].masked_fill(&tall, 0.5)?.powi(3)),
        &[filled(&[3], 1)],
    );
    confirm("masked_fill of nothing", |x| Ok(x[0].masked_fill(&mask, 0.5)?.exp()), &[filled(&[0, 3], 1)]);
    assert!(words(x.masked_fill(&filled(&[2], 1), 0.0)).starts_with("masked_fill: shapes must agree"));
}

#[test]
fn hidden_infinities_and_nan_do_not_come_out() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[0.0, 2.0, -1.0, f64::INFINITY], &[4]).unwrap());
    let y = x.recip() + x.ln() / x.sqrt(); // infinite or NaN but for the second
    let mask = Tensor::from_slice(&[1.0, 0.0, 1.0, 1.0], &[4]).unwrap();
    let filled = y.masked_fill(&mask, 3.0).unwrap();
    assert_eq!(filled.to_vec(), [3.0, 0.5 + 2.0_f64.ln() / 2.0_f64.sqrt(), 3.0, 3.0]);
    let f = |x: f64| 1.0 / x + x.ln() / x.sqrt();
    let slope = (f(2.0 + 1e-6) - f(2.0 - 1e-6)) / 2e-6;
    let selected = y.masked_select(&mask.equal(&Tensor::scalar(0.0)).unwrap()).unwrap();
    for root in [filled.sum(), selected.sum()] {
        let x_bar = tape.sweep(&root).unwrap().of(&x).unwrap().to_vec();
        assert_eq!([x_bar[0], x_bar[2], x_bar[3]], [0.0; 3]);
        approx::assert_relative_eq!(x_bar[1], slope, max_relative = 1e-8);
    }
}

#[test]
fn a_recorded_sweep_keeps_what_is_hidden_hidden() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[f64::NAN, 2.0], &[2]).unwrap());
    let mask = x.not_equal(&x).unwrap();
    let y = x.masked_fill(&mask, 0.0).unwrap().powi(3).sum();
    let slope = tape.sweep_recorded(&y).unwrap().of(&x).unwrap();
    assert_eq!(slope.to_vec(), [0.0, 12.0]);
    assert_eq!(tape.sweep(&slope.sum()).unwrap().of(&x).unwrap().to_vec(), [0.0, 12.0]);
}

#[test]
fn comparisons_are_masks_that_broadcast() {
    let x = Tensor::from_slice(&[1.0, 2.0, f64::NAN, 2.0, 3.0, 1.0], &[2, 3]).unwrap();
    let y = Tensor::from_slice(&[1.0, 3.0, 1.0], &[3]).unwrap();
    let masks = [
        (x.less(&y), [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
        (x.less_equal(&y), [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]),
        (x.greater(&y), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
        (x.greater_equal(&y), [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]),
        (x.equal(&y), [1.0, 0.0, 0.0, 0.0, 1.0, 1.0]),
        (x.not_equal(&y), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
    ];
    for (got, want) in masks {
        assert_eq!(got.unwrap().to_vec(), want);
    }
    let (a, b) = (filled(&[2, 3], 1), filled(&[3], 2));
    confirm("less", |x| x[0].less(&x[1])?.mul(&x[0]), &[a.clone(), b.clone()]);
    confirm("select", |x| x[0].less(&x[1])?.select(&x[0].powi(2), &x[1]), &[a, b]);
}

#[test]
fn classes_are_rows_with_a_single_one() {
    let rows = Tensor::<f32>::one_hot(&[1, 0, 1], 2).unwrap();
    assert_eq!((rows.shape(), rows.to_vec()), (&[3, 2][..], vec![0.0, 1.0, 1.0, 0.0, 0.0, 1.0]));
    assert_eq!(Tensor::<f64>::one_hot(&[], 4).unwrap().shape(), [0, 4]);
    assert_eq!(Tensor::<f64>::one_hot(&[], 0).unwrap().shape(), [0, 0]);
    assert_eq!(words(Tensor::<f64>::one_hot(&[0, 2], 2)), "one_hot: wants classes below 2, got 2");
    assert!(words(Tensor::<f64>::one_hot(&[0, 0], usize::MAX)).starts_with("one_hot: fewer elements"));
}
