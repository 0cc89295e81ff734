//! The matrix product of each crate, called as its documentation says, on one thread.
#![expect(unsafe_code, reason = "gemm and matrixmultiply take pointers")]

use faer::{Accum, MatMut, MatRef, Par};
use gemm::Parallelism;
use tape::kernel::{self, Element, Factor, MatmulShape};

/// A product that is to be computed: op(A) op(B), each factor stored as it is or transposed.
#[derive(Debug)]
pub(crate) struct Product<'a, T> {
    pub(crate) shape: MatmulShape,
    pub(crate) a: Factor<'a, T>,
    pub(crate) b: Factor<'a, T>,
}

impl<T> Product<'_, T> {
    /// Fails where a slice is not as long as its sizes say.
    fn check(&self, c: &[T]) {
        let MatmulShape { m, k, n } = self.shape;
        assert_eq!((self.a.data.len(), self.b.data.len(), c.len()), (m * k, k * n, m * n));
    }
}

/// Distances of two rows and of two columns of a factor that is read as `(rows, columns)`.
fn strides<T>(factor: Factor<'_, T>, rows: usize, columns: usize) -> (isize, isize) {
    if factor.transposed { (1, rows as isize) } else { (columns as isize, 1) }
}

/// `f32` or `f64`, with the product that `matrixmultiply` has for it.
pub(crate) trait Number: Element + num_traits::Float + faer::traits::ComplexField {
    const NAME: &'static str;

    fn by_matrixmultiply(product: &Product<'_, Self>, c: &mut [Self]);
}

macro_rules! number {
    ($number:ident, $gemm:ident) => {
        impl Number for $number {
            const NAME: &'static str = stringify!($number);

            fn by_matrixmultiply(product: &Product<'_, Self>, c: &mut [Self]) {
                product.check(c);
                let &Product { shape: MatmulShape { m, k, n }, a, b } = product;
                let ((a_row, a_column), (b_row, b_column)) = (strides(a, m, k), strides(b, k, n));
                let (a, b, to) = (a.data.as_ptr(), b.data.as_ptr(), c.as_mut_ptr());
                // SAFETY: the slices have the sizes that were just asserted, and the strides are theirs.
                unsafe {
                    matrixmultiply::$gemm(
                        m, k, n, 1.0, a, a_row, a_column, b, b_row, b_column, 0.0, to, n as isize, 1,
                    );
                }
            }
        }
    };
}
number!(f32, sgemm);
number!(f64, dgemm);

pub(crate) fn by_gemm<T: Number>(product: &Product<'_, T>, c: &mut [T]) {
    product.check(c);
    let &Product { shape: MatmulShape { m, k, n }, a, b } = product;
    let ((a_row, a_column), (b_row, b_column)) = (strides(a, m, k), strides(b, k, n));
    let (a, b, to) = (a.data.as_ptr(), b.data.as_ptr(), c.as_mut_ptr());
    let (zero, one) = (<T as num_traits::Zero>::zero(), <T as num_traits::One>::one());
    // SAFETY: the slices have the sizes that were just asserted, and the strides are theirs; C is written, not read.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            to,
            1,
            n as isize,
            false,
            a,
            a_column,
            a_row,
            b,
            b_column,
            b_row,
            zero,
            one,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

pub(crate) fn by_faer<T: Number>(product: &Product<'_, T>, c: &mut [T]) {
    fn view<T>(factor: Factor<'_, T>, rows: usize, columns: usize) -> MatRef<'_, T> {
        if factor.transposed {
            MatRef::from_row_major_slice(factor.data, columns, rows).transpose()
        } else {
            MatRef::from_row_major_slice(factor.data, rows, columns)
        }
    }
    let &Product { shape: MatmulShape { m, k, n }, a, b } = product;
    let c = MatMut::from_row_major_slice_mut(c, m, n);
    let one = <T as num_traits::One>::one();
    faer::linalg::matmul::matmul(c, Accum::Replace, view(a, m, k), view(b, k, n), one, Par::Seq);
}

#[inline]
pub(crate) fn ours<T: Number>(product: &Product<'_, T>, c: &mut [T]) {
    let &Product { shape, a, b } = product;
    kernel::matmul(shape, <T as num_traits::One>::one(), a, b, <T as num_traits::Zero>::zero(), c);
}
