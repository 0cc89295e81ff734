//! Every transform against scikit-learn's, on small tables with holes and ties. `fixtures/transforms.py` made them.

use mlp::data::{
    Category, Column, Columns, Components, Fill, Fitted, Frame, Limits, Preprocess, Recipe, Transform,
    Unknown,
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
            serde_json::from_str(include_str!("fixtures/transforms.json")).expect("the table is JSON");
        let cases = table[family].as_array().unwrap_or_else(|| panic!("no family {family}"));
        assert_eq!(cases.len(), count, "{family}");
        let case =
            |(i, values): (usize, &Value)| Self { name: format!("{family} {i}"), values: values.clone() };
        cases.iter().enumerate().map(case).collect()
    }

    fn list(&self, key: &str) -> Vec<Value> {
        self.values[key].as_array().unwrap_or_else(|| panic!("{}: {key} is no list", self.name)).clone()
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        self.list(key).iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
    }

    fn setting(&self, key: &str) -> &Value {
        &self.values["settings"][key]
    }

    fn flag(&self, key: &str) -> bool {
        self.setting(key).as_bool().unwrap_or_else(|| panic!("{}: no flag {key}", self.name))
    }

    /// The rows under `key`, each column one of categories if it has a text, or none that is no text.
    fn frame(&self, key: &str) -> Frame {
        let (columns, cells) = (self.texts("columns"), self.list(key));
        let column = |at: usize| cells.iter().skip(at).step_by(columns.len()).collect::<Vec<_>>();
        let is_text = |at: &usize| column(*at).iter().any(|cell| cell.is_string());
        let (texts, numbers): (Vec<usize>, Vec<usize>) = (0..columns.len()).partition(is_text);
        let mut frame = Frame::of_rows(cells.len() / columns.len());
        if !numbers.is_empty() {
            let of = |row: &[Value]| -> Vec<f64> {
                numbers.iter().map(|at| row[*at].as_f64().unwrap_or(f64::NAN)).collect()
            };
            let values = cells.chunks(columns.len()).flat_map(of).collect();
            let names = numbers.iter().map(|at| columns[*at].clone()).collect();
            frame = Frame::of_numbers(values, names).unwrap();
        }
        for at in texts {
            let values: Vec<Option<&str>> = column(at).into_iter().map(Value::as_str).collect();
            frame = frame.with_category(&columns[at], Category::of(&values).unwrap()).unwrap();
        }
        frame
    }

    /// Whether the transform, and it again out of JSON, makes of both tables what scikit-learn makes of them.
    fn check(&self, transform: &Transform) -> Fitted {
        let fitted =
            transform.fit(&self.frame("train")).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let json = serde_json::to_string(&fitted).unwrap();
        assert_eq!(serde_json::from_str::<Fitted>(&json).unwrap(), fitted, "{}", self.name);
        for (rows, out) in [("train", "train_out"), ("other", "other_out")] {
            let changed = fitted.apply(self.frame(rows)).unwrap();
            assert_eq!(changed.names(), self.texts("outputs"), "{}", self.name);
            close(changed.numbers(), &self.numbers(out), &format!("{} {rows}", self.name));
        }
        fitted
    }
}

/// Equal to 1e-12 of the larger, or of 1; missing where the other is.
fn close(ours: &[f64], theirs: &[f64], name: &str) {
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        let same = a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0);
        assert!(same, "{name}, number {i}: {a} and {b}");
    }
}

#[test]
fn scales_are_those_of_scikit_learn() {
    for case in Case::all("scale", 9) {
        let columns = Columns::All;
        let number = |key| case.setting(key).as_f64().unwrap();
        case.check(&match case.setting("kind").as_str().unwrap() {
            "standardize" => Transform::Standardize(columns),
            "robust" => Transform::Robust(columns),
            _ => Transform::MinMax { columns, low: number("low"), high: number("high") },
        });
    }
}

#[test]
fn fills_and_indicators_are_those_of_scikit_learn() {
    for case in Case::all("impute", 6) {
        let fill = match case.setting("fill").as_str().unwrap() {
            "median" => Fill::Median,
            "mean" => Fill::Mean,
            _ => Fill::Number(-2.5),
        };
        case.check(&Transform::Impute { columns: Columns::All, fill, indicator: case.flag("indicator") });
    }
    for case in Case::all("impute_words", 2) {
        let fill = match case.setting("fill").as_str().unwrap() {
            "most_frequent" => Fill::MostFrequent,
            _ => Fill::Level("unknown".into()),
        };
        let fitted = Transform::impute(fill).fit(&case.frame("train")).unwrap();
        for (rows, out) in [("train", "train_out"), ("other", "other_out")] {
            let filled = fitted.apply(case.frame(rows)).unwrap();
            for (at, name) in case.texts("columns").iter().enumerate() {
                let Some(Column::Category(column)) = filled.column(name) else { panic!("{name} is text") };
                let ours: Vec<&str> =
                    (0..filled.n_rows()).map(|row| column.level(row).expect("it is filled")).collect();
                let theirs: Vec<String> = case.texts(out).into_iter().skip(at).step_by(2).collect();
                assert_eq!(ours, theirs, "{} {rows}", case.name);
            }
        }
    }
}

#[test]
fn codes_of_categories_are_those_of_scikit_learn() {
    for case in Case::all("codes", 3) {
        let (columns, unknown) = (Columns::All, Unknown::Ignore);
        case.check(&match case.setting("kind").as_str().unwrap() {
            "one_hot" => Transform::OneHot { columns, unknown },
            _ => {
                let levels = case.setting("levels").as_array();
                let text = |level: &Value| level.as_str().unwrap().to_owned();
                let levels = levels.map(|levels| levels.iter().map(text).collect());
                Transform::Ordinal { columns, levels, unknown }
            }
        });
    }
}

#[test]
fn logarithms_and_limits_are_those_of_numpy() {
    for case in Case::all("elementwise", 3) {
        let columns = Columns::All;
        case.check(&match case.setting("kind").as_str().unwrap() {
            "log" => Transform::Log { columns, signed: case.flag("signed") },
            _ => Transform::Clip { columns, limits: Limits::Quantiles(0.1, 0.8) },
        });
    }
}

#[test]
fn products_are_those_of_scikit_learn() {
    for case in Case::all("polynomial", 8) {
        let degree = case.setting("degree").as_u64().unwrap() as usize;
        let interactions = case.flag("interactions");
        case.check(&Transform::Polynomial { columns: Columns::All, degree, interactions });
    }
}

#[test]
fn components_are_those_of_scikit_learn() {
    for case in Case::all("pca", 5) {
        let components = match case.setting("components") {
            Value::Null => Components::All,
            count if count.is_u64() => Components::Count(count.as_u64().unwrap() as usize),
            share => Components::Share(share.as_f64().unwrap()),
        };
        let fitted = case.check(&Transform::Pca { columns: Columns::All, components });
        let Fitted::Pca(pca) = fitted else { panic!("components") };
        close(pca.components(), &case.numbers("components"), &case.name);
        close(pca.variance(), &case.numbers("variance"), &case.name);
        close(&pca.variance_ratio(), &case.numbers("ratio"), &case.name);
    }
}

#[test]
fn the_default_recipe_is_the_usual_pipeline_of_scikit_learn() {
    for case in Case::all("protocol", 1) {
        let preprocess = Preprocess::fit(&case.frame("train"), &Recipe::default()).unwrap();
        assert_eq!(preprocess.names(), case.texts("outputs"));
        for (rows, out) in [("train", "train_out"), ("other", "other_out")] {
            close(&preprocess.apply(&case.frame(rows)).unwrap(), &case.numbers(out), rows);
        }
    }
}
