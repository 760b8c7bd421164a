//! The strategy's state: a normal distribution that follows the better half of each generation.

use super::constants::Constants;
use super::covariance::Covariance;
use crate::generator::Generator;

/// Standard deviation at the start, as a share of every axis (Optuna's).
const FIRST_SIGMA: f64 = 1.0 / 6.0;
/// Draws outside the box before one is clipped to it.
const MAX_DRAWS: usize = 100;
/// A distribution narrower than this along every axis has converged.
const NARROWEST: f64 = 1e-7;
/// Largest ratio of the distribution's axes.
const MAX_RATIO: f64 = 1e7;

/// A normal distribution over the unit box, with what it remembers of its way.
#[derive(Debug, Clone)]
pub(super) struct Strategy {
    constants: Constants,
    pub(super) population: usize,
    mean: Vec<f64>,
    sigma: f64,
    covariance: Covariance,
    step_path: Vec<f64>,
    covariance_path: Vec<f64>,
    n_generations: u32,
    is_degenerate: bool,
}

/// A point as the distribution sees it.
struct Step {
    /// From the mean, in sigmas.
    step: Vec<f64>,
    /// The same in the frame in which the distribution is round.
    whitened: Vec<f64>,
}

impl Strategy {
    /// Starts around `mean` with as wide a distribution as ever.
    pub(super) fn new(mean: Vec<f64>, population: usize) -> Self {
        let n = mean.len();
        Self {
            constants: Constants::new(n, population),
            population,
            mean,
            sigma: FIRST_SIGMA,
            covariance: Covariance::new(n),
            step_path: vec![0.0; n],
            covariance_path: vec![0.0; n],
            n_generations: 0,
            is_degenerate: false,
        }
    }

    /// A point of the box. `least[axis]` is the standard deviation that a stepped axis must keep, or the strategy would
    /// never leave a cell again (as `minstd` of Hansen's pycma); 0 for the others.
    pub(super) fn draw(&self, least: &[f64], generator: &mut Generator) -> Vec<f64> {
        let deviations = least.iter().enumerate().map(|(axis, least)| {
            let variance = self.sigma * self.sigma * self.covariance.variance(axis);
            (least * least - variance).max(0.0).sqrt()
        });
        let missing: Vec<f64> = deviations.collect();
        let mut point = Vec::new();
        for _ in 0..MAX_DRAWS {
            let normals: Vec<f64> = (0..self.constants.n).map(|_| generator.normal()).collect();
            let axes = self.mean.iter().zip(self.covariance.colour(&normals)).zip(&missing);
            point = axes
                .map(|((mean, step), missing)| {
                    let extra = if *missing > 0.0 { missing * generator.normal() } else { 0.0 };
                    mean + self.sigma * step + extra
                })
                .collect();
            if point.iter().all(|at| (0.0..=1.0).contains(at)) {
                break;
            }
        }
        point.into_iter().map(|at| at.clamp(0.0, 1.0)).collect()
    }

    /// Learns from a generation: points, best first. Points that did not come from this distribution are drawn near
    /// enough to be plausible (Hansen 2011, "Injecting external solutions into CMA-ES", equation 3).
    pub(super) fn learn(&mut self, points: &[Vec<f64>]) {
        let n = self.constants.n as f64;
        let furthest = n.sqrt() + 2.0 * n / (n + 2.0);
        let see = |point: &Vec<f64>| {
            let mut step: Vec<f64> =
                point.iter().zip(&self.mean).map(|(at, mean)| (at - mean) / self.sigma).collect();
            let mut whitened = self.covariance.whiten(&step);
            let length = norm(&whitened);
            if length > furthest {
                step.iter_mut().chain(&mut whitened).for_each(|value| *value *= furthest / length);
            }
            Step { step, whitened }
        };
        let steps: Vec<Step> = points.iter().map(see).collect();
        let is_short = self.move_mean(&steps);
        self.adapt_covariance(&steps, is_short);
        self.n_generations += 1;
    }

    /// Moves mean and paths and adapts sigma; returns whether the step path has no more than a usual length (`h_σ`).
    fn move_mean(&mut self, steps: &[Step]) -> bool {
        let constants = &self.constants;
        let mut move_by = vec![0.0; constants.n];
        let mut whitened = vec![0.0; constants.n];
        for (weight, step) in constants.weights.iter().zip(steps).filter(|(weight, _)| **weight > 0.0) {
            add(&mut move_by, *weight, &step.step);
            add(&mut whitened, *weight, &step.whitened);
        }
        add(&mut self.mean, self.sigma, &move_by);
        let keep = 1.0 - constants.step_rate;
        let gain = (constants.step_rate * (2.0 - constants.step_rate) * constants.n_effective).sqrt();
        for (path, white) in self.step_path.iter_mut().zip(&whitened) {
            *path = keep * *path + gain * white;
        }
        let length = norm(&self.step_path);
        let generations = 2.0 * (f64::from(self.n_generations) + 1.0);
        let settled = length / (1.0 - keep.powf(generations)).sqrt();
        let is_short = settled < (1.4 + 2.0 / (constants.n as f64 + 1.0)) * constants.length;
        let keep = 1.0 - constants.path_rate;
        let gain = (constants.path_rate * (2.0 - constants.path_rate) * constants.n_effective).sqrt();
        for (path, step) in self.covariance_path.iter_mut().zip(&move_by) {
            *path = keep * *path + if is_short { gain * step } else { 0.0 };
        }
        let growth = constants.step_rate / constants.step_damping * (length / constants.length - 1.0);
        self.sigma = (self.sigma * growth.min(1.0).exp()).min(1.0);
        is_short
    }

    /// Equation 47.
    fn adapt_covariance(&mut self, steps: &[Step], is_short: bool) {
        let Constants { n, rank_one, rank_mu, path_rate, ref weights, .. } = self.constants;
        let missed = if is_short { 0.0 } else { path_rate * (2.0 - path_rate) };
        let total: f64 = weights.iter().sum();
        let keep = 1.0 - rank_one * (1.0 - missed) - rank_mu * total;
        let mut terms = vec![(rank_one, self.covariance_path.as_slice())];
        for (weight, Step { step, whitened }) in weights.iter().zip(steps) {
            // Points of the worse half push by direction alone (equation 46).
            let scale = if *weight >= 0.0 { 1.0 } else { n as f64 / (norm(whitened).powi(2) + 1e-12) };
            terms.push((rank_mu * weight * scale, step));
        }
        self.is_degenerate = !self.covariance.update(keep, &terms);
    }

    /// Whether nothing new is to be expected: along every axis the distribution is narrower than `least`, below which
    /// only [`Strategy::draw`] holds it open, or than a ten-millionth.
    pub(super) fn has_converged(&self, least: &[f64]) -> bool {
        let is_narrow = |(axis, least): (usize, &f64)| {
            self.sigma * self.covariance.variance(axis).sqrt() < least.max(NARROWEST)
        };
        self.is_degenerate || self.covariance.ratio() > MAX_RATIO || least.iter().enumerate().all(is_narrow)
    }
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn add(to: &mut [f64], factor: f64, of: &[f64]) {
    for (to, of) in to.iter_mut().zip(of) {
        *to += factor * of;
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Seed;

    use super::*;
    use crate::cma::constants::usual_population;

    /// Best value after `n_generations` on a function over the unit box.
    fn minimise(n: usize, n_generations: usize, function: impl Fn(&[f64]) -> f64) -> f64 {
        let mut strategy = Strategy::new(vec![0.5; n], usual_population(n));
        let mut generator = Generator::new(Seed(1));
        let mut best = f64::INFINITY;
        for _ in 0..n_generations {
            let draw = |_| strategy.draw(&vec![0.0; n], &mut generator);
            let mut points: Vec<Vec<f64>> = (0..strategy.population).map(draw).collect();
            points.sort_by(|a, b| function(a).total_cmp(&function(b)));
            best = best.min(function(&points[0]));
            strategy.learn(&points);
        }
        best
    }

    #[test]
    fn a_sphere_is_minimised_linearly() {
        let sphere = |at: &[f64]| at.iter().map(|x| (x - 0.3).powi(2)).sum();
        assert!(minimise(8, 150, sphere) < 1e-10);
    }

    #[test]
    fn a_rotated_ellipse_of_condition_a_million_is_learnt() {
        let ellipse = |at: &[f64]| {
            let (a, b) = (at[0] + at[1] - 0.7, at[0] - at[1]);
            1e6 * a * a + b * b + (at[2] - 0.4).powi(2)
        };
        assert!(minimise(3, 300, ellipse) < 1e-8);
    }

    #[test]
    fn a_long_ellipse_along_the_axes_is_learnt_in_many_dimensions() {
        let ellipse = |at: &[f64]| {
            let weight = |axis: usize| 1e4_f64.powf(axis as f64 / 59.0);
            at.iter().enumerate().map(|(axis, x)| weight(axis) * (x - 0.4).powi(2)).sum::<f64>()
        };
        assert!(minimise(60, 1000, ellipse) < 1e-6);
    }

    #[test]
    fn a_point_from_far_away_does_not_break_the_distribution() {
        let mut strategy = Strategy::new(vec![0.5; 3], 7);
        strategy.sigma = 1e-4;
        let mut points = vec![vec![1.0; 3]];
        points.extend(vec![vec![0.5; 3]; 6]);
        strategy.learn(&points);
        assert!(strategy.sigma < 3e-4 && !strategy.is_degenerate);
        assert!(strategy.mean.iter().all(|at| (0.5..0.501).contains(at)), "{:?}", strategy.mean);
    }

    #[test]
    fn a_stepped_axis_keeps_its_least_width() {
        let mut strategy = Strategy::new(vec![0.5; 2], 6);
        strategy.sigma = 1e-6;
        let mut generator = Generator::new(Seed(2));
        let points: Vec<Vec<f64>> = (0..200).map(|_| strategy.draw(&[0.1, 0.0], &mut generator)).collect();
        let spread = |axis: usize| points.iter().map(|point| (point[axis] - 0.5).abs()).sum::<f64>() / 200.0;
        assert!(spread(0) > 0.05 && spread(1) < 1e-5, "{} {}", spread(0), spread(1));
        assert!(!strategy.has_converged(&[0.1, 0.0]) && strategy.has_converged(&[0.1, 0.1]));
    }
}
