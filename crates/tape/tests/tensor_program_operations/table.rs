//! The public functions of tensors, each with a function that goes through it.

use crate::Function;
use tape::rule::{TensorRule, apply_tensors};
use tape::{Error, Float, Tensor, Triangle, scalar_fn};

/// Names of public functions, each with a function of `a: (4, 4)`, `b: (4, 3)` and `c: (4)` that goes through it.
macro_rules! table {
    ($($name:literal => |$x:ident| $y:expr;)*) => {
        vec![$({
            let f: Function<T> = |$x: &[Tensor<T>]| $y;
            ($name, f)
        }),*]
    };
}

/// x³, with a pullback written outside the crate.
struct Cube;

impl<T: Float> TensorRule<T> for Cube {
    fn name(&self) -> &'static str {
        "cube"
    }
    fn forward(&self, x: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        Ok(x[0].powi(3))
    }
    fn pullback(
        &self,
        x: &[&Tensor<T>],
        _: &Tensor<T>,
        y_bar: &Tensor<T>,
        _: usize,
    ) -> Result<Tensor<T>, Error> {
        Ok(x[0].powi(2).scale(3.0) * y_bar)
    }
}

fn number<T: Float>(x: f64) -> Tensor<T> {
    Tensor::scalar(T::from_f64(x))
}

fn numbers<T: Float>(count: usize) -> Vec<T> {
    (0..count).map(|k| T::from_f64(k as f64 * 0.5 - 1.0)).collect()
}

/// The scalar primitives over elements.
pub(crate) fn primitives<T: Float>() -> Vec<(&'static str, Function<T>)> {
    table! {
        "neg" => |x| Ok(-&x[0]);
        "recip" => |x| Ok(x[0].recip());
        "sqrt" => |x| Ok(x[0].sqrt());
        "cbrt" => |x| Ok(x[0].cbrt());
        "abs" => |x| Ok(x[0].abs());
        "signum" => |x| Ok(x[0].signum() * &x[0]);
        "floor" => |x| Ok(x[0].floor() * &x[0]);
        "ceil" => |x| Ok(x[0].ceil() * &x[0]);
        "round" => |x| Ok(x[0].round() * &x[0]);
        "trunc" => |x| Ok(x[0].trunc() * &x[0]);
        "fract" => |x| Ok(x[0].fract());
        "exp" => |x| Ok(x[0].exp());
        "exp2" => |x| Ok(x[0].exp2());
        "exp_m1" => |x| Ok(x[0].exp_m1());
        "ln" => |x| Ok(x[0].ln());
        "log2" => |x| Ok(x[0].log2());
        "log10" => |x| Ok(x[0].log10());
        "ln_1p" => |x| Ok(x[0].ln_1p());
        "log1m_exp" => |x| Ok(x[0].log1m_exp());
        "sin" => |x| Ok(x[0].sin());
        "cos" => |x| Ok(x[0].cos());
        "tan" => |x| Ok(x[0].tan());
        "asin" => |x| Ok(x[0].asin());
        "acos" => |x| Ok(x[0].acos());
        "atan" => |x| Ok(x[0].atan());
        "to_degrees" => |x| Ok(x[0].to_degrees());
        "to_radians" => |x| Ok(x[0].to_radians());
        "sinh" => |x| Ok(x[0].sinh());
        "cosh" => |x| Ok(x[0].cosh());
        "tanh" => |x| Ok(x[0].tanh());
        "asinh" => |x| Ok(x[0].asinh());
        "acosh" => |x| Ok(x[0].exp().acosh());
        "atanh" => |x| Ok(x[0].atanh());
        "sigmoid" => |x| Ok(x[0].sigmoid());
        "logit" => |x| Ok(x[0].logit());
        "log_sigmoid" => |x| Ok(x[0].log_sigmoid());
        "softplus" => |x| Ok(x[0].softplus());
        "softsign" => |x| Ok(x[0].softsign());
        "relu" => |x| Ok(x[0].relu());
        "selu" => |x| Ok(x[0].selu());
        "gelu" => |x| Ok(x[0].gelu());
        "gelu_tanh" => |x| Ok(x[0].gelu_tanh());
        "silu" => |x| Ok(x[0].silu());
        "mish" => |x| Ok(x[0].mish());
        "gaussian" => |x| Ok(x[0].gaussian());
        "erf" => |x| Ok(x[0].erf());
        "erfc" => |x| Ok(x[0].erfc());
        "erf_inv" => |x| Ok(x[0].erf_inv());
        "erfc_inv" => |x| Ok(x[0].erfc_inv());
        "norm_pdf" => |x| Ok(x[0].norm_pdf());
        "norm_cdf" => |x| Ok(x[0].norm_cdf());
        "norm_log_cdf" => |x| Ok(x[0].norm_log_cdf());
        "norm_quantile" => |x| Ok(x[0].norm_quantile());
        "inverse_mills" => |x| Ok(x[0].inverse_mills());
        "lgamma" => |x| Ok(x[0].lgamma());
        "digamma" => |x| Ok(x[0].digamma());
        "trigamma" => |x| Ok(x[0].trigamma());
        "bessel_j0" => |x| Ok(x[0].bessel_j0());
        "bessel_j1" => |x| Ok(x[0].bessel_j1());
        "sinc" => |x| Ok(x[0].sinc());
        "stop_gradient" => |x| Ok(x[0].stop_gradient() * x[0].sin());
        "powi" => |x| Ok(x[0].powi(-3));
        "scale" => |x| Ok(x[0].scale(1.5));
        "shift" => |x| Ok(x[0].shift(1.5));
        "leaky_relu" => |x| Ok(x[0].leaky_relu(0.1));
        "elu" => |x| Ok(x[0].elu(0.5));
        "polygamma" => |x| Ok(x[0].polygamma(2));
        "bessel_jn" => |x| Ok(x[0].bessel_jn(2));
        "spherical_bessel" => |x| Ok(x[0].spherical_bessel(1));
        "add" => |x| x[0].add(&x[2]);
        "sub" => |x| x[0].sub(&x[2]);
        "mul" => |x| x[0].mul(&x[2]);
        "div" => |x| x[0].div(&x[2]);
        "rem" => |x| x[0].rem(&x[2]);
        "powf" => |x| x[0].exp().powf(&x[2]);
        "hypot" => |x| x[0].hypot(&x[2]);
        "atan2" => |x| x[0].atan2(&x[2]);
        "copysign" => |x| x[0].copysign(&x[2]);
        "rem_euclid" => |x| x[0].rem_euclid(&x[2]);
        "max" => |x| x[0].max(&x[2]);
        "min" => |x| x[0].min(&x[2]);
        "heaviside" => |x| Ok(x[0].heaviside(&x[2])? * &x[0]);
        "gate" => |x| x[0].relu().gate(&x[0].exp());
        "greater" => |x| Ok(x[0].greater(&x[2])? * x[0].exp());
        "greater_equal" => |x| Ok(x[0].greater_equal(&x[2])? * x[0].exp());
        "less" => |x| Ok(x[0].less(&x[2])? * x[0].exp());
        "less_equal" => |x| Ok(x[0].less_equal(&x[2])? * x[0].exp());
        "equal" => |x| Ok(x[0].round().equal(&x[2].round())? * x[0].exp());
        "not_equal" => |x| Ok(x[0].round().not_equal(&x[2].round())? * x[0].exp());
        "log_add_exp" => |x| x[0].log_add_exp(&x[2]);
        "xlogy" => |x| x[0].xlogy(&x[2].exp());
        "ln_beta" => |x| x[0].exp().ln_beta(&x[2].exp());
        "beta" => |x| x[0].exp().beta(&x[2].exp());
        "mul_add" => |x| x[0].mul_add(&x[2], &x[0].sin());
        "clamp" => |x| x[0].clamp(&x[2].exp().scale(-0.5), &x[2].exp().scale(0.5));
        "select" => |x| x[0].greater(&number(0.1))?.select(&x[2], &x[0].sin());
        "select by the sign of another" => |x| x[2].relu().select(&x[0].powi(2), &x[0].exp());
    }
}

/// Everything else.
pub(crate) fn functions<T: Float>() -> Vec<(&'static str, Function<T>)> {
    table! {
        "matmul" => |x| x[0].matmul(&x[1]);
        "t" => |x| x[1].matmul(x[1].t());
        "matmul of a transposed" => |x| x[0].t().matmul(&x[1]);
        "matmul of a batch" => |x| x[0].reshape(&[2, 2, 4])?.matmul(&x[1]);
        "dot" => |x| x[2].dot(&x[2].sin());
        "outer" => |x| x[2].outer(&x[2].exp());
        "einsum" => |x| Tensor::einsum("ij,jk->ki", &[&x[0], &x[1]]);
        "dense" => |x| x[1].dense(&x[0].reshape(&[16])?, 1, 3);
        "dense_sigmoid" => |x| x[1].dense_sigmoid(&x[0].reshape(&[16])?, 2, 3);
        "solve" => |x| x[0].solve(&x[1]);
        "solve of a transposed" => |x| x[0].t().solve(&x[2]);
        "solve of a batch" => |x| x[0].reshape(&[4, 2, 2])?.solve(&x[2].reshape(&[2, 2])?);
        "solve with a constant matrix" => |x| {
            Tensor::from_slice(&numbers(16), &[4, 4])?.add(&Tensor::eye(4))?.solve(&x[1])
        };
        "solve twice with one matrix" => |x| x[0].solve(&x[0].solve(&x[1])?);
        "inverse" => |x| x[0].inverse();
        "inverse of a batch" => |x| x[0].reshape(&[4, 2, 2])?.inverse();
        "slogdet" => |x| Ok(x[0].slogdet()?.1);
        "slogdet with its sign" => |x| {
            let (sign, size) = x[0].slogdet()?;
            Ok(sign * size.exp())
        };
        "slogdet of a batch" => |x| {
            let (sign, size) = x[0].reshape(&[4, 2, 2])?.slogdet()?;
            Ok(sign * size)
        };
        "det" => |x| x[0].det();
        "cholesky" => |x| x[0].matmul(x[0].t())?.add(&Tensor::eye(4))?.cholesky();
        "solve_triangular" => |x| x[0].solve_triangular(&x[1], Triangle::Upper);
        "solve_triangular of a transposed" => |x| x[0].t().solve_triangular(&x[2], Triangle::UnitLower);
        "index_select" => |x| x[1].index_select(1, &[2, 0, 2]);
        "gather" => |x| x[1].gather(1, &[2, 0, 1, 1], &[2, 2]);
        "scatter_add" => |x| x[0].scatter_add(0, &[3, 0, 3], &[1, 3], &x[1]);
        "take" => |x| x[0].take(&[15, 0, 15, 7]);
        "masked_fill" => |x| x[0].masked_fill(&x[0].greater(&x[2])?, T::from_f64(0.25));
        "masked_fill by another's mask" => |x| x[0].masked_fill(&x[2].relu(), T::from_f64(-1.0));
        "masked_fill of a constant" => |x| {
            Ok(Tensor::arange(4).masked_fill(&x[2].less(&number(0.0))?, T::from_f64(9.0))? * &x[0])
        };
        "add_quadratic_penalty" => |x| x[2].sin().sum().add_quadratic_penalty(0.3, &x[2], &[0..1, 2..4].into());
        "reshape" => |x| Ok(x[0].reshape(&[2, 8])?.sin());
        "transpose" => |x| Ok(x[1].transpose().sin());
        "permute" => |x| Ok(x[0].reshape(&[2, 2, 4])?.permute(&[2, 0, 1])?.sin());
        "broadcast_to" => |x| Ok(x[2].broadcast_to(&[3, 4])?.sin());
        "concat" => |x| Ok(Tensor::concat(&[&x[0], &x[1], &x[0]], 1)?.sin());
        "slice" => |x| Ok(x[0].slice(&[1..3, 0..2])?.sin());
        "cross_entropy_logits" => |x| x[1].cross_entropy_logits(&[2, 0, 1, 1]);
        "soft_cross_entropy_logits" => |x| x[1].soft_cross_entropy_logits(&x[1].sin().softmax(1)?);
        "soft_cross_entropy_logits of constant targets" => |x| {
            x[1].soft_cross_entropy_logits(&Tensor::full(&[4, 3], T::from_f64(0.25)))
        };
        "mse" => |x| x[0].mse(&x[0].transpose());
        "huber" => |x| x[0].huber(&x[0].transpose(), 0.5);
        "sigmoid_cross_entropy" => |x| x[1].sigmoid_cross_entropy(&x[1].sin().sigmoid());
        "scaled_sigmoid_cross_entropy" => |x| x[1].scaled_sigmoid_cross_entropy(&x[1].sin().sigmoid(), 0.25);
        "max_all" => |x| x[0].max_all();
        "max_axes" => |x| x[0].max_axes(&[0], false);
        "max_axes with ties" => |x| x[0].round().mul(&x[0])?.relu().max_axes(&[1], true);
        "min_all" => |x| x[0].min_all();
        "min_axes" => |x| x[0].reshape(&[2, 2, 4])?.min_axes(&[0, 2], true);
        "map" => |x| Ok(x[0].map(scalar_fn!(|x| if x > R::from_f64(0.0) { x * x.sin() } else { x.exp() })));
        "zip_map" => |x| x[0].zip_map(&x[2], scalar_fn!(|a, b| if a > b { a * b } else { a - b.sin() }));
        "apply_tensors" => |x| apply_tensors(Cube, &[&x[0]]);
        "sum_of_squares" => |x| Ok(x[0].sum_of_squares());
        "sum" => |x| Ok(x[0].sin().sum());
        "sum_axes" => |x| Ok(x[0].sum_axes(&[0], true)?.sin());
        "mean" => |x| Ok(x[0].sin().mean());
        "mean_axes" => |x| Ok(x[0].mean_axes(&[1], false)?.sin());
        "norm" => |x| Ok(x[0].norm(2.0)? + x[1].norm(1.0)? + x[2].norm(f64::INFINITY)?);
        "norm_axes" => |x| x[0].norm_axes(3.0, &[1], false);
        "var" => |x| Ok(x[0].var(1));
        "var_axes" => |x| x[0].var_axes(&[0], 0, true);
        "std" => |x| Ok(x[0].std(0));
        "std_axes" => |x| x[0].relu().std_axes(&[1], 1, false);
        "diag" => |x| Ok(x[2].diag(1)?.sin());
        "diagonal" => |x| Ok(x[0].diagonal(-1)?.sin());
        "diag_embed" => |x| Ok(x[0].diag_embed(0)?.sin());
        "trace" => |x| x[0].sin().trace();
        "tril" => |x| Ok(x[0].tril(0)?.sin());
        "triu" => |x| Ok(x[0].triu(1)?.sin());
        "cumsum" => |x| Ok(x[0].cumsum(0)?.sin());
        "cumsum_reversed" => |x| Ok(x[0].cumsum_reversed(1)?.sin());
        "cumprod" => |x| x[0].round().cumprod(1)?.mul(&x[0].cumprod(0)?);
        "prod" => |x| Ok(x[0].prod() + x[2].relu().prod());
        "prod_axes" => |x| x[0].shift(1.5).relu().prod_axes(&[0], false);
        "conv1d" => |x| x[0].reshape(&[1, 4, 4])?.conv1d(&x[1].reshape(&[1, 4, 3])?, 1, 1);
        "conv2d" => |x| x[0].reshape(&[1, 1, 4, 4])?.conv2d(&x[1].reshape(&[3, 1, 2, 2])?, [1, 2], [1, 0]);
        "conv2d of a batch" => |x| {
            x[0].reshape(&[2, 1, 2, 4])?.conv2d(&x[1].reshape(&[3, 1, 2, 2])?, [1, 1], [0, 1])
        };
        "squeeze" => |x| Ok(x[2].reshape(&[1, 4, 1])?.squeeze(&[0])?.sin());
        "unsqueeze" => |x| Ok(x[2].unsqueeze(1)?.sin());
        "flip" => |x| Ok(x[0].flip(&[1])?.sin());
        "roll" => |x| Ok(x[0].roll(&[1, -1])?.sin());
        "pad" => |x| Ok(x[1].pad(&[(1, 0), (0, 2)], T::from_f64(-0.5))?.sin());
        "stack" => |x| Ok(Tensor::stack(&[&x[2], &x[2].exp()], 1)?.sin());
        "chunk" => |x| Ok(x[0].chunk(2, 0)?.remove(1).sin());
        "split" => |x| Ok(x[0].split(&[3, 1], 1)?.remove(0).sin());
        "narrow" => |x| Ok(x[0].narrow(1, 1, 2)?.sin());
        "slice_steps" => |x| Ok(x[0].slice_steps(&[0..4, 1..4], &[-2, 2])?.sin());
        "log_sum_exp" => |x| Ok(x[0].log_sum_exp());
        "log_sum_exp_axes" => |x| x[0].log_sum_exp_axes(&[0], true);
        "softmax" => |x| x[0].softmax(0);
        "log_softmax" => |x| x[0].log_softmax(1);
        "keep" => |x| Ok(x[0].sin().keep()?.exp());
        // Constants that stay what they are.
        "arange" => |x| Ok(Tensor::arange(4) * &x[0]);
        "linspace" => |x| Ok(Tensor::linspace(T::from_f64(-1.0), T::from_f64(1.0), 4) * &x[0]);
        "eye" => |x| Ok(Tensor::eye(4) * &x[0]);
        "one_hot" => |x| Ok(Tensor::one_hot(&[2, 0, 1, 1], 4)? * &x[0]);
        "uniform" => |x| Ok(Tensor::uniform(&[4], T::from_f64(-1.0), T::from_f64(1.0), 7)? * &x[0]);
        "normal" => |x| Ok(Tensor::normal(&[4], T::from_f64(0.0), T::from_f64(1.0), 7)? * &x[0]);
        "from_slice" => |x| Ok(Tensor::from_slice(&numbers(4), &[4])? * &x[0]);
        "from_vec" => |x| Ok(Tensor::from_vec(numbers(4), &[4])? * &x[0]);
        "scalar" => |x| Ok(Tensor::scalar(T::from_f64(2.0)) * &x[0]);
        "full" => |x| Ok(Tensor::full(&[4], T::from_f64(2.0)) * &x[0]);
        "zeros" => |x| Ok(Tensor::zeros(&[4]) + &x[0]);
        // Shapes are those of the trace.
        "shape" => |x| Ok(x[0].scale(x[0].shape()[1] as f64));
        "len" => |x| Ok(x[0].scale(x[0].len() as f64));
        "is_empty" => |x| Ok(x[0].scale(f64::from(u8::from(!x[0].is_empty()))));
        "is_recorded" => |x| Ok(x[0].scale(f64::from(u8::from(x[0].is_recorded()))));
    }
}

/// What a program can't follow.
pub(crate) fn refused<T: Float>() -> Vec<(&'static str, Function<T>)> {
    table! {
        "masked_select" => |x| x[0].masked_select(&x[0].greater(&number(0.0))?);
        "argmax" => |x| x[0].narrow(1, 0, x[2].argmax(0)?.0[0] + 1);
        "argmin" => |x| x[0].narrow(1, 0, x[2].argmin(0)?.0[0] + 1);
        "at" => |x| Ok(x[0].scale(x[0].at(&[0, 0])?.value().to_f64()));
        "from_vars" => |x| Tensor::from_vars(&[x[0].at(&[0, 0])?], &[1]);
        "as_slice" => |x| Ok(x[0].scale(x[0].as_slice()[0].to_f64()));
        "to_vec" => |x| Ok(x[0].scale(x[0].to_vec()[0].to_f64()));
        "item" => |x| Ok(x[0].scale(x[0].sum().item()?.to_f64()));
        "item of a sign" => |x| Ok(x[0].scale(x[0].slogdet()?.0.item()?.to_f64()));
        "as_mut_slice" => |x| {
            let mut changed = x[0].clone();
            changed.as_mut_slice()[0] = T::from_f64(1.0);
            Ok(&x[0] * &changed)
        };
        "view" => |x| Ok(&x[0] * &x[2].view(1, &[1])?);
        "to_constant" => |x| Ok(&x[0] * &x[2].to_constant());
        "cast" => |x| x[0].cast::<f32>()?.cast::<f64>()?.cast::<T>();
    }
}
