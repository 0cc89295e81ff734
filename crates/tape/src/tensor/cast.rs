//! From one precision to the other, and the gradient back.

use super::Tensor;
use crate::{Error, Float, tape};
use std::any::Any;

impl<T: Float> Tensor<T> {
    /// The same numbers in another precision: `f32` to `f64` exactly, `f64` to `f32` rounded to the nearest. Where this tensor
    /// is recorded so is the result, and its cotangent is cast back, in recorded sweeps too.
    ///
    /// # Errors
    /// When the tensor is of another tape.
    ///
    /// ```
    /// # fn main() -> Result<(), tape::Error> {
    /// use tape::{Tape, Tensor};
    /// let tape = Tape::begin();
    /// let x = tape.tensor(&Tensor::<f32>::full(&[2], 1.5));
    /// let y = x.cast::<f64>()?.powi(2).sum(); // squared in double precision
    /// assert_eq!(tape.sweep(&y)?.of(&x)?.to_vec(), [3.0_f32, 3.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cast<U: Float>(&self) -> Result<Tensor<U>, Error> {
        if let Some(same) = (self as &dyn Any).downcast_ref::<Tensor<U>>() {
            return Ok(same.clone());
        }
        let cast = Tensor::<U>::try_build(self.dims().clone(), |y| {
            for (y, x) in y.iter_mut().zip(self.elements()) {
                *y = U::from_f64(x.to_f64());
            }
        })?;
        if !self.is_recorded() {
            return Ok(cast);
        }
        if tape::is_paused() {
            tape::used_unrecorded();
            return Ok(cast);
        }
        let handle = tape::record_cast(self, &cast)?;
        Ok(cast.on(handle))
    }
}
