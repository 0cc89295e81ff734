//! The scalar grain through its public face.

#[path = "../random_steps/mod.rs"]
mod random_steps;

mod checkpoints;
mod derivatives;
mod handles;
mod limits;
mod random_programs;
mod rules;
mod tapes;
mod zero_times_infinity;
