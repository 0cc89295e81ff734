//! What tensors share: a shape with its elements, and the pool to which it returns when the last tensor lets go.
//!
//! A training step asks for the same lengths each time, so after the first it allocates nothing: a body comes
//! back whole, with its buffer and the counter it is shared by.

use crate::tape::pages;
use crate::{Error, Float, Shape};
use triomphe::Arc;

/// A shape with its elements: its own, or a part of another body's. A tape keeps bodies without elements of
/// tensors that no pullback reads.
#[derive(Debug, Default)]
pub(crate) struct Body<T: Float> {
    shape: Shape,
    /// How many elements the shape has; asked for more often than the shape.
    count: usize,
    own: Vec<T>,
    /// The body whose elements these are, from the offset on; it has elements of its own.
    base: Option<Arc<Body<T>>>,
    offset: usize,
}

impl<T: Float> Body<T> {
    /// The elements, or `None` if the body is there for its shape only.
    #[inline]
    pub(crate) fn elements(&self) -> Option<&[T]> {
        match &self.base {
            None => (self.own.len() == self.count).then_some(&self.own),
            Some(base) => Some(&base.own[self.offset..self.offset + self.count]),
        }
    }

    #[inline]
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    #[inline]
    fn set_shape(&mut self, shape: Shape) {
        self.count = shape.elements();
        self.shape = shape;
    }

    /// The elements of a body that owns them.
    #[inline]
    pub(crate) fn own_mut(&mut self) -> Option<&mut [T]> {
        (self.base.is_none() && self.own.len() == self.count).then_some(&mut self.own)
    }
}

/// What a body takes beside its elements, about.
const BESIDE: usize = 128;

/// The bodies of one precision that wait on this thread.
#[derive(Debug)]
pub struct Pool<T: Float> {
    /// By length: those of one length share a shelf, and seldom with others.
    shelves: [Vec<(usize, Arc<Body<T>>)>; SHELVES],
    without: Vec<Arc<Body<T>>>,
}

const SHELVES: usize = 64;

/// How many bodies wait at most on a shelf: as many as make up so many bytes, so that a step of thousands of small
/// tensors finds them all again, and not fewer than a few. One that has waited long goes first.
const MOST_BYTES_WAITING: usize = 16 << 20;
const FEW: usize = 32;

impl<T: Float> Pool<T> {
    pub(crate) const fn new() -> Self {
        Pool { shelves: [const { Vec::new() }; SHELVES], without: Vec::new() }
    }

    #[inline]
    fn shelf(&mut self, length: usize) -> &mut Vec<(usize, Arc<Body<T>>)> {
        // Fibonacci hashing (Knuth 1973, 6.4): neighbouring and round lengths spread alike.
        &mut self.shelves[(length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize >> (usize::BITS - 6)]
    }

    /// Lets everything go: the thread ends.
    pub(crate) fn clear(&mut self) {
        *self = Pool::new();
    }
}

/// An unshared body of this shape with `count` elements. They are initialised, but are anybody's.
///
/// Bodies of one length are mostly of one shape too: it is compared, and seldom copied.
#[inline]
pub(crate) fn take<T: Float>(
    shape: &Shape,
    count: usize,
    fill: impl FnOnce(&mut [T]),
) -> Result<Arc<Body<T>>, Error> {
    let waiting = T::with_pool(|pool| {
        // The one that came last is the one most likely to be in cache, and of this length.
        let shelf = pool.shelf(count);
        match shelf.pop()? {
            (length, body) if length == count => Some(body),
            other => {
                shelf.push(other);
                let place = shelf.iter().rposition(|(length, _)| *length == count)?;
                Some(shelf.swap_remove(place).1)
            }
        }
    });
    let mut body = waiting.flatten().unwrap_or_default();
    let unshared = Arc::get_mut(&mut body).expect("a body from the pool is not shared");
    if unshared.own.len() != count {
        unshared.own = zeros(count)?;
    }
    unshared.count = count;
    if unshared.shape != *shape {
        unshared.shape = shape.clone();
    }
    fill(&mut unshared.own);
    Ok(body)
}

#[cold]
fn zeros<T: Float>(count: usize) -> Result<Vec<T>, Error> {
    let mut elements = Vec::new();
    if elements.try_reserve_exact(count).is_err() {
        let bytes = count.saturating_mul(size_of::<T>());
        return Err(Error::Memory { operation: "tensor", what: "elements", bytes });
    }
    pages::wish_for_huge(&elements);
    elements.resize(count, T::default());
    Ok(elements)
}

/// A body with these elements.
pub(crate) fn with_elements<T: Float>(elements: Vec<T>, shape: Shape) -> Arc<Body<T>> {
    pages::wish_for_huge(&elements);
    Arc::new(Body { count: shape.elements(), shape, own: elements, base: None, offset: 0 })
}

/// A body for a shape only.
pub(crate) fn without_elements<T: Float>(shape: Shape) -> Arc<Body<T>> {
    let waiting = T::with_pool(|pool| pool.without.pop());
    let mut body = waiting.flatten().unwrap_or_default();
    let unshared = Arc::get_mut(&mut body).expect("a body from the pool is not shared");
    unshared.set_shape(shape);
    body
}

/// The part of a body that starts at `offset`, under another shape, which must fit.
#[inline]
pub(crate) fn part<T: Float>(of: &Arc<Body<T>>, offset: usize, shape: Shape) -> Arc<Body<T>> {
    let waiting = T::with_pool(|pool| pool.without.pop());
    let mut body = waiting.flatten().unwrap_or_default();
    let unshared = Arc::get_mut(&mut body).expect("a body from the pool is not shared");
    unshared.set_shape(shape);
    (unshared.base, unshared.offset) = match &of.base {
        Some(base) => (Some(base.clone()), of.offset + offset),
        None => (Some(of.clone()), offset),
    };
    body
}

/// Takes a body back, if nothing else holds it.
#[inline]
pub(crate) fn give<T: Float>(mut body: Arc<Body<T>>) {
    // Only strong counters are made, so a count of one is ours; whoever else let go last gives it back.
    if Arc::strong_count(&body) != 1 {
        return;
    }
    if body.base.is_some() || body.own.is_empty() {
        let Some(unshared) = Arc::get_mut(&mut body) else { return };
        unshared.offset = 0;
        let base = unshared.base.take();
        T::with_pool(|pool| put(&mut pool.without, 0, body));
        if let Some(base) = base {
            give(base);
        }
    } else {
        let length = body.own.len();
        T::with_pool(|pool| put(pool.shelf(length), length * size_of::<T>(), (length, body)));
    }
}

#[inline]
fn put<B>(waiting: &mut Vec<B>, bytes: usize, body: B) {
    if waiting.len() >= FEW && waiting.len() * (bytes + BESIDE) > MOST_BYTES_WAITING {
        waiting.swap_remove(0);
    } else if waiting.len() == waiting.capacity() {
        // Pools have no destructor, so that reaching them is one addition: the room empties them when the thread
        // ends, and has to be there. After that they have no capacity, so this is asked each time.
        if crate::tape::room_is_gone() {
            return;
        }
    }
    waiting.push(body);
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

    #[test]
    fn a_thousand_buffers_of_one_length_are_all_used_again() {
        let addresses = || {
            let all: Vec<_> = (0..1000).map(|_| Tensor::<f64>::zeros(&[23])).collect();
            all.iter().map(|x| x.as_slice().as_ptr() as usize).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(addresses(), addresses());
    }

    #[test]
    fn a_view_keeps_its_buffer_and_gives_it_back() {
        let flat = Tensor::<f64>::full(&[54_321], 1.0);
        let address = flat.as_slice().as_ptr();
        let view = flat.view(21, &[54_300]).unwrap().view(300, &[540, 100]).unwrap();
        drop(flat);
        assert_ne!(Tensor::<f64>::zeros(&[54_321]).as_slice().as_ptr(), address, "the view still holds it");
        assert_eq!(view.as_slice().len(), 54_000);
        drop(view);
        assert_eq!(Tensor::<f64>::zeros(&[54_321]).as_slice().as_ptr(), address);
    }
}
