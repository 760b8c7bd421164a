//! `automl kernel` and `automl notebook`.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use automl_jupyter::{JupyterError, Places, install, remove, run_kernel, run_lab};

use crate::args::{KernelCommand, NotebookArgs};
use crate::failure;

/// Installs, removes or is the kernel.
pub(crate) fn run(command: &KernelCommand) -> ExitCode {
    let places = Places::of_user();
    let done = places.and_then(|places| match command {
        KernelCommand::Install => install(&places, &program()?, &mut say).map(drop),
        KernelCommand::Remove => {
            if !remove(&places, &mut say)? {
                say("the kernel is not installed");
            }
            Ok(())
        }
        KernelCommand::Run { connection } => run_kernel(&places, &program()?, connection),
    });
    exit_code(done)
}

/// Opens `JupyterLab` on a folder, with everything that is needed for it.
pub(crate) fn notebook(args: &NotebookArgs) -> ExitCode {
    let open = || {
        let places = Places::of_user()?;
        let jupyter = install(&places, &program()?, &mut say)?;
        run_lab(&jupyter, &args.dir, &args.jupyter, &mut say)
    };
    exit_code(open())
}

fn program() -> Result<PathBuf, JupyterError> {
    env::current_exe().map_err(|source| JupyterError::File {
        action: "find",
        path: Path::new("automl").to_owned(),
        source,
    })
}

/// A line of progress.
fn say(line: &str) {
    // Nothing is left to be done for a standard error that is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn exit_code(done: Result<(), JupyterError>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            failure::tell(&error.to_string(), &error.hints());
            ExitCode::FAILURE
        }
    }
}
