//! Who is better: fronts first, then the emptier neighbourhood.

use std::cmp::Ordering;

use crate::pareto::fronts;

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
    use super::*;

    fn views(points: &[Vec<f64>]) -> Vec<&[f64]> {
        points.iter().map(Vec::as_slice).collect()
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
}
