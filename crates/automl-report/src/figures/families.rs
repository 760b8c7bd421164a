//! How the families compare: every complete trial, with the quartiles.

use std::collections::BTreeMap;

use automl_core::{Metric, TrialRecord, TrialState};

use super::{Figure, Span, axis_name, beyond_note, family_of, quantile, range_with, thin, value_of};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Most points drawn of one family.
const MOST_POINTS: usize = 300;

/// One family's complete trials.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Name of the family.
    pub(crate) name: String,
    /// Values of its complete trials, increasing; finite.
    pub(crate) values: Vec<f64>,
    /// First quartile, median, third quartile.
    pub(crate) quartiles: [f64; 3],
}

/// Figure data of the comparison of families.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Families {
    metric: Metric,
    /// The family with the best trial first.
    pub(crate) rows: Vec<Row>,
}

impl Families {
    /// `None` without a complete trial.
    pub(crate) fn from(trials: &[TrialRecord], metric: Metric) -> Option<Self> {
        let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for trial in trials.iter().filter(|trial| trial.state == TrialState::Complete) {
            if let Some(value) = value_of(trial, metric) {
                values.entry(family_of(trial)).or_default().push(value);
            }
        }
        let mut rows: Vec<Row> = values.into_iter().filter_map(|(name, values)| row(name, values)).collect();
        let least_cost = |row: &Row| {
            row.values.iter().map(|value| metric.direction().cost(*value)).fold(f64::INFINITY, f64::min)
        };
        rows.sort_by(|a, b| least_cost(a).total_cmp(&least_cost(b)));
        (!rows.is_empty()).then_some(Self { metric, rows })
    }

    /// Values to show on the axis, every median among them, and how many lie beyond it.
    fn range(&self) -> (Vec<f64>, usize) {
        let direction = self.metric.direction();
        let values: Vec<f64> = self.rows.iter().flat_map(|row| row.values.iter().copied()).collect();
        range_with(&values, self.rows.iter().map(|row| row.quartiles[1]), direction)
    }
}

fn row(name: &str, mut values: Vec<f64>) -> Option<Row> {
    values.sort_by(f64::total_cmp);
    let quartiles = [quantile(&values, 0.25)?, quantile(&values, 0.5)?, quantile(&values, 0.75)?];
    Some(Row { name: name.to_owned(), values, quartiles })
}

impl Figure for Families {
    fn name(&self) -> &'static str {
        "families"
    }

    fn title(&self) -> String {
        "Families of models".to_owned()
    }

    fn caption(&self) -> String {
        format!(
            "Each point is a complete trial; the box spans the middle half, the bar is the median.{}",
            beyond_note(self.range().1, "trial")
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        Plot::height_of_rows(self.rows.len(), 52.0, true)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let name = |row: &Row| format!("{} ({})", row.name, format::count(row.values.len()));
        let names: Vec<String> = self.rows.iter().map(name).collect();
        let x = Scale::around(self.range().0, (canvas.width / 100.0) as usize);
        let legend = [(Symbol::Dot, Paint::Blue, "trial"), (Symbol::Line, Paint::Ink, "median")];
        let plot = Plot::rows(canvas, &names, (x, &axis_name(self.metric)), &legend)?;
        for (index, row) in self.rows.iter().enumerate() {
            let y = plot.row_middle(index);
            let [low, median, high] = row.quartiles.map(|value| plot.x_at(value));
            if row.values.len() > 2 {
                canvas.bar((low, y - 15.0), (high, y + 15.0), Paint::Blue, 0.16)?;
            }
            for (place, value) in thin(&row.values, MOST_POINTS).iter().enumerate() {
                // A fixed pattern instead of random jitter: the same report twice is the same page.
                let offset =
                    if row.values.len() > 2 { f64::from([0, 7, -7, 3, -3, 10, -10][place % 7]) } else { 0.0 };
                canvas.dot((plot.x_at(*value), y + offset), 3.0, Paint::Blue, 0.65)?;
            }
            canvas.path(&[(median, y - 15.0), (median, y + 15.0)], Paint::Ink, 2.4, 1.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::trial;

    #[test]
    fn families_are_ranked_by_their_best_trial() {
        let mut failed = trial(9, "ridge", &[0.1]);
        failed.state = TrialState::Failed;
        let trials = [
            trial(0, "constant", &[0.6]),
            trial(1, "mlp", &[0.9]),
            trial(2, "mlp", &[0.3]),
            trial(3, "mlp", &[0.5]),
            trial(4, "ridge", &[0.4]),
            failed,
        ];
        let families = Families::from(&trials, Metric::LogLoss).unwrap();
        let names: Vec<&str> = families.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["mlp", "ridge", "constant"]);
        assert_eq!(families.rows[0].values, [0.3, 0.5, 0.9]);
        assert_eq!(families.rows[0].quartiles, [0.4, 0.5, 0.7]);
        assert_eq!(Families::from(&[], Metric::LogLoss), None);
    }
}
