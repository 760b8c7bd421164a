//! Rows of each class.

use automl_core::DataProfile;

use super::{Figure, Span};
use crate::draw::{Anchor, Canvas, Drawn, Paint};
use crate::format;
use crate::plot::Plot;
use crate::scale::Scale;

/// Most classes drawn.
const MOST_CLASSES: usize = 15;

/// Figure data of the class balance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClassBalance {
    /// (label, rows), the most frequent first.
    pub(crate) rows: Vec<(String, usize)>,
    /// Rows of all classes.
    pub(crate) n_rows: usize,
    /// (classes, rows) that are not drawn by themselves.
    pub(crate) rest: (usize, usize),
}

impl ClassBalance {
    /// `None` for regression or an empty table.
    pub(crate) fn from(profile: &DataProfile) -> Option<Self> {
        let labels = profile.labels.iter().cloned();
        let mut rows: Vec<(String, usize)> = labels.zip(profile.class_counts.iter().copied()).collect();
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let n_rows = rows.iter().map(|(_, count)| count).sum();
        let rest = rows.split_off(rows.len().min(MOST_CLASSES));
        let rest = (rest.len(), rest.iter().map(|(_, count)| count).sum());
        (n_rows > 0).then_some(Self { rows, n_rows, rest })
    }
}

impl Figure for ClassBalance {
    fn name(&self) -> &'static str {
        "classes"
    }

    fn title(&self) -> String {
        "Class balance".to_owned()
    }

    fn caption(&self) -> String {
        match self.rest {
            (0, _) => format!("{} in all.", format::counted(self.n_rows, "row")),
            (n_classes, n_rows) => format!(
                "The {} most frequent classes; {} more classes have {} together.",
                self.rows.len(),
                format::count(n_classes),
                format::counted(n_rows, "row")
            ),
        }
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        Plot::height_of_rows(self.rows.len(), 30.0, false)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let names: Vec<String> = self.rows.iter().map(|(label, _)| label.clone()).collect();
        let counts = self.rows.iter().map(|(_, count)| *count as f64);
        let most = counts.clone().fold(0.0, f64::max);
        let x = Scale::between(0.0, most * if canvas.width > 400.0 { 1.35 } else { 1.7 }, 4);
        let plot = Plot::rows(canvas, &names, (x, "Rows"), &[])?;
        for (row, count) in counts.enumerate() {
            let (y, half) = (plot.row_middle(row), plot.row_height() * 0.32);
            let end = plot.x_at(count);
            canvas.bar((plot.left, y - half), (end, y + half), Paint::Blue, 0.85)?;
            let share = format::percent(count / self.n_rows as f64);
            let label = format!("{} · {share}", format::count(count as usize));
            canvas.text(&label, (end + 6.0, y), Anchor::Start, Paint::Muted)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn the_most_frequent_class_comes_first_and_the_rest_is_summed() {
        let mut profile = fixtures::binary(0).profile;
        profile.labels = (0..20).map(|class| format!("class {class}")).collect();
        profile.class_counts = (1..=20).collect();
        let balance = ClassBalance::from(&profile).unwrap();
        assert_eq!(balance.rows[0], ("class 19".to_owned(), 20));
        assert_eq!((balance.rows.len(), balance.rest), (15, (5, 15)));
        assert_eq!(balance.n_rows, 210);
    }

    #[test]
    fn regression_has_no_class_balance() {
        assert_eq!(ClassBalance::from(&fixtures::regression(0).profile), None);
    }
}
