//! Newton's method in ten thousand variables, with a sparse Hessian from a handful of compressed sweeps.
//!
//! A film of soap between two rings takes the shape of least area, whose profile is a catenary (Euler 1744). Run it with
//! `cargo run --release --example 10_sparse_newton`.

use tape::{Error, Program, Real, Sparse};

const PIECES: usize = 10_001;
const LENGTH: f64 = 1.0;

/// The area of the film, over 2π, from its radii between the rings, which have radius 1: each piece is part of a cone.
fn area<R: Real>(radii: &[R]) -> R {
    let h = LENGTH / PIECES as f64;
    let ring = R::from_f64(1.0);
    let piece = |left: R, right: R| {
        let slope = (right - left).scale(1.0 / h);
        (left + right) * (slope * slope).shift(1.0).sqrt()
    };
    let inner: R = radii.windows(2).map(|pair| piece(pair[0], pair[1])).sum();
    (inner + piece(ring, radii[0]) + piece(radii[radii.len() - 1], ring)).scale(h / 2.0)
}

/// Diagonal and off-diagonal of a symmetric tridiagonal matrix: a radius meets only its two neighbours.
fn bands(hessian: &Sparse) -> (Vec<f64>, Vec<f64>) {
    let n = hessian.pattern().rows();
    let (mut diagonal, mut beside) = (vec![0.0; n], vec![0.0; n - 1]);
    for (row, column, value) in hessian.triplets() {
        match column.checked_sub(row) {
            Some(0) => diagonal[row] = value,
            Some(1) => beside[row] = value,
            _ => {} // below the diagonal, the same again
        }
    }
    (diagonal, beside)
}

/// The solution of a symmetric tridiagonal system, by elimination.
fn solve(diagonal: &[f64], beside: &[f64], right: &[f64]) -> Vec<f64> {
    let n = diagonal.len();
    let (mut pivots, mut x) = (diagonal.to_vec(), right.to_vec());
    for k in 1..n {
        let factor = beside[k - 1] / pivots[k - 1];
        pivots[k] -= factor * beside[k - 1];
        x[k] -= factor * x[k - 1];
    }
    for k in (0..n).rev() {
        let after = if k + 1 < n { beside[k] * x[k + 1] } else { 0.0 };
        x[k] = (x[k] - after) / pivots[k];
    }
    x
}

fn main() -> Result<(), Error> {
    let n = PIECES - 1;
    let mut radii = vec![1.0; n];
    // Recorded once; the pattern of the Hessian comes out of the recording.
    let program = Program::trace(area, &radii);
    let mut sweeps = 0;
    println!("step        area / 2π     |gradient|    thinnest");
    for step in 0..20 {
        let (area, gradient) = program.value_and_grad(&radii)?;
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let thinnest = radii.iter().copied().fold(f64::INFINITY, f64::min);
        println!("{step:>4} {:>16.12} {norm:>14.3e} {thinnest:>11.8}", area[0]);
        if norm < 1e-9 {
            break;
        }
        let hessian = program.sparse_hessian(&radii)?;
        sweeps = hessian.sweeps();
        let (diagonal, beside) = bands(&hessian);
        for (radius, step) in radii.iter_mut().zip(solve(&diagonal, &beside, &gradient)) {
            *radius -= step;
        }
    }

    // The catenary r = c cosh(x / c) through the rings: c from c cosh(1 / 2c) = 1, by its greater root.
    let mut c = 0.85_f64;
    for _ in 0..50 {
        let (cosh, sinh) = ((LENGTH / 2.0 / c).cosh(), (LENGTH / 2.0 / c).sinh());
        c -= (c * cosh - 1.0) / (cosh - LENGTH / 2.0 / c * sinh);
    }
    let exact = |k: usize| c * (((k + 1) as f64 / PIECES as f64 - 0.5) * LENGTH / c).cosh();
    let error = radii.iter().enumerate().map(|(k, radius)| (radius - exact(k)).abs()).fold(0.0, f64::max);
    println!("\neach Hessian of {n} by {n} took {sweeps} sweeps");
    println!("the catenary has its waist at {c:.8}; the film differs from it by {error:.1e} at most");
    assert!(sweeps < 10 && error < 1e-7, "{sweeps} sweeps, off by {error}");
    Ok(())
}
