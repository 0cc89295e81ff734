//! How a gradient moves the parameters: rules, what they remember, and minimisers of whole costs.

mod clip;
mod conjugate_gradient;
mod lbfgs;
mod line_search;
mod minimize;
mod updater;

use crate::Error;
pub use clip::Clip;
pub use conjugate_gradient::ConjugateGradient;
pub use lbfgs::Lbfgs;
pub use minimize::{End, Minimum};
pub(crate) use minimize::{Minimizer, MinimizerState};
use serde::{Deserialize, Serialize};

use tape::Float;
pub use updater::{OptimizerState, Updater};

/// A rule by which parameters follow their gradient.
///
/// Names and defaults are those of PyTorch's `torch.optim`. The L2 penalty λ is a part of J, so its gradient goes through
/// the rule like the rest; [`AdamW`](Optimizer::AdamW) has a weight decay beside it.
///
/// ```
/// use mlp::Optimizer;
/// let adam = Optimizer::adam(1e-3);
/// assert_eq!(adam, Optimizer::Adam { learning_rate: 1e-3, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Optimizer {
    /// `θ := θ - α g`, with the gradient g and the learning rate α (Cauchy 1847; Robbins and Monro 1951, eq. 8, for batches).
    GradientDescent {
        /// α, above zero.
        learning_rate: f64,
    },
    /// `v := μ v + g`, `θ := θ - α v` (Polyak 1964, eq. 9).
    Momentum {
        /// α, above zero.
        learning_rate: f64,
        /// μ, from 0 to below 1.
        momentum: f64,
    },
    /// `v := μ v + g`, `θ := θ - α (g + μ v)` (Nesterov 1983; Sutskever et al. 2013, eqs. 3 and 4).
    Nesterov {
        /// α, above zero.
        learning_rate: f64,
        /// μ, from 0 to below 1.
        momentum: f64,
    },
    /// `s := s + g²`, `θ := θ - α g / (√s + ε)` (Duchi, Hazan and Singer 2011, fig. 1, diagonal).
    AdaGrad {
        /// α, above zero.
        learning_rate: f64,
        /// ε, from 0 up.
        epsilon: f64,
    },
    /// `s := ρ s + (1 - ρ) g²`, `v := μ v + g / (√s + ε)`, `θ := θ - α v` (Tieleman and Hinton 2012, lecture 6.5).
    RmsProp {
        /// α, above zero.
        learning_rate: f64,
        /// ρ, from 0 to below 1: `alpha` in PyTorch.
        smoothing: f64,
        /// ε, from 0 up.
        epsilon: f64,
        /// μ, from 0 to below 1.
        momentum: f64,
    },
    /// `m := β₁ m + (1 - β₁) g`, `v := β₂ v + (1 - β₂) g²`, `θ := θ - α m̂ / (√v̂ + ε)` with `m̂ = m / (1 - β₁ᵗ)` and
    /// `v̂ = v / (1 - β₂ᵗ)` (Kingma and Ba 2015, algorithm 1).
    Adam {
        /// α, above zero.
        learning_rate: f64,
        /// β₁, from 0 to below 1.
        beta_1: f64,
        /// β₂, from 0 to below 1.
        beta_2: f64,
        /// ε, from 0 up.
        epsilon: f64,
    },
    /// Adam with the greatest v so far in the place of v (Reddi, Kale and Kumar 2018, algorithm 2; the corrections as PyTorch's).
    AmsGrad {
        /// α, above zero.
        learning_rate: f64,
        /// β₁, from 0 to below 1.
        beta_1: f64,
        /// β₂, from 0 to below 1.
        beta_2: f64,
        /// ε, from 0 up.
        epsilon: f64,
    },
    /// Adam, where `θ := (1 - α w) θ` comes first (Loshchilov and Hutter 2019, algorithm 2). All parameters decay, biases too,
    /// as in PyTorch.
    AdamW {
        /// α, above zero.
        learning_rate: f64,
        /// β₁, from 0 to below 1.
        beta_1: f64,
        /// β₂, from 0 to below 1.
        beta_2: f64,
        /// ε, from 0 up.
        epsilon: f64,
        /// w, from 0 up.
        weight_decay: f64,
    },
    /// The limited-memory quasi-Newton method (Nocedal and Wright 2006, algorithm 7.5), an iteration an epoch, on all rows at
    /// once: see [`Lbfgs`].
    Lbfgs {
        /// How many of the last steps it remembers, at least one.
        history: usize,
    },
    /// Nonlinear conjugate gradients (Polak and Ribière 1969), an iteration an epoch, on all rows at once: see
    /// [`ConjugateGradient`].
    ConjugateGradient,
}

impl Optimizer {
    /// Gradient descent.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// assert_eq!(Optimizer::gradient_descent(0.1), Optimizer::GradientDescent { learning_rate: 0.1 });
    /// ```
    pub fn gradient_descent(learning_rate: f64) -> Self {
        Optimizer::GradientDescent { learning_rate }
    }

    /// Gradient descent with momentum: 0.9 is usual.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// let optimizer = Optimizer::momentum(0.1, 0.9);
    /// assert_eq!(optimizer, Optimizer::Momentum { learning_rate: 0.1, momentum: 0.9 });
    /// ```
    pub fn momentum(learning_rate: f64, momentum: f64) -> Self {
        Optimizer::Momentum { learning_rate, momentum }
    }

    /// Nesterov's momentum: 0.9 is usual.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// let optimizer = Optimizer::nesterov(0.1, 0.9);
    /// assert_eq!(optimizer, Optimizer::Nesterov { learning_rate: 0.1, momentum: 0.9 });
    /// ```
    pub fn nesterov(learning_rate: f64, momentum: f64) -> Self {
        Optimizer::Nesterov { learning_rate, momentum }
    }

    /// AdaGrad with ε = 10⁻¹⁰; a learning rate of 0.01 is usual.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// let optimizer = Optimizer::ada_grad(0.01);
    /// assert_eq!(optimizer, Optimizer::AdaGrad { learning_rate: 0.01, epsilon: 1e-10 });
    /// ```
    pub fn ada_grad(learning_rate: f64) -> Self {
        Optimizer::AdaGrad { learning_rate, epsilon: 1e-10 }
    }

    /// RMSProp with ρ = 0.99, ε = 10⁻⁸ and no momentum; a learning rate of 0.01 is usual.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// let Optimizer::RmsProp { smoothing, momentum, .. } = Optimizer::rms_prop(0.01) else { panic!() };
    /// assert_eq!((smoothing, momentum), (0.99, 0.0));
    /// ```
    pub fn rms_prop(learning_rate: f64) -> Self {
        Optimizer::RmsProp { learning_rate, smoothing: 0.99, epsilon: 1e-8, momentum: 0.0 }
    }

    /// Adam with β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸; a learning rate of 0.001 is usual.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// assert!(matches!(Optimizer::adam(1e-3), Optimizer::Adam { beta_1: 0.9, beta_2: 0.999, .. }));
    /// ```
    pub fn adam(learning_rate: f64) -> Self {
        Optimizer::Adam { learning_rate, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 }
    }

    /// AMSGrad with the settings of [`adam`](Optimizer::adam).
    ///
    /// ```
    /// use mlp::Optimizer;
    /// assert!(matches!(Optimizer::ams_grad(1e-3), Optimizer::AmsGrad { beta_1: 0.9, beta_2: 0.999, .. }));
    /// ```
    pub fn ams_grad(learning_rate: f64) -> Self {
        Optimizer::AmsGrad { learning_rate, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 }
    }

    /// AdamW with the settings of [`adam`](Optimizer::adam) and a weight decay of 0.01.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// assert!(matches!(Optimizer::adam_w(1e-3), Optimizer::AdamW { weight_decay: 0.01, .. }));
    /// ```
    pub fn adam_w(learning_rate: f64) -> Self {
        Optimizer::AdamW { learning_rate, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }

    /// L-BFGS with the last ten steps remembered, as SciPy's.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// assert_eq!(Optimizer::lbfgs(), Optimizer::Lbfgs { history: 10 });
    /// ```
    pub fn lbfgs() -> Self {
        Optimizer::Lbfgs { history: 10 }
    }

    /// Nonlinear conjugate gradients.
    ///
    /// ```
    /// assert!(mlp::Optimizer::conjugate_gradient().needs_all_rows());
    /// ```
    pub fn conjugate_gradient() -> Self {
        Optimizer::ConjugateGradient
    }

    /// The name by which files and flags know it.
    ///
    /// ```
    /// assert_eq!(mlp::Optimizer::adam_w(1e-3).name(), "adamw");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Optimizer::GradientDescent { .. } => "gd",
            Optimizer::Momentum { .. } => "momentum",
            Optimizer::Nesterov { .. } => "nesterov",
            Optimizer::AdaGrad { .. } => "adagrad",
            Optimizer::RmsProp { .. } => "rmsprop",
            Optimizer::Adam { .. } => "adam",
            Optimizer::AmsGrad { .. } => "amsgrad",
            Optimizer::AdamW { .. } => "adamw",
            Optimizer::Lbfgs { .. } => "lbfgs",
            Optimizer::ConjugateGradient => "cg",
        }
    }

    /// The learning rate α before any schedule; `None` for those that search for the length of their steps.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// assert_eq!(Optimizer::momentum(0.1, 0.9).learning_rate(), Some(0.1));
    /// assert_eq!(Optimizer::lbfgs().learning_rate(), None);
    /// ```
    pub fn learning_rate(self) -> Option<f64> {
        match self {
            Optimizer::GradientDescent { learning_rate }
            | Optimizer::Momentum { learning_rate, .. }
            | Optimizer::Nesterov { learning_rate, .. }
            | Optimizer::AdaGrad { learning_rate, .. }
            | Optimizer::RmsProp { learning_rate, .. }
            | Optimizer::Adam { learning_rate, .. }
            | Optimizer::AmsGrad { learning_rate, .. }
            | Optimizer::AdamW { learning_rate, .. } => Some(learning_rate),
            Optimizer::Lbfgs { .. } | Optimizer::ConjugateGradient => None,
        }
    }

    /// Whether it minimises J over all rows, with a line search: batches, whose J is another at each step, mislead it.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// assert!(Optimizer::lbfgs().needs_all_rows() && !Optimizer::adam(1e-3).needs_all_rows());
    /// ```
    pub fn needs_all_rows(self) -> bool {
        self.learning_rate().is_none()
    }

    /// What it remembers from step to step, by name: so many numbers each as there are parameters.
    ///
    /// ```
    /// use mlp::Optimizer;
    /// assert_eq!(Optimizer::adam(1e-3).moments(), ["first", "second"]);
    /// assert!(Optimizer::gradient_descent(0.1).moments().is_empty());
    /// ```
    pub fn moments(self) -> &'static [&'static str] {
        match self {
            Optimizer::GradientDescent { .. } | Optimizer::Lbfgs { .. } | Optimizer::ConjugateGradient => &[],
            Optimizer::Momentum { .. } | Optimizer::Nesterov { .. } => &["velocity"],
            Optimizer::AdaGrad { .. } => &["squares"],
            Optimizer::RmsProp { momentum: 0.0, .. } => &["squares"],
            Optimizer::RmsProp { .. } => &["squares", "velocity"],
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } => &["first", "second"],
            Optimizer::AmsGrad { .. } => &["first", "second", "greatest"],
        }
    }

    /// The optimizer, if its settings are ones that can train.
    /// In the precision of the parameters: what f64 can hold may be infinite or zero there.
    pub(crate) fn checked<T: Float>(self) -> Result<Self, Error> {
        match self {
            Optimizer::GradientDescent { .. } => {}
            Optimizer::Momentum { momentum, .. } | Optimizer::Nesterov { momentum, .. } => {
                share::<T>("momentum", momentum)?;
            }
            Optimizer::AdaGrad { epsilon, .. } => not_negative::<T>("epsilon", epsilon)?,
            Optimizer::RmsProp { smoothing, epsilon, momentum, .. } => {
                share::<T>("smoothing", smoothing)?;
                not_negative::<T>("epsilon", epsilon)?;
                share::<T>("momentum", momentum)?;
            }
            Optimizer::Adam { beta_1, beta_2, epsilon, .. }
            | Optimizer::AmsGrad { beta_1, beta_2, epsilon, .. }
            | Optimizer::AdamW { beta_1, beta_2, epsilon, .. } => {
                share::<T>("beta 1", beta_1)?;
                share::<T>("beta 2", beta_2)?;
                not_negative::<T>("epsilon", epsilon)?;
            }
            Optimizer::Lbfgs { history: 0 } => {
                let got = "0".to_owned();
                return Err(Error::Setting { setting: "history", wants: "at least 1", got });
            }
            Optimizer::Lbfgs { .. } | Optimizer::ConjugateGradient => {}
        }
        if let Optimizer::AdamW { weight_decay, .. } = self {
            not_negative::<T>("weight decay", weight_decay)?;
        }
        if let Some(learning_rate) = self.learning_rate() {
            let wants = "a finite number above 0 in the precision of the network";
            let rate = T::from_f64(learning_rate).to_f64();
            within("learning rate", wants, learning_rate, rate.is_finite() && rate > 0.0)?;
        }
        Ok(self)
    }
}

impl Default for Optimizer {
    /// Adam with a learning rate of 0.001.
    fn default() -> Self {
        Optimizer::adam(1e-3)
    }
}

/// An error unless the setting is within its range.
pub(crate) fn within(
    setting: &'static str,
    wants: &'static str,
    got: f64,
    is_within: bool,
) -> Result<(), Error> {
    if is_within { Ok(()) } else { Err(Error::Setting { setting, wants, got: got.to_string() }) }
}

/// A share that stays from step to step.
fn share<T: Float>(setting: &'static str, got: f64) -> Result<(), Error> {
    let wants = "a number from 0 to below 1 in the precision of the network";
    within(setting, wants, got, got >= 0.0 && T::from_f64(got).to_f64() < 1.0)
}

fn not_negative<T: Float>(setting: &'static str, got: f64) -> Result<(), Error> {
    let wants = "a finite number from 0 up in the precision of the network";
    within(setting, wants, got, got >= 0.0 && T::from_f64(got).to_f64().is_finite())
}
