//! Horizontal bars: shares, weights, importances.

use super::{Figure, Span};
use crate::draw::{Anchor, Canvas, Drawn, Paint};
use crate::format;
use crate::plot::Plot;
use crate::scale::Scale;

/// Bars that are drawn.
const MOST: usize = 20;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    pub(crate) label: String,
    /// From 0 where it is a share; of either sign where it is a difference.
    pub(crate) value: f64,
    /// Half the length of the line through its end.
    pub(crate) spread: Option<f64>,
    /// Whether it is painted apart from the others.
    pub(crate) is_marked: bool,
}

impl Bar {
    pub(crate) fn new(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value, spread: None, is_marked: false }
    }
}

/// How values are written beside their bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `12.3 %`
    Percent,
    /// `0.0123`
    Number,
}

/// Figure data of a bar chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BarChart {
    name: &'static str,
    title: String,
    caption: String,
    axis: String,
    unit: Unit,
    /// As they stand, from the top.
    pub(crate) bars: Vec<Bar>,
    /// Bars that are left out.
    pub(crate) n_more: usize,
}

impl BarChart {
    /// The first bars, whose values are finite; `None` without any.
    pub(crate) fn from(
        name: &'static str,
        title: impl Into<String>,
        caption: impl Into<String>,
        axis: impl Into<String>,
        unit: Unit,
        bars: Vec<Bar>,
    ) -> Option<Self> {
        let mut bars: Vec<Bar> = bars.into_iter().filter(|bar| bar.value.is_finite()).collect();
        let n_more = bars.len().saturating_sub(MOST);
        bars.truncate(MOST);
        let (title, caption, axis) = (title.into(), caption.into(), axis.into());
        (!bars.is_empty()).then_some(Self { name, title, caption, axis, unit, bars, n_more })
    }

    fn text(&self, value: f64) -> String {
        match self.unit {
            Unit::Percent => format::percent(value),
            Unit::Number => format::short_number(value),
        }
    }
}

impl Figure for BarChart {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn caption(&self) -> String {
        match self.n_more {
            0 => self.caption.clone(),
            n => format!("{} {} more are not drawn.", self.caption, format::count(n)),
        }
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        Plot::height_of_rows(self.bars.len(), 24.0, false)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let names: Vec<String> = self.bars.iter().map(|bar| bar.label.clone()).collect();
        let reach = |bar: &Bar| {
            let spread = bar.spread.unwrap_or(0.0);
            [bar.value - spread, bar.value + spread]
        };
        let ends = self.bars.iter().flat_map(reach).chain([0.0]);
        let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| (low.min(end), high.max(end)));
        // Room for the numbers behind the bars.
        let x = Scale::between(low, high + 0.22 * (high - low), (canvas.width / 120.0) as usize);
        let plot = Plot::rows(canvas, &names, (x, &self.axis), &[])?;
        let zero = plot.x_at(0.0);
        for (row, bar) in self.bars.iter().enumerate() {
            let (y, end) = (plot.row_middle(row), plot.x_at(bar.value));
            let paint = if bar.is_marked { Paint::Orange } else { Paint::Blue };
            canvas.bar((zero, y - 7.0), (end, y + 7.0), paint, 0.85)?;
            let mut beside = end.max(zero);
            if bar.spread.is_some() {
                let [from, to] = reach(bar).map(|value| plot.x_at(value));
                canvas.path(&[(from, y), (to, y)], Paint::Ink, 1.4, 1.0)?;
                beside = beside.max(to);
            }
            canvas.text(&self.text(bar.value), (beside + 6.0, y), Anchor::Start, Paint::Muted)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_or_too_much_is_left_out() {
        let many = (0..25).map(|index| Bar::new(format!("p{index}"), f64::from(25 - index))).collect();
        let bars = BarChart::from("importance", "t", "All.", "share", Unit::Percent, many).unwrap();
        assert_eq!((bars.bars.len(), bars.n_more), (20, 5));
        assert_eq!(bars.caption(), "All. 5 more are not drawn.");
        let none = vec![Bar::new("a", f64::NAN)];
        assert_eq!(BarChart::from("importance", "t", "c", "a", Unit::Number, none), None);
    }
}
