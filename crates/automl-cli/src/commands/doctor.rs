//! `automl doctor`.

use std::process::ExitCode;

use super::print;

pub(crate) fn run() -> ExitCode {
    let lines = automl::doctor();
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in lines {
        print(&format!("{name:width$}  {value}"));
    }
    ExitCode::SUCCESS
}
