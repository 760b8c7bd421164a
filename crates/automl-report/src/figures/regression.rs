//! Predicted against true values, and what is left over.

use super::{Figure, MOST_POINTS, Span, thin};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// What stands on the y axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Predicted,
    Residual,
}

/// Figure data of a scatter chart of predictions.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scatter {
    shown: Shown,
    target: String,
    /// (true, predicted) or (predicted, residual); finite, at most [`MOST_POINTS`].
    pub(crate) points: Vec<(f64, f64)>,
    n_rows: usize,
}

impl Scatter {
    /// Predicted against true values of `pairs` (true, predicted).
    pub(crate) fn predicted(pairs: &[(f64, f64)], target: &str) -> Option<Self> {
        Self::from(pairs.to_vec(), Shown::Predicted, target)
    }

    /// Residuals against predicted values of `pairs` (true, predicted).
    pub(crate) fn residuals(pairs: &[(f64, f64)], target: &str) -> Option<Self> {
        let points = pairs.iter().map(|(truth, predicted)| (*predicted, truth - predicted));
        Self::from(points.collect(), Shown::Residual, target)
    }

    fn from(mut points: Vec<(f64, f64)>, shown: Shown, target: &str) -> Option<Self> {
        points.retain(|(x, y)| x.is_finite() && y.is_finite());
        let n_rows = points.len();
        let points = thin(&points, MOST_POINTS / 2);
        (n_rows > 0).then(|| Self { shown, target: target.to_owned(), points, n_rows })
    }
}

impl Figure for Scatter {
    fn name(&self) -> &'static str {
        "scatter"
    }

    fn title(&self) -> String {
        match self.shown {
            Shown::Predicted => "Predicted against true".to_owned(),
            Shown::Residual => "Residuals against predicted".to_owned(),
        }
    }

    fn caption(&self) -> String {
        let what = match self.shown {
            Shown::Predicted => "On the line a prediction is perfect.",
            Shown::Residual => "A good model leaves no pattern around zero.",
        };
        let thinned = if self.points.len() < self.n_rows {
            let (shown, all) = (format::count(self.points.len()), format::count(self.n_rows));
            format!(" {shown} of {all} rows are drawn, evenly chosen.")
        } else {
            String::new()
        };
        format!("{what}{thinned}")
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        (width * 0.75).min(360.0)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let n_ticks = (canvas.width / 90.0) as usize;
        let (xs, ys): (Vec<f64>, Vec<f64>) = self.points.iter().copied().unzip();
        let (x, y, names) = match self.shown {
            Shown::Predicted => {
                let both = Scale::around(xs.iter().chain(&ys).copied(), 5);
                let x = Scale::between(both.low, both.high, n_ticks);
                (x, both, (format!("True {}", self.target), format!("Predicted {}", self.target)))
            }
            Shown::Residual => {
                let names = (format!("Predicted {}", self.target), "True − predicted".to_owned());
                (Scale::around(xs, n_ticks), Scale::around(ys.into_iter().chain([0.0]), 5), names)
            }
        };
        let reference = match self.shown {
            Shown::Predicted => "perfect",
            Shown::Residual => "zero",
        };
        let legend = [(Symbol::Dot, Paint::Blue, "row"), (Symbol::Dashes, Paint::Ink, reference)];
        let plot = Plot::new(canvas, (x, &names.0), (y, &names.1), &legend)?;
        let opacity = if self.points.len() > 400 { 0.35 } else { 0.6 };
        for &(x, y) in &thin(&self.points, (canvas.width * 1.2) as usize) {
            canvas.dot(plot.at(x, y), 2.6, Paint::Blue, opacity)?;
        }
        let (low, high) = match self.shown {
            Shown::Predicted => (plot.y.low, plot.y.high),
            Shown::Residual => (0.0, 0.0),
        };
        canvas.dashes(plot.at(plot.x.low, low), plot.at(plot.x.high, high), Paint::Ink, 1.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residuals_are_true_minus_predicted() {
        let pairs = [(3.0, 2.0), (1.0, 4.0), (f64::NAN, 1.0)];
        let residuals = Scatter::residuals(&pairs, "price").unwrap();
        assert_eq!(residuals.points, [(2.0, 1.0), (4.0, -3.0)]);
        let predicted = Scatter::predicted(&pairs, "price").unwrap();
        assert_eq!(predicted.points, [(3.0, 2.0), (1.0, 4.0)]);
        assert_eq!(Scatter::predicted(&[], "price"), None);
    }

    #[test]
    fn many_rows_are_thinned_and_the_caption_says_so() {
        let pairs: Vec<(f64, f64)> = (0..10_000).map(|row| (f64::from(row), 1.0)).collect();
        let scatter = Scatter::predicted(&pairs, "price").unwrap();
        assert_eq!(scatter.points.len(), 715);
        assert!(scatter.caption().contains("715 of 10,000 rows"), "{}", scatter.caption());
    }
}
