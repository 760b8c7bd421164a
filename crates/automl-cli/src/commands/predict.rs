//! `automl predict`.

use std::process::ExitCode;

use automl::{AutomlError, Device, Model};

use super::print;
use crate::args::PredictArgs;

pub(crate) fn run(args: &PredictArgs) -> Result<ExitCode, AutomlError> {
    let model = Model::load(&args.model, Device::default())?;
    let n_rows = model.predict_file(&args.data, &args.out)?;
    print(&format!("{n_rows} predictions of `{}` in {}", model.manifest().schema.target, args.out.display()));
    Ok(ExitCode::SUCCESS)
}
