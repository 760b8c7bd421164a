//! Whether predicted probabilities can be taken at their word: a reliability diagram.

use super::{Figure, Span};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format::{clip, number};
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Bins of equal width.
const N_BINS: usize = 10;

/// Figure data of the reliability diagram of a classifier.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Calibration {
    /// The class whose probabilities are looked at; `None` for that of each row's most probable class.
    positive: Option<String>,
    /// (mean predicted probability, observed share, rows) of each bin that has rows.
    pub(crate) bins: Vec<(f64, f64, usize)>,
}

impl Calibration {
    /// From each row's truth and probability of the positive class, or of the predicted one if there is no `positive`;
    /// `None` where no row has a finite probability.
    pub(crate) fn from(rows: &[(bool, f64)], positive: Option<&str>) -> Option<Self> {
        let mut sums = [(0.0, 0_usize, 0_usize); N_BINS];
        for &(truth, probability) in rows.iter().filter(|(_, probability)| probability.is_finite()) {
            let bin = &mut sums[((probability * N_BINS as f64).max(0.0) as usize).min(N_BINS - 1)];
            *bin = (bin.0 + probability, bin.1 + usize::from(truth), bin.2 + 1);
        }
        let filled = sums.into_iter().filter(|(_, _, n)| *n > 0);
        let bins: Vec<_> = filled.map(|(sum, hits, n)| (sum / n as f64, hits as f64 / n as f64, n)).collect();
        (!bins.is_empty()).then(|| Self { positive: positive.map(str::to_owned), bins })
    }

    /// Expected calibration error (Naeini et al. 2015): the mean over rows of the distance between their bin's mean
    /// probability and observed share.
    pub(crate) fn error(&self) -> f64 {
        let n_rows: usize = self.bins.iter().map(|(_, _, n)| n).sum();
        self.bins.iter().map(|(mean, share, n)| (mean - share).abs() * *n as f64).sum::<f64>() / n_rows as f64
    }
}

impl Figure for Calibration {
    fn name(&self) -> &'static str {
        "calibration"
    }

    fn title(&self) -> String {
        "Calibration".to_owned()
    }

    fn caption(&self) -> String {
        let of = match &self.positive {
            Some(positive) => format!("of “{}”", clip(positive, 60)),
            None => "of the predicted class".to_owned(),
        };
        format!(
            "Rows in ten bins of predicted probability {of}: how often it was true. On the dashed line \
             probabilities can be taken at their word; they are {} away from it on average over the rows (expected \
             calibration error). Larger dots stand for more rows.",
            number(self.error())
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        (width * 0.8).min(380.0)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let unit = || Scale::between(0.0, 1.0, 5);
        let legend = [(Symbol::Dot, Paint::Blue, "bin"), (Symbol::Dashes, Paint::Muted, "perfect")];
        let names = ("Mean predicted probability", "Observed share");
        let plot = Plot::new(canvas, (unit(), names.0), (unit(), names.1), &legend)?;
        canvas.dashes(plot.at(0.0, 0.0), plot.at(1.0, 1.0), Paint::Muted, 1.2)?;
        let points: Vec<(f64, f64)> = self.bins.iter().map(|&(x, y, _)| (x, y)).collect();
        plot.line(&points, Paint::Blue, 1.8, 0.8)?;
        let most = self.bins.iter().map(|(_, _, n)| *n).max().unwrap_or(1) as f64;
        for &(x, y, n) in &self.bins {
            canvas.dot(plot.at(x, y), 3.0 + 5.0 * (n as f64 / most).sqrt(), Paint::Blue, 0.85)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_mean_probability_and_observed_share() {
        let rows = [(false, 0.0), (true, 0.05), (true, 1.0), (true, 0.95), (false, f64::NAN)];
        let calibration = Calibration::from(&rows, Some("yes")).unwrap();
        assert_eq!(calibration.bins, [(0.025, 0.5, 2), (0.975, 1.0, 2)]);
        assert_eq!(Calibration::from(&[(true, f64::NAN)], Some("yes")), None);
        // Half the rows are 0.475 away, half 0.025.
        assert!((calibration.error() - 0.25).abs() < 1e-12);
        assert!(
            calibration.caption().contains("of “yes”: ") && calibration.caption().contains("are 0.2500 away")
        );
        let of_predicted = Calibration::from(&rows, None).unwrap().caption();
        assert!(of_predicted.contains("of the predicted class: "), "{of_predicted}");
    }
}
