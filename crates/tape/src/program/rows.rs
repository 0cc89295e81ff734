//! Where a replay finds the inputs of its rows, and where their outputs go: nothing is copied that lies somewhere already.

/// Where the inputs of a replay come from.
pub(super) trait Source: Sync {
    /// What finds the numbers of a row.
    type Row: Copy + Default;
    fn row(&self, row: usize) -> Self::Row;
    fn number(&self, row: Self::Row, input: usize) -> f64;
}

/// Rows of `n` numbers, one after the other.
pub(super) struct Rows<'a> {
    pub(super) x: &'a [f64],
    pub(super) n: usize,
}

impl Source for Rows<'_> {
    type Row = usize;
    #[inline(always)]
    fn row(&self, row: usize) -> usize {
        row * self.n
    }
    #[inline(always)]
    fn number(&self, row: usize, input: usize) -> f64 {
        self.x[row + input]
    }
}

/// Rows of `n` numbers, each followed by its row of others.
pub(super) struct Pairs<'a> {
    pub(super) x: &'a [f64],
    pub(super) v: &'a [f64],
    pub(super) n: usize,
}

impl Source for Pairs<'_> {
    type Row = usize;
    #[inline(always)]
    fn row(&self, row: usize) -> usize {
        row * self.n
    }
    #[inline(always)]
    fn number(&self, row: usize, input: usize) -> f64 {
        if input < self.n { self.x[row + input] } else { self.v[row + input - self.n] }
    }
}

/// Each row of `n` numbers so many times, followed by a direction of zeros and ones: entry k of a direction is whether
/// `seeds(direction, k)`.
pub(super) struct Directions<'a, F> {
    pub(super) x: &'a [f64],
    pub(super) n: usize,
    pub(super) directions: usize,
    pub(super) seeds: F,
}

impl<F: Fn(usize, usize) -> bool + Sync> Source for Directions<'_, F> {
    type Row = [usize; 2];
    #[inline(always)]
    fn row(&self, row: usize) -> [usize; 2] {
        [row / self.directions * self.n, row % self.directions]
    }
    #[inline(always)]
    fn number(&self, [start, direction]: [usize; 2], input: usize) -> f64 {
        match input.checked_sub(self.n) {
            None => self.x[start + input],
            Some(k) => f64::from(u8::from((self.seeds)(direction, k))),
        }
    }
}

/// Where the outputs of a replay go: of every row the first `width` into one matrix, the `rest` into another.
pub(super) struct Target<'a> {
    pub(super) first: &'a mut [f64],
    pub(super) rest: &'a mut [f64],
    pub(super) width: [usize; 2],
}

impl<'a> Target<'a> {
    pub(super) fn one(y: &'a mut [f64], width: usize) -> Self {
        Target { first: y, rest: &mut [], width: [width, 0] }
    }

    /// The same, for a shorter while.
    pub(super) fn reborrow(&mut self) -> Target<'_> {
        Target { first: self.first, rest: self.rest, width: self.width }
    }

    /// The first so many rows, and those behind them.
    pub(super) fn split_at(self, rows: usize) -> (Self, Self) {
        let Target { first, rest, width } = self;
        let ((a, b), (c, d)) = (first.split_at_mut(rows * width[0]), rest.split_at_mut(rows * width[1]));
        (Target { first: a, rest: c, width }, Target { first: b, rest: d, width })
    }

    #[inline(always)]
    pub(super) fn set(&mut self, row: usize, output: usize, value: f64) {
        match output.checked_sub(self.width[0]) {
            None => self.first[row * self.width[0] + output] = value,
            Some(k) => self.rest[row * self.width[1] + k] = value,
        }
    }
}
