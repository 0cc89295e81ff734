//! Models as ONNX files and, beside each, rows and what the library says of them in single precision: for `check.py`.
//!
//!     onnx_cases FOLDER [FOLDER-OF-TABLES]

#[path = "cases/synthetic.rs"]
mod synthetic;

use std::error::Error;
use std::path::{Path, PathBuf};

use mlp::data::{Category, Column, Dataset, DatasetReader, Frame, Table, Target, bundled};
use mlp::{
    Activation, LinearRegression, LogisticRegression, MlpClassifier, MlpRegressor, Model, Outcome, Output,
    Probabilities, Scheme, Training,
};
use serde_json::{Value, json};

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("wants the folder to write to")?;
    let tables = arguments.next();
    std::fs::create_dir_all(&folder)?;
    let cases = Cases { folder };
    digits(&cases)?;
    synthetic::write(&cases)?;
    let Some(tables) = tables.filter(|tables| tables.is_dir()) else {
        println!("no cases of iris, penguins and titanic: there is no folder of tables");
        return Ok(());
    };
    iris(&cases, &tables)?;
    penguins(&cases, &tables)?;
    titanic(&cases, &tables)
}

/// Where the cases go.
struct Cases {
    folder: PathBuf,
}

impl Cases {
    /// Writes the model, these rows in single precision, and what it says of each of them.
    fn write(&self, name: &str, model: &Model, rows: &Frame) -> Done {
        self.write_refusing(name, model, rows, 0)
    }

    /// The same where the model refuses so many of the rows.
    fn write_refusing(&self, name: &str, model: &Model, rows: &Frame, refused: usize) -> Done {
        let model = Model::<f32>::from_bytes(&model.to_bytes()?)?;
        model.save_onnx(self.folder.join(format!("{name}.onnx")))?;
        let rows = Cells::of(rows);
        let frame = rows.frame()?;
        let answers: Vec<Value> =
            (0..frame.n_rows()).map(|row| answer(&model, &frame.rows(&[row]))).collect();
        let got = answers.iter().filter(|answer| answer.is_null()).count();
        if got != refused {
            return Err(format!("{name}: the library refuses {got} rows instead of {refused}").into());
        }
        self.json(name, json!({ "inputs": rows.json(), "answers": answers }))
    }

    /// Writes the model and rows at which it must fail.
    fn write_failing(&self, name: &str, model: &Model, rows: &Frame) -> Done {
        if model.matrix(rows).is_ok() {
            return Err(format!("{name}: the library takes the rows").into());
        }
        model.save_onnx(self.folder.join(format!("{name}.onnx")))?;
        self.json(name, json!({ "inputs": Cells::of(rows).json(), "answers": Value::Null }))
    }

    fn json(&self, name: &str, case: Value) -> Done {
        std::fs::write(self.folder.join(format!("{name}.json")), case.to_string())?;
        Ok(())
    }
}

/// What the model says of one row; null where it refuses the row.
fn answer(model: &Model<f32>, row: &Frame) -> Value {
    let answer = || -> Result<Value, mlp::Error> {
        Ok(match model.outcome() {
            Outcome::Classes { .. } => {
                let class = model.predict_classes(row)?[0];
                json!({ "label": class, "probabilities": model.predict_proba(row)?.as_slice() })
            }
            Outcome::Labels { .. } => json!({ "probabilities": model.predict_proba(row)?.as_slice() }),
            _ => json!({ "values": model.predict_numbers(row)? }),
        })
    };
    answer().unwrap_or_default()
}

/// The cells of a frame, which can be changed.
struct Cells(Vec<(String, Cell)>);

/// The cells of a column.
enum Cell {
    Numbers(Vec<f64>),
    Texts(Vec<Option<String>>),
}

impl Cells {
    /// Those of the frame, numbers rounded to single precision.
    fn of(frame: &Frame) -> Self {
        let cells = |name: &String| {
            let cells = match frame.column(name) {
                Some(Column::Numbers(numbers)) => {
                    Cell::Numbers(numbers.iter().map(|x| f64::from(x as f32)).collect())
                }
                Some(Column::Category(category)) => {
                    let text = |row| category.level(row).map(str::to_owned);
                    Cell::Texts((0..frame.n_rows()).map(text).collect())
                }
                _ => panic!("column {name} is neither numbers nor categories"),
            };
            (name.clone(), cells)
        };
        Self(frame.names().iter().map(cells).collect())
    }

    /// In every second row the value of one column goes, of one after the other; of categories it becomes one that training did
    /// not have, each other time.
    fn disturb(mut self) -> Self {
        let n_columns = self.0.len();
        for (at, (_, cells)) in self.0.iter_mut().enumerate() {
            match cells {
                Cell::Numbers(numbers) => {
                    numbers.iter_mut().skip(1 + 2 * at).step_by(2 * n_columns).for_each(|x| *x = f64::NAN);
                }
                Cell::Texts(texts) => {
                    let gone = texts.iter_mut().skip(1 + 2 * at).step_by(2 * n_columns);
                    gone.enumerate().for_each(|(i, text)| *text = (i % 2 == 1).then(|| "unseen".to_owned()));
                }
            }
        }
        self
    }

    /// The numbers of this column.
    fn number(&mut self, name: &str) -> &mut [f64] {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, Cell::Numbers(numbers))) => numbers,
            _ => panic!("no column of numbers is called {name}"),
        }
    }

    /// The texts of this column.
    fn text(&mut self, name: &str) -> &mut [Option<String>] {
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, Cell::Texts(texts))) => texts,
            _ => panic!("no column of texts is called {name}"),
        }
    }

    /// The frame of these cells.
    fn frame(&self) -> Result<Frame, mlp::Error> {
        let (mut names, mut columns) = (Vec::new(), Vec::new());
        for (name, cells) in &self.0 {
            if let Cell::Numbers(numbers) = cells {
                names.push(name.clone());
                columns.push(numbers);
            }
        }
        let n_rows = match &self.0[0].1 {
            Cell::Numbers(numbers) => numbers.len(),
            Cell::Texts(texts) => texts.len(),
        };
        let mut frame = Frame::of_rows(n_rows);
        if !columns.is_empty() {
            let numbers = (0..n_rows).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
            frame = Frame::of_numbers(numbers, names)?;
        }
        for (name, cells) in &self.0 {
            if let Cell::Texts(texts) = cells {
                frame = frame.with_category(name, Category::of(texts)?)?;
            }
        }
        Ok(frame)
    }

    /// A list for each column, a missing number being null and a missing text empty.
    fn json(&self) -> Value {
        let list = |(name, cells): &(String, Cell)| {
            let list: Vec<Value> = match cells {
                Cell::Numbers(numbers) => numbers.iter().map(|x| json!(x)).collect(),
                Cell::Texts(texts) => {
                    texts.iter().map(|text| json!(text.as_deref().unwrap_or_default())).collect()
                }
            };
            json!([name, list])
        };
        self.0.iter().map(list).collect()
    }
}

/// Training of this many epochs at most: the check is of what models say, however good they are.
fn short(epochs: usize, training: Training) -> Training {
    Training { epochs, ..training }
}

/// A small network.
fn small(activation: Activation, output: Output) -> MlpClassifier {
    let defaults = MlpClassifier::default();
    let training = short(30, defaults.training.clone());
    MlpClassifier { hidden: vec![12, 8], activation, output, training, ..defaults }
}

fn digits(cases: &Cases) -> Done {
    let digits = bundled::digits();
    let rows = digits.frame();
    let defaults = MlpClassifier::default();
    let mlp = MlpClassifier { training: short(40, defaults.training.clone()), ..defaults };
    cases.write("digits", &mlp.fit(&digits)?, rows)?;
    let few = digits.subset(&(0..400).collect::<Vec<_>>());
    let logistic = LogisticRegression { scheme: Scheme::OneVersusRest, ..LogisticRegression::default() };
    let logistic = LogisticRegression { training: short(40, logistic.training.clone()), ..logistic };
    let model = logistic.fit(&few)?;
    cases.write("digits-shares", &model, rows)?;
    cases.write("digits-apart", &model.with_probabilities(Probabilities::Apart), rows)
}

/// The rows of a table with classes in this column.
fn read(tables: &Path, file: &str, reader: DatasetReader) -> Result<Dataset, mlp::Error> {
    Ok(reader.read(&Table::from_path(tables.join(file))?)?.0)
}

fn iris(cases: &Cases, tables: &Path) -> Done {
    let data = read(tables, "iris.csv", DatasetReader::classes("class"))?;
    let rows = Cells::of(data.frame()).disturb().frame()?;
    cases.write("iris", &MlpClassifier::default().fit(&data)?, &rows)?;
    cases.write("iris-logistic", &LogisticRegression::default().fit(&data)?, data.frame())?;
    for activation in Activation::ALL {
        let model = small(activation, Output::Softmax).fit(&data)?;
        cases.write(&format!("iris-{}", activation.name()), &model, &rows)?;
    }
    Ok(())
}

fn penguins(cases: &Cases, tables: &Path) -> Done {
    let data = read(tables, "penguins.csv", DatasetReader::classes("species"))?;
    let rows = Cells::of(data.frame()).disturb().frame()?;
    cases.write("penguins", &MlpClassifier::default().fit(&data)?, &rows)?;
    let sigmoids = small(Activation::Sigmoid, Output::Sigmoid).fit(&data)?;
    cases.write("penguins-shares", &sigmoids, &rows)?;
    let reader = DatasetReader { drop_unlabelled: true, ..DatasetReader::numbers("body_mass_g") };
    let data = read(tables, "penguins.csv", reader)?;
    let rows = Cells::of(data.frame()).disturb().frame()?;
    cases.write("penguins-linear", &LinearRegression::default().fit(&data)?, &rows)?;
    let defaults = MlpRegressor::default();
    let mlp = MlpRegressor { training: short(60, defaults.training.clone()), ..defaults };
    cases.write("penguins-regressor", &mlp.fit(&data)?, &rows)
}

fn titanic(cases: &Cases, tables: &Path) -> Done {
    let data = read(tables, "titanic_all.csv", DatasetReader::classes("survived"))?;
    let rows = Cells::of(data.frame()).disturb().frame()?;
    cases.write("titanic", &MlpClassifier::default().fit(&data)?, &rows)?;
    cases.write("titanic-logistic", &LogisticRegression::default().fit(&data)?, &rows)?;
    // Two columns to predict that are no classes: labels of the same rows.
    let labels = data.labels().iter().flat_map(|label| [*label as f64, 1.0 - *label as f64]).collect();
    let target = Target::labels(vec!["survived".into(), "died".into()], labels)?;
    let labelled = Dataset::of(data.frame().clone(), target)?;
    cases.write("titanic-labels", &small(Activation::Tanh, Output::Sigmoid).fit(&labelled)?, &rows)
}
