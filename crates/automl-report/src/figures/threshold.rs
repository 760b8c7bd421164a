//! What becomes of precision, recall and F1 as the threshold moves.

use super::{Figure, Span, thin};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Thresholds that are computed.
const N_STEPS: usize = 100;

/// Scores at one threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    /// Rows from this probability on are called positive.
    pub(crate) threshold: f64,
    /// NaN where no row is called positive.
    pub(crate) precision: f64,
    pub(crate) recall: f64,
    pub(crate) f1: f64,
    /// Share of rows that are called positive.
    pub(crate) called: f64,
}

/// One of the scores.
type Of = fn(&Step) -> f64;

/// Figure data of the threshold curve.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thresholds {
    positive: String,
    /// By increasing threshold.
    pub(crate) steps: Vec<Step>,
    /// The threshold in use, where it is known.
    pub(crate) chosen: Option<f64>,
}

impl Thresholds {
    /// From each row's truth and probability of the positive class; `None` without a positive row.
    pub(crate) fn from(rows: &[(bool, f64)], positive: &str, chosen: Option<f64>) -> Option<Self> {
        let mut rows: Vec<(bool, f64)> =
            rows.iter().copied().filter(|(_, probability)| probability.is_finite()).collect();
        rows.sort_by(|a, b| a.1.total_cmp(&b.1));
        let n_positive = rows.iter().filter(|(truth, _)| *truth).count();
        if n_positive == 0 {
            return None;
        }
        let mut hits_from = vec![0_usize; rows.len() + 1];
        for place in (0..rows.len()).rev() {
            hits_from[place] = hits_from[place + 1] + usize::from(rows[place].0);
        }
        let step = |index: usize| {
            let threshold = index as f64 / N_STEPS as f64;
            let first = rows.partition_point(|(_, probability)| *probability < threshold);
            let (hits, n_called) = (hits_from[first] as f64, (rows.len() - first) as f64);
            Step {
                threshold,
                precision: hits / n_called,
                recall: hits / n_positive as f64,
                f1: 2.0 * hits / (n_called + n_positive as f64),
                called: n_called / rows.len() as f64,
            }
        };
        let chosen = chosen.filter(|threshold| (0.0..=1.0).contains(threshold));
        Some(Self { positive: positive.to_owned(), steps: (0..=N_STEPS).map(step).collect(), chosen })
    }

    /// The step of the largest F1.
    pub(crate) fn best(&self) -> Option<&Step> {
        self.steps.iter().max_by(|a, b| a.f1.total_cmp(&b.f1))
    }
}

impl Figure for Thresholds {
    fn name(&self) -> &'static str {
        "threshold"
    }

    fn title(&self) -> String {
        "Threshold".to_owned()
    }

    fn caption(&self) -> String {
        let best = self.best().map_or(String::new(), |best| {
            format!(
                " F1 is largest, {}, at {}.",
                format::number(best.f1),
                format::short_number(best.threshold)
            )
        });
        let chosen = self.chosen.map_or(String::new(), |threshold| {
            format!(" Dashed: the model's own, {}.", format::short_number(threshold))
        });
        format!(
            "Rows whose probability of “{}” reaches the threshold are called positive.{best}{chosen}",
            format::clip(&self.positive, 60)
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        (width * 0.65).min(320.0)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let unit = || Scale::between(0.0, 1.0, 5);
        let legend = [
            (Symbol::Line, Paint::Blue, "precision"),
            (Symbol::Line, Paint::Orange, "recall"),
            (Symbol::Line, Paint::Green, "F1"),
            (Symbol::Line, Paint::Purple, "called positive"),
        ];
        let plot = Plot::new(canvas, (unit(), "Threshold"), (unit(), "Share"), &legend)?;
        let lines: [(Paint, Of); 4] = [
            (Paint::Blue, |step| step.precision),
            (Paint::Orange, |step| step.recall),
            (Paint::Green, |step| step.f1),
            (Paint::Purple, |step| step.called),
        ];
        for (paint, of) in lines {
            let points: Vec<(f64, f64)> = self
                .steps
                .iter()
                .map(|step| (step.threshold, of(step)))
                .filter(|point| point.1.is_finite())
                .collect();
            plot.line(&thin(&points, 2 * N_STEPS), paint, 2.0, 0.95)?;
        }
        if let Some(threshold) = self.chosen {
            canvas.dashes(plot.at(threshold, 0.0), plot.at(threshold, 1.0), Paint::Ink, 1.4)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_of_the_rows_from_the_threshold_on() {
        let rows = [(false, 0.2), (true, 0.4), (false, 0.6), (true, 0.8), (true, f64::NAN)];
        let thresholds = Thresholds::from(&rows, "yes", Some(0.5)).unwrap();
        let at = |threshold: f64| thresholds.steps.iter().find(|step| step.threshold == threshold).unwrap();
        assert_eq!((at(0.0).precision, at(0.0).recall, at(0.0).called), (0.5, 1.0, 1.0));
        assert_eq!((at(0.5).precision, at(0.5).recall, at(0.5).f1), (0.5, 0.5, 0.5));
        assert_eq!((at(0.7).precision, at(0.7).recall), (1.0, 0.5));
        assert!(at(0.9).precision.is_nan() && at(0.9).f1 == 0.0);
        assert_eq!(thresholds.best().unwrap().f1, 0.8);
        assert_eq!(Thresholds::from(&rows[..1], "yes", None), None);
    }
}
