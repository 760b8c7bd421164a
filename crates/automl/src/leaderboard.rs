//! All trials in order of merit.

use automl_core::{Information, Metric, Params, TrialRecord, TrialState};
use automl_ensemble::compare::{corrected_t_test, holm};
use automl_search::pareto_front;
use automl_store::ObjectiveHeader;
use serde::Serialize;

/// Trials in order of merit: complete ones by cost, then pruned, failed and unfinished ones by number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Leaderboard {
    /// What the search optimised.
    pub metric: Metric,
    /// Names of the objectives beside the metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The trials.
    pub rows: Vec<LeaderboardRow>,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeaderboardRow {
    /// Place among the complete trials, from 1.
    pub rank: Option<usize>,
    /// Number of the trial.
    pub trial: u32,
    /// Model family.
    pub family: String,
    /// Where it stands.
    pub state: TrialState,
    /// Mean over the folds of the study's metric.
    pub score: Option<f64>,
    /// Standard deviation over the folds of the study's metric.
    pub score_std: Option<f64>,
    /// Mean over the folds of the task's other metrics.
    pub scores: Vec<(Metric, f64)>,
    /// Values of the objectives beside the metric, in the order of [`Leaderboard::also`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<f64>,
    /// Whether no trial is better in one objective and no worse in the others; `None` where there is but one objective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_front: Option<bool>,
    /// Of a complete trial but the best: how probable a difference to the best trial as large as theirs is if there is
    /// none. A paired t-test over their folds, corrected for shared training rows (Nadeau & Bengio 2003) and for the number
    /// of trials (Holm 1979).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Information criteria, where the models have any: means over the folds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub information: Option<Information>,
    /// Folds scored.
    pub n_folds: usize,
    /// The study's metric on each of them, in their order.
    pub fold_scores: Vec<f64>,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Why it did not complete.
    pub reason: Option<String>,
    /// The configuration.
    pub params: Params,
}

impl Leaderboard {
    /// Orders trials of a study with these objectives, of which the first is the metric.
    pub(crate) fn with_objectives(
        trials: &[TrialRecord],
        metric: Metric,
        objectives: &[ObjectiveHeader],
    ) -> Self {
        let mut board = Self::new(trials, metric);
        let also = objectives.get(1..).unwrap_or_default();
        if also.is_empty() {
            return board;
        }
        let front: Vec<u32> = pareto_front(trials).into_iter().map(|place| trials[place].number).collect();
        for row in &mut board.rows {
            let Some(trial) = trials.iter().find(|trial| trial.number == row.trial) else { continue };
            let values = trial.other_costs.iter().zip(also);
            row.also = values.map(|(cost, objective)| objective.direction.value(*cost)).collect();
            row.on_front = Some(front.contains(&row.trial));
        }
        board.also = also.iter().map(|objective| objective.name.clone()).collect();
        board
    }

    /// Orders trials.
    pub fn new(trials: &[TrialRecord], metric: Metric) -> Self {
        let mut sorted: Vec<&TrialRecord> = trials.iter().collect();
        sorted.sort_by(|left, right| order(left).cmp(&order(right)).then_with(|| merit(left, right)));
        let rows =
            sorted.into_iter().enumerate().map(|(index, trial)| LeaderboardRow::new(index, trial, metric));
        Self { metric, also: Vec::new(), rows: rows.collect() }
    }

    /// Compares every complete trial with the best one. `test_to_train` is
    /// [`automl_core::FoldPlan::test_to_train`].
    pub(crate) fn compare(&mut self, trials: &[TrialRecord], test_to_train: f64) {
        let find = |number: u32| trials.iter().find(|trial| trial.number == number);
        let Some(best) = self.rows.first().filter(|row| row.rank.is_some()).and_then(|row| find(row.trial))
        else {
            return;
        };
        let p_value = |row: &LeaderboardRow| -> Option<f64> {
            let other = find(row.trial).filter(|_| row.rank.is_some_and(|rank| rank > 1))?;
            let differences: Vec<f64> =
                best.folds.iter().zip(&other.folds).map(|(a, b)| b.cost - a.cost).collect();
            // A single fold says nothing, and folds that were not all scored are not those of the best.
            if differences.len() < 2 || best.folds.len() != other.folds.len() {
                return None;
            }
            corrected_t_test(&differences, test_to_train).ok().map(|test| test.p_value)
        };
        let plain: Vec<Option<f64>> = self.rows.iter().map(p_value).collect();
        let known: Vec<f64> = plain.iter().flatten().copied().collect();
        let Ok(corrected) = holm(&known) else { return };
        let mut corrected = corrected.into_iter();
        for (row, plain) in self.rows.iter_mut().zip(plain) {
            row.p_value = plain.and_then(|_| corrected.next());
        }
    }

    /// The leaderboard as CSV: one line a trial, one column a metric, the configuration as JSON.
    ///
    /// # Errors
    /// A message if a configuration has no JSON form.
    pub fn to_csv(&self) -> Result<String, String> {
        let others: Vec<Metric> =
            self.rows.first().map(|row| row.scores.iter().map(|(of, _)| *of).collect()).unwrap_or_default();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut header: Vec<String> =
            ["rank", "trial", "family", "state"].iter().map(ToString::to_string).collect();
        header.extend([self.metric.name(), format!("{}_std", self.metric)]);
        header.extend(others.iter().map(|metric| metric.name()));
        header.extend(self.also.iter().cloned());
        if !self.also.is_empty() {
            header.push("on_front".to_owned());
        }
        header.extend(
            ["folds", "p_value", "aic", "bic", "seconds", "reason", "params"].iter().map(ToString::to_string),
        );
        writer.write_record(&header).map_err(|error| error.to_string())?;
        for row in &self.rows {
            writer.write_record(row.record(&others, self.also.len())?).map_err(|error| error.to_string())?;
        }
        let bytes = writer.into_inner().map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }
}

impl LeaderboardRow {
    fn new(index: usize, trial: &TrialRecord, metric: Metric) -> Self {
        let complete = trial.state == TrialState::Complete;
        let metrics = trial.folds.first().map(|fold| fold.scores.as_slice()).unwrap_or_default();
        let others = metrics.iter().map(|(of, _)| *of).filter(|of| *of != metric);
        Self {
            rank: complete.then_some(index + 1),
            trial: trial.number,
            family: trial.params.text("family").unwrap_or("").to_owned(),
            state: trial.state,
            // A function's trials have a cost and no folds.
            score: trial.mean_score(metric).or_else(|| trial.cost.map(|cost| metric.direction().value(cost))),
            score_std: trial.std_score(metric),
            scores: others.filter_map(|of| Some((of, trial.mean_score(of)?))).collect(),
            also: Vec::new(),
            on_front: None,
            p_value: None,
            information: trial.information,
            n_folds: trial.folds.len(),
            fold_scores: trial.folds.iter().map(|fold| metric.direction().value(fold.cost)).collect(),
            seconds: trial.seconds,
            reason: trial.reason.clone(),
            params: trial.params.clone(),
        }
    }

    fn record(&self, others: &[Metric], n_also: usize) -> Result<Vec<String>, String> {
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let mut record = vec![
            self.rank.map(|rank| rank.to_string()).unwrap_or_default(),
            self.trial.to_string(),
            self.family.clone(),
            self.state.name().to_owned(),
            number(self.score),
            number(self.score_std),
        ];
        let of = |metric: &Metric| self.scores.iter().find(|(of, _)| of == metric).map(|(_, value)| *value);
        record.extend(others.iter().map(|metric| number(of(metric))));
        record.extend(self.also.iter().map(ToString::to_string));
        // A trial that is not complete has no values of the further objectives.
        record.extend((self.also.len()..n_also).map(|_| String::new()));
        record.extend(self.on_front.map(|on_front| on_front.to_string()));
        record.push(self.n_folds.to_string());
        record.push(number(self.p_value));
        record.extend([self.information.map(|of| of.aic), self.information.map(|of| of.bic)].map(number));
        record.push(format!("{:.3}", self.seconds));
        record.push(self.reason.clone().unwrap_or_default());
        record.push(serde_json::to_string(&self.params).map_err(|error| error.to_string())?);
        Ok(record)
    }
}

fn order(trial: &TrialRecord) -> u8 {
    match trial.state {
        TrialState::Complete => 0,
        TrialState::Pruned => 1,
        TrialState::Failed => 2,
        TrialState::Running | TrialState::Waiting => 3,
        TrialState::Lost => 4,
    }
}

fn merit(left: &TrialRecord, right: &TrialRecord) -> std::cmp::Ordering {
    let cost = |trial: &TrialRecord| trial.cost.unwrap_or(f64::INFINITY);
    cost(left).total_cmp(&cost(right)).then(left.slot.cmp(&right.slot)).then(left.number.cmp(&right.number))
}

#[cfg(test)]
mod tests {
    use automl_core::FoldScore;

    use super::*;

    fn trial(number: u32, state: TrialState, cost: Option<f64>) -> TrialRecord {
        let fold = |fold: u32, value: f64| FoldScore {
            fold,
            cost: value,
            scores: vec![(Metric::Rmse, value), (Metric::R2, 0.5)],
            best_epoch: None,
            n_epochs: 0,
            seconds: 0.1,
        };
        TrialRecord {
            number,
            slot: number,
            state,
            params: Params::new().with("family", "linear").with("linear.penalty", 0.1),
            cost,
            worker: None,
            other_costs: vec![],
            steps: vec![],
            folds: cost.map(|cost| vec![fold(0, cost - 1.0), fold(1, cost + 1.0)]).unwrap_or_default(),
            information: None,
            reason: cost.is_none().then(|| "said \"no\"".to_owned()),
            started_secs: 0.0,
            seconds: 0.2,
        }
    }

    #[test]
    fn trials_are_compared_with_the_best_over_their_folds() {
        let folds = |number: u32, costs: [f64; 5]| {
            let mut of = trial(number, TrialState::Complete, Some(costs.iter().sum::<f64>() / 5.0));
            let template = of.folds[0].clone();
            of.folds =
                (0..).zip(costs).map(|(fold, cost)| FoldScore { fold, cost, ..template.clone() }).collect();
            of
        };
        let trials = [
            folds(0, [1.0, 2.0, 1.5, 1.2, 1.8]),
            folds(1, [1.1, 1.95, 1.6, 1.15, 1.85]),
            folds(2, [2.0, 3.0, 2.5, 2.21, 2.8]),
        ];
        let mut board = Leaderboard::new(&trials, Metric::Rmse);
        board.compare(&trials, 0.25);
        let p = |place: usize| board.rows[place].p_value;
        assert_eq!((board.rows[0].trial, p(0)), (0, None));
        assert!(p(1).unwrap() > 0.3 && p(2).unwrap() < 1e-3, "{:?} {:?}", p(1), p(2));
    }

    #[test]
    fn complete_trials_come_first_by_cost() {
        let trials = [
            trial(0, TrialState::Failed, None),
            trial(1, TrialState::Complete, Some(4.0)),
            trial(2, TrialState::Pruned, None),
            trial(3, TrialState::Complete, Some(3.0)),
        ];
        let board = Leaderboard::new(&trials, Metric::Rmse);
        let order: Vec<(Option<usize>, u32)> = board.rows.iter().map(|row| (row.rank, row.trial)).collect();
        assert_eq!(order, [(Some(1), 3), (Some(2), 1), (None, 2), (None, 0)]);
        insta::assert_snapshot!(board.to_csv().unwrap(), @r#"
        rank,trial,family,state,rmse,rmse_std,r2,folds,p_value,aic,bic,seconds,reason,params
        1,3,linear,complete,3,1.4142135623730951,0.5,2,,,,0.200,,"{""family"":""linear"",""linear.penalty"":0.1}"
        2,1,linear,complete,4,1.4142135623730951,0.5,2,,,,0.200,,"{""family"":""linear"",""linear.penalty"":0.1}"
        ,2,linear,pruned,,,,0,,,,0.200,"said ""no""","{""family"":""linear"",""linear.penalty"":0.1}"
        ,0,linear,failed,,,,0,,,,0.200,"said ""no""","{""family"":""linear"",""linear.penalty"":0.1}"
        "#);
    }
}
