//! Backpropagation by hand: the formulas that a tape makes unnecessary, written as one would without a tape.
//!
//! It is a lesson, the oracle that the tests hold the tape against, and the rival that the benches race it
//! with. It knows the kernels (matrix product, vector maths) and no derivative rule of the tape.
//!
//! # The formulas
//! For rows `a⁽¹⁾ = x: (n, n_in)`, going forward through the layers l = 1 … L,
//!
//! ```text
//! z⁽ˡ⁺¹⁾ = a⁽ˡ⁾ Θ⁽ˡ⁾ᵀ + b⁽ˡ⁾         (n, n_out)
//! a⁽ˡ⁺¹⁾ = g(z⁽ˡ⁺¹⁾)                 g the sigmoid, g′ = g (1 - g)
//! J      = -1/n ΣᵢΣₖ [y ln h + (1 - y) ln(1 - h)] + λ/2n Σ θ²,      h = a⁽ᴸ⁺¹⁾
//! ```
//!
//! Write δ for n ∂J/∂z, the error of a unit. At the output the derivative of the logarithms cancels against
//! that of the sigmoid: `∂/∂h [-y ln h - (1 - y) ln(1 - h)] = (h - y) / h(1 - h)`, times `h (1 - h)`:
//!
//! ```text
//! δ⁽ᴸ⁺¹⁾ = a⁽ᴸ⁺¹⁾ - y
//! ```
//!
//! A hidden unit's z reaches J through its activation, and that through every unit of the next layer, each by
//! its weight: the chain rule sums over them, which for all rows at once is a product with Θ,
//!
//! ```text
//! δ⁽ˡ⁾ = δ⁽ˡ⁺¹⁾ Θ⁽ˡ⁾ ∘ a⁽ˡ⁾ ∘ (1 - a⁽ˡ⁾)      for l = L … 2
//! ```
//!
//! (the course writes `(Θ⁽ˡ⁾)ᵀ δ⁽ˡ⁺¹⁾`, for one example as a column). A weight meets J by the activation that it
//! multiplies; rows add up:
//!
//! ```text
//! ∂J/∂Θ⁽ˡ⁾ = δ⁽ˡ⁺¹⁾ᵀ a⁽ˡ⁾ / n + λ/n Θ⁽ˡ⁾        ∂J/∂b⁽ˡ⁾ = Σᵢ δ⁽ˡ⁺¹⁾ / n
//! ```
//!
//! The source is the backpropagation of Rumelhart, Hinton and Williams (1986), in the notation of the course.

use crate::{Error, Layer};
use tape::Float;
use tape::kernel::{self, Factor, MatmulShape};

/// J and its gradient by the hand-derived formulas, for one network shape and one number of rows; all buffers
/// are allocated once.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::Backprop;
/// // One input, one unit, θ = b = 0: h = ½ for both rows.
/// let mut backprop = Backprop::<f64>::new(&[1, 1], 2)?;
/// let j = backprop.cost_and_gradient(&[0.0, 0.0], &[1.0, 3.0], &[0.0, 0.0], 0.0)?;
/// assert_eq!(j, 2.0_f64.ln());
/// assert_eq!(backprop.gradient(), [1.0, 0.5]); // mean of (h - y) x, mean of h - y
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Backprop<T: Float = f64> {
    layers: Vec<Layer>,
    rows: usize,
    /// a⁽²⁾ … a⁽ᴸ⁺¹⁾: (n, n_out) each.
    activations: Vec<Vec<T>>,
    /// δ / n of the layer that is being passed, and room for the product with Θ below it.
    delta: Vec<T>,
    delta_below: Vec<T>,
    /// Flat as the parameters are.
    gradient: Vec<T>,
}

impl<T: Float> Backprop<T> {
    /// Buffers for a network of these layer sizes, inputs first, on `rows` rows at a time.
    ///
    /// # Errors
    /// When there are fewer than two sizes, one is zero, or there are no rows.
    ///
    /// ```
    /// assert!(mlp::Backprop::<f32>::new(&[4, 8, 3], 16).is_ok());
    /// assert!(mlp::Backprop::<f32>::new(&[4], 16).is_err());
    /// ```
    pub fn new(sizes: &[usize], rows: usize) -> Result<Self, Error> {
        if sizes.len() < 2 || sizes.contains(&0) || rows == 0 {
            let wants = "at least two layer sizes from 1 up, and at least one row";
            return Err(Error::shape("backprop", wants, format!("{sizes:?} and {rows} rows")));
        }
        let layers = Layer::stack(sizes);
        let zeros = |length| vec![T::default(); length];
        let widest = sizes.iter().max().copied().unwrap_or(0) * rows;
        Ok(Backprop {
            rows,
            activations: layers.iter().map(|layer| zeros(rows * layer.n_out)).collect(),
            delta: zeros(widest),
            delta_below: zeros(widest),
            gradient: zeros(layers.last().map_or(0, |layer| layer.bias.end)),
            layers,
        })
    }

    /// J at these parameters, on rows `x: (n, n_in)` and targets `y: (n, K)`; its gradient is left in
    /// [`gradient`](Backprop::gradient).
    ///
    /// # Errors
    /// When a length does not fit the sizes.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let mut backprop = mlp::Backprop::<f64>::new(&[2, 1], 1)?;
    /// assert!(backprop.cost_and_gradient(&[0.0; 3], &[1.0, 2.0], &[1.0], 0.0).is_ok());
    /// let error = backprop.cost_and_gradient(&[0.0; 3], &[1.0], &[1.0], 0.0).unwrap_err();
    /// assert_eq!(error.to_string(), "backprop: wants 3 parameters, 2 inputs and 1 targets, got 3, 1 and 1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn cost_and_gradient(&mut self, parameters: &[T], x: &[T], y: &[T], lambda: T) -> Result<T, Error> {
        self.check(parameters, x, y)?;
        let entropy = self.forward(parameters, x, y);
        self.backward(parameters, x, y);
        let mut squares = T::default();
        for layer in &self.layers {
            let theta = &parameters[layer.theta.clone()];
            squares += kernel::sum_of_squares(theta);
            kernel::axpy(lambda * self.per_row(), theta, &mut self.gradient[layer.theta.clone()]);
            if flawed(Flaw::BiasRegularised) {
                let bias = &parameters[layer.bias.clone()];
                kernel::axpy(lambda * self.per_row(), bias, &mut self.gradient[layer.bias.clone()]);
            }
        }
        Ok((entropy + lambda * T::from_f64(0.5) * squares) * self.per_row())
    }

    /// The gradient of the last call, flat as the parameters are.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// assert_eq!(mlp::Backprop::<f64>::new(&[2, 1], 1)?.gradient(), [0.0; 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn gradient(&self) -> &[T] {
        &self.gradient
    }

    /// One step of gradient descent, θ := θ - α ∂J/∂θ, with learning rate `alpha`; returns J as it was before.
    ///
    /// The penalty's gradient is not added to the buffer but shrinks the weights in the pass that moves them:
    /// `θ := (1 - αλ/n) θ - α δᵀa/n`.
    ///
    /// # Errors
    /// When a length does not fit the sizes.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// let mut backprop = mlp::Backprop::new(&[1, 1], 2)?;
    /// let mut parameters = [0.0, 0.0];
    /// backprop.step(&mut parameters, &[1.0, 3.0], &[0.0, 0.0], 0.0, 1.0)?;
    /// assert_eq!(parameters, [-1.0, -0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn step(&mut self, parameters: &mut [T], x: &[T], y: &[T], lambda: T, alpha: T) -> Result<T, Error> {
        self.check(parameters, x, y)?;
        let entropy = self.forward(parameters, x, y);
        self.backward(parameters, x, y);
        let mut squares = T::default();
        let shrink = T::from_f64(1.0) - alpha * lambda * self.per_row();
        for layer in &self.layers {
            let theta = &mut parameters[layer.theta.clone()];
            if lambda != T::default() {
                squares += kernel::sum_of_squares(theta);
            }
            kernel::axpby(-alpha, &self.gradient[layer.theta.clone()], shrink, theta);
            kernel::axpy(-alpha, &self.gradient[layer.bias.clone()], &mut parameters[layer.bias.clone()]);
        }
        Ok((entropy + lambda * T::from_f64(0.5) * squares) * self.per_row())
    }

    fn check(&self, parameters: &[T], x: &[T], y: &[T]) -> Result<(), Error> {
        let (first, last) = (&self.layers[0], &self.layers[self.layers.len() - 1]);
        let wants = [last.bias.end, self.rows * first.n_in, self.rows * last.n_out];
        let got = [parameters.len(), x.len(), y.len()];
        if wants == got {
            return Ok(());
        }
        let say = |[p, x, y]: [usize; 3]| format!("{p} parameters, {x} inputs and {y} targets");
        let [p, n_x, n_y] = got;
        Err(Error::shape("backprop", say(wants), format!("{p}, {n_x} and {n_y}")))
    }

    /// 1/n.
    fn per_row(&self) -> T {
        T::from_f64(1.0 / self.rows as f64)
    }

    /// Fills the activations and returns `-ΣᵢΣₖ [y ln h + (1 - y) ln(1 - h)]`.
    fn forward(&mut self, parameters: &[T], x: &[T], y: &[T]) -> T {
        let (one, zero) = (T::from_f64(1.0), T::default());
        let output = self.layers.len() - 1;
        let mut entropy = zero;
        for (l, layer) in self.layers.iter().enumerate() {
            let (below, here) = self.activations.split_at_mut(l);
            let a = if l == 0 { x } else { &below[l - 1] };
            let z = &mut here[0];
            // z = a Θᵀ
            let shape = MatmulShape { m: self.rows, k: layer.n_in, n: layer.n_out };
            let theta = Factor::transposed(&parameters[layer.theta.clone()]);
            kernel::matmul(shape, one, Factor::plain(a), theta, zero, z);
            let bias = &parameters[layer.bias.clone()];
            if l < output {
                // a = g(z + b), in one pass
                kernel::add_bias_sigmoid(z, bias);
            } else {
                // The logarithms are taken of the logits, where nothing can round to zero.
                kernel::add_bias(z, bias);
                entropy = kernel::sigmoid_cross_entropy(z, y);
                let h = &mut self.delta[..z.len()];
                kernel::sigmoid(z, h);
                z.copy_from_slice(h);
            }
        }
        entropy
    }

    /// Fills the gradient, without the penalty's part.
    fn backward(&mut self, parameters: &[T], x: &[T], y: &[T]) {
        let (one, zero) = (T::from_f64(1.0), T::default());
        let output = self.layers.len() - 1;
        // δ = a - y at the output; the 1/n of J goes in here, once for all products below.
        let per_row = if flawed(Flaw::RowsForgotten) { one } else { self.per_row() };
        for ((delta, &h), &y) in self.delta.iter_mut().zip(&self.activations[output]).zip(y) {
            *delta = if flawed(Flaw::OutputSign) { y - h } else { h - y } * per_row;
        }
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let a = if l == 0 { x } else { &self.activations[l - 1][..] };
            let delta = &self.delta[..self.rows * layer.n_out];
            // ∂J/∂Θ = δᵀ a
            let shape = MatmulShape { m: layer.n_out, k: self.rows, n: layer.n_in };
            let theta_bar = &mut self.gradient[layer.theta.clone()];
            kernel::matmul(shape, one, Factor::transposed(delta), Factor::plain(a), zero, theta_bar);
            // ∂J/∂b = Σ δ
            kernel::column_sums(delta, layer.n_out, zero, &mut self.gradient[layer.bias.clone()]);
            if l == 0 {
                break;
            }
            // δ below = δ Θ ∘ a (1 - a)
            let below = &mut self.delta_below[..self.rows * layer.n_in];
            let shape = MatmulShape { m: self.rows, k: layer.n_out, n: layer.n_in };
            let transposed = flawed(Flaw::Transposed) && layer.n_in == layer.n_out;
            let theta = Factor { data: &parameters[layer.theta.clone()], transposed };
            kernel::matmul(shape, one, Factor::plain(delta), theta, zero, below);
            let delta = &mut self.delta[..self.rows * layer.n_in];
            if flawed(Flaw::SlopeLeftOut) {
                delta.copy_from_slice(below);
            } else {
                kernel::sigmoid_gradient(a, below, delta);
            }
        }
    }
}

/// A mistake that the tests make on purpose in one of the formulas, to see that the comparison finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// δ of a hidden layer without a (1 - a).
    SlopeLeftOut,
    /// The penalty's gradient on biases too.
    BiasRegularised,
    /// The gradient of the sum over rows instead of the mean.
    RowsForgotten,
    /// Θᵀ for Θ on the way back (where it is square; elsewhere the shapes would not fit).
    Transposed,
    /// y - a for a - y.
    OutputSign,
}

/// Whether the tests have asked for this mistake; outside of them a constant false that costs nothing.
#[cfg(not(test))]
#[inline(always)]
fn flawed(_flaw: Flaw) -> bool {
    false
}

#[cfg(test)]
use tests::flawed;

#[cfg(test)]
mod tests;
