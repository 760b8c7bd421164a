//! Hyper-parameters of the process and what is thought of them before any observation.
//!
//! Their priors, for costs of variance 1 and axes of length 1 (those of Optuna's `GPSampler` did better on the
//! benchmark than the log-normal ones of Hvarfner et al. 2024): minus the logarithm of the density is `0.1 / e + 0.1 e`
//! for the inverse squared length-scale `e`, a gamma distribution of shape 2 for the variance, and one of shape 1.1 and
//! rate 30 for the noise. The logarithms of the two exponents of the input warping (Kumaraswamy; Snoek et al. 2014) are
//! normal around 0, where nothing is bent.

use super::features::{Features, Geometry};

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
/// With fewer observations there is nothing to learn a warping from.
const WARP_FROM: usize = 15;
/// With more parameters than this all share one length-scale, and nothing is warped.
const MOST_LENGTHS: usize = 64;

/// Hyper-parameters, all as logarithms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hyper {
    /// One per feature, or one for all.
    pub(super) lengths: Vec<f64>,
    pub(super) variance: f64,
    pub(super) noise: f64,
    /// Two exponents per warped feature.
    pub(super) warps: Vec<(f64, f64)>,
}

/// Which hyper-parameters there are, and how they stand in one vector.
#[derive(Debug, Clone)]
pub(super) struct Layout<'a> {
    pub(super) geometries: &'a [Geometry],
    pub(super) n_lengths: usize,
    /// Features that are warped, in order.
    pub(super) warped: Vec<usize>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(features: &'a Features, n_observations: usize, warps: bool) -> Self {
        let shares = features.len() > MOST_LENGTHS;
        let is_warped = |feature: &usize| features.geometries[*feature] == Geometry::Line;
        let warps = warps && !shares && n_observations >= WARP_FROM;
        let warped = if warps { (0..features.len()).filter(is_warped).collect() } else { Vec::new() };
        let n_lengths = if shares { 1 } else { features.len() };
        Self { geometries: &features.geometries, n_lengths, warped }
    }

    pub(super) fn len(&self) -> usize {
        self.n_lengths + 2 + 2 * self.warped.len()
    }

    /// (start, low, high) of every logarithm.
    pub(super) fn bounds(&self) -> [Vec<f64>; 3] {
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
    pub(super) fn add_prior(&self, vector: &[f64], gradient: &mut [f64]) -> f64 {
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

    pub(super) fn unpack(&self, vector: &[f64]) -> Hyper {
        let (lengths, rest) = vector.split_at(self.n_lengths);
        let warps = rest[2..].chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        Hyper { lengths: lengths.to_vec(), variance: rest[0], noise: rest[1], warps }
    }
}

impl Hyper {
    pub(super) fn weight(&self, feature: usize) -> f64 {
        (-2.0 * self.lengths[feature.min(self.lengths.len() - 1)]).exp()
    }

    pub(super) fn noise_variance(&self) -> f64 {
        self.noise.exp() + LEAST_NOISE
    }
}

/// Kumaraswamy's distribution function of exponents `a` and `b`.
pub(super) fn warp(x: f64, a: f64, b: f64) -> f64 {
    1.0 - (1.0 - x.clamp(0.0, 1.0).powf(a)).max(0.0).powf(b)
}

/// The warped coordinate, and its derivatives by the logarithms of `a` and `b`.
pub(super) fn warp_with_slopes(x: f64, a: f64, b: f64) -> (f64, f64, f64) {
    let x = x.clamp(1e-12, 1.0 - 1e-12);
    let power = x.powf(a);
    let rest = 1.0 - power;
    let value = 1.0 - rest.powf(b);
    let by_a = b * rest.powf(b - 1.0) * power * x.ln() * a;
    let by_b = -rest.powf(b) * rest.ln() * b;
    (value, by_a, by_b)
}

/// Derivative of the warped coordinate by the coordinate.
pub(super) fn warp_slope(x: f64, a: f64, b: f64) -> f64 {
    let x = x.clamp(1e-12, 1.0 - 1e-12);
    a * b * x.powf(a - 1.0) * (1.0 - x.powf(a)).powf(b - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
