//! Estimators: against scikit-learn's on frozen rows (`fixtures/estimators.py`), and against input that makes no sense.

use mlp::data::{Category, Dataset, DatasetReader, Frame, Recipe, Table, Target, Transform};
use mlp::{
    Activation, ClassWeights, EarlyStopping, End, Error, LinearRegression, LogisticRegression, Loss,
    MlpClassifier, MlpRegressor, Model, Optimizer, Output, Scheme, Training,
};
use serde_json::Value;

fn case(name: &str) -> Value {
    let cases: Value = serde_json::from_str(include_str!("fixtures/estimators.json")).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    cases
        .iter()
        .find(|case| case["name"] == name)
        .unwrap_or_else(|| panic!("there is no case {name}"))
        .clone()
}

fn numbers(case: &Value, key: &str) -> Vec<f64> {
    case[key].as_array().map_or(Vec::new(), |array| array.iter().map(|x| x.as_f64().unwrap()).collect())
}

/// The rows of the fixture.
fn frame() -> Frame {
    let x = (0..60).flat_map(|i| (0..4).map(move |j| ((i * 7919 + j * 104_729) % 1009) as f64 / 504.5 - 1.0));
    Frame::of_numbers(x.collect(), ["a", "b", "c", "d"].map(str::to_owned).to_vec()).unwrap()
}

fn classes(case: &Value) -> Dataset {
    let labels: Vec<usize> = numbers(case, "labels").iter().map(|label| *label as usize).collect();
    let names = (0..=labels.iter().copied().max().unwrap()).map(|label| format!("class {label}")).collect();
    let data = Dataset::of(frame(), Target::classes("y", labels, names).unwrap()).unwrap();
    with_weights(data, case)
}

fn with_weights(data: Dataset, case: &Value) -> Dataset {
    match numbers(case, "weights") {
        weights if weights.is_empty() => data,
        weights => data.with_weights(weights).unwrap(),
    }
}

fn assert_near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{what}: {got} {want}");
    }
}

#[test]
fn logistic_regression_is_scikit_learns() {
    for name in ["binary", "softmax", "one_versus_rest", "balanced", "weighted"] {
        let case = case(name);
        let data = classes(&case);
        let estimator = LogisticRegression {
            scheme: if name == "one_versus_rest" { Scheme::OneVersusRest } else { Scheme::Softmax },
            class_weights: if name == "balanced" { ClassWeights::Balanced } else { ClassWeights::Equal },
            training: Training {
                lambda: case["penalty"].as_f64().unwrap(),
                gradient_tolerance: 1e-10,
                ..LogisticRegression::default().training
            },
            ..LogisticRegression::default()
        };
        let model = estimator.fit(&data).unwrap();
        let got = model.predict_proba(&data.subset(&[0, 1, 2, 3, 4, 5])).unwrap();
        assert_near(got.as_slice(), &numbers(&case, "probabilities"), 1e-6, name);
    }
}

#[test]
fn linear_regression_and_ridge_are_scikit_learns_solved_and_descended() {
    for name in ["linear", "ridge", "weighted_ridge"] {
        let case = case(name);
        let target = Target::numbers(vec!["u".into(), "v".into()], numbers(&case, "values")).unwrap();
        let data = with_weights(Dataset::of(frame(), target).unwrap(), &case);
        let lambda = case["penalty"].as_f64().unwrap();
        let descent =
            Training { epochs: 3000, batch_size: None, ..Training::new(Optimizer::gradient_descent(0.5)) };
        for (solver, tolerance) in
            [(mlp::LinearSolver::Solve, 1e-12), (mlp::LinearSolver::Descent(descent), 1e-9)]
        {
            let model =
                LinearRegression { lambda, solver, ..LinearRegression::default() }.fit(&data).unwrap();
            let got = model.predict_numbers(&data.subset(&[0, 1, 2, 3, 4, 5])).unwrap();
            assert_near(&got, &numbers(&case, "predictions"), tolerance, name);
        }
    }
}

#[test]
fn columns_that_depend_on_each_other_share_what_one_of_them_would_have() {
    let case = case("dependent");
    let twice = |frame: &Frame| {
        let rows = frame.numbers().chunks(4);
        let numbers = rows.flat_map(|row| [row[0], row[1], row[2], row[3], row[0], row[1]]).collect();
        Frame::of_numbers(numbers, ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec()).unwrap()
    };
    let target = Target::numbers(vec!["u".into(), "v".into()], numbers(&case, "values")).unwrap();
    let data = Dataset::of(twice(&frame()), target).unwrap();
    let model = LinearRegression::default().fit(&data).unwrap();
    let got = model.predict_numbers(&data.subset(&[0, 1, 2, 3, 4, 5])).unwrap();
    assert_near(&got, &numbers(&case, "predictions"), 1e-12, "dependent");
    let theta = &model.network().parameters()[..6];
    assert!((theta[0] - theta[4]).abs() < 1e-12 && (theta[1] - theta[5]).abs() < 1e-12, "{theta:?}");
}

fn digits(rows: usize) -> Dataset {
    mlp::data::bundled::digits().subset(&(0..rows).collect::<Vec<_>>())
}

#[test]
fn early_stopping_holds_out_rows_and_says_how_many() {
    let classifier = MlpClassifier {
        training: Training {
            early_stopping: Some(EarlyStopping { patience: 3, ..EarlyStopping::default() }),
            epochs: 500,
            ..Training::new(Optimizer::adam(0.01))
        },
        held_out: Some(0.2),
        ..MlpClassifier::default()
    };
    let model = classifier.fit(&digits(300)).unwrap();
    let record = model.record();
    assert_eq!((record.rows + record.held_out, record.held_out / 10), (300, 6));
    let report = record.report.as_ref().unwrap();
    assert_eq!(report.end, End::EarlyStopping);
    assert!(report.best_epoch.is_some() && report.history.iter().all(|epoch| epoch.held_out.is_some()));
    assert_eq!(model, classifier.fit(&digits(300)).unwrap(), "the same seed, the same bits");
}

#[test]
fn two_classes_one_unit_several_labels_several_numbers() {
    let data = digits(120);
    let even = |label: &usize| f64::from(u8::from(label % 2 == 0));
    let large = |label: &usize| f64::from(u8::from(*label > 4));
    let labels = data.labels().iter().flat_map(|label| [even(label), large(label)]).collect();
    let names = vec!["even".to_owned(), "large".to_owned()];
    let labelled = Dataset::of(data.frame().clone(), Target::labels(names, labels).unwrap()).unwrap();
    let model = MlpClassifier::default().fit(&labelled).unwrap();
    assert_eq!((model.network().output(), model.network().sizes()[2]), (Output::Sigmoid, 2));
    assert!(model.score(&labelled).unwrap() > 0.95);
    let flags = model.predict_labels(&labelled.subset(&[4, 7])).unwrap();
    assert_eq!(flags, [true, false, false, true]);

    let binary = data.labels().iter().map(|label| usize::from(*label > 4)).collect();
    let target = Target::classes("size", binary, vec!["small".into(), "large".into()]).unwrap();
    let binary = Dataset::of(data.frame().clone(), target).unwrap();
    let model = MlpClassifier::default().fit(&binary).unwrap();
    assert_eq!((model.network().output(), model.network().sizes()[2]), (Output::Sigmoid, 1));
    let p = model.predict_proba(&binary).unwrap();
    assert!(p.shape() == [120, 2] && p.as_slice().chunks(2).all(|p| (p[0] + p[1] - 1.0).abs() < 1e-15));

    let numbers = data.labels().iter().flat_map(|label| [*label as f64, 1e6 * *label as f64]).collect();
    let target = Target::numbers(vec!["one".into(), "million".into()], numbers).unwrap();
    let regression = Dataset::of(data.frame().clone(), target).unwrap();
    for loss in [None, Some(Loss::Huber { delta: 0.5 })] {
        let regressor = MlpRegressor {
            training: Training { loss, ..MlpRegressor::default().training },
            ..MlpRegressor::default()
        };
        let model = regressor.fit(&regression).unwrap();
        assert!(model.score(&regression).unwrap() > 0.95, "{loss:?}");
        let message = model.predict(&regression).unwrap_err().to_string();
        assert_eq!(message, "predict: wants a model that predicts classes, got one for numbers");
        assert!(model.predict_proba(&regression).is_err());
    }
}

#[test]
fn models_are_send_and_sync_and_predict_the_same_anywhere() {
    fn shared<T: Send + Sync>(_: &T) {}
    let model = LogisticRegression::default().fit(&digits(200)).unwrap();
    shared(&model);
    let here = model.predict_proba(&digits(50)).unwrap().to_vec();
    let there = std::thread::scope(|scope| {
        scope.spawn(|| model.predict_proba(&digits(50)).unwrap().to_vec()).join().unwrap()
    });
    assert_eq!(here, there);
}

#[test]
fn a_table_is_read_by_names_whatever_the_order_of_its_columns() {
    let text = b"height,colour,alive,kind\n1,red,yes,a\n2,blue,no,b\n,red,yes,a\n2.5,blue,no,b\n1.5,,yes,a\n";
    let table = Table::from_bytes(text, "train.csv").unwrap();
    let (data, _) = DatasetReader::classes("kind").read(&table).unwrap();
    let model = MlpClassifier { hidden: vec![5], ..MlpClassifier::default() }.fit(&data).unwrap();
    let want = model.predict_proba(&table).unwrap().to_vec();
    let other =
        b"alive,extra,colour,height\nyes,0,red,1\nno,0,blue,2\nyes,0,red,\nno,0,blue,2.5\nyes,0,,1.5\n";
    let other = Table::from_bytes(other, "other.csv").unwrap();
    assert_eq!(model.predict_proba(&other).unwrap().to_vec(), want);
    let unseen = Table::from_bytes(b"alive,colour,height\nyes,green,1\n", "new.csv").unwrap();
    assert_eq!(model.predict_classes(&unseen).unwrap(), ["a"]);
    let message =
        |bytes: &[u8]| model.predict(&Table::from_bytes(bytes, "new.csv").unwrap()).unwrap_err().to_string();
    assert!(message(b"alive,height\nyes,1\n").contains("`colour`"), "{}", message(b"alive,height\nyes,1\n"));
    let wrong = message(b"alive,colour,height\nyes,red,1\nno,red,tall\n");
    assert!(wrong.starts_with("new.csv, line 3, column `height`: `tall`"), "{wrong}");
    let infinite = message(b"alive,colour,height\nyes,red,inf\n");
    assert!(infinite.contains("line 2, column `height`"), "{infinite}");
    let numbers_only = model.predict(&[1.0, 2.0, 3.0][..]).unwrap_err().to_string();
    assert!(numbers_only.contains("colour"), "{numbers_only}");
}

#[test]
fn a_warm_start_goes_on_and_a_learner_comes_as_far_in_parts() {
    let data = digits(500);
    let adam = |epochs| Training { epochs, ..Training::new(Optimizer::adam(0.003)) };
    let classifier = |epochs| MlpClassifier { training: adam(epochs), ..MlpClassifier::default() };
    let first = classifier(3).fit(&data).unwrap();
    let second = classifier(3).fit_from(&first, &data).unwrap();
    let last = |model: &Model| model.record().report.as_ref().unwrap().history.last().unwrap().cost;
    assert!(last(&second) < last(&first));
    let mut learner = classifier(1).learner::<f64>(&data).unwrap();
    for _ in 0..6 {
        for part in [0..250, 250..500] {
            learner.partial_fit(&data.subset(&part.collect::<Vec<_>>())).unwrap();
        }
    }
    let (learned, whole) = (learner.model().score(&data).unwrap(), second.score(&data).unwrap());
    assert!((learned - whole).abs() < 0.03 && learned > 0.95, "{learned} {whole}");
    let lbfgs = MlpClassifier::default().learner::<f64>(&data).unwrap_err().to_string();
    assert!(lbfgs.starts_with("optimizer: wants one that steps by a gradient alone"), "{lbfgs}");
}

#[test]
fn a_part_that_goes_off_is_not_learned() {
    let data = digits(100);
    let training = Training { lambda: 1e3, ..Training::new(Optimizer::gradient_descent(1e6)) };
    let classifier = MlpClassifier { training, activation: Activation::Identity, ..MlpClassifier::default() };
    let mut learner = classifier.learner::<f64>(&data).unwrap();
    let before = learner.model().clone();
    let mut passed = Ok(0.0);
    while passed.is_ok() && learner.model().network().parameters().iter().all(|p| p.abs() < 1e200) {
        passed = learner.partial_fit(&data);
    }
    assert!(matches!(passed, Err(Error::Diverged { .. })) || before != *learner.model(), "{passed:?}");
    assert!(learner.model().network().parameters().iter().all(|p| p.is_finite()));
}

#[test]
fn targets_that_make_no_sense_are_named() {
    let one = Target::classes("y", vec![1; 60], vec!["a".into(), "b".into()]).unwrap();
    let message = MlpClassifier::default().fit(&Dataset::of(frame(), one).unwrap()).unwrap_err().to_string();
    assert!(message.starts_with("column `y`: every row has the label `b`"), "{message}");
    let numbers = Target::numbers(vec!["y".into()], vec![0.5; 60]).unwrap();
    let data = Dataset::of(frame(), numbers).unwrap();
    let message = LogisticRegression::default().fit(&data).unwrap_err().to_string();
    assert_eq!(
        message,
        "fit: wants classes or labels for a classifier, got numbers in `y`; take a regressor"
    );
    // One number in all rows is nothing wrong.
    assert_near(
        &MlpRegressor::default().fit(&data).unwrap().predict_numbers(&data).unwrap(),
        &[0.5; 60],
        1e-9,
        "constant",
    );
    let huge =
        Target::numbers(vec!["y".into()], (0..60).map(|i| f64::from(i % 2) * f64::MAX).collect()).unwrap();
    let message =
        LinearRegression::default().fit(&Dataset::of(frame(), huge).unwrap()).unwrap_err().to_string();
    assert_eq!(message, "fit: wants numbers whose spread is finite; rescale them, got too large ones in `y`");
    let known = MlpClassifier::default().fit(&digits(100)).unwrap();
    let other = Target::classes("class", vec![0; 3], vec!["ten".into()]).unwrap();
    let other = Dataset::of(digits(3).frame().clone(), other).unwrap();
    assert!(known.score(&other).unwrap_err().to_string().ends_with("got `ten`"));
}

#[test]
fn features_that_make_no_sense_are_named() {
    let with = |value: f64| {
        let mut numbers = frame().numbers().to_vec();
        numbers[4 * 7 + 2] = value;
        let frame = Frame::of_numbers(numbers, ["a", "b", "c", "d"].map(str::to_owned).to_vec()).unwrap();
        Dataset::of(
            frame,
            Target::classes("y", (0..60).map(|i| i % 2).collect(), vec!["n".into(), "y".into()]).unwrap(),
        )
        .unwrap()
    };
    let message = |value| MlpClassifier::default().fit(&with(value)).unwrap_err().to_string();
    for value in [f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -f64::MAX] {
        assert!(message(value).contains("column `c`"), "{value}: {}", message(value));
    }
    assert!(MlpClassifier::default().fit(&with(f64::NAN)).is_ok(), "a missing value is filled in");
    assert!(MlpClassifier::default().fit(&with(1e100)).is_ok(), "a large one is not");
    let model = LogisticRegression::default().fit_as::<f32>(&with(0.0)).unwrap();
    let message = model.predict(&[0.0, 0.0, 1e300, 0.0][..]).unwrap_err().to_string();
    assert!(
        message.starts_with("model: wants features that f32 can hold, got ")
            && message.contains("`c` in row 0"),
        "{message}"
    );
    let message = model.predict(&[0.0; 5][..]).unwrap_err().to_string();
    assert!(message.contains("rows of 4"), "{message}");
    let empty =
        Dataset::of(frame().rows(&[]), Target::classes("y", vec![], vec!["n".into(), "y".into()]).unwrap())
            .unwrap();
    assert!(MlpClassifier::default().fit(&empty).unwrap_err().to_string().contains("at least one row"));
    assert!(model.predict(&empty).unwrap().is_empty());
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let data = digits(100);
    let message = |classifier: MlpClassifier| classifier.fit(&data).unwrap_err().to_string();
    let default = MlpClassifier::default;
    assert!(message(MlpClassifier { hidden: vec![0], ..default() }).contains("layer sizes from 1 up"));
    assert!(
        message(MlpClassifier { held_out: Some(1.0), ..default() })
            .contains("a fraction above 0 and below 1")
    );
    assert!(message(MlpClassifier { output: Output::Identity, ..default() }).contains("the output identity"));
    for rate in [0.0, f64::NAN, -1.0] {
        let training = Training::new(Optimizer::gradient_descent(rate));
        assert!(message(MlpClassifier { training, ..default() }).starts_with("learning rate: "));
    }
    let weights = |weight| ClassWeights::Each(vec![("3".into(), weight)]);
    for weight in [f64::NAN, -1.0, f64::INFINITY] {
        assert!(
            message(MlpClassifier { class_weights: weights(weight), ..default() }).starts_with("weights: ")
        );
    }
    let batch = Training { batch_size: Some(1_000_000), epochs: 2, ..Training::new(Optimizer::adam(0.01)) };
    assert!(
        MlpClassifier { training: batch, ..default() }.fit(&data).is_ok(),
        "a batch is no larger than the data"
    );
    let recipe = Recipe { transforms: vec![], ..Recipe::default() };
    let category = Category::of(&["a", "b"].map(Some).repeat(30)).unwrap();
    let target =
        Target::classes("y", (0..60).map(|i| i % 2).collect(), vec!["n".into(), "y".into()]).unwrap();
    let data = Dataset::of(frame().with_category("z", category).unwrap(), target).unwrap();
    let message = MlpClassifier { recipe, ..default() }.fit(&data).unwrap_err().to_string();
    assert!(message.contains("one-hot or ordinal codes of column `z`"), "{message}");
    let recipe = Recipe { transforms: vec![Transform::one_hot()], ..Recipe::default() };
    assert!(MlpClassifier { recipe, ..default() }.fit(&data).unwrap().score(&data).unwrap() == 1.0);
}
