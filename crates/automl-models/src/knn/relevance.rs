//! What each column alone says of the target.

use automl_core::{FitError, Matrix, StopSignal, Target};

use super::check_stop;

/// Rows looked at, at most.
const MOST_ROWS: usize = 20_000;
/// Bins of a column, each with as many rows as the others where values are distinct.
const N_BINS: usize = 10;
/// The least factor of a column: one that says nothing alone may still tell rows apart together with others.
const LEAST: f64 = 0.05;

/// The factor of each column, from [`LEAST`] to 1; see the [module](super).
///
/// # Errors
/// [`FitError::Stopped`] when asked to stop.
pub(super) fn scales(
    x: &Matrix<f32>,
    target: &Target,
    weights: Option<&[f32]>,
    stop: &StopSignal,
) -> Result<Vec<f64>, FitError> {
    let n_rows = x.n_rows().min(MOST_ROWS);
    let rows: Vec<usize> = (0..n_rows).map(|index| index * x.n_rows() / n_rows).collect();
    let outcomes = Outcomes::new(target, weights, &rows);
    let mut relevances = Vec::with_capacity(x.n_cols());
    for column in 0..x.n_cols() {
        check_stop(stop)?;
        let values: Vec<f32> = rows.iter().map(|&row| x.get(row, column)).collect();
        relevances.push(outcomes.explained_by(&values).sqrt());
    }
    let largest = relevances.iter().copied().fold(0.0, f64::max);
    Ok(relevances
        .into_iter()
        .map(|value| if largest > 0.0 { (value / largest).max(LEAST) } else { 1.0 })
        .collect())
}

/// The target of the rows looked at.
struct Outcomes<'a> {
    target: &'a Target,
    rows: &'a [usize],
    /// Mean 1.
    weights: Vec<f64>,
    /// The weighted mean of each output: the value, or the indicator of each class.
    means: Vec<f64>,
    /// `Σ weight · |output - mean|²`.
    spread: f64,
}

impl<'a> Outcomes<'a> {
    fn new(target: &'a Target, weights: Option<&[f32]>, rows: &'a [usize]) -> Self {
        let mut weights: Vec<f64> =
            rows.iter().map(|&row| weights.map_or(1.0, |weights| f64::from(weights[row]))).collect();
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        for weight in &mut weights {
            *weight /= mean;
        }
        let mut outcomes = Self { target, rows, weights, means: Vec::new(), spread: 0.0 };
        let total = rows.len() as f64;
        outcomes.means = outcomes.sums(|_| true).0.iter().map(|sum| sum / total).collect();
        outcomes.spread = match target {
            Target::Real(values) => {
                let pairs = rows.iter().zip(&outcomes.weights);
                pairs.map(|(&row, weight)| weight * (values[row] - outcomes.means[0]).powi(2)).sum()
            }
            Target::Classes { .. } => {
                total * (1.0 - outcomes.means.iter().map(|mean| mean * mean).sum::<f64>())
            }
        };
        outcomes
    }

    /// Weighted sums of the outputs, and of 1, over some of the rows looked at.
    fn sums(&self, is_in: impl Fn(usize) -> bool) -> (Vec<f64>, f64) {
        let n_outputs = match self.target {
            Target::Real(_) => 1,
            Target::Classes { n_classes, .. } => *n_classes,
        };
        let (mut sums, mut total) = (vec![0.0; n_outputs], 0.0);
        for (index, &row) in self.rows.iter().enumerate().filter(|(index, _)| is_in(*index)) {
            let weight = self.weights[index];
            total += weight;
            match self.target {
                Target::Real(values) => sums[0] += weight * values[row],
                Target::Classes { codes, .. } => sums[codes[row] as usize] += weight,
            }
        }
        (sums, total)
    }

    /// The adjusted coefficient of determination given the bin of `values`, one a row; at least 0.
    fn explained_by(&self, values: &[f32]) -> f64 {
        let cuts = cuts(values);
        let n_rows = values.len();
        if cuts.is_empty() || self.spread <= 0.0 || n_rows <= cuts.len() + 1 {
            return 0.0;
        }
        let bins: Vec<usize> = values.iter().map(|value| cuts.partition_point(|cut| cut < value)).collect();
        let mut between = 0.0;
        for bin in 0..=cuts.len() {
            let (sums, total) = self.sums(|index| bins[index] == bin);
            if total > 0.0 {
                let pairs = sums.iter().zip(&self.means);
                between += pairs.map(|(sum, mean)| total * (sum / total - mean).powi(2)).sum::<f64>();
            }
        }
        let unexplained = 1.0 - between / self.spread;
        (1.0 - unexplained * (n_rows - 1) as f64 / (n_rows - cuts.len() - 1) as f64).clamp(0.0, 1.0)
    }
}

/// The upper ends of all bins but the last: distinct quantiles below the greatest value.
fn cuts(values: &[f32]) -> Vec<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let Some(&greatest) = sorted.last() else {
        return Vec::new();
    };
    let mut cuts: Vec<f32> =
        (1..N_BINS).map(|quantile| sorted[(quantile * sorted.len()).div_ceil(N_BINS) - 1]).collect();
    cuts.dedup();
    // A column of two values, one of them rare, has its quantiles at the frequent one.
    if cuts.first() == Some(&greatest) && sorted[0] < greatest {
        cuts[0] = sorted[0];
    }
    cuts.retain(|cut| *cut < greatest);
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(columns: &[Vec<f32>], target: &Target) -> Vec<f64> {
        let x = Matrix::from_columns(target.n_rows(), columns);
        scales(&x, target, None, &StopSignal::never()).unwrap()
    }

    #[test]
    fn a_column_that_bends_the_target_counts_and_noise_does_not() {
        let x: Vec<f32> = (0..400).map(|row| row as f32 / 200.0 - 1.0).collect();
        let noise: Vec<f32> = (0..400).map(|row| ((row * 7919) % 401) as f32).collect();
        let target = Target::Real(x.iter().map(|value| f64::from(value * value)).collect());
        let scales = of(&[x, noise, vec![3.0; 400]], &target);
        assert_eq!((scales[0], scales[2]), (1.0, LEAST));
        assert!(scales[1] < 0.3, "{scales:?}");
    }

    /// Of 100 rows 10 are marked, half of class 1; of the others none is. Tau is
    /// `(10 · 0.45² · 2 + 90 · 0.05² · 2) / (100 · 2 · 0.05 · 0.95) = 0.473…`, adjusted for two bins.
    #[test]
    fn a_rare_mark_of_a_class_is_seen() {
        let mark: Vec<f32> = (0..100).map(|row| f32::from(row < 10)).collect();
        let same: Vec<f32> = (0..100).map(|row| f32::from(row < 5)).collect();
        let codes = (0..100).map(|row| u32::from(row < 5)).collect();
        let scales = of(&[mark, same], &Target::Classes { codes, n_classes: 2 });
        let tau = (10.0 * 0.45_f64.powi(2) + 90.0 * 0.05_f64.powi(2)) / (100.0 * 0.05 * 0.95);
        assert_eq!(scales[1], 1.0);
        assert!((scales[0] - (1.0 - (1.0 - tau) * 99.0 / 98.0).sqrt()).abs() < 1e-9, "{scales:?}");
    }

    #[test]
    fn without_anything_to_say_all_columns_count_alike() {
        assert_eq!(of(&[vec![1.0, 2.0, 3.0], vec![0.0; 3]], &Target::Real(vec![1.0; 3])), [1.0, 1.0]);
    }
}
