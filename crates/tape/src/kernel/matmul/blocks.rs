//! Large products: blocks of the factors that stay in a cache, cut into tiles.
#![expect(unsafe_code, reason = "hands pointers into the slices and panels to the tiles")]

use super::lanes::Lanes;
use super::tile::{Tile, Tiles};
use super::{Factor, MatmulShape, PART, Part, Wanted, aligned};
use std::mem::MaybeUninit;

/// Bytes of a copied block of the right factor: more than most second-level caches, so that fewer blocks pass by the left
/// factor; its panels come one after the other anyway. Twice as many would be a little faster, and the large net then has
/// a fifth more in memory than its numbers.
const BLOCK_BYTES: usize = 2 * 1024 * 1024;
/// Bytes of a block of the right factor that stays in the second-level cache while all rows pass by.
const NEAR_BYTES: usize = 256 * 1024;
/// Bytes of a part of the right factor that is read in place, line by line ahead: half of a second-level cache.
const IN_PLACE_BYTES: usize = 512 * 1024;
/// Rows of the left factor that pass by a right one in place.
const IN_PLACE_ROWS: usize = 512;
/// Rows of a copied block of the left factor: a multiple of the rows of every tile.
const ROWS_AT_ONCE: usize = 96;

/// Cuts a part of the product into blocks, and these into tiles.
#[inline(never)]
pub(super) fn blocks<K: Tiles>(
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
    // A copy of the right factor costs as much as five rows of the result (128 × 128 × 128: 107 GFLOP/s, 112 in place). It pays
    // over many rows, and from three passes on if the factor comes from beyond the second-level cache or its rows compete for
    // the same places. One of the left pays where its rows or columns lie so far apart that they compete.
    let far = bytes(n).is_multiple_of(4096) || bytes(k.min(PART) * all_columns) > IN_PLACE_BYTES;
    let copy_b = b.transposed || all_rows > 2 * tile_rows && (far || all_rows > IN_PLACE_ROWS);
    let left_stride = bytes(if a.transposed { m } else { k });
    let copy_a = all_columns >= 4 * strip && all_rows > ROWS_AT_ONCE && left_stride >= 4096;
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
                    copy_left::<K>(shape, a, tile_rows, (from_k, part), (from_m, rows), a_panels);
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
                        (a_panels[i * part..].as_ptr().cast(), 1, tile_rows)
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
    tile_rows: usize,
    (from_k, part): (usize, usize),
    (from_m, rows): (usize, usize),
    panels: &mut [MaybeUninit<K::Element>],
) {
    if a.transposed {
        // Line after line: neighbouring panels share lines of cache.
        for p in 0..part {
            let from = &a.data[(from_k + p) * m + from_m..][..rows];
            for (i, from) in from.chunks(tile_rows).enumerate() {
                let at = (i * part + p) * tile_rows;
                match <&[K::Element; 8]>::try_from(from) {
                    Ok(eight) if tile_rows == 8 => panels[at..at + 8].write_copy_of_slice(eight),
                    _ => panels[at..at + from.len()].write_copy_of_slice(from),
                };
            }
        }
        return;
    }
    for i in (0..rows).step_by(tile_rows) {
        let used = (rows - i).min(tile_rows);
        let panel = &mut panels[i * part..][..part * tile_rows];
        let from = &a.data[(from_m + i) * k + from_k..];
        K::transposed(from, k, part, used, tile_rows, panel);
    }
}
