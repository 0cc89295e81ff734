//! The scalar grain through its public face.

mod derivatives;
mod handles;
mod random_programs;
mod tapes;
