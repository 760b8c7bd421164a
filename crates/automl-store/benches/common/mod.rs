//! The study that benchmarks write.

use std::path::Path;

use automl_core::{Metric, Seed, Task};
use automl_store::{StudyFile, StudyHeader};

pub(crate) fn create(path: &Path) -> StudyFile {
    let header = StudyHeader {
        name: "bench".to_owned(),
        metric: Metric::LogLoss,
        objectives: vec![Metric::LogLoss.into()],
        task: Task::Binary,
        seed: Seed(1),
        data_hash: String::new(),
        config: String::new(),
        fold_plan: String::new(),
        data_profile: String::new(),
        initial: String::new(),
        automl_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    StudyFile::create(path, &header).unwrap()
}
