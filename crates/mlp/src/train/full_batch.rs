//! Training by optimizers that need all rows: J as a function of the parameters, minimised with a line search.

use super::{Epoch, Stepper, Training};
use crate::optimizer::{ConjugateGradient, End, Lbfgs};
use crate::{Error, Network, Optimizer, Schedule};
use std::ops::ControlFlow;
use tape::{Float, Tensor};

/// Where no number in the gradient of J is larger, the network is trained.
const GRADIENT_TOLERANCE: f64 = 1e-6;

impl Training {
    /// [`fit`](Training::fit) for an optimizer that needs all rows, the settings but for those that it has no use for being
    /// checked.
    pub(super) fn fit_whole<T: Float>(
        &self,
        network: &mut Network<T>,
        x: &Tensor<T>,
        y: &Tensor<T>,
        mut on_epoch: impl FnMut(&Epoch, &Network<T>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.check_whole()?;
        network.check(x, y)?;
        let mut theta = network.parameters().to_vec();
        let unlimited = usize::MAX;
        let mut minimizer = match self.optimizer {
            Optimizer::Lbfgs { history } => Lbfgs {
                history,
                gradient_tolerance: GRADIENT_TOLERANCE,
                value_tolerance: 0.0,
                iterations: unlimited,
                evaluations: unlimited,
            }
            .minimizer(theta.len())?,
            _ => ConjugateGradient {
                gradient_tolerance: GRADIENT_TOLERANCE,
                iterations: unlimited,
                evaluations: unlimited,
                ..ConjugateGradient::default()
            }
            .minimizer(theta.len())?,
        };
        let lambda = T::from_f64(self.lambda);
        let mut stepper = Stepper::new();
        for number in 1..=self.epochs {
            let iterations = minimizer.iterations;
            let end = minimizer.iterate(&mut theta, &mut |at, gradient| {
                network.parameters_mut().copy_from_slice(at);
                let program = stepper.cost(network, x, y, lambda)?;
                let cost = program.value_and_gradient(&[network.flat(), x, y])?;
                if let Some(found) = program.gradient(0) {
                    gradient.copy_from_slice(found.as_slice());
                }
                Ok(cost)
            });
            // The line search may have looked elsewhere last.
            network.parameters_mut().copy_from_slice(&theta);
            let (end, cost) = (end?, minimizer.value());
            if end == Some(End::NotFinite) {
                return Err(Error::Diverged { epoch: number, cost });
            }
            let stepped = minimizer.iterations > iterations;
            if stepped && on_epoch(&Epoch { number, cost }, network).is_break() || end.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// An error where a setting is of no use to the optimizer.
    fn check_whole(&self) -> Result<(), Error> {
        let refuse = |setting, wants, got| Err(Error::Setting { setting, wants, got });
        if let Some(rows) = self.batch_size {
            let wants = "all rows (`None`) for an optimizer with a line search";
            return refuse("batch size", wants, rows.to_string());
        }
        if self.schedule != Schedule::Constant {
            let wants = "`Constant` for an optimizer with a line search";
            return refuse("schedule", wants, format!("{:?}", self.schedule));
        }
        if self.plateau.is_some() {
            let wants = "`None` for an optimizer with a line search";
            return refuse("plateau", wants, format!("{:?}", self.plateau));
        }
        if self.clip.is_some() {
            return refuse("clip", "`None` for an optimizer with a line search", format!("{:?}", self.clip));
        }
        Ok(())
    }
}
