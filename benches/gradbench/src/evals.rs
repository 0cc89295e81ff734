//! The evals: their inputs and outputs as GradBench defines them, their functions, and the derivatives by the tape.

use crate::inputs::Mixture;
use crate::{Outcome, functions, read};
use serde::Deserialize;
use serde_json::{Value, json};
use tape::{Dual, Real, Tape, Var, grad, jacobian};

/// The evals that are here.
pub(crate) const MODULES: [&str; 6] = ["ba", "gmm", "hello", "kmeans", "llsq", "lse"];

/// Runs a function of an eval.
pub(crate) fn evaluate(module: &str, function: &str, input: &Value) -> Result<Outcome, String> {
    match (module, function) {
        ("hello", "square") => {
            let x: f64 = read(input)?;
            Outcome::of(input, || square(&[x]), Value::from)
        }
        ("hello", "double") => {
            let x: f64 = read(input)?;
            Outcome::of(input, || grad(square, &[x])[0], Value::from)
        }
        ("lse", "primal") => {
            let Vector { x } = read(input)?;
            wants(!x.is_empty(), "x should not be empty")?;
            Outcome::of(input, || functions::log_sum_exp(&x), Value::from)
        }
        ("lse", "gradient") => {
            let Vector { x } = read(input)?;
            wants(!x.is_empty(), "x should not be empty")?;
            Outcome::of(input, || grad(functions::log_sum_exp, &x), Value::from)
        }
        ("llsq", "primal") => {
            let Polynomial { x, n } = read(input)?;
            Outcome::of(input, || functions::least_squares(&x, n), Value::from)
        }
        ("llsq", "gradient") => {
            let Polynomial { x, n } = read(input)?;
            Outcome::of(input, || grad(|x| functions::least_squares(x, n), &x), Value::from)
        }
        ("kmeans", "cost") => {
            let clusters = Clusters::read(input)?;
            Outcome::of(input, || clusters.cost(&clusters.centroids), Value::from)
        }
        ("kmeans", "dir") => {
            let clusters = Clusters::read(input)?;
            let write = |direction: Vec<f64>| rows(&direction, clusters.d);
            Outcome::of(input, || clusters.direction(), write)
        }
        ("gmm", "objective") => {
            let (data, parameters) = Gaussians::read(input)?;
            Outcome::of(input, || functions::mixture(&parameters, &data), Value::from)
        }
        ("gmm", "jacobian") => {
            let (data, parameters) = Gaussians::read(input)?;
            let gradient = || grad(|x| functions::mixture(x, &data), &parameters);
            Outcome::of(input, gradient, |gradient| Gaussians::write(&gradient, &data))
        }
        ("ba", "objective") => {
            let adjustment = Adjustment::read(input)?;
            Outcome::of(input, || adjustment.errors(), |errors| write_errors(&errors))
        }
        ("ba", "jacobian") => {
            let adjustment = Adjustment::read(input)?;
            Outcome::of(input, || adjustment.jacobian(), |jacobian| jacobian.write())
        }
        _ => Err(format!("no function {function} in a module {module}")),
    }
}

fn wants(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("input: {what}")) }
}

/// Numbers by rows of `d`.
fn rows(x: &[f64], d: usize) -> Value {
    x.chunks_exact(d).collect()
}

/// Rows of the same length, one after the other.
fn flat(rows: &[Vec<f64>], d: usize, what: &str) -> Result<Vec<f64>, String> {
    match rows.iter().find(|row| row.len() != d) {
        Some(row) => Err(format!("input: a row of {what} should have {d} numbers, got {}", row.len())),
        None => Ok(rows.concat()),
    }
}

fn square<R: Real>(x: &[R]) -> R {
    x[0] * x[0]
}

#[derive(Deserialize)]
struct Vector {
    x: Vec<f64>,
}

#[derive(Deserialize)]
struct Polynomial {
    x: Vec<f64>,
    n: usize,
}

/// Points and centroids, (n, d) and (k, d).
struct Clusters {
    d: usize,
    points: Vec<f64>,
    centroids: Vec<f64>,
}

impl Clusters {
    fn read(input: &Value) -> Result<Clusters, String> {
        #[derive(Deserialize)]
        struct Rows {
            points: Vec<Vec<f64>>,
            centroids: Vec<Vec<f64>>,
        }
        let Rows { points, centroids } = read(input)?;
        let d = centroids.first().map_or(0, Vec::len);
        wants(d > 0, "there should be a centroid, and it should have numbers")?;
        wants(!points.is_empty(), "there should be a point")?;
        Ok(Clusters { d, points: flat(&points, d, "points")?, centroids: flat(&centroids, d, "centroids")? })
    }

    /// Σᵢ minⱼ |cⱼ - pᵢ|². Which centroid is nearest is found in plain numbers, as it is not differentiated.
    fn cost<R: Real>(&self, centroids: &[R]) -> R {
        let plain: Vec<f64> = centroids.iter().map(|c| c.to_f64()).collect();
        let mut total = R::from_f64(0.0);
        for point in self.points.chunks_exact(self.d) {
            let distances = plain.chunks_exact(self.d).map(|centroid| squared_distance(centroid, point));
            let nearest = distances.enumerate().fold((0, f64::INFINITY), |best, (j, distance)| {
                if distance < best.1 { (j, distance) } else { best }
            });
            total += squared_distance(&centroids[nearest.0 * self.d..][..self.d], point);
        }
        total
    }

    /// The gradient of the cost over the diagonal of its Hessian, which has nothing beside the diagonal: so it is the
    /// Hessian's product with ones. Both are swept from one recording.
    fn direction(&self) -> Vec<f64> {
        let tape = Tape::begin();
        let inputs = tape.vars(&self.centroids);
        let along: Vec<_> = inputs.iter().map(|&c| Dual::new(c, Var::from(1.0))).collect();
        let cost = self.cost(&along);
        let gradient = tape.sweep(&cost.value).expect("the cost is recorded");
        let diagonal = tape.sweep(&cost.tangent).expect("its derivative is recorded");
        let of = |c: &Var| gradient.of(c).expect("a leaf") / diagonal.of(c).expect("a leaf");
        inputs.iter().map(of).collect()
    }
}

fn squared_distance<R: Real>(centroid: &[R], point: &[f64]) -> R {
    let mut total = R::from_f64(0.0);
    for (&c, &p) in centroid.iter().zip(point) {
        let difference = c - R::from_f64(p);
        total += difference * difference;
    }
    total
}

#[derive(Deserialize)]
struct Gaussians {
    d: usize,
    k: usize,
    n: usize,
    alpha: Vec<f64>,
    mu: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    l: Vec<Vec<f64>>,
    x: Vec<Vec<f64>>,
    m: usize,
    gamma: f64,
}

impl Gaussians {
    fn read(input: &Value) -> Result<(Mixture, Vec<f64>), String> {
        let Gaussians { d, k, n, alpha, mu, q, l, x, m, gamma } = read(input)?;
        wants(d > 0 && k > 0, "d and k should be positive")?;
        wants(alpha.len() == k && mu.len() == k && q.len() == k && l.len() == k, "parameters come k times")?;
        wants(x.len() == n, "there should be n points")?;
        let mut parameters = alpha;
        parameters.extend(flat(&mu, d, "mu")?);
        parameters.extend(flat(&q, d, "q")?);
        parameters.extend(flat(&l, d * (d - 1) / 2, "l")?);
        Ok((Mixture { d, k, x: flat(&x, d, "x")?, gamma, m }, parameters))
    }

    fn write(gradient: &[f64], &Mixture { d, k, .. }: &Mixture) -> Value {
        let (alpha, rest) = gradient.split_at(k);
        let (mu, rest) = rest.split_at(k * d);
        let (q, l) = rest.split_at(k * d);
        let below = d * (d - 1) / 2;
        let l: Vec<_> = (0..k).map(|component| &l[component * below..][..below]).collect();
        json!({ "alpha": alpha, "mu": rows(mu, d), "q": rows(q, d), "l": l })
    }
}

/// Cameras, points, and for each observation a weight, where the point was seen, and which camera saw which point.
struct Adjustment {
    cameras: Vec<[f64; 11]>,
    points: Vec<[f64; 3]>,
    weights: Vec<f64>,
    seen: Vec<[f64; 2]>,
    observations: Vec<[usize; 2]>,
}

impl Adjustment {
    /// One of each comes in, and is repeated.
    fn read(input: &Value) -> Result<Adjustment, String> {
        #[derive(Deserialize)]
        struct Repeated {
            n: usize,
            m: usize,
            p: usize,
            cam: [f64; 11],
            x: [f64; 3],
            w: f64,
            feat: [f64; 2],
        }
        let Repeated { n, m, p, cam, x, w, feat } = read(input)?;
        wants(n > 0 && m > 0 && p > 0, "n, m and p should be positive")?;
        Ok(Adjustment {
            cameras: vec![cam; n],
            points: vec![x; m],
            weights: vec![w; p],
            seen: vec![feat; p],
            observations: (0..p).map(|i| [i % n, i % m]).collect(),
        })
    }

    /// What the residual of an observation depends on.
    fn inputs(&self, observation: usize) -> [f64; 15] {
        let [camera, point] = self.observations[observation];
        let mut inputs = [0.0; 15];
        inputs[..11].copy_from_slice(&self.cameras[camera]);
        inputs[11..14].copy_from_slice(&self.points[point]);
        inputs[14] = self.weights[observation];
        inputs
    }

    fn errors(&self) -> (Vec<[f64; 2]>, Vec<f64>) {
        let residual = |i: usize| functions::reprojection(&self.inputs(i), self.seen[i]);
        let residuals = (0..self.observations.len()).map(residual).collect();
        (residuals, self.weights.iter().map(|&w| weight_error(&[w])).collect())
    }

    fn jacobian(&self) -> Sparse {
        let p = self.observations.len();
        let (cameras, points) = (11 * self.cameras.len(), 3 * self.points.len());
        let mut matrix = Sparse::with_capacity(3 * p, 31 * p);
        for (i, &[camera, point]) in self.observations.iter().enumerate() {
            let block = jacobian(|x| functions::reprojection(x, self.seen[i]).to_vec(), &self.inputs(i));
            for row in block.as_slice().chunks_exact(15) {
                matrix.columns.extend(11 * camera..11 * (camera + 1));
                matrix.columns.extend(cameras + 3 * point..cameras + 3 * (point + 1));
                matrix.columns.push(cameras + points + i);
                matrix.end_row(row);
            }
        }
        for (i, &weight) in self.weights.iter().enumerate() {
            matrix.columns.push(cameras + points + i);
            matrix.end_row(&grad(weight_error, &[weight]));
        }
        matrix
    }
}

/// How far a weight is from one, in its way.
fn weight_error<R: Real>(w: &[R]) -> R {
    R::from_f64(1.0) - w[0] * w[0]
}

fn write_errors((residuals, weights): &(Vec<[f64; 2]>, Vec<f64>)) -> Value {
    json!({
        "reproj_error": { "elements": residuals[0], "repeated": residuals.len() },
        "w_err": { "element": weights[0], "repeated": weights.len() },
    })
}

/// A matrix in compressed rows.
struct Sparse {
    /// Where each row starts, and where the last ends.
    starts: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
}

impl Sparse {
    fn with_capacity(rows: usize, entries: usize) -> Sparse {
        let mut starts = Vec::with_capacity(rows + 1);
        starts.push(0);
        Sparse { starts, columns: Vec::with_capacity(entries), values: Vec::with_capacity(entries) }
    }

    /// Ends the row whose columns were just appended.
    fn end_row(&mut self, values: &[f64]) {
        self.values.extend_from_slice(values);
        self.starts.push(self.values.len());
    }

    /// The first thirty entries of each list, and the last, as the eval wants them.
    fn write(&self) -> Value {
        fn some<T: Copy + Into<Value>>(list: &[T]) -> Value {
            list.iter().take(30).chain(list.last()).copied().collect()
        }
        json!({ "rows": some(&self.starts), "cols": some(&self.columns), "vals": some(&self.values) })
    }
}
