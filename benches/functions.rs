//! The functions of NUMBERS.md, section 1, each written once: plain generic code with what `f64` itself has.
//!
//! `Real` is that of the module around: the tape's in our benches, a small one for counting operations and for the
//! numbers of other crates. `inputs.rs` has what they are run on.

use super::Real;
use crate::inputs::Mixture;

/// Σ 100 (xᵢ₊₁ - xᵢ²)² + (1 - xᵢ)² (Rosenbrock 1960).
pub(crate) fn rosenbrock<R: Real>(x: &[R]) -> R {
    let (one, hundred) = (R::from_f64(1.0), R::from_f64(100.0));
    let mut total = R::from_f64(0.0);
    for pair in x.windows(2) {
        let bend = pair[1] - pair[0] * pair[0];
        let far = one - pair[0];
        total += hundred * bend * bend + far * far;
    }
    total
}

/// Π xᵢ (Speelpenning 1980).
pub(crate) fn speelpenning<R: Real>(x: &[R]) -> R {
    let mut product = x[0];
    for &x in &x[1..] {
        product *= x;
    }
    product
}

/// ln Σ exp xᵢ, shifted by the largest.
pub(crate) fn log_sum_exp<R: Real>(x: &[R]) -> R {
    let mut largest = x[0];
    for &x in &x[1..] {
        if x > largest {
            largest = x;
        }
    }
    let mut total = R::from_f64(0.0);
    for &x in x {
        total += (x - largest).exp();
    }
    total.ln() + largest
}

/// Half the squared distance of a polynomial with these coefficients from the sign function, on a grid of `n`
/// points in [-1, 1] (GradBench's `llsq`).
pub(crate) fn least_squares<R: Real>(x: &[R], n: usize) -> R {
    let mut total = R::from_f64(0.0);
    for i in 0..n {
        let t = -1.0 + 2.0 * i as f64 / (n as f64 - 1.0);
        let mut residual = R::from_f64(if t == 0.0 { 0.0 } else { t.signum() });
        let (t, mut power) = (R::from_f64(t), R::from_f64(1.0));
        for &x in x {
            residual -= x * power;
            power *= t;
        }
        total += residual * residual;
    }
    total / R::from_f64(2.0)
}

/// The log posterior of a mixture of Gaussians with a Wishart prior (GradBench's `gmm`), at `parameters`: weights
/// (k), means (k, d), logarithms of the diagonals of the precisions' factors (k, d), the strictly lower triangles of
/// these by columns (k, d (d - 1) / 2).
pub(crate) fn mixture<R: Real>(parameters: &[R], data: &Mixture) -> R {
    match data.d {
        // Known to the compiler, which unrolls the loops: the plain function is 2.5 times as fast.
        10 => mixture_in(10, parameters, data),
        d => mixture_in(d, parameters, data),
    }
}

#[inline(always)]
fn mixture_in<R: Real>(d: usize, parameters: &[R], data: &Mixture) -> R {
    let (k, n) = (data.k, data.x.len() / d);
    let below = d * (d - 1) / 2;
    let (alpha, rest) = parameters.split_at(k);
    let (means, rest) = rest.split_at(k * d);
    let (logs, lower) = rest.split_at(k * d);
    let diagonals: Vec<R> = logs.iter().map(|q| q.exp()).collect();
    let log_determinants: Vec<R> = logs.chunks_exact(d).map(sum).collect();

    let (zero, half) = (R::from_f64(0.0), R::from_f64(0.5));
    let (mut centred, mut turned, mut terms) = (vec![zero; d], vec![zero; d], vec![zero; k]);
    let mut total = zero;
    for x in data.x.chunks_exact(d) {
        for (component, term) in terms.iter_mut().enumerate() {
            let mean = &means[component * d..][..d];
            let diagonal = &diagonals[component * d..][..d];
            let mut lower = &lower[component * below..][..below];
            for (i, centred) in centred.iter_mut().enumerate() {
                *centred = R::from_f64(x[i]) - mean[i];
            }
            for (i, turned) in turned.iter_mut().enumerate() {
                *turned = diagonal[i] * centred[i];
            }
            for (i, &centred) in centred.iter().enumerate() {
                let column;
                (column, lower) = lower.split_at(d - 1 - i);
                for (turned, &l) in turned[i + 1..].iter_mut().zip(column) {
                    *turned += l * centred;
                }
            }
            *term = alpha[component] + log_determinants[component] - half * sum_of_squares(&turned);
        }
        total += log_sum_exp(&terms);
    }
    total -= R::from_f64(n as f64) * log_sum_exp(alpha);

    let mut penalty = zero;
    let weight = R::from_f64(0.5 * data.gamma * data.gamma);
    for component in 0..k {
        let squares = sum_of_squares(&diagonals[component * d..][..d])
            + sum_of_squares(&lower[component * below..][..below]);
        penalty += weight * squares - R::from_f64(data.m as f64) * log_determinants[component];
    }
    total - penalty + R::from_f64(data.constant())
}

fn sum<R: Real>(x: &[R]) -> R {
    let mut total = x[0];
    for &x in &x[1..] {
        total += x;
    }
    total
}

fn sum_of_squares<R: Real>(x: &[R]) -> R {
    let mut total = R::from_f64(0.0);
    for &x in x {
        total += x * x;
    }
    total
}

/// How far a point lies from where a camera saw it, weighted: the two residuals of GradBench's `ba`. Inputs: eleven
/// numbers of the camera (rotation vector, centre, focal length, principal point, two of radial distortion), the
/// point, the weight.
pub(crate) fn reprojection<R: Real>(x: &[R], seen: [f64; 2]) -> [R; 2] {
    let (zero, one) = (R::from_f64(0.0), R::from_f64(1.0));
    let &[r0, r1, r2, c0, c1, c2, focal, u0, v0, k1, k2, x0, x1, x2, weight] = x else {
        panic!("reprojection: wants 15 inputs, got {}", x.len());
    };
    let from_centre = [x0 - c0, x1 - c1, x2 - c2];
    let [x, y, z] = rotate([r0, r1, r2], from_centre);
    let (x, y) = (x / z, y / z);
    let square = zero + x * x + y * y;
    let distortion = one + k1 * square + k2 * square * square;
    let (x, y) = (x * distortion * focal + u0, y * distortion * focal + v0);
    [weight * (x - R::from_f64(seen[0])), weight * (y - R::from_f64(seen[1]))]
}

/// Turns `x` about the axis `r` by the angle |r| (Rodrigues 1840).
fn rotate<R: Real>(r: [R; 3], x: [R; 3]) -> [R; 3] {
    let (zero, one) = (R::from_f64(0.0), R::from_f64(1.0));
    let square = zero + r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
    if square == zero {
        let turned = cross(r, x);
        return [x[0] + turned[0], x[1] + turned[1], x[2] + turned[2]];
    }
    let angle = square.sqrt();
    let (sin, cos) = (angle.sin(), angle.cos());
    let inverse = one / angle;
    let axis = [r[0] * inverse, r[1] * inverse, r[2] * inverse];
    let turned = cross(axis, x);
    let along = (axis[0] * x[0] + axis[1] * x[1] + axis[2] * x[2]) * (one - cos);
    [
        x[0] * cos + turned[0] * sin + axis[0] * along,
        x[1] * cos + turned[1] * sin + axis[1] * along,
        x[2] * cos + turned[2] * sin + axis[2] * along,
    ]
}

fn cross<R: Real>(a: [R; 3], b: [R; 3]) -> [R; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// J of a 4-10-3 sigmoid net over rows of inputs (rows, 4) and targets (rows, 3), number by number.
pub(crate) fn net<R: Real>(parameters: &[R], x: &[f64], y: &[f64]) -> R {
    let one = R::from_f64(1.0);
    let sigmoid = |z: R| one / (one + (-z).exp());
    let (hidden, output) = parameters.split_at(50);
    let mut total = R::from_f64(0.0);
    for (x, y) in x.chunks_exact(4).zip(y.chunks_exact(3)) {
        let mut a = [R::from_f64(0.0); 10];
        for (unit, a) in a.iter_mut().enumerate() {
            let mut z = hidden[40 + unit];
            for (k, &x) in x.iter().enumerate() {
                z += hidden[unit * 4 + k] * R::from_f64(x);
            }
            *a = sigmoid(z);
        }
        for (unit, &y) in y.iter().enumerate() {
            let mut z = output[30 + unit];
            for (k, &a) in a.iter().enumerate() {
                z += output[unit * 10 + k] * a;
            }
            let h = sigmoid(z);
            total -= R::from_f64(y) * h.ln() + R::from_f64(1.0 - y) * (one - h).ln();
        }
    }
    total / R::from_f64((x.len() / 4) as f64)
}

/// The price of a European call (Black and Scholes 1973) at spot, strike, rate, volatility, maturity. The normal
/// distribution is that of Page (1977), Φ(z) ≈ ½ (1 + tanh √(2/π) (z + 0.044715 z³)), to 1.8e-4.
pub(crate) fn black_scholes<R: Real>(x: &[R]) -> R {
    let &[spot, strike, rate, volatility, maturity] = x else {
        panic!("black_scholes: wants 5 inputs, got {}", x.len());
    };
    let (one, half) = (R::from_f64(1.0), R::from_f64(0.5));
    let root = R::from_f64(std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
    let normal = |z: R| half * (one + (root * z * (one + R::from_f64(0.044715) * (z * z))).tanh());
    let spread = volatility * maturity.sqrt();
    let drift = (rate + half * (volatility * volatility)) * maturity;
    let d1 = ((spot / strike).ln() + drift) / spread;
    let d2 = d1 - spread;
    spot * normal(d1) - strike * (-(rate * maturity)).exp() * normal(d2)
}

/// What a call pays, discounted over a year, on one simulated path of a stock whose volatility moves with its price:
/// Euler's scheme for the logarithm of the price, with these normal numbers. Inputs: spot, strike, rate, volatility
/// at the strike, its slope in the logarithm of the price.
pub(crate) fn path<R: Real>(x: &[R], normals: &[f64]) -> R {
    let &[spot, strike, rate, volatility, slope] = x else {
        panic!("path: wants 5 inputs, got {}", x.len());
    };
    let step = 1.0 / normals.len() as f64;
    let (half, root, step) = (R::from_f64(0.5), R::from_f64(step.sqrt()), R::from_f64(step));
    let mut moved = (spot / strike).ln();
    for &normal in normals {
        let local = volatility + slope * moved;
        moved += local * root * R::from_f64(normal);
        moved += (rate - half * local * local) * step;
    }
    let gain = moved.exp() - R::from_f64(1.0);
    let paid = if gain > R::from_f64(0.0) { gain } else { R::from_f64(0.0) };
    strike * paid * (-rate).exp()
}
