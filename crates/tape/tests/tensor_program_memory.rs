//! A run of a program of tensors allocates nothing once the pool holds what it takes.
#![expect(unsafe_code, reason = "an allocator that counts, which is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tape::{Error, Tensor, TensorProgram, Triangle, scalar_fn};

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

type Function = fn(&[Tensor]) -> Result<Tensor, Error>;

/// Functions of `a: (2, 2, 4, 4)` and `b: (4, 4)`, each with one number for its value.
const FUNCTIONS: [(&str, Function); 20] = [
    ("conv2d", |x| {
        let kernels = x[1].reshape(&[2, 2, 2, 2])?;
        Ok(x[0].conv2d(&kernels, [1, 2], [1, 0])?.relu().sum_of_squares())
    }),
    ("conv1d", |x| Ok(x[0].reshape(&[4, 2, 8])?.conv1d(&x[1].reshape(&[4, 2, 2])?, 2, 1)?.sin().sum())),
    ("gather", |x| Ok(x[1].gather(1, &[2, 0, 1, 1, 3, 3], &[2, 3])?.powi(2).sum())),
    ("scatter_add", |x| Ok(x[1].scatter_add(0, &[3, 0], &[1, 2], &x[1].sin())?.powi(2).sum())),
    ("flip and roll", |x| Ok((x[0].flip(&[1, 3])? * x[0].roll(&[1, 0, -1])?).sum())),
    ("max_axes", |x| Ok(x[0].max_axes(&[1, 2], false)?.powi(2).sum())),
    ("min_axes with ties", |x| Ok(x[0].relu().min_axes(&[3], true)?.exp().sum())),
    ("max_all", |x| Ok(x[0].max_all()? * x[1].norm(f64::INFINITY)?)),
    ("map", |x| Ok(x[0].map(scalar_fn!(|x| if x > R::from_f64(0.0) { x.sin() } else { x.exp() })).sum())),
    ("zip_map", |x| Ok(x[0].zip_map(&x[1], scalar_fn!(|a, b| a * b.sin()))?.sum())),
    ("softmax", |x| Ok((x[0].softmax(1)? * x[0].log_softmax(3)?).sum() + x[0].log_sum_exp())),
    ("cross-entropies", |x| {
        let of_classes = x[1].cross_entropy_logits(&[3, 0, 1, 1])?;
        Ok(of_classes + x[0].soft_cross_entropy_logits(&x[0].sin().softmax(3)?)?)
    }),
    ("solve", |x| Ok(x[1].solve(&x[1].t().solve(&x[0])?)?.sum())),
    ("inverse and slogdet", |x| {
        let (sign, size) = x[0].slogdet()?;
        Ok((sign * size).sum() + x[1].inverse()?.sum_of_squares())
    }),
    ("cholesky and a triangle", |x| {
        let l = x[1].matmul(x[1].t())?.add(&Tensor::eye(4))?.cholesky()?;
        Ok(l.solve_triangular(&x[0], Triangle::Lower)?.sum())
    }),
    ("masks", |x| {
        let mask = x[0].greater(&x[1])?;
        Ok((x[0].masked_fill(&mask, 0.5)? * mask.select(&x[1], &x[0])?).sum())
    }),
    ("parts", |x| {
        let halves = x[1].split(&[1, 3], 1)?;
        let all = Tensor::concat(&[&halves[1], &halves[0].pad(&[(0, 0), (1, 2)], 0.5)?], 1)?;
        Ok((all.slice_steps(&[0..4, 1..7], &[1, 2])? * x[1].narrow(1, 0, 3)?).sum())
    }),
    ("scans", |x| Ok(x[0].cumprod(2)?.cumsum(1)?.sum() + x[1].prod_axes(&[0], false)?.sum())),
    ("moments and norms", |x| {
        Ok(x[0].std_axes(&[1], 1, false)?.sum() + x[0].var(0) + x[0].norm_axes(1.5, &[0, 3], false)?.sum())
    }),
    ("einsum", |x| Ok(Tensor::einsum("abij,kj->bik", &[&x[0], &x[1]])?.sin().sum())),
];

fn arguments(seed: usize) -> [Tensor; 2] {
    let at = |shape: &[usize], seed: f64| {
        let elements = (0..shape.iter().product()).map(|k: usize| (k as f64 * 1.7 + seed).sin() * 2.0);
        Tensor::from_vec(elements.collect(), shape).unwrap()
    };
    [at(&[2, 2, 4, 4], seed as f64 * 0.37), at(&[4, 4], 9.0 - (seed * seed) as f64 * 0.41)]
}

#[test]
fn a_run_allocates_nothing_after_the_second() {
    for (name, f) in FUNCTIONS {
        let x: Vec<_> = (0..12).map(arguments).collect();
        let mut program = TensorProgram::trace(2, &x[0].each_ref(), f).unwrap();
        for x in &x[..2] {
            program.value_and_gradient(&x.each_ref()).unwrap();
        }
        let before = REQUESTS.get();
        for x in &x[2..] {
            program.value_and_gradient(&x.each_ref()).unwrap();
        }
        assert_eq!(REQUESTS.get() - before, 0, "{name}");
    }
}
