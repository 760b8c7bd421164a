//! `automl report`.

use std::process::ExitCode;

use automl::{AutomlError, Run};

use super::print;
use crate::args::ReportArgs;

pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode, AutomlError> {
    let path = Run::open(&args.run)?.write_report()?;
    print(&path.display().to_string());
    Ok(ExitCode::SUCCESS)
}
