//! Values against naive loops; derivatives, shapes and the meeting of the two grains in the files below.

mod convolution;
mod crossing;
mod custom;
mod derivatives;
mod display;
mod einsum;
mod every_operation;
mod indexing;
mod linear_algebra;
mod map;
mod moving;
mod nested;
mod products;
mod reductions;
mod shapes;
mod softmax;

use crate::primitive::{Abs, Cos, ExpM1, Unary};
use crate::{Float, Tensor};
use proptest::prelude::*;

/// Numbers that look random and are the same every time, in [-1, 1).
pub(super) fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / 2.0_f64.powi(52) - 1.0
    };
    (0..count).map(next).collect()
}

/// A tensor of this shape filled with such numbers.
pub(crate) fn filled(shape: &[usize], seed: u64) -> Tensor {
    Tensor::from_vec(numbers(shape.iter().product(), seed), shape).unwrap()
}

/// All indices of a shape, last axis fastest.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |so_far, &length| {
        let longer = |index: &Vec<usize>| {
            let index = index.clone();
            (0..length).map(move |i| [index.as_slice(), &[i]].concat()).collect::<Vec<_>>()
        };
        so_far.iter().flat_map(longer).collect()
    })
}

/// The element of `x` that broadcasting shows at `index`.
fn shown(x: &Tensor, index: &[usize]) -> f64 {
    let own = &index[index.len() - x.shape().len()..];
    let mut offset = 0;
    for (&i, &length) in own.iter().zip(x.shape()) {
        offset = offset * length + if length == 1 { 0 } else { i };
    }
    x.as_slice()[offset]
}

/// A shape, and two operands that broadcast to it.
fn broadcast_shapes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    let axis = (0_usize..4, any::<[bool; 2]>());
    (prop::collection::vec(axis, 0..5), 0_usize..5, 0_usize..5).prop_map(|(axes, cut_a, cut_b)| {
        let of = |which: usize, cut: usize| -> Vec<usize> {
            let lengths = axes.iter().map(|(length, ones)| if ones[which] { 1 } else { *length });
            lengths.skip(cut.min(axes.len())).collect()
        };
        // Only one of the two loses leading axes.
        if cut_a > cut_b { (of(0, cut_a - cut_b), of(1, 0)) } else { (of(0, 0), of(1, cut_b - cut_a)) }
    })
}

/// NumPy's rule, in other words than the code under test: pad with ones, then take the length that is not one.
fn numpy_shape(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let padded = |x: &[usize]| [vec![1; rank - x.len()], x.to_vec()].concat();
    padded(a).into_iter().zip(padded(b)).map(|(m, n)| if m == 1 { n } else { m }).collect()
}

proptest! {
    #[test]
    fn elements_meet_by_the_rules_of_numpy((a, b) in broadcast_shapes()) {
        let shape = numpy_shape(&a, &b);
        let (x, y) = (filled(&a, 1), filled(&b, 2));
        let naive = |f: fn(f64, f64) -> f64| -> Vec<f64> {
            indices(&shape).iter().map(|i| f(shown(&x, i), shown(&y, i))).collect()
        };
        let by_operator = [&x + &y, &x - &y, &x * &y, &x / &y];
        let by_hand: [fn(f64, f64) -> f64; 4] = [|a, b| a + b, |a, b| a - b, |a, b| a * b, |a, b| a / b];
        for (got, f) in by_operator.iter().zip(by_hand) {
            prop_assert_eq!(got.shape(), &shape);
            prop_assert_eq!(got.to_vec(), naive(f));
        }
        prop_assert_eq!(x.max(&y).unwrap().to_vec(), naive(f64::max));
        prop_assert_eq!(x.min(&y).unwrap().to_vec(), naive(f64::min));
        let positive = Tensor::exp(&x);
        prop_assert_eq!(positive.powf(&y).unwrap().to_vec(),
            indices(&shape).iter().map(|i| shown(&positive, i).powf(shown(&y, i))).collect::<Vec<_>>());
        prop_assert_eq!(x.mul_add(&y, &y).unwrap().to_vec(), naive(|a, b| a * b + b));
    }

    #[test]
    fn sums_over_any_axes_are_those_of_a_loop(shape in prop::collection::vec(0_usize..4, 0..5), chosen: [bool; 5]) {
        let x = filled(&shape, 3);
        let axes: Vec<usize> = (0..shape.len()).filter(|&axis| chosen[axis]).collect();
        for keep in [false, true] {
            let rest = |index: &[usize]| -> Vec<usize> {
                let kept = index.iter().enumerate().filter_map(|(axis, &i)| match axes.contains(&axis) {
                    true => keep.then_some(0),
                    false => Some(i),
                });
                kept.collect()
            };
            let lengths: Vec<usize> = shape.iter().enumerate().filter_map(|(axis, &length)| {
                if axes.contains(&axis) { keep.then_some(1) } else { Some(length) }
            }).collect();
            let places = indices(&lengths);
            let mut sums = vec![0.0; places.len()];
            for index in indices(&shape) {
                let place = places.iter().position(|place| *place == rest(&index)).unwrap();
                sums[place] += shown(&x, &index);
            }
            let got = x.sum_axes(&axes, keep).unwrap();
            prop_assert_eq!(got.shape(), &lengths);
            for (got, want) in got.as_slice().iter().zip(&sums) {
                prop_assert!((got - want).abs() < 1e-14);
            }
            let count: usize = axes.iter().map(|&axis| shape[axis]).product();
            if count > 0 {
                for (got, want) in x.mean_axes(&axes, keep).unwrap().as_slice().iter().zip(&sums) {
                    prop_assert!((got - want / count as f64).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn axes_are_permuted_as_a_loop_would((shape, order) in prop::collection::vec(0_usize..4, 0..5)
        .prop_flat_map(|shape| {
            let order = Just((0..shape.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(shape), order)
        }))
    {
        let x = filled(&shape, 4);
        let got = x.permute(&order).unwrap();
        let lengths: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
        prop_assert_eq!(got.shape(), &lengths);
        for index in indices(&lengths) {
            let mut source = vec![0; shape.len()];
            for (k, &axis) in order.iter().enumerate() {
                source[axis] = index[k];
            }
            prop_assert_eq!(shown(&got, &index), shown(&x, &source));
        }
    }

    #[test]
    fn a_slice_is_what_its_ranges_say(
        ranges in prop::collection::vec((0_usize..3, 0_usize..3, 0_usize..3), 0..5), whole in 0_usize..3
    ) {
        let shape: Vec<usize> = ranges.iter().map(|(before, length, after)| before + length + after).collect();
        let asked = ranges.len().saturating_sub(whole);
        let x = filled(&shape, 5);
        let spans: Vec<_> = ranges[..asked].iter().map(|(before, length, _)| *before..before + length).collect();
        let got = x.slice(&spans).unwrap();
        let lengths: Vec<usize> =
            (0..shape.len()).map(|axis| spans.get(axis).map_or(shape[axis], ExactSizeIterator::len)).collect();
        prop_assert_eq!(got.shape(), &lengths);
        for index in indices(&lengths) {
            let moved = |(axis, i): (usize, &usize)| i + spans.get(axis).map_or(0, |span| span.start);
            let source: Vec<usize> = index.iter().enumerate().map(moved).collect();
            prop_assert_eq!(shown(&got, &index), shown(&x, &source));
        }
    }

    #[test]
    fn tensors_stand_one_after_the_other_along_any_axis(
        shape in prop::collection::vec(0_usize..3, 1..4), axis in 0_usize..3, widths in prop::collection::vec(0_usize..3, 1..4)
    ) {
        let axis = axis % shape.len();
        let parts: Vec<Tensor> = widths.iter().enumerate().map(|(k, &width)| {
            let mut lengths = shape.clone();
            lengths[axis] = width;
            filled(&lengths, 10 + k as u64)
        }).collect();
        let got = Tensor::concat(&parts.iter().collect::<Vec<_>>(), axis).unwrap();
        prop_assert_eq!(got.shape()[axis], widths.iter().sum::<usize>());
        for index in indices(got.shape()) {
            let (mut part, mut i) = (0, index[axis]);
            while i >= widths[part] {
                i -= widths[part];
                part += 1;
            }
            let mut source = index.clone();
            source[axis] = i;
            prop_assert_eq!(shown(&got, &index), shown(&parts[part], &source));
        }
    }

    #[test]
    fn products_of_any_shape_and_transposition_are_those_of_three_loops(m in 0_usize..5, k in 0_usize..5, n in 0_usize..5) {
        let (a, b) = (filled(&[m, k], 6), filled(&[k, n], 7));
        let (a_t, b_t) = (a.transpose(), b.transpose());
        let mut want = vec![0.0; m * n];
        for (i, j, l) in indices(&[m, n, k]).iter().map(|i| (i[0], i[1], i[2])) {
            want[i * n + j] += shown(&a, &[i, l]) * shown(&b, &[l, j]);
        }
        for got in [a.matmul(&b), a.matmul(b_t.t()), a_t.t().matmul(&b), a_t.t().matmul(b_t.t())] {
            let got = got.unwrap();
            prop_assert_eq!(got.shape(), [m, n]);
            for (got, want) in got.as_slice().iter().zip(&want) {
                prop_assert!((got - want).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn repeating_to_a_larger_shape_shows_the_same_elements((a, b) in broadcast_shapes()) {
        let shape = numpy_shape(&a, &b);
        let x = filled(&a, 8);
        let got = x.broadcast_to(&shape).unwrap();
        prop_assert_eq!(got.shape(), &shape);
        for index in indices(&shape) {
            prop_assert_eq!(shown(&got, &index), shown(&x, &index));
        }
    }
}

#[test]
fn a_transposed_matrix_has_rows_for_columns() {
    let x = filled(&[2, 3], 1);
    for index in indices(&[3, 2]) {
        assert_eq!(shown(&x.transpose(), &index), shown(&x, &[index[1], index[0]]));
    }
    assert_eq!(filled(&[2, 3, 4], 1).transpose().shape(), [4, 3, 2]);
    assert_eq!(Tensor::scalar(2.0).transpose(), Tensor::scalar(2.0));
}

#[test]
fn a_reshaped_tensor_shares_its_data() {
    let x = filled(&[2, 6], 1);
    let y = x.reshape(&[3, 4]).unwrap();
    assert_eq!(x.as_slice().as_ptr(), y.as_slice().as_ptr());
    assert_eq!(y.shape(), [3, 4]);
}

#[test]
fn primitives_without_a_kernel_are_mapped_one_by_one() {
    let x = filled(&[37], 9);
    let by_hand = |f: fn(f64) -> f64| x.as_slice().iter().map(|&x| f(x)).collect::<Vec<_>>();
    assert_eq!(Tensor::cos(&x).to_vec(), by_hand(|x| Cos.value(x)));
    assert_eq!(Tensor::abs(&x).to_vec(), by_hand(|x| Abs.value(x)));
    assert_eq!(Tensor::exp_m1(&x).to_vec(), by_hand(|x| ExpM1.value(x)));
    assert_eq!((-&x).to_vec(), by_hand(|x| -x));
}

#[test]
fn plain_numbers_stand_on_either_side_of_every_operator() {
    let x = Tensor::from_slice(&[2.0_f64, 4.0], &[2]).unwrap();
    assert_eq!((&x + 1.0).to_vec(), [3.0, 5.0]);
    assert_eq!((1.0 + &x).to_vec(), [3.0, 5.0]);
    assert_eq!((&x - 1.0).to_vec(), [1.0, 3.0]);
    assert_eq!((1.0 - &x).to_vec(), [-1.0, -3.0]);
    assert_eq!((&x * 3.0).to_vec(), [6.0, 12.0]);
    assert_eq!((3.0 * &x).to_vec(), [6.0, 12.0]);
    assert_eq!((&x / 2.0).to_vec(), [1.0, 2.0]);
    assert_eq!((8.0 / &x).to_vec(), [4.0, 2.0]);
    let x = Tensor::from_slice(&[2.0_f32, 4.0], &[2]).unwrap();
    assert_eq!((1.0 - x.clone() * 2.0).to_vec(), [-3.0, -7.0]);
    assert_eq!((x.clone() + x.clone() - &x).to_vec(), x.to_vec());
}

#[test]
fn an_f32_sum_of_a_million_keeps_its_digits() {
    let x = Tensor::full(&[1_000_000], 0.1_f32);
    let exact = 1e6 * f64::from(0.1_f32);
    for sum in [
        x.sum(),
        x.reshape(&[1000, 1000]).unwrap().sum(),
        x.reshape(&[1_000_000, 1]).unwrap().sum_axes(&[0], false).unwrap(),
    ] {
        let got = f64::from(sum.as_slice()[0]);
        assert!((got / exact - 1.0).abs() < 1e-6, "{got}, wants {exact}");
    }
    let naive = x.as_slice().iter().sum::<f32>();
    assert!((f64::from(naive) / exact - 1.0).abs() > 1e-4, "a running sum loses them, so the test can fail");
    assert!((x.mean().as_slice()[0] - 0.1).abs() < 1e-7);
}

#[test]
fn the_mean_of_nothing_is_nan_and_the_sum_is_zero() {
    let nothing = Tensor::<f64>::zeros(&[0, 3]);
    assert_eq!(nothing.sum().item(), Ok(0.0));
    assert!(nothing.mean().item().unwrap().is_nan());
    assert_eq!(nothing.sum_axes(&[0], false).unwrap().to_vec(), [0.0; 3]);
    assert_eq!(Tensor::scalar(4.0).mean().item(), Ok(4.0));
    assert_eq!(filled(&[2, 3], 1).sum_axes(&[], false).unwrap(), filled(&[2, 3], 1));
}

fn cross_entropy<T: Float>(logit: f64, target: f64) -> f64 {
    let of = |x: f64| Tensor::<T>::full(&[1], T::from_f64(x));
    of(logit).sigmoid_cross_entropy(&of(target)).unwrap().as_slice()[0].to_f64()
}

#[test]
fn the_cross_entropy_is_that_of_the_logarithms_where_these_are_safe() {
    for logit in [-5.0_f64, -0.5, 0.0, 0.5, 5.0] {
        for target in [0.0, 0.3, 0.5, 1.0] {
            let h = 1.0 / (1.0 + (-logit).exp());
            let want = -(target * h.ln() + (1.0 - target) * (1.0 - h).ln());
            assert!((cross_entropy::<f64>(logit, target) - want).abs() < 1e-13);
            assert!((cross_entropy::<f32>(logit, target) - want).abs() < 1e-5);
        }
    }
}

#[test]
fn the_cross_entropy_is_exact_at_any_logit() {
    for (logit, target, want) in [
        (1000.0, 1.0, 0.0),
        (1000.0, 0.0, 1000.0),
        (1000.0, 0.3, 700.0),
        (-1000.0, 0.0, 0.0),
        (-1000.0, 1.0, 1000.0),
        (-1000.0, 0.3, 300.0),
    ] {
        approx::assert_relative_eq!(cross_entropy::<f64>(logit, target), want, max_relative = 1e-15);
        approx::assert_relative_eq!(cross_entropy::<f32>(logit, target), want, max_relative = 1e-6);
    }
    assert_eq!(cross_entropy::<f64>(-40.0, 0.0), (-40.0_f64).exp(), "the tail is not lost");
}

#[test]
fn a_target_outside_the_unit_interval_or_nan_is_refused_by_its_value() {
    let logits = Tensor::full(&[3], 0.5);
    for (wrong, shown) in [(1.5, "1.5"), (-0.1, "-0.1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let targets = Tensor::from_slice(&[0.0, wrong, 1.0], &[3]).unwrap();
        let error = logits.sigmoid_cross_entropy(&targets).unwrap_err().to_string();
        let want = format!("sigmoid_cross_entropy: targets must lie in [0, 1], there is a {shown}");
        assert!(error.starts_with(&want), "{error}");
    }
}
