//! Long recordings: no recursion, memory that is kept and used again, and the bytes that the documentation says.

#![expect(unsafe_code, reason = "an allocator that counts can only be written so")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tape::{Tape, Var, value_and_grad, value_and_grad_into};

/// The allocator of the system, with what each thread asks of it counted.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + usize::from(bytes > 0));
    LIVE_BYTES.set(LIVE_BYTES.get() + bytes);
}

// SAFETY: every call is passed on to the system's allocator as it came; counting touches two cells of the thread, which
// have no destructor and allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: `start` came from `System` with this layout.
        unsafe { System.dealloc(start, layout) }
    }
}

/// A product of `lines` factors x onto y₀: each a line, as two lines meet in it. With x = 1 the value is y₀, and the
/// derivative by x is `lines` y₀.
fn chain(y0: Var, x: Var, lines: usize) -> Var {
    (0..lines).fold(y0, |y, _| y * x)
}

fn on_a_thread_with_2_mib_of_stack(body: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(body).expect("a thread starts");
    thread.join().expect("the thread has not panicked");
}

#[test]
fn ten_million_lines_record_and_sweep_and_drop_on_a_small_stack_and_again_without_an_allocation() {
    const LINES: usize = 10_000_000;
    on_a_thread_with_2_mib_of_stack(|| {
        let run = || {
            let tape = Tape::begin();
            let (y0, x) = (tape.var(2.0), tape.var(1.0));
            let y = chain(y0, x, LINES);
            assert_eq!(tape.lines(), LINES + 2);
            let bar = tape.sweep(&y).unwrap();
            assert_eq!(y.value(), 2.0);
            assert_eq!((bar.of(&x).unwrap(), bar.of(&y0).unwrap()), (2.0 * LINES as f64, 1.0));
        };
        run();
        let before = (ALLOCATIONS.get(), LIVE_BYTES.get());
        run();
        assert_eq!((ALLOCATIONS.get(), LIVE_BYTES.get()), before);
    });
}

#[test]
fn a_gradient_into_memory_of_the_caller_allocates_nothing_after_the_first() {
    on_a_thread_with_2_mib_of_stack(|| {
        let f = |x: &[Var]| (x[0] * x[1]).sin() / x[2].exp();
        let (x, mut gradient) = ([0.5, 2.0, 0.25], [0.0; 3]);
        let first = value_and_grad_into(f, &x, &mut gradient).unwrap();
        let before = (ALLOCATIONS.get(), LIVE_BYTES.get());
        for _ in 0..100 {
            assert_eq!(value_and_grad_into(f, &x, &mut gradient).unwrap(), first);
        }
        assert_eq!((ALLOCATIONS.get(), LIVE_BYTES.get()), before);
        assert_eq!((first, gradient.to_vec()), value_and_grad(f, &x));
    });
}

#[test]
fn a_line_takes_the_documented_bytes_and_its_cotangent_eight() {
    // The column doubles from 1024 lines on and always has room for one more, so this many fill it.
    const LINES: usize = (1 << 20) - 1;
    on_a_thread_with_2_mib_of_stack(|| {
        let tape = Tape::begin();
        let (y0, x) = (tape.var(2.0), tape.var(1.0));
        let start = LIVE_BYTES.get();
        let y = chain(y0, x, LINES - 2);
        assert_eq!(tape.lines(), LINES);
        let recorded = LIVE_BYTES.get();
        let bar = tape.sweep(&y).unwrap();
        let swept = LIVE_BYTES.get();
        drop(bar);
        // The first lines, the inputs among them, came with the first 1024.
        let grown = (LINES + 1 - 1024) * tape::BYTES_PER_LINE;
        assert_eq!(recorded - start, grown as isize);
        assert_eq!((swept - recorded) / LINES as isize, 8);
    });
}

#[test]
fn the_memory_of_a_thread_ends_with_it() {
    on_a_thread_with_2_mib_of_stack(|| {
        /// Let go after the tape's own memory, which was touched later.
        struct Last;
        impl Drop for Last {
            fn drop(&mut self) {
                assert!(LIVE_BYTES.get() < 1 << 20, "{} bytes are left", LIVE_BYTES.get());
            }
        }
        thread_local! { static LAST: Last = const { Last } }
        LAST.with(|_| ());
        let tape = Tape::begin();
        let (y0, x) = (tape.var(2.0), tape.var(1.0));
        tape.sweep(&chain(y0, x, 1 << 20)).unwrap();
        drop(tape);
        assert!(LIVE_BYTES.get() > 24 << 20, "{} bytes are kept", LIVE_BYTES.get());
    });
}
