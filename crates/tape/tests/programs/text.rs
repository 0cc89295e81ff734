//! Programs as text, and hostile texts.

use proptest::prelude::*;
use tape::{Error, Program, Real64};

fn refused(lines: &[&str]) -> String {
    let text = format!("tape program 1\n{}\n", lines.join("\n"));
    match text.parse::<Program>() {
        Err(error @ Error::Text { .. }) => error.to_string(),
        other => panic!("wants a refusal of {lines:?}, got {other:?}"),
    }
}

#[test]
fn numbers_come_back_to_the_last_bit() {
    let special = [0.1, -0.0, f64::MIN_POSITIVE / 3.0, f64::MAX, f64::INFINITY, 1.0 / 3.0];
    for k in special {
        let program = Program::trace(|x| x[0].scale(k).shift(k), &[k]);
        let again: Program = program.to_string().parse().unwrap();
        assert_eq!(again.to_string(), program.to_string());
        assert_eq!(again.eval(&[k]), program.eval(&[k]));
        assert_eq!(again.value().to_bits(), program.value().to_bits());
    }
    let program = Program::trace(|x| x[0] + f64::NAN, &[1.0]);
    assert!(program.to_string().parse::<Program>().unwrap().value().is_nan());
}

#[test]
fn names_come_back_whatever_is_in_them() {
    for name in ["", "%", "a b", "x\ny", "αβγ", "100%", "\u{a0}", "a%20b"] {
        let program = Program::trace(|x| x[0].exp(), &[1.0]).named(&[name]).unwrap();
        let again: Program = program.to_string().parse().unwrap();
        assert_eq!(again.table(), program.table(), "{name:?}");
    }
}

#[test]
fn comparisons_outlive_the_text() {
    let program = Program::trace(|x| if x[0] > 1.0 { x[0] * 2.0 } else { x[0] }, &[2.0]);
    let again: Program = program.to_string().parse().unwrap();
    assert_eq!(again.eval(&[0.5]), program.eval(&[0.5]));
    assert!(again.eval(&[0.5]).is_err());
}

#[test]
fn a_hostile_text_is_an_error_that_names_the_line() {
    let input = "input 1 x";
    for (lines, want) in [
        (vec![input, "sin 1"], "line 3: wants the number of an earlier line, below 1, got `sin 1`"),
        (vec![input, "sin -1"], "line 3: wants the number of a line, got `sin -1`"),
        (vec![input, "sin"], "line 3: wants the number of a line, got `sin`"),
        (vec![input, "sin 0 0"], "line 3: wants nothing more on the line, got `sin 0 0`"),
        (vec![input, "mul 0"], "line 3: wants the number of a line, got `mul 0`"),
        (vec![input, "scale 0"], "line 3: wants the number of a line, got `scale 0`"),
        (vec![input, "output 99999999999999999999"], "line 3: wants the number of a line"),
        (vec![input, "output 4294967295"], "line 3: wants the number of an earlier line, below 1"),
        (vec!["sin 0"], "line 2: wants the number of an earlier line, below 0"),
        (vec![input, "constant 1", input], "line 4: wants inputs before all other lines"),
        (vec!["input 1"], "line 2: wants a name for the input"),
        (vec!["input one x"], "line 2: wants a number"),
        (vec!["input 1 %zz"], "line 2: wants a name, escaped with %xx"),
        (vec!["input 1 %ff"], "line 2: wants a name, escaped with %xx"),
        (vec!["constant"], "line 2: wants a number"),
        (vec![input, "frobnicate 0"], "line 3: wants a primitive of the list"),
        (vec![input, "powi 2.5 0"], "line 3: wants a primitive of the list"),
        (vec![input, "powi NaN 0"], "line 3: wants a primitive of the list"),
        (vec![input, "powi 1e99 0"], "line 3: wants a primitive of the list"),
        (vec![input, "compare less maybe 0 0 0 0"], "line 3: wants a comparison and its outcome"),
        (vec![input, "compare less true 0 7 0 0"], "line 3: wants the number of an earlier line"),
        (vec![input, "compare less true 0 0"], "line 3: wants the number of a line"),
    ] {
        let text = refused(&lines);
        assert!(text.starts_with(&format!("program text, {want}")), "{text}");
    }
    assert!("".parse::<Program>().is_err());
    assert!("tape program 2\n".parse::<Program>().is_err());
    let long = "x".repeat(1 << 20);
    assert!(refused(&[&long]).len() < 300);
}

#[test]
fn a_claim_of_many_lines_takes_no_room() {
    // There are no counts to believe: inputs and outputs are as many as stand there.
    let program: Program = "tape program 1\ninput 1 x\noutput 0\n".parse().unwrap();
    assert_eq!((program.inputs(), program.outputs(), program.len()), (1, 1, 1));
}

proptest! {
    #[test]
    fn a_corrupted_text_is_refused_or_is_a_program(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        fn f<R: Real64>(x: &[R]) -> R {
            let y = if x[0] > x[1] { x[0].powi(3) } else { x[1].exp() };
            (y * 0.5 + x[1]).sin() - x[0].max(x[1]) / 3.0
        }
        let program = Program::trace(f, &[1.0, 2.0]);
        let mut bytes = program.to_string().into_bytes();
        for (place, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                _ => bytes.insert(at, b"0123456789 \n"[byte as usize % 12]),
            }
        }
        if let Ok(program) = String::from_utf8_lossy(&bytes).parse::<Program>() {
            // Whatever it computes now, it can be used.
            let x = vec![0.5; program.inputs()];
            let _ = program.eval(&x);
            let _ = program.jacobian(&x);
            let _ = program.table();
            prop_assert_eq!(program.to_string().parse::<Program>().unwrap().to_string(), program.to_string());
        }
    }
}
