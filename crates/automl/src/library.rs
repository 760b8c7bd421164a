//! Which trials keep their models while a search goes on: the ones an ensemble may be made of.

use std::collections::BTreeMap;

use automl_core::{TrialRecord, TrialState};

/// Trials that keep their models, beside the best of every family.
const N_KEPT: usize = 16;
/// Trials of a family that keep theirs in any case.
const FEWEST_OF_FAMILY: usize = 2;
/// Most trials of a family that keep theirs: an ensemble gains by models that differ, and many of the best trials of a family
/// that was tuned for long are nearly the same.
const MOST_OF_FAMILY: usize = 6;

/// Complete trials that were trained here, best first; ties go to the lower slot. Trials that Optuna added have costs,
/// but no models.
pub(crate) fn by_merit(trials: &[TrialRecord]) -> Vec<&TrialRecord> {
    let trained =
        trials.iter().filter(|trial| trial.state == TrialState::Complete && !trial.folds.is_empty());
    let mut sorted: Vec<(f64, &TrialRecord)> =
        trained.filter_map(|trial| trial.cost.map(|cost| (cost, trial))).collect();
    sorted.sort_by(|(a, left), (b, right)| a.total_cmp(b).then(left.slot.cmp(&right.slot)));
    sorted.into_iter().map(|(_, trial)| trial).collect()
}

/// What is kept so far, going through trials from the best one on.
#[derive(Default)]
struct Shelf<'a> {
    n_kept: usize,
    /// Costs of those kept of each family, ascending.
    of_family: BTreeMap<&'a str, Vec<f64>>,
}

impl<'a> Shelf<'a> {
    /// Whether the next trial in order of merit, of this family and cost, is kept.
    fn takes(&mut self, family: &'a str, cost: f64) -> bool {
        let costs = self.of_family.entry(family).or_default();
        // Equal to the last bit: another configuration of the same model.
        let is_new = costs.last() != Some(&cost);
        let has_room =
            costs.len() < MOST_OF_FAMILY && (self.n_kept < N_KEPT || costs.len() < FEWEST_OF_FAMILY);
        let takes = is_new && has_room;
        if takes {
            costs.push(cost);
            self.n_kept += 1;
        }
        takes
    }
}

fn family_of(trial: &TrialRecord) -> &str {
    trial.params.text("family").unwrap_or_default()
}

/// The trials that keep their models, best first.
pub(crate) fn kept(trials: &[TrialRecord]) -> Vec<&TrialRecord> {
    let mut shelf = Shelf::default();
    let mut kept = by_merit(trials);
    kept.retain(|trial| shelf.takes(family_of(trial), trial.cost.unwrap_or(f64::INFINITY)));
    kept
}

/// Whether a trial of this slot, family and cost would keep its models among `others`.
pub(crate) fn would_keep(others: &[TrialRecord], slot: u32, family: &str, cost: f64) -> bool {
    let mut shelf = Shelf::default();
    let is_better = |trial: &&TrialRecord| {
        let other = trial.cost.unwrap_or(f64::INFINITY);
        other < cost || (other <= cost && trial.slot < slot)
    };
    for trial in by_merit(others).into_iter().filter(is_better) {
        shelf.takes(family_of(trial), trial.cost.unwrap_or(f64::INFINITY));
    }
    shelf.takes(family, cost)
}

#[cfg(test)]
mod tests {
    use automl_core::{FoldScore, Params};

    use super::*;

    fn trial(slot: u32, family: &str, cost: f64) -> TrialRecord {
        let fold =
            FoldScore { fold: 0, cost, scores: Vec::new(), best_epoch: None, n_epochs: 0, seconds: 0.0 };
        let params = Params::new().with("family", family);
        let record = TrialRecord::new(slot, TrialState::Complete, params).with_cost(cost);
        TrialRecord { folds: vec![fold], ..record }
    }

    #[test]
    fn the_best_and_the_best_of_each_family_are_kept() {
        let mut trials: Vec<TrialRecord> = (0..40).map(|slot| trial(slot, "mlp", f64::from(slot))).collect();
        trials.extend((40..45).map(|slot| trial(slot, "linear", f64::from(slot))));
        trials.extend((45..65).map(|slot| trial(slot, "gbdt", 0.5 + f64::from(slot - 45))));
        trials.extend((65..75).map(|slot| trial(slot, "knn", 3.25 + f64::from(slot - 65))));
        let numbers =
            |trials: &[TrialRecord]| kept(trials).iter().map(|trial| trial.slot).collect::<Vec<u32>>();
        let merit = [0, 45, 1, 46, 2, 47, 3, 65, 48, 4, 66, 49, 5, 67, 50, 68, 40, 41];
        assert_eq!(numbers(&trials), merit);
    }

    #[test]
    fn of_configurations_that_are_the_same_model_one_is_kept() {
        let trials = [trial(0, "knn", 1.0), trial(1, "knn", 1.0), trial(2, "mlp", 1.0), trial(3, "knn", 1.5)];
        assert_eq!(kept(&trials).iter().map(|trial| trial.slot).collect::<Vec<_>>(), [0, 2, 3]);
    }

    #[test]
    fn a_trial_would_be_kept_if_it_then_is() {
        for (family, cost) in
            [("mlp", 3.5), ("mlp", 3.0), ("mlp", 15.5), ("linear", 99.0), ("knn", 200.0), ("knn", 5.5)]
        {
            let mut trials: Vec<TrialRecord> =
                (0..40).map(|slot| trial(slot, "mlp", f64::from(slot))).collect();
            trials.extend((40..45).map(|slot| trial(slot, "linear", f64::from(slot))));
            let expected = would_keep(&trials, 90, family, cost);
            trials.push(trial(90, family, cost));
            assert_eq!(kept(&trials).iter().any(|trial| trial.slot == 90), expected, "{family}, {cost}");
        }
    }
}
