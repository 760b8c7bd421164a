//! `automl plot`.

use std::path::PathBuf;
use std::process::ExitCode;

use automl::{AutomlError, Chart, Run, Theme, write_chart};
use serde_json::{Value, json};

use super::{print, theme};
use crate::args::PlotArgs;

pub(crate) fn run(args: &PlotArgs) -> Result<ExitCode, AutomlError> {
    let run = Run::open(&args.run)?;
    let charts = match args.trial {
        Some(number) => run.trial_charts(number)?,
        None => run.charts()?,
    };
    let Some(name) = &args.name else {
        list(&charts, args.json);
        return Ok(ExitCode::SUCCESS);
    };
    let Some(chart) = charts.iter().find(|chart| chart.name == *name) else {
        let names: Vec<&str> = charts.iter().map(|chart| chart.name.as_str()).collect();
        let of = args.trial.map_or("this run".to_owned(), |number| format!("trial {number}"));
        return Err(AutomlError::config(format!("{of} has no chart `{name}`"))
            .with_hint(format!("its charts are {}", names.join(", "))));
    };
    if args.json {
        let mut whole = about(chart);
        whole["svg"] = chart.svg(Theme::Light).into();
        whole["svg_dark"] = chart.svg(Theme::Dark).into();
        print(&whole.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.svg")));
    write_chart(chart, theme(args.dark), &path)?;
    print(&path.display().to_string());
    Ok(ExitCode::SUCCESS)
}

fn list(charts: &[Chart], is_json: bool) {
    if is_json {
        print(&charts.iter().map(about).collect::<Value>().to_string());
        return;
    }
    let width = charts.iter().map(|chart| chart.name.chars().count()).max().unwrap_or(0);
    for Chart { name, title, .. } in charts {
        print(&format!("{name:width$}  {title}"));
    }
}

fn about(chart: &Chart) -> Value {
    json!({ "name": chart.name, "title": chart.title, "caption": chart.caption })
}
