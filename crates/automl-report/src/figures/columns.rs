//! The columns of the table, a small chart each: how their values are distributed, and what they say of the target.

use automl_core::{ColumnSummary, DataSummary, Distribution, Group, GroupTarget};

use super::{Figure, Span};
use crate::draw::{Anchor, CHARACTER_WIDTH, Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Entry, Symbol};
use crate::scale::Scale;

/// Columns drawn: those that explain most of the target.
const MOST_COLUMNS: usize = 24;
/// Levels drawn of one column.
const MOST_LEVELS: usize = 6;
/// Narrowest small chart, in units, and the height of one.
const NARROWEST: f64 = 200.0;
const HEIGHT: f64 = 150.0;
/// Room above a small chart's marks for its name, and below for the ends of its axis.
const TOP: f64 = 22.0;
const BOTTOM: f64 = 20.0;

/// What the small charts show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Values.
    Distributions,
    /// The target by values.
    Relations,
}

/// Figure data of the small charts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SmallCharts {
    shown: Shown,
    target: String,
    /// Labels of the classes that shares are of; empty for regression.
    classes: Vec<String>,
    /// The columns that explain most of the target first.
    pub(crate) columns: Vec<ColumnSummary>,
    n_columns: usize,
    n_rows: usize,
}

impl SmallCharts {
    /// `None` without a column.
    pub(crate) fn from(summary: &DataSummary, target: &str, labels: &[String], shown: Shown) -> Option<Self> {
        let mut columns: Vec<&ColumnSummary> = summary.columns.iter().collect();
        columns.sort_by(|a, b| b.explained.total_cmp(&a.explained));
        let label = |class: &u32| labels.get(*class as usize).cloned().unwrap_or_else(|| class.to_string());
        let classes: Vec<String> = summary.classes.iter().map(label).collect();
        let columns: Vec<ColumnSummary> = columns.into_iter().take(MOST_COLUMNS).cloned().collect();
        (!columns.is_empty()).then(|| Self {
            shown,
            target: target.to_owned(),
            classes,
            columns,
            n_columns: summary.columns.len(),
            n_rows: summary.n_rows,
        })
    }

    /// The classes whose shares are drawn: the second of two, all of a few.
    fn drawn_classes(&self) -> std::ops::Range<usize> {
        match self.classes.len() {
            2 => 1..2,
            n => 0..n.min(6),
        }
    }

    fn per_row(width: f64) -> usize {
        ((width / NARROWEST) as usize).clamp(1, 5)
    }

    /// Room on top for the legend.
    fn legend_height(&self) -> f64 {
        if self.shown == Shown::Relations && self.classes.len() > 2 { 26.0 } else { 0.0 }
    }
}

impl Figure for SmallCharts {
    fn name(&self) -> &'static str {
        match self.shown {
            Shown::Distributions => "distributions",
            Shown::Relations => "relations",
        }
    }

    fn title(&self) -> String {
        match self.shown {
            Shown::Distributions => "Distributions of the columns".to_owned(),
            Shown::Relations => format!("{} by column", format::clip(&self.target, 60)),
        }
    }

    fn caption(&self) -> String {
        let what = match (self.shown, self.classes.len()) {
            (Shown::Distributions, _) => {
                "Numbers in bins of equal width from end to end, names by frequency.".to_owned()
            }
            (Shown::Relations, 0) => {
                "Median and middle half of the target, for numbers in groups of like size from low to high, for each of the \
                 most frequent names, and for missing values (–)."
                    .to_owned()
            }
            (Shown::Relations, 2) => format!(
                "Share of “{}”, for numbers in groups of like size from low to high, for each of the most frequent names, and \
                 for missing values (–).",
                format::clip(&self.classes[1], 60)
            ),
            (Shown::Relations, n) => {
                let shown = match self.drawn_classes().len() {
                    drawn if drawn < n => format!("the first {drawn} of {n} classes"),
                    _ => "the classes".to_owned(),
                };
                format!(
                    "Shares of {shown}, for numbers in groups of like size from low to high, for each of the most frequent \
                     names, and for missing values (–)."
                )
            }
        };
        let cut = if self.columns.len() < self.n_columns {
            format!(
                " The {} columns that explain most of the target are drawn, of {}.",
                self.columns.len(),
                format::count(self.n_columns)
            )
        } else {
            " The columns that explain most of the target come first.".to_owned()
        };
        format!("{what}{cut} From {}.", format::counted(self.n_rows, "training row"))
    }

    fn span(&self) -> Span {
        Span::Full
    }

    fn height(&self, width: f64) -> f64 {
        self.legend_height() + self.columns.len().div_ceil(Self::per_row(width)) as f64 * HEIGHT
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let per_row = Self::per_row(canvas.width);
        let width = canvas.width / per_row as f64;
        if self.legend_height() > 0.0 {
            let entries: Vec<Entry<'_>> = self
                .drawn_classes()
                .map(|class| (Symbol::Line, Paint::series(class), self.classes[class].as_str()))
                .collect();
            crate::plot::draw_legend(canvas, &entries)?;
        }
        for (index, column) in self.columns.iter().enumerate() {
            let corner =
                ((index % per_row) as f64 * width, self.legend_height() + (index / per_row) as f64 * HEIGHT);
            let part = canvas.part(corner, (width - 14.0, HEIGHT - 10.0));
            let room = (part.width / CHARACTER_WIDTH) as usize;
            part.text(&format::clip(&column.name, room), (0.0, 9.0), Anchor::Start, Paint::Ink)?;
            match self.shown {
                Shown::Distributions => draw_distribution(&part, &column.distribution)?,
                Shown::Relations => self.draw_relation(&part, column)?,
            }
        }
        Ok(())
    }
}

fn draw_distribution(part: &Canvas<'_>, distribution: &Distribution) -> Drawn {
    let bottom = part.height - BOTTOM;
    match distribution {
        Distribution::Numeric { low, high, ends, counts, .. } => {
            let most = counts.iter().max().copied().unwrap_or(1).max(1) as f64;
            let width = part.width / counts.len().max(1) as f64;
            for (bin, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let height = (count as f64 / most * (bottom - TOP)).max(0.8);
                let x = bin as f64 * width;
                part.bar((x, bottom - height), (x + width - 0.8, bottom), Paint::Blue, 0.8)?;
            }
            let ends =
                ends.clone().unwrap_or_else(|| [format::short_number(*low), format::short_number(*high)]);
            axis_ends(part, bottom, &ends)
        }
        Distribution::Levels { levels, others } => {
            let mut rows: Vec<(String, usize)> = levels.iter().take(MOST_LEVELS).cloned().collect();
            let n_more = levels.len() - rows.len() + others.0;
            let of_more = levels[rows.len()..].iter().map(|(_, count)| count).sum::<usize>() + others.1;
            if n_more > 0 {
                rows.push((format!("{} more", format::count(n_more)), of_more));
            }
            let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1) as f64;
            let height = ((part.height - TOP) / rows.len() as f64).min(17.0);
            let left = part.width * 0.42;
            for (row, (level, count)) in rows.iter().enumerate() {
                let y = TOP + (row as f64 + 0.5) * height;
                let room = (left / CHARACTER_WIDTH) as usize;
                part.sized_text(
                    &format::clip(level, room),
                    (left - 5.0, y),
                    Anchor::End,
                    Paint::Muted,
                    11.0,
                )?;
                let end = left + *count as f64 / most * (part.width - left);
                let is_rest = n_more > 0 && row + 1 == rows.len();
                let paint = if is_rest { Paint::Muted } else { Paint::Blue };
                part.bar((left, y - height * 0.36), (end.max(left + 0.8), y + height * 0.36), paint, 0.8)?;
            }
            Ok(())
        }
    }
}

/// The line under small bars, with the ends of its range.
fn axis_ends(part: &Canvas<'_>, bottom: f64, ends: &[String; 2]) -> Drawn {
    part.path(&[(0.0, bottom), (part.width, bottom)], Paint::Muted, 1.0, 0.6)?;
    part.sized_text(&ends[0], (0.0, bottom + 10.0), Anchor::Start, Paint::Muted, 11.0)?;
    part.sized_text(&ends[1], (part.width, bottom + 10.0), Anchor::End, Paint::Muted, 11.0)
}

impl SmallCharts {
    fn draw_relation(&self, part: &Canvas<'_>, column: &ColumnSummary) -> Drawn {
        let is_numeric = matches!(column.distribution, Distribution::Numeric { .. });
        let (missing, present): (Vec<&Group>, Vec<&Group>) =
            column.groups.iter().partition(|group| is_missing(group));
        // Numbers are in few groups anyway; of names the most frequent ones come first.
        let most = if is_numeric { present.len() } else { MOST_LEVELS };
        let groups: Vec<&Group> = present.into_iter().take(most).chain(missing).collect();
        let (low, high) = self.range(&groups);
        let y = Scale::around([low, high], 2);
        let left =
            6.0 + y.ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0) as f64 * 6.2;
        let bottom = part.height - BOTTOM;
        let at_y = |value: f64| bottom - y.share(value) * (bottom - TOP);
        for (value, label) in &y.ticks {
            part.path(&[(left, at_y(*value)), (part.width, at_y(*value))], Paint::Grid, 1.0, 1.0)?;
            part.sized_text(label, (left - 4.0, at_y(*value)), Anchor::End, Paint::Muted, 10.5)?;
        }
        let step = (part.width - left) / groups.len().max(1) as f64;
        let at_x = |group: usize| left + (group as f64 + 0.5) * step;
        let is_in_order = |group: &Group| is_numeric && !is_missing(group);
        match groups.first().map(|group| &group.target) {
            Some(GroupTarget::Shares(_)) => {
                for class in self.drawn_classes() {
                    let share = |group: &Group| match &group.target {
                        GroupTarget::Shares(shares) => shares.get(class).copied().unwrap_or(f64::NAN),
                        GroupTarget::Quartiles(_) => f64::NAN,
                    };
                    let points: Vec<(f64, f64, bool)> = groups
                        .iter()
                        .enumerate()
                        .map(|(place, group)| (at_x(place), at_y(share(group)), is_in_order(group)))
                        .collect();
                    draw_points(part, &points, Paint::series(class))?;
                }
            }
            Some(GroupTarget::Quartiles(_)) => {
                for (place, group) in groups.iter().enumerate() {
                    let GroupTarget::Quartiles([lower, _, upper]) = group.target else { continue };
                    let (x, width) = (at_x(place), (step * 0.32).min(9.0));
                    part.bar((x - width, at_y(lower)), (x + width, at_y(upper)), Paint::Blue, 0.22)?;
                }
                let median = |group: &Group| match group.target {
                    GroupTarget::Quartiles([_, median, _]) => median,
                    GroupTarget::Shares(_) => f64::NAN,
                };
                let points: Vec<(f64, f64, bool)> = groups
                    .iter()
                    .enumerate()
                    .map(|(place, group)| (at_x(place), at_y(median(group)), is_in_order(group)))
                    .collect();
                draw_points(part, &points, Paint::Blue)?;
            }
            None => {}
        }
        draw_group_labels(part, &groups, bottom, &at_x, step)
    }

    fn range(&self, groups: &[&Group]) -> (f64, f64) {
        let classes = self.drawn_classes();
        let values = groups.iter().flat_map(|group| match &group.target {
            GroupTarget::Shares(shares) => shares.get(classes.clone()).unwrap_or_default().to_vec(),
            GroupTarget::Quartiles(quartiles) => quartiles.to_vec(),
        });
        let is_share = !self.classes.is_empty();
        let start = if is_share { (0.0, 0.0_f64) } else { (f64::INFINITY, f64::NEG_INFINITY) };
        values.fold(start, |(low, high), value| (low.min(value), high.max(value)))
    }
}

/// The ends of numbers, the names of levels, and a dash under missing values.
fn draw_group_labels(
    part: &Canvas<'_>,
    groups: &[&Group],
    bottom: f64,
    at_x: &dyn Fn(usize) -> f64,
    step: f64,
) -> Drawn {
    let ordered: Vec<usize> = (0..groups.len()).filter(|&place| groups[place].range.is_some()).collect();
    let y = bottom + 10.0;
    if let (Some(&first), Some(&last)) = (ordered.first(), ordered.last()) {
        let ends = [groups[first], groups[last]].map(|group| group.range.unwrap_or_default());
        part.sized_text(
            &format::short_number(ends[0][0]),
            (at_x(first) - step / 2.0, y),
            Anchor::Start,
            Paint::Muted,
            11.0,
        )?;
        let at = (at_x(last) + step / 2.0, y);
        part.sized_text(&format::short_number(ends[1][1]), at, Anchor::End, Paint::Muted, 11.0)?;
    } else {
        let room = ((step - 2.0) / 5.6).max(1.0) as usize;
        for (place, group) in groups.iter().enumerate() {
            if let Some(label) = &group.label {
                part.sized_text(
                    &format::clip(label, room),
                    (at_x(place), y),
                    Anchor::Middle,
                    Paint::Muted,
                    10.0,
                )?;
            }
        }
    }
    for (place, _) in groups.iter().enumerate().filter(|(_, group)| is_missing(group)) {
        part.sized_text(format::NONE, (at_x(place), y), Anchor::Middle, Paint::Muted, 11.0)?;
    }
    Ok(())
}

fn is_missing(group: &Group) -> bool {
    group.label.is_none() && group.range.is_none()
}

/// Points, joined where they follow each other in an order.
fn draw_points(part: &Canvas<'_>, points: &[(f64, f64, bool)], paint: Paint) -> Drawn {
    let line: Vec<(f64, f64)> = points.iter().filter(|point| point.2).map(|&(x, y, _)| (x, y)).collect();
    part.path(&line, paint, 1.5, 0.8)?;
    for &(x, y, _) in points {
        part.dot((x, y), 2.8, paint, 1.0)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use automl_core::ColumnKind;

    use super::*;

    fn column(name: &str, explained: f64) -> ColumnSummary {
        ColumnSummary {
            name: name.to_owned(),
            kind: ColumnKind::Numeric,
            distribution: Distribution::Numeric {
                low: 0.0,
                high: 1.0,
                ends: None,
                counts: vec![1, 2],
                n_beyond: 0,
            },
            groups: Vec::new(),
            explained,
            drift: None,
        }
    }

    #[test]
    fn the_columns_that_explain_most_are_drawn() {
        let columns = (0..30).map(|index| column(&format!("c{index}"), f64::from(index) / 30.0)).collect();
        let summary = DataSummary { n_rows: 100, columns, classes: vec![0, 1], ..DataSummary::default() };
        let labels = ["no", "yes"].map(str::to_owned);
        let figure = SmallCharts::from(&summary, "y", &labels, Shown::Relations).unwrap();
        assert_eq!((figure.columns.len(), figure.columns[0].name.as_str()), (24, "c29"));
        assert!(figure.caption().starts_with("Share of “yes”"), "{}", figure.caption());
        assert!(figure.caption().contains("of 30"), "{}", figure.caption());
        assert_eq!(SmallCharts::from(&DataSummary::default(), "y", &labels, Shown::Distributions), None);
    }

    #[test]
    fn two_classes_are_one_line_and_many_are_six() {
        let of = |n: u32| {
            let summary = DataSummary {
                columns: vec![column("a", 0.5)],
                classes: (0..n).collect(),
                ..DataSummary::default()
            };
            SmallCharts::from(&summary, "y", &[], Shown::Relations).unwrap()
        };
        assert_eq!([0, 2, 3, 8].map(|n| of(n).drawn_classes()), [0..0, 1..2, 0..3, 0..6]);
        assert!(of(3).caption().starts_with("Shares of the classes, "), "{}", of(3).caption());
        assert!(of(8).caption().starts_with("Shares of the first 6 of 8 classes, "), "{}", of(8).caption());
    }
}
