//! Steps of optimisers: gradient, moments and parameters in one pass.
//!
//! The order of operations is that of PyTorch's `torch.optim`, tensor by tensor (2.15), so that steps in `f64` agree but for
//! the rounding that fused multiply-add saves. An element depends on nothing but its own gradient and moments.

use super::Plain;
use super::float::mul_add;
use super::level::{Level, Pass, dispatch_at, level};
use super::reduce::narrow;
use super::threads::{LEAST, LINE, in_parts};

/// Settings of [`momentum_step`](super::momentum_step).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MomentumStep {
    /// α, the learning rate.
    pub rate: f64,
    /// μ, the share of the velocity that stays.
    pub momentum: f64,
    /// Whether the step looks ahead: `g + μ v` in the place of v (Sutskever et al. 2013).
    pub nesterov: bool,
    /// How many times the parameters are added to the gradient: the L2 penalty.
    pub decay: f64,
}

/// Settings of [`ada_grad_step`](super::ada_grad_step).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaGradStep {
    /// α, the learning rate.
    pub rate: f64,
    /// ε, added to the root.
    pub epsilon: f64,
    /// How many times the parameters are added to the gradient: the L2 penalty.
    pub decay: f64,
}

/// Settings of [`rms_prop_step`](super::rms_prop_step).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsPropStep {
    /// α, the learning rate.
    pub rate: f64,
    /// ρ, the share of the mean of squares that stays.
    pub smoothing: f64,
    /// ε, added to the root.
    pub epsilon: f64,
    /// How many times the parameters are added to the gradient: the L2 penalty.
    pub decay: f64,
}

/// Settings of [`adam_step`](super::adam_step) and [`ams_grad_step`](super::ams_grad_step).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// α, the learning rate.
    pub rate: f64,
    /// β₁ and β₂, the shares of the mean and of the mean of squares that stay.
    pub betas: [f64; 2],
    /// ε, added to the root.
    pub epsilon: f64,
    /// t, the number of this step, from 1: the means began at zero, which is corrected by `1 - βᵗ`.
    pub count: u64,
    /// How many times the parameters are added to the gradient: the L2 penalty.
    pub decay: f64,
    /// The weight decay beside the gradient: parameters shrink by `1 - α · shrink` before the step (Loshchilov and Hutter 2019).
    pub shrink: f64,
}

/// What becomes of a parameter and its M moments.
trait Rule<T, const M: usize>: Copy + Sync {
    fn at<const FUSED: bool>(self, theta: T, gradient: T, moments: [T; M]) -> (T, [T; M]);
}

/// A rule over slices of equal length.
struct Update<'a, T, R, const M: usize> {
    rule: R,
    gradient: &'a [T],
    moments: [&'a mut [T]; M],
    parameters: &'a mut [T],
}

impl<T: Plain, R: Rule<T, M>, const M: usize> Pass for Update<'_, T, R, M> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { rule, gradient, moments, parameters } = self;
        let n = parameters.len();
        let (gradient, moments) = (&gradient[..n], moments.map(|moment| &mut moment[..n]));
        for i in 0..n {
            let old = std::array::from_fn(|k| moments[k][i]);
            let (theta, new) = rule.at::<FUSED>(parameters[i], gradient[i], old);
            parameters[i] = theta;
            for k in 0..M {
                moments[k][i] = new[k];
            }
        }
    }
}

#[inline]
fn update_at<T: Plain, R: Rule<T, M>, const M: usize>(
    level: Level,
    rule: R,
    name: &str,
    gradient: &[T],
    moments: [&mut [T]; M],
    parameters: &mut [T],
) {
    let n = parameters.len();
    for (what, length) in std::iter::once(("gradient", gradient.len()))
        .chain(moments.iter().map(|moment| ("every moment", moment.len())))
    {
        assert_eq!(length, n, "{name}: length of {what} must be that of the parameters");
    }
    in_parts(LEAST, LINE, (gradient, parameters, moments), |(gradient, parameters, moments)| {
        dispatch_at(level, Update { rule, gradient, moments, parameters });
    });
}

#[derive(Clone, Copy)]
struct Momentum<T> {
    rate: T,
    momentum: T,
    nesterov: bool,
    decay: T,
}

impl<T: Plain> From<MomentumStep> for Momentum<T> {
    fn from(step: MomentumStep) -> Self {
        let MomentumStep { rate, momentum, nesterov, decay } = step;
        Self { rate: narrow(-rate), momentum: narrow(momentum), nesterov, decay: narrow(decay) }
    }
}

impl<T: Plain> Rule<T, 1> for Momentum<T> {
    #[inline(always)]
    fn at<const FUSED: bool>(self, theta: T, gradient: T, [velocity]: [T; 1]) -> (T, [T; 1]) {
        let gradient = mul_add::<T, FUSED>(self.decay, theta, gradient);
        let velocity = mul_add::<T, FUSED>(self.momentum, velocity, gradient);
        let ahead = mul_add::<T, FUSED>(self.momentum, velocity, gradient);
        let along = if self.nesterov { ahead } else { velocity };
        (mul_add::<T, FUSED>(self.rate, along, theta), [velocity])
    }
}

pub(super) fn momentum_step<T: Plain>(
    step: MomentumStep,
    gradient: &[T],
    velocity: &mut [T],
    parameters: &mut [T],
) {
    update_at(level(), Momentum::from(step), "momentum_step", gradient, [velocity], parameters);
}

#[derive(Clone, Copy)]
struct AdaGrad<T> {
    rate: T,
    epsilon: T,
    decay: T,
}

impl<T: Plain> From<AdaGradStep> for AdaGrad<T> {
    fn from(step: AdaGradStep) -> Self {
        Self { rate: narrow(-step.rate), epsilon: narrow(step.epsilon), decay: narrow(step.decay) }
    }
}

impl<T: Plain> Rule<T, 1> for AdaGrad<T> {
    #[inline(always)]
    fn at<const FUSED: bool>(self, theta: T, gradient: T, [squares]: [T; 1]) -> (T, [T; 1]) {
        let gradient = mul_add::<T, FUSED>(self.decay, theta, gradient);
        let squares = mul_add::<T, FUSED>(gradient, gradient, squares);
        (theta + self.rate * gradient / (squares.sqrt() + self.epsilon), [squares])
    }
}

pub(super) fn ada_grad_step<T: Plain>(
    step: AdaGradStep,
    gradient: &[T],
    squares: &mut [T],
    parameters: &mut [T],
) {
    update_at(level(), AdaGrad::from(step), "ada_grad_step", gradient, [squares], parameters);
}

#[derive(Clone, Copy)]
struct RmsProp<T> {
    rate: T,
    stays: T,
    comes: T,
    epsilon: T,
    decay: T,
}

impl<T: Plain> From<RmsPropStep> for RmsProp<T> {
    fn from(step: RmsPropStep) -> Self {
        Self {
            rate: narrow(-step.rate),
            stays: narrow(step.smoothing),
            comes: narrow(1.0 - step.smoothing),
            epsilon: narrow(step.epsilon),
            decay: narrow(step.decay),
        }
    }
}

impl<T: Plain> RmsProp<T> {
    /// The gradient with the penalty's, the mean of its squares, and what it is divided by.
    #[inline(always)]
    fn scaled<const FUSED: bool>(self, theta: T, gradient: T, squares: T) -> (T, T, T) {
        let gradient = mul_add::<T, FUSED>(self.decay, theta, gradient);
        let squares = mul_add::<T, FUSED>(self.comes * gradient, gradient, self.stays * squares);
        (gradient, squares, squares.sqrt() + self.epsilon)
    }
}

impl<T: Plain> Rule<T, 1> for RmsProp<T> {
    #[inline(always)]
    fn at<const FUSED: bool>(self, theta: T, gradient: T, [squares]: [T; 1]) -> (T, [T; 1]) {
        let (gradient, squares, root) = self.scaled::<FUSED>(theta, gradient, squares);
        (theta + self.rate * gradient / root, [squares])
    }
}

pub(super) fn rms_prop_step<T: Plain>(
    step: RmsPropStep,
    gradient: &[T],
    squares: &mut [T],
    parameters: &mut [T],
) {
    update_at(level(), RmsProp::from(step), "rms_prop_step", gradient, [squares], parameters);
}

/// [`RmsProp`] with a velocity.
#[derive(Clone, Copy)]
struct RmsPropMomentum<T>(RmsProp<T>, T);

impl<T: Plain> Rule<T, 2> for RmsPropMomentum<T> {
    #[inline(always)]
    fn at<const FUSED: bool>(self, theta: T, gradient: T, [squares, velocity]: [T; 2]) -> (T, [T; 2]) {
        let (gradient, squares, root) = self.0.scaled::<FUSED>(theta, gradient, squares);
        let velocity = mul_add::<T, FUSED>(self.1, velocity, gradient / root);
        (mul_add::<T, FUSED>(self.0.rate, velocity, theta), [squares, velocity])
    }
}

pub(super) fn rms_prop_momentum_step<T: Plain>(
    step: RmsPropStep,
    momentum: f64,
    gradient: &[T],
    squares: &mut [T],
    velocity: &mut [T],
    parameters: &mut [T],
) {
    let rule = RmsPropMomentum(RmsProp::from(step), narrow(momentum));
    update_at(level(), rule, "rms_prop_momentum_step", gradient, [squares, velocity], parameters);
}

#[derive(Clone, Copy)]
struct Adam<T> {
    /// `-α / (1 - β₁ᵗ)`.
    rate: T,
    /// `1 - β₁`, and whether it is below a half.
    comes: (T, bool),
    first_stays: T,
    second_stays: T,
    second_comes: T,
    /// `√(1 - β₂ᵗ)`.
    correction: T,
    epsilon: T,
    decay: T,
    shrink: T,
}

impl<T: Plain> From<AdamStep> for Adam<T> {
    fn from(step: AdamStep) -> Self {
        let [beta_1, beta_2] = step.betas;
        let power = |beta: f64| beta.powf(step.count as f64);
        Self {
            rate: narrow(-(step.rate / (1.0 - power(beta_1)))),
            comes: (narrow(1.0 - beta_1), 1.0 - beta_1 < 0.5),
            first_stays: narrow(beta_1),
            second_stays: narrow(beta_2),
            second_comes: narrow(1.0 - beta_2),
            correction: narrow((1.0 - power(beta_2)).sqrt()),
            epsilon: narrow(step.epsilon),
            decay: narrow(step.decay),
            shrink: narrow(1.0 - step.rate * step.shrink),
        }
    }
}

impl<T: Plain> Adam<T> {
    /// The parameter before its step, and both means.
    #[inline(always)]
    fn means<const FUSED: bool>(self, theta: T, gradient: T, first: T, second: T) -> (T, T, T) {
        let gradient = mul_add::<T, FUSED>(self.decay, theta, gradient);
        // From the end that is nearer, so that β₁ = 0 leaves nothing of the old mean.
        let from_old = mul_add::<T, FUSED>(self.comes.0, gradient - first, first);
        let from_new = mul_add::<T, FUSED>(-self.first_stays, gradient - first, gradient);
        let first = if self.comes.1 { from_old } else { from_new };
        let second = mul_add::<T, FUSED>(self.second_comes * gradient, gradient, self.second_stays * second);
        (self.shrink * theta, first, second)
    }

    #[inline(always)]
    fn moved(self, theta: T, first: T, second: T) -> T {
        theta + self.rate * first / (second.sqrt() / self.correction + self.epsilon)
    }
}

impl<T: Plain> Rule<T, 2> for Adam<T> {
    #[inline(always)]
    fn at<const FUSED: bool>(self, theta: T, gradient: T, [first, second]: [T; 2]) -> (T, [T; 2]) {
        let (theta, first, second) = self.means::<FUSED>(theta, gradient, first, second);
        (self.moved(theta, first, second), [first, second])
    }
}

pub(super) fn adam_step<T: Plain>(
    step: AdamStep,
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    parameters: &mut [T],
) {
    update_at(level(), Adam::from(step), "adam_step", gradient, [first, second], parameters);
}

#[derive(Clone, Copy)]
struct AmsGrad<T>(Adam<T>);

impl<T: Plain> Rule<T, 3> for AmsGrad<T> {
    #[inline(always)]
    fn at<const FUSED: bool>(self, theta: T, gradient: T, moments: [T; 3]) -> (T, [T; 3]) {
        let [first, second, most] = moments;
        let (theta, first, second) = self.0.means::<FUSED>(theta, gradient, first, second);
        // NaN beats all.
        let most = if second <= most || most.is_nan() { most } else { second };
        (self.0.moved(theta, first, most), [first, second, most])
    }
}

pub(super) fn ams_grad_step<T: Plain>(
    step: AdamStep,
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    most: &mut [T],
    parameters: &mut [T],
) {
    update_at(
        level(),
        AmsGrad(Adam::from(step)),
        "ams_grad_step",
        gradient,
        [first, second, most],
        parameters,
    );
}

#[cfg(test)]
mod tests;
