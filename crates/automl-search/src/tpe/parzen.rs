//! The Parzen estimator: a mixture of product kernels, one per observation and one for the prior.

use automl_core::Axis;

use super::kernels::{CellMasses, Kernels};
use crate::generator::Generator;

/// Terms smaller than the largest by this much in the logarithm change no digit of the sum that matters: 1e-20 each.
const NEGLIGIBLE: f64 = 45.0;

/// Newest observations of full weight (Optuna's `default_weights`).
const N_FULL_WEIGHT: usize = 25;

/// A density over the axes of one group.
///
/// Kernel `i` sits at observation `i`; the last kernel is the prior, which is flat over choices and a wide
/// normal over numbers. Source: Optuna 5.0.0, `_ParzenEstimator` (Watanabe 2023, arXiv 2304.11127, section 3); the least
/// width of a kernel is our own.
#[derive(Debug)]
pub(super) struct ParzenEstimator<'a> {
    axes: &'a [&'a Axis],
    kernels: Vec<Kernels>,
    /// Logarithm of weight and normalisation, per kernel.
    log_constants: Vec<f64>,
    cumulative_weights: Vec<f64>,
}

impl<'a> ParzenEstimator<'a> {
    /// `columns[axis][observation]` are coordinates, oldest observation first; `exponent` is what
    /// [`bandwidth_exponent`](super::kernels::bandwidth_exponent) says, or another for comparison.
    pub(super) fn new(axes: &'a [&'a Axis], columns: &[Vec<f64>], prior_weight: f64, exponent: f64) -> Self {
        let n_observations = columns.first().map_or(0, Vec::len);
        let weights = weights(n_observations, prior_weight);
        let mut log_constants: Vec<f64> = weights.iter().map(|weight| weight.ln()).collect();
        let build = |(axis, column): (&&Axis, &Vec<f64>)| {
            Kernels::new(axis, column, prior_weight, exponent, &mut log_constants)
        };
        let kernels = axes.iter().zip(columns).map(build).collect();
        let accumulate = |sum: &mut f64, weight: &f64| {
            *sum += weight;
            Some(*sum)
        };
        let cumulative_weights = weights.iter().scan(0.0, accumulate).collect();
        Self { axes, kernels, log_constants, cumulative_weights }
    }

    /// `n` draws; one row of coordinates each.
    pub(super) fn sample(&self, n: usize, generator: &mut Generator) -> Vec<Vec<f64>> {
        (0..n).map(|_| self.sample_one(generator)).collect()
    }

    fn sample_one(&self, generator: &mut Generator) -> Vec<f64> {
        let share = generator.unit();
        let last = self.cumulative_weights.len() - 1;
        let kernel = self.cumulative_weights.partition_point(|sum| *sum <= share).min(last);
        let axes = self.axes.iter().zip(&self.kernels);
        axes.map(|(axis, kernels)| axis.snap(kernels.sample(kernel, generator.unit()))).collect()
    }

    /// Logarithm of the density (over unit coordinates; the probability, for cells and choices) at each row.
    pub(super) fn log_density(&self, rows: &[Vec<f64>]) -> Vec<f64> {
        let mut terms = Vec::with_capacity(self.log_constants.len());
        rows.iter().map(|row| self.log_density_at(row, &mut terms)).collect()
    }

    fn log_density_at(&self, row: &[f64], terms: &mut Vec<f64>) -> f64 {
        terms.clear();
        terms.extend_from_slice(&self.log_constants);
        for (kernels, coordinate) in self.kernels.iter().zip(row) {
            kernels.add_log_density(*coordinate, terms);
        }
        let axes = self.axes.iter().zip(&self.kernels).zip(row);
        let mut cells: Vec<CellMasses<'_>> =
            axes.filter_map(|((axis, kernels), at)| kernels.cell_masses(axis.cell(*at))).collect();
        let mut whole = |kernel: usize, term: f64| -> f64 {
            term + cells.iter_mut().map(|masses| masses.get(kernel)).sum::<f64>()
        };
        // The prior reaches everywhere. Masses of cells only ever lower a term, so a kernel that is negligible
        // beside the prior without them need not be looked at: in several dimensions that is most of them.
        let last = terms.len() - 1;
        let prior = whole(last, terms[last]);
        let floor = prior - NEGLIGIBLE;
        let mut sum = LogSum { largest: prior, sum: 1.0 };
        for (kernel, term) in terms[..last].iter().enumerate() {
            if *term > floor {
                sum.add(whole(kernel, *term));
            }
        }
        sum.value()
    }
}

/// Weights of the kernels, the prior's last; they sum to 1. The newest 25 observations count fully and older
/// ones less, linearly down to `1 / n`.
fn weights(n_observations: usize, prior_weight: f64) -> Vec<f64> {
    let n_ramp = n_observations.saturating_sub(N_FULL_WEIGHT);
    let first = 1.0 / n_observations.max(1) as f64;
    let ramp = (0..n_ramp).map(|index| {
        if n_ramp == 1 { first } else { first + (1.0 - first) * index as f64 / (n_ramp - 1) as f64 }
    });
    let flat = std::iter::repeat_n(1.0, n_observations - n_ramp);
    let prior = if n_observations == 0 { 1.0 } else { prior_weight };
    let mut weights: Vec<f64> = ramp.chain(flat).chain([prior]).collect();
    let total: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= total;
    }
    weights
}

/// A running `ln Σ exp`.
#[derive(Debug, Clone, Copy)]
struct LogSum {
    largest: f64,
    sum: f64,
}

impl LogSum {
    fn add(&mut self, term: f64) {
        if term > self.largest {
            self.sum = self.sum * (self.largest - term).exp() + 1.0;
            self.largest = term;
        } else if term > self.largest - NEGLIGIBLE {
            self.sum += (term - self.largest).exp();
        }
    }

    fn value(self) -> f64 {
        self.sum.ln() + self.largest
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Domain, ParamValue, Seed};
    use proptest::prelude::*;

    use super::super::kernels::OPTUNA_EXPONENT;
    use super::*;

    fn axis(domain: &Domain) -> Axis {
        Axis::new(domain)
    }

    /// Coordinates of all values of a finite domain.
    fn all_rows(axis: &Axis, values: &[ParamValue]) -> Vec<Vec<f64>> {
        values.iter().map(|value| vec![axis.encode(value).unwrap()]).collect()
    }

    proptest! {
        #[test]
        fn probabilities_of_all_values_sum_to_one(shares in prop::collection::vec(0.0..1.0, 0..60), log: bool) {
            let axis = axis(&Domain::Int { low: 1, high: 40, step: 1, log });
            let axes = [&axis];
            let column = shares.iter().map(|share| axes[0].snap(*share)).collect();
            let values: Vec<ParamValue> = (1..=40).map(ParamValue::Int).collect();
            let densities = ParzenEstimator::new(&axes, &[column], 1.0, OPTUNA_EXPONENT).log_density(&all_rows(axes[0], &values));
            let total: f64 = densities.iter().map(|log| log.exp()).sum();
            prop_assert!((total - 1.0).abs() < 1e-9, "{total}");
        }

        #[test]
        fn probabilities_of_all_choices_sum_to_one(choices in prop::collection::vec(0..3_u8, 0..60)) {
            let axis = axis(&Domain::choice(&["x", "y", "z"]));
            let axes = [&axis];
            let column = choices.iter().map(|choice| f64::from(*choice)).collect();
            let rows = [vec![0.0], vec![1.0], vec![2.0]];
            let densities = ParzenEstimator::new(&axes, &[column], 1.0, OPTUNA_EXPONENT).log_density(&rows);
            let total: f64 = densities.iter().map(|log| log.exp()).sum();
            prop_assert!((total - 1.0).abs() < 1e-12, "{total}");
        }

        #[test]
        fn a_continuous_density_integrates_to_one(column in prop::collection::vec(0.0..1.0, 0..60)) {
            let axis = axis(&Domain::float(0.0, 1.0));
            let axes = [&axis];
            let rows: Vec<Vec<f64>> = (0..4000).map(|cell| vec![(f64::from(cell) + 0.5) / 4000.0]).collect();
            let densities = ParzenEstimator::new(&axes, &[column], 1.0, OPTUNA_EXPONENT).log_density(&rows);
            let total: f64 = densities.iter().map(|log| log.exp()).sum::<f64>() / 4000.0;
            prop_assert!((total - 1.0).abs() < 1e-4, "{total}");
        }
    }

    #[test]
    fn draws_follow_the_density() {
        let domains = [Domain::log_int(1, 12), Domain::choice(&["x", "y", "z"])];
        let axes: Vec<Axis> = domains.iter().map(Axis::new).collect();
        let axes: Vec<&Axis> = axes.iter().collect();
        let columns =
            vec![vec![axes[0].snap(0.1), axes[0].snap(0.8), axes[0].snap(0.7)], vec![0.0, 2.0, 2.0]];
        let estimator = ParzenEstimator::new(&axes, &columns, 1.0, OPTUNA_EXPONENT);
        let draws = estimator.sample(20_000, &mut Generator::new(Seed(1)));
        for value in 1..=12 {
            for choice in 0..3_u8 {
                let row = vec![axes[0].encode(&ParamValue::Int(value)).unwrap(), f64::from(choice)];
                let expected = estimator.log_density(std::slice::from_ref(&row))[0].exp() * 20_000.0;
                let drawn = draws.iter().filter(|draw| **draw == row).count() as f64;
                // Five standard deviations of a count.
                assert!(
                    (drawn - expected).abs() < 5.0 * expected.sqrt() + 3.0,
                    "{value} {choice}: {drawn}, {expected}"
                );
            }
        }
    }
}
