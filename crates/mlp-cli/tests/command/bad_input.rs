//! Bad input: a sentence, a status, and nothing left behind.

use crate::running::Folder;

const POINTS: &str = "x,y,kind\n1,2,a\n2,1,a\n3,1,a\n7,8,b\n8,7,b\n9,9,b\n";

/// A folder with a good table and a model of it.
fn with_model() -> Folder {
    let folder = Folder::new();
    folder.write("points.csv", POINTS);
    folder
        .run(&["train", "points.csv", "--target", "kind", "--epochs", "1", "--output", "good.mlp"])
        .succeeds();
    folder
}

/// Trains on a table and expects a failure that leaves no file behind.
#[track_caller]
fn training_on(table: impl AsRef<[u8]>, words: &[&str]) {
    let folder = Folder::new();
    folder.write("t.csv", table);
    folder.run(&["train", "t.csv", "--target", "kind"]).fails(1, words);
    assert_eq!(folder.files(), ["t.csv"]);
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::new();
    folder
        .run(&["train", "none.csv", "--target", "kind"])
        .fails(1, &["cannot read none.csv", "check the name"]);
    folder.run(&["train", ".", "--target", "kind"]).fails(1, &["cannot read ."]);
    assert!(folder.files().is_empty());
}

#[test]
fn what_is_no_table_is_refused() {
    training_on("", &["t.csv: the file is empty"]);
    training_on("x,kind\n", &["t.csv", "no row of data"]);
    training_on(b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", &["t.csv: not a CSV file", "binary"]);
    training_on(b"\x1F\x8B\x08\x00", &["t.csv: not a CSV file", "gzip"]);
    training_on("x;kind\n1;a\n", &["semicolons"]);
    training_on(b"x,kind\n1,a\n2,caf\xE9\n", &["t.csv, line 3, column `kind`", "UTF-8"]);
    training_on("x,kind\n1,a\n\"2,b\n3,b\n", &["t.csv, line 3", "quotation mark"]);
}

#[test]
fn cells_that_do_not_fit_are_named_by_line_and_column() {
    training_on("x,y,kind\n1,2,a\n1,b\n", &["t.csv, line 3", "2 cells", "3 columns"]);
    training_on(
        "x,y,kind\n1,2,a\n1,two,b\n",
        &["t.csv, line 3, column `y`", "`two` is not a number", "--drop \"y\""],
    );
    training_on("x,y,kind\n1,2,a\n1,2,\n", &["t.csv, line 3, column `kind`", "missing"]);
    training_on(
        "x,y,kind\n1,-inf,a\n1,2,b\n",
        &["t.csv, line 2, column `y`", "not a finite number", "--drop \"y\""],
    );
    training_on(
        "x,y,kind\n1e300,2,a\n2e300,2,a\n-1e300,1,b\n-2e300,1,b\n",
        &["t.csv, column `x`", "too large"],
    );
}

#[test]
fn columns_and_classes_must_be_fit_to_learn() {
    training_on("x,y,class\n1,2,a\n", &["t.csv: there is no column `kind`", "`x`, `y`, `class`"]);
    training_on("x,y,Kind\n1,2,a\n", &["did you mean `Kind`?"]);
    training_on("x,x,kind\n1,2,a\n", &["t.csv, line 1, column `x`", "same name"]);
    training_on("x,,kind\n1,2,a\n", &["column 2 has no name"]);
    training_on("kind\na\nb\n", &["no column is left"]);
    training_on(
        "x,y,z,kind\n1,NaN,,a\n1,2,,b\n,2,?,b\n",
        &[
            "t.csv: no column is left",
            "column `x` is dropped: it is `1` in every row",
            "`y`",
            "`z` is dropped: no row",
        ],
    );
    training_on("x,kind\n1,a\n2,a\n", &["column `kind`", "every row has the label `a`"]);
    training_on("x,kind\n1,a\n2,a\n3,b\n", &["t.csv, column `kind`: class `b` has only 1 row"]);
}

#[test]
fn a_category_of_too_many_levels_is_refused_before_it_takes_all_memory() {
    let rows: String = (0..40_000).map(|row| format!("{row},town {},{}\n", row % 35_000, row % 2)).collect();
    training_on(
        format!("x,town,kind\n{rows}"),
        &[
            "40000 rows of 35001 numbers are too many",
            "the category `town` alone has 35000 levels",
            "--drop \"town\"",
        ],
    );
}

#[test]
fn wrong_settings_are_wrong_use() {
    let folder = Folder::new();
    folder.write("points.csv", POINTS);
    let cases: [(&[&str], &str); 22] = [
        (&["--holdout", "0"], "above 0 and below 1"),
        (&["--holdout", "1.5"], "above 0 and below 1"),
        (&["--holdout", "NaN"], "above 0 and below 1"),
        (&["--learning-rate", "NaN"], "wants a finite number above 0"),
        (&["--learning-rate", "0"], "wants a finite number above 0"),
        (&["--learning-rate", "-1"], "wants a finite number above 0"),
        (&["--lambda", "-1"], "wants a finite number of at least 0"),
        (&["--lambda", "inf"], "wants a finite number of at least 0"),
        (&["--hidden", "0"], "whole numbers of at least 1"),
        (&["--hidden", "3,-3"], "whole numbers of at least 1"),
        (&["--hidden", "-3"], "whole numbers of at least 1"),
        (&["--hidden", "99999999999"], "give fewer units to --hidden"),
        (&["--epochs", "0"], "wants a whole number of at least 1"),
        (&["--epochs", "many"], "wants a whole number of at least 1"),
        (&["--batch-size", "0"], "or `all`"),
        (&["--batch-size", "1000"], "more than the 4 rows to train on"),
        (&["--seed", "-1"], "--seed"),
        (&["--drop", "kind"], "--drop names the target `kind`"),
        (&["--output", "points.csv", "--force"], "is a file that is read"),
        (&["--color"], "--color"),
        (&["more.csv"], "more.csv"),
        (&["--target", "x"], "--target"),
    ];
    for (settings, words) in cases {
        let arguments = [&["train", "points.csv", "--target", "kind"], settings].concat();
        folder.run(&arguments).fails(2, &[words]);
    }
    folder.run(&["train", "points.csv"]).fails(2, &["which column of points.csv", "--target \"kind\""]);
    folder.run(&["train", "--target", "kind"]).fails(2, &["give one, or leave them out"]);
    folder.run(&["train", "--drop", "pixel_0_0"]).fails(2, &["give one, or leave them out"]);
    folder.run(&["evaluate"]).fails(2, &["<MODEL>"]);
    assert_eq!(folder.run(&[]).status, 2);
    assert_eq!(folder.files(), ["points.csv"]);
    assert_eq!(folder.read("points.csv"), POINTS.as_bytes());
}

#[test]
fn an_unknown_column_to_drop_is_named() {
    let folder = Folder::new();
    folder.write("points.csv", POINTS);
    folder.run(&["train", "points.csv", "--target", "kind", "--drop", "z"]).fails(1, &["no column `z`"]);
}

#[test]
fn divergence_is_reported_and_writes_nothing() {
    let folder = Folder::new();
    folder.write("points.csv", POINTS);
    let run = folder.run(&["train", "points.csv", "--target", "kind", "--learning-rate", "1e38"]);
    run.fails(1, &["training diverged", "--learning-rate below 1e38"]);
    assert_eq!(folder.files(), ["points.csv"]);
}

#[test]
fn an_output_that_cannot_be_written_is_found_before_training() {
    let folder = Folder::new();
    folder.write("points.csv", POINTS);
    std::fs::create_dir(folder.path("sub")).unwrap();
    let train = |output| folder.run(&["train", "points.csv", "--target", "kind", "--output", output]);
    let run = train("no such folder/m.mlp");
    run.fails(1, &["cannot write no such folder/m.mlp", "create it first"]);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    train("sub").fails(1, &["cannot write sub", "it is a folder"]);
    train("..").fails(1, &["cannot write .."]);
    assert_eq!(folder.files(), ["points.csv", "sub"]);
}

#[test]
fn a_model_is_overwritten_only_by_force() {
    let folder = with_model();
    let before = folder.read("good.mlp");
    let arguments =
        ["train", "points.csv", "--target", "kind", "--epochs", "3", "--output", "good.mlp", "--force"];
    folder.run(&arguments[..8]).fails(1, &["good.mlp is there already", "--force"]);
    assert_eq!(before, folder.read("good.mlp"));
    folder.run(&arguments).succeeds();
    assert_ne!(before, folder.read("good.mlp"));

    let predict = ["predict", "good.mlp", "points.csv", "--output", "good.mlp", "--force"];
    folder.run(&predict).fails(2, &["is a file that is read"]);
    folder.write("other.csv", "kept");
    folder
        .run(&["predict", "good.mlp", "points.csv", "--output", "other.csv"])
        .fails(1, &["is there already"]);
    assert_eq!(folder.read("other.csv"), b"kept");
}

#[test]
fn the_demonstration_replaces_only_a_demonstration() {
    let folder = with_model();
    std::fs::copy(folder.path("good.mlp"), folder.path("digits.mlp")).unwrap();
    folder.run(&["train", "--epochs", "1"]).fails(1, &["digits.mlp is there already"]);
    assert_eq!(folder.read("good.mlp"), folder.read("digits.mlp"));
}

#[test]
fn a_wrong_or_damaged_model_is_told_apart() {
    let folder = with_model();
    let good = folder.read("good.mlp");
    folder.write("cut.mlp", &good[..good.len() - 7]);
    folder.write("long.mlp", [&good[..], b"more"].concat());
    folder.write("empty.mlp", "");
    let mut nan = good.clone();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    folder.write("nan.mlp", nan);
    for (model, words) in [
        ("points.csv", "points.csv: this is not a model file"),
        ("cut.mlp", "cut.mlp: the model file is cut off, at least 7 bytes are missing"),
        ("long.mlp", "long.mlp: the model file has 4 bytes more than it should"),
        ("empty.mlp", "empty.mlp: the model file is empty"),
        ("nan.mlp", "nan.mlp: the model file is damaged: a parameter that is not a finite number"),
        ("none.mlp", "cannot read none.mlp"),
    ] {
        folder.run(&["evaluate", model, "points.csv"]).fails(1, &[words]);
        folder.run(&["predict", model, "points.csv"]).fails(1, &[words]);
    }
}

#[test]
fn a_model_that_predicts_numbers_is_no_classifier() {
    let folder = with_model();
    let table = mlp::data::Table::from_bytes(b"x,y\n1,2\n2,4\n", "t.csv").unwrap();
    let (data, _) = mlp::data::DatasetReader::numbers("y").read(&table).unwrap();
    mlp::LinearRegression::default().fit(&data).unwrap().save(folder.path("line.mlp")).unwrap();
    for command in ["evaluate", "predict"] {
        folder
            .run(&[command, "line.mlp", "points.csv"])
            .fails(1, &["line.mlp: the model predicts numbers, and the command knows classes only"]);
    }
}

#[test]
fn a_table_must_fit_the_model() {
    let folder = with_model();
    let evaluate = |table: &str| {
        folder.write("t.csv", table);
        folder.run(&["evaluate", "good.mlp", "t.csv"])
    };
    evaluate("x,kind\n1,a\n").fails(1, &["t.csv", "are missing: `y`"]);
    evaluate("x,y\n1,2\n").fails(1, &["t.csv: there is no column `kind`"]);
    evaluate("x,y,kind\n1,2,a\n1,2,c\n").fails(1, &["t.csv, line 3, column `kind`", "label `c`", "`a`, `b`"]);
    evaluate("x,y,kind\n1,2,a\n1,zwei,a\n")
        .fails(1, &["t.csv, line 3, column `y`", "`zwei` is not a number"]);
    evaluate("x,y,kind\n1,2,a\n1e300,2,a\n").fails(1, &["t.csv, line 3, column `x`", "too large"]);
    folder.write("t.csv", "y\n1\n");
    let run = folder.run(&["predict", "good.mlp", "t.csv", "--output", "p.csv"]);
    run.fails(1, &["are missing: `x`"]);
    assert!(run.stdout.is_empty());
    assert_eq!(folder.files(), ["good.mlp", "points.csv", "t.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let folder = with_model();
    let run = folder.run(&["predict", "good.mlp", "points.csv", "--output", "/dev/full"]);
    run.fails(1, &["cannot write /dev/full", "make room"]);
}
