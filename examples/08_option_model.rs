//! An option model is calibrated to quotes: its price is traced once, and the program is replayed with its gradient over all
//! options at once, in vector instructions.
//!
//! The model is Merton's (1976), a diffusion with jumps. Run it with `cargo run --release --example 08_option_model`.

use std::time::Instant;
use tape::{Error, Program, Real, linear, value_and_grad};

const SPOT: f64 = 100.0;
const RATE: f64 = 0.02;

/// The price of a call. `v` holds ln σ, ln λ, μ, ln δ of the model (volatility; rate, mean and spread of the jumps of the
/// logarithm), then strike and time to expiry in years.
///
/// A mixture of Black–Scholes prices over the number of jumps, k, which is Poisson (Merton 1976, equation 19).
fn price<R: Real>(v: &[R]) -> R {
    let (sigma, lambda, mu, delta) = (v[0].exp(), v[1].exp(), v[2], v[3].exp());
    let (strike, time) = (v[4], v[5]);
    let log_jump = mu + (delta * delta).scale(0.5);
    let jump = log_jump.exp_m1();
    let expected = lambda * jump.shift(1.0) * time;
    let mut weight = (-expected).exp();
    let mut price = R::from_f64(0.0);
    for k in 0..25 {
        if k > 0 {
            weight *= expected.scale(1.0 / f64::from(k));
        }
        let jumps = f64::from(k);
        let total = sigma * sigma * time + (delta * delta).scale(jumps);
        let drift = (-(lambda * jump)).shift(RATE) * time + log_jump.scale(jumps);
        let spread = total.sqrt();
        let d1 = ((strike.recip().scale(SPOT)).ln() + drift + total.scale(0.5)) / spread;
        let call = d1.norm_cdf().scale(SPOT) - strike * (-drift).exp() * (d1 - spread).norm_cdf();
        price += weight * call;
    }
    price
}

/// What the market is made of here: prices of a known model, rounded to a cent.
fn quotes(truth: &[f64; 4]) -> Vec<([f64; 2], f64)> {
    let strikes = (0..11).map(|k| 75.0 + 5.0 * f64::from(k));
    let options = strikes.flat_map(|strike| [0.1, 0.25, 0.5, 1.0, 2.0].map(|time| [strike, time]));
    let quoted =
        |[strike, time]: [f64; 2]| (price(&[&truth[..], &[strike, time]].concat()) * 100.0).round() / 100.0;
    options.map(|option| (option, quoted(option))).collect()
}

/// The parameters before each option: one row of inputs for each.
fn rows(parameters: &[f64], quotes: &[([f64; 2], f64)]) -> Vec<f64> {
    quotes.iter().flat_map(|(option, _)| parameters.iter().chain(option)).copied().collect()
}

fn squares(prices: &[f64], quotes: &[([f64; 2], f64)]) -> f64 {
    prices.iter().zip(quotes).map(|(price, (_, quote))| (price - quote).powi(2)).sum()
}

fn main() -> Result<(), Error> {
    let truth = [0.12_f64.ln(), 0.8_f64.ln(), -0.18, 0.10_f64.ln()];
    let quotes = quotes(&truth);
    let mut at = vec![0.25_f64.ln(), 0.3_f64.ln(), -0.05, 0.25_f64.ln()];

    let program = Program::trace(price, &[&at[..], &[100.0, 1.0]].concat());
    println!(
        "the price of a call is a program of {} operations; there are {} quotes\n",
        program.operations(),
        quotes.len()
    );

    // Levenberg and Marquardt, all prices and gradients of a step from one replay.
    let mut lambda = 1e-2;
    let (mut prices, mut gradients) = program.value_and_grad(&rows(&at, &quotes))?;
    println!("step   volatility    jumps a year    mean jump    spread    root mean square");
    for step in 0..200 {
        let error = (squares(&prices, &quotes) / quotes.len() as f64).sqrt();
        if step % 10 == 0 {
            let [sigma, rate, spread] = [at[0], at[1], at[3]].map(f64::exp);
            println!("{step:>4} {sigma:>12.6} {rate:>15.6} {:>12.6} {spread:>9.6} {error:>19.9}", at[2]);
        }
        let row = |k: usize| &gradients[6 * k..6 * k + 4];
        let mut matrix: Vec<f64> = (0..16)
            .map(|entry| (0..quotes.len()).map(|k| row(k)[entry / 4] * row(k)[entry % 4]).sum())
            .collect();
        let slope: Vec<f64> =
            (0..4).map(|i| (0..quotes.len()).map(|k| row(k)[i] * (prices[k] - quotes[k].1)).sum()).collect();
        for diagonal in matrix.iter_mut().step_by(5) {
            *diagonal *= 1.0 + lambda;
        }
        let step = linear::solve(&matrix, &slope)?;
        let next: Vec<f64> = at.iter().zip(&step).map(|(at, step)| at - step).collect();
        let (tried, tried_gradients) = program.value_and_grad(&rows(&next, &quotes))?;
        let (before, after) = (squares(&prices, &quotes), squares(&tried, &quotes));
        if after <= before {
            (at, prices, gradients, lambda) = (next, tried, tried_gradients, lambda / 5.0);
            if before - after < 1e-9 * before {
                break;
            }
        } else {
            lambda *= 4.0;
        }
    }
    let error = (squares(&prices, &quotes) / quotes.len() as f64).sqrt();
    let [sigma, rate, spread] = [at[0], at[1], at[3]].map(f64::exp);
    println!(" end {sigma:>12.6} {rate:>15.6} {:>12.6} {spread:>9.6} {error:>19.9}", at[2]);
    println!("from {:>12} {:>15} {:>12} {:>9}   rounded to a cent\n", 0.12, 0.8, -0.18, 0.1);
    assert!(error < 0.004, "the model misses the quotes by {error}");
    assert!(at.iter().zip(truth).all(|(at, truth)| (at - truth).abs() < 0.02), "{at:?}");

    // One replay and as many recordings do the same.
    let inputs = rows(&at, &quotes);
    let time = Instant::now();
    let (values, _) = program.value_and_grad(&inputs)?;
    let replayed = time.elapsed();
    let time = Instant::now();
    for (inputs, value) in inputs.chunks(6).zip(values) {
        let (recorded, _) = value_and_grad(price, inputs);
        assert!((recorded - value).abs() < 1e-10);
    }
    println!("all prices and gradients: replayed in {replayed:?}, recorded afresh in {:?}", time.elapsed());
    Ok(())
}
