//! Share of missing values by column.

use automl_core::DataProfile;

use super::{Figure, Span};
use crate::draw::{Anchor, Canvas, Drawn, Paint};
use crate::format;
use crate::plot::Plot;
use crate::scale::Scale;

/// Most columns drawn.
const MOST_COLUMNS: usize = 15;

/// Figure data of the missing shares.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Missing {
    /// (column, share of rows without a value), the emptiest first.
    pub(crate) rows: Vec<(String, f64)>,
    /// Columns with missing values that are not drawn.
    pub(crate) n_more: usize,
    n_columns: usize,
}

impl Missing {
    /// `None` where nothing is missing.
    pub(crate) fn from(profile: &DataProfile) -> Option<Self> {
        let share = |n_missing: usize| n_missing as f64 / (profile.n_rows.max(1)) as f64;
        let columns = profile.columns.iter().filter(|column| column.n_missing > 0);
        let mut rows: Vec<(String, f64)> =
            columns.map(|column| (column.name.clone(), share(column.n_missing))).collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        let n_more = rows.len().saturating_sub(MOST_COLUMNS);
        rows.truncate(MOST_COLUMNS);
        (!rows.is_empty()).then_some(Self { rows, n_more, n_columns: profile.columns.len() })
    }
}

impl Figure for Missing {
    fn name(&self) -> &'static str {
        "missing"
    }

    fn title(&self) -> String {
        "Missing values".to_owned()
    }

    fn caption(&self) -> String {
        let n_affected = self.rows.len() + self.n_more;
        let shown =
            if self.n_more > 0 { format!("; the {MOST_COLUMNS} emptiest are drawn") } else { String::new() };
        format!(
            "{} of {} have missing values{shown}.",
            format::count(n_affected),
            format::counted(self.n_columns, "column")
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        Plot::height_of_rows(self.rows.len(), 30.0, false)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let names: Vec<String> = self.rows.iter().map(|(name, _)| name.clone()).collect();
        let most = self.rows.iter().map(|(_, share)| share * 100.0).fold(0.0, f64::max);
        let x = Scale::between(0.0, (most * 1.25).max(1.0), 4);
        let plot = Plot::rows(canvas, &names, (x, "Rows without a value, %"), &[])?;
        for (row, (_, share)) in self.rows.iter().enumerate() {
            let (y, half) = (plot.row_middle(row), plot.row_height() * 0.32);
            let end = plot.x_at(share * 100.0);
            canvas.bar((plot.left, y - half), (end.max(plot.left + 1.0), y + half), Paint::Orange, 0.9)?;
            canvas.text(&format::percent(*share), (end + 6.0, y), Anchor::Start, Paint::Muted)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn the_emptiest_column_comes_first_and_full_ones_are_left_out() {
        let mut profile = fixtures::binary(0).profile;
        profile.n_rows = 200;
        let column = profile.columns[0].clone();
        let with = |name: &str, n_missing| {
            let name = name.to_owned();
            automl_core::ColumnProfile { name, n_missing, ..column.clone() }
        };
        profile.columns = vec![with("a", 10), with("b", 0), with("c", 100)];
        let missing = Missing::from(&profile).unwrap();
        assert_eq!(missing.rows, [("c".to_owned(), 0.5), ("a".to_owned(), 0.05)]);
        assert_eq!(missing.caption(), "2 of 3 columns have missing values.");
        profile.columns = vec![with("b", 0)];
        assert_eq!(Missing::from(&profile), None);
    }
}
