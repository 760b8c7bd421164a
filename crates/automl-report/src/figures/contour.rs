//! The score over the two most important parameters: a smoothed surface with the trials on it, or the trials by rank.

use automl_core::Metric;

use super::points::{Param, Points};
use super::{Figure, Span, thin};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Cells of the surface along each axis.
const CELLS: usize = 24;
/// Deviation of the kernel that smooths, as a share of an axis.
const BANDWIDTH: f64 = 0.09;
/// Below this sum of kernels a cell is too far from every trial to say anything of it.
const LEAST_WEIGHT: f64 = 0.02;
/// Shades that are told apart.
const LEVELS: usize = 8;
/// Trials drawn.
const MOST_POINTS: usize = 400;

/// What is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The smoothed score under the trials.
    Surface,
    /// The trials, shaded by their rank.
    Ranks,
}

/// Figure data of the score over two parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Contour {
    shown: Shown,
    metric: Metric,
    family: String,
    x: Param,
    y: Param,
    /// (place of x, place of y, share of trials that are no better: 1 for the best) of each trial.
    pub(crate) trials: Vec<(f64, f64, f64)>,
    /// By row from the bottom: the smoothed share of trials that are worse; `None` far from all trials.
    pub(crate) surface: Vec<Option<f64>>,
}

impl Contour {
    /// `None` where fewer than two parameters differ.
    pub(crate) fn from(points: &Points, metric: Metric, shown: Shown) -> Option<Self> {
        let [x, y, ..] = points.params.as_slice() else { return None };
        let both: Vec<(f64, f64, f64)> = points
            .trials
            .iter()
            .filter_map(|trial| Some((trial.at[0]?, trial.at[1]?, metric.direction().cost(trial.value))))
            .collect();
        let mut costs: Vec<f64> = both.iter().map(|(_, _, cost)| *cost).collect();
        costs.sort_by(f64::total_cmp);
        // Ranks and not scores: a few hopeless trials would leave one shade to all others.
        let merit = |cost: f64| {
            let n_better = costs.partition_point(|other| *other < cost);
            1.0 - n_better as f64 / (costs.len().max(2) - 1) as f64
        };
        let trials: Vec<(f64, f64, f64)> = both.iter().map(|&(x, y, cost)| (x, y, merit(cost))).collect();
        let surface = if shown == Shown::Surface { smoothed(&trials) } else { Vec::new() };
        (trials.len() > 2).then(|| Self {
            shown,
            metric,
            family: points.family.clone(),
            x: x.clone(),
            y: y.clone(),
            trials,
            surface,
        })
    }
}

/// Nadaraya and Watson's estimate (1964) with a normal kernel, at the middle of each cell.
fn smoothed(trials: &[(f64, f64, f64)]) -> Vec<Option<f64>> {
    let middle = |cell: usize| (cell as f64 + 0.5) / CELLS as f64;
    let at = |row: usize, column: usize| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for &(x, y, merit) in trials {
            let distance =
                ((x - middle(column)).powi(2) + (y - middle(row)).powi(2)) / (2.0 * BANDWIDTH * BANDWIDTH);
            let weight = (-distance).exp();
            sum += weight * merit;
            weights += weight;
        }
        (weights > LEAST_WEIGHT).then(|| sum / weights)
    };
    (0..CELLS * CELLS).map(|cell| at(cell / CELLS, cell % CELLS)).collect()
}

impl Figure for Contour {
    fn name(&self) -> &'static str {
        match self.shown {
            Shown::Surface => "contour",
            Shown::Ranks => "rank",
        }
    }

    fn title(&self) -> String {
        let what = match self.shown {
            Shown::Surface => "Contour",
            Shown::Ranks => "Rank",
        };
        format!("{what}: {} and {} of {}", self.x.label, self.y.label, self.family)
    }

    fn caption(&self) -> String {
        let what = match self.shown {
            Shown::Surface => {
                "The darker the ground, the better the trials near by; white ground is far from all of them"
            }
            Shown::Ranks => "Each point is a complete trial: the darker, the better its rank",
        };
        let n_trials = format::counted(self.trials.len(), "trial");
        format!("{what}, by {}. {n_trials}.", format::metric_label(self.metric))
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        (width * 0.75).min(360.0)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let x = Scale::labelled(self.x.ticks(4));
        let y = Scale::labelled(self.y.ticks(4));
        let legend = match self.shown {
            Shown::Surface => vec![(Symbol::Ring, Paint::Ink, "trial")],
            Shown::Ranks => vec![(Symbol::Dot, Paint::Blue, "trial")],
        };
        let plot = Plot::new(canvas, (x, &self.x.label), (y, &self.y.label), &legend)?;
        let edge = |cell: usize| cell as f64 / CELLS as f64;
        for (cell, merit) in self.surface.iter().enumerate() {
            let Some(merit) = merit else { continue };
            let (row, column) = (cell / CELLS, cell % CELLS);
            let level = (merit * LEVELS as f64).floor().min(LEVELS as f64 - 1.0) / (LEVELS as f64 - 1.0);
            let (from, to) = (plot.at(edge(column), edge(row)), plot.at(edge(column + 1), edge(row + 1)));
            canvas.bar(from, to, Paint::Blue, 0.04 + 0.66 * level)?;
        }
        for (x, y, merit) in thin(&self.trials, MOST_POINTS) {
            match self.shown {
                Shown::Surface => canvas.ring(plot.at(x, y), 2.6, Paint::Ink, 0.8)?,
                Shown::Ranks => canvas.dot(plot.at(x, y), 3.6, Paint::Blue, 0.12 + 0.85 * merit * merit)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Axis, Domain};

    use super::super::points::Point;
    use super::*;

    fn points() -> Points {
        let param =
            |label: &str| Param { label: label.to_owned(), axis: Axis::new(&Domain::float(0.0, 1.0)) };
        let point =
            |number: u32, x: f64, y: f64, value: f64| Point { number, value, at: vec![Some(x), Some(y)] };
        Points {
            family: "mlp".to_owned(),
            params: vec![param("a"), param("b")],
            trials: vec![point(0, 0.02, 0.02, 0.1), point(1, 0.02, 0.98, 0.2), point(2, 0.98, 0.02, 0.9)],
        }
    }

    #[test]
    fn the_ground_is_good_near_good_trials_and_unknown_far_from_all() {
        let contour = Contour::from(&points(), Metric::LogLoss, Shown::Surface).unwrap();
        assert_eq!(contour.trials.iter().map(|trial| trial.2).collect::<Vec<_>>(), [1.0, 0.5, 0.0]);
        let at = |row: usize, column: usize| contour.surface[row * CELLS + column];
        assert!(at(0, 0).unwrap() > 0.99 && at(0, CELLS - 1).unwrap() < 0.01);
        assert_eq!(at(CELLS / 2, CELLS / 2), None);
    }

    #[test]
    fn where_more_is_better_the_best_trial_has_rank_one() {
        let ranks = Contour::from(&points(), Metric::RocAuc, Shown::Ranks).unwrap();
        assert_eq!(ranks.trials[2].2, 1.0);
        assert!(ranks.surface.is_empty());
    }

    #[test]
    fn one_parameter_or_two_trials_are_no_surface() {
        let mut few = points();
        few.trials.truncate(2);
        assert_eq!(Contour::from(&few, Metric::LogLoss, Shown::Surface), None);
        let mut narrow = points();
        narrow.params.truncate(1);
        assert_eq!(Contour::from(&narrow, Metric::LogLoss, Shown::Surface), None);
    }
}
