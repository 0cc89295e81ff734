//! Matrix products and vector maths: slices in, slices out, nothing allocated that the caller sees.
//!
//! Beside the scalar column of the tape this is the only room with `unsafe` code: every function here is compiled for several sets of vector
//! instructions, and [`level`] says which one runs. On one machine the same inputs give the same bits, wherever
//! in memory they lie; AVX2 and AVX-512 agree to the bit, and machines without fused multiply-add differ from them in the last
//! digits.

mod clip;
mod elementwise;
mod float;
pub(crate) mod lane;
mod level;
mod matmul;
mod network;
#[cfg(test)]
mod oracle;
mod reduce;
mod threads;
mod update;

pub use level::{Level, level};
pub(crate) use level::{Pass, dispatch_at};
pub(crate) use matmul::LEAST as LEAST_PRODUCT;
pub use matmul::{Factor, MatmulShape};
pub(crate) use threads::{LEAST, LINE, Placed, in_parts};
pub use threads::{set_threads, threads};
pub use update::{AdaGradStep, AdamStep, MomentumStep, RmsPropStep};

/// What the files below are written over: a plain number with the arithmetic and bits of its format.
trait Plain: float::Bits + matmul::Product + Send + Sync + std::fmt::Debug {}
impl Plain for f32 {}
impl Plain for f64 {}

/// A number that the kernels are written for: `f32` or `f64`. Sealed.
///
/// It has no methods of its own that could stand in the way of those of [`Elementary`](crate::Elementary): the
/// arithmetic that the kernels need stays inside.
pub trait Element: sealed::Kernels<Self> + Copy + Default + Send + Sync + std::fmt::Debug + 'static {}
impl Element for f32 {}
impl Element for f64 {}

/// Declares the public functions, each the one of that name in the file named before it.
macro_rules! kernels {
    ($($(#[$doc:meta])* $file:ident::$name:ident($($argument:ident: $type:ty),*) $(-> $output:ty)?;)*) => {
        mod sealed {
            use super::{AdaGradStep, AdamStep, Factor, MatmulShape, MomentumStep, RmsPropStep};

            /// The functions as those of one type, so that generic callers need not know its arithmetic.
            pub trait Kernels<T> {
                $(fn $name($($argument: $type),*) $(-> $output)?;)*
            }
        }

        mod single {
            use super::sealed::Kernels;
            use super::{AdaGradStep, AdamStep, Factor, MatmulShape, MomentumStep, RmsPropStep};
            use super::{clip, elementwise, matmul, network, reduce, update};
            type T = f32;
            impl Kernels<T> for T {
                $(#[inline] fn $name($($argument: $type),*) $(-> $output)? {
                    $file::$name($($argument),*)
                })*
            }
        }

        mod double {
            use super::sealed::Kernels;
            use super::{AdaGradStep, AdamStep, Factor, MatmulShape, MomentumStep, RmsPropStep};
            use super::{clip, elementwise, matmul, network, reduce, update};
            type T = f64;
            impl Kernels<T> for T {
                $(#[inline] fn $name($($argument: $type),*) $(-> $output)? {
                    $file::$name($($argument),*)
                })*
            }
        }

        $(
            $(#[$doc])*
            #[inline]
            pub fn $name<T: Element>($($argument: $type),*) $(-> $output)? {
                T::$name($($argument),*)
            }
        )*
    };
}

kernels! {
    /// Sets `c` to `alpha · op(A) · op(B) + beta · c`.
    ///
    /// Shapes: op(A) is `(m, k)`, stored as `(m, k)` or, if transposed, as `(k, m)`; op(B) is `(k, n)`, stored as
    /// `(k, n)` or `(n, k)`; `c` is `(m, n)`; all row-major and contiguous, any of the sizes may be 0.
    ///
    /// - `beta == 0` never reads `c`: what was in it, NaN included, does not show in the result.
    /// - `k == 0` gives `beta · c`.
    /// - NaN and infinities go where the formula takes them, also with `alpha == 0`.
    /// - The sum over k is one chain of multiply-adds from first to last, cut into parts of 512, which are added up in
    ///   order. It depends neither on n and alignment nor, above 16 rows, on m and transposition, so products over parts of
    ///   the columns, or over many rows each, give the bits of the whole. Error of an element: at most
    ///   `k · u · Σ|a||b|`, u half an ulp of 1.
    /// - Where up to 16 rows meet a transposed B and sums are long (k from 8 m up in `f32`, 4 m in `f64`; 5 m for m up to 4; 64 at
    ///   least if A is transposed too), a sum runs in 16 (`f32`) or 8 interleaved chains instead, in parts of 4096: to copy B
    ///   would take longer than the product.
    ///
    /// The buffer for copied panels belongs to the thread and is kept: no allocation after the first product of a size.
    ///
    /// ```
    /// use tape::kernel::{Factor, MatmulShape, matmul};
    /// let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // (2, 3)
    /// let b = [1.0, 0.0, 1.0, 0.0, 1.0, 1.0]; // stored (2, 3), read (3, 2)
    /// let mut c = [f64::NAN; 4];
    /// let shape = MatmulShape { m: 2, k: 3, n: 2 };
    /// matmul(shape, 1.0, Factor::plain(&a), Factor::transposed(&b), 0.0, &mut c);
    /// assert_eq!(c, [4.0, 5.0, 10.0, 11.0]);
    /// ```
    ///
    /// # Panics
    /// If the length of a slice is not the product of its sizes.
    matmul::matmul(shape: MatmulShape, alpha: T, a: Factor<'_, T>, b: Factor<'_, T>, beta: T, c: &mut [T]);

    /// Sets `c` to `op(A) · op(B) + beta · d`, where `d` has the shape of the result: [`matmul`] onto another matrix, in one
    /// pass over the result.
    ///
    /// ```
    /// use tape::kernel::{Factor, MatmulShape, matmul_plus};
    /// let mut c = [f64::NAN; 2];
    /// let shape = MatmulShape { m: 1, k: 1, n: 2 };
    /// matmul_plus(shape, Factor::plain(&[3.0]), Factor::plain(&[1.0, 2.0]), 10.0, &[1.0, 1.0], &mut c);
    /// assert_eq!(c, [13.0, 16.0]);
    /// ```
    ///
    /// # Panics
    /// If the length of a slice is not the product of its sizes.
    matmul::matmul_plus(shape: MatmulShape, a: Factor<'_, T>, b: Factor<'_, T>, beta: T, d: &[T], c: &mut [T]);

    /// Sets `y[i]` to e^`x[i]`.
    ///
    /// Error at most 1 ulp (1.1 without fused multiply-add), subnormal results included. e^-∞ = 0, e^∞ = ∞, NaN stays NaN.
    /// Cody and Waite's reduction to |r| <= ln 2 / 2 (1980, *Software Manual for the Elementary Functions*, ch. 6), then a
    /// polynomial.
    ///
    /// ```
    /// let mut y = [0.0; 3];
    /// tape::kernel::exp(&[0.0, -f64::INFINITY, 1000.0], &mut y);
    /// assert_eq!(y, [1.0, 0.0, f64::INFINITY]);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    elementwise::exp(x: &[T], y: &mut [T]);

    /// Sets `y[i]` to σ(`x[i]`) = 1 / (1 + e^-`x[i]`).
    ///
    /// Error at most 2 ulp, subnormal results included: σ(-1000) is 0 only because e^-1000 is below the smallest number.
    ///
    /// ```
    /// let mut y = [0.0; 3];
    /// tape::kernel::sigmoid(&[0.0, -1000.0, 1000.0], &mut y);
    /// assert_eq!(y, [0.5, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    elementwise::sigmoid(x: &[T], y: &mut [T]);

    /// Sets `y[i]` to tanh `x[i]`.
    ///
    /// Error at most 2.5 ulp; tiny arguments keep all their digits, and the sign of zero stays.
    ///
    /// ```
    /// let mut y = [0.0_f64; 3];
    /// tape::kernel::tanh(&[1e-20, -100.0, -0.0], &mut y);
    /// assert_eq!(y, [1e-20, -1.0, 0.0]);
    /// assert!(y[2].is_sign_negative());
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    elementwise::tanh(x: &[T], y: &mut [T]);

    /// Sets `y[i]` to ln(1 + e^`x[i]`).
    ///
    /// Error at most 2 ulp (2.1 without fused multiply-add), in both tails: for large negative `x[i]` it goes like e^`x[i]`, down to the subnormal numbers.
    ///
    /// ```
    /// let mut y = [0.0; 2];
    /// tape::kernel::softplus(&[-700.0, 1000.0], &mut y);
    /// assert!((y[0] / (-700.0_f64).exp() - 1.0).abs() < 1e-15);
    /// assert_eq!(y[1], 1000.0);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    elementwise::softplus(x: &[T], y: &mut [T]);

    /// Sets `y[i]` to the natural logarithm of `x[i]`.
    ///
    /// Error at most 2 ulp, subnormal arguments included. ln 0 = -∞, ln ∞ = ∞, negative numbers give NaN.
    /// The formula is that of FreeBSD's `e_log.c` (Sun Microsystems 1993).
    ///
    /// ```
    /// let mut y = [0.0; 3];
    /// tape::kernel::ln(&[1.0, 0.0, -1.0], &mut y);
    /// assert_eq!(y[..2], [0.0, -f64::INFINITY]);
    /// assert!(y[2].is_nan());
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    elementwise::ln(x: &[T], y: &mut [T]);

    /// Sets `z_bar[i]` to `a_bar[i] · a[i] (1 - a[i])`: the pullback of a = σ(z).
    ///
    /// ```
    /// let mut z_bar = [0.0];
    /// tape::kernel::sigmoid_gradient(&[0.25], &[2.0], &mut z_bar);
    /// assert_eq!(z_bar, [0.375]);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    network::sigmoid_gradient(a: &[T], a_bar: &[T], z_bar: &mut [T]);

    /// Multiplies each `bar[i]` by `a[i] (1 - a[i])`: the same in place.
    ///
    /// ```
    /// let mut bar = [2.0];
    /// tape::kernel::times_sigmoid_slope(&[0.25], &mut bar);
    /// assert_eq!(bar, [0.375]);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    network::times_sigmoid_slope(a: &[T], bar: &mut [T]);

    /// Adds `bias` to every row of `z`, which is whole rows of `bias.len()`: the last layer's sum, of which the loss
    /// takes the sigmoid.
    ///
    /// ```
    /// let mut z = [1.0, 2.0, 3.0, 4.0];
    /// tape::kernel::add_bias(&mut z, &[10.0, 20.0]);
    /// assert_eq!(z, [11.0, 22.0, 13.0, 24.0]);
    /// ```
    ///
    /// # Panics
    /// If `z` is not whole rows.
    network::add_bias(z: &mut [T], bias: &[T]);

    /// Sets every row of `z`, which is `(rows, bias.len())`, to σ(row + bias).
    ///
    /// ```
    /// let mut z = [1.0, -2.0, 3.0, -4.0];
    /// tape::kernel::add_bias_sigmoid(&mut z, &[-1.0, 2.0]);
    /// assert_eq!(z[..2], [0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If `z` is no whole number of rows.
    network::add_bias_sigmoid(z: &mut [T], bias: &[T]);

    /// Σ softplus(`z[i]`) - `y[i] z[i]`: the cross-entropy of σ(z) against targets y in 0 to 1, from the logits.
    ///
    /// Written as max(z, 0) - y z + ln(1 + e^-|z|), which neither overflows nor loses digits at any finite logit; an infinite
    /// one whose factor is 0 gives NaN. The sum is that of [`sum`].
    ///
    /// ```
    /// assert_eq!(tape::kernel::sigmoid_cross_entropy(&[1000.0, -1000.0], &[0.0, 0.0]), 1000.0);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    network::sigmoid_cross_entropy(z: &[T], y: &[T]) -> T;

    /// Sets `z_bar[i]` to `scale · (σ(z[i]) - y[i])`: the pullback of [`sigmoid_cross_entropy`].
    ///
    /// ```
    /// let mut z_bar = [0.0];
    /// tape::kernel::sigmoid_cross_entropy_gradient(&[0.0], &[1.0], 2.0, &mut z_bar);
    /// assert_eq!(z_bar, [-1.0]);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    network::sigmoid_cross_entropy_gradient(z: &[T], y: &[T], scale: T, z_bar: &mut [T]);

    /// Σ `x[i]`: 0 for an empty slice.
    ///
    /// Error below 1 ulp of the result for `f32`; for `f64` at most `70 · u · Σ|x|` with u = 2⁻⁵³, whatever the length.
    ///
    /// ```
    /// assert_eq!(tape::kernel::sum(&[0.5_f32; 5]), 2.5);
    /// ```
    reduce::sum(x: &[T]) -> T;

    /// Σ `x[i] · y[i]`, with the error of [`sum`] (products of `f32` are exact in `f64`).
    ///
    /// ```
    /// assert_eq!(tape::kernel::dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    reduce::dot(x: &[T], y: &[T]) -> T;

    /// Σ `x[i]`², with the error of [`sum`].
    ///
    /// ```
    /// assert_eq!(tape::kernel::sum_of_squares(&[3.0_f32, 4.0]), 25.0);
    /// ```
    reduce::sum_of_squares(x: &[T]) -> T;

    /// Adds `alpha · x[i]` to `y[i]`, rounding once where the processor has fused multiply-add.
    ///
    /// ```
    /// let mut y = [1.0, 2.0];
    /// tape::kernel::axpy(-0.5, &[2.0, 4.0], &mut y);
    /// assert_eq!(y, [0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    reduce::axpy(alpha: T, x: &[T], y: &mut [T]);

    /// Sets `y[i]` to `alpha · x[i] + beta · y[i]`, with one rounding less where the processor has fused multiply-add.
    ///
    /// ```
    /// let mut y = [1.0, 2.0];
    /// tape::kernel::axpby(-0.5, &[2.0, 4.0], 3.0, &mut y);
    /// assert_eq!(y, [2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    reduce::axpby(alpha: T, x: &[T], beta: T, y: &mut [T]);

    /// Sets `out[j]` to `beta · out[j] + Σ_i x[i, j]`, where `x` is `(rows, columns)`; with `beta == 0`, `out` is not read.
    ///
    /// The rows are added in order, in `f64` for both types.
    ///
    /// ```
    /// let mut out = [f64::NAN; 2];
    /// tape::kernel::column_sums(&[1.0, 2.0, 3.0, 4.0], 2, 0.0, &mut out);
    /// assert_eq!(out, [4.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If `out` does not have `columns` elements, or `x` is no whole number of rows.
    reduce::column_sums(x: &[T], columns: usize, beta: T, out: &mut [T]);

    /// The Euclidean norm √(Σ `x[i]`²), in `f64` for both types: it neither overflows nor underflows on the way.
    ///
    /// ```
    /// assert_eq!(tape::kernel::norm(&[3e30_f32, 4e30]) as f32, 5e30);
    /// ```
    clip::norm(x: &[T]) -> f64;

    /// Multiplies each `x[i]` by `alpha`.
    ///
    /// ```
    /// let mut x = [1.0, -2.0];
    /// tape::kernel::scale(0.5, &mut x);
    /// assert_eq!(x, [0.5, -1.0]);
    /// ```
    clip::scale(alpha: T, x: &mut [T]);

    /// Brings each `x[i]` into the range from `-most` to `most`; NaN stays NaN.
    ///
    /// ```
    /// let mut x = [0.5, -f64::INFINITY];
    /// tape::kernel::clamp(2.0, &mut x);
    /// assert_eq!(x, [0.5, -2.0]);
    /// ```
    ///
    /// # Panics
    /// If `most` is negative or NaN.
    clip::clamp(most: T, x: &mut [T]);

    /// A step with momentum: `v := μ v + g`, `θ := θ - α v`, or, looking ahead as Nesterov's does, `θ := θ - α (g + μ v)`, where g
    /// is the gradient and `decay · θ`.
    ///
    /// Polyak 1964, eq. 9; Sutskever, Martens, Dahl and Hinton 2013, eqs. 1–4, in the form of PyTorch, whose velocity has
    /// not the learning rate in it.
    ///
    /// ```
    /// use tape::kernel::{MomentumStep, momentum_step};
    /// let step = MomentumStep { rate: 0.5, momentum: 0.5, nesterov: false, decay: 0.0 };
    /// let (mut velocity, mut theta) = ([2.0], [0.0]);
    /// momentum_step(step, &[1.0], &mut velocity, &mut theta);
    /// assert_eq!((velocity, theta), ([2.0], [-1.0]));
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    update::momentum_step(step: MomentumStep, gradient: &[T], velocity: &mut [T], parameters: &mut [T]);

    /// A step of AdaGrad: `s := s + g²`, `θ := θ - α g / (√s + ε)`, where g is the gradient and `decay · θ`.
    ///
    /// Duchi, Hazan and Singer 2011, fig. 1 with diagonal matrices.
    ///
    /// ```
    /// use tape::kernel::{AdaGradStep, ada_grad_step};
    /// let step = AdaGradStep { rate: 0.5, epsilon: 0.0, decay: 0.0 };
    /// let (mut squares, mut theta) = ([9.0], [1.0]);
    /// ada_grad_step(step, &[4.0], &mut squares, &mut theta);
    /// assert_eq!((squares, theta), ([25.0], [0.6]));
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    update::ada_grad_step(step: AdaGradStep, gradient: &[T], squares: &mut [T], parameters: &mut [T]);

    /// A step of RMSProp: `s := ρ s + (1 - ρ) g²`, `θ := θ - α g / (√s + ε)`, where g is the gradient and `decay · θ`.
    ///
    /// Tieleman and Hinton 2012, lecture 6.5 of *Neural Networks for Machine Learning*.
    ///
    /// ```
    /// use tape::kernel::{RmsPropStep, rms_prop_step};
    /// let step = RmsPropStep { rate: 0.5, smoothing: 0.75, epsilon: 0.0, decay: 0.0 };
    /// let (mut squares, mut theta) = ([0.0], [1.0]);
    /// rms_prop_step(step, &[4.0], &mut squares, &mut theta);
    /// assert_eq!((squares, theta), ([4.0], [0.0]));
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    update::rms_prop_step(step: RmsPropStep, gradient: &[T], squares: &mut [T], parameters: &mut [T]);

    /// A step of RMSProp with momentum: `v := μ v + g / (√s + ε)`, `θ := θ - α v`, with s as in [`rms_prop_step`].
    ///
    /// ```
    /// use tape::kernel::{RmsPropStep, rms_prop_momentum_step};
    /// let step = RmsPropStep { rate: 0.5, smoothing: 0.75, epsilon: 0.0, decay: 0.0 };
    /// let (mut squares, mut velocity, mut theta) = ([0.0], [2.0], [1.0]);
    /// rms_prop_momentum_step(step, 0.5, &[4.0], &mut squares, &mut velocity, &mut theta);
    /// assert_eq!((squares, velocity, theta), ([4.0], [3.0], [-0.5]));
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    update::rms_prop_momentum_step(
        step: RmsPropStep, momentum: f64, gradient: &[T], squares: &mut [T], velocity: &mut [T], parameters: &mut [T]
    );

    /// A step of Adam: `m := β₁ m + (1 - β₁) g`, `v := β₂ v + (1 - β₂) g²`, `θ := θ - α m̂ / (√v̂ + ε)` with the corrected means
    /// `m̂ = m / (1 - β₁ᵗ)` and `v̂ = v / (1 - β₂ᵗ)`, where g is the gradient and `decay · θ`. If `shrink` is not 0 it is
    /// AdamW: `θ := (1 - α · shrink) θ` comes first.
    ///
    /// Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2.
    ///
    /// ```
    /// use tape::kernel::{AdamStep, adam_step};
    /// let betas = [0.5, 0.75];
    /// let step = AdamStep { rate: 0.5, betas, epsilon: 0.0, count: 1, decay: 0.0, shrink: 0.0 };
    /// let (mut first, mut second, mut theta) = ([0.0], [0.0], [1.0]);
    /// adam_step(step, &[-4.0], &mut first, &mut second, &mut theta);
    /// // The first step goes by α against the sign of the gradient, whatever its size.
    /// assert_eq!((first, second, theta), ([-2.0], [4.0], [1.5]));
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    update::adam_step(
        step: AdamStep, gradient: &[T], first: &mut [T], second: &mut [T], parameters: &mut [T]
    );

    /// A step of AMSGrad: that of [`adam_step`] with the greatest v so far in the place of v.
    ///
    /// Reddi, Kale and Kumar 2018, algorithm 2, with the corrections of the means that PyTorch keeps.
    ///
    /// ```
    /// use tape::kernel::{AdamStep, ams_grad_step};
    /// let betas = [0.5, 0.75];
    /// let step = AdamStep { rate: 0.5, betas, epsilon: 0.0, count: 1, decay: 0.0, shrink: 0.0 };
    /// let (mut first, mut second, mut most, mut theta) = ([0.0], [0.0], [16.0], [1.0]);
    /// ams_grad_step(step, &[-4.0], &mut first, &mut second, &mut most, &mut theta);
    /// assert_eq!((second, most, theta), ([4.0], [16.0], [1.25]));
    /// ```
    ///
    /// # Panics
    /// If the lengths differ.
    update::ams_grad_step(
        step: AdamStep,
        gradient: &[T],
        first: &mut [T],
        second: &mut [T],
        most: &mut [T],
        parameters: &mut [T]
    );
}
