//! The main job: train, evaluate, predict.

use std::fs;

use crate::running::{Folder, shared};

/// Twenty rows in two groups that a line separates.
const POINTS: &str = "\
x,y,kind\n1,2,left\n2,1,left\n1.5,2.5,left\n2,2,left\n1,1,left\n0.5,1,left\n1,0.5,left\n2,0,left\n0,2,left\n1,1.5,left\n\
7,8,right\n8,7,right\n7.5,8.5,right\n8,8,right\n7,7,right\n6.5,7,right\n7,6.5,right\n8,6,right\n6,8,right\n7,7.5,right\n";

#[test]
fn train_alone_learns_the_embedded_digits_and_may_be_repeated() {
    let folder = Folder::new();
    let run = folder.run(&["train", "--epochs", "20"]);
    run.succeeds();
    let matrix: Vec<&str> =
        run.stdout.lines().skip_while(|line| !line.starts_with("true \\ predicted")).collect();
    assert!(matrix.len() >= 11, "{}", run.stdout);
    assert!(run.stdout.contains("model written to digits.mlp"), "{}", run.stdout);
    assert!(run.held_out_accuracy() > 0.94, "{}", run.stdout);
    assert!(!run.stdout.contains('\x1B') && run.stderr.is_empty(), "no terminal, no bar: {}", run.stderr);

    let first = folder.read("digits.mlp");
    folder.run(&["train", "--epochs", "20"]).succeeds();
    assert!(first == folder.read("digits.mlp"), "the same seed gives the same model");
    folder.run(&["train", "--epochs", "20", "--seed", "1"]).succeeds();
    assert!(first != folder.read("digits.mlp"), "another seed gives another model");
}

#[test]
fn ten_seeds_reach_the_accuracy_that_is_promised() {
    let accuracies: Vec<f64> = (0..10)
        .map(|seed| {
            let run = Folder::new().run(&["train", "--epochs", "60", "--seed", &seed.to_string()]);
            run.succeeds();
            run.held_out_accuracy()
        })
        .collect();
    let mean = accuracies.iter().sum::<f64>() / 10.0;
    assert!(mean >= 0.97 && accuracies.iter().all(|accuracy| *accuracy >= 0.95), "{accuracies:?}");
}

#[test]
fn a_table_is_trained_on_measured_and_predicted() {
    let folder = Folder::new();
    folder.write("points.csv", POINTS);
    let run = folder.run(&["train", "points.csv", "--target", "kind", "--hidden", "3", "--epochs", "60"]);
    run.succeeds();
    assert!(run.stdout.contains("layers of 2-3-1 sigmoid units"), "{}", run.stdout);

    let run = folder.run(&["evaluate", "points.mlp", "points.csv"]);
    run.succeeds();
    assert!(run.stdout.starts_with("accuracy 1.0000: 20 of 20 rows right\nJ 0."), "{}", run.stdout);

    folder.write("unknown.csv", "note,y,x\nfar,8,8\nnear,1,1\n");
    let run = folder.run(&["predict", "points.mlp", "unknown.csv"]);
    run.succeeds();
    assert_eq!(run.stderr, "note: column `note` ignored, as the model was trained without\n");
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["predicted", "probability_left", "probability_right"]);
    assert_eq!((lines[1][0], lines[2][0], lines.len()), ("right", "left", 3));
    for line in &lines[1..] {
        let sum = line[1].parse::<f64>().unwrap() + line[2].parse::<f64>().unwrap();
        assert!((sum - 1.0).abs() < 1e-6, "{line:?}");
    }

    folder.run(&["predict", "points.mlp", "unknown.csv", "--output", "out.csv"]).succeeds();
    assert_eq!(folder.read("out.csv"), run.stdout.as_bytes());
}

#[test]
fn text_missing_values_and_names_are_read() {
    let folder = Folder::new();
    let row = |row: usize| {
        let (x, kind) = ([1.5, 3.0, 8.0][row % 3] + row as f64 / 100.0, ["a", "b", "c"][row % 3]);
        let x = if row % 7 == 5 { "?".to_owned() } else { x.to_string() };
        let (colour, alive) = (["red", "blue", "blue"][row % 3], ["yes", "no"][row / 3 % 2]);
        format!("row {row},{x},{colour},{alive},7,{kind}\n")
    };
    let rows: String = (0..30).map(row).collect();
    folder.write("plants.csv", format!("name,x,colour,alive,same,kind\n{rows}"));
    let run = folder.run(&["train", "plants.csv", "--target", "kind", "--hidden", "4"]);
    run.succeeds();
    let head: Vec<&str> = run.stdout.lines().take(7).collect();
    assert_eq!(
        head,
        [
            "plants.csv: 30 rows, 3 columns, 3 classes; 24 rows to train on, 6 held out",
            "column `name` is dropped: it names its rows, 30 of 30 texts differ",
            "column `colour` is a category: `blue`, `red`",
            "column `alive` is a boolean: `no` is 0 and `yes` is 1",
            "column `same` is dropped: it is `7` in every row",
            "4 missing values are filled in: numbers by the median, categories by the most frequent",
            "layers of 4-4-3 sigmoid units, lambda 1.0, learning rate 1.0, seed 0",
        ]
    );
    let run = folder.run(&["evaluate", "plants.mlp", "plants.csv"]);
    run.succeeds();
    assert_eq!(run.stderr, "note: columns `name`, `same` ignored, as the model was trained without\n");

    // Other rows, in another order, with a colour that nobody knew and one that nobody noted.
    folder.write("more.csv", "alive,colour,x\nYES,green,1.5\nno,,8\n,red,\n");
    let run = folder.run(&["predict", "plants.mlp", "more.csv"]);
    run.succeeds();
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["predicted", "probability_a", "probability_b", "probability_c"]);
    assert_eq!((lines.len(), lines[2][0], lines[3][0]), (4, "c", "a"));
    for line in &lines[1..] {
        let sum: f64 = line[1..].iter().map(|p| p.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{line:?}");
    }
    folder.write("wrong.csv", "alive,colour,x\nperhaps,red,1\n");
    folder
        .run(&["predict", "plants.mlp", "wrong.csv"])
        .fails(1, &["wrong.csv, line 2, column `alive`", "`perhaps`"]);
}

#[test]
fn a_model_of_the_first_version_still_predicts() {
    let folder = Folder::new();
    let fixture = include_bytes!("../../../mlp/tests/fixtures/model-version-1.safetensors");
    folder.write("old.mlp", fixture);
    folder.write("t.csv", "species,高さ,\"width \"\"cm\"\"\"\nc,5,0.4\n");
    let run = folder.run(&["predict", "old.mlp", "t.csv"]);
    run.succeeds();
    let line: Vec<&str> = run.stdout.lines().nth(1).unwrap().split(',').collect();
    // Each unit's own answer, as it always was: the same numbers by hand.
    assert_eq!(line[0], "c");
    for (found, expected) in line[1..].iter().zip([0.614976577, 0.669443269, 0.719716562]) {
        assert!((found.parse::<f64>().unwrap() - expected).abs() < 1e-6, "{line:?}");
    }
    let run = folder.run(&["evaluate", "old.mlp", "t.csv"]);
    run.succeeds();
    assert!(run.stdout.starts_with("accuracy 1.0000: 1 of 1 rows right\n"), "{}", run.stdout);
}

#[test]
fn logistic_regression_is_the_network_without_hidden_layers() {
    let folder = Folder::new();
    folder.write("points.csv", POINTS);
    let run =
        folder.run(&["train", "points.csv", "--target", "kind", "--hidden", "none", "--batch-size", "all"]);
    run.succeeds();
    assert!(run.stdout.contains("layers of 2-1 sigmoid units"), "{}", run.stdout);
    assert_eq!(run.held_out_accuracy(), 1.0);
}

#[test]
fn several_hidden_layers_and_labels_with_commas_work() {
    let folder = Folder::new();
    folder.write("points.csv", POINTS.replace("left", "\"left, or so\""));
    let arguments =
        ["train", "points.csv", "--target", "kind", "--hidden", "4,3", "--epochs", "5", "--drop", "y"];
    let run = folder.run(&arguments);
    run.succeeds();
    assert!(run.stdout.contains("layers of 1-4-3-1 sigmoid units"), "{}", run.stdout);
    let run = folder.run(&["predict", "points.mlp", "points.csv"]);
    run.succeeds();
    assert!(
        run.stdout.starts_with("predicted,\"probability_left, or so\",probability_right\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn tables_of_the_usual_kinds_work() {
    let folder = Folder::new();
    let tables = [
        ("iris", "class", 0.85),
        ("digits8x8", "class", 0.93),
        ("penguins", "species", 0.95),
        ("titanic_all", "survived", 0.75),
    ];
    for (name, target, least) in tables {
        let Some(path) = shared(&format!("tabular/{name}.csv")) else { continue };
        let run = folder.run(&["train", &path, "--target", target, "--epochs", "30"]);
        run.succeeds();
        assert!(run.held_out_accuracy() >= least, "{}", run.stdout);
        let model = format!("{name}.mlp");
        folder.run(&["evaluate", &model, &path]).succeeds();
        let run = folder.run(&["predict", &model, &path]);
        run.succeeds();
        let rows = fs::read_to_string(&path).unwrap().lines().count();
        assert_eq!(run.stdout.lines().count(), rows);
    }
}

#[test]
fn digits_as_a_file_and_embedded_give_the_same_parameters() {
    let Some(path) = shared("tabular/digits8x8.csv") else { return };
    let folder = Folder::new();
    folder.run(&["train", "--epochs", "2"]).succeeds();
    folder.run(&["train", &path, "--target", "class", "--epochs", "2"]).succeeds();
    // The tensors of f32 stand at the end; the headers differ in the name of the data.
    let parameters = |name: &str| {
        let bytes = folder.read(name);
        bytes[bytes.len() - 4 * (62 * 25 + 26 * 10)..].to_vec() // three pixels are never set
    };
    assert!(parameters("digits.mlp") == parameters("digits8x8.mlp"));
}

#[test]
fn a_reader_who_leaves_early_is_no_failure() {
    let folder = Folder::new();
    let rows = "3,4,left\n".repeat(50_000);
    folder.write("points.csv", POINTS);
    folder.write("many.csv", format!("x,y,kind\n{rows}"));
    folder.run(&["train", "points.csv", "--target", "kind", "--epochs", "2"]).succeeds();

    let run = folder.run_with_closed_stdout(&["predict", "points.mlp", "many.csv"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    fs::remove_file(folder.path("points.mlp")).unwrap();
    let run = folder.run_with_closed_stdout(&["train", "points.csv", "--target", "kind", "--epochs", "2"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(folder.path("points.mlp").exists(), "the model is written all the same");
}

#[test]
fn each_help_shows_an_example() {
    let folder = Folder::new();
    for arguments in [&["--help"][..], &["train", "--help"], &["evaluate", "--help"], &["predict", "--help"]]
    {
        let run = folder.run(arguments);
        run.succeeds();
        assert!(run.stdout.contains("Example") && run.stdout.contains("\n  mlp "), "{}", run.stdout);
    }
    folder.run(&["--version"]).succeeds();
}
