//! Forward mode: a value with its tangent.

use crate::lifted::{lifted, lifted_from_the_list};
use crate::primitive::{Binary, Ternary, Unary};
use crate::real::Real;
use crate::rule::Rule;

/// A value and its tangent, the derivative along one direction of the inputs.
///
/// Over plain numbers it is forward mode; over [`Var`](crate::Var) its tangent is recorded, and a sweep from
/// there gives a Hessian-vector product; over itself it gives higher derivatives.
///
/// ```
/// use tape::Dual;
/// let x = Dual::new(3.0, 1.0);
/// assert_eq!((x * x).tangent, 6.0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Dual<R> {
    /// The value, also called the primal.
    pub value: R,
    /// Its derivative along the direction.
    pub tangent: R,
}

impl<R: Real> Dual<R> {
    /// A value with a tangent.
    ///
    /// ```
    /// assert_eq!(tape::Dual::new(1.0, 2.0).exp_m1().value, 1.0_f64.exp_m1());
    /// ```
    #[inline(always)]
    pub fn new(value: R, tangent: R) -> Self {
        Dual { value, tangent }
    }

    /// A value whose tangent is zero.
    ///
    /// ```
    /// assert_eq!(tape::Dual::constant(1.0_f32).tangent, 0.0);
    /// ```
    #[inline(always)]
    pub fn constant(value: R) -> Self {
        Dual { value, tangent: R::from_f64(0.0) }
    }

    #[inline(always)]
    fn base(self) -> R {
        self.value
    }

    #[inline(always)]
    fn unary<P: Unary>(self, primitive: P, value: R) -> Self {
        Dual { value, tangent: along(self.tangent, |x_dot| primitive.pullback(self.value, value, x_dot)) }
    }

    #[inline(always)]
    fn binary<P: Binary>(self, primitive: P, other: Self, value: R) -> Self {
        let (a, b) = (self.value, other.value);
        let left = along(self.tangent, |a_dot| primitive.left(a, b, value, a_dot));
        let right = along(other.tangent, |b_dot| primitive.right(a, b, value, b_dot));
        Dual { value, tangent: left + right }
    }

    #[inline(always)]
    fn ternary<P: Ternary>(self, primitive: P, second: Self, third: Self, value: R) -> Self {
        let arguments = [self.value, second.value, third.value];
        let tangents = [self.tangent, second.tangent, third.tangent];
        let mut tangent = R::from_f64(0.0);
        for (k, each) in tangents.into_iter().enumerate() {
            tangent += along(each, |dot| primitive.pullback(arguments, value, dot)[k]);
        }
        Dual { value, tangent }
    }
}

/// A pullback is linear in the cotangent, so with a tangent in its place it pushes that forward. A tangent
/// that is not there stays so, also where the partial is infinite.
#[inline(always)]
pub(crate) fn along<R: Real>(tangent: R, push: impl FnOnce(R) -> R) -> R {
    if tangent.is_constant_zero() { tangent } else { push(tangent) }
}

/// The tangent that a rule hands on: nothing by an argument that did not matter, also where its tangent is infinite.
#[inline(always)]
pub(crate) fn by_partial<R: Real>(partial: R, tangent: R) -> R {
    if partial.is_constant_zero() { partial } else { partial * tangent }
}

lifted!([R: Real] Dual<R>);

impl<R: Real> Real for Dual<R> {
    const ORDER: usize = R::ORDER.saturating_add(1);

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Dual::constant(R::from_f64(value))
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }
    #[inline(always)]
    fn is_constant_zero(self) -> bool {
        self.value.is_constant_zero() && self.tangent.is_constant_zero()
    }
    #[inline(always)]
    fn traced(self) -> Option<crate::Traced> {
        self.value.traced()
    }
    #[inline(always)]
    fn asked(self) -> Option<Self> {
        self.value.asked().map(Dual::constant)
    }
    #[track_caller]
    fn by_rule<Q: Rule>(rule: &Q, x: &[Self]) -> Self {
        let values: Vec<R> = x.iter().map(|x| x.value).collect();
        let value = R::by_rule(rule, &values);
        let mut partials = vec![R::from_f64(0.0); x.len()];
        rule.partials(&values, value, &mut partials);
        let terms =
            x.iter().zip(partials).map(|(x, partial)| along(x.tangent, |x_dot| by_partial(partial, x_dot)));
        Dual { value, tangent: terms.sum() }
    }
    #[track_caller]
    fn preaccumulated(x: &[Self], f: impl FnOnce(&[Self]) -> Vec<Self>) -> Vec<Self> {
        paired(&R::preaccumulated(&flat(x), |x| flat(&f(&paired(x)))))
    }
    #[track_caller]
    fn checkpointed(x: &[Self], f: impl Fn(&[Self]) -> Vec<Self> + 'static) -> Vec<Self> {
        paired(&R::checkpointed(&flat(x), move |x| flat(&f(&paired(x)))))
    }
}

/// Values and tangents as numbers of what they are built on, in turn.
fn flat<R: Real>(duals: &[Dual<R>]) -> Vec<R> {
    duals.iter().flat_map(|dual| [dual.value, dual.tangent]).collect()
}

/// The duals that [`flat`] took apart.
fn paired<R: Real>(flat: &[R]) -> Vec<Dual<R>> {
    flat.chunks_exact(2).map(|pair| Dual::new(pair[0], pair[1])).collect()
}
