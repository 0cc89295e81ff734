//! Programs: replays, derivatives, comparisons, text and sparsity.

mod guards;
mod optimised;
mod random;
mod replays;
mod sparsity;
mod text;
