//! Which trials keep their models while a search goes on: the ones an ensemble may be made of.

use std::collections::BTreeMap;

use automl_core::{TrialRecord, TrialState};

/// Trials that keep their models, beside the best of every family.
const N_KEPT: usize = 16;
/// Trials of each family that keep theirs in any case.
const N_PER_FAMILY: usize = 2;

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

/// The trials that keep their models, best first.
pub(crate) fn kept(trials: &[TrialRecord]) -> Vec<&TrialRecord> {
    let mut of_family: BTreeMap<&str, usize> = BTreeMap::new();
    let mut kept = Vec::new();
    for (place, trial) in by_merit(trials).into_iter().enumerate() {
        let before = of_family.entry(trial.params.text("family").unwrap_or_default()).or_insert(0);
        if place < N_KEPT || *before < N_PER_FAMILY {
            kept.push(trial);
        }
        *before += 1;
    }
    kept
}

/// Whether a trial of this slot, family and cost would keep its models among `others`.
pub(crate) fn would_keep(others: &[TrialRecord], slot: u32, family: &str, cost: f64) -> bool {
    let is_better = |trial: &&&TrialRecord| {
        let other = trial.cost.unwrap_or(f64::INFINITY);
        other < cost || (other <= cost && trial.slot < slot)
    };
    let sorted = by_merit(others);
    let better: Vec<&&TrialRecord> = sorted.iter().filter(is_better).collect();
    let of_family = better.iter().filter(|trial| trial.params.text("family") == Ok(family)).count();
    better.len() < N_KEPT || of_family < N_PER_FAMILY
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
        let numbers: Vec<u32> = kept(&trials).iter().map(|trial| trial.slot).collect();
        assert_eq!(numbers, (0..16).chain([40, 41]).collect::<Vec<_>>());
    }

    #[test]
    fn a_trial_would_be_kept_if_it_then_is() {
        for (family, cost) in [("mlp", 3.5), ("mlp", 15.0), ("mlp", 15.5), ("linear", 99.0), ("knn", 200.0)] {
            let mut trials: Vec<TrialRecord> =
                (0..40).map(|slot| trial(slot, "mlp", f64::from(slot))).collect();
            trials.extend((40..45).map(|slot| trial(slot, "linear", f64::from(slot))));
            let expected = would_keep(&trials, 90, family, cost);
            trials.push(trial(90, family, cost));
            assert_eq!(kept(&trials).iter().any(|trial| trial.slot == 90), expected, "{family}, {cost}");
        }
    }
}
