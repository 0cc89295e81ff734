//! Preprocessing as a whole: other tables, bad input, files.

use std::sync::Arc;

use mlp::Error;
use mlp::data::{
    Category, Choices, Columns, Components, CustomFitted, CustomTransform, DatasetReader, Fill, Frame,
    Preprocess, Reason, Recipe, Role, Table, Transform, Unknown, bundled,
};

fn table(text: &str) -> Table {
    Table::from_bytes(text.as_bytes(), "t.csv").unwrap()
}

fn numbers(columns: &[&str], values: &[f64]) -> Frame {
    Frame::of_numbers(values.to_vec(), columns.iter().map(|name| name.to_string()).collect()).unwrap()
}

fn fit(frame: &Frame) -> Result<Preprocess, Error> {
    Preprocess::fit(frame, &Recipe::default())
}

fn with(transforms: Vec<Transform>) -> Recipe {
    Recipe { transforms, ..Recipe::default() }
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

const MIXED: &str = "x,sex,alive,same\n1,f,yes,7\n3,m,no,7\n?,f,no,7\n8,,yes,7\n";

#[test]
fn titanic_comes_out_as_the_protocol_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/tabular/titanic_all.csv");
    let Ok(table) = Table::from_path(path) else {
        println!("skipped: {path} is not there");
        return;
    };
    let (data, schema) = DatasetReader::classes("survived").read(&table).unwrap();
    assert!(matches!(schema.role("name"), Some(Role::Dropped(Reason::Identifier { .. }))));
    let preprocess = Preprocess::fit_read(&schema, data.frame(), &Recipe::default()).unwrap();
    let names = preprocess.names();
    assert_eq!(names[0], "age");
    assert_eq!(&names[names.len() - 2..], ["sex_female", "sex_male"]);
    let features = preprocess.apply(data.frame()).unwrap();
    assert_eq!(features.len(), 1313 * names.len());
    assert_eq!(preprocess.apply_table(&table).unwrap(), features);
}

#[test]
fn one_pass_over_numbers_gives_the_bits_of_the_chain() {
    let mut values: Vec<f64> = (0..60).map(|i| f64::from(i * i % 17) / 3.0).collect();
    for hole in [4, 9, 31] {
        values[hole] = f64::NAN;
    }
    let frame = numbers(&["x", "y", "z"], &values);
    let fused = fit(&frame).unwrap();
    // A limit that nothing reaches keeps the chain from being one pass.
    let mut transforms = Recipe::default().transforms;
    let limits = mlp::data::Limits::Values(-1e9, 1e9);
    transforms.insert(0, Transform::Clip { columns: Columns::All, limits });
    let chain = Preprocess::fit(&frame, &with(transforms)).unwrap();
    assert_eq!((fused.chain().len(), chain.chain().len()), (2, 3));
    assert_eq!(fused.apply(&frame).unwrap(), chain.apply(&frame).unwrap());
    let alone = fused.apply(&frame.rows(&[10])).unwrap();
    assert_eq!(alone, fused.apply(&frame).unwrap()[30..33]);
}

#[test]
fn features_know_their_columns() {
    let transforms = vec![
        Transform::Impute { columns: Columns::All, fill: Fill::Median, indicator: true },
        Transform::impute(Fill::MostFrequent),
        Transform::Polynomial {
            columns: Columns::Named(vec!["x".into(), "alive".into()]),
            degree: 2,
            interactions: true,
        },
        Transform::one_hot(),
        Transform::Pca {
            columns: Columns::Named(vec!["x alive".into(), "sex_f".into()]),
            components: Components::Count(1),
        },
    ];
    let preprocess = Preprocess::fit_table(&table(MIXED), &with(transforms)).unwrap();
    assert_eq!(preprocess.schema().names(), ["x", "sex", "alive"]);
    let features: Vec<(&str, &[usize])> =
        preprocess.features().iter().map(|feature| (feature.name.as_str(), &feature.from[..])).collect();
    let expected: [(&str, &[usize]); 5] =
        [("missingindicator_x", &[0]), ("x", &[0]), ("alive", &[2]), ("sex_m", &[1]), ("pca0", &[0, 1, 2])];
    assert_eq!(features, expected);
    let json = serde_json::to_string(&preprocess).unwrap();
    let read: Preprocess = serde_json::from_str(&json).unwrap();
    assert_eq!(read, preprocess);
    assert_eq!(read.apply_table(&table(MIXED)).unwrap(), preprocess.apply_table(&table(MIXED)).unwrap());
}

#[test]
fn columns_in_another_order_are_matched_by_name() {
    let frame = numbers(&["x", "y"], &[1.0, 10.0, 2.0, 30.0, 4.0, 20.0]);
    let preprocess = fit(&frame).unwrap();
    let turned = frame.select(&["y".into(), "x".into()]).unwrap();
    assert_ne!(turned.numbers(), frame.numbers());
    assert_eq!(preprocess.apply(&turned).unwrap(), preprocess.apply(&frame).unwrap());
}

#[test]
fn more_columns_are_ignored_by_name_and_refused_without() {
    let preprocess = fit(&numbers(&["x", "y"], &[1.0, 10.0, 3.0, 30.0])).unwrap();
    let more = numbers(&["z", "x", "y"], &[9.0, 3.0, 10.0]);
    assert_eq!(preprocess.apply(&more).unwrap(), [1.0, -1.0]);
    let error = message(preprocess.apply_rows(more.numbers(), 3));
    assert_eq!(error, "rows: wants rows of 2 columns, got 3 columns");
}

#[test]
fn columns_that_are_missing_are_all_named() {
    let preprocess = Preprocess::fit_table(&table(MIXED), &Recipe::default()).unwrap();
    for error in [
        message(preprocess.apply_table(&table("x,same\n1,7\n"))),
        message(preprocess.apply(&numbers(&["x"], &[1.0]))),
    ] {
        assert!(error.contains("are missing: `sex`, `alive`;"), "{error}");
    }
    let error = message(preprocess.apply(&numbers(&["x", "sex", "alive"], &[1.0; 3])));
    assert_eq!(error, "frame: wants categories in column `sex`, got numbers");
}

#[test]
fn a_category_never_seen_is_none_of_the_known_ones_or_an_error() {
    let train = table("k\na\nb\na\n");
    let other = table("k\nb\nNA\nc\n");
    let ignoring = Preprocess::fit_table(&train, &Recipe::default()).unwrap();
    // What is missing is filled in with `a`.
    assert_eq!(ignoring.apply_table(&other).unwrap(), [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    let one_hot = Transform::OneHot { columns: Columns::All, unknown: Unknown::Refuse };
    let refusing = Preprocess::fit_table(&train, &with(vec![one_hot])).unwrap();
    assert_eq!(refusing.apply_table(&other.rows(&[0, 1])).unwrap(), [0.0, 1.0, 0.0, 0.0]);
    let error = message(refusing.apply_table(&other));
    assert!(
        error.starts_with("t.csv, line 4, column `k`: `c` was not there in training, which had `a`, `b`"),
        "{error}"
    );
    let ordinal = Transform::Ordinal { columns: Columns::All, levels: None, unknown: Unknown::Ignore };
    let coded = Preprocess::fit_table(&train, &with(vec![ordinal])).unwrap();
    let error = message(coded.apply_table(&other.rows(&[0, 2])));
    assert!(error.starts_with("t.csv, line 4, column `k`: the value is missing"), "{error}");
}

#[test]
fn a_column_without_a_value_in_training_is_dropped_and_not_read_later() {
    let frame = numbers(&["x", "gone"], &[1.0, f64::NAN, 3.0, f64::NAN]);
    let preprocess = fit(&frame).unwrap();
    assert_eq!(preprocess.schema().role("gone"), Some(&Role::Dropped(Reason::AllMissing)));
    assert_eq!(preprocess.apply(&numbers(&["x", "gone"], &[3.0, 5.0])).unwrap(), [1.0]);
    let kept = Recipe {
        choices: Choices { numbers: vec!["gone".into()], ..Choices::default() },
        ..Recipe::default()
    };
    let error = message(Preprocess::fit(&frame, &kept));
    assert!(error.starts_with("column `gone`: there is no row with a value to fit on"), "{error}");
}

#[test]
fn a_column_without_a_value_later_is_filled_in() {
    let preprocess = fit(&numbers(&["x"], &[1.0, 2.0, 6.0])).unwrap();
    let filled = preprocess.apply(&numbers(&["x"], &[f64::NAN, f64::NAN])).unwrap();
    assert_eq!(filled, preprocess.apply(&numbers(&["x"], &[2.0, 2.0])).unwrap());
    let scaled = with(vec![Transform::Standardize(Columns::All)]);
    let preprocess = Preprocess::fit(&numbers(&["x"], &[1.0, 2.0, 6.0]), &scaled).unwrap();
    let error = message(preprocess.apply(&numbers(&["x"], &[1.0, f64::NAN])));
    assert!(error.starts_with("column `x`: row 1: the value is missing"), "{error}");
}

#[test]
fn values_near_the_largest_float_are_refused_by_name() {
    let huge = numbers(&["x", "y"], &[1.0, f64::MAX, 2.0, -f64::MAX, 3.0, f64::MAX, 4.0, -f64::MAX]);
    let columns = || Columns::Named(vec!["y".into()]);
    let refused = "column `y`: the values are too large to compute with; rescale the column";
    for transform in [
        Transform::Standardize(Columns::All),
        Transform::Robust(Columns::All),
        Transform::MinMax { columns: columns(), low: 0.0, high: 1.0 },
        Transform::Pca { columns: Columns::All, components: Components::All },
        Transform::Clip { columns: columns(), limits: mlp::data::Limits::Quantiles(0.5, 0.75) },
    ] {
        let error = message(Preprocess::fit(&huge, &with(vec![transform.clone()])));
        assert_eq!(error, refused, "{transform:?}");
    }
    let squares = Transform::Polynomial { columns: columns(), degree: 2, interactions: false };
    let error = message(Preprocess::fit(&huge, &with(vec![squares])));
    assert!(error.starts_with("column `y`: row 0: feature `y^2`: the value is too large"), "{error}");
    let preprocess = fit(&numbers(&["x"], &[0.1, 0.2])).unwrap();
    let error = message(preprocess.apply(&numbers(&["x"], &[0.1, f64::MAX])));
    assert!(error.starts_with("column `x`: row 1: the value is too large"), "{error}");
}

#[test]
fn infinities_are_refused_with_their_row() {
    let infinite = numbers(&["x"], &[1.0, 2.0, f64::INFINITY]);
    for transforms in [Recipe::default().transforms, vec![], vec![Transform::Robust(Columns::All)]] {
        assert!(message(Preprocess::fit(&infinite, &with(transforms))).contains("column `x`"));
    }
    let preprocess = fit(&numbers(&["x"], &[1.0, 2.0])).unwrap();
    let error = message(preprocess.apply_rows(&[1.0, f64::NEG_INFINITY], 1));
    assert!(error.starts_with("column `x`: row 1: an infinity"), "{error}");
    let error = message(preprocess.apply_table(&table("x\n1\n1e999\n")));
    assert!(error.starts_with("t.csv, line 3, column `x`: `1e999` is not a finite number"), "{error}");
}

#[test]
fn no_rows_are_an_error_to_fit_on_and_no_features_later() {
    assert_eq!(message(fit(&numbers(&["x"], &[]))), "preprocess: wants at least one row to fit on, got none");
    let preprocess = fit(&numbers(&["x"], &[1.0, 2.0])).unwrap();
    assert!(preprocess.apply(&numbers(&["x"], &[])).unwrap().is_empty());
    assert!(preprocess.apply_rows(&[], 1).unwrap().is_empty());
}

#[test]
fn one_row_is_constant_in_every_column() {
    let error = message(fit(&numbers(&["x"], &[1.0])));
    assert!(
        error.starts_with("no column is left to learn from: column `x` is dropped: it is `1` in"),
        "{error}"
    );
    let kept =
        Recipe { choices: Choices { numbers: vec!["x".into()], ..Choices::default() }, ..Recipe::default() };
    let preprocess = Preprocess::fit(&numbers(&["x"], &[1.0]), &kept).unwrap();
    assert_eq!(preprocess.apply(&numbers(&["x"], &[5.0])).unwrap(), [0.0]);
}

#[test]
fn constant_columns_are_dropped_and_need_not_be_there_later() {
    let frame = numbers(&["x", "same"], &[1.0, 0.1, 3.0, 0.1]);
    let preprocess = fit(&frame).unwrap();
    assert_eq!(preprocess.names(), ["x"]);
    assert_eq!(preprocess.apply(&numbers(&["x"], &[3.0])).unwrap(), [1.0]);
    assert_eq!(preprocess.apply_rows(&[3.0, 9.0], 2).unwrap(), [1.0]);
}

#[test]
fn settings_out_of_range_are_refused() {
    let frame = numbers(&["x", "y"], &[1.0, 5.0, 2.0, 3.0, 4.0, 9.0]);
    let columns = Columns::All;
    let pca = |components| Transform::Pca { columns: Columns::All, components };
    let clip = |limits| Transform::Clip { columns: Columns::All, limits };
    let error = message(pca(Components::Count(3)).fit(&frame));
    assert_eq!(error, "pca: wants 1 to 2 components, the lesser of rows and columns, got 3");
    let mut twice = numbers(&["x"], &[1.0, 2.0]);
    twice = twice.with_category("k", Category::of(&[Some("a"), Some("b")]).unwrap()).unwrap();
    for transform in [
        pca(Components::Count(0)),
        pca(Components::Share(1.0)),
        pca(Components::Share(f64::NAN)),
        clip(mlp::data::Limits::Values(1.0, 0.0)),
        clip(mlp::data::Limits::Values(f64::NAN, 0.0)),
        clip(mlp::data::Limits::Quantiles(-0.1, 0.5)),
        Transform::MinMax { columns: columns.clone(), low: 1.0, high: 1.0 },
        Transform::MinMax { columns: columns.clone(), low: 0.0, high: f64::INFINITY },
        Transform::Polynomial { columns: columns.clone(), degree: 0, interactions: false },
        Transform::Polynomial { columns: columns.clone(), degree: usize::MAX, interactions: false },
        Transform::impute(Fill::Number(f64::NAN)),
        Transform::Standardize(Columns::Named(vec!["x".into(), "x".into()])),
        Transform::OneHot { columns: Columns::Named(vec!["x".into()]), unknown: Unknown::Ignore },
        Transform::Log { columns: Columns::Named(vec!["z".into()]), signed: true },
    ] {
        assert!(transform.fit(&frame).is_err(), "{transform:?}");
    }
    let error = message(Transform::Standardize(Columns::Named(vec!["k".into()])).fit(&twice));
    assert_eq!(error, "frame: wants numbers in column `k`, got categories");
    // Without squares no product has more factors than there are columns, whatever the degree.
    let products = Transform::Polynomial { columns, degree: usize::MAX, interactions: true };
    assert_eq!(products.fit(&frame).unwrap().apply(frame).unwrap().names(), ["x", "y", "x y"]);
}

#[test]
fn what_is_no_number_at_the_end_is_named() {
    let error = message(Preprocess::fit_table(&table(MIXED), &with(vec![Transform::impute(Fill::Median)])));
    assert!(error.contains("one-hot or ordinal codes of column `sex`"), "{error}");
    let one_hot = with(vec![Transform::one_hot()]);
    let error = message(Preprocess::fit_table(&table(MIXED), &one_hot));
    assert!(error.starts_with("t.csv, line 4, column `x`: the value is missing"), "{error}");
    let holes = numbers(&["x", "y"], &[1.0, 2.0, 3.0, f64::NAN, 4.0, 4.0]);
    let pca = with(vec![Transform::Pca { columns: Columns::All, components: Components::All }]);
    assert!(
        message(Preprocess::fit(&holes, &pca)).starts_with("column `y`: row 1: the value is missing, and")
    );
    let log = with(vec![Transform::Log { columns: Columns::All, signed: false }]);
    let error = message(Preprocess::fit_table(&table("x\n1\n-0.5\n"), &log));
    assert!(error.starts_with("t.csv, line 3, column `x`: -0.5 is below 0"), "{error}");
}

#[test]
fn hostile_json_is_an_error() {
    let preprocess = Preprocess::fit_table(&table(MIXED), &Recipe::default()).unwrap();
    let json = serde_json::to_string(&preprocess).unwrap();
    assert_eq!(serde_json::from_str::<Preprocess>(&json).unwrap(), preprocess);
    let error = |from: &str, to: &str| {
        assert!(json.contains(from), "{from} in {json}");
        serde_json::from_str::<Preprocess>(&json.replacen(from, to, 1)).unwrap_err().to_string()
    };
    for (from, to, expected) in [
        (r#""numbers":[3.0,"#, r#""numbers":[null,"#, "invalid type: null"),
        (r#""numbers":[3.0,"#, r#""numbers":[1e999,"#, "number out of range"),
        (r#""numbers":[3.0,"#, r#""numbers":[3.0,1.0,"#, "3 numbers for 2 columns"),
        (r#""indicators":[]"#, r#""indicators":[2]"#, "ascending places of columns below 2"),
        (r#""centre":["#, r#""centre":[1.0,"#, "3 numbers for 2 columns"),
        (r#""scale":["#, r#""scale":[-1.0,"#, "numbers for 2 columns"),
        (r#""offset":0.0"#, r#""offset":0.0,"more":1"#, "unknown field `more`"),
        (r#""columns":["x","alive"]"#, r#""columns":["x","x"]"#, "each column once"),
        (r#""columns":["x","alive"]"#, r#""columns":["x","z"]"#, "missing: `z`"),
        (r#""columns":["x","alive"]"#, r#""columns":["x","sex"]"#, "numbers in column `sex`"),
        (r#""columns":["sex"]"#, r#""columns":["x"]"#, "categories in column `x`"),
        (r#"[["f","m"]]"#, r#"[["f","f"]]"#, "`f` twice"),
        (r#"[["f","m"]]"#, r#"[]"#, "0 lists for 1 columns"),
        (r#""unknown":"ignore""#, r#""unknown":"guess""#, "unknown variant"),
        (r#"{"one_hot""#, r#"{"custom""#, "unknown variant"),
    ] {
        let error = error(from, to);
        assert!(error.contains(expected), "{from} → {to}: {error}");
    }
    let one_hot = json.find(r#",{"one_hot""#).expect("the last of the chain");
    let without = format!("{}]}}", &json[..one_hot]);
    assert!(
        serde_json::from_str::<Preprocess>(&without).unwrap_err().to_string().contains("numbers at the end")
    );
    let names: Vec<String> = (0..1000).map(|i| format!("\"c{i}\"")).collect();
    let columns =
        names.iter().map(|name| format!(r#"{{"name":{name},"role":"number"}}"#)).collect::<Vec<_>>();
    for degree in ["2", "3", "18446744073709551615"] {
        let json = format!(
            r#"{{"schema":{{"columns":[{}]}},"chain":[{{"polynomial":{{"columns":[{}],"degree":{degree},"interactions":false}}}}]}}"#,
            columns.join(","),
            names.join(",")
        );
        let error = serde_json::from_str::<Preprocess>(&json).unwrap_err().to_string();
        assert!(error.contains("at most 65536 products"), "{error}");
    }
    let pca = r#"{"schema":{"columns":[{"name":"x","role":"number"}]},"chain":[{"pca":{"columns":["x"],"mean":[0.0],"components":[1.0,0.0],"variance":[1.0],"total_variance":1.0}}]}"#;
    assert!(
        serde_json::from_str::<Preprocess>(pca).unwrap_err().to_string().contains("2 entries of components")
    );
}

#[test]
fn a_scale_below_zero_is_refused_in_a_file() {
    let preprocess = fit(&numbers(&["x"], &[1.0, 3.0])).unwrap();
    let json = serde_json::to_string(&preprocess).unwrap();
    let changed = json.replacen(r#""scale":[1.0]"#, r#""scale":[-1.0]"#, 1);
    assert_ne!(json, changed);
    assert!(
        serde_json::from_str::<Preprocess>(&changed).unwrap_err().to_string().contains("scales from 0 up")
    );
}

/// The sum of all numbers beside them.
#[derive(Debug)]
struct WithSum;

impl CustomTransform for WithSum {
    fn fit(&self, _: &Frame) -> Result<Arc<dyn CustomFitted>, Error> {
        Ok(Arc::new(WithSum))
    }
}

impl CustomFitted for WithSum {
    fn name(&self) -> &str {
        "with sum"
    }

    fn apply(&self, frame: Frame) -> Result<Frame, Error> {
        let mut names = frame.names().to_vec();
        names.push("sum".into());
        let row = |row: &[f64]| [row, &[row.iter().sum()]].concat();
        Frame::of_numbers(frame.numbers().chunks(frame.n_numbers()).flat_map(row).collect(), names)
    }
}

#[test]
fn the_users_own_transform_takes_part_and_no_file_holds_it() {
    let frame = numbers(&["x", "y"], &[1.0, 5.0, 2.0, 3.0]);
    let preprocess = Preprocess::fit(&frame, &with(vec![Transform::Custom(Arc::new(WithSum))])).unwrap();
    assert_eq!(preprocess.names(), ["x", "y", "sum"]);
    assert_eq!(
        (&preprocess.features()[1].from[..], &preprocess.features()[2].from[..]),
        (&[1][..], &[0, 1][..])
    );
    assert_eq!(preprocess.apply(&frame).unwrap(), [1.0, 5.0, 6.0, 2.0, 3.0, 5.0]);
    let error = serde_json::to_string(&preprocess).unwrap_err().to_string();
    assert!(error.contains("transform `with sum` is of the user's own"), "{error}");
    assert_eq!(preprocess, preprocess.clone());
}

#[test]
fn digits_keep_the_pixels_that_are_ever_set() {
    let digits = bundled::digits();
    let preprocess = fit(digits.frame()).unwrap();
    let features = preprocess.apply(digits.frame()).unwrap();
    let n = preprocess.features().len();
    assert_eq!((n, features.len()), (61, 1797 * 61));
    let standardize = mlp::data::Standardize::fit(&digits).unwrap().apply(digits.features()).unwrap();
    let theirs: Vec<f64> = standardize
        .chunks(64)
        .flat_map(|row| {
            [0, 32, 39].iter().fold(row.to_vec(), |mut row, gone| {
                row[*gone] = f64::NAN;
                row
            })
        })
        .filter(|feature| !feature.is_nan())
        .collect();
    assert_eq!(features, theirs);
}

#[test]
fn levels_that_no_training_row_has_become_no_feature_and_the_others_are_in_order() {
    let levels = ["c", "unused", "a", "b"].map(str::to_owned).to_vec();
    let category = Category::new(levels, vec![0, 2, 3, 0]).unwrap();
    let frame = Frame::of_rows(4).with_category("k", category).unwrap();
    let preprocess = fit(&frame).unwrap();
    assert_eq!(preprocess.names(), ["k_a", "k_b", "k_c"]);
    assert_eq!(preprocess.apply(&frame.rows(&[0])).unwrap(), [0.0, 0.0, 1.0]);
}

#[test]
fn a_source_that_comes_in_twice_is_named_once() {
    let frame = numbers(&["x", "y"], &[1.0, 5.0, 2.0, 3.0, 4.0, 4.0]);
    let columns = Columns::Named(vec!["x".into(), "x y".into()]);
    let transforms = vec![
        Transform::Polynomial { columns: Columns::All, degree: 2, interactions: true },
        Transform::Pca { columns, components: Components::Count(1) },
    ];
    let preprocess = Preprocess::fit(&frame, &with(transforms)).unwrap();
    assert_eq!(preprocess.names(), ["y", "pca0"]);
    assert_eq!(preprocess.features()[1].from, [0, 1]);
}

#[test]
fn indicators_stand_beside_what_is_scaled() {
    let frame = numbers(&["x"], &[1.0, f64::NAN, 3.0]);
    let scaled = Transform::Standardize(Columns::Named(vec!["x".into()]));
    let impute = Transform::Impute { columns: Columns::All, fill: Fill::Mean, indicator: true };
    let preprocess = Preprocess::fit(&frame, &with(vec![impute, scaled])).unwrap();
    assert_eq!(preprocess.names(), ["x", "missingindicator_x"]);
    assert_eq!(preprocess.apply(&frame.rows(&[1])).unwrap(), [0.0, 1.0]);
}
