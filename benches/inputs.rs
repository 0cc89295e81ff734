//! What the functions of the benches are run on.

/// The data of GradBench's `gmm`: points, and the prior.
pub(crate) struct Mixture {
    /// The dimension of the points.
    pub(crate) d: usize,
    /// How many Gaussians are mixed.
    pub(crate) k: usize,
    /// The points: (n, d).
    pub(crate) x: Vec<f64>,
    /// Precision of the prior.
    pub(crate) gamma: f64,
    /// Degrees of freedom of the prior beyond d + 1.
    pub(crate) m: usize,
}

impl Mixture {
    /// What does not depend on the parameters: the normalisers of the Gaussians and of the Wishart prior.
    pub(crate) fn constant(&self) -> f64 {
        let (d, k, n) = (self.d as f64, self.k as f64, (self.x.len() / self.d) as f64);
        let freedom = d + self.m as f64 + 1.0;
        let log_gamma: f64 = (0..self.d).map(|j| log_gamma_of_half(self.d + self.m + 1 - j)).sum();
        let log_multigamma = 0.25 * d * (d - 1.0) * std::f64::consts::PI.ln() + log_gamma;
        let prior = freedom * d * (self.gamma.ln() - 0.5 * 2_f64.ln()) - log_multigamma;
        k * prior - 0.5 * n * d * std::f64::consts::TAU.ln()
    }
}

/// ln Γ(twice / 2), by Γ(x + 1) = x Γ(x) from Γ(1) = 1 or Γ(½) = √π.
fn log_gamma_of_half(twice: usize) -> f64 {
    let start = if twice.is_multiple_of(2) { 0.0 } else { 0.5 * std::f64::consts::PI.ln() };
    (1..twice).filter(|k| (twice - k).is_multiple_of(2)).fold(start, |total, k| total + (0.5 * k as f64).ln())
}

/// Numbers about one half, for functions that take any.
pub(crate) fn wave(n: usize) -> Vec<f64> {
    (0..n).map(|k| 0.5 + (k as f64 * 0.37).sin()).collect()
}

/// Factors whose product neither vanishes nor overflows.
pub(crate) fn factors(n: usize) -> Vec<f64> {
    (0..n).map(|k| 1.0 + 0.1 * (k as f64 * 0.37).sin()).collect()
}

/// A mixture of `k` Gaussians in dimension `d`, `n` points, and parameters for it.
pub(crate) fn mixture(n: usize, d: usize, k: usize) -> (Mixture, Vec<f64>) {
    let draw = |k: usize, step: f64| (k as f64 * step).sin() + 0.3 * (k as f64 * 1.7 * step).cos();
    let x = (0..n * d).map(|i| draw(i, 0.913)).collect();
    let parameters = (0..k * (1 + 2 * d + d * (d - 1) / 2)).map(|i| 0.5 * draw(i, 0.677)).collect();
    (Mixture { d, k, x, gamma: 1.0, m: 0 }, parameters)
}

/// Camera, point and weight for a residual of bundle adjustment, and where the point was seen.
pub(crate) fn reprojection() -> ([f64; 15], [f64; 2]) {
    let camera = [0.02, -0.01, 0.03, 0.3, -0.2, -4.0, 520.0, 320.0, 240.0, -0.1, 0.02];
    let x = std::array::from_fn(|k| if k < 11 { camera[k] } else { [0.4, -0.5, 1.5, 0.9][k - 11] });
    (x, [318.0, 225.0])
}

/// The parameters of a 4-10-3 net, inputs (150, 4) and targets (150, 3).
pub(crate) fn net() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let parameters = (0..83).map(|k| (k as f64 * 0.7).sin() * 0.5).collect();
    let x = (0..600).map(|k| (k as f64).cos()).collect();
    let y = (0..450).map(|k| f64::from(u8::from(k % 3 == (k / 3) % 3))).collect();
    (parameters, x, y)
}

/// Spot, strike, rate, volatility, maturity.
pub(crate) fn option() -> [f64; 5] {
    [100.0, 95.0, 0.03, 0.25, 0.75]
}

/// Spot, strike, rate, volatility and its slope; and fifty numbers that look normal.
pub(crate) fn path() -> ([f64; 5], Vec<f64>) {
    let normals = (0..50).map(|k| (k as f64 * 2.3).sin() + (k as f64 * 0.77).cos()).collect();
    ([100.0, 95.0, 0.03, 0.25, -0.4], normals)
}
