//! What each column says of the target.

use automl_core::{FitError, Matrix, StopSignal, Target};

use super::check_stop;
use crate::linear::Ridge;

/// Rows looked at, at most.
const MOST_ROWS: usize = 20_000;
/// Bins of a column, each with as many rows as the others where values are distinct.
const N_BINS: usize = 10;
/// The least factor of a column: one that says nothing alone may still tell rows apart together with others.
const LEAST: f64 = 0.05;

/// The factor of each column, from [`LEAST`] to 1, by what it says alone; see the [module](super).
///
/// # Errors
/// [`FitError::Stopped`] when asked to stop.
pub(super) fn of_columns(
    x: &Matrix<f32>,
    target: &Target,
    weights: Option<&[f32]>,
    stop: &StopSignal,
) -> Result<Vec<f64>, FitError> {
    let rows = rows_to_look_at(x.n_rows());
    let outcomes = Outcomes::new(target, weights, &rows);
    let mut relevances = Vec::with_capacity(x.n_cols());
    for column in 0..x.n_cols() {
        check_stop(stop)?;
        let values: Vec<f32> = rows.iter().map(|&row| x.get(row, column)).collect();
        relevances.push(outcomes.explained_by(&values).sqrt());
    }
    Ok(relative(relevances))
}

/// The factor of each column, from [`LEAST`] to 1, by its coefficients in ridge regression; see the [module](super).
///
/// # Errors
/// [`FitError::Numerical`] if the scales of the columns are too unlike for that; [`FitError::Stopped`] when asked to stop.
pub(super) fn of_ridge(
    x: &Matrix<f32>,
    target: &Target,
    weights: Option<&[f32]>,
    stop: &StopSignal,
) -> Result<Vec<f64>, FitError> {
    let rows = rows_to_look_at(x.n_rows());
    let outcomes = Outcomes::new(target, weights, &rows);
    let x = x.select_rows(&rows);
    let share = 1.0 / rows.len() as f64;
    let weights: Vec<f64> = outcomes.weights.iter().map(|weight| weight * share).collect();
    let ridge = Ridge::new(&x, &weights, share, stop)?;
    let mut squares = vec![0.0; x.n_cols()];
    for output in 0..outcomes.means.len() {
        let (coefficients, _) = ridge.solve(&outcomes.values(output))?;
        squares.iter_mut().zip(&coefficients).for_each(|(sum, value)| *sum += value * value);
    }
    Ok(relative(squares.into_iter().map(f64::sqrt).collect()))
}

/// At most [`MOST_ROWS`] rows, evenly spaced.
fn rows_to_look_at(n_rows: usize) -> Vec<usize> {
    let wanted = n_rows.min(MOST_ROWS);
    (0..wanted).map(|index| index * n_rows / wanted).collect()
}

/// Relative to the largest, and at least [`LEAST`]; all 1 if none is above 0.
fn relative(relevances: Vec<f64>) -> Vec<f64> {
    let largest = relevances.iter().copied().fold(0.0, f64::max);
    let factor = |value: f64| if largest > 0.0 { (value / largest).max(LEAST) } else { 1.0 };
    relevances.into_iter().map(factor).collect()
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

    /// One output of each row looked at: the value, or the indicator of a class.
    fn values(&self, output: usize) -> Vec<f64> {
        let value = |&row: &usize| match self.target {
            Target::Real(values) => values[row],
            Target::Classes { codes, .. } => f64::from(u8::from(codes[row] as usize == output)),
        };
        self.rows.iter().map(value).collect()
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
        of_columns(&x, target, None, &StopSignal::never()).unwrap()
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

    /// The second column is all noise but for what it shares with the first, which is all of the target.
    #[test]
    fn a_column_that_says_nothing_given_another_counts_little_in_ridge() {
        let x: Vec<f32> = (0..400).map(|row| row as f32 / 200.0 - 1.0).collect();
        let like: Vec<f32> = (0..400).map(|row| x[row] + ((row * 7919) % 401) as f32 / 400.0).collect();
        let codes = x.iter().map(|value| u32::from(*value > 0.0)).collect();
        let target = Target::Classes { codes, n_classes: 2 };
        assert!(of(&[x.clone(), like.clone()], &target)[1] > 0.5);
        let x = Matrix::from_columns(400, &[x, like]);
        let scales = of_ridge(&x, &target, None, &StopSignal::never()).unwrap();
        assert_eq!(scales[0], 1.0);
        assert!(scales[1] < 0.2, "{scales:?}");
    }
}
