//! Rows and labels that stand in memory already.

use std::collections::HashMap;

use super::data_error::{DataError, DataErrorKind, listed};
use super::dataset::sorted_classes;
use super::{Dataset, Frame, Target};
use crate::Error;

impl Frame {
    /// The frame of these rows, its columns `x_0`, `x_1`, …; NaN is a number that is missing.
    ///
    /// # Errors
    /// When there is no row or no column, a row is longer or shorter than the first, or a number is infinite.
    ///
    /// ```
    /// use mlp::data::Frame;
    ///
    /// let frame = Frame::from_rows(&[[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!((frame.names(), frame.n_rows()), (&["x_0".to_owned(), "x_1".to_owned()][..], 2));
    /// assert!(Frame::from_rows(&[vec![1.0], vec![2.0, 3.0]]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_rows<R: AsRef<[f64]>>(rows: &[R]) -> Result<Self, Error> {
        let width = rows.first().map_or(0, |row| row.as_ref().len());
        if width == 0 {
            let got = format!("{} rows of no column", rows.len());
            return Err(Error::shape("frame", "at least one row and one column", got));
        }
        let mut numbers = Vec::with_capacity(rows.len() * width);
        for (at, row) in rows.iter().enumerate() {
            let row = row.as_ref();
            if row.len() != width {
                let wants = format!("{width} numbers in every row, as in the first");
                return Err(Error::shape("frame", wants, format!("{} in row {at}", row.len())));
            }
            numbers.extend_from_slice(row);
        }
        finite_or_missing(&numbers, width)?;
        Self::of_numbers(numbers, numbered("x", width))
    }
}

impl Target {
    /// The class of each row, from labels that are text, numbers, or whatever can be written.
    ///
    /// The classes are sorted, as numbers if all of them are numbers and by their characters otherwise.
    ///
    /// # Errors
    /// When all labels are the same, one is empty, or there is none.
    ///
    /// ```
    /// use mlp::data::Target;
    ///
    /// let target = Target::from_labels("size", &[10, 9, 10])?;
    /// let Target::Classes { labels, classes, .. } = target else { panic!("labels are classes") };
    /// assert_eq!((labels, classes), (vec![1, 0, 1], vec!["9".to_owned(), "10".to_owned()]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_labels<L: ToString>(
        name: impl Into<String>,
        labels: impl IntoIterator<Item = L>,
    ) -> Result<Self, Error> {
        let name = name.into();
        let texts: Vec<String> = labels.into_iter().map(|label| label.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
        if texts.iter().any(|text| text.is_empty()) {
            let kind = DataErrorKind::MissingValue { cell: String::new() };
            return Err(DataError::of_column(&name, kind).into());
        }
        let classes = sorted_classes(&texts);
        match classes.as_slice() {
            [] => return Err(Error::shape("target", "at least one row", "0")),
            [class] => {
                let kind = DataErrorKind::OneClass { class: class.clone() };
                return Err(DataError::of_column(&name, kind).into());
            }
            _ => {}
        }
        let labels = places(&classes, texts.into_iter(), &name)?;
        Self::classes(name, labels, classes)
    }

    /// The same target with the classes of another: those of the data that a model was trained on, for rows to measure it by.
    ///
    /// # Errors
    /// When the target is no class, or a row is of none of these.
    ///
    /// ```
    /// use mlp::data::Target;
    ///
    /// let target = Target::from_labels("y", ["b", "c"])?.among(&["a".into(), "b".into(), "c".into()])?;
    /// assert_eq!(target.values(), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    /// assert!(target.among(&["a".into(), "b".into()]).is_err());
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn among(&self, classes: &[String]) -> Result<Self, Error> {
        let Target::Classes { name, labels, classes: own } = self else {
            return Err(Error::shape("target", "classes", "labels or numbers"));
        };
        let labels = places(classes, labels.iter().map(|label| own[*label].as_str()), name)?;
        Self::classes(name.clone(), labels, classes.to_vec())
    }
}

impl Dataset {
    /// The dataset of these rows, columns `x_0`, `x_1`, …, and the class of each, column `class`.
    ///
    /// # Errors
    /// As [`Frame::from_rows`] and [`Target::from_labels`]; and when there are not as many labels as rows.
    ///
    /// ```
    /// use mlp::data::Dataset;
    ///
    /// let data = Dataset::from_rows(&[[0.0, 1.0], [2.0, 3.0]], &["yes", "no"])?;
    /// assert_eq!((data.labels(), data.features()), (&[1, 0][..], &[0.0, 1.0, 2.0, 3.0][..]));
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn from_rows<R: AsRef<[f64]>, L: ToString>(rows: &[R], labels: &[L]) -> Result<Self, Error> {
        Self::of(Frame::from_rows(rows)?, Target::from_labels("class", labels.iter().map(L::to_string))?)
    }
}

/// The place of each text among the classes.
fn places<'a>(
    classes: &[String],
    texts: impl Iterator<Item = &'a str>,
    name: &str,
) -> Result<Vec<usize>, Error> {
    let index: HashMap<&str, usize> =
        classes.iter().enumerate().map(|(place, class)| (class.as_str(), place)).collect();
    let place = |text: &'a str| {
        index.get(text).copied().ok_or_else(|| {
            let classes = listed(classes.iter().map(String::as_str), 20);
            let kind = DataErrorKind::UnknownLabel { label: text.to_owned(), classes };
            DataError::of_column(name, kind).into()
        })
    };
    texts.map(place).collect()
}

/// The names `x_0`, `x_1`, …
pub(super) fn numbered(name: &str, n_columns: usize) -> Vec<String> {
    (0..n_columns).map(|column| format!("{name}_{column}")).collect()
}

/// Refuses infinities among rows of `width` numbers.
pub(super) fn finite_or_missing(numbers: &[f64], width: usize) -> Result<(), Error> {
    match numbers.iter().position(|number| number.is_infinite()) {
        Some(at) => {
            let got = format!("{} in row {}, column {}", numbers[at], at / width, at % width);
            Err(Error::shape("frame", "finite numbers, or NaN where one is missing", got))
        }
        None => Ok(()),
    }
}

#[cfg(feature = "ndarray")]
mod of_ndarray {
    use super::*;
    use ndarray::{ArrayView1, CowArray, Ix2};

    impl Frame {
        /// The frame of an array `(n_rows, n_columns)` or a view of one, its columns `x_0`, `x_1`, …; NaN is a number that is
        /// missing. An array that is given away and lies row by row is taken over without a copy.
        ///
        /// # Errors
        /// When there is no row or no column, or a number is infinite.
        ///
        /// ```
        /// use mlp::data::Frame;
        /// use ndarray::array;
        ///
        /// let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        /// assert_eq!(Frame::from_array(x.t())?.numbers(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        /// assert_eq!(Frame::from_array(x)?.n_columns(), 3);
        /// # Ok::<(), mlp::Error>(())
        /// ```
        pub fn from_array<'a>(x: impl Into<CowArray<'a, f64, Ix2>>) -> Result<Self, Error> {
            let x = x.into();
            let (n_rows, width) = x.dim();
            if n_rows == 0 || width == 0 {
                let got = format!("an array of shape [{n_rows}, {width}]");
                return Err(Error::shape("frame", "at least one row and one column", got));
            }
            let numbers = if x.is_standard_layout() {
                let (mut numbers, offset) = x.into_owned().into_raw_vec_and_offset();
                numbers.drain(..offset.unwrap_or(0));
                numbers.truncate(n_rows * width);
                numbers
            } else {
                x.iter().copied().collect()
            };
            finite_or_missing(&numbers, width)?;
            Self::of_numbers(numbers, numbered("x", width))
        }
    }

    impl Dataset {
        /// The dataset of an array `x: (n_rows, n_columns)`, or a view of one, and the class of each row.
        ///
        /// # Errors
        /// As [`Frame::from_array`] and [`Target::from_labels`]; and when there are not as many labels as rows.
        ///
        /// ```
        /// use mlp::data::Dataset;
        /// use ndarray::array;
        ///
        /// let data = Dataset::from_arrays(array![[0.5], [1.5], [2.5]], array![2, 1, 2].view())?;
        /// assert_eq!((data.n_rows(), data.labels()), (3, &[1, 0, 1][..]));
        /// # Ok::<(), mlp::Error>(())
        /// ```
        pub fn from_arrays<'a, L: ToString>(
            x: impl Into<CowArray<'a, f64, Ix2>>,
            labels: ArrayView1<'_, L>,
        ) -> Result<Self, Error> {
            Self::of(Frame::from_array(x)?, Target::from_labels("class", labels.iter().map(L::to_string))?)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use ndarray::{Array2, Axis, Slice, array};

        #[test]
        fn any_layout_gives_the_rows_as_they_are_shown() {
            let x = Array2::from_shape_fn((4, 3), |(i, j)| (10 * i + j) as f64);
            let rows = |frame: Frame| frame.into_numbers();
            assert_eq!(rows(Frame::from_array(&x).unwrap()), x.iter().copied().collect::<Vec<_>>());
            let mut tail = x.clone();
            tail.slice_axis_inplace(Axis(0), Slice::from(2..));
            assert_eq!(rows(Frame::from_array(tail).unwrap()), [20.0, 21.0, 22.0, 30.0, 31.0, 32.0]);
            let mut stepped = x.slice_axis(Axis(0), Slice::new(0, None, -3));
            stepped.slice_axis_inplace(Axis(1), Slice::new(0, None, 2));
            assert_eq!(rows(Frame::from_array(stepped).unwrap()), [30.0, 32.0, 0.0, 2.0]);
            let columns = x.clone().reversed_axes();
            assert_eq!(rows(Frame::from_array(columns).unwrap())[..4], [0.0, 10.0, 20.0, 30.0]);
        }

        #[test]
        fn an_array_given_away_is_not_copied() {
            let x = Array2::<f64>::zeros((100, 3));
            let at = x.as_ptr();
            assert_eq!(Frame::from_array(x).unwrap().numbers().as_ptr(), at);
        }

        #[test]
        fn arrays_that_do_not_fit_are_refused() {
            let labels = array!["a", "b"];
            assert!(Dataset::from_arrays(array![[1.0], [2.0], [3.0]], labels.view()).is_err());
            assert!(Dataset::from_arrays(array![[1.0], [f64::INFINITY]], labels.view()).is_err());
            assert!(Dataset::from_arrays(Array2::<f64>::zeros((2, 0)), labels.view()).is_err());
            assert!(Frame::from_array(Array2::<f64>::zeros((0, 2))).is_err());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<R: AsRef<[f64]>>(rows: &[R], labels: &[&str]) -> String {
        Dataset::from_rows(rows, labels).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let two = [[1.0], [2.0]];
        assert_eq!(
            message(&two, &["a", "a"]),
            "column `class`: every row has the label `a`; a classifier needs at least two classes"
        );
        assert!(message(&two, &["a", "b", "a"]).ends_with("got 1 columns, 2 rows, 3 of them with a target"));
        assert!(message(&two, &["a", " "]).starts_with("column `class`: the value is missing"));
        let ragged = [vec![1.0, 2.0], vec![3.0]];
        assert!(message(&ragged, &["a", "b"]).ends_with("as in the first, got 1 in row 1"));
        assert!(
            message(&[[1.0, 2.0], [3.0, f64::NEG_INFINITY]], &["a", "b"]).contains("-inf in row 1, column 1")
        );
        assert!(message::<[f64; 1]>(&[], &[]).contains("at least one row"));
        assert!(message(&[[], []], &["a", "b"]).contains("at least one row and one column"));
    }

    #[test]
    fn missing_numbers_stay() {
        assert_eq!(Dataset::from_rows(&[[f64::NAN], [1.0]], &[true, false]).unwrap().frame().missing(), 1);
    }

    #[test]
    fn labels_of_any_kind_become_sorted_classes() {
        let data = Dataset::from_rows(&[[0.0], [1.0], [2.0]], &[10_u8, 9, 10]).unwrap();
        assert_eq!((data.classes(), data.labels()), (&["9".to_owned(), "10".to_owned()][..], &[1, 0, 1][..]));
        let data = Dataset::from_rows(&[[0.0], [1.0]], &['z', 'a']).unwrap();
        assert_eq!(data.labels(), [1, 0]);
    }

    #[test]
    fn a_class_outside_those_of_a_model_is_named() {
        let target = Target::from_labels("y", ["a", "c"]).unwrap();
        let error = target.among(&["a".into(), "b".into()]).unwrap_err().to_string();
        assert!(error.starts_with("column `y`: label `c` is not among"), "{error}");
        assert!(Target::numbers(vec!["y".into()], vec![1.0]).unwrap().among(&["1".into()]).is_err());
    }
}
