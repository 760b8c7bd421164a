//! Several objectives: who dominates whom, the Pareto front, and the volume that a front dominates.

use std::cmp::Ordering;

use automl_core::{TrialRecord, TrialState};

/// Indices of the trials that no other trial dominates, in order.
///
/// Only complete trials with finite costs take part; where trials differ in their number of objectives, only those with
/// the most. One trial dominates another when none of its costs is higher and one is lower, so trials of equal costs
/// stay together. With one objective the front is what attains the least cost. Takes `O(n log n)` for up to two
/// objectives and `n` times the size of the front for more.
pub fn pareto_front(trials: &[TrialRecord]) -> Vec<usize> {
    let (indices, costs): (Vec<usize>, Vec<Vec<f64>>) = comparable(trials).into_iter().unzip();
    front(&costs).into_iter().map(|at| indices[at]).collect()
}

/// Volume that the points dominate below a reference point, for any number of objectives (exact, by slices along the
/// last one; While et al. 2006, "A faster algorithm for calculating hypervolume", section II). Points that do not lie
/// below the reference in every objective, or have another number of them, add nothing.
///
/// Takes `O(n log n)` for two objectives and a factor `n` more for each further one.
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let is_below = |point: &&Vec<f64>| {
        point.len() == reference.len() && point.iter().zip(reference).all(|(at, end)| at < end)
    };
    let mut points: Vec<&[f64]> = points.iter().filter(is_below).map(Vec::as_slice).collect();
    volume(&mut points, reference)
}

/// Costs of the trials that can be compared, with their indices.
pub(crate) fn comparable(trials: &[TrialRecord]) -> Vec<(usize, Vec<f64>)> {
    let usable = trials.iter().enumerate().filter(|(_, trial)| trial.state == TrialState::Complete);
    let mut costs: Vec<(usize, Vec<f64>)> = usable
        .map(|(index, trial)| (index, trial.costs()))
        .filter(|(_, costs)| costs.iter().all(|cost| cost.is_finite()))
        .collect();
    let most = costs.iter().map(|(_, costs)| costs.len()).max().unwrap_or(0);
    costs.retain(|(_, costs)| costs.len() == most && most > 0);
    costs
}

/// Whether `a` is nowhere worse than `b` and somewhere better.
fn dominates(a: &[f64], b: &[f64]) -> bool {
    let (mut is_better, mut is_worse) = (false, false);
    for (a, b) in a.iter().zip(b) {
        is_better |= a < b;
        is_worse |= a > b;
    }
    is_better && !is_worse
}

/// Indices of the points that none dominates, in order.
fn front(points: &[Vec<f64>]) -> Vec<usize> {
    let points: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
    let mut front = Vec::new();
    for at in in_order(&points) {
        if !is_dominated(&points, &front, at) {
            front.push(at);
        }
    }
    front.sort_unstable();
    front
}

/// All points by fronts: what none dominates, what none of the rest dominates, and so on; each in order (efficient
/// non-dominated sorting with binary search; Zhang, Tian, Cheng & Jin 2015).
pub(crate) fn fronts(points: &[&[f64]]) -> Vec<Vec<usize>> {
    let mut fronts: Vec<Vec<usize>> = Vec::new();
    for at in in_order(points) {
        // A point that some front dominates is dominated by all fronts before that one.
        let place = fronts.partition_point(|front| is_dominated(points, front, at));
        match fronts.get_mut(place) {
            Some(front) => front.push(at),
            None => fronts.push(vec![at]),
        }
    }
    for front in &mut fronts {
        front.sort_unstable();
    }
    fronts
}

/// Indices in an order in which no point stands before one that dominates it.
fn in_order(points: &[&[f64]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| lexicographic(points[a], points[b]));
    order
}

/// Whether a member of the front dominates a point that comes after all of them in the order. Of up to two objectives
/// the member that came last has the least last cost, so that it dominates whatever any of them does.
fn is_dominated(points: &[&[f64]], front: &[usize], at: usize) -> bool {
    let members = if points[at].len() <= 2 { &front[front.len().saturating_sub(1)..] } else { front };
    members.iter().any(|&member| dominates(points[member], points[at]))
}

/// By the first cost, then the second and so on; 0 and -0 are equal.
fn lexicographic(a: &[f64], b: &[f64]) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

fn volume(points: &mut [&[f64]], reference: &[f64]) -> f64 {
    match reference {
        [] => 0.0,
        [end] => points.iter().map(|point| end - point[0]).fold(0.0, f64::max),
        [right, top] => {
            points.sort_by(|a, b| lexicographic(&a[..2], &b[..2]));
            let (mut area, mut ceiling) = (0.0, *top);
            for point in points {
                if point[1] < ceiling {
                    area += (right - point[0]) * (ceiling - point[1]);
                    ceiling = point[1];
                }
            }
            area
        }
        [others @ .., end] => {
            let last = others.len();
            points.sort_by(|a, b| a[last].total_cmp(&b[last]));
            // The cross-section changes at the points alone.
            let mut total = 0.0;
            for n in 1..=points.len() {
                let next = points.get(n).map_or(*end, |point| point[last]);
                let height = next - points[n - 1][last];
                if height > 0.0 {
                    total += height * volume(&mut points[..n].to_vec(), others);
                }
            }
            total
        }
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Params;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// Numbers of Optuna 5.0.0, made by `tests/make_pareto.py`.
    #[derive(Deserialize)]
    struct Case {
        points: Vec<Vec<f64>>,
        reference: Vec<f64>,
        front: Vec<usize>,
        hypervolume: f64,
    }

    fn trial(costs: &[f64]) -> TrialRecord {
        let trial = TrialRecord::new(0, TrialState::Complete, Params::new());
        match costs {
            [] => trial,
            [first, others @ ..] => TrialRecord { cost: Some(*first), other_costs: others.to_vec(), ..trial },
        }
    }

    #[test]
    fn fronts_and_volumes_match_optuna() {
        let cases: Vec<Case> = serde_json::from_str(include_str!("../tests/data/pareto.json")).unwrap();
        assert!(cases.len() > 10);
        for case in cases {
            let trials: Vec<TrialRecord> = case.points.iter().map(|point| trial(point)).collect();
            assert_eq!(pareto_front(&trials), case.front);
            let got = hypervolume(&case.points, &case.reference);
            let error = (got - case.hypervolume).abs() / case.hypervolume.abs().max(1e-300);
            assert!(error < 1e-12, "{} points: {got}, expected {}", case.points.len(), case.hypervolume);
        }
    }

    #[test]
    fn only_complete_trials_with_all_objectives_take_part() {
        let failed = TrialRecord { state: TrialState::Failed, ..trial(&[0.0, 0.0]) };
        let trials = [
            trial(&[1.0, 2.0]),
            failed,
            trial(&[-1.0]),
            trial(&[f64::NAN, 0.0]),
            trial(&[f64::NEG_INFINITY, 0.0]),
            trial(&[]),
            trial(&[1.0, 2.0]),
            trial(&[1.0, 2.5]),
            trial(&[2.0, 1.0]),
        ];
        assert_eq!(pareto_front(&trials), [0, 6, 8]);
        assert_eq!(pareto_front(&trials[1..2]), [0_usize; 0]);
    }

    #[test]
    fn one_objective_leaves_the_least_cost() {
        let trials = [3.0, 1.0, 2.0, 1.0].map(|cost| trial(&[cost]));
        assert_eq!(pareto_front(&trials), [1, 3]);
        assert_eq!(hypervolume(&[vec![3.0], vec![1.0]], &[4.0]), 3.0);
    }

    #[test]
    fn points_beyond_the_reference_add_nothing() {
        let points = [vec![0.0, 0.0], vec![-5.0, 2.0], vec![-1.0, 1.0], vec![0.0], vec![f64::NAN, 0.0]];
        assert_eq!(hypervolume(&points, &[1.0, 1.0]), 1.0);
        assert_eq!(hypervolume(&[], &[1.0, 1.0, 1.0]), 0.0);
        assert_eq!(hypervolume(&[vec![]], &[]), 0.0);
    }

    proptest! {
        #[test]
        fn the_front_is_what_nobody_dominates(points in prop::collection::vec(prop::collection::vec(0..6_u8, 2), 0..60)) {
            let points: Vec<Vec<f64>> = points.iter().map(|point| point.iter().map(|at| f64::from(*at)).collect()).collect();
            let slow: Vec<usize> = (0..points.len())
                .filter(|&at| !points.iter().any(|other| dominates(other, &points[at])))
                .collect();
            prop_assert_eq!(front(&points), slow);
        }

        #[test]
        fn every_point_of_a_front_is_dominated_from_the_one_before(
            points in (1..4_usize).prop_flat_map(|n| prop::collection::vec(prop::collection::vec(0..9_u8, n), 1..40))
        ) {
            let points: Vec<Vec<f64>> = points.iter().map(|point| point.iter().map(|at| f64::from(*at)).collect()).collect();
            let views: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
            let fronts = fronts(&views);
            prop_assert_eq!(fronts.iter().map(Vec::len).sum::<usize>(), points.len());
            prop_assert_eq!(&fronts[0], &front(&points));
            for pair in fronts.windows(2) {
                for &worse in &pair[1] {
                    prop_assert!(pair[0].iter().any(|&better| dominates(views[better], views[worse])));
                }
            }
            for front in &fronts {
                prop_assert!(front.iter().all(|&a| front.iter().all(|&b| !dominates(views[a], views[b]))));
            }
        }

        #[test]
        fn the_front_has_the_volume_of_all_points(points in prop::collection::vec(prop::collection::vec(0.0..1.0, 4), 1..12)) {
            let kept: Vec<Vec<f64>> = front(&points).into_iter().map(|at| points[at].clone()).collect();
            let (all, kept) = (hypervolume(&points, &[1.0; 4]), hypervolume(&kept, &[1.0; 4]));
            prop_assert!((all - kept).abs() < 1e-12, "{all} {kept}");
        }
    }
}
