//! The best trials.

use automl_core::{Average, Metric, ParamValue, Task, TrialRecord, TrialState};
use serde::Serialize;

use super::Fact;
use crate::figures::family_of;
use crate::format::{NONE, capitalised, clip, count, duration, mean_and_deviation, metric_label, number};
use crate::model::ReportModel;

/// Trials listed; the page's script shows a page of them at a time.
const MOST: usize = 500;

/// Hyper-parameters listed of one trial.
const MOST_PARAMS: usize = 40;

/// One trial.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    rank: usize,
    pub(crate) number: u32,
    family: String,
    pub(crate) score: String,
    others: Vec<String>,
    p_value: String,
    information: Option<[String; 2]>,
    time: String,
    seconds: f64,
    is_best: bool,
    is_baseline: bool,
    params: Vec<Fact>,
}

/// The table of the best trials.
#[derive(Debug, Serialize)]
pub(crate) struct Leaderboard {
    metric: String,
    others: Vec<String>,
    has_p_values: bool,
    has_information: bool,
    pub(crate) rows: Vec<Row>,
    note: Option<String>,
}

/// Complete trials, best first, the earliest slot among ties.
pub(crate) fn ranked(trials: &[TrialRecord]) -> Vec<&TrialRecord> {
    let mut ranked: Vec<&TrialRecord> =
        trials.iter().filter(|trial| trial.state == TrialState::Complete).collect();
    let cost = |trial: &TrialRecord| trial.cost.filter(|cost| cost.is_finite()).unwrap_or(f64::INFINITY);
    ranked.sort_by(|a, b| cost(a).total_cmp(&cost(b)).then(a.slot.cmp(&b.slot)));
    ranked
}

/// Up to three metrics besides the one that was optimised.
pub(crate) fn other_metrics(task: Task, metric: Metric) -> Vec<Metric> {
    let candidates = match task {
        Task::Binary => vec![Metric::RocAuc, Metric::Accuracy, Metric::F1(Average::Binary), Metric::LogLoss],
        Task::Multiclass => {
            vec![Metric::Accuracy, Metric::F1(Average::Macro), Metric::LogLoss, Metric::RocAuc]
        }
        Task::Regression => vec![Metric::R2, Metric::Mae, Metric::Rmse, Metric::MedianAe],
    };
    candidates.into_iter().filter(|other| *other != metric).take(3).collect()
}

impl Leaderboard {
    pub(crate) fn of(model: &ReportModel, ranked: &[&TrialRecord]) -> Self {
        let others =
            if model.is_of_function() { Vec::new() } else { other_metrics(model.profile.task, model.metric) };
        let rows: Vec<Row> = ranked
            .iter()
            .take(MOST)
            .enumerate()
            .map(|(index, trial)| row(model, index + 1, trial, &others))
            .collect();
        let note = (ranked.len() > MOST)
            .then(|| format!("The best {MOST} of {} complete trials.", count(ranked.len())));
        let name = |metric: Metric| capitalised(&metric_label(metric));
        Self {
            metric: name(model.metric),
            others: others.into_iter().map(name).collect(),
            has_p_values: !model.p_values.is_empty(),
            has_information: rows.iter().any(|row| row.information.is_some()),
            rows,
            note,
        }
    }
}

fn row(model: &ReportModel, rank: usize, trial: &TrialRecord, others: &[Metric]) -> Row {
    let mean = trial
        .mean_score(model.metric)
        .or_else(|| trial.cost.map(|cost| model.metric.direction().value(cost)));
    let other = |metric: &Metric| trial.mean_score(*metric).map_or(NONE.to_owned(), number);
    Row {
        rank,
        number: trial.number,
        family: clip(family_of(trial), 40),
        score: mean_and_deviation(mean, trial.std_score(model.metric)),
        others: others.iter().map(other).collect(),
        p_value: model.p_values.get(&trial.number).map_or(NONE.to_owned(), |p_value| number(*p_value)),
        information: trial.information.map(|of| [number(of.aic), number(of.bic)]),
        time: duration(trial.seconds),
        seconds: if trial.seconds.is_finite() { trial.seconds } else { 0.0 },
        is_best: model.best == Some(trial.number),
        is_baseline: model.baseline == Some(trial.number),
        params: params(trial),
    }
}

/// Names without the prefix of the family, and values; the family itself has its own column.
pub(super) fn params(trial: &TrialRecord) -> Vec<Fact> {
    let prefix = format!("{}.", family_of(trial));
    let fact = |(name, value): (&str, &ParamValue)| {
        let name = name.strip_prefix(&prefix).unwrap_or(name);
        Fact::new(&clip(name, 60), clip(&value.to_string(), 60))
    };
    trial.params.iter().filter(|(name, _)| *name != "family").take(MOST_PARAMS).map(fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, trial};

    #[test]
    fn trials_are_ranked_by_cost_then_slot_and_bad_costs_come_last() {
        let mut pruned = trial(5, "mlp", &[0.1]);
        pruned.state = TrialState::Pruned;
        let trials = [
            trial(0, "a", &[f64::NAN]),
            trial(1, "a", &[0.5]),
            trial(2, "a", &[0.2]),
            trial(3, "a", &[0.2]),
            pruned,
        ];
        let numbers: Vec<u32> = ranked(&trials).iter().map(|trial| trial.number).collect();
        assert_eq!(numbers, [2, 3, 1, 0]);
    }

    #[test]
    fn a_very_long_table_is_cut() {
        let mut model = fixtures::empty();
        model.trials = (0..505).map(|number| trial(number, "mlp", &[0.5, 0.6])).collect();
        let ranked = ranked(&model.trials);
        let table = Leaderboard::of(&model, &ranked);
        assert_eq!(table.rows.len(), 500);
        assert_eq!(table.rows[0].score, "0.5500 ± 0.0707");
        assert_eq!(table.note.as_deref(), Some("The best 500 of 505 complete trials."));
    }

    #[test]
    fn the_optimised_metric_is_not_listed_twice() {
        for task in Task::ALL {
            for metric in Metric::of_task(task) {
                let others = other_metrics(task, metric);
                assert!(others.len() == 3 && !others.contains(&metric));
                assert!(others.iter().all(|other| other.supports(task)));
            }
        }
    }
}
