//! How the best trials did on each fold.

use automl_core::{Metric, TrialRecord};

use super::{Figure, Span, axis_name, family_of};
use crate::draw::{Canvas, Drawn, Paint};
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// One trial's scores.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Number and family.
    pub(crate) name: String,
    /// Score of each fold; finite.
    pub(crate) values: Vec<f64>,
    /// Their mean.
    pub(crate) mean: f64,
}

/// Figure data of the scores by fold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FoldScores {
    metric: Metric,
    /// Best trial first.
    pub(crate) rows: Vec<Row>,
}

impl FoldScores {
    /// Of `ranked` trials, best first; `None` where no fold was scored.
    pub(crate) fn from(ranked: &[&TrialRecord], metric: Metric, most: usize) -> Option<Self> {
        let rows: Vec<Row> = ranked.iter().filter_map(|trial| row(trial, metric)).take(most).collect();
        (!rows.is_empty()).then_some(Self { metric, rows })
    }
}

fn row(trial: &TrialRecord, metric: Metric) -> Option<Row> {
    let mut values = trial.fold_values(metric);
    values.retain(|value| value.is_finite());
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Some(Row { name: format!("#{} {}", trial.number, family_of(trial)), values, mean })
}

impl Figure for FoldScores {
    fn name(&self) -> &'static str {
        "folds"
    }

    fn title(&self) -> String {
        "Scores by fold".to_owned()
    }

    fn caption(&self) -> String {
        match self.rows.len() {
            1 => "A dot for each fold, a bar at their mean.".to_owned(),
            _ => "The best trials, the best on top: a dot for each fold, a bar at their mean. Trials whose dots overlap \
                  are hard to tell apart."
                .to_owned(),
        }
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        Plot::height_of_rows(self.rows.len(), 26.0, true)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let names: Vec<String> = self.rows.iter().map(|row| row.name.clone()).collect();
        let values = self.rows.iter().flat_map(|row| row.values.iter().copied());
        let x = Scale::around(values, (canvas.width / 100.0) as usize);
        let legend = [(Symbol::Dot, Paint::Blue, "fold"), (Symbol::Line, Paint::Ink, "mean")];
        let plot = Plot::rows(canvas, &names, (x, &axis_name(self.metric)), &legend)?;
        for (index, row) in self.rows.iter().enumerate() {
            let y = plot.row_middle(index);
            for value in &row.values {
                canvas.dot((plot.x_at(*value), y), 3.8, Paint::Blue, 0.6)?;
            }
            let x = plot.x_at(row.mean);
            canvas.path(&[(x, y - 8.0), (x, y + 8.0)], Paint::Ink, 2.4, 1.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::trial;

    #[test]
    fn rows_hold_finite_scores_and_their_mean() {
        let (a, b) = (trial(3, "mlp", &[0.2, 0.4]), trial(5, "ridge", &[f64::NAN, 0.5]));
        let none = trial(9, "ridge", &[f64::NAN]);
        let scores = FoldScores::from(&[&a, &none, &b], Metric::LogLoss, 10).unwrap();
        assert_eq!(scores.rows.len(), 2);
        assert_eq!(scores.rows[0].name, "#3 mlp");
        assert!((scores.rows[0].mean - 0.3).abs() < 1e-12);
        assert_eq!(scores.rows[1].values, [0.5]);
        assert_eq!(FoldScores::from(&[&none], Metric::LogLoss, 10), None);
        assert_eq!(FoldScores::from(&[&a, &b], Metric::LogLoss, 1).unwrap().rows.len(), 1);
    }
}
