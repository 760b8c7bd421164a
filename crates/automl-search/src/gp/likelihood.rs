//! How probable hyper-parameters are, given the observations, and the most probable ones.

use super::features::Geometry;
use super::hyper::{Hyper, Layout, warp, warp_with_slopes};
use super::kernel::matern_with_slope;
use super::lbfgs::{self, Limits};
use crate::matrix::{Cholesky, dot};

const FIT: Limits = Limits { n_steps: 40, gradient: 1e-2 };

/// Observed points and standardised costs.
#[derive(Debug, Clone, Default)]
pub(super) struct Observations {
    /// `points[observation][feature]`.
    pub(super) points: Vec<Vec<f64>>,
    pub(super) costs: Vec<f64>,
}
/// Adds a feature's weighted squared differences to a column of observations.
#[inline(always)]
pub(super) fn add_squares(geometry: Geometry, weight: f64, at: f64, column: &[f64], squared: &mut [f64]) {
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
pub(super) fn distances(
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

pub(super) fn warped_columns(
    layout: &Layout<'_>,
    hyper: &Hyper,
    observations: &Observations,
) -> Vec<Vec<f64>> {
    let column = |feature: usize| observations.points.iter().map(|point| point[feature]).collect();
    let mut columns: Vec<Vec<f64>> = (0..layout.geometries.len()).map(column).collect();
    for (&feature, &(a, b)) in layout.warped.iter().zip(&hyper.warps) {
        for x in &mut columns[feature] {
            *x = warp(*x, a.exp(), b.exp());
        }
    }
    columns
}
/// The mode of the posterior; `None` if no value of it is a number.
#[inline(always)]
pub(super) fn most_probable(layout: &Layout<'_>, observations: &Observations) -> Option<Hyper> {
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
pub(super) mod tests {
    use automl_core::Seed;

    use super::*;
    use crate::generator::Generator;
    use crate::gp::features::Features;

    pub(in super::super) fn features() -> Features {
        Features {
            params: vec![0, 1, 2, 3],
            geometries: vec![Geometry::Line, Geometry::Line, Geometry::Labels, Geometry::Arc],
        }
    }

    pub(in super::super) fn observations(n: usize) -> Observations {
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
}
