//! Elements in another order, pieces, paddings, diagonals and triangles: values against loops over all indices,
//! derivatives against differences, and what does not fit.

use super::derivatives::confirm;
use super::{filled, indices, shown};
use crate::{Error, Tape, Tensor};

/// The shapes that everything is tried on: plain ones, axes of length one, and empty ones.
const SHAPES: [&[usize]; 9] =
    [&[4], &[2, 3], &[3, 1, 2], &[1, 1], &[2, 2, 2, 3], &[1], &[0], &[0, 3], &[2, 0, 2]];

fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("it does not fit").to_string()
}

/// The tensor of this shape whose elements are a function of their index.
fn made(shape: &[usize], f: impl Fn(&[usize]) -> f64) -> Tensor {
    Tensor::from_vec(indices(shape).iter().map(|index| f(index)).collect(), shape).unwrap()
}

/// Where each element of a shape ends up, by a loop that writes instead of one that reads.
fn moved(x: &Tensor, to: impl Fn(usize, usize, usize) -> usize) -> Tensor {
    let mut y = Tensor::zeros(x.shape());
    for index in indices(x.shape()) {
        let there = index.iter().zip(x.shape()).enumerate().map(|(axis, (&i, &length))| to(axis, i, length));
        let offset = there.zip(x.shape()).fold(0, |offset, (i, length)| offset * length + i);
        y.as_mut_slice()[offset] = shown(x, &index);
    }
    y
}

#[test]
fn a_flip_reverses_the_named_axes_alone() {
    for shape in SHAPES {
        let x = filled(shape, 1);
        let last = shape.len() - 1;
        for axes in [&[][..], &[0], &[last]] {
            let want = moved(&x, |axis, i, length| if axes.contains(&axis) { length - 1 - i } else { i });
            assert_eq!(x.flip(axes).unwrap(), want, "{shape:?} along {axes:?}");
            assert_eq!(x.flip(axes).unwrap().flip(axes).unwrap(), x, "twice is nothing");
            confirm("flip", |x| x[0].flip(axes)?.powi(2).mul(&x[0]), std::slice::from_ref(&x));
        }
    }
    let all = filled(&[2, 3, 2], 1).flip(&[2, 0, 1]).unwrap();
    let backwards: Vec<f64> = filled(&[2, 3, 2], 1).to_vec().into_iter().rev().collect();
    assert_eq!(all.to_vec(), backwards);
    assert_eq!(Tensor::scalar(3.0).flip(&[]).unwrap().item(), Ok(3.0));
    assert_eq!(words(all.flip(&[3])), "flip: wants axes below 3 for shape [2, 3, 2], got 3");
    assert_eq!(words(all.flip(&[1, 1])), "flip: wants each axis once, got 1");
}

#[test]
fn a_roll_moves_on_and_comes_in_again_at_the_start() {
    for shape in SHAPES {
        let x = filled(shape, 1);
        for shift in [0, 1, -1, 2, 7, -8] {
            let shifts = [shift, -3];
            let shifts = &shifts[..shape.len().min(2)];
            let want = moved(&x, |axis, i, length| {
                let shift = shifts.get(axis).copied().unwrap_or(0);
                (i as isize + shift).rem_euclid(length as isize) as usize
            });
            assert_eq!(x.roll(shifts).unwrap(), want, "{shape:?} by {shifts:?}");
            confirm("roll", |x| x[0].roll(shifts)?.exp().mul(&x[0]), std::slice::from_ref(&x));
        }
    }
    let x = Tensor::<f64>::arange(3);
    // 2⁶³ - 1 is one more than a multiple of three, and -2⁶³ one more too.
    assert_eq!(x.roll(&[isize::MAX]).unwrap().to_vec(), [2.0, 0.0, 1.0]);
    assert_eq!(x.roll(&[isize::MIN]).unwrap().to_vec(), [2.0, 0.0, 1.0]);
    assert_eq!(words(x.roll(&[1, 1])), "roll: wants at most 1 shifts for shape [3], got 2");
}

#[test]
fn steps_take_the_elements_that_a_stepped_range_names() {
    let x = filled(&[7, 2, 5], 1);
    for step in [1_usize, 2, 3, 7, 100] {
        for range in [0..7, 1..6, 2..3, 4..4, 0..0, 7..7] {
            let forward: Vec<usize> = range.clone().step_by(step).collect();
            let back: Vec<usize> = range.clone().rev().step_by(step).collect();
            for (rows, step) in [(forward, step as isize), (back, -(step as isize))] {
                let y = x.slice_steps(&[range.clone(), 0..2, 1..5], &[step, 1, -3]).unwrap();
                let want = made(&[rows.len(), 2, 2], |i| shown(&x, &[rows[i[0]], i[1], [4, 1][i[2]]]));
                assert_eq!(y, want, "{range:?} by {step}");
            }
        }
    }
    assert_eq!(x.slice_steps(&[], &[]).unwrap(), x);
    assert_eq!(x.slice_steps(&[], &[-1]).unwrap(), x.flip(&[0]).unwrap());
    assert_eq!(x.slice_steps(std::slice::from_ref(&(2..5)), &[]).unwrap(), x.narrow(0, 2, 3).unwrap());
    assert_eq!(
        x.slice_steps(std::slice::from_ref(&(0..7)), &[isize::MIN]).unwrap(),
        x.narrow(0, 6, 1).unwrap()
    );
    for (range, steps) in [(0..7, [2, 1, -2]), (1..6, [-3, -1, 1]), (3..3, [2, 1, 1])] {
        confirm(
            "slice_steps",
            |x| Ok(x[0].slice_steps(std::slice::from_ref(&range), &steps)?.sin()),
            std::slice::from_ref(&x),
        );
    }
    confirm(
        "overlapping steps",
        |x| {
            x[0].slice_steps(std::slice::from_ref(&(0..5)), &[2])?
                .mul(&x[0].slice_steps(std::slice::from_ref(&(1..6)), &[-2])?)
        },
        &[filled(&[6], 1)],
    );
    assert_eq!(
        words(x.slice_steps(std::slice::from_ref(&(0..7)), &[0])),
        "slice_steps: wants a step other than zero along axis 0, got 0"
    );
    assert_eq!(
        words(x.slice_steps(std::slice::from_ref(&(0..8)), &[2])),
        "slice_steps: range 0..8 along axis 0 must lie within 0..7, got [7, 2, 5]"
    );
    assert_eq!(
        words(x.slice_steps(&[], &[1; 4])),
        "slice_steps: wants at most 3 steps for shape [7, 2, 5], got 4"
    );
    let five = [0..1, 0..1, 0..1, 0..1];
    assert_eq!(
        words(x.slice_steps(&five, &[])),
        "slice_steps: wants at most 3 ranges for shape [7, 2, 5], got 4"
    );
}

#[test]
fn axes_of_length_one_come_and_go_without_a_copy() {
    let x = filled(&[1, 2, 1, 3], 1);
    let squeezed = x.squeeze(&[2, 0]).unwrap();
    assert_eq!(squeezed.shape(), [2, 3]);
    assert_eq!(squeezed.as_slice().as_ptr(), x.as_slice().as_ptr());
    assert_eq!(squeezed.unsqueeze(1).unwrap().unsqueeze(0).unwrap(), x);
    assert_eq!(squeezed.unsqueeze(2).unwrap().shape(), [2, 3, 1]);
    assert_eq!(x.squeeze(&[]).unwrap(), x);
    assert_eq!(Tensor::scalar(1.0).unsqueeze(0).unwrap().shape(), [1]);
    assert_eq!(Tensor::<f64>::zeros(&[0, 1]).squeeze(&[1]).unwrap().shape(), [0]);
    confirm("squeeze", |x| Ok(x[0].squeeze(&[0, 2])?.sin()), std::slice::from_ref(&x));
    confirm("unsqueeze", |x| x[0].unsqueeze(1)?.mul(&x[0].unsqueeze(0)?), &[filled(&[3], 1)]);
    assert_eq!(words(x.squeeze(&[1])), "squeeze: axis 1 must have length 1, got [1, 2, 1, 3]");
    assert_eq!(words(x.squeeze(&[0, 0])), "squeeze: wants each axis once, got 0");
    assert_eq!(words(x.squeeze(&[4])), "squeeze: wants axes below 4 for shape [1, 2, 1, 3], got 4");
    assert_eq!(words(x.unsqueeze(5)), "unsqueeze: wants a new axis up to 4 for shape [1, 2, 1, 3], got 5");
}

#[test]
fn what_is_padded_stands_inside_the_value() {
    for value in [0.0, -2.5, f64::INFINITY] {
        for shape in SHAPES {
            let x = filled(shape, 1);
            let widths: Vec<(usize, usize)> =
                (0..shape.len()).map(|axis| (axis % 2, (axis + 1) % 3)).collect();
            let lengths: Vec<usize> = shape.iter().zip(&widths).map(|(n, (b, a))| b + n + a).collect();
            let want = made(&lengths, |index| {
                let inner: Option<Vec<usize>> = index
                    .iter()
                    .zip(&widths)
                    .zip(shape)
                    .map(|((i, width), &length)| i.checked_sub(width.0).filter(|&i| i < length))
                    .collect();
                inner.map_or(value, |index| shown(&x, &index))
            });
            assert_eq!(x.pad(&widths, value).unwrap(), want, "{shape:?} by {widths:?}");
            if value.is_finite() {
                confirm("pad", |x| Ok(x[0].pad(&widths, value)?.sin()), &[x]);
            }
        }
    }
    let zero: Tensor = Tensor::scalar(-0.0).pad(&[], 1.0).unwrap();
    assert!(zero.item().unwrap().is_sign_negative(), "padding leaves the elements as they are");
    let x = Tensor::full(&[2], f64::NAN).pad(&[(1, 0)], 4.0).unwrap();
    assert!(x.as_slice()[0] == 4.0 && x.as_slice()[1].is_nan());
    let x = filled(&[2, 3], 1);
    assert_eq!(words(x.pad(&[(1, 1)], 0.0)), "pad: wants widths for each axis of [2, 3], got 1");
    assert!(words(x.pad(&[(usize::MAX, 1), (0, 0)], 0.0)).contains("must leave lengths that can be counted"));
    assert!(words(x.pad(&[(1 << 40, 0), (1 << 40, 0)], 1.0)).starts_with("pad: fewer elements"));
}

#[test]
fn a_stack_is_taken_apart_by_narrowing() {
    for shape in SHAPES {
        let x: Vec<Tensor> = (0..3).map(|seed| filled(shape, seed)).collect();
        for axis in 0..=shape.len() {
            let y = Tensor::stack(&x.iter().collect::<Vec<_>>(), axis).unwrap();
            for (k, x) in x.iter().enumerate() {
                assert_eq!(y.narrow(axis, k, 1).unwrap().squeeze(&[axis]).unwrap(), *x);
            }
            confirm("stack", |x| Ok(Tensor::stack(&[&x[0], &x[1], &x[0]], axis)?.powi(3)), &x[..2]);
        }
    }
    let (a, b) = (filled(&[2], 1), filled(&[2, 1], 1));
    assert_eq!(Tensor::stack(&[&Tensor::scalar(1.0), &Tensor::scalar(2.0)], 0).unwrap().to_vec(), [1.0, 2.0]);
    assert_eq!(words(Tensor::<f64>::stack(&[], 0)), "stack: wants at least one tensor, got 0");
    assert_eq!(words(Tensor::stack(&[&a, &b], 0)), "stack: tensors must have one shape, got [2] and [2, 1]");
    assert_eq!(words(Tensor::stack(&[&a], 2)), "stack: wants a new axis up to 1 for shape [2], got 2");
}

#[test]
fn pieces_are_the_whole_again() {
    let x = filled(&[2, 5, 3], 1);
    for count in 1..8 {
        let pieces = x.chunk(count, 1).unwrap();
        let lengths: Vec<usize> = pieces.iter().map(|piece| piece.shape()[1]).collect();
        let want: &[usize] = match count {
            1 => &[5],
            2 => &[3, 2],
            3 => &[2, 2, 1],
            4 => &[2, 2, 1],
            _ => &[1, 1, 1, 1, 1],
        };
        assert_eq!(lengths, want, "in {count}");
        assert_eq!(Tensor::concat(&pieces.iter().collect::<Vec<_>>(), 1).unwrap(), x);
    }
    let pieces = x.split(&[0, 4, 1, 0], 1).unwrap();
    assert_eq!(pieces.iter().map(|piece| piece.shape()[1]).collect::<Vec<_>>(), [0, 4, 1, 0]);
    assert_eq!(Tensor::concat(&pieces.iter().collect::<Vec<_>>(), 1).unwrap(), x);
    assert_eq!(filled(&[0, 2], 1).chunk(3, 0).unwrap().len(), 3, "pieces of nothing");
    assert_eq!(filled(&[0, 2], 1).split(&[], 0).unwrap().len(), 0);
    assert_eq!(x.narrow(2, 1, 2).unwrap(), made(&[2, 5, 2], |i| shown(&x, &[i[0], i[1], i[2] + 1])));
    assert_eq!(x.narrow(2, 3, 0).unwrap().shape(), [2, 5, 0]);

    let x = [x];
    confirm("chunk", |x| x[0].chunk(2, 1)?[0].narrow(1, 1, 2)?.mul(&x[0].chunk(2, 1)?[1]), &x);
    confirm("split", |x| Ok(x[0].split(&[1, 4], 1)?[1].sin()), &x);
    confirm("overlapping parts", |x| x[0].narrow(1, 0, 4)?.mul(&x[0].narrow(1, 1, 4)?), &x);
    confirm("narrowed to nothing", |x| Ok(x[0].narrow(0, 1, 0)?.exp()), &x);

    let x = &x[0];
    assert_eq!(words(x.chunk(0, 1)), "chunk: wants at least one piece, got 0");
    assert_eq!(words(x.chunk(2, 3)), "chunk: wants an axis below 3 for shape [2, 5, 3], got 3");
    assert_eq!(words(x.split(&[2, 2], 1)), "split: wants lengths that sum to the 5 along axis 1, got 4");
    assert!(x.split(&[usize::MAX, 6], 1).is_err());
    assert_eq!(words(x.split(&[1], 4)), "split: wants an axis below 3 for shape [2, 5, 3], got 4");
    let want = "narrow: wants a part that ends within the 5 elements along axis 1, got 6";
    assert_eq!(words(x.narrow(1, 3, 3)), want);
    assert!(x.narrow(1, usize::MAX, 2).is_err());
    assert_eq!(words(x.narrow(3, 0, 1)), "narrow: wants an axis below 3 for shape [2, 5, 3], got 3");
}

/// The matrices that diagonals and triangles are tried on, in batches and alone.
const MATRICES: [&[usize]; 8] =
    [&[3, 3], &[2, 4], &[4, 2], &[1, 1], &[2, 3, 2], &[2, 1, 2, 2], &[0, 3], &[0, 2, 2]];

#[test]
fn a_diagonal_holds_what_is_as_far_right_as_down() {
    for shape in MATRICES {
        let x = filled(shape, 1);
        let batch = &shape[..shape.len() - 2];
        for offset in [0, 1, -1, 2, -3, isize::MAX, isize::MIN] {
            let mut rows = vec![vec![]; batch.iter().product()];
            for (row, index) in rows.iter_mut().zip(indices(batch)) {
                for place in indices(&shape[batch.len()..]) {
                    if (place[1] as isize - place[0] as isize) == offset {
                        row.push(shown(&x, &[&index[..], &place].concat()));
                    }
                }
            }
            let y = x.diagonal(offset).unwrap();
            assert_eq!(y.to_vec(), rows.concat(), "{shape:?}, {offset}");
            assert_eq!(&y.shape()[..batch.len()], batch);
            if let Some(row) = rows.first() {
                assert_eq!(y.shape()[batch.len()], row.len());
            }
            confirm("diagonal", |x| Ok(x[0].diagonal(offset)?.sin()), std::slice::from_ref(&x));
            if (-3..3).contains(&offset) {
                let back = y.diag_embed(offset).unwrap();
                assert_eq!(back.diagonal(offset).unwrap(), y);
                assert_eq!(back.sum().item().unwrap(), back.diagonal(offset).unwrap().sum().item().unwrap());
                confirm(
                    "diag_embed",
                    |x| x[0].diag_embed(offset)?.exp().mul(&x[0].diag_embed(0)?.sum()),
                    &[y],
                );
            }
        }
        let ones: Tensor = made(shape, |index| f64::from(index[batch.len()] == index[batch.len() + 1]));
        let trace = x.trace().unwrap();
        let by_mask = (&x * &ones).sum_axes(&[batch.len(), batch.len() + 1], false).unwrap();
        assert_eq!(trace.shape(), batch);
        for (trace, masked) in trace.as_slice().iter().zip(by_mask.as_slice()) {
            approx::assert_relative_eq!(*trace, *masked, max_relative = 1e-14);
        }
        confirm("trace", |x| Ok(x[0].trace()?.sin()), &[x]);
    }
}

#[test]
fn diag_goes_both_ways_between_vectors_and_matrices() {
    let v = Tensor::from_slice(&[5.0, 7.0], &[2]).unwrap();
    assert_eq!(v.diag(0).unwrap().to_vec(), [5.0, 0.0, 0.0, 7.0]);
    assert_eq!(v.diag(-1).unwrap().to_vec(), [0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 7.0, 0.0]);
    assert_eq!(v.diag(2).unwrap().diag(2).unwrap(), v);
    assert_eq!(Tensor::<f64>::zeros(&[0]).diag(0).unwrap().shape(), [0, 0]);
    assert_eq!(Tensor::<f64>::zeros(&[0]).diag(1).unwrap().to_vec(), [0.0]);
    confirm("diag of a vector", |x| x[0].diag(1)?.matmul(x[0].diag(-1)?), &[filled(&[3], 1)]);
    confirm("diag of a matrix", |x| x[0].diag(0)?.mul(&x[0].diag(0)?), &[filled(&[3, 2], 1)]);
    let cube = filled(&[2, 2, 2], 1);
    assert_eq!(words(cube.diag(0)), "diag: wants a vector or a matrix, got [2, 2, 2]");
    assert_eq!(words(Tensor::scalar(1.0).diag(0)), "diag: wants a vector or a matrix, got []");
    assert_eq!(
        words(Tensor::scalar(1.0).diag_embed(0)),
        "diag_embed: wants a vector, or a batch of them, got []"
    );
    assert_eq!(words(v.diagonal(0)), "diagonal: wants a matrix, or a batch of them, got [2]");
    assert_eq!(words(v.trace()), "trace: wants a matrix, or a batch of them, got [2]");
    assert!(words(v.diag(isize::MIN)).starts_with("diag: fewer elements"));
}

#[test]
fn triangles_are_zero_on_the_other_side() {
    for shape in MATRICES {
        let x = filled(shape, 1);
        let down = shape.len() - 2;
        for offset in [0, 1, -1, -2, isize::MAX, isize::MIN] {
            let side = |keep: fn(i128) -> bool| {
                made(shape, |index| {
                    let right = index[down + 1] as i128 - index[down] as i128;
                    if keep(right - offset as i128) { shown(&x, index) } else { 0.0 }
                })
            };
            assert_eq!(x.tril(offset).unwrap(), side(|over| over <= 0), "{shape:?}, {offset}");
            assert_eq!(x.triu(offset).unwrap(), side(|over| over >= 0), "{shape:?}, {offset}");
        }
        confirm("tril", |x| x[0].tril(0)?.exp().mul(&x[0].tril(-1)?), std::slice::from_ref(&x));
        confirm("triu", |x| x[0].triu(1)?.exp().mul(&x[0].triu(0)?), &[x]);
    }
    assert_eq!(words(filled(&[3], 1).tril(0)), "tril: wants a matrix, or a batch of them, got [3]");
    assert_eq!(words(Tensor::scalar(1.0).triu(0)), "triu: wants a matrix, or a batch of them, got []");
}

#[test]
fn what_a_triangle_drops_may_be_infinite() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[1.0, 0.0, 2.0, 4.0], &[2, 2]).unwrap());
    let y = x.recip().tril(0).unwrap().sum();
    assert_eq!(y.item(), Ok(1.75));
    assert_eq!(tape.sweep(&y).unwrap().of(&x).unwrap().to_vec(), [-1.0, 0.0, -0.25, -0.0625]);
}

#[test]
fn patterns_are_what_they_say() {
    assert_eq!(Tensor::<f32>::arange(4).to_vec(), [0.0, 1.0, 2.0, 3.0]);
    assert!(Tensor::<f64>::arange(0).is_empty());
    assert_eq!(Tensor::<f64>::eye(3), made(&[3, 3], |i| f64::from(i[0] == i[1])));
    assert_eq!(Tensor::<f64>::eye(0).shape(), [0, 0]);
    assert_eq!(Tensor::<f64>::eye(1).to_vec(), [1.0]);
    assert!(std::panic::catch_unwind(|| Tensor::<f64>::eye(usize::MAX)).is_err());
    assert_eq!(Tensor::linspace(3.0, -1.0, 3).to_vec(), [3.0, 1.0, -1.0]);
    assert_eq!(Tensor::linspace(3.0, 5.0, 1).to_vec(), [3.0]);
    assert!(Tensor::linspace(3.0, 5.0, 0).is_empty());
    assert_eq!(Tensor::linspace(-f64::MAX, f64::MAX, 3).to_vec(), [-f64::MAX, 0.0, f64::MAX]);
    for count in [2, 7, 10, 11, 50] {
        let steps = Tensor::linspace(0.1_f32, 0.7, count).to_vec();
        assert_eq!((steps[0], steps[count - 1]), (0.1, 0.7));
        let back: Vec<f32> = Tensor::linspace(0.7_f32, 0.1, count).to_vec().into_iter().rev().collect();
        assert_eq!(steps, back, "the same from either end");
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
