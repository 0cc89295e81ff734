//! Copies blocks of the factors into panels, the order in which the tiles read them.
//!
//! A panel is `k` lines of `width` elements. Where a block has fewer columns than its panels, the rest is zero, so that the tiles
//! may read whole registers.
#![expect(unsafe_code, reason = "blocks are copied and transposed in registers")]

use super::lanes::Lanes;
use num_traits::Zero;
use std::mem::MaybeUninit;

/// Copies `k` rows of `columns` elements, which lie `ld` apart, into panels as wide as `vectors` registers; the last
/// panel is only as wide as it must be. Line after line: the block is read as it lies in memory.
///
/// # Safety
/// The caller has the instructions of `V`; the rows lie inside `from`'s slice and the panels inside `to`'s.
#[inline(always)]
pub(super) unsafe fn straight<V: Lanes>(
    from: *const V::Element,
    ld: usize,
    k: usize,
    columns: usize,
    vectors: usize,
    to: *mut V::Element,
) {
    let strip = vectors * V::WIDTH;
    for p in 0..k {
        for j in (0..columns).step_by(strip) {
            let used = (columns - j).min(strip);
            let whole = used / V::WIDTH;
            let padded = used.next_multiple_of(V::WIDTH);
            // SAFETY: columns j to j + used - 1 of row p, and the line p of the panel that begins at j · k.
            unsafe {
                let row = from.add(p * ld + j);
                let line = to.add(j * k + p * padded);
                for i in 0..whole {
                    V::load(row.add(i * V::WIDTH)).store(line.add(i * V::WIDTH));
                }
                if used != padded {
                    let mask = V::mask(used % V::WIDTH);
                    V::load_first(row.add(whole * V::WIDTH), mask).store(line.add(whole * V::WIDTH));
                }
            }
        }
    }
}

/// Copies `rows` rows of `k` elements, which lie `ld` apart, into one panel of `width` columns, transposed: element
/// `(j, p)` goes to `p · width + j`. All of the panel is written.
pub(super) fn transposed<T: Copy + Zero>(
    from: &[T],
    ld: usize,
    k: usize,
    rows: usize,
    width: usize,
    to: &mut [MaybeUninit<T>],
) {
    let to = &mut to[..k * width];
    for j in 0..width {
        if j < rows {
            let row = &from[j * ld..][..k];
            for (line, &x) in to.chunks_exact_mut(width).zip(row) {
                line[j].write(x);
            }
        } else {
            for line in to.chunks_exact_mut(width) {
                line[j].write(T::zero());
            }
        }
    }
}

/// [`transposed`] in registers.
#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    /// What is transposed at once and where it goes; `rows` of its rows and `columns` of its columns are there.
    struct Block<T> {
        from: *const T,
        ld: usize,
        rows: usize,
        columns: usize,
        to: *mut T,
        width: usize,
    }

    macro_rules! transposed {
        ($name:ident, $element:ty, $columns:literal, $features:literal, $($rows:literal rows $block:ident),+) => {
            /// [`transposed`](super::transposed), where `width` is a multiple of the rows of the smallest block.
            ///
            /// # Safety
            /// The processor has the instructions.
            #[target_feature(enable = $features)]
            pub(in crate::kernel::matmul) unsafe fn $name(
                from: &[$element],
                ld: usize,
                k: usize,
                rows: usize,
                width: usize,
                to: &mut [MaybeUninit<$element>],
            ) {
                assert!(rows <= width && to.len() >= k * width);
                assert!(rows == 0 || from.len() >= (rows - 1) * ld + k);
                let mut j = 0;
                $(while j + $rows <= width {
                    let mut block = Block {
                        from: from.as_ptr().wrapping_add(j * ld),
                        ld,
                        rows: rows.saturating_sub(j).min($rows),
                        columns: $columns,
                        to: to.as_mut_ptr().wrapping_add(j).cast(),
                        width,
                    };
                    // SAFETY: rows j to j + block.rows - 1 are below `rows`, columns p to p + block.columns - 1 below `k`,
                    // and a line of the panel has room for all rows of a block: inside the slices by the assertions above.
                    unsafe {
                        for _ in 0..k / $columns {
                            $block(&block);
                            block.from = block.from.wrapping_add($columns);
                            block.to = block.to.wrapping_add($columns * width);
                        }
                        block.columns = k % $columns;
                        if block.columns > 0 {
                            $block(&block);
                        }
                    }
                    j += $rows;
                })+
                assert!(j == width, "a panel must be a multiple of blocks wide");
            }
        };
    }

    transposed!(avx2_f32, f32, 4, "avx2", 8 rows of_8x4);
    transposed!(avx2_f64, f64, 2, "avx2", 4 rows of_4x2);
    transposed!(avx512_f64, f64, 2, "avx2,avx512f,avx512vl,avx512dq", 8 rows of_8x2, 4 rows of_4x2);

    /// Four lanes of -1, then four of 0: a window of it is the mask of any count.
    static WINDOW: [i32; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

    /// The mask of the first `words` of four words.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn first(words: usize) -> __m128i {
        let window = &WINDOW[4 - words..][..4];
        // SAFETY: the window has four words.
        unsafe { _mm_loadu_si128(window.as_ptr().cast()) }
    }

    /// Transposes 8 × 4 numbers. A register holds parts of two rows that lie four apart, so that nothing changes place but
    /// inside of its halves, which is the cheapest.
    ///
    /// # Safety
    /// The block lies inside its slices.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn of_8x4(s: &Block<f32>) {
        let mask = first(s.columns);
        // SAFETY: rows and columns that are there, the caller vouches for; others are not touched.
        let part = |i: usize| unsafe {
            let at = s.from.wrapping_add(i * s.ld);
            match i < s.rows {
                true if s.columns == 4 => _mm_loadu_ps(at),
                true => _mm_maskload_ps(at, mask),
                false => _mm_setzero_ps(),
            }
        };
        let r: [__m256; 4] =
            std::array::from_fn(|i| _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(part(i)), part(i + 4)));
        let pairs = [
            _mm256_unpacklo_ps(r[0], r[1]),
            _mm256_unpackhi_ps(r[0], r[1]),
            _mm256_unpacklo_ps(r[2], r[3]),
            _mm256_unpackhi_ps(r[2], r[3]),
        ];
        let lines = [
            _mm256_shuffle_ps::<0x44>(pairs[0], pairs[2]),
            _mm256_shuffle_ps::<0xee>(pairs[0], pairs[2]),
            _mm256_shuffle_ps::<0x44>(pairs[1], pairs[3]),
            _mm256_shuffle_ps::<0xee>(pairs[1], pairs[3]),
        ];
        for (p, &line) in lines.iter().enumerate().take(s.columns) {
            // SAFETY: a line of eight for each column that is there.
            unsafe { _mm256_storeu_ps(s.to.add(p * s.width), line) };
        }
    }

    /// Transposes 4 × 2 numbers, like [`of_8x4`].
    ///
    /// # Safety
    /// The block lies inside its slices.
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn of_4x2(s: &Block<f64>) {
        // SAFETY: rows and columns that are there, the caller vouches for; others are not touched.
        let part = |i: usize| unsafe {
            let at = s.from.wrapping_add(i * s.ld);
            match i < s.rows {
                true if s.columns == 2 => _mm_loadu_pd(at),
                true => _mm_load_sd(at),
                false => _mm_setzero_pd(),
            }
        };
        let r: [__m256d; 2] =
            std::array::from_fn(|i| _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(part(i)), part(i + 2)));
        let lines = [_mm256_unpacklo_pd(r[0], r[1]), _mm256_unpackhi_pd(r[0], r[1])];
        for (p, &line) in lines.iter().enumerate().take(s.columns) {
            // SAFETY: a line of four for each column that is there.
            unsafe { _mm256_storeu_pd(s.to.add(p * s.width), line) };
        }
    }

    /// Transposes 8 × 2 numbers, like [`of_8x4`].
    ///
    /// # Safety
    /// The block lies inside its slices.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq")]
    #[inline]
    unsafe fn of_8x2(s: &Block<f64>) {
        // SAFETY: rows and columns that are there, the caller vouches for; others are not touched.
        let part = |i: usize| unsafe {
            let at = s.from.wrapping_add(i * s.ld);
            match i < s.rows {
                true if s.columns == 2 => _mm_loadu_pd(at),
                true => _mm_load_sd(at),
                false => _mm_setzero_pd(),
            }
        };
        let r: [__m512d; 2] = std::array::from_fn(|i| {
            let row = _mm512_castpd128_pd512(part(i));
            let row = _mm512_mask_broadcast_f64x2(row, 0b0000_1100, part(i + 2));
            let row = _mm512_mask_broadcast_f64x2(row, 0b0011_0000, part(i + 4));
            _mm512_mask_broadcast_f64x2(row, 0b1100_0000, part(i + 6))
        });
        let lines = [_mm512_unpacklo_pd(r[0], r[1]), _mm512_unpackhi_pd(r[0], r[1])];
        for (p, &line) in lines.iter().enumerate().take(s.columns) {
            // SAFETY: a line of eight for each column that is there.
            unsafe { _mm512_storeu_pd(s.to.add(p * s.width), line) };
        }
    }
}
