//! The functions of one number for loops elsewhere in the crate that run in a [`Pass`](super::level::Pass).

use super::float;

/// `a · b + c`.
#[inline(always)]
pub(crate) fn mul_add<const FUSED: bool>(a: f64, b: f64, c: f64) -> f64 {
    float::mul_add::<f64, FUSED>(a, b, c)
}

macro_rules! lane {
    ($($name:ident)*) => {$(
        #[doc = concat!("See [`", stringify!($name), "`](super::", stringify!($name), ").")]
        #[inline(always)]
        pub(crate) fn $name<const FUSED: bool>(x: f64) -> f64 {
            float::$name::<f64, FUSED>(x)
        }
    )*};
}
lane!(exp ln tanh sigmoid softplus);
