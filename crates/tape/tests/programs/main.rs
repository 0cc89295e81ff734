//! Programs: replays, derivatives, comparisons, text and sparsity.

#[path = "../random_steps/mod.rs"]
mod random_steps;

mod extremes;
mod guards;
mod optimised;
mod random;
mod replays;
mod rounding;
mod sparsity;
mod text;
mod workspaces;
