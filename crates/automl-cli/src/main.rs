//! The command `automl`: arguments in, exit code out. What it does lives in the library.

mod args;
mod commands;
mod events;
mod failure;
mod progress;
mod table;

use std::process::ExitCode;

use clap::Parser;

/// Large short-lived tensors are mapped and unmapped anew by glibc's allocator; this one keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run(args::Cli::parse().command) {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}
