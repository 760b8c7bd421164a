//! Charts: what is shown is computed from records into plain data first, then drawn.

pub(crate) mod bars;
pub(crate) mod calibration;
pub(crate) mod classes;
pub(crate) mod columns;
pub(crate) mod confusion;
pub(crate) mod contour;
pub(crate) mod curves;
pub(crate) mod edf;
pub(crate) mod errors;
pub(crate) mod families;
pub(crate) mod folds;
pub(crate) mod front;
pub(crate) mod heat;
pub(crate) mod histogram;
pub(crate) mod history;
pub(crate) mod intermediate;
pub(crate) mod learning;
pub(crate) mod missing;
pub(crate) mod network;
pub(crate) mod parallel;
pub(crate) mod points;
pub(crate) mod ranking;
pub(crate) mod regression;
pub(crate) mod residuals;
pub(crate) mod slices;
pub(crate) mod threshold;
pub(crate) mod timeline;

use automl_core::{Direction, Metric, TrialRecord};

use crate::draw::{self, Canvas, Drawn};
use crate::error::ReportError;
use crate::format;

/// Most points drawn in one chart.
pub(crate) const MOST_POINTS: usize = 1500;

/// How much of the page's width a chart takes on a desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// All of it.
    Full,
    /// Half of it, beside another.
    Half,
}

/// Width of a chart on a phone, in `viewBox` units, which are CSS pixels there.
const PHONE_WIDTH: f64 = 340.0;

impl Span {
    fn width(self) -> f64 {
        match self {
            Span::Full => 1060.0,
            Span::Half => 510.0,
        }
    }
}

/// Figure data that can be drawn.
pub(crate) trait Figure {
    /// Short lower-case name, used in error messages and as CSS class.
    fn name(&self) -> &'static str;

    /// Heading.
    fn title(&self) -> String;

    /// What is seen, in one or two sentences; also what screen readers announce.
    fn caption(&self) -> String;

    /// Width on a desktop.
    fn span(&self) -> Span;

    /// Height in units at a width in units.
    fn height(&self, width: f64) -> f64;

    /// Draws the marks.
    fn draw(&self, canvas: &Canvas<'_>) -> Drawn;
}

/// A drawn figure: once for wide screens and paper, once for phones, so that text keeps its size.
pub(crate) struct DrawnFigure {
    pub(crate) wide: String,
    pub(crate) narrow: String,
}

/// Draws `figure` in both widths.
///
/// # Errors
/// [`ReportError::Draw`].
pub(crate) fn draw_both(figure: &dyn Figure) -> Result<DrawnFigure, ReportError> {
    let alt = format!("{}. {}", figure.title(), figure.caption());
    let at = |width: f64| {
        draw::svg(figure.name(), &alt, (width, figure.height(width)), |canvas| figure.draw(canvas))
    };
    Ok(DrawnFigure { wide: at(figure.span().width())?, narrow: at(PHONE_WIDTH)? })
}

/// The value of a trial in the metric's own unit: its mean over the folds, or over those that were done.
pub(crate) fn value_of(trial: &TrialRecord, metric: Metric) -> Option<f64> {
    let cost = trial.cost.or_else(|| trial.steps.last().map(|(_, cost)| *cost))?;
    Some(metric.direction().value(cost)).filter(|value| value.is_finite())
}

/// The name of a trial's family.
pub(crate) fn family_of(trial: &TrialRecord) -> &str {
    trial.params.text("family").unwrap_or(format::NONE)
}

/// `Log loss (lower is better)`.
pub(crate) fn axis_name(metric: Metric) -> String {
    format::capitalised(&with_direction(metric))
}

/// `log loss (lower is better)`.
pub(crate) fn with_direction(metric: Metric) -> String {
    let better = match metric.direction() {
        Direction::Minimize => "lower",
        Direction::Maximize => "higher",
    };
    format!("{} ({better} is better)", format::metric_label(metric))
}

/// Every `n`-th element such that at most `most` are left, the first among them.
pub(crate) fn thin<T: Copy>(values: &[T], most: usize) -> Vec<T> {
    let every = values.len().div_ceil(most.max(1)).max(1);
    values.iter().copied().step_by(every).collect()
}

/// A range that a few very bad values cannot stretch: values to show, and how many lie beyond.
///
/// The bad end is cut where it is further from the best value than four times the upper quartile.
pub(crate) fn without_outliers(values: &[f64], direction: Direction) -> (Vec<f64>, usize) {
    let mut costs: Vec<f64> =
        values.iter().filter(|value| value.is_finite()).map(|value| direction.cost(*value)).collect();
    costs.sort_by(f64::total_cmp);
    let (Some(best), Some(quartile)) = (costs.first().copied(), quantile(&costs, 0.75)) else {
        return (Vec::new(), 0);
    };
    let limit = if quartile > best { best + 4.0 * (quartile - best) } else { f64::INFINITY };
    let n_beyond = costs.iter().filter(|cost| **cost > limit).count();
    let shown = costs.iter().filter(|cost| **cost <= limit).map(|cost| direction.value(*cost));
    (shown.collect(), n_beyond)
}

/// The same, with `landmarks` always shown: whatever is no worse than they are is then shown as well.
pub(crate) fn range_with(
    values: &[f64],
    landmarks: impl IntoIterator<Item = f64>,
    direction: Direction,
) -> (Vec<f64>, usize) {
    let (mut shown, _) = without_outliers(values, direction);
    shown.extend(landmarks);
    let limit = shown.iter().map(|value| direction.cost(*value)).fold(f64::NEG_INFINITY, f64::max);
    let n_beyond = values.iter().filter(|value| direction.cost(**value) > limit).count();
    (shown, n_beyond)
}

/// Quantile of sorted values with linear interpolation (numpy's default); `None` where there is none.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let position = share * (sorted.len().checked_sub(1)? as f64);
    let low = position.floor() as usize;
    let high = position.ceil() as usize;
    Some(sorted[low] + (sorted[high] - sorted[low]) * (position - low as f64))
}

/// ` 3 trials beyond the axis are drawn at its edge.`, or nothing.
pub(crate) fn beyond_note(n_beyond: usize, noun: &str) -> String {
    match n_beyond {
        0 => String::new(),
        1 => format!(" 1 {noun} beyond the axis is drawn at its edge."),
        _ => format!(" {} beyond the axis are drawn at its edge.", format::counted(n_beyond, noun)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[3.0], 0.9), Some(3.0));
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.75), Some(3.25));
    }

    #[test]
    fn very_bad_values_do_not_stretch_the_range() {
        let values = [0.1, 0.2, 0.2, 0.3, 90.0, f64::NAN];
        assert_eq!(without_outliers(&values, Direction::Minimize), (vec![0.1, 0.2, 0.2, 0.3], 1));
        assert_eq!(without_outliers(&[1.0, 1.0], Direction::Maximize), (vec![1.0, 1.0], 0));
        assert_eq!(without_outliers(&[], Direction::Maximize), (vec![], 0));
        assert_eq!(range_with(&values, [50.0], Direction::Minimize).1, 1);
        assert_eq!(range_with(&values, [95.0], Direction::Minimize).1, 0);
    }

    #[test]
    fn thinning_keeps_the_first_and_the_limit() {
        let values: Vec<usize> = (0..1000).collect();
        assert_eq!(thin(&values, 1000).len(), 1000);
        assert_eq!(thin(&values, 300).len(), 250);
        assert_eq!(thin(&values, 1), vec![0]);
        assert!(thin::<usize>(&[], 5).is_empty());
    }
}
