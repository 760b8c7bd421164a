//! Neighbours to predictions.

use automl_core::Target;

use super::config::Votes;
use super::neighbours::Neighbour;

/// What the kept training rows answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answers {
    /// Value or class index of each kept row.
    pub(super) targets: Vec<f64>,
    /// Row weights, mean 1; empty where all count alike.
    pub(super) weights: Vec<f64>,
    /// Classification: the smoothed weighted frequency of each class; empty for regression.
    pub(super) priors: Vec<f64>,
}

impl Answers {
    /// Of the rows `kept`; the frequencies are of all rows.
    pub(super) fn new(target: &Target, weights: Option<&[f32]>, kept: &[usize]) -> Self {
        let weights: Vec<f64> = weights.map_or_else(Vec::new, |weights| {
            let mean = weights.iter().map(|weight| f64::from(*weight)).sum::<f64>() / weights.len() as f64;
            weights.iter().map(|weight| f64::from(*weight) / mean).collect()
        });
        let (targets, priors) = match target {
            Target::Real(values) => (kept.iter().map(|&row| values[row]).collect(), Vec::new()),
            Target::Classes { codes, n_classes } => {
                let mut counts = vec![1.0; *n_classes];
                for (row, &code) in codes.iter().enumerate() {
                    counts[code as usize] += weights.get(row).copied().unwrap_or(1.0);
                }
                let total = (codes.len() + n_classes) as f64;
                for count in &mut counts {
                    *count /= total;
                }
                (kept.iter().map(|&row| f64::from(codes[row])).collect(), counts)
            }
        };
        let weights =
            if weights.is_empty() { weights } else { kept.iter().map(|&row| weights[row]).collect() };
        Self { targets, weights, priors }
    }

    /// Numbers predicted a row: 1, or one a class.
    pub(super) fn width(&self) -> usize {
        self.priors.len().max(1)
    }

    /// Overwrites `prediction`, of length [`Answers::width`], by what `neighbours` say, nearest first, at least one.
    pub(super) fn predict(&self, neighbours: &[Neighbour], votes: Votes, prediction: &mut [f64]) {
        let nearest = neighbours.first().map_or(0.0, |first| first.distance);
        let (mut total, mut squares) = (0.0, 0.0);
        prediction.fill(0.0);
        for neighbour in neighbours {
            let vote = self.weights.get(neighbour.index).copied().unwrap_or(1.0)
                * match votes {
                    // Relative to the nearest, so that no quotient overflows.
                    Votes::Distance if nearest > 0.0 => nearest / neighbour.distance,
                    Votes::Distance if neighbour.distance > 0.0 => break,
                    Votes::Uniform | Votes::Distance => 1.0,
                };
            total += vote;
            squares += vote * vote;
            let target = self.targets[neighbour.index];
            if self.priors.is_empty() {
                // A running mean: a sum of values could overflow where their mean does not.
                prediction[0] += (target - prediction[0]) * (vote / total);
            } else {
                prediction[target as usize] += vote;
            }
        }
        let equivalent = total * total / squares;
        for (share, prior) in prediction.iter_mut().zip(&self.priors) {
            *share = (equivalent * *share / total + prior) / (equivalent + 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: [Neighbour; 3] = [
        Neighbour { index: 0, distance: 1.0 },
        Neighbour { index: 1, distance: 2.0 },
        Neighbour { index: 2, distance: 4.0 },
    ];

    fn predict(target: &Target, weights: Option<&[f32]>, votes: Votes, neighbours: &[Neighbour]) -> Vec<f64> {
        let answers = Answers::new(target, weights, &[0, 1, 2]);
        let mut prediction = vec![f64::NAN; answers.width()];
        answers.predict(neighbours, votes, &mut prediction);
        prediction
    }

    #[test]
    fn regression_answers_the_mean_under_the_votes() {
        let target = Target::Real(vec![1.0, 3.0, 8.0]);
        assert!((predict(&target, None, Votes::Uniform, &NEAR)[0] - 4.0).abs() < 1e-12);
        // (1 · 1 + 3 / 2 + 8 / 4) / (1 + 1 / 2 + 1 / 4).
        assert!((predict(&target, None, Votes::Distance, &NEAR)[0] - 4.5 / 1.75).abs() < 1e-12);
        let weighted = predict(&target, Some(&[2.0, 1.0, 1.0]), Votes::Uniform, &NEAR);
        assert!((weighted[0] - 13.0 / 4.0).abs() < 1e-12, "{weighted:?}");
    }

    /// Three equal votes, two of them for class 0, and priors `(2 + 1) / 6`, `(1 + 1) / 6` and `1 / 6`.
    #[test]
    fn one_vote_of_the_prior_keeps_probabilities_from_0_and_1() {
        let target = Target::Classes { codes: vec![0, 0, 1], n_classes: 3 };
        let proba = predict(&target, None, Votes::Uniform, &NEAR);
        for (got, expected) in proba.iter().zip([2.5 / 4.0, (1.0 + 1.0 / 3.0) / 4.0, 1.0 / 24.0]) {
            assert!((got - expected).abs() < 1e-12, "{proba:?}");
        }
    }

    #[test]
    fn unequal_votes_count_as_fewer_against_the_prior() {
        let target = Target::Classes { codes: vec![0, 1, 1], n_classes: 2 };
        let proba = predict(&target, None, Votes::Distance, &NEAR);
        let equivalent = 1.75 * 1.75 / (1.0 + 0.25 + 0.0625);
        let expected = (equivalent / 1.75 + 2.0 / 5.0) / (equivalent + 1.0);
        assert!(
            (proba[0] - expected).abs() < 1e-12 && (proba[0] + proba[1] - 1.0).abs() < 1e-12,
            "{proba:?}"
        );
    }

    #[test]
    fn neighbours_at_distance_0_alone_vote() {
        let neighbours = [0.0, 0.0, 1.0].iter().enumerate();
        let neighbours: Vec<Neighbour> =
            neighbours.map(|(index, &distance)| Neighbour { index, distance }).collect();
        let target = Target::Real(vec![1.0, 3.0, 100.0]);
        assert_eq!(predict(&target, None, Votes::Distance, &neighbours), [2.0]);
    }
}
