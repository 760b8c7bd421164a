//! Time and size of reports: `cargo bench -p automl-report`.
//!
//! A run of 1,000 trials, and one of 5,000 trials, 300 columns and 200 classes, both made up: the median of some repetitions.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeSet;
use std::time::Instant;

use automl_core::{
    ColumnKind, ColumnSummary, DataSummary, Distribution, Domain, Group, GroupTarget, ParamSpec, SearchSpace,
};
use automl_report::{ReportError, ReportModel, json, render};

#[path = "../src/fixtures.rs"]
mod fixtures;

const REPEATS: usize = 5;
/// Parameters of a family.
const N_PARAMS: u32 = 10;

/// 300 columns, each with a histogram and the target in ten groups.
fn summary(n_classes: u32) -> DataSummary {
    let classes: Vec<u32> = (0..n_classes.min(8)).collect();
    let group = |place: u32| Group {
        label: None,
        range: Some([f64::from(place), f64::from(place + 1)]),
        n_rows: 100,
        target: GroupTarget::Shares(classes.iter().map(|class| f64::from(class + place) / 20.0).collect()),
    };
    let column = |index: u32| ColumnSummary {
        name: format!("column {index}"),
        kind: ColumnKind::Numeric,
        distribution: Distribution::Numeric {
            low: 0.0,
            high: 1.0,
            ends: None,
            counts: (0..20).map(|bin| (bin * 37 + index as usize) % 101).collect(),
            n_beyond: 0,
        },
        groups: (0..10).map(group).collect(),
        explained: f64::from(index % 97) / 97.0,
        drift: None,
    };
    let columns = (0..300).map(column).collect();
    DataSummary { n_rows: 20_000, n_training: 20_000, columns, classes, ..DataSummary::default() }
}

/// As if the trials had been searched in a space of some numbers a family.
fn with_space(mut model: ReportModel) -> ReportModel {
    let family = |params: &automl_core::Params| params.text("family").unwrap_or("none").to_owned();
    let families: BTreeSet<String> = model.trials.iter().map(|trial| family(&trial.params)).collect();
    let names: Vec<&str> = families.iter().map(String::as_str).collect();
    let mut specs = vec![ParamSpec::new("family", Domain::choice(&names))];
    for name in &names {
        let number = |index: u32| ParamSpec::new(&format!("{name}.p{index}"), Domain::float(0.0, 1.0));
        specs.extend((0..N_PARAMS).map(|index| number(index).when("family", &[*name])));
    }
    for trial in &mut model.trials {
        let name = family(&trial.params);
        for index in 0..N_PARAMS {
            let value = f64::from((trial.number * (37 + index) + 53 * index) % 101) / 101.0;
            trial.params.insert(&format!("{name}.p{index}"), value);
        }
    }
    model.space = SearchSpace::new(specs).ok();
    model
}

fn large() -> ReportModel {
    let of_trials = fixtures::binary(5_000);
    let best = of_trials.best.unwrap_or(0);
    let mut model = fixtures::many_classes(200);
    model.out_of_fold = model.out_of_fold.into_values().map(|of| (best, of)).collect();
    (model.trials, model.best, model.baseline) = (of_trials.trials, of_trials.best, of_trials.baseline);
    let column =
        |index: usize| fixtures::column(&format!("column {index}"), ColumnKind::Numeric, index, 9_000);
    model.profile.columns = (0..300).map(column).collect();
    model.data = Some(summary(200));
    model
}

fn measure(name: &str, model: &ReportModel) -> Result<(), ReportError> {
    let mut seconds = Vec::new();
    let mut size = 0;
    for _ in 0..REPEATS {
        let started = Instant::now();
        size = render(model)?.len();
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let started = Instant::now();
    let json = json(model)?.len();
    println!(
        "{name}: page {:.3} s, {:.2} MB; JSON {:.3} s, {:.2} MB",
        seconds[REPEATS / 2],
        size as f64 / 1e6,
        started.elapsed().as_secs_f64(),
        json as f64 / 1e6
    );
    Ok(())
}

fn main() -> Result<(), ReportError> {
    measure("1,000 trials", &with_space(fixtures::binary(1_000)))?;
    measure("5,000 trials, 300 columns, 200 classes", &with_space(large()))
}
