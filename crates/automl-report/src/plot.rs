//! A chart's frame: margins, grid, ticks, axis titles, legend.

use crate::draw::{Anchor, CHARACTER_WIDTH, Canvas, DrawFailure, Drawn, Paint};
use crate::format;
use crate::scale::Scale;

/// Heights of the bands around the plotting area, in units.
const TITLE_BAND: f64 = 24.0;
const LEGEND_BAND: f64 = 22.0;
const TICK_BAND: f64 = 24.0;
const NAME_BAND: f64 = 20.0;

/// How a legend shows a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// A filled circle.
    Dot,
    /// A circle's outline.
    Ring,
    /// A cross.
    Cross,
    /// A line.
    Line,
    /// A dashed line.
    Dashes,
}

/// One entry of a legend.
pub(crate) type Entry<'a> = (Symbol, Paint, &'a str);

/// A plotting area with two scales.
pub(crate) struct Plot<'a, 'b> {
    pub(crate) canvas: &'a Canvas<'b>,
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
}

impl<'a, 'b> Plot<'a, 'b> {
    /// Draws grid, ticks, axis titles and legend, and leaves the area for the marks. The title of the y
    /// axis stands level above it, where it can be read without turning the head.
    pub(crate) fn new(
        canvas: &'a Canvas<'b>,
        (x, x_name): (Scale, &str),
        (y, y_name): (Scale, &str),
        legend: &[Entry<'_>],
    ) -> Result<Self, DrawFailure> {
        let longest = y.ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0);
        let left = 14.0 + longest as f64 * CHARACTER_WIDTH;
        let n_lines = legend_lines(canvas.width, legend);
        let top = if y_name.is_empty() { 8.0 } else { TITLE_BAND } + n_lines as f64 * LEGEND_BAND + 4.0;
        let bottom = canvas.height - TICK_BAND - if x_name.is_empty() { 0.0 } else { NAME_BAND };
        let plot = Self { canvas, left, top, right: canvas.width - 16.0, bottom, x, y };
        plot.axes(x_name, y_name)?;
        draw_legend(canvas, legend)?;
        Ok(plot)
    }

    /// Rows with names on the left and values along x: bar charts and dot plots. Row 0 is on top.
    pub(crate) fn rows(
        canvas: &'a Canvas<'b>,
        names: &[String],
        (x, x_name): (Scale, &str),
        legend: &[Entry<'_>],
    ) -> Result<Self, DrawFailure> {
        let room = (canvas.width * 0.36 / CHARACTER_WIDTH) as usize;
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(room);
        let left = 14.0 + longest as f64 * CHARACTER_WIDTH;
        let n_lines = legend_lines(canvas.width, legend);
        let top = 6.0 + n_lines as f64 * LEGEND_BAND;
        let bottom = canvas.height - TICK_BAND - if x_name.is_empty() { 0.0 } else { NAME_BAND };
        let y = Scale::bare(0.0, names.len().max(1) as f64);
        let plot = Self { canvas, left, top, right: canvas.width - 18.0, bottom, x, y };
        plot.vertical_grid()?;
        plot.x_labels(x_name)?;
        draw_legend(canvas, legend)?;
        for (row, name) in names.iter().enumerate() {
            let at = (left - 8.0, plot.row_middle(row));
            canvas.text(&format::clip(name, room.max(4)), at, Anchor::End, Paint::Ink)?;
        }
        Ok(plot)
    }

    /// Height that `n_rows` rows need, legend and axis included.
    pub(crate) fn height_of_rows(n_rows: usize, row_height: f64, legend: bool) -> f64 {
        let around = 6.0 + TICK_BAND + NAME_BAND + if legend { LEGEND_BAND } else { 0.0 };
        n_rows.max(1) as f64 * row_height + around
    }

    /// The pixel of a value pair; values outside land on the border.
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x_at(x), self.bottom - self.y.share(y) * (self.bottom - self.top))
    }

    /// The horizontal pixel of a value.
    pub(crate) fn x_at(&self, x: f64) -> f64 {
        self.left + self.x.share(x) * (self.right - self.left)
    }

    /// The vertical middle of a row.
    pub(crate) fn row_middle(&self, row: usize) -> f64 {
        self.top + (row as f64 + 0.5) * self.row_height()
    }

    /// Height of a row.
    pub(crate) fn row_height(&self) -> f64 {
        (self.bottom - self.top) / self.y.high
    }

    /// A line through values.
    pub(crate) fn line(&self, values: &[(f64, f64)], paint: Paint, width: f64, opacity: f64) -> Drawn {
        let points: Vec<(f64, f64)> = values.iter().map(|&(x, y)| self.at(x, y)).collect();
        self.canvas.path(&points, paint, width, opacity)
    }

    fn axes(&self, x_name: &str, y_name: &str) -> Drawn {
        for (value, label) in &self.y.ticks {
            let (_, y) = self.at(self.x.low, *value);
            self.canvas.path(&[(self.left, y), (self.right, y)], Paint::Grid, 1.0, 1.0)?;
            self.canvas.text(label, (self.left - 8.0, y), Anchor::End, Paint::Muted)?;
        }
        if !y_name.is_empty() {
            let room = ((self.canvas.width - 8.0) / CHARACTER_WIDTH) as usize;
            let at = (4.0, self.top - 15.0);
            self.canvas.text(&format::clip(y_name, room), at, Anchor::Start, Paint::Muted)?;
        }
        self.x_labels(x_name)
    }

    fn vertical_grid(&self) -> Drawn {
        for (value, _) in &self.x.ticks {
            let x = self.x_at(*value);
            self.canvas.path(&[(x, self.top), (x, self.bottom)], Paint::Grid, 1.0, 1.0)?;
        }
        Ok(())
    }

    fn x_labels(&self, x_name: &str) -> Drawn {
        self.canvas.path(&[(self.left, self.bottom), (self.right, self.bottom)], Paint::Muted, 1.0, 0.6)?;
        let mut free_from = f64::NEG_INFINITY;
        for (value, label) in &self.x.ticks {
            let half = label.chars().count() as f64 * CHARACTER_WIDTH / 2.0;
            // The label of a tick at the very end would be cut off by the edge of the picture.
            let x = self.x_at(*value).min(self.canvas.width - half - 1.0).max(half + 1.0);
            if x - half < free_from {
                continue;
            }
            self.canvas.text(label, (x, self.bottom + 13.0), Anchor::Middle, Paint::Muted)?;
            free_from = x + half + 4.0;
        }
        if x_name.is_empty() {
            return Ok(());
        }
        let middle = f64::midpoint(self.left, self.right);
        let room = ((self.right - self.left) / CHARACTER_WIDTH) as usize;
        let at = (middle, self.bottom + TICK_BAND + 8.0);
        self.canvas.text(&format::clip(x_name, room), at, Anchor::Middle, Paint::Muted)
    }
}

/// Draws a legend into the upper left corner.
pub(crate) fn draw_legend(canvas: &Canvas<'_>, entries: &[Entry<'_>]) -> Drawn {
    for ((symbol, paint, label), (x, line)) in entries.iter().zip(legend_places(canvas.width, entries)) {
        let y = (line as f64 + 0.5) * LEGEND_BAND;
        let middle = (x + 8.0, y);
        match symbol {
            Symbol::Dot => canvas.dot(middle, 4.0, *paint, 1.0)?,
            Symbol::Ring => canvas.ring(middle, 3.6, *paint, 1.0)?,
            Symbol::Cross => canvas.cross(middle, 3.2, *paint)?,
            Symbol::Line => canvas.path(&[(x, y), (x + 16.0, y)], *paint, 2.4, 1.0)?,
            Symbol::Dashes => canvas.dashes((x, y), (x + 18.0, y), *paint, 1.6)?,
        }
        canvas.text(label, (x + 22.0, y), Anchor::Start, Paint::Ink)?;
    }
    Ok(())
}

/// (x, line) of each entry, wrapped at the width of the picture.
fn legend_places(width: f64, entries: &[Entry<'_>]) -> Vec<(f64, usize)> {
    let (mut x, mut line) = (4.0, 0);
    let mut places = Vec::with_capacity(entries.len());
    for (_, _, label) in entries {
        let needed = 22.0 + label.chars().count() as f64 * CHARACTER_WIDTH;
        if x > 4.0 && x + needed > width {
            (x, line) = (4.0, line + 1);
        }
        places.push((x, line));
        x += needed + 16.0;
    }
    places
}

fn legend_lines(width: f64, entries: &[Entry<'_>]) -> usize {
    legend_places(width, entries).last().map_or(0, |(_, line)| line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_wraps_at_the_width_of_the_picture() {
        let entries = [(Symbol::Dot, Paint::Blue, "complete"); 3];
        assert_eq!(legend_places(1000.0, &entries).last().map(|place| place.1), Some(0));
        assert_eq!(legend_lines(100.0, &entries), 3);
        assert_eq!(legend_lines(100.0, &[]), 0);
    }
}
