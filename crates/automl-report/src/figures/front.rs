//! Two objectives against each other, and the trials that no other beats in both.

use super::{Figure, Span, quantile, thin};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::model::{Front, FrontPoint};
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Most points drawn that are not on the front.
const MOST_POINTS: usize = 1000;

/// Figure data of the Pareto front.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ParetoFront {
    names: [String; 2],
    /// Complete trials that another one beats, by number.
    pub(crate) beaten: Vec<FrontPoint>,
    /// Those on the front, by their first value.
    pub(crate) front: Vec<FrontPoint>,
}

impl ParetoFront {
    /// `None` with one objective, or without a complete trial.
    pub(crate) fn from(front: Option<&Front>) -> Option<Self> {
        let Front { names, points } = front?;
        let finite =
            points.iter().copied().filter(|point| point.first.is_finite() && point.second.is_finite());
        let (mut on, off): (Vec<FrontPoint>, Vec<FrontPoint>) = finite.partition(|point| point.on_front);
        on.sort_by(|a, b| a.first.total_cmp(&b.first));
        (!on.is_empty()).then(|| Self { names: names.clone(), beaten: off, front: on })
    }
}

impl ParetoFront {
    /// What the axis of one objective shows: the front, and of the others what lies within Tukey's fences.
    fn shown(&self, of: impl Fn(&FrontPoint) -> f64) -> Vec<f64> {
        let mut all: Vec<f64> = self.front.iter().chain(&self.beaten).map(&of).collect();
        all.sort_unstable_by(f64::total_cmp);
        let fences = quantile(&all, 0.25).zip(quantile(&all, 0.75)).map(|(low, high)| {
            let reach = 1.5 * (high - low);
            (low - reach, high + reach)
        });
        let is_inside = |value: &f64| fences.is_none_or(|(low, high)| (low..=high).contains(value));
        self.front.iter().map(&of).chain(all.iter().copied().filter(is_inside)).collect()
    }
}

impl Figure for ParetoFront {
    fn name(&self) -> &'static str {
        "front"
    }

    fn title(&self) -> String {
        format!("{} against {}", self.names[0], self.names[1])
    }

    fn caption(&self) -> String {
        format!(
            "Each point is a complete trial. {} of {} are on the Pareto front: no trial is better in one objective \
            and as good in all others. Trials far from all others are drawn at the edge.",
            format::count(self.front.len()),
            format::count(self.front.len() + self.beaten.len())
        )
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        340.0
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let x = Scale::around(self.shown(|point| point.first), (canvas.width / 100.0) as usize);
        let y = Scale::around(self.shown(|point| point.second), 5);
        let legend =
            [(Symbol::Dot, Paint::Orange, "on the front"), (Symbol::Dot, Paint::Blue, "beaten by another")];
        let plot = Plot::new(canvas, (x, &self.names[0]), (y, &self.names[1]), &legend)?;
        for point in thin(&self.beaten, MOST_POINTS) {
            canvas.dot(plot.at(point.first, point.second), 3.0, Paint::Blue, 0.5)?;
        }
        for point in &self.front {
            let at = plot.at(point.first, point.second);
            canvas.dot(at, 4.2, Paint::Orange, 1.0)?;
            let [first, second] = [point.first, point.second].map(format::number);
            canvas.tip(at, 6.0, &format!("#{}: {first}, {second}", point.trial));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_does_not_press_the_others_together() {
        let point = |first: f64| FrontPoint { trial: 0, first, second: 1.0, on_front: first < 0.15 };
        let points = [0.1, 0.2, 0.21, 0.22, 0.23, 0.24, 9.0].map(point).to_vec();
        let names = ["a".to_owned(), "b".to_owned()];
        let figure = ParetoFront::from(Some(&Front { names, points })).unwrap();
        assert!(figure.shown(|point| point.first).iter().all(|value| *value < 1.0));
    }

    #[test]
    fn the_front_is_told_from_the_rest_and_needs_a_trial() {
        let point =
            |trial: u32, first: f64, on_front: bool| FrontPoint { trial, first, second: 1.0, on_front };
        let names = ["log_loss".to_owned(), "fit_time".to_owned()];
        let points =
            vec![point(0, 0.5, true), point(1, 0.9, false), point(2, 0.1, true), point(3, f64::NAN, true)];
        let figure = ParetoFront::from(Some(&Front { names: names.clone(), points })).unwrap();
        assert_eq!(figure.front.iter().map(|point| point.trial).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(figure.beaten.iter().map(|point| point.trial).collect::<Vec<_>>(), [1]);
        assert_eq!(ParetoFront::from(Some(&Front { names, points: vec![] })), None);
        assert_eq!(ParetoFront::from(None), None);
    }
}
