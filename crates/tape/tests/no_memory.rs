//! When the system gives no more memory: an error or a panic that says how much was wanted, and nothing is lost.
#![expect(unsafe_code, reason = "an allocator that refuses, which is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use tape::{Error, Tape};

/// The greatest request that is granted.
static MOST: AtomicUsize = AtomicUsize::new(usize::MAX);

struct Stingy;

// SAFETY: all memory is that of the system's allocator, or none is given.
unsafe impl GlobalAlloc for Stingy {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > MOST.load(Ordering::Relaxed) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are handed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are handed on.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Stingy = Stingy;

#[test]
fn a_reservation_that_fails_says_how_much_it_wanted() {
    const LIMIT: usize = 10 << 20;
    let tape = Tape::begin();
    let x = tape.vars(&[1.0, 1.000_001]);
    let mut y = x[0];
    MOST.store(LIMIT, Ordering::Relaxed);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        loop {
            y *= x[1];
        }
    }));
    let lines = tape.lines();
    MOST.store(lines * 4, Ordering::Relaxed);
    let refused = tape.sweep(&y).unwrap_err();
    let refused_lanes = tape.jacobian(&[y], &x).unwrap_err();
    MOST.store(usize::MAX, Ordering::Relaxed);

    // It doubles: 2¹⁸ lines of 24 bytes are within the limit, 2¹⁹ are not. There is always room for one line more, so the
    // last one is taken back.
    assert_eq!(lines, (1 << 18) - 1);
    let text = *caught.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(text, format!("tape: no memory for {} scalar lines ({} bytes)", 1 << 19, 24 << 19));
    let want = Error::Memory { operation: "sweep", what: "cotangents", bytes: 8 * lines };
    assert_eq!((refused, refused_lanes), (want.clone(), want));

    // With memory again, everything is still there.
    let bar = tape.sweep(&y).unwrap();
    let power = (lines - 2) as f64;
    assert!((bar.of(&x[0]).unwrap() / 1.000_001_f64.powf(power) - 1.0).abs() < 1e-9);
    y *= x[1];
    assert_eq!(tape.lines(), lines + 1);
}
