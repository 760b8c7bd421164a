//! A square of correlations: of columns, or of the errors of models.

use super::{Figure, Span};
use crate::draw::{Anchor, CHARACTER_WIDTH, Canvas, Drawn, Paint};
use crate::format;

/// Figure data of a matrix of correlations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heat {
    name: &'static str,
    title: String,
    caption: String,
    pub(crate) names: Vec<String>,
    /// Row by row, from −1 to 1.
    pub(crate) values: Vec<Option<f64>>,
}

impl Heat {
    /// `None` with fewer than two names, or where the values are not their square.
    pub(crate) fn from(
        name: &'static str,
        title: impl Into<String>,
        caption: impl Into<String>,
        names: &[String],
        values: &[Option<f64>],
    ) -> Option<Self> {
        let is_square = values.len() == names.len() * names.len();
        (names.len() > 1 && is_square).then(|| Self {
            name,
            title: title.into(),
            caption: caption.into(),
            names: names.to_vec(),
            values: values.to_vec(),
        })
    }

    fn left(&self, width: f64) -> f64 {
        let longest = self.names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        // A number stands behind each name, for the columns.
        (16.0 + (longest + 5) as f64 * CHARACTER_WIDTH).min(width * 0.34)
    }

    fn cell(&self, width: f64) -> (f64, f64) {
        let across = (width - self.left(width) - 8.0) / self.names.len() as f64;
        (across, across.clamp(14.0, 34.0))
    }
}

impl Figure for Heat {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> String {
        self.title.clone()
    }

    fn caption(&self) -> String {
        self.caption.clone()
    }

    fn span(&self) -> Span {
        if self.names.len() > 12 { Span::Full } else { Span::Half }
    }

    fn height(&self, width: f64) -> f64 {
        self.cell(width).1 * self.names.len() as f64 + 30.0
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let (left, top) = (self.left(canvas.width), 24.0);
        let (across, down) = self.cell(canvas.width);
        let room = ((left - 12.0) / CHARACTER_WIDTH) as usize;
        let n = self.names.len();
        for (index, name) in self.names.iter().enumerate() {
            let number = (index + 1).to_string();
            let label =
                format!("{} · {number}", format::clip(name, room.saturating_sub(3 + number.len()).max(2)));
            let middle = (index as f64 + 0.5) * across;
            canvas.text(&label, (left - 6.0, top + (index as f64 + 0.5) * down), Anchor::End, Paint::Ink)?;
            let size = (across * 0.9).min(12.0);
            canvas.sized_text(&number, (left + middle, 12.0), Anchor::Middle, Paint::Muted, size)?;
        }
        for (cell, value) in self.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let corner = (left + (cell % n) as f64 * across, top + (cell / n) as f64 * down);
            let far = (corner.0 + across - 1.0, corner.1 + down - 1.0);
            // Blue and orange are told apart by every kind of colour vision, and numbers say it where they fit.
            let paint = if *value < 0.0 { Paint::Orange } else { Paint::Blue };
            canvas.bar(corner, far, paint, 0.04 + 0.6 * value.abs())?;
            if across >= 30.0 {
                let text = format!("{value:.2}").replace('-', "−");
                let at = (f64::midpoint(corner.0, far.0), f64::midpoint(corner.1, far.1));
                canvas.sized_text(&text, at, Anchor::Middle, Paint::Ink, (across / 3.4).min(11.0))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_must_be_a_square_of_two_names_or_more() {
        let names = ["a", "b"].map(str::to_owned);
        let values = [Some(1.0), None, None, Some(1.0)];
        assert!(Heat::from("associations", "t", "c", &names, &values).is_some());
        assert_eq!(Heat::from("associations", "t", "c", &names, &values[..3]), None);
        assert_eq!(Heat::from("associations", "t", "c", &names[..1], &values[..1]), None);
    }
}
