//! The innermost loop of the matrix product: a tile of C held in registers while k runs.
#![expect(unsafe_code, reason = "the tile is read and written through pointers, by vector instructions")]

use super::dots::{Dots, dots};
use super::lanes::Lanes;
use super::pack;
use num_traits::{One, Zero};
use std::mem::MaybeUninit;

/// What a tile reads and writes: `c = alpha · Σ_p a_p b_p + beta · old`.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Tile<T> {
    /// Length of the sum.
    pub(in crate::kernel) k: usize,
    /// Element `(i, p)` of the left factor lies at `a + i · a_row + p · a_step`.
    pub(in crate::kernel) a: *const T,
    /// Distance of two rows of the left factor.
    pub(in crate::kernel) a_row: usize,
    /// Distance of two columns of the left factor.
    pub(in crate::kernel) a_step: usize,
    /// Element `(p, j)` of the right factor lies at `b + p · b_step + j`.
    pub(in crate::kernel) b: *const T,
    /// Distance of two rows of the right factor.
    pub(in crate::kernel) b_step: usize,
    /// Element `(i, j)` of the result lies at `c + i · c_row + j`.
    pub(in crate::kernel) c: *mut T,
    /// Element `(i, j)` of what is added to lies at `old + i · c_row + j`: the result itself, or another matrix of its shape.
    pub(in crate::kernel) old: *const T,
    /// Distance of two rows of the result.
    pub(in crate::kernel) c_row: usize,
    /// Columns in use of the last register of a row, 1 to its width.
    pub(in crate::kernel) last: usize,
    /// Factor of the product.
    pub(in crate::kernel) alpha: T,
    /// Factor of what is added to, which is not read where this is zero.
    pub(in crate::kernel) beta: T,
}

/// Length of the sums up to which a tile is two registers wide: what it writes at its end then overlaps with the next one
/// (64 × 10 × 64: 96 to 100 GFLOP/s; 500 × 10 × 500: 83 to 91; from 64 terms on three are as fast or faster).
const SHORT: usize = 32;

/// A tile of fixed size, compiled for one set of instructions.
pub(in crate::kernel) type TileFn<T> = unsafe fn(&Tile<T>);

/// A block of dot products of fixed size, compiled for one set of instructions.
pub(in crate::kernel) type DotsFn<T> = unsafe fn(&Dots<T>);

/// Computes a tile of `ROWS` rows and `VECTORS` registers of columns.
///
/// Every element is one chain of multiply-adds over p = 0, 1, …: its bits do not depend on the size
/// of the tile nor on the width of the register. `ADJACENT` says that `a_row` is 1, which
/// saves the pointers to the rows.
///
/// # Safety
/// The caller has the instructions of `V`; every element that [`Tile`] describes is inside its
/// slice, `c` overlaps neither `a` nor `b`, and `old` is `c` or overlaps it nowhere.
#[inline(always)]
unsafe fn tile<V: Lanes, const ROWS: usize, const VECTORS: usize, const ADJACENT: bool>(
    t: &Tile<V::Element>,
) {
    // SAFETY: row i < ROWS, p < k and columns below (VECTORS - 1) · WIDTH + last are the elements that
    // the caller vouches for; the last register of a row is read and written under a mask.
    unsafe {
        let mask = V::mask(t.last);
        let a_row = if ADJACENT { 1 } else { t.a_row };
        let rows: [*const V::Element; ROWS] = std::array::from_fn(|i| t.a.wrapping_add(i * a_row));
        let mut sums = [[V::splat(V::Element::zero()); VECTORS]; ROWS];
        // The old result, long before it is read or overwritten; too short a sum gains nothing.
        if t.k >= 64 || t.c_row >= 512 {
            for i in 0..ROWS {
                for j in 0..VECTORS {
                    V::prefetch(t.c.wrapping_add(i * t.c_row + j * V::WIDTH));
                    V::prefetch(t.old.wrapping_add(i * t.c_row + j * V::WIDTH));
                }
            }
        }
        let mut b = t.b;
        let mut offset = 0;
        for _ in 0..t.k {
            // 16 rows ahead, once a line of cache: a right factor read in place from beyond the second-level cache comes
            // 1.2 to 1.5 times as fast (10 × 512 × 2048: 74 to 102 GFLOP/s), one in panels at the same pace.
            for j in 0..VECTORS {
                if (j * size_of::<V>()).is_multiple_of(64) {
                    V::prefetch(b.wrapping_add(16 * t.b_step + j * V::WIDTH));
                }
            }
            let mut b_p = [V::splat(V::Element::zero()); VECTORS];
            for (j, lanes) in b_p.iter_mut().enumerate() {
                *lanes = if j + 1 < VECTORS {
                    V::load(b.add(j * V::WIDTH))
                } else {
                    V::load_first(b.add(j * V::WIDTH), mask)
                };
            }
            for i in 0..ROWS {
                let a_ip = V::splat(*rows[i].add(offset));
                for j in 0..VECTORS {
                    sums[i][j] = a_ip.mul_add(b_p[j], sums[i][j]);
                }
            }
            offset += t.a_step;
            b = b.wrapping_add(t.b_step);
        }
        // After ten terms, ten multiplications by one are a tenth of the work.
        if !t.alpha.is_one() {
            let alpha = V::splat(t.alpha);
            sums.iter_mut().flatten().for_each(|sum| *sum = sum.mul(alpha));
        }
        let beta = V::splat(t.beta);
        for (i, row) in sums.iter().enumerate() {
            for (j, &sum) in row.iter().enumerate() {
                let to = t.c.add(i * t.c_row + j * V::WIDTH);
                let whole = j + 1 < VECTORS;
                let mut c = sum;
                if !t.beta.is_zero() {
                    let from = t.old.add(i * t.c_row + j * V::WIDTH);
                    let old = if whole { V::load(from) } else { V::load_first(from, mask) };
                    c = old.mul_add(beta, c);
                }
                if whole || t.last == V::WIDTH {
                    c.store(to);
                } else {
                    c.store_first(to, t.last);
                }
            }
        }
    }
}

/// The tiles of one set of instructions: which sizes exist, and the function for each.
///
/// All functions may only be called on a processor that has the instructions.
pub(in crate::kernel) trait Tiles {
    /// `f32` or `f64`.
    type Element: num_traits::Float + Send + Sync;
    /// The register.
    type Lanes: Lanes<Element = Self::Element>;
    /// Rows of the tile that large products are cut into.
    const ROWS: usize;
    /// Registers a row of that tile.
    const VECTORS: usize;
    /// Columns of the panels of [`transposed`](Self::transposed) are a multiple of it, or one tile's rows.
    const GROUP: usize;

    /// The rows and the registers a row of the tiles that suit a product of `m` rows and `n` columns, whose sums have `k` terms.
    fn fitting(m: usize, k: usize, n: usize) -> (usize, usize);

    /// The tile of `rows` rows and `vectors` registers, neither 0 nor above what [`fitting`](Self::fitting) gives.
    fn get(rows: usize, vectors: usize, adjacent: bool) -> TileFn<Self::Element>;

    /// Rows and columns that are computed at once as dot products.
    const DOTS: (usize, usize);

    /// That code for so many `rows` and `columns`, neither 0 nor above [`DOTS`](Self::DOTS).
    fn get_dots(rows: usize, columns: usize) -> DotsFn<Self::Element>;

    /// [`pack::straight`].
    ///
    /// # Safety
    /// As for [`pack::straight`].
    unsafe fn straight(
        from: *const Self::Element,
        ld: usize,
        k: usize,
        columns: usize,
        vectors: usize,
        to: *mut Self::Element,
    );

    /// [`pack::transposed`]; `width` is a multiple of the register or equals `ROWS`.
    fn transposed(
        from: &[Self::Element],
        ld: usize,
        k: usize,
        rows: usize,
        width: usize,
        to: &mut [MaybeUninit<Self::Element>],
    );
}

/// Declares the tiles of one set of instructions, and the table through which they are found.
macro_rules! tiles {
    ($(#[$words:meta])* $name:ident, $element:ty, $lanes:ty, $rows:literal, tall $tall:literal, single $single:literal,
     [$($vectors:literal: [$($row:literal)+]),+], $transposed:expr,
     dots $registers:literal [$([$(($dots_rows:literal $dots_columns:literal)),+]),*], $(#[$feature:meta])?) => {
        $(#[$words])*
        #[derive(Debug)]
        pub(in crate::kernel) struct $name;

        impl $name {
            /// Blocks of dot products, by rows, then by columns.
            const DOTS_TABLE: &[&[DotsFn<$element>]] =
                &[$(&[$($name::dots_compiled::<$dots_rows, $dots_columns>),+]),*];

            /// # Safety
            /// As for [`tile`].
            $(#[$feature])?
            unsafe fn compiled<const R: usize, const N: usize, const ADJACENT: bool>(t: &Tile<$element>) {
                // SAFETY: the caller's promise is the one that `tile` asks for, and this function
                // is compiled for the instructions of the register.
                unsafe { tile::<$lanes, R, N, ADJACENT>(t) }
            }

            /// # Safety
            /// As for [`dots`].
            $(#[$feature])?
            unsafe fn dots_compiled<const R: usize, const C: usize>(t: &Dots<$element>) {
                // SAFETY: as in `compiled`.
                unsafe { dots::<$lanes, $registers, R, C>(t) }
            }

            /// # Safety
            /// As for [`pack::straight`].
            $(#[$feature])?
            unsafe fn straight_compiled(
                from: *const $element,
                ld: usize,
                k: usize,
                columns: usize,
                vectors: usize,
                to: *mut $element,
            ) {
                // SAFETY: as in `compiled`.
                unsafe { pack::straight::<$lanes>(from, ld, k, columns, vectors, to) }
            }
        }

        impl Tiles for $name {
            type Element = $element;
            type Lanes = $lanes;
            const ROWS: usize = $rows;
            const VECTORS: usize = [$($vectors),+].len();
            const GROUP: usize = 32 / size_of::<$element>();
            const DOTS: (usize, usize) = (Self::DOTS_TABLE.len(), Self::DOTS_TABLE[0].len());

            #[inline]
            fn fitting(m: usize, k: usize, n: usize) -> (usize, usize) {
                // Up to 26 rows: fewer and taller tiles read the right factor less often.
                match m {
                    _ if m > 2 * $tall && k <= SHORT => ($rows, Self::VECTORS.min(2)),
                    _ if m <= $rows || m > 2 * $tall => ($rows, Self::VECTORS),
                    _ if m <= $single && n <= <Self::Lanes as super::Lanes>::WIDTH => (m, 1),
                    _ if m <= $tall => (m, Self::VECTORS.min(2)),
                    _ if m > 2 * $rows => (m.div_ceil(2), Self::VECTORS.min(2)),
                    _ => ($rows, Self::VECTORS),
                }
            }

            #[inline]
            fn get(rows: usize, vectors: usize, adjacent: bool) -> TileFn<$element> {
                /// By registers, then by rows, then by adjacency.
                const TABLE: &[&[[TileFn<$element>; 2]]] = &[$(&[$([
                    $name::compiled::<$row, $vectors, false>,
                    $name::compiled::<$row, $vectors, true>,
                ]),+]),+];
                TABLE[vectors - 1][rows - 1][usize::from(adjacent)]
            }

            #[inline]
            fn get_dots(rows: usize, columns: usize) -> DotsFn<$element> {
                Self::DOTS_TABLE[rows - 1][columns - 1]
            }

            #[inline]
            unsafe fn straight(
                from: *const $element,
                ld: usize,
                k: usize,
                columns: usize,
                vectors: usize,
                to: *mut $element,
            ) {
                // SAFETY: the caller's promise is the one that `pack::straight` asks for.
                unsafe { Self::straight_compiled(from, ld, k, columns, vectors, to) }
            }

            #[inline]
            fn transposed(
                from: &[$element],
                ld: usize,
                k: usize,
                rows: usize,
                width: usize,
                to: &mut [MaybeUninit<$element>],
            ) {
                if width.is_multiple_of(Self::GROUP) {
                    $transposed(from, ld, k, rows, width, to);
                } else {
                    pack::transposed(from, ld, k, rows, width, to);
                }
            }
        }
    };
}

pub(in crate::kernel) mod portable {
    use super::super::lanes::Plain;
    use super::{Dots, DotsFn, MaybeUninit, SHORT, Tile, TileFn, Tiles, dots, pack, tile};

    tiles!(
        /// Tiles of 6 × 4 in whatever registers the target has.
        F32, f32, Plain<f32, 4>, 6, tall 6, single 6, [1: [1 2 3 4 5 6]], pack::transposed, dots 4 [[(1 1), (1 2)], [(2 1), (2 2)]],
    );
    tiles!(
        /// Tiles of 6 × 2 in whatever registers the target has.
        F64, f64, Plain<f64, 2>, 6, tall 6, single 6, [1: [1 2 3 4 5 6]], pack::transposed, dots 4 [[(1 1), (1 2)], [(2 1), (2 2)]],
    );
}

#[cfg(target_arch = "x86_64")]
pub(in crate::kernel) mod avx2 {
    use super::{Dots, DotsFn, MaybeUninit, SHORT, Tile, TileFn, Tiles, dots, pack, tile};
    use std::arch::x86_64::{__m256, __m256d};

    tiles!(
        /// Tiles of 6 × 16: 12 sums, 2 registers of the right factor, 1 of the left, 1 mask.
        F32, f32, __m256, 6, tall 6, single 6, [1: [1 2 3 4 5 6], 2: [1 2 3 4 5 6]],
        // SAFETY: whoever uses these tiles has AVX2.
        |from, ld, k, rows, width, to| unsafe { pack::x86::avx2_f32(from, ld, k, rows, width, to) },
        dots 2 [[(1 1), (1 2)], [(2 1), (2 2)]],
        #[target_feature(enable = "avx2,fma")]
    );
    tiles!(
        /// Tiles of 6 × 8: 12 sums, 2 registers of the right factor, 1 of the left, 1 mask.
        F64, f64, __m256d, 6, tall 6, single 6, [1: [1 2 3 4 5 6], 2: [1 2 3 4 5 6]],
        // SAFETY: whoever uses these tiles has AVX2.
        |from, ld, k, rows, width, to| unsafe { pack::x86::avx2_f64(from, ld, k, rows, width, to) },
        dots 2 [[(1 1), (1 2)], [(2 1), (2 2)]],
        #[target_feature(enable = "avx2,fma")]
    );
}

#[cfg(target_arch = "x86_64")]
pub(in crate::kernel) mod avx512 {
    use super::super::lanes::Masked;
    use super::{Dots, DotsFn, MaybeUninit, SHORT, Tile, TileFn, Tiles, dots, pack, tile};
    use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

    tiles!(
        /// Tiles of 8 × 48: 24 sums, 3 registers of the right factor, 1 of the left.
        F32, f32, Masked<__m512>, 8, tall 13, single 16,
        [1: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16], 2: [1 2 3 4 5 6 7 8 9 10 11 12 13], 3: [1 2 3 4 5 6 7 8]],
        // SAFETY: whoever uses these tiles has AVX-512.
        |from, ld, k, rows, width, to| unsafe { pack::x86::avx2_f32(from, ld, k, rows, width, to) },
        dots 1 [[(1 1), (1 2), (1 3), (1 4)], [(2 1), (2 2), (2 3), (2 4)], [(3 1), (3 2), (3 3), (3 4)], [(4 1), (4 2), (4 3), (4 4)]],
        #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
    );
    tiles!(
        /// Tiles of 8 × 24: 24 sums, 3 registers of the right factor, 1 of the left.
        F64, f64, Masked<__m512d>, 8, tall 13, single 16,
        [1: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16], 2: [1 2 3 4 5 6 7 8 9 10 11 12 13], 3: [1 2 3 4 5 6 7 8]],
        // SAFETY: whoever uses these tiles has AVX-512.
        |from, ld, k, rows, width, to| unsafe { pack::x86::avx512_f64(from, ld, k, rows, width, to) },
        dots 1 [[(1 1), (1 2), (1 3), (1 4)], [(2 1), (2 2), (2 3), (2 4)], [(3 1), (3 2), (3 3), (3 4)], [(4 1), (4 2), (4 3), (4 4)]],
        #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
    );
    tiles!(
        /// Tiles of 16 × 8, for results of up to 8 columns, which would leave half of a register empty.
        NarrowF32, f32, Masked<__m256>, 16, tall 16, single 16, [1: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16]],
        // SAFETY: whoever uses these tiles has AVX-512.
        |from, ld, k, rows, width, to| unsafe { pack::x86::avx2_f32(from, ld, k, rows, width, to) },
        dots 2 [[(1 1), (1 2), (1 3)], [(2 1), (2 2), (2 3)], [(3 1), (3 2), (3 3)], [(4 1), (4 2), (4 3)]],
        #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
    );
    tiles!(
        /// Tiles of 16 × 4, for results of up to 4 columns.
        NarrowF64, f64, Masked<__m256d>, 16, tall 16, single 16, [1: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16]],
        // SAFETY: whoever uses these tiles has AVX-512.
        |from, ld, k, rows, width, to| unsafe { pack::x86::avx512_f64(from, ld, k, rows, width, to) },
        dots 2 [[(1 1), (1 2), (1 3)], [(2 1), (2 2), (2 3)], [(3 1), (3 2), (3 3)], [(4 1), (4 2), (4 3)]],
        #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
    );
}
