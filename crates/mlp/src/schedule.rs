//! How the learning rate goes over the steps of a training.

use crate::Error;
use crate::optimizer::within;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// What the learning rate is multiplied by at each step: a function of the step's number and of how many there are.
///
/// A step is one batch: n rows in batches of b make ⌈n/b⌉ steps an epoch. The formulas are those of PyTorch's
/// `torch.optim.lr_scheduler`, with its scheduler stepped once a batch.
///
/// ```
/// use mlp::Schedule;
/// // Up to the whole rate in 10 steps, then down along half a cosine.
/// let schedule = Schedule::cosine_after_warm_up(10);
/// assert_eq!(schedule.factor(5, 110), 0.55);
/// assert_eq!(schedule.factor(10, 110), 1.0);
/// assert_eq!(schedule.factor(60, 110), 0.5);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Schedule {
    /// 1.
    #[default]
    Constant,
    /// `γ^⌊t / every⌋` (PyTorch's `StepLR`).
    Step {
        /// After how many steps the rate falls, at least one.
        every: usize,
        /// γ, above 0 and at most 1.
        gamma: f64,
    },
    /// `γᵗ` (PyTorch's `ExponentialLR`).
    Exponential {
        /// γ, above 0 and at most 1.
        gamma: f64,
    },
    /// `least + (1 - least) (1 + cos(π t / T)) / 2` over all T steps (Loshchilov and Hutter 2017, eq. 5, without restarts).
    Cosine {
        /// What it comes down to, from 0 to 1.
        least: f64,
    },
    /// Along half a cosine up from `start` to 1 over the first `rise` of the steps, then down along another to `end`
    /// (Smith and Topin 2019, in the two phases of PyTorch's `OneCycleLR`, without its cycle of momenta).
    OneCycle {
        /// The share of the steps in which the rate rises, from 0 to 1.
        rise: f64,
        /// Where it begins, from 0 to 1.
        start: f64,
        /// Where it ends, from 0 to 1.
        end: f64,
    },
    /// `1 / (t + 1)^power` (scikit-learn's `invscaling`, which counts rows where this counts steps).
    InverseScaling {
        /// How fast the rate falls, from 0 up.
        power: f64,
    },
    /// `start + (1 - start) t / steps`, then another schedule, for which that is step 0 (Goyal et al. 2017, section 2.2;
    /// PyTorch's `LinearLR` before another in `SequentialLR`).
    Warmup {
        /// How many steps it takes.
        steps: usize,
        /// Where it begins, from 0 to 1.
        start: f64,
        /// What follows.
        then: Box<Schedule>,
    },
}

impl Schedule {
    /// A cosine down to 0, after a linear warm-up from a tenth over so many steps.
    ///
    /// ```
    /// assert_eq!(mlp::Schedule::cosine_after_warm_up(4).factor(0, 100), 0.1);
    /// ```
    pub fn cosine_after_warm_up(steps: usize) -> Self {
        Schedule::Warmup { steps, start: 0.1, then: Box::new(Schedule::Cosine { least: 0.0 }) }
    }

    /// The cycle with PyTorch's settings: up from a 25th in three tenths of the steps, then down to a 250 000th. The
    /// learning rate of the optimizer is the greatest, PyTorch's `max_lr`.
    ///
    /// ```
    /// let schedule = mlp::Schedule::one_cycle();
    /// assert!((schedule.factor(0, 100) - 0.04).abs() < 1e-15);
    /// assert_eq!(schedule.factor(29, 100), 1.0);
    /// assert!((schedule.factor(99, 100) - 4e-6).abs() < 1e-12);
    /// ```
    pub fn one_cycle() -> Self {
        Schedule::OneCycle { rise: 0.3, start: 1.0 / 25.0, end: 1.0 / 25.0 / 1e4 }
    }

    /// What the learning rate is multiplied by in step `step`, from 0, of `steps` in all. Past the last step those that end
    /// stay where they ended.
    ///
    /// ```
    /// use mlp::Schedule;
    /// assert_eq!(Schedule::Step { every: 3, gamma: 0.5 }.factor(7, 100), 0.25);
    /// assert_eq!(Schedule::InverseScaling { power: 0.5 }.factor(3, 100), 0.5);
    /// ```
    pub fn factor(&self, step: usize, steps: usize) -> f64 {
        let t = step as f64;
        match self {
            Schedule::Constant => 1.0,
            Schedule::Step { every, gamma } => gamma.powf((step / every.max(&1)) as f64),
            Schedule::Exponential { gamma } => gamma.powf(t),
            Schedule::Cosine { least } => along_cosine(1.0, *least, t, steps as f64),
            Schedule::OneCycle { rise, start, end } => {
                let last = steps.saturating_sub(1) as f64;
                let top = (rise * steps as f64 - 1.0).clamp(0.0, last);
                if t <= top && top > 0.0 {
                    along_cosine(*start, 1.0, t, top)
                } else {
                    along_cosine(1.0, *end, t - top, last - top)
                }
            }
            Schedule::InverseScaling { power } => (t + 1.0).powf(-power),
            Schedule::Warmup { steps: warm_up, start, then } => match step < *warm_up {
                true => start + (1.0 - start) * t / *warm_up as f64,
                false => then.factor(step - warm_up, steps.saturating_sub(*warm_up)),
            },
        }
    }

    /// An error unless every setting is within its range.
    pub(crate) fn checked(&self) -> Result<(), Error> {
        let share =
            |setting, got: f64| within(setting, "a number from 0 to 1", got, (0.0..=1.0).contains(&got));
        match self {
            Schedule::Constant => Ok(()),
            Schedule::Step { every: 0, .. } => {
                Err(Error::Setting { setting: "every", wants: "at least 1 step", got: "0".to_owned() })
            }
            Schedule::Step { gamma, .. } | Schedule::Exponential { gamma } => {
                within("gamma", "a number above 0 and at most 1", *gamma, *gamma > 0.0 && *gamma <= 1.0)
            }
            Schedule::Cosine { least } => share("least", *least),
            Schedule::OneCycle { rise, start, end } => [("rise", rise), ("start", start), ("end", end)]
                .into_iter()
                .try_for_each(|(setting, &got)| share(setting, got)),
            Schedule::InverseScaling { power } => {
                within("power", "a finite number from 0 up", *power, *power >= 0.0 && power.is_finite())
            }
            Schedule::Warmup { start, then, .. } => {
                share("start", *start)?;
                then.checked()
            }
        }
    }
}

/// From one number to another along half a cosine, which t goes in `length`; at its end from there on.
fn along_cosine(from: f64, to: f64, t: f64, length: f64) -> f64 {
    if t >= length {
        return to;
    }
    to + (from - to) * (1.0 + (PI * t / length).cos()) / 2.0
}

/// The learning rate falls when a metric stops falling: the settings of PyTorch's `ReduceLROnPlateau`, with its relative
/// threshold.
///
/// ```
/// use mlp::Plateau;
/// let mut watch = Plateau { patience: 1, factor: 0.5, ..Plateau::default() }.watch();
/// let factors = [3.0, 2.0, 2.0, 2.0, 1.0].map(|cost| watch.observe(cost));
/// assert_eq!(factors, [1.0, 1.0, 1.0, 0.5, 0.5]); // twice no better
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// What the rate is multiplied by, above 0 and below 1.
    pub factor: f64,
    /// How many epochs in a row may bring nothing better before it is.
    pub patience: usize,
    /// By which share of the best so far a metric has to be below it to be better, from 0 to below 1.
    pub threshold: f64,
    /// How many epochs are let pass after that without counting.
    pub cooldown: usize,
    /// What all the factors together stay above, from 0 to 1.
    pub least: f64,
}

impl Default for Plateau {
    /// A tenth, after more than ten epochs without a cost that is 0.0001 of the best below it; no cooldown, no least.
    fn default() -> Self {
        Plateau { factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0, least: 0.0 }
    }
}

impl Plateau {
    /// One that looks at a metric, epoch by epoch, and has seen none yet.
    ///
    /// ```
    /// assert_eq!(mlp::Plateau::default().watch().factor(), 1.0);
    /// ```
    pub fn watch(self) -> PlateauWatch {
        PlateauWatch { settings: self, best: None, bad: 0, cooling: 0, factor: 1.0 }
    }

    /// An error unless every setting is within its range.
    pub(crate) fn checked(self) -> Result<(), Error> {
        let Plateau { factor, threshold, least, .. } = self;
        within("factor", "a number above 0 and below 1", factor, factor > 0.0 && factor < 1.0)?;
        let wants = "a number from 0 to below 1";
        within("threshold", wants, threshold, (0.0..1.0).contains(&threshold))?;
        within("least", "a number from 0 to 1", least, (0.0..=1.0).contains(&least))
    }
}

/// A [`Plateau`] at work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlateauWatch {
    settings: Plateau,
    /// The least so far.
    best: Option<f64>,
    /// How many in a row were no better.
    bad: usize,
    /// For how many more nothing is counted.
    cooling: usize,
    factor: f64,
}

impl PlateauWatch {
    /// Takes in the metric of an epoch, of which less is better; returns what the rate is multiplied by from there on.
    ///
    /// ```
    /// let mut watch = mlp::Plateau { patience: 0, ..mlp::Plateau::default() }.watch();
    /// assert_eq!(watch.observe(1.0), 1.0);
    /// assert_eq!(watch.observe(f64::NAN), 0.1); // no better
    /// ```
    pub fn observe(&mut self, metric: f64) -> f64 {
        let Plateau { factor, patience, threshold, cooldown, least } = self.settings;
        if self.best.map_or(metric < f64::INFINITY, |best| metric < best * (1.0 - threshold)) {
            (self.best, self.bad) = (Some(metric), 0);
        } else {
            self.bad += 1;
        }
        if self.cooling > 0 {
            (self.cooling, self.bad) = (self.cooling - 1, 0);
        }
        if self.bad > patience {
            self.factor = (self.factor * factor).max(least);
            (self.cooling, self.bad) = (cooldown, 0);
        }
        self.factor
    }

    /// What the rate is multiplied by.
    ///
    /// ```
    /// let mut watch = mlp::Plateau { patience: 0, ..mlp::Plateau::default() }.watch();
    /// (0..2).for_each(|_| { watch.observe(1.0); });
    /// assert_eq!(watch.factor(), 0.1);
    /// ```
    pub fn factor(&self) -> f64 {
        self.factor
    }
}
