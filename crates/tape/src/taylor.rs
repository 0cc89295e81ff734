//! Taylor mode: several orders of derivatives along one direction, in one pass.
//!
//! Duals nested k deep have 2ᵏ parts; the coefficients of a series are k + 1, and a product of two series costs
//! (k + 1)(k + 2) / 2 multiplications (Griewank and Walther, Evaluating Derivatives, 2008, chapter 13).

use crate::dual::by_partial;
use crate::lifted::{lifted, lifted_from_the_list};
use crate::primitive::{
    Add, BesselJ0, BesselJ1, BesselJn, Binary, Div, Gate, Mul, Neg, Scale, Select, Shift, Sinc,
    SphericalBessel, Sub, Ternary, Unary,
};
use crate::real::Real;
use crate::rule::Rule;
use std::any::{Any, TypeId};

/// The Taylor series of a value along a curve, cut off after the power N: `c₀ + c₁ t + … + c_N tᴺ`.
///
/// It starts from an input that moves ([`Taylor::along`]), and goes through any code over [`Real`]; the coefficients of
/// the result hold the derivatives by t of orders 0 to N. Over plain numbers that is forward mode of higher order; over
/// [`Var`](crate::Var) a sweep from a coefficient gives its gradient.
///
/// The price is polynomial in N: of the order of N² for arithmetic, and N³ for most functions, whose coefficients
/// follow from their pullback (`ẏ = pullback(x, y, ẋ)`) by raising the order step by step. Bessel functions, whose
/// derivatives are those of two neighbours, take all orders that are met at once, at N³ too.
///
/// ```
/// use tape::Taylor;
/// let x: Taylor<4> = Taylor::along(0.0, 1.0);
/// assert_eq!(x.exp().derivatives(), [1.0; 5]);
/// assert_eq!((x / (1.0 - x)).coefficient(3), 1.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Taylor<const N: usize, R = f64> {
    value: R,
    /// The coefficients of t, t², …
    higher: [R; N],
    /// How many coefficients are known, the value included. A whole series has N + 1; fewer only while one is built.
    length: usize,
}

impl<const N: usize, R: Real> Taylor<N, R> {
    /// The constant series.
    ///
    /// ```
    /// assert_eq!(tape::Taylor::<2>::constant(3.0).derivatives(), [3.0, 0.0, 0.0]);
    /// ```
    pub fn constant(value: R) -> Self {
        Taylor { value, higher: [R::from_f64(0.0); N], length: N + 1 }
    }

    /// The straight line `value + t direction`.
    ///
    /// ```
    /// assert_eq!(tape::Taylor::<2>::along(3.0, 0.5).derivatives(), [3.0, 0.5, 0.0]);
    /// ```
    pub fn along(value: R, direction: R) -> Self {
        Taylor::from_coefficients(value, &[direction])
    }

    /// The series with this value and these coefficients of t, t², …; zero for those that are not given, and without
    /// those beyond N.
    ///
    /// ```
    /// let x = tape::Taylor::<3>::from_coefficients(1.0, &[2.0, 3.0]);
    /// assert_eq!((x * x).derivatives(), [1.0, 4.0, 20.0, 72.0]);
    /// ```
    pub fn from_coefficients(value: R, higher: &[R]) -> Self {
        let mut series = Taylor::constant(value);
        series.higher.iter_mut().zip(higher).for_each(|(coefficient, &given)| *coefficient = given);
        series
    }

    /// The value, at t = 0.
    ///
    /// ```
    /// assert_eq!(tape::Taylor::<2>::along(3.0, 0.5).value(), 3.0);
    /// ```
    pub fn value(self) -> R {
        self.value
    }

    /// The coefficient of `tᵏ`, which is the derivative of order k divided by `k!`.
    ///
    /// # Panics
    /// When k exceeds N.
    ///
    /// ```
    /// let x = tape::Taylor::<3>::along(2.0, 1.0);
    /// assert_eq!(x.powi(3).coefficient(2), 6.0);
    /// ```
    #[inline(always)]
    pub fn coefficient(self, k: usize) -> R {
        if k == 0 { self.value } else { self.higher[k - 1] }
    }

    /// The derivatives by t of orders 0 to N.
    ///
    /// ```
    /// assert_eq!(tape::Taylor::<3>::along(2.0, 1.0).powi(3).derivatives(), [8.0, 12.0, 12.0, 6.0]);
    /// ```
    pub fn derivatives(self) -> Vec<R> {
        let mut factorial = 1.0;
        let scaled = self.higher.iter().zip(1..).map(|(&coefficient, k)| {
            factorial *= f64::from(k);
            coefficient.scale(factorial)
        });
        std::iter::once(self.value).chain(scaled).collect()
    }

    fn base(self) -> R {
        self.value
    }

    /// The first `length` coefficients, or as many as are known.
    fn cut(mut self, length: usize) -> Self {
        self.length = self.length.min(length);
        self
    }

    /// The series with this value, as long as the shorter of the two it is made of, whose coefficients `of(k)` gives.
    fn build(value: R, length: usize, of: impl Fn(&Self, usize) -> R) -> Self {
        let mut series = Taylor::constant(value).cut(length);
        for k in 1..length {
            series.higher[k - 1] = of(&series, k);
        }
        series
    }

    /// The derivative by t, one shorter; nothing if nothing moves, whatever the partial that it would be multiplied with.
    fn slope(self) -> Option<Self> {
        let still = self.higher[..self.length - 1].iter().all(|coefficient| coefficient.is_constant_zero());
        if still {
            return None;
        }
        let mut slope = Taylor::constant(self.higher[0]).cut(self.length - 1);
        for k in 1..slope.length {
            slope.higher[k - 1] = self.higher[k].scale((k + 1) as f64);
        }
        Some(slope)
    }

    /// The series with this value and this derivative by t, one longer.
    fn integral(value: R, slope: &Self) -> Self {
        Taylor::build(value, slope.length + 1, |_, k| {
            let coefficient = slope.coefficient(k - 1);
            if k == 1 { coefficient } else { coefficient / R::from_f64(k as f64) }
        })
    }

    /// The series y of `length` whose derivative is the sum of `terms`, each of which is given what is known of y and the
    /// length that is asked for.
    ///
    /// A term that does not look at y is known whole at once. One that does comes out as long as y is known, and gives the
    /// next coefficient of y.
    fn solve<const M: usize>(value: R, length: usize, terms: [Option<Term<Self>>; M]) -> Self {
        let mut y = Taylor::constant(value);
        if length == 1 || terms.iter().all(Option::is_none) {
            return y.cut(length);
        }
        y.length = 1;
        let mut known = terms.map(|term| term.map(|term| term(y, length - 1).cut(length - 1)));
        loop {
            let mut moving = known.iter().flatten();
            let first = *moving.next().expect("one term is there");
            y = Taylor::integral(value, &moving.fold(first, |total, term| total + *term));
            if y.length == length {
                return y;
            }
            for (known, term) in known.iter_mut().zip(&terms) {
                if let (Some(known), Some(term)) = (known, term)
                    && known.length < length - 1
                {
                    *known = term(y, y.length).cut(y.length);
                }
            }
        }
    }

    /// Cauchy's product from the power 1 on. A coefficient that is not there is not multiplied with an infinite one.
    fn times(self, other: Self, value: R) -> Self {
        let length = self.length.min(other.length);
        Taylor::build(value, length, |_, k| {
            (0..=k).fold(R::from_f64(0.0), |sum, j| sum + absent_or(self, j, other, k - j, |a, b| a * b))
        })
    }

    /// From `y b = a`: `yₖ = (aₖ - Σ bⱼ yₖ₋ⱼ) / b₀`, the sum over j from 1 to k.
    fn over(self, other: Self, value: R) -> Self {
        let length = self.length.min(other.length);
        Taylor::build(value, length, |y, k| {
            let rest = (1..=k).fold(self.coefficient(k), |rest, j| {
                let product = absent_or(other, j, *y, k - j, |b, y| b * y);
                if product.is_constant_zero() { rest } else { rest - product }
            });
            if rest.is_constant_zero() { rest } else { rest / other.value }
        })
    }

    fn unary<P: Unary>(self, primitive: P, value: R) -> Self {
        let each = |of: &dyn Fn(R) -> R| Taylor::build(value, self.length, |_, k| of(self.coefficient(k)));
        let any: &dyn Any = &primitive;
        if any.is::<Neg>() {
            return each(&|coefficient| -coefficient);
        }
        if let Some(&Scale(factor)) = any.downcast_ref() {
            return each(&|coefficient| coefficient.scale(factor));
        }
        if any.is::<Shift>() {
            return each(&|coefficient| coefficient);
        }
        let Some(x_dot) = self.slope() else {
            return Taylor::constant(value).cut(self.length);
        };
        if let Some((family, order)) = Family::of(any) {
            return self.among_neighbours(family, order, value);
        }
        Taylor::solve(
            value,
            self.length,
            [Some(&|y, length| primitive.pullback(self.cut(length), y, x_dot.cut(length)))],
        )
    }

    fn binary<P: Binary>(self, primitive: P, other: Self, value: R) -> Self {
        let length = self.length.min(other.length);
        let each = |of: &dyn Fn(R, R) -> R| {
            Taylor::build(value, length, |_, k| of(self.coefficient(k), other.coefficient(k)))
        };
        let is = |operation| TypeId::of::<P>() == operation;
        if is(TypeId::of::<Add>()) {
            return each(&|a, b| a + b);
        }
        if is(TypeId::of::<Sub>()) {
            return each(&|a, b| a - b);
        }
        if is(TypeId::of::<Mul>()) {
            return self.times(other, value);
        }
        if is(TypeId::of::<Div>()) {
            return self.over(other, value);
        }
        // What is shut out stays out at every order, whatever it is.
        if is(TypeId::of::<Gate>()) {
            return Taylor::build(value, length, |_, k| self.value.gate(other.coefficient(k)));
        }
        let (a, b) = (self.cut(length), other.cut(length));
        let (a_dot, b_dot) = (a.slope(), b.slope());
        let left = a_dot.map(|dot| move |y, k| primitive.left(a.cut(k), b.cut(k), y, dot.cut(k)));
        let right = b_dot.map(|dot| move |y, k| primitive.right(a.cut(k), b.cut(k), y, dot.cut(k)));
        Taylor::solve(value, length, [left.as_ref().map(erased), right.as_ref().map(erased)])
    }

    fn ternary<P: Ternary>(self, primitive: P, second: Self, third: Self, value: R) -> Self {
        let length = self.length.min(second.length).min(third.length);
        // By its pullback each order would select twice, at twice the cost of the one before.
        if TypeId::of::<P>() == TypeId::of::<Select>() {
            let chosen = |k| self.value.select(second.coefficient(k), third.coefficient(k));
            return Taylor::build(value, length, |_, k| chosen(k));
        }
        let arguments = [self, second, third].map(|argument| argument.cut(length));
        let term = |n: usize| {
            let dot = arguments[n].slope()?;
            Some(move |y, k| primitive.pullback(arguments.map(|argument| argument.cut(k)), y, dot.cut(k))[n])
        };
        let (first, second, third) = (term(0), term(1), term(2));
        let terms = [first.as_ref().map(erased), second.as_ref().map(erased), third.as_ref().map(erased)];
        Taylor::solve(value, length, terms)
    }

    /// The function of a family at this series.
    ///
    /// By their pullback each order would call two functions, and each of them two. Here the functions of all orders around
    /// the one that is asked for are carried along, each coefficient from the one before of both neighbours.
    fn among_neighbours(self, family: Family, order: i64, value: R) -> Self {
        let length = self.length;
        let reach = length - 1;
        let first = order - reach as i64;
        let mut rows: Vec<Self> =
            (first..).take(2 * reach + 1).map(|n| Taylor::constant(family.at(n, self.value))).collect();
        rows[reach].value = value;
        for k in 1..length {
            let next: Vec<R> = (k..rows.len() - k)
                .map(|row| {
                    let [below, above] = family.weights(first + row as i64);
                    let slope = |i| {
                        rows[row - 1].coefficient(i).scale(below) + rows[row + 1].coefficient(i).scale(above)
                    };
                    let sum = (1..=k).map(|j| self.coefficient(j).scale(j as f64) * slope(k - j)).sum::<R>();
                    sum.scale(1.0 / k as f64)
                })
                .collect();
            rows[k..].iter_mut().zip(next).for_each(|(row, coefficient)| row.higher[k - 1] = coefficient);
        }
        rows[reach].cut(length)
    }
}

/// Functions yₙ of every whole order n, whose derivatives are made of their neighbours.
#[derive(Clone, Copy)]
enum Family {
    Bessel,
    Spherical,
}

impl Family {
    /// Which function of which family a primitive is.
    fn of(primitive: &dyn Any) -> Option<(Family, i64)> {
        if let Some(&BesselJn(n)) = primitive.downcast_ref() {
            return Some((Family::Bessel, n.into()));
        }
        if let Some(&SphericalBessel(n)) = primitive.downcast_ref() {
            return Some((Family::Spherical, n.into()));
        }
        let named = [
            (primitive.is::<BesselJ0>(), (Family::Bessel, 0)),
            (primitive.is::<BesselJ1>(), (Family::Bessel, 1)),
            (primitive.is::<Sinc>(), (Family::Spherical, 0)),
        ];
        named.into_iter().find(|(is, _)| *is).map(|(_, place)| place)
    }

    /// yₙ; the spherical functions begin with order 0.
    fn at<R: Real>(self, n: i64, x: R) -> R {
        match self {
            Family::Bessel => x.bessel_jn(n.clamp(i32::MIN.into(), i32::MAX.into()) as i32),
            Family::Spherical if n < 0 => R::from_f64(0.0),
            Family::Spherical => x.spherical_bessel(u32::try_from(n).unwrap_or(u32::MAX)),
        }
    }

    /// What yₙ₋₁ and yₙ₊₁ are multiplied with in yₙ′ (Abramowitz & Stegun 9.1.27, 10.1.20).
    fn weights(self, n: i64) -> [f64; 2] {
        let order = n as f64;
        match self {
            Family::Bessel => [0.5, -0.5],
            Family::Spherical => [order / (2.0 * order + 1.0), -(order + 1.0) / (2.0 * order + 1.0)],
        }
    }
}

/// A part of the derivative of y, of which it is given what is known, and how long it is to be.
type Term<'a, S> = &'a dyn Fn(S, usize) -> S;

fn erased<S>(term: &impl Fn(S, usize) -> S) -> Term<'_, S> {
    term
}

/// The product of coefficient i of a and j of b, where a coefficient beyond the value that is zero for good is not there.
fn absent_or<const N: usize, R: Real>(
    a: Taylor<N, R>,
    i: usize,
    b: Taylor<N, R>,
    j: usize,
    product: impl FnOnce(R, R) -> R,
) -> R {
    let (left, right) = (a.coefficient(i), b.coefficient(j));
    if (i > 0 && left.is_constant_zero()) || (j > 0 && right.is_constant_zero()) {
        return R::from_f64(0.0);
    }
    product(left, right)
}

lifted!([const N: usize, R: Real] Taylor<N, R>);

impl<const N: usize, R: Real> Real for Taylor<N, R> {
    const ORDER: usize = R::ORDER.saturating_add(N);

    fn from_f64(value: f64) -> Self {
        Taylor::constant(R::from_f64(value))
    }
    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }
    fn is_constant_zero(self) -> bool {
        self.value.is_constant_zero() && self.higher.iter().all(|coefficient| coefficient.is_constant_zero())
    }
    fn traced(self) -> Option<crate::Traced> {
        self.value.traced()
    }
    fn asked(self) -> Option<Self> {
        self.value.asked().map(Taylor::constant)
    }
    #[track_caller]
    fn by_rule<Q: Rule>(rule: &Q, x: &[Self]) -> Self {
        let values: Vec<R> = x.iter().map(|x| x.value).collect();
        let value = R::by_rule(rule, &values);
        let length = x.iter().map(|x| x.length).min().unwrap_or(N + 1);
        let slopes: Vec<_> = x.iter().map(|x| x.cut(length).slope()).collect();
        let term = |y: Self, k: usize| {
            let inputs: Vec<_> = x.iter().map(|x| x.cut(k)).collect();
            let mut partials = vec![Taylor::constant(R::from_f64(0.0)); x.len()];
            rule.partials(&inputs, y, &mut partials);
            let moving = partials.into_iter().zip(&slopes);
            moving.filter_map(|(partial, slope)| slope.map(|slope| by_partial(partial, slope.cut(k)))).sum()
        };
        let moves = slopes.iter().any(Option::is_some);
        Taylor::solve(value, length, [moves.then_some(&term)])
    }
}

impl<const N: usize, R: Real> Default for Taylor<N, R> {
    fn default() -> Self {
        Taylor::constant(R::default())
    }
}
