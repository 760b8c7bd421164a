//! `automl predict`.

use std::process::ExitCode;

use automl::{AutomlError, Model};

use super::print;
use crate::args::PredictArgs;

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode, AutomlError> {
    let model = Model::load(&args.model, args.device)?;
    let n_rows = model.predict_file(&args.data, &args.out)?;
    print(&format!("{n_rows} predictions of `{}` in {}", model.manifest().schema.target, args.out.display()));
    Ok(ExitCode::SUCCESS)
}
