//! `automl predict`.

use std::process::ExitCode;

use automl::{AutomlError, Model, PredictedFile, counted};

use super::{print, warn};
use crate::args::PredictArgs;

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode, AutomlError> {
    let model = Model::load(&args.model, args.device)?;
    let PredictedFile { n_rows, warnings } = model.predict_file(&args.data, &args.out)?;
    warn(&warnings);
    let what = counted(n_rows, "prediction");
    print(&format!("{what} of `{}` in {}", model.manifest().schema.target, args.out.display()));
    Ok(ExitCode::SUCCESS)
}
