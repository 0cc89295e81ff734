//! The scalar grain through its public face.

mod checkpoints;
mod derivatives;
mod handles;
mod limits;
mod random_programs;
mod rules;
mod tapes;
