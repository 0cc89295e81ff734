//! Whole matrices of derivatives against differences, and each mode against the other.

use super::differences::{Slope, scale, slopes};
use super::{TOLERANCE, agrees, disagreement, moved, unit};
use crate::{Dual, Error, Real, Tape, Var};
use std::fmt;

/// An entry of a matrix of derivatives, as three ways to it have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Which output; of a Hessian, which input of the gradient.
    pub row: usize,
    /// Which input it is differentiated by.
    pub column: usize,
    /// What a reverse sweep says; for a Hessian, of the derivative along the column.
    pub reverse: f64,
    /// What forward mode says; for a Hessian, the entry that stands mirrored at the diagonal.
    pub other: f64,
    /// What central differences say.
    pub differences: f64,
    /// How far apart the farthest two are, relative to the size of the entry, or to as much as the rounding of the function
    /// leaves to be seen of it; NaN if one is.
    pub off: f64,
}

/// A matrix of derivatives that was held against differences: how large it is, and the entries that are farthest off.
///
/// Its text is a table of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The check that was asked for: `jacobian` or `hessian`.
    pub matrix: &'static str,
    /// Rows and columns.
    pub shape: [usize; 2],
    /// The entries that are farthest off, the worst first; at most eight.
    pub worst: Vec<Entry>,
}

/// How many entries a comparison shows.
const SHOWN: usize = 8;

impl Comparison {
    fn of(matrix: &'static str, shape: [usize; 2], mut entries: Vec<Entry>) -> Result<Self, Error> {
        // What is not a number comes first.
        let worse = |a: &Entry, b: &Entry| match (a.off.is_nan(), b.off.is_nan()) {
            (false, false) => b.off.total_cmp(&a.off),
            (a, b) => b.cmp(&a),
        };
        entries.sort_by(worse);
        entries.truncate(SHOWN);
        let comparison = Comparison { matrix, shape, worst: entries };
        if agrees(comparison.off()) { Ok(comparison) } else { Err(Error::Entries(Box::new(comparison))) }
    }

    /// How far off the worst entry is; 0 of no entries.
    ///
    /// ```
    /// let report = tape::check::jacobian(|x| vec![x[0] * x[1], x[0].sin()], &[0.5, 2.0])?;
    /// assert!(report.off() < 1e-9);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn off(&self) -> f64 {
        self.worst.first().map_or(0.0, |entry| entry.off)
    }
}

impl std::error::Error for Comparison {}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rows, columns] = self.shape;
        let off = self.off();
        write!(f, "check: {} of {rows} × {columns} entries, the worst off by {off:.1e}", self.matrix)?;
        if let Some(worst) = self.worst.first().filter(|_| !agrees(off)) {
            let (row, column) = (worst.row, worst.column);
            write!(f, ", where {TOLERANCE:.0e} is let pass: entry [{row}, {column}]")?;
        }
        let other = if self.matrix == "jacobian" { "forward" } else { "mirrored" };
        let heads = ["reverse", other, "differences"];
        write!(
            f,
            "\n{:>6} {:>6} {:>24} {:>24} {:>24} {:>9}",
            "row", "column", heads[0], heads[1], heads[2], "off"
        )?;
        for Entry { row, column, reverse, other, differences, off } in &self.worst {
            write!(f, "\n{row:>6} {column:>6} {reverse:>24} {other:>24} {differences:>24} {off:>9.1e}")?;
        }
        Ok(())
    }
}

/// Checks every entry of the Jacobian of a function of scalars at `x`: a sweep from each output, forward mode along each
/// input, and central differences have to agree. It takes as many sweeps as outputs and some six evaluations for each input.
///
/// # Errors
/// [`Error::Entries`] with a table of what is off; [`Error::Length`] when the function has not as many outputs everywhere.
///
/// ```
/// use tape::{Real, check};
/// fn polar<R: Real>(x: &[R]) -> Vec<R> { vec![x[0] * x[1].cos(), x[0] * x[1].sin()] }
/// check::jacobian(polar, &[2.0, 0.5])?;
///
/// // A dependence that is hidden is found: row, column and what each way says.
/// fn wrong<R: Real>(x: &[R]) -> Vec<R> { vec![x[0] * x[1], x[0] * R::from_f64(x[1].to_f64())] }
/// let error = check::jacobian(wrong, &[2.0, 3.0]).unwrap_err();
/// assert!(error.to_string().contains("entry [1, 1]"));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn jacobian(f: impl Fn(&[Dual<Var>]) -> Vec<Dual<Var>>, x: &[f64]) -> Result<Comparison, Error> {
    let along = |x: &[f64], v: &[f64]| {
        let inputs = x.iter().zip(v).map(|(&x, &v)| Dual::new(Var::from(x), Var::from(v)));
        f(&inputs.collect::<Vec<_>>())
    };
    let primal = |x: &[f64]| along(x, &vec![0.0; x.len()]).iter().map(|y| y.to_f64()).collect();
    let reverse = {
        let tape = Tape::begin();
        let leaves = tape.vars(x);
        let inputs: Vec<_> = leaves.iter().map(|&x| Dual::constant(x)).collect();
        f(&inputs).into_iter().map(|y| gradient_of(&tape, y.value, x.len())).collect::<Result<Vec<_>, _>>()?
    };
    let m = reverse.len();
    let mut entries = Vec::new();
    for column in 0..x.len() {
        let v = unit(&vec![1.0; x.len()], column);
        let forward: Vec<f64> = along(x, &v).iter().map(|y| y.tangent.to_f64()).collect();
        let differences = differences("jacobian", primal, x, column, m)?;
        for (row, reverse) in reverse.iter().enumerate() {
            entries.push(Entry::of(row, column, reverse[column], forward[row], differences[row]));
        }
    }
    Comparison::of("jacobian", [m, x.len()], entries)
}

/// Checks the gradient of a function of scalars at `x`, and every entry of its Hessian: a sweep of the derivative along each
/// input, the entry on the other side of the diagonal, and central differences of the gradient have to agree.
///
/// # Errors
/// [`Error::Entries`] with a table of what is off: of the gradient, as the one row of a Jacobian, or else of the Hessian.
///
/// ```
/// use tape::{Real, check};
/// fn f<R: Real>(x: &[R]) -> R { x[0].sin() * x[1].exp() }
/// let report = check::hessian(f, &[0.5, -1.0])?;
/// assert!(report.off() < 1e-9);
/// assert_eq!(report.shape, [2, 2]);
/// # Ok::<(), tape::Error>(())
/// ```
pub fn hessian(f: impl Fn(&[Dual<Var>]) -> Dual<Var>, x: &[f64]) -> Result<Comparison, Error> {
    jacobian(|x| vec![f(x)], x)?;
    let n = x.len();
    let swept = |x: &[f64], v: &[f64], part: fn(Dual<Var>) -> Var| {
        let tape = Tape::begin();
        let leaves = tape.vars(x);
        let inputs = leaves.iter().zip(v).map(|(&x, &v)| Dual::new(x, Var::from(v)));
        gradient_of(&tape, part(f(&inputs.collect::<Vec<_>>())), n)
    };
    let one = vec![1.0; n];
    let columns = (0..n).map(|k| swept(x, &unit(&one, k), |y| y.tangent)).collect::<Result<Vec<_>, _>>()?;
    let gradient = |x: &[f64]| swept(x, &vec![0.0; n], |y| y.value).unwrap_or_default();
    let mut entries = Vec::new();
    for (column, along) in columns.iter().enumerate() {
        let differences = differences("hessian", gradient, x, column, n)?;
        for row in 0..n {
            entries.push(Entry::of(row, column, along[row], columns[row][column], differences[row]));
        }
    }
    Comparison::of("hessian", [n, n], entries)
}

impl Entry {
    fn of(row: usize, column: usize, reverse: f64, other: f64, differences: Slope) -> Self {
        let size = reverse.abs().max(other.abs());
        let Slope { value: differences, noise } = differences;
        let pairs = [(reverse, differences), (other, differences), (reverse, other)];
        let apart = pairs.map(|(a, b)| disagreement(a, Slope { value: b, noise }, size));
        let nan = apart.iter().any(|off| off.is_nan());
        let off = if nan { f64::NAN } else { apart.into_iter().fold(0.0, f64::max) };
        Entry { row, column, reverse, other, differences, off }
    }
}

/// The derivatives of y by the first `n` lines of the tape.
fn gradient_of(tape: &Tape, y: Var, n: usize) -> Result<Vec<f64>, Error> {
    if !y.is_recorded() {
        return Ok(vec![0.0; n]);
    }
    Ok(tape.sweep(&y)?.of_first_lines(n))
}

/// The derivatives of the `m` values of `f` by one argument.
fn differences(
    operation: &'static str,
    f: impl Fn(&[f64]) -> Vec<f64>,
    x: &[f64],
    column: usize,
    m: usize,
) -> Result<Vec<Slope>, Error> {
    let scales: Vec<f64> = x.iter().map(|&x| scale(x)).collect();
    let v = unit(&scales, column);
    let along = slopes(|h| {
        let values = f(&moved(x, &v, h));
        if values.len() == m {
            return Ok(values.into_iter().map(|y| (y, y.abs())).collect());
        }
        let want = format!("wants as many outputs everywhere, {m} of them");
        Err(Error::Length { operation, want, got: values.len() })
    })?;
    Ok(along.into_iter().map(|slope| slope.by(scales[column])).collect())
}
