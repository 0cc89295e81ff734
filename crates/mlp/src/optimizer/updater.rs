//! An optimizer with what it remembers: one fused loop over the flat buffer a step.

use super::Optimizer;
use crate::Error;
use tape::kernel::{self, AdaGradStep, AdamStep, MomentumStep, RmsPropStep};
use tape::{Decay, Float};

/// An [`Optimizer`] at work on one buffer of parameters: its settings, its moments and how many steps it has taken.
///
/// ```
/// # fn main() -> Result<(), mlp::Error> {
/// use mlp::{Optimizer, Updater};
/// let mut updater = Updater::new(Optimizer::momentum(0.5, 0.5))?;
/// let mut theta = [1.0];
/// updater.step(&mut theta, &[1.0], None, 1.0)?;
/// updater.step(&mut theta, &[1.0], None, 1.0)?; // v = ½ · 1 + 1
/// assert_eq!(theta, [-0.25]);
/// assert_eq!(updater.state().moments, [[1.5]]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Updater<T: Float = f64> {
    optimizer: Optimizer,
    state: OptimizerState<T>,
}

/// What an optimizer remembers from step to step, for a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerState<T: Float = f64> {
    /// How many steps were taken.
    pub steps: u64,
    /// The moments that [`Optimizer::moments`] names, in that order, each as long as the parameters; none before the
    /// first step.
    pub moments: Vec<Vec<T>>,
}

impl<T: Float> Updater<T> {
    /// An optimizer that has taken no step yet.
    ///
    /// # Errors
    /// When a setting is outside its range in this precision, or the optimizer is one that needs all rows: it goes by
    /// J as well as by its gradient.
    ///
    /// ```
    /// use mlp::{Optimizer, Updater};
    /// let error = Updater::<f32>::new(Optimizer::momentum(0.1, 1.0)).unwrap_err();
    /// assert_eq!(error.to_string(), "momentum: wants a number from 0 to below 1 in the precision of the network, got 1");
    /// ```
    pub fn new(optimizer: Optimizer) -> Result<Self, Error> {
        let optimizer = optimizer.checked::<T>()?;
        if optimizer.needs_all_rows() {
            let wants = "one that steps by a gradient alone; train on all rows with `Training`";
            return Err(Error::Setting { setting: "optimizer", wants, got: optimizer.name().to_owned() });
        }
        Ok(Updater { optimizer, state: OptimizerState { steps: 0, moments: Vec::new() } })
    }

    /// An optimizer that goes on from where another was.
    ///
    /// # Errors
    /// As [`new`](Updater::new), and when the state does not have the moments of this optimizer, all of one length.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Optimizer, Updater};
    /// let adam = Optimizer::adam(0.1);
    /// let (mut first, mut theta) = (Updater::new(adam)?, [1.0, 2.0]);
    /// first.step(&mut theta, &[0.5, -0.5], None, 1.0)?;
    /// let mut second = Updater::from_state(adam, first.state().clone())?;
    /// let mut other = theta;
    /// first.step(&mut theta, &[0.1, 0.3], None, 1.0)?;
    /// second.step(&mut other, &[0.1, 0.3], None, 1.0)?;
    /// assert_eq!(theta, other);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_state(optimizer: Optimizer, state: OptimizerState<T>) -> Result<Self, Error> {
        let mut updater = Updater::new(optimizer)?;
        let (names, moments) = (optimizer.moments(), &state.moments);
        let lengths: Vec<_> = moments.iter().map(Vec::len).collect();
        let fits = moments.len() == names.len() && lengths.windows(2).all(|pair| pair[0] == pair[1]);
        if !fits && (state.steps > 0 || !moments.is_empty()) {
            let wants = format!("{} moments of one length for {}", names.len(), optimizer.name());
            return Err(Error::shape("optimizer", wants, format!("lengths {lengths:?}")));
        }
        updater.state = state;
        Ok(updater)
    }

    /// The optimizer with its settings.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Optimizer, Updater};
    /// assert_eq!(Updater::<f32>::new(Optimizer::adam(0.1))?.optimizer(), Optimizer::adam(0.1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn optimizer(&self) -> Optimizer {
        self.optimizer
    }

    /// What it remembers, to be kept and given to [`from_state`](Updater::from_state).
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Optimizer, Updater};
    /// let mut updater = Updater::new(Optimizer::adam(0.1))?;
    /// updater.step(&mut [1.0], &[1.0], None, 1.0)?;
    /// assert_eq!((updater.state().steps, updater.state().moments.len()), (1, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn state(&self) -> &OptimizerState<T> {
        &self.state
    }

    /// Moves the parameters along their gradient, to which `decay` times the parameters is still to be added; the learning
    /// rate is multiplied by `factor`, which a [`Schedule`](crate::Schedule) gives. After the first step nothing is
    /// allocated.
    ///
    /// # Errors
    /// When the gradient, or what was remembered, has another length than the parameters, or the parts of the decay are
    /// not in ascending order within them. Nothing is moved then.
    ///
    /// ```
    /// # fn main() -> Result<(), mlp::Error> {
    /// use mlp::{Optimizer, Updater};
    /// use tape::Decay;
    /// let mut updater = Updater::new(Optimizer::gradient_descent(1.0))?;
    /// let mut theta = [1.0, 1.0, 1.0];
    /// let decay = Decay { factor: 0.5, parts: [0..2].into() };
    /// updater.step(&mut theta, &[0.0, 1.0, 1.0], Some(&decay), 0.5)?;
    /// assert_eq!(theta, [0.75, 0.25, 0.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn step(
        &mut self,
        parameters: &mut [T],
        gradient: &[T],
        decay: Option<&Decay<T>>,
        factor: f64,
    ) -> Result<(), Error> {
        let n = parameters.len();
        let moments = &mut self.state.moments;
        if moments.is_empty() {
            moments.extend(self.optimizer.moments().iter().map(|_| vec![T::from_f64(0.0); n]));
        }
        check("gradient", gradient.len(), n)?;
        moments.iter().try_for_each(|moment| check("every moment", moment.len(), n))?;
        if let Some(Decay { parts, .. }) = decay {
            let ends = parts.iter().flat_map(|part| [part.start, part.end]).chain([n]);
            if !ends.is_sorted() {
                let wants = format!("parts to decay in ascending order within {n} parameters");
                return Err(Error::shape("optimizer", wants, format!("{parts:?}")));
            }
        }
        self.state.steps += 1;
        let mut rule = Rule { optimizer: self.optimizer, count: self.state.steps, factor, moments };
        let Some(Decay { factor, parts }) = decay else {
            rule.apply(0..n, 0.0, gradient, parameters);
            return Ok(());
        };
        let mut from = 0;
        for part in parts.iter() {
            rule.apply(from..part.start, 0.0, gradient, parameters);
            rule.apply(part.clone(), factor.to_f64(), gradient, parameters);
            from = part.end;
        }
        rule.apply(from..n, 0.0, gradient, parameters);
        Ok(())
    }
}

fn check(what: &str, got: usize, wanted: usize) -> Result<(), Error> {
    if got == wanted {
        return Ok(());
    }
    let wants = format!("as many numbers in {what} as there are parameters, {wanted}");
    Err(Error::shape("optimizer", wants, got.to_string()))
}

/// One step, to be taken part by part.
struct Rule<'a, T> {
    optimizer: Optimizer,
    /// The number of the step, from 1.
    count: u64,
    /// What the learning rate is multiplied by.
    factor: f64,
    moments: &'a mut [Vec<T>],
}

impl<T: Float> Rule<'_, T> {
    /// Takes the step for a part of the parameters, with `decay` times them added to the gradient.
    fn apply(&mut self, part: std::ops::Range<usize>, decay: f64, gradient: &[T], parameters: &mut [T]) {
        if part.is_empty() {
            return;
        }
        let (gradient, theta) = (&gradient[part.clone()], &mut parameters[part.clone()]);
        let Self { optimizer, count, factor, ref mut moments } = *self;
        match optimizer {
            Optimizer::GradientDescent { learning_rate } => {
                let rate = T::from_f64(-learning_rate * factor);
                match decay {
                    0.0 => kernel::axpy(rate, gradient, theta),
                    // The parameters are read once, and shrink on the way.
                    _ => {
                        let shrink = T::from_f64(1.0) + rate * T::from_f64(decay);
                        kernel::axpby(rate, gradient, shrink, theta);
                    }
                }
            }
            Optimizer::Momentum { learning_rate, momentum }
            | Optimizer::Nesterov { learning_rate, momentum } => {
                let nesterov = matches!(optimizer, Optimizer::Nesterov { .. });
                let step = MomentumStep { rate: learning_rate * factor, momentum, nesterov, decay };
                let [velocity] = of(moments, part);
                kernel::momentum_step(step, gradient, velocity, theta);
            }
            Optimizer::AdaGrad { learning_rate, epsilon } => {
                let [squares] = of(moments, part);
                let step = AdaGradStep { rate: learning_rate * factor, epsilon, decay };
                kernel::ada_grad_step(step, gradient, squares, theta);
            }
            Optimizer::RmsProp { learning_rate, smoothing, epsilon, momentum } => {
                let step = RmsPropStep { rate: learning_rate * factor, smoothing, epsilon, decay };
                if momentum == 0.0 {
                    let [squares] = of(moments, part);
                    kernel::rms_prop_step(step, gradient, squares, theta);
                } else {
                    let [squares, velocity] = of(moments, part);
                    kernel::rms_prop_momentum_step(step, momentum, gradient, squares, velocity, theta);
                }
            }
            Optimizer::Adam { learning_rate, beta_1, beta_2, epsilon }
            | Optimizer::AmsGrad { learning_rate, beta_1, beta_2, epsilon }
            | Optimizer::AdamW { learning_rate, beta_1, beta_2, epsilon, .. } => {
                let shrink = match optimizer {
                    Optimizer::AdamW { weight_decay, .. } => weight_decay,
                    _ => 0.0,
                };
                let (rate, betas) = (learning_rate * factor, [beta_1, beta_2]);
                let step = AdamStep { rate, betas, epsilon, count, decay, shrink };
                if let Optimizer::AmsGrad { .. } = optimizer {
                    let [first, second, greatest] = of(moments, part);
                    kernel::ams_grad_step(step, gradient, first, second, greatest, theta);
                } else {
                    let [first, second] = of(moments, part);
                    kernel::adam_step(step, gradient, first, second, theta);
                }
            }
            Optimizer::Lbfgs { .. } | Optimizer::ConjugateGradient => {
                unreachable!("no updater is made of an optimizer that needs all rows")
            }
        }
    }
}

/// A part of each of the moments.
fn of<T, const M: usize>(moments: &mut [Vec<T>], part: std::ops::Range<usize>) -> [&mut [T]; M] {
    let mut moments = moments.iter_mut();
    std::array::from_fn(|_| &mut moments.next().expect("as many as the optimizer names")[part.clone()])
}
