//! A real browser opens a report: nothing is asked of a network, nothing complains.

use std::process::Command;

use crate::support::{Scratch, table, two_classes};

/// The flags keep Chromium from talking to anyone by itself, and from needing a sandbox as root.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=2000",
    "--dump-dom",
];

fn chromium() -> &'static str {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    found.expect("no Chromium: `make test` installs it")
}

fn open(scratch: &Scratch) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium())
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", scratch.path("run/report.html").display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains(":CONSOLE")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn report_of(content: String) -> String {
    let scratch = Scratch::new();
    scratch.write("train.csv", content);
    scratch.ok(&["search", "--data", "train.csv", "--target", "target", "--trials", "5", "--out", "run"]);
    let page = open(&scratch);
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!page.contains(outside), "the report refers to something outside: {outside}");
    }
    assert!(page.contains("<svg"), "the report has no chart");
    page
}

#[test]
fn a_report_of_two_classes_opens() {
    report_of(two_classes(200));
}

#[test]
fn a_report_of_many_classes_opens() {
    report_of(table(200, |x, y| format!("c{}", (4.0 * (x + y) / 2.0) as u32)));
}

#[test]
fn a_report_of_a_regression_opens() {
    report_of(table(200, |x, y| format!("{:.5}", x - y)));
}
