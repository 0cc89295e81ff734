//! The list as a table and as a picture: one neuron with a squared error, and how its gradient comes about.
//!
//! Run it with `cargo run --release --example 06_picture neuron.svg`, and open the file in a browser.

use tape::{Program, Real};

/// The squared error of a neuron with two inputs: (σ(w₁ x₁ + w₂ x₂ + b) - y)² / 2.
fn error<R: Real>(v: &[R]) -> R {
    let (w1, w2, b) = (v[0], v[1], v[2]);
    // One example of the training set: plain numbers, which record nothing.
    let (x1, x2, y) = (0.5, -1.0, 1.0);
    let z = w1.scale(x1) + w2.scale(x2) + b;
    (z.sigmoid().shift(-y)).powi(2).scale(0.5)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = Program::trace(error, &[0.8, 0.4, 0.1]).named(&["w1", "w2", "b"])?;
    println!("{}", program.table());
    println!(
        "Read it downward for the values, upward for the cotangents: each line hands its own back to the lines that"
    );
    println!(
        "it read, times the partial derivative by each. The cotangents of w1, w2 and b are the gradient.\n"
    );

    // ∂/∂w₁ = x₁ ∂/∂b, and likewise for w₂: the inputs of the neuron scale what arrives at its sum.
    let gradient = program.gradient();
    assert!((gradient[0] - 0.5 * gradient[2]).abs() < 1e-15);
    assert!((gradient[1] + gradient[2]).abs() < 1e-15);

    let picture = program.svg();
    assert!(picture.contains(">sigmoid</text>"));
    match std::env::args().nth(1) {
        Some(path) => {
            std::fs::write(&path, &picture)?;
            println!("The picture is in {path}.");
        }
        None => {
            println!("The picture has {} bytes of SVG; name a file to have it written there.", picture.len())
        }
    }
    Ok(())
}
