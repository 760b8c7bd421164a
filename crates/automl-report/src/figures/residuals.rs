//! Residuals against the most important columns, a small chart each.

use super::{Figure, Span, quantile, thin};
use crate::draw::{Canvas, Drawn, Paint};
use crate::plot::Plot;
use crate::scale::Scale;

/// Points drawn of one column.
const MOST_POINTS: usize = 300;
/// Narrowest small chart, in units, and the height of one.
const NARROWEST: f64 = 300.0;
const HEIGHT: f64 = 200.0;

/// Figure data of the residuals by column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Residuals {
    /// (column, (value, true − predicted)); finite.
    pub(crate) columns: Vec<(String, Vec<(f64, f64)>)>,
}

impl Residuals {
    /// `None` without a column.
    pub(crate) fn from(columns: &[(String, Vec<(f64, f64)>)]) -> Option<Self> {
        let finite = |(name, points): &(String, Vec<(f64, f64)>)| {
            let points: Vec<(f64, f64)> =
                points.iter().copied().filter(|point| point.0.is_finite() && point.1.is_finite()).collect();
            (!points.is_empty()).then(|| (name.clone(), points))
        };
        let columns: Vec<_> = columns.iter().filter_map(finite).collect();
        (!columns.is_empty()).then_some(Self { columns })
    }

    fn per_row(width: f64) -> usize {
        ((width / NARROWEST) as usize).clamp(1, 3)
    }
}

/// The middle 99 % of the values, so that a few far ones do not press the others together.
fn near(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    [0.005, 0.995].map(|share| quantile(&sorted, share).unwrap_or_default())
}

impl Figure for Residuals {
    fn name(&self) -> &'static str {
        "residuals"
    }

    fn title(&self) -> String {
        "Residuals by column".to_owned()
    }

    fn caption(&self) -> String {
        "True − predicted against the most important numeric columns. A good model leaves no pattern around zero. Rows far from \
         all others are drawn at the edge."
            .to_owned()
    }

    fn span(&self) -> Span {
        Span::Full
    }

    fn height(&self, width: f64) -> f64 {
        self.columns.len().div_ceil(Self::per_row(width)) as f64 * HEIGHT
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let per_row = Self::per_row(canvas.width);
        let width = canvas.width / per_row as f64;
        let all = self.columns.iter().flat_map(|(_, points)| points.iter().map(|point| point.1));
        let residuals = near(all);
        for (index, (name, points)) in self.columns.iter().enumerate() {
            let corner = ((index % per_row) as f64 * width, (index / per_row) as f64 * HEIGHT);
            let part = canvas.part(corner, (width - 10.0, HEIGHT - 8.0));
            let x = Scale::around(near(points.iter().map(|point| point.0)), 3);
            let y = Scale::around(residuals.into_iter().chain([0.0]), 4);
            let plot = Plot::new(&part, (x, name), (y, ""), &[])?;
            part.dashes(plot.at(plot.x.low, 0.0), plot.at(plot.x.high, 0.0), Paint::Ink, 1.0)?;
            for (x, y) in thin(points, MOST_POINTS) {
                part.dot(plot.at(x, y), 2.2, Paint::Blue, 0.45)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_finite_points_are_left_out() {
        let columns = [
            ("a".to_owned(), vec![(1.0, 2.0), (f64::NAN, 3.0)]),
            ("b".to_owned(), vec![(1.0, f64::INFINITY)]),
        ];
        let residuals = Residuals::from(&columns).unwrap();
        assert_eq!(residuals.columns, [("a".to_owned(), vec![(1.0, 2.0)])]);
        assert_eq!(Residuals::from(&columns[1..]), None);
    }
}
