//! `StudyFile` keeps the contract of trial stores, in both directions of optimisation.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use automl_core::{Direction, Metric};
use automl_store::StudyFile;
use tempfile::TempDir;

fn fresh(metric: Metric) -> (TempDir, StudyFile) {
    let folder = tempfile::tempdir().unwrap();
    let store = StudyFile::create(folder.path().join("study.sqlite3"), &common::header(metric)).unwrap();
    (folder, store)
}

mod minimised {
    automl_testkit::store_contract!(|| super::fresh(automl_core::Metric::LogLoss));
}

mod maximised {
    automl_testkit::store_contract!(|| super::fresh(automl_core::Metric::Accuracy));
}

#[test]
fn the_two_metrics_have_two_directions() {
    assert_eq!(Metric::LogLoss.direction(), Direction::Minimize);
    assert_eq!(Metric::Accuracy.direction(), Direction::Maximize);
}
