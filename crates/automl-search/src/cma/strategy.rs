//! The strategy's state: a normal distribution that follows the better half of each generation.

use crate::generator::Generator;

use super::eigen::eigen;

/// Standard deviation at the start, as a share of every axis.
const FIRST_SIGMA: f64 = 1.0 / 6.0;
/// Draws outside the box before one is clipped to it.
const MAX_DRAWS: usize = 100;
/// A distribution narrower than this along every axis has converged.
const NARROWEST: f64 = 1e-7;
/// Largest ratio of the axes' variances.
const MAX_CONDITION: f64 = 1e14;

/// Constants that follow from dimension and population (Hansen 2016, table 1).
#[derive(Debug, Clone)]
struct Constants {
    n: usize,
    /// Weights of the better half, best first; they sum to 1. And those of the rest, which are negative.
    weights: Vec<f64>,
    n_effective: f64,
    step_rate: f64,
    step_damping: f64,
    path_rate: f64,
    rank_one: f64,
    rank_mu: f64,
    /// Expected length of a standard normal vector.
    length: f64,
}

impl Constants {
    fn new(n: usize, population: usize) -> Self {
        let d = n as f64;
        let raw = |rank: usize| (f64::midpoint(population as f64, 1.0)).ln() - (rank as f64 + 1.0).ln();
        let raw: Vec<f64> = (0..population).map(raw).collect();
        let n_better = population / 2;
        let sum = |values: &[f64]| values.iter().sum::<f64>();
        let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
        let (better, worse) = raw.split_at(n_better);
        let n_effective = sum(better).powi(2) / squares(better);
        let n_effective_worse = sum(worse).powi(2) / squares(worse);
        let path_rate = (4.0 + n_effective / d) / (d + 4.0 + 2.0 * n_effective / d);
        let rank_one = 2.0 / ((d + 1.3).powi(2) + n_effective);
        let rank_mu = (2.0 * (n_effective + 1.0 / n_effective - 2.0) / ((d + 2.0).powi(2) + n_effective))
            .min(1.0 - rank_one);
        let step_rate = (n_effective + 2.0) / (d + n_effective + 5.0);
        // Equations 50 to 53: how far the worse half may push.
        let negative = (1.0 + rank_one / rank_mu)
            .min(1.0 + 2.0 * n_effective_worse / (n_effective + 2.0))
            .min((1.0 - rank_one - rank_mu) / (d * rank_mu));
        let (total_better, total_worse) =
            (sum(better), -sum(&raw[n_better..].iter().map(|w| w.min(0.0)).collect::<Vec<_>>()));
        let weight = |raw: &f64| {
            if *raw >= 0.0 { raw / total_better } else { negative * raw / total_worse.max(f64::MIN_POSITIVE) }
        };
        Self {
            n,
            weights: raw.iter().map(weight).collect(),
            n_effective,
            step_rate,
            step_damping: 1.0 + 2.0 * (((n_effective - 1.0) / (d + 1.0)).sqrt() - 1.0).max(0.0) + step_rate,
            path_rate,
            rank_one,
            rank_mu,
            length: d.sqrt() * (1.0 - 1.0 / (4.0 * d) + 1.0 / (21.0 * d * d)),
        }
    }
}

/// A normal distribution over the unit box, with what it remembers of its way.
#[derive(Debug, Clone)]
pub(super) struct Strategy {
    constants: Constants,
    pub(super) population: usize,
    mean: Vec<f64>,
    sigma: f64,
    covariance: Vec<f64>,
    step_path: Vec<f64>,
    covariance_path: Vec<f64>,
    /// Square roots of the eigenvalues of the covariance, and its eigenvectors.
    lengths: Vec<f64>,
    vectors: Vec<f64>,
    n_generations: u32,
}

/// The usual population: 4 + 3 ln(n).
pub(super) fn usual_population(n: usize) -> usize {
    4 + (3.0 * (n as f64).ln()).floor() as usize
}

impl Strategy {
    /// Starts around `mean` with as wide a distribution as ever.
    pub(super) fn new(mean: Vec<f64>, population: usize) -> Self {
        let n = mean.len();
        let mut identity = vec![0.0; n * n];
        for index in 0..n {
            identity[index * n + index] = 1.0;
        }
        Self {
            constants: Constants::new(n, population),
            population,
            mean,
            sigma: FIRST_SIGMA,
            covariance: identity.clone(),
            step_path: vec![0.0; n],
            covariance_path: vec![0.0; n],
            lengths: vec![1.0; n],
            vectors: identity,
            n_generations: 0,
        }
    }

    /// A point of the box. `least[axis]` is the standard deviation that a stepped axis must keep, or the strategy would
    /// never leave a cell again (as `minstd` of Hansen's pycma); 0 for the others.
    pub(super) fn draw(&self, least: &[f64], generator: &mut Generator) -> Vec<f64> {
        let n = self.constants.n;
        let mut point = Vec::new();
        for _ in 0..MAX_DRAWS {
            let normals: Vec<f64> = (0..n).map(|axis| self.lengths[axis] * generator.normal()).collect();
            point = (0..n)
                .map(|axis| {
                    let step: f64 = (0..n).map(|k| self.vectors[axis * n + k] * normals[k]).sum();
                    let variance = self.sigma * self.sigma * self.covariance[axis * n + axis];
                    let missing = (least[axis] * least[axis] - variance).max(0.0).sqrt();
                    let extra = if missing > 0.0 { missing * generator.normal() } else { 0.0 };
                    self.mean[axis] + self.sigma * step + extra
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
        let n = self.constants.n;
        let furthest = (n as f64).sqrt() + 2.0 * n as f64 / (n as f64 + 2.0);
        let steps: Vec<(Vec<f64>, Vec<f64>)> = points
            .iter()
            .map(|point| {
                let mut step: Vec<f64> =
                    point.iter().zip(&self.mean).map(|(at, mean)| (at - mean) / self.sigma).collect();
                let mut whitened = self.whiten(&step);
                let length = norm(&whitened);
                if length > furthest {
                    step.iter_mut().chain(&mut whitened).for_each(|value| *value *= furthest / length);
                }
                (step, whitened)
            })
            .collect();
        self.move_mean(&steps);
        self.adapt_covariance(&steps);
        self.n_generations += 1;
        let (values, vectors) = eigen(&self.covariance, n);
        self.lengths = values.into_iter().map(|value| value.max(1e-20).sqrt()).collect();
        self.vectors = vectors;
    }

    fn move_mean(&mut self, steps: &[(Vec<f64>, Vec<f64>)]) {
        let constants = &self.constants;
        let better = || constants.weights.iter().zip(steps).filter(|(weight, _)| **weight > 0.0);
        let mut move_by = vec![0.0; constants.n];
        let mut whitened = vec![0.0; constants.n];
        for (weight, (step, white)) in better() {
            add(&mut move_by, *weight, step);
            add(&mut whitened, *weight, white);
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
    }

    fn adapt_covariance(&mut self, steps: &[(Vec<f64>, Vec<f64>)]) {
        let Constants { n, rank_one, rank_mu, .. } = self.constants;
        let total: f64 = self.constants.weights.iter().sum();
        let keep = 1.0 - rank_one - rank_mu * total;
        for value in &mut self.covariance {
            *value *= keep;
        }
        let mut add_outer = |factor: f64, vector: &[f64]| {
            for row in 0..n {
                for column in 0..n {
                    self.covariance[row * n + column] += factor * vector[row] * vector[column];
                }
            }
        };
        add_outer(rank_one, &self.covariance_path);
        for (weight, (step, whitened)) in self.constants.weights.iter().zip(steps) {
            // A point of the worse half pushes by its length before the step was taken (equation 46).
            let scale = if *weight >= 0.0 { 1.0 } else { n as f64 / (norm(whitened).powi(2) + 1e-12) };
            add_outer(rank_mu * weight * scale, step);
        }
    }

    /// `C^(-1/2)` times a vector.
    fn whiten(&self, vector: &[f64]) -> Vec<f64> {
        let n = self.constants.n;
        let along = |k: usize| (0..n).map(|axis| self.vectors[axis * n + k] * vector[axis]).sum::<f64>();
        let scaled: Vec<f64> = (0..n).map(|k| along(k) / self.lengths[k]).collect();
        (0..n).map(|axis| (0..n).map(|k| self.vectors[axis * n + k] * scaled[k]).sum()).collect()
    }

    /// Whether nothing new is to be expected.
    pub(super) fn has_converged(&self) -> bool {
        let longest = self.lengths.iter().copied().fold(0.0, f64::max);
        let shortest = self.lengths.iter().copied().fold(f64::INFINITY, f64::min);
        self.sigma * longest < NARROWEST
            || (longest / shortest).powi(2) > MAX_CONDITION
            || !self.sigma.is_finite()
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
    fn constants_match_the_tutorial() {
        let constants = Constants::new(10, usual_population(10));
        // cmaes 0.13.1 (Python): CMA(mean=zeros(10), sigma=1)._mu_eff, _c_sigma, _d_sigma, _cc, _c1, _cmu
        for (got, expected) in [
            (constants.n_effective, 3.167_299_281_410_702_6),
            (constants.step_rate, 0.284_428_587_946_367_5),
            (constants.step_damping, 1.284_428_587_946_367_5),
            (constants.path_rate, 0.294_990_383_035_622_25),
            (constants.rank_one, 0.015_283_824_524_751_714),
            (constants.rank_mu, 0.020_154_282_761_208_38),
        ] {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
    }

    #[test]
    fn a_stepped_axis_keeps_its_least_width() {
        let mut strategy = Strategy::new(vec![0.5; 2], 6);
        strategy.sigma = 1e-6;
        let mut generator = Generator::new(Seed(2));
        let points: Vec<Vec<f64>> = (0..200).map(|_| strategy.draw(&[0.1, 0.0], &mut generator)).collect();
        let spread = |axis: usize| points.iter().map(|point| (point[axis] - 0.5).abs()).sum::<f64>() / 200.0;
        assert!(spread(0) > 0.05 && spread(1) < 1e-5, "{} {}", spread(0), spread(1));
    }
}
