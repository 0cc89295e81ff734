//! The array handle: shared row-major data, a shape, and where it stands on the tape.
//!
//! Each operation is one file (or one family a file) below, with its forward, its pullback written in tensor
//! operations, its shape rule, doc and test; `operation` holds the list of them.

mod accumulator;
mod broadcast;
mod cast;
mod cholesky;
mod convolution;
mod creation;
mod cross_entropy;
pub(crate) mod custom;
mod dense;
mod determinant;
mod diagonal;
mod display;
mod einsum;
mod elementwise;
mod elimination;
mod extremes;
mod indexing;
mod layout;
mod losses;
mod map;
mod matmul;
mod moments;
mod moving;
mod nested;
mod norms;
mod operation;
mod penalty;
mod pick;
#[cfg(test)]
pub(crate) mod planted;
mod products;
mod random;
mod reduce;
mod run;
mod scan;
mod softmax;
mod solve;
mod storage;
mod triangular;

pub(crate) use accumulator::{Accumulator, Old};
pub(crate) use map::Precise;
pub use map::{ScalarFn, ScalarFn2};
pub use matmul::{Factor, Transposed};
pub(crate) use operation::{At, Inputs, Op, Operation, Reads};
use storage::Body;
pub(crate) use storage::Pool;
pub use triangular::Triangle;

use crate::tape::{self, Handle};
use crate::{Error, Float, Shape, Var};
use std::fmt;
use triomphe::Arc;

/// An array of any rank, `f32` or `f64`, row-major, that records what is done with it once it is on a tape.
///
/// Copies share the data; it is written only where nothing else holds it. [`Tape::tensor`](crate::Tape::tensor)
/// makes an independent variable of one; everything else is a constant until it meets one. Named methods
/// (`add`, `matmul`) return errors, operators panic with the same words; shapes broadcast by NumPy's rules.
///
/// ```
/// # fn main() -> Result<(), tape::Error> {
/// use tape::{Tape, Tensor};
/// let tape = Tape::begin();
/// let theta = tape.tensor(&Tensor::from_slice(&[0.5, -1.0], &[1, 2])?);
/// let x = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?; // two rows
/// let cost = x.matmul(theta.t())?.sigmoid().sum();
/// assert_eq!(tape.sweep(&cost)?.of(&theta)?.shape(), [1, 2]);
/// # Ok(())
/// # }
/// ```
pub struct Tensor<T: Float = f64> {
    /// Always there, but in the inputs of nodes, where a hollow tensor stands for the output of an earlier node:
    /// a counter need not be touched for it. Dropping gives the body back to the pool.
    body: Option<Arc<Body<T>>>,
    handle: Handle,
}

impl<T: Float> Tensor<T> {
    /// The tensor of this shape with a copy of `values`, last axis fastest.
    ///
    /// # Errors
    /// When the number of values is not the product of the shape.
    ///
    /// ```
    /// use tape::Tensor;
    /// assert_eq!(Tensor::from_slice(&[1.0, 2.0], &[2, 1])?.shape(), [2, 1]);
    /// let error = Tensor::from_slice(&[1.0, 2.0], &[3]).unwrap_err();
    /// assert_eq!(error.to_string(), "from_slice: wants 3 values for shape [3], got 2");
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn from_slice(values: &[T], shape: &[usize]) -> Result<Self, Error> {
        let shape = fitting("from_slice", values.len(), shape)?;
        Tensor::try_build(shape, |data| data.copy_from_slice(values))
    }

    /// The tensor of this shape that takes over `values`, last axis fastest.
    ///
    /// # Errors
    /// When the number of values is not the product of the shape.
    ///
    /// ```
    /// use tape::Tensor;
    /// assert_eq!(Tensor::from_vec(vec![1.0, 2.0], &[2])?.to_vec(), [1.0, 2.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn from_vec(values: Vec<T>, shape: &[usize]) -> Result<Self, Error> {
        let shape = fitting("from_vec", values.len(), shape)?;
        Ok(Tensor::of(storage::with_elements(values, shape)))
    }

    /// The tensor without axes that holds one number.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::scalar(2.0).item(), Ok(2.0));
    /// ```
    pub fn scalar(value: T) -> Self {
        Tensor::full(&[], value)
    }

    /// The tensor of this shape whose elements are all `value`.
    ///
    /// # Panics
    /// When the elements of the shape can't be counted, or there is no memory for them.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::full(&[2], 7.0).to_vec(), [7.0, 7.0]);
    /// ```
    #[track_caller]
    pub fn full(shape: &[usize], value: T) -> Self {
        let shape = Shape::checked("full", shape).unwrap_or_else(|error| error.raise());
        Tensor::build(shape, |data| data.fill(value))
    }

    /// The tensor of this shape whose elements are all zero.
    ///
    /// # Panics
    /// When the elements of the shape can't be counted, or there is no memory for them.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::<f32>::zeros(&[2]).to_vec(), [0.0, 0.0]);
    /// ```
    #[track_caller]
    pub fn zeros(shape: &[usize]) -> Self {
        Tensor::full(shape, T::from_f64(0.0))
    }

    /// The tensor of this shape gathered from scalars, last axis fastest. Where they are recorded it stands on
    /// their tape, and a sweep hands its cotangent on to them, element by element.
    ///
    /// # Errors
    /// When the number of values is not the product of the shape, or a value is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let (a, b) = (tape.var(2.0), tape.var(3.0));
    /// let y = Tensor::from_vars(&[a.powi(2), a * b], &[2])?.exp().sum();
    /// assert_eq!(tape.sweep(&y)?.of(&b)?, 2.0 * 6.0_f64.exp());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_vars(values: &[Var<T>], shape: &[usize]) -> Result<Self, Error> {
        let shape = fitting("from_vars", values.len(), shape)?;
        let gathered = Tensor::build(shape, |data| {
            for (element, var) in data.iter_mut().zip(values) {
                *element = var.value();
            }
        });
        if tape::is_paused() || values.iter().all(|var| !var.is_recorded()) {
            return Ok(gathered);
        }
        let lines = values.iter().map(|var| (var.handle(), var.partial()));
        let handle = tape::record_gather(lines, &gathered)?;
        Ok(gathered.with_handle(handle))
    }

    /// The element at this index, as a scalar: on the tape where the tensor is, so that the gradient crosses
    /// over.
    ///
    /// # Errors
    /// When the index does not fit the shape, or the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0], &[2, 2])?);
    /// let y = x.at(&[0, 1])? * x.at(&[1, 0])?;
    /// assert_eq!(tape.sweep(&y)?.of(&x)?.to_vec(), [0.0, 3.0, 2.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn at(&self, index: &[usize]) -> Result<Var<T>, Error> {
        if index.len() != self.dims().rank() {
            let want = format!("wants an index for each axis of {:?}", self.dims());
            return Err(Error::Length { operation: "at", want, got: index.len() });
        }
        let mut offset = 0;
        for (axis, (&i, &length)) in index.iter().zip(&**self.dims()).enumerate() {
            if i >= length {
                let want = format!("wants an index below {length} along axis {axis}");
                return Err(Error::Index { operation: "at", want, got: i });
            }
            offset = offset * length + i;
        }
        let value = self.as_slice()[offset];
        if self.handle.tape == 0 || tape::is_paused() {
            return Ok(Var::constant(value));
        }
        tape::record_element(self, offset, value)
    }

    /// The lengths of the axes.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::<f64>::zeros(&[2, 3]).shape(), [2, 3]);
    /// ```
    pub fn shape(&self) -> &[usize] {
        self.dims()
    }

    /// How many elements there are.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::<f64>::zeros(&[2, 3]).len(), 6);
    /// ```
    pub fn len(&self) -> usize {
        self.body().count()
    }

    /// Whether there are no elements.
    ///
    /// ```
    /// assert!(tape::Tensor::<f64>::zeros(&[2, 0]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, last axis fastest.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::full(&[2], 1.0).as_slice(), [1.0, 1.0]);
    /// ```
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        if self.is_recorded() {
            tape::used_unrecorded();
        }
        self.elements()
    }

    /// The elements, for the operations themselves: a trace does not mind that they are read.
    #[inline]
    pub(crate) fn elements(&self) -> &[T] {
        self.body().elements().expect("a pullback reads only what its operation declares to read")
    }

    /// A copy of the elements, last axis fastest.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::full(&[2], 1.0).to_vec(), vec![1.0, 1.0]);
    /// ```
    pub fn to_vec(&self) -> Vec<T> {
        self.as_slice().to_vec()
    }

    /// The only element.
    ///
    /// # Errors
    /// When there is not exactly one.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::full(&[1, 1], 3.0).item(), Ok(3.0));
    /// ```
    pub fn item(&self) -> Result<T, Error> {
        match self.as_slice() {
            [element] => Ok(*element),
            _ => Err(Error::shape("item", "wants exactly one element", &[self.dims()])),
        }
    }

    /// The elements, to write to. Where anything else holds the data it is copied first, so values that a tape
    /// has saved stay what they were; the tensor itself becomes a constant, as what it now holds was not
    /// recorded.
    ///
    /// ```
    /// let mut x = tape::Tensor::full(&[2], 1.0);
    /// let before = x.clone();
    /// x.as_mut_slice()[0] = 5.0;
    /// assert_eq!((x.to_vec(), before.to_vec()), (vec![5.0, 1.0], vec![1.0, 1.0]));
    /// ```
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        if self.is_recorded() {
            tape::used_unrecorded();
        }
        self.handle = Handle::default();
        if self.unshared().is_none() {
            *self = Tensor::build(self.dims().clone(), |data| data.copy_from_slice(self.as_slice()));
        }
        self.unshared().expect("nothing else holds what was just made")
    }

    /// The part of a one-dimensional tensor that starts at `offset`, in another shape, without a copy: how
    /// layers see a flat buffer of parameters. It is a constant, to be made a leaf.
    ///
    /// # Errors
    /// When the part reaches past the end.
    ///
    /// ```
    /// use tape::Tensor;
    /// let flat = Tensor::from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5])?;
    /// assert_eq!(flat.view(1, &[2, 2])?.to_vec(), [2.0, 3.0, 4.0, 5.0]);
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn view(&self, offset: usize, shape: &[usize]) -> Result<Self, Error> {
        let shape = Shape::checked("view", shape)?;
        let end = offset.saturating_add(shape.elements());
        if end > self.len() {
            let want = format!("wants a part that ends within the {} elements", self.len());
            return Err(Error::Length { operation: "view", want, got: end });
        }
        if self.is_recorded() {
            tape::used_unrecorded();
        }
        Ok(Tensor::of(storage::part(self.shared(), offset, shape)))
    }

    /// Whether the tensor stands on a tape: false for constants.
    ///
    /// ```
    /// assert!(!tape::Tensor::<f64>::zeros(&[1]).is_recorded());
    /// ```
    pub fn is_recorded(&self) -> bool {
        self.handle.tape != 0
    }

    /// The same data as a constant.
    ///
    /// ```
    /// let tape = tape::Tape::begin();
    /// let x = tape.tensor(&tape::Tensor::full(&[1], 2.0));
    /// assert!(!x.to_constant().is_recorded());
    /// ```
    #[must_use]
    pub fn to_constant(&self) -> Self {
        if self.is_recorded() {
            tape::used_unrecorded();
        }
        self.unhandled()
    }

    /// The same data without a handle, for the operations themselves.
    pub(crate) fn unhandled(&self) -> Self {
        self.with_handle(Handle::default())
    }

    /// This tensor, after telling the tape to keep its cotangent: a sweep lets go of those of intermediate
    /// tensors otherwise.
    ///
    /// # Errors
    /// When the tensor is a constant or of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// let tape = tape::Tape::begin();
    /// let x = tape.tensor(&tape::Tensor::<f64>::full(&[1], 2.0));
    /// let a = (&x * &x).keep()?;
    /// let y = (&a * 3.0).sum();
    /// assert_eq!(tape.sweep(&y)?.of(&a)?.item(), Ok(3.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep(self) -> Result<Self, Error> {
        tape::keep(&self)?;
        Ok(self)
    }

    /// A constant of this shape whose data `fill` writes. What it finds there is left from another tensor. An error where
    /// there is no memory for it.
    #[inline]
    pub(crate) fn try_build(shape: Shape, fill: impl FnOnce(&mut [T])) -> Result<Self, Error> {
        Ok(Tensor::of(storage::take(&shape, shape.elements(), fill)?))
    }

    /// The same of the shape of this tensor.
    #[inline]
    pub(crate) fn try_alike(&self, fill: impl FnOnce(&mut [T])) -> Result<Self, Error> {
        Ok(Tensor::of(storage::take(self.dims(), self.len(), fill)?))
    }

    /// As [`try_build`](Tensor::try_build), where there is nobody to tell: it panics with the words of the error.
    #[inline]
    #[track_caller]
    pub(crate) fn build(shape: Shape, fill: impl FnOnce(&mut [T])) -> Self {
        Tensor::try_build(shape, fill).unwrap_or_else(|error| error.raise())
    }

    /// As [`try_alike`](Tensor::try_alike), where there is nobody to tell: it panics with the words of the error.
    #[inline]
    #[track_caller]
    pub(crate) fn alike(&self, fill: impl FnOnce(&mut [T])) -> Self {
        self.try_alike(fill).unwrap_or_else(|error| error.raise())
    }

    fn of(body: Arc<Body<T>>) -> Self {
        Tensor { body: Some(body), handle: Handle::default() }
    }

    fn shared(&self) -> &Arc<Body<T>> {
        self.body.as_ref().expect("a hollow tensor is looked up before it is read")
    }

    fn body(&self) -> &Body<T> {
        self.shared()
    }

    /// The elements, to write to, if nothing else holds them.
    pub(crate) fn unshared(&mut self) -> Option<&mut [T]> {
        Arc::get_mut(self.body.as_mut()?)?.own_mut()
    }

    /// The elements, to be written all anew; what others hold stays as it is.
    #[inline]
    pub(crate) fn rewritten(&mut self) -> &mut [T] {
        if self.unshared().is_none() {
            *self = self.alike(|_| ());
        }
        self.unshared().expect("nothing else holds what was just made")
    }

    /// The lengths of the axes, as the shape that they are.
    #[inline]
    pub(crate) fn dims(&self) -> &Shape {
        self.body().shape()
    }

    /// The same data under another shape with as many elements, as a constant.
    pub(crate) fn reshaped(&self, shape: Shape) -> Self {
        Tensor::of(storage::part(self.shared(), 0, shape))
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }

    /// A tensor that stands for nothing yet.
    #[inline]
    pub(crate) fn nothing() -> Self {
        Tensor { body: None, handle: Handle::default() }
    }

    /// This tensor, standing on the tape.
    pub(crate) fn on(mut self, handle: Handle) -> Self {
        self.handle = handle;
        self
    }

    pub(crate) fn set_handle(&mut self, handle: Handle) {
        self.handle = handle;
    }

    pub(crate) fn with_handle(&self, handle: Handle) -> Self {
        Tensor { body: self.body.clone(), handle }
    }

    /// The handle alone: in a list of nodes it says where to look.
    pub(crate) fn hollow(&self) -> Self {
        Tensor { body: None, handle: self.handle }
    }

    /// This tensor, or where it is hollow the output that it stands for.
    #[inline]
    pub(crate) fn or_output_of<'a>(&'a self, nodes: &'a [tape::Node<T>]) -> &'a Self {
        if self.body.is_some() { self } else { &nodes[self.handle.number as usize].output }
    }

    /// Shape and handle, and the data only if somebody will read it.
    pub(crate) fn without_data_unless(&self, read: bool) -> Self {
        // A few numbers are cheaper kept than given up. In debug builds they are not, so that a pullback which
        // reads what its operation does not declare is found with small tensors too.
        if read || (self.len() <= 64 && !cfg!(debug_assertions)) {
            return self.clone();
        }
        Tensor { body: Some(storage::without_elements(self.dims().clone())), handle: self.handle }
    }

    /// The elements, unless the tape has let go of them.
    pub(crate) fn data_if_kept(&self) -> Option<&[T]> {
        self.body().elements()
    }

    /// Adds `other`, of the same shape, in place where nothing else holds the data.
    pub(crate) fn accumulate(&mut self, other: &Tensor<T>) {
        debug_assert_eq!(self.dims(), other.dims(), "cotangents have the shape of their tensor");
        self.handle = Handle::default();
        match self.unshared() {
            Some(sum) => crate::kernel::axpy(T::from_f64(1.0), other.as_slice(), sum),
            None => {
                *self = Tensor::build(self.dims().clone(), |sum| {
                    for ((sum, &a), &b) in sum.iter_mut().zip(self.as_slice()).zip(other.as_slice()) {
                        *sum = a + b;
                    }
                });
            }
        }
    }
}

fn fitting(operation: &'static str, values: usize, shape: &[usize]) -> Result<Shape, Error> {
    let shape = Shape::checked(operation, shape)?;
    if shape.elements() == values {
        return Ok(shape);
    }
    let want = format!("wants {} values for shape {shape:?}", shape.elements());
    Err(Error::Length { operation, want, got: values })
}

impl<T: Float> Clone for Tensor<T> {
    fn clone(&self) -> Self {
        self.with_handle(self.handle)
    }
}

impl<T: Float> Drop for Tensor<T> {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            storage::give(body);
        }
    }
}

/// Equal where shapes and elements are, by the rules of floats: NaN equals nothing.
impl<T: Float> PartialEq for Tensor<T> {
    fn eq(&self, other: &Self) -> bool {
        self.dims() == other.dims() && self.as_slice() == other.as_slice()
    }
}

impl<T: Float> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor<{}>{:?}", T::NAME, self.dims())?;
        match self.data_if_kept() {
            Some(elements) if elements.len() <= 64 => write!(f, " {elements:?}"),
            Some(elements) => write!(f, " {:?} and {} more", &elements[..8], elements.len() - 8),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
