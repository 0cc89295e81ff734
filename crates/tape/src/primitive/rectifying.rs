//! The ramps of networks: linear to the right, flat or nearly so to the left.

use super::Chosen;
use super::define::unary;
use super::sigmoidal::on_and_off;
use super::special::gaussian::norm_cdf;
use super::{plain, wide};

unary! {
    /// max(x, 0), and NaN of NaN. Kink at zero, where the subgradient 0 is taken: of those in [0, 1] the one that trains
    /// best (Bertoin, Bolte, Gerchinovitz, Pauwels 2021). What lies before a unit that is off gets no cotangent, even if
    /// its derivative is infinite.
    Relu;
    maths "y = max(x, 0), x̄ += [x > 0] ȳ";
    kinks "0: 0";
    reads [x];
    samples [-3.0, -1e-3, 0.25, 1e9];
    chosen |x| if x <= 0.0 { Chosen::Nothing } else { Chosen::Argument(0) };
    value |x| if x <= T::zero() { T::zero() } else { x };
    pullback |x, y, y_bar| x.clone().less_equal(x.like(0.0)).select(y_bar.like(0.0), y_bar);
}

unary! {
    /// x, or `slope` times it where it is not positive (Maas, Hannun, Ng 2013). Kink at zero, where the slope of the left
    /// is taken, as for `relu`.
    LeakyRelu(slope: f64);
    maths "y = x for x > 0, else k x; x̄ += ȳ or k ȳ";
    kinks "0: k";
    reads [x];
    samples [-3.0, -1e-3, 0.25, 1e9];
    value |x| if x <= T::zero() { x * plain(slope) } else { x };
    pullback |x, y, y_bar| x.clone().less_equal(x.like(0.0)).select(y_bar.clone().scale(slope), y_bar);
}

unary! {
    /// x, or `alpha` (eˣ - 1) where it is not positive, whose tail is kept (Clevert, Unterthiner, Hochreiter 2015). Kink
    /// at zero unless alpha is 1: the slope of the left is taken.
    Elu(alpha: f64);
    maths "y = x for x > 0, else α (eˣ - 1); x̄ += ȳ or α eˣ ȳ";
    kinks "0: α";
    reads [x];
    samples [-5.0, -1e-3, 0.25, 1e9];
    value |x| if x <= T::zero() { x.exp_m1() * plain(alpha) } else { x };
    pullback |x, y, y_bar| {
        x.clone().less_equal(x.like(0.0)).select(x.exp().scale(alpha) * y_bar.clone(), y_bar)
    };
}

unary! {
    /// The self-normalising ramp λ elu(x) with α = 1.6732632 and λ = 1.0507010 (Klambauer, Unterthiner, Mayr, Hochreiter
    /// 2017, eq. 14). Kink at zero: the slope of the left, λ α, is taken.
    Selu;
    maths "y = λ x for x > 0, else λ α (eˣ - 1); x̄ += λ ȳ or λ α eˣ ȳ";
    kinks "0: λ α";
    reads [x];
    samples [-5.0, -1e-3, 0.25, 1e9];
    value |x| {
        if x <= T::zero() { x.exp_m1() * plain(SELU_LAMBDA * SELU_ALPHA) } else { x * plain(SELU_LAMBDA) }
    };
    pullback |x, y, y_bar| {
        let left = x.clone().exp().scale(SELU_LAMBDA * SELU_ALPHA) * y_bar.clone();
        x.clone().less_equal(x.like(0.0)).select(left, y_bar.scale(SELU_LAMBDA))
    };
}
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
const SELU_LAMBDA: f64 = 1.050_700_987_355_480_5;

unary! {
    /// x Φ(x), the ramp by the distribution function of the normal distribution (Hendrycks, Gimpel 2016). The left tail is
    /// computed, not flushed; ∓0 and ∞ at ∓∞.
    Gelu;
    maths "y = x Φ(x), x̄ += (Φ(x) + x φ(x)) ȳ";
    reads [x];
    samples [-6.0, -1.0, -0.75, 0.25, 5.0];
    value |x| {
        let x = wide(x);
        plain(if x == f64::NEG_INFINITY { -0.0 } else { x * norm_cdf(x) })
    };
    pullback |x, y, y_bar| {
        let density = x.clone().norm_pdf();
        (x.clone().norm_cdf() + density.clone().gate(x * density)) * y_bar
    };
}

unary! {
    /// The usual approximation of `gelu` (Hendrycks, Gimpel 2016): `½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))`, computed as
    /// `x σ(2 √(2/π) (x + 0.044715 x³))`, which keeps the left tail.
    GeluTanh;
    maths "y = x σ(v), v = √(8/π) (x + 0.044715 x³), x̄ += σ(v) (1 + x σ(-v) v′) ȳ";
    reads [x];
    samples [-5.0, -1.0, -0.75, 0.25, 5.0];
    value |x| {
        let x = wide(x);
        plain(weighted(x, SQRT_8_OVER_PI * (x + GELU_CUBIC * x * x * x)))
    };
    pullback |x, y, y_bar| {
        // Beyond ±100 the slope is 0 or 1 to the last digit, and x³ may overflow, and with it the next derivative.
        let x = x.clone().clamp(x.like(-100.0), x.like(100.0));
        let square = x.clone() * x.clone();
        let v = (x.clone() * square.clone().scale(GELU_CUBIC).shift(1.0)).scale(SQRT_8_OVER_PI);
        let slope = square.scale(3.0 * GELU_CUBIC).shift(1.0).scale(SQRT_8_OVER_PI);
        let [on, off] = on_and_off(v);
        let bend = on.clone() * off;
        (on + x * bend * slope) * y_bar
    };
}
const SQRT_8_OVER_PI: f64 = 1.595_769_121_605_730_7;
const GELU_CUBIC: f64 = 0.044715;

unary! {
    /// x σ(x), also called swish (Elfwing, Uchibe, Doya 2017); ∓0 and ∞ at ∓∞.
    Silu;
    maths "y = x σ(x), x̄ += σ(x) (1 + x σ(-x)) ȳ";
    reads [x];
    samples [-20.0, -1.0, 0.0, 0.5, 10.0];
    value |x| {
        let x = wide(x);
        plain(weighted(x, x))
    };
    pullback |x, y, y_bar| {
        let [on, off] = on_and_off(x.clone());
        let bend = on.clone() * off;
        (on + bend.clone().gate(x * bend)) * y_bar
    };
}

unary! {
    /// x tanh(ln(1 + eˣ)) (Misra 2019). The hyperbolic tangent is a ratio of polynomials in e^-|x|, so that no tail is
    /// lost; ∓0 and ∞ at ∓∞.
    Mish;
    maths "y = x t, t = tanh(softplus x), x̄ += (t + x (1 - t²) σ(x)) ȳ";
    reads [x];
    samples [-20.0, -1.0, 0.0, 0.5, 5.0];
    value |x| {
        let x = wide(x);
        let e = (-x.abs()).exp();
        let (odd, rest) = if x < 0.0 { (e * (e + 2.0), 2.0) } else { (1.0 + 2.0 * e, 2.0 * e * e) };
        let t = odd / (odd + rest);
        plain(if t == 0.0 { -0.0 } else { x * t })
    };
    pullback |x, y, y_bar| {
        let t = x.clone().softplus().tanh();
        let bend = (-(t.clone() * t.clone())).shift(1.0) * x.clone().sigmoid();
        (t + bend.clone().gate(x * bend)) * y_bar
    };
}

/// x σ(v) for v of the sign of x; 0 where σ(v) is, also for x = -∞.
fn weighted(x: f64, v: f64) -> f64 {
    let e = (-v.abs()).exp();
    let weight = if v < 0.0 { e } else { 1.0 } / (1.0 + e);
    if weight == 0.0 { -0.0 } else { x * weight }
}
