//! Copies blocks of the factors into panels, the order in which the tiles read them.
//!
//! A panel is `k` lines of `width` elements. Where a block has fewer columns than its panels, the rest is zero, so that the tiles
//! may read whole registers.
#![expect(unsafe_code, reason = "blocks are transposed in registers, eight or four rows at a time")]

use super::lanes::Lanes;
use num_traits::Zero;

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
/// `(j, p)` goes to `p · width + j`.
pub(super) fn transposed<T: Copy + Zero>(
    from: &[T],
    ld: usize,
    k: usize,
    rows: usize,
    width: usize,
    to: &mut [T],
) {
    let to = &mut to[..k * width];
    for j in 0..width {
        if j < rows {
            let row = &from[j * ld..][..k];
            for (line, &x) in to.chunks_exact_mut(width).zip(row) {
                line[j] = x;
            }
        } else {
            for line in to.chunks_exact_mut(width) {
                line[j] = T::zero();
            }
        }
    }
}

/// [`transposed`] in registers.
#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::*;

    macro_rules! transposed {
        ($name:ident, $element:ty, $group:literal, $load:ident, $store:ident, $zero:ident, $square:ident) => {
            /// [`transposed`](super::transposed), where `width` is a multiple of the group.
            ///
            /// # Safety
            /// The processor has AVX2.
            #[target_feature(enable = "avx2")]
            pub(in crate::kernel::matmul) unsafe fn $name(
                from: &[$element],
                ld: usize,
                k: usize,
                rows: usize,
                width: usize,
                to: &mut [$element],
            ) {
                const GROUP: usize = $group;
                assert!(width % GROUP == 0 && rows <= width && to.len() >= k * width);
                assert!(rows == 0 || from.len() >= (rows - 1) * ld + k);
                for j in (0..width).step_by(GROUP) {
                    let here = rows.saturating_sub(j).min(GROUP);
                    let mut p = 0;
                    while p + GROUP <= k {
                        let mut square = [$zero(); GROUP];
                        // SAFETY: row j + i < rows, columns p to p + GROUP - 1 < k; lines p to p + GROUP - 1 of the
                        // panel, columns j to j + GROUP - 1 < width: inside the slices by the assertions above.
                        unsafe {
                            for (i, row) in square.iter_mut().enumerate() {
                                if i < here {
                                    *row = $load(from.as_ptr().add((j + i) * ld + p));
                                }
                            }
                            for (i, line) in $square(square).into_iter().enumerate() {
                                $store(to.as_mut_ptr().add((p + i) * width + j), line);
                            }
                        }
                        p += GROUP;
                    }
                    for p in p..k {
                        for i in 0..GROUP {
                            to[p * width + j + i] = if i < here { from[(j + i) * ld + p] } else { 0.0 };
                        }
                    }
                }
            }
        };
    }

    transposed!(transposed_f32, f32, 8, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_setzero_ps, square_f32);
    transposed!(transposed_f64, f64, 4, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_setzero_pd, square_f64);

    /// Transposes 8 × 8 numbers: pairs, then quadruples, then halves change places.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn square_f32(r: [__m256; 8]) -> [__m256; 8] {
        let mut pairs = r;
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
        }
        let mut fours = pairs;
        for i in [0, 4] {
            fours[i] = _mm256_shuffle_ps::<0x44>(pairs[i], pairs[i + 2]);
            fours[i + 1] = _mm256_shuffle_ps::<0xee>(pairs[i], pairs[i + 2]);
            fours[i + 2] = _mm256_shuffle_ps::<0x44>(pairs[i + 1], pairs[i + 3]);
            fours[i + 3] = _mm256_shuffle_ps::<0xee>(pairs[i + 1], pairs[i + 3]);
        }
        let mut lines = fours;
        for i in 0..4 {
            lines[i] = _mm256_permute2f128_ps::<0x20>(fours[i], fours[i + 4]);
            lines[i + 4] = _mm256_permute2f128_ps::<0x31>(fours[i], fours[i + 4]);
        }
        lines
    }

    /// Transposes 4 × 4 numbers.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn square_f64(r: [__m256d; 4]) -> [__m256d; 4] {
        let low = [_mm256_unpacklo_pd(r[0], r[1]), _mm256_unpacklo_pd(r[2], r[3])];
        let high = [_mm256_unpackhi_pd(r[0], r[1]), _mm256_unpackhi_pd(r[2], r[3])];
        [
            _mm256_permute2f128_pd::<0x20>(low[0], low[1]),
            _mm256_permute2f128_pd::<0x20>(high[0], high[1]),
            _mm256_permute2f128_pd::<0x31>(low[0], low[1]),
            _mm256_permute2f128_pd::<0x31>(high[0], high[1]),
        ]
    }
}
