//! Running `automl` on files in a scratch folder.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A scratch folder in which `automl` runs.
pub(crate) struct Scratch {
    dir: tempfile::TempDir,
}

/// What a run of the program printed, with the scratch folder's path taken out.
pub(crate) struct Printed {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// A command that runs in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_automl"));
        command.args(arguments).current_dir(self.dir.path());
        command
    }

    pub(crate) fn automl(&self, arguments: &[&str]) -> Printed {
        self.run(env!("CARGO_BIN_EXE_automl"), arguments)
    }

    /// Runs another program in the folder.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Printed {
        self.printed(Command::new(program).args(arguments).current_dir(self.dir.path()))
    }

    /// Runs a command to its end.
    pub(crate) fn printed(&self, command: &mut Command) -> Printed {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let clean = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let real = self.dir.path().canonicalize().unwrap();
            text.replace(&*real.to_string_lossy(), "DIR").replace(&*self.dir.path().to_string_lossy(), "DIR")
        };
        Printed { code: status.code(), stdout: clean(stdout), stderr: clean(stderr) }
    }

    /// Runs and expects success.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Printed {
        let printed = self.automl(arguments);
        assert_eq!(printed.code, Some(0), "{arguments:?}\n{}\n{}", printed.stdout, printed.stderr);
        printed
    }
}

impl Printed {
    /// Exit code and standard error, for a snapshot.
    pub(crate) fn failure(&self) -> String {
        assert_eq!(self.stdout, "", "a failure prints nothing on standard output");
        format!("exit {}\n{}", self.code.map_or("by signal".to_owned(), |code| code.to_string()), self.stderr)
    }
}

/// The project's folder.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap()
}

/// The titanic example's table.
pub(crate) fn titanic() -> String {
    project().join("experiments/titanic/train.csv").to_string_lossy().into_owned()
}

/// The Python that `make test` sets up.
pub(crate) fn python() -> String {
    let default = || {
        let cache = std::env::var("XDG_CACHE_HOME")
            .unwrap_or_else(|_| format!("{}/.cache", std::env::var("HOME").expect("HOME is set")));
        format!("{cache}/automl/venv/bin/python")
    };
    let python = std::env::var("AUTOML_PYTHON").unwrap_or_else(|_| default());
    assert!(Path::new(&python).exists(), "no Python at {python}: `make test` sets it up");
    python
}

/// A table of two informative numbers, a category and noise; `target` gives the target of (x, y).
pub(crate) fn table(n_rows: u32, target: impl Fn(f64, f64) -> String) -> String {
    let mut text = "x,y,color,noise,target\n".to_owned();
    let mut state = 12_345_u32;
    let mut next = || {
        // Numerical Recipes' linear congruential generator: tests must not depend on a crate's streams.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    for row in 0..n_rows {
        let (x, y, noise) = (next(), next(), next());
        let color = ["red", "green", "blue"][row as usize % 3];
        writeln!(text, "{x:.6},{y:.6},{color},{noise:.6},{}", target(x, y)).unwrap();
    }
    text
}

/// A table of two classes, `no` and `yes`.
pub(crate) fn two_classes(n_rows: u32) -> String {
    table(n_rows, |x, y| if x + y > 1.0 { "yes".to_owned() } else { "no".to_owned() })
}
