//! Comparisons that hang on the last bit: a program is always replayed where it was traced.

use tape::{Program, Traced, Workspace};

/// One over a determinant, unless it is zero.
fn inverse(m: &[Traced]) -> Traced {
    let determinant = m[0] * m[3] - m[1] * m[2];
    if determinant == 0.0 { determinant } else { determinant.recip() }
}

/// Matrices that are singular up to rounding.
fn matrices() -> impl Iterator<Item = [f64; 4]> {
    (1..=2000).map(|k| f64::from(k) * 0.37).map(|x| [x, 3.0 * x, 0.1, 0.3])
}

#[test]
fn every_program_is_replayed_at_its_own_point() {
    for m in matrices() {
        let program = Program::trace(inverse, &m);
        let got = program.eval(&m).unwrap_or_else(|error| panic!("{m:?}: {error}"))[0];
        let want = program.value();
        assert!(got == want || want != 0.0 && got.is_finite(), "{m:?}: {got} and {want}");
        program.value_and_grad(&m).unwrap();
        program.hessian(&m).unwrap();
        program.jacobian(&m).unwrap();
    }
}

#[test]
fn functions_of_the_kernels_decide_nothing_that_the_trace_decided_otherwise() {
    fn f(x: &[Traced]) -> Traced {
        let y = x[0].exp().tanh() + x[0].sigmoid() * x[0].softplus() + x[0].powf(2.0.into()).sqrt().ln();
        if y > y.value() { y * 2.0 } else { y }
    }
    for k in 1..2000 {
        let x = [f64::from(k) * 0.0031];
        let program = Program::trace(f, &x);
        program.eval(&x).unwrap_or_else(|error| panic!("{x:?}: {error}"));
        program.value_and_grad(&x).unwrap_or_else(|error| panic!("{x:?}: {error}"));
    }
}

#[test]
fn a_row_that_rounding_decides_has_the_same_bits_in_every_batch() {
    let singular = matrices().find(|m| Program::trace(inverse, m).value() == 0.0).expect("many are");
    let program = Program::trace(inverse, &singular);
    // All those that are singular where every operation is rounded by itself.
    let rows: Vec<f64> = matrices().filter(|m| m[0] * m[3] - m[1] * m[2] == 0.0).flatten().collect();
    assert!(rows.len() > 400);
    let want: Vec<f64> = rows.chunks_exact(4).flat_map(|m| program.eval(m).unwrap()).collect();
    assert_eq!(program.eval(&rows).unwrap(), want);
    let mut y = vec![1.0; want.len()];
    program.eval_into(&rows, &mut y, &mut Workspace::with_threads(3)).unwrap();
    assert_eq!(y, want);
    // One that is regular fails, and is the row that is named; those before it are there.
    let mut with_regular = rows.clone();
    let at = rows.len() / 8;
    with_regular[4 * at..4 * at + 4].copy_from_slice(&[1.0, 0.0, 0.0, 1.0]);
    y.fill(1.0);
    let error = program.eval_into(&with_regular, &mut y, &mut Workspace::new()).unwrap_err();
    let comparison = "line 6 == line 7 was recorded as true".to_owned();
    assert_eq!(error, tape::Error::Branch { input: at, comparison, got: [1.0, 0.0] });
    assert_eq!(y[..at], want[..at]);
}

#[test]
fn retracing_always_answers() {
    let rows: Vec<f64> = matrices().flatten().collect();
    let mut program = Program::trace(inverse, &[1.0, 0.0, 0.0, 1.0]);
    let values = program.eval_or_retrace(&rows, |at| Program::trace(inverse, at)).unwrap();
    let (again, gradients) =
        program.value_and_grad_or_retrace(&rows, |at| Program::trace(inverse, at)).unwrap();
    for (k, m) in matrices().enumerate() {
        let exact = Program::trace(inverse, &m);
        for value in [values[k], again[k]] {
            assert!(
                value == exact.value() || value.is_finite() && exact.value() != 0.0 || value.abs() > 1e12
            );
        }
        if values[k] == 0.0 {
            assert_eq!(gradients[4 * k..][..4], exact.gradient());
        }
    }
}

#[test]
fn a_program_that_fails_where_it_was_traced_gives_what_it_was_traced_with() {
    // No trace says that a number is less than itself, but a text may.
    let text =
        |x: f64| format!("tape program 1\ninput {x} x\nscale 2 0\ncompare less true 0 0 0 0\noutput 1\n");
    let never = |at: &[f64]| text(at[0]).parse::<Program>().unwrap();
    let mut program = Program::trace(|x| if x[0] < 3.0 { x[0] } else { x[0] * 2.0 }, &[1.0]);
    let x = [1.0, 5.0, 2.0, 7.0];
    assert!(never(&[1.0]).eval(&[1.0]).is_err());
    assert_eq!(program.clone().eval_or_retrace(&x, never).unwrap(), [1.0, 10.0, 4.0, 14.0]);
    let (values, gradients) = program.clone().value_and_grad_or_retrace(&x, never).unwrap();
    assert_eq!((values, gradients), (vec![1.0, 10.0, 4.0, 14.0], vec![1.0, 2.0, 2.0, 2.0]));
    // One that was traced elsewhere has nothing to give.
    let elsewhere = program.eval_or_retrace(&x, |_| never(&[0.0])).unwrap_err();
    assert!(matches!(elsewhere, tape::Error::Branch { input: 1, .. }), "{elsewhere}");
}
