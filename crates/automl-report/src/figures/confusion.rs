//! Which class was taken for which.

use automl_core::metric::ConfusionMatrix;

use super::{Figure, Span};
use crate::draw::{Anchor, CHARACTER_WIDTH, Canvas, Drawn, Paint, TEXT_SIZE};
use crate::format;

/// Most classes drawn by themselves; the others share one row and one column.
const MOST_CLASSES: usize = 14;

/// With more classes than this, cells leave out zeros and units.
const SPACIOUS: usize = 6;

/// Whether cells hold rows or shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cells {
    /// Rows.
    Counts,
    /// Shares of the rows of the true class.
    Shares,
}

/// Figure data of a confusion matrix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Confusion {
    cells: Cells,
    /// Labels of rows and columns; the last may stand for all other classes.
    pub(crate) labels: Vec<String>,
    /// Rows by true class, then by predicted class.
    pub(crate) counts: Vec<Vec<u64>>,
    /// Classes that share the last row and column.
    pub(crate) n_merged: usize,
}

impl Confusion {
    /// `None` where no row was counted.
    pub(crate) fn from(matrix: &ConfusionMatrix, labels: &[String], cells: Cells) -> Option<Self> {
        let n_classes = matrix.n_classes();
        if matrix.n_rows() == 0 {
            return None;
        }
        let mut kept: Vec<usize> = (0..n_classes).collect();
        if n_classes > MOST_CLASSES + 1 {
            kept.sort_by_key(|class| (std::cmp::Reverse(matrix.support(*class)), *class));
            kept.truncate(MOST_CLASSES);
            kept.sort_unstable();
        }
        let n_merged = n_classes - kept.len();
        let n_shown = kept.len() + usize::from(n_merged > 0);
        let mut place = vec![kept.len(); n_classes];
        kept.iter().enumerate().for_each(|(index, class)| place[*class] = index);
        let mut counts = vec![vec![0; n_shown]; n_shown];
        for (truth, row) in matrix.counts().rows().enumerate() {
            for (predicted, count) in row.iter().enumerate() {
                counts[place[truth]][place[predicted]] += count;
            }
        }
        let label = |class: &usize| labels.get(*class).cloned().unwrap_or_else(|| class.to_string());
        let mut labels: Vec<String> = kept.iter().map(label).collect();
        if n_merged > 0 {
            labels.push(format!("{} others", format::count(n_merged)));
        }
        Some(Self { cells, labels, counts, n_merged })
    }

    /// Share of the darkest shade that the cell has, and its label.
    fn cell(&self, truth: usize, predicted: usize) -> (f64, String) {
        let count = self.counts[truth][predicted];
        match self.cells {
            Cells::Counts => {
                // Merged classes hold many more rows; their cells would leave all others pale.
                let n_own = self.labels.len() - usize::from(self.n_merged > 0);
                let own = self.counts.iter().take(n_own).flat_map(|row| row.iter().take(n_own));
                let most = own.max().copied().unwrap_or(0).max(1);
                let label = if count >= 100_000 {
                    format::tick(count as f64, 1e3, count as f64)
                } else {
                    format::count(count as usize)
                };
                ((count as f64 / most as f64).min(1.0), label)
            }
            Cells::Shares => {
                let of_class: u64 = self.counts[truth].iter().sum();
                if of_class == 0 {
                    return (0.0, format::NONE.to_owned());
                }
                let share = count as f64 / of_class as f64;
                let unit = if self.labels.len() > SPACIOUS { "" } else { " %" };
                (share, format!("{:.0}{unit}", share * 100.0))
            }
        }
    }

    fn left(&self, width: f64) -> f64 {
        let longest = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let number = if self.labels.len() > SPACIOUS { 5 } else { 0 };
        (34.0 + (longest + number) as f64 * CHARACTER_WIDTH).min(width * 0.32)
    }

    /// Labels of rows and of columns, as far as they fit; numbers where columns are too narrow for words.
    fn fitted_labels(&self, width: f64) -> Vec<(String, String)> {
        let room = |pixels: f64| (pixels / CHARACTER_WIDTH).max(1.0) as usize;
        let (left, across) = (self.left(width), self.cell_size(width).0);
        let (for_row, for_column) = (room(left - 12.0), room(across - 8.0));
        let longest = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let numbered = longest > for_column && for_column < 8;
        let fitted = |(index, label): (usize, &String)| {
            if !numbered {
                return (format::clip(label, for_row), format::clip(label, for_column));
            }
            let number = (index + 1).to_string();
            let name = format::clip(label, for_row.saturating_sub(3 + number.len()).max(1));
            (format!("{name} · {number}"), number)
        };
        self.labels.iter().enumerate().map(fitted).collect()
    }

    fn cell_size(&self, width: f64) -> (f64, f64) {
        let across = (width - self.left(width) - 8.0) / self.labels.len() as f64;
        (across, across.clamp(18.0, 56.0))
    }
}

impl Figure for Confusion {
    fn name(&self) -> &'static str {
        "confusion"
    }

    fn title(&self) -> String {
        match self.cells {
            Cells::Counts => "Confusion matrix, rows".to_owned(),
            Cells::Shares => "Confusion matrix, share of the true class".to_owned(),
        }
    }

    fn caption(&self) -> String {
        let merged = match self.n_merged {
            0 => String::new(),
            n => format!(" The {n} least frequent classes share the last row and column."),
        };
        let cells = match self.cells {
            Cells::Counts => "Cells count rows",
            Cells::Shares => "Each line sums to 100 %, its diagonal is the recall",
        };
        format!("True classes down, predicted classes across. {cells}.{merged}")
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        self.cell_size(width).1 * self.labels.len() as f64 + 52.0
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let (left, top) = (self.left(canvas.width), 44.0);
        let (across, down) = self.cell_size(canvas.width);
        let middle = left + across * self.labels.len() as f64 / 2.0;
        canvas.text("Predicted", (middle, 9.0), Anchor::Middle, Paint::Muted)?;
        canvas.text("True", (4.0, 29.0), Anchor::Start, Paint::Muted)?;
        for (index, (row, column)) in self.fitted_labels(canvas.width).into_iter().enumerate() {
            canvas.text(&column, (left + (index as f64 + 0.5) * across, 31.0), Anchor::Middle, Paint::Ink)?;
            canvas.text(&row, (left - 8.0, top + (index as f64 + 0.5) * down), Anchor::End, Paint::Ink)?;
        }
        for truth in 0..self.labels.len() {
            for predicted in 0..self.labels.len() {
                let corner = (left + predicted as f64 * across, top + truth as f64 * down);
                let far = (corner.0 + across - 1.5, corner.1 + down - 1.5);
                let (share, label) = self.cell(truth, predicted);
                canvas.bar(corner, far, Paint::Blue, 0.05 + 0.5 * share)?;
                let size = (across * 1.55 / label.chars().count().max(1) as f64).min(TEXT_SIZE);
                let idle = self.counts[truth][predicted] == 0 && self.labels.len() > SPACIOUS;
                if size >= 8.0 && !idle {
                    let at = (corner.0 + across / 2.0 - 0.75, corner.1 + down / 2.0 - 0.75);
                    canvas.sized_text(&label, at, Anchor::Middle, Paint::Ink, size)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_count_rows_or_shares_of_the_true_class() {
        let matrix = ConfusionMatrix::new(2, &[0, 0, 0, 1], &[0, 0, 1, 1]).unwrap();
        let labels = ["no".to_owned(), "yes".to_owned()];
        let counts = Confusion::from(&matrix, &labels, Cells::Counts).unwrap();
        assert_eq!(counts.counts, [[2, 1], [0, 1]]);
        assert_eq!(counts.cell(0, 0), (1.0, "2".to_owned()));
        let shares = Confusion::from(&matrix, &labels, Cells::Shares).unwrap();
        assert_eq!(shares.cell(0, 1), (1.0 / 3.0, "33 %".to_owned()));
    }

    #[test]
    fn rare_classes_are_merged_without_losing_a_row() {
        let truth: Vec<u32> = (0..200).chain(100..114).collect();
        let matrix = ConfusionMatrix::new(200, &truth, &truth).unwrap();
        let labels: Vec<String> = (0..200).map(|class| format!("c{class}")).collect();
        let confusion = Confusion::from(&matrix, &labels, Cells::Counts).unwrap();
        assert_eq!(confusion.labels[0], "c100");
        assert_eq!(confusion.labels[14], "186 others");
        assert_eq!(confusion.counts.iter().flatten().sum::<u64>(), 214);
        assert_eq!(confusion.counts[14][14], 186);
        assert_eq!(confusion.cell(0, 0), (1.0, "2".to_owned()));
        assert_eq!(confusion.fitted_labels(510.0)[14], ("186 others · 15".to_owned(), "15".to_owned()));
    }

    #[test]
    fn a_class_without_rows_has_no_shares() {
        let matrix = ConfusionMatrix::new(2, &[0], &[0]).unwrap();
        let confusion = Confusion::from(&matrix, &[], Cells::Shares).unwrap();
        assert_eq!(confusion.cell(1, 1), (0.0, "–".to_owned()));
        assert_eq!(Confusion::from(&ConfusionMatrix::new(2, &[], &[]).unwrap(), &[], Cells::Counts), None);
    }
}
