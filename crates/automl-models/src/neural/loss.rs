//! Losses and their gradients.

use super::activation::exp;
use super::mixup::partner;
use super::training::Loss;

/// What one member's rows should become.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answers {
    /// The target of each row.
    pub(crate) truth: Truth,
    /// How much each row counts; all alike if absent.
    pub(crate) weights: Option<Vec<f32>>,
}

/// The targets of rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Truth {
    /// Class of each row.
    Classes(Vec<u32>),
    /// Standardised target of each row.
    Real(Vec<f32>),
}

impl Truth {
    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Truth::Classes(codes) => codes.len(),
            Truth::Real(values) => values.len(),
        }
    }
}

impl Answers {
    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.truth.len()
    }

    /// How much a row counts.
    pub(crate) fn weight(&self, row: usize) -> f32 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }
}

/// The loss of one member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Objective {
    /// What is minimised.
    pub(crate) loss: Loss,
    /// Share of each label that is spread evenly over all classes (Szegedy et al. 2016).
    pub(crate) smoothing: f32,
    /// Weight of each class; empty for regression.
    pub(crate) class_weights: Vec<f32>,
    /// Answers that the network gives to each row that it is asked about; each is trained on rows of its own.
    pub(crate) heads: usize,
}

/// A sum of weighted losses with the sum of its weights.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct LossSum {
    /// Sum of weight times loss.
    pub(crate) total: f64,
    /// Sum of weights.
    pub(crate) weight: f64,
}

impl LossSum {
    /// The weighted mean.
    pub(crate) fn mean(self) -> f64 {
        self.total / self.weight
    }

    /// Adds another sum.
    pub(crate) fn add(&mut self, other: LossSum) {
        self.total += other.total;
        self.weight += other.weight;
    }
}

impl Objective {
    /// The weight of each of `rows`.
    pub(crate) fn weights(
        &self,
        answers: &Answers,
        rows: impl IntoIterator<Item = usize>,
    ) -> impl Iterator<Item = f32> {
        rows.into_iter().map(move |row| self.row_weight(answers, row))
    }

    fn row_weight(&self, answers: &Answers, row: usize) -> f32 {
        let of_class = match &answers.truth {
            Truth::Classes(codes) => self.class_weights[codes[row] as usize],
            Truth::Real(_) => 1.0,
        };
        of_class * answers.weight(row)
    }

    /// The sum of the weights of `rows`.
    pub(crate) fn weight(&self, answers: &Answers, rows: &[usize]) -> f32 {
        self.weights(answers, rows.iter().copied()).sum()
    }

    /// The loss of `rows`, each of which one head answered; `outputs`, `[rows, columns]`, become the gradient of the sum of
    /// weighted losses times `share`, which is 1 divided by the weight of the whole batch.
    ///
    /// Rows were mixed by `mixed`, shares of own rows in mixtures, a number a pair, or none: the loss of such a row is the
    /// mean of the losses against its own answer and its partner's, each with its weight.
    pub(crate) fn differentiate(
        &self,
        outputs: &mut [f32],
        columns: usize,
        answers: &Answers,
        rows: &[usize],
        mixed: &[f32],
        share: f32,
    ) -> LossSum {
        let outputs = outputs[..rows.len() * columns].chunks_exact_mut(columns);
        let weight = f64::from(self.weight(answers, rows));
        let mut total = 0.0;
        for (place, (output, &row)) in outputs.zip(rows).enumerate() {
            let weight = self.row_weight(answers, row);
            let loss = match partner(mixed, place) {
                None => self.differentiate_row(output, answers, [(row, weight)], share),
                Some((partner, of_partner)) => {
                    let partner = rows[partner];
                    let weight_of_partner = self.row_weight(answers, partner);
                    let targets =
                        [(row, weight * (1.0 - of_partner)), (partner, weight_of_partner * of_partner)];
                    self.differentiate_row(output, answers, targets, share)
                }
            };
            total += f64::from(loss);
        }
        LossSum { total, weight }
    }

    /// The weighted loss of one output against the answers of some rows, each with its weight; the output becomes the
    /// gradient, times `share`.
    #[inline]
    fn differentiate_row<const N: usize>(
        &self,
        output: &mut [f32],
        answers: &Answers,
        targets: [(usize, f32); N],
        share: f32,
    ) -> f32 {
        match &answers.truth {
            Truth::Classes(codes) => {
                self.cross_entropy(output, targets.map(|(row, weight)| (codes[row] as usize, weight)), share)
            }
            Truth::Real(values) => {
                let (mut total, mut gradient) = (0.0, 0.0);
                for (row, weight) in targets {
                    let (loss, slope) = self.regression(output[0] - values[row]);
                    total += weight * loss;
                    gradient += slope * weight * share;
                }
                output[0] = gradient;
                total
            }
        }
    }

    /// The loss of the rows from `first` on, without smoothing: what early stopping looks at. The heads of a row speak
    /// with one voice: the mean of their probabilities or numbers.
    pub(crate) fn evaluate(
        &self,
        outputs: &mut [f32],
        columns: usize,
        answers: &Answers,
        first: usize,
    ) -> LossSum {
        let mut sum = LossSum::default();
        let rows = outputs.chunks_exact_mut(self.heads * columns);
        for (outputs, row) in rows.zip(first..answers.len()) {
            let loss = match &answers.truth {
                Truth::Classes(codes) => {
                    let class = codes[row] as usize;
                    self.mean_log_loss(outputs, columns, class)
                }
                Truth::Real(values) => {
                    let mean = outputs.iter().sum::<f32>() / self.heads as f32;
                    f64::from(self.regression(mean - values[row]).0)
                }
            };
            let weight = f64::from(self.row_weight(answers, row));
            sum.add(LossSum { total: weight * loss, weight });
        }
        sum
    }

    /// `-ln` of the mean over the heads of the probability of `class`.
    fn mean_log_loss(&self, outputs: &mut [f32], columns: usize, class: usize) -> f64 {
        let of_head = |output: &mut [f32]| f64::from(soft_max(output) - output[class]);
        if self.heads == 1 {
            return of_head(outputs);
        }
        let losses: Vec<f64> = outputs.chunks_exact_mut(columns).map(of_head).collect();
        // Shifted by the least, so that one probability at least is no underflow.
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let sum: f64 = losses.iter().map(|loss| (least - loss).exp()).sum();
        least - (sum / self.heads as f64).ln()
    }

    /// The sum of the losses against some classes, each with its weight; the logits become the gradient, times `share`.
    #[inline]
    fn cross_entropy<const N: usize>(
        &self,
        logits: &mut [f32],
        targets: [(usize, f32); N],
        share: f32,
    ) -> f32 {
        let spread = self.smoothing / logits.len() as f32;
        let log_sum = soft_max(logits);
        let weight: f32 = targets.iter().map(|(_, weight)| weight).sum();
        let mut loss: f32 = targets.iter().map(|(class, weight)| weight * (log_sum - logits[*class])).sum();
        loss *= 1.0 - self.smoothing;
        if spread > 0.0 {
            loss += weight * spread * logits.iter().map(|shifted| log_sum - shifted).sum::<f32>();
        }
        let scale = (-log_sum).exp();
        for logit in &mut *logits {
            *logit = weight * share * (exp(*logit) * scale - spread);
        }
        for (class, weight) in targets {
            logits[class] -= weight * share * (1.0 - self.smoothing);
        }
        loss
    }

    /// Loss and slope at a difference of prediction and standardised target.
    fn regression(&self, difference: f32) -> (f32, f32) {
        let size = difference.abs();
        if self.loss == Loss::Huber && size > 1.0 {
            return (size - 0.5, difference.signum());
        }
        let factor = if self.loss == Loss::Huber { 0.5 } else { 1.0 };
        (factor * difference * difference, 2.0 * factor * difference)
    }
}

/// Subtracts the greatest logit from all and returns the logarithm of the sum of their exponentials.
fn soft_max(logits: &mut [f32]) -> f32 {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for logit in logits {
        *logit -= greatest;
        sum += exp(*logit);
    }
    sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_gradient(objective: &Objective, outputs: &[f32], columns: usize, answers: &Answers) {
        for mixed in [vec![], vec![0.3; answers.len() / 2]] {
            check_gradient_of(objective, outputs, columns, answers, &mixed);
        }
    }

    fn check_gradient_of(
        objective: &Objective,
        outputs: &[f32],
        columns: usize,
        answers: &Answers,
        mixed: &[f32],
    ) {
        let rows: Vec<usize> = (0..answers.len()).collect();
        let share = objective.weight(answers, &rows).recip();
        let mut gradient = outputs.to_vec();
        objective.differentiate(&mut gradient, columns, answers, &rows, mixed, share);
        for index in 0..outputs.len() {
            let at = |shift: f32| {
                let mut moved = outputs.to_vec();
                moved[index] += shift;
                objective.differentiate(&mut moved, columns, answers, &rows, mixed, share).mean()
            };
            let numeric = (at(1e-2) - at(-1e-2)) / 2e-2;
            let ours = f64::from(gradient[index]);
            assert!((ours - numeric).abs() < 1e-3, "{index}: {ours}, not {numeric}");
        }
    }

    fn classes(codes: &[u32], weights: Option<Vec<f32>>) -> Answers {
        Answers { truth: Truth::Classes(codes.to_vec()), weights }
    }

    fn objective(loss: Loss, smoothing: f32, class_weights: Vec<f32>, heads: usize) -> Objective {
        Objective { loss, smoothing, class_weights, heads }
    }

    #[test]
    fn gradients_are_those_of_the_weighted_mean() {
        let weighted = objective(Loss::CrossEntropy, 0.1, vec![0.5, 1.0, 2.0], 1);
        let logits = [0.3, -1.2, 0.9, 2.0, 0.1, -0.4];
        check_gradient(&weighted, &logits, 3, &classes(&[2, 0], None));
        check_gradient(&weighted, &logits, 3, &classes(&[2, 0], Some(vec![3.0, 0.5])));
        for loss in [Loss::Mse, Loss::Huber] {
            let answers = Answers { truth: Truth::Real(vec![0.0, 1.0, 1.4]), weights: None };
            check_gradient(&objective(loss, 0.0, Vec::new(), 1), &[0.5, -3.0, 1.2], 1, &answers);
        }
    }

    /// The loss and gradient of two rows mixed with shares of 1 are those of the rows, of 0 those of the rows with answers
    /// exchanged, and between the two they are the weighted mean.
    #[test]
    fn a_mixed_loss_lies_between_those_of_both_answers() {
        let answers = |codes: &[u32]| classes(codes, Some(vec![3.0, 3.0, 0.5]));
        let objective = objective(Loss::CrossEntropy, 0.1, vec![1.0; 3], 1);
        let of = |codes: &[u32], mixed: &[f32]| {
            let mut gradient = vec![0.3, -1.2, 0.9, 2.0, 0.1, -0.4, 0.0, 0.5, 1.0];
            let loss = objective.differentiate(&mut gradient, 3, &answers(codes), &[0, 1, 2], mixed, 0.2);
            assert_eq!(loss.weight, 6.5);
            gradient.into_iter().map(f64::from).chain([loss.total]).collect::<Vec<f64>>()
        };
        let (own, exchanged) = (of(&[2, 0, 1], &[]), of(&[0, 2, 1], &[]));
        for share in [0.0_f32, 0.3, 1.0] {
            let mixed = of(&[2, 0, 1], &[share]);
            for ((mixed, own), exchanged) in mixed.iter().zip(&own).zip(&exchanged) {
                let expected = f64::from(share) * own + f64::from(1.0 - share) * exchanged;
                assert!((mixed - expected).abs() < 1e-6, "share {share}: {mixed}, not {expected}");
            }
        }
    }

    #[test]
    fn evaluation_is_log_loss() {
        let plain = objective(Loss::CrossEntropy, 0.3, vec![1.0; 2], 1);
        let mut logits = [0.0, 3.0_f32.ln(), 0.0, 0.0];
        let loss = plain.evaluate(&mut logits, 2, &classes(&[1, 0], None), 0).mean();
        let expected = -(0.75_f64.ln() + 0.5_f64.ln()) / 2.0;
        assert!((loss - expected).abs() < 1e-6, "{loss}, not {expected}");
    }

    #[test]
    fn heads_speak_with_one_voice() {
        let two_heads = objective(Loss::CrossEntropy, 0.0, vec![1.0; 2], 2);
        let mut logits = [0.0, 3.0_f32.ln(), 0.0, 0.0];
        let loss = two_heads.evaluate(&mut logits, 2, &classes(&[1], None), 0).mean();
        let expected = -(0.5_f64 * (0.75 + 0.5)).ln();
        assert!((loss - expected).abs() < 1e-6, "{loss}, not {expected}");
    }
}
