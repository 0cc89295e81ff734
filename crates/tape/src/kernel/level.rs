//! Which vector instructions this machine has, found once, and how a kernel is compiled for each.
#![expect(
    unsafe_code,
    reason = "a function compiled for AVX2 or AVX-512 may only be called where the processor has it"
)]

use std::sync::atomic::{AtomicU8, Ordering};

/// A set of vector instructions that the kernels are compiled for.
///
/// Results are the same bits on `Avx2` and `Avx512`; `Portable` rounds a product before it is
/// added, so its last bits differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compilation target guarantees, and no more.
    Portable,
    /// 256-bit vectors with fused multiply-add: Intel since 2013, AMD since 2015.
    Avx2,
    /// 512-bit vectors with masks (AVX-512 F, VL, DQ and BW): Intel servers since 2017, AMD since 2022.
    Avx512,
}

/// The level found at the first call, plus one; 0 before that.
static FOUND: AtomicU8 = AtomicU8::new(0);

/// The best level that this processor has, which is the one that every kernel runs at.
///
/// ```
/// use tape::kernel::{Level, level};
/// assert!(level() >= Level::Portable);
/// assert_eq!(level(), level());
/// ```
#[inline]
pub fn level() -> Level {
    match FOUND.load(Ordering::Relaxed) {
        0 => detect(),
        1 => Level::Portable,
        2 => Level::Avx2,
        _ => Level::Avx512,
    }
}

#[cold]
fn detect() -> Level {
    let level = best();
    FOUND.store(level as u8 + 1, Ordering::Relaxed);
    level
}

#[cfg(target_arch = "x86_64")]
fn best() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn best() -> Level {
    Level::Portable
}

/// Whether the portable path may use `mul_add`: only where it is one instruction, for in software
/// it is a call that costs some twenty times as much.
const PORTABLE_FUSED: bool = cfg!(target_arch = "aarch64");

/// A loop over slices that is compiled once per [`Level`].
///
/// `run` must be `#[inline(always)]`: only then do the instructions of the caller apply to it.
pub(crate) trait Pass: Sized {
    /// What the loop returns.
    type Output;

    /// Runs the loop; `FUSED` says that a multiply-add is one instruction.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// Runs `pass` at the best level of this processor.
#[inline]
pub(crate) fn dispatch<P: Pass>(pass: P) -> P::Output {
    dispatch_at(level(), pass)
}

/// Runs `pass` at `wanted`, or at the best level of this processor where that is lower.
#[inline]
pub(crate) fn dispatch_at<P: Pass>(wanted: Level, pass: P) -> P::Output {
    match wanted.min(level()) {
        // SAFETY: `level()` has seen every feature that the function is compiled for.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { run_avx512(pass) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { run_avx2(pass) },
        _ => pass.run::<PORTABLE_FUSED>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
fn run_avx512<P: Pass>(pass: P) -> P::Output {
    pass.run::<true>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<P: Pass>(pass: P) -> P::Output {
    pass.run::<true>()
}
