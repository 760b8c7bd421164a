//! `automl leaderboard`.

use std::process::ExitCode;

use automl::{AutomlError, Run};

use super::print;
use crate::args::LeaderboardArgs;
use crate::table;

pub(crate) fn run(args: &LeaderboardArgs) -> Result<ExitCode, AutomlError> {
    let run = Run::open(&args.run)?;
    let board = run.leaderboard();
    if args.json {
        let json =
            serde_json::to_string_pretty(&board).map_err(|error| AutomlError::config(error.to_string()))?;
        print(&json);
    } else {
        print(&table::leaderboard(&board, args.top));
        if let Some(manifest) = run.final_model()? {
            print(&format!("\n{}", table::final_model(&manifest, None)));
        }
    }
    Ok(ExitCode::SUCCESS)
}
