//! Numbers that stand over another number: a value in `R: Real` and something about its derivatives.
//!
//! Their methods, operators and comparisons are the same for all of them, and come from the list of primitives
//! once, here. A lifted number says only what a primitive does to its derivatives.

/// Methods, operators and comparisons of a lifted number, by `lifted!([generics] Type);`.
///
/// The type has `base(self) -> R`, its value, and `unary(self, primitive, value)`, `binary(self, primitive, other,
/// value)`, `ternary(self, primitive, second, third, value)`, where `value` is what the primitive gives in `R`.
/// Comparisons are those of the values: control flow sees the numbers.
macro_rules! lifted {
    ($generic:tt $Number:ty) => {
        $crate::primitive::primitives!(lifted_from_the_list $generic $Number;);
        $crate::lifted::lifted!(@ordering $generic $Number);
        $crate::lifted::lifted!(@arithmetic $generic $Number);
    };
    (@arithmetic [$($generic:tt)*] $Number:ty) => {
        $crate::real::handle_arithmetic!([$($generic)*] $Number);
        $crate::real::plain_operands!([$($generic)*] $Number, f64);
    };
    (@ordering [$($generic:tt)*] $Number:ty) => {
        /// Comparisons are by value: control flow sees the numbers.
        impl<$($generic)*> PartialEq for $Number {
            #[inline(always)]
            fn eq(&self, other: &Self) -> bool { self.base() == other.base() }
        }

        impl<$($generic)*> PartialOrd for $Number {
            #[inline(always)]
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                self.base().partial_cmp(&other.base())
            }
            // Each by its own name: a trace remembers what was asked, and is held to no more.
            #[inline(always)]
            fn lt(&self, other: &Self) -> bool {
                self.base() < other.base()
            }
            #[inline(always)]
            fn le(&self, other: &Self) -> bool {
                self.base() <= other.base()
            }
            #[inline(always)]
            fn gt(&self, other: &Self) -> bool {
                self.base() > other.base()
            }
            #[inline(always)]
            fn ge(&self, other: &Self) -> bool {
                self.base() >= other.base()
            }
        }
    };
    (@unary_operator [$($generic:tt)*] $Number:ty, $N:ident $n:ident) => {
        impl<$($generic)*> std::ops::$N for $Number {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $n(self) -> Self {
                self.unary($crate::primitive::$N, std::ops::$N::$n(self.base()))
            }
        }
    };
    (@binary_operator [$($generic:tt)*] $Number:ty, $N:ident $n:ident) => {
        impl<$($generic)*> std::ops::$N for $Number {
            type Output = Self;
            #[inline(always)]
            #[track_caller]
            fn $n(self, other: Self) -> Self {
                self.binary($crate::primitive::$N, other, std::ops::$N::$n(self.base(), other.base()))
            }
        }
    };
}
pub(crate) use lifted;

/// What `lifted!` makes of the list.
macro_rules! lifted_from_the_list {
    (
        [$($generic:tt)*] $Number:ty;
        unary_operators [$($NU:ident $nu:ident),*]
        unary [$($U:ident $u:ident),*]
        parametric [$($P:ident $p:ident $type:ty),*]
        binary_operators [$($NB:ident $nb:ident),*]
        binary [$($B:ident $b:ident),*]
        ternary [$($T:ident $t:ident),*]
    ) => {
        $crate::lifted::lifted_from_the_list!(@operators [$($generic)*] $Number, [$($NU $nu),*] [$($NB $nb),*]);

        /// The listed primitives.
        impl<$($generic)*> $Number {
            $(#[doc = $crate::real::method_doc!(unary $U $u)] #[inline(always)] #[must_use] #[track_caller]
            pub fn $u(self) -> Self { $crate::Elementary::$u(self) })*
            $(#[doc = $crate::real::method_doc!(parametric $P $p)] #[inline(always)] #[must_use] #[track_caller]
            pub fn $p(self, parameter: $type) -> Self { $crate::Elementary::$p(self, parameter) })*
            $(#[doc = $crate::real::method_doc!(binary $B $b)] #[inline(always)] #[must_use] #[track_caller]
            pub fn $b(self, other: Self) -> Self { $crate::Elementary::$b(self, other) })*
            $(#[doc = $crate::real::method_doc!(ternary $T $t)] #[inline(always)] #[must_use] #[track_caller]
            pub fn $t(self, second: Self, third: Self) -> Self { $crate::Elementary::$t(self, second, third) })*

            /// The logarithm to the base `base`, as [`f64::log`].
            ///
            /// ```
            /// use tape::Dual;
            /// assert_eq!(Dual::new(8.0, 1.0).log(Dual::constant(2.0)).value, 3.0);
            /// ```
            #[inline(always)]
            #[must_use]
            #[track_caller]
            pub fn log(self, base: Self) -> Self { $crate::Elementary::log(self, base) }

            /// Sine and cosine, as [`f64::sin_cos`].
            ///
            /// ```
            /// let (sin, cos) = tape::Dual::new(0.0, 1.0).sin_cos();
            /// assert_eq!((sin.tangent, cos.tangent), (1.0, 0.0));
            /// ```
            #[inline(always)]
            #[must_use]
            #[track_caller]
            pub fn sin_cos(self) -> (Self, Self) { $crate::Elementary::sin_cos(self) }
        }

        impl<$($generic)*> $crate::Elementary for $Number {
            #[inline(always)]
            fn like(&self, value: f64) -> Self { $crate::Real::from_f64(value) }
            $(#[inline(always)] #[track_caller] fn $u(self) -> Self {
                self.unary($crate::primitive::$U, $crate::Elementary::$u(self.base()))
            })*
            $(#[inline(always)] #[track_caller] fn $p(self, parameter: $type) -> Self {
                self.unary($crate::primitive::$P(parameter), $crate::Elementary::$p(self.base(), parameter))
            })*
            $(#[inline(always)] #[track_caller] fn $b(self, other: Self) -> Self {
                self.binary($crate::primitive::$B, other, $crate::Elementary::$b(self.base(), other.base()))
            })*
            $(#[inline(always)] #[track_caller] fn $t(self, second: Self, third: Self) -> Self {
                let value = $crate::Elementary::$t(self.base(), second.base(), third.base());
                self.ternary($crate::primitive::$T, second, third, value)
            })*
        }
    };
    (@operators $generic:tt $Number:ty, [$($NU:ident $nu:ident),*] [$($NB:ident $nb:ident),*]) => {
        $($crate::lifted::lifted!(@unary_operator $generic $Number, $NU $nu);)*
        $($crate::lifted::lifted!(@binary_operator $generic $Number, $NB $nb);)*
    };
}
pub(crate) use lifted_from_the_list;
