//! The list on a page, to the letter.

use tape::{Error, Program, Real, Tape, Tensor};

fn f<R: Real>(v: &[R]) -> R {
    let (x, w) = (v[0], v[1]);
    (x + w) * (w + R::from_f64(1.0))
}

/// The text without the indentation that it has in the source.
fn page(text: &str) -> String {
    text.trim_start_matches('\n').lines().map(|line| format!("{}\n", line.trim_start_matches('|'))).collect()
}

#[test]
fn the_first_example_as_a_table() -> Result<(), Error> {
    let program = Program::trace(f, &[2.0, 1.0]).named(&["x", "w"])?;
    let want = page(
        "
|line  operation  inputs  value  cotangent
|-----------------------------------------
|   0  input x                2          2
|   1  input w                1          5
|   2  add        0 1         3          2
|   3  constant               1
|   4  add        1 3         2          3
|   5  mul        2 4         6          1",
    );
    assert_eq!(program.table(), want);
    assert_eq!(program.gradient()[1], 5.0, "∂y/∂w by both paths: 2 through x + w, 3 through w + 1");
    Ok(())
}

#[test]
fn the_first_example_as_a_graph() -> Result<(), Error> {
    let program = Program::trace(f, &[2.0, 1.0]).named(&["x", "w"])?;
    let want = page(
        r#"
|digraph tape {
|    rankdir=LR;
|    node [shape=box, fontname="sans-serif"];
|    n0 [label="0: input x\nvalue 2\ncotangent 2"];
|    n1 [label="1: input w\nvalue 1\ncotangent 5"];
|    n2 [label="2: add\nvalue 3\ncotangent 2"];
|    n3 [label="3: constant\nvalue 1"];
|    n4 [label="4: add\nvalue 2\ncotangent 3"];
|    n5 [label="5: mul\nvalue 6\ncotangent 1"];
|    n0 -> n2;
|    n1 -> n2;
|    n1 -> n4;
|    n3 -> n4;
|    n2 -> n5;
|    n4 -> n5;
|}"#,
    );
    assert_eq!(program.graphviz(), want);
    Ok(())
}

#[test]
fn parameters_stand_beside_the_operation_and_quotes_are_escaped() -> Result<(), Error> {
    let program = Program::trace(|x| x[0].powi(3).scale(0.5), &[2.0]).named(&["a \"b\""])?;
    let want = page(
        "
|line  operation    inputs  value  cotangent
|-------------------------------------------
|   0  input a \"b\"              2          6
|   1  powi 3       0           8        0.5
|   2  scale 0.5    1           4          1",
    );
    assert_eq!(program.table(), want);
    assert!(program.graphviz().contains(r#"n0 [label="0: input a \"b\"\nvalue 2"#));
    let error = Program::trace(|x| x[0], &[1.0]).named(&[]).unwrap_err();
    assert_eq!(error.to_string(), "named: wants a name for each of the 1 inputs, got 0");
    Ok(())
}

#[test]
fn names_stay_on_their_line_in_tables_and_graphs() -> Result<(), Error> {
    let program =
        Program::trace(|x| x[0].exp() * x[1], &[0.0, 2.0]).named(&["a\nb\u{1b}[2J", "back\\slash\\"])?;
    let table = program.table();
    assert_eq!(table.lines().count(), 2 + program.len(), "{table}");
    assert!(table.contains(r"input a\nb\u{1b}[2J") && table.contains(r"input back\slash\"), "{table}");
    assert!(!table.contains(|c: char| c.is_control() && c != '\n'));
    let graph = program.graphviz();
    assert!(graph.contains(r#"n0 [label="0: input a\\nb\\u{1b}[2J\nvalue 0"#), "{graph}");
    assert!(graph.contains(r#"n1 [label="1: input back\\slash\\\nvalue 2\ncotangent 1"];"#), "{graph}");
    assert!(program.svg().contains(r">input back\slash\</text>"));
    Ok(())
}

#[test]
fn programs_of_derivatives_keep_the_names() -> Result<(), Error> {
    let program = Program::trace(|x| x[0] * x[1].powi(2), &[2.0, 3.0]);
    assert!(program.with_gradient()?.table().contains("input x0"));
    let program = program.named(&["mass", "speed"])?;
    for (table, names) in [
        (program.with_gradient()?.table(), vec!["input mass ", "input speed "]),
        (program.vjp().table(), vec!["input mass ", "input speed ", "input ȳ0 "]),
        (program.jvp().table(), vec!["input mass ", "input speed ", "input d·mass ", "input d·speed "]),
        (program.hessian_product()?.table(), vec!["input mass ", "input d·mass "]),
        (program.optimised().table(), vec!["input mass "]),
    ] {
        for name in names {
            assert!(table.contains(name), "{name}is missing in\n{table}");
        }
    }
    Ok(())
}

#[test]
fn comparisons_stand_beneath_the_table() -> Result<(), Error> {
    let f = |x: &[tape::Traced]| {
        let _ = x[1].exp();
        let y = x[0] * 2.0;
        if y < x[1] { y } else { x[1] }
    };
    let program = Program::trace(f, &[2.0, 5.0]);
    assert!(program.table().ends_with("\nline 3 < line 1 was recorded as true\n"), "{}", program.table());
    let gradient = program.with_gradient()?;
    assert!(gradient.table().ends_with("\nline 2 < line 1 was recorded as true\n"), "{}", gradient.table());
    let error = program.value_and_grad(&[3.0, 5.0]).unwrap_err().to_string();
    assert!(error.contains("line 3 < line 1"), "an error names the lines of the trace: {error}");
    Ok(())
}

#[test]
fn a_tape_of_tensors_and_scalars_is_one_table() -> Result<(), Error> {
    let tape = Tape::begin();
    tape.keep_all();
    let x = tape.tensor(&Tensor::from_slice(&[1.0_f64, 2.0], &[2])?);
    let w = tape.var(3.0);
    let first = x.at(&[0])?;
    let product = first * w;
    let kept = w.powi(2).keep();
    let gathered = Tensor::from_vars(&[product, kept], &[2])?;
    let y = (&gathered * &x * 0.5).sum();
    let bar = tape.sweep(&y)?;
    let want = page(
        "
|line  operation            inputs   value   cotangent
|-----------------------------------------------------
|   0  leaf                         [1, 2]  [3, 4.5]
|   1  scalar leaf                                 6.5
|   2  element 0            0                      1.5
|   3  scalar, partials 3 1 2 1                    0.5
|   4  keep, partial 6      1                        1
|   5  gather               3 4     [3, 9]    [0.5, 1]
|   6  mul                  5 0    [3, 18]  [0.5, 0.5]
|   7  mul by 0.5           6     [1.5, 9]      [1, 1]
|   8  sum                  7         10.5           1",
    );
    let squeeze = |text: &str| {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let (got, want) = (squeeze(&tape.table(Some(&bar))), squeeze(&want));
    assert_eq!(got[0], want[0]);
    assert_eq!(got[2..], want[2..]);
    Ok(())
}

#[test]
fn what_the_tape_has_let_go_of_is_said() -> Result<(), Error> {
    let tape = Tape::begin();
    let x = tape.tensor(&Tensor::full(&[3, 4], 1.0));
    let y = (&x + &x).sum();
    let bar = tape.sweep(&y)?;
    let table = tape.table(Some(&bar));
    assert!(table.contains("not kept") && table.contains("let go"), "{table}");
    assert!(!tape.table(None).contains("let go"), "without a sweep there are no cotangents");
    let graph = tape.graphviz(None);
    assert!(graph.contains("n0 -> n1") && graph.contains("n1 -> n2"), "{graph}");
    Ok(())
}

#[test]
fn long_tensors_are_cut_and_long_numbers_rounded() -> Result<(), Error> {
    let tape = Tape::begin();
    tape.keep_all();
    let _ = tape.tensor(&Tensor::full(&[4, 4], 1.0 / 3.0));
    let _ = tape.tensor(&Tensor::scalar(1e-300 / 3.0));
    let table = tape.table(None);
    assert!(
        table.contains("[4, 4] [0.333333, 0.333333, 0.333333, 0.333333, 0.333333, 0.333333, …]"),
        "{table}"
    );
    assert!(table.contains("3.33333e-301"), "{table}");
    Ok(())
}

#[test]
fn an_empty_tape_is_a_table_with_its_heads_alone() {
    let tape = Tape::begin();
    let heads = "line  operation  inputs  value  cotangent\n";
    assert_eq!(tape.table(None), format!("{heads}{}\n", "-".repeat(heads.len() - 1)));
}
