//! Devices on the command line: what cannot be used is said before any training, in one message.

use std::process::{Command, Output};

use crate::support::{Scratch, project, titanic};

/// Searches three trials on `device` in the run folder `run`. The program finds its libraries by itself.
fn search(scratch: &Scratch, device: &str) -> Output {
    let data = titanic();
    let table = ["search", "--data", &data, "--target", "Survived", "--out", "run"];
    let limits = ["--trials", "3", "--repeats", "1", "--device", device];
    let mut command = scratch.command(&[table.as_slice(), &limits].concat());
    command.env_remove("LD_LIBRARY_PATH").env_remove("LIBTORCH").output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_device_that_does_not_exist_is_a_wrong_command_line() {
    let output = search(&Scratch::new(), "gpu");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("libtorch:cuda:0"), "{}", stderr(&output));
}

#[test]
fn a_gpu_that_is_not_there_is_said_before_anything_is_written() {
    let scratch = Scratch::new();
    for device in ["cuda:999", "libtorch:cuda:999", "cubecl:999"] {
        let output = search(&scratch, device);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains(&format!("error: device `{device}`")) && text.contains("hint: "), "{text}");
        assert!(!scratch.path("run").exists(), "{device} left a run folder");
    }
}

#[test]
fn doctor_lists_backends_and_devices() {
    let output = Scratch::new().command(&["doctor"]).env_remove("LD_LIBRARY_PATH").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    for word in ["burn", "libtorch", "cubecl", "cores", "--device flex"] {
        assert!(text.contains(word), "no {word} in\n{text}");
    }
}

#[cfg(not(feature = "libtorch"))]
#[test]
fn a_build_without_libtorch_says_which_command_builds_it() {
    let output = search(&Scratch::new(), "libtorch");
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("make libtorch"), "{}", stderr(&output));
}

#[cfg(feature = "libtorch")]
#[test]
fn a_model_searched_on_libtorch_predicts_on_flex() {
    let scratch = Scratch::new();
    let output = search(&scratch, "libtorch");
    assert!(output.status.success(), "{}", stderr(&output));
    let resolved = std::fs::read_to_string(scratch.path("run/experiment.toml")).unwrap();
    assert!(resolved.contains("device = \"libtorch\""), "{resolved}");
    for device in ["flex", "libtorch"] {
        scratch.ok(&["evaluate", "--device", device, "--model", "run/model", "--data", &titanic()]);
    }
}

#[cfg(feature = "libtorch")]
#[test]
fn auto_says_what_it_measured_and_stays_with_it() {
    let scratch = Scratch::new();
    let first = search(&scratch, "auto");
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(stderr(&first).contains("rows a second"), "{}", stderr(&first));
    let second = search(&scratch, "auto");
    assert!(stderr(&second).contains("as when the study began"), "{}", stderr(&second));
}

/// Runs the script that finds or installs libtorch, with `LIBTORCH` set to the scratch folder.
fn libtorch_script(scratch: &Scratch) -> Output {
    Command::new("bash")
        .arg(project().join("crates/automl-models/libtorch.sh"))
        .arg(scratch.path("cache"))
        .env("LIBTORCH", scratch.path(""))
        .env_remove("LIBTORCH_BYPASS_VERSION_CHECK")
        .output()
        .unwrap()
}

#[test]
fn a_libtorch_that_is_missing_or_of_another_version_is_refused() {
    let scratch = Scratch::new();
    let missing = libtorch_script(&scratch);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("there is no libtorch_cpu"), "{}", stderr(&missing));
    std::fs::create_dir(scratch.path("lib")).unwrap();
    scratch.write("lib/libtorch_cpu.so", "");
    scratch.write("build-version", "2.4.1+cpu\n");
    let old = libtorch_script(&scratch);
    assert_eq!(old.status.code(), Some(1));
    assert!(stderr(&old).contains("2.4.1") && stderr(&old).contains("2.9.0"), "{}", stderr(&old));
    scratch.write("build-version", "2.9.0+cpu\n");
    let right = libtorch_script(&scratch);
    assert!(right.status.success(), "{}", stderr(&right));
}
