//! The cards on top, what was run, and what it takes to run it again.

use automl_core::{Direction, Task, TrialState};
use serde::Serialize;

use super::Fact;
use crate::format::{
    NONE, capitalised, clip, count, counted, duration, mean_and_deviation, metric_label, number,
};
use crate::model::ReportModel;
use crate::verdict::{baseline_of, best_of, final_value, gain};

/// One large number.
#[derive(Debug, Serialize)]
pub(crate) struct Card {
    name: String,
    value: String,
    note: String,
}

/// The large numbers on top.
pub(crate) fn cards(model: &ReportModel) -> Vec<Card> {
    let metric = metric_label(model.metric);
    let card = |name: &str, value: String, note: String| Card { name: name.to_owned(), value, note };
    let best = best_of(model);
    let score = final_value(model).map_or(NONE.to_owned(), number);
    let n_folds = best.map_or(0, |(trial, _)| trial.folds.len());
    let mut cards = vec![card(
        &capitalised(&metric),
        score,
        if model.final_model.is_some() {
            "final model, nested cross-validation".to_owned()
        } else if n_folds > 0 {
            format!("mean of {}", counted(n_folds, "fold"))
        } else if let Some((trial, _)) = best {
            format!("trial #{}", trial.number)
        } else {
            "no complete trial".to_owned()
        },
    )];
    if let Some(baseline) = baseline_of(model) {
        let note = final_value(model).map_or("constant guess".to_owned(), |value| {
            format!("model is {}", gain(model.metric, value, baseline))
        });
        cards.push(card("Constant baseline", number(baseline), note));
    }
    if let Some(holdout) = &model.holdout {
        let score = holdout.scores.iter().find(|(of, _)| *of == model.metric).map(|(_, score)| *score);
        let note = format!("{} unseen", counted(holdout.n_rows, "row"));
        cards.push(card("Holdout", score.map_or(NONE.to_owned(), number), note));
    }
    let of_state = |state: TrialState| model.trials.iter().filter(|trial| trial.state == state).count();
    let [complete, pruned, failed] =
        [TrialState::Complete, TrialState::Pruned, TrialState::Failed].map(of_state).map(count);
    let states = format!("{complete} complete, {pruned} pruned, {failed} failed");
    cards.push(card("Trials", count(model.trials.len()), states));
    cards.push(card("Time", duration(model.run.elapsed_secs), clip(&model.run.budget, 60)));
    if model.is_of_function() {
        return cards;
    }
    let n_features = model.profile.features().count();
    cards.push(card("Rows", count(model.profile.n_rows), format!("{} used", counted(n_features, "column"))));
    cards
}

/// What was run, as a list.
pub(crate) fn run(model: &ReportModel) -> Vec<Fact> {
    let (run, profile) = (&model.run, &model.profile);
    let searched = [
        Fact::new("Budget", clip(&run.budget, 200)),
        Fact::new("Time taken", duration(run.elapsed_secs)),
        Fact::new("Seed", run.seed.to_string()),
    ];
    if model.is_of_function() {
        return searched.into();
    }
    let kind = match profile.task {
        Task::Binary => {
            let positive = profile.labels.get(1).map_or(NONE.to_owned(), |label| clip(label, 80));
            format!("binary classification; the positive class is “{positive}”")
        }
        Task::Multiclass => format!("classification, {} classes", count(profile.n_classes())),
        Task::Regression => "regression".to_owned(),
    };
    let better = match model.metric.direction() {
        Direction::Minimize => "lower is better",
        Direction::Maximize => "higher is better",
    };
    let dropped = match profile.n_dropped {
        0 => String::new(),
        n => format!("; {} without a target left out", counted(n, "row")),
    };
    let n_features = profile.features().count();
    let files: Vec<String> = run.data_files.iter().map(|file| clip(file, 160)).collect();
    let mut facts = vec![
        Fact::new("Data", clip(&files.join(", "), 600)),
        Fact::new("Rows", format!("{}{dropped}", count(profile.n_rows))),
        Fact::new("Columns", format!("{} of {} used", count(n_features), count(profile.columns.len()))),
        Fact::new("Target", clip(&profile.target, 160)),
        Fact::new("Task", format!("{kind} ({})", clip(&profile.task_reason, 300))),
        Fact::new("Metric", format!("{}, {better}", metric_label(model.metric))),
        Fact::new("Split", clip(&model.split, 400)),
        Fact::new("Device", clip(&run.device, 120)),
    ];
    facts.extend(searched);
    facts
}

/// What it takes to run it again.
#[derive(Debug, Serialize)]
pub(crate) struct ReproduceBox {
    command: String,
    config: String,
    facts: Vec<Fact>,
}

impl ReproduceBox {
    pub(crate) fn of(model: &ReportModel) -> Self {
        let reproduce = &model.reproduce;
        let pairs = reproduce.versions.iter().chain(&reproduce.machine);
        let mut facts = vec![Fact::new("Seed", model.run.seed.to_string())];
        if !model.is_of_function() {
            facts.push(Fact::new("SHA-256 of the data", clip(&reproduce.data_hash, 100)));
        }
        facts.extend(pairs.map(|(name, value)| Fact::new(&clip(name, 60), clip(value, 160))));
        if let Some((trial, value)) = best_of(model) {
            let mean = trial.mean_score(model.metric).unwrap_or(value);
            let score = mean_and_deviation(Some(mean), trial.std_score(model.metric));
            facts.push(Fact::new(
                "Expected result",
                format!("trial #{}, {} {score}", trial.number, metric_label(model.metric)),
            ));
        }
        // A configuration of this size names thousands of columns; the run folder has it whole.
        let config = if reproduce.config_toml.chars().count() > 40_000 {
            let head: String = reproduce.config_toml.chars().take(40_000).collect();
            format!("{head}\n# … cut here")
        } else {
            reproduce.config_toml.clone()
        };
        Self { command: clip_command(&reproduce.command, &model.run.command), config, facts }
    }
}

fn clip_command(again: &str, first: &str) -> String {
    let command = if again.trim().is_empty() { first } else { again };
    clip(command, 4_000)
}
