//! Tensors on paper, as NumPy prints arrays (its `arrayprint.py`, version 2.4): one form for all elements, so that columns
//! align, as short as it can be without losing what eight digits after the point can say.

use super::Tensor;
use crate::{Float, Shape};
use std::fmt;

/// How many digits after the point at most, where the format does not say.
const DIGITS: usize = 8;
/// Beyond so many elements only the first and the last along each axis are shown, …
const MOST_ELEMENTS: usize = 1000;
/// … this many of each.
const EDGE: usize = 3;
/// Longer lines are broken.
const LINE: usize = 75;

/// As NumPy prints it: nested brackets, aligned columns, at most eight digits after the point, in scientific notation where
/// numbers are very large, very small or far apart, and with `...` in the middle of more than 1000 elements. A tensor
/// without axes is its number.
///
/// `{:.3}` gives three digits after the point at most; `{:#}` shows all elements.
///
/// ```
/// use tape::Tensor;
/// let x = Tensor::from([[1.0, 2.5], [-10.0, 1.0 / 3.0]]);
/// assert_eq!(x.to_string(), "[[  1.           2.5       ]\n [-10.           0.33333333]]");
/// assert_eq!(format!("{x:.2}"), "[[  1.     2.5 ]\n [-10.     0.33]]");
/// assert_eq!(Tensor::scalar(1.0 / 3.0).to_string(), "0.3333333333333333");
/// ```
impl<T: Float> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elements = self.as_slice();
        if let (true, None, [x]) = (self.dims().is_empty(), f.precision(), elements) {
            return f.write_str(&alone(*x));
        }
        if elements.is_empty() {
            return f.write_str("[]");
        }
        let summary = elements.len() > MOST_ELEMENTS && !f.alternate();
        let page = Page { shape: self.dims(), elements, summary };
        let mut shown = Vec::new();
        page.places(0, 0, &mut shown);
        let shown: Vec<T> = shown.into_iter().map(|place| elements[place]).collect();
        let form = Form::of(&shown, f.precision().unwrap_or(DIGITS));
        f.write_str(&page.part(0, 0, &form))
    }
}

/// A number by itself, in as many digits as tell it from its neighbours.
fn alone<T: Float>(x: T) -> String {
    let size = x.to_f64().abs();
    let most = if T::NAME == "f32" { 1e6 } else { 1e16 };
    if !size.is_finite() {
        not_finite(x.to_f64()).to_owned()
    } else if size != 0.0 && !(1e-4..most).contains(&size) {
        let parts = Parts::scientific(x, usize::MAX);
        let point = if parts.fraction.is_empty() { "" } else { "." };
        format!("{}{point}{}e{}", parts.whole, parts.fraction, exponent(parts.exponent, 2))
    } else {
        let plain = Parts::positional(x, usize::MAX);
        format!("{}.{:0<1}", plain.whole, plain.fraction)
    }
}

fn not_finite(x: f64) -> &'static str {
    match x {
        f64::INFINITY => "inf",
        f64::NEG_INFINITY => "-inf",
        _ => "nan",
    }
}

/// The sign and at least so many digits of an exponent.
fn exponent(exponent: i32, width: usize) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{:0width$}", exponent.unsigned_abs())
}

/// A number in two or three parts: before the point, after it, and the exponent.
struct Parts {
    whole: String,
    fraction: String,
    exponent: i32,
}

impl Parts {
    /// As many digits after the point as tell the number from its neighbours, and at most `digits`.
    fn positional<T: Float>(x: T, digits: usize) -> Parts {
        // Without an exponent, and as short as can be: what the standard library writes.
        let plain = x.to_string();
        let needed = plain.split_once('.').map_or(0, |(_, fraction)| fraction.len()).min(digits);
        // Of two that are as short and as near NumPy takes the even one, so the number itself is rounded.
        let rounded = if plain.contains('.') { format!("{:.needed$}", x.to_f64()) } else { plain };
        let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
        Parts { whole: whole.to_owned(), fraction: fraction.trim_end_matches('0').to_owned(), exponent: 0 }
    }

    /// The same in scientific notation.
    fn scientific<T: Float>(x: T, digits: usize) -> Parts {
        let plain = x.to_string().replace(['-', '.'], "");
        let needed = plain.trim_matches('0').len().saturating_sub(1).min(digits);
        let rounded = Parts::exactly(x, needed);
        Parts { fraction: rounded.fraction.trim_end_matches('0').to_owned(), ..rounded }
    }

    /// In scientific notation with so many digits of the number itself after the point, whether or not the last of them
    /// tell it from its neighbours.
    fn exactly<T: Float>(x: T, digits: usize) -> Parts {
        let rounded = format!("{:.digits$e}", x.to_f64());
        let (number, exponent) = rounded.split_once('e').expect("scientific notation has an exponent");
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let exponent = exponent.parse().expect("an exponent is an integer");
        Parts { whole: whole.to_owned(), fraction: fraction.to_owned(), exponent }
    }
}

/// The one form of all elements.
struct Form {
    scientific: bool,
    /// How many characters stand before the point, and after it.
    before: usize,
    after: usize,
    /// How many digits after the point at most; in scientific notation, exactly.
    digits: usize,
    /// How many digits the exponent has.
    exponent: usize,
}

impl Form {
    fn of<T: Float>(elements: &[T], digits: usize) -> Form {
        let finite: Vec<T> = elements.iter().copied().filter(|x| x.to_f64().is_finite()).collect();
        let mut form = Form { scientific: is_wide(&finite), before: 0, after: 0, digits, exponent: 0 };
        if form.scientific {
            let parts: Vec<_> = finite.iter().map(|&x| Parts::scientific(x, digits)).collect();
            let most = |length: fn(&Parts) -> usize| parts.iter().map(length).max().unwrap_or(0);
            form.before = most(|parts| parts.whole.len());
            form.digits = most(|parts| parts.fraction.len());
            form.exponent = most(|parts| exponent(parts.exponent, 2).len() - 1);
            form.after = form.digits + 2 + form.exponent;
        } else {
            for &x in &finite {
                let parts = Parts::positional(x, digits);
                form.before = form.before.max(parts.whole.len());
                form.after = form.after.max(parts.fraction.len());
            }
        }
        let others = elements.iter().map(|x| x.to_f64()).filter(|x| !x.is_finite());
        let widest = others.map(|x| not_finite(x).len()).max().unwrap_or(0);
        form.before = form.before.max(widest.saturating_sub(form.after + 1));
        form
    }

    fn write<T: Float>(&self, x: T) -> String {
        let (before, after) = (self.before, self.after);
        if !x.to_f64().is_finite() {
            return format!("{:>width$}", not_finite(x.to_f64()), width = before + 1 + after);
        }
        if self.scientific {
            let parts = Parts::exactly(x, self.digits);
            let exponent = exponent(parts.exponent, self.exponent);
            return format!("{:>before$}.{}e{exponent}", parts.whole, parts.fraction);
        }
        let parts = Parts::positional(x, self.digits);
        format!("{:>before$}.{:<after$}", parts.whole, parts.fraction)
    }
}

/// Whether numbers are so large, so small or so far apart that they want scientific notation.
fn is_wide<T: Float>(finite: &[T]) -> bool {
    let sizes = || finite.iter().map(|x| x.abs()).filter(|x| *x > T::default());
    let (Some(least), Some(most)) =
        (sizes().reduce(|a, b| if b < a { b } else { a }), sizes().reduce(|a, b| if b > a { b } else { a }))
    else {
        return false;
    };
    let limit = if T::NAME == "f32" { 1e6 } else { 1e8 };
    most >= T::from_f64(limit) || least < T::from_f64(1e-4) || most / least > T::from_f64(1e3)
}

/// What is to be shown, and how much of it.
struct Page<'a, T> {
    shape: &'a Shape,
    elements: &'a [T],
    summary: bool,
}

impl<T: Float> Page<'_, T> {
    /// The indices along an axis that are shown, and before which of them (counted among these) the dots stand.
    fn shown(&self, axis: usize) -> (Vec<usize>, Option<usize>) {
        let length = self.shape[axis];
        if !self.summary || length <= 2 * EDGE {
            return ((0..length).collect(), None);
        }
        ((0..EDGE).chain(length - EDGE..length).collect(), Some(EDGE))
    }

    /// Where the parts of the part that starts at `place` start.
    fn steps(&self, axis: usize, place: usize) -> (Vec<usize>, Option<usize>) {
        let step: usize = self.shape[axis + 1..].iter().product();
        let (indices, dots) = self.shown(axis);
        (indices.into_iter().map(|i| place + i * step).collect(), dots)
    }

    /// The places of all elements that are shown.
    fn places(&self, axis: usize, place: usize, shown: &mut Vec<usize>) {
        if axis == self.shape.rank() {
            return shown.push(place);
        }
        for place in self.steps(axis, place).0 {
            self.places(axis + 1, place, shown);
        }
    }

    /// The part that starts at `place` and has all axes from `axis` on.
    fn part(&self, axis: usize, place: usize, form: &Form) -> String {
        let axes_left = self.shape.rank() - axis;
        if axes_left == 0 {
            return form.write(self.elements[place]);
        }
        let (starts, dots) = self.steps(axis, place);
        let mut words: Vec<String> = starts.iter().map(|&start| self.part(axis + 1, start, form)).collect();
        if let Some(dots) = dots {
            words.insert(dots, "...".to_owned());
        }
        let indent = " ".repeat(axis + 1);
        let inner = match axes_left {
            1 => broken(&words, &indent, LINE.saturating_sub(axis + 1)),
            _ => words.join(&format!("{}{indent}", "\n".repeat(axes_left - 1))),
        };
        format!("[{inner}]")
    }
}

/// The words of a row in lines of at most `width` characters, the bracket included that stands before them.
fn broken(words: &[String], indent: &str, width: usize) -> String {
    let mut text = String::new();
    let mut line = indent.len();
    for (k, word) in words.iter().enumerate() {
        if k > 0 && line + 1 + word.len() > width {
            // Blanks that fill a column to its width are not left at the end of a line.
            text.truncate(text.trim_end().len());
            text = text + "\n" + indent;
            line = indent.len();
        } else if k > 0 {
            text.push(' ');
            line += 1;
        }
        text += word;
        line += word.len();
    }
    text
}
