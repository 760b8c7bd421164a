//! `automl evaluate`.

use std::process::ExitCode;

use automl::{AutomlError, Metric, Model, ScoredFile};

use super::{print, warn};
use crate::args::EvaluateArgs;
use crate::table;

pub(crate) fn run(args: &EvaluateArgs) -> Result<ExitCode, AutomlError> {
    let model = Model::load(&args.model, args.device)?;
    let ScoredFile { scores, warnings } = model.evaluate_file(&args.data)?;
    warn(&warnings);
    print(&if args.json { flat_json(&scores)? } else { table::scores(&scores) });
    Ok(ExitCode::SUCCESS)
}

fn flat_json(scores: &[(Metric, f64)]) -> Result<String, AutomlError> {
    let object: serde_json::Map<String, serde_json::Value> =
        scores.iter().map(|(metric, value)| (metric.name(), (*value).into())).collect();
    serde_json::to_string_pretty(&object).map_err(|error| AutomlError::config(error.to_string()))
}
