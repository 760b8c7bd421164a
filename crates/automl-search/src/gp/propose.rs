//! Where the expected improvement is largest: many candidates, the best of them refined.

use automl_core::axis::Kind;
use automl_core::{Axis, History};

use super::acquisition::log_improvement;
use super::features::{Features, Geometry};
use super::lbfgs::{self, Limits};
use super::process::Process;
use crate::generator::Generator;
use crate::random::draw;

/// Candidates spread over the space.
const N_SPREAD: usize = 512;
/// Candidates near each of the best trials.
const N_NEAR: usize = 32;
/// Candidates that are refined: of those spread over the space and of those near the best trials. Each kind for
/// itself, for near a good trial there are always many of a small, sure improvement, and far ones have theirs only
/// after refinement.
const N_REFINED: [usize; 2] = [5, 3];
const REFINE: Limits = Limits { n_steps: 20, gradient: 1e-3 };
/// Axes with more values than this are searched next to the present one alone.
const MOST_VALUES: usize = 16;
/// Rounds of refinement, each along the continuous axes together and then along every other one.
const N_ROUNDS: usize = 2;

/// What is known when a place is sought.
pub(super) struct Search<'a> {
    pub(super) history: &'a History,
    pub(super) features: &'a Features,
    pub(super) process: &'a Process,
    /// The least mean at an observed point: what is to be undercut.
    pub(super) best: f64,
}

impl Search<'_> {
    /// The row of largest expected improvement. `incumbents` are rows of the best trials, best first.
    pub(super) fn run(&self, incumbents: &[Vec<f64>], generator: &mut Generator) -> Vec<f64> {
        let spread = self.spread(generator);
        let mut near: Vec<Vec<f64>> = incumbents.to_vec();
        for incumbent in incumbents {
            near.extend((0..N_NEAR).map(|_| self.near(incumbent, generator)));
        }
        // Another look at what was tried is worth little.
        let is_new = |row: &[f64]| !self.history.contains(row);
        let refined = pulp::Arch::new().dispatch(|| {
            let starts = [spread, near].into_iter().zip(N_REFINED).flat_map(|(rows, n)| {
                let unseen = rows.into_iter().filter(|row| is_new(row));
                self.best(unseen.collect(), n)
            });
            let ends = starts.flat_map(|(score, row)| [self.refine(score, row.clone()), (score, row)]);
            ends.filter(|(_, row)| is_new(row)).collect::<Vec<_>>()
        });
        let best = refined.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best });
        // All candidates are known only in a space that is all but used up.
        best.map_or_else(|| self.active(self.random(generator)), |(_, row)| row)
    }

    fn random(&self, generator: &mut Generator) -> Vec<f64> {
        self.history.axes().iter().map(|axis| draw(axis, generator)).collect()
    }

    /// The `n` rows of the largest expected improvement.
    #[inline(always)]
    fn best(&self, rows: Vec<Vec<f64>>, n: usize) -> Vec<(f64, Vec<f64>)> {
        let mut scored: Vec<(f64, Vec<f64>)> = rows.into_iter().map(|row| (self.score(&row), row)).collect();
        // Stable, so that equal scores keep their order.
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        scored.truncate(n);
        scored
    }

    #[inline(always)]
    fn score(&self, row: &[f64]) -> f64 {
        let (mean, deviation) = self.process.predict(&self.features.point(row));
        log_improvement(self.best, mean, deviation).0
    }

    /// Rows that fill the space evenly: a scrambled Sobol sequence, scrambled anew for every proposal.
    fn spread(&self, generator: &mut Generator) -> Vec<Vec<f64>> {
        let scramble = (generator.unit() * f64::from(u32::MAX)) as u32;
        (0..N_SPREAD)
            .map(|index| {
                let axes = self.history.axes().iter().enumerate();
                let row: Vec<f64> = axes
                    .map(|(dimension, axis)| {
                        crate::sobol::coordinate(axis, index as u32, dimension, scramble)
                    })
                    .collect();
                self.active(row)
            })
            .collect()
    }

    /// A row in the neighbourhood of another: some coordinates moved, a few drawn anew.
    fn near(&self, row: &[f64], generator: &mut Generator) -> Vec<f64> {
        let n_active = row.iter().filter(|at| !at.is_nan()).count().max(1) as f64;
        let moved = self.history.axes().iter().zip(row).map(|(axis, &at)| {
            if at.is_nan() || generator.unit() < 0.3 / n_active {
                return draw(axis, generator);
            }
            match axis.kind() {
                Kind::Continuous(_) | Kind::Cells { .. } => {
                    // A sum of three uniform numbers is normal enough; narrow and wide steps both occur.
                    let width = 0.3 * generator.unit().powi(3);
                    let step = generator.unit() + generator.unit() + generator.unit() - 1.5;
                    axis.snap((at + width * step).clamp(0.0, 1.0))
                }
                Kind::Choices(_) if generator.unit() < 1.0 / n_active => draw(axis, generator),
                _ => at,
            }
        });
        let moved = moved.collect();
        self.active(moved)
    }

    /// The row with NaN where a parameter's condition does not hold.
    fn active(&self, row: Vec<f64>) -> Vec<f64> {
        if self.history.space().specs().iter().all(|spec| spec.when.is_none()) {
            return row;
        }
        let row: Vec<f64> = row.into_iter().map(|at| if at.is_nan() { 0.5 } else { at }).collect();
        self.history.row(&self.history.params(&row))
    }

    #[inline(always)]
    fn refine(&self, score: f64, row: Vec<f64>) -> (f64, Vec<f64>) {
        let mut best = (score, row);
        for _ in 0..N_ROUNDS {
            let before = best.0;
            best = self.slide(best);
            best = self.step(best);
            if best.0 <= before {
                break;
            }
        }
        best
    }

    /// Along all numbers at once, by gradient; stepped ones are rounded at the end.
    #[inline(always)]
    fn slide(&self, (score, row): (f64, Vec<f64>)) -> (f64, Vec<f64>) {
        let start = self.features.point(&row);
        let is_free = |feature: usize| {
            self.features.geometries[feature] != Geometry::Labels && !start[feature].is_nan()
        };
        let free: Vec<usize> = (0..self.features.len()).filter(|&feature| is_free(feature)).collect();
        if free.is_empty() {
            return (score, row);
        }
        let from: Vec<f64> = free.iter().map(|&feature| start[feature]).collect();
        let (low, high) = (vec![0.0; free.len()], vec![1.0; free.len()]);
        let (at, _) = lbfgs::minimise(&from, (&low, &high), REFINE, |at| {
            let mut point = start.clone();
            for (&feature, &at) in free.iter().zip(at) {
                point[feature] = at;
            }
            let (mean, deviation, mean_slopes, deviation_slopes) = self.process.predict_with_slopes(&point);
            let (value, by_mean, by_deviation) = log_improvement(self.best, mean, deviation);
            let slope = |&feature: &usize| {
                -(by_mean * mean_slopes[feature] + by_deviation * deviation_slopes[feature])
            };
            (-value, free.iter().map(slope).collect())
        });
        let mut moved = row.clone();
        for (&feature, &at) in free.iter().zip(&at) {
            let param = self.features.params[feature];
            moved[param] = self.history.axes()[param].snap(at);
        }
        let moved_score = self.score(&moved);
        if moved_score > score { (moved_score, moved) } else { (score, row) }
    }

    /// Along choices and steps, one after another.
    #[inline(always)]
    fn step(&self, mut best: (f64, Vec<f64>)) -> (f64, Vec<f64>) {
        for &param in &self.features.params {
            if best.1[param].is_nan() {
                continue;
            }
            for at in neighbours(&self.history.axes()[param], best.1[param]) {
                let mut row = best.1.clone();
                row[param] = at;
                let row = self.active(row);
                let score = self.score(&row);
                if score > best.0 {
                    best = (score, row);
                }
            }
        }
        best
    }
}

/// Other coordinates of a grid or list: all of them if they are few, else the two beside `at`.
fn neighbours(axis: &Axis, at: f64) -> Vec<f64> {
    if matches!(axis.kind(), Kind::Continuous(_) | Kind::Point) {
        return Vec::new();
    }
    if let Some(all) = axis.all(MOST_VALUES) {
        return all.into_iter().filter(|other| other.to_bits() != at.to_bits()).collect();
    }
    let (left, right) = axis.cell(at);
    let width = right - left;
    let beside = [at - width, at + width].into_iter().filter(|other| (0.0..=1.0).contains(other));
    beside.map(|other| axis.snap(other)).collect()
}
