//! The best trials, each with everything that is known of it.

use automl_core::TrialRecord;
use serde::Serialize;

use super::scores::{Confused, Scores, confusions};
use super::{Fact, Panel, leaderboard, panels};
use crate::error::ReportError;
use crate::figures::family_of;
use crate::format::{clip, counted, duration, mean_and_deviation, metric_label, number};
use crate::model::ReportModel;

/// Trials shown: the best of the best families.
const MOST: usize = 3;

/// One trial.
#[derive(Debug, Serialize)]
pub(crate) struct ModelSection {
    number: u32,
    family: String,
    score: String,
    is_best: bool,
    facts: Vec<Fact>,
    params: Vec<Fact>,
    panels: Vec<Panel>,
    note: Option<String>,
    confusions: Vec<Confused>,
    scores: Option<Scores>,
}

impl ModelSection {
    pub(super) fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// Which trial it is about.
    pub(super) fn trial(&self) -> String {
        format!("trial {} ({})", self.number, self.family)
    }
}

/// The best trial, and the best ones of other families whose predictions are kept.
pub(crate) fn of(model: &ReportModel, ranked: &[&TrialRecord]) -> Result<Vec<ModelSection>, ReportError> {
    let mut shown: Vec<&TrialRecord> = Vec::new();
    for trial in ranked {
        let is_new = !shown.iter().any(|known| family_of(known) == family_of(trial));
        let is_known = shown.is_empty() || model.out_of_fold.contains_key(&trial.number);
        if is_new && is_known && shown.len() < MOST {
            shown.push(trial);
        }
    }
    // Of a run without a complete trial the curves of what there is say most.
    if shown.is_empty() {
        shown.extend(model.trials.iter().filter(|trial| model.epochs.contains_key(&trial.number)).take(1));
    }
    shown.into_iter().map(|trial| section(model, trial)).collect()
}

fn section(model: &ReportModel, trial: &TrialRecord) -> Result<ModelSection, ReportError> {
    let drawn = panels::trial(model, trial)?;
    let labels = &model.profile.labels;
    Ok(ModelSection {
        number: trial.number,
        family: clip(family_of(trial), 40),
        score: format!(
            "{} {}",
            metric_label(model.metric),
            mean_and_deviation(trial.mean_score(model.metric), trial.std_score(model.metric))
        ),
        is_best: model.best == Some(trial.number),
        facts: facts(model, trial),
        params: leaderboard::params(trial),
        panels: drawn.panels,
        note: drawn.note,
        confusions: model.out_of_fold.get(&trial.number).map(|of| confusions(of, labels)).unwrap_or_default(),
        scores: Scores::of_trial(model, trial),
    })
}

fn facts(model: &ReportModel, trial: &TrialRecord) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Trained in", duration(trial.seconds))];
    if trial.folds.len() > 1 {
        facts.push(Fact::new("Folds", trial.folds.len().to_string()));
    }
    if let Some(layers) = model.networks.get(&trial.number) {
        let n = layers.iter().map(|layer| layer.n_parameters).sum();
        facts.push(Fact::new("Learnt", counted(n, "number")));
    }
    if let Some(information) = trial.information {
        let text = format!("{} and {}", number(information.aic), number(information.bic));
        facts.push(Fact::new("AIC and BIC", text));
    }
    if let Some(p_value) = model.p_values.get(&trial.number) {
        facts.push(Fact::new("Chance of such a difference to the best", format!("p = {}", number(*p_value))));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn the_best_trial_is_shown_and_others_where_their_predictions_are_kept() {
        let mut model = fixtures::binary(40);
        let ranked = leaderboard::ranked(&model.trials);
        let shown: Vec<bool> = of(&model, &ranked).unwrap().iter().map(|section| section.is_best).collect();
        assert_eq!(shown, [true]);
        let other = ranked.iter().find(|trial| family_of(trial) == "ridge").unwrap().number;
        let copy = model.out_of_fold.values().next().unwrap().clone();
        model.out_of_fold.insert(other, copy);
        let ranked = leaderboard::ranked(&model.trials);
        let numbers: Vec<u32> = of(&model, &ranked).unwrap().iter().map(|section| section.number).collect();
        assert_eq!(numbers, [model.best.unwrap(), other]);
    }
}
