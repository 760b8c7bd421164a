//! What a ranking by probability is worth: separation (KS), cumulative gains and lift.

use super::{Figure, Span, thin};
use crate::draw::{Anchor, Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Points of a line.
const MOST_STEPS: usize = 200;

/// Which of the three is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Distribution functions of the probability in both classes; their largest distance.
    Ks,
    /// Share of the positive rows among the highest ranked ones.
    Gains,
    /// How many times more of them there are than by chance.
    Lift,
}

/// Figure data of one of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranking {
    kind: Kind,
    positive: String,
    /// (probability, share of the negative rows below it, share of the positive rows) for KS; (share of rows, share of the
    /// positive rows among them, lift) for the others. Increasing in the first.
    pub(crate) points: Vec<(f64, f64, f64)>,
    /// Where the distance of KS is largest, and the distance.
    pub(crate) largest: (f64, f64),
    prevalence: f64,
}

impl Ranking {
    /// From each row's truth and probability of the positive class; `None` without rows of both classes.
    pub(crate) fn from(rows: &[(bool, f64)], positive: &str, kind: Kind) -> Option<Self> {
        let mut rows: Vec<(bool, f64)> =
            rows.iter().copied().filter(|(_, probability)| probability.is_finite()).collect();
        let n_positive = rows.iter().filter(|(truth, _)| *truth).count();
        let n_negative = rows.len() - n_positive;
        if n_positive == 0 || n_negative == 0 {
            return None;
        }
        rows.sort_by(|a, b| a.1.total_cmp(&b.1));
        if kind != Kind::Ks {
            rows.reverse();
        }
        let (n, mut seen, mut hits) = (rows.len() as f64, 0_usize, 0_usize);
        let mut points = vec![if kind == Kind::Ks { (0.0, 0.0, 0.0) } else { (0.0, 0.0, f64::NAN) }];
        let mut largest = (0.0, 0.0_f64);
        for (place, (truth, probability)) in rows.iter().enumerate() {
            seen += 1;
            hits += usize::from(*truth);
            // Rows of one probability cannot be told apart.
            if rows.get(place + 1).is_some_and(|next| next.1 == *probability) {
                continue;
            }
            let (of_positive, of_negative) =
                (hits as f64 / n_positive as f64, (seen - hits) as f64 / n_negative as f64);
            if kind == Kind::Ks {
                points.push((*probability, of_negative, of_positive));
                let distance = of_negative - of_positive;
                if distance > largest.1 {
                    largest = (*probability, distance);
                }
            } else {
                let share = seen as f64 / n;
                points.push((share, of_positive, of_positive / share));
            }
        }
        if kind == Kind::Ks {
            points.push((1.0, 1.0, 1.0));
        }
        let prevalence = n_positive as f64 / n;
        Some(Self { kind, positive: positive.to_owned(), points, largest, prevalence })
    }

    /// The share of positive rows, and the lift, among the first `share` of the rows; rows of one probability hold their
    /// positives evenly.
    fn at(&self, share: f64) -> Option<(f64, f64)> {
        let next = self.points.iter().position(|point| point.0 >= share)?;
        let (before, after) = (self.points[next.checked_sub(1)?], self.points[next]);
        let found = before.1 + (after.1 - before.1) * (share - before.0) / (after.0 - before.0);
        Some((found, found / share))
    }
}

impl Figure for Ranking {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Ks => "ks",
            Kind::Gains => "gains",
            Kind::Lift => "lift",
        }
    }

    fn title(&self) -> String {
        match self.kind {
            Kind::Ks => "Separation of the classes (KS)".to_owned(),
            Kind::Gains => "Cumulative gains".to_owned(),
            Kind::Lift => "Lift".to_owned(),
        }
    }

    fn caption(&self) -> String {
        let positive = format::clip(&self.positive, 60);
        let tenth = self.at(0.1);
        match self.kind {
            Kind::Ks => format!(
                "Share of the rows of each class whose probability of “{positive}” is below a value. The largest distance, \
                 Kolmogorov and Smirnov's statistic, is {} at {}.",
                format::short_number(self.largest.1),
                format::short_number(self.largest.0)
            ),
            Kind::Gains => format!(
                "Share of all “{positive}” that are found by looking at the most probable rows only{}. Dashed: by chance.",
                tenth.map_or(String::new(), |(share, _)| format!(
                    ": the first tenth holds {}",
                    format::percent(share)
                ))
            ),
            Kind::Lift => format!(
                "How many times more “{positive}” there are among the most probable rows than among all{}.",
                tenth.map_or(String::new(), |(_, lift)| format!(
                    ": {} in the first tenth",
                    format::short_number(lift)
                ))
            ),
        }
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        (width * 0.65).min(320.0)
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let points = thin(&self.points, MOST_STEPS);
        // Thinning may leave out the end.
        let points: Vec<(f64, f64, f64)> = points.into_iter().chain(self.points.last().copied()).collect();
        let line = |of: fn(&(f64, f64, f64)) -> f64| -> Vec<(f64, f64)> {
            points.iter().map(|point| (point.0, of(point))).filter(|point| point.1.is_finite()).collect()
        };
        let unit = || Scale::between(0.0, 1.0, 5);
        match self.kind {
            Kind::Ks => {
                let legend = [
                    (Symbol::Line, Paint::Orange, "other classes"),
                    (Symbol::Line, Paint::Blue, "positive class"),
                    (Symbol::Dashes, Paint::Ink, "largest distance"),
                ];
                let plot =
                    Plot::new(canvas, (unit(), "Probability"), (unit(), "Share of rows below"), &legend)?;
                plot.line(&line(|point| point.1), Paint::Orange, 2.0, 0.95)?;
                plot.line(&line(|point| point.2), Paint::Blue, 2.0, 0.95)?;
                let (x, distance) = self.largest;
                let high = self.points.iter().find(|point| point.0 == x).map_or(distance, |point| point.1);
                canvas.dashes(plot.at(x, high - distance), plot.at(x, high), Paint::Ink, 1.6)
            }
            Kind::Gains => {
                let legend = [(Symbol::Line, Paint::Blue, "model"), (Symbol::Line, Paint::Green, "perfect")];
                let plot = Plot::new(
                    canvas,
                    (unit(), "Share of rows"),
                    (unit(), "Share of positives found"),
                    &legend,
                )?;
                canvas.dashes(plot.at(0.0, 0.0), plot.at(1.0, 1.0), Paint::Muted, 1.2)?;
                plot.line(&[(0.0, 0.0), (self.prevalence, 1.0), (1.0, 1.0)], Paint::Green, 1.4, 0.9)?;
                plot.line(&line(|point| point.1), Paint::Blue, 2.0, 0.95)
            }
            Kind::Lift => {
                let lifts = line(|point| point.2);
                // A handful of rows at the top may be pure by luck, and would press all others together.
                let shown = lifts.iter().filter(|point| point.0 >= 0.01).map(|point| point.1);
                let y = Scale::around(shown.chain([0.0, 1.0]), 5);
                let plot = Plot::new(canvas, (unit(), "Share of rows"), (y, "Lift"), &[])?;
                canvas.dashes(plot.at(0.0, 1.0), plot.at(1.0, 1.0), Paint::Muted, 1.2)?;
                plot.line(&lifts, Paint::Blue, 2.0, 0.95)?;
                canvas.text("by chance", plot.at(0.02, 1.0), Anchor::Start, Paint::Muted)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight rows; sorted by probability: n n p n n p p p.
    fn rows() -> Vec<(bool, f64)> {
        let truths = [false, false, true, false, false, true, true, true];
        truths.into_iter().zip([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]).collect()
    }

    #[test]
    fn ks_is_the_largest_distance_of_the_distribution_functions() {
        // scipy 1.17: ks_2samp([.3, .7, .8, .9], [.1, .2, .4, .5]).statistic is 0.75, at 0.5.
        let ks = Ranking::from(&rows(), "yes", Kind::Ks).unwrap();
        assert_eq!(ks.largest, (0.5, 0.75));
    }

    #[test]
    fn gains_count_positives_among_the_most_probable_rows() {
        let gains = Ranking::from(&rows(), "yes", Kind::Gains).unwrap();
        assert_eq!(gains.points[3], (0.375, 0.75, 2.0));
        assert_eq!(gains.points.last(), Some(&(1.0, 1.0, 1.0)));
        assert!(gains.caption().contains("the first tenth holds 20.0 %"), "{}", gains.caption());
    }

    #[test]
    fn equal_probabilities_are_one_step() {
        let rows = [(true, 0.5), (false, 0.5), (true, 0.9), (false, f64::NAN)];
        let lift = Ranking::from(&rows, "yes", Kind::Lift).unwrap();
        assert_eq!(lift.points.len(), 3);
        assert_eq!(lift.points[1], (1.0 / 3.0, 0.5, 1.5));
        // Of rows that cannot be told apart the first tenth holds a tenth of what they hold.
        let alike: Vec<(bool, f64)> = (0..100).map(|row| (row < 30, 1.0)).collect();
        let (found, lift) = Ranking::from(&alike, "yes", Kind::Gains).unwrap().at(0.1).unwrap();
        assert!((found - 0.1).abs() < 1e-12 && (lift - 1.0).abs() < 1e-12, "{found}, {lift}");
        assert_eq!(Ranking::from(&rows[..1], "yes", Kind::Lift), None);
    }
}
