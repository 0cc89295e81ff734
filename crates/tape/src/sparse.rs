//! Sparse matrices of derivatives: which entries there are, which columns can share a sweep, and the entries from the sweeps.
//!
//! Columns without a common row are multiplied with one vector (Curtis, Powell and Reid 1974). A symmetric matrix needs fewer:
//! a star colouring, in which each entry can be read at it or at its mirror image (Coleman and Moré 1984; the greedy
//! algorithms are those of Gebremedhin, Manne and Pothen 2005, *What color is your Jacobian?*, SIAM Review 47).

use crate::{Dual, Error, Var, hvp, jvp};

/// Which entries of a matrix may differ from zero, in compressed rows.
///
/// ```
/// use tape::Pattern;
/// let arrow = Pattern::new(3, 3, [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 0), (2, 0)])?;
/// assert_eq!(arrow.row(0), [0, 1, 2]);
/// assert_eq!(arrow.entries(), 7);
/// # Ok::<(), tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    columns: usize,
    /// Row i is `indices[begins[i]..begins[i + 1]]`, ascending.
    begins: Vec<usize>,
    indices: Vec<usize>,
}

impl Pattern {
    /// The pattern with these entries (row, column), in any order; one that comes twice counts once.
    ///
    /// # Errors
    /// When an entry lies outside the matrix.
    ///
    /// ```
    /// let error = tape::Pattern::new(2, 2, [(0, 2)]).unwrap_err();
    /// assert_eq!(error.to_string(), "pattern: wants a column below 2, got 2");
    /// ```
    pub fn new(
        rows: usize,
        columns: usize,
        entries: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Pattern, Error> {
        let mut lists = vec![Vec::new(); rows];
        for (row, column) in entries {
            let outside = |what: &str, end: usize, got: usize| Error::Index {
                operation: "pattern",
                want: format!("wants a {what} below {end}"),
                got,
            };
            if column >= columns {
                return Err(outside("column", columns, column));
            }
            lists.get_mut(row).ok_or_else(|| outside("row", rows, row))?.push(column);
        }
        for list in &mut lists {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Pattern::of_rows(columns, lists.iter().map(|list| list.iter().copied())))
    }

    /// The pattern with these rows, each ascending.
    pub(crate) fn of_rows<R: IntoIterator<Item = usize>>(
        columns: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Pattern {
        let mut pattern = Pattern { columns, begins: vec![0], indices: Vec::new() };
        for row in rows {
            pattern.indices.extend(row);
            pattern.begins.push(pattern.indices.len());
        }
        pattern
    }

    /// How many rows the matrix has.
    ///
    /// ```
    /// assert_eq!(tape::Pattern::new(2, 3, [])?.rows(), 2);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn rows(&self) -> usize {
        self.begins.len() - 1
    }

    /// How many columns the matrix has.
    ///
    /// ```
    /// assert_eq!(tape::Pattern::new(2, 3, [])?.columns(), 3);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many entries may differ from zero.
    ///
    /// ```
    /// assert_eq!(tape::Pattern::new(2, 3, [(0, 0), (1, 2)])?.entries(), 2);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn entries(&self) -> usize {
        self.indices.len()
    }

    /// The columns of the entries of a row, ascending.
    ///
    /// # Panics
    /// When there is no such row.
    ///
    /// ```
    /// assert_eq!(tape::Pattern::new(2, 3, [(1, 2), (1, 0)])?.row(1), [0, 2]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn row(&self, row: usize) -> &[usize] {
        &self.indices[self.begins[row]..self.begins[row + 1]]
    }

    /// The entries (row, column), row after row.
    ///
    /// ```
    /// let pattern = tape::Pattern::new(2, 2, [(1, 0), (0, 1)])?;
    /// assert_eq!(pattern.triplets().collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn triplets(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.rows()).flat_map(|row| self.row(row).iter().map(move |&column| (row, column)))
    }

    /// The pattern of the transposed matrix.
    ///
    /// ```
    /// let pattern = tape::Pattern::new(1, 2, [(0, 1)])?;
    /// assert_eq!(pattern.transposed().row(1), [0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    #[must_use]
    pub fn transposed(&self) -> Pattern {
        let mut rows = vec![Vec::new(); self.columns];
        for (row, column) in self.triplets() {
            rows[column].push(row);
        }
        Pattern::of_rows(self.rows(), rows)
    }

    /// A colour for each column, from 0, such that columns of one colour have no row in common.
    ///
    /// ```
    /// let band = (0..100_usize).flat_map(|i| (i.saturating_sub(1)..(i + 2).min(100)).map(move |j| (i, j)));
    /// let colours = tape::Pattern::new(100, 100, band)?.column_colours();
    /// assert_eq!(colours.iter().max(), Some(&2));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn column_colours(&self) -> Vec<usize> {
        let transposed = self.transposed();
        self.fewest(&transposed, |column, colours, forbid| {
            for &row in transposed.row(column) {
                for &other in self.row(row) {
                    if let Some(colour) = colours[other] {
                        forbid(colour);
                    }
                }
            }
        })
    }

    /// A colour for each column of a symmetric matrix, from 0, such that every entry can be read from the sums of the columns
    /// of a colour, at itself or at its mirror image: no path over four columns has only two colours.
    ///
    /// # Errors
    /// When the pattern is not square, or not symmetric.
    ///
    /// ```
    /// let arrow = (0..50).flat_map(|i| [(i, i), (0, i), (i, 0)]);
    /// let colours = tape::Pattern::new(50, 50, arrow)?.symmetric_colours()?;
    /// assert_eq!(colours.iter().max(), Some(&1)); // columns without a common row would need 50 colours
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn symmetric_colours(&self) -> Result<Vec<usize>, Error> {
        let operation = "symmetric_colours";
        if self.rows() != self.columns {
            return Err(Error::shape(operation, "wants a square pattern", &[&[self.rows(), self.columns]]));
        }
        if let Some((row, column)) = self.triplets().find(|&(i, j)| !self.has(j, i)) {
            let want =
                format!("wants entries at both ({row}, {column}) and ({column}, {row}), or at neither");
            return Err(Error::Length { operation, want, got: 1 });
        }
        let neighbours = |v: usize| self.row(v).iter().copied().filter(move |&w| w != v);
        Ok(self.fewest(self, |v, colours, forbid| {
            for w in neighbours(v) {
                colours[w].iter().for_each(|&colour| forbid(colour));
                for x in neighbours(w).filter(|&x| x != v) {
                    let Some(colour) = colours[x] else { continue };
                    // v - w - x - y with two colours, or it would be so when w gets one.
                    let closes = |y: usize| y != w && colours[y] == colours[w];
                    if colours[w].is_none() || neighbours(x).any(closes) {
                        forbid(colour);
                    }
                }
            }
        }))
    }

    fn has(&self, row: usize, column: usize) -> bool {
        self.row(row).binary_search(&column).is_ok()
    }

    /// The least colour that is not forbidden for each column in turn: from left to right, or those with the most entries first,
    /// whichever needs fewer colours. `by_column` has the entries of a column as a row.
    fn fewest(
        &self,
        by_column: &Pattern,
        forbidden: impl Fn(usize, &[Option<usize>], &mut dyn FnMut(usize)),
    ) -> Vec<usize> {
        let in_order: Vec<usize> = (0..self.columns).collect();
        let mut full_first = in_order.clone();
        full_first.sort_by_key(|&column| std::cmp::Reverse(by_column.row(column).len()));
        let colour = |order: &[usize]| {
            let mut colours = vec![None; self.columns];
            // For which column a colour was forbidden last.
            let mut stamps: Vec<usize> = Vec::new();
            for &column in order {
                forbidden(column, &colours, &mut |colour| {
                    if colour >= stamps.len() {
                        stamps.resize(colour + 1, usize::MAX);
                    }
                    stamps[colour] = column;
                });
                let free = stamps.iter().position(|&stamp| stamp != column).unwrap_or(stamps.len());
                colours[column] = Some(free);
            }
            colours.into_iter().flatten().collect::<Vec<_>>()
        };
        let (a, b) = (colour(&in_order), colour(&full_first));
        if count(&b) < count(&a) { b } else { a }
    }
}

/// How many colours there are.
fn count(colours: &[usize]) -> usize {
    colours.iter().max().map_or(0, |most| most + 1)
}

/// A matrix of which only the entries of a pattern are stored.
///
/// ```
/// use tape::{Dual, Pattern, sparse_jacobian};
/// let f = |x: &[Dual<f64>]| vec![x[0] * x[0], x[1].exp()];
/// let jacobian = sparse_jacobian(f, &Pattern::new(2, 2, [(0, 0), (1, 1)])?, &[3.0, 0.0])?;
/// assert_eq!(jacobian.triplets().collect::<Vec<_>>(), [(0, 0, 6.0), (1, 1, 1.0)]);
/// assert_eq!(jacobian.sweeps(), 1);
/// # Ok::<(), tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    pattern: Pattern,
    values: Vec<f64>,
    sweeps: usize,
}

impl Sparse {
    /// Which entries there are.
    ///
    /// ```
    /// # use tape::{Dual, Pattern, sparse_jacobian};
    /// let one = Pattern::new(1, 1, [(0, 0)])?;
    /// assert_eq!(sparse_jacobian(|x: &[Dual<f64>]| x.to_vec(), &one, &[1.0])?.pattern(), &one);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// How many directions were swept to get all entries: the number of colours.
    ///
    /// ```
    /// # use tape::{Dual, Pattern, sparse_jacobian};
    /// let both = Pattern::new(1, 2, [(0, 0), (0, 1)])?;
    /// assert_eq!(sparse_jacobian(|x: &[Dual<f64>]| vec![x[0] * x[1]], &both, &[1.0, 2.0])?.sweeps(), 2);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn sweeps(&self) -> usize {
        self.sweeps
    }

    /// The entries (row, column, value), row after row.
    ///
    /// ```
    /// # use tape::{Dual, Pattern, sparse_jacobian};
    /// let both = Pattern::new(1, 2, [(0, 0), (0, 1)])?;
    /// let jacobian = sparse_jacobian(|x: &[Dual<f64>]| vec![x[0] * x[1]], &both, &[1.0, 2.0])?;
    /// assert_eq!(jacobian.triplets().collect::<Vec<_>>(), [(0, 0, 2.0), (0, 1, 1.0)]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn triplets(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        self.pattern.triplets().zip(&self.values).map(|((row, column), &value)| (row, column, value))
    }

    /// Compressed rows: where each row begins, with the end of the last, the columns, the values.
    ///
    /// ```
    /// # use tape::{Dual, Pattern, sparse_jacobian};
    /// let both = Pattern::new(1, 2, [(0, 0), (0, 1)])?;
    /// let jacobian = sparse_jacobian(|x: &[Dual<f64>]| vec![x[0] * x[1]], &both, &[1.0, 2.0])?;
    /// assert_eq!(jacobian.csr(), (&[0, 2][..], &[0, 1][..], &[2.0, 1.0][..]));
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn csr(&self) -> (&[usize], &[usize], &[f64]) {
        (&self.pattern.begins, &self.pattern.indices, &self.values)
    }

    /// The product with a vector.
    ///
    /// # Errors
    /// When `v` does not have an entry for each column.
    ///
    /// ```
    /// # use tape::{Dual, Pattern, sparse_jacobian};
    /// let both = Pattern::new(1, 2, [(0, 0), (0, 1)])?;
    /// let jacobian = sparse_jacobian(|x: &[Dual<f64>]| vec![x[0] * x[1]], &both, &[1.0, 2.0])?;
    /// assert_eq!(jacobian.times(&[10.0, 1.0])?, [21.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn times(&self, v: &[f64]) -> Result<Vec<f64>, Error> {
        if v.len() != self.pattern.columns {
            let want = format!("wants an entry for each of the {} columns", self.pattern.columns);
            return Err(Error::Length { operation: "times", want, got: v.len() });
        }
        let mut product = vec![0.0; self.pattern.rows()];
        self.triplets().for_each(|(row, column, value)| product[row] += value * v[column]);
        Ok(product)
    }
}

/// The columns of a matrix, coloured: what is asked of sweeps, and what is read from them.
#[derive(Clone, Debug)]
pub(crate) struct Compression {
    pattern: Pattern,
    colours: Vec<usize>,
    /// For each entry (i, j), the row and the colour where the product with the directions has it.
    places: Vec<(usize, usize)>,
}

impl Compression {
    /// Of any matrix, by columns.
    pub(crate) fn of_columns(pattern: &Pattern) -> Compression {
        let colours = pattern.column_colours();
        let places = pattern.triplets().map(|(row, column)| (row, colours[column])).collect();
        Compression { pattern: pattern.clone(), colours, places }
    }

    /// Of a symmetric matrix.
    pub(crate) fn of_symmetric(pattern: &Pattern) -> Result<Compression, Error> {
        let colours = pattern.symmetric_colours()?;
        // How many entries of the row at hand have a colour.
        let mut shared = vec![0_usize; count(&colours)];
        let mut places = Vec::with_capacity(pattern.entries());
        for row in 0..pattern.rows() {
            pattern.row(row).iter().for_each(|&column| shared[colours[column]] += 1);
            for &column in pattern.row(row) {
                let alone = shared[colours[column]] == 1;
                places.push(if alone { (row, colours[column]) } else { (column, colours[row]) });
            }
            pattern.row(row).iter().for_each(|&column| shared[colours[column]] = 0);
        }
        Ok(Compression { pattern: pattern.clone(), colours, places })
    }

    /// How many directions are needed.
    pub(crate) fn directions(&self) -> usize {
        if self.places.is_empty() { 0 } else { count(&self.colours) }
    }

    /// Whether a direction has a one for that column.
    pub(crate) fn seeds(&self, direction: usize, column: usize) -> bool {
        self.colours[column] == direction
    }

    /// The matrix from its products with the directions: (directions, rows).
    pub(crate) fn read(&self, products: &[f64]) -> Sparse {
        let rows = self.pattern.rows();
        let values = self.places.iter().map(|&(row, colour)| products[colour * rows + row]).collect();
        Sparse { pattern: self.pattern.clone(), values, sweeps: self.directions() }
    }

    /// The transposed matrix from the products of this one.
    pub(crate) fn read_transposed(&self, products: &[f64]) -> Sparse {
        let Sparse { pattern, values, sweeps } = self.read(products);
        let transposed = pattern.transposed();
        let mut next = transposed.begins.clone();
        let mut turned = vec![0.0; values.len()];
        for ((_, column), value) in pattern.triplets().zip(values) {
            turned[next[column]] = value;
            next[column] += 1;
        }
        Sparse { pattern: transposed, values: turned, sweeps }
    }

    /// All products, each computed from one direction.
    fn products(
        &self,
        operation: &'static str,
        mut along: impl FnMut(&[f64]) -> Result<Vec<f64>, Error>,
    ) -> Result<Vec<f64>, Error> {
        let mut products = Vec::new();
        if self.directions() == 0 {
            // The function is looked at all the same: it may be another than the pattern's.
            let got = along(&vec![0.0; self.pattern.columns])?.len();
            must_have(operation, self.pattern.rows(), got)?;
        }
        for direction in 0..self.directions() {
            let seed = |column| f64::from(u8::from(self.seeds(direction, column)));
            let each = along(&(0..self.pattern.columns).map(seed).collect::<Vec<_>>())?;
            must_have(operation, self.pattern.rows(), each.len())?;
            products.extend(each);
        }
        Ok(products)
    }
}

fn must_have(operation: &'static str, rows: usize, got: usize) -> Result<(), Error> {
    if rows == got {
        return Ok(());
    }
    let want = format!("wants a function with an output for each of the pattern's {rows} rows");
    Err(Error::Length { operation, want, got })
}

fn must_fit(operation: &'static str, pattern: &Pattern, x: &[f64]) -> Result<(), Error> {
    if pattern.columns == x.len() {
        return Ok(());
    }
    let want = format!("wants an input for each of the pattern's {} columns", pattern.columns);
    Err(Error::Length { operation, want, got: x.len() })
}

/// The Jacobian of `f` at `x` from one forward sweep for each colour of the pattern's columns.
///
/// The pattern must have every entry that is not zero, or wrong numbers come out;
/// [`Program::jacobian_pattern`](crate::Program::jacobian_pattern) finds it.
///
/// # Errors
/// When the pattern has not a column for each input and a row for each output.
///
/// ```
/// use tape::{Program, Real, sparse_jacobian};
/// fn f<R: Real>(x: &[R]) -> Vec<R> { x.windows(2).map(|pair| pair[0] * pair[1]).collect() }
/// let x: Vec<f64> = (0..1000).map(f64::from).collect();
/// let pattern = Program::trace_many(f, &x).jacobian_pattern();
/// let jacobian = sparse_jacobian(f, &pattern, &x)?;
/// assert_eq!(jacobian.sweeps(), 2);
/// assert_eq!(jacobian.triplets().next(), Some((0, 0, 1.0)));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn sparse_jacobian(
    f: impl Fn(&[Dual<f64>]) -> Vec<Dual<f64>>,
    pattern: &Pattern,
    x: &[f64],
) -> Result<Sparse, Error> {
    must_fit("sparse_jacobian", pattern, x)?;
    let compression = Compression::of_columns(pattern);
    let products = compression.products("sparse_jacobian", |seed| Ok(jvp(&f, x, seed)?.1))?;
    Ok(compression.read(&products))
}

/// The Hessian of `f` at `x` from one Hessian-vector product for each colour of the symmetric pattern.
///
/// The pattern must have every entry that is not zero, or wrong numbers come out;
/// [`Program::hessian_pattern`](crate::Program::hessian_pattern) finds it.
///
/// # Errors
/// When the pattern is not square and symmetric, or has not a column for each input.
///
/// ```
/// use tape::{Program, Real, sparse_hessian};
/// fn f<R: Real>(x: &[R]) -> R { x.windows(2).map(|pair| pair[0] * pair[1].powi(2)).sum() }
/// let x: Vec<f64> = (0..1000).map(f64::from).collect();
/// let pattern = Program::trace(f, &x).hessian_pattern()?;
/// let hessian = sparse_hessian(f, &pattern, &x)?;
/// assert_eq!(hessian.sweeps(), 3);
/// assert!(hessian.triplets().any(|entry| entry == (5, 6, 12.0)));
/// # Ok::<(), tape::Error>(())
/// ```
pub fn sparse_hessian(
    f: impl Fn(&[Dual<Var>]) -> Dual<Var>,
    pattern: &Pattern,
    x: &[f64],
) -> Result<Sparse, Error> {
    must_fit("sparse_hessian", pattern, x)?;
    let compression = Compression::of_symmetric(pattern)?;
    let products = compression.products("sparse_hessian", |seed| hvp(&f, x, seed))?;
    Ok(compression.read(&products))
}
