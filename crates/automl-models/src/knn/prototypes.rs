//! The training rows that are kept, scaled for distances.

use automl_core::{FitError, Matrix, Purpose, Seed, StopSignal};

use super::check_stop;
use crate::draws::Draws;

/// Rows scaled between two looks at the stop signal.
const BLOCK_ROWS: usize = 1024;

/// Rows of shape `[n_rows, n_features]`, each column centred and multiplied by its factor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prototypes {
    pub(super) rows: Matrix<f32>,
    /// What was taken off each column.
    pub(super) means: Vec<f64>,
    /// What each column was then multiplied by.
    pub(super) scales: Vec<f64>,
}

impl Prototypes {
    /// The rows `kept` of `x`.
    ///
    /// # Errors
    /// [`FitError::Stopped`] when asked to stop.
    pub(super) fn new(
        x: &Matrix<f32>,
        kept: &[usize],
        scales: Vec<f64>,
        stop: &StopSignal,
    ) -> Result<Self, FitError> {
        let mut means = vec![0.0; x.n_cols()];
        for block in kept.chunks(BLOCK_ROWS) {
            check_stop(stop)?;
            for &row in block {
                means.iter_mut().zip(x.row(row)).for_each(|(sum, value)| *sum += f64::from(*value));
            }
        }
        for sum in &mut means {
            *sum /= kept.len() as f64;
        }
        let mut prototypes = Self { rows: Matrix::filled(0, x.n_cols(), 0.0), means, scales };
        let mut values = Vec::with_capacity(kept.len() * x.n_cols());
        for block in kept.chunks(BLOCK_ROWS) {
            check_stop(stop)?;
            for &row in block {
                prototypes.scale_into(x.row(row), &mut values);
            }
        }
        prototypes.rows = Matrix::new(kept.len(), x.n_cols(), values);
        Ok(prototypes)
    }

    /// Appends a row of a design, scaled as the prototypes are. A value outside `f32` becomes its largest.
    pub(super) fn scale_into(&self, row: &[f32], values: &mut Vec<f32>) {
        let columns = row.iter().zip(&self.means).zip(&self.scales);
        values.extend(columns.map(|((value, mean), scale)| {
            ((f64::from(*value) - mean) * scale).clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
        }));
    }
}

/// The rows to keep, ascending: all, or `max_rows` of them without replacement (Floyd's algorithm would need a set; this
/// is selection sampling, Knuth, *The Art of Computer Programming*, vol. 2, 3.4.2 S).
pub(super) fn sample(n_rows: usize, max_rows: usize, seed: Seed) -> Vec<usize> {
    let chosen = Draws::new(seed.purpose(Purpose::Sample)).sample(max_rows, n_rows);
    chosen.into_iter().map(|row| row as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_the_wanted_size_and_every_row_the_same_chance() {
        assert_eq!(sample(3, 3, Seed(1)), [0, 1, 2]);
        let mut counts = [0; 10];
        for seed in 0..2000 {
            let kept = sample(10, 4, Seed(seed));
            assert!(kept.len() == 4 && kept.is_sorted_by(|a, b| a < b), "{kept:?}");
            for row in kept {
                counts[row] += 1;
            }
        }
        // 800 are expected, with a standard deviation of 22.
        assert!(counts.iter().all(|count| (700..900).contains(count)), "{counts:?}");
    }

    /// A stored study names its seeds, so the sample is pinned.
    #[test]
    fn the_sample_of_a_seed_is_pinned() {
        assert_eq!(sample(20, 5, Seed(1)), [3, 4, 8, 15, 19]);
    }
}
