//! What can be done with a handle: operators, assigning ones, plain numbers, sums, comparisons; its size.

use tape::{Dual, Elementary, Error, Float, Real, Tape, Traced, Var, grad, value_and_grad};

#[test]
fn handles_of_either_precision_are_24_bytes() {
    assert_eq!(size_of::<Var<f64>>(), 24);
    assert_eq!(size_of::<Var<f32>>(), 24);
}

#[test]
fn plain_numbers_stand_on_either_side_of_every_operator() {
    let check = |f: fn(Var) -> Var, x: f64, y: f64, dy: f64| {
        assert_eq!(value_and_grad(|x| f(x[0]), &[x]), (y, vec![dy]));
    };
    check(|x| x + 3.0, 2.0, 5.0, 1.0);
    check(|x| 3.0 + x, 2.0, 5.0, 1.0);
    check(|x| x - 3.0, 2.0, -1.0, 1.0);
    check(|x| 3.0 - x, 2.0, 1.0, -1.0);
    check(|x| x * 3.0, 2.0, 6.0, 3.0);
    check(|x| 3.0 * x, 2.0, 6.0, 3.0);
    check(|x| x / 4.0, 2.0, 0.5, 0.25);
    check(|x| 4.0 / x, 2.0, 2.0, -1.0);
    check(|x| -x, 2.0, -2.0, -1.0);
}

#[test]
fn single_precision_takes_single_numbers_on_either_side() {
    let (y, dy) = value_and_grad(|x| (1.0_f32 - x[0] * 2.0) / (0.5 + x[0]) - 3.0 / x[0], &[1.0_f32]);
    assert_eq!(y, -1.0 / 1.5 - 3.0);
    assert!((dy[0] - (-2.0 * 1.5 + 1.0) / 2.25 - 3.0).abs() < 1e-6);
}

#[test]
fn duals_and_traced_scalars_take_plain_numbers_too() {
    let y = 1.0 - Dual::new(2.0, 1.0) * 3.0 / 2.0 + 0.5;
    assert_eq!((y.value, y.tangent), (-1.5, -1.5));
    assert_eq!((8.0 / (Traced::from(3.0) + 1.0) - 1.0).value(), 1.0);
    let program = tape::Program::trace(|x| 8.0 / (2.0 * x[0] - 1.0) + x[0] / 4.0, &[2.5]);
    assert_eq!((program.value(), program.gradient()), (2.625, vec![-1.0 + 0.25]));
}

#[test]
fn assigning_operators_do_what_the_others_do() {
    let gradient = grad(
        |x| {
            let mut y = x[0];
            y += x[1];
            y *= x[0];
            y -= x[1];
            y /= x[1];
            y += 1.0;
            y *= 2.0;
            y -= 3.0;
            y /= 4.0;
            y
        },
        &[3.0, 2.0],
    );
    // y = (((x + w) x - w) / w + 1) / 2 - 3/4
    assert_eq!(gradient, [(2.0 * 3.0 + 2.0) / 2.0 / 2.0, -9.0 / 4.0 / 2.0]);
}

#[test]
fn sums_and_products_take_values_and_references() {
    let x = [2.0, 3.0, 5.0];
    assert_eq!(value_and_grad(|x| x.iter().sum(), &x), (10.0, vec![1.0; 3]));
    assert_eq!(value_and_grad(|x| x.iter().copied().sum(), &x), (10.0, vec![1.0; 3]));
    assert_eq!(value_and_grad(|x| x.iter().product(), &x), (30.0, vec![15.0, 10.0, 6.0]));
    assert_eq!(
        value_and_grad(|x| x.iter().map(|x| *x * *x).product(), &x),
        (900.0, vec![900.0, 600.0, 360.0])
    );
    assert_eq!(value_and_grad(|x| x[..0].iter().sum(), &x), (0.0, vec![0.0; 3]));
    assert_eq!(value_and_grad(|x| x[..0].iter().product(), &x), (1.0, vec![0.0; 3]));
    let duals: Vec<Dual<f64>> = x.iter().map(|&x| Dual::new(x, 1.0)).collect();
    assert_eq!(duals.iter().product::<Dual<f64>>().tangent, 31.0);
}

#[test]
fn comparisons_see_the_values() {
    let tape = Tape::begin();
    let (a, b, same) = (tape.var(1.0), tape.var(2.0), tape.var(1.0));
    assert_eq!(
        [a < b, a > b, a <= same, a < same, a == same, a != b],
        [true, false, true, false, true, true]
    );
    assert!(a < 1.5 && a == 1.0 && b >= 2.0);
    assert!(Dual::new(1.0, 9.0) == Dual::new(1.0, -9.0));
    let nan = tape.var(f64::NAN);
    assert!(nan != nan && nan.partial_cmp(&a).is_none());
    assert_eq!(tape.lines(), 4, "comparing records nothing");
}

#[test]
fn text_shows_the_value_and_debug_the_line() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(2.0), tape.var(0.5));
    assert_eq!(format!("{x} {:.2}", x * w), "2 1.00");
    assert_eq!(
        format!("{:?} {:?} {:?}", Var::from(3.0), w, x.powi(2)),
        "Var(3) Var(0.5 on line 1) Var(4 of line 0)"
    );
    assert_eq!(Var::<f32>::default().value(), 0.0);
}

#[test]
fn constants_record_nothing() {
    let tape = Tape::begin();
    let x = tape.var(2.0);
    let two = Var::from_f64(2.0);
    let y = (x * two + two.sin()) / two - Var::constant(1.0) * two;
    assert_eq!((tape.lines(), two.is_recorded()), (1, false));
    assert_eq!(tape.sweep(&y).unwrap().of(&x).unwrap(), 1.0);
    let error = tape.sweep(&two).unwrap_err();
    assert_eq!(
        error.to_string(),
        "sweep: wants a value recorded on this tape, got a constant; begin with a leaf (`tape.var`, `tape.tensor`)"
    );
    let bar = tape.sweep(&y).unwrap();
    assert!(matches!(bar.of(&two), Err(Error::NotRecorded { operation: "of" })));
}

#[test]
fn a_line_is_written_only_where_two_lines_meet() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(0.5), tape.var(2.0));
    let lines_of = |f: &dyn Fn() -> Var| {
        let before = tape.lines();
        let _ = f();
        tape.lines() - before
    };
    assert_eq!(lines_of(&|| x.sin().exp() * 3.0 + 1.0), 0, "functions of one line");
    assert_eq!(lines_of(&|| x * x + x.sin() - x), 0, "one and the same line");
    assert_eq!(lines_of(&|| x * w), 1);
    assert_eq!(lines_of(&|| x.mul_add(w, x)), 2);
    assert_eq!(lines_of(&|| x.mul_add(x, x)), 0);
    assert_eq!(lines_of(&|| x.mul_add(Var::from(2.0), w)), 1);
    assert_eq!(lines_of(&|| (x * w).sin() + 1.0), 1);
}

#[test]
fn a_merged_handle_has_no_cotangent_of_its_own_and_says_what_would_give_it_one() {
    let tape = Tape::begin();
    let x = tape.var(0.5);
    let merged = x.sin();
    assert_eq!(tape.lines(), 1);
    let bar = tape.sweep(&(merged * merged)).unwrap();
    assert_eq!(
        bar.of(&merged).unwrap_err().to_string(),
        "of: this scalar was merged into another line and has no cotangent of its own; give it one with `keep` before \
         it is used"
    );
    let kept = merged.keep();
    assert_eq!(tape.lines(), 2, "keep writes one line");
    assert_eq!(
        tape.lines(),
        {
            let _ = kept.keep();
            2
        },
        "once"
    );
    let bar = tape.sweep(&(kept * kept)).unwrap();
    assert_eq!(bar.of(&kept).unwrap(), 2.0 * 0.5_f64.sin());
    assert_eq!(bar.of(&x).unwrap(), 2.0 * 0.5_f64.sin() * 0.5_f64.cos());
    assert!(!Var::from(1.0).keep().is_recorded());
}

#[test]
fn a_line_that_two_others_made_has_a_cotangent_without_keep() {
    let tape = Tape::begin();
    let (x, w) = (tape.var(3.0), tape.var(4.0));
    let product = x * w;
    let bar = tape.sweep(&product.powi(2)).unwrap();
    assert_eq!((bar.of(&product).unwrap(), bar.of(&x).unwrap()), (24.0, 96.0));
}

#[test]
fn functions_over_real_run_on_every_number_there_is() {
    fn f<R: Real>(x: R) -> R {
        (x.sin() + x.powi(2).scale(0.5)).max(R::default()).mul_add(x, R::from_f64(1.0))
    }
    fn on_plain<T: Float>(x: f64) -> f64 {
        f(T::from_f64(x)).to_f64()
    }
    let want = f(0.7_f64);
    assert!((on_plain::<f32>(0.7) - want).abs() < 1e-6);
    assert_eq!(f(Dual::new(0.7, 1.0)).value, want);
    assert_eq!(f(Var::from(0.7)).value(), want);
    assert_eq!(f(Traced::from(0.7)).value(), want);
    assert_eq!(f(Dual::new(Var::from(0.7), Var::from(1.0))).value.value(), want);
}

#[test]
fn elementary_functions_run_on_anything_with_arithmetic() {
    fn f<E: Elementary>(x: E) -> E {
        x.clone().exp() * x.like(2.0) - x
    }
    assert_eq!(f(0.0), 2.0);
    assert_eq!(grad(|x| f(x[0]), &[0.0]), [1.0]);
    assert_eq!(f(tape::Tensor::scalar(0.0)).item(), Ok(2.0));
}
