//! `StudyFile` keeps the contract of trial stores, in both directions of optimisation.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod common;

use automl_core::{Direction, Metric};
use automl_store::StudyFile;
use tempfile::TempDir;

/// Objectives after the first turn the direction, so that each cost must be turned by its own.
fn fresh(metrics: [Metric; 2], n_objectives: usize) -> (TempDir, StudyFile) {
    let folder = tempfile::tempdir().unwrap();
    let mut header = common::header(metrics[0]);
    header.objectives = (0..n_objectives).map(|place| metrics[place % 2].into()).collect();
    let store = StudyFile::create(folder.path().join("study.sqlite3"), &header).unwrap();
    (folder, store)
}

mod minimised {
    automl_testkit::store_contract!(|n| super::fresh(
        [automl_core::Metric::LogLoss, automl_core::Metric::Accuracy],
        n
    ));
}

mod maximised {
    automl_testkit::store_contract!(|n| super::fresh(
        [automl_core::Metric::Accuracy, automl_core::Metric::LogLoss],
        n
    ));
}

#[test]
fn the_two_metrics_have_two_directions() {
    assert_eq!(Metric::LogLoss.direction(), Direction::Minimize);
    assert_eq!(Metric::Accuracy.direction(), Direction::Maximize);
}
