//! A replay with a workspace allocates nothing.
#![expect(unsafe_code, reason = "an allocator that counts, which is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tape::{Program, Workspace};

thread_local! {
    /// How often this thread has asked for memory.
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all memory is that of the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.set(REQUESTS.get() + 1);
        // SAFETY: the caller's promises are handed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are handed on.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_replay_with_a_workspace_allocates_nothing() {
    let program =
        Program::trace(|x| if x[0] > 0.0 { (x[0] * x[1]).exp() + x[1].sin() } else { x[0] }, &[1.0, 2.0]);
    let gradient = program.with_gradient().unwrap();
    let x: Vec<f64> = (0..2000).map(|k| 0.1 + f64::from(k) * 1e-3).collect();
    let (mut y, mut z, mut workspace) = (vec![0.0; 3000], vec![0.0; 3], Workspace::new());
    let mut both = || {
        gradient.eval_into(&x, &mut y, &mut workspace).unwrap();
        gradient.eval_into(&x[..2], &mut z, &mut workspace).unwrap();
    };
    both();
    let before = REQUESTS.get();
    assert!(before > 0);
    both();
    both();
    assert_eq!(REQUESTS.get(), before);
    assert_eq!(y[..3], z[..]);
}
