//! Optuna's dashboard shows a study while automl is working on it: over its interface and in a real browser.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail like tests")]

mod common;
#[path = "common/python.rs"]
#[expect(dead_code, reason = "its other function is for scripts")]
mod python;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use automl_core::{Metric, TrialState, TrialStore};
use automl_store::StudyFile;
use automl_testkit::store::{bare_outcome, every_kind_of_params, every_kind_of_space, full_outcome};
use serde_json::{Value, json};

/// For whatever may hang: a server that does not start, a page that does not load.
const PATIENCE: Duration = Duration::from_secs(90);

/// The flags keep Chromium from talking to anyone by itself, and from needing a sandbox as root. Time on the page
/// passes as fast as the page has nothing to wait for.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=30000",
    "--dump-dom",
];

/// A process that does not outlive its test.
struct Mortal(Child);

impl Mortal {
    fn ends_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if self.0.try_wait().unwrap().is_some() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Dashboard {
    port: u16,
    server: Mortal,
}

impl Dashboard {
    /// Starts a server on a port that was free a moment ago, and again on another if somebody was quicker.
    fn start(study: &Path) -> Self {
        let script = python::python().with_file_name("optuna-dashboard");
        assert!(script.is_file(), "there is no `{}`: `make test` installs it", script.display());
        let log = study.with_extension("log");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let server = Command::new(&script)
                .args(["--server", "wsgiref", "--port", &port.to_string()])
                .arg(format!("sqlite:///{}", study.display()))
                .stdout(Stdio::null())
                .stderr(File::create(&log).unwrap())
                .spawn()
                .unwrap();
            let mut dashboard = Self { port, server: Mortal(server) };
            while Instant::now() < deadline && !dashboard.server.ends_within(Duration::from_millis(200)) {
                if dashboard.get("/api/meta").is_ok() {
                    return dashboard;
                }
            }
        }
        panic!("the dashboard did not start: {}", fs::read_to_string(&log).unwrap());
    }

    fn get(&self, path: &str) -> io::Result<Value> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.lines().next().unwrap().contains(" 200 "), "{path}: {answer}");
        Ok(serde_json::from_str(body).unwrap())
    }

    /// The page when everything is loaded, as text: once all of `wanted` is there, or when patience ends.
    fn page(&self, path: &str, wanted: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let dump = folder.path().join("page.html");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let browser = Command::new(chromium())
                .args(FLAGS)
                .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
                .arg(format!("http://127.0.0.1:{}{path}", self.port))
                .stdout(File::create(&dump).unwrap())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let ended = Mortal(browser).ends_within(PATIENCE);
            let page = fs::read_to_string(&dump).unwrap();
            let is_there = wanted.iter().all(|text| page.contains(text));
            if is_there || !ended || Instant::now() >= deadline {
                return page;
            }
        }
    }
}

fn chromium() -> &'static str {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    found.expect("no Chromium: `make test` installs it")
}

fn run_trial(store: &mut StudyFile, slot: u32, cost: f64) {
    let number = store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
    store.finish(number, &full_outcome(cost)).unwrap();
}

#[test]
fn optunas_dashboard_shows_a_study_that_is_going_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.sqlite3");
    let mut store = StudyFile::create(&path, &common::header(Metric::Accuracy)).unwrap();
    for (slot, cost) in (0..).zip([-0.5, -0.84375, -0.75]) {
        run_trial(&mut store, slot, cost);
    }
    for (slot, state) in (3..).zip([TrialState::Pruned, TrialState::Failed, TrialState::Lost]) {
        let number = store.begin(slot, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();
        store.finish(number, &bare_outcome(state, None)).unwrap();
    }
    store.begin(6, &every_kind_of_params(), &every_kind_of_space()).unwrap().unwrap();

    let dashboard = Dashboard::start(&path);
    let studies = &dashboard.get("/api/studies").unwrap()["study_summaries"];
    assert_eq!(studies.as_array().unwrap().len(), 1);
    assert_eq!(studies[0]["study_name"], "a study ✓");
    assert_eq!(studies[0]["directions"], json!(["maximize"]));
    let study = dashboard.get("/api/studies/1").unwrap();
    let trials = study["trials"].as_array().unwrap();
    let states: Vec<&str> = trials.iter().map(|trial| trial["state"].as_str().unwrap()).collect();
    let wanted = ["Complete", "Complete", "Complete", "Pruned", "Fail", "Fail", "Waiting", "Running"];
    assert_eq!(states, wanted);
    let best: Vec<(&Value, &Value)> = study["best_trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|best| (&best["number"], &best["values"]))
        .collect();
    assert_eq!(best, [(&json!(1), &json!([0.84375]))]);
    assert_eq!(trials[1]["params"].as_array().unwrap().len(), every_kind_of_params().len());
    assert_eq!(study["objective_names"], json!(["accuracy"]));

    let wanted = ["a study ✓", "Best Trial (number=1)", "0.84375", "accuracy"];
    let page = dashboard.page("/dashboard/studies/1", &wanted);
    for text in wanted {
        assert!(page.contains(text), "the study's page lacks `{text}`: {page}");
    }
    let wanted = ["a study ✓", "8 Trials", "Trial 7", "learning_rate"];
    let page = dashboard.page("/dashboard/studies/1/trials", &wanted);
    for text in wanted {
        assert!(page.contains(text), "the list of trials lacks `{text}`: {page}");
    }

    // Whoever looks does not disturb, and sees what comes.
    run_trial(&mut store, 7, -0.875);
    let best = &dashboard.get("/api/studies/1").unwrap()["best_trials"][0];
    assert_eq!((&best["number"], &best["values"]), (&json!(8), &json!([0.875])));
}
