//! The kernels of `tape` against the best there is: matrix products against `faer`, `gemm` and `matrixmultiply`, at every
//! size that a few networks ask for, and elementwise functions against loops over those of `std`.
//!
//! One thread; the sides take turns, and results are compared before they race.

mod elementwise;
mod peers;
mod products;
mod race;
#[path = "../../../ratios.rs"]
#[expect(dead_code, reason = "only the medians and the table of rows")]
mod ratios;

use race::Effort;
use ratios::write_row;
use std::time::Duration;

const FULL: Effort = Effort { rounds: 7, total: Duration::from_millis(500) };
const QUICK: Effort = Effort { rounds: 1, total: Duration::ZERO };

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (effort, only) = match &arguments[..] {
        [] => (FULL, &[][..]),
        [quick] if quick == "--quick" => (QUICK, &[][..]),
        [word, only @ ..] if word == "--only" => (FULL, only),
        _ => return Err("usage: kernels [--quick | --only M×K×N …]".to_owned()),
    };
    tape::kernel::set_threads(1);
    println!("vector instructions: {:?}", tape::kernel::level());
    let products = [products::measure::<f32>(effort, only)?, products::measure::<f64>(effort, only)?];
    if !only.is_empty() {
        return Ok(());
    }
    let [in_f32, in_f64] = products;
    write_row("kernel/matmul-f32", in_f32);
    write_row("kernel/matmul-f64", in_f64);
    elementwise::measure::<f32>(effort)?;
    elementwise::measure::<f64>(effort)
}
