//! What one more tiny tensor operation costs: recorded, swept and forgotten, on sixteen numbers.
//!
//! A chain of 110 operations against one of 10, so that the beginning and the end of a tape do not count.

#[expect(dead_code, reason = "there is no race here")]
mod ratios;

use ratios::{Race, median};
use std::time::Instant;
use tape::{Mark, Tape, Tensor};

/// An operation on the end of a chain and its beginning.
type Operation = fn(&Tensor<f32>, &Tensor<f32>) -> Tensor<f32>;

const OPERATIONS: [(&str, Operation); 4] = [
    ("relu", |y, _| y.relu()),
    ("scale", |y, _| y.scale(0.999)),
    ("x + y", |y, x| y + x),
    ("x y", |y, x| y * x),
];

const LONG: usize = 110;
const SHORT: usize = 10;

struct Chain<'a> {
    tape: &'a Tape,
    start: &'a Mark,
    value: Tensor<f32>,
}

impl Chain<'_> {
    /// Nanoseconds for so many operations, forward and backward; the tape is rewound.
    fn time(&self, operation: Operation, length: usize) -> f64 {
        let begun = Instant::now();
        let x = self.tape.tensor(&self.value);
        let y = (0..length).fold(x.clone(), |y, _| operation(&y, &x)).sum();
        let bar = self.tape.sweep(&y).expect("y is of this tape");
        let element = bar.slice(&x).expect("x is of this tape").map(|bar| bar[0]);
        std::hint::black_box(element.expect("y depends on x"));
        drop((x, y, bar));
        self.tape.rewind(self.start);
        begun.elapsed().as_nanos() as f64
    }
}

fn main() {
    let rounds = if ratios::is_test() { 3 } else { 3000 };
    let delegated =
        !ratios::is_test() && !ratios::is_for_criterion() && ratios::delegate("tape", "tensor", &[]);
    if ratios::is_for_criterion() && !ratios::is_test() {
        return;
    }
    let value =
        Tensor::from_vec((0..16).map(|k| (k as f32 * 0.7).sin()).collect(), &[4, 4]).expect("16 numbers");
    let tape = Tape::begin();
    let start = tape.mark();
    let chain = Chain { tape: &tape, start: &start, value };
    let costs: Vec<(&str, f64)> = OPERATIONS
        .iter()
        .map(|&(name, operation)| {
            (0..3).for_each(|_| _ = chain.time(operation, LONG));
            let each = |_| {
                let (short, long) = (chain.time(operation, SHORT), chain.time(operation, LONG));
                (long - short) / (LONG - SHORT) as f64
            };
            (name, median((0..rounds).map(each).collect()))
        })
        .collect();
    if ratios::is_test() {
        return;
    }
    let build = if ratios::is_native() { "native" } else { "portable" };
    println!("\none more operation on 16 numbers, forward and backward, {build} build");
    costs.iter().for_each(|(name, ns)| println!("{name:<12}{ns:>10.1} ns"));
    if !delegated {
        // The mean stands in the table.
        let mean = costs.iter().map(|(_, ns)| ns).sum::<f64>() / costs.len() as f64;
        ratios::write_row("tensor/tiny-op-ns", Race { rival: 1.0, ours: mean, ratio: mean });
    }
}
