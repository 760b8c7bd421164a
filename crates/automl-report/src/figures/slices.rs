//! The score against each parameter, a small chart each.

use automl_core::Metric;

use super::points::{Param, Points};
use super::{Figure, Span, beyond_note, range_with, thin, with_direction};
use crate::draw::{Canvas, Drawn, Paint};
use crate::plot::Plot;
use crate::scale::Scale;

/// Parameters drawn.
const MOST_PARAMS: usize = 8;
/// Trials drawn of each.
const MOST_POINTS: usize = 300;
/// Narrowest small chart, in units.
const NARROWEST: f64 = 230.0;
/// Height of a small chart.
const HEIGHT: f64 = 190.0;

/// Figure data of the slices.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SlicePlot {
    metric: Metric,
    family: String,
    /// (parameter, (place of the parameter, value) of each trial).
    pub(crate) slices: Vec<(Param, Vec<(f64, f64)>)>,
}

impl SlicePlot {
    pub(crate) fn from(points: &Points, metric: Metric) -> Self {
        let slice = |(index, param): (usize, &Param)| {
            let at = points.trials.iter().filter_map(|trial| Some((trial.at[index]?, trial.value)));
            (param.clone(), at.collect())
        };
        let slices = points.params.iter().take(MOST_PARAMS).enumerate().map(slice).collect();
        Self { metric, family: points.family.clone(), slices }
    }

    fn range(&self) -> (Vec<f64>, usize) {
        let values: Vec<f64> =
            self.slices.iter().flat_map(|(_, points)| points.iter().map(|point| point.1)).collect();
        range_with(&values, [], self.metric.direction())
    }

    fn columns(width: f64) -> usize {
        ((width / NARROWEST) as usize).clamp(1, 4)
    }
}

impl Figure for SlicePlot {
    fn name(&self) -> &'static str {
        "slices"
    }

    fn title(&self) -> String {
        format!("Score by parameter: {}", self.family)
    }

    fn caption(&self) -> String {
        format!(
            "Each point is a complete trial; up is {}. The most important parameters come first.{}",
            with_direction(self.metric),
            beyond_note(self.range().1, "point")
        )
    }

    fn span(&self) -> Span {
        Span::Full
    }

    fn height(&self, width: f64) -> f64 {
        self.slices.len().div_ceil(Self::columns(width)) as f64 * HEIGHT
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let n_columns = Self::columns(canvas.width);
        let width = canvas.width / n_columns as f64;
        for (index, (param, points)) in self.slices.iter().enumerate() {
            let corner = ((index % n_columns) as f64 * width, (index / n_columns) as f64 * HEIGHT);
            let part = canvas.part(corner, (width - 8.0, HEIGHT - 6.0));
            let n_ticks = if param.is_choice() { 0 } else { 3 };
            let x = Scale::labelled(param.ticks(n_ticks));
            let y = Scale::around(self.range().0, 3);
            let plot = Plot::new(&part, (x, &param.label), (y, ""), &[])?;
            for &(x, y) in &thin(points, MOST_POINTS) {
                part.dot(plot.at(x, y), 2.6, Paint::Blue, 0.55)?;
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

    #[test]
    fn a_slice_holds_the_trials_that_have_the_parameter() {
        let param =
            |label: &str| Param { label: label.to_owned(), axis: Axis::new(&Domain::float(0.0, 1.0)) };
        let point =
            |number: u32, a: Option<f64>, b: f64, value: f64| Point { number, value, at: vec![a, Some(b)] };
        let points = Points {
            family: "mlp".to_owned(),
            params: vec![param("a"), param("b")],
            trials: vec![point(0, Some(0.1), 0.2, 5.0), point(1, None, 0.7, 3.0)],
        };
        let slices = SlicePlot::from(&points, Metric::LogLoss);
        assert_eq!(slices.slices[0].1, [(0.1, 5.0)]);
        assert_eq!(slices.slices[1].1, [(0.2, 5.0), (0.7, 3.0)]);
    }
}
