//! Triangular and other systems, inverses, determinants, Cholesky factors: values against identities and sums over
//! permutations, derivatives against differences.

use super::derivatives::confirm;
use super::{filled, numpy_shape};
use crate::tensor::determinant::{Cofactors, CofactorsAlong};
use crate::tensor::operation::apply;
use crate::{Error, Float, Tape, Tensor, Triangle};
use std::slice::from_ref;

fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("it does not fit").to_string()
}

/// The unit matrix.
fn unit(n: usize) -> Tensor {
    let mut unit = Tensor::zeros(&[n, n]);
    unit.as_mut_slice().iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
    unit
}

/// Matrices that are regular: a large diagonal, its largest elements not where elimination begins.
fn regular(batch: &[usize], n: usize, seed: u64) -> Tensor {
    let moved = (0..n * n).map(|k| if (k / n + 1) % n.max(1) == k % n { 3.0 } else { 0.0 }).collect();
    filled(&[batch, &[n, n]].concat(), seed) + Tensor::from_vec(moved, &[n, n]).unwrap()
}

/// Symmetric positive definite matrices.
fn definite(batch: &[usize], n: usize, seed: u64) -> Tensor {
    let x = filled(&[batch, &[n, n]].concat(), seed);
    x.matmul(x.t()).unwrap() + unit(n)
}

fn close(got: &Tensor, want: &Tensor, tolerance: f64) {
    assert_eq!(got.shape(), want.shape());
    for (got, want) in got.as_slice().iter().zip(want.as_slice()) {
        assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{got}, wants {want}");
    }
}

const TRIANGLES: [Triangle; 4] = [Triangle::Lower, Triangle::UnitLower, Triangle::Upper, Triangle::UnitUpper];

/// The matrix that a triangle stands for, element by element.
fn triangle_of(a: &Tensor, triangle: Triangle) -> Tensor {
    let n = a.shape()[a.shape().len() - 1];
    let mut full = a.to_constant();
    for (k, x) in full.as_mut_slice().iter_mut().enumerate() {
        let (i, j) = (k / n % n, k % n);
        let ones = matches!(triangle, Triangle::UnitLower | Triangle::UnitUpper);
        let lower = matches!(triangle, Triangle::Lower | Triangle::UnitLower);
        *x = match () {
            () if i == j && ones => 1.0,
            () if i == j || (i > j) == lower => *x,
            () => 0.0,
        };
    }
    full
}

#[test]
fn a_triangular_solution_solves_its_system_and_the_other_triangle_is_not_read() {
    for (triangle, (batch_a, batch_b)) in TRIANGLES.into_iter().flat_map(|triangle| {
        [(&[][..], &[][..]), (&[2], &[]), (&[], &[3]), (&[2, 1], &[3])].map(|batches| (triangle, batches))
    }) {
        for columns in [1, 3] {
            let mut a = filled(&[batch_a, &[4, 4]].concat(), 1) + unit(4) * 3.0;
            let b = filled(&[batch_b, &[4, columns]].concat(), 2);
            let full = triangle_of(&a, triangle);
            for (read, x) in a.as_mut_slice().iter_mut().zip(full.as_slice()) {
                if *read != *x {
                    *read = f64::NAN;
                }
            }
            let shape = [&*numpy_shape(batch_a, batch_b), &[4, columns]].concat();
            let want = b.broadcast_to(&shape).unwrap();
            let x = a.solve_triangular(&b, triangle).unwrap();
            close(&full.matmul(&x).unwrap(), &want, 1e-13);
            let x = a.t().solve_triangular(&b, triangle).unwrap();
            close(&full.t().matmul(&x).unwrap(), &want, 1e-13);
        }
    }
}

#[test]
fn triangular_solves_have_the_derivatives_that_differences_say() {
    for triangle in TRIANGLES {
        for (a, b) in
            [(&[3, 3][..], &[3][..]), (&[3, 3], &[3, 2]), (&[2, 1, 2, 2], &[3, 2, 2]), (&[0, 0], &[0, 2])]
        {
            let n = a[a.len() - 1];
            let inputs = [filled(a, 1) + unit(n) * 2.0, filled(b, 2)];
            confirm("triangular", |x| x[0].solve_triangular(&x[1], triangle), &inputs);
            confirm("transposed", |x| x[0].t().solve_triangular(&x[1], triangle), &inputs);
        }
        let x = [filled(&[3, 3], 1) + unit(3) * 2.0];
        confirm("A⁻¹ A of a triangle", |x| x[0].solve_triangular(&x[0], triangle), &x);
    }
}

#[test]
fn a_solution_solves_its_system() {
    for (batch_a, batch_b) in [(&[][..], &[][..]), (&[2], &[]), (&[], &[3]), (&[2, 1], &[3]), (&[0], &[1])] {
        for (n, columns) in [(1, 2), (2, 1), (5, 3), (0, 2), (3, 0)] {
            let a = regular(batch_a, n, 1);
            let b = filled(&[batch_b, &[n, columns]].concat(), 2);
            let shape = [&*numpy_shape(batch_a, batch_b), &[n, columns]].concat();
            let want = b.broadcast_to(&shape).unwrap();
            close(&a.matmul(a.solve(&b).unwrap()).unwrap(), &want, 1e-13);
            close(&a.t().matmul(a.t().solve(&b).unwrap()).unwrap(), &want, 1e-13);
        }
    }
    let (a, b) = (regular(&[2], 3, 3), filled(&[3], 4));
    assert_eq!(a.solve(&b).unwrap().shape(), [2, 3], "a vector is a column for each matrix");
    close(&a.matmul(&b).unwrap(), &a.inverse().unwrap().solve(&b).unwrap(), 1e-13);
    let (a, b) = (filled(&[120, 120], 5), filled(&[120, 7], 6));
    close(&a.matmul(a.solve(&b).unwrap()).unwrap(), &b, 1e-10);
}

#[test]
fn solves_have_the_derivatives_that_differences_say() {
    for (batch_a, n, b) in [
        (&[][..], 3, &[3][..]),
        (&[], 3, &[3, 2]),
        (&[2, 1], 2, &[3, 2, 2]),
        (&[], 2, &[2, 2, 1]),
        (&[2], 2, &[2]),
        (&[], 0, &[0, 2]),
        (&[0], 2, &[2, 2]),
    ] {
        let inputs = [regular(batch_a, n, 1), filled(b, 2)];
        confirm("solve", |x| x[0].solve(&x[1]), &inputs);
        confirm("solve transposed", |x| x[0].t().solve(&x[1]), &inputs);
        confirm("only the matrix varies", |x| x[0].solve(&inputs[1]), &inputs[..1]);
        confirm("only the right side varies", |x| inputs[0].solve(&x[0]), &inputs[1..]);
    }
    confirm("A⁻¹ sin A", |x| x[0].solve(&x[0].sin()), &[regular(&[], 3, 1)]);
    // With cubes to be compared with: A⁻¹ A itself is constant.
    confirm("A⁻¹ A", |x| Ok(x[0].solve(&x[0])? + x[0].powi(3)), &[regular(&[], 3, 1)]);
    confirm("A⁻ᵀ A", |x| x[0].t().solve(&x[0]), &[regular(&[], 3, 1)]);
    confirm("A⁻² b", |x| x[0].solve(&x[0].solve(&x[1])?), &[regular(&[], 3, 1), filled(&[3], 2)]);
}

#[test]
fn a_matrix_times_its_inverse_is_the_unit_matrix() {
    for (batch, n) in [(&[][..], 1), (&[], 4), (&[2, 3], 3), (&[], 0), (&[0], 2)] {
        let a = regular(batch, n, 1);
        let want = unit(n).broadcast_to(a.shape()).unwrap();
        close(&a.matmul(a.inverse().unwrap()).unwrap(), &want, 1e-13);
        confirm("inverse", |x| x[0].inverse(), from_ref(&a));
        confirm("slogdet", |x| Ok(x[0].slogdet()?.1.sin()), from_ref(&a));
        confirm("det", |x| Ok(x[0].det()?.sin()), &[a]);
    }
}

/// Leibniz's sum over all permutations.
fn leibniz(a: &[f64], n: usize) -> f64 {
    fn sum(a: &[f64], n: usize, row: usize, taken: &mut Vec<usize>) -> f64 {
        if row == n {
            let inversions = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
            let odd = inversions.filter(|&(i, j)| taken[j] > taken[i]).count() % 2 == 1;
            let product: f64 = taken.iter().enumerate().map(|(i, &j)| a[i * n + j]).product();
            return if odd { -product } else { product };
        }
        (0..n)
            .map(|j| {
                if taken.contains(&j) {
                    return 0.0;
                }
                taken.push(j);
                let part = sum(a, n, row + 1, taken);
                taken.pop();
                part
            })
            .sum()
    }
    sum(a, n, 0, &mut Vec::new())
}

#[test]
fn determinants_are_those_of_the_sum_over_permutations() {
    for n in 0..6 {
        let a = filled(&[2, 3, n, n], 7);
        let (signs, sizes) = a.slogdet().unwrap();
        let dets = a.det().unwrap();
        assert_eq!(dets.shape(), [2, 3]);
        for k in 0..6 {
            let want = leibniz(&a.as_slice()[k * n * n..(k + 1) * n * n], n);
            let (sign, size) = (signs.as_slice()[k], sizes.as_slice()[k]);
            approx::assert_relative_eq!(dets.as_slice()[k], want, max_relative = 1e-12);
            approx::assert_relative_eq!(sign * size.exp(), want, max_relative = 1e-12);
        }
    }
    assert_eq!(Tensor::<f64>::zeros(&[0, 0]).det().unwrap().item(), Ok(1.0));
    let huge = unit(400) * 1e-3;
    let (sign, size) = huge.slogdet().unwrap();
    assert_eq!(
        (huge.det().unwrap().item(), sign.item()),
        (Ok(0.0), Ok(1.0)),
        "one underflows, the other does not"
    );
    approx::assert_relative_eq!(size.item().unwrap(), 400.0 * 1e-3_f64.ln(), max_relative = 1e-14);
}

/// A matrix of this rank.
fn of_rank(rank: usize, n: usize) -> Tensor {
    filled(&[n, rank], 1).matmul(filled(&[rank, n], 2)).unwrap()
}

#[test]
fn determinants_of_matrices_of_any_rank_have_derivatives_of_every_order() {
    for (n, rank) in (1..5_usize).flat_map(|n| (0..=n).map(move |rank| (n, rank))) {
        let name = format!("det of a {n} × {n} matrix of rank {rank}");
        let a = of_rank(rank, n);
        // A polynomial, so differences are as good as at other places. The cube is there to be compared with: many of
        // the derivatives are zero, where differences are noise.
        let with_cube = |y: Tensor, x: &Tensor| Ok(y.sum() + (x.sum() + 1.0).powi(3));
        confirm(&name, |x| with_cube(x[0].det()?, &x[0]), from_ref(&a));
        // Second and third derivatives, then third and fourth.
        let weights = filled(&[n, n], 3);
        confirm(&name, |x| with_cube(apply(Cofactors, &[&x[0]])? * &weights, &x[0]), from_ref(&a));
        let along = |x: &[Tensor]| Ok(apply(CofactorsAlong, &[&x[0], &x[1]])? * &weights);
        confirm(&name, |x| with_cube(along(x)?, &(&x[0] + &x[1])), &[a, filled(&[n, n], 4)]);
    }
    let mixed = Tensor::concat(&[&of_rank(1, 3), &of_rank(3, 3), &of_rank(0, 3)], 0).unwrap();
    confirm(
        "a batch of mixed ranks",
        |x| Ok(x[0].det()?.sum() + (x[0].sum() + 1.0).powi(3)),
        &[mixed.reshape(&[3, 3, 3]).unwrap()],
    );
}

#[test]
fn the_gradient_of_a_singular_determinant_is_that_of_the_minors() {
    // Whole numbers: rank 2, whose cofactors no division by a pivot finds.
    let tape = Tape::begin();
    let a = tape.tensor(&Tensor::from_vec((1..10).map(f64::from).collect(), &[3, 3]).unwrap());
    let y = a.det().unwrap();
    assert!(y.item().unwrap().abs() < 1e-14);
    let bar = tape.sweep(&y).unwrap().of(&a).unwrap();
    close(
        &bar,
        &Tensor::from_slice(&[-3.0, 6.0, -3.0, 6.0, -12.0, 6.0, -3.0, 6.0, -3.0], &[3, 3]).unwrap(),
        1e-14,
    );
    let zeros = tape.tensor(&Tensor::<f64>::zeros(&[3, 3]));
    let bar = tape.sweep(&zeros.det().unwrap()).unwrap().of(&zeros).unwrap();
    assert_eq!(bar.to_vec(), [0.0; 9]);
}

#[test]
fn a_cholesky_factor_times_its_transpose_is_the_matrix() {
    for (batch, n) in [(&[][..], 1), (&[], 5), (&[2, 3], 3), (&[], 0), (&[0], 2)] {
        let a = definite(batch, n, 1);
        let l = a.cholesky().unwrap();
        close(&l.matmul(l.t()).unwrap(), &a, 1e-14);
        assert_eq!(l, triangle_of(&l, Triangle::Lower));
        // Element by element: each is varied without its mirror image.
        confirm("cholesky", |x| x[0].cholesky(), from_ref(&a));
        confirm("cholesky of a symmetric matrix", |x| (&x[0] + unit(n)).cholesky(), &[a]);
    }
    let slanted = definite(&[], 3, 1) + filled(&[3, 3], 2) * 0.1;
    let symmetric = (&slanted + slanted.transpose()) * 0.5;
    close(&slanted.cholesky().unwrap(), &symmetric.cholesky().unwrap(), 1e-14);
    confirm("cholesky of a matrix that is not symmetric", |x| x[0].cholesky(), &[slanted]);
    confirm(
        "x xᵀ and a solve with its factor",
        |x| {
            let l = (x[0].matmul(x[0].t())? + unit(3)).cholesky()?;
            l.t().solve_triangular(&l.solve_triangular(&x[1], Triangle::Lower)?, Triangle::Lower)
        },
        &[filled(&[3, 3], 1), filled(&[3, 2], 2)],
    );
    let large = definite(&[], 90, 3);
    let l = large.cholesky().unwrap();
    close(&l.matmul(l.t()).unwrap(), &large, 1e-13);
}

#[test]
fn matrices_without_what_is_wanted_are_refused() {
    let zeros = |shape: &[usize]| Tensor::<f64>::zeros(shape);
    let b = filled(&[3], 1);
    let singular = |operation: &str, pivot: usize| {
        format!("{operation}: wants a regular matrix, got one whose pivot {pivot} is zero")
    };
    let a = Tensor::from_slice(&[1.0, 2.0, 0.0, 2.0, 4.0, 0.0, 0.0, 0.0, 1.0], &[3, 3]).unwrap();
    let among_others = Tensor::concat(&[&unit(3), &a], 0).unwrap().reshape(&[2, 3, 3]).unwrap();
    for a in [&a, &among_others] {
        assert_eq!(words(a.solve(&b)), singular("solve", 1));
        assert_eq!(words(a.t().solve(&b)), singular("solve", 1));
        assert_eq!(words(a.inverse()), singular("inverse", 1));
        assert_eq!(words(a.slogdet()), singular("slogdet", 1));
    }
    let mut triangle = unit(3);
    triangle.as_mut_slice()[4] = 0.0;
    assert_eq!(words(triangle.solve_triangular(&b, Triangle::Upper)), singular("solve_triangular", 1));
    assert_eq!(triangle.solve_triangular(&b, Triangle::UnitUpper), Ok(b.clone()), "its diagonal is not read");
    assert_eq!(
        words((unit(3) * -2.0).cholesky()),
        "cholesky: wants a positive definite matrix, got one whose pivot 0 is -2"
    );
    assert_eq!(
        words(a.cholesky()),
        "cholesky: wants a positive definite matrix, got one whose pivot 1 is 0",
        "semidefinite"
    );
    assert!(words((unit(3) * f64::NAN).cholesky()).ends_with("pivot 0 is NaN"));

    let want = "wants square matrices in the last two axes, got";
    assert_eq!(words(zeros(&[2, 3]).cholesky()), format!("cholesky: {want} [2, 3]"));
    assert_eq!(words(zeros(&[3]).det()), format!("det: {want} [3]"));
    assert_eq!(words(zeros(&[2, 3]).inverse()), format!("inverse: {want} [2, 3]"));
    assert_eq!(words(zeros(&[]).slogdet()), format!("slogdet: {want} []"));
    assert_eq!(words(zeros(&[2, 3]).solve(&b)), format!("solve: {want} [2, 3]"));
    let want = "rows of the right must equal rows of the matrix, got [2, 2] and [3, 1]";
    assert_eq!(words(zeros(&[2, 2]).solve(&b)), format!("solve: {want}"));
    assert_eq!(
        words(zeros(&[2, 2]).solve_triangular(&b, Triangle::Lower)),
        format!("solve_triangular: {want}")
    );
    assert_eq!(
        words(unit(2).solve(&zeros(&[]))),
        "solve: wants a vector or matrices on the right, got [2, 2] and []"
    );
    assert_eq!(
        words(regular(&[2], 3, 1).solve(&zeros(&[3, 3, 1]))),
        "solve: shapes must agree axis by axis from the last one, or be 1 there, got [2] and [3]"
    );
}

/// The gradient of a function through every decomposition, in one precision.
fn gradient_of_all<T: Float>(a: &Tensor, b: &Tensor) -> Vec<f64> {
    let narrow = |x: &Tensor| {
        let x_t = x.as_slice().iter().map(|&x| T::from_f64(x)).collect();
        Tensor::<T>::from_vec(x_t, x.shape()).unwrap()
    };
    let tape = Tape::begin();
    let (a, b) = (tape.tensor(&narrow(a)), tape.tensor(&narrow(b)));
    let l = a.matmul(a.t()).unwrap().cholesky().unwrap();
    let y = a.solve(&b).unwrap().sum()
        + a.inverse().unwrap().sum()
        + a.slogdet().unwrap().1
        + a.det().unwrap()
        + l.solve_triangular(&b, Triangle::Lower).unwrap().sum();
    let bar = tape.sweep(&y).unwrap();
    let flat = |x: &Tensor<T>| bar.of(x).unwrap().as_slice().iter().map(|x| x.to_f64()).collect::<Vec<_>>();
    [flat(&a), flat(&b)].concat()
}

#[test]
fn in_f32_all_of_it_is_that_of_f64_rounded() {
    let (a, b) = (regular(&[], 4, 1), filled(&[4, 2], 2));
    for (single, double) in gradient_of_all::<f32>(&a, &b).into_iter().zip(gradient_of_all::<f64>(&a, &b)) {
        assert!((single - double).abs() < 1e-4 * double.abs().max(1.0), "{single} and {double}");
    }
}

#[test]
fn a_second_sweep_of_a_recorded_solve_finds_its_factors_unchanged() {
    let tape = Tape::begin();
    let mut values = regular(&[], 3, 1);
    let a = tape.tensor(&values);
    let y = a.solve(&a.cos()).unwrap().sum();
    values.as_mut_slice().fill(0.0);
    let first = tape.sweep(&y).unwrap().of(&a).unwrap();
    let recorded = tape.sweep_recorded(&y).unwrap().of(&a).unwrap();
    assert_eq!(first.to_vec(), tape.sweep(&y).unwrap().of(&a).unwrap().to_vec());
    close(&recorded.to_constant(), &first, 1e-14);
}
