//! Who is better: fronts first, then the emptier neighbourhood.

use std::cmp::Ordering;

use crate::pareto::dominates;

/// Place of a point among others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    /// Number of its front, from 0: what remains undominated when the fronts before it are taken away.
    pub(super) front: usize,
    /// Crowding distance within its front; infinite at the ends.
    pub(super) crowding: f64,
}

impl Standing {
    /// Less is better (the crowded-comparison operator of section III-B).
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.front.cmp(&other.front).then(other.crowding.total_cmp(&self.crowding))
    }
}

/// Standings of all points.
pub(super) fn rank(costs: &[&[f64]]) -> Vec<Standing> {
    let mut standings = vec![Standing { front: 0, crowding: 0.0 }; costs.len()];
    for (number, front) in fronts(costs).iter().enumerate() {
        for (&point, crowding) in front.iter().zip(crowding(costs, front)) {
            standings[point] = Standing { front: number, crowding };
        }
    }
    standings
}

/// The best `n` points, in order of their indices.
pub(super) fn survivors(costs: &[&[f64]], n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costs.len()).collect();
    if costs.len() > n {
        let standings = rank(costs);
        // Stable, so that the earlier of equals stays.
        order.sort_by(|&a, &b| standings[a].compare(&standings[b]));
        order.truncate(n);
        order.sort_unstable();
    }
    order
}

/// Fast non-dominated sorting (section III-A).
fn fronts(costs: &[&[f64]]) -> Vec<Vec<usize>> {
    let n = costs.len();
    let mut n_dominators = vec![0_usize; n];
    let mut dominated: Vec<Vec<usize>> = vec![Vec::new(); n];
    for a in 0..n {
        for b in (a + 1)..n {
            let (better, worse) = match (dominates(costs[a], costs[b]), dominates(costs[b], costs[a])) {
                (true, _) => (a, b),
                (_, true) => (b, a),
                _ => continue,
            };
            n_dominators[worse] += 1;
            dominated[better].push(worse);
        }
    }
    let mut fronts = Vec::new();
    let mut front: Vec<usize> = (0..n).filter(|&point| n_dominators[point] == 0).collect();
    while !front.is_empty() {
        let mut next = Vec::new();
        for &worse in front.iter().flat_map(|&point| &dominated[point]) {
            n_dominators[worse] -= 1;
            if n_dominators[worse] == 0 {
                next.push(worse);
            }
        }
        next.sort_unstable();
        fronts.push(std::mem::replace(&mut front, next));
    }
    fronts
}

/// Crowding distances of the members of a front: the sides of the box between the neighbours, each relative to the
/// front's extent.
fn crowding(costs: &[&[f64]], front: &[usize]) -> Vec<f64> {
    let mut distances = vec![0.0; front.len()];
    let n_objectives = front.first().map_or(0, |&member| costs[member].len());
    #[expect(clippy::needless_range_loop, reason = "the index is one into every row")]
    for objective in 0..n_objectives {
        let at = |member: usize| costs[front[member]][objective];
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|&a, &b| at(a).total_cmp(&at(b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        // Halved, so that the widest extents do not overflow.
        let extent = at(last) / 2.0 - at(first) / 2.0;
        if extent <= 0.0 {
            continue;
        }
        for triple in order.windows(3) {
            distances[triple[1]] += (at(triple[2]) / 2.0 - at(triple[0]) / 2.0) / extent;
        }
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
    }
    distances
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn views(points: &[Vec<f64>]) -> Vec<&[f64]> {
        points.iter().map(Vec::as_slice).collect()
    }

    #[test]
    fn fronts_are_peeled_one_by_one() {
        let points = [[0.0, 3.0], [1.0, 1.0], [3.0, 0.0], [1.0, 2.0], [2.0, 2.0], [1.0, 1.0]];
        let views: Vec<&[f64]> = points.iter().map(<[f64; 2]>::as_slice).collect();
        assert_eq!(fronts(&views), [vec![0, 1, 2, 5], vec![3], vec![4]]);
    }

    #[test]
    fn the_ends_of_a_front_are_kept_and_the_crowded_middle_is_thinned() {
        let points = [[0.0, 4.0], [1.9, 2.1], [2.0, 2.0], [3.0, 1.0], [4.0, 0.0]];
        let views: Vec<&[f64]> = points.iter().map(<[f64; 2]>::as_slice).collect();
        let crowding = crowding(&views, &[0, 1, 2, 3, 4]);
        assert!(crowding[0].is_infinite() && crowding[4].is_infinite());
        for (got, expected) in crowding[1..4].iter().zip([1.0, 0.55, 1.0]) {
            assert!((got - expected).abs() < 1e-12, "{crowding:?}");
        }
        assert_eq!(survivors(&views, 4), [0, 1, 3, 4]);
    }

    #[test]
    fn of_one_objective_the_least_costs_survive() {
        let points: Vec<Vec<f64>> = [5.0, 1.0, 4.0, 1.0, 0.0].iter().map(|cost| vec![*cost]).collect();
        assert_eq!(survivors(&views(&points), 3), [1, 3, 4]);
        assert_eq!(survivors(&views(&points), 9), [0, 1, 2, 3, 4]);
    }

    proptest! {
        #[test]
        fn every_point_is_dominated_from_the_front_before_its_own(
            points in prop::collection::vec(prop::collection::vec(0.0..1.0, 3), 1..40)
        ) {
            let views = views(&points);
            let fronts = fronts(&views);
            prop_assert_eq!(fronts.iter().map(Vec::len).sum::<usize>(), points.len());
            for pair in fronts.windows(2) {
                for &worse in &pair[1] {
                    prop_assert!(pair[0].iter().any(|&better| dominates(views[better], views[worse])));
                }
            }
            for front in &fronts {
                prop_assert!(front.iter().all(|&a| front.iter().all(|&b| !dominates(views[a], views[b]))));
            }
        }
    }
}
