//! How the swing of a damped pendulum depends on its start, length and friction, after a hundred thousand steps of an
//! integrator: by one reverse sweep, with checkpoints instead of a line for every operation.
//!
//! Run it with `cargo run --release --example 11_pendulum`.

use tape::{Error, Real, Tape, checkpoint_chain, jvp};

const STEPS: usize = 100_000;
const TIME: f64 = 20.0;
const GRAVITY: f64 = 9.81;

/// `θ' = ω`, `ω' = -g/l sin θ - c ω`.
fn slope<R: Real>(state: &[R], parameters: &[R]) -> [R; 2] {
    let (theta, omega, length, friction) = (state[0], state[1], parameters[0], parameters[1]);
    [omega, -(theta.sin() / length).scale(GRAVITY) - friction * omega]
}

/// One step of the classical Runge–Kutta method.
fn step<R: Real>(state: &[R], parameters: &[R]) -> Vec<R> {
    let h = TIME / STEPS as f64;
    let moved =
        |by: [R; 2], share: f64| [state[0] + by[0].scale(share * h), state[1] + by[1].scale(share * h)];
    let k1 = slope(state, parameters);
    let k2 = slope(&moved(k1, 0.5), parameters);
    let k3 = slope(&moved(k2, 0.5), parameters);
    let k4 = slope(&moved(k3, 1.0), parameters);
    let mean = |i: usize| (k1[i] + (k2[i] + k3[i]).scale(2.0) + k4[i]).scale(h / 6.0);
    vec![state[0] + mean(0), state[1] + mean(1)]
}

/// Angle and speed at the end, from angle and speed at the start, length and friction.
fn swing<R: Real>(x: &[R]) -> Vec<R> {
    checkpoint_chain(&x[..2], &x[2..], STEPS, |_, state, parameters| step(state, parameters))
}

fn main() -> Result<(), Error> {
    let x = [2.5_f64, 0.0, 1.0, 0.05];
    let names = ["start angle", "start speed", "length", "friction"];

    let tape = Tape::begin();
    let leaves = tape.vars(&x);
    let before = tape.lines();
    let once = step(&leaves[..2], &leaves[2..]);
    let lines_of_a_step = tape.lines() - before;
    assert!(once[0].is_recorded());
    drop(tape);

    let tape = Tape::begin();
    let leaves = tape.vars(&x);
    let end = swing(&leaves);
    println!("after {TIME} s the angle is {:.9} rad, the speed {:.9} rad/s", end[0].value(), end[1].value());
    println!(
        "lines on the tape: {}; without checkpoints there would be {}\n",
        tape.lines(),
        STEPS * lines_of_a_step
    );
    assert!(tape.lines() < STEPS * lines_of_a_step / 100);

    let bar = tape.sweep(&end[0])?;
    println!("{:<14}{:>22}{:>22}", "the angle by", "one reverse sweep", "forward mode");
    for (k, (name, leaf)) in names.iter().zip(&leaves).enumerate() {
        let mut along = [0.0; 4];
        along[k] = 1.0;
        let (_, tangent) = jvp(swing, &x, &along)?;
        println!("{name:<14}{:>22.12}{:>22.12}", bar.of(leaf)?, tangent[0]);
        assert!((bar.of(leaf)? - tangent[0]).abs() < 1e-9 * tangent[0].abs().max(1.0));
    }
    Ok(())
}
