//! A replay with a workspace allocates nothing.
#![expect(unsafe_code, reason = "an allocator that counts, which is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tape::{Program, Traced, Workspace};

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

#[test]
fn derivatives_with_a_workspace_allocate_nothing() {
    let f = |x: &[Traced]| (x[0] * x[1]).exp() + x[1].sin() * x[0].powi(-3);
    let scalar = Program::trace(f, &[1.0, 2.0]);
    let wide = Program::trace_many(|x| vec![f(x)], &[1.0, 2.0]);
    let tall = Program::trace_many(|x| vec![f(x), x[0].ln(), x[1] * x[0]], &[1.0, 2.0]);
    let x: Vec<f64> = (0..400).map(|k| 0.1 + f64::from(k) * 1e-3).collect();
    let (mut y, mut g, mut h) = (vec![0.0; 200], vec![0.0; 400], vec![0.0; 800]);
    let (mut jacobian, mut workspace) = (vec![0.0; 1200], Workspace::new());
    let mut all = || {
        for rows in [200, 1, 37] {
            let (x, y, g) = (&x[..2 * rows], &mut y[..rows], &mut g[..2 * rows]);
            scalar.value_and_grad_into(x, y, g, &mut workspace).unwrap();
            scalar.hvp_into(x, x, g, &mut workspace).unwrap();
            scalar.hessian_into(x, &mut h[..4 * rows], &mut workspace).unwrap();
            wide.jacobian_into(x, g, &mut workspace).unwrap();
            tall.jacobian_into(x, &mut jacobian[..6 * rows], &mut workspace).unwrap();
        }
    };
    all();
    let before = REQUESTS.get();
    all();
    all();
    assert_eq!(REQUESTS.get(), before);
}
