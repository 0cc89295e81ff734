//! Determinants, whose gradient is the matrix of cofactors: finite and right also where the matrix is singular.

use super::Tensor;
use super::operation::{At, Operation, Reads, apply};
use super::triangular::{Triangle, square, substitute};
use crate::linear::Pivoted;
use crate::shape::Axes;
use crate::{Error, Float, Shape};

/// `y = det A`, `Ā += ȳ cof A` (Giles 2008, 2.2.4; Petersen & Pedersen 2012, 2.1).
#[derive(Clone, Debug)]
pub(crate) struct Determinant;

/// `Y = cof A`, `Ā += D cof A [Ȳ]`: the second derivative of the determinant is symmetric.
#[derive(Clone, Debug)]
pub(crate) struct Cofactors;

/// `Y = D cof A [E]`, the derivative of the cofactors of A along E; with A⁽ⁱʲ⁾ for A without row i and column j
/// `Ē += D cof A [Ȳ]`, `Ā⁽ⁱʲ⁾ += (-1)ⁱ⁺ʲ eᵢⱼ D cof A⁽ⁱʲ⁾ [Ȳ⁽ⁱʲ⁾]` for all i and j.
#[derive(Clone, Debug)]
pub(crate) struct CofactorsAlong;

impl<T: Float> Tensor<T> {
    /// The determinant of this matrix: (n, n), without axes; or that of each matrix of a batch. Of an empty matrix
    /// it is 1.
    ///
    /// Its gradient is the matrix of cofactors, from factors with complete pivots and without dividing by them (Stewart
    /// 1998, *On the adjugate matrix*), and its second derivative comes from the same factors: both are finite and right
    /// for a matrix of any rank. Third and higher derivatives go through the minors, for which each order takes n²
    /// times as long. All is computed in `f64`.
    ///
    /// # Errors
    /// When the matrix is not square, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let a = tape.tensor(&Tensor::from_slice(&[1.0, 2.0, 2.0, 4.0], &[2, 2])?);
    /// let y = a.det()?;
    /// assert_eq!(y.item(), Ok(0.0));
    /// // Singular, and its gradient is [[d, -c], [-b, a]] all the same.
    /// assert_eq!(tape.sweep(&y)?.of(&a)?.to_vec(), [4.0, -2.0, -2.0, 1.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn det(&self) -> Result<Self, Error> {
        apply(Determinant, &[self])
    }

    /// The n² matrices that are left of each matrix of a batch without one row and one column, on a new axis before the
    /// last two.
    fn without_each(&self) -> Result<Self, Error> {
        let (batch, n) = square("det", self)?;
        let places = places_without_each(batch.iter().product(), n);
        let shape: Axes = batch.iter().copied().chain([n * n, n - 1, n - 1]).collect();
        self.pick(places, Shape::new(&shape))
    }
}

/// Where the elements of those matrices stand.
fn places_without_each(matrices: usize, n: usize) -> Box<[usize]> {
    let others = move |k: usize| (0..n).filter(move |&i| i != k);
    let all = (0..matrices * n * n).flat_map(|k| {
        let (start, row, column) = (k - k % (n * n), k / n % n, k % n);
        others(row).flat_map(move |i| others(column).map(move |j| start + i * n + j))
    });
    all.collect()
}

/// A tensor of what `f` makes of each matrix, in the given shape.
fn of_each<T: Float, const N: usize>(
    operation: &'static str,
    inputs: [&Tensor<T>; N],
    shape: Shape,
    f: impl Fn([Vec<f64>; N], usize) -> Vec<f64>,
) -> Result<Tensor<T>, Error> {
    let (batch, n) = square(operation, inputs[0])?;
    let matrices: usize = batch.iter().product();
    let size = n * n;
    Tensor::try_build(shape, |y| {
        let made = y.len() / matrices.max(1);
        for k in 0..matrices {
            let of = |input: &Tensor<T>| {
                input.elements()[k * size..(k + 1) * size].iter().map(|x| x.to_f64()).collect()
            };
            for (y, made) in y[k * made..(k + 1) * made].iter_mut().zip(f(inputs.map(of), n)) {
                *y = T::from_f64(made);
            }
        }
    })
}

impl Operation for Determinant {
    fn name(&self) -> &'static str {
        "det"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let shape = Shape::new(square(self.name(), inputs[0])?.0);
        of_each(self.name(), [inputs[0]], shape, |[a], n| vec![Pivoted::of(&a, n).determinant()])
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        let (a, y_bar) = (at.input(0), at.cotangent);
        let each: Axes = y_bar.shape().iter().copied().chain([1, 1]).collect();
        let a_bar = || apply(Cofactors, &[a])?.mul(&y_bar.reshape(&each)?);
        a_bar().expect("the cofactors have the shape of their matrix")
    }
}

impl Operation for Cofactors {
    fn name(&self) -> &'static str {
        "cofactors"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let shape = inputs[0].dims().clone();
        of_each(self.name(), [inputs[0]], shape, |[a], n| Pivoted::of(&a, n).cofactors())
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, _argument: usize) -> Tensor<T> {
        apply(CofactorsAlong, &[at.input(0), at.cotangent])
            .expect("the cotangent has the shape of the matrix")
    }
}

impl Operation for CofactorsAlong {
    fn name(&self) -> &'static str {
        "cofactors_along"
    }

    fn reads(&self) -> Reads {
        Reads::INPUTS
    }

    fn forward<T: Float>(&self, inputs: &[&Tensor<T>]) -> Result<Tensor<T>, Error> {
        let shape = inputs[0].dims().clone();
        of_each(self.name(), [inputs[0], inputs[1]], shape, |[a, e], n| {
            cofactors_along(&Pivoted::of(&a, n), &e)
        })
    }

    fn pullback<T: Float>(&self, at: &At<'_, T>, argument: usize) -> Tensor<T> {
        let (a, e, y_bar) = (at.input(0), at.input(1), at.cotangent);
        let pulled = || {
            let (batch, n) = square(self.name(), a)?;
            if argument == 1 {
                return apply(CofactorsAlong, &[a, y_bar]);
            }
            if n < 3 {
                // A polynomial of degree n.
                return Ok(Tensor::zeros(a.shape()));
            }
            let signs = Tensor::build(Shape::new(&[n, n]), |signs| {
                for (k, sign) in signs.iter_mut().enumerate() {
                    *sign = T::from_f64(if (k / n + k % n) % 2 == 0 { 1.0 } else { -1.0 });
                }
            });
            let each: Axes = batch.iter().copied().chain([n * n, 1, 1]).collect();
            let weights = e.mul(&signs)?.reshape(&each)?;
            let of_minors = apply(CofactorsAlong, &[&a.without_each()?, &y_bar.without_each()?])?;
            let places = places_without_each(batch.iter().product(), n);
            of_minors.mul(&weights)?.put(places, a.dims().clone())
        };
        pulled().expect("what is pulled back has the shape of the matrix")
    }
}

/// `D cof A [E]`. In the coordinates that make A diagonal, `E′ = L⁻¹ P E Q U⁻¹`, each minor of D of order two takes the
/// product of all other pivots: no pivot is divided by.
fn cofactors_along(a: &Pivoted, e: &[f64]) -> Vec<f64> {
    let n = a.n;
    let mut x: Vec<f64> = (0..n * n).map(|k| e[a.rows[k / n] * n + a.columns[k % n]]).collect();
    substitute(&a.entries, n, Triangle::UnitLower, false, &mut x);
    let mut x = exchanged(&x, n);
    substitute(&a.entries, n, Triangle::UnitUpper, true, &mut x);
    // The transpose of E′ now, as it is wanted.
    let mut y = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..i {
            let of_others: f64 =
                (0..n).filter(|&k| k != i && k != j).map(|k| a.pivots[k]).product::<f64>() * a.sign;
            y[i * n + i] += of_others * x[j * n + j];
            y[j * n + j] += of_others * x[i * n + i];
            y[i * n + j] = -of_others * x[i * n + j];
            y[j * n + i] = -of_others * x[j * n + i];
        }
    }
    substitute(&a.entries, n, Triangle::UnitLower, true, &mut y);
    let mut y = exchanged(&y, n);
    substitute(&a.entries, n, Triangle::UnitUpper, false, &mut y);
    let mut along = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            along[a.rows[i] * n + a.columns[j]] = y[j * n + i];
        }
    }
    along
}

fn exchanged(x: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|k| x[k % n * n + k / n]).collect()
}
