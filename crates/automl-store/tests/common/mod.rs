//! What the tests of this crate share.

use automl_core::{Metric, Seed, Task};
use automl_store::StudyHeader;

/// A header with something in every field.
pub(crate) fn header(metric: Metric) -> StudyHeader {
    StudyHeader {
        name: "a study ✓".to_owned(),
        metric,
        objectives: vec![metric.into()],
        task: Task::Binary,
        seed: Seed(u64::MAX),
        data_hash: "0f".repeat(32),
        config: "[search]\nn_trials = 5\n".to_owned(),
        fold_plan: r#"{"folds":[]}"#.to_owned(),
        data_profile: r#"{"n_rows":150}"#.to_owned(),
        initial: r#"[{"model":"mlp"}]"#.to_owned(),
        automl_version: "0.1.0".to_owned(),
    }
}
