//! Histograms: of a numeric target, and of residuals.

use super::{Figure, Span};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::Plot;
use crate::scale::Scale;

/// Figure data of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Histogram {
    title: &'static str,
    value_name: String,
    caption: String,
    /// Lower end of the first bin.
    pub(crate) low: f64,
    /// Width of every bin.
    pub(crate) width: f64,
    /// Rows in each bin; the upper end belongs to the last bin.
    pub(crate) counts: Vec<usize>,
    mark_zero: bool,
}

impl Histogram {
    /// Of finite values; `None` where there are none.
    fn from(values: &[f64], title: &'static str, value_name: String) -> Option<Self> {
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let n_bins = ((finite.len() as f64).sqrt() as usize).clamp(5, 40);
        let range = Scale::around(finite.iter().copied(), n_bins);
        if finite.is_empty() || !(range.high - range.low).is_finite() {
            return None;
        }
        let n_bins = range.ticks.len().saturating_sub(1).max(1);
        let width = (range.high - range.low) / n_bins as f64;
        let mut counts = vec![0; n_bins];
        for value in &finite {
            let bin = ((value - range.low) / width + 1e-9).max(0.0) as usize;
            counts[bin.min(n_bins - 1)] += 1;
        }
        Some(Self {
            title,
            value_name,
            caption: describe(&finite),
            low: range.low,
            width,
            counts,
            mark_zero: false,
        })
    }

    /// Of the target.
    pub(crate) fn of_target(values: &[f64], name: &str) -> Option<Self> {
        Self::from(values, "Distribution of the target", name.to_owned())
    }

    /// Of true minus predicted values.
    pub(crate) fn of_residuals(residuals: &[f64]) -> Option<Self> {
        let histogram =
            Self::from(residuals, "Distribution of the residuals", "True − predicted".to_owned())?;
        Some(Self { mark_zero: true, ..histogram })
    }
}

fn describe(values: &[f64]) -> String {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    format!(
        "{}: mean {}, standard deviation {}.",
        format::counted(values.len(), "row"),
        format::short_number(mean),
        format::short_number(variance.sqrt())
    )
}

impl Figure for Histogram {
    fn name(&self) -> &'static str {
        "histogram"
    }

    fn title(&self) -> String {
        self.title.to_owned()
    }

    fn caption(&self) -> String {
        self.caption.clone()
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        280.0
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let most = self.counts.iter().max().copied().unwrap_or(0);
        let high = self.low + self.width * self.counts.len() as f64;
        let x = Scale::between(self.low, high, (canvas.width / 80.0) as usize);
        let y = Scale::around([0.0, most as f64], 4);
        let plot = Plot::new(canvas, (x, &self.value_name), (y, "Rows"), &[])?;
        for (bin, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let from = plot.at(self.low + bin as f64 * self.width, 0.0);
            let to = plot.at(self.low + (bin + 1) as f64 * self.width, *count as f64);
            canvas.bar((from.0 + 0.6, from.1), (to.0 - 0.6, to.1), Paint::Blue, 0.8)?;
        }
        if self.mark_zero && self.low < 0.0 && high > 0.0 {
            canvas.dashes(plot.at(0.0, 0.0), plot.at(0.0, plot.y.high), Paint::Ink, 1.2)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_is_in_one_bin() {
        let values = [0.0, 0.1, 1.0, 4.9, 5.0, f64::NAN, f64::INFINITY];
        let histogram = Histogram::of_target(&values, "price").unwrap();
        assert_eq!((histogram.low, histogram.width), (0.0, 1.0));
        assert_eq!(histogram.counts, [2, 1, 0, 0, 2]);
        assert_eq!(histogram.caption, "5 rows: mean 2.2, standard deviation 2.272.");
    }

    #[test]
    fn no_value_gives_no_histogram_and_one_value_gives_one() {
        assert_eq!(Histogram::of_target(&[f64::NAN], "price"), None);
        let one = Histogram::of_residuals(&[3.0]).unwrap();
        assert_eq!(one.counts.iter().sum::<usize>(), 1);
    }
}
