//! Buffers that tensors have let go of, waiting to be used again.
//!
//! A training step asks for the same lengths each time, so after the first it allocates nothing: the buffer
//! comes back together with the counter it is shared by.

use crate::Float;
use std::sync::Arc;

/// The buffers of one precision that wait on this thread.
#[derive(Debug)]
pub struct Pool<T> {
    waiting: Vec<Arc<Vec<T>>>,
}

/// How many buffers wait at most; the one that has waited longest goes first.
const MOST_WAITING: usize = 64;

impl<T> Pool<T> {
    pub(crate) const fn new() -> Self {
        Pool { waiting: Vec::new() }
    }
}

/// An unshared buffer of this length. Its elements are initialised, but are anybody's.
pub(crate) fn take<T: Float>(length: usize) -> Arc<Vec<T>> {
    let waiting = T::with_pool(|pool| {
        // The one that came last is the one most likely to be in cache.
        let place = pool.waiting.iter().rposition(|buffer| buffer.len() == length)?;
        Some(pool.waiting.swap_remove(place))
    });
    waiting.flatten().unwrap_or_else(|| Arc::new(vec![T::default(); length]))
}

/// Takes a buffer back, if nothing else holds it.
pub(crate) fn give<T: Float>(mut buffer: Arc<Vec<T>>) {
    if Arc::get_mut(&mut buffer).is_none() || buffer.is_empty() {
        return;
    }
    T::with_pool(|pool| {
        if pool.waiting.len() == MOST_WAITING {
            pool.waiting.remove(0);
        }
        pool.waiting.push(buffer);
    });
}

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn a_buffer_that_nobody_holds_is_used_again() {
        let first = Tensor::<f64>::full(&[12_345], 1.0);
        let address = first.as_slice().as_ptr();
        let copy = first.clone();
        drop(first);
        assert_ne!(Tensor::<f64>::zeros(&[12_345]).as_slice().as_ptr(), address, "the copy still holds it");
        assert_eq!(copy.as_slice()[0], 1.0);
        drop(copy);
        assert_eq!(Tensor::<f64>::zeros(&[12_345]).as_slice().as_ptr(), address);
    }
}
