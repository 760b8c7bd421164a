//! What the project does as a whole, seen from outside: one binary for all of it.

mod bad_input;
mod browser;
mod direction;
mod kill;
mod optuna;
mod search;
mod support;
