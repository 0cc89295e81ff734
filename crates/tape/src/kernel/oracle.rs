//! What the tests hold the functions against: the same functions in double-double arithmetic, some 100 bits.
//!
//! Slow and plain: Taylor series for e^x, Newton's method for ln x, quotients for the rest. Rules of arithmetic: Dekker 1971.

/// The sum of two numbers, the second below half an ulp of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Double(f64, f64);

fn two_sum(a: f64, b: f64) -> Double {
    let s = a + b;
    let t = s - a;
    Double(s, (a - (s - t)) + (b - t))
}

impl Double {
    fn new(x: f64) -> Self {
        Self(x, 0.0)
    }

    fn add(self, b: Self) -> Self {
        let Self(s, e) = two_sum(self.0, b.0);
        two_sum(s, e + self.1 + b.1)
    }

    fn negated(self) -> Self {
        Self(-self.0, -self.1)
    }

    fn mul(self, b: Self) -> Self {
        let p = self.0 * b.0;
        let e = self.0.mul_add(b.0, -p) + (self.0 * b.1 + self.1 * b.0);
        two_sum(p, e)
    }

    fn div(self, b: Self) -> Self {
        let q = self.0 / b.0;
        let rest = self.add(b.mul(Self::new(q)).negated());
        let q_2 = rest.0 / b.0;
        let rest = rest.add(b.mul(Self::new(q_2)).negated());
        two_sum(q, q_2).add(Self::new(rest.0 / b.0))
    }

    /// `self · 2ⁿ`, in three steps so that no factor leaves the format.
    fn scaled(self, n: i32) -> Self {
        let third = n / 3;
        [third, third, n - 2 * third]
            .iter()
            .fold(self, |x, &n| Self(x.0 * 2_f64.powi(n), x.1 * 2_f64.powi(n)))
    }
}

/// ln 2 to 106 bits.
const LN_2: Double = Double(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);

/// e^x as a number near 1 and a power of two.
fn exp_parts(x: f64) -> (Double, i32) {
    let n = (x / LN_2.0).round();
    let r = Double::new(x).add(LN_2.mul(Double::new(-n)));
    // Taylor's series of r / 2⁸, squared eight times.
    let r = r.scaled(-8);
    let mut sum = Double::new(1.0);
    for i in (1..=14).rev() {
        sum = Double::new(1.0).add(r.mul(sum).div(Double::new(f64::from(i))));
    }
    for _ in 0..8 {
        sum = sum.mul(sum);
    }
    (sum, n as i32)
}

pub(super) fn exp(x: f64) -> Double {
    let (e, n) = exp_parts(x);
    e.scaled(n)
}

pub(super) fn sigmoid(x: f64) -> Double {
    let one = Double::new(1.0);
    if x > 0.0 {
        one.div(one.add(exp(-x)))
    } else {
        // The power of two last: the quotient itself may be subnormal.
        let (e, n) = exp_parts(x);
        e.div(one.add(exp(x))).scaled(n)
    }
}

pub(super) fn tanh(x: f64) -> Double {
    if x.abs() < 1e-9 {
        // The next term of the series, 2 x⁵ / 15, is below 1e-36 of the first.
        let cube = Double::new(x).mul(Double::new(x)).mul(Double::new(x));
        return Double::new(x).add(cube.div(Double::new(-3.0)));
    }
    let one = Double::new(1.0);
    let e = exp(2.0 * x);
    e.add(one.negated()).div(e.add(one))
}

pub(super) fn softplus(x: f64) -> Double {
    let linear = Double::new(x.max(0.0));
    let (e, n) = exp_parts(-x.abs());
    if n < -40 {
        // ln(1 + e) = e (1 - e/2) up to e² / 3 < 2⁻⁷⁰ of it.
        let small = exp(-x.abs()).scaled(-1).negated();
        return linear.add(e.mul(Double::new(1.0).add(small)).scaled(n));
    }
    linear.add(ln_double(Double::new(1.0).add(e.scaled(n))))
}

pub(super) fn ln(x: f64) -> Double {
    // The logarithm of the fraction, so that its exponential stays in range.
    let n = x.log2().round() as i32;
    LN_2.mul(Double::new(f64::from(n))).add(ln_double(Double::new(x).scaled(-n)))
}

/// One step of Newton's method, which doubles the digits of `f64::ln`: y + x e^-y - 1, with t - t²/2 for ln(1 + t).
fn ln_double(x: Double) -> Double {
    let y = x.0.ln();
    let t = x.mul(exp(-y)).add(Double::new(-1.0));
    Double::new(y).add(t).add(t.mul(t).scaled(-1).negated())
}

/// The size of a unit in the last place at `x`, in a format of `digits` bits whose least normal number is 2^`least`.
fn ulp(x: f64, digits: i32, least: i32) -> f64 {
    let exponent = (x.abs().to_bits() >> 52) as i32 - 1023;
    let n = exponent.max(least) + 1 - digits;
    // In two steps, for 2⁻¹⁰⁷⁴ is no power that `powi` reaches through its reciprocal.
    2_f64.powi(n / 2) * 2_f64.powi(n - n / 2)
}

fn ulps(got: f64, want: Double, unit: f64) -> f64 {
    if got.is_nan() || want.0.is_nan() {
        return if got.is_nan() && want.0.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if got.is_infinite() || want.0.is_infinite() {
        return if got == want.0 { 0.0 } else { f64::INFINITY };
    }
    ((got - want.0) / unit - want.1 / unit).abs()
}

/// How far `got` is from `want`, in units of the last place of `want` in `f32`.
pub(super) fn ulps_f32(got: f32, want: f64) -> f64 {
    let unit = ulp(want, 24, -126);
    let overflows = want.abs() >= f64::from(f32::MAX) + unit / 2.0;
    let want = if overflows { f64::INFINITY.copysign(want) } else { want };
    ulps(got.into(), Double::new(want), unit)
}

/// How far `got` is from `want`, in units of the last place of `want` in `f64`.
pub(super) fn ulps_f64(got: f64, want: Double) -> f64 {
    ulps(got, want, ulp(want.0, 53, -1022))
}

#[test]
fn double_arithmetic_keeps_identities_to_100_bits() {
    for x in [0.3, 1.7, 12.5, 600.0] {
        let product = exp(x).mul(exp(-x)).add(Double::new(-1.0));
        assert!(product.0.abs() < 2_f64.powi(-90), "e^x e^-x - 1 is {product:?}");
        let sum = sigmoid(x).add(sigmoid(-x)).add(Double::new(-1.0));
        assert!(sum.0.abs() < 2_f64.powi(-90), "σ(x) + σ(-x) - 1 is {sum:?}");
        let difference = softplus(x).add(softplus(-x).negated()).add(Double::new(-x));
        assert!(difference.0.abs() < 2_f64.powi(-85), "softplus(x) - softplus(-x) - x is {difference:?}");
    }
}
