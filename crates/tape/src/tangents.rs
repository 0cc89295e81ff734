//! Forward mode along several directions at once: a value with its tangents.

use crate::dual::{along, by_partial};
use crate::lifted::{lifted, lifted_from_the_list};
use crate::primitive::{Binary, Chosen, Ternary, Unary};
use crate::real::Real;
use crate::rule::Rule;

/// A value and N tangents: its derivatives along N directions of the inputs.
///
/// Over plain numbers each partial is computed once and multiplied with all tangents, in a loop that vectorises: N columns
/// of a Jacobian in one evaluation. [`Reverse`](crate::Reverse) over it gives N columns of a Hessian in one sweep. What a
/// tangent comes to is what it would in a [`Dual`](crate::Dual), also where a branch that was not taken has an infinite one.
///
/// ```
/// use tape::Tangents;
/// let x = Tangents::new(3.0, [1.0, 0.0]);
/// let y = Tangents::new(5.0, [0.0, 1.0]);
/// assert_eq!((x * y).tangents, [5.0, 3.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tangents<const N: usize, R = f64> {
    /// The value, also called the primal.
    pub value: R,
    /// Its derivatives, one for each direction.
    pub tangents: [R; N],
}

impl<const N: usize, R: Real> Tangents<N, R> {
    /// A value with its tangents.
    ///
    /// ```
    /// assert_eq!(tape::Tangents::new(0.0, [1.0, 2.0, 3.0]).sin().tangents, [1.0, 2.0, 3.0]);
    /// ```
    #[inline(always)]
    pub fn new(value: R, tangents: [R; N]) -> Self {
        Tangents { value, tangents }
    }

    /// A value whose tangents are zero.
    ///
    /// ```
    /// assert_eq!(tape::Tangents::<2>::constant(1.0).tangents, [0.0; 2]);
    /// ```
    #[inline(always)]
    pub fn constant(value: R) -> Self {
        Tangents { value, tangents: [R::from_f64(0.0); N] }
    }

    /// The input that moves along direction `k` alone; the constant where there is no such direction.
    ///
    /// ```
    /// assert_eq!(tape::Tangents::<3>::input(5.0, 1).tangents, [0.0, 1.0, 0.0]);
    /// ```
    #[inline(always)]
    pub fn input(value: R, k: usize) -> Self {
        Tangents { value, tangents: std::array::from_fn(|lane| R::from_f64(f64::from(u8::from(lane == k)))) }
    }

    #[inline(always)]
    fn base(self) -> R {
        self.value
    }

    /// The tangents times a partial, which is computed only if one of them is there.
    ///
    /// Where the partial is zero, a product with an infinite tangent is NaN. Then, and where a NaN could hide among the
    /// derivatives of `R`, each tangent goes through `push`, the pullback itself.
    #[inline(always)]
    fn pushed(self, partial: impl FnOnce() -> R, push: impl Fn(R) -> R) -> [R; N] {
        if self.tangents.iter().all(|tangent| tangent.is_constant_zero()) {
            return self.tangents;
        }
        if R::ORDER > 0 {
            return one_by_one(self.tangents, push);
        }
        let partial = partial();
        let pushed = self.tangents.map(|tangent| along(tangent, |x_dot| partial * x_dot));
        let lost = || pushed.iter().any(|tangent| tangent.to_f64().is_nan());
        if partial.is_constant_zero() && lost() { one_by_one(self.tangents, push) } else { pushed }
    }

    /// The value with the tangents of a choice: those of what was chosen. A trace does not choose, or its replays would not.
    #[inline(always)]
    fn chosen(arguments: &[Self], chosen: Chosen, value: R) -> Option<Self> {
        match chosen {
            _ if R::ORDER == usize::MAX => None,
            Chosen::ByPartials => None,
            Chosen::Argument(k) => Some(Tangents { value, tangents: arguments[k].tangents }),
            Chosen::Nothing => Some(Tangents::constant(value)),
        }
    }

    #[inline(always)]
    fn unary<P: Unary>(self, primitive: P, value: R) -> Self {
        if let Some(chosen) = Self::chosen(&[self], primitive.chosen(self.to_f64()), value) {
            return chosen;
        }
        let push = |x_dot| primitive.pullback(self.value, value, x_dot);
        Tangents { value, tangents: self.pushed(|| push(R::from_f64(1.0)), push) }
    }

    #[inline(always)]
    fn binary<P: Binary>(self, primitive: P, other: Self, value: R) -> Self {
        let choice = primitive.chosen(self.to_f64(), other.to_f64());
        if let Some(chosen) = Self::chosen(&[self, other], choice, value) {
            return chosen;
        }
        let (a, b, one) = (self.value, other.value, R::from_f64(1.0));
        let (left, right) = (|dot| primitive.left(a, b, value, dot), |dot| primitive.right(a, b, value, dot));
        let (left, right) = (self.pushed(|| left(one), left), other.pushed(|| right(one), right));
        Tangents { value, tangents: std::array::from_fn(|lane| left[lane] + right[lane]) }
    }

    #[inline(always)]
    fn ternary<P: Ternary>(self, primitive: P, second: Self, third: Self, value: R) -> Self {
        let choice = primitive.chosen(self.to_f64(), second.to_f64(), third.to_f64());
        if let Some(chosen) = Self::chosen(&[self, second, third], choice, value) {
            return chosen;
        }
        let arguments = [self.value, second.value, third.value];
        let mut tangents = [R::from_f64(0.0); N];
        for (k, argument) in [self, second, third].into_iter().enumerate() {
            let push = |dot| primitive.pullback(arguments, value, dot)[k];
            let pushed = argument.pushed(|| push(R::from_f64(1.0)), push);
            tangents = std::array::from_fn(|lane| tangents[lane] + pushed[lane]);
        }
        Tangents { value, tangents }
    }
}

/// Each tangent through the pullback, as in a dual. Out of the way: it is rare over plain numbers.
#[cold]
#[inline(never)]
fn one_by_one<const N: usize, R: Real>(tangents: [R; N], push: impl Fn(R) -> R) -> [R; N] {
    tangents.map(|tangent| along(tangent, &push))
}

lifted!([const N: usize, R: Real] Tangents<N, R>);

impl<const N: usize, R: Real> Real for Tangents<N, R> {
    const ORDER: usize = R::ORDER.saturating_add(1);

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Tangents::constant(R::from_f64(value))
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }
    #[inline(always)]
    fn is_constant_zero(self) -> bool {
        self.value.is_constant_zero() && self.tangents.iter().all(|tangent| tangent.is_constant_zero())
    }
    #[inline(always)]
    fn traced(self) -> Option<crate::Traced> {
        self.value.traced()
    }
    #[inline(always)]
    fn asked(self) -> Option<Self> {
        self.value.asked().map(Tangents::constant)
    }
    #[track_caller]
    fn by_rule<Q: Rule>(rule: &Q, x: &[Self]) -> Self {
        let values: Vec<R> = x.iter().map(|x| x.value).collect();
        let value = R::by_rule(rule, &values);
        let mut partials = vec![R::from_f64(0.0); x.len()];
        rule.partials(&values, value, &mut partials);
        let mut tangents = [R::from_f64(0.0); N];
        for (x, partial) in x.iter().zip(partials) {
            let pushed = x.pushed(|| partial, |x_dot| by_partial(partial, x_dot));
            tangents = std::array::from_fn(|lane| tangents[lane] + pushed[lane]);
        }
        Tangents { value, tangents }
    }
}

impl<const N: usize, R: Real> Default for Tangents<N, R> {
    fn default() -> Self {
        Tangents::constant(R::default())
    }
}
