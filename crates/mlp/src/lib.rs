//! Mlp.
