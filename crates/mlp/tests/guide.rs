//! What GUIDE.md shows and the doc tests do not run: the tables that the tape writes, and the links.

use std::path::{Path, PathBuf};
use tape::{Program, Real, Tape, Tensor};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn the_table_of_one_unit_is_the_one_that_a_program_writes() {
    fn unit<R: Real>(v: &[R]) -> R {
        -(v[0].scale(2.0) + v[1]).sigmoid().ln()
    }
    let program = Program::trace(unit, &[0.5, -1.0]).named(&["w", "b"]).unwrap();
    let table = program.table();
    assert!(page("GUIDE.md").contains(&table), "GUIDE.md has another table than\n{table}");
}

#[test]
fn the_table_of_the_small_network_is_the_one_that_the_tape_writes() {
    let tape = Tape::begin();
    tape.keep_all();
    let theta_1: Tensor = tape.tensor(&Tensor::from([[0.1, 0.2], [-0.3, 0.4]]));
    let bias_1 = tape.tensor(&Tensor::from([0.1, -0.1]));
    let theta_2 = tape.tensor(&Tensor::from([[0.5, -1.0]]));
    let bias_2 = tape.tensor(&Tensor::from([0.2]));
    let a = (Tensor::from([[1.0, 2.0]]).matmul(theta_1.t()).unwrap() + &bias_1).sigmoid();
    let z = a.matmul(theta_2.t()).unwrap() + &bias_2;
    let j = z.sigmoid_cross_entropy(&Tensor::from([[1.0]])).unwrap();
    let table = tape.table(Some(&tape.sweep(&j).unwrap()));
    assert!(page("GUIDE.md").contains(&table), "GUIDE.md has another table than\n{table}");
}

/// The targets of all links and pictures of a page.
fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

/// What GitHub calls the places of headings: small letters, hyphens for blanks, no other marks.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    headings
        .map(|heading| {
            let kept = heading.to_lowercase().replace(' ', "-");
            kept.chars().filter(|letter| letter.is_alphanumeric() || *letter == '-').collect()
        })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let guide = page("GUIDE.md");
    let anchors = anchors(&guide);
    let mut pictures = 0;
    for name in ["GUIDE.md", "GUIDE.zh.md"] {
        let text = page(name);
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            assert!(root().join(file).exists(), "{name}: there is no {file}");
            assert!(anchor.is_empty() || anchors.iter().any(|known| known == anchor), "{name}: no #{anchor}");
            pictures += usize::from(file.ends_with(".svg"));
        }
        assert!(anchors.len() == 10 && anchors.iter().all(|anchor| text.contains(&format!("#{anchor})"))));
    }
    let drawn = std::fs::read_dir(root().join("pictures")).unwrap().count();
    assert_eq!(pictures, drawn, "each picture is shown once");
}
