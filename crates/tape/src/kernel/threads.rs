//! How large passes are shared among threads: cut into parts, which the threads of `rayon` run.
//!
//! Where a pass is cut changes no bit of what it computes: an element depends on itself, or on a sum whose order is
//! fixed. So one thread and many give the same result, and the number of parts is free.

use std::error::Error;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most threads that a kernel may use; 0 is as many as there are.
static MOST: AtomicUsize = AtomicUsize::new(0);

/// Lets each kernel use at most so many threads from now on, in the whole process: 1 is the caller's alone, 0 as many as the
/// pool of `rayon` has, which is what a process begins with. The results are the same bits for any number.
///
/// The pool is `rayon`'s own: its size is that of the machine, or what `RAYON_NUM_THREADS` says. A kernel called on
/// one of its threads shares with that pool. Only passes that take some forty microseconds and more are shared at all;
/// handing over a part costs some ten, and an allocation.
///
/// ```
/// use tape::kernel::{set_threads, threads};
/// set_threads(1);
/// assert_eq!(threads(), 1);
/// set_threads(0);
/// assert!(threads() >= 1);
/// ```
pub fn set_threads(most: usize) {
    MOST.store(most, Ordering::Relaxed);
}

/// How many threads a kernel may use: what was set by [`set_threads`], else as many as the pool of `rayon` has; the caller's
/// alone where the system gives no threads.
///
/// ```
/// assert!(tape::kernel::threads() >= 1);
/// ```
pub fn threads() -> usize {
    match MOST.load(Ordering::Relaxed) {
        // That one asks for no pool, which would be started by the question.
        1 => 1,
        _ if !*POOL => 1,
        0 => rayon_core::current_num_threads(),
        most => most,
    }
}

/// Whether there is a pool: the program's own, or one that is started here.
static POOL: LazyLock<bool> = LazyLock::new(|| match rayon_core::ThreadPoolBuilder::new().build_global() {
    Ok(()) => true,
    // There was one already; else the system's reason stands behind the error.
    Err(error) => error.source().is_none(),
});

/// How many parts work of this size is worth, if each is to be no smaller than `least`.
#[inline(always)]
pub(super) fn parts(size: usize, least: usize) -> usize {
    // Most work is small, and is not to pay for the question.
    if size < 2 * least { 1 } else { parts_of_large(size / least) }
}

#[cold]
#[inline(never)]
fn parts_of_large(most: usize) -> usize {
    most.min(threads())
}

/// Work that can be cut in two.
pub(crate) trait Cut: Sized + Send {
    /// How long it is.
    fn length(&self) -> usize;

    /// What lies before `at`, and what from there on.
    fn cut(self, at: usize) -> (Self, Self);
}

impl<T: Sync> Cut for &[T] {
    fn length(&self) -> usize {
        self.len()
    }

    fn cut(self, at: usize) -> (Self, Self) {
        self.split_at(at)
    }
}

impl<T: Send> Cut for &mut [T] {
    fn length(&self) -> usize {
        self.len()
    }

    fn cut(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }
}

/// A part of a slice that knows where it begins.
pub(crate) struct Placed<'a, T> {
    pub(crate) first: usize,
    pub(crate) elements: &'a mut [T],
}

impl<T: Send> Cut for Placed<'_, T> {
    fn length(&self) -> usize {
        self.elements.len()
    }

    fn cut(self, at: usize) -> (Self, Self) {
        let (elements, rest) = self.elements.split_at_mut(at);
        (Placed { first: self.first, elements }, Placed { first: self.first + at, elements: rest })
    }
}

/// Slices of one length, cut in one place.
macro_rules! together {
    ($($A:ident $a:ident $b:ident),+) => {
        impl<$($A: Cut),+> Cut for ($($A,)+) {
            fn length(&self) -> usize {
                self.0.length()
            }

            fn cut(self, at: usize) -> (Self, Self) {
                let ($($a,)+) = self;
                $(let ($a, $b) = $a.cut(at);)+
                (($($a,)+), ($($b,)+))
            }
        }
    };
}
together!(A a a_rest, B b b_rest);
together!(A a a_rest, B b b_rest, C c c_rest);

impl<C: Cut, const N: usize> Cut for [C; N] {
    fn length(&self) -> usize {
        self[0].length()
    }

    fn cut(self, at: usize) -> (Self, Self) {
        let mut rests = [const { None }; N];
        let mut k = 0;
        let firsts = self.map(|one| {
            let (first, rest) = one.cut(at);
            rests[k] = Some(rest);
            k += 1;
            first
        });
        (firsts, rests.map(|rest| rest.expect("each was cut")))
    }
}

/// Elements of at least a line of cache, which no two threads are to write to.
pub(crate) const LINE: usize = 16;

/// Elements of a part of a pass over memory that is worth a thread.
pub(crate) const LEAST: usize = 256 * 1024;

/// Runs a pass over slices of one length, in parts where it is long. Parts begin at multiples of `step`.
#[inline(always)]
pub(crate) fn in_parts<W: Cut>(least: usize, step: usize, work: W, run: impl Fn(W) + Sync) {
    match parts(work.length(), least) {
        1 => run(work),
        parts => shared(parts, step, work, &run),
    }
}

/// Runs work in so many parts, as even as they come, the last of them on the caller's thread: to wait for others to begin would
/// take longer than small parts do. Compiled once for each kind of work, whatever is run.
#[cold]
#[inline(never)]
pub(super) fn shared<W: Cut>(parts: usize, step: usize, work: W, run: &(dyn Fn(W) + Sync)) {
    rayon_core::in_place_scope(|scope| {
        let mut rest = work;
        for parts in (2..=parts).rev() {
            let at = (rest.length() / parts).next_multiple_of(step);
            if at >= rest.length() {
                break;
            }
            let (one, others) = rest.cut(at);
            scope.spawn(move |_| run(one));
            rest = others;
        }
        run(rest);
    });
}

#[cfg(test)]
mod tests {
    use super::super::{self as kernel, Element, Factor, MatmulShape};
    use super::*;

    /// Held while the number of threads is set: it belongs to the process.
    static SETTING: std::sync::Mutex<()> = std::sync::Mutex::new(());

    /// What `pass` gives on 1, 2, 3, 4 and 7 threads must be the same.
    fn same_on_any_number<R: PartialEq>(name: &str, pass: impl Fn() -> R) {
        let _held = SETTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        set_threads(1);
        let alone = pass();
        for most in [2, 3, 4, 7] {
            set_threads(most);
            assert!(pass() == alone, "{name} on {most} threads");
        }
        set_threads(0);
    }

    /// Numbers whose sums round.
    fn numbers<T: Element + From<f32>>(count: usize) -> Vec<T> {
        (0..count).map(|i| ((i * 7919 % 10_007) as f32 / 997.0 - 5.0).into()).collect()
    }

    /// Bits, for NaN too.
    fn bits<T: Copy + Into<f64>>(x: &[T]) -> Vec<u64> {
        x.iter().map(|&x| x.into().to_bits()).collect()
    }

    /// Steps of optimisers on the parameters x with the gradient y.
    fn updates<T: Element + Into<f64>>(x: &[T], y: &[T]) {
        type Step<T> = fn(&[T], &mut [T], [&mut [T]; 3]);
        let steps: [(&str, Step<T>); 6] = [
            ("momentum_step", |g, theta, [v, ..]| {
                let step = kernel::MomentumStep { rate: 0.1, momentum: 0.9, nesterov: true, decay: 0.1 };
                kernel::momentum_step(step, g, v, theta);
            }),
            ("ada_grad_step", |g, theta, [s, ..]| {
                kernel::ada_grad_step(
                    kernel::AdaGradStep { rate: 0.1, epsilon: 1e-8, decay: 0.1 },
                    g,
                    s,
                    theta,
                );
            }),
            ("rms_prop_step", |g, theta, [s, ..]| kernel::rms_prop_step(RMS_PROP, g, s, theta)),
            ("rms_prop_momentum_step", |g, theta, [s, v, _]| {
                kernel::rms_prop_momentum_step(RMS_PROP, 0.9, g, s, v, theta);
            }),
            ("adam_step", |g, theta, [m, v, _]| kernel::adam_step(ADAM, g, m, v, theta)),
            ("ams_grad_step", |g, theta, [m, v, most]| kernel::ams_grad_step(ADAM, g, m, v, most, theta)),
        ];
        for (name, step) in steps {
            same_on_any_number(name, || {
                let (mut theta, mut moments) = (x.to_vec(), [(); 3].map(|()| vec![T::default(); x.len()]));
                for _ in 0..2 {
                    step(y, &mut theta, moments.each_mut().map(|moment| &mut moment[..]));
                }
                [&theta, &moments[0], &moments[1], &moments[2]].map(|all| bits(all))
            });
        }
    }

    const RMS_PROP: kernel::RmsPropStep =
        kernel::RmsPropStep { rate: 0.1, smoothing: 0.9, epsilon: 1e-8, decay: 0.1 };
    const ADAM: kernel::AdamStep =
        kernel::AdamStep { rate: 0.1, betas: [0.9, 0.99], epsilon: 1e-8, count: 2, decay: 0.1, shrink: 0.1 };

    fn passes<T: Element + From<f32> + Into<f64>>() {
        // Seven parts and a rest that fills no vector.
        let count = 7 * LEAST + 4099;
        let (x, y) = (numbers::<T>(count), numbers::<T>(count + 1)[1..].to_vec());
        let filled = |fill: &dyn Fn(&mut [T])| {
            let mut z = y.clone();
            fill(&mut z);
            bits(&z)
        };
        same_on_any_number("exp", || filled(&|z| kernel::exp(&x, z)));
        same_on_any_number("softplus", || filled(&|z| kernel::softplus(&x, z)));
        same_on_any_number("axpy", || filled(&|z| kernel::axpy(0.3.into(), &x, z)));
        same_on_any_number("axpby", || filled(&|z| kernel::axpby(0.3.into(), &x, 0.9.into(), z)));
        same_on_any_number("sigmoid_gradient", || filled(&|z| kernel::sigmoid_gradient(&x, &y, z)));
        same_on_any_number("times_sigmoid_slope", || filled(&|z| kernel::times_sigmoid_slope(&x, z)));
        same_on_any_number("entropy's gradient", || {
            filled(&|z| kernel::sigmoid_cross_entropy_gradient(&x, &y, 0.7.into(), z))
        });
        same_on_any_number("scale", || filled(&|z| kernel::scale(0.3.into(), z)));
        same_on_any_number("clamp", || filled(&|z| kernel::clamp(0.7.into(), z)));
        updates(&x, &y);
        for columns in [1, 33, 1000, 3 * LEAST] {
            let rows = count / columns;
            let whole = rows * columns;
            let bias = &y[..columns];
            same_on_any_number("add_bias", || filled(&|z| kernel::add_bias(&mut z[..whole], bias)));
            same_on_any_number("add_bias_sigmoid", || {
                filled(&|z| kernel::add_bias_sigmoid(&mut z[..whole], bias))
            });
            same_on_any_number("column_sums", || {
                filled(&|z| kernel::column_sums(&x[..whole], columns, 0.5.into(), &mut z[..columns]))
            });
        }
        same_on_any_number("sum", || bits(&[kernel::sum(&x)]));
        same_on_any_number("norm", || kernel::norm(&x).to_bits());
        same_on_any_number("dot", || bits(&[kernel::dot(&x, &y)]));
        same_on_any_number("entropy", || bits(&[kernel::sigmoid_cross_entropy(&x, &y)]));
    }

    #[test]
    fn passes_of_f32_give_the_same_bits_on_any_number_of_threads() {
        passes::<f32>();
    }

    #[test]
    fn passes_of_f64_give_the_same_bits_on_any_number_of_threads() {
        passes::<f64>();
    }

    fn products<T: Element + From<f32> + Into<f64>>() {
        // Cut across rows, across columns, across both, in several parts of the sum; and where the right factor is read in
        // place.
        for (m, k, n) in
            [(2000, 120, 130), (25, 3000, 410), (333, 600, 401), (9, 500, 9000), (200_000, 15, 17)]
        {
            let (a, b, old) = (numbers::<T>(m * k), numbers::<T>(k * n), numbers::<T>(m * n));
            for (a_transposed, b_transposed) in [(false, false), (false, true), (true, false), (true, true)] {
                let a = Factor { data: &a, transposed: a_transposed };
                let b = Factor { data: &b, transposed: b_transposed };
                let shape = MatmulShape { m, k, n };
                same_on_any_number("matmul", || {
                    let mut c = old.clone();
                    kernel::matmul(shape, 0.7.into(), a, b, (-1.3).into(), &mut c);
                    bits(&c)
                });
                same_on_any_number("matmul_plus", || {
                    let mut c = vec![f32::NAN.into(); m * n];
                    kernel::matmul_plus(shape, a, b, 0.1.into(), &old, &mut c);
                    bits(&c)
                });
            }
        }
    }

    #[test]
    fn products_of_f32_give_the_same_bits_on_any_number_of_threads() {
        products::<f32>();
    }

    #[test]
    fn products_of_f64_give_the_same_bits_on_any_number_of_threads() {
        products::<f64>();
    }

    #[test]
    fn parts_cover_the_work_once_and_begin_at_a_step() {
        for length in [1, 5, 64, 1000] {
            for parts in 1..9 {
                for step in [1, 3, 64] {
                    let mut seen = vec![0; length];
                    let start = seen.as_ptr() as usize;
                    shared(parts, step, &mut seen[..], &|part: &mut [u64]| {
                        if !part.is_empty() {
                            let first = (part.as_ptr() as usize - start) / size_of::<u64>();
                            assert!(first.is_multiple_of(step), "{length} {parts} {step}: {first}");
                        }
                        part.iter_mut().for_each(|element| *element += 1);
                    });
                    assert!(seen.iter().all(|&times| times == 1), "{length} {parts} {step}");
                }
            }
        }
    }

    #[test]
    fn small_work_stays_with_the_caller_and_one_thread_is_one() {
        let _held = SETTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        set_threads(4);
        assert_eq!(parts(2 * LEAST - 1, LEAST), 1);
        assert_eq!(parts(2 * LEAST, LEAST), 2);
        assert_eq!(parts(100 * LEAST, LEAST), 4);
        set_threads(1);
        assert_eq!(parts(100 * LEAST, LEAST), 1);
        set_threads(0);
    }
}
