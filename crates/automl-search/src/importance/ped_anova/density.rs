//! The density of trials over a grid: a mixture of one kernel a point that has trials, and a prior.

use super::grid::Grid;
use crate::normal::log_interval_mass;

/// Weight of the prior, in trials.
const PRIOR_WEIGHT: f64 = 1.0;

/// Least bandwidth: 90 % of a kernel stay within half a step of its point.
const LEAST_BANDWIDTH: f64 = 0.5 / 1.64;

/// Probability of every point of the grid, estimated from the trials counted at each.
pub(super) fn density(grid: &Grid<'_>, counts: &[usize]) -> Vec<f64> {
    let total = counts.iter().sum::<usize>() as f64 + PRIOR_WEIGHT;
    let kernels = if grid.is_unordered() { choices(counts) } else { numbers(counts) };
    let mut density = vec![0.0; counts.len()];
    for (weight, kernel) in kernels {
        for (point, mass) in density.iter_mut().zip(kernel) {
            *point += weight / total * mass;
        }
    }
    density
}

/// Points that have trials, with their numbers of trials.
fn occupied(counts: &[usize]) -> impl Iterator<Item = (usize, f64)> + '_ {
    counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(point, &count)| (point, count as f64))
}

/// A kernel gives its choice 1 and all of them a little beside; the prior is uniform.
fn choices(counts: &[usize]) -> Vec<(f64, Vec<f64>)> {
    let n_choices = counts.len() as f64;
    let little = PRIOR_WEIGHT / (occupied(counts).count() + 1) as f64;
    let kernel = |(choice, weight): (usize, f64)| {
        let mut masses = vec![little; counts.len()];
        masses[choice] += 1.0;
        let scaled = masses.iter().map(|mass| mass / (1.0 + n_choices * little)).collect();
        (weight, scaled)
    };
    let prior = (PRIOR_WEIGHT, vec![1.0 / n_choices; counts.len()]);
    occupied(counts).map(kernel).chain([prior]).collect()
}

/// Normal kernels on the whole numbers from 0, cut off half a step beyond the ends; the prior is as wide as the
/// grid.
fn numbers(counts: &[usize]) -> Vec<(f64, Vec<f64>)> {
    let bandwidth = scott(counts).max(LEAST_BANDWIDTH);
    let n_points = counts.len() as f64;
    let masses = |centre: f64, bandwidth: f64| -> Vec<f64> {
        let place = |edge: f64| (edge - 0.5 - centre) / bandwidth;
        let all = log_interval_mass(place(0.0), place(n_points));
        let mass = |point: usize| {
            let point = point as f64;
            (log_interval_mass(place(point), place(point + 1.0)) - all).exp()
        };
        (0..counts.len()).map(mass).collect()
    };
    let prior = (PRIOR_WEIGHT, masses((n_points - 1.0) / 2.0, n_points));
    occupied(counts).map(|(point, weight)| (weight, masses(point as f64, bandwidth))).chain([prior]).collect()
}

/// Bandwidth by Scott's rule (Scott 1992), with the smaller of standard deviation and interquartile range / 1.34.
fn scott(counts: &[usize]) -> f64 {
    let total = counts.iter().sum::<usize>();
    let n = total as f64;
    let mean = occupied(counts).map(|(point, weight)| point as f64 * weight).sum::<f64>() / n;
    let squares: f64 = occupied(counts).map(|(point, weight)| weight * (point as f64 - mean).powi(2)).sum();
    let deviation = (squares / (n - 1.0).max(1.0)).sqrt();
    // The first point up to which more trials lie than in the quarter below; the whole-number quarters are Optuna's.
    let (below, above) = (total / 4, total * 3 / 4);
    let point_where = |is_reached: &dyn Fn(usize) -> bool| {
        let mut sum = 0;
        let reaches = |(_, count): &(usize, &usize)| {
            sum += **count;
            is_reached(sum)
        };
        let mut occupied = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        occupied.clone().find(reaches).or(occupied.next_back()).map_or(0.0, |(point, _)| point as f64)
    };
    let range = point_where(&|sum| sum > above) - point_where(&|sum| sum >= below);
    1.059 * (range / 1.34).min(deviation) * n.powf(-0.2)
}

#[cfg(test)]
mod tests {
    use automl_core::Domain;

    use super::*;

    #[test]
    fn densities_add_up_to_1_and_follow_the_trials() {
        for domain in [Domain::int(0, 9), Domain::choice(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(f64::from))] {
            let grid = Grid::new(&domain);
            let density = density(&grid, &[0, 0, 0, 0, 9, 1, 0, 0, 0, 3]);
            assert!((density.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(density[4] > density[9] && density[9] > density[0], "{density:?}");
        }
    }

    #[test]
    fn a_single_point_has_the_least_bandwidth() {
        assert_eq!(scott(&[0, 5, 0]), 0.0);
        assert!(scott(&[1, 2, 3, 3, 2, 1]) > 0.5);
    }
}
