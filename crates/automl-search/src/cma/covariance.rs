//! The shape of the distribution.

use crate::matrix::Cholesky;

/// Axes up to which covariances are learnt. It takes some hundred times the square of their number of trials to learn
/// them, and every generation costs the cube: with more axes, only the variance along each is learnt, which takes a
/// factor `(n + 2) / 3` fewer trials (separable CMA-ES; Ros & Hansen 2008).
pub(super) const MOST_CORRELATED: usize = 50;

/// A covariance matrix with its Cholesky factor `L`.
///
/// The tutorial whitens by the symmetric root `C^(-1/2)`; `L^(-1)` gives the same lengths in a frame that turns as
/// slowly as `C` changes, and works as well at a fraction of the time (Krause, Arbonès & Igel 2016).
#[derive(Debug, Clone)]
pub(super) enum Covariance {
    /// Row-major.
    Full { n: usize, values: Vec<f64>, factor: Cholesky },
    /// Nothing off the diagonal.
    Diagonal { variances: Vec<f64> },
}

impl Covariance {
    /// The identity.
    pub(super) fn new(n: usize) -> Self {
        let mut values = vec![0.0; n * n];
        values.iter_mut().step_by(n + 1).for_each(|value| *value = 1.0);
        match Cholesky::new(&values, n) {
            Some(factor) if n <= MOST_CORRELATED => Self::Full { n, values, factor },
            _ => Self::Diagonal { variances: vec![1.0; n] },
        }
    }

    pub(super) fn variance(&self, axis: usize) -> f64 {
        match self {
            Self::Full { n, values, .. } => values[axis * n + axis],
            Self::Diagonal { variances } => variances[axis],
        }
    }

    /// Draws of this covariance from standard normal ones.
    pub(super) fn colour(&self, normals: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { factor, .. } => factor.multiply_lower(normals),
            Self::Diagonal { variances } => {
                normals.iter().zip(variances).map(|(z, v)| z * v.sqrt()).collect()
            }
        }
    }

    /// The inverse of [`Covariance::colour`].
    pub(super) fn whiten(&self, step: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { factor, .. } => {
                let mut whitened = step.to_vec();
                factor.solve_lower(&mut whitened);
                whitened
            }
            Self::Diagonal { variances } => step.iter().zip(variances).map(|(y, v)| y / v.sqrt()).collect(),
        }
    }

    /// `keep` times itself and the sum of weighted outer products. False, and nothing changes, where rounding has made
    /// that no covariance any more.
    pub(super) fn update(&mut self, keep: f64, terms: &[(f64, &[f64])]) -> bool {
        match self {
            Self::Full { n, values, factor } => {
                let n = *n;
                let mut updated: Vec<f64> = values.iter().map(|value| keep * value).collect();
                for (weight, vector) in terms {
                    for (row, &at) in updated.chunks_exact_mut(n).zip(*vector) {
                        for (value, other) in row.iter_mut().zip(*vector) {
                            *value += weight * at * other;
                        }
                    }
                }
                let Some(updated_factor) = Cholesky::new(&updated, n) else { return false };
                (*values, *factor) = (updated, updated_factor);
            }
            Self::Diagonal { variances } => {
                let mut updated: Vec<f64> = variances.iter().map(|variance| keep * variance).collect();
                for (weight, vector) in terms {
                    for (variance, at) in updated.iter_mut().zip(*vector) {
                        *variance += weight * at * at;
                    }
                }
                if !updated.iter().all(|variance| *variance > 0.0 && variance.is_finite()) {
                    return false;
                }
                *variances = updated;
            }
        }
        true
    }

    /// Largest ratio of two elements of the factor's diagonal: a lower bound of the ratio of the distribution's axes.
    pub(super) fn ratio(&self) -> f64 {
        let extremes = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)))
        };
        let (least, most) = match self {
            Self::Full { factor, .. } => extremes(&mut factor.diagonal()),
            Self::Diagonal { variances } => extremes(&mut variances.iter().map(|variance| variance.sqrt())),
        };
        most / least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_whiten_what_they_colour() {
        for n in [3, MOST_CORRELATED + 1] {
            let mut covariance = Covariance::new(n);
            let vector: Vec<f64> = (0..n).map(|axis| 0.1 * axis as f64 - 0.4).collect();
            assert!(covariance.update(0.8, &[(0.5, &vector), (0.1, &vec![1.0; n])]));
            assert!((covariance.variance(2) - (0.8 + 0.5 * vector[2] * vector[2] + 0.1)).abs() < 1e-12);
            let there_and_back = covariance.whiten(&covariance.colour(&vector));
            assert!(there_and_back.iter().zip(&vector).all(|(got, expected)| (got - expected).abs() < 1e-12));
            assert!(covariance.ratio() > 1.0);
        }
    }

    #[test]
    fn only_few_axes_are_correlated() {
        assert!(matches!(Covariance::new(MOST_CORRELATED), Covariance::Full { .. }));
        assert!(matches!(Covariance::new(MOST_CORRELATED + 1), Covariance::Diagonal { .. }));
    }

    #[test]
    fn what_is_no_covariance_is_refused() {
        for n in [2, MOST_CORRELATED + 1] {
            let mut covariance = Covariance::new(n);
            assert!(!covariance.update(1.0, &[(-2.0, &vec![1.0; n])]));
            assert_eq!(covariance.variance(0), 1.0);
        }
    }
}
