//! The notebook kernel is installed, started and removed, with stand-ins for Jupyter, Cargo and evcxr that write down what is asked of
//! them. The real ones are those of `tests/python/notebooks.py`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::support::{Printed, Scratch};

/// Has `JupyterLab` and runs notebooks: a first cell leaves what evcxr would.
const JUPYTER: &str = r#"#!/bin/sh
echo "jupyter $*" >> "$CALLS"
if [ "$1" = execute ]; then
    mkdir -p "$AUTOML_KERNEL_FOLDER/target/deps"
    echo lock > "$AUTOML_KERNEL_FOLDER/Cargo.lock"
    echo built > "$AUTOML_KERNEL_FOLDER/target/deps/libserde_json.rlib"
    echo cell > "$AUTOML_KERNEL_FOLDER/target/deps/libctx.so"
fi
"#;
const CARGO: &str = r#"#!/bin/sh
echo "cargo $1 $2 $3 $4 $5" >> "$CALLS"
mkdir -p "$7/bin"
printf '#!/bin/sh\necho "$AUTOML_PROGRAM"; echo "$EVCXR_CONFIG_DIR"; echo "$EVCXR_TMPDIR"; echo "$*"\n' > "$7/bin/evcxr_jupyter"
chmod +x "$7/bin/evcxr_jupyter"
"#;
const RUSTC: &str = "#!/bin/sh\necho rustc 1.95.0\n";

struct Machine {
    scratch: Scratch,
}

impl Machine {
    fn new() -> Self {
        let scratch = Scratch::new();
        fs::create_dir(scratch.path("bin")).unwrap();
        for (name, script) in [
            ("jupyter", JUPYTER),
            ("jupyter-lab", ""),
            ("jupyter-execute", ""),
            ("cargo", CARGO),
            ("rustc", RUSTC),
        ] {
            let path = scratch.write(&format!("bin/{name}"), script);
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { scratch }
    }

    fn automl(&self, arguments: &[&str]) -> Printed {
        let path = |name: &str| self.scratch.path(name).display().to_string();
        let search = format!("{}:/usr/bin:/bin", path("bin"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_automl"));
        command.args(arguments).current_dir(self.scratch.path("")).env_remove("AUTOML_PROGRAM");
        command.envs([("PATH", search), ("CALLS", path("calls")), ("XDG_CACHE_HOME", path("cache"))]);
        command.env("JUPYTER_DATA_DIR", path("jupyter"));
        self.scratch.printed(&mut command)
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.scratch.path("calls")).unwrap_or_default()
    }
}

#[test]
fn the_kernel_is_installed_once_started_and_removed() {
    let machine = Machine::new();
    let first = machine.automl(&["kernel", "install"]);
    assert_eq!((first.code, first.stdout.as_str()), (Some(0), ""), "{}", first.stderr);
    for line in [
        "JupyterLab: DIR/bin/jupyter",
        "installing evcxr",
        "kernel \"Rust (automl)\"",
        "building what cells link",
    ] {
        assert!(first.stderr.contains(line), "{}", first.stderr);
    }
    let calls = machine.calls();
    assert!(calls.starts_with("cargo install --locked evcxr_jupyter --version "), "{calls}");
    assert!(calls.lines().nth(1).is_some_and(|call| call.starts_with("jupyter execute ")), "{calls}");

    let again = machine.automl(&["kernel", "install"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(!again.stderr.contains("installing") && !again.stderr.contains("building"), "{}", again.stderr);
    assert_eq!(machine.calls(), calls);

    let spec = fs::read_to_string(machine.scratch.path("jupyter/kernels/automl/kernel.json")).unwrap();
    let spec: Value = serde_json::from_str(&spec).unwrap();
    assert_eq!(
        (spec["display_name"].as_str(), spec["language"].as_str()),
        (Some("Rust (automl)"), Some("rust"))
    );
    assert_eq!(spec["argv"][0].as_str(), Some(env!("CARGO_BIN_EXE_automl")));

    let kernel = machine.automl(&["kernel", "run", "connection.json"]);
    let lines: Vec<&str> = kernel.stdout.lines().collect();
    assert_eq!(lines[0], env!("CARGO_BIN_EXE_automl"));
    assert_eq!(lines[1], "DIR/cache/automl/notebook/config");
    assert_eq!(lines[3], "--control_file connection.json");
    let folder = lines[2].replace("DIR", &machine.scratch.path("").display().to_string());
    let built = |name: &str| fs::read_to_string(format!("{folder}/target/deps/{name}"));
    assert_eq!(built("libserde_json.rlib").unwrap(), "built\n");
    assert!(built("libctx.so").is_err(), "a kernel compiles its cells itself");

    let removed = machine.automl(&["kernel", "remove"]);
    assert_eq!(removed.code, Some(0), "{}", removed.stderr);
    assert!(!machine.scratch.path("cache/automl/notebook").exists());
    assert!(!machine.scratch.path("jupyter/kernels/automl").exists());
    let nothing = machine.automl(&["kernel", "remove"]);
    assert_eq!((nothing.code, nothing.stderr.as_str()), (Some(0), "the kernel is not installed\n"));
}

#[test]
fn a_notebook_folder_is_made_with_examples_and_then_left_alone() {
    let machine = Machine::new();
    let opened = machine.automl(&["notebook", "mine", "--", "--no-browser"]);
    assert_eq!(opened.code, Some(0), "{}", opened.stderr);
    assert!(machine.calls().ends_with("jupyter lab mine --no-browser\n"), "{}", machine.calls());
    let quickstart = machine.scratch.path("mine/01-quickstart.ipynb");
    assert!(quickstart.is_file() && machine.scratch.path("mine/data/titanic.csv").is_file());
    fs::write(&quickstart, "changed").unwrap();
    assert_eq!(machine.automl(&["notebook", "mine"]).code, Some(0));
    assert_eq!(fs::read_to_string(quickstart).unwrap(), "changed");
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let machine = Machine::new();
    let kernel = machine.automl(&["kernel", "run", "connection.json"]);
    assert_eq!(kernel.code, Some(1));
    assert!(
        kernel.stderr.starts_with("error: the notebook kernel is not installed completely"),
        "{}",
        kernel.stderr
    );
    assert!(kernel.stderr.ends_with("hint: install it with `automl kernel install`\n"), "{}", kernel.stderr);
    machine.scratch.write("bin/cargo", "#!/bin/sh\nexit 3\n");
    let failed = machine.automl(&["kernel", "install"]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.stderr.contains("bin/cargo install --locked evcxr_jupyter"), "{}", failed.stderr);
    assert!(failed.stderr.contains("failed (exit status: 3)"), "{}", failed.stderr);
}
