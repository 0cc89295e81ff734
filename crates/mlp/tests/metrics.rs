//! Every metric against scikit-learn's, on small cases full of ties, absent classes and zero weights. `fixtures/metrics.py`
//! made them.

use mlp::metrics::{
    Average, Bins, Bootstrap, CalibrationCurve, Interval, Resample, Targets, accuracy, average_precision,
    brier_score, calibration_curve, confusion_matrix, log_loss, mean_absolute_error, mean_squared_error,
    precision_recall_curve, r2, roc_auc, roc_auc_one_vs_rest, roc_curve, root_mean_squared_error,
    top_k_accuracy, top_label_calibration,
};
use serde_json::Value;

/// One case of the table, which knows its name for whoever reads of a failure.
struct Case {
    name: String,
    values: Value,
}

impl Case {
    /// All of a family; as many as are said, so that none is lost on the way.
    fn all(family: &str, count: usize) -> Vec<Self> {
        let table: Value =
            serde_json::from_str(include_str!("fixtures/metrics.json")).expect("the table is JSON");
        let cases = table[family].as_array().unwrap_or_else(|| panic!("no family {family}"));
        assert_eq!(cases.len(), count, "{family}");
        let case =
            |(i, values): (usize, &Value)| Self { name: format!("{family} {i}"), values: values.clone() };
        cases.iter().enumerate().map(case).collect()
    }

    fn get(&self, key: &str) -> &Value {
        self.values.get(key).unwrap_or_else(|| panic!("{}: no {key}", self.name))
    }

    fn number(&self, key: &str) -> f64 {
        self.get(key).as_f64().unwrap_or_else(|| panic!("{}: {key} is no number", self.name))
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        let values = self.get(key).as_array().unwrap_or_else(|| panic!("{}: {key} is no list", self.name));
        values.iter().map(|value| value.as_f64().expect("a number")).collect()
    }

    fn whole(&self, key: &str) -> Vec<usize> {
        self.numbers(key).into_iter().map(|value| value as usize).collect()
    }

    fn n_classes(&self) -> usize {
        self.number("n_classes") as usize
    }

    /// The weights, of which a case may have none.
    fn weights(&self) -> Option<Vec<f64>> {
        (!self.get("weights").is_null()).then(|| self.numbers("weights"))
    }

    /// The cases that a curve of calibration has for each number and kind of bins.
    fn curves(&self) -> Vec<(Bins, Self)> {
        let curves = self.get("curves").as_array().expect("a list of curves");
        let one = |values: &Value| {
            let case = Self {
                name: format!("{}, {} {}", self.name, values["strategy"], values["n"]),
                values: values.clone(),
            };
            let n = case.number("n") as usize;
            (if case.get("strategy") == "uniform" { Bins::Uniform(n) } else { Bins::Quantile(n) }, case)
        };
        curves.iter().map(one).collect()
    }

    /// Asserts that `got` is what the table has under `key`, to 10⁻¹².
    fn holds(&self, key: &str, got: f64) {
        self.close(key, got, self.number(key), 1e-12);
    }

    fn all_hold(&self, key: &str, got: &[f64]) {
        let want = self.numbers(key);
        assert_eq!(got.len(), want.len(), "{}: {key}", self.name);
        for (got, want) in got.iter().zip(want) {
            self.close(key, *got, want, 1e-12);
        }
    }

    fn close(&self, key: &str, got: f64, want: f64, tolerance: f64) {
        let error = (got - want).abs() / want.abs().max(1.0);
        assert!(error <= tolerance, "{}: {key} is {got}, scikit-learn has {want}", self.name);
    }
}

/// Targets with the weights that there are.
fn targets<'a, T>(values: &'a [T], weights: &'a Option<Vec<f64>>) -> Targets<'a, T> {
    match weights {
        Some(weights) => Targets::weighted(values, weights),
        None => Targets::from(values),
    }
}

#[test]
fn what_follows_from_the_confusion_matrix_is_scikit_learns() {
    for case in Case::all("classification", 16) {
        let (labels, predictions, weights) =
            (case.whole("labels"), case.whole("predictions"), case.weights());
        let labels = targets(&labels, &weights);
        let matrix = confusion_matrix(labels, &predictions, case.n_classes()).unwrap();
        case.all_hold("confusion", matrix.counts());
        case.holds("accuracy", accuracy(labels, &predictions).unwrap());
        case.holds("accuracy", matrix.accuracy());
        case.holds("balanced_accuracy", matrix.balanced_accuracy());
        case.holds("matthews", matrix.matthews_correlation());
        case.all_hold("precision", &matrix.precision_per_class());
        case.all_hold("recall", &matrix.recall_per_class());
        case.all_hold("f1", &matrix.f1_per_class());
        for (name, average) in averages() {
            case.holds(&format!("precision_{name}"), matrix.precision(average));
            case.holds(&format!("recall_{name}"), matrix.recall(average));
            case.holds(&format!("f1_{name}"), matrix.f1(average));
        }
    }
}

fn averages() -> [(&'static str, Average); 3] {
    [("micro", Average::Micro), ("macro", Average::Macro), ("weighted", Average::Weighted)]
}

#[test]
fn log_loss_and_brier_score_are_scikit_learns() {
    for case in Case::all("probabilistic", 12) {
        let (labels, p, weights, k) =
            (case.whole("labels"), case.numbers("probabilities"), case.weights(), case.n_classes());
        let labels = targets(&labels, &weights);
        case.holds("log_loss", log_loss(labels, &p, k).unwrap());
        case.holds("brier", brier_score(labels, &p, k).unwrap());
        // scikit-learn takes logarithms and sums in single precision there.
        let single: Vec<f32> = p.iter().map(|p| *p as f32).collect();
        case.close("log_loss_f32", log_loss(labels, &single, k).unwrap(), case.number("log_loss_f32"), 1e-6);
    }
}

#[test]
fn top_k_accuracy_is_scikit_learns_for_every_k() {
    for case in Case::all("top_k", 5) {
        let (labels, scores, weights) = (case.whole("labels"), case.numbers("scores"), case.weights());
        let of = |k| top_k_accuracy(targets(&labels, &weights), &scores, case.n_classes(), k).unwrap();
        case.all_hold("top_k", &(1..=case.n_classes()).map(of).collect::<Vec<_>>());
    }
}

#[test]
fn curves_and_what_lies_under_them_are_scikit_learns() {
    for case in Case::all("curves", 13) {
        let (labels, scores, weights) = (case.whole("labels"), case.numbers("scores"), case.weights());
        let labels = targets(&labels, &weights);
        let roc = roc_curve(labels, &scores).unwrap();
        case.all_hold("fpr", &roc.fpr);
        case.all_hold("tpr", &roc.tpr);
        assert_eq!(roc.thresholds[0], f64::INFINITY);
        assert_eq!(roc.thresholds[1..], case.numbers("thresholds"), "{}", case.name);
        case.holds("auc", roc_auc(labels, &scores).unwrap());

        let curve = precision_recall_curve(labels, &scores).unwrap();
        let backward = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
        case.all_hold("precision", &backward(&curve.precision));
        case.all_hold("recall", &backward(&curve.recall));
        assert_eq!(curve.thresholds, roc.thresholds);
        case.holds("average_precision", average_precision(labels, &scores).unwrap());

        // These scores are exact in single precision.
        let single: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
        assert_eq!(roc_curve(labels, &single).unwrap(), roc, "{}", case.name);
    }
}

#[test]
fn areas_of_one_class_against_the_rest_are_scikit_learns() {
    let mut held = 0;
    for case in Case::all("one_vs_rest", 7) {
        let (labels, scores, weights) = (case.whole("labels"), case.numbers("scores"), case.weights());
        for (name, average) in averages() {
            let area = roc_auc_one_vs_rest(targets(&labels, &weights), &scores, case.n_classes(), average);
            if case.values.get(name).is_some() {
                case.holds(name, area.unwrap());
                held += 1;
            } else {
                assert!(area.is_err(), "{}: {name} is not defined", case.name);
            }
        }
    }
    assert_eq!(held, 20);
}

fn assert_calibrated(case: &Case, curve: &CalibrationCurve) {
    case.all_hold("observed", &curve.observed);
    case.all_hold("predicted", &curve.predicted);
    assert_eq!(curve.counts, case.whole("counts"), "{}", case.name);
    case.holds("error", curve.expected_calibration_error());
}

#[test]
fn calibration_curves_are_scikit_learns() {
    for case in Case::all("calibration", 4) {
        let (labels, p) = (case.whole("labels"), case.numbers("probabilities"));
        for (bins, want) in case.curves() {
            assert_calibrated(&want, &calibration_curve(&labels, &p, bins).unwrap());
        }
    }
}

#[test]
fn calibration_of_the_top_label_is_that_of_its_probability() {
    for case in Case::all("top_label", 3) {
        let (labels, p) = (case.whole("labels"), case.numbers("probabilities"));
        for (bins, want) in case.curves() {
            assert_calibrated(&want, &top_label_calibration(&labels, &p, case.n_classes(), bins).unwrap());
        }
    }
}

#[test]
fn errors_of_predicted_numbers_are_scikit_learns() {
    for case in Case::all("regression", 12) {
        let (y, predictions, weights) =
            (case.numbers("targets"), case.numbers("predictions"), case.weights());
        let y = targets(&y, &weights);
        case.holds("r2", r2(y, &predictions).unwrap());
        case.holds("mae", mean_absolute_error(y, &predictions).unwrap());
        case.holds("mse", mean_squared_error(y, &predictions).unwrap());
        case.holds("rmse", root_mean_squared_error(y, &predictions).unwrap());
    }
}

/// Numbers for the bootstrap, of mean 0 and variance 1/3, all different.
fn evenly(n: usize) -> Vec<f64> {
    (0..n).map(|i| (2 * i + 1) as f64 / n as f64 - 1.0).collect()
}

fn mean(values: &[f64], rows: &[usize]) -> f64 {
    rows.iter().map(|row| values[*row]).sum::<f64>() / rows.len() as f64
}

/// The interval of a mean is, of many rows, the one that the central limit theorem gives.
#[test]
fn the_interval_of_a_mean_is_that_of_the_normal_distribution() {
    let values = evenly(400);
    let bootstrap = Bootstrap { resamples: 10_000, confidence: 0.95, seed: 3 };
    let interval = bootstrap.interval(400, |resample| Ok(mean(&values, resample.rows()))).unwrap();
    let half = 1.959_963_984_540_054 * (1.0_f64 / 3.0 / 400.0).sqrt();
    assert!(interval.estimate.abs() < 1e-12);
    // The ends of 10 000 resamples have a standard error of 1 in 50 of the half width.
    for end in [interval.high, -interval.low] {
        assert!((end / half - 1.0).abs() < 0.06, "{end} is not about {half}");
    }
}

#[test]
fn rows_and_weights_of_a_resample_say_the_same() {
    let mut seen = 0;
    let labels = [2, 0, 0, 2, 7, 0, 2, 0];
    let check = |resample: &Resample| {
        let mut counts = vec![0.0; 8];
        resample.rows().iter().for_each(|row| counts[*row] += 1.0);
        assert_eq!(counts, resample.weights());
        counts
    };
    Bootstrap::default().interval(8, |resample| Ok(check(resample).iter().sum())).unwrap();
    Bootstrap::default()
        .stratified_interval(&labels, |resample| {
            let counts = check(resample);
            let of = |class| {
                labels.iter().zip(&counts).filter(|(label, _)| **label == class).map(|(_, n)| n).sum::<f64>()
            };
            assert_eq!([of(0), of(2), of(7)], [4.0, 3.0, 1.0]);
            seen += 1;
            Ok(0.0)
        })
        .unwrap();
    assert_eq!(seen, 1001);
}

#[test]
fn a_seed_means_this_interval_for_ever() {
    let values = evenly(20);
    let of = |seed| {
        let bootstrap = Bootstrap { resamples: 100, confidence: 0.9, seed };
        bootstrap.interval(20, |resample| Ok(mean(&values, resample.rows()))).unwrap()
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    // From xoshiro256++, seeded by SplitMix64, and NumPy's quantiles, written in Python.
    let Interval { low, high, .. } = of(1);
    assert!((low + 0.256).abs() < 1e-12 && (high - 0.19575).abs() < 1e-12, "[{low}, {high}]");
}

#[test]
fn settings_of_the_bootstrap_have_their_ranges() {
    let of = |bootstrap: Bootstrap, value: f64| bootstrap.interval(3, |_| Ok(value));
    let bootstrap = Bootstrap::default();
    assert!(of(bootstrap, 1.0).is_ok());
    assert!(of(Bootstrap { resamples: 0, ..bootstrap }, 1.0).is_err());
    for confidence in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(of(Bootstrap { confidence, ..bootstrap }, 1.0).is_err(), "{confidence}");
    }
    assert!(of(bootstrap, f64::NAN).is_err());
    assert!(bootstrap.interval(0, |_| Ok(1.0)).is_err());
    let failing = bootstrap.interval(3, |_| accuracy(&[0], &[]));
    assert!(failing.unwrap_err().to_string().starts_with("accuracy: "));
}
