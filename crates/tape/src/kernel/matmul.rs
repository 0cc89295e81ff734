//! The matrix product.
//!
//! The plan is that of Goto and van de Geijn (2008, "Anatomy of high-performance matrix multiplication") in the form of
//! BLIS (Van Zee and van de Geijn 2015), with the left factor read in place where its rows allow: a block of the right
//! factor is copied into panels as wide as a tile and stays in the second-level cache, while the rows of the
//! left factor pass by. Small products read both factors in place.
#![expect(unsafe_code, reason = "hands pointers into the slices to the tiles, after checking their lengths")]

mod blocks;
mod dots;
mod lanes;
mod pack;
mod tile;

use super::level::{Level, level};
use super::threads::{self, Cut};
use blocks::blocks;
use dots::Dots;
use lanes::Lanes;
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::thread::LocalKey;
use tile::{Tile, Tiles};

/// The sizes of a product `C = op(A) · op(B)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatmulShape {
    /// Rows of op(A) and of C.
    pub m: usize,
    /// Columns of op(A), rows of op(B): the length of the sums.
    pub k: usize,
    /// Columns of op(B) and of C.
    pub n: usize,
}

/// A factor of a matrix product: a contiguous row-major matrix, read as it is or transposed.
#[derive(Clone, Copy, Debug)]
pub struct Factor<'a, T> {
    /// The elements, row after row.
    pub data: &'a [T],
    /// Whether the product reads the transpose of what is stored.
    pub transposed: bool,
}

impl<'a, T> Factor<'a, T> {
    /// The matrix as it is stored.
    ///
    /// ```
    /// use tape::kernel::Factor;
    /// assert!(!Factor::plain(&[1.0, 2.0]).transposed);
    /// ```
    #[inline]
    pub fn plain(data: &'a [T]) -> Self {
        Self { data, transposed: false }
    }

    /// The transpose of the matrix that is stored.
    ///
    /// ```
    /// use tape::kernel::Factor;
    /// assert!(Factor::transposed(&[1.0, 2.0]).transposed);
    /// ```
    #[inline]
    pub fn transposed(data: &'a [T]) -> Self {
        Self { data, transposed: true }
    }
}

#[inline]
pub(super) fn matmul<T: super::Plain>(
    shape: MatmulShape,
    alpha: T,
    a: Factor<'_, T>,
    b: Factor<'_, T>,
    beta: T,
    c: &mut [T],
) {
    T::matmul_at(level(), shape, alpha, a, b, (beta, None), c);
}

#[inline]
pub(super) fn matmul_plus<T: super::Plain>(
    shape: MatmulShape,
    a: Factor<'_, T>,
    b: Factor<'_, T>,
    beta: T,
    d: &[T],
    c: &mut [T],
) {
    assert_eq!(d.len(), c.len(), "matmul_plus: length of d must be that of the result");
    T::matmul_at(level(), shape, T::one(), a, b, (beta, Some(d)), c);
}

/// What is added to a product: so many times another matrix of its shape, or what stands where it is written.
type Added<'a, T> = (T, Option<&'a [T]>);

/// The buffer of a thread for copied panels.
type Scratch<T> = LocalKey<Cell<Vec<MaybeUninit<T>>>>;

/// The types that have tiles.
pub(super) trait Product: Sized + 'static {
    /// [`matmul`] at a level, which must not be above that of the processor.
    #[doc(hidden)]
    fn matmul_at(
        level: Level,
        shape: MatmulShape,
        alpha: Self,
        a: Factor<'_, Self>,
        b: Factor<'_, Self>,
        added: Added<'_, Self>,
        c: &mut [Self],
    );
}

macro_rules! product {
    ($element:ty, $tiles:ident, narrow $narrow:ident, $scratch:ident) => {
        thread_local! {
            static $scratch: Cell<Vec<MaybeUninit<$element>>> = const { Cell::new(Vec::new()) };
        }

        impl Product for $element {
            #[inline]
            fn matmul_at(
                wanted: Level,
                shape: MatmulShape,
                alpha: Self,
                a: Factor<'_, Self>,
                b: Factor<'_, Self>,
                added: Added<'_, Self>,
                c: &mut [Self],
            ) {
                let length = |rows: usize, columns: usize| rows.checked_mul(columns);
                let MatmulShape { m, k, n } = shape;
                assert_eq!(Some(a.data.len()), length(m, k), "matmul: length of the left must be m * k");
                assert_eq!(Some(b.data.len()), length(k, n), "matmul: length of the right must be k * n");
                assert_eq!(Some(c.len()), length(m, n), "matmul: length of the result must be m * n");
                if m == 0 || n == 0 {
                    return;
                }
                match wanted.min(level()) {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 if n <= <<tile::avx512::$narrow as Tiles>::Lanes as Lanes>::WIDTH => {
                        product::<tile::avx512::$narrow>(shape, alpha, a, b, added, c, &$scratch);
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => product::<tile::avx512::$tiles>(shape, alpha, a, b, added, c, &$scratch),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => product::<tile::avx2::$tiles>(shape, alpha, a, b, added, c, &$scratch),
                    _ => product::<tile::portable::$tiles>(shape, alpha, a, b, added, c, &$scratch),
                }
            }
        }
    };
}

product!(f32, F32, narrow NarrowF32, SCRATCH_F32);
product!(f64, F64, narrow NarrowF64, SCRATCH_F64);

/// Length of the parts that the sum over k is cut into. It is the same at every level and for both types, because
/// the bits of the result depend on it.
const PART: usize = 512;

/// Bytes of a line of cache.
const LINE_BYTES: usize = 64;

/// Elements of a right factor up to which no block is worth its bookkeeping.
const SMALL: usize = 4096;
/// Bytes of a transposed right factor that is copied to the stack rather than to the buffer of the thread: half of a
/// first-level cache.
const COPY_BYTES: usize = 16 * 1024;

/// Rows of a product with a transposed right factor up to which dot products may pay; more are worth the copy.
const MOST_DOTS: usize = 16;

/// Length of the parts of a sum that is computed as a dot product.
const DOTS_PART: usize = 4096;
/// Length of the sums from which a transposed left factor is copied for dot products.
const LEAST_COPIED_DOTS: usize = 64;

/// Multiply-adds of a part of a product that is worth a thread.
pub(crate) const LEAST: usize = 4 * 1024 * 1024;

/// What is asked for: `alpha · op(A) · op(B) + beta · old`.
#[derive(Clone, Copy)]
struct Wanted<'a, T> {
    shape: MatmulShape,
    alpha: T,
    a: Factor<'a, T>,
    b: Factor<'a, T>,
    beta: T,
}

/// A rectangle of the result, and of what is added to.
struct Part<T> {
    rows: Range<usize>,
    columns: Range<usize>,
    /// The first element of the whole result, of which only the rectangle is read and written.
    c: *mut T,
    /// The first element of what is added to: the result itself, or a matrix of its shape that nobody writes.
    old: *const T,
    /// Rows and columns of a tile: it is cut between tiles.
    tile: (usize, usize),
}

// SAFETY: parts come from one exclusive borrow of the result by cutting ranges, so no two of them share an element; what is
// added to and is not the result is borrowed too, and only read.
unsafe impl<T: Send + Sync> Send for Part<T> {}

impl<T: Send + Sync> Cut for Part<T> {
    /// The length of its longer side, across which it is cut.
    fn length(&self) -> usize {
        self.rows.len().max(self.columns.len())
    }

    fn cut(self, at: usize) -> (Self, Self) {
        let halves = |range: &Range<usize>, tile: usize| {
            let middle = (range.start + at.next_multiple_of(tile)).min(range.end);
            (range.start..middle, middle..range.end)
        };
        let (rows, columns) = if self.rows.len() >= self.columns.len() {
            (halves(&self.rows, self.tile.0), (self.columns.clone(), self.columns.clone()))
        } else {
            ((self.rows.clone(), self.rows.clone()), halves(&self.columns, self.tile.1))
        };
        (Part { rows: rows.0, columns: columns.0, ..self }, Part { rows: rows.1, columns: columns.1, ..self })
    }
}

/// The product of slices whose lengths fit, with m and n not zero.
#[inline]
fn product<K: Tiles>(
    shape: MatmulShape,
    alpha: K::Element,
    a: Factor<'_, K::Element>,
    b: Factor<'_, K::Element>,
    added: Added<'_, K::Element>,
    c: &mut [K::Element],
    scratch: &'static Scratch<K::Element>,
) {
    let MatmulShape { m, k, n } = shape;
    let wanted = Wanted { shape, alpha, a, b, beta: added.0 };
    let old = added.1.map_or(c.as_ptr(), <[K::Element]>::as_ptr);
    let tile = (K::ROWS, K::VECTORS * <K::Lanes as Lanes>::WIDTH);
    let part = Part { rows: 0..m, columns: 0..n, c: c.as_mut_ptr(), old, tile };
    match threads::parts((m * k).saturating_mul(n), LEAST) {
        1 => product_part::<K>(&wanted, &part, scratch),
        parts => threads::shared(parts, 1, part, &|part| product_part::<K>(&wanted, &part, scratch)),
    }
}

/// A part of a product.
#[inline]
fn product_part<K: Tiles>(
    wanted: &Wanted<'_, K::Element>,
    part: &Part<K::Element>,
    scratch: &'static Scratch<K::Element>,
) {
    let Wanted { shape: MatmulShape { m, k, n }, a, b, .. } = *wanted;
    let (size, padded) = (b.data.len(), n.next_multiple_of(K::GROUP));
    // By the whole product, so that parts of it are computed alike.
    let dots = b.transposed && pays_dots::<K::Element>(m, k);
    if dots && !a.transposed && k <= DOTS_PART {
        in_dots::<K>(wanted, part, (a.data.as_ptr(), k), 0..k);
    } else if dots && (!a.transposed || k >= LEAST_COPIED_DOTS) {
        in_buffer(scratch, |buffer| parts_in_dots::<K>(wanted, part, buffer));
    } else if !b.transposed && k <= PART && (part.rows.len() <= 2 * K::ROWS || size <= SMALL) {
        in_place::<K>(wanted, (b.data.as_ptr(), n), part);
    } else if b.transposed && k <= PART && k * padded * size_of::<K::Element>() <= COPY_BYTES {
        copied::<K>(wanted, padded, part);
    } else {
        in_buffer(scratch, |buffer| blocks::<K>(wanted, part, buffer));
    }
}

/// Lends the buffer of the thread. A thread that is being torn down has none; it gets one for the occasion.
fn in_buffer<T>(scratch: &'static Scratch<T>, run: impl FnOnce(&mut Vec<MaybeUninit<T>>)) {
    let mut buffer = scratch.try_with(Cell::take).unwrap_or_default();
    run(&mut buffer);
    let _ = scratch.try_with(|kept| kept.set(buffer));
}

/// Begins where a line of cache does: registers that straddle two lines cost twice.
#[repr(align(64))]
struct Aligned<T>(T);

/// The product where k is one part and a transposed right factor fits onto the stack, in rows of `padded` elements.
#[inline(never)]
fn copied<K: Tiles>(wanted: &Wanted<'_, K::Element>, padded: usize, part: &Part<K::Element>) {
    let Wanted { shape: MatmulShape { k, n, .. }, b, .. } = *wanted;
    let mut copy = Aligned([MaybeUninit::uninit(); COPY_BYTES / 4]);
    K::transposed(b.data, k, k, n, padded, &mut copy.0);
    in_place::<K>(wanted, (copy.0.as_ptr().cast(), padded), part);
}

/// Whether the sums of `m` rows are long enough that adding up their lanes costs less than a copy of the right factor.
fn pays_dots<T>(m: usize, k: usize) -> bool {
    let lanes = LINE_BYTES / size_of::<T>();
    m <= 4 && 5 * m <= k || m <= MOST_DOTS && m * lanes / 2 <= k
}

/// The product of few rows with a transposed right factor, by dot products over the terms `terms`: the rows of both factors pass
/// by as they lie. Those of the left one begin at `a`, `a_row` apart, with the first of these terms.
#[inline]
fn in_dots<K: Tiles>(
    wanted: &Wanted<'_, K::Element>,
    part: &Part<K::Element>,
    (a, a_row): (*const K::Element, usize),
    terms: Range<usize>,
) {
    let Wanted { shape: MatmulShape { k, n, .. }, alpha, b, beta, .. } = *wanted;
    for j in part.columns.clone().step_by(K::DOTS.1) {
        let columns = (part.columns.end - j).min(K::DOTS.1);
        for i in part.rows.clone().step_by(K::DOTS.0) {
            let rows = (part.rows.end - i).min(K::DOTS.0);
            let dots = Dots {
                k: terms.len(),
                a: a.wrapping_add(i * a_row),
                a_row,
                b: b.data.as_ptr().wrapping_add(j * k + terms.start),
                b_row: k,
                c: part.c.wrapping_add(i * n + j),
                old: part.old.wrapping_add(i * n + j),
                c_row: n,
                alpha,
                beta,
            };
            // SAFETY: rows i to i + rows - 1 of the left factor and j to j + columns - 1 of what is stored of the right one
            // are below m and n, and the terms below k: inside the slices, whose lengths were asserted, or inside a copy of
            // all rows. `c` is borrowed for writing, here this rectangle of it, and overlaps none; what is added to is as
            // long; the level of the tiles was checked.
            unsafe { K::get_dots(rows, columns)(&dots) };
        }
    }
}

/// [`in_dots`] for long sums, part by part, and for a transposed left factor, whose rows are copied.
#[inline(never)]
fn parts_in_dots<K: Tiles>(
    wanted: &Wanted<'_, K::Element>,
    part: &Part<K::Element>,
    scratch: &mut Vec<MaybeUninit<K::Element>>,
) {
    let Wanted { shape: MatmulShape { m, k, .. }, a, .. } = *wanted;
    let mut padded = k.min(DOTS_PART).next_multiple_of(K::GROUP);
    // Rows that lie whole quarters of a page apart compete for the same places in the first-level cache
    // (10 × 5000 × 25: 52 GFLOP/s, so 74).
    if (padded * size_of::<K::Element>()).is_multiple_of(1024) {
        padded += LINE_BYTES / size_of::<K::Element>();
    }
    let copy = aligned(scratch, if a.transposed { m * padded } else { 0 });
    let (mut wanted, mut part) =
        (*wanted, Part { rows: part.rows.clone(), columns: part.columns.clone(), ..*part });
    for from_k in (0..k).step_by(DOTS_PART) {
        let terms = from_k..k.min(from_k + DOTS_PART);
        let rows = if a.transposed {
            K::transposed(&a.data[from_k * m..], m, m, terms.len(), padded, copy);
            (copy.as_ptr().cast(), padded)
        } else {
            (a.data.as_ptr().wrapping_add(from_k), k)
        };
        in_dots::<K>(&wanted, &part, rows, terms);
        (wanted.beta, part.old) = (num_traits::One::one(), part.c);
    }
}

/// So many elements of the buffer, of which the first begins where a line of cache does: registers that straddle two lines cost
/// twice.
fn aligned<T>(scratch: &mut Vec<MaybeUninit<T>>, count: usize) -> &mut [MaybeUninit<T>] {
    let spare = LINE_BYTES / size_of::<T>();
    if scratch.len() < count + spare {
        scratch.resize_with(count + spare, MaybeUninit::uninit);
    }
    let skipped = scratch.as_ptr().align_offset(LINE_BYTES).min(spare);
    &mut scratch[skipped..][..count]
}

/// The product where k is one part and the rows of op(B) lie `b_step` apart, where the tiles read them without a copy.
/// A product of 16 × 4 × 8 takes a third of the time that [`blocks`] would.
#[inline]
fn in_place<K: Tiles>(
    wanted: &Wanted<'_, K::Element>,
    (b, b_step): (*const K::Element, usize),
    part: &Part<K::Element>,
) {
    let Wanted { shape: MatmulShape { m, k, n }, alpha, a, beta, .. } = *wanted;
    let width = <K::Lanes as Lanes>::WIDTH;
    let (tile_rows, vectors) = K::fitting(part.rows.len(), k, part.columns.len());
    let (a_row, a_step) = if a.transposed { (1, m) } else { (k, 1) };
    let mut i = part.rows.start;
    while i < part.rows.end {
        let rows = (part.rows.end - i).min(tile_rows);
        let mut j = part.columns.start;
        while j < part.columns.end {
            let used = (part.columns.end - j).min(vectors * width);
            let vectors = used.div_ceil(width);
            let tile = Tile {
                k,
                a: a.data.as_ptr().wrapping_add(i * a_row),
                a_row,
                a_step,
                b: b.wrapping_add(j),
                b_step,
                c: part.c.wrapping_add(i * n + j),
                old: part.old.wrapping_add(i * n + j),
                c_row: n,
                last: used - (vectors - 1) * width,
                alpha,
                beta,
            };
            // SAFETY: rows i to i + rows - 1 are below m and columns j to j + used - 1 below n: inside the slices, of which
            // `c` is borrowed for writing, here this rectangle of it, and overlaps none; `b` is the right factor or a whole
            // copy; what is added to is as long as `c`; the level of the tiles was checked.
            unsafe { K::get(rows, vectors, a.transposed)(&tile) };
            j += used;
        }
        i += rows;
    }
}

#[cfg(test)]
mod tests;
