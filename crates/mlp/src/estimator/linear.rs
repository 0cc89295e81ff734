//! Linear regression, with ridge: the smallest network, solved or descended.

use super::{ClassWeights, Plan, Ready, want_numbers};
use crate::data::{Dataset, Recipe};
use crate::{
    Activation, Error, Init, Model, Network, Optimizer, Output, Probabilities, Training, TrainingRecord,
};
use tape::kernel::{self, Factor, MatmulShape};
use tape::linear::symmetric_eigen;
use tape::{Tensor, Triangle};

/// Linear regression, `J(θ) = 1/2n Σ (h - y)² + λ/2n Σ θ²`, the network without a hidden layer and with the identity at its
/// output; with λ it is ridge regression (Hoerl and Kennard 1970), of scikit-learn's `alpha`.
///
/// λ is of columns as the recipe leaves them, standardised by default, and does not touch the intercept. What is learnt is in
/// standard deviations of each number, which changes no prediction.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::data::{Dataset, Frame, Target};
/// use mlp::{LinearRegression, Optimizer, Training};
/// let frame = Frame::of_numbers(vec![1.0, 2.0, 3.0, 4.0], vec!["size".into()])?;
/// let data = Dataset::of(frame, Target::numbers(vec!["price".into()], vec![2.1, 3.9, 6.2, 7.8])?)?;
/// let solved = LinearRegression::default().fit(&data)?;
/// let descent = Training { epochs: 500, batch_size: None, ..Training::new(Optimizer::gradient_descent(0.1)) };
/// let descended = LinearRegression { descent: Some(descent), ..LinearRegression::default() }.fit(&data)?;
/// let (one, other) = (solved.predict_numbers(&[5.0][..])?[0], descended.predict_numbers(&[5.0][..])?[0]);
/// assert!((one - 9.85).abs() < 1e-12 && (one - other).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LinearRegression {
    /// λ, the weight of the squares; at least 0.
    pub lambda: f64,
    /// How J is descended step by step, as the course does it, but for its λ; `None` for solving the normal equations, where
    /// columns depend on each other by the smallest of the parameters that are as good.
    pub descent: Option<Training>,
    /// How rows are made ready.
    pub recipe: Recipe,
}

impl Default for LinearRegression {
    /// No penalty, solved; see [the table of defaults](crate::defaults).
    fn default() -> Self {
        LinearRegression { lambda: 0.0, descent: None, recipe: Recipe::default() }
    }
}

impl LinearRegression {
    /// A model fitted to these rows.
    ///
    /// # Errors
    /// When the target is no numbers, λ is negative or not finite, a value of a column is refused, or a descent goes off.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::LinearRegression;
    /// let wrong = LinearRegression { lambda: -1.0, ..LinearRegression::default() };
    /// let message = wrong.fit(&mlp::data::bundled::digits()).unwrap_err().to_string();
    /// assert_eq!(message, "lambda: wants a finite number from 0 up, got -1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn fit(&self, data: &Dataset) -> Result<Model, Error> {
        crate::Objective::l2(self.lambda).checked()?;
        want_numbers(data.target(), true)?;
        match &self.descent {
            Some(training) => {
                let training = Training { lambda: self.lambda, ..training.clone() };
                self.plan(&training).fit(data, None)
            }
            None => {
                let training = Training::new(Optimizer::default());
                let plan = self.plan(&training);
                super::check_target(data.target())?;
                let mut model: Model = plan.fresh(data)?;
                let ready = Ready::new(&model, data, &ClassWeights::Equal)?;
                let weights = ready.weights.as_ref().map(Tensor::as_slice);
                let parameters =
                    solve(ready.x.as_slice(), ready.y.as_slice(), weights, self.lambda, data.n_rows())?;
                model.network = Network::from_parameters(model.network.sizes(), parameters)?
                    .with_output(Output::Identity);
                model.record = TrainingRecord { rows: data.n_rows(), ..TrainingRecord::default() };
                model
                    .check()
                    .map_err(|what| Error::shape("fit", "columns that can be computed with", what))?;
                Ok(model)
            }
        }
    }

    fn plan<'a>(&'a self, training: &'a Training) -> Plan<'a> {
        Plan {
            hidden: &[],
            activation: Activation::default(),
            output: Output::Identity,
            init: Some(Init::Constant(0.0)),
            training,
            held_out: None,
            class_weights: &ClassWeights::Equal,
            probabilities: Probabilities::default(),
            recipe: &self.recipe,
        }
    }
}

/// θ: (k, p), then the k intercepts, that minimise J for x: (n, p) and y: (n, k).
fn solve(x: &[f64], y: &[f64], weights: Option<&[f64]>, lambda: f64, n: usize) -> Result<Vec<f64>, Error> {
    let (p, k) = (x.len() / n, y.len() / n);
    // The mean weight is 1, so that λ means the same with and without.
    let total: f64 = weights.map_or(n as f64, |weights| weights.iter().sum());
    let weight = |row: usize| weights.map_or(1.0, |weights| weights[row] / total * n as f64);
    let mean = |of: &[f64], columns: usize| {
        let mut mean = vec![0.0; columns];
        for (row, values) in of.chunks_exact(columns).enumerate() {
            mean.iter_mut().zip(values).for_each(|(mean, value)| *mean += weight(row) * value / n as f64);
        }
        mean
    };
    let (x_mean, y_mean) = (mean(x, p), mean(y, k));
    // With the means taken out, and each row times the root of its weight, no intercept is left.
    let centred = |of: &[f64], mean: &[f64]| -> Vec<f64> {
        let rows = of.chunks_exact(mean.len()).enumerate();
        rows.flat_map(|(row, values)| {
            let root = weight(row).sqrt();
            values.iter().zip(mean).map(move |(value, mean)| root * (value - mean))
        })
        .collect()
    };
    let (a, b) = (centred(x, &x_mean), centred(y, &y_mean));
    let mut gram = product(p, n, p, Factor::transposed(&a), Factor::plain(&a));
    (0..p).for_each(|i| gram[i * p + i] += lambda);
    if !gram.iter().chain(&b).all(|number| number.is_finite()) {
        return Err(Error::shape("fit", "columns whose squares are finite; rescale them", "larger ones"));
    }
    let invert = inverse(gram, p, n, k)?;
    let mut theta = vec![0.0; p * k];
    // The equations square the condition of the rows; going over what is left twice gives it back (Björck 1987).
    for _ in 0..3 {
        let mut left = product(n, p, k, Factor::plain(&a), Factor::plain(&theta));
        left.iter_mut().zip(&b).for_each(|(left, b)| *left = b - *left);
        let mut r = product(p, n, k, Factor::transposed(&a), Factor::plain(&left));
        r.iter_mut().zip(&theta).for_each(|(r, theta)| *r -= lambda * theta);
        theta.iter_mut().zip(invert(&r)?).for_each(|(theta, step)| *theta += step);
    }
    let of_unit = |unit: usize| (0..p).map(move |column| (column, unit));
    let mut parameters: Vec<f64> =
        (0..k).flat_map(of_unit).map(|(column, unit)| theta[column * k + unit]).collect();
    for unit in 0..k {
        let shift: f64 = of_unit(unit).map(|(column, _)| x_mean[column] * theta[column * k + unit]).sum();
        parameters.push(y_mean[unit] - shift);
    }
    Ok(parameters)
}

/// What multiplies (p, k) by the inverse of a matrix AᵀA + λI: (p, p), A having n rows; where there is none by its
/// pseudoinverse, so that what is no direction of the rows gets nothing.
fn inverse(gram: Vec<f64>, p: usize, n: usize, k: usize) -> Result<Inverse, Error> {
    let rounding = n.max(p) as f64 * f64::EPSILON;
    let matrix = Tensor::from_slice(&gram, &[p, p])?;
    if let Ok(factor) = matrix.cholesky() {
        let diagonal = factor.as_slice().iter().step_by(p + 1);
        let (least, most) =
            diagonal.fold((f64::INFINITY, 0.0_f64), |(least, most), d| (least.min(*d), most.max(*d)));
        if (least / most).powi(2) > rounding {
            return Ok(Box::new(move |r| {
                let right = Tensor::from_slice(r, &[p, k])?;
                let half = factor.solve_triangular(&right, Triangle::Lower)?;
                Ok(factor.transpose().solve_triangular(&half, Triangle::Upper)?.to_vec())
            }));
        }
    }
    let (values, vectors) = symmetric_eigen(&gram)?;
    let least = values.iter().fold(0.0_f64, |most, value| most.max(*value)) * rounding;
    Ok(Box::new(move |r| {
        let mut along = product(p, p, k, Factor::transposed(&vectors), Factor::plain(r));
        for (row, value) in along.chunks_exact_mut(k).zip(&values) {
            row.iter_mut().for_each(|along| *along = if *value > least { *along / value } else { 0.0 });
        }
        Ok(product(p, p, k, Factor::plain(&vectors), Factor::plain(&along)))
    }))
}

/// A multiplication of (p, k) numbers.
type Inverse = Box<dyn Fn(&[f64]) -> Result<Vec<f64>, Error>>;

/// The product of an (m, k) and a (k, n) matrix.
fn product(m: usize, k: usize, n: usize, left: Factor<'_, f64>, right: Factor<'_, f64>) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    kernel::matmul(MatmulShape { m, k, n }, 1.0, left, right, 0.0, &mut out);
    out
}
