//! What the project does as a whole, seen from outside: one binary for all of it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets an error has failed")]

mod bad_input;
mod browser;
mod describe;
mod device;
mod direction;
mod events;
mod jobs;
mod kernel;
mod kill;
mod notebook;
mod objectives;
mod optuna;
mod report;
mod search;
mod space;
mod support;
