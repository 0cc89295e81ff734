//! Convolutions against the sum that defines them, element by element, and against differences.

use super::derivatives::confirm;
use super::{filled, indices};
use crate::{Tape, Tensor};

/// The sum that defines it, over every element of x: what meets the kernel at no place adds nothing.
fn naive(x: &Tensor, weight: &Tensor, stride: [usize; 2], padding: [usize; 2]) -> Tensor {
    let (&[n, channels, h, w], &[kernels, _, kh, kw]) = (x.shape(), weight.shape()) else { unreachable!() };
    let places = |length: usize, kernel: usize, axis: usize| {
        (0..length + 2 * padding[axis])
            .step_by(stride[axis])
            .filter(|p| p + kernel <= length + 2 * padding[axis])
            .count()
    };
    let shape = [n, kernels, places(h, kh, 0), places(w, kw, 1)];
    let element = |index: &Vec<usize>| -> f64 {
        let &[i, o, p, q] = index.as_slice() else { unreachable!() };
        let mut sum = 0.0;
        for at in indices(&[channels, h, w]) {
            let j = (at[1] + padding[0]).checked_sub(p * stride[0]).filter(|&j| j < kh);
            let k = (at[2] + padding[1]).checked_sub(q * stride[1]).filter(|&k| k < kw);
            if let (Some(j), Some(k)) = (j, k) {
                let seen = x.as_slice()[((i * channels + at[0]) * h + at[1]) * w + at[2]];
                sum += weight.as_slice()[((o * channels + at[0]) * kh + j) * kw + k] * seen;
            }
        }
        sum
    };
    Tensor::from_vec(indices(&shape).iter().map(element).collect(), &shape).unwrap()
}

fn close(got: &Tensor, want: &Tensor, what: &str) {
    assert_eq!(got.shape(), want.shape(), "{what}");
    for (got, want) in got.as_slice().iter().zip(want.as_slice()) {
        assert!((got - want).abs() < 1e-13, "{what}: {got}, wants {want}");
    }
}

/// (n, c_in, h, w), (c_out, c_in, k_h, k_w), stride, padding.
type Case = ([usize; 4], [usize; 4], [usize; 2], [usize; 2]);

const CASES: [Case; 15] = [
    ([1, 1, 3, 3], [1, 1, 2, 2], [1, 1], [0, 0]),
    ([2, 3, 5, 4], [4, 3, 3, 2], [1, 1], [0, 0]),
    ([2, 2, 5, 4], [3, 2, 3, 3], [1, 1], [1, 1]),
    ([2, 2, 6, 5], [1, 2, 2, 3], [2, 3], [0, 2]),
    ([1, 2, 5, 7], [2, 2, 3, 3], [3, 2], [2, 1]),
    ([3, 2, 4, 3], [2, 2, 1, 1], [1, 1], [0, 0]),
    ([1, 2, 4, 3], [2, 2, 1, 1], [1, 1], [0, 0]),
    ([2, 1, 4, 4], [1, 1, 1, 1], [2, 2], [1, 0]),
    // A kernel as large as what it sees, and one that fits the padding alone.
    ([2, 2, 3, 4], [2, 2, 3, 4], [1, 1], [0, 0]),
    ([1, 1, 1, 1], [2, 1, 3, 3], [1, 1], [2, 2]),
    // Steps longer than the kernel pass over elements that nothing sees.
    ([1, 1, 7, 7], [1, 1, 2, 1], [4, 3], [0, 0]),
    // Nothing to see: no images, no channels in, none out, no length.
    ([0, 2, 4, 4], [3, 2, 2, 2], [1, 1], [0, 0]),
    ([2, 0, 4, 4], [3, 0, 2, 2], [1, 1], [0, 0]),
    ([2, 2, 4, 4], [0, 2, 2, 2], [1, 1], [0, 0]),
    ([2, 1, 0, 3], [2, 1, 3, 2], [1, 1], [2, 0]),
];

#[test]
fn a_convolution_is_the_sum_that_defines_it() {
    for case @ (x, weight, stride, padding) in CASES {
        let (x, weight) = (filled(&x, 1), filled(&weight, 2));
        let got = x.conv2d(&weight, stride, padding).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        close(&got, &naive(&x, &weight, stride, padding), &format!("{case:?}"));
    }
}

#[test]
fn a_convolution_of_lines_is_that_of_images_one_line_high() {
    for ([n, c, _, l], [o, _, _, k], [_, stride], [_, padding]) in CASES {
        let (x, weight) = (filled(&[n, c, l], 1), filled(&[o, c, k], 2));
        let got = x.conv1d(&weight, stride, padding).unwrap();
        let (image, flat) = (x.reshape(&[n, c, 1, l]).unwrap(), weight.reshape(&[o, c, 1, k]).unwrap());
        let want = naive(&image, &flat, [1, stride], [0, padding]);
        close(&got, &want.reshape(&[n, o, want.shape()[3]]).unwrap(), &format!("{:?}", x.shape()));
    }
}

#[test]
fn both_orders_of_derivative_agree_with_differences() {
    for case @ (x, weight, stride, padding) in CASES {
        let inputs = [filled(&x, 1), filled(&weight, 2)];
        confirm(&format!("{case:?}"), |x| Ok(x[0].conv2d(&x[1], stride, padding)?.sin()), &inputs);
        let ([n, c, _, l], [o, _, _, k]) = (x, weight);
        let inputs = [filled(&[n, c, l], 1), filled(&[o, c, k], 2)];
        let f = |x: &[Tensor]| Ok(x[0].conv1d(&x[1], stride[1], padding[1])?.powi(2));
        confirm(&format!("{case:?} in one dimension"), f, &inputs);
    }
}

#[test]
fn a_tensor_may_be_convolved_with_itself_and_convolved_again() {
    confirm("x ⋆ x", |x| x[0].conv1d(&x[0], 1, 1), &[filled(&[2, 2, 3], 1)]);
    confirm(
        "two layers with a bias",
        |x| {
            let h = x[0].conv2d(&x[1], [1, 1], [1, 1])?.add(&x[2].reshape(&[3, 1, 1])?)?;
            h.tanh().conv2d(&x[3], [2, 2], [0, 0])
        },
        &[filled(&[2, 1, 4, 4], 1), filled(&[3, 1, 3, 3], 2), filled(&[3], 3), filled(&[2, 3, 2, 2], 4)],
    );
}

#[test]
fn single_precision_is_double_precision_rounded() {
    let narrow =
        |x: &Tensor| Tensor::from_vec(x.as_slice().iter().map(|&x| x as f32).collect(), x.shape()).unwrap();
    let (x, weight) = (filled(&[2, 3, 5, 4], 1), filled(&[4, 3, 3, 2], 2));
    let tape = Tape::begin();
    let (single, kernel) = (tape.tensor(&narrow(&x)), tape.tensor(&narrow(&weight)));
    let (double, wide) = (tape.tensor(&x), tape.tensor(&weight));
    let y = single.conv2d(&kernel, [2, 1], [1, 1]).unwrap();
    let z = double.conv2d(&wide, [2, 1], [1, 1]).unwrap();
    let (y_bar, z_bar) = (tape.sweep(&y.sum_of_squares()).unwrap(), tape.sweep(&z.sum_of_squares()).unwrap());
    let pairs = [(y_bar.of(&single), z_bar.of(&double)), (y_bar.of(&kernel), z_bar.of(&wide))];
    for (single, double) in pairs.into_iter().map(|(single, double)| (single.unwrap(), double.unwrap())) {
        assert_eq!(single.shape(), double.shape());
        for (&single, &double) in single.as_slice().iter().zip(double.as_slice()) {
            assert!((f64::from(single) - double).abs() < 1e-4, "{single} and {double}");
        }
    }
}

#[test]
fn infinities_stay_within_the_windows_that_see_them() {
    let x = Tensor::from_slice(&[1.0, f64::INFINITY, 2.0, 3.0, f64::NAN], &[1, 1, 5]).unwrap();
    let y = x.conv1d(&Tensor::full(&[1, 1, 2], 1.0), 1, 1).unwrap();
    assert_eq!(y.as_slice()[..4], [1.0, f64::INFINITY, f64::INFINITY, 5.0]);
    assert!(y.as_slice()[4].is_nan() && y.as_slice()[5].is_nan());
}

#[test]
fn what_does_not_fit_is_an_error_with_the_shapes() {
    let (x, weight) = (filled(&[2, 3, 4, 5], 1), filled(&[1, 3, 2, 2], 2));
    let said = |x: &Tensor, weight: &Tensor, stride, padding| {
        x.conv2d(weight, stride, padding).unwrap_err().to_string()
    };
    assert_eq!(
        said(&x, &filled(&[1, 2, 2, 2], 2), [1, 1], [0, 0]),
        "conv2d: x and weight must have as many channels in axis 1, got [2, 3, 4, 5] and [1, 2, 2, 2]"
    );
    assert_eq!(
        said(&x, &filled(&[1, 3, 2], 2), [1, 1], [0, 0]),
        "conv2d: wants x (n, c_in, h, w) and weight (c_out, c_in, k_h, k_w), got [2, 3, 4, 5] and [1, 3, 2]"
    );
    assert_eq!(
        said(&x, &filled(&[1, 3, 7, 1], 2), [1, 1], [1, 0]),
        "conv2d: wants a kernel of 1 to 6 elements along axis 2, x with its padding, \
         got [2, 3, 4, 5] and [1, 3, 7, 1]"
    );
    assert_eq!(
        said(&x, &filled(&[1, 3, 1, 0], 2), [1, 1], [0, 0]),
        "conv2d: wants a kernel of 1 to 5 elements along axis 3, x with its padding, \
         got [2, 3, 4, 5] and [1, 3, 1, 0]"
    );
    assert_eq!(said(&x, &weight, [1, 0], [0, 0]), "conv2d: wants a stride of at least 1 along axis 3, got 0");
    assert!(said(&x, &weight, [1, 1], [usize::MAX, 0]).starts_with("conv2d: wants less padding than"));
    assert!(
        said(&x, &weight, [1, 1], [usize::MAX / 4; 2]).contains("fewer elements than memory has addresses")
    );
    assert!(said(&filled(&[0, 3, 4, 5], 1), &weight, [1, 1], [usize::MAX / 4; 2]).contains("fewer elements"));
    assert_eq!(
        filled(&[2, 3], 1).conv1d(&filled(&[1, 3, 2], 2), 1, 0).unwrap_err().to_string(),
        "conv1d: wants x (n, c_in, l) and weight (c_out, c_in, k), got [2, 3] and [1, 3, 2]"
    );
}

#[test]
fn the_input_of_a_first_layer_is_not_given_a_cotangent() {
    let tape = Tape::begin();
    let weight = tape.tensor(&filled(&[2, 3, 2], 2));
    let y = filled(&[4, 3, 6], 1).conv1d(&weight, 1, 1).unwrap();
    // One tensor for the weight, one for its other shape, the product and the outputs: no windows.
    assert_eq!(tape.table(None).matches("unfold").count(), 0);
    assert_eq!(tape.sweep(&y.sum()).unwrap().of(&weight).unwrap().shape(), [2, 3, 2]);
}
