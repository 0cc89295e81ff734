//! Holding the tape oneself: loops and branches, kept values, several sweeps of one recording, and a recording that
//! is rewound and used again at every step of an optimisation.
//!
//! Run it with `cargo run --release --example 02_hold_the_tape`.

use tape::{Error, Real, Tape, Var, hvp, value_and_grad};

fn main() -> Result<(), Error> {
    any_control_flow()?;
    several_sweeps()?;
    fit_of_a_curve()
}

/// √a by Heron's rule: as many rounds as it takes. The tape sees only what was executed, so a loop whose length
/// depends on the numbers needs nothing special.
fn heron(a: Var) -> (Var, usize) {
    // Comparisons are by value.
    let mut root = if a > 1.0 { a / 2.0 } else { Var::from(1.0) };
    let mut rounds = 0;
    while (root * root - a).value().abs() > 1e-15 * a.value() && rounds < 50 {
        root = (root + a / root) * 0.5;
        rounds += 1;
    }
    (root, rounds)
}

fn any_control_flow() -> Result<(), Error> {
    println!("Heron's rule for the square root, differentiated through its loop:");
    for a in [0.25, 2.0, 1e6] {
        let tape = Tape::begin();
        let a = tape.var(a);
        let (root, rounds) = heron(a);
        let slope = tape.sweep(&root)?.of(&a)?;
        let exact = 0.5 / a.value().sqrt();
        println!("    a = {a}: root {root} after {rounds} rounds, slope {slope}, 1/(2√a) = {exact}");
        assert!((slope - exact).abs() <= 1e-12 * exact);
    }
    Ok(())
}

fn several_sweeps() -> Result<(), Error> {
    let tape = Tape::begin();
    let (r, phi): (Var, Var) = (tape.var(2.0), tape.var(0.5));
    // The cosine is a function of one line, φ, and is merged into what comes next. `keep` gives it a line, and with it
    // a cotangent of its own.
    let cosine = phi.cos().keep();
    let x = r * cosine;
    let y = r * phi.sin();

    // One recording, swept from two outputs: two rows of the Jacobian.
    let (by_x, by_y) = (tape.sweep(&x)?, tape.sweep(&y)?);
    println!("\nThe Jacobian of (r, φ) → (x, y) at r = 2, φ = 0.5, a sweep a row:");
    println!("    dx: {:8.5} {:8.5}", by_x.of(&r)?, by_x.of(&phi)?);
    println!("    dy: {:8.5} {:8.5}", by_y.of(&r)?, by_y.of(&phi)?);
    println!("    dx/d(cos φ) = {}, the kept intermediate", by_x.of(&cosine)?);
    assert_eq!(by_x.of(&cosine)?, 2.0);
    let determinant = by_x.of(&r)? * by_y.of(&phi)? - by_x.of(&phi)? * by_y.of(&r)?;
    assert!((determinant - 2.0).abs() < 1e-15, "the area element of polar coordinates is r");

    // A sweep starts with cotangent 1, or with the seed one gives it.
    assert_eq!(tape.sweep_with(&x, 10.0)?.of(&r)?, 10.0 * by_x.of(&r)?);

    // What has no line has no cotangent, and asking says so instead of answering with a wrong number.
    let merged = phi.sin();
    let error = by_y.of(&merged).unwrap_err();
    println!("    asked for a merged intermediate: {error}");
    Ok(())
}

/// Measurements of a decay: 2 e^(-0.7 t) + 0.5, with a small ripple for noise.
fn measurements() -> Vec<(f64, f64)> {
    let decay = |t: f64| 2.0 * (-0.7 * t).exp() + 0.5 + 0.01 * (9.0 * t).sin();
    (0..40).map(|k| 0.2 * f64::from(k)).map(|t| (t, decay(t))).collect()
}

/// Half the mean square of what a e^(-b t) + c leaves unexplained.
fn misfit<R: Real>(parameters: &[R], points: &[(f64, f64)]) -> R {
    let [a, b, c] = *parameters else { panic!("wants three parameters, got {}", parameters.len()) };
    let residual = |&(t, y): &(f64, f64)| a * b.scale(-t).exp() + c.shift(-y);
    let squares: R = points.iter().map(|point| residual(point).powi(2)).sum();
    squares.scale(0.5 / points.len() as f64)
}

fn fit_of_a_curve() -> Result<(), Error> {
    let points = measurements();
    let mut parameters: [f64; 3] = [1.0, 1.0, 0.0];

    // Gradient descent. The tape is begun once; each step records onto the same memory, sweeps, and rewinds to the
    // mark, so that a million steps take no more room than one.
    println!("\nFit of a e^(-b t) + c to 40 points by gradient descent:");
    let tape = Tape::begin();
    let start = tape.mark();
    let mut lines = 0;
    for step in 0..=40 {
        let leaves = tape.vars(&parameters);
        let cost = misfit(&leaves, &points);
        let bar = tape.sweep(&cost)?;
        if step % 10 == 0 {
            let [a, b, c] = parameters;
            println!("    step {step:2}: misfit {:.3e}, a {a:.4}, b {b:.4}, c {c:.4}", cost.value());
        }
        for (parameter, leaf) in parameters.iter_mut().zip(&leaves) {
            *parameter -= 1.0 * bar.of(leaf)?;
        }
        assert!(step == 0 || lines == tape.lines(), "every step records the same");
        lines = tape.lines();
        tape.rewind(&start);
    }
    drop(tape);

    // Newton's method. A column of the Hessian is a Hessian-vector product with a unit vector, forward mode over
    // reverse mode: the same generic function, run on duals over the tape's scalars.
    println!("and on from there by Newton's method:");
    for step in 1..=5 {
        let (cost, gradient) = value_and_grad(|v| misfit(v, &points), &parameters);
        let size = gradient.iter().map(|g| g.abs()).fold(0.0, f64::max);
        println!("    step {step}: misfit {cost:.12e}, largest entry of the gradient {size:.1e}");
        let mut hessian = [[0.0; 3]; 3];
        for (k, row) in hessian.iter_mut().enumerate() {
            let mut unit = [0.0; 3];
            unit[k] = 1.0;
            row.copy_from_slice(&hvp(|v| misfit(v, &points), &parameters, &unit)?);
        }
        let step = solve(hessian, [gradient[0], gradient[1], gradient[2]]);
        for (parameter, step) in parameters.iter_mut().zip(step) {
            *parameter -= step;
        }
    }
    let (_, gradient) = value_and_grad(|v| misfit(v, &points), &parameters);
    println!(
        "    a {:.6}, b {:.6}, c {:.6} (the data were made with 2, 0.7, 0.5)",
        parameters[0], parameters[1], parameters[2]
    );
    assert!(gradient.iter().all(|g| g.abs() < 1e-12), "Newton's method ends where the gradient is zero");
    for (parameter, truth) in parameters.into_iter().zip([2.0, 0.7, 0.5]) {
        assert!((parameter - truth).abs() < 0.02);
    }
    Ok(())
}

/// The solution of `m x = b` by elimination; m is symmetric and positive definite near a minimum.
fn solve(mut m: [[f64; 3]; 3], mut b: [f64; 3]) -> [f64; 3] {
    for k in 0..3 {
        for i in k + 1..3 {
            let factor = m[i][k] / m[k][k];
            let pivot = m[k];
            m[i].iter_mut().zip(pivot).for_each(|(entry, above)| *entry -= factor * above);
            b[i] -= factor * b[k];
        }
    }
    for k in (0..3).rev() {
        let known: f64 = (k + 1..3).map(|j| m[k][j] * b[j]).sum();
        b[k] = (b[k] - known) / m[k][k];
    }
    b
}
