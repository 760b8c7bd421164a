//! Learning curves of one trial: training and validation loss by epoch, a line for each fold.

use std::collections::BTreeMap;

use automl_core::{Direction, Epoch, TrialRecord};

use super::{Figure, Span, family_of, thin, without_outliers};
use crate::draw::{Canvas, Drawn, Paint};
use crate::format;
use crate::plot::{Plot, Symbol};
use crate::scale::Scale;

/// Most epochs drawn of one fold.
const MOST_EPOCHS: usize = 200;

/// The curves of one fold.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FoldCurve {
    /// (epoch from 1, training loss); finite.
    pub(crate) train: Vec<(f64, f64)>,
    /// (epoch from 1, validation loss); finite.
    pub(crate) valid: Vec<(f64, f64)>,
    /// (epoch from 1, validation loss) of the weights that were kept.
    pub(crate) kept: Option<(f64, f64)>,
}

/// Figure data of the learning curves of one trial.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LearningCurves {
    number: u32,
    family: String,
    /// In order of folds.
    pub(crate) folds: Vec<FoldCurve>,
}

impl LearningCurves {
    /// `None` where no epoch has a finite loss.
    pub(crate) fn from(trial: &TrialRecord, epochs: &[(u32, Epoch)]) -> Option<Self> {
        let mut folds: BTreeMap<u32, FoldCurve> = BTreeMap::new();
        let mut epochs = epochs.to_vec();
        epochs.sort_by_key(|(fold, epoch)| (*fold, epoch.index));
        for (fold, epoch) in &epochs {
            let curve = folds.entry(*fold).or_default();
            let at = f64::from(epoch.index) + 1.0;
            if epoch.train_loss.is_finite() {
                curve.train.push((at, epoch.train_loss));
            }
            if epoch.valid_loss.is_finite() {
                curve.valid.push((at, epoch.valid_loss));
                let score = trial.folds.iter().find(|score| score.fold == *fold);
                if score.and_then(|score| score.best_epoch) == Some(epoch.index) {
                    curve.kept = Some((at, epoch.valid_loss));
                }
            }
        }
        let folds: Vec<FoldCurve> = folds.into_values().collect();
        let any = folds.iter().any(|curve| !curve.train.is_empty() || !curve.valid.is_empty());
        any.then(|| Self { number: trial.number, family: family_of(trial).to_owned(), folds })
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.folds.iter().flat_map(|curve| curve.train.iter().chain(&curve.valid).copied())
    }
}

impl Figure for LearningCurves {
    fn name(&self) -> &'static str {
        "learning"
    }

    fn title(&self) -> String {
        format!("Learning curves of trial #{} ({})", self.number, self.family)
    }

    fn caption(&self) -> String {
        let kept: Vec<f64> =
            self.folds.iter().filter_map(|curve| curve.kept.map(|(epoch, _)| epoch)).collect();
        let (first, last) =
            kept.iter().fold((f64::MAX, 0.0_f64), |(low, high), at| (low.min(*at), high.max(*at)));
        let kept = match kept.len() {
            0 => String::new(),
            _ if first == last => format!("; the weights of epoch {last} were kept"),
            _ => format!("; the weights of epochs {first} to {last} were kept"),
        };
        let losses: Vec<f64> = self.points().map(|(_, loss)| loss).collect();
        let beyond = without_outliers(&losses, Direction::Minimize).1 > 0;
        let note = if beyond { " Losses above the axis are drawn at its edge." } else { "" };
        format!("{}{kept}.{note}", format::counted(self.folds.len(), "fold"))
    }

    fn span(&self) -> Span {
        Span::Half
    }

    fn height(&self, _width: f64) -> f64 {
        280.0
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let losses: Vec<f64> = self.points().map(|(_, loss)| loss).collect();
        let y = Scale::around(without_outliers(&losses, Direction::Minimize).0, 5);
        let last = self.points().map(|(epoch, _)| epoch).fold(1.0, f64::max);
        let x = Scale::whole(1.0, last.max(2.0), (canvas.width / 80.0) as usize);
        let legend = [(Symbol::Line, Paint::Blue, "training"), (Symbol::Line, Paint::Orange, "validation")];
        let plot = Plot::new(canvas, (x, "Epoch"), (y, "Loss"), &legend)?;
        for curve in &self.folds {
            plot.line(&thin(&curve.train, MOST_EPOCHS), Paint::Blue, 1.5, 0.8)?;
            plot.line(&thin(&curve.valid, MOST_EPOCHS), Paint::Orange, 1.5, 0.9)?;
        }
        for (epoch, loss) in self.folds.iter().filter_map(|curve| curve.kept) {
            canvas.dot(plot.at(epoch, loss), 4.4, Paint::Surface, 1.0)?;
            canvas.dot(plot.at(epoch, loss), 3.2, Paint::Orange, 1.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{epoch, trial};

    #[test]
    fn epochs_are_sorted_into_folds_and_the_kept_one_is_marked() {
        let mut record = trial(7, "mlp", &[0.4, 0.5]);
        record.folds[1].best_epoch = Some(0);
        let epochs = [(1, epoch(1, 0.5, 0.9)), (0, epoch(0, 0.8, 0.7)), (1, epoch(0, 0.9, f64::NAN))];
        let curves = LearningCurves::from(&record, &epochs).unwrap();
        assert_eq!(curves.folds[0].train, [(1.0, 0.8)]);
        assert_eq!(curves.folds[1].train, [(1.0, 0.9), (2.0, 0.5)]);
        assert_eq!(curves.folds[1].valid, [(2.0, 0.9)]);
        assert_eq!(curves.folds[1].kept, None);
        record.folds[1].best_epoch = Some(1);
        let curves = LearningCurves::from(&record, &epochs).unwrap();
        assert_eq!(curves.folds[1].kept, Some((2.0, 0.9)));
        assert_eq!(curves.caption(), "2 folds; the weights of epoch 2 were kept.");
    }

    #[test]
    fn no_finite_loss_gives_no_figure() {
        let record = trial(7, "mlp", &[0.4]);
        assert_eq!(LearningCurves::from(&record, &[]), None);
        assert_eq!(LearningCurves::from(&record, &[(0, epoch(0, f64::NAN, f64::INFINITY))]), None);
    }
}
