//! The rows of each step.

use crate::objective::Rows;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use tape::{Float, Tensor};

/// Rows in the order of an epoch, cut into batches that are copied into the same buffers again and again.
pub(crate) struct Batches<T: Float> {
    n: usize,
    size: usize,
    shuffled: bool,
    order: Vec<usize>,
    /// The epoch whose order it is, from 1; 0 before the first.
    epoch: usize,
    /// Rows, targets and weights of a whole batch, and of what is left over at the end of an epoch.
    buffers: [Option<Buffers<T>>; 2],
}

struct Buffers<T: Float> {
    x: Tensor<T>,
    y: Tensor<T>,
    weights: Option<Tensor<T>>,
}

impl<T: Float> Batches<T> {
    /// Batches of so many of n rows, or all of them at once in their own order.
    pub(crate) fn new(n: usize, size: Option<usize>) -> Self {
        let order = (0..n).collect();
        let (shuffled, size) = (size.is_some(), size.unwrap_or(n).min(n));
        Batches { n, size, shuffled, order, epoch: 0, buffers: [None, None] }
    }

    /// How many there are in an epoch.
    pub(crate) fn count(&self) -> usize {
        self.n.div_ceil(self.size)
    }

    /// How many rows the batch at this place of an epoch has.
    pub(crate) fn rows(&self, place: usize) -> usize {
        self.size.min(self.n - place * self.size)
    }

    /// The batch at this place of this epoch, whose order follows from the seed and its number, and from nothing before it.
    pub(crate) fn batch<'a>(
        &'a mut self,
        rows: &Rows<'a, T>,
        seed: u64,
        epoch: usize,
        place: usize,
    ) -> Rows<'a, T> {
        if !self.shuffled {
            return *rows;
        }
        if self.epoch != epoch {
            // Another stream than that of the first parameters, which may come from the same seed.
            let stream = seed ^ u64::from_le_bytes(*b"\0\0\0epoch");
            let stream = stream ^ (epoch as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            for (place, row) in self.order.iter_mut().enumerate() {
                *row = place;
            }
            self.order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(stream));
            self.epoch = epoch;
        }
        let chosen = &self.order[place * self.size..][..self.rows(place)];
        let room = |like: &Tensor<T>| Tensor::zeros(&[chosen.len(), like.shape()[1]]);
        let buffers = self.buffers[usize::from(chosen.len() < self.size)].get_or_insert_with(|| Buffers {
            x: room(rows.x),
            y: room(rows.y),
            weights: rows.weights.map(room),
        });
        pick(rows.x, chosen, &mut buffers.x);
        pick(rows.y, chosen, &mut buffers.y);
        if let (Some(from), Some(to)) = (rows.weights, &mut buffers.weights) {
            pick(from, chosen, to);
        }
        Rows { x: &buffers.x, y: &buffers.y, weights: buffers.weights.as_ref() }
    }
}

/// Copies the chosen rows, one after the other.
fn pick<T: Float>(from: &Tensor<T>, chosen: &[usize], to: &mut Tensor<T>) {
    let columns = from.shape()[1];
    let rows = to.as_mut_slice().chunks_exact_mut(columns.max(1));
    for (row, &k) in rows.zip(chosen) {
        row.copy_from_slice(&from.as_slice()[k * columns..(k + 1) * columns]);
    }
}
