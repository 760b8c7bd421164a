//! How long durable trials take: 1,000 trials of 10 parameters and 5 intermediate values, each of
//! whose 7 writes is on the disk before the next begins. Also: reading 10,000 trials back, and the news among them.
//!
//! `cargo bench -p automl-store` prints JSON; `experiments/bench/store_optuna.py` does the same work
//! with Optuna, and `experiments/bench/store.py` runs both in turn. The folder is `AUTOML_BENCH_DIR`, or the system's for temporary files;
//! `AUTOML_BENCH_TRIALS`, `AUTOML_BENCH_REPEATS` and `AUTOML_BENCH_READ` change the amount of work.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark for the command line")]

mod common;

use std::env;
use std::time::Instant;

use automl_core::{Domain, Evaluation, ParamSpec, Params, SearchSpace, TrialOutcome, TrialState, TrialStore};
use automl_store::StudyFile;
use automl_testkit::store::full_outcome;

const N_TRIALS: u32 = 1_000;
const N_PARAMS: u32 = 10;
const N_STEPS: u32 = 5;
const N_REPEATS: u32 = 5;
const N_READ: u32 = 10_000;
const N_NEWS: u32 = 200;

fn main() {
    // `cargo test --benches` passes no `--bench`: then the work is a smoke test.
    let is_bench = env::args().any(|argument| argument == "--bench");
    let (n_trials, n_repeats, n_read) = if is_bench {
        (
            amount("AUTOML_BENCH_TRIALS", N_TRIALS),
            amount("AUTOML_BENCH_REPEATS", N_REPEATS),
            amount("AUTOML_BENCH_READ", N_READ),
        )
    } else {
        (10, 1, 10)
    };
    let mut seconds: Vec<f64> = (0..n_repeats).map(|_| write_seconds(n_trials)).collect();
    seconds.sort_by(f64::total_cmp);
    let Reading { size_mib, seconds: read, news_micros } = read_seconds(n_read);
    println!(
        r#"{{"writer": "automl-store", "n_trials": {n_trials}, "seconds": {seconds:?}, "median": {}, "#,
        seconds[seconds.len() / 2]
    );
    println!(r#" "read_n_trials": {n_read}, "read_size_mib": {size_mib:.1}, "read_seconds": {read:?}, "#);
    println!(r#" "news_micros": {news_micros:.1}}}"#);
}

fn amount(variable: &str, default: u32) -> u32 {
    env::var(variable).map_or(default, |text| text.parse().unwrap())
}

fn folder() -> tempfile::TempDir {
    match env::var_os("AUTOML_BENCH_DIR") {
        Some(parent) => tempfile::tempdir_in(parent).unwrap(),
        None => tempfile::tempdir().unwrap(),
    }
}

fn space() -> SearchSpace {
    let spec = |index| ParamSpec::new(&format!("x{index}"), Domain::float(0.0, 1.0));
    SearchSpace::new((0..N_PARAMS).map(spec).collect()).unwrap()
}

fn params(trial: u32) -> Params {
    let value = |index| f64::from((trial * 31 + index * 7) % 1000) / 1000.0;
    (0..N_PARAMS).map(|index| (format!("x{index}"), value(index).into())).collect()
}

fn write_seconds(n_trials: u32) -> f64 {
    let folder = folder();
    let mut store = common::create(&folder.path().join("study.sqlite3"));
    let space = space();
    let start = Instant::now();
    for trial in 0..n_trials {
        let number = store.begin(trial, &params(trial), &space).unwrap().unwrap();
        let steps: Vec<(u32, f64)> =
            (1..=N_STEPS).map(|step| (step, f64::from(trial) / f64::from(step))).collect();
        for &(step, cost) in &steps {
            store.record_step(number, step, cost).unwrap();
        }
        let evaluation = Evaluation { steps, ..Evaluation::default() };
        let cost = Some(f64::from(trial));
        let outcome = TrialOutcome {
            state: TrialState::Complete,
            cost,
            other_costs: Vec::new(),
            reason: None,
            evaluation,
            seconds: 0.0,
        };
        store.finish(number, &outcome).unwrap();
    }
    start.elapsed().as_secs_f64()
}

struct Reading {
    size_mib: f64,
    /// Of three times opening and reading everything.
    seconds: Vec<f64>,
    /// Mean of asking for 8 open trials and 8 new ones among all of them.
    news_micros: f64,
}

/// Of trials of two folds with three scores each.
fn read_seconds(n_trials: u32) -> Reading {
    let folder = folder();
    let path = folder.path().join("study.sqlite3");
    let mut store = common::create(&path);
    let space = space();
    for trial in 0..n_trials {
        let number = store.begin(trial, &params(trial), &space).unwrap().unwrap();
        store.finish(number, &full_outcome(f64::from(trial))).unwrap();
    }
    let n_news = 8.min(n_trials / 2);
    let open: Vec<u32> = (0..n_news).map(|place| place * (n_trials / n_news) / 2).collect();
    let start = Instant::now();
    for _ in 0..N_NEWS {
        assert_eq!(store.news(&open, n_trials - n_news).unwrap().len() as u32, 2 * n_news);
    }
    let news_micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(N_NEWS);
    store.close().unwrap();
    let size_mib = std::fs::metadata(&path).unwrap().len() as f64 / f64::from(1 << 20);
    let read = || {
        let start = Instant::now();
        let n_read = StudyFile::open(&path).unwrap().trials().unwrap().len();
        assert_eq!(n_read, n_trials as usize);
        start.elapsed().as_secs_f64()
    };
    Reading { size_mib, seconds: (0..3).map(|_| read()).collect(), news_micros }
}
