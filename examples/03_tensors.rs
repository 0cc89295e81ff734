//! Arrays on the tape: broadcasting, matrix products, reductions, the border between scalars and tensors, second
//! derivatives, and how to see and check what was recorded.
//!
//! Run it with `cargo run --release --example 03_tensors`.

use tape::{Error, Tape, Tensor, check};

fn main() -> Result<(), Error> {
    broadcasting()?;
    products_and_the_table()?;
    crossing_over()?;
    twice()?;
    checked()
}

/// Shapes fit by NumPy's rules: from the last axis backward they are equal, or one of them is 1 or missing.
fn broadcasting() -> Result<(), Error> {
    let tape = Tape::begin();
    // `Tensor` alone is `Tensor<f64>`; there is `Tensor<f32>` too.
    let x: Tensor = tape.tensor(&Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?);
    let bias = tape.tensor(&Tensor::from_slice(&[10.0, 20.0, 30.0], &[3])?);
    let y = (&x + &bias) * 0.5; // (2, 3) and (3): the bias is added to both rows
    println!("x + bias, halved: {:?} of shape {:?}", y.to_vec(), y.shape());
    assert_eq!(y.to_vec(), [5.5, 11.0, 16.5, 7.0, 12.5, 18.0]);

    // Reductions go over all axes, or over some. `true` would keep a reduced axis with length 1.
    let of_columns = y.mean_axes(&[0], false)?;
    assert_eq!((of_columns.shape(), of_columns.to_vec()), (&[3][..], vec![6.25, 11.75, 17.25]));

    // Each entry of the bias was used in two rows, and is halved: its cotangent is the sum over both.
    let bar = tape.sweep(&y.sum())?;
    println!("derivative of the sum by the bias: {:?}\n", bar.of(&bias)?.to_vec());
    assert_eq!(bar.of(&bias)?.to_vec(), [1.0, 1.0, 1.0]);

    // Operators panic where shapes don't fit; the named methods return the same words as an error.
    let error = Tensor::add(&x, &Tensor::full(&[2], 1.0)).unwrap_err();
    println!("shapes that don't fit: {error}\n");
    Ok(())
}

/// A layer of a network, and what the tape has written down of it.
fn products_and_the_table() -> Result<(), Error> {
    let tape = Tape::begin();
    // The tape keeps only the values that some derivative reads. To look at all of them, ask for it first.
    tape.keep_all();
    let theta: Tensor = tape.tensor(&Tensor::from_slice(&[0.5, -1.0, 2.0, 0.25], &[2, 2])?); // (n_out, n_in)
    let bias = tape.tensor(&Tensor::from_slice(&[0.0, 1.0], &[2])?);
    let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?; // two rows; a constant

    // `theta.t()` is read transposed by the product; nothing is copied.
    let z = x.matmul(theta.t())? + &bias;
    let a = z.sigmoid();
    let y = (&a * &a).mean();
    let bar = tape.sweep(&y)?;
    println!("mean(σ(x Θᵀ + b)²), line by line:\n\n{}", tape.table(Some(&bar)));

    // The same derivative by hand: 2a/4 · a (1 - a), then δᵀ x and the column sums of δ.
    let delta = &a * &a * (1.0 - &a) * (2.0 / 4.0);
    let (theta_bar, bias_bar) = (delta.t().matmul(&x)?, delta.sum_axes(&[0], false)?);
    for (by_tape, by_hand) in [(bar.of(&theta)?, theta_bar), (bar.of(&bias)?, bias_bar)] {
        let off = (by_tape - by_hand).abs();
        assert!(off.as_slice().iter().all(|&off| off < 1e-15));
    }
    Ok(())
}

/// Elements can be read as scalars, scalars gathered into tensors; the gradient crosses over, both ways.
fn crossing_over() -> Result<(), Error> {
    let tape = Tape::begin();
    let x: Tensor = tape.tensor(&Tensor::from_slice(&[3.0, 4.0], &[2])?);
    let norm = (x.at(&[0])?.powi(2) + x.at(&[1])?.powi(2)).sqrt(); // scalars
    let direction = Tensor::from_vars(&[x.at(&[0])? / norm, x.at(&[1])? / norm], &[2])?; // a tensor again
    let y = (&direction * Tensor::from_slice(&[1.0, 1.0], &[2])?).sum();
    let bar = tape.sweep(&y)?;
    println!("x / |x| at (3, 4): {:?}", direction.to_vec());
    println!("derivative of the sum of its entries by x: {:?}\n", bar.of(&x)?.to_vec());
    // ∂/∂x₀ (x₀ + x₁) / |x| = x₁ (x₁ - x₀) / |x|³, and the other way round
    let wanted = [4.0 / 125.0, -3.0 / 125.0];
    let off = bar.of(&x)?.to_vec().into_iter().zip(wanted).map(|(got, wanted)| (got - wanted).abs());
    assert!(off.into_iter().all(|off| off < 1e-15));
    Ok(())
}

/// A recorded sweep writes the derivative onto the tape as well, where it can be differentiated again.
fn twice() -> Result<(), Error> {
    let tape = Tape::begin();
    let x: Tensor = tape.tensor(&Tensor::from_slice(&[0.0, 0.5, 1.0], &[3])?);
    let y = x.sin().sum();
    let first = tape.sweep_recorded(&y)?.of(&x)?; // cos x, on the tape
    let second = tape.sweep(&first.sum())?.of(&x)?; // -sin x
    println!("sin, once and twice differentiated:\n    {:?}\n    {:?}\n", first.to_vec(), second.to_vec());
    for (&x, (&first, &second)) in x.as_slice().iter().zip(first.as_slice().iter().zip(second.as_slice())) {
        assert!((first - x.cos()).abs() < 1e-15 && (second + x.sin()).abs() < 1e-15);
    }
    Ok(())
}

/// A check for functions of one's own: differences against the tape along random directions, twice over.
fn checked() -> Result<(), Error> {
    let layer = |v: &[Tensor]| Tensor::add(&v[0].matmul(v[1].t())?, &v[2]).map(|z| z.softplus());
    let wave =
        |n: usize, shape: &[usize]| Tensor::from_vec((0..n).map(|k| (k as f64).sin()).collect(), shape);
    let report = check::tensor_gradient(layer, &[wave(6, &[3, 2])?, wave(8, &[4, 2])?, wave(4, &[4])?])?;
    println!(
        "softplus(x Θᵀ + b) against differences: off by {:.1e}, and by {:.1e} for its second derivative",
        report.first,
        report.second.unwrap_or(f64::NAN)
    );
    assert!(report.first < 1e-8 && report.second.is_some_and(|off| off < 1e-8));

    // It finds what is hidden from the tape, and says where: here the second argument is made a constant.
    let hides = |v: &[Tensor]| Tensor::mul(&v[0], &v[1].to_constant());
    let error = check::tensor_gradient(hides, &[wave(2, &[2])?, wave(2, &[2])?]).unwrap_err();
    println!("{error}");
    assert!(error.to_string().contains("argument 1"));
    Ok(())
}
