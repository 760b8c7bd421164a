//! How large the errors of a regression are: against the normal distribution, and by share of rows.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{Figure, Span, quantile, thin};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Points drawn.
const MOST_POINTS: usize = 500;

/// Quantiles of the standardised residuals against those of the normal distribution.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NormalQuantiles {
    /// (normal quantile, standardised residual), increasing.
    pub(crate) points: Vec<(f64, f64)>,
}

impl NormalQuantiles {
    /// `None` with fewer than three finite residuals, or where all are equal.
    pub(crate) fn from(residuals: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> =
            residuals.iter().copied().filter(|residual| residual.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / n;
        let deviation = (sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        if sorted.len() < 3 || deviation.is_nan() || deviation <= 0.0 {
            return None;
        }
        // Plotting positions of Blom (1958).
        let at = |(place, value): (usize, f64)| {
            let share = (place as f64 + 0.625) / (n + 0.25);
            (Normal::standard().inverse_cdf(share), (value - mean) / deviation)
        };
        let points: Vec<(f64, f64)> = sorted.into_iter().enumerate().map(at).collect();
        Some(Self { points })
    }
}

impl Figure for NormalQuantiles {
    fn name(&self) -> &'static str {
        "qq"
    }

    fn title(&self) -> String {
        "Residuals against the normal distribution".to_owned()
    }

    fn caption(&self) -> String {
        "Standardised residuals by the normal quantiles of their ranks (Q-Q). On the dashed line they are normal; ends that \
         leave it are errors larger than a normal distribution has."
            .to_owned()
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        (width * 0.65).min(320.0)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let (xs, ys): (Vec<f64>, Vec<f64>) = self.points.iter().copied().unzip();
        let x = Scale::around(xs, (canvas.width / 90.0) as usize);
        let y = Scale::around(ys, 5);
        let legend = [(Symbol::Dot, Paint::Blue, "row"), (Symbol::Dashes, Paint::Ink, "normal")];
        let plot = Plot::new(canvas, (x, "Normal quantile"), (y, "Standardised residual"), &legend)?;
        let (low, high) = (plot.x.low.max(plot.y.low), plot.x.high.min(plot.y.high));
        canvas.dashes(plot.at(low, low), plot.at(high, high), Paint::Ink, 1.2)?;
        // Both ends matter most, so they are always drawn.
        let n = self.points.len();
        let ends = n.min(40);
        let middle = thin(&self.points[ends / 2..n - ends / 2], MOST_POINTS);
        for (x, y) in self.points[..ends / 2]
            .iter()
            .copied()
            .chain(middle)
            .chain(self.points[n - ends / 2..].iter().copied())
        {
            canvas.dot(plot.at(x, y), 2.4, Paint::Blue, 0.6)?;
        }
        Ok(())
    }
}

/// How large the absolute error is that a share of the rows does not exceed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ErrorQuantiles {
    target: String,
    /// (share of rows, absolute error), increasing.
    pub(crate) points: Vec<(f64, f64)>,
}

impl ErrorQuantiles {
    /// `None` without a finite residual.
    pub(crate) fn from(residuals: &[f64], target: &str) -> Option<Self> {
        let mut errors: Vec<f64> =
            residuals.iter().map(|residual| residual.abs()).filter(|error| error.is_finite()).collect();
        errors.sort_by(f64::total_cmp);
        let at = |step: usize| Some((step as f64 / 100.0, quantile(&errors, step as f64 / 100.0)?));
        let points: Option<Vec<(f64, f64)>> = (0..=100).map(at).collect();
        points.map(|points| Self { target: target.to_owned(), points })
    }
}

impl Figure for ErrorQuantiles {
    fn name(&self) -> &'static str {
        "error-quantiles"
    }

    fn title(&self) -> String {
        "Errors by share of rows".to_owned()
    }

    fn caption(&self) -> String {
        let [half, most] = [50, 90].map(|step: usize| format::short_number(self.points[step].1));
        format!(
            "Half of the rows are predicted within {half}, nine in ten within {most}. The worst hundredth is not drawn."
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        (width * 0.65).min(320.0)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let shown = &self.points[..100];
        let y = Scale::around(shown.iter().map(|point| point.1).chain([0.0]), 5);
        let name = format!("Absolute error of {}", self.target);
        let plot = Plot::new(canvas, (Scale::between(0.0, 1.0, 5), "Share of rows"), (y, &name), &[])?;
        plot.line(shown, Paint::Blue, 2.2, 1.0)?;
        for step in [50, 90] {
            let (share, error) = self.points[step];
            canvas.dashes(plot.at(share, plot.y.low), plot.at(share, error), Paint::Muted, 1.2)?;
            canvas.dot(plot.at(share, error), 3.6, Paint::Orange, 1.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy.stats.norm.ppf(0.625 / 3.25)
    #[test]
    fn residuals_are_standardised_and_ranked() {
        let quantiles = NormalQuantiles::from(&[3.0, 1.0, 2.0, f64::NAN]).unwrap();
        assert_eq!(quantiles.points.iter().map(|point| point.1).collect::<Vec<_>>(), [-1.0, 0.0, 1.0]);
        assert!((quantiles.points[0].0 + quantiles.points[2].0).abs() < 1e-12);
        assert!((quantiles.points[0].0 - -0.869_423_773).abs() < 1e-9, "{quantiles:?}");
        assert_eq!(NormalQuantiles::from(&[1.0, 1.0, 1.0]), None);
    }

    #[test]
    fn error_quantiles_are_of_absolute_errors() {
        let residuals: Vec<f64> = (0..=100).map(|i| f64::from(if i % 2 == 0 { i } else { -i })).collect();
        let errors = ErrorQuantiles::from(&residuals, "price").unwrap();
        assert_eq!(errors.points[50], (0.5, 50.0));
        assert!(errors.caption().contains("within 50, nine in ten within 90"), "{}", errors.caption());
        assert_eq!(ErrorQuantiles::from(&[f64::NAN], "price"), None);
    }
}
