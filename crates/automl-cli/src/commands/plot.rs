//! `automl plot`.

use std::path::PathBuf;
use std::process::ExitCode;

use automl::{AutomlError, Chart, Run, write_chart};

use super::{print, theme};
use crate::args::PlotArgs;

pub(crate) fn run(args: &PlotArgs) -> Result<ExitCode, AutomlError> {
    let charts = Run::open(&args.run)?.charts(theme(args.dark))?;
    let Some(name) = &args.name else {
        let width = charts.iter().map(|chart| chart.name.chars().count()).max().unwrap_or(0);
        for Chart { name, title, .. } in &charts {
            print(&format!("{name:width$}  {title}"));
        }
        return Ok(ExitCode::SUCCESS);
    };
    let Some(chart) = charts.iter().find(|chart| chart.name == *name) else {
        let names: Vec<&str> = charts.iter().map(|chart| chart.name.as_str()).collect();
        return Err(AutomlError::config(format!("this run has no chart `{name}`"))
            .with_hint(format!("its charts are {}", names.join(", "))));
    };
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.svg")));
    write_chart(chart, &path)?;
    print(&path.display().to_string());
    Ok(ExitCode::SUCCESS)
}
