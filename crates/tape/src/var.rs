//! The scalar handle: a value, the derivative of that value by its line, and where the line stands.

use crate::checkpoint;
use crate::primitive::{self, Binary, Chosen, Reads, Ternary, Unary, primitives};
use crate::real::{Elementary, Float, Real, handle_arithmetic, method_doc, plain_operands};
use crate::rule::{self, Few, Rule};
use crate::tape::columns::{COLUMNS, Line, TAG, tag_of};
use crate::tape::{self, Handle};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;

/// Set in a handle's place when its value is not that of the line itself but a function of it.
const MERGED: u64 = 1 << u32::BITS;

/// A scalar on the tape: 24 bytes, `Copy`, free of lifetimes; or a constant, which records nothing.
///
/// It carries its value, the derivative of that value by its line, the line and the tape. A function of one
/// line (`x.sin()`, `2.0 * x`, `x * x`) only multiplies the carried derivative; a line is written where two
/// different lines meet. Such a merged intermediate has no cotangent of its own unless [`Var::keep`] gives it
/// a line.
///
/// Handles are made by [`Tape::var`](crate::Tape::var); `Var::from(0.5)` is a constant. Operators mix with
/// plain numbers on either side.
///
/// ```
/// use tape::{Tape, Var};
/// # fn main() -> Result<(), tape::Error> {
/// let tape = Tape::begin();
/// let x: Var = tape.var(3.0);
/// let y = 2.0 * x.sin() + x * x;
/// assert_eq!(tape.sweep(&y)?.of(&x)?, 2.0 * 3.0_f64.cos() + 6.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Var<T: Float = f64> {
    value: T,
    /// The line in the lower half, above it a bit for [`MERGED`], and the id of the tape in the rest; 0 for a constant. One
    /// number and not two: halves that are stored apart and copied together hold up the processor (a mixture of Gaussians
    /// took 1.5 times as long). It stands between two floats that would else be loaded as one vector, which waits likewise.
    place: u64,
    partial: f64,
}

impl<T: Float> Var<T> {
    /// The handle whose value stands on this line.
    pub(crate) fn on_line(value: T, line: u32, tape: u32) -> Self {
        Var { value, partial: 1.0, place: tag_of(tape) | u64::from(line) }
    }

    /// The handle whose value is that of the line at this place.
    #[inline(always)]
    pub(crate) fn at_place(value: T, place: u64) -> Self {
        Var { value, partial: 1.0, place }
    }

    /// A constant: not on any tape, and nothing is recorded for it.
    ///
    /// ```
    /// use tape::Var;
    /// assert_eq!((Var::constant(2.0_f64) * 3.0).value(), 6.0);
    /// ```
    #[inline(always)]
    pub fn constant(value: T) -> Self {
        Var { value, partial: 0.0, place: 0 }
    }

    /// The value.
    ///
    /// ```
    /// assert_eq!(tape::Var::from(2.0).exp().value(), 2.0_f64.exp());
    /// ```
    #[inline(always)]
    pub fn value(self) -> T {
        self.value
    }

    /// Whether the value depends on a tape: false for constants.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// assert!(tape.var(1.0).is_recorded());
    /// assert!(!tape::Var::from(1.0).is_recorded());
    /// ```
    #[inline(always)]
    pub fn is_recorded(self) -> bool {
        self.place != 0
    }

    /// The same value on a line of its own, so that a sweep leaves its cotangent to be read. A value that has
    /// its own line already, and a constant, come back as they are.
    ///
    /// # Panics
    /// When the tape of the value is not the one that records.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let tape = tape::Tape::begin();
    /// let x = tape.var(2.0);
    /// let a = x.powi(2).keep();
    /// let y = 5.0 * a;
    /// assert_eq!(tape.sweep(&y)?.of(&a)?, 5.0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn keep(self) -> Self {
        if self.place == 0 || !self.is_merged() {
            return self;
        }
        match tape::record_kept(self.handle(), self.partial) {
            Ok(handle) => Var::on_line(self.value, handle.number, handle.tape),
            Err(error) => error.raise(),
        }
    }

    /// Whether the handle stands for a function of its line.
    pub(crate) fn is_merged(self) -> bool {
        self.place & MERGED != 0
    }

    /// The line, without the mark of merging.
    #[inline(always)]
    pub(crate) fn handle(self) -> Handle {
        handle_at(self.place)
    }

    /// Line and tape, and the mark of merging.
    #[inline(always)]
    pub(crate) fn place(self) -> u64 {
        self.place
    }

    /// The number of the line.
    pub(crate) fn line(self) -> usize {
        self.handle().number as usize
    }

    /// The derivative of the value by its line.
    pub(crate) fn partial(self) -> f64 {
        self.partial
    }

    /// The derivative by the line of a value that has this derivative by the handle: for [`Var::merge`] and [`Var::join`].
    ///
    /// Where the handle does not move, an infinite slope moves nothing; and where the handle has overflowed, so that its
    /// own derivative may be infinite too, a function that has reached its limit does not move. Zero times infinity stays
    /// NaN where both come from finite values, as in x₀ √x₁ and (∛x)³ at the origin: no rule on these numbers alone tells
    /// that the one derivative is 0 and the other 1.
    #[inline(always)]
    pub(crate) fn slope(self, partial: f64) -> f64 {
        let slope = self.partial * partial;
        if slope.is_nan() {
            std::hint::cold_path();
            if self.partial == 0.0 || (partial == 0.0 && self.value.to_f64().is_infinite()) {
                return 0.0;
            }
        }
        slope
    }

    /// [`Var::slope`] by a partial of a primitive. To look for NaN took a nanosecond for each product, so where the partials
    /// are finite it is not looked for.
    #[inline(always)]
    fn slope_of(self, partial: T, finite: bool) -> f64 {
        if finite { self.partial * partial.to_f64() } else { self.slope(partial.to_f64()) }
    }

    /// [`Var::slope`] by a partial of a rule: an input that does not matter does not, also where its own derivative is
    /// infinite.
    #[inline(always)]
    pub(crate) fn slope_by_rule(self, partial: f64) -> f64 {
        if partial == 0.0 { 0.0 } else { self.slope(partial) }
    }

    /// The value `value` that depends on the line of this handle with derivative `slope`: no line.
    #[inline(always)]
    pub(crate) fn merge(self, value: T, slope: f64) -> Self {
        Var { value, partial: slope, place: self.place | MERGED }
    }

    /// The value `value` that depends on the lines of two handles with derivatives `left` and `right`: a line, if they are
    /// two. The derivatives are computed where they are used only: by a constant they may be costly, or infinite where
    /// nobody looks.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn join(
        self,
        other: Self,
        value: T,
        left: impl FnOnce() -> f64,
        right: impl FnOnce() -> f64,
    ) -> Self {
        if other.place == 0 {
            return if self.place == 0 { Var::constant(value) } else { self.merge(value, left()) };
        }
        if self.place == 0 {
            return other.merge(value, right());
        }
        let partials = [left(), right()];
        let places = [self.place, other.place];
        let place = 'joined: {
            if places[0] as u32 != places[1] as u32 {
                if let Some(place) = COLUMNS.with(|columns| columns.join(places, partials)) {
                    break 'joined place;
                }
            } else if (places[0] ^ places[1]) >> TAG == 0 {
                return Var { value, partial: partials[0] + partials[1], place: places[0] | MERGED };
            }
            join_checked(places[0], places[1], partials[0], partials[1])
        };
        Var { value, partial: 1.0, place: place.get() }
    }

    #[inline(always)]
    fn unary<P: Unary>(self, primitive: P) -> Self {
        let y = T::unary(primitive, self.value);
        if self.place == 0 {
            return Var::constant(y);
        }
        match primitive.chosen(self.value.to_f64()) {
            Chosen::Argument(_) => return self,
            Chosen::Nothing => return self.at_rest(y),
            Chosen::ByPartials => {}
        }
        let partial = primitive.pullback(self.value, y, T::from_f64(1.0));
        self.merge(y, self.slope_of(partial, P::READS == Reads::NOTHING))
    }

    /// The value `value` that does not depend on the line near this point. The handle is a recorded one all the same:
    /// whether something can be swept from does not hang on the branch that was taken.
    #[inline(always)]
    fn at_rest(self, value: T) -> Self {
        self.merge(value, 0.0)
    }

    /// What a choice among arguments hands on: the very handle that was chosen, so that nothing is recorded, and no
    /// derivative of another argument, which may be infinite, is multiplied by zero. If that is a constant, the value is
    /// at rest.
    #[inline(always)]
    #[track_caller]
    fn handed_on<const N: usize>(arguments: [Self; N], chosen: Option<usize>, value: T) -> Self {
        let mut recorded = arguments.iter().filter(|argument| argument.place != 0);
        if let Some(one) = recorded.next() {
            for other in recorded.filter(|other| (other.place ^ one.place) >> TAG != 0) {
                // Handles of two tapes do not meet, even though no line would tell.
                tape::admit_lines(one.handle(), other.handle());
            }
        }
        match chosen {
            Some(k) if arguments[k].place != 0 => arguments[k],
            _ => match arguments.into_iter().find(|argument| argument.place != 0) {
                Some(argument) => argument.at_rest(value),
                None => Var::constant(value),
            },
        }
    }

    #[inline(always)]
    #[track_caller]
    fn binary<P: Binary>(self, primitive: P, other: Self) -> Self {
        let (a, b, one) = (self.value, other.value, T::from_f64(1.0));
        let y = T::binary(primitive, a, b);
        match primitive.chosen(a.to_f64(), b.to_f64()) {
            Chosen::Argument(k) => return Var::handed_on([self, other], Some(k), y),
            Chosen::Nothing => return Var::handed_on([self, other], None, y),
            Chosen::ByPartials => {}
        }
        let left = || self.slope_of(primitive.left(a, b, y, one), P::FINITE);
        let right = || other.slope_of(primitive.right(a, b, y, one), P::FINITE);
        self.join(other, y, left, right)
    }

    #[inline(always)]
    #[track_caller]
    fn ternary<P: Ternary>(self, primitive: P, second: Self, third: Self) -> Self {
        let arguments = [self.value, second.value, third.value];
        let y = T::ternary(primitive, self.value, second.value, third.value);
        let [a, b, c] = arguments.map(Real::to_f64);
        match primitive.chosen(a, b, c) {
            Chosen::Argument(k) => return Var::handed_on([self, second, third], Some(k), y),
            Chosen::Nothing => return Var::handed_on([self, second, third], None, y),
            Chosen::ByPartials => {}
        }
        let [left, middle, right] = primitive.pullback(arguments, y, T::from_f64(1.0));
        // At most two lines: the first two arguments meet, then the third joins.
        let both =
            self.join(second, y, || self.slope_of(left, P::FINITE), || second.slope_of(middle, P::FINITE));
        both.join(third, y, || both.partial, || third.slope_of(right, P::FINITE))
    }
}

/// Where two scalars meet that are not both of the current id: older handles that are alive join as usual,
/// on whatever tape id is current; others panic, and say why.
///
/// Numbers go in and one comes out, all in registers: a handle that came back through memory would be kept there by the
/// callers that never get here as well.
#[cold]
#[inline(never)]
#[track_caller]
fn join_checked(a: u64, b: u64, left: f64, right: f64) -> NonZeroU64 {
    let (a, b) = (handle_at(a), handle_at(b));
    let known = COLUMNS.with(|columns| {
        let both = columns.admits(a.tape, a.number) && columns.admits(b.tape, b.number);
        both.then(|| handle_at(columns.tag()).tape)
    });
    let tape = known.unwrap_or_else(|| tape::admit_lines(a, b));
    let line = Line { partials: [left, right], inputs: [a.number, b.number] };
    let place = tag_of(tape) | u64::from(COLUMNS.with(|columns| columns.push(line)));
    NonZeroU64::new(place).expect("ids are not 0")
}

/// The line and the tape of a place.
#[inline(always)]
fn handle_at(place: u64) -> Handle {
    Handle { number: place as u32, tape: (place >> TAG) as u32 }
}

macro_rules! methods {
    (
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        /// The listed primitives; the binary ones panic as the operators do.
        impl<T: Float> Var<T> {
            $(#[doc = method_doc!(unary $U $u)] #[inline(always)] #[must_use]
            pub fn $u(self) -> Self { self.unary(primitive::$U) })*
            $(#[doc = method_doc!(parametric $P $p)] #[inline(always)] #[must_use]
            pub fn $p(self, parameter: $type) -> Self { self.unary(primitive::$P(parameter)) })*
            $(#[doc = method_doc!(binary $B $b)] #[inline(always)] #[must_use] #[track_caller]
            pub fn $b(self, other: Self) -> Self { self.binary(primitive::$B, other) })*
            $(#[doc = method_doc!(ternary $T $t)] #[inline(always)] #[must_use] #[track_caller]
            pub fn $t(self, second: Self, third: Self) -> Self {
                self.ternary(primitive::$T, second, third)
            })*
        }

        impl<T: Float> Elementary for Var<T> {
            #[inline(always)]
            fn like(&self, value: f64) -> Self { Var::from_f64(value) }
            $(#[inline(always)] fn $u(self) -> Self { self.unary(primitive::$U) })*
            $(#[inline(always)] fn $p(self, parameter: $type) -> Self { self.unary(primitive::$P(parameter)) })*
            $(#[inline(always)] #[track_caller] fn $b(self, other: Self) -> Self {
                self.binary(primitive::$B, other)
            })*
            $(#[inline(always)] #[track_caller] fn $t(self, second: Self, third: Self) -> Self {
                self.ternary(primitive::$T, second, third)
            })*
        }

        $(
            /// # Panics
            /// When the two values meet on a new line and one of them is not of the tape that records on this
            /// thread: its tape has ended or was rewound past it, waits outside, or is another thread's.
            impl<T: Float> std::ops::$NB for Var<T> {
                type Output = Self;
                #[inline(always)]
                #[track_caller]
                fn $nb(self, other: Self) -> Self { self.binary(primitive::$NB, other) }
            }
        )*
        $(
            impl<T: Float> std::ops::$NU for Var<T> {
                type Output = Self;
                #[inline(always)]
                fn $nu(self) -> Self { self.unary(primitive::$NU) }
            }
        )*
    };
}
primitives!(methods);

/// What is made of the listed primitives.
impl<T: Float> Var<T> {
    /// The logarithm to the base `base`, as [`f64::log`].
    ///
    /// # Panics
    /// As the operators do.
    ///
    /// ```
    /// let (y, dy) = tape::value_and_grad(|x| x[0].log(x[1]), &[8.0, 2.0]);
    /// assert_eq!((y, dy[0]), (3.0, 0.125 / 2.0_f64.ln()));
    /// ```
    #[inline(always)]
    #[must_use]
    #[track_caller]
    pub fn log(self, base: Self) -> Self {
        Elementary::log(self, base)
    }

    /// Sine and cosine, as [`f64::sin_cos`].
    ///
    /// ```
    /// let gradient = tape::grad(|x| { let (sin, cos) = x[0].sin_cos(); sin + cos * 2.0 }, &[0.0]);
    /// assert_eq!(gradient, [1.0]);
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn sin_cos(self) -> (Self, Self) {
        Elementary::sin_cos(self)
    }
}

handle_arithmetic!([T: Float] Var<T>);
plain_operands!([] Var<f64>, f64);
plain_operands!([] Var<f32>, f32);

impl<T: Float> Real for Var<T> {
    const ORDER: usize = 1;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        Var::constant(T::from_f64(value))
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }
    #[inline(always)]
    fn is_constant_zero(self) -> bool {
        self.place == 0 && self.value.is_constant_zero()
    }
    #[track_caller]
    fn by_rule<Q: Rule>(rule: &Q, x: &[Self]) -> Self {
        let values: Few<f64> = x.iter().map(|x| x.to_f64()).collect();
        let y = rule.value(&values);
        let mut partials: Few<f64> = SmallVec::from_elem(0.0, x.len());
        rule.partials(&values, y, &mut partials);
        rule::joined("rule", T::from_f64(y), x, &partials).unwrap_or_else(|error| error.raise())
    }
    #[track_caller]
    fn preaccumulated(x: &[Self], f: impl FnOnce(&[Self]) -> Vec<Self>) -> Vec<Self> {
        checkpoint::preaccumulated(x, f)
    }
    #[track_caller]
    fn checkpointed(x: &[Self], f: impl Fn(&[Self]) -> Vec<Self> + 'static) -> Vec<Self> {
        checkpoint::checkpointed(x, f)
    }
}

impl<T: Float> From<T> for Var<T> {
    fn from(value: T) -> Self {
        Var::constant(value)
    }
}

impl<T: Float> Default for Var<T> {
    fn default() -> Self {
        Var::constant(T::default())
    }
}

/// Comparisons are by value: control flow sees the numbers.
impl<T: Float> PartialEq for Var<T> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Float> PartialOrd for Var<T> {
    #[inline(always)]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Float> fmt::Debug for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            0 => write!(f, "Var({})", self.value),
            _ if self.is_merged() => write!(f, "Var({} of line {})", self.value, self.handle().number),
            _ => write!(f, "Var({} on line {})", self.value, self.line()),
        }
    }
}

impl<T: Float> fmt::Display for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}
