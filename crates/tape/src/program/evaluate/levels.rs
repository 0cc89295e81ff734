//! Replays at every level of instructions that this processor has, on random programs.

use super::{Job, Rows, Target, Workspace};
use crate::kernel::{Level, level};
use crate::{Program, Traced};
use proptest::prelude::*;

/// The outputs of the rows of `x`, in blocks and one by one, at a level.
fn at(level: Level, program: &Program, x: &[f64]) -> Vec<f64> {
    let (n, m) = (program.inputs(), program.outputs());
    let run = |x: &[f64]| {
        let (rows, mut y) = (x.len() / n, vec![0.0; x.len() / n * m]);
        let source = Rows { x, n };
        let job = Job { compiled: program.compiled(), list: &program.list, source: &source, level };
        assert!(job.run(rows, Target::one(&mut y, m), &mut Workspace::new()).is_ok());
        y
    };
    let in_blocks = run(x);
    let one_by_one: Vec<f64> = x.chunks_exact(n).flat_map(run).collect();
    assert_eq!(bits(&in_blocks), bits(&one_by_one), "{level:?}: a lane and a row alone");
    in_blocks
}

/// Bits that can be compared: one NaN is as good as another.
fn bits(y: &[f64]) -> Vec<u64> {
    y.iter().map(|y| if y.is_nan() { f64::NAN } else { *y }.to_bits()).collect()
}

fn available() -> impl Iterator<Item = Level> {
    [Level::Portable, Level::Avx2, Level::Avx512].into_iter().filter(|&each| each <= level())
}

type Step = (u8, usize, usize);

/// Value and gradient of what the steps give; the first ten kinds are arithmetic.
fn program(steps: &[Step], kinds: u8, x: &[f64]) -> Program {
    let f = |x: &[Traced]| {
        let mut values = x.to_vec();
        for &(what, i, j) in steps {
            let (a, b) = (values[i % values.len()], values[j % values.len()]);
            values.push(match what % kinds {
                0 => a + b,
                1 => a - b,
                2 => a * b,
                3 => a / (b * b + 0.5),
                4 => a * b - a,
                5 => b - a * b,
                6 => a.scale(0.3) + b,
                7 => a.scale(0.3) - b,
                8 => a * b + 1.5,
                9 => (a * a + 0.5).sqrt() - a.scale(0.7).shift(0.1),
                10 => a.exp(),
                11 => (a * a + 0.1).ln(),
                12 => a.tanh() * b,
                13 => a.sigmoid() - b.softplus(),
                14 => a.sin() + b.max(a),
                _ => a.greater(b).select(a.powi(-3), b.erf()),
            });
        }
        values.into_iter().sum()
    };
    Program::trace(f, x).with_gradient().expect("one output").clone()
}

fn rows(x: &[f64]) -> Vec<f64> {
    (0..21 * x.len()).map(|k| x[k % x.len()] + 0.3 * (k as f64 * 0.7).sin()).collect()
}

fn drawn(most: usize) -> impl Strategy<Value = (Vec<Step>, Vec<f64>)> {
    let step = (any::<u8>(), 0_usize..32, 0_usize..32);
    (prop::collection::vec(step, 1..most), prop::collection::vec(-1.5..1.5, 1..4))
}

proptest! {
    #[test]
    fn vectors_of_both_lengths_give_the_same_bits((steps, x) in drawn(30)) {
        let (program, x) = (program(&steps, 16, &x), rows(&x));
        let fused: Vec<_> = available().filter(|&level| level > Level::Portable).collect();
        for pair in fused.windows(2) {
            prop_assert_eq!(bits(&at(pair[0], &program, &x)), bits(&at(pair[1], &program, &x)));
        }
    }

    #[test]
    fn without_fused_instructions_arithmetic_is_that_of_an_unfused_program((steps, x) in drawn(30)) {
        let (program, x) = (program(&steps, 10, &x), rows(&x));
        let twin = program.clone().unfused();
        let want = bits(&at(level(), &twin, &x));
        // On ARM the portable instructions have a fused multiply-add.
        if cfg!(target_arch = "x86_64") && !cfg!(target_feature = "fma") {
            prop_assert_eq!(bits(&at(Level::Portable, &program, &x)), want.clone());
        }
        for level in available() {
            prop_assert_eq!(bits(&at(level, &twin, &x)), want.clone());
        }
    }

    #[test]
    fn levels_agree_to_rounding((steps, x) in drawn(6)) {
        let (program, x) = (program(&steps, 16, &x), rows(&x));
        let want = at(level(), &program, &x);
        for level in available() {
            for (got, want) in at(level, &program, &x).iter().zip(&want) {
                let close = (got - want).abs() <= 1e-9 * (1.0 + want.abs());
                prop_assert!(close || got == want || got.is_nan() || want.is_nan(), "{got} and {want}");
            }
        }
    }
}
