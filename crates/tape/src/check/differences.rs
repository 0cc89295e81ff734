//! Derivatives by central differences, with steps that fit the function, and how far rounding may have carried them.

/// A derivative by differences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slope {
    pub value: f64,
    /// How far the rounding of the function may have carried it.
    pub noise: f64,
}

impl Slope {
    /// The derivative by an argument, of that along a step which moves it by `scale`.
    pub(super) fn by(self, scale: f64) -> Slope {
        Slope { value: self.value / scale, noise: self.noise / scale }
    }
}

/// What an argument is moved relative to: its size, and one where that says nothing.
pub(super) fn scale(x: f64) -> f64 {
    if x.is_normal() { x.abs() } else { 1.0 }
}

/// The widest step, relative to the arguments.
const WIDEST: f64 = 1.0 / 1024.0;
/// How many steps are tried, each a quarter of the one before.
const STEPS: u32 = 17;
/// How well the differences of a step and its half must agree: extrapolated, their error is about the square.
const RESOLVED: f64 = 3e-6;
/// The rounding of a value, in its own units and in those of the median second difference of values close together.
const ROUNDING: [f64; 2] = [32.0, 8.0];

/// The derivative of `f` at 0, whose values come with the size that their rounding is relative to.
pub(super) fn slope(f: impl Fn(f64) -> (f64, f64)) -> Slope {
    let alone = slopes(|h| Ok::<_, std::convert::Infallible>(vec![f(h)]));
    let Ok(slopes) = alone;
    slopes[0]
}

/// The derivatives at 0 of the values of `f`, each with the size that its rounding is relative to: by central differences of
/// two widths, extrapolated to width 0 (Richardson 1911).
///
/// The step is narrowed while the values are not finite or the two widths do not agree with each other; what the derivative
/// should be is not looked at.
pub(super) fn slopes<E>(f: impl Fn(f64) -> Result<Vec<(f64, f64)>, E>) -> Result<Vec<Slope>, E> {
    let mut each: Vec<Narrowing> = Vec::new();
    for step in 0..STEPS {
        let h = WIDEST * 0.25_f64.powi(step as i32);
        let points = [f(h)?, f(-h)?, f(0.5 * h)?, f(-0.5 * h)?];
        each.resize(points[0].len(), Narrowing::default());
        for (k, one) in each.iter_mut().enumerate().filter(|(_, one)| !one.settled) {
            one.take(h, points.each_ref().map(|values| values[k]));
        }
        if each.iter().all(|one| one.settled) {
            break;
        }
        if step == 0 {
            // Perhaps the function rounds on its way more than its value shows.
            let measured = measured_rounding(&f)?;
            each.iter_mut().zip(measured).for_each(|(one, rounding)| one.rounding = rounding);
        }
    }
    Ok(each.into_iter().map(Narrowing::slope).collect())
}

/// What is known of one derivative while the step is narrowed.
#[derive(Clone)]
struct Narrowing {
    /// That of a value, as measured.
    rounding: f64,
    settled: bool,
    /// The first difference that was a number.
    widest: Option<f64>,
    last: Slope,
}

impl Default for Narrowing {
    fn default() -> Self {
        Narrowing { rounding: 0.0, settled: false, widest: None, last: Slope { value: f64::NAN, noise: 0.0 } }
    }
}

impl Narrowing {
    /// The values right and left at distance h, and at half of it.
    fn take(&mut self, h: f64, [right, left, inner_right, inner_left]: [(f64, f64); 4]) {
        let (far, near) = ((right.0 - left.0) / (2.0 * h), (inner_right.0 - inner_left.0) / h);
        let size = [right.1, left.1, inner_right.1, inner_left.1].into_iter().fold(0.0, f64::max);
        let noise = (ROUNDING[0] * f64::EPSILON * size).max(self.rounding) / h;
        self.settled = (far - near).abs() <= RESOLVED * far.abs().max(near.abs()) + noise;
        self.last = Slope { value: (4.0 * near - far) / 3.0, noise };
        self.widest = self.widest.or((!near.is_nan()).then_some(near));
    }

    fn slope(self) -> Slope {
        // Differences that shrink with their step, as those of x⁵ at 0, have the limit 0.
        let vanishes =
            self.widest.is_some_and(|widest| self.last.value.abs() < widest.abs() * 2.0_f64.powi(-16));
        if !self.settled && vanishes { Slope { value: 0.0, ..self.last } } else { self.last }
    }
}

/// How far the values of `f` are rounded, measured at six points so close together that the function is straight between them
/// (Hamming 1962; Moré and Wild 2011): the second of four second differences, of which a jump spoils two.
fn measured_rounding<E>(f: impl Fn(f64) -> Result<Vec<(f64, f64)>, E>) -> Result<Vec<f64>, E> {
    let at = |i: i32| f((f64::from(i) - 2.5) * 2.0_f64.powi(-36));
    let points = (0..6).map(at).collect::<Result<Vec<_>, E>>()?;
    let of = |k: usize| {
        let mut bends: Vec<f64> =
            points.windows(3).map(|p| (p[0][k].0 - 2.0 * p[1][k].0 + p[2][k].0).abs()).collect();
        bends.sort_by(f64::total_cmp);
        // At the edge of the domain there is nothing to measure.
        if bends[1].is_finite() { ROUNDING[1] * bends[1] } else { 0.0 }
    };
    Ok((0..points[0].len()).map(of).collect())
}
