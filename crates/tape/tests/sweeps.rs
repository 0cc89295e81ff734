//! What sweeps promise beside their numbers: constants from plain ones, and errors for what is not theirs.

use tape::{Error, Tape, Tensor, grad, unrecorded};

#[test]
fn a_plain_sweep_leaves_constants_though_its_seed_was_recorded() {
    // Longer than what a tape keeps anyway, so that the sum is made in place.
    let tape = Tape::begin();
    let (a, t) = (tape.tensor(&Tensor::full(&[100], 2.0)), tape.tensor(&Tensor::full(&[100], 3.0)));
    let y = &a + &-(&a * &a);
    let g = tape.sweep_with(&y, &t * &t).unwrap().of(&a).unwrap();
    assert_eq!(g.to_vec(), vec![9.0 * (1.0 - 4.0); 100]);
    assert!(!g.is_recorded());
    let passed_through = tape.sweep_with(&(&a + &t), &t * &t).unwrap().of(&a).unwrap();
    assert!(!passed_through.is_recorded());
}

#[test]
fn a_recorded_sweep_differentiates_by_its_seed() {
    let tape = Tape::begin();
    let (a, t) = (tape.tensor(&Tensor::full(&[100], 2.0)), tape.tensor(&Tensor::full(&[100], 3.0)));
    let g = tape.sweep_recorded_with(&(&a * &a), &t * &t).unwrap().of(&a).unwrap(); // 2 a t²
    assert_eq!(tape.sweep(&g.sum()).unwrap().of(&t).unwrap().to_vec(), vec![4.0 * 2.0 * 3.0; 100]);
}

#[test]
fn a_seed_of_another_tape_is_an_error() {
    let ended = Tape::begin();
    let seed = ended.tensor(&Tensor::full(&[2], 1.0)).exp();
    drop(ended);
    let tape = Tape::begin();
    let a = tape.tensor(&Tensor::full(&[1, 2], 2.0));
    let y = a.reshape(&[2]).unwrap();
    assert!(matches!(tape.sweep_recorded_with(&y, seed.clone()), Err(Error::Foreign { .. })));
    // For a plain sweep it is just numbers.
    assert!(tape.sweep_with(&y, seed).is_ok());
}

#[test]
fn where_no_cotangent_comes_in_an_infinite_partial_of_a_quotient_or_power_makes_no_nan() {
    let tape = Tape::begin();
    let a = tape.tensor(&Tensor::from_slice(&[1.0, 6.0], &[2]).unwrap());
    let b = tape.tensor(&Tensor::from_slice(&[0.0, 2.0], &[2]).unwrap());
    let seed = Tensor::from_slice(&[0.0, 1.0], &[2]).unwrap();
    let bar = tape.sweep_with(&(&a / &b), seed.clone()).unwrap();
    assert_eq!(bar.of(&a).unwrap().to_vec(), [0.0, 0.5]);
    assert_eq!(bar.of(&b).unwrap().to_vec(), [0.0, -1.5]);
    let power = b.powf(&Tensor::scalar(0.5)).unwrap();
    let bar = tape.sweep_with(&power, seed).unwrap();
    let b_bar = bar.of(&b).unwrap().to_vec();
    assert_eq!(b_bar[0], 0.0);
    approx::assert_relative_eq!(b_bar[1], 0.5 / 2.0_f64.sqrt(), max_relative = 1e-15);
}

#[test]
fn cotangents_from_before_a_rewind_are_not_shown_beside_other_lines() {
    let tape = Tape::begin();
    tape.keep_all();
    let mark = tape.mark();
    let x = tape.tensor(&Tensor::full(&[1], 3.0));
    let old = tape.sweep(&(&x * &x).sum()).unwrap();
    assert!(tape.table(Some(&old)).contains("[6]"));
    tape.rewind(&mark);
    let _x = tape.tensor(&Tensor::full(&[1], 5.0));
    assert!(!tape.table(Some(&old)).contains("[6]"));
}

#[test]
fn a_tape_begun_where_recording_is_off_records() {
    let gradient = unrecorded(|| {
        grad(
            |x| {
                let gathered = Tensor::from_vars(x, &[2]).unwrap();
                (&gathered * &gathered).sum().at(&[]).unwrap()
            },
            &[2.0, 3.0],
        )
    });
    assert_eq!(gradient, [4.0, 6.0]);
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::scalar(1.0));
    assert!(
        !unrecorded(|| {
            drop(Tape::begin());
            x.exp()
        })
        .is_recorded()
    );
    assert!(x.exp().is_recorded());
}
