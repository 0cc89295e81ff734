//! The rows of each step.

use crate::data::Sampler;
use crate::objective::Rows;
use tape::{Float, Tensor};

/// Rows in the order of an epoch, cut into batches that are copied into the same buffers again and again.
pub(crate) struct Batches<T: Float> {
    /// Who says in which order rows come; nobody where a step sees all of them, as they stand.
    sampler: Option<Sampler>,
    /// How many rows come in an epoch, and in a batch.
    draws: usize,
    size: usize,
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
    /// Batches of so many of n rows, shuffled for each epoch, or all of them at once in their own order.
    pub(crate) fn new(n: usize, size: Option<usize>, seed: u64) -> Self {
        match size {
            Some(size) => Batches::of(Sampler::random(n, seed), size),
            None => Batches {
                sampler: None,
                draws: n,
                size: n,
                order: Vec::new(),
                epoch: 0,
                buffers: [None, None],
            },
        }
    }

    /// Batches of so many of the rows that the sampler draws.
    pub(crate) fn of(sampler: Sampler, size: usize) -> Self {
        let draws = sampler.draws();
        let size = size.min(draws).max(1);
        Batches { sampler: Some(sampler), draws, size, order: Vec::new(), epoch: 0, buffers: [None, None] }
    }

    /// How many there are in an epoch.
    pub(crate) fn count(&self) -> usize {
        self.draws.div_ceil(self.size)
    }

    /// How many rows come in an epoch.
    pub(crate) fn draws(&self) -> usize {
        self.draws
    }

    /// A number that differs where the first rows to come do.
    pub(crate) fn fingerprint(&self) -> u64 {
        let Some(sampler) = &self.sampler else { return 0 };
        sampler.order(1).iter().fold(1, |hash, row| mixed(hash, *row as u64))
    }

    /// How many rows the batch at this place of an epoch has.
    pub(crate) fn rows(&self, place: usize) -> usize {
        self.size.min(self.draws - place * self.size)
    }

    /// The batch at this place of this epoch, whose order follows from its number, and from nothing before it.
    pub(crate) fn batch<'a>(&'a mut self, rows: &Rows<'a, T>, epoch: usize, place: usize) -> Rows<'a, T> {
        let Some(sampler) = &self.sampler else { return *rows };
        if self.epoch != epoch {
            sampler.order_into(epoch as u64, &mut self.order);
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

/// A hash of what was hashed and 64 bits more (FNV-1a of Fowler, Noll and Vo, over 64 bits at a time).
pub(super) fn mixed(hash: u64, bits: u64) -> u64 {
    (hash ^ bits).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(29)
}

/// Copies the chosen rows, one after the other.
fn pick<T: Float>(from: &Tensor<T>, chosen: &[usize], to: &mut Tensor<T>) {
    let columns = from.shape()[1];
    let rows = to.as_mut_slice().chunks_exact_mut(columns.max(1));
    for (row, &k) in rows.zip(chosen) {
        row.copy_from_slice(&from.as_slice()[k * columns..(k + 1) * columns]);
    }
}
