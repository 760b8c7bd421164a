//! The final model: the best by cross-validation among a single configuration, an ensemble and a stack.
//!
//! All decisions are made on out-of-fold predictions, none on the holdout. Each kind of model is judged by a nested
//! estimate: what is chosen or fitted on some of the rows is scored on the others, the choice of the best single
//! configuration among many included. Of equals the simplest is taken; of classes of a small table a stack, unless another
//! kind is better by more than chance.

use automl_core::{Predictions, Seed};
use automl_ensemble::calibration::{self, Calibrator};
use automl_ensemble::compare::corrected_t_test;
use automl_ensemble::{
    Candidate, DecisionRule, EnsembleError, GreedyConfig, GreedySelector, Nested, Parts, Scorer, Stack,
    StackConfig, Stacker, nested, threshold,
};
use serde::{Deserialize, Serialize};

use crate::config::FinalConfig;
use crate::split::SMALL;

/// Parts of the rows in nested estimates.
pub(crate) const N_PARTS: usize = 5;

/// A configuration that the final model may use.
pub(crate) struct Entry {
    /// Its name in errors.
    pub(crate) id: String,
    /// Its family.
    pub(crate) family: String,
    /// Out-of-fold predictions.
    pub(crate) predictions: Predictions,
    /// Milliseconds in which all of its fold models together predict 1000 rows.
    pub(crate) predict_ms: f64,
}

/// How the predictions of the configurations become one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Their weighted mean; the weights sum to 1.
    Mean(Vec<f64>),
    /// A model on their predictions.
    Stack(Stack),
}

/// The kinds of final models, the simplest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One model, trained on all folds but one.
    Single,
    /// The mean of one configuration's fold models.
    Bagged,
    /// A weighted mean of configurations, each the mean of its fold models.
    Ensemble,
    /// A model on the predictions of configurations.
    Stack,
}

impl Kind {
    /// How people are told.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Single => "single model",
            Kind::Bagged => "bagged folds",
            Kind::Ensemble => "ensemble",
            Kind::Stack => "stack",
        }
    }
}

/// What a kind of model is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The kind.
    pub kind: Kind,
    /// Nested estimate of the metric.
    pub score: f64,
}

/// The final model, decided.
pub(crate) struct Composition {
    pub(crate) kind: Kind,
    /// Places of the configurations used, and how they are combined.
    pub(crate) used: Vec<usize>,
    pub(crate) combine: Combine,
    pub(crate) calibrator: Calibrator,
    pub(crate) decision: DecisionRule,
    /// What each kind was judged to be worth.
    pub(crate) estimates: Vec<Estimate>,
    /// Nested predictions, from which honest scores follow: each row's by a combination and a calibrator that were fitted
    /// without its part.
    pub(crate) predictions: Predictions,
    /// The same as classes that are certain, by rules of decision that were fitted likewise; `None` where the most probable class
    /// is taken.
    pub(crate) decided: Option<Predictions>,
}

/// Decides on the final model. `parts` are those of nested estimates, absent where the rows are too few for them;
/// `n_folds` is the number of fold models of each configuration.
///
/// # Errors
/// [`EnsembleError::Budget`] if nothing is fast enough for the bound that was set.
pub(crate) fn compose(
    entries: &[Entry],
    scorer: &Scorer<'_>,
    parts: Option<&Parts>,
    limits: &FinalConfig,
    n_folds: usize,
) -> Result<Composition, EnsembleError> {
    // Nothing here draws: the library is not bagged, and the parts are given.
    let seed = Seed(0);
    let bound = limits.max_predict_ms.map(|ms| ms / 1000.0);
    // Without a bound no time is looked at, so that the same trials make the same model on any machine.
    let candidates: Vec<Candidate<'_>> = entries
        .iter()
        .map(|entry| Candidate {
            id: &entry.id,
            family: &entry.family,
            predictions: &entry.predictions,
            ms_per_row: if bound.is_some() { entry.predict_ms / 1000.0 } else { 0.0 },
        })
        .collect();
    let quick = fast_enough(&candidates, bound, n_folds)?;
    let Some(parts) = parts else { return first(entries, quick[0], scorer) };
    let mut choices = Vec::new();
    choices.extend(possible(single(scorer, &candidates, parts, &quick))?);
    if !limits.single_model && entries.len() > 1 {
        choices.extend(possible(ensemble(scorer, &candidates, parts, bound, seed))?.flatten());
        choices.extend(possible(stack(scorer, &candidates, parts, bound, seed))?.flatten());
    }
    let estimates =
        choices.iter().map(|choice| Estimate { kind: choice.kind, score: choice.honest.score }).collect();
    let Some(best) = choices.into_iter().reduce(|best, other| better(best, other, scorer)) else {
        return first(entries, quick[0], scorer);
    };
    finish(best, scorer, parts, limits, estimates)
}

/// `None` for what cannot be had: nothing is fast enough for it, or the metric has no value of its predictions.
fn possible<T>(found: Result<T, EnsembleError>) -> Result<Option<T>, EnsembleError> {
    match found {
        Err(EnsembleError::Budget { .. } | EnsembleError::Metric(_)) => Ok(None),
        found => found.map(Some),
    }
}

/// The better of two kinds of models, the simpler one first: the one of the better nested estimate.
///
/// But on a small table a stack of class probabilities gives way only to what is better than it by more than chance: there it
/// is chance that decides between estimates, and what a stack is worse by where it should not have been taken is less than
/// what it is better by elsewhere (`experiments/bench/accuracy_notes.md`). Of numbers, and of more rows, neither was found
/// better.
fn better(simple: Choice, other: Choice, scorer: &Scorer<'_>) -> Choice {
    let cost = |choice: &Choice| scorer.direction().cost(choice.honest.score);
    let is_small = scorer.n_rows() < SMALL;
    let is_other = if other.kind == Kind::Stack && scorer.n_classes() > 0 && is_small {
        !is_surely_better(&simple.honest, &other.honest, scorer)
    } else {
        cost(&other) < cost(&simple)
    };
    if is_other { other } else { simple }
}

/// Whether one estimate is better than another by more than chance: a one-sided t-test of their parts, at 5 %.
fn is_surely_better(one: &Nested, other: &Nested, scorer: &Scorer<'_>) -> bool {
    let cost = |score: &f64| scorer.direction().cost(*score);
    let pairs = one.part_scores.iter().zip(&other.part_scores);
    let differences: Vec<f64> = pairs.map(|(one, other)| cost(one) - cost(other)).collect();
    let test_to_train = 1.0 / (differences.len() as f64 - 1.0);
    // The p-value is two-sided.
    corrected_t_test(&differences, test_to_train).is_ok_and(|test| test.mean < 0.0 && test.p_value < 0.1)
}

/// A kind of model, fitted on all rows, with its nested estimate.
struct Choice {
    kind: Kind,
    used: Vec<usize>,
    combine: Combine,
    honest: Nested,
}

/// A configuration that is fast enough alone, by its place: as the mean of its fold models, or else as one of them.
type Quick = (usize, Kind);

/// All configurations that are fast enough alone, in their order; at least one.
fn fast_enough(
    candidates: &[Candidate<'_>],
    bound: Option<f64>,
    n_folds: usize,
) -> Result<Vec<Quick>, EnsembleError> {
    let fits = |ms_per_row: f64| bound.is_none_or(|bound| ms_per_row <= bound);
    let alone = |candidate: &Candidate<'_>| candidate.ms_per_row / n_folds as f64;
    let kind = |candidate: &Candidate<'_>| {
        if fits(candidate.ms_per_row) {
            Some(Kind::Bagged)
        } else {
            fits(alone(candidate)).then_some(Kind::Single)
        }
    };
    let quick: Vec<Quick> = candidates
        .iter()
        .enumerate()
        .filter_map(|(place, candidate)| Some((place, kind(candidate)?)))
        .collect();
    if !quick.is_empty() {
        return Ok(quick);
    }
    let fastest = candidates.iter().min_by(|a, b| a.ms_per_row.total_cmp(&b.ms_per_row));
    let too_few = EnsembleError::TooFew { what: "a final model", unit: "models", got: 0, wanted: 1 };
    let fastest = fastest.ok_or(too_few)?;
    let (id, fastest) = (fastest.id.to_owned(), alone(fastest));
    Err(EnsembleError::Budget { budget: bound.unwrap_or_default(), id, fastest })
}

/// The best single configuration.
fn single(
    scorer: &Scorer<'_>,
    candidates: &[Candidate<'_>],
    parts: &Parts,
    quick: &[Quick],
) -> Result<Choice, EnsembleError> {
    let best_on = |rows: &[usize]| -> Result<Quick, EnsembleError> {
        let mut best = (quick[0], f64::INFINITY);
        for &of in quick {
            let predictions = candidates[of.0].predictions;
            let cost = scorer.direction().cost(scorer.score_rows(predictions, rows)?);
            if cost < best.1 {
                best = (of, cost);
            }
        }
        Ok(best.0)
    };
    let honest =
        nested(scorer, parts, |fit, held_out| Ok(candidates[best_on(fit)?.0].predictions.select(held_out)))?;
    let all: Vec<usize> = (0..scorer.n_rows()).collect();
    let (place, kind) = best_on(&all)?;
    Ok(Choice { kind, used: vec![place], combine: Combine::Mean(vec![1.0]), honest })
}

/// A greedily selected ensemble; `None` if it is but one configuration.
fn ensemble(
    scorer: &Scorer<'_>,
    candidates: &[Candidate<'_>],
    parts: &Parts,
    bound: Option<f64>,
    seed: Seed,
) -> Result<Option<Choice>, EnsembleError> {
    let selector = GreedySelector::new(GreedyConfig { max_ms_per_row: bound, ..GreedyConfig::default() })?;
    let selection = selector.select(scorer, candidates, seed)?;
    let (used, weights) = non_zero(&selection.weights);
    if used.len() < 2 {
        return Ok(None);
    }
    let honest = selector.nested_score(scorer, candidates, parts, seed)?;
    Ok(Some(Choice { kind: Kind::Ensemble, used, combine: Combine::Mean(weights), honest }))
}

/// A model on the predictions; `None` if it needs none of them, where a constant is as good.
fn stack(
    scorer: &Scorer<'_>,
    candidates: &[Candidate<'_>],
    parts: &Parts,
    bound: Option<f64>,
    seed: Seed,
) -> Result<Option<Choice>, EnsembleError> {
    let stacker = Stacker::new(StackConfig { max_ms_per_row: bound, ..StackConfig::default() })?;
    let stack = stacker.fit(scorer, candidates, Some(parts), seed)?;
    let (used, weights) = non_zero(&stack.weights);
    if used.is_empty() {
        return Ok(None);
    }
    let honest = stacker.nested_score(scorer, candidates, parts, seed)?;
    let stack = Stack { weights, ..stack };
    Ok(Some(Choice { kind: Kind::Stack, used, combine: Combine::Stack(stack), honest }))
}

/// Adds calibration and the rule of decision to a choice.
fn finish(
    choice: Choice,
    scorer: &Scorer<'_>,
    parts: &Parts,
    limits: &FinalConfig,
    estimates: Vec<Estimate>,
) -> Result<Composition, EnsembleError> {
    let mut made = Composition::plain(choice.kind, choice.used, choice.combine, choice.honest.predictions);
    made.estimates = estimates;
    if scorer.n_classes() == 0 {
        return Ok(made);
    }
    // Both are fitted on what is honest: a combination looks surer of its own rows than of others.
    let mut told = made.predictions.clone();
    if limits.calibrate {
        let chosen = calibration::choose(scorer, &told, parts)?;
        told = chosen.calibrator.apply(&told)?;
        made.predictions = chosen.predictions;
        made.calibrator = chosen.calibrator;
    }
    if let Some((rule, decided)) = better_rule(scorer, &told, &made.predictions, parts)? {
        made.decision = rule;
        made.decided = Some(decided);
    }
    Ok(made)
}

/// The rule of decision that is best for the metric on `told`, with what such rules make of `honest` predictions on which they
/// were not fitted; `None` if the most probable class is as good.
fn better_rule(
    scorer: &Scorer<'_>,
    told: &Predictions,
    honest: &Predictions,
    parts: &Parts,
) -> Result<Option<(DecisionRule, Predictions)>, EnsembleError> {
    let rule = match DecisionRule::fit(scorer, told) {
        // Of a metric of probabilities the most probable class is the best guess.
        Err(EnsembleError::NotOfClasses { .. }) => return Ok(None),
        rule => rule?,
    };
    let as_is = possible(nested(scorer, parts, |_, held_out| Ok(honest.select(held_out))))?;
    let tuned = possible(threshold::nested_score(scorer, honest, parts))?;
    let (Some(as_is), Some(tuned)) = (as_is, tuned) else { return Ok(None) };
    let cost = |of: &Nested| scorer.direction().cost(of.score);
    Ok((cost(&tuned) < cost(&as_is)).then_some((rule, tuned.predictions)))
}

/// The first entry that is fast enough, where there are too few rows to judge by.
fn first(entries: &[Entry], (place, kind): Quick, scorer: &Scorer<'_>) -> Result<Composition, EnsembleError> {
    let predictions = &entries[place].predictions;
    let mut made = Composition::plain(kind, vec![place], Combine::Mean(vec![1.0]), predictions.clone());
    made.estimates.extend(possible(scorer.score(predictions))?.map(|score| Estimate { kind, score }));
    Ok(made)
}

impl Composition {
    /// As it is: no estimates, probabilities that are not corrected, the most probable class.
    fn plain(kind: Kind, used: Vec<usize>, combine: Combine, predictions: Predictions) -> Self {
        let (calibrator, decision) = (Calibrator::None, DecisionRule::MostProbable);
        Self { kind, used, combine, calibrator, decision, estimates: Vec::new(), predictions, decided: None }
    }
}

impl Combine {
    /// The predictions of the configurations as one.
    ///
    /// # Errors
    /// [`EnsembleError`] if their number or shapes differ from those it was made for.
    pub(crate) fn apply(&self, models: &[&Predictions]) -> Result<Predictions, EnsembleError> {
        match self {
            Combine::Mean(weights) => automl_ensemble::blend(models, weights),
            Combine::Stack(stack) => stack.apply(models),
        }
    }

    /// The weight of each configuration.
    pub fn weights(&self) -> &[f64] {
        match self {
            Combine::Mean(weights) => weights,
            Combine::Stack(stack) => &stack.weights,
        }
    }
}

/// Places and values of what is not 0.
fn non_zero(weights: &[f64]) -> (Vec<usize>, Vec<f64>) {
    weights.iter().copied().enumerate().filter(|(_, weight)| *weight != 0.0).unzip()
}

#[cfg(test)]
mod tests {
    use automl_core::{Matrix, Metric, Target};

    use super::*;

    /// Rows in which three models err in different places, so that their mean is better than each.
    fn library(n_rows: usize) -> (Target, Vec<Entry>) {
        let codes: Vec<u32> = (0..n_rows as u32).map(|row| row % 2).collect();
        let entry = |index: usize| {
            let proba = codes.iter().enumerate().flat_map(|(row, &code)| {
                let sure: f64 = if row % 7 == index { 0.3 } else { 0.8 };
                let positive = if code == 1 { sure } else { 1.0 - sure };
                [1.0 - positive, positive]
            });
            Entry {
                id: format!("trial {index}"),
                family: "fake".to_owned(),
                predictions: Predictions::Proba(Matrix::new(n_rows, 2, proba.collect())),
                predict_ms: 10.0 * (index + 1) as f64,
            }
        };
        let entries = (0..3).map(entry).collect();
        (Target::Classes { codes, n_classes: 2 }, entries)
    }

    fn composed(limits: &FinalConfig, metric: Metric) -> Result<Composition, EnsembleError> {
        let (target, entries) = library(700);
        let parts = Parts::stratified(&target, N_PARTS, Seed(1)).unwrap();
        compose(&entries, &Scorer::new(metric, &target)?, Some(&parts), limits, 5)
    }

    #[test]
    fn models_that_err_in_different_places_become_an_ensemble() {
        let composition = composed(&FinalConfig::default(), Metric::LogLoss).unwrap();
        assert!(matches!(composition.kind, Kind::Ensemble | Kind::Stack), "{:?}", composition.estimates);
        assert_eq!(composition.used.len(), 3);
        let of = |kind: Kind| composition.estimates.iter().find(|of| of.kind == kind).unwrap().score;
        assert!(of(composition.kind) < of(Kind::Bagged));
        assert_eq!(composition.predictions.n_rows(), 700);
    }

    #[test]
    fn a_single_model_is_one_configuration() {
        let limits = FinalConfig { single_model: true, ..FinalConfig::default() };
        let composition = composed(&limits, Metric::LogLoss).unwrap();
        assert_eq!((composition.kind, composition.used.len()), (Kind::Bagged, 1));
    }

    #[test]
    fn a_stack_of_classes_gives_way_only_to_what_is_better_by_more_than_chance() {
        let choice = |kind, part_scores: [f64; 5]| {
            let score = part_scores.iter().sum::<f64>() / 5.0;
            let predictions = Predictions::Real(Vec::new());
            let honest = Nested { score, part_scores: part_scores.to_vec(), predictions };
            Choice { kind, used: vec![0], combine: Combine::Mean(vec![1.0]), honest }
        };
        let classes = Target::Classes { codes: vec![0, 1], n_classes: 2 };
        let numbers = Target::Real(vec![0.0, 1.0]);
        let of_classes = Scorer::new(Metric::LogLoss, &classes).unwrap();
        let of_numbers = Scorer::new(Metric::Rmse, &numbers).unwrap();
        let stack = || choice(Kind::Stack, [0.30, 0.32, 0.31, 0.30, 0.32]);
        let by_chance = || choice(Kind::Ensemble, [0.31, 0.30, 0.32, 0.31, 0.26]);
        let surely = || choice(Kind::Ensemble, [0.25, 0.26, 0.27, 0.24, 0.27]);
        let worse = || choice(Kind::Ensemble, [0.35, 0.36, 0.37, 0.34, 0.37]);
        assert_eq!(better(by_chance(), stack(), &of_classes).kind, Kind::Stack);
        assert_eq!(better(surely(), stack(), &of_classes).kind, Kind::Ensemble);
        assert_eq!(better(worse(), stack(), &of_classes).kind, Kind::Stack);
        assert_eq!(better(by_chance(), stack(), &of_numbers).kind, Kind::Ensemble);
        assert_eq!(better(worse(), stack(), &of_numbers).kind, Kind::Stack);
        let many = Target::Classes { codes: (0..SMALL as u32).map(|row| row % 2).collect(), n_classes: 2 };
        let of_many = Scorer::new(Metric::LogLoss, &many).unwrap();
        assert_eq!(better(by_chance(), stack(), &of_many).kind, Kind::Ensemble);
        // Accuracy is better where it is higher.
        let of_accuracy = Scorer::new(Metric::Accuracy, &classes).unwrap();
        assert_eq!(better(surely(), stack(), &of_accuracy).kind, Kind::Stack);
        assert_eq!(better(worse(), stack(), &of_accuracy).kind, Kind::Ensemble);
        // Between the others the estimate alone decides, and of equals the first is taken.
        let single = choice(Kind::Bagged, [0.30; 5]);
        assert_eq!(better(single, choice(Kind::Ensemble, [0.30; 5]), &of_classes).kind, Kind::Bagged);
    }

    #[test]
    fn a_bound_on_time_is_kept() {
        let limits = |ms: f64| FinalConfig { max_predict_ms: Some(ms), ..FinalConfig::default() };
        let slow = composed(&limits(35.0), Metric::LogLoss).unwrap();
        assert!(slow.used.iter().map(|&place| 10.0 * (place + 1) as f64).sum::<f64>() <= 35.0);
        let fast = composed(&limits(3.0), Metric::LogLoss).unwrap();
        assert_eq!((fast.kind, fast.used), (Kind::Single, vec![0]));
        let error = composed(&limits(1.0), Metric::LogLoss).err();
        assert!(
            matches!(error, Some(EnsembleError::Budget { fastest, .. }) if (1e3 * fastest - 2.0).abs() < 1e-9)
        );
    }

    #[test]
    fn one_fast_configuration_does_not_keep_others_from_being_used_alone() {
        let (target, mut entries) = library(700);
        // The fast one knows nothing.
        entries[0].predictions = Predictions::Proba(Matrix::filled(700, 2, 0.5));
        let parts = Parts::stratified(&target, N_PARTS, Seed(1)).unwrap();
        let limits = FinalConfig { max_predict_ms: Some(15.0), ..FinalConfig::default() };
        let scorer = Scorer::new(Metric::LogLoss, &target).unwrap();
        let composition = compose(&entries, &scorer, Some(&parts), &limits, 5).unwrap();
        assert_eq!(composition.kind, Kind::Single);
        assert_ne!(composition.used, [0]);
    }

    #[test]
    fn a_metric_without_a_value_on_some_parts_costs_the_comparison_alone() {
        let (_, entries) = library(700);
        let proba = |entry: Entry| {
            let Predictions::Proba(proba) = &entry.predictions else { panic!("no probabilities") };
            let of = proba.rows().flat_map(|row| [row[0] * 0.9, row[1] * 0.9, 0.1]);
            let predictions = Predictions::Proba(Matrix::new(700, 3, of.collect()));
            Entry { predictions, ..entry }
        };
        let entries: Vec<Entry> = entries.into_iter().map(proba).collect();
        // Two rows of the third class cannot be in all of five parts.
        let codes = (0..700).map(|row| if row < 2 { 2 } else { row % 2 }).collect();
        let target = Target::Classes { codes, n_classes: 3 };
        let parts = Parts::stratified(&target, N_PARTS, Seed(1)).unwrap();
        let scorer = Scorer::new(Metric::RocAuc, &target).unwrap();
        let composition = compose(&entries, &scorer, Some(&parts), &FinalConfig::default(), 5).unwrap();
        assert_eq!((composition.kind, composition.used), (Kind::Bagged, vec![0]));
        assert_eq!(composition.estimates.len(), 1);
    }

    #[test]
    fn a_stack_that_needs_no_model_is_none() {
        let values: Vec<f64> = (0..200).map(|row| f64::from(row * 37 % 101)).collect();
        // The more they tell the less it is, and no weight is below 0.
        let entry = |most: f64| Entry {
            id: format!("trial {most}"),
            family: "fake".to_owned(),
            predictions: Predictions::Real(values.iter().map(|value| most - value).collect()),
            predict_ms: 1.0,
        };
        let entries = [entry(100.0), entry(120.0)];
        let target = Target::Real(values);
        let parts = Parts::stratified(&target, N_PARTS, Seed(1)).unwrap();
        let scorer = Scorer::new(Metric::Rmse, &target).unwrap();
        let composition = compose(&entries, &scorer, Some(&parts), &FinalConfig::default(), 5).unwrap();
        assert_eq!((composition.kind, composition.used), (Kind::Bagged, vec![0]));
        assert!(composition.estimates.iter().all(|of| of.kind != Kind::Stack));
    }

    #[test]
    fn unsure_probabilities_are_corrected() {
        // The model says 0.8 where it is right, six times of seven, and 0.3 where it is not.
        let limits = |calibrate| FinalConfig { single_model: true, calibrate, ..FinalConfig::default() };
        let calibrator = |calibrate| composed(&limits(calibrate), Metric::LogLoss).unwrap().calibrator;
        assert_ne!(calibrator(true), Calibrator::None);
        assert_eq!(calibrator(false), Calibrator::None);
    }

    #[test]
    fn the_threshold_follows_the_metric() {
        let (target, mut entries) = library(700);
        entries.truncate(1);
        // All probabilities halved: the best threshold is below a half.
        let Predictions::Proba(proba) = &mut entries[0].predictions else { panic!("no probabilities") };
        for row in 0..proba.n_rows() {
            let positive = 0.5 * proba.get(row, 1);
            proba.row_mut(row).copy_from_slice(&[1.0 - positive, positive]);
        }
        let parts = Parts::stratified(&target, N_PARTS, Seed(1)).unwrap();
        let limits = FinalConfig { calibrate: false, ..FinalConfig::default() };
        let of = |metric| compose(&entries, &Scorer::new(metric, &target).unwrap(), Some(&parts), &limits, 5);
        let accuracy = of(Metric::Accuracy).unwrap();
        assert!(matches!(accuracy.decision, DecisionRule::Threshold(threshold) if threshold < 0.5));
        // Scores are told of thresholds that had not seen the rows.
        let decided = accuracy.decided.unwrap();
        let right = Metric::Accuracy.score(&target, &decided).unwrap();
        assert!(right > Metric::Accuracy.score(&target, &entries[0].predictions).unwrap());
        let log_loss = of(Metric::LogLoss).unwrap();
        assert_eq!((log_loss.decision, log_loss.decided), (DecisionRule::MostProbable, None));
    }
}
