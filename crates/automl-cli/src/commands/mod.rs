//! One file a command: call the library, show what it gave, name the exit code.

mod describe;
mod doctor;
mod evaluate;
mod importance;
mod kernel;
mod leaderboard;
mod plot;
mod predict;
mod report;
mod search;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use automl::{AutomlError, Theme};

use crate::args::Command;

/// Runs one command.
pub(crate) fn run(command: Command) -> Result<ExitCode, AutomlError> {
    match command {
        Command::Describe(args) => describe::run(args),
        Command::Search(args) => search::run(*args),
        Command::Worker(args) => worker::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Leaderboard(args) => leaderboard::run(&args),
        Command::Importance(args) => importance::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Doctor => Ok(doctor::run()),
        Command::Notebook(args) => Ok(kernel::notebook(&args)),
        Command::Kernel(command) => Ok(kernel::run(&command)),
    }
}

fn theme(is_dark: bool) -> Theme {
    if is_dark { Theme::Dark } else { Theme::Light }
}

/// Writes data to standard output. A reader that went away (`| head`) is no error.
fn print(text: &str) {
    drop(writeln!(std::io::stdout(), "{text}"));
}

/// Writes a line to standard error: progress, a warning. Nothing is left to be done for one that is closed.
fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// What was taken otherwise than it stands in a file.
fn warn(warnings: &[String]) {
    for warning in warnings {
        say(&format!("warning: {warning}"));
    }
}
