//! The Gaussian process: what the observed points say of all others.
//!
//! Hyper-parameters are the most probable ones given the observations (MAP). Their priors, for costs of variance 1 and
//! axes of length 1 (those of Optuna's `GPSampler` did better on the benchmark than the log-normal ones of Hvarfner et
//! al. 2024): minus the logarithm of the density is `0.1 / e + 0.1 e` for the inverse squared length-scale `e`, a
//! gamma distribution of shape 2 for the variance, and one of shape 1.1 and rate 30 for the noise. The logarithms of
//! the two exponents of the input warping (Kumaraswamy; Snoek et al. 2014) are normal around 0, where nothing is bent.

use super::features::{Features, Geometry};
use super::kernel::{matern, matern_with_slope};
use super::lbfgs::{self, Limits};
use crate::matrix::{Cholesky, dot};

/// Least noise variance: keeps the covariance well-conditioned.
const LEAST_NOISE: f64 = 1e-6;
/// Strength of the prior of the length-scales.
const LENGTH_PRIOR: f64 = 0.1;
/// Shape of the variance's prior; its rate is 1.
const VARIANCE_SHAPE: f64 = 2.0;
const NOISE_SHAPE: f64 = 1.1;
const NOISE_RATE: f64 = 30.0;
const WARP_DEVIATION: f64 = 0.5;
/// Where the fit starts: length-scale and noise variance.
const FIRST_LENGTH: f64 = 0.5;
const FIRST_NOISE: f64 = 1e-3;
/// Bounds of length-scale, variance, noise variance and exponents.
const LENGTHS: (f64, f64) = (1e-2, 1e2);
const VARIANCES: (f64, f64) = (1e-2, 1e2);
const NOISES: (f64, f64) = (1e-8, 1.0);
const EXPONENTS: (f64, f64) = (0.1, 10.0);
const FIT: Limits = Limits { n_steps: 40, gradient: 1e-2 };
/// With fewer observations there is nothing to learn a warping from.
const WARP_FROM: usize = 15;
/// With more parameters than this all share one length-scale, and nothing is warped.
const MOST_LENGTHS: usize = 64;

/// Observed points and standardised costs.
#[derive(Debug, Clone, Default)]
pub(super) struct Observations {
    /// `points[observation][feature]`.
    pub(super) points: Vec<Vec<f64>>,
    pub(super) costs: Vec<f64>,
}

/// Hyper-parameters, all as logarithms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hyper {
    /// One per feature, or one for all.
    lengths: Vec<f64>,
    variance: f64,
    noise: f64,
    /// Two exponents per warped feature.
    warps: Vec<(f64, f64)>,
}

/// Which hyper-parameters there are, and how they stand in one vector.
#[derive(Debug, Clone)]
struct Layout<'a> {
    geometries: &'a [Geometry],
    n_lengths: usize,
    /// Features that are warped, in order.
    warped: Vec<usize>,
}

impl<'a> Layout<'a> {
    fn new(features: &'a Features, n_observations: usize, warps: bool) -> Self {
        let shares = features.len() > MOST_LENGTHS;
        let is_warped = |feature: &usize| features.geometries[*feature] == Geometry::Line;
        let warps = warps && !shares && n_observations >= WARP_FROM;
        let warped = if warps { (0..features.len()).filter(is_warped).collect() } else { Vec::new() };
        let n_lengths = if shares { 1 } else { features.len() };
        Self { geometries: &features.geometries, n_lengths, warped }
    }

    fn len(&self) -> usize {
        self.n_lengths + 2 + 2 * self.warped.len()
    }

    /// (start, low, high) of every logarithm.
    fn bounds(&self) -> [Vec<f64>; 3] {
        let mut bounds = [Vec::new(), Vec::new(), Vec::new()];
        let mut add = |n: usize, first: f64, (low, high): (f64, f64)| {
            for (bound, value) in bounds.iter_mut().zip([first, low, high]) {
                bound.extend(std::iter::repeat_n(value.ln(), n));
            }
        };
        add(self.n_lengths, FIRST_LENGTH, LENGTHS);
        add(1, 1.0, VARIANCES);
        add(1, FIRST_NOISE, NOISES);
        add(2 * self.warped.len(), 1.0, EXPONENTS);
        bounds
    }

    /// Minus the logarithm of the prior density at `vector`; its derivatives are added to `gradient`.
    fn add_prior(&self, vector: &[f64], gradient: &mut [f64]) -> f64 {
        let mut value = 0.0;
        for (index, (at, slope)) in vector.iter().zip(gradient).enumerate() {
            let (more, by_log) = if index < self.n_lengths {
                let inverse = (-2.0 * at).exp();
                let share = LENGTH_PRIOR * inverse;
                (LENGTH_PRIOR / inverse + share, 2.0 * (LENGTH_PRIOR / inverse - share))
            } else if index == self.n_lengths {
                (at.exp() - (VARIANCE_SHAPE - 1.0) * at, at.exp() - (VARIANCE_SHAPE - 1.0))
            } else if index == self.n_lengths + 1 {
                let noise = NOISE_RATE * at.exp();
                (noise - (NOISE_SHAPE - 1.0) * at, noise - (NOISE_SHAPE - 1.0))
            } else {
                let z = at / WARP_DEVIATION;
                (0.5 * z * z, z / WARP_DEVIATION)
            };
            value += more;
            *slope += by_log;
        }
        value
    }

    fn unpack(&self, vector: &[f64]) -> Hyper {
        let (lengths, rest) = vector.split_at(self.n_lengths);
        let warps = rest[2..].chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        Hyper { lengths: lengths.to_vec(), variance: rest[0], noise: rest[1], warps }
    }
}

impl Hyper {
    fn weight(&self, feature: usize) -> f64 {
        (-2.0 * self.lengths[feature.min(self.lengths.len() - 1)]).exp()
    }

    fn noise_variance(&self) -> f64 {
        self.noise.exp() + LEAST_NOISE
    }
}

/// Kumaraswamy's distribution function of exponents `a` and `b`.
fn warp(x: f64, a: f64, b: f64) -> f64 {
    1.0 - (1.0 - x.clamp(0.0, 1.0).powf(a)).max(0.0).powf(b)
}

/// The warped coordinate, and its derivatives by the logarithms of `a` and `b`.
fn warp_with_slopes(x: f64, a: f64, b: f64) -> (f64, f64, f64) {
    let x = x.clamp(1e-12, 1.0 - 1e-12);
    let power = x.powf(a);
    let rest = 1.0 - power;
    let value = 1.0 - rest.powf(b);
    let by_a = b * rest.powf(b - 1.0) * power * x.ln() * a;
    let by_b = -rest.powf(b) * rest.ln() * b;
    (value, by_a, by_b)
}

/// Derivative of the warped coordinate by the coordinate.
fn warp_slope(x: f64, a: f64, b: f64) -> f64 {
    let x = x.clamp(1e-12, 1.0 - 1e-12);
    a * b * x.powf(a - 1.0) * (1.0 - x.powf(a)).powf(b - 1.0)
}

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

/// Adds a feature's weighted squared differences to a column of observations.
#[inline(always)]
fn add_squares(geometry: Geometry, weight: f64, at: f64, column: &[f64], squared: &mut [f64]) {
    // A loop for each geometry, so that the common one is vectorised.
    if geometry == Geometry::Line {
        for (squared, other) in squared.iter_mut().zip(column) {
            *squared += weight * (at - other) * (at - other);
        }
    } else {
        for (squared, other) in squared.iter_mut().zip(column) {
            *squared += weight * geometry.squared(at, *other);
        }
    }
}

/// Weighted squared distances of observation `row` to the first `n` ones.
#[inline(always)]
fn distances(
    geometries: &[Geometry],
    hyper: &Hyper,
    columns: &[Vec<f64>],
    row: usize,
    n: usize,
    squared: &mut [f64],
) {
    squared[..n].fill(0.0);
    for (feature, (geometry, column)) in geometries.iter().zip(columns).enumerate() {
        add_squares(*geometry, hyper.weight(feature), column[row], &column[..n], &mut squared[..n]);
    }
}

fn warped_columns(layout: &Layout<'_>, hyper: &Hyper, observations: &Observations) -> Vec<Vec<f64>> {
    let column = |feature: usize| observations.points.iter().map(|point| point[feature]).collect();
    let mut columns: Vec<Vec<f64>> = (0..layout.geometries.len()).map(column).collect();
    for (&feature, &(a, b)) in layout.warped.iter().zip(&hyper.warps) {
        for x in &mut columns[feature] {
            *x = warp(*x, a.exp(), b.exp());
        }
    }
    columns
}

#[inline(always)]
fn most_probable(layout: &Layout<'_>, observations: &Observations) -> Option<Hyper> {
    let [start, low, high] = layout.bounds();
    let (at, value) = lbfgs::minimise(&start, (&low, &high), FIT, |vector| {
        negative_log_posterior(layout, observations, vector)
    });
    value.is_finite().then(|| layout.unpack(&at))
}

/// Minus the logarithm of the posterior density of hyper-parameters, up to a constant, and its gradient.
#[inline(always)]
fn negative_log_posterior(
    layout: &Layout<'_>,
    observations: &Observations,
    vector: &[f64],
) -> (f64, Vec<f64>) {
    let n = observations.costs.len();
    let hyper = layout.unpack(vector);
    let columns = warped_columns(layout, &hyper, observations);
    let variance = hyper.variance.exp();
    let mut covariance = vec![0.0; n * n];
    // Derivative of the covariance by the squared distance.
    let mut slopes = vec![0.0; n * n];
    let mut squared = vec![0.0; n];
    for row in 0..n {
        distances(layout.geometries, &hyper, &columns, row, row, &mut squared);
        for column in 0..row {
            let (value, slope) = matern_with_slope(squared[column]);
            covariance[row * n + column] = variance * value;
            slopes[row * n + column] = variance * slope;
        }
        covariance[row * n + row] = variance + hyper.noise_variance();
    }
    let Some(cholesky) = Cholesky::new(&covariance, n) else {
        return (f64::INFINITY, vec![0.0; vector.len()]);
    };
    let mut weights = observations.costs.clone();
    cholesky.solve(&mut weights);
    let mut value = 0.5 * dot(&weights, &observations.costs) + 0.5 * cholesky.log_determinant();
    let inverse = cholesky.inverse();
    // With G = (K⁻¹ - w wᵀ) / 2 the derivative by a hyper-parameter is the sum of G times that of K.
    let mut gradient = vec![0.0; layout.len()];
    let (at_variance, at_noise) = (layout.n_lengths, layout.n_lengths + 1);
    for row in 0..n {
        let on_diagonal = 0.5 * (inverse[row * n + row] - weights[row] * weights[row]);
        gradient[at_variance] += on_diagonal * variance;
        gradient[at_noise] += on_diagonal * hyper.noise.exp();
        for column in 0..row {
            let index = row * n + column;
            let off_diagonal = inverse[index] - weights[row] * weights[column];
            gradient[at_variance] += off_diagonal * covariance[index];
            // From here on `slopes` holds G's share too.
            slopes[index] *= off_diagonal;
        }
    }
    for (feature, geometry) in layout.geometries.iter().enumerate() {
        let column = &columns[feature];
        let mut sum = 0.0;
        for row in 1..n {
            squared[..row].fill(0.0);
            add_squares(*geometry, 1.0, column[row], &column[..row], &mut squared[..row]);
            sum += dot(&squared[..row], &slopes[row * n..row * n + row]);
        }
        gradient[feature.min(layout.n_lengths - 1)] -= 2.0 * hyper.weight(feature) * sum;
    }
    add_warp_gradient(layout, &hyper, observations, &slopes, &mut gradient);
    value += layout.add_prior(vector, &mut gradient);
    (value, gradient)
}

/// Adds the derivatives by the exponents of the warping.
#[inline(always)]
fn add_warp_gradient(
    layout: &Layout<'_>,
    hyper: &Hyper,
    observations: &Observations,
    shares: &[f64],
    gradient: &mut [f64],
) {
    let n = observations.costs.len();
    for (place, (&feature, &(a, b))) in layout.warped.iter().zip(&hyper.warps).enumerate() {
        let of = |point: &Vec<f64>| warp_with_slopes(point[feature], a.exp(), b.exp());
        let warped: Vec<(f64, f64, f64)> = observations.points.iter().map(of).collect();
        let (mut by_a, mut by_b) = (0.0, 0.0);
        for row in 1..n {
            for column in 0..row {
                let (own, other) = (warped[row], warped[column]);
                let share = shares[row * n + column] * 2.0 * (own.0 - other.0);
                by_a += share * (own.1 - other.1);
                by_b += share * (own.2 - other.2);
            }
        }
        let first = layout.n_lengths + 2 + 2 * place;
        gradient[first] += hyper.weight(feature) * by_a;
        gradient[first + 1] += hyper.weight(feature) * by_b;
    }
}

#[cfg(test)]
mod tests {
    use automl_core::Seed;

    use super::*;
    use crate::generator::Generator;

    fn features() -> Features {
        Features {
            params: vec![0, 1, 2, 3],
            geometries: vec![Geometry::Line, Geometry::Line, Geometry::Labels, Geometry::Arc],
        }
    }

    fn observations(n: usize) -> Observations {
        let mut generator = Generator::new(Seed(1));
        let point = |_| {
            let kind = generator.below(3) as f64;
            let conditional = if kind == 1.0 { f64::NAN } else { generator.unit() };
            vec![generator.unit(), generator.unit(), kind, conditional]
        };
        let points: Vec<Vec<f64>> = (0..n).map(point).collect();
        let cost = |point: &Vec<f64>| {
            (3.0 * point[0]).sin()
                + point[1]
                + point[2] * 0.3
                + if point[3].is_nan() { 0.5 } else { point[3] }
        };
        Observations { costs: points.iter().map(cost).collect(), points }
    }

    #[test]
    fn gradients_match_differences() {
        let (features, observations) = (features(), observations(25));
        let layout = Layout::new(&features, 25, true);
        assert_eq!(layout.len(), 4 + 2 + 4);
        let mut generator = Generator::new(Seed(2));
        let vector: Vec<f64> = layout.bounds()[0].iter().map(|at| at + generator.unit() - 0.5).collect();
        let function = |vector: &[f64]| negative_log_posterior(&layout, &observations, vector);
        let (_, gradient) = function(&vector);
        for index in 0..vector.len() {
            let step = 1e-5;
            let moved = |by: f64| {
                let mut moved = vector.clone();
                moved[index] += by;
                function(&moved).0
            };
            let numeric = (moved(step) - moved(-step)) / (2.0 * step);
            assert!(
                (gradient[index] - numeric).abs() < 1e-4 * (1.0 + numeric.abs()),
                "{index}: {} {numeric}",
                gradient[index]
            );
        }
    }

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

    #[test]
    fn warping_is_nothing_at_exponents_of_1_and_monotone_always() {
        for x in [0.0, 0.2, 0.9, 1.0] {
            assert!((warp(x, 1.0, 1.0) - x).abs() < 1e-12);
        }
        for (a, b) in [(0.3, 2.0), (4.0, 0.5)] {
            let values: Vec<f64> = (0..=20).map(|step| warp(f64::from(step) / 20.0, a, b)).collect();
            assert!(
                values.windows(2).all(|pair| pair[0] <= pair[1]) && values[0] == 0.0 && values[20] == 1.0
            );
        }
    }
}
