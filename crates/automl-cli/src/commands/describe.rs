//! `automl describe`.

use std::process::ExitCode;

use automl::{AutomlError, TableOptions, describe};

use super::print;
use crate::args::DescribeArgs;
use crate::table;

pub(crate) fn run(args: DescribeArgs) -> Result<ExitCode, AutomlError> {
    let options = TableOptions {
        target: args.target.unwrap_or_default(),
        columns: args.columns.into_iter().collect(),
        ..TableOptions::default()
    };
    let seen = describe(&args.data, &options, args.head)?;
    if args.json {
        let json = serde_json::to_string(&seen).map_err(|error| AutomlError::config(error.to_string()))?;
        print(&json);
    } else {
        print(&table::overview(&seen));
    }
    Ok(ExitCode::SUCCESS)
}
