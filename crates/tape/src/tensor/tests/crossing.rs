//! The two grains on one list: elements read as scalars, scalars gathered into tensors, both precisions.

use super::filled;
use crate::{Error, Tape, Tensor, Var, check, unrecorded};

fn row(values: &[f64]) -> Tensor {
    Tensor::from_slice(values, &[values.len()]).unwrap()
}

#[test]
fn the_gradient_crosses_from_scalars_into_a_tensor() {
    let tape = Tape::begin();
    let x = tape.tensor(&row(&[2.0, 3.0, 5.0]));
    let [a, b] = [0, 2].map(|i| x.at(&[i]).unwrap());
    let bar = tape.sweep(&(a * b.powi(2))).unwrap();
    assert_eq!(bar.of(&x).unwrap().to_vec(), [25.0, 0.0, 20.0]);
    assert_eq!((bar.of(&a).unwrap(), bar.of(&b).unwrap()), (25.0, 20.0));
}

#[test]
fn the_gradient_crosses_from_a_tensor_into_scalars() {
    let tape = Tape::begin();
    let (a, b) = (tape.var(2.0), tape.var(3.0));
    let y = Tensor::from_vars(&[a, a * b, b.exp(), Var::from(7.0)], &[2, 2]).unwrap();
    let seed = Tensor::from_slice(&[1.0, 10.0, 100.0, 1000.0], &[2, 2]).unwrap();
    let bar = tape.sweep_with(&y, seed).unwrap();
    assert_eq!(bar.of(&a).unwrap(), 31.0);
    assert_eq!(bar.of(&b).unwrap(), 20.0 + 100.0 * 3.0_f64.exp());
}

#[test]
fn several_reads_of_one_element_add_up_with_tensor_operations() {
    let tape = Tape::begin();
    let x = tape.tensor(&row(&[2.0, 3.0]));
    let first = x.at(&[0]).unwrap();
    let again = x.at(&[0]).unwrap();
    let scalar = first * again + x.at(&[1]).unwrap().powi(3);
    // x is also used whole, before and after the elements were read.
    let y = Tensor::from_vars(&[scalar], &[]).unwrap() + (&x * &x).sum();
    assert_eq!(tape.sweep(&y).unwrap().of(&x).unwrap().to_vec(), [4.0 + 4.0, 27.0 + 6.0]);
}

#[test]
fn a_scalar_gathered_several_times_adds_up() {
    let tape = Tape::begin();
    let a = tape.var(3.0);
    let y = Tensor::from_vars(&[a, a.scale(2.0), a, a * a], &[4]).unwrap();
    assert_eq!(tape.sweep(&y.sum()).unwrap().of(&a).unwrap(), 1.0 + 2.0 + 1.0 + 6.0);
}

#[test]
fn there_and_back_again_many_times() {
    let tape = Tape::begin();
    let x = tape.tensor(&row(&[0.3, -0.7]));
    let mut y = x.clone();
    for _ in 0..5 {
        let vars: Vec<Var> = (0..2).map(|i| y.at(&[i]).unwrap()).collect();
        y = Tensor::from_vars(&[vars[0] * vars[1], vars[1].sin()], &[2]).unwrap() + &x;
    }
    let bar = tape.sweep(&y.sum()).unwrap().of(&x).unwrap();
    drop(tape);
    let f = |x: &[Tensor]| {
        let mut y = x[0].clone();
        for _ in 0..5 {
            let vars: Vec<Var> = (0..2).map(|i| y.at(&[i])).collect::<Result<_, _>>()?;
            y = Tensor::from_vars(&[vars[0] * vars[1], vars[1].sin()], &[2])? + &x[0];
        }
        Ok(y)
    };
    assert!(check::tensor_gradient(f, &[row(&[0.3, -0.7])]).unwrap().first < 1e-9);
    assert!(bar.as_slice().iter().all(|x| x.is_finite()));
}

#[test]
fn constants_cross_without_being_recorded() {
    let tape = Tape::begin();
    let gathered = Tensor::from_vars(&[Var::from(1.0), Var::from(2.0)], &[2]).unwrap();
    assert!(!gathered.is_recorded() && !row(&[1.0]).at(&[0]).unwrap().is_recorded());
    assert_eq!((tape.lines(), tape.nodes()), (0, 0));
    let x = tape.tensor(&row(&[1.0]));
    assert!(!unrecorded(|| x.at(&[0]).unwrap()).is_recorded());
    let a = tape.var(1.0);
    assert!(!unrecorded(|| Tensor::from_vars(&[a], &[1]).unwrap()).is_recorded());
}

#[test]
fn both_precisions_and_both_grains_share_one_tape() {
    let tape = Tape::begin();
    let single = tape.tensor(&Tensor::full(&[2], 2.0_f32));
    let double = tape.tensor(&row(&[3.0, 4.0]));
    let (a, b) = (single.at(&[0]).unwrap(), double.at(&[1]).unwrap());
    let (squared, cubed) = ((&single * &single).sum(), double.powi(3).sum());
    let crossed = Tensor::from_vars(&[a * a, squared.at(&[]).unwrap()], &[2]).unwrap().sum();
    let bar = tape.sweep(&crossed).unwrap();
    assert_eq!(bar.of(&single).unwrap().to_vec(), [4.0 + 4.0, 4.0_f32]);
    assert!(bar.get(&double).unwrap().is_none());
    let bar = tape.sweep(&(b * cubed.at(&[]).unwrap())).unwrap();
    assert_eq!(bar.of(&double).unwrap().to_vec(), [4.0 * 27.0, 91.0 + 4.0 * 48.0]);
    assert!(bar.get(&single).unwrap().is_none());
}

#[test]
fn an_intermediate_tensor_has_a_cotangent_only_if_it_was_kept() {
    let tape = Tape::begin();
    let x = tape.tensor(&row(&[1.0, 2.0]));
    let let_go = x.exp();
    let kept = (&let_go * 3.0).keep().unwrap();
    let y = (&kept * &kept).sum();
    let bar = tape.sweep(&y).unwrap();
    assert_eq!(bar.of(&kept).unwrap(), &kept.to_constant() * 2.0);
    let error = bar.of(&let_go).unwrap_err();
    assert!(matches!(error, Error::NotKept { .. }));
    let want = "of: the sweep has let go of the cotangent of this intermediate tensor; ask for it with `keep` before the sweep";
    assert_eq!(error.to_string(), want);
    assert_eq!(bar.of(&y).unwrap_err().to_string(), want);
}

#[test]
fn a_kept_gather_and_a_kept_element_show_their_cotangents() {
    let tape = Tape::begin();
    let a = tape.var(2.0);
    let gathered = Tensor::from_vars(&[a, a.powi(2)], &[2]).unwrap().keep().unwrap();
    let element = gathered.at(&[1]).unwrap();
    let bar = tape.sweep(&(element * 5.0)).unwrap();
    assert_eq!(bar.of(&gathered).unwrap().to_vec(), [0.0, 5.0]);
    assert_eq!((bar.of(&element).unwrap(), bar.of(&a).unwrap()), (5.0, 20.0));
}

#[test]
fn what_the_sweep_does_not_come_by_is_absent_or_zero() {
    let tape = Tape::begin();
    let (x, unused) = (tape.tensor(&row(&[1.0, 2.0])), tape.tensor(&row(&[3.0])));
    let flat = x.heaviside(&Tensor::scalar(0.0)).unwrap().sum();
    let bar = tape.sweep(&flat).unwrap();
    assert!(bar.get(&unused).unwrap().is_none());
    assert_eq!(bar.of(&unused).unwrap().to_vec(), [0.0]);
    assert_eq!(
        bar.get(&x).unwrap().map(|bar| bar.to_vec()),
        Some(vec![0.0, 0.0]),
        "it came by, with nothing"
    );
}

#[test]
fn a_recorded_sweep_names_the_scalar_line_that_it_meets() {
    let tape = Tape::begin();
    let x = tape.tensor(&row(&[2.0, 3.0]));
    let (a, b) = (x.at(&[0]).unwrap(), x.at(&[1]).unwrap());
    let tail = "is a scalar line, whose partials are plain numbers; tensors are differentiated twice by a recorded \
                sweep, scalars by type (`hvp`, `Dual<Var>`)";
    let words = |result: Result<_, Error>| result.map(|_: crate::Cotangents| ()).unwrap_err().to_string();
    let product = a * b;
    assert_eq!(
        words(tape.sweep_recorded(&product)),
        format!("recorded sweep: line 2 (two scalars that meet) {tail}")
    );
    assert_eq!(
        words(tape.sweep_recorded(&b)),
        format!("recorded sweep: line 1 (an element of a tensor) {tail}")
    );
    let kept = a.sin().keep();
    assert_eq!(words(tape.sweep_recorded(&kept)), format!("recorded sweep: line 3 (a kept value) {tail}"));
    let gathered = Tensor::from_vars(&[product], &[]).unwrap();
    let want = format!("recorded sweep: line 4 (a tensor gathered from scalars) {tail}");
    assert_eq!(words(tape.sweep_recorded(&gathered)), want);
    // Scalars that the sweep does not come by are in nobody's way.
    let first = tape.sweep_recorded(&x.powi(3).sum()).unwrap().of(&x).unwrap();
    assert_eq!(tape.sweep(&first.sum()).unwrap().of(&x).unwrap().to_vec(), [12.0, 18.0]);
}

#[test]
fn tensors_of_another_tape_are_refused_in_words() {
    let outer = Tape::begin();
    let x = outer.tensor(&row(&[1.0]));
    let inner = Tape::begin();
    let y = inner.tensor(&row(&[1.0]));
    let why = "this value is not of the tape that is recording on this thread: its tape has ended or was rewound past \
               it, waits outside, or belongs to another thread";
    assert_eq!(x.add(&y).unwrap_err().to_string(), format!("add: {why}"));
    let want = "matmul: factors must be vectors, matrices or batches of matrices, got [1] and []";
    assert_eq!(x.matmul(y.sum()).unwrap_err().to_string(), want, "shapes come first");
    assert!(x.matmul(&y).unwrap_err().to_string().ends_with(why));
    assert_eq!(x.at(&[0]).unwrap_err().to_string(), format!("element: {why}"));
    drop(inner);
    assert!(x.add(&x).unwrap().is_recorded());
    let why_rewound = "add: this value was recorded after the mark that the tape was rewound to";
    let mark = outer.mark();
    let late = x.exp();
    outer.rewind(&mark);
    assert_eq!(late.add(&x).unwrap_err().to_string(), why_rewound);
    assert_eq!(x.exp().to_vec(), [1.0_f64.exp()], "older tensors are still good");
    drop(outer);
    let error = x.add(&x).unwrap_err().to_string();
    assert_eq!(error, "add: the tape of this value has ended, or belongs to another thread");
}

#[test]
fn a_recording_of_tensors_can_be_swept_from_several_places() {
    let tape = Tape::begin();
    let x = tape.tensor(&filled(&[3], 1));
    let a = x.sin();
    let b = &a * &x;
    let from_b = tape.sweep(&b.sum()).unwrap().of(&x).unwrap();
    let from_a = tape.sweep(&a.sum()).unwrap().of(&x).unwrap();
    for ((&x, &by_a), &by_b) in x.as_slice().iter().zip(from_a.as_slice()).zip(from_b.as_slice()) {
        approx::assert_relative_eq!(by_a, x.cos(), max_relative = 1e-15);
        approx::assert_relative_eq!(by_b, x * x.cos() + x.sin(), max_relative = 1e-14);
    }
    assert_eq!(tape.sweep(&b.sum()).unwrap().of(&x).unwrap(), from_b, "to the bit, again");
}

#[test]
fn a_sweep_of_a_training_step_can_be_repeated_a_thousand_times_without_growing() {
    let tape = Tape::begin();
    let mut theta = filled(&[4, 3], 1);
    let (x, mark) = (filled(&[5, 3], 2), tape.mark());
    let mut costs = Vec::new();
    for _ in 0..1000 {
        let leaf = tape.tensor(&theta);
        let cost = x.matmul(leaf.t()).unwrap().powi(2).sum();
        costs.push(cost.item().unwrap());
        theta = theta - tape.sweep(&cost).unwrap().of(&leaf).unwrap() * 0.01;
        tape.rewind(&mark);
        assert_eq!(tape.nodes(), 0);
    }
    assert!(costs.windows(2).all(|pair| pair[1] <= pair[0]), "a small step downhill never goes up");
    assert!(costs[999] < 0.1 * costs[0], "from {} to {}", costs[0], costs[999]);
}

#[test]
fn the_gradient_crosses_from_one_precision_to_the_other_and_back() {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::from_slice(&[0.5_f32, -1.5], &[2]).unwrap());
    let wide = x.cast::<f64>().unwrap().keep().unwrap();
    assert_eq!(wide.to_vec(), [0.5, -1.5]);
    let narrow = (&wide * &wide).cast::<f32>().unwrap();
    let y = (&narrow * &x).sum(); // x³
    let bar = tape.sweep(&y).unwrap();
    assert_eq!(bar.of(&x).unwrap().to_vec(), [0.75_f32, 6.75]);
    assert_eq!(bar.of(&wide).unwrap().to_vec(), [0.5, 4.5], "kept: 2 x² of the square");
    // To the second order, and along a cast that is read twice.
    let first = tape.sweep_recorded(&y).unwrap().of(&x).unwrap();
    assert_eq!(tape.sweep(&first.sum()).unwrap().of(&x).unwrap().to_vec(), [3.0_f32, -9.0]);
    let leaf = tape.var(2.0_f64);
    let through = Tensor::from_vars(&[leaf], &[1]).unwrap().cast::<f32>().unwrap().cast::<f64>().unwrap();
    assert_eq!(tape.depends(&through.at(&[0]).unwrap(), &[leaf, tape.var(1.0)]).unwrap(), [true, false]);
    assert!(tape.table(None).contains("cast"));
}

#[test]
fn a_cast_rounds_once_and_one_to_the_same_precision_is_the_same_tensor() {
    let third = Tensor::full(&[1], 1.0 / 3.0);
    assert_eq!(third.cast::<f32>().unwrap().to_vec(), [1.0_f32 / 3.0]);
    assert_eq!(third.cast::<f64>().unwrap().as_slice().as_ptr(), third.as_slice().as_ptr());
    assert_eq!(Tensor::full(&[1], 1e300).cast::<f32>().unwrap().to_vec(), [f32::INFINITY]);
    let tape = Tape::begin();
    let x = tape.tensor(&third);
    assert_eq!(tape.nodes(), 1);
    let same = x.cast::<f64>().unwrap();
    assert_eq!(tape.nodes(), 1);
    assert_eq!(tape.sweep(&same.powi(2).sum()).unwrap().of(&x).unwrap().to_vec(), [2.0 / 3.0]);
    let foreign =
        std::thread::scope(|scope| scope.spawn(|| x.cast::<f32>().map(|cast| cast.to_vec())).join().unwrap());
    assert!(foreign.unwrap_err().to_string().starts_with("cast:"));
}
