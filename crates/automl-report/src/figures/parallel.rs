//! Parallel coordinates: every trial a line through its parameters to its score.

use automl_core::Metric;

use super::points::{Param, Points};
use super::{Figure, Span, range_with, with_direction};
use crate::draw::{Anchor, CHARACTER_WIDTH, Canvas, Drawn, Paint};
use crate::format;
use crate::scale::Scale;

/// Parameters drawn.
const MOST_PARAMS: usize = 8;
/// Lines drawn.
const MOST_LINES: usize = 300;
/// Room above the axes for names, and below.
const TOP: f64 = 40.0;
const BOTTOM: f64 = 22.0;

/// One trial's line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// Places of the parameters, from 0 to 1; `None` where the trial has none.
    pub(crate) at: Vec<Option<f64>>,
    /// The score.
    pub(crate) value: f64,
    /// Whether it is among the best tenth.
    pub(crate) is_top: bool,
}

/// Figure data of the parallel coordinates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parallel {
    metric: Metric,
    family: String,
    params: Vec<Param>,
    /// The best ones last, on top of the others.
    pub(crate) lines: Vec<Line>,
    n_trials: usize,
}

impl Parallel {
    /// `None` with fewer than two parameters.
    pub(crate) fn from(points: &Points, metric: Metric) -> Option<Self> {
        let params: Vec<Param> = points.params.iter().take(MOST_PARAMS).cloned().collect();
        let mut order: Vec<usize> = (0..points.trials.len()).collect();
        let cost = |place: usize| metric.direction().cost(points.trials[place].value);
        order.sort_by(|&a, &b| cost(a).total_cmp(&cost(b)));
        let n_top = points.trials.len().div_ceil(10);
        let mut lines: Vec<Line> = order
            .into_iter()
            .take(MOST_LINES)
            .enumerate()
            .map(|(rank, place)| Line {
                at: points.trials[place].at[..params.len()].to_vec(),
                value: points.trials[place].value,
                is_top: rank < n_top,
            })
            .collect();
        lines.reverse();
        let (family, n_trials) = (points.family.clone(), points.trials.len());
        (params.len() > 1).then_some(Self { metric, family, params, lines, n_trials })
    }
}

impl Figure for Parallel {
    fn name(&self) -> &'static str {
        "parallel"
    }

    fn title(&self) -> String {
        format!("Parallel coordinates: {}", self.family)
    }

    fn caption(&self) -> String {
        let cut = if self.lines.len() < self.n_trials {
            format!(
                " The best {} of {} are drawn.",
                format::count(self.lines.len()),
                format::count(self.n_trials)
            )
        } else {
            String::new()
        };
        format!(
            "Each line is a complete trial, from its parameters to {} on the last axis; the best tenth is green.{cut}",
            with_direction(self.metric)
        )
    }

    fn span(&self) -> Span {
        Span::Full
    }

    fn height(&self, width: f64) -> f64 {
        if width < 500.0 { 320.0 } else { 360.0 }
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        // On a phone there is room for a few axes only.
        let n_params = self.params.len().min((canvas.width / 80.0) as usize).max(2);
        let values: Vec<f64> = self.lines.iter().map(|line| line.value).collect();
        let score = Scale::around(range_with(&values, [], self.metric.direction()).0, 4);
        let step = (canvas.width - 110.0) / n_params as f64;
        let (top, bottom) = (TOP, canvas.height - BOTTOM);
        let x = |axis: usize| 44.0 + axis as f64 * step;
        let y = |place: f64| bottom - place * (bottom - top);
        for line in &self.lines {
            let (paint, width, opacity) =
                if line.is_top { (Paint::Green, 1.8, 0.9) } else { (Paint::Muted, 1.0, 0.28) };
            let known = line.at[..n_params].iter().enumerate();
            let mut path: Vec<(f64, f64)> =
                known.filter_map(|(axis, at)| Some((x(axis), y((*at)?)))).collect();
            path.push((x(n_params), y(score.share(line.value))));
            canvas.path(&path, paint, width, opacity)?;
        }
        let room = (step / CHARACTER_WIDTH) as usize;
        for (axis, param) in self.params[..n_params].iter().enumerate() {
            canvas.path(&[(x(axis), top), (x(axis), bottom)], Paint::Ink, 1.2, 1.0)?;
            let level = if axis % 2 == 0 { 10.0 } else { 26.0 };
            canvas.text(
                &format::clip(&param.label, 2 * room - 1),
                (x(axis), level),
                Anchor::Middle,
                Paint::Ink,
            )?;
            for (place, label) in param.ticks(3) {
                canvas.text(
                    &format::clip(&label, 9),
                    (x(axis) - 5.0, y(place)),
                    Anchor::End,
                    Paint::Muted,
                )?;
            }
        }
        let last = x(n_params);
        canvas.path(&[(last, top), (last, bottom)], Paint::Ink, 1.2, 1.0)?;
        canvas.text(&format::metric_label(self.metric), (last, 10.0), Anchor::Middle, Paint::Ink)?;
        for (value, label) in &score.ticks {
            canvas.text(label, (last + 5.0, y(score.share(*value))), Anchor::Start, Paint::Muted)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use automl_core::{Axis, Domain};

    use super::super::points::Point;
    use super::*;

    #[test]
    fn the_best_tenth_is_drawn_last() {
        let param =
            |label: &str| Param { label: label.to_owned(), axis: Axis::new(&Domain::float(0.0, 1.0)) };
        let trials = (0..20)
            .map(|number| Point { number, value: f64::from(number % 7), at: vec![Some(0.5), None] })
            .collect();
        let points = Points { family: "mlp".to_owned(), params: vec![param("a"), param("b")], trials };
        let parallel = Parallel::from(&points, Metric::LogLoss).unwrap();
        let top: Vec<f64> = parallel.lines.iter().filter(|line| line.is_top).map(|line| line.value).collect();
        assert_eq!(top, [0.0, 0.0]);
        assert!(parallel.lines[19].is_top && !parallel.lines[0].is_top);
        let single = Points { params: vec![param("a")], ..points };
        assert_eq!(Parallel::from(&single, Metric::LogLoss), None);
    }
}
