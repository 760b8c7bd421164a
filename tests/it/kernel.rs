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
/// Installs evcxr, builds the library of the full door and describes packages.
const CARGO: &str = r#"#!/bin/sh
echo "cargo $1 $2 $3 $4 $5" >> "$CALLS"
case "$1" in
install)
    mkdir -p "$7/bin"
    printf '#!/bin/sh\necho "$AUTOML_PROGRAM"; echo "$EVCXR_CONFIG_DIR"; echo "$EVCXR_TMPDIR"; echo "$*"; echo "$LD_LIBRARY_PATH"; echo "$CARGO_HOME"\n' > "$7/bin/evcxr_jupyter"
    chmod +x "$7/bin/evcxr_jupyter"
    ;;
rustc)
    for name in libautoml_full.so libburn-1.rmeta libburn-1.rlib; do echo "$name" > "$name"; done
    echo "{\"filenames\":[\"$PWD/libburn-1.rlib\",\"$PWD/libburn-1.rmeta\"]}"
    echo "{\"filenames\":[\"$PWD/libautoml_full.so\"]}"
    ;;
metadata)
    name=automl-door
    if [ -d crates ]; then name=automl-full; fi
    echo "{\"packages\":[{\"name\":\"$name\",\"id\":\"$name 0.1.0\",\"source\":\"x\",\"targets\":[]}],\"resolve\":{\"nodes\":[{\"id\":\"$name 0.1.0\",\"dependencies\":[],\"deps\":[]}]}}"
    ;;
esac
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
fn the_full_kernel_has_a_library_and_knows_what_is_in_it() {
    let machine = Machine::new();
    let refused = machine.automl(&["kernel", "install", "--full", "--sources", "nowhere"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("hint: name the folder of a clone of the project"), "{}", refused.stderr);
    fs::create_dir_all(machine.scratch.path("clone/crates/automl-full")).unwrap();
    let install = || machine.automl(&["kernel", "install", "--full", "--sources", "clone"]);
    let first = install();
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert!(first.stderr.contains("kernel \"Rust (automl, full)\""), "{}", first.stderr);
    let library = machine.scratch.path("cache/automl/notebook/library");
    assert!(library.join("libautoml_full.so").is_file() && library.join("libburn-1.rmeta").is_file());
    assert!(!library.join("libburn-1.rlib").exists(), "its code is in the library");
    let executed = || machine.calls().lines().filter(|call| call.starts_with("jupyter execute")).count();
    assert_eq!(executed(), 2, "a first cell for each kernel");
    // Cargo says whether anything is to be built; the fake one always builds.
    let kept = |printed: Printed| printed.stderr.contains("the library of the full kernel is kept");
    assert!(!kept(first));
    install();

    let kernel = machine.automl(&["kernel", "run", "--full", "connection.json"]);
    let lines: Vec<&str> = kernel.stdout.lines().collect();
    assert_eq!(lines[1], "DIR/cache/automl/notebook/config-full", "{}", kernel.stdout);
    assert!(lines[4].contains("DIR/cache/automl/notebook/library"), "{}", kernel.stdout);
    assert_eq!(lines[5], "DIR/cache/automl/notebook/cargo-home");
    let cargo = machine.scratch.path("cache/automl/notebook/cargo-home/bin/cargo");
    assert!(fs::read_to_string(cargo).unwrap().ends_with(" kernel cargo -- \"$@\"\n"));

    let told = machine.automl(&["kernel", "cargo", "--", "metadata", "--format-version=1"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["packages"][1]["name"], "automl-full");
    assert_eq!(told["resolve"]["nodes"][0]["deps"][0]["pkg"], "automl-full 0.1.0");
    let plain = machine.automl(&["kernel", "cargo", "--", "metadata", "--no-deps"]);
    assert_eq!(
        serde_json::from_str::<Value>(&plain.stdout).unwrap()["packages"].as_array().unwrap().len(),
        1
    );

    assert_eq!(machine.automl(&["kernel", "remove"]).code, Some(0));
    assert!(!machine.scratch.path("jupyter/kernels/automl-full").exists());
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
