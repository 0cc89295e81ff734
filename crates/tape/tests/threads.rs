//! Large tensors: values and gradients are the same bits on any number of threads, whatever loop shares them.

use tape::{Error, Tape, Tensor, kernel, scalar_fn};

/// Numbers that look random and are the same every time, in [-1, 1).
fn filled(shape: &[usize], seed: u64) -> Tensor<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f64 / 2.0_f64.powi(23) - 1.0) as f32
    };
    Tensor::from_vec((0..shape.iter().product()).map(|_| next()).collect(), shape).unwrap()
}

type Function = fn(&Tensor<f32>, &Tensor<f32>) -> Result<Tensor<f32>, Error>;

/// Of `x: (1200, 1000)` and `w: (1000)`: above what is shared, and no multiple of a part.
const FUNCTIONS: [(&str, Function); 9] = [
    ("one operand", |x, _| Ok(x.sin().sum() + x.relu().exp().mean())),
    ("two of one shape", |x, _| Ok((x * x.cos() / (x.powi(2) + 1.0)).sum())),
    ("a row on every row, from either side", |x, w| Ok(((x + w) * (w - x)).sum())),
    ("a column on every column", |x, w| {
        let column = w.narrow(0, 0, 600)?.reshape(&[600, 1])?;
        Ok(x.reshape(&[600, 2000])?.mul(&column)?.sum())
    }),
    ("three operands", |x, w| {
        let other = x.scale(0.5);
        Ok(Tensor::select(&x.relu(), &other, x)?.sum() + x.mul_add(&other, w)?.sum())
    }),
    ("a function of the user's", |x, w| {
        let mapped = x.map(scalar_fn!(|x| x.sin() * x + x.powi(3)));
        Ok(mapped.zip_map(w, scalar_fn!(|a, b| a * b.exp()))?.sum())
    }),
    ("batches of products, one of them repeated", |x, w| {
        let a = x.reshape(&[12, 100, 1000])?;
        let b = a.matmul(a.t())?;
        let c = w.reshape(&[1, 10, 100])?.matmul(&b)?;
        Ok(c.sum() + b.sigmoid().sum())
    }),
    ("sums and their kin", |x, w| {
        Ok(x.sum_axes(&[0], false)?.mul(w)?.sum() + x.sum_axes(&[1], true)?.powi(2).sum() + x.norm(2.0)?)
    }),
    ("softmax", |x, _| Ok((x.softmax(1)? * x).sum() + x.log_sum_exp())),
];

fn value_and_gradient(f: Function) -> Vec<u32> {
    let (x, w) = (filled(&[1200, 1000], 1), filled(&[1000], 2));
    let tape = Tape::begin();
    let (x, w) = (tape.tensor(&x), tape.tensor(&w));
    let y = f(&x, &w).unwrap();
    let bars = tape.sweep(&y).unwrap();
    let (x_bar, w_bar) = (bars.of(&x).unwrap(), bars.of(&w).unwrap());
    let all = [y.as_slice(), x_bar.as_slice(), w_bar.as_slice()];
    all.iter().flat_map(|part| part.iter().map(|x| x.to_bits())).collect()
}

#[test]
fn large_tensors_have_the_same_bits_on_any_number_of_threads() {
    for (name, f) in FUNCTIONS {
        kernel::set_threads(1);
        let alone = value_and_gradient(f);
        for most in [2, 3, 5] {
            kernel::set_threads(most);
            assert!(value_and_gradient(f) == alone, "{name} on {most} threads");
        }
    }
    kernel::set_threads(0);
}

#[test]
fn a_panic_of_a_function_of_the_users_comes_through() {
    let x = filled(&[1200, 1000], 1);
    let last = x.to_vec()[x.len() - 1];
    let panics = std::panic::catch_unwind(move || {
        struct Refuses(f32);
        impl tape::ScalarFn for Refuses {
            fn call<R: tape::Real>(&self, x: R) -> R {
                assert!(x != R::from_f64(self.0.into()), "that one is refused");
                x
            }
        }
        x.map(Refuses(last))
    });
    let words = *panics.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(words, "that one is refused");
}
