//! The functions with the data that they are not differentiated by.

use crate::functions;
use crate::inputs::Mixture;
use crate::number::Real;

/// A function of many numbers with `M` outputs, for any kind of number.
pub(crate) trait Problem<const M: usize> {
    fn call<R: Real>(&self, x: &[R]) -> [R; M];
}

macro_rules! problem {
    ($Name:ident { $($field:ident: $Type:ty),* } [$M:literal] $call:expr) => {
        pub(crate) struct $Name {
            $(pub(crate) $field: $Type),*
        }
        impl Problem<$M> for $Name {
            #[inline(always)]
            fn call<R: Real>(&self, x: &[R]) -> [R; $M] {
                let $Name { $($field),* } = self;
                $call(x, $($field),*)
            }
        }
    };
}

problem!(Rosenbrock {}[1] | x | [functions::rosenbrock(x)]);
problem!(Speelpenning {}[1] | x | [functions::speelpenning(x)]);
problem!(LogSumExp {}[1] | x | [functions::log_sum_exp(x)]);
problem!(LeastSquares { n: usize }[1] | x, &n | [functions::least_squares(x, n)]);
problem!(Gaussians { data: Mixture }[1] | x, data | [functions::mixture(x, data)]);
problem!(Reprojection { seen: [f64; 2] }[2] | x, &seen | functions::reprojection(x, seen));
problem!(Net { x: Vec<f64>, y: Vec<f64> } [1] |parameters, x, y| [functions::net(parameters, x, y)]);
problem!(BlackScholes {}[1] | x | [functions::black_scholes(x)]);
problem!(Path { normals: Vec<f64> } [1] |x, normals| [functions::path(x, normals)]);
