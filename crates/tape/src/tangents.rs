//! Forward mode along several directions at once: a value with its tangents.

use crate::dual::along;
use crate::lifted::{lifted, lifted_from_the_list};
use crate::primitive::{Binary, Ternary, Unary};
use crate::real::Real;
use crate::rule::Rule;

/// A value and N tangents: its derivatives along N directions of the inputs.
///
/// Each partial is computed once and multiplied with all tangents, which over plain numbers is a loop that vectorises:
/// N columns of a Jacobian in one evaluation. [`Reverse`](crate::Reverse) over it gives N columns of a Hessian in one
/// sweep. With one tangent it is a [`Dual`](crate::Dual).
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
    #[inline(always)]
    fn pushed(self, partial: impl FnOnce() -> R) -> [R; N] {
        if self.tangents.iter().all(|tangent| tangent.is_constant_zero()) {
            return self.tangents;
        }
        let partial = partial();
        self.tangents.map(|tangent| along(tangent, |x_dot| partial * x_dot))
    }

    #[inline(always)]
    fn unary<P: Unary>(self, primitive: P, value: R) -> Self {
        let partial = || primitive.pullback(self.value, value, R::from_f64(1.0));
        Tangents { value, tangents: self.pushed(partial) }
    }

    #[inline(always)]
    fn binary<P: Binary>(self, primitive: P, other: Self, value: R) -> Self {
        let (a, b) = (self.value, other.value);
        let left = self.pushed(|| primitive.left(a, b, value, R::from_f64(1.0)));
        let right = other.pushed(|| primitive.right(a, b, value, R::from_f64(1.0)));
        Tangents { value, tangents: std::array::from_fn(|lane| left[lane] + right[lane]) }
    }

    #[inline(always)]
    fn ternary<P: Ternary>(self, primitive: P, second: Self, third: Self, value: R) -> Self {
        let arguments = [self.value, second.value, third.value];
        let partials = primitive.pullback(arguments, value, R::from_f64(1.0));
        let mut tangents = [R::from_f64(0.0); N];
        for (argument, partial) in [self, second, third].into_iter().zip(partials) {
            let pushed = argument.pushed(|| partial);
            tangents = std::array::from_fn(|lane| tangents[lane] + pushed[lane]);
        }
        Tangents { value, tangents }
    }
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
            let pushed = x.pushed(|| partial);
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
