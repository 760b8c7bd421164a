//! `automl kernel` and `automl notebook`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use automl_jupyter::{Build, Door, JupyterError, Places, install, remove, run_cargo, run_kernel, run_lab};

use super::say;
use crate::args::{DoorArgs, KernelCommand, NotebookArgs};
use crate::failure;

/// The clone that this program was built from.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// The folder of libtorch's libraries, if this program links them.
const LIBTORCH: Option<&str> = option_env!("AUTOML_LIBTORCH_LIB");

/// Installs, removes or is the kernel.
pub(crate) fn run(command: &KernelCommand) -> ExitCode {
    let places = Places::of_user();
    let done = places.and_then(|places| match command {
        KernelCommand::Install(door) => {
            install(&places, &program()?, build(door).as_ref(), &mut say)?;
            Ok(ExitCode::SUCCESS)
        }
        KernelCommand::Remove => {
            if !remove(&places, &mut say)? {
                say("the kernel is not installed");
            }
            Ok(ExitCode::SUCCESS)
        }
        KernelCommand::Run { full, connection } => {
            let door = if *full { Door::Full } else { Door::Fast };
            run_kernel(&places, door, &program()?, LIBTORCH.map(Path::new), connection)?;
            Ok(ExitCode::SUCCESS)
        }
        KernelCommand::Cargo { arguments } => run_cargo(&places, arguments),
    });
    exit_code(done)
}

/// Opens `JupyterLab` on a folder, with everything that is needed for it.
pub(crate) fn notebook(args: &NotebookArgs) -> ExitCode {
    let open = || {
        let places = Places::of_user()?;
        let jupyter = install(&places, &program()?, build(&args.door).as_ref(), &mut say)?;
        run_lab(&jupyter, &args.dir, &args.jupyter, &mut say)?;
        Ok(ExitCode::SUCCESS)
    };
    exit_code(open())
}

/// How the library of the full door is built, if it is wanted.
fn build(door: &DoorArgs) -> Option<Build> {
    let sources = door.sources.clone().unwrap_or_else(|| PathBuf::from(SOURCES));
    // As the compiler was told where the sources are, without the steps back.
    let sources = sources.canonicalize().unwrap_or(sources);
    door.full.then(|| Build { sources, libtorch: LIBTORCH.map(PathBuf::from) })
}

fn program() -> Result<PathBuf, JupyterError> {
    env::current_exe().map_err(|source| JupyterError::File {
        action: "find",
        path: Path::new("automl").to_owned(),
        source,
    })
}

fn exit_code(done: Result<ExitCode, JupyterError>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(error) => {
            failure::tell(&error.to_string(), &error.hints());
            ExitCode::FAILURE
        }
    }
}
