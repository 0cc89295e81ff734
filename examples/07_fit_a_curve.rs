//! A curve is fitted to measurements by Levenberg and Marquardt's method, with the Jacobian from the tape.
//!
//! The data are Misra1a of the Statistical Reference Datasets of NIST (dental research: monomolecular adsorption; D. Misra,
//! NIST, 1978; <https://www.itl.nist.gov/div898/strd/nls/data/misra1a.shtml>), with certified values for
//! parameters and their standard deviations. Run it with `cargo run --release --example 07_fit_a_curve`.

use tape::{Error, Real, jacobian, linear};

/// Volume and pressure.
const DATA: [(f64, f64); 14] = [
    (10.07, 77.6),
    (14.73, 114.9),
    (17.94, 141.1),
    (23.93, 190.8),
    (29.61, 239.9),
    (35.18, 289.0),
    (40.02, 332.8),
    (44.82, 378.4),
    (50.76, 434.8),
    (55.05, 477.3),
    (61.01, 536.8),
    (66.40, 593.1),
    (75.47, 689.1),
    (81.78, 760.0),
];

/// Parameters, their standard deviations, and the residual sum of squares, certified to eleven digits.
const CERTIFIED: [f64; 2] = [2.389_421_291_8e2, 5.501_564_318_1e-4];
const DEVIATIONS: [f64; 2] = [2.707_007_524_1, 7.266_868_843_6e-6];
const SUM_OF_SQUARES: f64 = 1.245_513_889_4e-1;

/// The model y = b₀ (1 - exp(-b₁ x)), less the measurements. Written once; the tape differentiates it.
fn residuals<R: Real>(b: &[R]) -> Vec<R> {
    DATA.iter().map(|&(y, x)| (b[0] * -b[1].scale(-x).exp_m1()).shift(-y)).collect()
}

fn squares(b: &[f64]) -> f64 {
    residuals(b).iter().map(|r| r * r).sum()
}

/// `JᵀJ` and `Jᵀr`.
fn normal_equations(b: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (n, r) = (b.len(), residuals(b));
    let jacobian = jacobian(residuals, b);
    let rows = || jacobian.as_slice().chunks(n).zip(&r);
    let matrix = (0..n * n).map(|k| rows().map(|(row, _)| row[k / n] * row[k % n]).sum()).collect();
    (matrix, (0..n).map(|k| rows().map(|(row, r)| row[k] * r).sum()).collect())
}

/// Marquardt (1963): the normal equations with a share `lambda` of their diagonal added, which is enlarged until the step
/// pays.
fn fit(start: &[f64]) -> Result<Vec<f64>, Error> {
    let (n, mut b, mut lambda) = (start.len(), start.to_vec(), 1e-3);
    println!("{:>4} {:>18} {:>18} {:>14} {:>9}", "step", "b0", "b1", "Σ r²", "lambda");
    for step in 0..100 {
        let before = squares(&b);
        if step % 5 == 0 {
            println!("{step:>4} {:>18.10} {:>18.10e} {before:>14.8e} {lambda:>9.1e}", b[0], b[1]);
        }
        let (matrix, gradient) = normal_equations(&b);
        loop {
            let damped: Vec<f64> =
                (0..n * n).map(|k| matrix[k] * if k % (n + 1) == 0 { 1.0 + lambda } else { 1.0 }).collect();
            let step = linear::solve(&damped, &gradient)?;
            let next: Vec<f64> = b.iter().zip(&step).map(|(b, step)| b - step).collect();
            let small = step.iter().zip(&b).all(|(step, b)| step.abs() <= 1e-13 * b.abs());
            if small || lambda > 1e12 {
                return Ok(b);
            }
            if squares(&next) <= before {
                (b, lambda) = (next, lambda / 10.0);
                break;
            }
            lambda *= 10.0;
        }
    }
    Ok(b)
}

fn main() -> Result<(), Error> {
    let b = fit(&[500.0, 0.0001])?;
    let variance = squares(&b) / (DATA.len() - b.len()) as f64;
    let covariance = linear::inverse(&normal_equations(&b).0)?;
    println!("\n{:>3} {:>20} {:>18} {:>22}", "", "fitted", "std. deviation", "certified by NIST");
    for k in 0..2 {
        let deviation = (variance * covariance[3 * k]).sqrt();
        println!(" b{k} {:>20.12e} {deviation:>18.9e} {:>22.10e}", b[k], CERTIFIED[k]);
        assert!((b[k] / CERTIFIED[k] - 1.0).abs() < 1e-9, "the parameter differs from the certified one");
        assert!(
            (deviation / DEVIATIONS[k] - 1.0).abs() < 1e-7,
            "the deviation differs from the certified one"
        );
    }
    assert!((squares(&b) / SUM_OF_SQUARES - 1.0).abs() < 1e-9);
    println!("\nBoth agree with the certified values to nine digits or more.");
    Ok(())
}
