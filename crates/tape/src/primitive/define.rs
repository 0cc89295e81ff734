//! The macros by which a primitive is written in its one place.

/// Defines a [`Unary`](super::Unary) primitive.
macro_rules! unary {
    (
        $(#[$doc:meta])*
        $P:ident $(($field:ident : $type:ty))?;
        maths $maths:literal;
        $(domain $domain:literal;)?
        $(kinks $kinks:literal;)?
        reads [$($reads:ident),*];
        samples $samples:expr;
        $(chosen |$cx:ident| $chosen:expr;)?
        value |$vx:ident| $value:expr;
        pullback |$x:ident, $y:ident, $y_bar:ident| $pullback:expr;
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("`", $maths, "`")]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $P $((
            /// The parameter of the function; not differentiated.
            pub $type
        ))?;

        impl $crate::primitive::Unary for $P {
            const MATHS: &'static str = $maths;
            const DOMAIN: &'static str = concat!($($domain)?);
            const KINKS: &'static str = concat!($($kinks)?);
            const READS: $crate::primitive::Reads = $crate::primitive::Reads::of(&[$(stringify!($reads)),*]);
            const SAMPLES: &'static [f64] = &$samples;

            $(
                #[inline(always)]
                fn chosen(self, $cx: f64) -> $crate::primitive::Chosen {
                    let _ = $cx;
                    $chosen
                }
            )?

            #[inline(always)]
            fn value<T: num_traits::Float>(self, $vx: T) -> T {
                $(let $P($field) = self;)?
                $value
            }

            #[inline(always)]
            fn pullback<E: $crate::real::Elementary>(self, $x: E, $y: E, $y_bar: E) -> E {
                $(let $P($field) = self;)?
                let _ = (&$x, &$y $(, $field)?);
                $pullback
            }
        }
    };
}
pub(super) use unary;

/// Defines a [`Binary`](super::Binary) primitive.
macro_rules! binary {
    (
        $(#[$doc:meta])*
        $P:ident;
        maths $maths:literal;
        $(domain $domain:literal;)?
        $(kinks $kinks:literal;)?
        reads [$($reads:ident),*];
        $(partials $finite:ident;)?
        samples $samples:expr;
        $(chosen |$ca:ident, $cb:ident| $chosen:expr;)?
        value |$va:ident, $vb:ident| $value:expr;
        left |$a:ident, $b:ident, $y:ident, $y_bar:ident| $left:expr;
        right |$ra:ident, $rb:ident, $ry:ident, $ry_bar:ident| $right:expr;
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("`", $maths, "`")]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $P;

        impl $crate::primitive::Binary for $P {
            const MATHS: &'static str = $maths;
            const DOMAIN: &'static str = concat!($($domain)?);
            const KINKS: &'static str = concat!($($kinks)?);
            const READS: $crate::primitive::Reads = $crate::primitive::Reads::of(&[$(stringify!($reads)),*]);
            $(const FINITE: bool = matches!(stringify!($finite).as_bytes(), b"finite");)?
            const SAMPLES: &'static [[f64; 2]] = &$samples;

            $(
                #[inline(always)]
                fn chosen(self, $ca: f64, $cb: f64) -> $crate::primitive::Chosen {
                    let _ = ($ca, $cb);
                    $chosen
                }
            )?

            #[inline(always)]
            fn value<T: num_traits::Float>(self, $va: T, $vb: T) -> T {
                $value
            }

            #[inline(always)]
            fn left<E: $crate::real::Elementary>(self, $a: E, $b: E, $y: E, $y_bar: E) -> E {
                let _ = (&$a, &$b, &$y);
                $left
            }

            #[inline(always)]
            fn right<E: $crate::real::Elementary>(self, $ra: E, $rb: E, $ry: E, $ry_bar: E) -> E {
                let _ = (&$ra, &$rb, &$ry);
                $right
            }
        }
    };
}
pub(super) use binary;

/// Defines a [`Ternary`](super::Ternary) primitive.
macro_rules! ternary {
    (
        $(#[$doc:meta])*
        $P:ident;
        maths $maths:literal;
        $(domain $domain:literal;)?
        $(kinks $kinks:literal;)?
        reads [$($reads:ident),*];
        $(partials $finite:ident;)?
        samples $samples:expr;
        $(chosen |$ca:ident, $cb:ident, $cc:ident| $chosen:expr;)?
        value |$va:ident, $vb:ident, $vc:ident| $value:expr;
        pullback |[$a:ident, $b:ident, $c:ident], $y:ident, $y_bar:ident| $pullback:expr;
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("`", $maths, "`")]
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $P;

        impl $crate::primitive::Ternary for $P {
            const MATHS: &'static str = $maths;
            const DOMAIN: &'static str = concat!($($domain)?);
            const KINKS: &'static str = concat!($($kinks)?);
            const READS: $crate::primitive::Reads = $crate::primitive::Reads::of(&[$(stringify!($reads)),*]);
            $(const FINITE: bool = matches!(stringify!($finite).as_bytes(), b"finite");)?
            const SAMPLES: &'static [[f64; 3]] = &$samples;

            $(
                #[inline(always)]
                fn chosen(self, $ca: f64, $cb: f64, $cc: f64) -> $crate::primitive::Chosen {
                    let _ = ($ca, $cb, $cc);
                    $chosen
                }
            )?

            #[inline(always)]
            fn value<T: num_traits::Float>(self, $va: T, $vb: T, $vc: T) -> T {
                $value
            }

            #[inline(always)]
            fn pullback<E: $crate::real::Elementary>(self, [$a, $b, $c]: [E; 3], $y: E, $y_bar: E) -> [E; 3] {
                let _ = (&$a, &$b, &$c, &$y);
                $pullback
            }
        }
    };
}
pub(super) use ternary;
