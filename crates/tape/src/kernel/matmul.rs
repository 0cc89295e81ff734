//! The matrix product.
//!
//! The plan is that of Goto and van de Geijn (2008, "Anatomy of high-performance matrix multiplication") in the form of
//! BLIS (Van Zee and van de Geijn 2015), with the left factor read in place where its rows allow: a block of the right
//! factor is copied into panels as wide as a tile and stays in the second-level cache, while the rows of the
//! left factor pass by. Small products read both factors in place.
#![expect(unsafe_code, reason = "hands pointers into the slices to the tiles, after checking their lengths")]

mod dots;
mod lanes;
mod pack;
mod tile;

use super::level::{Level, level};
use super::threads::{self, Cut};
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
/// Bytes of a copied block of the right factor: more than most second-level caches, so that fewer blocks pass by the left
/// factor; its panels come one after the other anyway.
const BLOCK_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of a block of the right factor that stays in the second-level cache while all rows pass by.
const NEAR_BYTES: usize = 256 * 1024;
/// Bytes of a part of the right factor that is read in place, line by line ahead: half of a second-level cache.
const IN_PLACE_BYTES: usize = 512 * 1024;
/// Bytes of a line of cache.
const LINE_BYTES: usize = 64;
/// Rows of a copied block of the left factor: a multiple of the rows of every tile.
const ROWS_AT_ONCE: usize = 96;

/// Elements of a right factor up to which no block is worth its bookkeeping.
const SMALL: usize = 4096;
/// Bytes of a transposed right factor that is copied to the stack rather than to the buffer of the thread: half of a
/// first-level cache.
const COPY_BYTES: usize = 16 * 1024;

/// Rows of a product with a transposed right factor up to which dot products may pay; more are worth the copy.
const MOST_DOTS: usize = 16;

/// Length of the parts of a sum that is computed as a dot product.
const DOTS_PART: usize = 4096;

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
    if b.transposed && pays_dots::<K::Element>(m, k) {
        in_buffer(scratch, |buffer| in_dots::<K>(wanted, part, buffer));
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

/// The product of few rows with a transposed right factor, by dot products: the rows of both factors pass by as they lie, or,
/// of a transposed left factor, as they are copied.
fn in_dots<K: Tiles>(
    wanted: &Wanted<'_, K::Element>,
    part: &Part<K::Element>,
    scratch: &mut Vec<MaybeUninit<K::Element>>,
) {
    let Wanted { shape: MatmulShape { m, k, n }, alpha, a, b, mut beta } = *wanted;
    let mut padded = k.min(DOTS_PART).next_multiple_of(K::GROUP);
    // Rows that lie a quarter of a page apart or whole pages compete for the same places in the first-level cache
    // (10 × 5000 × 25: 52 GFLOP/s, so 74).
    if (padded * size_of::<K::Element>()).is_multiple_of(1024) {
        padded += LINE_BYTES / size_of::<K::Element>();
    }
    let rows = if a.transposed { aligned(scratch, m * padded) } else { &mut [] };
    let mut old = part.old;
    for from_k in (0..k).step_by(DOTS_PART) {
        let length = (k - from_k).min(DOTS_PART);
        let (a_at, a_row) = if a.transposed {
            K::transposed(&a.data[from_k * m..], m, m, length, padded, rows);
            (rows.as_ptr().cast(), padded)
        } else {
            (a.data.as_ptr().wrapping_add(from_k), k)
        };
        for j in part.columns.clone().step_by(K::DOTS.1) {
            let columns = (part.columns.end - j).min(K::DOTS.1);
            for i in part.rows.clone().step_by(K::DOTS.0) {
                let rows = (part.rows.end - i).min(K::DOTS.0);
                let dots = Dots {
                    k: length,
                    a: a_at.wrapping_add(i * a_row),
                    a_row,
                    b: b.data.as_ptr().wrapping_add(j * k + from_k),
                    b_row: k,
                    c: part.c.wrapping_add(i * n + j),
                    old: old.wrapping_add(i * n + j),
                    c_row: n,
                    alpha,
                    beta,
                };
                // SAFETY: rows i to i + rows - 1 of the left factor and j to j + columns - 1 of what is stored of the right
                // one are below m and n, and `from_k + length` is at most k: inside the slices, whose lengths were asserted,
                // or inside the copy of all rows. `c` is borrowed for writing, here this rectangle of it, and overlaps none;
                // what is added to is as long; the level of the tiles was checked.
                unsafe { K::get_dots(rows, columns)(&dots) };
            }
        }
        (beta, old) = (num_traits::One::one(), part.c);
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

/// Cuts a part of the product into blocks, and these into tiles.
#[inline(never)]
fn blocks<K: Tiles>(
    wanted: &Wanted<'_, K::Element>,
    rectangle: &Part<K::Element>,
    scratch: &mut Vec<MaybeUninit<K::Element>>,
) {
    let Wanted { shape, alpha, a, b, mut beta } = *wanted;
    let MatmulShape { m, k, n } = shape;
    let (all_rows, all_columns) = (rectangle.rows.len(), rectangle.columns.len());
    let bytes = |count: usize| count * size_of::<K::Element>();
    let width = <K::Lanes as Lanes>::WIDTH;
    let (mut tile_rows, mut vectors) = K::fitting(all_rows, k, all_columns);
    // Rows of the result that lie whole pages apart compete for the same places in the first-level cache, of which there
    // are eight: where they are written after short sums, two are left to the factors.
    let paged = k <= 64 && bytes(n).is_multiple_of(4096);
    if paged {
        (tile_rows, vectors) = (tile_rows.min(6), K::VECTORS);
    }
    let strip = width * vectors;
    // Where few rows pass by, a panel is used at once, and the next takes its place in the first-level cache.
    let block = match all_rows <= ROWS_AT_ONCE {
        true => strip,
        false => (BLOCK_BYTES / bytes(PART) / strip * strip).max(strip),
    };
    // A copy of the right factor pays from three passes over it on, if it comes from beyond the second-level cache or its rows
    // compete for the same places; else it costs as much as five rows of the result (128 × 128 × 128: 107 GFLOP/s, 112 in
    // place). One of the left pays where its rows or columns lie so far apart that they compete.
    let far = bytes(n).is_multiple_of(4096) || bytes(k.min(PART) * all_columns) > IN_PLACE_BYTES;
    let copy_b = b.transposed || all_rows > 2 * tile_rows && far;
    let left_stride = bytes(if a.transposed { m } else { k });
    let copy_a = !paged && all_columns >= 4 * strip && all_rows > ROWS_AT_ONCE && left_stride >= 4096;
    let b_size = if copy_b { k.min(PART) * block.min(all_columns.next_multiple_of(width)) } else { 0 };
    let a_size = if copy_a { k.min(PART) * ROWS_AT_ONCE } else { 0 };
    let (b_panels, a_panels) = aligned(scratch, b_size + a_size).split_at_mut(b_size);
    let (a_row, a_step) = if a.transposed { (1, m) } else { (k, 1) };

    let mut from_k = 0;
    let (c, mut old) = (rectangle.c, rectangle.old);
    loop {
        let part = (k - from_k).min(PART);
        for from_n in rectangle.columns.clone().step_by(block) {
            let columns = (rectangle.columns.end - from_n).min(block);
            if copy_b && part > 0 {
                copy_right::<K>(shape, b, vectors, (from_k, part), (from_n, columns), b_panels);
            }
            for from_m in rectangle.rows.clone().step_by(ROWS_AT_ONCE) {
                let rows = (rectangle.rows.end - from_m).min(ROWS_AT_ONCE);
                if copy_a && part > 0 {
                    copy_left::<K>(shape, a, (from_k, part), (from_m, rows), a_panels);
                }
                let tile_at = |i: usize, j: usize| {
                    let used = (columns - j).min(strip);
                    let vectors = used.div_ceil(width);
                    let (b_at, b_step) = if copy_b {
                        (b_panels[j * part..].as_ptr().cast(), vectors * width)
                    } else {
                        (b.data.as_ptr().wrapping_add(from_k * n + from_n + j), n)
                    };
                    let (a_at, a_row, a_step) = if copy_a {
                        (a_panels[i * part..].as_ptr().cast(), 1, K::ROWS)
                    } else {
                        let at = (from_m + i) * a_row + from_k * a_step;
                        (a.data.as_ptr().wrapping_add(at), a_row, a_step)
                    };
                    let tile = Tile {
                        k: part,
                        a: a_at,
                        a_row,
                        a_step,
                        b: b_at,
                        b_step,
                        c: c.wrapping_add((from_m + i) * n + from_n + j),
                        old: old.wrapping_add((from_m + i) * n + from_n + j),
                        c_row: n,
                        last: used - (vectors - 1) * width,
                        alpha,
                        beta,
                    };
                    let rows = (rows - i).min(tile_rows);
                    // SAFETY: the rows are below m, columns from_n + j to from_n + j + used - 1 below n, and the part
                    // of the sum ends at or before k: all inside the slices, whose lengths were asserted, and
                    // inside the panels, which were copied for these rows and columns. `c` is borrowed for writing, here this
                    // rectangle of it, so it overlaps nothing else, and what is added to is as long; the level of the
                    // tiles was checked.
                    unsafe { K::get(rows, vectors, copy_a || a.transposed)(&tile) };
                };
                if bytes(part * columns) <= NEAR_BYTES {
                    for i in (0..rows).step_by(tile_rows) {
                        (0..columns).step_by(strip).for_each(|j| tile_at(i, j));
                    }
                } else {
                    for j in (0..columns).step_by(strip) {
                        (0..rows).step_by(tile_rows).for_each(|i| tile_at(i, j));
                    }
                }
            }
        }
        from_k += part;
        (beta, old) = (num_traits::One::one(), c);
        if from_k >= k {
            return;
        }
    }
}

/// Copies rows `from_k..from_k + part` and columns `from_n..from_n + columns` of op(B) into panels.
fn copy_right<K: Tiles>(
    MatmulShape { k, n, .. }: MatmulShape,
    b: Factor<'_, K::Element>,
    vectors: usize,
    (from_k, part): (usize, usize),
    (from_n, columns): (usize, usize),
    panels: &mut [MaybeUninit<K::Element>],
) {
    let width = <K::Lanes as Lanes>::WIDTH;
    let strip = width * vectors;
    if !b.transposed {
        let from = &b.data[from_k * n + from_n..];
        assert!(from.len() >= (part - 1) * n + columns);
        assert!(panels.len() >= part * columns.next_multiple_of(width));
        // SAFETY: the rows lie inside the slice and the panels inside theirs, as just asserted; the level of
        // the tiles was checked.
        unsafe { K::straight(from.as_ptr(), n, part, columns, vectors, panels.as_mut_ptr().cast()) };
        return;
    }
    for j in (0..columns).step_by(strip) {
        let rows = (columns - j).min(strip);
        let from = &b.data[(from_n + j) * k + from_k..];
        K::transposed(from, k, part, rows, rows.next_multiple_of(width), &mut panels[j * part..]);
    }
}

/// Copies rows `from_m..from_m + rows` and columns `from_k..from_k + part` of op(A) into panels of one tile's rows.
fn copy_left<K: Tiles>(
    MatmulShape { m, k, .. }: MatmulShape,
    a: Factor<'_, K::Element>,
    (from_k, part): (usize, usize),
    (from_m, rows): (usize, usize),
    panels: &mut [MaybeUninit<K::Element>],
) {
    if a.transposed {
        // Line after line: neighbouring panels share lines of cache.
        for p in 0..part {
            let from = &a.data[(from_k + p) * m + from_m..][..rows];
            for (i, from) in from.chunks(K::ROWS).enumerate() {
                let at = (i * part + p) * K::ROWS;
                match <&[K::Element; 8]>::try_from(from) {
                    Ok(eight) if K::ROWS == 8 => panels[at..at + 8].write_copy_of_slice(eight),
                    _ => panels[at..at + from.len()].write_copy_of_slice(from),
                };
            }
        }
        return;
    }
    for i in (0..rows).step_by(K::ROWS) {
        let used = (rows - i).min(K::ROWS);
        let panel = &mut panels[i * part..][..part * K::ROWS];
        let from = &a.data[(from_m + i) * k + from_k..];
        K::transposed(from, k, part, used, K::ROWS, panel);
    }
}

#[cfg(test)]
mod tests;
