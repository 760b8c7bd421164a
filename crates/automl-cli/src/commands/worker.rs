//! `automl worker`.

use std::io::BufRead;
use std::process::ExitCode;

use automl::{AutomlError, StopReason, StopSignal, WorkerOptions, work};

use super::print;
use super::search::{INTERRUPTED, listen_for_interrupts};
use crate::args::WorkerArgs;

pub(crate) fn run(args: &WorkerArgs) -> Result<ExitCode, AutomlError> {
    let stop = StopSignal::never();
    if args.job {
        obey(&stop)?;
    } else {
        listen_for_interrupts(&stop)?;
    }
    let options = WorkerOptions { threads: args.threads, time: args.time, is_job: args.job };
    let summary = work(&args.study, &options, &stop, &mut ())?;
    if !args.job {
        let n = summary.n_complete + summary.n_pruned + summary.n_failed;
        print(&format!("the study has {n} finished trials"));
        if summary.stopped == Some(StopReason::Interrupted) {
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line on standard input asks for the end; its end says that the search is gone, and with it the reason to go on.
/// An interrupt reaches the whole group of processes: it is the search's to answer.
fn obey(stop: &StopSignal) -> Result<(), AutomlError> {
    ctrlc::set_handler(|| {})
        .map_err(|error| AutomlError::config(format!("cannot listen for interrupts: {error}")))?;
    let stop = stop.clone();
    std::thread::spawn(move || {
        let mut line = String::new();
        loop {
            match std::io::stdin().lock().read_line(&mut line) {
                Ok(n) if n > 0 => stop.interrupt(),
                #[expect(clippy::exit, reason = "what was finished is stored, and the rest nobody waits for")]
                _ => std::process::exit(1),
            }
        }
    });
    Ok(())
}
