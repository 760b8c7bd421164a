//! What came of the run, in plain words.

use automl_core::{Direction, Metric, TrialRecord, TrialState};
use serde::Serialize;

use crate::figures::{family_of, value_of};
use crate::format::{self, clip, count, counted, metric_label, number, percent};
use crate::model::{ColumnImportance, FinalModel, ReportModel};

/// How good the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tone {
    /// A model that beats guessing.
    Good,
    /// A model, with a caveat.
    Caution,
    /// No model worth using.
    Bad,
}

/// One headline and what should be known besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    pub(crate) tone: Tone,
    pub(crate) headline: String,
    pub(crate) details: Vec<String>,
}

impl Verdict {
    /// The verdict on a run.
    pub(crate) fn of(model: &ReportModel) -> Self {
        let mut verdict = match best_of(model) {
            Some((trial, value)) if model.is_of_function() => of_function(model, trial, value),
            Some((trial, value)) => with_model(model, trial, final_value(model).unwrap_or(value)),
            None => without_model(model),
        };
        if model.interrupted {
            verdict
                .details
                .push("The run was stopped before it was done; this is what it had by then.".to_owned());
        }
        verdict
    }
}

/// Quantiles of Student's t distribution at 0.975 for 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// Half the 95 % interval of a trial's mean over the folds, with the variance that folds with shared training rows have (Nadeau
/// & Bengio 2003, eq. 15); `None` below three folds.
pub(crate) fn half_interval(model: &ReportModel, trial: &TrialRecord) -> Option<f64> {
    let values = trial.fold_values(model.metric);
    let n_folds = values.len();
    if n_folds < 3 {
        return None;
    }
    let deviation = trial.std_score(model.metric)?;
    let shared = model.test_to_train.unwrap_or(1.0 / (n_folds - 1) as f64);
    let student = STUDENT.get(n_folds - 2).copied().unwrap_or(1.96);
    let half = student * deviation * (1.0 / n_folds as f64 + shared).sqrt();
    half.is_finite().then_some(half)
}

/// An interval cut to the values that the metric can have: errors are 0 at least, shares and correlations 1 at most.
fn within_range(metric: Metric, [low, high]: [f64; 2]) -> [f64; 2] {
    match metric.direction() {
        Direction::Minimize => [low.max(0.0), high],
        Direction::Maximize => [low, high.min(1.0)],
    }
}

/// The final model's value in the metric's unit: its nested estimate, or that of the best trial where there is none.
pub(crate) fn final_value(model: &ReportModel) -> Option<f64> {
    let scores = model.final_model.as_ref().map(|found| found.scores.as_slice()).unwrap_or_default();
    let own = scores.iter().find(|(metric, _)| *metric == model.metric).map(|(_, value)| *value);
    own.filter(|value| value.is_finite()).or_else(|| best_of(model).map(|(_, value)| value))
}

/// The best trial and its value in the metric's unit.
pub(crate) fn best_of(model: &ReportModel) -> Option<(&TrialRecord, f64)> {
    let trial = find(model, model.best?)?;
    Some((trial, value_of(trial, model.metric)?))
}

/// The value of the constant baseline in the metric's unit.
pub(crate) fn baseline_of(model: &ReportModel) -> Option<f64> {
    value_of(find(model, model.baseline?)?, model.metric)
}

fn find(model: &ReportModel, number: u32) -> Option<&TrialRecord> {
    model.trials.iter().find(|trial| trial.number == number)
}

/// `43.4 % lower than`, or the plain difference where a ratio says nothing.
pub(crate) fn gain(metric: Metric, value: f64, baseline: f64) -> String {
    let (difference, word) = (value - baseline, if value < baseline { "lower" } else { "higher" });
    match metric.direction() {
        Direction::Minimize if baseline > 0.0 => format!("{} {word}", percent(difference.abs() / baseline)),
        _ => format!("{} {word}", format::short_number(difference.abs())),
    }
}

/// Parameters that the sentence on a function's best trial names.
const NAMED: usize = 6;

fn of_function(model: &ReportModel, trial: &TrialRecord, value: f64) -> Verdict {
    let n_complete = model.trials.iter().filter(|trial| trial.state == TrialState::Complete).count();
    let named = trial.params.iter().take(NAMED).map(|(name, value)| {
        let value = value.as_f64().map_or_else(|| value.to_string(), number);
        format!("{} = {}", clip(name, 40), clip(&value, 40))
    });
    let more = if trial.params.len() > NAMED { ", …" } else { "" };
    let at = format!("It is that of {}{more}.", named.collect::<Vec<_>>().join(", "));
    let of = format!("Trial #{} of {}.", trial.number, counted(n_complete, "complete trial"));
    Verdict {
        tone: Tone::Good,
        headline: format!("The least cost found is {}.", number(value)),
        details: if trial.params.is_empty() { vec![of] } else { vec![at, of] },
    }
}

fn with_model(model: &ReportModel, trial: &TrialRecord, value: f64) -> Verdict {
    let target = clip(&model.profile.target, 60);
    let metric = metric_label(model.metric);
    let n_complete = model.trials.iter().filter(|trial| trial.state == TrialState::Complete).count();
    let cost = |value: f64| model.metric.direction().cost(value);
    let winner = match n_complete {
        1 if model.final_model.is_none() => {
            format!("The only complete trial is #{} ({}).", trial.number, family_of(trial))
        }
        _ => match &model.final_model {
            Some(found) => made_of(found, n_complete),
            None => format!(
                "The best of {} complete trials is #{} ({}).",
                count(n_complete),
                trial.number,
                family_of(trial)
            ),
        },
    };
    let interval = half_interval(model, trial).map_or(String::new(), |half| {
        let [low, high] = within_range(model.metric, [value - half, value + half]);
        format!(" (95 % interval {} to {})", number(low), number(high))
    });
    let (tone, headline) = match baseline_of(model) {
        Some(baseline) if model.baseline == Some(trial.number) || cost(value) >= cost(baseline) => (
            Tone::Bad,
            format!(
                "No model predicts “{target}” better than a constant guess ({metric} {}).",
                number(baseline)
            ),
        ),
        Some(baseline) => (
            Tone::Good,
            format!(
                "Predicts “{target}” with {metric} {}{interval}, {} than the {} of a constant guess.",
                number(value),
                gain(model.metric, value, baseline),
                number(baseline)
            ),
        ),
        None => (Tone::Good, format!("Predicts “{target}” with {metric} {}{interval}.", number(value))),
    };
    let mut details = vec![winner];
    if tone == Tone::Bad {
        details.push("The columns may hold no information about it, or the budget was too small.".to_owned());
    }
    details.extend(drivers(model));
    let holdout = holdout_sentence(model, trial, value);
    let tone = match &holdout {
        Some((_, true)) if tone == Tone::Good => Tone::Caution,
        _ => tone,
    };
    details.extend(holdout.map(|(sentence, _)| sentence));
    Verdict { tone, headline, details }
}

/// What the final model is made of.
fn made_of(found: &FinalModel, n_complete: usize) -> String {
    let trials = counted(n_complete, "complete trial");
    match found.parts.as_slice() {
        [only] => format!(
            "The model is trial #{} ({}), the best of {trials}, as {}.",
            only.trial, only.family, found.kind
        ),
        parts => format!("The model is an {} of {} of {trials}.", found.kind, count(parts.len()))
            .replace("an stack", "a stack"),
    }
}

/// The columns that the final model relies on most, where it is sure of them.
fn drivers(model: &ReportModel) -> Option<String> {
    let found = model.explanation.as_ref()?;
    // Of a single repetition nothing is known but luck.
    let is_sure = |column: &&ColumnImportance| column.deviation > 0.0 && column.mean > 2.0 * column.deviation;
    let sure = found.importance.iter().filter(is_sure);
    let names: Vec<String> = sure.take(3).map(|column| format!("“{}”", clip(&column.column, 40))).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("It relies on {one} most.")),
        [first @ .., last] => Some(format!("It relies on {} and {last} most.", first.join(", "))),
    }
}

/// What the holdout says, and whether it is bad news.
fn holdout_sentence(model: &ReportModel, trial: &TrialRecord, value: f64) -> Option<(String, bool)> {
    let holdout = model.holdout.as_ref()?;
    let (_, score) = holdout.scores.iter().find(|(metric, _)| *metric == model.metric)?;
    if !score.is_finite() {
        return None;
    }
    let said = format!(
        "On {} that no trial saw: {} {}",
        counted(holdout.n_rows, "row"),
        metric_label(model.metric),
        number(*score)
    );
    let Some(deviation) = trial.std_score(model.metric).filter(|deviation| deviation.is_finite()) else {
        return Some((format!("{said}."), false));
    };
    let worse_by = model.metric.direction().cost(*score) - model.metric.direction().cost(value);
    if worse_by <= 2.0 * deviation || worse_by <= 1e-9 {
        let close = format!("{said}, in line with the {} of cross-validation.", number(value));
        return Some((close, false));
    }
    Some((
        format!(
            "{said}, worse than the {} of cross-validation by more than two standard deviations of the \
                 folds. Expect the holdout's figure on new data.",
            number(value)
        ),
        true,
    ))
}

fn without_model(model: &ReportModel) -> Verdict {
    let of_state = |state: TrialState| model.trials.iter().filter(|trial| trial.state == state).count();
    let (n_failed, n_pruned) = (of_state(TrialState::Failed), of_state(TrialState::Pruned));
    let missing = if model.is_of_function() { "cost" } else { "model" };
    let headline = match model.trials.len() {
        0 => format!("No trial was run, so there is no {missing}."),
        n if n == n_failed => format!("All {} failed, so there is no {missing}.", counted(n, "trial")),
        n => format!("None of {} was completed, so there is no {missing}.", counted(n, "trial")),
    };
    let headline = headline.replace("All 1 trial failed", "The only trial failed");
    let headline = headline.replace("None of 1 trial was", "The only trial was not");
    let details = match n_failed + n_pruned {
        0 if model.trials.is_empty() => Vec::new(),
        0 => vec!["A larger time budget may help.".to_owned()],
        _ => vec!["Why trials failed or were pruned is listed at the end.".to_owned()],
    };
    Verdict { tone: Tone::Bad, headline, details }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, trial, trial_of};
    use crate::model::{Explanation, HoldoutResult, ModelPart};

    fn said(model: &ReportModel) -> String {
        let verdict = Verdict::of(model);
        format!("{:?}: {}\n{}", verdict.tone, verdict.headline, verdict.details.join("\n"))
    }

    fn model(trials: Vec<TrialRecord>) -> ReportModel {
        let best = TrialRecord::best(&trials).map(|trial| trial.number);
        ReportModel { trials, best, baseline: Some(0), ..fixtures::empty() }
    }

    #[test]
    fn a_good_model_is_compared_with_guessing_and_the_holdout() {
        let mut model = model(vec![trial(0, "constant", &[0.55, 0.57]), trial(1, "mlp", &[0.30, 0.32])]);
        model.holdout = Some(HoldoutResult { n_rows: 6_512, scores: vec![(Metric::LogLoss, 0.3175)] });
        insta::assert_snapshot!(said(&model), @r"
        Good: Predicts “income” with log loss 0.3100, 44.6 % lower than the 0.5600 of a constant guess.
        The best of 2 complete trials is #1 (mlp).
        On 6,512 rows that no trial saw: log loss 0.3175, in line with the 0.3100 of cross-validation.
        ");
        model.holdout = Some(HoldoutResult { n_rows: 6_512, scores: vec![(Metric::LogLoss, 0.45)] });
        insta::assert_snapshot!(said(&model), @r"
        Caution: Predicts “income” with log loss 0.3100, 44.6 % lower than the 0.5600 of a constant guess.
        The best of 2 complete trials is #1 (mlp).
        On 6,512 rows that no trial saw: log loss 0.4500, worse than the 0.3100 of cross-validation by more than two standard deviations of the folds. Expect the holdout's figure on new data.
        ");
    }

    #[test]
    fn the_final_model_is_told_with_its_interval_and_what_drives_it() {
        let mut model =
            model(vec![trial(0, "constant", &[0.56; 5]), trial(1, "mlp", &[0.30, 0.32, 0.31, 0.30, 0.32])]);
        let part = |trial: u32, family: &str| ModelPart {
            trial,
            family: family.to_owned(),
            weight: 0.5,
            n_members: 5,
        };
        model.final_model = Some(FinalModel {
            kind: "ensemble".to_owned(),
            parts: vec![part(1, "mlp"), part(0, "constant")],
            scores: vec![(Metric::LogLoss, 0.305)],
            ..FinalModel::default()
        });
        let column = |name: &str, mean: f64, deviation: f64| ColumnImportance {
            column: name.to_owned(),
            mean,
            deviation,
        };
        let importance =
            vec![column("age", 0.2, 0.01), column("hours", 0.1, 0.02), column("noise", 0.01, 0.02)];
        model.explanation = Some(Explanation { importance, ..Explanation::default() });
        insta::assert_snapshot!(said(&model), @r#"
        Good: Predicts “income” with log loss 0.3050 (95 % interval 0.2864 to 0.3236), 45.5 % lower than the 0.5600 of a constant guess.
        The model is an ensemble of 2 of 2 complete trials.
        It relies on “age” and “hours” most.
        "#);
    }

    #[test]
    fn an_interval_does_not_leave_the_metric_s_range() {
        assert_eq!(within_range(Metric::LogLoss, [-0.1, 0.2]), [0.0, 0.2]);
        assert_eq!(within_range(Metric::RocAuc, [0.9, 1.2]), [0.9, 1.0]);
        assert_eq!(within_range(Metric::R2, [-3.0, 0.5]), [-3.0, 0.5]);
    }

    #[test]
    fn more_is_better_where_the_metric_says_so() {
        let auc = |number, family, value| trial_of(Metric::RocAuc, number, family, &[value]);
        let mut model = model(vec![auc(0, "constant", 0.5), auc(1, "mlp", 0.921)]);
        model.metric = Metric::RocAuc;
        insta::assert_snapshot!(said(&model), @r"
        Good: Predicts “income” with ROC AUC 0.9210, 0.421 higher than the 0.5000 of a constant guess.
        The best of 2 complete trials is #1 (mlp).
        ");
    }

    #[test]
    fn a_model_no_better_than_guessing_is_bad_news() {
        insta::assert_snapshot!(said(&model(vec![trial(0, "constant", &[0.55])])), @r"
        Bad: No model predicts “income” better than a constant guess (log loss 0.5500).
        The only complete trial is #0 (constant).
        The columns may hold no information about it, or the budget was too small.
        ");
        let worse = model(vec![trial(0, "constant", &[0.55]), trial(1, "mlp", &[0.56])]);
        assert_eq!(Verdict::of(&worse).tone, Tone::Bad);
    }

    #[test]
    fn runs_without_a_model_say_why() {
        let in_state = |state: TrialState| {
            let mut trial = trial(0, "mlp", &[]);
            trial.state = state;
            trial.cost = None;
            trial
        };
        let mut stopped = model(vec![]);
        stopped.interrupted = true;
        let failed = model(vec![in_state(TrialState::Failed)]);
        let pruned = model(vec![in_state(TrialState::Pruned), in_state(TrialState::Lost)]);
        let all = [said(&stopped), said(&failed), said(&pruned)];
        insta::assert_snapshot!(all.join("\n"), @r"
        Bad: No trial was run, so there is no model.
        The run was stopped before it was done; this is what it had by then.
        Bad: The only trial failed, so there is no model.
        Why trials failed or were pruned is listed at the end.
        Bad: None of 2 trials was completed, so there is no model.
        Why trials failed or were pruned is listed at the end.
        ");
    }
}
