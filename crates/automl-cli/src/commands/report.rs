//! `automl report`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use automl::{AutomlError, Run};

use super::{print, theme};
use crate::args::ReportArgs;

/// Seconds between two states of a live report.
const EVERY: u32 = 5;

pub(crate) fn run(args: &ReportArgs) -> Result<ExitCode, AutomlError> {
    let mut run = Run::open(&args.run)?;
    let follows = args.live && run.is_searched();
    if follows {
        let path = run.write_live_report(EVERY)?;
        print(&path.display().to_string());
        show(args, &path)?;
        while run.is_searched() {
            std::thread::sleep(Duration::from_secs(EVERY.into()));
            run = Run::open(&args.run)?;
            run.write_live_report(EVERY)?;
        }
        run = Run::open(&args.run)?;
    }
    let path = match args.trial {
        Some(number) => run.write_trial_report(number)?,
        None => run.write_report()?,
    };
    if !follows {
        print(&path.display().to_string());
        show(args, &path)?;
    }
    if args.json {
        print(&run.write_report_json()?.display().to_string());
    }
    if let Some(folder) = &args.figures {
        run.write_charts(folder, theme(args.dark))?;
        print(&folder.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

fn show(args: &ReportArgs, page: &Path) -> Result<(), AutomlError> {
    if !args.open {
        return Ok(());
    }
    open::that_detached(page).map_err(|error| {
        AutomlError::config(format!("cannot open `{}` in a browser: {error}", page.display()))
            .with_hint("open the file by hand")
    })
}
