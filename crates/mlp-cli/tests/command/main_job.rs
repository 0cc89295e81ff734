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
fn iris_and_digits_as_files_work() {
    let folder = Folder::new();
    for (name, least) in [("iris", 0.85), ("digits8x8", 0.93)] {
        let Some(path) = shared(&format!("tabular/{name}.csv")) else { continue };
        let run = folder.run(&["train", &path, "--target", "class", "--epochs", "30"]);
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
        bytes[bytes.len() - 4 * (65 * 25 + 26 * 10)..].to_vec()
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
