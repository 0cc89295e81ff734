//! Tensors with a pattern: whole numbers in order, even steps, the identity, classes as rows. All are constants.

use super::Tensor;
use crate::{Error, Float, Shape};

impl<T: Float> Tensor<T> {
    /// The numbers 0, 1, … below `count`. In `f32` those above 2²⁴ are rounded.
    ///
    /// # Panics
    /// When so many elements can't be counted.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::<f64>::arange(3).to_vec(), [0.0, 1.0, 2.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn arange(count: usize) -> Self {
        let shape = Shape::checked("arange", &[count]).unwrap_or_else(|error| error.raise());
        Tensor::build(shape, |data| {
            for (i, element) in data.iter_mut().enumerate() {
                *element = T::from_f64(i as f64);
            }
        })
    }

    /// `count` numbers in even steps from `start` to `end`, both of them exact; a single one is `start`.
    ///
    /// # Panics
    /// When so many elements can't be counted.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::linspace(1.0, 2.0, 5).to_vec(), [1.0, 1.25, 1.5, 1.75, 2.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn linspace(start: T, end: T, count: usize) -> Self {
        let shape = Shape::checked("linspace", &[count]).unwrap_or_else(|error| error.raise());
        let (start, end, last) = (start.to_f64(), end.to_f64(), count.saturating_sub(1));
        // Halved, so that the width of the widest interval is finite.
        let half_step = (end / 2.0 - start / 2.0) / last as f64;
        Tensor::build(shape, |data| {
            // Each half is counted from its own end: the numbers lie symmetrically, and both ends are themselves.
            for (i, element) in data.iter_mut().enumerate() {
                *element = T::from_f64(match i {
                    0 => start,
                    _ if i == last => end,
                    _ if i <= last / 2 => start + i as f64 * half_step * 2.0,
                    _ => end - (last - i) as f64 * half_step * 2.0,
                });
            }
        })
    }

    /// The identity matrix `(n, n)`.
    ///
    /// # Panics
    /// When so many elements can't be counted.
    ///
    /// ```
    /// assert_eq!(tape::Tensor::<f64>::eye(2).to_vec(), [1.0, 0.0, 0.0, 1.0]);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn eye(n: usize) -> Self {
        let shape = Shape::checked("eye", &[n, n]).unwrap_or_else(|error| error.raise());
        Tensor::build(shape, |data| {
            data.fill(T::default());
            data.iter_mut().step_by(n.saturating_add(1)).for_each(|element| *element = T::from_f64(1.0));
        })
    }

    /// A row for each class: one in its column, zero in the others; `(classes.len(), count)`.
    ///
    /// # Errors
    /// When a class is not below `count`, or so many elements can't be counted.
    ///
    /// ```
    /// let rows = tape::Tensor::<f64>::one_hot(&[2, 0], 3)?;
    /// assert_eq!(rows.to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// assert!(tape::Tensor::<f64>::one_hot(&[3], 3).is_err());
    /// # Ok::<(), tape::Error>(())
    /// ```
    pub fn one_hot(classes: &[usize], count: usize) -> Result<Self, Error> {
        if let Some(&got) = classes.iter().find(|&&class| class >= count) {
            let want = format!("wants classes below {count}");
            return Err(Error::Index { operation: "one_hot", want, got });
        }
        let shape = Shape::checked("one_hot", &[classes.len(), count])?;
        Ok(Tensor::build(shape, |data| {
            data.fill(T::default());
            for (row, &class) in classes.iter().enumerate() {
                data[row * count + class] = T::from_f64(1.0);
            }
        }))
    }
}
