//! One vector register, as the tiles of the matrix product see it.
#![expect(unsafe_code, reason = "vector instructions read and write through pointers")]

use std::fmt::Debug;

/// A register of [`WIDTH`](Lanes::WIDTH) numbers.
///
/// # Safety
/// Every method may only be called inside a function compiled for the instructions of the
/// implementing type, on a processor that has them; pointers must be valid for the elements
/// that the method's words name (no alignment is asked for).
pub(in crate::kernel) unsafe trait Lanes: Copy {
    /// `f32` or `f64`.
    type Element: num_traits::Float + Debug + 'static;
    /// Which lanes are in use, in the form that [`load_first`](Lanes::load_first) wants.
    type Mask: Copy;
    /// Numbers per register.
    const WIDTH: usize;

    /// The mask of the first `count` lanes, `count <= WIDTH`.
    unsafe fn mask(count: usize) -> Self::Mask;
    /// `x` in every lane.
    unsafe fn splat(x: Self::Element) -> Self;
    /// `WIDTH` numbers from `from`.
    unsafe fn load(from: *const Self::Element) -> Self;
    /// The lanes of `mask` from `from`, zero in the others, whose memory is not touched.
    unsafe fn load_first(from: *const Self::Element, mask: Self::Mask) -> Self;
    /// `WIDTH` numbers to `to`.
    unsafe fn store(self, to: *mut Self::Element);
    /// `self · b + c`.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// `self · b`.
    unsafe fn mul(self, b: Self) -> Self;
    /// `self + b`.
    unsafe fn add(self, b: Self) -> Self;
    /// The sum of the lanes: their upper half onto the lower one, until one is left.
    unsafe fn sum(self) -> Self::Element;

    /// Asks for the line of cache at `from`, which need not be valid.
    #[inline(always)]
    fn prefetch(from: *const Self::Element) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a hint, which reads nothing, of the instructions that every x86-64 has.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(from.cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = from;
    }

    /// The first `count` lanes to `to`; memory after them is not touched.
    #[inline(always)]
    unsafe fn store_first(self, to: *mut Self::Element, count: usize) {
        let mut all = [<Self::Element as num_traits::Zero>::zero(); 16];
        debug_assert!(Self::WIDTH <= 16 && count <= Self::WIDTH);
        // SAFETY: `all` holds at least `WIDTH` numbers; the caller vouches for `count` at `to`.
        unsafe {
            self.store(all.as_mut_ptr());
            std::ptr::copy_nonoverlapping(all.as_ptr(), to, count);
        }
    }
}

/// Lanes of the portable path: plain arrays, which the compiler puts into whatever registers there are.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Plain<T, const WIDTH: usize>([T; WIDTH]);

// SAFETY: needs no instructions beyond the target's; memory is touched as the trait's words say.
unsafe impl<T, const W: usize> Lanes for Plain<T, W>
where
    T: num_traits::Float + Debug + 'static,
{
    type Element = T;
    type Mask = usize;
    const WIDTH: usize = W;

    #[inline(always)]
    unsafe fn mask(count: usize) -> usize {
        count
    }

    #[inline(always)]
    unsafe fn splat(x: T) -> Self {
        Self([x; W])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller vouches for `W` numbers; the read asks for no alignment.
        Self(unsafe { from.cast::<[T; W]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const T, mask: usize) -> Self {
        if mask == W {
            // SAFETY: all lanes are in use, so the caller vouches for all.
            return unsafe { Self::load(from) };
        }
        let mut lanes = [T::zero(); W];
        for (i, lane) in lanes.iter_mut().enumerate().take(mask) {
            // SAFETY: the caller vouches for the first `mask` numbers.
            *lane = unsafe { from.add(i).read() };
        }
        Self(lanes)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller vouches for `W` numbers; the write asks for no alignment.
        unsafe { to.cast::<[T; W]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * b.0[i] + c.0[i]))
    }

    #[inline(always)]
    unsafe fn mul(self, b: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] * b.0[i]))
    }

    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + b.0[i]))
    }

    #[inline(always)]
    unsafe fn sum(mut self) -> T {
        let mut half = W / 2;
        while half > 0 {
            for i in 0..half {
                self.0[i] = self.0[i] + self.0[i + half];
            }
            half /= 2;
        }
        self.0[0]
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::Masked;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use std::arch::x86_64::*;

    /// The sum of eight lanes, halves onto halves.
    ///
    /// # Safety
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn halves_f32(x: __m256) -> f32 {
        // SAFETY: the caller has AVX2.
        unsafe {
            let four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }

    /// The sum of four lanes, halves onto halves.
    ///
    /// # Safety
    /// The processor has AVX2.
    #[inline(always)]
    unsafe fn halves_f64(x: __m256d) -> f64 {
        // SAFETY: the caller has AVX2.
        unsafe {
            let two = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
            _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
        }
    }

    /// A register with the masks of AVX-512, which has them for narrower ones too.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::kernel) struct Masked<Register>(Register);

    macro_rules! avx512 {
        ($register:ty, $element:ty, $mask:ty, $width:literal, $splat:ident, $load:ident, $load_first:ident,
         $store:ident, $store_first:ident, $mul_add:ident, $mul:ident, $add:ident, $sum:expr) => {
            // SAFETY: AVX-512 F and VL only; memory is touched as the trait's words say.
            unsafe impl Lanes for Masked<$register> {
                type Element = $element;
                type Mask = $mask;
                const WIDTH: usize = $width;

                #[inline(always)]
                unsafe fn mask(count: usize) -> $mask {
                    ((1_u32 << count) - 1) as $mask
                }
                #[inline(always)]
                unsafe fn splat(x: $element) -> Self {
                    // SAFETY: the caller has AVX-512 F.
                    Self(unsafe { $splat(x) })
                }
                #[inline(always)]
                unsafe fn load(from: *const $element) -> Self {
                    // SAFETY: the caller has AVX-512 F and vouches for all lanes.
                    Self(unsafe { $load(from) })
                }
                #[inline(always)]
                unsafe fn load_first(from: *const $element, mask: $mask) -> Self {
                    // SAFETY: the caller has AVX-512 F and vouches for the lanes of the mask;
                    // the instruction touches no others.
                    Self(unsafe { $load_first(mask, from) })
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $element) {
                    // SAFETY: the caller has AVX-512 F and vouches for all lanes.
                    unsafe { $store(to, self.0) }
                }
                #[inline(always)]
                unsafe fn store_first(self, to: *mut $element, count: usize) {
                    // SAFETY: as for `load_first`.
                    unsafe { $store_first(to, Self::mask(count), self.0) }
                }
                #[inline(always)]
                unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                    // SAFETY: the caller has AVX-512 F.
                    Self(unsafe { $mul_add(self.0, b.0, c.0) })
                }
                #[inline(always)]
                unsafe fn mul(self, b: Self) -> Self {
                    // SAFETY: the caller has AVX-512 F.
                    Self(unsafe { $mul(self.0, b.0) })
                }
                #[inline(always)]
                unsafe fn add(self, b: Self) -> Self {
                    // SAFETY: the caller has AVX-512 F.
                    Self(unsafe { $add(self.0, b.0) })
                }
                #[inline(always)]
                unsafe fn sum(self) -> $element {
                    // SAFETY: the caller has AVX-512 F, DQ and VL.
                    unsafe { $sum(self.0) }
                }
            }
        };
    }

    avx512!(
        __m512,
        f32,
        __mmask16,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_maskz_loadu_ps,
        _mm512_storeu_ps,
        _mm512_mask_storeu_ps,
        _mm512_fmadd_ps,
        _mm512_mul_ps,
        _mm512_add_ps,
        |x| halves_f32(_mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps::<1>(x)))
    );
    avx512!(
        __m512d,
        f64,
        __mmask8,
        8,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_maskz_loadu_pd,
        _mm512_storeu_pd,
        _mm512_mask_storeu_pd,
        _mm512_fmadd_pd,
        _mm512_mul_pd,
        _mm512_add_pd,
        |x| halves_f64(_mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd::<1>(x)))
    );
    avx512!(
        __m256,
        f32,
        __mmask8,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_maskz_loadu_ps,
        _mm256_storeu_ps,
        _mm256_mask_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_mul_ps,
        _mm256_add_ps,
        halves_f32
    );
    avx512!(
        __m256d,
        f64,
        __mmask8,
        4,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_maskz_loadu_pd,
        _mm256_storeu_pd,
        _mm256_mask_storeu_pd,
        _mm256_fmadd_pd,
        _mm256_mul_pd,
        _mm256_add_pd,
        halves_f64
    );

    /// Eight lanes of -1, then eight of 0: a window of it is the mask of any count.
    static WINDOW: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

    macro_rules! avx2 {
        ($register:ty, $element:ty, $width:literal, $words:literal, $splat:ident, $load:ident,
         $load_first:ident, $store:ident, $mul_add:ident, $mul:ident, $add:ident, $sum:ident) => {
            // SAFETY: AVX2 and FMA only; memory is touched as the trait's words say.
            unsafe impl Lanes for $register {
                type Element = $element;
                type Mask = __m256i;
                const WIDTH: usize = $width;

                #[inline(always)]
                unsafe fn mask(count: usize) -> __m256i {
                    // SAFETY: `count <= WIDTH`, so the window of eight words lies inside the table.
                    unsafe { _mm256_loadu_si256(WINDOW.as_ptr().add(8 - $words * count).cast()) }
                }
                #[inline(always)]
                unsafe fn splat(x: $element) -> Self {
                    // SAFETY: the caller has AVX2.
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const $element) -> Self {
                    // SAFETY: the caller has AVX2 and vouches for all lanes.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn load_first(from: *const $element, mask: __m256i) -> Self {
                    // SAFETY: the caller has AVX2 and vouches for the lanes of the mask; the
                    // instruction touches no others.
                    unsafe { $load_first(from, mask) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $element) {
                    // SAFETY: the caller has AVX2 and vouches for all lanes.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                    // SAFETY: the caller has FMA.
                    unsafe { $mul_add(self, b, c) }
                }
                #[inline(always)]
                unsafe fn mul(self, b: Self) -> Self {
                    // SAFETY: the caller has AVX2.
                    unsafe { $mul(self, b) }
                }
                #[inline(always)]
                unsafe fn add(self, b: Self) -> Self {
                    // SAFETY: the caller has AVX2.
                    unsafe { $add(self, b) }
                }
                #[inline(always)]
                unsafe fn sum(self) -> $element {
                    // SAFETY: the caller has AVX2.
                    unsafe { $sum(self) }
                }
            }
        };
    }

    avx2!(
        __m256,
        f32,
        8,
        1,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_maskload_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps,
        _mm256_mul_ps,
        _mm256_add_ps,
        halves_f32
    );
    avx2!(
        __m256d,
        f64,
        4,
        2,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_maskload_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd,
        _mm256_mul_pd,
        _mm256_add_pd,
        halves_f64
    );
}
