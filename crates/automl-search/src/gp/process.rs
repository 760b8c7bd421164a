//! The Gaussian process: what the observed points say of all others. Its hyper-parameters are the most probable ones
//! (MAP).

use super::features::{Features, Geometry};
use super::hyper::{Hyper, Layout, warp, warp_slope};
use super::kernel::{matern, matern_with_slope};
use super::likelihood::{Observations, add_squares, distances, most_probable, warped_columns};
use crate::matrix::{Cholesky, dot};

/// A fitted process.
#[derive(Debug, Clone)]
pub(super) struct Process {
    geometries: Vec<Geometry>,
    hyper: Hyper,
    warped: Vec<usize>,
    /// Warped coordinates, `columns[feature][observation]`.
    columns: Vec<Vec<f64>>,
    cholesky: Cholesky,
    /// `K⁻¹ y`.
    weights: Vec<f64>,
}

impl Process {
    /// Fits hyper-parameters to `sample` and the process to `all`. `None` if the covariance cannot be factored, which
    /// observations without a number among them would do.
    pub(super) fn fit(
        features: &Features,
        sample: &Observations,
        all: &Observations,
        warps: bool,
    ) -> Option<Self> {
        let layout = Layout::new(features, sample.costs.len(), warps);
        let hyper = pulp::Arch::new().dispatch(|| most_probable(&layout, sample))?;
        Self::with_hyper(&layout, hyper, all)
    }

    fn with_hyper(layout: &Layout<'_>, hyper: Hyper, all: &Observations) -> Option<Self> {
        let columns = warped_columns(layout, &hyper, all);
        let n = all.costs.len();
        let cholesky = pulp::Arch::new().dispatch(|| {
            let mut covariance = vec![0.0; n * n];
            let mut squared = vec![0.0; n];
            for row in 0..n {
                distances(layout.geometries, &hyper, &columns, row, row + 1, &mut squared);
                for column in 0..row {
                    covariance[row * n + column] = hyper.variance.exp() * matern(squared[column]);
                }
                covariance[row * n + row] = hyper.variance.exp() + hyper.noise_variance();
            }
            Cholesky::new(&covariance, n)
        })?;
        let mut weights = all.costs.clone();
        cholesky.solve(&mut weights);
        let geometries = layout.geometries.to_vec();
        Some(Self { geometries, hyper, warped: layout.warped.clone(), columns, cholesky, weights })
    }

    /// Mean and standard deviation (without noise) at a point.
    pub(super) fn predict(&self, point: &[f64]) -> (f64, f64) {
        let mut covariance = self.covariance(&self.warp(point));
        let mean = dot(&covariance, &self.weights);
        self.cholesky.solve_lower(&mut covariance);
        let variance = self.hyper.variance.exp() - dot(&covariance, &covariance);
        (mean, variance.max(1e-12).sqrt())
    }

    /// Mean and deviation at a point with their derivatives by each coordinate.
    pub(super) fn predict_with_slopes(&self, point: &[f64]) -> (f64, f64, Vec<f64>, Vec<f64>) {
        let n = self.weights.len();
        let warped = self.warp(point);
        let mut covariance = vec![0.0; n];
        let mut slopes = vec![0.0; n];
        let variance = self.hyper.variance.exp();
        let mut squared = vec![0.0; n];
        self.distances_to(&warped, &mut squared);
        for ((covariance, slope), squared) in covariance.iter_mut().zip(&mut slopes).zip(&squared) {
            let (value, by_squared) = matern_with_slope(*squared);
            *covariance = variance * value;
            *slope = variance * by_squared;
        }
        let mean = dot(&covariance, &self.weights);
        let mut solved = covariance.clone();
        self.cholesky.solve(&mut solved);
        let deviation = (variance - dot(&covariance, &solved)).max(1e-12).sqrt();
        let mut mean_slopes = Vec::with_capacity(point.len());
        let mut deviation_slopes = Vec::with_capacity(point.len());
        for (feature, geometry) in self.geometries.iter().enumerate() {
            let outer = self.hyper.weight(feature) * self.warp_slope(feature, point[feature]);
            let (mut by_mean, mut by_variance) = (0.0, 0.0);
            if *geometry != Geometry::Labels && outer.is_finite() {
                for observation in 0..n {
                    let inner = geometry.slope(warped[feature], self.columns[feature][observation]);
                    let change = slopes[observation] * inner;
                    by_mean += change * self.weights[observation];
                    by_variance -= 2.0 * change * solved[observation];
                }
                by_mean *= outer;
                by_variance *= outer;
            }
            mean_slopes.push(by_mean);
            deviation_slopes.push(by_variance / (2.0 * deviation));
        }
        (mean, deviation, mean_slopes, deviation_slopes)
    }

    fn covariance(&self, warped: &[f64]) -> Vec<f64> {
        let mut squared = vec![0.0; self.weights.len()];
        self.distances_to(warped, &mut squared);
        let variance = self.hyper.variance.exp();
        squared.into_iter().map(|squared| variance * matern(squared)).collect()
    }

    fn distances_to(&self, warped: &[f64], squared: &mut [f64]) {
        for (feature, (geometry, column)) in self.geometries.iter().zip(&self.columns).enumerate() {
            let weight = self.hyper.weight(feature);
            add_squares(*geometry, weight, warped[feature], column, squared);
        }
    }

    fn warp(&self, point: &[f64]) -> Vec<f64> {
        let mut warped = point.to_vec();
        for (&feature, &(a, b)) in self.warped.iter().zip(&self.hyper.warps) {
            warped[feature] = warp(point[feature], a.exp(), b.exp());
        }
        warped
    }

    fn warp_slope(&self, feature: usize, x: f64) -> f64 {
        match self.warped.iter().position(|of| *of == feature) {
            Some(place) => {
                let (a, b) = self.hyper.warps[place];
                warp_slope(x, a.exp(), b.exp())
            }
            None => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gp::likelihood::tests::{features, observations};

    #[test]
    fn slopes_of_predictions_match_differences() {
        let (features, observations) = (features(), observations(25));
        let process = Process::fit(&features, &observations, &observations, true).unwrap();
        let point = vec![0.3, 0.6, 2.0, 0.4];
        let (mean, deviation, mean_slopes, deviation_slopes) = process.predict_with_slopes(&point);
        let plain = process.predict(&point);
        assert!((plain.0 - mean).abs() < 1e-9 && (plain.1 - deviation).abs() < 1e-9);
        for feature in [0, 1, 3] {
            let step = 1e-6;
            let at = |by: f64| {
                let mut moved = point.clone();
                moved[feature] += by;
                process.predict(&moved)
            };
            let (above, below) = (at(step), at(-step));
            assert!((mean_slopes[feature] - (above.0 - below.0) / (2.0 * step)).abs() < 1e-4);
            assert!((deviation_slopes[feature] - (above.1 - below.1) / (2.0 * step)).abs() < 1e-4);
        }
        assert_eq!((mean_slopes[2], deviation_slopes[2]), (0.0, 0.0));
    }

    #[test]
    fn a_smooth_function_is_learnt_and_known_points_are_certain() {
        let (features, observations) = (features(), observations(60));
        let process = Process::fit(&features, &observations, &observations, true).unwrap();
        for (point, cost) in observations.points.iter().zip(&observations.costs).take(10) {
            let (mean, deviation) = process.predict(point);
            assert!((mean - cost).abs() < 0.1 && deviation < 0.2, "{mean} {cost} {deviation}");
        }
        let unseen = vec![0.5, 0.5, 0.0, 0.5];
        let (mean, deviation) = process.predict(&unseen);
        let truth = 1.5_f64.sin() + 1.0;
        assert!((mean - truth).abs() < 4.0 * deviation + 0.1, "{mean} {truth} {deviation}");
    }
}
