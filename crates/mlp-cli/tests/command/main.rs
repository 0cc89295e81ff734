//! The command, tested by running it.

mod bad_input;
mod main_job;
mod running;
