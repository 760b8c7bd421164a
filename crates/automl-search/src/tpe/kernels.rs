//! The kernels of all observations along one axis.

use automl_core::axis::{Axis, Kind};

use crate::normal::{LN_SQRT_2_PI, log_interval_mass, truncated_quantile};

/// No kernel is narrower than the domain divided by this.
const MAX_BANDWIDTH_DIVISOR: f64 = 100.0;

/// Exponent of [`narrowest`] that makes it Optuna's "magic clip".
pub(super) const OPTUNA_EXPONENT: f64 = 1.0;

/// Exponent of [`narrowest`] for `n_axes` axes with one density.
///
/// Optuna clips at `n + 2` whatever the number of axes. In few dimensions that is far wider than where the good
/// trials lie, and nothing is refined; in many it is narrower than their distances, and what is drawn are copies of
/// them. As in Scott's rule, the width should grow with the dimension. The numbers were chosen on functions of 1 to
/// 14 dimensions (`experiments/bench/tpe_bandwidth.md`).
pub(super) fn bandwidth_exponent(n_axes: usize) -> f64 {
    (0.3 + 5.0 / n_axes.max(1) as f64).max(0.8)
}

/// The least width of `n` kernels: `1 / min(100, (n + 2)^exponent)`.
fn narrowest(n: usize, exponent: f64) -> f64 {
    1.0 / MAX_BANDWIDTH_DIVISOR.min(((n + 2) as f64).powf(exponent))
}

/// One kernel per observation and, last, the prior.
#[derive(Debug)]
pub(super) enum Kernels {
    /// Normals truncated to the unit interval.
    Continuous { normals: Normals },
    /// Masses of truncated normals on cells. Kernels that are equal share one entry of `distinct`.
    Cells { distinct: Normals, which: Vec<u32> },
    /// A distribution over choices that favours the observed one.
    Choices { observed: Vec<u32>, n_choices: usize, log_hit: f64, log_miss: f64 },
}

/// Normals by centre and inverse width.
#[derive(Debug, Default)]
pub(super) struct Normals {
    centres: Vec<f64>,
    inverse_widths: Vec<f64>,
}

impl Kernels {
    /// Adds the normalisation of each kernel to `log_constants` (length: observations and one). `exponent` is that of
    /// [`narrowest`], for a continuous axis.
    pub(super) fn new(
        axis: &Axis,
        column: &[f64],
        prior_weight: f64,
        exponent: f64,
        log_constants: &mut [f64],
    ) -> Self {
        let Kind::Choices(n_choices) = axis.kind() else {
            return if let Kind::Cells { .. } = axis.kind() {
                let (order, widths) = bandwidths(column, OPTUNA_EXPONENT);
                cells(column, &order, &widths, log_constants)
            } else {
                continuous(column, &bandwidths(column, exponent).1, log_constants)
            };
        };
        let smoothing = if column.is_empty() { 1.0 } else { prior_weight / (column.len() + 1) as f64 };
        let total = 1.0 + n_choices as f64 * smoothing;
        // The prior's index matches no choice. Its constant makes the miss the flat probability.
        let observed = column.iter().map(|&choice| choice as u32).chain([u32::MAX]).collect();
        let log_hit = ((1.0 + smoothing) / total).ln();
        let log_miss = (smoothing / total).ln();
        if let Some(prior) = log_constants.last_mut() {
            *prior += -(n_choices as f64).ln() - log_miss;
        }
        Kernels::Choices { observed, n_choices, log_hit, log_miss }
    }

    /// The coordinate at `share` of kernel `kernel`'s distribution.
    pub(super) fn sample(&self, kernel: usize, share: f64) -> f64 {
        match self {
            Kernels::Continuous { normals } => normals.quantile(kernel, share),
            Kernels::Cells { distinct, which } => distinct.quantile(which[kernel] as usize, share),
            Kernels::Choices { observed, n_choices, log_hit, log_miss } => {
                let observed = observed[kernel];
                let (hit, miss) = if observed == u32::MAX {
                    let flat = 1.0 / *n_choices as f64;
                    (flat, flat)
                } else {
                    (log_hit.exp(), log_miss.exp())
                };
                let mut left = share;
                for choice in 0..*n_choices {
                    left -= if choice as u32 == observed { hit } else { miss };
                    if left < 0.0 {
                        return choice as f64;
                    }
                }
                (*n_choices - 1) as f64
            }
        }
    }

    /// Adds the kernels' log density at `coordinate` to `terms`. Cells are left to [`Kernels::cell_masses`].
    pub(super) fn add_log_density(&self, coordinate: f64, terms: &mut [f64]) {
        match self {
            Kernels::Continuous { normals } => {
                let kernels = normals.centres.iter().zip(&normals.inverse_widths);
                for (term, (centre, inverse_width)) in terms.iter_mut().zip(kernels) {
                    let z = (coordinate - centre) * inverse_width;
                    *term -= 0.5 * z * z;
                }
            }
            Kernels::Choices { observed, log_hit, log_miss, .. } => {
                let choice = coordinate as u32;
                for (term, observed) in terms.iter_mut().zip(observed) {
                    *term += if *observed == choice { *log_hit } else { *log_miss };
                }
            }
            Kernels::Cells { .. } => {}
        }
    }

    /// The masses of one cell under all kernels, computed when first asked for; `None` off the grid.
    pub(super) fn cell_masses(&self, (left, right): (f64, f64)) -> Option<CellMasses<'_>> {
        match self {
            Kernels::Cells { distinct, which } => Some(CellMasses {
                distinct,
                which,
                left,
                right,
                known: vec![f64::NAN; distinct.centres.len()],
            }),
            Kernels::Continuous { .. } | Kernels::Choices { .. } => None,
        }
    }
}

/// Logarithms of the masses of one cell, by kernel.
#[derive(Debug)]
pub(super) struct CellMasses<'a> {
    distinct: &'a Normals,
    which: &'a [u32],
    left: f64,
    right: f64,
    /// Per distinct kernel; NaN until asked for.
    known: Vec<f64>,
}

impl CellMasses<'_> {
    pub(super) fn get(&mut self, kernel: usize) -> f64 {
        let index = self.which[kernel] as usize;
        if self.known[index].is_nan() {
            let (centre, inverse_width) = (self.distinct.centres[index], self.distinct.inverse_widths[index]);
            let (left, right) = ((self.left - centre) * inverse_width, (self.right - centre) * inverse_width);
            self.known[index] = log_interval_mass(left, right);
        }
        self.known[index]
    }
}

impl Normals {
    fn push(&mut self, centre: f64, width: f64) {
        self.centres.push(centre);
        self.inverse_widths.push(1.0 / width);
    }

    fn bounds(&self, index: usize) -> (f64, f64) {
        let inverse_width = self.inverse_widths[index];
        (-self.centres[index] * inverse_width, (1.0 - self.centres[index]) * inverse_width)
    }

    fn quantile(&self, index: usize, share: f64) -> f64 {
        let (left, right) = self.bounds(index);
        let unit = self.centres[index] + truncated_quantile(share, left, right) / self.inverse_widths[index];
        unit.clamp(0.0, 1.0)
    }

    /// Logarithm of the mass inside the unit interval.
    fn log_inside(&self, index: usize) -> f64 {
        let (left, right) = self.bounds(index);
        log_interval_mass(left, right)
    }
}

fn continuous(column: &[f64], widths: &[f64], log_constants: &mut [f64]) -> Kernels {
    let mut normals = Normals::default();
    let kernels = column.iter().copied().zip(widths.iter().copied()).chain([PRIOR]);
    for (index, (centre, width)) in kernels.enumerate() {
        normals.push(centre, width);
        log_constants[index] -= width.ln() + LN_SQRT_2_PI + normals.log_inside(index);
    }
    Kernels::Continuous { normals }
}

fn cells(column: &[f64], order: &[usize], widths: &[f64], log_constants: &mut [f64]) -> Kernels {
    let mut distinct = Normals::default();
    let mut which = vec![0; column.len() + 1];
    let mut previous = (f64::NAN, f64::NAN);
    let mut log_inside = 0.0;
    let kernels = order.iter().map(|&index| (index, (column[index], widths[index])));
    for (index, kernel) in kernels.chain([(column.len(), PRIOR)]) {
        if kernel != previous {
            distinct.push(kernel.0, kernel.1);
            log_inside = distinct.log_inside(distinct.centres.len() - 1);
            previous = kernel;
        }
        which[index] = (distinct.centres.len() - 1) as u32;
        log_constants[index] -= log_inside;
    }
    Kernels::Cells { distinct, which }
}

/// Centre and width of the prior: the middle of the domain, as wide as the domain.
const PRIOR: (f64, f64) = (0.5, 1.0);

/// Order of the observations along the axis, and the width of each one's kernel: the larger gap to its
/// neighbours, the outermost ones looking inwards only, clipped to [`narrowest`] and 1.
fn bandwidths(column: &[f64], exponent: f64) -> (Vec<usize>, Vec<f64>) {
    let n = column.len();
    // Coordinates are not negative, so their bits sort as they do, and sorting keys is much faster than
    // comparing through indices.
    let mut sorted: Vec<(u64, u32)> = column.iter().map(|at| at.to_bits()).zip(0..).collect();
    sorted.sort_unstable();
    let at = |position: usize| sorted.get(position).map(|(bits, _)| f64::from_bits(*bits));
    let narrowest = narrowest(n, exponent);
    let mut widths = vec![0.0; n];
    for (position, &(bits, index)) in sorted.iter().enumerate() {
        let here = f64::from_bits(bits);
        let to_left = position.checked_sub(1).and_then(at).map(|left| here - left);
        let to_right = at(position + 1).map(|right| right - here);
        let width = match (to_left, to_right) {
            (Some(left), Some(right)) => left.max(right),
            (Some(gap), None) | (None, Some(gap)) => gap,
            // A single observation has only the end points of the domain for neighbours.
            (None, None) => here.max(1.0 - here),
        };
        widths[index as usize] = width.clamp(narrowest, 1.0);
    }
    (sorted.into_iter().map(|(_, index)| index as usize).collect(), widths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_may_be_narrower_in_few_dimensions_and_are_wider_in_many() {
        let narrowest = |n_axes| narrowest(18, bandwidth_exponent(n_axes));
        assert_eq!([1, 2].map(narrowest), [0.01, 0.01]);
        assert!(narrowest(5) < super::narrowest(18, OPTUNA_EXPONENT));
        assert_eq!(super::narrowest(18, OPTUNA_EXPONENT), 0.05);
        assert!((narrowest(10) - 20_f64.powf(-0.8)).abs() < 1e-12);
        assert_eq!(narrowest(10), narrowest(1000));
    }

    #[test]
    fn the_width_of_a_kernel_is_the_larger_gap_within_the_limits() {
        let (order, widths) = bandwidths(&[0.5, 0.1, 0.52, 0.521], OPTUNA_EXPONENT);
        assert_eq!(order, [1, 0, 2, 3]);
        let expected = [0.4, 0.4, 1.0 / 6.0, 1.0 / 6.0];
        assert!(
            widths.iter().zip(expected).all(|(width, expected)| (width - expected).abs() < 1e-12),
            "{widths:?}"
        );
        let (_, widths) = bandwidths(&[0.5, 0.1, 0.52, 0.521], 5.3);
        assert!((widths[2] - 0.02).abs() < 1e-12 && (widths[3] - 0.01).abs() < 1e-12, "{widths:?}");
    }
}
