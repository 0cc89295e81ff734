//! What the last layer of a network does with its logits.

use crate::{Error, Loss};
use serde::{Deserialize, Serialize};
use tape::{Float, Tensor};

/// The function that turns the logits z of the output layer into h, what the network says.
///
/// ```
/// use mlp::Output;
/// use tape::Tensor;
/// let z = Tensor::from_slice(&[0.0, 0.0], &[1, 2])?;
/// assert_eq!(Output::Softmax.apply(&z)?.to_vec(), [0.5, 0.5]);
/// # Ok::<(), mlp::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Output {
    /// K sigmoids: K answers of their own, each in (0, 1), which do not sum to one. The course's, and the default.
    #[default]
    Sigmoid,
    /// `hₖ = exp zₖ / Σⱼ exp zⱼ`: one distribution over K classes (Bridle 1990).
    Softmax,
    /// `h = z`: numbers, as a regression wants.
    Identity,
}

impl Output {
    /// All of them.
    ///
    /// ```
    /// use mlp::Output;
    /// assert!(Output::ALL.iter().all(|&output| Output::named(output.name()) == Some(output)));
    /// ```
    pub const ALL: [Output; 3] = [Output::Sigmoid, Output::Softmax, Output::Identity];

    /// The name by which files and flags know it.
    ///
    /// ```
    /// assert_eq!(mlp::Output::Softmax.name(), "softmax");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Output::Sigmoid => "sigmoid",
            Output::Softmax => "softmax",
            Output::Identity => "identity",
        }
    }

    /// The one with this name.
    ///
    /// ```
    /// assert_eq!(mlp::Output::named("identity"), Some(mlp::Output::Identity));
    /// assert_eq!(mlp::Output::named("step"), None);
    /// ```
    pub fn named(name: &str) -> Option<Output> {
        Output::ALL.into_iter().find(|output| output.name() == name)
    }

    /// The loss whose derivative by the logits is h - y: the cross-entropy of what comes out, or half the squared error.
    ///
    /// ```
    /// use mlp::{Loss, Output};
    /// assert_eq!(Output::Sigmoid.loss(), Loss::SigmoidCrossEntropy);
    /// ```
    pub fn loss(self) -> Loss {
        match self {
            Output::Sigmoid => Loss::SigmoidCrossEntropy,
            Output::Softmax => Loss::SoftmaxCrossEntropy,
            Output::Identity => Loss::SquaredError,
        }
    }

    /// h of logits `z: (n, K)`, as a tape operation.
    ///
    /// # Errors
    /// When z is of another tape, or has no axis to take a softmax along.
    ///
    /// ```
    /// use tape::Tensor;
    /// let h = mlp::Output::Sigmoid.apply(&Tensor::full(&[1, 1], 0.0))?;
    /// assert_eq!(h.to_vec(), [0.5]);
    /// # Ok::<(), mlp::Error>(())
    /// ```
    pub fn apply<T: Float>(self, z: &Tensor<T>) -> Result<Tensor<T>, Error> {
        Ok(match self {
            Output::Sigmoid => z.sigmoid(),
            Output::Softmax => z.softmax(z.shape().len().saturating_sub(1))?,
            Output::Identity => z.clone(),
        })
    }
}
