//! `automl importance`.

use std::process::ExitCode;

use automl::{AutomlError, ImportanceMethod, Importances, Run};
use serde_json::json;

use super::print;
use crate::args::ImportanceArgs;
use crate::table;

pub(crate) fn run(args: &ImportanceArgs) -> Result<ExitCode, AutomlError> {
    let method = if args.best { ImportanceMethod::PedAnova } else { ImportanceMethod::Fanova };
    let importances = Run::open(&args.run)?.importance(method)?;
    if args.json {
        let json = serde_json::to_string_pretty(&as_json(&importances))
            .map_err(|error| AutomlError::config(error.to_string()))?;
        print(&json);
    } else {
        print(&table::importances(&importances, args.top));
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(importances: &Importances) -> serde_json::Value {
    let params = importances
        .params
        .iter()
        .map(|of| json!({ "name": of.name, "share": of.share, "trials": of.n_trials }));
    let interactions = importances
        .interactions
        .iter()
        .map(|of| json!({ "a": of.a, "b": of.b, "share": of.share, "trials": of.n_trials }));
    let unknown = importances.unknown.iter().map(|of| json!({ "name": of.name, "trials": of.n_trials }));
    json!({
        "params": params.collect::<Vec<_>>(),
        "interactions": interactions.collect::<Vec<_>>(),
        "unknown": unknown.collect::<Vec<_>>(),
    })
}
