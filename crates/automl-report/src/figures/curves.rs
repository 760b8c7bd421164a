//! ROC and precision-recall curves: of the positive class, or of each class against the rest.

use automl_core::metric::{pr_curve, roc_curve};
use automl_core::{Matrix, Metric, Predictions, Target};

use super::{Figure, Span, thin};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Entry, Plot, Symbol};
use crate::scale::Scale;

/// Above this many classes no curve is drawn.
pub(crate) const MOST_CLASSES: usize = 10;

/// Up to this many classes each has a colour of its own.
const MOST_COLOURS: usize = 5;

/// Most points of one curve.
const MOST_POINTS: usize = 250;

/// Points between 0 and 1 at which curves are averaged.
const GRID: usize = 100;

/// Which curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// True over false positive rate.
    Roc,
    /// Precision over recall.
    PrecisionRecall,
}

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    /// Class, or `mean of the classes`.
    pub(crate) label: String,
    /// Area under it.
    pub(crate) area: f64,
    /// Rising in x.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Figure data of ROC or precision-recall curves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curves {
    kind: Kind,
    /// One a class; of a binary task the positive one alone.
    pub(crate) classes: Vec<Curve>,
    /// Their mean; absent where there is one class.
    pub(crate) mean: Option<Curve>,
    /// Share of positive rows: the precision of guessing. For one class.
    pub(crate) prevalence: Option<f64>,
}

impl Curves {
    /// From the class index and the probabilities `[n_rows, n_classes]` of each row. `None` with more than
    /// [`MOST_CLASSES`] classes, or where no class has a curve.
    pub(crate) fn from(codes: &[u32], proba: &Matrix<f64>, labels: &[String], kind: Kind) -> Option<Self> {
        let n_classes = proba.n_cols();
        if !(2..=MOST_CLASSES).contains(&n_classes) {
            return None;
        }
        let wanted = if n_classes == 2 { 1..2 } else { 0..n_classes };
        let curve = |class: usize| {
            let label = labels.get(class).cloned().unwrap_or_else(|| class.to_string());
            curve_of(codes, proba, class, label, kind)
        };
        let classes: Vec<Curve> = wanted.filter_map(curve).collect();
        let prevalence = (n_classes == 2)
            .then(|| codes.iter().filter(|code| **code == 1).count() as f64 / codes.len().max(1) as f64);
        let mean = (classes.len() > 1).then(|| mean_of(&classes, kind));
        (!classes.is_empty()).then_some(Self { kind, classes, mean, prevalence })
    }

    fn series(&self) -> Vec<(Paint, f64, String, &Curve)> {
        let coloured = self.classes.len() <= MOST_COLOURS;
        let width = if self.mean.is_none() { 2.4 } else { 1.3 };
        let entry = |index: usize, curve: &Curve| match (coloured, index) {
            (true, _) => (Paint::series(index), named(&format::clip(&curve.label, 24), curve.area)),
            (false, 0) => (Paint::Muted, "each class".to_owned()),
            (false, _) => (Paint::Muted, String::new()),
        };
        let mut series = Vec::with_capacity(self.classes.len() + 1);
        for (index, curve) in self.classes.iter().enumerate() {
            let (paint, label) = entry(index, curve);
            series.push((paint, width, label, curve));
        }
        if let Some(mean) = &self.mean {
            series.push((Paint::Ink, 2.8, named(&mean.label, mean.area), mean));
        }
        series
    }
}

/// A legend's entry with the area.
fn named(label: &str, area: f64) -> String {
    format!("{label} ({area:.3})")
}

fn curve_of(codes: &[u32], proba: &Matrix<f64>, class: usize, label: String, kind: Kind) -> Option<Curve> {
    let positive: Vec<bool> = codes.iter().map(|code| *code as usize == class).collect();
    let scores = proba.column(class);
    let (metric, mut points): (_, Vec<(f64, f64)>) = match kind {
        Kind::Roc => {
            let curve = roc_curve(&positive, &scores).ok()?;
            let points = curve.false_positive_rate.into_iter().zip(curve.true_positive_rate);
            (Metric::RocAuc, points.collect())
        }
        Kind::PrecisionRecall => {
            let curve = pr_curve(&positive, &scores).ok()?;
            (Metric::PrAuc, curve.recall.into_iter().zip(curve.precision).rev().collect())
        }
    };
    let last = points.last().copied()?;
    points = thin(&points, MOST_POINTS);
    points.push(last);
    Some(Curve { label, area: area(&positive, &scores, metric)?, points })
}

fn area(positive: &[bool], scores: &[f64], metric: Metric) -> Option<f64> {
    let target = Target::Classes { codes: positive.iter().copied().map(u32::from).collect(), n_classes: 2 };
    let both = scores.iter().flat_map(|score| [1.0 - score, *score]).collect();
    metric.score(&target, &Predictions::Proba(Matrix::new(scores.len(), 2, both))).ok()
}

/// The mean of the curves at each of [`GRID`] + 1 places; its area is the mean of the areas.
fn mean_of(curves: &[Curve], kind: Kind) -> Curve {
    let place = |index: usize| index as f64 / GRID as f64;
    let height = |x: f64| {
        curves.iter().map(|curve| height_at(&curve.points, x, kind)).sum::<f64>() / curves.len() as f64
    };
    let mut points: Vec<(f64, f64)> = (0..=GRID).map(place).map(|x| (x, height(x))).collect();
    if kind == Kind::Roc {
        points.insert(0, (0.0, 0.0));
    }
    let area = curves.iter().map(|curve| curve.area).sum::<f64>() / curves.len() as f64;
    Curve { label: "mean of the classes".to_owned(), area, points }
}

/// The height of a curve: interpolated for ROC; for precision, which does not change evenly between
/// points, that of the next point.
fn height_at(points: &[(f64, f64)], x: f64, kind: Kind) -> f64 {
    let next = points.partition_point(|point| if kind == Kind::Roc { point.0 <= x } else { point.0 < x });
    let Some(&(right, above)) = points.get(next) else { return points.last().map_or(0.0, |point| point.1) };
    match (kind, next.checked_sub(1).map(|before| points[before])) {
        (Kind::Roc, Some((left, below))) if right > left => {
            below + (above - below) * (x - left) / (right - left)
        }
        _ => above,
    }
}

impl Figure for Curves {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Roc => "roc",
            Kind::PrecisionRecall => "precision-recall",
        }
    }

    fn title(&self) -> String {
        match self.kind {
            Kind::Roc => "ROC curve".to_owned(),
            Kind::PrecisionRecall => "Precision and recall".to_owned(),
        }
    }

    fn caption(&self) -> String {
        let (area, chance) = match self.kind {
            Kind::Roc => ("area under the curve", "guessing"),
            Kind::PrecisionRecall => {
                ("average precision", "guessing, whose precision is the share of the positive class")
            }
        };
        let what = match &self.mean {
            None => format!("The positive class is “{}”", format::clip(&self.classes[0].label, 60)),
            Some(_) => "Each class against all others, and their mean".to_owned(),
        };
        let dashed = if self.kind == Kind::Roc || self.prevalence.is_some() {
            format!(" Dashed: {chance}.")
        } else {
            String::new()
        };
        format!("{what}; in brackets the {area}.{dashed}")
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, width: f64) -> f64 {
        let legend_room =
            if width < 400.0 { 15.0 * self.classes.len().min(MOST_COLOURS) as f64 } else { 0.0 };
        (width * 0.8).min(400.0) + legend_room
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let series = self.series();
        let named = series.iter().filter(|(_, _, label, _)| !label.is_empty());
        let legend: Vec<Entry<'_>> =
            named.map(|(paint, _, label, _)| (Symbol::Line, *paint, label.as_str())).collect();
        let names = match self.kind {
            Kind::Roc => ("False positive rate", "True positive rate"),
            Kind::PrecisionRecall => ("Recall", "Precision"),
        };
        let unit = || Scale::between(0.0, 1.0, 5);
        let plot = Plot::new(canvas, (unit(), names.0), (unit(), names.1), &legend)?;
        match (self.kind, self.prevalence) {
            (Kind::Roc, _) => canvas.dashes(plot.at(0.0, 0.0), plot.at(1.0, 1.0), Paint::Muted, 1.2)?,
            (_, Some(share)) => canvas.dashes(plot.at(0.0, share), plot.at(1.0, share), Paint::Muted, 1.2)?,
            _ => {}
        }
        for (paint, width, _, curve) in &series {
            plot.line(&curve.points, *paint, *width, 0.95)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<String> {
        ["a", "b", "c"].map(str::to_owned).to_vec()
    }

    #[test]
    fn binary_curves_are_of_the_positive_class() {
        // The example of scikit-learn's `roc_curve`.
        let positive = [0.1, 0.4, 0.35, 0.8];
        let proba = Matrix::new(4, 2, positive.iter().flat_map(|p| [1.0 - p, *p]).collect());
        let roc = Curves::from(&[0, 0, 1, 1], &proba, &labels(), Kind::Roc).unwrap();
        assert_eq!(roc.classes.len(), 1);
        assert_eq!(roc.classes[0].label, "b");
        assert_eq!(roc.classes[0].area, 0.75);
        assert_eq!(roc.classes[0].points[1..4], [(0.0, 0.5), (0.5, 0.5), (0.5, 1.0)]);
        let pr = Curves::from(&[0, 0, 1, 1], &proba, &labels(), Kind::PrecisionRecall).unwrap();
        assert_eq!(pr.classes[0].points[0], (0.0, 1.0));
        assert_eq!(pr.prevalence, Some(0.5));
    }

    #[test]
    fn the_mean_of_perfect_curves_is_perfect() {
        let proba = Matrix::new(3, 3, vec![0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8]);
        for kind in [Kind::Roc, Kind::PrecisionRecall] {
            let curves = Curves::from(&[0, 1, 2], &proba, &labels(), kind).unwrap();
            let mean = curves.mean.unwrap();
            assert_eq!(mean.area, 1.0);
            assert!(mean.points[1..].iter().all(|point| point.1 == 1.0), "{:?}", mean.points);
        }
    }

    #[test]
    fn heights_between_points_are_interpolated_for_roc_alone() {
        let points = [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)];
        assert_eq!(height_at(&points, 0.0, Kind::Roc), 0.5);
        assert_eq!(height_at(&points, 0.25, Kind::Roc), 0.75);
        assert_eq!(height_at(&points, 1.0, Kind::Roc), 1.0);
        assert_eq!(height_at(&points, 0.25, Kind::PrecisionRecall), 1.0);
    }

    #[test]
    fn no_curve_without_both_classes_or_with_too_many() {
        let proba = Matrix::new(2, 2, vec![0.5; 4]);
        assert_eq!(Curves::from(&[1, 1], &proba, &labels(), Kind::Roc), None);
        let many = Matrix::new(1, 11, vec![1.0 / 11.0; 11]);
        assert_eq!(Curves::from(&[0], &many, &labels(), Kind::Roc), None);
        let broken = Matrix::new(2, 2, vec![f64::NAN; 4]);
        assert_eq!(Curves::from(&[0, 1], &broken, &labels(), Kind::Roc), None);
    }
}
